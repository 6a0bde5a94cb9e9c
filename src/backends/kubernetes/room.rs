//! Is there room for pods that would have to start? Nodes' allocatable less what runs there asks for, and the namespace's
//! quotas. Read at most once a minute for all targets of a cluster; a cluster with more pods than can be added up in a few
//! answers says so. Knows nothing of rollouts.

use super::client::Clients;
use super::dto::{Listed, Meta, dto};
use super::kin::unread;
use super::lenient::{Notes, Scalar, flag, list, maybe, object, text};
use crate::core::world::source::SourceError;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What was read holds this long.
const KEPT: Duration = Duration::from_secs(60);
/// Pods of a cluster that are added up: pages of one read.
const PAGES: usize = 4;
const PAGE: usize = 500;

/// CPU in thousandths, memory in bytes, pods.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Needs {
    pub cpu: f64,
    pub memory: f64,
    pub pods: f64,
}

dto!(Node { metadata: Meta = "object", spec: NodeSpec = "object", status: NodeStatus = "object" });
dto!(NodeSpec { unschedulable: bool = "flag", taints: Vec<Taint> = "list" });
dto!(Taint { effect: Option<Arc<str>> = "text" });
dto!(NodeStatus { allocatable: Amounts = "object", conditions: Vec<Ready> = "list" });
dto!(Ready { r#type: Option<Arc<str>> = "text", status: Option<Arc<str>> = "text" });
dto!(Amounts {
    cpu: Scalar = "Scalar::deserialize",
    memory: Scalar = "Scalar::deserialize",
    pods: Scalar = "Scalar::deserialize",
});
dto!(PodDto { spec: PodSpec = "object", status: PodPhase = "object" });
dto!(PodPhase { phase: Option<Arc<str>> = "text" });
dto!(PodSpec { node_name: Option<Arc<str>> = "text", containers: Vec<Container> = "list" });
dto!(Container { resources: Resources = "object" });
dto!(Resources { requests: Option<Amounts> = "maybe" });

/// `250m`, `1.5`, `512Mi`, `2e9`: a quantity of the API in its base unit.
pub fn quantity(text: &str) -> Option<f64> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E');
    // `2E` is exa, `2e9` an exponent.
    let split = split.or_else(|| text.strip_suffix('E').map(str::len));
    let (number, unit) = split.map_or((text, ""), |i| text.split_at(i));
    let n: f64 = number.parse().ok()?;
    let factor = match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        _ => return None,
    };
    Some(n * factor)
}

fn amount(s: &Scalar) -> f64 {
    match s {
        Scalar::Text(t) => quantity(t).unwrap_or(0.0),
        Scalar::Int(n) => *n as f64,
        Scalar::Float(n) => *n,
        Scalar::Nothing | Scalar::Flag(_) => 0.0,
    }
}

impl Amounts {
    fn needs(&self) -> Needs {
        Needs { cpu: amount(&self.cpu) * 1000.0, memory: amount(&self.memory), pods: amount(&self.pods) }
    }
}

impl Needs {
    fn add(&mut self, o: Needs) {
        self.cpu += o.cpu;
        self.memory += o.memory;
        self.pods += o.pods;
    }
    fn less(self, o: Needs) -> Needs {
        Needs { cpu: self.cpu - o.cpu, memory: self.memory - o.memory, pods: self.pods - o.pods }
    }
    /// How many of `one` go into this. What `one` does not ask for is no limit.
    fn holds(self, one: Needs) -> u32 {
        let times = |have: f64, each: f64| if each > 0.0 { (have.max(0.0) + 1e-6) / each } else { f64::MAX };
        let n = times(self.cpu, one.cpu).min(times(self.memory, one.memory)).min(times(self.pods, one.pods));
        n.min(1e6) as u32
    }
}

/// What one pod of this template asks for.
pub fn of_template(spec: &Value) -> Needs {
    let all: PodSpec = serde_json::from_value(spec.clone()).unwrap_or_default();
    requests(&all)
}

