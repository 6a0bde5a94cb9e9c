//! World builders, fake servers and key scripts for tests and benches.

pub mod contract;
pub mod drill;
pub mod fake_http;
pub mod fake_kube;
pub mod fake_prometheus;
pub mod trials;
