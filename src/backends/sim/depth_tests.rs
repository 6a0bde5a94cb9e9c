//! The world's finer parts, each tried alone: capacity, late samples, gaps, queues, caches that are cold, leases.

use super::scenario::Scenario;
use super::world::World;
use super::world_tests::{act, go, id};
use crate::core::act::plan::Verb;
use crate::core::id::ServiceId;
use crate::core::time::Utc;
use crate::core::world::figures::{Counts, Signal, VersionBlock};
use std::collections::BTreeSet;

/// Cart and pricing of f1, standing still, with this besides.
fn own(more: &str) -> World {
    let head = "title = \"t\"\ngoal = \"g\"\nlike = \"f1\"\ndesk = \"desk\"\n";
    World::new(Scenario::parse(&format!("{head}{more}")).unwrap_or_else(|e| panic!("{e}")), 1)
}

fn service(name: &str) -> ServiceId {
    ServiceId::new(name)
}

/// Requests a second that reach a service now.
fn asked(w: &World, name: &str) -> f64 {
    w.traffic[w.at(&service(name)).expect("there")].rate_at(w.now().secs())
}

fn hurts(w: &World, name: &str) -> f64 {
    w.hurt_of(&service(name)).expect("there")
}

#[test]
fn what_is_above_the_capacity_of_the_ready_pods_fails_and_nothing_else() {
    let of = |capacity: f64| own(&format!("[[service]]\nname = \"cart\"\nswing = 0.0\ncapacity = {capacity:?}\n"));
    // 14 pods, 150 requests a second.
    let mut roomy = of(11.0);
    go(&mut roomy, 60);
    assert!(hurts(&roomy, "cart") < 1e-9);
    let mut tight = of(10.0);
    go(&mut tight, 60);
    assert!((hurts(&tight, "cart") - 10.0).abs() < 1e-6, "{}", hurts(&tight, "cart"));
    assert!((tight.hurt_until(tight.now()) - 600.0).abs() < 1.0);
    // A restart takes a quarter of the pods away at a time: what sufficed does no longer.
    act(&mut roomy, Verb::Restart, "cart");
    go(&mut roomy, 66);
    assert!(hurts(&roomy, "cart") > 20.0, "{}", hurts(&roomy, "cart"));
    go(&mut roomy, 600);
    assert!(hurts(&roomy, "cart") < 1e-9);
}

/// Blocks of cart as telemetry tells them now, by their start.
fn told(w: &World, from: i64, n: i64) -> Vec<Option<Counts>> {
    let t = &w.traffic[w.at(&service("cart")).expect("there")];
    let block = |k: i64| t.block_of(from + 15 * k, w.now(), Signal::Errors);
    let sum = |b: VersionBlock| {
        b.by_hash
            .into_iter()
            .map(|(_, c)| c)
            .reduce(|a, c| Counts { total: a.total + c.total, failed: a.failed + c.failed })
    };
    (0..n).map(|k| block(k).and_then(sum)).collect()
}

#[test]
fn late_samples_come_as_they_were_and_only_later() {
    let fault = "fault = [{ kind = \"late\", service = \"cart\", after = 45, at = 60, until = 300 }]\n";
    let cart = "[[service]]\nname = \"cart\"\n";
    let (mut late, mut plain) = (own(&format!("{fault}{cart}")), own(cart));
    let newest = |w: &World| {
        let t = &w.traffic[w.at(&service("cart")).expect("there")];
        w.now().since(t.newest_sample(w.now())) / 1000
    };
    for secs in [30, 200, 400] {
        go(&mut late, secs);
        go(&mut plain, secs);
        let (age, usual) = (newest(&late), newest(&plain));
        assert!((0..15).contains(&usual), "{usual}");
        if secs == 200 {
            assert!((45..60).contains(&age), "{age} s old");
            let (a, b) =
                (told(&late, late.scenario().start.secs(), 13), told(&plain, plain.scenario().start.secs(), 13));
            assert!(a.iter().filter(|x| x.is_some()).count() + 2 <= b.iter().filter(|x| x.is_some()).count());
            assert!(a.iter().zip(&b).all(|(a, b)| a.is_none() || a == b), "the same figures");
        } else {
            assert_eq!(age, usual, "at {secs} s");
        }
    }
    let from = late.scenario().start.secs();
    assert_eq!(told(&late, from, 26), told(&plain, from, 26), "in the end all of it is there");
}

#[test]
fn gaps_lose_blocks_for_good_and_leave_the_others_as_they_are() {
    let fault = "fault = [{ kind = \"gaps\", service = \"cart\", add = 25.0, at = 60, until = 660 }]\n";
    let cart = "[[service]]\nname = \"cart\"\n";
    let (mut holes, mut plain) = (own(&format!("{fault}{cart}")), own(cart));
    go(&mut holes, 900);
    go(&mut plain, 900);
    let from = holes.scenario().start.secs();
    let (a, b) = (told(&holes, from, 59), told(&plain, from, 59));
    let lost: Vec<usize> = (0..59).filter(|k| a[*k].is_none()).collect();
    assert!((4..=18).contains(&lost.len()) && lost.iter().all(|k| (4..44).contains(k)), "{lost:?}");
    assert!(b.iter().all(Option::is_some));
    assert!(a.iter().zip(&b).all(|(a, b)| a.is_none() || a == b));
    // Nobody is hurt by what nobody measured.
    assert!(holes.hurt_until(holes.now()) < 1e-9);
}

