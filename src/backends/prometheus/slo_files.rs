//! Targets that a team wrote in files: Sloth's own file and its `PrometheusServiceLevel`, Pyrra's
//! `ServiceLevelObjective`, OpenSLO's `SLO`. Several documents a file; anything else in it is passed over. It takes
//! targets, periods and what they are about; it asks no server.
//!
//! Units: Sloth and Pyrra write percent (Pyrra as text), OpenSLO a fraction or `targetPercent`. A target that cannot be
//! meant is told and not used: burn made of it would be calm when it should not be.

use super::promql;
use super::slo::{PERIOD_DAYS, fraction, keep, service_of, signal_of};
use crate::core::id::ServiceId;
use crate::core::world::figures::Signal;
use crate::core::world::service::Slo;
use crate::core::world::telemetry::Objective;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file that people wrote is smaller.
const MAX_BYTES: u64 = 1 << 20;
const MOST_FILES: usize = 500;

/// Targets of all files, and a sentence for each thing that could not be used. A path is a file, a directory (its
/// `.yaml` and `.yml`), or has one `*` in its last part.
pub fn read(paths: &[PathBuf]) -> (Vec<Objective>, Vec<String>) {
    let (mut told, mut problems) = (BTreeMap::new(), Vec::new());
    for path in paths {
        let files = files(path);
        if files.is_empty() {
            problems.push(format!("{}: there is no such file", path.display()));
        }
        for file in files.into_iter().take(MOST_FILES) {
            let whole = std::fs::metadata(&file).and_then(|m| {
                if m.len() > MAX_BYTES { Err(std::io::Error::other("is larger than 1 MiB")) } else { Ok(()) }
            });
            match whole.and_then(|()| std::fs::read_to_string(&file)) {
                Ok(text) => {
                    let (found, faults) = objectives(&text);
                    found.into_iter().for_each(|o| keep(&mut told, o));
                    problems.extend(faults.into_iter().map(|f| format!("{}: {f}", file.display())));
                }
                Err(e) => problems.push(format!("{}: {e}", file.display())),
            }
        }
    }
    (told.into_values().collect(), problems)
}

fn files(path: &Path) -> Vec<PathBuf> {
    let named = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
    let (dir, first, last) = match named.split_once('*') {
        Some((first, last)) => (path.parent().unwrap_or(path), first, last),
        None if path.is_dir() => (path, "", ""),
        None => return if path.exists() { vec![path.to_owned()] } else { Vec::new() },
    };
    let of_it = |p: &PathBuf| {
        let name = p.file_name().and_then(|n| n.to_str()).unwrap_or("");
        let yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        (yaml || !last.is_empty())
            && name.len() >= first.len() + last.len()
            && name.starts_with(first)
            && name.ends_with(last)
            && p.is_file()
    };
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path());
    let mut all: Vec<PathBuf> = entries.filter(of_it).collect();
    all.sort();
    all
}

/// Targets in one file's text.
pub fn objectives(text: &str) -> (Vec<Objective>, Vec<String>) {
    let documents: Vec<Value> = match serde_saphyr::from_multiple(text) {
        Ok(all) => all,
        // The parser's words quote the file; where it stands is enough.
        Err(e) => {
            let place = e.to_string().lines().next().unwrap_or("").to_owned();
            return (Vec::new(), vec![format!("is not YAML: {place}")]);
        }
    };
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for d in &documents {
        let told = match (d["apiVersion"].as_str().unwrap_or(""), d["kind"].as_str().unwrap_or("")) {
            ("", "") if d["version"].as_str() == Some("prometheus/v1") => sloth(d, &d["service"], &mut faults),
            (api, "PrometheusServiceLevel") if api.starts_with("sloth.slok.dev/") => {
                sloth(&d["spec"], &d["spec"]["service"], &mut faults)
            }
            (api, "ServiceLevelObjective") if api.starts_with("pyrra.dev/") => pyrra(d, &mut faults),
            (api, "SLO") if api.starts_with("openslo/") => openslo(d, &mut faults),
            _ => Vec::new(),
        };
        found.extend(told);
    }
    (found, faults)
}

fn number(v: &Value) -> Option<f64> {
    v.as_f64().or_else(|| v.as_str()?.trim().trim_end_matches('%').trim().parse().ok())
}

