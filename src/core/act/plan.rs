//! What is asked of a backend and what it takes: operations, plans, steps, what to wait for, what came back.
//! Pure data. A plan is what the dialog shows and exactly what is sent.

use crate::core::id::{Hash, TargetId};
use crate::core::seal::Sealed;
use crate::core::world::target::{Phase, TargetState};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    Forward,
    Backward,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verb {
    Promote,
    Resume,
    Hold,
    RollBack,
}

impl Verb {
    pub const ALL: [Verb; 4] = [Verb::RollBack, Verb::Hold, Verb::Resume, Verb::Promote];

    pub fn direction(self) -> Direction {
        match self {
            Verb::Promote | Verb::Resume => Direction::Forward,
            Verb::Hold | Verb::RollBack => Direction::Backward,
        }
    }

    /// As a person says it: `roll back`.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Promote => "promote",
            Verb::Resume => "resume",
            Verb::Hold => "hold",
            Verb::RollBack => "roll back",
        }
    }
}

/// What the operator wants done to one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    pub verb: Verb,
    pub target: TargetId,
    /// The version to go back to. `None`: the backend chooses (stable while in flight, else the previous one);
    /// once a dialog has shown a version it stays that one.
    pub back_to: Option<Hash>,
}

/// Which way an operation is carried out, named on screen with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Primitive {
    ReleaseGate,
    Pause,
    Unpause,
    /// In flight: traffic back to stable; the spec still asks for the candidate.
    Abort,
    /// The spec asks for the old version again.
    Undo,
}

impl Primitive {
    pub fn word(self) -> &'static str {
        match self {
            Primitive::ReleaseGate => "release the gate",
            Primitive::Pause => "pause",
            Primitive::Unpause => "unpause",
            Primitive::Abort => "abort",
            Primitive::Undo => "undo",
        }
    }
}

/// 1..n guarded requests with a wait between them. The order is such that a cut between any two leaves users
/// no worse than before the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub operation: Operation,
    pub primitive: Primitive,
    /// Why this primitive: "in flight: abort sends traffic back to stable".
    pub why: Arc<str>,
    /// One sentence for the person: what will happen to users.
    pub sentence: Arc<str>,
    /// From and to, by hash (equal for hold, resume; `to` is the candidate for promote).
    pub from: Option<Hash>,
    pub to: Option<Hash>,
    /// What stays as it is, a sentence: "Sessions issued and rows written by v2.14.1 stay as they are."
    pub not_undone: Vec<Arc<str>>,
    /// Things to know before pressing: "git still asks for v2.14.1: the next commit brings it back".
    pub cautions: Vec<Arc<str>>,
    pub steps: Vec<Step>,
}

/// One request, sent once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Short: `abort`, `undo to v2.14.0`, `promote full`.
    pub title: Arc<str>,
    /// `PATCH`, for a person: method and path.
    pub request: Request,
    /// Guards inside the request, in words: `uid f3c1..`, `currentPodHash 5f7b9d6c84`.
    pub guards: Vec<Arc<str>>,
    /// Must hold before this step goes out (on facts newer than the answer to the step before).
    pub wait_first: Option<Expect>,
    /// The server has reacted.
    pub seen_when: Expect,
    /// The step has had its effect; for the last step: the act is settled.
    pub done_when: Expect,
    /// What `done_when` means, in words: "no pod of 5f7b9d6c84 serves and 20 of v2.14.0 are ready".
    pub done_words: Arc<str>,
    /// Milliseconds after the answer; past them the step is stuck.
    pub seen_by: i64,
    pub settled_by: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub method: Arc<str>,
    /// Path and query as sent, without host.
    pub path: Arc<str>,
    pub content_type: Arc<str>,
    /// The body as shown, stored and copied: verbatim, but long literal values stand as `<12 bytes, sha256 9f3a..>`.
    pub shown: Arc<str>,
    /// The true body.
    pub body: Sealed,
}

