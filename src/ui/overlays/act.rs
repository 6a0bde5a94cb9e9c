//! An act's dialog: the target in full, what will happen, every request as it will be sent, what is not undone, what is
//! not ok, the expected time, and the one key that sends it. The last line is never given up.

use crate::config::theme::Role;
use crate::core::act::able::always_named;
use crate::core::act::dialog::{ActDialog, Dialog, PlanState};
use crate::core::act::flight::State;
use crate::core::act::gate::{Gate, GateLine, GateState};
use crate::core::act::plan::{Direction, Plan, Verb};
use crate::core::age;
use crate::core::case::others;
use crate::core::checks;
use crate::core::finish;
use crate::core::id::Hash;
use crate::core::intent::Intent;
use crate::core::judge::readiness::CheckState;
use crate::core::model::Model;
use crate::core::update::FULL;
use crate::ui::frame;
use crate::ui::parts::figures;
use crate::ui::parts::line::{Line, Rows, cut_versions, gate, width, wrap};

/// The rows, and the column of the text cursor in the last one.
pub fn rows(model: &Model, dialog: &Dialog, d: &ActDialog, wide: usize, tall: usize) -> (Rows, Option<usize>) {
    let mut rows = Rows::new();
    head(model, d, wide, &mut rows);
    // Never a reason against it: two who know of each other is what it is for.
    for words in others::on_target(&model.people, &model.others, &model.environment.who, &d.operation.target) {
        for (i, part) in wrap(&gate(&words), wide.saturating_sub(6)).into_iter().enumerate() {
            let mark = if i == 0 { Line::new().text(" ").add(Role::Warn, "(!)") } else { Line::new().text("    ") };
            rows.may(1, mark.text(format!(" {part}")));
        }
    }
    if let Some(plan) = d.plan() {
        versions(d, plan, wide, &mut rows);
        sentences(d, plan, wide, &mut rows);
    }
    if let Some(l) = finish::cut(model, &d.operation.target, d.operation.verb) {
        for (i, part) in wrap(&gate(&finish::notice(l)), wide.saturating_sub(11)).into_iter().enumerate() {
            let line = if i == 0 { Line::of(Role::Warn, "FINISHES") } else { Line::new().text("        ") };
            rows.may(2, line.text(format!(" {part}")));
        }
    }
    for (i, part) in d.going.iter().flat_map(|g| wrap(&gate(g), wide.saturating_sub(6))).enumerate() {
        let mark = if i == 0 { Line::new().text(" ").add(Role::Warn, "(!)") } else { Line::new().text("    ") };
        rows.keep(mark.text(format!(" {part}")));
    }
    for c in &dialog.changed {
        for (i, part) in wrap(&gate(c), wide.saturating_sub(11)).into_iter().enumerate() {
            let line = if i == 0 { Line::of(Role::Warn, "CHANGED") } else { Line::new().text("       ") };
            rows.may(2, line.text(format!("  {part}")));
        }
    }
    for (i, part) in d.tried.iter().flat_map(|t| wrap(&gate(t), wide.saturating_sub(11))).enumerate() {
        let line = if i == 0 { Line::of(Role::Warn, "DRY RUN") } else { Line::new().text("       ") };
        rows.may(2, line.text(format!("  {part}")));
    }
    let mut checks = Rows::new();
    readiness(d, wide, &mut checks);
    debt(d, wide, &mut checks);
    gates(d, wide, &mut checks);
    asked(model, d, wide, &mut checks);
    if let Some(ms) = d.repeated {
        let words = format!(" the same act was sent {} ago", age::span(ms));
        checks.may(2, Line::new().add(Role::Warn, "AGAIN?").text(words));
    }
    let (last, cursor) = last_lines(model, dialog, d, wide);
    if let Some(plan) = d.plan() {
        // The rule above the overlay is one row.
        let taken = rows.len() + checks.len() + last.len() + 1;
        requests(model, d, plan, wide, tall.saturating_sub(taken), &mut rows);
    }
    rows.extend(checks);
    rows.extend(last);
    (rows, cursor)
}

