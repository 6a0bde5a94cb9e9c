//! Which faults hold when, and what of the world around a service makes its requests fail: callees, capacity, nodes, the
//! version its neighbour runs. Pure readings of the world's truth; what was is kept, so that the past stays as it was.

use super::looked;
use super::rollout::NEVER;
use super::scenario::{Fault, FaultKind, Scenario, service_and_version};
use super::world::World;
use std::sync::Arc;

/// Of each fault, from when to when it held; milliseconds, the last one may be open (`NEVER`).
pub(super) type Spans = Vec<Vec<(i64, i64)>>;

#[derive(Clone, Debug)]
pub(super) struct Live {
    spans: Arc<Spans>,
    /// Ended for good.
    over: Vec<bool>,
}

fn whole(f: &Fault, start: i64) -> (i64, i64) {
    (start + f.at * 1000, f.until.map_or(NEVER, |u| start + u * 1000))
}

impl Live {
    pub fn new(scenario: &Scenario) -> Live {
        let start = scenario.start.0;
        let of = |f: &Fault| {
            let on = f.flag.as_ref().is_none_or(|key| scenario.flags.iter().any(|x| x.key == *key && x.on));
            if on { vec![whole(f, start)] } else { Vec::new() }
        };
        Live { spans: Arc::new(scenario.faults.iter().map(of).collect()), over: vec![false; scenario.faults.len()] }
    }

    pub fn spans(&self) -> Arc<Spans> {
        self.spans.clone()
    }

    /// Since when it holds now. Milliseconds.
    pub fn since(&self, fault: usize, now: i64) -> Option<i64> {
        since(&self.spans, fault, now)
    }

    pub fn active(&self, fault: usize, now: i64) -> bool {
        self.since(fault, now).is_some()
    }

    pub fn is_over(&self, fault: usize) -> bool {
        self.over[fault]
    }

    /// The times it held.
    pub fn of(&self, fault: usize) -> &[(i64, i64)] {
        &self.spans[fault]
    }

    /// Is it on, as far as its flag is concerned?
    fn is_on(&self, fault: usize, now: i64) -> bool {
        self.spans[fault].last().is_some_and(|s| s.1 > now)
    }

    /// Its flag was turned. Whether anything changed.
    fn switch(&mut self, fault: usize, f: &Fault, start: i64, now: i64, on: bool) -> bool {
        let (from, until) = whole(f, start);
        if self.over[fault] || now >= until || self.is_on(fault, now) == on {
            return false;
        }
        let spans = &mut Arc::make_mut(&mut self.spans)[fault];
        if on {
            spans.push((from.max(now), until));
        } else if let Some(last) = spans.last_mut() {
            last.1 = now.max(last.0);
        }
        true
    }

    /// It ends now, for good.
    fn close(&mut self, fault: usize, now: i64) {
        self.over[fault] = true;
        if let Some(last) = Arc::make_mut(&mut self.spans)[fault].last_mut() {
            last.1 = last.1.min(now.max(last.0));
        }
    }
}

pub(super) fn since(spans: &Spans, fault: usize, now: i64) -> Option<i64> {
    spans.get(fault)?.iter().find(|(a, b)| *a <= now && now < *b).map(|s| s.0)
}

/// What a stretch of one service's requests is drawn by, besides its own rates.
#[derive(Clone, Debug)]
pub(super) struct Around {
    pub spans: Arc<Spans>,
    /// Of each fault, how much of it this service feels; 1 unless it has conditions.
    pub factors: Vec<f64>,
    /// Parts of the requests that fail, or are slow, for what lies around.
    pub errors: f64,
    pub slow: f64,
    /// Messages a second that its pods can take, where they wait in a queue.
    pub takes: Option<f64>,
}

