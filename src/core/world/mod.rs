//! The world as facts, folded. Knows nothing of backends, keys or colours.

pub mod detail;
pub mod evidence;
pub mod fact;
pub mod figures;
pub mod foreign;
pub mod going;
pub mod interest;
pub mod service;
pub mod source;
pub mod target;
pub mod wayback;

use crate::core::id::{ServiceId, SourceId, TargetId};
use crate::core::time::Utc;
use fact::Fact;
use figures::{Checked, Windows};
use serde::{Deserialize, Serialize};
use service::Service;
use source::{Link, SourceError, SourceState};
use std::collections::BTreeMap;
use std::sync::Arc;
use target::TargetState;
use wayback::WayBack;

/// Everything the sources have said, last word each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct World {
    pub sources: BTreeMap<SourceId, SourceState>,
    #[serde(with = "crate::core::pairs")]
    pub targets: BTreeMap<TargetId, TargetState>,
    pub services: BTreeMap<ServiceId, Service>,
    /// Window counts by service and window seconds, each with the time of the newest sample behind it.
    pub windows: BTreeMap<ServiceId, BTreeMap<u32, Window>>,
    pub checked: BTreeMap<Arc<str>, Checked>,
    /// What sources found out about the way back, newest word each.
    #[serde(default, with = "crate::core::pairs")]
    pub ways_back: BTreeMap<TargetId, WayBack>,
    /// Newest sample behind any figure of a service.
    pub samples: BTreeMap<ServiceId, Sampled>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    pub counts: figures::Counts,
    pub newest_sample: Option<Utc>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    pub source: SourceId,
    pub newest: Option<Utc>,
    pub scrape_secs: u32,
    pub query: Arc<str>,
}

/// What a fact changed, for those who keep something derived from it.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Source(SourceId),
    /// The state before, when there was one.
    Target(TargetId, Option<Box<TargetState>>),
    Gone(Box<TargetState>),
    Blocks(figures::Blocks),
    Windows(ServiceId),
    Checked(Arc<str>),
    WayBack(TargetId),
    Evidence(Box<evidence::Evidence>),
    Logs(Box<evidence::LogChunk>),
    Raw(Box<evidence::Raw>),
}

impl World {
    pub fn apply(&mut self, source: &SourceId, fact: Fact) -> Vec<Change> {
        match fact {
            Fact::Source(s) => {
                self.sources.insert(source.clone(), *s);
                vec![Change::Source(source.clone())]
            }
            Fact::Target(t) => {
                let mut t = *t;
                // The object as `plan` needs it is kept by a dialog or an act, never by the world.
                t.raw = None;
                self.services.entry(t.service.clone()).or_insert_with(|| Service::found(&t.service));
                let id = t.id.clone();
                let before = self.targets.insert(id.clone(), t).map(Box::new);
                vec![Change::Target(id, before)]
            }
            Fact::Gone(id) => self.targets.remove(&id).map(|t| Change::Gone(Box::new(t))).into_iter().collect(),
            Fact::Whole(named) => {
                let gone: Vec<TargetId> =
                    self.targets.keys().filter(|id| id.source == *source && !named.contains(id)).cloned().collect();
                gone.iter().filter_map(|id| self.targets.remove(id)).map(|t| Change::Gone(Box::new(t))).collect()
            }
            Fact::Blocks(b) => {
                self.sampled(source, &b.service, b.newest_sample, b.scrape_secs, &b.query);
                vec![Change::Blocks(b)]
            }
            Fact::Windows(w) => {
                let Windows { service, rows, newest_sample, scrape_secs, query } = w;
                let kept = self.windows.entry(service.clone()).or_default();
                for (secs, counts) in rows {
                    kept.insert(secs, Window { counts, newest_sample });
                }
                // The blocks' query is the one to show; windows only bring newer samples.
                let query = self.samples.get(&service).map_or(query, |s| s.query.clone());
                self.sampled(source, &service, newest_sample, scrape_secs, &query);
                vec![Change::Windows(service)]
            }
            Fact::WayBack(w) => {
                let target = w.target.clone();
                self.ways_back.insert(target.clone(), w);
                vec![Change::WayBack(target)]
            }
            // Looked at, not kept: whoever shows them keeps what it needs.
            Fact::Evidence(e) => vec![Change::Evidence(e)],
            Fact::Logs(l) => vec![Change::Logs(l)],
            Fact::Raw(r) => vec![Change::Raw(r)],
            Fact::Checked(c) => {
                let query = c.query.clone();
                self.checked.insert(query.clone(), c);
                vec![Change::Checked(query)]
            }
        }
    }

    /// History asked for late must not make the newest sample look older than it is.
    fn sampled(
        &mut self,
        source: &SourceId,
        service: &ServiceId,
        newest: Option<Utc>,
        scrape_secs: u32,
        query: &Arc<str>,
    ) {
        let newest = newest.max(self.samples.get(service).and_then(|s| s.newest));
        self.samples
            .insert(service.clone(), Sampled { source: source.clone(), newest, scrape_secs, query: query.clone() });
    }

    pub fn failed(&mut self, source: &SourceId, error: SourceError, at: Utc) {
        if let Some(s) = self.sources.get_mut(source) {
            s.last_error = Some((at, error.clone()));
            s.link = Link::Failed(error);
        }
    }

    pub fn targets_of<'a>(&'a self, service: &'a ServiceId) -> impl Iterator<Item = &'a TargetState> {
        self.targets.values().filter(move |t| t.service == *service)
    }
}
