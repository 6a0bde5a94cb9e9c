//! One loop you can read aloud.

use super::clock::Clock;
use super::command::{Commands, Hands};
use super::drafts::Drafts;
use super::effects::Ports;
use super::inbox::{FromTerminal, Inbox};
use super::logbook::Logbook;
use super::login::{self, Running};
use super::pace::Pace;
use super::probe::Prober;
use super::tape::TapeDeck;
use super::turns::Leaves;
use crate::backends::Login;
use crate::core::act::flight::{Act, State};
use crate::core::act::plan::Direction;
use crate::core::case::runbook::want::Judged;
use crate::core::effect::{Choice, Effect};
use crate::core::entry::Kind;
use crate::core::id::{DialogId, SourceId};
use crate::core::model::Model;
use crate::core::msg::{Msg, Picked, Reloaded};
use crate::core::time::{Person, Stamp};
use crate::core::update::{next_wake, update};
use crate::core::world::fact::Fact;
use crate::journal::kill;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What shows the model to somebody. A terminal, or nothing.
pub trait Front {
    /// Draw it; the dialog drawn is reported as flushed when it has been written.
    fn draw(&mut self, model: &Model);
    /// A short digest of what `draw` would show: what a replay must show again.
    fn digest(&self, model: &Model) -> String;
    fn repaint(&mut self) {}
    fn suspend(&mut self) {}
    /// Leaves the screen to a program, with this line above it; `resume` takes it back. `false`: this front cannot.
    fn leave(&mut self, line: &str) -> bool {
        let _ = line;
        false
    }
    fn resume(&mut self) {}
    /// Puts text on the clipboard; where it was also saved.
    fn copy(&mut self, _text: &str) -> Option<String> {
        None
    }
    /// Draws with this theme from now on; why not, in words.
    fn theme(&mut self, _name: &str) -> Result<(), String> {
        Err("lines have no theme".into())
    }
    /// Reads keymap and theme files again. `None`: this front has none.
    fn reload(&mut self) -> Option<Reloaded> {
        None
    }
    fn bell(&mut self) {}
    /// What a click on this cell chooses, as it was last drawn.
    fn at(&self, _x: u16, _y: u16) -> Option<Picked> {
        None
    }
    /// One line, for a front that has no screen.
    fn say(&mut self, line: &str);
    /// Milliseconds between frames that facts cause (limits.md section 4: 100, or 500 on a slow line).
    fn frame_ms(&self) -> i64;
    /// `--slow`: the line takes 960 bytes a second.
    fn slow(&self) -> bool {
        false
    }
    /// The clock on screen moves: wake once a second.
    fn ticks(&self) -> bool;
}

/// Why the loop ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Quit(u8),
    Chosen(Choice),
}

pub struct Engine<F: Front> {
    pub model: Model,
    pub front: F,
    pub inbox: Inbox,
    clock: Arc<dyn Clock>,
    ports: Option<Ports>,
    log: Option<Logbook>,
    tape: Option<TapeDeck>,
    drafts: Option<Drafts>,
    /// Programs of runbooks, and addresses they ask.
    commands: Commands,
    prober: Prober,
    /// The login command that has the terminal.
    login: Running,
    /// Where the tape begins, once the log is open and has named the session.
    tape_dir: Option<PathBuf>,
    /// Revision last drawn.
    drawn: u64,
    pace: Pace,
    /// Second of the clock last drawn.
    drawn_second: i64,
    last: Stamp,
    end: Option<End>,
}

/// Messages taken from the inbox at a time, before keys are looked at again.
const BITE: usize = 256;
/// Or as many as this many milliseconds allow (architecture: 256 messages or 4 ms).
const BITE_MS: i64 = 4;
/// Taken at once; the clock is looked at in between.
const SIP: usize = 16;
/// Bytes a second of a slow line, 9600 bit/s (limits.md section 4).
const SLOW_LINE: i64 = 960;
/// How long in-flight outcomes are waited for at the end (terminal-and-safety 5.3).
const LAST_WORDS_MS: i64 = 2_000;
/// And programs of runbooks, whose supervisors have two deadlines of their own, a second each.
const LAST_PROGRAMS_MS: i64 = 2_600;

