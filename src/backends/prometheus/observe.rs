//! The poll: every block edge, when its samples have settled, a fixed number of questions for all services.
//!
//! A round asks for the newest samples and the last edges; `beside` asks for what need not be so fresh. Whatever the
//! fleet, about 16 requests a minute, and some more in the first three, while courses are read back.

use super::queries::{self, BLOCK};
use super::wire::Series;
use super::{Prometheus, ask, fold, survey};
use crate::backends::net::poll::Grid;
use crate::backends::{Cx, Interest, Lane, Sink};
use crate::core::id::ServiceId;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::figures::{Blocks, Signal};
use crate::core::world::source::{Abilities, Link, SourceError, SourceState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::sync::watch;

use super::rounds::{MANY, Rounds, is_bearable, is_due};

/// Edges asked again each round, so that a late scrape repairs itself.
const AGAIN: i64 = 4;
/// Edges asked at most after an interruption; older ones are back-filled by `ask`.
const CATCH_UP: i64 = 40;
/// A label that changes with every request must not fill our memory.
const MOST_SERVICES: usize = 20_000;
/// Services whose own query is kept for showing; beyond them it is that of all.
const MOST_FILLED: usize = 2_000;

/// What is known of the source from round to round, also over a restart.
#[derive(Default)]
pub struct Standing {
    pub abilities: Abilities,
    /// Where the API lies and who serves it, once found.
    pub place: Option<super::Place>,
    confirmed: Option<Utc>,
    latency_ms: Option<u32>,
    last_error: Option<(Utc, SourceError)>,
    /// Every service ever seen here.
    pub(super) seen: BTreeMap<ServiceId, Seen>,
    /// What the blocks of all services were asked with last: another text makes the filled ones stale.
    asked: Arc<str>,
    versions: usize,
    last_edge: Option<i64>,
    survey_at: Option<i64>,
    /// Services that the last survey found: known before any figure of them.
    surveyed: usize,
    /// Services with a moving rollout.
    pub(super) moving: BTreeSet<ServiceId>,
    pub(super) rounds: Rounds,
}

impl Standing {
    fn services(&self) -> usize {
        self.seen.len().max(self.surveyed)
    }
}

/// The blocks of a round, as they were read.
struct Read {
    joined: ask::Joined,
    edges: Vec<i64>,
    told: BTreeMap<(ServiceId, Signal), fold::Told>,
    bytes: usize,
    took_ms: Option<u32>,
}

/// What is kept of a service.
#[derive(Default)]
pub struct Seen {
    /// Time of its newest sample; one that fell silent keeps its last.
    pub newest: Option<Utc>,
    /// Signals it had, with the query that asks for it alone.
    filled: BTreeMap<Signal, Option<Arc<str>>>,
}

impl Prometheus {
    pub(super) fn standing(&self) -> MutexGuard<'_, Standing> {
        // Every change to it is an assignment: a panic elsewhere leaves it usable.
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs until something fails, and says so on the source's line first.
    pub(super) async fn poll(&self, want: watch::Receiver<Interest>, out: &Sink) -> SourceError {
        self.tell(Link::Connecting, out);
        let grid = Grid { every_ms: BLOCK * 1000, offset_ms: self.queries.lag_secs() * 1000 };
        let failed = match self.connect().await {
            Err(e) => e,
            Ok(()) => loop {
                let moving = want.borrow().moving.iter().map(|(s, _)| s.clone()).collect();
                self.standing().moving = moving;
                if let Err(e) = self.time_round(out).await {
                    break e;
                }
                let skew = self.server_now().since((self.clock)());
                grid.next(&self.clock, skew).await;
            },
        };
        self.note_error(failed.clone());
        self.tell(Link::Failed(failed.clone()), out);
        failed
    }

    pub(super) fn cx(&self) -> Cx {
        Cx { deadline: self.timeout, lane: Lane::Refresh }
    }

    async fn connect(&self) -> Result<(), SourceError> {
        let abilities = self.look(&self.cx()).await?;
        self.standing().abilities = abilities;
        Ok(())
    }

    /// One time round. The live figures wait for nothing but the survey, which narrows their questions: on a far link
    /// each question before them is a way there and back.
    async fn time_round(&self, out: &Sink) -> Result<(), SourceError> {
        let edge = queries::settled_edge(self.server_now().secs(), self.queries.lag_secs());
        let due = is_due(self.standing().survey_at, edge, survey::EVERY, 0);
        let mut seen = None;
        if due {
            self.standing().survey_at = Some(edge);
            seen = self.borne(self.glance(&self.cx()).await)?;
            self.standing().surveyed = seen.as_ref().map_or(0, survey::Seen::services);
        }
        if self.standing().confirmed.is_none() {
            // From here on it can be asked for the past.
            self.tell(Link::Connecting, out);
        }
        let (round, told) = futures::join!(self.round(out), self.tell_survey(due, seen, out));
        round.and(told)
    }

    /// What the survey found, and the targets written down there, rarely. What the server will not answer of it costs no
    /// live figure.
    async fn tell_survey(&self, due: bool, seen: Option<survey::Seen>, out: &Sink) -> Result<(), SourceError> {
        if let Some(seen) = seen {
            self.tell_coverage(&seen, &self.cx(), out).await;
        }
        if due {
            self.borne(self.tell_objectives(&self.cx(), out).await)?;
        }
        Ok(())
    }

    /// An answer, or a failure that is noted and goes no further.
    fn borne<T>(&self, answer: Result<T, SourceError>) -> Result<Option<T>, SourceError> {
        match answer {
            Ok(found) => Ok(Some(found)),
            Err(e) if is_bearable(&e) => {
                self.note_error(e);
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    /// Everything that is due now. Facts go out as they come.
    pub(super) async fn round(&self, out: &Sink) -> Result<(), SourceError> {
        let edge = queries::settled_edge(self.server_now().secs(), self.queries.lag_secs());
        self.standing().rounds.begin();
        // Neither needs the other's answer; the blocks take the connection that stands.
        let (blocks, newest) = futures::join!(self.block_rows(edge), self.newest_rows());
        self.note_newest(newest?);
        self.tell_blocks(blocks?, out);
        self.standing().confirmed = Some((self.clock)());
        self.tell(Link::Polling, out);
        self.rest_of_round(edge, out).await
    }

    async fn newest_rows(&self) -> Result<(Vec<Series>, usize), SourceError> {
        let (rows, answer) = self.vector(&self.queries.newest(), None, &self.cx()).await?;
        Ok((rows, answer.body.len()))
    }

    fn note_newest(&self, (rows, bytes): (Vec<Series>, usize)) {
        let now = self.server_now();
        let mut s = self.standing();
        s.rounds.answered(bytes);
        for (service, at) in fold::newest(&rows, now) {
            if s.seen.len() < MOST_SERVICES || s.seen.contains_key(&service) {
                s.seen.entry(service).or_default().newest = Some(at);
            }
        }
    }

    async fn block_rows(&self, edge: i64) -> Result<Read, SourceError> {
        let missed = self.standing().last_edge.map_or(0, |last| (edge - last) / BLOCK);
        let n = (missed + AGAIN - 1).clamp(AGAIN, CATCH_UP);
        let edges: Vec<i64> = (0..n).rev().map(|i| edge - i * BLOCK).collect();
        let few = {
            let s = self.standing();
            (s.services() > MANY).then(|| s.moving.iter().cloned().collect::<Vec<_>>())
        };
        let joined = match &few {
            Some(moving) => ask::blocks_of_moving(&self.queries, moving),
            None => ask::blocks(&self.queries, None),
        };
        let Some(joined) = joined else {
            return Err(self.client.error(crate::core::world::source::Trouble::Shape, "has no query for requests"));
        };
        let (rows, answer) = self.at_edges(&joined.query, &edges, &self.cx()).await?;
        self.refuse_too_many(&rows, "blocks")?;
        let told = fold::blocks(&rows, &self.queries, joined.only(), &edges);
        let took_ms = u32::try_from(answer.took.as_millis()).ok();
        Ok(Read { joined, edges, told, bytes: answer.body.len(), took_ms })
    }

    fn tell_blocks(&self, read: Read, out: &Sink) {
        let Read { joined, edges, mut told, bytes, took_ms } = read;
        let (split, bound) = (self.queries.split(), self.queries.bound());
        let mut s = self.standing();
        s.rounds.answered(bytes);
        // Who moves is no other question.
        let alike = joined.part(joined.only()).unwrap_or_default();
        if s.asked != alike {
            s.asked = alike;
            s.seen.values_mut().for_each(|seen| seen.filled.values_mut().for_each(|q| *q = None));
        }
        s.last_edge = edges.last().copied();
        s.latency_ms = took_ms;
        s.versions = told
            .iter()
            .filter(|((_, signal), _)| *signal == joined.only())
            .filter_map(|(_, t)| t.blocks.last())
            .map(|b| b.by_hash.len())
            .sum();
        // A service that fell silent is told as silent in all it had, not left out.
        for (service, seen) in &s.seen {
            let had = seen.filled.keys().copied().chain([joined.only()]);
            for signal in had.filter(|signal| joined.part(*signal).is_some()) {
                let silent = || fold::Told { split, blocks: fold::silent(&edges) };
                told.entry((service.clone(), signal)).or_insert_with(silent);
            }
        }
        let many = s.seen.len() > MOST_FILLED;
        for ((service, signal), fold::Told { split, blocks }) in told {
            let Some(part) = joined.part(signal) else { continue };
            let mut newest = None;
            let mut query = part;
            if let Some(seen) = s.seen.get_mut(&service) {
                newest = seen.newest;
                let filled = seen.filled.entry(signal).or_default();
                if filled.is_none() && !many {
                    *filled = self.queries.blocks(signal, Some(std::slice::from_ref(&service))).map(Arc::from);
                }
                query = filled.clone().unwrap_or(query);
            }
            out.put(Fact::Blocks(Blocks {
                bound: bound.filter(|_| signal == Signal::Latency),
                newest_sample: newest,
                scrape_secs: self.queries.scrape_secs,
                service,
                signal,
                split,
                blocks,
                query,
            }));
        }
    }

    pub(super) fn note_error(&self, e: SourceError) {
        self.standing().last_error = Some(((self.clock)(), e));
    }

    pub(super) fn tell(&self, link: Link, out: &Sink) {
        let calls_per_min = self.client.calls_per_min();
        let s = self.standing();
        let state = SourceState {
            kind: "prometheus".into(),
            link,
            abilities: s.abilities.clone(),
            confirmed: s.confirmed,
            old_after_ms: (2_000 * i64::from(self.queries.scrape_secs)).max(60_000),
            latency_ms: s.latency_ms,
            calls_per_min,
            last_error: s.last_error.clone(),
            holds: match s.services() {
                0 => "no service found".into(),
                n => format!("{n} services, {} versions", s.versions).into(),
            },
        };
        drop(s);
        out.put(Fact::Source(Box::new(state)));
    }
}
