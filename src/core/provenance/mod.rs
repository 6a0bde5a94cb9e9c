//! Where each figure on Verdict and Board comes from: what it says, the sum in steps, the query with its labels filled
//! in, the source, the sample's time, the raw counts, and why it is missing. A reading of the model; knows no colours,
//! no layout and no keys.
//!
//! Nothing here depends on when a console was opened: ages are the screens' own and stand apart.

mod budget;
mod counts;
mod rest;
#[cfg(test)]
mod tests;

pub use crate::core::cell::Cell;
pub use counts::{asked, bound_words, so};

use crate::core::board;
use crate::core::id::ServiceId;
use crate::core::judge::judged::Judged;
use crate::core::judge::verdict::{Judge, Track, Verdict, Word};
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::figures::{Counts, Signal};
use crate::core::world::target::TargetState;
use crate::core::world::telemetry::Told;
use std::sync::Arc;

/// When a query was evaluated, or a state was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// At one moment of the server's clock; `None`: it was not said.
    At(Option<Utc>),
    /// At every step from the first to the last.
    Range { from: Utc, to: Utc, step_secs: u32 },
    /// Not a query: the state was read then.
    Read(Option<Utc>),
}

/// One question to one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The source's name, or `log` and the like for what no source told.
    pub source: String,
    /// As sent. `None`: no query is behind it.
    pub query: Option<Arc<str>>,
    pub taken: Taken,
    /// Time of the newest sample, where a sample is behind it.
    pub sample: Option<Utc>,
    /// Seconds between scrapes.
    pub scrape_secs: Option<u32>,
}

/// All there is to say about one figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Provenance {
    pub cell: Cell,
    /// Its name: `errors of the canary`.
    pub name: String,
    /// As it is shown, with its unit.
    pub figure: String,
    /// What it says, in a sentence.
    pub says: String,
    /// The sum, one step a line.
    pub steps: Vec<String>,
    /// Raw counts behind it: whose, and how many.
    pub counts: Vec<(String, Counts)>,
    pub asked: Vec<Asked>,
    /// Why there is no figure, or none to judge by.
    pub missing: Option<String>,
}

impl Provenance {
    fn new(cell: Cell, name: impl Into<String>, figure: impl Into<String>, says: impl Into<String>) -> Provenance {
        Provenance {
            cell,
            name: name.into(),
            figure: figure.into(),
            says: says.into(),
            steps: Vec::new(),
            counts: Vec::new(),
            asked: Vec::new(),
            missing: None,
        }
    }

    fn step(mut self, text: impl Into<String>) -> Provenance {
        self.steps.push(text.into());
        self
    }

    fn counted(mut self, whose: impl Into<String>, counts: Counts) -> Provenance {
        self.counts.push((whose.into(), counts));
        self
    }

    fn asked(mut self, asked: impl IntoIterator<Item = Asked>) -> Provenance {
        self.asked.extend(asked);
        self
    }

    fn missing(mut self, why: impl Into<String>) -> Provenance {
        self.missing = Some(why.into());
        self
    }

    /// Can anyone ask for it again, or at least know who said it and when?
    pub fn is_whole(&self) -> bool {
        let named = |a: &Asked| {
            !a.source.is_empty()
                && match &a.taken {
                    Taken::At(at) => a.query.is_some() && (at.is_some() || a.sample.is_some()),
                    Taken::Range { .. } => a.query.is_some(),
                    Taken::Read(at) => at.is_some(),
                }
        };
        self.asked.iter().any(named) || self.missing.is_some()
    }
}

/// What is known of one service, gathered once.
struct Of<'m> {
    model: &'m Model,
    service: &'m ServiceId,
    target: Option<&'m TargetState>,
    judged: Option<&'m Judged>,
    told: Option<&'m Told>,
}

impl<'m> Of<'m> {
    fn new(model: &'m Model, service: &'m ServiceId) -> Of<'m> {
        let row = model.rows.iter().find(|r| r.service == *service);
        let target = row.and_then(|r| r.target.as_ref()).and_then(|t| model.world.targets.get(t));
        let judged = target.and_then(|t| model.judged.get(&t.id));
        Of { model, service, target, judged, told: model.world.telemetry.get(service) }
    }

    fn track(&self, track: Track) -> &'static str {
        match track {
            Track::Candidate => self.target.map_or("candidate", TargetState::track),
            Track::Stable => "stable",
        }
    }
}

/// What one signal says of a moving target: the one that decides, or one that informs.
pub fn signal(judged: &Judged, signal: Signal) -> Option<(&Judge, &Verdict)> {
    if signal == judged.signal {
        return Some((&judged.judge, &judged.verdict));
    }
    judged.also.get(&signal).map(|a| (&a.judge, &a.verdict))
}

