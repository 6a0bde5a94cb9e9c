//! How roles become terminal styles. Knows colours and emphasis; never what is drawn.
//!
//! Without colour only bold, reverse and underline are left, and no state may look like another one's opposite: the
//! word beside it says the rest (screens.md, "Colour and emphasis").

use super::colour::{self, Palette, Rgb, contrast, rgb_of};
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
    /// The sixteen of the Linux console: another table than xterm's, and eight backgrounds.
    Console,
    TwoFiftySix,
    True,
}

/// What pictures are drawn with. Words are ASCII on every terminal; only pictures differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    Ascii,
    /// Half blocks and shades.
    Blocks,
    /// Eight dots a cell.
    Braille,
}

impl Glyphs {
    /// What a terminal surely has: no font of the Linux console holds braille, and few hold blocks of every height.
    pub fn of(colours: Colours, utf8: bool) -> Glyphs {
        if !utf8 || colours == Colours::Console { Glyphs::Ascii } else { Glyphs::Braille }
    }
}

/// Everything worked out beforehand, so that drawing only looks it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// By the role's number.
    styles: Vec<Style>,
    colours: Colours,
    /// Characters beyond ASCII may be sent. When not, foreign ones are drawn as `?`.
    pub utf8: bool,
    pub glyphs: Glyphs,
}

impl Look {
    pub fn new(theme: Theme, colours: Colours, utf8: bool) -> Look {
        Look { styles: styles(&theme, colours), colours, utf8, glyphs: Glyphs::of(colours, utf8) }
    }

    /// The shipped theme on sixteen colours: the design size.
    pub fn shipped() -> Look {
        Look::new(theme::default_theme(), Colours::Sixteen, true)
    }

    /// Pictures drawn with these. Never more than the terminal has.
    pub fn with_glyphs(self, glyphs: Glyphs) -> Look {
        let glyphs = if self.utf8 { glyphs } else { Glyphs::Ascii };
        Look { glyphs, ..self }
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
    let mut known: Vec<(theme::Style, theme::Style)> = Vec::new();
    let style = |role: &Role| {
        let mut s = theme.style(*role);
        // A colour that a role does not name is that of running text.
        for (own, of_text) in [(&mut s.fg, text.fg), (&mut s.bg, text.bg)] {
            if *own == Colour::Default {
                *own = of_text;
            }
        }
        let before = known.iter().find(|(asked, _)| *asked == s).map(|(_, found)| *found);
        let found = before.unwrap_or_else(|| down(s, colours));
        if before.is_none() {
            known.push((s, found));
        }
        let mut out = Style { fg: exact(found.fg), bg: exact(found.bg), ..Style::new() };
        for (on, m) in
            [(found.bold, Modifier::BOLD), (found.underline, Modifier::UNDERLINED), (found.reverse, Modifier::REVERSED)]
        {
            if on {
                out = out.add_modifier(m);
            }
        }
        out
    };
    Role::ALL.iter().map(style).collect()
}

/// A style as the terminal can show it.
fn down(s: theme::Style, colours: Colours) -> theme::Style {
    let palette = match colours {
        Colours::None => return theme::Style { fg: Colour::Default, bg: Colour::Default, ..s },
        Colours::Sixteen => Palette::Sixteen,
        Colours::Console => Palette::Console,
        Colours::TwoFiftySix => Palette::TwoFiftySix,
        Colours::True => return s,
    };
    let number = |n: u8| if n < 16 { Colour::Named16(n) } else { Colour::Indexed(n) };
    let bg = match s.bg {
        c if kept(c, palette) => c,
        // A bright background is drawn as the plain one there.
        Colour::Named16(n) => Colour::Named16(n % 8),
        c => rgb(c).map_or(c, |v| number(colour::nearest(v, palette))),
    };
    let on = rgb(s.bg).zip(number_of(bg));
    let readable = |n: u8| match (rgb(s.fg), on) {
        (Some(f), Some((was, on))) => {
            contrast(palette.rgb(n), palette.rgb(on)) >= contrast(f, was).min(colour::READABLE)
        }
        (None, _) | (_, None) => true,
    };
    let fg = match s.fg {
        c if kept(c, palette) => c,
        Colour::Named16(n) if readable(n) => s.fg,
        c => rgb(c).map_or(c, |v| number(colour::nearest_text(v, on, palette))),
    };
    // Where bold is drawn by brightening, black on red becomes grey on red: then it is better not bold.
    let bold = match (number_of(fg), on) {
        (Some(n), Some((_, on))) if s.bold => {
            let (plain, bright) = (palette.rgb(n), palette.bright(n));
            plain == bright
                || contrast(bright, palette.rgb(on)) >= contrast(plain, palette.rgb(on)).min(colour::READABLE)
        }
        (Some(_) | None, _) => s.bold,
    };
    theme::Style { fg, bg, bold, ..s }
}

/// Whether a colour is sent as it was written: a person's own number or name, where the terminal has it.
fn kept(c: Colour, palette: Palette) -> bool {
    match (c, palette) {
        (Colour::Default, _) | (Colour::Indexed(_), Palette::TwoFiftySix) => true,
        (Colour::Named16(_), Palette::Sixteen | Palette::TwoFiftySix) => true,
        (Colour::Named16(_) | Colour::Indexed(_), Palette::Sixteen | Palette::Console) | (Colour::Rgb(..), _) => false,
    }
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
        let of = |fg, bg, bold| theme::Style { fg, bg, bold, ..theme::Style::default() };
        let red = of(Colour::Rgb(255, 0, 0), Colour::Default, false);
        assert_eq!(down(red, Colours::True), red);
        assert_eq!(down(red, Colours::TwoFiftySix).fg, Colour::Indexed(196));
        assert_eq!(down(red, Colours::Sixteen).fg, Colour::Named16(9));
        assert_eq!(down(red, Colours::None).fg, Colour::Default);
        // A person's own number or name stays.
        let own = of(Colour::Indexed(208), Colour::Named16(4), false);
        assert_eq!(down(own, Colours::TwoFiftySix), own);
    }

    #[test]
    fn on_the_linux_console_text_on_brown_and_bright_backgrounds_can_be_read() {
        let of = |fg, bg| theme::Style { fg: Colour::Named16(fg), bg: Colour::Named16(bg), ..theme::Style::default() };
        let shown = down(of(0, 3), Colours::Console);
        assert_eq!(shown.bg, Colour::Named16(3));
        assert_ne!(shown.fg, Colour::Named16(0), "black on brown is 4.0:1");
        assert_eq!(down(of(15, 1), Colours::Console), of(15, 1));
        assert_eq!(down(of(0, 14), Colours::Console), of(0, 6));
    }

    #[test]
    fn bold_is_left_out_where_brightening_would_hide_the_text() {
        let black_on_red = theme::Style {
            fg: Colour::Rgb(0, 0, 0),
            bg: Colour::Rgb(255, 40, 7),
            bold: true,
            ..theme::Style::default()
        };
        assert!(!down(black_on_red, Colours::Sixteen).bold);
        assert!(down(black_on_red, Colours::TwoFiftySix).bold && down(black_on_red, Colours::True).bold);
        let white = theme::Style { fg: Colour::Rgb(255, 255, 255), bg: Colour::Rgb(160, 0, 0), ..black_on_red };
        assert!(down(white, Colours::Sixteen).bold);
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
