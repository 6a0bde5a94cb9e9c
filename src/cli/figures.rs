//! What a config says about finding figures, made into queries. No rules of its own beyond laying one over the other.

use crate::backends::prometheus::Queries;
use crate::backends::prometheus::presets::{self, How};
use crate::backends::prometheus::recipe::{Counter, Histogram, Name, Recipe};
use crate::config::source::figures::Split as Told;
use crate::config::source::{self, Prometheus};
use crate::core::world::figures::Split;

/// The queries of a source.
///
/// # Errors
/// What does not go together, one sentence.
pub fn queries(p: &Prometheus) -> Result<Queries, String> {
    let f = &p.figures;
    let mut recipes: Vec<Recipe> = Vec::new();
    let plain = source::Queries::default();
    let own = p.queries.requests != plain.requests || p.queries.failures != plain.failures;
    if own {
        recipes.push(Recipe {
            requests: Counter::of(&p.queries.requests),
            failures: Counter::of(&p.queries.failures),
            told_apart: String::new(),
            service: Name::label(&p.queries.service),
            track: Name::label(&p.queries.version),
            // Its own counters, and a histogram only where one is named: a preset's could be another's.
            latency: None,
            route: None,
            ..presets::own()
        });
    }
    let named: Vec<&str> = match (f.presets.is_empty(), own) {
        (true, true) => Vec::new(),
        (true, false) => vec!["plain"],
        (false, _) => f.presets.iter().map(AsRef::as_ref).collect(),
    };
    for name in named {
        let mut found = presets::preset(name).ok_or_else(|| format!("has no preset {name}"))?;
        for r in found.iter_mut().filter(|r| !own && r.name == "plain") {
            // The labels of `queries` without its counters are those of the preset.
            if p.queries.service != plain.service {
                r.service = Name::label(&p.queries.service);
            }
            if p.queries.version != plain.version {
                r.track = Name::label(&p.queries.version);
            }
        }
        recipes.extend(found);
    }
    let namespaces: Vec<String> = f.namespaces.iter().map(|n| n.to_string()).collect();
    for r in &mut recipes {
        if let Some(split) = &f.split {
            r.split_by(&how(split))?;
        }
        if let Some(l) = &f.latency
            && let Some(series) = &l.histogram
        {
            let per_sec = if l.in_ms { 1000.0 } else { 1.0 };
            r.latency = Some(Histogram { series: series.to_string(), per_sec, native: l.native });
        }
        r.correctness = f.correctness.as_ref().map(|(all, bad)| (Counter::of(all), Counter::of(bad)));
        r.matching = f.matching.as_deref().unwrap_or("").to_owned();
        r.within(&namespaces);
    }
    let queries = Queries::of(recipes, p.queries.scrape_secs);
    Ok(match &f.latency {
        Some(l) => queries.slower_than(l.threshold_ms as f64 / 1000.0),
        None => queries,
    })
}

fn how(split: &Told) -> How {
    match split {
        Told::Pod => How::Pod,
        Told::Workload => How::Workload,
        Told::Version => How::Version,
        Told::Label(label, kind) => {
            let kind = match *kind {
                "version" => Split::Version,
                "workload" => Split::Workload,
                "role" => Split::Role,
                _ => Split::Hash,
            };
            How::Label(label.to_string(), kind)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::source::figures::{Figures, Latency, PRESETS};
    use crate::core::world::figures::Signal;

    fn source(figures: Figures, queries: source::Queries) -> Prometheus {
        let access = source::access::Access::default();
        Prometheus { url: "http://127.0.0.1".into(), token: None, access, ca: None, insecure: false, queries, figures }
    }

    #[test]
    fn every_preset_a_config_may_name_is_there() {
        for name in PRESETS {
            let f = Figures { presets: vec![name.into()], ..Figures::default() };
            let q = queries(&source(f, source::Queries::default())).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(q.check(), Ok(()), "{name}");
        }
        assert_eq!(PRESETS.len(), presets::NAMES.len() + 1);
    }

    #[test]
    fn own_queries_stand_alone_and_settings_lie_over_every_preset() {
        let mut own = source::Queries { requests: "hits".into(), failures: "misses".into(), ..Default::default() };
        own.version = "rev".into();
        let q = queries(&source(Figures::default(), own.clone())).expect("queries");
        assert_eq!(q.recipes().len(), 1);
        assert_eq!(q.blocks(Signal::Latency, None), None, "no histogram is named");
        let f = Figures {
            presets: vec!["istio".into()],
            split: Some(Told::Workload),
            latency: Some(Latency { histogram: None, threshold_ms: 250, in_ms: false, native: false }),
            correctness: Some(("checked".into(), "wrong".into())),
            namespaces: vec!["shop".into()],
            matching: Some("cluster=\"eu-1\"".into()),
            ..Figures::default()
        };
        let q = queries(&source(f, own)).expect("queries");
        assert_eq!(q.check(), Ok(()));
        assert_eq!(q.split(), Split::Workload);
        let text = q.blocks(Signal::Correctness, None).expect("correctness");
        for part in ["hits", "istio_requests_total"] {
            assert!(q.blocks(Signal::Errors, None).expect("errors").contains(part), "{part}");
        }
        assert!(
            text.contains("destination_workload_namespace=~\"shop\"") && text.contains("cluster=\"eu-1\""),
            "{text}"
        );
        assert_eq!(q.bound().map(|b| b.secs), Some(0.25));
    }
}
