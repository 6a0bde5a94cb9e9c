//! Undo: the spec asks for a kept template again, with the end of a hold in the same request; promoted fully afterwards
//! where the controller would run the steps. Pure. What the template must look like: `template`.

use super::abort::{inside_window, stays};
use super::asked::Asked;
use super::forward::taken_up;
use super::home::Home;
use super::plan::{Done, Read, Story};
use crate::backends::kubernetes::template::stripped;
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Step};
use crate::core::id::Hash;
use crate::core::world::target::Strategy;
use serde_json::{Value, json};
use std::sync::Arc;

/// `instead`: why this and not an abort, in flight. `asked`: what it goes back from.
pub fn undo(
    op: &Operation,
    r: &Read<'_>,
    asked_for: &Asked,
    to: &Hash,
    instead: Option<&str>,
) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    let home = Home::of(r, asked_for)?;
    let label = "/metadata/labels/rollouts-pod-template-hash";
    let set = r.sets.iter().find(|v| {
        v.pointer(label).and_then(Value::as_str) == Some(to.as_str())
            && v.pointer("/metadata/annotations/experiment.argoproj.io~1name").is_none()
    });
    let Some(template) = set.and_then(stripped) else {
        return Err(CannotBecause::NothingKept);
    };
    let from = asked_for.version(r).cloned();
    let (from_name, to_name) = (from.as_ref().map_or_else(|| "the newest template".into(), |h| r.v(h)), r.v(to));
    let (settled, words) = everywhere(r, to);
    let (quick, primitive, why) = quick(r, to, set, instead);
    let mut ops = home.patch(&template);
    let title = format!("undo to {to_name}");
    let asked_words = format!("the controller asks for {to_name}");
    let mut steps: Vec<Step> = Vec::new();
    // Another hash than either: the controller did not know the template again and starts a new version of it.
    // Where it has not named the version asked for, it may name that first.
    let refused = (*asked_for == Asked::Seen).then(|| {
        Expect::All(vec![
            Expect::Not(Box::new(Expect::CandidateIs(to.clone()))),
            Expect::Not(Box::new(Expect::CandidateIs(r.candidate.clone()))),
        ])
    });
    let last = (settled, words);
    let mut wait = match home.elsewhere() {
        None => {
            if s.held {
                // Under a pause an undo only looks done: both in one request (2.7).
                ops.push(json!({"op": "add", "path": "/spec/paused", "value": false}));
            }
            let asked = Expect::All(vec![Expect::CandidateIs(to.clone()), Expect::Observed]);
            // What was so before the controller has looked at this template says nothing of it.
            let looked = |e: Expect| Expect::All(vec![Expect::Observed, e]);
            let (when, words) =
                if quick { (looked(last.0.clone()), last.1.clone()) } else { (asked.clone(), asked_words) };
            let step = r.step(title, "", &ops, asked.clone(), Done { wait_first: None, when, words });
            steps.push(Step { refused_when: refused, ..step });
            asked
        }
        Some(path) => {
            // The answer's generation is the other object's: what shows is the hash the controller makes of it.
            let asked = Expect::CandidateIs(to.clone());
            let (when, words) = if quick && !s.held { last.clone() } else { (asked.clone(), asked_words) };
            let step = r.step_at(title, path, &ops, asked.clone(), Done { wait_first: None, when, words });
            steps.push(Step { refused_when: refused, ..step });
            asked
        }
    };
    if s.held && home.elsewhere().is_some() {
        let (step, free) = end_the_hold(r, to, Some(wait), quick.then(|| last.clone()));
        steps.push(step);
        wait = free;
    }
    if !quick {
        steps.push(promote_fully(r, to, Done { wait_first: Some(wait), when: last.0, words: last.1 }));
    }
    let mut cautions: Vec<Arc<str>> = Vec::new();
    if s.is_moving() && s.stable.as_ref() != Some(to) {
        let stable = s.stable.as_ref().map(|h| r.v(h)).unwrap_or_default();
        cautions.push(format!("a change is under way: an abort would bring {stable} back at once").into());
    }
    if s.stable.as_ref() != Some(to) && !op.chosen {
        cautions.push(
            format!("{to_name} is the previous version kept; whether it was good, the server does not say").into(),
        );
    }
    if home.elsewhere().is_some() {
        cautions.push(format!("the template lives in {}: that is what is changed", home.word).into());
    }
    if let Some(git) = &s.git {
        cautions.push(
            format!(
                "{} ({}) still asks for {from_name} and may take this back: revert it there too",
                git.tool, git.what
            )
            .into(),
        );
    }
    cautions.push("the whole old template goes back: ConfigMaps and Secrets it names may have changed".into());
    let story = Story {
        primitive,
        why,
        sentence: if primitive == Primitive::SwitchBack {
            format!("Users of {} are switched back to {to_name}; {from_name} goes away.", s.id.name)
        } else {
            let past = if quick { "" } else { ", without waiting at the steps" };
            format!("{} asks for {to_name} again; {from_name} goes away{past}.", s.id.name)
        },
        not_undone: vec![stays(&from_name)],
        cautions,
    };
    Ok(Plan { from, ..r.plan(op, to, story, steps) })
}

