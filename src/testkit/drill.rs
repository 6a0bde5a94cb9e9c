//! What tests do with a drill that is played headless: openings with the shipped files, whole acts, readings of the truth.

use crate::backends::sim::{Scenario, World};
use crate::config::keymap::default_keymap;
use crate::core::act::plan::{Operation, Outcome, Verb};
use crate::core::effect::Effect;
use crate::core::id::ServiceId;
use crate::core::model::Model;
use crate::core::msg::Msg;
use crate::core::world::target::TargetState;
use crate::drill::run::{FINGER, Opening};

pub use crate::drill::run::{Log, Run};

/// The shipped keys and runbooks; everything is kept.
fn opening() -> Opening {
    Opening { recording: true, ..Opening::new(default_keymap(), crate::config::runbook::shipped()) }
}

impl Run {
    /// At the drill's first moment, everything told, on the Board or Verdict.
    pub fn new(scenario: &str, seed: u64) -> Run {
        Run::begin(scenario, seed, |_| {})
    }

    /// The same with lines in place of a screen.
    pub fn plain(scenario: &str, seed: u64) -> Run {
        Run::begin(scenario, seed, |m| m.settings.plain = true)
    }

    /// `given`: what the engine sets before the first message.
    pub fn begin(scenario: &str, seed: u64, given: impl FnOnce(&mut Model)) -> Run {
        let scenario = Scenario::embedded(scenario).expect("an embedded scenario parses");
        Run::open(World::new(scenario, seed), opening(), given)
    }

    /// On a scenario of the test's own.
    pub fn of(scenario: Scenario, seed: u64) -> Run {
        Run::open(World::new(scenario, seed), opening(), |_| {})
    }

    /// One of its services is said to move in two places.
    pub fn gathered(scenario: &str, seed: u64, from: &'static str, to: &'static str) -> Run {
        let scenario = Scenario::embedded(scenario).expect("an embedded scenario parses");
        Run::of_gathered(scenario, seed, Some((from, to)))
    }

    /// Both.
    pub fn of_gathered(scenario: Scenario, seed: u64, gathered: Option<(&'static str, &'static str)>) -> Run {
        Run::open(World::new(scenario, seed), Opening { gathered, ..opening() }, |_| {})
    }

    /// The console is killed; another one opens on the same world and reads the same log.
    pub fn next_console(self) -> Run {
        let mut records = self.before;
        records.extend(self.records);
        let (person, gathered) = (self.person + 5_000, self.gathered);
        Run::open(self.world, Opening { person, gathered, records, ..opening() }, |_| {})
    }

    /// A line typed into `--plain`, after the time it takes to type it.
    pub fn line(&mut self, text: &str) {
        self.wait(FINGER * 5);
        self.apply(Msg::Line(text.into()));
    }

    /// Every line that was said, in order.
    pub fn said(&self) -> Vec<&str> {
        self.effects.iter().filter_map(|e| if let Effect::Say(l) = e { Some(l.as_str()) } else { None }).collect()
    }

    /// `keys`, then a pause long enough for a `Y` to count, then `Y`.
    pub fn act(&mut self, keys: &str) {
        self.keys(keys);
        self.wait(1_000);
        self.keys("Y");
    }

    /// Put the cursor on a service, as a person would: by moving.
    pub fn choose(&mut self, service: &str) {
        let want = ServiceId::new(service);
        self.keys("b g");
        for _ in 0..100 {
            if self.model.nav.selected.as_ref() == Some(&want) {
                return;
            }
            self.keys("j");
        }
        panic!("{service} is not on the Board");
    }

    /// Somebody does it with another tool, past this console.
    pub fn elsewhere(&mut self, service: &str, verb: Verb) {
        let target = self.target(service).id.clone();
        let fresh = self.world.read(&target).expect("the target is there");
        let plan = self.world.plan(&Operation::new(verb, target), &fresh).expect("it can be planned");
        for step in &plan.steps {
            let outcome = self.world.send(step);
            assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
        }
        self.wait(250);
    }

    /// The one moving target of a service.
    pub fn target(&self, service: &str) -> &TargetState {
        self.model.world.targets.values().find(|t| t.service.as_str() == service).expect("the service has a target")
    }

    /// The truth of the world, not telemetry: share of the period's budget left.
    pub fn budget(&self, service: &str) -> f64 {
        self.world.budget_left(&ServiceId::new(service)).expect("the service has a budget")
    }

    /// Kinds of the records about acts, in order.
    pub fn kinds(&self) -> Vec<crate::core::entry::Kind> {
        use crate::core::entry::Kind;
        self.records.iter().map(|r| r.kind).filter(|k| !k.is_observation() && *k != Kind::Identity).collect()
    }
}
