//! Each gate that somebody beside the cluster tells: ok, not ok, unknown, not configured; in both dialogs that go forward.

use super::*;
use crate::core::act::dialog::Dialog;
use crate::core::act::rules::Times;
use crate::core::case::ledger::ticks::Item;
use crate::core::checks;
use crate::core::entry::{Entry, Kind as Record};
use crate::core::id::ServiceId;
use crate::core::record::{Hlc, Record as Line};
use crate::core::time::Utc;
use crate::core::world::beside::{Artifact, Build, Signature};
use crate::core::world::calendar::{Calendar, Shift, Span};
use crate::core::world::fact::Fact;
use crate::core::world::source::{Link, Roles, Trouble};
use crate::testkit::{Canary, World, stories, world};
use serde_json::json;

const MIN: i64 = 60_000;

fn start() -> World {
    let mut w = world();
    w.sources();
    w.service("checkout", 2, &[120_000]);
    w.canary(&Canary::new("checkout", "eu-1"));
    w
}

fn artifact() -> Artifact {
    Artifact {
        service: ServiceId::from("checkout"),
        version: "v2.14.1".into(),
        digest: None,
        signature: Some(Signature::Good { by: "release".into() }),
        build: Some(Build::Passed),
        run: Some("ci/4471".into()),
        commit: None,
        ticket: None,
        sbom: Some(true),
        scan: Some((0, Utc(crate::testkit::world::NOW - 30 * MIN))),
        served: None,
        revoked: None,
        schema: None,
    }
}

fn desk(w: &mut World, all: Vec<Artifact>) {
    w.source("desk", "simulated", Link::Polling, Roles { artifacts: true, ..Roles::default() });
    w.fact("desk", Fact::Artifacts(all));
}

/// The same in both dialogs.
fn gate(w: &World, which: Gate) -> Option<(GateState, String)> {
    let t = &w.model.world.targets[&w.target_id("checkout")];
    let of =
        |verb| gates(&w.model, t, verb).into_iter().find(|g| g.gate == which).map(|g| (g.state, g.words.to_string()));
    assert_eq!(of(Verb::Promote), of(Verb::Resume), "{which:?}");
    of(Verb::Promote)
}

fn state(w: &World, which: Gate) -> GateState {
    gate(w, which).map(|g| g.0).unwrap_or_else(|| panic!("{which:?} is not listed"))
}

fn with(f: impl FnOnce(&mut Artifact)) -> World {
    let mut w = start();
    let mut a = artifact();
    f(&mut a);
    desk(&mut w, vec![a]);
    w
}

fn calendar(now: Utc, f: impl FnOnce(&mut Calendar, i64)) -> Times {
    let mut c = Calendar { until: Utc(now.0 + 60 * 86_400_000), file: "calendar.toml".into(), ..Calendar::default() };
    f(&mut c, now.0);
    Times::Is(c)
}

fn span(from: i64, until: i64, says: &str) -> Span {
    Span { from: Utc(from), until: Utc(until), says: says.into() }
}

#[test]
fn what_others_tell_of_the_artifact() {
    use GateState::{Block, NotConfigured, Ok, UnknownWarn, Warn};
    for g in [Gate::Signature, Gate::Build, Gate::Scan] {
        assert_eq!(state(&start(), g), NotConfigured, "{g:?}: no source");
        assert_eq!(state(&with(|_| {}), g), Ok, "{g:?}");
        let mut silent = with(|_| {});
        silent.fail("desk", Trouble::Timeout, "no answer in 5 s");
        assert_eq!(state(&silent, g), UnknownWarn, "{g:?}: what was ok is no more where nobody answers");
        let mut never = start();
        never.source("desk", "simulated", Link::Connecting, Roles { artifacts: true, ..Roles::default() });
        assert_eq!(state(&never, g), UnknownWarn, "{g:?}: configured, no answer yet");
        let mut other = start();
        desk(&mut other, vec![Artifact { version: "v1".into(), ..artifact() }]);
        assert_eq!(state(&other, g), UnknownWarn, "{g:?}: it does not know this version");
        let mut old = with(|_| {});
        old.silence("desk").wait(2 * MIN);
        assert_eq!(state(&old, g), Warn, "{g:?}: old");
        old.wait(2 * MIN);
        assert_eq!(state(&old, g), UnknownWarn, "{g:?}: too old");
    }
    type Changes = fn(&mut Artifact);
    let table: [(Gate, GateState, &str, Changes); 10] = [
        (Gate::Signature, Warn, "not signed", |a| a.signature = Some(Signature::Absent)),
        (Gate::Signature, Block, "mismatch", |a| a.signature = Some(Signature::Mismatch { says: "other key".into() })),
        (Gate::Signature, Block, "another digest", |a| a.digest = Some("sha256:00".into())),
        (Gate::Signature, Block, "revoked", |a| a.revoked = Some("leaked key".into())),
        (Gate::Signature, NotConfigured, "no source tells", |a| a.signature = None),
        (Gate::Build, Block, "failed", |a| a.build = Some(Build::Failed { says: "2 tests".into() })),
        (Gate::Build, Warn, "not green yet", |a| a.build = Some(Build::Running)),
        (Gate::Scan, Warn, "no SBOM", |a| a.sbom = Some(false)),
        (Gate::Scan, Warn, "2 critical", |a| a.scan = a.scan.map(|s| (2, s.1))),
        (Gate::Scan, UnknownWarn, "never scanned", |a| a.scan = None),
    ];
    for (g, want, says, f) in table {
        let (is, words) = gate(&with(f), g).expect("listed");
        assert_eq!(is, want, "{g:?} {words}");
        assert!(words.contains(says), "{words}");
    }
    // Bad news does not fade with its source.
    let mut w = with(|a| a.signature = Some(Signature::Mismatch { says: "other key".into() }));
    w.fail("desk", Trouble::Timeout, "no answer");
    assert_eq!(state(&w, Gate::Signature), Block);
    // A scan of long ago says nothing of what was found since.
    let w = with(|a| a.scan = Some((0, Utc(crate::testkit::world::NOW - 30 * 3_600_000))));
    assert_eq!(state(&w, Gate::Scan), Warn);
}