/// One version is stable and no pod of another one is left; blue/green: users are on it.
fn everywhere(r: &Read<'_>, to: &Hash) -> (Expect, String) {
    let s = r.seen;
    let mut all = vec![Expect::CandidateIs(to.clone()), Expect::StableIs(to.clone())];
    let (only, words) = if s.strategy == Strategy::BlueGreen {
        // Pods of the other colour linger by design.
        (Expect::ActiveIs(to.clone()), "the active service selects it")
    } else {
        (Expect::OnlyServing(to.clone()), "no pod of another version exists")
    };
    all.push(only);
    all.push(Expect::AllReadyOf(to.clone()));
    (Expect::All(all), format!("{} is stable, {} of it are ready and {words}", r.v(to), s.wanted))
}

/// No step waits for it any more.
fn promote_fully(r: &Read<'_>, to: &Hash, done: Done) -> Step {
    let mut ops = r.guards(to);
    ops.push(json!({"op": "add", "path": "/status/promoteFull", "value": true}));
    let (seen, early) = taken_up(r, to.clone());
    let step = r.step(format!("promote {} fully", r.v(to)), "/status", &ops, seen, done);
    // Where nothing shows before its pods are ready, that is when it is seen.
    Step { seen_by: if early { step.seen_by } else { step.settled_by }, ..step }
}

/// `to` is asked for already. The step, and what shows that it is done.
fn end_the_hold(r: &Read<'_>, to: &Hash, wait_first: Option<Expect>, last: Option<(Expect, String)>) -> (Step, Expect) {
    let mut ops = r.guards(to);
    ops.push(json!({"op": "add", "path": "/spec/paused", "value": false}));
    let free = Expect::All(vec![Expect::HeldIs(false), Expect::Observed]);
    let (when, words) = last.unwrap_or_else(|| (free.clone(), "the hold is gone".into()));
    let step = r.step("end the hold".into(), "", &ops, free.clone(), Done { wait_first, when, words });
    (step, free)
}

/// The rest of an undo that was cut half-way.
pub fn finish(op: &Operation, r: &Read<'_>, to: &Hash) -> Plan {
    let s = r.seen;
    let (settled, words) = everywhere(r, to);
    let mut steps = Vec::new();
    let mut wait_first = None;
    if s.held {
        let (step, free) = end_the_hold(r, to, None, None);
        steps.push(step);
        wait_first = Some(free);
    }
    steps.push(promote_fully(r, to, Done { wait_first, when: settled, words }));
    let (bad, good) = (s.stable.as_ref().map(|h| r.v(h)).unwrap_or_default(), r.v(to));
    let mut cautions: Vec<Arc<str>> = Vec::new();
    if let Some(git) = &s.git {
        let text =
            format!("{} ({}) may still ask for {bad} and take this back: revert it there too", git.tool, git.what);
        cautions.push(text.into());
    }
    let story = Story {
        primitive: Primitive::Undo,
        why: format!("{good} is asked for already; what is missing is that no step waits"),
        sentence: format!("{} goes to {good} without waiting at the steps; {bad} goes away.", s.id.name),
        not_undone: vec![stays(&bad)],
        cautions,
    };
    Plan { from: s.stable.clone(), ..r.plan(op, to, story, steps) }
}

/// Does the controller skip the steps by itself? And what this is called, and why this way, for the dialog.
fn quick(r: &Read<'_>, to: &Hash, set: Option<&Value>, instead: Option<&str>) -> (bool, Primitive, String) {
    let s = r.seen;
    if s.stable.as_ref() == Some(to) {
        let why = match instead {
            Some(why) => format!("{why}; the stable template, asked for again, settles it at once"),
            None => "aborted: the stable template settles it at once".into(),
        };
        return (true, Primitive::Undo, why);
    }
    if s.steps.is_empty() && s.strategy == Strategy::Canary {
        return (true, Primitive::Undo, "undo; there are no steps to run".into());
    }
    let deadline = set
        .and_then(|v| v.pointer("/metadata/annotations/scale-down-deadline")?.as_str())
        .and_then(|t| super::phase::utc(Some(&t.into())));
    if s.strategy == Strategy::BlueGreen && deadline.is_some_and(|d| d > s.read_at) {
        let why = "promoted, and the old pods are still warm: users are switched back without a pause";
        return (true, Primitive::SwitchBack, why.into());
    }
    if inside_window(r, to) {
        return (true, Primitive::Undo, "promoted, inside the rollback window: undo skips the steps".into());
    }
    let state = if s.is_moving() { "in flight, to a chosen version" } else { "promoted" };
    let why = format!("{state}: undo to the kept template, then promote it fully so that no step waits");
    (false, Primitive::Undo, why)
}
