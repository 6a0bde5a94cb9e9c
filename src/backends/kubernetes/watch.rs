//! One list-and-watch of one kind in one scope, for ever: pages, then lines, then the next watch; a new list when the
//! server says 410, when a watch cannot start, or when watches end without a word. Parses; judges nothing.

use super::client::{Clients, Lines, chain, clean, get_request, parse, stream};
use super::dto::{HASH_LABEL, Listed, Meta, Pod, ReplicaSet, Rollout, StatusDto, WatchLine};
use super::store::{Change, Kind, Row};
use crate::core::world::source::{SourceError, Trouble};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The times of a watch; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// What the server is asked for: it ends the watch then.
    pub watch_secs: u32,
    /// Without a line for so long a watch counts as dead.
    pub idle: Duration,
    pub call: Duration,
    pub backoff_first: Duration,
    /// Small, on an incident console.
    pub backoff_most: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            watch_secs: 60,
            idle: Duration::from_secs(90),
            call: Duration::from_secs(10),
            backoff_first: Duration::from_millis(300),
            backoff_most: Duration::from_secs(4),
        }
    }
}

/// What a watch reports.
#[derive(Debug)]
pub enum Said {
    Change(Change),
    /// How many objects a running list will have, where the server says so.
    Of(u32),
    /// A bookmark, or a watch that heard something and ended as asked: what is known is right.
    Alive,
    /// It is being tried again.
    Trouble(SourceError),
    /// A call was answered after so long.
    Latency(Duration),
}

#[derive(Debug)]
pub struct Report {
    pub scope: usize,
    pub kind: Kind,
    pub said: Said,
}

/// One stream of one kind. `namespace: None`: the whole cluster.
pub struct Stream {
    pub clients: Clients,
    pub namespace: Option<String>,
    pub scope: usize,
    pub kind: Kind,
    pub timing: Timing,
    pub out: mpsc::Sender<Report>,
}

enum End {
    /// As asked; did it say anything?
    Clean {
        heard: bool,
    },
    Expired,
    /// The receiver is gone.
    Stop,
}

/// Retrying does not help: another login or another right does.
fn fatal(e: &SourceError) -> bool {
    match e.trouble {
        Trouble::Auth | Trouble::Forbidden | Trouble::NotFound | Trouble::NotInThisVersion => true,
        Trouble::Unreachable
        | Trouble::Timeout
        | Trouble::Throttled
        | Trouble::Shape
        | Trouble::TooBig
        | Trouble::Server
        | Trouble::Panicked => false,
    }
}

impl Stream {
    /// Runs until a failure that retrying cannot mend; a first list that fails is one.
    pub async fn run(self) -> SourceError {
        let mut failures = 0_u32;
        let mut listed = false;
        loop {
            let mut version = match self.list().await {
                Ok(Some(v)) => v,
                Ok(None) => return stopped(),
                Err(e) if e.trouble == Trouble::NotFound && self.kind == Kind::Rollouts => {
                    return SourceError::new(
                        Trouble::NotFound,
                        format!(
                            "no Argo Rollouts on {}: the API server does not know rollouts.argoproj.io",
                            self.clients.context
                        ),
                    );
                }
                Err(e) if fatal(&e) || !listed => return e,
                Err(e) => {
                    self.pause(e, &mut failures).await;
                    continue;
                }
            };
            listed = true;
            let mut silent = 0;
            loop {
                let began = Instant::now();
                let end = self.watch(&mut version, &mut failures).await;
                if began.elapsed() < self.timing.backoff_first {
                    // A server that ends every watch at once must not be knocked at in a loop.
                    tokio::time::sleep(self.timing.backoff_first).await;
                }
                match end {
                    Ok(End::Clean { heard: true }) => {
                        silent = 0;
                        if !self.say(Said::Alive).await {
                            return stopped();
                        }
                    }
                    // Neither an event nor a bookmark: the version may lie in the server's future.
                    Ok(End::Clean { heard: false }) => {
                        silent += 1;
                        if silent >= 2 {
                            break;
                        }
                    }
                    Ok(End::Expired) => break,
                    Ok(End::Stop) => return stopped(),
                    Err(e) if fatal(&e) => return e,
                    Err(e) => {
                        self.pause(e, &mut failures).await;
                        break;
                    }
                }
            }
        }
    }

