//! Who last wrote the fields acts are about, from the server's own bookkeeping (`managedFields`), which stands in every list
//! and watch. Only what is asked for is kept of it. Pure. A program is told, never a person; who removed a field left no
//! trace (kubernetes-rollouts 6.4).

use super::argo::phase::utc;
use super::lenient::{list, object, text};
use crate::core::time::Utc;
use crate::core::world::detail::Written;
use crate::core::world::target::Manager;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::sync::Arc;

/// A field whose writer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Paused,
    Template,
    RestartAt,
    Replicas,
    Partition,
    Suspend,
    SkipAnalysis,
    /// Through the subresource `status`, as are those below.
    Abort,
    PromoteFull,
}

/// Argo's controller writes empty members into every template it numbers (seen on 1.10.1), and never another version.
const ARGO: &str = "rollouts-controller";

/// One manager's entry, where it wrote any of the fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Hand {
    pub manager: Arc<str>,
    at: Option<Utc>,
    fields: u16,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    #[serde(deserialize_with = "text")]
    manager: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    time: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    subresource: Option<Arc<str>>,
    #[serde(deserialize_with = "object")]
    fields_v1: Fields,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(rename = "f:spec", deserialize_with = "object")]
    spec: SpecFields,
    #[serde(rename = "f:status", deserialize_with = "object")]
    status: StatusFields,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct SpecFields {
    #[serde(rename = "f:paused", deserialize_with = "there")]
    paused: bool,
    #[serde(rename = "f:template", deserialize_with = "there")]
    template: bool,
    #[serde(rename = "f:restartAt", deserialize_with = "there")]
    restart_at: bool,
    #[serde(rename = "f:replicas", deserialize_with = "there")]
    replicas: bool,
    #[serde(rename = "f:suspend", deserialize_with = "there")]
    suspend: bool,
    #[serde(rename = "f:skipAnalysis", deserialize_with = "there")]
    skip_analysis: bool,
    #[serde(rename = "f:updateStrategy", deserialize_with = "object")]
    update: UpdateFields,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct UpdateFields {
    #[serde(rename = "f:rollingUpdate", deserialize_with = "object")]
    rolling: RollingFields,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct RollingFields {
    #[serde(rename = "f:partition", deserialize_with = "there")]
    partition: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct StatusFields {
    #[serde(rename = "f:abort", deserialize_with = "there")]
    abort: bool,
    #[serde(rename = "f:promoteFull", deserialize_with = "there")]
    promote_full: bool,
}

/// Whatever it is, it is there.
fn there<'de, D: Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(d)?;
    Ok(true)
}

/// The entries of `managedFields` that matter; anything else in their place is none.
pub fn hands<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Hand>, D::Error> {
    let all: Vec<Entry> = list(d)?;
    Ok(all.into_iter().filter_map(hand).collect())
}

fn hand(e: Entry) -> Option<Hand> {
    let (s, status) = (&e.fields_v1.spec, &e.fields_v1.status);
    let wrote: &[(Field, bool)] = if e.subresource.as_deref() == Some("status") {
        &[(Field::Abort, status.abort), (Field::PromoteFull, status.promote_full)]
    } else {
        &[
            (Field::Paused, s.paused),
            (Field::Template, s.template && e.manager.as_deref() != Some(ARGO)),
            (Field::RestartAt, s.restart_at),
            (Field::Replicas, s.replicas),
            (Field::Partition, s.update.rolling.partition),
            (Field::Suspend, s.suspend),
            (Field::SkipAnalysis, s.skip_analysis),
        ]
    };
    let fields = wrote.iter().filter(|(_, on)| *on).fold(0, |all, (f, _)| all | 1 << *f as u16);
    let manager = e.manager.unwrap_or_else(|| "unknown".into());
    (fields != 0).then(|| Hand { manager, at: utc(e.time.as_ref()), fields })
}

/// The last writer of a field.
pub fn last(all: &[Hand], field: Field) -> Option<Manager> {
    let wrote = all.iter().filter(|h| h.fields & 1 << field as u16 != 0);
    wrote.map(|h| Manager { name: h.manager.clone(), at: h.at }).max_by_key(|m| m.at)
}

/// Those of several fields under their names, newest first.
pub fn writers<'h>(of: impl IntoIterator<Item = (&'static str, &'h [Hand], Field)>) -> Vec<Written> {
    let told = of.into_iter().filter_map(|(what, all, f)| Some(Written { what: what.into(), by: last(all, f)? }));
    let mut told: Vec<Written> = told.collect();
    told.sort_by(|a, b| (b.by.at, &a.what).cmp(&(a.by.at, &b.what)));
    told
}

/// The object without the server's bookkeeping; often half of it.
pub fn without_hands(mut object: Value) -> Value {
    if let Some(m) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        m.remove("managedFields");
    }
    object
}

