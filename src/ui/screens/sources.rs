//! Sources: health, age, latency, calls, what we may do there; the last error in full; the alarms; where the log is.

use super::super::parts::evidence;
use super::super::parts::line::{Line, Rows};
use super::super::parts::rows::Window;
use crate::config::theme::Role;
use crate::core::act::identity::Standing;
use crate::core::age;
use crate::core::alarm;
use crate::core::id::SourceId;
use crate::core::model::Model;
use crate::core::msg::Picked;
use crate::core::world::source::{Link, SourceState, Trouble};
use crate::ui::frame;

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

/// What Sources gives up when there is no room, the last first.
#[derive(Clone, Copy)]
enum Keep {
    /// The heading, the chosen source with its state and age.
    Never = 0,
    Others = 1,
    /// The chosen source's last error, and that its certificate is not checked.
    Error = 2,
    Alarm = 3,
    Log = 4,
    Total = 5,
    Config = 6,
    NoError = 7,
    Rights = 8,
    MoreAlarms = 9,
    Rule = 30,
}

use Keep as K;

/// Column widths; 0: not there.
struct Columns {
    name: usize,
    kind: usize,
    latency: usize,
    calls: usize,
    may: bool,
}

impl Columns {
    fn of(wide: usize) -> Columns {
        // State 11, age 7 and limit 6 are what one comes for.
        let rest = wide.saturating_sub(2 + 11 + 7 + 6);
        match wide {
            0..58 => Columns { name: rest.clamp(8, 24), kind: 0, latency: 0, calls: 0, may: false },
            58..80 => Columns { name: (rest - 8 - 12).max(12), kind: 0, latency: 8, calls: 0, may: true },
            _ => Columns { name: 12 + (wide - 80) / 3, kind: 12, latency: 8, calls: 10, may: true },
        }
    }
}

pub fn rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut out = Rows::new();
    let c = Columns::of(wide);
    let head = Line::new().text("  ").left(Role::Text, "SOURCE", c.name).left(Role::Text, "TYPE", c.kind);
    // The mark of an age past its limit has a column of its own, so that figures stay under each other.
    let head = head.left(Role::Text, "STATE", 11).right(Role::Text, "AGE", 6).text(" ").right(Role::Text, "LIMIT", 6);
    let head = head.right(Role::Text, "LATENCY", c.latency).right(Role::Text, "CALLS/MIN", c.calls);
    out.keep(if c.may { head.text("  MAY") } else { head });
    let n = model.world.sources.len();
    if n == 0 {
        let none = if model.replay.is_some() {
            "  the log has told of none yet"
        } else {
            "  none is configured: nothing can be seen"
        };
        out.keep(Line::new().text(none));
    }
    let chosen = model.nav.source_row.min(n.saturating_sub(1));
    let listed = crate::core::listing::sources(model);
    let at = listed.iter().position(|i| *i == chosen).unwrap_or(0);
    let w = Window::counted(listed.len(), at, (tall / 2).max(3));
    let in_sight = listed.iter().skip(w.first).take(w.shown);
    for (i, (id, s)) in in_sight.filter_map(|i| Some((*i, model.world.sources.iter().nth(*i)?))) {
        let line = source(model, id.as_str(), s, i == chosen, &c);
        out.may(if i == chosen { K::Never } else { K::Others } as u8, line.pick(Picked::Source(i)));
    }
    let total = model.world.sources.values().map(|s| s.calls_per_min).fold(0, u32::saturating_add);
    if n > 1 && model.replay.is_none() {
        let words = w.words().map(|w| format!("  {w}")).unwrap_or_default();
        let total = Line::new().text(words).end(Role::Text, format!("total {total} calls a minute"));
        out.may(K::Total as u8, total);
    }
    out.may(K::Rule as u8, Line::rule());
    if let Some((id, s)) = model.world.sources.iter().nth(chosen) {
        detail(model, id, s, wide, &mut out);
    }
    ends(model, wide, &mut out);
    out
}

