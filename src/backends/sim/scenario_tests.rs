//! The shipped scenarios: each tells its story, can be won with the acts there are, and is another decision than all the
//! others. They are played here by their own words of what is good, at the world's doors.

use super::scenario::{Good, Scenario};
use super::world::World;
use super::world_tests::{go, id};
use crate::core::act::plan::{Operation, Outcome, Verb};
use crate::core::id::ServiceId;
use crate::core::time::Utc;
use crate::core::world::beside::Call;
use crate::core::world::fact::Fact;
use std::collections::{BTreeMap, BTreeSet};

/// All but the one in which nothing happens.
fn stories() -> Vec<(&'static str, Scenario)> {
    let all = Scenario::names().into_iter().filter(|n| *n != "calm");
    all.map(|n| (n, Scenario::embedded(n).unwrap_or_else(|e| panic!("{n}: {e}")))).collect()
}

fn secs(w: &World) -> i64 {
    w.now().since(w.scenario().start) / 1000
}

/// Does one good act as the console would. `false`: not possible now.
fn perform(w: &mut World, g: &Good) -> bool {
    let verb = match &*g.act {
        "roll-back" | "roll-back-to" => Verb::RollBack,
        "hold" => Verb::Hold,
        "promote" => Verb::Promote,
        "promote-full" => Verb::PromoteFull,
        "flag-off" => {
            let flag = w.desk.flags.iter_mut().find(|f| *f.key == *g.on).expect("checked");
            flag.on = false;
            w.tell_desk();
            return true;
        }
        "wake" => {
            let person = w.desk.teams.iter().find(|t| *t.team == *g.on).expect("checked").levels[0].person.clone();
            let call = Call { team: g.on.clone(), person, at: w.now(), answered: None, why: "drill".into() };
            w.desk.calls.push(call);
            w.tell_desk();
            return true;
        }
        "revoke" => {
            let version = w.scenario().service(&ServiceId::new(&g.on)).and_then(|s| s.rollout.clone()).expect("moves");
            let of = |a: &&mut crate::core::world::beside::Artifact| {
                *a.service.as_str() == *g.on && a.version == version.version
            };
            w.desk.artifacts.iter_mut().find(of).expect("told").revoked = Some("not ours".into());
            w.tell_desk();
            return true;
        }
        "tell" => {
            let now = w.now();
            w.desk.told.push((now, "we know".into()));
            return true;
        }
        other => panic!("the test cannot {other}"),
    };
    send(w, verb, g)
}

fn send(w: &mut World, verb: Verb, g: &Good) -> bool {
    let target = id(w, &g.on);
    let mut op = Operation::new(verb, target.clone());
    op.back_to = g.to.as_ref().map(|v| super::rollout::hash_of(&g.on, v));
    let seen = w.read(&target).expect("there");
    let Ok(plan) = w.plan(&op, &seen) else { return false };
    for step in &plan.steps {
        for _ in 0..150 {
            if step.wait_first.as_ref().is_none_or(|e| e.holds(w.state(&target).as_ref(), None)) {
                break;
            }
            w.advance_to(Utc(w.now().0 + 100));
        }
        match w.send(step) {
            Outcome::Accepted { .. } => {}
            Outcome::Refused(_) => return false,
            other => panic!("{other:?}"),
        }
    }
    true
}

/// Plays a scenario by its own words, with nobody looking; returns the world after the last thing should have settled.
fn played(s: &Scenario, seed: u64) -> World {
    let mut w = World::new(s.clone(), seed);
    w.nobody_looks();
    let signal = s.score.signal.unwrap_or(60);
    for (n, g) in s.good.iter().enumerate() {
        let at = (signal + 20 * n as i64).max(g.from).max(secs(&w));
        go(&mut w, at);
        while !perform(&mut w, g) {
            let later = secs(&w) + 5;
            assert!(later <= g.within, "{}: {} on {} was never possible", s.title, g.act, g.on);
            go(&mut w, later);
        }
        assert!(secs(&w) <= g.within, "{}: {} on {} came too late", s.title, g.act, g.on);
        if &*g.act == "hold" {
            let soon = secs(&w) + 3;
            go(&mut w, soon);
            assert!(w.holds(g), "{}: not held", s.title);
        }
    }
    let end = s.good.iter().filter_map(|g| g.settled).max().unwrap_or(600).max(secs(&w));
    go(&mut w, end);
    w
}

