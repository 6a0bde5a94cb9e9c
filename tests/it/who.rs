//! Who acted: the question at a shared account, before forward and side acts, after backward ones, never in their way; the
//! records that carry the answer; the certificate a person came with.

use crate::console_pty::awake;
use crate::home::Home;
use crate::log::session::settings;
use andon::backends::kubernetes;
use andon::backends::{Backend, Cx, Lane};
use andon::core::case::claim::Claim;
use andon::core::effect::Effect;
use andon::core::entry::{Entry, Kind};
use andon::core::judge::verdict::Word;
use andon::core::key::{Code, Key};
use andon::core::msg::Msg;
use andon::core::nav::Overlay;
use andon::core::record::{Hlc, Record};
use andon::core::time::{Person, Stamp, Utc, World};
use andon::journal::record::NOT_GIVEN;
use andon::journal::thread::{Durability, Journal, Settings};
use andon::testkit::drill::Run;
use andon::testkit::fake_kube::FakeKube;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

fn shared(scenario: &str, plain: bool) -> Run {
    Run::begin(scenario, 1, |m| {
        m.claim = Claim { shared: Some("root".into()), ..Claim::default() };
        m.environment.who = "root@bastion-2".into();
        m.editor = andon::ui::overlays::note::edit;
        m.settings.plain = plain;
    })
}

fn typing(run: &Run) -> Option<&str> {
    match &run.model.nav.overlay {
        Some(Overlay::Who { typed, .. }) => Some(typed),
        _ => None,
    }
}

fn of(run: &Run, kind: Kind) -> Vec<&Entry> {
    run.records.iter().filter(|r| r.kind == kind).collect()
}

fn note(run: &mut Run, text: &str) {
    run.keys("n");
    run.keys(text);
    run.key(andon::config::chord::key("ctrl-o").expect("a key"));
}

/// A name as somebody gives it who was asked after other keys: with a moment before Enter.
fn answer(run: &mut Run, name: &str) {
    run.keys(name);
    run.wait(1_000);
    run.keys("enter");
}

#[test]
fn words_meant_for_another_window_are_no_name() {
    // At once, and after a quiet moment: nobody reads a question in 80 ms.
    for quiet in [false, true] {
        let mut run = shared("calm", false);
        run.choose("checkout");
        run.act("a a");
        assert!(run.model.is_armed());
        run.wait(5_000);
        let line = if quiet { "apply -f x.yaml" } else { "XZapply -f x.yaml" };
        for c in line.chars().map(Key::char).chain([Key::plain(Code::Enter)]) {
            run.think(80);
            run.apply(Msg::Key(c));
        }
        assert_eq!(typing(&run), Some("ply -f x.yaml"), "{quiet}");
        assert!(run.model.claim.name.is_none() && of(&run, Kind::Who).is_empty() && run.sent.is_empty(), "{quiet}");
        // Enter that is held says it again by itself, and is no answer either.
        for _ in 0..5 {
            run.think(500);
            run.apply(Msg::Key(Key::plain(Code::Enter)));
        }
        assert!(run.model.claim.name.is_none(), "{quiet}");
    }
}

#[test]
fn a_name_is_corrected_by_words() {
    let mut run = shared("calm", false);
    note(&mut run, "slow");
    answer(&mut run, "Mria");
    run.wait(1_500);
    run.keys(": as space Mira enter");
    assert_eq!((run.model.claim.name.as_deref(), of(&run, Kind::Who).len()), (Some("Mira"), 2));
    assert_eq!(&*run.model.environment.who, "Mira@bastion-2");
    // Words that came without a pause take a second Enter, pasted ones none.
    run.keys("j : as space x enter");
    assert_eq!(run.model.claim.name.as_deref(), Some("Mira"));
    run.keys("esc");
    // One person's account has its name already.
    let mut run = Run::new("calm", 1);
    run.wait(1_500);
    run.keys(": as space x enter");
    assert!(run.model.claim.name.is_none() && of(&run, Kind::Who).is_empty());
}

fn lead(run: &Run) -> Option<&str> {
    andon::core::casework::lead(&run.model).flatten()
}

/// An incident that somebody else leads.
fn theirs(run: &mut Run) {
    run.model.log.session = "drill".into();
    let record = Record {
        session: "another".into(),
        seq: 4,
        hlc: Hlc(1, 0),
        utc: run.model.utc().rfc3339(),
        user: "ito".into(),
        kind: "incident-opened".into(),
        data: json!({"id": "i-77", "title": "logins fail", "severity": 1, "lead": "ito"}),
        ..Record::default()
    };
    run.apply(Msg::Records(vec![record]));
    assert_eq!(lead(run), Some("ito"));
    run.wait(1_500);
}

