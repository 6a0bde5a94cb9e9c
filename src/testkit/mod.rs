pub mod contract;
pub mod fake_kube;
pub mod trials;
