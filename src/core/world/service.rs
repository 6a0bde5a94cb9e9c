//! What a team owns: found from labels, enriched by config or a scenario.

use crate::core::id::ServiceId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    /// Fraction, in (0, 1].
    pub objective: f64,
    pub period_days: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    pub name: ServiceId,
    pub owner: Option<Arc<str>>,
    /// 1 is the most important; the default is 2 (limits.md section 2).
    pub tier: u8,
    pub slo: Option<Slo>,
    /// Names of runbooks, first is the one `r` opens.
    pub runbooks: Vec<Arc<str>>,
    /// Milliseconds that past roll-backs of this service took until settled.
    pub history_ms: Vec<i64>,
}

impl Service {
    /// A service nobody configured: named by a label only.
    pub fn found(name: &ServiceId) -> Service {
        Service { name: name.clone(), owner: None, tier: 2, slo: None, runbooks: Vec::new(), history_ms: Vec::new() }
    }

    /// Nobody configured it and nothing is remembered of it: without a target it is nothing to look at.
    pub fn is_bare(&self) -> bool {
        self.owner.is_none() && self.slo.is_none() && self.runbooks.is_empty() && self.history_ms.is_empty()
    }

    /// Median of the service's own history, in milliseconds, with how many it rests on.
    pub fn expected_ms(&self) -> Option<(i64, usize)> {
        let mut v = self.history_ms.clone();
        v.sort_unstable();
        let n = v.len();
        let mid = *v.get(n / 2)?;
        let ms = if n % 2 == 1 { mid } else { (mid + v[n / 2 - 1]) / 2 };
        Some((ms, n))
    }
}
