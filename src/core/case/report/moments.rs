//! The five moments of an incident, and how long lay between them. Each names the record it is read from; one that no
//! record tells stays empty.

use super::acts::{End, Story};
use super::doc::Sentence;
use super::pick::Picked;
use super::when;
use crate::core::case::incident::Incident;
use crate::core::case::known::Rests;
use crate::core::record::Record;
use crate::core::time::Utc;

/// Rolling back, from the first bad signal until it has settled (the guide's M4). Milliseconds.
pub const TARGET_MS: i64 = 5 * 60_000;

/// A moment, and what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    pub at: Utc,
    /// What happened then, with its record.
    pub what: Sentence,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// The first bad signal, where it lies before the detection or is the same.
    pub first_bad: Option<Moment>,
    pub detection: Option<Moment>,
    pub decision: Option<Moment>,
    pub act: Option<Moment>,
    pub settled: Option<Moment>,
    pub mitigated: Option<Moment>,
    pub resolved: Option<Moment>,
}

/// The first record that tells of harm: a verdict of WORSE, or a burn over the line.
pub fn is_bad(r: &Record) -> bool {
    matches!((r.kind.as_str(), r.data["word"].as_str()), ("verdict", Some("WORSE")) | ("burn", Some("burning")))
}

/// The way back that counts: the first roll-back that left, else the first other backward act that did.
pub fn way_back<'s, 'a>(stories: &'s [Story<'a>]) -> Option<&'s Story<'a>> {
    let all = || stories.iter().filter(|s| s.is_backward());
    let sent = || all().filter(|s| s.was_sent());
    // One that settled and stayed counts more than one that was refused before it; one of which only the intent is
    // known may have left.
    sent()
        .find(|s| s.rolls_back() && s.end == End::Settled)
        .or_else(|| sent().find(|s| s.rolls_back()))
        .or_else(|| all().find(|s| s.rolls_back() && s.end == End::Meant))
        .or_else(|| sent().next())
}

fn moment(r: &Record, what: Sentence) -> Moment {
    Moment { at: when::of(r), what }
}

pub fn moments(p: &Picked<'_>, incident: Option<&Incident>, stories: &[Story<'_>]) -> Moments {
    let at = |rests: &Rests| p.records.iter().copied().find(|r| Rests::on(r) == *rests);
    let back = way_back(stories);
    let first_sign = p.records.iter().copied().filter(|r| is_bad(r)).min_by_key(|r| when::of(r));
    let opening = incident.and_then(|i| i.opened.as_ref());
    let opened = opening.and_then(|o| at(&o.rests));
    let sign = |r: &Record| {
        let of = r.target_at().or_else(|| r.data["service"].as_str().map(str::to_owned)).unwrap_or_default();
        let what = match r.kind.as_str() {
            "verdict" => Sentence::on(r).t("the verdict on ").d(of).t(" became "),
            "burn" => Sentence::on(r).t("the burn of ").d(of).t(" became "),
            _ => Sentence::on(r).t("the incident was opened").opt(": ", r.data["why"].as_str(), ""),
        };
        match r.kind.as_str() {
            "verdict" | "burn" => what.d(r.data["words"].as_str().or(r.data["word"].as_str()).unwrap_or_default()),
            _ => what,
        }
    };
    let detection = [first_sign, opened].into_iter().flatten().min_by_key(|r| when::of(r)).map(|r| moment(r, sign(r)));
    // The incident may name a sign from before the records that were read.
    let named = opening.and_then(|o| {
        let (bad, r) = (o.value.first_bad?, at(&o.rests)?);
        let mut what = Sentence::on(r).t("the first bad signal, as the incident names it");
        if let Some(first) = o.value.first_bad_rests.as_ref().and_then(at) {
            what = what.and(first);
        }
        Some(Moment { at: bad, what })
    });
    let first_bad = match (named, &detection) {
        (Some(n), Some(d)) if n.at < d.at => Some(n),
        (Some(n), None) => Some(n),
        (_, d) => d.clone(),
    };
    let begins = first_bad.as_ref().map(|m| m.at);
    let decided = p.records.iter().copied().find(|r| r.kind == "decision" && begins.is_none_or(|b| when::of(r) >= b));
    let confirmed = back.map(|s| s.begun);
    let decision = match (decided, confirmed) {
        (Some(d), Some(c)) if when::of(d) > when::of(c) => Some(c),
        (d, c) => d.or(c),
    }
    .map(|r| {
        let what = match r.kind.as_str() {
            "decision" => Sentence::on(r).t("decided: ").d(r.data["text"].as_str().unwrap_or_default()),
            _ => Sentence::on(r)
                .d(r.data["verb"].as_str().unwrap_or("the act"))
                .opt(" of ", r.target_at().as_deref(), "")
                .t(" was confirmed in the dialog"),
        };
        moment(r, what)
    });
    let act = back.and_then(|s| {
        let r = s.first("sent").or_else(|| s.first("accepted")).or_else(|| s.first("unknown"))?;
        let to = r.data["to_version"].as_str().or(s.begun.data["to_version"].as_str());
        Some(moment(r, Sentence::on(r).d(s.verb()).t(" of ").d(s.target()).opt(" to ", to, "").t(" was sent")))
    });
    let settled = back.and_then(|s| {
        let r = s.last_of("settled")?;
        let mut what = Sentence::on(r).d(s.verb()).t(" of ").d(s.target()).t(" had settled");
        if let Some(undone) = s.last_of("undone") {
            what = what.t("; it was undone later").opt(" by ", undone.data["by"].as_str(), "").and(undone);
        }
        Some(moment(r, what))
    });
    let said = |state: &str| {
        p.records.iter().copied().find(|r| {
            let about = matches!(r.kind.as_str(), "incident-changed" | "incident-closed");
            about && r.data["state"] == state
        })
    };
    let closed = p.records.iter().copied().find(|r| r.kind == "incident-closed");
    let state = |r: &Record, words: &'static str| moment(r, Sentence::on(r).t(words));
    Moments {
        mitigated: said("mitigated").map(|r| state(r, "the incident was called mitigated")),
        resolved: said("resolved")
            .map(|r| state(r, "the incident was called resolved"))
            .or_else(|| closed.map(|r| state(r, "the incident was closed"))),
        first_bad,
        detection,
        decision,
        act,
        settled,
    }
}
