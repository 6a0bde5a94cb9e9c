//! Courses: what a figure was at each point of a grid, kept so that a range is asked once and then only its newest
//! points. Pure: it says which range to ask next and keeps what came.

use crate::core::id::ServiceId;
use crate::core::time::Utc;
use crate::core::world::telemetry::{Asked, Trend, TrendOf};
use std::collections::{BTreeMap, VecDeque};

/// Seconds between two points.
pub const STEP: i64 = 60;
/// Points kept: two hours.
pub const POINTS: i64 = 120;
/// Newest points asked again, so that late samples repair them.
const AGAIN: i64 = 2;

/// Points `from..=to` on the grid, epoch seconds.
pub type Range = (i64, i64);

/// One kind of query's courses, all services.
#[derive(Debug, Default)]
pub struct Courses {
    /// Points that were asked: the oldest and the newest.
    asked: Option<Range>,
    of: BTreeMap<(ServiceId, TrendOf), Course>,
}

#[derive(Debug)]
struct Course {
    /// Grid point of the last value.
    newest: i64,
    /// A hole is NaN.
    values: VecDeque<f64>,
}

impl Courses {
    /// What to ask next at `edge`: the newest points (first of all the newest slice of so many). `None`: nothing is due.
    pub fn ahead(&self, edge: i64, slice: i64) -> Option<Range> {
        let to = edge.div_euclid(STEP) * STEP;
        match self.asked {
            None => Some((to - (slice - 1) * STEP, to)),
            Some((_, newest)) if newest >= to => None,
            // After a pause longer than a course all of it begins anew, in slices.
            Some((_, newest)) if to - newest > POINTS * STEP => Some((to - (slice - 1) * STEP, to)),
            Some((_, newest)) => Some(((newest - (AGAIN - 1) * STEP).max(to - 2 * slice * STEP), to)),
        }
    }

    /// The next slice back, if the course is not full yet.
    pub fn back(&self, slice: i64) -> Option<Range> {
        let (oldest, newest) = self.asked?;
        let first = newest - (POINTS - 1) * STEP;
        (oldest > first).then(|| ((oldest - slice * STEP).max(first), oldest - STEP))
    }

    /// A range was answered: what is not noted in it is a hole.
    pub fn answered(&mut self, (from, to): Range) {
        self.asked = Some(match self.asked {
            Some((oldest, newest)) if from <= newest + STEP && to >= oldest - STEP => {
                (oldest.min(from), newest.max(to))
            }
            Some(_) | None => {
                self.of.clear();
                (from, to)
            }
        });
        if let Some((_, newest)) = self.asked {
            // What has not been seen for a whole course is gone.
            self.of.retain(|_, c| newest - c.newest < POINTS * STEP);
        }
    }

    /// A value at a grid point. Not a number: a hole.
    pub fn note(&mut self, service: &ServiceId, of: TrendOf, at: i64, value: f64) {
        if at.rem_euclid(STEP) != 0 {
            return;
        }
        let value = if value.is_finite() { value } else { f64::NAN };
        let course = match self.of.get_mut(&(service.clone(), of)) {
            Some(course) => course,
            None if value.is_nan() => return,
            None => self.of.entry((service.clone(), of)).or_insert(Course { newest: at, values: VecDeque::new() }),
        };
        while course.newest < at {
            course.values.push_back(f64::NAN);
            course.newest += STEP;
        }
        let back = usize::try_from((course.newest - at) / STEP).unwrap_or(usize::MAX);
        if back >= POINTS as usize {
            return;
        }
        while course.values.len() <= back {
            course.values.push_front(f64::NAN);
        }
        let i = course.values.len() - 1 - back;
        course.values[i] = value;
        while course.values.len() > POINTS as usize {
            course.values.pop_front();
        }
    }

    pub fn services(&self) -> impl Iterator<Item = &ServiceId> {
        let mut last = None;
        self.of.keys().map(|(s, _)| s).filter(move |s| last.replace(*s) != Some(*s))
    }

