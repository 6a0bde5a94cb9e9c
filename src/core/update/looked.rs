//! What somebody looks at: instances, events, log lines, the object; and the ways back, which are looked at all the time.
//! Asked for, kept while it is looked at, let go after. No act starts here.

use super::{bump, link, palette};
use crate::core::act::plan::Verb;
use crate::core::board;
use crate::core::effect::{Effect, Question};
use crate::core::here;
use crate::core::id::TargetId;
use crate::core::intent::{Context, Intent};
use crate::core::judge::readiness;
use crate::core::key::{Code, Key};
use crate::core::keymap::Found;
use crate::core::looked::{Looked, RING};
use crate::core::model::{Model, Place, Purpose};
use crate::core::nav::{Lines, Overlay, Screen};
use crate::core::time::Person;
use crate::core::world::evidence::{Evidence, LogChunk, LogsOf, Raw, Track, Whose};
use crate::core::world::source::SourceError;
use crate::core::world::wayback::{Check, CheckState, WayBack};
use std::sync::Arc;

/// Instances and events are asked for again this often while they are looked at. Milliseconds.
pub const EVIDENCE_MS: i64 = 10_000;
/// Between two first questions about ways back. Milliseconds.
const FIRST_MS: i64 = 250;
/// However fast a drill's time runs. Milliseconds.
const LEAST_MS: i64 = 100;

// ---- answers ----

pub(super) fn evidence(model: &mut Model, mut e: Evidence) {
    if model.interest.evidence.as_ref() != Some(&e.target) {
        // Nobody looks any more.
        return;
    }
    // Which version is which, the rollout itself says best.
    if let Some(t) = model.world.targets.get(&e.target) {
        let is = |hash: &Option<crate::core::id::Hash>, own: &str| {
            hash.as_ref().is_some_and(|h| *h.0 == *own || own.ends_with(&format!("-{}", h.0)))
        };
        for i in &mut e.instances {
            match &i.hash {
                Some(h) if is(&t.stable, h.as_str()) => i.track = Track::Stable,
                Some(h) if is(&t.candidate, h.as_str()) => i.track = Track::Candidate,
                Some(_) | None => {}
            }
        }
    }
    e.sort();
    model.looked.asked.failed = None;
    model.looked.evidence = Some(Box::new(e));
    bump(model);
}

pub(super) fn lines(model: &mut Model, chunk: LogChunk) {
    if model.interest.logs.as_ref() != Some(&chunk.of) {
        return;
    }
    let came = chunk.lines.len();
    if model.looked.take(chunk) {
        // Who reads further back stays where he reads.
        if let Some(l) = lines_open(model).filter(|l| l.back > 0) {
            let most = model.looked.held();
            let back = (l.back as usize).saturating_add(came).min(most);
            set_back(model, back);
        }
        bump(model);
    }
}

pub(super) fn raw(model: &mut Model, raw: Raw) {
    model.looked.raw_asked.failed = None;
    model.looked.raw = Some(Box::new(raw));
    bump(model);
}

/// A question of ours was answered, well or not.
pub(super) fn answered(model: &mut Model, why: &Purpose) {
    match why {
        Purpose::Evidence(_) => model.looked.asked.waiting = false,
        Purpose::Raw(_) => model.looked.raw_asked.waiting = false,
        Purpose::WayBack(t) => {
            if let Some(a) = model.looked.ways_back.get_mut(t) {
                a.waiting = false;
            }
        }
        Purpose::Logs(_)
        | Purpose::Backfill { .. }
        | Purpose::Unknown(_)
        | Purpose::Side(_)
        | Purpose::SideAgain(_)
        | Purpose::Differs(_)
        | Purpose::DryRun(_)
        | Purpose::Unfinished(_)
        | Purpose::Check { .. }
        | Purpose::Look { .. } => {}
    }
}

