//! The world's front as a server: what it takes from a request, and what it says about itself when probed.

use super::object::{self, Part, refused};
use super::scenario::{Fault, FaultKind};
use super::world::World;
use crate::core::act::plan::{Outcome, RefusedBy, Step};
use crate::core::id::SourceId;
use crate::core::world::source::{Abilities, Link, Right, Roles, SourceState};

/// The rights the four verbs need.
const RIGHTS: [&str; 2] = ["patch rollouts", "patch rollouts/status"];

impl World {
    /// Takes one step's request as the API server would: rights, path, guards, then stored. The controller reacts later.
    pub fn send(&mut self, step: &Step) -> Outcome {
        let no = |kind, status, why: &str| Outcome::Refused(refused(kind, status, why));
        let Some(body) = step.request.body.unseal() else {
            return no(RefusedBy::NotSent, 0, "this plan was read from a tape and cannot be sent");
        };
        let (path, query) = step.request.path.split_once('?').unwrap_or((&step.request.path, ""));
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let (namespace, name, part) = match parts.as_slice() {
            ["apis", "argoproj.io", "v1alpha1", "namespaces", ns, "rollouts", name] => (*ns, *name, Part::Main),
            ["apis", "argoproj.io", "v1alpha1", "namespaces", ns, "rollouts", name, "status"] => {
                (*ns, *name, Part::Status)
            }
            ["apis", "flagger.app", "v1beta1", "namespaces", ns, "canaries", name] => (*ns, *name, Part::Main),
            ["apis", "flagger.app", "v1beta1", "namespaces", ns, "canaries", name, "status"] => {
                (*ns, *name, Part::Status)
            }
            ["apis", "apps", "v1", "namespaces", ns, "deployments", name] => (*ns, *name, Part::Main),
            _ => return no(RefusedBy::Other, 404, "404 page not found"),
        };
        if &*step.request.method != "PATCH" || &*step.request.content_type != "application/json-patch+json" {
            return no(RefusedBy::Other, 415, "the drill takes application/json-patch+json");
        }
        let (group, kind) = (parts[1], parts[5]);
        let right = format!("patch {kind}{}", if part == Part::Status { "/status" } else { "" });
        if self.denies(&right) {
            let user = &self.scenario.user;
            let why = format!("{kind}.{group} \"{name}\" is forbidden: User \"{user}\" cannot {right}");
            return no(RefusedBy::Forbidden, 403, &why);
        }
        let is = |r: &super::rollout::Rollout| {
            (kind == "rollouts") == r.flagger.is_none() && &*r.id.name == name && &*r.id.namespace == namespace
        };
        let Some(i) = self.rollouts.iter().position(is) else {
            return no(RefusedBy::Gone, 404, &format!("{kind}.{group} \"{name}\" not found"));
        };
        let manager = query.split('&').find_map(|p| p.strip_prefix("fieldManager=")).unwrap_or("unknown");
        let changed = match object::apply(&mut self.rollouts[i], part, body, manager, self.now) {
            Ok(changed) => changed,
            Err(r) => return Outcome::Refused(r),
        };
        if changed {
            let service = &self.scenario.services[i].name;
            let reverts = self.scenario.faults_of(FaultKind::Reverts, service);
            let of = |(n, f): (usize, &Fault)| f.after.filter(|_| self.live.active(n, self.now.0));
            let after = reverts.filter_map(of).min();
            self.reverts.extend(after.map(|secs| (self.now.0 + secs * 1000, i)));
        }
        self.rollouts[i].stir(self.now.0);
        self.tell(i);
        Outcome::Accepted {
            generation: (changed || part == Part::Main).then_some(self.rollouts[i].generation),
            version: Some(self.rollouts[i].resource_version.to_string().into()),
            took_ms: 40,
        }
    }

    /// Is this right refused now?
    fn denies(&self, right: &str) -> bool {
        let now = |(n, f): (usize, &Fault)| {
            f.kind == FaultKind::Denied && f.right.as_deref() == Some(right) && self.live.active(n, self.now.0)
        };
        self.scenario.deny.iter().any(|d| &**d == right) || self.scenario.faults.iter().enumerate().any(now)
    }

    /// What a probe of this source finds.
    pub fn abilities(&self, source: &SourceId) -> Abilities {
        let cluster = *source == self.cluster;
        let desk = self.desk_name.as_ref() == Some(source);
        let right = |verb: &str| Right {
            namespace: Some(self.scenario.namespace.clone()),
            verb: verb.into(),
            allowed: Some(!self.denies(verb)),
        };
        Abilities {
            roles: Roles {
                rollouts: cluster,
                telemetry: !cluster && !desk,
                alerts: desk,
                changes: desk,
                flags: desk,
                artifacts: desk,
                pages: desk,
                tells: desk,
            },
            version: Some("drill".into()),
            rights: if cluster { RIGHTS.map(right).to_vec() } else { Vec::new() },
            skew_ms: Some(0),
            identity: cluster.then(|| self.scenario.user.clone()),
            groups: if cluster { vec!["on-call".into(), "system:authenticated".into()] } else { Vec::new() },
            insecure: false,
            cluster: None,
            kinds: if cluster { vec!["Rollout".into()] } else { Vec::new() },
            acts_as: None,
            controllers: Vec::new(),
        }
    }

    pub(super) fn source_state(&self, source: &SourceId, link: Link) -> SourceState {
        let cluster = *source == self.cluster;
        let moving = self.rollouts.iter().filter(|r| r.moving()).count();
        SourceState {
            kind: "simulated".into(),
            abilities: self.abilities(source),
            confirmed: matches!(link, Link::Watching | Link::Polling).then_some(self.now),
            link,
            old_after_ms: if cluster { 90_000 } else { 60_000 },
            latency_ms: Some(if cluster { 12 } else { 88 }),
            calls_per_min: if cluster { 0 } else { 8 },
            last_error: None,
            holds: if self.desk_name.as_ref() == Some(source) {
                format!("{} alerts, {} flags", self.desk.alerts.all.len(), self.desk.flags.len()).into()
            } else if cluster {
                format!("{} rollouts, {moving} moving", self.rollouts.len()).into()
            } else {
                format!("figures of {} services", self.traffic.len()).into()
            },
        }
    }
}
