//! An act under way and how it ended, as lines. A request that was accepted has done nothing yet, and the words say so.

use super::figures;
use super::line::{Line, Rows, wrap};
use crate::config::theme::Role;
use crate::core::act::flight::{Act, State, Trouble};
use crate::core::act::hand;
use crate::core::act::plan::Verb;
use crate::core::act::stuck::{self, Lever};
use crate::core::age;
use crate::core::finish;
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::ui::motion;

/// Results are shown this long after the end, unless somebody took the act back.
const SHOWN_MS: i64 = 15 * 60_000;
/// The same on screens that tell nothing else of acts.
const STRIP_MS: i64 = 60_000;
/// From the first bad signal to settled: the target of the product.
const TARGET_MS: i64 = 5 * 60_000;

/// The act that this target's card is about now: under way, or ended not long ago.
pub fn current<'m>(model: &'m Model, target: &crate::core::id::TargetId) -> Option<&'m Act> {
    let act = model.last_act(target)?;
    let recent = act.ended.is_none_or(|e| model.now.person.0 - e.person.0 <= SHOWN_MS);
    match act.state {
        // What never left is told by its dialog and by a notice.
        State::Dropped(_) | State::Overtaken => None,
        State::Undone(_) => Some(act),
        State::Preparing
        | State::NeedsName
        | State::Waiting
        | State::Logging
        | State::Sending
        | State::Accepted
        | State::Seen
        | State::Settled
        | State::Stuck(_)
        | State::Refused(_)
        | State::Unknown(_)
        | State::NotDone(_) => recent.then_some(act),
    }
}

fn version(act: &Act, h: &Option<crate::core::id::Hash>) -> String {
    h.as_ref().map_or_else(|| "the old version".into(), |h| act.seen.called(h).to_string())
}

/// `checkout@eu-1 to v2.14.0`
fn about(act: &Act) -> String {
    let at = act.target().at();
    if act.plan.from == act.plan.to { at } else { format!("{at} to {}", version(act, &act.plan.to)) }
}

/// The one sentence: what is under way, or how it ended. With its role.
pub fn sentence(model: &Model, act: &Act) -> (Role, String, String) {
    let took = act.ended.map(|e| age::span(e.utc.since(act.begun.utc))).unwrap_or_default();
    match &act.state {
        State::Settled => {
            let line = match act.plan.operation.verb {
                Verb::RollBack => format!(
                    " {} runs {}{}, settled after {took}.{}",
                    act.target().at(),
                    version(act, &act.plan.to),
                    ready_of(model, act),
                    stopwatch(act)
                ),
                Verb::Hold
                | Verb::Resume
                | Verb::Promote
                | Verb::PromoteFull
                | Verb::SkipStep
                | Verb::Retry
                | Verb::Rerun
                | Verb::Terminate
                | Verb::Restart => format!(" {}, settled after {took}.", act.target().at()),
            };
            (Role::Better, act.done_word().into(), line)
        }
        State::Stuck(why) => {
            (Role::Bad, "STUCK".into(), format!(" {} {} because {why}", act.doing().to_lowercase(), about(act)))
        }
        State::Refused(r) => {
            let status = r.status.map(|s| format!(" ({s})")).unwrap_or_default();
            (
                Role::Bad,
                "REFUSED".into(),
                format!(" {} {}{status}: {}", act.plan.operation.verb.word(), about(act), r.why),
            )
        }
        State::Unknown(why) => (
            Role::Bad,
            "OUTCOME UNKNOWN".into(),
            format!(" {} {}: {why}; reading it back, it is not sent again", act.plan.operation.verb.word(), about(act)),
        ),
        State::NotDone(why) => {
            (Role::Warn, "NOT DONE".into(), format!(" {} {}: {why}", act.plan.operation.verb.word(), about(act)))
        }
        State::Undone(by) => (
            Role::Bad,
            "UNDONE".into(),
            format!(" {} {}: {}", act.plan.operation.verb.word(), about(act), hand::taken_back(by)),
        ),
        State::Preparing | State::Logging => {
            (Role::Moving, act.doing().into(), format!(" {}: intent to disk, target read again", about(act)))
        }
        State::NeedsName => (Role::Warn, act.doing().into(), format!(" {}: waits for the name", about(act))),
        State::Waiting | State::Sending | State::Accepted | State::Seen => {
            (Role::Moving, act.doing().into(), format!(" {}", about(act)))
        }
        State::Overtaken => (Role::Moving, "OVERTAKEN".into(), format!(" {} by a backward act", about(act))),
        State::Dropped(why) => (Role::Moving, "NOT SENT".into(), format!(" {}: {why}", about(act))),
    }
}

