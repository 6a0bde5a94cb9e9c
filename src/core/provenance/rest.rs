//! Figures that no query is behind, or another one than the verdict's: reach, readiness, times, percentiles, memory.

use super::counts::rollout;
use super::{Asked, Cell, Of, Provenance, Taken};
use crate::core::age;
use crate::core::id::Hash;
use crate::core::judge::readiness::{self, CheckState};
use crate::core::judge::tracks;
use crate::core::judge::verdict::Track;
use crate::core::judge::words;
use crate::core::time::Utc;
use crate::core::world::figures::Split;
use crate::core::world::target::TargetState;
use crate::core::world::telemetry::{self, TrendOf};

pub(super) fn of(of: &Of<'_>, cell: Cell) -> Provenance {
    match cell {
        Cell::Percentiles => percentiles(of),
        Cell::Memory => memory(of),
        Cell::Trend => trend(of),
        Cell::Ready => ready(of),
        Cell::Takes => takes(of),
        Cell::Elsewhere => here(of, cell, "another service", "its own row on the Board explains it"),
        Cell::Fleet => here(of, cell, "rows of the Board", "services and rollouts as the sources name them, counted"),
        Cell::Act => act(of),
        _ => match of.target {
            Some(t) => target(of, cell, t),
            None => here(of, cell, "rollout", "no rollout of this service is seen")
                .missing("no source names a rollout of it"),
        },
    }
}

/// Said by the sources together: the newest word of any.
fn here(of: &Of<'_>, cell: Cell, name: &str, says: &str) -> Provenance {
    let newest = of.model.world.sources.values().filter_map(|s| s.confirmed).max();
    let names: Vec<&str> = of.model.world.sources.keys().map(|s| s.as_str()).collect();
    let asked =
        Asked { source: names.join(", "), query: None, taken: Taken::Read(newest), sample: None, scrape_secs: None };
    Provenance::new(cell, name, "", says).asked([asked])
}

fn target(of: &Of<'_>, cell: Cell, t: &TargetState) -> Provenance {
    let new = |name: &str, figure: String, says: String| Provenance::new(cell, name, figure, says).asked(rollout(of));
    let pods = t.candidate_revision().map(|r| r.replicas);
    match cell {
        Cell::Weight => {
            let real = t.weight_real.map_or_else(|| "not known".into(), |w| format!("{w}%"));
            new("share of traffic", real.clone(), "what the candidate gets of the traffic".into())
                .step(format!("has {real}, {}% is wanted", t.weight_wanted))
                .step(format!("{} {}/{}", t.id.kind, t.id.namespace, t.id.name))
        }
        Cell::Pods => {
            let figure =
                pods.map_or_else(|| "pods not known".into(), |p| format!("{} of {} pods", p.existing, t.wanted));
            let p = new("pods of the candidate", figure, "instances that exist, of all that are wanted".into());
            let p = pods.map_or(p.clone(), |r| {
                let not = r.existing.saturating_sub(r.ready);
                p.step(format!("{} wanted, {} exist, {} ready, {not} not ready", r.wanted, r.existing, r.ready))
            });
            let ready = t.stable_revision().map_or(0, |r| r.replicas.ready);
            p.step(format!("stable: {ready} ready of {} wanted in all", t.wanted))
        }
        Cell::Deployed => {
            let at = t.started.map_or_else(|| "not known".into(), |s| format!("{}Z", s.hms()));
            new("began", at, "when the candidate was created: the verdict counts from its block on".into())
        }
        Cell::Since => {
            let verdict = of.judged.and_then(|j| j.verdict.since).map(Utc::hms);
            let began = t.started.map(Utc::hms);
            let since = t.since.map(Utc::hms);
            let word = |x: Option<String>| x.unwrap_or_else(|| "not known".into());
            let p =
                new("since", word(verdict.clone().or(began.clone())), "since when what the headline says holds".into());
            p.step(format!(
                "the verdict's word since {}, the change began {}, this phase since {}",
                word(verdict),
                word(began),
                word(since)
            ))
        }
        _ => {
            let done = t.step.map_or_else(String::new, |s| format!("step {s} of {}: ", t.steps.len()));
            let labels: Vec<&str> = t.steps.iter().map(|s| &*s.label).collect();
            new("where it stands", t.going(), "how far the change has gone, in the words of its plan".into())
                .step(format!("{done}{}", labels.join(", ")))
                .step(format!(
                    "weight {}% wanted, {}% had; {} pods wanted",
                    t.weight_wanted,
                    t.weight_real.unwrap_or(0),
                    t.wanted
                ))
        }
    }
}

