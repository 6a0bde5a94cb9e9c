//! The presets: what the products in front of, beside and inside services call their figures. A table; `recipe` makes
//! queries of it.
//!
//! Where the names come from: the products' public documentation, as far as it could be read, and what is generally known of
//! them. One recipe of each preset is evaluated by a real Prometheus over exposition text in that product's shape
//! (`tests/it/live_presets.rs`); former names and variants are not:
//! - istio: "Istio Standard Metrics". Both ends report a request: only `reporter="destination"` is counted, else each
//!   request between two sidecars counts twice. A request that never reached a sidecar is not seen there.
//! - linkerd: "Proxy Metrics". The proxy classifies responses itself, also by gRPC status; inbound only, for the same
//!   reason.
//! - envoy: "Cluster statistics", upstream side, classes of response codes. Its timer is in milliseconds.
//! - ingress-nginx: "Prometheus metrics" of the controller. Without `honorLabels` its own labels come as `exported_*`.
//! - traefik: "Metrics", services. Names are `namespace-service-port@provider`.
//! - otel-http, otel-rpc: semantic conventions for HTTP and RPC metrics, stable and former ones, as the Prometheus
//!   exporter and OTLP ingestion translate names (`.` to `_`, unit appended). Client errors are no failures there.
//! - spanmetrics: the Collector's connector (`traces.span.metrics`, and the names before that namespace) and Tempo's
//!   metrics generator. Only spans of servers and consumers: a client's span is the same request again.
//! - grpc: go-grpc-prometheus and its ports. Codes that are the caller's fault are no failures.
//! - plain: what client libraries' examples count.
//!
//! Common traps: an answer's class stands in `code`, `status`, `status_code`, `response_code`; a request whose class
//! nobody told is not counted, because it would count as right. Bounds are spelled `1` by one version and `1.0` by
//! another: a survey takes the server's spelling.

use super::promql::with_matcher;
use super::recipe::{Counter, Histogram, Name, Recipe};
use crate::core::world::figures::Split;

/// Names as the config writes them, in the order in which `auto` believes them: what stands in front of a service sees
/// also the requests that the service itself never counts.
pub const NAMES: [&str; 10] =
    ["istio", "linkerd", "otel-http", "otel-rpc", "spanmetrics", "grpc", "plain", "ingress-nginx", "traefik", "envoy"];

/// How a track is told, as a config says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// From a pod's name: its ReplicaSet's hash.
    Pod,
    /// From a workload's name: Flagger's.
    Workload,
    /// From the version people wrote.
    Version,
    /// A label, and what it holds.
    Label(String, Split),
}

