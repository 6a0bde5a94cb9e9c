//! Names of things. A target is an identity, never a row.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $n:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $n(pub Arc<str>);
        impl $n {
            pub fn new(s: impl AsRef<str>) -> Self { Self(Arc::from(s.as_ref())) }
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl From<&str> for $n { fn from(s: &str) -> Self { Self::new(s) } }
        impl fmt::Debug for $n { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{:?}", &*self.0) } }
        impl fmt::Display for $n { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) } }
    };
}

name!(/// A configured backend instance, as named in the config (`eu-1`, `metrics`).
    SourceId);
name!(/// What a team owns (`checkout`). Rows on the Board are services.
    ServiceId);
name!(/// A template hash: the identity of a version on one target. Roles (candidate, stable) are told by it, never by revision number.
    Hash);

/// One rollout-able object. The uid is part of the identity: the same name with another uid is another target.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct TargetId {
    pub source: SourceId,
    pub namespace: Arc<str>,
    /// The field's own word: `Rollout`, `Canary`, `Deployment`.
    pub kind: Arc<str>,
    pub name: Arc<str>,
    pub uid: Arc<str>,
}

impl TargetId {
    /// What a person types and reads: `checkout@eu-1`.
    pub fn at(&self) -> String {
        format!("{}@{}", self.name, self.source)
    }
}

/// A dialog's number, unique within a session. A changed plan gets a new one, so that its delay starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DialogId(pub u64);

/// An act's number within a session; its steps each have a [`Ticket`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActId(pub u64);

/// Ties a question to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AskId(pub u64);
