//! Spans of time as config files write them. Knows no table.

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Milliseconds of `700ms`, `15s`, `5m`, `1h`, `30d`.
pub fn millis(s: &str) -> Option<u64> {
    let digits = s.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = s.split_at(digits);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// `15s`, in the largest unit that loses nothing.
pub fn time_name(ms: u64) -> String {
    let (unit, factor) = UNITS.iter().rev().find(|(_, f)| ms >= *f && ms.is_multiple_of(*f)).unwrap_or(&UNITS[0]);
    format!("{}{unit}", ms / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_named() {
        assert_eq!(millis("700ms"), Some(700));
        assert_eq!(millis("30d"), Some(2_592_000_000));
        for bad in ["", "15", "s", "-1s", "1.5s", "1 s", "5min", "99999999999999999999s"] {
            assert_eq!(millis(bad), None, "{bad}");
        }
        assert_eq!(time_name(90_000), "90s");
        assert_eq!(time_name(0), "0ms");
    }
}
