//! Tests that mostly wait, run side by side: the suite has as many threads as the machine has processors, which are few.

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// So many at once: each is a program of its own, and starting it takes a processor.
const AT_ONCE: usize = 6;

pub struct Case<'a> {
    name: String,
    run: Box<dyn FnOnce() + Send + 'a>,
    alone: bool,
}

impl Case<'_> {
    /// Runs after the others and by itself: it has a bound on time, and five programs starting beside it are not what
    /// that bound is about.
    pub fn alone(self) -> Self {
        Self { alone: true, ..self }
    }
}

pub fn case<'a>(name: impl Into<String>, run: impl FnOnce() + Send + 'a) -> Case<'a> {
    Case { name: name.into(), run: Box::new(run), alone: false }
}

/// One with a bound on time: after the others, by itself, and [`thrice`].
pub fn timed<'a>(name: impl Into<String>, run: impl FnMut() + Send + 'a) -> Case<'a> {
    case(name, move || thrice(run)).alone()
}

/// Runs all of them, whatever becomes of one, and fails with the names of those that failed.
#[track_caller]
pub fn together(cases: Vec<Case<'_>>) {
    let (alone, shared): (Vec<_>, Vec<_>) = cases.into_iter().rev().partition(|c| c.alone);
    let failed = Mutex::new(Vec::new());
    side_by_side(AT_ONCE, shared, &failed);
    side_by_side(1, alone, &failed);
    let failed = failed.into_inner().expect("all threads have ended");
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n\n"));
}

/// Runs what holds as long as nobody stands still for longer than the product waits: it may fail twice, since a machine
/// that stands still does not do so three times at the same place. What is wrong fails each time.
pub fn thrice(mut run: impl FnMut()) {
    let passes = |_| std::panic::catch_unwind(AssertUnwindSafe(&mut run)).is_ok();
    if !(0..2).any(passes) {
        run();
    }
}

/// Runs the cases, last first, on so many threads.
fn side_by_side(threads: usize, cases: Vec<Case<'_>>, failed: &Mutex<Vec<String>>) {
    let waiting = Mutex::new(cases);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(case) = waiting.lock().expect("nobody panics with it").pop() else { return };
                    if let Err(why) = std::panic::catch_unwind(AssertUnwindSafe(case.run)) {
                        let words = why.downcast_ref::<String>().cloned();
                        let words = words.or_else(|| why.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                        let words = words.unwrap_or_default();
                        failed.lock().expect("nobody panics with it").push(format!("{}: {words}", case.name));
                    }
                }
            });
        }
    });
}

#[test]
fn cases_alone_come_after_the_rest_and_one_at_a_time() {
    let [now, most, before] = &[const { AtomicUsize::new(0) }; 3];
    let run = move |alone: bool| {
        let beside = now.fetch_add(1, Relaxed) + 1;
        if alone {
            assert_eq!(before.load(Relaxed), 6, "the others have ended");
            most.fetch_max(beside, Relaxed);
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
        now.fetch_sub(1, Relaxed);
        before.fetch_add(usize::from(!alone), Relaxed);
    };
    let cases = (0..12).map(|n| match n % 2 {
        0 => case(format!("{n}"), move || run(true)).alone(),
        _ => case(format!("{n}"), move || run(false)),
    });
    together(cases.collect());
    assert_eq!(most.load(Relaxed), 1);
}

#[test]
fn one_that_fails_is_named_and_the_others_run() {
    let ran = AtomicUsize::new(0);
    let count = || ran.fetch_add(1, Relaxed);
    let cases = (0..20).map(|n| case(format!("case {n}"), move || assert!(count() < 100 && n != 7, "no {n}")));
    let cases = cases.collect();
    let told = std::panic::catch_unwind(AssertUnwindSafe(|| together(cases))).expect_err("7 fails");
    let told = told.downcast_ref::<String>().expect("words");
    assert!(told.starts_with("1 failed:\ncase 7: no 7"), "{told}");
    assert_eq!(ran.into_inner(), 20);
}

#[test]
fn what_fails_three_times_fails() {
    let ran = AtomicUsize::new(0);
    thrice(|| assert!(ran.fetch_add(1, Relaxed) == 2));
    assert_eq!(ran.swap(0, Relaxed), 3);
    let told = std::panic::catch_unwind(AssertUnwindSafe(|| thrice(|| assert!(ran.fetch_add(1, Relaxed) == 3))));
    assert!(told.is_err() && ran.into_inner() == 3);
}
