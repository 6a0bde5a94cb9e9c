//! A record as one line for a person: `03:14:07 mira checkout@eu-1 roll back accepted in 41 ms`. The members of `data`
//! per kind are written down in `docs/log-format.md`; missing ones are left out, unknown kinds shown as they are.

use crate::core::entry::Kind;
use crate::core::record::{Record, UNREADABLE};
use crate::core::shown::shown_line;
use serde_json::Value;

/// The longest line, in bytes.
pub const WIDTH: usize = 400;

/// `on`, `off`: how a flag stands, in the words of every screen and record.
pub fn on_word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// The line, everything from outside made visible, no newline. Behind the time stands a mark when it is not shown as
/// it was written.
pub fn line(r: &Record) -> String {
    format!("{} {}", shown_line(r.hms(), WIDTH), shown_line(&told(r), WIDTH).marked())
}

/// Who, on what, and what: the line without its time, and as it stands in the record. It has not passed the gate.
pub fn told(r: &Record) -> String {
    let about = r.target_at().map(|t| format!("{t} ")).unwrap_or_default();
    let late = if r.at.is_some() { " (recorded later)" } else { "" };
    // What a console saw by itself nobody did.
    let who = if is_observation(&r.kind) { String::new() } else { format!("{} ", r.who()) };
    format!("{who}{about}{}{late}", said(r))
}

/// Is it for the eyes of somebody who works on something else? What the console writes for the record alone is not.
pub fn is_told(kind: &str) -> bool {
    !matches!(kind, "opened" | "closed" | "sent" | "figures" | "burn" | "identity" | "anchored" | UNREADABLE)
}

/// A kind that says what a console saw by itself; two that look at the same world both write it.
pub fn is_observation(kind: &str) -> bool {
    Kind::from_word(kind).is_some_and(Kind::is_observation)
}

/// The members of one record's data.
struct Data<'a>(&'a Value);

impl Data<'_> {
    /// `name` as text, between `before` and `after`; nothing where the member is missing, null or empty.
    fn part(&self, before: &str, name: &str, after: &str) -> String {
        match &self.0[name] {
            Value::Null => String::new(),
            Value::String(s) if s.is_empty() => String::new(),
            Value::String(s) => format!("{before}{s}{after}"),
            other => format!("{before}{other}{after}"),
        }
    }

    /// The verb and, for plans of several steps, which: `roll back (step 1 of 2)`.
    fn act(&self) -> String {
        let verb = self.0["verb"].as_str().unwrap_or("act");
        // A side act is about a thing, not about a target.
        if let Some(subject) = self.0["subject"].as_str() {
            return format!("{verb} {subject}");
        }
        match (self.0["step"].as_u64(), self.0["of"].as_u64()) {
            (Some(i), Some(n)) if n > 1 => format!("{verb} (step {i} of {n})"),
            _ => verb.to_owned(),
        }
    }

    /// ` v2 -> v1`, by version where that is known, else by hash.
    fn moved(&self) -> String {
        let word = |version: &str, hash: &str| self.0[version].as_str().or_else(|| self.0[hash].as_str());
        match (word("from_version", "from"), word("to_version", "to")) {
            (Some(f), Some(t)) if f != t => format!(" {f} -> {t}"),
            (_, Some(t)) => format!(" {t}"),
            _ => String::new(),
        }
    }

    /// `12 s`, `41 ms`.
    fn took(&self, before: &str, name: &str) -> String {
        match self.0[name].as_u64() {
            Some(ms) if ms >= 10_000 => format!("{before}{} s", ms / 1000),
            Some(ms) => format!("{before}{ms} ms"),
            None => String::new(),
        }
    }

    fn many(&self, name: &str) -> usize {
        self.0[name].as_array().map_or(0, Vec::len)
    }

    fn is(&self, name: &str) -> bool {
        self.0[name] == true
    }
}

