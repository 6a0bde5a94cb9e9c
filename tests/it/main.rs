//! One integration binary: whatever needs the whole crate, its files, a pseudo-terminal or real servers.

mod console_env;
mod console_f1;
mod console_pty;
mod drill;
mod home;
mod layering;
mod live;
mod live_prom;
mod pty;
mod pty_self;
mod screen;
mod tty_probe;
