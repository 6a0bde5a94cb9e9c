//! What side acts could be about here and now: the chosen fold of alerts, the flags of the chosen service, who can be
//! called, which artifacts are known. Readings of the model for the dialogs, the menu and the palette.

use crate::core::alerts::{self, Fold, One};
use crate::core::find;
use crate::core::id::{ServiceId, SourceId, TargetId};
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::nav::{Listing, Screen};
use crate::core::world::alert::Origin;
use crate::core::world::beside::{Artifact, Call, Flag, OnCall};
use crate::core::world::source::{Link, SourceState};
use std::sync::Arc;

/// The service side acts are about: that of the chosen fold on Alerts, else the chosen one.
pub fn service(model: &Model) -> Option<ServiceId> {
    if on_alerts(model) {
        return chosen(model).and_then(|f| f.services().first().map(|s| (*s).clone()));
    }
    model.nav.selected.clone()
}

/// Is it about a fold that was chosen? On Alerts always; in `--plain` from `alerts N` until another choice.
pub fn on_alerts(model: &Model) -> bool {
    model.nav.screen == Screen::Alerts || (model.settings.plain && model.nav.alert.is_some())
}

/// What Alerts could list: folds that show something, and those whose flaps are held back where the rest is shown.
pub fn unfiltered(model: &Model) -> Vec<&Fold> {
    model.alerts.folds.iter().filter(|f| !f.shown.is_empty() || model.nav.show_rest).collect()
}

/// What Alerts lists now: of those what answers to the filter, and the chosen one.
pub fn listed(model: &Model) -> Vec<&Fold> {
    let kept = model.nav.filter.as_ref().filter(|f| f.of == Listing::Alerts);
    let all = unfiltered(model);
    let Some(words) = kept.map(|f| f.words.trim()).filter(|w| !w.is_empty()) else { return all };
    let chosen = |f: &Fold| model.nav.alert.as_ref().is_some_and(|k| f.is(k));
    all.into_iter().filter(|f| chosen(f) || answers(f, words)).collect()
}

/// Does this fold answer to the words? By what its row says and by every name, sentence and label in it.
pub fn answers(f: &Fold, words: &str) -> bool {
    let one = |o: &One| {
        let a = &o.alert;
        let acked = a.acked.as_ref().map_or("", |(who, _)| who);
        let labels: String = a.labels.iter().map(|(n, v)| format!("{n}={v} ")).collect();
        let report = if a.origin == Origin::Report { "report" } else { "" };
        let state = match (a.firing, a.silenced.is_empty()) {
            (false, _) => "ended",
            (true, false) => "firing silenced",
            (true, true) => "firing",
        };
        format!("{} {} {} {report} {state} {acked} {} {labels}", a.name, a.tier.word(), a.signature, a.says)
    };
    let services = f.services().iter().map(|s| s.as_str()).collect::<Vec<_>>().join(" ");
    let head = format!("{} {services} {}", f.title(), if f.held.is_empty() { "" } else { "held back" });
    // Most folds have one alert; of large ones the words may stand in several.
    find::holds(&f.all().map(one).fold(head, |all, o| all + " " + &o), words)
}

/// The chosen fold: on Alerts the chosen line, elsewhere the worst about the chosen service.
pub fn chosen(model: &Model) -> Option<&Fold> {
    if on_alerts(model) {
        let all = listed(model);
        let named = model.nav.alert.as_ref().and_then(|key| all.iter().find(|f| f.is(key)));
        // Until one is chosen it is about the service that is chosen, so that both are acted on together.
        let mine = || all.iter().find(|f| model.nav.selected.as_ref().is_some_and(|s| f.services().contains(&s)));
        return named.or_else(mine).or(all.first()).copied();
    }
    model.alerts.of(model.nav.selected.as_ref()?).next()
}

/// Alerts of a fold that fire and nobody has taken, of the first source that takes an acknowledgement.
pub fn to_ack(fold: &Fold) -> Option<(&SourceId, Vec<&One>)> {
    let open: Vec<&One> = fold.firing().filter(|o| o.alert.acked.is_none()).collect();
    let source = &open.first()?.source;
    Some((source, open.into_iter().filter(|o| o.source == *source).collect()))
}

fn speaks(s: &SourceState) -> bool {
    !matches!(s.link, Link::Failed(_))
}

/// Flags of a service, those that are on first; with nobody's. By source and key.
pub fn flags<'m>(model: &'m Model, service: Option<&ServiceId>, on: bool) -> Vec<(&'m SourceId, &'m Flag)> {
    let all = model.world.flags.iter().flat_map(|(s, all)| all.iter().map(move |f| (s, f)));
    let mine = all.filter(|(_, f)| f.on == on && (f.service.is_none() || f.service.as_ref() == service));
    let mut out: Vec<_> = mine.collect();
    // The last one that somebody touched is what one comes for.
    out.sort_by_key(|(s, f)| (f.service.is_none(), std::cmp::Reverse(f.changed), *s, f.key.clone()));
    out
}

/// One who can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callable {
    pub source: SourceId,
    pub team: Arc<str>,
    pub person: Arc<str>,
    /// From 1, of how many.
    pub level: usize,
    pub of: usize,
    /// Called and not answered yet, since when.
    pub called: Option<crate::core::time::Utc>,
    pub answered: bool,
}

