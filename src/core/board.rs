//! Rows worst first: one per service, told by its worst target. Kept in the model, rebuilt when something changed.

use crate::core::id::ServiceId;
use crate::core::judge::burn::Tier;
use crate::core::judge::freshness::{Age, of_source};
use crate::core::judge::judged::Figures;
use crate::core::judge::verdict::Word;
use crate::core::listing;
use crate::core::model::Model;
use crate::core::nav::Listing;
pub use crate::core::row::{Glyph, Row, quiet_words};
use crate::core::world::target::{Phase, TargetState};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// All services, worst first; ties by name, so that rows do not dance.
pub fn rows(model: &Model) -> Vec<Row> {
    let mut of: BTreeMap<&ServiceId, Vec<&TargetState>> = BTreeMap::new();
    for t in model.world.targets.values() {
        of.entry(&t.service).or_default().push(t);
    }
    let none = Vec::new();
    let services = model.world.services.values().filter(|s| of.contains_key(&s.name) || !s.is_bare());
    let mut rows: Vec<Row> = services.map(|s| row(model, &s.name, of.get(&s.name).unwrap_or(&none))).collect();
    rows.sort_by(order);
    rows
}

/// The row of one service anew. The rest stands, so that one fact does not cost all rows.
pub fn touch(model: &mut Model, service: &ServiceId) {
    let targets: Vec<&TargetState> = model.world.targets_of(service).collect();
    let stays = !targets.is_empty() || model.world.services.get(service).is_some_and(|s| !s.is_bare());
    let fresh = row(model, service, &targets);
    match model.rows.iter().position(|r| r.service == *service) {
        Some(at) if stays && model.rows[at] == fresh => return,
        Some(at) => {
            model.rows.remove(at);
        }
        None => {}
    }
    if !stays {
        return;
    }
    let at = model.rows.partition_point(|r| order(r, &fresh).is_lt());
    model.rows.insert(at, fresh);
}

fn order(a: &Row, b: &Row) -> Ordering {
    a.rank.cmp(&b.rank).then(b.weight.total_cmp(&a.weight)).then_with(|| a.service.cmp(&b.service))
}

fn row(model: &Model, service: &ServiceId, targets: &[&TargetState]) -> Row {
    let moving = targets.iter().filter(|t| t.is_moving()).count();
    let mut worst: Option<(u8, Glyph, f64, &TargetState)> = None;
    for t in targets {
        let (rank, glyph, weight) = rank(model, t);
        if worst.as_ref().is_none_or(|(r, _, w, _)| rank < *r || (rank == *r && weight > *w)) {
            worst = Some((rank, glyph, weight, t));
        }
    }
    let (mut rank, mut glyph, weight, target) =
        worst.map_or((9, Glyph::Fine, 0.0, None), |(r, g, w, t)| (r, g, w, Some(t.id.clone())));
    let (burn_rank, burn_glyph) = burn(model, service);
    if burn_rank < rank {
        (rank, glyph) = (burn_rank, burn_glyph);
    }
    // What its cluster says of it is not all: nobody knows how it does.
    if glyph == Glyph::Fine && model.burn(service).is_none() {
        glyph = Glyph::Unjudged;
    }
    Row { service: service.clone(), target, moving, targets: targets.len(), glyph, rank, weight }
}

/// Rank of a budget that burns fast enough for a ticket.
pub const BURNS: u8 = 5;

fn burn(model: &Model, service: &ServiceId) -> (u8, Glyph) {
    if let Some(b) = model.burn(service) {
        match b.tier {
            Tier::Page => return (2, Glyph::Bad),
            Tier::Ticket => return (BURNS, Glyph::Moving),
            Tier::Nothing => {}
        }
    }
    match Figures::age(model.world.samples.get(service), &model.world, model.utc()) {
        Some(Age::Withdrawn) => (4, Glyph::Blind),
        Some(Age::Old) => (5, Glyph::Blind),
        Some(Age::Fresh) | None => (9, Glyph::Fine),
    }
}

