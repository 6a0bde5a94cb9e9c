//! Log lines of a target's pods: followed as long as somebody looks (`Interest.logs`), or the last ones once
//! (`Query::Logs`). Eight streams at most, the worst pods first; lines are cut, secrets taken out, and what came too fast is
//! counted. Repeats a read, never a write.

use super::Kubernetes;
use super::argo::phase::utc;
use super::client::{Clients, get_request, stream};
use super::kin::{self, Container, Kin, OwnPod};
use super::watch::encoded;
use crate::backends::{Interest, Sink};
use crate::core::redact;
use crate::core::time::Utc;
use crate::core::world::evidence::{LogChunk, LogText, LogsOf, Track, Whose};
use crate::core::world::fact::Fact;
use crate::core::world::source::{SourceError, Trouble};
use futures::AsyncBufReadExt;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch as watched;
use tokio::task::JoinSet;

/// Streams at a time.
const STREAMS: usize = 8;
/// Bytes of a line that are kept.
const LINE: usize = 2_000;
/// Lines put into one fact: at the beginning a whole ring, later what a person could still read.
const FIRST: usize = 4_000;
const LATER: usize = 300;
/// For so long after a stream began its lines are the beginning.
const BEGINS: Duration = Duration::from_secs(3);
/// Lines are put together for this long.
const BATCH: Duration = Duration::from_millis(200);
/// Which pods there are is looked at again this often, and what ended is opened again.
const AGAIN: Duration = Duration::from_secs(10);
/// Last lines of one pod alone, and of one among several.
const TAIL_ONE: usize = 2_000;
const TAIL_MANY: usize = 500;
/// Bytes of the answer to one question without following.
const LIMIT: usize = 1024 * 1024;

/// Where one stream stands: it goes on there when it is opened again.
#[derive(Debug, Default)]
struct Place {
    seq: u64,
    /// The server's own stamp of the last line, and how many lines had it.
    stamp: Option<String>,
    same: usize,
    /// Of a container before its last restart nothing more will come.
    done: bool,
    /// What was last said of its end.
    ended: Option<Arc<str>>,
}

/// One container whose lines are read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Of {
    pod: Arc<str>,
    container: Arc<str>,
    track: Track,
}

/// Follows what is looked at, until the process ends. Runs beside `observe`; a failure of its own is said in its lines.
pub async fn follow(k: Arc<Kubernetes>, mut want: watched::Receiver<Interest>, out: Sink) {
    loop {
        let of = want.borrow_and_update().logs.clone().filter(|l| l.target.source == k.settings.source);
        let moved = async {
            loop {
                if want.changed().await.is_err() {
                    // Nobody will ever want anything else.
                    std::future::pending::<()>().await;
                }
                let now = want.borrow_and_update().logs.clone().filter(|l| l.target.source == k.settings.source);
                if now != of {
                    return;
                }
            }
        };
        match &of {
            Some(of) => tokio::select! {
                () = moved => {}
                () = run(&k, of, &out) => {}
            },
            None => moved.await,
        }
    }
}

async fn run(k: &Kubernetes, of: &LogsOf, out: &Sink) {
    let mut places: BTreeMap<Of, Arc<Mutex<Place>>> = BTreeMap::new();
    let mut running: BTreeSet<Of> = BTreeSet::new();
    // Dropped with this future: every stream ends as soon as nobody looks.
    let mut streams: JoinSet<Of> = JoinSet::new();
    let mut again = tokio::time::interval(AGAIN);
    loop {
        tokio::select! {
            _ = again.tick() => {}
            Some(ended) = streams.join_next() => {
                if let Ok(of) = ended {
                    running.remove(&of);
                }
                continue;
            }
        }
        let clients = match k.clients().await {
            Ok(c) => c,
            Err(e) => {
                say(of, &e.sentence, out);
                continue;
            }
        };
        let kin = match kin::of(&clients, &of.target, k.kinds(), k.timing.call).await {
            Ok(kin) => kin,
            Err(e) => {
                say(of, &k.note(e).sentence, out);
                continue;
            }
        };
        let chosen = chosen(&kin, of);
        if chosen.is_empty() {
            let why = kin.unread.iter().find(|u| u.starts_with("pods")).cloned();
            say(of, why.as_deref().unwrap_or("there are no pods to read lines of"), out);
        }
        let since = of.since_deploy.then(|| began(&kin)).flatten();
        let tail = if chosen.len() > 1 { TAIL_MANY } else { TAIL_ONE };
        for one in chosen {
            let place = places.entry(one.clone()).or_default().clone();
            let done = lock(&place).done;
            if done || running.len() >= STREAMS || !running.insert(one.clone()) {
                continue;
            }
            let (c, of, out, since) = (clients.clone(), of.clone(), out.clone(), since.clone());
            streams.spawn(async move {
                read(&c, &of, &one, &place, Ask { tail, since, follow: !of.previous }, &out).await;
                one
            });
        }
    }
}

