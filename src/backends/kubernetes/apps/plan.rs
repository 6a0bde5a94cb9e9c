//! Which guarded requests carry an operation on a plain workload out (kubernetes-rollouts 5.2 to 5.5). Pure. What is the
//! candidate's identity: of a Deployment its revision, of a StatefulSet its updateRevision, of a DaemonSet its template
//! generation; an undo tests the template it replaces as well. Forward acts test all that was seen.

use super::dto::WorkKind;
use super::wire::RESTARTED_AT;
use super::{partition, undo};
use crate::backends::kubernetes::story::{DEADLINE_SECS, json_patch};
pub use crate::backends::kubernetes::story::{Done, SEEN_BY, Story, not_now};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Step, Verb};
use crate::core::id::Hash;
use crate::core::seal::Sealed;
use crate::core::world::target::{TargetState, called};
use serde_json::{Value, json};
use std::sync::Arc;

/// `progressDeadlineSeconds` of this many is "never".
const NEVER: i64 = 2_147_483_647;

/// What a plan is made from: the state, and the objects behind it.
pub struct Read<'a> {
    pub seen: &'a TargetState,
    pub kind: WorkKind,
    pub object: Value,
    pub sets: Vec<Value>,
    pub revisions: Vec<Value>,
    /// As `read` cuts them down: name, uid, hash, ready.
    pub pods: Vec<Value>,
    pub candidate: Hash,
}

