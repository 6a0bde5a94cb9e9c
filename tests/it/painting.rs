//! The painter against terminals: what it writes makes exactly the frame, whatever stood there before, on a terminal of
//! ours and on tmux, and on one that thinks otherwise about the width of strange characters.

use andon::tty::Frame;
use andon::tty::paint::Painter;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style as Wish};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::screen::{Cell, Colour, Screen, Style};

const TEXTS: &[&str] = &[
    "checkout",
    "a",
    "  ",
    "          ",
    "v2.14.1",
    "--------------",
    "0123456789abcdef",
    "é",
    "漢字",
    "한글",
    "e\u{301}",
    "\u{1f680}",
    "x\u{26a0}y",
    "│█─",
    "9s",
    "+",
    " WORSE ",
    "漢",
];
const COLOURS: &[Color] =
    &[Color::Reset, Color::Red, Color::LightGreen, Color::Indexed(99), Color::Rgb(1, 22, 203), Color::White];
const MODS: &[Modifier] = &[
    Modifier::empty(),
    Modifier::BOLD,
    Modifier::REVERSED,
    Modifier::UNDERLINED,
    Modifier::DIM,
    Modifier::BOLD.union(Modifier::DIM),
    Modifier::BOLD.union(Modifier::REVERSED),
    Modifier::CROSSED_OUT,
];

/// Text somewhere in some style.
type Put = (usize, (u16, u16), (usize, usize, usize));

fn puts() -> impl Strategy<Value = Vec<Put>> {
    let style = (0..COLOURS.len() * 2, 0..COLOURS.len() * 3, 0..MODS.len() * 2);
    prop::collection::vec((0..TEXTS.len(), (0u16..40, 0u16..10), style), 0..14)
}

/// Colours and emphasis beyond their lists are none: plain text is the rule.
fn draw(buffer: &mut Buffer, puts: &[Put]) {
    let area = buffer.area;
    for (text, (x, y), (fg, bg, mods)) in puts {
        let (x, y) = (x % area.width, y % area.height);
        let colour = |n: &usize| COLOURS.get(*n).copied().unwrap_or(Color::Reset);
        let style = Wish::reset().fg(colour(fg)).bg(colour(bg));
        let style = style.add_modifier(MODS.get(*mods).copied().unwrap_or(Modifier::empty()));
        buffer.set_stringn(x, y, TEXTS[*text], usize::from(area.width), style);
    }
}

fn colour(c: Color) -> Colour {
    match c {
        Color::Red => Colour::Index(1),
        Color::LightGreen => Colour::Index(10),
        Color::White => Colour::Index(15),
        Color::Indexed(n) => Colour::Index(n),
        Color::Rgb(r, g, b) => Colour::Rgb(r, g, b),
        _ => Colour::Default,
    }
}

/// What of a style is seen: on a blank only its ground, unless it is reversed or has a line.
fn seen(cell: Cell) -> Cell {
    let lines = 1 << 4 | 1 << 7 | 1 << 9;
    if cell.text == " " && cell.style.on & lines == 0 {
        return Cell { style: Style { bg: cell.style.bg, ..Style::default() }, ..cell };
    }
    cell
}

/// What a terminal should show of a frame.
fn wanted(buffer: &Buffer) -> Vec<Vec<Cell>> {
    let width = usize::from(buffer.area.width);
    let row = |cells: &[ratatui::buffer::Cell]| {
        let mut out: Vec<Cell> = Vec::new();
        while out.len() < width {
            let cell = &cells[out.len()];
            let emphasis = [
                (Modifier::BOLD, 1),
                (Modifier::DIM, 2),
                (Modifier::UNDERLINED, 4),
                (Modifier::REVERSED, 7),
                (Modifier::CROSSED_OUT, 9),
            ];
            let on = emphasis.iter().filter(|(m, _)| cell.modifier.contains(*m)).fold(0, |on, (_, n)| on | 1 << n);
            let style = Style { fg: colour(cell.fg), bg: colour(cell.bg), on };
            let columns = cell.symbol().width().max(1);
            // What some terminal might wrap is not drawn; a letter goes without its marks.
            let might = if strange(cell.symbol()) { 2 } else { columns };
            let fits = out.len() + might <= width;
            let text = match cell.symbol() {
                whole if fits => whole,
                "e\u{301}" => "e",
                _ => " ",
            };
            out.push(seen(Cell { text: text.into(), style }));
            if fits {
                out.extend((1..columns).map(|_| Cell { text: String::new(), style }));
            }
        }
        out
    };
    buffer.content.chunks(width).map(row).collect()
}

fn shown(screen: &Screen) -> Vec<Vec<Cell>> {
    screen.grid.cells().iter().map(|row| row.iter().cloned().map(seen).collect()).collect()
}

