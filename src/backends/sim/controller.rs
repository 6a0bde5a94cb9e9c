//! The simulated controller: reconciles a Rollout late, one step at a time, with the quirks of Argo Rollouts (reference
//! kubernetes-rollouts.md sections 2.2 to 2.7). Knows no requests, no telemetry, no JSON.

use super::flagger::Flags;
use super::rollout::{NEVER, Pod, PodTrouble, ReplicaSet, Rollout, share};
use crate::core::time::Utc;
use crate::core::world::target::{PauseDef, Phase};

/// The controller's scaleDownDelaySeconds and abortScaleDownDelaySeconds: both 30 by default.
const SCALE_DOWN_DELAY: i64 = 30_000;
/// How long a reconcile lets wait (seen live: 0.1 to 1.3 s).
const RECONCILE: (i64, i64) = (100, 1_300);
/// From a pod's creation to ready, and from its deletion to gone.
const STARTS: (i64, i64) = (8_000, 22_000);
const DRAINS: (i64, i64) = (25_000, 55_000);

impl Rollout {
    /// Something was written: the controller will look soon.
    pub fn stir(&mut self, now: i64) {
        let at = now + self.rng.between(RECONCILE.0, RECONCILE.1);
        self.wake = Some(self.wake.map_or(at, |w| w.min(at)));
        self.plan_due();
    }

    /// When something happens next by itself.
    pub fn due(&self) -> Option<i64> {
        self.due
    }

    pub(super) fn gate_until(&self) -> Option<i64> {
        match self.steps.get(self.step as usize)?.pause? {
            PauseDef::For(s) => Some(self.gate? + s as i64 * 1000),
            PauseDef::UntilPromoted => None,
        }
    }

    pub(super) fn plan_due(&mut self) {
        let mut due = self.wake;
        let pods = self
            .sets
            .iter()
            .flat_map(|s| s.delete_at.into_iter().chain(s.pods.iter().map(|p| p.gone_at.unwrap_or(p.ready_at))));
        let stuck = self.stuck.iter().map(|s| s.until);
        let tick = self.flagger.as_ref().map(|f| f.next);
        for t in pods.chain(self.gate_until()).chain(stuck).chain(tick) {
            if t > self.seen_to && t < NEVER {
                due = Some(due.map_or(t, |d| d.min(t)));
            }
        }
        self.due = due;
    }

    /// Plays what is due at `now`. `stopped_until`: the controller takes no notice before that.
    pub fn play(&mut self, now: i64, stopped_until: Option<i64>) {
        let passed = |t: i64| t > self.seen_to && t <= now;
        let mut news = self.gate_until().is_some_and(passed) || self.stuck.iter().any(|s| passed(s.until));
        for s in &self.sets {
            news |= s.delete_at.is_some_and(passed);
            news |= s.pods.iter().any(|p| passed(p.gone_at.unwrap_or(p.ready_at)));
        }
        for s in &mut self.sets {
            s.pods.retain(|p| p.gone_at.is_none_or(|g| g > now));
        }
        self.seen_to = now;
        if news {
            self.stir(now);
        }
        if self.flagger.as_ref().is_some_and(|f| f.next <= now) {
            self.tick(now, stopped_until.is_some());
        }
        if self.wake.is_some_and(|w| w <= now) {
            self.wake = None;
            match stopped_until {
                Some(until) => self.stir(until),
                None => self.reconcile(now),
            }
        }
        self.plan_due();
    }

