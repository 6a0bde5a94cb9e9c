//! The best that can be done, found by playing many: what a scenario's people can do to what hurts, what moves and what its
//! good acts name (rollouts, flags, whoever is on call, artifacts), at several moments after the first bad signal; one act,
//! then two, then three, and the scenario's own words. Bounded. What must never be done is not tried, and no play acts
//! before the first sign; but each knows at once what to do, which no person does.

use super::play::ends;
use crate::backends::sim::scenario::Best;
use crate::backends::sim::{Scenario, World};
use crate::core::act::plan::{Operation, Outcome, Step, Verb};
use crate::core::act::side::SideAct;
use crate::core::id::{ServiceId, TargetId};
use crate::core::time::Utc;
use std::collections::VecDeque;

/// Seconds after the first bad signal, or after the act before, at which a play acts.
const AFTER: [i64; 5] = [0, 30, 90, 180, 360];
/// Seconds by which the acts of a good play are moved in the end.
const NUDGES: [i64; 4] = [-60, -15, 15, 60];
/// Plays at most.
const MOST: usize = 600;
/// So many plays of one act, and of two, are continued.
const KEPT: [usize; 2] = [5, 3];
/// Seconds of a person between seeing it and the act on its way: the dialog, the pause before `Y`, a name.
const HAND: i64 = 30;
/// Milliseconds until what did not go is tried again, and until a later request is looked at again.
const AGAIN: i64 = 5_000;
const LOOK: i64 = 500;

/// One act at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// Seconds after the start. What does not go then is tried again until it does.
    pub at: i64,
    pub act: Act,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    On(Operation),
    Beside(SideAct),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Rounded to requests.
    pub best: Best,
    /// What the best play did. Empty: nothing is best.
    pub acts: Vec<Move>,
    /// Plays tried, doing nothing included.
    pub plays: usize,
    /// Seconds by which `best.later` is later.
    pub late: i64,
}

impl Found {
    /// Does it measure anything here? Not where acts save nobody, nor where it hardly matters when they come.
    pub fn tells(&self) -> bool {
        self.best.alone >= self.best.later + 10 && self.best.later as f64 <= 0.9 * self.best.alone as f64
    }
}

impl Move {
    /// `roll-back to v3.6.4 on auth at 90 s`
    pub fn words(&self, world: &World) -> String {
        let (act, on) = self.is_about();
        let what = match &self.act {
            Act::On(Operation { target, back_to: Some(to), .. }) => {
                let to = world.state(target).map(|s| format!(" to {}", s.version_of(to))).unwrap_or_default();
                format!("{act}{to} on {on}")
            }
            Act::Beside(SideAct::Wake { team, person, .. }) => format!("wake {person} of {team}"),
            Act::Beside(SideAct::Revoke { service, version, .. }) => format!("revoke {service} {version}"),
            Act::On(_) | Act::Beside(_) => format!("{act} on {on}"),
        };
        format!("{what} at {} s", self.at)
    }

    /// The act by its name in keymaps, and what it is done to.
    fn is_about(&self) -> (String, &str) {
        match &self.act {
            Act::On(op) => (op.verb.word().replace(' ', "-"), &op.target.name),
            Act::Beside(SideAct::FlagOff { key }) => ("flag-off".into(), key),
            Act::Beside(SideAct::FlagOn { key }) => ("flag-on".into(), key),
            Act::Beside(SideAct::Wake { team, .. }) => ("wake".into(), team),
            Act::Beside(SideAct::Revoke { service, .. }) => ("revoke".into(), service.as_str()),
            // No play does these: they save nobody.
            Act::Beside(
                SideAct::Ack { .. } | SideAct::Silence { .. } | SideAct::EndSilence { .. } | SideAct::Tell { .. },
            ) => (String::new(), ""),
        }
    }
}

/// Plays at most [`MOST`]. The same scenario and seed find the same.
pub fn best(scenario: &Scenario, seed: u64) -> Found {
    let signal = scenario.score.signal.unwrap_or(0);
    let mut world = World::new(scenario.clone(), seed);
    world.nobody_looks();
    world.advance_to(Utc(scenario.start.0 + signal * 1000));
    let mut s = Search::new(world);
    s.all(signal);
    let late = scenario.score.detect.map_or(0, |d| (d - signal).max(0)) + HAND;
    let later: Vec<Move> = s.acts.iter().map(|m| Move { at: m.at + late, ..m.clone() }).collect();
    let round = |x: f64| x.max(0.0).round() as u64;
    let later = round(hurt(&s.from, &later)).max(round(s.least));
    let best = Best { hurt: round(s.least), later, alone: round(s.alone) };
    Found { best, acts: s.acts, plays: s.plays, late }
}

