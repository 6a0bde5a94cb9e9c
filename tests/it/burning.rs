//! Burn and freshness through the whole core: which targets count, what decides, what rises after a deploy, when forward
//! goes before back, and what each figure says as its source falls silent.

use andon::core::act::gate::{Gate, GateState};
use andon::core::act::plan::Verb;
use andon::core::effect::Effect;
use andon::core::entry::Kind;
use andon::core::gates::gates;
use andon::core::id::ServiceId;
use andon::core::intent::Intent;
use andon::core::judge::burn::{Priority, Tier, Word};
use andon::core::judge::freshness::{Age, SKEW_OLD_MS};
use andon::core::judge::readiness::{self, CheckState};
use andon::core::judge::ripple::How;
use andon::core::judge::verdict;
use andon::core::menu;
use andon::core::time::Utc;
use andon::core::world::fact::Fact;
use andon::core::world::figures::{Counts, Signal, Windows};
use andon::core::world::service::Slo;
use andon::core::world::target::TargetState;
use andon::core::world::telemetry::{Asked, Coverage, Objective, Ratios, Telemetry, Trend, TrendOf};
use andon::core::{board, budget, plain, statement};
use andon::testkit::drill::Run;
use andon::testkit::{Canary, World, picture, world};

fn id(name: &str) -> ServiceId {
    ServiceId::from(name)
}

fn target<'a>(w: &'a World, name: &str) -> &'a TargetState {
    &w.model.world.targets[&w.target_id(name)]
}

/// Windows of 5 m, 1 h and 30 d with this part failing, per thousand.
fn windows(w: &mut World, service: &str, signal: Signal, per_mille: [f64; 3]) {
    let row = |(secs, p): (u32, f64)| {
        let total = f64::from(secs) * 20.0;
        (secs, Counts { total, failed: total * p / 1_000.0 })
    };
    let rows = [300, 3_600, 2_592_000].into_iter().zip(per_mille).map(row).collect();
    let newest_sample = Some(Utc(w.now().0 - 9_000));
    let (service, at, query) = (id(service), Some(w.now()), "sum(increase(x[5m]))".into());
    w.fact("metrics", Fact::Windows(Windows { service, signal, at, rows, newest_sample, scrape_secs: 15, query }));
}

fn telemetry(w: &mut World, t: Telemetry) {
    w.fact("metrics", Fact::Telemetry(Box::new(t)));
}

fn asked(w: &World) -> Asked {
    Asked { query: "q".into(), at: w.now(), sample: Some(Utc(w.now().0 - 9_000)) }
}

fn start() -> World {
    let mut w = world();
    w.sources();
    w.service("checkout", 2, &[120_000]);
    w
}

fn gate(w: &World, name: &str, which: Gate) -> (GateState, String) {
    let lines = gates(&w.model, target(w, name), Verb::Promote);
    let line = lines.into_iter().find(|g| g.gate == which).expect("a gate");
    (line.state, line.words.to_string())
}

#[test]
fn a_target_found_elsewhere_is_judged_against_until_config_names_one() {
    let mut w = start();
    w.model.world.services.get_mut(&id("checkout")).expect("a service").slo = None;
    windows(&mut w, "checkout", Signal::Errors, [0.5, 0.5, 0.1]);
    assert!(w.model.burn(&id("checkout")).is_none(), "nobody wrote down a target");
    let objective = |slo| Objective {
        service: id("checkout"),
        signal: Signal::Errors,
        slo,
        from: "sloth checkout-availability".into(),
    };
    telemetry(&mut w, Telemetry::Objective(objective(Slo::rolling(0.9999, 30))));
    let b = w.model.burn(&id("checkout")).expect("a burn").clone();
    assert_eq!(b.word, Word::Burning, "5x of 99.99");
    assert_eq!(b.against().as_deref(), Some("SLO 99.99 from sloth checkout-availability over rolling 30d"));
    w.model.world.services.get_mut(&id("checkout")).expect("a service").slo = Some(Slo::rolling(0.99, 30));
    windows(&mut w, "checkout", Signal::Errors, [0.5, 0.5, 0.1]);
    let b = w.model.burn(&id("checkout")).expect("a burn");
    assert_eq!((b.word, b.against().as_deref()), (Word::Calm, Some("SLO 99 over rolling 30d")));
}

