//! One list of the alerts of all sources: folded by the deployment they name, else by service and signature, the rest each
//! on its own. Flaps are held back and counted; nothing is ever left out. A function of the world and the time, so that two
//! consoles fold alike. What is done about alerts is not known here.

use crate::core::id::{ServiceId, SourceId};
use crate::core::time::Utc;
use crate::core::world::World;
use crate::core::world::alert::{Alert, Matcher, Origin, Silence, Tier};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A note or a ticket that is not the first of its service is held back this long (limits.md section 4). Milliseconds.
pub const FLAP_MS: i64 = 60_000;

/// What alerts are folded by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    Deploy(Arc<str>),
    Cause { service: ServiceId, signature: Arc<str> },
    Alone { source: SourceId, id: Arc<str> },
}

impl By {
    fn of(source: &SourceId, a: &Alert) -> By {
        match (&a.deploy, &a.service) {
            (Some(d), _) if !d.is_empty() => By::Deploy(d.clone()),
            (_, Some(service)) if !a.signature.is_empty() => {
                By::Cause { service: service.clone(), signature: a.signature.clone() }
            }
            _ => By::Alone { source: source.clone(), id: a.id.clone() },
        }
    }

    /// Which fold it is, in records and for the selection: the same in every console.
    pub fn key(&self) -> Arc<str> {
        match self {
            By::Deploy(d) => format!("deploy {d}").into(),
            By::Cause { service, signature } => format!("service {service} {signature}").into(),
            By::Alone { source, id } => format!("alone {source} {id}").into(),
        }
    }

    /// `deploy`, `service`, `alone`.
    pub fn word(&self) -> &'static str {
        match self {
            By::Deploy(_) => "deploy",
            By::Cause { .. } => "service",
            By::Alone { .. } => "alone",
        }
    }
}

/// An alert and who tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct One {
    pub source: SourceId,
    pub alert: Arc<Alert>,
}

impl One {
    fn order(&self) -> (bool, Tier, Utc, &SourceId, &str) {
        (!self.alert.firing, self.alert.tier, self.alert.since, &self.source, &self.alert.id)
    }

    /// A page that fires, that nobody has acknowledged and no silence hides.
    pub fn is_open_page(&self) -> bool {
        let a = &self.alert;
        a.firing && a.tier == Tier::Page && a.acked.is_none() && a.silenced.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    pub by: By,
    /// The same as of `by`: asked for at every key.
    key: Arc<str>,
    /// Worst first.
    pub shown: Vec<One>,
    /// Flaps, held back until they last.
    pub held: Vec<One>,
}

impl Fold {
    pub fn key(&self) -> Arc<str> {
        self.key.clone()
    }

    pub fn is(&self, key: &str) -> bool {
        *self.key == *key
    }

    pub fn firing(&self) -> impl Iterator<Item = &One> {
        self.shown.iter().filter(|o| o.alert.firing)
    }

    pub fn all(&self) -> impl Iterator<Item = &One> {
        self.shown.iter().chain(&self.held)
    }

    pub fn is_firing(&self) -> bool {
        self.firing().next().is_some()
    }

    /// The worst that fires, else the worst there was.
    pub fn tier(&self) -> Tier {
        let worst = self.firing().map(|o| o.alert.tier).min();
        worst.or_else(|| self.all().map(|o| o.alert.tier).min()).unwrap_or(Tier::Note)
    }

    /// When the first of those that fire began; else of all.
    pub fn since(&self) -> Utc {
        let first = self.firing().map(|o| o.alert.since).min();
        first.or_else(|| self.all().map(|o| o.alert.since).min()).unwrap_or_default()
    }

    /// In order of name.
    pub fn services(&self) -> Vec<&ServiceId> {
        let mut out: Vec<&ServiceId> = self.all().filter_map(|o| o.alert.service.as_ref()).collect();
        out.sort();
        out.dedup();
        out
    }

