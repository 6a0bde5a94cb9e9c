//! What a config says about a service: owner, tier, objective, runbooks. Knows no telemetry.

use crate::config::problem::{Severity, Told};
use crate::config::suggest;
use crate::config::table::{Got, Table, wrong_value};
use crate::core::id::ServiceId;
pub use crate::core::world::service::{Service, Slo};
use std::sync::Arc;

/// Reads one `[service.x]`. `known` are the runbooks there are.
pub fn service(name: &str, mut table: Table<'_, '_>, known: &[Arc<str>], told: &mut Told<'_>) -> Service {
    let owner = table.text(told, "owner").ok().map(Arc::from);
    // Tier 1 has the strictest gates.
    let tier = table.whole(told, "tier", 1..=4).or_strict(2, 1);
    let slo = match table.table(told, "slo") {
        Got::Is(t, _) => slo(t, told),
        Got::Absent | Got::Wrong => None,
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
        runbooks,
    }
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
    table.finish(told);
    Some(Slo { objective: objective?, period_days: u32::try_from(window? / day).ok()? })
}