#[test]
fn each_signal_burns_against_its_own_target_and_the_worst_decides() {
    let mut w = start();
    w.canary(&Canary::steady("checkout", "eu-1"));
    windows(&mut w, "checkout", Signal::Errors, [0.5, 0.5, 0.1]);
    windows(&mut w, "checkout", Signal::Latency, [80.0, 80.0, 1.0]);
    assert_eq!(w.model.burns[&id("checkout")].all().count(), 1, "latency has no target yet");
    let slo = Slo::rolling(0.99, 30);
    let latency = Objective { service: id("checkout"), signal: Signal::Latency, slo, from: "openslo l".into() };
    telemetry(&mut w, Telemetry::Objective(latency));
    let b = &w.model.burns[&id("checkout")];
    assert_eq!((b.signal(), b.deciding().word, b.by()), (Signal::Latency, Word::Burning, Some("latency")));
    assert_eq!(b.beside(), ["availability calm .5x(1h) .5x(5m)"]);
    w.keys("1");
    let said = picture::text(&w.draw(200, 50));
    assert!(said.contains("latency BURNING"), "{said}");
}

#[test]
fn recorded_ratios_burn_where_there_are_no_counts() {
    let mut w = start();
    let rows = vec![(300, Some(0.006)), (3_600, Some(0.006)), (2_592_000, Some(0.0005))];
    let (asked, from) = (asked(&w), "sloth checkout-availability".into());
    telemetry(&mut w, Telemetry::Ratios(Ratios { service: id("checkout"), signal: Signal::Errors, rows, from, asked }));
    let b = w.model.burn(&id("checkout")).expect("a burn");
    assert!(b.n_unknown && b.word == Word::Burning && b.left.is_some_and(|l| (l - 0.5).abs() < 1e-9), "{b:?}");
    windows(&mut w, "checkout", Signal::Errors, [0.5, 0.5, 0.1]);
    let b = w.model.burn(&id("checkout")).expect("a burn");
    assert!(!b.n_unknown && b.word == Word::Calm, "counts say more");
}

#[test]
fn over_the_line_with_a_live_rollout_pages_and_proposes_hold() {
    let mut w = start();
    w.canary(&Canary::new("checkout", "eu-1"));
    w.figures("checkout", 300, (20.0, 0.0), (180.0, 0.2));
    windows(&mut w, "checkout", Signal::Errors, [5.0, 5.0, 0.1]);
    let b = w.model.burn(&id("checkout")).expect("a burn");
    assert_eq!((b.tier, b.priority(), b.propose_hold), (Tier::Page, Some(Priority::P2), true));
    let hold = menu::items(&w.model, target(&w, "checkout")).into_iter().find(|i| i.intent == Intent::Hold);
    assert_eq!(hold.expect("hold").ready, menu::Ready::Yes("proposed: it burns".into()));
    w.target_with("checkout", |t| t.held = true);
    assert!(!budget::proposes_hold(&w.model, target(&w, "checkout")), "it is held");
    // Its figures do not blame the canary, and users are hurt all the same: that comes first.
    w.keys("1");
    let said = picture::text(&w.draw(80, 23));
    assert!(said.contains("CHECKOUT BURNS ITS ERROR BUDGET; NOT SURE YET IF ITS CANARY"), "{said}");
}

