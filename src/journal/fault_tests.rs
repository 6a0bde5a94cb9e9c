//! The whole writing side on real files while the disk misbehaves: the log, its live file, side files, ballast and
//! fallback files; a full disk; a sync that never returns. Nothing given may be lost, nothing may be called durable that
//! is not, and the next session opens.

use super::append::{LogFile, make_dir};
use super::ballast::{Ballast, SIZE};
use super::chain::verify;
use super::fallback::{About, left_over};
use super::fault::{How, Op, Plan};
use super::heads::logs;
use super::keeper::Keeper;
use super::scratch::{Scratch, at, entry, settings};
use super::thread::{Beside, Durability, Ended, Journal, OnReport, Report};
use super::worker::Around;
use crate::core::act::plan::Ticket;
use crate::core::entry::{Entry, Kind};
use crate::core::record::Record;
use serde_json::json;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);

fn reports() -> (OnReport, Receiver<Report>) {
    let (tell, told) = channel();
    let on: OnReport = Arc::new(move |r| {
        let _ = tell.send(r);
    });
    (on, told)
}

fn given(n: u64, kind: Kind) -> Entry {
    entry(kind, n.cast_signed(), json!({"given": format!("{kind:?}-{n}"), "ticket": n, "verb": "roll back"}))
}

/// Waits until this intent was answered: durable, or not.
fn answered(told: &Receiver<Report>, n: u64, durable: &mut BTreeSet<u64>) -> bool {
    answered_or_recovered(told, n, durable, &mut false)
}

/// The same, and whether what ended sessions left was looked at.
fn answered_or_recovered(told: &Receiver<Report>, n: u64, durable: &mut BTreeSet<u64>, recovered: &mut bool) -> bool {
    let end = Instant::now() + LONG;
    while let Ok(r) = told.recv_timeout(end.saturating_duration_since(Instant::now())) {
        match r {
            Report::Durable(Ticket(t)) => {
                durable.insert(t);
                if t == n {
                    return true;
                }
            }
            Report::Failed { ticket: Some(Ticket(t)), .. } if t == n => return false,
            Report::Recovered(_) => *recovered = true,
            // A machine that stands still for half a second is no answer.
            Report::Hangs { .. } | Report::Failed { .. } | Report::Works | Report::Written(_) => {}
        }
    }
    panic!("{n} was never answered")
}

/// Waits until this intent is durable. It may have been tried, and refused once more, just before.
fn written_at_last(told: &Receiver<Report>, n: u64, durable: &mut BTreeSet<u64>) {
    let begun = Instant::now();
    while !answered(told, n, durable) {
        assert!(begun.elapsed() < LONG, "{n} is never written");
    }
}

/// What one session was given, and what it was told.
struct Played {
    given: BTreeSet<String>,
    durable: BTreeSet<u64>,
    /// Not in the log when it ended.
    left: usize,
}

/// Three acts with their outcomes and a long output, from opening to close.
fn play(log: &Path, state: &Path, suffix: &str, ms: i64) -> Played {
    let (on, told) = reports();
    let s = settings(log, suffix);
    let about = About { dir: state.to_owned(), session: s.session(at(ms)), environment: "prod".into() };
    let keeper = Keeper::start(Some(about), on.clone());
    let beside = Beside { keeper: Some(keeper.clone()), fallback: Some(state.to_owned()), ..Beside::default() };
    let journal = Journal::open_with(&s, at(ms), on, beside).inspect_err(|_| keeper.failed());
    let mut recovered = false;
    let mut p = Played { given: BTreeSet::new(), durable: BTreeSet::new(), left: 0 };
    for n in 1..=3 {
        let intent = given(n, Kind::Intent);
        let mut rest = vec![given(n, Kind::Accepted), given(n, Kind::Settled)];
        if n == 2 {
            let data = json!({"given": "output", "output": "o".repeat(40_000)});
            rest.push(entry(Kind::Runbook, 5, data));
        }
        for e in std::iter::once(&intent).chain(&rest) {
            p.given.insert(e.data["given"].as_str().expect("named").to_owned());
        }
        match &journal {
            Ok(j) => {
                j.append(intent, at(ms), Some(Ticket(n)), Durability::Sync);
                answered_or_recovered(&told, n, &mut p.durable, &mut recovered);
                for e in rest {
                    j.append(e, at(ms), None, Durability::Sync);
                }
            }
            Err(_) => {
                keeper.give(Arc::new(intent), Some(Ticket(n)), true);
                for e in rest {
                    keeper.give(Arc::new(e), None, true);
                }
            }
        }
    }
    if let Ok(j) = journal {
        // Its own finder holds the fallback files it looks at; in one process the next session would meet it there.
        while !recovered {
            match told.recv_timeout(LONG).expect("recovered") {
                Report::Recovered(_) => recovered = true,
                Report::Durable(Ticket(t)) => _ = p.durable.insert(t),
                Report::Failed { .. } | Report::Hangs { .. } | Report::Works | Report::Written(_) => {}
            }
        }
        j.close(at(ms + 1), LONG);
    }
    p.left = keeper.end(LONG);
    for r in told.try_iter() {
        if let Report::Durable(Ticket(t)) = r {
            p.durable.insert(t);
        }
    }
    p
}

