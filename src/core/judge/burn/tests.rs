//! Burn by example: words, tiers, the guard, what is left.

use super::*;

/// Windows with 1,000 requests a minute and these burn rates against 99.9 %.
fn rows(burns: &[(u32, f64)]) -> Vec<(u32, Counts)> {
    let row = |&(secs, b): &(u32, f64)| {
        let total = f64::from(secs) / 60.0 * 1000.0;
        (secs, Counts { total, failed: total * 0.001 * b })
    };
    burns.iter().map(row).collect()
}

fn judge(burns: &[(u32, f64)], live: bool) -> Burn {
    Burn::judge(&rows(burns), &Rules::new(0.999), live, Age::Fresh)
}

#[test]
fn the_long_and_the_short_window_speak_together() {
    for (m5, h1, want) in [
        (0.5, 0.5, Word::Calm),
        (3.0, 3.0, Word::Calm),
        (22.0, 2.0, Word::Rising),
        (22.0, 3.1, Word::Burning),
        (0.1, 5.0, Word::Easing),
    ] {
        assert_eq!(judge(&[(M5, m5), (H1, h1)], false).word, want, "{m5} {h1}");
    }
    assert_eq!(judge(&[(M5, 2.0), (H1, 2.5), (M30, 7.0), (H6, 7.0)], false).word, Word::Burning);
    assert_eq!(judge(&[(M5, 2.0), (H1, 2.5), (M30, 1.0), (H6, 7.0)], false).word, Word::Easing);
}

#[test]
fn tiers_follow_the_pairs_and_the_line_pages_only_with_a_rollout() {
    let tier = |b: &[(u32, f64)], live| judge(b, live).tier;
    assert_eq!(tier(&[(M5, 4.0), (H1, 4.0)], false), Tier::Ticket);
    assert_eq!(tier(&[(M5, 4.0), (H1, 4.0)], true), Tier::Page);
    assert!(judge(&[(M5, 4.0), (H1, 4.0)], true).propose_hold);
    assert!(!judge(&[(M5, 4.0), (H1, 4.0)], false).propose_hold);
    assert_eq!(tier(&[(M5, 15.0), (H1, 15.0)], false), Tier::Page);
    let slow = judge(&[(M5, 0.9), (H1, 0.9), (H2, 3.5), (D1, 3.5)], true);
    assert_eq!((slow.word, slow.tier), (Word::Calm, Tier::Ticket));
    assert_eq!(tier(&[(M5, 0.9), (H1, 0.9), (H6, 1.1), (D3, 1.1)], false), Tier::Ticket);
}

#[test]
fn a_handful_of_requests_is_a_ticket_with_its_counts() {
    let few = [(M5, Counts { total: 5.0, failed: 1.0 }), (H1, Counts { total: 10.0, failed: 1.0 })];
    let b = Burn::judge(&few, &Rules::new(0.999), true, Age::Fresh);
    assert_eq!((b.word, b.tier, b.propose_hold), (Word::Rising, Tier::Ticket, false));
    assert_eq!(b.handful.as_deref(), Some("1 of 10 requests failed"));
    let probe = Rules { guard: false, ..Rules::new(0.999) };
    assert_eq!(Burn::judge(&few, &probe, true, Age::Fresh).word, Word::Burning);
}

#[test]
fn what_is_left_and_when_it_is_empty_names_its_window() {
    let b = judge(&[(M5, 22.0), (H1, 2.0), (30 * D1, 0.26)], true);
    assert!((b.left.unwrap() - 0.74).abs() < 1e-9);
    let Some(Empty::In { secs, window_secs: M5 }) = b.empty else { panic!("{:?}", b.empty) };
    assert_eq!(words::span(secs), "24h");
    assert!(matches!(
        judge(&[(M5, 5.0), (H1, 5.0), (30 * D1, 0.26)], true).empty,
        Some(Empty::In { window_secs: H1, .. })
    ));
    assert_eq!(judge(&[(M5, 5.0), (H1, 5.0), (30 * D1, 1.2)], true).empty, Some(Empty::Already));
    assert_eq!(
        judge(&[(M5, 0.0), (H1, 0.0), (30 * D1, 0.1)], true).empty,
        Some(Empty::NotAtThisRate { window_secs: H1 })
    );
    assert_eq!(judge(&[(M5, 5.0), (H1, 5.0)], true).empty, None);
}

#[test]
fn silence_is_never_calm() {
    let with = |rows: &[(u32, Counts)], age| Burn::judge(rows, &Rules::new(0.999), true, age).word;
    let idle = Counts { total: 0.0, failed: 0.0 };
    assert_eq!(with(&[], Age::Fresh), Word::NoData);
    assert_eq!(with(&[(H1, idle)], Age::Fresh), Word::NoData);
    assert_eq!(with(&[(M5, idle), (H1, idle)], Age::Fresh), Word::NoTraffic);
    assert_eq!(with(&rows(&[(M5, 0.1), (H1, 0.1)]), Age::Old), Word::Calm);
    let gone = Burn::judge(&rows(&[(M5, 50.0), (H1, 50.0)]), &Rules::new(0.999), true, Age::Withdrawn);
    assert_eq!((gone.word, gone.tier, gone.propose_hold), (Word::NoData, Tier::Nothing, false));
}

