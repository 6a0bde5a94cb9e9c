//! What stands behind a simulated rollout when somebody looks: its pods, what happened to them, their log lines, the
//! object, and whether going back would work. Read off the world's truth; nothing is made up that the figures do not show.

use super::object;
use super::rollout::{Pod, ReplicaSet, Rollout};
use super::scenario::{Fault, FaultKind};
use super::world::World;
use crate::core::id::{Hash, TargetId};
use crate::core::judge::readiness;
use crate::core::seal::sha256_hex;
use crate::core::time::Utc;
use crate::core::world::evidence::{Event, Evidence, Instance, LogChunk, LogText, LogsOf, Raw, Track, Whose};
use crate::core::world::wayback::{Check, CheckState, WayBack};
use std::sync::Arc;

/// A pod says something this often. Milliseconds.
const EVERY: i64 = 2_000;
/// Lines of a pod that are told at first, and since a deploy at most.
const TAIL: i64 = 120;
const SINCE: i64 = 2_000;
/// Pods of each track whose lines are told.
const PODS: usize = 4;
const NODES: u64 = 6;

/// A number in [0, 1) that belongs to these words for ever.
fn drawn(words: &str) -> f64 {
    let sum = sha256_hex(words.as_bytes());
    let n = u32::from_str_radix(sum.get(..8).unwrap_or("0"), 16).unwrap_or(0);
    f64::from(n) / (f64::from(u32::MAX) + 1.0)
}

/// A pod's name: its set's, and five letters of its own. Pods of one moment are told apart by their place, and the last
/// ones go first.
fn name(r: &Rollout, s: &ReplicaSet, at: usize) -> Arc<str> {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let born = s.pods[at].ready_at;
    let nth = s.pods.iter().take(at).filter(|p| p.ready_at == born).count();
    let sum = sha256_hex(format!("{} {} {born} {nth}", r.id.uid, s.hash.as_str()).as_bytes());
    let own: String = sum.bytes().take(5).map(|b| char::from(LETTERS[usize::from(b) * 7 % LETTERS.len()])).collect();
    format!("{}-{}-{own}", r.id.name, s.hash.as_str()).into()
}

fn track(r: &Rollout, hash: &Hash) -> Track {
    if *hash == r.stable {
        Track::Stable
    } else if *hash == r.current {
        Track::Candidate
    } else {
        Track::Old
    }
}

/// The node a pod runs on, from 1.
fn node(pod: &str) -> u64 {
    1 + (drawn(pod) * NODES as f64) as u64
}

/// The part of a rollout's ready pods that run on these nodes.
pub(super) fn on_nodes(r: &Rollout, nodes: &[u64], now: i64) -> f64 {
    let ready = |p: &Pod| p.gone_at.is_none() && p.ready_at <= now;
    let (mut there, mut all) = (0.0, 0.0);
    for s in &r.sets {
        for at in (0..s.pods.len()).filter(|at| ready(&s.pods[*at])) {
            all += 1.0;
            there += f64::from(u8::from(nodes.contains(&node(&name(r, s, at)))));
        }
    }
    if all > 0.0 { there / all } else { 0.0 }
}

fn instance(r: &Rollout, s: &ReplicaSet, at: usize, now: Utc) -> Instance {
    let p: &Pod = &s.pods[at];
    let name = name(r, s, at);
    let (ready, goes) = (p.ready_at <= now.0 && p.gone_at.is_none(), p.gone_at.is_some());
    let stuck = (p.ready_at >= r.stuck_now(&s.hash, now.0).map_or(i64::MAX, |x| x.until)) && !goes;
    let reason = r.stuck_now(&s.hash, now.0).filter(|_| stuck).map(|x| x.reason.clone());
    Instance {
        track: track(r, &s.hash),
        hash: Some(s.hash.clone()),
        status: if goes {
            "Terminating"
        } else if ready {
            "Running"
        } else {
            reason.as_deref().unwrap_or("ContainerCreating")
        }
        .into(),
        ready: (u32::from(ready), 1),
        restarts: 0,
        why: reason,
        last_end: None,
        last_end_at: None,
        node: format!("node-{}", node(&name)).into(),
        // The world knows when it was ready, not when it was asked for.
        created: Some(Utc(p.ready_at.min(now.0)).max(s.created)),
        containers: vec![r.service.0.clone()],
        probes: Vec::new(),
        name,
    }
}

