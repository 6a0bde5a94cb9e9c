//! World builders, fake servers, key scripts and pictures for tests and benches. Models are made by feeding real messages
//! through `core::update`, never by poking fields, so that every state here is one that can occur.

pub mod acts;
pub mod canary;
pub mod colour;
pub mod contract;
pub mod drill;
pub mod fake_http;
pub mod fake_kube;
pub mod fake_prometheus;
pub mod fuzz;
pub mod hostile;
pub mod kinds;
pub mod picture;
pub mod pipeline;
pub mod played;
pub mod states;
mod states_acts;
mod states_case;
mod states_finding;
mod states_kinds;
pub mod states_log;
pub mod states_looked;
mod states_many;
pub mod states_signals;
mod states_sizes;
pub mod stories;
pub mod stray;
pub mod svg;
pub mod telemetry;
pub mod trials;
pub mod vectors;
pub mod world;

pub use canary::Canary;
pub use world::{World, world};