/// A question of ours had no answer: it is said, and what was known stays.
pub(super) fn failed(model: &mut Model, why: &Purpose, error: &SourceError) {
    let said = Some((model.now.utc, error.sentence.clone()));
    match why {
        Purpose::Evidence(_) => model.looked.asked.failed = said,
        Purpose::Raw(_) => model.looked.raw_asked.failed = said,
        Purpose::WayBack(t) => {
            if let Some(a) = model.looked.ways_back.get_mut(t) {
                a.failed = said;
            }
            // What was found before grows old by itself; where nothing was, that is what is known.
            let at = model.now.utc;
            let check = || Check {
                name: "the rest".into(),
                state: CheckState::Unknown,
                how: format!("room, config and budgets were not read: {}", error.sentence).into(),
            };
            let found = || WayBack { target: t.clone(), to: None, at, checks: vec![check()] };
            model.world.ways_back.entry(t.clone()).or_insert_with(found);
            super::moved::way_back(model, t);
        }
        Purpose::Logs(_)
        | Purpose::Backfill { .. }
        | Purpose::Unknown(_)
        | Purpose::Side(_)
        | Purpose::SideAgain(_)
        | Purpose::Differs(_)
        | Purpose::DryRun(_)
        | Purpose::Unfinished(_)
        | Purpose::Check { .. }
        | Purpose::Look { .. } => return,
    }
    bump(model);
}

// ---- what is asked, and when ----

/// The log lines that are open, whatever lies over them.
fn lines_open(model: &Model) -> Option<&Lines> {
    let below = |o: &Overlay| matches!(o, Overlay::Lines(_));
    let under = match &model.nav.overlay {
        Some(Overlay::Palette(f)) => f.under.as_deref(),
        Some(Overlay::Help { .. }) => model.nav.under.as_deref(),
        other => other.as_ref(),
    };
    match under.filter(|o| below(o)) {
        Some(Overlay::Lines(l)) => Some(l),
        Some(_) | None => None,
    }
}

fn raw_open(model: &Model) -> Option<&TargetId> {
    let under = match &model.nav.overlay {
        Some(Overlay::Palette(f)) => f.under.as_deref(),
        Some(Overlay::Help { .. }) => model.nav.under.as_deref(),
        other => other.as_ref(),
    };
    match under {
        Some(Overlay::Raw { target, .. }) => Some(target),
        Some(_) | None => None,
    }
}

/// The target whose evidence is on screen.
fn looked_at(model: &Model) -> Option<&TargetId> {
    (model.nav.screen == Screen::Evidence).then(|| board::selected_target(model)).flatten().map(|t| &t.id)
}

/// What is looked at is asked for, and what no longer is is let go.
pub(super) fn tick(model: &mut Model, by_hand: bool, out: &mut Vec<Effect>) {
    follow(model, out);
    let now = model.now.person;
    if let Some(target) = model.interest.evidence.clone()
        && model.looked.asked.due(paced(model, EVIDENCE_MS)) <= now
    {
        model.looked.asked.begin(now);
        ask(model, Purpose::Evidence(target.clone()), &target, Question::Evidence(target.clone()), out);
    }
    if let Some(target) = raw_open(model).cloned()
        && model.looked.raw_asked.at.is_none()
    {
        model.looked.raw_asked.begin(now);
        ask(model, Purpose::Raw(target.clone()), &target, Question::Raw(target.clone()), out);
    }
    // Nobody's key is the reason for it.
    if !by_hand {
        ways_back(model, out);
    }
}

fn ask(model: &mut Model, why: Purpose, target: &TargetId, question: Question, out: &mut Vec<Effect>) {
    let id = model.next_ask(why);
    out.push(Effect::Ask { id, source: target.source.clone(), question });
}

/// Interest in evidence and log lines follows what is on screen.
fn follow(model: &mut Model, out: &mut Vec<Effect>) {
    let evidence = looked_at(model).cloned();
    let logs = lines_open(model).map(|l| l.of.clone());
    if raw_open(model).is_none() && (model.looked.raw.is_some() || model.looked.raw_asked.at.is_some()) {
        model.looked.raw = None;
        model.looked.raw_asked = Default::default();
    }
    if evidence == model.interest.evidence && logs == model.interest.logs {
        return;
    }
    if evidence != model.interest.evidence {
        let kept = std::mem::take(&mut model.looked);
        model.looked = Looked { evidence: None, asked: Default::default(), chosen: None, unfolded: false, ..kept };
    }
    if logs != model.interest.logs {
        model.looked.lines.clear();
    }
    model.interest.evidence = evidence;
    model.interest.logs = logs;
    out.push(Effect::Interest(Box::new(model.interest.clone())));
}

