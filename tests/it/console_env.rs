//! The real program where its surroundings are not as usual: broken files, odd terminals, no colours.

use crate::home::Home;
use crate::pty::Pty;

#[track_caller]
fn awake(pty: &mut Pty) {
    pty.wait_until("the drill", |g| g.contains("DRILL") && g.contains("a acts on"));
}

#[test]
fn a_broken_config_starts_with_the_rest_and_says_so() {
    let home = Home::new("broken");
    home.config("keymap = \"nowhere\"\ntheme = \"nowhere\"\nread_only = maybe\n[environment\n");
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    pty.wait_until("the alarm row", |g| g.lines()[2].contains("config"));
    pty.keys("o");
    // A long path wraps wherever the checkout's own path puts the edge.
    pty.wait_until("the file's name", |g| {
        g.lines().iter().map(|l| l.trim()).collect::<String>().contains("config.toml")
    });
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    let (code, said) = home.run(&["config", "check"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("config.toml:"), "{said}");
}

#[test]
fn a_theme_and_a_keymap_that_are_not_there_fall_back() {
    let home = Home::new("fallback");
    home.config("keymap = \"mine\"\ntheme = \"nowhere\"\n");
    home.file(".config/andon/keymaps/mine.toml", "[global]\n\"a r\" = \"no-such-thing\"\n\"B\" = \"board\"\n");
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    pty.wait_until("the alarm row counts the faults", |g| !g.lines()[2].is_empty());
    // What is sound of the map applies, what is not falls back.
    pty.wait_for("r roll back");
    pty.keys("v B");
    pty.wait_for("SERVICE");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
}

#[test]
fn a_terminal_without_a_screen_is_refused_with_2() {
    let home = Home::new("dumb");
    let mut pty = home.andon_with(&["drill"], &[("TERM", "dumb")], 80, 23);
    assert_eq!(pty.wait_exit(), 2);
    assert!(pty.screen()[0].starts_with("andon: "), "{:?}", pty.screen());
    let mut pty = home.andon_with(&["drill"], &[("TERM", "")], 80, 23);
    assert_eq!(pty.wait_exit(), 2);
    // No variable at all, and no terminal either.
    let (code, said) = home.run(&["drill"]);
    assert_eq!(code, 2, "{said}");
    assert_eq!(home.files(), Vec::<std::path::PathBuf>::new(), "nothing was begun");
}

/// The numbers of every SGR the program wrote.
fn attributes(pty: &Pty) -> Vec<u16> {
    let raw = pty.raw();
    let text = String::from_utf8_lossy(&raw).into_owned();
    let mut found = Vec::new();
    for part in text.split("\x1b[").skip(1) {
        let end = part.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':')).unwrap_or(part.len());
        if part[end..].starts_with('m') {
            found.extend(part[..end].split([';', ':']).map(|n| n.parse::<u16>().unwrap_or(0)));
        }
    }
    found
}

#[test]
fn no_color_writes_no_colour_and_keeps_bold_and_reverse() {
    let home = Home::new("nocolor");
    let mut pty = home.andon_with(&["drill"], &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")], 80, 23);
    awake(&mut pty);
    pty.keys("v b o r ? Esc a h");
    pty.wait_for("HOLD");
    let used = attributes(&pty);
    let colour = |n: &u16| matches!(n, 30..=38 | 40..=48 | 90..=97 | 100..=107);
    assert_eq!(used.iter().copied().filter(|n| colour(n)).collect::<Vec<_>>(), Vec::<u16>::new());
    assert!(used.contains(&1) || used.contains(&7), "bold or reverse says it instead: {used:?}");
    pty.keys("Esc q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));

    // The check can fail: with colours there are some.
    let mut pty = home.andon(&["drill"]);
    awake(&mut pty);
    pty.keys("v b");
    pty.wait_for("SERVICE");
    assert!(attributes(&pty).iter().any(colour));
}

#[test]
fn common_terminals_all_draw() {
    for term in ["linux", "screen", "tmux-256color", "xterm", "xterm-256color", "vt220"] {
        let home = Home::new("term");
        let mut pty = home.andon_with(&["drill", "calm"], &[("TERM", term)], 80, 23);
        awake(&mut pty);
        pty.keys("j a h");
        pty.wait_for("HOLD");
        pty.keys("Esc q");
        assert_eq!(pty.wait_exit(), 0, "{term}");
        assert_eq!(pty.modes_restored(), Ok(()), "{term}");
        assert_eq!(pty.asked(), None, "{term}");
    }
}

#[test]
fn ascii_is_ascii() {
    let home = Home::new("ascii");
    let mut pty = home.andon(&["--ascii", "drill"]);
    awake(&mut pty);
    pty.keys("v b o r a h");
    pty.wait_for("HOLD");
    assert!(pty.raw().is_ascii());
    pty.keys("Esc q");
    assert_eq!(pty.wait_exit(), 0);
}
