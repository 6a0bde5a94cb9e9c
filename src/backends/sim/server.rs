//! The world's front as a server: what it takes from a request, and what it says about itself when probed.

use super::object::{self, Part, refused};
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
            _ => return no(RefusedBy::Other, 404, "404 page not found"),
        };
        if &*step.request.method != "PATCH" || &*step.request.content_type != "application/json-patch+json" {
            return no(RefusedBy::Other, 415, "the drill takes application/json-patch+json");
        }
        let right = RIGHTS[usize::from(part == Part::Status)];
        if self.scenario.deny.iter().any(|d| &**d == right) {
            let user = &self.scenario.user;
            let why = format!("rollouts.argoproj.io \"{name}\" is forbidden: User \"{user}\" cannot {right}");
            return no(RefusedBy::Forbidden, 403, &why);
        }
        let found = self.rollouts.iter().position(|r| &*r.id.name == name && &*r.id.namespace == namespace);
        let Some(i) = found else {
            return no(RefusedBy::Gone, 404, &format!("rollouts.argoproj.io \"{name}\" not found"));
        };
        let manager = query.split('&').find_map(|p| p.strip_prefix("fieldManager=")).unwrap_or("unknown");
        let changed = match object::apply(&mut self.rollouts[i], part, body, manager, self.now) {
            Ok(changed) => changed,
            Err(r) => return Outcome::Refused(r),
        };
        self.rollouts[i].stir(self.now.0);
        self.tell(i);
        Outcome::Accepted {
            generation: (changed || part == Part::Main).then_some(self.rollouts[i].generation),
            version: Some(self.rollouts[i].resource_version.to_string().into()),
            took_ms: 40,
        }
    }

    /// What a probe of this source finds.
    pub fn abilities(&self, source: &SourceId) -> Abilities {
        let cluster = *source == self.cluster;
        let right = |verb: &str| Right {
            namespace: Some(self.scenario.namespace.clone()),
            verb: verb.into(),
            allowed: Some(!self.scenario.deny.iter().any(|d| &**d == verb)),
        };
        Abilities {
            roles: Roles { rollouts: cluster, telemetry: !cluster },
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
            holds: if cluster {
                format!("{} rollouts, {moving} moving", self.rollouts.len()).into()
            } else {
                format!("figures of {} services", self.traffic.len()).into()
            },
        }
    }
}
