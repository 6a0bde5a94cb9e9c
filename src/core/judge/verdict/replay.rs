//! The looks, one by one: what each block edge finds, and what the looks so far have left behind.
//!
//! A look is the far edge of a stored block. [`Looks`] is a fold over the blocks in order of time and nothing
//! else, so whoever replays the same blocks stands in the same place. It must not know the time of day: what
//! depends on now (ages, silence, the words without data) is in the parent.

use super::word::{Cause, Latch};
use super::{BLOCK_SECS, Block, Counts, Terms};
use crate::core::judge::limit::Limit;
use crate::core::judge::stats::avsd::{ALPHA_WHOLE, Instance, Sums, alpha_recent, circuit_breaker, decide};
use crate::core::judge::stats::dispersion::Dispersion;
use crate::core::judge::stats::{Call, Pair};
use crate::core::time::Utc;
use std::collections::{BTreeMap, BTreeSet};

/// The recent instance begins anew this often, counted from the rollout's start.
const RECENT_SECS: i64 = 300;
/// The breaker looks this far back.
const BREAKER_SECS: i64 = 60;
/// A latched WORSE that nobody acknowledged and no look confirmed is forgotten after this.
pub const LATCH_SECS: i64 = 72 * 3600;

/// What one look finds. The reasons of UNSURE are worked out when asked for, not at every look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found {
    Worse(Cause),
    Higher,
    Same,
    Better,
    Unsure,
}

impl Found {
    fn same_word(&self, other: &Found) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// The recent instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecentSums {
    /// Restart number, from 1.
    pub k: u32,
    pub sums: Sums,
}

/// One track's counts and when it last was heard.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heard {
    pub counts: Counts,
    /// Far edge of the newest block with data, and of the newest with a request.
    pub data: Option<i64>,
    pub traffic: Option<i64>,
}

impl Heard {
    fn add(&mut self, c: Option<Counts>, edge: i64) {
        let Some(c) = c else { return };
        self.data = Some(edge);
        if c.total > 0.0 {
            self.traffic = Some(edge);
        }
        self.counts.total += c.total;
        self.counts.failed += c.failed.min(c.total);
    }

    pub fn rate(&self) -> f64 {
        if self.counts.total > 0.0 { self.counts.failed / self.counts.total } else { 0.0 }
    }
}

/// Everything the looks so far have left behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    pub edge: Option<i64>,
    pub whole: Sums,
    pub recent: Option<RecentSums>,
    pub dispersion: Dispersion,
    half_minute: Option<i64>,
    /// Start of the first block in which the candidate had a request.
    first_request: Option<i64>,
    pub candidate: Heard,
    pub stable: Heard,
    pub have: u32,
    pub with_data: u32,
    pub inconsistent: bool,
    pub limit: Limit,
    pub found: Found,
    pub since: i64,
    pub latch: Option<Latch>,
}

impl Looks {
    pub fn new(terms: &Terms) -> Looks {
        Looks {
            edge: None,
            whole: Sums::default(),
            recent: None,
            dispersion: Dispersion::default(),
            half_minute: None,
            first_request: None,
            candidate: Heard::default(),
            stable: Heard::default(),
            have: 0,
            with_data: 0,
            inconsistent: false,
            limit: Limit::on(terms.signal, terms.limit, terms.slo, 0.0),
            found: Found::Unsure,
            since: terms.first_edge(),
            latch: None,
        }
    }

    /// Takes the next block in time (`blocks` holds it and all before it) and looks.
    pub fn step(&mut self, start: i64, blocks: &BTreeMap<i64, Block>, acks: &BTreeSet<i64>, terms: &Terms) {
        let Some(block) = blocks.get(&start) else {
            return;
        };
        let edge = start + BLOCK_SECS;
        self.counted(start, block, blocks, terms);
        self.acknowledge(edge, acks);
        let found = match self.breaker(edge, blocks) {
            Some(cause) => Found::Worse(cause),
            None => self.look(terms),
        };
        if self.edge.is_none() || !found.same_word(&self.found) {
            self.since = edge;
        }
        self.found = found;
        self.edge = Some(edge);
        self.remember(edge);
    }

    /// The half of a look that counts: sums, dispersion, the limit. `blocks` holds the block and all before it.
    pub(super) fn counted(&mut self, start: i64, block: &Block, blocks: &BTreeMap<i64, Block>, terms: &Terms) {
        if self.first_request.is_none() && block.candidate.is_some_and(|c| c.total > 0.0) {
            self.first_request = Some(start);
        }
        self.count(block, start + BLOCK_SECS, terms);
        if self.is_warm(start, terms) {
            self.disperse(start, blocks);
        }
        self.limit = Limit::on(terms.signal, terms.limit, terms.slo, self.stable.rate());
    }

