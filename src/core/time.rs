//! Time as an input. Nothing in `core` reads a clock: every message carries a [`Stamp`].

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. In a drill this is the simulated world's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Utc(pub i64);

/// Milliseconds of world time: deadlines of acts, soak, stopwatch. Monotonic; simulated in a drill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct World(pub i64);

/// Milliseconds of person time: confirm delay, quiet, bursts, arming, request time-outs. Monotonic and always real.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Person(pub i64);

/// When a message happened, on the three clocks (architecture: "Time is an input").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub utc: Utc,
    pub world: World,
    pub person: Person,
}

impl Utc {
    /// Whole seconds since the epoch, rounded towards the past.
    pub fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    pub fn from_secs(s: i64) -> Utc {
        Utc(s.saturating_mul(1000))
    }

    /// Milliseconds from `earlier` to `self`; negative when `earlier` lies ahead.
    pub fn since(self, earlier: Utc) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Broken-down UTC `(year, month, day, hour, minute, second)`; total for every i64
    /// (days-to-civil after Howard Hinnant's published algorithm).
    pub fn civil(self) -> (i64, u32, u32, u32, u32, u32) {
        let s = self.secs();
        let (days, rest) = (s.div_euclid(86_400), s.rem_euclid(86_400) as u32);
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
        let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
        let year = yoe + era * 400 + i64::from(month <= 2);
        (year, month, day, rest / 3600, rest / 60 % 60, rest % 60)
    }

    /// The first moment of a date, the inverse of [`Utc::civil`]; months 1 to 12, days from 1.
    pub fn midnight(year: i64, month: i64, day: i64) -> Utc {
        let (y, mp) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let (era, yoe) = (y.div_euclid(400), y.rem_euclid(400));
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + (153 * mp + 2) / 5 + day - 1;
        Utc((era * 146_097 + doe - 719_468) * 86_400_000)
    }

    /// `03:14:07`
    pub fn hms(self) -> String {
        let (.., h, m, s) = self.civil();
        format!("{h:02}:{m:02}:{s:02}")
    }

    /// RFC 3339 with milliseconds, `2026-11-21T03:14:07.250Z`.
    pub fn rfc3339(self) -> String {
        let (y, mo, d, h, mi, s) = self.civil();
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{:03}Z", self.0.rem_euclid(1000))
    }

    /// Reads RFC 3339 (`2026-11-21T03:14:07Z`, any fraction, any offset); `None` for what is none.
    pub fn read(text: &str) -> Option<Utc> {
        let b = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = b.get(from..to)?;
            digits.iter().try_fold(0, |n: i64, d| d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0')))
        };
        let sign = |at: usize, is: &[u8]| b.get(at).is_some_and(|c| is.contains(c)).then_some(());
        let (y, mo, d) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (h, mi, s) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        sign(4, b"-").and(sign(7, b"-")).and(sign(10, b"Tt ")).and(sign(13, b":")).and(sign(16, b":"))?;
        let in_range = (1..=12).contains(&mo) && (1..=31).contains(&d) && h < 24 && mi < 60 && s <= 60;
        let fraction = b.get(19) == Some(&b'.');
        let digits = if fraction { b[20..].iter().take_while(|c| c.is_ascii_digit()).count() } else { 0 };
        let ms = (0..3).try_fold(0, |n: i64, i| Some(n * 10 + if i < digits { number(20 + i, 21 + i)? } else { 0 }))?;
        let rest = 19 + if fraction { 1 + digits } else { 0 };
        let offset = match b.get(rest)? {
            b'Z' | b'z' if b.len() == rest + 1 => 0,
            plus @ (b'+' | b'-') if b.len() == rest + 6 && b[rest + 3] == b':' => {
                let minutes = number(rest + 1, rest + 3)? * 60 + number(rest + 4, rest + 6)?;
                if *plus == b'+' { minutes } else { -minutes }
            }
            _ => return None,
        };
        in_range.then(|| Utc(Utc::midnight(y, mo, d).0 + ((h * 60 + mi - offset) * 60 + s) * 1_000 + ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_was_written_is_read_back_and_nothing_else_is_a_time() {
        for t in [0, 1_795_231_647_250, 951_782_400_000, -1, 4_102_444_799_999] {
            assert_eq!(Utc::read(&Utc(t).rfc3339()), Some(Utc(t)));
        }
        assert_eq!(Utc::read("2026-11-21T03:27:27Z"), Some(Utc(1_795_231_647_000)));
        assert_eq!(Utc::read("2026-11-21T04:27:27.25+01:00"), Some(Utc(1_795_231_647_250)));
        assert_eq!(Utc::read("2026-11-21T03:27:27.250999999Z"), Some(Utc(1_795_231_647_250)));
        for no in ["", "2026-11-21", "2026-13-21T03:27:27Z", "2026-11-21T03:27:27", "2026-11-21T03:27:27Zx", "now"] {
            assert_eq!(Utc::read(no), None, "{no}");
        }
        assert_eq!(Utc::read("2026-11-21T03:27:é"), None);
    }

    #[test]
    fn the_calendar_knows_leap_days_and_the_time_before_1970() {
        assert_eq!(Utc(1_795_231_647_250).rfc3339(), "2026-11-21T03:27:27.250Z");
        assert_eq!(Utc::from_secs(951_782_400).rfc3339(), "2000-02-29T00:00:00.000Z");
        assert_eq!(Utc(-1).rfc3339(), "1969-12-31T23:59:59.999Z");
    }
}