fn feed(painter: &mut Painter, screen: &mut Screen, frame: &Frame) -> usize {
    let bytes = painter.paint(frame);
    screen.feed(&bytes);
    bytes.len()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_frame_after_any_frame_is_exactly_that_frame(
        (width, height) in (1u16..36, 1u16..8),
        frames in prop::collection::vec((puts(), any::<bool>(), prop::option::of((0u16..40, 0u16..9))), 1..6),
        sync in any::<bool>(),
    ) {
        let area = Rect::new(0, 0, width, height);
        let (mut painter, mut screen) = (Painter::new(sync), Screen::new(width.into(), height.into()));
        screen.feed(b"what a shell left\x1b[7m");
        let mut buffer = Buffer::empty(area);
        for (puts, over, cursor) in frames {
            if !over {
                buffer.reset();
            }
            draw(&mut buffer, &puts);
            let cursor = cursor.map(|(x, y)| (x % width, y % height));
            let frame = Frame { buffer: buffer.clone(), cursor, tag: None };
            let before = screen.grid.wrapped;
            feed(&mut painter, &mut screen, &frame);
            prop_assert_eq!(shown(&screen), wanted(&buffer));
            prop_assert_eq!(screen.grid.wrapped - before, 0, "never relies on wrapping");
            prop_assert_eq!(screen.grid.cursor(), cursor.map(|(x, y)| (x.into(), y.into())));
            prop_assert_eq!(feed(&mut painter, &mut screen, &frame), 0, "the same again is free");
            // The same from nothing.
            let mut fresh = Screen::new(width.into(), height.into());
            feed(&mut Painter::new(false), &mut fresh, &frame);
            prop_assert_eq!(shown(&fresh), shown(&screen));
        }
    }

    #[test]
    fn a_terminal_of_other_widths_keeps_what_is_certain(
        frames in prop::collection::vec((puts(), any::<bool>()), 1..6),
        narrow in any::<bool>(),
    ) {
        let area = Rect::new(0, 0, 34, 6);
        let (mut painter, mut screen) = (Painter::new(false), Screen::new(34, 6));
        // An old terminal draws emoji in one column, a new one draws signs in two.
        screen.grid.width_of = if narrow { |c| width(c, 1) } else { |c| width(c, 2) };
        let mut buffer = Buffer::empty(area);
        for (puts, over) in frames {
            if !over {
                buffer.reset();
            }
            draw(&mut buffer, &puts);
            feed(&mut painter, &mut screen, &Frame { buffer: buffer.clone(), cursor: None, tag: None });
            let (shown, wanted) = (shown(&screen), wanted(&buffer));
            for (y, row) in wanted.iter().enumerate() {
                for (x, cell) in row.iter().enumerate() {
                    let plain = cell.text.is_ascii() && !cell.text.is_empty();
                    // A sign drawn too wide takes one column of its neighbours, or loses itself to them.
                    let near = row[x.saturating_sub(2)..x].iter().any(|c| strange(&c.text));
                    prop_assert!(!plain || near || shown[y][x] == *cell, "{x},{y}: {:?} {cell:?}", shown[y][x]);
                }
            }
        }
    }
}

fn strange(text: &str) -> bool {
    text.chars().any(|c| ['\u{1f680}', '\u{26a0}', '\u{2764}', '\u{fe0f}', '\u{301}'].contains(&c))
}

fn width(c: char, strange: usize) -> usize {
    match c {
        '\u{1f680}' | '\u{26a0}' | '\u{2764}' => strange,
        _ => c.width().unwrap_or(0),
    }
}

/// An emulator written by the same hands could share a mistake; tmux does not.
#[test]
fn tmux_sees_the_same_frame() {
    let found = Command::new("tmux").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|s| s.success()) {
        eprintln!("no tmux here: not compared");
        return;
    }
    let (area, mut painter) = (Rect::new(0, 0, 30, 7), Painter::new(true));
    let mut buffer = Buffer::empty(area);
    let mut bytes = Vec::new();
    // Numbers without meaning, the same each time.
    let mut seed = 12_345_usize;
    let mut next = |n: usize| {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345) % 2_147_483_648;
        seed / 65_536 % n
    };
    for round in 0..60 {
        if round % 3 == 0 {
            buffer.reset();
        }
        for _ in 0..8 {
            // tmux's own table of widths differs for what is strange.
            let text = next(TEXTS.len());
            let at = (next(30) as u16, next(7) as u16);
            let style = (next(12), next(18), next(14));
            if !strange(TEXTS[text]) {
                draw(&mut buffer, &[(text, at, style)]);
            }
        }
        bytes.extend(painter.paint(&Frame { buffer: buffer.clone(), cursor: Some((3, 3)), tag: None }));
    }
    let dir = tempdir();
    std::fs::write(dir.join("bytes"), &bytes).unwrap();
    let socket = dir.join("tmux");
    let tmux = |args: &[&str]| {
        let mut out = Command::new("tmux");
        out.arg("-u").arg("-S").arg(&socket).args(["-f", "/dev/null"]).args(args);
        out.env_remove("TMUX").env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").output().unwrap()
    };
    let show = format!("stty raw -echo; cat '{}'; sleep 60", dir.join("bytes").display());
    let made = tmux(&["new-session", "-d", "-x", "30", "-y", "8", &show, ";", "set", "status", "on"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let end = Instant::now() + Duration::from_secs(20);
    let result = loop {
        let captured = tmux(&["capture-pane", "-p", "-e", "-N"]).stdout;
        let mut screen = Screen::new(30, 7);
        let text = String::from_utf8_lossy(&captured).trim_end_matches('\n').replace('\n', "\r\n");
        screen.feed(text.as_bytes());
        let same = shown(&screen) == wanted(&buffer);
        if same || Instant::now() > end {
            break (same, screen.grid.lines().join("\n"));
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    tmux(&["kill-server"]);
    let _ = std::fs::remove_dir_all(&dir);
    assert!(result.0, "tmux shows:\n{}", result.1);
}

fn tempdir() -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("andon-painting-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
