//! Tests against real servers: the lab of `tests/lab`, started by `.ci/run` or by hand (its README says how).
//!
//! They run only with `ANDON_LIVE=1`, and then a missing server is a failure, never a skip. They share one cluster:
//! run them with `--test-threads=1`, and let each make its own Rollout (`Lab::fresh_rollout`).

mod apps;
mod argo;
mod backend;
mod commands;
mod console;
mod cord;
mod evidence;
mod flagger;
pub mod home;
mod kinds;
mod kube;
pub mod lab;
pub mod rollout;
mod stack;
mod telemetry;
