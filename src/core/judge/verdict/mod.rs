//! The verdict: the candidate against stable, as a function of the rollout's start, the blocks and now.
//!
//! [`Judge`] keeps the blocks and replays the looks at their edges. Blocks may come in any order and in any
//! chunks: one later than all judged so far is one more look; any other makes it look again from the start. So
//! two consoles over the same blocks say the same, whenever each was opened. It must not know queries, sources
//! or screens.

#[cfg(test)]
mod arrival;
mod course;
#[cfg(test)]
mod edges;
mod now;
mod replay;
#[cfg(test)]
mod tests;
mod word;

pub use crate::core::world::figures::Counts;
pub use course::Point;
pub use replay::LATCH_SECS;
pub use word::{Cause, Difference, Evidence, Latch, Progress, Projected, Recent, Track, Unsure, Verdict, Word};

use super::tracks::Tracks;
use crate::core::time::Utc;
use crate::core::world::figures::{Signal, VersionBlock};
use replay::Looks;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Width of a block, in seconds. Edges are aligned to the epoch.
pub const BLOCK_SECS: i64 = 15;

/// Fifteen seconds of both tracks. `None` is no series, hence no data; a total of 0 is no traffic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Epoch seconds, a multiple of [`BLOCK_SECS`].
    pub start: i64,
    pub candidate: Option<Counts>,
    pub stable: Option<Counts>,
}

impl Block {
    /// The block of two tracks out of one split by version. Tracks are told by name, never by number.
    pub fn of(all: &VersionBlock, tracks: &Tracks) -> Block {
        let (candidate, stable) = tracks.of(all);
        Block { start: all.start, candidate, stable }
    }

    /// The block as it is kept: counts that are no numbers are no data, and the rest lies on a grid of 1/256
    /// of a request, which survives JSON unchanged.
    fn kept(self) -> Block {
        Block { candidate: self.candidate.and_then(grid), stable: self.stable.and_then(grid), ..self }
    }
}

fn grid(c: Counts) -> Option<Counts> {
    let on = |x: f64| libm::round(x * 256.0) / 256.0;
    let sound = |x: f64| x.is_finite() && x >= 0.0;
    (sound(c.total) && sound(c.failed)).then(|| Counts { total: on(c.total), failed: on(c.failed) })
}

/// What a rollout is judged under. Another candidate, another start or other terms: another [`Judge`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Creation of the candidate's ReplicaSet or revision.
    pub start: Utc,
    /// What is counted: it decides which limit is in force where nobody wrote one.
    #[serde(default)]
    pub signal: Signal,
    /// Target as a fraction, if one is known.
    pub slo: Option<f64>,
    /// A margin written down by a person, as a fraction; else it follows the target ([`crate::core::judge::limit`]).
    pub limit: Option<f64>,
    /// There is a stable version to compare with. Without one the word is NO BASELINE.
    pub baseline: bool,
    /// This figure's part of the error budget: 1, or `1/n` when `n` figures decide together.
    pub alpha_share: f64,
    /// Seconds from the candidate's first request on that are counted and not judged by (the breaker looks at them all
    /// the same).
    #[serde(default)]
    pub warm_up_secs: u32,
}

impl Terms {
    pub fn new(start: Utc, slo: Option<f64>) -> Terms {
        Terms { start, signal: Signal::Errors, slo, limit: None, baseline: true, alpha_share: 1.0, warm_up_secs: 0 }
    }

    /// Edge of the block that the start falls into: the first block that counts.
    pub fn first_edge(&self) -> i64 {
        self.start.secs().div_euclid(BLOCK_SECS) * BLOCK_SECS
    }
}

/// When the verdict is asked for, and how old the figures behind it are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct At {
    pub now: Utc,
    /// Time of the newest sample, by the sample's own clock.
    pub newest_sample: Option<Utc>,
    /// Seconds between scrapes.
    pub scrape_secs: u32,
    /// The source's clock against ours, in milliseconds.
    pub skew_ms: i64,
}

/// What became of blocks that were fed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fed {
    pub new: u32,
    /// Known blocks that came with other counts.
    pub changed: u32,
    /// Before the rollout's start, or off the grid of edges.
    pub ignored: u32,
    /// The looks were replayed from the start.
    pub replayed: bool,
}

/// The blocks of one rollout and what its looks found. Saved as its inputs; the looks are replayed on loading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Judge {
    terms: Terms,
    blocks: BTreeMap<i64, Block>,
    acks: BTreeSet<i64>,
    looks: Looks,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    terms: Terms,
    blocks: Vec<Block>,
    acks: BTreeSet<i64>,
}

