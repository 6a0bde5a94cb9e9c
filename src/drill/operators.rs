//! Operators to compare a person with: one who does nothing, one who presses everything, one who rolls back whatever moves
//! at the first sign, one whose keys are drawn. They press keys, as people do.

use super::play::{AFTER, ends};
use super::run::{Opening, Run};
use crate::backends::sim::{Rng, Scenario, World};
use crate::core::id::ServiceId;
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::Chord;
use crate::core::msg::Msg;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Alone,
    /// Arms, pulls the cord, promotes, holds and rolls back on everything there is.
    Everything,
    AtOnce,
    /// Keys drawn with this seed.
    Random(u64),
}

/// Keys of a run that are drawn.
const DRAWN: u64 = 600;

/// Plays the whole scenario.
pub fn play(scenario: Scenario, seed: u64, opening: Opening, who: Operator) -> Run {
    let until = ends(&scenario) + AFTER;
    let signal = scenario.score.signal.unwrap_or(60) * 1000;
    let start = scenario.start.0;
    let mut run = Run::open(World::new(scenario, seed), opening, |_| {});
    run.leaps = true;
    let to = |run: &mut Run, at: i64| {
        let left = start + at - run.world.now().0;
        run.advance(left, left);
    };
    match who {
        Operator::Alone => {}
        Operator::AtOnce => {
            to(&mut run, signal);
            for service in moving(&run) {
                if select(&mut run, &service) {
                    confirm(&mut run, Intent::RollBack);
                }
            }
        }
        Operator::Everything => {
            to(&mut run, signal);
            confirm(&mut run, Intent::Arm);
            confirm(&mut run, Intent::Freeze);
            for service in all(&run) {
                if select(&mut run, &service) {
                    for act in [Intent::Promote, Intent::Hold, Intent::RollBack] {
                        confirm(&mut run, act);
                    }
                }
            }
        }
        Operator::Random(seed) => random(&mut run, seed),
    }
    to(&mut run, until);
    run
}

fn moving(run: &Run) -> Vec<ServiceId> {
    let all = run.model.world.targets.values().filter(|t| t.is_moving());
    all.map(|t| t.service.clone()).collect()
}

fn all(run: &Run) -> Vec<ServiceId> {
    run.model.world.services.keys().cloned().collect()
}

/// The cursor on a service of the Board, by moving it there. False: it is not listed.
pub fn select(run: &mut Run, want: &ServiceId) -> bool {
    press(run, Intent::ScreenBoard);
    press(run, Intent::FirstRow);
    if !run.model.nav.show_rest {
        press(run, Intent::ShowRest);
    }
    for _ in 0..run.model.world.services.len() + 1 {
        if run.model.nav.selected.as_ref() == Some(want) {
            return true;
        }
        press(run, Intent::NextRow);
    }
    false
}

fn chord(run: &Run, intent: Intent) -> Option<Chord> {
    run.model.keymap.chord(intent).cloned()
}

fn press(run: &mut Run, intent: Intent) {
    for key in chord(run, intent).unwrap_or_default() {
        run.key(key);
    }
}

/// Opens an act, waits until `Y` counts, and gives it, with the name where one is due.
fn confirm(run: &mut Run, act: Intent) {
    press(run, act);
    run.wait(1_100);
    let name = run.model.dialog.as_ref().and_then(|d| d.act()?.name.as_ref().map(|n| n.must.to_string()));
    match name {
        Some(name) => {
            name.chars().for_each(|c| run.key(Key::char(c)));
            run.key(Key::plain(Code::Enter));
        }
        None => press(run, Intent::Confirm),
    }
    run.wait(200);
    if run.model.dialog.is_some() {
        run.key(Key::plain(Code::Esc));
    }
}

/// Keys as they may come from anybody: bound ones mostly, some letters, some pauses.
fn random(run: &mut Run, seed: u64) {
    let mut rng = Rng::of(&[seed]);
    let mut below = |n: usize| rng.between(0, n as i64) as usize;
    let bound: Vec<Chord> = Intent::ALL
        .iter()
        .filter(|i| !matches!(i, Intent::Quit | Intent::Suspend) && i.context() != Context::Choose)
        .filter_map(|i| chord(run, *i))
        .collect();
    for _ in 0..DRAWN {
        if below(4) == 0 {
            run.key(Key::char(char::from(b'a' + below(26) as u8)));
        } else if let Some(keys) = bound.get(below(bound.len())).cloned() {
            keys.into_iter().for_each(|k| run.key(k));
        }
        run.wait([100, 400, 1_200][below(3)]);
    }
    run.apply(Msg::Tick);
}
