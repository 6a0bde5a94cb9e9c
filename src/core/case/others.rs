//! Acts that are under way from other consoles on this log: a fold over their records. What a session leaves open when it
//! ends stays here until somebody has read it back. Knows no screen and no journal.

use super::people::{Present, dialogs_on};
use crate::core::act::cord::Hold;
use crate::core::act::side::Left;
use crate::core::id::{Hash, TargetId};
use crate::core::record::Record;
use crate::core::time::{Person, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Others' acts are kept up to this many; the oldest go first.
const KEPT: usize = 1_000;

/// An act another session has begun, of which no record tells an end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Elsewhere {
    pub session: Arc<str>,
    /// Of its intent.
    pub ticket: u64,
    /// The act's number in its session: its steps share it.
    pub act: Option<u64>,
    /// Who, by name.
    pub who: Arc<str>,
    /// `roll back`
    pub verb: Arc<str>,
    pub target: Option<TargetId>,
    /// When it was meant, their UTC.
    pub since: Utc,
    /// The last kind recorded for it: `intent`, `sent`, `unknown`, `accepted`, `seen`, `stuck`.
    pub last: Arc<str>,
    /// Which step, and of how many.
    pub step: (u64, u64),
    /// Its session has ended, and we have known so since then.
    pub ended: Option<Person>,
    /// What was found out of a plan that was cut half-way, before its records came here: steps done, and of how many.
    pub cut: Option<(u64, u64)>,
    /// The verb of its plan alone; empty where only words are known.
    pub plan: Arc<str>,
    /// The version its plan goes to.
    pub to: Option<Hash>,
    /// Who began it, where `who` does not say.
    pub by: Arc<str>,
    /// It is a request of the cord, about this candidate.
    pub cord: Option<Hold>,
    /// It is a side act, about no target.
    pub side: Option<Box<Left>>,
}

/// Steps that had their effect and how many there are, of a plan that was cut between two. Accepted is a wish, but it
/// left and nothing behind it did; of a later step the ones before are done.
pub fn half_done(last: &str, (step, of): (u64, u64)) -> Option<(u64, u64)> {
    let done = if matches!(last, "accepted" | "seen") { step } else { step.saturating_sub(1) };
    (done > 0 && done < of).then_some((done, of))
}

impl Elsewhere {
    /// From a record of kind `intent`.
    pub fn begun(r: &Record) -> Option<Elsewhere> {
        let n = |k: &str| r.data.get(k).and_then(Value::as_u64);
        Some(Elsewhere {
            session: r.session.as_str().into(),
            ticket: r.ticket?,
            act: n("act"),
            who: r.who().into(),
            verb: r.data.get("verb").and_then(Value::as_str).unwrap_or("an act").into(),
            target: r.target_id(),
            since: Utc::read(r.when()).unwrap_or_default(),
            last: "intent".into(),
            step: (n("step").unwrap_or(0), n("of").unwrap_or(0)),
            ended: None,
            cut: None,
            plan: r.data.get("verb").and_then(Value::as_str).unwrap_or_default().into(),
            to: r.data.get("to").and_then(Value::as_str).map(Hash::new),
            by: r.who().into(),
            cord: Hold::read(&r.data),
            side: Left::read(&r.data).map(Box::new),
        })
    }

    /// Steps done and of how many, where its plan was cut half-way.
    pub fn cut(&self) -> Option<(u64, u64)> {
        self.cut.or_else(|| half_done(&self.last, self.step))
    }

    /// `in flight`, or what hinders it.
    pub fn state(&self) -> &'static str {
        match &*self.last {
            "unknown" => "outcome unknown",
            "stuck" => "STUCK",
            _ => "in flight",
        }
    }

    /// How long it has been under way. Milliseconds.
    pub fn lasted(&self, now: Utc) -> i64 {
        now.since(self.since).max(0)
    }

    /// `in flight on this target since 03:14:07: ito, roll back`
    pub fn here(&self) -> String {
        format!("{} on this target since {}: {}, {}", self.state(), self.since.hms(), self.who, self.verb)
    }

    /// `roll back checkout@eu-1 (step 1 of 2) by ito`
    pub fn left(&self) -> String {
        if let Some(side) = &self.side {
            return format!("{} by {}", side.words(), self.who);
        }
        let at = self.target.as_ref().map(TargetId::at).unwrap_or_default();
        let (step, of) = self.step;
        let cut = match &*self.last {
            "accepted" | "seen" if of > 1 => format!(", stopped after {step} of {of}"),
            _ if of > 1 => format!(" (step {step} of {of})"),
            _ => String::new(),
        };
        format!("{} {at}{cut} by {}", self.verb, self.who)
    }
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Others {
    /// Oldest first as they were found.
    pub acts: Vec<Elsewhere>,
    /// Sessions that said they were closing.
    closed: BTreeMap<String, u64>,
}

