//! What a case is made of: incidents and who works on them, runbooks and notes.

pub mod bench;
pub mod casebook;
pub mod checklist;
pub mod claim;
pub mod desk;
pub mod followup;
pub mod incident;
pub mod known;
pub mod ledger;
pub mod note;
pub mod others;
pub mod people;
pub mod report;
pub mod runbook;
pub mod runs;
pub mod seams;
pub mod signal;
pub mod status;
