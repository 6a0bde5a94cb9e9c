//! Every figure on Verdict and Board is one that explains itself: all lines of both screens are walked, in several named
//! states. What looks like a figure and is none that can be asked about fails here, and so does a figure whose page does
//! not hold the number that is shown.

use super::parts::line::Line;
use super::screens::{board, verdict};
use crate::core::cell::Cell;
use crate::core::id::ServiceId;
use crate::core::judge::words;
use crate::core::msg::Picked;
use crate::core::provenance::{self, Provenance};
use crate::testkit::states_signals::pictured;
use crate::testkit::stories::{self, calm, gone_quiet, judged, worse};
use crate::testkit::world::World;
use std::collections::BTreeSet;

fn states() -> Vec<(&'static str, World)> {
    vec![
        ("worse", worse()),
        ("calm", calm()),
        ("pictured", pictured()),
        ("same", judged(1_200, (900.0, 0.2), (2_700.0, 0.6))),
        ("higher", judged(1_800, (3_000.0, 8.0), (9_000.0, 9.0))),
        ("unsure", judged(240, (20.0, 0.0), (240.0, 0.1))),
        ("no traffic", judged(600, (0.0, 0.0), (2_700.0, 0.6))),
        ("no data", gone_quiet(judged(1_200, (900.0, 0.2), (2_700.0, 0.6)), 240_000)),
        ("last seen", gone_quiet(worse(), 240_000)),
        ("rolled back", stories::rolled_back()),
        ("rolling back", stories::rolling_back()),
    ]
}

/// Numbers as a person reads them: `4,118`, `21.6`.
fn numbers(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut now = String::new();
    let mut before = ' ';
    for c in text.chars().chain([' ']) {
        let goes_on = c.is_ascii_digit() || (matches!(c, '.' | ',') && !now.is_empty());
        // A number in a name is a name: `v2.14.1`, `eu-1`, `p99`.
        if goes_on && !(now.is_empty() && (before.is_ascii_alphabetic() || before == '_')) {
            now.push(c);
        } else if !now.is_empty() {
            out.insert(std::mem::take(&mut now).trim_end_matches(['.', ',']).to_owned());
        }
        let in_a_name = now.is_empty() && before.is_ascii_alphabetic() && matches!(c, '.' | '0'..='9');
        before = if in_a_name { 'a' } else { c };
    }
    out
}

fn looks_like_a_figure(text: &str) -> bool {
    let units = ["", "%", "x", "s", "m", "h", "d", "ms", "pp", "Mi", "Gi", "Ki"];
    text.split_whitespace().any(|word| {
        let word = word.trim_matches(|c: char| "()[],;:!+-/<>".contains(c));
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
        let unit = &word[digits.len()..];
        let number = |c: char| c.is_ascii_digit() || ".,/".contains(c);
        !digits.is_empty()
            && digits.chars().all(number)
            && digits.chars().any(|c| c.is_ascii_digit())
            && units.contains(&unit)
    })
}

/// Lines that are not of figures: they tell of the log, the runbook.
fn is_elsewhere(line: &Line) -> bool {
    let text = line.plain();
    let goes_on = text.strip_prefix("      ").is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit()));
    goes_on || text.starts_with("LOG") || text.starts_with("RUNBOOK") || line.cells().next().is_none()
}

fn page(p: &Provenance) -> String {
    let mut out = format!("{} {} {}", p.name, p.figure, p.says);
    p.steps.iter().for_each(|s| out.push_str(&format!(" ; {s}")));
    for (whose, c) in &p.counts {
        out.push_str(&format!(" ; {whose} {} of {}", words::count(c.failed), words::count(c.total)));
    }
    out.push_str(&format!(" ; {}", p.missing.clone().unwrap_or_default()));
    out
}

/// Of these the screen shows how long ago it was, or words of another place.
fn moves_by_itself(cell: Cell) -> bool {
    matches!(cell, Cell::Age | Cell::Since | Cell::Deployed | Cell::Elsewhere | Cell::Fleet | Cell::Act | Cell::Step)
}

