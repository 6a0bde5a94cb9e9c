//! The simulated world as three subjects of the contract: its cluster, which acts, its telemetry, which only looks, and
//! its desk, which holds neither targets nor figures.

use andon::backends::sim::{self, Scenario, Shared, World};
use andon::backends::{Backend, Query};
use andon::core::act::plan::{Operation, Verb};
use andon::core::id::TargetId;
use andon::testkit::contract::{Cut, Loss, Part, Provoke, Subject};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Cluster,
    Metrics,
    Desk,
}

/// A world that stands still, so that whatever changes was done by an act.
pub struct Simulated {
    pub cannot: Vec<(Part, &'static str)>,
    shared: Shared,
    part: Source,
    target: TargetId,
    /// Stored version of the target when it was last looked at, and how often it had changed.
    changes: Mutex<(String, usize)>,
}

const MEMORY: &str = "its far side is memory of this process: there is no network that could fail";

impl Simulated {
    /// `scenario`: the name of one that is shipped, or its text. `target`: one of its that stands at a gate three minutes in.
    fn new(scenario: &str, target: &str, part: Source) -> Simulated {
        let scenario = Scenario::embedded(scenario).or_else(|_| Scenario::parse(scenario)).expect("a scenario");
        let mut world = World::new(scenario, 1);
        let at = andon::core::time::Utc(world.scenario().start.0 + 180_000);
        world.advance_to(at);
        let target = world.targets().into_iter().find(|t| &*t.name == target).expect("a target");
        let mut cannot = vec![(Part::Cut, MEMORY)];
        cannot.extend(Provoke::TROUBLES.map(|(how, _)| (Part::Trouble(how), MEMORY)));
        cannot.extend(match part {
            Source::Cluster => [
                (Part::Removal, "no scenario deletes a rollout"),
                (Part::Loss, "an answer comes with the call or not at all"),
            ],
            Source::Metrics => [(Part::Targets, "it holds figures and no targets"), (Part::Acts, "it only looks")],
            Source::Desk => [
                (Part::Targets, "it holds alerts and the like and no targets"),
                (Part::Acts, "what it can do is done to no target"),
            ],
        });
        let shared = Shared::new(world, Arc::new(move || at));
        let s = Simulated { cannot, shared, part, target, changes: Mutex::default() };
        s.carried_out();
        s.changes.lock().unwrap_or_else(PoisonError::into_inner).1 = 0;
        s
    }

    pub fn cluster() -> Simulated {
        Simulated::cluster_of("f1", "checkout")
    }

    pub fn cluster_of(scenario: &str, target: &str) -> Simulated {
        Simulated::new(scenario, target, Source::Cluster)
    }

    pub fn metrics_of(scenario: &str, target: &str) -> Simulated {
        Simulated::new(scenario, target, Source::Metrics)
    }

    pub fn desk_of(scenario: &str, target: &str) -> Simulated {
        Simulated::new(scenario, target, Source::Desk)
    }
}

impl Subject for Simulated {
    fn name(&self) -> &'static str {
        match self.part {
            Source::Cluster => "simulated cluster",
            Source::Metrics => "simulated telemetry",
            Source::Desk => "simulated desk",
        }
    }
    fn cannot(&self) -> Vec<(Part, &'static str)> {
        self.cannot.clone()
    }
    fn backend(&self) -> Arc<dyn Backend> {
        match self.part {
            Source::Cluster => sim::cluster(&self.shared),
            Source::Metrics => sim::metrics(&self.shared),
            Source::Desk => sim::desk(&self.shared).expect("the scenario names one"),
        }
    }
    fn provoke(&self, _: Provoke) -> bool {
        false
    }
    fn question(&self) -> Query {
        let service = || self.target.name.to_string().as_str().into();
        match self.part {
            Source::Cluster => Query::Read(self.target.clone()),
            Source::Metrics => {
                Query::Blocks { service: service(), from: self.shared.with(World::now).secs() - 60, count: 2 }
            }
            Source::Desk => Query::Beside,
        }
    }
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
    fn remove(&self) -> Option<TargetId> {
        None
    }
    fn reconnect(&self) -> Option<Cut> {
        None
    }
    fn operation(&self) -> Option<Operation> {
        let op = Operation::new(Verb::RollBack, self.target.clone());
        (self.part == Source::Cluster).then_some(op)
    }
    fn lose(&self, _: Loss) -> bool {
        false
    }
    fn writes(&self) -> usize {
        // Nothing lies between a call and the store.
        self.carried_out()
    }
    fn carried_out(&self) -> usize {
        let version = self.shared.with(|w| w.state(&self.target)).expect("it is there").version.to_string();
        let mut seen = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != version {
            *seen = (version, seen.1 + 1);
        }
        seen.1
    }
}