    /// What fires, by signature, most first; where nobody knows one, by name.
    pub fn signatures(&self) -> Vec<(&str, usize)> {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for o in self.firing() {
            let a = &o.alert;
            *count.entry(if a.signature.is_empty() { &a.name } else { &a.signature }).or_default() += 1;
        }
        let mut out: Vec<_> = count.into_iter().collect();
        out.sort_by_key(|(name, n)| (std::cmp::Reverse(*n), *name));
        out
    }

    /// How many of those that fire were taken, and by whom last.
    pub fn acked(&self) -> (usize, Option<&str>) {
        let acks: Vec<&(Arc<str>, Utc)> = self.firing().filter_map(|o| o.alert.acked.as_ref()).collect();
        (acks.len(), acks.iter().max_by_key(|a| a.1).map(|a| &*a.0))
    }

    /// How many of those that fire some silence hides.
    pub fn silenced(&self) -> usize {
        self.firing().filter(|o| !o.alert.silenced.is_empty()).count()
    }

    /// People's reports among those that fire.
    pub fn reports(&self) -> usize {
        self.firing().filter(|o| o.alert.origin == Origin::Report).count()
    }

    /// Is it a bad signal: a page, a ticket, or somebody who wrote? A note is not.
    pub fn is_bad(&self) -> bool {
        self.firing().any(|o| o.alert.tier != Tier::Note || o.alert.origin == Origin::Report)
    }

    /// `d-81f2`, `checkout 5xx`, or the one alert's name.
    pub fn title(&self) -> String {
        match &self.by {
            By::Deploy(d) => d.to_string(),
            By::Cause { service, signature } => format!("{service} {signature}"),
            By::Alone { .. } => self.all().next().map(|o| o.alert.name.to_string()).unwrap_or_default(),
        }
    }

    /// `(5xx 4, latency 2, login 1)`
    pub fn counted(&self) -> String {
        let all: Vec<String> = self.signatures().iter().map(|(s, n)| format!("{s} {n}")).collect();
        if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }
    }

    /// One sentence for the log: `7 alerts folded into d-81f2 (5xx 4, latency 2, login 1)`.
    pub fn words(&self) -> String {
        let firing: Vec<&One> = self.firing().collect();
        let held = if self.held.is_empty() { String::new() } else { format!(", {} held back", self.held.len()) };
        let one = |o: &One| {
            let on = o.alert.service.as_ref().map(|s| format!(" on {s}")).unwrap_or_default();
            let tier = o.alert.tier.word();
            match o.alert.origin {
                Origin::Report => format!("report{on}, {tier}: {}", o.alert.name),
                Origin::Rule => format!("{} fires{on}, {tier}", o.alert.name),
            }
        };
        match (firing.as_slice(), &self.by) {
            ([], _) if self.shown.is_empty() => format!("{}: {} held back", self.title(), self.held.len()),
            ([], _) => format!("{}: ended{held}", self.title()),
            ([o], By::Alone { .. }) => format!("{}{held}", one(o)),
            ([o], _) => format!("{}, folded into {}{held}", one(o), self.title()),
            (all, _) => format!("{} alerts folded into {} {}{held}", all.len(), self.title(), self.counted()),
        }
    }

    /// What fires first, held-back flaps last.
    fn order(&self) -> (bool, bool, Tier, bool, bool, Utc, &By) {
        let n = self.firing().count();
        let (acked, silenced) = (n > 0 && self.acked().0 == n, n > 0 && self.silenced() == n);
        (n == 0, self.shown.is_empty(), self.tier(), acked, silenced, self.since(), &self.by)
    }
}

/// Everything that is told of alerts, folded, worst first. Made when a source tells or when time alone changes it, and kept
/// in the model: ten thousand alerts are not folded anew for every frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    pub folds: Vec<Fold>,
    firing: usize,
    held: usize,
    open_pages: usize,
    /// Which folds fire about a service, worst first.
    about: BTreeMap<ServiceId, Vec<usize>>,
    /// Places of the folds, the one that began last first.
    newest: Vec<usize>,
    /// When time alone changes it; `None`: it does not.
    next: Option<Utc>,
    /// How often it was made in this model's life.
    made: u64,
}

