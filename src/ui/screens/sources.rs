//! Sources: health, age, latency, calls, what we may do there; the last error in full; the alarms; where the log is.

use super::super::parts::evidence;
use super::super::parts::line::{Line, Rows, gate, wrap};
use crate::config::theme::Role;
use crate::core::age;
use crate::core::alarm;
use crate::core::model::Model;
use crate::core::world::source::{Link, SourceState};

/// The state of a connection in one word.
pub fn link(l: &Link) -> (Role, &'static str) {
    match l {
        Link::Connecting => (Role::Moving, "connecting"),
        Link::Reading { .. } => (Role::Moving, "reading"),
        Link::Watching => (Role::Fine, "watching"),
        Link::Polling => (Role::Fine, "polled"),
        Link::Failed(_) => (Role::Bad, "FAILED"),
    }
}

pub fn rows(model: &Model, wide: usize) -> Rows {
    let mut out = Rows::new();
    let spare = wide.saturating_sub(80) / 3;
    let (name, kind) = (12 + spare, 12);
    out.keep(
        Line::new()
            .text("  ")
            .left(Role::Text, "SOURCE", name)
            .left(Role::Text, "TYPE", kind)
            .left(Role::Text, "STATE", 11)
            .right(Role::Text, "AGE", 6)
            .right(Role::Text, "LIMIT", 6)
            .right(Role::Text, "LATENCY", 8)
            .right(Role::Text, "CALLS/MIN", 10)
            .text("  MAY"),
    );
    let all: Vec<_> = model.world.sources.iter().collect();
    if all.is_empty() {
        out.keep(Line::new().text("  none is configured: nothing can be seen"));
    }
    let listed = crate::core::listing::sources(model);
    for (i, (id, s)) in all.iter().enumerate().filter(|(i, _)| listed.contains(i)) {
        let chosen = i == model.nav.source_row;
        let (role, word) = link(&s.link);
        let age = s.confirmed.map(|c| model.utc().since(c));
        let old = age.is_some_and(|a| a > s.old_after_ms);
        let age_words = age.map_or_else(|| "never".into(), age::age);
        let line = Line::new().text(if chosen { "> " } else { "  " });
        let name_text = gate(id.as_str()).into_owned();
        let name_text = super::super::parts::line::cut(&name_text, name - 1).into_owned();
        let pad = name - super::super::parts::line::width(&name_text);
        let pad_state = 11usize.saturating_sub(word.len());
        let line = line
            .add(if chosen { Role::Selected } else { Role::Text }, name_text)
            .text(" ".repeat(pad))
            .left(Role::Text, &s.kind, kind)
            .add(role, word)
            .text(" ".repeat(pad_state))
            .right(if old { Role::Warn } else { Role::Text }, if old { format!("{age_words}!") } else { age_words }, 6)
            .right(Role::Text, age::span(s.old_after_ms), 6)
            .right(Role::Text, s.latency_ms.map_or_else(|| "--".into(), |ms| format!("{ms}ms")), 8)
            .right(Role::Text, s.calls_per_min.to_string(), 10)
            .text("  ")
            .text(may(s));
        out.may(if chosen { 0 } else { 1 }, line);
    }
    let total: u32 = all.iter().map(|(_, s)| s.calls_per_min).fold(0, u32::saturating_add);
    if all.len() > 1 {
        out.may(5, Line::new().end(Role::Text, format!("total {total} calls a minute")));
    }
    out.may(30, Line::rule());
    if let Some((id, s)) = all.get(model.nav.source_row).or_else(|| all.first()) {
        detail(model, id.as_str(), s, wide, &mut out);
    }
    ends(model, wide, &mut out);
    out
}

fn may(s: &SourceState) -> String {
    if !s.abilities.roles.rollouts {
        return "read".into();
    }
    let missing: Vec<&str> = s.abilities.rights.iter().filter(|r| r.allowed == Some(false)).map(|r| &*r.verb).collect();
    let unknown = s.abilities.rights.is_empty() || s.abilities.rights.iter().any(|r| r.allowed.is_none());
    match (missing.is_empty(), unknown) {
        (false, _) => format!("not {}", missing.join(", ")),
        (true, true) => "not known".into(),
        (true, false) => "read, act".into(),
    }
}

fn para(out: &mut Rows, drop: u8, head: &str, text: &str, wide: usize) {
    for (i, part) in wrap(&gate(text), wide.saturating_sub(head.len() + 1)).into_iter().enumerate() {
        let lead = if i == 0 { head.to_owned() } else { " ".repeat(head.len()) };
        out.may(drop, Line::new().text(lead).text(part));
    }
}

fn detail(model: &Model, id: &str, s: &SourceState, wide: usize, out: &mut Rows) {
    let version = s.abilities.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
    out.may(2, Line::of(Role::Moving, id).text(format!("  {}{version}  {}", s.kind, s.holds)));
    if let Link::Reading { what, done, of } = &s.link {
        let of = of.map(|n| format!(" of {n}")).unwrap_or_default();
        out.may(3, Line::new().text(format!(" reading {what}: {done}{of}")));
    }
    if let Some(who) = &s.abilities.identity {
        out.may(6, Line::new().text(format!(" there we are {who}")));
    }
    if s.abilities.insecure {
        out.may(2, Line::new().text(" ").add(Role::Warn, "INSECURE").text(" certificate checks are off"));
    }
    match &s.last_error {
        Some((at, e)) => {
            let ago = age::age(model.utc().since(*at));
            let head = format!(" last error  {} ({ago} ago)  ", at.hms());
            para(out, 2, &head, &e.sentence, wide);
        }
        None => out.may(7, Line::new().text(" no error in this session")),
    }
    for line in evidence::lines(&s.texts(), wide) {
        out.may(7, line);
    }
    for r in s.abilities.rights.iter().filter(|r| r.allowed != Some(true)) {
        let word = if r.allowed.is_none() { "not answered" } else { "NO" };
        let place = r.namespace.as_ref().map(|n| format!(" in {n}")).unwrap_or_default();
        out.may(8, Line::new().text(format!(" may {}{place}: {word}", r.verb)));
    }
}

/// Alarms in full, and where the log is written.
fn ends(model: &Model, wide: usize, out: &mut Rows) {
    let alarms = alarm::alarms(model);
    if !alarms.is_empty() {
        out.may(30, Line::rule());
        for (i, a) in alarms.iter().enumerate() {
            let head = if i == 0 { "ALARMS  " } else { "        " };
            para(out, if i == 0 { 3 } else { 9 }, head, &a.text, wide);
        }
    }
    out.may(30, Line::rule());
    let whose =
        if model.log.mine_only { "log: mine only (no directory for this host)" } else { "log: shared on this host" };
    let state = match (&model.log.failed, model.log.late) {
        (Some(_), _) => (Role::Bad, "NOT WRITABLE".to_owned()),
        (None, 0) => (Role::Fine, format!("{} records", model.log.records)),
        (None, n) => (Role::Bad, format!("{n} not on disk")),
    };
    out.may(4, Line::new().text(format!("{whose}  ")).add(state.0, state.1));
    if !model.log.file.is_empty() {
        para(out, 4, "file    ", &model.log.file, wide);
    }
    for p in &model.problems {
        para(out, 6, "config  ", p, wide);
    }
}
