//! Acts on the simulated controller: they do what the real one does, traps included.

use super::scenario::Scenario;
use super::world::World;
use super::world_tests::{act, go, id, planned, read, wait, world};
use super::{Interest, Query, Shared, Sink, cluster, metrics};
use crate::backends::{Cx, Lane};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Outcome, Primitive, RefusedBy, Step, Ticket, Verb};
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::source::Link;
use crate::core::world::target::Phase;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn guard(o: &Outcome) -> bool {
    matches!(o, Outcome::Refused(r) if r.kind == RefusedBy::Guard && r.status == Some(422))
}

fn cannot(w: &World, verb: Verb, name: &str) -> String {
    let op = Operation::new(verb, id(w, name));
    w.plan(&op, &read(w, name)).expect_err("no plan").to_string()
}

/// Settles within `secs`, and not before `at_least`.
fn settles(w: &mut World, name: &str, e: &Expect, generation: Option<i64>, at_least: i64, secs: i64) {
    let from = w.now();
    assert!(wait(w, name, e, generation, secs), "{name}: {:?}", read(w, name));
    let took = w.now().since(from) / 1000;
    assert!(took >= at_least, "{name} settled after {took} s only");
}

#[test]
fn a_roll_back_in_flight_is_an_abort_that_takes_its_time() {
    let mut w = world("f1", 1);
    go(&mut w, 180);
    let (plan, g) = act(&mut w, Verb::RollBack, "checkout");
    assert_eq!((plan.primitive, plan.steps.len()), (Primitive::Abort, 1));
    let step = &plan.steps[0];
    assert_eq!(step.request.body.unseal(), Some(&*step.request.shown), "shown is what is sent");
    assert!(step.request.path.ends_with("/namespaces/shop/rollouts/checkout/status?fieldManager=andon"));
    assert!(read(&w, "checkout").aborted_at.is_none(), "a stored wish is not an effect");
    assert!(wait(&mut w, "checkout", &step.seen_when, g, 2));
    let t = read(&w, "checkout");
    assert_eq!((t.phase.clone(), t.weight_real, t.step), (Phase::Degraded, Some(0), Some(0)));
    assert_eq!(t.aborted_by.as_ref().map(|m| &*m.name), Some("andon"));
    assert!(!step.done_when.holds(Some(&t), g), "its pods are still there");
    settles(&mut w, "checkout", &step.done_when, g, 50, 120);
    assert!(cannot(&w, Verb::Promote, "checkout").contains("aborted"));
    assert!(cannot(&w, Verb::Hold, "checkout").contains("going back"));
    // Aborted: the spec still asks for the bad version. One undo ends that, at once.
    let (plan, g) = act(&mut w, Verb::RollBack, "checkout");
    assert_eq!((plan.primitive, plan.steps.len()), (Primitive::Undo, 1));
    settles(&mut w, "checkout", &plan.steps[0].done_when, g, 0, 10);
    let t = read(&w, "checkout");
    assert_eq!((t.phase.clone(), t.is_moving(), t.aborted), (Phase::Healthy, false, false));
    assert_eq!(t.revisions[0].number, Some(43), "going back renumbers");
    // And the way back from here is the version before, never the one just aborted.
    assert_eq!(&*planned(&w, Verb::RollBack, "checkout").steps[0].title, "undo to v2.13.8");
}

