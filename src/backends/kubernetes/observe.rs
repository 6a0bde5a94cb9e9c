//! Watching: a stream per kind and scope folded into the store, kinds that come and go, facts put when something
//! changed. Old rows stay until a new list is complete. What is told of the source itself is in `told`.

mod lookups;

use self::lookups::Answer;
use super::Kubernetes;
use super::client::{Clients, connect};
use super::custom::CustomKind;
use super::kinds::{Found, place};
use super::rows::{Kind, Scope};
use super::store::Change;
use super::told::{At, Telling};
use super::watch::{Report, Said, Stream};
use crate::backends::{Interest, Sink};
use crate::core::world::fact::Fact;
use crate::core::world::source::{Link, SourceError, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch as watched};
use tokio::task::JoinSet;

/// Each namespace has its own times below this.
const RIGHTS_EVERY: Duration = Duration::from_secs(60);
/// Reports folded before facts go out.
const BATCH: usize = 2_048;
/// A list that fails again and again is tried half as often each time, down to an eighth.
const RARER: u32 = 3;
type Streams = JoinSet<(Scope, Kind, SourceError)>;
type Answers = JoinSet<Answer>;

struct Watching<'a, 't> {
    k: &'a Kubernetes,
    clients: Clients,
    told: &'a mut Telling<'t>,
    scopes: Vec<Scope>,
    want: watched::Receiver<Interest>,
    reports: mpsc::Sender<Report>,
    /// Everything was complete once: from then on facts flow.
    ever: bool,
    whole: bool,
    /// The kinds are known: an answer of discovery came for every group that is needed.
    discovered: bool,
    /// What the source works without because its first list failed: how often it did, and when it is tried again
    /// (`None`: it is being tried).
    again: BTreeMap<At, (u32, Option<Instant>)>,
    /// Nobody said whether these are served.
    silent: BTreeSet<Kind>,
    looking: bool,
    looked: Option<Instant>,
    /// When the kinds are looked for again.
    look_at: Instant,
    lease_at: Instant,
    lease_in: Vec<Arc<str>>,
}

/// See `Backend::observe`.
async fn observe(k: &Kubernetes, want: watched::Receiver<Interest>, out: &Sink) -> SourceError {
    loop {
        let mut told = Telling::new(k, out);
        for why in k.settings.kinds.iter().filter_map(|k| CustomKind::parse(k).err()) {
            told.last_error(SourceError::new(Trouble::Shape, why));
        }
        let (end, worked) = session(k, want.clone(), &mut told).await;
        if !k.begins_anew(&end, worked) {
            return told.failed(end);
        }
    }
}

/// From a connection to its end; and whether everything was complete once.
async fn session(k: &Kubernetes, want: watched::Receiver<Interest>, told: &mut Telling<'_>) -> (SourceError, bool) {
    // One for the whole session: of several things that happen at once only one is looked at, and a login must not be lost.
    let mut renewed = std::pin::pin!(k.renewed.notified());
    renewed.as_mut().enable();
    k.reset_store();
    told.tell(Link::Connecting);
    let clients = match connect(&k.settings, &k.calls).await {
        Ok(c) => c,
        Err(e) => return (e, false),
    };
    k.keep(clients.clone());
    let mut scopes: Vec<Scope> = k.settings.namespaces.iter().map(|n| Some(Arc::from(n.as_str()))).collect();
    scopes.sort();
    scopes.dedup();
    if scopes.is_empty() {
        scopes.push(None);
    }
    let (reports, heard) = mpsc::channel::<Report>(256);
    let now = Instant::now();
    let mut w = Watching {
        k,
        clients,
        told,
        scopes,
        want,
        reports,
        ever: false,
        whole: false,
        discovered: false,
        again: BTreeMap::new(),
        silent: BTreeSet::new(),
        looking: false,
        looked: None,
        look_at: now,
        lease_at: now,
        lease_in: Vec::new(),
    };
    let end = tokio::select! {
        end = w.run(heard) => end,
        () = renewed => SourceError::new(Trouble::Auth, "logged in anew"),
    };
    (end, w.ever)
}

