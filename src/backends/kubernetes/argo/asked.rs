//! Which version the template really asks for, where the controller has not looked at the newest one yet: until then
//! `currentPodHash` names the version before, and a way back computed from it leads one version too far. Pure.

use super::home::template;
use super::plan::Read;
use crate::backends::kubernetes::template::stripped;
use crate::core::id::Hash;
use serde_json::Value;

const HASH: &str = "/metadata/labels/rollouts-pod-template-hash";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// What the controller says: `currentPodHash`.
    Seen,
    /// Another version that is kept; the controller has not looked yet.
    Kept(Hash),
    /// One that nobody has named yet.
    Unnamed,
}

impl Asked {
    /// The version, where it has a name.
    pub fn version<'a>(&'a self, r: &'a Read<'_>) -> Option<&'a Hash> {
        match self {
            Asked::Seen => Some(&r.candidate),
            Asked::Kept(h) => Some(h),
            Asked::Unnamed => None,
        }
    }
}

pub fn asked(r: &Read<'_>) -> Asked {
    let Some(template) = template(r).filter(|_| is_behind(r)) else { return Asked::Seen };
    let named = |set: &Value| set.pointer(HASH).and_then(Value::as_str).map(Hash::new);
    let experiment = "/metadata/annotations/experiment.argoproj.io~1name";
    let kept: Vec<(Hash, Value)> = r
        .sets
        .iter()
        .filter(|set| set.pointer(experiment).is_none())
        .filter_map(|set| Some((named(set)?, stripped(set)?)))
        .collect();
    // Without the set of what the controller names nothing can be compared.
    let Some((_, own)) = kept.iter().find(|(h, _)| *h == r.candidate) else { return Asked::Seen };
    if is_same(template, own, "") {
        return Asked::Seen;
    }
    let other = kept.iter().find(|(_, of)| is_same(template, of, ""));
    other.map_or(Asked::Unnamed, |(h, _)| Asked::Kept(h.clone()))
}

/// The controller has looked at an older spec than this.
fn is_behind(r: &Read<'_>) -> bool {
    // It copies the generation of the object that holds the template when it looks at it.
    let looked = r.rollout.pointer("/status/workloadObservedGeneration");
    let looked = looked.and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok()));
    let elsewhere = r.work.pointer("/metadata/generation").and_then(Value::as_i64).zip(looked);
    !r.seen.observed || elsewhere.is_some_and(|(now, looked)| looked < now)
}

/// What the server writes into a pod template where nothing is said.
const DEFAULTS: [&str; 25] = [
    "apiVersion",
    "creationTimestamp",
    "defaultMode",
    "dnsPolicy",
    "enableServiceLinks",
    "failureThreshold",
    "fsType",
    "imagePullPolicy",
    "initialDelaySeconds",
    "optional",
    "periodSeconds",
    "protocol",
    "readOnly",
    "resources",
    "restartPolicy",
    "schedulerName",
    "scheme",
    "securityContext",
    "serviceAccount",
    "successThreshold",
    "terminationGracePeriodSeconds",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "timeoutSeconds",
    "type",
];

/// Would `kept`, as the server stores it in a set, be made from `asked`? `key`: where both stand.
fn is_same(asked: &Value, kept: &Value, key: &str) -> bool {
    match (asked, kept) {
        (Value::Object(a), Value::Object(k)) => {
            let said = a.iter().all(|(n, v)| {
                let amount = matches!(key, "limits" | "requests") || n == "sizeLimit";
                match k.get(n) {
                    Some(other) if amount => is_same_amount(v, other),
                    Some(other) => is_same(v, other, n),
                    None => is_nothing(v),
                }
            });
            let left = k.iter().filter(|(n, _)| !a.contains_key(*n));
            let free = !matches!(key, "labels" | "annotations" | "limits" | "requests" | "nodeSelector");
            said && left.into_iter().all(|(n, v)| is_nothing(v) || (free && DEFAULTS.contains(&n.as_str())))
        }
        (Value::Array(a), Value::Array(k)) => a.len() == k.len() && a.iter().zip(k).all(|(a, k)| is_same(a, k, "")),
        (a, k) => a == k,
    }
}

fn is_nothing(v: &Value) -> bool {
    match v {
        Value::Null => true,
        Value::Object(m) => m.values().all(is_nothing),
        Value::Array(a) => a.is_empty(),
        Value::String(s) => s.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `1000m` is stored as `1`, and a number as its text.
fn is_same_amount(a: &Value, b: &Value) -> bool {
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let amount = |v: &Value| -> Option<f64> {
        let all = text(v);
        let at = all.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(all.len());
        let (number, unit) = all.split_at(at);
        let factor = match unit {
            "m" => 1e-3,
            "" => 1.0,
            "k" => 1e3,
            "M" => 1e6,
            "G" => 1e9,
            "T" => 1e12,
            "Ki" => 1024.0,
            "Mi" => 1_048_576.0,
            "Gi" => 1_073_741_824.0,
            "Ti" => 1_099_511_627_776.0,
            _ => return None,
        };
        Some(number.parse::<f64>().ok()? * factor)
    };
    let close = |(x, y): (f64, f64)| (x - y).abs() <= 1e-9 * x.abs().max(y.abs());
    text(a) == text(b) || amount(a).zip(amount(b)).is_some_and(close)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_fills_in_is_no_difference_and_everything_else_is() {
        let kept = json!({"metadata": {"labels": {"app": "a"}, "creationTimestamp": null}, "spec": {
            "containers": [{"name": "c", "image": "c:1", "imagePullPolicy": "Always", "args": ["x"],
                "env": [{"name": "A", "value": "1"}],
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "livenessProbe": {"httpGet": {"path": "/", "port": 80, "scheme": "HTTP"}, "periodSeconds": 10},
                "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}],
            "restartPolicy": "Always", "securityContext": {}}});
        let asked = json!({"metadata": {"labels": {"app": "a"}}, "spec": {
            "containers": [{"name": "c", "image": "c:1", "args": ["x"], "env": [{"name": "A", "value": "1"}],
                "ports": [{"containerPort": 80}], "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}}],
            "nodeSelector": {}}});
        assert!(is_same(&asked, &kept, ""));
        assert!(is_same(&kept, &kept, ""));
        let container = "/spec/containers/0";
        for (path, value) in [
            ("/metadata/labels", json!({"app": "a", "new": "b"})),
            ("/metadata/labels", json!({})),
            (container, json!({"name": "c", "image": "c:1"})),
            ("/spec/containers/0/image", json!("c:2")),
            ("/spec/containers/0/args", json!([])),
            ("/spec/containers/0/env", json!([{"name": "A", "value": "2"}])),
            ("/spec/containers/0/resources", json!({"limits": {"cpu": 2, "memory": "1Gi"}})),
            ("/spec/containers/0/resources", json!({"limits": {"cpu": 1}})),
            ("/spec/containers", json!([])),
        ] {
            let mut other = asked.clone();
            *other.pointer_mut(path).expect(path) = value;
            assert!(!is_same(&other, &kept, ""), "{path}: {other}");
        }
    }
}