#[test]
fn promote_goes_gate_by_gate_and_a_second_press_is_refused() {
    let mut w = world("calm", 1);
    go(&mut w, 5);
    let plan = planned(&w, Verb::Promote, "checkout");
    assert!(matches!(w.send(&plan.steps[0]), Outcome::Accepted { .. }));
    assert!(read(&w, "checkout").releasing);
    assert!(guard(&w.send(&plan.steps[0])), "the gate is gone already");
    assert!(cannot(&w, Verb::Promote, "checkout").contains("not reacted"));
    settles(&mut w, "checkout", &plan.steps[0].done_when, None, 8, 40);
    let t = read(&w, "checkout");
    assert_eq!((t.step, t.weight_real), (Some(3), Some(25)));
    assert!(guard(&w.send(&plan.steps[0])), "the step has moved");
    for _ in 0..2 {
        let (plan, g) = act(&mut w, Verb::Promote, "checkout");
        settles(&mut w, "checkout", &plan.steps[0].done_when, g, 8, 60);
    }
    let t = read(&w, "checkout");
    assert_eq!((t.phase.clone(), t.is_moving()), (Phase::Healthy, false), "{t:?}");
    assert!(cannot(&w, Verb::Promote, "checkout").contains("nothing moves"));
    // After promotion: undo, then promote full, in this order.
    let (plan, g) = act(&mut w, Verb::RollBack, "checkout");
    let titles: Vec<&str> = plan.steps.iter().map(|s| &*s.title).collect();
    assert_eq!(titles, ["undo to v2.14.0", "promote full"]);
    settles(&mut w, "checkout", &plan.steps[1].done_when, g, 20, 180);
    assert_eq!(read(&w, "checkout").phase, Phase::Healthy);
}

#[test]
fn a_timed_gate_opens_by_itself_and_promoting_full_too_early_is_lost() {
    let mut w = world("calm", 2);
    for _ in 0..2 {
        let (plan, g) = act(&mut w, Verb::Promote, "checkout");
        settles(&mut w, "checkout", &plan.steps[0].done_when, g, 5, 60);
    }
    let gate = read(&w, "checkout").gate.expect("pause: 5m");
    assert!(gate.until.is_some());
    let candidate = read(&w, "checkout").candidate.expect("moves");
    settles(&mut w, "checkout", &Expect::StableIs(candidate), None, 290, 400);
    let plan = planned(&w, Verb::RollBack, "checkout");
    assert!(guard(&w.send(&plan.steps[1])), "before the undo it would be about the bad version");
}

#[test]
fn a_hold_freezes_swallows_a_promote_and_keeps_pods_through_an_abort() {
    let mut w = world("calm", 3);
    let release = planned(&w, Verb::Promote, "payments").steps[0].clone();
    let (hold, g) = act(&mut w, Verb::Hold, "payments");
    assert!(!hold.steps[0].seen_when.holds(Some(&read(&w, "payments")), g), "not observed yet");
    settles(&mut w, "payments", &hold.steps[0].done_when, g, 0, 3);
    let t = read(&w, "payments");
    assert_eq!(t.held_by.as_ref().map(|m| &*m.name), Some("andon"));
    assert!(cannot(&w, Verb::Promote, "payments").contains("resume first"));
    // Somebody else promotes all the same: 200, and nothing comes of it.
    assert!(matches!(w.send(&release), Outcome::Accepted { .. }));
    go(&mut w, 20);
    let t = read(&w, "payments");
    assert_eq!((t.step, t.gate.clone(), t.releasing), (Some(1), None, false));
    let (resume, g) = act(&mut w, Verb::Resume, "payments");
    settles(&mut w, "payments", &resume.steps[0].done_when, g, 0, 3);
    assert!(wait(&mut w, "payments", &Expect::GateIs(true), None, 5), "the same gate closes again");
    assert_eq!(read(&w, "payments").step, Some(1));
    // Held and rolled back: abort first, then the hold is lifted, for under it the pods stay.
    act(&mut w, Verb::Hold, "payments");
    go(&mut w, 60);
    let plan = planned(&w, Verb::RollBack, "payments");
    assert_eq!(plan.steps.len(), 2);
    w.send(&plan.steps[0]);
    go(&mut w, 200);
    let bad = plan.from.clone().expect("a candidate");
    let t = read(&w, "payments");
    assert_eq!((t.phase.clone(), t.existing_of(&bad)), (Phase::Degraded, 1));
    assert!(t.weight_real > Some(0), "without a router they even keep their users");
    let Outcome::Accepted { generation, .. } = w.send(&plan.steps[1]) else { panic!("refused") };
    settles(&mut w, "payments", &plan.steps[1].done_when, generation, 10, 120);
}

