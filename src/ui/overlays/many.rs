//! The dialog over several targets: the cord, its release, a service in several clusters. Its lists, the chosen line
//! always in sight and the rest counted; what is sent for it; what is not as it should be; the one key that sends all.

use super::act::sentence;
use crate::config::theme::Role;
use crate::core::act::dialog::{Dialog, PlanState};
use crate::core::act::flight::State;
use crate::core::act::many::{Group, Many, Whole};
use crate::core::act::plan::{Direction, Verb};
use crate::core::age;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::ui::frame;
use crate::ui::parts::figures;
use crate::ui::parts::line::{Line, Rows, gate, width, wrap};
use crate::ui::parts::rows::Window;

/// Reasons and changes shown; more are counted.
const SAID: usize = 4;

/// Rows, and the column of the cursor in the last one where a name is typed.
pub fn rows(model: &Model, dialog: &Dialog, many: &Many, wide: usize, tall: usize) -> (Rows, Option<usize>) {
    let mut rows = Rows::new();
    rows.flow(0, 0, head(model, many), wide, 2);
    let changed = dialog.changed.iter().rev().take(SAID).rev();
    for c in changed {
        rows.may(3, Line::of(Role::Warn, "CHANGED").text(format!("  {}", gate(c))));
    }
    let left = dialog.changed.len().saturating_sub(SAID);
    if left > 0 {
        rows.may(4, Line::new().text(format!("         and {left} more before")));
    }
    let (last, cursor) = last_lines(model, dialog, many, wide);
    let mut chosen = Rows::new();
    of_chosen(many, wide, &mut chosen);
    let all = lists(model, many, wide);
    // The rule above the overlay is one row; the lists come before what is told of the chosen line.
    let room = tall.saturating_sub(rows.len() + last.len() + 1).max(2);
    let at = all.iter().position(|(n, _)| *n == Some(many.chosen)).unwrap_or(0);
    let w = Window::counted(all.len(), at, room);
    let spare = room.saturating_sub(w.shown + usize::from(w.words().is_some()));
    for (_, line) in all.into_iter().skip(w.first).take(w.shown) {
        rows.keep(line);
    }
    if let Some(words) = w.words() {
        rows.keep(Line::new().text(format!("   {words}")));
    }
    if spare > 0 {
        rows.extend(chosen);
    }
    rows.extend(last);
    (rows, cursor)
}

fn head(model: &Model, many: &Many) -> Line {
    let place = frame::place(model);
    let going = many.going().count();
    let all = many.lines.len();
    let what = match (&many.service, many.whole) {
        (Some(s), _) => format!("{s}: {going} of {all} targets in {place}"),
        (None, Whole::Thaw) => format!("what the cord holds in {place}"),
        (None, _) => format!("everything that moves in {place}"),
    };
    let oldest = many.lines.iter().map(|l| model.utc().since(l.seen.read_at)).max().unwrap_or(0);
    let seen = if oldest < 1_000 { "just seen".into() } else { format!("seen {} ago", age::age(oldest)) };
    let counted = match many.whole {
        Whole::Freeze => format!("{all} moving, {seen}"),
        Whole::Thaw => format!("{going} of {all} released, {seen}"),
        Whole::RollBack | Whole::Hold => seen,
    };
    Line::of(Role::Title, many.whole.word().to_uppercase()).text(format!("  {what}")).end(Role::Text, counted)
}

/// Headings and lines in the order of the lists; the number of the line, where it is one.
fn lists(model: &Model, many: &Many, wide: usize) -> Vec<(Option<usize>, Line)> {
    let order = many.order();
    let mut out = Vec::new();
    let of = |g: Group| order.iter().copied().filter(move |n| many.lines[*n].group == g);
    let groups = [Group::Will, Group::GoingBack, Group::Held, Group::Cannot, Group::WorseHere];
    for g in groups {
        let n = of(g).count();
        // The cord's four lists are always named, so that an empty one is seen to be empty.
        let always = many.whole == Whole::Freeze && g != Group::Held;
        if n == 0 && !always {
            continue;
        }
        if let Some(title) = title(many.whole, g) {
            out.push((None, Line::new().text(format!(" {title} ")).add(Role::Title, n.to_string())));
        }
        out.extend(of(g).map(|n| (Some(n), row(model, many, n, wide))));
    }
    out
}