fn source(model: &Model, id: &str, s: &SourceState, chosen: bool, c: &Columns) -> Line {
    let (role, word) = match &s.link {
        Link::Connecting if model.replay.is_some() => (Role::Muted, "-"),
        l => link(l),
    };
    let age = s.confirmed.map(|at| model.utc().since(at));
    let old = age.is_some_and(|a| a > s.old_after_ms);
    let age_role = if old { Role::Warn } else { Role::Text };
    let line = Line::new().choice(chosen).text(" ");
    let line =
        line.name(if chosen { Role::Selected } else { Role::Text }, id, c.name).left(Role::Text, &s.kind, c.kind);
    // As in row two: many ages that move each second cost too much.
    let steps = if model.world.sources.len() > frame::FEW { age::coarse } else { age::age };
    let none = if model.replay.is_some() { "--" } else { "never" };
    let line = line.left(role, word, 11).right(age_role, age.map_or_else(|| none.into(), steps), 6);
    let limit = if model.replay.is_some() { none.into() } else { age::span(s.old_after_ms) };
    let line = line.add(age_role, if old { "!" } else { " " }).right(Role::Text, limit, 6);
    let calls = if model.replay.is_some() { none.into() } else { s.calls_per_min.to_string() };
    let latency = s.latency_ms.map_or_else(|| "--".into(), |ms| format!("{ms}ms"));
    let line = line.right(Role::Text, latency, c.latency).right(Role::Text, calls, c.calls);
    match (c.may, model.replay.is_some()) {
        (true, true) => line.text("  not recorded"),
        (true, false) => line.text("  ").text(may(s)),
        (false, _) => line,
    }
}

/// What we may do there, as short as it can be said; what is missing stands below by name.
fn may(s: &SourceState) -> String {
    if !s.abilities.roles.rollouts {
        return "read".into();
    }
    let mut verbs: Vec<&str> = s.abilities.rights.iter().map(|r| &*r.verb).collect();
    verbs.sort_unstable();
    verbs.dedup();
    let rights = &s.abilities.rights;
    let said = |v: &str, allowed: Option<bool>| rights.iter().any(|r| *r.verb == *v && r.allowed == allowed);
    let missing: Vec<&str> = verbs.iter().copied().filter(|v| said(v, Some(false))).collect();
    let known = !verbs.is_empty() && verbs.iter().all(|v| said(v, Some(true)) || said(v, Some(false)));
    match (missing.as_slice(), known) {
        ([], true) => "all".into(),
        ([], false) => "not known".into(),
        ([one], _) => format!("all but {one}"),
        (some, _) if some.len() == verbs.len() => "read".into(),
        (some, _) => format!("all but {}", some.len()),
    }
}

