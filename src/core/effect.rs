//! What update asks the engine to do. Data only; the engine performs it and what comes back is a message.

use crate::core::act::mark::Mark;
use crate::core::act::plan::{Operation, Step, Ticket};
use crate::core::act::side::{SideAct, SidePlan};
use crate::core::case::note::Draft;
use crate::core::case::people::Here;
use crate::core::case::runbook::order::Order;
use crate::core::case::runbook::want::Want;
use crate::core::entry::Entry;
use crate::core::id::{ActId, AskId, DialogId, ServiceId, SourceId, TargetId};
use crate::core::record::Hlc;
use crate::core::replayed::Play;
use crate::core::world::evidence::LogsOf;
use crate::core::world::interest::Interest;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Question {
    /// The target as it is, past every cache.
    Read(TargetId),
    /// At most ten settled blocks of one service.
    Blocks {
        service: ServiceId,
        from: i64,
        count: u32,
    },
    /// A runbook's check, in the source's own language.
    Check(Arc<str>),
    /// Would going back work?
    WayBack(TargetId),
    Evidence(TargetId),
    Logs(LogsOf),
    Raw(TargetId),
    /// Alerts, flags, artifacts, calls: all that stands beside rollouts there.
    Beside,
    /// Would the server take this step as it is? Nothing is stored.
    DryRun(Box<Step>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// Write a record. With a ticket it is synced to disk and `Msg::Durable` follows.
    Append {
        entry: Entry,
        ticket: Option<Ticket>,
    },
    /// Keep this record in memory and in the fallback file; append it when the log takes it again.
    AppendLate {
        entry: Entry,
        ticket: Ticket,
    },
    /// Read the target and make the plan; `Msg::Planned` follows.
    Plan {
        dialog: DialogId,
        operation: Operation,
    },
    /// Read the target again before an act goes out (2 s); `Msg::Reread` follows.
    Reread {
        act: ActId,
        target: TargetId,
    },
    /// Send one step, once; `Msg::Answered` follows.
    Perform {
        ticket: Ticket,
        target: TargetId,
        step: Box<Step>,
    },
    /// Make the request of a side act; `Msg::SidePlanned` follows.
    SidePlan {
        dialog: DialogId,
        source: SourceId,
        act: SideAct,
    },
    /// Send it, once; `Msg::Answered` follows.
    SidePerform {
        ticket: Ticket,
        plan: Box<SidePlan>,
    },
    /// `Msg::Asked` follows.
    Ask {
        id: AskId,
        source: SourceId,
        question: Question,
    },
    /// HTTP GET of a runbook's check; `Msg::Probed` follows.
    Probe {
        id: AskId,
        url: Arc<str>,
        wants: Vec<Want>,
    },
    /// Start a runbook's program, exactly as shown; `Msg::RunSaid` now and then, and one `Msg::RunEnded`, follow.
    Run(Box<Order>),
    /// Stop it, with everything it started.
    StopRun(Ticket),
    /// What is looked at now.
    Interest(Box<Interest>),
    /// Leave a trace of an act where its target lives; `Msg::Marked` follows.
    Mark(Box<Mark>),
    /// Leave the screen, run this source's login command, come back.
    Login(SourceId),
    /// Read records at or before this from the log's files, the newest where nothing is said; `Msg::LogPage` follows.
    LogPage {
        before: Option<Hlc>,
    },
    /// The note being written, for after a crash; `None`: there is none any more.
    KeepDraft(Option<Box<Draft>>),
    /// What our live file says of us.
    Here(Box<Here>),
    /// Put text on the clipboard (OSC 52) and into a file.
    Copy(String),
    /// The drill's clock: this many world seconds a second.
    Speed(u32),
    /// How the log is played on.
    Play(Play),
    /// Leave this list and open that place.
    Choose(Choice),
    /// Draw with this theme; `Msg::Themed` follows.
    Theme(Arc<str>),
    /// Read keymap and theme files again; `Msg::Reloaded` follows.
    Reload,
    /// Ring, where the person asked for a bell.
    Bell,
    /// One line for `--plain`. Already through the gate.
    Say(String),
    Repaint,
    Suspend,
    Quit(u8),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    Context(Arc<str>),
    Drill,
    /// The same drill from its beginning.
    Again,
}
