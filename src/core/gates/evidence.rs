//! Gates that somebody beside the cluster must tell: signature, CI, SBOM and scan, the smoke check. Each line says who told
//! it and how old that is. What a source does not say is never taken for fine, and a bad word never fades with age.

use super::line;
use crate::core::act::gate::{Gate, GateLine, GateState};
use crate::core::age;
use crate::core::id::SourceId;
use crate::core::judge::freshness::{Age, Kind, of_source};
use crate::core::listing;
use crate::core::model::Model;
use crate::core::world::beside::{Artifact, Build, Signature};
use crate::core::world::source::{Link, SourceState};
use crate::core::world::target::TargetState;

/// What somebody says of the version asked for.
pub struct Told<'m> {
    pub source: &'m SourceId,
    pub artifact: &'m Artifact,
    /// The cluster runs other bytes under the same name.
    pub other_bytes: bool,
}

/// The artifact of the version asked for; of several words the one over the same bytes.
pub fn artifact<'m>(model: &'m Model, t: &TargetState) -> Option<Told<'m>> {
    let wanted = t.candidate_revision().or_else(|| t.stable_revision())?;
    let of = |(source, all): (&'m SourceId, &'m Vec<Artifact>)| {
        let mine = all.iter().filter(|a| a.service == t.service && a.version == wanted.version);
        mine.map(move |artifact| {
            let differs = artifact.digest.as_ref().zip(wanted.digest.as_ref()).is_some_and(|(a, b)| a != b);
            Told { source, artifact, other_bytes: differs }
        })
        .collect::<Vec<_>>()
    };
    model.world.artifacts.iter().flat_map(of).min_by_key(|told| told.other_bytes)
}

/// Sources that are there to tell of artifacts.
fn tellers(model: &Model) -> impl Iterator<Item = (&SourceId, &SourceState)> {
    model.world.sources.iter().filter(|(_, s)| s.abilities.roles.artifacts)
}

/// Why nobody's word can be had now, where somebody is configured to have one.
fn silent(model: &Model) -> Option<String> {
    tellers(model).find_map(|(id, s)| match &s.link {
        Link::Failed(e) => Some(format!("{id} does not answer: {e}")),
        Link::Connecting | Link::Reading { .. } => Some(format!("{id} has not answered yet")),
        Link::Watching | Link::Polling => None,
    })
}

/// `desk, 12s ago`, and how far that can be gone by.
fn how(model: &Model, source: &SourceId) -> (String, Age) {
    let Some(s) = model.world.sources.get(source) else { return (source.to_string(), Age::Withdrawn) };
    let ago = s.confirmed.map(|at| format!(", {} ago", age::coarse(model.utc().since(at)))).unwrap_or_default();
    let age = if matches!(s.link, Link::Failed(_)) { None } else { of_source(s, model.utc()) };
    (format!("{source}{ago}"), age.unwrap_or(Age::Withdrawn))
}

/// Good news is as good as it is new.
fn fading(gate: Gate, age: Age, words: String) -> GateLine {
    match age {
        Age::Fresh => line(gate, GateState::Ok, words),
        Age::Old => line(gate, GateState::Warn, format!("{words}: that is old")),
        Age::Withdrawn => line(gate, GateState::UnknownWarn, format!("{words}: too old to go by")),
    }
}

/// Nobody said this thing of this version: whose fault is it?
fn untold(model: &Model, t: &TargetState, gate: Gate, thing: &str, tells: fn(&Artifact) -> bool) -> GateLine {
    if tellers(model).next().is_none() {
        return line(gate, GateState::NotConfigured, format!("no source tells {thing}"));
    }
    if let Some(why) = silent(model) {
        return line(gate, GateState::UnknownWarn, why);
    }
    let anybody = model.world.artifacts.values().flatten();
    let known = artifact(model, t).is_some();
    // A source that never speaks of it for any artifact is none for this gate.
    if known && !anybody.into_iter().any(tells) {
        return line(gate, GateState::NotConfigured, format!("no source tells {thing}"));
    }
    let version = t.candidate.as_ref().map(|h| t.version_of(h)).unwrap_or_default();
    line(gate, GateState::UnknownWarn, format!("nobody tells {thing} of {version}"))
}

