//! What a drill's player may do with its time: faster, slower, stand, a step on, anew; and the hints, one after the other.
//! Says what it did; the clock itself is the engine's.

use crate::core::effect::{Choice, Effect};
use crate::core::intent::Intent;
use crate::core::model::{Model, Place};
use crate::core::replayed::Play;

const SPEEDS: [u32; 6] = [1, 2, 5, 10, 30, 60];

pub(super) fn key(model: &mut Model, i: Intent, out: &mut Vec<Effect>) {
    if model.environment.place != Place::Drill {
        if matches!(i, Intent::DrillFaster | Intent::DrillSlower) && model.environment.place == Place::Replay {
            speed(model, i == Intent::DrillFaster, out);
        }
        return;
    }
    match i {
        Intent::DrillFaster | Intent::DrillSlower => speed(model, i == Intent::DrillFaster, out),
        Intent::DrillPause if model.speed == 0 => set_speed(model, 1, out),
        Intent::DrillPause => set_speed(model, 0, out),
        Intent::DrillStep => {
            if model.speed > 0 {
                set_speed(model, 0, out);
            }
            model.tell(format!("drill time went on by 15s and stands; {}", goes_on(model)));
            out.push(Effect::Play(Play::Step));
        }
        Intent::DrillReset => out.push(Effect::Choose(Choice::Again)),
        Intent::DrillHint => hint(model),
        _ => {}
    }
}

fn speed(model: &mut Model, faster: bool, out: &mut Vec<Effect>) {
    // From standing, either way is on.
    let at = SPEEDS.iter().position(|s| *s == model.speed);
    let to = match (at, faster) {
        (None, _) => 0,
        (Some(at), true) => (at + 1).min(SPEEDS.len() - 1),
        (Some(at), false) => at.saturating_sub(1),
    };
    set_speed(model, SPEEDS[to], out);
}

/// World seconds a second, 1 to 60; 0 stands.
pub(super) fn set_speed(model: &mut Model, speed: u32, out: &mut Vec<Effect>) {
    model.speed = speed;
    let whose = if model.replay.is_some() { "log" } else { "drill" };
    model.tell(match speed {
        0 => format!("{whose} time stands; {}", goes_on(model)),
        _ => format!("{whose} time runs {speed}x"),
    });
    out.push(Effect::Speed(speed));
}

/// `. goes on`: what ends a standstill.
fn goes_on(model: &Model) -> String {
    let how = if model.settings.plain { "speed 1".into() } else { model.how(Intent::DrillFaster) };
    format!("{how} goes on")
}

fn hint(model: &mut Model) {
    let all = model.hints.len();
    match model.hints.get(model.hints_given).cloned() {
        Some(text) => {
            model.hints_given += 1;
            model.tell(format!("hint {} of {all}: {text}", model.hints_given));
        }
        None if all == 0 => model.tell("this drill has no hints"),
        None => {
            let first = model.hints.first().cloned().unwrap_or_default();
            model.hints_given = 1;
            model.tell(format!("there are no more hints; from the first again: hint 1 of {all}: {first}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::drill::Run;

    fn press(run: &mut Run, i: Intent) -> Vec<Effect> {
        let mut out = Vec::new();
        key(&mut run.model, i, &mut out);
        out
    }

    #[test]
    fn time_stands_goes_on_and_takes_steps() {
        let mut run = Run::new("calm", 1);
        assert_eq!(press(&mut run, Intent::DrillPause), [Effect::Speed(0)]);
        assert_eq!(press(&mut run, Intent::DrillStep), [Effect::Play(Play::Step)]);
        assert_eq!(press(&mut run, Intent::DrillFaster), [Effect::Speed(1)]);
        assert_eq!(press(&mut run, Intent::DrillFaster), [Effect::Speed(2)]);
        assert_eq!(press(&mut run, Intent::DrillStep), [Effect::Speed(0), Effect::Play(Play::Step)]);
        assert_eq!(press(&mut run, Intent::DrillPause), [Effect::Speed(1)]);
        assert_eq!(press(&mut run, Intent::DrillReset), [Effect::Choose(Choice::Again)]);
    }

    #[test]
    fn hints_come_one_after_the_other_and_end() {
        let mut run = Run::new("calm", 1);
        let mut said = || {
            press(&mut run, Intent::DrillHint);
            run.model.notice.as_ref().map(|(n, _)| n.to_string()).unwrap_or_default()
        };
        assert!(said().contains("no hints"));
        run.model.hints = vec!["look at search".into()];
        let mut said = || {
            press(&mut run, Intent::DrillHint);
            run.model.notice.as_ref().map(|(n, _)| n.to_string()).unwrap_or_default()
        };
        assert_eq!(said(), "hint 1 of 1: look at search");
        let again = said();
        assert!(again.contains("no more") && again.contains("hint 1 of 1: look at search"), "{again}");
    }

    /// What is found grows old by the drill's time, so it is asked by it.
    #[test]
    fn ways_back_are_fresh_however_fast_time_runs() {
        let mut run = Run::new("calm", 1);
        run.model.speed = 30;
        for _ in 0..40 {
            run.advance(15_000, 500);
        }
        let m = &run.model;
        let moving: Vec<_> = m.world.targets.values().filter(|t| t.is_moving()).collect();
        assert!(!moving.is_empty());
        for t in moving {
            let r = crate::core::judge::readiness::of(&m.world, t, m.utc());
            let old: Vec<_> = r.checks.iter().filter(|c| c.how.contains("too old to count")).collect();
            assert_eq!(old, [] as [&crate::core::judge::readiness::Check; 0], "{}", t.id.at());
        }
    }

    #[test]
    fn outside_a_drill_none_of_it_does_anything() {
        let mut run = Run::new("calm", 1);
        run.model.environment.place = Place::Prod;
        for i in [Intent::DrillPause, Intent::DrillStep, Intent::DrillReset, Intent::DrillFaster] {
            assert_eq!(press(&mut run, i), []);
        }
    }
}
