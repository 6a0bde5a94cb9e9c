//! Recorded Canaries, with and without what stands around them, against what the screen must be told. `live-*` were
//! recorded under Flagger 1.44 (`-around-`: one Canary through two releases with its Deployments and ReplicaSets, the
//! second one failed and undone); `flagger-*` are built by hand for what those lack.

use super::dto::Canary;
use super::wire::target_state;
use crate::backends::kubernetes::apps::dto::Work;
use crate::backends::kubernetes::around::Around;
use crate::backends::kubernetes::dto::{Listed, ReplicaSet};
use crate::backends::kubernetes::fixture;
use crate::backends::kubernetes::wire::{SetRow, set_row};
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use crate::core::world::target::{Phase, Strategy, TargetState, Trouble};
use serde_json::{Value, json};

/// As `read` makes it, from a recorded `{object, sets, works}` or a Canary alone, with some of the Canary's fields changed
/// (JSON pointer, value; null removes).
pub fn seen(name: &str, changes: &[(&str, Value)]) -> TargetState {
    let mut raw: Value = fixture(name);
    if raw.get("object").is_none() {
        raw = json!({"object": raw, "sets": [], "works": []});
    }
    for (path, v) in changes {
        change(&mut raw["object"], path, v);
    }
    of_raw(&raw)
}

pub fn change(object: &mut Value, path: &str, v: &Value) {
    let (parent, key) = path.rsplit_once('/').expect("pointer");
    let m = object.pointer_mut(parent).and_then(Value::as_object_mut).expect(path);
    if v.is_null() {
        m.remove(key);
    } else {
        m.insert(key.into(), v.clone());
    }
}

pub fn of_raw(raw: &Value) -> TargetState {
    let canary: Canary = serde_json::from_value(raw["object"].clone()).expect("lenient");
    let list = |key: &str| raw[key].as_array().cloned().unwrap_or_default();
    let sets: Vec<SetRow> = list("sets")
        .into_iter()
        .filter_map(|v| set_row(&serde_json::from_value::<ReplicaSet>(v).expect("lenient")))
        .collect();
    let works: Vec<Work> = list("works").into_iter().map(|v| serde_json::from_value(v).expect("lenient")).collect();
    let around = Around { sets: sets.iter().collect(), works: works.iter().collect(), ..Around::default() };
    let mut t = target_state(&"eu-1".into(), &canary, &around, Utc(1_770_000_000_000)).expect("named");
    t.raw = Some(Sealed::new(raw.to_string()));
    t
}

/// One line per state, as a person would compare them.
fn line(t: &TargetState) -> String {
    let v = |h: &Option<crate::core::id::Hash>| h.as_ref().map_or("-".into(), |h| t.version_of(h));
    let mut s = format!(
        "{} {}->{} step {}/{} w {}/{} {:?}",
        t.phase.word(),
        v(&t.stable),
        v(&t.candidate),
        t.step.map_or("-".into(), |n| n.to_string()),
        t.steps.len(),
        t.weight_wanted,
        t.weight_real.map_or("?".into(), |n| n.to_string()),
        &*t.message,
    );
    for (on, word) in [
        (t.gate.is_some(), "gate"),
        (t.held, "held"),
        (t.aborted, "aborted"),
        (t.promoting_full, "full"),
        (!t.is_moving(), "still"),
    ] {
        if on {
            s.push(' ');
            s.push_str(word);
        }
    }
    s
}

#[test]
fn every_recorded_phase_reads_as_what_it_is() {
    let mut all = String::new();
    for name in [
        "flagger-canary-progressing",
        "flagger-canary-waiting-promotion-reports-weight0",
        "flagger-canary-failed",
        "live-flagger-canary-waiting",
        "live-flagger-canary-progressing",
        "live-flagger-canary-waiting-promotion",
        "live-flagger-canary-succeeded",
        "live-flagger-canary-failed",
        "live-flagger-around-unnoticed",
        "live-flagger-around-waiting",
        "live-flagger-around-progressing",
        "live-flagger-around-waiting-promotion",
        "live-flagger-around-promoting",
        "live-flagger-around-finalising",
        "live-flagger-around-succeeded",
        "live-flagger-around-failed",
        "live-flagger-around-undone",
    ] {
        let t = seen(name, &[]);
        assert_eq!(&*t.id.kind, "Canary");
        all.push_str(&format!("{name}: {}\n", line(&t)));
    }
    let golden = "src/backends/kubernetes/fixtures/flagger.golden.txt";
    let kept = std::fs::read_to_string(golden).unwrap_or_default();
    assert_eq!(all.trim_end(), kept.trim_end(), "{all}");
}

