//! The journal under every fault: never a panic, never a false "durable", never a caller that waits.

use super::append::LogFile;
use super::chain::verify;
use super::fallback::{About, left_over};
use super::keeper::Keeper;
use super::scratch::{self, Scratch, at, entry};
use super::thread::{Durability, Ended, Journal, OnReport, Report, Settings, WAITING};
use super::worker::Around;
use crate::core::act::plan::Ticket;
use crate::core::entry::Kind;
use serde_json::json;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);

fn settings(dir: &Path) -> Settings {
    Settings { host: "bastion2".into(), ..scratch::settings(&dir.join("log"), "7f3a") }
}

fn reports() -> (OnReport, Receiver<Report>) {
    let (tell, told) = channel();
    let on: OnReport = Arc::new(move |r| {
        let _ = tell.send(r);
    });
    (on, told)
}

fn note(j: &Journal, n: u64, d: Durability) {
    let ms = n.cast_signed();
    j.append(entry(Kind::Note, ms, json!({ "n": n })), at(ms), Some(Ticket(n)), d);
}

/// A disk in memory: what was written, and how much of it would survive.
#[derive(Default)]
struct Disk {
    bytes: Vec<u8>,
    safe: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Full,
    Short,
    Io,
    Interrupted,
}

struct Faulty {
    disk: Arc<Mutex<Disk>>,
    fault: Fault,
    /// The operation that fails, from 1, and whether all after it do too.
    nth: u32,
    for_ever: bool,
    done: u32,
}

impl Faulty {
    fn fails(&mut self) -> bool {
        self.done += 1;
        self.done == self.nth || (self.for_ever && self.done > self.nth)
    }
}

impl LogFile for Faulty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fails = self.fails();
        let mut disk = self.disk.lock().expect("lock");
        let kept = match (fails, self.fault) {
            (false, _) => bytes.len(),
            (true, Fault::Short) => bytes.len() / 2,
            (true, Fault::Full) => return Err(io::ErrorKind::StorageFull.into()),
            (true, Fault::Io) => return Err(io::Error::other("EIO")),
            (true, Fault::Interrupted) => return Err(io::ErrorKind::Interrupted.into()),
        };
        disk.bytes.extend_from_slice(&bytes[..kept]);
        Ok(kept)
    }

    fn sync(&mut self) -> io::Result<()> {
        let fails = self.fails();
        let mut disk = self.disk.lock().expect("lock");
        if fails {
            // What a kernel does: the pages are dropped, and the next call says ok.
            let safe = disk.safe;
            for b in &mut disk.bytes[safe..] {
                *b = 0;
            }
            return Err(io::Error::other("EIO"));
        }
        disk.safe = disk.bytes.len();
        Ok(())
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        if self.fails() {
            return Err(io::Error::other("EIO"));
        }
        let mut disk = self.disk.lock().expect("lock");
        disk.bytes.truncate(len as usize);
        disk.safe = disk.safe.min(len as usize);
        Ok(())
    }
}

