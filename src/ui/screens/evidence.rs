//! Evidence: instances worst first, then events and what is worth knowing of probes; what could not be read, and what no
//! source could tell, in a grey line each.

use crate::config::theme::Role;
use crate::core::age;
use crate::core::board;
use crate::core::looked::{self, Row};
use crate::core::model::Model;
use crate::core::update::EVIDENCE_MS;
use crate::core::world::evidence::{Event, Evidence, Instance, Track};
use crate::core::world::target::TargetState;
use crate::ui::parts::line::{Line, Rows};
use crate::ui::parts::rows::Window;

/// What Evidence gives up when there is no room, the last first.
#[derive(Clone, Copy)]
enum Keep {
    /// Whose it is and how old; the chosen instance; a failure.
    Never = 0,
    Instance = 2,
    Probe = 3,
    /// The newest events.
    Event = 4,
    Unread = 5,
    Chosen = 6,
    Folded = 7,
    Events = 8,
    NoSource = 20,
    Rule = 30,
}

use Keep as K;

/// Events that go last.
const NEWEST: usize = 3;

/// Columns of the table: what is wide enough is decided by the terminal's width.
struct Columns {
    pod: usize,
    restarts: usize,
    why: usize,
    end: usize,
    node: usize,
}

impl Columns {
    fn of(wide: usize) -> Columns {
        match wide {
            // RESTARTS and what went before go first; why it is not ready stays.
            0..60 => Columns { pod: 11, restarts: 0, why: wide.saturating_sub(32).max(8), end: 0, node: 0 },
            60..80 => Columns { pod: 11, restarts: 5, why: 18, end: wide.saturating_sub(54).max(6), node: 0 },
            _ => {
                let more = wide - 80;
                Columns { pod: 11 + more / 4, restarts: 9, why: 17, end: 16 + more / 4, node: 8 + more / 2 }
            }
        }
    }
}

pub fn rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut out = Rows::new();
    let Some(t) = board::selected_target(model) else {
        out.keep(Line::of(Role::Title, "EVIDENCE"));
        out.keep(Line::new().text(" no target is chosen: nothing to look into"));
        return out;
    };
    head(model, t, &mut out);
    if model.replay.is_some() {
        out.keep(Line::new().text(" a log played again holds no instances and events: they were not recorded"));
        return out;
    }
    let looked = &model.looked;
    if let Some((at, why)) = &looked.asked.failed {
        let line = Line::new().text(" ").add(Role::Bad, "NOT READ").text(format!(" at {}: {why}", at.hms()));
        out.flow(K::Never as u8, K::Unread as u8, line, wide, 3);
    }
    let Some(e) = looked.evidence.as_deref().filter(|e| e.target == t.id) else {
        if looked.asked.failed.is_none() {
            out.keep(Line::new().text(" being read"));
        }
        return out;
    };
    table(model, t, e, wide, tall, &mut out);
    events(model, e, wide, &mut out);
    for p in &e.probes {
        out.flow(K::Probe as u8, K::Events as u8, Line::new().text(" PROBES  ").text(p), wide, 9);
    }
    for u in &e.unread {
        let line = Line::new().add(Role::Muted, " not read: ").text(u);
        out.flow(K::Unread as u8, K::Events as u8, line, wide, 3);
    }
    let none = " no source: failing traces, error signatures, database, provenance";
    out.may(K::NoSource as u8, Line::of(Role::Muted, none));
    out
}

/// `EVIDENCE checkout@eu-1   canary v2.14.1 1/2   stable v2.14.0 18/18          5s ago`
fn head(model: &Model, t: &TargetState, out: &mut Rows) {
    let mut line = Line::of(Role::Title, "EVIDENCE").text(" ").add(Role::Moving, t.id.at());
    let pods = |r: &crate::core::world::target::Revision| {
        format!("{} {}/{}", t.called(&r.hash), r.replicas.ready, r.replicas.existing)
    };
    if let Some(r) = t.candidate_revision().filter(|_| t.is_moving()) {
        line = line.text(format!("   {} {}", t.track(), pods(r)));
    }
    if let Some(r) = t.stable_revision() {
        line = line.text(format!("   stable {}", pods(r)));
    }
    let read = model.looked.evidence.as_deref().filter(|e| e.target == t.id).map(|e| model.utc().since(e.at));
    out.keep(match read {
        // Read again and again: three times in vain is old.
        Some(ms) if ms > 3 * EVIDENCE_MS => line.end(Role::Warn, format!("OLD {}!", age::coarse(ms))),
        Some(ms) => line.end(Role::Muted, format!("{} ago", age::coarse(ms))),
        None => line,
    });
}

