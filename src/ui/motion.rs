//! `--reduced-motion`: what moves by itself on screen moves in steps of five seconds, and the clock in minutes. Figures
//! that come in are drawn when they come; the words are those of `core::age`.

use crate::core::age;
use crate::core::model::Model;

/// Milliseconds between two moves of anything that grows by itself.
pub const STEP_MS: i64 = 5_000;

/// A span that goes on growing, as it is drawn now. Milliseconds; never more than it is.
pub fn step(model: &Model, ms: i64) -> i64 {
    if model.settings.reduced_motion { ms.div_euclid(STEP_MS) * STEP_MS } else { ms }
}

/// [`age::age`] of a span that goes on growing.
pub fn growing(model: &Model, ms: i64) -> String {
    age::age(step(model, ms))
}

/// [`age::stopwatch`] of a span that goes on growing.
pub fn stopwatch(model: &Model, ms: i64) -> String {
    age::stopwatch(step(model, ms))
}

/// `03:14:07Z`, or `03:14Z` where seconds would be motion.
pub fn clock(model: &Model) -> String {
    let hms = model.utc().hms();
    if model.settings.reduced_motion { format!("{}Z", hms.get(..5).unwrap_or(&hms)) } else { format!("{hms}Z") }
}
