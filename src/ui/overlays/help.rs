//! Help of this place, generated from the loaded keymap and the table of intents: a key stands here only if it works.

use crate::config::theme::Role;
use crate::core::intent::{Context, Intent};
use crate::core::keymap::key_name;
use crate::core::model::{Model, Place};
use crate::core::nav::Screen;
use crate::ui::parts::line::Line;

pub fn lines(model: &Model) -> Vec<Line> {
    let here = match model.nav.screen {
        Screen::Choose => Context::Choose,
        Screen::Runbook => Context::Runbook,
        Screen::Waking | Screen::Verdict | Screen::Board | Screen::Sources => Context::List,
    };
    let mut out = vec![Line::of(Role::Title, "HELP").text("  keys of this place")];
    section(model, &mut out, "HERE", |i| i.context() == here);
    if here != Context::Choose {
        section(model, &mut out, "ACTS: each opens a dialog, nothing is sent by these keys alone", Intent::is_act);
        section(model, &mut out, "IN A DIALOG", |i| i.context() == Context::Dialog);
    }
    section(model, &mut out, "EVERYWHERE", |i| i.context() == Context::Global && !i.is_act());
    section(model, &mut out, "IN A NOTE", |i| i.context() == Context::Note);
    out.push(Line::of(Role::Title, "SIGNS"));
    for text in [
        "! worse or degraded   ? blind or unsure   ~ moving   = fine",
        "(^) a text is not shown as it came: ^[ and <U+202E> stand for what is not printed",
        "an age with ! is past its limit; (!) something to know; -- not known",
        "POINTS are percentage points of failing requests, new version minus stable",
        "BURN 3x: at this rate the error budget lasts a third of its time",
        "BACK 2/3 2m: two of three checks for going back are ok, it takes about 2m",
    ] {
        out.push(Line::new().text(format!("  {text}")));
    }
    out
}

fn section(model: &Model, out: &mut Vec<Line>, title: &str, wanted: impl Fn(Intent) -> bool) {
    let mut lines = Vec::new();
    for intent in Intent::ALL.iter().copied().filter(|i| wanted(*i) && works(model, *i)) {
        let keys: Vec<String> = model
            .keymap
            .bindings
            .iter()
            .filter(|b| b.intent == intent)
            .map(|b| b.chord.iter().map(key_name).collect::<Vec<_>>().join(" "))
            .collect();
        if keys.is_empty() {
            continue;
        }
        lines.push(Line::new().text("  ").left(Role::Key, keys.join(", "), 18).text(intent.help()));
    }
    if !lines.is_empty() {
        out.push(Line::of(Role::Title, title));
        out.extend(lines);
    }
}

fn works(model: &Model, i: Intent) -> bool {
    match i {
        Intent::DrillFaster | Intent::DrillSlower => model.environment.place == Place::Drill,
        Intent::ScreenRunbook => !model.runbooks.is_empty(),
        _ => true,
    }
}
