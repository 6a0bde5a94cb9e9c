//! `Backend::mark`: an Event on the target that says who did what, when and why (kubernetes-rollouts 6.4). Sent once, as the
//! one who acts; nothing waits for it. A promote leaves no other trace on the object.

use super::client::{Clients, post_request};
use crate::core::act::mark::Mark;
use crate::core::redact;
use crate::core::seal::sha256_hex;
use crate::core::time::Utc;
use crate::core::world::source::{SourceError, Trouble};
use serde_json::{Value, json};
use std::time::Duration;

/// Who reports it: a qualified name, as the API asks for.
const CONTROLLER: &str = "andon.dev/console";
/// Bytes of a note the API takes.
const NOTE: usize = 1_024;

/// Errors: it was not taken, with the right it needs.
pub async fn leave(c: &Clients, mark: &Mark, deadline: Duration) -> Result<(), SourceError> {
    let ns = &mark.target.namespace;
    let path = format!("/apis/events.k8s.io/v1/namespaces/{ns}/events");
    let request = post_request(&path, event(mark).to_string())?;
    match c.call(&c.acts, request, deadline, "leave an event on the target").await {
        Ok(_) => Ok(()),
        Err(e) if e.trouble == Trouble::Forbidden => Err(SourceError::new(
            Trouble::Forbidden,
            format!("no event was left: needs the right `create events.events.k8s.io` in {ns} ({})", e.sentence),
        )),
        Err(e) => Err(SourceError::new(e.trouble, format!("no event was left: {}", e.sentence))),
    }
}

fn event(m: &Mark) -> Value {
    let who = redact::clean(&m.who);
    let incident = m.incident.as_deref().map(|i| format!(" (incident {i})")).unwrap_or_default();
    let why = if m.note.is_empty() { String::new() } else { format!(": {}", m.note) };
    let note = format!("{} by {who}{incident}{why}", m.action);
    let host = m.who.rsplit_once('@').map_or("andon", |(_, host)| host);
    // The same mark has the same name: a second one would be refused, not doubled.
    let sum = sha256_hex(format!("{} {} {note}", m.target.uid, m.at.0).as_bytes());
    let name = cut(&m.target.name, 200);
    json!({
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": format!("{name}.andon.{}", sum.get(..16).unwrap_or(&sum)), "namespace": &*m.target.namespace},
        "eventTime": micro(m.at),
        "reportingController": CONTROLLER,
        "reportingInstance": one_line(host, 128),
        "action": one_line(&m.action, 128),
        "reason": reason(&m.action),
        "type": "Normal",
        "note": one_line(&redact::clean(&note), NOTE),
        "regarding": {
            "apiVersion": api_version(&m.target.kind),
            "kind": &*m.target.kind,
            "name": &*m.target.name,
            "namespace": &*m.target.namespace,
            "uid": &*m.target.uid,
        },
    })
}

fn api_version(kind: &str) -> &'static str {
    match kind {
        "Rollout" => "argoproj.io/v1alpha1",
        "Canary" => "flagger.app/v1beta1",
        "Deployment" | "StatefulSet" | "DaemonSet" => "apps/v1",
        // The uid is what finds it; a group we do not know is better left out.
        _ => "",
    }
}

/// `AndonRollBack`: one word, as reasons are.
fn reason(action: &str) -> String {
    let mut out = String::from("Andon");
    for word in action.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()) {
        let (first, rest) = word.split_at(1);
        out.push_str(&first.to_ascii_uppercase());
        out.push_str(rest);
    }
    cut(&out, 128).to_owned()
}

/// RFC 3339 with exactly six digits: with none or three the server says no.
fn micro(at: Utc) -> String {
    format!("{}000Z", at.rfc3339().trim_end_matches('Z'))
}

fn one_line(text: &str, most: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(text.trim(), most).to_owned()
}

/// At most so many bytes, no character broken.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::kubernetes::fixture;
    use crate::core::id::TargetId;

    fn mark(note: &str) -> Mark {
        Mark {
            target: TargetId {
                source: "eu-1".into(),
                namespace: "shop".into(),
                kind: "Rollout".into(),
                name: "checkout".into(),
                uid: "0b9e3c52-5a1f-4d0b-9a57-2f7c6e1d8a01".into(),
            },
            at: Utc::read("2026-03-14T10:12:06.483Z").expect("a time"),
            action: "abort".into(),
            who: "alice@bastion-7".into(),
            incident: Some("i-0412".into()),
            note: note.into(),
        }
    }

    #[test]
    fn the_event_has_every_member_of_the_recorded_request_and_no_other() {
        let ours = event(&mark("success-rate 0.96 < 0.99"));
        let recorded: Value = fixture("api-event-audit-create-request");
        let keys =
            |v: &Value| v.as_object().expect("object").keys().cloned().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(keys(&ours), keys(&recorded));
        assert_eq!(ours["eventTime"], "2026-03-14T10:12:06.483000Z");
        assert_eq!((&ours["reason"], &ours["reportingInstance"]), (&"AndonAbort".into(), &"bastion-7".into()));
        let note = "abort by alice@bastion-7 (incident i-0412): success-rate 0.96 < 0.99";
        assert_eq!(ours["note"], note);
        assert_eq!(ours["regarding"]["uid"], recorded["regarding"]["uid"]);
    }

    #[test]
    fn nothing_in_it_is_longer_than_the_api_takes_and_the_same_mark_has_the_same_name() {
        let long = event(&Mark { action: "roll back to v2.14.0, by undo".into(), ..mark(&"\u{e9}\n".repeat(900)) });
        assert!(long["note"].as_str().expect("text").len() <= NOTE);
        assert!(!long["note"].as_str().expect("text").contains('\n'));
        assert_eq!(long["reason"], "AndonRollBackToV2140ByUndo");
        assert_eq!(event(&mark("x"))["metadata"]["name"], event(&mark("x"))["metadata"]["name"]);
        assert_ne!(event(&mark("x"))["metadata"]["name"], event(&mark("y"))["metadata"]["name"]);
    }
}
