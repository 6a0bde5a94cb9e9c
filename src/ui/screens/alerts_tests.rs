//! Alerts as somebody sees them: many of them, filtered, on the alarm row, in the Board's detail. Folds are counted, not
//! timed.

use crate::core::id::ServiceId;
use crate::core::time::Utc;
use crate::core::world::alert::{Alert, Alerts, Origin, Tier};
use crate::core::world::fact::Fact;
use crate::core::world::source::{Link, Roles};
use crate::testkit::picture::text;
use crate::testkit::stories;
use crate::testkit::world::World;

fn alert(id: &str, service: &str, tier: Tier, since: Utc) -> Alert {
    Alert {
        id: id.into(),
        name: format!("Rule{id}").into(),
        service: Some(ServiceId::new(service)),
        tier,
        origin: Origin::Rule,
        firing: true,
        since,
        ended: None,
        says: format!("what {id} says").into(),
        deploy: None,
        signature: "".into(),
        acked: None,
        silenced: Vec::new(),
        labels: Vec::new(),
    }
}

fn ago(w: &World, secs: i64) -> Utc {
    Utc(w.now().0 - secs * 1_000)
}

fn told(w: &mut World, all: Vec<Alert>) {
    w.source("desk", "desk", Link::Polling, Roles { alerts: true, ..Roles::default() });
    w.fact("desk", Fact::Alerts(Box::new(Alerts { all, silences: Vec::new() })));
}

fn screen(w: &World) -> String {
    text(&w.draw(w.model.width, w.model.height))
}

#[test]
fn ten_thousand_alerts_are_folded_once_for_each_time_they_are_told() {
    let mut w = stories::calm();
    let since = ago(&w, 600);
    let many: Vec<Alert> = (0..10_000)
        .map(|n| Alert {
            signature: format!("s{}", n % 4_000).into(),
            ..alert(&n.to_string(), "checkout", Tier::Ticket, since)
        })
        .collect();
    let before = w.model.alerts.made();
    told(&mut w, many.clone());
    assert_eq!(w.model.alerts.made(), before + 1);
    for keys in
        ["b", "j", "f", "j", "j", "enter", "t", "j", "v", "a", "esc", "b", "f", "/", "s 3 9", "enter", ">", "esc"]
    {
        w.keys(keys);
        for _ in 0..3 {
            assert!(!screen(&w).is_empty());
        }
        w.wait(500);
    }
    assert_eq!(w.model.alerts.made(), before + 1, "neither a frame nor a key nor time that changes nothing folds anew");
    w.fact("desk", Fact::Alerts(Box::new(Alerts { all: many, silences: Vec::new() })));
    assert_eq!(w.model.alerts.made(), before + 2);
    assert_eq!(w.model.alerts.folds.len(), 4_000);
}

#[test]
fn a_flap_that_lasts_is_shown_when_it_has_lasted_and_not_before() {
    let mut w = stories::calm();
    let (first, second) = (ago(&w, 300), ago(&w, 10));
    told(&mut w, vec![alert("1", "checkout", Tier::Ticket, first), alert("2", "checkout", Tier::Ticket, second)]);
    w.keys("f");
    assert!(screen(&w).contains("1 held back"), "{}", screen(&w));
    w.wait(45_000);
    assert!(screen(&w).contains("1 held back"), "{}", screen(&w));
    w.wait(10_000);
    assert!(!screen(&w).contains("held back"), "{}", screen(&w));
}

#[test]
fn a_filter_leaves_what_answers_counts_the_rest_and_names_hidden_pages() {
    let mut w = stories::calm();
    let since = ago(&w, 600);
    let labels = vec![("team".into(), "billing".into())];
    told(
        &mut w,
        vec![
            alert("Page", "search", Tier::Page, since),
            Alert { labels, ..alert("Lag", "checkout", Tier::Ticket, since) },
            alert("Disk", "auth", Tier::Note, since),
        ],
    );
    w.keys("f /").type_text("billing");
    let s = screen(&w);
    assert!(s.contains("1 of 3 folds") && s.contains("2 hidden") && s.contains("1 PAGE"), "{s}");
    let rows: String = s.lines().skip(3).collect();
    assert!(rows.contains("RuleLag") && !rows.contains("RuleDisk") && !rows.contains("RulePage"), "{s}");
    w.keys("enter");
    assert_eq!(w.model.nav.alert.as_deref(), Some("alone desk Lag"), "typing chooses the first that answers");
    w.keys("j");
    assert_eq!(w.model.nav.alert.as_deref(), Some("alone desk Lag"), "nothing that is hidden is chosen");
    w.keys("esc");
    assert!(screen(&w).contains("RuleDisk"), "{}", screen(&w));
    // Left with Esc while typing: as it was before.
    w.keys("k /").type_text("disk");
    w.keys("esc");
    assert_eq!(w.model.nav.alert.as_deref(), Some("alone desk Page"));
    assert!(screen(&w).contains("RuleDisk"), "{}", screen(&w));
}