#[test]
fn each_says_what_it_is_what_is_good_and_what_it_is_not() {
    for (name, s) in stories() {
        assert!(!s.title.is_empty() && !s.goal.is_empty(), "{name}");
        assert!(!s.good.is_empty() && !s.hints.is_empty() && !s.notes.is_empty(), "{name}");
        assert!(!s.not_simulated.is_empty(), "{name}: nothing is simulated whole");
        assert!(s.score.signal.is_some() && s.score.detect.is_some() && s.score.decide.is_some(), "{name}");
        assert!(!s.score.never.is_empty() && !s.score.evidence.is_empty(), "{name}: nothing misleads");
        assert!(s.score.signal <= s.score.detect && s.score.detect <= s.score.decide, "{name}");
        for n in &s.score.never {
            let good = s.good.iter().any(|g| g.act == n.act && n.on.as_ref() == Some(&g.on));
            assert!(!good || n.before.is_some(), "{name}: {} on {:?} is good and must never be", n.act, n.on);
        }
    }
}

/// The decision as a person would tell it afterwards: what to do to what, and what not to fall for.
#[test]
fn any_two_are_different_decisions() {
    /// Acts, each with what it is done to.
    type Acts = BTreeSet<(String, String)>;
    let told: Vec<(&str, Acts, Acts)> = stories()
        .into_iter()
        .map(|(name, s)| {
            let good = s.good.iter().map(|g| (g.act.to_string(), g.on.to_string())).collect();
            let on = |o: &Option<std::sync::Arc<str>>| o.as_deref().unwrap_or_default().to_owned();
            let never = s.score.never.iter().map(|n| (n.act.to_string(), on(&n.on))).collect();
            (name, good, never)
        })
        .collect();
    for (i, (a, good, never)) in told.iter().enumerate() {
        for (b, other, misleads) in &told[i + 1..] {
            assert_ne!(good, other, "{a} and {b} ask for the same acts on the same things");
            assert_ne!((good, never), (other, misleads), "{a} and {b}");
        }
    }
    // The act alone does not give it away: going back, stopping, going on, a flag and a person are each the first of some.
    let firsts: BTreeSet<String> = stories().iter().map(|(_, s)| s.good[0].act.to_string()).collect();
    for act in ["roll-back", "hold", "promote", "flag-off", "wake", "roll-back-to"] {
        assert!(firsts.contains(act), "{act} begins none");
    }
}

#[test]
fn each_is_won_by_its_own_words_and_lost_by_doing_nothing() {
    for (name, s) in stories() {
        let w = played(&s, 1);
        for g in s.good.iter().filter(|g| g.settled.is_some()) {
            assert!(w.holds(g), "{name}: {} on {} does not hold at the end", g.act, g.on);
        }
        let mut idle = World::new(s.clone(), 1);
        idle.nobody_looks();
        go(&mut idle, secs(&w));
        assert!(s.good.iter().any(|g| !idle.holds(g)), "{name}: nothing had to be done");
        let (mine, left) = (w.hurt_now(), idle.hurt_now());
        assert!(mine < 0.02, "{name}: {mine} requests a second are still hurt");
        assert!(mine <= left, "{name}: {mine} with acts, {left} without");
        let (a, b) = (w.hurt_until(w.now()), idle.hurt_until(idle.now()));
        assert!(a <= b + 1.0, "{name}: {a} requests hurt with acts, {b} without");
    }
}