    /// The whole course, oldest first, holes left out; `None` where there is not one point.
    pub fn trend(&self, service: &ServiceId, of: TrendOf, query: &std::sync::Arc<str>) -> Option<Trend> {
        let course = self.of.get(&(service.clone(), of))?;
        let first = course.newest - (course.values.len() as i64 - 1) * STEP;
        let points: Vec<(i64, f64)> =
            (0..).zip(&course.values).filter(|(_, v)| !v.is_nan()).map(|(i, v)| (first + i * STEP, *v)).collect();
        let (last, _) = *points.last()?;
        let asked = Asked { query: query.clone(), at: Utc::from_secs(last), sample: None };
        Some(Trend { service: service.clone(), of, step_secs: STEP as u32, points, asked })
    }

    /// The value at a point, where there is one.
    #[cfg(test)]
    pub fn at(&self, service: &ServiceId, of: TrendOf, at: i64) -> Option<f64> {
        let course = self.of.get(&(service.clone(), of))?;
        let back = usize::try_from((course.newest - at) / STEP).ok().filter(|_| course.newest >= at)?;
        let i = course.values.len().checked_sub(back + 1)?;
        course.values.get(i).copied().filter(|v| !v.is_nan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: i64 = 1_795_230_000;

    fn shop() -> ServiceId {
        ServiceId::new("shop")
    }

    fn points(c: &Courses) -> Vec<(i64, f64)> {
        c.trend(&shop(), TrendOf::Rate, &"q".into()).map_or(Vec::new(), |t| t.points)
    }

    #[test]
    fn a_range_is_asked_once_and_then_only_its_newest_points() {
        let mut c = Courses::default();
        let mut asked = 0;
        let mut rounds = 0;
        for minute in 0..60 {
            for quarter in 0..4 {
                let edge = T + minute * 60 + quarter * 15;
                for range in [c.ahead(edge, 10), c.back(10)].into_iter().flatten() {
                    let (from, to) = range;
                    assert!(from <= to && from % STEP == 0 && to % STEP == 0 && to <= edge);
                    assert!((to - from) / STEP < 20, "a slice is small");
                    asked += (to - from) / STEP + 1;
                    c.answered(range);
                    (from..=to).step_by(60).for_each(|at| c.note(&shop(), TrendOf::Rate, at, at as f64));
                    rounds += 1;
                }
            }
        }
        // Each point once, and each newest one once more.
        assert!(asked <= 2 * 59 + POINTS + 59, "{asked} points in {rounds} requests");
        let whole = points(&c);
        assert_eq!(whole.len(), POINTS as usize);
        assert!(whole.windows(2).all(|w| w[1].0 - w[0].0 == STEP && w[1].1 == w[1].0 as f64));
        assert_eq!(whole.last().map(|p| p.0), Some(T + 59 * 60));
    }

    #[test]
    fn holes_stay_holes_and_a_late_point_fills_its_own() {
        let mut c = Courses::default();
        c.answered((T, T + 300));
        for (at, v) in [(0, 1.0), (60, f64::NAN), (180, 3.0), (300, 5.0)] {
            c.note(&shop(), TrendOf::Rate, T + at, v);
        }
        assert_eq!(points(&c), [(T, 1.0), (T + 180, 3.0), (T + 300, 5.0)]);
        assert_eq!((c.at(&shop(), TrendOf::Rate, T + 180), c.at(&shop(), TrendOf::Rate, T + 120)), (Some(3.0), None));
        c.note(&shop(), TrendOf::Rate, T + 120, 2.0);
        // The last word counts, also when it takes a point away.
        c.note(&shop(), TrendOf::Rate, T + 300, f64::INFINITY);
        assert_eq!(points(&c), [(T, 1.0), (T + 120, 2.0), (T + 180, 3.0)]);
        c.note(&shop(), TrendOf::Rate, T - 120, 9.0);
        assert_eq!(points(&c)[0], (T - 120, 9.0));
    }

    #[test]
    fn after_a_long_pause_a_course_begins_anew_and_who_is_gone_is_let_go() {
        let mut c = Courses::default();
        c.answered((T, T));
        c.note(&shop(), TrendOf::Rate, T, 1.0);
        let later = T + 2 * POINTS * STEP;
        let range = c.ahead(later, 10).expect("due");
        assert_eq!(range, (later - 9 * STEP, later));
        c.answered(range);
        assert_eq!(points(&c), []);
        assert_eq!(c.services().count(), 0);
    }
}
