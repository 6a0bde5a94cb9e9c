//! What goes wrong in a drill, and while what holds. One table for every kind; which fields a kind needs and takes is
//! said here and checked in `check`. Only data.

use crate::core::id::ServiceId;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// `add` percent more of the requests fail.
    Failures,
    /// `add` percent more of the requests take longer than the service's bound.
    Slow,
    /// `add` percent more of the answers are wrong without an error: seen only where correctness is measured.
    Wrong,
    /// Memory of each pod grows by `per_hour` MiB an hour; at its limit the pod is killed and starts again.
    Leak,
    /// The service still works, but its series are gone.
    Silent,
    /// Its samples arrive `after` seconds late.
    Late,
    /// `add` percent of its blocks of fifteen seconds never arrive.
    Gaps,
    /// Pods made in this time do not become ready: `reason` in the field's words (`ImagePullBackOff`,
    /// `CrashLoopBackOff`, `Unschedulable`); a reason with `quota`: they are not made at all.
    PodsStuck,
    /// Pods made in this time take `after` seconds longer to become ready.
    PodsSlow,
    /// At most `count` pods that should end do not: they stay Terminating and go on answering.
    PodsLinger,
    /// Its cache holds nothing while this lasts, and is as cold as a new pod's when it ends.
    CacheEmpty,
    /// The controller takes no notice of anything; requests are still stored.
    ControllerStops,
    /// `right` is refused, in the field's words: `patch rollouts/status`.
    Denied,
    /// Whoever `by` is sets the spec back to what Git says, `after` seconds after anybody changed it.
    Reverts,
    /// Nothing by itself: a time that gauges, alerts and reports go by (an index is built, a lock is held).
    Condition,
}

/// Times are seconds after the start of the drill, parts are percent. What a kind does not take is an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What alerts, reports, gauges and artifacts call it by.
    pub id: Option<Arc<str>>,
    pub kind: FaultKind,
    pub service: Option<ServiceId>,
    /// `None`: whatever version.
    pub version: Option<Arc<str>>,
    #[serde(default)]
    pub add: f64,
    pub at: i64,
    pub until: Option<i64>,
    /// Only while this flag is on.
    pub flag: Option<Arc<str>>,
    /// Only while the service gets more requests a second than this.
    pub above: Option<f64>,
    /// Only on these nodes (1..=6): by the part of its ready pods that run there.
    #[serde(default)]
    pub nodes: Vec<u64>,
    /// `pricing v3.1.0`: by the part of that service's requests that this version of it answers.
    pub with: Option<Arc<str>>,
    /// It ends when somebody of this team has answered a call, `ends_after` seconds later.
    pub ends_on_call: Option<Arc<str>>,
    #[serde(default)]
    pub ends_after: i64,
    pub reason: Option<Arc<str>>,
    pub right: Option<Arc<str>>,
    pub by: Option<Arc<str>>,
    pub after: Option<i64>,
    pub per_hour: Option<f64>,
    pub count: Option<u32>,
    /// What a failing request writes into the log of its pod, after `failed: `.
    pub log: Option<Arc<str>>,
    /// `Reason: sentence`, shown among the service's events while it lasts.
    pub event: Option<Arc<str>>,
}

impl FaultKind {
    /// The word in a file.
    pub fn word(self) -> &'static str {
        match self {
            FaultKind::Failures => "failures",
            FaultKind::Slow => "slow",
            FaultKind::Wrong => "wrong",
            FaultKind::Leak => "leak",
            FaultKind::Silent => "silent",
            FaultKind::Late => "late",
            FaultKind::Gaps => "gaps",
            FaultKind::PodsStuck => "pods-stuck",
            FaultKind::PodsSlow => "pods-slow",
            FaultKind::PodsLinger => "pods-linger",
            FaultKind::CacheEmpty => "cache-empty",
            FaultKind::ControllerStops => "controller-stops",
            FaultKind::Denied => "denied",
            FaultKind::Reverts => "reverts",
            FaultKind::Condition => "condition",
        }
    }

    /// Fields without which it means nothing.
    pub fn needs(self) -> &'static [&'static str] {
        match self {
            FaultKind::Failures | FaultKind::Slow | FaultKind::Wrong | FaultKind::Gaps => &["service", "add"],
            FaultKind::Leak => &["service", "per_hour"],
            FaultKind::Silent | FaultKind::CacheEmpty => &["service"],
            FaultKind::Late | FaultKind::PodsSlow => &["service", "after"],
            FaultKind::PodsStuck => &["service", "reason"],
            FaultKind::PodsLinger => &["service", "count"],
            FaultKind::ControllerStops => &["until"],
            FaultKind::Denied => &["right"],
            FaultKind::Reverts => &["service", "by", "after"],
            FaultKind::Condition => &[],
        }
    }

    /// Fields it may have besides; `id`, `at`, `until`, `event` and `ends_on_call` are everybody's.
    pub fn takes(self) -> &'static [&'static str] {
        match self {
            FaultKind::Failures => &["version", "flag", "above", "nodes", "with", "log"],
            FaultKind::Slow | FaultKind::Wrong => &["version", "flag", "above", "nodes", "with"],
            FaultKind::Leak => &["version", "flag"],
            FaultKind::Condition => &["service", "flag"],
            FaultKind::PodsStuck | FaultKind::PodsSlow | FaultKind::PodsLinger => &["version"],
            FaultKind::CacheEmpty => &["flag"],
            FaultKind::Silent
            | FaultKind::Late
            | FaultKind::Gaps
            | FaultKind::ControllerStops
            | FaultKind::Denied
            | FaultKind::Reverts => &[],
        }
    }

    /// Does it change how requests end?
    pub fn is_about_requests(self) -> bool {
        matches!(self, FaultKind::Failures | FaultKind::Slow | FaultKind::Wrong | FaultKind::Leak)
    }
}

impl Fault {
    /// The fields it has, of those that not every kind takes.
    pub fn has(&self) -> Vec<&'static str> {
        let all = [
            ("service", self.service.is_some()),
            ("version", self.version.is_some()),
            ("add", self.add > 0.0),
            ("flag", self.flag.is_some()),
            ("above", self.above.is_some()),
            ("nodes", !self.nodes.is_empty()),
            ("with", self.with.is_some()),
            ("reason", self.reason.is_some()),
            ("right", self.right.is_some()),
            ("by", self.by.is_some()),
            ("after", self.after.is_some()),
            ("per_hour", self.per_hour.is_some()),
            ("count", self.count.is_some()),
            ("log", self.log.is_some()),
            ("until", self.until.is_some()),
        ];
        all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }

    /// It is about this service and this version of it.
    pub fn hits(&self, service: &ServiceId, version: &str) -> bool {
        self.service.as_ref() == Some(service) && self.version.as_ref().is_none_or(|v| &**v == version)
    }

    pub fn is_of(&self, kind: FaultKind, service: &ServiceId) -> bool {
        self.kind == kind && self.service.as_ref() == Some(service)
    }
}

/// `pricing v3.1.0`
pub fn service_and_version(text: &str) -> Option<(ServiceId, &str)> {
    let (service, version) = text.split_once(' ')?;
    Some((ServiceId::new(service), version.trim()))
}
