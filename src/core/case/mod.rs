//! What people do about trouble: the runbook and how far they are in it, the note being written.

pub mod note;
pub mod runbook;
