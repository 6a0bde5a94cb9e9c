//! A picture of courses over time: lines, a band, a limit, marks on the axis. In eight dots a cell where the terminal has
//! them, else in blocks, else in ASCII; the words are the same everywhere.
//!
//! A blank is a gap, never zero. The grid of time is cut in spans that people know (5 m, 15 m, 1 h), so that a new point
//! moves nothing but itself. Knows no model.

use super::line::{Line, width};
use crate::config::theme::Role;
use crate::core::time::Utc;

/// One course. What has no value at a time is a gap.
pub struct Course {
    /// What stands at its end: `canary 21.6%`.
    pub label: String,
    pub points: Vec<(i64, Option<f64>)>,
    /// The one that matters: drawn strong.
    pub strong: bool,
}

/// What is marked on the axis, and the words for it.
pub struct Mark {
    pub at: i64,
    pub sign: char,
}

pub struct Picture {
    pub title: String,
    pub courses: Vec<Course>,
    /// (time, from, to).
    pub band: Vec<(i64, Option<(f64, f64)>)>,
    /// A line that is always drawn, and its words: `3x`.
    pub limit: Option<(Vec<(i64, f64)>, String)>,
    pub marks: Vec<Mark>,
    pub from: i64,
    pub to: i64,
    /// How a value is written at the axis.
    pub unit: fn(f64) -> String,
    /// The top of the axis is never lower than this.
    pub least_top: f64,
}

/// Columns of the figures at the axis, and of the words at the ends of the courses.
const LEFT: usize = 7;
const RIGHT: usize = 16;

/// What one cell holds.
#[derive(Clone, Copy, Default)]
struct Dots {
    /// Braille bits of each layer: strong course, other courses, limit, band.
    layers: [u8; 4],
}

const STRONG: usize = 0;
const OTHER: usize = 1;
const LIMIT: usize = 2;
const BAND: usize = 3;

/// The bit of a dot, by its column and row in the cell.
const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

impl Dots {
    fn braille(self) -> char {
        let all = self.layers.iter().fold(0, |a, b| a | b);
        // The braille blank is no blank everywhere.
        if all == 0 { ' ' } else { char::from_u32(0x2800 + u32::from(all)).unwrap_or(' ') }
    }

    fn block(self) -> char {
        let [strong, other, limit, band] = self.layers;
        let (upper, lower) = (strong & 0x1b != 0, strong & 0xe4 != 0);
        match (upper, lower) {
            (true, true) => '\u{2588}',
            (true, false) => '\u{2580}',
            (false, true) => '\u{2584}',
            (false, false) if other != 0 => '\u{2500}',
            (false, false) if limit != 0 => '-',
            (false, false) if band != 0 => '\u{2591}',
            (false, false) => ' ',
        }
    }

    fn ascii(self) -> char {
        let [strong, other, limit, band] = self.layers;
        match (strong != 0, other != 0, limit != 0, band != 0) {
            (true, ..) => '*',
            (_, true, ..) => '.',
            (_, _, true, _) => '-',
            (_, _, _, true) => ':',
            _ => ' ',
        }
    }
}

/// The smallest round number that is not lower.
pub fn top(v: f64) -> f64 {
    if !(v.is_finite() && v > 0.0) {
        return 1.0;
    }
    let unit = libm::pow(10.0, libm::floor(libm::log10(v)));
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|n| n * unit).find(|n| *n >= v * 0.999_999).unwrap_or(10.0 * unit)
}

/// Spans an axis may have, seconds.
const SPANS: [i64; 14] =
    [300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 259_200, 604_800, 2_592_000];

/// The span of the axis for courses that lasted this long.
pub fn span(secs: i64) -> i64 {
    SPANS.into_iter().find(|s| *s >= secs).unwrap_or(secs)
}

impl Picture {
    /// Nothing to draw.
    pub fn is_empty(&self) -> bool {
        !self.courses.iter().any(|c| c.points.iter().any(|p| p.1.is_some()))
    }

    /// `tall` rows with the title, the axis and its times: four at least.
    pub fn lines(&self, wide: usize, tall: usize) -> Vec<Line> {
        let mut out = vec![Line::of(Role::Title, &self.title)];
        if self.is_empty() {
            out.push(Line::new().text("  nothing was told of this yet: a blank, not zero"));
            return out;
        }
        let rows = tall.saturating_sub(3).max(2);
        let columns = wide.saturating_sub(LEFT + RIGHT).max(8);
        let most = self.highest();
        let top = top(most.max(self.least_top));
        let cells = self.cells(columns, rows, top);
        let ends = self.ends(rows, top);
        for (y, row) in cells.chunks(columns).enumerate() {
            let label = match y {
                0 => (self.unit)(top),
                y if y + 1 == rows => (self.unit)(0.0),
                y if rows >= 7 && y == rows / 2 => (self.unit)(top * (1.0 - (y as f64 + 0.5) / rows as f64)),
                _ => String::new(),
            };
            let mut line = Line::new().right(Role::Text, label, LEFT - 1).text("|");
            // Runs of one role are one piece.
            let mut at = 0;
            while at < row.len() {
                let strong = row[at].layers[STRONG] != 0;
                let n = row[at..].iter().take_while(|d| (d.layers[STRONG] != 0) == strong).count();
                let text = |f: fn(Dots) -> char| row[at..at + n].iter().map(|d| f(*d)).collect::<String>();
                let role = if strong { Role::Moving } else { Role::Text };
                line = line.drawn(role, &text(Dots::ascii), &text(Dots::block), &text(Dots::braille));
                at += n;
            }
            let end = ends.iter().filter(|e| e.0 == y).map(|e| e.1.as_str()).collect::<Vec<_>>().join(" ");
            out.push(line.text(" ").left(Role::Text, end, RIGHT));
        }
        out.extend(self.axis(columns));
        out
    }

