//! The few fields of Deployment, StatefulSet, DaemonSet and ControllerRevision that are read, all optional. What they
//! mean is `wire`'s and `status`'s affair.

use crate::backends::kubernetes::argo::phase::utc;
use crate::backends::kubernetes::dto::{Condition, Meta, PodSpec, dto};
use crate::backends::kubernetes::lenient::{Notes, flag, int, list, object, text};
use crate::backends::kubernetes::wire::Images;
use crate::core::id::Hash;
use crate::core::time::Utc;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkKind {
    Deployment,
    StatefulSet,
    DaemonSet,
}

impl WorkKind {
    /// The API's word for the kind.
    pub fn word(self) -> &'static str {
        match self {
            WorkKind::Deployment => "Deployment",
            WorkKind::StatefulSet => "StatefulSet",
            WorkKind::DaemonSet => "DaemonSet",
        }
    }

    pub fn from_word(word: &str) -> Option<WorkKind> {
        [WorkKind::Deployment, WorkKind::StatefulSet, WorkKind::DaemonSet].into_iter().find(|k| k.word() == word)
    }

    /// The resource in a path, within `/apis/apps/v1`.
    pub fn resource(self) -> &'static str {
        match self {
            WorkKind::Deployment => "deployments",
            WorkKind::StatefulSet => "statefulsets",
            WorkKind::DaemonSet => "daemonsets",
        }
    }
}

dto!(
    /// A workload, trimmed: no environments, volumes or probes are kept.
    Work { metadata: Meta = "object", spec: WorkSpec = "object", status: WorkStatus = "object" }
);
dto!(WorkSpec {
    replicas: Option<i64> = "int",
    paused: bool = "flag",
    progress_deadline_seconds: Option<i64> = "int",
    min_ready_seconds: Option<i64> = "int",
    selector: Selector = "object",
    /// Of a Deployment.
    strategy: Update = "object",
    /// Of a StatefulSet or DaemonSet.
    update_strategy: Update = "object",
    pod_management_policy: Option<Arc<str>> = "text",
    template: WorkTemplate = "object",
});
dto!(Selector { match_labels: Notes = "object" });
dto!(Update {
    r#type: Option<Arc<str>> = "text",
    rolling_update: Rolling = "object",
});
dto!(Rolling {
    partition: Option<i64> = "int",
});
dto!(WorkTemplate { metadata: WorkTemplateMeta = "object", spec: PodSpec = "object" });
dto!(WorkTemplateMeta { labels: Notes = "object", annotations: Notes = "object" });
dto!(WorkStatus {
    observed_generation: Option<i64> = "int",
    replicas: Option<i64> = "int",
    updated_replicas: Option<i64> = "int",
    ready_replicas: Option<i64> = "int",
    available_replicas: Option<i64> = "int",
    current_replicas: Option<i64> = "int",
    current_revision: Option<Arc<str>> = "text",
    update_revision: Option<Arc<str>> = "text",
    collision_count: Option<i64> = "int",
    desired_number_scheduled: Option<i64> = "int",
    current_number_scheduled: Option<i64> = "int",
    updated_number_scheduled: Option<i64> = "int",
    number_ready: Option<i64> = "int",
    number_available: Option<i64> = "int",
    conditions: Vec<Condition> = "list",
});

/// Replica fields are left out when 0.
pub fn count(n: Option<i64>) -> u32 {
    n.and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

impl Work {
    /// Pods it asks for: nodes, of a DaemonSet. Absent is 1, as the API server defaults it.
    pub fn wanted(&self, kind: WorkKind) -> u32 {
        match kind {
            WorkKind::Deployment | WorkKind::StatefulSet => {
                self.spec.replicas.map_or(1, |n| u32::try_from(n).unwrap_or(0))
            }
            WorkKind::DaemonSet => count(self.status.desired_number_scheduled),
        }
    }

    /// Pods below this ordinal keep the old version; 0 for all other kinds and strategies.
    pub fn partition(&self) -> u32 {
        count(self.spec.update_strategy.rolling_update.partition)
    }

    /// Pods take a new version only when somebody deletes them.
    pub fn on_delete(&self) -> bool {
        self.spec.update_strategy.r#type.as_deref() == Some("OnDelete")
    }

    /// The controller has looked at this generation. A status without the field has never been looked at.
    pub fn observed(&self) -> bool {
        self.status.observed_generation.unwrap_or(0) >= self.metadata.generation.unwrap_or(1)
    }

    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|c| c.r#type.as_deref() == Some(kind))
    }

    /// (container, image) of the template.
    pub fn images(&self) -> Vec<(Arc<str>, Arc<str>)> {
        images(&self.spec.template.spec)
    }
}

fn images(spec: &PodSpec) -> Vec<(Arc<str>, Arc<str>)> {
    spec.containers.iter().map(|c| (c.name.clone().unwrap_or_default(), c.image.clone().unwrap_or_default())).collect()
}

dto!(
    /// One kept template of a StatefulSet or DaemonSet.
    ControllerRevision {
        metadata: Meta = "object",
        revision: Option<i64> = "int",
        data: RevisionData = "object",
    }
);
dto!(RevisionData { spec: RevisionSpec = "object" });
dto!(RevisionSpec { template: WorkTemplate = "object" });

/// One ControllerRevision as rows keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct RevisionRow {
    pub uid: Arc<str>,
    pub owner: Arc<str>,
    pub name: Arc<str>,
    pub number: i64,
    /// End of its name; pods carry it (a StatefulSet's as end of the whole name). See [`hash_of`].
    pub hash: Hash,
    pub created: Option<Utc>,
    /// (container, image), in the template's order.
    pub images: Images,
    pub cause: Option<Arc<str>>,
}

/// `None`: no name, no uid, or nobody owns it.
pub fn revision_row(r: &ControllerRevision) -> Option<RevisionRow> {
    let m = &r.metadata;
    let name = m.name.clone()?;
    Some(RevisionRow {
        uid: m.uid.clone()?,
        owner: m.owner()?.clone(),
        hash: hash_of(&name),
        name,
        number: r.revision.unwrap_or(0),
        created: utc(m.creation_timestamp.as_ref()),
        images: images(&r.data.spec.template.spec),
        cause: m.annotations.get("kubernetes.io/change-cause").filter(|c| !c.is_empty()).cloned(),
    })
}

/// The hash in a ControllerRevision's name or in a pod's label: `controller-revision-hash` is `search-6794584bdf` on
/// pods of a StatefulSet and `6794584bdf` on those of a DaemonSet. A hash has no dash.
pub fn hash_of(name: &str) -> Hash {
    Hash(name.rsplit('-').next().unwrap_or(name).into())
}
