//! The log in memory and the browser over it: what comes is taken in, pages are asked for as somebody turns back, and the
//! keys of the browser. No act starts here.

use super::{bump, filter, finish, link, palette, together};
use crate::core::chronicle::READ_BACK;
use crate::core::effect::Effect;
use crate::core::here;
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::Found;
use crate::core::listing;
use crate::core::members;
use crate::core::model::{LogLine, Model};
use crate::core::msg::LogPage;
use crate::core::nav::{Browser, Listing, Overlay, Screen};
use crate::core::record::{self, Record};
use crate::core::time::Utc;
use std::sync::Arc;

/// What others did up to this long before the opening is told, without its date. Milliseconds.
const BEFORE_MS: i64 = 3_600_000;
/// So many records from the end of what is held, the next page is asked for.
const AHEAD: usize = 100;

/// Records that are on disk now, ours and others'.
pub(super) fn took(model: &mut Model, records: &[Record]) {
    for r in records {
        if !model.chronicle.take(r) {
            continue;
        }
        if *r.session == *model.log.session {
            model.log.on_disk = Some(model.now.utc);
        } else {
            finish::resolved_elsewhere(model, r);
        }
    }
}

/// The log is open: what happened before us is read back.
pub(super) fn opened(model: &mut Model, session: Arc<str>, out: &mut Vec<Effect>) {
    model.log.session = session;
    ask(model, out);
    bump(model);
}

fn ask(model: &mut Model, out: &mut Vec<Effect>) {
    // What is played again comes by itself, in its order.
    if model.replay.is_some() {
        return;
    }
    if let Some(before) = model.chronicle.wanted() {
        model.chronicle.asked = true;
        out.push(Effect::LogPage { before });
    }
}

pub(super) fn page(model: &mut Model, page: LogPage, out: &mut Vec<Effect>) {
    model.chronicle.page(page.before, &page.records, page.start);
    if page.before.is_none() {
        before_us(model, &page.records);
    }
    for file in page.unread {
        if !model.log.unread.contains(&file) {
            model.log.unread.push(file);
        }
    }
    bump(model);
    // An act whose intent lies further back is read to its beginning.
    let Some(Overlay::Log(b)) = &model.nav.overlay else { return };
    let open = b.open.and(b.chosen.as_ref()).and_then(|k| model.chronicle.find(k));
    let begun = open.is_none_or(|r| is_whole(model, r));
    if !begun && model.chronicle.len() < READ_BACK {
        ask(model, out);
    }
}

/// What others did shortly before this console was opened stands on its strip.
fn before_us(model: &mut Model, records: &[Record]) {
    let (own, now) = (model.log.session.clone(), model.now.utc);
    for r in records.iter().rev().filter(|r| *r.session != *own) {
        let at = Utc::read(r.when()).unwrap_or_default();
        let Some(text) = together::line(r).filter(|_| now.since(at) < BEFORE_MS) else { continue };
        let text: Arc<str> = format!("{}: {text}", r.who()).into();
        if model.log.lines.len() < 100 && !model.log.lines.iter().any(|l| l.at == at && l.text == text) {
            model.log.lines.push_front(LogLine { at, text, who: "".into() });
        }
    }
}

/// All of its act is held, or it belongs to none.
fn is_whole(model: &Model, r: &Record) -> bool {
    model.chronicle.story(r).is_empty() || model.chronicle.intent(r).is_some()
}

/// Opens the browser; on a record, with its full text, where one is named.
pub(super) fn open(model: &mut Model, at: Option<record::Key>, out: &mut Vec<Effect>) {
    model.chronicle.reading = true;
    let open = at.as_ref().map(|_| 0);
    model.nav.overlay = Some(Overlay::Log(Browser { chosen: at, open }));
    near(model, out);
    bump(model);
}

