//! What follows from windows: the burns of a service, each against its own target, and what rose since a deploy began.
//! The arithmetic is the judge's; here is which figures it gets and when.

use super::{bump, observed, records};
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::id::{ServiceId, TargetId};
use crate::core::judge::burn::{Burn, Burns, LONG, Measured, Rules, SHORT};
use crate::core::judge::freshness::{Age, Kind as Source};
use crate::core::judge::judged::Figures;
use crate::core::judge::ripple::{Before, How, Ripple, SEEN_WITHIN_MS};
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::World;
use crate::core::world::figures::Signal;
use crate::core::world::target::TargetState;
use crate::core::world::telemetry::TrendOf;
use serde_json::json;
use std::collections::BTreeMap;

/// A window that was not told anew for this long, or for a twelfth of itself, counts as not answered (milliseconds).
const FORGOTTEN_MS: i64 = 15 * 60_000;
/// "Before the deploy" in a course: its mean over this many seconds.
const BEFORE_SECS: i64 = 900;

/// Windows, ratios or a target came: the burns anew.
pub(super) fn told(model: &mut Model, service: &ServiceId, out: &mut Vec<Effect>) {
    judge(model, service, out);
    observed::burn(model, service, out);
}

fn judge(model: &mut Model, service: &ServiceId, out: &mut Vec<Effect>) {
    let live = model.world.targets_of(service).any(TargetState::is_moving);
    let now = model.now.utc;
    let mut all = BTreeMap::new();
    for signal in Signal::ALL {
        if let Some(b) = of(&model.world, service, signal, model, live, now) {
            all.insert(signal, b);
        }
    }
    let before = short(model.burn(service), now);
    let Some(burns) = Burns::of(all) else {
        // The target is gone: so is what was judged by it. A log played again has no targets at all.
        if model.replay.is_none() && model.burns.remove(service).is_some() {
            bump(model);
        }
        return;
    };
    let news = model.burns.get(service).is_none_or(|b| !same(b, &burns));
    model.burns.insert(service.clone(), burns);
    if news {
        bump(model);
    }
    ripple(model, service, live, before, out);
}

/// The burn of one signal; `None`: nobody wrote down a target, or no window was ever answered.
fn of(world: &World, service: &ServiceId, signal: Signal, model: &Model, live: bool, now: Utc) -> Option<Burn> {
    let aim = world.aim(service, signal)?;
    let windows = world.windows.get(service).and_then(|w| w.get(&signal));
    let ratios = world.telemetry.get(service).and_then(|t| t.ratios.get(&signal));
    if windows.is_none() && ratios.is_none() {
        return None;
    }
    let rules = Rules::of(&aim.slo, model.limits.burn, now.secs());
    let current = |sample: Option<Utc>, secs: u32| {
        sample.is_none_or(|s| now.since(s) <= FORGOTTEN_MS.max(i64::from(secs) * 1_000 / 12))
    };
    let mut rows: BTreeMap<u32, (Measured, Option<Utc>)> = BTreeMap::new();
    if let Some(r) = ratios {
        let sample = r.asked.sample.or(Some(r.asked.at));
        rows.extend(r.rows.iter().map(|(secs, ratio)| (*secs, (Measured::Ratio(*ratio), sample))));
    }
    // Counts say more than ratios do.
    for (secs, w) in windows.into_iter().flatten() {
        rows.insert(*secs, (Measured::Counts(w.counts), w.newest_sample));
    }
    // The quick windows keep their last figure: it is drawn as what was.
    rows.retain(|secs, (_, sample)| *secs == SHORT || *secs == LONG || current(*sample, *secs));
    let sample = [SHORT, LONG].iter().filter_map(|s| rows.get(s)).map(|(_, s)| *s).min().flatten();
    let age = age(world, service, sample, now);
    let rows: Vec<(u32, Measured)> = rows.into_iter().map(|(secs, (m, _))| (secs, m)).collect();
    Some(Burn { aim: Some(aim), sample, ..Burn::judge(&rows, &rules, live, age) })
}

/// By the sample's own time; a source that does not say which is as old as the newest sample of the service.
fn age(world: &World, service: &ServiceId, sample: Option<Utc>, now: Utc) -> Age {
    let sampled = world.samples.get(service);
    let Some(sample) = sample.or(sampled.and_then(|s| s.newest)) else { return Age::Withdrawn };
    let at = Figures::at(sampled, world, now);
    Source::Metrics { scrape_secs: at.scrape_secs }.age(now.since(sample), at.skew_ms)
}

/// Nothing that could be seen differs: only the moment of the sample, and how much of a calendar period is over.
fn same(a: &Burns, b: &Burns) -> bool {
    let still = |b: &Burn| Burn { sample: None, rules: None, ..b.clone() };
    a.signal() == b.signal() && a.all().map(|(s, b)| (s, still(b))).eq(b.all().map(|(s, b)| (s, still(b))))
}

