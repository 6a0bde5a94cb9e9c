//! How roles become terminal styles. Knows colours and emphasis; never what is drawn.
//!
//! Without colour only bold, reverse and underline are left, and no state may look like another one's opposite: the
//! word beside it says the rest (screens.md, "Colour and emphasis").

use super::colour::{self, Palette, Rgb, rgb_of};
use crate::config::theme::{self, Colour, Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal has, as decided once at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// Bold, reverse and underline only: every theme is `mono`.
    None,
    Sixteen,
    TwoFiftySix,
    True,
}

/// Everything worked out beforehand, so that drawing only looks it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// By the role's number.
    styles: Vec<Style>,
    colours: Colours,
    /// Characters beyond ASCII may be sent. When not, foreign ones are drawn as `?`.
    pub utf8: bool,
}

impl Look {
    pub fn new(theme: Theme, colours: Colours, utf8: bool) -> Look {
        Look { styles: styles(&theme, colours), colours, utf8 }
    }

    /// The shipped theme on sixteen colours: the design size.
    pub fn shipped() -> Look {
        Look::new(theme::default_theme(), Colours::Sixteen, true)
    }

    /// Another theme from now on, on the same terminal.
    pub fn wear(&mut self, theme: &Theme) {
        self.styles = styles(theme, self.colours);
    }

    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// Cells that nobody gave a colour get those of running text, where the theme names them: the whole screen has the
    /// theme's background.
    pub fn fill(&self, area: Rect, buf: &mut Buffer) {
        let text = self.style(Role::Text);
        let Some(bg) = text.bg else { return };
        let fg = text.fg.unwrap_or(Color::Reset);
        let area = area.intersection(buf.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                let cell = &mut buf[(x, y)];
                if cell.bg == Color::Reset {
                    cell.bg = bg;
                }
                if cell.fg == Color::Reset {
                    cell.fg = fg;
                }
            }
        }
    }
}

fn styles(theme: &Theme, colours: Colours) -> Vec<Style> {
    let mono = (colours == Colours::None).then(|| theme::shipped("mono").unwrap_or_else(theme::default_theme));
    let theme = mono.as_ref().unwrap_or(theme);
    let text = theme.style(Role::Text);
    // Most roles have the colours of running text, and looking for the nearest of 256 takes a while.
    let mut known: Vec<((Colour, Colour), (Option<Color>, Option<Color>))> = Vec::new();
    let style = |role: &Role| {
        let mut s = theme.style(*role);
        // A colour that a role does not name is that of running text.
        for (own, of_text) in [(&mut s.fg, text.fg), (&mut s.bg, text.bg)] {
            if *own == Colour::Default {
                *own = of_text;
            }
        }
        let before = known.iter().find(|(pair, _)| *pair == (s.fg, s.bg)).map(|(_, found)| *found);
        let (fg, bg) = before.unwrap_or_else(|| down(s.fg, s.bg, colours));
        if before.is_none() {
            known.push(((s.fg, s.bg), (fg, bg)));
        }
        let mut out = Style { fg, bg, ..Style::new() };
        for (on, m) in [(s.bold, Modifier::BOLD), (s.underline, Modifier::UNDERLINED), (s.reverse, Modifier::REVERSED)]
        {
            if on {
                out = out.add_modifier(m);
            }
        }
        out
    };
    Role::ALL.iter().map(style).collect()
}