/// Everybody, the next one to call first: the owner's team, its first level that was not called yet.
pub fn callable(model: &Model, service: Option<&ServiceId>) -> Vec<Callable> {
    let owner = service.and_then(|s| model.world.services.get(s)).and_then(|s| s.owner.clone());
    let one = |source: &SourceId, t: &OnCall, calls: &[Call]| -> Vec<Callable> {
        let of = t.levels.len();
        let call = |p: &str| calls.iter().rev().find(|c| c.team == t.team && *c.person == *p);
        let all = t.levels.iter().enumerate().map(|(n, l)| {
            let last = call(&l.person);
            Callable {
                source: source.clone(),
                team: t.team.clone(),
                person: l.person.clone(),
                level: n + 1,
                of,
                called: last.filter(|c| c.answered.is_none()).map(|c| c.at),
                answered: last.is_some_and(|c| c.answered.is_some()),
            }
        });
        all.collect()
    };
    let all = model.world.on_call.iter();
    let mut out: Vec<Callable> = all.flat_map(|(s, (t, c))| t.iter().flat_map(move |t| one(s, t, c))).collect();
    let mine = |c: &Callable| owner.as_deref().is_some_and(|o| *o == *c.team);
    out.sort_by_key(|c| (!mine(c), c.called.is_some() || c.answered, c.team.clone(), c.level));
    out
}

/// Artifacts of a service that are not revoked: the one that is being rolled out first.
pub fn artifacts<'m>(model: &'m Model, service: &ServiceId) -> Vec<(&'m SourceId, &'m Artifact)> {
    let all = model.world.artifacts.iter().flat_map(|(s, all)| all.iter().map(move |a| (s, a)));
    let mut out: Vec<_> = all.filter(|(_, a)| a.service == *service && a.revoked.is_none()).collect();
    let moving = |v: &str| {
        let mut of = model.world.targets.values().filter(|t| t.service == *service && t.is_moving());
        of.any(|t| t.candidate.as_ref().is_some_and(|h| *t.version_of(h) == *v))
    };
    out.sort_by_key(|(s, a)| (!moving(&a.version), std::cmp::Reverse(a.version.clone()), *s));
    out
}

/// Where a version runs now: the target, its pods and what part of the traffic, as far as is told.
pub fn runs(model: &Model, service: &ServiceId, version: &str) -> Vec<(TargetId, String)> {
    let of = model.world.targets.values().filter(|t| t.service == *service);
    let mut out = Vec::new();
    for t in of {
        let hash = t.candidate.iter().chain(&t.stable).find(|h| *t.version_of(h) == *version);
        let Some(hash) = hash else { continue };
        let track = if t.candidate.as_ref() == Some(hash) && t.is_moving() { t.track() } else { "stable" };
        let share = t.weight_real.filter(|_| t.is_moving());
        let share = share.map(|w| if track == "stable" { 100_u8.saturating_sub(w) } else { w });
        let share = share.map(|w| format!(", {w}% of its traffic")).unwrap_or_default();
        out.push((t.id.clone(), format!("{} as {track}{share}", t.id.at())));
    }
    out
}

/// The source that takes texts for stakeholders.
pub fn tells(model: &Model) -> Option<&SourceId> {
    model.world.sources.iter().find(|(_, s)| s.abilities.roles.tells && speaks(s)).map(|(id, _)| id)
}

fn role(model: &Model, has: impl Fn(&SourceState) -> bool) -> bool {
    model.world.sources.values().any(has)
}

/// Why a side act would do nothing now.
pub fn cannot(model: &Model, i: Intent) -> Option<&'static str> {
    if model.environment.read_only {
        return Some("read-only");
    }
    let service = service(model);
    match i {
        Intent::FlagOff | Intent::FlagOn if !role(model, |s| s.abilities.roles.flags) => Some("no source has flags"),
        Intent::FlagOff => flags(model, service.as_ref(), true).is_empty().then_some("no flag of it is on"),
        Intent::FlagOn => flags(model, service.as_ref(), false).is_empty().then_some("no flag of it is off"),
        Intent::Silence if !role(model, |s| s.abilities.roles.alerts) => Some("no source has alerts"),
        Intent::Silence => {
            let none = chosen(model).is_none() && alerts::silences(&model.world, model.utc()).is_empty();
            none.then_some("no alert is chosen")
        }
        Intent::Wake if !role(model, |s| s.abilities.roles.pages) => Some("no source calls people"),
        Intent::Wake => callable(model, service.as_ref()).is_empty().then_some("nobody is on call"),
        Intent::Revoke if !role(model, |s| s.abilities.roles.artifacts) => Some("no source has artifacts"),
        Intent::Revoke => {
            let none = service.is_none_or(|s| artifacts(model, &s).is_empty());
            none.then_some("no artifact of it is known")
        }
        _ => None,
    }
}

/// `7 alerts folded into d-81f2 (5xx 4, latency 2, login 1), 1 not related`: what fires about a service. `None`: nothing.
pub fn line(model: &Model, service: &ServiceId) -> Option<String> {
    let list = &model.alerts;
    let first = list.of(service).next()?;
    let n = first.firing().count();
    let what = match &first.by {
        alerts::By::Deploy(_) => format!("folded into this deploy {}", first.counted()),
        alerts::By::Cause { .. } | alerts::By::Alone { .. } => format!("{} {}", first.tier().word(), first.counted()),
    };
    // Another fold of this service may name another rule, or none: it is about it all the same.
    let mine = list.of(service).skip(1).flat_map(|f| f.firing());
    let mine = mine.filter(|o| o.alert.service.as_ref() == Some(service)).count();
    let rest = list.firing() - n - mine;
    let mut out = format!("{n} alert{} {what}", if n == 1 { "" } else { "s" });
    if mine > 0 {
        out.push_str(&format!(", {mine} more about it"));
    }
    if rest > 0 {
        out.push_str(&format!(", {rest} not related"));
    }
    let held = list.held();
    if held > 0 {
        out.push_str(&format!(", {held} held back"));
    }
    Some(out)
}
