//! What the looks mean now: ages, silence, memory, and the figures beside the word.
//!
//! Order (product page, section 6): latched WORSE, breaker, NO DATA, NO TRAFFIC and NO BASELINE, then the rest.

use super::replay::{Found, Heard, LATCH_SECS, acked};
use super::word::{Difference, Evidence, Latch, Progress, Projected, Recent, Track, Unsure, Verdict, Word};
use super::{At, BLOCK_SECS, Counts, Judge};
use crate::core::judge::burn::share_of_candidate;
use crate::core::judge::freshness::{Age, Kind};
use crate::core::judge::stats::Interval;
use crate::core::judge::stats::avsd::{ALPHA_WHOLE, Sums, alpha_recent};
use crate::core::judge::stats::needed::{Plan, needed};
use crate::core::judge::stats::wilson::wilson_cc;
use crate::core::time::Utc;

/// UNSURE because of bursts from this dispersion on.
const BURSTY: f64 = 5.0;
/// UNSURE because of gaps when more than this part of the blocks is missing.
const GAPS: f64 = 0.2;
/// A track is silent after this long without a request, in seconds ...
const SILENT_SECS: i64 = 60;
/// ... and when this many requests would have come at its own rate so far: a service with a request every two
/// minutes is slow, not silent.
const SILENT_REQUESTS: f64 = 10.0;
/// Requests per second are taken over this long.
const RATE_SECS: i64 = 300;

impl Judge {
    /// The verdict at a moment. Nothing in it depends on when blocks were fed or who looked before.
    pub fn verdict(&self, at: &At) -> Verdict {
        let sample = self.sample(at);
        let age = age(sample, at);
        let latched = self.latch(at.now);
        let progress = self.progress(at);
        let difference = self.difference();
        let (word, since) = self.word(age, sample, latched, &progress);
        let needed = match word {
            Word::Unsure(Unsure::TooFew { needed }) => needed,
            Word::Unsure(Unsure::LeaningWorse) => self.needed_to_convict(),
            Word::Unsure(Unsure::AtTheLimit | Unsure::Bursty | Unsure::Gaps) => None,
            Word::Worse | Word::Higher | Word::Same | Word::Better => None,
            Word::NoTraffic(_) | Word::NoData | Word::NoBaseline | Word::NotJudged => None,
        };
        let phi = self.looks.dispersion.phi();
        let alpha = ALPHA_WHOLE * self.terms.alpha_share;
        let (higher, same) = self.looks.whole.evidence(self.looks.limit.margin, phi, alpha);
        Verdict {
            word,
            since,
            look: self.looks.edge.map(Utc::from_secs),
            age,
            sample,
            difference,
            recent: self.recent(),
            candidate: self.looks.candidate.counts,
            stable: self.looks.stable.counts,
            phi,
            phi_measured: self.looks.dispersion.measured(),
            limit: self.looks.limit,
            progress,
            evidence: Evidence { higher, same },
            projected: self.projected(difference),
            latched,
            needed,
            candidate_rps: self.rps(),
            inconsistent: self.looks.inconsistent,
            starting: None,
        }
    }

    /// The word alone, without the figures beside it.
    pub fn word_now(&self, at: &At) -> Word {
        let sample = self.sample(at);
        let latch = self.latch(at.now);
        self.word(age(sample, at), sample, latch, &self.progress(at)).0
    }

    fn word(&self, age: Age, sample: Option<Utc>, latch: Option<Latch>, p: &Progress) -> (Word, Option<Utc>) {
        let l = &self.looks;
        let start = Some(Utc::from_secs(self.terms.first_edge()));
        let live = age != Age::Withdrawn;
        if let Some(kept) = latch
            && (!kept.acked || live)
        {
            return (Word::Worse, Some(kept.first));
        }
        if !live {
            return (Word::NoData, sample);
        }
        if let Some(since) = self.silent(&l.candidate) {
            return (Word::NoTraffic(Track::Candidate), since.or(start));
        }
        if !self.terms.baseline {
            return (Word::NoBaseline, start);
        }
        if let Some(since) = self.silent(&l.stable) {
            return (Word::NoTraffic(Track::Stable), since.or(start));
        }
        let word = match l.found {
            Found::Worse(_) => Word::Worse,
            Found::Higher => Word::Higher,
            Found::Same => Word::Same,
            Found::Better => Word::Better,
            Found::Unsure => Word::Unsure(self.reason(p)),
        };
        (word, Some(Utc::from_secs(l.since)))
    }

