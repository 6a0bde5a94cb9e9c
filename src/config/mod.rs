//! Files people edit, turned into typed values. All problems of all files are collected, with their place and what is
//! meant instead; the good parts apply.

pub mod calendar;
pub mod chord;
pub mod duration;
pub mod file;
pub mod keymap;
pub mod limits;
pub mod load;
pub mod looks;
pub mod origin;
pub mod problem;
pub mod runbook;
pub mod schema;
pub mod service;
pub mod source;
pub mod suggest;
pub mod table;
pub mod theme;

pub use file::{Config, Environment};
pub use limits::Limits;
pub use load::{Paths, check, load, runbook_at};
pub use looks::Wardrobe;
pub use problem::{Problem, Severity};
pub use service::{Service, Slo};
pub use source::{Source, SourceKind};
