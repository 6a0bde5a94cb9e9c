//! Folding: every alert in exactly one place, none hidden, flaps held back as limits.md says.

use super::*;
use crate::core::world::alert::Alerts;

fn alert(id: &str, service: &str, tier: Tier, since: i64) -> Alert {
    Alert {
        id: id.into(),
        name: format!("N{id}").into(),
        service: (!service.is_empty()).then(|| ServiceId::new(service)),
        tier,
        origin: Origin::Rule,
        firing: true,
        since: Utc(since * 1_000),
        ended: None,
        says: "".into(),
        deploy: None,
        signature: "".into(),
        acked: None,
        silenced: Vec::new(),
        labels: Vec::new(),
    }
}

fn world(all: Vec<Alert>) -> World {
    let mut w = World::default();
    w.alerts.insert(SourceId::new("desk"), Alerts { all, silences: Vec::new() });
    w
}

/// `(fold, shown, held)` in order.
fn told(w: &World, now: i64) -> Vec<(String, usize, usize)> {
    list(w, Utc(now * 1_000)).folds.iter().map(|f| (f.title(), f.shown.len(), f.held.len())).collect()
}

#[test]
fn a_deployment_folds_before_a_cause_and_the_rest_stands_alone() {
    let mut all = Vec::new();
    for (n, signature) in ["5xx", "5xx", "latency", "login"].into_iter().enumerate() {
        let deploy = Some("d-81f2".into());
        all.push(Alert { deploy, signature: signature.into(), ..alert(&n.to_string(), "checkout", Tier::Page, 1) });
    }
    all.push(Alert { signature: "lag".into(), ..alert("8", "search", Tier::Ticket, 2) });
    all.push(alert("9", "", Tier::Note, 3));
    let w = world(all);
    let l = list(&w, Utc(200_000));
    let titles: Vec<String> = l.folds.iter().map(Fold::title).collect();
    assert_eq!(titles, ["d-81f2", "search lag", "N9"]);
    assert_eq!(l.folds[0].words(), "4 alerts folded into d-81f2 (5xx 2, latency 1, login 1)");
    assert_eq!(l.folds[1].words(), "N8 fires on search, ticket, folded into search lag");
    assert_eq!(l.folds[2].words(), "N9 fires, note");
    assert_eq!((l.firing(), l.held()), (6, 0));
}

#[test]
fn notes_and_tickets_wait_a_minute_pages_and_the_first_of_a_service_never() {
    let all = vec![
        alert("first", "checkout", Tier::Note, 100),
        alert("ticket", "checkout", Tier::Ticket, 110),
        alert("page", "checkout", Tier::Page, 111),
        Alert { origin: Origin::Report, ..alert("report", "checkout", Tier::Ticket, 112) },
        alert("other", "search", Tier::Note, 113),
        alert("nobody's", "", Tier::Note, 114),
    ];
    let w = world(all);
    let held = |now: i64| -> Vec<String> {
        let l = list(&w, Utc(now * 1_000));
        l.folds.iter().flat_map(|f| f.held.iter().map(|o| o.alert.id.to_string())).collect()
    };
    assert_eq!(held(115), ["ticket"]);
    assert_eq!(held(169), ["ticket"]);
    assert_eq!(held(170), Vec::<String>::new());
    assert_eq!(list(&w, Utc(115_000)).next(), Some(Utc(160_000)), "somebody wakes for it");
}

#[test]
fn one_that_came_and_went_is_a_flap_and_one_that_lasted_is_none() {
    let ended = |id: &str, since: i64, end: i64| {
        let ended = Some(Utc(end * 1_000));
        Alert { firing: false, ended, ..alert(id, "checkout", Tier::Ticket, since) }
    };
    let w = world(vec![alert("a", "checkout", Tier::Page, 1), ended("b", 10, 40), ended("c", 10, 90)]);
    assert_eq!(told(&w, 95), [("Na".into(), 1, 0), ("Nc".into(), 1, 0), ("Nb".into(), 0, 1)]);
}

#[test]
fn worst_first_and_what_was_taken_or_hidden_after_it() {
    let acked = Some(("ito".into(), Utc(5_000)));
    let w = world(vec![
        Alert { acked, ..alert("taken", "a", Tier::Page, 1) },
        Alert { silenced: vec!["s".into()], ..alert("hidden", "b", Tier::Page, 1) },
        alert("new", "c", Tier::Page, 9),
        alert("old", "d", Tier::Page, 2),
        alert("ticket", "e", Tier::Ticket, 1),
    ]);
    let order: Vec<String> = told(&w, 500).into_iter().map(|t| t.0).collect();
    assert_eq!(order, ["Nold", "Nnew", "Nhidden", "Ntaken", "Nticket"]);
}

/// A little generator of its own: the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, of: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % of
    }
}

