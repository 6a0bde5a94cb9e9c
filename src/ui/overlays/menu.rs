//! What a begun chord can go on to. For acts: what each second key would do to the pinned target, how long it takes,
//! whether it is ready. Lower half; the rest of the screen stays.

use crate::config::theme::Role;
use crate::core::aside;
use crate::core::here;
use crate::core::id::Hash;
use crate::core::intent::Intent;
use crate::core::key::Key;
use crate::core::keymap::chord_name;
use crate::core::menu::{self, Item, Ready};
use crate::core::model::Model;
use crate::core::world::target::TargetState;
use crate::ui::hints;
use crate::ui::parts::figures;
use crate::ui::parts::line::{Line, Rows, cut, cut_middle, gate, width};
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
    if wide >= SIDE_BY_SIDE && model.nav.menu_target.is_some() && here::begins_act(model, pending) {
        side_by_side(model, &after, wide, &mut rows);
        return rows;
    }
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
    // The fewer rows, the more letters; where they are many they take a second row.
    let (mut shown, mut more) = (&order[..0], Vec::new());
    for kept in 1..=room {
        shown = &order[..room.saturating_sub(kept).min(order.len())];
        more = named(lines.iter().enumerate().filter(|(n, _)| !shown.contains(n)).map(|(_, l)| l.1.as_str()), wide);
        if more.len() <= kept {
            break;
        }
    }
    for (n, (drop, _, line)) in lines.iter().enumerate() {
        if shown.contains(&n) {
            rows.may(*drop, line.clone());
        }
    }
    more.into_iter().for_each(|line| rows.keep(line));
    rows
}

/// ` more: x y z`, in as many rows as they take.
fn named<'a>(names: impl Iterator<Item = &'a str>, wide: usize) -> Vec<Line> {
    const HEAD: &str = " more:";
    let mut rows: Vec<String> = Vec::new();
    for name in names {
        match rows.last_mut().filter(|r| width(r) + 1 + width(name) <= wide) {
            Some(row) => *row = format!("{row} {name}"),
            None => rows.push(format!("{HEAD} {name}")),
        }
    }
    rows.into_iter().map(|r| Line::new().text(r)).collect()
}

/// Columns from which acts stand in two columns, and where the second one begins.
const SIDE_BY_SIDE: usize = 76;

/// What is done to the target, in the order it is looked for: back and hold on the left, on and on the right.
const LEFT: [Intent; 5] = [Intent::RollBack, Intent::RollBackTo, Intent::Hold, Intent::Freeze, Intent::Promote];
const RIGHT: [Intent; 5] = [Intent::Resume, Intent::SkipStep, Intent::Retry, Intent::Thaw, Intent::Acknowledge];

/// What is done beside a target: to alerts, flags, people and artifacts of a service.
const ASIDE: [Intent; 6] =
    [Intent::FlagOff, Intent::FlagOn, Intent::Silence, Intent::Wake, Intent::Tell, Intent::Revoke];

