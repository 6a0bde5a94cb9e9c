//! One guarded request of a plan under construction: a JSON Patch whose tests come first, shown as it is sent.

use crate::core::act::plan::{Expect, Request, Step};
use crate::core::id::Hash;
use crate::core::seal::Sealed;
use crate::core::world::target::TargetState;
use serde_json::{Value, json};
use std::sync::Arc;

/// Milliseconds: the controller's reaction, and its progress deadline.
const SEEN_BY: i64 = 15_000;
const SETTLED_BY: i64 = 600_000;

/// A request under construction: guards first, then changes.
pub(super) struct Patch<'a> {
    seen: &'a TargetState,
    ops: Vec<Value>,
    guards: Vec<Arc<str>>,
}

impl<'a> Patch<'a> {
    /// The two guards every act has: this object, and this version still asked for.
    pub(super) fn of(seen: &'a TargetState, candidate: &Hash) -> Patch<'a> {
        let p = Patch { seen, ops: Vec::new(), guards: Vec::new() };
        let name = if seen.detail.flagger.is_some() { "lastAppliedSpec" } else { "currentPodHash" };
        let uid = p.test("/metadata/uid", "uid", json!(&*seen.id.uid));
        uid.test(&format!("/status/{name}"), name, json!(candidate.as_str()))
    }

    /// Without them: of another object than the target.
    pub(super) fn bare(seen: &'a TargetState) -> Patch<'a> {
        Patch { seen, ops: Vec::new(), guards: Vec::new() }
    }

    pub(super) fn test(mut self, path: &str, name: &str, value: Value) -> Self {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.guards.push(format!("{name} {shown}").into());
        self.ops.push(json!({"op": "test", "path": path, "value": value}));
        self
    }

    pub(super) fn change(mut self, op: &str, path: &str, value: Value) -> Self {
        self.ops.push(if op == "remove" {
            json!({"op": op, "path": path})
        } else {
            json!({"op": op, "path": path, "value": value})
        });
        self
    }

    pub(super) fn step(self, title: String, status: bool, seen: Expect, done: Expect, words: String) -> Step {
        let kind = if self.seen.detail.flagger.is_some() {
            "apis/flagger.app/v1beta1/namespaces/{ns}/canaries/{name}"
        } else {
            "apis/argoproj.io/v1alpha1/namespaces/{ns}/rollouts/{name}"
        };
        let kind = if status { format!("{kind}/status") } else { kind.to_owned() };
        self.request(&kind, title, seen, done, words)
    }

    /// The same of another object: a path with `{ns}` and `{name}`.
    pub(super) fn request(self, path: &str, title: String, seen: Expect, done: Expect, words: String) -> Step {
        let id = &self.seen.id;
        let path = path.replace("{ns}", &id.namespace).replace("{name}", &id.name);
        let lines: Vec<String> = self.ops.iter().map(Value::to_string).collect();
        let body = format!("[{}]", lines.join(",\n "));
        Step {
            title: title.into(),
            request: Request {
                method: "PATCH".into(),
                path: format!("/{path}?fieldManager=andon").into(),
                content_type: "application/json-patch+json".into(),
                shown: body.as_str().into(),
                body: Sealed::new(body),
            },
            guards: self.guards,
            wait_first: None,
            seen_when: seen,
            done_when: done,
            refused_when: None,
            done_words: words.into(),
            seen_by: SEEN_BY,
            closes: false,
            settled_by: SETTLED_BY,
        }
    }
}
