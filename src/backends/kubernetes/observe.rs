//! Watching: three streams per scope folded into the store, facts put when something changed, the source's own state
//! beside them. Old rows stay until a new list is complete.

use super::Kubernetes;
use super::client::{Clients, connect};
use super::rights;
use super::store::{Change, Kind};
use super::watch::{Report, Said, Stream};
use crate::backends::Sink;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::source::{Abilities, Link, Right, SourceError, SourceState, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// limits.md section 3: watches.
const OLD_AFTER_MS: i64 = 90_000;
/// `confirmed` alone moves the source's state at most this often.
const CONFIRM_EVERY_MS: i64 = 3_000;
/// Each namespace has its own times below this.
const RIGHTS_EVERY: Duration = Duration::from_secs(60);
/// Reports folded before facts go out.
const BATCH: usize = 2_048;

struct Watching<'a> {
    k: &'a Kubernetes,
    out: &'a Sink,
    scopes: usize,
    /// Kinds we may not read; the rest works without them.
    without: BTreeSet<Kind>,
    /// Everything was complete once: from then on facts flow.
    ever: bool,
    whole: bool,
    confirmed: BTreeMap<(usize, Kind), Utc>,
    trouble: BTreeMap<(usize, Kind), SourceError>,
    of: BTreeMap<(usize, Kind), u32>,
    reading: Option<Kind>,
    latency_ms: Option<u32>,
    last_error: Option<(Utc, SourceError)>,
    told: Option<SourceState>,
}

/// See `Backend::observe`.
pub async fn observe(k: &Kubernetes, out: &Sink) -> SourceError {
    loop {
        let (mut w, end) = session(k, out).await;
        if !k.begins_anew(&end, w.ever) {
            return w.failed(end);
        }
    }
}

/// From a connection to its end.
async fn session<'a>(k: &'a Kubernetes, out: &'a Sink) -> (Watching<'a>, SourceError) {
    let mut w = Watching::new(k, out);
    w.tell(Link::Connecting);
    let clients = match connect(&k.settings, &k.calls).await {
        Ok(c) => c,
        Err(e) => return (w, e),
    };
    k.keep(clients.clone());
    let scopes: Vec<Option<String>> = if k.settings.namespaces.is_empty() {
        vec![None]
    } else {
        k.settings.namespaces.iter().cloned().map(Some).collect()
    };
    let end = w.run(&clients, &scopes).await;
    let own = vec![Some(clients.namespace.clone())];
    if end.trouble == Trouble::Forbidden && scopes == [None] && !w.ever {
        // Many sites grant namespaces only: then the context's own one.
        tracing::debug!("no right to read the whole cluster: the context's namespace");
        w = Watching::new(k, out);
        let end = w.run(&clients, &own).await;
        return (w, end);
    }
    (w, end)
}

