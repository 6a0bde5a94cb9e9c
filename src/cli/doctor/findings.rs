//! What the doctor found, as lines and as JSON, and the exit code of it. Asks nothing.

use super::untold::Untold;
use crate::core::errand::code;
use crate::core::id::{ServiceId, SourceId};
use crate::core::shown::{LINE_MAX, shown_line};
use crate::core::world::source::{Abilities, SourceError, Trouble};
use crate::core::world::telemetry::{Coverage, Objective};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Services with a gap that are allowed, in percent (metric M8).
const MOST_GAPS: f64 = 3.0;

/// A server's clock is off from here, milliseconds.
const SKEW_MS: i64 = 2_000;

/// One source.
#[derive(Debug, Default)]
pub struct Found {
    pub name: String,
    pub kind: &'static str,
    pub abilities: Option<Abilities>,
    pub error: Option<SourceError>,
    /// Its config cannot be used.
    pub fault: Option<String>,
    /// Files with targets that cannot be used.
    pub faults: Vec<String>,
    pub coverage: Vec<Coverage>,
    /// Services that each preset tells of, among those configured, and among all there are.
    pub answers: BTreeMap<String, usize>,
    pub every: BTreeMap<String, usize>,
    pub objectives: Vec<Objective>,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Findings {
    /// (an error, its line).
    pub problems: Vec<(bool, String)>,
    /// Services that the config names.
    pub services: Vec<ServiceId>,
    pub sources: Vec<Found>,
    /// Gates that nothing can tell, by environment.
    pub gates: Vec<Untold>,
}

impl Found {
    pub fn of(name: &SourceId, kind: &'static str) -> Found {
        Found { name: name.as_str().to_owned(), kind, ..Found::default() }
    }

    pub fn note(&mut self, probed: Result<Abilities, SourceError>) {
        match probed {
            Ok(abilities) => self.abilities = Some(abilities),
            Err(e) => self.error = Some(e),
        }
    }

    /// What it may not do, or what nobody could say.
    fn lacking(&self) -> Vec<String> {
        let rights = self.abilities.iter().flat_map(|a| &a.rights);
        let not = rights.filter(|r| r.allowed != Some(true)).map(|r| {
            let place = r.namespace.as_deref().map_or(String::new(), |n| format!(" in {n}"));
            let unsure = if r.allowed.is_none() { " (not known)" } else { "" };
            format!("{}{place}{unsure}", r.verb)
        });
        not.collect()
    }

    fn skew(&self) -> Option<i64> {
        self.abilities.as_ref()?.skew_ms.filter(|ms| ms.abs() >= SKEW_MS)
    }
}

/// A service with what is missing.
struct Gap<'a> {
    service: &'a str,
    missing: Vec<&'static str>,
}

impl Findings {
    /// Coverage of every service: of the source that knows most of it. A service of the config that no source knows
    /// lacks everything.
    fn coverage(&self) -> BTreeMap<&str, Option<&Coverage>> {
        let mut best: BTreeMap<&str, Option<&Coverage>> = BTreeMap::new();
        for service in &self.services {
            best.insert(service.as_str(), None);
        }
        for c in self.sources.iter().flat_map(|s| &s.coverage) {
            let known = best.entry(c.service.as_str()).or_default();
            if known.is_none_or(|k| c.missing().len() < k.missing().len()) {
                *known = Some(c);
            }
        }
        best
    }