fn table(model: &Model, t: &TargetState, e: &Evidence, wide: usize, tall: usize, out: &mut Rows) {
    let listed = looked::rows(e, model.looked.unfolded);
    if listed.is_empty() {
        let unread = e.unread.iter().any(|u| u.starts_with("pods"));
        out.keep(Line::new().text(if unread { " no pods: they could not be read" } else { " it has no pods" }));
        return;
    }
    let c = Columns::of(wide);
    let head = Line::new().text(" ").left(Role::Text, "POD", c.pod).left(Role::Text, "TRACK", 7);
    let head =
        head.left(Role::Text, "READY", 6).left(Role::Text, if c.restarts < 9 { "RST" } else { "RESTARTS" }, c.restarts);
    let head = head.left(Role::Text, "WHY", c.why).left(Role::Text, "LAST END", c.end).left(Role::Text, "NODE", c.node);
    out.may(K::Instance as u8, head.text("AGE"));
    let chosen = model.looked.instance().map(|i| i.name.clone());
    let at = listed.iter().position(|r| matches!(r, Row::One(i) if Some(&i.name) == chosen.as_ref())).unwrap_or(0);
    // Half of the screen at most: what happened to them matters as much.
    let w = Window::counted(listed.len(), at, (tall / 2).max(4));
    for r in listed.iter().skip(w.first).take(w.shown) {
        match r {
            Row::One(i) => {
                let is = Some(&i.name) == chosen.as_ref();
                out.may(if is { K::Never } else { K::Instance } as u8, instance(model, t, i, is, &c));
            }
            Row::Folded { track, count, ready, of, oldest } => {
                let line = Line::new().text(" ").left(Role::Text, format!("{count} {}", track.word()), c.pod);
                let line = line.left(Role::Text, track_word(t, *track), 7).left(Role::Text, format!("{ready}/{of}"), 6);
                let line = line.left(Role::Text, "0", c.restarts).left(Role::Text, "-", c.why);
                let line = line.left(Role::Text, "-", c.end).left(Role::Text, "", c.node);
                out.may(K::Folded as u8, line.text(oldest.map_or_else(String::new, |o| since(model, o))));
            }
        }
    }
    if let Some(words) = w.words() {
        out.may(K::Folded as u8, Line::new().text(format!("  -- {words} --")));
    }
    if let Some(i) = model.looked.instance() {
        detail(model, i, wide, out);
    }
}

fn track_word(t: &TargetState, track: Track) -> &'static str {
    match track {
        Track::Candidate => t.track(),
        Track::Old | Track::Stable => track.word(),
    }
}

fn since(model: &Model, at: crate::core::time::Utc) -> String {
    age::age(model.utc().since(at).max(0)).replace("0s", "now")
}

fn instance(model: &Model, t: &TargetState, i: &Instance, chosen: bool, c: &Columns) -> Line {
    let bad = i.why.is_some();
    let line = Line::new().choice(chosen);
    let short = i.short(&t.id.name);
    let line = line.name(if chosen { Role::Selected } else { Role::Text }, &short, c.pod);
    let line = line.left(Role::Text, track_word(t, i.track), 7);
    let line = line.left(Role::Text, format!("{}/{}", i.ready.0, i.ready.1), 6);
    let line = line.left(if i.restarts > 0 { Role::Moving } else { Role::Text }, i.restarts.to_string(), c.restarts);
    // What kubectl says of it, where nothing is wrong but it is not ready either.
    let starting = i.ready.0 < i.ready.1;
    let why = i.why.as_deref().unwrap_or(if starting { &i.status } else { "-" });
    let line = line.left(if bad { Role::Moving } else { Role::Text }, why, c.why);
    let line = line.left(Role::Text, i.last_end.as_deref().unwrap_or("-"), c.end);
    let line = if c.node > 0 { line.name(Role::Text, &i.node, c.node) } else { line };
    line.text(i.created.map_or_else(|| "--".into(), |at| since(model, at)))
}

/// The chosen one in full.
fn detail(model: &Model, i: &Instance, wide: usize, out: &mut Rows) {
    let mut words = vec![i.status.to_string()];
    if let Some(end) = &i.last_end {
        let ago = i.last_end_at.map(|at| format!(" {} ago", age::age(model.utc().since(at)))).unwrap_or_default();
        words.push(format!("last ended {end}{ago}"));
    }
    words.extend(i.probes.iter().map(|p| format!("{} probe failed {}x", p.reason.to_lowercase(), p.count)));
    if i.containers.len() > 1 {
        words.push(format!("containers {}", i.containers.join(", ")));
    }
    if !i.node.is_empty() {
        words.push(format!("on {}", i.node));
    }
    let line = Line::new().text("  ").add(Role::Moving, &i.name).text(format!(": {}", words.join(", ")));
    out.flow(K::Chosen as u8, K::Events as u8, line, wide, 4);
}

fn events(model: &Model, e: &Evidence, wide: usize, out: &mut Rows) {
    out.may(K::Rule as u8, Line::rule());
    let unread = e.unread.iter().any(|u| u.starts_with("events"));
    if e.events.is_empty() {
        if !unread {
            out.may(
                K::Event as u8,
                Line::new().text(" EVENTS  none that matter; a cluster forgets them after an hour"),
            );
        }
        return;
    }
    for (n, x) in e.events.iter().enumerate() {
        let head = if n == 0 { " EVENTS  " } else { "         " };
        let keep = if n < NEWEST { K::Event } else { K::Events };
        out.flow(keep as u8, K::Events as u8 + 1, event(model, head, x), wide, 11);
    }
}

fn event(model: &Model, head: &str, x: &Event) -> Line {
    let when = x.at.map_or_else(|| "--:--:--".into(), |at| at.hms());
    let far = x.at.is_some_and(|at| model.utc().since(at) > 86_400_000);
    let when = if far { x.at.map(|at| at.rfc3339()[5..16].replace('T', " ")).unwrap_or_default() } else { when };
    let line = Line::new().text(head).text(format!("{when} "));
    let line = if x.warning { line.add(Role::Moving, "! ") } else { line.text("  ") };
    let count = if x.count > 1 { format!(" x{}", x.count) } else { String::new() };
    line.add(if x.warning { Role::Moving } else { Role::Text }, &x.reason)
        .text(format!("{count}  {}  {}", x.object, x.note))
}
