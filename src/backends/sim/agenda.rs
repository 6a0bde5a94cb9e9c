//! The desk over time: changes, flags, artifacts, reports and alerts come when the scenario says, people answer when they
//! answer, silences hide while they last. What a person did to the desk stays done. Everything happens at its own world
//! time, however the world is advanced.

use super::scenario::{AlertSpec, ArtifactSpec, Scenario};
use super::traffic::BLOCK;
use super::world::World;
use crate::core::id::ServiceId;
use crate::core::seal::sha256_hex;
use crate::core::time::Utc;
use crate::core::words::on_word;
use crate::core::world::alert::{Alert, Origin};
use crate::core::world::beside::{Artifact, Build, Call, ChangeKind, Changed, Flag, Level, OnCall, Signature};
use crate::core::world::figures::Signal;
use std::sync::Arc;

/// A flapping alert is away, and there again, for so long. Milliseconds.
const FLAP: i64 = 60_000;
/// Somebody acknowledged what fired before the drill so long after it began to. Milliseconds.
const ACKED: i64 = 900_000;

/// What of a scenario's desk was told, in the order of its file.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    changed: Vec<bool>,
    flips: Vec<bool>,
    artifacts: Vec<bool>,
    reports: Vec<bool>,
    rules: Vec<Rule>,
    reverted: usize,
}

/// How a rule stands: since when its conditions hold, since when it fires. Milliseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Rule {
    held: Option<i64>,
    fired: Option<i64>,
}

impl Agenda {
    pub fn new(s: &Scenario) -> Agenda {
        Agenda {
            changed: vec![false; s.changed.len()],
            flips: vec![false; s.flips.len()],
            artifacts: vec![false; s.artifacts.len()],
            reports: vec![false; s.reports.len()],
            rules: vec![Rule::default(); s.alerts.len()],
            reverted: 0,
        }
    }
}

impl World {
    fn after(&self, secs: i64) -> i64 {
        self.scenario.start.0 + secs * 1000
    }

    /// The desk as the drill finds it.
    pub(super) fn desk_begins(&mut self) {
        if self.desk_name.is_none() {
            return;
        }
        let scenario = self.scenario.clone();
        self.desk.flags = scenario
            .flags
            .iter()
            .map(|f| Flag {
                key: f.key.clone(),
                service: f.service.clone(),
                on: f.on,
                share: f.share.map(|s| s / 100.0),
                changed: f.changed.map(|t| Utc(self.after(t))),
                by: f.by.clone(),
                says: f.says.clone(),
            })
            .collect();
        self.desk.teams = scenario
            .teams
            .iter()
            .map(|t| OnCall {
                team: t.name.clone(),
                levels: t.levels.iter().map(|l| Level { person: l.person.clone(), after_secs: l.after }).collect(),
            })
            .collect();
        for (s, r) in scenario.services.iter().zip(&self.rollouts) {
            for set in &r.sets {
                self.desk.artifacts.push(Artifact {
                    service: s.name.clone(),
                    version: set.version.clone(),
                    digest: Some(format!("sha256:{}", sha256_hex(set.image.as_bytes())).into()),
                    signature: Some(Signature::Good { by: "ci".into() }),
                    build: Some(Build::Passed),
                    run: set.cause.clone(),
                    commit: sha256_hex(format!("commit {}", set.image).as_bytes()).get(..7).map(Arc::from),
                    ticket: None,
                    sbom: Some(true),
                    scan: Some((0, Utc(scenario.start.0 - 3_600_000))),
                    served: Some(true),
                    revoked: None,
                    schema: None,
                });
            }
            if let Some(m) = &s.rollout {
                self.desk.changed.push(Changed {
                    id: format!("deploy-{}-{}", s.name, m.version).into(),
                    at: Utc(self.after(-m.past.first().map_or(0, |p| p.ago))),
                    kind: ChangeKind::Deploy,
                    service: Some(s.name.clone()),
                    what: format!("{} {} -> {}", s.name, s.version, m.version).into(),
                    by: m.cause.clone().unwrap_or_else(|| "ci".into()),
                    link: None,
                    at_once: false,
                });
            }
        }
        for (n, spec) in scenario.alerts.iter().enumerate() {
            let Some(since) = spec.before().map(|s| self.after(s)) else { continue };
            self.agenda.rules[n] = Rule { held: Some(since), fired: Some(since) };
            let mut a = alert(spec, alert_id(n), Utc(since));
            a.acked = spec.acked.clone().map(|who| (who, Utc(since + ACKED)));
            self.desk.alerts.all.push(a);
        }
        self.desk_goes_on(false);
        // Whoever connects is told all of it.
        self.pending.clear();
    }

