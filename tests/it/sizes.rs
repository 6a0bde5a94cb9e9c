//! Every size from 1x1 to 400x150 is drawn; below 40x10 there are words, and `q` and `?` work.

use crate::home::Home;
use andon::testkit::picture::text;
use andon::testkit::{World, stories};

fn states() -> Vec<(&'static str, World)> {
    let opened = |keys: &str| {
        let mut w = stories::worse();
        w.keys(keys).planned().flush();
        w
    };
    vec![
        ("verdict", stories::worse()),
        ("board", opened("b")),
        ("runbook", opened("r")),
        ("sources", opened("o")),
        ("incident", opened("i")),
        ("log", andon::testkit::states_log::browsing("j")),
        ("record", andon::testkit::states_log::browsing("j enter")),
        ("dialog", opened("a r")),
        ("menu", opened("a")),
        ("note", opened("n")),
        ("help", opened("?")),
        ("why", opened("enter")),
        ("first list", stories::choosing()),
    ]
}

#[test]
fn every_size_is_drawn_in_every_state() {
    let few = |w: u16| w <= 4 || (36..=42).contains(&w) || w.is_multiple_of(29) || w == 400;
    let flat = |h: u16| h <= 12 || h.is_multiple_of(37) || h == 150;
    for (name, w) in states() {
        let mut drawn = 0;
        for width in (1..=400).filter(|w| few(*w)) {
            for height in (1..=150).filter(|h| flat(*h)) {
                // Along the edges all of them, inside a lattice.
                if width > 42 && height > 12 && !(width + height).is_multiple_of(9) {
                    continue;
                }
                let buf = w.draw(width, height);
                assert_eq!((buf.area.width, buf.area.height), (width, height), "{name}");
                drawn += 1;
            }
        }
        assert!(drawn > 300, "{name}: {drawn}");
    }
}

#[test]
fn below_40x10_it_says_what_it_needs_and_two_keys_work() {
    for (width, height) in [(39, 23), (80, 9), (30, 6), (20, 4)] {
        let mut w = stories::worse();
        w.send(andon::core::msg::Msg::Resize { width, height });
        let all = text(&w.draw(width, height));
        assert!(all.contains("40x10") && all.contains('q') && all.contains('?'), "{all}");
        w.keys("?");
        let help = text(&w.draw(width, height));
        assert_ne!(help, all, "{width}x{height}: ? shows the help");
        assert!(help.to_lowercase().contains("help") || help.contains('?'), "{help}");
        w.keys("esc q");
        let left = w.effects.iter().any(|e| matches!(e, andon::core::effect::Effect::Quit(0)));
        assert!(left, "q leaves at {width}x{height}");
    }
}

#[test]
fn a_new_size_in_a_dialog_starts_its_delay_again() {
    let mut w = stories::worse();
    w.keys("a r").planned().flush().wait(1_100);
    let acts = |w: &World| w.model.acts.len();
    w.send(andon::core::msg::Msg::Resize { width: 120, height: 40 });
    w.flush();
    w.keys("Y");
    assert_eq!(acts(&w), 0, "120 ms after the new frame is too early");
    w.wait(1_100).keys("Y");
    assert_eq!(acts(&w), 1, "and later it counts");

    // Too small to show the dialog: it is not on screen, so nothing can be confirmed however long one waits.
    let mut w = stories::worse();
    w.keys("a r").planned().flush().wait(1_100);
    w.send(andon::core::msg::Msg::Resize { width: 30, height: 6 });
    if let Some(id) = w.drawn(30, 6, &andon::ui::Look::shipped()).1.dialog {
        w.send(andon::core::msg::Msg::Flushed(id));
    }
    w.wait(60_000).keys("Y");
    assert_eq!(acts(&w), 0);
}

#[test]
fn after_a_stop_the_delay_starts_again() {
    let mut w = stories::worse();
    w.keys("a r").planned().flush().wait(5_000);
    w.send(andon::core::msg::Msg::Stopped);
    w.wait(60_000).send(andon::core::msg::Msg::Resumed);
    // Typed ahead for the shell: it arrives before the dialog stands on screen again.
    w.keys("Y");
    assert_eq!(w.model.acts.len(), 0, "nobody has seen the dialog since the stop");
    w.flush().keys("Y");
    assert_eq!(w.model.acts.len(), 0, "120 ms after it is back is too early");
    w.wait(1_100).keys("Y");
    assert_eq!(w.model.acts.len(), 1, "and later it counts");
}

#[test]
fn a_late_word_of_the_frame_without_a_plan_starts_no_delay() {
    let mut w = stories::worse();
    w.keys("a r");
    let reading = w.model.dialog.as_ref().map(|d| d.id).expect("a dialog");
    // The plan came while that frame was still on its way to a slow terminal.
    w.planned();
    w.send(andon::core::msg::Msg::Flushed(reading));
    w.wait(5_000).keys("Y");
    assert_eq!(w.model.acts.len(), 0, "the plan was never on screen");
    w.flush().wait(1_100).keys("Y");
    assert_eq!(w.model.acts.len(), 1);
}

#[test]
fn a_stop_disarms_and_closes_nothing_else() {
    let mut w = stories::armed();
    assert!(w.model.is_armed());
    w.send(andon::core::msg::Msg::Stopped);
    assert!(!w.model.is_armed());
    w.send(andon::core::msg::Msg::Resumed);
    assert!(!w.model.is_armed(), "and coming back does not arm");
}

/// A thousand sizes, one every 5 ms, under the real program; then a size at which it must be right.
#[test]
fn a_thousand_resizes_leave_it_whole() {
    let home = Home::new("storm");
    let mut pty = home.andon(&["drill", "calm"]);
    crate::console_pty::awake(&mut pty);
    let before = crate::process::resident(pty.pid());
    let mut n = 7_u32;
    for _ in 0..1_000 {
        n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (cols, rows) = (1 + (n >> 8) % 400, 1 + (n >> 20) % 150);
        pty.resize(u16::try_from(cols).unwrap(), u16::try_from(rows).unwrap());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    pty.resize(80, 23);
    crate::console_pty::awake(&mut pty);
    pty.wait_until("the top row of 80x23", |g| g.lines()[0].starts_with("ANDON  DRILL"));
    let after = crate::process::resident(pty.pid());
    println!("resident {before} KiB, after a thousand resizes {after} KiB");
    assert!(after < before + 32 * 1024, "{before} KiB became {after} KiB");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
}
