//! Keys of a dialog over several targets: the chosen line, its tick, the name, `Y`. Any other key closes it and starts
//! nothing.

use super::{ask, requests, said, shown_anew, submit};
use crate::core::act::dialog::{PlanState, Press};
use crate::core::act::many::{Group, Whole};
use crate::core::act::plan::{Operation, Verb};
use crate::core::effect::Effect;
use crate::core::gates;
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::Found;
use crate::core::model::Model;
use crate::core::update::{bump, confirm};
use std::sync::Arc;

/// What a key means here.
enum Means {
    Move(i64),
    Tick,
    Copy,
    Yes,
    /// A letter of the name.
    Letter(char),
    Rub,
    Enter,
    Nothing,
}

fn meaning(model: &Model, key: Key) -> Means {
    let many = model.dialog.as_ref().and_then(|d| d.many());
    let name = many.filter(|m| m.refused.is_none()).and_then(|m| m.name.as_ref());
    let page = i64::from(model.height / 2);
    let moves = match model.keymap.find(Context::List, &[key]) {
        Found::Intent(Intent::NextRow) => Some(1),
        Found::Intent(Intent::PreviousRow) => Some(-1),
        Found::Intent(Intent::FirstRow) => Some(i64::MIN / 2),
        Found::Intent(Intent::LastRow) => Some(i64::MAX / 2),
        Found::Intent(Intent::HalfPageDown) => Some(page),
        Found::Intent(Intent::HalfPageUp) => Some(-page),
        Found::Intent(_) | Found::Prefix | Found::Nothing => None,
    };
    let ticks = model.keymap.find(Context::Sheet, &[key]) == Found::Intent(Intent::SheetCycle);
    if let Some(name) = name {
        // What could be a letter of the name is one.
        return match key.code {
            Code::Char(' ') if ticks && !name.must.contains(' ') => Means::Tick,
            Code::Char(c) if !key.ctrl && !key.alt => Means::Letter(c),
            Code::Backspace => Means::Rub,
            Code::Enter => Means::Enter,
            _ => moves.map_or(Means::Nothing, Means::Move),
        };
    }
    let is = |i| model.keymap.chord(i).is_some_and(|c| c == &[key]);
    if is(Intent::Confirm) {
        return Means::Yes;
    }
    if is(Intent::CopyRequests) {
        return Means::Copy;
    }
    if ticks { Means::Tick } else { moves.map_or(Means::Nothing, Means::Move) }
}

pub(in crate::core::update) fn key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let means = meaning(model, key);
    let now = model.now.person;
    let (delay, burst) = (model.limits.confirm_delay, model.nav.is_burst());
    if let Means::Yes = means
        && yes(model, out)
    {
        return;
    }
    let Some(dialog) = &mut model.dialog else { return };
    let shown = dialog.flushed.is_some_and(|t| now.0 - t.0 >= delay);
    let Some(many) = dialog.many_mut() else { return };
    match means {
        Means::Yes | Means::Nothing => {
            confirm::close(model, "closed; nothing was started", out);
            return;
        }
        Means::Move(by) => {
            let order = many.order();
            let at = order.iter().position(|n| *n == many.chosen).unwrap_or(0);
            let last = order.len().saturating_sub(1);
            let to = usize::try_from((at as i64).saturating_add(by).max(0)).unwrap_or(last).min(last);
            many.chosen = order.get(to).copied().unwrap_or(0);
        }
        Means::Tick => tick(model, out),
        Means::Copy => {
            let text = requests(many);
            if !text.is_empty() {
                out.push(Effect::Copy(text));
            }
        }
        Means::Letter(c) => {
            if let Some(name) = &mut many.name {
                name.letter(c);
            }
        }
        Means::Rub => {
            if let Some(name) = &mut many.name {
                name.typed.pop();
            }
        }
        // Nothing until it matches, nor as the end of a burst: that is a paste.
        Means::Enter => {
            let ready = !many.is_reading() || many.sent;
            if many.name.as_ref().is_some_and(|n| n.matches()) && shown && ready && !burst {
                submit(model, out);
            }
        }
    }
    if let Some(d) = &mut model.dialog {
        d.last_key = now;
    }
    bump(model);
}

/// `space`: in the cord a ticked line is rolled back instead, elsewhere it goes or does not.
fn tick(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(many) = model.dialog.as_ref().and_then(|d| d.many()).filter(|m| !m.sent && m.refused.is_none()) else {
        return;
    };
    let (whole, n) = (many.whole, many.chosen);
    let Some(mut l) = many.lines.get(n).cloned() else { return };
    if !l.ticks(whole) {
        let why = l.why.first().cloned().unwrap_or_else(|| "it is in the list".into());
        model.tell(format!("{}: {why}", l.seen.id.at()));
        return;
    }
    l.ticked = !l.ticked;
    if whole == Whole::Freeze {
        let verb = if l.ticked || l.group == Group::WorseHere { Verb::RollBack } else { Verb::Hold };
        let again = l.operation.verb != verb;
        if again {
            l.operation = Operation { cord: true, ..Operation::new(verb, l.seen.id.clone()) };
            l.due.clear();
            l.plan = match (verb, l.group) {
                (Verb::RollBack, _) | (_, Group::Will) => PlanState::Reading,
                _ => PlanState::Cannot(l.why.first().cloned().unwrap_or_else(|| "left alone".into())),
            };
        }
        if let Some(t) = model.world.targets.get(&l.seen.id) {
            l.figures = gates::figures(model, t);
        }
        if again {
            ask(model, &mut l, whole, out);
        }
    }
    if let Some(slot) = model.dialog.as_mut().and_then(|d| d.many_mut()).and_then(|m| m.lines.get_mut(n)) {
        *slot = l;
    }
    shown_anew(model);
}

/// `Y`, or the words that stand for it. False when there is nothing here that it could confirm.
pub(in crate::core::update) fn yes(model: &mut Model, out: &mut Vec<Effect>) -> bool {
    let now = model.now.person;
    let (delay, quiet) = (model.limits.confirm_delay, model.limits.quiet);
    let Some(dialog) = &mut model.dialog else { return false };
    let press = dialog.press(now, delay, quiet);
    let Some(many) = dialog.many() else { return false };
    if !many.is_ready() || many.name.is_some() {
        let busy = many.sent || (many.is_reading() && many.refused.is_none());
        let under_way = many.sent;
        if busy {
            dialog.again = !under_way;
            dialog.last_key = now;
        }
        return busy;
    }
    if many.going().next().is_none() && !many.whole.is_cord() {
        let why: Arc<str> = "nothing is ticked: nothing would be sent".into();
        dialog.last_key = now;
        said(model, why);
        return true;
    }
    match press {
        Press::Counts => submit(model, out),
        Press::Early => {
            dialog.again = true;
            dialog.last_key = now;
        }
    }
    true
}

/// A line of `--plain` that ticks: `tick N`, N as the lists number them. False: there is no such line.
pub(in crate::core::update) fn tick_number(model: &mut Model, n: usize, out: &mut Vec<Effect>) -> bool {
    let Some(many) = model.dialog.as_mut().and_then(|d| d.many_mut()) else { return false };
    let Some(line) = n.checked_sub(1).and_then(|n| many.order().get(n).copied()) else { return false };
    many.chosen = line;
    tick(model, out);
    true
}
