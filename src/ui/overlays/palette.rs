//! The palette: what fits what is typed, best first, each with its key and one line, and on what an act would act. The
//! line itself is the last row.

use crate::config::theme::Role;
use crate::core::model::Model;
use crate::core::nav::Field;
use crate::core::palette::{self, Enter, Entry, Take};
use crate::ui::parts::line::{Line, Rows, gate, width};

/// Suggestions shown at most.
const MOST: usize = 12;

/// The rows, and the column of the text cursor in the last one.
pub fn rows(model: &Model, field: &Field, wide: usize, tall: usize) -> (Rows, usize) {
    let offer = palette::offer(model, field);
    let enter = palette::enter(model, field, &offer);
    let mut rows = Rows::new();
    let target = field.target.as_ref().filter(|t| model.world.targets.contains_key(t));
    let head = Line::of(Role::Title, "GO TO, OR DO");
    let head = match target {
        Some(t) => head.text(format!("  acts are on {} {}", t.name.to_uppercase(), t.source)),
        None => head,
    };
    let count = match (offer.total, palette::words_of(&field.typed)) {
        (0, _) => String::new(),
        (n, Some(_)) => format!("{n} found"),
        (n, None) => format!("{n} fit"),
    };
    rows.may(1, head.end(Role::Muted, count));
    // Under the rule: the head, the suggestions, what enter does, the line.
    let room = tall.saturating_sub(4).clamp(1, MOST);
    let first = (field.chosen + 1).saturating_sub(room);
    for (i, entry) in offer.entries.iter().enumerate().skip(first).take(room) {
        let chosen = i == field.chosen;
        let marked = chosen && (field.by_hand || (!field.typed.trim().is_empty() && !entry.is_weighty()));
        let drop = if chosen { 2 } else { 5 };
        rows.may(drop, one(entry, marked, wide));
    }
    let below = offer.total.saturating_sub(first + room);
    let said = match &enter {
        Enter::Take(e) | Enter::Again(e) => Line::new().text(" enter: ").add(Role::Moving, does(e)),
        Enter::No(why) => Line::new().text(format!(" enter: nothing; {why}")),
    };
    let said = if below > 0 { said.end(Role::Muted, format!("{below} more below")) } else { said };
    rows.may(3, said);
    let text = gate(&field.typed).into_owned();
    let mut tail = text.as_str();
    // Of a long line its end is seen: there one types.
    while width(tail) + 3 > wide {
        let mut rest = tail.chars();
        rest.next();
        tail = rest.as_str();
    }
    let line = Line::of(Role::Key, ":").add(Role::Moving, tail);
    let cursor = line.width();
    rows.keep(line);
    (rows, cursor)
}

fn one(e: &Entry, marked: bool, wide: usize) -> Line {
    let name_room = if wide < 70 { 18 } else { 24 };
    let key_room = if wide < 70 { 8 } else { 11 };
    let name = gate(&e.name).into_owned();
    let name = crate::ui::parts::line::cut(&name, name_room - 1).into_owned();
    let pad = name_room.saturating_sub(width(&name));
    let line = Line::new()
        .text(if marked { "> " } else { "  " })
        .add(if marked { Role::Selected } else { Role::Text }, name)
        .text(" ".repeat(pad))
        .left(if e.cannot.is_some() { Role::Text } else { Role::Key }, &e.key, key_room);
    match &e.cannot {
        Some(why) => line.text(format!("NO: {why}")),
        None => line.text(&e.help),
    }
}

/// What Enter does with it, in a few words.
fn does(e: &Entry) -> String {
    match &e.take {
        Take::Intent(i) if i.is_act() => format!("opens the dialog of {}, sends nothing", e.name),
        Take::Intent(i) => i.help().into(),
        Take::Service(s) => format!("goes to {s}, Verdict"),
        Take::Source(s) => format!("goes to Sources, {s}"),
        Take::Step(s, n) => format!("goes to the runbook of {s}, step {}", n + 1),
        Take::Line(Some(s)) => format!("goes to {s}, Verdict"),
        Take::Line(None) => "goes to the Board".into(),
        Take::Context(_) => format!("chooses {}", e.name),
        Take::Login(s) => format!("leaves the screen to log in to {s}"),
        Take::Theme(t) => format!("draws with {t}"),
        Take::Log => "opens the log browser".into(),
        Take::Reload => "reads keymap and theme files again".into(),
        Take::Link => "copies the link".into(),
        Take::Find => "words to find follow".into(),
        Take::As(_) => "the log says it from now on".into(),
    }
}
