//! The few fields of a Canary that are read, all optional, and its durations and defaults as Flagger 1.44 takes them.
//! Must not know what a phase means: that is `wire`.

use crate::backends::kubernetes::argo::phase::seconds;
use crate::backends::kubernetes::dto::{Condition, Meta, dto};
use crate::backends::kubernetes::lenient::{Scalar, flag, int, list, maybe, object, text};
use serde::{Deserialize, Deserializer};
use std::sync::Arc;

dto!(Canary { metadata: Meta = "object", spec: Spec = "object", status: Status = "object" });
dto!(Spec {
    provider: Option<Arc<str>> = "text",
    target_ref: Ref = "object",
    autoscaler_ref: Option<Ref> = "maybe",
    progress_deadline_seconds: Option<i64> = "int",
    skip_analysis: bool = "flag",
    suspend: bool = "flag",
    analysis: Option<Analysis> = "maybe",
    /// What older objects call `analysis`.
    canary_analysis: Option<Analysis> = "maybe",
});
dto!(Ref {
    kind: Option<Arc<str>> = "text",
    name: Option<Arc<str>> = "text",
});
dto!(Analysis {
    interval: Option<Arc<str>> = "text",
    threshold: Option<i64> = "int",
    max_weight: Option<i64> = "int",
    step_weight: Option<i64> = "int",
    step_weights: Vec<i64> = "ints",
    iterations: Option<i64> = "int",
    /// Routing conditions of A/B testing: only whether there are any.
    r#match: bool = "filled",
    mirror: bool = "flag",
    webhooks: Vec<Webhook> = "list",
    metrics: Vec<Metric> = "list",
});
dto!(Webhook {
    r#type: Option<Arc<str>> = "text",
    name: Option<Arc<str>> = "text",
    url: Option<Arc<str>> = "text",
});
dto!(Metric {
    name: Option<Arc<str>> = "text",
    threshold_range: Range = "object",
});
dto!(Range { min: Scalar = "Scalar::deserialize", max: Scalar = "Scalar::deserialize" });
dto!(Status {
    phase: Option<Arc<str>> = "text",
    failed_checks: Option<i64> = "int",
    canary_weight: Option<i64> = "int",
    iterations: Option<i64> = "int",
    last_applied_spec: Option<Arc<str>> = "text",
    last_promoted_spec: Option<Arc<str>> = "text",
    last_transition_time: Option<Arc<str>> = "text",
    conditions: Vec<Condition> = "list",
});

/// The whole numbers of an array; anything else in it, or in its place, is left out.
fn ints<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<i64>, D::Error> {
    let v = serde_json::Value::deserialize(d)?;
    Ok(v.as_array().into_iter().flatten().filter_map(serde_json::Value::as_i64).collect())
}

/// An array with something in it.
fn filled<'de, D: Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
    Ok(serde_json::Value::deserialize(d)?.as_array().is_some_and(|a| !a.is_empty()))
}

impl Canary {
    pub fn analysis(&self) -> Option<&Analysis> {
        self.spec.analysis.as_ref().or(self.spec.canary_analysis.as_ref())
    }

    /// Seconds between two looks of the controller: 60 where it is absent or no duration, 10 at least.
    pub fn interval(&self) -> u64 {
        let text = self.analysis().and_then(|a| a.interval.clone()).filter(|t| t.parse::<u64>().is_err());
        text.and_then(|t| seconds(&Scalar::Text(t))).unwrap_or(60).max(10)
    }

    /// Failed checks that make it roll back; at least 1.
    pub fn threshold(&self) -> u32 {
        let n = self.analysis().and_then(|a| a.threshold).filter(|n| *n > 0).unwrap_or(1);
        u32::try_from(n).unwrap_or(u32::MAX)
    }

