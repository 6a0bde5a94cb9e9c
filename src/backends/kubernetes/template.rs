//! A ReplicaSet's pod template made into the Rollout's again: what the controller injected is taken out, so that it
//! recognises its own ReplicaSet. And the masked copy of a body, for eyes and the log. Pure.

use super::dto::HASH_LABEL;
use crate::core::seal::sha256_hex;
use serde_json::{Map, Value};

/// The template of `set` as the Rollout must carry it for the controller to find `set` again (otherwise it starts a
/// new one, with all steps). `None`: the object has no template.
pub fn stripped(set: &Value) -> Option<Value> {
    let mut t = set.pointer("/spec/template").filter(|t| t.is_object())?.clone();
    remove(&mut t, "/metadata/labels", HASH_LABEL);
    let injected = set
        .pointer("/metadata/annotations/rollout.argoproj.io~1ephemeral-metadata")
        .and_then(Value::as_str)
        .and_then(|s| serde_json::from_str::<Value>(s).ok());
    for part in ["labels", "annotations"] {
        let keys = injected.as_ref().and_then(|i| i.get(part)?.as_object());
        for k in keys.into_iter().flat_map(Map::keys) {
            remove(&mut t, &format!("/metadata/{part}"), k);
        }
        if t.pointer(&format!("/metadata/{part}")) == Some(&Value::Object(Map::new())) {
            remove(&mut t, "/metadata", part);
        }
    }
    strip_anti_affinity(&mut t);
    Some(t)
}

fn remove(t: &mut Value, parent: &str, key: &str) {
    if let Some(m) = t.pointer_mut(parent).and_then(Value::as_object_mut) {
        m.remove(key);
    }
}

/// Takes the controller's rule out. For a *preferred* rule the controller's own removal leaves `podAntiAffinity: {}`, so
/// that must stay; for a *required* one nothing may stay.
fn strip_anti_affinity(t: &mut Value) {
    let at = "/spec/affinity/podAntiAffinity";
    let Some(rules) = t.pointer_mut(at).and_then(Value::as_object_mut) else {
        return;
    };
    let mut took_required = false;
    for (list, inner, required) in [
        ("requiredDuringSchedulingIgnoredDuringExecution", "", true),
        ("preferredDuringSchedulingIgnoredDuringExecution", "/podAffinityTerm", false),
    ] {
        let Some(terms) = rules.get_mut(list).and_then(Value::as_array_mut) else {
            continue;
        };
        let before = terms.len();
        terms.retain(|term| !injected_rule(term.pointer(inner)));
        took_required |= required && terms.len() < before;
        if terms.is_empty() && before > 0 {
            rules.remove(list);
        }
    }
    if took_required && rules.is_empty() {
        remove(t, "/spec/affinity", "podAntiAffinity");
        if t.pointer("/spec/affinity") == Some(&Value::Object(Map::new())) {
            remove(t, "/spec", "affinity");
        }
    }
}

fn injected_rule(term: Option<&Value>) -> bool {
    let Some(term) = term else { return false };
    let ours = |e: &Value| {
        e.get("key").and_then(Value::as_str) == Some(HASH_LABEL)
            && e.get("operator").and_then(Value::as_str) == Some("In")
    };
    term.get("topologyKey").and_then(Value::as_str) == Some("kubernetes.io/hostname")
        && term
            .pointer("/labelSelector/matchExpressions")
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(ours))
}

/// A JSON Patch body, one operation a line: the same text is shown and sent, but for masked values.
pub fn body(ops: &[Value]) -> String {
    let lines: Vec<String> = ops.iter().map(Value::to_string).collect();
    format!("[{}]", lines.join(",\n "))
}

/// `ops` with every literal environment value, and every annotation over 256 B, as `<12 bytes, sha256 9f3a..>`.
pub fn masked(ops: &[Value]) -> Vec<Value> {
    let mut all = ops.to_vec();
    for v in &mut all {
        mask(v);
    }
    all
}

fn mask(v: &mut Value) {
    match v {
        Value::Object(m) => {
            for (k, v) in m.iter_mut() {
                match (k.as_str(), v) {
                    ("env", Value::Array(vars)) => {
                        for var in vars {
                            match var.get_mut("value") {
                                Some(value) => cover(value, 0),
                                None => mask(var),
                            }
                        }
                    }
                    ("annotations", Value::Object(notes)) => {
                        notes.values_mut().for_each(|n| cover(n, 256));
                    }
                    (_, v) => mask(v),
                }
            }
        }
        Value::Array(a) => a.iter_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn cover(v: &mut Value, longer_than: usize) {
    let text = match &*v {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    if text.len() > longer_than {
        let sum = sha256_hex(text.as_bytes());
        let head = sum.get(..4).unwrap_or(&sum);
        *v = format!("<{} bytes, sha256 {head}..>", text.len()).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(template: Value, ephemeral: &str) -> Value {
        json!({"metadata": {"annotations": {"rollout.argoproj.io/ephemeral-metadata": ephemeral}},
               "spec": {"template": template}})
    }

    fn rule(hash: &str) -> Value {
        json!({"labelSelector": {"matchExpressions": [{"key": HASH_LABEL, "operator": "In", "values": [hash]}]},
               "topologyKey": "kubernetes.io/hostname"})
    }

    #[test]
    fn what_the_controller_injected_is_taken_out_and_nothing_else() {
        let s = set(
            json!({"metadata": {"labels": {"app": "x", "role": "stable", HASH_LABEL: "1"},
                                "annotations": {"tier": "gold"}}, "spec": {"containers": []}}),
            r#"{"labels":{"role":"stable"},"annotations":{"tier":"gold"}}"#,
        );
        assert_eq!(
            stripped(&s).expect("template"),
            json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": []}})
        );
        assert_eq!(stripped(&json!({"spec": {}})), None);
    }

    #[test]
    fn a_required_rule_leaves_nothing_and_a_preferred_one_leaves_an_empty_object() {
        let required = set(
            json!({"spec": {"affinity": {"podAntiAffinity":
                {"requiredDuringSchedulingIgnoredDuringExecution": [rule("1")]}}}}),
            "",
        );
        assert_eq!(stripped(&required).expect("t"), json!({"spec": {}}));
        let preferred = set(
            json!({"spec": {"affinity": {"podAntiAffinity":
                {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": rule("1")}]}}}}),
            "",
        );
        assert_eq!(stripped(&preferred).expect("t"), json!({"spec": {"affinity": {"podAntiAffinity": {}}}}));
        let own = json!({"spec": {"affinity": {"podAntiAffinity":
            {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]}}}});
        assert_eq!(stripped(&set(own.clone(), "")).expect("t"), own);
    }

    #[test]
    fn no_literal_environment_value_is_shown() {
        let ops = [json!({"op": "replace", "path": "/spec/template", "value": {
            "metadata": {"annotations": {"short": "ok", "long": "L".repeat(300)}},
            "spec": {"containers": [{"name": "c", "env": [
                {"name": "PASSWORD", "value": "hunter2"},
                {"name": "REF", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}]}}})];
        let shown = body(&masked(&ops));
        assert!(!shown.contains("hunter2") && !shown.contains("LLL"), "{shown}");
        assert!(shown.contains("<7 bytes, sha256 f52f..>"), "{shown}");
        assert!(shown.contains("secretKeyRef") && shown.contains("\"ok\""), "{shown}");
        assert!(body(&ops).contains("hunter2"), "the true body is whole");
    }
}