impl<'a> Watching<'a> {
    fn new(k: &'a Kubernetes, out: &'a Sink) -> Watching<'a> {
        k.reset_store();
        Watching {
            k,
            out,
            scopes: 0,
            without: BTreeSet::new(),
            ever: false,
            whole: false,
            confirmed: BTreeMap::new(),
            trouble: BTreeMap::new(),
            of: BTreeMap::new(),
            reading: None,
            latency_ms: None,
            last_error: None,
            told: None,
        }
    }

    async fn run(&mut self, clients: &Clients, scopes: &[Option<String>]) -> SourceError {
        self.scopes = scopes.len();
        let (tx, mut rx) = mpsc::channel::<Report>(256);
        let mut streams: JoinSet<(Kind, SourceError)> = JoinSet::new();
        for (scope, namespace) in scopes.iter().enumerate() {
            for kind in Kind::ALL {
                let stream = Stream {
                    clients: clients.clone(),
                    namespace: namespace.clone(),
                    scope,
                    kind,
                    timing: self.k.timing,
                    out: tx.clone(),
                };
                streams.spawn(async move { (kind, stream.run().await) });
            }
        }
        drop(tx);
        let named: Vec<String> = scopes.iter().flatten().cloned().collect();
        let mut probes: JoinSet<Result<Abilities, SourceError>> = JoinSet::new();
        let probe = |names: Vec<String>| {
            let (c, now, call) = (clients.clone(), self.k.utc.clone(), self.k.timing.call);
            async move { rights::probe(&c, &names, &now, call).await }
        };
        probes.spawn(probe(named.clone()));
        let mut again = tokio::time::interval(RIGHTS_EVERY);
        again.reset();
        let mut beat = tokio::time::interval(Duration::from_millis(1000));
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // No more reports: every watch has ended, and why is told below.
                Some(report) = rx.recv() => {
                    self.fold(report);
                    for _ in 0..BATCH {
                        match rx.try_recv() {
                            Ok(r) => self.fold(r),
                            Err(_) => break,
                        }
                    }
                    let first = !self.ever;
                    self.flush();
                    if first && self.ever && named.is_empty() {
                        let seen = self.namespaces();
                        if !seen.is_empty() {
                            probes.spawn(probe(seen));
                        }
                    }
                }
                Some(ended) = streams.join_next() => match ended {
                    // Pods only explain; without the right to read them the rest still works.
                    Ok((Kind::Pods, e)) if e.trouble == Trouble::Forbidden => {
                        self.without.insert(Kind::Pods);
                        self.last_error = Some(((self.k.utc)(), e));
                        self.flush();
                    }
                    Ok((_, e)) => return e,
                    Err(_) => return SourceError::new(Trouble::Panicked, "a watch failed by itself"),
                },
                Some(found) = probes.join_next() => self.rights(found),
                _ = again.tick() => {
                    let names = if named.is_empty() { self.namespaces() } else { named.clone() };
                    probes.spawn(probe(names));
                }
                _ = beat.tick() => {
                    if clients.is_ending() {
                        return SourceError::new(Trouble::Auth, "the certificate of the credential plugin ends");
                    }
                    self.tell_now();
                }
                () = self.k.renewed.notified() => return SourceError::new(Trouble::Auth, "logged in anew"),
            }
        }
    }

    fn namespaces(&self) -> Vec<String> {
        let store = self.k.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.namespaces().iter().take(super::review::NAMESPACES).map(ToString::to_string).collect()
    }

    fn rights(&mut self, found: Result<Result<Abilities, SourceError>, tokio::task::JoinError>) {
        match found {
            Ok(Ok(a)) => {
                self.k.keep_abilities(a);
                self.tell_now();
            }
            Ok(Err(e)) => self.last_error = Some(((self.k.utc)(), e)),
            Err(_) => {}
        }
    }

    fn fold(&mut self, r: Report) {
        let at = (r.scope, r.kind);
        let now = (self.k.utc)();
        match r.said {
            Said::Change(c) => {
                match &c {
                    Change::Start => {
                        self.reading = Some(r.kind);
                        self.of.remove(&at);
                    }
                    // A page proves nothing of the whole.
                    Change::Page(_) => {}
                    Change::Listed | Change::Put(_) | Change::Gone(_) => {
                        self.confirmed.insert(at, now);
                        self.trouble.remove(&at);
                    }
                }
                let mut store = self.k.store.lock().unwrap_or_else(PoisonError::into_inner);
                store.fold(r.scope, r.kind, c);
            }
            Said::Alive => {
                self.confirmed.insert(at, now);
                self.trouble.remove(&at);
            }
            Said::Of(n) => {
                self.of.insert(at, n);
            }
            Said::Latency(d) => {
                self.latency_ms = Some(u32::try_from(d.as_millis()).unwrap_or(u32::MAX));
            }
            Said::Trouble(e) => {
                tracing::warn!(error = %e, "a watch has trouble");
                self.last_error = Some((now, e.clone()));
                self.trouble.insert(at, e);
            }
        }
    }

    /// Facts for what changed; `Whole` when the lists are complete again.
    fn flush(&mut self) {
        let now = (self.k.utc)();
        let mut store = self.k.store.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = store.is_whole(self.scopes, &self.without);
        let completed = whole && !self.whole;
        self.whole = whole;
        self.ever |= whole;
        if self.ever {
            let news = store.take(now);
            let ids = completed.then(|| store.ids());
            drop(store);
            for t in news.changed {
                self.out.put(Fact::Target(Box::new(t)));
            }
            for id in news.gone {
                self.out.put(Fact::Gone(id));
            }
            if let Some(ids) = ids {
                self.out.put(Fact::Whole(ids));
            }
        } else {
            drop(store);
        }
        self.tell_now();
    }

    fn link(&self) -> Link {
        if let Some(e) = self.trouble.values().next() {
            return Link::Failed(e.clone());
        }
        if self.whole {
            return Link::Watching;
        }
        let store = self.k.store.lock().unwrap_or_else(PoisonError::into_inner);
        let done = u32::try_from(store.staged()).unwrap_or(u32::MAX);
        Link::Reading {
            what: self.reading.unwrap_or(Kind::Rollouts).word().into(),
            done,
            of: (!self.of.is_empty())
                .then(|| self.of.iter().filter(|((_, k), _)| *k != Kind::Pods).map(|(_, n)| *n).sum::<u32>().max(done)),
        }
    }

    fn tell_now(&mut self) {
        let link = self.link();
        self.tell(link);
    }

    /// The source's state, when it says something new.
    fn tell(&mut self, link: Link) {
        let all = self.scopes * (Kind::ALL.len() - self.without.len());
        let oldest = self.confirmed.iter().filter(|((_, k), _)| !self.without.contains(k)).map(|(_, t)| *t);
        let confirmed = (self.ever && oldest.clone().count() >= all).then(|| oldest.min()).flatten();
        let mut abilities = self.k.abilities();
        if self.without.contains(&Kind::Pods) {
            abilities.rights.push(Right { namespace: None, verb: "list pods".into(), allowed: Some(false) });
        }
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

    fn failed(&mut self, e: SourceError) -> SourceError {
        self.last_error = Some(((self.k.utc)(), e.clone()));
        self.tell(Link::Failed(e.clone()));
        e
    }
}

/// Keeps `observe` a plain future of an owned backend.
pub async fn observe_owned(k: Arc<Kubernetes>, out: Sink) -> SourceError {
    observe(&k, &out).await
}
