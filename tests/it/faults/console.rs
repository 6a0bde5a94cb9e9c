//! A console without terminal and clock whose effects are performed by the real backend: `Y` is pressed as a hand would,
//! and what is recorded is kept. Time is told to it, so forty seconds of reading back take none.

use andon::backends::kubernetes::Kubernetes;
use andon::backends::{Backend, Cx, Lane, Query};
use andon::config::keymap::default_keymap;
use andon::core::act::flight::State;
use andon::core::effect::{Effect, Question};
use andon::core::entry::{Entry, Kind};
use andon::core::id::{SourceId, TargetId};
use andon::core::key::{Code, Key};
use andon::core::model::{Environment, Model, Place};
use andon::core::msg::Msg;
use andon::core::time::{Person, Stamp, Utc, World};
use andon::core::update::update;
use andon::core::world::fact::Fact;
use andon::core::world::source::{Abilities, Link, Right, Roles, SourceError, SourceState};
use andon::core::world::target::TargetState;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// 2026-11-21T03:14:07Z
const NOW: i64 = 1_795_230_847_000;
/// What a read may take: no fault lies in its way, only a busy machine.
pub const LOOK: Duration = Duration::from_secs(20);
/// What a request may take where no answer comes.
pub const PATIENCE: Duration = Duration::from_millis(400);

pub struct Console<'a> {
    pub model: Model,
    backend: Arc<Kubernetes>,
    queue: VecDeque<Msg>,
    ms: i64,
    pub records: Vec<Entry>,
    /// Steps handed to the backend.
    pub sends: usize,
    /// What a request may take.
    pub patience: Duration,
    /// Run before a step leaves.
    before_send: &'a dyn Fn(),
    /// Run after its answer.
    after_send: &'a dyn Fn(),
}