/// ` on 20 of 20`
fn ready_of(model: &Model, act: &Act) -> String {
    let state = model.world.targets.get(act.target());
    let revision = state.and_then(|s| s.revision(act.plan.to.as_ref()?));
    match (state, revision) {
        (Some(s), Some(r)) => format!(" on {} of {}", r.replicas.ready, s.wanted),
        _ => String::new(),
    }
}

fn stopwatch(act: &Act) -> String {
    match (act.bad_since, act.ended) {
        (Some(bad), Some(end)) => {
            format!(" Bad signal to settled {} (target {}).", age::stopwatch(end.utc.since(bad)), age::rough(TARGET_MS))
        }
        _ => String::new(),
    }
}

/// On screens that tell nothing of acts: the newest that is under way, or how the newest ended a moment ago.
pub fn strip(model: &Model) -> Option<Line> {
    let told = |a: &&Act| !matches!(a.state, State::Dropped(_) | State::Overtaken);
    let ended = |a: &Act| a.ended.is_some_and(|e| model.now.person.0 - e.person.0 <= STRIP_MS);
    let mut under_way = model.acts_in_flight().filter(told);
    let (act, more) = match under_way.next() {
        Some(act) => (act, under_way.count()),
        None => (model.acts.values().rev().find(told).filter(|a| ended(a))?, 0),
    };
    let (role, badge, rest) = sentence(model, act);
    let clock = if act.is_over() { String::new() } else { running(model, act) };
    let more = if more > 0 { format!("   +{more} more") } else { String::new() };
    Some(Line::of(role, badge).text(rest).end(Role::Text, format!("{clock}{more}")))
}

/// Where the act is, in the words of principle 4.
fn stage(act: &Act) -> String {
    let of = act.plan.steps.len();
    let step = if of > 1 { format!("step {} of {of}: ", act.step + 1) } else { String::new() };
    let word = match &act.state {
        State::Preparing | State::Logging => "intent on its way to disk",
        State::NeedsName => "the name is asked for",
        State::Waiting => "waits for the step before to show",
        State::Sending => "sent, no answer yet",
        State::Accepted => "accepted: stored as a wish, no effect seen yet",
        State::Seen => "seen: the server reacts",
        State::Settled => "settled",
        State::Stuck(_) => "stuck",
        State::Refused(_) => "refused",
        State::Unknown(_) => "outcome unknown",
        State::NotDone(_) => "not done",
        State::Undone(_) => "undone",
        State::Overtaken => "overtaken",
        State::Dropped(_) => "not sent",
    };
    format!("{step}{word}")
}

/// The block that stands in place of what can be done, while an act runs; and its end.
pub fn block(model: &Model, act: &Act, wide: usize) -> Rows {
    let mut rows = Rows::new();
    let (role, badge, rest) = sentence(model, act);
    let clock = if act.is_over() { String::new() } else { running(model, act) };
    let room = wide.saturating_sub(clock.len() + 2).max(20);
    let first = badge.len();
    let text = format!("{}{rest}", " ".repeat(first));
    let mut parts = wrap_keeping(&text, first, room);
    let head = Line::of(role, &badge).text(parts.remove(0)).end(Role::Text, clock);
    rows.keep(head);
    for p in parts {
        rows.may(1, Line::new().text(format!("  {p}")));
    }
    if act.is_over() {
        for line in next(model, act) {
            rows.flow(3, 19, line, wide, 3);
        }
        return rows;
    }
    if !matches!(act.state, State::Stuck(_) | State::Unknown(_)) {
        rows.may(2, Line::new().text(format!(" {}", stage(act))));
    }
    let n = act.timeline.len();
    for (i, l) in act.timeline.iter().enumerate() {
        // Older lines go first when there is no room.
        let drop = 20 + u8::try_from(n - i).unwrap_or(200).min(200);
        rows.may(drop, Line::new().text(format!(" {} {}", clock_ms(l.at), l.text)));
    }
    if let Some(left) = draining(model, act) {
        rows.flow(4, 21, left, wide, 3);
    }
    if let Some(step) = act.current().filter(|_| !act.is_over()) {
        rows.flow(5, 22, Line::new().text(format!(" settled when {}", step.done_words)), wide, 3);
    }
    for line in next(model, act) {
        rows.flow(3, 19, line, wide, 3);
    }
    rows
}

