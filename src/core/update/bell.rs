//! When the bell rings (opt-in): once for trouble that is worse than what stood, at most every ten seconds. Never for a
//! key: what a person does is no news to them.

use crate::core::alarm;
use crate::core::effect::Effect;
use crate::core::model::{Heard, Model};
use crate::core::nav::Screen;
use std::cmp::Reverse;

/// At most one ring in this many milliseconds.
const BETWEEN_MS: i64 = 10_000;
/// A service that is WORSE or burns; it has no place on the alarm row while it is the chosen one.
const SERVICE: u8 = 7;

pub(super) fn listen(model: &mut Model, out: &mut Vec<Effect>) {
    if !model.settings.bell || model.heard.revision == model.revision {
        return;
    }
    let worst = worst(model);
    let was = model.heard.worst;
    let order = |w: Option<(u8, usize)>| w.map_or((u8::MAX, Reverse(0)), |(rank, n)| (rank, Reverse(n)));
    let now = model.now.person;
    // Who wakes the console looks at it.
    let watched = matches!(model.nav.screen, Screen::Waking | Screen::Choose) || model.heard.revision == 0;
    let soon = model.heard.rang.is_some_and(|at| now.0 - at.0 < BETWEEN_MS);
    let rings = order(worst) < order(was) && !watched && !soon;
    if rings {
        out.push(Effect::Bell);
    }
    let rang = if rings { Some(now) } else { model.heard.rang };
    // On the waking screen nothing is heard yet: what stands when it ends is the beginning.
    let revision = if matches!(model.nav.screen, Screen::Waking | Screen::Choose) { 0 } else { model.revision };
    model.heard = Heard { revision, worst, rang };
}

/// The same whatever row is chosen, so that choosing another one rings nothing.
fn worst(model: &Model) -> Option<(u8, usize)> {
    let mut ranks: Vec<u8> = alarm::alarms(model).iter().map(|a| a.rank).filter(|r| *r < SERVICE).collect();
    // Pages wake people; whichever row is chosen.
    ranks.extend(std::iter::repeat_n(SERVICE, model.alerts.open_pages()));
    ranks.extend(model.rows.iter().filter(|r| r.rank == 0 || r.rank == 2).map(|_| SERVICE));
    let least = ranks.iter().copied().min()?;
    Some((least, ranks.iter().filter(|r| **r == least).count()))
}
