//! Colours brought down to what the terminal has: which of its 256 or 16 is nearest, and that a text which could be read
//! still can. Plain arithmetic over the tables of xterm; knows no roles.

pub type Rgb = (u8, u8, u8);

/// A text that has at least this contrast keeps it (WCAG 2.1, success criterion 1.4.3).
pub const READABLE: f32 = 4.5;

/// The first sixteen as xterm ships them; other terminals differ, and people change them.
pub const SIXTEEN: [Rgb; 16] = [
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

/// The sixteen of the Linux console, which are VGA's; its yellow is brown.
const VGA: [Rgb; 16] = [
    (0, 0, 0),
    (170, 0, 0),
    (0, 170, 0),
    (170, 85, 0),
    (0, 0, 170),
    (170, 0, 170),
    (0, 170, 170),
    (170, 170, 170),
    (85, 85, 85),
    (255, 85, 85),
    (85, 255, 85),
    (255, 255, 85),
    (85, 85, 255),
    (255, 85, 255),
    (85, 255, 255),
    (255, 255, 255),
];

/// The steps of the 6x6x6 cube of the 256 colours.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// What is chosen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// 0 to 15.
    Sixteen,
    /// 0 to 15 as the Linux console has them; only the first eight can be backgrounds there.
    Console,
    /// 16 to 255: the first sixteen are the terminal's own, so they are not chosen.
    TwoFiftySix,
}

impl Palette {
    fn numbers(self) -> std::ops::RangeInclusive<u8> {
        match self {
            Palette::Sixteen | Palette::Console => 0..=15,
            Palette::TwoFiftySix => 16..=255,
        }
    }

    /// What is shown for a number.
    pub fn rgb(self, n: u8) -> Rgb {
        match self {
            Palette::Console if n < 16 => VGA[usize::from(n)],
            Palette::Sixteen | Palette::Console | Palette::TwoFiftySix => rgb_of(n),
        }
    }

    /// Bold text of one of the first eight is drawn in the bright eight by xterm, the Linux console and others.
    pub fn bright(self, n: u8) -> Rgb {
        match self {
            Palette::Sixteen | Palette::Console if n < 8 => self.rgb(n + 8),
            Palette::Sixteen | Palette::Console | Palette::TwoFiftySix => self.rgb(n),
        }
    }
}

/// What xterm shows for a number.
pub fn rgb_of(n: u8) -> Rgb {
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

fn linear(v: u8) -> f32 {
    let v = f32::from(v) / 255.0;
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// Relative luminance of WCAG 2.1, 0 to 1.
fn luminance((r, g, b): Rgb) -> f32 {
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// WCAG 2.1 contrast ratio, 1 to 21; the order does not matter.
pub fn contrast(a: Rgb, b: Rgb) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Björn Ottosson's Oklab (2020): near in it is near to the eye, which RGB is not.
fn oklab((r, g, b): Rgb) -> [f32; 3] {
    let (r, g, b) = (linear(r), linear(g), linear(b));
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn far(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// The nearest for a background. On the Linux console the plain one of xterm's nearest: by nearness to eight colours
/// alone every pale one would be grey, and a yellow badge none.
pub fn nearest(c: Rgb, palette: Palette) -> u8 {
    match palette {
        Palette::Console => nearest(c, Palette::Sixteen) % 8,
        Palette::Sixteen | Palette::TwoFiftySix => nearest_of(c, palette, |_| true).unwrap_or(0),
    }
}

/// The nearest for text on `on`, which is of the palette already and stands for `was`: as readable as it was there, up
/// to [`READABLE`]. Without a background that is known: the nearest.
pub fn nearest_text(c: Rgb, on: Option<(Rgb, u8)>, palette: Palette) -> u8 {
    let may = |n: u8| match on {
        Some((was, on)) => contrast(palette.rgb(n), palette.rgb(on)) >= contrast(c, was).min(READABLE),
        None => true,
    };
    // Black or white gives at least 4.58 on anything, so there always is one.
    nearest_of(c, palette, may).unwrap_or_else(|| nearest(c, palette))
}

fn nearest_of(c: Rgb, palette: Palette, may: impl Fn(u8) -> bool) -> Option<u8> {
    let c = oklab(c);
    let all = palette.numbers().filter(|n| may(*n)).map(|n| (far(oklab(palette.rgb(n)), c), n));
    all.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, n)| n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_those_of_xterm() {
        assert_eq!(
            [rgb_of(16), rgb_of(231), rgb_of(232), rgb_of(255)],
            [(0, 0, 0), (255, 255, 255), (8, 8, 8), (238, 238, 238)]
        );
        assert_eq!(rgb_of(202), (255, 95, 0));
    }

    #[test]
    fn what_is_in_the_table_comes_down_to_itself() {
        for n in 16..=255 {
            assert_eq!(rgb_of(nearest(rgb_of(n), Palette::TwoFiftySix)), rgb_of(n));
        }
        for n in 0..=15 {
            assert_eq!(nearest(rgb_of(n), Palette::Sixteen), n);
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((contrast((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 0.01);
        // The best known pair just above the line.
        assert!((contrast((0x76, 0x76, 0x76), (255, 255, 255)) - 4.54).abs() < 0.01);
    }

    #[test]
    fn a_text_that_could_be_read_still_can() {
        // Grey on orange: by nearness alone it would be grey on bright red, 1.05:1.
        let (text, on) = ((0x30, 0x30, 0x30), (0xff, 0x70, 0x30));
        for palette in [Palette::Sixteen, Palette::Console, Palette::TwoFiftySix] {
            let bg = nearest(on, palette);
            let fg = nearest_text(text, Some((on, bg)), palette);
            assert!(contrast(palette.rgb(fg), palette.rgb(bg)) >= READABLE, "{palette:?} {fg} on {bg}");
        }
        // One that could not be is its author's matter: it comes no nearer, and is not lifted to what it was not.
        assert_eq!(nearest_text((255, 255, 250), Some(((255, 255, 255), 15)), Palette::Sixteen), 7);
    }
}
