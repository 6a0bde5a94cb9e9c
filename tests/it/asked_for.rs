//! What a person has to ask for: the mouse, the bell, the window's title. Without being asked none of them is on the
//! line; with it they look and tell, and never act.

use crate::home::Home;
use andon::core::effect::Effect;
use andon::core::model::Place;
use andon::core::msg::{Msg, Picked};
use andon::core::nav::{Overlay, Screen};
use andon::testkit::stories;
use andon::testkit::world::World;
use andon::ui::Look;
use rustix::process::Signal;
use std::time::{Duration, Instant};

fn with_mouse(mut w: World) -> World {
    w.model.settings.mouse = true;
    w
}

/// What a click on the row that shows this text chooses.
fn at(w: &World, text: &str, size: (u16, u16)) -> Option<Picked> {
    let mut look = w.model.clone();
    (look.width, look.height) = size;
    let (buf, drawn) = w.drawn(size.0, size.1, &Look::shipped());
    let row = |y: u16| (0..size.0).map(|x| buf[(x, y)].symbol()).collect::<String>();
    let y = (3..size.1 - 2).find(|y| row(*y).contains(text))?;
    let x = u16::try_from(row(y).find(text)?).ok()?;
    drawn.hits.iter().find(|(r, _)| r.contains((x, y).into())).map(|(_, p)| p.clone())
}

#[test]
fn a_click_selects_what_was_drawn_and_the_wheel_moves() {
    let mut w = with_mouse(stories::worse_on(Place::Drill, "b"));
    let picked = at(&w, "search", (80, 23)).expect("a row of the Board");
    assert_eq!(picked, Picked::Service("search".into()));
    w.send(Msg::Picked(picked));
    assert_eq!(w.model.nav.selected.as_ref().map(|s| s.as_str()), Some("search"));
    let was = w.model.nav.selected.clone();
    w.send(Msg::Wheel(-1));
    assert_ne!(w.model.nav.selected, was);
    // What is gone by now is not chosen, and nothing in its place.
    w.send(Msg::Picked(Picked::Service("gone".into())));
    assert_ne!(w.model.nav.selected.as_ref().map(|s| s.as_str()), Some("gone"));
    w.keys("o");
    let picked = at(&w, "metrics", (80, 23)).expect("a source");
    w.send(Msg::Picked(picked));
    assert_eq!(w.model.world.sources.keys().nth(w.model.nav.source_row).map(|s| s.as_str()), Some("metrics"));
    // A page scrolls and ends where it ends.
    w.keys("b ?").send(Msg::Wheel(1));
    assert_eq!(w.model.nav.overlay, Some(Overlay::Help { scroll: 3 }));
    w.send(Msg::Wheel(-9));
    assert_eq!(w.model.nav.overlay, Some(Overlay::Help { scroll: 0 }));
    assert!(w.drawn(80, 23, &Look::shipped()).1.hits.is_empty(), "nothing to choose under a page");
}

#[test]
fn the_mouse_never_opens_closes_or_confirms_and_does_nothing_unasked() {
    for keys in ["a", "a r", "a a", ":", "n", "/"] {
        let mut w = with_mouse(stories::armed());
        w.keys(keys).flush().wait(2_000);
        let (dialog, nav, sent) = (w.model.dialog.clone(), w.model.nav.clone(), w.effects.len());
        for _ in 0..50 {
            for msg in [Msg::Wheel(1), Msg::Picked(Picked::Service("checkout".into())), Msg::Picked(Picked::Step(1))] {
                w.wait(20).send(msg);
            }
        }
        assert_eq!(w.model.dialog.as_ref().map(|d| d.id), dialog.map(|d| d.id), "{keys}");
        assert_eq!(w.model.nav, nav, "{keys}");
        assert_eq!(w.effects.len(), sent, "{keys}");
    }
    let mut w = stories::worse_on(Place::Drill, "b");
    let nav = w.model.nav.clone();
    w.send(Msg::Wheel(1)).send(Msg::Picked(Picked::Service("search".into())));
    assert_eq!(w.model.nav, nav);
}

fn bells(w: &World) -> usize {
    w.effects.iter().filter(|e| **e == Effect::Bell).count()
}