/// What happened, without who and on what.
pub fn said(r: &Record) -> String {
    let d = Data(&r.data);
    let act = d.act();
    // By word, not by enum: records of later versions are read too.
    match r.kind.as_str() {
        "opened" => format!(
            "opened andon{} for{}{}{}{}",
            d.part(" ", "build", ""),
            d.part(" ", "environment", ""),
            d.part(", drill ", "drill", ""),
            d.part(", ", "files", " other sessions"),
            if d.is("mine_only") { ", log: mine only" } else { "" },
        ),
        "closed" => {
            format!("closed{}{}", d.part(" after ", "records", " records"), d.part(", head before it ", "head", ""))
        }
        "armed" => format!("armed{}{}", d.part(" in ", "environment", ""), d.part(" for ", "minutes", " min")),
        "disarmed" => format!("LOOK-ONLY again{}", d.part(": ", "why", "")),
        "intent" => {
            let how = format!(
                "{}{}{}{}{}",
                d.moved(),
                d.part(" by ", "primitive", ""),
                if d.is("look_only") { ", from look-only" } else { "" },
                if d.is("name_typed") { ", name typed" } else { "" },
                d.part(": ", "sentence", ""),
            );
            // A side act moves nothing and has no primitive.
            let how = how.trim_start_matches([',', ':']);
            format!("{act}{}{how}", if how.is_empty() { "" } else { ":" })
        }
        "sent" => format!("{act} sent{}", if d.is("name_typed") { ", name typed" } else { "" }),
        "accepted" => format!("{act} accepted{}", d.took(" in ", "took_ms")),
        "refused" => format!("{act} REFUSED{}{}", d.part(" (", "status", ")"), d.part(": ", "why", "")),
        "unknown" => format!("{act} OUTCOME UNKNOWN{}", d.part(": ", "why", "")),
        "seen" => format!("{act} seen{}", d.part(": ", "found", "")),
        "settled" => format!("{act} settled{}", d.took(" after ", "took_ms")),
        "stuck" => format!("{act} STUCK{}", d.part(": ", "why", "")),
        "undone" => format!("{act} UNDONE{}{}", d.part(" by ", "by", ""), d.part(": ", "found", "")),
        "resolved" => format!(
            "{act} resolved{}{}{}{}",
            d.part(": ", "how", ""),
            d.part(", ", "why", ""),
            d.part(", ", "found", ""),
            d.part(" (begun by ", "session", ")"),
        ),
        "changed" => format!("changed{}{}", d.part(": ", "what", ""), d.part(" (under an open ", "verb", " dialog)")),
        "note" => format!("note: {}{}", d.part("", "text", ""), d.part(" (about ", "about", ")")),
        "frozen" => format!("FREEZE: the cord is pulled, {} to be held", d.many("targets")),
        "thawed" => {
            format!("THAW: the cord is let go, {} to be released, {} stay held", d.many("targets"), d.many("kept"))
        }
        "loose" => format!("LOOSE: started while the cord is pulled{}", d.part(", ", "version", "")),
        "phase" => d.part("", "words", ""),
        "verdict" => format!("verdict{}", found(&d.part(" ", "words", ""))),
        "source" => {
            format!("source{}{}{}", d.part(" ", "source", ""), d.part(" ", "words", ""), d.part(": ", "error", ""))
        }
        "runbook" => format!(
            "runbook{}{}{}{}",
            d.part(" ", "runbook", ""),
            d.part(" step ", "step", ""),
            d.part(" \"", "title", "\""),
            d.part(": ", "state", "")
        ),
        "acknowledged" if d.0["what"] == "alerts" => {
            let names: Vec<&str> = d.0["names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            format!("acked {}", if names.is_empty() { "alerts".to_owned() } else { names.join(", ") })
        }
        "acknowledged" => format!("acked{}", d.part(" ", "what", "")),
        "alert" => d.part("", "words", ""),
        "silenced" if d.is("ended") => format!("ended silence{}", d.part(" ", "silence", "")),
        "silenced" => format!(
            "silenced{}{}{}{}",
            d.part(" ", "matchers", ""),
            d.part(" until ", "until", ""),
            d.part(", hides ", "hides", ""),
            d.part(": ", "why", "")
        ),
        "woken" => {
            format!("called{}{}{}", d.part(" ", "person", ""), d.part(" of ", "team", ""), d.part(": ", "why", ""))
        }
        "flagged" => format!("flag{} {}", d.part(" ", "flag", ""), on_word(d.is("on"))),
        "revoked" => {
            format!("REVOKED{}{}{}", d.part(" ", "service", ""), d.part(" ", "version", ""), d.part(": ", "reason", ""))
        }
        "burn" => format!("burn{}", d.part(" ", "words", "")),
        "figures" => format!("figures{}", d.part(" ", "words", "")),
        "incident-opened" => {
            format!(
                "incident{} opened{}{}",
                d.part(" ", "id", ""),
                d.part(", SEV", "severity", ""),
                d.part(": ", "title", "")
            )
        }
        "incident-changed" => {
            format!(
                "incident{}{}{}{}",
                d.part(" ", "id", ""),
                d.part(" ", "state", ""),
                d.part(", SEV", "severity", ""),
                d.part(": ", "title", "")
            )
        }
        "incident-closed" => format!("incident{} closed{}", d.part(" ", "id", ""), d.part(": ", "reason", "")),
        "lead" => format!("lead{}{}{}", d.part(" ", "what", ""), d.part(": ", "lead", ""), d.part(", ", "why", "")),
        "decision" => format!("decided{}{}", d.part(": ", "text", ""), d.part(" because ", "reason", "")),
        "follow-up" => format!(
            "follow-up{}{}{}{}",
            d.part(" #", "number", ""),
            d.part(": ", "text", ""),
            d.part(", ", "owner", ""),
            d.part(", due ", "due", "")
        ),
        "debt" => format!(
            "debt{}{}{}{}",
            d.part(" #", "number", ""),
            d.part(" ", "state", ""),
            d.part(": ", "text", ""),
            d.part(", ", "owner", "")
        ),
        "ticked" => format!("ticked{}{}", d.part(": ", "item", ""), d.part(", ", "how", "")),
        "emergency" => format!(
            "EMERGENCY{}{}: {} gates passed{}",
            d.part(" ", "verb", ""),
            d.part(" ", "version", ""),
            d.many("passed"),
            d.part(", because ", "reason", ""),
        ),
        "checklist" => format!(
            "checklist{}{}{}",
            d.part(" ", "version", ""),
            if d.is("ticked") { d.part(": ticked ", "words", "") } else { d.part(": took back ", "words", "") },
            d.part(", ", "how", ""),
        ),
        "promoted" => format!(
            "promoted{}{}: on watch for 72 h",
            d.part(" ", "version", ""),
            d.part(" (", "from_version", " before)"),
        ),
        "told" => format!(
            "told{}{}{}",
            d.part(" ", "audience", ""),
            d.part(" through ", "through", ""),
            d.part(": ", "text", "")
        ),
        "who" => {
            let covers = d.0["covers"].as_array().map_or(0, Vec::len);
            let acts = if covers == 0 { String::new() } else { format!(", also for the {covers} records before") };
            format!("this is{}{acts}", d.part(" ", "claimed", ""))
        }
        "identity" => format!("known{}{}", d.part(" as ", "user", ""), d.part(" to ", "source", "")),
        "anchored" => format!("head handed on{}", d.part(": ", "head", "")),
        UNREADABLE => format!("unreadable line{}", d.raw()),
        other => format!("{other}{}", d.raw()),
    }
}

impl Data<'_> {
    fn raw(&self) -> String {
        match self.0 {
            Value::Null => String::new(),
            Value::String(s) => format!(" {s}"),
            other => format!(" {other}"),
        }
    }
}

