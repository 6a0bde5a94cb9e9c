//! What every family's plans are made of: the story around the requests, when a step is done, one JSON Patch as a
//! request. Pure; knows no kind of object.

use super::template::{body, masked};
use crate::core::act::plan::{CannotBecause, Expect, Primitive, Request};
use crate::core::seal::Sealed;
use serde_json::Value;
use std::sync::Arc;

/// *Seen* deadline of limits.md section 4, milliseconds.
pub const SEEN_BY: i64 = 15_000;
/// The default of `progressDeadlineSeconds` in all three families; also where a kind has no such field.
pub const DEADLINE_SECS: i64 = 600;

/// When a step has had its effect.
pub struct Done {
    pub wait_first: Option<Expect>,
    pub when: Expect,
    pub words: String,
}

/// What the dialog says around the requests.
pub struct Story {
    pub primitive: Primitive,
    pub why: String,
    pub sentence: String,
    pub not_undone: Vec<Arc<str>>,
    pub cautions: Vec<Arc<str>>,
}

pub fn not_now<T>(why: impl AsRef<str>) -> Result<T, CannotBecause> {
    Err(CannotBecause::NotNow(why.as_ref().into()))
}

/// `path`: of the object or its subresource, without a query.
pub fn json_patch(path: &str, ops: &[Value]) -> Request {
    Request {
        method: "PATCH".into(),
        path: format!("{path}?fieldManager=andon").into(),
        content_type: "application/json-patch+json".into(),
        shown: body(&masked(ops)).into(),
        body: Sealed::new(body(ops)),
    }
}