/// See `Backend::plan`.
pub fn plan(op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause> {
    if op.target != seen.id {
        return Err(CannotBecause::Gone);
    }
    let Some(kind) = WorkKind::from_word(&seen.id.kind) else { return Err(CannotBecause::ReadOnly) };
    let raw = seen.raw.as_ref().and_then(Sealed::unseal);
    let mut raw = match raw.and_then(|r| serde_json::from_str::<Value>(r).ok()) {
        Some(raw) => raw,
        // A hold is not blocked by a read that failed. An undo is: the old template is in that read.
        None if op.verb == Verb::Hold => Value::Null,
        None => return Err(CannotBecause::Different("it was not read for an act: read it again".into())),
    };
    let Some(candidate) = seen.candidate.clone() else {
        return not_now("its controller has not looked at it yet: no version is known");
    };
    let mut list = |name: &str| match raw.get_mut(name).map(Value::take) {
        Some(Value::Array(a)) => a,
        _ => Vec::new(),
    };
    let (sets, revisions, pods) = (list("sets"), list("revisions"), list("pods"));
    let object = raw.get_mut("object").map(Value::take).unwrap_or_default();
    let r = Read { seen, kind, object, sets, revisions, pods, candidate };
    match op.verb {
        Verb::RollBack => undo::roll_back(op, &r),
        Verb::Hold => hold(op, &r),
        Verb::Resume => resume(op, &r),
        Verb::Promote => partition::promote(op, &r, false),
        Verb::PromoteFull => partition::promote(op, &r, true),
        Verb::Restart => restart(op, &r),
        Verb::Retry => not_now(match kind {
            WorkKind::Deployment => {
                "its controller never stops trying, also past the deadline: there is nothing to \
                                     retry. New pods of the same version: restart"
            }
            WorkKind::StatefulSet | WorkKind::DaemonSet => {
                "its controller never stops trying: there is nothing to \
                                     retry. New pods of the same version: restart"
            }
        }),
        Verb::SkipStep => not_now("it has no steps"),
        Verb::Rerun | Verb::Terminate => not_now("it has no analysis"),
    }
}

impl Read<'_> {
    /// What a version is called in a plan: like no other that is kept.
    pub fn v(&self, hash: &Hash) -> Arc<str> {
        called(&self.seen.revisions, hash)
    }

    /// Milliseconds: its own deadline; of a kind without one a minute a pod, at least ten.
    pub fn settled_by(&self) -> i64 {
        let own = self.object.pointer("/spec/progressDeadlineSeconds").and_then(Value::as_i64);
        let secs = match own.filter(|s| *s > 0 && *s < NEVER) {
            Some(s) => s,
            None if self.kind == WorkKind::Deployment => DEADLINE_SECS,
            None => DEADLINE_SECS.max(i64::from(self.seen.wanted) * 60),
        };
        secs.saturating_mul(1000)
    }

    /// A test of the value at `path` as it was read; absent is tested as null.
    pub fn test(&self, path: &str) -> Value {
        let value = self.object.pointer(path).cloned().unwrap_or(Value::Null);
        json!({"op": "test", "path": path, "value": value})
    }

    /// The guards of every act: the object itself and the version it asks for. Without a read they come from the state.
    pub fn guards(&self) -> Vec<Value> {
        let mut ops = vec![json!({"op": "test", "path": "/metadata/uid", "value": &*self.seen.id.uid})];
        let (path, known) = match self.kind {
            WorkKind::Deployment => (
                "/metadata/annotations/deployment.kubernetes.io~1revision",
                self.seen.revision(&self.candidate).and_then(|v| v.number).map(|n| n.to_string()),
            ),
            WorkKind::StatefulSet => {
                ("/status/updateRevision", Some(format!("{}-{}", self.seen.id.name, self.candidate)))
            }
            // The API server itself counts changes of the template there.
            WorkKind::DaemonSet => ("/metadata/annotations/deprecated.daemonset.template.generation", None),
        };
        let read = self.object.pointer(path).cloned();
        if let Some(value) = read.or_else(|| known.map(Value::from)) {
            ops.push(json!({"op": "test", "path": path, "value": value}));
        }
        ops
    }

    /// One JSON Patch of the object.
    pub fn step(&self, title: String, ops: &[Value], seen: Expect, done: Done) -> Step {
        let id = &self.seen.id;
        let path = format!("/apis/apps/v1/namespaces/{}/{}/{}", id.namespace, self.kind.resource(), id.name);
        Step {
            title: title.into(),
            request: json_patch(&path, ops),
            guards: ops.iter().filter(|o| o["op"] == "test").map(guard_words).collect(),
            wait_first: done.wait_first,
            seen_when: seen,
            done_when: done.when,
            done_words: done.words.into(),
            refused_when: None,
            seen_by: SEEN_BY,
            closes: false,
            settled_by: self.settled_by(),
        }
    }

    pub fn plan(&self, op: &Operation, to: &Hash, story: Story, steps: Vec<Step>) -> Plan {
        Plan {
            operation: Operation { back_to: (op.verb == Verb::RollBack).then(|| to.clone()), ..op.clone() },
            primitive: story.primitive,
            why: story.why.into(),
            sentence: story.sentence.into(),
            from: Some(match op.verb {
                Verb::Promote | Verb::PromoteFull => self.seen.stable.clone().unwrap_or_else(|| to.clone()),
                _ => self.candidate.clone(),
            }),
            to: Some(to.clone()),
            not_undone: story.not_undone,
            cautions: story.cautions,
            steps,
        }
    }

    /// Every old pod ends before the first new one begins.
    pub fn recreate(&self) -> Option<Arc<str>> {
        (self.object.pointer("/spec/strategy/type").and_then(Value::as_str) == Some("Recreate"))
            .then(|| "strategy Recreate: until the first new pod is ready, nothing serves at all".into())
    }

    /// `HPA cart (2 to 10) changes the replicas while this goes on`.
    pub fn scalers(&self) -> Vec<Arc<str>> {
        let range = |min: Option<u32>, max: Option<u32>| match (min, max) {
            (Some(a), Some(b)) => format!(" ({a} to {b})"),
            (None, Some(b)) => format!(" (to {b})"),
            (_, None) => String::new(),
        };
        let one = |s: &crate::core::world::detail::Scaler| {
            format!(
                "{} {}{} changes the replicas while this goes on: it is not touched",
                s.tool,
                s.name,
                range(s.min, s.max)
            )
            .into()
        };
        self.seen.detail.scalers.iter().map(one).collect()
    }
}

/// `uid 706f..`, `revision 14`, `template as read`.
fn guard_words(op: &Value) -> Arc<str> {
    let path = op["path"].as_str().unwrap_or("").replace("~1", "/");
    let name = path.rsplit('/').next().unwrap_or("");
    match &op["value"] {
        Value::Null => format!("no {name}"),
        Value::String(s) => format!("{name} {s}"),
        Value::Object(_) | Value::Array(_) => format!("{name} as read"),
        other => format!("{name} {other}"),
    }
    .into()
}

fn hold(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if s.held {
        return not_now("held already");
    }
    if !s.is_moving() {
        return not_now("nothing moves");
    }
    match r.kind {
        WorkKind::Deployment => {}
        WorkKind::StatefulSet => return partition::hold(op, r),
        WorkKind::DaemonSet => {
            return not_now(
                "a DaemonSet cannot be held: it has no pause and no partition. Roll back is its way to stop",
            );
        }
    }
    let mut ops = r.guards();
    ops.push(json!({"op": "add", "path": "/spec/paused", "value": true}));
    let when = Expect::All(vec![Expect::HeldIs(true), Expect::Observed]);
    let done = Done { wait_first: None, when: when.clone(), words: "the controller has seen the pause".into() };
    let step = r.step("pause".into(), &ops, when, done);
    let mut cautions: Vec<Arc<str>> = vec![
        "it stays where it is: users get both versions, by number of pods, until it goes on or back".into(),
        "the progress deadline does not run while it is paused".into(),
    ];
    cautions.extend(r.scalers());
    let story = Story {
        primitive: Primitive::Pause,
        why: "spec.paused stops the exchange of pods".into(),
        sentence: format!(
            "{} stops where it is, with {} of {} pods on {}.",
            s.id.name,
            s.existing_of(&r.candidate),
            s.wanted,
            r.v(&r.candidate)
        ),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, &r.candidate, story, vec![step]))
}

