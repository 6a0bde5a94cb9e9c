//! Effects performed: questions asked, steps sent, each in its own task; what comes back goes into the inbox.

use super::inbox::Inbox;
use super::probe::Prober;
use super::turns::{Leaves, Turns};
use crate::backends::{Backend, Cx, Interest, Lane, Login, Query, Sink};
use crate::core::act::mark::Mark;
use crate::core::act::plan::{CannotBecause, Operation, Outcome, Refused, RefusedBy, Step, Ticket};
use crate::core::act::side::{SideAct, SidePlan};
use crate::core::case::runbook::want::Want;
use crate::core::effect::Question;
use crate::core::id::{ActId, AskId, DialogId};
use crate::core::id::{SourceId, TargetId};
use crate::core::msg::Msg;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::source::{SourceError, Trouble};
use crate::core::world::target::TargetState;
use crate::journal::kill;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// A re-read before an act, and the read for a dialog (limits.md section 1).
const READ: Duration = Duration::from_secs(2);

/// One configured backend and what it is told to look at.
struct Port {
    backend: Arc<dyn Backend>,
    /// Rung: a source that waits before its next try does not wait any longer.
    again: Arc<Notify>,
    want: watch::Sender<Interest>,
    /// The turns of the cord's steps, and of the reads its plans are made from: of this cluster alone, so that one that
    /// hangs keeps no other waiting.
    cord: Turns,
    cord_reads: Turns,
}

/// The sources of one environment and the tasks that talk to them.
pub struct Ports {
    runtime: Option<tokio::runtime::Runtime>,
    inbox: Inbox,
    ports: BTreeMap<SourceId, Port>,
    /// Steps that have left and have no answer yet.
    sending: Arc<AtomicUsize>,
    utc: Arc<dyn Fn() -> Utc + Send + Sync>,
    /// Request total timeout (limits.md section 4).
    total: Duration,
}

