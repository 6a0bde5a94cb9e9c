//! Flagger's way, as far as a drill needs it: its controller looks at each tick, gives the new version more users while
//! its own checks are fine, and takes it back by itself when they were not, often enough. A hold (`spec.suspend`) stops all
//! of that, its own roll back as well. It has no promote and no abort: acts are wishes in a field that the next tick finds.

use super::object::{metadata, template, template_of};
use super::patch::Patch;
use super::plan::{Said, goes_back, made, not_now, settled, templates, wanted};
use super::rollout::Rollout;
use super::scenario::Ticks;
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Step, Verb};
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::detail::Flagger;
use crate::core::world::target::{Manager, Revision, TargetState};
use serde_json::{Value, json};

/// The controller's own state of one canary.
#[derive(Clone, Debug)]
pub(super) struct Flags {
    goes_by: Ticks,
    failed: u32,
    skip: bool,
    /// The next look; milliseconds.
    pub next: i64,
    /// Percent of the new version's requests that fail, when it was last looked; `None`: nothing is told.
    pub failing: Option<f64>,
}

impl Flags {
    pub fn new(goes_by: Ticks, start: i64) -> Flags {
        Flags { goes_by, failed: 0, skip: false, next: start + goes_by.interval * 1000, failing: None }
    }

    /// Another version is looked at.
    pub fn begins(&mut self) {
        self.failed = 0;
    }

    /// Whether that is news.
    pub fn skip_is(&mut self, skip: bool) -> bool {
        std::mem::replace(&mut self.skip, skip) != skip
    }

    /// What a client reads of it.
    pub fn told(&self, r: &Rollout) -> Flagger {
        Flagger {
            phase: phase(r).into(),
            failed_checks: self.failed,
            threshold: self.goes_by.threshold,
            max_weight: self.goes_by.most,
            interval: self.goes_by.interval as u64,
            suspended: r.held(),
            skip_analysis: self.skip,
            last_applied: r.current.0.clone(),
            last_promoted: r.stable.0.clone(),
            ..Flagger::default()
        }
    }
}

fn phase(r: &Rollout) -> &'static str {
    match () {
        () if !r.moving() => "Succeeded",
        () if r.abort == Some(true) => "Failed",
        () => "Progressing",
    }
}

/// The Canary, with the pod template of what it looks at.
pub(super) fn canary(r: &Rollout) -> Value {
    let Some(f) = &r.flagger else { return Value::Null };
    let by = &f.goes_by;
    let mut spec = json!({
        "skipAnalysis": f.skip,
        "analysis": {"interval": format!("{}s", by.interval), "threshold": by.threshold, "maxWeight": by.most, "stepWeight": by.step},
    });
    let mut put = |key: &str, value: Option<Value>| {
        if let (Some(map), Some(value)) = (spec.as_object_mut(), value) {
            map.insert(key.into(), value);
        }
    };
    put("suspend", r.paused.map(Value::Bool));
    put("template", r.set(&r.template).map(|s| template(r, s)));
    put("restartAt", r.restart_at.map(|at| Utc(at).rfc3339().into()));
    json!({
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": metadata(r),
        "spec": spec,
        "status": {
            "phase": phase(r),
            "failedChecks": f.failed,
            "canaryWeight": if r.moving() { r.weight } else { 0 },
            "lastAppliedSpec": r.current.as_str(),
            "lastPromotedSpec": r.stable.as_str(),
        },
    })
}

/// What a patch of the status changed.
pub(super) fn stored(r: &mut Rollout, object: &Value) {
    let failed = object.pointer("/status/failedChecks").and_then(Value::as_u64);
    if let (Some(f), Some(n)) = (&mut r.flagger, failed) {
        f.failed = u32::try_from(n).unwrap_or(u32::MAX);
    }
}

impl Rollout {
    /// Something was written, or its pods changed: what the controller keeps in order between two looks.
    pub(super) fn flagger_goes_on(&mut self, now: i64) {
        if !self.moving() {
            (self.weight, self.started) = (0, None);
        }
        // Pods it has are kept in order, suspended or not: its workloads are Deployments.
        self.scale(now);
        self.tell(Utc(now));
    }