#[test]
fn who_takes_the_lead_at_a_shared_account_leads_under_the_name_given() {
    let mut run = shared("calm", false);
    theirs(&mut run);
    run.act("a l");
    assert_eq!((typing(&run), lead(&run)), (Some(""), Some("ito")));
    answer(&mut run, "mira");
    assert_eq!(lead(&run), Some("mira"));
    for _ in 0..10 {
        run.wait(60_000);
        run.keys("j");
        assert_eq!(lead(&run), Some("mira"));
    }
    run.keys("q q");
    assert_eq!(of(&run, Kind::Lead).last().expect("left").data["what"], "left");
    // The same where it was opened with oneself as the lead.
    let mut run = shared("f1", false);
    worse(&mut run);
    run.act("a i");
    answer(&mut run, "mira");
    assert_eq!((of(&run, Kind::IncidentOpened)[0].data["lead"].as_str(), lead(&run)), (Some("mira"), Some("mira")));
}

#[test]
fn a_lead_taken_under_no_name_is_still_ones_own_when_the_name_is_given() {
    let mut run = shared("calm", false);
    theirs(&mut run);
    run.act("a l");
    run.keys("esc");
    assert_eq!(lead(&run), Some("root"));
    run.wait(1_500);
    run.keys(": as space mira enter");
    assert_eq!(run.model.claim.name.as_deref(), Some("mira"));
    for _ in 0..10 {
        run.wait(60_000);
        run.keys("j");
        assert_eq!(lead(&run), Some("root"));
    }
    run.keys("q q");
    assert_eq!(of(&run, Kind::Lead).last().expect("left").data["what"], "left");
}

#[test]
fn a_note_that_waits_for_a_name_stays_a_draft_on_disk() {
    let mut run = shared("calm", false);
    note(&mut run, "slow");
    run.wait(3_000);
    assert_eq!((typing(&run), of(&run, Kind::Note).len()), (Some(""), 0));
    assert!(!run.effects.iter().any(|e| matches!(e, Effect::KeepDraft(None))));
    assert_eq!(run.draft.as_ref().map(|d| d.text()).as_deref(), Some("slow"), "with its last letters");
    answer(&mut run, "mira");
    assert_eq!((&run.draft, of(&run, Kind::Note).len()), (&None, 1));
}

#[test]
fn a_side_act_waits_for_the_answer_and_carries_it() {
    let mut run = shared("calm", false);
    note(&mut run, "slow");
    assert_eq!(typing(&run), Some(""));
    assert!(of(&run, Kind::Note).is_empty(), "it is asked before");
    // No name is no answer; a paste is none either.
    run.keys("enter");
    run.apply(Msg::Paste("mira\n".into()));
    assert_eq!(typing(&run), Some(""));
    answer(&mut run, "Mira");
    assert_eq!((typing(&run), &*run.model.environment.who), (None, "Mira@bastion-2"));
    let kinds: Vec<Kind> = run.records.iter().map(|r| r.kind).filter(|k| matches!(k, Kind::Who | Kind::Note)).collect();
    assert_eq!(kinds, [Kind::Who, Kind::Note], "the name comes first");
    assert_eq!(of(&run, Kind::Who)[0].data["claimed"], "Mira");
    // Once is enough.
    note(&mut run, "slower");
    assert_eq!((typing(&run), of(&run, Kind::Note).len()), (None, 2));
}

#[test]
fn esc_is_not_given_and_asks_again_at_the_next_act() {
    let mut run = shared("calm", false);
    for n in 1..=2 {
        note(&mut run, "slow");
        run.keys("Mi");
        assert_eq!(typing(&run), Some("Mi"));
        run.keys("esc");
        assert_eq!((typing(&run), of(&run, Kind::Note).len()), (None, n), "nothing is lost by it");
    }
    assert!(of(&run, Kind::Who).is_empty() && run.model.claim.name.is_none());
}

#[test]
fn a_burst_does_not_answer() {
    let mut run = shared("calm", false);
    note(&mut run, "slow");
    for key in [Key::char('x'), Key::char('y'), Key::plain(Code::Enter)] {
        run.apply(Msg::Key(key));
    }
    assert_eq!(typing(&run), Some("xy"));
    assert!(of(&run, Kind::Who).is_empty());
}

