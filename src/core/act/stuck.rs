//! Why an act that has left does not settle, what its lever is, and how both are said. Pure: the act, the target as it
//! is now, and what is known of the controller that has to carry the wish out. Sends nothing and decides nothing.

use super::flight::Act;
use super::hand;
use super::plan::{Direction, Primitive, Verb, Way};
use crate::core::age;
use crate::core::id::Hash;
use crate::core::intent::Intent;
use crate::core::time::Utc;
use crate::core::world::World;
use crate::core::world::source::Controller;
use crate::core::world::target::{Revision, Strategy, TargetState};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What hinders it, by kind. A record carries the kind beside the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    Gone,
    /// The controller refuses the object as it stands.
    Invalid,
    /// The controller's lease has run out: nobody carries anything out.
    ControllerAbsent,
    /// Stored, and nobody has reacted.
    NoReaction,
    /// A full promotion under way makes the controller drop an abort (kubernetes-rollouts 2.3).
    PromotingFull,
    RevertedByGit,
    /// A person's pause freezes it.
    Held,
    Quota,
    /// An admission webhook or a policy denies its pods.
    Policy,
    ImagePull,
    CrashLoop,
    Probe,
    Unschedulable,
    /// A disruption budget blocks evictions.
    Disruption,
    Deadline,
    PodsLeft,
    Other,
}

impl Reason {
    pub const ALL: [Reason; 17] = [
        Reason::Gone,
        Reason::Invalid,
        Reason::ControllerAbsent,
        Reason::NoReaction,
        Reason::PromotingFull,
        Reason::RevertedByGit,
        Reason::Held,
        Reason::Quota,
        Reason::Policy,
        Reason::ImagePull,
        Reason::CrashLoop,
        Reason::Probe,
        Reason::Unschedulable,
        Reason::Disruption,
        Reason::Deadline,
        Reason::PodsLeft,
        Reason::Other,
    ];

    /// As records spell it.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Gone => "gone",
            Reason::Invalid => "invalid",
            Reason::ControllerAbsent => "controller-absent",
            Reason::NoReaction => "no-reaction",
            Reason::PromotingFull => "promoting-full",
            Reason::RevertedByGit => "reverted-by-git",
            Reason::Held => "held",
            Reason::Quota => "quota",
            Reason::Policy => "policy",
            Reason::ImagePull => "image-pull",
            Reason::CrashLoop => "crash-loop",
            Reason::Probe => "probe",
            Reason::Unschedulable => "unschedulable",
            Reason::Disruption => "disruption-budget",
            Reason::Deadline => "deadline",
            Reason::PodsLeft => "pods-left",
            Reason::Other => "other",
        }
    }

    /// What is wrong with pods of which this is said. The server's words are matched leniently: an unknown one is `Other`.
    pub fn of_pods(said: &str) -> Reason {
        let s = said.to_lowercase();
        let has = |all: &[&str]| all.iter().any(|w| s.contains(w));
        if has(&["quota"]) {
            Reason::Quota
        } else if has(&["webhook", "denied", "policy", "forbidden"]) {
            Reason::Policy
        } else if has(&["imagepull", "errimage", "invalidimage", "registryunavailable", "image pull"]) {
            Reason::ImagePull
        } else if has(&["unschedulable", "insufficient", "nodes are available", "schedulinggated"]) {
            Reason::Unschedulable
        } else if has(&["disruption", "evict"]) {
            Reason::Disruption
        } else if has(&["crashloop", "exitcode", "oomkilled", "starterror", "runcontainererror"]) || s == "error" {
            Reason::CrashLoop
        } else if has(&["notready", "probe", "unhealthy"]) {
            Reason::Probe
        } else {
            Reason::Other
        }
    }

    /// `do not start: the image cannot be pulled`; of one pod `does not start: ...`.
    fn of_pods_words(self, n: u32) -> &'static str {
        let of = |one, many| if n == 1 { one } else { many };
        match self {
            Reason::Quota => of("is not created: the quota is used up", "are not created: the quota is used up"),
            Reason::Policy => of("is not created: a policy denies it", "are not created: a policy denies them"),
            Reason::ImagePull => {
                of("does not start: the image cannot be pulled", "do not start: the image cannot be pulled")
            }
            Reason::CrashLoop => of("starts and crashes again", "start and crash again"),
            Reason::Probe => of("runs and is not ready: its probe fails", "run and are not ready: their probe fails"),
            Reason::Unschedulable => {
                of("has no node: nothing has room for it", "have no node: nothing has room for them")
            }
            Reason::Disruption => {
                of("is not evicted: a disruption budget blocks it", "are not evicted: a disruption budget blocks it")
            }
            Reason::Gone
            | Reason::Invalid
            | Reason::ControllerAbsent
            | Reason::NoReaction
            | Reason::PromotingFull
            | Reason::RevertedByGit
            | Reason::Held
            | Reason::Deadline
            | Reason::PodsLeft
            | Reason::Other => of("is not ready", "are not ready"),
        }
    }
}

