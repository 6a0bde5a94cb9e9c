//! `:reload` and `:theme` as the core takes them, and looks by flag, variable and file in the real program.

use crate::home::Home;
use crate::pty::Pty;
use andon::config::keymap;
use andon::core::effect::Effect;
use andon::core::msg::{Msg, Reloaded};
use andon::testkit::picture::text;
use andon::testkit::{World, stories};
use std::sync::Arc;

/// What a front with files answers when nothing has changed.
fn same() -> Reloaded {
    Reloaded { theme: "default".into(), themes: vec!["default".into()], ..Reloaded::default() }
}

fn other_keys() -> Reloaded {
    let (map, problems) = keymap::keymap("mine.toml", "[global]\n\"a q\" = \"roll-back\"\n\"a r\" = \"none\"\n");
    assert_eq!(problems, []);
    Reloaded { keymap: Some(map), changes: vec!["2 keys changed".into()], ..same() }
}

fn reload(w: &mut World, r: Reloaded) -> String {
    w.send(Msg::Reloaded(Box::new(r)));
    w.model.notice.as_ref().map_or(String::new(), |n| n.0.to_string())
}

fn sent(w: &World) -> usize {
    w.effects.iter().filter(|e| matches!(e, Effect::Perform { .. })).count()
}

#[test]
fn changed_keys_under_an_open_dialog_close_it_and_start_nothing() {
    let mut w = stories::worse();
    w.keys("a r").planned().flush().wait(1_000);
    assert!(w.model.dialog.is_some());
    let said = reload(&mut w, other_keys());
    assert_eq!(said, "2 keys changed; the dialog is closed, nothing was started");
    assert!(w.model.dialog.is_none() && w.model.acts.is_empty());
    w.keys("Y").wait(1_000);
    assert_eq!((sent(&w), w.model.acts.len()), (0, 0));
    // The new keys are there, on screen too.
    w.keys("a");
    assert!(text(&w.draw(80, 23)).contains(" q "));
    w.keys("q");
    assert!(w.model.dialog.is_some());
}

#[test]
fn a_half_typed_chord_is_dropped_with_the_keys_it_was_meant_with() {
    let mut w = stories::worse();
    w.keys("a");
    assert!(!w.model.nav.pending.is_empty());
    assert_eq!(reload(&mut w, other_keys()), "2 keys changed; the menu is closed");
    assert!(w.model.nav.pending.is_empty() && w.model.nav.menu_target.is_none());
    w.keys("q");
    assert!(w.model.dialog.is_none());
}

#[test]
fn unchanged_keys_leave_an_open_dialog_alone() {
    let mut w = stories::worse();
    w.keys("a r").planned();
    let id = w.model.dialog.as_ref().map(|d| d.id);
    assert_eq!(reload(&mut w, same()), "nothing has changed");
    assert_eq!(w.model.dialog.as_ref().map(|d| d.id), id);
    let light = Reloaded { theme: "light".into(), changes: vec!["theme light".into()], ..same() };
    assert_eq!(reload(&mut w, light), "theme light");
    assert_eq!(w.model.dialog.as_ref().map(|d| d.id), id);
    assert_eq!(&*w.model.settings.theme, "light");
}

#[test]
fn a_fault_is_told_and_shown_and_goes_when_it_is_mended() {
    let mut w = stories::worse();
    let fault: Arc<str> = "themes/night.toml:2:14   \"raed\" is not a colour".into();
    let bad = Reloaded { fault: Some(fault.clone()), problems: vec![fault.clone()], ..same() };
    assert_eq!(reload(&mut w, bad), format!("{fault}; what was in force stays"));
    assert_eq!(w.model.problems, [fault]);
    reload(&mut w, same());
    assert!(w.model.problems.is_empty());
}

#[test]
fn a_reload_while_armed_leaves_arming_and_policy_as_they_are() {
    let mut w = stories::armed();
    let (until, limits) = (w.model.armed_until, w.model.limits.clone());
    assert!(until.is_some());
    reload(&mut w, other_keys());
    assert_eq!((w.model.armed_until, w.model.limits.clone()), (until, limits));
}

#[test]
fn a_front_without_files_changes_nothing() {
    let mut w = stories::worse().given(|m| m.settings.theme = "light".into());
    assert_eq!(reload(&mut w, Reloaded::default()), "no keymap or theme file is in use here");
    assert_eq!(&*w.model.settings.theme, "light");
}

