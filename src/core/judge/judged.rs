//! The verdict of one moving target: which blocks it rests on, what was asked for, what it says now.
//!
//! Each signal heard of has its own [`Judge`]. The first configured one decides; the others stand beside it. What is not
//! of the blocks (whether the candidate starts, whether what it gets is like what stable gets) is laid over it here.

use super::freshness::{Age, Kind};
use super::measured::Measured;
use super::policy::Policy;
use super::representative::{Representative, Routes, Share, wanted};
use super::starting::{is_unready, not_starting};
use super::tracks::{Tracks, tracks};
use super::verdict::{At, BLOCK_SECS, Block, Cause, Judge, LATCH_SECS, Latch, Verdict, Word};
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::detail::Role;
use crate::core::world::figures::{Blocks, Signal, Split};
use crate::core::world::target::TargetState;
use crate::core::world::telemetry::{Mix, Told};
use crate::core::world::{Sampled, World};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Blocks in one question of history. With [`ASKED_AT_ONCE`] half an hour is read in one way there and back.
pub const CHUNK: i64 = 30;
/// Questions of history on their way at a time, per target.
pub const ASKED_AT_ONCE: usize = 4;
/// A chunk that was not answered whole is asked again after this many seconds.
const ASK_AGAIN_SECS: i64 = 10;
/// The same when only signals that inform lack blocks: nothing hangs on them.
const ASK_ALSO_SECS: i64 = 300;
/// The candidate's share of requests is taken over this long, seconds.
const SHARE_SECS: i64 = 300;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Judged {
    pub candidate: Hash,
    pub stable: Option<Hash>,
    /// What the deciding signal says (limits.md section 4).
    pub judge: Judge,
    pub verdict: Verdict,
    /// Which signal that is: the first configured that is heard of, or with `split` the one with the worst word.
    #[serde(default)]
    pub signal: Signal,
    /// The other signals that anything was heard of: they inform.
    #[serde(default)]
    pub also: BTreeMap<Signal, Also>,
    /// Starts of chunks on their way.
    pub asked: BTreeSet<i64>,
    /// Chunks that were answered without all their blocks, with the second from which they may be asked again.
    pub later: BTreeMap<i64, i64>,
    /// No telemetry source is configured: NOT JUDGED, unless the candidate does not even start.
    pub telemetry: bool,
    /// Which signals decide and under which limits.
    #[serde(default)]
    pub policy: Policy,
    /// Whether what the candidate gets is like what stable gets.
    #[serde(default)]
    pub representative: Representative,
    /// Names of the tracks under each split.
    #[serde(default)]
    pub tracks: BTreeMap<Split, Tracks>,
    /// The split each signal was told by. A signal that is absent was never heard of.
    #[serde(default)]
    pub heard: BTreeMap<Signal, Split>,
    /// Why the candidate does not start, while it does not.
    #[serde(default)]
    pub starting: Option<Cause>,
    /// That, as it is remembered.
    #[serde(default)]
    pub pods: Option<Latch>,
    /// Since when none of the candidate's pods is ready.
    #[serde(default)]
    pub unready: Option<Utc>,
    /// The share the candidate should have, whether replicas make it, and since when it is known to be that.
    #[serde(default)]
    pub weight: Option<(f64, bool, Utc)>,
}

/// A signal that informs beside the one that decides.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Also {
    pub judge: Judge,
    pub verdict: Verdict,
}

