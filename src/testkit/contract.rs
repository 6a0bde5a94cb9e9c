//! What every backend must keep, whatever it talks to. A backend's test gives a [`Subject`] (its fake server and how to
//! provoke it) and calls [`check`]; a clause that cannot happen to it says so by answering `None` or `false`.

use crate::backends::{Backend, Cx, Interest, Lane, Query, Sink};
use crate::core::act::plan::{CannotBecause, Operation, Outcome, Plan, RefusedBy, Ticket};
use crate::core::id::TargetId;
use crate::core::world::fact::Fact;
use crate::core::world::source::{Link, SourceError, Trouble};
use crate::core::world::target::TargetState;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// How the far side misbehaves, until told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provoke {
    Nothing,
    Unauthorized,
    Forbidden,
    Throttled,
    ServerError,
    /// Status 200 and HTML.
    LoginPage,
    /// More than the body cap.
    BodyBomb,
    /// Nothing comes back.
    Stall,
}

impl Provoke {
    const TROUBLES: [(Provoke, Trouble); 7] = [
        (Provoke::Unauthorized, Trouble::Auth),
        (Provoke::Forbidden, Trouble::Forbidden),
        (Provoke::Throttled, Trouble::Throttled),
        (Provoke::ServerError, Trouble::Server),
        (Provoke::LoginPage, Trouble::Shape),
        (Provoke::BodyBomb, Trouble::TooBig),
        (Provoke::Stall, Trouble::Timeout),
    ];
}

/// How the answer to a write is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The connection closes before the write is carried out.
    Before,
    /// Carried out; the answer ends after so many bytes.
    After(usize),
    /// Carried out or not: no answer at all.
    Silence,
}

/// One backend with its far side.
pub trait Subject: Send + Sync {
    /// A new instance, nothing remembered, towards the same far side.
    fn backend(&self) -> Arc<dyn Backend>;
    /// From now on; `false`: this cannot happen here (no network).
    fn provoke(&self, how: Provoke) -> bool;
    /// A bounded question that goes to the far side.
    fn question(&self) -> Query;
    /// Words that must never be shown: tokens, passwords, environment values.
    fn secrets(&self) -> Vec<String>;
    /// Takes one target away while it is watched. `None`: this source has no targets.
    fn remove(&self) -> Option<TargetId>;
    /// Ends every connection, takes one target away unseen, and leaves only a new full read. `None`: no such thing here.
    fn reconnect(&self) -> Option<TargetId>;
    /// An operation that can be planned now. `None`: it only looks.
    fn operation(&self) -> Option<Operation>;
    /// From now on answers to writes are lost so; `false`: cannot happen here.
    fn lose(&self, how: Loss) -> bool;
    /// Write requests that reached the far side.
    fn writes(&self) -> usize;
    /// How many writes it carried out.
    fn carried_out(&self) -> usize;
}

/// The clauses by name.
pub const CLAUSES: [&str; 6] = ["whole", "rereading", "troubles", "secrets", "plan", "once"];

/// One clause. `Err`: what was broken.
///
/// # Panics
/// With a name that is not in [`CLAUSES`].
pub async fn clause(name: &str, s: &dyn Subject) -> Result<(), String> {
    s.provoke(Provoke::Nothing);
    match name {
        "whole" => whole(s).await,
        "rereading" => rereading(s).await,
        "troubles" => troubles(s).await,
        "secrets" => secrets(s).await,
        "plan" => plan(s).await,
        "once" => once(s).await,
        other => panic!("no clause {other}"),
    }
}

