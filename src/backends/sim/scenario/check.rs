//! What is wrong with a scenario, in sentences. Every name in it must be there, every number in its range.

use super::{
    Correctness, Fault, FaultKind, Good, Scenario, ScenarioService, StrategyWord, Ticks, YEAR, service_and_version,
};
use crate::core::id::ServiceId;
use crate::core::intent::Intent;
use std::collections::BTreeSet;
use std::sync::Arc;

fn near(t: i64) -> bool {
    (-YEAR..=YEAR).contains(&t)
}

fn percent(v: f64) -> bool {
    (0.0..=100.0).contains(&v)
}

impl Scenario {
    pub(super) fn problems(&self) -> Vec<String> {
        let mut bad = Vec::new();
        if self.start.0.rem_euclid(15_000) != 0 {
            bad.push("start: must lie on a multiple of 15 seconds".into());
        }
        for (i, s) in self.services.iter().enumerate() {
            if self.services.iter().take(i).any(|o| o.name == s.name) {
                bad.push(format!("service {}: named twice", s.name));
            }
            self.service_problems(s, &mut bad);
        }
        for s in &self.services {
            if self.calls_itself(&s.name, &s.name, self.services.len()) {
                bad.push(format!("service {}: its calls lead back to itself", s.name));
            }
        }
        let mut ids = BTreeSet::new();
        for f in &self.faults {
            self.fault_problems(f, &mut bad);
            if f.id.as_ref().is_some_and(|id| !ids.insert(id.clone())) {
                bad.push(format!("fault {}: two have this id", f.id.as_deref().unwrap_or_default()));
            }
        }
        self.desk_problems(&mut bad);
        for g in &self.good {
            self.good_problems(g, &mut bad);
        }
        if self.score.best.is_some_and(|b| b.hurt > b.later || b.later >= b.alone) {
            bad.push(
                "score best: hurt, later and alone are requests, each at least the one before, alone the most".into(),
            );
        }
        for n in &self.score.never {
            self.can_be_done("never", &n.act, n.on.as_deref().unwrap_or_default(), &mut bad);
        }
        bad
    }

    fn calls_itself(&self, from: &ServiceId, what: &ServiceId, deep: usize) -> bool {
        let s = self.service(from);
        let mut next = s.iter().flat_map(|s| s.calls.iter().map(|c| &c.service).chain(s.cache.iter().map(|c| &c.asks)));
        deep > 0 && next.any(|c| *c == *what || self.calls_itself(c, what, deep - 1))
    }

