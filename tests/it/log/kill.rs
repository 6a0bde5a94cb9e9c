//! kill -9 while acts are under way. Afterwards: for every request that a server counted there is an intent on disk, what
//! was called durable is there, every log opens and holds, and the next session takes over what lies elsewhere.
//!
//! Two kinds of victim. A light one, this test's own binary: the journal as the console uses it and a loopback server
//! that counts; it meets every named point, and random instants (`ANDON_LONG=1`: 1,000). And the real program before the
//! fake API server.

use super::session::settings;
use crate::together::{case, together};
use andon::core::act::plan::Ticket;
use andon::core::entry::{Entry, Kind};
use andon::core::record::Record;
use andon::core::time::{Person, Stamp, Utc, World};
use andon::journal::fallback::{About, left_over};
use andon::journal::fault::{How, Op, Plan};
use andon::journal::keeper::Keeper;
use andon::journal::thread::{Beside, Durability, Journal, OnReport, Report};
use andon::journal::{chain, heads, kill};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Set for the victim: its directory, the server's port, and what ails its disk.
const VICTIM: &str = "ANDON_TEST_KILL_VICTIM";
const LONG: Duration = Duration::from_secs(60);

fn at(ms: i64) -> Stamp {
    Stamp { utc: Utc(1_795_230_847_000 + ms), world: World(ms), person: Person(ms) }
}

fn reports() -> (OnReport, Receiver<Report>) {
    let (tell, told) = channel();
    let on: OnReport = Arc::new(move |r| {
        let _ = tell.send(r);
    });
    (on, told)
}

fn entry(kind: Kind, n: u64) -> Entry {
    let data = json!({"act": n, "ticket": n, "verb": "roll back", "step": 1, "of": 1});
    Entry { kind, at: at(n.cast_signed()).utc, incident: None, target: None, data }
}

/// Not a test of its own: acts, one after the other, as the console sends them.
#[test]
fn victim_of_the_kill_tests() {
    let Ok(said) = std::env::var(VICTIM) else { return };
    let mut parts = said.split('|');
    let root = PathBuf::from(parts.next().expect("a directory"));
    let port: u16 = parts.next().expect("a port").parse().expect("a port");
    let ails = parts.next().unwrap_or_default().to_owned();
    let (log, state) = (root.join("log"), root.join("state"));
    let (on, told) = reports();
    let s = settings(&root.join("log"), "a");
    let about = About { dir: state.clone(), session: s.session(at(0)), environment: "prod".into() };
    let keeper = Keeper::start(Some(about), on.clone());
    let beside = Beside { keeper: Some(keeper.clone()), fallback: Some(state), ..Beside::default() };
    let j = Journal::open_with(&s, at(0), on, beside).expect("opened");
    if ails == "finds" {
        // What an earlier one left is looked at beside the acts, which need not take as long.
        while !matches!(told.recv_timeout(LONG).expect("it looks"), Report::Recovered(_)) {}
    }
    let mut plan = None;
    for n in 1..=6 {
        if n == 4 {
            // From here on its disk fails it.
            plan = match ails.as_str() {
                "hang" => Some(Plan::new(&log, How::Hang, Some(Op::Sync), 1, true)),
                "full" => Some(Plan::new(&log, How::Full, Some(Op::Write), 1, true)),
                "io" => Some(Plan::new(&log, How::Io, Some(Op::Sync), 1, true)),
                _ => None,
            };
        }
        j.append(entry(Kind::Intent, n), at(n.cast_signed()), Some(Ticket(n)), Durability::Sync);
        let durable = loop {
            // Known already: a disk that hangs says nothing more.
            if n > 4 && ails == "hang" {
                break false;
            }
            match told.recv_timeout(LONG).expect("an answer") {
                Report::Durable(Ticket(t)) if t == n => break true,
                Report::Failed { ticket: Some(Ticket(t)), .. } if t == n => break false,
                Report::Hangs { .. } => break false,
                Report::Durable(_)
                | Report::Failed { .. }
                | Report::Works
                | Report::Written(_)
                | Report::Recovered(_) => {}
            }
        };
        if !durable {
            j.append_late(entry(Kind::Intent, n), at(n.cast_signed()), Some(Ticket(n)));
            assert!(keeper.is_safe(Ticket(n), LONG));
        }
        // One write, so that a kill never shows half a number.
        let _ = std::io::stdout().write_all(format!("\nsafe {n}\n").as_bytes());
        kill::point("between-durable-and-send");
        let mut server = TcpStream::connect(("127.0.0.1", port)).expect("connected");
        server.write_all(&n.to_le_bytes()).expect("sent");
        server.read_exact(&mut [0]).expect("answered");
        kill::point("after-send-before-answer");
        kill::point("between-answer-and-record");
        j.append(entry(Kind::Accepted, n), at(n.cast_signed()), None, Durability::Sync);
        if n == 2 {
            let mut output = entry(Kind::Runbook, n);
            output.data = json!({"output": "o".repeat(40_000)});
            j.append(output, at(2), None, Durability::Sync);
        }
    }
    // A disk that hangs never closes; any other one is waited for.
    j.close(at(9), if ails == "hang" { Duration::from_millis(300) } else { LONG });
    keeper.end(LONG);
    drop(plan);
}