#[test]
fn who_leaves_with_the_question_open_loses_no_note() {
    let mut run = shared("calm", false);
    note(&mut run, "slow");
    run.apply(Msg::Ending { code: 143 });
    assert_eq!(of(&run, Kind::Note).len(), 1);
}

fn worse(run: &mut Run) {
    run.choose("checkout");
    for _ in 0..60 {
        let id = run.target("checkout").id.clone();
        if run.model.judged.get(&id).is_some_and(|j| j.verdict.word == Word::Worse) {
            return;
        }
        run.wait(5_000);
    }
    panic!("the canary never became WORSE");
}

#[test]
fn the_way_back_is_never_asked_and_the_question_after_it_takes_no_key_of_an_act() {
    let mut run = shared("f1", false);
    worse(&mut run);
    run.act("a r");
    assert_eq!((run.sent.len(), typing(&run)), (1, None));
    run.wait(6_000);
    assert!(run.model.asks_who(), "it stands in the last rows");
    // Every key keeps its meaning: the next way back goes out without an answer.
    run.keys("a");
    assert!(!run.model.asks_who() && run.model.claim.asks);
    run.keys("h");
    assert!(run.model.dialog.is_some());
    run.keys("esc");
    run.wait(6_000);
    run.keys("enter");
    assert_eq!(typing(&run), Some(""));
    answer(&mut run, "Mira");
    assert!(!run.model.claim.asks && of(&run, Kind::Who).len() == 1);
    run.wait(6_000);
    assert!(!run.model.asks_who());
}

#[test]
fn esc_puts_the_question_off_until_the_next_way_back() {
    let mut run = shared("f1", false);
    worse(&mut run);
    run.act("a h");
    run.wait(6_000);
    run.keys("esc");
    assert!(!run.model.claim.asks && of(&run, Kind::Who).is_empty());
    run.wait(6_000);
    run.act("a r");
    assert_eq!(run.sent.len(), 2);
    assert!(run.model.claim.asks, "asked again");
}

#[test]
fn a_forward_act_is_asked_over_its_dialog_whose_delay_begins_after_it() {
    let mut run = shared("calm", false);
    run.choose("checkout");
    run.act("a a");
    assert!(run.model.is_armed() && typing(&run).is_none(), "arming is no act");
    run.wait(10 * 60_000);
    run.act("a a");
    run.wait(1_000);
    run.keys("a p");
    assert!(run.model.dialog.is_some() && typing(&run) == Some(""));
    // Y is a letter of the name, not of the dialog.
    run.wait(2_000);
    run.keys("Yara");
    assert!(run.sent.is_empty());
    run.wait(1_000);
    run.keys("enter");
    assert!(run.model.dialog.is_some() && run.sent.is_empty());
    // A `Y` at once is early.
    run.apply(Msg::Key(Key::char('Y')));
    assert!(run.sent.is_empty() && run.model.dialog.as_ref().is_some_and(|d| d.again));
    run.wait(1_000);
    match run.model.dialog.as_ref().and_then(|d| d.act()).and_then(|d| d.name.as_ref()).map(|n| n.must.to_string()) {
        Some(name) => run.keys(&format!("{name} enter")),
        None => run.keys("Y"),
    }
    assert_eq!(run.sent.len(), 1);
    let order: Vec<Kind> = run.kinds().into_iter().filter(|k| matches!(k, Kind::Who | Kind::Intent)).collect();
    assert_eq!(order, [Kind::Who, Kind::Intent]);
}

#[test]
fn the_name_that_the_dialog_below_asks_for_is_no_person() {
    let mut run = shared("calm", false);
    run.choose("checkout");
    run.act("a a");
    run.wait(1_000);
    run.keys("a p");
    run.wait(2_000);
    answer(&mut run, "Checkout");
    assert_eq!(typing(&run), Some(""), "it is asked on");
    let said = run.model.notice.as_ref().map(|(text, _)| &**text);
    assert_eq!(said, Some("Checkout is what is acted on; this asks who you are"));
    assert_eq!((of(&run, Kind::Who).len(), run.sent.len()), (0, 0));
    answer(&mut run, "yara");
    assert!(typing(&run).is_none() && run.model.dialog.is_some());
    // Who is really called so says it in words.
    run.keys("esc");
    run.wait(1_500);
    run.keys(": as space checkout");
    run.wait(1_000);
    run.keys("enter");
    assert_eq!(of(&run, Kind::Who).last().expect("two").data["claimed"], "checkout");
}

