//! The ways back of a Canary. In flight: its rollback hook, else its own count of
//! failures set to the threshold. Otherwise the target's template goes back; what Flagger makes of that depends on the
//! phase, and is said. Pure.

use super::gates::Tester;
use super::pause::unsuspend;
use super::plan::{Read, Story, given_up, not_now, outlived, phases};
use super::versions::original;
use crate::backends::kubernetes::dto::ReplicaSet;
use crate::backends::kubernetes::wire::{SetRow, set_row};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Step};
use crate::core::id::Hash;
use crate::core::world::target::Strategy;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn roll_back(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    // What is promoted goes by two names: the primary's, and that of the target's own template.
    let own_name = s.stable.as_ref().and_then(|h| original(h, &rows(r, &r.target), &rows(r, &r.primary)));
    let promoted = |to: &&Hash| s.stable.as_ref() == Some(*to) || (s.is_moving() && own_name.as_ref() == Some(*to));
    let chosen = op.back_to.as_ref().filter(|to| !promoted(to));
    match (r.phase(), chosen) {
        ("Terminating" | "Terminated", _) => not_now("the Canary is being deleted"),
        ("" | "Initializing", _) => Err(CannotBecause::NothingKept),
        ("Progressing" | "WaitingPromotion", None) => Ok(in_flight(op, r)),
        (_, None) if s.is_moving() => settle(op, r),
        (_, chosen) => {
            let to = match chosen {
                Some(to) => to.clone(),
                None => s.previous().map(|p| p.hash.clone()).ok_or(CannotBecause::NothingKept)?,
            };
            again(op, r, &to, &to)
        }
    }
}

fn stays(version: &str) -> Arc<str> {
    format!("Sessions issued and rows written by {version} stay as they are.").into()
}

/// Rolled back by Flagger, and every user on the stable version.
fn failed(r: &Read<'_>) -> (Expect, String) {
    let s = r.seen;
    let mut all = vec![phases(&["Failed"]), Expect::WeightIs(0)];
    // A target without ReplicaSets shows no pods of any version.
    all.extend(s.candidate.clone().filter(|h| s.revision(h).is_some()).map(Expect::NoneServing));
    let mut words = format!("flagger says Failed, no pod of {} exists", r.candidate());
    if let Some(stable) = s.stable.clone().filter(|h| s.revision(h).is_some()) {
        words.push_str(&format!(" and {} of {} are ready", s.wanted, r.v(Some(&stable))));
        all.push(Expect::ReadyOf { hash: stable, n: s.wanted });
    }
    (Expect::All(all), words)
}

fn in_flight(op: &Operation, r: &Read<'_>) -> Plan {
    let s = r.seen;
    let (from, to) = (r.candidate(), r.v(s.stable.as_ref()));
    let hook = r.tester("rollback").0;
    let mut cautions: Vec<Arc<str>> = Vec::new();
    let mut steps = match &hook {
        Some(t) => by_hook(r, t),
        None => by_force(r),
    };
    if r.flagger.skip_analysis {
        steps.insert(0, check_again(r));
        cautions.push("skipAnalysis is on: a tick before the first request is stored still promotes it".into());
    }
    if hook.is_none() {
        cautions.push(
            "a tick that runs just now may write over the count: if it is not Failed after two ticks, do it again"
                .into(),
        );
    } else {
        cautions.push("until the hook is closed again every release of this canary would be rolled back".into());
    }
    let unready = s.candidate_revision().is_some_and(|v| v.replicas.ready < v.replicas.wanted);
    if unready {
        cautions.push(
            format!(
                "pods of {from} are not ready: flagger looks at nothing else until they are, or its progress deadline of \
                 {} s has passed; then it rolls back by itself",
                r.deadline() / 1000
            )
            .into(),
        );
    }
    if s.strategy == Strategy::Canary && r.phase() == "WaitingPromotion" && r.flagger.failed_checks > 0 {
        cautions.push("its checks go on while it waits, and may roll it back first".into());
    }
    if let Some(git) = &s.git {
        cautions.push(format!("{} ({}) still asks for {from}: revert it there too", git.tool, git.what).into());
    }
    let held = if s.held { ", and the hold ends so that it is seen" } else { "" };
    let first =
        if r.flagger.skip_analysis { "skipAnalysis goes off first, else the next tick promotes it; " } else { "" };
    let story = Story {
        primitive: if hook.is_some() { Primitive::RollbackGate } else { Primitive::ForceFailure },
        why: match &hook {
            Some(t) => {
                format!(
                    "in flight: {first}its rollback hook ({}.{}) makes flagger go back{held}",
                    t.service, t.namespace
                )
            }
            None => format!(
                "in flight and no rollback hook of ours: {first}failed checks at the threshold make flagger go back{held}"
            ),
        },
        sentence: format!("Users of {} get {to} again within {} s; {from} goes away.", s.id.name, r.flagger.interval),
        not_undone: vec![
            format!("The target still asks for {from}: a retry or a new commit starts again.").into(),
            stays(&from),
        ],
        cautions,
    };
    r.plan(op, s.stable.clone(), story, steps)
}