/// `patch rollouts in shop, pay`: each right once, with where it holds; `None`: everywhere that was asked.
fn by_verb(s: &SourceState, allowed: Option<bool>) -> String {
    let mut out: Vec<(&str, Vec<&str>)> = Vec::new();
    for r in s.abilities.rights.iter().filter(|r| r.allowed == allowed) {
        let places = match out.iter_mut().find(|(verb, _)| *verb == &*r.verb) {
            Some((_, places)) => places,
            None => {
                out.push((&r.verb, r.namespace.as_deref().into_iter().collect()));
                continue;
            }
        };
        places.extend(r.namespace.as_deref());
    }
    let one = |(verb, places): &(&str, Vec<&str>)| match places.as_slice() {
        [] => (*verb).to_owned(),
        [a, b, c, _, ..] => format!("{verb} in {a}, {b}, {c} and {} more", places.len() - 3),
        some => format!("{verb} in {}", some.join(", ")),
    };
    out.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn para(out: &mut Rows, drop: u8, head: &str, text: &str, wide: usize) {
    out.flow(drop, drop, Line::new().text(head).text(text), wide, head.len());
}

fn detail(model: &Model, id: &SourceId, s: &SourceState, wide: usize, out: &mut Rows) {
    let version = s.abilities.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
    out.may(K::Error as u8, Line::of(Role::Moving, id.as_str()).text(format!("  {}{version}  {}", s.kind, s.holds)));
    if let Link::Reading { what, done, of } = &s.link {
        let of = of.map(|n| format!(" of {n}")).unwrap_or_default();
        out.may(K::Alarm as u8, Line::new().text(format!(" reading {what}: {done}{of}")));
    }
    if let Some(who) = &s.abilities.identity {
        let groups: Vec<&str> = s.abilities.groups.iter().map(|g| &**g).collect();
        let groups = if groups.is_empty() { String::new() } else { format!(", in {}", groups.join(", ")) };
        para(out, K::Config as u8, " there we are ", &format!("{who}{groups}"), wide);
    } else if !s.abilities.rights.is_empty() {
        out.may(K::Config as u8, Line::new().text(" there we are not known by name: it does not say"));
    }
    cluster(model, id, s, wide, out);
    if s.abilities.insecure {
        out.may(K::Error as u8, Line::new().text(" ").add(Role::Warn, "INSECURE").text(" certificate checks are off"));
    }
    match &s.last_error {
        Some((at, e)) => {
            let ago = age::age(model.utc().since(*at));
            let head = format!(" last error  {} ({ago} ago)  ", at.hms());
            para(out, K::Error as u8, &head, &e.sentence, wide);
        }
        None if model.replay.is_some() => {
            out.may(K::NoError as u8, Line::new().text(" no error of it is recorded so far"))
        }
        None => out.may(K::NoError as u8, Line::new().text(" no error in this session")),
    }
    let ended = matches!(&s.link, Link::Failed(e) if e.trouble == Trouble::Auth);
    if ended && *s.kind == *"kubernetes" && model.replay.is_none() {
        out.may(K::Error as u8, Line::new().text(" ").add(Role::Key, format!(":login {id}")).text(" logs in again"));
    }
    for line in evidence::lines(&s.texts(), wide) {
        out.may(K::Error as u8 + 1, line);
    }
    for (head, allowed) in [(" may not ", Some(false)), (" not answered: may we ", None)] {
        let words = by_verb(s, allowed);
        if !words.is_empty() {
            para(out, K::Rights as u8, head, &words, wide);
        }
    }
}

/// Which cluster it is, and as whom acts go out there.
fn cluster(model: &Model, id: &SourceId, s: &SourceState, wide: usize, out: &mut Rows) {
    if let Some(who) = &s.abilities.acts_as {
        para(out, K::Config as u8, " acts go out as ", who, wide);
    }
    let Some(c) = &s.abilities.cluster else { return };
    match model.pinned.standing(id) {
        Standing::Same => {}
        Standing::Moved(why) | Standing::Other(why) => para(out, K::Alarm as u8, " ", &why, wide),
    }
    let which = if c.id.is_empty() {
        "cluster not known by its identity (no right to read the namespace kube-system)".to_owned()
    } else {
        format!("cluster {}", c.id)
    };
    let authority = match c.authority.get(..12) {
        Some(head) => format!(", authority sha256 {head}.."),
        None => String::new(),
    };
    para(out, K::Rights as u8, " ", &format!("{which} at {}{authority}", c.server), wide);
}

/// Who else works through this log, and how that is known.
fn together(model: &Model, wide: usize, out: &mut Rows) {
    for p in &model.people {
        let text = format!("{}, {}, {}", p.called(&model.environment.who), p.host, p.doing());
        para(out, K::Config as u8, "in      ", text.trim_end_matches(", "), wide);
    }
    let f = &model.log.follows;
    if let Some(why) = &f.polled {
        para(out, K::NoError as u8, "        ", &format!("others' records are looked for each second: {why}"), wide);
    }
    if f.skipped > 0 {
        let text = format!("{} observations of others came too fast to be shown; they are in the log", f.skipped);
        para(out, K::NoError as u8, "        ", &text, wide);
    }
}

/// Alarms in full, and where the log is written.
fn ends(model: &Model, wide: usize, out: &mut Rows) {
    let alarms = alarm::alarms(model);
    if !alarms.is_empty() {
        out.may(K::Rule as u8, Line::rule());
        for (i, a) in alarms.iter().enumerate() {
            let head = if i == 0 { "ALARMS  " } else { "        " };
            para(out, if i == 0 { K::Alarm } else { K::MoreAlarms } as u8, head, &a.text, wide);
        }
    }
    out.may(K::Rule as u8, Line::rule());
    let whose = if model.replay.is_some() {
        "log: played again, nothing is written"
    } else if model.log.mine_only {
        "log: mine only (no directory for this host)"
    } else {
        "log: shared on this host"
    };
    let state = match (&model.log.failed, model.log.late.len()) {
        (Some(_), _) => (Role::Bad, "NOT WRITABLE".to_owned()),
        (None, _) if model.log.hung.is_some() => (Role::Bad, "NOT WRITTEN, the disk does not answer".to_owned()),
        (None, 0) => (Role::Fine, format!("{} records", model.log.records)),
        (None, n) => (Role::Bad, format!("{n} not on disk")),
    };
    out.may(K::Log as u8, Line::new().text(format!("{whose}  ")).add(state.0, state.1));
    if !model.log.file.is_empty() {
        para(out, K::Log as u8, "file    ", &model.log.file, wide);
    }
    together(model, wide, out);
    for p in &model.problems {
        para(out, K::Config as u8, "config  ", p, wide);
    }
}
