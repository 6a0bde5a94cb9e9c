//! The verdict of one moving target: which blocks it rests on, what was asked for, what it says now.

use super::freshness::{Age, Kind};
use super::verdict::{At, BLOCK_SECS, Block, Judge, Terms, Verdict, Word};
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::figures::VersionBlock;
use crate::core::world::service::Service;
use crate::core::world::target::TargetState;
use crate::core::world::{Sampled, World};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Blocks in one question of history.
pub const CHUNK: i64 = 10;
/// Questions of history on their way at a time, per target.
pub const ASKED_AT_ONCE: usize = 4;
/// A chunk that was not answered whole is asked again after this many seconds.
const ASK_AGAIN_SECS: i64 = 10;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Judged {
    pub candidate: Hash,
    pub stable: Option<Hash>,
    pub judge: Judge,
    pub verdict: Verdict,
    /// Starts of chunks on their way.
    pub asked: BTreeSet<i64>,
    /// Chunks that were answered without all their blocks, with the second from which they may be asked again.
    pub later: BTreeMap<i64, i64>,
    /// No telemetry source is configured: NOT JUDGED, whatever else.
    pub telemetry: bool,
}

/// What figures are judged by, and how old they are.
pub struct Figures;

impl Figures {
    /// When the verdict is asked for, with the age of what it rests on.
    pub fn at(sampled: Option<&Sampled>, world: &World, now: Utc) -> At {
        At {
            now,
            newest_sample: sampled.and_then(|s| s.newest),
            scrape_secs: sampled.map_or(15, |s| s.scrape_secs),
            skew_ms: sampled.and_then(|s| world.sources.get(&s.source)).and_then(|s| s.abilities.skew_ms).unwrap_or(0),
        }
    }

    /// Age class of a service's figures; `None` when it never had any.
    pub fn age(sampled: Option<&Sampled>, world: &World, now: Utc) -> Option<Age> {
        let s = sampled?;
        let at = Figures::at(sampled, world, now);
        let newest = s.newest?;
        Some(Kind::Metrics { scrape_secs: s.scrape_secs }.age(now.since(newest), at.skew_ms))
    }
}

impl Judged {
    /// A target that began to move. `None` while it is not known since when.
    pub fn begin(t: &TargetState, service: Option<&Service>, telemetry: bool, at: &At) -> Option<Judged> {
        let candidate = t.candidate.clone()?;
        let mut terms = Terms::new(t.started?, service.and_then(|s| s.slo).map(|s| s.objective));
        terms.baseline = t.stable.is_some();
        let judge = Judge::new(terms);
        let mut judged = Judged {
            candidate,
            stable: t.stable.clone(),
            verdict: judge.verdict(at),
            judge,
            asked: BTreeSet::new(),
            later: BTreeMap::new(),
            telemetry,
        };
        judged.look(at);
        Some(judged)
    }

    /// Is this still about the same change?
    pub fn is_about(&self, t: &TargetState) -> bool {
        t.candidate.as_ref() == Some(&self.candidate)
            && t.stable == self.stable
            && t.started.is_some_and(|s| s == self.judge.terms().start)
    }

    /// Take settled blocks; the verdict is taken anew. True when something changed.
    pub fn feed(&mut self, blocks: &[VersionBlock], at: &At) -> bool {
        let mine: Vec<Block> = blocks.iter().map(|b| Block::of(b, &self.candidate, self.stable.as_ref())).collect();
        let fed = self.judge.feed(&mine);
        if fed.new + fed.changed > 0 {
            self.look(at);
            return true;
        }
        false
    }

    /// Take the verdict anew: time alone may have changed it. True when it did.
    pub fn look(&mut self, at: &At) -> bool {
        let mut verdict = self.judge.verdict(at);
        if !self.telemetry {
            verdict.word = Word::NotJudged;
        }
        let changed = verdict != self.verdict;
        self.verdict = verdict;
        changed
    }

    /// The next chunks of history to ask for: newest first, so that a late console says something true soon.
    /// `(from in epoch seconds, blocks)`. They count as asked from now on.
    pub fn wanted(&mut self, at: &At) -> Vec<(i64, u32)> {
        if !self.telemetry || self.asked.len() >= ASKED_AT_ONCE {
            return Vec::new();
        }
        let mut out = Vec::new();
        'spans: for (from, to) in self.judge.to_read(at).into_iter().rev() {
            let mut end = to;
            while end > from {
                let begin = (end - CHUNK * BLOCK_SECS).max(from);
                if self.asked.len() >= ASKED_AT_ONCE {
                    break 'spans;
                }
                let wait = self.later.get(&begin).is_some_and(|t| *t > at.now.secs());
                if !wait && self.asked.insert(begin) {
                    out.push((begin, u32::try_from((end - begin) / BLOCK_SECS).unwrap_or(0)));
                }
                end = begin;
            }
        }
        out
    }

    /// An answer came, or none will. What is still missing is asked again, but not at once: a source that leaves
    /// blocks out must not be asked without end.
    pub fn answered(&mut self, from: i64, now: Utc) {
        self.asked.remove(&from);
        self.later.retain(|_, t| *t > now.secs());
        self.later.insert(from, now.secs() + ASK_AGAIN_SECS);
    }
}
