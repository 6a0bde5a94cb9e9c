//! Is the controller there that carries wishes out? Its lease says when it was last seen. Grey information: nothing waits
//! for it, and where it may not be read nobody is told anything.

use super::argo::phase::utc;
use super::client::Clients;
use super::dto::{Listed, Meta, dto};
use super::lenient::{int, object, text};
use crate::core::world::source::Controller;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// Name of the lease of Argo Rollouts' controller, in whatever namespace it runs.
const LOCK: &str = "argo-rollouts-controller-lock";
/// Where it runs nearly everywhere.
const HOME: &str = "argo-rollouts";

dto!(Lease { metadata: Meta = "object", spec: LeaseSpec = "object" });
dto!(LeaseSpec {
    holder_identity: Option<Arc<str>> = "text",
    lease_duration_seconds: Option<i64> = "int",
    renew_time: Option<Arc<str>> = "text",
});

fn controller(l: &Lease) -> Option<Controller> {
    // A lease that was given up has no holder: nobody is there.
    let held = l.spec.holder_identity.as_ref().is_some_and(|h| !h.is_empty());
    Some(Controller {
        name: "argo-rollouts".into(),
        renewed: utc(Some(l.spec.renew_time.as_ref()?)),
        lasts_ms: if held { l.spec.lease_duration_seconds.unwrap_or(15).max(0).saturating_mul(1000) } else { 0 },
    })
}

/// The leases there are, and the namespaces they were found in, so that the next look is one small answer. `known`: from
/// the look before; empty: anywhere.
pub async fn look(c: &Clients, known: &[Arc<str>], deadline: Duration) -> (Vec<Controller>, Vec<Arc<str>>) {
    let what = "see whether the controller is there";
    let mut spaces = known.to_vec();
    if spaces.is_empty() {
        let path = format!("/apis/coordination.k8s.io/v1/leases?fieldSelector=metadata.name%3D{LOCK}");
        if let Ok(all) = c.get::<Listed<Lease>>(&c.watch, &path, deadline, what).await {
            // A server that does not know the selector sends all of them.
            let own = all.items.iter().filter(|l| l.metadata.name.as_deref() == Some(LOCK));
            let found = own.filter_map(|l| Some((controller(l)?, l.metadata.namespace.clone()?)));
            return found.unzip();
        }
        spaces = vec![HOME.into(), c.namespace.as_str().into()];
    }
    let mut found = (Vec::new(), Vec::new());
    for space in spaces {
        let path = format!("/apis/coordination.k8s.io/v1/namespaces/{space}/leases/{LOCK}");
        if let Ok(l) = c.get::<Lease>(&c.watch, &path, deadline, what).await {
            found.0.extend(controller(&l));
            found.1.push(space);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_tells_when_it_was_renewed_and_one_without_a_holder_has_run_out() {
        let lease = |holder: &str| -> Lease {
            serde_json::from_value(serde_json::json!({"metadata": {"name": LOCK}, "spec": {"holderIdentity": holder,
                "leaseDurationSeconds": 15, "renewTime": "2026-11-21T03:14:07.123456Z"}}))
            .expect("lenient")
        };
        let c = controller(&lease("argo-rollouts-abc")).expect("told");
        assert_eq!((c.lasts_ms, c.renewed.map(|t| t.0 % 1000)), (15_000, Some(123)));
        assert_eq!(controller(&lease("")).expect("told").lasts_ms, 0);
        assert_eq!(controller(&Lease::default()), None);
    }
}
