//! What a round asks besides the blocks, each kind in its own rhythm: windows, percentiles, memory, routes, courses.
//! None of them may cost the live figures: a kind that fails rests five minutes and is told on the source's line, and
//! what would take a round's answers over [`MOST_BYTES`] waits for a later one, whoever waited longest first.

use super::ask::{self, MIX_OVER, QUANTILES_OVER};
use super::history::{Courses, Range, STEP};
use super::queries::BLOCK;
use super::wire::Series;
use super::{Prometheus, beside, fold};
use crate::backends::Sink;
use crate::core::id::ServiceId;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::figures::Windows;
use crate::core::world::source::{Link, SourceError, Trouble};
use crate::core::world::telemetry::{Asked, Telemetry, TrendOf};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Burn rates that page need these fresh.
const SHORT_WINDOWS: [u32; 2] = [300, 3_600];
/// The pair that pages more slowly.
const MIDDLE_WINDOWS: [u32; 2] = [1_800, 21_600];
/// Heavy for the server, and slow to change.
const LONG_WINDOWS: [u32; 2] = [7_200, 86_400];
/// The SLO period joins it.
const LONGEST_WINDOW: u32 = 259_200;
/// Decoded bytes that all answers of a round may have: limits.md section 5.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// What a kind that was never answered is taken to have for each service, in bytes.
const GUESS: usize = 1_000;
/// From so many services on everything is asked more sparingly: what is told in turns is asked in turns.
pub(super) const MANY: usize = 100;
/// Points asked at once on the way back: an answer stays within reason.
const SLICE: i64 = 10;
const SLICE_OF_MANY: i64 = 4;
/// Seconds that a kind rests after it failed.
const REST: i64 = 300;
/// When a round has taken so long, what is left of it waits for the next one: blocks go before.
const LONG_ENOUGH: Duration = Duration::from_secs(9);
/// Facts of services that do not move go out in turns, one of so many minutes each: nobody looks at all of them.
const TURNS: i64 = 5;

/// A kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Short,
    Middle,
    Quantiles,
    Usage,
    Ratios,
    P99,
    Memory,
    Long,
    Longest,
    Mix,
}

impl Kind {
    /// In the order in which a round asks them.
    const ALL: [Kind; 10] = [
        Kind::Short,
        Kind::Middle,
        Kind::Quantiles,
        Kind::Usage,
        Kind::Ratios,
        Kind::P99,
        Kind::Memory,
        Kind::Long,
        Kind::Longest,
        Kind::Mix,
    ];

    /// (every so many seconds, shifted by so many), so that the server does not get all of them at once.
    fn rhythm(self) -> (i64, i64) {
        match self {
            Kind::Short => (30, 0),
            Kind::Middle => (120, 15),
            Kind::Quantiles => (60, 15),
            Kind::Usage => (60, 30),
            // Courses know themselves what is due.
            Kind::Ratios | Kind::P99 | Kind::Memory => (BLOCK, 0),
            Kind::Long => (300, 0),
            Kind::Longest => (300, 30),
            Kind::Mix => (300, 45),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Kind::Short | Kind::Middle => "windows",
            Kind::Quantiles => "percentiles",
            Kind::Usage => "memory and processor",
            Kind::Ratios => "courses",
            Kind::P99 => "courses of percentiles",
            Kind::Memory => "courses of memory",
            Kind::Long | Kind::Longest => "long windows",
            Kind::Mix => "routes",
        }
    }
}

/// What was asked when, and the courses.
#[derive(Default)]
pub struct Rounds {
    asked: BTreeMap<Kind, i64>,
    /// Edge until which a kind rests.
    resting: BTreeMap<Kind, i64>,
    /// Bytes of the last answer of a kind, over so many points.
    sizes: BTreeMap<(Kind, i64), usize>,
    /// Bytes answered in this round, and questions asked beside the blocks.
    spent: usize,
    beside: usize,
    /// Whose turn it is of what is asked in turns.
    turns: BTreeMap<Kind, i64>,
    ratios: Courses,
    p99: Courses,
    memory: Courses,
}

