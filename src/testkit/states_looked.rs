//! The named states of what is looked into: evidence, log lines, the raw object, and the way back.

use super::picture::Picture;
use super::states::at;
use super::stories::worse;
use super::world::World;
use crate::core::effect::{Effect, Question};
use crate::core::id::{Hash, TargetId};
use crate::core::msg::Msg;
use crate::core::time::Utc;
use crate::core::world::evidence::{Event, Evidence, Instance, LogChunk, LogText, LogsOf, Raw, Track};
use crate::core::world::fact::Fact;
use crate::core::world::source::{SourceError, Trouble};
use crate::core::world::target::Trouble as Counted;
use crate::core::world::wayback::{Check, CheckState, WayBack};
use std::sync::Arc;

pub(super) fn looked() -> Vec<Picture> {
    let mut all = evidence_states();
    all.extend(lines_states());
    all.extend(back_states());
    all
}

fn sized(path: &'static str, caption: &'static str, size: (u16, u16), make: fn() -> World) -> Picture {
    Picture { path, caption, size, make }
}

fn evidence_states() -> Vec<Picture> {
    vec![
        at("evidence/trouble", "Evidence: the worst pod first, what happened to it, and what was not read.", trouble),
        at("evidence/chosen", "Another pod is chosen; the healthy ones are counted.", || {
            let mut w = trouble();
            w.keys("j");
            w
        }),
        at("evidence/empty", "No pods and no events that matter: said, not blank.", || {
            let mut w = worse();
            w.keys("e");
            let e = bare(&w);
            answered(&mut w, Ok(vec![Fact::Evidence(Box::new(e))]));
            w
        }),
        at("evidence/reading", "The question has no answer yet.", || {
            let mut w = worse();
            w.keys("e");
            w
        }),
        at("evidence/failing", "The source does not answer: why, and the last reading with its age.", || {
            let mut w = trouble();
            w.wait(14_000);
            let error = SourceError::new(Trouble::Timeout, "to read checkout: no answer from eu-1 in 5 s");
            answered(&mut w, Err(error));
            w
        }),
        at("evidence/stale", "Nothing came for half a minute: what is shown is old, and says so.", || {
            let mut w = trouble();
            w.wait(41_000);
            w
        }),
        at("evidence/limited", "A login that may read little: each part that is missing names its right.", || {
            let mut w = worse();
            w.keys("e");
            let mut e = bare(&w);
            e.unread = vec![
                "pods: needs the right `list pods` in shop".into(),
                "events: needs the right `list events` in shop".into(),
            ];
            answered(&mut w, Ok(vec![Fact::Evidence(Box::new(e))]));
            w
        }),
        sized("layout/evidence-60x15", "Evidence in a small window.", (60, 15), trouble),
        sized("layout/evidence-120x40", "Evidence with more room: names and notes in full.", (120, 40), trouble),
    ]
}

fn lines_states() -> Vec<Picture> {
    vec![
        at("logs/one", "Log lines of the chosen pod, the newest at the bottom; it follows.", one),
        at("logs/both", "Candidate and stable in one stream, with a mark.", both),
        sized("logs/both-wide", "With room, candidate and stable stand side by side.", (160, 40), both),
        at("logs/back", "Scrolled back: it stands still, and says how much is newer.", || {
            let mut w = both();
            w.keys("k k k");
            more(&mut w, 40);
            w
        }),
        at("logs/previous", "The container before the last restart: that was all of it.", || {
            let mut w = one();
            w.keys("p");
            let of = w.model.interest.logs.clone();
            if let Some(of) = of {
                let texts = ["starting v2.14.1", "config loaded", "panic: runtime error: out of memory"];
                let lines = texts.iter().enumerate().map(|(n, t)| line(&w, 60 - n as i64, t)).collect();
                let mut c = chunk(&of, "checkout-5f7b9d6c84-m4zt1", Track::Candidate, 0, lines);
                c.ended = Some("that was all of it".into());
                w.fact("eu-1", Fact::Logs(Box::new(c)));
            }
            w
        }),
        at("logs/refused", "No right to read log lines: the verb is named.", || {
            let mut w = worse();
            w.keys("L");
            if let Some(of) = w.model.interest.logs.clone() {
                let mut c = chunk(&of, "checkout-5f7b9d6c84-m4zt1", Track::Candidate, 0, Vec::new());
                c.ended = Some("needs the right `get pods/log` in shop".into());
                w.fact("eu-1", Fact::Logs(Box::new(c)));
            }
            w
        }),
        at("raw/open", "The object as the server has it: who wrote what, no bookkeeping, no secrets.", raw),
    ]
}

