//! What a Rollout says of itself beyond version, step and weight: its analysis, colours, template's home, drift. Pure;
//! made from rows around it. Knows nothing of acts.

use super::phase;
use super::runs::RunRow;
use crate::backends::kubernetes::around::Around;
use crate::backends::kubernetes::dto::{Rollout, RunStatus};
use crate::backends::kubernetes::story::DEADLINE_SECS;
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::detail::{Analysis, Colours, Condition, Detail, Role, Workload};
use crate::core::world::target::{Revision, called};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Runs kept of one change: the current ones and the latest before them.
const CHECKS: usize = 12;

/// What is known of the Rollout itself when its detail is made.
pub struct Known<'a> {
    pub rollout: &'a Rollout,
    pub uid: &'a str,
    pub name: &'a str,
    pub candidate: Option<&'a Hash>,
    pub stable: Option<&'a Hash>,
    pub revisions: &'a [Revision],
    /// When the change under way began, or the last one ended.
    pub since: Option<Utc>,
    pub read_at: Utc,
}

/// All but `writers`, which only the whole object tells.
pub fn detail(k: &Known<'_>, around: &Around<'_>) -> Detail {
    let r = k.rollout;
    let own: BTreeSet<&str> = around.sets.iter().map(|s| &*s.uid).collect();
    let hash = |h: &Option<Arc<str>>| h.clone().filter(|h| !h.is_empty()).map(Hash);
    Detail {
        checks: checks(k, &around.runs),
        colours: r.spec.strategy.blue_green.as_ref().map(|b| Colours {
            active: hash(&r.status.blue_green.active_selector),
            preview: hash(&r.status.blue_green.preview_selector),
            auto: b.auto_promotion_enabled != Some(false),
            // With auto-promotion off it waits for a person, whatever the seconds say.
            auto_after: b
                .auto_promotion_seconds
                .filter(|_| b.auto_promotion_enabled != Some(false))
                .and_then(|s| u64::try_from(s).ok())
                .filter(|s| *s > 0),
        }),
        workload: r.spec.workload_ref.as_ref().map(|w| Workload {
            kind: w.kind.clone().unwrap_or_else(|| "?".into()),
            name: w.name.clone().unwrap_or_else(|| "?".into()),
        }),
        scalers: around
            .scalers
            .iter()
            .filter(|s| &*s.kind == "Rollout" && &*s.target == k.name)
            .map(|s| s.scaler.clone())
            .collect(),
        conditions: conditions(r),
        drift: drift(k, around, &own),
        restarts: around.pods.iter().filter(|p| own.contains(&*p.owner)).fold(0, |n, p| n.saturating_add(p.restarts)),
        abort_pending: phase::abort_pending(r),
        restarting: r.spec.restart_at.is_some() && r.spec.restart_at != r.status.restarted_at,
        restarted: phase::utc(r.status.restarted_at.as_ref()),
        ..Detail::default()
    }
}

/// Runs the status names as current, in the order a person asks for them.
fn current(r: &Rollout) -> Vec<(Role, RunStatus)> {
    let (canary, blue) = (&r.status.canary, &r.status.blue_green);
    let experiment = canary.current_experiment.clone().filter(|n| !n.is_empty()).map(|name| RunStatus {
        name: Some(name),
        status: Some("Running".into()),
        message: None,
    });
    [
        (Role::Step, canary.current_step_analysis_run_status.clone()),
        (Role::PrePromotion, blue.pre_promotion_analysis_run_status.clone()),
        (Role::PostPromotion, blue.post_promotion_analysis_run_status.clone()),
        (Role::Experiment, experiment),
        (Role::Background, canary.current_background_analysis_run_status.clone()),
    ]
    .into_iter()
    .filter_map(|(role, s)| Some((role, s?)))
    .filter(|(_, s)| s.name.as_ref().is_some_and(|n| !n.is_empty()))
    .collect()
}

fn checks(k: &Known<'_>, runs: &[&RunRow]) -> Vec<Analysis> {
    let experiments: BTreeSet<&str> =
        runs.iter().filter(|r| &*r.owner == k.uid && r.analysis.role == Role::Experiment).map(|r| &*r.uid).collect();
    let own = |r: &&&RunRow| &*r.owner == k.uid || experiments.contains(&*r.owner);
    let mut all: Vec<Analysis> = Vec::new();
    for (role, named) in current(k.rollout) {
        let name = named.name.unwrap_or_default();
        let known = runs.iter().filter(own).find(|r| r.analysis.name == name).map(|r| r.analysis.clone());
        // The status names it before its own object is read, or where it may not be read at all.
        all.push(known.unwrap_or_else(|| Analysis {
            kind: if role == Role::Experiment { "Experiment" } else { "AnalysisRun" }.into(),
            name,
            uid: "".into(),
            role,
            phase: named.status.filter(|s| !s.is_empty()).unwrap_or_else(|| "Pending".into()),
            message: named.message.unwrap_or_default(),
            started: None,
            terminated: false,
            metrics: Vec::new(),
        }));
    }
    let mut rest: Vec<Analysis> = runs
        .iter()
        .filter(own)
        .filter(|r| r.hash.as_deref() == k.candidate.map(Hash::as_str) || experiments.contains(&*r.owner))
        .filter(|r| all.iter().all(|c| c.name != r.analysis.name))
        .map(|r| {
            let mut a = r.analysis.clone();
            if experiments.contains(&*r.owner) {
                a.role = Role::Experiment;
            }
            a
        })
        .collect();
    rest.sort_by(|a, b| (b.started, &b.name).cmp(&(a.started, &a.name)));
    all.extend(rest);
    all.truncate(CHECKS);
    all
}

