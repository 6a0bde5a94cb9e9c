//! The incident: who leads, what is ticked and on what record it rests, who is in, what is owed, and the newest records.
//! Without one that is open it says so, and what opens one; people, debts and the log are there all the same.

use super::super::overlays::log as browser;
use super::super::parts::line::{Line, Rows, cut, gate, width};
use super::super::parts::rows::Window;
use crate::config::theme::Role;
use crate::core::age;
use crate::core::case::casebook::Known;
use crate::core::case::checklist::{self, Item, Line as Check};
use crate::core::case::followup::{Task, Tasks};
use crate::core::case::incident::Incident;
use crate::core::case::people::Present;
use crate::core::chronicle;
use crate::core::finish;
use crate::core::listing;
use crate::core::model::Model;
use crate::core::msg::Picked;
use crate::core::nav::Listing;
use crate::core::time::Utc;
use crate::core::watch;

/// What Incident gives up when there is no room, the last first.
#[derive(Clone, Copy)]
enum Keep {
    /// Which incident, its lead; the chosen record.
    Never = 0,
    /// What an ended session left half done.
    Left = 1,
    Checklist = 2,
    /// The change it came after.
    Tied = 4,
    /// Two more records.
    Newest = 3,
    People = 5,
    Debts = 6,
    Log = 7,
    FollowUps = 8,
    Decided = 9,
    /// Past incidents, and files that could not be read.
    Past = 10,
    Unread = 11,
    Records = 20,
    Rule = 30,
}

use Keep as K;

/// Width of the headings.
const HEAD: usize = 11;
/// Rows of records kept however much stands above.
const NEWEST: usize = 3;
/// Rows of debts, of follow-ups, of past incidents at most.
const MOST: usize = 4;

pub fn rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut out = head(model, wide);
    records(model, tall, &mut out);
    out
}

/// All but the records.
pub fn head(model: &Model, wide: usize) -> Rows {
    let mut out = Rows::new();
    match model.casebook.current() {
        Some(i) => open(model, i, wide, &mut out),
        None => none(model, wide, &mut out),
    }
    for l in model.loose.iter().filter(|l| l.is_cut()) {
        let how = finish::how(model, l).map(|how| format!("; press {how} there to finish it")).unwrap_or_default();
        let by = if l.by.is_empty() { String::new() } else { format!(", begun by {}", l.by) };
        let line = headed("LEFT").add(Role::Warn, finish::words(l)).text(format!("{by}{how}"));
        out.flow(K::Left as u8, K::Left as u8, line, wide, HEAD);
    }
    people(model, wide, &mut out);
    tasks(model, "DEBTS", &model.casebook.debts, K::Debts, wide, &mut out);
    tasks(model, "FOLLOW-UP", &model.casebook.follow_ups, K::FollowUps, wide, &mut out);
    log(model, wide, &mut out);
    out
}

/// A heading in its column.
fn headed(word: &str) -> Line {
    Line::new().text(format!(" {word:<width$}", width = HEAD - 1))
}

/// The key of an act by its name in keymap files.
fn key(model: &Model, name: &str) -> Option<String> {
    crate::core::intent::Intent::from_name(name).and_then(|i| model.keymap.shown(i))
}

/// `[a l] take it`, where it has a key.
fn press(line: Line, model: &Model, name: &str, what: &str) -> Line {
    match key(model, name) {
        Some(key) => line.text("  [").add(Role::Key, key).text(format!("] {what}")),
        None => line,
    }
}

fn open(model: &Model, i: &Incident, wide: usize, out: &mut Rows) {
    let state = format!("  SEV{}  {} {}", i.severity(), i.state().word(), age::coarse(model.utc().since(i.began())));
    let lead = Line::new().text("   lead ");
    let lead = match i.lead() {
        Some(name) => {
            let since = i.led.as_ref().map(|l| format!(" for {}", age::coarse(model.utc().since(l.at))));
            lead.text(format!("{name}{}", since.unwrap_or_default()))
        }
        None => press(lead.add(Role::Warn, "NOBODY"), model, "take-lead", "take it"),
    };
    // The title gives way: what follows it must be seen.
    let id = gate(&i.id).into_owned();
    let room = wide.saturating_sub(width(&id) + 2 + width(&state) + lead.width()).max(12);
    let title = gate(i.title());
    let line = Line::of(Role::Title, id).text("  ").add(Role::Moving, cut(&title, room)).text(state).append(lead);
    out.flow(K::Never as u8, K::Never as u8, line, wide, 3);
    if width(&title) > room {
        out.flow(K::Decided as u8, K::Decided as u8, Line::new().text("   ").text(i.title()), wide, 3);
    }
    if let Some(tied) = watch::tied(model, i) {
        let line = headed("TIED TO").text(tied);
        out.flow(K::Tied as u8, K::Tied as u8, press(line, model, "watch", "its watch"), wide, HEAD);
    }
    let others = model.casebook.duplicates();
    if !others.is_empty() {
        let ids: Vec<&str> = others.iter().map(|i| i.id.as_str()).collect();
        let line = headed("ALSO OPEN").text(format!("{}: one of them is to be closed", ids.join(", ")));
        out.flow(K::Decided as u8, K::Decided as u8, line, wide, HEAD);
    }
    checks(model, i, wide, out);
    if let Some(d) = i.decisions.last() {
        let because = if d.value.reason.is_empty() { String::new() } else { format!(" because {}", d.value.reason) };
        let more = i.decisions.len() - 1;
        let more = if more > 0 { format!("  ({more} before)") } else { String::new() };
        let text = format!("{} {}: {}{because}{more}", d.at.hms(), d.who, d.value.text);
        out.may(K::Decided as u8, headed("DECIDED").text(text));
    }
}

