//! What waits for the loop: keys first, then answers in order, then facts keyed by entity, the last value winning.

use crate::core::id::SourceId;
use crate::core::msg::Msg;
use crate::core::time::Person;
use crate::core::world::fact::{Fact, FactKey};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the terminal brings.
#[derive(Debug)]
pub enum FromTerminal {
    /// With the moment it was read.
    Msg(Msg, Person),
    /// The mouse, on this cell from 0: what is there, the front knows.
    Click(u16, u16, Person),
    /// The terminal is gone, or a signal: leave with this code.
    End(u8),
    Stop,
    Continued,
    /// A login command has ended: the screen is ours again.
    LoggedIn {
        source: SourceId,
        failed: Option<Arc<str>>,
    },
    /// A frame with this dialog was written, in so many bytes.
    Flushed(u64, u64),
}

#[derive(Default)]
struct Waiting {
    terminal: VecDeque<FromTerminal>,
    answers: VecDeque<Msg>,
    facts: BTreeMap<(SourceId, FactKey), (u64, Fact)>,
    order: BTreeMap<u64, (SourceId, FactKey)>,
    next: u64,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.terminal.is_empty() && self.answers.is_empty() && self.order.is_empty()
    }
}

/// Cheap to clone; every source, task and the terminal holds one.
#[derive(Clone, Default)]
pub struct Inbox(Arc<(Mutex<Waiting>, Condvar)>);

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Whoever panicked while holding it left queues that are whole.
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn terminal(&self, from: FromTerminal) {
        self.lock().terminal.push_back(from);
        self.0.1.notify_one();
    }

    pub fn answer(&self, msg: Msg) {
        self.lock().answers.push_back(msg);
        self.0.1.notify_one();
    }

    /// A value that waits is replaced in its place: what happened first is still told first.
    pub fn fact(&self, source: &SourceId, fact: Fact) {
        let mut w = self.lock();
        let key = (source.clone(), fact.key());
        match w.facts.get_mut(&key) {
            // A full list speaks of what came before it, so it goes to the end. So does what a source says of itself:
            // `watching` before its targets would be a console that knows of none and calls that fine.
            Some(waiting) if !matches!(fact, Fact::Whole(_) | Fact::Source(_)) => waiting.1 = fact,
            was => {
                let old = was.map(|w| w.0);
                if let Some(old) = old {
                    w.order.remove(&old);
                }
                w.next += 1;
                let n = w.next;
                w.order.insert(n, key.clone());
                w.facts.insert(key, (n, fact));
            }
        }
        drop(w);
        self.0.1.notify_one();
    }

    /// Wait until something is here, at most so long.
    pub fn wait(&self, at_most: Duration) {
        let w = self.lock();
        if w.is_empty() {
            // Spurious wake-ups cost one round of the loop.
            drop(self.0.1.wait_timeout(w, at_most));
        }
    }

    pub fn take_terminal(&self) -> Option<FromTerminal> {
        self.lock().terminal.pop_front()
    }

    /// What the terminal brought and nobody took yet; whoever reads lines waits while this is long.
    pub fn terminal_waiting(&self) -> usize {
        self.lock().terminal.len()
    }

    /// Keys and pastes that wait are dropped: a dialog has just opened, and they were meant for what was there before.
    pub fn drop_typed(&self) {
        self.lock().terminal.retain(|f| !matches!(f, FromTerminal::Msg(Msg::Key(_) | Msg::Paste(_), _)));
    }

    /// Answers before facts; at most `n`.
    pub fn take(&self, n: usize) -> Vec<Msg> {
        let mut w = self.lock();
        let mut out: Vec<Msg> = Vec::new();
        while out.len() < n {
            let Some(m) = w.answers.pop_front() else { break };
            out.push(m);
        }
        while out.len() < n {
            let Some((_, key)) = w.order.pop_first() else { break };
            if let Some((_, fact)) = w.facts.remove(&key) {
                out.push(Msg::Fact { source: key.0, fact: Box::new(fact) });
            }
        }
        out
    }

    /// Facts that wait; a flood shows here.
    pub fn waiting(&self) -> usize {
        let w = self.lock();
        w.order.len() + w.answers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::Key;
    use crate::core::world::figures::Checked;
    use crate::core::world::source::{Abilities, Link, SourceState};

    fn checked(q: &str, v: f64) -> Fact {
        Fact::Checked(Checked { query: q.into(), value: Some(v), sample: None })
    }

    #[test]
    fn what_a_source_says_of_itself_never_overtakes_what_it_brought() {
        let inbox = Inbox::default();
        let s = SourceId::new("m");
        let says = |link: Link| {
            let abilities = Abilities::default();
            let (kind, holds) = ("kubernetes".into(), String::new().into());
            let (confirmed, latency_ms, last_error) = (None, None, None);
            let (old_after_ms, calls_per_min) = (90_000, 0);
            Fact::Source(Box::new(SourceState {
                kind,
                link,
                abilities,
                confirmed,
                old_after_ms,
                latency_ms,
                calls_per_min,
                last_error,
                holds,
            }))
        };
        inbox.fact(&s, says(Link::Connecting));
        inbox.fact(&s, checked("a", 1.0));
        inbox.fact(&s, says(Link::Watching));
        let got = inbox.take(10);
        assert_eq!(got.len(), 2);
        assert_eq!(got[1], Msg::Fact { source: s.clone(), fact: Box::new(says(Link::Watching)) });
    }

    #[test]
    fn the_last_value_of_an_entity_wins_in_the_place_of_the_first() {
        let inbox = Inbox::default();
        let s = SourceId::new("m");
        inbox.fact(&s, checked("a", 1.0));
        inbox.fact(&s, checked("b", 1.0));
        inbox.fact(&s, checked("a", 2.0));
        inbox.answer(Msg::Tick);
        let got = inbox.take(10);
        assert_eq!(got[0], Msg::Tick);
        assert_eq!(got[1], Msg::Fact { source: s.clone(), fact: Box::new(checked("a", 2.0)) });
        assert_eq!(got[2], Msg::Fact { source: s, fact: Box::new(checked("b", 1.0)) });
        assert_eq!(got.len(), 3);
        assert_eq!(inbox.waiting(), 0);
    }

    #[test]
    fn what_was_typed_before_a_dialog_is_dropped_and_nothing_else() {
        let inbox = Inbox::default();
        let at = Person(1);
        inbox.terminal(FromTerminal::Msg(Msg::Key(Key::char('Y')), at));
        inbox.terminal(FromTerminal::Msg(Msg::Resize { width: 1, height: 1 }, at));
        inbox.terminal(FromTerminal::Msg(Msg::Paste("Y".into()), at));
        inbox.terminal(FromTerminal::End(143));
        inbox.answer(Msg::Tick);
        inbox.drop_typed();
        assert!(matches!(inbox.take_terminal(), Some(FromTerminal::Msg(Msg::Resize { .. }, _))));
        assert!(matches!(inbox.take_terminal(), Some(FromTerminal::End(143))));
        assert!(inbox.take_terminal().is_none());
        assert_eq!(inbox.waiting(), 1);
    }
}
