//! Drawing is total: any state, any size, any text, and only what may be on a terminal.

use andon::core::model::Place;
use andon::core::world::source::Trouble;
use andon::testkit::picture::text;
use andon::testkit::states::pictures;
use andon::testkit::{Canary, World, stories};
use andon::ui::{Colours, Look};
use proptest::prelude::*;
use ratatui::buffer::Buffer;

/// Keys that open, move, scroll, type and close, on any screen.
const KEYS: &[&str] = &[
    "v",
    "b",
    "r",
    "o",
    "j",
    "k",
    "g",
    "G",
    "+",
    "enter",
    "esc",
    "?",
    "n",
    "a",
    "a r",
    "a h",
    "a p",
    "a a",
    "a k",
    "a x",
    "Y",
    "x",
    "space",
    "-",
    "ctrl-d",
    "ctrl-u",
    "c",
    "ctrl-o",
    "backspace",
    ".",
    ",",
];

fn start(n: usize) -> World {
    match n % 7 {
        0 => stories::worse(),
        1 => stories::calm(),
        2 => stories::rolling_back(),
        3 => stories::rolled_back(),
        4 => stories::armed(),
        5 => stories::choosing(),
        _ => stories::worse_on(Place::Drill, "b"),
    }
}

/// What may never stand in a cell.
fn forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}' | '\u{fff9}'..='\u{fffb}')
}

