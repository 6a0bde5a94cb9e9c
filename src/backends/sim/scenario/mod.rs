//! A drill as a file: services and their traffic, rollouts under way, faults over time, what stands beside them, what good
//! looks like. Only data and its checking; the world that plays it is `world`. The format is told in `docs/scenarios.md`.

mod answers;
mod check;
mod desk;
mod fault;
mod renamed;
mod service;
mod shipped;

pub use answers::{AddressAnswer, CommandAnswer};
pub use desk::{
    AlertSpec, ArtifactSpec, ChangedSpec, FlagSpec, FlipSpec, GaugeSpec, PersonSpec, ReportSpec, TeamSpec, TierWord,
};
pub use fault::{Fault, FaultKind, service_and_version};
pub use service::{
    Cache, CallsOn, Correctness, Latency, Moving, Past, Queue, ScenarioService, Stage, StrategyWord, Ticks,
};
pub use shipped::EMBEDDED;

use crate::core::id::ServiceId;
use crate::core::time::Utc;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// No time in a scenario lies further away, so that no sum of times overflows. Seconds.
const YEAR: i64 = 366 * 86_400;

/// What a scenario does not take from the one it is like.
const OWN: [&str; 15] = [
    "fault",
    "good",
    "score",
    "hints",
    "notes",
    "not_simulated",
    "alert",
    "report",
    "changed",
    "flag",
    "flip",
    "artifact",
    "gauge",
    "command",
    "http",
];

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
    /// Name of the source with alerts, changes, flags, artifacts and the pager; without it there is none.
    pub desk: Option<Arc<str>>,
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
    #[serde(default, rename = "alert")]
    pub alerts: Vec<AlertSpec>,
    #[serde(default, rename = "report")]
    pub reports: Vec<ReportSpec>,
    #[serde(default, rename = "changed")]
    pub changed: Vec<ChangedSpec>,
    #[serde(default, rename = "flag")]
    pub flags: Vec<FlagSpec>,
    #[serde(default, rename = "flip")]
    pub flips: Vec<FlipSpec>,
    #[serde(default, rename = "artifact")]
    pub artifacts: Vec<ArtifactSpec>,
    #[serde(default, rename = "team")]
    pub teams: Vec<TeamSpec>,
    #[serde(default, rename = "gauge")]
    pub gauges: Vec<GaugeSpec>,
    #[serde(default)]
    pub good: Vec<Good>,
    #[serde(default)]
    pub score: Score,
    /// Shown in order when the player asks, and never by themselves.
    #[serde(default)]
    pub hints: Vec<String>,
    /// For whoever leads the drill; the player's console does not show them.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What it cannot simulate honestly.
    #[serde(default)]
    pub not_simulated: Vec<String>,
    /// What programs of runbooks would answer; nothing runs in a drill.
    #[serde(default, rename = "command")]
    pub commands: Vec<CommandAnswer>,
    /// What addresses that runbooks ask would answer.
    #[serde(default, rename = "http")]
    pub addresses: Vec<AddressAnswer>,
}

/// What a run is measured by besides its good acts. Times are seconds after the start; `None`: not asked for here.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Score {
    /// The first bad signal that a person could see.
    pub signal: Option<i64>,
    /// The first deed about what is wrong (evidence looked at, verdict explained, incident opened, act opened).
    pub detect: Option<i64>,
    /// The first right act's intent.
    pub decide: Option<i64>,
    pub lead: Option<i64>,
    pub incident: Option<i64>,
    pub told: Option<i64>,
    /// Words of which a note or a decision must hold one, whatever its case: what a review needs to know.
    pub evidence: Vec<Arc<str>>,
    /// What must not be done.
    pub never: Vec<Never>,
    /// The best known play, as `andon drill score --search` finds it.
    pub best: Option<Best>,
    /// Rolling back whatever moves, at once, is right here.
    pub at_once: bool,
}

/// Requests hurt until the scenario's time is over: those that failed or were answered wrongly beyond the usual. Percent
/// of a budget are not what is compared: one request of a small service would weigh more than a hundred of a big one,
/// and a team that plays with its own services has its own objectives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// By the best play found.
    pub hurt: u64,
    /// By the same acts, as much later as a person may see it (`detect`) and half a minute for the dialog.
    pub later: u64,
    /// By doing nothing.
    pub alone: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Never {
    /// The name of an intent, as in keymaps.
    pub act: Arc<str>,
    /// `None`: on anything.
    pub on: Option<Arc<str>>,
    /// Seconds after the start until which it is wrong; `None`: at any time.
    pub before: Option<i64>,
    /// Said in the score.
    pub why: String,
}

