//! The world in time: the same twice, its faults visible in its figures, its budget moved by acts.

use super::scenario::Scenario;
use super::world::World;
use crate::core::act::plan::{Expect, Operation, Outcome, Plan, Verb};
use crate::core::id::{Hash, ServiceId, SourceId, TargetId};
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::figures::{Blocks, Counts, Signal};
use crate::core::world::target::TargetState;

pub(super) fn world(scenario: &str, seed: u64) -> World {
    World::new(Scenario::embedded(scenario).expect("it is shipped"), seed)
}

pub(super) fn id(w: &World, name: &str) -> TargetId {
    w.targets().into_iter().find(|t| &*t.name == name).expect("a target")
}

pub(super) fn read(w: &World, name: &str) -> TargetState {
    w.read(&id(w, name)).expect("it is there")
}

/// Goes to `secs` after the start.
pub(super) fn go(w: &mut World, secs: i64) -> Vec<(SourceId, Fact)> {
    let at = Utc(w.scenario().start.0 + secs * 1000);
    w.advance_to(at)
}

pub(super) fn wait(w: &mut World, name: &str, what: &Expect, generation: Option<i64>, secs: i64) -> bool {
    let target = id(w, name);
    for _ in 0..secs * 10 {
        if what.holds(w.state(&target).as_ref(), generation) {
            return true;
        }
        w.advance_to(Utc(w.now().0 + 100));
    }
    false
}

pub(super) fn planned(w: &World, verb: Verb, name: &str) -> Plan {
    let op = Operation::new(verb, id(w, name));
    w.plan(&op, &read(w, name)).expect("a plan")
}

/// Sends a whole plan, waiting between steps as the console does. Returns the answer to the last step.
pub(super) fn act(w: &mut World, verb: Verb, name: &str) -> (Plan, Option<i64>) {
    let plan = planned(w, verb, name);
    let mut generation = None;
    for step in &plan.steps {
        if let Some(e) = &step.wait_first {
            // What closes again waits for all of it.
            let secs = if step.closes { 240 } else { 15 };
            assert!(wait(w, name, e, generation, secs), "waited for {e:?}");
        }
        match w.send(step) {
            Outcome::Accepted { generation: g, .. } => generation = g,
            other => panic!("{}: {other:?}", step.title),
        }
    }
    (plan, generation)
}

fn checkout() -> ServiceId {
    ServiceId::new("checkout")
}

fn total(b: &Blocks, hash: &Hash) -> Counts {
    let mut sum = Counts::default();
    for (h, c) in b.blocks.iter().flat_map(|b| &b.by_hash) {
        if h == hash {
            sum.total += c.total;
            sum.failed += c.failed;
        }
    }
    sum
}

#[test]
fn the_same_seed_and_acts_give_the_same_facts_however_it_is_advanced() {
    let run = |seed, stride: i64| {
        let mut w = world("f1", seed);
        let mut facts = w.snapshot();
        for at in [90_000, 180_300, 400_000] {
            let until = w.scenario().start.0 + at;
            while w.now().0 < until {
                facts.extend(w.advance_to(Utc((w.now().0 + stride).min(until))));
            }
            match at {
                90_000 => drop(act(&mut w, Verb::Promote, "search")),
                180_300 => drop(act(&mut w, Verb::RollBack, "checkout")),
                _ => {}
            }
        }
        facts
    };
    let once = run(1, 100_000);
    assert!(once.len() > 500, "{}", once.len());
    assert_eq!(once, run(1, 100_000));
    assert_eq!(once, run(1, 730));
    assert_ne!(once, run(2, 100_000));
}

