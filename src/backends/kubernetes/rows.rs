//! The kinds that are watched, and their objects cut down to rows. Pure. What rows mean is `wire`'s and its siblings' affair.

use super::apps::dto::{ControllerRevision, RevisionRow, Work, WorkKind, revision_row};
use super::argo::runs::{Run, RunRow, run_row};
use super::around::{PodRow, ScalerRow};
use super::custom::Custom;
use super::dto::{HASH_LABEL, Meta, Pod, ReplicaSet, Rollout};
use super::flagger::dto::Canary;
pub use super::scaled::{Hpa, ScaledObject};
use super::scaled::{hpa_row, keda_row};
use super::wire::{SetRow, pod_trouble, set_row};
use super::words::Words;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Namespace and name.
pub type Key = (Arc<str>, Arc<str>);

/// The namespace a watch is of; `None`: the whole cluster.
pub type Scope = Option<Arc<str>>;

/// Which list or watch something comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Rollouts,
    Deployments,
    StatefulSets,
    DaemonSets,
    Canaries,
    /// An operator's own kind, by its place in the settings.
    Custom(u8),
    Sets,
    Pods,
    Runs,
    Experiments,
    /// ControllerRevisions.
    Revisions,
    /// HorizontalPodAutoscalers.
    Scalers,
    /// KEDA's ScaledObjects.
    Keda,
}

impl Kind {
    /// Served by every API server: watched without asking first.
    pub const BUILT_IN: [Kind; 7] = [
        Kind::Deployments,
        Kind::StatefulSets,
        Kind::DaemonSets,
        Kind::Sets,
        Kind::Pods,
        Kind::Revisions,
        Kind::Scalers,
    ];
    /// Served where somebody installed them.
    pub const DEFINED: [Kind; 5] = [Kind::Rollouts, Kind::Canaries, Kind::Runs, Kind::Experiments, Kind::Keda];

    /// As a person reads it, and as the API's resource is called.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Rollouts => "rollouts",
            Kind::Deployments => "deployments",
            Kind::StatefulSets => "statefulsets",
            Kind::DaemonSets => "daemonsets",
            Kind::Canaries => "canaries",
            Kind::Custom(_) => "custom resources",
            Kind::Sets => "replicasets",
            Kind::Pods => "pods",
            Kind::Runs => "analysisruns",
            Kind::Experiments => "experiments",
            Kind::Revisions => "controllerrevisions",
            Kind::Scalers => "horizontalpodautoscalers",
            Kind::Keda => "scaledobjects",
        }
    }

    /// Path of its group and version; of a custom kind the settings know it.
    pub fn group(self) -> &'static str {
        match self {
            Kind::Rollouts | Kind::Runs | Kind::Experiments => "/apis/argoproj.io/v1alpha1",
            Kind::Deployments | Kind::StatefulSets | Kind::DaemonSets | Kind::Sets | Kind::Revisions => "/apis/apps/v1",
            Kind::Canaries => "/apis/flagger.app/v1beta1",
            Kind::Pods => "/api/v1",
            Kind::Scalers => "/apis/autoscaling/v2",
            Kind::Keda => "/apis/keda.sh/v1alpha1",
            Kind::Custom(_) => "",
        }
    }

    /// What its objects are called as targets; `None`: they only explain others, or are custom.
    pub fn target(self) -> Option<&'static str> {
        match self {
            Kind::Rollouts => Some("Rollout"),
            Kind::Deployments => Some("Deployment"),
            Kind::StatefulSets => Some("StatefulSet"),
            Kind::DaemonSets => Some("DaemonSet"),
            Kind::Canaries => Some("Canary"),
            Kind::Custom(_)
            | Kind::Sets
            | Kind::Pods
            | Kind::Runs
            | Kind::Experiments
            | Kind::Revisions
            | Kind::Scalers
            | Kind::Keda => None,
        }
    }

    pub fn is_target(self) -> bool {
        self.target().is_some() || matches!(self, Kind::Custom(_))
    }

    /// Without these there is nothing to show, or the versions of what is shown are not known. Of the others the source
    /// works without: they explain, or are an operator's own.
    pub fn is_needed(self) -> bool {
        match self {
            Kind::Rollouts
            | Kind::Deployments
            | Kind::StatefulSets
            | Kind::DaemonSets
            | Kind::Canaries
            | Kind::Sets => true,
            Kind::Custom(_)
            | Kind::Pods
            | Kind::Runs
            | Kind::Experiments
            | Kind::Revisions
            | Kind::Scalers
            | Kind::Keda => false,
        }
    }

    /// The kind whose objects are called `word`.
    pub fn of_target(word: &str) -> Option<Kind> {
        [Kind::Rollouts, Kind::Deployments, Kind::StatefulSets, Kind::DaemonSets, Kind::Canaries]
            .into_iter()
            .find(|k| k.target() == Some(word))
    }

    fn work(self) -> Option<WorkKind> {
        match self {
            Kind::Deployments => Some(WorkKind::Deployment),
            Kind::StatefulSets => Some(WorkKind::StatefulSet),
            Kind::DaemonSets => Some(WorkKind::DaemonSet),
            Kind::Rollouts
            | Kind::Canaries
            | Kind::Custom(_)
            | Kind::Sets
            | Kind::Pods
            | Kind::Runs
            | Kind::Experiments
            | Kind::Revisions
            | Kind::Scalers
            | Kind::Keda => None,
        }
    }
}

