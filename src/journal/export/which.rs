//! Which records are wanted. All conditions must hold; a list of kinds is any of them. Records with members of other types
//! are never taken by accident.

use crate::core::case::known::when;
use crate::core::record::Record;
use crate::core::time::Utc;

/// `shop/checkout@eu-1`, with only the name required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetWish {
    namespace: Option<String>,
    name: String,
    source: Option<String>,
}

impl TargetWish {
    /// `None`: there is no name in it.
    pub fn read(text: &str) -> Option<TargetWish> {
        let (rest, source) = match text.split_once('@') {
            Some((rest, source)) if !source.is_empty() => (rest, Some(source.to_owned())),
            Some(_) => return None,
            None => (text, None),
        };
        let (namespace, name) = match rest.rsplit_once('/') {
            Some((ns, name)) => (Some(ns.to_owned()), name),
            None => (None, rest),
        };
        (!name.is_empty()).then(|| TargetWish { namespace, name: name.to_owned(), source })
    }

    fn takes(&self, r: &Record) -> bool {
        let Some(t) = &r.target else { return false };
        let is = |member: &str, wish: &Option<String>| wish.as_ref().is_none_or(|w| t[member] == w.as_str());
        t["name"] == self.name.as_str() && is("namespace", &self.namespace) && is("source", &self.source)
    }

    fn words(&self) -> String {
        let ns = self.namespace.as_ref().map(|n| format!("{n}/")).unwrap_or_default();
        let source = self.source.as_ref().map(|s| format!("@{s}")).unwrap_or_default();
        format!("{ns}{}{source}", self.name)
    }
}

/// The conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    pub incident: Option<String>,
    /// A session's name, its beginning (eight letters at least), or its last four.
    pub session: Option<String>,
    /// When it was true: from here on ...
    pub since: Option<Utc>,
    /// ... up to here, this moment included.
    pub until: Option<Utc>,
    /// Any of these; empty: all.
    pub kinds: Vec<String>,
    pub target: Option<TargetWish>,
    /// The act's number in its session.
    pub act: Option<u64>,
    /// (seq, session).
    pub record: Option<(u64, String)>,
}

impl Which {
    pub fn takes(&self, r: &Record) -> bool {
        self.incident.as_ref().is_none_or(|id| belongs(r, id))
            && self.session.as_ref().is_none_or(|s| is_session(&r.session, s))
            && self.since.is_none_or(|t| when(r) >= t)
            && self.until.is_none_or(|t| when(r) <= t)
            && (self.kinds.is_empty() || self.kinds.contains(&r.kind))
            && self.target.as_ref().is_none_or(|t| t.takes(r))
            && self.act.is_none_or(|n| r.data["act"].as_u64() == Some(n))
            && self.record.as_ref().is_none_or(|(seq, s)| r.seq == *seq && is_session(&r.session, s))
    }

    /// The conditions by name, as they were given: an export says what was left out of it.
    pub fn words(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        let mut push = |name, value: Option<String>| out.extend(value.map(|v| (name, v)));
        push("incident", self.incident.clone());
        push("session", self.session.clone());
        push("since", self.since.map(Utc::rfc3339));
        push("until", self.until.map(Utc::rfc3339));
        push("kind", (!self.kinds.is_empty()).then(|| self.kinds.join(",")));
        push("target", self.target.as_ref().map(TargetWish::words));
        push("act", self.act.map(|n| n.to_string()));
        push("record", self.record.as_ref().map(|(seq, s)| format!("{seq}@{s}")));
        out
    }
}

/// Of an incident: its own records, and all that were written while it was open.
pub fn belongs(r: &Record, id: &str) -> bool {
    let own = matches!(r.kind.as_str(), "incident-opened" | "incident-changed" | "incident-closed" | "lead" | "ticked");
    r.incident.as_deref() == Some(id) || (own && r.data["id"] == id)
}

fn is_session(name: &str, wish: &str) -> bool {
    name == wish || (wish.len() >= 8 && name.starts_with(wish)) || name.rsplit('-').next() == Some(wish)
}
