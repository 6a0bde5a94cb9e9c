//! How a Prometheus' figures are found: `preset`, `split`, `latency`, `correctness`, `namespaces`, `match`, `slo_files`.
//! A team's own `queries` are read beside it. Knows the presets' names and nothing of what they ask.

use crate::config::problem::Told;
use crate::config::suggest;
use crate::config::table::{Got, Table, wrong_value};
use std::path::PathBuf;
use std::sync::Arc;

/// Names a config may write; `auto` takes those that answer.
pub const PRESETS: [&str; 11] = [
    "auto",
    "istio",
    "linkerd",
    "envoy",
    "ingress-nginx",
    "traefik",
    "otel-http",
    "otel-rpc",
    "spanmetrics",
    "grpc",
    "plain",
];

/// Presets the documentation names and this version has not.
pub const LATER: [&str; 5] = ["contour", "gloo", "haproxy", "kong", "nginx"];

/// Words for what a label of tracks holds.
const KINDS: [&str; 4] = ["hash", "version", "workload", "role"];

/// Nothing said: the preset `plain`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// In the order written: of a service tells the first that knows it. Empty: `plain`, or the own queries alone.
    pub presets: Vec<Arc<str>>,
    pub split: Option<Split>,
    pub latency: Option<Latency>,
    /// Counters of checked and of wrong answers.
    pub correctness: Option<(Arc<str>, Arc<str>)>,
    /// Empty: all.
    pub namespaces: Vec<Arc<str>>,
    /// Matchers laid on everything: `cluster="eu-1"`.
    pub matching: Option<Arc<str>>,
    pub slo_files: Vec<PathBuf>,
}

/// How tracks are told, where not as the preset does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Split {
    Pod,
    Workload,
    Version,
    /// A label, and one of `hash`, `version`, `workload`, `role`.
    Label(Arc<str>, &'static str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// Selector of buckets. `None`: the preset's.
    pub histogram: Option<Arc<str>>,
    /// Slower is slow.
    pub threshold_ms: u64,
    /// Bounds are in milliseconds.
    pub in_ms: bool,
    pub native: bool,
}