#[test]
fn a_page_nobody_has_stands_on_the_alarm_row_and_leads_to_its_fold() {
    let mut w = stories::calm();
    let since = ago(&w, 120);
    told(&mut w, vec![alert("1", "search", Tier::Ticket, since), alert("2", "auth", Tier::Page, since)]);
    let s = screen(&w);
    assert!(s.lines().nth(2).is_some_and(|l| l.contains("PAGE on auth since") && l.contains("! goes there")), "{s}");
    assert!(s.contains("2 ALERTS FIRE"), "{s}");
    w.keys("!");
    assert_eq!(w.model.nav.alert.as_deref(), Some("alone desk 2"));
    assert!(screen(&w).contains("ALERTS  2 firing in 2 folds, 1 PAGE NOT ACKNOWLEDGED"), "{}", screen(&w));
    // Somebody has it: no alarm any more.
    let acked = Some(("ito".into(), since));
    let all = vec![Alert { acked, ..alert("2", "auth", Tier::Page, since) }];
    w.fact("desk", Fact::Alerts(Box::new(Alerts { all, silences: Vec::new() })));
    w.keys("b");
    assert!(!screen(&w).contains("PAGE on auth"), "{}", screen(&w));
}

#[test]
fn of_one_cause_with_several_pages_the_alarm_names_the_one_that_no_row_tells() {
    for first in ["1", "3"] {
        let mut w = stories::worse();
        let since = ago(&w, 120);
        let of = |id, service| Alert { deploy: Some("checkout 1.10".into()), ..alert(id, service, Tier::Page, since) };
        told(&mut w, vec![of(first, "checkout"), of("2", "search")]);
        w.keys("b");
        let s = screen(&w);
        assert!(s.contains("PAGE on search"), "checkout is on the Board as WORSE: {s}");
        assert!(!s.contains("PAGE on checkout"), "{s}");
    }
}

#[test]
fn the_boards_detail_tells_what_fires_about_the_chosen_service() {
    let mut w = stories::calm();
    let since = ago(&w, 120);
    told(&mut w, vec![alert("1", "checkout", Tier::Ticket, since)]);
    stories::select(&mut w, "checkout");
    w.wait(400);
    let s = screen(&w);
    assert!(s.contains(" alerts   1 alert ticket (Rule1 1)  f shows them"), "{s}");
    // One that does not move has its line too.
    let mut w = stories::worse();
    told(&mut w, vec![alert("1", "checkout", Tier::Page, since)]);
    w.keys("b");
    let s = screen(&w);
    assert!(!s.contains("PAGE on checkout"), "its row says it by itself: {s}");
    assert!(s.contains(" alerts   1 alert page"), "{s}");
}

#[test]
fn no_fleet_is_fine_while_a_budget_burns_fast_enough_for_a_ticket() {
    let mut w = stories::calm();
    w.keys("b");
    assert!(screen(&w).contains("SERVICES FINE"));
    w.burn("auth", 7.0, 7.0, 0.4);
    let rank = w.model.rows.iter().find(|r| r.service.as_str() == "auth").map(|r| r.rank);
    assert_eq!(rank, Some(crate::core::board::BURNS), "{}", screen(&w));
    assert!(!screen(&w).contains("FINE"), "{}", screen(&w));
    let since = ago(&w, 120);
    told(&mut w, vec![alert("1", "auth", Tier::Ticket, since)]);
    let s = screen(&w);
    assert!(s.contains("1 ALERT FIRES: f shows them") && !s.contains("figures are fine"), "{s}");
}

#[test]
fn another_alert_of_the_same_service_is_no_stranger() {
    let mut w = stories::calm();
    let (since, long) = (ago(&w, 120), ago(&w, 400));
    told(
        &mut w,
        vec![
            alert("1", "checkout", Tier::Page, since),
            alert("2", "checkout", Tier::Ticket, long),
            alert("3", "auth", Tier::Ticket, since),
        ],
    );
    let said = crate::core::aside::line(&w.model, &ServiceId::new("checkout"));
    assert_eq!(said.as_deref(), Some("1 alert page (Rule1 1), 1 more about it, 1 not related"));
}
