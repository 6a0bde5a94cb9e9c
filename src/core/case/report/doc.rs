//! What a report is made of: sentences, each with the records it rests on. A sentence without a record cannot be made.
//! Knows no markup: Markdown, HTML and plain text are made of these elsewhere.

use crate::core::case::casebook::Rests;
use crate::core::record::Record;
use serde::Serialize;

/// A part of a sentence. Words are the program's own and blameless; what is given comes from records and is gated and
/// escaped where it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Piece {
    Words(&'static str),
    Given(String),
    /// The next cell, in a table's row.
    Cell,
}

/// What a sentence rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Rest {
    On(Rests),
    /// All that was looked through in one session: for what is said not to be there, and for counts.
    Over {
        session: String,
        from: u64,
        to: u64,
    },
}

/// A sentence, or a row of a table. Holds at least one [`Rest`]: each way to make one takes a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sentence {
    pieces: Vec<Piece>,
    rests: Vec<Rest>,
}

impl Sentence {
    pub fn on(r: &Record) -> Sentence {
        Sentence::resting(&Rests::on(r))
    }

    pub fn resting(r: &Rests) -> Sentence {
        Sentence { pieces: Vec::new(), rests: vec![Rest::On(r.clone())] }
    }

    /// On everything in `records`; `None` where there is nothing.
    pub fn over(records: &[&Record]) -> Option<Sentence> {
        let rests = ranges(records);
        (!rests.is_empty()).then_some(Sentence { pieces: Vec::new(), rests })
    }

    #[must_use]
    pub fn and(mut self, r: &Record) -> Sentence {
        let rest = Rest::On(Rests::on(r));
        if !self.rests.contains(&rest) {
            self.rests.push(rest);
        }
        self
    }

    #[must_use]
    pub fn and_over(mut self, records: &[&Record]) -> Sentence {
        self.rests.extend(ranges(records));
        self
    }

    /// The program's own words.
    #[must_use]
    pub fn t(mut self, words: &'static str) -> Sentence {
        self.pieces.push(Piece::Words(words));
        self
    }

    /// What a record says, or a figure made of it.
    #[must_use]
    pub fn d(mut self, given: impl Into<String>) -> Sentence {
        self.pieces.push(Piece::Given(given.into()));
        self
    }

    /// `before`, the value, `after`; nothing where there is no value.
    #[must_use]
    pub fn opt(self, before: &'static str, given: Option<&str>, after: &'static str) -> Sentence {
        match given {
            Some(g) if !g.is_empty() => self.t(before).d(g).t(after),
            Some(_) | None => self,
        }
    }

    #[must_use]
    pub fn cell(mut self) -> Sentence {
        self.pieces.push(Piece::Cell);
        self
    }

    /// On what both rest on; no words yet.
    pub fn resting_with(a: &Sentence, b: &Sentence) -> Sentence {
        Sentence { pieces: Vec::new(), rests: a.rests.clone() }.resting_on(b)
    }

    /// Also on what `other` rests on.
    #[must_use]
    pub fn resting_on(mut self, other: &Sentence) -> Sentence {
        for r in &other.rests {
            if !self.rests.contains(r) {
                self.rests.push(r.clone());
            }
        }
        self
    }

    /// The words of another one, whose records must be named already.
    #[must_use]
    pub fn words_of(self, other: &Sentence) -> Sentence {
        let mut s = self.resting_on(other);
        s.pieces.extend(other.pieces.iter().cloned());
        s
    }

