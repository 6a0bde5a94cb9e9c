//! A candidate that does not start: it crashes again and again, its image does not come, it never gets ready. That is the
//! breaker's tier without any request (maths page 5.7): the counts would say nothing, because nothing reaches it.
//!
//! Read off the state of the target alone. It must not know telemetry.

use super::verdict::Cause;
use crate::core::time::Utc;
use crate::core::world::target::{Phase, Revision, TargetState};

/// Reasons that do not pass by waiting. `ErrImagePull` and `ContainerCreating` do, or become one of these.
const CRASHES: [&str; 2] = ["CrashLoopBackOff", "RunContainerError"];
const STUCK: [&str; 5] =
    ["ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError"];
/// A candidate none of whose pods is ready for this long never will be: the default of a Deployment's progress deadline.
pub const READY_SECS: i64 = 600;

/// Why the candidate does not start, `None` while it does or may. `unready` is since when none of its pods is known to
/// be ready.
///
/// Half of the pods that exist must be in the same trouble, and no more than half ready: one pod on a bad node is no
/// verdict on a version.
pub fn not_starting(t: &TargetState, unready: Option<Utc>, now: Utc) -> Option<Cause> {
    let r = t.candidate_revision().filter(|r| t.is_moving() && r.replicas.existing > 0)?;
    let of = r.replicas.existing;
    let in_trouble = |words: &[&str]| {
        let pods: u32 = r.trouble.iter().filter(|x| words.contains(&&*x.reason)).map(|x| x.count).sum();
        (pods > 0 && pods.saturating_mul(2) >= of && r.replicas.ready.saturating_mul(2) <= of).then_some(pods.min(of))
    };
    if let Some(pods) = in_trouble(&CRASHES) {
        return Some(Cause::CrashLoop { pods, of });
    }
    if let Some(pods) = in_trouble(&STUCK) {
        return Some(Cause::NeverReady { pods, of });
    }
    // The controller's own deadline, or ours.
    let overdue = unready.is_some_and(|since| now.since(since) >= READY_SECS * 1000);
    let given_up = t.phase == Phase::Degraded && !t.aborted && t.message.contains("ProgressDeadlineExceeded");
    (is_unready(r) && (given_up || overdue)).then_some(Cause::NeverReady { pods: of, of })
}

/// Pods exist and none of them is ready.
pub fn is_unready(r: &Revision) -> bool {
    r.replicas.existing > 0 && r.replicas.ready == 0
}
