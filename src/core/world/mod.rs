//! The world as facts, folded. Knows nothing of backends, keys or colours.

pub mod aim;
pub mod alert;
pub mod beside;
pub mod calendar;
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
pub mod telemetry;
pub mod wayback;

use crate::core::id::{ServiceId, SourceId, TargetId};
use crate::core::time::Utc;
use fact::Fact;
use figures::{Bound, Checked, Signal, Split, Windows};
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
    /// Window counts by service, signal and window seconds, each with the time of the newest sample behind it.
    pub windows: BTreeMap<ServiceId, BTreeMap<Signal, BTreeMap<u32, Window>>>,
    /// Percentiles, memory, courses, routes, what is there at all.
    #[serde(default)]
    pub telemetry: BTreeMap<ServiceId, telemetry::Told>,
    pub checked: BTreeMap<Arc<str>, Checked>,
    /// What sources found out about the way back, newest word each.
    #[serde(default, with = "crate::core::pairs")]
    pub ways_back: BTreeMap<TargetId, WayBack>,
    /// Alerts and silences, by the source that tells them.
    #[serde(default)]
    pub alerts: BTreeMap<SourceId, alert::Alerts>,
    /// What else changed, newest last, by source; at most what the source told last.
    #[serde(default)]
    pub changed: BTreeMap<SourceId, Vec<beside::Changed>>,
    #[serde(default)]
    pub flags: BTreeMap<SourceId, Vec<beside::Flag>>,
    #[serde(default)]
    pub artifacts: BTreeMap<SourceId, Vec<beside::Artifact>>,
    /// Who is on call, and which calls went out.
    #[serde(default)]
    pub on_call: BTreeMap<SourceId, (Vec<beside::OnCall>, Vec<beside::Call>)>,
    /// Newest sample behind any figure of a service.
    pub samples: BTreeMap<ServiceId, Sampled>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    pub counts: figures::Counts,
    pub newest_sample: Option<Utc>,
    /// The moment it was evaluated at, by the server's clock.
    pub at: Option<Utc>,
    pub query: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    pub source: SourceId,
    pub newest: Option<Utc>,
    pub scrape_secs: u32,
    /// Of errors; the others' stand in `signals`.
    pub query: Arc<str>,
    /// What each signal was last told by.
    #[serde(default)]
    pub signals: BTreeMap<Signal, Heard>,
}

/// How the blocks of one signal were asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    pub newest: Option<Utc>,
    pub query: Arc<str>,
    pub split: Split,
    pub bound: Option<Bound>,
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
    Telemetry(ServiceId),
    WayBack(TargetId),
    Evidence(Box<evidence::Evidence>),
    Logs(Box<evidence::LogChunk>),
    Raw(Box<evidence::Raw>),
    Alerts(SourceId),
    /// Changes, flags, artifacts or who is on call.
    Beside(SourceId),
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
                let heard = Heard { newest: b.newest_sample, query: b.query.clone(), split: b.split, bound: b.bound };
                let query = match self.samples.get(&b.service) {
                    // The query to show first is that of errors.
                    Some(s) if b.signal != Signal::Errors => s.query.clone(),
                    Some(_) | None => b.query.clone(),
                };
                self.sampled(source, &b.service, b.newest_sample, b.scrape_secs, &query, Some((b.signal, heard)));
                vec![Change::Blocks(b)]
            }
            Fact::Windows(w) => {
                let Windows { service, signal, at, rows, newest_sample, scrape_secs, query } = w;
                let kept = self.windows.entry(service.clone()).or_default().entry(signal).or_default();
                for (secs, counts) in rows {
                    kept.insert(secs, Window { counts, newest_sample, at, query: query.clone() });
                }
                // The blocks' query is the one to show; windows only bring newer samples.
                let query = self.samples.get(&service).map_or(query, |s| s.query.clone());
                self.sampled(source, &service, newest_sample, scrape_secs, &query, None);
                vec![Change::Windows(service)]
            }
            Fact::Telemetry(t) => {
                let service = t.service().clone();
                self.telemetry.entry(service.clone()).or_default().note(*t);
                vec![Change::Telemetry(service)]
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
            Fact::Alerts(a) => {
                self.alerts.insert(source.clone(), *a);
                vec![Change::Alerts(source.clone())]
            }
            Fact::Changed(all) => {
                self.changed.insert(source.clone(), all);
                vec![Change::Beside(source.clone())]
            }
            Fact::Flags(all) => {
                self.flags.insert(source.clone(), all);
                vec![Change::Beside(source.clone())]
            }
            Fact::Artifacts(all) => {
                self.artifacts.insert(source.clone(), all);
                vec![Change::Beside(source.clone())]
            }
            Fact::OnCall { teams, calls } => {
                self.on_call.insert(source.clone(), (teams, calls));
                vec![Change::Beside(source.clone())]
            }
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
        of: Option<(Signal, Heard)>,
    ) {
        let before = self.samples.remove(service);
        let newest = newest.max(before.as_ref().and_then(|s| s.newest));
        let mut signals = before.map(|s| s.signals).unwrap_or_default();
        if let Some((signal, mut heard)) = of {
            heard.newest = heard.newest.max(signals.get(&signal).and_then(|h: &Heard| h.newest));
            signals.insert(signal, heard);
        }
        let sampled = Sampled { source: source.clone(), newest, scrape_secs, query: query.clone(), signals };
        self.samples.insert(service.clone(), sampled);
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
