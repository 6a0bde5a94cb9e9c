//! What stands behind a target's state, read when somebody looks: its instances, events, log lines, the object itself.
//! Knows nothing of backends or screens.

use super::target::Trouble;
use crate::core::id::{Hash, TargetId};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// In the order in which they are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Track {
    Candidate,
    /// A version that is neither.
    Old,
    Stable,
}

impl Track {
    pub fn word(self) -> &'static str {
        match self {
            Track::Candidate => "canary",
            Track::Old => "old",
            Track::Stable => "stable",
        }
    }
}

/// Instances and events of one target, worst instance first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub target: TargetId,
    pub at: Utc,
    pub instances: Vec<Instance>,
    /// Newest first, the ones that matter.
    pub events: Vec<Event>,
    /// What is worth knowing of probes: failures by kind, a probe changed inside this rollout.
    pub probes: Vec<Arc<str>>,
    /// What could not be read, with the reason.
    pub unread: Vec<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub name: Arc<str>,
    pub track: Track,
    pub hash: Option<Hash>,
    /// As `kubectl get pods` says it: `Running`, `CrashLoopBackOff`, `Terminating`.
    pub status: Arc<str>,
    /// Containers ready, of all.
    pub ready: (u32, u32),
    pub restarts: u32,
    /// Why it is not ready, by kind; `None`: it is, or it is starting normally.
    pub why: Option<Arc<str>>,
    /// How a container last ended: `OOMKilled (137)`, `exit 1`, `signal 9`.
    pub last_end: Option<Arc<str>>,
    pub last_end_at: Option<Utc>,
    pub node: Arc<str>,
    pub created: Option<Utc>,
    pub containers: Vec<Arc<str>>,
    /// Failing probes by kind, where the events say so: (`Liveness`, 12).
    pub probes: Vec<Trouble>,
}

impl Instance {
    /// Nothing about it asks for a look.
    pub fn is_healthy(&self) -> bool {
        self.why.is_none() && self.ready.0 == self.ready.1 && self.restarts == 0 && self.probes.is_empty()
    }

    /// Its name without what all of one target's share, as far as it stays one word a person can find again:
    /// `7d9c-x2kq8` of `checkout-7d9c5b8f6d-x2kq8`.
    pub fn short(&self, target: &str) -> String {
        let rest = self.name.strip_prefix(target).and_then(|r| r.strip_prefix('-'));
        match rest.and_then(|r| r.rsplit_once('-')) {
            Some((set, own)) if !set.is_empty() && !own.is_empty() => {
                let set: String = set.rsplit('-').next().unwrap_or(set).chars().take(4).collect();
                format!("{set}-{own}")
            }
            Some(_) | None => self.name.to_string(),
        }
    }

    /// The order within a track: the worst first, then by name.
    fn badness(&self) -> (bool, bool, std::cmp::Reverse<u32>, &Arc<str>) {
        let unready = self.ready.0 < self.ready.1;
        (!(unready && self.why.is_some()), !unready, std::cmp::Reverse(self.restarts), &self.name)
    }
}

impl Evidence {
    /// Candidate before stable, the worst first in each.
    pub fn sort(&mut self) {
        self.instances.sort_by(|a, b| (a.track, a.badness()).cmp(&(b.track, b.badness())));
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub at: Option<Utc>,
    pub warning: bool,
    pub reason: Arc<str>,
    /// `Pod checkout-7d9c5b8f6d-x2kq8`
    pub object: Arc<str>,
    pub note: Arc<str>,
    pub count: u32,
}

/// Whose log lines are looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Whose {
    Instance(Arc<str>),
    /// Candidate and stable, side by side.
    Tracks,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogsOf {
    pub target: TargetId,
    pub whose: Whose,
    /// Of the container before the last restart.
    pub previous: bool,
    /// From the start of the change on; else the last lines.
    pub since_deploy: bool,
}

/// Log lines of one instance. The oldest are dropped first, and counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogChunk {
    pub of: LogsOf,
    /// Empty: this is about the whole question (`ended` says what).
    pub instance: Arc<str>,
    /// Whose lines they are, where it has several.
    #[serde(default)]
    pub container: Arc<str>,
    pub track: Track,
    /// Number of the first line in this stream, from 0.
    pub first_seq: u64,
    pub lines: Vec<LogText>,
    pub dropped: u64,
    /// Why no more come, where none do.
    pub ended: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogText {
    pub at: Option<Utc>,
    pub text: Arc<str>,
}

/// The object as the server has it, without bookkeeping and secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raw {
    pub target: TargetId,
    pub at: Utc,
    /// Indented JSON, at most 64 kB.
    pub text: Arc<str>,
    /// Who wrote which fields, folded: one line a manager.
    pub managers: Vec<Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(name: &str, track: Track, ready: (u32, u32), restarts: u32, why: Option<&str>) -> Instance {
        Instance {
            name: name.into(),
            track,
            hash: None,
            status: "Running".into(),
            ready,
            restarts,
            why: why.map(Arc::from),
            last_end: None,
            last_end_at: None,
            node: "".into(),
            created: None,
            containers: Vec::new(),
            probes: Vec::new(),
        }
    }

    #[test]
    fn the_worst_of_each_track_stands_first() {
        let mut e = Evidence {
            target: TargetId {
                source: "eu-1".into(),
                namespace: "shop".into(),
                kind: "Rollout".into(),
                name: "checkout".into(),
                uid: "u".into(),
            },
            at: Utc(0),
            instances: vec![
                instance("s-bad", Track::Stable, (0, 1), 9, Some("NotReady")),
                instance("c-starts", Track::Candidate, (0, 1), 0, None),
                instance("c-fine", Track::Candidate, (1, 1), 0, None),
                instance("c-crash", Track::Candidate, (0, 1), 3, Some("CrashLoopBackOff")),
                instance("c-once", Track::Candidate, (1, 1), 2, None),
            ],
            events: Vec::new(),
            probes: Vec::new(),
            unread: Vec::new(),
        };
        e.sort();
        let names: Vec<&str> = e.instances.iter().map(|i| &*i.name).collect();
        assert_eq!(names, ["c-crash", "c-starts", "c-once", "c-fine", "s-bad"]);
        assert!(e.instances[3].is_healthy() && !e.instances[2].is_healthy());
    }

    #[test]
    fn a_short_name_is_found_again() {
        let short = |name: &str, target: &str| instance(name, Track::Stable, (1, 1), 0, None).short(target);
        assert_eq!(short("checkout-7d9c5b8f6d-x2kq8", "checkout"), "7d9c-x2kq8");
        assert_eq!(short("podinfo-primary-7d9c5b8f6d-x2kq8", "podinfo"), "7d9c-x2kq8");
        assert_eq!(short("ledger-0", "ledger"), "ledger-0");
        assert_eq!(short("other-1-2", "ledger"), "other-1-2");
    }
}
