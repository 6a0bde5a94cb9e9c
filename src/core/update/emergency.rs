//! What the emergency path costs: a loud record of the gates it passed and of the reason, and four debts, owed from the
//! moment its request leaves. A refused one owes nothing.

use super::records;
use crate::core::act::dialog::Emergency;
use crate::core::act::flight::Act;
use crate::core::act::gate::GateLine;
use crate::core::casework;
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::model::Model;
use crate::core::time::Utc;
use serde_json::{Value, json};

/// Until when they should be paid. Milliseconds; as long as a promoted change is watched.
const DUE_MS: i64 = 72 * 3_600_000;

/// What is owed, in the words of each debt before the version.
const OWED: [(&str, &str); 4] = [
    ("review", "review of the emergency promote"),
    ("tests", "tests for the emergency promote"),
    ("sbom", "SBOM and signature of the emergency promote"),
    ("follow-up", "follow-up: why the emergency path was needed for"),
];

/// The reason and the gates that were not ok, for the act's own records.
pub(super) fn told(e: &Emergency, gates: &[GateLine]) -> Value {
    let not_ok = gates.iter().filter(|g| g.state.blocks());
    let passed: Vec<Value> =
        not_ok.map(|g| json!({"gate": g.gate.word(), "state": g.state.word(), "words": g.words})).collect();
    json!({"reason": e.reason.trim(), "passed": passed})
}

/// Before the intent: whoever reads the log finds it first.
pub(super) fn loud(act: &Act, at: Utc, out: &mut Vec<Effect>) {
    if !act.plan.operation.emergency {
        return;
    }
    let said = &act.figures["emergency"];
    let data = json!({
        "act": act.id.0,
        "verb": act.plan.operation.verb.word(),
        "service": act.seen.service,
        "version": version(act),
        "candidate": act.seen.candidate,
        "reason": said["reason"],
        "passed": said["passed"],
        "name_typed": true,
    });
    out.push(Effect::Append { entry: records::plain(Kind::Emergency, at, Some(act.target()), data), ticket: None });
}

/// Its request has left.
pub(super) fn owe(model: &Model, act: &Act, out: &mut Vec<Effect>) {
    let due = Utc(model.utc().0 + DUE_MS).rfc3339();
    let due = due.get(..10).unwrap_or_default();
    let first = model.casebook.debts.next_number();
    let version = version(act);
    for (n, (what, words)) in OWED.into_iter().enumerate() {
        let data = json!({
            "number": first + n as u64,
            "text": format!("{words} {version}"),
            "owner": casework::me(model),
            "service": act.seen.service,
            "due": due,
            "what": format!("emergency {what}"),
            "state": "open",
            "why": act.figures["emergency"]["reason"],
            "act": act.id.0,
        });
        out.push(Effect::Append {
            entry: records::plain(Kind::Debt, model.now.utc, Some(act.target()), data),
            ticket: None,
        });
    }
}

