//! The postmortem draft and the hand-over: what the records of an incident say, as sentences that each name the records
//! they rest on. Pure: records and `now` go in, a document comes out; `md`, `html` and `text` write it down.
//! Blameless: roles and acts, never fault. What no record tells is a line to fill, or is said not to be there.

pub mod acts;
mod doc;
mod done;
mod facts;
pub mod handover;
mod holes;
pub mod html;
pub mod md;
mod moments;
mod people;
mod pick;
mod rates;
mod review;
mod svg;
pub mod text;
mod timeline;
mod when;
mod words;

pub use doc::{Block, File, Part, Piece, Rest, Section, Sentence};
pub use pick::{Nothing, Scope, Wish, incident_of, span_of};

use crate::core::case::casebook::Casebook;
use crate::core::case::incident::Incident;
use crate::core::case::known::Rests;
use crate::core::record::Record;
use crate::core::time::Utc;
use acts::Story;
use moments::Moments;
use pick::Picked;
use rates::Series;
use serde::Serialize;
use std::collections::BTreeMap;
use when::Clock;

/// Where the records come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub environment: String,
    pub files: Vec<File>,
}

/// A report, to be written down.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `andon.report/1`
    pub schema: &'static str,
    /// `Postmortem draft`, `Hand-over`
    pub kind: &'static str,
    pub environment: String,
    pub title: Sentence,
    pub drill: bool,
    /// When it was made, by the clock of who asked.
    pub made: Utc,
    pub sections: Vec<Section>,
    pub files: Vec<File>,
    /// Session to what stands before a record's number; empty where there is only one.
    pub sessions: BTreeMap<String, String>,
    #[serde(skip)]
    pub pictures: Vec<svg::Picture>,
}

impl Report {
    pub fn sentences(&self) -> impl Iterator<Item = &Sentence> {
        std::iter::once(&self.title).chain(self.sections.iter().flat_map(Section::sentences))
    }

    /// `41`, `mira 41, 44; ito 7-9`: what stands between the brackets.
    pub fn cited(&self, rests: &[Rest]) -> String {
        let mut by: Vec<(&str, Vec<String>)> = Vec::new();
        for r in rests {
            let (session, what) = match r {
                Rest::On(r) => (&r.session, r.seq.to_string()),
                Rest::Over { session, from, to } => (session, format!("{from}-{to}")),
            };
            match by.iter_mut().find(|(s, _)| s == session) {
                Some((_, all)) => all.push(what),
                None => by.push((session, vec![what])),
            }
        }
        let one = |(session, all): (&str, Vec<String>)| match self.sessions.get(session).map(String::as_str) {
            None | Some("") => all.join(", "),
            Some(name) => format!("{name} {}", all.join(", ")),
        };
        by.into_iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// What every section is made from.
struct Ctx<'a> {
    p: Picked<'a>,
    by_rests: BTreeMap<Rests, &'a Record>,
    book: Casebook,
    incident: Option<Incident>,
    stories: Vec<Story<'a>>,
    series: Vec<Series<'a>>,
    moments: Moments,
    clock: Clock,
    read: &'a Read,
}

impl<'a> Ctx<'a> {
    fn new(all: &'a [Record], p: Picked<'a>, read: &'a Read) -> Ctx<'a> {
        let mut book = Casebook::default();
        for r in all {
            book.take(r);
        }
        let incident = p.incident.as_ref().and_then(|id| book.incidents.get(id)).cloned();
        let stories = acts::stories(&p.records);
        let moments = moments::moments(&p, incident.as_ref(), &stories);
        Ctx {
            by_rests: all.iter().map(|r| (Rests::on(r), r)).collect(),
            series: rates::series(&p.records),
            clock: Clock::over(p.from, p.to),
            book,
            incident,
            stories,
            moments,
            p,
            read,
        }
    }

    /// The record, where it was read.
    fn record(&self, rests: &Rests) -> Option<&'a Record> {
        self.by_rests.get(rests).copied()
    }

    /// `2026-11-21 03:14:07` or `03:14:07`.
    fn time(&self, t: Utc) -> String {
        self.clock.say(t)
    }

    /// Over everything the report was made from. There is always a record: nothing is no report.
    fn over(&self) -> Sentence {
        self.over_kinds(|_| true)
    }

    /// Over the records that could tell; over all where there is none.
    fn over_kinds(&self, which: impl Fn(&Record) -> bool) -> Sentence {
        let some: Vec<&Record> = self.p.records.iter().copied().filter(|r| which(r)).collect();
        Sentence::over(&some).unwrap_or_else(|| match Sentence::over(&self.p.records) {
            Some(s) => s,
            None => Sentence::resting(&Rests::default()),
        })
    }

    fn is_drill(&self) -> Option<&'a Record> {
        self.p.openings.values().copied().find(|o| !o.data["drill"].is_null())
    }
}

/// What stands before a record's number, by session: nothing for one, the user for several, the session's own four
/// digits where a user has two.
fn sessions(records: &[&Record]) -> BTreeMap<String, String> {
    let mut who: BTreeMap<String, String> = BTreeMap::new();
    for r in records {
        let user = who.entry(r.session.clone()).or_default();
        if user.is_empty() {
            user.clone_from(&r.user);
        }
    }
    if who.len() < 2 {
        return who.into_keys().map(|s| (s, String::new())).collect();
    }
    let users: Vec<String> = who.values().cloned().collect();
    who.into_iter()
        .map(|(s, user)| {
            let twice = user.is_empty() || users.iter().filter(|u| **u == user).count() > 1;
            let tail = s.rsplit('-').next().unwrap_or_default().to_owned();
            let name = match (twice, user.is_empty()) {
                (true, true) => tail,
                (true, false) => format!("{user}-{tail}"),
                (false, _) => user,
            };
            (s, name)
        })
        .collect()
}

/// The draft of a postmortem. `all` in reading order: those of the incident or span, with the `opened` records of their
/// sessions and what is known of incidents, follow-ups and debts from before.
///
/// # Errors
/// There is nothing to report on.
pub fn draft(all: &[Record], read: &Read, wish: &Wish, now: Utc) -> Result<Report, Nothing> {
    let picked = pick::pick(all, wish)?;
    let ctx = Ctx::new(all, picked, read);
    let pictures = svg::pictures(&ctx);
    let sections = [
        facts::summary(&ctx),
        facts::impact(&ctx),
        facts::moments(&ctx),
        facts::durations(&ctx),
        facts::rates(&ctx),
        Some(done::decisions(&ctx)),
        Some(done::acts(&ctx)),
        people::people(&ctx),
        Some(review::review(&ctx)),
        done::checklist(&ctx),
        Some(done::follow_ups(&ctx)),
        done::debts(&ctx),
        Some(done::told(&ctx)),
        Some(timeline::timeline(&ctx)),
        Some(holes::holes(&ctx)),
    ];
    let mut cited: Vec<&Record> = ctx.p.openings.values().copied().collect();
    cited.extend(ctx.p.records.iter().copied());
    Ok(Report {
        schema: "andon.report/1",
        kind: "Postmortem draft",
        environment: read.environment.clone(),
        title: facts::title(&ctx),
        drill: ctx.is_drill().is_some(),
        made: now,
        sections: sections.into_iter().flatten().collect(),
        files: used(&read.files, &cited),
        sessions: sessions(&cited),
        pictures,
    })
}

/// The files these records stand in, and those that could not be read: they might have held some.
fn used(files: &[File], records: &[&Record]) -> Vec<File> {
    files.iter().filter(|f| f.unread.is_some() || records.iter().any(|r| r.session == f.session)).cloned().collect()
}
