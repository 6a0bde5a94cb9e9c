//! Which way back is the right one, and the abort: in flight, the controller sends traffic back to stable. Pure.
//! Where it is known to do nothing (kubernetes-rollouts 2.4) the spec asks for stable instead: `undo`.

use super::asked::{Asked, asked};
use super::phase;
use super::plan::{Done, Read, Story};
use super::undo::{finish, undo};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Step};
use crate::core::id::Hash;
use crate::core::world::target::{Strategy, TargetState};
use serde_json::{Value, json};
use std::sync::Arc;

/// What the controller waits for when nothing is said, before it takes an aborted canary's pods away (kubernetes-rollouts 2.4).
const LINGER_SECS: i64 = 30;

pub fn roll_back(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    let asked = asked(r);
    let now = asked.version(r);
    let moving = now != s.stable.as_ref();
    let to = match (&op.back_to, &s.stable) {
        (Some(pinned), _) => pinned.clone(),
        (None, Some(stable)) if moving => stable.clone(),
        // Somebody went back already: one version more would be one too many.
        (None, Some(stable)) if asked != Asked::Seen => stable.clone(),
        (None, Some(_)) => s.previous().map(|p| p.hash.clone()).ok_or(CannotBecause::NothingKept)?,
        // A first deploy: nothing was ever good.
        (None, None) => return Err(CannotBecause::NothingKept),
    };
    // Asked for already and still rolling out, after an undo whose second step never left: only that step is missing.
    let seen = asked == Asked::Seen;
    if seen
        && to == r.candidate
        && op.back_to.is_some()
        && s.stable.as_ref() != Some(&to)
        && s.is_moving()
        && !s.aborted
    {
        return Ok(finish(op, r, &to));
    }
    if now == Some(&to) {
        let yet = if seen { "" } else { "; the controller has not looked at it yet" };
        return Err(CannotBecause::NotNow(format!("{} is what is asked for already{yet}", r.v(&to)).into()));
    }
    if s.stable.as_ref() == Some(&to) && !s.aborted {
        // A template it has not looked at ends an abort and begins anew.
        let why =
            if seen { does_nothing(r) } else { Some("the controller has not looked at the newest template".into()) };
        return match why {
            // Without the kept template an abort is all there is.
            Some(why) => undo(op, r, &asked, &to, Some(&why))
                .or_else(|none| if s.is_moving() { Ok(abort(op, r, &to, Some(&why))) } else { Err(none) }),
            None => Ok(abort(op, r, &to, None)),
        };
    }
    undo(op, r, &asked, &to, None)
}

/// Why an abort would be accepted and leave users where they are.
fn does_nothing(r: &Read<'_>) -> Option<String> {
    let s = r.seen;
    if s.strategy == Strategy::BlueGreen && s.weight_real == Some(100) {
        let available = s.candidate_revision().map_or(0, |v| v.replicas.available);
        if available < s.wanted {
            return Some(format!(
                "users are on the new version and {} of its {} pods are not available: an abort would not switch back",
                s.wanted - available,
                s.wanted
            ));
        }
    }
    if inside_window(r, &r.candidate) {
        return Some("a rollback inside its rollback window runs: the controller would drop an abort".into());
    }
    None
}

/// A version older than stable, with fewer others born between them than the window allows: no steps, no abort.
pub fn inside_window(r: &Read<'_>, older: &Hash) -> bool {
    let s = r.seen;
    let window = r.rollout.pointer("/spec/rollbackWindow/revisions").and_then(Value::as_i64);
    let born = s.revision(older).and_then(|v| v.created);
    let stable = s.stable_revision().and_then(|v| v.created);
    let (Some(window), Some(born), Some(stable)) = (window, born, stable) else { return false };
    let between = s.revisions.iter().filter(|v| v.created.is_some_and(|c| c > born && c < stable)).count();
    born < stable && i64::try_from(between).is_ok_and(|n| n < window)
}

