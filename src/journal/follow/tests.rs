//! Consoles that write and read at once: nothing is lost, nothing comes twice, and a calm directory wakes nobody.

use super::*;
use crate::core::id::TargetId;
use crate::core::record::Hlc;
use crate::journal::hlc::HlcClock;
use crate::journal::live::{Live, Me};
use crate::journal::scratch::Scratch;
use rustix::fs::{FlockOperation, flock};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::RecvTimeoutError;

const LONG: Duration = Duration::from_secs(60);

fn line(session: &str, seq: u64, ms: i64, kind: &str) -> String {
    let utc = Utc(ms).rfc3339();
    format!("{{\"session\":\"{session}\",\"seq\":{seq},\"hlc\":[{ms},0],\"utc\":\"{utc}\",\"kind\":\"{kind}\"}}\n")
}

fn append(dir: &Scratch, session: &str, text: &str) {
    let path = dir.path().join(format!("{session}.jsonl"));
    let mut f = std::fs::OpenOptions::new().append(true).create(true).open(path).expect("open");
    f.write_all(text.as_bytes()).expect("written");
}

/// Another console: its live file and nothing else.
fn other(dir: &Scratch, session: &str) -> Live {
    Live::begin(dir.path(), Me { user: session.into(), since: now(), ..Me::named(session) }, 0o600).expect("live")
}

struct Eyes {
    follower: Option<Follower>,
    found: Receiver<Found>,
    heard: Heard,
    clock: HlcClock,
}

/// The follower of session `me`.
fn eyes(dir: &Scratch, look: bool) -> Eyes {
    let before = Before::look(dir.path()).expect("looked");
    before.go().go();
    let settings = Settings {
        look: look.then(|| "a test asks to".to_owned()),
        liveness: Duration::from_millis(50),
        ..Settings::default()
    };
    let (to, found) = channel();
    let clock = HlcClock::default();
    let heard = clock.heard();
    let on: OnFound = Arc::new(move |f| {
        // The test may have ended.
        let _ = to.send(f);
    });
    let follower = Follower::start(before, "me", settings, heard.clone(), None, on).expect("started");
    Eyes { follower: Some(follower), found, heard, clock }
}