impl Others {
    /// Takes a record of another session, or our own `resolved` about one. A record taken twice changes nothing.
    pub fn take(&mut self, r: &Record) {
        match r.kind.as_str() {
            "intent" => {
                let Some(new) = Elsewhere::begun(r) else { return };
                // The next step of a plan begins where the one before has had its effect.
                self.acts.retain(|a| {
                    a.session != new.session || a.ticket != new.ticket && (new.act.is_none() || a.act != new.act)
                });
                self.begin(new);
            }
            "sent" | "unknown" | "accepted" | "seen" | "stuck" => {
                let found = self.acts.iter_mut().find(|a| *a.session == *r.session && Some(a.ticket) == r.ticket);
                if let Some(a) = found {
                    a.last = r.kind.as_str().into();
                }
            }
            "refused" | "settled" | "undone" => self.end(&r.session, r.ticket),
            "resolved" => match about(r) {
                Some((session, Some(ticket))) => self.end(session, Some(ticket)),
                Some((session, None)) => {
                    let target = r.target_id();
                    self.acts.retain(|a| *a.session != *session || a.target != target);
                }
                None => self.end(&r.session, r.ticket),
            },
            "closed" => {
                self.closed.insert(r.session.clone(), r.seq);
                // Only what is asked for right after is of use.
                while self.closed.len() > 64 {
                    self.closed.pop_first();
                }
            }
            // Kinds that begin and end no act, also of later versions.
            _ => {}
        }
    }

    /// One that was found begun.
    pub fn begin(&mut self, act: Elsewhere) {
        self.acts.push(act);
        if self.acts.len() > KEPT {
            self.acts.remove(0);
        }
    }

    fn end(&mut self, session: &str, ticket: Option<u64>) {
        self.acts.retain(|a| *a.session != *session || Some(a.ticket) != ticket);
    }

    /// Did this session say that it closes?
    pub fn has_closed(&self, session: &str) -> bool {
        self.closed.contains_key(session)
    }

    /// Those of running sessions on this target, newest first.
    pub fn on<'a>(&'a self, target: &'a TargetId) -> impl Iterator<Item = &'a Elsewhere> {
        self.acts.iter().rev().filter(move |a| a.ended.is_none() && a.target.as_ref() == Some(target))
    }
}

/// What others are at on this target, for whoever has a dialog open on it. Nothing in it moves with time. `who`: our
/// person, `mira@bastion-2`.
pub fn on_target(people: &[Present], others: &Others, who: &str, target: &TargetId) -> Vec<String> {
    let dialogs = dialogs_on(people, target)
        .map(|(p, d)| format!("{} has a {} dialog open on this target", p.called(who), d.verb));
    others.on(target).map(Elsewhere::here).chain(dialogs).collect()
}

/// Whose act, and which, a `resolved` record is about, when it is about another session's.
pub fn about(r: &Record) -> Option<(&str, Option<u64>)> {
    let of = r.data.get("of");
    let session = of.and_then(|o| o.get("session")).or_else(|| r.data.get("session"))?.as_str()?;
    Some((session, of.and_then(|o| o.get("ticket")).and_then(Value::as_u64)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(session: &str, kind: &str, ticket: u64, data: Value) -> Record {
        Record {
            session: session.into(),
            kind: kind.into(),
            ticket: Some(ticket),
            user: "ito".into(),
            utc: "2026-11-21T03:14:07.000Z".into(),
            data,
            ..Record::default()
        }
    }

    #[test]
    fn an_act_is_in_flight_from_its_intent_to_its_end_through_its_steps() {
        let mut o = Others::default();
        let intent = |t| record("a", "intent", t, json!({"verb": "roll back", "act": 4, "step": t, "of": 2}));
        o.take(&intent(1));
        o.take(&intent(1));
        o.take(&record("b", "intent", 1, json!({"verb": "hold", "act": 4})));
        assert_eq!(o.acts.len(), 2);
        o.take(&record("a", "seen", 1, json!({})));
        assert_eq!(o.acts[0].left(), "roll back , stopped after 1 of 2 by ito");
        let now = Utc(o.acts[0].since.0 + 12_000);
        assert_eq!((o.acts[0].state(), o.acts[0].lasted(now)), ("in flight", 12_000));
        assert_eq!(o.acts[0].here(), "in flight on this target since 03:14:07: ito, roll back");
        o.take(&intent(2));
        assert_eq!(o.acts.len(), 2, "the next step takes the place of the one before");
        o.take(&record("a", "settled", 2, json!({})));
        assert_eq!(o.acts.iter().map(|a| &*a.session).collect::<Vec<_>>(), ["b"]);
        o.take(&record("b", "later-kind", 1, json!({})));
        o.take(&record("b", "refused", 1, json!({})));
        assert_eq!(o.acts, []);
    }

    #[test]
    fn another_sessions_resolved_ends_the_one_it_names() {
        let mut o = Others::default();
        o.take(&record("a", "intent", 1, json!({"verb": "hold"})));
        o.take(&record("a", "intent", 2, json!({"verb": "hold"})));
        // Of its own session: its own act.
        o.take(&record("b", "resolved", 1, json!({"how": "not sent"})));
        assert_eq!(o.acts.len(), 2);
        o.take(&record("b", "resolved", 9, json!({"session": "a", "of": {"session": "a", "ticket": 1}})));
        assert_eq!(o.acts.len(), 1);
        o.take(&record("b", "resolved", 9, json!({"session": "a"})));
        assert_eq!(o.acts.len(), 0);
    }
}