/// What stands in whole records of all logs of a directory; every one of them must hold.
fn written(log: &Path, case: &str) -> Vec<Record> {
    let mut all = Vec::new();
    for path in logs(log).expect("read") {
        let bytes = std::fs::read(&path).expect("read");
        let found = verify(&bytes[..], |_| {}).expect("read");
        assert_eq!(found.first_bad, None, "{case}");
        let whole = bytes.split_inclusive(|b| *b == b'\n').filter_map(|l| l.strip_suffix(b"\n"));
        all.extend(whole.map(|l| Record::read("f", l)));
    }
    all
}

fn names(records: &[Record]) -> BTreeSet<String> {
    records.iter().filter_map(|r| Some(r.data["given"].as_str()?.to_owned())).collect()
}

/// In memory where there is such a place: what is tried is the order of things, not the disk.
fn quick() -> (Scratch, PathBuf) {
    let dir = Scratch::new();
    let shm = Path::new("/dev/shm").join(dir.path().file_name().expect("a name"));
    let at = if std::fs::create_dir_all(&shm).is_ok() { shm } else { dir.path().to_owned() };
    (dir, at)
}

struct Gone(PathBuf);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn broken(how: How, at: &'static str, nth: u32, for_ever: bool) -> u32 {
    let case = format!("{how:?} in {at:?}, operation {nth}, for ever {for_ever}");
    let (_dir, root) = quick();
    let _gone = Gone(root.clone());
    let (log, state) = (root.join("both/log"), root.join("both/state"));
    make_dir(&log).expect("made");
    make_dir(&state).expect("made");
    let under = match at {
        "log" => log.clone(),
        "state" => state.clone(),
        _ => root.join("both"),
    };
    let plan = Plan::new(&under, how, None, nth, for_ever);
    let p = play(&log, &state, "a", 0);
    let met = plan.met();
    drop(plan);
    let records = written(&log, &case);
    for t in &p.durable {
        assert!(records.iter().any(|r| r.ticket == Some(*t)), "{t} was called durable: {case}");
    }
    if at != "both" {
        let in_log = names(&records);
        let elsewhere = left_over(&state, "prod").expect("read");
        let kept: Vec<&str> =
            elsewhere.iter().flat_map(|l| &l.entries).filter_map(|k| k.entry.data["given"].as_str()).collect();
        for g in &p.given {
            assert!(in_log.contains(g) || kept.contains(&g.as_str()), "{g} is lost: {case}");
        }
        assert_eq!(p.left > 0, !kept.is_empty(), "{case}: {kept:?}");
        drop(elsewhere);
    }
    // The next session opens, takes over what is left, and then the logs hold everything.
    let (on, told) = reports();
    let beside = Beside { fallback: Some(state.clone()), ..Beside::default() };
    let next = Journal::open_with(&settings(&log, "b"), super::scratch::at(5_000), on, beside).expect("opens");
    while !matches!(told.recv_timeout(LONG), Ok(Report::Recovered(_))) {}
    next.close(super::scratch::at(5_001), LONG).head.expect("on disk");
    let in_log = names(&written(&log, &case));
    if at != "both" {
        assert_eq!(p.given.difference(&in_log).collect::<Vec<_>>(), Vec::<&String>::new(), "{case}");
    }
    assert!(left_over(&state, "prod").expect("read").is_empty(), "{case}");
    met
}

#[test]
fn every_nth_operation_of_every_file_failing_once_or_for_ever_loses_nothing() {
    let long = std::env::var_os("ANDON_LONG").is_some();
    let (mut runs, mut most) = (0, 0);
    for at in ["log", "state", "both"] {
        for (how, for_ever) in [
            (How::Full, true),
            (How::Io, false),
            (How::Short, false),
            (How::Full, false),
            (How::Io, true),
            (How::Short, true),
        ] {
            // All of them with the first kind of fault; of the others every seventh, but in the long form.
            let dense = long || (matches!((how, for_ever), (How::Full, true)) && at == "log");
            let mut nth = 1;
            loop {
                let met = broken(how, at, nth, for_ever);
                runs += 1;
                most = most.max(met);
                if met < nth {
                    break;
                }
                nth += if dense { 1 } else { 7 };
            }
        }
    }
    println!("{runs} sessions, up to {most} operations");
    assert!(most > 20, "{most}: are all files asked?");
}