    /// Percent at which the weights end.
    pub fn max_weight(&self) -> u8 {
        let a = self.analysis();
        let last = a.and_then(|a| a.step_weights.last()).copied();
        let max = last.or_else(|| a.and_then(|a| a.max_weight).filter(|m| *m > 0)).unwrap_or(100);
        percent(Some(max))
    }

    /// Ticks of A/B testing and blue/green; `None`: weights.
    pub fn iterations(&self) -> Option<u32> {
        self.analysis().and_then(|a| a.iterations).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0)
    }

    /// The percents it goes through, ascending as written; empty with iterations.
    pub fn weights(&self) -> Vec<u8> {
        let Some(a) = self.analysis().filter(|_| self.iterations().is_none()) else { return Vec::new() };
        // With both, the controller takes the single step.
        if let Some(step @ 1..) = a.step_weight {
            let (step, max) = (usize::try_from(step).unwrap_or(100), self.max_weight());
            let mut all: Vec<u8> =
                (step..usize::from(max)).step_by(step).map(|w| percent(i64::try_from(w).ok())).collect();
            // It looks at the limit before a step, not after: the last step may pass it.
            let last = all.last().map_or(0, |w| usize::from(*w)) + step;
            all.push(percent(i64::try_from(last).ok()));
            return all;
        }
        a.step_weights.iter().map(|w| percent(Some(*w))).collect()
    }

    pub fn webhooks(&self) -> &[Webhook] {
        self.analysis().map_or(&[], |a| a.webhooks.as_slice())
    }

    /// Its word; empty before the controller saw it.
    pub fn phase(&self) -> &str {
        self.status.phase.as_deref().unwrap_or("")
    }
}

/// Absent, negative and above 100 are cut: Flagger's weights are of 100.
pub fn percent(n: Option<i64>) -> u8 {
    u8::try_from(n.unwrap_or(0).clamp(0, 100)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(analysis: &str) -> Canary {
        serde_json::from_str(&format!(r#"{{"spec": {{"analysis": {analysis}}}}}"#)).expect("lenient")
    }

    #[test]
    fn defaults_and_limits_are_the_controllers_own() {
        let c = canary("{}");
        assert_eq!((c.interval(), c.threshold(), c.max_weight()), (60, 1, 100));
        assert_eq!(canary(r#"{"interval": "1m30s"}"#).interval(), 90);
        assert_eq!(canary(r#"{"interval": "3s"}"#).interval(), 10);
        // No unit: no Go duration, so the default and not seconds.
        assert_eq!(canary(r#"{"interval": "30"}"#).interval(), 60);
        assert_eq!(canary(r#"{"interval": "soon"}"#).interval(), 60);
        assert_eq!(canary(r#"{"interval": 5, "threshold": -3}"#).threshold(), 1);
        let old: Canary = serde_json::from_str(r#"{"spec": {"canaryAnalysis": {"threshold": 7}}}"#).expect("json");
        assert_eq!(old.threshold(), 7);
    }

    #[test]
    fn the_weights_it_will_go_through() {
        assert_eq!(canary(r#"{"stepWeight": 10, "maxWeight": 50}"#).weights(), [10, 20, 30, 40, 50]);
        assert_eq!(canary(r#"{"stepWeight": 20, "maxWeight": 50}"#).weights(), [20, 40, 60]);
        assert_eq!(canary(r#"{"stepWeight": 200}"#).weights(), [100]);
        assert_eq!(canary(r#"{"stepWeights": [1, 5, "x", 80]}"#).weights(), [1, 5, 80]);
        assert_eq!(canary(r#"{"stepWeights": [1, 5, 80]}"#).max_weight(), 80);
        assert!(canary(r#"{"stepWeight": 10, "iterations": 5}"#).weights().is_empty());
        assert!(canary(r#"{"match": [{"headers": {}}], "iterations": 5}"#).analysis().is_some_and(|a| a.r#match));
        assert!(canary(r#"{"match": {}, "stepWeights": 3}"#).analysis().is_some_and(|a| !a.r#match));
    }
}
