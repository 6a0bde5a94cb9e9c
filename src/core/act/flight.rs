//! An act under way: from the confirmed dialog until every replica agrees, or until it says why not.
//! A request that was accepted has done nothing yet.

use super::many::Together;
use super::plan::{Direction, Plan, Refused, RefusedBy, Step, Ticket};
use crate::core::id::ActId;
use crate::core::id::TargetId;
use crate::core::time::{Person, Stamp, Utc, World};
use crate::core::world::target::TargetState;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Confirmed; the intent goes to disk and the target is read again, side by side.
    Preparing,
    /// One name is asked for everything that is not as it should be.
    NeedsName,
    /// The next step waits for its condition.
    Waiting,
    /// A later step's intent goes to disk.
    Logging,
    Sending,
    /// Stored by the server: a wish.
    Accepted,
    /// The server has reacted.
    Seen,
    Settled,
    Stuck(Arc<str>),
    Refused(Refused),
    /// It may have happened; being read back.
    Unknown(Arc<str>),
    /// Resolved by reading: it did not happen.
    NotDone(Arc<str>),
    /// It had settled, and somebody took it back.
    Undone(Arc<str>),
    /// A backward act went past it.
    Overtaken,
    /// Given up before anything was sent.
    Dropped(Arc<str>),
}