/// What a person at the console could know by now, without the truth.
fn clues(w: &World) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for a in w.desk().alerts.all.iter().filter(|a| a.firing) {
        out.insert(format!("alert {}", a.name));
    }
    for t in w.targets() {
        for e in w.evidence(&t).expect("there").events.iter().filter(|e| e.warning) {
            out.insert(format!("event {} {}", e.object, e.reason));
        }
    }
    for s in &w.scenario().services {
        let t = &w.traffic[w.at(&s.name).expect("there")];
        for track in ["candidate", "stable"] {
            let query = format!("error_ratio{{service=\"{}\",track=\"{track}\"}}", s.name);
            let ratio = w.check(&query).expect("a check").value.unwrap_or(0.0);
            if ratio > 0.008 + 3.0 * s.fails / 100.0 && s.rps > 10.0 {
                out.insert(format!("errors {} {track}", s.name));
            }
        }
        if t.is_silent(w.now()) {
            out.insert(format!("no data {}", s.name));
        }
    }
    out
}

#[test]
fn the_decisive_fact_is_there_to_be_seen_when_it_is_said_to_be() {
    for (name, s) in stories() {
        let mut w = World::new(s.clone(), 1);
        let first = clues(&w);
        go(&mut w, s.score.signal.expect("said") + 15);
        let seen: Vec<String> = clues(&w).difference(&first).cloned().collect();
        assert!(!seen.is_empty() || !first.is_empty(), "{name}: nothing to be seen");
        // In the story of the login nothing may show in figures: people tell.
        if name == "story-login" {
            go(&mut w, 600);
            assert!(clues(&w).iter().all(|c| c.starts_with("alert ")), "{:?}", clues(&w));
        }
    }
}

#[test]
fn the_same_acts_at_the_same_times_give_the_same_facts_however_it_is_advanced() {
    for name in ["f2", "f3", "b4", "edge-half", "f6", "s1"] {
        let s = Scenario::embedded(name).expect("shipped");
        let run = |stride: i64| {
            let mut w = World::new(s.clone(), 7);
            let mut facts = w.snapshot();
            for (n, g) in s.good.iter().enumerate() {
                let until = s.start.0 + (130 + 70 * n as i64) * 1000;
                while w.now().0 < until {
                    facts.extend(w.advance_to(Utc((w.now().0 + stride).min(until))));
                }
                perform(&mut w, g);
            }
            while w.now().0 < s.start.0 + 500_000 {
                facts.extend(w.advance_to(Utc((w.now().0 + stride).min(s.start.0 + 500_000))));
            }
            facts
        };
        let once = run(600_000);
        assert!(once.len() > 300, "{name}");
        assert!(once == run(1_370), "{name}: its facts depend on how it is advanced");
    }
}

#[test]
fn who_is_not_touched_stays_calm_for_half_an_hour() {
    // With ANDON_LONG=1; else for as long as a person takes to decide.
    let long = if std::env::var_os("ANDON_LONG").is_some() { 1800 } else { 600 };
    for (name, s) in stories() {
        let touched: BTreeSet<&ServiceId> = s
            .services
            .iter()
            .filter(|x| s.faults.iter().any(|f| f.service.as_ref() == Some(&x.name)) || !x.calls.is_empty())
            .map(|x| &x.name)
            .collect();
        let mut w = World::new(s.clone(), 3);
        go(&mut w, long);
        for x in s.services.iter().filter(|x| !touched.contains(&x.name)) {
            let usual = x.fails / (100.0 - x.objective) * long as f64 / (f64::from(x.window_days) * 864.0);
            let burnt = w.burnt(&x.name).expect("there");
            assert!(burnt < 2.0 * usual + 0.05, "{name}: {} burnt {burnt} %, usual {usual} %", x.name);
            // A rule by the clock is noise on purpose.
            let mut rules = s.alerts.iter().filter(|a| a.service.as_ref() == Some(&x.name) && a.at.is_none());
            let fires = |n: &str| w.desk().alerts.all.iter().any(|a| *a.name == *n);
            assert!(!rules.any(|a| fires(&a.name)), "{name}: {}", x.name);
        }
    }
}

#[test]
fn people_are_called_one_after_the_other_and_answer_in_their_time() {
    let mut w = World::new(Scenario::embedded("f2").expect("shipped"), 1);
    go(&mut w, 60);
    let wake = Good {
        on: "platform".into(),
        act: "wake".into(),
        to: None,
        or: Vec::new(),
        within: 600,
        from: 0,
        settled: None,
    };
    perform(&mut w, &wake);
    go(&mut w, 179);
    assert_eq!(w.desk().calls.len(), 1);
    let told = go(&mut w, 240);
    let calls = &w.desk().calls;
    let said: Vec<(&str, Option<i64>)> =
        calls.iter().map(|c| (&*c.person, c.answered.map(|t| t.since(w.scenario().start) / 1000))).collect();
    assert_eq!(said, [("sven", None), ("noor", Some(225))]);
    assert!(told.iter().any(|(s, f)| &*s.0 == "desk" && matches!(f, Fact::OnCall { calls, .. } if calls.len() == 2)));
}