struct Search {
    /// At the first bad signal.
    from: World,
    plays: usize,
    alone: f64,
    least: f64,
    acts: Vec<Move>,
}

impl Search {
    fn new(from: World) -> Search {
        let alone = hurt(&from, &[]);
        Search { from, plays: 1, alone, least: alone, acts: Vec::new() }
    }

    fn scenario(&self) -> &Scenario {
        self.from.scenario()
    }

    fn all(&mut self, signal: i64) {
        let acts = self.vocabulary();
        let at = |at: i64, act: &Act| Move { at, act: act.clone() };
        let mut one: Vec<(f64, Vec<Move>)> = Vec::new();
        for act in &acts {
            one.extend(AFTER.iter().filter_map(|after| self.play(vec![at(signal + after, act)])));
        }
        // Two at once: each alone may make it worse.
        let mut two: Vec<(f64, Vec<Move>)> = Vec::new();
        for (i, a) in acts.iter().enumerate() {
            let others = acts.iter().skip(i + 1).filter(|b| at(0, a).is_about().1 != at(0, b).is_about().1);
            two.extend(others.filter_map(|b| self.play(vec![at(signal, a), at(signal, b)])));
        }
        let own = self.in_its_own_words(signal, &acts);
        two.extend(self.play(own));
        for kept in KEPT {
            let mut longer = Vec::new();
            for (_, moves) in least(one, kept) {
                let Some(last) = moves.last().map(|m| m.at) else { continue };
                for act in acts.iter().filter(|a| moves.iter().all(|m| m.act != **a)) {
                    let each = AFTER.iter().map(|after| [moves.clone(), vec![at(last + after, act)]].concat());
                    longer.extend(each.collect::<Vec<_>>().into_iter().filter_map(|m| self.play(m)));
                }
            }
            longer.append(&mut two);
            one = longer;
        }
        self.nudge(signal);
    }

    /// The best one's acts a little earlier and later, until that saves nobody more.
    fn nudge(&mut self, signal: i64) {
        let mut before = f64::INFINITY;
        while self.least < before - 0.5 && self.plays < MOST {
            before = self.least;
            for n in 0..self.acts.len() {
                for by in NUDGES {
                    let mut moves = self.acts.clone();
                    let Some(m) = moves.get_mut(n) else { continue };
                    m.at = (m.at + by).max(signal);
                    let _ = self.play(moves);
                }
            }
        }
    }

    /// `None`: it was not played, because it is forbidden or enough were.
    fn play(&mut self, moves: Vec<Move>) -> Option<(f64, Vec<Move>)> {
        if self.plays >= MOST || moves.iter().any(|m| self.never(m)) {
            return None;
        }
        self.plays += 1;
        let h = hurt(&self.from, &moves);
        // Fewer acts are better where nobody is saved by more.
        if h < self.least - 0.5 {
            (self.least, self.acts) = (h, moves.clone());
        }
        Some((h, moves))
    }

    fn never(&self, m: &Move) -> bool {
        let (act, on) = m.is_about();
        let all = &self.scenario().score.never;
        all.iter()
            .any(|n| *n.act == *act && n.on.as_deref().is_none_or(|o| o == on) && n.before.is_none_or(|b| m.at < b))
    }

    /// What the scenario calls good, in its order, each as early as it may be.
    fn in_its_own_words(&self, signal: i64, acts: &[Act]) -> Vec<Move> {
        let of = |g: &crate::backends::sim::scenario::Good| {
            let names: Vec<&str> = [&g.act].into_iter().chain(&g.or).map(|a| &**a).collect();
            let at = signal.max(g.from);
            acts.iter().map(|a| Move { at, act: a.clone() }).find(|m| {
                let (act, on) = m.is_about();
                let to = match (&m.act, &g.to) {
                    (Act::On(Operation { back_to: Some(h), target, .. }), Some(v)) => {
                        self.from.state(target).is_some_and(|s| s.version_of(h) == *v)
                    }
                    (Act::On(_) | Act::Beside(_), _) => true,
                };
                let act = if act == "roll-back" && names.contains(&"roll-back-to") { "roll-back-to" } else { &act };
                to && on == &*g.on && names.contains(&act)
            })
        };
        self.scenario().good.iter().filter_map(of).collect()
    }