/// What to press next, and what it would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lever {
    pub intent: Intent,
    pub words: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    pub reason: Reason,
    /// After `because`.
    pub words: Arc<str>,
    pub lever: Option<Lever>,
    /// What helps beside a key, outside andon.
    pub helps: Option<&'static str>,
}

/// The controller that carries out what is asked of such a target, by the name its lease has.
fn controller_name(kind: &str) -> Option<&'static str> {
    match kind {
        "Rollout" => Some("argo-rollouts"),
        "Canary" => Some("flagger"),
        "Deployment" | "StatefulSet" | "DaemonSet" => Some("kube-controller-manager"),
        _ => None,
    }
}

/// How long its lease has been over. `None`: it is held, or nobody could read it.
fn absent(kind: &str, all: &[Controller], now: Utc) -> Option<(Arc<str>, i64)> {
    let name = controller_name(kind)?;
    let mut of = all.iter().filter(|c| c.name.contains(name)).peekable();
    of.peek()?;
    let over = |c: &Controller| c.renewed.map(|at| (c.name.clone(), now.since(at), c.lasts_ms));
    // One of several that holds its lease is enough.
    let all: Vec<_> = of.map(over).collect::<Option<_>>()?;
    let youngest = all.into_iter().min_by_key(|c| c.1)?;
    (youngest.1 > youngest.2).then_some((youngest.0, youngest.1))
}

/// Read off the world as it is now.
pub fn of(act: &Act, world: &World, now: Utc) -> Stuck {
    let state = world.targets.get(act.target());
    let source = world.sources.get(&act.target().source);
    // Leases are stamped by the server's clock.
    let skew = source.and_then(|s| s.abilities.skew_ms).unwrap_or(0);
    let controllers = source.map_or(&[][..], |s| &s.abilities.controllers);
    why(act, state, controllers, Utc(now.0 + skew))
}

/// See [`of`]. `now`: by the server's clock.
pub fn why(act: &Act, state: Option<&TargetState>, controllers: &[Controller], now: Utc) -> Stuck {
    let (reason, words) = reason(act, state, controllers, now);
    Stuck { reason, words: words.into(), lever: lever(act, state, reason), helps: helps(reason) }
}

fn reason(act: &Act, state: Option<&TargetState>, controllers: &[Controller], now: Utc) -> (Reason, String) {
    let Some(t) = state else { return (Reason::Gone, "the target is gone".into()) };
    if let Some(why) = &t.invalid {
        return (Reason::Invalid, format!("the controller refuses the object: {why}"));
    }
    let way = act.plan.primitive.way();
    if let Some(by) = git_took_back(act, t) {
        return (Reason::RevertedByGit, format!("{by} reverted it: the spec asks for the other version again"));
    }
    if let Some((name, over)) = absent(&t.id.kind, controllers, now) {
        let over = age::rough(over);
        return (
            Reason::ControllerAbsent,
            format!("{name} has not renewed its lease for {over}: nobody carries it out, the wish stays stored"),
        );
    }
    if way == Way::Abort && t.promoting_full && !t.aborted {
        return (Reason::PromotingFull, "a full promotion is under way and overrides the abort".into());
    }
    if !act.reacted() {
        let why = "no reaction from the controller; the wish stays stored and is carried out when it comes back";
        return (Reason::NoReaction, why.into());
    }
    if let Some((reason, words)) = pods(act, t) {
        return (reason, words);
    }
    if t.held && way != Way::Pause {
        let by = hand::of_pause(t, None).map(|m| format!(" by {}", hand::named(&m.name))).unwrap_or_default();
        return (Reason::Held, format!("it is held{by}: a pause freezes it half-way"));
    }
    if act.plan.operation.verb == Verb::Restart && t.detail.restarting {
        let why = "pods wait to be evicted: a disruption budget may block it";
        return (Reason::Disruption, why.into());
    }
    if let Some(why) = deadline(t) {
        return (Reason::Deadline, why);
    }
    if let Some(step) = act.current().filter(|_| act.awaits()) {
        let (n, of) = (act.step + 1, act.plan.steps.len());
        let why = format!("step {n} of {of}, {}, is not sent: what it waits for does not show", step.title);
        return (Reason::Other, why);
    }
    let left: u32 = act.plan.from.as_ref().filter(|_| act.plan.from != act.plan.to).map_or(0, |h| t.existing_of(h));
    if left > 0 {
        let version = act.plan.from.as_ref().map(|h| t.called(h)).unwrap_or_default();
        let (pods, run) = if left == 1 { ("pod", "runs") } else { ("pods", "run") };
        return (Reason::PodsLeft, format!("{left} {pods} of {version} still {run}"));
    }
    (Reason::Other, if t.message.is_empty() { t.phase.word().into() } else { t.message.to_string() })
}

