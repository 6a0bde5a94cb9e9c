//! Which kept version, or which of two acts: the list that stands before a dialog. Lower half; the rest of the screen
//! stays. One line for each, worst cut last: number, version, age, pods, what it is now, why it was made.

use crate::config::theme::Role;
use crate::core::act::able;
use crate::core::act::pick::{self, Pick};
use crate::core::act::plan::Verb;
use crate::core::age;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::world::target::{Revision, TargetState};
use crate::ui::parts::line::{Line, Rows, gate, width};
use crate::ui::parts::rows::Window;

/// `tall`: rows there are, the rule above not counted.
pub fn rows(model: &Model, pick: &Pick, wide: usize, tall: usize) -> Rows {
    let mut rows = Rows::new();
    let Some(t) = model.world.targets.get(pick.target()) else {
        rows.keep(Line::of(Role::Title, "GONE  ").text(pick.target().at()));
        return rows;
    };
    match pick {
        Pick::Version { chosen, .. } => versions(model, t, chosen.as_ref(), wide, tall, &mut rows),
        Pick::Again { verb, .. } => again(model, t, *verb, wide, &mut rows),
    }
    rows
}

fn head(title: &str, t: &TargetState, wide: usize, rows: &mut Rows) {
    let line = Line::of(Role::Title, title).text("  ").add(Role::Moving, &t.id.name);
    let line = line.text(format!(" @ {}   {}", gate(t.id.source.as_str()), t.going()));
    rows.flow(0, 0, line.end(Role::Key, "esc").end(Role::Text, " nothing"), wide, 2);
}

fn versions(
    model: &Model,
    t: &TargetState,
    chosen: Option<&crate::core::id::Hash>,
    wide: usize,
    tall: usize,
    rows: &mut Rows,
) {
    head("ROLL BACK TO", t, wide, rows);
    let all: Vec<&Revision> = pick::revisions(t).collect();
    if all.is_empty() {
        rows.keep(Line::new().text(" no version is kept"));
        return;
    }
    let c = Columns::of(wide, &all);
    let heading =
        Line::new().text("  ").right(Role::Text, "REV", c.number).text("  ").left(Role::Text, "VERSION", c.version);
    let heading = heading.right(Role::Text, "AGE", 6).right(Role::Text, "PODS", 10).text("  ");
    let heading = heading.left(Role::Text, "NOW", 15);
    rows.may(9, heading.text(if c.cause > 0 { "WHY MADE" } else { "" }));
    let at = all.iter().position(|r| Some(&r.hash) == chosen);
    // Head, heading, three of detail and the keys.
    let room = tall.saturating_sub(7).clamp(2, 12);
    let w = Window::of(all.len(), at.unwrap_or(0), room);
    for r in all.iter().skip(w.first).take(w.shown) {
        let here = Some(&r.hash) == chosen;
        rows.may(if here { 0 } else { 4 }, one(model, t, r, here, &c));
    }
    if let Some(words) = w.words() {
        rows.may(5, Line::new().text(format!("  {words}")));
    }
    if let Some(r) = at.and_then(|at| all.get(at)) {
        detail(r, wide, rows);
    }
    let key = model.keymap.shown(Intent::Open).unwrap_or_default();
    rows.keep(
        Line::new()
            .text(" ")
            .add(Role::Key, key)
            .text(" its dialog: the requests, then the name is typed; nothing is sent before"),
    );
}

struct Columns {
    number: usize,
    version: usize,
    cause: usize,
}

impl Columns {
    fn of(wide: usize, all: &[&Revision]) -> Columns {
        let digits = |n: Option<u64>| n.map_or(0, |n| n.to_string().len());
        let number = all.iter().map(|r| digits(r.number)).max().unwrap_or(0).max(3) + 1;
        let fixed = 2 + number + 2 + 6 + 10 + 2 + 15;
        let longest = all.iter().map(|r| width(&gate(&r.version))).max().unwrap_or(0) + 2;
        let left = wide.saturating_sub(fixed);
        let version = longest.clamp(9, left.saturating_sub(10).max(12));
        Columns { number, version, cause: left.saturating_sub(version) }
    }
}

fn one(model: &Model, t: &TargetState, r: &Revision, here: bool, c: &Columns) -> Line {
    let number = r.number.map_or_else(|| "-".into(), |n| n.to_string());
    let made = r.created.map_or_else(|| "-".into(), |at| age::age(model.utc().since(at)));
    let pods = match (r.replicas.existing, r.replicas.ready) {
        (0, _) => "none".into(),
        (n, ready) => format!("{ready} of {n}"),
    };
    let line = Line::new().choice(here).text(" ").right(Role::Text, number, c.number).text("  ");
    let role = if here { Role::Selected } else { Role::Text };
    let line =
        line.name(role, &*r.version, c.version).right(Role::Text, made, 6).right(Role::Text, pods, 10).text("  ");
    let line = line.left(Role::Text, pick::standing(t, &r.hash), 15);
    let cause = r.cause.as_deref().unwrap_or("-");
    if c.cause > 0 { line.left(Role::Text, cause, c.cause + 1) } else { line }
}

/// What tells one version from another beyond its name.
fn detail(r: &Revision, wide: usize, rows: &mut Rows) {
    let image = if r.image.is_empty() { "not known" } else { &*r.image };
    rows.flow(6, 7, Line::new().text(format!("  image   {}", gate(image))), wide, 10);
    if let Some(d) = &r.digest {
        rows.flow(7, 8, Line::new().text(format!("  digest  {}", gate(d))), wide, 10);
    }
    let trouble: Vec<String> = r.trouble.iter().map(|x| format!("{} {}", x.count, x.reason)).collect();
    if !trouble.is_empty() {
        let line = Line::new().text("  pods    ").add(Role::Warn, gate(&trouble.join(", ")));
        rows.flow(3, 7, line, wide, 10);
    }
}

fn again(model: &Model, t: &TargetState, chosen: Verb, wide: usize, rows: &mut Rows) {
    head("AGAIN: WHICH", t, wide, rows);
    for verb in able::again(t) {
        let words = match verb {
            Verb::Retry => "the aborted change begins anew, from its first step",
            _ => "only the analysis that told nothing is measured anew",
        };
        let role = if *verb == chosen { Role::Selected } else { Role::Text };
        let line = Line::new().choice(*verb == chosen).text(" ").left(role, verb.word(), 18).text(words);
        rows.keep(line);
    }
    let key = model.keymap.shown(Intent::Open).unwrap_or_default();
    rows.keep(Line::new().text(" ").add(Role::Key, key).text(" its dialog; nothing is sent before"));
}
