//! Exit codes and the TLS provider, nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Whatever is written is this user's alone, unless a mode says otherwise.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // One provider for every client; a second install is refused, and then the first one stands.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ExitCode::from(andon::cli::run())
}