impl From<Saved> for Judge {
    fn from(s: Saved) -> Judge {
        let mut j = Judge::new(s.terms);
        j.acks = s.acks;
        j.feed(&s.blocks);
        j
    }
}

impl From<Judge> for Saved {
    fn from(j: Judge) -> Saved {
        Saved { terms: j.terms, blocks: j.blocks.into_values().collect(), acks: j.acks }
    }
}

impl Judge {
    pub fn new(terms: Terms) -> Judge {
        Judge { looks: Looks::new(&terms), terms, blocks: BTreeMap::new(), acks: BTreeSet::new() }
    }

    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The same blocks under other terms, looked at anew: a target or a limit became known.
    pub fn retermed(self, terms: Terms) -> Judge {
        Judge::from(Saved { terms, blocks: self.blocks.into_values().collect(), acks: self.acks })
    }

    /// The same terms and acknowledgements without any block: what was counted was not this candidate's.
    pub fn emptied(&self) -> Judge {
        self.beside(self.terms)
    }

    /// Another signal of the same candidate: its own terms, no block yet, the same acknowledgements.
    pub fn beside(&self, terms: Terms) -> Judge {
        Judge { acks: self.acks.clone(), ..Judge::new(terms) }
    }

    /// Every block between two edges was answered; those before the start are nobody's.
    pub fn has_all(&self, from: i64, to: i64) -> bool {
        let first = from.max(self.terms.first_edge());
        let want = usize::try_from((to - first) / BLOCK_SECS).unwrap_or(0);
        self.blocks.range(first..to.max(first)).count() >= want
    }

    /// The blocks judged by, oldest first.
    pub fn blocks(&self) -> impl DoubleEndedIterator<Item = &Block> {
        self.blocks.values()
    }

    /// Candidate and stable requests in the blocks that begin at `from` or later (epoch seconds).
    pub fn requests_since(&self, from: i64) -> (f64, f64) {
        let total = |c: Option<Counts>| c.map_or(0.0, |c| c.total);
        let since = self.blocks.range(from..).map(|(_, b)| b);
        since.fold((0.0, 0.0), |(c, s), b| (c + total(b.candidate), s + total(b.stable)))
    }

    /// Takes settled blocks, in any order. A known block with the same counts is nothing new; the last word on
    /// a block wins.
    pub fn feed(&mut self, blocks: &[Block]) -> Fed {
        let (first, judged) = (self.terms.first_edge(), self.looks.edge);
        let mut fed = Fed::default();
        let mut later = BTreeSet::new();
        for b in blocks.iter().map(|b| b.kept()) {
            if b.start < first || b.start.rem_euclid(BLOCK_SECS) != 0 {
                fed.ignored += 1;
                continue;
            }
            match self.blocks.insert(b.start, b) {
                Some(old) if old == b => continue,
                Some(_) => fed.changed += 1,
                None => fed.new += 1,
            }
            if judged.is_some_and(|edge| b.start < edge) {
                fed.replayed = true;
            } else {
                later.insert(b.start);
            }
        }
        if fed.replayed {
            self.replay();
        } else {
            for start in later {
                self.looks.step(start, &self.blocks, &self.acks, &self.terms);
            }
        }
        fed
    }

    /// Acknowledges a WORSE, naming the look it was seen at ([`Verdict::look`]), so that every console that
    /// reads the record forgets the same thing. What a later look finds is news again.
    pub fn ack(&mut self, look: Utc) {
        if self.acks.insert(look.secs()) {
            self.replay();
        }
    }

    /// Blocks between the start and the newest settled edge that were not answered yet, as `(from, to)` spans
    /// of edges in epoch seconds: what to ask the source for, oldest first.
    pub fn to_read(&self, at: &At) -> Vec<(i64, i64)> {
        let mut spans: Vec<(i64, i64)> = Vec::new();
        let mut start = self.terms.first_edge();
        while start < self.settled(at) {
            if !self.blocks.contains_key(&start) {
                match spans.last_mut() {
                    Some(last) if last.1 == start => last.1 += BLOCK_SECS,
                    Some(_) | None => spans.push((start, start + BLOCK_SECS)),
                }
            }
            start += BLOCK_SECS;
        }
        spans
    }

    /// The newest edge whose samples must all have been scraped by now.
    fn settled(&self, at: &At) -> i64 {
        (at.now.secs() - i64::from(at.scrape_secs)).div_euclid(BLOCK_SECS) * BLOCK_SECS
    }

    fn replay(&mut self) {
        self.looks = Looks::new(&self.terms);
        for &start in self.blocks.keys() {
            self.looks.step(start, &self.blocks, &self.acks, &self.terms);
        }
    }
}
