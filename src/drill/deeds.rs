//! What a person did in a run, read off its records: each deed by the name of the intent that does it.

use crate::core::act::plan::{Direction, Verb};
use crate::core::case::known::when;
use crate::core::record::Record;
use crate::core::time::Utc;
use serde_json::Value;
use std::sync::Arc;

/// One thing a person did.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// The name of an intent, as in keymaps: `roll-back`.
    pub act: Arc<str>,
    /// What it was done to, by every name it may be called: service, target, flag, alert, team, version.
    pub on: Vec<Arc<str>>,
    pub at: Utc,
    /// Its record.
    pub seq: u64,
    pub ticket: Option<u64>,
    /// Of an act on a target.
    pub direction: Option<Direction>,
    /// Age of the figures the actor saw, milliseconds; of an act on a target, where there were any.
    pub figures_age_ms: Option<i64>,
    /// The verdict the actor saw.
    pub verdict: Option<Arc<str>>,
    /// What was written: a note, a reason, a status text.
    pub text: String,
}

impl Deed {
    /// It is one of these acts on this; an empty `on` is anything.
    pub fn is<'a>(&self, mut acts: impl Iterator<Item = &'a Arc<str>>, on: &str) -> bool {
        acts.any(|a| same(a, &self.act)) && (on.is_empty() || self.on.iter().any(|o| **o == *on))
    }
}

/// Going back to a version chosen from the list is going back; the record has one verb for both.
fn same(want: &str, did: &str) -> bool {
    want == did || (want == "roll-back-to" && did == "roll-back")
}

/// Everything a person did, in order.
pub fn deeds(records: &[Record]) -> Vec<Deed> {
    records.iter().filter_map(deed).collect()
}

fn deed(r: &Record) -> Option<Deed> {
    let d = &r.data;
    let s = |v: &Value| v.as_str().map(Arc::<str>::from);
    let verb = d["verb"].as_str().and_then(Verb::from_word);
    let act: Arc<str> = match r.kind.as_str() {
        // A plan of several requests has an intent for each: the first one is the deed.
        "intent" if d["step"].as_u64().is_some_and(|n| n > 1) => return None,
        "intent" => d["verb"].as_str()?.replace(' ', "-").into(),
        "frozen" => "freeze".into(),
        "thawed" => "thaw".into(),
        "acknowledged" => "acknowledge".into(),
        "silenced" => "silence".into(),
        "woken" => "wake".into(),
        "revoked" => "revoke".into(),
        "flagged" => if d["on"] == true { "flag-on" } else { "flag-off" }.into(),
        "emergency" => "emergency".into(),
        "incident-opened" => "open-incident".into(),
        "lead" if d["to"].is_string() || d["lead"].is_string() => "take-lead".into(),
        "told" => "tell".into(),
        "note" => "note".into(),
        "decision" => "decide".into(),
        "runbook" if d["state"] == "done" || d["words"].is_string() => "runbook".into(),
        _ => return None,
    };
    let names = ["service", "flag", "alert", "team", "version", "id", "name"];
    let mut on: Vec<Arc<str>> = names.iter().filter_map(|n| s(&d[*n])).collect();
    on.extend(["alerts", "services"].iter().filter_map(|n| d[*n].as_array()).flatten().filter_map(s));
    on.extend(r.target.as_ref().and_then(|t| s(&t["name"])));
    let texts = ["text", "why", "reason", "title", "decided", "because"];
    let seen = &d["seen"];
    Some(Deed {
        act,
        on,
        at: when(r),
        seq: r.seq,
        ticket: r.ticket.or_else(|| d["ticket"].as_u64()),
        direction: verb.map(Verb::direction),
        figures_age_ms: seen["figures_age_ms"].as_i64(),
        verdict: s(&seen["verdict"]["word"]),
        text: texts.iter().filter_map(|n| d[*n].as_str()).collect::<Vec<_>>().join(" "),
    })
}

/// When what this deed asked for was there, and the record that says so.
pub fn settled(records: &[Record], deed: &Deed) -> Option<(Utc, u64)> {
    let after = records.iter().filter(|r| r.kind == "settled" && r.seq > deed.seq);
    let mine = |r: &&Record| {
        let ticket = r.ticket.or_else(|| r.data["ticket"].as_u64());
        let name = r.target.as_ref().and_then(|t| t["name"].as_str());
        (ticket.is_some() && ticket == deed.ticket) || name.is_some_and(|n| deed.on.iter().any(|o| **o == *n))
    };
    after.into_iter().find(mine).map(|r| (when(r), r.seq))
}
