//! The words of the verdict and the plain data that stands beside them. No rules here: those are in `replay`
//! (what each look finds) and in the parent (what it means now).

use super::super::freshness::Age;
use super::super::limit::Limit;
use super::super::stats::Interval;
use super::super::words;
use crate::core::age;
use crate::core::time::Utc;
use crate::core::world::figures::Counts;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Track {
    Candidate,
    Stable,
}

impl Track {
    pub fn word(self) -> &'static str {
        match self {
            Track::Candidate => "candidate",
            Track::Stable => "stable",
        }
    }
}

/// The candidate against stable, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Word {
    /// Surely over the limit, or the breaker. The only word that latches.
    Worse,
    /// Surely above stable, not surely over the limit.
    Higher,
    /// Surely within the limit.
    Same,
    /// Surely below stable.
    Better,
    Unsure(Unsure),
    NoTraffic(Track),
    NoData,
    /// A first deploy: there is no stable version, only the target to judge by.
    NoBaseline,
    /// No telemetry is configured for this service. Not fine: not judged.
    NotJudged,
}

/// Why nothing can be said yet.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Unsure {
    /// About this many more candidate requests. `None`: no number would do at this difference.
    TooFew { needed: Option<f64> },
    /// The estimate is over the limit, and not yet sure to be above stable.
    LeaningWorse,
    /// There were enough requests for a healthy candidate: the truth lies near the limit, or near zero.
    AtTheLimit,
    /// Failures come in bursts.
    Bursty,
    /// Over a fifth of the blocks is missing.
    Gaps,
}

impl Word {
    pub fn word(&self) -> &'static str {
        match self {
            Word::Worse => "WORSE",
            Word::Higher => "HIGHER",
            Word::Same => "SAME",
            Word::Better => "BETTER",
            Word::Unsure(_) => "UNSURE",
            Word::NoTraffic(_) => "NO TRAFFIC",
            Word::NoData => "NO DATA",
            Word::NoBaseline => "NO BASELINE",
            Word::NotJudged => "NOT JUDGED",
        }
    }

    /// What belongs beside the word: the reason, the track, the number still needed. Empty for the plain words.
    pub fn detail(&self) -> String {
        match self {
            Word::Unsure(u) => u.words(),
            Word::NoTraffic(t) => t.word().to_owned(),
            Word::NoBaseline => "judged against the target only".to_owned(),
            Word::NotJudged => "no telemetry configured".to_owned(),
            Word::Worse | Word::Higher | Word::Same | Word::Better | Word::NoData => String::new(),
        }
    }
}

impl Unsure {
    pub fn words(&self) -> String {
        match self {
            Unsure::TooFew { needed: Some(n) } => format!("{} more", words::about(*n)),
            Unsure::TooFew { needed: None } => "too few".to_owned(),
            Unsure::LeaningWorse => "leaning worse".to_owned(),
            Unsure::AtTheLimit => "at the limit".to_owned(),
            Unsure::Bursty => "bursty".to_owned(),
            Unsure::Gaps => "gaps".to_owned(),
        }
    }
}

/// What made it WORSE.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Cause {
    /// The interval of the whole rollout lies over the limit.
    Whole,
    /// The interval of the last minutes does.
    Recent,
    /// Half of the candidate's requests in the last 60 s failed and hardly any of stable's.
    Breaker { failed: f64, total: f64 },
    /// The candidate's pods crash again and again: the breaker's tier without a request.
    CrashLoop { pods: u32, of: u32 },
    /// They do not get ready.
    NeverReady { pods: u32, of: u32 },
}

impl Cause {
    /// It rests on the pods, not on requests.
    pub fn is_of_pods(self) -> bool {
        matches!(self, Cause::CrashLoop { .. } | Cause::NeverReady { .. })
    }

    /// The whole difference says it; the others decide without, or on a part of it.
    pub fn is_of_the_whole(self) -> bool {
        matches!(self, Cause::Whole)
    }

    pub fn words(&self) -> String {
        match self {
            Cause::Whole => "surely over the limit since the start".to_owned(),
            Cause::Recent => "surely over the limit in the last minutes".to_owned(),
            Cause::Breaker { failed, total } => {
                format!("{} of {} candidate requests failed in 60s", words::count(*failed), words::count(*total))
            }
            Cause::CrashLoop { pods, of } => format!("{pods} of {of} candidate pods crash again and again"),
            Cause::NeverReady { pods, of } => format!("{pods} of {of} candidate pods do not get ready"),
        }
    }
}

/// WORSE as it is remembered. Times are look edges.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latch {
    pub first: Utc,
    pub last_seen: Utc,
    /// What the newest look that found it worse found.
    pub cause: Cause,
    pub acked: bool,
}

/// A difference as a fraction, candidate minus stable, with the interval that is valid at every look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pub d: f64,
    pub range: Interval,
}

/// The recent instance: its difference, and the look edge it began at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recent {
    pub since: Utc,
    pub difference: Difference,
}

impl Recent {
    /// `in the last 78s`
    pub fn minutes(&self, now: Utc) -> String {
        format!("in the last {}", age::rough(now.since(self.since)))
    }
}

/// How much of the rollout has been read. All three count blocks between the start and the newest settled edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub expected: u32,
    /// Blocks that were answered at all, with data or without.
    pub have: u32,
    /// Settled blocks after the newest one that was answered.
    #[serde(default)]
    pub behind: u32,
    /// Blocks without data for a track that should have some, answered or not.
    pub missing: u32,
}