fn head(model: &Model, d: &ActDialog, wide: usize, rows: &mut Rows) {
    let t = &d.seen;
    let title = d.operation.verb.word().to_uppercase();
    let emergency = d.operation.emergency;
    let ago = model.utc().since(t.read_at);
    let seen = if ago < 1_000 { "just seen".into() } else { format!("seen {} ago", age::age(ago)) };
    let place = format!("  in {} / {} / {}", frame::place(model), t.id.source, t.id.namespace);
    let line = if emergency {
        Line::of(Role::Bad, "EMERGENCY").text(" ").append(Line::of(Role::Title, title))
    } else {
        Line::of(Role::Title, title)
    };
    let line = line.text("  ").add(Role::Moving, &t.id.name).text(place);
    // The target in full, over two rows if it must be.
    rows.flow(0, 0, line.end(Role::Text, seen), wide, 2);
}

fn versions(d: &ActDialog, plan: &Plan, wide: usize, rows: &mut Rows) {
    let t = &d.seen;
    let name = |h: &Option<Hash>| h.as_ref().map_or_else(String::new, |h| gate(&t.called(h)).into_owned());
    let (from, to) = (name(&plan.from), name(&plan.to));
    let longest = width(&from).max(width(&to)) + 2;
    let column = longest.min(wide * 2 / 5).clamp(10, 42);
    // Cut, if need be, where it still shows how they differ.
    let [from, to] = cut_versions(&from, &to, column - 1);
    let one = |word: &str, name: &str, h: &Option<Hash>| {
        let Some(h) = h else { return (Line::new().text(format!(" {word}  none")), String::new()) };
        let line = Line::new().text(format!(" {word} ")).left(Role::Moving, name, column);
        let role = if Some(h) == t.candidate.as_ref() && t.is_moving() {
            figures::what(t)
        } else if Some(h) == t.stable.as_ref() {
            "stable".into()
        } else {
            "kept".into()
        };
        let pods = t.revision(h).map_or_else(
            || "not kept".into(),
            |r| format!("{}, {} ready", crate::core::world::target::pods(r.replicas.existing), r.replicas.ready),
        );
        let digest = t.revision(h).and_then(|r| r.digest.clone()).map(|d| {
            let d = gate(&d).into_owned();
            crate::ui::parts::line::cut(&d, 17).into_owned()
        });
        (line.text(format!("{role}, {pods}")), digest.unwrap_or_default())
    };
    let lines = if plan.from == plan.to {
        vec![one("version", &from, &plan.from)]
    } else {
        vec![one("from", &from, &plan.from), one("to  ", &to, &plan.to)]
    };
    // Digests are the first to go, both: the request carries what is compared.
    let room = lines.iter().all(|(l, d)| l.width() + width(d) + 2 <= wide);
    for (line, digest) in lines {
        rows.keep(if room { line.end(Role::Text, digest) } else { line });
    }
}

fn sentences(d: &ActDialog, plan: &Plan, wide: usize, rows: &mut Rows) {
    // The history is that of going back.
    let expected = match d.readiness.expected {
        _ if d.operation.verb != Verb::RollBack => String::new(),
        Some((ms, n)) => format!("Expected {} (median of {n}).", age::rough(ms)),
        None => "No history to tell how long it takes.".into(),
    };
    let not_undone = plan.not_undone.join(" ");
    let all = [&*plan.sentence, not_undone.as_str(), expected.as_str()];
    let text = all.iter().filter(|s| !s.is_empty()).copied().collect::<Vec<_>>().join(" ");
    for part in wrap(&gate(&text), wide.saturating_sub(2)) {
        rows.may(3, Line::new().text(format!(" {part}")));
    }
    for c in &plan.cautions {
        for (i, part) in wrap(&gate(c), wide.saturating_sub(6)).into_iter().enumerate() {
            let mark = if i == 0 { Line::new().text(" ").add(Role::Warn, "(!)") } else { Line::new().text("    ") };
            rows.may(2, mark.text(format!(" {part}")));
        }
    }
}