#[test]
fn a_full_target_has_no_budget_and_a_short_period_drops_rows() {
    let all = Rules::new(1.0);
    let b = Burn::judge(&rows(&[(M5, 5.0), (H1, 5.0), (30 * D1, 1.0)]), &all, false, Age::Fresh);
    assert_eq!((b.word, b.left, b.over_window(M5)), (Word::Burning, None, Some(f64::MAX)));
    let back: Burn = serde_json::from_str(&serde_json::to_string(&b).unwrap()).unwrap();
    assert_eq!(back, b);
    let day = Rules { period_secs: D1, ..Rules::new(0.999) };
    assert_eq!(Burn::judge::<Counts>(&[], &day, false, Age::Fresh).pairs.len(), 4);
    assert!((share_of_candidate(0.0004, 0.2155, 0.999).unwrap() - 215.9).abs() < 0.01);
    assert_eq!(share_of_candidate(0.1, 0.1, 1.0), None);
}

fn at(rows: &[(u32, Counts)], rules: &Rules) -> Burn {
    Burn::judge(rows, rules, false, Age::Fresh)
}

#[test]
fn a_recorded_ratio_burns_without_a_count_and_says_so() {
    let ratio = |r| Measured::Ratio(Some(r));
    let rows = [(M5, ratio(0.005)), (H1, ratio(0.004)), (30 * D1, ratio(0.0002))];
    let b = Burn::judge(&rows, &Rules::new(0.999), true, Age::Fresh);
    assert_eq!((b.word, b.tier, b.n_unknown), (Word::Burning, Tier::Page, true));
    assert_eq!((b.range_1h, b.counts_1h, b.in_period, b.per_failure), (None, None, None, None));
    assert!((b.left.unwrap() - 0.8).abs() < 1e-9);
    assert_eq!(b.doubts(), ["n unknown: a recorded ratio without counts"]);
    // NaN in the rule is an idle service, over all of the period: nothing is known of what is left.
    let idle = [(M5, Measured::Ratio(None)), (H1, ratio(0.0)), (30 * D1, Measured::Ratio(None))];
    let b = Burn::judge(&idle, &Rules::new(0.999), false, Age::Fresh);
    assert_eq!((b.word, b.left), (Word::NoTraffic, None));
    let both = [(M5, ratio(1.5)), (H1, ratio(0.0))];
    assert!(Burn::judge(&both, &Rules::new(0.999), false, Age::Fresh).inconsistent);
}

#[test]
fn one_failure_that_costs_a_tenth_of_the_budget_is_too_little_traffic() {
    // 10 requests an hour against 99.9 %: 7.2 failures in 30 days, one is 13.9 %.
    let few = [(M5, Counts { total: 1.0, failed: 0.0 }), (H1, Counts { total: 10.0, failed: 0.0 })];
    let month = Counts { total: 7_200.0, failed: 0.0 };
    let b = at(&[&few[..], &[(30 * D1, month)]].concat(), &Rules::new(0.999));
    assert!((b.per_failure.unwrap() - 1.0 / 7.2).abs() < 1e-9);
    assert_eq!(b.doubts(), ["too little traffic for this target: one failure costs 13.9% of the budget"]);
    // Without the period the longest window of a day or more is what can be expected.
    let b = at(&[&few[..], &[(D3, Counts { total: 720.0, failed: 0.0 })]].concat(), &Rules::new(0.999));
    assert_eq!(b.in_period, Some((7_200.0, D3)));
    assert_eq!(at(&few, &Rules::new(0.999)).per_failure, None, "an hour tells nothing of a month");
}