#[test]
fn a_flag_off_ends_what_it_began_and_on_again_begins_it_again() {
    let s = Scenario::embedded("b4").expect("shipped");
    let mut w = World::new(s, 1);
    let pricing = ServiceId::new("pricing");
    go(&mut w, 100);
    assert!(w.hurt_of(&pricing).expect("there") > 5.0);
    assert!(w.hurt_of(&ServiceId::new("checkout")).expect("there") > 1.0, "its caller feels it");
    let turn = |w: &mut World, on: bool| {
        for f in w.desk.flags.iter_mut().filter(|f| &*f.key == "pricing-parallel-quotes") {
            f.on = on;
        }
    };
    turn(&mut w, false);
    go(&mut w, 130);
    assert!(w.hurt_now() < 1e-9);
    let before = w.burnt(&pricing);
    go(&mut w, 300);
    assert!(w.burnt(&pricing).zip(before).is_some_and(|(a, b)| a - b < 0.01));
    turn(&mut w, true);
    go(&mut w, 301);
    assert!(w.hurt_now() > 5.0);
}

#[test]
fn what_git_does_not_have_is_taken_back() {
    let mut w = World::new(Scenario::embedded("s1").expect("shipped"), 1);
    go(&mut w, 30);
    super::world_tests::act(&mut w, Verb::Hold, "orders-operator");
    go(&mut w, 80);
    assert!(super::world_tests::read(&w, "orders-operator").held);
    go(&mut w, 100);
    assert!(!super::world_tests::read(&w, "orders-operator").held);
    assert!(w.desk().changed.iter().any(|c| &*c.by == "flux" && c.at > w.scenario().start));
}

#[test]
fn a_service_without_answers_is_measured_by_nobody_and_felt_all_the_same() {
    let mut w = World::new(Scenario::embedded("story-login").expect("shipped"), 1);
    let auth = ServiceId::new("auth");
    go(&mut w, 200);
    assert!(w.hurt_of(&auth).expect("there") > 0.2);
    let ratio = w.check("error_ratio{service=\"auth\",track=\"candidate\"}").expect("a check").value;
    assert!(ratio.is_some_and(|r| r < 0.003), "{ratio:?}");
    assert!(w.desk().alerts.all.iter().any(|a| a.origin == crate::core::world::alert::Origin::Report));
}

#[test]
fn a_file_that_names_what_is_not_there_is_refused_in_a_sentence() {
    let text = include_str!("../../../scenarios/f2.toml");
    let cases: BTreeMap<&str, (&str, &str)> = BTreeMap::from([
        ("act = \"wake\"", ("act = \"wink\"", "`wink` is nothing that can be done")),
        ("on = \"platform\"", ("on = \"plattform\"", "there is no plattform")),
        ("ends_on_call = \"platform\"", ("ends_on_call = \"nobody\"", "no team nobody")),
        ("fault = \"bad\"", ("fault = \"worse\"", "no fault with the id worse")),
        ("count = 3", ("add = 3.0", "needs count")),
        ("log = \"500", ("reason = \"500", "reason means nothing there")),
        ("take = [\"checkout\"", ("take = [\"chekout\"", "no service chekout to take")),
        ("burn = 6.0, late", ("late", "say when")),
        ("event = \"FailedKillPod: ", ("event = \"", "write its event as")),
        ("within = 240, settled = 900", ("within = 240, settled = 90", "in this order")),
    ]);
    for (from, (to, says)) in cases {
        assert!(text.contains(from), "{from}");
        let e = Scenario::parse(&text.replacen(from, to, 1)).expect_err(says);
        assert!(e.contains(says), "{from}: {e}");
    }
}
