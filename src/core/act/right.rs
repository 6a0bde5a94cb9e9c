//! The one right an act needs, in the server's words. Advisory: a review never decides an act.

use super::plan::Verb;
use crate::core::judge::readiness::right_to_go_back;
use crate::core::world::target::TargetState;

/// The right an act on this target needs now, in the server's words.
pub fn right_to(t: &TargetState, verb: Verb) -> &'static str {
    let main = match &*t.id.kind {
        "Deployment" => "patch deployments",
        "StatefulSet" => "patch statefulsets",
        "DaemonSet" => "patch daemonsets",
        "Canary" => "patch canaries",
        _ => "patch rollouts",
    };
    match verb {
        Verb::RollBack => right_to_go_back(t),
        Verb::Terminate => "patch analysisruns",
        Verb::Promote if &*t.id.kind == "Canary" => "create services/proxy",
        Verb::Retry if &*t.id.kind == "Canary" => "patch deployments",
        Verb::Promote | Verb::PromoteFull | Verb::SkipStep | Verb::Retry | Verb::Rerun if &*t.id.kind == "Rollout" => {
            "patch rollouts/status"
        }
        Verb::Promote
        | Verb::PromoteFull
        | Verb::SkipStep
        | Verb::Retry
        | Verb::Rerun
        | Verb::Resume
        | Verb::Hold
        | Verb::Restart => main,
    }
}