/// A server that counts what it is asked.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<u64>>>,
}

impl Server {
    fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let asked: Arc<Mutex<Vec<u64>>> = Arc::default();
        let counts = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut n = [0; 8];
                if stream.read_exact(&mut n).is_ok() {
                    counts.lock().expect("lock").push(u64::from_le_bytes(n));
                    // The victim may be gone already.
                    let _ = stream.write_all(b"y");
                }
            }
        });
        Server { port, asked }
    }

    /// Everything that was sent before now: one more request stands behind it in the queue.
    fn take(&self) -> Vec<u64> {
        let mut last = TcpStream::connect(("127.0.0.1", self.port)).expect("connected");
        last.write_all(&u64::MAX.to_le_bytes()).expect("sent");
        last.read_exact(&mut [0]).expect("answered");
        let mut asked = self.taken();
        asked.retain(|n| *n != u64::MAX);
        asked
    }

    fn taken(&self) -> Vec<u64> {
        std::mem::take(&mut *self.asked.lock().expect("lock"))
    }
}

/// A directory of its own, in memory where there is such a place: kill -9 takes nothing from a kernel's cache, so what is
/// tried is the order of things, and a thousand rounds need not wait for a disk.
struct Root(PathBuf);

impl Root {
    fn new(name: &str) -> Root {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let n = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let base =
            Some(Path::new("/dev/shm")).filter(|p| p.is_dir()).map_or_else(std::env::temp_dir, Path::to_path_buf);
        let dir = base.join(format!("andon-kill-{}-{n}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("made");
        Root(dir)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // The last session's thread may be about to look for its ballast.
        let gone = || std::fs::remove_dir_all(&self.0).is_ok() || !self.0.exists();
        let _ = (0..50).any(|_| {
            gone() || {
                std::thread::sleep(Duration::from_millis(5));
                false
            }
        });
    }
}

fn victim(root: &Path, server: &Server, ails: &str, kill_at: Option<&str>) -> Child {
    let mut c = Command::new(std::env::current_exe().expect("this test's binary"));
    c.args(["--exact", "log::kill::victim_of_the_kill_tests", "--nocapture"])
        .env(VICTIM, format!("{}|{}|{ails}", root.display(), server.port))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(at) = kill_at {
        c.env("ANDON_KILL_AT", at);
    }
    c.spawn().expect("started")
}

/// Numbers it said were safe, to its end.
fn said(child: &mut Child) -> Vec<u64> {
    let out = BufReader::new(child.stdout.take().expect("piped"));
    let lines = out.lines().map_while(Result::ok);
    lines.filter_map(|l| l.strip_prefix("safe ")?.parse().ok()).collect()
}

fn intents(log: &Path, case: &str) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    for path in heads::logs(log).expect("read") {
        let bytes = std::fs::read(&path).expect("read");
        assert_eq!(chain::verify(&bytes[..], |_| {}).expect("read").first_bad, None, "{case}");
        for line in bytes.split_inclusive(|b| *b == b'\n').filter_map(|l| l.strip_suffix(b"\n")) {
            let r = Record::read("f", line);
            if r.kind == "intent" {
                found.extend(r.owner().1);
            }
            assert_eq!(andon::journal::side::check(&[log], &r.data), [], "{case}");
        }
    }
    found
}

/// What must hold after any death. How many requests were counted.
fn nothing_is_lost(root: &Path, asked: &[u64], safe: &[u64], case: &str) {
    let (log, state) = (root.join("log"), root.join("state"));
    let mut there = intents(&log, case);
    for left in left_over(&state, "prod").expect("read") {
        there.extend(left.entries.iter().filter(|k| k.entry.kind == Kind::Intent).filter_map(|k| Some(k.ticket?.0)));
    }
    for n in asked {
        assert!(there.contains(n), "request {n} left without an intent on disk: {there:?}, {case}");
    }
    for n in safe {
        assert!(there.contains(n), "{n} was acknowledged and is lost: {there:?}, {case}");
    }
    // The next session opens and has all of it in logs.
    let (on, told) = reports();
    let beside = Beside { fallback: Some(state.clone()), ..Beside::default() };
    let next = Journal::open_with(&settings(&root.join("log"), "b"), at(60_000), on, beside).expect("it opens");
    let found = loop {
        if let Report::Recovered(found) = told.recv_timeout(LONG).expect("it looks") {
            break found;
        }
    };
    assert_eq!((found.unread.len(), found.running.len()), (0, 0), "{case}: {found:?}");
    next.close(at(60_001), LONG).head.expect("on disk");
    let now = intents(&log, case);
    assert!(there.is_subset(&now), "{there:?} {now:?} {case}");
    assert!(left_over(&state, "prod").expect("read").is_empty(), "{case}");
    // What has left and has no outcome is told, and nothing else could have been done twice.
    for n in asked {
        let listed = found.unfinished.iter().any(|u| u.ticket == *n);
        assert!(listed || now.contains(n), "{case}");
    }
}

#[test]
fn at_every_named_point() {
    let all = [
        ("after-live-before-log", ""),
        ("before-write:2", ""),
        ("between-write-and-sync:2", ""),
        ("between-write-and-sync:5", ""),
        ("after-sync-before-report:2", ""),
        ("after-sync-before-report:4", ""),
        ("between-durable-and-send:3", ""),
        ("after-send-before-answer:3", ""),
        ("between-answer-and-record:3", ""),
        ("before-side-rename", ""),
        ("after-side-rename", ""),
        ("before-closed", ""),
        ("after-closed", ""),
        ("before-live-end", ""),
        ("before-fallback", "hang"),
        ("after-fallback", "hang"),
        ("before-fallback:2", "io"),
        ("after-fallback", "io"),
        ("between-durable-and-send:5", "hang"),
        ("after-send-before-answer:4", "io"),
        ("after-ballast", "full"),
        ("between-durable-and-send:5", "full"),
    ];
    println!("{} deaths at named points", all.len());
    let case = |(point, ails): (&'static str, &'static str)| {
        case(format!("{point} {ails}"), move || {
            let (root, server) = (Root::new("point"), Server::start());
            let case = format!("{point} {ails}");
            let mut child = victim(&root.0, &server, ails, Some(point));
            let safe = said(&mut child);
            let status = child.wait().expect("ended");
            assert_eq!(status.signal(), Some(9), "it never came to {case}");
            nothing_is_lost(&root.0, &server.take(), &safe, &case);
        })
    };
    together(all.into_iter().map(case).collect());
}

/// The finder dies between its log and the fallback file's other name: the next one writes nothing twice.
#[test]
fn a_finder_that_dies_while_it_takes_over_leaves_it_to_the_next() {
    let server = Server::start();
    let root = Root::new("finder");
    let mut child = victim(&root.0, &server, "io", Some("between-durable-and-send:6"));
    let safe = said(&mut child);
    child.wait().expect("ended");
    let asked = server.take();
    assert_eq!((asked.len(), safe.len()), (5, 6));
    // The finder is a victim too; it gets no further than that.
    let mut finder = victim(&root.0, &server, "finds", Some("before-taken"));
    said(&mut finder);
    assert_eq!(finder.wait().expect("ended").signal(), Some(9));
    let taken = |root: &Path| {
        let of = |p: PathBuf| std::fs::read_to_string(p).expect("read").matches("\"original\":{").count();
        heads::logs(&root.join("log")).expect("read").into_iter().map(of).sum::<usize>()
    };
    let before = taken(&root.0);
    assert!(before > 0);
    nothing_is_lost(&root.0, &asked, &safe, "finder");
    assert_eq!(taken(&root.0), before, "once");
}

#[test]
fn at_any_instant() {
    let rounds = if std::env::var_os("ANDON_LONG").is_some() { 1_000 } else { 10 };
    let server = Server::start();
    let (mut requests, mut begun, mut ended) = (0, 0, 0);
    let mut x = 0x2545_f491_4f6c_dd1d_u64;
    let mut round = 0;
    // Where starting takes long, the first instants may all be too early or too late to prove anything.
    while round < rounds || (round < 20 * rounds && (begun == 0 || ended == round)) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        let ails = ["", "", "io", "full"][(x >> 20) as usize % 4];
        let root = Root::new("any");
        let mut child = victim(&root.0, &server, ails, None);
        // From its first file on, so that most deaths fall among acts.
        let start = Instant::now();
        while !root.0.join("log").exists() && child.try_wait().expect("waited").is_none() {
            assert!(start.elapsed() < LONG);
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros((x >> 33) % 40_000));
        child.kill().expect("killed");
        let safe = said(&mut child);
        let status = child.wait().expect("ended");
        let asked = server.take();
        requests += asked.len();
        begun += usize::from(!asked.is_empty());
        ended += usize::from(status.success());
        nothing_is_lost(&root.0, &asked, &safe, &format!("round {round}, {ails:?}"));
        round += 1;
    }
    println!("{round} instants: {requests} requests counted, {begun} with acts, {ended} had ended before");
    assert!(begun > 0 && ended < round, "nothing was proved");
}