impl Watching<'_, '_> {
    async fn run(&mut self, mut heard: mpsc::Receiver<Report>) -> SourceError {
        let mut streams: Streams = JoinSet::new();
        let mut answers: Answers = JoinSet::new();
        for kind in Kind::BUILT_IN {
            self.begin(kind, &mut streams);
        }
        self.ask_kinds(&mut answers);
        self.ask_rights(&mut answers);
        let mut again = tokio::time::interval(RIGHTS_EVERY);
        again.reset();
        // What is due is looked at so often; seconds, but for tests that shorten all times.
        let every = self.k.timing.recheck().min(Duration::from_secs(10)) / 10;
        let mut beat = tokio::time::interval(every.max(Duration::from_millis(20)));
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(report) = heard.recv() => {
                    self.fold(report);
                    self.drain(&mut heard, BATCH);
                    let first = !self.ever;
                    self.flush();
                    if first && self.ever && self.k.settings.namespaces.is_empty() {
                        self.ask_rights(&mut answers);
                    }
                }
                Some(ended) = streams.join_next() => {
                    // What it said before it ended comes first.
                    self.drain(&mut heard, usize::MAX);
                    let Ok((scope, kind, e)) = ended else {
                        return SourceError::new(Trouble::Panicked, "a watch failed by itself");
                    };
                    if let Err(e) = self.ended(scope, kind, e, &mut streams) {
                        return e;
                    }
                    self.flush();
                }
                Some(answer) = answers.join_next() => match answer {
                    Ok(Answer::Rights(found)) => self.rights(found),
                    Ok(Answer::Leases(all, at)) => {
                        self.told.controllers = all;
                        self.lease_in = at;
                        self.tell();
                    }
                    Ok(Answer::Kinds(Ok(found))) => {
                        if let Err(e) = self.found(found, &mut streams) {
                            return e;
                        }
                        self.flush();
                    }
                    Ok(Answer::Kinds(Err(e))) => return e,
                    Err(_) => return SourceError::new(Trouble::Panicked, "a look-up failed by itself"),
                },
                _ = again.tick() => self.ask_rights(&mut answers),
                _ = beat.tick() => {
                    if self.clients.is_ending() {
                        return SourceError::new(Trouble::Auth, "the certificate of the credential plugin ends");
                    }
                    if !self.looking && Instant::now() >= self.look_at {
                        self.ask_kinds(&mut answers);
                    }
                    self.ask_leases(&mut answers);
                    self.try_again(&mut streams);
                    self.tell();
                }
            }
        }
    }

    fn drain(&mut self, heard: &mut mpsc::Receiver<Report>, most: usize) {
        for _ in 0..most {
            match heard.try_recv() {
                Ok(r) => self.fold(r),
                Err(_) => break,
            }
        }
    }

    /// Watches a kind in every scope where it is not watched yet.
    fn begin(&mut self, kind: Kind, streams: &mut Streams) {
        let own: Vec<Scope>;
        let scopes = if self.told.narrowed.contains(&kind) {
            own = vec![Some(self.clients.namespace.as_str().into())];
            &own
        } else {
            &self.scopes
        };
        for scope in scopes {
            let at = (scope.clone(), kind);
            if !self.told.without.contains_key(&at) && self.told.wanted.insert(at.clone()) {
                self.follow(at, streams);
            }
        }
    }

    fn follow(&self, (scope, kind): At, streams: &mut Streams) {
        let customs = self.k.customs();
        let (group, plural) = place(kind, &customs);
        let stream = Stream {
            clients: self.clients.clone(),
            scope: scope.clone(),
            kind,
            group,
            plural,
            instances: !customs.is_empty(),
            timing: self.k.timing,
            out: self.reports.clone(),
        };
        streams.spawn(async move { (scope, kind, stream.run().await) });
    }

    /// Lists that failed and are due. Nothing waits for them: they are wanted once they are complete.
    fn try_again(&mut self, streams: &mut Streams) {
        let now = Instant::now();
        let due = |(_, at): &(u32, Option<Instant>)| at.is_some_and(|at| now >= at);
        let all: Vec<At> = self.again.iter().filter(|(_, a)| due(a)).map(|(at, _)| at.clone()).collect();
        for at in all {
            self.again.entry(at.clone()).and_modify(|a| a.1 = None);
            self.follow(at, streams);
        }
    }

    /// The source works without it; it is tried again after half a minute, then more rarely.
    fn spare(&mut self, at: &At, e: &SourceError, failed: u32) {
        let half = self.k.timing.recheck() / 2;
        let asked = Duration::from_millis(e.retry_after_ms.unwrap_or(0).min(600_000));
        let wait = (half * 2_u32.pow(failed.min(RARER))).max(asked);
        self.again.insert(at.clone(), (failed.saturating_add(1), Some(Instant::now() + wait)));
        self.told.last_error(e.clone());
        self.told.without.insert(at.clone(), e.clone());
    }

    /// A stream ended for good. `Err`: so must the source.
    fn ended(&mut self, scope: Scope, kind: Kind, e: SourceError, streams: &mut Streams) -> Result<(), SourceError> {
        let at = (scope.clone(), kind);
        let known = self.told.lists.get(&at).is_some_and(|l| l.complete);
        let failed = self.again.remove(&at).map_or(0, |(n, _)| n);
        self.told.without.remove(&at);
        match e.trouble {
            Trouble::Timeout | Trouble::Shape | Trouble::TooBig | Trouble::Server if !known && !kind.is_needed() => {
                tracing::warn!(error = %e, kind = kind.word(), "a list failed: going on without it");
                self.spare(&at, &e, failed);
            }
            // Many sites grant namespaces only: then the context's own one.
            Trouble::Forbidden if scope.is_none() && !known => {
                tracing::debug!(kind = kind.word(), "no right to read the whole cluster: the context's namespace");
                self.told.drop_list(&at);
                self.told.narrowed.insert(kind);
                self.begin(kind, streams);
                return Ok(());
            }
            // A right that was taken away: nothing says that what was seen is gone.
            Trouble::Forbidden if known && kind.is_target() => return Err(e),
            Trouble::Forbidden => {
                self.told.last_error(e.clone());
                self.told.without.insert(at.clone(), e);
            }
            // Its definition was removed; it may come again.
            Trouble::NotFound => {
                self.told.last_error(e);
                if !Kind::BUILT_IN.contains(&kind) {
                    self.look_soon();
                }
            }
            Trouble::Auth
            | Trouble::Unreachable
            | Trouble::Timeout
            | Trouble::Throttled
            | Trouble::Shape
            | Trouble::TooBig
            | Trouble::Server
            | Trouble::NotInThisVersion
            | Trouble::Panicked => return Err(e),
        }
        self.told.drop_list(&at);
        let mut store = self.k.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.fold(&scope, kind, Change::Dropped);
        drop(store);
        self.whole = false;
        self.something_is_left()
    }

    /// Without one kind of targets there is nothing to show: red, with the reason.
    fn something_is_left(&self) -> Result<(), SourceError> {
        if !self.discovered || self.told.wanted.iter().any(|(_, k)| k.is_target()) {
            return Ok(());
        }
        let refused = self.told.without.iter().filter(|((_, k), _)| k.is_target()).min_by_key(|((_, k), _)| *k);
        Err(refused.map_or_else(
            || {
                let words = format!("nothing that rolls out is served by {}", self.clients.context);
                SourceError::new(Trouble::NotFound, words)
            },
            |(_, e)| e.clone(),
        ))
    }

    fn found(&mut self, found: Found, streams: &mut Streams) -> Result<(), SourceError> {
        self.looking = false;
        self.looked = Some(Instant::now());
        self.look_at = Instant::now() + self.k.timing.recheck();
        if let Some(e) = found.spared {
            self.told.last_error(e);
            self.look_at = Instant::now() + self.k.timing.recheck() / 2;
        }
        match found.unknown {
            Some(e) => {
                self.told.last_error(e);
                self.look_at = Instant::now() + self.k.timing.backoff_most;
            }
            None => self.discovered = true,
        }
        self.k.name_customs(&found.words);
        if self.silent != found.silent {
            // What is there has to be said anew.
            self.whole = false;
            self.silent = found.silent;
        }
        // What every server has may have been away for a moment, too.
        for kind in found.served.into_iter().chain(Kind::BUILT_IN) {
            self.begin(kind, streams);
        }
        self.something_is_left()
    }

    fn fold(&mut self, r: Report) {
        let at = (r.scope, r.kind);
        match r.said {
            Said::Change(c) => {
                self.told.heard(&at, &c);
                // What was tried again is there.
                if matches!(c, Change::Listed) && self.again.remove(&at).is_some() {
                    self.told.without.remove(&at);
                    self.told.wanted.insert(at.clone());
                }
                let mut store = self.k.store.lock().unwrap_or_else(PoisonError::into_inner);
                store.fold(&at.0, at.1, c);
            }
            Said::Alive => self.told.confirm(&at),
            Said::Of(n) => self.told.lists.entry(at).or_default().of = n,
            Said::Latency(d) => self.told.latency_ms = Some(u32::try_from(d.as_millis()).unwrap_or(u32::MAX)),
            Said::Trouble(e) => {
                tracing::warn!(error = %e, "a watch has trouble");
                self.told.last_error(e.clone());
                self.told.lists.entry(at).or_default().trouble = Some(e);
            }
        }
    }

    /// Facts for what changed; `Whole` when the lists are complete again.
    fn flush(&mut self) {
        let now = (self.k.utc)();
        let mut store = self.k.store.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = self.discovered && store.is_whole(&self.told.wanted);
        let completed = whole && !self.whole;
        self.whole = whole;
        self.ever |= whole;
        if self.ever {
            let news = store.take(now);
            let ids = completed.then(|| store.ids());
            drop(store);
            let ids = ids.map(|mut ids| {
                // Nothing says that what an earlier session saw of a kind that gives no answer is gone.
                ids.extend(self.k.told_before(&self.unanswered()));
                ids
            });
            for t in news.changed {
                self.told.out.put(Fact::Target(Box::new(t)));
            }
            for id in news.gone {
                self.told.out.put(Fact::Gone(id));
            }
            if let Some(ids) = ids {
                self.told.out.put(Fact::Whole(ids));
            }
        } else {
            drop(store);
        }
        self.tell();
    }

    /// Kinds of which nothing is known in this session.
    fn unanswered(&self) -> BTreeSet<Kind> {
        let watched = |k: &Kind| self.told.wanted.iter().any(|(_, w)| w == k);
        let silent = self.silent.iter().filter(|k| !watched(k)).copied();
        silent.chain(self.again.keys().map(|(_, k)| *k)).collect()
    }

    fn tell(&mut self) {
        let link = self.told.link(self.whole);
        self.told.ever = self.ever;
        self.told.tell(link);
    }
}

/// Keeps `observe` a plain future of an owned backend.
pub async fn observe_owned(k: Arc<Kubernetes>, want: watched::Receiver<Interest>, out: Sink) -> SourceError {
    observe(&k, want, &out).await
}

/// The kinds of targets that are watched, as their objects are called.
pub fn words(k: &Kubernetes, wanted: &BTreeSet<(Scope, Kind)>) -> Vec<Arc<str>> {
    let customs = k.customs();
    let kinds: BTreeSet<Kind> = wanted.iter().map(|(_, k)| *k).collect();
    let word = |kind: Kind| match kind {
        Kind::Custom(n) => customs.get(usize::from(n))?.kind.clone(),
        kind => kind.target().map(Arc::from),
    };
    kinds.into_iter().filter_map(word).collect()
}
