//! What changed beside how it felt: deploys, flags, config, alerts, acts, notes, incidents, newest first, with the failures
//! of candidate and stable at that moment where they are known; and which change is suspected, with the reason. A reading
//! of the model.

use crate::core::age;
use crate::core::alerts;
use crate::core::id::ServiceId;
use crate::core::judge::verdict::{BLOCK_SECS, Block, Word};
use crate::core::model::Model;
use crate::core::record::Record;
use crate::core::time::Utc;
use crate::core::words;
use crate::core::world::beside::{ChangeKind, Changed};
use crate::core::world::figures::Counts;
use crate::core::world::target::TargetState;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines kept; the log has the rest.
const MOST: usize = 300;
/// A change is suspected when it came at most so long before the first bad signal. Milliseconds.
const SUSPECT_MS: i64 = 2 * 3_600_000;
/// A change may be recorded a little after what it did. Milliseconds.
const LATE_MS: i64 = 30_000;
/// History is read for so long after an opening. Milliseconds.
const OPENING_MS: i64 = 15_000;
/// A session's first records.
const OPENING_SEQ: u64 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A deploy, a flag, config, a migration: somebody changed something.
    Change,
    Alert,
    /// A verdict or a burn changed its word.
    Feel,
    /// Somebody did something here.
    Act,
    Note,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which one it is, for the selection; the same as long as it is listed.
    pub key: Arc<str>,
    pub at: Utc,
    pub what: What,
    /// As it stands in the row, not yet through the gate.
    pub text: String,
    pub service: Option<ServiceId>,
    /// It went to everybody at once.
    pub at_once: bool,
    /// Shares that failed in the block of that moment: candidate, stable. Outer `None`: nothing is known of it.
    pub fails: Option<(Option<f64>, Option<f64>)>,
}

fn change_text(c: &Changed) -> String {
    let by = if c.by.is_empty() { String::new() } else { format!(" by {}", c.by) };
    format!("{} {}{by}", c.kind.word().to_uppercase(), c.what)
}

/// Newest first, without the line of now.
pub fn lines(model: &Model) -> Vec<Line> {
    let now = model.utc();
    let mut out: Vec<Line> = Vec::new();
    let told = model.world.changed.iter().flat_map(|(s, all)| all.iter().map(move |c| (s, c)));
    for (source, c) in told.filter(|(_, c)| c.at <= now) {
        out.push(line(
            model,
            format!("change {source} {}", c.id),
            c.at,
            What::Change,
            change_text(c),
            c.service.clone(),
            c.at_once,
        ));
    }
    // A rollout that no source of changes tells of is known by itself.
    for t in model.world.targets.values().filter(|t| t.is_moving()) {
        let Some(at) = t.started.filter(|at| *at <= now) else { continue };
        let known = |c: &Changed| {
            let near = (c.at.0 - at.0).abs() < 120_000;
            c.kind == ChangeKind::Deploy && c.service.as_ref() == Some(&t.service) && near
        };
        if model.world.changed.values().flatten().any(known) {
            continue;
        }
        let version = t.candidate.as_ref().map(|h| t.called(h)).unwrap_or_default();
        let text = format!("DEPLOY {version} {}", t.track());
        out.push(line(model, format!("deploy {}", t.id.at()), at, What::Change, text, Some(t.service.clone()), false));
    }
    for f in model.alerts.newest_first().filter(|f| !f.shown.is_empty()).take(MOST) {
        let firing = f.firing().count();
        let text = match (firing, &f.by) {
            (0, _) => f.words(),
            (1, alerts::By::Alone { .. }) if f.reports() > 0 => format!("REPORT {}", f.title()),
            (1, alerts::By::Alone { .. }) => f.words(),
            (n, _) => format!("{n} ALERT{} folded: {}", if n == 1 { "" } else { "S" }, names(f)),
        };
        let service = f.services().first().map(|s| (*s).clone());
        out.push(line(model, format!("fold {}", f.key()), f.since(), What::Alert, text, service, false));
    }
    let opened = openings(model);
    for r in model.chronicle.newest_first().take(MOST) {
        if is_opening(&opened, r) {
            continue;
        }
        if let Some(l) = of_record(model, r).filter(|l| l.at <= now) {
            out.push(l);
        }
    }
    out.sort_by(|a, b| (b.at, a.what, &a.key).cmp(&(a.at, b.what, &b.key)));
    out.truncate(MOST);
    out
}