fn requests(spec: &PodSpec) -> Needs {
    let mut sum = Needs { pods: 1.0, ..Needs::default() };
    for r in spec.containers.iter().filter_map(|c| c.resources.requests.as_ref()) {
        sum.add(Needs { pods: 0.0, ..r.needs() });
    }
    sum
}

/// A node that takes pods: its labels, whether it wants a toleration, and what is free on it.
#[derive(Clone, Debug)]
struct Free {
    labels: Notes,
    tainted: bool,
    free: Needs,
}

/// What is free in a cluster.
#[derive(Clone, Debug, Default)]
pub struct Room {
    nodes: Vec<Free>,
}

impl Room {
    /// How many pods of this template could start now, by node selector, taints and requests. Affinity and volumes are not
    /// looked at: it can be fewer.
    pub fn fits(&self, spec: &Value) -> u32 {
        let one = of_template(spec);
        let wanted: BTreeMap<&str, &str> = spec
            .get("nodeSelector")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(k, v)| Some((k.as_str(), v.as_str()?)))
            .collect();
        let tolerates = spec.get("tolerations").and_then(Value::as_array).is_some_and(|t| !t.is_empty());
        self.nodes
            .iter()
            .filter(|n| tolerates || !n.tainted)
            .filter(|n| wanted.iter().all(|(k, v)| n.labels.get(k).is_some_and(|l| **l == **v)))
            .map(|n| n.free.holds(one))
            .fold(0, u32::saturating_add)
    }
}

/// The last reading of one cluster.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Option<Reading>>);

/// When, and what was read or why not.
type Reading = (Instant, Result<Room, Arc<str>>);

impl Kept {
    /// The cluster's room, or why it is not known.
    pub async fn room(&self, c: &Clients, deadline: Duration) -> Result<Room, Arc<str>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, room)) = kept
            && at.elapsed() < KEPT
        {
            return room;
        }
        let room = read(c, deadline).await;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), room.clone()));
        room
    }
}

async fn read(c: &Clients, deadline: Duration) -> Result<Room, Arc<str>> {
    let why = |what: &str, verb: &str, e: &SourceError| unread(what, verb, "the whole cluster", e);
    let nodes: Listed<Node> = c
        .get(&c.watch, &format!("/api/v1/nodes?limit={}", PAGE * PAGES), deadline, "read the nodes")
        .await
        .map_err(|e| why("nodes", "list nodes", &e))?;
    let mut used: BTreeMap<Arc<str>, Needs> = BTreeMap::new();
    let mut token = String::new();
    for page in 0.. {
        let path = format!("/api/v1/pods?limit={PAGE}{token}");
        let pods: Listed<PodDto> =
            c.get(&c.watch, &path, deadline, "add up the pods").await.map_err(|e| why("pods", "list pods", &e))?;
        for p in &pods.items {
            let over = matches!(p.status.phase.as_deref(), Some("Succeeded" | "Failed"));
            if let Some(node) = p.spec.node_name.clone().filter(|_| !over) {
                used.entry(node).or_default().add(requests(&p.spec));
            }
        }
        match pods.metadata.r#continue.as_deref().filter(|t| !t.is_empty()) {
            None => break,
            Some(_) if page + 1 >= PAGES => {
                return Err(format!("the cluster has more than {} pods: they are not added up", PAGE * PAGES).into());
            }
            Some(t) => token = format!("&continue={}", super::watch::encoded(t)),
        }
    }
    let is_ready = |n: &&Node| {
        let ready = n.status.conditions.iter().find(|c| c.r#type.as_deref() == Some("Ready"));
        !n.spec.unschedulable && ready.is_none_or(|c| c.status.as_deref() == Some("True"))
    };
    let free = |n: &Node| {
        let taken = n.metadata.name.as_ref().and_then(|name| used.get(name)).copied().unwrap_or_default();
        Free {
            labels: n.metadata.labels.clone(),
            tainted: n.spec.taints.iter().any(|t| matches!(t.effect.as_deref(), Some("NoSchedule" | "NoExecute"))),
            free: n.status.allocatable.needs().less(taken),
        }
    };
    Ok(Room { nodes: nodes.items.iter().filter(is_ready).map(free).collect() })
}

