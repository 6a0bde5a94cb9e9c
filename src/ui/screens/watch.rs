//! Watch: promoted changes inside their 72 hours, what something came after first, each with what stands out; of the chosen
//! one what the records say since it ran everywhere.

use super::super::parts::line::{Line, Rows};
use super::super::parts::rows::Window;
use crate::config::theme::Role;
use crate::core::age;
use crate::core::casework;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::watch::{self, Watched};

/// What Watch gives up when there is no room, the last first.
#[derive(Clone, Copy)]
enum Keep {
    Never = 0,
    Others = 1,
    Detail = 2,
    Incidents = 3,
    Events = 5,
    Debts = 6,
    Rule = 30,
}

use Keep as K;

const SERVICE: usize = 14;
const CHANGE: usize = 22;
const CLOCK: usize = 11;
/// Events shown of the chosen one.
const EVENTS: usize = 8;

pub fn rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut out = Rows::new();
    let all = watch::listed(model);
    let Some((at, chosen)) = watch::chosen(model, &all) else {
        out.keep(Line::of(Role::Title, "NOTHING IS ON WATCH").text("  no change ran everywhere in the last 72 hours"));
        let words = " A change is watched for 72 hours from the moment its version runs everywhere, as far as a console on this log saw it.";
        out.flow(K::Detail as u8, K::Detail as u8, Line::new().text(words), wide, 1);
        return out;
    };
    let bad = all.iter().filter(|w| w.is_bad() && w.gone.is_none()).count();
    let head = format!("{} PROMOTED {} ON WATCH", all.len(), if all.len() == 1 { "CHANGE" } else { "CHANGES" });
    let head = Line::of(Role::Title, head);
    out.keep(match bad {
        0 => head.text("  nothing bad on record since any of them"),
        n => head.text("  ").add(Role::Warn, format!("{n} with trouble since")),
    });
    let mut below = Rows::new();
    detail(model, chosen, wide, &mut below);
    let narrow = wide < 100;
    let change = if narrow { CHANGE } else { CHANGE + 14 };
    let service = if narrow { SERVICE } else { SERVICE + 10 };
    let heading = Line::new().text("  ").left(Role::Text, "WHERE", service).left(Role::Text, "CHANGE", change);
    out.may(K::Others as u8, heading.left(Role::Text, "WATCHED", CLOCK).text("SINCE THEN"));
    let room = tall.saturating_sub(out.len() + below.len()).max(3);
    let w = Window::counted(all.len(), at, room);
    for (n, one) in all.iter().enumerate().skip(w.first).take(w.shown) {
        let keep = if n == at { K::Never } else { K::Others };
        out.may(keep as u8, row(one, n == at, service, change));
    }
    if let Some(words) = w.words() {
        out.may(K::Others as u8, Line::new().text(format!("  -- {words} --")));
    }
    out.gap();
    out.extend(below);
    out
}

fn row(w: &Watched<'_>, chosen: bool, service: usize, change: usize) -> Line {
    let p = &w.promoted.value;
    let (mark, role) = match (w.gone.is_some(), w.is_bad()) {
        (true, _) => ("-", Role::Muted),
        (false, true) => ("!", Role::Warn),
        (false, false) => ("=", Role::Text),
    };
    let from = if p.from.is_empty() { String::new() } else { format!("{} -> ", p.from) };
    let line = Line::new().choice(chosen).text(mark);
    let line = line.name(if chosen { Role::Selected } else { Role::Text }, &p.at, service);
    let line = line.name(Role::Text, format!("{from}{}", p.version), change).left(Role::Text, w.clock(), CLOCK);
    // The badge covers the worst of it, not the whole sentence.
    let said = w.standing();
    match (role, said.split_once(", ")) {
        (Role::Warn, Some((worst, rest))) => line.add(Role::Warn, worst).text(format!(", {rest}")),
        (Role::Warn, None) => line.add(Role::Warn, &said),
        _ => line.text(&said),
    }
}

fn detail(model: &Model, w: &Watched<'_>, wide: usize, out: &mut Rows) {
    let p = &w.promoted.value;
    out.may(K::Rule as u8, Line::rule());
    let left = age::rough(w.left);
    let path = if p.emergency { ", by the EMERGENCY path" } else { "" };
    let line = Line::new().add(Role::Moving, &p.at).text(format!(
        "  {} runs everywhere since {}, {left} left{path}",
        p.version,
        day(w)
    ));
    out.flow(K::Detail as u8, K::Detail as u8, line, wide, 3);
    if let Some(gone) = &w.gone {
        out.may(K::Detail as u8, Line::new().text(format!(" {gone}")));
    }
    for i in &w.incidents {
        let line =
            Line::new().text(" ").add(Role::Warn, &i.id).text(format!("  {}, {}", i.title(), casework::standing(i)));
        out.may(K::Incidents as u8, line);
    }
    for now in &w.now {
        out.may(K::Incidents as u8, Line::new().text(" ").add(Role::Warn, "now").text(format!("  {now}")));
    }
    let n = w.events.len();
    if n == 0 && w.incidents.is_empty() && w.now.is_empty() {
        out.may(K::Detail as u8, Line::new().text(" nothing is on record since: no burn, no act, no incident"));
    }
    for e in w.events.iter().rev().take(EVENTS) {
        let mark = if e.value.bad { "!" } else { " " };
        let line = Line::new().text(format!(" {mark} {} {}", e.at.hms(), e.value.words));
        out.may(K::Events as u8, line);
    }
    if n > EVENTS {
        out.may(K::Events as u8, Line::new().text(format!("   {} before these", n - EVENTS)));
    }
    let owed = model.casebook.debts.open();
    let owed = owed.iter().filter(|d| d.words().is_some_and(|d| d.service.as_deref() == Some(&*p.service))).count();
    if owed > 0 {
        let how = model.keymap.shown(Intent::Debts).unwrap_or_default();
        let line =
            Line::new().text(format!(" {owed} debts of {} are open; ", p.service)).add(Role::Key, how).text(" pays");
        out.may(K::Debts as u8, line);
    }
}

/// `2026-11-21 03:14Z`
fn day(w: &Watched<'_>) -> String {
    let text = w.promoted.at.rfc3339();
    format!("{} {}Z", text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default())
}
