//! Alerts: what fires, folded, worst first; under it the chosen fold in words. What is held back, taken or silenced is
//! counted and named; nothing is left out without a number.

use super::super::parts::line::{Line, Rows, width};
use super::super::parts::rows::Window;
use crate::config::theme::Role;
use crate::core::age;
use crate::core::alerts::{self, By, Fold, List, One};
use crate::core::aside;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::nav::Listing;
use crate::core::world::alert::{Origin, Tier};

/// What the screen gives up when there is no room, the last first.
#[derive(Clone, Copy)]
enum Keep {
    /// The heading, the chosen fold.
    Never = 0,
    Says = 1,
    Others = 2,
    Held = 3,
    Silence = 4,
    Member = 5,
    Labels = 6,
    Link = 7,
    MoreSays = 8,
    Rule = 30,
}

use Keep as K;

/// Column widths; 0: not there.
struct Columns {
    name: usize,
    service: usize,
    state: usize,
}

impl Columns {
    /// Services and states have what the longest of those listed needs; names have the rest: they are what is cut.
    fn of(wide: usize, folds: &[&Fold]) -> Columns {
        // Ten thousand are not measured for their columns.
        let longest = |of: fn(&Fold) -> String, most: usize| {
            folds.iter().take(200).map(|f| width(&of(f)) + 1).max().unwrap_or(0).clamp(8, most)
        };
        // Glyph, count, tier and age are what one comes for.
        let rest = wide.saturating_sub(2 + 5 + 7 + 7);
        match wide {
            0..60 => Columns { name: rest.max(10), service: 0, state: 0 },
            60..76 => Columns { name: rest - 24, service: 0, state: 24 },
            _ => {
                let service = longest(service, 11 + (wide - 76) / 6);
                let state = longest(state, rest / 2);
                // No wider than what stands in it: an eye that goes along a row must not cross a gap.
                let most = rest - service - state;
                let name = longest(Fold::title, most).max(17).min(most);
                Columns { name, service, state }
            }
        }
    }
}

pub fn rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut out = Rows::new();
    let list = &model.alerts;
    out.keep(head(model, list));
    let sources = model.world.sources.values().filter(|s| s.abilities.roles.alerts).count();
    if sources == 0 {
        let none = if model.replay.is_some() {
            "the log has alerts as lines only: see the log and the timeline"
        } else {
            "no source of alerts is configured: nothing that fires can be seen here"
        };
        out.keep(Line::of(Role::Blind, "NO SOURCE").text(format!(" {none}")));
        silences(model, wide, &mut out);
        return out;
    }
    let folds = aside::listed(model);
    let chosen = aside::chosen(model);
    if folds.is_empty() {
        out.keep(
            Line::new()
                .text(format!("Nothing fires. {sources} source{} of alerts.", if sources == 1 { "" } else { "s" })),
        );
    } else {
        let c = Columns::of(wide, &folds);
        let line = Line::new().text("  ").left(Role::Text, "N", 5).left(Role::Text, "TIER", 7);
        let line = line.left(Role::Text, "FOLD", c.name).left(Role::Text, "SERVICE", c.service);
        out.keep(line.left(Role::Text, "STATE", c.state).right(Role::Text, "SINCE", 7));
        let at = chosen.and_then(|c| folds.iter().position(|f| std::ptr::eq(*f, c))).unwrap_or(0);
        let w = Window::counted(folds.len(), at, (tall / 2).max(4));
        for (n, f) in folds.iter().enumerate().skip(w.first).take(w.shown) {
            out.may(if n == at { K::Never } else { K::Others } as u8, row(model, f, n == at, &c));
        }
        if let Some(words) = w.words() {
            out.may(K::Others as u8, Line::new().text(format!("  {words}")));
        }
    }
    if let Some(words) = super::super::overlays::filter::hidden(model, Listing::Alerts) {
        out.may(K::Held as u8, Line::new().text(format!("  {words}")));
    }
    held(model, list, &mut out);
    out.may(K::Rule as u8, Line::rule());
    if let Some(f) = chosen {
        detail(model, f, wide, &mut out);
    }
    silences(model, wide, &mut out);
    out
}

