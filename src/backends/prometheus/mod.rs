//! Prometheus as a source of figures. It only looks: requests and failures as counts, by service and version.
//!
//! `queries` writes the PromQL, `wire` reads the JSON, `fold` makes figures, `observe` is the poll. What is judged
//! from the figures is not known here.

mod fold;
mod observe;
pub mod queries;
mod wire;

#[cfg(test)]
mod tests;

pub use queries::Queries;

use super::net::{Answer, Budget, Client, Endpoint, REQUEST_TIMEOUT, TokenFrom};
use super::{Backend, Cx, Interest, Query, Sink, UtcClock};
use crate::core::act::plan::{CannotBecause, Operation, Outcome, Plan, Refused, RefusedBy, Step, Ticket};
use crate::core::id::{ServiceId, SourceId};
use crate::core::time::Utc;
use crate::core::world::evidence::LogsOf;
use crate::core::world::fact::Fact;
use crate::core::world::figures::{Blocks, Checked, VersionBlock};
use crate::core::world::source::{Abilities, Roles, SourceError, Trouble};
use crate::core::world::target::TargetState;
use futures::future::BoxFuture;
use observe::Standing;
use queries::BLOCK;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use wire::{Data, Said, Series};

/// For fuzzers: an answer's bytes through everything that reads one.
#[cfg(feature = "testkit")]
pub fn read_anything(bytes: &[u8]) -> Vec<crate::core::world::figures::Counts> {
    let (_version, _complaint) = (wire::version(bytes), wire::complaint(bytes));
    let Ok(wire::Said::Data { data: wire::Data::Vector(rows) | wire::Data::Matrix(rows), .. }) = wire::query(bytes)
    else {
        return Vec::new();
    };
    let q = Queries::default();
    let edges: Vec<i64> = rows.iter().flat_map(|r| &r.points).map(|p| p.at.div_euclid(1_000)).take(100).collect();
    let blocks = fold::blocks(&rows, &q, &edges);
    let _newest = fold::newest(&rows, &q);
    let windows = fold::windows(&rows, &q, &[300, 3_600]);
    let of_blocks = blocks.into_values().flatten().flat_map(|b| b.by_hash).map(|(_, c)| c);
    of_blocks.chain(windows.into_values().flatten().map(|(_, c)| c)).collect()
}

/// Blocks one question may name.
const MOST_BLOCKS: u32 = 10;
/// 30 days: the usual period of an SLO.
const PERIOD_SECS: u32 = 30 * 86_400;

/// What the config says about one Prometheus.
#[derive(Clone, Debug)]
pub struct Settings {
    pub source: SourceId,
    /// With the prefix of `--web.external-url`, if there is one.
    pub url: String,
    pub token: Option<TokenFrom>,
    pub queries: Queries,
    /// Seconds of the SLO period: the longest window asked for.
    pub period_secs: u32,
    pub ca: Option<PathBuf>,
    pub insecure: bool,
}

impl Settings {
    /// A server at `url` with everything else as it is when nothing is configured.
    pub fn of(source: &SourceId, url: &str) -> Settings {
        Settings {
            source: source.clone(),
            url: url.to_owned(),
            token: None,
            queries: Queries::default(),
            period_secs: PERIOD_SECS,
            ca: None,
            insecure: false,
        }
    }
}

pub struct Prometheus {
    client: Client,
    queries: Queries,
    period_secs: u32,
    clock: UtcClock,
    /// Total time of a request of the poll.
    timeout: Duration,
    /// What outlives a restart of `observe`: when it was last right, what it knew.
    standing: Mutex<Standing>,
}

impl Prometheus {
    /// # Errors
    /// A bad URL, CA file or query; the source is then red with that sentence.
    pub fn new(settings: Settings, budget: Budget, clock: UtcClock) -> Result<Prometheus, SourceError> {
        let Settings { source, url, token, queries, period_secs, ca, insecure } = settings;
        queries.check().map_err(|why| SourceError::new(Trouble::Shape, format!("{source}: {why}")))?;
        let endpoint = Endpoint { source, url, token, ca, insecure };
        Ok(Prometheus {
            client: Client::new(endpoint, budget)?,
            queries,
            period_secs,
            clock,
            timeout: REQUEST_TIMEOUT,
            standing: Mutex::new(Standing::default()),
        })
    }