#[test]
fn forward_goes_before_back_when_the_candidate_puts_the_fire_out() {
    let mut w = start();
    w.canary(&Canary::new("checkout", "eu-1").since(1_200));
    w.figures("checkout", 1_200, (300.0, 0.1), (900.0, 36.0));
    windows(&mut w, "checkout", Signal::Errors, [0.2, 0.2, 0.1]);
    let t = target(&w, "checkout");
    assert_eq!(w.model.judged[&t.id].verdict.word, verdict::Word::Better);
    assert_eq!(menu::items(&w.model, t)[0].intent, Intent::RollBack, "nothing burns");
    windows(&mut w, "checkout", Signal::Errors, [40.0, 40.0, 0.5]);
    let items = menu::items(&w.model, target(&w, "checkout"));
    assert_eq!((items[0].intent, items[1].intent), (Intent::Promote, Intent::RollBack));
    assert!(items[0].label.starts_with("roll forward: promote"), "{}", items[0].label);
    let all = menu::all(&w.model, Some(target(&w, "checkout")));
    let at = |i| all.iter().position(|x| x.intent == i).expect("listed");
    assert!(at(Intent::Promote) < at(Intent::RollBack) && at(Intent::RollBack) + 1 == at(Intent::RollBackTo));
    assert_eq!(
        gate(&w, "checkout", Gate::Burn),
        (GateState::Ok, "stable burns 40x and the candidate is better".into())
    );
    w.keys("1");
    let said = picture::text(&w.draw(120, 40));
    assert!(said.contains("ROLL FORWARD"), "{said}");
}

#[test]
fn the_burn_gate_asks_for_the_candidates_own_share() {
    let with = |candidate: f64, stable: f64, service: f64| {
        let mut w = start();
        w.canary(&Canary::new("checkout", "eu-1").since(600));
        w.figures("checkout", 600, (200.0, candidate), (1_800.0, stable));
        windows(&mut w, "checkout", Signal::Errors, [service, service, 0.1]);
        gate(&w, "checkout", Gate::Burn)
    };
    assert_eq!(with(4.0, 0.4, 1.0).0, GateState::Block, "20x if everyone had it");
    assert_eq!(with(0.05, 0.4, 1.0).0, GateState::Ok);
    let (state, words) = with(0.1, 0.9, 9.0);
    assert_eq!(state, GateState::Warn, "{words}");
    assert!(words.contains("burns 9x on availability"), "{words}");
    let mut w = start();
    w.canary(&Canary::new("checkout", "eu-1"));
    assert_eq!(gate(&w, "checkout", Gate::Burn).0, GateState::UnknownWarn, "nothing was measured");
    w.model.world.services.get_mut(&id("checkout")).expect("a service").slo = None;
    assert_eq!(gate(&w, "checkout", Gate::Burn).0, GateState::NotConfigured);
}

#[test]
fn the_observability_gate_names_what_nobody_measures() {
    let mut w = start();
    w.canary(&Canary::new("checkout", "eu-1"));
    assert_eq!(gate(&w, "checkout", Gate::Observability).0, GateState::UnknownWarn, "nobody looked yet");
    let coverage = |latency, split| {
        Telemetry::Coverage(Coverage {
            service: id("checkout"),
            preset: "istio".into(),
            requests: Some(true),
            errors: Some(true),
            latency,
            correctness: None,
            split,
            deploy: Some(true),
            resources: Some(false),
        })
    };
    telemetry(&mut w, coverage(Some(false), Some(false)));
    let (state, words) = gate(&w, "checkout", Gate::Observability);
    assert_eq!((state, words.as_str()), (GateState::Warn, "nobody measures latency, track split"));
    telemetry(&mut w, coverage(None, Some(true)));
    assert_eq!(gate(&w, "checkout", Gate::Observability).0, GateState::UnknownWarn);
    telemetry(&mut w, coverage(Some(true), Some(true)));
    assert_eq!(gate(&w, "checkout", Gate::Observability).0, GateState::Ok);
}