/// An undo or a pause that had shown and that a Git tool has overwritten since.
fn git_took_back(act: &Act, t: &TargetState) -> Option<String> {
    let sent = act.sent.map(|s| s.utc);
    let by = match act.plan.primitive.way() {
        Way::Undo if act.plan.from != act.plan.to && t.candidate == act.plan.from => hand::of_template(t, sent),
        Way::Pause if !t.held => hand::newest(t, &["spec.paused", "spec.suspend"], sent),
        Way::Undo | Way::Pause | Way::Abort | Way::Forward => None,
    }?;
    hand::is_git(&by.name).then(|| hand::named(&by.name))
}

/// What pods say, those of the version gone to first: they are what is waited for.
fn pods(act: &Act, t: &TargetState) -> Option<(Reason, String)> {
    let to = act.plan.to.as_ref();
    let said = |r: &Revision| {
        let worst = r.trouble.iter().max_by_key(|x| x.count)?;
        let reason = Reason::of_pods(&worst.reason);
        let n = worst.count;
        let pods = if n == 1 { "pod" } else { "pods" };
        let told = if reason == Reason::Other || worst.reason.len() > 24 { ": " } else { " (" };
        let end = if told == " (" { ")" } else { "" };
        let words =
            format!("{n} {pods} of {} {}{told}{}{end}", t.called(&r.hash), reason.of_pods_words(n), worst.reason);
        Some((reason, words))
    };
    let of_new = to.and_then(|h| t.revision(h)).and_then(said);
    let condition = || {
        let c = t.detail.conditions.iter().find(|c| &*c.kind == "ReplicaFailure" && &*c.status == "True")?;
        let reason = match Reason::of_pods(&c.message) {
            Reason::Other => Reason::of_pods(&c.reason),
            known => known,
        };
        Some((reason, format!("pods {}: {}", reason.of_pods_words(2), c.message)))
    };
    // A broken pod of the version left blocks the way only where pods go one after the other.
    let blocks = |r: &&Revision| r.replicas.existing > 0 && (t.strategy == Strategy::Ordered || to.is_none());
    // "FailedCreate" of its pods says less than the condition, which quotes the API server.
    let told = match of_new {
        Some((Reason::Other, _)) => condition().or(of_new),
        known => known.or_else(condition),
    };
    told.or_else(|| t.revisions.iter().filter(blocks).find_map(said))
}

fn deadline(t: &TargetState) -> Option<String> {
    let c = t.detail.conditions.iter().find(|c| &*c.reason == "ProgressDeadlineExceeded");
    let said = c.map(|c| c.message.clone()).filter(|m| !m.is_empty());
    let told = t.message.contains("ProgressDeadlineExceeded") || t.message.contains("timed out progressing");
    match (said, c.is_some() || told) {
        (Some(m), _) => Some(format!("its progress deadline is over: {m}")),
        (None, true) => Some("its progress deadline is over".into()),
        (None, false) => None,
    }
}

fn version(t: Option<&TargetState>, act: &Act, h: Option<&Hash>) -> String {
    let Some(h) = h else { return "the old version".into() };
    t.map_or_else(|| act.seen.called(h), |t| t.called(h)).to_string()
}

