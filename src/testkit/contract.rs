//! What every backend must keep, whatever it talks to. A backend's test gives a [`Subject`] (its fake server and how to
//! provoke it) and calls [`check`]. What cannot happen to a backend it says in words, once, in [`Subject::cannot`]:
//! a clause either checks a part or finds it there, so that nothing is left out in silence.

mod acts;
mod watching;

use crate::backends::{Backend, Cx, Lane, Query};
use crate::core::act::plan::Operation;
use crate::core::id::TargetId;
use crate::core::world::source::Trouble;
use std::sync::Arc;
use std::time::Duration;

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
    /// Every trouble, and the word a backend must have for it.
    pub const TROUBLES: [(Provoke, Trouble); 7] = [
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

/// What a clause rests on and a backend may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It holds targets. Without: it must tell figures and never a target.
    Targets,
    /// A target can go away while it is watched.
    Removal,
    /// Connections can be cut. Without: watching is begun anew instead.
    Cut,
    /// It acts. Without: it must refuse to plan and to send.
    Acts,
    /// The answer to a write can be lost.
    Loss,
    Trouble(Provoke),
}

/// How a connection was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// This target went away meanwhile, and only a new full read can tell.
    Unseen(TargetId),
    /// Figures only: they must all be told again.
    Figures,
}

/// One backend with its far side.
pub trait Subject: Send + Sync {
    /// For what is printed.
    fn name(&self) -> &'static str;
    /// What cannot happen to it, and why not, in words.
    fn cannot(&self) -> Vec<(Part, &'static str)>;
    /// A new instance, nothing remembered, towards the same far side.
    fn backend(&self) -> Arc<dyn Backend>;
    /// From now on; `false`: this cannot happen here.
    fn provoke(&self, how: Provoke) -> bool;
    /// A bounded question that goes to the far side.
    fn question(&self) -> Query;
    /// Words that must never be shown: tokens, passwords, environment values.
    fn secrets(&self) -> Vec<String>;
    /// Takes one target away while it is watched.
    fn remove(&self) -> Option<TargetId>;
    /// Ends every connection.
    fn reconnect(&self) -> Option<Cut>;
    /// A roll back that can be planned now, of a target that stands at a gate.
    fn operation(&self) -> Option<Operation>;
    /// From now on answers to writes are lost so; `false`: cannot happen here.
    fn lose(&self, how: Loss) -> bool;
    /// Write requests that reached the far side; for a source that only looks, all requests.
    fn writes(&self) -> usize;
    /// How many writes it carried out.
    fn carried_out(&self) -> usize;
    /// How long a clause waits for what must come. Long: where it comes it costs nothing.
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }
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
        "whole" => watching::whole(s).await,
        "rereading" => watching::rereading(s).await,
        "troubles" => watching::troubles(s, &Provoke::TROUBLES).await,
        "secrets" => watching::secrets(s).await,
        "plan" => acts::plan(s).await,
        "once" => acts::once(s).await,
        other => panic!("no clause {other}"),
    }
}

/// All clauses, each with a new subject (of `troubles`, each trouble). Prints what does not apply.
///
/// # Panics
/// When a clause is broken, with its name and what was seen.
pub async fn check<S: Subject, F: Future<Output = S>>(new: impl Fn() -> F) {
    let first = new().await;
    for (part, why) in first.cannot() {
        println!("{}: not checked: {part:?}: {why}", first.name());
    }
    let one_by_one = Provoke::TROUBLES.map(|trouble| {
        let subject = new();
        async move { ("troubles", watching::troubles(&subject.await, &[trouble]).await) }
    });
    let all = CLAUSES.into_iter().filter(|n| *n != "troubles").map(|name| {
        let subject = new();
        async move { (name, clause(name, &subject.await).await) }
    });
    let both = futures::future::join(futures::future::join_all(all), futures::future::join_all(one_by_one));
    let (all, troubles) = both.await;
    for (name, kept) in all.into_iter().chain(troubles) {
        if let Err(why) = kept {
            panic!("{}: clause {name}: {why}", first.name());
        }
    }
}

/// Whether `part` is to be checked. `can`: the subject just showed that it can happen.
fn applies(s: &dyn Subject, part: Part, can: bool) -> Result<bool, String> {
    let why = s.cannot().into_iter().find(|(p, _)| *p == part).map(|(_, why)| why);
    match (can, why) {
        (true, None) => Ok(true),
        (false, Some(why)) if !why.is_empty() => Ok(false),
        (true, Some(why)) => Err(format!("{part:?} is possible, though {why:?}")),
        (false, _) => Err(format!("{part:?} is left out without a word")),
    }
}

/// Milliseconds for an answer that must come; it is not what is tried.
const LONG: u64 = 60_000;

fn cx(deadline_ms: u64) -> Cx {
    Cx { deadline: Duration::from_millis(deadline_ms), lane: Lane::Act }
}

fn json_of<T: serde::Serialize>(t: &T) -> String {
    serde_json::to_string(t).unwrap_or_default()
}