/// Verbatim; what does not fit is counted, and copied all the same.
fn requests(model: &Model, d: &ActDialog, plan: &Plan, wide: usize, room: usize, rows: &mut Rows) {
    // A letter would go into the name.
    let typing = d.name.is_some();
    let n = plan.steps.len();
    let mut lines: Vec<Line> = Vec::new();
    for (i, s) in plan.steps.iter().enumerate() {
        let head = format!(" WILL SEND  {} of {n}  ", i + 1);
        let indent = width(&head);
        let what = format!("{} {}", s.request.method, s.request.path);
        for (j, part) in wrap_tight(&gate(&what), wide.saturating_sub(indent)).into_iter().enumerate() {
            let lead = if j == 0 { head.clone() } else { " ".repeat(indent) };
            lines.push(Line::new().text(lead).text(part));
        }
        for body in s.request.shown.lines() {
            for part in wrap_tight(&gate(body), wide.saturating_sub(4)) {
                lines.push(Line::new().text(format!("   {part}")));
            }
        }
        let when = if i + 1 == n { "SETTLED WHEN" } else { "DONE WHEN" };
        lines.push(Line::new().text(format!(" {when}  {}", s.done_words)));
        if let Some(next) = plan.steps.get(i + 1) {
            lines.push(Line::new().text(format!(" THEN  {}", next.title)));
        }
    }
    let room = room.max(2);
    let total = lines.len();
    let shown = if total > room { room - 1 } else { total };
    for line in lines.into_iter().take(shown) {
        rows.may(20, line);
    }
    if total > shown {
        let line = Line::new().text(format!("   ... {} more lines", total - shown));
        let copy = model.keymap.shown(Intent::CopyRequests).filter(|_| !typing);
        rows.may(
            1,
            match copy {
                Some(key) => line.text("; ").add(Role::Key, key).text(" copies all of them"),
                None => line,
            },
        );
    }
}

/// Breaks anywhere: a request has few blanks and must stay as it is.
fn wrap_tight(text: &str, max: usize) -> Vec<String> {
    let max = max.max(8);
    let mut out = vec![String::new()];
    for c in text.chars() {
        let last = out.len() - 1;
        let before = out[last].len();
        out[last].push(c);
        if width(&out[last]) > max && before > 0 {
            out[last].truncate(before);
            out.push(c.to_string());
        }
    }
    out
}

fn readiness(d: &ActDialog, wide: usize, rows: &mut Rows) {
    if d.operation.verb != Verb::RollBack || d.readiness.checks.is_empty() {
        return;
    }
    let (ok, of) = d.readiness.count();
    let not: Vec<_> =
        d.readiness.checks.iter().filter(|c| !matches!(c.state, CheckState::Ok | CheckState::NotConfigured)).collect();
    let head = format!(" ready {ok}/{of}  ");
    if not.is_empty() {
        rows.may(6, Line::new().text(&head).text("nothing stands in the way"));
    }
    for (i, c) in not.iter().enumerate() {
        let mark = match c.state {
            CheckState::Blocked => (Role::Bad, "(X)"),
            CheckState::Warn => (Role::Warn, "(!)"),
            CheckState::Unknown | CheckState::Ok | CheckState::NotConfigured => (Role::Blind, "(?)"),
        };
        let indent = width(&head);
        // The plan's own caution says it already, in full.
        let told = &*c.name == "git owner" && d.plan().is_some_and(|p| !p.cautions.is_empty());
        let how = if told { format!("{}, see above", c.name) } else { c.said() };
        for (j, part) in wrap(&gate(&how), wide.saturating_sub(indent + 5)).into_iter().enumerate() {
            let lead = if i == 0 && j == 0 { head.clone() } else { " ".repeat(indent) };
            let line = Line::new().text(lead);
            let line = if j == 0 { line.add(mark.0, mark.1) } else { line.text("   ") };
            rows.may(4, line.text(format!(" {part}")));
        }
    }
}