/// What of a verdict is written down when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stands {
    word: std::mem::Discriminant<Word>,
    worse: Vec<Signal>,
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
    /// A verdict on errors of which nothing else is known.
    pub fn with(candidate: Hash, stable: Option<Hash>, judge: Judge, verdict: Verdict) -> Judged {
        Judged {
            candidate,
            stable,
            judge,
            verdict,
            signal: Signal::Errors,
            also: BTreeMap::new(),
            asked: BTreeSet::new(),
            later: BTreeMap::new(),
            telemetry: true,
            policy: Policy::default(),
            representative: Representative::default(),
            tracks: BTreeMap::new(),
            heard: BTreeMap::new(),
            starting: None,
            pods: None,
            unready: None,
            weight: None,
        }
    }

    /// A target that began to move. `None` while it is not known since when.
    pub fn begin(t: &TargetState, policy: Policy, telemetry: bool, at: &At) -> Option<Judged> {
        let candidate = t.candidate.clone()?;
        let signal = policy.order().first().copied().unwrap_or_default();
        let judge = Judge::new(policy.terms(signal, t.started?, t.stable.is_some()));
        let verdict = judge.verdict(at);
        let mut judged =
            Judged { signal, telemetry, policy, ..Judged::with(candidate, t.stable.clone(), judge, verdict) };
        judged.about(t, at);
        judged.look(at);
        Some(judged)
    }

    /// Is this still about the same change?
    pub fn is_about(&self, t: &TargetState) -> bool {
        t.candidate.as_ref() == Some(&self.candidate)
            && t.stable == self.stable
            && t.started.is_some_and(|s| s == self.judge.terms().start)
    }

    /// The target said something: names of its versions, weights, whether its pods start. Call [`Judged::look`] after.
    pub fn about(&mut self, t: &TargetState, at: &At) {
        for split in [Split::Hash, Split::Version, Split::Workload, Split::Role] {
            let now = tracks(t, split);
            if self.tracks.get(&split) == Some(&now) {
                continue;
            }
            let known = self.tracks.insert(split, now).is_some();
            // What was counted under other names is counted again from the source.
            for signal in self.heard.iter().filter(|h| known && *h.1 == split).map(|h| *h.0).collect::<Vec<_>>() {
                if let Some(judge) = self.judge_mut(signal) {
                    *judge = judge.emptied();
                }
                self.later.clear();
            }
        }
        let unready = t.candidate_revision().is_some_and(is_unready);
        self.unready = if unready { self.unready.or(Some(at.now)) } else { None };
        self.starting = not_starting(t, self.unready, at.now);
        self.remember_pods(t.read_at.max(at.now));
        let share = wanted(t);
        let known = self.weight.filter(|w| Some((w.0, w.1)) == share);
        // A gate tells since when its weight stands, also to whoever comes later.
        let since = t.gate.as_ref().and_then(|g| g.since).unwrap_or(at.now);
        self.weight = share.map(|(w, by)| known.unwrap_or((w, by, since)));
        let blurred = self.heard.values().any(|s| matches!(s, Split::Version));
        let runs = t.detail.checks.iter().find(|c| c.role == Role::Experiment && !c.is_over());
        self.representative.experiment = runs.filter(|_| blurred).map(|c| c.name.clone());
    }

    fn remember_pods(&mut self, now: Utc) {
        let kept = self.pods.filter(|l| now.since(l.last_seen) <= LATCH_SECS * 1000);
        self.pods = match self.starting {
            Some(cause) => Some(match kept {
                Some(l) => Latch { last_seen: now, cause, ..l },
                None => Latch { first: now, last_seen: now, cause, acked: false },
            }),
            None => kept.filter(|l| !l.acked),
        };
    }

    /// Targets and limits as they are known now. True when the verdict has to be taken anew.
    pub fn under(&mut self, policy: Policy) -> bool {
        if policy == self.policy {
            return false;
        }
        self.policy = policy;
        let terms = *self.judge.terms();
        let of = |signal| self.policy.terms(signal, terms.start, terms.baseline);
        self.judge = self.judge.clone().retermed(of(self.signal));
        for (signal, also) in &mut self.also {
            also.judge = also.judge.clone().retermed(of(*signal));
        }
        true
    }

    /// What the source tells of routes. Call [`Judged::look`] after.
    pub fn routed(&mut self, told: Option<&Told>) {
        self.representative.routes = told.and_then(|t| t.mix.as_ref()).and_then(|m| self.routes(m));
    }

    fn routes(&self, mix: &Mix) -> Option<Routes> {
        let (candidate, stable) = self.tracks.get(&mix.split)?.rows(&mix.by_track);
        Routes::of(candidate?, stable?)
    }

    /// Take settled blocks; the verdict is taken anew. True when something changed.
    pub fn feed(&mut self, told: &Blocks, at: &At) -> bool {
        let first = self.heard.insert(told.signal, told.split);
        if first.is_some_and(|split| split != told.split)
            && let Some(judge) = self.judge_mut(told.signal)
        {
            *judge = judge.emptied();
        }
        let none = Tracks::default();
        let names = self.tracks.get(&told.split).unwrap_or(&none);
        let mine: Vec<Block> = told.blocks.iter().map(|b| Block::of(b, names)).collect();
        if told.signal != self.signal && !self.also.contains_key(&told.signal) {
            let terms = *self.judge.terms();
            // What was acknowledged is, of every signal, also of one that is heard of later.
            let judge = self.judge.beside(self.policy.terms(told.signal, terms.start, terms.baseline));
            self.also.insert(told.signal, Also { verdict: judge.verdict(at), judge });
        }
        let fed = self.judge_mut(told.signal).map(|j| j.feed(&mine)).unwrap_or_default();
        if first.is_none() || fed.new + fed.changed > 0 {
            self.look(at);
            return true;
        }
        false
    }

    /// Take the verdict anew: time alone may have changed it. True when it did.
    pub fn look(&mut self, at: &At) -> bool {
        let before = (self.signal, self.verdict.clone());
        let others: Vec<Word> = self.also.values().map(|a| a.verdict.word).collect();
        self.choose(self.decider(at));
        // After the choice: the one that gave up its place was last looked at under other terms, perhaps.
        for also in self.also.values_mut() {
            also.verdict = also.judge.verdict(at);
        }
        let mut verdict = self.judge.verdict(at);
        self.representative.split = self.share(verdict.look);
        if !self.telemetry {
            verdict.word = Word::NotJudged;
        }
        verdict.starting = self.starting;
        let pods = self.pods.filter(|l| at.now.since(l.last_seen) <= LATCH_SECS * 1000);
        if let Some(l) = pods.filter(|l| self.starting.is_some() || !l.acked) {
            verdict.latched = Some(match verdict.latched {
                Some(other) if self.starting.is_none() => other,
                Some(other) => Latch { first: other.first.min(l.first), ..l },
                None => l,
            });
            (verdict.word, verdict.since) = (Word::Worse, verdict.latched.map(|l| l.first));
        }
        self.verdict = verdict;
        before != (self.signal, self.verdict.clone())
            || others != self.also.values().map(|a| a.verdict.word).collect::<Vec<_>>()
    }

    /// Which signal decides now.
    fn decider(&self, at: &At) -> Signal {
        let heard = |s: &Signal| self.heard.contains_key(s);
        let first = self.policy.order().into_iter().find(heard);
        if !self.policy.split {
            return first.unwrap_or(self.signal);
        }
        let words = self.policy.deciding().into_iter().filter(heard).map(|s| {
            let judge = if s == self.signal { Some(&self.judge) } else { self.also.get(&s).map(|a| &a.judge) };
            (judge.map_or(0, |j| severity(j.word_now(at))), s)
        });
        // Of equally bad ones the first configured.
        words
            .reduce(|worst, next| if next.0 > worst.0 { next } else { worst })
            .map_or(first.unwrap_or(self.signal), |w| w.1)
    }

    /// Puts a signal's judge into the first place, and the one that stood there beside it.
    fn choose(&mut self, signal: Signal) {
        if signal == self.signal {
            return;
        }
        let Some(Also { judge, verdict }) = self.also.remove(&signal) else { return };
        let judge = std::mem::replace(&mut self.judge, judge);
        let verdict = std::mem::replace(&mut self.verdict, verdict);
        if self.heard.contains_key(&self.signal) {
            self.also.insert(self.signal, Also { judge, verdict });
        }
        self.signal = signal;
    }

    fn judge_mut(&mut self, signal: Signal) -> Option<&mut Judge> {
        if signal == self.signal { Some(&mut self.judge) } else { self.also.get_mut(&signal).map(|a| &mut a.judge) }
    }

    /// The candidate's share of requests over the last minutes in which the weight is known to have been this.
    fn share(&self, look: Option<Utc>) -> Option<Share> {
        let (wanted, by_replicas, since) = self.weight?;
        let from = (look?.secs() - SHARE_SECS).max(since.secs() + BLOCK_SECS);
        let (candidate, stable) = self.judge.requests_since(from);
        Share::of(candidate, stable, wanted, by_replicas)
    }

    /// Acknowledges what is WORSE now, in all signals. The look it names is the same for every reader of the record.
    pub fn ack(&mut self, look: Utc) {
        self.judge.ack(look);
        for also in self.also.values_mut() {
            also.judge.ack(look);
        }
        self.pods = self.pods.filter(|_| self.starting.is_some()).map(|l| Latch { acked: true, ..l });
    }

    /// All signals that were heard of, the deciding one first.
    pub fn signals(&self) -> impl Iterator<Item = (Signal, &Verdict, &Judge)> {
        let main = (self.signal, &self.verdict, &self.judge);
        let order = self.policy.order();
        let also = order.into_iter().filter_map(|s| self.also.get(&s).map(|a| (s, &a.verdict, &a.judge)));
        std::iter::once(main).chain(also)
    }

    /// What a change of is news: the word, and which of the signals that inform are WORSE.
    pub fn stands(&self) -> Stands {
        let worse = self.also.iter().filter(|(_, a)| a.verdict.word == Word::Worse).map(|(s, _)| *s);
        Stands { word: std::mem::discriminant(&self.verdict.word), worse: worse.collect() }
    }

    /// What the word is about.
    pub fn measured(&self) -> Measured {
        let mut m = Measured::default();
        for s in self.policy.order() {
            if !self.heard.contains_key(&s) {
                m.missing.push(s);
            }
        }
        if self.heard.contains_key(&self.signal) {
            m.agree.push(self.signal);
        }
        for (s, v, _) in self.signals().skip(1) {
            if std::mem::discriminant(&v.word) == std::mem::discriminant(&self.verdict.word) {
                m.agree.push(s);
            } else {
                m.differ.push((s, v.word));
            }
        }
        m
    }

    /// The word with all that belongs to it: `SAME on errors, latency; correctness not measured`,
    /// `UNSURE on errors, 640 more; latency, correctness not measured`.
    pub fn said(&self) -> String {
        let (word, detail) = (&self.verdict.word, self.verdict.word.detail());
        let comma = |head: String, tail: &str| if tail.is_empty() { head } else { format!("{head}, {tail}") };
        if matches!(word, Word::NotJudged) {
            return comma(word.word().to_owned(), &detail);
        }
        if let Some(cause) = self.verdict.starting {
            return comma(word.word().to_owned(), &cause.words());
        }
        let m = self.measured();
        let on: Vec<&str> = m.agree.iter().map(|s| s.word()).collect();
        let head = if on.is_empty() { word.word().to_owned() } else { format!("{} on {}", word.word(), on.join(", ")) };
        let (head, rest) = (comma(head, &detail), m.rest());
        // Before the first figure nothing is known to be missing.
        if rest.is_empty() || on.is_empty() { head } else { format!("{head}; {rest}") }
    }

    /// What makes SAME and BETTER say less than they seem to. Empty for the other words: they promise nothing.
    pub fn cautions(&self) -> Vec<String> {
        match self.verdict.word {
            Word::Same | Word::Better => self.representative.cautions(),
            Word::Worse | Word::Higher | Word::Unsure(_) | Word::NoTraffic(_) => Vec::new(),
            Word::NoData | Word::NoBaseline | Word::NotJudged => Vec::new(),
        }
    }

    /// The next chunks of history to ask for: newest first, so that a late console says something true soon.
    /// `(from in epoch seconds, blocks)`. They count as asked from now on.
    pub fn wanted(&mut self, at: &At) -> Vec<(i64, u32)> {
        if self.asked.len() >= ASKED_AT_ONCE {
            return Vec::new();
        }
        let mut out = Vec::new();
        let mut spans = self.judge.to_read(at);
        for also in self.also.values() {
            spans.extend(also.judge.to_read(at));
        }
        spans.sort_unstable();
        'spans: for (from, to) in spans.into_iter().rev() {
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
        let end = from + CHUNK * BLOCK_SECS;
        let whole = self.judge.has_all(from, end);
        self.later.insert(from, now.secs() + if whole { ASK_ALSO_SECS } else { ASK_AGAIN_SECS });
    }
}

/// How bad a word is, for several signals that decide together. What blocks goes before what warns.
fn severity(word: Word) -> u8 {
    match word {
        Word::Worse => 9,
        Word::NoData => 8,
        Word::NoTraffic(_) => 7,
        Word::Higher => 6,
        Word::Unsure(_) => 5,
        Word::NoBaseline => 4,
        Word::NotJudged => 3,
        Word::Same => 2,
        Word::Better => 1,
    }
}
