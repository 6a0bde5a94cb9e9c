//! What people do about trouble: the runbook and how far they are in it, and the note they write.

pub mod note;
pub mod runbook;