impl Rounds {
    /// A round begins.
    pub(super) fn begin(&mut self) {
        (self.spent, self.beside) = (0, 0);
    }

    /// Bytes of an answer that every round has.
    pub(super) fn answered(&mut self, bytes: usize) {
        self.spent += bytes;
    }

    fn answered_of(&mut self, kind: Kind, points: i64, bytes: usize) {
        self.sizes.insert((kind, points), bytes);
        self.spent += bytes;
        self.beside += 1;
    }

    /// There is room for this answer. The first question of a round is always asked: nothing waits for ever.
    fn fits(&self, kind: Kind, points: i64, services: usize) -> bool {
        let size = self.sizes.get(&(kind, points)).copied().unwrap_or(services * GUESS);
        self.beside == 0 || self.spent + size <= MOST_BYTES
    }

    /// What is due at `edge`: what pages, then who waited longest.
    fn due(&self, edge: i64) -> Vec<Kind> {
        let mut due: Vec<Kind> = Kind::ALL.into_iter().filter(|k| self.is_due(*k, edge)).collect();
        due.sort_by_key(|k| (*k != Kind::Short, self.asked.get(k).copied()));
        due
    }

    fn is_due(&self, kind: Kind, edge: i64) -> bool {
        let (every, shift) = kind.rhythm();
        self.resting.get(&kind).is_none_or(|until| edge >= *until)
            && is_due(self.asked.get(&kind).copied(), edge, every, shift)
    }

    fn courses(&mut self, kind: Kind) -> &mut Courses {
        match kind {
            Kind::P99 => &mut self.p99,
            Kind::Memory => &mut self.memory,
            Kind::Short | Kind::Middle | Kind::Quantiles | Kind::Usage => &mut self.ratios,
            Kind::Ratios | Kind::Long | Kind::Longest | Kind::Mix => &mut self.ratios,
        }
    }
}

/// Once in each stretch of `every` seconds of the server's time, so that consoles ask together and slow rounds do
/// not shift it.
pub(super) fn is_due(last: Option<i64>, edge: i64, every: i64, shift: i64) -> bool {
    last.is_none_or(|l| (l - shift).div_euclid(every) != (edge - shift).div_euclid(every))
}

/// Too much for the server or for our patience; the live figures need not go with it.
pub(super) fn is_bearable(e: &SourceError) -> bool {
    matches!(e.trouble, Trouble::Timeout | Trouble::Shape | Trouble::Server | Trouble::TooBig | Trouble::NotFound)
}

impl Prometheus {
    pub(super) async fn rest_of_round(&self, edge: i64, out: &Sink) -> Result<(), SourceError> {
        let begun = Instant::now();
        let mut failed = false;
        let (due, services) = {
            let s = self.standing();
            (s.rounds.due(edge), s.seen.len())
        };
        for kind in due {
            if begun.elapsed() > LONG_ENOUGH {
                break;
            }
            let is_course = matches!(kind, Kind::Ratios | Kind::P99 | Kind::Memory);
            // Courses have several questions, each of which fits or not.
            if !is_course {
                let mut s = self.standing();
                if !s.rounds.fits(kind, 0, services) {
                    continue;
                }
                s.rounds.asked.insert(kind, edge);
            }
            match self.beside(kind, edge, out).await {
                Err(e) if is_bearable(&e) => {
                    self.standing().rounds.resting.insert(kind, edge + REST);
                    self.note_error(e);
                    failed = true;
                }
                other => other?,
            }
        }
        if failed {
            self.tell(Link::Polling, out);
        }
        Ok(())
    }