/// In flight: the controller sends traffic back to stable; the spec still asks for the candidate. `weak`: why it may do
/// nothing, where nothing better can be sent.
fn abort(op: &Operation, r: &Read<'_>, stable: &Hash, weak: Option<&str>) -> Plan {
    let s = r.seen;
    let mut ops = r.guards(&r.candidate);
    if s.promoting_full {
        // While the flag stands the controller drops every abort.
        ops.push(json!({"op": "add", "path": "/status/promoteFull", "value": false}));
    }
    ops.push(json!({"op": "add", "path": "/status/abort", "value": true}));
    let aborted = Expect::Any(vec![Expect::AbortedIs(true), Expect::CandidateIs(stable.clone())]);
    let (settled, words) = back_on(r, stable);
    let first = if s.held {
        (aborted.clone(), "the controller has aborted".to_owned())
    } else {
        (settled.clone(), words.clone())
    };
    let step = r.step(
        "abort".into(),
        "/status",
        &ops,
        aborted.clone(),
        Done { wait_first: None, when: first.0, words: first.1 },
    );
    // Promoted fully before it was looked at: the controller clears the flag and nothing changes.
    let mut steps = vec![Step { refused_when: Some(Expect::StableIs(r.candidate.clone())), ..step }];
    if s.held {
        // In this order: the abort is already set when the unpause is seen, so the steps never run on.
        let mut ops = r.guards(&r.candidate);
        ops.push(json!({"op": "add", "path": "/spec/paused", "value": false}));
        steps.push(r.step(
            "end the hold".into(),
            "",
            &ops,
            Expect::All(vec![Expect::HeldIs(false), Expect::Observed]),
            Done { wait_first: Some(aborted), when: settled, words },
        ));
    }
    let (from, to) = (r.v(&r.candidate), r.v(stable));
    let mut cautions: Vec<Arc<str>> = weak.map(Arc::from).into_iter().collect();
    if r.is_set("/status/abort") {
        cautions.push("an abort is stored already; the controller has not reacted to it".into());
    }
    if s.promoting_full {
        cautions.push("a full promotion is under way: it is stopped in the same request".into());
    }
    if s.strategy == Strategy::BlueGreen && s.weight_real == Some(100) && weak.is_none() {
        cautions.push(
            "the active service was switched already: should a new pod become unready now, the controller does not \
             switch back; roll back again then"
                .into(),
        );
    }
    if let Some(git) = &s.git {
        cautions.push(format!("{} ({}) still asks for {from}: revert it there too", git.tool, git.what).into());
    }
    let story = Story {
        primitive: Primitive::Abort,
        why: if s.held {
            "in flight and held: abort sends traffic back to stable, then the hold ends so that pods can follow"
        } else {
            "in flight: abort sends traffic back to stable"
        }
        .into(),
        sentence: format!("Users of {} get {to} again; {from} goes away.", s.id.name),
        not_undone: vec![
            format!("The spec still asks for {from}: a retry or a new commit starts again.").into(),
            stays(&from),
        ],
        cautions,
    };
    r.plan(op, stable, story, steps)
}

pub fn stays(version: &str) -> Arc<str> {
    format!("Sessions issued and rows written by {version} stay as they are.").into()
}

/// No traffic and no replica of the candidate, where the object lets its pods go; else no traffic.
fn back_on(r: &Read<'_>, stable: &Hash) -> (Expect, String) {
    let s: &TargetState = r.seen;
    let delay = |strategy: &str| {
        r.rollout.pointer(&format!("/spec/strategy/{strategy}/abortScaleDownDelaySeconds")).and_then(Value::as_i64)
    };
    let dto = serde_json::from_value(r.rollout.clone()).unwrap_or_default();
    let (from, to) = (r.v(&r.candidate), r.v(stable));
    let ready = format!("{} of {to} are ready", s.wanted);
    let (gone, words) = match s.strategy {
        // Pods of the other colour linger by design: users are where the active service points.
        Strategy::BlueGreen => {
            let linger = match delay("blueGreen") {
                Some(0) => "stay: abortScaleDownDelaySeconds is 0".to_owned(),
                Some(s) => format!("go after {s} s"),
                None => "go after 30 s".to_owned(),
            };
            (
                Expect::ActiveIs(stable.clone()),
                format!("the active service selects {to} and {ready} (pods of {from} {linger})"),
            )
        }
        // With a router the weight is what users get; where the object keeps the pods for good, or for longer than a person
        // would wait, they are not waited for. Else they are: a weight of 0 is what the controller asked its router for.
        Strategy::Canary if phase::routed(&dto) && delay("canary").is_some_and(|s| s == 0 || s > LINGER_SECS) => {
            let linger = match delay("canary") {
                Some(s) if s > 0 => format!("its pods go after {s} s"),
                Some(_) | None => "its pods stay: abortScaleDownDelaySeconds is 0".to_owned(),
            };
            let none = Expect::Any(vec![Expect::WeightIs(0), Expect::NoneServing(r.candidate.clone())]);
            (none, format!("{from} gets no traffic ({linger}) and {ready}"))
        }
        Strategy::Canary
        | Strategy::Rolling
        | Strategy::Ordered
        | Strategy::PerNode
        | Strategy::AbTest
        | Strategy::Reconciled
        | Strategy::Other(_) => {
            (Expect::NoneServing(r.candidate.clone()), format!("no pod of {from} exists and {ready}"))
        }
    };
    let when = Expect::All(vec![
        Expect::Any(vec![Expect::AbortedIs(true), Expect::CandidateIs(stable.clone())]),
        gone,
        Expect::AllReadyOf(stable.clone()),
    ]);
    (when, words)
}