    fn reconcile(&mut self, now: i64) {
        if self.paused == Some(false) && self.flagger.is_none() {
            // The controller writes the spec without the empty field, which raises the generation once more.
            self.paused = None;
            self.held_by = None;
            self.generation += 1;
        }
        self.observed_generation = self.generation;
        if self.template != self.current {
            self.begin(now);
        }
        if self.flagger.is_some() {
            self.flagger_goes_on(now);
            return;
        }
        let len = self.steps.len() as u32;
        if !self.moving() || self.promote_full == Some(true) {
            // An abort of a promoted rollout, or during a full promotion, is dropped without effect.
            if !self.moving() {
                self.promote_full = None;
                self.started = None;
            }
            (self.abort, self.aborted_at, self.aborted_by) = (None, None, None);
            (self.gate, self.controller_pause, self.step) = (None, false, len);
        } else if self.abort == Some(true) {
            (self.gate, self.controller_pause, self.step) = (None, false, 0);
            self.aborted_at = self.aborted_at.or(Some(Utc(now)));
        } else {
            self.aborted_at = None;
            if !self.held() {
                self.walk(now);
            } else if self.gate.is_none() {
                // A promote under a person's pause is swallowed: after the unpause the same gate closes again.
                self.controller_pause = false;
            }
        }
        if !self.held() {
            self.replace(now);
            self.scale(now);
            let full = self.step == len && self.abort != Some(true);
            if self.moving() && full && self.ready_of(&self.current, now) >= self.replicas {
                self.stable = self.current.clone();
                self.stir(now);
            }
        }
        self.route(now);
        self.tell(Utc(now));
    }

    /// The spec asks for another version than before.
    fn begin(&mut self, now: i64) {
        self.current = self.template.clone();
        (self.abort, self.aborted_at, self.promote_full) = (None, None, None);
        (self.gate, self.controller_pause, self.aborted_by) = (None, false, None);
        let back_to_stable = self.current == self.stable;
        self.step = if back_to_stable { self.steps.len() as u32 } else { 0 };
        self.started = (!back_to_stable).then_some(Utc(now));
        self.weight = 0;
        self.flagger.iter_mut().for_each(Flags::begins);
        let top = self.sets.iter().map(|s| s.number).max().unwrap_or(0);
        if let Some(at) = self.sets.iter().position(|s| s.hash == self.current) {
            // Going back renumbers the old set and makes it the newest.
            let mut set = self.sets.remove(at);
            if set.number != top {
                set.number = top + 1;
            }
            self.sets.insert(0, set);
        }
    }

    /// At most one step per reconcile, as the controller does it.
    fn walk(&mut self, now: i64) {
        let Some(step) = self.steps.get(self.step as usize) else {
            return;
        };
        let done = match (step.pause, step.weight) {
            (Some(_), _) if self.controller_pause && self.gate.is_none() => true,
            // Blue/green waits for a person once there is something to look at.
            (Some(_), _) if self.blue_green && self.ready_of(&self.current, now) < self.replicas => false,
            (Some(_), _) if self.gate.is_none() => {
                (self.gate, self.controller_pause) = (Some(now), true);
                false
            }
            (Some(_), _) => self.gate_until().is_some_and(|t| t <= now),
            (None, Some(w)) => {
                let need = share(self.replicas, w);
                let old = self.sets.iter().filter(|s| s.hash != self.current).map(ReplicaSet::live);
                self.ready_of(&self.current, now) >= need && (self.routed || old.sum::<u32>() <= self.replicas - need)
            }
            (None, None) => true,
        };
        if done {
            (self.gate, self.controller_pause) = (None, false);
            self.step += 1;
            self.stir(now);
        }
    }

