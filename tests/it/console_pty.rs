//! The real program in a terminal, without any server: opening, keys, sizes, leaving, and what it must never write.

use crate::home::Home;
use crate::pty::Pty;
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// The Board or the Verdict of a drill, whichever it opened with.
const DRILL: &str = "DRILL";

#[track_caller]
pub fn awake(pty: &mut Pty) {
    pty.wait_until("the Board or the Verdict", |g| {
        g.contains(DRILL) && g.contains("a acts on") && !g.contains("WAKING")
    });
}

#[track_caller]
fn leaves(mut pty: Pty) {
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
    assert_eq!(pty.asked(), None, "nothing is ever asked of the terminal");
}

#[test]
fn without_config_and_kubeconfig_the_drill_opens() {
    let home = Home::new("bare");
    let mut pty = home.andon(&[]);
    awake(&mut pty);
    let top = pty.screen()[0].clone();
    assert!(top.starts_with("ANDON  DRILL") && top.contains("LOOK-ONLY"), "{top}");
    leaves(pty);
    assert!(home.path().join(".local/state/andon/drill").is_dir());
}

#[test]
fn the_kubeconfig_makes_the_first_list() {
    let home = Home::new("list");
    home.kubeconfig(&["prod-eu-1", "staging-7"]);
    let mut pty = home.andon(&[]);
    pty.wait_for("prod-eu-1");
    pty.wait_for("staging-7");
    // There is no target and no screen to go to: act and screen keys do nothing here.
    pty.keys("a r Y v b o n 9");
    pty.keys("?");
    pty.wait_for("HELP");
    pty.keys("Esc");
    pty.wait_for("staging-7");
    // d plays the drill, in the same terminal.
    pty.keys("d");
    awake(&mut pty);
    leaves(pty);

    // Enter opens the context that is chosen; nobody listens there.
    let mut pty = home.andon(&[]);
    pty.wait_for("staging-7");
    pty.keys("j Enter");
    pty.wait_for("LOOK-ONLY");
    // A key that ends the waking screen makes the console deaf for 300 ms: let it wake by itself.
    pty.wait_until("awake", |g| g.contains("LOOK-ONLY") && !g.contains("WAKING"));
    pty.keys("o");
    pty.wait_until("the source in red with its reason", |g| g.contains("127.0.0.1:9") || g.contains("refused"));
    pty.keys("b");
    pty.wait_until("the Board", |g| !g.contains("refused:"));
    pty.keys("?");
    pty.wait_for("HELP");
    // One at a time: on a busy machine Esc and a letter can be read as Alt and that letter.
    pty.keys("Esc");
    pty.wait_until("help closed", |g| !g.contains("HELP"));
    pty.keys("n");
    pty.wait_for("ctrl-o");
    pty.send("still usable");
    pty.wait_for("still usable");
    pty.keys("C-o q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
}

#[test]
fn a_hostile_context_name_is_drawn_escaped() {
    let home = Home::new("hostile");
    home.kubeconfig(&["prod\u{1b}]0;pwned\u{7}\u{1b}[2J", "abc\u{202e}dlrow"]);
    let mut pty = home.andon(&[]);
    pty.wait_for("prod");
    pty.wait_for("abc");
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    assert!(!raw.contains("\u{1b}]0;") && !raw.contains('\u{202e}') && !raw.contains('\u{7}'), "{raw:?}");
    assert!(pty.screen().join("\n").contains("]0;pwned"), "it is shown, not hidden: {:?}", pty.screen());
    // Opened and red, it is still only text.
    pty.keys("j Enter");
    pty.wait_for("LOOK-ONLY");
    pty.keys("o");
    pty.wait_for("dlrow");
    assert!(!String::from_utf8_lossy(&pty.raw()).contains('\u{202e}'));
    leaves(pty);
}

#[test]
fn every_screen_has_its_key_and_help_lists_the_loaded_map() {
    let home = Home::new("keys");
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    pty.keys("v");
    pty.wait_for("YOU CAN");
    pty.keys("b");
    pty.wait_for("SERVICE");
    pty.keys("o");
    pty.wait_for("CALLS/MIN");
    pty.keys("Esc");
    pty.wait_for("SERVICE");
    let chosen = |pty: &Pty| pty.screen().into_iter().find(|l| l.starts_with('>'));
    let first = chosen(&pty);
    pty.keys("j");
    pty.wait_until("another row", |g| g.lines().into_iter().find(|l| l.starts_with('>')) != first);
    pty.keys("k");
    pty.wait_until("the first row", |g| g.lines().into_iter().find(|l| l.starts_with('>')) == first);
    pty.keys("Enter");
    pty.wait_for("j/k scroll");
    pty.keys("Esc r");
    pty.wait_for("RUNBOOK");
    pty.keys("?");
    pty.wait_for("HELP");
    pty.wait_for("a r");
    pty.keys("Esc");
    pty.wait_until("no help", |g| !g.contains("HELP"));
    pty.keys("b C-l");
    pty.wait_for("SERVICE");
    leaves(pty);
}

#[test]
fn a_map_of_ones_own_changes_keys_hints_help_and_act_menu() {
    let home = Home::new("keymap");
    home.config("keymap = \"mine\"\n");
    home.file(".config/andon/keymaps/mine.toml", "[global]\n\"a r\" = \"none\"\n\"a j\" = \"roll-back\"\n");
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    pty.wait_for("j roll back");
    assert!(!pty.look(|g| g.contains("r roll back")));
    pty.keys("?");
    pty.wait_for("a j");
    assert!(!pty.look(|g| g.contains(" a r ")));
    pty.keys("Esc a");
    pty.wait_until("j in the act menu", |g| g.contains("ACT ON") && g.contains(" j "));
    pty.keys("r");
    pty.wait_for("no such act");
    pty.keys("a j");
    pty.wait_for("ROLL BACK");
    pty.keys("Esc");
    pty.wait_for("nothing was started");
    leaves(pty);
}

#[test]
fn a_note_is_kept_and_the_log_reads_back() {
    let home = Home::new("note");
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    pty.keys("n");
    pty.wait_for("keep it in the log");
    pty.send("the second line ");
    pty.keys("Enter");
    pty.send("is here");
    pty.wait_for("is here");
    pty.keys("C-o");
    pty.wait_until("the note in the log strip", |g| {
        g.lines().iter().any(|l| l.contains("second line") && l.contains("03:0"))
    });
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    let head = pty.screen().join("");
    let head = head.split_once("log head ").expect("the head is printed").1[..64].to_owned();
    let log = home.only("jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.trim_end().ends_with(&format!("\"hash\":\"{head}\"}}")), "{text}");
    let (code, said) = home.run(&["log", "tail", "--dir", log.parent().unwrap().to_str().unwrap()]);
    assert!(code == 0 && said.contains("second line") && said.contains("is here"), "{code} {said}");
}

