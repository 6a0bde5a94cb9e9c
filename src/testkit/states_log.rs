//! Pictures of the log: an incident as its records tell it, the browser, a record in full, and what is wrong with a log.

use super::picture::Picture;
use super::states::at;
use super::stories::worse;
use super::world::World;
use crate::core::case::people::{Here, OpenDialog, Present};
use crate::core::msg::{LogPage, Msg, Recovered, Unfinished};
use crate::core::record::Record;
use crate::core::time::Utc;
use serde_json::{Value, json};

/// This console's session in the pictures, and another one's.
pub const OWN: &str = "20261121T030207Z-mira-bastion2-7f3a";
pub const OTHER: &str = "20261121T025511Z-ito-bastion2-11aa";

/// A record of a session, so many milliseconds ago.
pub fn record(w: &World, session: &str, seq: u64, ago: i64, kind: &str, data: Value) -> Record {
    let user = session.split('-').nth(1).unwrap_or("ito");
    let utc = Utc(w.now().0 - ago);
    let target = w.model.world.targets.values().find(|t| t.service.as_str() == "checkout").map(|t| t.id.clone());
    let about = !matches!(kind, "lead" | "follow-up" | "debt" | "told" | "armed" | "opened");
    let incident = data["id"].as_str().unwrap_or("i-0412");
    let line = json!({
        "v": 1, "session": session, "seq": seq, "hlc": [utc.0, 0], "utc": utc.rfc3339(), "mono": 1_000 * seq,
        "actor": {"user": user}, "host": "bastion-2", "kind": kind, "incident": incident,
        "target": target.filter(|_| about), "ticket": data["ticket"], "data": data,
        "prev": format!("{session}{}", seq - 1), "hash": format!("{session}{seq}"),
    });
    Record::read(session, line.to_string().as_bytes())
}

fn act(kind: &str) -> Value {
    let mut data = json!({"act": 3, "ticket": 5, "verb": "roll back", "step": 1, "of": 1, "to_version": "v2.14.0"});
    let more = match kind {
        "intent" => json!({"primitive": "abort", "from_version": "v2.14.1",
            "sentence": "Users on the canary get v2.14.0 again.", "why": "in flight: abort sends traffic back to stable",
            "request": {"method": "PATCH", "path": "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/checkout/status",
                "body": "[{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"f3c1\"},{\"op\":\"add\",\"path\":\"/status/abort\",\"value\":true}]",
                "body_sha256": "9f3a0c1d5be2", "guards": ["uid f3c1", "currentPodHash 5f7b9d6c84"],
                "settled_when": "no pod of 5f7b9d6c84 is left and 20 of v2.14.0 are ready"},
            "seen": {"verdict": "WORSE", "candidate": [889, 4118], "stable": [15, 37022], "age_s": 9,
                "readiness": "2/3", "gates": []},
            "look_only": true, "name_typed": false, "not_undone": ["Sessions issued by v2.14.1 stay as they are."]}),
        "accepted" => json!({"took_ms": 47, "resource_version": "88124"}),
        "seen" => json!({"found": "degraded, aborted, weight 0%", "how": "watched"}),
        "settled" => json!({"took_ms": 112_000, "bad_to_settled_ms": 514_000, "service": "checkout"}),
        _ => json!({}),
    };
    if let (Some(to), Some(from)) = (data.as_object_mut(), more.as_object()) {
        to.extend(from.clone());
    }
    data
}

/// An incident is open: opened, an act of another console settled, debts and follow-ups.
pub fn incident(w: &mut World, lead: bool) {
    w.send(Msg::LogOpened { session: OWN.into() });
    w.send(Msg::LogPage(Box::new(LogPage { start: true, ..LogPage::default() })));
    let first_bad = Utc(w.now().0 - 320_000).rfc3339();
    let mut all = vec![
        record(w, OWN, 40, 300_000, "verdict", json!({"words": "WORSE on errors by 21.6 points", "word": "worse"})),
        record(
            w,
            OWN,
            41,
            280_000,
            "incident-opened",
            json!({"id": "i-0412", "title": "checkout login failures", "severity": 2, "service": "checkout",
                "why": "first WORSE", "first_bad": first_bad, "first_bad_rests": {"session": OWN, "seq": 40}}),
        ),
        record(
            w,
            OTHER,
            12,
            250_000,
            "note",
            json!({"text": "logins go to other people's accounts", "about": first_bad}),
        ),
        record(w, OTHER, 13, 240_000, "armed", json!({"environment": "prod", "minutes": 10})),
        record(
            w,
            OWN,
            42,
            200_000,
            "debt",
            json!({"number": 14, "text": "tests for hotfix v2.13.9", "owner": "ito",
            "due": "2026-11-21", "state": "open"}),
        ),
        record(
            w,
            OWN,
            43,
            190_000,
            "follow-up",
            json!({"number": 3, "text": "alert on login rate", "owner": "ana",
            "due": "2026-11-28"}),
        ),
        record(
            w,
            OTHER,
            14,
            160_000,
            "decision",
            json!({"id": "i-0412", "text": "roll back, keep the flag on",
            "reason": "only the canary fails"}),
        ),
    ];
    // Whoever leads has rolled it back; without a lead it is still on its way.
    let kinds = ["intent", "sent", "accepted", "seen", "settled"];
    for (i, kind) in kinds.into_iter().take(if lead { 5 } else { 4 }).enumerate() {
        all.push(record(w, OTHER, 15 + i as u64, 150_000 - 1_000 * i as i64, kind, act(kind)));
    }
    if lead {
        all.push(record(w, OTHER, 21, 100_000, "lead", json!({"id": "i-0412", "what": "taken", "lead": "ito"})));
        all.push(record(w, OTHER, 22, 90_000, "told", json!({"audience": "support, shop owners", "text": "we know"})));
    }
    w.send(Msg::Records(all));
    let on = |screen: &str, on: &str, armed, dialog: Option<&str>| Here {
        screen: screen.into(),
        on: Some(on.into()),
        dialog: dialog.map(|verb| OpenDialog { verb: verb.into(), targets: vec![w.target_id("checkout")] }),
        armed,
        last_key: Some(Utc(w.now().0 - 40_000)),
        ..Here::default()
    };
    let who = |session: &str, user: &str, host: &str, here: Here| Present {
        session: session.into(),
        user: user.into(),
        host: host.into(),
        here,
        ..Present::default()
    };
    let people = vec![
        who(OTHER, "ito", "bastion-2", on("board", "checkout@eu-1", true, None)),
        who("20261121T030000Z-ana-bastion9-22bb", "ana", "bastion-9", on("verdict", "auth@eu-1", false, None)),
    ];
    w.send(Msg::People(people));
    // Who came in is not what these pictures show.
    w.wait(6_000);
}

