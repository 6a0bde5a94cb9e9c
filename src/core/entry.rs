//! One line of the incident log, as update emits it. Its bytes are the journal's matter.

use crate::core::id::TargetId;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// What a record tells. Readers keep kinds they do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// First record of a session: build, environment, heads of other files.
    Opened,
    /// Clean end, with the head hash.
    Closed,
    Armed,
    Disarmed,
    /// Before a request leaves: what is asked, and what the actor saw.
    Intent,
    Sent,
    Accepted,
    Refused,
    Unknown,
    /// The effect shows.
    Seen,
    Settled,
    Stuck,
    Undone,
    /// An unknown outcome, or an intent without one, resolved by reading back.
    Resolved,
    /// The target changed under an open dialog, or an act begun elsewhere.
    Changed,
    Note,
    /// Observations, batched.
    Phase,
    Verdict,
    Source,
    /// A runbook step done, failed or skipped.
    Runbook,
    Acknowledged,
    /// Words a service's burn changed to; an observation.
    Burn,
    /// Counts and burn of a moving service at a block edge, so that a report can draw them; an observation.
    Figures,
    IncidentOpened,
    /// Title, severity or state.
    IncidentChanged,
    IncidentClosed,
    /// Taken, given, lapsed or left.
    Lead,
    /// What was decided and why.
    Decision,
    /// Work left for later, with its owner and date; also its end.
    FollowUp,
    /// A numbered promise, and its payment.
    Debt,
    /// A line of the incident checklist that a person ticked.
    Ticked,
    /// Stakeholders were told, with the text.
    Told,
    /// Who the person is: the answer to the question, and the acts it covers.
    Who,
    /// Whom a source takes us for.
    Identity,
    /// The head went to the configured command.
    Anchored,
    /// The cord was pulled, with what was to be held and what moved besides.
    Frozen,
    /// The cord was let go, with what was to be released and what stays held.
    Thawed,
    /// A rollout that started while the cord was pulled; an observation.
    Loose,
    /// Gates were passed by the emergency path: which, and the reason typed for it.
    Emergency,
    /// A line of a change's checklists was ticked by a person, or the tick taken back.
    Checklist,
    /// A new version runs everywhere: its watch begins.
    Promoted,
    /// Alerts of one fold began, ended, were held back or folded; an observation.
    Alert,
    /// A silence was made, or ended early.
    Silenced,
    /// Somebody was called.
    Woken,
    /// A flag was turned off or on.
    Flagged,
    /// An artifact was revoked.
    Revoked,
}

/// What caused a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The console saw it by itself; two that look at the same world both write it.
    Observation,
    /// A person, beside acts on targets (product.md section 5: ack, note, lead, incident, tell).
    Side,
    /// A person: an act on a target, a runbook step, the arming.
    Hand,
    /// It follows of an act, or of the console's running.
    Consequence,
}

impl Kind {
    pub const ALL: [Kind; 46] = [
        Kind::Opened,
        Kind::Closed,
        Kind::Armed,
        Kind::Disarmed,
        Kind::Intent,
        Kind::Sent,
        Kind::Accepted,
        Kind::Refused,
        Kind::Unknown,
        Kind::Seen,
        Kind::Settled,
        Kind::Stuck,
        Kind::Undone,
        Kind::Resolved,
        Kind::Changed,
        Kind::Note,
        Kind::Phase,
        Kind::Verdict,
        Kind::Source,
        Kind::Runbook,
        Kind::Acknowledged,
        Kind::Burn,
        Kind::Figures,
        Kind::IncidentOpened,
        Kind::IncidentChanged,
        Kind::IncidentClosed,
        Kind::Lead,
        Kind::Decision,
        Kind::FollowUp,
        Kind::Debt,
        Kind::Ticked,
        Kind::Told,
        Kind::Who,
        Kind::Identity,
        Kind::Anchored,
        Kind::Frozen,
        Kind::Thawed,
        Kind::Loose,
        Kind::Emergency,
        Kind::Checklist,
        Kind::Promoted,
        Kind::Alert,
        Kind::Silenced,
        Kind::Woken,
        Kind::Flagged,
        Kind::Revoked,
    ];

