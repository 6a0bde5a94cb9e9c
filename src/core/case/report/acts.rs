//! The acts of a report: each one's records put together, and how it ended. Says `settled` only where a record does.

use crate::core::record::Record;
use std::collections::BTreeMap;

/// Verbs that take users back to what they had, or keep more of them from what is new.
const BACK: [&str; 6] = ["roll back", "abort", "switch back", "hold", "freeze", "flag off"];
/// Those of them after which users have the old version.
const ROLLS_BACK: [&str; 3] = ["roll back", "abort", "switch back"];

/// How an act ended, by the last record that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its intent is recorded, nothing after it.
    Meant,
    NotSent,
    Sent,
    Accepted,
    Seen,
    Settled,
    Refused,
    Unknown,
    Stuck,
    Undone,
    /// Read back: it was not done.
    NotDone,
    Overtaken,
    /// Read back later, by whoever found it open.
    ReadBack,
}

impl End {
    /// As a badge says it.
    pub fn word(self) -> &'static str {
        match self {
            End::Meant => "NO OUTCOME",
            End::NotSent => "not sent",
            End::Sent => "NO ANSWER",
            End::Accepted => "NOT CONFIRMED",
            End::Seen => "NOT SETTLED",
            End::Settled => "settled",
            End::Refused => "REFUSED",
            End::Unknown => "OUTCOME UNKNOWN",
            End::Stuck => "STUCK",
            End::Undone => "UNDONE",
            End::NotDone => "NOT DONE",
            End::Overtaken => "overtaken",
            End::ReadBack => "read back later",
        }
    }

    /// Something may still come, or nobody knows: the next shift must look.
    pub fn is_open(self) -> bool {
        match self {
            End::Meant | End::Sent | End::Accepted | End::Seen | End::Unknown | End::Stuck => true,
            End::NotSent
            | End::Settled
            | End::Refused
            | End::Undone
            | End::NotDone
            | End::Overtaken
            | End::ReadBack => false,
        }
    }
}

/// One act with all its records, in reading order.
pub struct Story<'a> {
    /// The intent of its first step.
    pub begun: &'a Record,
    pub records: Vec<&'a Record>,
    pub end: End,
    /// The record that says how it ended.
    pub last: &'a Record,
}

impl<'a> Story<'a> {
    pub fn verb(&self) -> &'a str {
        self.begun.data["verb"].as_str().unwrap_or("act")
    }

    pub fn target(&self) -> String {
        self.begun.target_at().unwrap_or_else(|| "a target that is not named".into())
    }

    /// `checkout`
    pub fn service(&self) -> Option<&'a str> {
        self.begun.target.as_ref()?["name"].as_str()
    }

    pub fn is_backward(&self) -> bool {
        BACK.contains(&self.verb())
    }

    pub fn rolls_back(&self) -> bool {
        ROLLS_BACK.contains(&self.verb())
    }

    pub fn first(&self, kind: &str) -> Option<&'a Record> {
        self.records.iter().copied().find(|r| r.kind == kind)
    }

    pub fn last_of(&self, kind: &str) -> Option<&'a Record> {
        self.records.iter().copied().rev().find(|r| r.kind == kind)
    }

    /// A request left, as far as is recorded.
    pub fn was_sent(&self) -> bool {
        ["sent", "accepted", "unknown", "seen", "settled", "stuck", "undone"].iter().any(|k| self.first(k).is_some())
    }
}

/// The acts in `records`, oldest first. An outcome that another session read back is put to the act it names.
pub fn stories<'a>(records: &[&'a Record]) -> Vec<Story<'a>> {
    let mut all: Vec<Story<'a>> = Vec::new();
    // (session, act) or (session, ticket) to a place in `all`.
    let mut by_act: BTreeMap<(&str, u64), usize> = BTreeMap::new();
    let mut by_ticket: BTreeMap<(&str, u64), usize> = BTreeMap::new();
    for &r in records {
        let session = r.session.as_str();
        let act = r.data["act"].as_u64();
        if r.kind == "intent" {
            let at = act.and_then(|a| by_act.get(&(session, a)).copied()).unwrap_or_else(|| {
                all.push(Story { begun: r, records: Vec::new(), end: End::Meant, last: r });
                all.len() - 1
            });
            if let Some(a) = act {
                by_act.insert((session, a), at);
            }
            if let Some(t) = r.ticket {
                by_ticket.insert((session, t), at);
            }
            take(&mut all[at], r);
            continue;
        }
        if !matches!(
            r.kind.as_str(),
            "sent" | "accepted" | "refused" | "unknown" | "seen" | "settled" | "stuck" | "undone" | "resolved"
        ) {
            continue;
        }
        let other = r.data["of"]["session"].as_str().or_else(|| r.data["session"].as_str());
        let places: Vec<usize> = match other.filter(|o| r.kind == "resolved" && *o != session) {
            Some(o) => match r.data["of"]["ticket"].as_u64() {
                Some(t) => by_ticket.get(&(o, t)).copied().into_iter().collect(),
                None => (0..all.len())
                    .filter(|i| all[*i].begun.session == o && all[*i].begun.target == r.target && all[*i].end.is_open())
                    .collect(),
            },
            None => act
                .and_then(|a| by_act.get(&(session, a)))
                .or_else(|| by_ticket.get(&(session, r.ticket?)))
                .copied()
                .into_iter()
                .collect(),
        };
        for at in places {
            take(&mut all[at], r);
        }
    }
    all
}