#[test]
fn waiting_for_promotion_is_held_at_the_weight_that_flows_and_not_at_the_zero_it_writes() {
    let t = seen("live-flagger-canary-waiting-promotion", &[]);
    assert_eq!((t.weight_wanted, t.weight_real), (50, Some(50)));
    assert_eq!(t.phase, Phase::Paused);
    assert!(t.message.contains("held at max weight 50%"), "{}", t.message);
    let gate = t.gate.as_ref().expect("stands");
    assert_eq!(&*gate.reason, "confirm-promotion");
    assert_eq!(gate.since.map(|u| u.0), Some(1_795_241_452_000), "when its condition was written");
    let f = t.detail.flagger.as_ref().expect("told");
    assert_eq!((f.iteration, f.iterations), (None, None), "its -1 counts nothing");
    // A step that passes the maximum is what flows.
    let over = seen("live-flagger-canary-waiting-promotion", &[("/spec/analysis/stepWeight", json!(40))]);
    assert_eq!(over.weight_real, Some(80));
}

#[test]
fn failed_with_weight_is_not_rolled_back() {
    let t = seen("live-flagger-around-failed", &[("/status/canaryWeight", json!(100))]);
    assert!(!t.aborted && t.is_moving(), "{t:#?}");
    assert_eq!((t.phase.clone(), t.weight_real), (Phase::Degraded, Some(100)));
    assert!(t.message.starts_with("NOT ROLLED BACK"), "{}", t.message);
    assert!(!t.message.contains("scaled to zero"), "its own words are wrong here: {}", t.message);
    let t = seen("live-flagger-around-failed", &[]);
    assert!(t.aborted && t.aborted_at.is_some());
    assert_eq!(t.weight_real, Some(0));
}

#[test]
fn since_is_when_the_phase_began_not_when_a_check_last_failed() {
    // Its status moves every tick, its condition does not.
    let t = seen("flagger-canary-progressing", &[]);
    assert_eq!(t.since, Some(Utc(1_773_481_150_000)));
    let t = seen("flagger-canary-progressing", &[("/status/conditions/0/reason", json!("Waiting"))]);
    assert_eq!(t.since, Some(Utc(1_773_481_330_000)), "no condition of this phase: what there is");
}

#[test]
fn suspended_stands_on_top_of_the_phase_and_a_count_is_told_only_while_it_means_something() {
    let t = seen("flagger-canary-progressing", &[("/spec/suspend", json!(true))]);
    assert_eq!(t.phase, Phase::Paused);
    assert!(t.held && t.message.starts_with("suspended; "), "{}", t.message);
    assert!(t.message.contains("1 of 5 failed checks"), "{}", t.message);
    let t = seen("flagger-canary-failed", &[("/status/failedChecks", json!(3))]);
    assert!(!t.message.contains("failed checks"), "{}", t.message);
}

#[test]
fn a_target_scaled_to_zero_is_no_outage() {
    let t = seen("live-flagger-around-succeeded", &[]);
    assert_eq!(t.phase, Phase::Healthy);
    assert!(t.wanted > 0 && !t.is_moving());
    let stable = t.stable_revision().expect("the primary's");
    assert_eq!(stable.replicas.ready, t.wanted);
    assert_eq!(&*stable.version, "1.1");
    // The way back leads to the target's own template of the version promoted before.
    assert_eq!(&*t.previous().expect("kept").version, "1.0");
    assert_eq!(t.previous().map(|p| p.replicas.existing), Some(0));
}