/// What good looks like, for the score and the instructor.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Good {
    /// What it is done to: a service, a flag, an alert, a team. Empty: the environment.
    #[serde(default)]
    pub on: Arc<str>,
    /// The name of an intent, as in keymaps: `roll-back`, `hold`, `flag-off`, `wake`.
    pub act: Arc<str>,
    /// The version users must have afterwards, where going back or on to any would not do.
    pub to: Option<Arc<str>>,
    /// Other intents that are as good here.
    #[serde(default)]
    pub or: Vec<Arc<str>>,
    /// Seconds after the start, for the intent.
    pub within: i64,
    /// Not before: seconds after the start.
    #[serde(default)]
    pub from: i64,
    /// Its effect must be there by then: seconds after the start.
    pub settled: Option<i64>,
}

fn utc<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Utc, D::Error> {
    let text = String::deserialize(d)?;
    let at: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
    Ok(Utc(at.as_millisecond()))
}
impl Scenario {
    /// A scenario of this program. Errors name what there is.
    pub fn embedded(name: &str) -> Result<Scenario, String> {
        Scenario::parse(Scenario::text(name)?)
    }

    /// The file of a scenario of this program. Errors name what there is.
    pub fn text(name: &str) -> Result<&'static str, String> {
        let none = || format!("no scenario `{name}`; there are {}", Scenario::names().join(", "));
        Ok(EMBEDDED.iter().find(|(n, _)| *n == name).ok_or_else(none)?.1)
    }

    /// A scenario of a team's own. The error is a sentence that names the file.
    pub fn from_file(path: &Path) -> Result<Scenario, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Scenario::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// The names of the scenarios inside the program, in the order in which they are told.
    pub fn names() -> Vec<&'static str> {
        EMBEDDED.iter().map(|(n, _)| *n).collect()
    }

    /// Reads a scenario file. With `like = "f1"` the world is that of f1, and faults, what stands beside and what good
    /// looks like are its own; see `docs/scenarios.md`. The error is a sentence with the place where the file gives one.
    pub fn parse(text: &str) -> Result<Scenario, String> {
        Scenario::parse_with(text, &BTreeMap::new())
    }

    /// The same with other names for its services (see [`Scenario::by_matter`]).
    pub fn parse_with(text: &str, names: &BTreeMap<String, String>) -> Result<Scenario, String> {
        let mut table: toml::Table = toml::from_str(text).map_err(|e| e.to_string())?;
        let scenario: Scenario = match table.remove("like") {
            // From the text, so that an error names its line.
            None if names.is_empty() => toml::from_str(text).map_err(|e| e.to_string())?,
            None => {
                renamed::rename(&mut table, names);
                table.try_into().map_err(|e| e.to_string())?
            }
            Some(name) => {
                let name = name.as_str().unwrap_or_default();
                let (_, base) =
                    EMBEDDED.iter().find(|(n, _)| *n == name).ok_or_else(|| format!("like: no scenario `{name}`"))?;
                let base: toml::Table = toml::from_str(base).map_err(|e| e.to_string())?;
                fleet(&mut table, &base)?;
                for (key, value) in base {
                    if !OWN.contains(&key.as_str()) && !table.contains_key(&key) {
                        table.insert(key, value);
                    }
                }
                renamed::rename(&mut table, names);
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
}

/// The services of a scenario that is like another but names its own: those in `take`, standing still, and the own ones,
/// which have what they do not say from their namesake, but its rollout.
fn fleet(own: &mut toml::Table, base: &toml::Table) -> Result<(), String> {
    use toml::Value;
    let take = own.remove("take");
    let services = own.remove("service");
    if take.is_none() && services.is_none() {
        return Ok(());
    }
    let of_base = |name: &str| {
        let all = base.get("service").and_then(Value::as_array);
        let found = all?.iter().find(|s| s.get("name").and_then(Value::as_str) == Some(name))?;
        let mut found = found.as_table()?.clone();
        found.remove("rollout");
        Some(found)
    };
    let mut fleet = Vec::new();
    for s in services.as_ref().and_then(Value::as_array).into_iter().flatten() {
        let mut whole = s.get("name").and_then(Value::as_str).and_then(of_base).unwrap_or_default();
        whole.extend(s.as_table().cloned().unwrap_or_default());
        fleet.push(Value::Table(whole));
    }
    for name in take.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        fleet.push(Value::Table(of_base(name).ok_or_else(|| format!("take: there is no service {name} to take"))?));
    }
    own.insert("service".into(), Value::Array(fleet));
    Ok(())
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
        assert_eq!(f1.faults.len(), 3);
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
            ("version = \"v2.14.1\", add", "version = \"v9\", add", "has no version v9"),
            ("at = 60", "at = 9223372036854775807", "within a year"),
            ("objective = 99.9", "objektive = 99.9", "unknown field"),
        ] {
            assert!(f1.contains(from), "{from}");
            let e = Scenario::parse(&f1.replacen(from, to, 1)).expect_err(says);
            assert!(e.contains(says), "{e}");
        }
        assert_eq!(service::seconds("10m"), Some(600));
        assert_eq!(service::seconds("1d"), None);
        assert_eq!(service::seconds("9999999999h"), None);
    }
}
