//! The port every backend rides on, small enough for twenty of them. Roles are the facts one sends, not traits.

pub mod kubernetes;
pub mod net;
pub mod prometheus;
pub mod sim;

use crate::core::act::mark::Mark;
use crate::core::act::plan::{CannotBecause, Operation, Outcome, Plan, Refused, RefusedBy, Step, Ticket};
use crate::core::act::side::{SideAct, SidePlan};
use crate::core::id::{ServiceId, TargetId};
use crate::core::world::evidence::LogsOf;
use crate::core::world::fact::Fact;
use crate::core::world::source::{Abilities, SourceError, Trouble};
use crate::core::world::target::TargetState;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What one call may cost. Acts and their reads go before everything and never wait for budget, breaker or backoff.
#[derive(Clone, Debug)]
pub struct Cx {
    /// Total time for the answer, body included.
    pub deadline: Duration,
    pub lane: Lane,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Act,
    Refresh,
}

pub use crate::core::world::interest::Interest;

/// One bounded question.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// The target as it is now, with `raw`, past every cache. Answer: one `Fact::Target`, or `Fact::Gone`.
    Read(TargetId),
    /// Settled history of one service: `count` (at most 10) blocks from `from` (epoch seconds, block-aligned) on.
    /// Answer: one `Fact::Blocks` that names every settled block, with an empty `by_hash` where there is no series.
    /// Blocks that have not settled are left out and asked again later.
    Blocks { service: ServiceId, from: i64, count: u32 },
    /// The instant value of a query in the source's own language. Answer: one `Fact::Checked`.
    Check(Arc<str>),
    /// Would going back work? Answer: one `Fact::WayBack`.
    WayBack(TargetId),
    /// Answer: one `Fact::Evidence`.
    Evidence(TargetId),
    /// The last lines, or all since the change began (both bounded). Answer: one `Fact::Logs` for each instance.
    Logs(LogsOf),
    /// Answer: one `Fact::Raw`.
    Raw(TargetId),
    /// Alerts, changes, flags, artifacts, calls as they are now, past every cache. Answer: a fact of each that it has.
    Beside,
    /// Would the server take this step as it is? Nothing is stored. Answer: no facts where it would, or where the server
    /// cannot be asked that; an error in its own words where it would not. A yes proves little: a dry run does not check
    /// what a controller checks later.
    DryRun(Box<Step>),
}

/// Where a backend puts its facts. Cheap to clone; never blocks; the last value for each key wins.
#[derive(Clone)]
pub struct Sink(Arc<dyn Fn(Fact) + Send + Sync>);

impl Sink {
    pub fn new(put: impl Fn(Fact) + Send + Sync + 'static) -> Sink {
        Sink(Arc::new(put))
    }
    pub fn put(&self, fact: Fact) {
        (self.0)(fact);
    }
}

/// A program that logs in, run with the terminal. No Debug: its words and variables may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub argv: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Its standard output is a credential: shown to nobody.
    pub prints_secrets: bool,
}

impl Login {
    /// For a person: as it would be typed, without what looks like a secret.
    pub fn shown(&self) -> String {
        let words: Vec<String> = self.argv.iter().map(|w| crate::core::link::quoted(w)).collect();
        net::secret::clean(&words.join(" "))
    }
}

pub trait Backend: Send + Sync + 'static {
    /// Roles, rights by name, server version, clock offset. Cheap, repeatable.
    fn probe<'a>(&'a self, cx: &'a Cx) -> BoxFuture<'a, Result<Abilities, SourceError>>;
    /// Runs until it fails; the supervisor restarts it with backoff. It puts its own `Fact::Source` (connecting,
    /// reading n of m, watching or polling, confirmed at) and the facts of its roles.
    fn observe(self: Arc<Self>, want: watch::Receiver<Interest>, out: Sink) -> BoxFuture<'static, SourceError>;
    /// One bounded question.
    fn ask<'a>(&'a self, question: &'a Query, cx: &'a Cx) -> BoxFuture<'a, Result<Vec<Fact>, SourceError>>;
    /// PURE. What the dialog shows is what is sent. `seen` comes from `ask(Read)`, so it carries `raw`.
    fn plan(&self, op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause>;
    /// Sends exactly one step, once, no retry.
    fn send<'a>(&'a self, step: &'a Step, ticket: Ticket, cx: &'a Cx) -> BoxFuture<'a, Outcome>;
    /// PURE. The request of a side act: what the dialog shows is what is sent.
    fn side_plan(&self, act: &SideAct) -> Result<SidePlan, CannotBecause> {
        let _ = act;
        Err(CannotBecause::ReadOnly)
    }
    /// Sends exactly this one request, once, no retry.
    fn side<'a>(&'a self, plan: &'a SidePlan, ticket: Ticket, cx: &'a Cx) -> BoxFuture<'a, Outcome> {
        let _ = (plan, ticket, cx);
        Box::pin(async {
            let why = "this source takes no such request".into();
            Outcome::Refused(Refused { kind: RefusedBy::NotSent, status: None, why, retry_after_ms: None })
        })
    }
    /// What logs in again, one after the other. Error: nothing is known, and what to do instead.
    fn login(&self) -> Result<Vec<Login>, Arc<str>> {
        Err("it has no login that andon knows of".into())
    }
    /// There is another login now: nothing of the old one is used again.
    fn renew(&self) {}
    /// Leaves a trace of an act where the target lives: an Event. Never a precondition of anything.
    fn mark<'a>(&'a self, mark: &'a Mark, cx: &'a Cx) -> BoxFuture<'a, Result<(), SourceError>> {
        let _ = (mark, cx);
        Box::pin(async { Err(SourceError::new(Trouble::NotInThisVersion, "this source takes no marks")) })
    }
}

/// Tells own UTC to backends, so that the simulated world can lie about it and tests can hold it still.
pub type UtcClock = Arc<dyn Fn() -> crate::core::time::Utc + Send + Sync>;
