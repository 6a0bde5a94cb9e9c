//! `andon doctor`: what is missing before an incident. Reads the config, probes each source, tries every preset on each
//! Prometheus, and says of each service what can be judged and what cannot (metric M8). It looks only; what it finds is
//! told in words and with what to do next.

mod findings;
mod untold;

use super::console::{self, Place};
use super::setup::{self, DrillWish};
use super::{ConsoleArgs, PlaceArgs, tell};
use crate::backends::kubernetes::Kubernetes;
use crate::backends::net::Budget;
use crate::backends::prometheus::survey::Survey;
use crate::backends::prometheus::{Prometheus, Queries, Settings, presets, slo_files};
use crate::backends::{Backend, Cx, Lane, UtcClock};
use crate::config::source::Source;
use crate::config::{self, Config, Environment, Paths, Severity, SourceKind};
use crate::core::case::runbook::{Runbook, StepKind};
use crate::core::errand::code;
use crate::core::id::ServiceId;
use crate::engine::clock::utc_now;
use findings::{Findings, Found};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use untold::{Has, Untold, untold};

const CX: Cx = Cx { deadline: Duration::from_secs(15), lane: Lane::Refresh };

/// Runs to the end; the exit code.
pub fn run(console: &ConsoleArgs, at: &PlaceArgs, json: bool, out: &mut impl Write) -> u8 {
    let args = ConsoleArgs {
        env: at.env.clone(),
        context: at.context.clone(),
        prom: at.prom.clone(),
        namespace: at.namespace.clone(),
        ..console.clone()
    };
    let env: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    let (config, problems) = config::load(&Paths::of_this_user(&env), &env);
    let given = at.drill.as_ref().map(|s| Place::Drill(DrillWish::of(s)));
    let mut environments: Vec<&Environment> = Vec::new();
    let sources = match console::place(&args, &config, given) {
        Ok(Place::Context(name)) => setup::wanted_of_context(&args, &name),
        Ok(Place::Environment(name)) => {
            let env = config.environment_named(&name);
            environments.extend(env);
            env.map_or_else(Vec::new, |e| e.sources.iter().filter_map(|id| config.source(id)).cloned().collect())
        }
        // With no place named, all of the config is looked at.
        Ok(Place::Choose(_)) => {
            environments.extend(&config.environments);
            config.sources.clone()
        }
        Ok(Place::Drill(_) | Place::Replay(_)) => Vec::new(),
        Err((why, code)) => {
            tell(&why);
            return code;
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(r) => r,
        Err(e) => {
            tell(&format!("nothing can be asked: {e}"));
            return code::ERROR;
        }
    };
    let mut findings = Findings {
        problems: problems.iter().map(|p| (p.severity == Severity::Error, p.to_string())).collect(),
        services: config.services.iter().map(|s| s.name.clone()).collect(),
        ..Findings::default()
    };
    for source in &sources {
        findings.sources.push(runtime.block_on(look(source)));
    }
    findings.gates = environments.iter().flat_map(|e| gates(&config, e, &findings)).collect();
    let done = if json { super::out::json(out, &findings.json()) } else { findings.print(out) };
    match done.and_then(|()| out.flush()) {
        Ok(()) => findings.code(),
        Err(_) => 141,
    }
}

/// Gates of one environment that nothing in it can tell.
fn gates(config: &Config, env: &Environment, findings: &Findings) -> Vec<Untold> {
    let mine = |s: &&Found| env.sources.iter().any(|id| *id.as_str() == *s.name);
    let sources = || findings.sources.iter().filter(mine);
    let aims = |service: &ServiceId| sources().flat_map(|s| &s.objectives).any(|o| o.service == *service);
    let aimless = config.services.iter().filter(|s| s.slo.is_none() && !aims(&s.name));
    let aimless: Vec<String> = aimless.map(|s| s.name.to_string()).collect();
    let smoke = |k: &StepKind| matches!(k, StepKind::Check(c) if c.smoke);
    let listed = |r: &Runbook| config.services.iter().any(|s| s.runbooks.contains(&r.name));
    let there = |r: &Runbook| r.file.is_some() || listed(r);
    let rules = setup::rules(config, env, utc_now());
    let has = Has {
        telemetry: sources().any(|s| s.kind == "prometheus"),
        artifacts: sources().any(|s| s.abilities.as_ref().is_some_and(|a| a.roles.artifacts)),
        // Of the shipped ones only those that a service lists are there in a real console.
        smoke: config.runbooks.iter().filter(|r| there(r)).any(|r| r.steps.iter().any(|s| smoke(&s.kind))),
        calendar: &rules.calendar,
        aimless: &aimless,
    };
    untold(env, has)
}

async fn look(source: &Source) -> Found {
    let clock: UtcClock = Arc::new(utc_now);
    let mut found = Found::of(&source.name, kind(&source.kind));
    match &source.kind {
        SourceKind::Kubernetes(k) => {
            let backend: Arc<dyn Backend> =
                Arc::new(Kubernetes::new(setup::kubernetes_settings(&source.name, k.clone()), clock));
            found.note(backend.probe(&CX).await);
        }
        SourceKind::Prometheus(p) => {
            let asked = setup::prometheus_settings(&source.name, p, 30 * 86_400);
            let made = asked.and_then(|s| {
                let (_, faults) = slo_files::read(&s.slo_files);
                found.faults = faults;
                let every = by_every_preset(&s);
                let budget = Budget::new(600);
                Ok((Prometheus::new(s, budget.clone(), clock.clone())?, Prometheus::new(every, budget, clock)?))
            });
            match made {
                Ok((own, every)) => figures(&own, &every, &mut found).await,
                Err(e) => found.note(Err(e)),
            }
        }
        SourceKind::NotInThisVersion(what) => found.fault = Some(format!("{what}: not in this version")),
        SourceKind::Faulty(why) => found.fault = Some(format!("{why}; see andon config check")),
    }
    found
}

/// The same server, asked by every preset there is.
fn by_every_preset(s: &Settings) -> Settings {
    let all = presets::preset("auto").unwrap_or_default();
    Settings { queries: Queries::of(all, s.queries.scrape_secs), ..s.clone() }
}

/// What one Prometheus has, by what is configured and by each preset.
async fn figures(own: &Prometheus, every: &Prometheus, found: &mut Found) {
    let probed = own.probe(&CX).await;
    let up = probed.is_ok();
    found.note(probed);
    if !up {
        return;
    }
    match own.survey(&CX).await {
        Ok(Survey { coverage, presets }) => (found.coverage, found.answers) = (coverage, presets),
        Err(e) => return found.note(Err(e)),
    }
    if let Ok(survey) = every.survey(&CX).await {
        found.every = survey.presets;
    }
    if let Ok(objectives) = own.objectives(&CX).await {
        found.objectives = objectives;
    }
}

fn kind(kind: &SourceKind) -> &'static str {
    match kind {
        SourceKind::Kubernetes(_) => "kubernetes",
        SourceKind::Prometheus(_) => "prometheus",
        SourceKind::NotInThisVersion(_) | SourceKind::Faulty(_) => "config",
    }
}
