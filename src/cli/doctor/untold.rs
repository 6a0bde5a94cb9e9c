//! Gates that nothing here can tell: why, and what to write in the config. One that the environment requires is more than a
//! gap: every forward act there asks for a name until somebody tells it. Asks nothing and reads no file.

use crate::config::Environment;
use crate::core::act::gate::Gate;
use crate::core::act::rules::Times;
use serde_json::{Value, json};

/// What there is to tell gates in one environment.
#[derive(Clone, Copy, Debug)]
pub struct Has<'a> {
    /// A source of telemetry is among its sources.
    pub telemetry: bool,
    /// A source said that it tells of artifacts: signatures, builds, scans.
    pub artifacts: bool,
    /// Some step of a runbook is a smoke check.
    pub smoke: bool,
    pub calendar: &'a Times,
    /// Services without a target for errors, neither in the config nor in the sources.
    pub aimless: &'a [String],
}

/// A gate nothing can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    pub environment: String,
    /// Its word in `require`.
    pub gate: &'static str,
    pub required: bool,
    pub why: String,
    /// What to write, and where.
    pub write: String,
}

impl Untold {
    /// `prod requires signature: no source tells of artifacts`
    pub fn words(&self) -> String {
        let requires = if self.required { "requires" } else { "cannot tell" };
        format!("{} {requires} {}: {}", self.environment, self.gate, self.why)
    }

    pub fn json(&self) -> Value {
        json!({
            "environment": self.environment, "gate": self.gate, "required": self.required,
            "why": self.why, "write": self.write,
        })
    }
}

/// Those of one environment, what it requires first.
pub fn untold(env: &Environment, has: Has<'_>) -> Vec<Untold> {
    let section = format!("[environment.{}]", env.name);
    let of = |(word, gate): (&'static str, Gate)| {
        let (why, write) = missing(gate, env, has, &section)?;
        let required = env.require.contains(&gate);
        Some(Untold { environment: env.name.to_string(), gate: word, required, why, write })
    };
    let mut all: Vec<Untold> = Gate::TOLD.into_iter().filter_map(of).collect();
    all.sort_by_key(|u| !u.required);
    all
}

