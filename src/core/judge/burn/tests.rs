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
    assert_eq!(Burn::judge(&[], &day, false, Age::Fresh).pairs.len(), 4);
    assert!((share_of_candidate(0.0004, 0.2155, 0.999).unwrap() - 215.9).abs() < 0.01);
    assert_eq!(share_of_candidate(0.1, 0.1, 1.0), None);
}