impl World {
    fn rollout(&self, id: &TargetId) -> Option<(usize, &Rollout)> {
        self.rollouts.iter().enumerate().find(|(_, r)| r.id == *id)
    }

    /// Pods and events of one rollout; `None`: there is none with this name and uid.
    pub fn evidence(&self, id: &TargetId) -> Option<Evidence> {
        let (i, r) = self.rollout(id)?;
        let pods = r.sets.iter().flat_map(|s| (0..s.pods.len()).map(move |at| (s, at)));
        let mut e = Evidence {
            target: id.clone(),
            at: self.now,
            instances: pods.map(|(s, at)| self.killed(i, s, instance(r, s, at, self.now))).collect(),
            events: self.said(i).into_iter().chain(events(r)).collect(),
            probes: Vec::new(),
            unread: Vec::new(),
        };
        e.sort();
        Some(e)
    }

    /// What the pods have written after `from`; `None`: from the beginning of what is told. One chunk for each pod.
    pub fn log_lines(&self, of: &LogsOf, from: Option<Utc>) -> Vec<LogChunk> {
        let Some((i, r)) = self.rollout(&of.target) else { return Vec::new() };
        let mut out = Vec::new();
        let mut told = [0, 0];
        for s in &r.sets {
            let t = track(r, &s.hash);
            for at in 0..s.pods.len() {
                let pod = name(r, s, at);
                let wanted = match &of.whose {
                    Whose::Instance(n) => *n == pod,
                    Whose::Tracks => {
                        let n = &mut told[usize::from(t == Track::Stable)];
                        *n += usize::from(t != Track::Old);
                        t != Track::Old && *n <= PODS
                    }
                };
                if !wanted {
                    continue;
                }
                let mut chunk = LogChunk {
                    of: of.clone(),
                    instance: pod.clone(),
                    container: r.service.0.clone(),
                    track: t,
                    first_seq: 0,
                    lines: Vec::new(),
                    dropped: 0,
                    ended: None,
                };
                if of.previous {
                    chunk.ended = Some("no container of it has ended before".into());
                } else {
                    self.written(i, s, at, from, of.since_deploy, &mut chunk);
                }
                if from.is_none() || !chunk.lines.is_empty() {
                    out.push(chunk);
                }
            }
        }
        out
    }

    fn written(&self, i: usize, s: &ReplicaSet, at: usize, from: Option<Utc>, since: bool, chunk: &mut LogChunk) {
        let born = s.pods[at].ready_at;
        let last = (self.now.0 - born).div_euclid(EVERY);
        let first = match from {
            Some(t) => (t.0 - born).div_euclid(EVERY) + 1,
            None => last - if since { SINCE } else { TAIL },
        };
        let first = first.max(0);
        chunk.first_seq = u64::try_from(first).unwrap_or(0);
        for k in first..=last {
            let when = Utc(born + k * EVERY);
            let text = self.line(i, s, &chunk.instance, k, when);
            chunk.lines.push(LogText { at: Some(when), text: text.into() });
        }
    }

