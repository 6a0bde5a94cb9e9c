//! The few fields of Deployment, StatefulSet, DaemonSet and ControllerRevision that are read, all optional.

use crate::backends::kubernetes::dto::Meta;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkKind {
    Deployment,
    StatefulSet,
    DaemonSet,
}

/// A workload, trimmed: no environments, volumes or probes are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Work {
    pub metadata: Meta,
}

/// One kept template of a StatefulSet or DaemonSet.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ControllerRevision {
    pub metadata: Meta,
    pub revision: Option<i64>,
}

/// `None`: no name, no uid, or nobody owns it.
pub fn revision_row(r: &ControllerRevision) -> Option<RevisionRow> {
    let m = &r.metadata;
    Some(RevisionRow {
        uid: m.uid.clone()?,
        owner: m.owner()?.clone(),
        name: m.name.clone()?,
        number: r.revision.unwrap_or(0),
    })
}

/// One ControllerRevision as rows keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct RevisionRow {
    pub uid: Arc<str>,
    pub owner: Arc<str>,
    pub name: Arc<str>,
    pub number: i64,
}