    /// Everything that may be tried: of rollouts what would go now, of what stands beside what somebody may be asked for.
    fn vocabulary(&self) -> Vec<Act> {
        let w = &self.from;
        let (s, mut all) = (w.scenario(), Vec::new());
        let mut idle = w.clone();
        idle.advance_to(Utc(s.start.0 + ends(s)));
        let named = |name: &str| s.good.iter().any(|g| *g.on == *name);
        let hurts = |x: &ServiceId| idle.hurt_of_until(x, idle.now()).is_some_and(|h| h > 1.0);
        for target in w.targets() {
            let Some(state) = w.read(&target) else { continue };
            if !(state.is_moving() || named(&target.name) || hurts(&state.service)) {
                continue;
            }
            let verbs = [Verb::RollBack, Verb::Hold, Verb::Promote, Verb::PromoteFull, Verb::Restart];
            let plain = verbs.map(|v| Operation::new(v, target.clone()));
            let to = |h| Operation::back_to(target.clone(), h);
            let kept = state.revisions.iter().filter(|r| Some(&r.hash) != state.candidate.as_ref());
            let mut seen = Vec::new();
            for op in plain.into_iter().chain(kept.map(|r| to(r.hash.clone()))) {
                let Ok(plan) = w.plan(&op, &state) else { continue };
                // Going back without a word where to is one of them.
                if !seen.contains(&plan.operation) {
                    seen.push(plan.operation);
                    all.push(Act::On(op));
                }
            }
        }
        let flags = w.desk().flags.iter().map(|f| match f.on {
            true => SideAct::FlagOff { key: f.key.clone() },
            false => SideAct::FlagOn { key: f.key.clone() },
        });
        all.extend(flags.map(Act::Beside));
        for t in &w.desk().teams {
            let mends = s.faults.iter().any(|f| f.ends_on_call.as_ref() == Some(&t.team));
            for l in t.levels.iter().filter(|_| mends || named(&t.team)) {
                let (team, person) = (t.team.clone(), l.person.clone());
                all.push(Act::Beside(SideAct::Wake { team, person, why: "drill".into() }));
            }
        }
        for g in s.good.iter().filter(|g| &*g.act == "revoke") {
            let service = ServiceId::new(&g.on);
            let version = s.service(&service).and_then(|x| Some(x.rollout.as_ref()?.version.clone()));
            let found =
                w.desk().artifacts.iter().find(|a| a.service == service && Some(&a.version) == version.as_ref());
            all.extend(found.map(|a| {
                let (version, digest) = (a.version.clone(), a.digest.clone());
                Act::Beside(SideAct::Revoke { service, version, digest, why: "drill".into() })
            }));
        }
        all
    }
}

/// The least ones, each as it was found where two are alike.
fn least(mut all: Vec<(f64, Vec<Move>)>, n: usize) -> Vec<(f64, Vec<Move>)> {
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.truncate(n);
    all
}

/// What is still to be done in a play.
enum Todo {
    Act(Act),
    /// Requests of a plan that have not left.
    Steps(TargetId, VecDeque<Step>),
}

/// Requests hurt until the scenario's time is over, when these acts are done in a world like `from`.
pub fn hurt(from: &World, moves: &[Move]) -> f64 {
    let mut w = from.clone();
    let (start, end) = (w.scenario().start.0, w.scenario().start.0 + ends(w.scenario()));
    let mut todo: Vec<(i64, Todo)> = moves.iter().map(|m| (start + m.at * 1000, Todo::Act(m.act.clone()))).collect();
    loop {
        // Of two that are due at once the one that was asked for first.
        let next = todo.iter().enumerate().min_by_key(|(n, (at, _))| (*at, *n)).map(|(n, _)| n);
        let Some((at, what)) = next.map(|n| todo.remove(n)).filter(|(at, _)| *at < end) else { break };
        w.advance_to(Utc(at));
        if let Some((after, left)) = go_on(&mut w, what) {
            todo.push((w.now().0 + after, left));
        }
    }
    w.advance_to(Utc(end));
    w.hurt_until(Utc(end))
}

