//! Targets that a team already wrote down, as the server's recording rules show them: Sloth, Pyrra, Grafana SLO. What
//! stands in files is read by `slo_files`. It finds targets and periods; burn is counted from raw requests all the same,
//! because a recorded ratio tells no counts.
//!
//! The rules' names: Sloth's `slo:objective:ratio` and `slo:time_period:days` (fraction, days; labels `sloth_service`,
//! `sloth_slo`), its info series with `sloth_objective` in percent; Pyrra's generic rules `pyrra_objective` (fraction)
//! and `pyrra_window` (seconds), label `slo`; Grafana's `grafana_slo_objective` (fraction) and
//! `grafana_slo_objective_window_seconds`. Pyrra's `...:burnrate5m` is an error ratio, whatever its name says, and holds
//! no target; a mixin's rules hold none either.

use super::wire::Series;
use super::{Data, Prometheus, slo_files};
use crate::backends::{Cx, Sink};
use crate::core::id::ServiceId;
use crate::core::world::fact::Fact;
use crate::core::world::figures::Signal;
use crate::core::world::service::Slo;
use crate::core::world::source::SourceError;
use crate::core::world::telemetry::{Objective, Telemetry};
use std::collections::BTreeMap;

/// One question for all of them.
pub const DETECT: &str = "{__name__=~\"sloth_slo_info|slo:objective:ratio|slo:time_period:days|pyrra_objective|\
pyrra_window|grafana_slo_info|grafana_slo_objective|grafana_slo_objective_window_seconds\"}";

/// Days, where nobody says.
pub const PERIOD_DAYS: u32 = 30;

/// Labels that may name the service, the surest first.
const SERVICE_LABELS: [&str; 8] = [
    "sloth_service",
    "grafana_slo_service",
    "service",
    "service_name",
    "app",
    "destination_workload",
    "deployment",
    "job",
];

/// Ends of an SLO's name that say what it is about, and not of whom.
const ABOUT: [&str; 16] = [
    "requests-availability",
    "requests-latency",
    "availability",
    "correctness",
    "latencies",
    "error-rate",
    "freshness",
    "response-time",
    "requests",
    "duration",
    "latency",
    "success",
    "quality",
    "errors",
    "error",
    "slo",
];

/// What it is about, by its name.
pub fn signal_of(name: &str) -> Signal {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| name.contains(w));
    if has(&["latenc", "duration", "slow", "response-time", "response_time"]) {
        Signal::Latency
    } else if has(&["correct", "quality", "freshness"]) {
        Signal::Correctness
    } else {
        Signal::Errors
    }
}

/// The service in an SLO's name: `checkout-latency` is about checkout.
pub fn service_of(name: &str) -> &str {
    let about = ABOUT.iter().find_map(|a| name.strip_suffix(a)?.strip_suffix(['-', '_', ':']));
    about.filter(|s| !s.is_empty()).unwrap_or(name)
}

/// A target as a fraction. Percents and fractions stand side by side in the field; a target of one per cent is nobody's.
pub fn fraction(value: f64) -> Option<f64> {
    let f = if value > 1.0 { value / 100.0 } else { value };
    (f > 0.5 && f <= 1.0).then(|| (f * 1e9).round() / 1e9)
}

/// What one SLO is made of, as the rows come.
#[derive(Debug, Default)]
struct Parts {
    service: String,
    name: String,
    target: Option<f64>,
    days: Option<f64>,
}

/// Targets in the answer to [`DETECT`]. The lower of two for the same thing counts: it is the one that can be kept.
pub fn objectives(rows: &[Series]) -> Vec<Objective> {
    let mut all: BTreeMap<(&str, String), Parts> = BTreeMap::new();
    for row in rows {
        let metric = row.label("__name__");
        let (tool, name) = match metric {
            m if m.starts_with("slo") => ("sloth", row.label("sloth_slo")),
            m if m.starts_with("pyrra_") => ("pyrra", row.label("slo")),
            m if m.starts_with("grafana_slo_") => ("grafana slo", row.label("grafana_slo_name")),
            _ => continue,
        };
        let id = ["sloth_id", "grafana_slo_uuid", "slo"].into_iter().map(|l| row.label(l)).find(|v| !v.is_empty());
        let parts = all.entry((tool, id.unwrap_or(name).to_owned())).or_default();
        parts.name = name.to_owned();
        let named = SERVICE_LABELS.into_iter().map(|l| row.label(l)).find(|v| !v.is_empty());
        if let Some(service) = named {
            parts.service = service.to_owned();
        } else if parts.service.is_empty() {
            parts.service = service_of(name).to_owned();
        }
        let value = row.points.first().and_then(|p| p.value);
        match metric {
            "slo:objective:ratio" | "pyrra_objective" | "grafana_slo_objective" => parts.target = value,
            "slo:time_period:days" => parts.days = value,
            "pyrra_window" | "grafana_slo_objective_window_seconds" => parts.days = value.map(|s| s / 86_400.0),
            "sloth_slo_info" if parts.target.is_none() => parts.target = row.label("sloth_objective").parse().ok(),
            _ => {}
        }
    }
    let mut told: BTreeMap<(ServiceId, Signal), Objective> = BTreeMap::new();
    for ((tool, _), parts) in all {
        let Some(target) = parts.target.and_then(fraction).filter(|_| !parts.service.is_empty()) else {
            continue;
        };
        let days = parts.days.filter(|d| (1.0..=366.0).contains(d)).map_or(PERIOD_DAYS, |d| d.round() as u32);
        let objective = Objective {
            service: ServiceId::new(&parts.service),
            signal: signal_of(&parts.name),
            slo: Slo::rolling(target, days),
            from: format!("{tool} {}", parts.name).into(),
        };
        keep(&mut told, objective);
    }
    told.into_values().collect()
}