    async fn beside(&self, kind: Kind, edge: i64, out: &Sink) -> Result<(), SourceError> {
        match kind {
            Kind::Short => self.windows(kind, &SHORT_WINDOWS, edge, out).await,
            Kind::Middle => self.windows(kind, &MIDDLE_WINDOWS, edge, out).await,
            Kind::Long => self.windows(kind, &LONG_WINDOWS, edge, out).await,
            Kind::Longest => {
                let mut windows = vec![LONGEST_WINDOW];
                windows.extend(Some(self.period_secs).filter(|p| !windows.contains(p)));
                self.windows(kind, &windows, edge, out).await
            }
            Kind::Quantiles => self.quantiles(edge, out).await,
            Kind::Usage => self.usage(edge, out).await,
            Kind::Mix => self.mix(edge, out).await,
            Kind::Ratios | Kind::P99 | Kind::Memory => self.courses(kind, edge, out).await,
        }
    }

    /// An answer with too many rows is refused, with the label that makes them.
    pub(super) fn refuse_too_many(&self, rows: &[Series], what: &str) -> Result<(), SourceError> {
        let Some((label, values)) = beside::too_many(rows) else {
            return Ok(());
        };
        let (n, label) = (rows.len(), self.own_label(label));
        let why = format!(
            "answers {n} rows for {what}: label {label} has {values} values; take it out of the query or join its values there"
        );
        Err(self.client.error(Trouble::TooBig, &why))
    }

    /// Instant rows at `edge`, or advice where they are too many.
    async fn rows_at(&self, kind: Kind, query: &str, edge: i64) -> Result<Vec<Series>, SourceError> {
        let (rows, answer) = self.vector(query, Some(edge), &self.cx()).await.map_err(|e| self.named(kind, e))?;
        self.standing().rounds.answered_of(kind, 0, answer.body.len());
        self.refuse_too_many(&rows, kind.words())?;
        Ok(rows)
    }

    /// The error, with what was asked.
    fn named(&self, kind: Kind, e: SourceError) -> SourceError {
        if !is_bearable(&e) {
            return e;
        }
        let sentence = format!("{}: {}", kind.words(), e.sentence);
        SourceError { sentence: sentence.into(), ..e }
    }

    async fn windows(&self, kind: Kind, windows: &[u32], edge: i64, out: &Sink) -> Result<(), SourceError> {
        let Some(joined) = ask::windows(&self.queries, windows) else {
            return Ok(());
        };
        let rows = self.rows_at(kind, &joined.query, edge).await?;
        let s = self.standing();
        for ((service, signal), rows) in fold::windows(&rows, joined.only(), windows) {
            let Some(query) = joined.part(signal) else { continue };
            out.put(Fact::Windows(Windows {
                signal,
                at: Some(Utc::from_secs(edge)),
                newest_sample: s.seen.get(&service).and_then(|seen| seen.newest),
                service,
                rows,
                scrape_secs: self.queries.scrape_secs,
                query,
            }));
        }
        Ok(())
    }

    async fn quantiles(&self, edge: i64, out: &Sink) -> Result<(), SourceError> {
        let (turn, only) = self.turn(Kind::Quantiles);
        let Some(query) = self.queries.quantiles(QUANTILES_OVER, only.as_deref()) else {
            return Ok(());
        };
        let rows = self.rows_at(Kind::Quantiles, &query, edge).await?;
        let told = beside::quantiles(&rows, &self.queries, QUANTILES_OVER, &asked(query, edge));
        self.put(turn, out, told.into_iter().map(Telemetry::Quantiles));
        Ok(())
    }

    async fn usage(&self, edge: i64, out: &Sink) -> Result<(), SourceError> {
        let (turn, only) = self.turn(Kind::Usage);
        let Some(query) = self.queries.usage(only.as_deref()) else {
            return Ok(());
        };
        let rows = self.rows_at(Kind::Usage, &query, edge).await?;
        let told = beside::usage(&rows, self.queries.usage_split(), &asked(query, edge));
        self.put(turn, out, told.into_iter().map(Telemetry::Usage));
        Ok(())
    }

