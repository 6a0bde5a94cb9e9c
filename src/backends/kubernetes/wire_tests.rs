//! Recorded objects of a live control plane against what the screen must be told.

use super::around::Around;
use super::dto::{Listed, Pod, ReplicaSet, Rollout, Routing, WatchLine};
use super::fixture;
use super::wire::{SetRow, pod_trouble, set_row, target_state};
use crate::core::time::Utc;
use crate::core::world::target::{Phase, Strategy, TargetState};
use serde_json::Value;

fn sets(name: &str) -> Vec<SetRow> {
    let list: Listed<ReplicaSet> = fixture(name);
    list.items.iter().filter_map(set_row).collect()
}

fn state_with(rollout: &Rollout, sets: &[SetRow]) -> TargetState {
    let own: Vec<&SetRow> = sets.iter().filter(|s| Some(&s.owner) == rollout.metadata.uid.as_ref()).collect();
    let around = Around { sets: own, ..Around::default() };
    target_state(&"eu-1".into(), rollout, &around, Utc(0)).expect("has a name")
}

fn state(rollout: &str, of_sets: &str) -> TargetState {
    state_with(&fixture(rollout), &sets(of_sets))
}

/// One line per state, as a person would compare them.
fn line(t: &TargetState) -> String {
    let mut s = format!(
        "{} {:?} step {}/{} w {}/{}",
        t.phase.word(),
        &*t.message,
        t.step.map_or("-".into(), |n| n.to_string()),
        t.steps.len(),
        t.weight_wanted,
        t.weight_real.map_or("?".into(), |n| n.to_string()),
    );
    for (on, word) in [
        (t.gate.is_some(), "gate"),
        (t.releasing, "releasing"),
        (t.held, "held"),
        (t.aborted, "aborted"),
        (!t.observed, "unobserved"),
        (!t.is_moving(), "still"),
        (t.invalid.is_some(), "invalid"),
    ] {
        if on {
            s.push(' ');
            s.push_str(word);
        }
    }
    s
}

#[test]
fn a_canary_at_its_first_gate() {
    let t = state("live-argo-rollout-canary-paused-step1-weight20", "live-argo-replicasets-of-canary-rollout");
    assert_eq!(line(&t), r#"paused "CanaryPauseStep" step 1/6 w 20/20 gate"#);
    assert_eq!(t.strategy, Strategy::Canary);
    let c = t.candidate_revision().expect("kept");
    assert_eq!((&*c.version, c.number, c.replicas.ready), ("1.1", Some(2), 1));
    let s = t.stable_revision().expect("kept");
    assert_eq!((&*s.version, s.replicas.existing, s.replicas.wanted), ("1.0", 4, 4));
    assert_eq!(t.started, c.created);
    assert_eq!(&*t.steps[3].label, "pause: 20s");
    let gate = t.gate.expect("stands");
    assert_eq!((gate.until, gate.since.is_some()), (None, true));
}

#[test]
fn every_kind_of_standstill_reads_as_what_it_is() {
    let none: &[SetRow] = &[];
    let mut seen = String::new();
    for name in [
        "live-argo-rollout-canary-promoted-not-yet-reconciled",
        "live-argo-rollout-canary-aborted",
        "live-argo-rollout-canary-manually-paused-at-gate",
        "live-argo-rollout-bluegreen-waiting-promotion",
        "live-argo-rollout-degraded-progress-deadline",
        "live-argo-rollout-degraded-invalid-spec",
        "live-argo-rollout-paused-inconclusive-analysis",
        "live-argo-rollout-workloadref-paused",
        "live-argo-rollout-acts-while-controller-down",
        "argo-rollout-canary-paused-step2-weight20",
    ] {
        let t = state_with(&fixture(name), none);
        seen.push_str(&line(&t));
        seen.push('\n');
    }
    assert_eq!(seen.trim_end(), include_str!("fixtures/standstill.golden.txt").trim_end());
}

#[test]
fn every_frame_of_a_recorded_watch() {
    let frames: Vec<Value> = fixture("live-argo-watch-of-canary-rollout");
    let mut seen = String::new();
    for (i, f) in frames.iter().enumerate() {
        let w: WatchLine<Rollout> = serde_json::from_str(&f.to_string()).expect("lenient");
        if w.r#type.as_deref() == Some("BOOKMARK") {
            continue;
        }
        // The recording left the router out of the spec; its weights are in the status.
        let mut r = w.object;
        if let Some(c) = &mut r.spec.strategy.canary {
            c.traffic_routing = Some(Routing::default());
        }
        seen.push_str(&format!("{i} {}\n", line(&state_with(&r, &[]))));
    }
    assert_eq!(seen.trim_end(), include_str!("fixtures/watch.golden.txt").trim_end());
}

