//! The terminal: keys in, frames out, everything put back at the end.
//!
//! One [`Device`] is `/dev/tty` opened anew. A [`Guard`] owns its modes, [`input::start`] reads it, [`Output`]
//! draws on it. Nothing here asks the terminal a question, and nothing here knows what a screen means.

pub mod decode;
pub mod depth;
pub mod device;
pub mod front;
pub mod guard;
pub mod input;
mod keys;
pub mod output;
pub mod paint;
pub mod paste;

pub use depth::{Depth, Locale, Wish};
pub use device::Device;
pub use guard::Guard;
pub use input::{Ending, Input};
pub use output::{Flushed, Frame, Output};

/// Person time: milliseconds of CLOCK_BOOTTIME, which goes on while the machine sleeps.
pub fn now_ms() -> i64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    t.tv_sec.saturating_mul(1000).saturating_add(t.tv_nsec / 1_000_000)
}