#[test]
fn a_queue_grows_while_pods_are_missing_and_is_worked_off_afterwards() {
    let text = "alert = [{ name = \"MailsWait\", service = \"notify\", tier = \"ticket\", says = \"mails wait\", gauge = \"mails\", over = 100.0 }]\n\
        [[service]]\nname = \"notify\"\nswing = 0.0\n\
        queue = { name = \"mails\", per_pod = 4.5, full = 900.0, says = \"{} mails wait\", warns = 50.0 }\n\
        [[fault]]\nid = \"stuck\"\nkind = \"pods-stuck\"\nservice = \"notify\"\nreason = \"Unhealthy\"\nat = 0\nuntil = 200\n";
    let mut w = own(text);
    let waits =
        |w: &World| w.check("gauge{service=\"notify\",name=\"mails\"}").expect("a check").value.expect("a value");
    go(&mut w, 60);
    assert!(waits(&w).abs() < 1e-9, "4 pods take 18 a second, 16 come");
    act(&mut w, Verb::Restart, "notify");
    go(&mut w, 180);
    // One pod is gone and none comes: 2.5 more each second.
    let at_180 = waits(&w);
    assert!((230.0..310.0).contains(&at_180), "{at_180}");
    assert!(w.desk().alerts.all.iter().any(|a| &*a.name == "MailsWait" && a.firing));
    let evidence = w.evidence(&id(&w, "notify")).expect("there");
    let said = evidence.events.iter().find(|e| &*e.object == "Gauge mails").expect("told");
    assert!(said.warning && said.note.ends_with("mails wait"), "{said:?}");
    assert!(w.hurt_now() < 1e-9, "waiting is not failing");
    go(&mut w, 900);
    assert!(waits(&w).abs() < 1e-9, "{}", waits(&w));
}

#[test]
fn a_full_queue_refuses_what_it_cannot_hold() {
    let text = "[[service]]\nname = \"notify\"\nswing = 0.0\n\
        queue = { name = \"mails\", per_pod = 3.0, full = 120.0, says = \"{} mails wait\" }\n";
    let mut w = own(text);
    go(&mut w, 15);
    assert!(w.hurt_now() < 1e-9);
    go(&mut w, 120);
    assert!((w.hurt_now() - 4.0).abs() < 1e-6, "16 come, 12 are taken: {}", w.hurt_now());
}

/// Catalog remembers most answers of pricing, which has room for what is usual.
const CACHED: &str = "[[service]]\nname = \"pricing\"\nswing = 0.0\ncapacity = 18.0\n\
    [[service]]\nname = \"catalog\"\nswing = 0.0\ncache = { hits = 60.0, warm = 120, asks = \"pricing\" }\n";

#[test]
fn new_pods_with_cold_caches_overrun_whom_they_ask() {
    let mut w = own(CACHED);
    go(&mut w, 30);
    assert!(w.hurt_now() < 1e-9, "240 of 288 a second");
    act(&mut w, Verb::Restart, "catalog");
    let mut worst: f64 = 0.0;
    for secs in 31..180 {
        go(&mut w, secs);
        worst = worst.max(hurts(&w, "pricing"));
    }
    assert!(worst > 20.0, "{worst} a second fail at pricing");
    go(&mut w, 700);
    assert!(w.hurt_now() < 1e-9, "it is warm again");
}

#[test]
fn an_emptied_cache_is_a_stampede_that_reaches_its_caller() {
    let fault = "fault = [{ kind = \"cache-empty\", service = \"catalog\", at = 60, until = 75 }]\n";
    let mut w = own(&format!("{fault}{CACHED}"));
    go(&mut w, 59);
    assert!(w.hurt_now() < 1e-9);
    go(&mut w, 70);
    // 240 of its own and 252 of the cache's, room for 288.
    let part = 1.0 - 288.0 / (240.0 + 0.6 * asked(&w, "catalog"));
    assert!((hurts(&w, "pricing") - 240.0 * part).abs() < 0.5, "{}", hurts(&w, "pricing"));
    assert!((hurts(&w, "catalog") - 0.6 * asked(&w, "catalog") * part).abs() < 0.5, "its caller feels what it misses");
    go(&mut w, 75 + 121);
    assert!(w.hurt_now() < 1e-9);
}

#[test]
fn a_lease_runs_out_and_is_whole_again_when_it_is_renewed() {
    let mut w = World::new(Scenario::embedded("f7").expect("shipped"), 1);
    let left =
        |w: &World| w.check("gauge{service=\"checkout\",name=\"role_lease\"}").expect("a check").value.expect("one");
    go(&mut w, 20);
    assert!((left(&w) - 30.0).abs() < 1e-6, "{}", left(&w));
    go(&mut w, 51);
    assert!(left(&w).abs() < 1e-6);
    let call = crate::core::world::beside::Call {
        team: "platform".into(),
        person: "noor".into(),
        at: w.now(),
        answered: None,
        why: "the lease".into(),
    };
    w.set_desk(|d| d.calls.push(call));
    go(&mut w, 51 + 45 + 31);
    assert!((left(&w) - 50.0).abs() < 1e-6, "{}", left(&w));
}

#[test]
fn what_fired_before_the_drill_is_there_with_whoever_acknowledged_it_and_nothing_else_happens() {
    let mut w = World::new(Scenario::embedded("calm").expect("shipped"), 1);
    let one = |w: &World| {
        let all = &w.desk().alerts.all;
        assert_eq!(all.len(), 1);
        all[0].clone()
    };
    let first = one(&w);
    assert!(first.firing && first.acked.is_some() && first.since < Utc(w.scenario().start.0 - 86_400_000));
    let told = go(&mut w, 900);
    assert_eq!(one(&w), first);
    let desk: BTreeSet<String> =
        told.iter().filter(|(s, _)| &*s.0 == "desk").map(|(_, f)| format!("{:?}", f.key())).collect();
    assert_eq!(desk.len(), 1, "only its signs of life: {desk:?}");
}
