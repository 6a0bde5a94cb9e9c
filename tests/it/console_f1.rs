//! The first drill as a person plays it, on the real program: seen, judged, rolled back, recorded, verified, replayed.

use crate::console_pty::{arm, leave, yes};
use crate::home::Home;
use crate::pty::Pty;
use crate::screen::Grid;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The Verdict screen's heading names a service; nothing else does so in capitals at the start of row 4.
fn headline(pty: &Pty) -> String {
    pty.screen()[3].clone()
}

/// Waits on the Verdict screen until checkout is WORSE and chosen.
#[track_caller]
fn worse(pty: &mut Pty) {
    pty.wait_until("the drill", |g| g.contains("DRILL") && g.contains("a acts on"));
    pty.keys("b");
    pty.wait_until("checkout WORSE", |g| g.lines().iter().any(|l| l.contains("checkout") && l.contains("WORSE")));
    pty.keys("v g");
    pty.wait_until("checkout on top", |g| g.lines()[3].starts_with("CHECKOUT"));
}

#[track_caller]
fn settled(pty: &mut Pty) {
    pty.wait_until("rolled back and settled", |g| {
        g.contains("ROLLED BACK") || g.contains("IS BACK ON") || g.contains("settled after")
    });
}

fn copy(of: &Path, name: &str, change: impl Fn(&mut Vec<u8>)) -> PathBuf {
    let to = of.with_file_name(name);
    let mut bytes = std::fs::read(of).unwrap();
    change(&mut bytes);
    std::fs::write(&to, bytes).unwrap();
    to
}

#[test]
fn f1_is_played_verified_and_replayed() {
    let home = Home::new("f1");
    let mut pty = home.andon(&["drill", "--speed", "30"]);
    worse(&mut pty);
    pty.keys("a r");
    pty.wait_until("the dialog with its request", |g| g.contains("ROLL BACK") && g.contains("PATCH"));
    assert!(pty.look(|g| g.contains("LOOK-ONLY")), "nothing was armed for it");
    yes(&mut pty, |pty| pty.look(|g| !g.contains("WILL SEND")));
    pty.wait_for("ROLLING BACK");
    settled(&mut pty);
    let bytes = pty.bytes();
    println!("f1 start to settled, 80x23, speed 30: {bytes} B");
    leave(&mut pty);
    assert_eq!(pty.modes_restored(), Ok(()));
    assert_eq!(pty.asked(), None);

    // The log holds the act, in order, and its chain holds.
    let log = home.only("jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    let records: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let kinds: Vec<&str> = records
        .iter()
        .filter_map(|r| r["kind"].as_str())
        .filter(|k| ["intent", "sent", "accepted", "seen", "settled"].contains(k))
        .collect();
    assert_eq!(kinds, ["intent", "sent", "accepted", "seen", "settled"]);
    let dir = log.parent().unwrap().to_str().unwrap().to_owned();
    let (code, said) = home.run(&["log", "verify", &dir]);
    assert_eq!(code, 0, "{said}");

    // One byte of the intent changed: the record is named.
    let at = text.find("\"kind\":\"intent\"").unwrap() + "\"kind\":\"".len();
    let n = text[..at].matches('\n').count();
    let bad = copy(&log, "changed.jsonl", |b| b[at] ^= 1);
    let (code, said) = home.run(&["log", "verify", bad.to_str().unwrap()]);
    assert_eq!(code, 1, "{said}");
    let seq = records[n]["seq"].to_string();
    assert!(said.contains(&seq), "record {seq} is named: {said}");
    std::fs::remove_file(bad).unwrap();

    replays(&home);
}

/// The tape gives the same again with nothing attached; a changed byte does not.
fn replays(home: &Home) {
    let tape = home.only("tape");
    let before = home.files();
    let (code, said) = home.run(&["replay", tape.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the same effects and the same screen") && !said.contains("0 marks"), "{said}");
    assert!(said.contains("ANDON") && said.contains("CHECKOUT"), "its last screen is shown: {said}");
    assert_eq!(home.files(), before, "a replay writes nothing");

    let bytes = std::fs::read(&tape).unwrap();
    for at in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 20] {
        let bad = copy(&tape, "changed.tape", |b| b[at] ^= 1);
        let (code, said) = home.run(&["replay", bad.to_str().unwrap()]);
        assert_eq!(code, 1, "byte {at} of {}: {said}", bytes.len());
        std::fs::remove_file(bad).unwrap();
    }
}

#[test]
fn three_keys_from_a_cold_start_send_the_roll_back() {
    // An early `Y` says "again", and where the intent takes half a second a name is due: no machine stands still three times.
    assert!((0..3).any(|_| three_keys()), "three keys did not send it, three times");
}

/// `a r Y`, each once: was it sent?
fn three_keys() -> bool {
    let home = Home::new("three");
    let mut pty = home.andon(&["drill", "--speed", "60"]);
    // Bytes before the keys are only looked at: the cursor stands on what the console chose, as at a page.
    worse(&mut pty);
    let text = headline(&pty);
    assert!(text.starts_with("CHECKOUT"), "{text}");
    pty.keys("a r");
    pty.wait_for("WILL SEND");
    std::thread::sleep(Duration::from_millis(1_000));
    pty.keys("Y");
    let sent = |pty: &Pty| pty.look(|g: &Grid| g.contains("ROLLING BACK") || g.contains("ROLLED BACK"));
    let begun = Instant::now();
    while !sent(&pty) {
        if begun.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    settled(&mut pty);
    true
}

#[test]
fn what_is_typed_into_the_wrong_pane_sends_nothing() {
    let home = Home::new("pane");
    let mut pty = home.andon(&["drill", "--speed", "30"]);
    worse(&mut pty);
    arm(&mut pty);
    for text in
        ["kubectl rollout undo deploy/checkout -n shop\r", "Yes please, a r Y a p Y\r", "\x1b[200~a r Y\x1b[201~"]
    {
        pty.send(text);
        std::thread::sleep(Duration::from_millis(200));
        pty.keys("Esc Esc");
    }
    // Replies of a terminal that nobody asked, and the debris of keys cut in the middle.
    pty.send("\x1b[?64;1;2c\x1b]11;rgb:a a/r r/Y Y\x1b\\\x1bP1$r0mY\x1b\\\x1b[1;5Y\x1b[<0;3;3M");
    std::thread::sleep(Duration::from_millis(300));
    pty.keys("Esc Esc");
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.wait_exit(), 143);
    let text = std::fs::read_to_string(home.only("jsonl")).unwrap();
    assert!(!text.contains("\"kind\":\"intent\"") && !text.contains("\"kind\":\"sent\""), "{text}");
    assert!(text.contains("\"kind\":\"armed\""));
}
