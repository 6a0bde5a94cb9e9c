//! The Watch screen's keys, and the record with which a watch begins: a new version runs everywhere.

use super::{facts, link, records};
use crate::core::case::known::Known;
use crate::core::case::ledger::watch::Promoted;
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::frozen;
use crate::core::id::ServiceId;
use crate::core::model::Model;
use crate::core::nav::Screen;
use crate::core::watch;
use crate::core::world::target::TargetState;
use serde_json::json;

pub(super) fn rows(model: &mut Model, by: i64) {
    let all = watch::listed(model);
    let Some((at, _)) = watch::chosen(model, &all) else { return };
    let to = (at as i64).saturating_add(by).clamp(0, all.len() as i64 - 1) as usize;
    let rests = all.get(to).map(|w| w.promoted.rests.clone());
    model.nav.watch = rests;
}

/// To the service of the chosen change.
pub(super) fn open(model: &mut Model) {
    let all = watch::listed(model);
    let Some(service) = watch::chosen(model, &all).map(|(_, w)| ServiceId::new(&*w.promoted.value.service)) else {
        return;
    };
    link::jump(model, Screen::Verdict, &service);
}

/// A rollout that was seen moving has ended, and its candidate is what everybody gets. Going back is none: the version
/// was watched when it came, or was good before.
pub(super) fn finished(model: &Model, was: &TargetState, is: &TargetState, out: &mut Vec<Effect>) {
    let ended = was.is_moving() && !is.is_moving() && is.stable.is_some() && is.stable == was.candidate;
    if !ended || was.stable.is_none() || was.aborted || frozen::going_back(model, was).is_some() {
        return;
    }
    let Some(hash) = is.stable.as_ref() else { return };
    if watch::knows(model, &is.id, &hash.0) {
        return;
    }
    let emergency = model.acts.values().rev().find(|a| *a.target() == is.id && a.has_left());
    let emergency = emergency.is_some_and(|a| a.plan.operation.emergency);
    let data = json!({
        "service": is.service,
        "version": is.version_of(hash),
        "hash": hash,
        "from_version": was.stable.as_ref().map(|h| was.version_of(h)),
        "emergency": emergency,
    });
    out.push(Effect::Append { entry: records::plain(Kind::Promoted, model.now.utc, Some(&is.id), data), ticket: None });
}

/// The same is told again after this long, or when there are twice as many. Milliseconds.
const AGAIN_MS: i64 = 3_600_000;