/// `7 FIRING in 2 folds, 1 page not acknowledged`
fn head(model: &Model, list: &List) -> Line {
    let firing = list.firing();
    let folds = list.folds.iter().filter(|f| f.is_firing()).count();
    let pages = list.open_pages();
    let line = Line::of(Role::Title, "ALERTS").text("  ");
    let line = match (firing, pages) {
        (0, _) => line.text("none fires"),
        (n, 0) => line.text(format!("{n} firing in {folds} fold{}", if folds == 1 { "" } else { "s" })),
        (n, p) => line
            .text(format!("{n} firing in {folds} fold{}, ", if folds == 1 { "" } else { "s" }))
            .add(Role::Bad, format!("{p} PAGE{} NOT ACKNOWLEDGED", if p == 1 { "" } else { "S" })),
    };
    let ended = list.folds.iter().filter(|f| !f.is_firing() && !f.shown.is_empty()).count();
    let line = if ended > 0 { line.text(format!(", {ended} ended")) } else { line };
    match model.keymap.shown(Intent::Acknowledge) {
        Some(key) if pages > 0 && !model.environment.read_only => {
            line.end(Role::Key, key).end(Role::Text, " acknowledges")
        }
        _ => line,
    }
}

fn row(model: &Model, f: &Fold, chosen: bool, c: &Columns) -> Line {
    let n = f.firing().count();
    let glyph = match (n, f.tier()) {
        (0, _) => "=",
        (_, Tier::Page) => "!",
        (_, Tier::Ticket) => "?",
        (_, Tier::Note) => "~",
    };
    let taken = n > 0 && f.acked().0 == n;
    let silent = n > 0 && f.silenced() == n;
    let role = match f.tier() {
        Tier::Page if n > 0 && !taken && !silent => Role::Bad,
        Tier::Ticket if n > 0 && !taken && !silent => Role::Warn,
        Tier::Page | Tier::Ticket | Tier::Note => Role::Text,
    };
    let count = if n == 0 { f.all().count() } else { n };
    let line = Line::new().choice(chosen).text(glyph).left(Role::Text, count.to_string(), 5);
    let line = line.left(role, f.tier().word(), 7);
    let line = line.name(if chosen { Role::Selected } else { Role::Text }, f.title(), c.name);
    let line = line.left(Role::Text, service(f), c.service).left(Role::Text, state(f), c.state);
    let of = if n > 0 { f.since() } else { f.all().filter_map(|o| o.alert.ended).max().unwrap_or(f.since()) };
    line.right(Role::Text, age::coarse(model.utc().since(of)), 7)
}

fn service(f: &Fold) -> String {
    match f.services().as_slice() {
        [] => "-".to_owned(),
        [one] => one.to_string(),
        [one, rest @ ..] => format!("{one} +{}", rest.len()),
    }
}

/// What became of it, shortest first: taken, hidden, held back, ended; else what it is made of.
fn state(f: &Fold) -> String {
    let n = f.firing().count();
    let mut out: Vec<String> = Vec::new();
    if n == 0 && f.shown.is_empty() {
        return "held back".into();
    }
    if n == 0 {
        return "ended".into();
    }
    match f.acked() {
        (0, _) => {}
        (k, Some(who)) if k == n => out.push(format!("{who} has {}", if n == 1 { "it" } else { "them" })),
        (k, who) => out.push(format!("{} has {k} of {n}", who.unwrap_or("somebody"))),
    }
    match f.silenced() {
        0 => {}
        k if k == n => out.push("silenced".into()),
        k => out.push(format!("{k} silenced")),
    }
    if f.reports() > 0 {
        out.push(format!("{} report{}", f.reports(), if f.reports() == 1 { "" } else { "s" }));
    }
    if !f.held.is_empty() {
        out.push(format!("+{} held back", f.held.len()));
    }
    let made = f.signatures().iter().map(|(s, n)| format!("{s} {n}")).collect::<Vec<_>>().join(", ");
    if !matches!(f.by, By::Alone { .. }) {
        out.push(made);
    }
    out.join(", ")
}

/// Flaps that are held back, counted, and how to see them.
fn held(model: &Model, list: &List, out: &mut Rows) {
    let n = list.held();
    if n == 0 {
        return;
    }
    let unseen = list.folds.iter().filter(|f| f.shown.is_empty()).count();
    let line = Line::new()
        .text(format!("  {n} held back: they must last {} s, or be the first of a service", alerts::FLAP_MS / 1_000));
    let key = model.keymap.shown(Intent::ShowRest).unwrap_or_default();
    let line = match (unseen, model.nav.show_rest) {
        (0, _) => line,
        (_, true) => line.end(Role::Key, key).end(Role::Text, " fold"),
        (_, false) => line.end(Role::Key, key).end(Role::Text, " show"),
    };
    out.may(K::Held as u8, line);
}