/// Keys of the browser. True when it took the key; any other key closes it and then does what it means.
pub(super) fn key(model: &mut Model, key: Key, mut b: Browser, out: &mut Vec<Effect>) -> bool {
    let mut keys = std::mem::take(&mut model.nav.pending);
    keys.push(key);
    let found = match model.keymap.find(Context::List, &keys) {
        Found::Nothing => model.keymap.find(Context::Global, &keys),
        found => found,
    };
    let half = i64::from(model.height / 2);
    let by = match found {
        Found::Intent(Intent::NextRow) => 1,
        Found::Intent(Intent::PreviousRow) => -1,
        Found::Intent(Intent::HalfPageDown) => half,
        Found::Intent(Intent::HalfPageUp) => -half,
        Found::Intent(Intent::FirstRow) => i64::MIN / 2,
        Found::Intent(Intent::LastRow) => i64::MAX / 2,
        Found::Intent(Intent::Back) => {
            let shut = b.open.is_none();
            b.open = None;
            model.nav.overlay = Some(Overlay::Log(b));
            // A kept filter goes first.
            if shut && !filter::clear(model) {
                close(model);
                model.nav.overlay = model.nav.under.take().map(|under| *under);
            }
            return true;
        }
        Found::Intent(Intent::Open) => {
            opened_or_intent(model, &mut b);
            model.nav.overlay = Some(Overlay::Log(b));
            near(model, out);
            return true;
        }
        Found::Intent(i @ (Intent::MatchNext | Intent::MatchPrevious)) => {
            let by = if i == Intent::MatchNext { 1 } else { -1 };
            let open = b.open.is_some();
            if open {
                along(model, &mut b, by);
            }
            model.nav.overlay = Some(Overlay::Log(b));
            if !open {
                filter::next(model, by);
            }
            near(model, out);
            return true;
        }
        Found::Intent(Intent::Filter) => {
            b.open = None;
            model.nav.overlay = Some(Overlay::Log(b));
            filter::open(model);
            return true;
        }
        Found::Intent(Intent::Copy) => {
            if b.chosen.is_none() {
                b.chosen = newest(model);
            }
            model.nav.overlay = Some(Overlay::Log(b));
            link::copy(model, out);
            return true;
        }
        Found::Intent(Intent::Palette) => {
            palette::open(model, Some(Overlay::Log(b)));
            return true;
        }
        Found::Intent(Intent::Help) => {
            model.nav.under = Some(Box::new(Overlay::Log(b)));
            model.nav.overlay = Some(Overlay::Help { scroll: 0 });
            return true;
        }
        // Half of a key that moves: the browser stays until the other half says.
        Found::Prefix if !here::begins_act(model, &keys) => {
            model.nav.overlay = Some(Overlay::Log(b));
            model.nav.pending = keys;
            return true;
        }
        Found::Nothing if keys.len() > 1 => {
            model.nav.overlay = Some(Overlay::Log(b));
            if key.code != Code::Esc {
                model.tell("no such keys; nothing was done");
            }
            return true;
        }
        Found::Intent(_) | Found::Prefix | Found::Nothing => {
            close(model);
            model.nav.under = None;
            keys.pop();
            model.nav.pending = keys;
            return false;
        }
    };
    match &mut b.open {
        Some(scroll) => {
            let most = b.chosen.as_ref().map_or(0, |k| rows_most(model, k));
            let to = i64::from(*scroll).saturating_add(by).clamp(0, most);
            *scroll = u16::try_from(to).unwrap_or(u16::MAX);
            model.nav.overlay = Some(Overlay::Log(b));
        }
        None => {
            model.nav.overlay = Some(Overlay::Log(b));
            rows(model, by, out);
        }
    }
    true
}

/// How far a record's text can be scrolled at most: its members, wrapped at the least width there is.
pub fn rows_most(model: &Model, key: &record::Key) -> i64 {
    let Some(r) = model.chronicle.find(key) else { return 0 };
    let wide = usize::from(model.width.min(120)).saturating_sub(24).max(16);
    let rows: usize = members::of(r).iter().map(|m| 1 + m.value.len() / wide + m.value.matches('\n').count()).sum();
    let rows = rows + model.chronicle.story(r).len() + 6;
    i64::try_from(rows).unwrap_or(i64::MAX).saturating_sub(i64::from(model.height.saturating_sub(6))).max(0)
}

/// Along the rows that are listed, in the browser; older ones are asked for as the end comes near.
fn rows(model: &mut Model, by: i64, out: &mut Vec<Effect>) {
    go(model, by);
    near(model, out);
}

/// Along the rows that are listed, in the browser or on the Incident screen.
pub(super) fn go(model: &mut Model, by: i64) {
    let listed = listing::records(model);
    let Some(last) = listed.len().checked_sub(1) else { return };
    let at = place(model, &listed);
    let to = (at as i64).saturating_add(by).clamp(0, last as i64) as usize;
    // At the top one stays with the newest, whatever comes.
    let key = if to == 0 && by < 0 { None } else { listed.get(to).map(|r| r.key()) };
    choose(model, key);
}

fn place(model: &Model, listed: &[&Record]) -> usize {
    listing::chosen_record(model).and_then(|k| listed.iter().position(|r| r.is(k))).unwrap_or(0)
}

