//! What a case is made of: incidents and who works on them, runbooks and notes.

pub mod casebook;
pub mod claim;
pub mod note;
pub mod people;
pub mod runbook;
