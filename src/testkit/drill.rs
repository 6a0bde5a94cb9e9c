//! A drill played through the core without clock, thread or terminal: the simulated world advances with the stamps, every
//! effect is performed at once. The same keys at the same moments give the same run.

use crate::backends::sim::{Scenario, World};
use crate::config::keymap::default_keymap;
use crate::core::act::plan::{Operation, Outcome, Ticket, Verb};
use crate::core::case::note::Draft;
use crate::core::case::people::Here;
use crate::core::effect::{Effect, Question};
use crate::core::entry::Entry;
use crate::core::id::{ServiceId, SourceId};
use crate::core::key::{Code, Key};
use crate::core::model::{Environment, Model, Place};
use crate::core::msg::{LogPage, Msg, Recovered};
use crate::core::record::{Hlc, Record};
use crate::core::time::{Person, Stamp, World as WorldTime};
use crate::core::update::{next_wake, update};
use crate::core::world::evidence::LogsOf;
use crate::core::world::fact::Fact;
use crate::core::world::source::{Abilities, Link, Roles, SourceError, SourceState, Trouble};
use crate::core::world::target::TargetState;
use std::collections::VecDeque;

/// How the log behaves in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    Works,
    /// Every sync fails.
    Fails,
    /// No sync ever comes back.
    Hangs,
}

#[derive(Clone)]
pub struct Run {
    pub model: Model,
    pub world: World,
    pub log: Log,
    /// Reads of targets fail.
    pub blind: bool,
    /// Nobody draws: dialogs are never flushed.
    pub unseen: bool,
    /// Every message with its stamp, as a tape would hold it.
    pub tape: Vec<(Stamp, Msg)>,
    /// Every effect, in order.
    pub effects: Vec<Effect>,
    /// Every record, in order.
    pub records: Vec<Entry>,
    /// The note on disk.
    pub draft: Option<Draft>,
    /// What the live file would say.
    pub here: Here,
    /// Steps sent: what a backend's action counter would say.
    pub sent: Vec<Ticket>,
    /// The rollout of the first is said to be of the second service, which then moves in two places.
    pub gathered: Option<(&'static str, &'static str)>,
    /// Time goes from one thing that is due to the next, as the loop sleeps, and not by quarters of a second.
    pub leaps: bool,
    /// Its session in the log, and what consoles before it wrote.
    name: String,
    before: Vec<Entry>,
    queue: VecDeque<Msg>,
    person: i64,
    /// Log lines that are followed, and up to when they were told.
    lines: Option<(LogsOf, Option<crate::core::time::Utc>)>,
}