/// A target written in percent.
fn percent(v: &Value, name: &str, faults: &mut Vec<String>) -> Option<f64> {
    let target = number(v).filter(|p| *p > 1.0).and_then(|p| fraction(p.min(101.0)));
    if target.is_none() {
        faults.push(format!("{name}: a target of {v} is no percent above 50 and up to 100"));
    }
    target
}

fn objective(service: &str, signal: Signal, target: f64, days: u32, from: String) -> Option<Objective> {
    (!service.is_empty()).then(|| Objective {
        service: ServiceId::new(service),
        signal,
        slo: Slo::rolling(target, days),
        from: from.into(),
    })
}

fn sloth(spec: &Value, service: &Value, faults: &mut Vec<String>) -> Vec<Objective> {
    let service = service.as_str().unwrap_or("");
    let mut all = Vec::new();
    for slo in spec["slos"].as_array().into_iter().flatten() {
        let name = slo["name"].as_str().unwrap_or("");
        let sli = slo["sli"].to_string();
        let about = signal_of(name);
        let signal = if about == Signal::Errors && sli.contains("_bucket") { Signal::Latency } else { about };
        if let Some(target) = percent(&slo["objective"], name, faults) {
            all.extend(objective(service, signal, target, PERIOD_DAYS, format!("sloth {name}")));
        }
    }
    all
}

fn pyrra(d: &Value, faults: &mut Vec<String>) -> Vec<Objective> {
    let (spec, meta) = (&d["spec"], &d["metadata"]);
    let name = meta["name"].as_str().unwrap_or("");
    let indicator = &spec["indicator"];
    let slow = !indicator["latency"].is_null() || !indicator["latencyNative"].is_null();
    let signal = if slow { Signal::Latency } else { signal_of(name) };
    let of = ["ratio", "latency", "latencyNative", "bool_gauge"].into_iter().map(|k| &indicator[k]);
    let metrics: Vec<&str> = of.flat_map(|i| [&i["total"]["metric"], &i["metric"]]).filter_map(Value::as_str).collect();
    let matched = metrics.iter().find_map(|m| matcher(m));
    let service = matched.unwrap_or_else(|| service_of(name).to_owned());
    let days = match days(spec["window"].as_str().unwrap_or("")) {
        Some(d) => d,
        None => {
            faults.push(format!("{name}: a window of {} is not understood, 30 days are taken", spec["window"]));
            PERIOD_DAYS
        }
    };
    let target = percent(&spec["target"], name, faults);
    target.and_then(|t| objective(&service, signal, t, days, format!("pyrra {name}"))).into_iter().collect()
}

/// The service a selector asks for by an equality.
fn matcher(metric: &str) -> Option<String> {
    let (_, inside) = promql::parse(metric).ok()?;
    ["service", "service_name", "app", "destination_workload", "deployment", "job"].into_iter().find_map(|label| {
        inside.split(',').find_map(|m| {
            let value = m.trim().strip_prefix(label)?.trim_start().strip_prefix('=')?.trim();
            let value = value.strip_prefix('"')?.strip_suffix('"')?;
            (!value.is_empty()).then(|| value.to_owned())
        })
    })
}

fn openslo(d: &Value, faults: &mut Vec<String>) -> Vec<Objective> {
    let (spec, name) = (&d["spec"], d["metadata"]["name"].as_str().unwrap_or(""));
    let service = spec["service"].as_str().unwrap_or("");
    let window = &spec["timeWindow"][0];
    let days = days(window["duration"].as_str().unwrap_or("")).unwrap_or(PERIOD_DAYS);
    let rolling = window["isRolling"].as_bool().unwrap_or(window["calendar"].is_null());
    let signal = match signal_of(name) {
        Signal::Errors => {
            let all = spec["indicator"].to_string();
            if all.contains("_bucket") || all.contains("thresholdMetric") { Signal::Latency } else { Signal::Errors }
        }
        other => other,
    };
    let mut all = Vec::new();
    for o in spec["objectives"].as_array().into_iter().flatten() {
        let target = match (number(&o["target"]), number(&o["targetPercent"])) {
            (Some(t), _) if t > 1.0 => {
                faults.push(format!("{name}: a target of {t} is above 1; OpenSLO's target is a fraction"));
                None
            }
            (Some(t), _) => fraction(t),
            (None, Some(p)) if p < 1.0 => {
                faults.push(format!("{name}: targetPercent {p} is below 1; it is taken for a fraction"));
                fraction(p)
            }
            (None, Some(p)) => fraction(p),
            (None, None) => None,
        };
        let Some(target) = target else {
            faults.push(format!("{name}: no target that can be used"));
            continue;
        };
        let from = if rolling { format!("openslo {name}") } else { format!("openslo {name}, calendar window") };
        all.extend(objective(service, signal, target, days, from));
    }
    all
}