/// A pod, and the name in its label `app.kubernetes.io/instance` where custom kinds are watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    pub row: PodRow,
    pub instance: Option<Arc<str>>,
}

/// One object, cut down to what is kept of it. Shared with the index.
#[derive(Clone, Debug)]
pub enum Row {
    Rollout(Arc<Rollout>),
    Work(WorkKind, Arc<Work>),
    Canary(Arc<Canary>),
    Custom(Arc<Custom>),
    Set(Arc<SetRow>),
    Pod(Arc<Held>),
    Run(Arc<RunRow>),
    Revision(Arc<RevisionRow>),
    Scaler(Arc<ScalerRow>),
}

impl Row {
    /// The metadata of a row that is a target.
    pub fn meta(&self) -> Option<&Meta> {
        match self {
            Row::Rollout(r) => Some(&r.metadata),
            Row::Work(_, w) => Some(&w.metadata),
            Row::Canary(c) => Some(&c.metadata),
            Row::Custom(c) => Some(&c.metadata),
            Row::Set(_) | Row::Pod(_) | Row::Run(_) | Row::Revision(_) | Row::Scaler(_) => None,
        }
    }

    /// Nothing that is kept differs. Whole objects are compared by uid and the server's version.
    pub fn same(&self, other: &Row) -> bool {
        match (self, other) {
            (Row::Set(a), Row::Set(b)) => a == b,
            (Row::Pod(a), Row::Pod(b)) => a == b,
            (Row::Run(a), Row::Run(b)) => a == b,
            (Row::Revision(a), Row::Revision(b)) => a == b,
            (Row::Scaler(a), Row::Scaler(b)) => a == b,
            (a, b) => a.meta().zip(b.meta()).is_some_and(|(a, b)| {
                a.uid == b.uid && a.resource_version.is_some() && a.resource_version == b.resource_version
            }),
        }
    }

    /// Its strings from the table. Only a row that nobody shares yet.
    pub fn intern(&mut self, words: &mut Words) {
        match self {
            Row::Rollout(r) => {
                if let Some(r) = Arc::get_mut(r) {
                    words.meta(&mut r.metadata);
                    words.notes(&mut r.spec.template.metadata.labels);
                    for c in &mut r.status.conditions {
                        for text in [&mut c.r#type, &mut c.status, &mut c.reason] {
                            words.maybe(text);
                        }
                    }
                }
            }
            Row::Work(_, w) => {
                if let Some(w) = Arc::get_mut(w) {
                    words.meta(&mut w.metadata);
                    words.notes(&mut w.spec.template.metadata.labels);
                    words.notes(&mut w.spec.selector.match_labels);
                }
            }
            Row::Canary(c) => Arc::get_mut(c).into_iter().for_each(|c| words.meta(&mut c.metadata)),
            Row::Custom(c) => Arc::get_mut(c).into_iter().for_each(|c| words.meta(&mut c.metadata)),
            Row::Set(s) => {
                if let Some(s) = Arc::get_mut(s) {
                    words.one(&mut s.uid);
                    words.one(&mut s.owner);
                    words.one(&mut s.hash.0);
                    for (name, image) in &mut s.images {
                        words.one(name);
                        words.one(image);
                    }
                    words.maybe(&mut s.failure);
                }
            }
            Row::Pod(p) => {
                if let Some(p) = Arc::get_mut(p) {
                    words.one(&mut p.row.owner);
                    for text in [&mut p.row.hash, &mut p.row.trouble, &mut p.row.digest, &mut p.instance] {
                        words.maybe(text);
                    }
                }
            }
            Row::Run(r) => Arc::get_mut(r).into_iter().for_each(|r| {
                words.one(&mut r.owner);
                words.maybe(&mut r.hash);
            }),
            Row::Revision(r) => Arc::get_mut(r).into_iter().for_each(|r| words.one(&mut r.owner)),
            Row::Scaler(s) => Arc::get_mut(s).into_iter().for_each(|s| words.one(&mut s.kind)),
        }
    }
}

/// What a list or a watch line is made of.
pub trait Watched: DeserializeOwned + Default {
    fn meta(&self) -> &Meta;
    /// `None`: nothing of it is kept. `instances`: custom kinds are watched.
    fn row(self, kind: Kind, instances: bool) -> Option<Row>;

