//! The answer to `Query::Raw`: one object as indented JSON. Its bookkeeping is folded into a line for each writer, and no
//! value that may be secret is in it: not of a Secret, not of an environment, not what `kubectl apply` remembers.

use super::client::Clients;
use super::kin;
use super::template::masked;
use crate::core::id::TargetId;
use crate::core::redact;
use crate::core::time::Utc;
use crate::core::world::evidence::Raw;
use crate::core::world::fact::Fact;
use crate::core::world::source::SourceError;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of text (limits.md section 4: detail).
const MOST: usize = 64_000;
/// What `kubectl apply` remembers: the whole object, environments included.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Fields of one writer that are named.
const FIELDS: usize = 6;

/// One `Fact::Raw`.
pub async fn read(
    c: &Clients,
    id: &TargetId,
    kinds: &[String],
    now: Utc,
    deadline: Duration,
) -> Result<Fact, SourceError> {
    let object = kin::object_of(c, id, kinds, deadline).await?;
    Ok(Fact::Raw(Box::new(raw(id, object, now))))
}

fn raw(id: &TargetId, object: Value, at: Utc) -> Raw {
    let managers = managers(&object);
    let text = text(object);
    Raw { target: id.clone(), at, text: text.into(), managers }
}

fn text(mut object: Value) -> String {
    if let Some(m) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        m.remove("managedFields");
        if let Some(Value::String(s)) = m.get_mut("annotations").and_then(|a| a.get_mut(APPLIED)) {
            *s = format!("<{} bytes, as kubectl applied them>", s.len());
        }
    }
    if object.get("kind").and_then(Value::as_str) == Some("Secret") {
        for part in ["data", "stringData"] {
            for v in object.get_mut(part).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
                *v = "<secret>".into();
            }
        }
    }
    let object = masked(&[object]).pop().unwrap_or(Value::Null);
    let text = serde_json::to_string_pretty(&object).unwrap_or_default();
    let mut text = redact::clean(&text).into_owned();
    if text.len() > MOST {
        let whole = text.len();
        let end = text.get(..MOST).map_or(0, |t| t.rfind('\n').unwrap_or(0));
        // A character that is cut in half: the line before it ends earlier.
        let end = if end == 0 {
            text.char_indices().map(|(i, _)| i).take_while(|i| *i <= MOST).last().unwrap_or(0)
        } else {
            end
        };
        text.truncate(end);
        text.push_str(&format!("\n... {} more bytes", whole - end));
    }
    text
}

/// `rollouts-controller, status, 2026-11-21T06:24:22Z: phase, conditions, 12 more`: one line for each writer.
fn managers(object: &Value) -> Vec<Arc<str>> {
    let all = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let mut out: Vec<(String, Arc<str>)> = Vec::new();
    for m in all.into_iter().flatten() {
        let at = |k: &str| m.get(k).and_then(Value::as_str).filter(|s| !s.is_empty());
        let mut line = at("manager").unwrap_or("unknown").to_owned();
        for part in [at("subresource"), at("operation").filter(|o| *o != "Update"), at("time")].into_iter().flatten() {
            line.push_str(&format!(", {part}"));
        }
        let mut fields = Vec::new();
        named(m.get("fieldsV1"), "", 0, &mut fields);
        let more = fields.len().saturating_sub(FIELDS);
        fields.truncate(FIELDS);
        let rest = if more > 0 { format!(", {more} more") } else { String::new() };
        let line = format!("{line}: {}{rest}", fields.join(", "));
        out.push((at("time").unwrap_or_default().to_owned(), line.into()));
    }
    // The newest first; RFC 3339 of one zone sorts by itself.
    out.sort_by(|a, b| b.0.cmp(&a.0));
    out.into_iter().map(|(_, l)| l).collect()
}

/// Paths two deep: `spec.paused`, `metadata.annotations`.
fn named(v: Option<&Value>, at: &str, depth: u8, out: &mut Vec<String>) {
    for (k, inner) in v.and_then(Value::as_object).into_iter().flatten() {
        let Some(name) = k.strip_prefix("f:") else { continue };
        let path = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
        let deeper = inner.as_object().is_some_and(|o| o.keys().any(|k| k.starts_with("f:")));
        if depth == 0 && deeper { named(Some(inner), &path, 1, out) } else { out.push(path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::kubernetes::fixture;
    use serde_json::json;

    #[test]
    fn a_recorded_rollout_is_shown_without_its_bookkeeping_and_who_wrote_it_is_named() {
        let v: Value = fixture("live-argo-rollout-canary-aborted");
        assert!(v.to_string().contains("managedFields"));
        let who = managers(&v);
        let text = text(v);
        assert!(!text.contains("managedFields") && text.contains("\"kind\": \"Rollout\""), "{text}");
        assert!(who.iter().any(|m| m.contains("status") && m.contains("status.abort")), "{who:#?}");
        assert!(who.iter().all(|m| m.len() < 400), "{who:#?}");
    }

    #[test]
    fn no_value_that_may_be_secret_is_in_it() {
        let applied = json!({"spec": {"env": [{"name": "P", "value": "hunter2"}]}}).to_string();
        let v = json!({"kind": "Deployment", "metadata": {"annotations": {APPLIED: applied}},
            "spec": {"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "P", "value": "hunter2"}]}]}}}});
        let shown = text(v);
        assert!(!shown.contains("hunter2") && shown.contains("as kubectl applied them"), "{shown}");
        let secret = json!({"kind": "Secret", "data": {"k": "aHVudGVyMg=="}, "stringData": {"p": "hunter2"}});
        let shown = text(secret);
        assert!(!shown.contains("aHVudGVyMg") && !shown.contains("hunter2") && shown.contains("\"k\""), "{shown}");
    }

    #[test]
    fn a_long_object_is_cut_at_a_line_and_says_how_much_is_missing() {
        let v = json!({"kind": "X", "list": (0..20_000).collect::<Vec<u32>>()});
        let shown = text(v);
        assert!(shown.len() < MOST + 40 && shown.ends_with("more bytes"), "{}", &shown[shown.len() - 80..]);
    }
}
