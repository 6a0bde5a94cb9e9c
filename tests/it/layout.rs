//! How screens fill their space: what goes first, what never goes, where columns stand, and that the selection stays on
//! its service while rows move.

use andon::core::model::Place;
use andon::core::world::source::Trouble;
use andon::testkit::picture::{bad_badges, text};
use andon::testkit::states::pictures;
use andon::testkit::{Canary, World, stories};
use andon::ui::Look;
use proptest::prelude::*;
use ratatui::buffer::Buffer;

const SIZES: [(u16, u16); 5] = [(60, 15), (80, 23), (120, 40), (160, 40), (200, 50)];

/// The symbols of one row, one for each column; the second half of a wide one is empty.
pub(crate) fn cells(buf: &Buffer, y: u16) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut second = false;
    for x in 0..buf.area.width {
        let symbol = buf[(x, y)].symbol();
        out.push(if second { String::new() } else { symbol.to_owned() });
        second = !second && symbol.chars().next().and_then(unicode_width::UnicodeWidthChar::width) == Some(2);
    }
    assert!(!second, "half a character at the edge of row {y}");
    out
}

// ---- what goes first ----

/// `order`: words that stand on the screen at 80x23, first to go first. Checked at every height down to ten.
fn goes_in_order(w: &World, width: u16, order: &[&str]) {
    let full = text(&w.draw(width, 23));
    for what in order {
        assert!(full.contains(what), "{what}:\n{full}");
    }
    for height in (10..23).rev() {
        let all = text(&w.draw(width, height));
        let gone: Vec<bool> = order.iter().map(|what| !all.contains(what)).collect();
        let first_left = gone.iter().position(|g| !g).unwrap_or(gone.len());
        assert!(gone[first_left..].iter().all(|g| !g), "{width}x{height}: {gone:?} of {order:?}\n{all}");
    }
}

#[test]
fn verdict_gives_up_rows_in_the_stated_order() {
    let order = [
        "brings it back",
        "LOG ",
        "RUNBOOK",
        "(!) argo",
        "ALSO",
        "promote to",
        "hold at",
        "YOU CAN",
        "latency,",
        "gate ",
        "reach",
    ];
    goes_in_order(&stories::worse(), 80, &order[1..]);
    // Where it wraps, the rest of a sentence goes first.
    let mut w = stories::worse();
    w.target_with("checkout", |t| t.git.as_mut().expect("Git").what = "shop/checkout-production".into());
    goes_in_order(&w, 80, &order);
}

#[test]
fn the_board_gives_up_rows_in_the_stated_order() {
    let w = stories::worse_on(Place::Prod, "b");
    goes_in_order(&w, 80, &["LOG ", "RUNBOOK", "brings it back", "budget", "limit 0.26", "tier 1", "?payments"]);
}

#[test]
fn sources_give_up_rows_in_the_stated_order() {
    let mut w = stories::worse();
    w.fail("metrics", Trouble::Timeout, "no answer within 5 s");
    w.keys("o");
    goes_in_order(&w, 80, &["calls a minute", "log: ", "last error", "us-1  "]);
}

#[test]
fn verdict_readiness_and_age_never_go() {
    for screen in ["v", "b"] {
        let w = stories::worse_on(Place::Prod, screen);
        for (width, height) in [(40, 10), (40, 23), (60, 10), (60, 15), (80, 10), (80, 23), (159, 12), (400, 10)] {
            let all = text(&w.draw(width, height));
            for what in ["WORSE", "2/3", "9s old"] {
                assert!(all.contains(what), "{what} on {screen} at {width}x{height}:\n{all}");
            }
        }
    }
}

#[test]
fn the_rows_that_never_move_never_move() {
    for keys in ["v", "b", "r", "o", "i", "enter"] {
        let mut w = stories::worse();
        w.fail("us-1", Trouble::Auth, "the login has ended").keys(keys);
        for (width, height) in [(40, 10), (60, 15), (80, 23), (120, 40), (160, 40), (200, 50)] {
            let all = text(&w.draw(width, height));
            let rows: Vec<&str> = all.lines().collect();
            assert!(rows[0].starts_with("ANDON  PROD") && rows[0].contains("LOOK-ONLY"), "{keys} {width}:\n{all}");
            assert!(rows[1].starts_with("us-1 FAILED"), "{keys} {width}x{height}:\n{all}");
            assert!(rows[usize::from(height) - 1].starts_with("a acts on CHECKOUT eu-1"), "{keys}:\n{all}");
        }
    }
}

#[test]
fn the_first_row_gives_up_who_then_clusters_then_seconds() {
    let w = stories::worse();
    let first = |width| text(&w.draw(width, 23)).lines().next().unwrap_or_default().to_owned();
    assert_eq!(first(80), "ANDON  PROD eu-1,us-1   LOOK-ONLY   mira@bastion-2   03:14:07Z");
    assert_eq!(first(60), "ANDON  PROD eu-1,us-1   LOOK-ONLY   03:14:07Z");
    assert_eq!(first(44), "ANDON  PROD 2 clusters   LOOK-ONLY   03:14");
    assert_eq!(first(40), "ANDON  PROD   LOOK-ONLY   03:14");
    let w = stories::worse().given(|m| m.environment.name = "production-europe-west-and-the-islands".into());
    let all = text(&w.draw(40, 10));
    assert!(all.lines().next().is_some_and(|l| l.starts_with("ANDON  PROD prod") && l.contains("LOOK-ONLY")), "{all}");
}

// ---- columns ----

/// Letters of one cell, of two cells, and marks that ride on the letter before them.
fn name() -> impl Strategy<Value = String> {
    "[a-z0-9._\u{e9}\u{df}\u{4f60}\u{597d}\u{d55c}\u{3042}\u{1f680}\u{1f468}\u{ff21}\u{301}\u{308}\u{20dd}-]{1,44}"
}

