//! Alerts, pages and people's reports as one list from one source, and the silences that hide some of them. What folds
//! them, and what may be done about them, is not known here.

use crate::core::id::ServiceId;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How loud. The order is worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tier {
    Page,
    Ticket,
    Note,
}

impl Tier {
    pub fn word(self) -> &'static str {
        match self {
            Tier::Page => "page",
            Tier::Ticket => "ticket",
            Tier::Note => "note",
        }
    }
}

/// Who noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Origin {
    /// A rule over figures.
    Rule,
    /// Somebody wrote or called: what no metric shows.
    Report,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Stable over its life: a fingerprint, a page's number, a report's id.
    pub id: Arc<str>,
    /// The rule's name; of a report its first words.
    pub name: Arc<str>,
    /// `None`: it names none that is known.
    pub service: Option<ServiceId>,
    pub tier: Tier,
    pub origin: Origin,
    /// It fires now; false: it has ended, and is told for a while.
    pub firing: bool,
    /// Since when it fires, by its source.
    pub since: Utc,
    /// When it ended.
    pub ended: Option<Utc>,
    /// One sentence, as its source writes it.
    pub says: Arc<str>,
    /// The deployment it names, by id.
    pub deploy: Option<Arc<str>>,
    /// What alerts of one cause have in common: `5xx`, `latency`. Empty where nobody knows.
    pub signature: Arc<str>,
    /// Who took it, and when.
    pub acked: Option<(Arc<str>, Utc)>,
    /// Ids of the silences that hide it.
    pub silenced: Vec<Arc<str>>,
    /// As its source has them, in order of name.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
}

/// One condition of a silence; all of them must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matcher {
    pub label: Arc<str>,
    pub value: Arc<str>,
    /// `value` is an anchored regular expression.
    pub regex: bool,
    /// False: the label must not be so.
    pub equal: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    pub id: Arc<str>,
    pub matchers: Vec<Matcher>,
    pub from: Utc,
    pub until: Utc,
    pub by: Arc<str>,
    pub why: Arc<str>,
}

/// Everything one source has to say, each time anew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alerts {
    pub all: Vec<Alert>,
    pub silences: Vec<Silence>,
}
