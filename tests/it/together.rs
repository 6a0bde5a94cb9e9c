//! Tests that mostly wait, run side by side: the suite has as many threads as the machine has processors, which are few.

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

/// So many at once: each is a program of its own, and starting it takes a processor.
const AT_ONCE: usize = 6;

pub struct Case<'a> {
    name: String,
    run: Box<dyn FnOnce() + Send + 'a>,
}

pub fn case<'a>(name: impl Into<String>, run: impl FnOnce() + Send + 'a) -> Case<'a> {
    Case { name: name.into(), run: Box::new(run) }
}

/// Runs all of them, whatever becomes of one, and fails with the names of those that failed.
#[track_caller]
pub fn together(cases: Vec<Case<'_>>) {
    let waiting = Mutex::new(cases.into_iter().rev().collect::<Vec<_>>());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
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
    let failed = failed.into_inner().expect("all threads have ended");
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n\n"));
}

#[test]
fn one_that_fails_is_named_and_the_others_run() {
    let ran = std::sync::atomic::AtomicUsize::new(0);
    let count = || ran.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let cases = (0..20).map(|n| case(format!("case {n}"), move || assert!(count() < 100 && n != 7, "no {n}")));
    let cases = cases.collect();
    let told = std::panic::catch_unwind(AssertUnwindSafe(|| together(cases))).expect_err("7 fails");
    let told = told.downcast_ref::<String>().expect("words");
    assert!(told.starts_with("1 failed:\ncase 7: no 7"), "{told}");
    assert_eq!(ran.into_inner(), 20);
}