    fn line(&self, i: usize, s: &ReplicaSet, pod: &str, k: i64, when: Utc) -> String {
        let facts = &self.scenario.services[i];
        let then = |(a, b): &(i64, i64)| *a <= when.0 && when.0 < *b;
        let fault = self.scenario.faults.iter().enumerate().find(|(n, f)| {
            f.kind == FaultKind::Failures
                && f.hits(&facts.name, &s.version)
                && self.live.of(*n).iter().any(then)
                && (f.nodes.is_empty() || f.nodes.contains(&node(pod)))
                && f.above.is_none_or(|a| self.traffic[i].rate_at(when.secs()) > a)
        });
        let part = |f: &Fault| {
            let with = f.with.as_deref().and_then(super::scenario::service_and_version);
            f.add * with.map_or(1.0, |(service, version)| self.share_of(&service, version))
        };
        let add = fault.map(|(_, f)| part(f));
        let draw = drawn(&format!("{pod} {k}"));
        let (id, ms) = ((draw * 65_536.0) as u32, 8 + (draw * 1e4) as u64 % 40);
        if draw * 100.0 < add.unwrap_or(0.0) {
            let said = fault.and_then(|(_, f)| f.log.as_deref());
            let said = said.unwrap_or("500, TokenParser: unexpected claim 'sub'");
            return format!("ERROR request {id:04x} failed: {said}");
        }
        if draw * 100.0 < add.unwrap_or(0.0) + facts.fails {
            return format!("WARN request {id:04x}: upstream timed out, gave up");
        }
        format!("request {id:04x} 200 in {ms} ms")
    }

    /// The object as its server has it.
    pub fn raw_of(&self, id: &TargetId) -> Option<Raw> {
        let (_, r) = self.rollout(id)?;
        let text = serde_json::to_string_pretty(&object::whole(r)).unwrap_or_default();
        let by = |m: &Option<crate::core::world::target::Manager>, what: &str| {
            let m = m.as_ref()?;
            let at = m.at.map(|t| format!(", {}", t.rfc3339())).unwrap_or_default();
            Some(Arc::from(format!("{}{at}: {what}", m.name)))
        };
        let managers = by(&r.held_by, "spec.paused").into_iter().chain(by(&r.aborted_by, "status.abort")).collect();
        Some(Raw { target: id.clone(), at: self.now, text: text.into(), managers })
    }

    /// Would going back work? By what the world has: its sets, its pods, its controller.
    pub fn way_back(&self, id: &TargetId) -> Option<WayBack> {
        let (i, r) = self.rollout(id)?;
        let state = r.state(self.now);
        let to = readiness::back_to(&state).map(|r| r.hash.clone());
        let set = to.as_ref().and_then(|h| r.set(h));
        let line = |name: &str, state, how: String| Check { name: name.into(), state, how: how.into() };
        let mut checks = Vec::new();
        match set {
            None => checks.push(line("old revision", CheckState::Blocked, "no older revision is kept".into())),
            Some(s) => {
                let (ready, wanted) = (s.ready(self.now.0), r.replicas);
                let pods = if ready >= wanted {
                    format!("{ready} pods ready")
                } else {
                    format!("{ready} of {wanted} pods ready")
                };
                checks.push(line("old revision", CheckState::Ok, format!("{} kept, {pods}", s.version)));
                let how = match wanted.saturating_sub(ready) {
                    0 => format!("its {ready} pods run: none has to start"),
                    n => format!("{n} pods must start, {NODES} nodes have room"),
                };
                checks.push(line("room", CheckState::Ok, how));
                checks.push(line("pull secret", CheckState::Ok, "the old version names none".into()));
                let how = "the old version names no ConfigMap and no Secret".into();
                checks.push(line("config and secrets", CheckState::Ok, how));
                checks.push(line("disruption budget", CheckState::Ok, "none is about its pods".into()));
                checks.push(line("autoscaler", CheckState::Ok, "none scales it".into()));
                checks.extend(self.against(i, r, s));
            }
        }
        Some(WayBack { target: id.clone(), to, at: self.now, checks })
    }
}