    /// One look. Suspended, or with the controller away, nothing is decided.
    pub(super) fn tick(&mut self, now: i64, away: bool) {
        let (held, moving, aborted) = (self.held(), self.moving(), self.abort == Some(true));
        let there = self.ready_of(&self.current, now) >= self.replicas;
        let Some(f) = &mut self.flagger else { return };
        while f.next <= now {
            f.next += f.goes_by.interval * 1000;
        }
        if held || away || !moving || aborted {
            return;
        }
        let fine = f.failing.is_some_and(|x| x <= f.goes_by.over);
        let next = self.weight.saturating_add(f.goes_by.step);
        match () {
            () if f.failed >= f.goes_by.threshold => {
                (self.abort, self.aborted_at, self.weight) = (Some(true), Some(Utc(now)), 0);
                self.aborted_by = Some(Manager { name: "flagger".into(), at: Some(Utc(now)) });
            }
            () if !there => {}
            () if f.skip || (fine && next > f.goes_by.most) => {
                (self.stable, self.weight) = (self.current.clone(), 0);
            }
            () if fine => self.weight = next,
            () => f.failed += 1,
        }
        self.flagger_goes_on(now);
        self.stir(now);
    }
}

/// A step that only the next tick carries out.
fn at_tick(mut step: Step, f: &Flagger) -> Step {
    let tick = f.interval as i64 * 1000;
    (step.seen_by, step.settled_by) = (step.seen_by + tick, step.settled_by + tick);
    step
}

/// What `op` takes, from `seen` alone.
pub(super) fn plan(
    op: &Operation,
    seen: &TargetState,
    f: &Flagger,
    candidate: &Hash,
    stable: &Hash,
) -> Result<Plan, CannotBecause> {
    match op.verb {
        Verb::Hold => hold(op, seen, candidate),
        Verb::Resume => resume(op, seen, f, candidate),
        Verb::RollBack => roll_back(op, seen, f, candidate, stable),
        Verb::PromoteFull => skip_analysis(op, seen, f, candidate, stable),
        Verb::Promote => not_now("nothing waits for a person: it decides by its own checks at each tick"),
        Verb::SkipStep => not_now("it has no step to skip: each tick decides by its checks"),
        Verb::Retry | Verb::Restart => not_now("a change of its Deployment's template is a new version to it"),
        Verb::Rerun | Verb::Terminate => not_now("its analysis is no object of its own"),
    }
}

fn hold(op: &Operation, seen: &TargetState, candidate: &Hash) -> Result<Plan, CannotBecause> {
    if !seen.is_moving() || seen.held || seen.aborted {
        return not_now(match () {
            () if !seen.is_moving() => "nothing moves",
            () if seen.held => "already held",
            () => "it was taken back already",
        });
    }
    let held = Expect::All(vec![Expect::HeldIs(true), Expect::Observed]);
    let step = Patch::of(seen, candidate).change("add", "/spec/suspend", json!(true)).step(
        "suspend".into(),
        false,
        held.clone(),
        held,
        "it is suspended".into(),
    );
    let weight = seen.weight_real.unwrap_or(seen.weight_wanted);
    let said = Said {
        primitive: Primitive::Pause,
        why: "a suspended canary is passed over at each tick",
        sentence: format!("About {weight}% of users stay on {}.", seen.called(candidate)),
        from: candidate.clone(),
        to: candidate.clone(),
        cautions: vec!["its own roll back is off while it is held: a failing version keeps its users".into()],
    };
    Ok(made(op, said, vec![step]))
}

fn free(seen: &TargetState, candidate: &Hash, guarded: bool) -> Step {
    let patch = Patch::of(seen, candidate);
    let patch = if guarded { patch.test("/spec/suspend", "suspend", json!(true)) } else { patch };
    let free = Expect::All(vec![Expect::HeldIs(false), Expect::Observed]);
    let words = "it is no longer suspended".into();
    patch.change("add", "/spec/suspend", json!(false)).step("end the hold".into(), false, free.clone(), free, words)
}

fn resume(op: &Operation, seen: &TargetState, f: &Flagger, candidate: &Hash) -> Result<Plan, CannotBecause> {
    if !seen.held {
        return not_now("not held");
    }
    let mut cautions = Vec::new();
    if f.failed_checks > 0 {
        cautions.push(
            format!("{} of {} failed checks stand: more of them take it back", f.failed_checks, f.threshold).into(),
        );
    }
    let said = Said {
        primitive: Primitive::Unpause,
        why: "the hold is lifted",
        sentence: format!("{} goes on at the next tick, within {} s.", seen.called(candidate), f.interval),
        from: candidate.clone(),
        to: candidate.clone(),
        cautions,
    };
    Ok(made(op, said, vec![free(seen, candidate, true)]))
}