/// One row: a way one product's figures look.
struct Row {
    name: &'static str,
    /// Selector of requests; the failed ones are those that also match `failed`.
    requests: &'static str,
    failed: &'static str,
    told_apart: &'static str,
    /// Selector of buckets, units in a second.
    buckets: (&'static str, f64),
    service: Service,
    namespace: &'static str,
    pod: &'static str,
    workload: &'static str,
    version: &'static str,
    track: Track,
    route: Option<&'static str>,
}

/// Where a service's name stands.
#[derive(Clone, Copy)]
enum Service {
    Label(&'static str),
    /// A workload's name, without Flagger's `-primary`.
    Workload(&'static str),
    /// A name with a namespace, role, port or provider round it: label, pattern whose group is the name, and the values
    /// that may hold it.
    Part(&'static str, &'static str, &'static str),
}

/// How a track is told where the config says nothing.
#[derive(Clone, Copy)]
enum Track {
    Pod,
    Version,
    Label(&'static str),
    /// The role in a backend's name; without one it is stable.
    Suffix(&'static str),
    /// A label that only requests to the canary have.
    CanaryOnly(&'static str),
}

const GRPC_FAILED: &str = "grpc_code=~\"Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss\"";
/// After namespace, before role, port and provider: `shop-checkout-canary-80@kubernetescrd`.
const BACKEND: &str = "{ns}(.+?)(?:-canary|-primary|-stable|-preview)?(?:[-_][0-9]+)?(?:@.*)?";
const OF_BACKEND: &str = "(?:.*-)?{}(?:-canary|-primary|-stable|-preview)?(?:[-_][0-9]+)?(?:@.*)?";

const BASE: Row = Row {
    name: "plain",
    requests: "http_requests_total",
    failed: "code=~\"5..\"",
    told_apart: "code!=\"\"",
    buckets: ("http_request_duration_seconds_bucket", 1.0),
    service: Service::Label("service"),
    namespace: "namespace",
    pod: "pod",
    workload: "workload",
    version: "version",
    track: Track::Label("rollouts_pod_template_hash"),
    route: Some("path"),
};

const PLAIN: [Row; 3] = [
    BASE,
    Row { failed: "status=~\"5..\"", told_apart: "code=\"\",status!=\"\"", ..BASE },
    Row { failed: "status_code=~\"5..\"", told_apart: "code=\"\",status=\"\",status_code!=\"\"", ..BASE },
];

const ISTIO: [Row; 1] = [Row {
    name: "istio",
    requests: "istio_requests_total{reporter=\"destination\"}",
    // A code of 0: the connection ended before an answer. gRPC answers its failures with 200.
    failed: "response_code=~\"0|5..\"",
    told_apart: "response_code!=\"\"",
    buckets: ("istio_request_duration_milliseconds_bucket{reporter=\"destination\"}", 1000.0),
    service: Service::Workload("destination_workload"),
    namespace: "destination_workload_namespace",
    workload: "destination_workload",
    version: "destination_canonical_revision",
    track: Track::Pod,
    route: None,
    ..BASE
}];

const LINKERD: [Row; 1] = [Row {
    name: "linkerd",
    requests: "response_total{direction=\"inbound\"}",
    failed: "classification=\"failure\"",
    told_apart: "classification!=\"\"",
    buckets: ("response_latency_ms_bucket{direction=\"inbound\"}", 1000.0),
    service: Service::Workload("deployment"),
    workload: "deployment",
    track: Track::Pod,
    route: None,
    ..BASE
}];

const ENVOY: [Row; 1] = [Row {
    name: "envoy",
    requests: "envoy_cluster_upstream_rq_xx",
    failed: "envoy_response_code_class=\"5\"",
    told_apart: "envoy_response_code_class!=\"\"",
    buckets: ("envoy_cluster_upstream_rq_time_bucket", 1000.0),
    service: Service::Part("envoy_cluster_name", BACKEND, OF_BACKEND),
    workload: "envoy_cluster_name",
    track: Track::Suffix("envoy_cluster_name"),
    route: None,
    ..BASE
}];

const NGINX_BASE: Row = Row {
    name: "ingress-nginx",
    requests: "nginx_ingress_controller_requests{exported_service=\"\"}",
    failed: "status=~\"5..\"",
    told_apart: "status!=\"\"",
    buckets: ("nginx_ingress_controller_request_duration_seconds_bucket{exported_service=\"\"}", 1.0),
    track: Track::CanaryOnly("canary"),
    ..BASE
};

const NGINX: [Row; 2] = [
    Row {
        requests: "nginx_ingress_controller_requests",
        buckets: ("nginx_ingress_controller_request_duration_seconds_bucket", 1.0),
        service: Service::Label("exported_service"),
        namespace: "exported_namespace",
        ..NGINX_BASE
    },
    NGINX_BASE,
];

const TRAEFIK: [Row; 1] = [Row {
    name: "traefik",
    requests: "traefik_service_requests_total",
    buckets: ("traefik_service_request_duration_seconds_bucket", 1.0),
    service: Service::Part("service", BACKEND, OF_BACKEND),
    // It stands in the service's name.
    namespace: "",
    track: Track::Suffix("service"),
    route: Some("method"),
    ..BASE
}];

/// `job` is `namespace/name` where a service has a namespace.
const JOB: Service = Service::Part("job", "(?:[^/]*/)?(.+)", "(?:[^/]*/)?{}");

const OTEL: Row = Row {
    name: "otel-http",
    requests: "http_server_request_duration_seconds_count",
    failed: "http_response_status_code=~\"5..\"",
    told_apart: "http_response_status_code!=\"\"",
    buckets: ("http_server_request_duration_seconds_bucket", 1.0),
    service: Service::Label("service_name"),
    namespace: "k8s_namespace_name",
    pod: "k8s_pod_name",
    workload: "k8s_deployment_name",
    version: "service_version",
    track: Track::Version,
    route: Some("http_route"),
};
const OTEL_FORMER: Row = Row {
    requests: "http_server_duration_milliseconds_count",
    failed: "http_status_code=~\"5..\"",
    told_apart: "http_status_code!=\"\"",
    buckets: ("http_server_duration_milliseconds_bucket", 1000.0),
    ..OTEL
};
const OTEL_HTTP: [Row; 4] = [
    OTEL,
    Row {
        requests: "http_server_request_duration_seconds_count{service_name=\"\"}",
        buckets: ("http_server_request_duration_seconds_bucket{service_name=\"\"}", 1.0),
        service: JOB,
        ..OTEL
    },
    OTEL_FORMER,
    Row {
        requests: "http_server_duration_milliseconds_count{service_name=\"\"}",
        buckets: ("http_server_duration_milliseconds_bucket{service_name=\"\"}", 1000.0),
        service: JOB,
        ..OTEL_FORMER
    },
];

const OTEL_RPC_FORMER: Row = Row {
    name: "otel-rpc",
    requests: "rpc_server_duration_milliseconds_count",
    // Unknown, deadline exceeded, unimplemented, internal, unavailable, data loss.
    failed: "rpc_grpc_status_code=~\"2|4|12|13|14|15\"",
    told_apart: "rpc_grpc_status_code!=\"\"",
    buckets: ("rpc_server_duration_milliseconds_bucket", 1000.0),
    route: Some("rpc_method"),
    ..OTEL
};
const OTEL_RPC: [Row; 3] = [
    Row {
        requests: "rpc_server_call_duration_seconds_count",
        failed: "rpc_response_status_code=~\"UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS\"",
        told_apart: "rpc_response_status_code!=\"\"",
        buckets: ("rpc_server_call_duration_seconds_bucket", 1.0),
        ..OTEL_RPC_FORMER
    },
    OTEL_RPC_FORMER,
    Row {
        requests: "rpc_server_duration_milliseconds_count{service_name=\"\"}",
        buckets: ("rpc_server_duration_milliseconds_bucket{service_name=\"\"}", 1000.0),
        service: JOB,
        ..OTEL_RPC_FORMER
    },
];

const SPANS: Row = Row {
    name: "spanmetrics",
    requests: "traces_span_metrics_calls_total{span_kind=~\"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER\"}",
    failed: "status_code=\"STATUS_CODE_ERROR\"",
    told_apart: "status_code!=\"\"",
    buckets: (
        "traces_span_metrics_duration_milliseconds_bucket{span_kind=~\"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER\"}",
        1000.0,
    ),
    route: Some("span_name"),
    ..OTEL
};
const SPANMETRICS: [Row; 4] = [
    // With the feature gate that makes seconds of milliseconds; calls of the same spans are counted there, too.
    Row {
        requests: "traces_span_metrics_duration_seconds_count{span_kind=~\"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER\"}",
        buckets: (
            "traces_span_metrics_duration_seconds_bucket{span_kind=~\"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER\"}",
            1.0,
        ),
        ..SPANS
    },
    SPANS,
    Row {
        requests: "calls_total{span_kind=~\"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER\"}",
        buckets: ("duration_milliseconds_bucket{span_kind=~\"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER\"}", 1000.0),
        ..SPANS
    },
    Row {
        requests: "traces_spanmetrics_calls_total{span_kind=~\"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER\"}",
        buckets: ("traces_spanmetrics_latency_bucket{span_kind=~\"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER\"}", 1.0),
        service: Service::Label("service"),
        ..SPANS
    },
];

const GRPC: [Row; 1] = [Row {
    name: "grpc",
    requests: "grpc_server_handled_total",
    failed: GRPC_FAILED,
    told_apart: "grpc_code!=\"\"",
    buckets: ("grpc_server_handling_seconds_bucket", 1.0),
    track: Track::Pod,
    route: Some("grpc_method"),
    ..BASE
}];

/// The recipes of a preset by its name; of `auto`, all.
pub fn preset(name: &str) -> Option<Vec<Recipe>> {
    let rows: &[Row] = match name {
        "auto" => return Some(NAMES.iter().filter_map(|n| preset(n)).flatten().collect()),
        "istio" => &ISTIO,
        "linkerd" => &LINKERD,
        "envoy" => &ENVOY,
        "ingress-nginx" => &NGINX,
        "traefik" => &TRAEFIK,
        "otel-http" => &OTEL_HTTP,
        "otel-rpc" => &OTEL_RPC,
        "spanmetrics" => &SPANMETRICS,
        "grpc" => &GRPC,
        "plain" => &PLAIN,
        _ => return None,
    };
    Some(rows.iter().map(Row::recipe).collect())
}

/// The most common row alone.
pub fn plain() -> Vec<Recipe> {
    vec![BASE.recipe()]
}

/// What a team's own queries are laid over.
pub fn own() -> Recipe {
    Recipe { name: "queries", ..BASE.recipe() }
}

impl Row {
    fn recipe(&self) -> Recipe {
        let service = match self.service {
            Service::Label(l) => Name::label(l),
            Service::Workload(l) => Name::service_of_workload(l),
            Service::Part(l, pattern, back) => Name::part(l, pattern, back),
        };
        let (track, split) = match self.track {
            Track::Pod => (Name::hash_in_pod(self.pod), Split::Hash),
            Track::Version => (Name::label(self.version), Split::Version),
            Track::Label(l) => (Name::label(l), Split::Hash),
            Track::Suffix(l) => (Name::role_in(l), Split::Role),
            Track::CanaryOnly(l) => (Name::canary_only(l), Split::Role),
        };
        let (buckets, per_sec) = self.buckets;
        Recipe {
            name: self.name,
            requests: Counter::Series(self.requests.to_owned()),
            failures: Counter::Series(with_matcher(self.requests, self.failed)),
            told_apart: self.told_apart.to_owned(),
            latency: Some(Histogram { series: buckets.to_owned(), per_sec, native: false }),
            correctness: None,
            service,
            track,
            split,
            namespace: self.namespace,
            pod: self.pod,
            workload: self.workload,
            version: self.version,
            deploy: String::new(),
            route: self.route,
            matching: String::new(),
            namespaces: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_sound_and_auto_is_all_of_them() {
        let mut count = 0;
        for name in NAMES {
            let recipes = preset(name).unwrap_or_else(|| panic!("{name}"));
            for r in &recipes {
                assert_eq!((r.name, r.check()), (name, Ok(())));
                assert!(!r.told_apart.is_empty(), "{name}: a request nobody classified would count as right");
            }
            count += recipes.len();
        }
        assert_eq!(preset("auto").map(|a| a.len()), Some(count));
        assert_eq!(preset("nginx"), None);
    }
}
