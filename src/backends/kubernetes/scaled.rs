//! What changes replicas by itself: autoscalers and KEDA's objects, as rows.

use super::around::ScalerRow;
use super::dto::{Meta, dto};
use super::lenient::{int, maybe, object, text};
use crate::core::world::detail::Scaler;
use serde::Deserialize;
use std::sync::Arc;

dto!(Aim {
    kind: Option<Arc<str>> = "text",
    name: Option<Arc<str>> = "text",
});

dto!(Hpa { metadata: Meta = "object", spec: HpaSpec = "object", status: HpaStatus = "object" });
dto!(HpaSpec {
    scale_target_ref: Aim = "object",
    min_replicas: Option<i64> = "int",
    max_replicas: Option<i64> = "int",
});
dto!(HpaStatus {
    desired_replicas: Option<i64> = "int",
});

dto!(ScaledObject { metadata: Meta = "object", spec: ScaledSpec = "object" });
dto!(ScaledSpec {
    scale_target_ref: Option<Aim> = "maybe",
    min_replica_count: Option<i64> = "int",
    max_replica_count: Option<i64> = "int",
});

fn count(n: Option<i64>) -> Option<u32> {
    n.and_then(|n| u32::try_from(n).ok())
}

/// One that KEDA made stands under KEDA's name: a person changes it there.
pub fn hpa_row(h: &Hpa) -> Option<ScalerRow> {
    let keda = h.metadata.controller().filter(|o| o.kind.as_deref() == Some("ScaledObject"));
    let name = keda.and_then(|o| o.name.clone()).or_else(|| h.metadata.name.clone())?;
    Some(ScalerRow {
        kind: h.spec.scale_target_ref.kind.clone()?,
        target: h.spec.scale_target_ref.name.clone()?,
        scaler: Scaler {
            tool: if keda.is_some() { "KEDA" } else { "HPA" }.into(),
            name,
            min: count(h.spec.min_replicas).or(Some(1)),
            max: count(h.spec.max_replicas),
            wants: count(h.status.desired_replicas),
        },
    })
}

pub fn keda_row(s: &ScaledObject) -> Option<ScalerRow> {
    let of = s.spec.scale_target_ref.as_ref()?;
    // Paused at a number it holds that many, whatever its bounds say, and its own autoscaler is gone.
    let paused = s.metadata.annotations.get("autoscaling.keda.sh/paused-replicas").and_then(|n| n.parse().ok());
    Some(ScalerRow {
        // KEDA's own default.
        kind: of.kind.clone().filter(|k| !k.is_empty()).unwrap_or_else(|| "Deployment".into()),
        target: of.name.clone()?,
        scaler: Scaler {
            tool: "KEDA".into(),
            name: s.metadata.name.clone()?,
            min: paused.or(count(s.spec.min_replica_count)).or(Some(0)),
            max: paused.or(count(s.spec.max_replica_count)),
            wants: None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_keda_holds_while_it_is_paused_is_told() {
        let row = |notes: Value| {
            let o = json!({"metadata": {"name": "api", "annotations": notes},
                "spec": {"scaleTargetRef": {"name": "api"}, "minReplicaCount": 1, "maxReplicaCount": 9}});
            let s = keda_row(&serde_json::from_value(o).expect("lenient")).expect("aims").scaler;
            (s.min, s.max)
        };
        assert_eq!(row(json!({"autoscaling.keda.sh/paused-replicas": "3"})), (Some(3), Some(3)));
        for none in [json!({}), json!({"autoscaling.keda.sh/paused-replicas": "x"}), json!(null)] {
            assert_eq!(row(none), (Some(1), Some(9)));
        }
    }
}