    /// The newest moment that all tracks which should have data have it for.
    fn sample(&self, at: &At) -> Option<Utc> {
        let newest = at.newest_sample?;
        let l = &self.looks;
        // A rollout so young that no block of it can be here yet is not blind.
        let young = self.settled(at) - self.terms.first_edge() <= 2 * BLOCK_SECS;
        if l.edge.is_none() && young {
            return Some(newest);
        }
        let mut seen = l.edge;
        if l.candidate.data.is_some() {
            seen = seen.min(l.candidate.data);
        }
        if self.terms.baseline {
            seen = seen.min(l.stable.data);
        }
        // A block's edge trails the newest sample by up to a block and the scrape it waits for; only more
        // than that means that a track fell silent or that reading back is not done yet.
        let slack = i64::from(at.scrape_secs) + BLOCK_SECS;
        let seen = Utc::from_secs(seen?.saturating_add(slack));
        Some(newest.min(seen))
    }

    fn latch(&self, now: Utc) -> Option<Latch> {
        let l = &self.looks;
        let pending = l.edge.is_some_and(|edge| self.acks.range(edge..).next().is_some());
        let kept = if pending { acked(l.latch, &l.found) } else { l.latch };
        kept.filter(|k| now.since(k.last_seen) <= LATCH_SECS * 1000)
    }

    /// `Some(since)` when a track has no traffic: none ever, or none for longer than its own rate explains.
    fn silent(&self, track: &Heard) -> Option<Option<Utc>> {
        let Some(last) = track.traffic else {
            return Some(None);
        };
        // Only blocks that had the series tell of silence: a series that is gone is no data, not no traffic.
        let silence = track.data.map_or(0, |seen| seen - last);
        let busy = (last - self.terms.first_edge()).max(BLOCK_SECS) as f64;
        let would_have_come = track.counts.total / busy * silence as f64;
        let silent = silence >= SILENT_SECS && would_have_come >= SILENT_REQUESTS;
        silent.then(|| Some(Utc::from_secs(last)))
    }

    fn progress(&self, at: &At) -> Progress {
        let span = self.settled(at) - self.terms.first_edge();
        let expected = u32::try_from(span / BLOCK_SECS).unwrap_or(0).max(self.looks.have);
        let (have, data) = (self.looks.have, self.looks.with_data);
        let late = self.looks.edge.map_or(0, |edge| self.settled(at) - edge);
        let behind = u32::try_from(late / BLOCK_SECS).unwrap_or(0);
        Progress { expected, have, behind, missing: expected - data.min(expected) }
    }

    fn difference(&self) -> Option<Difference> {
        let alpha = ALPHA_WHOLE * self.terms.alpha_share;
        self.shown(&self.looks.whole, alpha)
    }

    fn recent(&self) -> Option<Recent> {
        let r = self.looks.recent?;
        let alpha = alpha_recent(r.k) * self.terms.alpha_share;
        let since = Utc::from_secs(self.terms.first_edge() + 300 * i64::from(r.k));
        self.shown(&r.sums, alpha).map(|difference| Recent { since, difference })
    }

    /// The interval as shown: the candidate cannot be better than free of errors.
    fn shown(&self, s: &Sums, alpha: f64) -> Option<Difference> {
        let d = s.d()?;
        let mut range = s.interval(self.looks.dispersion.phi(), alpha);
        range.lo = range.lo.max(-self.looks.stable.rate()).min(d);
        Some(Difference { d, range })
    }

