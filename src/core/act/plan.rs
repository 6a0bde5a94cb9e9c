//! What is asked of a backend and what it takes: operations, plans, steps, what came back. What a step waits for: `expect`.
//! Pure data. A plan is what the dialog shows and exactly what is sent.

pub use super::expect::Expect;
use crate::core::id::{Hash, TargetId};
use crate::core::seal::Sealed;
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
    /// Past every step that is left.
    PromoteFull,
    Resume,
    /// Past the running step, which is not a gate.
    SkipStep,
    /// An aborted or failed change begins anew.
    Retry,
    /// The analysis that was inconclusive is measured anew.
    Rerun,
    /// The running analysis ends now; its step passes.
    Terminate,
    /// The same version, new pods.
    Restart,
    Hold,
    RollBack,
}

impl Verb {
    pub const ALL: [Verb; 10] = [
        Verb::RollBack,
        Verb::Hold,
        Verb::Resume,
        Verb::Promote,
        Verb::PromoteFull,
        Verb::SkipStep,
        Verb::Retry,
        Verb::Rerun,
        Verb::Terminate,
        Verb::Restart,
    ];

    pub fn direction(self) -> Direction {
        match self {
            Verb::Promote
            | Verb::PromoteFull
            | Verb::Resume
            | Verb::SkipStep
            | Verb::Retry
            | Verb::Rerun
            | Verb::Terminate
            | Verb::Restart => Direction::Forward,
            Verb::Hold | Verb::RollBack => Direction::Backward,
        }
    }

    /// As a person says it: `roll back`.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Promote => "promote",
            Verb::PromoteFull => "promote full",
            Verb::SkipStep => "skip step",
            Verb::Retry => "retry",
            Verb::Rerun => "re-run analysis",
            Verb::Terminate => "terminate analysis",
            Verb::Restart => "restart",
            Verb::Resume => "resume",
            Verb::Hold => "hold",
            Verb::RollBack => "roll back",
        }
    }

    pub fn from_word(word: &str) -> Option<Verb> {
        Verb::ALL.into_iter().find(|v| v.word() == word)
    }

    /// The name is typed whatever the gates say (limits.md section 1).
    pub fn always_named(self) -> bool {
        match self {
            Verb::PromoteFull | Verb::SkipStep | Verb::Retry | Verb::Rerun | Verb::Terminate | Verb::Restart => true,
            Verb::Promote | Verb::Resume | Verb::Hold | Verb::RollBack => false,
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
    /// The person chose `back_to` from a list: the name is typed.
    #[serde(default)]
    pub chosen: bool,
    /// It is one line of the cord, or of its release.
    #[serde(default)]
    pub cord: bool,
    /// It passes gates that block, for a reason that is typed and owed for.
    #[serde(default)]
    pub emergency: bool,
}

impl Operation {
    pub fn new(verb: Verb, target: TargetId) -> Operation {
        Operation { verb, target, back_to: None, chosen: false, cord: false, emergency: false }
    }

    /// Back to exactly this version.
    pub fn back_to(target: TargetId, to: Hash) -> Operation {
        Operation { back_to: Some(to), ..Operation::new(Verb::RollBack, target) }
    }

    /// The version that a person chose from a list.
    pub fn by_hand(&self) -> Option<&Hash> {
        self.back_to.as_ref().filter(|_| self.chosen)
    }
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
    /// Blue/green, the old version still warm: users are switched back without steps.
    SwitchBack,
    /// A hook of the controller that makes it roll back is opened, and closed again.
    RollbackGate,
    /// The controller's own count of failures is set to its threshold.
    ForceFailure,
    /// A hook that holds the controller is opened, and closed again.
    OpenGate,
    PromoteFull,
    /// The controller is told to skip its analysis, and told to stop that afterwards.
    SkipAnalysis,
    SkipStep,
    Retry,
    Rerun,
    Terminate,
    Restart,
    /// More ordinals of a StatefulSet get the new version.
    LowerPartition,
}

/// What a primitive does to the target, for comparing what is now with what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Traffic goes back; the spec still asks for the candidate.
    Abort,
    /// The spec asks for another version.
    Undo,
    Pause,
    Forward,
}

impl Primitive {
    pub fn word(self) -> &'static str {
        match self {
            Primitive::ReleaseGate => "release the gate",
            Primitive::Pause => "pause",
            Primitive::Unpause => "unpause",
            Primitive::Abort => "abort",
            Primitive::Undo => "undo",
            Primitive::SwitchBack => "switch back",
            Primitive::RollbackGate => "open the rollback gate",
            Primitive::ForceFailure => "force its failure",
            Primitive::OpenGate => "open the gate",
            Primitive::PromoteFull => "promote full",
            Primitive::SkipAnalysis => "skip the analysis",
            Primitive::SkipStep => "skip the step",
            Primitive::Retry => "retry",
            Primitive::Rerun => "re-run the analysis",
            Primitive::Terminate => "terminate the analysis",
            Primitive::Restart => "restart",
            Primitive::LowerPartition => "lower the partition",
        }
    }

    pub const ALL: [Primitive; 17] = [
        Primitive::ReleaseGate,
        Primitive::Pause,
        Primitive::Unpause,
        Primitive::Abort,
        Primitive::Undo,
        Primitive::SwitchBack,
        Primitive::RollbackGate,
        Primitive::ForceFailure,
        Primitive::OpenGate,
        Primitive::PromoteFull,
        Primitive::SkipAnalysis,
        Primitive::SkipStep,
        Primitive::Retry,
        Primitive::Rerun,
        Primitive::Terminate,
        Primitive::Restart,
        Primitive::LowerPartition,
    ];

    pub fn from_word(word: &str) -> Option<Primitive> {
        Primitive::ALL.into_iter().find(|p| p.word() == word)
    }

    pub fn way(self) -> Way {
        match self {
            Primitive::Abort | Primitive::RollbackGate | Primitive::ForceFailure => Way::Abort,
            Primitive::Undo | Primitive::SwitchBack => Way::Undo,
            Primitive::Pause => Way::Pause,
            Primitive::ReleaseGate
            | Primitive::Unpause
            | Primitive::OpenGate
            | Primitive::PromoteFull
            | Primitive::SkipAnalysis
            | Primitive::SkipStep
            | Primitive::Retry
            | Primitive::Rerun
            | Primitive::Terminate
            | Primitive::Restart
            | Primitive::LowerPartition => Way::Forward,
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
    /// The controller took the wish back without carrying it out: it refused.
    #[serde(default)]
    pub refused_when: Option<Expect>,
    /// It takes back what an earlier step opened: left out, every later release passes unchecked. Nothing that is judged
    /// of a step forward keeps it back.
    #[serde(default)]
    pub closes: bool,
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

impl Request {
    /// Both are about one object, or one switch: the later can take back what the earlier did.
    pub fn same_place(&self, other: &Request) -> bool {
        fn stem(path: &str) -> &str {
            let path = path.split('?').next().unwrap_or(path);
            path.rsplit_once('/').map_or(path, |(stem, _)| stem)
        }
        stem(&self.path) == stem(&other.path)
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
    /// Stored, and taken back by the controller without carrying it out.
    Controller,
    Other,
}
