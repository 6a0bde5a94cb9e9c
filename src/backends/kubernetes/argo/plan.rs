//! Which guarded requests carry an operation out. Pure: the same read gives the same plan. Tests are built from what was
//! read; forward acts test all of it, backward acts the uid and the candidate only. Sends nothing.

use super::phase;
use super::undo;
use crate::backends::kubernetes::template::{body, masked};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Request, Step, Verb};
use crate::core::id::Hash;
use crate::core::seal::Sealed;
use crate::core::world::target::{Strategy, TargetState};
use serde_json::{Value, json};
use std::sync::Arc;

/// *Seen* deadline of limits.md section 4, milliseconds.
const SEEN_BY: i64 = 15_000;
/// The field's own default of `progressDeadlineSeconds`.
const DEADLINE_SECS: i64 = 600;

/// What a plan is made from: the state, and the objects behind it.
pub struct Read<'a> {
    pub seen: &'a TargetState,
    pub rollout: Value,
    pub sets: Vec<Value>,
    pub candidate: Hash,
}

/// See `Backend::plan`.
pub fn plan(op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause> {
    if op.target != seen.id {
        return Err(CannotBecause::Gone);
    }
    let raw = seen.raw.as_ref().and_then(Sealed::unseal);
    let mut raw = match raw.and_then(|r| serde_json::from_str::<Value>(r).ok()) {
        Some(raw) => raw,
        // The way back is not blocked by a read that failed: these need the uid and the candidate only.
        None if needs_no_object(op, seen) => Value::Null,
        None => return Err(CannotBecause::Different("it was not read for an act: read it again".into())),
    };
    let sets = match raw.get_mut("sets").map(Value::take) {
        Some(Value::Array(a)) => a,
        _ => Vec::new(),
    };
    let Some(candidate) = seen.candidate.clone() else {
        return not_now("its controller has not looked at it yet: no version is known");
    };
    let read = Read { seen, rollout: raw.get_mut("rollout").map(Value::take).unwrap_or_default(), sets, candidate };
    let mut plan = match op.verb {
        Verb::Promote => promote(op, &read),
        Verb::Hold => hold(op, &read),
        Verb::Resume => resume(op, &read),
        Verb::RollBack => undo::roll_back(op, &read),
        Verb::PromoteFull | Verb::SkipStep | Verb::Retry | Verb::Rerun | Verb::Terminate | Verb::Restart => {
            not_now("not built yet")
        }
    }?;
    if let Some(why) = &seen.invalid {
        plan.cautions.push(format!("the controller refuses this object as it stands and may do nothing: {why}").into());
    }
    Ok(plan)
}

/// Hold, and abort in flight: guarded by what is known without the object itself.
fn needs_no_object(op: &Operation, seen: &TargetState) -> bool {
    match op.verb {
        Verb::Hold => true,
        Verb::RollBack => {
            seen.is_moving() && !seen.aborted && op.back_to.as_ref().is_none_or(|to| seen.stable.as_ref() == Some(to))
        }
        Verb::Promote
        | Verb::PromoteFull
        | Verb::Resume
        | Verb::SkipStep
        | Verb::Retry
        | Verb::Rerun
        | Verb::Terminate
        | Verb::Restart => false,
    }
}

pub fn not_now<T>(why: &str) -> Result<T, CannotBecause> {
    Err(CannotBecause::NotNow(why.into()))
}

impl Read<'_> {
    /// What people call a version.
    pub fn v(&self, hash: &Hash) -> Arc<str> {
        self.seen.version_of(hash)
    }

    fn settled_by(&self) -> i64 {
        self.rollout
            .pointer("/spec/progressDeadlineSeconds")
            .and_then(Value::as_i64)
            .filter(|s| *s > 0)
            .unwrap_or(DEADLINE_SECS)
            .saturating_mul(1000)
    }

    /// A test of the value at `path` as it was read; absent is tested as null.
    pub fn test(&self, path: &str) -> Value {
        let value = self.rollout.pointer(path).cloned().unwrap_or(Value::Null);
        json!({"op": "test", "path": path, "value": value})
    }

    /// The guards of every act: the object itself and the version asked for.
    pub fn guards(&self, hash: &Hash) -> Vec<Value> {
        vec![
            json!({"op": "test", "path": "/metadata/uid", "value": &*self.seen.id.uid}),
            json!({"op": "test", "path": "/status/currentPodHash", "value": hash.as_str()}),
        ]
    }

    /// One JSON Patch. `part`: `""` for the object, `"/status"` for its status. The first operations that are tests are
    /// its guards.
    pub fn step(&self, title: String, part: &str, ops: &[Value], seen: Expect, done: Done) -> Step {
        let id = &self.seen.id;
        let guards = ops
            .iter()
            .filter(|o| o["op"] == "test")
            .map(|o| {
                let path = o["path"].as_str().unwrap_or("");
                let name =
                    path.trim_start_matches("/metadata/").trim_start_matches("/status/").trim_start_matches("/spec/");
                match &o["value"] {
                    Value::Null => format!("no {name}").into(),
                    Value::String(s) => format!("{name} {s}").into(),
                    other => format!("{name} {other}").into(),
                }
            })
            .collect();
        Step {
            title: title.into(),
            request: Request {
                method: "PATCH".into(),
                path: format!(
                    "/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts/{}{part}?fieldManager=andon",
                    id.namespace, id.name
                )
                .into(),
                content_type: "application/json-patch+json".into(),
                shown: body(&masked(ops)).into(),
                body: Sealed::new(body(ops)),
            },
            guards,
            wait_first: done.wait_first,
            seen_when: seen,
            done_when: done.when,
            done_words: done.words.into(),
            refused_when: None,
            seen_by: SEEN_BY,
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
                Verb::Promote | Verb::PromoteFull | Verb::SkipStep | Verb::Retry | Verb::Rerun | Verb::Terminate => {
                    self.seen.stable.clone().unwrap_or_else(|| to.clone())
                }
                Verb::RollBack | Verb::Hold | Verb::Resume | Verb::Restart => self.candidate.clone(),
            }),
            to: Some(to.clone()),
            not_undone: story.not_undone,
            cautions: story.cautions,
            steps,
        }
    }
}

