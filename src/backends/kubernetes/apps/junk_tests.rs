//! A field of the wrong kind loses that field only, and no plan made from it panics.

use super::dto::WorkKind;
use super::plan::plan;
use super::read::state;
use super::recorded::{change, items, seen};
use crate::backends::kubernetes::fixture;
use crate::core::act::plan::{Operation, Verb};
use crate::core::time::Utc;
use serde_json::{Value, json};

/// Every leaf of a recorded object in turn holds what it must not.
fn leaves(v: &Value, at: &str, out: &mut Vec<String>) {
    match v {
        Value::Object(m) => m.iter().for_each(|(k, v)| {
            out.push(format!("{at}/{}", k.replace('/', "~1")));
            leaves(v, &format!("{at}/{}", k.replace('/', "~1")), out);
        }),
        Value::Array(a) => a.iter().enumerate().for_each(|(i, v)| leaves(v, &format!("{at}/{i}"), out)),
        _ => {}
    }
}

#[test]
fn junk_in_any_field_of_any_kind_loses_that_field_only() {
    // All of it takes seconds; each time every seventh place, another seventh for each kind of junk.
    let every = if std::env::var("ANDON_LONG").as_deref() == Ok("1") { 1 } else { 7 };
    let junk = [json!(null), json!(-7), json!("x-"), json!({"a": 1})];
    for (kind, object, kept, pods) in [
        (WorkKind::Deployment, "live-k8s-deployment-stuck-on-quota", "live-k8s-replicasets-stuck-on-quota", ""),
        (
            WorkKind::StatefulSet,
            "live-k8s-statefulset-ordered-stuck",
            "live-k8s-revisions-of-statefulset",
            "live-k8s-pods-of-statefulset-stuck",
        ),
        (
            WorkKind::DaemonSet,
            "live-k8s-daemonset-stuck",
            "live-k8s-revisions-of-daemonset",
            "live-k8s-pods-of-daemonset-stuck",
        ),
    ] {
        let mut good: Value = fixture(object);
        change(&mut good, &[("/metadata/managedFields", Value::Null)]);
        let rows = Value::Array(items(kept));
        let pods = if pods.is_empty() { Vec::new() } else { items(pods) };
        let id = seen(kind, object, kept, "", &[]).id;
        let (mut of_object, mut of_rows) = (Vec::new(), Vec::new());
        leaves(&good, "", &mut of_object);
        leaves(&rows, "", &mut of_rows);
        for (i, j) in junk.iter().enumerate() {
            for at in of_object.iter().skip(i % every).step_by(every) {
                let mut o = good.clone();
                *o.pointer_mut(at).expect(at) = j.clone();
                let t = state(&id, kind, o, items_of(&rows), &pods, &[], Utc(0));
                // Without name or uid, or with another owner, it is no target; else it is one.
                let named = ["/metadata", "/metadata/name", "/metadata/uid"].contains(&at.as_str());
                assert!(t.is_some() || named, "{at} = {j}");
                if let Some(t) = t {
                    let _any = plan(&Operation::new(Verb::RollBack, t.id.clone()), &t);
                }
            }
            for at in of_rows.iter().skip(i % every).step_by(every) {
                let mut r = rows.clone();
                *r.pointer_mut(at).expect(at) = j.clone();
                assert!(state(&id, kind, good.clone(), items_of(&r), &pods, &[], Utc(0)).is_some(), "{at} = {j}");
            }
        }
    }
}

fn items_of(v: &Value) -> Vec<Value> {
    v.as_array().cloned().unwrap_or_default()
}
