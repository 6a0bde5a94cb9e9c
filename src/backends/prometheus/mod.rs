//! Prometheus, and who else speaks its API, as a source of figures. It only looks: requests and failures as counts, by
//! service and version, and what stands beside them.
//!
//! `queries` writes the PromQL and `ask` joins it, `dialect` knows the servers, `wire` reads the JSON, `fold` and
//! `beside` make figures, `history` keeps courses, `observe` and `rounds` are the poll. What is judged from the figures
//! is not known here.

mod ask;
mod beside;
mod dialect;
mod fold;
mod history;
pub mod name;
mod observe;
pub mod presets;
pub mod promql;
pub mod queries;
pub mod recipe;
mod rounds;
pub mod slo;
pub mod slo_files;
pub mod survey;
mod wire;

#[cfg(test)]
mod tests;

pub use dialect::Dialect;
pub use queries::Queries;

use super::net::{Access, Answer, Budget, Client, Endpoint, REQUEST_TIMEOUT};
use super::{Backend, Cx, Interest, Query, Sink, UtcClock};
use crate::core::act::plan::{CannotBecause, Operation, Outcome, Plan, Refused, RefusedBy, Step, Ticket};
use crate::core::id::{ServiceId, SourceId};
use crate::core::time::Utc;
use crate::core::world::evidence::LogsOf;
use crate::core::world::fact::Fact;
use crate::core::world::figures::{Blocks, Checked, Signal};
use crate::core::world::source::{Abilities, Roles, SourceError, Trouble};
use crate::core::world::target::TargetState;
use dialect::{Build, PREFIXES};
use futures::future::BoxFuture;
use observe::Standing;
use queries::{BLOCK, ROUTE, TRACK};
use reqwest::header::HeaderMap;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use wire::{Data, Said, Series};

/// For fuzzers: an answer's bytes through everything that reads one.
#[cfg(feature = "testkit")]
pub fn read_anything(bytes: &[u8]) -> Vec<crate::core::world::figures::Counts> {
    let (_build, _complaint) = (wire::build(bytes).map(|data| Build::of(&data)), wire::complaint(bytes));
    let Ok(wire::Said::Data { data: wire::Data::Vector(rows) | wire::Data::Matrix(rows), .. }) = wire::query(bytes)
    else {
        return Vec::new();
    };
    let q = Queries::default();
    let mut edges: Vec<i64> = rows.iter().flat_map(|r| &r.points).map(|p| p.at.div_euclid(1_000)).take(100).collect();
    edges.sort_unstable();
    let blocks = fold::blocks(&rows, &q, Signal::Errors, &edges);
    let _newest = fold::newest(&rows, Utc(0));
    let windows = fold::windows(&rows, Signal::Errors, &[300, 3_600]);
    let asked = crate::core::world::telemetry::Asked { query: "".into(), at: Utc(0), sample: None };
    let _quantiles = beside::quantiles(&rows, &q, 300, &asked);
    let _usage = beside::usage(&rows, q.split(), &asked);
    let _mix = beside::mix(&rows, &q, 300, &asked);
    let mut courses = history::Courses::default();
    beside::ratios(&rows, &mut courses);
    beside::p99(&rows, &mut courses);
    let of_blocks = blocks.into_values().flat_map(|t| t.blocks).flat_map(|b| b.by_hash).map(|(_, c)| c);
    of_blocks.chain(windows.into_values().flatten().map(|(_, c)| c)).collect()
}

/// Blocks one question may name: seven minutes and a half of one service.
const MOST_BLOCKS: u32 = 30;
/// 30 days: the usual period of an SLO.
const PERIOD_SECS: u32 = 30 * 86_400;

/// What the config says about one Prometheus.
#[derive(Clone, Debug)]
pub struct Settings {
    pub source: SourceId,
    /// With the prefix of `--web.external-url`, if there is one.
    pub url: String,
    pub access: Access,
    pub tenant: Option<String>,
    /// `None`: what the server says.
    pub dialect: Option<Dialect>,
    pub queries: Queries,
    /// Seconds of the SLO period: the longest window asked for.
    pub period_secs: u32,
    pub ca: Option<PathBuf>,
    pub insecure: bool,
    /// Files with a team's targets: [`slo_files::read`].
    pub slo_files: Vec<PathBuf>,
}

impl Settings {
    /// A server at `url` with everything else as it is when nothing is configured.
    pub fn of(source: &SourceId, url: &str) -> Settings {
        Settings {
            source: source.clone(),
            url: url.to_owned(),
            access: Access::default(),
            tenant: None,
            dialect: None,
            queries: Queries::default(),
            period_secs: PERIOD_SECS,
            ca: None,
            insecure: false,
            slo_files: Vec::new(),
        }
    }
}

/// Where the API lies below the URL, and who serves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub prefix: &'static str,
    pub dialect: Dialect,
}