fn detail(model: &Model, f: &Fold, wide: usize, out: &mut Rows) {
    // What stands alone is its own sentence below.
    if !matches!(f.by, By::Alone { .. }) {
        let line = Line::of(Role::Moving, f.title()).text("  ").text(f.words());
        out.flow(K::Says as u8, K::MoreSays as u8, line, wide, 2);
    }
    let all: Vec<&One> = f.all().collect();
    let most = if model.nav.alert_open { all.len() } else { 1 };
    for o in all.iter().take(most.min(40)) {
        one(model, o, f.held.contains(o), wide, out);
    }
    let rest = all.len().saturating_sub(most);
    if rest > 0 {
        let key = model.keymap.shown(Intent::Open).unwrap_or_default();
        out.may(
            K::Member as u8,
            Line::new().text(format!(" and {rest} more: ")).add(Role::Key, key).text(" shows each"),
        );
    }
    let Some(first) = all.first().map(|o| &o.alert) else { return };
    if !model.nav.alert_open {
        let link = first.labels.iter().find(|(n, _)| matches!(&**n, "runbook" | "runbook_url"));
        if let Some((_, url)) = link {
            out.may(K::Link as u8, Line::new().text(format!(" runbook  {url}")));
        } else if let Some(name) = first.service.as_ref().and_then(|s| crate::core::listing::runbook_of(model, s)) {
            let key = model.keymap.shown(Intent::ScreenRunbook).unwrap_or_default();
            out.may(
                K::Link as u8,
                Line::new().text(format!(" runbook  {name}   ")).add(Role::Key, key).text(" opens it"),
            );
        }
        let labels: Vec<String> = first.labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
        if !labels.is_empty() {
            out.flow(
                K::Labels as u8,
                K::Labels as u8 + 10,
                Line::new().text(" labels   ").text(labels.join(" ")),
                wide,
                10,
            );
        }
    }
}

fn one(model: &Model, o: &One, held: bool, wide: usize, out: &mut Rows) {
    let a = &o.alert;
    let when = match (a.firing, a.ended) {
        (true, _) => format!("since {}Z", a.since.hms()),
        (false, Some(e)) => format!("{}Z to {}Z", a.since.hms(), e.hms()),
        (false, None) => format!("from {}Z, ended", a.since.hms()),
    };
    let mut what = vec![a.tier.word().to_owned(), when, format!("told by {}", o.source)];
    if a.origin == Origin::Report {
        what.insert(0, "REPORT".into());
    }
    if held {
        what.push("held back".into());
    }
    if let Some((who, at)) = &a.acked {
        what.push(format!("{who} has it since {}Z", at.hms()));
    }
    for id in &a.silenced {
        let until =
            model.world.alerts.get(&o.source).and_then(|x| x.silences.iter().find(|s| s.id == *id)).map(|s| s.until);
        what.push(
            until.map_or_else(|| format!("silenced by {id}"), |u| format!("silenced by {id} until {}Z", u.hms())),
        );
    }
    let line = Line::new().text(" ").add(Role::Moving, &*a.name).text(format!("  {}", what.join(", ")));
    out.flow(K::Member as u8, K::MoreSays as u8, line, wide, 3);
    if !a.says.is_empty() {
        out.flow(K::Says as u8, K::MoreSays as u8, Line::new().text("   ").text(&*a.says), wide, 3);
    }
}

/// Silences that hold, with their ends and what each hides.
fn silences(model: &Model, wide: usize, out: &mut Rows) {
    let now = model.utc();
    let all = alerts::silences(&model.world, now);
    if all.is_empty() {
        return;
    }
    for (n, (source, s)) in all.iter().take(6).enumerate() {
        let hidden = alerts::hides(&model.world, source, &s.id);
        let begins = if s.from > now { format!("from {}Z ", s.from.hms()) } else { String::new() };
        let head = if n == 0 { "SILENCES " } else { "         " };
        let line = Line::new().text(head).text(format!(
            "{} {begins}until {}Z by {}, hides {hidden}: {}  {}",
            s.id,
            s.until.hms(),
            s.by,
            alerts::matchers_said(&s.matchers),
            s.why
        ));
        out.flow(K::Silence as u8, K::MoreSays as u8, line, wide, 9);
    }
    if all.len() > 6 {
        out.may(K::Silence as u8, Line::new().text(format!("         and {} more silences", all.len() - 6)));
    }
}

#[cfg(test)]
#[path = "alerts_tests.rs"]
mod tests;