#[cfg(test)]
mod tests {
    use super::super::dto::Meta;
    use super::*;
    use crate::backends::kubernetes::fixture;
    use serde_json::json;

    fn meta(fields: Value) -> Meta {
        serde_json::from_value(json!({"name": "x", "managedFields": fields})).expect("lenient")
    }

    #[test]
    fn each_field_has_its_last_writer_and_the_newest_stands_first() {
        let entry = |manager: &str, part: &str, time: &str, fields: Value| json!({"manager": manager, "subresource": part, "time": time, "fieldsV1": fields});
        let m = meta(json!([
            entry("kubectl", "", "2026-01-01T00:00:01Z", json!({"f:spec": {"f:paused": {}, "f:template": {}}})),
            entry("andon", "", "2026-01-01T00:00:03Z", json!({"f:spec": {"f:paused": {}}})),
            entry("argocd", "status", "2026-01-01T00:00:02Z", json!({"f:status": {"f:abort": {}}})),
            entry("liar", "", "2026-01-01T00:00:09Z", json!({"f:status": {"f:abort": {}}})),
            entry("hpa", "scale", "2026-01-01T00:00:04Z", json!({"f:spec": {"f:replicas": {}}})),
            entry("set", "", "2026-01-01T00:00:05Z", json!({"f:spec": {"f:updateStrategy": {"f:rollingUpdate": {"f:partition": {}}}}})),
            entry("rollouts-controller", "", "2026-01-01T00:00:08Z", json!({"f:spec": {"f:template": {"f:spec": {}}}})),
            {"manager": 7},
            7,
        ]));
        assert_eq!(m.managed_fields.len(), 5, "only what matters is kept");
        let of = [
            ("spec.paused", Field::Paused),
            ("spec.template", Field::Template),
            ("status.abort", Field::Abort),
            ("status.promoteFull", Field::PromoteFull),
            ("spec.replicas", Field::Replicas),
            ("partition", Field::Partition),
        ];
        let told = writers(of.map(|(what, f)| (what, m.managed_fields.as_slice(), f)));
        let told: Vec<_> = told.iter().map(|w| format!("{} {}", w.what, w.by.name)).collect();
        let due =
            ["partition set", "spec.replicas hpa", "spec.paused andon", "status.abort argocd", "spec.template kubectl"];
        assert_eq!(told, due);
        for odd in [json!(null), json!("x"), json!({"f:spec": 1}), json!([{"fieldsV1": [1], "time": {}}])] {
            assert_eq!(meta(odd).managed_fields, []);
        }
    }

    #[test]
    fn a_recorded_abort_names_its_program() {
        let m: Meta = serde_json::from_value(fixture::<Value>("live-argo-rollout-canary-aborted")["metadata"].clone())
            .expect("meta");
        assert_eq!(last(&m.managed_fields, Field::Abort).map(|m| m.name.to_string()).as_deref(), Some("andon"));
    }
}