fn ready(of: &Of<'_>) -> Provenance {
    let Some(t) = of.target else { return here(of, Cell::Ready, "ready", "no rollout of this service is seen") };
    let r = readiness::of(&of.model.world, t, of.model.utc());
    let (ok, all) = r.count();
    let time = r.expected.map(|(ms, n)| format!(", {} (median of {n})", age::rough(ms))).unwrap_or_default();
    let figure = format!("{ok}/{all}{time}");
    let mut p =
        Provenance::new(Cell::Ready, "ready to go back", figure, "checks that are ok, of all that are configured");
    for c in &r.checks {
        let word = match c.state {
            CheckState::Ok => "ok",
            CheckState::Warn => "(!)",
            CheckState::Blocked => "(X)",
            CheckState::Unknown => "(?)",
            CheckState::NotConfigured => "--",
        };
        p = p.step(format!("{word} {}: {}", c.name, c.how));
    }
    let looked = of.model.world.ways_back.get(&t.id).map(|w| w.at);
    p.asked(looked.map(|at| Asked {
        source: t.id.source.to_string(),
        query: None,
        taken: Taken::Read(Some(at)),
        sample: None,
        scrape_secs: None,
    }))
    .asked(rollout(of))
}

fn takes(of: &Of<'_>) -> Provenance {
    let history = of.model.world.services.get(of.service);
    let expected = history.and_then(crate::core::world::service::Service::expected_ms);
    let says = "how long going back took here before";
    let log = Asked {
        source: "the log of this environment".into(),
        query: None,
        taken: Taken::Read(Some(of.model.started.utc)),
        sample: None,
        scrape_secs: None,
    };
    match expected {
        Some((ms, n)) => {
            let p = Provenance::new(Cell::Takes, "expected time", format!("{} (median of {n})", age::rough(ms)), says);
            let all: Vec<String> = history.iter().flat_map(|s| &s.history_ms).map(|ms| age::span(*ms)).collect();
            p.step(format!("until settled: {}", all.join(", "))).asked([log])
        }
        None => Provenance::new(Cell::Takes, "expected time", "not known", says)
            .asked([log])
            .asked(rollout(of))
            .missing("no roll back of this service is on record"),
    }
}

fn act(of: &Of<'_>) -> Provenance {
    let p = Provenance::new(Cell::Act, "an act", "", "its records stand in the log with their times; :log shows them");
    let at = of.model.log.on_disk.or(Some(of.model.started.utc));
    p.asked([Asked { source: "the log".into(), query: None, taken: Taken::Read(at), sample: None, scrape_secs: None }])
        .asked(rollout(of))
}

fn asked_of(of: &Of<'_>, a: &telemetry::Asked) -> Asked {
    let sampled = of.model.world.samples.get(of.service);
    Asked {
        source: sampled.map_or_else(|| "telemetry".into(), |s| s.source.to_string()),
        query: Some(a.query.clone()),
        taken: Taken::At(Some(a.at)),
        sample: a.sample,
        scrape_secs: sampled.map(|s| s.scrape_secs),
    }
}

/// What is told of each track, with the track's word.
fn by_track<'a, T>(of: &Of<'_>, split: Split, all: &'a [(Hash, T)]) -> Vec<(&'static str, &'a T)> {
    let Some(t) = of.target else { return Vec::new() };
    let (candidate, stable) = tracks::rows(t, split, all);
    let words = [(of.track(Track::Candidate), candidate), ("stable", stable)];
    words.into_iter().filter_map(|(word, row)| Some((word, row?))).collect()
}

