//! The one contract, on every backend; and backends that break each clause, so that the contract can fail.

mod figures;
pub mod kube;
mod simulated;

use andon::backends::{Backend, Cx, Interest, Query, Sink};
use andon::core::act::plan::{CannotBecause, Operation, Outcome, Plan, Step, Ticket};
use andon::core::id::TargetId;
use andon::core::world::fact::Fact;
use andon::core::world::source::{Abilities, Link, SourceError, Trouble};
use andon::core::world::target::TargetState;
use andon::testkit::contract::{self, CLAUSES, Cut, Loss, Part, Provoke, Subject};
use figures::Figures;
use futures::future::BoxFuture;
use kube::Kube;
use simulated::Simulated;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubernetes_keeps_the_contract() {
    contract::check(Kube::new).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_keeps_the_contract() {
    contract::check(Figures::new).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_simulated_world_keeps_the_contract() {
    for (scenario, target) in [("f1", "checkout"), ("f5", "inventory")] {
        contract::check(|| std::future::ready(Simulated::cluster_of(scenario, target))).await;
        contract::check(|| std::future::ready(Simulated::metrics_of(scenario, target))).await;
        contract::check(|| std::future::ready(Simulated::desk_of(scenario, target))).await;
    }
}

/// The same contract where the drill's rollouts are no canaries by steps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_strategies_keep_it_too() {
    let text = |more: &str| {
        format!(
            "title = \"t\"\ngoal = \"g\"\nlike = \"f1\"\ntake = [\"pricing\"]\n[[service]]\nname = \"cart\"\n{more}\n\
            rollout = {{ version = \"v6.2.0\", step = 0, past = [{{ ago = 60, weight = 0 }}] }}\n"
        )
    };
    let blue_green = text("strategy = \"blue-green\"");
    contract::check(|| std::future::ready(Simulated::cluster_of(&blue_green, "cart"))).await;
    let ticks = "flagger = { interval = 600, step = 10, most = 50, over = 1.0, threshold = 3 }";
    let flagger = text(&format!("strategy = \"flagger\"\n{ticks}"));
    // No gate is ever released there: that a request again is refused is tried beside the world.
    for clause in CLAUSES.into_iter().filter(|c| *c != "once") {
        let kept = contract::clause(clause, &Simulated::cluster_of(&flagger, "cart")).await;
        assert_eq!(kept, Ok(()), "{clause}");
    }
}

/// A subject whose backend has one clause broken.
struct Wrong<S> {
    inner: S,
    sin: &'static str,
    /// The clause it is tried with.
    clause: &'static str,
}

struct Liar {
    inner: Arc<dyn Backend>,
    sin: &'static str,
    /// A secret of the subject, to be told.
    secret: String,
    /// It looks only.
    looks: bool,
    count: AtomicU64,
}

impl<S: Subject> Subject for Wrong<S> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }
    fn cannot(&self) -> Vec<(Part, &'static str)> {
        self.inner.cannot()
    }
    fn backend(&self) -> Arc<dyn Backend> {
        Arc::new(Liar {
            inner: self.inner.backend(),
            sin: self.sin,
            secret: self.inner.secrets().remove(0),
            looks: self.inner.operation().is_none(),
            count: AtomicU64::new(0),
        })
    }
    fn provoke(&self, how: Provoke) -> bool {
        self.inner.provoke(how)
    }
    fn question(&self) -> Query {
        self.inner.question()
    }
    fn secrets(&self) -> Vec<String> {
        self.inner.secrets()
    }
    fn remove(&self) -> Option<TargetId> {
        self.inner.remove()
    }
    fn reconnect(&self) -> Option<Cut> {
        self.inner.reconnect()
    }
    fn operation(&self) -> Option<Operation> {
        self.inner.operation()
    }
    fn lose(&self, how: Loss) -> bool {
        self.inner.lose(how)
    }
    fn writes(&self) -> usize {
        self.inner.writes()
    }
    fn carried_out(&self) -> usize {
        self.inner.carried_out()
    }
    fn patience(&self) -> Duration {
        // What is never told is waited for in vain.
        match (self.sin == self.clause, self.clause) {
            (true, "whole") => Duration::from_millis(1_500),
            (true, _) => Duration::from_secs(4),
            (false, _) => self.inner.patience(),
        }
    }
}