/// Targets whose way back is looked at: those that move, and the one that a dialog would send back.
fn going_back(model: &Model) -> Vec<TargetId> {
    let dialog = model.dialog.as_ref().and_then(|d| d.act()).filter(|d| d.operation.verb == Verb::RollBack);
    let dialog = dialog.map(|d| d.operation.target.clone());
    let moving = model.interest.ways_back.iter().filter(|t| Some(*t) != dialog.as_ref()).cloned();
    let all: Vec<TargetId> = dialog.iter().cloned().chain(moving).collect();
    all.into_iter().filter(|t| model.world.targets.contains_key(t)).collect()
}

/// Which way back is asked about next, and when: an open dialog's first, then those never asked, then the oldest answer.
/// One question at a time, so that forty rollouts that move do not ask at once.
fn next_back(model: &Model) -> Option<(Person, TargetId)> {
    let all = going_back(model);
    let n = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let every = paced(model, readiness::EVERY_MS.max(readiness::PACE_MS.saturating_mul(n)));
    let dialog = model.dialog.is_some();
    let one = |(i, t): (usize, TargetId)| {
        let asked = model.looked.ways_back.get(&t);
        let due = asked.map_or(Person(0), |a| a.due(every));
        let gap = match (asked.and_then(|a| a.at), dialog && i == 0) {
            (_, true) => 0,
            (None, false) => FIRST_MS,
            (Some(_), false) => paced(model, readiness::PACE_MS),
        };
        let paced = model.looked.back_asked.map_or(Person(0), |t| Person(t.0 + gap));
        (due.max(paced), t)
    };
    all.into_iter().enumerate().map(one).min_by_key(|(at, _)| *at)
}

fn ways_back(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now.person;
    // What is gone, or neither moves nor is sent back, is not remembered for ever.
    if !model.looked.ways_back.is_empty() {
        let wanted = going_back(model);
        if model.looked.ways_back.len() > wanted.len() {
            model.looked.ways_back.retain(|t, a| wanted.contains(t) || a.at.is_some_and(|at| now.0 - at.0 < 60_000));
        }
    }
    while let Some((at, target)) = next_back(model) {
        if at > now {
            return;
        }
        model.looked.ways_back.entry(target.clone()).or_default().begin(now);
        model.looked.back_asked = Some(now);
        ask(model, Purpose::WayBack(target.clone()), &target, Question::WayBack(target.clone()), out);
    }
}

/// An interval of sources, on the person's clock. What is found grows old by world time: where that runs faster, it is asked
/// more often, or every way back would be called too old to count.
fn paced(model: &Model, ms: i64) -> i64 {
    match model.environment.place {
        Place::Drill => (ms / i64::from(model.speed.max(1))).max(LEAST_MS),
        Place::Prod | Place::Other | Place::Replay => ms,
    }
}

/// When something is next to be asked.
pub(super) fn next(model: &Model) -> Option<Person> {
    let evidence = model.interest.evidence.is_some().then(|| model.looked.asked.due(paced(model, EVIDENCE_MS)));
    let back = next_back(model).map(|(at, _)| at);
    // What is due already is asked at the next tick.
    evidence.into_iter().chain(back).min().map(|t| Person(t.0.max(model.now.person.0 + 1)))
}

// ---- keys ----

/// Screens whose chosen target is in sight.
fn is_on_screen(model: &mut Model) -> bool {
    let there = matches!(model.nav.screen, Screen::Verdict | Screen::Board | Screen::Evidence);
    if !there {
        model.tell("only from Verdict, Board and Evidence, where the target is in sight");
    }
    there
}

/// `L`: the log lines of the chosen instance; elsewhere than on Evidence, of the candidate beside stable.
pub(super) fn open_logs(model: &mut Model) {
    if !is_on_screen(model) {
        return;
    }
    let Some(target) = board::selected_target(model).map(|t| t.id.clone()) else {
        model.tell("nothing is chosen that has log lines");
        return;
    };
    let here = model.nav.screen == Screen::Evidence;
    let instance = model.looked.instance().filter(|_| here).map(|i| i.name.clone());
    let whose = instance.clone().map_or(Whose::Tracks, Whose::Instance);
    let of = LogsOf { target, whose, previous: false, since_deploy: false };
    model.nav.overlay = Some(Overlay::Lines(Lines { of, back: 0, instance }));
}

/// `u`: the object as the server has it.
pub(super) fn open_raw(model: &mut Model) {
    if !is_on_screen(model) {
        return;
    }
    match board::selected_target(model).map(|t| t.id.clone()) {
        Some(target) => model.nav.overlay = Some(Overlay::Raw { target, scroll: 0 }),
        None => model.tell("nothing is chosen"),
    }
}