#[test]
fn every_nth_operation_failing_once_or_for_ever_gives_no_false_durable() {
    let dir = Scratch::new();
    for fault in [Fault::Full, Fault::Short, Fault::Io, Fault::Interrupted] {
        for (nth, for_ever) in (1..=30).flat_map(|n| [(n, false), (n, true)]) {
            // Interrupted for ever is no fault of a disk.
            if fault == Fault::Interrupted && for_ever {
                continue;
            }
            let disk = Arc::new(Mutex::new(Disk::default()));
            let file = Faulty { disk: disk.clone(), fault, nth, for_ever, done: 0 };
            let (on, told) = reports();
            let s = settings(dir.path());
            let state = dir.path().join(format!("{fault:?}-{nth}-{for_ever}"));
            let about = About { dir: state.clone(), session: "s".into(), environment: "prod".into() };
            let keeper = Keeper::start(Some(about), on.clone());
            let around = Around { keeper: Some(keeper.clone()), ..Around::default() };
            let (name, file) = (("s".into(), "s".into()), Box::new(file));
            let j = Journal::start_with(&s, name, file, None, at(0), on, around, Vec::new()).expect("started");
            for n in 1..=10 {
                note(&j, n, if n % 3 == 0 { Durability::Batched } else { Durability::Sync });
                // One at a time now and then, so that rounds of one and of many are both met.
                if n % 4 == 0 {
                    std::thread::sleep(Duration::from_micros(50));
                }
            }
            let ended = j.close(at(11), LONG);
            let told: Vec<_> = told.try_iter().collect();
            let disk = disk.lock().expect("lock");
            let safe = String::from_utf8_lossy(&disk.bytes[..disk.safe]).into_owned();
            let case = format!("{fault:?} at {nth}, for ever {for_ever}: {told:?}");
            let (mut failed, mut hung) = (false, false);
            let mut answered = BTreeSet::new();
            for r in &told {
                match r {
                    Report::Durable(t) => {
                        assert!(safe.contains(&format!("\"ticket\":{},", t.0)), "{case}");
                        answered.insert(t.0);
                    }
                    Report::Failed { ticket, .. } => {
                        failed = true;
                        answered.extend(ticket.map(|t| t.0));
                    }
                    Report::Written(records) => {
                        for r in records {
                            assert!(safe.contains(&format!("\"hash\":\"{}\"", r.hash)), "{case}");
                        }
                    }
                    // There was no room for a moment, and what was refused is there now.
                    Report::Works => {
                        assert!(hung || (failed && matches!(fault, Fault::Full | Fault::Short)), "{case}");
                    }
                    // The machine stood still for half a second.
                    Report::Hangs { .. } => hung = true,
                    Report::Recovered(_) => panic!("nothing recovers here"),
                }
            }
            assert_eq!(answered, (1..=10).collect(), "each ticket is answered: {case}");
            let found = verify(safe.as_bytes(), |_| {}).expect("read");
            assert_eq!(found.first_bad, None, "{case}");
            match ended {
                Ended { head: Some(head), why: None } => assert!(found.closed && found.head == head, "{case}"),
                Ended { head: Some(head), why: Some(_) } => assert!(failed && found.head == head, "{case}"),
                Ended { head: None, why } => assert!(failed && why.is_some(), "{case}"),
            }
            // Nothing is lost: what is not in the log is in the fallback file.
            let left = keeper.end(LONG);
            drop(keeper);
            let there = left_over(&state, "prod").expect("read");
            let kept: BTreeSet<u64> = there.iter().flat_map(|l| &l.entries).filter_map(|k| Some(k.ticket?.0)).collect();
            for t in 1..=10 {
                let in_log = safe.contains(&format!("\"ticket\":{t},"));
                assert!(in_log || kept.contains(&t), "{t} is lost: {kept:?} {case}");
            }
            assert_eq!(left > 0, !kept.is_empty(), "{case}");
        }
    }
}

/// A disk whose sync hangs until it is told to go on.
struct Hung(Receiver<()>);

impl LogFile for Hung {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }
    fn sync(&mut self) -> io::Result<()> {
        self.0.recv().map_err(io::Error::other)
    }
    fn cut(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_hung_disk_holds_up_nobody_and_late_success_is_told() {
    let dir = Scratch::new();
    let (go, gate) = channel();
    let (on, told) = reports();
    let s = settings(dir.path());
    let j = Journal::start(&s, "s".into(), "s".into(), Box::new(Hung(gate)), None, at(0), on).expect("started");
    let begun = Instant::now();
    note(&j, 1, Durability::Sync);
    for n in 0..WAITING + 500 {
        j.append(entry(Kind::Phase, 2, json!({ "n": n })), at(2), None, Durability::Batched);
    }
    // Held up, it would be so until the gate opens.
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(told.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty));
    for _ in 0..3 {
        go.send(()).expect("still there");
    }
    let durable = std::iter::from_fn(|| told.recv_timeout(LONG).ok()).find(|r| !matches!(r, Report::Written(_)));
    assert_eq!(durable, Some(Report::Durable(Ticket(1))));
    // And at the end: the terminal is given back though the disk hangs again.
    let ended = j.close(at(3), Duration::from_millis(20));
    assert_eq!(ended.head, None);
    assert!(ended.why.is_some());
}

