//! What a `--plain` session has said already, so that nothing is said twice and a number keeps meaning the row it was
//! printed with. Part of the model: a replay says the same lines.

use crate::core::id::{ActId, DialogId, ServiceId, SourceId, TargetId};
use crate::core::time::Person;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A row as it was last listed: its number is its place from 1. Rows may have moved since; the number has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub service: ServiceId,
    pub target: Option<TargetId>,
}

/// An open dialog as it was last written out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub id: DialogId,
    /// Its plan was there: before that, only that it is being made was said.
    pub whole: bool,
    pub lines: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The first lines were written.
    pub begun: bool,
    /// The first status was written; from there on changes are told.
    pub awake: bool,
    pub rows: Vec<Listed>,
    /// Sources that were called old.
    pub old: BTreeSet<SourceId>,
    /// The burn of each service as last told.
    pub burns: BTreeMap<ServiceId, Arc<str>>,
    /// Lines of each act's timeline that were told.
    #[serde(with = "crate::core::pairs")]
    pub acts: BTreeMap<ActId, usize>,
    pub alarms: BTreeSet<String>,
    /// Folds and lines of the timeline as they were last numbered.
    #[serde(default)]
    pub folds: Vec<Arc<str>>,
    #[serde(default)]
    pub moments: Vec<Arc<str>>,
    /// The last notice and its end: the same words told again are told again, and so are others of one millisecond.
    pub notice: Option<(Arc<str>, Person)>,
    pub armed: bool,
    pub dialog: Option<Asked>,
}