#[test]
fn the_bell_rings_once_for_new_trouble_and_not_for_a_hand() {
    let mut w = stories::calm();
    w.model.settings.bell = true;
    w.keys("j k").wait(1_000);
    assert_eq!(bells(&w), 0);
    w.model.log.failed = Some("disk full".into());
    w.keys("j").wait(1_000);
    assert_eq!(bells(&w), 1, "the log cannot be written: new, and on the alarm row");
    w.keys("k j v b").wait(60_000);
    assert_eq!(bells(&w), 1, "it stands, and does not ring again");
    // Over, and come again after the ten seconds.
    w.model.log.failed = None;
    w.keys("j").wait(1_000);
    w.model.log.failed = Some("disk full".into());
    w.keys("k").wait(1_000);
    assert_eq!(bells(&w), 2);
    w.model.log.failed = None;
    w.keys("j").wait(1_000);
    w.model.log.failed = Some("disk full".into());
    w.keys("k").wait(1_000);
    assert_eq!(bells(&w), 2, "at most one in ten seconds");
}

#[test]
fn choosing_another_row_beside_a_worse_one_rings_nothing_and_nobody_rings_unasked() {
    let mut w = stories::worse_on(Place::Drill, "b");
    w.model.settings.bell = true;
    w.keys("j j k k G g").wait(30_000);
    w.keys("j k j");
    assert_eq!(bells(&w), 0, "what stood when the bell came on is no news");
    let mut w = stories::calm();
    w.model.log.failed = Some("disk full".into());
    w.keys("j").wait(1_000);
    assert_eq!(bells(&w), 0);
    assert_ne!(w.model.nav.screen, Screen::Waking);
}

#[track_caller]
fn awake(pty: &mut crate::pty::Pty) {
    pty.wait_until("the Board or the Verdict", |g| g.contains("DRILL") && g.contains("a acts on"));
}

#[test]
fn unasked_there_is_no_bell_no_title_and_no_mouse_on_the_line() {
    let home = Home::new("unasked");
    let mut pty = home.andon(&["drill", "f1", "--speed", "60"]);
    awake(&mut pty);
    pty.send("\x1b[<0;5;6M\x1b[<0;5;6m\x1b[<65;5;6M");
    pty.wait_for("WORSE");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    for never in ["\x07", "\x1b]0;", "\x1b]2;", "?1000h", "?1002h", "?1003h", "?1006h", "\x1b[22;0t", "\x1b[23;0t"] {
        assert!(!raw.contains(never), "{never:?}");
    }
}

#[test]
fn asked_for_they_come_and_are_taken_back() {
    let home = Home::new("asked");
    let mut pty = home.andon(&["drill", "f1", "--speed", "60", "--mouse", "--bell", "--title"]);
    awake(&mut pty);
    pty.wait_for("WORSE");
    pty.keys("b");
    pty.wait_for("SERVICE");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    let place = |what: &str| raw.find(what).unwrap_or_else(|| panic!("{what:?} never came"));
    assert!(place("\x1b[?1000h") < place("\x1b[?1006h"));
    assert!(place("\x1b[22;0t") < place("\x1b]2;andon DRILL LOOK-ONLY"));
    assert!(raw.contains("\x1b]2;andon DRILL LOOK-ONLY - 1 worse"), "the title says what changed");
    // Its own end and the screen's come after the last title.
    let last = raw.rfind("\x1b]2;andon").unwrap();
    let back = raw.rfind("\x1b]2;\x1b\\\x1b[23;0t").expect("the title is given back");
    assert!(last < back && raw.rfind("?1000l").unwrap() > last);
    assert!(raw.matches('\x07').count() <= 12, "at most one bell in ten seconds");
}

#[test]
fn after_a_stop_that_nobody_could_foresee_the_title_that_comes_back_is_the_shell_s() {
    let home = Home::new("halted");
    let mut pty = home.andon(&["drill", "calm", "--title"]);
    awake(&mut pty);
    let entered = |pty: &crate::pty::Pty| String::from_utf8_lossy(&pty.raw()).matches("\x1b[?1049h").count();
    pty.signal(Signal::STOP);
    pty.wait_stopped();
    pty.signal(Signal::CONT);
    let begun = Instant::now();
    while entered(&pty) < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the screen was not taken again");
        std::thread::sleep(Duration::from_millis(5));
    }
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
}