/// Keeps the lower of two targets for the same signal of a service.
pub fn keep(told: &mut BTreeMap<(ServiceId, Signal), Objective>, new: Objective) {
    let key = (new.service.clone(), new.signal);
    let known = told.get(&key);
    if known.is_none_or(|k| new.slo.objective < k.slo.objective) {
        told.insert(key, new);
    }
}

impl Prometheus {
    /// Targets of files and of the server's rules, as facts. A file's goes before a rule's: it is where people write.
    pub(super) async fn tell_objectives(&self, cx: &Cx, out: &Sink) -> Result<(), SourceError> {
        for objective in self.objectives(cx).await? {
            out.put(Fact::Telemetry(Box::new(Telemetry::Objective(objective))));
        }
        Ok(())
    }

    /// # Errors
    /// As every question to the server.
    pub async fn objectives(&self, cx: &Cx) -> Result<Vec<Objective>, SourceError> {
        let mut told: BTreeMap<(ServiceId, Signal), Objective> = BTreeMap::new();
        let (data, _) = self.instant(DETECT, None, cx).await?;
        let rows = match data {
            Data::Vector(rows) => rows,
            other => return Err(self.unexpected(&other, "a vector")),
        };
        told.extend(objectives(&rows).into_iter().map(|o| ((o.service.clone(), o.signal), o)));
        let (files, _) = slo_files::read(&self.slo_files);
        told.extend(files.into_iter().map(|o| ((o.service.clone(), o.signal), o)));
        Ok(told.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::Point;
    use super::*;

    fn row(labels: &[(&str, &str)], value: f64) -> Series {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned().into(), (*v).to_owned())).collect();
        Series { labels, points: vec![Point { at: 0, value: Some(value) }], histogram: None }
    }

    #[test]
    fn targets_of_three_tools_become_fractions_with_their_period() {
        let sloth =
            [("sloth_id", "shop-checkout"), ("sloth_service", "checkout"), ("sloth_slo", "requests-availability")];
        let with = |name: &'static str| [&[("__name__", name)], &sloth[..]].concat();
        let rows = [
            row(&with("slo:objective:ratio"), 0.999),
            row(&with("slo:time_period:days"), 28.0),
            row(&[("__name__", "pyrra_objective"), ("slo", "search-latency")], 0.95),
            row(&[("__name__", "pyrra_window"), ("slo", "search-latency")], 2_419_200.0),
            row(
                &[("__name__", "grafana_slo_objective"), ("grafana_slo_uuid", "u"), ("grafana_slo_service", "cart")],
                0.99,
            ),
            row(
                &[
                    ("__name__", "sloth_slo_info"),
                    ("sloth_id", "i"),
                    ("sloth_service", "mail"),
                    ("sloth_slo", "x"),
                    ("sloth_objective", "99.5"),
                ],
                1.0,
            ),
            row(&[("__name__", "pyrra_objective"), ("slo", "broken")], f64::from(250)),
        ];
        let told = objectives(&rows);
        let said: Vec<(&str, Signal, f64, u32)> =
            told.iter().map(|o| (o.service.as_str(), o.signal, o.slo.objective, o.slo.period_days)).collect();
        let expected = [
            ("cart", Signal::Errors, 0.99, 30),
            ("checkout", Signal::Errors, 0.999, 28),
            ("mail", Signal::Errors, 0.995, 30),
            ("search", Signal::Latency, 0.95, 28),
        ];
        assert_eq!(said, expected);
        assert_eq!(&*told[1].from, "sloth requests-availability");
    }

    #[test]
    fn a_percent_and_a_fraction_are_told_apart_and_nonsense_is_none() {
        assert_eq!(fraction(99.9), Some(0.999));
        assert_eq!(fraction(0.999), Some(0.999));
        assert_eq!(fraction(1.0), Some(1.0));
        assert_eq!(fraction(100.0), Some(1.0));
        for bad in [0.0, -1.0, 0.3, 1.5, 101.0, f64::NAN, f64::INFINITY] {
            assert_eq!(fraction(bad), None, "{bad}");
        }
        assert_eq!(
            (service_of("checkout-latency"), service_of("latency"), service_of("a_errors")),
            ("checkout", "latency", "a")
        );
    }
}
