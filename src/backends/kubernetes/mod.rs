//! What rolls out in a Kubernetes cluster, behind the `Backend` port. I/O is in `client`, `watch`, `observe`, `kinds`,
//! `leases`, `read`, `rights` and `send`; everything else is pure. Must not decide what is shown or whether an act is allowed.

#[cfg(feature = "testkit")]
mod anything;
mod apps;
mod argo;
mod around;
mod calls;
mod client;
mod custom;
mod dry;
mod dto;
mod events;
mod evidence;
mod exec;
mod failure;
mod flagger;
mod hands;
mod index;
mod kin;
mod kinds;
mod kubeconfig;
mod leases;
mod lenient;
mod link;
mod logs;
mod mark;
mod observe;
mod plan;
mod proxy;
mod raw;
mod read;
mod review;
mod rights;
mod room;
mod rows;
mod scaled;
mod send;
mod settings;
mod store;
mod story;
mod template;
mod told;
mod watch;
mod wayback;
mod wire;
#[cfg(test)]
mod wire_tests;
mod words;

#[cfg(feature = "testkit")]
pub use anything::read_anything;
pub use kubeconfig::{ContextInfo, contexts};
pub use settings::{Impersonate, Settings};
pub use watch::Timing;

use crate::backends::{Backend, Cx, Interest, Login, Query, Sink, UtcClock};
use crate::core::act::mark::Mark;
use crate::core::act::plan::{CannotBecause, Operation, Outcome, Plan, RefusedBy, Step, Ticket};
use crate::core::id::TargetId;
use crate::core::world::fact::Fact;
use crate::core::world::source::{Abilities, SourceError, Trouble};
use crate::core::world::target::TargetState;
use client::{Calls, Clients};
use custom::CustomKind;
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::Store;
use tokio::sync::{Notify, watch as watched};

/// A credential that ends more often than this is no credential.
const REBUILT_EVERY: Duration = Duration::from_secs(30);
/// Reviews are asked again after this.
const RIGHTS_KEPT: Duration = Duration::from_secs(60);

/// One cluster.
pub struct Kubernetes {
    settings: Settings,
    utc: UtcClock,
    timing: Timing,
    calls: Calls,
    clients: Mutex<Option<Clients>>,
    store: Mutex<Store>,
    /// What earlier sessions told of and this one has not answered for yet.
    before: Mutex<BTreeSet<TargetId>>,
    abilities: Mutex<Option<(Instant, Abilities)>>,
    /// The operators' kinds; what their objects are called is learnt from the server.
    customs: Mutex<Vec<CustomKind>>,
    /// When the last act was sent.
    acted: Mutex<Option<Instant>>,
    /// When a session that had worked was begun anew for its credential.
    rebuilt: Mutex<Option<Instant>>,
    /// Rung: there is another login.
    renewed: Notify,
    room: room::Kept,
}