fn check(buf: &Buffer) {
    for cell in &buf.content {
        assert!(!cell.symbol().chars().any(forbidden), "{:?}", cell.symbol());
        assert!(cell.symbol().chars().count() <= 6, "{:?}", cell.symbol());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_state_panics_at_any_size(
        from in 0usize..7,
        steps in prop::collection::vec((0usize..KEYS.len(), any::<bool>()), 0..14),
        sizes in prop::collection::vec((1u16..=400, 1u16..=150), 3),
        small in prop::collection::vec((1u16..=90, 1u16..=30), 10),
    ) {
        let mut w = start(from);
        for (key, answer) in steps {
            w.keys(KEYS[key]);
            if answer {
                w.planned().flush().wait(800);
            }
        }
        for (width, height) in sizes.into_iter().chain(small) {
            let (buf, drawn) = w.drawn(width, height, &Look::shipped());
            if let Some((x, y)) = drawn.cursor {
                prop_assert!(x < width && y < height);
            }
            check(&buf);
        }
    }

    #[test]
    fn hostile_text_in_every_field_is_escaped(
        evil in "[a-z]{0,3}[\u{1b}\u{7}\u{9b}\u{202e}\u{200b}\u{2066}\u{feff}\u{e0b0}\n\r\t\u{301}]{1,8}[a-z\u{4f60}\u{5d0}]{0,40}",
        width in 40u16..=200,
        height in 10u16..=50,
    ) {
        let mut w = hostile(&evil);
        for keys in ["v", "a r", "esc", "enter", "esc", "b", "o", "r", "n", "esc", "?", "esc", "a"] {
            w.keys(keys).planned().flush();
            check(&w.draw(width, height));
        }
    }
}

/// A world whose every foreign string is this one.
fn hostile(evil: &str) -> World {
    let mut w = stories::worse();
    let text = std::sync::Arc::<str>::from(evil);
    let mut c = Canary::new(&format!("svc{evil}"), "eu-1");
    (c.from, c.to) = (format!("{evil}1"), format!("{evil}2"));
    w.canary(&c);
    w.target_with("checkout", |t| {
        t.message = text.clone();
        t.invalid = Some(text.clone());
        for r in &mut t.revisions {
            r.version = text.clone();
            r.digest = Some(text.clone());
            r.trouble = vec![andon::core::world::target::Trouble { reason: text.clone(), count: 2 }];
        }
        t.gate.iter_mut().for_each(|g| g.reason = text.clone());
        t.git = Some(andon::core::world::target::GitOwner { tool: text.clone(), what: text.clone() });
    });
    w.source_with("eu-1", |s| {
        s.holds = text.clone();
        s.abilities.version = Some(text.clone());
        s.abilities.identity = Some(text.clone());
    });
    w.fail("us-1", Trouble::Shape, evil);
    w.model.environment.who = text.clone();
    w.model.problems.push(text.clone());
    for book in w.model.runbooks.values_mut() {
        book.title = text.clone();
        book.contacts = vec![text.clone()];
        for s in &mut book.steps {
            s.title = text.clone();
        }
    }
    w.keys("n").type_text(evil).keys("ctrl-o");
    w
}

#[test]
fn our_own_words_are_ascii() {
    for p in pictures() {
        let look = andon::ui::Look::shipped().with_glyphs(andon::ui::Glyphs::Ascii);
        let (buf, _) = p.world().drawn(p.size.0, p.size.1, &look);
        assert!(text(&buf).is_ascii(), "{}", p.path);
    }
}

#[test]
fn a_terminal_without_utf8_gets_ascii_only() {
    let mut w = stories::worse();
    w.target_with("checkout", |t| t.revisions[0].version = "v2-\u{4f60}\u{e9}".into());
    let look = Look::new(andon::config::theme::default_theme(), Colours::None, false);
    let (buf, _) = w.drawn(80, 23, &look);
    assert!(text(&buf).is_ascii());
    assert!(text(&buf).contains("v2-??"), "{}", text(&buf));
}

#[test]
fn columns_stand_with_long_and_wide_names() {
    let mut w = stories::worse_on(Place::Prod, "b");
    let right_edge = |w: &World| {
        let all = text(&w.draw(80, 23));
        let line =
            all.lines().find(|l| l.contains("WORSE") && l.contains("canary")).map(str::to_owned).unwrap_or_default();
        line.chars().position(|c| c == '+')
    };
    let before = right_edge(&w);
    w.target_with("checkout", |t| t.revisions[0].version = "v2.14.1-rc.1+build.20261121.abcdef0123456".into());
    assert!(before.is_some());
    assert_eq!(before, right_edge(&w));
}

#[test]
fn the_dialog_that_is_told_is_the_one_that_was_drawn() {
    let mut w = stories::worse();
    w.keys("a r").planned();
    let id = w.model.dialog.as_ref().map(|d| d.id);
    assert!(id.is_some());
    assert_eq!(w.drawn(80, 23, &Look::shipped()).1.dialog, id);
    // Not drawn: its delay must not begin.
    assert_eq!(w.drawn(39, 23, &Look::shipped()).1.dialog, None);
    assert_eq!(w.drawn(80, 9, &Look::shipped()).1.dialog, None);
}

#[test]
fn the_line_that_confirms_is_never_given_up() {
    let mut w = stories::worse();
    w.keys("a r").planned().flush().wait(1_100);
    for height in 10..40 {
        let all = text(&w.draw(60, height));
        assert!(all.contains("Y roll back"), "{height}:\n{all}");
        assert!(all.contains("ROLL BACK  checkout"), "{height}:\n{all}");
    }
}

#[test]
fn verdict_readiness_and_age_stay_in_a_small_window() {
    let w = stories::worse();
    for (width, height) in [(60, 15), (80, 12), (60, 12)] {
        let all = text(&w.draw(width, height));
        for what in ["WORSE", "2/3", "9s old", "eu-1"] {
            assert!(all.contains(what), "{what} at {width}x{height}:\n{all}");
        }
    }
}

#[test]
fn hints_follow_the_loaded_keymap() {
    let (map, problems) = andon::config::keymap::keymap("mine.toml", "[global]\n\"b\" = \"none\"\n\"B\" = \"board\"\n");
    assert_eq!(problems, []);
    let w = stories::worse().given(|m| m.keymap = map);
    let all = text(&w.draw(80, 23));
    assert!(all.contains("B board") && !all.contains(" b board"), "{all}");
}
