//! What a begun chord can go on to. For acts: what each second key would do to the pinned target, how long it takes,
//! whether it is ready. Lower half; the rest of the screen stays.

use crate::config::theme::Role;
use crate::core::here;
use crate::core::id::Hash;
use crate::core::intent::Intent;
use crate::core::key::Key;
use crate::core::keymap::chord_name;
use crate::core::menu::{self, Item, Ready};
use crate::core::model::Model;
use crate::core::world::target::TargetState;
use crate::ui::parts::figures;
use crate::ui::parts::line::{Line, Rows, cut, gate, width};
use crate::ui::screens::verdict;

/// Keys were typed that begin something.
pub fn is_open(model: &Model) -> bool {
    !model.nav.pending.is_empty()
}

/// `tall`: rows there are, the rule above not counted.
pub fn rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let pending = &model.nav.pending;
    let after = here::after(model, pending);
    let mut rows = Rows::new();
    rows.keep(if here::begins_act(model, pending) { on(model, wide) } else { begun(pending) });
    let c = Columns::of(wide);
    let mut lines = acts(model, &after, &c);
    for (keys, intent) in after.iter().filter(|(_, i)| !i.is_act()) {
        let name = chord_name(keys);
        let line = Line::new().text(" ").left(Role::Key, &name, c.key.max(width(&name) + 1)).text(intent.help());
        lines.push((5, name, line));
    }
    let room = tall.saturating_sub(1);
    if lines.len() <= room {
        lines.into_iter().for_each(|(drop, _, line)| rows.may(drop, line));
        return rows;
    }
    // What has no row of its own is named in the last one, the least useful first; nothing is hidden.
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|n| lines[*n].0);
    let shown = &order[..room.saturating_sub(1).min(order.len())];
    let mut more = Line::new().text(" more:");
    for (n, (drop, name, line)) in lines.iter().enumerate() {
        if shown.contains(&n) {
            rows.may(*drop, line.clone());
        } else {
            more = more.text(format!(" {name}"));
        }
    }
    rows.keep(more);
    rows
}

/// `ACT ON  checkout  canary 10%, v1 -> v2`, the pinned target whatever is chosen by now.
fn on(model: &Model, wide: usize) -> Line {
    let head = Line::of(Role::Title, "ACT ON  ");
    let head = match &model.nav.menu_target {
        None => head.text("this console; no service is chosen"),
        Some(id) => match model.world.targets.get(id) {
            Some(t) => {
                // On what comes first and whole; what it is doing is cut where there is no room.
                let (name, source) = (gate(&t.id.name), gate(t.id.source.as_str()));
                let room = wide.saturating_sub(8 + 15 + 4);
                let name = cut(&name, room.saturating_sub(width(&source)).max(8)).into_owned();
                head.add(Role::Moving, format!("{name} @ {source}")).text(format!("   {}", doing(t, wide)))
            }
            None => head.text(format!("{} is gone", id.at())),
        },
    };
    head.end(Role::Key, "esc").end(Role::Text, " nothing")
}

/// `canary 10% 1/6, v2.14.0 -> v2.14.1`
fn doing(t: &TargetState, wide: usize) -> String {
    let v = |h: &Option<Hash>| {
        let v = h.as_ref().map_or_else(|| "none".into(), |h| t.version_of(h));
        cut(&gate(&v), (wide / 5).max(8)).into_owned()
    };
    let to = if t.is_moving() { format!(" -> {}", v(&t.candidate)) } else { String::new() };
    format!("{}, {}{to}", figures::what(t), v(&t.stable))
}

fn begun(pending: &[Key]) -> Line {
    Line::of(Role::Title, "KEYS AFTER  ")
        .add(Role::Key, chord_name(pending))
        .end(Role::Key, "esc")
        .end(Role::Text, " nothing")
}

/// Where things stand in a row of the menu.
struct Columns {
    key: usize,
    /// `None`: no room for how long it takes.
    takes: Option<(usize, usize)>,
    ready_at: usize,
    table: verdict::Columns,
}

impl Columns {
    fn of(wide: usize) -> Columns {
        let table = verdict::Columns::of(wide);
        if wide >= 70 {
            return Columns { key: 3, takes: Some((table.takes_at, table.takes)), ready_at: table.ready_at, table };
        }
        if wide >= 56 {
            let ready_at = wide - 19;
            return Columns { key: 3, takes: Some((ready_at - 8, 7)), ready_at, table };
        }
        Columns { key: 3, takes: None, ready_at: wide.saturating_sub(16).max(20), table }
    }
}

/// How soon the row goes, its key, the row.
type Offer = (u8, String, Line);

fn acts(model: &Model, after: &[(&[Key], Intent)], c: &Columns) -> Vec<Offer> {
    let t = model.nav.menu_target.as_ref().and_then(|t| model.world.targets.get(t));
    let mut items = menu::all(model, t);
    // An act that this list does not know yet is still offered, with its own words.
    for (_, intent) in after.iter().filter(|(_, i)| i.is_act()) {
        if t.is_some() && !items.iter().any(|i| i.intent == *intent) {
            let (label, ready) = (intent.help().to_owned(), Ready::Yes(String::new()));
            items.push(Item { intent: *intent, label, takes: "--".into(), ready });
        }
    }
    let mut out = Vec::new();
    for item in &items {
        let Some((keys, _)) = after.iter().find(|(_, i)| *i == item.intent) else { continue };
        let name = chord_name(keys);
        let dead = matches!(item.ready, Ready::No(_));
        let line = Line::new().text(" ").left(if dead { Role::Text } else { Role::Key }, &name, c.key);
        let line = line.text(&item.label);
        let line = match c.takes {
            Some((at, columns)) => {
                let time = c.table.time(&item.takes);
                // Not known is not a word to cut.
                let time = if width(time) < columns { time } else { "--" };
                line.to(at).right(Role::Text, time, columns)
            }
            None => line,
        };
        let own = matches!(item.intent, Intent::Arm | Intent::Disarm | Intent::Acknowledge);
        let case = menu::is_case(item.intent);
        let drop = 1 + 4 * u8::from(dead) + 2 * u8::from(own) + 3 * u8::from(case);
        out.push((drop, name, line.to(c.ready_at).append(verdict::ready(&item.ready))));
    }
    out
}
