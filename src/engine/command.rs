//! Programs of runbooks: each under a supervisor of its own, which is this very program under another name. The supervisor
//! has a session without a terminal and adopts whatever its program leaves behind, so that all of it can be ended; it ends
//! it too when this console is gone. Decides nothing: the order says what was confirmed.

mod run;
mod supervise;

use super::inbox::Inbox;
use crate::core::act::plan::Ticket;
use crate::core::case::runbook::order::{Ended, How, Order};
use crate::core::case::runbook::want::Judged;
use crate::core::entry::{Entry, Kind};
use crate::core::msg::Msg;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ChildStdin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use supervise::{NAME, supervise};

/// What a drill's scenario answers to a program's words, or to an address.
pub type Told = dyn Fn(&str) -> Option<(String, i32)> + Send + Sync;

/// Who runs programs and asks addresses.
#[derive(Clone, Default)]
pub enum Hands {
    /// Nobody: nothing runs.
    #[default]
    Nowhere,
    /// This machine. The program that supervises: this one.
    Real { supervisor: PathBuf },
    /// A drill: nothing runs and nothing is reached, the scenario answers.
    Scenario { commands: Arc<Told>, addresses: Arc<Told> },
}

impl Hands {
    /// The program that runs, whatever became of its file since it was started.
    pub fn real() -> Hands {
        Hands::Real { supervisor: PathBuf::from("/proc/self/exe") }
    }
}

/// What is kept of a program's output until its record is written.
struct Output {
    text: String,
    /// All it wrote; more than `text` where it was cut.
    bytes: u64,
    cut: bool,
}

/// A program under way: closing this pipe ends it.
#[derive(Default)]
struct Leash {
    pipe: Option<ChildStdin>,
    stopped: bool,
}

#[derive(Default)]
struct Shared {
    leashes: BTreeMap<u64, Leash>,
    outputs: BTreeMap<u64, Output>,
}

/// All programs of this console.
#[derive(Clone, Default)]
pub struct Commands {
    hands: Hands,
    shared: Arc<Mutex<Shared>>,
}

impl Commands {
    pub fn new(hands: Hands) -> Commands {
        Commands { hands, shared: Arc::default() }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // Every change is an insertion or a removal: a panic elsewhere leaves it usable.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts it. Exactly one `Msg::RunEnded` follows, whatever happens.
    pub fn start(&self, order: Order, inbox: &Inbox) {
        let ticket = order.ticket;
        let end = |ended| inbox.answer(Msg::RunEnded { ticket, ended: Box::new(ended) });
        match &self.hands {
            Hands::Nowhere => end(Ended::not_run("commands do not run here")),
            Hands::Scenario { commands, .. } => end(self.told(&order, commands(&order.command.words()))),
            Hands::Real { supervisor } => {
                self.shared().leashes.insert(ticket.0, Leash::default());
                let (all, to, exe) = (self.clone(), inbox.clone(), supervisor.clone());
                let thread = std::thread::Builder::new().name("andon-command".into());
                if let Err(e) = thread.spawn(move || run::run(&order, &exe, &all, &to)) {
                    self.shared().leashes.remove(&ticket.0);
                    end(Ended::not_run(format!("no thread for it: {e}")));
                }
            }
        }
    }

    fn told(&self, order: &Order, answer: Option<(String, i32)>) -> Ended {
        let Some((text, exit)) = answer else {
            let why: Arc<str> = "the drill does not run commands: nothing ran, and nothing is known".into();
            return Ended { how: How::Unknown(why.clone()), judged: Judged::no(why), ..Ended::not_run("") };
        };
        let ended = Ended::told(order, exit, &text);
        self.keep(order.ticket, Output { bytes: text.len() as u64, text, cut: false });
        ended
    }

    /// Ends it with everything it started: TERM, and after a second KILL.
    pub fn stop(&self, ticket: Ticket) {
        if let Some(l) = self.shared().leashes.get_mut(&ticket.0) {
            l.stopped = true;
            l.pipe = None;
        }
    }

    /// The console leaves.
    pub fn stop_all(&self) {
        for l in self.shared().leashes.values_mut() {
            l.stopped = true;
            l.pipe = None;
        }
    }

    /// Programs that have not ended.
    pub fn running(&self) -> usize {
        self.shared().leashes.len()
    }

    fn keep(&self, ticket: Ticket, output: Output) {
        self.shared().outputs.insert(ticket.0, output);
    }

    /// Puts the output where its record asks for it; it was too long for a message.
    pub fn fill(&self, entry: &mut Entry) {
        if entry.kind != Kind::Runbook {
            return;
        }
        let Some(ticket) = entry.data["output"]["run"].as_u64() else { return };
        let kept = self.shared().outputs.remove(&ticket);
        let Some(data) = entry.data.as_object_mut() else { return };
        match kept {
            Some(o) => {
                if o.cut {
                    data.insert("output_cut".into(), o.bytes.into());
                }
                data.insert("output".into(), o.text.into());
            }
            None => {
                data.remove("output");
            }
        }
    }
}
