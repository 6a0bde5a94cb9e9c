//! The store against recorded objects, and what it keeps by owner against a full recompute after random events.

use super::*;
use crate::backends::kubernetes::dto::{Listed, ReplicaSet, Rollout};
use crate::backends::kubernetes::fixture;
use crate::backends::kubernetes::rows::{Watched, of_kind};
use serde_json::{Value, json};

fn row_of<T: Watched>(v: Value, kind: Kind) -> (Key, Row) {
    let (key, row) = serde_json::from_value::<T>(v).expect("lenient").keyed(kind, true).expect("named");
    (key, row.expect("kept"))
}

fn made(kind: Kind, v: Value) -> (Key, Row) {
    of_kind!(kind, row_of(v, kind))
}

const ALL: [Kind; 13] = [
    Kind::Rollouts,
    Kind::Deployments,
    Kind::StatefulSets,
    Kind::DaemonSets,
    Kind::Canaries,
    Kind::Custom(0),
    Kind::Sets,
    Kind::Pods,
    Kind::Runs,
    Kind::Experiments,
    Kind::Revisions,
    Kind::Scalers,
    Kind::Keda,
];

fn wanted() -> BTreeSet<(Scope, Kind)> {
    ALL.into_iter().map(|k| (None, k)).collect()
}

fn store() -> Store {
    let mut s = Store::new("eu-1".into());
    ALL.into_iter().for_each(|k| s.fold(&None, k, Change::Start));
    s
}

fn listed(s: &mut Store) {
    ALL.into_iter().for_each(|k| s.fold(&None, k, Change::Listed));
}

fn rollout() -> (Key, Row) {
    made(Kind::Rollouts, fixture("live-argo-rollout-canary-paused-step1-weight20"))
}

fn sets() -> Vec<(Key, Row)> {
    let list: Listed<ReplicaSet> = fixture("live-argo-replicasets-of-canary-rollout");
    list.items.into_iter().filter_map(|s| s.keyed(Kind::Sets, false)).filter_map(|(k, r)| Some((k, r?))).collect()
}

#[test]
fn nothing_is_told_of_a_list_before_it_ends_and_the_old_rows_stay_until_then() {
    let mut s = store();
    s.fold(&None, Kind::Rollouts, Change::Page(vec![rollout()]));
    s.fold(&None, Kind::Sets, Change::Page(sets()));
    assert!(s.take(Utc(1)).changed.is_empty());
    listed(&mut s);
    assert!(s.is_whole(&wanted()));
    assert!(!s.is_whole(&[(Some("shop".into()), Kind::Pods)].into()));
    let news = s.take(Utc(2));
    assert_eq!(news.changed.len(), 1);
    assert_eq!(news.changed[0].revisions.len(), 2);
    assert!(s.take(Utc(3)).changed.is_empty(), "no change, no news");
    s.fold(&None, Kind::Rollouts, Change::Start);
    assert!(!s.is_whole(&wanted()));
    s.take(Utc(3));
    assert_eq!(s.ids().len(), 1, "kept until the new list ends");
    s.fold(&None, Kind::Rollouts, Change::Listed);
    assert_eq!(s.take(Utc(4)).gone.len(), 1);
    assert!(s.ids().is_empty());
}

#[test]
fn a_second_list_that_says_the_same_touches_nothing() {
    let mut s = store();
    s.fold(&None, Kind::Rollouts, Change::Page(vec![rollout()]));
    s.fold(&None, Kind::Sets, Change::Page(sets()));
    listed(&mut s);
    s.take(Utc(1));
    for (kind, rows) in [(Kind::Rollouts, vec![rollout()]), (Kind::Sets, sets())] {
        s.fold(&None, kind, Change::Start);
        s.fold(&None, kind, Change::Page(rows));
        s.fold(&None, kind, Change::Listed);
    }
    assert!(s.index.touched().is_empty());
}

fn pod(name: &str, owner: &str, waits: Option<&str>) -> Value {
    let state = waits.map_or(json!({"running": {}}), |w| json!({"waiting": {"reason": w}}));
    json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("pod-{name}"),
            "labels": {"pod-template-hash": "abc", "app.kubernetes.io/instance": "orders"},
            "ownerReferences": [{"kind": "ReplicaSet", "uid": owner, "controller": true}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"ready": waits.is_none(), "restartCount": 2, "imageID": "r/x@sha256:77", "state": state}]}})
}