/// What is stored under a hold is looked at when the hold ends; somebody else may have ended it.
fn stored() -> (Expect, String) {
    let when = Expect::Any(vec![Expect::HeldIs(true), phases(&["Failed"])]);
    (when, "it is stored; flagger looks when the hold ends".to_owned())
}

/// A tick looks at `skipAnalysis` before the rollback hook and before its count of failures: true, it promotes what is to
/// go back.
fn check_again(r: &Read<'_>) -> Step {
    let mut ops = r.identity();
    ops.push(json!({"op": "add", "path": "/spec/skipAnalysis", "value": false}));
    r.patch("check again", "", &ops, (Expect::PromotingFullIs(false), "its analysis is no longer skipped".to_owned()))
}

fn by_hook(r: &Read<'_>, t: &Tester) -> Vec<Step> {
    // The switch knows no version: open, it would roll back the next one as well.
    let over = outlived(r.seen, phases(&["Failed"]));
    let rolled_back = (over.clone(), "flagger has rolled back, or this version is over".to_owned());
    let mut steps = Vec::new();
    if r.seen.held {
        let (held, words) = stored();
        let held = Expect::Any(vec![held, over.clone()]);
        steps.push(r.switch("open the rollback hook", t, true, (held.clone(), words)));
        let mut end = unsuspend(r, rolled_back.clone());
        end.wait_first = Some(held);
        steps.push(end);
    } else {
        steps.push(r.switch("open the rollback hook", t, true, rolled_back));
    }
    let mut close = r.switch("close the rollback hook", t, false, failed(r));
    close.wait_first = Some(over.clone());
    close.seen_when = over;
    close.refused_when = Some(given_up(r.seen, &["Promoting", "Finalising", "Succeeded"]));
    close.closes = true;
    steps.push(close);
    steps
}

fn by_force(r: &Read<'_>) -> Vec<Step> {
    let mut ops = r.identity();
    ops.push(json!({"op": "add", "path": "/status/failedChecks", "value": r.flagger.threshold}));
    let rolled_back = phases(&["Failed"]);
    let title = "fail its checks";
    if r.seen.held {
        let mut end = unsuspend(r, failed(r));
        end.wait_first = Some(stored().0);
        end.seen_when = rolled_back;
        return vec![r.patch(title, "/status", &ops, stored()), end];
    }
    let mut step = r.patch(title, "/status", &ops, failed(r));
    step.seen_when = rolled_back;
    vec![step]
}

/// The rows of a workload's ReplicaSets.
fn rows(r: &Read<'_>, work: &Value) -> Vec<SetRow> {
    let uid = work.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or("");
    let row = |v: &Value| set_row(&serde_json::from_value::<ReplicaSet>(v.clone()).ok()?);
    r.sets.iter().filter_map(row).filter(|s| *s.owner == *uid).collect()
}

/// The pod template of a kept ReplicaSet of the target, as the target must carry it: the server's own label is out, and
/// then it is byte for byte what was promoted, which is how Flagger knows it.
fn template(r: &Read<'_>, hash: &Hash) -> Option<(Value, Option<Value>)> {
    let uid = r.target.pointer("/metadata/uid")?;
    let own = |v: &&Value| {
        let owners = v.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        v.pointer("/metadata/labels/pod-template-hash").and_then(Value::as_str) == Some(hash.as_str())
            && owners.is_some_and(|o| o.iter().any(|o| o.get("uid") == Some(uid)))
    };
    let set = r.sets.iter().find(own)?;
    let mut t = set.pointer("/spec/template").filter(|t| t.is_object())?.clone();
    if let Some(labels) = t.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    Some((t, set.pointer("/metadata/annotations/kubernetes.io~1change-cause").cloned()))
}