    /// With a stable version `(p_b + d)/(1 - SLO)`; without one the candidate's own rate and its limits.
    fn projected(&self, difference: Option<Difference>) -> Option<Projected> {
        let slo = self.terms.slo?;
        let share = |p, d| share_of_candidate(p, d, slo);
        if let Some(Difference { d, range }) = difference {
            let p = self.looks.stable.rate();
            let range = Interval::new(share(p, range.lo)?, share(p, range.hi)?);
            return Some(Projected { burn: share(p, d)?, range });
        }
        let c = self.looks.candidate.counts;
        if self.terms.baseline || c.total <= 0.0 {
            return None;
        }
        let w = wilson_cc(c.failed, c.total);
        let range = Interval::new(share(w.lo, 0.0)?, share(w.hi, 0.0)?);
        Some(Projected { burn: share(self.looks.candidate.rate(), 0.0)?, range })
    }

    /// Why it is UNSURE. What makes the measurement itself doubtful comes first.
    fn reason(&self, p: &Progress) -> Unsure {
        let l = &self.looks;
        if f64::from(p.missing) > GAPS * f64::from(p.expected) {
            return Unsure::Gaps;
        }
        if l.dispersion.phi() > BURSTY {
            return Unsure::Bursty;
        }
        if l.whole.d().is_some_and(|d| d > l.limit.margin) {
            return Unsure::LeaningWorse;
        }
        let healthy = self.to_pass(false).and_then(needed);
        if healthy.is_some_and(|n| l.whole.nc >= n) {
            return Unsure::AtTheLimit;
        }
        Unsure::TooFew { needed: self.to_pass(true).and_then(needed).or(healthy) }
    }

    /// Plans "surely within the limit" for a candidate as good as stable; `None` before stable has traffic.
    fn to_pass(&self, from_here: bool) -> Option<Plan> {
        let l = &self.looks;
        let (p, m) = (self.assumed_rate()?, l.limit.margin);
        let (z0, v0) = if from_here { (m * l.whole.w - l.whole.z, l.whole.v(m)) } else { (0.0, 0.0) };
        Some(Plan { p0: p, p1: p, bound: m, ratio: self.ratio()?, phi: l.dispersion.phi(), z0, v0 })
    }

    /// Candidate requests until it is sure to be worse, if it is as bad as it looks.
    fn needed_to_convict(&self) -> Option<f64> {
        let l = &self.looks;
        let p0 = self.assumed_rate()?;
        let p1 = (p0 + l.whole.d()?.max(l.limit.margin)).min(1.0);
        let (z0, v0) = (l.whole.z, l.whole.v(0.0));
        needed(Plan { p0, p1, bound: 0.0, ratio: self.ratio()?, phi: l.dispersion.phi(), z0, v0 })
    }

    /// Stable's rate; without a failure so far, half of one.
    fn assumed_rate(&self) -> Option<f64> {
        let Counts { total, failed } = self.looks.stable.counts;
        (total > 0.0).then(|| (failed / total).max(0.5 / total))
    }

    /// Stable requests per candidate request over the last five minutes, else over the rollout: the share that
    /// the next requests will have.
    fn ratio(&self) -> Option<f64> {
        let l = &self.looks;
        let (c, b, _) = self.lately();
        let ratio = |c: f64, b: f64| (c > 0.0 && b > 0.0).then(|| b / c);
        ratio(c, b).or_else(|| ratio(l.candidate.counts.total, l.stable.counts.total))
    }

    fn rps(&self) -> Option<f64> {
        let (c, _, blocks) = self.lately();
        (blocks > 0).then(|| c / (f64::from(blocks) * BLOCK_SECS as f64))
    }

    /// Candidate and stable requests of the last five minutes of looks, and the blocks with candidate data.
    fn lately(&self) -> (f64, f64, u32) {
        let Some(edge) = self.looks.edge else {
            return (0.0, 0.0, 0);
        };
        let mut sum = (0.0, 0.0, 0);
        for b in self.blocks.range(edge - RATE_SECS..edge).map(|(_, b)| b) {
            sum.0 += b.candidate.map_or(0.0, |c| c.total);
            sum.1 += b.stable.map_or(0.0, |c| c.total);
            sum.2 += u32::from(b.candidate.is_some());
        }
        sum
    }
}

fn age(sample: Option<Utc>, at: &At) -> Age {
    let kind = Kind::Metrics { scrape_secs: at.scrape_secs };
    sample.map_or(Age::Withdrawn, |s| kind.age(at.now.since(s), at.skew_ms))
}