    async fn mix(&self, edge: i64, out: &Sink) -> Result<(), SourceError> {
        // A mix is compared while something moves; of many services only theirs is asked.
        let only = {
            let s = self.standing();
            (s.seen.len() > MANY).then(|| s.moving.iter().cloned().collect::<Vec<_>>())
        };
        if only.as_ref().is_some_and(Vec::is_empty) {
            // It stays due: whoever begins to move is asked for at once.
            self.standing().rounds.asked.remove(&Kind::Mix);
            return Ok(());
        }
        let Some(query) = self.queries.routes(MIX_OVER, only.as_deref()) else {
            return Ok(());
        };
        let rows = self.rows_at(Kind::Mix, &query, edge).await?;
        let told = beside::mix(&rows, &self.queries, MIX_OVER, &asked(query, edge));
        // Once in five minutes: all of them.
        let s = self.standing();
        for mut t in told {
            t.asked.sample = s.seen.get(&t.service).and_then(|seen| seen.newest);
            out.put(Fact::Telemetry(Box::new(Telemetry::Mix(t))));
        }
        Ok(())
    }

    /// The newest points, and one more slice of the past until the course is whole.
    async fn courses(&self, kind: Kind, edge: i64, out: &Sink) -> Result<(), SourceError> {
        let (query, parts): (String, Vec<(TrendOf, Arc<str>)>) = match kind {
            Kind::P99 => match ask::p99(&self.queries) {
                Some(q) => (q.clone(), vec![(TrendOf::P99, q.into())]),
                None => return Ok(()),
            },
            Kind::Memory => match ask::memory_of_all(&self.queries) {
                Some(q) => (q.clone(), vec![(TrendOf::Memory, q.into())]),
                None => return Ok(()),
            },
            Kind::Short | Kind::Middle | Kind::Quantiles | Kind::Usage | Kind::Long | Kind::Longest => return Ok(()),
            Kind::Mix => return Ok(()),
            Kind::Ratios => match ask::courses(&self.queries) {
                Some((q, parts)) => (q, parts.into_iter().flat_map(|(w, part)| of_window(w, &part)).collect()),
                None => return Ok(()),
            },
        };
        let services = self.standing().seen.len();
        let slice = if services > MANY { SLICE_OF_MANY } else { SLICE };
        let (ahead, back) = {
            let mut s = self.standing();
            let c = s.rounds.courses(kind);
            (c.ahead(edge, slice), c.back(slice))
        };
        let mut any = false;
        for range in [ahead, back].into_iter().flatten() {
            let points = (range.1 - range.0) / STEP + 1;
            if self.standing().rounds.fits(kind, points, services) {
                self.standing().rounds.asked.insert(kind, edge);
                self.slice(kind, &query, range).await?;
                any = true;
            }
        }
        if !any {
            return Ok(());
        }
        let turn = edge.div_euclid(60);
        let mut s = self.standing();
        let services: Vec<ServiceId> = s.rounds.courses(kind).services().cloned().collect();
        for service in services {
            // While the past is read back each round has news; whoever moves gets them, the others in their turn.
            if !(s.moving.contains(&service) || ahead.is_some() && is_turn(&service, turn)) {
                continue;
            }
            let sample = s.seen.get(&service).and_then(|seen| seen.newest);
            for (of, query) in &parts {
                if let Some(mut trend) = s.rounds.courses(kind).trend(&service, *of, query) {
                    trend.asked.sample = sample;
                    out.put(Fact::Telemetry(Box::new(Telemetry::Trend(trend))));
                }
            }
        }
        Ok(())
    }

    async fn slice(&self, kind: Kind, query: &str, range: Range) -> Result<(), SourceError> {
        let (rows, answer) =
            self.matrix(query, range.0, range.1, STEP, &self.cx()).await.map_err(|e| self.named(kind, e))?;
        let points = (range.1 - range.0) / STEP + 1;
        self.standing().rounds.answered_of(kind, points, answer.body.len());
        self.refuse_too_many(&rows, kind.words())?;
        let mut s = self.standing();
        let courses = s.rounds.courses(kind);
        courses.answered(range);
        match kind {
            Kind::P99 => beside::p99(&rows, courses),
            Kind::Memory => beside::memory(&rows, courses),
            Kind::Short | Kind::Middle | Kind::Quantiles | Kind::Usage | Kind::Long | Kind::Longest | Kind::Mix => {}
            Kind::Ratios => beside::ratios(&rows, courses),
        }
        Ok(())
    }