/// Reads them. `None`: a fault is told, and figures found by half of what was written would be another's.
pub fn figures(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Option<Figures> {
    let presets = presets(table, told);
    let split = split(table, told);
    let latency = latency(table, told);
    let correctness = correctness(table, told);
    let namespaces = table.texts(told, "namespaces");
    let matching = table.text(told, "match");
    let files = table.texts(told, "slo_files");
    let mut slo_files = Vec::new();
    for (file, at) in files.ok().unwrap_or_default() {
        if file.starts_with('/') {
            slo_files.push(PathBuf::from(file));
        } else {
            let hint = Some("write the full path, from /".to_owned());
            told.error(&at, format!("\"slo_files\" cannot be \"{file}\""), hint);
        }
    }
    let wrong = split.is_wrong()
        || latency.is_wrong()
        || correctness.is_wrong()
        || namespaces.is_wrong()
        || matching.is_wrong();
    let presets = presets.filter(|_| !wrong)?;
    Some(Figures {
        presets,
        split: split.ok(),
        latency: latency.ok(),
        correctness: correctness.ok(),
        namespaces: namespaces.ok().unwrap_or_default().into_iter().map(|(n, _)| Arc::from(n)).collect(),
        matching: matching.ok().filter(|m| !m.trim().is_empty()).map(|m| Arc::from(m.trim())),
        slo_files,
    })
}

/// One name or a list of them.
fn presets(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Option<Vec<Arc<str>>> {
    let one = table.place_of_text("preset").is_some();
    let named = if one {
        match table.text(told, "preset") {
            Got::Is(name, at) => vec![(name, at)],
            Got::Absent | Got::Wrong => Vec::new(),
        }
    } else {
        match table.texts(told, "preset") {
            Got::Is(all, _) => all,
            Got::Absent => Vec::new(),
            Got::Wrong => return None,
        }
    };
    let mut sound = true;
    let mut presets: Vec<Arc<str>> = Vec::new();
    for (name, at) in named {
        if PRESETS.contains(&name) {
            if !presets.iter().any(|p| **p == *name) {
                presets.push(Arc::from(name));
            }
        } else {
            sound = false;
            let hint = if LATER.contains(&name) {
                let own = table.name().trim_end_matches(']');
                Some(format!("this version has no such preset: write {own}.queries]"))
            } else {
                suggest::hint(name, PRESETS)
            };
            told.error(&at, format!("unknown preset \"{name}\""), hint);
        }
    }
    sound.then_some(presets)
}

fn split(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Got<Split> {
    const SAY: &str = "\"pod\", \"workload\", \"version\", or { label = \"version\", is = \"version\" }";
    if table.place_of_text("split").is_some() {
        return match table.text(told, "split") {
            Got::Is("pod", at) => Got::Is(Split::Pod, at),
            Got::Is("workload", at) => Got::Is(Split::Workload, at),
            Got::Is("version", at) => Got::Is(Split::Version, at),
            Got::Is(other, at) => wrong_value(told, "split", &format!("\"{other}\""), &at, SAY),
            Got::Absent => Got::Absent,
            Got::Wrong => Got::Wrong,
        };
    }
    let (mut t, at) = match table.table(told, "split") {
        Got::Is(t, at) => (t, at),
        Got::Absent => return Got::Absent,
        Got::Wrong => return Got::Wrong,
    };
    let label = t.text(told, "label");
    let kind = match t.text(told, "is") {
        Got::Absent => Some("hash"),
        Got::Is(word, at) => match KINDS.into_iter().find(|k| *k == word) {
            Some(kind) => Some(kind),
            None => {
                told.error(&at, format!("\"is\" cannot be \"{word}\""), suggest::hint(word, KINDS));
                None
            }
        },
        Got::Wrong => None,
    };
    let sound = t.finish(told);
    match (label, kind) {
        (Got::Is(label, _), Some(kind)) if sound => Got::Is(Split::Label(Arc::from(label), kind), at),
        (Got::Absent, _) => {
            told.error(&at, "\"split\" has no \"label\"", Some(format!("write split = {SAY}")));
            Got::Wrong
        }
        _ => Got::Wrong,
    }
}

fn latency(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Got<Latency> {
    let (mut t, at) = match table.table(told, "latency") {
        Got::Is(t, at) => (t, at),
        Got::Absent => return Got::Absent,
        Got::Wrong => return Got::Wrong,
    };
    let histogram = t.text(told, "histogram");
    let threshold = t.time(told, "threshold", 1..=600_000);
    let native = t.flag(told, "native");
    let in_ms = match t.text(told, "unit") {
        Got::Absent | Got::Is("s", _) => Some(false),
        Got::Is("ms", _) => Some(true),
        Got::Is(other, at) => {
            let _told: Got<()> = wrong_value(told, "unit", &format!("\"{other}\""), &at, "\"s\" or \"ms\"");
            None
        }
        Got::Wrong => None,
    };
    let wrong = histogram.is_wrong() || threshold.is_wrong() || native.is_wrong();
    match in_ms {
        Some(in_ms) if t.finish(told) && !wrong => {
            let latency = Latency {
                histogram: histogram.ok().map(|h| Arc::from(h.trim())),
                threshold_ms: threshold.ok().unwrap_or(500),
                in_ms,
                native: native.ok().unwrap_or(false),
            };
            Got::Is(latency, at)
        }
        _ => Got::Wrong,
    }
}

fn correctness(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Got<(Arc<str>, Arc<str>)> {
    let (mut t, at) = match table.table(told, "correctness") {
        Got::Is(t, at) => (t, at),
        Got::Absent => return Got::Absent,
        Got::Wrong => return Got::Wrong,
    };
    let both = (t.text(told, "requests"), t.text(told, "failures"));
    let sound = t.finish(told);
    match both {
        (Got::Is(all, _), Got::Is(bad, _)) if sound => Got::Is((Arc::from(all.trim()), Arc::from(bad.trim())), at),
        (Got::Wrong, _) | (_, Got::Wrong) => Got::Wrong,
        _ if !sound => Got::Wrong,
        _ => {
            let hint = Some("both: counters of checked answers, and of wrong ones among them".to_owned());
            told.error(&at, "\"correctness\" needs \"requests\" and \"failures\"", hint);
            Got::Wrong
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table::parse;

    fn read(text: &str) -> (Option<Figures>, Vec<String>) {
        let mut told = Told::new("c.toml", text);
        let (map, _) = parse(&mut told);
        let mut table = Table::new(&map, "[source.m]", 0..0);
        let got = figures(&mut table, &mut told);
        (got, told.into_problems().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn presets_come_alone_or_as_a_list_and_a_wrong_one_is_told() {
        let names = |f: Option<Figures>| f.map(|f| f.presets.iter().map(|p| p.to_string()).collect::<Vec<_>>());
        assert_eq!(names(read("preset = \"istio\"").0), Some(vec!["istio".to_owned()]));
        let both = Some(vec!["istio".to_owned(), "plain".to_owned()]);
        assert_eq!(names(read("preset = [\"istio\", \"plain\", \"istio\"]").0), both);
        let (got, told) = read("preset = \"isto\"");
        assert!(got.is_none() && told[0].contains("did you mean \"istio\""), "{told:?}");
        let (got, told) = read("preset = [\"haproxy\"]");
        assert!(got.is_none() && told[0].contains("[source.m.queries]"), "{told:?}");
        assert!(read("preset = 3").0.is_none());
    }

    #[test]
    fn split_latency_and_correctness_are_read_or_refused_as_a_whole() {
        let (got, told) = read(
            "split = { label = \"version\", is = \"version\" }\n\
             latency = { histogram = \"x_bucket\", threshold = \"300ms\", unit = \"ms\" }\n\
             correctness = { requests = \"checked_total\", failures = \"wrong_total\" }\n\
             namespaces = [\"shop\"]\nmatch = ' cluster=\"eu-1\" '\nslo_files = [\"/etc/slo/*.yaml\"]\n",
        );
        assert!(told.is_empty(), "{told:?}");
        let got = got.expect("sound");
        assert_eq!(got.split, Some(Split::Label("version".into(), "version")));
        let latency = got.latency.expect("latency");
        assert_eq!((latency.threshold_ms, latency.in_ms, latency.native), (300, true, false));
        assert_eq!(got.matching.as_deref(), Some("cluster=\"eu-1\""));
        assert_eq!(got.slo_files, [PathBuf::from("/etc/slo/*.yaml")]);
        for bad in [
            "split = \"colour\"",
            "split = { is = \"hash\" }",
            "split = { label = \"v\", is = \"x\" }",
            "latency = { threshold = \"0ms\" }",
            "latency = { unit = \"min\" }",
            "latency = { p99 = 1 }",
            "correctness = { requests = \"x\" }",
            "match = 3",
        ] {
            let (got, told) = read(bad);
            assert!(got.is_none() && told.len() == 1, "{bad}: {told:?}");
        }
        assert_eq!(read("slo_files = [\"slo.yaml\"]").1.len(), 1);
    }
}
