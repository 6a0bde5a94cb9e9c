//! Small dialogs: arm, disarm, acknowledge. Each says what it changes and what it does not.

use crate::config::theme::Role;
use crate::core::act::dialog::{Dialog, DialogKind};
use crate::core::age;
use crate::core::id::TargetId;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::ui::frame;
use crate::ui::parts::figures;
use crate::ui::parts::line::{Line, Rows, wrap};

pub fn rows(model: &Model, dialog: &Dialog, wide: usize) -> Rows {
    let mut rows = Rows::new();
    let verb = match &dialog.kind {
        DialogKind::Arm => {
            arm(model, wide, &mut rows);
            "arm"
        }
        DialogKind::Disarm => {
            rows.keep(Line::of(Role::Title, "DISARM").text(format!("  {}", frame::place(model))));
            rows.may(1, Line::new().text(" LOOK-ONLY again: forward acts need arming. Acts under way go on."));
            "disarm"
        }
        DialogKind::Acknowledge(t) => {
            acknowledge(model, t, wide, &mut rows);
            "acknowledge"
        }
        // These have dialogs of their own.
        DialogKind::Act(_) | DialogKind::Sheet(_) | DialogKind::Many(_) | DialogKind::Run(_) => "",
    };
    let limits = &model.limits;
    let waits = dialog.ready_in(model.now.person, limits.confirm_delay, limits.quiet).is_none_or(|ms| ms > 0);
    let key = model.keymap.shown(Intent::Confirm).unwrap_or_default();
    let line = if dialog.again { Line::of(Role::Warn, "again").text(": that key came too early") } else { Line::new() };
    let what = format!(" {verb}{}   ", if waits { " in a moment" } else { "" });
    rows.keep(line.end(Role::Key, key).end(Role::Text, what).end(Role::Key, "esc").end(Role::Text, " nothing"));
    rows
}

fn para(rows: &mut Rows, drop: u8, text: &str, wide: usize) {
    for part in wrap(text, wide.saturating_sub(2)) {
        rows.may(drop, Line::new().text(format!(" {part}")));
    }
}

fn arm(model: &Model, wide: usize, rows: &mut Rows) {
    let minutes = model.limits.arm / 60_000;
    let word = if model.is_armed() { "RENEW" } else { "ARM" };
    rows.keep(
        Line::of(Role::Title, format!("{word}  "))
            .add(Role::Place, frame::place(model))
            .text(format!(" for {minutes} minutes")),
    );
    para(
        rows,
        3,
        "Promote and resume can then be sent from this console, each in its own dialog with its gates. \
         Roll back and hold never need it.",
        wide,
    );
    rows.may(2, Line::new().text(" SOURCES"));
    for (id, s) in frame::by_strain(model) {
        let (role, words) = frame::source_age(model, s);
        let line = Line::new().text("  ").left(Role::Text, id.as_str(), 14).left(Role::Text, &s.kind, 14);
        let (state, word) = crate::ui::screens::sources::link(&s.link);
        let pad = 12usize.saturating_sub(word.len());
        rows.may(2, line.add(state, word).text(" ".repeat(pad)).add(role, words));
    }
}

fn acknowledge(model: &Model, t: &TargetId, wide: usize, rows: &mut Rows) {
    rows.keep(Line::of(Role::Title, "ACKNOWLEDGE").text("  the verdict of ").add(Role::Moving, t.at()));
    if let Some(state) = model.world.targets.get(t) {
        rows.keep(Line::new().text(" ").append(figures::verdict(model, state)));
    }
    if let Some(l) = model.judged.get(t).and_then(|j| j.verdict.latched) {
        let ago = age::age(model.utc().since(l.last_seen));
        let text = format!(" first found worse {}, last {} ({ago} ago)", l.first.hms(), l.last_seen.hms());
        rows.may(2, Line::new().text(text));
    }
    para(
        rows,
        3,
        "It no longer stands by itself. If figures still say so, it says WORSE again. Everyone who reads this log sees \
         that you did it.",
        wide,
    );
}
