//! Error-budget arithmetic (maths page 1). Rates in, ratios and seconds out; infinity where a budget is zero.

use super::Interval;
use super::wilson::wilson;

/// The budget of a target, `1 - SLO`; `None` when the target is no fraction in (0, 1].
fn budget(slo: f64) -> Option<f64> {
    (slo > 0.0 && slo <= 1.0).then_some(1.0 - slo)
}

/// How many times faster than allowed the budget goes; 1 lasts exactly the period. `None` without traffic.
/// A 100 % target gives 0 without failures and infinity with any.
pub fn burn_rate(bad: f64, total: f64, slo: f64) -> Option<f64> {
    let b = budget(slo)?;
    if total.is_nan() || bad.is_nan() || total <= 0.0 {
        return None;
    }
    let e = bad.clamp(0.0, total) / total;
    if b > 0.0 { Some(e / b) } else { Some(if e > 0.0 { f64::INFINITY } else { 0.0 }) }
}

/// The factor at which `budget_fraction` of the budget is spent in one long window.
pub fn mwmb_factor(budget_fraction: f64, window_s: f64, period_s: f64) -> f64 {
    budget_fraction * period_s / window_s
}

/// What is left of the budget after the period's counts, as a fraction; negative when overspent.
pub fn budget_remaining(bad: f64, total: f64, slo: f64) -> Option<f64> {
    burn_rate(bad, total, slo).map(|b| 1.0 - b)
}

/// Seconds until nothing is left "at this rate"; pessimistic in a rolling window, because old errors leave too.
pub fn time_to_exhaustion(remaining: f64, burn: f64, period_s: f64) -> f64 {
    rolling_time_to_exhaustion(remaining, burn, 0.0, period_s)
}

/// The same when the burn of the slice about to leave the window is known.
pub fn rolling_time_to_exhaustion(remaining: f64, burn: f64, leaving: f64, period_s: f64) -> f64 {
    if remaining <= 0.0 {
        0.0
    } else if burn - leaving <= 0.0 {
        f64::INFINITY
    } else {
        remaining * period_s / (burn - leaving)
    }
}

/// Seconds from a clean start until a long window is over `factor`; infinite if it never is.
pub fn detection_time(burn: f64, factor: f64, long_s: f64) -> f64 {
    if burn <= factor { f64::INFINITY } else { long_s * factor / burn }
}

/// Wilson limits of the burn rate. `None` for a 100 % target, which has no budget to divide by.
pub fn burn_interval(bad: f64, total: f64, slo: f64) -> Option<Interval> {
    let b = budget(slo).filter(|b| *b > 0.0)?;
    let w = wilson(bad, total);
    Some(Interval::new(w.lo / b, w.hi / b))
}

/// The low-traffic guard before a page: at least 3 failures in the long window, and surely burning above 1.
pub fn guard(bad: f64, total: f64, slo: f64) -> bool {
    bad >= 3.0 && burn_interval(bad, total, slo).is_none_or(|i| i.lo > 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_no_fraction_has_no_burn() {
        for slo in [0.0, -1.0, 99.9, f64::NAN] {
            assert_eq!(burn_rate(1.0, 10.0, slo), None);
            assert_eq!(burn_interval(1.0, 10.0, slo), None);
        }
        assert_eq!(burn_rate(0.0, 0.0, 0.999), None);
        assert_eq!(burn_rate(f64::NAN, 10.0, 0.999), None);
        assert_eq!(burn_interval(1.0, 10.0, 1.0), None);
    }

    #[test]
    fn the_guard_holds_back_what_a_handful_of_requests_says() {
        assert!(!guard(1.0, 10.0, 0.999), "1 of 10");
        assert!(!guard(3.0, 400.0, 0.99), "might be under 1");
        assert!(guard(50.0, 10_000.0, 0.999));
    }
}
