//! The other consoles on this log: who is in and on what, what they have under way, what an ended one left open; and what
//! our own live file says.

use super::{bump, loosen, records};
use crate::core::act::dialog::Dialog;
use crate::core::board;
use crate::core::case::others::{self, Elsewhere};
use crate::core::case::people::{Follows, Here, OpenDialog, Present, Told, consoles_before};
use crate::core::effect::Effect;
use crate::core::entry::{Entry, Kind};
use crate::core::model::{LogLine, Model};
use crate::core::msg::Unfinished;
use crate::core::record::Record;
use crate::core::time::{Person, Utc};
use std::sync::Arc;

/// An ended session's act is read back by the first console; should that one be stopped or stuck, the next takes it this
/// much later. Milliseconds.
const NEXT_AFTER: i64 = 30_000;
/// Targets of a dialog that the live file names.
const NAMED: usize = 32;

pub(super) fn people(model: &mut Model, people: Vec<Present>) {
    if model.people == people {
        return;
    }
    let now = model.now.utc;
    let was = std::mem::replace(&mut model.people, people);
    let is = |list: &[Present], session: &str| list.iter().any(|p| *p.session == *session);
    let who = model.environment.who.clone();
    let came: Vec<String> = model
        .people
        .iter()
        .filter(|p| !is(&was, &p.session) && !model.log.session.is_empty())
        .map(|p| format!("{} is in, from {}", p.called(&who), p.host))
        .collect();
    let gone: Vec<String> = was
        .iter()
        .filter(|p| !is(&model.people, &p.session))
        .map(|p| match model.others.has_closed(&p.session) {
            true => format!("{} has left", p.called(&who)),
            false => format!("{} is gone: the console ended without a word", p.called(&who)),
        })
        .collect();
    for text in came.into_iter().chain(gone) {
        said(model, now, text.clone());
        // Who comes and goes never takes the place of something else.
        if model.notice.is_none() {
            model.tell(text);
        }
    }
    orphaned(model);
    nobody_else(model);
    bump(model);
}

pub(super) fn follows(model: &mut Model, follows: Follows) {
    if follows.skipped > model.log.follows.skipped {
        let more = follows.skipped - model.log.follows.skipped;
        let text = format!("{more} observations of others came too fast to be shown; they are in the log");
        said(model, model.now.utc, text);
    }
    model.log.follows = follows;
    bump(model);
}

fn said(model: &mut Model, at: Utc, text: impl Into<Arc<str>>) {
    model.log.lines.push_back(LogLine { at, text: text.into(), who: "".into() });
    if model.log.lines.len() > 200 {
        model.log.lines.pop_front();
    }
    super::panes::logged(model);
}

/// Records that are on disk: what others did shows, and what they have under way is known.
pub(super) fn records(model: &mut Model, records: &[Record]) {
    let own = model.log.session.clone();
    for r in records.iter().filter(|r| !own.is_empty() && *r.session != *own) {
        model.others.take(r);
        super::facts::acknowledged_elsewhere(model, r);
        if r.kind == "resolved"
            && let Some((session, ticket)) = others::about(r)
        {
            settled_elsewhere(model, r, session, ticket);
        }
        if let Some(text) = line(r) {
            let at = Utc::read(r.when()).unwrap_or(model.now.utc);
            let text = format!("{}: {text}", r.who());
            // Read back at the opening already.
            if !model.log.lines.iter().any(|l| l.at == at && *l.text == *text) {
                said(model, at, text);
            }
        }
    }
    orphaned(model);
    nobody_else(model);
}

/// What others saw we see ourselves; what they did is told.
pub(super) fn line(r: &Record) -> Option<String> {
    let kind = Kind::from_word(&r.kind).filter(|k| !k.is_observation())?;
    let entry = Entry { kind, at: Utc::default(), incident: None, target: r.target_id(), data: r.data.clone() };
    records::strip(&entry)
}

/// Another console was quicker: what it found is found.
fn settled_elsewhere(model: &mut Model, r: &Record, session: &str, ticket: Option<u64>) {
    let target = r.target_id();
    let found = r.data.get("found").and_then(serde_json::Value::as_str).unwrap_or("no word");
    let words: Arc<str> = format!("{found}, read back by {}", r.who()).into();
    for l in model.loose.iter_mut().filter(|l| l.found.is_none() && *l.session == *session) {
        if ticket.is_none_or(|t| t == l.ticket) && (ticket.is_some() || l.target == target) {
            l.found = Some(words.clone());
            l.next = None;
            l.closed = true;
        }
    }
}