/// `CheckoutErrors, LoginFail`
fn names(f: &alerts::Fold) -> String {
    let mut out: Vec<&str> = Vec::new();
    for o in f.firing() {
        if !out.contains(&&*o.alert.name) {
            out.push(&o.alert.name);
        }
    }
    out.join(", ")
}

fn line(
    model: &Model,
    key: String,
    at: Utc,
    what: What,
    text: String,
    service: Option<ServiceId>,
    at_once: bool,
) -> Line {
    let fails = service.as_ref().and_then(|s| fails(model, s, at));
    Line { key: key.into(), at, what, text, service, at_once, fails }
}

/// When each session opened, as far as its first records are held. What a console finds at its opening, and says anew while
/// history is read, is no change; what is bad then is worth its line.
fn openings(model: &Model) -> BTreeMap<&str, Utc> {
    let mut out = BTreeMap::new();
    for r in model.chronicle.newest_first().filter(|r| r.seq <= OPENING_SEQ) {
        if let Some(at) = Utc::read(r.when()) {
            out.entry(&*r.session).and_modify(|o: &mut Utc| *o = (*o).min(at)).or_insert(at);
        }
    }
    if !model.log.session.is_empty() {
        out.insert(&model.log.session, model.started.utc);
    }
    out
}

fn is_opening(opened: &BTreeMap<&str, Utc>, r: &Record) -> bool {
    let bad = matches!(r.data["word"].as_str(), Some("WORSE" | "HIGHER"));
    let at = || Utc::read(r.when()).zip(opened.get(&*r.session));
    r.kind == "verdict" && !bad && at().is_some_and(|(at, o)| at.since(*o) < OPENING_MS)
}

/// What a record tells here. Requests on their way, and what stands elsewhere on this screen, are left out.
fn of_record(model: &Model, r: &Record) -> Option<Line> {
    let what = match r.kind.as_str() {
        "intent" | "settled" | "stuck" | "undone" | "refused" | "unknown" | "frozen" | "thawed" | "loose" => What::Act,
        "acknowledged" | "silenced" | "woken" | "told" | "revoked" | "flagged" | "lead" | "decision" => What::Act,
        "incident-opened" | "incident-changed" | "incident-closed" => What::Act,
        "note" => What::Note,
        "verdict" | "burn" => What::Feel,
        _ => return None,
    };
    // Of a side act the record of its own kind tells more than its request.
    let side = r.data["subject"].is_string();
    if side && matches!(r.kind.as_str(), "intent" | "settled") {
        return None;
    }
    if what == What::Feel && r.data["first"] == true {
        return None;
    }
    let at = Utc::read(r.when())?;
    let service = r.data["service"].as_str().map(ServiceId::new);
    let service = service.or_else(|| {
        let id = r.target_id()?;
        model.world.targets.get(&id).map(|t| t.service.clone())
    });
    let text = words::told(r);
    Some(line(model, format!("record {} {}", r.session, r.seq), at, what, text, service, false))
}

/// Keys in the order of the screen, the line of now first.
pub fn keys(model: &Model) -> Vec<Arc<str>> {
    std::iter::once(Arc::from("now")).chain(lines(model).into_iter().map(|l| l.key)).collect()
}

/// The target of a service that is judged.
fn judged<'m>(
    model: &'m Model,
    service: &'m ServiceId,
) -> Option<(&'m TargetState, &'m crate::core::judge::judged::Judged)> {
    model.world.targets_of(service).find_map(|t| Some((t, model.judged.get(&t.id)?)))
}

fn share(c: Option<Counts>) -> Option<f64> {
    c.filter(|c| c.total > 0.0).map(|c| c.failed / c.total)
}

/// What failed in the block of a moment.
fn fails(model: &Model, service: &ServiceId, at: Utc) -> Option<(Option<f64>, Option<f64>)> {
    let (_, j) = judged(model, service)?;
    let edge = at.secs().div_euclid(BLOCK_SECS) * BLOCK_SECS;
    let block: &Block = j.judge.blocks().rev().find(|b| b.start <= edge)?;
    // The newest settled block stands for now; an older one for nothing.
    (edge - block.start <= 4 * BLOCK_SECS).then(|| (share(block.candidate), share(block.stable)))
}

/// What fails now, for the line of now.
pub fn now_fails(model: &Model, service: &ServiceId) -> Option<(Option<f64>, Option<f64>)> {
    fails(model, service, model.utc())
}