/// A disk with so much room, of which the ballast takes its part as long as it is there.
struct Room {
    bytes: Arc<Mutex<Vec<u8>>>,
    room: Arc<Mutex<usize>>,
    ballast: PathBuf,
}

impl LogFile for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut disk = self.bytes.lock().expect("lock");
        let taken = disk.len() + if self.ballast.exists() { SIZE } else { 0 };
        let left = self.room.lock().expect("lock").saturating_sub(taken);
        if left == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let n = left.min(bytes.len());
        disk.extend_from_slice(&bytes[..n]);
        Ok(n)
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.bytes.lock().expect("lock").truncate(len as usize);
        Ok(())
    }
}

#[test]
fn a_full_disk_takes_outcomes_no_new_intent_and_everything_once_there_is_room() {
    let dir = Scratch::new();
    let (bytes, room) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(SIZE + 3_000)));
    let ballast = Ballast::of(dir.path(), "s");
    ballast.make().expect("made");
    let file = Room { bytes: bytes.clone(), room: room.clone(), ballast: dir.path().join("s.ballast") };
    let (on, told) = reports();
    let state = dir.path().join("state");
    let about = About { dir: state.clone(), session: "s".into(), environment: "prod".into() };
    let keeper = Keeper::start(Some(about), on.clone());
    let around = Around { keeper: Some(keeper.clone()), ballast: Some(ballast), ..Around::default() };
    let s = settings(dir.path(), "s");
    let name = ("s".to_owned(), dir.path().join("s.jsonl"));
    let j = Journal::start_with(&s, name, Box::new(file), None, at(0), on, around, Vec::new()).expect("started");
    let mut durable = BTreeSet::new();
    let mut n = 0;
    loop {
        n += 1;
        assert!(n < 40, "it never fills up");
        j.append(given(n, Kind::Intent), at(1), Some(Ticket(n)), Durability::Sync);
        if !answered(&told, n, &mut durable) {
            break;
        }
    }
    assert!(n > 2);
    // The last act that went out ends; the next intent is not taken; one that has left already is.
    j.append(given(n - 1, Kind::Settled), at(2), None, Durability::Sync);
    j.append(given(n + 1, Kind::Intent), at(3), Some(Ticket(n + 1)), Durability::Sync);
    assert!(!answered(&told, n + 1, &mut durable));
    j.append_late(given(n + 1, Kind::Intent), at(4), Some(Ticket(n + 1)));
    written_at_last(&told, n + 1, &mut durable);
    let text = || String::from_utf8(bytes.lock().expect("lock").clone()).expect("ascii");
    assert!(text().contains(&format!("Settled-{}", n - 1)));
    assert!(text().contains(&format!("Intent-{}", n + 1)));
    assert!(!text().contains(&format!("Intent-{n}\"")));
    assert_eq!(verify(text().as_bytes(), |_| {}).expect("read").first_bad, None);
    assert!(keeper.is_safe(Ticket(n), LONG), "in the fallback file meanwhile");
    // Somebody makes room: what was refused is written, with its own time, and the ballast is there again.
    *room.lock().expect("lock") = usize::MAX;
    written_at_last(&told, n, &mut durable);
    while !matches!(told.recv_timeout(LONG), Ok(Report::Works)) {}
    assert!(dir.path().join("s.ballast").exists());
    let line = text().lines().find(|l| l.contains(&format!("Intent-{n}\""))).expect("there").to_owned();
    assert!(line.contains("\"at\":"), "{line}");
    assert!(matches!(j.close(at(9), LONG), Ended { head: Some(_), why: None }));
    assert_eq!(keeper.end(LONG), 0);
    drop(keeper);
    assert!(left_over(&state, "prod").expect("read").is_empty(), "all of it is in the log");
}