#[test]
fn the_bad_canary_shows_in_its_blocks_and_in_nothing_else() {
    let mut w = world("f1", 1);
    let t = read(&w, "checkout");
    let (bad, good) = (t.candidate.clone().expect("moves"), t.stable.clone().expect("stable"));
    assert_eq!(t.started, Some(Utc(w.scenario().start.0 - 120_000)));
    assert_eq!((t.step, t.weight_real, t.existing_of(&bad), t.existing_of(&good)), (Some(1), Some(10), 2, 20));
    go(&mut w, 180);
    let start = w.scenario().start.secs();
    let before = w.blocks(&checkout(), start - 120, 8).expect("history");
    assert_eq!(before.blocks.len(), 8, "the two minutes before the drill are known");
    let early = total(&before, &bad);
    assert!(early.total > 1000.0 && early.failed < 5.0, "{early:?}");
    let after = w.blocks(&checkout(), start + 60, 5).expect("history");
    assert_eq!(after.blocks.len(), 5);
    let (c, s) = (total(&after, &bad), total(&after, &good));
    assert!((0.15..0.25).contains(&(c.failed / c.total)), "{c:?}");
    assert!(s.failed / s.total < 0.001, "{s:?}");
    assert!((0.08..0.12).contains(&(c.total / (c.total + s.total))), "{c:?} {s:?}");
    let none = w.blocks(&checkout(), start - 180, 1).expect("history").blocks;
    assert_eq!(none[0].by_hash.len(), 1, "no candidate before the rollout began");
    let ahead = w.blocks(&checkout(), start + 180, 1).expect("history").blocks;
    assert!(ahead.is_empty(), "what is not settled is not told");
    let told = w.check(r#"error_ratio{service="checkout",track="candidate"}"#).expect("a check");
    assert!(told.value.is_some_and(|v| v > 0.03), "{told:?}");
    let burn = w.check(r#"burn{service="checkout",window="5m"}"#).expect("a check").value.expect("traffic");
    assert!(burn > 3.0, "{burn}");
    assert_eq!(w.check(r#"pods{service="checkout",track="candidate"}"#).expect("a check").value, Some(2.0));
    assert!(w.check(r#"pods{service="nobody"}"#).is_err());
    assert!(w.check("up == 1").is_err());
}

#[test]
fn who_rolls_back_keeps_more_budget_than_who_waits_and_who_promotes() {
    for seed in [1, 2] {
        let play = |verb: Option<(i64, Verb)>| {
            let mut w = world("f1", seed);
            let first = w.budget_left(&checkout()).expect("known");
            assert!((0.735..0.745).contains(&first), "{first}");
            if let Some((at, verb)) = verb {
                go(&mut w, at);
                act(&mut w, verb, "checkout");
            }
            go(&mut w, 1200);
            let others = w.budget_left(&ServiceId::new("catalog"));
            (w.budget_left(&checkout()).expect("known"), others)
        };
        let (back, a) = play(Some((180, Verb::RollBack)));
        let (nothing, b) = play(None);
        let (promoted, c) = play(Some((90, Verb::Promote)));
        assert!(back > nothing + 0.005 && nothing > promoted + 0.005, "{seed}: {back} {nothing} {promoted}");
        assert!(a == b && b == c, "an act leaves the other services' requests alone");
    }
}

#[test]
fn a_service_that_stops_reporting_has_no_figures_but_still_has_users() {
    let mut w = world("f1", 1);
    let facts = go(&mut w, 400);
    let search = ServiceId::new("search");
    let silent_at = Utc(w.scenario().start.0 + 30_000);
    let mut blocks = facts.iter().filter_map(|(_, f)| match f {
        Fact::Blocks(b) if b.service == search && b.signal == Signal::Errors => Some(b),
        _ => None,
    });
    let last = blocks.next_back().expect("still asked");
    assert!(last.newest_sample.is_some_and(|t| t <= silent_at && silent_at.since(t) < 15_000));
    assert!(last.blocks.iter().all(|b| b.by_hash.is_empty()), "no series, not zero");
    let mut windows = facts.iter().filter_map(|(_, f)| match f {
        Fact::Windows(x) if x.service == search && x.signal == Signal::Errors => Some(x),
        _ => None,
    });
    let rows = &windows.next_back().expect("still asked").rows;
    assert!(rows.iter().all(|(w, _)| *w != 300), "five minutes without a sample");
    assert!(rows.iter().any(|(w, _)| *w == 3600));
    assert_eq!(w.check(r#"error_ratio{service="search",track="stable"}"#).expect("a check").value, None);
    let mut later = world("f1", 1);
    go(&mut later, 60);
    assert_ne!(later.budget_left(&search), w.budget_left(&search), "its users still make requests");
}

#[test]
fn little_traffic_is_little() {
    let mut w = world("f1", 1);
    go(&mut w, 300);
    let t = read(&w, "payments");
    let start = w.scenario().start.secs();
    let seen = w.blocks(&ServiceId::new("payments"), start, 10).expect("history");
    let c = total(&seen, t.candidate.as_ref().expect("moves"));
    assert!(c.total < 150.0, "{c:?}");
}

#[test]
fn calm_has_no_fault_and_a_window_adds_up() {
    let mut w = world("calm", 5);
    let facts = go(&mut w, 1200);
    for s in w.scenario().services.clone() {
        let mut rows = facts.iter().filter_map(|(_, f)| match f {
            Fact::Windows(x) if x.service == s.name && x.signal == Signal::Errors => Some(&x.rows),
            _ => None,
        });
        let rows = rows.next_back().expect("told");
        assert_eq!(rows.len(), 9);
        assert!(rows.is_sorted_by(|a, b| a.1.total < b.1.total), "{}: {rows:?}", s.name);
        let day = rows[5].1;
        assert!((day.failed / day.total) < 1.5 * s.fails / 100.0 + 1e-6, "{}: {day:?}", s.name);
        let left = w.budget_left(&s.name).expect("known");
        assert!((left - (1.0 - s.spent / 100.0)).abs() < 0.01, "{}: {left}", s.name);
        assert!(read(&w, s.name.as_str()).observed);
    }
}

#[test]
fn an_abort_stops_a_full_promotion_and_an_undo_lifts_a_hold() {
    let mut w = world("calm", 4);
    for _ in 0..3 {
        let (plan, g) = act(&mut w, Verb::Promote, "checkout");
        assert!(wait(&mut w, "checkout", &plan.steps[0].done_when, g, 90));
    }
    let back = read(&w, "checkout").previous().expect("kept").hash.clone();
    act(&mut w, Verb::RollBack, "checkout");
    let later = Utc(w.now().0 + 4_000);
    w.advance_to(later);
    let t = read(&w, "checkout");
    assert!(t.promoting_full && t.candidate == Some(back.clone()), "{t:?}");
    // Without its promoteFull false the controller would drop the abort.
    let (plan, g) = act(&mut w, Verb::RollBack, "checkout");
    assert!(plan.steps[0].request.shown.contains("/status/promoteFull"));
    assert!(wait(&mut w, "checkout", &plan.steps[0].seen_when, g, 3));
    let t = read(&w, "checkout");
    assert_eq!((t.aborted, t.promoting_full), (true, false));

    // Aborted, and held by somebody in a second console: template and pause go in one request.
    let mut other = world("calm", 4);
    let hold = planned(&other, Verb::Hold, "payments");
    act(&mut other, Verb::RollBack, "payments");
    other.send(&hold.steps[0]);
    go(&mut other, 10);
    assert!(read(&other, "payments").held);
    let (plan, g) = act(&mut other, Verb::RollBack, "payments");
    assert_eq!(plan.steps.len(), 1);
    assert!(wait(&mut other, "payments", &plan.steps[0].done_when, g, 120));
    assert!(!read(&other, "payments").held);
}

#[test]
fn of_two_revisions_of_the_same_second_the_number_tells_which_was_before() {
    let mut w = world("calm", 4);
    for _ in 0..3 {
        let (plan, g) = act(&mut w, Verb::Promote, "checkout");
        assert!(wait(&mut w, "checkout", &plan.steps[0].done_when, g, 90));
    }
    let mut t = read(&w, "checkout");
    let old = t.previous().expect("kept").hash.clone();
    let at = t.stable_revision().and_then(|s| s.created);
    let stable = t.stable.clone();
    t.revisions.retain(|r| r.hash == old || Some(&r.hash) == stable.as_ref());
    for r in &mut t.revisions {
        r.created = at;
        r.number = Some(if r.hash == old { 1 } else { 2 });
    }
    assert_eq!(t.previous().map(|r| &r.hash), Some(&old));
    // An aborted one, made just after stable.
    for r in t.revisions.iter_mut().filter(|r| r.hash == old) {
        r.number = Some(3);
    }
    assert_eq!(t.previous(), None);
    // A server without numbers: the way back is not closed for want of them.
    for r in &mut t.revisions {
        r.number = None;
    }
    assert!(t.previous().is_some());
}

#[test]
fn a_silence_hides_what_carries_no_labels_and_the_desk_that_stands_is_not_told_again() {
    use crate::core::world::alert::{Alert, Matcher, Silence};
    let mut w = world("b2", 1);
    let told = |facts: &[(SourceId, Fact)]| facts.iter().filter(|(_, f)| matches!(f, Fact::Alerts(_))).count();
    let mut hidden = w.desk().alerts.all.first().cloned().unwrap_or_else(|| {
        go(&mut w, 3_600);
        w.desk().alerts.all.first().cloned().expect("b2 has alerts within an hour")
    });
    hidden = Alert { id: "bare".into(), name: "Bare".into(), labels: Vec::new(), silenced: Vec::new(), ..hidden };
    let end = Utc(w.now().0 + 600_000);
    let silence = |id: &str, label: &str, value: &str| Silence {
        id: id.into(),
        matchers: vec![Matcher { label: label.into(), value: value.into(), regex: false, equal: true }],
        from: w.now(),
        until: end,
        by: "a".into(),
        why: "b".into(),
    };
    let silences = vec![silence("by-name", "alertname", "Bare"), silence("other", "alertname", "Else")];
    w.set_desk(|d| {
        d.alerts.all = vec![hidden];
        d.alerts.silences = silences;
    });
    let by = |w: &World| w.desk().alerts.all.iter().find(|a| &*a.id == "bare").map(|a| a.silenced.clone());
    let first = w.advance_to(Utc(w.now().0 + 1_000));
    assert_eq!(by(&w), Some(vec!["by-name".into()]), "once its time goes on, the silence is seen");
    assert_eq!(told(&first), 1, "and told");
    for second in 0..5 {
        let again = w.advance_to(Utc(w.now().0 + 1));
        assert_eq!(told(&again), 0, "{second}: nothing on the desk moved");
    }
    w.advance_to(Utc(end.0 + 1_000));
    assert_eq!(by(&w), Some(Vec::new()), "it has ended");
}