/// Why it cannot be told, and what would. `None`: something can.
fn missing(gate: Gate, env: &Environment, has: Has<'_>, section: &str) -> Option<(String, String)> {
    let says = |why: &str, write: String| Some((why.to_owned(), write));
    match gate {
        Gate::Signature | Gate::Build | Gate::Scan if has.artifacts => None,
        Gate::Signature | Gate::Build | Gate::Scan => {
            // Nothing that could be written would help: what can be done is said.
            let write = if env.require.contains(&gate) {
                format!("require without it in {section}; no source type of this version tells of artifacts")
            } else {
                format!("no source type of this version; with checklists = true in {section} a person ticks its lines")
            };
            says("no source tells of artifacts", write)
        }
        Gate::Window | Gate::Shift => {
            let (what, part) = match gate {
                Gate::Shift => ("shifts", "[[shift]] with at and who"),
                _ => ("change window", "[[window]] with days, from and to, or a [[freeze]]"),
            };
            match has.calendar {
                Times::None => says(
                    "no calendar is configured",
                    format!("calendar = \"calendar.toml\" in {section}, and {part} in it"),
                ),
                Times::Faulty(why) => Some((
                    format!("its calendar cannot be used: {why}"),
                    "mend it: andon config check tells each line".into(),
                )),
                Times::Is(c) => {
                    let silent = if gate == Gate::Shift {
                        c.shifts.is_empty()
                    } else {
                        c.windows.is_none() && c.freezes.is_empty()
                    };
                    silent.then(|| (format!("{} has no {what}", c.file), format!("{part} in {}", c.file)))
                }
            }
        }
        Gate::Smoke if has.smoke => None,
        Gate::Smoke => says(
            "no runbook has a smoke check",
            "a smoke block in a step of the service's runbook (docs/runbooks.md)".into(),
        ),
        // Its lines are a person's; it counts where the environment says so.
        Gate::Checklist if env.checklists => None,
        Gate::Checklist => says("the checklists do not count here", format!("checklists = true in {section}")),
        Gate::Observability if has.telemetry => None,
        Gate::Observability => says(
            "no source of telemetry is among its sources",
            format!("[source.metrics] with type = \"prometheus\" and url, and its name in sources of {section}"),
        ),
        Gate::Burn => match has.aimless {
            [] => None,
            [first, rest @ ..] => {
                let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
                Some((
                    format!("no target for {first}{more}"),
                    format!("slo = {{ objective = 99.9, window = \"30d\" }} in [service.{first}]"),
                ))
            }
        },
        // They always have something to go by.
        Gate::Verdict
        | Gate::Freshness
        | Gate::Permission
        | Gate::Cord
        | Gate::Soak
        | Gate::Debts
        | Gate::Lead
        | Gate::Second => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::act::gate::GateState;
    use crate::core::act::plan::Verb;
    use crate::core::gates;
    use crate::testkit::stories;
    use std::collections::BTreeSet;

    fn environment(require: &[Gate]) -> Environment {
        Environment {
            name: "prod".into(),
            production: true,
            read_only: false,
            sources: Vec::new(),
            anchor: Vec::new(),
            require: require.iter().copied().collect(),
            checklists: false,
            second_person: false,
            calendar: None,
        }
    }

    fn nothing(aimless: &[String]) -> Has<'_> {
        Has { telemetry: false, artifacts: false, smoke: false, calendar: &Times::None, aimless }
    }

    #[test]
    fn every_gate_that_can_be_required_is_found_where_nothing_tells_it_with_what_to_write() {
        let all: BTreeSet<Gate> = Gate::TOLD.iter().map(|(_, g)| *g).collect();
        let env = environment(&all.iter().copied().collect::<Vec<_>>());
        let aimless = ["checkout".to_owned(), "cart".to_owned()];
        let found = untold(&env, nothing(&aimless));
        assert_eq!(found.iter().map(|u| u.gate).collect::<Vec<_>>(), Gate::TOLD.map(|(w, _)| w));
        assert!(found.iter().all(|u| u.required && !u.write.is_empty()), "{found:#?}");
        let of = |gate: &str| found.iter().find(|u| u.gate == gate).expect("found");
        assert_eq!(of("window").words(), "prod requires window: no calendar is configured");
        assert!(of("window").write.starts_with("calendar = \"calendar.toml\" in [environment.prod]"));
        assert!(of("burn").why.contains("checkout and 1 more") && of("burn").write.contains("[service.checkout]"));
        assert!(of("signature").write.starts_with("require without it in [environment.prod]"));
    }

    #[test]
    fn what_is_told_is_no_finding_and_what_is_required_comes_first() {
        let env = Environment { checklists: true, ..environment(&[Gate::Burn, Gate::Scan]) };
        let has = Has { telemetry: true, artifacts: true, smoke: true, ..nothing(&[]) };
        let found = untold(&env, has);
        assert_eq!(
            found.iter().map(|u| (u.gate, u.required)).collect::<Vec<_>>(),
            [("window", false), ("shift", false)]
        );
        let aimless = ["search".to_owned()];
        let found = untold(&env, Has { aimless: &aimless, ..has });
        assert_eq!((found[0].gate, found[0].required), ("burn", true));
        let faulty = Times::Faulty("line 3".into());
        let found = untold(&env, Has { calendar: &faulty, ..has });
        assert!(found[0].why.contains("line 3"), "{found:?}");
    }

    /// What it calls untold is what the dialog calls not configured, in a console that has nothing of it either.
    #[test]
    fn it_agrees_with_the_gates_of_a_dialog() {
        let mut w = stories::armed();
        w.model.rules = Default::default();
        let t = w.model.world.targets[&w.target_id("checkout")].clone();
        let lines = gates::gates(&w.model, &t, Verb::Promote);
        let has = Has { telemetry: true, artifacts: false, smoke: false, calendar: &Times::None, aimless: &[] };
        for u in untold(&environment(&[]), has).iter().filter(|u| u.gate != "smoke") {
            let gate = Gate::TOLD.iter().find(|(w, _)| *w == u.gate).expect("a word of require").1;
            let said = lines.iter().find(|l| l.gate == gate).map(|l| l.state);
            assert_eq!(said, Some(GateState::NotConfigured), "{u:?}");
        }
    }
}
