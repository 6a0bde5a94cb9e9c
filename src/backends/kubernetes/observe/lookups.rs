//! What is asked beside the watches: which kinds are served, what we may, whether a controller is there; and when again.

use super::{Answers, Watching};
use crate::backends::kubernetes::kinds::{self, Found};
use crate::backends::kubernetes::rows::Kind;
use crate::backends::kubernetes::{leases, review, rights};
use crate::core::world::source::{Abilities, Controller, SourceError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Whoever acted a moment ago waits for the controller.
const ACTING: Duration = Duration::from_secs(60);

/// What comes back beside the watches.
pub(super) enum Answer {
    Rights(Result<Abilities, SourceError>),
    Kinds(Result<Found, SourceError>),
    Leases(Vec<Controller>, Vec<Arc<str>>),
}

impl Watching<'_, '_> {
    pub(super) fn look_soon(&mut self) {
        // A server that says "served" and "not found" by turns must not be asked in a loop.
        let soon = Instant::now() + self.k.timing.backoff_first;
        let earliest = self.looked.map_or(soon, |at| soon.max(at + self.k.timing.recheck() / 6));
        self.look_at = self.look_at.min(earliest);
    }

    pub(super) fn ask_kinds(&mut self, answers: &mut Answers) {
        self.looking = true;
        let (c, call, customs) = (self.clients.clone(), self.k.timing.call, self.k.customs());
        answers.spawn(async move { Answer::Kinds(kinds::look(&c, &customs, call).await) });
    }

    pub(super) fn ask_rights(&mut self, answers: &mut Answers) {
        let mut names: Vec<String> = self.k.settings.namespaces.clone();
        if names.is_empty() {
            let store = self.k.store.lock().unwrap_or_else(PoisonError::into_inner);
            names = store.namespaces().iter().take(review::NAMESPACES).map(ToString::to_string).collect();
        }
        let (c, now, call) = (self.clients.clone(), self.k.utc.clone(), self.k.timing.call);
        answers.spawn(async move { Answer::Rights(rights::probe(&c, &names, &now, call).await) });
    }

    /// Only where there are rollouts; often while something moves or was asked for, else seldom.
    pub(super) fn ask_leases(&mut self, answers: &mut Answers) {
        let now = Instant::now();
        let rollouts = self.told.wanted.iter().any(|(_, k)| *k == Kind::Rollouts);
        if now < self.lease_at || !self.ever || !rollouts {
            return;
        }
        let moving = !self.want.borrow().moving.is_empty() || self.k.acted_within(ACTING);
        let seldom = self.k.timing.recheck();
        self.lease_at = now + if moving && !self.lease_in.is_empty() { seldom / 6 } else { seldom };
        let (c, call, known) = (self.clients.clone(), self.k.timing.call, self.lease_in.clone());
        answers.spawn(async move {
            let (all, at) = leases::look(&c, &known, call).await;
            Answer::Leases(all, at)
        });
    }

    pub(super) fn rights(&mut self, found: Result<Abilities, SourceError>) {
        match found {
            Ok(a) => {
                self.k.keep_abilities(a);
                self.tell();
            }
            Err(e) => self.told.last_error(e),
        }
    }
}
