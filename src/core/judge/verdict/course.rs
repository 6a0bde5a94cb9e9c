//! How the figures of a verdict went since the start: at some of its looks, what stood there then. For pictures.
//!
//! It is the same fold over the same blocks, so the last point is what the verdict shows now, and two consoles over the
//! same blocks draw the same. Linear in the blocks; the costly part, the interval,
//! is worked out at the points alone.

use super::replay::Looks;
use super::{BLOCK_SECS, Difference, Judge};
use crate::core::judge::stats::avsd::ALPHA_WHOLE;

/// What was known at one look edge. Rates are shares of all requests since the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Epoch seconds of the edge.
    pub at: i64,
    /// `None`: no block since the point before had data of this track. A gap, never zero.
    pub candidate: Option<f64>,
    pub stable: Option<f64>,
    /// `None`: in a gap, or before both tracks had requests in one block.
    pub difference: Option<Difference>,
    /// The limit in force at this look, a fraction.
    pub limit: f64,
}

impl Judge {
    /// At most `most` points, oldest first. They stand every power of two of blocks from the start, so that a later block
    /// moves none of them; the newest look is always the last.
    pub fn course(&self, most: usize) -> Vec<Point> {
        let first = self.terms.first_edge();
        let Some(last) = self.looks.edge else { return Vec::new() };
        let all = usize::try_from((last - first) / BLOCK_SECS).unwrap_or(0);
        let mut every: usize = 1;
        while all / every + 1 > most.max(2) {
            every *= 2;
        }
        let step = i64::try_from(every).unwrap_or(1) * BLOCK_SECS;
        let mut looks = Looks::new(&self.terms);
        let mut out = Vec::new();
        let (mut heard, mut due) = ([false; 2], first + step);
        let mut blocks = self.blocks.range(first..).peekable();
        while due - step < last {
            let edge = due.min(last);
            while let Some((start, block)) = blocks.next_if(|(start, _)| **start + BLOCK_SECS <= edge) {
                heard[0] |= block.candidate.is_some();
                heard[1] |= block.stable.is_some();
                looks.counted(*start, block, &self.blocks, &self.terms);
            }
            out.push(self.point(edge, &looks, heard));
            heard = [false; 2];
            due += step;
        }
        out
    }

    fn point(&self, at: i64, looks: &Looks, heard: [bool; 2]) -> Point {
        let rate = |heard: bool, h: &super::replay::Heard| (heard && h.counts.total > 0.0).then(|| h.rate());
        let both = heard[0] && heard[1];
        let difference = looks.whole.d().filter(|_| both).map(|d| {
            let alpha = ALPHA_WHOLE * self.terms.alpha_share;
            let mut range = looks.whole.interval(looks.dispersion.phi(), alpha);
            range.lo = range.lo.max(-looks.stable.rate()).min(d);
            Difference { d, range }
        });
        Point {
            at,
            candidate: rate(heard[0], &looks.candidate),
            stable: rate(heard[1], &looks.stable),
            difference,
            limit: looks.limit.margin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::judge::verdict::{At, Block, Counts, Terms};
    use crate::core::time::Utc;

    fn judge(n: i64, hole: std::ops::Range<i64>) -> Judge {
        let mut j = Judge::new(Terms::new(Utc::from_secs(15_000), Some(0.999)));
        let c = |total, failed| Some(Counts { total, failed });
        let blocks: Vec<Block> = (0..n)
            .filter(|i| !hole.contains(i))
            .map(|i| Block {
                start: 15_000 + 15 * i,
                candidate: c(40.0, f64::from(i32::from(i % 5 == 0))),
                stable: c(400.0, f64::from(i32::from(i % 7 == 0))),
            })
            .collect();
        j.feed(&blocks);
        j
    }

    #[test]
    fn the_last_point_is_what_the_verdict_shows() {
        let j = judge(100, 0..0);
        let now = Utc::from_secs(15_000 + 1_500);
        let v = j.verdict(&At { now, newest_sample: Some(now), scrape_secs: 15, skew_ms: 0 });
        for most in [4, 16, 200] {
            let course = j.course(most);
            assert!(course.len() <= most, "{most}: {}", course.len());
            let last = course.last().unwrap();
            assert_eq!(last.difference, v.difference, "{most}");
            assert_eq!(Some(Utc::from_secs(last.at)), v.look);
            assert_eq!(last.candidate, Some(v.candidate.failed / v.candidate.total));
            assert_eq!(last.limit, v.limit.margin);
        }
    }

    #[test]
    fn a_later_block_moves_no_point_and_a_gap_stays_one() {
        let (before, after) = (judge(60, 20..40).course(16), judge(61, 20..40).course(16));
        assert_eq!(before[..14], after[..14]);
        assert!(before.iter().any(|p| p.candidate.is_none() && p.difference.is_none()));
        assert!(judge(0, 0..0).course(16).is_empty());
    }
}