    async fn say(&self, said: Said) -> bool {
        let report = Report { scope: self.scope, kind: self.kind, said };
        self.out.send(report).await.is_ok()
    }

    /// Says what is wrong and waits: exponential to a small cap, each kind with its own share so that the three do not
    /// knock together; a Retry-After is honoured.
    async fn pause(&self, e: SourceError, failures: &mut u32) {
        let step = self.timing.backoff_first * 2_u32.saturating_pow((*failures).min(8));
        let share = match self.kind {
            Kind::Rollouts => 8,
            Kind::Sets => 9,
            Kind::Pods => 10,
        };
        let wait = step.min(self.timing.backoff_most) * share / 10;
        let asked = Duration::from_millis(e.retry_after_ms.unwrap_or(0).min(60_000));
        *failures = failures.saturating_add(1);
        self.say(Said::Trouble(e)).await;
        tokio::time::sleep(wait.max(asked)).await;
    }

    fn path(&self, query: &str) -> String {
        let group = match self.kind {
            Kind::Rollouts => "/apis/argoproj.io/v1alpha1",
            Kind::Sets => "/apis/apps/v1",
            Kind::Pods => "/api/v1",
        };
        let scope = self.namespace.as_ref().map_or_else(String::new, |n| format!("/namespaces/{n}"));
        let only = match self.kind {
            Kind::Rollouts => String::new(),
            Kind::Sets | Kind::Pods => format!("&labelSelector={HASH_LABEL}"),
        };
        format!("{group}{scope}/{}?{query}{only}", self.kind.word())
    }

    fn what(&self, verb: &str) -> String {
        match &self.namespace {
            Some(n) => format!("{verb} {} in {n}", self.kind.word()),
            None => format!("{verb} {} in all namespaces", self.kind.word()),
        }
    }

    /// All pages. `None`: nobody listens any more.
    async fn list(&self) -> Result<Option<String>, SourceError> {
        if !self.say(Said::Change(Change::Start)).await {
            return Ok(None);
        }
        let what = self.what("list");
        let mut next: Option<Arc<str>> = None;
        let mut version: Option<String> = None;
        let mut had = 0_usize;
        loop {
            let more = next.as_ref().map_or_else(String::new, |t| format!("&continue={}", encoded(t)));
            let path = self.path(&format!("limit=250{more}"));
            let asked = Instant::now();
            let bytes = self.clients.call(&self.clients.watch, get_request(&path)?, self.timing.call, &what).await?;
            let took = asked.elapsed();
            let (rows, meta) = match self.kind {
                Kind::Rollouts => rows::<Rollout>(&bytes, &what, Row::rollout)?,
                Kind::Sets => rows::<ReplicaSet>(&bytes, &what, |s| Row::set(&s))?,
                Kind::Pods => rows::<Pod>(&bytes, &what, |p| Row::pod(&p))?,
            };
            had += rows.len();
            let left = meta.remaining_item_count.and_then(|n| usize::try_from(n).ok());
            let of = u32::try_from(had + left.unwrap_or(0)).unwrap_or(u32::MAX);
            version = version.or_else(|| meta.resource_version.map(|v| v.to_string()));
            for said in [Said::Latency(took), Said::Of(of), Said::Change(Change::Page(rows))] {
                if !self.say(said).await {
                    return Ok(None);
                }
            }
            next = meta.r#continue.filter(|t| !t.is_empty());
            if next.is_none() {
                break;
            }
        }
        let Some(version) = version else {
            return Err(SourceError::new(
                Trouble::Shape,
                format!("to {what}: the answer is not a list of the API server"),
            ));
        };
        let listening = self.say(Said::Change(Change::Listed)).await;
        Ok(listening.then_some(version))
    }

