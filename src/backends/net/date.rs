//! HTTP dates and Retry-After, from text to numbers. Pure.

use crate::core::time::Utc;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7). The two obsolete forms are not sent by any server we
/// meet and read as `None`.
pub fn http_date(text: &str) -> Option<Utc> {
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split_ascii_whitespace();
    let day: i64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|m| *m == name)? as i64 + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(str::parse::<i64>);
    let hms: [i64; 3] = [clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?];
    let known = (1..=31).contains(&day)
        && (1970..=9999).contains(&year)
        && (0..24).contains(&hms[0])
        && (0..60).contains(&hms[1])
        && (0..=60).contains(&hms[2]);
    if !known || words.next() != Some("GMT") {
        return None;
    }
    // Days from civil, after Howard Hinnant's published algorithm (years begin in March).
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
    Some(Utc::from_secs(days * 86_400 + hms[0] * 3600 + hms[1] * 60 + hms[2]))
}

/// Milliseconds to wait: `Retry-After` is seconds or an HTTP date, which is held against the server's own `Date`.
pub fn retry_after_ms(value: &str, server_now: Option<Utc>) -> Option<u64> {
    let value = value.trim();
    if let Ok(secs) = value.parse::<u64>() {
        return Some(secs.saturating_mul(1000));
    }
    u64::try_from(http_date(value)?.since(server_now?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_date_is_read_and_junk_is_not() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Utc::from_secs(784_111_777)));
        assert_eq!(http_date("Thu, 29 Feb 2024 23:59:59 GMT"), Some(Utc::from_secs(1_709_251_199)));
        for junk in [
            "",
            "yesterday",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 999999999999 08:49:37 GMT",
        ] {
            assert_eq!(http_date(junk), None, "{junk}");
        }
    }

    #[test]
    fn retry_after_comes_as_seconds_or_as_a_date_of_the_servers_clock() {
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(retry_after_ms("7", None), Some(7_000));
        assert_eq!(retry_after_ms("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(10_000));
        assert_eq!(retry_after_ms("Sun, 06 Nov 1994 08:49:27 GMT", now), None);
        assert_eq!(retry_after_ms("soon", now), None);
    }
}