    /// The next turn of a kind, and of many services those that are asked for in it.
    fn turn(&self, kind: Kind) -> (i64, Option<Vec<ServiceId>>) {
        let mut s = self.standing();
        let turn = *s.rounds.turns.entry(kind).and_modify(|n| *n += 1).or_default();
        let whose = |(service, _): &(&ServiceId, _)| s.moving.contains(*service) || is_turn(service, turn);
        let only =
            (s.seen.len() > MANY).then(|| s.seen.iter().filter(whose).map(|(service, _)| service.clone()).collect());
        (turn, only)
    }

    /// Facts of the services whose turn it is, with the time of their newest sample.
    fn put(&self, turn: i64, out: &Sink, told: impl Iterator<Item = Telemetry>) {
        let s = self.standing();
        for mut t in told {
            let service = t.service().clone();
            if !(s.moving.contains(&service) || is_turn(&service, turn)) {
                continue;
            }
            let sample = s.seen.get(&service).and_then(|seen| seen.newest);
            match &mut t {
                Telemetry::Quantiles(x) => x.asked.sample = sample,
                Telemetry::Usage(x) => x.asked.sample = sample,
                Telemetry::Mix(x) => x.asked.sample = sample,
                Telemetry::Trend(x) => x.asked.sample = sample,
                Telemetry::Ratios(x) => x.asked.sample = sample,
                Telemetry::Coverage(_) | Telemetry::Objective(_) => {}
            }
            out.put(Fact::Telemetry(Box::new(t)));
        }
    }
}

fn asked(query: String, edge: i64) -> Asked {
    Asked { query: query.into(), at: Utc::from_secs(edge), sample: None }
}

/// What a window's counts are the course of.
fn of_window(window: u32, query: &Arc<str>) -> Vec<(TrendOf, Arc<str>)> {
    match window {
        60 => vec![(TrendOf::FailureRate, query.clone()), (TrendOf::Rate, query.clone())],
        300 => vec![(TrendOf::ErrorsShort, query.clone())],
        _ => vec![(TrendOf::ErrorsLong, query.clone())],
    }
}

/// One turn of [`TURNS`] is this service's, by its name.
fn is_turn(service: &ServiceId, turn: i64) -> bool {
    let spread = service.as_str().bytes().fold(0_i64, |n, b| (n * 31 + i64::from(b)) % 10_007);
    (turn + spread) % TURNS == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_keeps_its_rhythm_whatever_a_round_takes() {
        let mut r = Rounds::default();
        let mut times: BTreeMap<Kind, usize> = BTreeMap::new();
        // An hour of rounds, some of them missed.
        for i in (0..240_i64).filter(|i| i % 7 != 3) {
            let edge = 1_795_230_000 + i * BLOCK;
            for kind in Kind::ALL {
                if r.is_due(kind, edge) {
                    r.asked.insert(kind, edge);
                    *times.entry(kind).or_default() += 1;
                }
            }
        }
        let of = |k| times[&k];
        assert_eq!((of(Kind::Long), of(Kind::Mix)), (12, 13));
        assert!((118..=120).contains(&of(Kind::Short)), "{times:?}");
        assert!((59..=61).contains(&of(Kind::Quantiles)) && (59..=61).contains(&of(Kind::Usage)), "{times:?}");
    }

    #[test]
    fn a_kind_that_failed_rests() {
        let mut r = Rounds::default();
        r.resting.insert(Kind::Mix, 1_000);
        assert!(!r.is_due(Kind::Mix, 985) && r.is_due(Kind::Mix, 1_000) && r.is_due(Kind::Short, 985));
    }

    #[test]
    fn every_service_has_its_turn_once_in_five_minutes() {
        for n in 0..100 {
            let s = ServiceId::new(format!("svc-{n:03}"));
            let turns = (0..5).filter(|m| is_turn(&s, 29_920_500 + m)).count();
            assert_eq!(turns, 1);
        }
    }
}