/// Mismatch blocks, also in an emergency; so does an artifact that must not run.
pub(super) fn signature(model: &Model, t: &TargetState) -> GateLine {
    let says = |state, words: String| line(Gate::Signature, state, words);
    let tells = |a: &Artifact| a.signature.is_some() || a.revoked.is_some();
    let Some(told) = artifact(model, t) else { return untold(model, t, Gate::Signature, "signatures", tells) };
    let (who, age) = how(model, told.source);
    if let Some(why) = &told.artifact.revoked {
        return says(GateState::Block, format!("revoked: {why} ({who})"));
    }
    match &told.artifact.signature {
        Some(Signature::Mismatch { says: why }) => says(GateState::Block, format!("mismatch: {why} ({who})")),
        Some(Signature::Good { .. }) if told.other_bytes => {
            says(GateState::Block, format!("mismatch: signed over another digest than the one that runs ({who})"))
        }
        Some(Signature::Good { by }) => fading(Gate::Signature, age, format!("signed by {by} ({who})")),
        Some(Signature::Absent) => says(GateState::Warn, format!("not signed ({who})")),
        None => untold(model, t, Gate::Signature, "signatures", tells),
    }
}

pub(super) fn build(model: &Model, t: &TargetState) -> GateLine {
    let tells = |a: &Artifact| a.build.is_some();
    let told =
        artifact(model, t).and_then(|told| told.artifact.build.as_ref().map(|b| (told.source, told.artifact, b)));
    let Some((source, artifact, build)) = told else { return untold(model, t, Gate::Build, "what CI said", tells) };
    let (who, age) = how(model, source);
    let run = artifact.run.as_deref().unwrap_or("its build");
    match build {
        Build::Failed { says } => line(Gate::Build, GateState::Block, format!("{run} failed: {says} ({who})")),
        Build::Running => line(Gate::Build, GateState::Warn, format!("{run} is not green yet ({who})")),
        Build::Passed => fading(Gate::Build, age, format!("{run} passed ({who})")),
    }
}

pub(super) fn scan(model: &Model, t: &TargetState) -> GateLine {
    let tells = |a: &Artifact| a.sbom.is_some() || a.scan.is_some();
    let told = artifact(model, t).filter(|told| tells(told.artifact));
    let Some(told) = told else { return untold(model, t, Gate::Scan, "SBOM and scan", tells) };
    let (who, age) = how(model, told.source);
    let says = |state, words: String| line(Gate::Scan, state, words);
    let sbom = match told.artifact.sbom {
        Some(true) => "SBOM there",
        Some(false) => return says(GateState::Warn, format!("no SBOM ({who})")),
        None => "",
    };
    let Some((criticals, at)) = told.artifact.scan else {
        return says(GateState::UnknownWarn, format!("{sbom}; never scanned, as far as {who} tells"));
    };
    let looked = model.utc().since(at);
    let scanned = format!("scanned {} ago", age::coarse(looked));
    if criticals > 0 {
        return says(GateState::Warn, format!("{criticals} critical found, {scanned} ({who})"));
    }
    if sbom.is_empty() {
        return says(GateState::UnknownWarn, format!("nothing critical, {scanned}; of an SBOM nobody tells ({who})"));
    }
    let age = age.max((Kind::Slow).age(looked, 0));
    fading(Gate::Scan, age, format!("{sbom}, nothing critical, {scanned} ({who})"))
}

/// The newest smoke check of this service's runbooks; one from before this version says nothing of it. Listed where
/// somebody ever ran one, or must.
pub(super) fn smoke(model: &Model, t: &TargetState) -> Option<GateLine> {
    let named = model.world.services.get(&t.service).into_iter().flat_map(|s| s.runbooks.iter().map(|r| &**r));
    let found = listing::runbook_of(model, &t.service);
    let newest = model.ledger.smoke(t.service.as_str(), named.chain(found.as_deref()));
    let says = |state, words: String| Some(line(Gate::Smoke, state, words));
    let Some(smoke) = newest else {
        let must = model.rules.require.contains(&Gate::Smoke);
        return must.then(|| line(Gate::Smoke, GateState::NotConfigured, "no smoke check is on record"));
    };
    let ago = age::coarse(model.utc().since(smoke.at));
    let figure = if smoke.value.figure.is_empty() { String::new() } else { format!(", {}", smoke.value.figure) };
    let words = format!("{figure}, {ago} ago by {}", smoke.who);
    if t.started.is_some_and(|began| smoke.at < began) {
        return says(GateState::UnknownWarn, format!("not run on this version; the last one{words}"));
    }
    match smoke.value.passed {
        true => says(GateState::Ok, format!("passed{words}")),
        false => says(GateState::Warn, format!("FAILED{words}")),
    }
}
