//! The engine's part in an act: plans made, intents written, targets read again, answers given.

use super::world::World;
use crate::core::act::plan::{
    CannotBecause, Direction, Expect, Operation, Outcome, Plan, Primitive, Refused, RefusedBy, Request, Step, Ticket,
    Verb,
};
use crate::core::effect::Effect;
use crate::core::id::{DialogId, Hash, TargetId};
use crate::core::msg::Msg;
use crate::core::seal::Sealed;
use crate::core::world::source::{SourceError, Trouble};
use crate::core::world::target::TargetState;

impl World {
    /// The backend answers the newest question for a plan.
    pub fn planned(&mut self) -> &mut World {
        self.planned_with(|_| {})
    }

    pub fn planned_with(&mut self, f: impl FnOnce(&mut Plan)) -> &mut World {
        let asked = self.effects.iter().rev().find_map(|e| match e {
            Effect::Plan { dialog, operation } => Some((*dialog, operation.clone())),
            _ => None,
        });
        let Some((dialog, operation)) = asked else { return self };
        self.effects.retain(|e| !matches!(e, Effect::Plan { .. }));
        let read = self.model.world.targets.get(&operation.target).cloned();
        let Some(t) = read else { return self.planned_as(dialog, None, None) };
        let mut plan = plan_of(&operation, &t);
        f(&mut plan);
        self.planned_as(dialog, Some(t), Some(plan))
    }

    fn planned_as(&mut self, dialog: DialogId, read: Option<TargetState>, plan: Option<Plan>) -> &mut World {
        self.send(Msg::Planned { dialog, read: Ok(read.map(Box::new)), plan: plan.map(|p| Box::new(Ok(p))) })
    }

    /// The backends answer every question for a plan, of several targets; `f` may say why there is none.
    pub fn planned_all(&mut self, f: impl Fn(&TargetState) -> Option<CannotBecause>) -> &mut World {
        let asked: Vec<(DialogId, Operation)> = self
            .effects
            .iter()
            .filter_map(|e| match e {
                Effect::Plan { dialog, operation } => Some((*dialog, operation.clone())),
                _ => None,
            })
            .collect();
        self.effects.retain(|e| !matches!(e, Effect::Plan { .. }));
        for (dialog, operation) in asked {
            let Some(t) = self.model.world.targets.get(&operation.target).cloned() else { continue };
            let plan = Some(Box::new(f(&t).map_or_else(|| Ok(plan_of(&operation, &t)), Err)));
            self.send(Msg::Planned { dialog, read: Ok(Some(Box::new(t))), plan });
        }
        self
    }

    /// All intents are on disk and every target is read again; what comes of the read is the caller's to say.
    pub fn left_all(&mut self, read: impl Fn(&TargetState) -> bool) -> &mut World {
        let effects = std::mem::take(&mut self.effects);
        for e in &effects {
            match e {
                Effect::Append { ticket: Some(t), .. } => {
                    self.send(Msg::Durable(*t));
                }
                Effect::Reread { act, target } => {
                    let t = self.model.world.targets.get(target).cloned();
                    let fine = t.as_ref().is_some_and(&read);
                    let failed = SourceError::new(Trouble::Timeout, "no answer in 2 s");
                    let read = if fine { Ok(t.map(Box::new)) } else { Err(failed) };
                    self.send(Msg::Reread { act: *act, read });
                }
                _ => {}
            }
        }
        self.effects.splice(0..0, effects.into_iter().filter(|e| !matches!(e, Effect::Reread { .. })));
        self
    }

    /// Every request that has left is answered, newest last.
    pub fn answered_all(&mut self, outcome: impl Fn(&TargetId) -> Outcome) -> &mut World {
        let sent: Vec<(Ticket, TargetId)> = self
            .effects
            .iter()
            .filter_map(|e| match e {
                Effect::Perform { ticket, target, .. } => Some((*ticket, target.clone())),
                _ => None,
            })
            .collect();
        for (ticket, target) in sent {
            self.send(Msg::Answered { ticket, outcome: outcome(&target) });
        }
        self
    }

    /// The intent is on disk.
    pub fn durable(&mut self) -> &mut World {
        let ticket = self.effects.iter().rev().find_map(|e| match e {
            Effect::Append { ticket: Some(t), .. } => Some(*t),
            _ => None,
        });
        if let Some(t) = ticket {
            self.send(Msg::Durable(t));
        }
        self
    }

    /// The re-read before sending finds what the world holds.
    pub fn reread(&mut self) -> &mut World {
        let asked = self.effects.iter().rev().find_map(|e| match e {
            Effect::Reread { act, target } => Some((*act, target.clone())),
            _ => None,
        });
        if let Some((act, target)) = asked {
            let read = Ok(self.model.world.targets.get(&target).cloned().map(Box::new));
            self.send(Msg::Reread { act, read });
        }
        self
    }

    /// The ticket of the newest request that left.
    pub fn performed(&self) -> Option<Ticket> {
        self.effects.iter().rev().find_map(|e| match e {
            Effect::Perform { ticket, .. } => Some(*ticket),
            _ => None,
        })
    }

    pub fn answered(&mut self, outcome: Outcome) -> &mut World {
        if let Some(ticket) = self.performed() {
            self.send(Msg::Answered { ticket, outcome });
        }
        self
    }

    pub fn accepted(&mut self) -> &mut World {
        self.answered(Outcome::Accepted { generation: None, version: Some("88124".into()), took_ms: 47 })
    }