impl List {
    pub fn firing(&self) -> usize {
        self.firing
    }

    pub fn held(&self) -> usize {
        self.held
    }

    /// Pages that fire, that nobody has acknowledged and no silence hides.
    pub fn open_pages(&self) -> usize {
        self.open_pages
    }

    pub fn next(&self) -> Option<Utc> {
        self.next
    }

    /// How often it was folded.
    pub fn made(&self) -> u64 {
        self.made
    }

    /// Never folded, or time has changed it.
    pub fn is_due(&self, now: Utc) -> bool {
        self.made == 0 || self.next.is_some_and(|t| t <= now)
    }

    /// The same list as it stands now.
    pub fn renew(&mut self, world: &World, now: Utc) {
        *self = List { made: self.made + 1, ..list(world, now) };
    }

    pub fn by_key(&self, key: &str) -> Option<&Fold> {
        self.folds.iter().find(|f| f.is(key))
    }

    /// Those that fire about a service.
    pub fn of<'a>(&'a self, service: &ServiceId) -> impl Iterator<Item = &'a Fold> + use<'a> {
        self.about.get(service).into_iter().flatten().filter_map(|i| self.folds.get(*i))
    }

    /// The one that began last first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Fold> {
        self.newest.iter().filter_map(|i| self.folds.get(*i))
    }
}

/// The list as it stands now.
pub fn list(world: &World, now: Utc) -> List {
    let all = || world.alerts.iter().flat_map(|(source, a)| a.all.iter().map(move |alert| (source, alert)));
    // The first of each service: it is no flap, however short.
    let mut first: BTreeMap<&ServiceId, (Utc, &SourceId, &str)> = BTreeMap::new();
    for (source, a) in all() {
        let stands = a.firing || a.ended.is_some_and(|e| now.since(e) < FLAP_MS);
        if let Some(service) = a.service.as_ref().filter(|_| stands) {
            let me = (a.since, source, &*a.id);
            first.entry(service).and_modify(|f| *f = (*f).min(me)).or_insert(me);
        }
    }
    let mut folds: BTreeMap<By, Fold> = BTreeMap::new();
    for (source, a) in all() {
        let fold = folds.entry(By::of(source, a)).or_insert_with_key(|by| Fold {
            by: by.clone(),
            key: by.key(),
            shown: Vec::new(),
            held: Vec::new(),
        });
        let one = One { source: source.clone(), alert: Arc::new(a.clone()) };
        if is_held(source, a, &first, now) { fold.held.push(one) } else { fold.shown.push(one) }
    }
    let mut folds: Vec<Fold> = folds.into_values().collect();
    for f in &mut folds {
        f.shown.sort_by(|a, b| a.order().cmp(&b.order()));
        f.held.sort_by(|a, b| a.order().cmp(&b.order()));
    }
    // What a fold is ordered by is counted over all of its alerts: once each, not once a comparison.
    let mut order: Vec<usize> = (0..folds.len()).collect();
    let by: Vec<_> = folds.iter().map(Fold::order).collect();
    order.sort_by(|a, b| by[*a].cmp(&by[*b]));
    drop(by);
    let mut slots: Vec<Option<Fold>> = folds.into_iter().map(Some).collect();
    let folds: Vec<Fold> = order.into_iter().filter_map(|i| slots.get_mut(i).and_then(Option::take)).collect();
    let mut out = List { next: changes(world, now), ..List::default() };
    for (i, f) in folds.iter().enumerate() {
        out.held += f.held.len();
        for o in f.firing() {
            out.firing += 1;
            out.open_pages += usize::from(o.is_open_page());
            if let Some(service) = &o.alert.service {
                let places = out.about.entry(service.clone()).or_default();
                if places.last() != Some(&i) {
                    places.push(i);
                }
            }
        }
    }
    out.newest = (0..folds.len()).collect();
    let began: Vec<Utc> = folds.iter().map(Fold::since).collect();
    out.newest.sort_by_key(|i| (std::cmp::Reverse(began[*i]), *i));
    out.folds = folds;
    out
}