/// A condition on a target, evaluated only in core, on facts newer than the answer. A closed vocabulary: plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expect {
    All(Vec<Expect>),
    Any(Vec<Expect>),
    Not(Box<Expect>),
    CandidateIs(Hash),
    StableIs(Hash),
    PhaseIn(Vec<Phase>),
    HeldIs(bool),
    AbortedIs(bool),
    /// A gate stands (somebody must promote), or none does and no release is waiting for the controller.
    GateIs(bool),
    /// At least this many steps done.
    StepAtLeast(u32),
    /// The controller has observed the generation of the answer (or a later one).
    Observed,
    /// At least `n` replicas of `hash` are ready.
    ReadyOf {
        hash: Hash,
        n: u32,
    },
    /// No replica of any other version exists.
    OnlyServing(Hash),
    /// No replica of `hash` exists or its traffic weight is zero and the source says so.
    NoneServing(Hash),
    WeightIs(u8),
    Gone,
}

impl Expect {
    /// Does `state` fulfil it? `generation` is that of the answer, where the server gave one.
    /// `None` state: the target is gone.
    pub fn holds(&self, state: Option<&TargetState>, generation: Option<i64>) -> bool {
        let Some(s) = state else {
            return match self {
                Expect::Gone => true,
                Expect::All(v) => !v.is_empty() && v.iter().all(|e| e.holds(None, generation)),
                Expect::Any(v) => v.iter().any(|e| e.holds(None, generation)),
                // A vanished target proves nothing else, not even a negation.
                _ => false,
            };
        };
        match self {
            Expect::All(v) => v.iter().all(|e| e.holds(state, generation)),
            Expect::Any(v) => v.iter().any(|e| e.holds(state, generation)),
            Expect::Not(e) => !e.holds(state, generation),
            Expect::CandidateIs(h) => s.candidate.as_ref() == Some(h),
            Expect::StableIs(h) => s.stable.as_ref() == Some(h),
            Expect::PhaseIn(p) => p.contains(&s.phase),
            Expect::HeldIs(b) => s.held == *b,
            Expect::AbortedIs(b) => s.aborted == *b,
            Expect::GateIs(true) => s.gate.is_some(),
            Expect::GateIs(false) => s.gate.is_none() && !s.releasing,
            Expect::StepAtLeast(n) => s.step.is_some_and(|i| i >= *n),
            Expect::Observed => s.observed && generation.is_none_or(|g| s.generation >= g),
            Expect::ReadyOf { hash, n } => s.revision(hash).is_some_and(|r| r.replicas.ready >= *n),
            Expect::OnlyServing(h) => s.revisions.iter().all(|r| r.hash == *h || r.replicas.existing == 0),
            Expect::NoneServing(h) => s.existing_of(h) == 0,
            Expect::WeightIs(w) => s.weight_real == Some(*w),
            Expect::Gone => false,
        }
    }
}

/// Why there is no plan. A sentence for a tired person stands in `Display`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CannotBecause {
    /// This source only looks.
    ReadOnly,
    /// "already aborted", "nothing moves", "held by a person: resume first".
    NotNow(Arc<str>),
    /// No version to go back to is kept.
    NothingKept,
    /// The target is gone, or another one has its name.
    Gone,
    Different(Arc<str>),
}

impl std::fmt::Display for CannotBecause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CannotBecause::ReadOnly => f.write_str("this source only looks"),
            CannotBecause::NotNow(why) | CannotBecause::Different(why) => f.write_str(why),
            CannotBecause::NothingKept => f.write_str("no older version is kept to go back to"),
            CannotBecause::Gone => f.write_str("it is gone"),
        }
    }
}

/// Ties a step to its answer, its log records and the watch for its effect. Unique within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ticket(pub u64);

/// What came back from sending one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Stored by the server. Not yet an effect.
    Accepted {
        /// `metadata.generation` of the answer; `None` where the request does not raise it (status acts).
        generation: Option<i64>,
        version: Option<Arc<str>>,
        took_ms: u32,
    },
    Refused(Refused),
    /// Time-out, cut, 5xx after sending: it may have happened. Resolved by reading, never by sending again.
    Unknown {
        why: Arc<str>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub kind: RefusedBy,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// The server's words, cut to 200 characters.
    pub why: Arc<str>,
    /// Milliseconds the server asked to wait.
    pub retry_after_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusedBy {
    /// No byte left this host (connection refused, no permission to connect): surely not done.
    NotSent,
    /// A guard failed: the object is not what it was.
    Guard,
    Auth,
    Forbidden,
    Gone,
    Throttled,
    Policy,
    Other,
}
