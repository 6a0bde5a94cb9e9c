//! Every screen at the other sizes, and what only shows there: panes, zoom, long names, long lists.

use super::picture::Picture;
use super::stories::{self, worse};
use super::world::World;
use crate::core::model::Place;

const DESIGN: (u16, u16) = (80, 23);

fn sized(path: &'static str, caption: &'static str, size: (u16, u16), make: fn() -> World) -> Picture {
    Picture { path, caption, size, make }
}

/// Sizes beside the design size (limits.md section 6), each with what it shows.
const SIZES: [(u16, u16, &str); 4] = [
    (60, 15, "A small window: what matters least is gone, never verdict, readiness or age"),
    (120, 40, "More room: names get it first"),
    (160, 40, "Side by side"),
    (200, 50, "Side by side, at the largest size"),
];

/// One state on a terminal of each size. Pictures live as long as the program.
fn sizes(out: &mut Vec<Picture>, name: &str, what: &str, make: fn() -> World) {
    for (width, height, size) in SIZES {
        out.push(Picture {
            path: format!("layout/{name}-{width}x{height}").leak(),
            caption: format!("{size}: {what}.").leak(),
            size: (width, height),
            make,
        });
    }
}

fn wide(mut w: World, keys: &str) -> World {
    w.resize(160, 40).keys(keys);
    w
}

pub(super) fn layouts() -> Vec<Picture> {
    let mut all = Vec::new();
    sizes(&mut all, "verdict", "Verdict", worse);
    sizes(&mut all, "board", "Board", || stories::worse_on(Place::Prod, "b"));
    sizes(&mut all, "runbook", "the runbook", || stories::worse_on(Place::Prod, "r"));
    sizes(&mut all, "sources", "the sources", || stories::worse_on(Place::Prod, "o"));
    sizes(&mut all, "incident", "the incident", || {
        let mut w = worse();
        super::states_log::incident(&mut w, true);
        w.keys("i");
        w
    });
    sizes(&mut all, "log", "the log browser", || super::states_log::browsing("j j"));
    sizes(&mut all, "record", "a record in full", || super::states_log::browsing("j j enter"));
    sizes(&mut all, "waking", "waking", stories::first_second);
    sizes(&mut all, "choose", "the first list", stories::choosing);
    sizes(&mut all, "explain", "why", || {
        let mut w = worse();
        w.keys("enter");
        w
    });
    sizes(&mut all, "dialog", "a roll back", || {
        let mut w = worse();
        w.keys("a r").planned().flush().wait(1_100);
        w
    });
    sizes(&mut all, "running", "while it runs", stories::rolling_back);
    all.extend([
        sized("layout/least-40x10", "The smallest window there is a screen for.", (40, 10), worse),
        sized("layout/least-board-40x10", "The same for the Board.", (40, 10), || stories::worse_on(Place::Prod, "b")),
        sized("layout/too-small", "Below 40x10 it says so in words.", (30, 6), worse),
        sized("layout/focus-log", "Tab: the log has the keys and was scrolled.", (160, 40), || {
            wide(worse(), "tab tab j j j")
        }),
        sized("layout/focus-verdict", "The Verdict pane holds more than fits: it scrolls.", (160, 40), || {
            wide(worse(), "ctrl-d")
        }),
        sized("layout/zoom-log", "The log alone.", (160, 40), || wide(worse(), "tab tab z")),
        sized("layout/zoom-board", "The Board alone, with the chosen row in detail.", (160, 40), || {
            wide(worse(), "b z")
        }),
        sized(
            "layout/long-names",
            "Long names are cut with a mark, versions in the middle; columns stand.",
            DESIGN,
            || stories::long_names("b"),
        ),
        sized("layout/long-names-verdict", "The same on Verdict: two rows, so that no version is cut.", DESIGN, || {
            stories::long_names("v")
        }),
        sized("layout/long-names-60x15", "The same in a small window.", (60, 15), || stories::long_names("v")),
        sized("layout/long-names-dialog", "What differs between two versions stays in sight.", DESIGN, || {
            let mut w = stories::long_names("v");
            w.keys("a r").planned().flush().wait(1_100);
            w
        }),
        sized("layout/many", "Hundreds of services: the chosen one in sight, the rest counted.", DESIGN, || {
            let mut w = stories::many(200);
            w.keys("b + g ctrl-d ctrl-d ctrl-d");
            w
        }),
    ]);
    all
}
