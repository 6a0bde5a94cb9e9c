//! Fifty holds through the real loop: one sync for all their intents, sixteen requests at a time, and an act that is not
//! the cord's does not wait for them.

use super::moving;
use crate::home::Home;
use crate::turns::Nobody;
use andon::backends::sim::{self, Shared, World};
use andon::backends::{Backend, Cx, Interest, Query, Sink};
use andon::core::act::plan::{CannotBecause, Operation, Outcome, Plan, RefusedBy, Step, Ticket, Verb};
use andon::core::id::{SourceId, TargetId};
use andon::core::key::Key;
use andon::core::msg::Msg;
use andon::core::time::Utc;
use andon::core::time::{Person, Stamp, World as WorldTime};
use andon::core::world::fact::Fact;
use andon::core::world::source::{Abilities, SourceError};
use andon::core::world::target::TargetState;
use andon::engine::Engine;
use andon::engine::clock::Clock;
use andon::engine::effects::Ports;
use andon::engine::inbox::Inbox;
use andon::engine::logbook::{Elsewhere, Logbook};
use andon::engine::turns::{CORD, Leaves};
use andon::journal::append::MineOnly;
use andon::journal::thread::Settings;
use andon::testkit::drill::Run;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};

/// The drill's cluster; every request waits until the test lets it through.
struct Slow {
    inner: Arc<dyn Backend>,
    gate: Arc<Semaphore>,
    now: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
}

impl Backend for Slow {
    fn probe<'a>(&'a self, cx: &'a Cx) -> BoxFuture<'a, Result<Abilities, SourceError>> {
        self.inner.probe(cx)
    }
    fn observe(self: Arc<Self>, want: watch::Receiver<Interest>, sink: Sink) -> BoxFuture<'static, SourceError> {
        self.inner.clone().observe(want, sink)
    }
    fn ask<'a>(&'a self, q: &'a Query, cx: &'a Cx) -> BoxFuture<'a, Result<Vec<Fact>, SourceError>> {
        self.inner.ask(q, cx)
    }
    fn plan(&self, op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause> {
        self.inner.plan(op, seen)
    }
    fn send<'a>(&'a self, step: &'a Step, ticket: Ticket, cx: &'a Cx) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            self.all.fetch_add(1, Ordering::SeqCst);
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            let turn = self.gate.acquire().await;
            let outcome = self.inner.send(step, ticket, cx).await;
            self.now.fetch_sub(1, Ordering::SeqCst);
            if let Ok(turn) = turn {
                turn.forget();
            }
            outcome
        })
    }
}