    fn highest(&self) -> f64 {
        let courses = self.courses.iter().flat_map(|c| c.points.iter().filter_map(|p| p.1));
        let limit = self.limit.iter().flat_map(|(l, _)| l.iter().map(|p| p.1));
        let most = courses.chain(limit).filter(|v| v.is_finite()).fold(0.0, f64::max);
        // A band that is wide in the beginning must not press everything else down.
        let band = self.band.iter().rev().find_map(|p| p.1).map_or(0.0, |b| b.1);
        most.max(band.min(most * 4.0))
    }

    fn cells(&self, columns: usize, rows: usize, top: f64) -> Vec<Dots> {
        let mut cells = vec![Dots::default(); columns * rows];
        let (across, down) = (columns * 2, rows * 4);
        let y = |v: f64| {
            let part = (v / top).clamp(0.0, 1.0);
            let up = libm::round(part * (down - 1) as f64) as usize;
            down - 1 - up
        };
        let mut dot = |layer: usize, px: usize, py: usize| {
            if let Some(c) = cells.get_mut(py / 4 * columns + px / 2) {
                c.layers[layer] |= BITS[px % 2][py % 4];
            }
        };
        let x = |t: i64| -> Option<usize> {
            let part = (t - self.from) as f64 / (self.to - self.from).max(1) as f64;
            (0.0..=1.0).contains(&part).then(|| libm::round(part * (across - 1) as f64) as usize)
        };
        for pair in self.band.windows(2) {
            let (Some(a), Some(b), Some(from), Some(to)) = (pair[0].1, pair[1].1, x(pair[0].0), x(pair[1].0)) else {
                continue;
            };
            for px in from..=to {
                let f = if to > from { (px - from) as f64 / (to - from) as f64 } else { 1.0 };
                let (lo, hi) = (a.0 + (b.0 - a.0) * f, a.1 + (b.1 - a.1) * f);
                // Sparse, so that lines show upon it; full at its two edges.
                for py in y(hi)..=y(lo) {
                    if px % 2 == 0 && py % 2 == 0 {
                        dot(BAND, px, py);
                    }
                }
            }
        }
        if let Some((limit, _)) = &self.limit {
            for pair in limit.windows(2) {
                let (Some(from), Some(to)) = (x(pair[0].0), x(pair[1].0)) else { continue };
                for px in (from..=to).filter(|px| px % 4 < 2) {
                    dot(LIMIT, px, y(pair[1].1));
                }
            }
        }
        for c in &self.courses {
            let layer = if c.strong { STRONG } else { OTHER };
            let mut before: Option<(usize, usize)> = None;
            for (t, v) in &c.points {
                let (Some(px), Some(v)) = (x(*t), v.filter(|v| v.is_finite())) else {
                    before = None;
                    continue;
                };
                let py = y(v);
                let (fx, fy) = before.unwrap_or((px, py));
                for at in fx..=px {
                    let f = if px > fx { (at - fx) as f64 / (px - fx) as f64 } else { 1.0 };
                    let row = libm::round(fy as f64 + (py as f64 - fy as f64) * f) as usize;
                    dot(layer, at, row);
                }
                // Steep parts have no holes.
                for row in fy.min(py)..=fy.max(py) {
                    if px == fx {
                        dot(layer, px, row);
                    }
                }
                before = Some((px, py));
            }
        }
        cells
    }

    /// Words at the ends of the courses, each in a row of its own as near to its end as there is room.
    fn ends(&self, rows: usize, top: f64) -> Vec<(usize, String)> {
        let mut wanted: Vec<(f64, String)> = self
            .courses
            .iter()
            .filter_map(|c| Some((c.points.iter().rev().find_map(|p| p.1)?, c.label.clone())))
            .chain(self.limit.iter().filter_map(|(l, w)| Some((l.last()?.1, w.clone()))))
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut out: Vec<(usize, String)> = Vec::new();
        let n = wanted.len();
        for (i, (v, label)) in wanted.into_iter().enumerate() {
            let own = ((1.0 - (v / top).clamp(0.0, 1.0)) * (rows - 1) as f64 + 0.5) as usize;
            let least = out.last().map_or(0, |(y, _)| y + 1);
            let most = rows.saturating_sub(n - i);
            out.push((own.max(least).min(most.max(least)).min(rows - 1), label));
        }
        out
    }