#[test]
fn a_failed_version_is_none_to_go_back_to() {
    let t = seen("live-flagger-around-undone", &[]);
    assert_eq!(&*t.stable_revision().expect("kept").version, "1.1");
    let kept: Vec<&str> = t.revisions.iter().map(|r| &*r.version).collect();
    assert_eq!(kept, ["1.1", "1.0"], "1.2 failed: Flagger never promoted it");
    assert_eq!((t.phase.clone(), t.aborted), (Phase::Healthy, false));
    assert!(t.message.contains("asks for the promoted version again"), "{}", t.message);
}

#[test]
fn the_versions_are_named_by_the_hash_their_pods_carry() {
    let raw: Value = fixture("live-flagger-around-progressing");
    let t = of_raw(&raw);
    let hash = |version: &str, owner: &str| {
        let mut all = raw["sets"].as_array().expect("sets").iter();
        let found = all.find(|s| {
            s.pointer("/metadata/ownerReferences/0/name").and_then(Value::as_str) == Some(owner)
                && s.pointer("/spec/template/spec/containers/0/image")
                    .and_then(Value::as_str)
                    .is_some_and(|i| i.ends_with(version))
        });
        found.expect(version)["metadata"]["labels"]["pod-template-hash"].as_str().expect("label").to_owned()
    };
    assert_eq!(t.candidate.as_ref().map(|h| h.as_str().to_owned()), Some(hash(":1.1", "podinfo")));
    assert_eq!(t.stable.as_ref().map(|h| h.as_str().to_owned()), Some(hash(":1.0", "podinfo-primary")));
    assert_eq!(t.candidate_revision().map(|r| r.replicas.ready), Some(2));
    // The target's own set of 1.0 is the same version as the primary's: shown once.
    assert_eq!(t.revisions.len(), 2);
    // Where the ReplicaSets may not be read, Flagger's own hashes stand in.
    let mut bare = raw.clone();
    bare["sets"] = json!([]);
    let t = of_raw(&bare);
    assert_eq!(
        t.candidate.map(|h| h.0),
        raw.pointer("/object/status/lastAppliedSpec").and_then(|v| Some(v.as_str()?.into()))
    );
    assert!(t.revisions.is_empty());
}

