//! Timeline: what changed beside how it felt, newest first; under it the suspects, each with its reason. Its cursor can set
//! Verdict to a moment, loudly.

use super::super::parts::line::{Line, Rows, gate};
use super::super::parts::rows::Window;
use crate::config::theme::Role;
use crate::core::id::ServiceId;
use crate::core::intent::Intent;
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::timeline::{self, Line as Moment, What};

/// What the screen gives up when there is no room, the last first.
const CHOSEN: u8 = 0;
const SUSPECT: u8 = 1;
const LINES: u8 = 2;
const MORE_SUSPECTS: u8 = 3;
const HINT: u8 = 4;
const RULE: u8 = 30;
/// Rows for suspects.
const SUSPECTS: usize = 3;
/// Columns of the bar: each is a tenth of a share of 20 %.
const BAR: usize = 7;

struct Columns {
    time: usize,
    service: usize,
    fails: usize,
    bar: usize,
    text: usize,
}

impl Columns {
    fn of(wide: usize) -> Columns {
        let (time, service, fails, bar) = match wide {
            0..60 => (6, 0, 0, 0),
            60..76 => (9, 10, 11, 0),
            _ => (9, 10 + (wide - 76).min(40) / 4, 12, BAR + 1),
        };
        Columns { time, service, fails, bar, text: wide.saturating_sub(1 + time + service + fails + bar) }
    }
}

pub fn rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut out = Rows::new();
    let c = Columns::of(wide);
    let head = Line::new().text(" ").left(Role::Text, "UTC", c.time).left(Role::Text, "WHAT HAPPENED", c.text);
    let head = head.left(Role::Text, "SERVICE", c.service);
    out.keep(if c.fails > 0 { head.text("FAIL% new/old") } else { head });
    let all = timeline::lines(model);
    let at = model.nav.moment.as_ref().and_then(|k| all.iter().position(|l| l.key == *k)).map_or(0, |n| n + 1);
    let service = suspect_service(model, &all, at);
    let room = tall.saturating_sub(4 + SUSPECTS).max(4);
    let w = Window::counted(all.len() + 1, at, room);
    for n in w.first..w.first + w.shown {
        let keep = if n == at { CHOSEN } else { LINES };
        let line = match n.checked_sub(1).and_then(|n| all.get(n)) {
            Some(m) => row(m, n == at, &c),
            None => now(model, service.as_ref(), n == at, &c),
        };
        out.may(keep, line);
    }
    if let Some(words) = w.words() {
        out.may(LINES, Line::new().text(format!("  {words}")));
    }
    if all.is_empty() {
        out.keep(Line::new().text("  nothing has changed since this console opened, and no source tells of before"));
    }
    let changes = model.world.sources.values().any(|s| s.abilities.roles.changes);
    if !changes && model.replay.is_none() {
        out.may(
            HINT,
            Line::of(Role::Blind, "NO SOURCE").text(" of changes: flags, config and other deploys are not seen here"),
        );
    }
    out.may(RULE, Line::rule());
    suspects(model, service.as_ref(), wide, &mut out);
    if at > 0 {
        let key = model.keymap.shown(Intent::Open).unwrap_or_default();
        out.may(
            HINT,
            Line::new()
                .text(" ")
                .add(Role::Key, key)
                .text(" Verdict as of the chosen moment; an act key returns to now"),
        );
    }
    out
}

/// Whose suspects are shown: of the chosen line, else of what is chosen, else of whatever hurts first.
fn suspect_service(model: &Model, all: &[Moment], at: usize) -> Option<ServiceId> {
    let hurts = |s: &&ServiceId| timeline::first_bad(model, s).is_some();
    let line = at.checked_sub(1).and_then(|n| all.get(n)).and_then(|l| l.service.as_ref()).filter(hurts);
    let chosen = model.nav.selected.as_ref().filter(hurts);
    let any = || model.rows.iter().map(|r| &r.service).find(hurts);
    line.or(chosen).or_else(any).or(model.nav.selected.as_ref()).cloned()
}

fn now(model: &Model, service: Option<&ServiceId>, chosen: bool, c: &Columns) -> Line {
    let line = Line::new().choice(chosen).left(Role::Text, model.utc().hms(), c.time).left(Role::Title, "now", c.text);
    let line = line.left(Role::Text, service.map(ServiceId::as_str).unwrap_or_default(), c.service);
    figures(line, service.and_then(|s| timeline::now_fails(model, s)), c)
}

fn row(m: &Moment, chosen: bool, c: &Columns) -> Line {
    let role = match m.what {
        What::Change => Role::Moving,
        What::Alert | What::Feel | What::Act | What::Note => Role::Text,
    };
    let line = Line::new().choice(chosen).left(if chosen { Role::Selected } else { Role::Text }, m.at.hms(), c.time);
    let line = if m.at_once {
        line.add(Role::Warn, "100% AT ONCE").left(role, format!(" {}", words_of(m, c)), c.text.saturating_sub(12))
    } else {
        line.left(role, words_of(m, c), c.text)
    };
    let line = line.left(Role::Text, m.service.as_ref().map(ServiceId::as_str).unwrap_or_default(), c.service);
    figures(line, m.fails, c)
}