/// When a step has had its effect.
pub struct Done {
    pub wait_first: Option<Expect>,
    pub when: Expect,
    pub words: String,
}

/// What the dialog says around the requests.
pub struct Story {
    pub primitive: Primitive,
    pub why: String,
    pub sentence: String,
    pub not_undone: Vec<Arc<str>>,
    pub cautions: Vec<Arc<str>>,
}

fn promote(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if let Some(why) = &s.invalid {
        return Err(CannotBecause::NotNow(format!("the controller refuses this object as it stands: {why}").into()));
    }
    if s.aborted || r.rollout.pointer("/status/abort") == Some(&Value::Bool(true)) {
        return not_now("aborted: a promote would be accepted and do nothing");
    }
    if s.held {
        return not_now("held: resume first (a promote under a hold is lost)");
    }
    if s.releasing {
        return not_now("somebody released this gate; the controller has not reacted yet");
    }
    if !s.is_moving() {
        return not_now("nothing moves: this version is already everywhere");
    }
    if !s.observed {
        return not_now("the controller has not seen the newest spec yet");
    }
    let Some(gate) = &s.gate else {
        return not_now("no gate stands: it goes on by itself");
    };
    if !matches!(&*gate.reason, "CanaryPauseStep" | "BlueGreenPause") {
        return Err(CannotBecause::NotNow(
            format!("it waits for a decision on its analysis ({}), which andon does not take here", gate.reason).into(),
        ));
    }
    let c = &r.candidate;
    let mut ops = r.guards(c);
    ops.push(r.test("/status/currentStepIndex"));
    ops.push(r.test("/status/pauseConditions/0/reason"));
    ops.push(r.test("/spec/paused"));
    ops.push(json!({"op": "remove", "path": "/status/pauseConditions"}));
    let name = &s.id.name;
    let v = r.v(c);
    let (when, words, sentence) = match s.step {
        Some(i) => {
            let next = s.steps.get(i as usize + 1);
            let what = next.map_or_else(|| "the end".to_owned(), |n| n.label.to_string());
            (
                Expect::All(vec![Expect::CandidateIs(c.clone()), Expect::StepAtLeast(i + 1)]),
                format!("step {} of {} is done", i + 1, s.steps.len()),
                format!("{name} leaves its gate and goes on with {v}: {what}."),
            )
        }
        None => (
            Expect::All(vec![Expect::CandidateIs(c.clone()), Expect::GateIs(false)]),
            "the gate is gone".to_owned(),
            format!("{name} leaves its gate: {v} takes the traffic."),
        ),
    };
    let step = r.step("release the gate".into(), "/status", &ops, when.clone(), Done { wait_first: None, when, words });
    let story = Story {
        primitive: Primitive::ReleaseGate,
        why: format!("a gate stands ({})", gate.reason),
        sentence,
        not_undone: Vec::new(),
        cautions: Vec::new(),
    };
    Ok(r.plan(op, c, story, vec![step]))
}

