//! How roles become terminal styles. Knows colours and emphasis; never what is drawn.
//!
//! Without colour only bold, reverse and underline are left, and no state may look like another one's opposite: the
//! word beside it says the rest (screens.md, "Colour and emphasis").

use crate::config::theme::{self, Colour, Role, Theme};
use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal has, as decided once at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// Bold, reverse and underline only.
    None,
    Sixteen,
    TwoFiftySix,
    True,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub theme: Theme,
    pub colours: Colours,
    /// Characters beyond ASCII may be sent. When not, foreign ones are drawn as `?`.
    pub utf8: bool,
}

impl Look {
    pub fn new(theme: Theme, colours: Colours, utf8: bool) -> Look {
        Look { theme, colours, utf8 }
    }

    /// The shipped theme on sixteen colours: the design size.
    pub fn shipped() -> Look {
        Look::new(theme::default_theme(), Colours::Sixteen, true)
    }

    pub fn style(&self, role: Role) -> Style {
        if self.colours == Colours::None {
            return mono(role);
        }
        let s = self.theme.style(role);
        let mut out = Style::new();
        if let Some(c) = self.colour(s.fg) {
            out = out.fg(c);
        }
        if let Some(c) = self.colour(s.bg) {
            out = out.bg(c);
        }
        for (on, m) in [(s.bold, Modifier::BOLD), (s.underline, Modifier::UNDERLINED), (s.reverse, Modifier::REVERSED)]
        {
            if on {
                out = out.add_modifier(m);
            }
        }
        out
    }

    fn colour(&self, c: Colour) -> Option<Color> {
        match (c, self.colours) {
            (Colour::Default, _) | (_, Colours::None) => None,
            (Colour::Named16(n), _) => Some(named(n)),
            (Colour::Indexed(n), Colours::Sixteen) => Some(named(nearest16(rgb_of(n)))),
            (Colour::Indexed(n), Colours::TwoFiftySix | Colours::True) => Some(Color::Indexed(n)),
            (Colour::Rgb(r, g, b), Colours::Sixteen) => Some(named(nearest16((r, g, b)))),
            (Colour::Rgb(r, g, b), Colours::TwoFiftySix) => Some(Color::Indexed(cube((r, g, b)))),
            (Colour::Rgb(r, g, b), Colours::True) => Some(Color::Rgb(r, g, b)),
        }
    }
}

fn mono(role: Role) -> Style {
    let s = Style::new();
    match role {
        Role::Bad | Role::Place | Role::Drill => s.add_modifier(Modifier::BOLD | Modifier::REVERSED),
        Role::Warn | Role::Selected | Role::Focus => s.add_modifier(Modifier::REVERSED),
        Role::Blind => s.add_modifier(Modifier::BOLD | Modifier::UNDERLINED | Modifier::REVERSED),
        Role::Moving | Role::Better | Role::Title => s.add_modifier(Modifier::BOLD),
        Role::Key => s.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        Role::Fine | Role::Muted | Role::Text => s,
    }
}

/// SGR 30-37 and 90-97 by number.
fn named(n: u8) -> Color {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    NAMED[usize::from(n % 16)]
}

type Rgb = (u8, u8, u8);

/// The common palette of the first sixteen, as terminals ship it (xterm's).
const SIXTEEN: [Rgb; 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

fn nearest16(c: Rgb) -> u8 {
    let square = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
    let far = |p: &Rgb| square(p.0, c.0) + square(p.1, c.1) + square(p.2, c.2);
    (0u8..).zip(SIXTEEN.iter()).min_by_key(|(_, p)| far(p)).map_or(7, |(n, _)| n)
}

/// The 6x6x6 cube of the 256 colours.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn cube((r, g, b): Rgb) -> u8 {
    let level = |v: u8| (0u8..).zip(LEVELS).min_by_key(|(_, l)| l.abs_diff(v)).map_or(0, |(n, _)| n);
    16 + 36 * level(r) + 6 * level(g) + level(b)
}

fn rgb_of(n: u8) -> Rgb {
    match n {
        0..=15 => SIXTEEN[usize::from(n)],
        16..=231 => {
            let n = usize::from(n - 16);
            (LEVELS[n / 36], LEVELS[n / 6 % 6], LEVELS[n % 6])
        }
        232..=255 => {
            let v = 8 + 10 * (n - 232);
            (v, v, v)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_down_to_what_the_terminal_has() {
        assert_eq!(nearest16((250, 10, 10)), 9);
        assert_eq!(cube((255, 255, 255)), 231);
        assert_eq!(rgb_of(231), (255, 255, 255));
        assert_eq!(rgb_of(232), (8, 8, 8));
        let look = Look { colours: Colours::TwoFiftySix, ..Look::shipped() };
        assert_eq!(look.colour(Colour::Rgb(255, 0, 0)), Some(Color::Indexed(196)));
        assert_eq!(look.colour(Colour::Default), None);
    }

    #[test]
    fn without_colour_trouble_still_stands_out() {
        let look = Look { colours: Colours::None, ..Look::shipped() };
        for role in [Role::Bad, Role::Warn, Role::Blind, Role::Place, Role::Key, Role::Selected, Role::Title] {
            assert_ne!(look.style(role), look.style(Role::Text), "{role:?}");
        }
        for role in Role::ALL {
            let s = look.style(*role);
            assert_eq!((s.fg, s.bg), (None, None), "{role:?}");
        }
    }
}
