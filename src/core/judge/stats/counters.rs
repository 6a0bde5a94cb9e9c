//! Counters to increases, with resets.

/// The increase over the samples of one series, oldest first. A value below the one before is a reset (restart):
/// that step's increase is the new value. Samples that are no numbers (stale markers) are left out.
/// `None` with fewer than two samples: one value has no increase.
pub fn counter_increase(samples: &[f64]) -> Option<f64> {
    let mut last: Option<f64> = None;
    let mut sum: Option<f64> = None;
    for &v in samples.iter().filter(|v| v.is_finite()) {
        if let Some(l) = last {
            let step = if v >= l { v - l } else { v };
            sum = Some(sum.unwrap_or(0.0) + step);
        }
        last = Some(v);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_markers_are_left_out_and_one_sample_is_no_increase() {
        assert_eq!(counter_increase(&[100.0, f64::NAN, 110.0]), Some(10.0));
        assert_eq!(counter_increase(&[7.0]), None);
        assert_eq!(counter_increase(&[f64::NAN]), None);
    }
}
