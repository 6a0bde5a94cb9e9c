//! The filter (`/`) and the matches (`<`, `>`). Typing chooses the first row that answers; nothing else moves what is
//! chosen. No act ever starts here.

use super::{alerts, browse, bump};
use crate::core::aside;
use crate::core::board;
use crate::core::id::ServiceId;
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::Found;
use crate::core::listing;
use crate::core::model::Model;
use crate::core::nav::{Filter, Listing, Overlay, Screen};
use crate::core::shown::shown_line;

/// Characters a filter may have.
const MOST: usize = 200;

pub(super) fn open(model: &mut Model) {
    let Some(of) = listing::here(model) else {
        model.tell("there is no list to filter here");
        return;
    };
    let kept = model.nav.filter.take().unwrap_or_default();
    let row_before = match of {
        Listing::Sources => model.nav.source_row,
        Listing::Steps => model.nav.step_row,
        Listing::Services | Listing::Help | Listing::Records | Listing::Alerts => 0,
    };
    let record_before = listing::chosen_record(model).cloned();
    model.nav.filter = Some(Filter {
        words: String::new(),
        typing: true,
        before: kept.words,
        of,
        before_of: kept.of,
        chosen_before: model.nav.selected.clone(),
        row_before,
        record_before,
        alert_before: model.nav.alert.clone(),
    });
}

/// True when the filter's line took the key.
pub(super) fn key(model: &mut Model, key: Key) -> bool {
    let Some(filter) = model.nav.filter.as_mut().filter(|f| f.typing) else { return false };
    match model.keymap.find(Context::Field, &[key]) {
        Found::Intent(Intent::FieldTake) => return keep(model),
        Found::Intent(Intent::FieldLeave) => return leave(model),
        Found::Intent(Intent::FieldNext) => step(model, 1),
        Found::Intent(Intent::FieldPrevious) => step(model, -1),
        Found::Intent(_) | Found::Prefix | Found::Nothing => match key.code {
            // Always no, and always the end, whatever the keymap says.
            Code::Esc => return leave(model),
            Code::Enter => return keep(model),
            Code::Backspace => {
                filter.words.pop();
                choose_first(model);
            }
            Code::Char(c) if !key.ctrl && !key.alt && !c.is_control() && filter.words.chars().count() < MOST => {
                filter.words.push(c);
                choose_first(model);
            }
            _ => {}
        },
    }
    true
}

/// True when the filter's line took the text.
pub(super) fn paste(model: &mut Model, line: &str) -> bool {
    let Some(filter) = model.nav.filter.as_mut().filter(|f| f.typing) else { return false };
    let room = MOST.saturating_sub(filter.words.chars().count());
    filter.words.extend(shown_line(line, MOST).as_str().chars().take(room));
    choose_first(model);
    true
}

fn keep(model: &mut Model) -> bool {
    if let Some(mut filter) = model.nav.filter.take().filter(|f| !f.words.trim().is_empty()) {
        filter.typing = false;
        filter.words = filter.words.trim().to_owned();
        model.nav.searched = filter.words.clone();
        model.nav.filter = Some(filter);
    }
    true
}

/// As it was before `/`.
fn leave(model: &mut Model) -> bool {
    let Some(filter) = model.nav.filter.take() else { return true };
    match filter.of {
        Listing::Services => {
            if filter.chosen_before.as_ref().is_some_and(|s| model.rows.iter().any(|r| r.service == *s)) {
                model.nav.selected = filter.chosen_before;
            }
        }
        Listing::Sources => model.nav.source_row = filter.row_before,
        Listing::Steps => model.nav.step_row = filter.row_before,
        Listing::Help => {}
        Listing::Records => browse::choose(model, filter.record_before),
        Listing::Alerts => model.nav.alert = filter.alert_before,
    }
    restore(model, filter.before, filter.before_of);
    true
}

fn restore(model: &mut Model, words: String, of: Listing) {
    model.nav.filter = (!words.is_empty()).then(|| Filter { words, of, ..Filter::default() });
}

/// The kept filter of this place is taken away; false when there is none.
pub(super) fn clear(model: &mut Model) -> bool {
    if listing::filter_here(model).is_none() {
        return false;
    }
    model.nav.filter = None;
    bump(model);
    true
}

/// Help or the browser is closed: its filter goes, the one of the screen below comes back.
pub(super) fn leave_help(model: &mut Model) {
    leave_list(model, Listing::Records);
    leave_list(model, Listing::Help);
}

/// A list that lay over the screen is closed: its filter goes, the one of the screen below comes back.
pub(super) fn leave_list(model: &mut Model, of: Listing) {
    let open = |o: &Overlay| is_of(o, of);
    if model.nav.overlay.as_ref().is_some_and(open) || (of == Listing::Records && model.nav.screen == Screen::Incident)
    {
        return;
    }
    if let Some(f) = model.nav.filter.take_if(|f| f.of == of) {
        restore(model, f.before, f.before_of);
    }
}