/// What was left open by ended sessions, as found at our opening.
pub(super) fn recovered(model: &mut Model, unfinished: Vec<Unfinished>, in_flight: Vec<Elsewhere>) {
    let others = consoles_before(&model.people, &model.log.session) > 0 && !model.log.session.is_empty();
    for u in unfinished {
        if others {
            // Somebody who was here before us has found it as well, and reads it back.
            model.others.begin(Elsewhere {
                session: u.session,
                ticket: u.ticket,
                target: u.target,
                since: u.at,
                verb: u.words,
                cut: u.cut,
                plan: u.verb,
                to: u.to,
                by: u.by,
                cord: u.cord,
                side: u.side,
                ended: Some(model.now.person),
                ..Elsewhere::default()
            });
        } else {
            loosen(model, u);
        }
    }
    for act in in_flight {
        let known = model.others.acts.iter().any(|a| a.session == act.session && a.ticket == act.ticket);
        if !known {
            model.others.begin(act);
        }
    }
    orphaned(model);
    nobody_else(model);
}

/// Acts of sessions that have ended.
fn orphaned(model: &mut Model) {
    let now = model.now.person;
    for a in model.others.acts.iter_mut().filter(|a| a.ended.is_none()) {
        if !model.people.iter().any(|p| p.session == a.session) {
            a.ended = Some(now);
        }
    }
}

/// When an orphaned act is ours to read back.
fn due(model: &Model, ended: Person) -> Person {
    let before = i64::try_from(consoles_before(&model.people, &model.log.session)).unwrap_or(i64::MAX);
    Person(ended.0.saturating_add(before.saturating_mul(NEXT_AFTER)))
}

/// The next moment at which one becomes ours.
pub(super) fn next(model: &Model) -> Option<Person> {
    model.others.acts.iter().filter_map(|a| a.ended).map(|ended| due(model, ended)).min()
}

/// What an ended session left open and nobody before us reads back: it is ours.
pub(super) fn nobody_else(model: &mut Model) {
    let now = model.now.person;
    if model.others.acts.iter().all(|a| a.ended.is_none()) {
        return;
    }
    let acts = std::mem::take(&mut model.others.acts);
    let (mine, rest) = acts.into_iter().partition(|a| a.ended.is_some_and(|ended| due(model, ended) <= now));
    model.others.acts = rest;
    let mine: Vec<Elsewhere> = mine;
    for a in mine {
        let words = if a.who.is_empty() { a.verb.clone() } else { a.left().into() };
        let left = Unfinished {
            cut: a.cut(),
            session: a.session,
            ticket: a.ticket,
            at: a.since,
            target: a.target,
            words,
            verb: a.plan,
            to: a.to,
            by: a.by,
            cord: a.cord,
            side: a.side,
        };
        loosen(model, left);
        bump(model);
    }
}

/// What our live file says, where it changed: the one place it is told from. Costs nothing while nothing changes.
pub(super) fn here(model: &mut Model, out: &mut Vec<Effect>) {
    // No live file takes it: a drill, a test, a log that is not open yet.
    if !model.log.follows.on {
        return;
    }
    let typed = model.nav.keys_at[2];
    let minute = (model.now.utc.0 - (model.now.person.0 - typed.0)).div_euclid(60_000);
    let dialog = model.dialog.as_ref().map(|d| d.id);
    let armed = model.is_armed();
    let screen = model.nav.screen.word();
    let t = &model.told;
    let same = t.once && *t.screen == *screen && t.selected == model.nav.selected && t.dialog == dialog;
    if same && t.armed == armed && t.minute == minute && t.claimed == model.claim.name {
        return;
    }
    let selected = model.nav.selected.clone();
    let claimed = model.claim.name.clone();
    model.told = Told { screen: screen.into(), selected, dialog, armed, minute, claimed, once: true };
    let on = match board::selected_target(model) {
        Some(t) => Some(t.id.at().into()),
        None => model.nav.selected.as_ref().map(|s| s.0.clone()),
    };
    out.push(Effect::Here(Box::new(Here {
        screen: screen.into(),
        on,
        dialog: model.dialog.as_ref().and_then(open),
        armed,
        last_key: (typed.0 > 0).then_some(Utc(minute * 60_000)),
        claimed: model.claim.name.clone(),
    })));
}

