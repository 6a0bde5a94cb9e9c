//! The drill's world behind the port: a cluster that pushes and a telemetry source that is polled, both thin wrappers
//! around one shared [`World`]. Nothing real is reachable from here.

mod agenda;
mod check;
mod controller;
pub mod desk;
mod flagger;
mod forward;
mod gauge;
mod live;
mod looked;
mod object;
mod patch;
mod plan;
mod rng;
mod rollout;
pub mod scenario;
mod server;
mod side;
mod signals;
mod telemetry;
mod traffic;
mod truth;
mod world;

#[cfg(test)]
mod acts_tests;
#[cfg(test)]
mod depth_tests;
#[cfg(test)]
mod scenario_tests;
#[cfg(test)]
mod strategy_tests;
#[cfg(test)]
mod verdict_tests;
#[cfg(test)]
mod world_tests;

pub use rng::Rng;
pub use scenario::{Scenario, ScenarioService};
pub use world::World;

use super::{Backend, Cx, Interest, Query, Sink, UtcClock};
use crate::core::act::mark::Mark;
use crate::core::act::plan::{CannotBecause, Operation, Outcome, Plan, RefusedBy, Step, Ticket};
use crate::core::act::side::{SideAct, SidePlan};
use crate::core::id::SourceId;
use crate::core::time::Utc;
use crate::core::world::evidence::LogsOf;
use crate::core::world::fact::{Fact, FactKey};
use crate::core::world::source::{Abilities, Link, SourceError, Trouble};
use crate::core::world::target::TargetState;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;

/// Real time between two looks at the world's clock: the least, and the most when nothing is due (whoever makes the
/// clock faster says so with [`Shared::poker`]).
const LOOK: Duration = Duration::from_millis(50);
const LONG_LOOK: Duration = Duration::from_secs(5);
/// While log lines are followed.
const LINES: Duration = Duration::from_millis(500);

/// One world for several backends, and the clock that moves it. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    inner: Arc<Mutex<Inner>>,
    clock: UtcClock,
    /// Changes when an act did, or the clock: what is due may be sooner now.
    acted: Arc<watch::Sender<u64>>,
}

struct Inner {
    world: World,
    /// What each observed source has to say and nobody has fetched: the last value for each key, in order of arrival.
    waiting: BTreeMap<SourceId, Waiting>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    facts: BTreeMap<FactKey, (u64, Fact)>,
}

impl Waiting {
    fn put(&mut self, fact: Fact) {
        self.next += 1;
        self.facts.insert(fact.key(), (self.next, fact));
    }
    fn take(&mut self) -> Vec<Fact> {
        let mut all: Vec<(u64, Fact)> = std::mem::take(&mut self.facts).into_values().collect();
        all.sort_by_key(|(at, _)| *at);
        all.into_iter().map(|(_, f)| f).collect()
    }
}

impl Shared {
    /// `clock` tells world time; it may run at any speed, stand still, or jump ahead.
    pub fn new(world: World, clock: UtcClock) -> Shared {
        let inner = Inner { world, waiting: BTreeMap::new() };
        Shared { inner: Arc::new(Mutex::new(inner)), clock, acted: Arc::new(watch::Sender::new(0)) }
    }

    fn poke(&self) {
        self.acted.send_modify(|n| *n += 1);
    }

    /// To be called whenever the clock is made to run otherwise than before. Holds no clock.
    pub fn poker(&self) -> impl Fn() + Send + Sync + 'static {
        let acted = Arc::clone(&self.acted);
        move || acted.send_modify(|n| *n += 1)
    }

    /// A look at the world itself, for scores and instructors.
    pub fn with<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.up_to_now().world)
    }

    fn up_to_now(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held leaves a world that is at worst not fully advanced.
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let news = inner.world.advance_to((self.clock)());
        for (source, fact) in news {
            if let Some(w) = inner.waiting.get_mut(&source) {
                w.put(fact);
            }
        }
        inner
    }
}

struct Simulated {
    name: SourceId,
    shared: Shared,
    part: Part,
}

/// What of the world a source tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Rollouts,
    Figures,
    Desk,
}

impl Part {
    fn word(self) -> &'static str {
        match self {
            Part::Rollouts => "rollouts",
            Part::Figures => "figures",
            Part::Desk => "alerts",
        }
    }
}

/// The source with the rollouts, under the name the scenario gives it.
pub fn cluster(shared: &Shared) -> Arc<dyn Backend> {
    let name = shared.with(|w| w.sources()[0].clone());
    Arc::new(Simulated { name, shared: shared.clone(), part: Part::Rollouts })
}

/// The source with the telemetry, under the name the scenario gives it.
pub fn metrics(shared: &Shared) -> Arc<dyn Backend> {
    let name = shared.with(|w| w.sources()[1].clone());
    Arc::new(Simulated { name, shared: shared.clone(), part: Part::Figures })
}