/// Its words without the service, where that has a column of its own: `eu-1 verdict WORSE on errors`.
fn words_of(m: &Moment, c: &Columns) -> String {
    let Some(service) = m.service.as_ref().filter(|_| c.service > 0) else { return m.text.clone() };
    let named = format!("{service}@");
    match m.text.strip_prefix(&named).or_else(|| m.text.strip_prefix(&format!("{service} "))) {
        Some(rest) => rest.to_owned(),
        None => m.text.replacen(&format!(" {service} "), " ", 1),
    }
}

/// `21.6/.04 |#######`; what has no data is a dash, never a zero.
fn figures(line: Line, fails: Option<(Option<f64>, Option<f64>)>, c: &Columns) -> Line {
    let Some((candidate, stable)) = fails.filter(|_| c.fails > 0) else { return line };
    let one = |v: Option<f64>| v.map_or_else(|| "-".to_owned(), |v| words::percent(v).trim_end_matches('%').to_owned());
    let line = line.right(Role::Text, format!("{}/{}", one(candidate), one(stable)), c.fails.saturating_sub(1));
    if c.bar == 0 {
        return line;
    }
    match candidate {
        Some(v) => {
            let n = libm_round(v * 5.0 * BAR as f64).min(BAR);
            line.text(format!("|{}", "#".repeat(if v > 0.0 { n.max(1) } else { n })))
        }
        None => line.text("?"),
    }
}

/// A share of 20 % fills the bar.
fn libm_round(x: f64) -> usize {
    if x.is_finite() && x > 0.0 { x.round() as usize } else { 0 }
}

fn suspects(model: &Model, service: Option<&ServiceId>, wide: usize, out: &mut Rows) {
    let Some(service) = service else { return };
    let all = timeline::suspects(model, service);
    let bad = timeline::first_bad(model, service);
    let Some(bad) = bad else {
        out.may(SUSPECT, Line::of(Role::Title, "SUSPECTS").text(format!("  {service}: no bad signal, so none")));
        return;
    };
    let head = format!("  {}: first bad signal {}Z", gate(service.as_str()), Utc::hms(bad));
    out.may(SUSPECT, Line::of(Role::Title, "SUSPECTS").text(head));
    if all.is_empty() {
        out.may(SUSPECT, Line::new().text("  nothing that is known changed in the two hours before it"));
    }
    for (n, s) in all.iter().take(SUSPECTS).enumerate() {
        let line = Line::new().text(format!(" {} ", n + 1)).add(Role::Moving, &s.title).text(format!(": {}", s.why));
        out.flow(if n == 0 { SUSPECT } else { MORE_SUSPECTS }, MORE_SUSPECTS + 5, line, wide, 3);
    }
    if all.len() > SUSPECTS {
        out.may(MORE_SUSPECTS, Line::new().text(format!("   and {} more, less likely", all.len() - SUSPECTS)));
    }
}

/// In place of the card on Verdict: what was known then, and that it is not now.
pub fn as_of(model: &Model, at: Utc, wide: usize, out: &mut Rows) {
    let ago = crate::core::age::rough(model.utc().since(at));
    let service = model.nav.selected.clone();
    let name = service.as_ref().map(ToString::to_string).unwrap_or_default();
    out.keep(
        Line::of(Role::Warn, format!("AS OF {}Z", at.hms()))
            .text(format!("  {ago} ago, NOT NOW"))
            .end(Role::Key, "esc")
            .end(Role::Text, " now"),
    );
    out.keep(Line::of(Role::Title, gate(&name).to_uppercase()).text(" as it was known then"));
    let Some(service) = service else { return };
    let then = timeline::then(model, &service, at);
    let verdict = then.verdict.unwrap_or_else(|| "none had been written".into());
    out.flow(1, 20, Line::new().text(" verdict  ").text(verdict), wide, 10);
    let fails = match then.fails {
        Some((c, s)) => {
            let one = |v: Option<f64>| v.map_or_else(|| "no data".to_owned(), words::percent);
            format!("candidate {}, stable {}, in the 15 s block of that moment", one(c), one(s))
        }
        None => "no data is known of that moment".into(),
    };
    out.flow(1, 20, Line::new().text(" errors   ").text(fails), wide, 10);
    out.flow(
        2,
        20,
        Line::new().text(format!(" alerts   {} fired then, of those that are still told", then.alerts)),
        wide,
        10,
    );
    let none = || "none is known".to_owned();
    out.flow(2, 20, Line::new().text(" changed  ").text(then.changed.unwrap_or_else(none)), wide, 10);
    out.flow(3, 20, Line::new().text(" acts     ").text(then.act.unwrap_or_else(none)), wide, 10);
    out.gap();
    let keys =
        model.keymap.chord(Intent::RollBack).and_then(|c| c.first()).map(|k| crate::core::keymap::chord_name(&[*k]));
    let line = Line::new().text(" No act starts from the past: ").add(Role::Key, keys.unwrap_or_default());
    out.flow(4, 20, line.text(" returns to now first, says so, and opens its menu there."), wide, 1);
}
