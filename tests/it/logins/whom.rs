//! As whom, and to which cluster: looking and acting apart, rights by namespace, an identity that is pinned.

use super::ways::CX;
use crate::home::Home;
use andon::backends::kubernetes::{Impersonate, Kubernetes, Settings};
use andon::backends::{Backend, Query};
use andon::core::act::plan::{Operation, Outcome, RefusedBy, Ticket, Verb};
use andon::core::id::TargetId;
use andon::core::time::Utc;
use andon::core::world::fact::Fact;
use andon::core::world::source::{Cluster, Link};
use andon::testkit::fake_kube::FakeKube;
use andon::testkit::stories;
use serde_json::{Value, json};
use std::sync::Arc;

fn fixture(name: &str) -> Value {
    let path = format!("{}/src/backends/kubernetes/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect(&path)
}

fn rollout(f: &FakeKube) -> TargetId {
    let r = fixture("live-argo-rollout-canary-paused-step1-weight20");
    let uid = r["metadata"]["uid"].as_str().expect("uid").to_owned();
    f.put("rollouts", r);
    for s in fixture("live-argo-replicasets-of-canary-rollout")["items"].as_array().expect("list") {
        f.put("replicasets", s.clone());
    }
    TargetId {
        source: "eu-1".into(),
        namespace: "shop".into(),
        kind: "Rollout".into(),
        name: "checkout".into(),
        uid: uid.into(),
    }
}

/// Contexts `look` and `act`, each to its server with its token.
fn two(home: &Home, look: &FakeKube, act: &FakeKube, given: impl FnOnce(&mut Settings)) -> Kubernetes {
    let one = |name: &str, f: &FakeKube| {
        (
            json!({"name": name, "cluster": {"server": f.url()}}),
            json!({"name": name, "user": {"token": format!("{name}-5ecret")}}),
            json!({"name": name, "context": {"cluster": name, "user": name, "namespace": "shop"}}),
        )
    };
    let (a, b) = (one("look", look), one("act", act));
    let text = json!({"current-context": "look", "clusters": [a.0, b.0], "users": [a.1, b.1], "contexts": [a.2, b.2]});
    let mut settings = Settings {
        kubeconfig: Some(home.file("kubeconfig", &text.to_string())),
        namespaces: vec!["shop".into()],
        ..Settings::of("eu-1")
    };
    given(&mut settings);
    Kubernetes::new(settings, Arc::new(|| Utc(1_795_230_847_000)))
}

async fn hold(k: &Kubernetes, id: &TargetId) -> Result<Outcome, String> {
    let facts = k.ask(&Query::Read(id.clone()), &CX).await.map_err(|e| e.to_string())?;
    let Some(Fact::Target(t)) = facts.first() else { return Err(format!("{facts:?}")) };
    let plan = k.plan(&Operation::new(Verb::Hold, id.clone()), t).map_err(|e| e.to_string())?;
    Ok(k.send(&plan.steps[0], Ticket(1), &CX).await)
}

#[tokio::test]
async fn looking_never_carries_the_power_to_act() {
    let home = Home::new("apart");
    let f = FakeKube::start().await;
    let id = rollout(&f);
    let k = two(&home, &f, &f, |s| s.act_context = Some("act".into()));
    let found = k.probe(&CX).await.expect("in");
    assert_eq!(found.acts_as.as_deref(), Some("me"));
    let got = hold(&k, &id).await.expect("sent");
    assert!(matches!(got, Outcome::Accepted { .. }), "{got:?}");
    for a in f.asked() {
        let acting = a.authorization == "Bearer act-5ecret";
        let for_acts = a.method == "PATCH" || a.path.contains("/rollouts/checkout") || a.path.contains("replicasets");
        let whose = a.path.contains("selfsubject");
        assert!(acting == for_acts || whose, "{} {} as {}", a.method, a.path, a.authorization);
    }
    // One token lost, the other still looks.
    f.only_token("look-5ecret");
    let k = two(&home, &f, &f, |s| s.act_context = Some("act".into()));
    let found = k.probe(&CX).await.expect("it still looks");
    assert!(found.acts_as.as_deref().is_some_and(|who| who.starts_with("nobody: ")), "{:?}", found.acts_as);
    assert!(found.rights.iter().any(|r| &*r.verb == "get pods/log" && r.allowed == Some(true)));
    assert!(found.rights.iter().all(|r| &*r.verb != "patch rollouts" || r.allowed.is_none()));
}

#[tokio::test]
async fn another_shell_that_chooses_a_context_does_not_move_a_source() {
    let home = Home::new("moved");
    let (look, act) = (FakeKube::start().await, FakeKube::start().await);
    let mut file = None;
    let k = two(&home, &look, &act, |s| file.clone_from(&s.kubeconfig));
    let file = file.expect("a kubeconfig");
    let id = rollout(&look);
    rollout(&act);
    k.probe(&CX).await.expect("in");
    let text = std::fs::read_to_string(&file).expect("read");
    let moved = text.replace(r#""current-context":"look""#, r#""current-context":"act""#);
    assert_ne!(text, moved);
    std::fs::write(&file, moved).expect("written");
    let before = look.asked().len();
    // Logged in anew: new connections are made.
    k.renew();
    k.probe(&CX).await.expect("in again");
    assert!(look.asked().len() > before, "the links are new");
    let got = hold(&k, &id).await.expect("sent");
    assert!(matches!(got, Outcome::Accepted { .. }), "{got:?}");
    assert_eq!((act.asked().len(), look.writes()), (0, 1), "nothing went to the other cluster");
}

#[tokio::test]
async fn impersonation_is_of_the_acts_alone() {
    let home = Home::new("impersonate");
    let f = FakeKube::start().await;
    let id = rollout(&f);
    let k = two(&home, &f, &f, |s| {
        s.impersonate = Some(Impersonate { user: "oncall".into(), groups: vec!["sre".into()] });
    });
    let found = k.probe(&CX).await.expect("in");
    assert_eq!((found.identity.as_deref(), found.acts_as.as_deref()), (Some("me"), Some("oncall")));
    hold(&k, &id).await.expect("sent");
    let asked = f.asked();
    let patch = asked.iter().find(|a| a.method == "PATCH").expect("sent");
    assert_eq!(patch.impersonates.as_deref(), Some("oncall"));
    assert!(asked.iter().any(|a| a.path == "/version" && a.impersonates.is_none()));
}

#[tokio::test]
async fn an_act_context_of_another_cluster_acts_on_nothing() {
    let home = Home::new("elsewhere");
    let (look, act) = (FakeKube::start().await, FakeKube::start().await);
    let id = rollout(&look);
    rollout(&act);
    let with = |s: &mut Settings| s.act_context = Some("act".into());
    let why = hold(&two(&home, &look, &act, with), &id).await.expect_err("not even read");
    assert!(why.contains("leads to another cluster"), "{why}");
    assert_eq!(act.writes(), 0);
    // Another door of the same cluster is fine; and where it may not say which it is, the request's own guards must do.
    act.is_cluster(&format!("cluster-{}", look.port()));
    let got = hold(&two(&home, &look, &act, with), &id).await.expect("sent");
    assert!(matches!(got, Outcome::Accepted { .. }), "{got:?}");
    assert_eq!((look.writes(), act.writes()), (0, 1));
    let gone = two(&home, &look, &act, |s| s.act_context = Some("nowhere".into()));
    assert!(gone.probe(&CX).await.is_ok(), "it still looks");
    assert!(hold(&gone, &id).await.expect_err("no such context").contains("no such context"));
}

#[tokio::test]
async fn rights_come_by_rules_and_one_by_one_where_the_rules_do_not_tell_all() {
    let home = Home::new("rights");
    let f = FakeKube::start().await;
    for all in [true, false] {
        f.deny("patch rollouts/status");
        if !all {
            f.deny("tell rules");
        }
        let found = two(&home, &f, &f, |_| {}).probe(&CX).await.expect("in");
        let said = |verb: &str| found.rights.iter().find(|r| &*r.verb == verb).map(|r| r.allowed);
        assert_eq!(said("patch rollouts/status"), Some(Some(false)), "all told: {all}");
        assert_eq!((said("patch rollouts"), said("delete pods")), (Some(Some(true)), Some(Some(true))));
        assert_eq!(said("patch canaries"), None, "Flagger is not there");
        assert_eq!(said("list nodes"), Some(Some(true)));
    }
    let reviews = |f: &FakeKube| f.asked().iter().filter(|a| a.path.contains("selfsubjectaccessreviews")).count();
    // The first time: nodes alone; the second: everything.
    assert!(reviews(&f) > 9, "{}", reviews(&f));
    // A refusal names the verb and the resource, in the server's words.
    let id = rollout(&f);
    f.deny("patch rollouts");
    match hold(&two(&home, &f, &f, |_| {}), &id).await.expect("sent") {
        Outcome::Refused(r) => {
            assert_eq!(r.kind, RefusedBy::Forbidden);
            assert!(r.why.contains("cannot patch resource \"rollouts\""), "{}", r.why);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn in_many_namespaces_rights_are_asked_one_by_one_only_where_something_moves() {
    let home = Home::new("many-rights");
    let f = FakeKube::start().await;
    f.deny("tell rules");
    let id = rollout(&f);
    let names: Vec<String> = (0..39).map(|n| format!("team-{n}")).chain(["shop".to_owned()]).collect();
    let k = two(&home, &f, &f, |s| s.namespaces = names);
    let asked = |f: &FakeKube, ns: &str| {
        let of = |a: &&andon::testkit::fake_kube::Asked| a.path.contains("selfsubjectaccessreviews");
        f.asked().iter().filter(of).filter(|a| a.body.contains(&format!("\"namespace\":\"{ns}\""))).count()
    };
    k.probe(&CX).await.expect("in");
    assert_eq!((asked(&f, "team-7"), asked(&f, "shop")), (0, 0), "40 namespaces are 40 questions, not 400");
    let interest = andon::backends::Interest { ways_back: vec![id], ..Default::default() };
    let (_want, rx) = tokio::sync::watch::channel(interest);
    let seen = andon::backends::Sink::new(|_| {});
    let k = Arc::new(k);
    let watching = tokio::spawn(Arc::clone(&k).observe(rx, seen));
    let mut tries = 0;
    while asked(&f, "shop") < 9 {
        tries += 1;
        assert!(tries < 400, "where something moves every right is asked for");
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(asked(&f, "team-7"), 0);
    watching.abort();
}

#[tokio::test]
async fn which_cluster_it_is_may_be_no_ones_business() {
    let home = Home::new("who");
    let f = FakeKube::start().await;
    f.deny("get namespaces");
    let found = two(&home, &f, &f, |_| {}).probe(&CX).await.expect("in");
    let cluster = found.cluster.expect("its address is known");
    assert_eq!((&*cluster.id, &*cluster.server, &*cluster.authority), ("", &*f.url(), ""));
}

#[test]
fn another_cluster_under_the_name_refuses_every_act_and_turns_red() {
    let is = |id: &str, server: &str| Some(Cluster { id: id.into(), server: server.into(), authority: "ca".into() });
    let mut w = stories::worse();
    w.source_with("eu-1", |s| s.abilities.cluster = is("one", "https://a"));
    w.source_with("eu-1", |s| s.abilities.cluster = is("two", "https://a"));
    let s = &w.model.world.sources[&"eu-1".into()];
    assert!(
        matches!(&s.link, Link::Failed(e) if e.sentence.contains("another cluster answers as eu-1")),
        "{:?}",
        s.link
    );
    let alarms = andon::core::alarm::alarms(&w.model);
    assert!(alarms.iter().any(|a| a.text.contains("another cluster answers as eu-1")), "{alarms:?}");
    w.keys("a r");
    let refused = w.model.dialog.as_ref().and_then(|d| d.act()).and_then(|d| d.refused.clone());
    assert!(refused.is_some_and(|why| why.contains("another cluster")));
    w.keys("esc");
    // Back where it was, it is itself again; behind another address the name is asked for.
    w.source_with("eu-1", |s| s.abilities.cluster = is("one", "https://b"));
    w.keys("a r");
    let d = w.model.dialog.as_ref().and_then(|d| d.act()).expect("open");
    assert_eq!(d.refused, None);
    assert!(andon::core::alarm::alarms(&w.model).iter().any(|a| a.text.contains("another address")));
}
