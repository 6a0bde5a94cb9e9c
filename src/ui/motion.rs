//! `--reduced-motion`: what moves by itself on screen moves in steps of five seconds, and the clock in minutes. Figures
//! that come in are drawn when they come; the words are those of `core::age`.

use crate::core::age;
use crate::core::model::Model;

/// Milliseconds between two moves of anything that grows by itself.
pub const STEP_MS: i64 = 5_000;

const MINUTE_MS: i64 = 60_000;

/// A span that goes on growing, as it is drawn now. Milliseconds; never more than it is.
pub fn step(model: &Model, ms: i64) -> i64 {
    if model.settings.reduced_motion { ms.div_euclid(STEP_MS) * STEP_MS } else { ms }
}

/// [`age::age`] of a span that goes on growing.
pub fn growing(model: &Model, ms: i64) -> String {
    age::age(step(model, ms))
}

/// [`age::stopwatch`] of a span that goes on growing. After its first minute nobody reads its seconds, and each costs the
/// line ten bytes (limits.md section 5: 32 B/s): it moves in steps from there on.
pub fn stopwatch(model: &Model, ms: i64) -> String {
    let by_steps = ms >= MINUTE_MS || model.settings.reduced_motion;
    age::stopwatch(if by_steps { ms.div_euclid(STEP_MS) * STEP_MS } else { ms })
}

/// `03:14:07Z`, or `03:14Z` where seconds would be motion.
pub fn clock(model: &Model) -> String {
    let hms = model.utc().hms();
    if model.settings.reduced_motion { format!("{}Z", hms.get(..5).unwrap_or(&hms)) } else { format!("{hms}Z") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::world;

    #[test]
    fn a_stopwatch_shows_every_second_of_its_first_minute_only() {
        let mut w = world();
        let shown = |m: &Model| [999, 41_000, 59_999, 60_000, 64_999, 514_000].map(|ms| stopwatch(m, ms));
        assert_eq!(shown(&w.model), ["0m00", "0m41", "0m59", "1m00", "1m00", "8m30"]);
        w.model.settings.reduced_motion = true;
        assert_eq!(shown(&w.model), ["0m00", "0m40", "0m55", "1m00", "1m00", "8m30"]);
    }
}
