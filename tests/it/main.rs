//! One integration binary: whatever needs the whole crate, its files, a pseudo-terminal or real servers.

mod contract;
mod drawing;
mod drill;
mod kubernetes;
mod layering;
mod live;
mod live_prom;
mod pty;
mod pty_self;
mod screen;
mod snapshots;
mod tty_probe;
mod words;