fn percentiles(of: &Of<'_>) -> Provenance {
    let says = "how long requests take; the range is that of the bucket";
    let Some(q) = of.told.and_then(|t| t.quantiles.as_ref()) else {
        return Provenance::new(Cell::Percentiles, "latency", "not measured", says)
            .asked(rollout(of))
            .missing("no source tells percentiles");
    };
    let mut p = Provenance::new(Cell::Percentiles, "latency percentiles", "", says);
    for (name, all) in by_track(of, q.split, &q.by_track) {
        for x in all {
            let f = |s: Option<f64>| s.map_or_else(|| "--".to_owned(), words::seconds);
            let line =
                format!("{name} p{}: {} (surely {} to {})", words::figure(x.q * 100.0), f(x.secs), f(x.lo), f(x.hi));
            p = p.step(line);
        }
    }
    p = p.step(format!("over {}", words::window(q.window_secs)));
    p.figure = p.steps.first().cloned().unwrap_or_else(|| "no requests".into());
    p.asked([asked_of(of, &q.asked)])
}

fn memory(of: &Of<'_>) -> Provenance {
    let says = "mean of an instance, and how it grew over the last half hour";
    let Some(u) = of.told.and_then(|t| t.usage.as_ref()) else {
        return Provenance::new(Cell::Memory, "memory", "not measured", says)
            .asked(rollout(of))
            .missing("no source tells memory");
    };
    let mut p = Provenance::new(Cell::Memory, "memory and processor", "", says);
    for (name, used) in by_track(of, u.split, &u.by_track) {
        let bytes = |b: Option<f64>| b.map_or_else(|| "--".to_owned(), words::bytes);
        let slope = used.memory_per_hour.map_or_else(|| "--".to_owned(), words::bytes_signed);
        let cpu = used.cpu_cores.map_or_else(|| "--".to_owned(), |c| words::decimal(c, 2));
        let of_limit = used.memory_bytes.zip(used.memory_limit).filter(|(_, l)| *l > 0.0);
        let part = of_limit
            .map_or_else(String::new, |(b, l)| format!(" = {}%", words::decimal(libm::round(b / l * 100.0), 0)));
        let line = format!(
            "{name}: {} of {}{part}, {slope} an hour, {cpu} cores",
            bytes(used.memory_bytes),
            bytes(used.memory_limit)
        );
        p = p.step(line);
    }
    p.figure = p.steps.first().cloned().unwrap_or_else(|| "--".into());
    p.asked([asked_of(of, &u.asked)])
}

fn trend(of: &Of<'_>) -> Provenance {
    let says = "failing share of all requests, both versions together";
    let Some(t) = of.told.and_then(|t| t.trends.get(&TrendOf::FailureRate)) else {
        return Provenance::new(Cell::Trend, "course", "--", says)
            .asked(rollout(of))
            .missing("no source tells the course");
    };
    let span = |s: i64| Utc::from_secs(s).hms();
    let last = t.points.last().map_or_else(|| "--".into(), |(_, v)| words::percent(*v));
    let most = t.points.iter().map(|(_, v)| *v).fold(0.0, f64::max);
    let mut p = Provenance::new(Cell::Trend, "course of failures", last, says);
    if let (Some(a), Some(b)) = (t.points.first(), t.points.last()) {
        p = p.step(format!(
            "{} points from {} to {}, one every {} s, the highest {}",
            t.points.len(),
            span(a.0),
            span(b.0),
            t.step_secs,
            words::percent(most)
        ));
        p.asked([Asked {
            taken: Taken::Range { from: Utc::from_secs(a.0), to: Utc::from_secs(b.0), step_secs: t.step_secs },
            ..asked_of(of, &t.asked)
        }])
    } else {
        p.asked([asked_of(of, &t.asked)]).missing("no points were answered")
    }
}
