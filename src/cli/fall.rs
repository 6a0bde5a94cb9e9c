//! Panics on each thread of the real program, for the tests of its end. Not in a release: behind `testkit`.
//!
//! `ANDON_TEST_FALL` names the thread, `ANDON_TEST_SAYS` what else it says. F12 makes it fall (`engine`: a letter typed into a note).

use crate::core::case::note::{Draft, Input as Typed};
use crate::core::key::Code;
use crate::core::model::Model;
use crate::tty::Input;
use std::sync::atomic::{AtomicBool, Ordering};

static TOLD: AtomicBool = AtomicBool::new(false);

fn wanted(place: &str) -> bool {
    std::env::var("ANDON_TEST_FALL").is_ok_and(|wanted| wanted == place)
}

/// Falls if it was told to, just here.
pub fn here(place: &str) {
    let says = std::env::var("ANDON_TEST_SAYS").unwrap_or_default();
    assert!(!(TOLD.load(Ordering::SeqCst) && wanted(place)), "test \u{1b}]0;x\u{7} fell in {place}{says}");
}

/// On the input thread.
pub fn key(input: &Input) {
    if matches!(input, Input::Key { key, .. } if key.code == Code::F(12)) {
        TOLD.store(true, Ordering::SeqCst);
        here("input");
        if wanted("task") {
            // As a source's task: inside a runtime that would catch it.
            std::thread::spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                runtime.map(|rt| rt.block_on(async { drop(tokio::spawn(async { here("task") }).await) }))
            });
        }
    }
}

/// On the loop's own thread, inside `update`.
pub fn engine(model: &mut Model) {
    fn fall(_: &Draft, _: Typed<'_>) -> Draft {
        TOLD.store(true, Ordering::SeqCst);
        here("engine");
        Draft::default()
    }
    if wanted("engine") {
        model.editor = fall;
    }
}
