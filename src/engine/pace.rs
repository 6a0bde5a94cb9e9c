//! When what the sources said is drawn: at most so often (limits.md section 4), and never for nothing. The moment at which
//! a picture became whole does not wait for its turn while the second has room. Pure; the clock is the caller's.

use crate::core::time::Person;
use std::collections::VecDeque;

const SECOND: i64 = 1_000;

#[derive(Debug, Default)]
pub struct Pace {
    /// Frames of the last second, oldest first; the last of all is kept.
    drawn: VecDeque<Person>,
    /// What a person waits for came since the last frame.
    whole: bool,
}

impl Pace {
    /// A source told all of what it has.
    pub fn whole(&mut self) {
        self.whole = true;
    }

    /// Milliseconds until a frame is due that facts cause: `every` after the last one, and in no second more than that
    /// makes. Fewer than half of them may go before their turn.
    pub fn wait(&self, now: Person, every: i64) -> i64 {
        let Some(last) = self.drawn.back() else { return 0 };
        let most = usize::try_from(SECOND / every.max(1)).unwrap_or(1);
        let mut lately = self.drawn.iter().filter(|at| now.0 - at.0 < SECOND);
        let (oldest, n) = (lately.next(), 1 + lately.count());
        if self.whole && 2 * n < most {
            return 0;
        }
        let room = oldest.filter(|_| n >= most).map_or(0, |at| SECOND - (now.0 - at.0));
        (every - (now.0 - last.0)).max(room).max(0)
    }

    pub fn drew(&mut self, now: Person) {
        self.whole = false;
        self.drawn.push_back(now);
        while self.drawn.len() > 1 && self.drawn.front().is_some_and(|at| now.0 - at.0 >= SECOND) {
            self.drawn.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_picture_does_not_wait_for_its_turn_and_nothing_else_goes_before() {
        let mut p = Pace::default();
        assert_eq!(p.wait(Person(0), 100), 0, "nothing was drawn yet");
        p.drew(Person(0));
        assert_eq!((p.wait(Person(30), 100), p.wait(Person(100), 100)), (70, 0));
        p.drew(Person(100));
        p.whole();
        assert_eq!(p.wait(Person(130), 100), 0);
        p.drew(Person(130));
        assert_eq!(p.wait(Person(140), 100), 90, "it was drawn");
    }

    #[test]
    fn however_often_it_becomes_whole_a_second_has_ten_frames_and_a_slow_one_two() {
        for (every, most) in [(100, 10), (500, 2)] {
            let mut p = Pace::default();
            let mut drawn = Vec::new();
            for ms in 0..5_000 {
                p.whole();
                if p.wait(Person(ms), every) == 0 {
                    p.drew(Person(ms));
                    drawn.push(ms);
                }
            }
            let worst = drawn.iter().map(|t| drawn.iter().filter(|u| (*t..t + 1_000).contains(u)).count()).max();
            assert!(worst.is_some_and(|n| n <= most), "{worst:?} of {most}: {drawn:?}");
            // Nor does a burst leave the rest of its second without a frame.
            assert!(drawn.windows(2).all(|w| w[1] - w[0] <= 500), "{drawn:?}");
        }
    }
}
