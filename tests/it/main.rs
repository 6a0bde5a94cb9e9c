//! One integration binary: whatever needs the whole crate, its files, a pseudo-terminal or real servers.

mod contract;
mod drill;
mod kubernetes;
mod layering;
mod live;
mod live_prom;
mod pty;
mod pty_self;
mod screen;
mod tty_probe;
