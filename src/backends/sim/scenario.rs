//! A drill as a file: services and their traffic, rollouts under way, faults over time, what good looks like.
//! Only data and its checking; the world that plays it is `world`.

use crate::core::id::ServiceId;
use crate::core::time::Utc;
use crate::core::world::service::{Service, Slo};
use crate::core::world::target::{PauseDef, StepDef};
use serde::Deserialize;
use std::sync::Arc;

/// No time in a scenario lies further away, so that no sum of times overflows. Seconds.
const YEAR: i64 = 366 * 86_400;

/// The scenarios inside the program, by name.
pub const EMBEDDED: [(&str, &str); 2] =
    [("f1", include_str!("../../../scenarios/f1.toml")), ("calm", include_str!("../../../scenarios/calm.toml"))];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub title: String,
    /// One sentence for the player.
    pub goal: String,
    /// World time at which the drill begins; a multiple of the 15 s block.
    #[serde(deserialize_with = "utc")]
    pub start: Utc,
    /// Name of the source with the rollouts, and of the one with the telemetry.
    pub cluster: Arc<str>,
    pub metrics: Arc<str>,
    pub namespace: Arc<str>,
    /// Who the simulated server says we are.
    pub user: Arc<str>,
    /// Rights refused, in the field's words: `patch rollouts/status`.
    #[serde(default)]
    pub deny: Vec<Arc<str>>,
    /// Canary steps of every service without its own.
    pub steps: Vec<Stage>,
    #[serde(rename = "service")]
    pub services: Vec<ScenarioService>,
    #[serde(default, rename = "fault")]
    pub faults: Vec<Fault>,
    #[serde(default)]
    pub good: Vec<Good>,
}

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
    /// Seconds that past roll-backs of this service took until settled.
    #[serde(default)]
    pub rollbacks_took: Vec<i64>,
    pub rollout: Option<Moving>,
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
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    pub ago: i64,
    pub weight: u8,
}

/// What goes wrong. Times are seconds after the start of the drill.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// One version fails `add` percent more of its requests.
    Failures { service: ServiceId, version: Arc<str>, add: f64, at: i64, until: Option<i64> },
    /// The service still works, but its series are gone.
    Silent { service: ServiceId, at: i64 },
    /// Pods of one version made from `at` on do not become ready: `reason` in the field's words (`ImagePullBackOff`,
    /// `CrashLoopBackOff`, `Unschedulable`); with `quota` they are not made at all.
    PodsStuck { service: ServiceId, version: Arc<str>, reason: Arc<str>, at: i64, until: Option<i64> },
    /// The controller takes no notice of anything; requests are still stored.
    ControllerStops { at: i64, until: i64 },
}

/// What good looks like, for the score and the instructor.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Good {
    pub service: ServiceId,
    pub act: GoodAct,
    /// Seconds after the start.
    pub within: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GoodAct {
    RollBack,
    Hold,
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
fn seconds(d: &str) -> Option<u64> {
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

fn utc<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Utc, D::Error> {
    let text = String::deserialize(d)?;
    let at: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
    Ok(Utc(at.as_millisecond()))
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
            slo: Some(Slo { objective: self.objective / 100.0, period_days: self.window_days }),
            runbooks: self.runbooks.clone(),
            history_ms: self.rollbacks_took.iter().map(|s| s.saturating_mul(1000)).collect(),
        }
    }
}

impl Scenario {
    /// A scenario of this program. Errors name what there is.
    pub fn embedded(name: &str) -> Result<Scenario, String> {
        let (_, text) = EMBEDDED.iter().find(|(n, _)| *n == name).ok_or_else(|| {
            let names: Vec<&str> = EMBEDDED.iter().map(|(n, _)| *n).collect();
            format!("no scenario `{name}`; there are {}", names.join(", "))
        })?;
        Scenario::parse(text)
    }

    /// Reads a scenario file. With `like = "f1"` the world is that of f1, and only faults and what good looks like are
    /// its own. The error is a sentence with the place where the file gives one.
    pub fn parse(text: &str) -> Result<Scenario, String> {
        let mut table: toml::Table = toml::from_str(text).map_err(|e| e.to_string())?;
        let scenario: Scenario = match table.remove("like") {
            None => toml::from_str(text).map_err(|e| e.to_string())?,
            Some(name) => {
                let name = name.as_str().unwrap_or_default();
                let (_, base) =
                    EMBEDDED.iter().find(|(n, _)| *n == name).ok_or_else(|| format!("like: no scenario `{name}`"))?;
                let base: toml::Table = toml::from_str(base).map_err(|e| e.to_string())?;
                for (key, value) in base {
                    if key != "fault" && key != "good" && !table.contains_key(&key) {
                        table.insert(key, value);
                    }
                }
                table.try_into().map_err(|e| e.to_string())?
            }
        };
        match scenario.problems().as_slice() {
            [] => Ok(scenario),
            all => Err(all.join("; ")),
        }
    }

    pub fn service(&self, id: &ServiceId) -> Option<&ScenarioService> {
        self.services.iter().find(|s| s.name == *id)
    }