/// Each line with the record its tick rests on.
fn checks(model: &Model, i: &Incident, wide: usize, out: &mut Rows) {
    let lines = checklist::checklist(&model.casebook, i);
    let pieces = lines.iter().map(|Check { item, tick }| {
        // How long ago counts, not that it was once done.
        let told = i.last_told().filter(|_| *item == Item::Told);
        let ago = told.map(|t| format!(" {} ago", age::coarse(model.utc().since(t.at)))).unwrap_or_default();
        match tick {
            Some(t) => {
                let by = if t.by_hand { format!(", {}", t.how) } else { String::new() };
                let rests = told.map_or(&t.rests, |t| &t.rests);
                format!("x {}{ago} ({}{by})", item.text(), browser::rests(model, &rests.session, rests.seq))
            }
            None if *item == Item::Told => format!("- {} (never)", item.text()),
            None => format!("- {}", item.text()),
        }
    });
    packed("CHECKLIST", pieces.collect(), K::Checklist, wide, out);
}

/// Short pieces side by side, as many as have room; none is broken.
fn packed(head: &str, pieces: Vec<String>, keep: Keep, wide: usize, out: &mut Rows) {
    let mut line = headed(head);
    let mut begun = false;
    for piece in pieces {
        if begun && line.width() + 3 + width(&gate(&piece)) > wide {
            out.may(keep as u8, std::mem::replace(&mut line, headed("")));
            begun = false;
        }
        line = line.text(if begun { "   " } else { "" }).text(piece);
        begun = true;
    }
    if begun {
        out.may(keep as u8, line);
    }
}

fn none(model: &Model, wide: usize, out: &mut Rows) {
    let line = Line::of(Role::Title, "NO INCIDENT").text("  none is open in this environment");
    out.flow(K::Never as u8, K::Never as u8, press(line, model, "open-incident", "opens one"), wide, 3);
    for (n, i) in model.casebook.past().into_iter().take(MOST).enumerate() {
        let ended = i.closed.as_ref().map_or(i.opened_at(), |c: &Known<_>| c.at);
        let text = format!(
            "{}  {}  SEV{}  {} {}, lasted {}",
            i.id,
            i.title(),
            i.severity(),
            i.state().word(),
            day(ended, model.utc()),
            age::span(ended.since(i.began()))
        );
        let line = headed(if n == 0 { "PAST" } else { "" }).text(text);
        out.flow(K::Past as u8, K::Past as u8, line, wide, HEAD);
    }
}

/// `today 03:14`, `2026-11-20`
fn day(at: Utc, now: Utc) -> String {
    let (at, now) = (at.rfc3339(), now.rfc3339());
    let date = |t: &str| t.get(..10).unwrap_or_default().to_owned();
    if date(&at) == date(&now) { format!("today {}", at.get(11..16).unwrap_or_default()) } else { date(&at) }
}

fn people(model: &Model, wide: usize, out: &mut Rows) {
    let (user, host) = (model.environment.user(), model.environment.host());
    let armed = |on: bool| if on { ", ARMED" } else { "" };
    let mut pieces = vec![format!("{user} {host} (you){}", armed(model.is_armed()))];
    pieces.extend(model.people.iter().map(|p| person(model, p)));
    packed("PEOPLE", pieces, K::People, wide, out);
}

/// `ito bastion-2 on board, checkout@eu-1, last key 2m ago`
fn person(model: &Model, p: &Present) -> String {
    let key = p.here.last_key.map(|at| format!(", last key {} ago", age::coarse(model.utc().since(at))));
    let doing = p.doing();
    let armed = if p.here.armed { "" } else { ", look-only" };
    format!("{} {} {doing}{armed}{}", p.called(&model.environment.who), p.host, key.unwrap_or_default())
}