/// What to press. A lever goes back wherever one does: it needs no arming.
fn lever(act: &Act, t: Option<&TargetState>, reason: Reason) -> Option<Lever> {
    let pull = |intent, words: String| Some(Lever { intent, words: words.into() });
    if act.direction() == Direction::Forward {
        let old = version(t, act, t.and_then(|t| t.stable.as_ref()));
        return match reason {
            Reason::Gone => None,
            Reason::Held => pull(Intent::Resume, "lift the pause".into()),
            Reason::ControllerAbsent | Reason::NoReaction => {
                pull(Intent::RollBack, format!("back to {old}: it is carried out in place of this wish"))
            }
            _ if act.plan.operation.verb == Verb::Restart && t.is_some_and(|t| !t.is_moving()) => None,
            _ => pull(Intent::RollBack, format!("back to {old}")),
        };
    }
    let to = version(t, act, act.plan.to.as_ref());
    if act.plan.operation.verb == Verb::Hold {
        return match reason {
            Reason::Gone => None,
            Reason::RevertedByGit => pull(Intent::RollBack, "back instead: an abort is not in Git's hands".into()),
            _ => pull(Intent::RollBack, "back instead of holding".into()),
        };
    }
    match reason {
        Reason::Gone | Reason::ControllerAbsent | Reason::Quota => None,
        Reason::PromotingFull => pull(Intent::RollBack, "again: ends the full promotion in the same request".into()),
        Reason::Held => pull(Intent::RollBack, "again: lifts the pause with it".into()),
        Reason::RevertedByGit if t.is_some_and(|t| t.is_moving() && !t.aborted) => {
            pull(Intent::RollBack, "abort: Git does not take that back".into())
        }
        Reason::RevertedByGit => None,
        Reason::ImagePull | Reason::CrashLoop | Reason::Probe | Reason::Policy | Reason::Unschedulable
            if t.is_some_and(|t| t.strategy == Strategy::Ordered) =>
        {
            pull(Intent::RollBack, format!("again: to {to}, with the pod that blocks it"))
        }
        Reason::ImagePull
        | Reason::CrashLoop
        | Reason::Probe
        | Reason::Policy
        | Reason::Unschedulable
        | Reason::Invalid => pull(Intent::RollBackTo, format!("another version than {to}")),
        Reason::NoReaction | Reason::Disruption | Reason::Deadline | Reason::PodsLeft | Reason::Other => next(act, t),
    }
}

/// The lever of an act under way, for when its deadline passes and nothing else is said to hinder it.
pub fn next(act: &Act, t: Option<&TargetState>) -> Option<Lever> {
    let pull = |words: String| Some(Lever { intent: Intent::RollBack, words: words.into() });
    let to = version(t, act, act.plan.to.as_ref());
    match (act.direction(), act.plan.primitive) {
        (Direction::Forward, _) => lever(act, t, Reason::Other),
        (Direction::Backward, Primitive::Pause) => pull("back instead of holding".into()),
        // Aborted: going back once more asks for the old version in the spec, the surest way of all.
        (Direction::Backward, _) if t.is_some_and(|t| t.aborted) => pull(format!("undo to {to} in the spec")),
        (Direction::Backward, _) => pull("again, by what fits then".into()),
    }
}

fn helps(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::ControllerAbsent => Some("bring its controller back: it then carries the wish out"),
        Reason::Quota => Some("free some of the quota: it then goes on by itself"),
        Reason::Unschedulable => Some("make room on the nodes: it then goes on by itself"),
        Reason::RevertedByGit => Some("revert it in Git"),
        Reason::Disruption => Some("see which disruption budget allows none"),
        Reason::Policy => Some("ask who owns the policy"),
        Reason::Gone
        | Reason::Invalid
        | Reason::NoReaction
        | Reason::PromotingFull
        | Reason::Held
        | Reason::ImagePull
        | Reason::CrashLoop
        | Reason::Probe
        | Reason::Deadline
        | Reason::PodsLeft
        | Reason::Other => None,
    }
}

/// A wish that the controller took back without carrying it out: what is said of it.
pub fn took_back(act: &Act, t: Option<&TargetState>) -> String {
    let sent = act.sent.map(|s| s.utc);
    let why = match (act.plan.primitive.way(), t) {
        (_, None) => "the target is gone".to_owned(),
        (_, Some(t)) if t.invalid.is_some() => t.invalid.as_deref().unwrap_or_default().to_owned(),
        (Way::Abort, Some(t)) if t.promoting_full => "a full promotion is under way and overrides the abort".into(),
        (Way::Abort, Some(t)) if !t.is_moving() => "it was fully promoted before the abort was looked at".into(),
        (Way::Abort, Some(t)) => match hand::newest(t, &["status.abort"], sent).filter(|m| &*m.name != hand::OURS) {
            Some(m) => format!("the abort was {}", hand::taken_back(&hand::named(&m.name))),
            None => "the abort vanished without effect".into(),
        },
        (Way::Undo | Way::Pause | Way::Forward, Some(t)) if t.held => "it is held, and the wish was dropped".into(),
        (Way::Undo | Way::Pause | Way::Forward, Some(_)) => "the wish vanished without effect".into(),
    };
    format!("the controller refused: {why}")
}

#[cfg(test)]
#[path = "stuck_tests.rs"]
mod tests;
