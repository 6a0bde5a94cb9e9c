//! A directory for one test, removed at its end; and entries to write.

use super::append::MineOnly;
use super::thread::Settings;
use crate::core::entry::{Entry, Kind};
use crate::core::id::TargetId;
use crate::core::time::{Person, Stamp, Utc, World};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("andon-journal-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a temporary directory");
        Scratch(dir)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// 2026-11-21T03:14:07Z plus `ms`.
pub fn at(ms: i64) -> Stamp {
    Stamp { utc: Utc(1_795_230_847_000 + ms), world: World(ms), person: Person(ms) }
}

pub fn entry(kind: Kind, ms: i64, data: Value) -> Entry {
    Entry { kind, at: at(ms).utc, incident: None, target: None, data }
}

/// A console of mira's whose log is in `dir`.
pub fn settings(dir: &Path, suffix: &str) -> Settings {
    Settings {
        dir: dir.to_owned(),
        mine_only: MineOnly(true),
        environment: "prod".into(),
        user: "mira".into(),
        claimed: None,
        host: "h".into(),
        build: "0".into(),
        suffix: suffix.into(),
        drill: None,
    }
}

pub fn target() -> TargetId {
    TargetId {
        source: "eu-1".into(),
        namespace: "shop".into(),
        kind: "Rollout".into(),
        name: "checkout".into(),
        uid: "f3c1".into(),
    }
}