fn open(dialog: &Dialog) -> Option<OpenDialog> {
    if let Some(m) = dialog.many() {
        let targets = m.going().take(NAMED).map(|l| l.operation.target.clone()).collect();
        return Some(OpenDialog { verb: m.whole.word().into(), targets });
    }
    let d = dialog.act()?;
    Some(OpenDialog { verb: d.operation.verb.word().into(), targets: vec![d.operation.target.clone()] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::effect::Question;
    use crate::core::judge::verdict::At;
    use crate::core::msg::{Msg, Recovered};
    use crate::core::world::fact::Fact;
    use crate::testkit::stories;
    use crate::testkit::world::World;
    use serde_json::{Value, json};

    const OWN: &str = "20261121T031407Z-mira-bastion2-7f3a";
    const ITO: &str = "20261121T031500Z-ito-bastion2-11aa";

    fn console(session: &str, user: &str) -> Present {
        let here = Here { screen: "board".into(), ..Here::default() };
        Present { session: session.into(), user: user.into(), host: "bastion-2".into(), here, ..Present::default() }
    }

    /// A console with a live file, on a log.
    fn here() -> World {
        let mut w = stories::worse();
        w.send(Msg::LogOpened { session: OWN.into() });
        w.send(Msg::Follows(Follows { on: true, ..Follows::default() }));
        w
    }

    fn record(w: &World, session: &str, user: &str, kind: &str, data: Value) -> Record {
        Record {
            session: session.into(),
            user: user.into(),
            kind: kind.into(),
            utc: w.now().rfc3339(),
            target: serde_json::to_value(w.target_id("checkout")).ok(),
            ticket: Some(7),
            data,
            ..Record::default()
        }
    }

    fn told(w: &mut World, msg: Msg) -> Vec<Here> {
        let before = w.effects.len();
        w.send(msg);
        let new = w.effects[before..].iter();
        new.filter_map(|e| if let Effect::Here(h) = e { Some((**h).clone()) } else { None }).collect()
    }

    fn asked(w: &World) -> usize {
        w.effects.iter().filter(|e| matches!(e, Effect::Ask { question: Question::Read(_), .. })).count()
    }

    fn drawn(w: &World) -> String {
        let b = w.draw(100, 30);
        let width = usize::from(b.area.width);
        b.content().chunks(width).map(|row| row.iter().map(|c| c.symbol()).collect::<String>() + "\n").collect()
    }

    #[test]
    fn our_live_file_is_told_what_changed_and_nothing_while_nothing_does() {
        let mut w = stories::worse();
        assert_eq!(told(&mut w, Msg::LogOpened { session: OWN.into() }), []);
        let first = told(&mut w, Msg::Follows(Follows { on: true, ..Follows::default() }));
        assert_eq!(first.len(), 1);
        assert_eq!((&*first[0].screen, first[0].on.as_deref()), ("verdict", Some("checkout@eu-1")));
        for _ in 0..100 {
            assert_eq!(told(&mut w, Msg::Tick), []);
        }
        w.effects.clear();
        w.keys("a r");
        let last = w.effects.iter().rev().find_map(|e| if let Effect::Here(h) = e { Some(h) } else { None });
        let dialog = last.and_then(|h| h.dialog.clone()).expect("the dialog is told");
        assert_eq!((&*dialog.verb, dialog.targets), ("roll back", vec![w.target_id("checkout")]));
        w.effects.clear();
        w.keys("esc");
        assert!(w.effects.iter().any(|e| matches!(e, Effect::Here(h) if h.dialog.is_none())));
    }

    #[test]
    fn a_dialog_open_elsewhere_and_an_act_in_flight_are_said_and_never_in_the_way() {
        let mut w = here();
        let mut ito = console(ITO, "ito");
        ito.here.dialog = Some(OpenDialog { verb: "roll back".into(), targets: vec![w.target_id("checkout")] });
        w.send(Msg::People(vec![ito.clone()]));
        w.keys("a r").wait(2_000);
        let screen = drawn(&w);
        assert!(screen.contains("(!) ito has a roll back dialog open on this target"), "{screen}");
        let dialog = w.model.dialog.as_ref().and_then(|d| d.act()).expect("open");
        assert_eq!(dialog.refused, None);
        w.keys("esc");
        let intent = record(&w, ITO, "ito", "intent", json!({"verb": "hold", "act": 1, "step": 1, "of": 1}));
        w.send(Msg::Records(vec![intent]));
        w.wait(12_000);
        let screen = drawn(&w);
        assert!(screen.contains("others   in flight, ito: hold, 0m12"), "{screen}");
        assert!(screen.contains("ito: hold checkout@eu-1: intent"), "{screen}");
        w.send(Msg::Records(vec![record(&w, ITO, "ito", "settled", json!({"verb": "hold", "took_ms": 900}))]));
        assert!(!drawn(&w).contains("in flight"));
    }

    #[test]
    fn what_an_ended_session_leaves_open_is_read_back_by_the_first_console_only() {
        for (own_is_first, other) in [(true, "2027"), (false, "2025")] {
            let mut w = here();
            let third = console(other, "kai");
            w.send(Msg::People(vec![console(ITO, "ito"), third.clone()]));
            let intent = record(&w, ITO, "ito", "intent", json!({"verb": "roll back", "act": 1, "step": 1, "of": 1}));
            w.send(Msg::Records(vec![intent]));
            let before = asked(&w);
            w.send(Msg::People(vec![third]));
            assert_eq!((w.model.loose.len(), asked(&w) - before), if own_is_first { (1, 1) } else { (0, 0) });
            if own_is_first {
                assert_eq!(&*w.model.loose[0].words, "roll back checkout@eu-1 by ito");
                continue;
            }
            // The first is stopped or stuck: the next one does it after a while.
            w.wait(29_000);
            assert_eq!(w.model.loose.len(), 0);
            w.wait(2_000);
            assert_eq!((w.model.loose.len(), asked(&w) - before), (1, 1));
        }
    }

    #[test]
    fn what_another_has_read_back_is_left_alone() {
        let mut w = here();
        w.send(Msg::People(vec![console("2025", "kai")]));
        let intent = |w: &World| record(w, ITO, "ito", "intent", json!({"verb": "hold", "act": 1}));
        w.send(Msg::Records(vec![intent(&w)]));
        assert_eq!((w.model.others.acts.len(), w.model.loose.len()), (1, 0), "its session was gone before we saw it");
        let of = json!({"session": ITO, "of": {"session": ITO, "ticket": 7}, "found": "Healthy"});
        w.send(Msg::Records(vec![record(&w, "2025", "kai", "resolved", of.clone())]));
        assert_eq!(w.model.others.acts.len(), 0);
        w.wait(120_000);
        assert_eq!(w.model.loose.len(), 0);
        // Both began to read: what the other found counts.
        let mut w = here();
        w.send(Msg::Records(vec![intent(&w)]));
        assert_eq!(w.model.loose.len(), 1);
        w.send(Msg::Records(vec![record(&w, "2025", "kai", "resolved", of)]));
        assert_eq!(w.model.loose[0].found.as_deref(), Some("Healthy, read back by kai"));
    }

    #[test]
    fn what_is_found_at_the_opening_is_the_first_consoles_as_well() {
        let unfinished = |w: &World| Unfinished {
            session: ITO.into(),
            ticket: 7,
            target: Some(w.target_id("checkout")),
            words: "hold checkout@eu-1 by ito".into(),
            ..Unfinished::default()
        };
        for (others, ours) in [(vec![], 1), (vec![console("2027", "kai")], 1), (vec![console("2025", "kai")], 0)] {
            let mut w = here();
            w.send(Msg::People(others));
            let unfinished = vec![unfinished(&w)];
            w.send(Msg::Recovered(Box::new(Recovered { unfinished, ..Recovered::default() })));
            assert_eq!(w.model.loose.len(), ours);
            w.wait(31_000);
            assert_eq!(w.model.loose.len(), 1, "nobody else did it");
            assert_eq!(&*w.model.loose[0].words, "hold checkout@eu-1 by ito");
        }
    }

    /// Whatever was asked of a source last is answered: nothing new.
    fn answer(w: &mut World) {
        let id =
            w.effects.iter().rev().find_map(|e| {
                if let Effect::Ask { id, question: Question::Read(_), .. } = e { Some(*id) } else { None }
            });
        w.send(Msg::Asked { id: id.expect("it is read back"), answer: Ok(Vec::new()) });
    }

    fn resolved(w: &World) -> usize {
        w.effects.iter().filter(|e| matches!(e, Effect::Append { entry, .. } if entry.kind == Kind::Resolved)).count()
    }

    #[test]
    fn a_plan_left_half_done_stays_so_when_the_next_console_takes_it_over() {
        let mut w = here();
        w.send(Msg::People(vec![console("2025", "kai")]));
        let to = w.model.world.targets.get(&w.target_id("checkout")).and_then(|t| t.stable.clone());
        let left = Unfinished {
            session: ITO.into(),
            ticket: 7,
            target: Some(w.target_id("checkout")),
            words: "roll back checkout@eu-1, stopped after 1 of 2 by ito".into(),
            cut: Some((1, 2)),
            verb: "roll back".into(),
            to: to.clone(),
            by: "ito".into(),
            ..Unfinished::default()
        };
        w.send(Msg::Recovered(Box::new(Recovered { unfinished: vec![left], ..Recovered::default() })));
        w.wait(31_000);
        answer(&mut w);
        let l = &w.model.loose[0];
        assert!(l.is_cut() && l.found.is_some(), "{l:?}");
        assert_eq!((l.cut, &*l.verb, &l.to, &*l.by), (Some((1, 2)), "roll back", &to, "ito"));
        assert_eq!(resolved(&w), 0, "the first console still asks whether to finish it");
        // The same of one that was in flight when we came, whose records we never saw.
        let mut w = here();
        let flying = Elsewhere {
            session: ITO.into(),
            ticket: 7,
            who: "ito".into(),
            by: "ito".into(),
            verb: "roll back".into(),
            plan: "roll back".into(),
            target: Some(w.target_id("checkout")),
            last: "seen".into(),
            step: (1, 2),
            ..Elsewhere::default()
        };
        w.send(Msg::Recovered(Box::new(Recovered { in_flight: vec![flying], ..Recovered::default() })));
        answer(&mut w);
        let l = &w.model.loose[0];
        assert_eq!((l.is_cut(), l.cut, &*l.verb, resolved(&w)), (true, Some((1, 2)), "roll back", 0));
    }

    #[test]
    fn what_another_console_acknowledged_is_acknowledged_here() {
        let mut w = here();
        let id = w.target_id("checkout");
        let (candidate, look) = (w.model.judged[&id].candidate.clone(), w.model.judged[&id].verdict.look.unwrap());
        let known = |w: &World| w.model.judged[&id].verdict.latched.is_none_or(|l| l.acked);
        let data = |candidate: &str| json!({"what": "verdict", "look": look.0, "candidate": candidate});
        assert!(!known(&w));
        let other = record(&w, ITO, "ito", "acknowledged", data("another"));
        w.send(Msg::Records(vec![other]));
        assert!(!known(&w), "it was about another candidate");
        let same = record(&w, ITO, "ito", "acknowledged", data(candidate.as_str()));
        w.send(Msg::Records(vec![same]));
        assert!(known(&w));
    }

    #[test]
    fn what_was_acknowledged_before_a_source_answered_is_known_when_it_does() {
        let mut w = here();
        let id = w.target_id("checkout");
        let j = w.model.judged.remove(&id).unwrap();
        let data = json!({"what": "verdict", "look": j.verdict.look.unwrap().0, "candidate": j.candidate});
        let read = record(&w, ITO, "ito", "acknowledged", data);
        w.send(Msg::Records(vec![read]));
        assert!(!w.model.judged.contains_key(&id));
        let t = w.model.world.targets[&id].clone();
        w.fact(t.id.source.clone().as_str(), Fact::Target(Box::new(t)));
        let again = w.model.judged.get_mut(&id).unwrap();
        assert!(again.judge.blocks().next().is_none(), "nothing was counted yet");
        let at = At { now: j.verdict.look.unwrap(), newest_sample: j.verdict.look, scrape_secs: 15, skew_ms: 0 };
        let blocks: Vec<_> = j.judge.blocks().copied().collect();
        again.judge.feed(&blocks);
        again.look(&at);
        assert!(again.verdict.latched.is_none_or(|l| l.acked), "{:?}", again.verdict.latched);
    }

    #[test]
    fn who_comes_and_goes_is_told() {
        let mut w = here();
        w.send(Msg::People(vec![console(ITO, "ito")]));
        let last = |w: &World| w.model.log.lines.back().map(|l| l.text.to_string()).unwrap_or_default();
        assert_eq!(last(&w), "ito is in, from bastion-2");
        let revision = w.model.revision;
        w.send(Msg::People(vec![console(ITO, "ito")]));
        assert_eq!(w.model.revision, revision, "nothing new");
        w.send(Msg::People(vec![]));
        assert_eq!(last(&w), "ito is gone: the console ended without a word");
        w.send(Msg::People(vec![console(ITO, "ito")]));
        w.send(Msg::Records(vec![record(&w, ITO, "ito", "closed", json!({}))]));
        w.send(Msg::People(vec![]));
        assert_eq!(last(&w), "ito has left");
        // Observations of others are seen by ourselves; what they did is told.
        w.send(Msg::Records(vec![record(&w, ITO, "ito", "verdict", json!({"words": "WORSE"}))]));
        assert_eq!(last(&w), "ito has left");
        w.send(Msg::Records(vec![record(&w, ITO, "ito", "note", json!({"text": "hello"}))]));
        assert_eq!(last(&w), "ito: note: hello");
        w.send(Msg::Records(vec![record(&w, OWN, "mira", "note", json!({"text": "mine"}))]));
        assert_eq!(last(&w), "ito: note: hello", "our own were told when they were made");
    }
}