#[test]
fn windows_freezes_and_shifts() {
    use GateState::{NotConfigured, Ok, UnknownWarn, Warn};
    let at = |f: fn(&mut Calendar, i64)| {
        let mut w = start();
        w.model.rules.calendar = calendar(w.now(), f);
        [Gate::Window, Gate::Shift].map(|g| gate(&w, g).expect("listed"))
    };
    let none = [Gate::Window, Gate::Shift].map(|g| state(&start(), g));
    assert_eq!(none, [NotConfigured, NotConfigured]);
    let mut faulty = start();
    faulty.model.rules.calendar = Times::Faulty("calendar.toml:3:1   no day".into());
    assert_eq!([state(&faulty, Gate::Window), state(&faulty, Gate::Shift)], [UnknownWarn, UnknownWarn]);
    let [w, s] = at(|c, now| {
        c.windows = Some(vec![span(now - MIN, now + 90 * MIN, "")]);
        c.shifts = vec![Shift { at: Utc(now + 120 * MIN), who: "ito".into() }];
    });
    assert_eq!((w.0, s.0), (Ok, Ok), "{w:?} {s:?}");
    assert!(w.1.starts_with("open until 04:44"), "{w:?}");
    let [w, s] = at(|c, now| {
        c.windows = Some(vec![span(now + 40 * MIN, now + 90 * MIN, "")]);
        c.shifts = vec![Shift { at: Utc(now + 40 * MIN), who: "ito".into() }];
    });
    assert_eq!((w.0, s.0), (Warn, Warn));
    assert!(w.1.contains("opens 03:54, in 0h40") && s.1.contains("changes in 0h40: ito"), "{w:?} {s:?}");
    let [w, _] = at(|c, now| c.freezes = vec![span(now - MIN, now + 26 * 60 * MIN, "year's end")]);
    assert_eq!(w.0, Warn);
    assert!(w.1.contains("FREEZE until Sun 05:14: year's end"), "{w:?}");
    let [w, s] = at(|c, now| {
        c.windows = Some(vec![span(now - MIN, now + MIN, "")]);
        c.until = Utc(now);
    });
    assert_eq!((w.0, s.0), (UnknownWarn, NotConfigured), "read too long ago");
    let mut w = start();
    w.model.rules.calendar = calendar(w.now(), |c, now| {
        c.windows = Some(vec![span(now - MIN, now + 90 * MIN, "")]);
        c.shifts = vec![Shift { at: Utc(now + 40 * MIN), who: "ito".into() }];
    });
    let t = &w.model.world.targets[&w.target_id("checkout")];
    assert_eq!(asked(&w.model, t), "window open until 04:44; next shift change in 0h40 (ito); told: nobody yet");
}

#[test]
fn what_is_required_is_unknown_where_nobody_tells() {
    let mut w = start();
    w.model.rules.require = Gate::TOLD.into_iter().map(|(_, g)| g).collect();
    for (word, g) in Gate::TOLD {
        let (state, words) = gate(&w, g).unwrap_or_else(|| panic!("{word} is not listed"));
        assert_ne!(state, GateState::NotConfigured, "{word}: {words}");
        assert!(state.warns() || state.blocks() || state == GateState::Ok, "{word}: {words}");
    }
    assert_eq!(state(&w, Gate::Signature), GateState::UnknownWarn);
}

