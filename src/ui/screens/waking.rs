//! The waking screen, until the first answers are here; and the first list, where one is needed.

use super::super::parts::line::{Line, Rows};
use super::sources;
use crate::config::theme::Role;
use crate::core::age;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::world::source::Link;

pub fn rows(model: &Model) -> Rows {
    let mut out = Rows::new();
    let n = model.world.sources.len();
    let plural = if n == 1 { "source" } else { "sources" };
    out.keep(
        Line::of(Role::Title, format!("WAKING: ASKING {n} {plural}").to_uppercase()).end(Role::Text, "any key goes on"),
    );
    if let Some(goal) = &model.environment.goal {
        for part in super::super::parts::line::wrap(goal, 76) {
            out.may(2, Line::new().text(format!("  {part}")));
        }
    }
    out.gap();
    let waited = age::span(model.now.person.0 - model.started.person.0);
    for (id, s) in &model.world.sources {
        let (role, word) = sources::link(&s.link);
        let pad = 12usize.saturating_sub(word.len());
        let line = Line::new().text(" ").left(Role::Text, id.as_str(), 14).left(Role::Text, &s.kind, 14);
        let said = match &s.link {
            Link::Connecting => "no answer yet".to_owned(),
            Link::Reading { what, done, of } => {
                let number = |n: u32| crate::core::judge::words::count(f64::from(n));
                let of = of.map(|n| format!(" of {}", number(n))).unwrap_or_default();
                format!("{what}: {}{of}", number(*done))
            }
            Link::Watching | Link::Polling => s.holds.to_string(),
            Link::Failed(e) => e.sentence.to_string(),
        };
        let line = line.add(role, word).text(" ".repeat(pad)).text(said);
        out.may(1, line.end(Role::Text, s.latency_ms.map_or_else(|| waited.clone(), |ms| format!("{ms}ms"))));
    }
    for p in &model.problems {
        out.may(3, Line::of(Role::Warn, "(!)").text(format!(" {p}")));
    }
    out
}

/// `1 look at prod-eu-1, look-only`, `d drill`.
pub fn choose(model: &Model) -> Rows {
    let mut out = Rows::new();
    out.keep(Line::of(Role::Title, "WHERE DO YOU WANT TO LOOK?").text("  Nothing is changed by looking."));
    out.gap();
    for (i, c) in model.contexts.iter().enumerate() {
        let chosen = i == model.nav.choose_row;
        let line = Line::new().text(if chosen { " > " } else { "   " });
        let line = line.add(if chosen { Role::Selected } else { Role::Text }, &c.name);
        let line = if c.current { line.text("  (current)") } else { line };
        let place =
            c.namespace.as_ref().map(|n| format!("{} / {n}", c.cluster)).unwrap_or_else(|| c.cluster.to_string());
        out.may(if chosen { 0 } else { 1 }, line.end(Role::Text, place));
    }
    let chosen = model.nav.choose_row >= model.contexts.len();
    let line = Line::new().text(if chosen { " > " } else { "   " });
    let line = line.add(if chosen { Role::Selected } else { Role::Text }, "drill");
    let line = line.text("  a simulated world where a canary goes bad; nothing real is reached");
    let key = model.keymap.shown(Intent::ChooseDrill).unwrap_or_default();
    out.may(if chosen { 0 } else { 2 }, line.end(Role::Key, key));
    out
}
