//! One file per screen: the model in, lines out. No stored state, no clock.

pub mod alerts;
pub mod board;
pub mod evidence;
pub mod headline;
pub mod incident;
pub mod log;
pub mod runbook;
pub mod sources;
pub mod timeline;
pub mod verdict;
pub mod waking;
pub mod watch;
pub mod wide;
