//! A whole run from a file of keys to its score.

use super::keys::Pressed;
use super::run::{Opening, Run};
use super::score::{Scored, Truth, score};
use crate::backends::sim::{Scenario, ScenarioService, World};
use crate::core::msg::Msg;
use crate::core::record::{Hlc, Record};

/// After the last key, or after everything that the scenario asks for was due, a run goes on for this long. Milliseconds.
pub(super) const AFTER: i64 = 120_000;

/// Plays `keys` and lets the run come to its end. Both clocks begin at 0 with the opening.
pub fn play(scenario: Scenario, seed: u64, opening: Opening, keys: &[Pressed]) -> Run {
    let ends = ends(&scenario).max(keys.last().map_or(0, |k| k.world) + AFTER);
    let start = scenario.start;
    let mut run = until(scenario, seed, opening, keys, keys.len());
    let left = start.0 + ends - run.world.now().0;
    run.advance(left, left);
    run
}

/// Plays the first `n` of `keys`, and goes on to the moment at which the next one is pressed, where there is one.
pub fn until(scenario: Scenario, seed: u64, opening: Opening, keys: &[Pressed], n: usize) -> Run {
    let (start, begin) = (scenario.start, opening.person);
    let mut run = Run::open(World::new(scenario, seed), opening, |_| {});
    run.leaps = true;
    for (i, k) in keys.iter().enumerate().take(n.saturating_add(1)) {
        let world = start.0 + k.world - run.world.now().0;
        run.advance(world, begin + k.person - run.person());
        if i < n {
            run.apply(Msg::Key(k.key));
        }
    }
    run
}

/// When everything the scenario asks for is due, and a little later. Milliseconds after the start.
pub fn ends(scenario: &Scenario) -> i64 {
    let s = &scenario.score;
    let acts = scenario.good.iter().flat_map(|g| [Some(g.within), g.settled]);
    let due = acts.chain([s.signal, s.detect, s.decide, s.lead, s.incident, s.told]).flatten().max().unwrap_or(0);
    due * 1000 + AFTER
}

/// The run's records as a log holds them, but for hashes.
pub fn records(run: &Run) -> Vec<Record> {
    let each = (1..).zip(run.records.iter().zip(&run.appended));
    each.map(|(seq, (e, at))| Record::of(e, "drill", seq, Hlc(at.utc.0, 0), at.utc)).collect()
}

/// What really happened, as far as a score asks.
pub fn truth(world: &World) -> Truth {
    let s = world.scenario();
    let burnt = s.services.iter().filter_map(|x| Some((world.burnt(&x.name)? - usual(world, x)).max(0.0))).sum();
    let hurt = world.hurt_until(crate::core::time::Utc(s.start.0 + ends(s)));
    Truth { burnt: Some(burnt), hurt: Some(hurt), holds: Some(s.good.iter().map(|g| world.holds(g)).collect()) }
}

/// Percent of its budget that a service would have burnt since the start with nothing wrong.
fn usual(world: &World, s: &ScenarioService) -> f64 {
    let gone = world.now().since(world.scenario().start) as f64 / 1000.0;
    100.0 * s.fails / (100.0 - s.objective) * gone / (f64::from(s.window_days) * 86_400.0)
}

/// The score of a run that was played here.
pub fn scored(name: &str, run: &Run) -> Scored {
    score(name, run.world.scenario(), &records(run), &truth(&run.world))
}