fn hold(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if s.held {
        return not_now("held already");
    }
    if s.aborted || r.rollout.pointer("/status/abort") == Some(&Value::Bool(true)) {
        return not_now("it is going back already: a hold would stop the way back");
    }
    if !s.is_moving() {
        return not_now("nothing moves");
    }
    let mut ops = r.guards(&r.candidate);
    ops.push(json!({"op": "add", "path": "/spec/paused", "value": true}));
    let when = Expect::All(vec![Expect::HeldIs(true), Expect::Observed]);
    let step = r.step(
        "pause".into(),
        "",
        &ops,
        when.clone(),
        Done { wait_first: None, when, words: "the controller has seen the pause".into() },
    );
    let mut cautions: Vec<Arc<str>> = vec![
        "it stays where it is and serves what it serves: a hold takes nothing back".into(),
        "analysis goes on under a hold and may still abort".into(),
    ];
    if s.promoting_full {
        cautions.push("a full promotion is under way: it goes on when the hold ends".into());
    }
    let story = Story {
        primitive: Primitive::Pause,
        why: "spec.paused stops the steps".into(),
        sentence: format!(
            "{} stops where it is, at {}% of {}.",
            s.id.name,
            s.weight_real.unwrap_or(s.weight_wanted),
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
        return not_now("not held: there is nothing to resume");
    }
    let mut ops = r.guards(&r.candidate);
    ops.push(r.test("/spec/paused"));
    ops.push(json!({"op": "replace", "path": "/spec/paused", "value": false}));
    let when = Expect::All(vec![Expect::HeldIs(false), Expect::Observed]);
    let step = r.step(
        "unpause".into(),
        "",
        &ops,
        when.clone(),
        Done { wait_first: None, when, words: "the controller has seen the end of the pause".into() },
    );
    let mut cautions: Vec<Arc<str>> = Vec::new();
    if s.gate.is_some() {
        cautions.push("its own gate still stands: this does not promote".into());
    }
    if s.promoting_full {
        cautions.push("a full promotion is waiting: it goes on at once".into());
    }
    let story = Story {
        primitive: Primitive::Unpause,
        why: "spec.paused is true".into(),
        sentence: format!("{} goes on from where it was held.", s.id.name),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, &r.candidate, story, vec![step]))
}

/// No traffic and no replica of the candidate, where the object lets its pods go; else no traffic.
pub fn back_on(r: &Read<'_>, stable: &Hash) -> (Expect, String) {
    let s = r.seen;
    let delay = |strategy: &str| {
        r.rollout.pointer(&format!("/spec/strategy/{strategy}/abortScaleDownDelaySeconds")).and_then(Value::as_i64)
    };
    let dto = serde_json::from_value(r.rollout.clone()).unwrap_or_default();
    let kept_for_ever = match s.strategy {
        Strategy::Canary => phase::routed(&dto) && delay("canary") == Some(0),
        Strategy::BlueGreen => delay("blueGreen") == Some(0),
        Strategy::Rolling
        | Strategy::Ordered
        | Strategy::PerNode
        | Strategy::AbTest
        | Strategy::Reconciled
        | Strategy::Other(_) => false,
    };
    let gone = if kept_for_ever { Expect::WeightIs(0) } else { Expect::NoneServing(r.candidate.clone()) };
    let words = if kept_for_ever {
        format!(
            "{} gets no traffic (its pods stay: abortScaleDownDelaySeconds is 0) and {} of {} are ready",
            r.v(&r.candidate),
            s.wanted,
            r.v(stable)
        )
    } else {
        format!("no pod of {} exists and {} of {} are ready", r.v(&r.candidate), s.wanted, r.v(stable))
    };
    let when = Expect::All(vec![
        Expect::Any(vec![Expect::AbortedIs(true), Expect::CandidateIs(stable.clone())]),
        gone,
        Expect::ReadyOf { hash: stable.clone(), n: s.wanted },
    ]);
    (when, words)
}