#[test]
fn a_pod_touches_only_its_own_rollout_and_reasons_are_counted() {
    let mut s = store();
    s.fold(&None, Kind::Rollouts, Change::Page(vec![rollout()]));
    s.fold(&None, Kind::Sets, Change::Page(sets()));
    listed(&mut s);
    s.take(Utc(1));
    let owner = "3a800546-da92-488b-a4a7-25609ad0411e";
    let put = |s: &mut Store, name: &str, why: Option<&str>| {
        let (k, r) = made(Kind::Pods, pod(name, owner, why));
        s.fold(&None, Kind::Pods, Change::Put(k, r));
    };
    put(&mut s, "a", Some("ImagePullBackOff"));
    put(&mut s, "b", Some("ImagePullBackOff"));
    let news = s.take(Utc(2));
    assert_eq!(news.changed.len(), 1);
    let t = &news.changed[0].candidate_revision().expect("kept").trouble;
    assert_eq!((&*t[0].reason, t[0].count), ("ImagePullBackOff", 2));
    assert_eq!(s.troubles()[owner][0].count, 2);
    put(&mut s, "a", None);
    s.fold(&None, Kind::Pods, Change::Gone(("shop".into(), "b".into())));
    let news = s.take(Utc(3));
    assert!(news.changed[0].candidate_revision().expect("kept").trouble.is_empty());
    put(&mut s, "of-somebody-else", None);
    s.fold(&None, Kind::Pods, Change::Gone(("shop".into(), "unheard".into())));
    let (k, r) = made(Kind::Pods, pod("c", "another-owner", None));
    s.index.touched();
    s.fold(&None, Kind::Pods, Change::Put(k, r));
    assert!(s.index.touched().is_empty(), "nobody's");
}

#[test]
fn the_same_name_with_another_uid_is_another_target() {
    let mut s = store();
    s.fold(&None, Kind::Rollouts, Change::Page(vec![rollout()]));
    listed(&mut s);
    let old = s.take(Utc(1)).changed[0].id.clone();
    let mut r: Rollout = fixture("live-argo-rollout-canary-paused-step1-weight20");
    r.metadata.uid = Some("other".into());
    let (key, row) = r.keyed(Kind::Rollouts, false).expect("named");
    s.fold(&None, Kind::Rollouts, Change::Put(key, row.expect("kept")));
    let news = s.take(Utc(2));
    assert_eq!(news.gone, vec![old]);
    assert_eq!(&*news.changed[0].id.uid, "other");
    assert_eq!(s.ids().len(), 1);
}

fn work(kind: Kind, name: &str, version: u32) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("{}-{name}", kind.word()), "generation": 1,
            "resourceVersion": version.to_string(), "annotations": {"deployment.kubernetes.io/revision": "1"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "x", "image": "r/x:1"}]}}},
        "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
            "currentRevision": "a", "updateRevision": "a"}})
}

fn driver(kind: Kind, name: &str, of: &str, version: u32) -> Value {
    let mut v = work(kind, name, version);
    match kind {
        Kind::Canaries => v["spec"] = json!({"targetRef": {"kind": "Deployment", "name": of}}),
        _ => v["spec"]["workloadRef"] = json!({"kind": "Deployment", "name": of}),
    }
    v
}

#[test]
fn a_deployment_is_a_target_of_its_own_only_while_nothing_drives_it() {
    for kind in [Kind::Rollouts, Kind::Canaries] {
        let mut s = store();
        s.fold(
            &None,
            Kind::Deployments,
            Change::Page(vec![
                made(Kind::Deployments, work(Kind::Deployments, "api", 1)),
                made(Kind::Deployments, work(Kind::Deployments, "api-primary", 1)),
            ]),
        );
        listed(&mut s);
        assert_eq!(s.take(Utc(1)).changed.len(), 2, "plain deployments");
        let (key, row) = made(kind, driver(kind, "front", "api", 2));
        s.fold(&None, kind, Change::Put(key.clone(), row));
        let news = s.take(Utc(2));
        let driven = if kind == Kind::Canaries { 2 } else { 1 };
        assert_eq!((news.gone.len(), news.changed.len()), (driven, 1), "{kind:?}");
        assert_eq!(s.with_around(&format!("{}-front", kind.word()), |a| a.works.len()), Some(driven));
        // It points elsewhere now, and then it goes.
        let (_, row) = made(kind, driver(kind, "front", "other", 3));
        s.fold(&None, kind, Change::Put(key.clone(), row));
        assert_eq!(s.take(Utc(3)).changed.iter().filter(|t| &*t.id.kind == "Deployment").count(), driven);
        s.fold(&None, kind, Change::Gone(key));
        assert_eq!(s.take(Utc(4)).gone.len(), 1);
        assert_eq!(s.holds(), "2 deployments, 0 moving");
    }
}

