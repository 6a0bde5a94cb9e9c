//! Which guarded requests carry an operation on a Canary out (kubernetes-rollouts 4.4). Pure: the same read gives the same
//! plan. Flagger has no promote and no abort: each act is a wish in a field, or an open hook, that its next tick finds.
//! Forward acts test all that was read; backward acts the uid and `lastAppliedSpec`, the name of what is under test.

use super::gates::{self, Tester};
use super::{again, pause, undo};
use crate::backends::kubernetes::story::{DEADLINE_SECS, SEEN_BY, json_patch};
pub use crate::backends::kubernetes::story::{Story, not_now};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Request, Step, Verb};
use crate::core::id::Hash;
use crate::core::seal::Sealed;
use crate::core::world::detail::{Flagger, HookGate};
use crate::core::world::target::TargetState;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a plan is made from: the state, and the objects behind it (null where there was no fresh read).
pub struct Read<'a> {
    pub seen: &'a TargetState,
    pub flagger: &'a Flagger,
    pub object: Value,
    /// The target workload and its primary.
    pub target: Value,
    pub primary: Value,
    pub sets: Vec<Value>,
}

/// See `Backend::plan`.
pub fn plan(op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause> {
    if op.target != seen.id {
        return Err(CannotBecause::Gone);
    }
    let Some(flagger) = &seen.detail.flagger else {
        return Err(CannotBecause::Different("it was not read as a Canary: read it again".into()));
    };
    let raw = seen.raw.as_ref().and_then(Sealed::unseal).and_then(|r| serde_json::from_str::<Value>(r).ok());
    let Some(mut raw) = raw.or_else(|| needs_no_object(op, flagger).then_some(Value::Null)) else {
        return Err(CannotBecause::Different("it was not read for an act: read it again".into()));
    };
    let mut list = |key: &str| match raw.get_mut(key).map(Value::take) {
        Some(Value::Array(a)) => a,
        _ => Vec::new(),
    };
    let (sets, works) = (list("sets"), list("works"));
    let name = seen.detail.workload.as_ref().map_or("", |w| &*w.name);
    let work = |name: &str| {
        let one = works.iter().find(|w| w.pointer("/metadata/name").and_then(Value::as_str) == Some(name));
        one.cloned().unwrap_or_default()
    };
    let (target, primary) = (work(name), work(&format!("{name}-primary")));
    let object = raw.get_mut("object").map(Value::take).unwrap_or_default();
    let r = Read { seen, flagger, object, target, primary, sets };
    let mut plan = match op.verb {
        Verb::Hold => pause::hold(op, &r),
        Verb::Resume => pause::resume(op, &r),
        Verb::Promote => promote(op, &r),
        Verb::PromoteFull => skip_analysis(op, &r),
        Verb::RollBack => undo::roll_back(op, &r),
        Verb::Retry => again::retry(op, &r),
        Verb::SkipStep => not_now(
            "flagger has no step to skip: each tick decides by its checks (promote full skips all of its analysis)",
        ),
        Verb::Terminate => not_now(
            "its analysis is no object of its own: hold stops it, roll back fails it, promote full skips what is left",
        ),
        Verb::Rerun => not_now("its analysis is no object of its own: retry begins a failed one anew"),
        Verb::Restart => not_now(
            "a restart changes the target's template, and flagger takes that for a new version: after a failure that is retry",
        ),
    }?;
    plan.cautions.extend(seen.detail.drift.iter().cloned());
    Ok(plan)
}

/// Hold, and going back in flight: guarded by what is known without the object itself.
fn needs_no_object(op: &Operation, f: &Flagger) -> bool {
    let in_flight = matches!(&*f.phase, "Progressing" | "WaitingPromotion");
    op.verb == Verb::Hold || (op.verb == Verb::RollBack && in_flight)
}

pub fn phases(words: &[&str]) -> Expect {
    Expect::RawPhaseIn(words.iter().map(|w| Arc::from(*w)).collect())
}

/// Phases in which a version's gates and hooks have had their say.
pub const OVER: [&str; 4] = ["Promoting", "Finalising", "Succeeded", "Failed"];

/// Another version than the one seen is asked for.
fn replaced(seen: &TargetState) -> Option<Expect> {
    seen.candidate.clone().map(|h| Expect::Not(Box::new(Expect::CandidateIs(h))))
}

/// `e`, or the version a switch was opened for is over, or is not the one under test any more.
pub fn outlived(seen: &TargetState, e: Expect) -> Expect {
    Expect::Any([Some(e), Some(phases(&OVER)), replaced(seen)].into_iter().flatten().collect())
}

/// It ended otherwise than wished: in one of these phases, or another version came.
pub fn given_up(seen: &TargetState, words: &[&str]) -> Expect {
    Expect::Any([Some(phases(words)), replaced(seen)].into_iter().flatten().collect())
}

/// The guards of a patch in words.
fn guards(ops: &[Value]) -> Vec<Arc<str>> {
    let tests = ops.iter().filter(|o| o["op"] == "test");
    tests
        .map(|o| {
            let path = o["path"].as_str().unwrap_or("");
            let name =
                path.trim_start_matches("/metadata/").trim_start_matches("/status/").trim_start_matches("/spec/");
            match &o["value"] {
                Value::Null => format!("no {name}").into(),
                Value::String(s) => format!("{name} {s}").into(),
                Value::Object(_) | Value::Array(_) => format!("the {name} that was read").into(),
                other => format!("{name} {other}").into(),
            }
        })
        .collect()
}

impl Read<'_> {
    /// What people call a version.
    pub fn v(&self, hash: Option<&Hash>) -> Arc<str> {
        hash.map_or_else(|| "the new version".into(), |h| self.seen.called(h))
    }

    /// Users get this version from whole pods of the primary, which has it in a set of its own: known by its name alone.
    /// `None`: it has no other name than its set's.
    pub fn serves(&self, hash: &Hash) -> Option<Expect> {
        let named = self.seen.revision(hash).filter(|r| *r.version != *hash.as_str())?;
        Some(Expect::StableServes(named.version.clone()))
    }

    pub fn candidate(&self) -> Arc<str> {
        self.v(self.seen.candidate.as_ref())
    }

    pub fn phase(&self) -> &str {
        &self.flagger.phase
    }

    /// One look of the controller, milliseconds.
    pub fn tick(&self) -> i64 {
        i64::try_from(self.flagger.interval).unwrap_or(60).saturating_mul(1000)
    }

    /// Milliseconds after which Flagger gives pods up.
    pub fn deadline(&self) -> i64 {
        let own = self.object.pointer("/spec/progressDeadlineSeconds").and_then(Value::as_i64);
        own.filter(|s| *s > 0).unwrap_or(DEADLINE_SECS).saturating_mul(1000)
    }

    /// A test of the object's value at `path` as it was read; absent is tested as null.
    pub fn test(&self, path: &str) -> Value {
        json!({"op": "test", "path": path, "value": self.object.pointer(path).cloned().unwrap_or(Value::Null)})
    }

    /// The object itself, and what it tests.
    pub fn identity(&self) -> Vec<Value> {
        let mut ops = vec![json!({"op": "test", "path": "/metadata/uid", "value": &*self.seen.id.uid})];
        // Before its first tick it has none; nothing is under test then.
        if !self.flagger.last_applied.is_empty() {
            ops.push(json!({"op": "test", "path": "/status/lastAppliedSpec", "value": &*self.flagger.last_applied}));
        }
        ops
    }

    fn step(&self, title: &str, request: Request, guards: Vec<Arc<str>>, when: (Expect, String)) -> Step {
        Step {
            title: title.into(),
            request,
            guards,
            wait_first: None,
            seen_when: when.0.clone(),
            done_when: when.0,
            done_words: when.1.into(),
            refused_when: None,
            seen_by: SEEN_BY.max(self.tick().saturating_mul(2).saturating_add(5_000)),
            closes: false,
            settled_by: self.tick().saturating_mul(2).saturating_add(self.deadline()),
        }
    }

    /// One JSON Patch of the Canary. `part`: `""` for the object, `"/status"` for its status.
    pub fn patch(&self, title: &str, part: &str, ops: &[Value], when: (Expect, String)) -> Step {
        let id = &self.seen.id;
        let path = format!("/apis/flagger.app/v1beta1/namespaces/{}/canaries/{}{part}", id.namespace, id.name);
        self.step(title, json_patch(&path, ops), guards(ops), when)
    }

    /// One JSON Patch of the workload it drives.
    pub fn patch_target(&self, title: &str, ops: &[Value], when: (Expect, String)) -> Step {
        let (kind, name) = self.seen.detail.workload.as_ref().map_or(("", ""), |w| (&*w.kind, &*w.name));
        let plural = if kind == "DaemonSet" { "daemonsets" } else { "deployments" };
        let path = format!("/apis/apps/v1/namespaces/{}/{plural}/{name}", self.seen.id.namespace);
        self.step(title, json_patch(&path, ops), guards(ops), when)
    }

    /// One switch of a load tester, through the API server's proxy. No guard is possible: it knows names only.
    pub fn switch(&self, title: &str, tester: &Tester, open: bool, when: (Expect, String)) -> Step {
        let id = &self.seen.id;
        let text = gates::body(&id.name, &id.namespace);
        let request = Request {
            method: "POST".into(),
            path: tester.path(open).into(),
            content_type: "application/json".into(),
            shown: text.as_str().into(),
            body: Sealed::new(text),
        };
        self.step(title, request, vec![format!("name {}.{}", id.name, id.namespace).into()], when)
    }

    /// The load tester of the first hook of this kind that is ours, and the other hooks of the kind.
    pub fn tester(&self, kind: &str) -> (Option<Tester>, Vec<&HookGate>) {
        let mut ours = None;
        let mut others = Vec::new();
        for g in self.flagger.gates.iter().filter(|g| *g.kind == *kind) {
            match gates::tester(&g.url).filter(|_| g.ours) {
                Some(t) if ours.is_none() => ours = Some(t),
                Some(t) if ours.as_ref() == Some(&t) => {}
                _ => others.push(g),
            }
        }
        (ours, others)
    }

    pub fn plan(&self, op: &Operation, to: Option<Hash>, story: Story, steps: Vec<Step>) -> Plan {
        let from = match op.verb {
            Verb::Promote | Verb::PromoteFull | Verb::SkipStep | Verb::Retry | Verb::Rerun | Verb::Terminate => {
                self.seen.stable.clone().or_else(|| to.clone())
            }
            Verb::RollBack | Verb::Hold | Verb::Resume | Verb::Restart => self.seen.candidate.clone(),
        };
        Plan {
            operation: Operation { back_to: if op.verb == Verb::RollBack { to.clone() } else { None }, ..op.clone() },
            primitive: story.primitive,
            why: story.why.into(),
            sentence: story.sentence.into(),
            from,
            to,
            not_undone: story.not_undone,
            cautions: story.cautions,
            steps,
        }
    }
}