impl State {
    /// Nothing more will come of it by itself.
    pub fn is_over(&self) -> bool {
        match self {
            State::Settled
            | State::Refused(_)
            | State::NotDone(_)
            | State::Undone(_)
            | State::Overtaken
            | State::Dropped(_) => true,
            State::Preparing
            | State::NeedsName
            | State::Waiting
            | State::Logging
            | State::Sending
            | State::Accepted
            | State::Seen
            | State::Stuck(_)
            | State::Unknown(_) => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnDisk {
    /// Since when it waits.
    Waiting(Person),
    Yes,
    No(Arc<str>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadBack {
    Waiting(Person),
    Fine,
    Failed(Arc<str>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub at: Utc,
    pub text: Arc<str>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Act {
    pub id: ActId,
    pub plan: Plan,
    /// The target as pinned.
    pub seen: Box<TargetState>,
    /// The figures as shown when it was confirmed, for the record.
    pub figures: serde_json::Value,
    /// When it was confirmed.
    pub begun: Stamp,
    pub step: usize,
    /// Of the current step.
    pub ticket: Ticket,
    pub state: State,
    pub on_disk: OnDisk,
    pub read_back: ReadBack,
    /// The name was typed for these reasons.
    pub named: Vec<Arc<str>>,
    pub look_only: bool,
    /// Median of this service's own history, milliseconds.
    pub expected_ms: Option<i64>,
    pub timeline: Vec<Line>,
    pub sent: Option<Stamp>,
    /// When the current step was answered.
    pub answered: Option<World>,
    /// `metadata.generation` of that answer.
    pub generation: Option<i64>,
    /// When it settled, was refused, or was given up.
    pub ended: Option<Stamp>,
    /// When the first bad signal of this service was, if there was one.
    pub bad_since: Option<Utc>,
    /// One of several that one `Y` sent.
    #[serde(default)]
    pub together: Option<Together>,
    /// Since when the current step waits for its condition, on the world's clock. It may be stuck at that; its request
    /// has not left.
    #[serde(default)]
    pub waits: Option<World>,
    /// Times it was read back while unknown.
    pub reads: u32,
    pub next_read: Option<Person>,
    /// It ends as this when what an earlier request of it opened is closed again: that alone is left to do.
    #[serde(default)]
    pub cut: Option<State>,
}

/// What must not be overlooked, with its reason in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble<'a> {
    Unknown(&'a str),
    Stuck(&'a str),
    /// By whom.
    Undone(&'a str),
    /// The controller took the wish back: nothing happened although it was accepted.
    TakenBack(&'a str),
}

/// What observing the target means for the act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step1 {
    Nothing,
    /// It holds by what was said before the request left, which shows nothing of it: to be read anew.
    Old,
    Seen,
    /// The step is done; there is another one.
    Next,
    Settled,
    /// The controller took the wish back.
    TakenBack,
}

/// How a line of the timeline begins that tells of the first reaction.
pub const SEEN: &str = "seen: ";
/// A wish counts as taken back only so long after the answer: a fact on its way from before it must not say so.
pub const TAKEN_BACK_AFTER_MS: i64 = 1_000;

impl Act {
    /// One that was just confirmed: nothing of it is on disk, and nothing has left.
    pub fn confirmed(id: ActId, plan: Plan, seen: Box<TargetState>, begun: Stamp) -> Act {
        Act {
            id,
            plan,
            seen,
            figures: serde_json::Value::Null,
            begun,
            step: 0,
            ticket: Ticket(0),
            state: State::Preparing,
            on_disk: OnDisk::Waiting(begun.person),
            read_back: ReadBack::Waiting(begun.person),
            named: Vec::new(),
            look_only: false,
            expected_ms: None,
            timeline: Vec::new(),
            sent: None,
            answered: None,
            generation: None,
            ended: None,
            bad_since: None,
            together: None,
            waits: None,
            reads: 0,
            next_read: None,
            cut: None,
        }
    }

    pub fn target(&self) -> &TargetId {
        &self.plan.operation.target
    }

    pub fn direction(&self) -> Direction {
        self.plan.operation.verb.direction()
    }

    /// One of many that the cord's release sends at once: it may wait for its turn.
    pub fn is_release(&self) -> bool {
        self.plan.operation.cord && self.direction() == Direction::Forward
    }

    pub fn current(&self) -> Option<&Step> {
        self.plan.steps.get(self.step)
    }

    /// The current step waits for its condition, perhaps for too long.
    pub fn awaits(&self) -> bool {
        matches!(self.state, State::Waiting | State::Stuck(_)) && self.waits.is_some()
    }

    /// The unsent step that closes what an earlier request opened; that one has left, or may have.
    pub fn to_close(&self) -> Option<&Step> {
        let left = match self.state {
            State::Stuck(_) if self.awaits() => false,
            State::Sending | State::Accepted | State::Seen | State::Stuck(_) | State::Unknown(_) => true,
            State::Preparing | State::NeedsName | State::Waiting | State::Logging => false,
            State::Settled
            | State::Refused(_)
            | State::NotDone(_)
            | State::Undone(_)
            | State::Overtaken
            | State::Dropped(_) => return None,
        };
        let next = self.step + usize::from(left);
        self.closing_after(next).and_then(|at| self.plan.steps.get(at))
    }

    /// Where the step stands, at `next` or later, that closes what one of the steps before `next` opened.
    pub fn closing_after(&self, next: usize) -> Option<usize> {
        let steps = &self.plan.steps;
        let (at, close) = steps.iter().enumerate().skip(next).find(|(_, s)| s.closes)?;
        let opened = steps.iter().take(next).any(|s| !s.closes && s.request.same_place(&close.request));
        opened.then_some(at)
    }

    /// Its current step closes what an earlier one opened.
    pub fn is_closing(&self) -> bool {
        self.current().is_some_and(|s| s.closes)
    }

    /// Nothing more will come of it by itself.
    pub fn is_over(&self) -> bool {
        self.state.is_over()
    }

    pub fn trouble(&self) -> Option<Trouble<'_>> {
        match &self.state {
            State::Unknown(why) => Some(Trouble::Unknown(why)),
            State::Stuck(why) => Some(Trouble::Stuck(why)),
            State::Undone(by) => Some(Trouble::Undone(by)),
            State::Refused(r) if r.kind == RefusedBy::Controller => Some(Trouble::TakenBack(&r.why)),
            State::Preparing
            | State::NeedsName
            | State::Waiting
            | State::Logging
            | State::Sending
            | State::Accepted
            | State::Seen
            | State::Settled
            | State::Refused(_)
            | State::NotDone(_)
            | State::Overtaken
            | State::Dropped(_) => None,
        }
    }

    /// A request of it has left, or may have.
    pub fn has_left(&self) -> bool {
        self.sent.is_some()
    }

    pub fn note(&mut self, at: Utc, text: impl Into<Arc<str>>) {
        self.timeline.push(Line { at, text: text.into() });
    }

    /// `ROLLING BACK`, `HOLDING`: what is under way.
    pub fn doing(&self) -> &'static str {
        use super::plan::Verb;
        match self.plan.operation.verb {
            Verb::RollBack => "ROLLING BACK",
            Verb::Hold => "HOLDING",
            Verb::Resume => "RESUMING",
            Verb::Promote => "PROMOTING",
            Verb::PromoteFull => "PROMOTING FULL",
            Verb::SkipStep => "SKIPPING A STEP OF",
            Verb::Retry => "RETRYING",
            Verb::Rerun => "RE-RUNNING THE ANALYSIS OF",
            Verb::Terminate => "TERMINATING THE ANALYSIS OF",
            Verb::Restart => "RESTARTING",
        }
    }

    pub fn done_word(&self) -> &'static str {
        use super::plan::Verb;
        match self.plan.operation.verb {
            Verb::RollBack => "ROLLED BACK",
            Verb::Hold => "HELD",
            Verb::Resume => "RESUMED",
            Verb::Promote => "PROMOTED",
            Verb::PromoteFull => "PROMOTED FULL",
            Verb::SkipStep => "SKIPPED",
            Verb::Retry => "RETRIED",
            Verb::Rerun => "RE-RUN",
            Verb::Terminate => "TERMINATED",
            Verb::Restart => "RESTARTED",
        }
    }

    /// Deadline of *seen*, on the world's clock.
    pub fn seen_by(&self) -> Option<World> {
        Some(World(self.answered?.0 + self.current()?.seen_by))
    }

    /// Deadline of *settled*: 3x the median of this service's own history, else the backend's own (limits.md section 4).
    pub fn settled_by(&self) -> Option<World> {
        let own = self.expected_ms.map(|_| self.expected());
        Some(World(self.answered?.0 + own.unwrap_or(self.current()?.settled_by)))
    }

    fn expected(&self) -> i64 {
        self.expected_ms.map_or(0, |m| 3 * m)
    }

    /// It is called stuck then, on the world's clock, unless more of it shows. `None`: it does not wait for the server.
    pub fn stuck_at(&self) -> Option<World> {
        match self.state {
            State::Accepted => self.seen_by(),
            State::Seen => self.settled_by(),
            State::Waiting => Some(World(self.waits?.0 + self.current()?.settled_by.max(self.expected()))),
            State::Preparing
            | State::NeedsName
            | State::Logging
            | State::Sending
            | State::Settled
            | State::Stuck(_)
            | State::Refused(_)
            | State::Unknown(_)
            | State::NotDone(_)
            | State::Undone(_)
            | State::Overtaken
            | State::Dropped(_) => None,
        }
    }

    /// When the wish may be called taken back, on the world's clock. `None`: its plan knows no such thing, or it does not
    /// wait for the server.
    pub fn taken_back_from(&self) -> Option<World> {
        self.current().filter(|_| !self.awaits())?.refused_when.as_ref()?;
        matches!(self.state, State::Accepted | State::Seen | State::Stuck(_))
            .then(|| self.answered.map(|at| World(at.0 + TAKEN_BACK_AFTER_MS)))?
    }

    /// Was this said after the answer? What a source that fell silent once said proves nothing about a wish.
    fn is_after_answer(&self, t: &TargetState) -> bool {
        let answered = self.answered.zip(self.sent).map(|(a, s)| s.utc.0 + (a.0 - s.world.0));
        answered.is_some_and(|at| t.read_at.0 > at)
    }

    /// Was this said before the request left? An older one may have asked for the same.
    fn is_from_before(&self, state: Option<&TargetState>, now: Stamp) -> bool {
        state.zip(self.sent).is_some_and(|(t, sent)| {
            // A clock that was set back since must not make what is said now look older than the request.
            let by_now = now.utc.0 - (now.world.0 - sent.world.0);
            t.read_at.0 < sent.utc.0.min(by_now)
        })
    }

    /// Compare the target with what the current step waits for. `fresh`: it was asked for after the request left, whatever
    /// the clocks say.
    pub fn observe(&self, state: Option<&TargetState>, now: Stamp, fresh: bool) -> Step1 {
        let Some(step) = self.current().filter(|_| !self.awaits()) else { return Step1::Nothing };
        match self.state {
            State::Accepted | State::Seen | State::Stuck(_) | State::Unknown(_) => {
                let done = step.done_when.holds(state, self.generation);
                let seen = !matches!(self.state, State::Seen) && step.seen_when.holds(state, self.generation);
                if (done || seen) && !fresh && self.is_from_before(state, now) {
                    Step1::Old
                } else if done {
                    if self.step + 1 < self.plan.steps.len() { Step1::Next } else { Step1::Settled }
                } else if self.taken_back_from().is_some_and(|from| now.world >= from)
                    && state.is_some_and(|t| self.is_after_answer(t))
                    && step.refused_when.as_ref().is_some_and(|r| r.holds(state, self.generation))
                {
                    Step1::TakenBack
                } else if seen {
                    Step1::Seen
                } else {
                    Step1::Nothing
                }
            }
            State::Preparing
            | State::NeedsName
            | State::Waiting
            | State::Logging
            | State::Sending
            | State::Settled
            | State::Refused(_)
            | State::NotDone(_)
            | State::Undone(_)
            | State::Overtaken
            | State::Dropped(_) => Step1::Nothing,
        }
    }

    /// Something of it has shown: the controller looked at the wish.
    pub fn reacted(&self) -> bool {
        self.state == State::Seen || self.step > 0 || self.timeline.iter().any(|l| l.text.starts_with(SEEN))
    }
}
