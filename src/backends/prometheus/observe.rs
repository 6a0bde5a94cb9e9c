//! The poll: every block edge, when its samples have settled, a fixed number of questions for all services.
//!
//! A round asks for the newest samples and the last edges, every second round for the short windows, every twentieth
//! for the long ones: 12 requests in the first minute with its probe, about 10 in each later one, whatever the fleet.

use super::queries::{self, BLOCK};
use super::{Prometheus, fold};
use crate::backends::net::poll::Grid;
use crate::backends::{Cx, Lane, Sink};
use crate::core::id::ServiceId;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::figures::{Blocks, VersionBlock, Windows};
use crate::core::world::source::{Abilities, Link, SourceError, SourceState, Trouble};
use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};

/// Burn rates that page need these fresh.
const SHORT_WINDOWS: [u32; 4] = [300, 1_800, 3_600, 21_600];
const SHORT_EVERY: i64 = 30;
/// Heavy for the server, and slow to change. The SLO period joins them.
const LONG_WINDOWS: [u32; 3] = [7_200, 86_400, 259_200];
const LONG_EVERY: i64 = 300;
/// Edges asked again each round, so that a late scrape repairs itself.
const AGAIN: i64 = 4;
/// Edges asked at most after an interruption; older ones are back-filled by `ask`.
const CATCH_UP: i64 = 40;
/// A label that changes with every request must not fill our memory.
const MOST_SERVICES: usize = 20_000;

/// What is known of the source from round to round, also over a restart.
#[derive(Default)]
pub struct Standing {
    pub abilities: Abilities,
    confirmed: Option<Utc>,
    latency_ms: Option<u32>,
    last_error: Option<(Utc, SourceError)>,
    /// Newest sample of every service ever seen here; one that fell silent keeps its last.
    newest: BTreeMap<ServiceId, Utc>,
    versions: usize,
    last_edge: Option<i64>,
    short_at: Option<i64>,
    long_at: Option<i64>,
}

impl Prometheus {
    pub(super) fn standing(&self) -> MutexGuard<'_, Standing> {
        // Every change to it is an assignment: a panic elsewhere leaves it usable.
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs until something fails, and says so on the source's line first.
    pub(super) async fn poll(&self, out: &Sink) -> SourceError {
        self.tell(Link::Connecting, out);
        let grid = Grid { every_ms: BLOCK * 1000, offset_ms: self.queries.lag_secs() * 1000 };
        let failed = match self.connect().await {
            Err(e) => e,
            Ok(()) => loop {
                if let Err(e) = self.round(out).await {
                    break e;
                }
                let skew = self.server_now().since((self.clock)());
                grid.next(&self.clock, skew).await;
            },
        };
        self.standing().last_error = Some(((self.clock)(), failed.clone()));
        self.tell(Link::Failed(failed.clone()), out);
        failed
    }

    fn cx(&self) -> Cx {
        Cx { deadline: self.timeout, lane: Lane::Refresh }
    }

    async fn connect(&self) -> Result<(), SourceError> {
        let abilities = self.look(&self.cx()).await?;
        self.standing().abilities = abilities;
        Ok(())
    }

    /// Everything that is due now. Facts go out as they come.
    pub(super) async fn round(&self, out: &Sink) -> Result<(), SourceError> {
        let edge = queries::settled_edge(self.server_now().secs(), self.queries.lag_secs());
        self.newest_samples().await?;
        self.blocks(edge, out).await?;
        self.standing().confirmed = Some((self.clock)());
        self.tell(Link::Polling, out);
        if is_due(self.standing().short_at, edge, SHORT_EVERY) {
            self.windows(&SHORT_WINDOWS, out).await?;
            self.standing().short_at = Some(edge);
        }
        if is_due(self.standing().long_at, edge, LONG_EVERY) {
            self.standing().long_at = Some(edge);
            let mut windows = LONG_WINDOWS.to_vec();
            windows.extend(Some(self.period_secs).filter(|p| !windows.contains(p)));
            match self.windows(&windows, out).await {
                // Too much for the server or for our patience: the live figures need not go with it.
                Err(e)
                    if matches!(e.trouble, Trouble::Timeout | Trouble::Shape | Trouble::Server | Trouble::TooBig) =>
                {
                    self.standing().last_error = Some(((self.clock)(), e));
                    self.tell(Link::Polling, out);
                }
                other => other?,
            }
        }
        Ok(())
    }

    async fn newest_samples(&self) -> Result<(), SourceError> {
        let (data, _) = self.instant(&self.queries.newest(), &self.cx()).await?;
        let super::Data::Vector(rows) = data else {
            return Err(self.unexpected(&data, "a vector"));
        };
        let mut s = self.standing();
        for (service, at) in fold::newest(&rows, &self.queries) {
            if s.newest.len() < MOST_SERVICES || s.newest.contains_key(&service) {
                s.newest.insert(service, at);
            }
        }
        Ok(())
    }

    async fn blocks(&self, edge: i64, out: &Sink) -> Result<(), SourceError> {
        let missed = self.standing().last_edge.map_or(0, |last| (edge - last) / BLOCK);
        let n = (missed + AGAIN - 1).clamp(AGAIN, CATCH_UP);
        let edges: Vec<i64> = (0..n).rev().map(|i| edge - i * BLOCK).collect();
        let query: Arc<str> = self.queries.blocks(None).into();
        let (rows, answer) = self.at_edges(&query, &edges, &self.cx()).await?;
        let mut told = fold::blocks(&rows, &self.queries, &edges);
        let mut s = self.standing();
        s.last_edge = Some(edge);
        s.latency_ms = u32::try_from(answer.took.as_millis()).ok();
        s.versions = told.values().filter_map(|b| b.last()).map(|b| b.by_hash.len()).sum();
        // A service that fell silent is told as silent, not left out.
        for service in s.newest.keys().filter(|s| !told.contains_key(*s)).cloned().collect::<Vec<_>>() {
            let silent = |e: &i64| VersionBlock { start: e - BLOCK, by_hash: Vec::new() };
            told.insert(service, edges.iter().map(silent).collect());
        }
        for (service, blocks) in told {
            out.put(Fact::Blocks(Blocks {
                newest_sample: s.newest.get(&service).copied(),
                service,
                blocks,
                scrape_secs: self.queries.scrape_secs,
                query: query.clone(),
            }));
        }
        Ok(())
    }

    async fn windows(&self, windows: &[u32], out: &Sink) -> Result<(), SourceError> {
        let query: Arc<str> = self.queries.windows(windows).into();
        let (data, _) = self.instant(&query, &self.cx()).await?;
        let super::Data::Vector(rows) = data else {
            return Err(self.unexpected(&data, "a vector"));
        };
        let s = self.standing();
        for (service, rows) in fold::windows(&rows, &self.queries, windows) {
            out.put(Fact::Windows(Windows {
                newest_sample: s.newest.get(&service).copied(),
                service,
                rows,
                scrape_secs: self.queries.scrape_secs,
                query: query.clone(),
            }));
        }
        Ok(())
    }

    fn tell(&self, link: Link, out: &Sink) {
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
            holds: match s.newest.len() {
                0 => "no service found".into(),
                n => format!("{n} services, {} versions", s.versions).into(),
            },
        };
        drop(s);
        out.put(Fact::Source(Box::new(state)));
    }
}

/// Once in each stretch of `every` seconds of the server's time, so that consoles ask together and slow rounds do
/// not shift it.
fn is_due(last: Option<i64>, edge: i64, every: i64) -> bool {
    last.is_none_or(|l| l.div_euclid(every) != edge.div_euclid(every))
}