/// What is not ok has a line each; the four that can block always have one. The rest is named and counted.
fn gates(d: &ActDialog, wide: usize, rows: &mut Rows) {
    let listed = |g: &GateLine| {
        let main = matches!(g.gate, Gate::Verdict | Gate::Freshness | Gate::Burn | Gate::Permission);
        main || g.state.blocks() || g.state.warns()
    };
    for (i, g) in d.gates.iter().filter(|g| listed(g)).enumerate() {
        let role = match g.state {
            GateState::Ok | GateState::NotConfigured => Role::Fine,
            GateState::Warn => Role::Warn,
            GateState::UnknownWarn | GateState::UnknownBlock => Role::Blind,
            GateState::Block => Role::Bad,
        };
        let head = if i == 0 { " gates  " } else { "        " };
        let line = Line::new().text(head).left(Role::Text, g.gate.word(), 12);
        let pad = 15usize.saturating_sub(width(g.state.word()));
        let line = line.add(role, g.state.word()).text(" ".repeat(pad));
        let said = gate(&g.words).into_owned();
        let said = crate::ui::parts::line::cut(&said, wide.saturating_sub(36)).into_owned();
        rows.may(if g.state.blocks() || g.state.warns() { 3 } else { 7 }, line.text(said));
    }
    let named = |state: GateState| {
        let of = d.gates.iter().filter(|g| g.state == state && !listed(g));
        of.map(|g| g.gate.word()).collect::<Vec<_>>()
    };
    let (fine, none) = (named(GateState::Ok), named(GateState::NotConfigured));
    if !fine.is_empty() {
        rows.may(8, Line::new().text(format!("        ok as well: {}", fine.join(", "))));
    }
    if !none.is_empty() {
        let n = none.len();
        rows.may(6, Line::new().text(format!("        {n} not configured: {}", none.join(", "))));
    }
}

/// What costs seconds to ask before going forward, filled in; and where its checklists are ticked.
fn asked(model: &Model, d: &ActDialog, wide: usize, rows: &mut Rows) {
    if d.direction() != Direction::Forward {
        return;
    }
    let line = Line::new().text(" ask    ").text(gate(&crate::core::gates::asked(model, &d.seen)));
    rows.flow(4, 4, line, wide, 8);
    let all = checks::of(model, &d.seen);
    let (before, ready) = checks::counts(&all);
    let line = Line::new().text(format!("        ticked {} of {}, ", before + ready, all.len()));
    let line = match model.keymap.shown(Intent::Checklists) {
        Some(key) => line.add(Role::Key, key).text(" ticks"),
        None => line.text("see the checklists"),
    };
    rows.may(9, line);
}

/// What Git will bring back is owed from the moment it settles.
fn debt(d: &ActDialog, wide: usize, rows: &mut Rows) {
    let (Some(git), Some(plan)) = (&d.seen.git, d.plan()) else { return };
    if d.operation.verb != Verb::RollBack {
        return;
    }
    let from = plan.from.as_ref().map(|h| d.seen.called(h)).unwrap_or_default();
    let words = format!("         a debt \"revert {from} in {}\" is opened when it settles", git.what);
    rows.flow(5, 5, Line::new().text(words), wide, 11);
}

