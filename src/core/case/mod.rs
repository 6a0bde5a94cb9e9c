//! What people do about trouble: the runbook and how far they are in it.

pub mod runbook;
