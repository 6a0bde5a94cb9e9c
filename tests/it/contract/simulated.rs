//! The simulated world as two subjects of the contract: its cluster, which acts, and its telemetry, which only looks.

use andon::backends::sim::{self, Scenario, Shared, World};
use andon::backends::{Backend, Query};
use andon::core::act::plan::{Operation, Verb};
use andon::core::id::TargetId;
use andon::testkit::contract::{Cut, Loss, Part, Provoke, Subject};
use std::sync::{Arc, Mutex, PoisonError};

/// A world that stands still, so that whatever changes was done by an act.
pub struct Simulated {
    pub cannot: Vec<(Part, &'static str)>,
    shared: Shared,
    cluster: bool,
    checkout: TargetId,
    /// Stored version of the target when it was last looked at, and how often it had changed.
    changes: Mutex<(String, usize)>,
}

const MEMORY: &str = "its far side is memory of this process: there is no network that could fail";

impl Simulated {
    fn new(cluster: bool) -> Simulated {
        let mut world = World::new(Scenario::embedded("f1").expect("it is shipped"), 1);
        let at = andon::core::time::Utc(world.scenario().start.0 + 180_000);
        world.advance_to(at);
        let checkout = world.targets().into_iter().find(|t| &*t.name == "checkout").expect("a target");
        let mut cannot = vec![(Part::Cut, MEMORY)];
        cannot.extend(Provoke::TROUBLES.map(|(how, _)| (Part::Trouble(how), MEMORY)));
        cannot.extend(if cluster {
            [
                (Part::Removal, "no scenario deletes a rollout"),
                (Part::Loss, "an answer comes with the call or not at all"),
            ]
        } else {
            [(Part::Targets, "it holds figures and no targets"), (Part::Acts, "it only looks")]
        });
        let shared = Shared::new(world, Arc::new(move || at));
        let s = Simulated { cannot, shared, cluster, checkout, changes: Mutex::default() };
        s.carried_out();
        s.changes.lock().unwrap_or_else(PoisonError::into_inner).1 = 0;
        s
    }

    pub fn cluster() -> Simulated {
        Simulated::new(true)
    }

    pub fn metrics() -> Simulated {
        Simulated::new(false)
    }
}

impl Subject for Simulated {
    fn name(&self) -> &'static str {
        if self.cluster { "simulated cluster" } else { "simulated telemetry" }
    }
    fn cannot(&self) -> Vec<(Part, &'static str)> {
        self.cannot.clone()
    }
    fn backend(&self) -> Arc<dyn Backend> {
        if self.cluster { sim::cluster(&self.shared) } else { sim::metrics(&self.shared) }
    }
    fn provoke(&self, _: Provoke) -> bool {
        false
    }
    fn question(&self) -> Query {
        if self.cluster {
            Query::Read(self.checkout.clone())
        } else {
            Query::Blocks { service: "checkout".into(), from: self.shared.with(World::now).secs() - 60, count: 2 }
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
        let op = Operation::new(Verb::RollBack, self.checkout.clone());
        self.cluster.then_some(op)
    }
    fn lose(&self, _: Loss) -> bool {
        false
    }
    fn writes(&self) -> usize {
        // Nothing lies between a call and the store.
        self.carried_out()
    }
    fn carried_out(&self) -> usize {
        let version = self.shared.with(|w| w.state(&self.checkout)).expect("it is there").version.to_string();
        let mut seen = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != version {
            *seen = (version, seen.1 + 1);
        }
        seen.1
    }
}
