//! A drill played through the core without clock, thread or terminal: the simulated world advances with the stamps, every
//! effect is performed at once. Both clocks are simulated; the same keys at the same moments give the same run.

use crate::backends::sim::World;
use crate::core::act::plan::{Outcome, Ticket};
use crate::core::case::note::{Draft, Editor, no_editor};
use crate::core::case::people::Here;
use crate::core::case::runbook::Runbook;
use crate::core::case::runbook::order::{Ended, How};
use crate::core::case::runbook::want::{Judged, judge_text};
use crate::core::effect::{Effect, Question};
use crate::core::entry::Entry;
use crate::core::id::{ServiceId, SourceId};
use crate::core::key::{Code, Key};
use crate::core::keymap::Keymap;
use crate::core::model::{Environment, Model, Place};
use crate::core::msg::{LogPage, Msg, Recovered};
use crate::core::record::{Hlc, Record};
use crate::core::time::{Person, Stamp, Utc, World as WorldTime};
use crate::core::update::{next_wake, update};
use crate::core::world::evidence::LogsOf;
use crate::core::world::fact::Fact;
use crate::core::world::source::{Roles, SourceError, SourceState, Trouble};
use crate::core::world::target::TargetState;
use std::collections::VecDeque;
use std::sync::Arc;

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
    /// When each of them was given to the log.
    pub appended: Vec<Stamp>,
    /// `tape` and `effects` are kept: for tests, and for nothing that plays many.
    pub recording: bool,
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
    /// What becomes of the answers of side acts on their way; `None` loses one.
    pub answers: Option<fn(Outcome) -> Option<Outcome>>,
    /// Its session in the log, and what consoles before it wrote.
    name: String,
    pub(crate) before: Vec<Entry>,
    queue: VecDeque<Msg>,
    pub(crate) person: i64,
    /// Log lines that are followed, and up to when they were told.
    lines: Option<(LogsOf, Option<Utc>)>,
}

/// Milliseconds between two keys of a hand.
pub(crate) const FINGER: i64 = 120;

/// What a console opens with.
pub struct Opening {
    pub keymap: Keymap,
    pub runbooks: Vec<Runbook>,
    /// `mira@bastion-2`
    pub who: Arc<str>,
    /// Person time at the opening, milliseconds.
    pub person: i64,
    /// See [`Run::gathered`].
    pub gathered: Option<(&'static str, &'static str)>,
    /// What consoles before it wrote.
    pub records: Vec<Entry>,
    /// See [`Run::recording`].
    pub recording: bool,
    /// What takes the keys of a note. The editor is the screens' own: without one handed in, notes stay empty.
    pub editor: Editor,
}

impl Opening {
    pub fn new(keymap: Keymap, runbooks: Vec<Runbook>) -> Opening {
        let who = "mira@bastion-2".into();
        Opening {
            keymap,
            runbooks,
            who,
            person: 1_000_000,
            gathered: None,
            records: Vec::new(),
            recording: false,
            editor: no_editor(),
        }
    }
}