/// Containers of a version on watch started again while it was at rest: on record, for whoever asks what came after it.
pub(super) fn restarts(model: &Model, was: &TargetState, is: &TargetState, out: &mut Vec<Effect>) {
    let (before, now) = (was.detail.restarts, is.detail.restarts);
    // A restart that was asked for replaces pods; it starts no container again.
    if now <= before || is.is_moving() || was.is_moving() || was.stable != is.stable {
        return;
    }
    let (Some(hash), at) = (is.stable.as_ref(), is.id.at()) else { return };
    let mine = |p: &&Known<Promoted>| p.value.at == at && *p.value.hash == *hash.0;
    let Some(p) = model.ledger.watches.open(model.now.utc).into_iter().find(mine) else { return };
    let told = model.ledger.watches.restarts(p);
    let due = told.is_none_or(|(t, n)| now >= n.saturating_mul(2) || model.now.utc.since(t) >= AGAIN_MS);
    if !due {
        return;
    }
    let s = if now == 1 { "" } else { "s" };
    let words = format!("containers of {} started again: {now} restart{s}, {before} before", is.version_of(hash));
    let mut data = facts::phase(is, &words, false);
    data["restarts"] = json!(now);
    out.push(Effect::Append { entry: records::plain(Kind::Phase, model.now.utc, Some(&is.id), data), ticket: None });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::entry::Entry;
    use crate::core::msg::Msg;
    use crate::core::record::{Hlc, Record};
    use crate::core::world::target::Phase;
    use crate::testkit::{World, picture, stories};

    fn promoted(w: &World) -> Vec<Entry> {
        let of = |e: &Effect| match e {
            Effect::Append { entry, .. } if entry.kind == Kind::Promoted => Some(entry.clone()),
            _ => None,
        };
        w.effects.iter().filter_map(of).collect()
    }

    fn end(w: &mut World) {
        w.target_with("checkout", |t| {
            t.stable = t.candidate.clone();
            (t.phase, t.gate, t.step) = (Phase::Healthy, None, None);
        });
    }

    fn line(w: &World, e: &Entry, session: &str, seq: u64) -> Record {
        let at = w.now();
        Record { user: "mira".into(), ..Record::of(e, session, seq, Hlc(at.0, 0), at) }
    }

    #[test]
    fn a_version_that_runs_everywhere_is_watched_for_72_hours_also_by_a_console_that_opens_later() {
        let mut w = stories::armed();
        end(&mut w);
        let records = promoted(&w);
        assert_eq!(records.len(), 1, "{records:?}");
        assert_eq!(
            (&records[0].data["version"], &records[0].data["from_version"]),
            (&json!("v2.14.1"), &json!("v2.14.0"))
        );
        let told = line(&w, &records[0], "s", 1);
        w.send(Msg::Records(vec![told.clone()]));
        // Another console that saw the same end says nothing more.
        w.target_with("checkout", |t| t.candidate = Some(crate::core::id::Hash::new("x")));
        w.wait(61 * 3_600_000);
        w.target_with("checkout", |t| t.candidate = t.stable.clone());
        let t = w.model.world.targets[&w.target_id("checkout")].clone();
        assert_eq!(watch::words(&w.model, &t).as_deref(), Some("watch 61h of 72"));
        w.keys("w");
        let screen = picture::text(&w.draw(80, 23));
        assert!(screen.contains("1 PROMOTED CHANGE ON WATCH") && screen.contains("61h of 72"), "{screen}");
        // A console that opens now knows it from the log.
        let mut later = stories::armed();
        later.send(Msg::Recovered(Box::new(crate::core::msg::Recovered {
            records: vec![told],
            ..crate::core::msg::Recovered::default()
        })));
        assert_eq!(watch::listed(&later.model).len(), 1);
        later.wait(72 * 3_600_000 + 1);
        assert!(watch::listed(&later.model).is_empty(), "it is over");
    }

    #[test]
    fn restarts_of_a_watched_version_are_on_record_once_an_hour_or_when_they_double() {
        let mut w = stories::armed();
        end(&mut w);
        let e = promoted(&w).remove(0);
        let told = line(&w, &e, "s", 1);
        w.send(Msg::Records(vec![told]));
        let mut seq = 1;
        let mut again = |w: &mut World, n: u32| {
            w.wait(60_000);
            w.effects.clear();
            w.target_with("checkout", |t| t.detail.restarts = n);
            let of = |e: &Effect| match e {
                Effect::Append { entry, .. } if entry.data["restarts"].is_u64() => Some(entry.clone()),
                _ => None,
            };
            let said: Vec<Entry> = w.effects.iter().filter_map(of).collect();
            let records: Vec<Record> = said
                .iter()
                .map(|e| {
                    seq += 1;
                    line(w, e, "s", seq)
                })
                .collect();
            w.send(Msg::Records(records));
            said.len()
        };
        assert_eq!([again(&mut w, 1), again(&mut w, 1), again(&mut w, 2), again(&mut w, 3)], [1, 0, 1, 0]);
        assert_eq!(again(&mut w, 4), 1, "twice as many");
        // Fewer pods, fewer restarts: nothing started again.
        assert_eq!(again(&mut w, 0), 0);
        w.wait(AGAIN_MS);
        assert_eq!(again(&mut w, 1), 1, "an hour later");
        let all = watch::listed(&w.model);
        assert!(all[0].is_bad(), "{:?}", all[0]);
        assert!(all[0].standing().contains("containers of v2.14.1 started again: 1 restart, 0 before"), "{:?}", all[0]);
        // One that moves is judged, and not watched.
        let mut w = stories::armed();
        w.effects.clear();
        w.target_with("checkout", |t| t.detail.restarts = 5);
        assert!(
            !w.effects.iter().any(|e| matches!(e, Effect::Append { entry, .. } if entry.data["restarts"].is_u64()))
        );
    }

    #[test]
    fn an_end_that_is_a_way_back_begins_no_watch() {
        let mut w = stories::armed();
        // The version asked for was made before the one that is left.
        w.target_with("checkout", |t| {
            let made = t.revisions[1].created;
            t.revisions[0].created = made.map(|m| crate::core::time::Utc(m.0 - 1_000));
        });
        end(&mut w);
        assert!(promoted(&w).is_empty());
        let mut w = stories::armed();
        w.target_with("checkout", |t| t.aborted = true);
        end(&mut w);
        assert!(promoted(&w).is_empty());
    }

    #[test]
    fn an_incident_inside_the_window_is_tied_and_says_so() {
        let mut w = stories::armed();
        end(&mut w);
        let e = promoted(&w).remove(0);
        let told = line(&w, &e, "s", 1);
        w.send(Msg::Records(vec![told]));
        w.wait(5 * 3_600_000);
        let at = w.now();
        let data = json!({"id": "i-7", "title": "carts empty", "severity": 2, "service": "checkout", "lead": "ito"});
        let opened = Entry { kind: Kind::IncidentOpened, at, incident: None, target: None, data };
        let opened = line(&w, &opened, "s", 2);
        w.send(Msg::Records(vec![opened]));
        let all = watch::listed(&w.model);
        assert!(all[0].is_bad() && all[0].standing().contains("i-7"), "{:?}", all[0]);
        w.keys("i");
        let screen = picture::text(&w.draw(80, 23));
        assert!(screen.contains("opened 5h after checkout@eu-1 v2.14.1 ran everywhere"), "{screen}");
    }
}