impl World {
    /// What speaks against going back to a version, where anything does.
    fn against(&self, i: usize, r: &Rollout, s: &ReplicaSet) -> Vec<Check> {
        let line = |name: &str, state, how: String| Check { name: name.into(), state, how: how.into() };
        let mut out = Vec::new();
        let short = s.ready(self.now.0) < r.replicas;
        if let Some(stuck) = r.stuck_now(&s.hash, self.now.0).filter(|_| short) {
            let event = self.scenario.faults.get(stuck.fault).and_then(|f| f.event.as_deref());
            let why = event.and_then(|e| e.split_once(": ")).map(|e| e.1);
            let how = format!("its pods do not start ({}): {}", stuck.reason, why.unwrap_or("nobody knows why"));
            out.push(line("starts", CheckState::Blocked, how));
        }
        let late: i64 = r.slow.iter().filter(|x| short && x.holds(&s.hash, self.now.0)).map(|x| x.more / 1000).sum();
        if late > 0 {
            out.push(line("starts", CheckState::Warn, format!("pods took {late} s longer than usual to start")));
        }
        let service = &self.scenario.services[i].name;
        let find = |v: &Arc<str>| self.desk.artifacts.iter().find(|a| a.service == *service && a.version == *v);
        if find(&s.version).is_some_and(|a| a.served == Some(false)) {
            let how = format!("the registry does not serve {} now", s.version);
            out.push(line("image", if short { CheckState::Blocked } else { CheckState::Warn }, how));
        }
        if let Some(what) = r.set(&r.current).and_then(|c| find(&c.version)).and_then(|a| a.schema.clone()) {
            out.push(line("schema", CheckState::Warn, format!("going back leaves this: {what}")));
        }
        out
    }

    /// What faults and gauges show among a service's events.
    fn said(&self, i: usize) -> Vec<Event> {
        let service = &self.scenario.services[i].name;
        let object: Arc<str> = format!("Service {service}").into();
        let mut out = Vec::new();
        for (n, f) in self.scenario.faults.iter().enumerate().filter(|(_, f)| f.service.as_ref() == Some(service)) {
            let said = f.event.as_deref().and_then(|e| e.split_once(": "));
            let (Some(since), Some((reason, note))) = (self.live.since(n, self.now.0), said) else { continue };
            // Nothing is said of pods before there is one that it happens to.
            let mut pods = self.rollouts[i].sets.iter().flat_map(|s| &s.pods);
            let seen = match f.kind {
                FaultKind::PodsStuck => pods.any(|p| p.gone_at.is_none() && p.ready_at > self.now.0),
                FaultKind::PodsLinger => pods.any(|p| p.stays),
                _ => true,
            };
            if !seen {
                continue;
            }
            out.push(Event {
                at: Some(Utc(since)),
                warning: true,
                reason: reason.into(),
                object: object.clone(),
                note: note.into(),
                count: 1,
            });
        }
        for (name, warning, note) in self.gauges_of(i) {
            let at = Some(self.now);
            let object = format!("Gauge {name}").into();
            out.push(Event { at, warning, reason: "Measured".into(), object, note: note.into(), count: 1 });
        }
        out
    }

    /// A pod whose memory grew to its limit was killed and started again.
    fn killed(&self, i: usize, s: &ReplicaSet, mut pod: Instance) -> Instance {
        let facts = &self.scenario.services[i];
        for (n, f) in self.scenario.faults_of(FaultKind::Leak, &facts.name) {
            let (Some(since), true) = (self.live.since(n, self.now.0), f.hits(&facts.name, &s.version)) else {
                continue;
            };
            let period = facts.memory / f.per_hour.unwrap_or(1.0) * 3_600_000.0;
            // Not all at once: each began with something in its hands.
            let since = since.max(pod.created.map_or(since, |c| c.0)) as f64 - 0.2 * period * drawn(&pod.name);
            let times = ((self.now.0 as f64 - since) / period).max(0.0);
            if times < 1.0 {
                continue;
            }
            pod.restarts = times as u32;
            pod.last_end = Some("OOMKilled (137)".into());
            let last = since + f64::from(pod.restarts) * period;
            pod.last_end_at = Some(Utc(last as i64));
            pod.why = Some("OOMKilled".into()).filter(|_| self.now.0 as f64 - last < 25_000.0);
            if pod.why.is_some() {
                (pod.ready.0, pod.status) = (0, "CrashLoopBackOff".into());
            }
        }
        pod
    }
}

