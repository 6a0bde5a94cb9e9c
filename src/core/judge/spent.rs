//! Budget spent by this patch: what the candidate failed beyond what stable, in its place, would have failed over the same
//! blocks, as a part of the budget of the whole period. Never negative: what a better candidate saved is not "spent".

use super::stats::Interval;
use super::verdict::Verdict;
use super::words;
use crate::core::world::service::Slo;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Failures that stable would not have had: `n_candidate * d`, from 0.
    pub failures: f64,
    /// What they surely lie in, at every look; from 0.
    pub failures_range: Interval,
    /// The same as parts of the period's budget.
    pub share: f64,
    pub range: Interval,
    /// Failures the budget of the whole period allows.
    pub budget: f64,
    /// The seconds that the period's requests were counted over. Less than the period: the rest is expected.
    pub counted_secs: u32,
}

impl Spent {
    /// `in_period`: requests of the whole period and the seconds they were counted over. `None` without a difference,
    /// without a budget (100 %), or where nobody knows the period's requests.
    pub fn of(v: &Verdict, slo: &Slo, in_period: Option<(f64, u32)>) -> Option<Spent> {
        let (requests, counted_secs) = in_period.filter(|p| p.0 > 0.0)?;
        let budget = (slo.objective > 0.0 && slo.objective < 1.0).then_some((1.0 - slo.objective) * requests)?;
        let d = v.difference?;
        let failed = |d: f64| (v.candidate.total * d).clamp(0.0, v.candidate.total);
        let (failures, lo, hi) = (failed(d.d), failed(d.range.lo), failed(d.range.hi));
        let failures_range = Interval::new(lo, hi);
        let range = Interval::new(lo / budget, hi / budget);
        Some(Spent { failures, failures_range, share: failures / budget, range, budget, counted_secs })
    }

    /// Surely more than nothing?
    pub fn is_sure(&self) -> bool {
        self.range.lo > 0.0
    }

    /// `this patch spent 3.4% of the budget [2.9%, 3.9%]`, `this patch spent nothing for sure, 0.2% of the budget at
    /// most`
    pub fn words(&self) -> String {
        let p = |x: f64| words::percent(x);
        if self.is_sure() {
            let (lo, hi) = (p(self.range.lo), p(self.range.hi));
            format!("this patch spent {} of the budget [{lo}, {hi}]", p(self.share))
        } else if self.range.hi > 0.0 {
            format!("this patch spent nothing for sure, {} of the budget at most", p(self.range.hi))
        } else {
            "this patch spent nothing of the budget".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Difference;
    use super::*;
    use crate::core::world::figures::Counts;

    fn verdict(n: f64, d: f64, lo: f64, hi: f64) -> Verdict {
        let mut v = Verdict::not_judged();
        v.candidate = Counts { total: n, failed: n * (0.0004 + d).max(0.0) };
        v.difference = Some(Difference { d, range: Interval::new(lo, hi) });
        v
    }

    #[test]
    fn failures_beyond_stables_are_a_part_of_the_periods_budget() {
        let slo = Slo::rolling(0.999, 30);
        // 1,000,000 requests a period: 1,000 may fail. 2,000 candidate requests fail 2 points more often: 40.
        let s = Spent::of(&verdict(2_000.0, 0.02, 0.015, 0.03), &slo, Some((1e6, 2_592_000))).unwrap();
        assert!((s.failures - 40.0).abs() < 1e-9 && (s.share - 0.04).abs() < 1e-12, "{s:?}");
        assert_eq!(s.words(), "this patch spent 4.0% of the budget [3.0%, 6.0%]");
        assert!(s.is_sure());
    }

    #[test]
    fn a_better_or_an_unsure_candidate_never_shows_a_negative_sum() {
        let slo = Slo::rolling(0.999, 30);
        let of = |d, lo, hi| Spent::of(&verdict(2_000.0, d, lo, hi), &slo, Some((1e6, 259_200))).unwrap();
        let better = of(-0.01, -0.02, -0.005);
        assert_eq!((better.failures, better.share, better.range.lo, better.range.hi), (0.0, 0.0, 0.0, 0.0));
        assert_eq!(better.words(), "this patch spent nothing of the budget");
        let unsure = of(0.001, -0.002, 0.004);
        assert!(!unsure.is_sure());
        assert_eq!(unsure.words(), "this patch spent nothing for sure, 0.80% of the budget at most");
    }

    #[test]
    fn without_a_budget_or_a_count_of_the_period_nothing_is_said() {
        let v = verdict(2_000.0, 0.02, 0.015, 0.03);
        assert_eq!(Spent::of(&v, &Slo::rolling(1.0, 30), Some((1e6, 1))), None);
        assert_eq!(Spent::of(&v, &Slo::rolling(0.999, 30), None), None);
        assert_eq!(Spent::of(&Verdict::not_judged(), &Slo::rolling(0.999, 30), Some((1e6, 1))), None);
    }
}
