//! `andon reset-terminal`: after a kill that nobody could answer. It sets only what a console may have changed.

use super::tell;
use crate::tty::{Device, guard};

/// 0: done. 2: there is no terminal, or it does not take it.
pub fn run() -> u8 {
    match Device::open().and_then(|device| guard::reset(&device)) {
        Ok(()) => 0,
        Err(e) => {
            tell(&format!("the terminal cannot be put back: {e}"));
            2
        }
    }
}