fn last_lines(model: &Model, dialog: &Dialog, d: &ActDialog, wide: usize) -> (Rows, Option<usize>) {
    let mut rows = Rows::new();
    let esc = |line: Line| line.end(Role::Key, "esc").end(Role::Text, " nothing");
    if let Some(why) = &d.refused {
        sentence(&mut rows, Role::Bad, "REFUSED", why, wide);
        rows.keep(esc(Line::new().text(" nothing was sent")));
        return (rows, None);
    }
    match &d.plan {
        PlanState::Reading => {
            rows.keep(esc(Line::new().text(" reading the target and making the plan")));
            return (rows, None);
        }
        PlanState::Cannot(why) => {
            sentence(&mut rows, Role::Bad, "CANNOT", why, wide);
            let full = Line::new().text(" nothing was sent");
            let full = if d.operation.verb == Verb::Promote {
                full.text("; ").add(Role::Key, FULL.to_string()).text(" promote full")
            } else {
                full
            };
            rows.keep(esc(full));
            return (rows, None);
        }
        PlanState::Ready(_) => {}
    }
    if let Some(e) = d.emergency.as_ref().filter(|e| !e.taken && d.act.is_none()) {
        for why in d.name.iter().flat_map(|n| &n.why) {
            sentence(&mut rows, Role::Bad, "PASSES", why.strip_prefix("passes ").unwrap_or(why), wide);
        }
        let owed = " It is recorded loudly. Four debts are yours then: review, tests, SBOM, follow-up.";
        rows.flow(1, 1, Line::new().text(owed), wide, 1);
        let ask = " why? a sentence and enter: ";
        let mut typed = e.reason.as_str();
        // The end of what is typed is what is being typed.
        while width(ask) + width(&gate(typed)) + 14 > wide {
            let mut rest = typed.chars();
            if rest.next().is_none() {
                break;
            }
            typed = rest.as_str();
        }
        let line = Line::new().text(ask).add(Role::Moving, gate(typed));
        let cursor = line.width();
        let line = if e.is_said() { line.text(" ").add(Role::Key, "enter") } else { line };
        rows.keep(esc(line));
        return (rows, Some(cursor));
    }
    if let Some(name) = &d.name {
        // What asks for the name every time is no warning.
        let always = always_named(&d.operation);
        for why in &name.why {
            if let Some(passed) = why.strip_prefix("passes ").filter(|_| d.operation.emergency) {
                sentence(&mut rows, Role::Bad, "PASSES", passed, wide);
            } else if always.as_ref() == Some(why) {
                rows.may(1, Line::new().text(format!(" {why}")));
            } else {
                sentence(&mut rows, Role::Warn, "NOT AS IT SHOULD BE", why, wide);
            }
        }
        if let Some(e) = d.emergency.as_ref().filter(|_| d.act.is_none()) {
            sentence(&mut rows, Role::Moving, "because", e.reason.trim(), wide);
        }
        let ask = format!(" type {} and enter: ", name.must);
        let line = Line::new().text(&ask).add(Role::Moving, &name.typed);
        let cursor = line.width();
        let line = if name.matches() {
            line.text("  ").add(Role::Key, "enter").text(format!(" {}", d.operation.verb.word()))
        } else {
            line
        };
        rows.keep(esc(line));
        return (rows, Some(cursor));
    }
    if let Some(act) = d.act.and_then(|a| model.acts.get(&a)) {
        let words = match act.state {
            State::Preparing | State::Logging => " writing the intent to disk and reading the target again",
            State::NeedsName
            | State::Waiting
            | State::Sending
            | State::Accepted
            | State::Seen
            | State::Settled
            | State::Stuck(_)
            | State::Refused(_)
            | State::Unknown(_)
            | State::NotDone(_)
            | State::Undone(_)
            | State::Overtaken
            | State::Dropped(_) => " under way",
        };
        rows.keep(esc(Line::of(Role::Moving, "SENDING").text(words)));
        return (rows, None);
    }
    rows.keep(ready_line(model, dialog, d));
    (rows, None)
}

fn ready_line(model: &Model, dialog: &Dialog, d: &ActDialog) -> Line {
    let limits = &model.limits;
    let waits = dialog.ready_in(model.now.person, limits.confirm_delay, limits.quiet).is_none_or(|ms| ms > 0);
    let line = if dialog.again {
        Line::of(Role::Warn, "again").text(": that key came too early")
    } else if d.direction() == Direction::Backward && !model.is_armed() && model.environment.production {
        Line::new()
            .text(format!(" LOOK-ONLY: {} sends this one act", model.keymap.shown(Intent::Confirm).unwrap_or_default()))
    } else {
        Line::new()
    };
    let line = if d.operation.verb == Verb::Promote && !dialog.again {
        line.text(" ").add(Role::Key, FULL.to_string()).text(" promote full")
    } else {
        line
    };
    let key = model.keymap.shown(Intent::Confirm).unwrap_or_default();
    let what = format!(" {}{}   ", d.operation.verb.word(), if waits { " in a moment" } else { "" });
    line.end(Role::Key, key).end(Role::Text, what).end(Role::Key, "esc").end(Role::Text, " nothing")
}

pub(super) fn sentence(rows: &mut Rows, role: Role, badge: &str, why: &str, wide: usize) {
    let indent = width(badge) + 1;
    for (i, part) in wrap(&gate(why), wide.saturating_sub(indent + 1)).into_iter().enumerate() {
        let line = if i == 0 { Line::of(role, badge) } else { Line::new().text(" ".repeat(width(badge))) };
        let line = line.text(format!(" {part}"));
        if i == 0 { rows.keep(line) } else { rows.may(1, line) }
    }
}