fn walk(state: &str, w: &World, lines: Vec<Line>) -> usize {
    let chosen = w.model.nav.selected.clone().expect("a service is chosen");
    let mut walked = 0;
    for line in lines.iter().filter(|l| !is_elsewhere(l)) {
        let service: ServiceId = match &line.picked {
            Some(Picked::Service(s)) => s.clone(),
            Some(_) | None => chosen.clone(),
        };
        for (text, cell) in line.cells() {
            let Some(cell) = cell else {
                assert!(!looks_like_a_figure(text), "{state}: {text:?} has no provenance in {:?}", line.plain());
                continue;
            };
            walked += 1;
            let p = provenance::of(&w.model, &service, cell);
            assert!(p.is_whole(), "{state}: {cell:?} {text:?}: {p:?}");
            if moves_by_itself(cell) || matches!(cell, Cell::Verdict) {
                continue;
            }
            let known = numbers(&page(&p));
            let missing: Vec<String> = numbers(text).into_iter().filter(|n| !known.contains(n)).collect();
            assert!(missing.is_empty(), "{state}: {text:?} shows {missing:?}, its page {:?}", page(&p));
        }
    }
    walked
}

#[test]
fn every_figure_of_verdict_and_board_explains_itself() {
    for (name, mut w) in states() {
        for (wide, tall) in [(80, 18), (120, 35), (53, 34)] {
            let verdict = walk(name, &w, verdict::rows(&w.model, wide, tall).fit(tall));
            assert!(verdict >= 5, "{name}: {verdict} figures on Verdict");
            let board = walk(name, &w, board::rows(&w.model, wide, tall).fit(tall));
            assert!(board >= 4, "{name}: {board} figures on the Board");
        }
        (w.model.width, w.model.height) = (200, 50);
        walk(name, &w, board::rows(&w.model, 90, 45).fit(45));
    }
}

#[test]
fn the_walk_notices_a_figure_that_nobody_explains() {
    for text in ["21.6% of 4,118", "8/9", "2x", "(18.7", "24h"] {
        assert!(looks_like_a_figure(text), "{text}");
    }
    for text in ["v2.14.1", "eu-1", "03:09:07", "checkout", "p99", "--"] {
        assert!(!looks_like_a_figure(text), "{text}");
    }
    assert_eq!(numbers("v2.14.1 21.6% of 4,118, p99 8/9").into_iter().collect::<Vec<_>>(), ["21.6", "4,118", "8", "9"]);
}

#[test]
fn the_chosen_figure_is_marked_and_enter_tells_of_it_alone() {
    let mut w = worse();
    w.keys("right right right");
    let cell = w.model.nav.figure.expect("a figure is chosen");
    let rows = verdict::rows(&w.model, 80, 18).fit(18);
    assert!(rows.iter().any(|l| l.cells().any(|(_, c)| c == Some(cell))), "{cell:?} is not on the screen");
    w.keys("enter");
    let service = w.model.nav.selected.clone().unwrap();
    let name = provenance::of(&w.model, &service, cell).name;
    let page =
        |w: &World| super::overlays::explain::lines(&w.model, 80).iter().map(|l| l.plain() + "\n").collect::<String>();
    assert!(page(&w).contains(&name), "{}", page(&w));
    w.keys("right");
    assert_ne!(w.model.nav.figure, Some(cell), "the page of the next figure");
    // Copied with its query.
    assert!((w.model.copier)(&w.model).contains("query"), "{}", (w.model.copier)(&w.model));
    w.keys("esc esc");
    assert_eq!(w.model.nav.figure, None);
}

#[test]
fn what_two_consoles_share_of_the_page_holds_no_age() {
    let mut w = pictured();
    let before = super::overlays::explain::verdict_text(&w.model, 100);
    assert!(before.contains("difference") && before.contains("query"), "{before}");
    w.wait(4_000);
    assert_eq!(super::overlays::explain::verdict_text(&w.model, 100), before);
}