/// The source with alerts, changes, flags, artifacts and the pager, where the scenario names one.
pub fn desk(shared: &Shared) -> Option<Arc<dyn Backend>> {
    let name = shared.with(|w| w.desk_source().cloned())?;
    Some(Arc::new(Simulated { name, shared: shared.clone(), part: Part::Desk }))
}

impl Simulated {
    fn has_rollouts(&self) -> bool {
        self.part == Part::Rollouts
    }

    fn hello(&self, link: Link) -> Fact {
        Fact::Source(Box::new(self.shared.with(|w| w.source_state(&self.name, link))))
    }

    fn answer(&self, question: &Query) -> Result<Vec<Fact>, SourceError> {
        let wrong = |why: &str| Err(SourceError::new(Trouble::NotFound, why));
        let inner = self.shared.up_to_now();
        let world = &inner.world;
        match question {
            Query::Read(id) if self.has_rollouts() => Ok(vec![match world.read(id) {
                Some(t) => Fact::Target(Box::new(t)),
                None => Fact::Gone(id.clone()),
            }]),
            Query::Blocks { .. } | Query::Check(_) if self.part == Part::Desk => {
                wrong("the drill's alerts have no figures: ask its telemetry")
            }
            Query::Blocks { service, from, count } if !self.has_rollouts() => {
                match world.history(service, *from, *count) {
                    Some(facts) => Ok(facts),
                    None => wrong(&format!("the drill has no service {service}")),
                }
            }
            Query::Check(text) if !self.has_rollouts() => Ok(vec![Fact::Checked(world.check(text)?)]),
            Query::WayBack(id) if self.has_rollouts() => match world.way_back(id) {
                Some(w) => Ok(vec![Fact::WayBack(w)]),
                None => wrong("the drill has no such rollout"),
            },
            Query::Evidence(id) if self.has_rollouts() => match world.evidence(id) {
                Some(e) => Ok(vec![Fact::Evidence(Box::new(e))]),
                None => wrong("the drill has no such rollout"),
            },
            Query::Raw(id) if self.has_rollouts() => match world.raw_of(id) {
                Some(r) => Ok(vec![Fact::Raw(Box::new(r))]),
                None => wrong("the drill has no such rollout"),
            },
            Query::Logs(of) if self.has_rollouts() => {
                Ok(world.log_lines(of, None).into_iter().map(|l| Fact::Logs(Box::new(l))).collect())
            }
            Query::Beside if self.part == Part::Desk => Ok(world.beside_now()),
            Query::Beside => wrong("the drill's alerts and flags are asked of its desk"),
            Query::WayBack(_) | Query::Evidence(_) | Query::Logs(_) | Query::Raw(_) => {
                wrong("the drill's telemetry has no rollouts: ask its cluster")
            }
            // The drill's server takes whatever its guards take, and those the act itself carries.
            Query::DryRun(_) => Ok(Vec::new()),
            Query::Read(_) => wrong("the drill's telemetry has no rollouts: ask its cluster"),
            Query::Blocks { .. } | Query::Check(_) => wrong("the drill's cluster has no figures: ask its telemetry"),
        }
    }
}

/// How fast the world's clock runs, as seen from look to look: a quiet world is not looked at all the time.
struct Pace {
    world: Utc,
    real: tokio::time::Instant,
}

impl Pace {
    fn new(world: Utc) -> Pace {
        Pace { world, real: tokio::time::Instant::now() }
    }

    /// Real time until the world reads `due`, if it goes on as since the last look.
    fn until(&mut self, now: Utc, due: Utc) -> Duration {
        let (went, took) = (now.since(self.world).max(0) as f64, self.real.elapsed().as_secs_f64());
        *self = Pace::new(now);
        let left = due.since(now).max(0) as f64;
        if went <= 0.0 || took <= 0.0 {
            // It stands still, or jumps when somebody says so.
            return LOOK;
        }
        // A millisecond more, so that it is due when looked at.
        Duration::from_secs_f64((left / went * took + 0.001).min(LONG_LOOK.as_secs_f64())).max(LOOK / 10)
    }
}

/// Whether somebody looks at it: history only of services that are watched for their versions.
fn wanted(fact: &Fact, want: &Interest) -> bool {
    match fact {
        Fact::Blocks(b) => want.moving.iter().any(|(s, _)| *s == b.service),
        Fact::Source(_)
        | Fact::Target(_)
        | Fact::Gone(_)
        | Fact::Whole(_)
        | Fact::Windows(_)
        | Fact::Telemetry(_)
        | Fact::WayBack(_)
        | Fact::Evidence(_)
        | Fact::Logs(_)
        | Fact::Raw(_)
        | Fact::Alerts(_)
        | Fact::Changed(_)
        | Fact::Flags(_)
        | Fact::Artifacts(_)
        | Fact::OnCall { .. }
        | Fact::Checked(_) => true,
    }
}