fn with(lead: bool, keys: &str) -> World {
    let mut w = worse();
    incident(&mut w, lead);
    w.keys(keys);
    w
}

/// The browser: opened by its word.
pub fn browsing(keys: &str) -> World {
    let mut w = with(true, "i");
    w.wait(2_000).keys(":").type_text("log");
    w.keys("enter").keys(keys);
    w
}

/// An ended session left a plan half done.
pub fn cut() -> World {
    let mut w = worse();
    let unfinished = Unfinished {
        session: OTHER.into(),
        ticket: 5,
        at: Utc(w.now().0 - 600_000),
        target: Some(w.target_id("checkout")),
        words: "roll back checkout@eu-1, stopped after 1 of 2 by ito".into(),
        cut: Some((1, 2)),
        verb: "roll back".into(),
        by: "ito".into(),
        ..Unfinished::default()
    };
    w.send(Msg::Recovered(Box::new(Recovered { unfinished: vec![unfinished], ..Recovered::default() })));
    let asked = w.effects.iter().rev().find_map(|e| match e {
        crate::core::effect::Effect::Ask { id, .. } => Some(*id),
        _ => None,
    });
    if let Some(id) = asked {
        w.send(Msg::Asked { id, answer: Ok(Vec::new()) });
    }
    w
}

pub(super) fn log() -> Vec<Picture> {
    vec![
        at("incident/open", "The incident: nobody leads, and the screen says what takes the lead.", || {
            with(false, "i")
        }),
        at("incident/led", "Led, told, rolled back: each tick names the record it rests on.", || with(true, "i")),
        at("incident/chosen", "A record is chosen: enter opens it in full.", || with(true, "i j j j")),
        at("incident/none", "No incident is open: said in words, and people and the log are there.", || {
            let mut w = worse();
            w.keys("i");
            w
        }),
        at("incident/on-verdict", "Verdict while an incident is open: id, stopwatch, lead, what others did.", || {
            with(false, "")
        }),
        at("incident/strip", "Tab: the log strip has the keys, enter opens the browser.", || with(true, "b tab")),
        at("log/list", "The log browser: one line a record, newest first, of all consoles.", || browsing("j j j")),
        at("log/act", "An outcome in full, under the story of its act.", || browsing("j j j enter")),
        at("log/intent", "Its intent: the request, what the actor saw, what is not undone.", || {
            browsing("j j j enter enter")
        }),
        at("log/filter", "Filtered: how many answer and how many are hidden.", || {
            let mut w = browsing("/");
            w.type_text("ito roll");
            w.keys("enter");
            w
        }),
        at("log/damaged", "A line that is no record, one of a later version, and clocks that differ.", || {
            let mut w = with(false, "");
            let mut rubbish = Record::read(OTHER, b"\x1b]0;x\x07 no record");
            rubbish.seq = 30;
            rubbish.hlc = crate::core::record::Hlc(w.now().0 - 3_000, 0);
            let later = record(&w, OTHER, 31, 2_000, "page-out", json!({"to": "ana", "loud": true}));
            let mut behind = record(&w, OWN, 50, 1_000, "note", json!({"text": "my clock is slow"}));
            behind.utc = Utc(w.now().0 - 9_000).rfc3339();
            w.send(Msg::Records(vec![rubbish, later, behind]));
            w.wait(2_000).keys(":").type_text("log");
            w.keys("enter");
            w
        }),
        at("alarm/plan-cut", "An ended session left a plan half done: the alarm row says what finishes it.", cut),
        at("alarm/plan-cut-dialog", "The dialog says that it finishes it.", || {
            let mut w = cut();
            w.keys("a r").planned().flush().wait(1_100);
            w
        }),
        at("alarm/unread-log", "A log file could not be read: said, and nothing stops.", || {
            let mut w = worse();
            let unread = vec![(format!("{OTHER}.jsonl").into(), "Permission denied".into())];
            w.send(Msg::Recovered(Box::new(Recovered { unread, ..Recovered::default() })));
            w.keys("i");
            w
        }),
    ]
}