#[test]
fn a_kind_that_is_served_no_more_takes_its_targets_with_it() {
    let mut s = store();
    s.fold(&None, Kind::Rollouts, Change::Page(vec![rollout()]));
    s.fold(&None, Kind::StatefulSets, Change::Page(vec![made(Kind::StatefulSets, work(Kind::StatefulSets, "db", 1))]));
    listed(&mut s);
    s.take(Utc(1));
    assert_eq!(s.holds(), "1 rollout, 1 statefulset, 1 moving");
    s.fold(&None, Kind::Rollouts, Change::Dropped);
    let news = s.take(Utc(2));
    assert_eq!((news.gone.len(), news.changed.len()), (1, 0));
    assert_eq!(s.holds(), "1 statefulset, 0 moving");
    s.fold(&None, Kind::StatefulSets, Change::Dropped);
    s.take(Utc(3));
    assert_eq!(s.holds(), "no targets");
}

#[test]
fn an_own_kind_counts_the_restarts_of_its_pods_however_they_belong_to_it() {
    let mut s = store();
    let custom = json!({"kind": "Database", "metadata": {"name": "orders", "namespace": "shop", "uid": "db",
        "resourceVersion": "1"}, "status": {"phase": "Running"}});
    let mut set = work(Kind::StatefulSets, "orders-pg", 1);
    set["metadata"]["ownerReferences"] = json!([{"kind": "Database", "uid": "db", "controller": true}]);
    let mut owned = pod("orders-pg-0", "statefulsets-orders-pg", None);
    owned["metadata"]["labels"] = json!({});
    s.fold(&None, Kind::Custom(0), Change::Page(vec![made(Kind::Custom(0), custom)]));
    s.fold(&None, Kind::StatefulSets, Change::Page(vec![made(Kind::StatefulSets, set)]));
    s.fold(
        &None,
        Kind::Pods,
        Change::Page(vec![made(Kind::Pods, owned), made(Kind::Pods, pod("backup", "somebody", None))]),
    );
    listed(&mut s);
    let news = s.take(Utc(1));
    let db = news.changed.iter().find(|t| &*t.id.kind == "Database").expect("told");
    assert_eq!(db.detail.restarts, 4, "one by its owner, one by its label");
    assert_eq!(s.holds(), "1 statefulset, 1 database, 0 moving");
}

#[test]
fn a_scaler_that_keda_made_is_one_scaler() {
    let mut s = store();
    let scaled = json!({"metadata": {"name": "api", "namespace": "shop", "uid": "k"},
        "spec": {"scaleTargetRef": {"name": "api"}, "maxReplicaCount": 9}});
    let hpa = json!({"metadata": {"name": "keda-hpa-api", "namespace": "shop", "uid": "h",
            "ownerReferences": [{"kind": "ScaledObject", "name": "api", "uid": "k", "controller": true}]},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "api"}, "minReplicas": 2, "maxReplicas": 9},
        "status": {"desiredReplicas": 4}});
    s.fold(&None, Kind::Keda, Change::Page(vec![made(Kind::Keda, scaled)]));
    s.fold(&None, Kind::Scalers, Change::Page(vec![made(Kind::Scalers, hpa)]));
    s.fold(&None, Kind::Deployments, Change::Page(vec![made(Kind::Deployments, work(Kind::Deployments, "api", 1))]));
    listed(&mut s);
    let all = s.with_around("deployments-api", |a| a.scalers.iter().map(|s| s.scaler.clone()).collect::<Vec<_>>());
    let all = all.expect("watched");
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((&*all[0].tool, &*all[0].name, all[0].min, all[0].wants), ("KEDA", "api", Some(2), Some(4)));
}

/// xorshift64*: the same events for the same seed on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        u32::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40).unwrap_or(0) % sides
    }
}

fn owned(kind: Kind, name: &str, owner: &str, version: u32) -> Value {
    let mut v = work(kind, name, version);
    v["metadata"]["ownerReferences"] = json!([{"kind": "Any", "name": "any", "uid": owner, "controller": true}]);
    v["metadata"]["labels"] = json!({"pod-template-hash": format!("h{version}"), "rollouts-pod-template-hash": name});
    v
}