/// What a forward act does not begin on.
fn forward(r: &Read<'_>) -> Result<(), CannotBecause> {
    if r.seen.held {
        return not_now("held: resume first (flagger skips it at each tick)");
    }
    match r.phase() {
        "Waiting" | "Progressing" | "WaitingPromotion" => Ok(()),
        "Promoting" | "Finalising" => not_now("it is being promoted already"),
        "Failed" => not_now("it failed and was rolled back: retry begins it anew"),
        _ => not_now("nothing moves: this version is already everywhere"),
    }
}

fn promote(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    forward(r)?;
    let kind = match r.phase() {
        "Waiting" => "confirm-rollout",
        "WaitingPromotion" => "confirm-promotion",
        _ => {
            let slow = r.flagger.gates.iter().find(|g| &*g.kind == "confirm-traffic-increase");
            // Its status does not tell whether this one holds it, and what is open must not be closed.
            let held =
                slow.map_or_else(String::new, |g| format!(", unless its hook for each weight ({}) holds it", g.url));
            return not_now(format!("no gate stands: it goes on by itself{held} (promote full skips the analysis)"));
        }
    };
    let (ours, others) = r.tester(kind);
    let urls = others.iter().map(|g| &*g.url).collect::<Vec<_>>().join(", ");
    let Some(tester) = ours else {
        return not_now(&if urls.is_empty() {
            format!("no {kind} hook is left in its spec: it goes on at its next tick")
        } else {
            format!("its gate is external: {urls} decides, and andon cannot open that")
        });
    };
    if r.tester("rollback").0.is_some_and(|t| t == tester) {
        return not_now("its rollback hook asks the same switch: opening this gate would roll it back");
    }
    let waits = kind == "confirm-rollout";
    // With iterations the promotion gate is asked more than once: it stays open until the promotion has begun.
    let gone_on = if waits { Expect::Not(Box::new(phases(&["Waiting"]))) } else { phases(&OVER) };
    // The switch knows no version: whatever is under test next would find it open.
    let gone_on = outlived(s, gone_on);
    let forth = if waits {
        phases(&["Progressing", "WaitingPromotion", "Promoting", "Finalising", "Succeeded"])
    } else {
        phases(&["Promoting", "Finalising", "Succeeded"])
    };
    let words = if waits { "its analysis has begun" } else { "the promotion has begun" };
    let open = r.switch("open the gate", &tester, true, (gone_on.clone(), words.to_owned()));
    let mut close =
        r.switch("close the gate", &tester, false, (forth, format!("{words}, and the gate is closed again")));
    close.wait_first = Some(gone_on);
    close.refused_when = Some(given_up(s, &["Failed"]));
    close.closes = true;
    let mut cautions: Vec<Arc<str>> = vec![
        "one switch is shared by all gates of this canary: while it is open the others let it pass too".into(),
        "the load tester asks for no name and checks nothing: there is no guard but this console's own".into(),
    ];
    if !urls.is_empty() {
        cautions.push(format!("another {kind} hook has to agree as well: {urls}").into());
    }
    let what = if waits { "begins its analysis" } else { "is promoted: users get it everywhere" };
    let story = Story {
        primitive: Primitive::OpenGate,
        why: format!("a gate stands ({kind}), and {}.{} answers it", tester.service, tester.namespace),
        sentence: format!("{} of {} {what}, within {} s.", r.candidate(), s.id.name, r.flagger.interval),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, s.candidate.clone(), story, vec![open, close]))
}