#[test]
fn guards_rights_and_tapes_keep_a_request_from_being_stored() {
    let mut w = world("f1", 1);
    let step = planned(&w, Verb::RollBack, "checkout").steps[0].clone();
    let with = |from: &str, to: &str| {
        let body = step.request.shown.replace(from, to);
        assert_ne!(body, *step.request.shown);
        let mut s: Step = step.clone();
        s.request.body = Sealed::new(body);
        s
    };
    let t = read(&w, "checkout");
    assert!(guard(&w.send(&with(&t.id.uid, "another"))));
    assert!(guard(&w.send(&with(t.candidate.as_ref().expect("moves").as_str(), "0000000000"))));
    let taped: Step = serde_json::from_str(&serde_json::to_string(&step).expect("json")).expect("json");
    assert!(matches!(w.send(&taped), Outcome::Refused(r) if r.kind == RefusedBy::NotSent));
    let mut gone = step.clone();
    gone.request.path = gone.request.path.replace("checkout", "nobody").into();
    assert!(matches!(w.send(&gone), Outcome::Refused(r) if r.kind == RefusedBy::Gone));
    assert_eq!(read(&w, "checkout").version, t.version, "nothing was stored");
    let other = crate::core::id::TargetId { uid: "x".into(), ..t.id.clone() };
    let other = Operation::new(Verb::RollBack, other);
    assert!(matches!(w.plan(&other, &t), Err(CannotBecause::Different(_))));

    let denied = "like = \"f1\"\ntitle = \"t\"\ngoal = \"g\"\ndeny = [\"patch rollouts/status\"]\nfault = [{ kind = \"controller-stops\", at = 0, until = 60 }]";
    let mut w = World::new(Scenario::parse(denied).expect("a scenario"), 1);
    let plan = planned(&w, Verb::RollBack, "checkout");
    assert!(matches!(w.send(&plan.steps[0]), Outcome::Refused(r) if r.kind == RefusedBy::Forbidden));
    let [cluster, _] = w.sources().map(Clone::clone);
    let rights = w.abilities(&cluster).rights;
    assert_eq!(rights.iter().map(|r| r.allowed).collect::<Vec<_>>(), [Some(true), Some(false)]);
    // With the controller down a stored wish waits and is carried out when it comes back.
    let (hold, g) = act(&mut w, Verb::Hold, "checkout");
    settles(&mut w, "checkout", &hold.steps[0].done_when, g, 60, 63);
}