#[test]
fn an_armed_console_asks_for_a_second_q_and_suspending_disarms() {
    let home = Home::new("armed");
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    arm(&mut pty);
    pty.keys("C-z");
    pty.wait_stopped();
    assert_eq!(pty.modes_restored(), Ok(()));
    let before = pty.bytes();
    pty.signal(Signal::CONT);
    pty.wait_until("LOOK-ONLY again", |g| g.alternate() && g.contains("LOOK-ONLY") && g.contains("a acts on"));
    let repaint = String::from_utf8_lossy(&pty.raw()[before..]).into_owned();
    assert!(repaint.contains("\x1b[2J") && repaint.contains("DRILL"), "everything is drawn again");
    arm(&mut pty);
    pty.keys("q");
    pty.wait_for("q again");
    leaves(pty);
}

#[track_caller]
pub fn arm(pty: &mut Pty) {
    pty.keys("a a");
    pty.wait_for("Y arm");
    yes(pty, |pty| pty.look(|g| g.contains("ARMED")));
}

/// Leaves for good: what is in flight may ask for a second `q`.
#[track_caller]
pub fn leave(pty: &mut Pty) {
    let end = Instant::now() + Duration::from_secs(60);
    while pty.runs() {
        assert!(Instant::now() < end, "it stays:\n{}", pty.screen().join("\n"));
        pty.keys("q");
        let asked = Instant::now();
        while pty.runs() && asked.elapsed() < Duration::from_millis(1_500) && !pty.look(|g| g.contains("q again")) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert_eq!(pty.wait_exit(), 0);
}

/// Confirms the dialog that is open, until `done`. `Y` counts only some time after the dialog was drawn; an early one says
/// "again" and keeps it open. Where the disk or the machine takes half a second for the intent, a name is due and typed.
#[track_caller]
pub fn yes(pty: &mut Pty, done: impl Fn(&Pty) -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done(pty) {
        assert!(Instant::now() < end, "never done:\n{}", pty.screen().join("\n"));
        std::thread::sleep(Duration::from_millis(900));
        let due =
            pty.screen().iter().find_map(|l| Some(l.split_once(" type ")?.1.split_once(" and enter:")?.0.to_owned()));
        if let Some(name) = due {
            // A `Y` of ours may stand there.
            pty.keys("Backspace Backspace Backspace");
            name.chars().for_each(|c| pty.keys(&c.to_string()));
            std::thread::sleep(Duration::from_millis(900));
            pty.keys("Enter");
        } else if !done(pty) {
            pty.keys("Y");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn signals_and_a_hang_up_end_it() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let home = Home::new("signal");
        let mut pty = home.andon(&["drill", "calm"]);
        awake(&mut pty);
        pty.signal(signal);
        assert_eq!(pty.wait_exit(), code);
        assert_eq!(pty.modes_restored(), Ok(()), "{signal:?}");
        let (code, said) = home.run(&["log", "verify", home.only("jsonl").to_str().unwrap()]);
        assert_eq!(code, 0, "the log is closed and whole: {said}");
    }
    let home = Home::new("hangup");
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    let began = Instant::now();
    pty.hangup();
    assert_eq!(pty.wait_exit(), 129);
    println!("gone {} ms after the hang-up", began.elapsed().as_millis());
}

#[test]
fn every_size_is_drawn_and_the_smallest_says_so() {
    let home = Home::new("sizes");
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    pty.resize(60, 15);
    pty.wait_until("60x15", |g| g.contains("DRILL") && g.lines()[13].len() > 10);
    pty.resize(39, 9);
    pty.wait_for("40x10");
    pty.keys("?");
    pty.resize(200, 50);
    pty.wait_until("200x50", |g| g.lines()[0].chars().count() > 20 && g.contains("a acts on"));
    pty.keys("Esc b");
    pty.resize(80, 23);
    awake(&mut pty);
    assert!(pty.screen()[0].starts_with("ANDON  DRILL"), "{:?}", pty.screen());
    // `q` works where there is no room for anything else.
    pty.resize(10, 2);
    pty.wait_until("words", |g| !g.contains("DRILL"));
    leaves(pty);
}
