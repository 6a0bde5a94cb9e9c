//! One integration binary: whatever needs the whole crate, its files or real servers.

mod layering;
mod live;
