//! Promoted changes inside their 72 hours, as the screen and the Board read them: how long they have been watched, what
//! came after them on record, and what stands now.

use crate::core::case::incident::Incident;
use crate::core::case::known::Known;
use crate::core::case::ledger::watch::{Event, Promoted, WATCH_MS, left};
use crate::core::casework;
use crate::core::id::{ServiceId, TargetId};
use crate::core::judge::burn::Tier;
use crate::core::model::Model;
use crate::core::world::target::TargetState;

const HOUR: i64 = 3_600_000;

/// One promoted change as it stands.
#[derive(Clone, Debug)]
pub struct Watched<'m> {
    pub promoted: &'m Known<Promoted>,
    /// Milliseconds.
    pub left: i64,
    pub incidents: Vec<&'m Incident>,
    /// In log order.
    pub events: Vec<&'m Known<Event>>,
    /// What is wrong now, in words.
    pub now: Vec<String>,
    /// Why it is no longer what runs; `None`: it is, or nobody tells.
    pub gone: Option<String>,
}

impl Watched<'_> {
    /// Something bad came after it.
    pub fn is_bad(&self) -> bool {
        !self.now.is_empty() || !self.incidents.is_empty() || self.events.iter().any(|e| e.value.bad)
    }

    /// `61h of 72`
    pub fn clock(&self) -> String {
        format!("{}h of 72", (WATCH_MS - self.left) / HOUR)
    }

    /// What stands out, the worst first: what is wrong now, incidents, the last bad event; else that it is quiet.
    pub fn standing(&self) -> String {
        let incidents = self.incidents.iter().map(|i| format!("{} {}", i.id, casework::standing(i)));
        let bad = self.events.iter().rev().find(|e| e.value.bad);
        let bad = bad.map(|e| format!("{} {}", e.at.hms(), e.value.words));
        let all: Vec<String> =
            self.gone.iter().cloned().chain(self.now.iter().cloned()).chain(incidents).chain(bad).collect();
        if all.is_empty() { "nothing bad on record since".into() } else { all.join(", ") }
    }
}

/// All that are watched: what something came after first, then the newest.
pub fn listed(model: &Model) -> Vec<Watched<'_>> {
    let now = model.utc();
    let open = model.ledger.watches.open(now);
    let mut all: Vec<Watched<'_>> = open.into_iter().filter_map(|p| Some(watched(model, p, left(p, now)?))).collect();
    // Stable: the newest of equals stays first.
    all.sort_by_key(|w| (w.gone.is_some(), !w.is_bad()));
    all
}

fn watched<'m>(model: &'m Model, promoted: &'m Known<Promoted>, left: i64) -> Watched<'m> {
    let p = &promoted.value;
    let service = ServiceId::new(&*p.service);
    let t = target(model, p);
    let mut now = Vec::new();
    if let Some(b) = model.burn(&service).filter(|b| b.tier == Tier::Page) {
        now.push(format!("burn {} now", b.word.word()));
    }
    let firing = model.world.alerts.values().flat_map(|a| &a.all).filter(|a| a.firing && a.silenced.is_empty());
    let firing = firing.filter(|a| a.service.as_ref() == Some(&service)).count();
    if firing > 0 {
        now.push(format!("{firing} alerts fire now"));
    }
    if let Some(t) = t.filter(|t| t.phase == crate::core::world::target::Phase::Degraded) {
        now.push(format!("degraded now: {}", t.message));
    }
    let stable = t.and_then(|t| t.stable.as_ref().map(|h| (t, h)));
    let gone = stable.filter(|(_, h)| *h.0 != *p.hash).map(|(t, h)| format!("no longer runs: {}", t.called(h)));
    Watched {
        promoted,
        left,
        incidents: model.ledger.watches.incidents(promoted, &model.casebook),
        events: model.ledger.watches.since(promoted).collect(),
        now,
        gone,
    }
}

/// The target it is about, where it is still seen.
pub fn target<'m>(model: &'m Model, p: &Promoted) -> Option<&'m TargetState> {
    model.world.targets.values().find(|t| t.id.at() == p.at)
}

/// How many changes that still run are on watch.
pub fn count(model: &Model) -> usize {
    let runs = |p: &&Known<Promoted>| {
        target(model, &p.value).is_none_or(|t| t.stable.as_ref().is_none_or(|h| *h.0 == *p.value.hash))
    };
    model.ledger.watches.open(model.utc()).iter().filter(|p| runs(p)).count()
}

/// `watch 61h of 72` for a target at rest whose version is watched.
pub fn words(model: &Model, t: &TargetState) -> Option<String> {
    if t.is_moving() {
        return None;
    }
    let stable = t.stable.as_ref()?;
    let now = model.utc();
    let at = t.id.at();
    let mine = model.ledger.watches.all().filter(|p| p.value.at == at && *p.value.hash == *stable.0);
    let newest = mine.filter_map(|p| left(p, now)).max()?;
    Some(format!("watch {}h of 72", (WATCH_MS - newest) / HOUR))
}

/// What an incident is tied to: the change inside whose 72 hours it was opened, in words.
pub fn tied(model: &Model, i: &Incident) -> Option<String> {
    let p = model.ledger.watches.tied(i)?;
    let after = crate::core::age::rough(i.opened_at().since(p.at));
    Some(format!("opened {after} after {} {} ran everywhere", p.value.at, p.value.version))
}

/// Which one is chosen: by its record, else the first.
pub fn chosen<'a, 'm>(model: &Model, all: &'a [Watched<'m>]) -> Option<(usize, &'a Watched<'m>)> {
    let at = all.iter().position(|w| Some(&w.promoted.rests) == model.nav.watch.as_ref()).unwrap_or(0);
    all.get(at).map(|w| (at, w))
}

/// Is this version watched already? Then its end is no news.
pub fn knows(model: &Model, target: &TargetId, hash: &str) -> bool {
    let at = target.at();
    model.ledger.watches.all().any(|p| p.value.at == at && *p.value.hash == *hash)
}