fn set_back(model: &mut Model, back: usize) {
    let to = u32::try_from(back).unwrap_or(u32::MAX);
    let under = match &mut model.nav.overlay {
        Some(Overlay::Palette(f)) => f.under.as_deref_mut(),
        Some(Overlay::Help { .. }) => model.nav.under.as_deref_mut(),
        other => other.as_mut(),
    };
    if let Some(Overlay::Lines(l)) = under {
        l.back = to;
    }
}

/// Lines up (positive) or down; at the lower end it follows.
pub(super) fn scroll(model: &Model, l: &mut Lines, by: i64) {
    let most = model.looked.held().min(RING).saturating_sub(1);
    let to = i64::from(l.back).saturating_add(by).clamp(0, i64::try_from(most).unwrap_or(i64::MAX));
    l.back = u32::try_from(to).unwrap_or(u32::MAX);
}

/// Keys of the log lines. True when it took the key; any other key closes them and then does what it means.
pub(super) fn lines_key(model: &mut Model, key: Key, mut l: Lines, out: &mut Vec<Effect>) -> bool {
    let mut keys = std::mem::take(&mut model.nav.pending);
    keys.push(key);
    let find = |c: Context| model.keymap.find(c, &keys);
    let mut found = Found::Nothing;
    for c in [Context::Lines, Context::List, Context::Global] {
        if found == Found::Nothing {
            found = find(c);
        }
    }
    let half = i64::from(model.height / 2);
    let mut close = false;
    match found {
        Found::Intent(Intent::NextRow) => scroll(model, &mut l, -1),
        Found::Intent(Intent::PreviousRow) => scroll(model, &mut l, 1),
        Found::Intent(Intent::HalfPageDown) => scroll(model, &mut l, -half),
        Found::Intent(Intent::HalfPageUp) => scroll(model, &mut l, half),
        Found::Intent(Intent::FirstRow) => scroll(model, &mut l, i64::MAX / 2),
        Found::Intent(Intent::LastRow) => l.back = 0,
        Found::Intent(Intent::LinesPrevious) => {
            l.of.previous = !l.of.previous;
            l.back = 0;
        }
        Found::Intent(Intent::LinesSince) => {
            l.of.since_deploy = !l.of.since_deploy;
            l.back = 0;
        }
        // There are panes, or there is a mark: the key of panes means the same.
        Found::Intent(Intent::LinesBoth | Intent::PaneNext | Intent::PanePrevious) => both(model, &mut l),
        Found::Intent(Intent::Back | Intent::Logs | Intent::Open) => close = true,
        Found::Intent(Intent::Copy) => {
            model.nav.overlay = Some(Overlay::Lines(l));
            link::copy(model, out);
            return true;
        }
        Found::Intent(Intent::Palette) => {
            palette::open(model, Some(Overlay::Lines(l)));
            return true;
        }
        Found::Intent(Intent::Help) => {
            model.nav.under = Some(Box::new(Overlay::Lines(l)));
            model.nav.overlay = Some(Overlay::Help { scroll: 0 });
            return true;
        }
        // Half of a key that moves: they stay until the other half says.
        Found::Prefix if !here::begins_act(model, &keys) => model.nav.pending = keys,
        Found::Nothing if keys.len() > 1 => {
            if key.code != Code::Esc {
                model.tell("no such keys; nothing was done");
            }
        }
        Found::Intent(_) | Found::Prefix | Found::Nothing => {
            model.nav.under = None;
            keys.pop();
            model.nav.pending = keys;
            return false;
        }
    }
    model.nav.overlay = if close { model.nav.under.take().map(|under| *under) } else { Some(Overlay::Lines(l)) };
    true
}

/// From one instance to candidate beside stable, and back.
fn both(model: &mut Model, l: &mut Lines) {
    l.back = 0;
    l.of.whose = match (&l.of.whose, &l.instance) {
        (Whose::Instance(name), _) => {
            l.instance = Some(name.clone());
            Whose::Tracks
        }
        (Whose::Tracks, Some(name)) => Whose::Instance(name.clone()),
        (Whose::Tracks, None) => {
            let word: Arc<str> = model.how(Intent::ScreenEvidence).into();
            model.tell(format!("no instance was chosen: {word} lists them"));
            Whose::Tracks
        }
    };
}