/// Text and its background as the terminal can show them. `None`: its own.
fn down(fg: Colour, bg: Colour, colours: Colours) -> (Option<Color>, Option<Color>) {
    let palette = match colours {
        Colours::None => return (None, None),
        Colours::Sixteen => Palette::Sixteen,
        Colours::TwoFiftySix => Palette::TwoFiftySix,
        Colours::True => return (exact(fg), exact(bg)),
    };
    let kept = |c: Colour| match (c, palette) {
        (Colour::Default | Colour::Named16(_), _) | (Colour::Indexed(_), Palette::TwoFiftySix) => true,
        (Colour::Indexed(_), Palette::Sixteen) | (Colour::Rgb(..), _) => false,
    };
    let number = |n: u8| if n < 16 { named(n) } else { Color::Indexed(n) };
    let shown = if kept(bg) { None } else { rgb(bg).map(|c| colour::nearest(c, palette)) };
    let below = match shown {
        Some(n) => Some(number(n)),
        None => exact(bg),
    };
    let above = match (kept(fg), rgb(fg), rgb(bg)) {
        (true, _, _) | (_, None, _) => exact(fg),
        (false, Some(f), Some(b)) => {
            let on = shown.or(number_of(bg));
            Some(number(on.map_or_else(|| colour::nearest(f, palette), |on| colour::nearest_on(f, b, on, palette))))
        }
        (false, Some(f), None) => Some(number(colour::nearest(f, palette))),
    };
    (above, below)
}

fn exact(c: Colour) -> Option<Color> {
    match c {
        Colour::Default => None,
        Colour::Named16(n) => Some(named(n)),
        Colour::Indexed(n) => Some(Color::Indexed(n)),
        Colour::Rgb(r, g, b) => Some(Color::Rgb(r, g, b)),
    }
}

/// What it most likely looks like; the first sixteen are the terminal's own.
fn rgb(c: Colour) -> Option<Rgb> {
    match c {
        Colour::Default => None,
        Colour::Named16(n) | Colour::Indexed(n) => Some(rgb_of(n)),
        Colour::Rgb(r, g, b) => Some((r, g, b)),
    }
}

fn number_of(c: Colour) -> Option<u8> {
    match c {
        Colour::Named16(n) | Colour::Indexed(n) => Some(n),
        Colour::Default | Colour::Rgb(..) => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_down_to_what_the_terminal_has() {
        let red = Colour::Rgb(255, 0, 0);
        assert_eq!(down(red, Colour::Default, Colours::True).0, Some(Color::Rgb(255, 0, 0)));
        assert_eq!(down(red, Colour::Default, Colours::TwoFiftySix).0, Some(Color::Indexed(196)));
        assert_eq!(down(red, Colour::Default, Colours::Sixteen).0, Some(Color::LightRed));
        assert_eq!(down(red, Colour::Default, Colours::None), (None, None));
        // A person's own number or name stays.
        let own = down(Colour::Indexed(208), Colour::Named16(4), Colours::TwoFiftySix);
        assert_eq!(own, (Some(Color::Indexed(208)), Some(Color::Blue)));
    }

    #[test]
    fn without_colour_trouble_still_stands_out_in_every_theme() {
        for (name, _) in theme::SHIPPED {
            let look = Look::new(theme::shipped(name).unwrap(), Colours::None, true);
            for role in [Role::Bad, Role::Warn, Role::Blind, Role::Place, Role::Key, Role::Selected, Role::Title] {
                assert_ne!(look.style(role), look.style(Role::Text), "{name} {role:?}");
            }
            for role in Role::ALL {
                let s = look.style(*role);
                assert_eq!((s.fg, s.bg), (None, None), "{name} {role:?}");
            }
        }
    }

    #[test]
    fn a_theme_with_a_background_has_it_everywhere_and_one_without_leaves_it_alone() {
        let area = Rect::new(0, 0, 4, 2);
        let light = Look::new(theme::shipped("light").unwrap(), Colours::True, true);
        let mut buf = Buffer::empty(area);
        buf.set_string(0, 0, "a", light.style(Role::Bad));
        let badge = buf[(0, 0)].clone();
        light.fill(area, &mut buf);
        assert_eq!(buf[(0, 0)], badge);
        assert_eq!(Some(buf[(3, 1)].bg), light.style(Role::Text).bg);
        let mut untouched = Buffer::empty(area);
        Look::shipped().fill(area, &mut untouched);
        assert_eq!(untouched, Buffer::empty(area));
    }

    #[test]
    fn another_theme_is_worn_at_once() {
        let mut look = Look::shipped();
        look.wear(&theme::shipped("high-contrast").unwrap());
        assert_ne!(look, Look::shipped());
        look.wear(&theme::default_theme());
        assert_eq!(look, Look::shipped());
    }
}
