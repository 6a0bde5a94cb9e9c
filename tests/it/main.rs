//! One integration binary: whatever needs the whole crate, its files, a pseudo-terminal or real servers.

mod command;
mod console_env;
mod console_f1;
mod console_pty;
mod contract;
mod drawing;
mod drill;
mod files;
mod flood;
mod fuzz;
mod gate;
mod home;
mod kubernetes;
mod layering;
mod live;
mod live_prom;
mod paged;
mod properties;
mod pty;
mod pty_self;
mod screen;
mod secrets;
mod snapshots;
mod tty_probe;
mod words;
