//! Which guarded requests carry an operation out. Pure: the same read gives the same plan. Tests are built from what was
//! read; forward acts test all of it, backward acts the uid and the candidate only. Sends nothing.

use super::{abort, again, forward};
use crate::backends::kubernetes::story::{DEADLINE_SECS, SEEN_BY, json_patch};
pub use crate::backends::kubernetes::story::{Done, Story, not_now};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Step, Verb};
use crate::core::id::Hash;
use crate::core::seal::Sealed;
use crate::core::world::target::{TargetState, called};
use serde_json::{Value, json};
use std::sync::Arc;

/// Path of Argo's own kinds.
pub const ARGO: &str = "/apis/argoproj.io/v1alpha1";

/// What a plan is made from: the state, and the objects behind it.
pub struct Read<'a> {
    pub seen: &'a TargetState,
    pub rollout: Value,
    pub sets: Vec<Value>,
    /// AnalysisRuns and Experiments the status names.
    pub runs: Vec<Value>,
    /// The object that holds the template, where `workloadRef` names one.
    pub work: Value,
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
    let mut many = |key: &str| match raw.get_mut(key).map(Value::take) {
        Some(Value::Array(a)) => a,
        _ => Vec::new(),
    };
    let (sets, runs) = (many("sets"), many("runs"));
    let Some(candidate) = seen.candidate.clone() else {
        return not_now("its controller has not looked at it yet: no version is known");
    };
    let mut one = |key: &str| raw.get_mut(key).map(Value::take).unwrap_or_default();
    let (rollout, work) = (one("rollout"), one("work"));
    let read = Read { seen, rollout, sets, runs, work, candidate };
    let mut plan = match op.verb {
        Verb::Promote => forward::promote(op, &read),
        Verb::PromoteFull => forward::promote_full(op, &read),
        Verb::SkipStep => forward::skip_step(op, &read),
        Verb::Retry => again::retry(op, &read),
        Verb::Rerun => again::rerun(op, &read),
        Verb::Terminate => again::terminate(op, &read),
        Verb::Restart => again::restart(op, &read),
        Verb::Hold => hold(op, &read),
        Verb::Resume => resume(op, &read),
        Verb::RollBack => abort::roll_back(op, &read),
    }?;
    if let Some(why) = &seen.invalid {
        plan.cautions.push(format!("the controller refuses this object as it stands and may do nothing: {why}").into());
    }
    Ok(plan)
}

/// Hold, and abort in flight: guarded by what is known without the object itself.
fn needs_no_object(op: &Operation, seen: &TargetState) -> bool {
    let abort =
        || seen.is_moving() && !seen.aborted && op.back_to.as_ref().is_none_or(|to| seen.stable.as_ref() == Some(to));
    op.verb == Verb::Hold || (op.verb == Verb::RollBack && abort())
}

impl Read<'_> {
    /// What a version is called in a plan: like no other that is kept.
    pub fn v(&self, hash: &Hash) -> Arc<str> {
        called(&self.seen.revisions, hash)
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

    /// The guards of a forward act: with the version it would replace.
    pub fn forward(&self) -> Vec<Value> {
        let mut ops = self.guards(&self.candidate);
        ops.push(self.test("/status/stableRS"));
        ops
    }

    /// True in the object itself, whatever the controller made of it.
    pub fn is_set(&self, path: &str) -> bool {
        self.rollout.pointer(path) == Some(&Value::Bool(true))
    }

    /// An abort that the controller has carried out, or that is stored for it.
    pub fn aborting(&self) -> bool {
        self.seen.aborted || self.is_set("/status/abort")
    }

    /// Path of a namespaced object, without a query.
    pub fn path(&self, group: &str, plural: &str, name: &str) -> String {
        format!("{group}/namespaces/{}/{plural}/{name}", self.seen.id.namespace)
    }

    /// One JSON Patch on the Rollout. `part`: `""` for the object, `"/status"` for its status. The first operations that are tests are
    /// its guards.
    pub fn step(&self, title: String, part: &str, ops: &[Value], seen: Expect, done: Done) -> Step {
        let path = self.path(ARGO, "rollouts", &self.seen.id.name);
        self.step_at(title, &format!("{path}{part}"), ops, seen, done)
    }

    /// One JSON Patch on any object.
    pub fn step_at(&self, title: String, path: &str, ops: &[Value], seen: Expect, done: Done) -> Step {
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
                    // A whole template may hold secrets, and says nothing to a person.
                    Value::Object(_) | Value::Array(_) => format!("{name} as read").into(),
                    other => format!("{name} {other}").into(),
                }
            })
            .collect();
        Step {
            title: title.into(),
            request: json_patch(path, ops),
            guards,
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

    /// The end of a person's pause, seen by the controller.
    pub fn unpause(&self, ops: &[Value]) -> Step {
        let when = Expect::All(vec![Expect::HeldIs(false), Expect::Observed]);
        let words = "the controller has seen the end of the pause".into();
        self.step("unpause".into(), "", ops, when.clone(), Done { wait_first: None, when, words })
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

fn hold(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if s.held {
        return not_now("held already");
    }
    if r.aborting() {
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
        // Seen live: aborted 41 s later under the pause, and the pods kept serving (2.5).
        "a hold is no safe place to wait: analysis goes on, may still abort, and then the pods of this version keep \
         serving until the hold ends"
            .into(),
    ];
    cautions.extend(
        s.detail
            .checks
            .iter()
            .filter(|c| !c.is_over())
            .map(|c| format!("{} ({} analysis) runs now", c.name, c.role.word()).into()),
    );
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
    let mut ops = r.forward();
    ops.push(r.test("/spec/paused"));
    ops.push(json!({"op": "replace", "path": "/spec/paused", "value": false}));
    let step = r.unpause(&ops);
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
        sentence: if r.aborting() {
            format!("{} was aborted under the hold: now the pods of {} can go.", s.id.name, r.v(&r.candidate))
        } else {
            format!("{} goes on from where it was held.", s.id.name)
        },
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, &r.candidate, story, vec![step]))
}