#[test]
fn every_alert_is_in_exactly_one_fold_and_none_is_hidden() {
    let mut dice = Dice(7);
    for round in 0..300 {
        let mut w = World::default();
        let mut n = 0;
        for source in ["a", "b"] {
            let mut all = Vec::new();
            for _ in 0..dice.roll(14) {
                n += 1;
                let tier = [Tier::Page, Tier::Ticket, Tier::Note][dice.roll(3) as usize];
                let service = ["", "checkout", "search"][dice.roll(3) as usize];
                // Ids that both sources use.
                let mut one = alert(&format!("{}", all.len()), service, tier, 100 + dice.roll(90) as i64);
                one.firing = dice.roll(3) > 0;
                one.ended = (!one.firing).then(|| Utc(one.since.0 + 1_000 * dice.roll(100) as i64));
                one.deploy =
                    [None, Some("".into()), Some("d-1".into()), Some("d-2".into())][dice.roll(4) as usize].clone();
                one.signature = ["", "5xx", "lag"][dice.roll(3) as usize].into();
                one.origin = if dice.roll(5) == 0 { Origin::Report } else { Origin::Rule };
                all.push(one);
            }
            w.alerts.insert(SourceId::new(source), Alerts { all, silences: Vec::new() });
        }
        let now = Utc(1_000 * (100 + dice.roll(150) as i64));
        let l = list(&w, now);
        let mut seen: Vec<(&SourceId, &str)> =
            l.folds.iter().flat_map(|f| f.all().map(|o| (&o.source, &*o.alert.id))).collect();
        assert_eq!(seen.len(), n, "round {round}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), n, "round {round}: one stands twice");
        for f in &l.folds {
            assert!(f.held.iter().all(|o| o.alert.tier != Tier::Page && o.alert.origin == Origin::Rule), "{round}");
            assert!(f.all().next().is_some(), "round {round}: an empty fold");
            if let By::Alone { .. } = f.by {
                assert_eq!(f.all().count(), 1);
            }
        }
        // Of every service that has one that fires, at least one is shown.
        for service in ["checkout", "search"].map(ServiceId::new) {
            let fires = |o: &One| o.alert.firing && o.alert.service.as_ref() == Some(&service);
            let any = l.folds.iter().any(|f| f.all().any(fires));
            let stands = l.folds.iter().any(|f| f.shown.iter().any(|o| o.alert.service.as_ref() == Some(&service)));
            assert!(!any || stands, "round {round}: {service} is silent though it fires");
        }
    }
}

#[test]
fn a_silence_without_conditions_matches_nothing_and_patterns_are_not_guessed() {
    let a = alert("1", "checkout", Tier::Page, 1);
    let m = |label: &str, value: &str| Matcher { label: label.into(), value: value.into(), regex: false, equal: true };
    assert_eq!(matches(&a, &[]), Some(false));
    assert_eq!(matches(&a, &[m("service", "checkout"), m("alertname", "N1")]), Some(true));
    assert_eq!(matches(&a, &[m("service", "checkout"), m("team", "x")]), Some(false));
    assert_eq!(matches(&a, &[Matcher { regex: true, ..m("service", "check.*") }]), None);
    assert_eq!(matchers_said(&[m("service", "a\"b")]), r#"service="a\"b""#);
}

/// What the list says by time alone is the same whether it is made every second or only when it says that it changes.
#[test]
fn between_its_moments_the_list_does_not_change() {
    let ended = |id: &str, since: i64, end: i64| {
        let ended = Some(Utc(end * 1_000));
        Alert { firing: false, ended, ..alert(id, "checkout", Tier::Ticket, since) }
    };
    let w = world(vec![
        ended("flap", 100, 110),
        alert("a", "checkout", Tier::Ticket, 105),
        alert("b", "checkout", Tier::Note, 130),
        alert("p", "search", Tier::Page, 120),
        ended("c", 140, 150),
    ]);
    let mut kept = List::default();
    let mut says = 0;
    for now in (131_000..320_000).step_by(1_000).map(Utc) {
        let fresh = list(&w, now);
        if kept.is_due(now) {
            kept.renew(&w, now);
            says += 1;
        }
        assert_eq!(kept.folds, fresh.folds, "at {now:?}");
        assert_eq!((kept.firing(), kept.held(), kept.open_pages()), (fresh.firing(), fresh.held(), fresh.open_pages()));
    }
    assert!((3..=6).contains(&says), "made {says} times");
    assert_eq!(kept.made(), says);
    assert!(!kept.is_due(Utc(i64::MAX)), "all has lasted");
}

#[test]
fn what_fires_about_a_service_and_what_began_last_are_found_without_looking_at_all() {
    let deploy = |id: &str, service: &str, since: i64| Alert {
        deploy: Some("d-1".into()),
        ..alert(id, service, Tier::Page, since)
    };
    let acked = Some(("ito".into(), Utc(5_000)));
    let w = world(vec![
        deploy("1", "checkout", 10),
        deploy("2", "cart", 20),
        deploy("3", "checkout", 30),
        alert("4", "checkout", Tier::Ticket, 40),
        Alert { acked, ..alert("5", "", Tier::Page, 50) },
    ]);
    let l = list(&w, Utc(500_000));
    let of = |s: &str| l.of(&ServiceId::new(s)).map(Fold::title).collect::<Vec<_>>();
    assert_eq!(of("checkout"), ["d-1", "N4"]);
    assert_eq!(of("cart"), ["d-1"]);
    assert_eq!(of("search"), Vec::<String>::new());
    assert_eq!(l.newest_first().map(Fold::title).collect::<Vec<_>>(), ["N5", "N4", "d-1"]);
    assert_eq!((l.firing(), l.open_pages()), (5, 3));
}