impl Eyes {
    /// What is found until `done` says so.
    #[track_caller]
    fn until(&self, mut done: impl FnMut(&Found) -> bool) -> Vec<Found> {
        let end = Instant::now() + LONG;
        let mut out = Vec::new();
        loop {
            match self.found.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(f) => {
                    let is = done(&f);
                    out.push(f);
                    if is {
                        return out;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => panic!("in vain: {out:?}"),
            }
        }
    }

    #[track_caller]
    fn people(&self, want: &[&str]) -> Vec<Found> {
        self.until(|f| matches!(f, Found::People(p) if p.iter().map(|p| &*p.session).eq(want.iter().copied())))
    }

    #[track_caller]
    fn records(&self, n: usize) -> Vec<Record> {
        let mut have = 0;
        let all = self.until(|f| {
            have += if let Found::Records(r) = f { r.len() } else { 0 };
            have >= n
        });
        all.into_iter().filter_map(|f| if let Found::Records(r) = f { Some(r) } else { None }).flatten().collect()
    }
}

#[test]
fn what_others_write_is_found_told_or_looked_for() {
    for look in [false, true] {
        let dir = Scratch::new();
        let b = other(&dir, "b");
        append(&dir, "b", &line("b", 1, 1, "opened"));
        append(&dir, "ended", &line("ended", 1, 1, "opened"));
        let mut e = eyes(&dir, look);
        // It was in before.
        assert_eq!(Before::look(dir.path()).expect("looked").people().len(), 1);
        let ms = now().0 + 5_000;
        append(&dir, "b", &line("b", 2, ms, "note"));
        let got = e.records(1);
        assert_eq!((got.len(), got[0].seq), (1, 2), "{look}");
        assert!(e.clock.tick(now()) > Hlc(ms, 0), "its time is adopted");
        assert!(!e.heard.saw(Hlc(now().0 + 120_000, 0), now()));
        // A console that opens now, and one that is killed after a last word.
        let c = other(&dir, "c");
        append(&dir, "c", &line("c", 1, ms, "opened"));
        e.people(&["b", "c"]);
        assert_eq!(e.records(1)[0].session, "c");
        append(&dir, "c", &line("c", 2, ms, "intent"));
        drop(c);
        let told = e.people(&["b"]);
        let word = told.iter().position(|f| matches!(f, Found::Records(r) if r[0].kind == "intent"));
        assert!(word.is_some_and(|at| at + 1 < told.len()), "first its last word, then its end: {told:?}");
        // It was only stopped, where a lock does not tell: it is in again, and what it wrote meanwhile comes, once.
        append(&dir, "c", &line("c", 3, ms, "note"));
        let path = dir.path().join("c.live");
        let held = std::fs::OpenOptions::new().write(true).open(&path).expect("open");
        flock(&held, FlockOperation::NonBlockingLockExclusive).expect("free");
        let said = std::fs::read(&path).expect("read");
        held.write_all_at(&said, 0).expect("written");
        let told = e.people(&["b", "c"]);
        append(&dir, "c", &line("c", 4, ms, "note"));
        let kept = |f: Found| if let Found::Records(r) = f { r } else { Vec::new() };
        let mut seqs: Vec<u64> = told.into_iter().flat_map(kept).map(|r| r.seq).collect();
        while seqs.len() < 2 {
            seqs.extend(e.records(1).iter().map(|r| r.seq));
        }
        assert_eq!(seqs, [3, 4], "{look}");
        drop(held);
        e.people(&["b"]);
        // A clean end needs no lock to be looked at.
        b.end();
        e.people(&[]);
        e.follower = None;
        while e.found.recv_timeout(LONG).is_ok() {}
    }
}

#[test]
fn what_a_live_file_says_is_told_when_it_changes_and_ours_is_written() {
    let dir = Scratch::new();
    let b = other(&dir, "b");
    let e = eyes(&dir, false);
    let here = Here { screen: "verdict".into(), armed: true, ..Here::default() };
    b.file().say(&here, now()).expect("written");
    e.until(|f| matches!(f, Found::People(p) if p[0].here == here));
    // Ours, through its handle; a dialog at once, the rest within a moment.
    let mine = other(&dir, "mine");
    let f = Follower::alone(Settings::default(), mine.file()).expect("started");
    let dialog = crate::core::case::people::OpenDialog { verb: "hold".into(), targets: Vec::<TargetId>::new() };
    f.say(Here { dialog: Some(dialog), ..here.clone() });
    f.say(Here { screen: "board".into(), ..here });
    let end = Instant::now() + LONG;
    while live::read(dir.path(), "mine").is_none_or(|(p, _)| &*p.here.screen != "board") {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_flood_comes_in_batches_and_its_observations_are_left_out_and_counted() {
    let dir = Scratch::new();
    let _b = other(&dir, "b");
    append(&dir, "b", "");
    let e = eyes(&dir, false);
    let kind = |n| if n % 4 == 0 { "note" } else { "figures" };
    let text: String = (1..=4_000).map(|n| line("b", n, 1_000 + n as i64, kind(n))).collect();
    append(&dir, "b", &text);
    let mut last = 0;
    let all = e.until(|f| {
        last = if let Found::Records(r) = f { r.last().map_or(0, |r| r.seq) } else { last };
        last == 4_000
    });
    let batches: Vec<&Vec<Record>> =
        all.iter().filter_map(|f| if let Found::Records(r) = f { Some(r) } else { None }).collect();
    assert!(batches.iter().all(|b| b.len() <= BATCH));
    let got: Vec<u64> = batches.iter().flat_map(|b| b.iter().map(|r| r.seq)).collect();
    assert!(got.is_sorted() && got.iter().filter(|n| *n % 4 == 0).count() == 1_000, "every note, in order");
    // The count of the last round may come after its records.
    append(&dir, "b", &line("b", 4_001, 9_000, "note"));
    let rest = e.until(|f| matches!(f, Found::Records(_)));
    let skipped = all.iter().chain(&rest).filter_map(|f| if let Found::Skipped(n) = f { Some(*n) } else { None }).max();
    assert_eq!(skipped.unwrap_or(0) as usize, 4_000 - got.len());
}

#[test]
fn a_calm_directory_wakes_nobody() {
    let dir = Scratch::new();
    let _b = other(&dir, "b");
    let mine = other(&dir, "me");
    let before = Before::look(dir.path()).expect("looked");
    before.go().go();
    let (to, found) = channel();
    let on: OnFound = Arc::new(move |f| drop(to.send((f, std::fs::read_link("/proc/thread-self")))));
    let file = mine.file();
    let _f = Follower::start(before, "me", Settings::default(), Heard::default(), Some(file), on).expect("started");
    let (Found::Polled(why), tid) = found.recv_timeout(LONG).expect("how") else { panic!("how comes first") };
    let path = Path::new("/proc").join(tid.expect("proc(5)")).join("status");
    let woken = || {
        let text = std::fs::read_to_string(&path).expect("the thread runs");
        let n = text.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:")).expect("proc(5)");
        n.trim().parse::<u64>().expect("a number")
    };
    std::thread::sleep(Duration::from_millis(300));
    let n = woken();
    // Our own records wake nobody either.
    for i in 0..20 {
        append(&dir, "me", &line("me", i, 1, "note"));
        std::thread::sleep(Duration::from_millis(40));
    }
    let most = if why.is_some() { 3 } else { 2 };
    assert!(woken() - n <= most, "{} times in 0.8 s", woken() - n);
    assert!(found.try_recv().is_err());
}