fn is_held(source: &SourceId, a: &Alert, first: &BTreeMap<&ServiceId, (Utc, &SourceId, &str)>, now: Utc) -> bool {
    let Some(service) = a.service.as_ref() else { return false };
    if a.tier == Tier::Page || a.origin == Origin::Report {
        return false;
    }
    if first.get(service).is_none_or(|f| *f == (a.since, source, &*a.id)) {
        return false;
    }
    // What lasted was no flap, though it has ended since.
    let lasted = if a.firing { now.since(a.since) } else { a.ended.map_or(i64::MAX, |e| e.since(a.since)) };
    lasted < FLAP_MS
}

/// When time alone changes the list next: one that could be held back has lasted, or one that ended is the first of its
/// service no more.
fn changes(world: &World, now: Utc) -> Option<Utc> {
    let all = world.alerts.values().flat_map(|a| &a.all).filter(|a| a.service.is_some());
    let due = all.flat_map(|a| {
        let lasts = (a.firing && a.tier != Tier::Page).then(|| Utc(a.since.0 + FLAP_MS));
        let over = (!a.firing).then_some(a.ended).flatten().map(|e| Utc(e.0 + FLAP_MS));
        [lasts, over]
    });
    due.flatten().filter(|t| *t > now).min()
}

/// A label as silences match it: the alert's own, else what every alert has.
pub fn label<'a>(a: &'a Alert, name: &str) -> Option<&'a str> {
    let own = a.labels.iter().find(|(n, _)| **n == *name).map(|(_, v)| &**v);
    own.or_else(|| match name {
        "alertname" => Some(&a.name),
        "service" => a.service.as_ref().map(ServiceId::as_str),
        "severity" => Some(a.tier.word()),
        _ => None,
    })
}

/// Would all of these hold? Only conditions without a pattern are known here; `None`: one has a pattern.
pub fn matches(a: &Alert, all: &[Matcher]) -> Option<bool> {
    if all.iter().any(|m| m.regex) {
        return None;
    }
    // No condition at all would hide everything; no source takes that.
    Some(!all.is_empty() && all.iter().all(|m| (label(a, &m.label) == Some(&m.value)) == m.equal))
}

/// `service="checkout" alertname="LoginFail"`
pub fn matchers_said(all: &[Matcher]) -> String {
    let one = |m: &Matcher| {
        let op = match (m.equal, m.regex) {
            (true, false) => "=",
            (true, true) => "=~",
            (false, false) => "!=",
            (false, true) => "!~",
        };
        format!("{}{op}{:?}", m.label, m.value)
    };
    all.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A silence that holds now.
pub fn holds(s: &Silence, now: Utc) -> bool {
    s.from <= now && now < s.until
}

/// Silences that hold or will, with who tells of them, the one that ends first before the others.
pub fn silences(world: &World, now: Utc) -> Vec<(&SourceId, &Silence)> {
    let all = world.alerts.iter().flat_map(|(source, a)| a.silences.iter().map(move |s| (source, s)));
    let mut out: Vec<_> = all.filter(|(_, s)| now < s.until).collect();
    out.sort_by(|a, b| (a.1.until, a.0, &a.1.id).cmp(&(b.1.until, b.0, &b.1.id)));
    out
}

/// How many that fire a silence hides, as its source says.
pub fn hides(world: &World, source: &SourceId, silence: &str) -> usize {
    let all = world.alerts.get(source).map(|a| a.all.as_slice()).unwrap_or_default();
    all.iter().filter(|a| a.firing && a.silenced.iter().any(|s| **s == *silence)).count()
}

#[cfg(test)]
#[path = "alerts_tests.rs"]
mod tests;