fn back_states() -> Vec<Picture> {
    vec![
        at("readiness/verdict", "The way back is looked at all the time: what is not ok stands on Verdict.", looked_at),
        at(
            "readiness/explain",
            "Enter: every check and how it knows; what no source could tell counts for nothing.",
            || {
                let mut w = looked_at();
                w.keys("enter ctrl-d");
                w
            },
        ),
        at("readiness/dialog", "The roll-back dialog says the same before it is confirmed.", || {
            let mut w = looked_at();
            w.keys("a r").planned().flush().wait(1_100);
            w
        }),
        at("readiness/stale", "Found out too long ago: it counts as not known.", || {
            let mut w = looked_at();
            w.wait(200_000).keys("enter ctrl-d");
            w
        }),
    ]
}

/// The last question that is open gets this answer.
fn answered(w: &mut World, answer: Result<Vec<Fact>, SourceError>) {
    let open = w.effects.iter().rev().find_map(|e| match e {
        Effect::Ask { id, question: Question::Evidence(_) | Question::Raw(_), .. } => Some(*id),
        _ => None,
    });
    if let Some(id) = open {
        w.send(Msg::Asked { id, answer });
    }
}

fn target(w: &World) -> TargetId {
    w.target_id("checkout")
}

fn bare(w: &World) -> Evidence {
    Evidence {
        target: target(w),
        at: w.now(),
        instances: Vec::new(),
        events: Vec::new(),
        probes: Vec::new(),
        unread: Vec::new(),
    }
}

fn instance(w: &World, name: &str, track: Track, age: i64) -> Instance {
    Instance {
        name: name.into(),
        track,
        hash: None,
        status: "Running".into(),
        ready: (1, 1),
        restarts: 0,
        why: None,
        last_end: None,
        last_end_at: None,
        node: "ip-10-0-1-23".into(),
        created: Some(Utc(w.now().0 - age * 1000)),
        containers: vec!["checkout".into()],
        probes: Vec::new(),
    }
}

/// One canary pod crashes, one is not ready; eighteen stable ones are fine.
pub fn trouble() -> World {
    let mut w = worse();
    w.keys("e");
    let mut e = bare(&w);
    let crash = Instance {
        status: "CrashLoopBackOff".into(),
        ready: (0, 1),
        restarts: 3,
        why: Some("CrashLoopBackOff".into()),
        last_end: Some("OOMKilled (137)".into()),
        last_end_at: Some(Utc(w.now().0 - 40_000)),
        ..instance(&w, "checkout-5f7b9d6c84-m4zt1", Track::Candidate, 300)
    };
    let probe = Instance {
        ready: (0, 1),
        why: Some("Readiness probe".into()),
        probes: vec![Counted { reason: "Readiness".into(), count: 12 }],
        node: "ip-10-0-2-117".into(),
        ..instance(&w, "checkout-5f7b9d6c84-x2kq8", Track::Candidate, 300)
    };
    e.instances = vec![crash, probe];
    let stable: Vec<Instance> =
        (0..18).map(|n| instance(&w, &format!("checkout-7d9c5b8f6d-p{n:04}"), Track::Stable, 259_200 + n)).collect();
    e.instances.extend(stable);
    let event = |ago: i64, warning, reason: &str, object: &str, note: &str, count| Event {
        at: Some(Utc(w.now().0 - ago * 1000)),
        warning,
        reason: reason.into(),
        object: object.into(),
        note: note.into(),
        count,
    };
    e.events = vec![
        event(12, true, "BackOff", "Pod checkout-5f7b9d6c84-m4zt1", "Back-off restarting failed container checkout", 9),
        event(
            20,
            true,
            "Unhealthy",
            "Pod checkout-5f7b9d6c84-x2kq8",
            "Readiness probe failed: HTTP probe failed with statuscode: 500",
            12,
        ),
        event(240, false, "RolloutPaused", "Rollout checkout", "Rollout is paused (CanaryPauseStep)", 1),
        event(300, false, "RolloutUpdated", "Rollout checkout", "Rollout updated to revision 4", 1),
    ];
    e.probes = vec![
        "readinessProbe of checkout changed in this rollout: path /healthz -> path /ready".into(),
        "Readiness failed 12x on 1 pod of canary: HTTP probe failed with statuscode: 500".into(),
    ];
    answered(&mut w, Ok(vec![Fact::Evidence(Box::new(e))]));
    w
}

fn chunk(of: &LogsOf, pod: &str, track: Track, first_seq: u64, lines: Vec<LogText>) -> LogChunk {
    LogChunk {
        of: of.clone(),
        instance: pod.into(),
        container: "checkout".into(),
        track,
        first_seq,
        lines,
        dropped: 0,
        ended: None,
    }
}