impl Run {
    /// Opens a console on the world: the sources' first answers are in, the opening screen has chosen.
    pub fn open(world: World, with: Opening, given: impl FnOnce(&mut Model)) -> Run {
        let Opening { keymap, runbooks, who, person, gathered, records, recording, editor } = with;
        let scenario = world.scenario().clone();
        let at = Stamp { utc: world.now(), world: WorldTime(world.now().0), person: Person(person) };
        let environment = Environment {
            name: "drill".into(),
            place: Place::Drill,
            production: true,
            read_only: false,
            who,
            goal: Some(scenario.goal.as_str().into()),
        };
        let mut model = Model::new(environment, keymap, at);
        for s in &scenario.services {
            let s = s.service();
            model.world.services.insert(s.name.clone(), s);
        }
        let desk = world.desk_source().map(|name| (&name.0, world.abilities(name).roles));
        let two = [
            (&scenario.cluster, Roles { rollouts: true, ..Roles::default() }),
            (&scenario.metrics, Roles { telemetry: true, ..Roles::default() }),
        ];
        for (name, roles) in two.into_iter().chain(desk) {
            let state = SourceState::connecting("simulated", roles);
            model.world.sources.insert(SourceId::new(name), state);
        }
        for r in runbooks {
            model.runbooks.insert(r.name.clone(), r);
        }
        model.editor = editor;
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
            appended: Vec::new(),
            recording,
            draft: None,
            here: Here::default(),
            sent: Vec::new(),
            gathered,
            leaps: false,
            answers: None,
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
                if self.recording {
                    self.tape.push((at, msg.clone()));
                }
                for e in update(&mut self.model, at, msg) {
                    if self.recording {
                        self.effects.push(e.clone());
                    }
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
                self.keep(entry);
                if let Some(ticket) = ticket {
                    match self.log {
                        Log::Works => self.queue.push_back(Msg::Durable(ticket)),
                        Log::Fails => self.queue.push_back(Msg::NotDurable { ticket, why: "no space left".into() }),
                        Log::Hangs => {}
                    }
                }
            }
            Effect::AppendLate { entry, .. } => self.keep(entry),
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
            Effect::SidePlan { dialog, act, .. } => {
                let plan = Box::new(self.world.side_plan(&act));
                self.queue.push_back(Msg::SidePlanned { dialog, plan });
            }
            Effect::SidePerform { ticket, plan } => {
                self.sent.push(ticket);
                let outcome = self.world.side(&plan);
                if let Some(outcome) = self.answers.unwrap_or(Some)(outcome) {
                    self.queue.push_back(Msg::Answered { ticket, outcome });
                }
            }
            Effect::Ask { id, question, .. } => {
                let answer = match question {
                    Question::Read(t) => {
                        self.read(&t).map(|t2| vec![t2.map_or_else(|| Fact::Gone(t.clone()), Fact::Target)])
                    }
                    Question::Blocks { service, from, count } => self
                        .world
                        .history(&service, from, count)
                        .ok_or_else(|| SourceError::new(Trouble::NotFound, "no such service")),
                    Question::WayBack(t) => self.looked(self.world.way_back(&t).map(Fact::WayBack)),
                    Question::Evidence(t) => self.looked(self.world.evidence(&t).map(|e| Fact::Evidence(Box::new(e)))),
                    Question::Raw(t) => self.looked(self.world.raw_of(&t).map(|r| Fact::Raw(Box::new(r)))),
                    Question::Logs(of) => {
                        let told = self.world.log_lines(&of, None);
                        Ok(told.into_iter().map(|l| Fact::Logs(Box::new(l))).collect())
                    }
                    Question::Beside if self.blind => Err(SourceError::new(Trouble::Timeout, "no answer in 5 s")),
                    Question::Beside => Ok(self.world.beside_now()),
                    Question::Check(q) => self.world.check(&q).map(|c| vec![Fact::Checked(c)]),
                    Question::DryRun(_) => Ok(Vec::new()),
                };
                self.queue.push_back(Msg::Asked { id, answer });
            }
            Effect::Probe { id, url, wants } => {
                let found = match self.world.scenario().answer_address(&url) {
                    Some((body, status)) => judge_text(status, true, &body, &wants),
                    None => Judged::no("the drill reaches no address"),
                };
                self.queue.push_back(Msg::Probed { id, found });
            }
            Effect::Run(order) => {
                let ended = match self.world.scenario().answer_command(&order.command.words()) {
                    Some((text, exit)) => Ended::told(&order, exit, &text),
                    None => Ended { how: How::Unknown("the drill does not run commands".into()), ..Ended::not_run("") },
                };
                self.queue.push_back(Msg::RunEnded { ticket: order.ticket, ended: Box::new(ended) });
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
            | Effect::StopRun(_)
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

    fn keep(&mut self, entry: Entry) {
        self.appended.push(self.stamp());
        self.records.push(entry);
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
        self.advance(ms, ms);
    }

    /// Let both clocks go on, each by its own time: a drill that runs faster, or stands, while a person goes on. In steps
    /// of at most 250 ms of the faster one, or from one thing that is due to the next ([`Run::leaps`]).
    pub fn advance(&mut self, world: i64, person: i64) {
        let (all, mut gone) = (world.max(person).max(0), 0);
        let share = |part: i64, gone: i64| i64::try_from(i128::from(part) * i128::from(gone) / i128::from(all.max(1)));
        let (world_from, person_from) = (self.world.now().0, self.person);
        while gone < all {
            gone += (all - gone).min(if self.leaps { self.next_due() } else { 250 });
            // Both parts are shares of a sum of milliseconds of one drill: they fit.
            self.person = person_from + share(person, gone).unwrap_or(0);
            let to = Utc(world_from + share(world, gone).unwrap_or(0));
            let facts = self.world.advance_to(to);
            self.told(facts);
            self.follow();
            self.queue.push_back(Msg::Tick);
            self.drain();
        }
    }

    /// Milliseconds of person time since the opening's clock began.
    pub fn person(&self) -> i64 {
        self.person
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
}
