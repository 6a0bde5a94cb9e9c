//! Which records a report is about: those of an incident, of a span, or of a drill's whole session.

use super::when;
use crate::core::record::Record;
use crate::core::time::Utc;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// So much before the first sign belongs to an incident: what was deployed, what was armed, what was seen.
pub const BEFORE_MS: i64 = 15 * 60_000;
/// So much after its end: the last readings.
pub const AFTER_MS: i64 = 60_000;

/// What is asked for. All `None`: the newest incident, or a drill's whole session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub incident: Option<String>,
    pub since: Option<Utc>,
    pub until: Option<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Incident,
    Span,
    /// A drill without an incident.
    Session,
}

/// The records of one report, in reading order.
pub struct Picked<'a> {
    pub scope: Scope,
    /// The incident's id.
    pub incident: Option<String>,
    pub records: Vec<&'a Record>,
    /// The `opened` records of their sessions, also where they lie before the span.
    pub openings: BTreeMap<&'a str, &'a Record>,
    pub from: Utc,
    pub to: Utc,
}

/// Why there is nothing to report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nothing {
    Empty,
    /// No incident was opened, and no span was named.
    NoIncident,
    /// No such incident; the newest ones there are.
    Unknown(String, Vec<String>),
    /// No record in the span.
    Span,
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Nothing::Empty => f.write_str("no records"),
            Nothing::NoIncident => {
                f.write_str("no incident was opened here; name a span: --since 2h, or --since and --until with times")
            }
            Nothing::Unknown(id, known) if known.is_empty() => write!(f, "no incident {id}: none was opened here"),
            Nothing::Unknown(id, known) => write!(f, "no incident {id}; there is {}", known.join(", ")),
            Nothing::Span => f.write_str("no record in this span"),
        }
    }
}

/// The incident a record is about or belongs to.
pub fn incident_of(r: &Record) -> Option<&str> {
    let about = r.kind.starts_with("incident-").then(|| r.data["id"].as_str()).flatten();
    r.incident.as_deref().or(about)
}

/// When an incident's records begin and end; both with the room around them. `until` is open while it is.
pub fn span_of<'a>(id: &str, records: impl Iterator<Item = &'a Record>) -> Option<(Utc, Option<Utc>)> {
    let (mut from, mut end) = (None::<Utc>, None::<Utc>);
    for r in records.filter(|r| incident_of(r) == Some(id)) {
        let at = when::of(r);
        let bad = r.data["first_bad"].as_str().and_then(Utc::read);
        for t in [Some(at), bad].into_iter().flatten() {
            from = Some(from.map_or(t, |f| f.min(t)));
        }
        let over = r.kind == "incident-closed" || r.data["state"] == "resolved";
        match r.kind.as_str() {
            "incident-closed" | "incident-changed" if over => end = Some(end.map_or(at, |e| e.max(at))),
            // Opened again.
            "incident-opened" | "incident-changed" if r.data["state"].is_string() || r.kind == "incident-opened" => {
                end = None;
            }
            _ => {}
        }
    }
    Some((Utc(from?.0 - BEFORE_MS), end.map(|e| Utc(e.0 + AFTER_MS))))
}

/// The records of `all` (in reading order) that `wish` is about.
pub fn pick<'a>(all: &'a [Record], wish: &Wish) -> Result<Picked<'a>, Nothing> {
    if all.is_empty() {
        return Err(Nothing::Empty);
    }
    let mut ids: Vec<&str> = Vec::new();
    for r in all.iter().filter(|r| r.kind == "incident-opened") {
        if let Some(id) = incident_of(r).filter(|id| !ids.contains(id)) {
            ids.push(id);
        }
    }
    let span = wish.since.is_some() || wish.until.is_some();
    let (scope, incident, records): (Scope, Option<String>, Vec<&Record>) = match &wish.incident {
        Some(id) if !ids.contains(&id.as_str()) && !all.iter().any(|r| incident_of(r) == Some(id)) => {
            let newest = ids.iter().rev().take(5).map(|i| (*i).to_owned()).collect();
            return Err(Nothing::Unknown(id.clone(), newest));
        }
        Some(id) => (Scope::Incident, Some(id.clone()), of_incident(all, id, wish)),
        None if span => (Scope::Span, None, in_span(all, wish)),
        None => match ids.last() {
            Some(id) => (Scope::Incident, Some((*id).to_owned()), of_incident(all, id, wish)),
            None => (Scope::Session, None, drill(all).ok_or(Nothing::NoIncident)?),
        },
    };
    let times: Vec<Utc> = records.iter().map(|r| when::of(r)).collect();
    let (Some(from), Some(to)) = (times.iter().min(), times.iter().max()) else { return Err(Nothing::Span) };
    let sessions: BTreeSet<&str> = records.iter().map(|r| r.session.as_str()).collect();
    let opened = all.iter().filter(|r| r.kind == "opened" && sessions.contains(r.session.as_str()));
    let openings = opened.map(|r| (r.session.as_str(), r)).collect();
    Ok(Picked { scope, incident, from: *from, to: *to, records, openings })
}