    /// With a beginning: words, a given, words.
    #[must_use]
    pub fn prefixed(mut self, before: &'static str, given: String, after: &'static str) -> Sentence {
        self.pieces.splice(0..0, [Piece::Words(before), Piece::Given(given), Piece::Words(after)]);
        self
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    pub fn rests(&self) -> &[Rest] {
        &self.rests
    }

    /// The words alone, ungated: for tests and for finding things.
    pub fn text(&self) -> String {
        let word = |p: &Piece| match p {
            Piece::Words(w) => (*w).to_owned(),
            Piece::Given(g) => g.clone(),
            Piece::Cell => " | ".to_owned(),
        };
        self.pieces.iter().map(word).collect()
    }
}

/// First to last of each session, in order of their coming.
fn ranges(records: &[&Record]) -> Vec<Rest> {
    let mut out: Vec<(&str, u64, u64)> = Vec::new();
    for r in records {
        match out.iter_mut().find(|(s, ..)| *s == r.session) {
            Some((_, from, to)) => (*from, *to) = ((*from).min(r.seq), (*to).max(r.seq)),
            None => out.push((&r.session, r.seq, r.seq)),
        }
    }
    let rest = |(s, from, to): (&str, u64, u64)| {
        let session = s.to_owned();
        if from == to { Rest::On(Rests { session, seq: from }) } else { Rest::Over { session, from, to } }
    };
    out.into_iter().map(rest).collect()
}

/// One thing in a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Block {
    /// A paragraph.
    Said(Sentence),
    /// A line of a list.
    Item(Sentence),
    /// The heading of what follows.
    Head(Sentence),
    /// How to read what follows. The program's own words; says nothing of what happened.
    Plain(&'static str),
    /// The record does not tell: a line for a person to fill.
    Blank(&'static str),
    /// A question of the review.
    Question(&'static str),
    /// Rows of cells.
    Table(&'static [&'static str], Vec<Sentence>),
    /// The pictures stand here, where pictures can be drawn.
    Pictures,
}

/// What a section is about; also its heading and its anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    Summary,
    Impact,
    Moments,
    Durations,
    Rates,
    Decisions,
    Acts,
    People,
    Review,
    Checklist,
    FollowUps,
    Debts,
    Told,
    Timeline,
    Holes,
    // The hand-over's own.
    OpenActs,
    Incidents,
    Held,
    In,
}

impl Part {
    pub fn title(self) -> &'static str {
        match self {
            Part::Summary => "Summary",
            Part::Impact => "Impact",
            Part::Moments => "The five moments",
            Part::Durations => "How long it took",
            Part::Rates => "Rates and burn",
            Part::Decisions => "What was decided, and why",
            Part::Acts => "What was done",
            Part::People => "Who was there",
            Part::Review => "Review",
            Part::Checklist => "Checklist",
            Part::FollowUps => "Follow-ups",
            Part::Debts => "Debts",
            Part::Told => "Who was told",
            Part::Timeline => "Timeline",
            Part::Holes => "What the record does not show",
            Part::OpenActs => "Acts without an end",
            Part::Incidents => "Incidents",
            Part::Held => "Held",
            Part::In => "Who is in",
        }
    }

    /// One lower-case word.
    pub fn anchor(self) -> &'static str {
        match self {
            Part::Summary => "summary",
            Part::Impact => "impact",
            Part::Moments => "moments",
            Part::Durations => "durations",
            Part::Rates => "rates",
            Part::Decisions => "decisions",
            Part::Acts => "acts",
            Part::People => "people",
            Part::Review => "review",
            Part::Checklist => "checklist",
            Part::FollowUps => "follow-ups",
            Part::Debts => "debts",
            Part::Told => "told",
            Part::Timeline => "timeline",
            Part::Holes => "holes",
            Part::OpenActs => "open-acts",
            Part::Incidents => "incidents",
            Part::Held => "held",
            Part::In => "in",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    pub part: Part,
    pub blocks: Vec<Block>,
}

impl Section {
    pub fn new(part: Part) -> Section {
        Section { part, blocks: Vec::new() }
    }

    /// All sentences, rows included.
    pub fn sentences(&self) -> impl Iterator<Item = &Sentence> {
        self.blocks.iter().flat_map(|b| match b {
            Block::Said(s) | Block::Item(s) | Block::Head(s) => std::slice::from_ref(s).iter(),
            Block::Table(_, rows) => rows.iter(),
            Block::Plain(_) | Block::Blank(_) | Block::Question(_) | Block::Pictures => [].iter(),
        })
    }
}

/// A file the report was made from, as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct File {
    /// The file's name.
    pub name: String,
    pub session: String,
    /// Whole records in it.
    pub records: u64,
    /// The hash its last whole record states; empty: none.
    pub head: String,
    /// Its session still runs: more will come.
    pub runs: bool,
    /// Why it, or a part of it, was not read.
    pub unread: Option<String>,
    /// Bytes of an unfinished last line.
    pub torn: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r(session: &str, seq: u64) -> Record {
        Record { session: session.into(), seq, ..Record::default() }
    }

    #[test]
    fn what_is_not_there_rests_on_all_that_was_looked_through() {
        assert_eq!(Sentence::over(&[]), None);
        let (a, b, c) = (r("x", 3), r("y", 7), r("x", 9));
        let s = Sentence::over(&[&a, &b, &c]).expect("records").t("nothing");
        let on = Rest::On(Rests { session: "y".into(), seq: 7 });
        assert_eq!(s.rests(), [Rest::Over { session: "x".into(), from: 3, to: 9 }, on]);
        assert_eq!(Sentence::on(&a).and(&a).and(&c).rests().len(), 2);
    }
}