pub struct Prometheus {
    client: Client,
    tenant: Option<String>,
    /// As configured.
    dialect: Option<Dialect>,
    queries: Queries,
    slo_files: Vec<PathBuf>,
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
        let Settings { source, url, access, tenant, dialect, queries, period_secs, ca, insecure, slo_files } = settings;
        queries.check().map_err(|why| SourceError::new(Trouble::Shape, format!("{source}: {why}")))?;
        let endpoint = Endpoint { source, url, access, ca, insecure };
        let made = Prometheus {
            client: Client::new(endpoint, budget)?,
            tenant,
            dialect,
            queries,
            slo_files,
            period_secs,
            clock,
            timeout: REQUEST_TIMEOUT,
            standing: Mutex::new(Standing::default()),
        };
        made.speak(dialect.unwrap_or_default())?;
        Ok(made)
    }

    /// From now on the tenant is named as this server wants it.
    fn speak(&self, dialect: Dialect) -> Result<(), SourceError> {
        let headers = match &self.tenant {
            Some(tenant) => dialect.tenant(tenant).map_err(|why| self.client.error(Trouble::Shape, &why))?,
            None => HeaderMap::new(),
        };
        self.client.send_also(headers);
        Ok(())
    }

    /// With another total time for the poll's requests than 5 s, for tests.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Prometheus {
        Prometheus { timeout, ..self }
    }

    /// One round of the poll, for the bench of a telemetry cycle.
    ///
    /// # Errors
    /// As the poll's.
    #[cfg(feature = "testkit")]
    pub async fn one_round(&self, out: &Sink) -> Result<(), SourceError> {
        self.round(out).await
    }

    async fn look(&self, cx: &Cx) -> Result<Abilities, SourceError> {
        self.client.renew()?;
        let asked = (self.clock)();
        let (place, build, answer) = self.find(cx).await?;
        let now = (self.clock)();
        self.speak(place.dialect)?;
        self.standing().place = Some(place);
        Ok(Abilities {
            roles: Roles { telemetry: true, ..Roles::default() },
            version: place.dialect.shown(build.version.as_deref()).map(Arc::from),
            skew_ms: skew_ms(&answer, asked, now),
            insecure: self.client.insecure(),
            ..Abilities::default()
        })
    }

    /// Finds the API below the URL: by what it says of its build, and where nobody says it (older servers, proxies that
    /// pass only queries) by a query.
    async fn find(&self, cx: &Cx) -> Result<(Place, Build, Answer), SourceError> {
        for prefix in PREFIXES {
            let answer = self.client.get(&format!("{prefix}api/v1/status/buildinfo"), cx).await?;
            if is_elsewhere(&answer) {
                continue;
            }
            let build = Build::of(&wire::build(self.json(&answer)?).map_err(|why| self.misshapen(&why))?);
            let detected = Dialect::detect(&build, answer.header("x-server-hostname").is_some());
            return Ok((Place { prefix, dialect: self.dialect.unwrap_or(detected) }, build, answer));
        }
        for prefix in PREFIXES {
            let answer = self.client.post_form(&format!("{prefix}api/v1/query"), &[("query", "1")], cx).await?;
            if is_elsewhere(&answer) {
                continue;
            }
            wire::query(self.json(&answer)?).map_err(|why| self.misshapen(&why))?;
            return Ok((Place { prefix, dialect: self.dialect.unwrap_or_default() }, Build::default(), answer));
        }
        let why = "has no Prometheus under this URL (404): check the prefix, for example /prometheus";
        Err(self.client.error(Trouble::NotFound, why))
    }

    fn place(&self) -> Place {
        let unknown = Place { prefix: "", dialect: self.dialect.unwrap_or_default() };
        self.standing().place.unwrap_or(unknown)
    }

    /// An instant query, evaluated at a second of the server's clock, or now.
    async fn instant(&self, query: &str, at: Option<i64>, cx: &Cx) -> Result<(Data, Answer), SourceError> {
        let at = at.map(|t| t.to_string());
        let mut form = vec![("query", query)];
        form.extend(at.as_deref().map(|t| ("time", t)));
        self.query("query", form, cx).await
    }

    async fn vector(&self, query: &str, at: Option<i64>, cx: &Cx) -> Result<(Vec<Series>, Answer), SourceError> {
        match self.instant(query, at, cx).await? {
            (Data::Vector(rows), answer) => Ok((rows, answer)),
            (other, _) => Err(self.unexpected(&other, "a vector")),
        }
    }

    /// Points from `start` to `end`, `step` apart, in seconds.
    async fn matrix(
        &self,
        query: &str,
        start: i64,
        end: i64,
        step: i64,
        cx: &Cx,
    ) -> Result<(Vec<Series>, Answer), SourceError> {
        let (start, end, step) = (start.to_string(), end.to_string(), step.to_string());
        let form = vec![("query", query), ("start", &start), ("end", &end), ("step", &step)];
        match self.query("query_range", form, cx).await? {
            (Data::Matrix(rows), answer) => Ok((rows, answer)),
            (other, _) => Err(self.unexpected(&other, "a matrix")),
        }
    }

    /// Block counts at `edges`, which are a block apart, first to last.
    async fn at_edges(&self, query: &str, edges: &[i64], cx: &Cx) -> Result<(Vec<Series>, Answer), SourceError> {
        let (first, last) = (edges.first().copied().unwrap_or(0), edges.last().copied().unwrap_or(0));
        self.matrix(query, first, last, BLOCK, cx).await
    }

    async fn query(&self, what: &str, form: Vec<(&str, &str)>, cx: &Cx) -> Result<(Data, Answer), SourceError> {
        let asked = (self.clock)();
        let Place { prefix, dialect } = self.place();
        let form = [form.as_slice(), dialect.parameters()].concat();
        let answer = self.client.post_form(&format!("{prefix}api/v1/{what}"), &form, cx).await?;
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
        if answer.status == 401 && self.tenant.is_none() && answer.body.starts_with(b"no org id") {
            return Err(self.client.error(Trouble::Auth, "asks for a tenant (401: no org id); set tenant = \"...\""));
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

    async fn history(&self, service: &ServiceId, from: i64, count: u32, cx: &Cx) -> Result<Vec<Fact>, SourceError> {
        if count == 0 || count > MOST_BLOCKS {
            let why = format!("is asked for {count} blocks at once; 1 to {MOST_BLOCKS} are allowed");
            return Err(self.client.error(Trouble::Shape, &why));
        }
        let Some(joined) = ask::blocks(&self.queries, Some(std::slice::from_ref(service))) else {
            return Err(self.client.error(Trouble::Shape, "has no query for requests"));
        };
        let first = from.div_euclid(BLOCK) * BLOCK + BLOCK;
        let edges: Vec<i64> = (0..i64::from(count)).map(|i| first + i * BLOCK).collect();
        let settled = queries::settled_edge(self.server_now().secs(), self.queries.lag_secs());
        let askable: Vec<i64> = edges.iter().copied().filter(|e| *e <= settled).collect();
        let mut all = if askable.is_empty() {
            BTreeMap::new()
        } else {
            let (rows, _) = self.at_edges(&joined.query, &askable, cx).await?;
            fold::blocks(&rows, &self.queries, joined.only(), &askable)
        };
        let mut facts = Vec::new();
        for (signal, query) in &joined.parts {
            let told = match all.remove(&(service.clone(), *signal)) {
                Some(told) => told,
                // No series at all: every settled block is named, with nothing in it. What has not settled is left
                // out. A signal this service may never have had is not told as silent.
                None if *signal == joined.only() => {
                    fold::Told { split: self.queries.split(), blocks: fold::silent(&askable) }
                }
                None => continue,
            };
            facts.push(Fact::Blocks(Blocks {
                service: service.clone(),
                signal: *signal,
                split: told.split,
                bound: self.queries.bound().filter(|_| *signal == Signal::Latency),
                blocks: told.blocks,
                newest_sample: None,
                scrape_secs: self.queries.scrape_secs,
                query: query.clone(),
            }));
        }
        Ok(facts)
    }

    /// The server's own name of one of our labels, for advice.
    fn own_label(&self, ours: &'static str) -> String {
        let Some(recipe) = self.queries.recipes().first() else {
            return ours.to_owned();
        };
        match ours {
            TRACK => recipe.track.label.clone(),
            ROUTE => recipe.route.unwrap_or(ours).to_owned(),
            "le" => "le".to_owned(),
            _ => recipe.service.label.clone(),
        }
    }

    /// A check must name one value: which of several counts is not for us to choose.
    async fn check(&self, query: &Arc<str>, cx: &Cx) -> Result<Fact, SourceError> {
        let (data, _) = self.instant(query, None, cx).await?;
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

/// Nothing of the API is here. VictoriaMetrics says 400 to a path it has not.
fn is_elsewhere(answer: &Answer) -> bool {
    let is_path = answer.status == 400 && !super::net::body::is_json(&answer.content_type);
    answer.status == 404 && !super::net::body::is_json(&answer.content_type) || is_path
}

/// Server clock minus ours. A Date is cut to its second, so the truth lies half a second later in the mean.
fn skew_ms(answer: &Answer, asked: Utc, now: Utc) -> Option<i64> {
    answer.date.map(|date| date.0 + 500 - asked.0.midpoint(now.0))
}

impl Backend for Prometheus {
    fn probe<'a>(&'a self, cx: &'a Cx) -> BoxFuture<'a, Result<Abilities, SourceError>> {
        Box::pin(self.look(cx))
    }

    /// The load is the same whatever is looked at: one query answers for all services. `want` says only whose courses and
    /// percentiles are told at once and whose in turns.
    fn observe(self: Arc<Self>, want: watch::Receiver<Interest>, out: Sink) -> BoxFuture<'static, SourceError> {
        Box::pin(async move { self.poll(want, &out).await })
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
                Query::Beside => Err(self.client.error(Trouble::NotFound, "holds figures, no alerts and no flags")),
                Query::Blocks { service, from, count } => self.history(service, *from, *count, cx).await,
                Query::Check(query) => Ok(vec![self.check(query, cx).await?]),
                Query::DryRun(_) => Err(self.client.error(Trouble::NotInThisVersion, "takes no acts")),
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
