//! A screen as text, and which role covers which cells. Drawn with a probe look, so that a picture survives a change of
//! theme and still catches a lost highlight.

use super::world::World;
use crate::config::theme::{Colour, Role, Style, Theme};
use crate::ui::{Colours, Glyphs, Look};
use ratatui::buffer::Buffer;
use ratatui::style::Color;

/// First colour of the probe: one for each role.
const FIRST: u8 = 100;

/// Every role has a colour of its own.
pub fn probe() -> Look {
    let style = |n| Style { fg: Colour::Indexed(n), ..Style::default() };
    let roles = (FIRST..).zip(Role::ALL.iter()).map(|(n, r)| (*r, style(n))).collect();
    Look::new(Theme { roles }, Colours::True, true)
}

/// One named state of the product, at one size.
pub struct Picture {
    /// `verdict/worse`: folder and name of its file.
    pub path: &'static str,
    /// One sentence for the picture book.
    pub caption: &'static str,
    pub size: (u16, u16),
    pub make: fn() -> World,
}

impl Picture {
    /// The state, on a terminal of the picture's size.
    pub fn world(&self) -> World {
        let mut world = (self.make)();
        (world.model.width, world.model.height) = self.size;
        world
    }

    /// What its pictures are drawn with: the end of its name says so.
    pub fn glyphs(&self) -> Glyphs {
        match self.path.rsplit('-').next() {
            Some("ascii") => Glyphs::Ascii,
            Some("blocks") => Glyphs::Blocks,
            Some(_) | None => Glyphs::Braille,
        }
    }

    /// The text, then the roles.
    pub fn taken(&self) -> String {
        let world = self.world();
        let look = probe().with_glyphs(self.glyphs());
        let (buf, drawn) = world.drawn(self.size.0, self.size.1, &look);
        let mut out = text(&buf);
        out.push_str("----\n");
        out.push_str(&roles(&buf));
        if let Some((x, y)) = drawn.cursor {
            out.push_str(&format!("cursor: row {y}, column {x}\n"));
        }
        out
    }
}

/// The cells as lines, without blanks at their ends.
pub fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buf.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buf[(x, y)].symbol();
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn role(c: Color) -> Option<Role> {
    match c {
        Color::Indexed(n) => Role::ALL.get(usize::from(n.checked_sub(FIRST)?)).copied(),
        _ => None,
    }
}

/// `0: 7..11 Place`: what stands out, row by row. Running text is left out.
fn roles(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let mut spans: Vec<(u16, u16, Role)> = Vec::new();
        for x in 0..buf.area.width {
            let Some(r) = role(buf[(x, y)].fg).filter(|r| *r != Role::Text) else { continue };
            match spans.last_mut() {
                Some((_, end, last)) if *end == x && *last == r => *end = x + 1,
                _ => spans.push((x, x + 1, r)),
            }
        }
        if !spans.is_empty() {
            let words: Vec<String> = spans.iter().map(|(a, b, r)| format!("{a}..{b} {r:?}")).collect();
            out.push_str(&format!("{y}: {}\n", words.join(", ")));
        }
    }
    out
}

/// Rows with badges that shout, and how many of them there are in each.
pub fn bad_badges(world: &World, size: (u16, u16)) -> Vec<(u16, usize)> {
    let (buf, _) = world.drawn(size.0, size.1, &probe());
    let mut out = Vec::new();
    for y in 0..size.1 {
        let bad: Vec<bool> = (0..size.0).map(|x| role(buf[(x, y)].fg) == Some(Role::Bad)).collect();
        let starts = bad.iter().enumerate().filter(|(x, b)| **b && (*x == 0 || !bad[x - 1])).count();
        if starts > 0 {
            out.push((y, starts));
        }
    }
    out
}
