//! An act asked for by one command line: everything a person would press and type, said beforehand. The rules are those of
//! the dialogs; the flags stand for the keys.

use crate::core::act::plan::Verb;
use crate::core::id::ActId;
use crate::core::world::target::TargetState;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which target, as a person writes it: `checkout`, `shop/checkout@eu-1`, `deployment/shop/checkout@eu-1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector {
    pub kind: Option<Arc<str>>,
    pub namespace: Option<Arc<str>>,
    pub name: Arc<str>,
    pub source: Option<Arc<str>>,
}

impl std::str::FromStr for Selector {
    type Err = String;

    /// Errors: a part is empty, or there are more parts than kind, namespace and name.
    fn from_str(s: &str) -> Result<Selector, String> {
        let (path, source) = match s.rsplit_once('@') {
            Some((path, source)) => (path, Some(source)),
            None => (s, None),
        };
        let parts: Vec<&str> = path.split('/').collect();
        let (kind, namespace, name) = match parts.as_slice() {
            [name] => (None, None, *name),
            [namespace, name] => (None, Some(*namespace), *name),
            [kind, namespace, name] => (Some(*kind), Some(*namespace), *name),
            _ => return Err(format!("{s:?} is not [[KIND/]NAMESPACE/]NAME[@SOURCE]")),
        };
        let all = [kind, namespace, Some(name), source];
        if all.into_iter().flatten().any(str::is_empty) {
            return Err(format!("{s:?} is not [[KIND/]NAMESPACE/]NAME[@SOURCE]: a part is empty"));
        }
        Ok(Selector {
            kind: kind.map(Arc::from),
            namespace: namespace.map(Arc::from),
            name: name.into(),
            source: source.map(Arc::from),
        })
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in [&self.kind, &self.namespace].into_iter().flatten() {
            write!(f, "{part}/")?;
        }
        f.write_str(&self.name)?;
        self.source.as_ref().map_or(Ok(()), |s| write!(f, "@{s}"))
    }
}

impl Selector {
    /// Kinds are compared without case: people write `rollout`.
    pub fn fits(&self, t: &TargetState) -> bool {
        let same = |want: &Option<Arc<str>>, is: &str| want.as_ref().is_none_or(|w| **w == *is);
        *self.name == *t.id.name
            && same(&self.namespace, &t.id.namespace)
            && same(&self.source, t.id.source.as_str())
            && self.kind.as_ref().is_none_or(|k| k.eq_ignore_ascii_case(&t.id.kind))
    }

    /// How this target is named so that no other fits.
    pub fn exact(t: &TargetState) -> String {
        format!("{}/{}/{}@{}", t.id.kind.to_lowercase(), t.id.namespace, t.id.name, t.id.source)
    }
}

/// How far the act must have come before the command ends well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Until {
    Accepted,
    Seen,
    Settled,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    pub verb: Verb,
    pub target: Selector,
    /// Version or hash to go back to.
    pub back_to: Option<Arc<str>>,
    /// The candidate the person saw: version or hash. Another one is another target.
    pub expect: Option<Arc<str>>,
    /// The name, where one is due.
    pub name: Option<Arc<str>>,
    /// Kept as a note on the target before the act.
    pub reason: Option<Arc<str>>,
    /// `--armed`: the flag stands for arming this console.
    pub armed: bool,
    /// The emergency path of a promote: `reason` is the sentence it asks for.
    #[serde(default)]
    pub emergency: bool,
    /// Show the plan, send nothing.
    pub dry_run: bool,
    pub until: Until,
    pub stage: Stage,
    /// Lines of the act's timeline that were said.
    pub said: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Sources are being read.
    Looking,
    /// A dialog is open, its plan is being made.
    Planning,
    UnderWay(ActId),
    Over,
}

/// The verb of a command's word: `rollback`, `roll-back`, `promote-full`.
pub fn verb_of(word: &str) -> Option<Verb> {
    Verb::ALL.into_iter().find(|v| {
        let full = v.word().replace(' ', "-");
        full == word || full.replace('-', "") == word
    })
}

/// Exit codes of limits.md section 6.
pub mod code {
    pub const OK: u8 = 0;
    pub const ERROR: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const AUTH: u8 = 4;
    pub const NOT_FOUND: u8 = 5;
    pub const REFUSED: u8 = 6;
    pub const UNKNOWN: u8 = 7;
    pub const STUCK: u8 = 8;
    pub const NOT_WRITABLE: u8 = 9;
    pub const CONDITION_MET: u8 = 10;
    pub const UNREACHABLE: u8 = 11;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_word_of_the_command_line() {
        for v in Verb::ALL {
            assert_eq!(verb_of(&v.word().replace(' ', "-")), Some(v));
        }
        assert_eq!(verb_of("rollback"), Some(Verb::RollBack));
        assert_eq!(verb_of("delete"), None);
    }

    #[test]
    fn a_target_is_named_by_as_many_parts_as_it_takes() {
        let s: Selector = "shop/checkout@eu-1".parse().expect("it is one");
        assert_eq!((s.namespace.as_deref(), &*s.name, s.source.as_deref()), (Some("shop"), "checkout", Some("eu-1")));
        let s: Selector = "deployment/shop/cart".parse().expect("it is one");
        assert_eq!((s.kind.as_deref(), s.to_string().as_str()), (Some("deployment"), "deployment/shop/cart"));
        for wrong in ["", "@eu-1", "shop/", "a/b/c/d", "checkout@", "/checkout"] {
            assert!(wrong.parse::<Selector>().is_err(), "{wrong}");
        }
    }
}