fn roll_back(
    op: &Operation,
    seen: &TargetState,
    f: &Flagger,
    candidate: &Hash,
    stable: &Hash,
) -> Result<Plan, CannotBecause> {
    let to = wanted(op, seen)?;
    if to.hash == *candidate {
        return not_now("that is what it already asks for");
    }
    let (primitive, why, steps) = if to.hash == *stable && !seen.aborted {
        let why = "in flight: its count of failed checks is set to its threshold, and the next tick takes it back";
        (Primitive::ForceFailure, why, fail(seen, f, candidate, to))
    } else {
        let why = "nothing is in flight: the Deployment must ask for the old version, and no check hold it up";
        (Primitive::Undo, why, undo(seen, f, candidate, to)?)
    };
    let bad = seen.called(candidate);
    let said = Said {
        primitive,
        why,
        sentence: format!("Users on {bad} get {} again, within {} s.", to.version, f.interval),
        from: candidate.clone(),
        to: to.hash.clone(),
        cautions: Vec::new(),
    };
    Ok(goes_back(op, seen, said, steps))
}

/// Suspended, no tick would find it: the hold ends after the wish is there.
fn fail(seen: &TargetState, f: &Flagger, candidate: &Hash, to: &Revision) -> Vec<Step> {
    let aborted = Expect::AbortedIs(true);
    let gone = Expect::All(vec![
        aborted.clone(),
        Expect::NoneServing(candidate.clone()),
        Expect::ReadyOf { hash: to.hash.clone(), n: seen.wanted },
    ]);
    let words = format!("no pod of {} is left and {} of {} are ready", seen.called(candidate), seen.wanted, to.version);
    let wish = |seen_when, done, words| {
        Patch::of(seen, candidate)
            .test("/status/phase", "phase", json!("Progressing"))
            .test("/status/failedChecks", "failedChecks", json!(f.failed_checks))
            .change("replace", "/status/failedChecks", json!(f.threshold))
            .step("force its failure".into(), true, seen_when, done, words)
    };
    if !seen.held {
        return vec![at_tick(wish(aborted, gone, words), f)];
    }
    let there = Expect::CandidateIs(candidate.clone());
    let mut second = free(seen, candidate, false);
    (second.done_when, second.done_words) = (gone, words.into());
    vec![wish(there.clone(), there, "the count stands at its threshold".into()), at_tick(second, f)]
}

fn skip(seen: &TargetState, candidate: &Hash, on: bool, until: Option<Expect>) -> Step {
    let name = Expect::Observed;
    let patch = Patch::of(seen, candidate).change("replace", "/spec/skipAnalysis", json!(on));
    let title = if on { "skip its analysis" } else { "let it look again" };
    let mut step = patch.step(title.into(), false, name.clone(), name, format!("skipAnalysis reads {on}"));
    (step.wait_first, step.closes) = (until, !on);
    step
}

fn undo(seen: &TargetState, f: &Flagger, candidate: &Hash, to: &Revision) -> Result<Vec<Step>, CannotBecause> {
    let raw = templates(seen).ok_or(CannotBecause::NothingKept)?;
    let (now, then) = (template_of(&raw, candidate), template_of(&raw, &to.hash));
    let (now, then) = now.zip(then).ok_or(CannotBecause::NothingKept)?;
    let asked = Expect::CandidateIs(to.hash.clone());
    let (done, words) = settled(seen, to);
    let template = Patch::bare(seen).test("/spec/template", "the template that was read", now).change(
        "replace",
        "/spec/template",
        then,
    );
    let path = "apis/apps/v1/namespaces/{ns}/deployments/{name}";
    let mut undo = at_tick(template.request(path, format!("undo to {}", to.version), asked, done, words), f);
    if to.hash == *seen.stable.as_ref().unwrap_or(candidate) {
        return Ok(vec![undo]);
    }
    undo.wait_first = Some(Expect::Observed);
    let over = Expect::StableIs(to.hash.clone());
    Ok(vec![skip(seen, candidate, true, None), undo, skip(seen, &to.hash, false, Some(over))])
}

fn skip_analysis(
    op: &Operation,
    seen: &TargetState,
    f: &Flagger,
    candidate: &Hash,
    stable: &Hash,
) -> Result<Plan, CannotBecause> {
    if !seen.is_moving() || seen.aborted {
        return not_now(if seen.aborted { "it was taken back" } else { "nothing moves" });
    }
    if seen.held {
        return not_now("held by a person: resume first");
    }
    let revision = seen.revision(candidate).ok_or(CannotBecause::Gone)?;
    let (done, words) = settled(seen, revision);
    let mut on = at_tick(skip(seen, candidate, true, None), f);
    (on.done_when, on.done_words) = (done.clone(), words.into());
    let said = Said {
        primitive: Primitive::SkipAnalysis,
        why: "its analysis is skipped: the next tick gives everyone the new version",
        sentence: format!("Everyone gets {}, without the checks that are left.", revision.version),
        from: stable.clone(),
        to: candidate.clone(),
        cautions: vec!["while it is skipped nothing takes a failing version back by itself".into()],
    };
    Ok(made(op, said, vec![on, skip(seen, candidate, false, Some(Expect::StableIs(candidate.clone())))]))
}
