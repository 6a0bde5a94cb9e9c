//! What the log gets of alerts: one record for each fold that changed, at once with the fact or when a flap has lasted. Both
//! are functions of what the source says, so two consoles write the same words. And the choice of a line on Alerts.

use super::{bump, records};
use crate::core::alerts::{Fold, One};
use crate::core::aside;
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::id::SourceId;
use crate::core::model::{Folded, Model};
use crate::core::world::alert::Origin;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Alerts a record names one by one; the rest is counted.
const NAMED: usize = 20;

/// A source told its alerts.
pub(super) fn told(model: &mut Model, source: &SourceId, out: &mut Vec<Effect>) {
    let now = model.now.utc;
    model.alerts.renew(&model.world, now);
    // A replay shows what its own records said.
    if model.replay.is_some() {
        return;
    }
    let first = model.alerts_from.insert(source.clone());
    changes(model, first, out);
}

/// A model that was just read from a tape has no list yet; it is no part of what is kept.
pub(super) fn keep(model: &mut Model) {
    if model.alerts.made() == 0 {
        let now = model.now.utc;
        model.alerts.renew(&model.world, now);
    }
}

/// Flaps that have lasted are shown from now on. Only at the moment when time changes the list: ten thousand alerts are not
/// folded anew at every key.
pub(super) fn tick(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now.utc;
    if model.alerts.is_due(now) {
        model.alerts.renew(&model.world, now);
        changes(model, false, out);
    }
}

/// Milliseconds until time changes the list.
pub(super) fn next_wake(model: &Model) -> Option<i64> {
    model.alerts.next().map(|t| t.since(model.utc()).max(1))
}

fn stands(f: &Fold) -> Folded {
    let firing = f.firing().map(|o| (o.source.clone(), o.alert.id.clone())).collect();
    let service = f.services().first().map(|s| (*s).clone());
    Folded { firing, held: f.held.len(), title: f.title().into(), service }
}

fn changes(model: &mut Model, first: bool, out: &mut Vec<Effect>) {
    let now = model.now.utc;
    let list = &model.alerts;
    let mut said: BTreeMap<Arc<str>, Folded> = BTreeMap::new();
    let mut lines: Vec<Value> = Vec::new();
    for f in &list.folds {
        let key = f.key();
        let is = stands(f);
        let was = model.folds_said.get(&key);
        let changed = was.map_or(!is.firing.is_empty() || is.held > 0, |w| w.firing != is.firing || w.held != is.held);
        if changed {
            lines.push(line(f, was, first));
        }
        if !is.firing.is_empty() || is.held > 0 || was.is_some() {
            said.insert(key, is);
        }
    }
    // What its source tells no more has ended there.
    for (key, was) in &model.folds_said {
        if !said.contains_key(key) && !was.firing.is_empty() {
            let words = format!("{}: ended", was.title);
            lines.push(json!({
                "words": words, "word": "ended", "fold": key, "title": was.title, "service": was.service, "firing": 0,
                "held": 0, "began": [], "ended": was.firing.iter().take(NAMED).map(|(_, id)| id).collect::<Vec<_>>(),
            }));
        }
    }
    said.retain(|_, f| !f.firing.is_empty() || f.held > 0);
    model.folds_said = said;
    if !lines.is_empty() {
        bump(model);
    }
    for data in lines {
        out.push(Effect::Append { entry: records::plain(Kind::Alert, now, None, data), ticket: None });
    }
}

fn line(f: &Fold, was: Option<&Folded>, first: bool) -> Value {
    let known = |o: &&One| was.is_some_and(|w| w.firing.contains(&(o.source.clone(), o.alert.id.clone())));
    let began: Vec<Value> = f
        .firing()
        .filter(|o| !known(o))
        .take(NAMED)
        .map(|o| {
            let a = &o.alert;
            json!({
                "source": o.source, "id": a.id, "name": a.name, "tier": a.tier.word(), "service": a.service,
                "since": a.since.rfc3339(), "report": a.origin == Origin::Report,
            })
        })
        .collect();
    let gone = was.map(|w| {
        let fires = |k: &&(SourceId, Arc<str>)| !f.firing().any(|o| o.source == k.0 && o.alert.id == k.1);
        w.firing.iter().filter(fires).take(NAMED).map(|k| k.1.clone()).collect::<Vec<_>>()
    });
    let signatures: serde_json::Map<String, Value> =
        f.signatures().into_iter().map(|(s, n)| (s.to_owned(), json!(n))).collect();
    let firing = f.firing().count();
    let word = match (firing, f.is_bad()) {
        (0, _) => "ended",
        (_, true) => "firing",
        (_, false) => "noted",
    };
    let mut data = json!({
        "words": f.words(), "word": word, "fold": f.key(), "by": f.by.word(), "title": f.title(),
        "service": f.services().first(), "tier": f.tier().word(), "firing": firing, "held": f.held.len(),
        "since": f.since().rfc3339(), "signatures": signatures, "began": began, "ended": gone.unwrap_or_default(),
    });
    // What stood there already when this console opened is no news.
    if first {
        data["first"] = json!(true);
    }
    data
}

/// Up or down on Alerts; by its key, so that lines may move under it.
pub(super) fn go(model: &mut Model, by: i64) {
    let keys: Vec<Arc<str>> = aside::listed(model).iter().map(|f| f.key()).collect();
    let Some(last) = keys.len().checked_sub(1) else { return };
    let at = model.nav.alert.as_ref().and_then(|k| keys.iter().position(|x| x == k)).unwrap_or(0);
    let to = (at as i64).saturating_add(by).clamp(0, last as i64) as usize;
    choose(model, keys[to].clone());
}

/// The line of this key is chosen.
pub(super) fn choose(model: &mut Model, key: Arc<str>) {
    let same = model.nav.alert.as_ref() == Some(&key);
    if !same {
        model.nav.alert_open = false;
    }
    // Acts of the menu are about the service of what is chosen.
    let service = model.alerts.by_key(&key).and_then(|f| f.services().first().map(|s| (*s).clone()));
    if let Some(s) = service.filter(|s| model.rows.iter().any(|r| r.service == *s)) {
        model.nav.selected = Some(s);
        model.nav.by_hand = true;
    }
    model.nav.alert = Some(key);
}
