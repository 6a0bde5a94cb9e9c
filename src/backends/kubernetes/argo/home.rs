//! Where a Rollout's template lives: in itself, or in the object its `workloadRef` names, which is another object with
//! another permission and another generation. Pure.

use super::asked::Asked;
use super::plan::{Read, not_now};
use crate::core::act::plan::CannotBecause;
use serde_json::{Value, json};

/// (group, plural, pointer of the template) of the kinds a `workloadRef` can name.
pub fn kind(word: &str) -> Option<(&'static str, &'static str, &'static str)> {
    match word {
        "Deployment" => Some(("/apis/apps/v1", "deployments", "/spec/template")),
        "ReplicaSet" => Some(("/apis/apps/v1", "replicasets", "/spec/template")),
        // Its template is at the top.
        "PodTemplate" => Some(("/api/v1", "podtemplates", "/template")),
        _ => None,
    }
}

/// The template that counts, where its object was read.
pub fn template<'a>(r: &'a Read<'_>) -> Option<&'a Value> {
    match r.rollout.pointer("/spec/workloadRef").filter(|w| !w.is_null()) {
        Some(home) => {
            let (_, _, at) = kind(home.get("kind")?.as_str()?)?;
            r.work.pointer(at)
        }
        None => r.rollout.pointer("/spec/template"),
    }
}

/// The object to patch for another template.
pub struct Home {
    /// Path without query; `None`: the Rollout itself.
    elsewhere: Option<String>,
    /// JSON pointer of the template inside it.
    at: &'static str,
    /// Identity, and that the template is still the one that was read.
    guards: Vec<Value>,
    /// `Deployment ads`.
    pub word: String,
}

impl Home {
    /// `Err`: it is elsewhere and could not be read, or nobody knows how to patch its kind.
    /// `asked`: what the plan takes for asked for; where the controller has not named it the template itself is tested.
    pub fn of(r: &Read<'_>, asked: &Asked) -> Result<Home, CannotBecause> {
        let named = |key: &str| r.rollout.pointer(&format!("/spec/workloadRef/{key}")).and_then(Value::as_str);
        if r.rollout.pointer("/spec/workloadRef").is_none_or(Value::is_null) {
            let guards = match (asked, r.rollout.pointer("/spec/template")) {
                (Asked::Kept(_) | Asked::Unnamed, Some(template)) => vec![
                    json!({"op": "test", "path": "/metadata/uid", "value": &*r.seen.id.uid}),
                    json!({"op": "test", "path": "/spec/template", "value": template}),
                ],
                (Asked::Seen, _) | (_, None) => r.guards(&r.candidate),
            };
            return Ok(Home {
                elsewhere: None,
                at: "/spec/template",
                guards,
                word: format!("Rollout {}", r.seen.id.name),
            });
        }
        let (kind, name) = (named("kind").unwrap_or("?"), named("name").unwrap_or("?"));
        let Some((group, plural, at)) = self::kind(kind) else {
            return not_now(format!("its template lives in {kind} {name}, which andon cannot change"));
        };
        let uid = r.work.pointer("/metadata/uid").and_then(Value::as_str);
        let (Some(uid), Some(template)) = (uid, r.work.pointer(at)) else {
            return not_now(format!(
                "its template lives in {kind} {name}, which could not be read (a rollout in flight is aborted all the same)"
            ));
        };
        Ok(Home {
            elsewhere: Some(r.path(group, plural, name)),
            at,
            guards: vec![
                json!({"op": "test", "path": "/metadata/uid", "value": uid}),
                json!({"op": "test", "path": at, "value": template}),
            ],
            word: format!("{kind} {name}"),
        })
    }

    /// Guards and the new template.
    pub fn patch(&self, template: &Value) -> Vec<Value> {
        let mut ops = self.guards.clone();
        ops.push(json!({"op": "replace", "path": self.at, "value": template}));
        ops
    }

    /// Path of the object, where it is not the Rollout.
    pub fn elsewhere(&self) -> Option<&str> {
        self.elsewhere.as_deref()
    }
}