    /// With another total time for the poll's requests than 5 s, for tests.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Prometheus {
        Prometheus { timeout, ..self }
    }

    async fn look(&self, cx: &Cx) -> Result<Abilities, SourceError> {
        let asked = (self.clock)();
        let answer = self.client.get("api/v1/status/buildinfo", cx).await?;
        let now = (self.clock)();
        if answer.status == 404 {
            let why = "has no Prometheus under this URL (404): check the prefix, for example /prometheus";
            return Err(self.client.error(Trouble::NotFound, why));
        }
        let version = wire::version(self.json(&answer)?).map_err(|why| self.misshapen(&why))?;
        Ok(Abilities {
            roles: Roles { telemetry: true, ..Roles::default() },
            version: version.map(Arc::from),
            skew_ms: skew_ms(&answer, asked, now),
            insecure: self.client.insecure(),
            ..Abilities::default()
        })
    }

    /// An instant query.
    async fn instant(&self, query: &str, cx: &Cx) -> Result<(Data, Answer), SourceError> {
        self.query("api/v1/query", &[("query", query)], cx).await
    }

    /// Block counts at `edges`, which are a block apart, first to last.
    async fn at_edges(&self, query: &str, edges: &[i64], cx: &Cx) -> Result<(Vec<Series>, Answer), SourceError> {
        let (first, last) = (edges.first().copied(), edges.last().copied());
        let (start, end) = (first.unwrap_or(0).to_string(), last.unwrap_or(0).to_string());
        let step = BLOCK.to_string();
        let form = [("query", query), ("start", &start), ("end", &end), ("step", &step)];
        match self.query("api/v1/query_range", &form, cx).await? {
            (Data::Matrix(rows), answer) => Ok((rows, answer)),
            (other, _) => Err(self.unexpected(&other, "a matrix")),
        }
    }

    async fn query(&self, path: &str, form: &[(&str, &str)], cx: &Cx) -> Result<(Data, Answer), SourceError> {
        let asked = (self.clock)();
        let answer = self.client.post_form(path, form, cx).await?;
        self.note_skew(skew_ms(&answer, asked, (self.clock)()));
        match wire::query(self.json(&answer)?).map_err(|why| self.misshapen(&why))? {
            Said::Data { data, partial: None } => Ok((data, answer)),
            // Half of the servers' counts are not half of the truth: nothing is judged by them.
            Said::Data { partial: Some(why), .. } => {
                let why = super::net::body::visible(why.as_bytes());
                Err(self.client.error(Trouble::Shape, &format!("answers only in part: {why}")))
            }
            Said::Error { words, .. } => Err(self.client.refused(&answer, Some(&words))),
        }
    }

    /// The JSON of a success, or the server's complaint as an error.
    fn json<'a>(&self, answer: &'a Answer) -> Result<&'a [u8], SourceError> {
        if (200..300).contains(&answer.status) {
            return self.client.json(answer);
        }
        let said = self.client.json(answer).ok().and_then(wire::complaint);
        let mut e = self.client.refused(answer, said.as_ref().map(|(_, w)| w.as_str()));
        if said.is_some_and(|(kind, _)| kind == "timeout") {
            e.trouble = Trouble::Timeout;
        }
        Err(e)
    }

    fn misshapen(&self, why: &str) -> SourceError {
        let why = super::net::body::visible(why.as_bytes());
        self.client.error(Trouble::Shape, &format!("answers what no Prometheus answers: {why}"))
    }

    fn unexpected(&self, data: &Data, due: &str) -> SourceError {
        let got = match data {
            Data::Vector(_) => "a vector",
            Data::Matrix(_) => "a matrix",
            Data::Scalar(_) => "a scalar",
            Data::Text => "a string",
            Data::Other(kind) => kind.as_str(),
        };
        self.misshapen(&format!("{got} where {due} is due"))
    }

    /// Now by the server's clock, as well as we know it.
    fn server_now(&self) -> Utc {
        let skew = self.standing().abilities.skew_ms.unwrap_or(0);
        // Below the resolution of the Date header a skew is noise.
        let skew = if skew.abs() < 1_000 { 0 } else { skew };
        Utc((self.clock)().0.saturating_add(skew))
    }

    /// A clock that was stepped is noticed, the noise of the measurement is not: each telling costs a drawing.
    fn note_skew(&self, measured: Option<i64>) {
        let known = &mut self.standing().abilities.skew_ms;
        if measured.is_some_and(|m| known.is_none_or(|k| m.abs_diff(k) > 1_500)) {
            *known = measured;
        }
    }

    async fn history(&self, service: &ServiceId, from: i64, count: u32, cx: &Cx) -> Result<Fact, SourceError> {
        if count == 0 || count > MOST_BLOCKS {
            let why = format!("is asked for {count} blocks at once; 1 to {MOST_BLOCKS} are allowed");
            return Err(self.client.error(Trouble::Shape, &why));
        }
        let first = from.div_euclid(BLOCK) * BLOCK + BLOCK;
        let edges: Vec<i64> = (0..i64::from(count)).map(|i| first + i * BLOCK).collect();
        let query: Arc<str> = self.queries.blocks(Some(service)).into();
        let settled = queries::settled_edge(self.server_now().secs(), self.queries.lag_secs());
        let askable: Vec<i64> = edges.iter().copied().filter(|e| *e <= settled).collect();
        let told = if askable.is_empty() {
            Vec::new()
        } else {
            let (rows, _) = self.at_edges(&query, &askable, cx).await?;
            let mut all = fold::blocks(&rows, &self.queries, &askable);
            // No series at all: every settled block is named, with nothing in it. What has not settled is left out.
            let silent = || askable.iter().map(|e| VersionBlock { start: e - BLOCK, by_hash: Vec::new() }).collect();
            all.remove(service).unwrap_or_else(silent)
        };
        Ok(Fact::Blocks(Blocks {
            service: service.clone(),
            blocks: told,
            newest_sample: None,
            scrape_secs: self.queries.scrape_secs,
            query,
        }))
    }

    /// A check must name one value: which of several counts is not for us to choose.
    async fn check(&self, query: &Arc<str>, cx: &Cx) -> Result<Fact, SourceError> {
        let (data, _) = self.instant(query, cx).await?;
        let point = match data {
            Data::Scalar(p) => Some(p),
            Data::Vector(rows) if rows.len() > 1 => {
                let n = rows.len();
                let why = format!("answers {n} values to this check; aggregate it to one, for example with sum(...)");
                return Err(self.client.error(Trouble::Shape, &why));
            }
            Data::Vector(rows) => rows.first().and_then(|r| r.points.first().copied()),
            other @ (Data::Matrix(_) | Data::Text | Data::Other(_)) => {
                return Err(self.unexpected(&other, "one value"));
            }
        };
        Ok(Fact::Checked(Checked {
            query: query.clone(),
            value: point.and_then(|p| p.value),
            sample: point.map(|p| Utc(p.at)),
        }))
    }
}