/// Those with its id wherever they stand; those without any id within its time.
fn of_incident<'a>(all: &'a [Record], id: &str, wish: &Wish) -> Vec<&'a Record> {
    let Some((from, to)) = span_of(id, all.iter()) else { return Vec::new() };
    let (from, to) = (wish.since.unwrap_or(from), wish.until.or(to));
    let within = |r: &Record| {
        let t = when::of(r);
        t >= from && to.is_none_or(|to| t <= to)
    };
    all.iter()
        .filter(|r| match incident_of(r) {
            Some(its) => its == id,
            None => within(r),
        })
        .collect()
}

fn in_span<'a>(all: &'a [Record], wish: &Wish) -> Vec<&'a Record> {
    let within = |r: &&Record| {
        let t = when::of(r);
        wish.since.is_none_or(|s| t >= s) && wish.until.is_none_or(|u| t <= u)
    };
    all.iter().filter(within).collect()
}

/// The newest session of a drill.
fn drill(all: &[Record]) -> Option<Vec<&Record>> {
    let opened = all.iter().rev().find(|r| r.kind == "opened")?;
    if opened.data["drill"].is_null() {
        return None;
    }
    Some(all.iter().filter(|r| r.session == opened.session).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn r(seq: u64, min: i64, kind: &str, incident: Option<&str>, data: serde_json::Value) -> Record {
        let utc = Utc(1_795_219_200_000 + min * 60_000).rfc3339();
        Record {
            session: "s".into(),
            seq,
            utc,
            kind: kind.into(),
            incident: incident.map(Into::into),
            data,
            ..Record::default()
        }
    }

    fn log() -> Vec<Record> {
        vec![
            r(1, 0, "opened", None, json!({})),
            r(2, 100, "verdict", None, json!({})),
            r(3, 108, "incident-opened", Some("i-1"), json!({"id": "i-1"})),
            r(4, 110, "note", Some("i-2"), json!({})),
            r(5, 111, "note", None, json!({})),
            r(6, 120, "incident-closed", Some("i-1"), json!({"id": "i-1", "state": "resolved"})),
            r(7, 200, "note", None, json!({})),
            r(8, 300, "follow-up", Some("i-1"), json!({})),
        ]
    }

    fn seqs(p: &Picked<'_>) -> Vec<u64> {
        p.records.iter().map(|r| r.seq).collect()
    }

    #[test]
    fn an_incident_has_its_own_records_and_its_time_but_not_anothers() {
        let log = log();
        let p = pick(&log, &Wish::default()).unwrap_or_else(|n| panic!("{n}"));
        assert_eq!((p.scope, p.incident.as_deref()), (Scope::Incident, Some("i-1")));
        assert_eq!(seqs(&p), [2, 3, 5, 6, 8]);
        assert_eq!(p.openings["s"].seq, 1);
    }

    #[test]
    fn a_span_takes_what_lies_in_it_and_nothing_is_told_as_nothing() {
        let log = log();
        let at = |min: i64| Some(Utc(1_795_219_200_000 + min * 60_000));
        let wish = Wish { since: at(105), until: at(115), incident: None };
        assert_eq!(pick(&log, &wish).map(|p| seqs(&p)).ok(), Some(vec![3, 4, 5]));
        let wish = Wish { since: at(1000), ..Wish::default() };
        assert_eq!(pick(&log, &wish).err(), Some(Nothing::Span));
        let wish = Wish { incident: Some("i-9".into()), ..Wish::default() };
        assert_eq!(pick(&log, &wish).err(), Some(Nothing::Unknown("i-9".into(), vec!["i-1".into()])));
        assert_eq!(pick(&[], &Wish::default()).err(), Some(Nothing::Empty));
    }

    #[test]
    fn a_drill_without_an_incident_is_its_whole_session() {
        let mut log: Vec<Record> = log().into_iter().filter(|r| r.kind == "note").collect();
        log.insert(0, r(1, 0, "opened", None, json!({})));
        assert_eq!(pick(&log, &Wish::default()).err(), Some(Nothing::NoIncident));
        log[0].data = json!({"drill": {"name": "f1"}});
        assert_eq!(pick(&log, &Wish::default()).map(|p| seqs(&p)).ok(), Some(vec![1, 4, 5, 7]));
    }
}
