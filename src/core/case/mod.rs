pub mod note;
pub mod runbook;
