//! AnalysisRuns and Experiments as rows. Pure. Source of the fields: kubernetes-rollouts 3.1, 3.4.

use crate::backends::kubernetes::dto::Meta;
use crate::core::world::detail::Analysis;
use serde::Deserialize;
use std::sync::Arc;

/// An AnalysisRun or Experiment as the server sends it; only what is read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Run {
    pub metadata: Meta,
}

/// One run as rows keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    pub uid: Arc<str>,
    /// Uid of the Rollout, or of the Experiment that owns it.
    pub owner: Arc<str>,
    /// Template hash it belongs to.
    pub hash: Option<Arc<str>>,
    pub analysis: Analysis,
}

/// `kind`: `AnalysisRun` or `Experiment`. `None`: no name, no uid or no owner.
pub fn run_row(_kind: &str, _run: &Run) -> Option<RunRow> {
    None
}