    /// An act may have turned a flag or made a silence.
    pub(super) fn desk_acted(&mut self) {
        if self.desk_name.is_none() {
            return;
        }
        if self.hush() {
            self.tell_desk();
        }
        self.revoked_to_pods();
        self.flags_to_faults();
    }

    /// When something on the desk happens by itself; milliseconds.
    pub(super) fn desk_due(&self) -> Option<i64> {
        self.desk_name.as_ref()?;
        let (s, a) = (&self.scenario, &self.agenda);
        let not_yet = |(told, at): (&bool, i64)| (!told).then(|| self.after(at));
        let changed = a.changed.iter().zip(s.changed.iter().map(|c| c.at)).filter_map(not_yet);
        let flips = a.flips.iter().zip(s.flips.iter().map(|c| c.at)).filter_map(not_yet);
        let artifacts = a.artifacts.iter().zip(s.artifacts.iter().map(|c| c.at)).filter_map(not_yet);
        let reports = a.reports.iter().zip(s.reports.iter().map(|c| c.at)).filter_map(not_yet);
        let calls = self.desk.calls.iter().flat_map(|c| [self.answers(c), self.next_called(c).map(|n| n.0)]).flatten();
        let silences = self.desk.alerts.silences.iter().map(|x| x.until.0).filter(|t| *t > self.now.0);
        let ends = (0..s.faults.len()).filter_map(|n| self.ended_by_call(n));
        let ended = self.reports_standing().map(|(_, until)| until);
        let all = changed.chain(flips).chain(artifacts).chain(reports).chain(calls).chain(silences);
        all.chain(ends).chain(ended).min()
    }

    /// Everything that is due now, and with `rules` the rules are looked at as well.
    pub(super) fn desk_goes_on(&mut self, rules: bool) {
        if self.desk_name.is_none() {
            return;
        }
        let before = self.desk.clone();
        self.changes_come();
        self.people_answer();
        for n in 0..self.scenario.faults.len() {
            if self.ended_by_call(n).is_some_and(|t| t <= self.now.0) {
                self.fault_ends(n);
                self.speaks_again(n);
            }
        }
        self.flags_to_faults();
        self.artifacts_come();
        self.reports_come();
        if rules && !self.quiet {
            for n in 0..self.scenario.alerts.len() {
                self.rule(n);
            }
        }
        self.hush();
        if self.desk != before {
            self.tell_desk();
        }
    }

    fn speaks_again(&mut self, fault: usize) {
        let f = &self.scenario.faults[fault];
        if let Some(i) = f.service.as_ref().and_then(|s| self.at(s)) {
            self.traffic[i].told_again(f.kind, self.now.0);
        }
    }

    fn changes_come(&mut self) {
        let scenario = self.scenario.clone();
        for (n, c) in scenario.changed.iter().enumerate() {
            let at = Utc(self.after(c.at));
            if self.agenda.changed[n] || at > self.now {
                continue;
            }
            self.agenda.changed[n] = true;
            self.desk.changed.push(Changed {
                id: format!("change-{}", n + 1).into(),
                at,
                kind: c.kind.kind(),
                service: c.service.clone(),
                what: c.what.clone(),
                by: c.by.clone(),
                link: c.link.clone(),
                at_once: c.at_once,
            });
        }
        for (n, f) in scenario.flips.iter().enumerate() {
            let at = Utc(self.after(f.at));
            if self.agenda.flips[n] || at > self.now {
                continue;
            }
            self.agenda.flips[n] = true;
            let Some(flag) = self.desk.flags.iter_mut().find(|x| x.key == f.key) else { continue };
            let what = format!("{} {} -> {}", f.key, on_word(flag.on), on_word(f.on));
            (flag.on, flag.changed, flag.by) = (f.on, Some(at), Some(f.by.clone()));
            let service = flag.service.clone();
            self.desk.changed.push(Changed {
                id: format!("flip-{}", n + 1).into(),
                at,
                kind: ChangeKind::Flag,
                service,
                what: what.into(),
                by: f.by.clone(),
                link: None,
                at_once: true,
            });
        }
        self.desk.changed.sort_by_key(|c| c.at);
    }

    /// Somebody set a rollout back to what Git says.
    pub(super) fn changed_by_git(&mut self, service: &ServiceId, by: &Arc<str>) {
        self.agenda.reverted += 1;
        self.desk.changed.push(Changed {
            id: format!("revert-{}", self.agenda.reverted).into(),
            at: self.now,
            kind: ChangeKind::Config,
            service: Some(service.clone()),
            what: format!("{service} set back to what Git says").into(),
            by: by.clone(),
            link: None,
            at_once: true,
        });
        self.tell_desk();
    }