/// Figures grow old by time alone. True when a burn was judged anew for that.
pub(super) fn grow_old(model: &mut Model, out: &mut Vec<Effect>) -> bool {
    if model.replay.is_some() {
        return false;
    }
    let now = model.now.utc;
    let aged = |s: &ServiceId, b: &Burns| b.all().any(|(_, b)| b.age != age(&model.world, s, b.sample, now));
    let services: Vec<ServiceId> = model.burns.iter().filter(|(s, b)| aged(s, b)).map(|(s, _)| s.clone()).collect();
    for s in &services {
        told(model, s, out);
    }
    !services.is_empty()
}

/// What moves has a ripple, what does not has none.
pub(super) fn follow(model: &mut Model) {
    let judged = &model.judged;
    model.ripples.retain(|id, r| judged.get(id).is_some_and(|j| r.since == Some(j.judge.terms().start)));
    for (id, j) in judged {
        model.ripples.entry(id.clone()).or_insert_with(|| Ripple::begin(j.judge.terms().start));
    }
}

/// The 5 m burn with its sample's time, as it was told last.
fn short(burn: Option<&Burn>, now: Utc) -> Option<(f64, Utc)> {
    let b = burn.filter(|b| b.age != Age::Withdrawn)?;
    Some((b.over_window(SHORT)?, b.sample.unwrap_or(now)))
}

/// Compare a service's burn with what it was before each deploy of another service.
fn ripple(model: &mut Model, service: &ServiceId, live: bool, before: Option<(f64, Utc)>, out: &mut Vec<Effect>) {
    let now = model.now.utc;
    let ids: Vec<TargetId> = model.ripples.keys().cloned().collect();
    for id in ids {
        let own = model.world.targets.get(&id).is_none_or(|t| t.service == *service);
        let Some(burn) = model.burns.get(service).map(Burns::deciding) else { return };
        let Some(since) = model.ripples.get(&id).and_then(|r| r.since) else { continue };
        let known = model.ripples.get(&id).is_some_and(|r| r.before.contains_key(service));
        let was = if own || live || known { None } else { was(model, service, burn, before, since) };
        let Some(r) = model.ripples.get_mut(&id) else { continue };
        let changed = if own || live {
            r.forget(service)
        } else {
            if let Some(was) = was {
                r.was(service, was);
            }
            r.now(service, burn, now)
        };
        if changed {
            bump(model);
            joined(model, &id, service, out);
        }
    }
}

/// What the service burned before `since`: as this console saw it, else by the course the source tells.
fn was(model: &Model, service: &ServiceId, burn: &Burn, old: Option<(f64, Utc)>, since: Utc) -> Option<Before> {
    let seen = old.into_iter().chain(short(Some(burn), model.now.utc));
    let early = |at: Utc| (-600_000..=SEEN_WITHIN_MS).contains(&at.since(since));
    if let Some((burn, _)) = seen.into_iter().find(|(_, at)| early(*at)) {
        return Some(Before { burn, how: How::Seen });
    }
    let budget = 1.0 - burn.aim.as_ref()?.slo.objective;
    let course = model.world.telemetry.get(service)?.trends.get(&TrendOf::ErrorsShort)?;
    let span = since.secs() - BEFORE_SECS..=since.secs();
    let points: Vec<f64> = course.points.iter().filter(|p| span.contains(&p.0)).map(|p| p.1).collect();
    let mean = points.iter().sum::<f64>() / points.len() as f64;
    (budget > 0.0 && mean.is_finite()).then(|| Before { burn: mean / budget, how: How::Course })
}

/// A service that joined the ripple of a deploy: one line in the log, under the deploy.
fn joined(model: &mut Model, id: &TargetId, service: &ServiceId, out: &mut Vec<Effect>) {
    let (Some(t), Some(r)) = (model.world.targets.get(id), model.ripples.get(id)) else { return };
    let (Some(risen), Some(burn)) = (r.risen.get(service), model.burn(service)) else { return };
    let (was, now) = (words::times(risen.before.burn), words::times(risen.now));
    let (word, how) = (risen.word.word(), risen.before.how.words());
    let version = t.candidate.as_ref().map(|h| t.called(h)).unwrap_or_default();
    let (deploy, at) = (format!("{} {version}", t.service), id.at());
    // A burn without end is no number that a reader of JSON must know.
    let finite = |x: Option<f64>| x.filter(|x| *x < f64::MAX);
    let data = json!({
        "service": service,
        "words": format!("{word}, {was} -> {now} over 5m since the deploy of {deploy}, {how}"),
        "word": word,
        "long": finite(burn.over_window(LONG)),
        "short": finite(burn.over_window(SHORT)),
        "signal": model.burns.get(service).map(|b| b.signal().word()),
        "ripple": {"of": at, "before": risen.before.burn, "how": how},
    });
    // The change of the word is told by this record already.
    model.desk.burns.insert(service.clone(), word.into());
    out.push(Effect::Append { entry: records::plain(Kind::Burn, model.now.utc, None, data), ticket: None });
}