/// Those that explain a standstill; the rest repeats the phase.
fn conditions(r: &Rollout) -> Vec<Condition> {
    let explains = |kind: &str, status: &str, reason: &str| match kind {
        "ReplicaFailure" => status == "True",
        "InvalidSpec" => status != "False",
        "Available" => status == "False",
        _ => matches!(reason, "ProgressDeadlineExceeded" | "RolloutAborted" | "ReplicaSetCreateError"),
    };
    let text = |t: &Option<Arc<str>>| t.clone().unwrap_or_default();
    r.status
        .conditions
        .iter()
        .map(|c| Condition {
            kind: text(&c.r#type),
            status: text(&c.status),
            reason: text(&c.reason),
            message: text(&c.message),
            since: phase::utc(c.last_transition_time.as_ref()),
        })
        .filter(|c| explains(&c.kind, &c.status, &c.reason))
        .collect()
}

/// Equal images that are not the same bytes, and versions that should be gone by now.
fn drift(k: &Known<'_>, around: &Around<'_>, own: &BTreeSet<&str>) -> Vec<Arc<str>> {
    let mut out: Vec<Arc<str>> = Vec::new();
    let mut digests: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
    for p in around.pods.iter().filter(|p| own.contains(&*p.owner)) {
        let of = |h: &Arc<str>| k.revisions.iter().find(|v| v.hash.0 == *h);
        if let (Some(v), Some(d)) = (p.hash.as_ref().and_then(of), &p.digest) {
            *digests.entry(&v.image).or_default().entry(d).or_default() += 1;
        }
    }
    for (image, found) in digests.iter().filter(|(_, found)| found.len() > 1) {
        let each: Vec<String> = found.iter().map(|(d, n)| format!("{n} x {d}")).collect();
        out.push(format!("{image} is not one image: {}", each.join(", ")).into());
    }
    let deadline = k.rollout.spec.progress_deadline_seconds.filter(|s| *s > 0).unwrap_or(DEADLINE_SECS);
    let late = k.since.is_some_and(|s| k.read_at.0.saturating_sub(s.0) > deadline.saturating_mul(1000));
    if late {
        let others = k.revisions.iter().filter(|v| Some(&v.hash) != k.candidate && Some(&v.hash) != k.stable);
        for v in others.filter(|v| v.replicas.existing > 0) {
            out.push(
                format!(
                    "{} pods of {} still exist and should be gone",
                    v.replicas.existing,
                    called(k.revisions, &v.hash)
                )
                .into(),
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::kubernetes::argo::runs::run_row;
    use crate::backends::kubernetes::around::{PodRow, ScalerRow};
    use crate::backends::kubernetes::dto::{Listed, ReplicaSet};
    use crate::backends::kubernetes::fixture;
    use crate::backends::kubernetes::wire::{SetRow, set_row, target_state};
    use crate::core::world::detail::Scaler;
    use crate::core::world::target::TargetState;

    const GATE: &str = "live-argo-rollout-canary-paused-step1-weight20";

    fn sets() -> Vec<SetRow> {
        let l: Listed<ReplicaSet> = fixture("live-argo-replicasets-of-canary-rollout");
        l.items.iter().filter_map(set_row).collect()
    }

    fn state(r: &Rollout, around: &Around<'_>, at: i64) -> TargetState {
        target_state(&"s".into(), r, around, Utc(at)).expect("named")
    }

    fn pod(sets: &[SetRow], hash: &str, digest: &str, restarts: u32) -> PodRow {
        let set = sets.iter().find(|s| s.hash.as_str() == hash).expect("recorded");
        PodRow {
            name: "p".into(),
            owner: set.uid.clone(),
            hash: Some(hash.into()),
            ready: true,
            restarts,
            trouble: None,
            digest: Some(digest.into()),
        }
    }

    #[test]
    fn the_run_a_status_names_comes_first_and_is_there_before_its_object_is() {
        let mut r: Rollout = fixture("live-argo-rollout-paused-inconclusive-analysis");
        let mut old = run_row("AnalysisRun", &fixture("live-argo-analysisrun-failed")).expect("row");
        let t = state(&r, &Around { runs: vec![&old], ..Around::default() }, 0);
        assert_eq!(t.detail.checks.len(), 1, "the failed run is of another version");
        let c = &t.detail.checks[0];
        assert_eq!((&*c.name, &*c.phase, c.role, &*c.uid), ("g7-7bb7f9695c-4-1", "Inconclusive", Role::Step, ""));
        assert!(c.message.contains("inconclusiveLimit"));
        old.hash = Some("7bb7f9695c".into());
        let mut now = old.clone();
        (now.analysis.name, now.uid) = ("g7-7bb7f9695c-4-1".into(), "new".into());
        let t = state(&r, &Around { runs: vec![&old, &now], ..Around::default() }, 0);
        let names: Vec<_> = t.detail.checks.iter().map(|c| &*c.name).collect();
        assert_eq!(names, ["g7-7bb7f9695c-4-1", "g7-6d47985f4b-3-1"]);
        assert_eq!(t.detail.checks[0].metrics.len(), 1, "with its metrics");
        // Another Rollout's run of the same hash is not ours; an experiment's run is.
        let (mut other, mut inner) = (old.clone(), old.clone());
        (other.owner, other.analysis.name) = ("somebody".into(), "other".into());
        let mut exp = old.clone();
        (exp.uid, exp.analysis.role, exp.analysis.name) = ("e".into(), Role::Experiment, "exp".into());
        (inner.owner, inner.hash, inner.analysis.name) = ("e".into(), None, "exp-smoke".into());
        r.status.canary.current_experiment = Some("exp".into());
        let t = state(&r, &Around { runs: vec![&other, &inner, &exp], ..Around::default() }, 0);
        let names: Vec<_> = t.detail.checks.iter().map(|c| (&*c.name, c.role)).collect();
        assert_eq!(
            names,
            [("g7-7bb7f9695c-4-1", Role::Step), ("exp", Role::Experiment), ("exp-smoke", Role::Experiment)]
        );
    }

    #[test]
    fn colours_home_scalers_and_a_restart_are_told() {
        let mut r: Rollout = fixture("live-argo-rollout-bluegreen-waiting-promotion");
        let row = |target: &str| ScalerRow {
            kind: "Rollout".into(),
            target: target.into(),
            scaler: Scaler { tool: "HPA".into(), name: target.into(), min: None, max: Some(9), wants: None },
        };
        let rows = [row("g2"), row("other")];
        let around = Around { scalers: rows.iter().collect(), ..Around::default() };
        let d = state(&r, &around, 0).detail;
        let c = d.colours.expect("blue/green");
        assert_eq!((c.active, c.preview), (Some("6cdd64c897".into()), Some("6554dfc4bb".into())));
        assert!(!c.auto && c.auto_after.is_none() && !d.restarting);
        assert_eq!(d.scalers.len(), 1);
        r.spec.restart_at = Some("2026-11-21T06:00:00Z".into());
        assert!(state(&r, &around, 0).detail.restarting);
        r.status.restarted_at = r.spec.restart_at.clone();
        assert!(!state(&r, &around, 0).detail.restarting);
        let d = state(&fixture("live-argo-rollout-workloadref-paused"), &Around::default(), 0).detail;
        assert_eq!(d.workload, Some(Workload { kind: "Deployment".into(), name: "ads".into() }));
        let why = |name: &str| {
            let d = state(&fixture(name), &Around::default(), 0).detail;
            d.conditions.iter().map(|c| c.reason.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(why("live-argo-rollout-degraded-progress-deadline"), "ProgressDeadlineExceeded");
        assert_eq!(why("live-argo-rollout-degraded-invalid-spec"), "InvalidSpec");
        assert_eq!(why("live-argo-rollout-canary-aborted"), "RolloutAborted");
        assert_eq!(why(GATE), "");
    }

    #[test]
    fn one_tag_with_two_digests_and_pods_that_should_be_gone_are_drift() {
        let mut all = sets();
        let r: Rollout = fixture(GATE);
        let pods = [pod(&all, "787c98c79c", "sha256:aa", 2), pod(&all, "787c98c79c", "sha256:bb", 1)];
        let around = Around { sets: all.iter().collect(), pods: pods.iter().collect(), ..Around::default() };
        let d = state(&r, &around, 0).detail;
        assert_eq!(d.restarts, 3);
        assert_eq!(d.drift.len(), 1);
        assert!(d.drift[0].contains("checkout:1.1 is not one image: 1 x sha256:aa, 1 x sha256:bb"), "{:?}", d.drift);
        // A third version is drift only once the change has had its time.
        let mut third = all[0].clone();
        (third.hash, third.uid, third.replicas.existing) = ("third".into(), "third".into(), 2);
        all.push(third);
        let around = Around { sets: all.iter().collect(), ..Around::default() };
        assert_eq!(state(&r, &around, 0).detail.drift, Vec::<Arc<str>>::new());
        let t = state(&r, &around, i64::MAX / 2);
        assert!(t.detail.drift[0].starts_with("2 pods of"), "{:?}", t.detail.drift);
    }
}