impl World {
    /// How much of a fault its service feels now, 0..=1: whatever its times are.
    fn factor(&self, f: &Fault) -> f64 {
        let mut part = 1.0;
        let at = f.service.as_ref().and_then(|s| self.at(s));
        if let (Some(above), Some(i)) = (f.above, at) {
            part *= f64::from(u8::from(self.traffic[i].rate_at(self.now.secs()) > above));
        }
        if let (false, Some(i)) = (f.nodes.is_empty(), at) {
            part *= looked::on_nodes(&self.rollouts[i], &f.nodes, self.now.0);
        }
        if let Some((service, version)) = f.with.as_deref().and_then(service_and_version) {
            part *= self.share_of(&service, version);
        }
        part
    }

    /// Part of a service's requests that one version answers now.
    pub(super) fn share_of(&self, service: &crate::core::id::ServiceId, version: &str) -> f64 {
        let Some(i) = self.at(service) else { return 0.0 };
        let hash = super::rollout::hash_of(service.as_str(), version);
        self.serving(i).iter().filter(|(h, _)| *h == hash).map(|(_, w)| w).sum()
    }

    /// Everything around service `i` as it is now.
    pub(super) fn around(&self, i: usize) -> Around {
        self.around_deep(i, self.rollouts.len())
    }

    fn around_deep(&self, i: usize, deep: usize) -> Around {
        let s = &self.scenario.services[i];
        let mine = |f: &Fault| f.kind.is_about_requests() && f.service.as_ref() == Some(&s.name);
        let all = self.scenario.faults.iter();
        let mut a = Around {
            spans: self.live.spans(),
            factors: all.map(|f| if mine(f) { self.factor(f) } else { 1.0 }).collect(),
            errors: 0.0,
            slow: 0.0,
            takes: None,
        };
        if let Some((j, misses)) =
            s.cache.as_ref().filter(|_| deep > 0).and_then(|c| Some((self.at(&c.asks)?, self.misses(i))))
        {
            let (errors, slow) = if misses > 0.0 { self.excess(j, deep - 1) } else { (0.0, 0.0) };
            a.errors += misses * errors;
            a.slow += misses * slow;
        }
        for c in s.calls.iter().filter(|_| deep > 0) {
            let Some(j) = self.at(&c.service) else { continue };
            let (errors, slow) = self.excess(j, deep - 1);
            a.errors += c.share * errors;
            a.slow += c.share * slow;
        }
        if let Some(capacity) = s.capacity {
            let asked = self.traffic[i].rate_at(self.now.secs()) + self.missed_to(&s.name);
            a.errors += (1.0 - capacity * self.ready(i) / asked.max(1e-9)).max(0.0);
        }
        if let Some(q) = &s.queue {
            let takes = q.per_pod * self.ready(i);
            if self.traffic[i].waits() >= q.full {
                a.errors += (1.0 - takes / self.traffic[i].rate_at(self.now.secs()).max(1e-9)).max(0.0);
            }
            a.takes = Some(takes);
        }
        a
    }

    /// Pods of all its versions that are ready.
    fn ready(&self, i: usize) -> f64 {
        f64::from(self.rollouts[i].sets.iter().map(|x| x.ready(self.now.0)).sum::<u32>())
    }

    /// Part of a service's requests that miss the cache beyond the usual: by how young its pods are, and how long ago its
    /// cache was emptied.
    fn misses(&self, i: usize) -> f64 {
        let s = &self.scenario.services[i];
        let Some(cache) = &s.cache else { return 0.0 };
        let now = self.now.0;
        let cold = |since: i64| (1.0 - (now - since) as f64 / (cache.warm * 1000).max(1) as f64).clamp(0.0, 1.0);
        let emptied = self.scenario.faults_of(FaultKind::CacheEmpty, &s.name).flat_map(|(n, _)| self.live.of(n));
        let emptied = emptied.filter(|(from, _)| *from <= now).map(|(_, until)| cold((*until).min(now)));
        let emptied = emptied.fold(0.0, f64::max);
        let pods = self.rollouts[i].sets.iter().flat_map(|x| &x.pods);
        let young = pods.filter(|p| p.gone_at.is_none() && p.ready_at <= now).map(|p| {
            // Those from before the drill have been there long enough.
            let own = if p.ready_at <= self.scenario.start.0 { 0.0 } else { cold(p.ready_at) };
            own.max(emptied)
        });
        cache.hits / 100.0 * young.sum::<f64>() / self.ready(i).max(1.0)
    }