/// One request, or one try. What is left, and after how many milliseconds it is looked at again.
fn go_on(w: &mut World, what: Todo) -> Option<(i64, Todo)> {
    match what {
        Todo::Act(Act::On(op)) => {
            let seen = w.read(&op.target)?;
            let Ok(plan) = w.plan(&op, &seen) else { return Some((AGAIN, Todo::Act(Act::On(op)))) };
            let mut steps = VecDeque::from(plan.steps);
            let sent = steps.pop_front().map(|s| w.send(&s));
            match sent {
                Some(Outcome::Refused(_)) => Some((AGAIN, Todo::Act(Act::On(op)))),
                Some(Outcome::Accepted { .. } | Outcome::Unknown { .. }) | None => {
                    (!steps.is_empty()).then_some((LOOK, Todo::Steps(op.target, steps)))
                }
            }
        }
        Todo::Act(Act::Beside(act)) => {
            let plan = w.side_plan(&act);
            match plan.map(|p| w.side(&p)) {
                Ok(Outcome::Accepted { .. } | Outcome::Unknown { .. }) => None,
                Ok(Outcome::Refused(_)) | Err(_) => Some((AGAIN, Todo::Act(Act::Beside(act)))),
            }
        }
        Todo::Steps(target, mut steps) => {
            let waits = steps.front()?.wait_first.as_ref().is_some_and(|e| !e.holds(w.state(&target).as_ref(), None));
            if !waits {
                w.send(&steps.pop_front()?);
            }
            (!steps.is_empty()).then_some((LOOK, Todo::Steps(target, steps)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_signal(name: &str) -> World {
        let scenario = Scenario::embedded(name).expect("shipped");
        let at = Utc(scenario.start.0 + scenario.score.signal.unwrap_or(0) * 1000);
        let mut w = World::new(scenario, 1);
        w.nobody_looks();
        w.advance_to(at);
        w
    }

    #[test]
    fn nobody_looking_changes_nothing_of_what_happens() {
        let scenario = Scenario::embedded("edge-half").expect("shipped");
        let until = Utc(scenario.start.0 + 300_000);
        let mut looked = World::new(scenario.clone(), 1);
        looked.advance_to(until);
        let mut quiet = World::new(scenario, 1);
        quiet.nobody_looks();
        quiet.advance_to(until);
        assert!(looked.hurt_until(until) > 1_000.0);
        assert_eq!(looked.hurt_until(until), quiet.hurt_until(until));
        // And what is expected is what was drawn, but for chance.
        let pricing = ServiceId::new("pricing");
        let drawn = looked.burnt(&pricing).expect("there") / 100.0 * 240.0 * 30.0 * 86_400.0 * 0.005;
        let usual = 0.0004 * 240.0 * 300.0;
        let expected = looked.hurt_of_until(&pricing, until).expect("there");
        assert!((drawn - usual - expected).abs() < 0.1 * expected, "{drawn} {expected}");
    }

    /// Of all with ANDON_LONG=1, else of two: a search plays hundreds.
    #[test]
    fn each_file_says_what_the_search_finds() {
        let long = std::env::var_os("ANDON_LONG").is_some();
        let mut wrong = Vec::new();
        for name in Scenario::names().into_iter().filter(|n| long || ["f1", "f7"].contains(n)) {
            let s = Scenario::embedded(name).expect("shipped");
            let world = World::new(s.clone(), 1);
            let found = best(&s, 1);
            let acts: Vec<String> = found.acts.iter().map(|m| m.words(&world)).collect();
            println!(
                "{name}: {:?} tells {} by {} of {} plays, {} s",
                found.best,
                found.tells(),
                acts.join(", then "),
                found.plays,
                found.late
            );
            if s.score.best != Some(found.best).filter(|_| found.tells()) {
                wrong.push((name, s.score.best));
            }
        }
        assert!(wrong.is_empty(), "run andon drill score --search: {wrong:?}");
    }

    #[test]
    fn half_a_rollback_is_worse_than_none_and_both_are_best() {
        let w = at_signal("edge-half");
        let back = |name: &str| {
            let target = w.targets().into_iter().find(|t| &*t.name == name).expect("there");
            Move { at: 120, act: Act::On(Operation::new(Verb::RollBack, target)) }
        };
        let [none, one, other, both] =
            [vec![], vec![back("pricing")], vec![back("cart")], vec![back("pricing"), back("cart")]]
                .map(|m| hurt(&w, &m));
        assert!(both < none && none < one && none < other, "{none} {one} {other} {both}");
    }

    #[test]
    fn what_is_refused_is_tried_again_until_it_goes() {
        let w = at_signal("f7");
        let target = w.targets().into_iter().find(|t| &*t.name == "checkout").expect("there");
        let back = Move { at: 75, act: Act::On(Operation::new(Verb::RollBack, target)) };
        let wake = SideAct::Wake { team: "platform".into(), person: "noor".into(), why: "drill".into() };
        let wake = Move { at: 75, act: Act::Beside(wake) };
        let alone = hurt(&w, &[]);
        assert!((hurt(&w, std::slice::from_ref(&back)) - alone).abs() < 1.0, "the right is gone");
        assert!(hurt(&w, &[back, wake]) < 0.5 * alone);
    }
}
