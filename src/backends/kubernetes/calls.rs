//! What one source has asked of its server: requests of the last minute, a wait the server wants, access reviews, and the
//! context it was begun with. Sends nothing.

use super::Settings;
use super::kubeconfig::{self, Place};
use super::review::Reviews;
use crate::core::world::source::SourceError;
use kube::config::Kubeconfig;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// What a source keeps over its connections: requests of the last minute, a wait the server asked for, reviews, and
/// which context it is of.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    sent: Arc<Mutex<VecDeque<Instant>>>,
    until: Arc<Mutex<Option<Instant>>>,
    pub reviews: Reviews,
    /// The context that the kubeconfig called the current one at first, where the settings name none.
    first: Arc<OnceLock<String>>,
}

impl Calls {
    /// The context looked through: the settings' own, else the first that was the current one.
    pub fn context<'a>(&'a self, settings: &'a Settings) -> Option<&'a str> {
        settings.context.as_deref().filter(|c| !c.is_empty()).or_else(|| self.first.get().map(String::as_str))
    }

    /// Where the source looks. A source must not move to another cluster because another shell chose another context.
    pub fn place(&self, kc: &Kubeconfig, settings: &Settings) -> Result<Place, SourceError> {
        let asked = self.context(settings);
        let now = kubeconfig::place(kc, asked)?;
        if asked.is_some() {
            return Ok(now);
        }
        // Two connections may be made at once, from what the file said at different times: the first one counts.
        let first = self.first.get_or_init(|| now.context.clone());
        if *first != now.context {
            return kubeconfig::place(kc, Some(first));
        }
        Ok(now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Instant>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn count(&self) {
        self.lock().push_back(Instant::now());
    }
    pub fn per_minute(&self) -> u32 {
        let mut all = self.lock();
        while all.front().is_some_and(|t| t.elapsed() > Duration::from_secs(60)) {
            all.pop_front();
        }
        u32::try_from(all.len()).unwrap_or(u32::MAX)
    }
    /// The server asked for no refresh call for so long.
    pub fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut kept = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(kept.map_or(until, |k| k.max(until)));
    }
    /// How much of that is left.
    pub fn held(&self) -> Option<Duration> {
        let kept = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        kept.and_then(|until| until.checked_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }
}
