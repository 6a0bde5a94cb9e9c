//! What stands behind a simulated rollout when somebody looks: its pods, what happened to them, their log lines, the
//! object, and whether going back would work. Read off the world's truth; nothing is made up that the figures do not show.

use super::object;
use super::rollout::{Pod, ReplicaSet, Rollout};
use super::scenario::Fault;
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

fn instance(r: &Rollout, s: &ReplicaSet, at: usize, now: Utc) -> Instance {
    let p: &Pod = &s.pods[at];
    let name = name(r, s, at);
    let (ready, goes) = (p.ready_at <= now.0 && p.gone_at.is_none(), p.gone_at.is_some());
    let node = 1 + (drawn(&name) * NODES as f64) as u64;
    Instance {
        track: track(r, &s.hash),
        hash: Some(s.hash.clone()),
        status: if goes {
            "Terminating"
        } else if ready {
            "Running"
        } else {
            "ContainerCreating"
        }
        .into(),
        ready: (u32::from(ready), 1),
        restarts: 0,
        why: None,
        last_end: None,
        last_end_at: None,
        node: format!("node-{node}").into(),
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
        let (_, r) = self.rollout(id)?;
        let pods = r.sets.iter().flat_map(|s| (0..s.pods.len()).map(move |at| (s, at)));
        let mut e = Evidence {
            target: id.clone(),
            at: self.now,
            instances: pods.map(|(s, at)| instance(r, s, at, self.now)).collect(),
            events: events(r),
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
        let t = (when.0 - self.scenario.start.0).div_euclid(1000);
        let add = self.scenario.faults.iter().find_map(|f| match f {
            Fault::Failures { service, version, add, at, until } => {
                let now = *service == facts.name && *version == s.version && t >= *at && until.is_none_or(|u| t < u);
                now.then_some(*add)
            }
            Fault::Silent { .. } | Fault::PodsStuck { .. } | Fault::ControllerStops { .. } => None,
        });
        let draw = drawn(&format!("{pod} {k}"));
        let (id, ms) = ((draw * 65_536.0) as u32, 8 + (draw * 1e4) as u64 % 40);
        if draw * 100.0 < add.unwrap_or(0.0) {
            return format!("ERROR request {id:04x} failed: 500, TokenParser: unexpected claim 'sub'");
        }
        if draw * 100.0 < add.unwrap_or(0.0) + facts.fails {
            return format!("WARN request {id:04x}: upstream timed out, gave up");
        }
        format!("request {id:04x} 200 in {ms} ms")
    }

    /// The object as its server has it.
    pub fn raw_of(&self, id: &TargetId) -> Option<Raw> {
        let (_, r) = self.rollout(id)?;
        let text = serde_json::to_string_pretty(&object::rollout(r)).unwrap_or_default();
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
        let (_, r) = self.rollout(id)?;
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
            }
        }
        Some(WayBack { target: id.clone(), to, at: self.now, checks })
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