#[test]
fn what_burns_since_a_deploy_is_named_with_how_that_is_known() {
    let mut w = start();
    for name in ["search", "payments", "ledger"] {
        w.service(name, 2, &[]);
        w.canary(&Canary::steady(name, "eu-1"));
    }
    windows(&mut w, "search", Signal::Errors, [0.3, 0.3, 0.1]);
    windows(&mut w, "ledger", Signal::Errors, [8.0, 8.0, 0.1]);
    w.wait(5_000);
    w.canary(&Canary::new("checkout", "eu-1").since(2));
    windows(&mut w, "search", Signal::Errors, [0.4, 0.3, 0.1]);
    windows(&mut w, "ledger", Signal::Errors, [8.0, 8.0, 0.1]);
    // Nobody saw payments before the deploy; its course tells.
    let started = target(&w, "checkout").started.expect("moves").secs();
    let points = (0..20).map(|i| ((started - 1_200).div_euclid(60) * 60 + 60 * i, 0.0005)).collect();
    let (of, asked) = (TrendOf::ErrorsShort, asked(&w));
    telemetry(&mut w, Telemetry::Trend(Trend { service: id("payments"), of, step_secs: 60, points, asked }));
    w.wait(120_000);
    w.effects.clear();
    for name in ["search", "payments", "ledger"] {
        windows(&mut w, name, Signal::Errors, [8.0, 2.0, 0.1]);
    }
    let at = w.target_id("checkout");
    let r = budget::ripple(&w.model, &at).expect("a ripple");
    let names: Vec<&str> = r.risen.keys().map(ServiceId::as_str).collect();
    assert_eq!(names, ["payments", "search"], "ledger burned before: {r:?}");
    assert_eq!((r.risen[&id("search")].before.how, r.risen[&id("payments")].before.how), (How::Seen, How::Course));
    assert!((r.risen[&id("payments")].before.burn - 0.5).abs() < 1e-9);
    let logged: Vec<&serde_json::Value> = w
        .effects
        .iter()
        .filter_map(|e| match e {
            Effect::Append { entry, .. } if entry.kind == Kind::Burn => Some(&entry.data),
            _ => None,
        })
        .collect();
    let of = |name: &str| logged.iter().filter(|d| d["service"] == name).collect::<Vec<_>>();
    assert_eq!(of("search").len(), 1, "one record of the rise, not two: {logged:?}");
    assert_eq!(of("search")[0]["ripple"]["of"], "checkout@eu-1");
    w.model.nav.selected = Some(id("checkout"));
    w.keys("1");
    let said = picture::text(&w.draw(120, 40));
    assert!(said.contains("payments, search burn more since this deploy"), "{said}");
    // One that is deployed itself is nobody's ripple.
    w.canary(&Canary::new("search", "eu-1"));
    windows(&mut w, "search", Signal::Errors, [8.0, 2.0, 0.1]);
    assert_eq!(budget::ripple(&w.model, &at).expect("a ripple").risen.len(), 1);
}

