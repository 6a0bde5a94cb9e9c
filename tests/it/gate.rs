//! Terminal rule 1: every payload in every field, on every view and every exit. What may not reach a terminal is said in
//! `testkit::hostile`, a second time and not taken from the gate.

mod exits;
mod stream;
mod strict;
mod walls;

use andon::core::model::Model;
use andon::core::msg::Msg;
use andon::core::update::update;
use andon::testkit::hostile::{PAYLOADS, accents, forbidden, poisoned};
use andon::testkit::picture::{Picture, text};
use andon::testkit::states::pictures;
use andon::ui::{self, Look};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr as _;

/// Bytes a frame may have for each of its cells.
const CELL: usize = 16;

/// In the middle of the first letters, so that a narrow column shows it and an accent has a base.
fn laced(s: &str, payload: &str) -> String {
    match s.char_indices().nth(1) {
        Some((at, _)) => format!("{}{payload}{}", &s[..at], &s[at..]),
        None if s.is_empty() => String::new(),
        None => format!("{s}{payload}"),
    }
}

/// The model of a picture with payloads in every field that holds text, which one by the text. Keys stay: they are read
/// by the loader, which refuses what is no key.
fn hostile<'p>(model: &Model, payload: &dyn Fn(&str) -> &'p str) -> Model {
    let mut m = poisoned(model, &|s| laced(s, payload(s)));
    m.keymap = model.keymap.clone();
    m.editor = model.editor;
    m.rows_dirty = true;
    let now = m.now;
    update(&mut m, now, Msg::Tick);
    m
}

fn drawn(model: &Model, size: (u16, u16), look: &Look) -> Buffer {
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buf = Buffer::empty(area);
    ui::draw(model, look, area, &mut buf);
    buf
}

/// What is wrong with these cells, if anything.
fn fault(buf: &Buffer, ascii: bool) -> Option<String> {
    let mut bytes = 0;
    for (i, cell) in buf.content.iter().enumerate() {
        let s = cell.symbol();
        bytes += s.len();
        if let Some(c) = s.chars().find(|c| forbidden(*c) || (ascii && !c.is_ascii())) {
            return Some(format!("cell {i} holds U+{:04X}", u32::from(c)));
        }
        if s.len() > CELL * s.width().max(1) {
            return Some(format!("cell {i} holds {} bytes in {} columns: {s:?}", s.len(), s.width()));
        }
        if s.width() == 0 && !s.is_empty() {
            return Some(format!("cell {i} holds {s:?}, which has no width"));
        }
    }
    (bytes > CELL * buf.content.len()).then(|| format!("{bytes} bytes in {} cells", buf.content.len()))
}

/// Each view once: the first picture of each folder and each dialog.
fn is_view(p: &Picture, seen: &mut BTreeSet<String>) -> bool {
    seen.insert(p.path.split('/').next().unwrap_or("").to_owned())
}

/// Every view with the payloads spread over its fields, a different spread each time; with `ANDON_FULL=1` every view with
/// every payload in all of its fields at once (a minute).
#[test]
fn no_payload_in_any_field_reaches_a_cell_of_any_view() {
    let full = std::env::var_os("ANDON_FULL").is_some();
    let utf8 = Look::shipped();
    let mut plain = Look::shipped();
    plain.utf8 = false;
    let flood = accents(300);
    let (mut faults, mut marked, mut draws, mut seen) = (Vec::new(), 0, 0, BTreeSet::new());
    for p in pictures() {
        let world = (p.make)();
        let rounds = match (full, is_view(&p, &mut seen)) {
            (true, _) => PAYLOADS.len(),
            (false, true) => 5,
            (false, false) => 1,
        };
        for (i, (_, payload)) in PAYLOADS.iter().enumerate().take(rounds) {
            let spread = |s: &str| {
                let hash = s.bytes().fold(i * 7, |h, b| h.wrapping_mul(31).wrapping_add(b.into()));
                PAYLOADS.get(hash % (PAYLOADS.len() + 1)).map_or(flood.as_str(), |(_, p)| *p)
            };
            let one = |_: &str| *payload;
            let model = if full { hostile(&world.model, &one) } else { hostile(&world.model, &spread) };
            let (look, ascii) = if i % 4 == 3 { (&plain, true) } else { (&utf8, false) };
            let buf = drawn(&model, p.size, look);
            draws += 1;
            marked += usize::from(text(&buf).contains("(^)"));
            faults.extend(fault(&buf, ascii).map(|f| format!("{} round {i}: {f}", p.path)));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    // The fields are really on screen: nearly every view says that it does not show them as they came.
    assert!(marked * 10 > draws * 8, "{marked} of {draws} frames carry the mark");
}

#[test]
fn the_check_of_cells_can_fail() {
    let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
    assert_eq!(fault(&buf, true), None);
    for bad in ["\u{1b}", "\u{9b}", "a\u{202e}", "\u{301}", &format!("e{}", "\u{301}".repeat(8)), "\u{e0b0}"] {
        buf[(1, 0)].set_symbol(bad);
        assert!(fault(&buf, false).is_some(), "{bad:?}");
    }
    buf[(1, 0)].set_symbol("é");
    assert_eq!((fault(&buf, false), fault(&buf, true).is_some()), (None, true));
}

#[test]
fn a_neighbour_stays_in_its_column_whatever_the_text() {
    use andon::config::theme::Role;
    use andon::ui::parts::line::Line;
    let area = Rect::new(0, 0, 40, 1);
    for (name, payload) in PAYLOADS {
        for text in [payload.to_string(), laced("checkout", payload), format!("{payload}{}", "x".repeat(60))] {
            let mut buf = Buffer::empty(area);
            Line::new().left(Role::Text, &text, 20).text("|").draw(&Look::shipped(), area, 0, &mut buf);
            assert_eq!(
                buf[(20, 0)].symbol(),
                "|",
                "{name}: {:?}",
                buf.content.iter().map(|c| c.symbol()).collect::<String>()
            );
        }
    }
}

/// A list marks a changed name; `enter` shows the whole original, escaped.
#[test]
fn what_a_list_only_marks_the_detail_shows_in_full() {
    use andon::testkit::stories;
    let mut w = stories::worse();
    w.target_with("checkout", |t| {
        t.message = "quota\u{1b}]52;c;aGk=\u{7} \u{202e}exceeded".into();
        t.revisions[0].version = "v2.14.1\u{200b}".into();
    });
    w.keys("b");
    let board = text(&w.draw(80, 23));
    assert!(board.contains("(^)") && !board.contains("<U+001B>"), "{board}");
    w.keys("enter");
    let all: String = (0..12)
        .map(|_| {
            let page = text(&w.draw(80, 40));
            w.keys("ctrl-d");
            page
        })
        .collect();
    assert!(all.contains("quota<U+001B>]52;c;aGk=<U+0007> <U+202E>exceeded"), "{all}");
    assert!(all.contains("version  v2.14.1<U+200B>"), "{all}");
    let mut w = stories::worse();
    w.source_with("eu-1", |s| s.abilities.version = Some("v1.30\u{9b}31m".into()));
    w.keys("o");
    let sources = text(&w.draw(80, 40));
    assert!(sources.contains("version  v1.30<U+009B>31m"), "{sources}");
}