/// The target by its uid, and its template as it was read.
pub fn target_guards(r: &Read<'_>) -> Result<Vec<Value>, CannotBecause> {
    let kind = r.seen.detail.workload.as_ref().map_or("", |w| &*w.kind);
    let value = |path: &str| r.target.pointer(path).cloned();
    let (Some(uid), Some(template)) = (value("/metadata/uid"), value("/spec/template")) else {
        return not_now(&match kind {
            "Deployment" | "DaemonSet" => "its target could not be read".to_owned(),
            kind => format!("its target is a {kind}: it has no pod template that andon could change"),
        });
    };
    Ok(vec![
        json!({"op": "test", "path": "/metadata/uid", "value": uid}),
        json!({"op": "test", "path": "/spec/template", "value": template}),
    ])
}

/// The one request that puts a kept template back.
fn put_back(r: &Read<'_>, hash: &Hash, good: &str, when: (Expect, String)) -> Result<Step, CannotBecause> {
    if r.seen.detail.workload.as_ref().is_some_and(|w| &*w.kind == "DaemonSet") {
        return not_now(
            "its target is a DaemonSet, which flagger stops through its template: set the old image there, or in git",
        );
    }
    let mut ops = target_guards(r)?;
    let Some((template, cause)) = template(r, hash) else { return Err(CannotBecause::NothingKept) };
    ops.push(json!({"op": "replace", "path": "/spec/template", "value": template}));
    if let (Some(cause), Some(_)) = (cause, r.target.pointer("/metadata/annotations")) {
        ops.push(json!({"op": "add", "path": "/metadata/annotations/kubernetes.io~1change-cause", "value": cause}));
    }
    Ok(r.patch_target(&format!("undo to {good}"), &ops, when))
}

pub fn git_caution(r: &Read<'_>) -> Option<Arc<str>> {
    let git = r.seen.git.as_ref()?;
    Some(
        format!(
            "{} ({}) may still ask for {} and take this back: revert it there too",
            git.tool,
            git.what,
            r.candidate()
        )
        .into(),
    )
}

const CONFIG: &str = "the whole old template goes back: ConfigMaps and Secrets it names may have changed";

/// The target asks for what is promoted again. That is no change for Flagger: nothing is analysed.
fn settle(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    let Some(stable) = s.stable.clone() else { return Err(CannotBecause::NothingKept) };
    target_guards(r)?;
    let to = original(&stable, &rows(r, &r.target), &rows(r, &r.primary)).ok_or(CannotBecause::NothingKept)?;
    if s.candidate.as_ref() == Some(&to) {
        return not_now("the target asks for the promoted version already");
    }
    let (bad, good) = (r.candidate(), r.v(Some(&stable)));
    let mut cautions: Vec<Arc<str>> = vec![CONFIG.into()];
    cautions.extend(git_caution(r));
    let asked = Expect::CandidateIs(to.clone());
    let name = &s.id.name;
    let serving = r.seen.weight_real.is_some_and(|w| w > 0);
    let (when, words, why, sentence) = match r.phase() {
        "Failed" if serving => (
            // Its pods serve everybody: they are replaced where they stand.
            Expect::All(
                [Some(asked.clone()), s.candidate.clone().map(Expect::NoneServing)].into_iter().flatten().collect(),
            ),
            format!("no pod of {bad} exists and the target runs {good}"),
            "not rolled back: users are on the target's own pods, so these go back, as a Deployment does".to_owned(),
            format!("Users of {name} get {good} again, from the canary's pods; its primary stays as it is."),
        ),
        "Failed" => (
            Expect::All(vec![
                Expect::AbortedIs(false),
                Expect::Not(Box::new(Expect::CandidateIs(s.candidate.clone().unwrap_or_else(|| to.clone())))),
            ]),
            format!("the target asks for {good}, and nothing is left to retry"),
            "rolled back already: users are on the primary, and the target is made to agree".to_owned(),
            format!("{name} asks for {good} again; users notice nothing."),
        ),
        "Waiting" => {
            cautions.push(
                "flagger keeps waiting at its gate: when that opens it analyses the promoted version once more".into(),
            );
            (
                asked,
                format!("the target asks for {good}"),
                "its gate is closed and the new version has no traffic: the target asks for the old one again"
                    .to_owned(),
                format!("{bad} of {name} will not start; users stay on {good}."),
            )
        }
        "Promoting" | "Finalising" => return again(op, r, &to, &stable),
        _ => (
            Expect::Not(Box::new(Expect::CandidateIs(s.candidate.clone().unwrap_or_else(|| to.clone())))),
            format!("the target asks for {good}"),
            "flagger has not begun with the new template: the target asks for the old one again".to_owned(),
            format!("{bad} of {name} will not start; users stay on {good}."),
        ),
    };
    let story = Story { primitive: Primitive::Undo, why, sentence, not_undone: vec![stays(&bad)], cautions };
    let step = put_back(r, &to, &good, (when, words))?;
    // The plan leads to what users are on; the target's own name for it stands in the request.
    Ok(r.plan(op, Some(stable), story, vec![step]))
}