#[test]
fn both_backends_tell_one_world() {
    let w = world("f1", 1);
    let start = w.scenario().start.0;
    let t = id(&w, "checkout");
    let clock = Arc::new(AtomicI64::new(start));
    let shared = Shared::new(w, {
        let c = clock.clone();
        Arc::new(move || Utc(c.load(Ordering::Relaxed)))
    });
    let heard: Arc<Mutex<Vec<Fact>>> = Arc::default();
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let cx = Cx { deadline: Duration::from_secs(1), lane: Lane::Act };
    rt.block_on(async {
        let (want_to, want) = tokio::sync::watch::channel(Interest::default());
        let (eu, m) = (cluster(&shared), metrics(&shared));
        assert!(eu.probe(&cx).await.expect("probe").roles.rollouts);
        for b in [eu.clone(), m.clone()] {
            let h = heard.clone();
            tokio::spawn(b.observe(want.clone(), Sink::new(move |f| h.lock().expect("lock").push(f))));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        let first = std::mem::take(&mut *heard.lock().expect("lock"));
        assert!(first.iter().any(|f| matches!(f, Fact::Whole(ids) if ids.len() == 14)));
        assert!(first.iter().any(|f| matches!(f, Fact::Windows(_))));
        assert!(!first.iter().any(|f| matches!(f, Fact::Blocks(_))), "nobody looks at versions");
        assert!(first.iter().any(|f| matches!(f, Fact::Source(s) if s.link == Link::Polling)));
        want_to.send_replace(Interest { moving: vec![("checkout".into(), Vec::new())], ..Interest::default() });
        clock.store(start + 60_000, Ordering::Relaxed);
        let read = eu.ask(&Query::Read(t.clone()), &cx).await.expect("an answer");
        let [Fact::Target(seen)] = read.as_slice() else { panic!("{read:?}") };
        let op = Operation::new(Verb::RollBack, t);
        assert_eq!(m.plan(&op, seen), Err(CannotBecause::ReadOnly));
        let plan = eu.plan(&op, seen).expect("a plan");
        assert_eq!(eu.plan(&op, seen).expect("a plan"), plan);
        assert!(matches!(eu.send(&plan.steps[0], Ticket(1), &cx).await, Outcome::Accepted { .. }));
        clock.store(start + 62_000, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(80)).await;
        let news = std::mem::take(&mut *heard.lock().expect("lock"));
        assert!(news.iter().any(|f| matches!(f, Fact::Target(t) if t.aborted_at.is_some())));
        assert!(news.iter().any(|f| matches!(f, Fact::Blocks(b) if b.service.as_str() == "checkout")));
        assert!(m.ask(&Query::Check("nonsense".into()), &cx).await.is_err());
    });
}

#[test]
fn a_full_promotion_passes_every_step_and_an_abort_ends_it_in_one_request() {
    let mut w = world("f1", 1);
    let (plan, g) = act(&mut w, Verb::PromoteFull, "search");
    assert_eq!(plan.primitive, Primitive::PromoteFull);
    settles(&mut w, "search", &plan.steps[0].done_when, g, 5, 300);
    assert!(!read(&w, "search").is_moving());
    let mut w = world("f1", 1);
    let (_, _) = act(&mut w, Verb::PromoteFull, "search");
    go(&mut w, 2);
    let (plan, g) = act(&mut w, Verb::RollBack, "search");
    assert_eq!(plan.primitive, Primitive::Abort);
    settles(&mut w, "search", &plan.steps[0].done_when, g, 1, 300);
}

#[test]
fn a_retry_begins_an_aborted_change_anew() {
    let mut w = world("f1", 1);
    assert!(cannot(&w, Verb::Retry, "checkout").contains("not aborted"));
    assert!(cannot(&w, Verb::SkipStep, "checkout").contains("a gate stands"));
    assert!(cannot(&w, Verb::Terminate, "checkout").contains("no analysis"));
    let _ = act(&mut w, Verb::RollBack, "checkout");
    go(&mut w, 120);
    let (plan, g) = act(&mut w, Verb::Retry, "checkout");
    settles(&mut w, "checkout", &plan.steps[0].done_when, g, 0, 60);
    let t = read(&w, "checkout");
    assert!(t.is_moving() && !t.aborted && t.weight_wanted == 10, "{t:?}");
}

#[test]
fn a_restart_replaces_every_pod_and_users_stay() {
    let mut w = world("f1", 1);
    let (plan, g) = act(&mut w, Verb::Restart, "auth");
    assert!(read(&w, "auth").detail.restarting);
    settles(&mut w, "auth", &plan.steps[0].done_when, g, 20, 600);
    let t = read(&w, "auth");
    assert!(!t.detail.restarting && t.revisions[0].replicas.ready >= t.wanted);
}

#[test]
fn pods_that_do_not_start_say_why_and_go_on_when_the_fault_ends() {
    let fault = |reason: &str| {
        format!(
            "like = \"f1\"\ntitle = \"t\"\n[[fault]]\nkind = \"pods-stuck\"\nservice = \"auth\"\nversion = \"v3.7.0\"\n\
             reason = \"{reason}\"\nat = 0\nuntil = 200\n"
        )
    };
    for reason in ["ImagePullBackOff", "Unschedulable", "exceeded quota: compute"] {
        let mut w = World::new(Scenario::parse(&fault(reason)).expect("a scenario"), 1);
        let (plan, g) = act(&mut w, Verb::RollBack, "auth");
        go(&mut w, 90);
        let t = read(&w, "auth");
        let to = plan.to.as_ref().and_then(|h| t.revision(h)).expect("the old version");
        assert_eq!(to.trouble.first().map(|x| &*x.reason), Some(reason), "{to:?}");
        assert!(!plan.steps[1].done_when.holds(Some(&t), g), "{reason}");
        settles(&mut w, "auth", &plan.steps[1].done_when, None, 60, 600);
    }
}