/// Does this, or what it lies over, hold the list?
fn is_of(overlay: &Overlay, of: Listing) -> bool {
    match overlay {
        Overlay::Help { .. } => of == Listing::Help,
        Overlay::Log(_) => of == Listing::Records,
        Overlay::Palette(field) => field.under.as_deref().is_some_and(|u| is_of(u, of)),
        Overlay::Lines(_) | Overlay::Raw { .. } | Overlay::Pick(_) | Overlay::Answer { .. } => false,
        Overlay::Explain { .. } | Overlay::Note(_) | Overlay::SkipReason { .. } | Overlay::Who { .. } => false,
    }
}

/// The service must be listed: a filter that hides it is taken away.
pub(super) fn uncover(model: &mut Model, service: &ServiceId) {
    let hidden = listing::words(model, Listing::Services)
        .is_some_and(|w| !model.rows.iter().any(|r| r.service == *service && listing::is_service(model, r, w)));
    if hidden {
        model.nav.filter = None;
    }
}

/// What is chosen stays when it answers to the words; else the first that does is chosen. None does: it stays as well.
fn choose_first(model: &mut Model) {
    bump(model);
    let Some(of) = model.nav.filter.as_ref().map(|f| f.of) else { return };
    let Some(words) = listing::words(model, of).map(str::to_owned) else { return };
    let found = matches(model, of, &words);
    let Some(first) = found.first().copied() else { return };
    if !found.contains(&row(model, of)) {
        choose(model, of, first);
    }
}

/// Rows of a list that answer to the words, by their place in the whole list.
fn matches(model: &Model, of: Listing, words: &str) -> Vec<usize> {
    match of {
        Listing::Services => {
            let found = listing::found(model, words);
            found.into_iter().enumerate().filter(|(_, yes)| *yes).map(|(i, _)| i).collect()
        }
        Listing::Sources => (0..model.world.sources.len()).filter(|i| listing::is_source(model, *i, words)).collect(),
        Listing::Steps => {
            let n = listing::this_runbook(model).and_then(|n| model.runbooks.get(&n)).map_or(0, |b| b.steps.len());
            (0..n).filter(|i| listing::is_step(model, *i, words)).collect()
        }
        Listing::Help => Vec::new(),
        Listing::Records => {
            let all = listing::records_of(model, false);
            (0..all.len()).filter(|i| all.get(*i).is_some_and(|r| listing::is_record(r, words))).collect()
        }
        Listing::Alerts => {
            let all = aside::unfiltered(model);
            (0..all.len()).filter(|i| all.get(*i).is_some_and(|f| aside::answers(f, words))).collect()
        }
    }
}

/// The place of what is chosen in the whole list.
fn row(model: &Model, of: Listing) -> usize {
    match of {
        Listing::Services => board::selected(model)
            .and_then(|s| model.rows.iter().position(|r| r.service == s.service))
            .unwrap_or(usize::MAX),
        Listing::Sources => model.nav.source_row,
        Listing::Steps => model.nav.step_row,
        Listing::Help => usize::MAX,
        Listing::Records => {
            let all = listing::records_of(model, false);
            listing::chosen_record(model).and_then(|k| all.iter().position(|r| r.is(k))).unwrap_or(0)
        }
        Listing::Alerts => {
            let chosen = model.nav.alert.as_ref();
            chosen.and_then(|k| aside::unfiltered(model).iter().position(|f| f.is(k))).unwrap_or(0)
        }
    }
}

fn choose(model: &mut Model, of: Listing, to: usize) {
    match of {
        Listing::Services => {
            model.nav.selected = model.rows.get(to).map(|r| r.service.clone());
            model.nav.by_hand = true;
        }
        Listing::Sources => model.nav.source_row = to,
        Listing::Steps => model.nav.step_row = to,
        Listing::Help => {}
        Listing::Records => {
            let key = listing::records_of(model, false).get(to).map(|r| r.key());
            browse::choose(model, key);
        }
        Listing::Alerts => {
            if let Some(key) = aside::unfiltered(model).get(to).map(|f| f.key()) {
                alerts::choose(model, key);
            }
        }
    }
}

/// `>` and `<`: among the rows a kept filter lists, else among those that hold the words last searched for.
pub(super) fn next(model: &mut Model, by: i64) {
    if listing::filter_here(model).is_none() && model.nav.searched.is_empty() {
        let key = model.keymap.shown(Intent::Filter).unwrap_or_default();
        model.tell(format!("nothing was searched for yet: {key} searches"));
        return;
    }
    step(model, by);
}

/// The next row that answers, around the ends.
fn step(model: &mut Model, by: i64) {
    let Some(of) = listing::here(model) else { return };
    let words = listing::words(model, of).map_or_else(|| model.nav.searched.clone(), str::to_owned);
    if words.is_empty() {
        return;
    }
    let found = matches(model, of, &words);
    let at = row(model, of);
    let (next, round) = if by > 0 {
        let next = found.iter().copied().find(|i| at == usize::MAX || *i > at);
        (next.or(found.first().copied()), next.is_none())
    } else {
        let next = found.iter().rev().copied().find(|i| *i < at);
        (next.or(found.last().copied()), next.is_none())
    };
    match next {
        Some(to) => choose(model, of, to),
        None => model.tell(format!("nothing here holds {words}")),
    }
    if round && found.len() > 1 {
        model.tell(if by > 0 { "from the top again" } else { "from the end again" });
    }
    bump(model);
}