/// Back to a version that is not the promoted one: for Flagger that is a new release, with all its checks. `to`: the
/// target's set with its template; `shown`: what the version is called by.
fn again(op: &Operation, r: &Read<'_>, to: &Hash, shown: &Hash) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if s.candidate.as_ref() == Some(to) {
        return Err(CannotBecause::NotNow(format!("{} is what is asked for already", r.v(Some(to))).into()));
    }
    let (from, name) = (r.candidate(), &s.id.name);
    let good = r.v(Some(shown));
    let mut all = vec![phases(&["Succeeded"]), Expect::Not(Box::new(Expect::CandidateIs(to.clone())))];
    // The primary gets the template into a set of its own: another one than now is the new one.
    all.extend(s.stable.clone().map(|h| Expect::Not(Box::new(Expect::StableIs(h)))));
    // While another promotion ends the primary gets that one's template first; and to be promoted is not to serve.
    all.extend(r.serves(shown));
    let when = (Expect::All(all), format!("flagger has promoted {good}, and {} of it are ready", s.wanted));
    let mut step = put_back(r, to, &good, when)?;
    step.seen_when = Expect::CandidateIs(to.clone());
    // A failure of before stays until flagger has begun with this one.
    let begun = Expect::Not(Box::new(Expect::AppliedIs(r.flagger.last_applied.clone())));
    step.refused_when = Some(Expect::All(vec![Expect::AbortedIs(true), Expect::CandidateIs(to.clone()), begun]));
    let ticks = i64::try_from(s.steps.len()).unwrap_or(10).saturating_add(4);
    let at_best = ticks.saturating_mul(r.tick());
    step.settled_by = at_best.saturating_add(r.deadline().saturating_mul(2));
    let mut cautions: Vec<Arc<str>> = vec![
        format!(
            "for flagger this is a new release: {good} goes through all checks, {} at best; users keep {from} until then \
             (promote full skips the checks once it has begun)",
            crate::core::age::span(at_best)
        )
        .into(),
    ];
    if r.flagger.gates.iter().any(|g| g.kind.starts_with("confirm")) {
        cautions.push("its gates stand on this way too".into());
    }
    if s.held {
        cautions.push("it is held: nothing begins before a resume".into());
    }
    if matches!(r.phase(), "Promoting" | "Finalising") {
        cautions.push(format!("flagger ends the promotion of {from} first; it sees this afterwards").into());
    }
    if op.back_to.is_none() {
        cautions.push(
            format!("{good} is the version promoted before; whether it was good, the server does not say").into(),
        );
    }
    cautions.push(CONFIG.into());
    cautions.extend(git_caution(r));
    let story = Story {
        primitive: Primitive::Undo,
        why: if s.is_moving() {
            "another version than the stable one: the target asks for it"
        } else {
            "promoted: undo of the target"
        }
        .into(),
        sentence: format!("{name} asks for {good} again; users get it when flagger has checked and promoted it."),
        not_undone: vec![stays(&from)],
        cautions,
    };
    Ok(r.plan(op, Some(shown.clone()), story, vec![step]))
}