    /// As records spell it: `incident-opened`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Opened => "opened",
            Kind::Closed => "closed",
            Kind::Armed => "armed",
            Kind::Disarmed => "disarmed",
            Kind::Intent => "intent",
            Kind::Sent => "sent",
            Kind::Accepted => "accepted",
            Kind::Refused => "refused",
            Kind::Unknown => "unknown",
            Kind::Seen => "seen",
            Kind::Settled => "settled",
            Kind::Stuck => "stuck",
            Kind::Undone => "undone",
            Kind::Resolved => "resolved",
            Kind::Changed => "changed",
            Kind::Note => "note",
            Kind::Phase => "phase",
            Kind::Verdict => "verdict",
            Kind::Source => "source",
            Kind::Runbook => "runbook",
            Kind::Acknowledged => "acknowledged",
            Kind::Burn => "burn",
            Kind::Figures => "figures",
            Kind::IncidentOpened => "incident-opened",
            Kind::IncidentChanged => "incident-changed",
            Kind::IncidentClosed => "incident-closed",
            Kind::Lead => "lead",
            Kind::Decision => "decision",
            Kind::FollowUp => "follow-up",
            Kind::Debt => "debt",
            Kind::Ticked => "ticked",
            Kind::Told => "told",
            Kind::Who => "who",
            Kind::Identity => "identity",
            Kind::Anchored => "anchored",
            Kind::Frozen => "frozen",
            Kind::Thawed => "thawed",
            Kind::Loose => "loose",
            Kind::Emergency => "emergency",
            Kind::Checklist => "checklist",
            Kind::Promoted => "promoted",
            Kind::Alert => "alert",
            Kind::Silenced => "silenced",
            Kind::Woken => "woken",
            Kind::Flagged => "flagged",
            Kind::Revoked => "revoked",
        }
    }

    /// `None`: a kind that this version does not know.
    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.word() == word)
    }

    /// The one classification of kinds; every other question about who caused a record is asked of it.
    pub fn origin(self) -> Origin {
        match self {
            Kind::Phase | Kind::Verdict | Kind::Source | Kind::Burn | Kind::Figures | Kind::Loose | Kind::Alert => {
                Origin::Observation
            }
            Kind::Note
            | Kind::Acknowledged
            | Kind::IncidentOpened
            | Kind::IncidentChanged
            | Kind::IncidentClosed
            | Kind::Lead
            | Kind::Decision
            | Kind::FollowUp
            | Kind::Debt
            | Kind::Ticked
            | Kind::Checklist
            | Kind::Told
            | Kind::Silenced
            | Kind::Woken
            | Kind::Flagged
            | Kind::Revoked => Origin::Side,
            Kind::Armed
            | Kind::Disarmed
            | Kind::Intent
            | Kind::Runbook
            | Kind::Frozen
            | Kind::Thawed
            | Kind::Emergency => Origin::Hand,
            Kind::Opened
            | Kind::Closed
            | Kind::Sent
            | Kind::Accepted
            | Kind::Refused
            | Kind::Unknown
            | Kind::Seen
            | Kind::Settled
            | Kind::Stuck
            | Kind::Undone
            | Kind::Resolved
            | Kind::Changed
            | Kind::Who
            | Kind::Identity
            | Kind::Anchored
            // What a watch of three days rests on is not dropped as the first.
            | Kind::Promoted => Origin::Consequence,
        }
    }

    /// What the console saw, as against what a person decided or did. May wait a second for the disk, and is the first to
    /// be dropped where the disk does not follow.
    pub fn is_observation(self) -> bool {
        self.origin() == Origin::Observation
    }

    /// A person did it. What follows of an act (sent, accepted, settled) is tied to its intent by the ticket.
    pub fn is_persons(self) -> bool {
        matches!(self.origin(), Origin::Side | Origin::Hand)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub kind: Kind,
    /// When it was true (own UTC; simulated in a drill). The record's hlc is that of its appending.
    pub at: Utc,
    /// The incident it belongs to. Set in one place, at the end of `update`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Arc<str>>,
    pub target: Option<TargetId>,
    /// Kind-specific members; plain JSON, strings from outside unchanged (escaped when written and drawn).
    pub data: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_bytes() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::json!(kind), kind.word());
            assert_eq!(Kind::from_word(kind.word()), Some(kind));
        }
        assert_eq!((Kind::from_word("page-out"), Kind::from_word(""), Kind::from_word("Note")), (None, None, None));
    }
}