    async fn watch(&self, version: &mut String, failures: &mut u32) -> Result<End, SourceError> {
        let what = self.what("watch");
        let path = self.path(&format!(
            "watch=1&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={}",
            self.timing.watch_secs,
            encoded(version)
        ));
        let mut request = get_request(&path)?;
        request.headers_mut().insert(http::header::ACCEPT_ENCODING, http::HeaderValue::from_static("identity"));
        self.clients.calls.count();
        let started = tokio::time::timeout(self.timing.call, stream(&self.clients.watch, request))
            .await
            .map_err(|_| self.clients.slow(self.timing.call, &what))?;
        let stream = match started {
            Ok(s) => s,
            // An HTTP 410 at the start of a watch would come again for ever with the same version.
            Err(kube::Error::Api(s)) if s.code == 410 => return Ok(End::Expired),
            Err(e) => return Err(self.clients.failed(&e, &what)),
        };
        *failures = 0;
        let mut lines = Lines(Box::pin(stream));
        let mut heard = false;
        loop {
            let line = match tokio::time::timeout(self.timing.idle, lines.next()).await {
                Err(_) => return Err(self.clients.slow(self.timing.idle, &what)),
                Ok(Ok(Some(line))) => line,
                Ok(Ok(None)) => return Ok(End::Clean { heard }),
                // Cut in the middle: the next watch goes on from the same version.
                Ok(Err(e)) if heard => {
                    let text = clean(&chain(&e));
                    tracing::debug!(error = text, "a watch was cut");
                    return Ok(End::Clean { heard });
                }
                Ok(Err(e)) => return Err(self.clients.cut(&e, &what)),
            };
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let said = match self.kind {
                Kind::Rollouts => event::<Rollout>(&line, &what, Row::rollout)?,
                Kind::Sets => event::<ReplicaSet>(&line, &what, |s| Row::set(&s))?,
                Kind::Pods => event::<Pod>(&line, &what, |p| Row::pod(&p))?,
            };
            let (said, newer) = match said {
                Event::Expired => return Ok(End::Expired),
                Event::Failed(e) => return Err(e),
                Event::Bookmark(v) => (Said::Alive, v),
                Event::Change(c, v) => (Said::Change(c), v),
                Event::Nothing => continue,
            };
            heard = true;
            if let Some(v) = newer {
                *version = v.to_string();
            }
            if !self.say(said).await {
                return Ok(End::Stop);
            }
        }
    }
}

fn stopped() -> SourceError {
    SourceError::new(Trouble::Unreachable, "no longer watched")
}

enum Event {
    Change(Change, Option<Arc<str>>),
    Bookmark(Option<Arc<str>>),
    Expired,
    Failed(SourceError),
    /// An object without a name, or a type this version does not know.
    Nothing,
}

/// Types that carry metadata.
trait HasMeta {
    fn meta(&self) -> &Meta;
}
impl HasMeta for Rollout {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}
impl HasMeta for ReplicaSet {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}
impl HasMeta for Pod {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

fn rows<T: DeserializeOwned>(
    bytes: &[u8],
    what: &str,
    row: impl Fn(T) -> Option<Row>,
) -> Result<(Vec<Row>, super::dto::ListMeta), SourceError> {
    let list: Listed<T> = parse(bytes, what)?;
    Ok((list.items.into_iter().filter_map(row).collect(), list.metadata))
}

fn event<T>(line: &[u8], what: &str, row: impl Fn(T) -> Option<Row>) -> Result<Event, SourceError>
where
    T: HasMeta + Default + for<'de> Deserialize<'de>,
{
    let w: WatchLine<T> = parse(line, what)?;
    let version = w.object.meta().resource_version.clone();
    Ok(match w.r#type.as_deref() {
        Some("ADDED" | "MODIFIED") => match row(w.object) {
            Some(r) => Event::Change(Change::Put(r), version),
            None => Event::Nothing,
        },
        Some("DELETED") => match row(w.object) {
            Some(r) => Event::Change(Change::Gone(r), version),
            None => Event::Nothing,
        },
        Some("BOOKMARK") => Event::Bookmark(version),
        Some("ERROR") => {
            let status: WatchLine<StatusDto> = parse(line, what)?;
            if status.object.code == Some(410) {
                Event::Expired
            } else {
                let text = clean(status.object.message.as_deref().unwrap_or("no reason given"));
                Event::Failed(SourceError::new(Trouble::Server, format!("to {what}: {text}")))
            }
        }
        _ => Event::Nothing,
    })
}

/// Percent-encoding of a query value.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}