#[test]
fn settings_alone_make_a_version_too() {
    // The new template has the old image: only its set tells, which is younger than the primary's copy of the old one.
    let mut raw: Value = fixture("live-flagger-around-succeeded");
    let mut set = raw["sets"].as_array().expect("sets").iter().find(|s| {
        s.pointer("/metadata/ownerReferences/0/name").and_then(Value::as_str) == Some("podinfo")
            && s.pointer("/metadata/annotations/deployment.kubernetes.io~1revision").and_then(Value::as_str)
                == Some("2")
    });
    let mut new = set.take().expect("the newest").clone();
    new["metadata"]["labels"]["pod-template-hash"] = json!("configured");
    new["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("3");
    new["metadata"]["creationTimestamp"] = json!("2027-01-01T00:00:00Z");
    raw["sets"].as_array_mut().expect("sets").push(new);
    let t = of_raw(&raw);
    assert_eq!(t.candidate.as_ref().map(|h| h.as_str()), Some("configured"));
    assert!(t.is_moving() && t.message.contains("waits for the next look"), "{}", t.message);
    assert_eq!(t.phase, Phase::Progressing);
}

#[test]
fn strategies_and_their_progress() {
    let name = "flagger-canary-progressing";
    let ab = [
        ("/spec/analysis/iterations", json!(10)),
        ("/spec/analysis/match", json!([{"headers": {}}])),
        ("/status/iterations", json!(4)),
    ];
    let t = seen(name, &ab);
    assert_eq!((t.strategy.clone(), t.weight_wanted, t.weight_real), (Strategy::AbTest, 0, None));
    let f = t.detail.flagger.as_ref().expect("told");
    assert_eq!((f.iteration, f.iterations), (Some(4), Some(10)));
    // Two gates, ten iterations, the promotion.
    assert_eq!((t.steps.len(), t.step), (13, Some(5)));
    let bg = [("/spec/analysis/iterations", json!(10)), ("/status/iterations", json!(11))];
    let t = seen(name, &bg);
    assert_eq!((t.strategy.clone(), t.weight_real), (Strategy::BlueGreen, Some(100)), "its last step routes all of it");
    let t = seen(name, &[("/spec/provider", json!("kubernetes"))]);
    assert_eq!(t.strategy, Strategy::BlueGreen);
    let t = seen(name, &[]);
    assert_eq!((t.strategy.clone(), t.steps.len(), t.step), (Strategy::Canary, 8, Some(3)));
    assert_eq!(&*t.steps[3].label, "canaryWeight: 30");
    assert_eq!(t.detail.workload.as_ref().map(|w| &*w.name), Some("podinfo"));
    assert_eq!(&*t.service.0, "podinfo");
}

#[test]
fn two_canaries_with_one_target_are_told() {
    let canary: Canary = fixture("flagger-canary-progressing");
    let mut other: Canary = fixture("flagger-canary-progressing");
    other.metadata.uid = Some("other".into());
    other.metadata.name = Some("podinfo-2".into());
    let around = Around { canaries: vec![&canary, &other], ..Around::default() };
    let t = target_state(&"s".into(), &canary, &around, Utc(0)).expect("named");
    assert_eq!(t.detail.drift.len(), 1);
    assert!(t.detail.drift[0].contains("podinfo-2"), "{:?}", t.detail.drift);
    other.metadata.namespace = Some("elsewhere".into());
    let around = Around { canaries: vec![&canary, &other], ..Around::default() };
    assert!(target_state(&"s".into(), &canary, &around, Utc(0)).expect("named").detail.drift.is_empty());
}

#[test]
fn troubles_and_restarts_of_its_pods_are_its_own() {
    let raw: Value = fixture("live-flagger-around-progressing");
    let canary: Canary = serde_json::from_value(raw["object"].clone()).expect("lenient");
    let list: Listed<ReplicaSet> = serde_json::from_value(json!({"items": raw["sets"]})).expect("lenient");
    let sets: Vec<SetRow> = list.items.iter().filter_map(set_row).collect();
    let works: Vec<Work> = serde_json::from_value(raw["works"].clone()).expect("lenient");
    let t = of_raw(&raw);
    let mine = sets.iter().find(|s| Some(&s.hash) == t.candidate.as_ref()).expect("kept");
    let pod = |owner: &str| crate::backends::kubernetes::around::PodRow {
        name: "p".into(),
        owner: owner.into(),
        hash: None,
        ready: false,
        restarts: 3,
        trouble: None,
        digest: None,
    };
    let (own, other) = (pod(&mine.uid), pod("other"));
    let around = Around {
        sets: sets.iter().collect(),
        works: works.iter().collect(),
        pods: vec![&own, &other],
        troubles: [(mine.uid.clone(), vec![Trouble { reason: "CrashLoopBackOff".into(), count: 2 }])].into(),
        ..Around::default()
    };
    let t = target_state(&"s".into(), &canary, &around, Utc(0)).expect("named");
    assert_eq!(t.detail.restarts, 3);
    assert_eq!(&*t.candidate_revision().expect("kept").trouble[0].reason, "CrashLoopBackOff");
}

/// Every value of a recorded Canary replaced by every other type: never an error, never a panic.
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
    let base: Value = fixture("flagger-canary-progressing");
    let mut every = Vec::new();
    paths(&base, "", &mut every);
    let junk = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!("\u{202e}x"),
        json!([[1], {}]),
        json!({"a": [1]}),
    ];
    for path in every.iter().filter(|p| !p.is_empty()) {
        for j in &junk {
            let mut bad = base.clone();
            *bad.pointer_mut(path).expect("own path") = j.clone();
            let text = json!({"items": [bad, base]}).to_string();
            let list: Listed<Canary> = serde_json::from_str(&text).expect(path);
            assert_eq!(list.items.len(), 2, "{path}");
            for c in &list.items {
                let _ = target_state(&"s".into(), c, &Around::default(), Utc(0));
            }
        }
    }
}

#[test]
fn an_unknown_phase_is_kept_and_never_fine() {
    let t = seen("flagger-canary-progressing", &[("/status/phase", json!("Levitating"))]);
    assert_eq!(t.phase, Phase::Other("Levitating".into()));
}
