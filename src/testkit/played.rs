//! A drill's log as a file, and a log played again through the core without clock, thread or terminal.

use super::drill::Run;
use crate::config::keymap::default_keymap;
use crate::core::effect::Effect;
use crate::core::entry::{Entry, Kind};
use crate::core::key::Key;
use crate::core::model::{Environment, Model, Place};
use crate::core::msg::Msg;
use crate::core::nav::Screen;
use crate::core::record::Record;
use crate::core::replayed::{Ahead, Replayed};
use crate::core::time::{Person, Stamp, Utc, World};
use crate::core::update::update;
use crate::engine::replay::appended;
use crate::journal::hlc::Hlc;
use crate::journal::record::{Actor, Place as At, Who, ZEROS, line};
use serde_json::json;

/// The session of [`log_of`].
pub const SESSION: &str = "20261121T030200Z-mira-bastion2-7f3a";

/// The log of a run, as its session would have written it: chained, with its first and its last record.
pub fn log_of(run: &Run) -> String {
    let who =
        Who { session: SESSION.into(), actor: Actor { user: "mira".into(), claimed: None }, host: "bastion-2".into() };
    let begin = run.world.scenario().start;
    let plain = |kind, at, data| Entry { kind, at, incident: None, target: None, data };
    let opened = json!({"build": "0.1.0", "environment": "drill", "drill": "f1 seed 1", "mine_only": true, "files": 0,
        "heads": [], "all": crate::core::seal::sha256_hex(b"")});
    let mut entries = vec![plain(Kind::Opened, begin, opened)];
    entries.extend(run.records.iter().cloned());
    let (mut prev, mut out, mut last) = (ZEROS.to_owned(), String::new(), begin);
    let n = entries.len() as u64 + 1;
    for seq in 1..=n {
        let entry = match entries.get(seq as usize - 1) {
            Some(e) => e.clone(),
            None => plain(Kind::Closed, run.world.now(), json!({"head": prev, "records": n})),
        };
        last = last.max(entry.at);
        let stamp = Stamp { utc: last, world: World(last.0), person: Person(last.since(begin)) };
        let hlc = Hlc(last.0, u32::try_from(seq).expect("a short log"));
        let place = At { seq, hlc, prev: &prev, stamp, missed: 0 };
        let made = line(&who, place, &entry, None).expect("a record");
        out.push_str(std::str::from_utf8(&made.bytes).expect("ASCII"));
        prev = made.hash;
    }
    out
}

/// A replay, stepped by hand.
pub struct Played {
    pub model: Model,
    pub effects: Vec<Effect>,
    records: std::vec::IntoIter<Record>,
    person: i64,
}

impl Played {
    /// Before the first record of `log`, one record to a line.
    pub fn new(log: &str) -> Played {
        let records: Vec<Record> = log.lines().map(|l| Record::read("file", l.as_bytes())).collect();
        let begin = records.first().map_or(Utc(0), appended);
        let environment = Environment {
            name: "drill".into(),
            place: Place::Replay,
            production: true,
            read_only: true,
            who: "".into(),
            goal: None,
        };
        let at = Stamp { utc: begin, world: World(begin.0), person: Person(1_000_000) };
        let mut model = Model::new(environment, default_keymap(), at);
        model.nav.screen = Screen::Verdict;
        let acts = records.iter().filter(|r| r.kind == "intent").count() as u64;
        model.replay = Some(Box::new(Replayed::new(Ahead { records: records.len() as u64, acts, next: None })));
        Played { model, effects: Vec::new(), records: records.into_iter(), person: 1_000_000 }
    }

    /// The next record, at its own time. False: there is none.
    pub fn step(&mut self) -> bool {
        let Some(record) = self.records.next() else { return false };
        let rest = self.records.as_slice();
        let ahead = Ahead {
            records: rest.len() as u64,
            acts: rest.iter().filter(|r| r.kind == "intent").count() as u64,
            next: rest.first().map(appended),
        };
        let at = appended(&record).max(self.model.now.utc);
        self.apply(at, Msg::Replayed { record: Box::new(record), ahead });
        true
    }

    /// Up to and with the first record for which `stop` says so.
    pub fn until(&mut self, stop: impl Fn(&Record) -> bool) {
        while let Some(next) = self.records.as_slice().first() {
            let here = stop(next);
            self.step();
            if here {
                return;
            }
        }
    }

    /// To the end.
    pub fn all(&mut self) {
        while self.step() {}
    }

    /// A key, some person time later.
    pub fn key(&mut self, key: Key) {
        self.person += 200;
        self.apply(self.model.now.utc, Msg::Key(key));
    }

    /// Log time alone passes.
    pub fn wait(&mut self, ms: i64) {
        self.person += ms;
        self.apply(Utc(self.model.now.utc.0 + ms), Msg::Tick);
    }

    fn apply(&mut self, utc: Utc, msg: Msg) {
        let at = Stamp { utc, world: World(utc.0), person: Person(self.person) };
        self.effects.extend(update(&mut self.model, at, msg));
    }
}