    /// `None`: it has no name.
    fn keyed(self, kind: Kind, instances: bool) -> Option<(Key, Option<Row>)> {
        let m = self.meta();
        let key = (m.namespace.clone().unwrap_or_default(), m.name.clone()?);
        Some((key, self.row(kind, instances)))
    }
}

macro_rules! watched {
    ($t:ty, $meta:ident $(. $more:ident)*, |$self:ident, $kind:pat_param, $instances:pat_param| $row:expr) => {
        impl Watched for $t {
            fn meta(&self) -> &Meta {
                &self.$meta $(. $more)*
            }
            fn row($self, $kind: Kind, $instances: bool) -> Option<Row> {
                $row
            }
        }
    };
}

watched!(Rollout, metadata, |self, _, _| self.metadata.uid.is_some().then(|| Row::Rollout(Arc::new(self))));
watched!(Work, metadata, |self, kind, _| {
    self.metadata.uid.as_ref()?;
    Some(Row::Work(kind.work()?, Arc::new(self)))
});
watched!(Canary, metadata, |self, _, _| self.metadata.uid.is_some().then(|| Row::Canary(Arc::new(self))));
watched!(Custom, metadata, |self, _, _| self.metadata.uid.is_some().then(|| Row::Custom(Arc::new(self))));
watched!(ReplicaSet, metadata, |self, _, _| set_row(&self).map(|s| Row::Set(Arc::new(s))));
watched!(Pod, metadata, |self, _, instances| pod_row(&self, instances).map(|p| Row::Pod(Arc::new(p))));
watched!(Run, metadata, |self, kind, _| {
    let word = if kind == Kind::Experiments { "Experiment" } else { "AnalysisRun" };
    run_row(word, &self).map(|r| Row::Run(Arc::new(r)))
});
watched!(ControllerRevision, metadata, |self, _, _| revision_row(&self).map(|r| Row::Revision(Arc::new(r))));
watched!(Hpa, metadata, |self, _, _| hpa_row(&self).map(|s| Row::Scaler(Arc::new(s))));
watched!(ScaledObject, metadata, |self, _, _| keda_row(&self).map(|s| Row::Scaler(Arc::new(s))));

/// Calls `$f::<T>` with the type whose objects `$kind` lists.
macro_rules! of_kind {
    ($kind:expr, $f:ident ( $($arg:expr),* $(,)? )) => {{
        use $crate::backends::kubernetes::{apps::dto as a, argo::runs, custom, dto as d, flagger::dto as f, rows as r};
        match $kind {
            r::Kind::Rollouts => $f::<d::Rollout>($($arg),*),
            r::Kind::Deployments | r::Kind::StatefulSets | r::Kind::DaemonSets => $f::<a::Work>($($arg),*),
            r::Kind::Canaries => $f::<f::Canary>($($arg),*),
            r::Kind::Custom(_) => $f::<custom::Custom>($($arg),*),
            r::Kind::Sets => $f::<d::ReplicaSet>($($arg),*),
            r::Kind::Pods => $f::<d::Pod>($($arg),*),
            r::Kind::Runs | r::Kind::Experiments => $f::<runs::Run>($($arg),*),
            r::Kind::Revisions => $f::<a::ControllerRevision>($($arg),*),
            r::Kind::Scalers => $f::<r::Hpa>($($arg),*),
            r::Kind::Keda => $f::<r::ScaledObject>($($arg),*),
        }
    }};
}
pub(super) use of_kind;

/// Pods of Jobs come and go in thousands, those of nodes belong to nobody who rolls out.
fn rolls_out(owner: Option<&Arc<str>>) -> bool {
    !matches!(owner.map(|k| &**k), Some("Job" | "Node"))
}

fn pod_row(p: &Pod, instances: bool) -> Option<Held> {
    let m = &p.metadata;
    let owner = m.controller().filter(|o| rolls_out(o.kind.as_ref()))?;
    let hash = [HASH_LABEL, "pod-template-hash", "controller-revision-hash"].iter().find_map(|l| m.labels.get(l));
    let containers = p.status.container_statuses.iter();
    let all = containers.clone().chain(&p.status.init_container_statuses);
    let row = PodRow {
        name: m.name.clone()?,
        owner: owner.uid.clone()?,
        hash: hash.cloned(),
        ready: p
            .status
            .conditions
            .iter()
            .any(|c| c.r#type.as_deref() == Some("Ready") && c.status.as_deref() == Some("True")),
        restarts: all.filter_map(|c| u32::try_from(c.restart_count?).ok()).fold(0, u32::saturating_add),
        trouble: pod_trouble(p),
        digest: containers.take(1).find_map(|c| c.image_id.as_deref()?.split_once('@')).map(|(_, d)| d.into()),
    };
    let instance = if instances { m.labels.get("app.kubernetes.io/instance").cloned() } else { None };
    Some(Held { row, instance })
}