#[test]
fn who_wrote_a_field_is_read_from_the_servers_own_bookkeeping() {
    let r: Rollout = fixture("live-argo-rollout-canary-aborted");
    let t = state_with(&r, &[]);
    assert_eq!(t.held_by, None);
    assert_eq!(t.aborted_by.as_ref().map(|m| &*m.name), Some("andon"), "a watch says it like a read");
    assert!(t.detail.writers.iter().any(|w| &*w.what == "status.abort" && w.by.at.is_some()), "{:?}", t.detail.writers);
}

#[test]
fn pods_say_why_they_are_not_ready() {
    let crashing: Listed<Pod> = fixture("live-k8s-pods-one-crashing");
    let reasons: Vec<_> = crashing.items.iter().filter_map(pod_trouble).collect();
    assert_eq!(reasons.iter().map(|r| &**r).collect::<Vec<_>>(), ["CrashLoopBackOff"]);
    let fine: Listed<Pod> = fixture("live-argo-pods-of-canary-rollout");
    assert!(fine.items.iter().all(|p| pod_trouble(p).is_none()));
}

#[test]
fn a_digest_or_a_registry_port_is_not_a_tag() {
    let mut r: Rollout = fixture("live-argo-rollout-canary-paused-step1-weight20");
    for (image, version) in [
        ("reg:5000/shop/checkout", "787c98c79c"),
        ("reg:5000/shop/checkout:2.3", "2.3"),
        ("checkout:2.3@sha256:abcd", "2.3"),
        ("checkout@sha256:abcd", "787c98c79c"),
    ] {
        r.spec.template.spec.containers[0].image = Some(image.into());
        let t = state_with(&r, &[]);
        assert_eq!(&*t.candidate_revision().expect("from its template").version, version);
    }
}

/// Every value of a recorded object, one after the other, replaced by every other type: never an error, never a panic,
/// and the other objects of the list stay.
#[test]
fn junk_in_any_field_loses_that_field_only() {
    fn paths(v: &Value, at: &str, out: &mut Vec<String>) {
        out.push(at.to_owned());
        match v {
            Value::Object(m) => m.iter().for_each(|(k, v)| paths(v, &format!("{at}/{}", k.replace('/', "~1")), out)),
            Value::Array(a) => a.iter().enumerate().for_each(|(i, v)| paths(v, &format!("{at}/{i}"), out)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let good: Value = fixture("live-argo-rollout-canary-paused-step1-weight20");
    let list: Value = fixture("live-argo-replicasets-of-canary-rollout");
    let pods: Value = fixture("live-k8s-pods-one-crashing");
    let junk = [
        Value::Null,
        serde_json::json!(true),
        serde_json::json!(-1),
        serde_json::json!(1e300),
        serde_json::json!(u64::MAX),
        serde_json::json!("\u{202e}x"),
        serde_json::json!([[1], {}]),
        serde_json::json!({"a": [1]}),
    ];
    let all = sets("live-argo-replicasets-of-canary-rollout");
    for (base, n) in [(&good, 0), (&list["items"][0], 1), (&pods["items"][0], 2)] {
        let mut every = Vec::new();
        paths(base, "", &mut every);
        for path in every.iter().filter(|p| !p.is_empty()) {
            for j in &junk {
                let mut bad = base.clone();
                *bad.pointer_mut(path).expect("own path") = j.clone();
                let text = serde_json::json!({"items": [bad, base]}).to_string();
                match n {
                    0 => {
                        let l: Listed<Rollout> = serde_json::from_str(&text).expect(path);
                        assert_eq!(l.items.len(), 2, "{path}");
                        let around = Around { sets: all.iter().collect(), ..Around::default() };
                        for r in &l.items {
                            let _ = target_state(&"s".into(), r, &around, Utc(0));
                        }
                    }
                    1 => {
                        let l: Listed<ReplicaSet> = serde_json::from_str(&text).expect(path);
                        assert!(l.items.iter().filter_map(set_row).count() >= 1, "{path}");
                    }
                    _ => {
                        let l: Listed<Pod> = serde_json::from_str(&text).expect(path);
                        assert_eq!(l.items.len(), 2, "{path}");
                        l.items.iter().for_each(|p| drop(pod_trouble(p)));
                    }
                }
            }
        }
    }
}

#[test]
fn an_unknown_phase_is_kept_and_never_fine() {
    let mut r: Rollout = fixture("live-argo-rollout-canary-paused-step1-weight20");
    r.status.phase = Some("Levitating".into());
    assert_eq!(state_with(&r, &[]).phase, Phase::Other("Levitating".into()));
}