/// A fleet whose every name from outside is drawn from these.
fn named(names: &[String]) -> World {
    let mut w = stories::worse_on(Place::Prod, "b");
    for (i, n) in names.iter().enumerate() {
        let name = format!("{n}{i}");
        let mut c = Canary::new(&name, if i % 2 == 0 { "eu-1" } else { n }).since(300);
        (c.from, c.to) = (format!("{n}-1"), format!("{n}-2"));
        w.service(&name, 1, &[120_000]).canary(&c);
        w.figures(&name, 300, (216.0, if i == 0 { 46.6 } else { 0.1 }), (1_948.0, 0.8));
        w.burn(&name, 2.0, 1.1, 0.2);
    }
    let roles = andon::core::world::source::Roles { rollouts: true, telemetry: false, ..Default::default() };
    for n in names {
        w.source(n, n, andon::core::world::source::Link::Watching, roles);
    }
    for book in w.model.runbooks.values_mut() {
        for (s, n) in book.steps.iter_mut().zip(names.iter().cycle()) {
            s.title = n.as_str().into();
        }
    }
    w
}

/// Rows between the first three and the last two that begin with a glyph or the mark of choice.
fn list_rows(buf: &Buffer) -> Vec<Vec<String>> {
    (3..buf.area.height - 2).map(|y| cells(buf, y)).collect()
}

/// Where a heading's word ends.
fn ends(rows: &[Vec<String>], word: &str) -> Option<(usize, usize)> {
    rows.iter().enumerate().find_map(|(y, r)| Some((y, r.concat().find(word)? + word.len())))
}

/// Right of the figure's column is a blank, and the figure reaches it.
fn figures_reach(rows: &[Vec<String>], word: &str, n: usize) {
    let Some((y, end)) = ends(rows, word) else { return };
    for r in rows.iter().skip(y + 1).take(n) {
        assert!(r.get(end).is_none_or(|c| c == " " || c == "!"), "{word} ends at {end}: {}", r.concat());
        assert!(r[end - 1] != " ", "{word} ends at {end}: {}", r.concat());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn no_name_breaks_a_column(names in prop::collection::vec(name(), 3)) {
        let mut w = named(&names);
        for (width, height) in SIZES {
            w.resize(width, height).keys("b g");
            let buf = w.draw(width, height);
            let rows = list_rows(&buf);
            figures_reach(&rows, "POINTS", 3);
            figures_reach(&rows, "BURN 1h/5m", 3);
            w.keys("o");
            let rows = list_rows(&w.draw(width, height));
            for figure in ["AGE", "LIMIT", "LATENCY", "CALLS/MIN"] {
                figures_reach(&rows, figure, 3);
            }
            for keys in ["esc v", "enter", "esc r", "v a", "r", "esc", "?", "esc n", "esc"] {
                w.keys(keys).planned().flush();
                let buf = w.draw(width, height);
                for y in 0..height {
                    cells(&buf, y);
                }
            }
        }
    }

    #[test]
    fn the_selection_stays_on_its_service_while_rows_move(
        steps in prop::collection::vec((0usize..6, 0usize..4, any::<bool>()), 1..25),
    ) {
        const NAMES: [&str; 4] = ["checkout", "search", "payments", "auth"];
        let mut w = stories::worse_on(Place::Prod, "b");
        w.keys("j");
        for (what, which, wide) in steps {
            let before = w.model.nav.selected.clone();
            let name = NAMES[which];
            let moved = match what {
                0 => { w.burn(name, 30.0, 20.0, 2.0); false }
                1 => { w.burn(name, 0.1, 0.1, 0.1); false }
                2 => { w.target_with(name, |t| t.aborted = !t.aborted); false }
                3 => { w.wait(5_000); false }
                4 => { w.keys("j"); true }
                _ => { w.keys("k"); true }
            };
            if !moved {
                prop_assert_eq!(&w.model.nav.selected, &before);
            }
            let (width, height) = if wide { (160, 40) } else { (60, 12) };
            let (buf, drawn) = w.drawn(width, height, &Look::shipped());
            let chosen = w.model.nav.selected.as_ref().map(|s| s.as_str().to_owned()).unwrap_or_default();
            let (x, y) = drawn.cursor.expect("the cursor stands on the chosen row");
            let row = cells(&buf, y).concat();
            prop_assert!(row.starts_with('>') && row[2..].starts_with(&chosen[..chosen.len().min(8)]), "{x},{y}: {row}");
        }
    }
}

// ---- the rest ----

#[test]
fn one_badge_at_most_shouts_on_a_line() {
    for p in pictures().into_iter().filter(|p| p.size.0 < 160) {
        let world = (p.make)();
        for (y, n) in bad_badges(&world, p.size) {
            assert!(n <= 1, "{}: {n} badges in row {y}", p.path);
        }
    }
}

#[test]
fn a_quiet_screen_changes_its_words_in_steps_only() {
    // A minute without news after the first: only the clock and the ages of row two may move each second.
    for screen in ["v", "b", "r", "o", "i"] {
        let mut w = stories::worse_on(Place::Prod, screen);
        w.wait(61_000);
        let mut changed = 0;
        let rest = |w: &World| text(&w.draw(80, 23)).lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
        let mut before = rest(&w);
        for _ in 0..20 {
            w.wait(1_000);
            let now = rest(&w);
            changed += now.iter().zip(&before).filter(|(a, b)| a != b).count();
            before = now;
        }
        assert!(changed <= 12, "{screen}: {changed} rows changed in 20 s");
    }
}