    pub fn refused(&mut self, why: &str) -> &mut World {
        let r = Refused { kind: RefusedBy::Forbidden, status: Some(403), why: why.into(), retry_after_ms: None };
        self.answered(Outcome::Refused(r))
    }

    /// `Y` after the delay, the intent written, the target read again: the request leaves.
    pub fn confirm(&mut self) -> &mut World {
        self.flush().wait(1_100).keys("Y").durable().wait(30).reread()
    }
}

/// A plan of the shape a cluster makes; enough for screens and for what update decides by.
fn plan_of(o: &Operation, t: &TargetState) -> Plan {
    let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts/{}", t.id.namespace, t.id.name);
    let candidate = t.candidate.clone().unwrap_or_else(|| Hash::new("none"));
    let back = if t.is_moving() { t.stable.clone() } else { t.previous().map(|r| r.hash.clone()) };
    let back = o.back_to.clone().or(back).unwrap_or_else(|| Hash::new("none"));
    let (name, to) = (t.version_of(&candidate), t.version_of(&back));
    let uid = format!("{{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"{}\"}}", t.id.uid);
    let hash = format!("{{\"op\":\"test\",\"path\":\"/status/currentPodHash\",\"value\":\"{candidate}\"}}");
    let add = |path: &str, value: &str| format!("{{\"op\":\"add\",\"path\":\"{path}\",\"value\":{value}}}");
    let (primitive, sub, change) = match o.verb {
        Verb::RollBack if t.is_moving() && !t.aborted && Some(&back) == t.stable.as_ref() => {
            (Primitive::Abort, "/status", add("/status/abort", "true"))
        }
        Verb::RollBack => (Primitive::Undo, "", add("/spec/template/metadata/labels/version", &format!("\"{to}\""))),
        Verb::Hold => (Primitive::Pause, "", add("/spec/paused", "true")),
        Verb::Resume => (Primitive::Unpause, "", add("/spec/paused", "false")),
        Verb::Promote | Verb::SkipStep | Verb::Rerun | Verb::Terminate => {
            (Primitive::ReleaseGate, "/status", add("/status/pauseConditions", "null"))
        }
        Verb::PromoteFull => (Primitive::PromoteFull, "/status", add("/status/promoteFull", "true")),
        Verb::Retry => (Primitive::Retry, "/status", add("/status/abort", "false")),
        Verb::Restart => (Primitive::Restart, "", add("/spec/restartAt", "\"2026-01-01T00:00:00Z\"")),
    };
    let body = format!("[\n  {uid},\n  {hash},\n  {change}\n]");
    let done = match primitive {
        Primitive::PromoteFull => Expect::StableIs(candidate.clone()),
        Primitive::Retry => Expect::AbortedIs(false),
        Primitive::Restart => Expect::Restarted,
        Primitive::Abort | Primitive::Undo => Expect::NoneServing(candidate.clone()),
        Primitive::Pause => Expect::HeldIs(true),
        Primitive::Unpause => Expect::HeldIs(false),
        _ => Expect::StepAtLeast(t.step.unwrap_or(0) + 1),
    };
    let seen = match primitive {
        Primitive::Abort => Expect::AbortedIs(true),
        Primitive::Undo => Expect::CandidateIs(back.clone()),
        _ => done.clone(),
    };
    let (sentence, why, done_words) = match primitive {
        Primitive::Abort => (
            format!("Users on the canary get {to} again."),
            "in flight: abort sends traffic back to stable",
            format!("no pod of {candidate} serves and {} of {to} are ready", t.wanted),
        ),
        Primitive::Undo => (
            format!("Everyone gets {to} again, pod by pod."),
            "promoted or aborted: the spec asks for the old version again",
            format!("no pod of {candidate} serves and {} of {to} are ready", t.wanted),
        ),
        Primitive::Pause => (
            format!("It stays where it is; {name} keeps its share."),
            "spec.paused",
            "the controller shows the pause".into(),
        ),
        Primitive::Unpause => ("It goes on from where it stands.".into(), "spec.paused", "it moves again".into()),
        _ => {
            (format!("More users get {name}."), "the gate of this step is released", "the next step is reached".into())
        }
    };
    let back_way = o.verb.direction() == Direction::Backward && primitive != Primitive::Pause;
    let (from, to_hash) = match primitive {
        Primitive::Abort | Primitive::Undo => (Some(candidate.clone()), Some(back)),
        Primitive::Pause | Primitive::Unpause => (Some(candidate.clone()), Some(candidate.clone())),
        _ => (t.stable.clone(), Some(candidate.clone())),
    };
    Plan {
        operation: o.clone(),
        primitive,
        why: why.into(),
        sentence: sentence.into(),
        from,
        to: to_hash,
        not_undone: if back_way {
            vec![format!("Sessions issued and rows written by {name} stay as they are.").into()]
        } else {
            Vec::new()
        },
        cautions: t
            .git
            .iter()
            .filter(|_| back_way)
            .map(|_| format!("git still asks for {name}: the next commit brings it back").into())
            .collect(),
        steps: vec![Step {
            title: primitive.word().into(),
            request: Request {
                method: "PATCH".into(),
                path: format!("{path}{sub}?fieldManager=andon").into(),
                content_type: "application/json-patch+json".into(),
                shown: body.clone().into(),
                body: Sealed::new(body),
            },
            guards: vec![format!("uid {}", t.id.uid).into(), format!("currentPodHash {candidate}").into()],
            wait_first: None,
            seen_when: seen,
            done_when: done,
            refused_when: None,
            done_words: done_words.into(),
            seen_by: 10_000,
            closes: false,
            settled_by: 600_000,
        }],
    }
}