    fn artifacts_come(&mut self) {
        let scenario = self.scenario.clone();
        for (n, spec) in scenario.artifacts.iter().enumerate() {
            let at = self.after(spec.at);
            let unserved = spec.unserved.as_ref().and_then(|id| scenario.fault_at(id));
            let served = unserved.map(|f| !self.live.active(f, self.now.0));
            let all = &mut self.desk.artifacts;
            let Some(a) = all.iter_mut().find(|a| a.service == spec.service && a.version == spec.version) else {
                continue;
            };
            if let Some(served) = served {
                a.served = Some(served);
            }
            if !self.agenda.artifacts[n] && at <= self.now.0 {
                self.agenda.artifacts[n] = true;
                known(a, spec, Utc(at));
            }
        }
    }

    /// Reports that stand, and until when; milliseconds.
    fn reports_standing(&self) -> impl Iterator<Item = (usize, i64)> + '_ {
        self.scenario.reports.iter().enumerate().filter_map(|(n, r)| {
            let id = report_id(n);
            let a = self.desk.alerts.all.iter().find(|a| *a.id == id && a.firing)?;
            Some((n, a.since.0 + r.lasts * 1000))
        })
    }

    fn reports_come(&mut self) {
        let scenario = self.scenario.clone();
        let over: Vec<usize> = self.reports_standing().filter(|(_, t)| *t <= self.now.0).map(|(n, _)| n).collect();
        for n in over {
            let id = report_id(n);
            for a in self.desk.alerts.all.iter_mut().filter(|a| *a.id == id) {
                (a.firing, a.ended) = (false, Some(self.now));
            }
        }
        for (n, r) in scenario.reports.iter().enumerate() {
            if self.agenda.reports[n] || self.after(r.at) > self.now.0 {
                continue;
            }
            self.agenda.reports[n] = true;
            let fault = r.fault.as_ref().and_then(|id| scenario.fault_at(id));
            // Nobody complains of what no longer hurts, nor of what hurts no user any more.
            let hurts = |f: usize| {
                let about_requests = scenario.faults[f].kind.is_about_requests();
                let at = scenario.faults[f].service.as_ref().and_then(|s| self.at(s));
                self.live.active(f, self.now.0) && (!about_requests || at.is_none_or(|i| self.felt(i) > 1e-6))
            };
            if fault.is_some_and(|f| !hurts(f)) {
                continue;
            }
            self.desk.alerts.all.push(Alert {
                id: report_id(n).into(),
                // All of it: what somebody saw is in the last words as often as in the first.
                name: r.says.clone(),
                service: r.service.clone(),
                tier: r.tier.tier(),
                origin: Origin::Report,
                firing: true,
                since: self.now,
                ended: None,
                says: r.says.clone(),
                deploy: None,
                signature: "".into(),
                acked: None,
                silenced: Vec::new(),
                labels: r.service.iter().map(|s| ("service".into(), s.0.clone())).collect(),
            });
        }
    }

    /// When whoever is called answers; `None`: answered, or never.
    fn answers(&self, c: &Call) -> Option<i64> {
        let team = self.scenario.teams.iter().find(|t| t.name == c.team)?;
        let person = team.levels.iter().find(|l| l.person == c.person)?;
        person.answers.filter(|_| c.answered.is_none()).map(|s| c.at.0 + i64::from(s) * 1000)
    }

    /// When the next one is called because nobody answers, and who.
    fn next_called(&self, c: &Call) -> Option<(i64, Arc<str>)> {
        let team = self.scenario.teams.iter().find(|t| t.name == c.team)?;
        let at = team.levels.iter().position(|l| l.person == c.person)?;
        let when = c.at.0 + i64::from(team.levels[at].after) * 1000;
        let next = team.levels.get(at + 1)?;
        let of_team = || self.desk.calls.iter().filter(|o| o.team == c.team && o.at >= c.at);
        let answered = of_team().any(|o| o.answered.is_some()) || self.answers(c).is_some_and(|t| t <= when);
        let called = of_team().any(|o| o.person == next.person);
        (!answered && !called).then(|| (when, next.person.clone()))
    }

    fn people_answer(&mut self) {
        let now = self.now.0;
        for n in 0..self.desk.calls.len() {
            if let Some(at) = self.answers(&self.desk.calls[n]).filter(|t| *t <= now) {
                self.desk.calls[n].answered = Some(Utc(at));
            }
        }
        for n in 0..self.desk.calls.len() {
            let c = self.desk.calls[n].clone();
            if let Some((at, person)) = self.next_called(&c).filter(|(t, _)| *t <= now) {
                self.desk.calls.push(Call { person, at: Utc(at), answered: None, ..c });
            }
        }
    }

    /// When a fault ends because somebody answered; `None`: not yet known, or it is over.
    fn ended_by_call(&self, fault: usize) -> Option<i64> {
        let f = &self.scenario.faults[fault];
        let team = f.ends_on_call.as_ref()?;
        if self.live.is_over(fault) {
            return None;
        }
        let answered = self.desk.calls.iter().filter(|c| c.team == *team).filter_map(|c| c.answered).min()?;
        // Nobody mends what is not broken yet.
        Some(answered.0.max(self.after(f.at)) + f.ends_after * 1000)
    }

    fn rule(&mut self, n: usize) {
        let scenario = self.scenario.clone();
        let spec = &scenario.alerts[n];
        let now = self.now.0;
        let holds = self.rule_holds(spec);
        let rule = &mut self.agenda.rules[n];
        rule.held = if holds { rule.held.or(Some(now)) } else { None };
        let due = rule.held.is_some_and(|t| now - t >= spec.late * 1000);
        rule.fired = if due { rule.fired.or(Some(now)) } else { None };
        let away = |t: i64| {
            let minute = (now - t) / FLAP;
            minute % 2 == 1 && minute < 2 * i64::from(spec.flaps)
        };
        let firing = rule.fired.is_some_and(|t| !away(t));
        let id = alert_id(n);
        match self.desk.alerts.all.iter_mut().find(|a| *a.id == id) {
            Some(a) if a.firing != firing => {
                a.firing = firing;
                (a.since, a.ended) = if firing { (self.now, None) } else { (a.since, Some(self.now)) };
            }
            None if firing => {
                let a = alert(spec, id, self.now);
                self.desk.alerts.all.push(a);
            }
            Some(_) | None => {}
        }
    }

    fn rule_holds(&self, a: &AlertSpec) -> bool {
        let now = self.now.0;
        let i = a.service.as_ref().and_then(|s| self.at(s));
        let time = a.at.is_none_or(|t| now >= self.after(t)) && a.until.is_none_or(|t| now < self.after(t));
        let fault =
            a.fault.as_ref().is_none_or(|id| self.scenario.fault_at(id).is_some_and(|f| self.live.active(f, now)));
        let burn = a.burn.is_none_or(|limit| i.and_then(|i| self.burns(i)).is_some_and(|b| b > limit));
        let gauge = a
            .gauge
            .as_ref()
            .zip(a.over)
            .is_none_or(|(name, over)| i.and_then(|i| self.gauge_named(i, name)).is_some_and(|v| v > over));
        time && fault && burn && gauge
    }

    /// How fast errors of the last five minutes burn the budget, by what telemetry tells. `None`: it tells nothing.
    fn burns(&self, i: usize) -> Option<f64> {
        let rows = self.traffic[i].windows(self.now, Signal::Errors);
        let (_, c) = rows.into_iter().find(|(w, _)| i64::from(*w) == 20 * BLOCK)?;
        let budget = 1.0 - self.scenario.services[i].objective / 100.0;
        (c.total > 0.0).then(|| c.failed / c.total / budget)
    }
}

