//! Argo Rollouts through the Kubernetes API, behind the `Backend` port. I/O is in `client`, `watch`, `observe`, `read`,
//! `rights` and `send`; everything else is pure. Must not decide what is shown or whether an act is allowed.

mod apps;
mod argo;
mod around;
mod client;
mod dto;
mod exec;
mod flagger;
mod kubeconfig;
mod lenient;
mod link;
mod observe;
mod plan;
mod proxy;
mod read;
mod review;
mod rights;
mod send;
mod store;
mod template;
mod watch;
mod wire;
#[cfg(test)]
mod wire_tests;

pub use kubeconfig::{ContextInfo, contexts};
pub use watch::Timing;

use crate::backends::{Backend, Cx, Interest, Login, Query, Sink, UtcClock};
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
use tokio::sync::{Notify, watch as watched};

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

/// A credential that ends more often than this is no credential.
const REBUILT_EVERY: Duration = Duration::from_secs(30);
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
    /// Acts, their dry runs and the reads before them go as this context's user. `None`: as who looks.
    pub act_context: Option<String>,
    /// Acts, their dry runs and the reads before them go as this user, by impersonation. Looking never does.
    pub impersonate: Option<Impersonate>,
    /// Kinds an operator manages, as `custom` reads them: `databases.example.org/v1`.
    pub kinds: Vec<String>,
    /// Program and arguments that log in, with the terminal. Empty: the kubeconfig's own credential plugin.
    pub login: Vec<String>,
}

/// Whom acts are sent as, with the right `impersonate` of the one who sends them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonate {
    pub user: String,
    pub groups: Vec<String>,
}

impl Settings {
    /// The current context of kubectl's own kubeconfig, one identity for everything.
    pub fn of(source: impl Into<SourceId>) -> Settings {
        Settings {
            source: source.into(),
            context: None,
            kubeconfig: None,
            namespaces: Vec::new(),
            act_context: None,
            impersonate: None,
            kinds: Vec::new(),
            login: Vec::new(),
        }
    }
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
    /// When a session that had worked was begun anew for its credential.
    rebuilt: Mutex<Option<Instant>>,
    /// Rung: there is another login.
    renewed: Notify,
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
            rebuilt: Mutex::new(None),
            renewed: Notify::new(),
        }
    }

    fn keep(&self, clients: Clients) {
        *locked(&self.clients) = Some(clients);
    }

    fn forget(&self) {
        self.calls.reviews.forget();
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
            let found = self.within(cx, work).await?;
            self.keep_abilities(found.clone());
            Ok(found)
        })
    }

    fn login(&self) -> Result<Vec<Login>, Arc<str>> {
        client::logins(&self.settings)
    }

    fn renew(&self) {
        self.forget();
        *locked(&self.abilities) = None;
        self.renewed.notify_waiters();
    }

    fn observe(self: Arc<Self>, want: watched::Receiver<Interest>, out: Sink) -> BoxFuture<'static, SourceError> {
        self.calls.reviews.follow(want);
        Box::pin(observe::observe_owned(self, out))
    }

    fn ask<'a>(&'a self, question: &'a Query, cx: &'a Cx) -> BoxFuture<'a, Result<Vec<Fact>, SourceError>> {
        Box::pin(async move {
            match question {
                Query::Read(id) => {
                    let work = async {
                        let c = self.clients().await?;
                        match read::read(&c, id, &self.store, (self.utc)(), cx.deadline).await {
                            // One may be allowed to act on what one may not read.
                            Err(e) if e.trouble == Trouble::Forbidden && c.acts_apart => {
                                read::read(&c.looking(), id, &self.store, (self.utc)(), cx.deadline).await
                            }
                            read => read,
                        }
                    };
                    Ok(vec![self.within(cx, work).await?])
                }
                Query::WayBack(_) | Query::Evidence(_) | Query::Logs(_) | Query::Raw(_) => {
                    Err(SourceError::new(Trouble::NotInThisVersion, "not read by this source yet"))
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
}

/// A recorded file, parsed.
#[cfg(test)]
fn fixture<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/src/backends/kubernetes/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    serde_json::from_str(&text).expect(&path)
}
