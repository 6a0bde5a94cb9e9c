//! The cheapest way from where the cursor is to where it should be.
//!
//! Pure. A place that is not known for certain is only left by an absolute move; a line feed is used only after a
//! carriage return, so that it means the same whether or not the line discipline adds one.

use std::io::Write as _;

use super::cells::{Dot, Glyph};
use super::pen::Pen;

/// Where the terminal's cursor is, as far as we are sure. After the last column nothing is: the next character may or
/// may not wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub row: Option<usize>,
    pub col: Option<usize>,
}

impl Place {
    pub fn at(x: usize, y: usize) -> Place {
        Place { row: Some(y), col: Some(x) }
    }
}

/// Writes the shortest move to column `x` of row `y` (from 0). `row`: how that row stands on the terminal up to `x`,
/// whose cells may simply be printed again when `pen` is theirs.
pub(super) fn go(from: Place, x: usize, y: usize, row: &[Dot], pen: Option<Pen>, out: &mut Vec<u8>) {
    if from == Place::at(x, y) {
        return;
    }
    let mut best = absolute(x, y);
    let mut offer = |way: Vec<u8>| {
        if way.len() < best.len() {
            best = way;
        }
    };
    if let Some(r) = from.row {
        let mut vertical = Vec::new();
        if y != r {
            let (n, last) = if y > r { (y - r, b'B') } else { (r - y, b'A') };
            csi(&[n], last, &mut vertical);
        }
        if let Some(c) = from.col {
            along(c, x, row, pen, |rest| offer([&vertical[..], rest].concat()));
        } else {
            offer([vertical.clone(), column(x)].concat());
        }
        let mut start = vec![b'\r'];
        if y > r && y - r <= vertical.len() {
            start.extend(std::iter::repeat_n(b'\n', y - r));
        } else {
            start.extend_from_slice(&vertical);
        }
        along(0, x, row, pen, |rest| offer([&start[..], rest].concat()));
    }
    out.extend_from_slice(&best);
}

/// Every way along one row from column `from` to `to`.
fn along(from: usize, to: usize, row: &[Dot], pen: Option<Pen>, mut offer: impl FnMut(&[u8])) {
    if from == to {
        return offer(b"");
    }
    offer(&column(to));
    let (n, last) = if to > from { (to - from, b'C') } else { (from - to, b'D') };
    let mut relative = Vec::new();
    csi(&[n], last, &mut relative);
    offer(&relative);
    if to < from {
        if n < 8 {
            offer(&[8; 8][..n]);
        }
    } else if n < 8
        && let Some(pen) = pen
        && let Some(again) = printed(&row[from..to], pen)
    {
        offer(&again);
    }
}

/// These cells as they are, if they are drawn with this pen and of certain width.
fn printed(cells: &[Dot], pen: Pen) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for d in cells {
        match d.glyph {
            Glyph::One(c) if d.pen == pen || (d.is_blank() && pen.draws_blank(d.pen)) => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Glyph::One(_) | Glyph::Two(_) | Glyph::Doubtful(..) | Glyph::Cover => return None,
        }
    }
    Some(out)
}

/// CUP; what is 1 may be left out.
fn absolute(x: usize, y: usize) -> Vec<u8> {
    let mut out = Vec::new();
    if x == 0 {
        csi(&[y + 1], b'H', &mut out);
    } else {
        csi(&[y + 1, x + 1], b'H', &mut out);
    }
    out
}

/// CHA.
fn column(x: usize) -> Vec<u8> {
    let mut out = Vec::new();
    csi(&[x + 1], b'G', &mut out);
    out
}

/// A control sequence; a parameter of 1 is the default of all that are used here.
fn csi(params: &[usize], last: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[");
    for (i, p) in params.iter().enumerate() {
        if i > 0 {
            out.push(b';');
        }
        if *p != 1 {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "{p}");
        }
    }
    out.push(last);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tty::paint::cells::Cells;
    use ratatui::buffer::Buffer;

    fn way(from: Place, x: usize, y: usize, row: &str) -> String {
        let cells = Cells::of(&Buffer::with_lines([row]));
        let mut out = Vec::new();
        go(from, x, y, cells.row(0), Some(Pen::PLAIN), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_shortest_of_all_ways_is_taken() {
        let row = "abcdefghijklmnopqrstuvwxyz";
        for (from, to, bytes) in [
            ((3, 4), (3, 4), ""),
            ((3, 4), (1, 4), "\x08\x08"),
            ((20, 4), (0, 4), "\r"),
            ((20, 4), (1, 4), "\ra"),
            ((3, 4), (5, 4), "de"),
            ((3, 4), (13, 4), "\x1b[14G"),
            ((20, 4), (0, 6), "\r\n\n"),
            ((20, 4), (2, 5), "\r\nab"),
            ((20, 4), (20, 3), "\x1b[A"),
            ((20, 4), (20, 9), "\x1b[5B"),
            ((20, 9), (0, 0), "\x1b[H"),
            ((20, 9), (5, 0), "\x1b[;6H"),
            ((5, 2), (20, 19), "\x1b[20;21H"),
        ] {
            let got = way(Place::at(from.0, from.1), to.0, to.1, row);
            assert_eq!(got.len(), bytes.len(), "{from:?} {to:?}: {got:?}");
            assert_eq!(got, bytes, "{from:?} {to:?}");
        }
    }

    #[test]
    fn an_uncertain_place_is_left_absolutely() {
        assert_eq!(way(Place::default(), 2, 3, "abc"), "\x1b[4;3H");
        assert_eq!(way(Place { row: Some(3), col: None }, 10, 3, "abc 漢 efghijk"), "\x1b[11G");
        assert_eq!(way(Place { row: Some(3), col: None }, 2, 3, "abc"), "\rab");
    }
}