    /// The axis with its marks and gaps, and the times below.
    fn axis(&self, columns: usize) -> [Line; 2] {
        let mut axis: Vec<char> = vec!['-'; columns];
        let column = |t: i64| {
            let part = (t - self.from) as f64 / (self.to - self.from).max(1) as f64;
            (0.0..=1.0).contains(&part).then(|| libm::round(part * (columns - 1) as f64) as usize)
        };
        if let Some(c) = self.courses.iter().find(|c| c.strong).or(self.courses.first()) {
            // What lies before the first point and behind the last is no gap: it has not happened.
            for pair in c.points.windows(2) {
                if pair[1].1.is_none()
                    && let (Some(from), Some(to)) = (column(pair[0].0), column(pair[1].0))
                {
                    axis.iter_mut().take(to + 1).skip(from + 1).for_each(|c| *c = '?');
                }
            }
        }
        for m in &self.marks {
            if let Some(c) = column(m.at).and_then(|c| axis.get_mut(c)) {
                *c = m.sign;
            }
        }
        let axis: String = axis.into_iter().collect();
        let hm = |t: i64| Utc::from_secs(t).hms().chars().take(5).collect::<String>();
        let (from, to) = (hm(self.from), format!("{} UTC", hm(self.to)));
        let middle = hm((self.from + self.to) / 2);
        let mut times = Line::new().text(" ".repeat(LEFT)).text(&from);
        let at = LEFT + columns / 2 - 2;
        if columns > 30 && at > times.width() {
            times = times.to(at).text(middle);
        }
        let last = (LEFT + columns + 4).saturating_sub(width(&to)).max(times.width() + 1);
        [Line::new().text(" ".repeat(LEFT - 1)).text("+").text(axis), times.to(last).text(to)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::look::{Glyphs, Look};
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    fn picture(points: Vec<(i64, Option<f64>)>) -> Picture {
        Picture {
            title: "failing".into(),
            courses: vec![Course { label: "canary".into(), points, strong: true }],
            band: Vec::new(),
            limit: None,
            marks: vec![Mark { at: 150, sign: '^' }],
            from: 0,
            to: 300,
            unit: |v| format!("{:.0}%", v * 100.0),
            least_top: 0.01,
        }
    }

    fn drawn(p: &Picture, glyphs: Glyphs) -> Vec<String> {
        let area = Rect::new(0, 0, 50, 1);
        let look = Look::shipped().with_glyphs(glyphs);
        let row = |l: &Line| {
            let mut buf = Buffer::empty(area);
            l.draw(&look, area, 0, &mut buf);
            buf.content.iter().map(|c| c.symbol()).collect::<String>().trim_end().to_owned()
        };
        p.lines(50, 8).iter().map(row).collect()
    }

    #[test]
    fn a_gap_is_blank_in_every_set_of_signs_and_marked_on_the_axis() {
        let mut points: Vec<(i64, Option<f64>)> = (0..=20).map(|i| (i * 15, Some(0.04))).collect();
        points[9].1 = None;
        points[10].1 = None;
        for glyphs in [Glyphs::Ascii, Glyphs::Blocks, Glyphs::Braille] {
            let rows = drawn(&picture(points.clone()), glyphs);
            let line = rows.iter().find(|r| r.ends_with("canary")).unwrap();
            let inner: Vec<char> = line.chars().skip(LEFT).take(20).collect();
            assert!(inner.iter().skip(12).take(2).all(|c| *c == ' '), "{glyphs:?} {line:?}");
            assert!(inner[..10].iter().all(|c| *c != ' '), "{glyphs:?} {line:?}");
            assert!(rows.iter().any(|r| r.contains('?') && r.contains('^')), "{rows:?}");
            assert!(glyphs != Glyphs::Ascii || rows.iter().all(|r| r.is_ascii()), "{rows:?}");
        }
    }

    #[test]
    fn zero_is_drawn_at_the_foot_and_nothing_at_all_says_so() {
        let rows = drawn(&picture(vec![(0, Some(0.0)), (300, Some(0.0))]), Glyphs::Ascii);
        let foot = rows.iter().find(|r| r.trim_start().starts_with("0%|")).unwrap();
        assert!(foot.contains("*****"), "{rows:?}");
        let none = drawn(&picture(vec![(0, None), (300, None)]), Glyphs::Ascii);
        assert!(none[1].contains("a blank, not zero"), "{none:?}");
    }

    #[test]
    fn axes_are_round() {
        assert_eq!([0.216, 0.0004, 3.0, 11.0].map(top), [0.25, 0.0005, 5.0, 20.0]);
        assert_eq!([40, 301, 4_000].map(span), [300, 600, 7_200]);
        assert_eq!(top(f64::NAN), 1.0);
    }
}
