//! One service of a drill as its file has it: what the team would write in its config, and how the world plays it.

use super::YEAR;
use crate::core::id::ServiceId;
use crate::core::world::service::{Judging, Service, Slo};
use crate::core::world::target::{PauseDef, StepDef};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A service as the team would write it in its config, and as the world plays it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioService {
    pub name: ServiceId,
    pub owner: Arc<str>,
    pub tier: u8,
    /// Percent of good requests promised over `window_days`, below 100.
    pub objective: f64,
    #[serde(default = "thirty")]
    pub window_days: u32,
    #[serde(default)]
    pub runbooks: Vec<Arc<str>>,
    /// Requests per second, mean over a day.
    pub rps: f64,
    /// How far the day swings around the mean, 0..1; the peak is at `peak_hour` UTC.
    #[serde(default)]
    pub swing: f64,
    #[serde(default = "afternoon")]
    pub peak_hour: f64,
    /// Percent of requests that fail when nothing is wrong.
    pub fails: f64,
    /// Percent of the error budget gone when the drill begins. At least what `fails` alone takes.
    pub spent: f64,
    pub replicas: u32,
    pub version: Arc<str>,
    /// The version before, still kept.
    pub previous: Arc<str>,
    /// Days since `version` was released.
    #[serde(default = "three")]
    pub served_days: u32,
    /// A router sets weights exactly and stable keeps all its pods; without one the share of pods is the share of traffic.
    #[serde(default = "yes")]
    pub routed: bool,
    pub steps: Option<Vec<Stage>>,
    /// How its versions are rolled out.
    #[serde(default)]
    pub strategy: StrategyWord,
    /// Of a Flagger canary; needs `strategy = "flagger"`.
    pub flagger: Option<Ticks>,
    /// Seconds that past roll-backs of this service took until settled.
    #[serde(default)]
    pub rollbacks_took: Vec<i64>,
    pub rollout: Option<Moving>,
    #[serde(default)]
    pub latency: Latency,
    /// Nobody measures it unless it stands here.
    pub correctness: Option<Correctness>,
    /// MiB an instance takes when nothing is wrong; its limit is twice that.
    #[serde(default = "memory")]
    pub memory: f64,
    /// Services it asks, and which part of its requests needs their answer: `"ledger"`, `"ledger 40%"`.
    #[serde(default)]
    pub calls: Vec<CallsOn>,
    /// Versions before `previous` that are still kept, newest first.
    #[serde(default)]
    pub older: Vec<Arc<str>>,
    /// Requests a second that one ready pod can answer; what is above that fails. `None`: there is always room.
    pub capacity: Option<f64>,
    pub cache: Option<Cache>,
    pub queue: Option<Queue>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyWord {
    /// Argo's canary: by its steps.
    #[default]
    Canary,
    /// Argo's blue/green: all pods of the new version stand beside the old ones, and users are switched at once.
    BlueGreen,
    /// Flagger's canary: its controller decides at each tick by its own checks, and takes a version back by itself.
    Flagger,
}

/// What Flagger's controller goes by.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticks {
    /// Seconds between two looks.
    pub interval: i64,
    /// Percent more users at each look that was fine, up to `most`; after that everyone.
    pub step: u8,
    pub most: u8,
    /// Percent of the new version's requests that may fail.
    pub over: f64,
    /// So many looks that were not fine (no figures are not fine) make it roll back.
    pub threshold: u32,
}

/// Requests that a pod answers from what it remembers. A pod that just started remembers nothing; what it misses is asked
/// of another service, on top of what that one is asked anyway.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Percent of the requests, once a pod is warm.
    pub hits: f64,
    /// Seconds until a pod is warm.
    pub warm: i64,
    pub asks: ServiceId,
}

/// Its requests are messages that wait in a line until a pod has time.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// A gauge's word for checks and alerts: `mails`.
    pub name: Arc<str>,
    /// Messages a second that one ready pod takes.
    pub per_pod: f64,
    /// So many fit: what comes on top of them is refused.
    pub full: f64,
    /// A sentence with `{}` for the number.
    pub says: Arc<str>,
    /// From there on it is a warning.
    pub warns: Option<f64>,
}

/// Another service whose failing answers make this one's fail.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct CallsOn {
    pub service: ServiceId,
    /// Part of the caller's requests that need it, 0..1.
    pub share: f64,
}

