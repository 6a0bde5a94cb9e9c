//! The answer to `Query::DryRun`: one step with `dryRun=All`, which the server judges (rights, guards, admission) and does
//! not store. What a controller would make of it nobody says: a dry run of a Rollout does not check its pod template.

use super::client::Clients;
use super::send;
use crate::core::act::plan::{Outcome, RefusedBy, Request, Step};
use crate::core::world::source::{SourceError, Trouble};
use std::sync::Arc;
use std::time::Duration;

/// Errors: what the server says no with, or why it could not be asked. Nothing is asked while it wants no calls.
pub async fn run(c: &Clients, step: &Step, deadline: Duration) -> Result<(), SourceError> {
    let Some(path) = path(&step.request) else { return Ok(()) };
    if let Some(left) = c.calls.held() {
        let e = SourceError::new(Trouble::Throttled, "the server wants no calls for a while");
        return Err(SourceError { retry_after_ms: u64::try_from(left.as_millis()).ok(), ..e });
    }
    let dry = Step { request: Request { path: path.into(), ..step.request.clone() }, ..step.clone() };
    judged(send::send(c, &dry, deadline).await)
}

/// `None`: a hook behind the proxy and a deletion know no dry run that says anything.
fn path(request: &Request) -> Option<String> {
    if &*request.method != "PATCH" || request.path.contains("/proxy/") {
        return None;
    }
    let and = if request.path.contains('?') { '&' } else { '?' };
    Some(format!("{}{and}dryRun=All", request.path))
}

fn judged(outcome: Outcome) -> Result<(), SourceError> {
    let e = |trouble, why: &Arc<str>| Err(SourceError::new(trouble, why.to_string()));
    match outcome {
        Outcome::Accepted { .. } => Ok(()),
        // An admission webhook with side effects: the act itself it may take.
        Outcome::Refused(r) if r.why.contains("does not support dry run") => Ok(()),
        Outcome::Refused(r) => match r.kind {
            RefusedBy::NotSent => e(Trouble::Unreachable, &r.why),
            RefusedBy::Throttled => e(Trouble::Throttled, &r.why),
            RefusedBy::Auth => e(Trouble::Auth, &r.why),
            RefusedBy::Forbidden => e(Trouble::Forbidden, &r.why),
            RefusedBy::Gone => e(Trouble::NotFound, &r.why),
            RefusedBy::Guard => e(Trouble::Server, &"the object is not what it was".into()),
            RefusedBy::Policy | RefusedBy::Controller | RefusedBy::Other => e(Trouble::Server, &r.why),
        },
        Outcome::Unknown { why } => e(Trouble::Timeout, &why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::act::plan::Refused;
    use crate::core::seal::Sealed;

    #[test]
    fn a_patch_asks_for_no_storage_and_nothing_else_is_tried() {
        let of = |method: &str, at: &str| {
            path(&Request {
                method: method.into(),
                path: at.into(),
                content_type: "application/json-patch+json".into(),
                shown: "[]".into(),
                body: Sealed::new("[]"),
            })
        };
        assert_eq!(
            of("PATCH", "/a/status?fieldManager=andon").as_deref(),
            Some("/a/status?fieldManager=andon&dryRun=All")
        );
        assert_eq!(of("PATCH", "/a").as_deref(), Some("/a?dryRun=All"));
        assert_eq!(of("POST", "/services/x/proxy/gate/open"), None);
        assert_eq!(of("DELETE", "/pods/a"), None);
    }

    #[test]
    fn a_webhook_that_knows_no_dry_run_refuses_nothing() {
        let says = |kind, why: &str| {
            judged(Outcome::Refused(Refused { kind, status: Some(400), why: why.into(), retry_after_ms: None }))
        };
        assert!(says(RefusedBy::Other, "admission webhook \"x\" does not support dry run").is_ok());
        let e = says(RefusedBy::Policy, "admission webhook \"x\" denied the request: frozen").expect_err("no");
        assert_eq!((e.trouble, &*e.sentence), (Trouble::Server, "admission webhook \"x\" denied the request: frozen"));
        assert!(judged(Outcome::Unknown { why: "cut".into() }).is_err_and(|e| e.trouble == Trouble::Timeout));
    }
}
