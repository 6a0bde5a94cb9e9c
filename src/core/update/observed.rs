//! What the log gets of figures, so that a report can draw them: the burn where its word changes, and the counts of what
//! moves at block edges, each one while it matters, else one a minute.

use super::records;
use crate::core::budget;
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::id::{ServiceId, TargetId};
use crate::core::judge::burn::Word as BurnWord;
use crate::core::judge::verdict::Word;
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::target::TargetState;
use serde_json::json;

/// Seconds between figures while nothing is wrong: every fourth block.
const CALM_SECS: i64 = 60;

/// Burn rates over the long and the short window of the line (1 h, 5 m).
fn rates(model: &Model, service: &ServiceId) -> (Option<f64>, Option<f64>) {
    // A burn without end is no number that a reader of JSON must know.
    let finite = |x: Option<f64>| x.filter(|x| *x < f64::MAX);
    let line = model.burn(service).and_then(|b| b.pairs.first());
    line.map_or((None, None), |p| (finite(p.long), finite(p.short)))
}

/// A burn whose word changed. A service that was calm from the first is no news.
pub(super) fn burn(model: &mut Model, service: &ServiceId, out: &mut Vec<Effect>) {
    let Some(b) = model.burn(service) else { return };
    let word = match b.word {
        BurnWord::Calm | BurnWord::Rising | BurnWord::Burning | BurnWord::Easing => b.word.word(),
        // Blindness is the source's and the verdict's news.
        BurnWord::NoTraffic | BurnWord::NoData => return,
    };
    let (long, short) = rates(model, service);
    let before = model.desk.burns.insert(service.clone(), word.into());
    let said = before.as_deref().unwrap_or(BurnWord::Calm.word());
    if said == word {
        return;
    }
    let times = |x: Option<f64>| x.map_or_else(|| "--".to_owned(), words::times);
    let data = json!({
        "service": service,
        "words": format!("{word} {} over 1h, {} over 5m", times(long), times(short)),
        "word": word,
        "long": long,
        "short": short,
        "signal": model.burns.get(service).map(|b| b.signal().word()),
    });
    let target = model.world.targets_of(service).find(|t| t.is_moving()).map(|t| t.id.clone());
    let entry = records::plain(Kind::Burn, model.now.utc, target.as_ref(), data);
    out.push(Effect::Append { entry, ticket: None });
}

/// The counts since the rollout began, at the edge of its newest block.
pub(super) fn figures(model: &mut Model, id: &TargetId, out: &mut Vec<Effect>) {
    let Some(t) = model.world.targets.get(id).filter(|t| t.is_moving()) else { return };
    let Some(j) = model.judged.get(id) else { return };
    let Some(look) = j.verdict.look.map(Utc::secs) else { return };
    let last = model.desk.figured.get(id).copied();
    if last.is_some_and(|l| look <= l) || !(due(model, t, j.verdict.word) || next(last, look)) {
        return;
    }
    let v = &j.verdict;
    let (long, short) = rates(model, &t.service);
    let spent = budget::spent(model, t).map(|s| [s.share, s.range.lo, s.range.hi]);
    let mut data = json!({
        "service": t.service,
        "at_block": Utc::from_secs(look).rfc3339(),
        "candidate": [v.candidate.failed, v.candidate.total],
        "stable": [v.stable.failed, v.stable.total],
        "burn": [long, short],
        "weight": t.weight_real,
    });
    if let Some(spent) = spent {
        data["spent"] = json!(spent);
    }
    let entry = records::plain(Kind::Figures, model.now.utc, Some(id), data);
    out.push(Effect::Append { entry, ticket: None });
    model.desk.figured.insert(id.clone(), look);
    if model.desk.figured.len() > model.judged.len() {
        let judged = &model.judged;
        model.desk.figured.retain(|id, _| judged.contains_key(id));
    }
}

/// Each block is kept: an incident is open, the verdict is bad, or an act is in flight.
fn due(model: &Model, t: &TargetState, word: Word) -> bool {
    model.casebook.current().is_some()
        || model.desk.opening.is_some()
        || matches!(word, Word::Worse | Word::Higher)
        || model.acts_in_flight().any(|a| *a.target() == t.id)
}

fn next(last: Option<i64>, look: i64) -> bool {
    last.is_none_or(|l| look.div_euclid(CALM_SECS) > l.div_euclid(CALM_SECS))
}