#[test]
fn who_has_said_it_ahead_or_is_alone_is_not_asked() {
    for claim in
        [Claim { shared: Some("root".into()), name: Some("mira".into()), ..Claim::default() }, Claim::default()]
    {
        let mut run = shared("calm", false);
        run.model.claim = claim;
        note(&mut run, "slow");
        assert_eq!((typing(&run), of(&run, Kind::Note).len()), (None, 1));
    }
}

#[test]
fn lines_are_asked_by_a_line() {
    let mut run = shared("calm", true);
    run.line("note it is slow");
    assert!(run.said().iter().any(|l| l.contains("WHO ARE YOU?") && l.contains("as NAME")), "{:?}", run.said());
    assert!(of(&run, Kind::Note).is_empty());
    run.line("as Mira K");
    assert_eq!((of(&run, Kind::Who)[0].data["claimed"].as_str(), of(&run, Kind::Note).len()), (Some("Mira K"), 1));
    // A word of its own is no answer: the note is kept without a name, and the word does what it does.
    let mut run = shared("calm", true);
    run.line("note it is slow");
    run.line("status");
    assert_eq!((of(&run, Kind::Note).len(), of(&run, Kind::Who).len()), (1, 0));
    run.line("note again");
    run.line("no");
    assert_eq!((of(&run, Kind::Note).len(), of(&run, Kind::Who).len()), (2, 0));
    // Later, by oneself.
    run.line("as Mira");
    assert_eq!(of(&run, Kind::Who).len(), 1);
    assert!(run.effects.iter().any(|e| matches!(e, Effect::Say(l) if l.contains("from now on the log says Mira"))));
}

fn entry(kind: Kind, data: Value) -> Entry {
    Entry { kind, at: Utc(1_795_230_847_000), incident: None, target: None, data }
}

#[test]
fn the_answer_names_the_acts_it_covers_and_what_comes_after_carries_the_name() {
    let home = Home::new("covers");
    let own = settings(&home.path().join("log"), "1");
    let settings = Settings { user: "root".into(), claimed: Some(NOT_GIVEN.into()), ..own };
    let at = |ms| Stamp { utc: Utc(1_795_230_847_000 + ms), world: World(ms), person: Person(ms) };
    let journal = Journal::open(&settings, at(0), Arc::new(|_| {})).expect("opened");
    let put = |ms, kind, data| journal.append(entry(kind, data), at(ms), None, Durability::Batched);
    put(1, Kind::Intent, json!({"verb": "roll back"}));
    put(2, Kind::Verdict, json!({"words": "WORSE"}));
    put(3, Kind::Note, json!({"text": "password: hunter2"}));
    put(4, Kind::Who, json!({"claimed": "Mira"}));
    put(5, Kind::Note, json!({"text": "after"}));
    put(6, Kind::Who, json!({"claimed": "Ana"}));
    let path = journal.path().to_owned();
    journal.close(at(7), Duration::from_secs(20)).head.expect("on disk");
    let text = std::fs::read_to_string(path).expect("read");
    let all: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).expect("json")).collect();
    let claimed: Vec<&str> = all.iter().map(|r| r["actor"]["claimed"].as_str().unwrap_or("")).collect();
    assert_eq!(claimed, [NOT_GIVEN, NOT_GIVEN, NOT_GIVEN, NOT_GIVEN, "Mira", "Mira", "Ana", "Ana"]);
    assert_eq!(all[4]["data"]["covers"], json!([2, 4]), "acts, not what was seen");
    assert_eq!(all[6]["data"]["covers"], json!([]));
    assert!(!text.contains("hunter2") && all[3]["data"]["redacted"] == 1, "{text}");
}

#[test]
fn whom_a_source_takes_us_for_is_recorded_when_it_is_known_and_when_it_changes() {
    let mut w = andon::testkit::world::world();
    w.sources();
    let said = |w: &andon::testkit::world::World| -> Vec<Value> {
        let records = w.effects.iter().filter_map(|e| match e {
            Effect::Append { entry, .. } if entry.kind == Kind::Identity => Some(entry.data.clone()),
            _ => None,
        });
        records.collect()
    };
    assert!(said(&w).is_empty(), "who does not say is not recorded");
    for (user, group) in [("mira", "on-call"), ("mira", "on-call"), ("mira", "admins"), ("root", "admins")] {
        w.source_with("eu-1", |s| {
            s.abilities.identity = Some(user.into());
            s.abilities.groups = vec![group.into()];
        });
        w.wait(1_000);
    }
    assert_eq!(
        said(&w),
        [
            json!({"source": "eu-1", "user": "mira", "groups": ["on-call"]}),
            json!({"source": "eu-1", "user": "mira", "groups": ["admins"]}),
            json!({"source": "eu-1", "user": "root", "groups": ["admins"]}),
        ]
    );
}