fn version(act: &Act) -> String {
    act.seen.candidate.as_ref().map(|h| act.seen.version_of(h).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::act::dialog::ActDialog;
    use crate::core::alarm;
    use crate::core::id::ServiceId;
    use crate::core::msg::Msg;
    use crate::core::record::{Hlc, Record};
    use crate::core::world::beside::{Artifact, Build, Signature};
    use crate::core::world::fact::Fact;
    use crate::core::world::source::{Link, Roles};
    use crate::testkit::{World, stories};

    /// A WORSE canary chosen on an armed console.
    fn armed() -> World {
        let mut w = stories::worse();
        w.keys("a a").flush().wait(1_100).keys("Y").wait(500);
        assert!(w.model.is_armed());
        w
    }

    fn dialog(w: &World) -> &ActDialog {
        w.model.dialog.as_ref().and_then(|d| d.act()).expect("a dialog")
    }

    fn records(w: &World, kind: Kind) -> Vec<&Value> {
        w.effects
            .iter()
            .filter_map(|e| match e {
                Effect::Append { entry, .. } if entry.kind == kind => Some(&entry.data),
                _ => None,
            })
            .collect()
    }

    fn sent(w: &World) -> bool {
        w.effects.iter().any(|e| matches!(e, Effect::Perform { .. }))
    }

    fn artifact(signature: Signature) -> Artifact {
        Artifact {
            signature: Some(signature),
            build: Some(Build::Failed { says: "2 tests".into() }),
            ..Artifact::untold(ServiceId::from("checkout"), "v2.14.1")
        }
    }

    fn desk(w: &mut World, signature: Signature) {
        w.source("desk", "simulated", Link::Polling, Roles { artifacts: true, ..Roles::default() });
        w.fact("desk", Fact::Artifacts(vec![artifact(signature)]));
    }

    const WHY: &str = "users cannot pay and only this mends it";

    #[test]
    fn it_passes_what_blocks_for_a_reason_and_a_name_and_owes_four_debts() {
        let mut w = armed();
        desk(&mut w, Signature::Absent);
        w.keys("a p").planned();
        assert!(dialog(&w).refused.is_some(), "a plain promote is refused");
        w.keys("esc").wait(6_000).keys("a e").planned().flush().wait(1_500);
        assert_eq!(dialog(&w).refused, None);
        // Neither Y nor the name alone, nor a reason that is none.
        w.keys("Y enter").type_text("checkout").keys("enter").wait(2_000);
        assert!(!sent(&w) && w.model.acts.is_empty());
        for _ in 0..20 {
            w.keys("backspace");
        }
        w.type_text(WHY).wait(500).keys("enter").wait(500);
        assert!(dialog(&w).emergency.as_ref().is_some_and(|e| e.taken), "{:?}", dialog(&w).emergency);
        w.keys("Y enter").wait(500);
        assert!(w.model.acts.is_empty(), "the name is typed");
        w.keys("backspace").type_text("checkout").wait(500).keys("enter");
        assert!(records(&w, Kind::Debt).is_empty(), "nothing is owed before it leaves");
        w.durable().wait(30).reread();
        assert!(sent(&w), "{:?}", w.model.dialog);
        let loud = records(&w, Kind::Emergency);
        assert_eq!(loud.len(), 1);
        assert_eq!(loud[0]["reason"], WHY);
        let passed: Vec<&str> =
            loud[0]["passed"].as_array().unwrap().iter().filter_map(|g| g["gate"].as_str()).collect();
        assert!(passed.contains(&"verdict") && passed.contains(&"ci"), "{passed:?}");
        let debts = records(&w, Kind::Debt);
        let numbers: Vec<u64> = debts.iter().filter_map(|d| d["number"].as_u64()).collect();
        assert_eq!(numbers, [1, 2, 3, 4]);
        for word in ["review", "tests", "SBOM", "follow-up"] {
            assert!(debts.iter().any(|d| d["text"].as_str().unwrap().contains(word)), "{word}: {debts:?}");
        }
        let intent = records(&w, Kind::Intent);
        assert_eq!(intent[0]["seen"]["emergency"]["reason"], WHY);
        assert_eq!(intent[0]["name_typed"], true);
        // Once they are on disk everybody sees it, until the debts are paid and the hour is over.
        let entries: Vec<_> = w
            .effects
            .iter()
            .filter_map(|e| match e {
                Effect::Append { entry, .. } if matches!(entry.kind, Kind::Emergency | Kind::Debt) => {
                    Some(entry.clone())
                }
                _ => None,
            })
            .collect();
        let at = w.now();
        let lines = entries
            .iter()
            .enumerate()
            .map(|(n, e)| Record { user: "mira".into(), ..Record::of(e, "s", n as u64 + 1, Hlc(at.0, n as u32), at) });
        let lines: Vec<Record> = lines.collect();
        w.send(Msg::Records(lines));
        let text = |w: &World| alarm::alarms(&w.model).iter().map(|a| a.text.clone()).collect::<Vec<_>>().join("\n");
        assert!(text(&w).contains("EMERGENCY by mira"), "{}", text(&w));
        assert!(text(&w).contains("4 debts, a d pays"), "{}", text(&w));
        w.wait(3_700_000);
        assert!(!text(&w).contains("EMERGENCY"));
        assert_eq!(w.model.casebook.debts.open().len(), 4, "what is owed stays");
    }

    #[test]
    fn what_it_never_passes() {
        type Makes = fn(&mut World);
        let stands: [(&str, Makes); 3] = [
            ("signature", |w| desk(w, Signature::Mismatch { says: "another key".into() })),
            ("permission", |w| {
                w.source_with("eu-1", |s| s.abilities.rights.iter_mut().for_each(|r| r.allowed = Some(false)));
            }),
            ("read-only", |w| w.model.environment.read_only = true),
        ];
        for (what, make) in stands {
            let mut w = armed();
            make(&mut w);
            w.keys("a e").planned().flush().wait(1_500);
            w.type_text(WHY).keys("enter").wait(500).type_text("checkout").keys("enter").durable().wait(30).reread();
            assert!(!sent(&w) && w.model.acts.is_empty(), "{what}");
            if let Some(d) = w.model.dialog.as_ref().and_then(|d| d.act()) {
                assert!(d.refused.is_some(), "{what}");
            }
        }
        // Not from LOOK-ONLY.
        let mut w = stories::worse();
        w.keys("a e");
        assert!(w.model.dialog.is_none() && w.model.notice.as_ref().is_some_and(|n| n.0.contains("LOOK-ONLY")));
        // What turned while it was on its way stops it too.
        let mut w = armed();
        w.keys("a e").planned().flush().wait(1_500);
        w.type_text(WHY).wait(500).keys("enter").wait(500).type_text("checkout").wait(500).keys("enter");
        assert_eq!(w.model.acts.len(), 1);
        desk(&mut w, Signature::Mismatch { says: "another key".into() });
        w.durable().wait(30).reread();
        assert!(!sent(&w), "a mismatch that came late");
        assert!(records(&w, Kind::Debt).is_empty());
    }
}
