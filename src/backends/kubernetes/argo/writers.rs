//! Who last wrote the fields acts are about, from the server's own bookkeeping. Pure. A program is told, never a person;
//! who removed a field left no trace (kubernetes-rollouts 6.4).

use super::phase;
use crate::core::world::detail::Written;
use crate::core::world::target::Manager;
use serde_json::Value;

/// (what it is called, subresource, pointer inside `fieldsV1`).
const FIELDS: [(&str, &str, &str); 5] = [
    ("spec.paused", "", "/f:spec/f:paused"),
    ("spec.template", "", "/f:spec/f:template"),
    ("spec.restartAt", "", "/f:spec/f:restartAt"),
    ("status.abort", "status", "/f:status/f:abort"),
    ("status.promoteFull", "status", "/f:status/f:promoteFull"),
];

/// The last writer of each field, newest first. `object`: whole, with managedFields; `work`: the object its template
/// lives in, or null.
pub fn writers(object: &Value, work: &Value) -> Vec<Written> {
    let elsewhere = last(work, "", "/f:spec/f:template").or_else(|| last(work, "", "/f:template"));
    let mut all: Vec<Written> = FIELDS
        .iter()
        .filter(|(what, ..)| elsewhere.is_none() || *what != "spec.template")
        .filter_map(|(what, part, at)| Some(Written { what: (*what).into(), by: last(object, part, at)? }))
        .collect();
    all.extend(elsewhere.map(|by| Written { what: "spec.template".into(), by }));
    all.sort_by_key(|w| std::cmp::Reverse(w.by.at));
    all
}

/// `part`: the subresource it was written through, `""` for the object itself.
pub fn last(object: &Value, part: &str, at: &str) -> Option<Manager> {
    object
        .pointer("/metadata/managedFields")?
        .as_array()?
        .iter()
        .filter(|m| m.get("subresource").and_then(Value::as_str).unwrap_or("") == part)
        .filter(|m| m.get("fieldsV1").is_some_and(|f| f.pointer(at).is_some()))
        .map(|m| Manager {
            name: m.get("manager").and_then(Value::as_str).unwrap_or("unknown").into(),
            at: m.get("time").and_then(Value::as_str).and_then(|t| phase::utc(Some(&t.into()))),
        })
        .max_by_key(|m| m.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::kubernetes::fixture;
    use serde_json::json;

    #[test]
    fn each_field_has_its_last_writer_and_the_newest_stands_first() {
        let entry = |manager: &str, part: &str, time: &str, fields: Value| json!({"manager": manager, "subresource": part, "time": time, "fieldsV1": fields});
        let o = json!({"metadata": {"managedFields": [
            entry("kubectl", "", "2026-01-01T00:00:01Z", json!({"f:spec": {"f:paused": {}, "f:template": {}}})),
            entry("andon", "", "2026-01-01T00:00:03Z", json!({"f:spec": {"f:paused": {}}})),
            entry("argocd", "status", "2026-01-01T00:00:02Z", json!({"f:status": {"f:abort": {}}})),
            entry("liar", "", "2026-01-01T00:00:09Z", json!({"f:status": {"f:abort": {}}})),
            {"manager": 7},
        ]}});
        let seen: Vec<_> = writers(&o, &Value::Null).iter().map(|w| format!("{} {}", w.what, w.by.name)).collect();
        assert_eq!(seen, ["spec.paused andon", "status.abort argocd", "spec.template kubectl"]);
        let work = json!({"metadata": {"managedFields": [
            entry("helm", "", "2026-01-01T00:00:07Z", json!({"f:spec": {"f:template": {}}})),
        ]}});
        let all = writers(&o, &work);
        assert_eq!((&*all[0].what, &*all[0].by.name, all.len()), ("spec.template", "helm", 3));
        assert_eq!(writers(&json!({}), &Value::Null), Vec::new());
    }

    #[test]
    fn a_recorded_abort_names_its_program() {
        let all = writers(&fixture("live-argo-rollout-canary-aborted"), &Value::Null);
        let abort = all.iter().find(|w| &*w.what == "status.abort").expect("recorded");
        assert_eq!(&*abort.by.name, "andon");
    }
}