/// The first bad signal about a service that still stands: a page, a ticket, a report, a verdict, a burn.
pub fn first_bad(model: &Model, service: &ServiceId) -> Option<Utc> {
    let alert = model.alerts.of(service).filter(|f| f.is_bad()).map(alerts::Fold::since).min();
    let verdict = judged(model, service).and_then(|(_, j)| j.verdict.latched.map(|l| l.first));
    let burn = model.casebook.signals.since(service.as_str()).map(|k| k.at);
    alert.into_iter().chain(verdict).chain(burn).min()
}

#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    pub title: String,
    pub why: String,
    score: u32,
    at: Utc,
}

/// Changes that may be what hurts the service, the likeliest first, each with its reason; then those that came near it and
/// speak against themselves.
pub fn suspects(model: &Model, service: &ServiceId) -> Vec<Suspect> {
    let Some(bad) = first_bad(model, service) else { return Vec::new() };
    let now = model.utc();
    let mut out: Vec<Suspect> = Vec::new();
    for l in lines(model).iter().filter(|l| l.what == What::Change) {
        let before = bad.since(l.at);
        if !(-LATE_MS..=SUSPECT_MS).contains(&before) {
            continue;
        }
        let same = l.service.as_ref() == Some(service);
        let mut why = vec![match before {
            b if b < 0 => format!("{} after the first bad signal", age::rough(-b)),
            b => format!("{} before the first bad signal", near(b)),
        }];
        let mut score = 100_u32.saturating_sub(u32::try_from(before.max(0) / 60_000).unwrap_or(100));
        match &l.service {
            Some(_) if same => {
                score += 200;
                why.push("same service".into());
                if candidate_only(model, service) && l.text.starts_with("DEPLOY") {
                    score += 200;
                    why.push("candidate only".into());
                }
            }
            Some(other) => {
                let loud = first_bad(model, other).is_some();
                why.push(if loud {
                    format!("{other}, which hurts too")
                } else {
                    format!("{other}, no bad signal there")
                });
                score += if loud { 50 } else { 0 };
            }
            None => why.push("belongs to no service".into()),
        }
        if l.at_once {
            score += 40;
            why.push("100% at once".into());
        }
        out.push(Suspect { title: l.text.clone(), why: why.join(", "), score, at: l.at.min(now) });
    }
    out.sort_by(|a, b| (b.score, b.at, &a.title).cmp(&(a.score, a.at, &b.title)));
    out
}

/// Seconds where they matter.
fn near(ms: i64) -> String {
    if ms < 120_000 { format!("{} s", ms / 1_000) } else { age::rough(ms) }
}

/// The new version is surely worse while the old one, at the same time, is not.
fn candidate_only(model: &Model, service: &ServiceId) -> bool {
    judged(model, service).is_some_and(|(_, j)| matches!(j.verdict.word, Word::Worse | Word::Higher))
}

/// What was known of a service at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Then {
    /// The verdict's words in the newest record before it. `None`: none had been written.
    pub verdict: Option<String>,
    pub fails: Option<(Option<f64>, Option<f64>)>,
    /// Alerts of it that fired then, of those that are still told.
    pub alerts: usize,
    /// The last change before it, of any service.
    pub changed: Option<String>,
    /// The last act before it.
    pub act: Option<String>,
}

/// Read from the log and the blocks: nothing is judged anew.
pub fn then(model: &Model, service: &ServiceId, at: Utc) -> Then {
    let all = lines(model);
    let before =
        |what: What| all.iter().find(|l| l.what == what && l.at <= at).map(|l| format!("{}  {}", l.at.hms(), l.text));
    let about = |r: &&Record| {
        let target = r.target_id().and_then(|id| model.world.targets.get(&id).map(|t| t.service == *service));
        r.kind == "verdict" && target == Some(true) && Utc::read(r.when()).is_some_and(|t| t <= at)
    };
    let fired = model.world.alerts.values().flat_map(|a| &a.all).filter(|a| {
        let open = a.firing || a.ended.is_some_and(|e| e > at);
        a.service.as_ref() == Some(service) && a.since <= at && open
    });
    Then {
        verdict: model.chronicle.newest_first().find(about).and_then(|r| r.data["words"].as_str().map(str::to_owned)),
        fails: fails(model, service, at),
        alerts: fired.count(),
        changed: before(What::Change),
        act: before(What::Act),
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
