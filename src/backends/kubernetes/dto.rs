//! The few fields of Rollout, ReplicaSet and Pod that andon reads, all optional. Volumes and
//! environments are skipped by the parser. Must not know what the fields mean: that is `wire` and `phase`.

use super::hands::{Hand, hands};
use super::lenient::{Notes, Scalar, flag, int, list, maybe, maybe_flag, object, text};
use serde::Deserialize;
use std::sync::Arc;

/// Label on a Rollout's ReplicaSets and pods: the template hash, which is the identity of a version.
pub const HASH_LABEL: &str = "rollouts-pod-template-hash";
/// The same label as the Deployment controller writes it.
pub const DEPLOYMENT_HASH_LABEL: &str = "pod-template-hash";

macro_rules! dto {
    ($(#[$doc:meta])* $name:ident { $( $(#[$fdoc:meta])* $field:ident : $ty:ty = $how:literal ),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name { $( $(#[$fdoc])* #[serde(deserialize_with = $how)] pub $field: $ty ),* }
    };
}
pub(super) use dto;

dto!(
    /// Object metadata; of managedFields only who wrote what acts are about.
    Meta {
        name: Option<Arc<str>> = "text",
        namespace: Option<Arc<str>> = "text",
        uid: Option<Arc<str>> = "text",
        resource_version: Option<Arc<str>> = "text",
        generation: Option<i64> = "int",
        creation_timestamp: Option<Arc<str>> = "text",
        deletion_timestamp: Option<Arc<str>> = "text",
        labels: Notes = "object",
        annotations: Notes = "object",
        owner_references: Vec<Owner> = "list",
        managed_fields: Vec<Hand> = "hands",
    }
);
dto!(Owner {
    kind: Option<Arc<str>> = "text",
    name: Option<Arc<str>> = "text",
    uid: Option<Arc<str>> = "text",
    controller: bool = "flag",
});

impl Meta {
    /// Uid of the controller that owns this object.
    pub fn owner(&self) -> Option<&Arc<str>> {
        self.controller().and_then(|o| o.uid.as_ref())
    }

    /// The one of its owners that controls it.
    pub fn controller(&self) -> Option<&Owner> {
        self.owner_references.iter().find(|o| o.controller)
    }
}

dto!(Rollout { metadata: Meta = "object", spec: RolloutSpec = "object", status: RolloutStatus = "object" });
dto!(RolloutSpec {
    replicas: Option<i64> = "int",
    paused: bool = "flag",
    restart_at: Option<Arc<str>> = "text",
    progress_deadline_seconds: Option<i64> = "int",
    workload_ref: Option<WorkloadRef> = "maybe",
    template: Template = "object",
    strategy: StrategyDto = "object",
});
dto!(WorkloadRef {
    kind: Option<Arc<str>> = "text",
    name: Option<Arc<str>> = "text",
});
dto!(Template { metadata: TemplateMeta = "object", spec: PodSpec = "object" });
dto!(TemplateMeta { labels: Notes = "object" });
dto!(PodSpec {
    containers: Vec<Container> = "list",
});
dto!(Container {
    name: Option<Arc<str>> = "text",
    image: Option<Arc<str>> = "text",
});
dto!(StrategyDto {
    canary: Option<Canary> = "maybe",
    blue_green: Option<BlueGreen> = "maybe",
});
dto!(Canary {
    steps: Vec<CanaryStep> = "list",
    traffic_routing: Option<Routing> = "maybe",
    abort_scale_down_delay_seconds: Option<i64> = "int",
});
dto!(Routing {
    max_traffic_weight: Option<i64> = "int",
});
dto!(BlueGreen {
    auto_promotion_enabled: Option<bool> = "maybe_flag",
    auto_promotion_seconds: Option<i64> = "int",
    abort_scale_down_delay_seconds: Option<i64> = "int",
});
dto!(CanaryStep {
    set_weight: Option<i64> = "int",
    pause: Option<Pause> = "maybe",
    analysis: Option<Named> = "maybe",
    experiment: Option<Named> = "maybe",
    set_canary_scale: Option<CanaryScale> = "maybe",
    set_header_route: Option<Named> = "maybe",
    set_mirror_route: Option<Named> = "maybe",
    plugin: Option<Named> = "maybe",
});
dto!(Pause { duration: Scalar = "Scalar::deserialize" });
dto!(Named {
    name: Option<Arc<str>> = "text",
});
dto!(CanaryScale {
    weight: Option<i64> = "int",
    replicas: Option<i64> = "int",
    match_traffic_weight: bool = "flag",
});
dto!(RolloutStatus {
    phase: Option<Arc<str>> = "text",
    message: Option<Arc<str>> = "text",
    /// A decimal in a string; some servers may send a number.
    observed_generation: Scalar = "Scalar::deserialize",
    workload_observed_generation: Scalar = "Scalar::deserialize",
    current_pod_hash: Option<Arc<str>> = "text",
    #[serde(rename = "stableRS")]
    stable_rs: Option<Arc<str>> = "text",
    current_step_index: Option<i64> = "int",
    pause_conditions: Vec<PauseCondition> = "list",
    controller_pause: bool = "flag",
    abort: bool = "flag",
    aborted_at: Option<Arc<str>> = "text",
    promote_full: bool = "flag",
    restarted_at: Option<Arc<str>> = "text",
    replicas: Option<i64> = "int",
    updated_replicas: Option<i64> = "int",
    available_replicas: Option<i64> = "int",
    conditions: Vec<Condition> = "list",
    canary: CanaryStatus = "object",
    blue_green: BlueGreenStatus = "object",
});
dto!(PauseCondition {
    reason: Option<Arc<str>> = "text",
    start_time: Option<Arc<str>> = "text",
});
dto!(Condition {
    r#type: Option<Arc<str>> = "text",
    status: Option<Arc<str>> = "text",
    reason: Option<Arc<str>> = "text",
    message: Option<Arc<str>> = "text",
    last_update_time: Option<Arc<str>> = "text",
    last_transition_time: Option<Arc<str>> = "text",
});
dto!(CanaryStatus {
    weights: Option<Weights> = "maybe",
    current_step_analysis_run_status: Option<RunStatus> = "maybe",
    current_background_analysis_run_status: Option<RunStatus> = "maybe",
    current_experiment: Option<Arc<str>> = "text",
});
dto!(Weights {
    canary: Option<Weight> = "maybe",
});
dto!(Weight {
    weight: Option<i64> = "int",
});
dto!(BlueGreenStatus {
    preview_selector: Option<Arc<str>> = "text",
    active_selector: Option<Arc<str>> = "text",
    pre_promotion_analysis_run_status: Option<RunStatus> = "maybe",
    post_promotion_analysis_run_status: Option<RunStatus> = "maybe",
});
dto!(RunStatus {
    name: Option<Arc<str>> = "text",
    status: Option<Arc<str>> = "text",
    message: Option<Arc<str>> = "text",
});

dto!(ReplicaSet { metadata: Meta = "object", spec: SetSpec = "object", status: SetStatus = "object" });
dto!(SetSpec {
    replicas: Option<i64> = "int",
    template: Template = "object",
});
dto!(SetStatus {
    replicas: Option<i64> = "int",
    ready_replicas: Option<i64> = "int",
    available_replicas: Option<i64> = "int",
    conditions: Vec<Condition> = "list",
});

dto!(Pod { metadata: Meta = "object", status: PodStatus = "object" });
dto!(PodStatus {
    phase: Option<Arc<str>> = "text",
    reason: Option<Arc<str>> = "text",
    conditions: Vec<Condition> = "list",
    init_container_statuses: Vec<ContainerStatus> = "list",
    container_statuses: Vec<ContainerStatus> = "list",
});
dto!(ContainerStatus {
    ready: bool = "flag",
    restart_count: Option<i64> = "int",
    #[serde(rename = "imageID")]
    image_id: Option<Arc<str>> = "text",
    state: ContainerState = "object",
});
dto!(ContainerState {
    waiting: Option<Reason> = "maybe",
    terminated: Option<Reason> = "maybe",
});
dto!(Reason {
    reason: Option<Arc<str>> = "text",
    exit_code: Option<i64> = "int",
});

/// What every list is made of.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub struct Listed<T> {
    #[serde(default, deserialize_with = "object")]
    pub metadata: ListMeta,
    #[serde(default = "Vec::new", deserialize_with = "list")]
    pub items: Vec<T>,
}
dto!(ListMeta {
    resource_version: Option<Arc<str>> = "text",
    r#continue: Option<Arc<str>> = "text",
    remaining_item_count: Option<i64> = "int",
});

/// One line of a watch.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Deserialize<'de> + Default")]
pub struct WatchLine<T> {
    #[serde(default, deserialize_with = "text")]
    pub r#type: Option<Arc<str>>,
    #[serde(default, deserialize_with = "object")]
    pub object: T,
}

dto!(
    /// The server's error object.
    StatusDto {
        message: Option<Arc<str>> = "text",
        reason: Option<Arc<str>> = "text",
        code: Option<i64> = "int",
        details: StatusDetails = "object",
    }
);
dto!(StatusDetails {
    retry_after_seconds: Option<i64> = "int",
    causes: Vec<Named> = "list",
    name: Option<Arc<str>> = "text",
    kind: Option<Arc<str>> = "text",
});
