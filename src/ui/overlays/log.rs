//! The log browser: one line a record, newest first; and one record in full, with the story of its act above it.

use crate::config::theme::Role;
use crate::core::case::seams::seam_words;
use crate::core::listing;
use crate::core::members;
use crate::core::model::Model;
use crate::core::nav::{Browser, Listing};
use crate::core::record::Record;
use crate::core::words;

use crate::ui::look::Look;
use crate::ui::parts::line::{Line, clear, gate, width};
use crate::ui::parts::rows::{Marks, Rows, Window};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws what is open; says where the cursor is.
pub fn draw(model: &Model, b: &Browser, look: &Look, body: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    let wide = usize::from(crate::ui::reading(body).width);
    if let (Some(scroll), Some(r)) = (b.open, b.chosen.as_ref().and_then(|k| model.chronicle.find(k))) {
        super::page(&full(model, r, wide), scroll, look, body, buf);
        return None;
    }
    clear(body, buf);
    // Lines of a log are long: the list has the whole width.
    let marks: Marks = list(model, usize::from(body.height)).draw(look, body, buf);
    marks.cursor
}

/// The record that has the cursor, in the list that is open: the chosen one, else the newest.
pub fn is_chosen(model: &Model, r: &Record, n: usize) -> bool {
    listing::chosen_record(model).map_or(n == 0, |k| r.is(k))
}

/// `>03:14:07 ito checkout@eu-1 roll back accepted in 41 ms`
pub fn line(r: &Record, chosen: bool, now: crate::core::time::Utc) -> Line {
    let time = if chosen { Role::Selected } else { Role::Text };
    let line = Line::new().choice(chosen).add(time, when(r, now)).text(" ");
    let role = match r.kind.as_str() {
        "stuck" | "unknown" | "refused" | "undone" => Role::Moving,
        _ => Role::Text,
    };
    line.add(role, words::told(r))
}

/// The time of day; with the date where that is another day's.
fn when(r: &Record, now: crate::core::time::Utc) -> String {
    let today = now.rfc3339();
    let day = r.when().get(..10).unwrap_or_default();
    if day.is_empty() || today.starts_with(day) { r.hms().to_owned() } else { format!("{day} {}", r.hms()) }
}

fn list(model: &Model, tall: usize) -> Rows {
    let mut out = Rows::new();
    let listed = listing::records(model);
    let held = model.chronicle.len();
    let count = listing::count(model, Listing::Records).filter(|_| listing::words(model, Listing::Records).is_some());
    let said = match count {
        Some(c) => format!("  {} of {} records, {} hidden, newest first", c.found, c.of, c.hidden),
        None => format!("  {held} records, newest first"),
    };
    let head = Line::of(Role::Title, "LOG").text(said);
    let head = if model.log.mine_only { head.end(Role::Warn, "log: mine only") } else { head };
    out.keep(head);
    if listed.is_empty() {
        out.keep(Line::new().text(if held == 0 {
            " nothing is recorded yet"
        } else {
            " no record answers to the filter"
        }));
    }
    let at = listed.iter().enumerate().position(|(n, r)| is_chosen(model, r, n)).unwrap_or(0);
    // One row for what is older, one for how much is out of sight.
    let w = Window::counted(listed.len(), at, tall.saturating_sub(2).max(1));
    // As they were merged: oldest first.
    let sight: Vec<Record> = listed.iter().skip(w.first).take(w.shown).rev().map(|r| (*r).clone()).collect();
    let seams = seam_words(&sight);
    for (n, r) in listed.iter().enumerate().skip(w.first).take(w.shown) {
        out.may(if n == at { 0 } else { 1 }, line(r, n == at, model.utc()));
        // What stands below is older: where the clocks do not agree, it is said between the two.
        let from_oldest = sight.len() - 1 - (n - w.first);
        for (_, words) in seams.iter().filter(|(before, _)| *before == from_oldest) {
            out.may(2, Line::new().text("  ").add(Role::Warn, words));
        }
    }
    let older = model.chronicle.older().filter(|_| w.below == 0).map(str::to_owned);
    if let Some(words) = [w.words(), older].into_iter().flatten().reduce(|a, b| format!("{a}; {b}")) {
        out.may(1, Line::new().text(format!("  -- {words} --")));
    }
    out
}

/// Everything a record says, the story of its act first.
fn full(model: &Model, r: &Record, wide: usize) -> Vec<Line> {
    let mut out = vec![Line::of(Role::Title, "RECORD").text(format!("  {}", place(model, r)))];
    let story = model.chronicle.story(r);
    if !story.is_empty() {
        let begun = story.first().is_some_and(|s| s.kind == "intent");
        let head = if begun { "its act, from intent to end:" } else { "its act; how it began lies further back:" };
        out.push(Line::new().text(format!(" {head}")));
        for s in &story {
            out.extend(line(s, s.is(&r.key()), model.utc()).flow(wide, 10));
        }
        out.push(Line::rule());
    } else {
        out.extend(Line::new().text(" ").text(words::line(r)).flow(wide, 10));
        out.push(Line::rule());
    }
    let all = members::of(r);
    let names = all.iter().map(|m| width(&gate(&m.name))).max().unwrap_or(0).min(wide / 3).min(28);
    for m in all {
        for (i, part) in m.value.split('\n').enumerate() {
            let name = if i == 0 { m.name.as_str() } else { "" };
            let head = Line::new().text(" ").left(Role::Moving, name, names + 2);
            out.extend(head.text(part).flow(wide, names + 4));
        }
    }
    out
}

/// `rec 41`, or `ito 12` of another session.
fn place(model: &Model, r: &Record) -> String {
    rests(model, &r.session, r.seq)
}

/// The record something rests on, as it is named on screen: `rec 41`, another session's `ito 12`.
pub fn rests(model: &Model, session: &str, seq: u64) -> String {
    if *session == *model.log.session {
        return format!("rec {seq}");
    }
    let who = model.chronicle.at(session, seq).map(|r| r.who().to_owned()).filter(|w| !w.is_empty());
    // 20261121T031407Z-mira-bastion2-7f3a: the person stands in the name.
    let who = who.or_else(|| session.split('-').nth(1).map(str::to_owned)).unwrap_or_else(|| session.to_owned());
    format!("{who} {seq}")
}
