//! A course in a few columns. A blank is a gap, never zero: the lowest sign is a line at the foot.

use super::line::Line;
use crate::config::theme::Role;
use crate::core::world::telemetry::Trend;

/// Signs from nothing at all to the top, in ASCII and in blocks. Zero has the first.
const ASCII: [char; 8] = ['_', '.', ',', '-', '=', '+', '*', '#'];
const BLOCKS: [char; 8] =
    ['\u{2581}', '\u{2582}', '\u{2583}', '\u{2584}', '\u{2585}', '\u{2586}', '\u{2587}', '\u{2588}'];

/// The top of a sparkline of failures is never lower than this: a service that hardly fails is drawn as one.
const LEAST_TOP: f64 = 0.01;

/// The course in `wide` columns: a column is the mean of its points. The grid of time is that of the points, so that it
/// moves only when one comes.
pub fn line(course: &Trend, wide: usize) -> Line {
    let step = i64::from(course.step_secs.max(1));
    let Some(last) = course.points.last().map(|p| p.0) else { return Line::new().text(" ".repeat(wide)) };
    let first = course.points.first().map_or(last, |p| p.0);
    let columns = i64::try_from(wide.max(1)).unwrap_or(1);
    // Whole steps a column, and columns that stand on multiples of them: a new point does not move the old ones.
    let each = ((last - first) / step + 1).div_euclid(columns).max(1) * step;
    let end = last.div_euclid(each) + 1;
    let mut sums = vec![(0.0, 0u32); wide];
    for (at, v) in course.points.iter().filter(|p| p.1.is_finite()) {
        let column = columns - (end - at.div_euclid(each));
        if let Some(s) = usize::try_from(column).ok().and_then(|c| sums.get_mut(c)) {
            *s = (s.0 + v, s.1 + 1);
        }
    }
    let means: Vec<Option<f64>> = sums.iter().map(|(s, n)| (*n > 0).then(|| s / f64::from(*n))).collect();
    let top = means.iter().flatten().copied().fold(LEAST_TOP, f64::max);
    let drawn = |signs: &[char; 8]| -> String {
        let sign = |v: f64| signs[((v / top).clamp(0.0, 1.0) * 7.0).ceil() as usize];
        means.iter().map(|m| m.map_or(' ', sign)).collect()
    };
    let (ascii, blocks) = (drawn(&ASCII), drawn(&BLOCKS));
    Line::new().drawn(Role::Text, &ascii, &blocks, &blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::ServiceId;
    use crate::core::time::Utc;
    use crate::core::world::telemetry::{Asked, TrendOf};

    fn course(points: &[(i64, f64)]) -> Trend {
        let asked = Asked { query: "q".into(), at: Utc(0), sample: None };
        let service = ServiceId::from("a");
        Trend { service, of: TrendOf::FailureRate, step_secs: 60, points: points.to_vec(), asked }
    }

    fn text(points: &[(i64, f64)], wide: usize) -> String {
        let line = line(&course(points), wide);
        let all: String = line.cells().map(|(t, _)| t).collect();
        all
    }

    #[test]
    fn a_gap_is_blank_and_zero_is_a_line_at_the_foot() {
        let points = [(0, 0.0), (60, 0.0), (240, 0.5), (300, 1.0)];
        assert_eq!(text(&points, 6), "__  =#");
        assert_eq!(text(&[], 6), "      ");
        assert_eq!(text(&[(0, f64::NAN), (60, 0.2)], 2), " #");
    }

    #[test]
    fn what_hardly_fails_is_drawn_low() {
        assert_eq!(text(&[(0, 0.0001), (60, 0.0002), (120, 0.0)], 3), ".._");
    }

    #[test]
    fn a_new_point_moves_nothing_but_its_own_column_within_one() {
        let many: Vec<(i64, f64)> = (0..40).map(|i| (i * 60, 0.2)).collect();
        let (before, after) = (text(&many[..36], 8), text(&many[..37], 8));
        assert_eq!(before.len(), 8);
        assert_eq!(after.len(), 8);
    }
}
