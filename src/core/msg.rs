//! Everything that can happen to the console. What is not here cannot change the model; all of it goes on the tape first.

use crate::core::act::cord::Hold;
use crate::core::act::plan::{CannotBecause, Outcome, Plan, Ticket};
use crate::core::act::side::{Left, SidePlan};
use crate::core::case::note::Draft;
use crate::core::case::others::Elsewhere;
use crate::core::case::people::{Follows, Present};
use crate::core::case::runbook::order::Ended;
use crate::core::case::runbook::want::Judged;
use crate::core::id::{ActId, AskId, DialogId};
use crate::core::id::{Hash, ServiceId, SourceId, TargetId};
use crate::core::key::Key;
use crate::core::keymap::Keymap;
use crate::core::nav::Pane;
use crate::core::record::{self, Hlc, Record};
use crate::core::replayed::Ahead;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::source::SourceError;
use crate::core::world::target::TargetState;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Msg {
    /// Every decoded key, bound or not.
    Key(Key),
    /// Bracketed paste: text for a field, nothing anywhere else.
    Paste(String),
    Resize {
        width: u16,
        height: u16,
    },
    /// Time alone.
    Tick,
    Fact {
        source: SourceId,
        fact: Box<Fact>,
    },
    /// A source's task ended; the supervisor tries again at `next_try`.
    SourceFailed {
        source: SourceId,
        error: SourceError,
        next_try: Utc,
    },
    Planned {
        dialog: DialogId,
        read: Result<Option<Box<TargetState>>, SourceError>,
        plan: Option<Box<Result<Plan, CannotBecause>>>,
    },
    SidePlanned {
        dialog: DialogId,
        plan: Box<Result<SidePlan, CannotBecause>>,
    },
    /// `Ok(None)`: the target is gone.
    Reread {
        act: ActId,
        read: Result<Option<Box<TargetState>>, SourceError>,
    },
    /// The record with this ticket is on disk.
    Durable(Ticket),
    NotDurable {
        ticket: Ticket,
        why: Arc<str>,
    },
    /// The log takes no records, until `LogWorks` if ever.
    LogFailed {
        why: Arc<str>,
    },
    /// The disk has not answered for half a second. What is given to the log meanwhile is kept.
    LogHangs {
        why: Arc<str>,
    },
    /// It answers again, or has room again.
    LogWorks,
    Answered {
        ticket: Ticket,
        outcome: Outcome,
    },
    /// A trace was left on the target, or why not.
    Marked {
        target: TargetId,
        refused: Option<Arc<str>>,
    },
    Asked {
        id: AskId,
        answer: Result<Vec<Fact>, SourceError>,
    },
    /// What an address answered to a runbook's check.
    Probed {
        id: AskId,
        found: Judged,
    },
    /// The last lines a runbook's program wrote, without secrets, and how many bytes by now.
    RunSaid {
        ticket: Ticket,
        tail: Vec<Arc<str>>,
        bytes: u64,
    },
    RunEnded {
        ticket: Ticket,
        ended: Box<Ended>,
    },
    /// The frame that showed this dialog has been written to the terminal.
    Flushed(DialogId),
    /// The same on a slow line: it will be seen so many milliseconds later.
    Arriving {
        dialog: DialogId,
        line_ms: i64,
    },
    /// Records that are on disk: this session's after their sync, others' as they are found. Merged by (hlc, session, seq)
    /// within one message.
    Records(Vec<Record>),
    /// The next record of a log that is played again, and what follows after it.
    Replayed {
        record: Box<Record>,
        ahead: Ahead,
    },
    /// Who is in besides us. All of them each time.
    People(Vec<Present>),
    /// The log is open; own records carry this session's name.
    LogOpened {
        session: Arc<str>,
    },
    /// Older records, as `Effect::LogPage` asked.
    LogPage(Box<LogPage>),
    /// How others' records are found, and what of them was left out.
    Follows(Follows),
    /// What this environment's log already holds.
    Recovered(Box<Recovered>),
    /// A note that a session before this one did not keep.
    Draft(Box<Draft>),
    /// The theme is in force, or why not.
    Themed {
        name: Arc<str>,
        refused: Option<Arc<str>>,
    },
    Reloaded(Box<Reloaded>),
    /// The mouse wheel, opt-in: rows down, or up when negative.
    Wheel(i16),
    /// The mouse chose this, by identity as drawn; it never acts.
    Picked(Picked),
    /// A line typed into `--plain`.
    Line(String),
    /// No line will come any more.
    LinesEnded,
    Copied {
        file: Option<Arc<str>>,
    },
    /// TERM, INT, HUP, or the terminal is gone: stop taking acts.
    Ending {
        code: u8,
    },
    /// SIGTSTP from outside: the same as the key, whatever is open.
    Stopped,
    /// Back from the shell.
    Resumed,
    /// Back from a login, or why there was none.
    LoggedIn {
        source: SourceId,
        failed: Option<Arc<str>>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Picked {
    Service(ServiceId),
    Source(usize),
    Step(usize),
    Record(record::Key),
    Pane(Pane),
}

/// Records read back from the log's files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogPage {
    /// Asked for: records at or before this. `None`: the newest.
    pub before: Option<Hlc>,
    /// Oldest first.
    pub records: Vec<Record>,
    /// Nothing older is there.
    pub start: bool,
    /// Files that could not be read, with the reason.
    pub unread: Vec<(Arc<str>, Arc<str>)>,
}

/// What `:reload` found. A file at fault leaves what was in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    pub keymap: Option<Keymap>,
    /// The theme in force. Empty: this front has no files, nothing was read.
    pub theme: Arc<str>,
    pub themes: Vec<Arc<str>>,
    /// What changed, in words.
    pub changes: Vec<Arc<str>>,
    /// The first file at fault, as `file:line:column` and what is wrong.
    pub fault: Option<Arc<str>>,
    /// What the alarm row and the Sources screen tell from now on.
    pub problems: Vec<Arc<str>>,
}

/// Read from the log directory at the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recovered {
    /// Past roll-backs that settled: service, milliseconds.
    pub settled: Vec<(ServiceId, i64)>,
    /// Intents of ended sessions without an outcome.
    pub unfinished: Vec<Unfinished>,
    /// Older records that the casebook is made of (incidents, leads, follow-ups, debts), merged.
    #[serde(default)]
    pub records: Vec<Record>,
    /// Acts that sessions which still run have begun and not ended.
    #[serde(default)]
    pub in_flight: Vec<Elsewhere>,
    /// `log: mine only` (no host-wide directory).
    pub mine_only: bool,
    pub file: Arc<str>,
    /// Log files that could not be read to their end, with the reason.
    #[serde(default)]
    pub unread: Vec<(Arc<str>, Arc<str>)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unfinished {
    pub session: Arc<str>,
    pub ticket: u64,
    pub at: Utc,
    pub target: Option<TargetId>,
    /// `roll back checkout@eu-1`
    pub words: Arc<str>,
    /// Of a plan of several steps that stopped between two of them: how many had their effect, and of how many.
    #[serde(default)]
    pub cut: Option<(u64, u64)>,
    /// The verb of its plan, `roll back`.
    #[serde(default)]
    pub verb: Arc<str>,
    /// The version its plan goes to.
    #[serde(default)]
    pub to: Option<Hash>,
    /// Who began it.
    #[serde(default)]
    pub by: Arc<str>,
    /// It is a request of the cord, about this candidate.
    #[serde(default)]
    pub cord: Option<Hold>,
    /// It is a side act, about no target.
    #[serde(default)]
    pub side: Option<Box<Left>>,
}
