//! What is told of the source itself: link, age, rights, kinds, controllers; only when it says something new. Decides
//! nothing about watching.

use super::Kubernetes;
use super::observe::words;
use super::rows::{Kind, Scope};
use super::store::Change;
use crate::backends::Sink;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::source::{Controller, Link, Right, SourceError, SourceState, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

/// limits.md section 3: watches.
const OLD_AFTER_MS: i64 = 90_000;
/// `confirmed` alone moves the source's state at most this often.
const CONFIRM_EVERY_MS: i64 = 3_000;

pub type At = (Scope, Kind);

/// Where the list and watch of one kind in one scope stand.
#[derive(Debug, Default)]
pub struct Listing {
    pub confirmed: Option<Utc>,
    pub trouble: Option<SourceError>,
    /// Rows of the list so far, and how many there will be.
    pub read: u32,
    pub of: u32,
    pub complete: bool,
}

pub struct Telling<'a> {
    k: &'a Kubernetes,
    pub out: &'a Sink,
    /// What is watched.
    pub wanted: BTreeSet<At>,
    /// What may not or cannot be read; the rest works without it.
    pub without: BTreeMap<At, SourceError>,
    /// Kinds that may not be read in the whole cluster: in the context's namespace only.
    pub narrowed: BTreeSet<Kind>,
    pub lists: BTreeMap<At, Listing>,
    pub controllers: Vec<Controller>,
    pub latency_ms: Option<u32>,
    pub ever: bool,
    reading: Option<Kind>,
    last_error: Option<(Utc, SourceError)>,
    told: Option<SourceState>,
}

impl<'a> Telling<'a> {
    pub fn new(k: &'a Kubernetes, out: &'a Sink) -> Telling<'a> {
        Telling {
            k,
            out,
            wanted: BTreeSet::new(),
            without: BTreeMap::new(),
            narrowed: BTreeSet::new(),
            lists: BTreeMap::new(),
            controllers: Vec::new(),
            latency_ms: None,
            ever: false,
            reading: None,
            last_error: None,
            told: None,
        }
    }

    pub fn last_error(&mut self, e: SourceError) {
        self.last_error = Some(((self.k.utc)(), e));
    }

    /// What is known of this kind and scope is right as of now.
    pub fn confirm(&mut self, at: &At) {
        let list = self.lists.entry(at.clone()).or_default();
        list.confirmed = Some((self.k.utc)());
        list.trouble = None;
    }

    pub fn heard(&mut self, at: &At, change: &Change) {
        let list = self.lists.entry(at.clone()).or_default();
        match change {
            Change::Start => {
                self.reading = Some(at.1);
                (list.read, list.of) = (0, 0);
            }
            // A page proves nothing of the whole.
            Change::Page(rows) => list.read = list.read.saturating_add(u32::try_from(rows.len()).unwrap_or(u32::MAX)),
            Change::Listed => {
                list.complete = true;
                self.confirm(at);
            }
            Change::Put(..) | Change::Gone(_) => self.confirm(at),
            Change::Dropped => {}
        }
    }

    /// It is not watched any more.
    pub fn drop_list(&mut self, at: &At) {
        self.wanted.remove(at);
        self.lists.remove(at);
    }

    pub fn link(&self, whole: bool) -> Link {
        if let Some(e) = self.lists.values().find_map(|l| l.trouble.as_ref()) {
            return Link::Failed(e.clone());
        }
        if whole {
            return Link::Watching;
        }
        let sum = |of: fn(&Listing) -> u32| self.lists.values().map(of).fold(0, u32::saturating_add);
        let done = sum(|l| l.read);
        Link::Reading {
            what: self.reading.unwrap_or(Kind::Rollouts).word().into(),
            done,
            of: self.lists.values().any(|l| l.of > 0).then(|| sum(|l| l.of).max(done)),
        }
    }

    /// Rights that are missing to see everything there is.
    fn missing(&self) -> BTreeSet<Kind> {
        // A list that failed for another reason says nothing of a right.
        let forbidden = self.without.iter().filter(|(_, e)| e.trouble == Trouble::Forbidden);
        let mut kinds: BTreeSet<Kind> = forbidden.map(|((_, k), _)| *k).collect();
        // Where everything is of one namespace that is the scope, and nothing is missing in it.
        if self.wanted.iter().any(|(scope, _)| scope.is_none()) {
            kinds.extend(&self.narrowed);
        }
        kinds
    }

    /// The source's state, when it says something new.
    pub fn tell(&mut self, link: Link) {
        // A kind that came while running is not known to be old before it is known.
        let known = self.wanted.iter().filter_map(|at| self.lists.get(at)).filter(|l| l.complete);
        let confirmed = if self.ever { known.filter_map(|l| l.confirmed).min() } else { None };
        let mut abilities = self.k.abilities();
        let customs = self.k.customs();
        for kind in self.missing() {
            let (_, plural) = super::kinds::place(kind, &customs);
            let right = Right { namespace: None, verb: format!("list {plural}").into(), allowed: Some(false) };
            if !abilities.rights.contains(&right) {
                abilities.rights.push(right);
            }
        }
        abilities.kinds = words(self.k, &self.wanted);
        abilities.controllers.clone_from(&self.controllers);
        let holds = {
            let store = self.k.store.lock().unwrap_or_else(PoisonError::into_inner);
            store.holds()
        };
        let state = SourceState {
            kind: "kubernetes".into(),
            link,
            abilities,
            confirmed,
            old_after_ms: OLD_AFTER_MS,
            latency_ms: self.latency_ms,
            calls_per_min: self.k.calls.per_minute(),
            last_error: self.last_error.clone(),
            holds: holds.into(),
        };
        if let Some(old) = &self.told {
            let moved = match (old.confirmed, state.confirmed) {
                (Some(a), Some(b)) => b.since(a) >= CONFIRM_EVERY_MS,
                (a, b) => a != b,
            };
            let mut same = old.clone();
            same.confirmed = state.confirmed;
            same.calls_per_min = state.calls_per_min;
            same.latency_ms = state.latency_ms;
            if same == state && !moved {
                return;
            }
        }
        self.told = Some(state.clone());
        self.out.put(Fact::Source(Box::new(state)));
    }

    pub fn failed(&mut self, e: SourceError) -> SourceError {
        self.last_error(e.clone());
        self.tell(Link::Failed(e.clone()));
        e
    }
}
