//! What this console itself remembers of the case it works on, beside what the records say: what it offered, what it has
//! said already, what is typed and not yet kept.

use super::known::Rests;
use super::note::Draft;
use crate::core::act::sheet::Sheet;
use crate::core::id::{Hash, ServiceId, TargetId};
use crate::core::time::{Person, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A proposal to open an incident; it never opens by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub target: TargetId,
    pub candidate: Hash,
    pub service: ServiceId,
    /// `first WORSE`, `3x burn`.
    pub why: Arc<str>,
    /// How bad it is: 1 one of the two, 2 both.
    pub level: u8,
    /// How bad it was when it was put aside; 0: it was not.
    pub aside: u8,
    pub since: Utc,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Desk {
    /// The incident that was opened here and whose record is on its way to disk.
    pub opening: Option<Arc<str>>,
    /// The second of person time in which offers and the lead were last looked at.
    pub second: i64,
    /// One for each rollout in trouble.
    pub offers: Vec<Offer>,
    /// The claim that was said to have lapsed or been left, so that it is said once.
    pub lapsed: Option<Rests>,
    /// Duplicates that were told.
    pub duplicates: BTreeSet<String>,
    /// The burn word the log last had of each service.
    pub burns: BTreeMap<ServiceId, Arc<str>>,
    /// The edge of the block the log last had figures of, in epoch seconds.
    #[serde(with = "crate::core::pairs")]
    pub figured: BTreeMap<TargetId, i64>,
    /// Acts whose promised debt was opened.
    pub owed: BTreeSet<u64>,
    /// A sheet that was closed with something typed: offered again where the same one opens.
    pub sheet: Option<Box<Sheet>>,
    /// The draft the disk has, and when it was given to it.
    pub draft: Option<Draft>,
    pub draft_at: Option<Person>,
}