/// `first` columns are taken by a badge that is drawn by itself.
fn wrap_keeping(text: &str, first: usize, room: usize) -> Vec<String> {
    let marked: String = text.chars().skip(first).collect();
    let lead = room.saturating_sub(first).max(8);
    let mut lines = wrap(marked.trim_start(), lead);
    let head = format!(" {}", lines.remove(0));
    let rest = lines.join(" ");
    let mut out = vec![head];
    if !rest.is_empty() {
        out.extend(wrap(&rest, room));
    }
    out
}

/// `0m41 of about 2m   stuck at 03:21:49`
fn running(model: &Model, act: &Act) -> String {
    let gone = motion::stopwatch(model, model.now.utc.since(act.begun.utc));
    match act.expected_ms {
        Some(ms) => format!("{gone} of about {}", age::rough(ms)),
        None => gone,
    }
}

/// `03:15:49.120`
fn clock_ms(at: Utc) -> String {
    format!("{}.{:03}", at.hms(), at.0.rem_euclid(1000))
}

/// Pods still to go, and what users feel meanwhile.
fn draining(model: &Model, act: &Act) -> Option<Line> {
    if act.is_over() || act.plan.from == act.plan.to {
        return None;
    }
    let state = model.world.targets.get(act.target())?;
    let from = act.plan.from.as_ref()?;
    if model.replay.is_some() {
        // No record counts pods on their way.
        return None;
    }
    let left = state.existing_of(from);
    let failing = model
        .judged
        .get(act.target())
        .map(|j| format!("   canary {}, {}", figures::rate(j.verdict.candidate), figures::figures_age(model, state).1));
    let weight = state.weight_real.map(|w| format!(", {w}% of traffic")).unwrap_or_default();
    Some(Line::new().text(format!(
        " {left} pods of {} left{weight}{}",
        state.called(from),
        failing.unwrap_or_default()
    )))
}

/// What comes next if it does not go on by itself: the lever, and what helps beside a key.
fn next(model: &Model, act: &Act) -> Vec<Line> {
    let t = model.world.targets.get(act.target());
    let lever = |head: &str, l: &Lever| {
        let key = model.keymap.shown(l.intent)?;
        Some(Line::new().text(head).add(Role::Key, key).text(format!(" {}", l.words)))
    };
    if let Some(by) = act.stuck_at() {
        let at = Utc(model.now.utc.0 + (by.0 - model.now.world.0)).hms();
        let head = format!(" next if stuck at {at}: ");
        let line = stuck::next(act, t).filter(|_| model.replay.is_none()).and_then(|l| lever(&head, &l));
        return vec![line.unwrap_or_else(|| Line::new().text(format!(" called stuck at {at}")))];
    }
    let Some(trouble) = act.trouble() else { return Vec::new() };
    if model.replay.is_some() {
        return Vec::new();
    }
    match trouble {
        Trouble::Stuck(_) => {
            let found = stuck::of(act, &model.world, model.now.utc);
            let key = found.lever.as_ref().and_then(|l| lever(" next lever: ", l));
            let helps = found.helps.map(|h| Line::new().text(format!(" what helps: {h}")));
            key.into_iter().chain(helps).collect()
        }
        Trouble::Unknown(_) => vec![Line::new().text(format!(" read back {} times so far", act.reads))],
        Trouble::TakenBack(_) | Trouble::Undone(_) => {
            let again =
                Lever { intent: finish::intent(act.plan.operation.verb), words: "again, by what fits now".into() };
            lever(" next lever: ", &again).into_iter().collect()
        }
    }
}

/// Errors now against before, for the wide screens.
pub fn rate_words(c: crate::core::judge::verdict::Counts) -> String {
    if c.total > 0.0 { words::percent(c.failed / c.total) } else { "--".into() }
}
