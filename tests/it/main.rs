//! One binary for all integration tests.

mod live_prom;
