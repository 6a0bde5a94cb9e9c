//! When it may go forward and who is there then: change windows, freezes, shifts; and the one line that costs seconds to
//! ask before a promote. Times are UTC, as everywhere.

use super::line;
use crate::core::act::gate::{Gate, GateLine, GateState};
use crate::core::act::rules::Times;
use crate::core::age;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::calendar::{Calendar, SHIFT_SOON_MS, Standing};
use crate::core::world::target::TargetState;

/// `17:00` today, `Mon 09:00` within a week, `2026-12-20 09:00` later.
pub fn clock(at: Utc, now: Utc) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let day = |t: Utc| t.secs().div_euclid(86_400);
    let text = at.rfc3339();
    let hm = text.get(11..16).unwrap_or_default();
    match day(at) - day(now) {
        0 => hm.to_owned(),
        1..=6 => format!("{} {hm}", DAYS[usize::try_from(day(at).rem_euclid(7)).unwrap_or(0)]),
        _ => format!("{} {hm}", text.get(..10).unwrap_or_default()),
    }
}

/// `0h40`, `2d04h`: how long until then.
fn until(at: Utc, now: Utc) -> String {
    let ms = at.since(now);
    if ms < 86_400_000 { format!("{}h{:02}", ms / 3_600_000, ms / 60_000 % 60) } else { age::span(ms) }
}

fn calendar(model: &Model) -> Result<Option<&Calendar>, &str> {
    match &model.rules.calendar {
        Times::None => Ok(None),
        Times::Faulty(why) => Err(why),
        Times::Is(c) => Ok(Some(c)),
    }
}

pub(super) fn window(model: &Model) -> GateLine {
    let says = |state, words: String| line(Gate::Window, state, words);
    let now = model.utc();
    let c = match calendar(model) {
        Err(why) => return says(GateState::UnknownWarn, format!("the calendar cannot be used: {why}")),
        Ok(None) => return says(GateState::NotConfigured, "no calendar is configured".into()),
        Ok(Some(c)) => c,
    };
    match c.standing(now) {
        Standing::Silent => says(GateState::NotConfigured, format!("{} has no change window", c.file)),
        Standing::Open { until: Some(end) } => {
            says(GateState::Ok, format!("open until {} ({})", clock(end, now), c.file))
        }
        Standing::Open { until: None } => says(GateState::Ok, format!("no freeze ({})", c.file)),
        Standing::Closed { opens: Some(at) } => {
            says(GateState::Warn, format!("closed; opens {}, in {} ({})", clock(at, now), until(at, now), c.file))
        }
        Standing::Closed { opens: None } => says(GateState::Warn, format!("closed; no next one is known ({})", c.file)),
        Standing::Frozen(f) => {
            says(GateState::Warn, format!("FREEZE until {}: {} ({})", clock(f.until, now), f.says, c.file))
        }
        Standing::Unknown => {
            says(GateState::UnknownWarn, format!("{} was read too long ago: open this console anew", c.file))
        }
    }
}

pub(super) fn shift(model: &Model) -> GateLine {
    let says = |state, words: String| line(Gate::Shift, state, words);
    let now = model.utc();
    let c = match calendar(model) {
        Err(why) => return says(GateState::UnknownWarn, format!("the calendar cannot be used: {why}")),
        Ok(None) => return says(GateState::NotConfigured, "no calendar is configured".into()),
        Ok(Some(c)) => c,
    };
    if c.shifts.is_empty() {
        return says(GateState::NotConfigured, format!("{} has no shifts", c.file));
    }
    match c.next_shift(now) {
        None => says(GateState::UnknownWarn, format!("no next shift change is known ({})", c.file)),
        Some(s) if s.at.since(now) < SHIFT_SOON_MS => {
            says(GateState::Warn, format!("changes in {}: {} comes on ({})", until(s.at, now), s.who, c.file))
        }
        Some(s) => {
            says(GateState::Ok, format!("next change {}, in {} ({})", clock(s.at, now), until(s.at, now), s.who))
        }
    }
}

/// Who was told of this change since it began: the newest word on record, else a call that was answered.
pub fn told(model: &Model, t: &TargetState) -> Option<String> {
    let began = t.started.unwrap_or(Utc(i64::MIN));
    let now = model.utc();
    let ago = |at: Utc| age::coarse(now.since(at));
    let words = model.casebook.current().and_then(|i| i.last_told()).filter(|told| told.at >= began);
    if let Some(w) = words {
        return Some(format!("{} {} ago", w.value.audience, ago(w.at)));
    }
    let owner = model.world.services.get(&t.service).and_then(|s| s.owner.as_ref());
    let calls = model.world.on_call.values().flat_map(|(_, calls)| calls);
    let mine = calls.filter(|c| owner.is_none_or(|o| c.team == *o) && c.at >= began);
    let answered = mine.filter_map(|c| Some((c.answered?, &c.person))).max_by_key(|(at, _)| *at);
    answered.map(|(at, who)| format!("{who} {} ago", ago(at)))
}

/// What costs seconds to ask before going forward, filled in from what is known. It asks; only the gates refuse.
pub fn asked(model: &Model, t: &TargetState) -> String {
    let now = model.utc();
    let window = match calendar(model) {
        Ok(None) => "window: not known".to_owned(),
        Err(_) => "window: the calendar is at fault".to_owned(),
        Ok(Some(c)) => match c.standing(now) {
            Standing::Silent => "window: none set".into(),
            Standing::Open { until: Some(end) } => format!("window open until {}", clock(end, now)),
            Standing::Open { until: None } => "no freeze".into(),
            Standing::Closed { opens: Some(at) } => format!("window CLOSED until {}", clock(at, now)),
            Standing::Closed { opens: None } => "window CLOSED".into(),
            Standing::Frozen(f) => format!("FREEZE until {}: {}", clock(f.until, now), f.says),
            Standing::Unknown => "window: not known any more".into(),
        },
    };
    let shift = match calendar(model).ok().flatten().and_then(|c| c.next_shift(now)) {
        Some(s) => format!("next shift change in {} ({})", until(s.at, now), s.who),
        None => "next shift change: not known".into(),
    };
    let told = told(model, t).unwrap_or_else(|| "nobody yet".into());
    format!("{window}; {shift}; told: {told}")
}