impl Ports {
    /// Starts the tasks' runtime. Errors: the operating system gives no threads.
    pub fn new(inbox: Inbox, utc: Arc<dyn Fn() -> Utc + Send + Sync>, total: Duration) -> std::io::Result<Ports> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("andon-source")
            .enable_all()
            .build()?;
        Ok(Ports { runtime: Some(runtime), inbox, ports: BTreeMap::new(), sending: Arc::default(), utc, total })
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(rt) = &self.runtime {
            rt.spawn(task);
        }
    }

    pub fn runtime(&self) -> Option<&tokio::runtime::Handle> {
        self.runtime.as_ref().map(tokio::runtime::Runtime::handle)
    }

    /// Observe a source for as long as the program runs; it is started again after every failure, with backoff.
    pub fn add(&mut self, id: SourceId, backend: Arc<dyn Backend>) {
        let (want, looked) = watch::channel(Interest::default());
        let (inbox, utc, name) = (self.inbox.clone(), self.utc.clone(), id.clone());
        let observed = backend.clone();
        let again = Arc::new(Notify::new());
        let rung = again.clone();
        self.ports.insert(id, Port { backend, want, again, cord: Turns::default(), cord_reads: Turns::default() });
        self.spawn(async move {
            let mut failures: u32 = 0;
            loop {
                let started = tokio::time::Instant::now();
                let sink = {
                    let (inbox, name) = (inbox.clone(), name.clone());
                    Sink::new(move |fact| inbox.fact(&name, fact))
                };
                // A task of its own, so that a panic becomes a red source and not the end of the program.
                let error = match tokio::spawn(observed.clone().observe(looked.clone(), sink)).await {
                    Ok(error) => error,
                    Err(e) if e.is_cancelled() => return,
                    Err(_) => SourceError::new(
                        Trouble::Panicked,
                        format!("the task of {name} failed; a bug of andon, see the report"),
                    ),
                };
                if started.elapsed() > Duration::from_secs(60) {
                    failures = 0;
                }
                // 1, 2, 4 ... 60 s, spread by the source's name so that sources do not march in step.
                let spread = name.as_str().bytes().map(u64::from).sum::<u64>() % 300;
                let own = 1_000_u64.saturating_mul(1 << failures.min(6)).min(60_000) + spread;
                let wait = error.retry_after_ms.unwrap_or(0).max(own).min(600_000);
                failures += 1;
                tracing::warn!(source = %name, error = %error, wait_ms = wait, "source failed");
                let next_try = Utc(utc().0 + wait as i64);
                inbox.answer(Msg::SourceFailed { source: name.clone(), error, next_try });
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(wait)) => {}
                    () = rung.notified() => failures = 0,
                }
            }
        });
    }

    pub fn interest(&self, moving: Interest) {
        for p in self.ports.values() {
            p.want.send_if_modified(|w| {
                let changed = *w != moving;
                if changed {
                    w.clone_from(&moving);
                }
                changed
            });
        }
    }

    /// What logs in to this source, with the terminal. Error: why nothing does.
    pub fn login(&self, id: &SourceId) -> Result<Vec<Login>, Arc<str>> {
        match self.backend(id) {
            Some(backend) => backend.login(),
            None => Err(no_source(id).sentence),
        }
    }

    /// There is another login now: what waits for it tries at once, and what was connected connects anew.
    pub fn renew(&self, id: &SourceId) {
        if let Some(p) = self.ports.get(id) {
            p.backend.renew();
            p.again.notify_one();
        }
    }

    fn backend(&self, id: &SourceId) -> Option<Arc<dyn Backend>> {
        self.ports.get(id).map(|p| p.backend.clone())
    }

    /// The turns of the reads of its cluster.
    fn reads(&self, target: &TargetId) -> Option<Turns> {
        self.ports.get(&target.source).map(|p| p.cord_reads.clone())
    }

    pub fn plan(&self, dialog: DialogId, operation: Operation, known: Option<TargetState>) {
        let inbox = self.inbox.clone();
        let Some(backend) = self.backend(&operation.target.source) else {
            let error = no_source(&operation.target.source);
            inbox.answer(Msg::Planned { dialog, read: Err(error), plan: None });
            return;
        };
        let turns = self.reads(&operation.target).filter(|_| operation.cord);
        self.spawn(async move {
            // Fifty reads at once would make each other late, and a late read asks for a name.
            let _turn = match turns {
                Some(t) => t.one().await,
                None => None,
            };
            let read = read(&*backend, &operation.target).await;
            // A backward act is planned on what is known when it cannot be read: the way back stays open.
            let on = match &read {
                Ok(fresh) => fresh.as_deref().cloned(),
                Err(_) => known,
            };
            let plan = on.map(|t| Box::new(backend.plan(&operation, &t)));
            inbox.answer(Msg::Planned { dialog, read, plan });
        });
    }

    /// `patient`: one of many that may wait for its turn, going forward; the way back is read at once.
    pub fn reread(&self, act: ActId, target: TargetId, patient: bool) {
        let inbox = self.inbox.clone();
        let Some(backend) = self.backend(&target.source) else {
            inbox.answer(Msg::Reread { act, read: Err(no_source(&target.source)) });
            return;
        };
        let turns = self.reads(&target).filter(|_| patient);
        self.spawn(async move {
            let _turn = match turns {
                Some(t) => t.one().await,
                None => None,
            };
            let read = read(&*backend, &target).await;
            inbox.answer(Msg::Reread { act, read });
        });
    }

    pub fn ask(&self, id: AskId, source: &SourceId, question: Question) {
        let inbox = self.inbox.clone();
        let Some(backend) = self.backend(source) else {
            inbox.answer(Msg::Asked { id, answer: Err(no_source(source)) });
            return;
        };
        let total = self.total;
        self.spawn(async move {
            let (query, lane) = match question {
                Question::Read(t) => (Query::Read(t), Lane::Act),
                Question::Blocks { service, from, count } => (Query::Blocks { service, from, count }, Lane::Refresh),
                Question::Check(q) => (Query::Check(q), Lane::Refresh),
                Question::WayBack(t) => (Query::WayBack(t), Lane::Refresh),
                Question::Evidence(t) => (Query::Evidence(t), Lane::Refresh),
                Question::Logs(l) => (Query::Logs(l), Lane::Refresh),
                Question::Raw(t) => (Query::Raw(t), Lane::Refresh),
                // Asked where an act waits for it: before it goes out, or its outcome being unknown.
                Question::Beside => (Query::Beside, Lane::Act),
                Question::DryRun(step) => (Query::DryRun(step), Lane::Act),
            };
            let answer = bounded(total, backend.ask(&query, &Cx { deadline: total, lane })).await;
            inbox.answer(Msg::Asked { id, answer });
        });
    }

    /// Asks an address for a runbook's check.
    pub fn probe(&self, id: AskId, url: Arc<str>, wants: Vec<Want>, prober: Prober) {
        let inbox = self.inbox.clone();
        self.spawn(async move {
            let found = prober.ask(&url, &wants).await;
            inbox.answer(Msg::Probed { id, found });
        });
    }

    /// Leaves a trace of an act on its target. Nothing waits for it.
    pub fn mark(&self, mark: Mark) {
        let inbox = self.inbox.clone();
        let target = mark.target.clone();
        let Some(backend) = self.backend(&target.source) else { return };
        let total = self.total;
        self.spawn(async move {
            let left = bounded(total, backend.mark(&mark, &Cx { deadline: total, lane: Lane::Refresh })).await;
            inbox.answer(Msg::Marked { target, refused: left.err().map(|e| e.sentence) });
        });
    }

    /// Sends one step, once. Whatever happens, exactly one answer comes back.
    pub fn perform(&self, ticket: Ticket, target: &TargetId, step: Step, leaves: Leaves) {
        let inbox = self.inbox.clone();
        let Some(backend) = self.backend(&target.source) else {
            inbox.answer(Msg::Answered { ticket, outcome: not_sent(no_source(&target.source).sentence) });
            return;
        };
        self.sending.fetch_add(1, Ordering::SeqCst);
        let sending = self.sending.clone();
        let total = self.total;
        let turns = self.ports.get(&target.source).map(|p| &p.cord);
        let place = match leaves {
            Leaves::InTurn => turns.map(|t| t.queue(target)),
            Leaves::AtOnce => None,
            Leaves::First => {
                turns.inspect(|t| t.withdraw(target));
                None
            }
        };
        self.spawn(async move {
            let _turn = match place {
                Some(place) => match place.turn().await {
                    Ok(turn) => turn,
                    Err(()) => {
                        let why = "withdrawn before it left: the way back of the same target went out".into();
                        inbox.answer(Msg::Answered { ticket, outcome: not_sent(why) });
                        sending.fetch_sub(1, Ordering::SeqCst);
                        return;
                    }
                },
                None => None,
            };
            let cx = Cx { deadline: total, lane: Lane::Act };
            let outcome = once(total, async move { backend.send(&step, ticket, &cx).await }).await;
            inbox.answer(Msg::Answered { ticket, outcome });
            sending.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// The request of a side act, made by its backend alone.
    pub fn side_plan(&self, dialog: DialogId, source: &SourceId, act: &SideAct) {
        let plan = match self.backend(source) {
            Some(backend) => backend.side_plan(act),
            None => Err(CannotBecause::NotNow(no_source(source).sentence)),
        };
        self.inbox.answer(Msg::SidePlanned { dialog, plan: Box::new(plan) });
    }

    /// Sends it once. Whatever happens, exactly one answer comes back.
    pub fn side_perform(&self, ticket: Ticket, plan: SidePlan) {
        let inbox = self.inbox.clone();
        let Some(backend) = self.backend(&plan.source) else {
            inbox.answer(Msg::Answered { ticket, outcome: not_sent(no_source(&plan.source).sentence) });
            return;
        };
        self.sending.fetch_add(1, Ordering::SeqCst);
        let sending = self.sending.clone();
        let total = self.total;
        self.spawn(async move {
            let cx = Cx { deadline: total, lane: Lane::Act };
            let outcome = once(total, async move { backend.side(&plan, ticket, &cx).await }).await;
            inbox.answer(Msg::Answered { ticket, outcome });
            sending.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// Steps that have left and are not answered.
    pub fn sending(&self) -> usize {
        self.sending.load(Ordering::SeqCst)
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        // Never wait for a hung source at the end.
        if let Some(rt) = self.runtime.take() {
            rt.shutdown_background();
        }
    }
}

/// Nothing left this machine.
fn not_sent(why: Arc<str>) -> Outcome {
    Outcome::Refused(Refused { kind: RefusedBy::NotSent, status: None, why, retry_after_ms: None })
}

/// One request on its way. The backend keeps the deadline; twice of it only catches a backend that does not.
async fn once(total: Duration, request: impl Future<Output = Outcome> + Send + 'static) -> Outcome {
    let task = tokio::spawn(async move {
        kill::point("between-durable-and-send");
        let outcome = request.await;
        kill::point("after-send-before-answer");
        outcome
    });
    match tokio::time::timeout(total * 2, task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Outcome::Unknown { why: "the sending task failed; a bug of andon".into() },
        Err(_) => Outcome::Unknown { why: format!("no answer in {} s", 2 * total.as_secs()).into() },
    }
}

fn no_source(id: &SourceId) -> SourceError {
    SourceError::new(Trouble::NotFound, format!("there is no running source {id}"))
}

async fn bounded<T>(total: Duration, call: impl Future<Output = Result<T, SourceError>>) -> Result<T, SourceError> {
    match tokio::time::timeout(total, call).await {
        Ok(answer) => answer,
        Err(_) => Err(SourceError::new(Trouble::Timeout, format!("no answer in {} s", total.as_secs()))),
    }
}

/// The target as it is now; `None`: gone, or another object has its name.
async fn read(backend: &dyn Backend, target: &TargetId) -> Result<Option<Box<TargetState>>, SourceError> {
    let query = Query::Read(target.clone());
    let facts = bounded(READ, backend.ask(&query, &Cx { deadline: READ, lane: Lane::Act })).await?;
    for f in facts {
        match f {
            Fact::Target(t) if t.id == *target => return Ok(Some(t)),
            Fact::Gone(id) if id == *target => return Ok(None),
            Fact::Target(_)
            | Fact::Gone(_)
            | Fact::Source(_)
            | Fact::Whole(_)
            | Fact::Blocks(_)
            | Fact::Windows(_)
            | Fact::Telemetry(_)
            | Fact::WayBack(_)
            | Fact::Evidence(_)
            | Fact::Logs(_)
            | Fact::Raw(_)
            | Fact::Alerts(_)
            | Fact::Changed(_)
            | Fact::Flags(_)
            | Fact::Artifacts(_)
            | Fact::OnCall { .. }
            | Fact::Checked(_) => {}
        }
    }
    Err(SourceError::new(Trouble::Shape, "the answer does not name the target"))
}