/// The row "act intent to disk" of limits.md: one sync, and how long it takes on this disk.
#[test]
fn an_intent_costs_one_sync() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("intents-{}", std::process::id()));
    let (on, told) = reports();
    let keeper = Keeper::start(None, on.clone());
    let beside = Beside { keeper: Some(keeper), ..Beside::default() };
    let j = Journal::open_with(&settings(&root.join("log"), "a"), at(0), on, beside).expect("opened");
    // The opening's own syncs, and the ballast's, which comes last.
    let begun = Instant::now();
    let ballast = || {
        let all = std::fs::read_dir(root.join("log")).expect("read").flatten();
        let sizes = all.filter(|e| e.path().extension().is_some_and(|x| x == "ballast")).map(|e| e.metadata());
        sizes.flatten().any(|m| m.len() == 64 * 1024)
    };
    while !ballast() {
        assert!(begun.elapsed() < LONG, "no ballast");
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(50));
    let counter = Plan::new(j.path(), How::Io, Some(Op::Sync), u32::MAX, false);
    let mut took = Vec::new();
    for n in 1..=200_u64 {
        let mut intent = entry(Kind::Intent, n);
        intent.data["request"] = json!({"body": "x".repeat(2_000)});
        let begun = Instant::now();
        j.append(intent, at(1), Some(Ticket(n)), Durability::Sync);
        while told.recv_timeout(LONG).expect("an answer") != Report::Durable(Ticket(n)) {}
        took.push(begun.elapsed());
    }
    assert_eq!(counter.met(), 200, "one sync for each");
    took.sort();
    println!("intent to disk: p50 {:?}, p99 {:?}, {} syncs for 200", took[99], took[197], counter.met());
    j.close(at(2), LONG).head.expect("on disk");
    let _ = std::fs::remove_dir_all(&root);
}
