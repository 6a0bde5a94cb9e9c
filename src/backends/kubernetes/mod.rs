//! Argo Rollouts through the Kubernetes API, behind the `Backend` port. I/O is in `client`, `watch`, `observe`, `read`,
//! `rights` and `send`; everything else is pure. Must not decide what is shown or whether an act is allowed.

mod apps;
mod argo;
mod around;
mod client;
mod dto;
mod events;
mod evidence;
mod flagger;
mod kin;
mod lenient;
mod logs;
mod mark;
mod observe;
mod plan;
mod raw;
mod read;
mod rights;
mod room;
mod send;
mod store;
mod template;
mod watch;
mod wayback;
mod wire;
#[cfg(test)]
mod wire_tests;

pub use client::{ContextInfo, contexts};
pub use watch::Timing;

use crate::backends::{Backend, Cx, Interest, Query, Sink, UtcClock};
use crate::core::act::mark::Mark;
use crate::core::act::plan::{CannotBecause, Operation, Outcome, Plan, RefusedBy, Step, Ticket};
use crate::core::id::SourceId;
use crate::core::world::fact::Fact;
use crate::core::world::source::{Abilities, SourceError, Trouble};
use crate::core::world::target::TargetState;
use client::{Calls, Clients};
use futures::future::BoxFuture;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::Store;
use tokio::sync::watch as watched;

/// For fuzzers: an answer's bytes through everything that reads one, as a list, a watch line or an object.
#[cfg(feature = "testkit")]
pub fn read_anything(bytes: &[u8]) -> Vec<TargetState> {
    use dto::{Listed, Pod, ReplicaSet, Rollout, StatusDto, WatchLine};
    fn all<T: serde::de::DeserializeOwned + Default>(bytes: &[u8]) -> Vec<T> {
        let list = serde_json::from_slice::<Listed<T>>(bytes).map(|l| l.items).unwrap_or_default();
        let line = serde_json::from_slice::<WatchLine<T>>(bytes).map(|l| l.object);
        list.into_iter().chain(line).chain(serde_json::from_slice::<T>(bytes)).collect()
    }
    let sets: Vec<wire::SetRow> = all::<ReplicaSet>(bytes).iter().filter_map(wire::set_row).collect();
    let _pods: Vec<_> = all::<Pod>(bytes).iter().filter_map(wire::pod_trouble).collect();
    let _status = serde_json::from_slice::<StatusDto>(bytes);
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes) {
        let _managers = wire::managers(&value);
    }
    let rows: Vec<&wire::SetRow> = sets.iter().collect();
    let state = |r: &Rollout| {
        wire::target_state(&"fuzz".into(), r, &rows, &std::collections::BTreeMap::new(), crate::core::time::Utc(0))
    };
    all::<Rollout>(bytes).iter().filter_map(state).collect()
}

/// Reviews are asked again after this.
const RIGHTS_KEPT: Duration = Duration::from_secs(60);

/// Which cluster, and how much of it.
#[derive(Clone, Debug)]
pub struct Settings {
    pub source: SourceId,
    /// `None`: the kubeconfig's current one, as it stands when the connection is made.
    pub context: Option<String>,
    /// `None`: as kubectl finds it (`$KUBECONFIG`, `~/.kube/config`).
    pub kubeconfig: Option<PathBuf>,
    /// Empty: the whole cluster, else the context's own namespace where the cluster may not be read.
    pub namespaces: Vec<String>,
}

/// One cluster.
pub struct Kubernetes {
    settings: Settings,
    utc: UtcClock,
    timing: Timing,
    calls: Calls,
    clients: Mutex<Option<Clients>>,
    store: Mutex<Store>,
    abilities: Mutex<Option<(Instant, Abilities)>>,
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
        Kubernetes {
            store: Mutex::new(Store::new(settings.source.clone())),
            settings,
            utc,
            timing,
            calls: Calls::default(),
            clients: Mutex::new(None),
            abilities: Mutex::new(None),
            room: room::Kept::default(),
        }
    }

    /// Kinds an operator manages, as configured.
    fn kinds(&self) -> &[String] {
        &[]
    }

    fn keep(&self, clients: Clients) {
        *locked(&self.clients) = Some(clients);
    }

    fn forget(&self) {
        *locked(&self.clients) = None;
    }

    fn reset_store(&self) {
        *locked(&self.store) = Store::new(self.settings.source.clone());
    }

    fn keep_abilities(&self, a: Abilities) {
        *locked(&self.abilities) = Some((Instant::now(), a));
    }

    fn abilities(&self) -> Abilities {
        locked(&self.abilities).as_ref().map(|(_, a)| a.clone()).unwrap_or_default()
    }

    async fn clients(&self) -> Result<Clients, SourceError> {
        let kept = locked(&self.clients).clone();
        match kept {
            Some(c) => Ok(c),
            None => {
                let c = client::connect(&self.settings, &self.calls).await?;
                self.keep(c.clone());
                Ok(c)
            }
        }
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
            let found = self.within(cx, work).await?;
            self.keep_abilities(found.clone());
            Ok(found)
        })
    }

    fn observe(self: Arc<Self>, want: watched::Receiver<Interest>, out: Sink) -> BoxFuture<'static, SourceError> {
        Box::pin(async move {
            tokio::select! {
                e = observe::observe_owned(self.clone(), out.clone()) => e,
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
                        read::read(&c, id, &self.store, (self.utc)(), cx.deadline).await
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
                Query::Blocks { .. } | Query::Check(_) => {
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
