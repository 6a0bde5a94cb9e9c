//! One list-and-watch of one kind in one scope, for ever: pages, then lines, then the next watch; a new list when the
//! server says 410, when a watch cannot start, or when watches end without a word. Parses; judges nothing.

use super::client::{Clients, Lines, chain, clean, get_request, parse, stream};
use super::dto::{ListMeta, Listed, StatusDto, WatchLine};
use super::rows::{Key, Kind, Row, Scope, Watched, of_kind};
use super::store::Change;
use crate::core::world::source::{SourceError, Trouble};
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

impl Timing {
    /// How often the kinds a cluster serves are looked for, and a controller's lease while nothing moves.
    pub fn recheck(&self) -> Duration {
        Duration::from_secs(u64::from(self.watch_secs))
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
    pub scope: Scope,
    pub kind: Kind,
    pub said: Said,
}

/// Objects of the first page: a page costs three to four times its bytes while it is read, and a pod may have ten
/// thousand. Of smaller ones the next page has more: each is a way there and back.
const PAGE: usize = 100;
/// Bytes a page may have, and objects.
const PAGE_BYTES: usize = 1024 * 1024;
const PAGE_MOST: usize = 500;

/// One stream of one kind.
pub struct Stream {
    pub clients: Clients,
    pub scope: Scope,
    pub kind: Kind,
    /// Path of the group and version, and the resource in it.
    pub group: Arc<str>,
    pub plural: Arc<str>,
    /// Custom kinds are watched: pods say whom they belong to.
    pub instances: bool,
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
        let report = Report { scope: self.scope.clone(), kind: self.kind, said };
        self.out.send(report).await.is_ok()
    }

    /// Says what is wrong and waits: exponential to a small cap, each kind with its own share so that they do not
    /// knock together; a Retry-After is honoured.
    async fn pause(&self, e: SourceError, failures: &mut u32) {
        let step = self.timing.backoff_first * 2_u32.saturating_pow((*failures).min(8));
        let wait = step.min(self.timing.backoff_most) * share(self.kind) / 100;
        let asked = Duration::from_millis(e.retry_after_ms.unwrap_or(0).min(60_000));
        *failures = failures.saturating_add(1);
        self.say(Said::Trouble(e)).await;
        tokio::time::sleep(wait.max(asked)).await;
    }

    fn path(&self, query: &str) -> String {
        let scope = self.scope.as_ref().map_or_else(String::new, |n| format!("/namespaces/{n}"));
        let only = match self.kind {
            // The pods of finished jobs can be most of a cluster's.
            Kind::Pods => "&fieldSelector=status.phase!%3DSucceeded",
            _ => "",
        };
        format!("{}{scope}/{}?{query}{only}", self.group, self.plural)
    }

    fn what(&self, verb: &str) -> String {
        match &self.scope {
            Some(n) => format!("{verb} {} in {n}", self.plural),
            None => format!("{verb} {} in all namespaces", self.plural),
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
        let (mut had, mut limit) = (0_usize, PAGE);
        loop {
            let more = next.as_ref().map_or_else(String::new, |t| format!("&continue={}", encoded(t)));
            let path = self.path(&format!("limit={limit}{more}"));
            let asked = Instant::now();
            let bytes = self.clients.call(&self.clients.watch, get_request(&path)?, self.timing.call, &what).await?;
            let took = asked.elapsed();
            let (rows, objects, meta) = of_kind!(self.kind, page(&bytes, &what, self.kind, self.instances))?;
            limit = page_after(bytes.len(), objects);
            drop(bytes);
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
        let begin = |request| async {
            let started = tokio::time::timeout(self.timing.call, stream(&self.clients.watch, request)).await;
            started.map_err(|_| self.clients.slow(self.timing.call, &what))
        };
        let mut started = begin(request.clone()).await?;
        if matches!(&started, Err(e) if !matches!(e, kube::Error::Api(_))) {
            // The server or a balancer may have closed the kept connection just then; a look may be tried again at once.
            self.clients.calls.count();
            started = begin(request).await?;
        }
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
            let said = of_kind!(self.kind, event(&line, &what, self.kind, self.instances))?;
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

/// For fuzzers: a body through everything that reads a list or a line of this kind.
#[cfg(feature = "testkit")]
pub fn anything(kind: Kind, bytes: &[u8]) -> Vec<(Key, Row)> {
    let mut all = of_kind!(kind, page(bytes, "fuzz", kind, true)).map(|p| p.0).unwrap_or_default();
    if let Ok(Event::Change(Change::Put(key, row), _)) = of_kind!(kind, event(bytes, "fuzz", kind, true)) {
        all.push((key, row));
    }
    all
}

enum Event {
    Change(Change, Option<Arc<str>>),
    Bookmark(Option<Arc<str>>),
    Expired,
    Failed(SourceError),
    /// An object without a name, or a type this version does not know.
    Nothing,
}

/// What is kept, of how many objects.
type Page = (Vec<(Key, Row)>, usize, ListMeta);

fn page<T: Watched>(bytes: &[u8], what: &str, kind: Kind, instances: bool) -> Result<Page, SourceError> {
    let list: Listed<T> = parse(bytes, what)?;
    let objects = list.items.len();
    let kept = |(key, row): (Key, Option<Row>)| Some((key, row?));
    Ok((list.items.into_iter().filter_map(|o| kept(o.keyed(kind, instances)?)).collect(), objects, list.metadata))
}

/// How many to ask for after a page of so many bytes and objects: as many as would have been [`PAGE_BYTES`].
fn page_after(bytes: usize, objects: usize) -> usize {
    if objects == 0 {
        return PAGE;
    }
    (PAGE_BYTES / bytes.div_ceil(objects).max(1)).clamp(PAGE, PAGE_MOST)
}

fn event<T: Watched>(line: &[u8], what: &str, kind: Kind, instances: bool) -> Result<Event, SourceError> {
    let w: WatchLine<T> = parse(line, what)?;
    let version = w.object.meta().resource_version.clone();
    Ok(match w.r#type.as_deref() {
        Some("ADDED" | "MODIFIED") => match w.object.keyed(kind, instances) {
            Some((key, Some(row))) => Event::Change(Change::Put(key, row), version),
            // It was kept, perhaps, and is not any more: its owner let it go.
            Some((key, None)) => Event::Change(Change::Gone(key), version),
            None => Event::Nothing,
        },
        Some("DELETED") => match w.object.keyed(kind, instances) {
            Some((key, _)) => Event::Change(Change::Gone(key), version),
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

/// Percent of a wait that a kind takes: no two the same.
fn share(kind: Kind) -> u32 {
    match kind {
        Kind::Rollouts => 64,
        Kind::Deployments => 67,
        Kind::Canaries => 70,
        Kind::Sets => 73,
        Kind::StatefulSets => 76,
        Kind::DaemonSets => 79,
        Kind::Pods => 82,
        Kind::Runs => 85,
        Kind::Experiments => 88,
        Kind::Revisions => 91,
        Kind::Scalers => 94,
        Kind::Keda => 97,
        Kind::Custom(n) => 99 - u32::from(n % 36),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_grow_while_their_objects_are_small_and_never_shrink_below_the_first() {
        assert_eq!(page_after(250_000, 100), 419, "2.5 kB each");
        assert_eq!((page_after(40_000, 100), page_after(1_000_000, 100)), (PAGE_MOST, 104));
        assert_eq!((page_after(5_000_000, 100), page_after(900, 0)), (PAGE, PAGE));
        // An answer of fewer objects than were asked for is judged by what it has.
        assert_eq!(page_after(30_000, 3), 104);
    }
}