fn until(what: &str, good: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !good() {
        assert!(Instant::now() < end, "waited for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn sixteen_requests_of_the_cord_are_under_way_at_a_time_and_another_act_does_not_wait() {
    let scenario = moving(51);
    let at = scenario.start;
    let world = World::new(scenario, 1);
    let targets = world.targets();
    let plan = |n: usize| {
        let op = Operation::new(Verb::Hold, targets[n].clone());
        world.plan(&op, &world.read(&targets[n]).unwrap()).unwrap()
    };
    let plans: Vec<Plan> = (0..51).map(plan).collect();
    let shared = Shared::new(world, Arc::new(move || at));
    let slow = Arc::new(Slow {
        inner: sim::cluster(&shared),
        gate: Arc::new(Semaphore::new(0)),
        now: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
        all: AtomicUsize::new(0),
    });
    let inbox = Inbox::default();
    let mut ports = Ports::new(inbox.clone(), Arc::new(|| Utc(0)), Duration::from_secs(30)).unwrap();
    let id: SourceId = targets[0].source.clone();
    ports.add(id, slow.clone());
    for (n, p) in plans[..50].iter().enumerate() {
        ports.perform(Ticket(n as u64), &p.operation.target, p.steps[0].clone(), Leaves::InTurn);
    }
    until("sixteen", || slow.now.load(Ordering::SeqCst) == 16);
    // Of somebody else's act nothing waits.
    ports.perform(Ticket(99), &plans[50].operation.target, plans[50].steps[0].clone(), Leaves::AtOnce);
    until("the other act", || slow.now.load(Ordering::SeqCst) == 17);
    let mut answered = 0;
    slow.gate.add_permits(51);
    let end = Instant::now() + Duration::from_secs(20);
    while answered < 51 {
        assert!(Instant::now() < end, "{answered} of 51 answered");
        inbox.wait(Duration::from_millis(20));
        for msg in inbox.take(256) {
            if let Msg::Answered { outcome, .. } = msg {
                assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
                answered += 1;
            }
        }
    }
    assert_eq!((slow.all.load(Ordering::SeqCst), slow.most.load(Ordering::SeqCst)), (51, 17));
    assert_eq!(shared.with(|w| targets.iter().filter(|t| w.read(t).is_some_and(|t| t.held)).count()), 51);
}

#[test]
fn a_cluster_that_hangs_keeps_no_other_waiting_and_what_was_overtaken_never_goes_out() {
    let scenario = moving(CORD + 2);
    let at = scenario.start;
    let world = World::new(scenario, 1);
    let targets = world.targets();
    let plan = |n: usize, verb: Verb| {
        world
            .plan(&Operation::new(verb, targets[n].clone()), &world.read(&targets[n]).unwrap())
            .unwrap()
            .steps
            .remove(0)
    };
    let holds: Vec<Step> = (0..CORD + 2).map(|n| plan(n, Verb::Hold)).collect();
    let back = plan(CORD, Verb::RollBack);
    let shared = Shared::new(world, Arc::new(move || at));
    let gated = || {
        Arc::new(Slow {
            inner: sim::cluster(&shared),
            gate: Arc::new(Semaphore::new(0)),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            all: AtomicUsize::new(0),
        })
    };
    let (hangs, other) = (gated(), gated());
    let inbox = Inbox::default();
    let mut ports = Ports::new(inbox.clone(), Arc::new(|| Utc(0)), Duration::from_secs(30)).unwrap();
    ports.add(targets[0].source.clone(), hangs.clone());
    ports.add("other".into(), other.clone());
    let queue = |n: usize| ports.perform(Ticket(n as u64), &targets[n], holds[n].clone(), Leaves::InTurn);
    (0..CORD).for_each(&queue);
    until("sixteen", || hangs.now.load(Ordering::SeqCst) == CORD);
    // Whose turn comes first is nobody's choice: these two come when there is none.
    (CORD..CORD + 2).for_each(&queue);
    let there = TargetId { source: "other".into(), ..targets[0].clone() };
    ports.perform(Ticket(50), &there, holds[0].clone(), Leaves::InTurn);
    until("the other cluster", || other.now.load(Ordering::SeqCst) == 1);
    // Its hold waits; the way back goes out now, and the hold never.
    ports.perform(Ticket(51), &targets[CORD], back, Leaves::First);
    until("the way back", || hangs.now.load(Ordering::SeqCst) == CORD + 1);
    hangs.gate.add_permits(CORD + 3);
    other.gate.add_permits(1);
    let mut answers = std::collections::BTreeMap::new();
    let end = Instant::now() + Duration::from_secs(20);
    while answers.len() < CORD + 4 {
        assert!(Instant::now() < end, "{answers:?}");
        inbox.wait(Duration::from_millis(20));
        for msg in inbox.take(256) {
            if let Msg::Answered { ticket, outcome } = msg {
                assert!(answers.insert(ticket.0, outcome).is_none(), "answered twice");
            }
        }
    }
    let withdrawn = answers.iter().filter(|(_, o)| matches!(o, Outcome::Refused(r) if r.kind == RefusedBy::NotSent));
    assert_eq!(withdrawn.map(|(t, _)| *t).collect::<Vec<_>>(), [CORD as u64], "{answers:?}");
    assert_eq!(hangs.all.load(Ordering::SeqCst), CORD + 2, "all but the one");
    until("their end", || ports.sending() == 0);
    assert!(!shared.with(|w| w.read(&targets[CORD])).unwrap().held);
}

/// A clock that stands.
struct Still(Stamp);

impl Clock for Still {
    fn now(&self) -> Stamp {
        self.0
    }
    fn until_world(&self, _at: WorldTime) -> Option<i64> {
        Some(60_000)
    }
}

#[test]
fn fifty_intents_reach_the_disk_with_one_sync_and_no_request_before_it() {
    let mut run = Run::of(moving(50), 1);
    run.keys("a f");
    run.wait(1_000);
    let (at, _) = run.tape.last().cloned().unwrap();
    let later = Stamp { person: Person(at.person.0 + 500), ..at };
    let home = Home::new("cord");
    let settings = Settings {
        dir: home.path().join("log"),
        mine_only: MineOnly(true),
        environment: "drill".into(),
        user: "mira".into(),
        claimed: None,
        host: "h".into(),
        build: "0".into(),
        suffix: "7f3a".into(),
        drill: None,
    };
    let inbox = Inbox::default();
    let elsewhere = Elsewhere { state: home.path().join("state"), anchor: Vec::new() };
    let mut engine = Engine::new(run.model.clone(), Nobody::default(), inbox.clone(), Arc::new(Still(later)));
    engine.with_log(Logbook::open(settings, elsewhere, None, later, inbox.clone()));
    // A sync tells what it made safe, all of it in one message.
    let mut told = Vec::new();
    let mut opened = false;
    let end = Instant::now() + Duration::from_secs(20);
    let intents = |told: &[Vec<String>]| -> usize { told.iter().flatten().filter(|k| *k == "intent").count() };
    let mut pressed = false;
    while intents(&told) < 50 {
        assert!(Instant::now() < end, "{told:?}");
        inbox.wait(Duration::from_millis(20));
        for msg in inbox.take(256) {
            match msg {
                Msg::Records(records) => told.push(records.into_iter().map(|r| r.kind).collect()),
                Msg::LogOpened { .. } => opened = true,
                _ => {}
            }
        }
        if opened && !pressed && told.iter().flatten().any(|k: &String| k == "opened") {
            pressed = true;
            told.clear();
            engine.apply(Msg::Key(Key::char('Y')), Some(later.person));
            assert_eq!(engine.model.acts.len(), 50);
        }
    }
    let with: Vec<&Vec<String>> = told.iter().filter(|t| t.iter().any(|k| k == "intent")).collect();
    assert_eq!(with.len(), 1, "one sync for all of them: {told:?}");
    assert!(with[0].iter().any(|k| k == "frozen"), "and for what they are about");
}
