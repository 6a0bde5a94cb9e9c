//! What a plan for a Rollout needs beside it and its ReplicaSets: the runs its status names, and the object its template
//! lives in. Read with it, past every cache. What cannot be read is left out: no act waits for it.

use super::runs::{Run, RunRow, run_row};
use crate::backends::kubernetes::client::Clients;
use crate::backends::kubernetes::dto::HASH_LABEL;
use crate::backends::kubernetes::hands::without_hands;
use crate::backends::kubernetes::watch::encoded;
use serde_json::Value;
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Beside {
    /// AnalysisRuns and Experiments of the version asked for, with `kind`.
    pub runs: Vec<Value>,
    /// Null: the template is its own, or the object could not be read.
    pub work: Value,
}

impl Beside {
    pub fn rows(&self) -> Vec<RunRow> {
        let row = |v: &Value| {
            let run: Run = serde_json::from_value(v.clone()).ok()?;
            run_row(v.get("kind")?.as_str()?, &run)
        };
        self.runs.iter().filter_map(row).collect()
    }
}

/// `namespace`: of the Rollout. Asks only for what this Rollout can have.
pub async fn beside(c: &Clients, namespace: &str, rollout: &Value, deadline: Duration) -> Beside {
    let (analysis, experiment) = measured(rollout);
    let hash = rollout.pointer("/status/currentPodHash").and_then(Value::as_str).unwrap_or("");
    let listed = |plural: &'static str, kind: &'static str, wanted: bool| async move {
        if !wanted || hash.is_empty() {
            return Vec::new();
        }
        let label = encoded(&format!("{HASH_LABEL}={hash}"));
        let path = format!("{}/namespaces/{namespace}/{plural}?labelSelector={label}", super::plan::ARGO);
        let all = c.get::<Value>(&c.acts, &path, deadline, &format!("read the {plural}")).await;
        let items = all.ok().and_then(|mut l| l.get_mut("items").map(Value::take));
        let Some(Value::Array(items)) = items else { return Vec::new() };
        items.into_iter().map(|v| of_kind(v, kind)).collect()
    };
    let work = async {
        let path = home(namespace, rollout)?;
        c.get::<Value>(&c.acts, &path, deadline, "read the object its template lives in").await.ok()
    };
    let (mut runs, experiments, work) = tokio::join!(
        listed("analysisruns", "AnalysisRun", analysis),
        listed("experiments", "Experiment", experiment),
        work
    );
    runs.extend(experiments);
    // The same read gives the same bytes, whatever order the server has.
    runs.sort_by_key(|v| v.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or("").to_owned());
    Beside { runs, work: work.unwrap_or(Value::Null) }
}

/// Items of a list do not say what they are.
fn of_kind(mut v: Value, kind: &str) -> Value {
    if let Some(m) = v.as_object_mut() {
        m.insert("kind".into(), kind.into());
    }
    without_hands(v)
}

/// Can it have (analysis runs, experiments)?
fn measured(rollout: &Value) -> (bool, bool) {
    let canary = rollout.pointer("/spec/strategy/canary");
    let blue = rollout.pointer("/spec/strategy/blueGreen");
    let steps = canary.and_then(|c| c.get("steps")?.as_array()).map_or(&[][..], Vec::as_slice);
    let step = |key: &str| steps.iter().any(|s| s.get(key).is_some());
    let has = |of: Option<&Value>, key: &str| of.and_then(|o| o.get(key)).is_some_and(|v| !v.is_null());
    let experiment = step("experiment");
    let analysis = experiment
        || step("analysis")
        || has(canary, "analysis")
        || has(blue, "prePromotionAnalysis")
        || has(blue, "postPromotionAnalysis");
    (analysis, experiment)
}

/// Path of the object `workloadRef` names; `None`: there is none, or nobody knows its kind.
fn home(namespace: &str, rollout: &Value) -> Option<String> {
    let named = |key: &str| rollout.pointer(&format!("/spec/workloadRef/{key}"))?.as_str();
    let (group, plural, _) = super::home::kind(named("kind")?)?;
    Some(format!("{group}/namespaces/{namespace}/{plural}/{}", named("name")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::kubernetes::fixture;
    use serde_json::json;

    #[test]
    fn only_what_it_can_have_is_asked_for() {
        let of = |name: &str| measured(&fixture(name));
        assert_eq!(of("live-argo-rollout-canary-paused-step1-weight20"), (false, false));
        assert_eq!(of("live-argo-rollout-paused-inconclusive-analysis"), (true, false));
        assert_eq!(of("live-argo-rollout-bluegreen-waiting-promotion"), (false, false));
        let r = json!({"spec": {"strategy": {"canary": {"steps": [{"experiment": {}}]}}}});
        assert_eq!(measured(&r), (true, true));
        assert_eq!(measured(&json!({"spec": 7})), (false, false));
        let path = home("shop", &fixture("live-argo-rollout-workloadref-paused"));
        assert_eq!(path.as_deref(), Some("/apis/apps/v1/namespaces/shop/deployments/ads"));
        assert_eq!(home("shop", &fixture("live-argo-rollout-canary-aborted")), None);
    }

    #[test]
    fn a_listed_run_is_told_what_it_is() {
        let mut v: Value = fixture("live-argo-analysisrun-running");
        if let Some(m) = v.as_object_mut() {
            m.remove("kind");
        }
        let b = Beside { runs: vec![of_kind(v, "AnalysisRun"), json!({"kind": "AnalysisRun"})], work: Value::Null };
        assert_eq!(b.rows().len(), 1, "junk is left out");
    }
}