    fn gaps(&self) -> Vec<Gap<'_>> {
        let missing = |c: Option<&Coverage>| c.map_or_else(|| vec!["requests"], Coverage::missing);
        let all = self.coverage().into_iter().map(|(service, c)| Gap { service, missing: missing(c) });
        all.filter(|g| !g.missing.is_empty()).collect()
    }

    /// Percent of services with a gap. `None`: no service is known, or nothing tells of any.
    fn share(&self) -> Option<f64> {
        let all = self.coverage().len();
        let measured = self.sources.iter().any(|s| s.kind == "prometheus" && s.error.is_none() && s.fault.is_none());
        (all > 0 && measured).then(|| 100.0 * self.gaps().len() as f64 / all as f64)
    }

    /// limits.md section 6: the first of these that is so.
    pub fn code(&self) -> u8 {
        let errors = || self.sources.iter().filter_map(|s| s.error.as_ref());
        if self.problems.iter().any(|(error, _)| *error) || self.sources.iter().any(|s| s.fault.is_some()) {
            u8::try_from(crate::config::load::EXIT_CONFIG).unwrap_or(code::ERROR)
        } else if errors().any(|e| matches!(e.trouble, Trouble::Auth | Trouble::Forbidden)) {
            code::AUTH
        } else if errors().next().is_some() {
            code::UNREACHABLE
        } else if self.share().is_some_and(|s| s > MOST_GAPS) || self.gates.iter().any(|g| g.required) {
            code::ERROR
        } else {
            code::OK
        }
    }

    /// What to do, the most urgent first.
    fn next(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.problems.iter().any(|(error, _)| *error) {
            all.push("mend the config: andon config check tells each line".to_owned());
        }
        for s in &self.sources {
            let name = &s.name;
            if let Some(e) = &s.error {
                all.push(match e.trouble {
                    Trouble::Auth => format!("{name}: renew the login or the token"),
                    Trouble::Forbidden => format!("{name}: ask for the rights named above"),
                    _ => format!("{name}: bring it within reach, or take it out of the environment"),
                });
            }
            if let Some(ms) = s.skew() {
                all.push(format!("{name}: set the clocks right, they are {:.1} s apart", ms as f64 / 1000.0));
            }
            if s.kind == "prometheus" && s.error.is_none() && s.fault.is_none() && s.coverage.is_empty() {
                all.push(match s.every.iter().max_by_key(|(_, n)| **n) {
                    Some((preset, n)) => format!("{name}: write preset = \"{preset}\", it answers for {n} services"),
                    None => format!("{name}: no preset answers; write [source.{name}.queries] with your counters"),
                });
            }
        }
        for g in self.gates.iter().filter(|g| g.required) {
            all.push(format!("{} in {}: write {}", g.gate, g.environment, g.write));
        }
        let mut by_gap: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for gap in self.gaps() {
            for what in gap.missing {
                by_gap.entry(what).or_default().push(gap.service);
            }
        }
        for (what, services) in by_gap {
            let advice = match what {
                "requests" => "count requests, or name the counter in queries.requests",
                "errors" => "label requests with the answer's class (code), or name queries.failures",
                "latency" => "serve a histogram with a bound at or below the threshold, or name latency.histogram",
                "track split" => "let the series carry the pod, the version or the template hash, or say split",
                "deploy label" => "copy the pods' template hash or version to the series",
                _ => "see docs/config.md",
            };
            let some = services.iter().take(3).copied().collect::<Vec<_>>().join(", ");
            let more = services.len().saturating_sub(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            all.push(format!("{what} ({some}{more}): {advice}"));
        }
        all
    }

    /// # Errors
    /// Those of the writer.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let mut line = |text: String| writeln!(out, "{}", shown_line(&text, LINE_MAX));
        let errors = self.problems.iter().filter(|(error, _)| *error).count();
        match (errors, self.problems.len()) {
            (0, 0) => line("config    no problems".to_owned())?,
            (n, all) => line(format!("config    {n} errors, {} notes", all - n))?,
        }
        for (_, p) in &self.problems {
            line(format!("          {p}"))?;
        }
        if self.sources.is_empty() {
            line("sources   none: nothing can be looked at".to_owned())?;
        }
        for s in &self.sources {
            line(format!("source    {} ({}): {}", s.name, s.kind, standing(s)))?;
            let lacking = s.lacking();
            if !lacking.is_empty() {
                line(format!("          may not: {}", lacking.join("; ")))?;
            }
            for fault in &s.faults {
                line(format!("          {fault}"))?;
            }
            if s.kind == "prometheus" && s.error.is_none() && s.fault.is_none() {
                line(format!("          found by: {}", counted(&s.answers)))?;
                let others: BTreeMap<String, usize> =
                    s.every.iter().filter(|(p, _)| !s.answers.contains_key(*p)).map(|(p, n)| (p.clone(), *n)).collect();
                if !others.is_empty() {
                    line(format!("          would also answer: {}", counted(&others)))?;
                }
            }
        }
        let coverage = self.coverage();
        if !coverage.is_empty() {
            let wide = coverage.keys().map(|s| s.chars().count()).max().unwrap_or(7).clamp(7, 40);
            line(format!(
                "{:wide$}  {:13} requests errors latency correctness split deploy resources",
                "SERVICE", "FOUND BY"
            ))?;
            for (service, c) in &coverage {
                let of = |has: fn(&Coverage) -> Option<bool>| word(c.and_then(has));
                line(format!(
                    "{service:wide$}  {:13} {:8} {:6} {:7} {:11} {:5} {:6} {}",
                    c.map_or("nobody", |c| &*c.preset),
                    c.map_or("no", |c| word(c.requests)),
                    of(|c| c.errors),
                    of(|c| c.latency),
                    of(|c| c.correctness),
                    of(|c| c.split),
                    of(|c| c.deploy),
                    of(|c| c.resources)
                ))?;
            }
        }
        for o in self.sources.iter().flat_map(|s| &s.objectives) {
            let percent = o.slo.objective * 100.0;
            line(format!(
                "target    {} {} {percent:.3} % over {} d, from {}",
                o.service.as_str(),
                o.signal.word(),
                o.slo.period_days,
                o.from
            ))?;
        }
        for g in &self.gates {
            line(format!("gate      {}{}", if g.required { "MISSING: " } else { "" }, g.words()))?;
            if !g.required {
                line(format!("          could be told by: {}", g.write))?;
            }
        }
        line(match self.share() {
            None => "gaps      not measured: no Prometheus tells of any service".to_owned(),
            Some(share) => format!(
                "gaps      {} of {} services lack something: {share:.1} % (at most {MOST_GAPS} %): {}",
                self.gaps().len(),
                coverage.len(),
                if share > MOST_GAPS { "MISSED" } else { "met" }
            ),
        })?;
        for todo in self.next() {
            line(format!("do        {todo}"))?;
        }
        Ok(())
    }

    /// Schema `andon.doctor/1`; grows only by addition.
    pub fn json(&self) -> Value {
        let source = |s: &Found| {
            json!({
                "name": s.name, "kind": s.kind,
                "version": s.abilities.as_ref().and_then(|a| a.version.clone()),
                "skew_ms": s.abilities.as_ref().and_then(|a| a.skew_ms),
                "error": s.error.as_ref().map(|e| e.sentence.clone()),
                "fault": s.fault, "may_not": s.lacking(), "slo_faults": s.faults,
                "presets": s.answers, "presets_all": s.every,
                "objectives": s.objectives,
            })
        };
        let gaps = self.gaps();
        let lacking: BTreeMap<&str, &Vec<&'static str>> = gaps.iter().map(|g| (g.service, &g.missing)).collect();
        let services: Vec<Value> = self
            .coverage()
            .into_iter()
            .map(|(service, c)| {
                json!({"service": service, "coverage": c, "missing": lacking.get(service).copied().unwrap_or(&Vec::new())})
            })
            .collect();
        let problems: Vec<&String> = self.problems.iter().map(|(_, p)| p).collect();
        json!({
            "schema": "andon.doctor/1", "config": problems,
            "sources": self.sources.iter().map(source).collect::<Vec<_>>(),
            "services": services,
            "m8": {"gaps": gaps.len(), "services": self.coverage().len(), "percent": self.share(), "most_percent": MOST_GAPS},
            "gates": self.gates.iter().map(Untold::json).collect::<Vec<_>>(),
            "next": self.next(), "exit": self.code(),
        })
    }
}