fn newest(model: &Model) -> Option<record::Key> {
    listing::records(model).first().map(|r| r.key())
}

/// This record is the chosen one of the place that is open.
pub(super) fn choose(model: &mut Model, key: Option<record::Key>) {
    match &mut model.nav.overlay {
        Some(Overlay::Log(b)) => b.chosen = key,
        Some(_) => {}
        None if model.nav.screen == Screen::Incident => model.nav.record = key,
        None => {}
    }
    bump(model);
}

/// Near the end of what is held, the next page is asked for.
fn near(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(Overlay::Log(b)) = &model.nav.overlay else { return };
    let begun = b.open.and(b.chosen.as_ref()).and_then(|k| model.chronicle.find(k)).is_none_or(|r| is_whole(model, r));
    let listed = listing::records(model);
    let left = listed.len().saturating_sub(place(model, &listed) + 1);
    if left < AHEAD || !begun {
        ask(model, out);
    }
}

/// Enter: the full record of the chosen line; there, from an outcome to its intent.
fn opened_or_intent(model: &Model, b: &mut Browser) {
    match b.open {
        None => {
            b.chosen = b.chosen.take().or_else(|| newest(model));
            b.open = b.chosen.as_ref().map(|_| 0);
        }
        Some(_) => {
            let intent =
                b.chosen.as_ref().and_then(|k| model.chronicle.find(k)).and_then(|r| model.chronicle.intent(r));
            if let Some(intent) = intent {
                b.chosen = Some(intent.key());
                b.open = Some(0);
            }
        }
    }
}

/// `>` and `<` in a full record: along the records of its act, else along the list.
fn along(model: &mut Model, b: &mut Browser, by: i64) {
    let Some(r) = b.chosen.as_ref().and_then(|k| model.chronicle.find(k)) else { return };
    let story = model.chronicle.story(r);
    let of_act = story.len() > 1;
    // The list is newest first; `>` goes down it.
    let all = if of_act { story } else { listing::records_of(model, true) };
    let at = all.iter().position(|x| x.is(&r.key())).unwrap_or(0);
    let to = usize::try_from(at as i64 + by).ok().and_then(|to| all.get(to)).map(|r| r.key());
    match to {
        Some(key) => {
            b.chosen = Some(key);
            b.open = Some(0);
        }
        None => model.tell(match (of_act, by > 0) {
            (true, true) => "this is the last record of its act",
            (true, false) => "this is the first record of its act",
            (false, true) => "this is the oldest one held",
            (false, false) => "this is the newest one",
        }),
    }
}

/// The browser is closed: its filter goes, the one of the screen below comes back, and what was read back is let go.
pub(super) fn close(model: &mut Model) {
    model.chronicle.let_go();
    filter::leave_list(model, Listing::Records);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::model::Place;
    use crate::core::record::Hlc;
    use crate::testkit::world::World;
    use serde_json::{Value, json};

    fn record(seq: u64, kind: &str, data: Value) -> Record {
        Record {
            session: "a".into(),
            seq,
            hlc: Hlc(seq as i64, 0),
            kind: kind.into(),
            data,
            hash: format!("a{seq}"),
            ..Record::default()
        }
    }

    #[test]
    fn an_intent_that_lies_too_far_back_is_not_read_for_ever() {
        let mut w = World::of(Place::Drill);
        let model = &mut w.model;
        let outcome = record(1_000, "settled", json!({"act": 1, "verb": "hold"}));
        model.chronicle.take(&outcome);
        let mut out = Vec::new();
        open(model, Some(outcome.key()), &mut out);
        let mut asked = 0;
        loop {
            let page_of = |e: Effect| if let Effect::LogPage { before } = e { Some(before) } else { None };
            let Some(before) = out.drain(..).find_map(page_of) else { break };
            asked += 1;
            assert!(asked < 20, "the same page again and again: {before:?}");
            let last = before.map_or(999, |h| h.0.cast_unsigned());
            let records = (last - 19..=last).map(|n| record(n, "note", json!({"text": "y".repeat(64 << 10)})));
            page(model, LogPage { before, records: records.collect(), start: false, unread: Vec::new() }, &mut out);
        }
        assert!(asked > 3, "{asked}");
        assert_eq!(model.chronicle.wanted(), None);
        assert!(model.chronicle.older().is_some_and(|w| w.contains("andon log show")));
        // What was let go can be read again.
        close(model);
        assert!(model.chronicle.wanted().is_some());
    }
}