impl Progress {
    /// `reading 12 of 40 blocks`, until all were answered. The newest block may still be on its way.
    ///
    /// Blocks after the newest one that is known are not being read: the figures' age tells of them.
    pub fn reading(&self) -> Option<String> {
        let behind = if self.have == 0 { 0 } else { self.behind };
        (self.have + behind.max(1) < self.expected)
            .then(|| format!("reading {} of {} blocks", self.have, self.expected))
    }
}

/// Evidence gauges in `[0, 1]`, 1 = decided. They move smoothly, the word does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Toward "higher than stable".
    pub higher: f64,
    /// Toward "surely within the limit".
    pub same: f64,
}

/// Burn if everyone had the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Projected {
    pub burn: f64,
    pub range: Interval,
}

/// The verdict now. Figures stay filled when the judgement is withdrawn: the screen shows them as "was".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub word: Word,
    /// Since when the word holds. `None` when nothing was ever seen.
    pub since: Option<Utc>,
    /// Edge of the newest look: what `ack` names, and the time of every figure here.
    pub look: Option<Utc>,
    pub age: Age,
    /// The newest sample judged by.
    pub sample: Option<Utc>,
    /// `None` before the first block in which both tracks had requests.
    pub difference: Option<Difference>,
    /// `None` in the first five minutes.
    pub recent: Option<Recent>,
    pub candidate: Counts,
    pub stable: Counts,
    /// Clumping of failures, from 1; assumed until measured.
    pub phi: f64,
    /// The measurement weighs more in `phi` than the assumption does.
    pub phi_measured: bool,
    pub limit: Limit,
    pub progress: Progress,
    pub evidence: Evidence,
    /// `None` without a target below 100 %, or before there is a difference.
    pub projected: Option<Projected>,
    pub latched: Option<Latch>,
    /// Candidate requests still needed, while unsure: to pass, or (leaning worse) to be sure that it is worse.
    pub needed: Option<f64>,
    /// Candidate requests per second over the last five minutes of blocks.
    pub candidate_rps: Option<f64>,
    /// Some block had more failures than requests: the two queries do not fit each other.
    pub inconsistent: bool,
    /// The candidate does not start at this moment, and that is what makes it WORSE.
    #[serde(default)]
    pub starting: Option<Cause>,
}

/// Waiting longer than this is no plan, in seconds.
const TOO_LONG: f64 = 86_400.0;

impl Verdict {
    /// Seconds until the needed requests have come, at the rate of the last five minutes. `None` without rate.
    pub fn seconds_to_go(&self) -> Option<f64> {
        let rps = self.candidate_rps.filter(|r| *r > 0.0)?;
        Some(self.needed? / rps)
    }

    /// `640 more candidate requests, 12m at 10 req/s`, or that waiting will not help. `None` when nothing is needed.
    pub fn wait(&self) -> Option<String> {
        let needed = self.needed?;
        let about = words::about(needed);
        Some(match self.seconds_to_go() {
            Some(s) if s > TOO_LONG => {
                "cannot be decided at this traffic: raise the canary share or the limit".to_owned()
            }
            Some(s) => {
                let rps = self.candidate_rps.unwrap_or(0.0);
                let rps = if rps < 9.95 { words::decimal(rps, 1) } else { words::count(rps) };
                format!("about {about} more candidate requests, {} at {rps} req/s", words::span(s))
            }
            None => format!("about {about} more candidate requests, none come now"),
        })
    }

    /// The last minutes, where they and not the whole rollout are over the limit: the difference that WORSE rests on. A
    /// difference of the whole that lies under the limit would contradict the word beside it.
    pub fn lately(&self) -> Option<Recent> {
        let by_recent = self.latched.is_some_and(|l| l.cause == Cause::Recent);
        let over = |d: Difference| d.range.lo > self.limit.margin;
        let told = self.word == Word::Worse && by_recent && !self.difference.is_some_and(over);
        self.recent.filter(|r| told && over(r.difference))
    }

    /// `last seen 4m ago`, when the word is WORSE from memory: the newest look did not find it, or data is gone.
    pub fn last_seen(&self, now: Utc) -> Option<String> {
        let l = self.latched.filter(|l| self.word == Word::Worse && !l.acked)?;
        if self.starting.is_some() {
            return None;
        }
        let remembered = self.age == Age::Withdrawn || Some(l.last_seen) != self.look;
        let secs = now.since(l.last_seen) as f64 / 1000.0;
        remembered.then(|| format!("last seen {} ago", words::span(secs)))
    }

    /// SAME, and yet surely above stable: "higher, within the limit".
    pub fn higher_within(&self) -> bool {
        self.word == Word::Same && self.difference.is_some_and(|d| d.range.lo > 0.0)
    }

    /// `errors come in bursts (x2.3)`, from 1.5 on, once that was measured and not only assumed.
    pub fn bursts(&self) -> Option<String> {
        (self.phi_measured && self.phi >= 1.5)
            .then(|| format!("errors come in bursts (x{})", words::decimal(self.phi, 1)))
    }

    /// A service without telemetry. Said as such, never as fine.
    pub fn not_judged() -> Verdict {
        Verdict {
            word: Word::NotJudged,
            since: None,
            look: None,
            age: Age::Withdrawn,
            sample: None,
            difference: None,
            recent: None,
            candidate: Counts::default(),
            stable: Counts::default(),
            phi: super::super::stats::dispersion::PHI0,
            phi_measured: false,
            limit: Limit::of(None, None, 0.0),
            progress: Progress::default(),
            evidence: Evidence::default(),
            projected: None,
            latched: None,
            needed: None,
            candidate_rps: None,
            inconsistent: false,
            starting: None,
        }
    }
}