/// The acts of the target in two columns; those of the incident and the console in one row each for what works and what
/// does not, by their letters.
fn side_by_side(model: &Model, after: &[(&[Key], Intent)], wide: usize, rows: &mut Rows) {
    let t = model.nav.menu_target.as_ref().and_then(|t| model.world.targets.get(t));
    let items = menu::all(model, t);
    let key = |i: Intent| after.iter().find(|(_, a)| *a == i).map(|(k, _)| chord_name(k));
    let find = |i: Intent| items.iter().find(|x| x.intent == i).zip(key(i));
    // The second column has room for its words and a reason; what is over goes to the first.
    let at = (wide * 11 / 20).min(wide.saturating_sub(36));
    for (l, r) in LEFT.into_iter().zip(RIGHT) {
        let line = match find(l) {
            Some((item, key)) => cell(item, &key, at - 1, true),
            None => Line::new(),
        };
        let line = match find(r) {
            Some((item, key)) => line.to(at).append(cell(item, &key, wide - at, false)),
            None => line,
        };
        if !line.is_empty() {
            rows.may(1, line);
        }
    }
    let placed = |i: Intent| LEFT.contains(&i) || RIGHT.contains(&i);
    // On Alerts these are about the chosen row, which may be about another service than the target above.
    let other = aside::service(model).filter(|s| t.is_some_and(|t| t.service != *s));
    let apart = |i: Intent| other.is_some() && ASIDE.contains(&i);
    let mut dead: Vec<String> = Vec::new();
    let rest = after.iter().filter(|(_, i)| !placed(*i));
    let (theirs, own): (Vec<_>, Vec<_>) = rest.partition(|(_, i)| apart(*i));
    let live = |head: String, of: Vec<&(&[Key], Intent)>, dead: &mut Vec<String>, rows: &mut Rows| {
        let none = head.clone();
        let mut live = Line::new().text(head);
        for (keys, intent) in of {
            let name = chord_name(keys);
            let item = items.iter().find(|x| x.intent == *intent);
            if matches!(item.map(|i| &i.ready), Some(Ready::No(_))) {
                dead.push(name);
                continue;
            }
            let word = if intent.is_act() { hints::word(*intent) } else { intent.name() };
            // A key and its word stay together.
            if live.width() + 3 + width(&name) + width(word) > wide {
                rows.may(2, std::mem::replace(&mut live, Line::new().text(" ".repeat(6))));
            }
            live = live.text("  ").add(Role::Key, name).text(format!(" {word}"));
        }
        if live.width() > width(&none) {
            rows.may(2, live);
        }
    };
    if let Some(s) = &other {
        live(format!(" on {}:", cut(&gate(&s.as_str().to_uppercase()), 24)), theirs, &mut dead, rows);
    }
    live(" also:".into(), own, &mut dead, rows);
    if !dead.is_empty() {
        rows.flow(3, 3, Line::new().text(format!(" not now: {}", dead.join(" "))), wide, 10);
    }
}

/// `r roll back to v2.14.0   2m  2/3 (!)` in `wide` columns. Its time goes first, its words are cut next, the reason last.
fn cell(item: &Item, key: &str, wide: usize, time: bool) -> Line {
    let dead = matches!(item.ready, Ready::No(_));
    let line = Line::new().text(" ").left(if dead { Role::Text } else { Role::Key }, key, 2);
    let (role, ready) = match &item.ready {
        Ready::Yes(s) if s.is_empty() || !time => (Role::Text, "yes".to_owned()),
        Ready::Yes(s) => (Role::Text, s.clone()),
        Ready::But(s) => (Role::Warn, s.clone()),
        Ready::No(s) => (Role::Text, format!("NO: {}", gate(s))),
    };
    let label = if time { gate(&item.label).into_owned() } else { hints::word(item.intent).to_owned() };
    let label = match (item.intent, item.label.as_str()) {
        // The one that applies is named.
        (Intent::Retry, l) => l.split(':').next().unwrap_or(l).to_owned(),
        _ => label,
    };
    let soon = item.takes.split(" (").next().unwrap_or_default();
    let soon = if time && width(soon) < 6 && !matches!(soon, "--" | "now") { soon } else { "" };
    let reason = width(&ready).min(wide.saturating_sub(if time { 22 } else { 17 }));
    let words = wide.saturating_sub(3 + reason + 1);
    let taken = if soon.is_empty() { 0 } else { width(soon) + 1 };
    let label = short_label(item, label, words.saturating_sub(taken));
    let line = line.left(Role::Text, label, words.saturating_sub(taken));
    let line = if soon.is_empty() { line } else { line.text(soon).text(" ") };
    line.add(role, cut(&ready, reason))
}

/// A version's ends stay; else the verb alone says enough.
fn short_label(item: &Item, label: String, room: usize) -> String {
    if width(&label) < room {
        return label;
    }
    let verb = hints::word(item.intent);
    match label.rsplit_once(" to ") {
        // Of two acts under one key the one that applies.
        _ if item.intent == Intent::Retry => label,
        Some((_, version)) if room >= width(verb) + 12 => {
            let verb = if verb.ends_with(" to") { format!("{verb} ") } else { format!("{verb} to ") };
            let left = room.saturating_sub(width(&verb) + 1);
            format!("{verb}{}", cut_middle(version, left))
        }
        _ => verb.to_owned(),
    }
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
        let v = h.as_ref().map_or_else(|| "none".into(), |h| t.called(h));
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