fn alert_id(n: usize) -> String {
    format!("alert-{}", n + 1)
}

fn report_id(n: usize) -> String {
    format!("report-{}", n + 1)
}

/// What a file says of an artifact is now known.
fn known(a: &mut Artifact, spec: &ArtifactSpec, at: Utc) {
    if let Some(s) = &spec.signature {
        a.signature = Some(match &**s {
            "good" => Signature::Good { by: "ci".into() },
            "absent" => Signature::Absent,
            _ => Signature::Mismatch { says: s.clone() },
        });
    }
    a.sbom = spec.sbom.or(a.sbom);
    a.scan = spec.scan.map(|n| (n, at)).or(a.scan);
    a.schema = spec.schema.clone().or_else(|| a.schema.clone());
    a.run = spec.run.clone().or_else(|| a.run.clone());
    a.commit = spec.commit.clone().or_else(|| a.commit.clone());
    a.ticket = spec.ticket.clone().or_else(|| a.ticket.clone());
}

fn alert(spec: &AlertSpec, id: String, now: Utc) -> Alert {
    let mut labels: Vec<(Arc<str>, Arc<str>)> =
        vec![("alertname".into(), spec.name.clone()), ("severity".into(), spec.tier.tier().word().into())];
    labels.extend(spec.service.iter().map(|s| ("service".into(), s.0.clone())));
    labels.extend(spec.deploy.iter().map(|d| ("deploy".into(), d.clone())));
    if !spec.signature.is_empty() {
        labels.push(("signature".into(), spec.signature.clone()));
    }
    labels.sort();
    Alert {
        id: id.into(),
        name: spec.name.clone(),
        service: spec.service.clone(),
        tier: spec.tier.tier(),
        origin: Origin::Rule,
        firing: true,
        since: now,
        ended: None,
        says: spec.says.clone(),
        deploy: spec.deploy.clone(),
        signature: spec.signature.clone(),
        acked: None,
        silenced: Vec::new(),
        labels,
    }
}