fn rank(model: &Model, t: &TargetState) -> (u8, Glyph, f64) {
    let in_trouble = model.last_act(&t.id).is_some_and(|a| a.trouble().is_some());
    if in_trouble {
        return (0, Glyph::Bad, 1.0);
    }
    if !t.is_moving() {
        // Nobody knows any more whether it is fine: what was said of it is too old.
        let source = model.world.sources.get(&t.id.source);
        if model.replay.is_none() && source.and_then(|s| of_source(s, model.utc())) == Some(Age::Withdrawn) {
            return (4, Glyph::Blind, 0.0);
        }
        return match t.phase {
            Phase::Degraded => (3, Glyph::Bad, 0.0),
            Phase::Healthy => (9, Glyph::Fine, 0.0),
            Phase::Progressing | Phase::Paused => (7, Glyph::Moving, 0.0),
            Phase::Other(_) => (5, Glyph::Blind, 0.0),
        };
    }
    let Some(judged) = model.judged.get(&t.id) else { return (4, Glyph::Blind, 0.0) };
    let weight = judged.verdict.difference.map_or(0.0, |d| d.d);
    match &judged.verdict.word {
        Word::Worse => (0, Glyph::Bad, weight),
        Word::NoData => (1, Glyph::Blind, weight),
        Word::NoTraffic(_) if !t.aborted => (1, Glyph::Blind, weight),
        Word::NoTraffic(_) => (4, Glyph::Moving, weight),
        Word::Higher => (3, Glyph::Bad, weight),
        Word::Unsure(_) | Word::NoBaseline | Word::NotJudged => {
            (4, if t.phase == Phase::Degraded { Glyph::Bad } else { Glyph::Blind }, weight)
        }
        Word::Same | Word::Better => {
            if t.phase == Phase::Degraded {
                (3, Glyph::Bad, weight)
            } else {
                (6, Glyph::Moving, weight)
            }
        }
    }
}

/// The row of the chosen service.
pub fn selected(model: &Model) -> Option<&Row> {
    let service = model.nav.selected.as_ref()?;
    model.rows.iter().find(|r| r.service == *service)
}

/// The row the Board tells more of: the chosen one, or the one before while keys still move.
pub fn detailed(model: &Model) -> Option<&Row> {
    let stays = model.nav.resting.as_ref().and_then(|(s, _)| model.rows.iter().find(|r| r.service == *s));
    stays.or_else(|| selected(model))
}

/// The target an act key would mean now.
pub fn selected_target(model: &Model) -> Option<&TargetState> {
    model.world.targets.get(selected(model)?.target.as_ref()?)
}

/// Rows as listed: those that answer to the filter; without one, quiet ones only when asked for. What is chosen is always
/// listed, so that no act is on a hidden row.
pub fn listed(model: &Model) -> impl Iterator<Item = &Row> {
    let found = listing::words(model, Listing::Services).map(|w| listing::found(model, w));
    model.rows.iter().enumerate().filter_map(move |(i, r)| {
        let listed = Some(&r.service) == model.nav.selected.as_ref()
            || match &found {
                Some(found) => found[i],
                None => model.nav.show_rest || !r.is_quiet() || r.moving > 0,
            };
        listed.then_some(r)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::stories;

    #[test]
    fn what_nobody_measures_is_steady_and_never_fine() {
        let mut w = stories::unmeasured();
        let words = |w: &crate::testkit::World| quiet_words(w.model.rows.iter());
        assert!(w.model.rows.iter().all(|r| r.is_quiet() && !r.is_fine()), "{:?}", w.model.rows);
        assert_eq!(words(&w), "4 not judged");
        w.service("auth", 2, &[]);
        w.burn("auth", 0.3, 0.3, 0.4).wait(1_000);
        assert_eq!(words(&w), "1 fine, 3 not judged");
        assert!(stories::calm().model.rows.iter().filter(|r| r.is_quiet()).all(Row::is_fine));
    }
}