impl<F: Front> Engine<F> {
    pub fn new(model: Model, front: F, inbox: Inbox, clock: Arc<dyn Clock>) -> Engine<F> {
        let last = clock.now();
        Engine {
            model,
            front,
            inbox,
            clock,
            ports: None,
            log: None,
            tape: None,
            drafts: None,
            commands: Commands::default(),
            prober: Prober::new(Hands::Nowhere),
            login: Running::default(),
            tape_dir: None,
            drawn: u64::MAX,
            pace: Pace::default(),
            drawn_second: 0,
            last,
            end: None,
        }
    }

    pub fn with_ports(&mut self, ports: Ports) {
        self.ports = Some(ports);
    }

    pub fn with_log(&mut self, log: Logbook) {
        self.log = Some(log);
    }

    pub fn with_drafts(&mut self, drafts: Drafts) {
        self.drafts = Some(drafts);
    }

    /// Who runs programs of runbooks and asks addresses; without it nobody does.
    pub fn with_hands(&mut self, hands: Hands) {
        self.commands = Commands::new(hands.clone());
        self.prober = Prober::new(hands);
    }

    pub fn with_tape(&mut self, dir: PathBuf) {
        self.tape_dir = Some(dir);
    }

    fn begin_tape(&mut self) {
        if self.tape_dir.is_none() {
            return;
        }
        let Some(session) = self.log.as_mut().and_then(|l| l.session().map(str::to_owned)) else { return };
        let Some(dir) = self.tape_dir.take() else { return };
        match TapeDeck::open(&dir, &session, &self.model, self.last) {
            Ok(deck) => self.tape = Some(deck),
            // The log never depends on the tape.
            Err(e) => tracing::warn!(error = %e, "no tape"),
        }
    }

    /// Time never goes back within a session, whatever the key's own stamp says.
    fn stamp(&mut self, person: Option<Person>) -> Stamp {
        let mut now = self.clock.now();
        if let Some(p) = person {
            now.person = p;
        }
        now.person = now.person.max(self.last.person);
        now.world = now.world.max(self.last.world);
        self.last = now;
        now
    }

    /// One message through tape, update and effects.
    pub fn apply(&mut self, msg: Msg, person: Option<Person>) {
        let at = self.stamp(person);
        if let Some(t) = &mut self.tape {
            t.note(at, &msg);
        }
        if matches!(&msg, Msg::Fact { fact, .. } if matches!(**fact, Fact::Whole(_))) {
            self.pace.whole();
        }
        let effects = update(&mut self.model, at, msg);
        if let Some(t) = &mut self.tape {
            t.effects(&effects);
        }
        for e in effects {
            // A request leaves after what was said before it.
            if matches!(e, Effect::Perform { .. } | Effect::SidePerform { .. }) {
                self.flush_log();
            }
            self.perform(e, at);
        }
        self.flush_log();
    }

    fn flush_log(&mut self) {
        if let Some(log) = &mut self.log {
            log.flush();
        }
    }

