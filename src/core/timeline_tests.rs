//! What the timeline leaves out, and the way back from a moment to now.

use super::*;
use crate::core::nav::Screen;
use crate::testkit::drill::Run;

fn said(run: &Run) -> Vec<String> {
    lines(&run.model).into_iter().map(|l| l.text).collect()
}

#[test]
fn what_a_console_finds_at_its_opening_is_no_change() {
    let mut run = Run::new("f2", 1);
    let verdicts = |run: &Run| said(run).into_iter().filter(|t| t.contains("verdict")).collect::<Vec<_>>();
    assert_eq!(verdicts(&run), Vec::<String>::new());
    assert!(said(&run).iter().any(|t| t.starts_with("DEPLOY")), "what changed before is listed: {:?}", said(&run));
    run.wait(120_000);
    let later = verdicts(&run);
    assert!(later.iter().any(|t| t.contains("WORSE")), "{later:?}");
    assert!(!later.iter().any(|t| t.contains("SAME on errors")), "{later:?}");
}

/// Sets Verdict to the oldest line.
fn back_then(run: &mut Run) {
    run.keys("t G enter");
    assert_eq!(run.model.nav.screen, Screen::Verdict);
    assert!(run.model.nav.as_of.is_some());
}

#[test]
fn every_way_out_of_the_past_leads_to_now() {
    let mut run = Run::new("f2", 1);
    run.wait(120_000);
    for keys in ["esc", "b", "v", "f", "o"] {
        back_then(&mut run);
        run.keys(keys);
        assert_eq!(run.model.nav.as_of, None, "{keys}");
        run.wait(1_000);
    }
    // By name in the palette: a screen, and an act, which says so before its dialog opens.
    for name in ["board", "hold"] {
        back_then(&mut run);
        run.wait(2_000);
        run.keys(":");
        for c in name.chars() {
            run.wait(120);
            run.keys(&c.to_string());
        }
        run.wait(120);
        run.keys("enter");
        assert_eq!(run.model.nav.as_of, None, "{name}");
        run.wait(1_000);
        run.keys("esc");
        run.wait(1_000);
    }
}
