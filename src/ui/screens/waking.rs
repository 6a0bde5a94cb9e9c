//! The waking screen, until the first answers are here; and the first list, where one is needed.

use super::super::parts::line::{Line, Rows, cut_middle, gate, width, wrap};
use super::super::parts::rows::Window;
use super::sources;
use crate::config::theme::Role;
use crate::core::age;
use crate::core::intent::Intent;
use crate::core::model::{Context, Model, Place};
use crate::core::world::source::Link;

/// What these two screens give up when there is no room, the last first.
#[derive(Clone, Copy)]
enum Keep {
    /// The question, and what is chosen.
    Never,
    /// Sources and their answers; contexts that are not chosen.
    Others,
    Drill,
    Goal,
    Problem,
}

use Keep as K;

pub fn rows(model: &Model, wide: usize) -> Rows {
    let mut out = Rows::new();
    let n = model.world.sources.len();
    let plural = if n == 1 { "source" } else { "sources" };
    out.keep(
        Line::of(Role::Title, format!("WAKING: ASKING {n} {plural}").to_uppercase()).end(Role::Text, "any key goes on"),
    );
    if let Some(goal) = &model.environment.goal {
        for part in wrap(&gate(goal), wide.saturating_sub(4)) {
            out.may(K::Goal as u8, Line::new().text(format!("  {part}")));
        }
    }
    out.gap();
    let (name, kind) = if wide < 70 { (12, 0) } else { (14, 14) };
    let waited = age::span(model.now.person.0 - model.started.person.0);
    for (id, s) in &model.world.sources {
        let (role, word) = sources::link(&s.link);
        let line = Line::new().text(" ").name(Role::Text, id.as_str(), name).left(Role::Text, &s.kind, kind);
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
        let line = line.left(role, word, 12).text(said);
        let took = s.latency_ms.map_or_else(|| waited.clone(), |ms| format!("{ms}ms"));
        out.may(K::Others as u8, line.end(Role::Text, took));
    }
    for p in &model.people {
        let text = format!("{}, {}, {}", p.called(&model.environment.who), p.host, p.doing());
        let text = gate(text.trim_end_matches(", ")).into_owned();
        out.may(K::Others as u8, Line::new().text(" in  ").text(text));
    }
    if model.log.mine_only && model.environment.place != Place::Drill {
        let line = Line::of(Role::Warn, "(!)").text(" log: mine only; other consoles on this host are not seen");
        out.may(K::Problem as u8, line);
    }
    for p in &model.problems {
        out.may(K::Problem as u8, Line::of(Role::Warn, "(!)").text(format!(" {p}")));
    }
    out
}

/// `1 look at prod-eu-1, look-only`, `d drill`.
pub fn choose(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut out = Rows::new();
    let question = Line::of(Role::Title, "WHERE DO YOU WANT TO LOOK?").text("  Nothing is changed by looking.");
    out.flow(K::Never as u8, K::Others as u8, question, wide, 0);
    out.gap();
    let n = model.contexts.len();
    let on_drill = model.nav.choose_row >= n;
    let room = tall.saturating_sub(out.len() + 2).max(2);
    let w = Window::counted(n, model.nav.choose_row.min(n.saturating_sub(1)), room);
    let longest = model.contexts.iter().map(|c| width(&gate(&c.name))).max().unwrap_or(0);
    // A name has half of the row, so that the cluster behind it can be told apart.
    let name = longest.min((wide / 2).saturating_sub(10)).max(8);
    for (i, c) in model.contexts.iter().enumerate().skip(w.first).take(w.shown) {
        let chosen = i == model.nav.choose_row;
        out.may(if chosen { K::Never } else { K::Others } as u8, context(i, c, chosen, name, wide));
    }
    if let Some(words) = w.words() {
        out.may(K::Others as u8, Line::new().text(format!("   {words}")));
    }
    let key = model.keymap.shown(Intent::ChooseDrill).unwrap_or_default();
    let line = Line::new().choice(on_drill).add(Role::Key, key).text(" ");
    let line = line.add(if on_drill { Role::Selected } else { Role::Text }, "drill");
    let line = line.text("  a simulated world where a canary goes bad; nothing real is reached");
    out.flow(if on_drill { K::Never } else { K::Drill } as u8, K::Problem as u8, line, wide, 3);
    out
}

fn context(i: usize, c: &Context, chosen: bool, name: usize, wide: usize) -> Line {
    let line = Line::new().choice(chosen);
    // Digits reach as far as nine.
    let line = if i < 9 { line.add(Role::Key, (i + 1).to_string()) } else { line.text(" ") };
    let shown = gate(&c.name);
    let line = line.text(" look at ").add(if chosen { Role::Selected } else { Role::Text }, cut_middle(&shown, name));
    let line = if wide >= 70 { line.text(", look-only") } else { line };
    let line = if c.current { line.text("  (current)") } else { line };
    let place = c.namespace.as_ref().map_or_else(|| c.cluster.to_string(), |n| format!("{} / {n}", c.cluster));
    if wide >= 60 { line.end(Role::Text, place) } else { line }
}