fn tasks(model: &Model, head: &str, all: &Tasks, keep: Keep, wide: usize, out: &mut Rows) {
    let mut open = all.open();
    // What is due first stands first; what has no date last.
    open.sort_by_key(|t| t.words().map(|w| w.due.clone().unwrap_or_else(|| "9".into())));
    let n = open.len();
    for (i, t) in open.into_iter().take(MOST).enumerate() {
        let more = if i + 1 == MOST && n > MOST { format!("  (+{} more)", n - MOST) } else { String::new() };
        let line = headed(if i == 0 { head } else { "" }).append(task(model, all, t)).text(more);
        out.flow(keep as u8, keep as u8, line, wide, HEAD);
    }
}

/// `#14 tests for hotfix v2.13.9, ito, due today`
fn task(model: &Model, all: &Tasks, t: &Task) -> Line {
    let Some(w) = t.words() else { return Line::new() };
    let owner = w.owner.as_ref().map(|o| format!(", {o}")).unwrap_or_else(|| ", no owner".into());
    let line = Line::new().text(format!("#{} {}{owner}", all.label(t), w.text));
    let today = model.utc().rfc3339();
    let today = today.get(..10).unwrap_or_default();
    match w.due.as_deref() {
        None => line,
        Some(d) if d == today => line.text(", ").add(Role::Warn, "due today"),
        Some(d) if d < today => line.text(", ").add(Role::Warn, format!("OVERDUE since {d}")),
        Some(d) => line.text(format!(", due {d}")),
    }
}

/// How many records, do they join, are they on disk, whose are they, what could not be read.
fn log(model: &Model, wide: usize, out: &mut Rows) {
    let line = headed("LOG").text(format!("{} records of ours", model.log.records));
    let line = match chronicle::joins(model.chronicle.oldest_first(), &model.log.session) {
        Ok(0 | 1) => line,
        // Of those in memory; the files are for `andon log verify`.
        Ok(_) => line.text(", links hold"),
        Err(seq) => line.text(", ").add(Role::Bad, format!("chain BROKEN at rec {seq}")),
    };
    let line = match (&model.log.failed, model.log.late.len()) {
        (Some(_), _) => line.text(", ").add(Role::Bad, "NOT WRITABLE"),
        (None, 0) => match model.log.on_disk {
            Some(at) => line.text(format!(", on disk {} ago", age::coarse(model.utc().since(at)))),
            None => line,
        },
        (None, n) => line.text(", ").add(Role::Bad, format!("{n} not on disk")),
    };
    let line = if model.log.mine_only { line.text(", ").add(Role::Warn, "log: mine only") } else { line };
    out.flow(K::Log as u8, K::Log as u8, line.text("  ").add(Role::Key, ":log").text(" browses"), wide, HEAD);
    let n = model.log.unread.len();
    for (i, (file, why)) in model.log.unread.iter().take(MOST).enumerate() {
        let more = if i + 1 == MOST && n > MOST { format!("  (+{} more)", n - MOST) } else { String::new() };
        let line = headed(if i == 0 { "UNREAD" } else { "" }).add(Role::Warn, file).text(format!(" {why}{more}"));
        out.flow(K::Unread as u8, K::Unread as u8, line, wide, HEAD);
    }
}

/// The newest ones, filling what is left.
fn records(model: &Model, tall: usize, out: &mut Rows) {
    out.may(K::Rule as u8, Line::rule());
    let listed = listing::records(model);
    if listed.is_empty() {
        let filtered = listing::words(model, Listing::Records).is_some();
        let text = if filtered { " no record answers to the filter" } else { " nothing is recorded yet" };
        out.may(K::Newest as u8, Line::new().text(text));
        return;
    }
    let room = tall.saturating_sub(out.len()).max(NEWEST);
    let at = listed.iter().enumerate().position(|(n, r)| browser::is_chosen(model, r, n)).unwrap_or(0);
    let w = Window::counted(listed.len(), at, room);
    for (n, r) in listed.iter().enumerate().skip(w.first).take(w.shown) {
        let keep = match n {
            _ if n == at => K::Never,
            _ if n.abs_diff(at) < NEWEST => K::Newest,
            _ => K::Records,
        };
        out.may(keep as u8, browser::line(r, n == at, model.utc()).pick(Picked::Record(r.key())));
    }
    if let Some(words) = w.words() {
        out.may(K::Records as u8, Line::new().text(format!("  -- {words} --")));
    }
}