    fn service_problems(&self, s: &ScenarioService, bad: &mut Vec<String>) {
        let name = &s.name;
        if !(percent(s.fails) && percent(s.spent) && s.objective > 0.0 && s.objective < 100.0) {
            bad.push(format!("service {name}: fails, spent and objective are percent, objective below 100"));
        } else if s.fails / (100.0 - s.objective) > s.spent / 100.0 + 1e-9 {
            bad.push(format!("service {name}: spent is less than what fails takes alone"));
        }
        if !(s.rps.is_finite() && s.rps >= 0.0 && (0.0..=1.0).contains(&s.swing)) {
            bad.push(format!("service {name}: rps is at least 0, swing lies in 0..1"));
        }
        let target = |o: Option<f64>| o.is_none_or(|o| o > 0.0 && o < 100.0);
        let wrong = s.correctness.unwrap_or(Correctness { wrong: 0.0, objective: None });
        if !(percent(s.latency.slow)
            && percent(wrong.wrong)
            && target(s.latency.objective)
            && target(wrong.objective)
            && s.latency.bound > 0.0
            && s.memory > 0.0)
        {
            bad.push(format!("service {name}: slow and wrong are percent, bound and memory above 0"));
        }
        if s.replicas == 0 || s.replicas > 10_000 || s.window_days == 0 {
            bad.push(format!("service {name}: replicas in 1..10000, window_days at least 1"));
        }
        if s.capacity.is_some_and(|c| !(c.is_finite() && c > 0.0)) {
            bad.push(format!("service {name}: capacity is above 0"));
        }
        if s.cache.as_ref().is_some_and(|c| !percent(c.hits) || !(1..=86_400).contains(&c.warm)) {
            bad.push(format!("service {name}: cache: hits is percent, warm is 1 to 86400 seconds"));
        }
        if let Some(c) = s.cache.as_ref().filter(|c| self.service(&c.asks).is_none()) {
            bad.push(format!("service {name}: its cache asks {}, which is not there", c.asks));
        }
        let above = |v: f64| v.is_finite() && v > 0.0;
        if s.queue.as_ref().is_some_and(|q| !above(q.per_pod) || !above(q.full) || q.says.matches("{}").count() != 1) {
            bad.push(format!(
                "service {name}: queue: per_pod and full are above 0, its sentence has one {{}} for the number"
            ));
        }
        let versions: Vec<&Arc<str>> = s.versions().collect();
        if versions.iter().enumerate().any(|(i, v)| versions[..i].contains(v)) {
            bad.push(format!("service {name}: a version stands twice"));
        }
        for c in s.calls.iter().filter(|c| self.service(&c.service).is_none()) {
            bad.push(format!("service {name}: it calls {}, which is not there", c.service));
        }
        let steps = s.steps.as_ref().unwrap_or(&self.steps);
        if (s.strategy == StrategyWord::Flagger) != s.flagger.is_some() {
            bad.push(format!("service {name}: flagger goes with strategy = \"flagger\""));
        }
        let fits = |t: &Ticks| (5..=3600).contains(&t.interval) && (1..=100).contains(&t.step) && t.most <= 100;
        if s.flagger.is_some_and(|t| !fits(&t) || t.threshold == 0 || !percent(t.over)) {
            bad.push(format!(
                "service {name}: flagger: interval is 5 to 3600 s, step, most and over percent, threshold at least 1"
            ));
        }
        if s.strategy != StrategyWord::Canary && !s.routed {
            bad.push(format!("service {name}: blue/green and flagger need a router"));
        }
        let Some(m) = &s.rollout else { return };
        if s.strategy != StrategyWord::Canary {
            if m.step != 0 || (s.strategy == StrategyWord::BlueGreen && m.past.iter().any(|p| p.weight > 0)) {
                bad.push(format!(
                    "service {name}: its rollout has no steps, and blue/green no weight before the switch"
                ));
            }
        } else if steps.get(m.step).is_none_or(|s| s.0.pause.is_none()) {
            bad.push(format!("service {name}: its rollout must stand at a pause"));
        }
        if m.past.is_empty()
            || !m.past.is_sorted_by(|a, b| a.ago > b.ago)
            || m.past.iter().any(|p| !(0..=YEAR).contains(&p.ago))
        {
            bad.push(format!("service {name}: past is a list, oldest first"));
        }
    }

    /// The fault that a file calls by this id.
    pub fn fault_at(&self, id: &str) -> Option<usize> {
        self.faults.iter().position(|f| f.id.as_deref() == Some(id))
    }