fn line(w: &World, ago: i64, text: &str) -> LogText {
    LogText { at: Some(Utc(w.now().0 - ago * 1000)), text: Arc::from(text) }
}

fn one() -> World {
    let mut w = trouble();
    w.keys("L");
    if let Some(of) = w.model.interest.logs.clone() {
        let texts = (0..40).map(|n| match n % 5 {
            3 => line(&w, 80 - 2 * n, "ERROR TokenParser: unexpected claim 'sub'"),
            _ => line(&w, 80 - 2 * n, &format!("request {n:04x} 200 in {} ms", 8 + n % 7)),
        });
        let mut c = chunk(&of, "checkout-5f7b9d6c84-m4zt1", Track::Candidate, 1_203, texts.collect());
        c.dropped = 1_203;
        w.fact("eu-1", Fact::Logs(Box::new(c)));
    }
    w
}

fn both() -> World {
    let mut w = worse();
    w.keys("L");
    more(&mut w, 0);
    w
}

fn more(w: &mut World, from: i64) {
    let Some(of) = w.model.interest.logs.clone() else { return };
    let said = |w: &World, bad: bool| -> Vec<LogText> {
        (0..40)
            .map(|n| match (bad, n % 3) {
                (true, 1) => line(w, 80 - 2 * n, "ERROR TokenParser: unexpected claim 'sub'"),
                _ => line(w, 81 - 2 * n, &format!("request {:04x} 200 in {} ms", n + from, 8 + n % 7)),
            })
            .collect()
    };
    let (new, old) = (said(w, true), said(w, false));
    let first = u64::try_from(from).unwrap_or(0);
    let c = chunk(&of, "checkout-5f7b9d6c84-m4zt1", Track::Candidate, first, new);
    w.fact("eu-1", Fact::Logs(Box::new(c)));
    let c = chunk(&of, "checkout-7d9c5b8f6d-p0001", Track::Stable, first, old);
    w.fact("eu-1", Fact::Logs(Box::new(c)));
}

fn raw() -> World {
    let mut w = worse();
    w.keys("u");
    let object = serde_json::json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": {"name": "checkout", "namespace": "shop", "generation": 4},
        "spec": {"replicas": 20, "template": {"spec": {"containers": [
            {"name": "checkout", "image": "registry.example/shop/checkout:v2.14.1",
             "env": [{"name": "PAY_KEY", "value": "<24 bytes, sha256 9f3a..>"}]}]}}},
        "status": {"phase": "Paused", "currentStepIndex": 1}});
    let raw = Raw {
        target: target(&w),
        at: w.now(),
        text: serde_json::to_string_pretty(&object).unwrap_or_default().into(),
        managers: vec![
            "rollouts-controller, status, 2026-11-21T03:09:12Z: status.phase, status.currentStepIndex, 14 more".into(),
            "argocd-controller, Apply, 2026-11-21T03:09:02Z: spec.template, spec.replicas".into(),
        ],
    };
    answered(&mut w, Ok(vec![Fact::Raw(Box::new(raw))]));
    w
}

/// The way back of the failing canary, looked at by its source.
pub fn looked_at() -> World {
    let mut w = worse();
    let id = target(&w);
    let to: Option<Hash> = w.model.world.targets.get(&id).and_then(|t| t.stable.clone());
    let check = |name: &str, state, how: &str| Check { name: name.into(), state, how: how.into() };
    let checks = vec![
        check("old revision", CheckState::Ok, "kept in checkout-7d9c5b8f6d, 18 of 20 pods ready, limit 10"),
        check("room", CheckState::Ok, "2 pods must start, nodes and quotas have room (affinity not looked at)"),
        check("pull secret", CheckState::Ok, "regcred is there (whether it still works, only a pull tells)"),
        check(
            "config and secrets",
            CheckState::Warn,
            "ConfigMap app changed 3h ago, after the old version last started",
        ),
        check("disruption budget", CheckState::Ok, "checkout allows 1 disruptions now"),
        check(
            "autoscaler",
            CheckState::Unknown,
            "autoscalers: needs the right `list horizontalpodautoscalers` in shop",
        ),
    ];
    let at = w.now();
    w.fact("eu-1", Fact::WayBack(WayBack { target: id, to, at, checks }));
    w
}

/// Worlds in which something is looked into, for tests of keys and hints.
pub fn places() -> Vec<(&'static str, World)> {
    vec![("evidence", trouble()), ("lines", both()), ("line", one()), ("raw", raw())]
}