    /// Requests a second that this service is asked because caches of others are cold.
    fn missed_to(&self, service: &crate::core::id::ServiceId) -> f64 {
        let asks = |s: &super::scenario::ScenarioService| s.cache.as_ref().is_some_and(|c| c.asks == *service);
        let all = self.scenario.services.iter().enumerate().filter(|(_, s)| asks(s));
        all.map(|(i, _)| self.misses(i) * self.traffic[i].rate_at(self.now.secs())).sum()
    }

    /// Parts of a service's requests that fail, or are slow, beyond the usual, now.
    fn excess(&self, i: usize, deep: usize) -> (f64, f64) {
        let around = self.around_deep(i, deep);
        let now = self.now.0;
        let of = |(hash, share): &(crate::core::id::Hash, f64)| {
            let t = &self.traffic[i];
            (share * t.beyond(hash, now - 1_000, now, &around), share * t.signals().more_slow(hash, now, &around))
        };
        self.serving(i).iter().map(of).fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d))
    }

    /// Percent of the new version's requests that fail now, as a controller would ask for it; `None`: nothing is told.
    pub(super) fn candidate_fails(&self, i: usize) -> Option<f64> {
        let (r, t) = (&self.rollouts[i], &self.traffic[i]);
        if r.flagger.is_none() || t.is_silent(self.now) {
            return None;
        }
        let more = t.beyond(&r.current, self.now.0 - 1_000, self.now.0, &self.around(i));
        Some(100.0 * more + self.scenario.services[i].fails)
    }

    /// Parts of a service's requests that fail or are answered wrongly now, beyond the usual: what its users feel.
    pub(super) fn felt(&self, i: usize) -> f64 {
        let around = self.around(i);
        let now = self.now.0;
        let wrong = |hash: &crate::core::id::Hash| self.traffic[i].signals().more_wrong(hash, now, &around);
        let sum: f64 = self.serving(i).iter().map(|(hash, share)| share * wrong(hash)).sum();
        self.excess(i, self.rollouts.len()).0 + sum
    }

    /// Flags as they stand decide which faults hold from now on.
    pub(super) fn flags_to_faults(&mut self) {
        let scenario = self.scenario.clone();
        for (n, f) in scenario.faults.iter().enumerate() {
            let Some(key) = &f.flag else { continue };
            let on = self.desk.flags.iter().any(|x| x.key == *key && x.on);
            // What was until now is drawn by what was.
            let mut live = self.live.clone();
            if live.switch(n, f, scenario.start.0, self.now.0, on) {
                self.requests_of(f);
                self.live = live;
            }
        }
    }

    /// What is revoked starts no new pod.
    pub(super) fn revoked_to_pods(&mut self) {
        for a in self.desk.artifacts.iter().filter(|a| a.revoked.is_some()) {
            let Some(r) = self.rollouts.iter_mut().find(|r| r.service == a.service) else { continue };
            let hash = super::rollout::hash_of(a.service.as_str(), &a.version);
            if !r.stuck.iter().any(|s| s.is_revoked() && s.hash.as_ref() == Some(&hash)) {
                r.stuck.push(super::rollout::PodTrouble::revoked(hash, self.now.0));
            }
        }
    }

    /// A fault ends now, and what it held up goes on.
    pub(super) fn fault_ends(&mut self, n: usize) {
        let scenario = self.scenario.clone();
        let f = &scenario.faults[n];
        self.requests_of(f);
        self.live.close(n, self.now.0);
        if matches!(f.kind, FaultKind::PodsStuck | FaultKind::PodsLinger | FaultKind::PodsSlow)
            && let Some(i) = f.service.as_ref().and_then(|s| self.at(s))
        {
            let now = self.now.0;
            self.rollouts[i].freed(n, now);
        }
    }

    /// Draws the requests of the service a fault is about, up to now.
    fn requests_of(&mut self, f: &Fault) {
        if let Some(i) = f.service.as_ref().and_then(|s| self.at(s)) {
            self.requests(i);
        }
    }
}