    fn fault_problems(&self, f: &Fault, bad: &mut Vec<String>) {
        let word = f.kind.word();
        let has = f.has();
        for need in f.kind.needs().iter().filter(|n| !has.contains(n)) {
            bad.push(format!("fault {word}: needs {need}"));
        }
        let takes =
            |field: &&str| *field == "until" || f.kind.needs().contains(field) || f.kind.takes().contains(field);
        for extra in has.iter().filter(|h| !takes(h)) {
            bad.push(format!("fault {word}: {extra} means nothing there"));
        }
        let times = [f.at, f.until.unwrap_or(0), f.ends_after, f.after.unwrap_or(0)];
        if !times.iter().all(|t| (0..=YEAR).contains(t)) || f.until.is_some_and(|u| u <= f.at) {
            bad.push(format!("fault {word}: times are seconds after the start, within a year, until after at"));
        }
        if !percent(f.add) || f.per_hour.is_some_and(|p| !(p.is_finite() && p > 0.0)) {
            bad.push(format!("fault {word}: add is percent, per_hour above 0"));
        }
        if f.nodes.iter().any(|n| !(1..=6).contains(n)) {
            bad.push(format!("fault {word}: nodes are 1 to 6"));
        }
        if f.event.as_ref().is_some_and(|e| !e.contains(": ")) {
            bad.push(format!("fault {word}: write its event as `Reason: sentence`"));
        }
        if let Some(flag) = f.flag.as_ref().filter(|k| !self.flags.iter().any(|x| x.key == **k)) {
            bad.push(format!("fault {word}: no flag {flag}"));
        }
        if let Some(team) = f.ends_on_call.as_ref().filter(|t| !self.teams.iter().any(|x| x.name == **t)) {
            bad.push(format!("fault {word}: no team {team}"));
        }
        if let Some(with) = &f.with
            && !service_and_version(with).is_some_and(|(s, v)| self.has_version(&s, v))
        {
            bad.push(format!("fault {word}: with is a service and its version, and `{with}` is none"));
        }
        let Some(service) = &f.service else { return };
        match (self.service(service), &f.version) {
            (None, _) => bad.push(format!("fault: no service {service}")),
            (Some(_), Some(v)) if !self.has_version(service, v) => {
                bad.push(format!("fault: {service} has no version {v}"));
            }
            (Some(_), _) => {}
        }
    }

    fn has_version(&self, service: &ServiceId, version: &str) -> bool {
        self.service(service).is_some_and(|s| s.versions().any(|v| &**v == version))
    }

    fn desk_problems(&self, bad: &mut Vec<String>) {
        let beside = !(self.alerts.is_empty() && self.reports.is_empty() && self.flags.is_empty());
        if beside && self.desk.is_none() {
            bad.push("desk: without its name nobody is told of alerts, reports and flags".into());
        }
        let named = [
            self.alerts.iter().filter_map(|a| a.service.as_ref()).collect::<Vec<_>>(),
            self.reports.iter().filter_map(|r| r.service.as_ref()).collect(),
            self.changed.iter().filter_map(|c| c.service.as_ref()).collect(),
            self.flags.iter().filter_map(|f| f.service.as_ref()).collect(),
            self.gauges.iter().map(|g| &g.service).collect(),
        ];
        let words = ["alert", "report", "changed", "flag", "gauge"];
        for (word, all) in words.iter().zip(named) {
            for s in all.iter().filter(|s| self.service(s).is_none()) {
                bad.push(format!("{word}: no service {s}"));
            }
        }
        let faults = [
            self.alerts.iter().filter_map(|a| a.fault.as_ref()).collect::<Vec<_>>(),
            self.reports.iter().filter_map(|r| r.fault.as_ref()).collect(),
            self.artifacts.iter().filter_map(|a| a.unserved.as_ref()).collect(),
            self.gauges.iter().map(|g| &g.fault).collect(),
        ];
        for (word, all) in ["alert", "report", "artifact", "gauge"].iter().zip(faults) {
            for id in all.iter().filter(|id| self.fault_at(id).is_none()) {
                bad.push(format!("{word}: no fault with the id {id}"));
            }
        }
        for a in &self.alerts {
            if a.at.is_none() && a.fault.is_none() && a.burn.is_none() && a.gauge.is_none() {
                bad.push(format!("alert {}: say when: at, fault, burn or gauge", a.name));
            }
            if a.gauge.is_some() != a.over.is_some() {
                bad.push(format!("alert {}: gauge and over go together", a.name));
            }
            let queue = a.service.as_ref().and_then(|s| self.service(s)?.queue.as_ref()).map(|q| &q.name);
            let gauge = |name: &Arc<str>| {
                let mine = |g: &super::GaugeSpec| g.name == *name && Some(&g.service) == a.service.as_ref();
                queue == Some(name) || self.gauges.iter().any(mine)
            };
            if a.gauge.as_ref().is_some_and(|g| !gauge(g)) {
                bad.push(format!("alert {}: its service has no such gauge", a.name));
            }
            if a.acked.is_some() && a.before().is_none() {
                bad.push(format!(
                    "alert {}: acked is of one that fires before the drill: at below 0 and nothing else",
                    a.name
                ));
            }
            if a.burn.is_some() && a.service.is_none() {
                bad.push(format!("alert {}: a burn is some service's", a.name));
            }
        }
        let times = self.alerts.iter().flat_map(|a| [a.at, a.until, Some(a.late)]).flatten();
        let times = times.chain(self.reports.iter().flat_map(|r| [r.at, r.lasts]));
        let times = times.chain(self.changed.iter().map(|c| c.at)).chain(self.flips.iter().map(|f| f.at));
        let times = times.chain(self.artifacts.iter().map(|a| a.at)).chain(self.flags.iter().filter_map(|f| f.changed));
        if !times.into_iter().all(near) {
            bad.push("alert, report, changed, flag, flip, artifact: times are seconds, within a year".into());
        }
        for f in self.flips.iter().filter(|f| !self.flags.iter().any(|x| x.key == f.key)) {
            bad.push(format!("flip: no flag {}", f.key));
        }
        if self.flags.iter().any(|f| f.share.is_some_and(|s| !percent(s))) {
            bad.push("flag: share is percent".into());
        }
        for a in self.artifacts.iter().filter(|a| !self.has_version(&a.service, &a.version)) {
            bad.push(format!("artifact: {} has no version {}", a.service, a.version));
        }
        for g in &self.gauges {
            if !(g.usual.is_finite() && g.rises.is_finite() && g.most.is_finite()) {
                bad.push(format!("gauge {}: usual, rises and most are numbers", g.name));
            }
            if g.says.matches("{}").count() != 1 {
                bad.push(format!("gauge {}: its sentence has one {{}} for the number", g.name));
            }
        }
        for t in self.teams.iter().filter(|t| t.levels.is_empty()) {
            bad.push(format!("team {}: nobody is on call", t.name));
        }
    }