/// One object of a small world in which everything can belong to everything.
fn any(dice: &mut Dice) -> (Kind, Value) {
    let kind = ALL[dice.roll(13) as usize];
    let name = format!("n{}", dice.roll(3));
    let version = dice.roll(4);
    let uid = |dice: &mut Dice| {
        let of =
            [Kind::Rollouts, Kind::Deployments, Kind::StatefulSets, Kind::Experiments, Kind::Sets, Kind::Custom(0)];
        format!("{}-n{}", of[dice.roll(6) as usize].word(), dice.roll(3))
    };
    let other = format!("n{}", dice.roll(3));
    let v = match kind {
        Kind::Canaries => driver(kind, &name, &other, version),
        Kind::Rollouts if dice.roll(2) == 0 => driver(kind, &name, &other, version),
        Kind::Rollouts => work(kind, &name, version),
        Kind::Custom(_) => {
            let mut v = work(kind, &name, version);
            v["kind"] = "Database".into();
            v
        }
        Kind::Pods => {
            let waits = [None, Some("CrashLoopBackOff")][dice.roll(2) as usize];
            let mut v = pod(&name, &uid(dice), waits);
            v["metadata"]["labels"]["app.kubernetes.io/instance"] = other.into();
            v
        }
        Kind::Scalers | Kind::Keda => {
            let of = ["Deployment", "Rollout", "StatefulSet"][dice.roll(3) as usize];
            let mut v = work(kind, &name, version);
            v["spec"] = json!({"scaleTargetRef": {"kind": of, "name": other}, "maxReplicas": version});
            v
        }
        Kind::Deployments
        | Kind::StatefulSets
        | Kind::DaemonSets
        | Kind::Sets
        | Kind::Runs
        | Kind::Experiments
        | Kind::Revisions => owned(kind, &name, &uid(dice), version),
    };
    (kind, v)
}

/// What stands around every target, in words.
fn all_around(s: &Store) -> BTreeMap<Arc<str>, String> {
    let uids = s.shelves.values().flat_map(BTreeMap::values).filter_map(|r| r.meta()?.uid.clone());
    uids.map(|u| (u.clone(), s.with_around(&u, |a| format!("{a:?}")).unwrap_or_default())).collect()
}

#[test]
fn after_any_events_it_knows_what_a_fresh_one_would_and_whatever_changed_was_touched() {
    let mut seen = [0_usize; 2];
    // ANDON_LONG=1: many more worlds.
    let seeds = if std::env::var_os("ANDON_LONG").is_some() { 1_000 } else { 40 };
    for seed in 1..=seeds {
        let mut dice = Dice(seed * 7919);
        let mut s = store();
        listed(&mut s);
        let mut told: BTreeMap<TargetId, TargetState> = BTreeMap::new();
        let mut before = all_around(&s);
        let mut touched: BTreeSet<Arc<str>> = BTreeSet::new();
        for _ in 0..60 {
            let (kind, v) = any(&mut dice);
            let (key, row) = made(kind, v);
            match dice.roll(4) {
                0 => s.fold(&None, kind, Change::Gone(key)),
                1 if dice.roll(8) == 0 => s.fold(&None, kind, Change::Dropped),
                _ => s.fold(&None, kind, Change::Put(key, row)),
            }
            touched.extend(s.index.touched());
            let now = all_around(&s);
            for uid in now.keys().chain(before.keys()) {
                assert!(now.get(uid) == before.get(uid) || touched.contains(uid), "seed {seed}: {kind:?} missed {uid}");
            }
            before = now;
            if dice.roll(3) == 0 {
                // Put back what was looked at, and let it be told.
                touched.iter().for_each(|u| s.index.touch_again(u));
                touched.clear();
                let news = s.take(Utc(0));
                seen[0] += news.changed.len();
                seen[1] += news.gone.len();
                news.gone
                    .iter()
                    .for_each(|id| assert!(told.remove(id).is_some(), "seed {seed}: {id:?} was never told"));
                news.changed.into_iter().for_each(|t| drop(told.insert(t.id.clone(), t)));
            }
        }
        touched.iter().for_each(|u| s.index.touch_again(u));
        let news = s.take(Utc(0));
        news.gone.iter().for_each(|id| drop(told.remove(id)));
        news.changed.into_iter().for_each(|t| drop(told.insert(t.id.clone(), t)));
        // The same rows, in another order, at once.
        let mut fresh = store();
        for (kind, shelf) in s.shelves.iter().rev() {
            let rows = shelf.iter().rev().map(|(k, r)| (k.clone(), r.clone())).collect();
            fresh.fold(&None, *kind, Change::Page(rows));
        }
        listed(&mut fresh);
        let expected: BTreeMap<TargetId, TargetState> =
            fresh.take(Utc(0)).changed.into_iter().map(|t| (t.id.clone(), t)).collect();
        assert_eq!(all_around(&s), all_around(&fresh), "seed {seed}");
        assert_eq!(told, expected, "seed {seed}");
        assert_eq!(s.ids(), fresh.ids(), "seed {seed}");
    }
    assert!(seen[0] > 150 && seen[1] > 30, "the worlds were too quiet to prove anything: {seen:?}");
}