fn title(whole: Whole, g: Group) -> Option<&'static str> {
    Some(match (whole, g) {
        (Whole::Freeze, Group::Will) => "WILL BE HELD",
        (Whole::Thaw, Group::Will) => "WILL BE RELEASED",
        // The first line counts them.
        (Whole::RollBack | Whole::Hold, Group::Will) => return None,
        (_, Group::GoingBack) => "GOING BACK ALREADY, left alone",
        (_, Group::Held) => "HELD ALREADY, left alone",
        (Whole::Thaw, Group::Cannot) => "NOT RELEASED",
        (Whole::RollBack, Group::Cannot) => "CANNOT BE ROLLED BACK",
        (_, Group::Cannot) => "CANNOT BE HELD",
        (_, Group::WorseHere) => "WORSE HERE, hold would switch off its own rollback",
    })
}

fn row(model: &Model, many: &Many, n: usize, wide: usize) -> Line {
    let l = &many.lines[n];
    let t = &l.seen;
    let chosen = n == many.chosen;
    // As wide as the longest, so that what it does and why have the rest.
    let longest = many.lines.iter().map(|l| width(&gate(&l.seen.id.at()))).max().unwrap_or(0);
    let name = (longest + 2).clamp(12, wide.saturating_sub(34).max(12));
    let line = Line::new().text(" ").choice(chosen);
    let line = match many.whole {
        Whole::RollBack | Whole::Hold if l.group == Group::Will => line.text(if l.ticked { "[x] " } else { "[ ] " }),
        Whole::Freeze if l.group == Group::WorseHere => line.text(if l.ticked { "[x] " } else { "[ ] " }),
        Whole::Freeze | Whole::Thaw | Whole::RollBack | Whole::Hold => line,
    };
    let back = l.operation.verb == Verb::RollBack && l.ticked && many.whole == Whole::Freeze;
    let line = line.name(if chosen { Role::Selected } else { Role::Moving }, t.id.at(), name);
    let line = if back { line.add(Role::Warn, "ROLL BACK").text(" ") } else { line };
    let line = match l.plan() {
        Some(p) if l.operation.verb == Verb::RollBack && l.goes(many.whole) => {
            let to = p.to.as_ref().map(|h| t.called(h)).unwrap_or_default();
            line.text(format!("{} to {}", figures::what(t), gate(&to)))
        }
        // Why it is not released matters more than what it does.
        _ if many.whole == Whole::Thaw && l.group == Group::Cannot => line,
        _ => line.text(figures::what(t)),
    };
    let line = match l.act.and_then(|a| model.acts.get(&a)).map(|a| &a.state) {
        Some(State::Preparing | State::Logging) => line.text("  preparing"),
        Some(State::NeedsName) => line.text("  ").add(Role::Warn, "(!)").text(" waits for the name"),
        Some(State::Dropped(why)) => line.text("  ").add(Role::Warn, "(!)").text(format!(" not sent: {}", gate(why))),
        Some(_) => line.text("  sent"),
        None => match (l.due.first(), l.why.first()) {
            (Some(due), _) => line.text("  ").add(Role::Warn, "(!)").text(format!(" {}", gate(due))),
            (None, Some(why)) => line.text(format!("  ({})", gate(why))),
            (None, None) if l.plan == PlanState::Reading && l.goes(many.whole) => line.text("  reading"),
            (None, None) => line,
        },
    };
    let key = model.keymap.shown(Intent::SheetCycle).unwrap_or_default();
    // The last row offers it for every line; here it is what is better than what the cord does.
    let offers = chosen && many.name.is_none() && !many.sent && l.group == Group::WorseHere && !l.ticked;
    if offers { line.end(Role::Key, key).end(Role::Text, " roll it back instead") } else { line }
}