    fn perform(&mut self, effect: Effect, at: Stamp) {
        match effect {
            Effect::Append { mut entry, ticket } => {
                self.commands.fill(&mut entry);
                if matches!(entry.kind, Kind::Accepted | Kind::Refused | Kind::Unknown) {
                    kill::point("between-answer-and-record");
                }
                match &mut self.log {
                    Some(log) => log.append(entry, at, ticket),
                    // No log at all (a test without one): an intent is never durable, so nothing forward leaves.
                    None => {
                        if let Some(ticket) = ticket {
                            self.inbox.answer(Msg::NotDurable { ticket, why: "there is no log".into() });
                        }
                    }
                }
            }
            Effect::AppendLate { entry, ticket } => {
                if let Some(log) = &mut self.log {
                    log.append_late(entry, at, ticket);
                }
            }
            Effect::LogPage { before } => {
                if let Some(log) = &self.log {
                    log.page(before);
                }
            }
            Effect::KeepDraft(draft) => {
                if let Some(keeper) = &self.drafts {
                    keeper.keep(draft.map(|d| *d));
                }
            }
            Effect::Here(here) => {
                if let Some(log) = &mut self.log {
                    log.here(&here);
                }
            }
            Effect::Plan { dialog, operation } => {
                let known = self.model.world.targets.get(&operation.target).cloned();
                if let Some(p) = &self.ports {
                    p.plan(dialog, operation, known);
                }
            }
            Effect::Reread { act, target } => {
                if let Some(p) = &self.ports {
                    let patient = self.model.acts.get(&act).is_some_and(Act::is_release);
                    p.reread(act, target, patient);
                }
            }
            Effect::Perform { ticket, target, step } => {
                let act = self.model.tickets.get(&ticket).and_then(|id| self.model.acts.get(id));
                let leaves = match act {
                    Some(a) if a.plan.operation.cord => Leaves::InTurn,
                    Some(a) if a.direction() == Direction::Backward => Leaves::First,
                    Some(_) | None => Leaves::AtOnce,
                };
                if let Some(p) = &self.ports {
                    p.perform(ticket, &target, *step, leaves);
                }
            }
            Effect::SidePlan { dialog, source, act } => {
                if let Some(p) = &self.ports {
                    p.side_plan(dialog, &source, &act);
                }
            }
            Effect::SidePerform { ticket, plan } => {
                if let Some(p) = &self.ports {
                    p.side_perform(ticket, *plan);
                }
            }
            Effect::Ask { id, source, question } => {
                if let Some(p) = &self.ports {
                    p.ask(id, &source, question);
                }
            }
            Effect::Probe { id, url, wants } => match (self.prober.told(&url, &wants), &self.ports) {
                (Some(found), _) => self.inbox.answer(Msg::Probed { id, found }),
                (None, Some(p)) => p.probe(id, url, wants, self.prober.clone()),
                (None, None) => {
                    let found = Judged::no("no source runs, so nothing is asked");
                    self.inbox.answer(Msg::Probed { id, found });
                }
            },
            Effect::Run(order) => self.commands.start(*order, &self.inbox),
            Effect::StopRun(ticket) => self.commands.stop(ticket),
            Effect::Interest(moving) => {
                if let Some(p) = &self.ports {
                    p.interest(*moving);
                }
            }
            Effect::Mark(mark) => {
                if let Some(p) = &self.ports {
                    p.mark(*mark);
                }
            }
            Effect::Login(source) => self.log_in(source),
            Effect::Copy(text) => {
                let file = self.front.copy(&crate::journal::redact::text(&text)).map(Arc::from);
                self.inbox.answer(Msg::Copied { file });
            }
            Effect::Speed(speed) => self.clock.set_speed(speed),
            Effect::Play(how) => self.clock.play(how),
            Effect::Choose(choice) => self.end = Some(End::Chosen(choice)),
            Effect::Theme(name) => {
                let refused = self.front.theme(&name).err().map(Arc::from);
                self.inbox.answer(Msg::Themed { name, refused });
            }
            Effect::Reload => {
                let read = self.front.reload().unwrap_or_default();
                self.inbox.answer(Msg::Reloaded(Box::new(read)));
            }
            Effect::Bell => self.front.bell(),
            Effect::Say(line) => self.front.say(&line),
            Effect::Repaint => {
                self.front.repaint();
                self.drawn = u64::MAX;
            }
            Effect::Suspend => self.front.suspend(),
            Effect::Quit(code) => self.end = Some(End::Quit(code)),
        }
    }

