//! A runbook's program before it runs: every word of it, where it comes from, what it gets and under which limits.

use crate::config::theme::Role;
use crate::core::act::dialog::{Dialog, RunDialog};
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::ui::frame;
use crate::ui::parts::line::{Line, Rows};

/// The rows, and the column of the text cursor in the last one.
pub fn rows(model: &Model, dialog: &Dialog, run: &RunDialog, wide: usize) -> (Rows, Option<usize>) {
    let mut rows = Rows::new();
    let head = Line::of(Role::Title, "RUN A COMMAND  ").add(Role::Place, frame::place(model));
    rows.keep(head.text(format!("  {} step {}", run.runbook, run.step)));
    let mut flow = |drop: u8, head: &str, text: &str| {
        rows.flow(drop, drop, Line::new().text(head).text(text), wide, 10);
    };
    flow(7, " step     ", &run.title);
    for (n, l) in run.lines.iter().enumerate() {
        // What runs is never cut out of what is shown.
        flow(0, if n == 0 { " runs     " } else { "          " }, l);
    }
    let short = |h: &str| h.get(..12).unwrap_or(h).to_owned();
    flow(1, " limits   ", &format!("{}, command {}", run.limits, short(&run.command_hash)));
    flow(1, " file     ", &format!("{}, sha256 {}", run.file, short(&run.file_hash)));
    let vars: Vec<String> = run.vars.iter().map(|(k, v)| format!("{k}={v:?}")).collect();
    flow(4, " gets     ", &vars.join(" "));
    flow(5, " passed   ", &run.passed.join(" "));
    if run.unmarked {
        rows.keep(
            Line::new()
                .text(" ")
                .add(Role::Warn, "UNMARKED")
                .text(" a shell block that nobody wrote for andon: read it"),
        );
    } else if run.shell {
        rows.may(3, Line::new().text(" a shell reads this text"));
    }
    rows.may(6, Line::new().text(" Its intent is on disk first. What it writes is shown, and kept in the log."));
    let mut cursor = None;
    if let Some(name) = &run.name {
        for why in &name.why {
            rows.may(2, Line::new().text(" ").add(Role::Warn, "DANGER").text(format!(" {why}")));
        }
        let line = Line::new().text(format!(" type {} and enter: ", name.must)).add(Role::Moving, &name.typed);
        cursor = Some(line.width());
        let line = if name.matches() { line.text("  matches") } else { line };
        rows.keep(line.end(Role::Key, "esc").end(Role::Text, " nothing"));
        return (rows, cursor);
    }
    let limits = &model.limits;
    let waits = dialog.ready_in(model.now.person, limits.confirm_delay, limits.quiet).is_none_or(|ms| ms > 0);
    let key = model.keymap.shown(Intent::Confirm).unwrap_or_default();
    let line = if dialog.again { Line::of(Role::Warn, "again").text(": that key came too early") } else { Line::new() };
    let what = format!(" run it{}   ", if waits { " in a moment" } else { "" });
    rows.keep(line.end(Role::Key, key).end(Role::Text, what).end(Role::Key, "esc").end(Role::Text, " nothing"));
    (rows, cursor)
}