    pub(super) fn scale(&mut self, now: i64) {
        let canary = self.canary_pods();
        let routed = self.routed;
        for s in &mut self.sets {
            let goal = if s.hash == self.stable {
                if routed { self.replicas } else { self.replicas - canary }
            } else if s.hash == self.current {
                canary
            } else {
                0
            };
            if goal > 0 || !routed || s.desired == 0 {
                (s.desired, s.delete_at) = (goal, None);
            } else if s.delete_at.is_none() {
                s.delete_at = Some(now + SCALE_DOWN_DELAY);
            } else if s.delete_at.is_some_and(|t| t <= now) {
                (s.desired, s.delete_at) = (0, None);
            }
        }
        // Without a router: at most a quarter more pods than wanted, and never fewer ready than wanted.
        let most = self.replicas + self.replicas.div_ceil(4);
        let mut room =
            if routed { u32::MAX } else { most.saturating_sub(self.sets.iter().map(ReplicaSet::live).sum()) };
        let ready: u32 = self.sets.iter().map(|s| s.ready(now)).sum();
        let mut spare = if routed { u32::MAX } else { ready.saturating_sub(self.replicas) };
        for s in &mut self.sets {
            let live = s.live();
            let stuck = self.stuck.iter().find(|x| x.holds(&s.hash, now));
            let late: i64 = self.slow.iter().filter(|x| x.holds(&s.hash, now)).map(|x| x.more).sum();
            for _ in 0..s.desired.saturating_sub(live).min(room) {
                if stuck.is_some_and(PodTrouble::is_quota) {
                    break;
                }
                room -= 1;
                let starts = self.rng.between(STARTS.0, STARTS.1);
                let ready_at = stuck.map_or(now, |x| x.until) + starts + late;
                s.pods.push(Pod { ready_at, gone_at: None, stays: false });
            }
            let mut extra = live.saturating_sub(s.desired);
            let linger = self.linger.iter().find(|x| x.holds(&s.hash, now));
            let there = s.pods.iter().filter(|p| p.stays).count() as u32;
            let mut stay = linger.map_or(0, |x| x.count.saturating_sub(there));
            for p in s.pods.iter_mut().rev().filter(|p| p.gone_at.is_none()) {
                let serves = p.ready_at <= now;
                if extra == 0 || (serves && spare == 0) {
                    continue;
                }
                extra -= 1;
                spare -= u32::from(serves);
                p.gone_at = Some(now + self.rng.between(DRAINS.0, DRAINS.1));
                if let Some(x) = linger.filter(|_| stay > 0 && serves) {
                    stay -= 1;
                    (p.stays, p.gone_at) = (true, Some(x.until));
                }
            }
        }
    }

    /// A restart takes a quarter of the old pods at a time, and waits until what replaces them is ready.
    fn replace(&mut self, now: i64) {
        let Some(at) = self.restart_at else { return };
        let most = self.replicas.div_ceil(4) as usize;
        let current = self.current.clone();
        let Some(s) = self.sets.iter_mut().find(|s| s.hash == current) else { return };
        if s.ready(now) < s.desired {
            return;
        }
        let old = s.pods.iter_mut().filter(|p| p.gone_at.is_none() && p.made_before(at));
        for p in old.take(most) {
            p.gone_at = Some(now + self.rng.between(DRAINS.0, DRAINS.1));
        }
    }

    /// The router follows once the pods for a weight are there. It does so under a person's pause as well.
    fn route(&mut self, now: i64) {
        let wanted = self.set_weight();
        let stable_can = self.ready_of(&self.stable, now) >= self.replicas;
        if !self.moving() {
            self.weight = 0;
        } else if self.abort == Some(true) {
            self.weight = if stable_can { 0 } else { self.weight };
        } else if wanted < 100 && self.ready_of(&self.current, now) >= share(self.replicas, wanted) {
            self.weight = wanted;
        }
    }

    pub(super) fn tell(&mut self, now: Utc) {
        let ready = self.ready_of(&self.current, now.0);
        let others = self.sets.iter().filter(|s| s.hash != self.current).map(ReplicaSet::live);
        let (phase, message) = if self.abort == Some(true) && self.moving() {
            let n = self.set(&self.current).map_or(0, |s| s.number);
            (Phase::Degraded, format!("RolloutAborted: Rollout aborted update to revision {n}"))
        } else if self.held() {
            (Phase::Paused, "manually paused".into())
        } else if self.gate.is_some() {
            (Phase::Paused, self.gate_reason().into())
        } else if self.moving() && ready < self.canary_pods() {
            (Phase::Progressing, "updated replicas are still becoming available".into())
        } else if self.moving() {
            (Phase::Progressing, "waiting for all steps to complete".into())
        } else if ready < self.replicas {
            (Phase::Progressing, "more replicas need to be updated".into())
        } else if !self.routed && others.sum::<u32>() > 0 {
            (Phase::Progressing, "old replicas are pending termination".into())
        } else {
            (Phase::Healthy, String::new())
        };
        if phase != self.phase {
            self.since = now;
        }
        (self.phase, self.message) = (phase, message.into());
    }
}
