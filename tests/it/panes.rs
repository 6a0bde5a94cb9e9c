//! Where a person is: which pane has the keys, which row is chosen when rows come and go, where the cursor stands, and
//! what one key chooses.

use crate::layout::cells;
use andon::core::board;
use andon::core::effect::{Choice, Effect};
use andon::core::model::{Model, Place};
use andon::core::nav::{Pane, Screen};
use andon::core::world::fact::Fact;
use andon::core::world::source::Trouble;
use andon::testkit::picture::text;
use andon::testkit::{Canary, World, stories};
use andon::ui::Look;

#[test]
fn a_long_list_scrolls_with_the_selection_and_counts_what_is_out_of_sight() {
    let mut w = stories::many(1_000);
    w.keys("b + g");
    for keys in ["ctrl-d", "ctrl-d", "G", "k", "ctrl-u"] {
        w.keys(keys);
        let (buf, drawn) = w.drawn(80, 23, &Look::shipped());
        let all = text(&buf);
        let chosen = w.model.nav.selected.clone().expect("one is chosen");
        let place = board::listed(&w.model).position(|r| r.service == chosen).expect("it is listed");
        let row = drawn.cursor.map(|(_, y)| cells(&buf, y).concat()).unwrap_or_default();
        assert!(row.starts_with('>') && row[2..].starts_with(chosen.as_str()), "{keys}:\n{all}");
        let shown = all.lines().filter(|l| l.contains("service-")).count() - 2;
        let count = |word: &str| {
            let before = all.split(word).next().and_then(|s| s.split(' ').next_back()?.parse::<usize>().ok());
            before.unwrap_or(0)
        };
        let (above, below) = (count(" above"), count(" below"));
        assert!(above <= place && place < 1_000 - below, "{keys}: {place} {above} {below}");
        assert!(above + below + shown >= 998, "{keys}: {above} {shown} {below}\n{all}");
    }
}

#[test]
fn a_service_that_goes_hands_the_selection_to_its_neighbour_and_says_so() {
    let mut w = stories::worse_on(Place::Prod, "b");
    w.canary(&Canary::new("ghost", "eu-1").since(300));
    stories::select(&mut w, "ghost");
    let place = board::listed(&w.model).position(|r| r.service.as_str() == "ghost").expect("listed");
    let id = w.target_id("ghost");
    w.fact("eu-1", Fact::Gone(id));
    let now = w.model.nav.selected.clone().expect("a neighbour");
    assert_eq!(board::listed(&w.model).position(|r| r.service == now), Some(place));
    let all = text(&w.draw(80, 23));
    assert!(all.contains(&format!("ghost is gone; {now} is chosen now")), "{all}");
    // A configured service stays, with what is known of it.
    stories::select(&mut w, "checkout");
    let id = w.target_id("checkout");
    w.fact("eu-1", Fact::Gone(id));
    assert_eq!(w.model.nav.selected.as_ref().map(|s| s.as_str()), Some("checkout"));
}

// ---- panes ----

fn wide(screen: &str) -> World {
    let mut w = stories::worse_on(Place::Prod, screen);
    w.resize(160, 40);
    w
}

fn focused(w: &World) -> String {
    let all = text(&w.draw(160, 40));
    let heads: Vec<&str> =
        ["BOARD", "VERDICT", "RUNBOOK", "LOG"].into_iter().filter(|h| all.contains(&format!(">{h}"))).collect();
    assert_eq!(heads.len(), 1, "{all}");
    heads[0].to_owned()
}

#[test]
fn tab_goes_round_the_panes_and_the_heading_says_which() {
    let mut w = wide("b");
    let mut seen = vec![focused(&w)];
    for _ in 0..4 {
        w.keys("tab");
        seen.push(focused(&w));
    }
    assert_eq!(seen, ["BOARD", "VERDICT", "RUNBOOK", "LOG", "BOARD"]);
    w.keys("shift-tab");
    assert_eq!(focused(&w), "LOG");
    // A screen's letter goes to its pane.
    w.keys("v");
    assert_eq!(focused(&w), "VERDICT");
}

#[test]
fn keys_of_movement_go_to_the_pane_and_acts_to_the_boards_selection() {
    let mut w = wide("b");
    let chosen = w.model.nav.selected.clone();
    w.keys("tab j j");
    assert_eq!((w.model.nav.selected.clone(), w.model.nav.verdict_row), (chosen.clone(), 2));
    w.keys("tab j");
    assert_eq!((w.model.nav.selected.clone(), w.model.nav.step_row), (chosen.clone(), 1));
    w.keys("tab j j j k");
    assert_eq!((w.model.nav.selected.clone(), w.model.nav.log_back), (chosen, 2));
    let all = text(&w.draw(160, 40));
    assert!(all.lines().last().is_some_and(|l| l.starts_with("a acts on CHECKOUT eu-1: r roll back")), "{all}");
    w.keys("a r");
    let asked = w.model.dialog.as_ref().and_then(|d| d.act()).map(|d| d.operation.target.at());
    assert_eq!(asked.as_deref(), Some("checkout@eu-1"));
    w.keys("esc tab j");
    assert_eq!(w.model.nav.selected.as_ref().map(|s| s.as_str()), Some("payments"));
    // Another service: its Verdict and its runbook begin at their top.
    assert_eq!((w.model.nav.verdict_row, w.model.nav.step_row), (0, 0));
}