/// A record of somebody's, as it comes from the log.
fn record(w: &mut World, who: &str, seq: u64, kind: Record, data: serde_json::Value) {
    let target = w.target_id("checkout");
    let at = w.now();
    let entry = Entry { kind, at, incident: None, target: Some(target), data };
    let line = Line { user: who.into(), ..Line::of(&entry, who, seq, Hlc(at.0, 0), at) };
    w.send(crate::core::msg::Msg::Records(vec![line]));
}

#[test]
fn a_smoke_check_counts_for_the_version_it_ran_on() {
    let mut w = start();
    assert_eq!(gate(&w, Gate::Smoke), None);
    let smoke = |state: &str| json!({"smoke": true, "service": "checkout", "state": state, "figure": "0 of 40"});
    record(&mut w, "ito", 1, Record::Runbook, smoke("done"));
    let (state, words) = gate(&w, Gate::Smoke).expect("listed");
    assert_eq!(state, GateState::Ok);
    assert!(words.contains("0 of 40") && words.contains("by ito"), "{words}");
    w.wait(MIN);
    record(&mut w, "ito", 2, Record::Runbook, smoke("failed"));
    assert_eq!(gate(&w, Gate::Smoke).map(|g| g.0), Some(GateState::Warn));
    w.wait(MIN);
    let began = w.now();
    w.target_with("checkout", |t| t.started = Some(began));
    assert_eq!(gate(&w, Gate::Smoke).map(|g| g.0), Some(GateState::UnknownWarn), "it ran before this version came");
}

#[test]
fn ticks_are_of_a_version_and_a_fact_that_says_no_is_not_ticked_away() {
    let mut w = start();
    let candidate = w.model.world.targets[&w.target_id("checkout")].candidate.clone();
    assert_eq!(state(&w, Gate::Checklist), GateState::NotConfigured);
    w.model.rules.checklists = true;
    assert_eq!(state(&w, Gate::Checklist), GateState::Warn, "not ticked is not ok");
    w.model.rules.second_person = true;
    assert_eq!(state(&w, Gate::Second), GateState::Warn);
    for (n, item) in Item::all().enumerate() {
        let data = json!({"candidate": candidate, "version": "v2.14.1", "item": item.word(), "ticked": true});
        // Another console's.
        record(&mut w, "ito", n as u64 + 1, Record::Checklist, data);
    }
    assert_eq!((state(&w, Gate::Checklist), state(&w, Gate::Second)), (GateState::Ok, GateState::Ok));
    desk(&mut w, vec![Artifact { build: Some(Build::Failed { says: "2 tests".into() }), ..artifact() }]);
    let t = &w.model.world.targets[&w.target_id("checkout")];
    let tests = checks::of(&w.model, t).into_iter().find(|c| c.item == Item::Tests).expect("listed");
    assert!(!tests.is_ok() && tests.words(w.now()).contains("NO: ci/4471 failed"), "{tests:?}");
    // Another candidate has none.
    w.target_with("checkout", |t| {
        t.candidate = Some(crate::core::id::Hash::new("another"));
        let mut new = t.revisions[0].clone();
        (new.hash, new.version) = (crate::core::id::Hash::new("another"), "v3".into());
        t.revisions.insert(0, new);
    });
    assert_eq!((state(&w, Gate::Checklist), state(&w, Gate::Second)), (GateState::Warn, GateState::Warn));
}

#[test]
fn two_consoles_tick_the_same_list() {
    let mut a = stories::armed();
    a.wait(1_500).keys("a y");
    let sheet = |w: &World| w.model.dialog.as_ref().and_then(Dialog::sheet).cloned();
    let s = sheet(&a).expect("the sheet");
    assert_eq!(s.rows.len(), 11, "{s:?}");
    a.keys("space").flush().wait(2_000).keys("Y");
    assert!(a.model.dialog.is_none(), "{:?}", a.model.dialog);
    let kept: Vec<Entry> = a
        .effects
        .iter()
        .filter_map(|e| match e {
            crate::core::effect::Effect::Append { entry, .. } if entry.kind == Record::Checklist => Some(entry.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(kept.len(), 1, "only what was changed");
    let mut b = stories::armed();
    let (at, entry) = (b.now(), &kept[0]);
    let line = Line { user: "mira".into(), ..Line::of(entry, "a", 1, Hlc(at.0, 0), at) };
    b.send(crate::core::msg::Msg::Records(vec![line]));
    b.wait(1_500).keys("a y");
    let row = sheet(&b).expect("the sheet").rows.into_iter().find(|r| *r.key == *entry.data["item"].as_str().unwrap());
    let row = row.expect("the line");
    assert_eq!(row.value(), "done");
    assert!(row.beside.contains("ticked by mira"), "{row:?}");
}