/// What the chosen line would send and mean.
fn of_chosen(many: &Many, wide: usize, rows: &mut Rows) {
    let Some(l) = many.lines.get(many.chosen).filter(|l| l.goes(many.whole) || l.ticked) else { return };
    let Some(plan) = l.plan() else { return };
    let said = std::iter::once(&plan.sentence).chain(&plan.not_undone).map(|s| &**s).collect::<Vec<_>>().join(" ");
    for part in wrap(&gate(&said), wide.saturating_sub(4)) {
        rows.may(20, Line::new().text(format!("   {part}")));
    }
    for c in &plan.cautions {
        rows.may(19, Line::new().text("   ").add(Role::Warn, "(!)").text(format!(" {}", gate(c))));
    }
    for s in &plan.steps {
        rows.may(21, Line::new().text(format!("   {} {}", s.request.method, gate(&s.request.path))));
    }
}

fn last_lines(model: &Model, dialog: &Dialog, many: &Many, wide: usize) -> (Rows, Option<usize>) {
    let mut rows = Rows::new();
    let esc = |line: Line| line.end(Role::Key, "esc").end(Role::Text, " nothing");
    if let Some(why) = &many.refused {
        sentence(&mut rows, Role::Bad, "REFUSED", why, wide);
        rows.keep(esc(Line::new().text(" nothing was sent")));
        return (rows, None);
    }
    if let Some(name) = &many.name {
        for why in name.why.iter().take(SAID) {
            sentence(&mut rows, Role::Warn, "NOT AS IT SHOULD BE", why, wide);
        }
        if let Some(more) = name.why.len().checked_sub(SAID).filter(|n| *n > 0) {
            rows.may(2, Line::new().text(format!("   and {more} more reasons, marked (!) above")));
        }
        if many.is_reading() && !many.sent {
            rows.keep(esc(Line::new().text(" reading the targets and making the plans")));
            return (rows, None);
        }
        let line = Line::new().text(format!(" type {} and enter: ", name.must)).add(Role::Moving, &name.typed);
        let cursor = line.width();
        let line = if name.matches() {
            line.text("  ").add(Role::Key, "enter").text(format!(" {}", many.whole.word()))
        } else {
            line
        };
        rows.keep(esc(line));
        return (rows, Some(cursor));
    }
    if many.sent {
        rows.keep(esc(
            Line::of(Role::Moving, "SENDING").text(" writing the intents to disk and reading the targets again")
        ));
        return (rows, None);
    }
    if many.is_reading() {
        let left = many.going().filter(|l| l.plan == PlanState::Reading).count();
        rows.keep(esc(Line::new().text(format!(" reading {left} targets and making the plans"))));
        return (rows, None);
    }
    rows.may(5, requests(model, many));
    rows.keep(ready_line(model, dialog, many));
    (rows, None)
}

fn requests(model: &Model, many: &Many) -> Line {
    let n: usize = many.going().filter_map(|l| l.plan()).map(|p| p.steps.len()).sum();
    let targets = many.going().count();
    let said = match (n, targets) {
        (0, _) if many.whole == Whole::Freeze => {
            " no request: nothing forward goes out, and what starts is LOOSE".into()
        }
        (0, _) => " no request".into(),
        (1, _) => " 1 request".into(),
        (n, t) if n == t => format!(" {n} requests, one per target"),
        (n, t) => format!(" {n} requests for {t} targets"),
    };
    match model.keymap.shown(Intent::CopyRequests).filter(|_| n > 0) {
        Some(key) => Line::new().text(format!("{said} (")).add(Role::Key, key).text(" copies)"),
        None => Line::new().text(said),
    }
}

fn ready_line(model: &Model, dialog: &Dialog, many: &Many) -> Line {
    let limits = &model.limits;
    let waits = dialog.ready_in(model.now.person, limits.confirm_delay, limits.quiet).is_none_or(|ms| ms > 0);
    let key = model.keymap.shown(Intent::Confirm).unwrap_or_default();
    let backward = many.whole.direction() == Direction::Backward;
    let line = if dialog.again {
        Line::of(Role::Warn, "again").text(": that key came too early")
    } else if backward && !model.is_armed() && model.environment.production {
        Line::new().text(format!(" LOOK-ONLY: {key} sends these and arms nothing"))
    } else {
        Line::new()
    };
    let what = format!(" {}{}   ", many.whole.word(), if waits { " in a moment" } else { "" });
    line.end(Role::Key, key).end(Role::Text, what).end(Role::Key, "esc").end(Role::Text, " nothing")
}
