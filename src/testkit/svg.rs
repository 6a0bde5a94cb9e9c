//! A drawn screen as an SVG, for the picture book of themes: what a reader of the repository sees without a terminal.

use super::colour::{self, Rgb};
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write;

/// A cell, in pixels.
const WIDE: usize = 8;
const TALL: usize = 17;
/// From a cell's top to its line of writing.
const BASE: usize = 13;

/// What the terminal shows where nothing is said.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    pub text: Rgb,
    pub background: Rgb,
}

/// Text colour, background, bold, underlined.
type Seen = (Rgb, Rgb, bool, bool);

/// The value of a colour as xterm shows it; `None`: the terminal's own.
pub fn rgb(c: Color) -> Option<Rgb> {
    let sixteen = |n: u8| Some(colour::XTERM[usize::from(n)]);
    match c {
        Color::Reset => None,
        Color::Black => sixteen(0),
        Color::Red => sixteen(1),
        Color::Green => sixteen(2),
        Color::Yellow => sixteen(3),
        Color::Blue => sixteen(4),
        Color::Magenta => sixteen(5),
        Color::Cyan => sixteen(6),
        Color::Gray => sixteen(7),
        Color::DarkGray => sixteen(8),
        Color::LightRed => sixteen(9),
        Color::LightGreen => sixteen(10),
        Color::LightYellow => sixteen(11),
        Color::LightBlue => sixteen(12),
        Color::LightMagenta => sixteen(13),
        Color::LightCyan => sixteen(14),
        Color::White => sixteen(15),
        Color::Indexed(n) => Some(colour::indexed(n, &colour::XTERM)),
        Color::Rgb(r, g, b) => Some((r, g, b)),
    }
}

fn seen(cell: &Cell, terminal: Terminal) -> Seen {
    let (fg, bg) = (rgb(cell.fg).unwrap_or(terminal.text), rgb(cell.bg).unwrap_or(terminal.background));
    let has = |m| cell.modifier.contains(m);
    let (fg, bg) = if has(Modifier::REVERSED) { (bg, fg) } else { (fg, bg) };
    (fg, bg, has(Modifier::BOLD), has(Modifier::UNDERLINED))
}

fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The whole screen. Own texts are ASCII, so a cell is a character.
pub fn svg(buf: &Buffer, terminal: Terminal) -> String {
    let (w, h) = (usize::from(buf.area.width) * WIDE, usize::from(buf.area.height) * TALL);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"13.29\" xml:space=\"preserve\">\n"
    );
    let base = buf.content.last().map_or(terminal.background, |c| rgb(c.bg).unwrap_or(terminal.background));
    writeln!(out, "<rect width=\"{w}\" height=\"{h}\" fill=\"{}\"/>", hex(base)).unwrap_or_default();
    let mut text = String::new();
    for (y, row) in buf.content.chunks(usize::from(buf.area.width.max(1))).enumerate() {
        let mut x = 0;
        while let Some(first) = row.get(x) {
            let look = seen(first, terminal);
            let n = row[x..].iter().take_while(|c| seen(c, terminal) == look).count();
            let words: String = row[x..x + n].iter().map(Cell::symbol).collect();
            run(&mut out, &mut text, (x, y, n), &words, look, base);
            x += n;
        }
    }
    out + &text + "</svg>\n"
}

/// One run of cells that look alike: its background now, its text after all backgrounds.
fn run(out: &mut String, text: &mut String, at: (usize, usize, usize), words: &str, look: Seen, base: Rgb) {
    let ((x, y, n), (fg, bg, bold, underlined)) = (at, look);
    let (left, top) = (x * WIDE, y * TALL);
    if bg != base {
        let (w, bg) = (n * WIDE, hex(bg));
        writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{w}\" height=\"{TALL}\" fill=\"{bg}\"/>")
            .unwrap_or_default();
    }
    if words.trim().is_empty() {
        return;
    }
    let bold = if bold { " font-weight=\"bold\"" } else { "" };
    let line = if underlined { " text-decoration=\"underline\"" } else { "" };
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let length = n * WIDE;
    writeln!(
        text,
        "<text x=\"{left}\" y=\"{}\" textLength=\"{length}\" fill=\"{}\"{bold}{line}>{words}</text>",
        top + BASE,
        hex(fg)
    )
    .unwrap_or_default();
}