/// What the controller would have written, from what it remembers.
fn events(r: &Rollout) -> Vec<Event> {
    let object: Arc<str> = format!("Rollout {}", r.id.name).into();
    let one = |at: Utc, warning: bool, reason: &str, note: String| Event {
        at: Some(at),
        warning,
        reason: reason.into(),
        object: object.clone(),
        note: note.into(),
        count: 1,
    };
    let mut out = Vec::new();
    if let Some(s) = r.set(&r.current).filter(|_| r.moving()) {
        out.push(one(s.created, false, "RolloutUpdated", format!("Rollout updated to revision {}", s.number)));
    }
    if let Some(since) = r.gate {
        let note = format!("Rollout is paused at step {} of {}", r.step + 1, r.steps.len());
        out.push(one(Utc(since), false, "RolloutPaused", note));
    }
    if let (Some(at), Some(s)) = (r.aborted_at, r.set(&r.current)) {
        out.push(one(at, true, "RolloutAborted", format!("Rollout aborted update to revision {}", s.number)));
    }
    out.sort_by_key(|e| std::cmp::Reverse(e.at));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::sim::Scenario;

    fn world() -> (World, TargetId) {
        let mut w = World::new(Scenario::embedded("f1").expect("shipped"), 1);
        w.advance_to(Utc(w.now().0 + 120_000));
        let id = w.targets().into_iter().find(|t| &*t.name == "checkout").expect("there");
        (w, id)
    }

    #[test]
    fn pods_are_those_of_the_figures_and_keep_their_names() {
        let (mut w, id) = world();
        let e = w.evidence(&id).expect("there");
        let t = w.state(&id).expect("there");
        let of = |track| e.instances.iter().filter(|i| i.track == track).count() as u32;
        assert_eq!(of(Track::Candidate), t.candidate_revision().expect("moves").replicas.existing);
        assert_eq!(of(Track::Stable), t.stable_revision().expect("there").replicas.existing);
        let names: std::collections::BTreeSet<_> = e.instances.iter().map(|i| i.name.clone()).collect();
        assert_eq!(names.len(), e.instances.len());
        w.advance_to(Utc(w.now().0 + 5_000));
        let again: std::collections::BTreeSet<_> =
            w.evidence(&id).expect("there").instances.iter().map(|i| i.name.clone()).collect();
        assert_eq!(names, again);
        assert!(e.events.iter().any(|x| &*x.reason == "RolloutPaused"));
    }

    #[test]
    fn lines_are_the_same_however_they_are_fetched_and_show_what_the_figures_show() {
        let (mut w, id) = world();
        let of = LogsOf { target: id, whose: Whose::Tracks, previous: false, since_deploy: false };
        let early = w.log_lines(&of, None);
        let then = w.now();
        w.advance_to(Utc(then.0 + 10_000));
        let more = w.log_lines(&of, Some(then));
        let whole = w.log_lines(&of, None);
        let (a, b, all) = (&early[0], &more[0], &whole[0]);
        assert_eq!(a.first_seq + a.lines.len() as u64, b.first_seq, "no gap and nothing twice");
        let tail = |c: &LogChunk, n: usize| c.lines[c.lines.len() - n..].to_vec();
        assert_eq!(tail(all, b.lines.len()), b.lines);
        let errors = |t: Track| {
            let of_track = whole.iter().filter(|c| c.track == t).flat_map(|c| &c.lines);
            of_track.filter(|l| l.text.starts_with("ERROR")).count()
        };
        assert!(errors(Track::Candidate) > 0 && errors(Track::Stable) == 0);
    }

    #[test]
    fn the_way_back_is_counted_from_what_is_there() {
        let (w, id) = world();
        let back = w.way_back(&id).expect("there");
        assert_eq!(back.to, w.state(&id).and_then(|t| t.stable));
        assert_eq!(back.checks.iter().filter(|c| c.state == CheckState::Ok).count(), 6);
        assert!(w.raw_of(&id).expect("there").text.contains("\"kind\": \"Rollout\""));
    }
}