#[test]
fn a_theme_is_told_and_a_refused_one_is_not_taken() {
    let mut w = stories::worse();
    w.send(Msg::Themed { name: "mono".into(), refused: None });
    assert_eq!(&*w.model.settings.theme, "mono");
    w.send(Msg::Themed { name: "moon".into(), refused: Some("there is no theme \"moon\"".into()) });
    assert_eq!(&*w.model.settings.theme, "mono");
    assert!(w.model.notice.as_ref().is_some_and(|n| n.0.contains("no theme")));
}

fn awake(pty: &mut Pty) {
    pty.wait_until("the drill", |g| g.contains("DRILL") && g.contains("a acts on"));
}

fn wrote(pty: &Pty, what: &str) -> bool {
    String::from_utf8_lossy(&pty.raw()).contains(what)
}

#[test]
fn a_theme_by_flag_colours_the_whole_screen_at_the_terminal_s_depth() {
    for (env, background) in [(("COLORTERM", "truecolor"), "48;2;255;255;255"), (("COLORTERM", ""), "48;5;231")] {
        let home = Home::new("light");
        let mut pty = home.andon_with(&["--theme", "light", "drill", "calm"], &[env], 80, 23);
        awake(&mut pty);
        assert!(wrote(&pty, background), "{env:?}");
        pty.keys("q");
        assert_eq!(pty.wait_exit(), 0);
        assert_eq!(pty.modes_restored(), Ok(()));
    }
}

#[test]
fn a_theme_that_is_not_there_is_refused_before_the_screen_is_taken() {
    let home = Home::new("nolight");
    let mut pty = home.andon(&["--theme", "lihgt", "drill"]);
    assert_eq!(pty.wait_exit(), 2);
    assert!(pty.screen().join(" ").contains("did you mean \"light\"?"), "{:?}", pty.screen());
}

#[test]
fn the_config_s_colour_level_goes_before_no_color_and_the_flag_before_it() {
    let home = Home::new("level");
    home.config("color = \"256\"\ntheme = \"light\"\nreduced_motion = true\n");
    let env = [("NO_COLOR", "1"), ("COLORTERM", "truecolor")];
    let mut pty = home.andon_with(&["drill", "calm"], &env, 80, 23);
    awake(&mut pty);
    assert!(wrote(&pty, "48;5;231") && !wrote(&pty, "48;2;"));
    // No seconds on the clock: that would be motion.
    let row = pty.screen()[0].clone();
    assert!(row.trim_end().chars().rev().nth(3) == Some(':'), "{row}");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    let mut pty = home.andon_with(&["--color", "never", "drill", "calm"], &env, 80, 23);
    awake(&mut pty);
    assert!(!wrote(&pty, "48;"));
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
}

/// `:` and a line, at a finger's pace.
fn say(pty: &Pty, line: &str) {
    pty.keys(":");
    for c in line.chars() {
        let name = if c == ' ' { "Space".to_owned() } else { c.to_string() };
        pty.keys(&name);
    }
    pty.keys("Enter");
}

#[test]
fn edited_files_are_taken_up_while_it_runs_and_faulty_ones_are_not() {
    let home = Home::new("reload");
    home.config("theme = \"night\"\nkeymap = \"mine\"\n");
    home.file(".config/andon/themes/night.toml", "[roles]\nplace = { fg = \"#010203\", bg = \"#ffffff\" }\n");
    home.file(".config/andon/keymaps/mine.toml", "[global]\n\"B\" = \"board\"\n");
    let mut pty = home.andon_with(&["drill", "calm"], &[("COLORTERM", "truecolor")], 80, 23);
    awake(&mut pty);
    home.file(".config/andon/themes/night.toml", "[roles]\ndrill = { fg = \"#112233\", bg = \"#ffffff\" }\n");
    home.file(".config/andon/keymaps/mine.toml", "[global]\n\"Z\" = \"board\"\n");
    say(&pty, "reload");
    pty.wait_for("2 keys changed, theme night changed");
    assert!(wrote(&pty, "38;2;17;34;51"));
    pty.keys("v");
    pty.wait_for("Z board");
    pty.keys("Z");
    pty.wait_for("SERVICE");

    home.file(".config/andon/keymaps/mine.toml", "[global]\n\"Z\" = \"bord\"\n");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    say(&pty, "reload");
    pty.keys("o");
    // A long path wraps wherever the checkout's own path puts the edge.
    pty.wait_until("the fault's place", |g| {
        g.lines().iter().map(|l| l.trim()).collect::<String>().contains("mine.toml:2:7")
    });
    // The key that was in force still is.
    pty.keys("v Z");
    pty.wait_for("SERVICE");

    std::thread::sleep(std::time::Duration::from_millis(1_100));
    say(&pty, "theme light");
    pty.wait_for("theme light");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
    assert!(wrote(&pty, "48;2;255;255;255"));
}
