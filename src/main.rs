//! Exit codes, the TLS provider and the second name, nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Under this name it watches over one program of a runbook, and is nothing else.
    let mut words = std::env::args_os();
    if words.next().is_some_and(|name| name == andon::engine::command::NAME) {
        return ExitCode::from(andon::engine::command::supervise(&words.collect::<Vec<_>>()));
    }
    // Whatever is written is this user's alone, unless a mode says otherwise.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // Tokens are in our memory and environment: no core file, no look inside from beside. Where the kernel refuses, all else
    // holds.
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    // One provider for every client; a second install is refused, and then the first one stands.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ExitCode::from(andon::cli::run())
}