/// Was anything heard of this signal? What was not is said, never left out.
pub fn is_measured(judged: &Judged, which: Signal) -> bool {
    judged.telemetry && judged.heard.contains_key(&which)
}

/// Signals that were heard of, and those that were not, each in the order of [`Signal::ALL`].
pub fn measured(judged: &Judged) -> (Vec<Signal>, Vec<Signal>) {
    Signal::ALL.into_iter().partition(|s| is_measured(judged, *s))
}

/// Where one figure of a service comes from.
pub fn of(model: &Model, service: &ServiceId, cell: Cell) -> Provenance {
    let of = Of::new(model, service);
    match cell {
        Cell::Verdict
        | Cell::Difference(_)
        | Cell::Limit(_)
        | Cell::Needed(_)
        | Cell::Blocks(_)
        | Cell::Rate(..)
        | Cell::WouldBurn(_)
        | Cell::Age => counts::of(&of, cell),
        Cell::Left | Cell::BurnWord | Cell::Burn(_) | Cell::Empty | Cell::Spent | Cell::Ripple => budget::of(&of, cell),
        Cell::Since
        | Cell::Weight
        | Cell::Pods
        | Cell::Deployed
        | Cell::Step
        | Cell::Ready
        | Cell::Takes
        | Cell::Percentiles
        | Cell::Memory
        | Cell::Trend
        | Cell::Act
        | Cell::Elsewhere
        | Cell::Fleet
        | Cell::Pictures => rest::of(&of, cell),
    }
}

/// Which figures of the chosen service can be walked through, in the order in which the screens show them. `board`: the
/// cells of its row only.
pub fn cells(model: &Model, service: &ServiceId, board: bool) -> Vec<Cell> {
    let of = Of::new(model, service);
    let mut out = Vec::new();
    let signals = of.judged.map(|j| measured(j).0).unwrap_or_default();
    let deciding = of.judged.map_or(Signal::Errors, |j| j.signal);
    let told = of.judged.filter(|j| j.telemetry);
    if let Some(t) = of.target.filter(|_| board) {
        out.extend((t.is_moving()).then_some(Cell::Step));
    }
    if of.judged.is_some() {
        out.push(Cell::Verdict);
    }
    if let Some(j) = told {
        if j.verdict.difference.is_some() {
            out.push(Cell::Difference(deciding));
        }
        if j.verdict.needed.is_some() {
            out.push(Cell::Needed(deciding));
        }
        if !board {
            // Where nothing is compared yet, no limit is shown.
            let compared = matches!(j.verdict.word, Word::Worse | Word::Higher | Word::Same | Word::Better);
            out.extend(compared.then_some(Cell::Limit(deciding)));
            for s in &signals {
                out.extend([Cell::Rate(*s, Track::Candidate), Cell::Rate(*s, Track::Stable)]);
            }
            out.push(Cell::Age);
        }
    }
    if model.burns.contains_key(service) {
        if !board {
            out.extend([Cell::Left, Cell::BurnWord]);
            let spent = of.target.and_then(|t| crate::core::budget::spent(model, t)).filter(|s| s.is_sure());
            out.extend(spent.map(|_| Cell::Spent));
        }
        out.extend([Cell::Burn(3_600), Cell::Burn(300)]);
        out.extend((!board).then_some(Cell::Empty));
    }
    if let (Some(t), false) = (of.target, board) {
        out.extend(crate::core::budget::ripple(model, &t.id).map(|_| Cell::Ripple));
        out.extend(t.is_moving().then_some([Cell::Weight, Cell::Pods, Cell::Deployed]).into_iter().flatten());
    }
    if of.told.is_some_and(|t| t.trends.contains_key(&crate::core::world::telemetry::TrendOf::FailureRate)) {
        out.push(Cell::Trend);
    }
    if !board {
        out.extend(of.told.is_some_and(|t| t.quantiles.is_some()).then_some(Cell::Percentiles));
        out.extend(of.told.is_some_and(|t| t.usage.is_some()).then_some(Cell::Memory));
    }
    if of.target.is_some() {
        out.extend([Cell::Ready, Cell::Takes]);
    }
    out
}

/// The figure `by` places further among those that can be walked through here; from none it goes to the first, or the
/// last.
pub fn beside(model: &Model, from: Option<Cell>, by: i64, board: bool) -> Option<Cell> {
    let service = board::selected(model)?.service.clone();
    let all = cells(model, &service, board);
    let last = i64::try_from(all.len().checked_sub(1)?).unwrap_or(0);
    let at = from.and_then(|c| all.iter().position(|x| *x == c)).and_then(|n| i64::try_from(n).ok());
    let to = match at {
        Some(n) => (n + by).rem_euclid(last + 1),
        None if by > 0 => 0,
        None => last,
    };
    all.get(usize::try_from(to).unwrap_or(0)).copied()
}
