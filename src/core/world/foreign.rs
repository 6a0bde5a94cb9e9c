//! Every text of a fact that came from outside, by the name a person knows it under: for the detail views, which show
//! in full what a list could only mark. Decides nothing about how it is shown.

use super::source::{Link, SourceState};
use super::target::{Phase, Strategy, TargetState};

/// What it is, and the text as it came.
pub type Text<'a> = (&'static str, &'a str);

impl TargetState {
    /// All of them, in the order a person would ask for them.
    pub fn texts(&self) -> Vec<Text<'_>> {
        let mut all: Vec<Text<'_>> = vec![
            ("name", &self.id.name),
            ("namespace", &self.id.namespace),
            ("kind", &self.id.kind),
            ("uid", &self.id.uid),
            ("source", self.id.source.as_str()),
            ("service", self.service.as_str()),
            ("message", &self.message),
        ];
        if let Phase::Other(p) = &self.phase {
            all.push(("phase", p));
        }
        if let Strategy::Other(s) = &self.strategy {
            all.push(("strategy", s));
        }
        all.extend(self.invalid.iter().map(|m| ("invalid because", &**m)));
        all.extend(self.gate.iter().map(|g| ("gate", &*g.reason)));
        all.extend(self.steps.iter().map(|s| ("step", &*s.label)));
        for r in &self.revisions {
            all.push(("hash", r.hash.as_str()));
            all.push(("version", &r.version));
            all.push(("image", &r.image));
            all.extend(r.digest.iter().map(|d| ("digest", &**d)));
            all.extend(r.cause.iter().map(|c| ("change cause", &**c)));
            all.extend(r.trouble.iter().map(|t| ("pods", &*t.reason)));
        }
        all.extend(self.held_by.iter().map(|m| ("held by", &*m.name)));
        all.extend(self.aborted_by.iter().map(|m| ("aborted by", &*m.name)));
        all.extend(self.git.iter().flat_map(|g| [("git owner", &*g.tool), ("git", &*g.what)]));
        all
    }
}

impl SourceState {
    /// All of them, what it says of itself first.
    pub fn texts(&self) -> Vec<Text<'_>> {
        let mut all: Vec<Text<'_>> = vec![("type", &self.kind), ("holds", &self.holds)];
        match &self.link {
            Link::Failed(e) => all.push(("error", &e.sentence)),
            Link::Reading { what, .. } => all.push(("reading", what)),
            Link::Connecting | Link::Watching | Link::Polling => {}
        }
        all.extend(self.abilities.version.iter().map(|v| ("version", &**v)));
        all.extend(self.abilities.identity.iter().map(|i| ("there we are", &**i)));
        all.extend(self.abilities.groups.iter().map(|g| ("in group", &**g)));
        for r in &self.abilities.rights {
            all.push(("right", &r.verb));
            all.extend(r.namespace.iter().map(|n| ("right in", &**n)));
        }
        all.extend(self.last_error.iter().map(|(_, e)| ("last error", &*e.sentence)));
        all
    }
}