/// One figure and where it stands.
type Figure = (&'static str, fn(&World) -> String);

fn verdict_screen(w: &World) -> String {
    let mut model = w.model.clone();
    model.nav.screen = andon::core::nav::Screen::Verdict;
    picture::text(&world().given(|m| *m = model).draw(120, 40))
}

/// A labelled row and what goes on below it.
fn row_of(screen: &str, begins: &str) -> String {
    let mut lines = screen.lines().skip_while(|l| !l.trim_start().starts_with(begins));
    let first = lines.next().unwrap_or_default();
    let more = lines.take_while(|l| l.starts_with("          "));
    std::iter::once(first).chain(more).collect::<Vec<_>>().join("\n")
}

fn board_screen(w: &World) -> String {
    let mut model = w.model.clone();
    model.nav.screen = andon::core::nav::Screen::Board;
    let mut w = world().given(|m| *m = model);
    w.keys("");
    picture::text(&w.draw(100, 30))
}

fn readiness_of(w: &World) -> String {
    let r = readiness::of(&w.model.world, target(w, "checkout"), w.now());
    let ok = r.checks.iter().filter(|c| c.state == CheckState::Ok).count();
    let was = r.checks.iter().any(|c| c.how.starts_with("was: "));
    format!("{} was={was}", if ok > 0 { "ok" } else { "none ok" })
}

const FIGURES: [Figure; 9] = [
    ("verdict", |w| row_of(&verdict_screen(w), "verdict")),
    ("errors", |w| row_of(&verdict_screen(w), "errors")),
    ("budget", |w| row_of(&verdict_screen(w), "budget")),
    ("reach", |w| row_of(&verdict_screen(w), "reach")),
    ("plain", |w| plain::show::show(&w.model, target(w, "checkout"), None).join("\n")),
    ("gate", |w| format!("{:?}", gate(w, "checkout", Gate::Freshness).0)),
    ("readiness", readiness_of),
    ("steady", |w| {
        let row = board::rows(&w.model).into_iter().find(|r| r.service.as_str() == "auth").expect("a row");
        format!("{:?}", row.glyph)
    }),
    ("status", |w| {
        let all = statement::json(&w.model);
        let of = |s: &&serde_json::Value| s["service"] == "checkout";
        let one = all["services"].as_array().into_iter().flatten().find(of).cloned().unwrap_or_default();
        format!("{} {}", one["targets"][0]["verdict"]["word"], one["burn"]["old"])
    }),
];

/// By figure: what it says while fresh, old, and after the judgement was withdrawn. `!` before a text: must not stand there.
const SAYS: [(&str, [&[&str]; 3]); 9] = [
    ("verdict", [&["SAME"], &["SAME"], &["NO DATA since ", "was ", "!SAME"]]),
    ("errors", [&["s old", "!was"], &["OLD ", "!was"], &["was ", "at 0"]]),
    ("budget", [&["calm .3x(1h)", "!was"], &["calm", "!was"], &["NO DATA was .3x(1h) .2x(5m) at ", "!calm"]]),
    ("reach", [&["10% of traffic", "!was"], &["10% of traffic", "!was"], &["was 10% of traffic", " at "]]),
    (
        "plain",
        [&["SAME on errors", "CALM"], &["SAME on errors", "figures OLD"], &["NO DATA", "was at ", "!SAME", "!CALM"]],
    ),
    ("gate", [&["Ok"], &["Block"], &["Block"]]),
    ("readiness", [&["ok was=false", "!none"], &["ok was=false"], &["none ok was=true"]]),
    ("steady", [&["Fine"], &["Blind"], &["Blind"]]),
    ("status", [&["SAME", "false"], &["SAME", "true"], &["NO DATA", "true"]]),
];

#[test]
fn every_figure_grows_old_and_then_loses_its_judgement() {
    let mut w = start();
    w.service("auth", 2, &[]);
    w.canary(&Canary::steady("auth", "eu-1"));
    w.burn("auth", 0.2, 0.3, 0.4);
    w.canary(&Canary::new("checkout", "eu-1").since(3_000));
    w.figures("checkout", 3_000, (300.0, 0.1), (900.0, 0.3));
    w.burn("checkout", 0.2, 0.3, 0.4);
    w.model.nav.selected = Some(id("checkout"));
    w.keys("1");
    w.silence("metrics");
    w.silence("eu-1");
    // Metrics: 60 s and 120 s of the sample's own time (9 s old already); the watch: 90 s and 180 s.
    for (age, until) in [(0, 0), (1, 100_000), (2, 300_000)] {
        w.wait(until);
        for ((name, figure), (said, by_age)) in FIGURES.iter().zip(SAYS) {
            assert_eq!(*name, said);
            let shown = figure(&w);
            for want in by_age[age] {
                let ok = match want.strip_prefix('!') {
                    Some(not) => !shown.contains(not),
                    None => shown.contains(want),
                };
                assert!(ok, "{name} at age {age}: want {want:?} in\n{shown}");
            }
        }
    }
    let board = board_screen(&w);
    assert!(board.contains("was .3x/.2x"), "{board}");
}

#[test]
fn a_source_whose_clock_is_off_is_old_however_young_its_samples() {
    let mut w = start();
    w.canary(&Canary::new("checkout", "eu-1").since(3_000));
    w.figures("checkout", 3_000, (300.0, 0.1), (900.0, 0.3));
    w.burn("checkout", 0.2, 0.3, 0.4);
    assert_eq!(w.model.burn(&id("checkout")).map(|b| b.age), Some(Age::Fresh));
    w.source_with("metrics", |s| s.abilities.skew_ms = Some(SKEW_OLD_MS + 1));
    w.wait(2_000);
    assert_eq!(w.model.burn(&id("checkout")).map(|b| b.age), Some(Age::Old));
    assert_eq!(gate(&w, "checkout", Gate::Freshness).0, GateState::Block);
}

#[test]
fn worse_never_fades() {
    let mut w = start();
    w.canary(&Canary::new("checkout", "eu-1"));
    w.figures("checkout", 300, (216.0, 46.6), (1_948.0, 0.8));
    w.model.nav.selected = Some(id("checkout"));
    w.keys("1");
    w.silence("metrics");
    w.wait(600_000);
    let said = row_of(&verdict_screen(&w), "verdict");
    assert!(said.contains("WORSE") && said.contains("last seen 10m ago"), "{said}");
}

#[test]
fn the_drill_tells_all_of_it_through_the_core() {
    let mut run = Run::new("f1", 1);
    run.wait(420_000);
    let m = &run.model;
    let checkout = id("checkout");
    let burns = &m.burns[&checkout];
    assert_eq!(burns.all().count(), 3, "availability, latency, correctness");
    let b = budget::of(m, &checkout, Signal::Errors).expect("errors");
    assert!(matches!(b.word, Word::Burning | Word::Rising), "{:?}", b.word);
    assert!(b.rolling_secs.is_some() && b.per_failure.is_some_and(|c| c < 0.001), "{b:?}");
    let latency = budget::of(m, &checkout, Signal::Latency).expect("latency");
    assert!(latency.aim.as_ref().is_some_and(|a| a.from.as_deref() == Some("drill rules checkout-latency")));
    let t = run.target("checkout");
    let spent = budget::spent(m, t).expect("spent");
    assert!(spent.is_sure() && spent.share > 0.0 && spent.share < 1.0, "{spent:?}");
    let j = &m.judged[&t.id];
    assert!(j.also.contains_key(&Signal::Latency) && j.also.contains_key(&Signal::Correctness));
    let told = &m.world.telemetry[&checkout];
    let (q, u) = (told.quantiles.as_ref().expect("quantiles"), told.usage.as_ref().expect("usage"));
    assert_eq!((q.by_track.len(), u.by_track.len(), told.trends.len()), (2, 2, 6));
    assert!(told.mix.is_some() && told.coverage.as_ref().is_some_and(|c| c.missing().is_empty()));
    let of = |h: &Option<andon::core::id::Hash>| {
        let (_, all) = q.by_track.iter().find(|(x, _)| Some(x) == h.as_ref()).expect("a track");
        all.iter().find(|q| q.q > 0.98).and_then(|q| q.secs).expect("seconds")
    };
    assert!(of(&t.candidate) > of(&t.stable), "the canary is slower as well");
    // The rate's course and the windows are of the same requests.
    let rate = &told.trends[&TrendOf::ErrorsShort].points;
    let last = rate.last().expect("a point").1;
    assert!(last > 0.01, "{last}");
    // Search went silent: nothing of it moves on.
    let search = m.burn(&id("search")).expect("a burn");
    assert_eq!((search.word, search.tier, search.age), (Word::NoData, Tier::Nothing, Age::Withdrawn));
}