#[test]
fn a_calendar_period_counts_what_is_over_of_it() {
    let elapsed_secs = 10 * D1 + 5 * H1 / 2;
    let month = Rules { period: Period::Calendar { elapsed_secs }, ..Rules::new(0.999) };
    assert_eq!(month.period_window(), Some(10 * D1 + 2 * H1));
    let so_far = (10 * D1 + 2 * H1, 1.5);
    let b = at(&rows(&[(M5, 1.0), (H1, 1.0), so_far]), &month);
    let f = f64::from(elapsed_secs) / f64::from(30 * D1);
    assert!((b.left.unwrap() - (1.0 - 1.5 * f)).abs() < 1e-9, "{:?}", b.left);
    // Half is left and the rest of the month burns as fast as it may: it lasts.
    let Some(Empty::In { secs, window_secs: H1 }) = b.empty else { panic!("{:?}", b.empty) };
    assert!((secs - b.left.unwrap() * f64::from(30 * D1)).abs() < 1e-3, "{secs}");
    let slow = at(&rows(&[(M5, 0.5), (H1, 0.5), so_far]), &month);
    assert_eq!(slow.empty, Some(Empty::NotAtThisRate { window_secs: H1 }));
    assert_eq!(slow.until_empty().unwrap(), "lasts its period at 1h rate");
    // A window of another length tells nothing of the month, and its first hour has none.
    assert_eq!(at(&rows(&[(M5, 1.0), (H1, 1.0), (9 * D1, 1.5)]), &month).left, None);
    let first = Rules { period: Period::Calendar { elapsed_secs: 1_800 }, ..month };
    assert_eq!((first.period_window(), at(&rows(&[(M5, 1.0), (H1, 1.0)]), &first).left), (None, None));
}

#[test]
fn what_leaves_a_rolling_period_is_reckoned_with_where_it_is_known() {
    let period = 30 * D1;
    let total = 1000.0;
    let hour = Counts { total, failed: total * 0.001 * 2.0 };
    let whole = Counts { total: total * 720.0, failed: 300.0 };
    let shorter = Counts { total: whole.total - hour.total, failed: whole.failed - 1.0 };
    let quick = [(M5, hour), (H1, hour)];
    // 2x now and 1x about to leave: half as fast.
    let b = at(&[&quick[..], &[(period, whole), (period - H1, shorter)]].concat(), &Rules::new(0.999));
    let Some(Empty::In { secs, window_secs: H1 }) = b.empty else { panic!("{:?}", b.empty) };
    assert!((b.rolling_secs.unwrap() - 2.0 * secs).abs() < 1e-6);
    let more_leaves = Counts { failed: whole.failed - 5.0, ..shorter };
    let b = at(&[&quick[..], &[(period, whole), (period - H1, more_leaves)]].concat(), &Rules::new(0.999));
    assert_eq!(b.rolling_secs, Some(f64::MAX));
    let crossed = Counts { failed: whole.failed + 5.0, ..shorter };
    let b = at(&[&quick[..], &[(period, whole), (period - H1, crossed)]].concat(), &Rules::new(0.999));
    assert_eq!(b.rolling_secs, None, "extrapolation crossed");
}

#[test]
fn the_workbooks_pairs_are_p1_and_the_line_with_a_rollout_is_p2() {
    let p = |b: &[(u32, f64)], live| judge(b, live).priority();
    assert_eq!(p(&[(M5, 15.0), (H1, 15.0)], false), Some(Priority::P1));
    assert_eq!(p(&[(M5, 15.0), (H1, 15.0)], true), Some(Priority::P1));
    assert_eq!(p(&[(M5, 4.0), (H1, 4.0)], true), Some(Priority::P2));
    assert_eq!(p(&[(M5, 4.0), (H1, 4.0)], false), None, "a ticket wakes nobody");
    let b = judge(&[(M5, 4.0), (H1, 4.0)], true);
    assert_eq!(b.proposal().unwrap(), "over 3x on 1h and 5m while a rollout is live: page (P2)");
}

#[test]
fn moved_lines_are_the_ones_in_force_and_follow_the_period() {
    let mut rules = Rules::new(0.999);
    rules.lines = Lines { line: 2.0, page: [10.0, 5.0], ticket: [2.5, 0.8] };
    let quick = rows(&[(M5, 2.5), (H1, 2.5)]);
    assert_eq!(at(&quick, &rules).word, Word::Burning);
    assert_eq!(at(&quick, &rules).line(), 2.0);
    assert_eq!(at(&quick, &Rules::new(0.999)).word, Word::Calm);
    let factors = |r: &Rules| at(&[], r).pairs.iter().map(|p| p.factor).collect::<Vec<_>>();
    assert_eq!(factors(&rules), [2.0, 10.0, 5.0, 2.5, 0.8]);
    let four_weeks = Rules { period_secs: 28 * D1, ..Rules::new(0.999) };
    let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9) && a.len() == b.len();
    assert!(close(&factors(&four_weeks), &[3.0, 13.44, 5.6, 2.8, 2.8 / 3.0]), "{:?}", factors(&four_weeks));
}

#[test]
fn withdrawn_figures_stay_as_what_they_were() {
    let b = Burn::judge(&rows(&[(M5, 22.0), (H1, 2.0)]), &Rules::new(0.999), true, Age::Withdrawn);
    let b = Burn { sample: Utc::read("2026-11-21T03:12:40Z"), ..b };
    assert_eq!(b.was().unwrap(), "was 2x(1h) 22x(5m) at 03:12:40");
    assert_eq!((b.priority(), b.proposal()), (None, None));
    assert_eq!(Burn { age: Age::Old, ..b }.was(), None);
}