/// `28d`, `4w`, `1M`, `1Q`: whole days.
fn days(text: &str) -> Option<u32> {
    let unit = text.chars().next_back()?;
    let n: u32 = text.strip_suffix(unit)?.parse().ok().filter(|n| *n > 0)?;
    let days = match unit {
        'd' => n,
        'w' => n.checked_mul(7)?,
        'M' => n.checked_mul(30)?,
        'Q' => n.checked_mul(90)?,
        'y' | 'Y' => n.checked_mul(365)?,
        'h' if n >= 24 => n / 24,
        _ => return None,
    };
    (1..=366).contains(&days).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (String, Signal, f64, u32);

    fn said(text: &str) -> (Vec<Row>, Vec<String>) {
        let (found, faults) = objectives(text);
        let one = |o: Objective| (o.service.as_str().to_owned(), o.signal, o.slo.objective, o.slo.period_days);
        (found.into_iter().map(one).collect(), faults)
    }

    #[test]
    fn each_format_is_read_from_a_file_as_its_tool_takes_it() {
        let checkout = |signal, target, days| ("checkout".to_owned(), signal, target, days);
        let cases: [(&str, Vec<_>); 4] = [
            (
                include_str!("fixtures/slo/sloth_v1.yaml"),
                vec![checkout(Signal::Errors, 0.999, 30), checkout(Signal::Latency, 0.99, 30)],
            ),
            (include_str!("fixtures/slo/sloth_crd.yaml"), vec![checkout(Signal::Errors, 0.999, 30)]),
            (
                include_str!("fixtures/slo/pyrra.yaml"),
                vec![checkout(Signal::Errors, 0.99, 28), checkout(Signal::Latency, 0.95, 14)],
            ),
            (
                include_str!("fixtures/slo/openslo.yaml"),
                vec![checkout(Signal::Errors, 0.995, 28), checkout(Signal::Latency, 0.98, 30)],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(said(text), (expected, Vec::new()), "{text}");
        }
    }

    #[test]
    fn a_target_that_cannot_be_meant_is_told_and_not_used() {
        let sloth =
            |t: &str| said(&format!("version: prometheus/v1\nservice: a\nslos:\n- name: x\n  objective: {t}\n"));
        for bad in ["0.999", "101", "12", "high", "", "-5"] {
            let (found, faults) = sloth(bad);
            assert!(found.is_empty() && faults.len() == 1, "{bad}: {found:?} {faults:?}");
        }
        assert_eq!(sloth("100").0, [("a".to_owned(), Signal::Errors, 1.0, 30)]);
        let openslo = |t: &str| {
            said(&format!(
                "apiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: x}}\nspec:\n  service: a\n  objectives:\n  - {t}\n"
            ))
        };
        let (found, faults) = openslo("target: 99.9");
        assert!(found.is_empty() && faults[0].contains("above 1"), "{faults:?}");
        let (found, faults) = openslo("targetPercent: 0.999");
        assert!(found.len() == 1 && faults[0].contains("below 1"), "{faults:?}");
        assert!(openslo("displayName: none").0.is_empty());
    }

    #[test]
    fn what_is_no_slo_is_passed_over_and_what_is_no_yaml_is_told() {
        assert_eq!(said("kind: Deployment\napiVersion: apps/v1\n---\n[1, 2]\n---\nx\n"), (Vec::new(), Vec::new()));
        assert!(said("a: [").1[0].starts_with("is not YAML"));
        assert_eq!(
            (days("4w"), days("28d"), days("1M"), days("0d"), days("x"), days("999d")),
            (Some(28), Some(28), Some(30), None, None, None)
        );
    }
}