    fn good_problems(&self, g: &Good, bad: &mut Vec<String>) {
        for act in g.or.iter().chain([&g.act]) {
            self.can_be_done("good", act, &g.on, bad);
        }
        let [from, within, settled] = [g.from, g.within, g.settled.unwrap_or(g.within)];
        if !(0 <= from && from <= within && within <= settled && near(settled)) {
            bad.push(format!("good {}: from, within and settled are seconds in this order", g.act));
        }
        if let Some(v) = g.to.as_ref().filter(|v| !self.has_version(&ServiceId::new(&g.on), v)) {
            bad.push(format!("good {}: {} has no version {v}", g.act, g.on));
        }
    }

    /// Is there such an act, and such a thing to do it to?
    fn can_be_done(&self, word: &str, act: &str, on: &str, bad: &mut Vec<String>) {
        if Intent::from_name(act).is_none() {
            bad.push(format!("{word}: `{act}` is nothing that can be done"));
            return;
        }
        let there = match act {
            "flag-off" | "flag-on" => self.flags.iter().any(|f| &*f.key == on),
            "wake" => self.teams.iter().any(|t| &*t.name == on),
            "silence" => self.alerts.iter().any(|a| &*a.name == on),
            _ => self.service(&ServiceId::new(on)).is_some() || self.alerts.iter().any(|a| &*a.name == on),
        };
        if !there && !on.is_empty() {
            bad.push(format!("{word} {act}: there is no {on} it could be done to"));
        }
    }

    /// Faults of one kind about one service, with their places.
    pub fn faults_of<'a>(
        &'a self,
        kind: FaultKind,
        service: &'a ServiceId,
    ) -> impl Iterator<Item = (usize, &'a Fault)> + 'a {
        self.faults.iter().enumerate().filter(move |(_, f)| f.is_of(kind, service))
    }
}