fn word(has: Option<bool>) -> &'static str {
    match has {
        Some(true) => "yes",
        Some(false) => "no",
        None => "?",
    }
}

fn counted(presets: &BTreeMap<String, usize>) -> String {
    let all: BTreeSet<String> = presets.iter().map(|(p, n)| format!("{p} ({n} services)")).collect();
    if all.is_empty() { "no preset".to_owned() } else { all.into_iter().collect::<Vec<_>>().join(", ") }
}

fn standing(s: &Found) -> String {
    if let Some(fault) = &s.fault {
        return fault.clone();
    }
    if let Some(e) = &s.error {
        return e.sentence.to_string();
    }
    let Some(a) = &s.abilities else {
        return "not asked".to_owned();
    };
    let mut said = vec![format!("version {}", a.version.as_deref().unwrap_or("not known"))];
    said.push(match s.skew() {
        Some(ms) => format!("its clock is off by {:.1} s", ms as f64 / 1000.0),
        None if a.skew_ms.is_some() => "clocks agree".to_owned(),
        None => "clock not known".to_owned(),
    });
    if !a.rights.is_empty() {
        let may = a.rights.iter().filter(|r| r.allowed == Some(true)).count();
        said.push(format!("{may} of {} rights", a.rights.len()));
    }
    if let Some(who) = &a.identity {
        said.push(format!("as {who}"));
    }
    if a.insecure {
        said.push("INSECURE".to_owned());
    }
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::world::source::Right;

    fn coverage(service: &str, split: bool) -> Coverage {
        Coverage {
            service: ServiceId::new(service),
            preset: "plain".into(),
            requests: Some(true),
            errors: Some(true),
            latency: Some(true),
            correctness: Some(false),
            split: Some(split),
            deploy: Some(split),
            resources: None,
        }
    }

    fn findings(split: bool) -> Findings {
        let mut metrics = Found::of(&SourceId::new("metrics"), "prometheus");
        metrics.note(Ok(Abilities { skew_ms: Some(9_000), version: Some("2.42.0".into()), ..Abilities::default() }));
        metrics.coverage = vec![coverage("checkout", true), coverage("search", split)];
        metrics.answers = BTreeMap::from([("plain".to_owned(), 2)]);
        metrics.every = BTreeMap::from([("plain".to_owned(), 2), ("istio".to_owned(), 1)]);
        Findings { sources: vec![metrics], ..Findings::default() }
    }

    fn printed(f: &Findings) -> String {
        let mut out = Vec::new();
        f.print(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_gap_is_named_counted_against_three_percent_and_has_something_to_do() {
        let f = findings(false);
        let text = printed(&f);
        assert!(text.contains("1 of 2 services lack something: 50.0 % (at most 3 %): MISSED"), "{text}");
        assert!(text.contains("do        track split (search): "), "{text}");
        assert!(text.contains("its clock is off by 9.0 s"), "{text}");
        assert!(text.contains("would also answer: istio (1 services)"), "{text}");
        assert_eq!(f.code(), 1);
        assert_eq!(f.json()["m8"]["gaps"], 1);
        let whole = findings(true);
        assert!(printed(&whole).contains("met"));
        assert_eq!(whole.code(), 0);
    }

    #[test]
    fn a_service_of_the_config_that_nobody_tells_of_is_a_gap() {
        let mut f = findings(true);
        f.services = vec![ServiceId::new("checkout"), ServiceId::new("lost")];
        assert!(printed(&f).contains("1 of 3 services"), "{}", printed(&f));
        f.sources[0].coverage.clear();
        f.sources[0].answers.clear();
        assert!(printed(&f).contains("write preset = \"plain\""), "{}", printed(&f));
    }

    #[test]
    fn the_exit_code_tells_the_first_thing_that_keeps_one_from_working() {
        let mut f = findings(false);
        f.sources[0].error = Some(SourceError::new(Trouble::Timeout, "metrics: too late"));
        assert_eq!((f.code(), f.share()), (11, None), "what was not measured is no share");
        f.sources[0].error = Some(SourceError::new(Trouble::Auth, "metrics: 401"));
        assert_eq!(f.code(), 4);
        f.problems.push((true, "c.toml:1:1   x".to_owned()));
        assert_eq!(f.code(), 3);
        assert_eq!(Findings::default().code(), 0);
        assert!(printed(&Findings::default()).contains("not measured"));
    }

    #[test]
    fn a_gate_that_is_required_and_told_by_nothing_is_no_good_end() {
        let gate = |required| Untold {
            environment: "prod".into(),
            gate: "window",
            required,
            why: "no calendar is configured".into(),
            write: "calendar = \"calendar.toml\" in [environment.prod]".into(),
        };
        let mut f = findings(true);
        f.gates = vec![gate(false)];
        let text = printed(&f);
        assert!(text.contains("gate      prod cannot tell window: no calendar is configured"), "{text}");
        assert!(text.contains("could be told by: calendar = ") && f.code() == 0, "{text}");
        f.gates = vec![gate(true)];
        let text = printed(&f);
        assert!(text.contains("gate      MISSING: prod requires window: no calendar is configured"), "{text}");
        assert!(text.contains("do        window in prod: write calendar = \"calendar.toml\""), "{text}");
        assert_eq!((f.code(), &f.json()["gates"][0]["required"]), (1, &json!(true)));
    }

    #[test]
    fn rights_that_are_missing_or_unknown_are_named() {
        let mut k = Found::of(&SourceId::new("eu-1"), "kubernetes");
        let right = |verb: &str, allowed| Right { namespace: Some("shop".into()), verb: verb.into(), allowed };
        let rights = vec![right("get pods", Some(true)), right("patch rollouts", Some(false)), right("list x", None)];
        k.note(Ok(Abilities { rights, ..Abilities::default() }));
        let f = Findings { sources: vec![k], ..Findings::default() };
        let text = printed(&f);
        assert!(text.contains("may not: patch rollouts in shop; list x in shop (not known)"), "{text}");
        assert!(text.contains("1 of 3 rights"), "{text}");
    }
}
