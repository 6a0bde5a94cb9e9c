//! How a service stands whatever its verdict: whether going back would work and how each check knows it, and how the error
//! budget burns over every pair of windows.

use crate::config::theme::Role;
use crate::core::age;
use crate::core::board;
use crate::core::budget;
use crate::core::judge::Ripple;
use crate::core::judge::burn::{Burn, Burns, Tier};
use crate::core::judge::readiness::{self, CheckState};
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::world::target::TargetState;
use crate::ui::parts::figures;
use crate::ui::parts::line::Line;

/// Every check of going back and how it knows: what is not ok first in its words, what nobody could tell last.
pub fn way_back(model: &Model, t: &TargetState, wide: usize, out: &mut Vec<Line>) {
    let r = readiness::of(&model.world, t, model.utc());
    let (ok, of) = r.count();
    let to = readiness::back_to(t).map_or_else(String::new, |r| format!(" to {}", t.called(&r.hash)));
    let line = Line::new().text(" WAY BACK").text(format!("{to}  ready {ok}/{of}"));
    let line = match r.expected {
        Some((ms, n)) => line.text(format!(", takes {} (median of {n})", age::rough(ms))),
        None => line.text(", no history to tell how long it takes"),
    };
    out.push(match model.world.ways_back.get(&t.id) {
        Some(w) => line.end(Role::Muted, format!("looked at {} ago", age::coarse(model.utc().since(w.at)))),
        None => line,
    });
    for c in &r.checks {
        let (role, mark) = mark(c.state);
        let line = Line::new().text("  ").add(role, mark).text(" ").left(Role::Text, &*c.name, CHECK);
        out.extend(line.text(&*c.how).flow(wide, CHECK + 6));
    }
}

/// Columns of a check's name.
const CHECK: usize = 19;

/// `(!)`, `(X)`, `(?)`, `ok `, ` - `.
fn mark(state: CheckState) -> (Role, &'static str) {
    match state {
        CheckState::Ok => (Role::Fine, " ok"),
        CheckState::Warn => (Role::Warn, "(!)"),
        CheckState::Blocked => (Role::Bad, "(X)"),
        CheckState::Unknown => (Role::Blind, "(?)"),
        CheckState::NotConfigured => (Role::Muted, " --"),
    }
}

pub fn burn(model: &Model, wide: usize, out: &mut Vec<Line>) {
    let Some(service) = &model.nav.selected else { return };
    let Some(b) = model.burn(service) else {
        out.push(Line::new().text(" burn: no SLO, or its windows were not answered"));
        return;
    };
    let target = b.against().map(|a| format!(" {a}"));
    let line = Line::new().text(" BURN ").add(figures::burn_role(b.word), b.word.word());
    let line = line.text(format!("{}; over both windows of a row raises it", target.unwrap_or_default()));
    out.extend(line.flow(wide, 3));
    out.push(pair_line(["LONG", "", "SHORT", "", "LIMIT", ""]));
    for p in &b.pairs {
        let f = |x: Option<f64>| x.map_or_else(|| "--".to_owned(), words::times);
        let tier = match (p.over, p.held_back, p.tier) {
            (false, _, _) => "",
            (true, true, _) => "over, too few failures to page",
            (true, false, Tier::Page) => "OVER: page",
            (true, false, Tier::Ticket) => "OVER: ticket",
            (true, false, Tier::Nothing) => "over",
        };
        let (l, s) = (words::window(p.long_secs), words::window(p.short_secs));
        out.push(pair_line([&l, &f(p.long), &s, &f(p.short), &format!("{}x", words::decimal(p.factor, 1)), tier]));
    }
    left(b, wide, out);
    let all = model.burns.get(service).map(Burns::beside).unwrap_or_default();
    let more = b.hour().into_iter().chain(b.until_empty()).chain(b.doubts()).chain(all);
    for said in more {
        out.extend(Line::new().text(format!("  {said}")).flow(wide, 3));
    }
    let Some(t) = board::selected_target(model) else { return };
    let spent = budget::spent(model, t).map(|s| s.words());
    let ripple = budget::ripple(model, &t.id).map(Ripple::lines).unwrap_or_default();
    for said in spent.into_iter().chain(ripple) {
        out.extend(Line::new().text(format!("  {said}")).flow(wide, 3));
    }
}

fn pair_line(cells: [&str; 6]) -> Line {
    Line::new()
        .right(Role::Text, cells[0], 8)
        .right(Role::Text, cells[1], 8)
        .right(Role::Text, cells[2], 8)
        .right(Role::Text, cells[3], 8)
        .right(Role::Text, cells[4], 9)
        .text("  ")
        .text(cells[5])
}

fn left(b: &Burn, wide: usize, out: &mut Vec<Line>) {
    let left = b.left.map_or_else(
        || "not known".to_owned(),
        |l| format!("{}% of the period's budget is left", words::decimal(l * 100.0, 1)),
    );
    let line = b.range_1h.map(|r| format!("; 1h is surely within {} to {}", words::times(r.lo), words::times(r.hi)));
    out.extend(Line::new().text(format!("  {left}{}", line.unwrap_or_default())).flow(wide, 3));
}