    fn count(&mut self, block: &Block, edge: i64, terms: &Terms) {
        self.have += 1;
        self.candidate.add(block.candidate, edge);
        self.stable.add(block.stable, edge);
        let over = |c: Option<Counts>| c.is_some_and(|c| c.failed > c.total);
        self.inconsistent |= over(block.candidate) || over(block.stable);
        // A candidate that was never seen yet is starting, not missing.
        let candidate = block.candidate.is_some() || self.candidate.data.is_none();
        let stable = block.stable.is_some() || !terms.baseline;
        let anything = block.candidate.is_some() || block.stable.is_some();
        self.with_data += u32::from(candidate && stable && anything);

        let k = u32::try_from((block.start - terms.first_edge()) / RECENT_SECS).unwrap_or(u32::MAX);
        if k >= 1 && self.recent.is_none_or(|r| r.k != k) {
            self.recent = Some(RecentSums { k, sums: Sums::default() });
        }
        if self.is_warm(block.start, terms)
            && let Some(pair) = pair(block)
        {
            self.whole.add(pair);
            if let Some(r) = &mut self.recent {
                r.sums.add(pair);
            }
        }
    }

    /// A configured warm-up is over: from the candidate's first request on, which every reader of the blocks sees alike.
    fn is_warm(&self, start: i64, terms: &Terms) -> bool {
        self.first_request.is_none_or(|first| start - first >= i64::from(terms.warm_up_secs))
    }

    /// Half-minute blocks lie on the epoch's half minutes; one that lacks a half or a track breaks the chain.
    fn disperse(&mut self, start: i64, blocks: &BTreeMap<i64, Block>) {
        let half = 2 * BLOCK_SECS;
        if start.rem_euclid(half) == 0 {
            return;
        }
        let first = start - BLOCK_SECS;
        let joined = match (blocks.get(&first).and_then(pair), blocks.get(&start).and_then(pair)) {
            (Some(a), Some(b)) => Pair::new(a.xc + b.xc, a.nc + b.nc, a.xb + b.xb, a.nb + b.nb),
            (None, _) | (_, None) => return,
        };
        if self.half_minute != Some(first - half) {
            self.dispersion.gap();
        }
        self.half_minute = Some(first);
        self.dispersion.add(joined);
    }

    /// An acknowledgement names the look it was made on; it acts before the next one.
    fn acknowledge(&mut self, edge: i64, acks: &BTreeSet<i64>) {
        let Some(last) = self.edge else { return };
        if acks.range(last..edge).next().is_some() {
            self.latch = acked(self.latch, &self.found);
        }
    }

    fn breaker(&self, edge: i64, blocks: &BTreeMap<i64, Block>) -> Option<Cause> {
        let (mut c, mut b) = (Heard::default(), Heard::default());
        for block in blocks.range(edge - BREAKER_SECS..edge).map(|(_, b)| b) {
            c.add(block.candidate, edge);
            b.add(block.stable, edge);
        }
        let (c, b) = (c.counts, b.counts);
        circuit_breaker(Pair::new(c.failed, c.total, b.failed, b.total))
            .then_some(Cause::Breaker { failed: c.failed, total: c.total })
    }

    /// The ordered rule of the maths page, section 6, rows 4 to 8.
    fn look(&self, terms: &Terms) -> Found {
        let share = terms.alpha_share;
        let whole = Instance { sums: self.whole, alpha: ALPHA_WHOLE * share };
        let recent = self.recent.map(|r| Instance { sums: r.sums, alpha: alpha_recent(r.k) * share });
        match decide(whole, recent, self.limit.margin, self.dispersion.phi()) {
            (Call::MuchWorse, false) => Found::Worse(Cause::Whole),
            (Call::MuchWorse, true) => Found::Worse(Cause::Recent),
            (Call::Worse, _) => Found::Higher,
            (Call::Better, _) => Found::Better,
            (Call::NoWorse, _) => Found::Same,
            (Call::Inconclusive, _) => Found::Unsure,
        }
    }

    fn remember(&mut self, edge: i64) {
        let now = Utc::from_secs(edge);
        if let Found::Worse(cause) = self.found {
            let kept = self.latch.filter(|l| edge - l.last_seen.secs() <= LATCH_SECS);
            self.latch = Some(match kept {
                Some(l) => Latch { last_seen: now, cause, ..l },
                None => Latch { first: now, last_seen: now, cause, acked: false },
            });
        } else if self.latch.is_some_and(|l| l.acked) {
            self.latch = None;
        }
    }
}

/// What an acknowledgement does: a WORSE that goes on is known from now on, one that is over is forgotten.
pub fn acked(latch: Option<Latch>, found: &Found) -> Option<Latch> {
    match found {
        Found::Worse(_) => latch.map(|l| Latch { acked: true, ..l }),
        Found::Higher | Found::Same | Found::Better | Found::Unsure => None,
    }
}

fn pair(block: &Block) -> Option<Pair> {
    let (c, b) = (block.candidate?, block.stable?);
    Some(Pair::new(c.failed, c.total, b.failed, b.total))
}