/// Promote full. The second request is part of it: left true, every later release goes out unchecked.
fn skip_analysis(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    forward(r)?;
    if r.phase() == "Waiting" {
        return not_now(
            "its confirm-rollout gate stands, and skipping the analysis does not pass it: promote opens it",
        );
    }
    if r.flagger.skip_analysis {
        return not_now("skipAnalysis is on already: its next tick promotes it");
    }
    let mut ops = r.identity();
    ops.push(r.test("/status/phase"));
    ops.push(r.test("/spec/skipAnalysis"));
    ops.push(json!({"op": "add", "path": "/spec/skipAnalysis", "value": true}));
    // Also when it failed: the field must not stay.
    let ended = phases(&["Succeeded", "Failed"]);
    let first = r.patch("skip the analysis", "", &ops, (ended.clone(), "flagger has promoted it".to_owned()));
    let reset = [
        json!({"op": "test", "path": "/metadata/uid", "value": &*s.id.uid}),
        json!({"op": "test", "path": "/spec/skipAnalysis", "value": true}),
        json!({"op": "add", "path": "/spec/skipAnalysis", "value": false}),
    ];
    // Flagger does not wait for the primary's pods; users do. Without ReplicaSets none of them are known.
    let serves = s.candidate.as_ref().and_then(|h| r.serves(h));
    let done = [Some(phases(&["Succeeded"])), Some(Expect::Observed), serves];
    let done = Expect::All(done.into_iter().flatten().collect());
    let words = "it has succeeded, the primary serves it, and its next release is checked again".to_owned();
    let mut second = r.patch("check again from now on", "", &reset, (done, words));
    second.wait_first = Some(ended);
    second.closes = true;
    second.refused_when = Some(phases(&["Failed"]));
    let v = r.candidate();
    let mut cautions: Vec<Arc<str>> = vec![
        "the second request must follow: with skipAnalysis left true all later releases go out unchecked".into(),
        "flagger does not wait for the primary's pods: users are on it while it is being replaced".into(),
        "its pods must be ready first, and its progress deadline still rolls it back".into(),
    ];
    if r.flagger.failed_checks > 0 {
        let f = r.flagger;
        cautions.insert(0, format!("{} of {} failed checks stand against {v}", f.failed_checks, f.threshold).into());
    }
    let story = Story {
        primitive: Primitive::SkipAnalysis,
        why: "flagger promotes at its next tick when spec.skipAnalysis is true".into(),
        sentence: format!("All users of {} get {v}, without the checks that are left.", s.id.name),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, s.candidate.clone(), story, vec![first, second]))
}