    fn problems(&self) -> Vec<String> {
        let mut bad = Vec::new();
        if self.start.0.rem_euclid(15_000) != 0 {
            bad.push("start: must lie on a multiple of 15 seconds".into());
        }
        for (i, s) in self.services.iter().enumerate() {
            let name = &s.name;
            if self.services.iter().take(i).any(|o| o.name == *name) {
                bad.push(format!("service {name}: named twice"));
            }
            let percent = |v: f64| (0.0..=100.0).contains(&v);
            if !(percent(s.fails) && percent(s.spent) && s.objective > 0.0 && s.objective < 100.0) {
                bad.push(format!("service {name}: fails, spent and objective are percent, objective below 100"));
            } else if s.fails / (100.0 - s.objective) > s.spent / 100.0 + 1e-9 {
                bad.push(format!("service {name}: spent is less than what fails takes alone"));
            }
            if !(s.rps.is_finite() && s.rps >= 0.0 && (0.0..=1.0).contains(&s.swing)) {
                bad.push(format!("service {name}: rps is at least 0, swing lies in 0..1"));
            }
            if s.replicas == 0 || s.replicas > 10_000 || s.window_days == 0 {
                bad.push(format!("service {name}: replicas in 1..10000, window_days at least 1"));
            }
            let steps = s.steps.as_ref().unwrap_or(&self.steps);
            if let Some(m) = &s.rollout {
                if steps.get(m.step).is_none_or(|s| s.0.pause.is_none()) {
                    bad.push(format!("service {name}: its rollout must stand at a pause"));
                }
                if m.past.is_empty()
                    || !m.past.is_sorted_by(|a, b| a.ago > b.ago)
                    || m.past.iter().any(|p| !(0..=YEAR).contains(&p.ago))
                {
                    bad.push(format!("service {name}: past is a list, oldest first"));
                }
            }
        }
        let near = |t: &i64| (0..=YEAR).contains(t);
        for f in &self.faults {
            let (service, version, times) = match f {
                Fault::Failures { service, version, at, until, .. } => {
                    (Some(service), Some(version), [*at, until.unwrap_or(0)])
                }
                Fault::Silent { service, at } => (Some(service), None, [*at, 0]),
                Fault::PodsStuck { service, version, at, until, .. } => {
                    (Some(service), Some(version), [*at, until.unwrap_or(0)])
                }
                Fault::ControllerStops { at, until } => (None, None, [*at, *until]),
            };
            if !times.iter().all(near) {
                bad.push("fault: times are seconds after the start, within a year".into());
            }
            let Some(service) = service else { continue };
            match self.service(service) {
                None => bad.push(format!("fault: no service {service}")),
                Some(s) => {
                    let moving = |v: &Arc<str>| s.rollout.as_ref().is_some_and(|m| m.version == *v);
                    let old = matches!(f, Fault::PodsStuck { .. }).then_some(&s.previous);
                    let known = |v: &Arc<str>| *v == s.version || old == Some(v) || moving(v);
                    if version.is_some_and(|v| !known(v)) {
                        bad.push(format!("fault: {service} has no such version"));
                    }
                }
            }
        }
        for g in &self.good {
            if self.service(&g.service).is_none() {
                bad.push(format!("good: no service {}", g.service));
            }
        }
        bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_scenarios_are_what_they_promise() {
        let f1 = Scenario::embedded("f1").expect("f1");
        assert!(f1.services.len() >= 12);
        assert_eq!(f1.services.iter().filter(|s| s.rollout.is_some()).count(), 3);
        assert!(f1.services.iter().any(|s| s.rps < 5.0), "one with little traffic");
        assert_eq!(f1.start.rfc3339(), "2026-11-21T03:02:00.000Z");
        assert_eq!(f1.faults.len(), 2);
        let calm = Scenario::embedded("calm").expect("calm");
        assert_eq!(calm.services.len(), f1.services.len());
        assert!(calm.faults.is_empty() && calm.good.is_empty());
        assert_ne!(calm.title, f1.title);
        assert!(Scenario::embedded("f99").is_err_and(|e| e.contains("f1, calm")));
    }

    #[test]
    fn a_wrong_file_says_what_is_wrong() {
        let (_, f1) = EMBEDDED[0];
        for (from, to, says) in [
            ("setWeight: 10", "setWeight: 120", "is no step"),
            ("03:02:00Z", "03:02:07Z", "multiple of 15"),
            ("spent = 26.0", "spent = 2.0", "spent is less"),
            ("kind = \"silent\"", "kind = \"silly\"", "unknown variant"),
            ("version = \"v2.14.1\", add", "version = \"v9\", add", "no such version"),
            ("at = 60", "at = 9223372036854775807", "within a year"),
            ("objective = 99.9", "objektive = 99.9", "unknown field"),
        ] {
            assert!(f1.contains(from), "{from}");
            let e = Scenario::parse(&f1.replacen(from, to, 1)).expect_err(says);
            assert!(e.contains(says), "{e}");
        }
        assert_eq!(seconds("10m"), Some(600));
        assert_eq!(seconds("1d"), None);
        assert_eq!(seconds("9999999999h"), None);
    }
}