#[test]
fn a_session_from_opened_to_closed() {
    let dir = Scratch::new();
    let s = settings(dir.path());
    let (on, told) = reports();
    let j = Journal::open(&s, at(0), on.clone()).expect("opened");
    assert_eq!(j.session(), "20261121T031407Z-mira-bastion2-7f3a");
    let path = j.path().to_owned();
    let live = path.with_extension("live");
    assert!(live.exists());
    note(&j, 1, Durability::Sync);
    j.append(entry(Kind::Phase, 5, json!({"to": "paused"})), at(5), None, Durability::Batched);
    j.append_late(entry(Kind::Intent, 4, json!({"verb": "hold"})), at(9), Some(Ticket(2)));
    // The first was only slow: it stands in the log once.
    j.append_late(entry(Kind::Note, 1, json!({"n": 1})), at(9), Some(Ticket(1)));
    let mut durable = Vec::new();
    while durable.len() < 2 {
        if let Report::Durable(t) = told.recv_timeout(LONG).expect("a report") {
            durable.push(t.0);
        }
    }
    assert_eq!(durable, [1, 2]);
    // The same second, user, host and suffix: another file, never the same one.
    let second = Journal::open(&s, at(1), on).expect("opened");
    assert_ne!(second.path(), path);
    let head = j.close(at(10), LONG).head.expect("on disk");
    assert!(!live.exists());
    let bytes = std::fs::read(&path).expect("read");
    let found = verify(&bytes[..], |_| {}).expect("read");
    assert_eq!((found.records, found.first_bad, found.closed), (5, None, true));
    assert_eq!(found.head, head);
    let text = String::from_utf8(bytes).expect("ascii");
    let late = text.lines().nth(3).expect("the intent");
    assert!(late.contains("\"at\":\"2026-11-21T03:14:07.004Z\""), "{late}");
    second.close(at(11), LONG).head.expect("on disk");
    // A later session names both heads.
    let (on, _told) = reports();
    let third = Journal::open(&Settings { suffix: "9".into(), ..s }, at(5000), on).expect("opened");
    let path = third.path().to_owned();
    third.close(at(5001), LONG).head.expect("on disk");
    let heads = verify(&std::fs::read(path).expect("read")[..], |_| {}).expect("read").heads;
    assert_eq!(heads.len(), 2);
    assert!(heads.iter().any(|(_, h)| *h == head));
}

#[test]
fn more_records_than_one_round_takes_are_all_written() {
    let dir = Scratch::new();
    let (on, told) = reports();
    let j = Journal::open(&settings(dir.path()), at(0), on).expect("opened");
    let path = j.path().to_owned();
    for n in 1..=1_500 {
        note(&j, n, Durability::Batched);
    }
    j.close(at(10), LONG).head.expect("on disk");
    let text = std::fs::read_to_string(path).expect("read");
    assert_eq!(text.lines().count(), 1_502);
    let durable = std::iter::from_fn(|| told.try_recv().ok()).filter(|r| matches!(r, Report::Durable(_))).count();
    assert_eq!(durable, 1_500);
}

#[test]
fn observations_are_on_disk_within_their_second_though_nobody_asks() {
    let dir = Scratch::new();
    let (on, told) = reports();
    let j = Journal::open(&settings(dir.path()), at(0), on).expect("opened");
    note(&j, 1, Durability::Batched);
    let durable = std::iter::from_fn(|| told.recv_timeout(LONG).ok()).find(|r| *r == Report::Durable(Ticket(1)));
    assert!(durable.is_some());
}