#[test]
fn a_new_line_does_not_move_what_is_read_in_the_log() {
    let mut w = wide("b");
    w.keys("shift-tab j j");
    let read = |w: &World| {
        let all = text(&w.draw(160, 40));
        let log: Vec<String> = all.lines().skip_while(|l| !l.contains(">LOG")).map(str::to_owned).collect();
        log.iter().find(|l| l.contains("03:14:0")).map(|l| l.split("03:14").nth(1).unwrap_or_default().to_owned())
    };
    let before = read(&w);
    assert!(before.is_some());
    w.target_with("search", |t| t.phase = andon::core::world::target::Phase::Degraded);
    assert_eq!(w.model.nav.log_back, 3);
    assert_eq!(read(&w), before);
}

#[test]
fn zoom_shows_the_focused_pane_alone_and_back() {
    let mut w = wide("v");
    w.keys("z");
    let all = text(&w.draw(160, 40));
    assert!(all.contains(">VERDICT") && !all.contains("BOARD  "), "{all}");
    w.keys("tab tab");
    assert!(text(&w.draw(160, 40)).contains(">LOG"));
    w.keys("z");
    assert!(text(&w.draw(160, 40)).contains(" BOARD  "));
}

#[test]
fn a_narrow_screen_is_one_pane_and_says_so() {
    let mut w = stories::worse();
    // Tab gives the keys to the log strip, and takes them back.
    for (keys, says) in [("z", "PICTURES"), ("esc tab", ">LOG"), ("tab", "LOG "), ("r tab", "one pane here")] {
        w.keys(keys);
        assert!(!w.model.nav.zoomed);
        assert!(text(&w.draw(80, 23)).contains(says), "{keys}");
    }
    w.keys("v");
    // What had the focus is what is seen when the window shrinks.
    w.resize(160, 40).keys("tab");
    w.resize(80, 23);
    assert_eq!(w.model.nav.screen, Screen::Runbook);
    w.resize(160, 40).keys("tab");
    assert_eq!(w.model.nav.focus(), Pane::Log);
    w.resize(80, 23).keys("j");
    assert_eq!(w.model.nav.log_back, 0, "the log is not on screen");
}

// ---- the cursor, and first choices ----

#[test]
fn the_cursor_stands_where_the_person_is() {
    let at = |w: &World, width, height| w.drawn(width, height, &Look::shipped()).1.cursor;
    let row = |w: &World, width, height| {
        let (buf, drawn) = w.drawn(width, height, &Look::shipped());
        drawn.cursor.map(|(x, y)| cells(&buf, y)[usize::from(x)..].concat())
    };
    let mut w = stories::worse_on(Place::Prod, "b");
    assert!(row(&w, 80, 23).is_some_and(|r| r.starts_with(">!checkout")));
    w.keys("j");
    assert!(row(&w, 80, 23).is_some_and(|r| r.starts_with(">?payments")));
    w.keys("k r j");
    assert!(row(&w, 80, 23).is_some_and(|r| r.starts_with(">   2 the old version")));
    w.keys("o j");
    assert!(row(&w, 80, 23).is_some_and(|r| r.starts_with("> metrics")));
    w.keys("a");
    assert_eq!(at(&w, 80, 23), None, "the menu covers the row");
    assert!(row(&stories::choosing(), 80, 23).is_some_and(|r| r.starts_with(">1 look at prod-eu-1")));
    let mut w = wide("b");
    assert!(row(&w, 160, 40).is_some_and(|r| r.starts_with(">!checkout")));
    w.keys("tab");
    assert!(row(&w, 160, 40).is_some_and(|r| r.starts_with(">VERDICT")));
    w.keys("tab");
    assert!(row(&w, 160, 40).is_some_and(|r| r.starts_with(">   1 confirm")));
}

#[test]
fn a_digit_of_the_first_list_looks_at_that_one() {
    let chosen = |w: &World| {
        w.effects.iter().find_map(|e| match e {
            Effect::Choose(Choice::Context(c)) => Some(c.to_string()),
            _ => None,
        })
    };
    let mut w = stories::choosing();
    w.keys("2");
    assert_eq!(chosen(&w).as_deref(), Some("prod-us-1"));
    let mut w = stories::choosing();
    w.keys("4 0");
    assert_eq!(chosen(&w), None);
}

#[test]
fn sources_open_on_the_one_that_failed() {
    let mut w = stories::worse();
    w.keys("o");
    assert_eq!(w.model.nav.source_row, 0);
    w.keys("esc").fail("metrics", Trouble::Timeout, "no answer within 5 s");
    w.keys("o");
    let nth = |m: &Model| m.world.sources.keys().nth(m.nav.source_row).map(|s| s.as_str().to_owned());
    assert_eq!(nth(&w.model).as_deref(), Some("metrics"));
}
