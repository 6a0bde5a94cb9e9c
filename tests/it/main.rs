//! One binary for all integration tests.

mod live_prom;
mod pty;
mod pty_self;
mod screen;
mod tty_probe;
