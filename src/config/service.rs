//! What a config says about a service: owner, tier, objective, runbooks. Knows no telemetry.

use crate::config::problem::{Severity, Told};
use crate::config::suggest;
use crate::config::table::{Got, Table, wrong_value};
use crate::core::id::ServiceId;
use crate::core::world::figures::Signal;
pub use crate::core::world::service::{Calendar, Judging, Service, Slo};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads one `[service.x]`. `known` are the runbooks there are.
pub fn service(name: &str, mut table: Table<'_, '_>, known: &[Arc<str>], told: &mut Told<'_>) -> Service {
    let owner = table.text(told, "owner").ok().map(Arc::from);
    // Tier 1 has the strictest gates.
    let tier = table.whole(told, "tier", 1..=4).or_strict(2, 1);
    let mut more = BTreeMap::new();
    let slo = match table.table(told, "slo") {
        Got::Is(t, _) => all_slos(t, told, &mut more),
        Got::Absent | Got::Wrong => None,
    };
    let judging = match table.table(told, "verdict") {
        Got::Is(t, _) => judging(t, told),
        Got::Absent | Got::Wrong => Judging::default(),
    };
    let mut runbooks = Vec::new();
    for (runbook, at) in table.texts(told, "runbooks").ok().unwrap_or_default() {
        if known.iter().any(|k| **k == *runbook) {
            runbooks.push(Arc::from(runbook));
        } else {
            let hint = suggest::hint(runbook, known.iter().map(AsRef::as_ref));
            told.error(&at, format!("unknown runbook \"{runbook}\""), hint);
        }
    }
    table.later(told, &["resources", "change_windows", "flags"]);
    table.finish(told);
    Service {
        history_ms: Vec::new(),
        name: ServiceId::from(name),
        owner,
        tier: u8::try_from(tier).unwrap_or(1),
        slo,
        judging,
        more,
        runbooks,
    }
}

/// `[service.x.verdict]`: which signals decide, under which limits. A limit that is wrong falls to the default one.
fn judging(mut table: Table<'_, '_>, told: &mut Told<'_>) -> Judging {
    let mut signals = Vec::new();
    for (name, at) in table.texts(told, "signals").ok().unwrap_or_default() {
        match Signal::ALL.into_iter().find(|s| s.word() == name) {
            Some(s) if signals.contains(&s) => {}
            Some(s) => signals.push(s),
            None => {
                let hint = suggest::hint(name, Signal::ALL.iter().map(|s| s.word()));
                told.error(&at, format!("unknown signal \"{name}\""), hint);
            }
        }
    }
    let split = table.flag(told, "split").ok().unwrap_or(false);
    let mut limits = BTreeMap::new();
    for (key, signal) in LIMITS {
        match table.number(told, key) {
            Got::Is(p, _) if p > 0.0 && p <= 50.0 => {
                limits.insert(signal, p / 100.0);
            }
            Got::Is(p, at) => {
                let _told: Got<()> = wrong_value(told, key, &p.to_string(), &at, "points, above 0 and at most 50");
            }
            Got::Absent | Got::Wrong => {}
        }
    }
    let warm_up = table.time(told, "warm_up", 0..=600_000).ok().unwrap_or(0);
    table.finish(told);
    Judging { signals, split, limits, warm_up_secs: u32::try_from(warm_up / 1000).unwrap_or(0) }
}

/// Keys of the limits, in percentage points.
pub const LIMITS: [(&str, Signal); 3] =
    [("limit", Signal::Errors), ("latency_limit", Signal::Latency), ("correctness_limit", Signal::Correctness)];

/// The targets of a service: its own is availability's, those of latency and correctness stand below it.
fn all_slos(mut table: Table<'_, '_>, told: &mut Told<'_>, more: &mut BTreeMap<Signal, Slo>) -> Option<Slo> {
    for signal in [Signal::Latency, Signal::Correctness] {
        if let Got::Is(t, _) = table.table(told, signal.word())
            && let Some(slo) = slo(t, told)
        {
            more.insert(signal, slo);
        }
    }
    slo(table, told)
}

fn slo(mut table: Table<'_, '_>, told: &mut Told<'_>) -> Option<Slo> {
    let objective = match table.number(told, "objective") {
        // Below half it is a fraction by mistake, and a burn rate made of it would call everything calm.
        Got::Is(p, _) if p > 50.0 && p < 100.0 => Some(p / 100.0),
        Got::Is(p, at) => {
            let allowed = "percent, above 50 and below 100, such as 99.9";
            let _told: Got<()> = wrong_value(told, "objective", &p.to_string(), &at, allowed);
            None
        }
        Got::Wrong => None,
        Got::Absent => {
            let hint = Some("write objective = 99.9".to_owned());
            told.error(&table.span().clone(), "the slo has no \"objective\"", hint);
            None
        }
    };
    let day = 86_400_000;
    let window = match table.time(told, "window", day..=90 * day) {
        Got::Absent => Some(30 * day),
        Got::Wrong => None,
        Got::Is(ms, at) if ms % day != 0 => {
            let what = "the slo's window is counted in whole days, rounded down";
            told.add(Severity::Warning, &at, what, None);
            Some(ms)
        }
        Got::Is(ms, _) => Some(ms),
    };
    let calendar = calendar(&mut table, told);
    let probes = table.flag(told, "probes").ok().unwrap_or(false);
    table.finish(told);
    let days = calendar.map(|c| c.1).or_else(|| u32::try_from(window? / day).ok())?;
    Some(Slo { objective: objective?, period_days: days, calendar: calendar.map(|c| c.0), probes })
}

/// Words for a calendar period, with about how many days it has.
const CALENDARS: [(&str, Calendar, u32); 4] = [
    ("week", Calendar::Week, 7),
    ("month", Calendar::Month, 30),
    ("quarter", Calendar::Quarter, 91),
    ("year", Calendar::Year, 365),
];

fn calendar(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Option<(Calendar, u32)> {
    let Got::Is(word, at) = table.text(told, "calendar") else { return None };
    let found = CALENDARS.iter().find(|c| c.0 == word).map(|c| (c.1, c.2));
    if found.is_none() {
        let _told: Got<()> =
            wrong_value(told, "calendar", &format!("\"{word}\""), &at, "\"week\", \"month\", \"quarter\" or \"year\"");
    }
    found
}