#[tokio::test]
async fn a_cluster_says_whom_it_takes_us_for_or_it_is_not_known() {
    rustls::crypto::ring::default_provider().install_default().ok();
    for (denied, known) in [
        (None, Some("me")),
        // Before 1.28 there is only the beta.
        (Some("create selfsubjectreviews/v1"), Some("me")),
        (Some("create selfsubjectreviews"), None),
    ] {
        let fake = FakeKube::start().await;
        denied.iter().for_each(|right| fake.deny(right));
        let settings = kubernetes::Settings {
            kubeconfig: Some(fake.kubeconfig.clone()),
            namespaces: vec!["shop".into()],
            ..kubernetes::Settings::of("eu-1")
        };
        let k = kubernetes::Kubernetes::new(settings, Arc::new(|| Utc(1_795_230_847_000)));
        let cx = Cx { deadline: Duration::from_secs(60), lane: Lane::Act };
        let found = k.probe(&cx).await.expect("a probe needs no name");
        assert_eq!(found.identity.as_deref(), known, "{denied:?}");
        assert_eq!(found.groups.len(), if known.is_some() { 2 } else { 0 });
    }
}

fn me() -> String {
    let out = Command::new("id").arg("-un").output().expect("id");
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

fn records(home: &Home) -> Vec<Value> {
    let text = std::fs::read_to_string(home.only("jsonl")).expect("a log");
    text.lines().map(|l| serde_json::from_str(l).expect("json")).collect()
}

#[test]
fn the_real_program_asks_a_shared_account_once() {
    let home = Home::new("who");
    let me = me();
    let mut pty = home.andon_with(&["drill", "calm"], &[("ANDON_SHARED_ACCOUNTS", &format!("nobody, {me}"))], 80, 23);
    awake(&mut pty);
    // Back first: nothing stands in the way.
    pty.keys("a h");
    pty.wait_for("HOLD");
    crate::console_pty::yes(&mut pty, |pty| pty.look(|g| !g.contains("HOLD  ")));
    pty.wait_until("who it was", |g| g.contains("WHO ARE YOU?") && g.contains("give your name"));
    pty.keys("Enter");
    pty.wait_for("name:");
    // As fingers do: a burst is no answer.
    pty.keys("M i r a");
    pty.wait_for("name: Mira");
    std::thread::sleep(Duration::from_millis(1_200));
    pty.keys("Enter");
    pty.wait_for("from now on the log says Mira");
    pty.wait_for("Mira@");
    pty.keys("n");
    pty.wait_for("ctrl-o");
    pty.send("all well");
    pty.keys("C-o");
    pty.wait_for("note: all well");
    pty.signal(Signal::TERM);
    assert_eq!(pty.wait_exit(), 143);
    let all = records(&home);
    let of = |kind: &str| all.iter().find(|r| r["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {all:?}"));
    assert_eq!(of("opened")["actor"], json!({"user": me, "claimed": "not given"}));
    assert_eq!(of("who")["data"]["covers"], json!([of("intent")["seq"]]));
    assert_eq!(of("note")["actor"]["claimed"], "Mira");
    // The simulated cluster says whom it takes us for.
    assert!(of("identity")["data"]["user"].is_string());
}

#[test]
fn the_certificate_a_person_came_with_stands_in_every_record() {
    let home = Home::new("cert");
    let cert = include_str!("../../src/cli/ssh/ed25519-cert.pub");
    let auth = home.file("auth", &format!("publickey {cert}"));
    let env = [("SSH_USER_AUTH", auth.to_str().expect("a path"))];
    let mut pty = home.andon_with(&["drill", "calm"], &env, 80, 23);
    awake(&mut pty);
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    for r in records(&home) {
        assert_eq!(r["actor"]["principal"], "root,on-call");
        assert_eq!(r["actor"]["key_id"], "mira@example.com");
    }
}