fn lock(place: &Mutex<Place>) -> std::sync::MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something about all of them.
fn say(of: &LogsOf, why: &str, out: &Sink) {
    out.put(Fact::Logs(Box::new(LogChunk {
        of: of.clone(),
        instance: "".into(),
        container: "".into(),
        track: Track::Candidate,
        first_seq: 0,
        lines: Vec::new(),
        dropped: 0,
        ended: Some(why.into()),
    })));
}

/// The last lines once: one `Fact::Logs` for each instance. Errors: the target cannot be read.
pub async fn ask(c: &Clients, of: &LogsOf, kinds: &[String], deadline: Duration) -> Result<Vec<Fact>, SourceError> {
    let kin = kin::of(c, &of.target, kinds, deadline).await?;
    let (chosen, since) = (chosen(&kin, of), of.since_deploy.then(|| began(&kin)).flatten());
    if chosen.is_empty() {
        let why = kin.unread.iter().find(|u| u.starts_with("pods")).cloned();
        let why = why.unwrap_or_else(|| "there are no pods to read lines of".into());
        return Err(SourceError::new(Trouble::NotFound, why));
    }
    let tail = if chosen.len() > 1 { TAIL_MANY } else { TAIL_ONE };
    let put: Arc<Mutex<Vec<Fact>>> = Arc::default();
    let into = put.clone();
    let out = Sink::new(move |f| into.lock().unwrap_or_else(PoisonError::into_inner).push(f));
    let all = chosen.iter().map(|one| {
        let (since, out) = (since.clone(), &out);
        async move {
            let place = Mutex::new(Place::default());
            read(c, of, one, &place, Ask { tail, since, follow: false }, out).await;
        }
    });
    futures::future::join_all(all).await;
    let facts = std::mem::take(&mut *put.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(facts)
}

/// Which containers: the one that is asked for, or the worst of the candidate beside the worst of stable.
fn chosen(kin: &Kin, of: &LogsOf) -> Vec<Of> {
    let one = |p: &OwnPod| Of { pod: p.pod.name(), container: container(p, &of.target.name), track: p.track };
    match &of.whose {
        Whose::Instance(name) => kin.pods.iter().filter(|p| p.pod.name() == *name).map(one).collect(),
        Whose::Tracks => {
            let of_track = |t: Track| {
                let mut all: Vec<&OwnPod> = kin.pods.iter().filter(|p| p.track == t).collect();
                let restarts =
                    |p: &OwnPod| p.pod.status.container_statuses.iter().filter_map(|c| c.restart_count).sum::<i64>();
                all.sort_by_key(|p| (p.trouble.is_none(), std::cmp::Reverse(restarts(p)), p.pod.name()));
                all
            };
            let (new, old) = (of_track(Track::Candidate), of_track(Track::Stable));
            let half = STREAMS / 2;
            // What one side does not need the other one has.
            let n = new.len().min(STREAMS - old.len().min(half));
            let m = old.len().min(STREAMS - n);
            new.into_iter().take(n).chain(old.into_iter().take(m)).map(one).collect()
        }
    }
}

/// The container in trouble; else the one that is called like the target; else the first.
fn container(p: &OwnPod, target: &str) -> Arc<str> {
    let bad = |c: &&Container| !c.ready || c.restart_count.unwrap_or(0) > 0 || c.state.waiting.is_some();
    let bad = p.pod.status.container_statuses.iter().filter(bad).max_by_key(|c| c.restart_count.unwrap_or(0));
    let names = || p.pod.spec.containers.iter().filter_map(|c| c.name.clone());
    bad.and_then(|c| c.name.clone())
        .or_else(|| names().find(|n| **n == *target))
        .or_else(|| names().next())
        .unwrap_or_default()
}

/// When the change under way began: its version was made then.
fn began(kin: &Kin) -> Option<Arc<str>> {
    let set = kin.candidate.as_deref().and_then(|h| kin.set(h));
    let newest = || kin.sets.iter().max_by_key(|s| s.pointer("/metadata/creationTimestamp").and_then(Value::as_str));
    set.or_else(newest)?.pointer("/metadata/creationTimestamp")?.as_str().map(Arc::from)
}

/// How a stream is opened.
struct Ask {
    tail: usize,
    since: Option<Arc<str>>,
    follow: bool,
}

async fn read(c: &Clients, of: &LogsOf, one: &Of, place: &Mutex<Place>, ask: Ask, out: &Sink) {
    let mut path = format!(
        "/api/v1/namespaces/{}/pods/{}/log?container={}&timestamps=true",
        of.target.namespace,
        one.pod,
        encoded(&one.container)
    );
    let (goes_on, begins) = {
        let p = lock(place);
        (p.stamp.clone(), p.stamp.is_none())
    };
    match goes_on.map(Arc::from).or(ask.since) {
        Some(since) => path.push_str(&format!("&sinceTime={}", encoded(&since))),
        None => path.push_str(&format!("&tailLines={}", ask.tail)),
    }
    if begins && path.contains("sinceTime") {
        path.push_str(&format!("&tailLines={FIRST}"));
    }
    if of.previous {
        path.push_str("&previous=true");
    }
    path.push_str(&if ask.follow { "&follow=true".to_owned() } else { format!("&limitBytes={LIMIT}") });
    let put = |lines: VecDeque<LogText>, dropped: u64, ended: Option<Arc<str>>| {
        let mut p = lock(place);
        if lines.is_empty() && dropped == 0 && ended == p.ended {
            return;
        }
        let first_seq = p.seq + dropped;
        p.seq = first_seq + lines.len() as u64;
        p.ended.clone_from(&ended);
        out.put(Fact::Logs(Box::new(LogChunk {
            of: of.clone(),
            instance: one.pod.clone(),
            container: one.container.clone(),
            track: one.track,
            first_seq,
            lines: lines.into(),
            dropped,
            ended,
        })));
    };
    c.calls.count();
    let request = match get_request(&path) {
        Ok(r) => r,
        Err(e) => return put(VecDeque::new(), 0, Some(e.sentence)),
    };
    let what = format!("read the log of {}", one.pod);
    let body = match tokio::time::timeout(Duration::from_secs(10), stream(&c.watch, request)).await {
        Ok(Ok(body)) => body,
        Ok(Err(e)) => {
            let e = c.failed(&e, &what);
            let why = match e.trouble {
                Trouble::Forbidden => format!("needs the right `get pods/log` in {}", of.target.namespace).into(),
                _ => words(&e.sentence),
            };
            if of.previous {
                lock(place).done = true;
            }
            return put(VecDeque::new(), 0, Some(why));
        }
        Err(_) => return put(VecDeque::new(), 0, Some(c.slow(Duration::from_secs(10), &what).sentence)),
    };
    let mut reader = Reader { from: Box::pin(body), line: Vec::new(), over: false };
    let began = Instant::now();
    let (mut lines, mut dropped) = (VecDeque::new(), 0_u64);
    // Lines of the stamp it goes on from are known already.
    let mut known = lock(place).same;
    let from = lock(place).stamp.clone();
    loop {
        let next = tokio::time::timeout(BATCH, reader.next()).await;
        let flush = match next {
            Err(_) => true,
            Ok(Ok(Some(line))) => {
                let (stamp, text) = split(&line);
                if stamp.is_some() && stamp == from.as_deref() && known > 0 {
                    known -= 1;
                    continue;
                }
                // What is older than where it goes on: asked for by whole seconds, answered by them.
                if let (Some(s), Some(f)) = (stamp, from.as_deref())
                    && utc_of(s) < utc_of(f)
                {
                    continue;
                }
                {
                    let mut p = lock(place);
                    if p.stamp.as_deref() == stamp {
                        p.same += 1;
                    } else {
                        (p.stamp, p.same) = (stamp.map(str::to_owned), 1);
                    }
                }
                let text = redact::clean(text).into_owned();
                lines.push_back(LogText { at: stamp.and_then(utc_of), text: text.into() });
                let most = if began.elapsed() < BEGINS { FIRST } else { LATER };
                if lines.len() > most {
                    lines.pop_front();
                    dropped += 1;
                }
                false
            }
            Ok(Ok(None)) => {
                let why = match (of.previous, ask.follow) {
                    (true, _) => Some("that was all of it".into()),
                    (false, true) => Some("the container ended, or its log was rotated".into()),
                    (false, false) => None,
                };
                lock(place).done = of.previous;
                return put(lines, dropped, why);
            }
            // A quiet log is cut by the time limit of the connection; it is opened again where it stood.
            Ok(Err(_)) => return put(lines, dropped, None),
        };
        if flush && !(lines.is_empty() && dropped == 0) {
            put(std::mem::take(&mut lines), std::mem::take(&mut dropped), None);
        }
    }
}

/// The server's words without ours in front: they stand beside the pod's name.
fn words(sentence: &str) -> Arc<str> {
    sentence.split_once(": ").map_or(sentence, |(_, rest)| rest).into()
}

fn utc_of(stamp: &str) -> Option<Utc> {
    utc(Some(&Arc::from(stamp)))
}

/// `2026-11-21T06:16:27.123456789Z text`: the kubelet's stamp and the line.
fn split(line: &str) -> (Option<&str>, &str) {
    match line.split_once(' ') {
        Some((stamp, text)) if stamp.len() >= 20 && stamp.as_bytes()[4] == b'-' && stamp.contains('T') => {
            (Some(stamp), text)
        }
        Some(_) | None => (None, line),
    }
}

/// Lines of at most [`LINE`] bytes: the rest of a longer one is read and left out. May be dropped between two calls of
/// `next` without losing a byte.
struct Reader<R> {
    from: std::pin::Pin<Box<R>>,
    line: Vec<u8>,
    over: bool,
}

impl<R: futures::AsyncBufRead> Reader<R> {
    async fn next(&mut self) -> std::io::Result<Option<String>> {
        loop {
            let chunk = self.from.fill_buf().await?;
            if chunk.is_empty() {
                let last = (!self.line.is_empty()).then(|| self.take());
                return Ok(last);
            }
            let end = chunk.iter().position(|b| *b == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = LINE.saturating_sub(self.line.len());
            self.over |= part.len() > room;
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let n = end.map_or(chunk.len(), |e| e + 1);
            futures::AsyncBufRead::consume(self.from.as_mut(), n);
            if end.is_some() {
                return Ok(Some(self.take()));
            }
        }
    }

    fn take(&mut self) -> String {
        let bytes = std::mem::take(&mut self.line);
        let mut text = String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned();
        if std::mem::take(&mut self.over) {
            text.push_str(" ..");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::TargetId;
    use serde_json::json;

    fn pod(name: &str, track: Track, restarts: i64, bad: bool) -> OwnPod {
        let pod = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "proxy"}, {"name": "checkout"}]},
            "status": {"containerStatuses": [{"name": "proxy", "ready": true, "restartCount": 0},
                {"name": "checkout", "ready": !bad, "restartCount": restarts}]}});
        OwnPod { pod: serde_json::from_value(pod).expect("lenient"), trouble: bad.then(|| "NotReady".into()), track }
    }

    fn of(whose: Whose) -> LogsOf {
        let target = TargetId {
            source: "eu-1".into(),
            namespace: "shop".into(),
            kind: "Rollout".into(),
            name: "checkout".into(),
            uid: "u".into(),
        };
        LogsOf { target, whose, previous: false, since_deploy: false }
    }

    #[test]
    fn eight_streams_the_worst_pods_first_and_both_tracks() {
        let stable = (0..20).map(|n| pod(&format!("s-{n:02}"), Track::Stable, i64::from(n == 7), false));
        let mut kin = Kin { pods: stable.collect(), ..Kin::default() };
        kin.pods.extend((0..3).map(|n| pod(&format!("c-{n}"), Track::Candidate, 0, n == 2)));
        let all = chosen(&kin, &of(Whose::Tracks));
        let names: Vec<&str> = all.iter().map(|o| &*o.pod).collect();
        assert_eq!(names, ["c-2", "c-0", "c-1", "s-07", "s-00", "s-01", "s-02", "s-03"]);
        assert!(all.iter().all(|o| &*o.container == "checkout"));
        kin.pods.extend((3..20).map(|n| pod(&format!("c-{n}"), Track::Candidate, 0, false)));
        let all = chosen(&kin, &of(Whose::Tracks));
        assert_eq!(all.iter().filter(|o| o.track == Track::Candidate).count(), 4);
        let one = chosen(&kin, &of(Whose::Instance("s-07".into())));
        assert_eq!((one.len(), &*one[0].container), (1, "checkout"));
    }

    #[test]
    fn a_line_is_its_stamp_and_its_text() {
        let line = "2026-11-21T06:16:27.123456789Z TokenParser: unexpected claim";
        assert_eq!(split(line), (Some("2026-11-21T06:16:27.123456789Z"), "TokenParser: unexpected claim"));
        assert_eq!(split("no stamp here at all, but words"), (None, "no stamp here at all, but words"));
        assert_eq!(utc_of("2026-11-21T06:16:27.123456789Z"), Utc::read("2026-11-21T06:16:27.123Z"));
    }

    #[tokio::test]
    async fn long_lines_are_cut_and_the_next_one_is_whole() {
        let text = format!("{}\nshort\nlast", "x".repeat(50_000));
        let mut r =
            Reader { from: Box::pin(futures::io::Cursor::new(text.into_bytes())), line: Vec::new(), over: false };
        let first = r.next().await.expect("read").expect("there");
        assert!(first.len() < LINE + 10 && first.ends_with(" .."), "{}", first.len());
        assert_eq!(r.next().await.expect("read").as_deref(), Some("short"));
        assert_eq!(r.next().await.expect("read").as_deref(), Some("last"));
        assert_eq!(r.next().await.expect("read"), None);
    }
}