impl Backend for Simulated {
    fn probe<'a>(&'a self, _: &'a Cx) -> BoxFuture<'a, Result<Abilities, SourceError>> {
        Box::pin(async { Ok(self.shared.with(|w| w.abilities(&self.name))) })
    }

    fn observe(self: Arc<Self>, mut want: watch::Receiver<Interest>, out: Sink) -> BoxFuture<'static, SourceError> {
        Box::pin(async move {
            out.put(self.hello(Link::Connecting));
            let first = {
                let mut inner = self.shared.up_to_now();
                inner.waiting.insert(self.name.clone(), Waiting::default());
                inner.world.snapshot()
            };
            out.put(self.hello(Link::Reading { what: self.part.word().into(), done: 0, of: None }));
            for (_, fact) in first.into_iter().filter(|(s, _)| *s == self.name) {
                if wanted(&fact, &want.borrow()) {
                    out.put(fact);
                }
            }
            let mut acted = self.shared.acted.subscribe();
            let mut pace = Pace::new((self.shared.clock)());
            let mut nap = LOOK;
            // Whose lines are told, and up to when they were.
            let mut lines: Option<(LogsOf, Utc)> = None;
            // Whoever says what is looked at may go before us.
            let mut heard = true;
            loop {
                // Woken by an act, by a look elsewhere, or by time; the sender of acts lives as long as `self`.
                let poked = tokio::select! {
                    _ = acted.changed() => true,
                    said = want.changed(), if heard => {
                        heard = said.is_ok();
                        false
                    }
                    () = tokio::time::sleep(nap) => false,
                };
                let (news, now, due) = {
                    let mut inner = self.shared.up_to_now();
                    let news = inner.waiting.get_mut(&self.name).map(Waiting::take);
                    (news, inner.world.now(), inner.world.next_due())
                };
                nap = pace.until(now, due);
                if poked {
                    // How fast it runs from here on is seen at the next look.
                    nap = nap.min(LOOK);
                }
                for fact in news.unwrap_or_default() {
                    if wanted(&fact, &want.borrow()) {
                        out.put(fact);
                    }
                }
                let logs = want.borrow_and_update().logs.clone().filter(|_| self.has_rollouts());
                if let Some(of) = logs {
                    let from = lines.as_ref().filter(|(last, _)| *last == of).map(|(_, at)| *at);
                    let told = self.shared.with(|w| w.log_lines(&of, from));
                    lines = Some((of, now));
                    told.into_iter().for_each(|l| out.put(Fact::Logs(Box::new(l))));
                    nap = nap.min(LINES);
                } else {
                    lines = None;
                }
            }
        })
    }

    fn ask<'a>(&'a self, question: &'a Query, _: &'a Cx) -> BoxFuture<'a, Result<Vec<Fact>, SourceError>> {
        Box::pin(async { self.answer(question) })
    }

    fn plan(&self, op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause> {
        if !self.has_rollouts() || op.target.source != self.name {
            return Err(CannotBecause::ReadOnly);
        }
        plan::plan(op, seen)
    }

    /// The drill's objects hold no trace of acts: taken, and recorded nowhere.
    fn mark<'a>(&'a self, _: &'a Mark, _: &'a Cx) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async { Ok(()) })
    }

    fn side_plan(&self, act: &SideAct) -> Result<SidePlan, CannotBecause> {
        match self.part {
            Part::Desk => self.shared.up_to_now().world.side_plan(act),
            Part::Rollouts | Part::Figures => Err(CannotBecause::ReadOnly),
        }
    }

    fn side<'a>(&'a self, plan: &'a SidePlan, _: Ticket, _: &'a Cx) -> BoxFuture<'a, Outcome> {
        Box::pin(async {
            if self.part != Part::Desk {
                let why = "this part of the drill takes no such request";
                return Outcome::Refused(object::refused(RefusedBy::NotSent, 0, why));
            }
            let outcome = self.shared.up_to_now().world.side(plan);
            self.shared.poke();
            outcome
        })
    }

    fn send<'a>(&'a self, step: &'a Step, _: Ticket, _: &'a Cx) -> BoxFuture<'a, Outcome> {
        Box::pin(async {
            if !self.has_rollouts() {
                let why = "the drill's telemetry takes no requests";
                return Outcome::Refused(object::refused(RefusedBy::NotSent, 0, why));
            }
            let outcome = self.shared.up_to_now().world.send(step);
            self.shared.poke();
            outcome
        })
    }
}