fn resume(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if !s.held {
        return not_now(if s.gate.is_some() {
            "not held: its own partition stands, which a promote lowers"
        } else {
            "not held: there is nothing to resume"
        });
    }
    if r.kind == WorkKind::StatefulSet {
        return partition::resume(op, r);
    }
    let mut ops = r.guards();
    ops.push(r.test("/spec/template"));
    ops.push(r.test("/spec/paused"));
    ops.push(json!({"op": "replace", "path": "/spec/paused", "value": false}));
    let when = Expect::All(vec![Expect::HeldIs(false), Expect::Observed]);
    let done =
        Done { wait_first: None, when: when.clone(), words: "the controller has seen the end of the pause".into() };
    let step = r.step("unpause".into(), &ops, when, done);
    let sentence = if s.is_moving() {
        format!("{} goes on to {} on all {} pods; nothing stops it on the way.", s.id.name, r.v(&r.candidate), s.wanted)
    } else {
        format!("{} rolls out changes again; none is waiting.", s.id.name)
    };
    let story = Story {
        primitive: Primitive::Unpause,
        why: "spec.paused is true".into(),
        sentence,
        not_undone: Vec::new(),
        cautions: r.recreate().into_iter().chain(r.scalers()).collect(),
    };
    Ok(r.plan(op, &r.candidate, story, vec![step]))
}

/// As `kubectl rollout restart`: a time in the template makes a new revision of the same version.
fn restart(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if s.held {
        return not_now("held: a restart would be accepted and nothing would happen until it is resumed");
    }
    if !s.observed {
        return not_now("the controller has not seen the newest spec yet");
    }
    if s.wanted == 0 {
        return not_now("scaled down to 0: there is no pod to restart");
    }
    if r.object.pointer("/spec/updateStrategy/type").and_then(Value::as_str) == Some("OnDelete") {
        return not_now("its updateStrategy is OnDelete: a restart would be accepted and no pod would change");
    }
    let mut ops = r.guards();
    ops.push(r.test("/spec/template"));
    if r.kind == WorkKind::Deployment {
        ops.push(r.test("/spec/paused"));
    }
    let at = s.read_at.rfc3339();
    let notes = "/spec/template/metadata/annotations";
    ops.push(if r.object.pointer(notes).is_some_and(Value::is_object) {
        json!({"op": "add", "path": format!("{notes}/{}", RESTARTED_AT.replace('/', "~1")), "value": at})
    } else {
        json!({"op": "add", "path": notes, "value": {RESTARTED_AT: at}})
    });
    let v = r.v(&r.candidate);
    let another = Expect::Not(Box::new(Expect::CandidateIs(r.candidate.clone())));
    let p = s.detail.partition.unwrap_or(0);
    let mut done = vec![another.clone(), Expect::Observed, Expect::Restarted];
    done.push(if p == 0 {
        Expect::All(vec![Expect::NoneServing(r.candidate.clone()), Expect::PhaseIn(vec![healthy()])])
    } else {
        Expect::GateIs(true)
    });
    let words = format!("every pod of {v} is a new one and ready");
    let done = Done { wait_first: None, when: Expect::All(done), words };
    let step = r.step("restart".into(), &ops, Expect::All(vec![another, Expect::Observed]), done);
    let mut cautions: Vec<Arc<str>> = Vec::new();
    if s.is_moving() {
        cautions.push(format!("a change is under way: this does not stop it, the new pods are all of {v}").into());
    }
    if p > 0 {
        cautions.push(format!("partition {p}: pods below that ordinal are not restarted").into());
    }
    cautions.extend(r.recreate());
    cautions.push("a restart is a new revision: the list of versions to go back to loses its oldest when full".into());
    cautions.extend(r.scalers());
    let story = Story {
        primitive: Primitive::Restart,
        why: "a new time in the pod template makes the controller exchange every pod".into(),
        sentence: format!("{} gets new pods of {v}, {} in all, at the pace of its strategy.", s.id.name, s.wanted),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, &r.candidate, story, vec![step]))
}

pub fn healthy() -> crate::core::world::target::Phase {
    crate::core::world::target::Phase::Healthy
}