fn locked<T>(m: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kubernetes {
    pub fn new(settings: Settings, utc: UtcClock) -> Kubernetes {
        Kubernetes::with_timing(settings, utc, Timing::default())
    }

    /// With other times than the defaults, for tests against a fake server.
    pub fn with_timing(settings: Settings, utc: UtcClock, timing: Timing) -> Kubernetes {
        let customs = settings.kinds.iter().filter_map(|k| CustomKind::parse(k).ok());
        // A place in the settings is a byte: nobody names more kinds than that.
        let customs = customs.take(usize::from(u8::MAX)).collect();
        Kubernetes {
            customs: Mutex::new(customs),
            acted: Mutex::new(None),
            store: Mutex::new(Store::new(settings.source.clone())),
            before: Mutex::default(),
            settings,
            utc,
            timing,
            calls: Calls::default(),
            clients: Mutex::new(None),
            abilities: Mutex::new(None),
            rebuilt: Mutex::new(None),
            renewed: Notify::new(),
            room: room::Kept::default(),
        }
    }

    /// Kinds an operator manages, as configured.
    fn kinds(&self) -> &[String] {
        &self.settings.kinds
    }

    fn keep(&self, clients: Clients) {
        *locked(&self.clients) = Some(clients);
    }

    fn forget(&self) {
        self.calls.reviews.forget();
        *locked(&self.clients) = None;
    }

    fn reset_store(&self) {
        let old = std::mem::replace(&mut *locked(&self.store), Store::new(self.settings.source.clone()));
        locked(&self.before).extend(old.ids());
    }

    /// Targets of these kinds that an earlier session told of; the others are forgotten.
    fn told_before(&self, silent: &BTreeSet<rows::Kind>) -> Vec<TargetId> {
        let customs = self.customs();
        let words = |k: &rows::Kind| match k {
            rows::Kind::Custom(n) => customs.get(usize::from(*n))?.kind.clone(),
            kind => kind.target().map(Arc::from),
        };
        let words: BTreeSet<Arc<str>> = silent.iter().filter_map(words).collect();
        let mut before = locked(&self.before);
        before.retain(|id| words.contains(&id.kind));
        before.iter().cloned().collect()
    }

    fn customs(&self) -> Vec<CustomKind> {
        locked(&self.customs).clone()
    }

    fn name_customs(&self, words: &BTreeMap<u8, Arc<str>>) {
        let mut customs = locked(&self.customs);
        for (n, word) in words {
            if let Some(c) = customs.get_mut(usize::from(*n)) {
                c.kind = Some(word.clone());
            }
        }
    }

    fn acted_within(&self, time: Duration) -> bool {
        locked(&self.acted).is_some_and(|at| at.elapsed() < time)
    }

    fn keep_abilities(&self, mut a: Abilities) {
        // Every cluster has workloads of its own; which kinds are read the watches tell.
        a.roles.rollouts = true;
        *locked(&self.abilities) = Some((Instant::now(), a));
    }

    fn abilities(&self) -> Abilities {
        locked(&self.abilities).as_ref().map(|(_, a)| a.clone()).unwrap_or_default()
    }

    async fn clients(&self) -> Result<Clients, SourceError> {
        // One whose certificate is about to end is as good as none.
        let kept = locked(&self.clients).clone().filter(|c| !c.is_ending());
        match kept {
            Some(c) => Ok(c),
            None => {
                let c = client::connect(&self.settings, &self.calls).await?;
                self.keep(c.clone());
                Ok(c)
            }
        }
    }

    async fn read(&self, c: &Clients, id: &TargetId, deadline: Duration) -> Result<Fact, SourceError> {
        let now = (self.utc)();
        match self.customs().into_iter().find(|k| k.kind.as_ref() == Some(&id.kind)) {
            Some(kind) => custom::read::read(c, &kind, id, &self.store, now, deadline).await,
            None => read::read(c, id, &self.store, now, deadline).await,
        }
    }

    /// A session that worked and lost its login is begun anew at once, with the rows it has, but not again and again.
    fn begins_anew(&self, end: &SourceError, worked: bool) -> bool {
        let mut last = locked(&self.rebuilt);
        let again = worked && end.trouble == Trouble::Auth && last.is_none_or(|t| t.elapsed() > REBUILT_EVERY);
        if again {
            *last = Some(Instant::now());
            drop(last);
            self.forget();
        }
        again
    }

    /// After a 401 the next call logs in anew: the library never runs a credential plugin again by itself.
    fn note(&self, e: SourceError) -> SourceError {
        if e.trouble == Trouble::Auth {
            self.forget();
        }
        e
    }

    async fn within<T>(&self, cx: &Cx, work: impl Future<Output = Result<T, SourceError>>) -> Result<T, SourceError> {
        match tokio::time::timeout(cx.deadline, work).await {
            Ok(done) => done.map_err(|e| self.note(e)),
            Err(_) => {
                Err(SourceError::new(Trouble::Timeout, format!("no answer in {:.1} s", cx.deadline.as_secs_f32())))
            }
        }
    }
}

impl std::fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kubernetes").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Backend for Kubernetes {
    fn probe<'a>(&'a self, cx: &'a Cx) -> BoxFuture<'a, Result<Abilities, SourceError>> {
        Box::pin(async move {
            let kept = locked(&self.abilities).clone();
            if let Some((at, a)) = kept
                && at.elapsed() < RIGHTS_KEPT
            {
                return Ok(a);
            }
            let work = async {
                let c = self.clients().await?;
                rights::probe(&c, &self.settings.namespaces, &self.utc, cx.deadline).await
            };
            self.keep_abilities(self.within(cx, work).await?);
            Ok(self.abilities())
        })
    }

    fn login(&self) -> Result<Vec<Login>, Arc<str>> {
        client::logins(&self.settings, &self.calls)
    }

    fn renew(&self) {
        self.forget();
        *locked(&self.abilities) = None;
        self.renewed.notify_waiters();
    }

    fn observe(self: Arc<Self>, want: watched::Receiver<Interest>, out: Sink) -> BoxFuture<'static, SourceError> {
        self.calls.reviews.follow(want.clone());
        Box::pin(async move {
            tokio::select! {
                e = observe::observe_owned(self.clone(), want.clone(), out.clone()) => e,
                // Never ends by itself: what goes wrong there is said in the lines.
                () = logs::follow(self, want, out) => SourceError::new(Trouble::Panicked, "following log lines ended"),
            }
        })
    }

    fn ask<'a>(&'a self, question: &'a Query, cx: &'a Cx) -> BoxFuture<'a, Result<Vec<Fact>, SourceError>> {
        Box::pin(async move {
            match question {
                Query::Read(id) => {
                    let work = async {
                        let c = self.clients().await?;
                        match self.read(&c, id, cx.deadline).await {
                            // One may be allowed to act on what one may not read.
                            Err(e) if e.trouble == Trouble::Forbidden && c.acts_apart => {
                                self.read(&c.looking(), id, cx.deadline).await
                            }
                            read => read,
                        }
                    };
                    Ok(vec![self.within(cx, work).await?])
                }
                Query::WayBack(id) => {
                    let work = async {
                        let c = self.clients().await?;
                        wayback::read(&c, id, self.kinds(), &self.room, (self.utc)(), cx.deadline).await
                    };
                    Ok(vec![self.within(cx, work).await?])
                }
                Query::Evidence(id) => {
                    let work = async {
                        let c = self.clients().await?;
                        evidence::read(&c, id, self.kinds(), (self.utc)(), cx.deadline).await
                    };
                    Ok(vec![self.within(cx, work).await?])
                }
                Query::Logs(of) => {
                    let work = async {
                        let c = self.clients().await?;
                        logs::ask(&c, of, self.kinds(), cx.deadline).await
                    };
                    self.within(cx, work).await
                }
                Query::Raw(id) => {
                    let work = async {
                        let c = self.clients().await?;
                        raw::read(&c, id, self.kinds(), (self.utc)(), cx.deadline).await
                    };
                    Ok(vec![self.within(cx, work).await?])
                }
                Query::DryRun(step) => {
                    let work = async {
                        let c = self.clients().await?;
                        dry::run(&c, step, cx.deadline).await
                    };
                    self.within(cx, work).await.map(|()| Vec::new())
                }
                Query::Blocks { .. } | Query::Check(_) | Query::Beside => {
                    Err(SourceError::new(Trouble::NotInThisVersion, "a rollout source has no figures"))
                }
            }
        })
    }

    fn plan(&self, op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause> {
        plan::plan(op, seen)
    }

    fn send<'a>(&'a self, step: &'a Step, _ticket: Ticket, cx: &'a Cx) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let began = Instant::now();
            *locked(&self.acted) = Some(began);
            let clients = match tokio::time::timeout(cx.deadline, self.clients()).await {
                Ok(Ok(c)) => c,
                Ok(Err(e)) => {
                    return send::refused(
                        match e.trouble {
                            Trouble::Auth => RefusedBy::Auth,
                            _ => RefusedBy::NotSent,
                        },
                        &e.sentence,
                    );
                }
                Err(_) => {
                    return send::refused(RefusedBy::NotSent, "no connection was made in time");
                }
            };
            let left = cx.deadline.saturating_sub(began.elapsed());
            let outcome = send::send(&clients, step, left).await;
            if let Outcome::Refused(r) = &outcome
                && r.kind == RefusedBy::Auth
            {
                self.forget();
            }
            outcome
        })
    }

    fn mark<'a>(&'a self, mark: &'a Mark, cx: &'a Cx) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async move {
            let work = async {
                let c = self.clients().await?;
                mark::leave(&c, mark, cx.deadline).await
            };
            self.within(cx, work).await
        })
    }
}

/// A recorded file, parsed.
#[cfg(test)]
fn fixture<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/src/backends/kubernetes/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    serde_json::from_str(&text).expect(&path)
}
