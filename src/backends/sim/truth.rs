//! What really happened in a drill, for scores and instructors: budget burnt, users hurt, whether an act had its effect.
//! Telemetry may know less.

use super::rollout::{Rollout, hash_of};
use super::scenario::Good;
use super::world::World;
use crate::core::id::ServiceId;
use crate::core::time::Utc;

impl World {
    /// Percent of a service's error budget of its whole window that was burnt since the drill began. `None`: no such
    /// service.
    pub fn burnt(&self, service: &ServiceId) -> Option<f64> {
        let i = self.at(service)?;
        let s = &self.scenario.services[i];
        let window = f64::from(s.window_days) * 86_400.0;
        let all = self.traffic[i].truth(self.now.since(self.scenario.start) / 1000, self.now);
        // A mean day's requests fill the window.
        Some(100.0 * all.failed / (s.rps * window * (1.0 - s.objective / 100.0)).max(f64::MIN_POSITIVE))
    }

    /// Requests that failed or were answered wrongly beyond the usual, from the start to `to` (the end of its fifteen
    /// seconds), over all services: each where it was asked for. Slow answers are answers. Expected ones: no chance.
    pub fn hurt_until(&self, to: Utc) -> f64 {
        self.traffic.iter().map(|t| t.hurt_until(to.0.min(self.now.0))).sum()
    }

    /// The same of one service; `None`: no such service.
    pub fn hurt_of_until(&self, service: &ServiceId, to: Utc) -> Option<f64> {
        self.at(service).map(|i| self.traffic[i].hurt_until(to.0.min(self.now.0)))
    }

    /// From now on nobody looks: no request is drawn, no rule looked at, no figure told. What happens, and whom it hurts,
    /// is as before. For whoever plays many.
    pub fn nobody_looks(&mut self) {
        self.quiet = true;
        self.traffic.iter_mut().for_each(|t| t.quiet = true);
    }

    /// Requests a second that fail or are answered wrongly now beyond the usual: users hurt, over all services.
    pub fn hurt_now(&self) -> f64 {
        (0..self.traffic.len()).map(|i| self.hurts(i)).sum()
    }

    /// The same of one service; `None`: no such service.
    pub fn hurt_of(&self, service: &ServiceId) -> Option<f64> {
        self.at(service).map(|i| self.hurts(i))
    }

    fn hurts(&self, i: usize) -> f64 {
        self.felt(i).min(1.0) * self.traffic[i].rate_at(self.now.secs())
    }

    /// Is the effect of a good act there now? Of acts that leave no trace in the world (a decision, a lead) always.
    pub fn holds(&self, good: &Good) -> bool {
        let service = ServiceId::new(&good.on);
        let acts: Vec<&str> = good.or.iter().chain([&good.act]).map(|a| &**a).collect();
        acts.iter().any(|act| self.effect(act, &good.on, &service, good.to.as_deref()))
    }

    fn effect(&self, act: &str, on: &str, service: &ServiceId, to: Option<&str>) -> bool {
        let rollout = self.at(service).map(|i| &self.rollouts[i]);
        let alerts = || {
            self.desk
                .alerts
                .all
                .iter()
                .filter(|a| *a.name == *on || *a.id == *on || a.service.as_ref() == Some(service) || on.is_empty())
        };
        match act {
            "roll-back" | "roll-back-to" => rollout.is_some_and(|r| self.is_back(r, to)),
            // Held until it could go back is held as long as it was asked for.
            "hold" => rollout.is_some_and(|r| r.held() || (self.asks_back(on) && self.is_back(r, None))),
            "resume" => rollout.is_some_and(|r| !r.held()),
            "freeze" => self.rollouts.iter().filter(|r| r.moving()).all(Rollout::held),
            "thaw" => self.rollouts.iter().all(|r| !r.held()),
            "promote" | "skip-step" | "emergency" => {
                let all = to.is_none_or(|v| self.share_of(service, v) > 0.999);
                all && rollout.is_some_and(|r| self.is_further(r))
            }
            "promote-full" => rollout.is_some_and(|r| self.is_further(r) && !r.moving()),
            "restart" => rollout.is_some_and(|r| r.restart_at.is_some() && !r.restarting(self.now.0)),
            "flag-off" => self.desk.flags.iter().any(|f| *f.key == *on && !f.on),
            "flag-on" => self.desk.flags.iter().any(|f| *f.key == *on && f.on),
            "wake" => self.desk.calls.iter().any(|c| *c.team == *on && c.answered.is_some()),
            "silence" => alerts().any(|a| !a.silenced.is_empty()),
            "acknowledge" => alerts().any(|a| a.acked.is_some()),
            "revoke" => self.desk.artifacts.iter().any(|a| a.service == *service && a.revoked.is_some()),
            "tell" => !self.desk.told.is_empty(),
            // What is only a record is the log's matter.
            _ => true,
        }
    }

    fn asks_back(&self, on: &str) -> bool {
        self.scenario.good.iter().any(|g| *g.on == *on && matches!(&*g.act, "roll-back" | "roll-back-to"))
    }

    /// The version its users had, or were getting, at the start serves nobody, and what serves is all there.
    fn is_back(&self, r: &Rollout, to: Option<&str>) -> bool {
        let Some(s) = self.scenario.service(&r.service) else { return false };
        let bad = s.rollout.as_ref().map_or(&s.version, |m| &m.version);
        let bad = hash_of(s.name.as_str(), bad);
        let serving = r.serving(self.now.0);
        let none = serving.iter().all(|(h, _)| *h != bad) && r.set(&bad).is_none_or(|x| x.pods.is_empty());
        let ready: u32 = r.sets.iter().filter(|x| x.hash != bad).map(|x| x.ready(self.now.0)).sum();
        let wanted = to.map(|v| hash_of(s.name.as_str(), v));
        let only = wanted.is_none_or(|h| serving.iter().filter(|x| x.1 > 0.0).all(|x| x.0 == h));
        none && only && ready >= r.replicas
    }

    /// It has gone on from the step it stood at, or everyone has it.
    fn is_further(&self, r: &Rollout) -> bool {
        let Some(s) = self.scenario.service(&r.service) else { return false };
        let Some(m) = &s.rollout else { return false };
        let hash = hash_of(s.name.as_str(), &m.version);
        r.stable == hash || (r.current == hash && r.abort != Some(true) && r.step as usize > m.step)
    }
}