/// Milliseconds between two keys of a hand.
const FINGER: i64 = 120;

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
        Run::console(World::new(scenario, seed), 1_000_000, None, Vec::new(), given)
    }

    /// On a scenario of the test's own.
    pub fn of(scenario: Scenario, seed: u64) -> Run {
        Run::console(World::new(scenario, seed), 1_000_000, None, Vec::new(), |_| {})
    }

    /// One of its services is said to move in two places.
    pub fn gathered(scenario: &str, seed: u64, from: &'static str, to: &'static str) -> Run {
        let scenario = Scenario::embedded(scenario).expect("an embedded scenario parses");
        Run::of_gathered(scenario, seed, Some((from, to)))
    }

    /// Both.
    pub fn of_gathered(scenario: Scenario, seed: u64, gathered: Option<(&'static str, &'static str)>) -> Run {
        Run::console(World::new(scenario, seed), 1_000_000, gathered, Vec::new(), |_| {})
    }

    /// The console is killed; another one opens on the same world and reads the same log.
    pub fn next_console(self) -> Run {
        let mut records = self.before;
        records.extend(self.records);
        Run::console(self.world, self.person + 5_000, self.gathered, records, |_| {})
    }

    fn console(
        world: World,
        person: i64,
        gathered: Option<(&'static str, &'static str)>,
        records: Vec<Entry>,
        given: impl FnOnce(&mut Model),
    ) -> Run {
        let scenario = world.scenario().clone();
        let at = Stamp { utc: world.now(), world: WorldTime(world.now().0), person: Person(person) };
        let environment = Environment {
            name: "drill".into(),
            place: Place::Drill,
            production: true,
            read_only: false,
            who: "mira@bastion-2".into(),
            goal: Some(scenario.goal.as_str().into()),
        };
        let mut model = Model::new(environment, default_keymap(), at);
        for s in &scenario.services {
            let s = s.service();
            model.world.services.insert(s.name.clone(), s);
        }
        for (name, roles) in [
            (&scenario.cluster, Roles { rollouts: true, telemetry: false }),
            (&scenario.metrics, Roles { rollouts: false, telemetry: true }),
        ] {
            let state = SourceState {
                kind: "simulated".into(),
                link: Link::Connecting,
                abilities: Abilities { roles, ..Abilities::default() },
                confirmed: None,
                old_after_ms: 90_000,
                latency_ms: None,
                calls_per_min: 0,
                last_error: None,
                holds: "".into(),
            };
            model.world.sources.insert(SourceId::new(name), state);
        }
        for r in crate::config::runbook::shipped() {
            model.runbooks.insert(r.name.clone(), r);
        }
        given(&mut model);
        let mut run = Run {
            model,
            world,
            log: Log::Works,
            blind: false,
            unseen: false,
            tape: Vec::new(),
            effects: Vec::new(),
            records: Vec::new(),
            draft: None,
            here: Here::default(),
            sent: Vec::new(),
            gathered,
            leaps: false,
            name: if person == 1_000_000 { "drill".into() } else { format!("drill-{person}") },
            before: Vec::new(),
            queue: VecDeque::new(),
            person,
            lines: None,
        };
        let session = run.name.as_str().into();
        run.queue.push_back(Msg::LogOpened { session });
        if !records.is_empty() {
            let one = |(n, e): (u64, &Entry)| Record::of(e, "before", n, Hlc(e.at.0, n as u32), e.at);
            let log = (1..).zip(&records).map(one).collect();
            run.queue.push_back(Msg::Recovered(Box::new(Recovered { records: log, ..Recovered::default() })));
        }
        run.before = records;
        let now = run.world.snapshot();
        run.told(now);
        run.drain();
        run.wait(3_100);
        run
    }

    fn told(&mut self, facts: Vec<(SourceId, Fact)>) {
        for (source, mut fact) in facts {
            if let Fact::Target(t) = &mut fact {
                self.gather(t);
            }
            self.queue.push_back(Msg::Fact { source, fact: Box::new(fact) });
        }
    }

    fn gather(&self, t: &mut TargetState) {
        if let Some((_, to)) = self.gathered.filter(|(from, _)| t.service.as_str() == *from) {
            t.service = ServiceId::new(to);
        }
    }

    fn stamp(&self) -> Stamp {
        let utc = self.world.now();
        Stamp { utc, world: WorldTime(utc.0), person: Person(self.person) }
    }

    /// One message, and everything that follows from it at once.
    pub fn apply(&mut self, msg: Msg) {
        self.queue.push_back(msg);
        self.drain();
    }

    fn drain(&mut self) {
        let mut turns = 0;
        loop {
            while let Some(msg) = self.queue.pop_front() {
                turns += 1;
                assert!(turns < 100_000, "messages without end");
                let at = self.stamp();
                self.tape.push((at, msg.clone()));
                for e in update(&mut self.model, at, msg) {
                    self.effects.push(e.clone());
                    self.perform(e);
                }
            }
            let shown = self.model.dialog.as_ref().filter(|d| d.flushed.is_none()).map(|d| d.id);
            match shown {
                Some(id) if !self.unseen => self.queue.push_back(Msg::Flushed(id)),
                Some(_) | None => return,
            }
        }
    }

    fn perform(&mut self, e: Effect) {
        match e {
            Effect::Append { entry, ticket } => {
                if self.log == Log::Works {
                    let (seq, utc) = (self.records.len() as u64 + 1, self.world.now());
                    let record = Record::of(&entry, &self.name, seq, Hlc(utc.0, seq as u32), utc);
                    self.queue.push_back(Msg::Records(vec![record]));
                }
                self.records.push(entry);
                if let Some(ticket) = ticket {
                    match self.log {
                        Log::Works => self.queue.push_back(Msg::Durable(ticket)),
                        Log::Fails => self.queue.push_back(Msg::NotDurable { ticket, why: "no space left".into() }),
                        Log::Hangs => {}
                    }
                }
            }
            Effect::AppendLate { entry, .. } => self.records.push(entry),
            Effect::Here(here) => self.here = *here,
            Effect::Plan { dialog, operation } => {
                let known = self.model.world.targets.get(&operation.target).cloned();
                let read = self.read(&operation.target);
                let on = match &read {
                    Ok(t) => t.as_deref().cloned(),
                    Err(_) => known,
                };
                let plan = on.map(|t| Box::new(self.world.plan(&operation, &t)));
                self.queue.push_back(Msg::Planned { dialog, read, plan });
            }
            Effect::Reread { act, target } => {
                let read = self.read(&target);
                self.queue.push_back(Msg::Reread { act, read });
            }
            Effect::Perform { ticket, step, .. } => {
                self.sent.push(ticket);
                let outcome = self.world.send(&step);
                self.queue.push_back(Msg::Answered { ticket, outcome });
            }
            Effect::Ask { id, question, .. } => {
                let answer = match question {
                    Question::Read(t) => {
                        self.read(&t).map(|t2| vec![t2.map_or_else(|| Fact::Gone(t.clone()), Fact::Target)])
                    }
                    Question::Blocks { service, from, count } => self
                        .world
                        .blocks(&service, from, count)
                        .map(|b| vec![Fact::Blocks(b)])
                        .ok_or_else(|| SourceError::new(Trouble::NotFound, "no such service")),
                    Question::WayBack(t) => self.looked(self.world.way_back(&t).map(Fact::WayBack)),
                    Question::Evidence(t) => self.looked(self.world.evidence(&t).map(|e| Fact::Evidence(Box::new(e)))),
                    Question::Raw(t) => self.looked(self.world.raw_of(&t).map(|r| Fact::Raw(Box::new(r)))),
                    Question::Logs(of) => {
                        let told = self.world.log_lines(&of, None);
                        Ok(told.into_iter().map(|l| Fact::Logs(Box::new(l))).collect())
                    }
                    Question::Check(q) => self.world.check(&q).map(|c| vec![Fact::Checked(c)]),
                };
                self.queue.push_back(Msg::Asked { id, answer });
            }
            // A drill played in a test has no files: what it holds is all there is.
            Effect::LogPage { before } => {
                self.queue.push_back(Msg::LogPage(Box::new(LogPage { before, start: true, ..LogPage::default() })));
            }
            Effect::KeepDraft(draft) => self.draft = draft.map(|d| *d),
            Effect::Interest(i) => {
                if i.logs.as_ref() != self.lines.as_ref().map(|(of, _)| of) {
                    self.lines = i.logs.map(|of| (of, None));
                    self.follow();
                }
            }
            Effect::Mark(_)
            | Effect::Login(_)
            | Effect::Copy(_)
            | Effect::Speed(_)
            | Effect::Play(_)
            | Effect::Choose(_)
            | Effect::Theme(_)
            | Effect::Reload
            | Effect::Bell
            | Effect::Say(_)
            | Effect::Repaint
            | Effect::Suspend
            | Effect::Quit(_) => {}
        }
    }

    fn looked(&self, fact: Option<Fact>) -> Result<Vec<Fact>, SourceError> {
        if self.blind {
            return Err(SourceError::new(Trouble::Timeout, "no answer in 5 s"));
        }
        fact.map(|f| vec![f]).ok_or_else(|| SourceError::new(Trouble::NotFound, "the drill has no such rollout"))
    }

    /// What the pods wrote since the last look, where somebody follows.
    fn follow(&mut self) {
        let Some((of, from)) = &mut self.lines else { return };
        let told = self.world.log_lines(of, *from);
        *from = Some(self.world.now());
        let source = of.target.source.clone();
        self.queue.extend(
            told.into_iter().map(|l| Msg::Fact { source: source.clone(), fact: Box::new(Fact::Logs(Box::new(l))) }),
        );
    }

    fn read(&self, target: &crate::core::id::TargetId) -> Result<Option<Box<TargetState>>, SourceError> {
        if self.blind {
            return Err(SourceError::new(Trouble::Timeout, "no answer in 2 s"));
        }
        let mut read = self.world.read(target).map(Box::new);
        if let Some(t) = &mut read {
            self.gather(t);
        }
        Ok(read)
    }

    /// Let time pass on both clocks, in steps of at most 250 ms, with the facts that come.
    pub fn wait(&mut self, ms: i64) {
        let mut left = ms;
        while left > 0 {
            let step = left.min(if self.leaps { self.next_due() } else { 250 });
            left -= step;
            self.person += step;
            let to = crate::core::time::Utc(self.world.now().0 + step);
            let facts = self.world.advance_to(to);
            self.told(facts);
            self.follow();
            self.queue.push_back(Msg::Tick);
            self.drain();
        }
    }

    /// Milliseconds until something happens by itself, in the world or to the model. Figures grow old between.
    fn next_due(&self) -> i64 {
        let (person, world) = next_wake(&self.model);
        let now = self.world.now();
        let due =
            [Some(self.world.next_due().0 - now.0), person.map(|p| p.0 - self.person), world.map(|w| w.0 - now.0)];
        due.into_iter().flatten().min().unwrap_or(5_000).clamp(50, 5_000)
    }

    /// Person time alone: the world stands still (a drill's clock at a crawl).
    pub fn think(&mut self, ms: i64) {
        self.person += ms;
        self.apply(Msg::Tick);
    }

    /// Keys as a hand types them: `"a r"`, `"esc"`, `"enter"`, `"space"`; anything else letter by letter.
    pub fn keys(&mut self, keys: &str) {
        for k in keys.split_whitespace() {
            let code = match k {
                "esc" => Code::Esc,
                "enter" => Code::Enter,
                "space" => Code::Char(' '),
                "backspace" => Code::Backspace,
                "down" => Code::Down,
                "up" => Code::Up,
                _ => {
                    for c in k.chars() {
                        self.key(Key::char(c));
                    }
                    continue;
                }
            };
            self.key(Key::plain(code));
        }
    }

    pub fn key(&mut self, key: Key) {
        self.wait(FINGER);
        self.apply(Msg::Key(key));
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
