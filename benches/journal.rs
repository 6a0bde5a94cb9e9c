//! The journal's numbers (limits.md section 5): one act's intent to disk; append; verify, tail and recovery of 1,000,000
//! records in one file and in 10,000; one message to the tape. Writes 1.2 GB beside the build, and removes it.

use andon::core::act::plan::Ticket;
use andon::core::entry::{Entry, Kind};
use andon::core::id::TargetId;
use andon::core::time::{Person, Stamp, Utc, World};
use andon::journal::append::{Chain, LogFile, MineOnly, OnDisk};
use andon::journal::record::{Actor, Who};
use andon::journal::tape::{Mark, Ring, Tape};
use andon::journal::thread::{Durability, Journal, Report, Settings};
use andon::journal::verify::{Job, verify_files};
use andon::journal::{heads, recovery, tail};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

/// A directory beside the build, since a temporary one may lie in memory and sync nothing.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("made");
        Scratch(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn at(ms: i64) -> Stamp {
    Stamp { utc: Utc(1_795_230_847_000 + ms), world: World(ms), person: Person(ms) }
}

/// An observation of about 500 bytes.
fn observed(ms: i64) -> Entry {
    Entry {
        incident: None,
        kind: Kind::Phase,
        at: at(ms).utc,
        target: Some(TargetId {
            source: "eu-1".into(),
            namespace: "shop".into(),
            kind: "Rollout".into(),
            name: "checkout".into(),
            uid: "0f6b6a54-4fd8-4f2a-a0f5-1b6a2a5e9f3c".into(),
        }),
        data: json!({"from": "progressing", "to": "paused", "step": 3, "of": 8, "weight": 20}),
    }
}

/// The records matter, not the disk: nothing is synced.
struct Unsynced(OnDisk);

impl LogFile for Unsynced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.0.cut(len)
    }
}

fn log(dir: &Path, session: &str, records: i64) -> PathBuf {
    let path = dir.join(format!("{session}.jsonl"));
    let who = Who {
        session: session.to_owned(),
        actor: Actor { user: "mira".into(), claimed: None },
        host: "bastion2".into(),
    };
    let file = Unsynced(OnDisk::create(&path, 0o600).expect("created"));
    let mut chain = Chain::new(who, Box::new(file));
    for i in 0..records {
        let mut e = observed(i);
        if i == 0 {
            e.kind = Kind::Opened;
        }
        chain.append(&e, at(i), None, 0).expect("written");
    }
    path
}

fn intent_to_disk(c: &mut Criterion) {
    let dir = Scratch::new("intent");
    let settings = Settings {
        dir: dir.0.clone(),
        mine_only: MineOnly(true),
        environment: "prod".into(),
        user: "mira".into(),
        claimed: None,
        host: "bastion2".into(),
        build: "0".into(),
        suffix: "7f3a".into(),
        drill: None,
    };
    let (tell, told) = channel();
    let report = Arc::new(move |r| {
        if let Report::Durable(t) = r {
            let _ = tell.send(t);
        }
    });
    let journal = Journal::open(&settings, at(0), report).expect("opened");
    let mut n = 0;
    c.bench_function("append + sync, to the report", |b| {
        b.iter(|| {
            n += 1;
            let ms = i64::try_from(n).unwrap_or_default();
            journal.append(observed(ms), at(ms), Some(Ticket(n)), Durability::Sync);
            assert_eq!(told.recv(), Ok(Ticket(n)));
        });
    });
    journal.close(at(0), LONG);
}

/// 10,000 files of 100 records.
fn many_files(dir: &Path) {
    let one = log(dir, "s00000", 100);
    let bytes = std::fs::read(one).expect("read");
    for i in 1..10_000 {
        std::fs::write(dir.join(format!("s{i:05}.jsonl")), &bytes).expect("written");
    }
}

fn reading(c: &mut Criterion) {
    let dir = Scratch::new("reading");
    let path = log(&dir.0, "20261121T031407Z-mira-bastion2-7f3a", 1_000_000);
    let jobs = [Job { path, ..Job::default() }];
    c.bench_function("verify 1,000,000 records", |b| {
        b.iter(|| {
            let found = verify_files(&jobs, &mut |_, _| {}).remove(0).expect("read").found;
            assert_eq!((found.records, found.first_bad), (1_000_000, None));
        });
    });
    c.bench_function("tail 50 of 1,000,000 records", |b| {
        b.iter(|| assert_eq!(tail::tail(&dir.0, 50).expect("read").records.len(), 50));
    });
    c.bench_function("open beside 1,000,000 records: recovery", |b| {
        b.iter(|| assert_eq!(recovery::look(&dir.0, "own").expect("read").unread, []));
    });
    drop(dir);
    let many = Scratch::new("many");
    many_files(&many.0);
    c.bench_function("tail 50 of 10,000 files of 100", |b| {
        b.iter(|| assert_eq!(tail::tail(&many.0, 50).expect("read").records.len(), 50));
    });
    c.bench_function("heads of 10,000 files, for opened", |b| {
        b.iter(|| assert_eq!(heads::heads(&many.0, "own").expect("read").all.len(), 10_000));
    });
    c.bench_function("open beside 10,000 files of 100: recovery", |b| {
        b.iter(|| assert_eq!(recovery::look(&many.0, "own").expect("read").unread, []));
    });
    let paths = heads::logs(&many.0).expect("listed");
    let jobs: Vec<Job> = paths.into_iter().map(|path| Job { path, ..Job::default() }).collect();
    c.bench_function("verify 10,000 files of 100", |b| {
        b.iter(|| {
            let found = verify_files(&jobs, &mut |_, _| {});
            let records: u64 = found.into_iter().map(|f| f.expect("read").found.records).sum();
            assert_eq!(records, 1_000_000);
        });
    });
}

fn appending(c: &mut Criterion) {
    let dir = Scratch::new("append");
    let who =
        Who { session: "s".to_owned(), actor: Actor { user: "mira".into(), claimed: None }, host: "bastion2".into() };
    let file = Unsynced(OnDisk::create(&dir.0.join("s.jsonl"), 0o600).expect("created"));
    let mut chain = Chain::new(who, Box::new(file));
    let e = observed(1);
    let mut ms = 0;
    c.bench_function("append one record, not synced", |b| {
        b.iter(|| {
            ms += 1;
            chain.append(&e, at(ms), None, 0).expect("written")
        });
    });
}

fn taping(c: &mut Criterion) {
    let dir = Scratch::new("tape");
    let mut tape = Tape::open(&dir.0, "s", Ring::default(), json!(0), at(0)).expect("opened");
    let message = observed(1);
    c.bench_function("one message to the tape, for the loop", |b| {
        b.iter(|| tape.note(at(1), &message));
    });
    // Past what the disk takes there are gaps, and the close says so: this measures the caller.
    let _ = tape.close(at(2), &Mark::default(), LONG);
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(3));
    targets = intent_to_disk, appending, reading, taping
}
criterion_main!(benches);