#[test]
fn a_sync_that_never_returns_is_noticed_and_everything_is_in_the_fallback_file() {
    let (_dir, root) = quick();
    let _gone = Gone(root.clone());
    let (log, state) = (root.join("log"), root.join("state"));
    let (on, told) = reports();
    let s = settings(&log, "a");
    let about = About { dir: state.clone(), session: s.session(at(0)), environment: "prod".into() };
    let keeper = Keeper::start(Some(about), on.clone());
    let beside = Beside { keeper: Some(keeper.clone()), ..Beside::default() };
    let j = Journal::open_with(&s, at(0), on, beside).expect("opened");
    j.append(given(1, Kind::Intent), at(1), Some(Ticket(1)), Durability::Sync);
    assert!(answered(&told, 1, &mut BTreeSet::new()));
    let plan = Plan::new(&log, How::Hang, Some(Op::Sync), 1, true);
    let begun = Instant::now();
    j.append(given(2, Kind::Intent), at(2), Some(Ticket(2)), Durability::Sync);
    while !matches!(told.recv_timeout(LONG).expect("the disk hangs"), Report::Hangs { .. }) {}
    println!("hung sync noticed after {} ms", begun.elapsed().as_millis());
    j.append_late(given(2, Kind::Intent), at(3), Some(Ticket(2)));
    assert!(keeper.is_safe(Ticket(2), LONG));
    j.append(given(2, Kind::Accepted), at(3), None, Durability::Sync);
    let begun = Instant::now();
    let ended = j.close(at(4), Duration::from_millis(100));
    assert!(ended.head.is_none() && ended.why.is_some());
    assert_eq!(keeper.end(LONG), 2);
    assert!(begun.elapsed() < Duration::from_secs(5), "the end is bounded: {:?}", begun.elapsed());
    drop(keeper);
    let left = left_over(&state, "prod").expect("read");
    let kept: Vec<_> = left.iter().flat_map(|l| &l.entries).filter_map(|k| k.entry.data["given"].as_str()).collect();
    assert_eq!(kept, ["Intent-2", "Accepted-2"]);
    drop(plan);
}

/// A file system of this size, as long as it lives; `None`: only root may mount one.
struct Mounted(PathBuf);

impl Mounted {
    fn new(at: &Path, kib: u32) -> Option<Mounted> {
        make_dir(at).expect("made");
        let size = format!("size={kib}k");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output().ok()?;
        done.status.success().then(|| Mounted(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

#[test]
fn small_file_systems_fill_up_and_nothing_is_lost() {
    for kib in [64, 256] {
        let dir = Scratch::new();
        let Some(mounted) = Mounted::new(&dir.path().join("small"), kib) else {
            println!("SKIPPED: a {kib} kB file system needs root to be mounted");
            return;
        };
        let (log, state) = (mounted.0.join("log"), dir.path().join("state"));
        let (on, told) = reports();
        let s = settings(&log, "a");
        let about = About { dir: state.clone(), session: s.session(at(0)), environment: "prod".into() };
        let keeper = Keeper::start(Some(about), on.clone());
        let beside = Beside { keeper: Some(keeper.clone()), ..Beside::default() };
        let j = Journal::open_with(&s, at(0), on, beside).expect("opened");
        while !matches!(told.recv_timeout(LONG), Ok(Report::Recovered(_))) {}
        let ballast = || {
            let all = std::fs::read_dir(&log).expect("read").flatten();
            let whole = |e: &std::fs::DirEntry| e.metadata().is_ok_and(|m| m.len() == SIZE as u64);
            all.filter(|e| e.path().extension().is_some_and(|x| x == "ballast") && whole(e)).count()
        };
        let begun = Instant::now();
        while kib > 64 && ballast() == 0 {
            assert!(begun.elapsed() < LONG, "no ballast");
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut durable = BTreeSet::new();
        let mut n = 0;
        loop {
            n += 1;
            assert!(n < 3_000);
            let mut e = given(n, Kind::Intent);
            e.data["seen"] = "figures ".repeat(60).into();
            j.append(e, at(1), Some(Ticket(n)), Durability::Sync);
            if !answered(&told, n, &mut durable) {
                break;
            }
        }
        j.append(given(n - 1, Kind::Settled), at(2), None, Durability::Sync);
        let ended = j.close(at(3), LONG);
        let left = keeper.end(LONG);
        drop(keeper);
        let records = written(&log, &format!("{kib} kB"));
        println!("{kib} kB: {} records, {n} refused, {left} in the fallback file, {ended:?}", records.len());
        let here = names(&records);
        let over = left_over(&state, "prod").expect("read");
        let kept: Vec<_> =
            over.iter().flat_map(|l| &l.entries).filter_map(|k| k.entry.data["given"].as_str()).collect();
        for t in 1..=n {
            let name = format!("Intent-{t}");
            assert!(here.contains(&name) || kept.contains(&name.as_str()), "{name} is lost");
        }
        let outcome = format!("Settled-{}", n - 1);
        if kib > 64 {
            assert!(here.contains(&outcome), "the ballast is for this");
            assert_eq!(records.last().map(|r| r.kind.as_str()), Some("closed"));
        } else {
            assert!(here.contains(&outcome) || kept.contains(&outcome.as_str()));
        }
    }
}