/// The words of a verdict as one line has room for them: what was not measured stands in the record.
pub fn found(words: &str) -> &str {
    words.split("; ").next().unwrap_or(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said_of(kind: &str, data: Value) -> String {
        let line = json!({
            "utc": "2026-11-21T03:14:07.250Z", "actor": {"user": "mira"}, "kind": kind, "data": data,
            "target": {"source": "eu-1", "namespace": "shop", "kind": "Rollout", "name": "checkout", "uid": "u"},
        });
        line_of(&line)
    }

    fn line_of(v: &Value) -> String {
        line(&Record::read("s", v.to_string().as_bytes()))
    }

    #[test]
    fn an_act_that_moves_no_version_has_no_hole_before_its_first_word() {
        let wake = |more: Value| {
            let mut data = json!({"verb": "wake jonas of payments"});
            data.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
            said_of("intent", data)
        };
        let from_look = wake(json!({"look_only": true}));
        assert!(from_look.ends_with("wake jonas of payments: from look-only"), "{from_look}");
        assert!(wake(json!({})).ends_with("wake jonas of payments"), "{}", wake(json!({})));
    }

    #[test]
    fn each_kind_reads_as_a_sentence_and_missing_members_leave_no_hole() {
        let act = json!({"verb": "roll back", "step": 1, "of": 2, "took_ms": 19_500, "why": "409", "found": "healthy",
            "from": "9f3a", "from_version": "v2", "to": "v1", "primitive": "abort", "look_only": true, "words": "WORSE"});
        for (kind, says) in [
            ("intent", "roll back (step 1 of 2): v2 -> v1 by abort, from look-only"),
            ("accepted", "roll back (step 1 of 2) accepted in 19 s"),
            ("refused", "roll back (step 1 of 2) REFUSED: 409"),
            ("unknown", "roll back (step 1 of 2) OUTCOME UNKNOWN: 409"),
            ("seen", "roll back (step 1 of 2) seen: healthy"),
            ("stuck", "roll back (step 1 of 2) STUCK: 409"),
        ] {
            assert_eq!(said_of(kind, act.clone()), format!("03:14:07 mira checkout@eu-1 {says}"));
        }
        // Nobody did what a console saw by itself.
        assert_eq!(said_of("verdict", act), "03:14:07 checkout@eu-1 verdict WORSE");
        assert_eq!(said_of("armed", json!({})), "03:14:07 mira checkout@eu-1 armed");
        assert_eq!(said_of("page-out", json!({"a": 1})), "03:14:07 mira checkout@eu-1 page-out {\"a\":1}");
    }

    #[test]
    fn every_kind_of_this_version_has_its_own_words() {
        for kind in Kind::ALL {
            let text = said_of(kind.word(), json!({"zzz": "unnamed"}));
            assert!(!text.contains("unnamed"), "{kind:?} is taken for unknown: {text}");
        }
    }

    #[test]
    fn nothing_from_outside_moves_the_cursor() {
        let text = said_of("note", json!({"text": "a\u{1b}]0;x\u{7}\nb\u{202e}"}));
        assert_eq!(text, "03:14:07 (^)mira checkout@eu-1 note: a^[]0;x^G / b<U+202E>");
        assert_eq!(line_of(&json!(3)), "--:--:--  unreadable line 3");
    }
}