impl TryFrom<String> for CallsOn {
    type Error = String;
    fn try_from(text: String) -> Result<CallsOn, String> {
        let wrong = || format!("`{text}` is no call: write `ledger` or `ledger 40%`");
        let (name, share) = match text.split_once(' ') {
            None => (text.as_str(), 1.0),
            Some((name, part)) => {
                let part: f64 = part.trim().strip_suffix('%').and_then(|p| p.parse().ok()).ok_or_else(wrong)?;
                (name, Some(part / 100.0).filter(|p| (0.0..=1.0).contains(p)).ok_or_else(wrong)?)
            }
        };
        Ok(CallsOn { service: ServiceId::new(name), share })
    }
}

/// How long requests take when nothing is wrong.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Latency {
    /// Seconds; a bound of the histogram.
    pub bound: f64,
    /// Percent of requests that take longer than that.
    pub slow: f64,
    /// Percent of requests that shall not; without it there is no burn of latency.
    pub objective: Option<f64>,
}

impl Default for Latency {
    fn default() -> Latency {
        Latency { bound: 0.25, slow: 0.4, objective: None }
    }
}

/// Answers that were wrong, though they did not fail.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correctness {
    /// Percent.
    pub wrong: f64,
    pub objective: Option<f64>,
}

/// A rollout under way when the drill begins, waiting at step `step`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moving {
    pub version: Arc<str>,
    pub cause: Option<Arc<str>>,
    /// Steps done; the step there must be a pause.
    pub step: usize,
    /// Which weight it had since how many seconds before the start, oldest first. The first is the rollout's begin.
    pub past: Vec<Past>,
    /// MiB an hour that each of its instances loses.
    #[serde(default)]
    pub leaks: f64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    pub ago: i64,
    pub weight: u8,
}

/// One canary step, written as the field writes it: `setWeight: 20`, `pause`, `pause: 10m`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Stage(pub StepDef);

impl TryFrom<String> for Stage {
    type Error = String;
    fn try_from(text: String) -> Result<Stage, String> {
        let wrong = || format!("`{text}` is no step: write `setWeight: 20`, `pause` or `pause: 10m`");
        let (word, rest) = text.split_once(':').unwrap_or((&text, ""));
        let (weight, pause) = match (word.trim(), rest.trim()) {
            ("setWeight", n) => {
                let n: u8 = n.parse().map_err(|_| wrong())?;
                (Some(n).filter(|n| *n <= 100).ok_or_else(wrong)?, None)
            }
            ("pause", "") => (0, Some(PauseDef::UntilPromoted)),
            ("pause", d) => (0, Some(PauseDef::For(seconds(d).ok_or_else(wrong)?))),
            _ => return Err(wrong()),
        };
        Ok(Stage(StepDef { label: Arc::from(text.as_str()), weight: pause.is_none().then_some(weight), pause }))
    }
}

/// `90`, `90s`, `10m`, `1h`.
pub(super) fn seconds(d: &str) -> Option<u64> {
    let (number, unit) = d.split_at(d.find(|c: char| !c.is_ascii_digit()).unwrap_or(d.len()));
    let factor = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let all = number.parse::<u64>().ok()?.checked_mul(factor)?;
    (all <= YEAR as u64).then_some(all)
}

fn thirty() -> u32 {
    30
}
fn three() -> u32 {
    3
}
fn afternoon() -> f64 {
    14.0
}
fn memory() -> f64 {
    220.0
}
fn yes() -> bool {
    true
}

impl ScenarioService {
    /// The service in the console's words.
    pub fn service(&self) -> Service {
        Service {
            name: self.name.clone(),
            owner: Some(self.owner.clone()),
            tier: self.tier,
            slo: Some(Slo::rolling(self.objective / 100.0, self.window_days)),
            more: BTreeMap::new(),
            judging: Judging::default(),
            runbooks: self.runbooks.clone(),
            history_ms: self.rollbacks_took.iter().map(|s| s.saturating_mul(1000)).collect(),
        }
    }
}

impl ScenarioService {
    /// Every version it has at the start.
    pub fn versions(&self) -> impl Iterator<Item = &Arc<str>> {
        let moving = self.rollout.as_ref().map(|m| &m.version);
        moving.into_iter().chain([&self.version, &self.previous]).chain(&self.older)
    }
}