impl Backend for Liar {
    fn probe<'a>(&'a self, cx: &'a Cx) -> BoxFuture<'a, Result<Abilities, SourceError>> {
        self.inner.probe(cx)
    }
    fn observe(self: Arc<Self>, want: watch::Receiver<Interest>, out: Sink) -> BoxFuture<'static, SourceError> {
        let sin = self.sin;
        let looks = self.looks;
        let sink = Sink::new(move |f| match (sin, f) {
            // Speaks of targets that it does not have.
            ("whole", f @ Fact::Source(_)) if looks => {
                out.put(Fact::Whole(Vec::new()));
                out.put(f);
            }
            // Forgets what the server deleted.
            ("whole", Fact::Gone(_)) => {}
            // Always says that it is fresh.
            ("rereading", Fact::Source(mut s)) => {
                s.link = Link::Watching;
                out.put(Fact::Source(s));
            }
            (_, f) => out.put(f),
        });
        self.inner.clone().observe(want, sink)
    }
    fn ask<'a>(&'a self, question: &'a Query, cx: &'a Cx) -> BoxFuture<'a, Result<Vec<Fact>, SourceError>> {
        Box::pin(async move {
            self.inner.ask(question, cx).await.map_err(|e| match self.sin {
                // One word for everything.
                "troubles" => SourceError::new(Trouble::Unreachable, e.sentence),
                // Past the net that every sentence passes.
                "secrets" => SourceError {
                    sentence: format!("{} (Authorization: Bearer {})", e.sentence, self.secret).into(),
                    ..e
                },
                _ => e,
            })
        })
    }
    fn plan(&self, op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause> {
        let mut p = match self.inner.plan(op, seen) {
            // Says "not now" where it should say "never".
            Err(CannotBecause::ReadOnly) if self.sin == "plan" => return Err(CannotBecause::NothingKept),
            other => other?,
        };
        if self.sin == "plan" {
            p.why = self.count.fetch_add(1, Ordering::Relaxed).to_string().into();
        }
        Ok(p)
    }
    fn send<'a>(&'a self, step: &'a Step, ticket: Ticket, cx: &'a Cx) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let first = self.inner.send(step, ticket, cx).await;
            if self.sin == "once" && self.looks {
                // Claims what it did not do.
                return Outcome::Accepted { generation: None, version: None, took_ms: 1 };
            }
            match (self.sin, &first) {
                // Tries again when it does not know.
                ("once", Outcome::Unknown { .. }) => self.inner.send(step, ticket, cx).await,
                _ => first,
            }
        })
    }
}

async fn each_sin_is_found<S: Subject, F: Future<Output = S>>(new: impl Fn() -> F) {
    let pairs = CLAUSES.iter().flat_map(|sin| CLAUSES.iter().map(move |name| (*sin, *name)));
    // The slow clauses are run only where they must fail.
    let runs = pairs.filter(|(sin, name)| name == sin || !matches!(*name, "troubles" | "secrets" | "once"));
    let runs = runs.map(|(sin, name)| {
        let inner = new();
        async move {
            let subject = Wrong { inner: inner.await, sin, clause: name };
            let kept = contract::clause(name, &subject).await;
            assert_eq!(kept.is_err(), name == sin, "{sin} broken, {name}: {kept:?}");
        }
    });
    futures::future::join_all(runs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_kubernetes_fails_the_clause_it_breaks_and_no_other() {
    each_sin_is_found(Kube::new).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_prometheus_fails_the_clause_it_breaks_and_no_other() {
    each_sin_is_found(Figures::new).await;
}

/// A part that is neither checked nor excused, or excused and possible, is a broken contract too.
#[tokio::test]
async fn nothing_is_left_out_in_silence() {
    for (cannot, name) in [(Vec::new(), "whole"), (Vec::new(), "troubles"), (vec![(Part::Acts, "it will not")], "plan")]
    {
        let mut s = Simulated::cluster();
        s.cannot = cannot;
        assert!(contract::clause(name, &s).await.is_err(), "{name}");
    }
}
