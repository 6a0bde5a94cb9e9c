//! The cursor of Timeline, and Verdict as of then. No act starts from the past: a key that begins one returns to now first,
//! says so, and opens its menu there.

use super::bump;
use crate::core::model::Model;
use crate::core::nav::Screen;
use crate::core::timeline;

/// Up or down.
pub(super) fn go(model: &mut Model, by: i64) {
    let all = timeline::keys(model);
    let Some(last) = all.len().checked_sub(1) else { return };
    let at = model.nav.moment.as_ref().and_then(|k| all.iter().position(|x| x == k)).unwrap_or(0);
    let to = (at as i64).saturating_add(by).clamp(0, last as i64) as usize;
    // The first line is now, whatever comes.
    model.nav.moment = (to > 0).then(|| all[to].clone());
}

/// Enter: Verdict as of the chosen moment. On the line of now: Verdict as it is.
pub(super) fn enter(model: &mut Model) {
    let chosen = model.nav.moment.clone();
    let lines = timeline::lines(model);
    let line = chosen.and_then(|k| lines.into_iter().find(|l| l.key == k));
    match line {
        Some(l) => {
            if let Some(s) = l.service.filter(|s| model.rows.iter().any(|r| r.service == *s)) {
                model.nav.selected = Some(s);
                model.nav.by_hand = true;
            }
            model.nav.go(Screen::Verdict);
            model.nav.as_of = Some(l.at);
            model.tell(format!("AS OF {}Z: what was known then. esc, or any act key, returns to now", l.at.hms()));
        }
        None => model.nav.go(Screen::Verdict),
    }
    bump(model);
}

/// Back to now. False: it was now already.
pub(super) fn leave(model: &mut Model) -> bool {
    let was = model.nav.as_of.take().is_some();
    if was {
        model.tell("now again");
        bump(model);
    }
    was
}

/// A key that begins an act.
pub(super) fn act_key(model: &mut Model) {
    if model.nav.as_of.take().is_some() {
        model.tell("back to now first: acts start from what is, not from what was");
        bump(model);
    }
}