    /// The loop goes on meanwhile: acts settle, records are written, nothing is drawn.
    fn log_in(&mut self, source: SourceId) {
        let logins = match self.ports.as_ref().map(|p| p.login(&source)) {
            Some(Ok(logins)) => logins,
            Some(Err(why)) => return self.inbox.answer(Msg::LoggedIn { source, failed: Some(why) }),
            None => return,
        };
        let words: Vec<String> = logins.iter().map(Login::shown).collect();
        let line = format!("andon: {} (its end leads back to andon)", words.join(", then "));
        if self.front.leave(&line) {
            login::start(source, logins, self.login.clone(), self.inbox.clone());
        } else {
            let failed = Some(format!("not from here; run it in another terminal: {}", words.join(", then ")).into());
            self.inbox.answer(Msg::LoggedIn { source, failed });
        }
    }

    fn terminal_said(&mut self, from: FromTerminal) {
        match from {
            FromTerminal::Msg(msg, at) => self.apply(msg, Some(at)),
            FromTerminal::Click(x, y, at) => {
                if let Some(what) = self.front.at(x, y) {
                    self.apply(Msg::Picked(what), Some(at));
                }
            }
            FromTerminal::End(code) => {
                // A login that has the terminal ends with us.
                self.login.end();
                self.apply(Msg::Ending { code }, None);
            }
            FromTerminal::Stop => self.apply(Msg::Stopped, None),
            // The terminal is the login's until that ends.
            FromTerminal::Continued if self.login.is_some() => {}
            FromTerminal::Continued => {
                self.front.resume();
                self.drawn = u64::MAX;
                self.apply(Msg::Resumed, None);
            }
            FromTerminal::LoggedIn { source, failed } => {
                self.front.resume();
                self.drawn = u64::MAX;
                if let (None, Some(p)) = (&failed, &self.ports) {
                    p.renew(&source);
                }
                self.apply(Msg::LoggedIn { source, failed }, None);
            }
            FromTerminal::Flushed(id, bytes) => {
                let dialog = DialogId(id);
                let msg = if self.front.slow() {
                    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX / 1_000);
                    Msg::Arriving { dialog, line_ms: bytes * 1_000 / SLOW_LINE }
                } else {
                    Msg::Flushed(dialog)
                };
                self.apply(msg, None);
            }
        }
    }

    /// Draw when something changed: at once after a key, at most so often for facts, never for nothing.
    fn draw(&mut self, at_once: bool) {
        let now = self.clock.now();
        let second = now.utc.secs();
        let moved = self.front.ticks() && second != self.drawn_second;
        if self.model.revision == self.drawn && !moved {
            return;
        }
        if !at_once && self.pace.wait(now.person, self.front.frame_ms()) > 0 {
            return;
        }
        // The clock of the frame alone: what fell due since the last message is still to be looked at.
        let drawn_at = self.stamp(None);
        let decided = std::mem::replace(&mut self.model.now, drawn_at);
        self.front.draw(&self.model);
        self.model.now = decided;
        self.drawn = self.model.revision;
        self.pace.drew(now.person);
        self.drawn_second = second;
    }

    /// How long nothing can happen by itself.
    fn nap(&self) -> Duration {
        let now = self.clock.now();
        let mut ms: i64 = 60_000;
        let (person, world) = next_wake(&self.model);
        if let Some(p) = person {
            ms = ms.min(p.0 - now.person.0);
        }
        if let Some(w) = world {
            ms = ms.min(self.clock.until_world(w).unwrap_or(0));
        }
        if self.front.ticks() {
            ms = ms.min(1000 - now.utc.0.rem_euclid(1000));
        }
        if self.model.revision != self.drawn {
            ms = ms.min(self.pace.wait(now.person, self.front.frame_ms()));
        }
        // Figures grow old second by second while something is judged.
        if !self.model.judged.is_empty() {
            ms = ms.min(1_000);
        }
        Duration::from_millis(u64::try_from(ms.max(1)).unwrap_or(1))
    }

    /// Before anything else is started.
    pub fn first_frame(&mut self) {
        self.draw(true);
    }

    /// Run until somebody leaves.
    pub fn run(&mut self) -> End {
        self.draw(true);
        loop {
            self.inbox.wait(self.nap());
            if let Some(end) = self.turn() {
                return end;
            }
        }
    }

    /// One turn without waiting: what is here is worked off, bounded. `Some` when it is over.
    pub fn turn(&mut self) -> Option<End> {
        self.begin_tape();
        let mut keyed = false;
        // Keys first, but a flood of them must not starve what the sources say, nor the screen.
        for _ in 0..BITE {
            let Some(from) = self.inbox.take_terminal() else { break };
            keyed |= matches!(from, FromTerminal::Msg(..) | FromTerminal::Click(..) | FromTerminal::Continued);
            let before = self.model.dialog.as_ref().map(|d| d.id);
            self.terminal_said(from);
            if before.is_none() && self.model.dialog.is_some() {
                self.inbox.drop_typed();
            }
            if self.end.is_some() {
                break;
            }
        }
        if keyed {
            self.draw(true);
        }
        if self.end.is_none() {
            self.draw(false);
            let begun = self.clock.now().person.0;
            let mut any = false;
            let mut left = BITE;
            // What is taken is always applied, so little is taken at a time: keys wait a few milliseconds, not a bite.
            while left > 0 && self.end.is_none() && self.clock.now().person.0 - begun < BITE_MS {
                let some = self.inbox.take(left.min(SIP));
                if some.is_empty() {
                    break;
                }
                any = true;
                left = left.saturating_sub(some.len());
                for msg in some {
                    self.apply(msg, None);
                }
            }
            if !any {
                self.apply_tick();
            }
            self.draw(false);
            self.rotate_tape();
        }
        self.end.take().inspect(|end| {
            if matches!(end, End::Quit(_)) {
                self.last_words();
            }
        })
    }

    /// Time alone; kept off the tape's way when nothing is due.
    fn apply_tick(&mut self) {
        let now = self.clock.now();
        let (person, world) = next_wake(&self.model);
        let due = person.is_some_and(|p| p <= now.person)
            || world.is_some_and(|w| w <= now.world)
            || (!self.model.judged.is_empty() && now.person.0 / 1000 != self.model.aged_at);
        if due || self.model.aged_at < 0 {
            self.apply(Msg::Tick, None);
        }
    }

    fn rotate_tape(&mut self) {
        let quiet = self.model.dialog.is_none() && self.last.person.0 - self.model.nav.keys_at[2].0 > 1_000;
        // As it was last drawn: a replay draws it with this stamp.
        let decided = std::mem::replace(&mut self.model.now, self.last);
        if let Some(t) = &mut self.tape {
            let digest = || self.front.digest(&self.model);
            t.rotate(&self.model, self.last, quiet, digest);
        }
        self.model.now = decided;
    }

    /// Outcomes of what has left are still written, and a way back that was confirmed still goes out; then log and tape
    /// are closed.
    fn last_words(&mut self) {
        let begun = self.clock.now().person.0;
        let busy = |e: &Self| {
            let waited = e.clock.now().person.0 - begun;
            let sending = e.ports.as_ref().is_some_and(|p| p.sending() > 0)
                || e.model.acts.values().any(|a| matches!(a.state, State::Preparing | State::Logging | State::Sending));
            sending && waited < LAST_WORDS_MS || e.commands.running() > 0 && waited < LAST_PROGRAMS_MS
        };
        self.commands.stop_all();
        while busy(self) {
            self.inbox.wait(Duration::from_millis(50));
            for msg in self.inbox.take(BITE) {
                // Facts would only start what nobody sees the end of.
                let last = matches!(msg, Msg::Answered { .. } | Msg::Reread { .. } | Msg::RunEnded { .. });
                if last || matches!(msg, Msg::Durable(_) | Msg::NotDurable { .. }) {
                    self.apply(msg, None);
                }
            }
        }
    }

    /// Close log and tape; the log's head hash, where the disk took it.
    pub fn close(mut self) -> (F, Option<String>) {
        let at = self.stamp(None);
        self.model.now = at;
        let digest = self.front.digest(&self.model);
        if let Some(t) = self.tape.take() {
            t.close(at, digest);
        }
        let head = self.log.take().and_then(|l| l.close(at));
        // Tasks are ended before the front is given back.
        self.ports = None;
        (self.front, head)
    }
}
