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

/// One ControllerRevision as rows keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct RevisionRow {
    pub uid: Arc<str>,
    pub owner: Arc<str>,
    pub name: Arc<str>,
    pub number: i64,
}