/// All clauses, each with a new subject.
///
/// # Panics
/// When a clause is broken, with its name and what was seen.
pub async fn check<S: Subject, F: Future<Output = S>>(new: impl Fn() -> F) {
    let all = CLAUSES.map(|name| {
        let subject = new();
        async move { (name, clause(name, &subject.await).await) }
    });
    for (name, kept) in futures::future::join_all(all).await {
        if let Err(why) = kept {
            panic!("clause {name}: {why}");
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(4);

fn cx(deadline_ms: u64) -> Cx {
    Cx { deadline: Duration::from_millis(deadline_ms), lane: Lane::Act }
}

/// `observe`, restarted when it ends, as the supervisor does.
struct Watch {
    facts: mpsc::UnboundedReceiver<Result<Fact, SourceError>>,
    task: tokio::task::JoinHandle<()>,
    _want: watch::Sender<Interest>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn observe(backend: Arc<dyn Backend>) -> Watch {
    let (tx, facts) = mpsc::unbounded_channel();
    let (want, rx) = watch::channel(Interest::default());
    let task = tokio::spawn(async move {
        loop {
            let out = tx.clone();
            let sink = Sink::new(move |f| {
                // The test may be over.
                let _ = out.send(Ok(f));
            });
            let end = backend.clone().observe(rx.clone(), sink).await;
            if tx.send(Err(end)).is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    Watch { facts, task, _want: want }
}

impl Watch {
    async fn next(&mut self, until: Instant) -> Option<Result<Fact, SourceError>> {
        let left = until.saturating_duration_since(Instant::now());
        tokio::time::timeout(left, self.facts.recv()).await.ok().flatten()
    }

    /// Facts up to the first `Whole`: the targets told before it, and those it names.
    async fn until_whole(&mut self) -> Result<(BTreeSet<TargetId>, BTreeSet<TargetId>), String> {
        let until = Instant::now() + PATIENCE;
        let mut told = BTreeSet::new();
        let mut last = String::new();
        while let Some(f) = self.next(until).await {
            match f {
                Ok(Fact::Target(t)) => {
                    told.insert(t.id);
                }
                Ok(Fact::Whole(ids)) => return Ok((told, ids.into_iter().collect())),
                other => last = format!("{other:?}"),
            }
        }
        Err(format!("no full read was ever complete; last: {last}"))
    }
}

/// A full list ends with `Whole`, which names what was told; what goes away is told to be gone.
async fn whole(s: &dyn Subject) -> Result<(), String> {
    let mut w = observe(s.backend());
    if s.operation().is_none() && s.remove().is_none() {
        return Ok(());
    }
    let (told, named) = w.until_whole().await?;
    if told != named || named.is_empty() {
        return Err(format!("told {told:?}, named {named:?}"));
    }
    let Some(lost) = s.remove() else { return Ok(()) };
    let until = Instant::now() + PATIENCE;
    while let Some(f) = w.next(until).await {
        match f {
            Ok(Fact::Gone(id)) if id == lost => return Ok(()),
            Ok(Fact::Whole(ids)) if !ids.contains(&lost) => return Ok(()),
            _ => {}
        }
    }
    Err(format!("{lost:?} went away and nobody said so"))
}

/// After a lost connection nothing looks fresh before the next full read is complete, and what it lacks is gone.
async fn rereading(s: &dyn Subject) -> Result<(), String> {
    let mut w = observe(s.backend());
    if s.operation().is_none() {
        return Ok(());
    }
    w.until_whole().await?;
    let Some(lost) = s.reconnect() else { return Ok(()) };
    let until = Instant::now() + PATIENCE;
    let mut looked_old = false;
    while let Some(f) = w.next(until).await {
        match f {
            Ok(Fact::Source(state)) => {
                looked_old |= !matches!(state.link, Link::Watching | Link::Polling);
            }
            Err(_) => looked_old = true,
            Ok(Fact::Whole(ids)) => {
                if ids.contains(&lost) {
                    return Err(format!("the new list still names {lost:?}"));
                }
                if !looked_old {
                    return Err("it never said that it was reading again".into());
                }
                return Ok(());
            }
            Ok(Fact::Target(_) | Fact::Gone(_) | Fact::Blocks(_) | Fact::Windows(_) | Fact::Checked(_)) => {}
        }
    }
    Err("no full read after the reconnect".into())
}

/// Every way to fail has its own word, from a question and from watching.
async fn troubles(s: &dyn Subject) -> Result<(), String> {
    for (how, want) in Provoke::TROUBLES {
        s.provoke(Provoke::Nothing);
        let (b, fresh) = (s.backend(), s.backend());
        if !s.provoke(how) {
            continue;
        }
        let ms = if how == Provoke::Stall { 300 } else { 8_000 };
        match b.ask(&s.question(), &cx(ms)).await {
            Err(e) if e.trouble == want => {
                if how == Provoke::Throttled && e.retry_after_ms.is_none() {
                    return Err(format!("{how:?}: the time to wait is lost: {e:?}"));
                }
            }
            other => return Err(format!("{how:?} asked: wanted {want:?}, got {other:?}")),
        }
        let mut w = observe(fresh);
        let until = Instant::now() + PATIENCE;
        let mut got = None;
        while let Some(f) = w.next(until).await {
            got = match f {
                Err(e) => Some(e.trouble),
                Ok(Fact::Source(state)) => match state.link {
                    Link::Failed(e) => Some(e.trouble),
                    Link::Connecting | Link::Reading { .. } | Link::Watching | Link::Polling => None,
                },
                Ok(_) => None,
            };
            if got.is_some() {
                break;
            }
        }
        if got.as_ref() != Some(&want) {
            return Err(format!("{how:?} watched: wanted {want:?}, got {got:?}"));
        }
    }
    s.provoke(Provoke::Nothing);
    Ok(())
}

/// Nothing that is shown, stored or printed holds a secret: facts, abilities, errors, plans.
async fn secrets(s: &dyn Subject) -> Result<(), String> {
    let mut said = String::new();
    let b = s.backend();
    said.push_str(&format!("{:?}", b.probe(&cx(5_000)).await));
    let facts = b.ask(&s.question(), &cx(5_000)).await;
    said.push_str(&format!("{facts:?} {}", facts.as_ref().map_or(String::new(), json_of)));
    if let Some(op) = s.operation() {
        let seen = read(&*b, &op).await?;
        let p = b.plan(&op, &seen);
        said.push_str(&format!("{p:?} {}", p.as_ref().map_or(String::new(), json_of)));
    }
    for (how, _) in Provoke::TROUBLES {
        if how != Provoke::BodyBomb && s.provoke(how) {
            let e = s.backend().ask(&s.question(), &cx(300)).await;
            said.push_str(&format!("{e:?} {}", e.as_ref().err().map(ToString::to_string).unwrap_or_default()));
        }
    }
    s.provoke(Provoke::Nothing);
    let mut w = observe(s.backend());
    let until = Instant::now() + Duration::from_millis(400);
    while let Some(f) = w.next(until).await {
        said.push_str(&format!("{f:?}"));
    }
    match s.secrets().iter().find(|x| said.contains(x.as_str())) {
        Some(x) => Err(format!("the secret {x} is shown")),
        None => Ok(()),
    }
}

fn json_of<T: serde::Serialize>(t: &T) -> String {
    serde_json::to_string(t).unwrap_or_default()
}

async fn read(b: &dyn Backend, op: &Operation) -> Result<TargetState, String> {
    let facts = b.ask(&Query::Read(op.target.clone()), &cx(5_000)).await.map_err(|e| format!("{e:?}"))?;
    match facts.into_iter().next() {
        Some(Fact::Target(t)) if t.raw.is_some() => Ok(*t),
        other => Err(format!("a read answered {other:?}")),
    }
}

/// The same read gives the same plan, from any instance; it shows what it sends; look-only sources say so.
async fn plan(s: &dyn Subject) -> Result<(), String> {
    let (a, b) = (s.backend(), s.backend());
    let Some(op) = s.operation() else {
        return Ok(());
    };
    let seen = read(&*a, &op).await?;
    let one: Plan = a.plan(&op, &seen).map_err(|e| e.to_string())?;
    for again in [a.plan(&op, &seen), b.plan(&op, &seen)] {
        if again.as_ref() != Ok(&one) {
            return Err(format!("another plan from the same read: {again:?}"));
        }
    }
    if one.steps.is_empty() {
        return Err("a plan without a step".into());
    }
    let mut other = seen.clone();
    other.id.uid = "another".into();
    if a.plan(&op, &other).is_ok() {
        return Err("planned for a target with another uid".into());
    }
    Ok(())
}

/// What a look-only source answers to every operation.
pub fn only_looks(b: &dyn Backend, op: &Operation, seen: &TargetState) -> bool {
    b.plan(op, seen) == Err(CannotBecause::ReadOnly)
}

/// A write is sent once, whatever becomes of its answer, and the outcome never says more than is known.
async fn once(s: &dyn Subject) -> Result<(), String> {
    let Some(op) = s.operation() else { return Ok(()) };
    let mut ways = vec![Loss::Before, Loss::Silence];
    ways.extend([0, 1, 12, 17, 60, 150, 400].map(Loss::After));
    for how in ways {
        s.provoke(Provoke::Nothing);
        let b = s.backend();
        let seen = read(&*b, &op).await?;
        let p = b.plan(&op, &seen).map_err(|e| e.to_string())?;
        let (before, done) = (s.writes(), s.carried_out());
        if !s.lose(how) {
            return Ok(());
        }
        let outcome = b.send(&p.steps[0], Ticket(1), &cx(500)).await;
        // A second try would come soon after.
        tokio::time::sleep(Duration::from_millis(60)).await;
        let (sent, did) = (s.writes() - before, s.carried_out() - done);
        if sent > 1 {
            return Err(format!("{how:?}: sent {sent} times"));
        }
        let honest = match &outcome {
            Outcome::Unknown { .. } => true,
            Outcome::Accepted { .. } => did == 1,
            Outcome::Refused(r) => did == 0 && (r.kind != RefusedBy::NotSent || sent == 0),
        };
        if !honest {
            return Err(format!("{how:?}: carried out {did}, but {outcome:?}"));
        }
    }
    s.provoke(Provoke::Nothing);
    Ok(())
}