/// How many pods the namespace's quotas let start, with the one that binds; `None`: none does.
pub fn quota(quotas: &Value, spec: &Value) -> Option<(u32, String)> {
    let one = of_template(spec);
    let mut worst: Option<(u32, String)> = None;
    for q in quotas.get("items").and_then(Value::as_array).into_iter().flatten() {
        let name = q.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("unnamed");
        let hard = q.pointer("/status/hard").and_then(Value::as_object);
        for (what, hard) in hard.into_iter().flatten() {
            let read = |v: Option<&Value>| v.and_then(Value::as_str).and_then(quantity);
            let (Some(hard), Some(used)) =
                (read(Some(hard)), read(q.pointer("/status/used").and_then(|u| u.get(what))))
            else {
                continue;
            };
            let each = match what.as_str() {
                "pods" | "count/pods" => 1.0,
                "cpu" | "requests.cpu" => one.cpu / 1000.0,
                "memory" | "requests.memory" => one.memory,
                _ => continue,
            };
            if each <= 0.0 {
                continue;
            }
            let n = (((hard - used).max(0.0) + 1e-9) / each).min(1e6) as u32;
            if worst.as_ref().is_none_or(|(w, _)| n < *w) {
                worst = Some((n, format!("quota {name} ({what})")));
            }
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_are_read_as_the_api_writes_them() {
        let all = ["250m", "1.5", "2", "512Mi", "1Gi", "1k", "2e3", "128974848", "100M", "x", "1Zi"].map(quantity);
        let want = [
            Some(0.25),
            Some(1.5),
            Some(2.0),
            Some(536_870_912.0),
            Some(1_073_741_824.0),
            Some(1_000.0),
            Some(2_000.0),
            Some(128_974_848.0),
            Some(1e8),
            None,
            None,
        ];
        assert_eq!(all, want);
    }

    fn node(labels: Value, cpu: f64, tainted: bool) -> Free {
        let labels = serde_json::from_value(labels).expect("labels");
        Free { labels, tainted, free: Needs { cpu, memory: 8e9, pods: 10.0 } }
    }

    #[test]
    fn what_fits_goes_by_selector_taint_and_the_scarcest_of_the_three() {
        let room =
            Room { nodes: vec![node(json!({"zone": "a"}), 1_000.0, false), node(json!({"zone": "b"}), 4_000.0, true)] };
        let spec = |more: Value| {
            let mut v = json!({"containers": [{"resources": {"requests": {"cpu": "300m", "memory": "1Gi"}}}]});
            v.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
            v
        };
        assert_eq!(room.fits(&spec(json!({}))), 3);
        assert_eq!(room.fits(&spec(json!({"tolerations": [{"operator": "Exists"}]}))), 3 + 7);
        assert_eq!(room.fits(&spec(json!({"nodeSelector": {"zone": "c"}}))), 0);
        assert_eq!(room.fits(&json!({"containers": [{}]})), 10, "pods that ask for nothing: as many as a node takes");
    }

    #[test]
    fn the_quota_that_binds_is_named() {
        let quotas = json!({"items": [{"metadata": {"name": "compute"}, "status": {
            "hard": {"pods": "10", "requests.cpu": "2", "services": "3"},
            "used": {"pods": "8", "requests.cpu": "1500m", "services": "3"}}}]});
        let spec = json!({"containers": [{"resources": {"requests": {"cpu": "500m"}}}]});
        assert_eq!(quota(&quotas, &spec), Some((1, "quota compute (requests.cpu)".into())));
        assert_eq!(quota(&quotas, &json!({"containers": [{}]})), Some((2, "quota compute (pods)".into())));
        assert_eq!(quota(&json!({"items": []}), &spec), None);
    }
}