/// Server clock minus ours. A Date is cut to its second, so the truth lies half a second later in the mean.
fn skew_ms(answer: &Answer, asked: Utc, now: Utc) -> Option<i64> {
    answer.date.map(|date| date.0 + 500 - asked.0.midpoint(now.0))
}

impl Backend for Prometheus {
    fn probe<'a>(&'a self, cx: &'a Cx) -> BoxFuture<'a, Result<Abilities, SourceError>> {
        Box::pin(self.look(cx))
    }

    /// The load is the same whatever is looked at: one query answers for all services, so `want` changes nothing.
    fn observe(self: Arc<Self>, _want: watch::Receiver<Interest>, out: Sink) -> BoxFuture<'static, SourceError> {
        Box::pin(async move { self.poll(&out).await })
    }

    fn ask<'a>(&'a self, question: &'a Query, cx: &'a Cx) -> BoxFuture<'a, Result<Vec<Fact>, SourceError>> {
        Box::pin(async move {
            match question {
                Query::Read(target)
                | Query::WayBack(target)
                | Query::Evidence(target)
                | Query::Raw(target)
                | Query::Logs(LogsOf { target, .. }) => {
                    let why = format!("holds figures and no targets: {} is not here", target.at());
                    Err(self.client.error(Trouble::NotFound, &why))
                }
                Query::Blocks { service, from, count } => Ok(vec![self.history(service, *from, *count, cx).await?]),
                Query::Check(query) => Ok(vec![self.check(query, cx).await?]),
            }
        })
    }

    fn plan(&self, _op: &Operation, _seen: &TargetState) -> Result<Plan, CannotBecause> {
        Err(CannotBecause::ReadOnly)
    }

    fn send<'a>(&'a self, _step: &'a Step, _ticket: Ticket, _cx: &'a Cx) -> BoxFuture<'a, Outcome> {
        let refused = Refused {
            kind: RefusedBy::NotSent,
            status: None,
            why: CannotBecause::ReadOnly.to_string().into(),
            retry_after_ms: None,
        };
        Box::pin(std::future::ready(Outcome::Refused(refused)))
    }
}