impl<'a> Console<'a> {
    /// Armed, on the Board, with the one target chosen.
    pub async fn open(
        backend: &Arc<Kubernetes>,
        target: &TargetId,
        before_send: &'a dyn Fn(),
        after_send: &'a dyn Fn(),
    ) -> Console<'a> {
        let at = Stamp { utc: Utc(NOW), world: World(1_000_000), person: Person(1_000_000) };
        let environment = Environment {
            name: "prod".into(),
            place: Place::Prod,
            production: true,
            read_only: false,
            who: "mira@bastion-2".into(),
            goal: None,
        };
        let mut model = Model::new(environment, default_keymap(), at);
        model.armed_until = Some(Person(i64::MAX / 2));
        let mut c = Console {
            model,
            backend: backend.clone(),
            queue: VecDeque::new(),
            ms: 0,
            records: Vec::new(),
            sends: 0,
            patience: LOOK,
            before_send,
            after_send,
        };
        let rights = ["patch rollouts", "patch rollouts/status"]
            .map(|v| Right { namespace: None, verb: v.into(), allowed: Some(true) })
            .to_vec();
        let state = SourceState {
            kind: "kubernetes".into(),
            link: Link::Watching,
            abilities: Abilities {
                roles: Roles { rollouts: true, telemetry: false, ..Roles::default() },
                rights,
                ..Abilities::default()
            },
            confirmed: Some(Utc(NOW)),
            old_after_ms: 10_000_000,
            latency_ms: None,
            calls_per_min: 0,
            last_error: None,
            holds: "1 rollout".into(),
        };
        let source: SourceId = target.source.clone();
        c.queue.push_back(Msg::LogOpened { session: "s".into() });
        c.queue.push_back(Msg::Fact { source: source.clone(), fact: Box::new(Fact::Source(Box::new(state))) });
        let seen = read(backend, target).await.expect("a read").expect("it is there");
        c.queue.push_back(Msg::Fact { source, fact: Box::new(Fact::Target(seen)) });
        c.drain().await;
        c.wait(3_200).await;
        c.keys("b g").await;
        c
    }

    fn stamp(&self) -> Stamp {
        Stamp { utc: Utc(NOW + self.ms), world: World(1_000_000 + self.ms), person: Person(1_000_000 + self.ms) }
    }

    async fn drain(&mut self) {
        loop {
            while let Some(msg) = self.queue.pop_front() {
                let at = self.stamp();
                for e in update(&mut self.model, at, msg) {
                    self.perform(e).await;
                }
            }
            match self.model.dialog.as_ref().filter(|d| d.flushed.is_none()).map(|d| d.id) {
                Some(id) => self.queue.push_back(Msg::Flushed(id)),
                None => return,
            }
        }
    }

    async fn perform(&mut self, e: Effect) {
        match e {
            Effect::Append { entry, ticket } => {
                self.records.push(entry);
                self.queue.extend(ticket.map(Msg::Durable));
            }
            Effect::AppendLate { entry, .. } => self.records.push(entry),
            Effect::Plan { dialog, operation } => {
                let known = self.model.world.targets.get(&operation.target).cloned();
                let read = read(&self.backend, &operation.target).await;
                let on = match &read {
                    Ok(t) => t.as_deref().cloned(),
                    Err(_) => known,
                };
                let plan = on.map(|t| Box::new(self.backend.plan(&operation, &t)));
                self.queue.push_back(Msg::Planned { dialog, read, plan });
            }
            Effect::Reread { act, target } => {
                let read = read(&self.backend, &target).await;
                self.queue.push_back(Msg::Reread { act, read });
            }
            Effect::Perform { ticket, step, .. } => {
                self.sends += 1;
                (self.before_send)();
                let outcome = self.backend.send(&step, ticket, &Cx { deadline: self.patience, lane: Lane::Act }).await;
                (self.after_send)();
                self.queue.push_back(Msg::Answered { ticket, outcome });
            }
            Effect::Ask { id, question: Question::Read(t), .. } => {
                let answer = self.backend.ask(&Query::Read(t), &Cx { deadline: LOOK, lane: Lane::Act }).await;
                self.queue.push_back(Msg::Asked { id, answer });
            }
            // No other part of the engine has a say in an act's outcome.
            _ => {}
        }
    }

    pub async fn wait(&mut self, ms: i64) {
        self.ms += ms;
        self.queue.push_back(Msg::Tick);
        self.drain().await;
    }

    pub async fn keys(&mut self, keys: &str) {
        for k in keys.split_whitespace() {
            let key = match k {
                "enter" => Key::plain(Code::Enter),
                _ => Key::char(k.chars().next().expect("a key")),
            };
            self.wait(400).await;
            self.queue.push_back(Msg::Key(key));
            self.drain().await;
        }
    }

    /// The keys of an act, then what its dialog asks for, until the act is over, has had its effect seen, or is stuck.
    pub async fn act(&mut self, keys: &str) {
        self.keys(keys).await;
        for _ in 0..6 {
            self.wait(1_000).await;
            let Some(d) = self.model.dialog.as_ref().and_then(|d| d.act()).filter(|_| self.sends == 0) else { break };
            if let Some(why) = &d.refused {
                panic!("refused before anything was sent: {why}");
            }
            match d.name.as_ref().map(|n| n.must.clone()) {
                Some(name) => {
                    for c in name.chars() {
                        self.keys(&c.to_string()).await;
                    }
                    self.wait(1_000).await;
                    self.keys("enter").await;
                }
                None => self.keys("Y").await,
            }
        }
        for _ in 0..120 {
            let Some(a) = self.model.acts.values().next_back() else { panic!("no act was begun") };
            if matches!(a.state, State::Unknown(_) | State::Sending | State::Preparing) {
                self.wait(1_000).await;
            }
        }
    }

    /// What the records say of the first step: was it done? `None`: they do not say.
    pub fn recorded(&self) -> Option<bool> {
        let mut said = None;
        for r in &self.records {
            said = match r.kind {
                Kind::Accepted | Kind::Seen | Kind::Settled => Some(true),
                Kind::Refused => Some(false),
                Kind::Unknown => None,
                Kind::Resolved => {
                    let how = r.data.get("how").and_then(|h| h.as_str()).unwrap_or("");
                    match how {
                        "not sent" => Some(false),
                        how if how.contains("not") => Some(false),
                        _ => Some(true),
                    }
                }
                _ => said,
            };
        }
        said
    }

    /// Intents and requests, by ticket, in the order they were recorded: no request without its intent before it.
    pub fn intents_come_first(&self) -> bool {
        let (mut intents, mut sent) = (0, 0);
        for r in &self.records {
            match r.kind {
                Kind::Intent => intents += 1,
                Kind::Sent => {
                    sent += 1;
                    if sent > intents {
                        return false;
                    }
                }
                _ => {}
            }
        }
        sent == self.sends
    }

    pub fn told(&self) -> String {
        let all: Vec<String> = self.records.iter().map(|r| format!("{:?} {}", r.kind, r.data)).collect();
        let acts: Vec<String> = self.model.acts.values().map(|a| format!("{:?}", a.state)).collect();
        format!("{}\n{}", all.join("\n"), acts.join("\n"))
    }
}

async fn read(b: &Arc<Kubernetes>, target: &TargetId) -> Result<Option<Box<TargetState>>, SourceError> {
    let facts = b.ask(&Query::Read(target.clone()), &Cx { deadline: LOOK, lane: Lane::Act }).await?;
    Ok(facts.into_iter().find_map(|f| match f {
        Fact::Target(t) => Some(t),
        _ => None,
    }))
}
