//! Whose hand it was: which program last wrote what an act is about, from the server's own bookkeeping, and whether that
//! program carries out what Git says. Programs, never persons (kubernetes-rollouts 6.4).

use crate::core::time::Utc;
use crate::core::world::target::{Manager, TargetState};

/// The field manager andon writes under.
pub const OURS: &str = "andon";

/// Managers that make the cluster what a repository says.
const GIT: [&str; 8] = [
    "argocd-controller",
    "argocd-application-controller",
    "argocd",
    "kustomize-controller",
    "helm-controller",
    "flux-client-side-apply",
    "flux",
    "fleetagent",
];

pub fn is_git(manager: &str) -> bool {
    GIT.contains(&manager)
}

/// `Git (argocd-controller)`, else the manager's own name.
pub fn named(manager: &str) -> String {
    if is_git(manager) { format!("Git ({manager})") } else { manager.to_owned() }
}

/// What people say of it: `reverted by Git (argocd-controller)`, `taken back by kubectl-patch`.
pub fn taken_back(by: &str) -> String {
    if by.starts_with("Git (") { format!("reverted by {by}") } else { format!("taken back by {by}") }
}

/// The newest writer of one of these fields, at or after `since` where a time is known. Writers stand newest first.
pub fn newest<'t>(t: &'t TargetState, fields: &[&str], since: Option<Utc>) -> Option<&'t Manager> {
    let of = t.detail.writers.iter().filter(|w| fields.contains(&&*w.what)).map(|w| &w.by);
    // Servers stamp whole seconds: a write of the same second counts.
    let late = |m: &&Manager| match (m.at, since) {
        (Some(at), Some(since)) => at.secs() >= since.secs(),
        (None, _) | (_, None) => true,
    };
    of.filter(late).max_by_key(|m| m.at)
}

/// Who wrote a pause, an abort, a template, else the two that every source tells.
pub fn of_pause(t: &TargetState, since: Option<Utc>) -> Option<&Manager> {
    newest(t, &["spec.paused", "spec.suspend"], since).or(t.held_by.as_ref())
}

pub fn of_abort(t: &TargetState, since: Option<Utc>) -> Option<&Manager> {
    newest(t, &["status.abort", "status.failedChecks"], since).or(t.aborted_by.as_ref())
}

pub fn of_template(t: &TargetState, since: Option<Utc>) -> Option<&Manager> {
    newest(t, &["spec.template", "spec.workloadRef"], since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::world::detail::Written;
    use crate::testkit::canary::Canary;

    #[test]
    fn the_newest_writer_of_the_field_is_named_and_git_is_called_git() {
        let mut t = Canary::new("checkout", "eu-1").state(Utc(60_000), 1);
        let wrote = |what: &str, name: &str, at: i64| Written {
            what: what.into(),
            by: Manager { name: name.into(), at: Some(Utc(at)) },
        };
        t.detail.writers = vec![
            wrote("spec.template", "argocd-controller", 50_000),
            wrote("spec.paused", "kubectl-patch", 40_000),
            wrote("spec.template", "andon", 30_000),
        ];
        assert_eq!(of_template(&t, None).map(|m| &*m.name), Some("argocd-controller"));
        assert_eq!(of_template(&t, Some(Utc(51_000))), None, "it wrote before the act did");
        assert_eq!(of_pause(&t, None).map(|m| &*m.name), Some("kubectl-patch"));
        assert_eq!(of_abort(&t, None), None);
        t.aborted_by = Some(Manager { name: "rollouts-controller".into(), at: None });
        assert_eq!(of_abort(&t, None).map(|m| &*m.name), Some("rollouts-controller"));
        assert_eq!(taken_back(&named("argocd-controller")), "reverted by Git (argocd-controller)");
        assert_eq!(taken_back(&named("kubectl-edit")), "taken back by kubectl-edit");
    }
}