fn take<'a>(story: &mut Story<'a>, r: &'a Record) {
    story.records.push(r);
    let end = match r.kind.as_str() {
        "intent" => End::Meant,
        "sent" => End::Sent,
        "accepted" => End::Accepted,
        "refused" => End::Refused,
        "unknown" => End::Unknown,
        "seen" => End::Seen,
        "settled" => End::Settled,
        "stuck" => End::Stuck,
        "undone" => End::Undone,
        _ => match r.data["how"].as_str().unwrap_or_default() {
            "not sent" => End::NotSent,
            "read back: it was not done" => End::NotDone,
            "read back: it was done" => End::Seen,
            how if how.starts_with("overtaken") => End::Overtaken,
            _ => End::ReadBack,
        },
    };
    // An answer may stand behind what was already seen.
    let earlier = matches!(end, End::Sent | End::Accepted) && matches!(story.end, End::Seen | End::Settled);
    if !earlier || r.data["step"].as_u64() > story.last.data["step"].as_u64() {
        (story.end, story.last) = (end, r);
    }
}

/// Targets that are held: a hold settled and nothing on the same target released it. With the record they rest on.
pub fn held<'a>(stories: &[Story<'a>]) -> Vec<(String, &'a Record)> {
    let mut held: Vec<(String, &'a Record)> = Vec::new();
    for s in stories {
        let target = s.target();
        let holds = matches!(s.verb(), "hold" | "freeze");
        match s.end {
            End::Settled if holds => {
                held.retain(|(t, _)| *t != target);
                held.push((target, s.last));
            }
            End::Undone if holds => held.retain(|(t, _)| *t != target),
            End::Settled => held.retain(|(t, _)| *t != target),
            _ => {}
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn r(session: &str, seq: u64, kind: &str, act: u64, more: Value) -> Record {
        let mut data = json!({"act": act, "ticket": act, "verb": "roll back", "step": 1, "of": 1});
        if let (Some(d), Value::Object(m)) = (data.as_object_mut(), more) {
            d.extend(m);
        }
        let target =
            Some(json!({"source": "eu-1", "namespace": "shop", "kind": "rollout", "name": "checkout", "uid": "u"}));
        Record {
            session: session.into(),
            seq,
            kind: kind.into(),
            ticket: data["ticket"].as_u64(),
            target,
            data,
            ..Record::default()
        }
    }

    fn ends(log: &[Record]) -> Vec<End> {
        stories(&log.iter().collect::<Vec<_>>()).iter().map(|s| s.end).collect()
    }

    #[test]
    fn an_act_is_settled_only_where_a_record_says_so() {
        let mut log = vec![r("a", 1, "intent", 1, json!({})), r("a", 2, "sent", 1, json!({}))];
        assert_eq!(ends(&log), [End::Sent]);
        log.push(r("a", 3, "accepted", 1, json!({})));
        assert_eq!(ends(&log), [End::Accepted]);
        log.push(r("a", 4, "seen", 1, json!({})));
        assert_eq!(ends(&log), [End::Seen]);
        log.push(r("a", 5, "settled", 1, json!({})));
        assert_eq!(ends(&log), [End::Settled]);
        log.push(r("a", 6, "undone", 1, json!({})));
        assert_eq!(ends(&log), [End::Undone]);
    }

    #[test]
    fn a_second_step_opens_the_act_again_and_a_late_answer_does_not() {
        let second = json!({"step": 2, "of": 2, "ticket": 9});
        let log = vec![
            r("a", 1, "intent", 1, json!({"of": 2})),
            r("a", 2, "seen", 1, json!({"step_done": true})),
            r("a", 3, "accepted", 1, json!({})),
            r("a", 4, "intent", 1, second.clone()),
            r("a", 5, "sent", 1, second),
        ];
        assert_eq!(ends(&log[..3]), [End::Seen]);
        assert_eq!(ends(&log), [End::Sent]);
    }

    #[test]
    fn what_another_session_read_back_is_put_to_the_act_it_names() {
        let of = json!({"act": null, "ticket": null, "how": "read back after the session ended", "session": "a", "of": {"session": "a", "ticket": 1}});
        let log =
            vec![r("a", 1, "intent", 1, json!({})), r("a", 2, "intent", 2, json!({})), r("b", 7, "resolved", 0, of)];
        assert_eq!(ends(&log), [End::ReadBack, End::Meant]);
        let any = json!({"act": null, "ticket": null, "session": "a"});
        let log = vec![r("a", 1, "intent", 1, json!({})), r("b", 7, "resolved", 0, any)];
        assert_eq!(ends(&log), [End::ReadBack]);
    }

    #[test]
    fn a_hold_ends_with_whatever_moves_the_target_on() {
        let log = vec![
            r("a", 1, "intent", 1, json!({"verb": "hold"})),
            r("a", 2, "settled", 1, json!({"verb": "hold"})),
            r("a", 3, "intent", 2, json!({"verb": "resume"})),
            r("a", 4, "refused", 2, json!({"verb": "resume"})),
        ];
        let held_in = |log: &[Record]| held(&stories(&log.iter().collect::<Vec<_>>())).len();
        assert_eq!(held_in(&log), 1);
        let mut log = log;
        log.push(r("a", 5, "intent", 3, json!({"verb": "roll back"})));
        log.push(r("a", 6, "settled", 3, json!({"verb": "roll back"})));
        assert_eq!(held_in(&log), 0);
    }
}
