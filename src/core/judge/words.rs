//! How numbers of the judgement are written. Only digits and signs: no colours, no layout.
//!
//! Rules of the maths page, section 6: points with as many decimals as give the interval's half-width two
//! significant digits, three at most; always a sign; never a zero that the interval excludes.

use super::stats::Interval;

/// A number with a fixed count of decimals, without a minus before zero.
pub fn decimal(x: f64, decimals: usize) -> String {
    let s = format!("{x:.decimals$}");
    match s.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|b| b == b'0' || b == b'.') => rest.to_owned(),
        Some(_) | None => s,
    }
}

/// A number nobody knows the unit of, as a person reads it: four digits that count, no zeros at its end.
pub fn figure(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return decimal(x, 0);
    }
    let d = (3.0 - libm::floor(libm::log10(x.abs()))).clamp(0.0, 12.0) as usize;
    let s = decimal(x, d);
    if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').to_owned() } else { s }
}

/// Decimals that give this half-width (a fraction) two significant digits in points, 0 to 3.
pub fn decimals(half_width: f64) -> usize {
    let points = half_width * 100.0;
    if points.is_nan() || points <= 0.0 {
        return 3;
    }
    // 9.96 rounds to 10 and so needs a decimal less than its logarithm says.
    let mut d = (1.0 - libm::floor(libm::log10(points))).clamp(0.0, 3.0) as usize;
    if d > 0 && points * libm::pow(10.0, d as f64) >= 99.5 {
        d -= 1;
    }
    d
}

/// Signed points with `decimals` decimals: `+0.30`.
pub fn signed(fraction: f64, decimals: usize) -> String {
    let s = decimal(fraction * 100.0, decimals);
    if s.starts_with('-') { s } else { format!("+{s}") }
}

/// Unsigned points with the unit, for limits: `0.26 pp`.
pub fn points(fraction: f64) -> String {
    format!("{} pp", decimal(fraction * 100.0, 2))
}

/// The difference in short, for a column: one decimal, more (up to three) only if that would print a zero the
/// interval excludes.
pub fn short(d: f64, i: Interval) -> String {
    nonzero(d, i, 1)
}

/// The difference and its interval: `+0.04 pp [-0.22, +0.36]`. `None` when the interval is wider than 20 points:
/// then only the counts say something.
pub fn difference(d: f64, i: Interval) -> Option<String> {
    if i.hi - i.lo > 0.2 {
        return None;
    }
    let n = decimals(i.half_width());
    Some(format!("{} pp [{}, {}]", nonzero(d, i, n), signed(i.lo, n), signed(i.hi, n)))
}

fn nonzero(d: f64, i: Interval, from: usize) -> String {
    let excluded = i.lo > 0.0 || i.hi < 0.0;
    let zero = |s: &str| s.bytes().all(|b| matches!(b, b'0' | b'.' | b'+' | b'-'));
    let mut s = signed(d, from);
    for n in from + 1..=3 {
        if !(excluded && zero(&s)) {
            break;
        }
        s = signed(d, n);
    }
    if excluded && zero(&s) {
        s = if d < 0.0 { "-<0.001" } else { "+<0.001" }.to_owned();
    }
    s
}

/// A rate in percent: one decimal from 1 % up, two from 0.01 %, three below; `0%` only for nothing at all.
pub fn percent(rate: f64) -> String {
    let p = rate * 100.0;
    let n = if p >= 1.0 {
        1
    } else if p >= 0.01 {
        2
    } else {
        3
    };
    match decimal(p, n).as_str() {
        "0.000" if p > 0.0 => "<0.001%".to_owned(),
        "0.000" => "0%".to_owned(),
        "100.0" if p < 100.0 => "99.9%".to_owned(),
        "100.0" => "100%".to_owned(),
        s => format!("{s}%"),
    }
}

/// A count, rounded, with thousands separators: `37,022`.
pub fn count(n: f64) -> String {
    let digits = decimal(libm::round(n.max(0.0)), 0);
    if digits.bytes().any(|b| !b.is_ascii_digit()) {
        return "-".to_owned();
    }
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Two significant digits, rounded up, for "about 7,300 more": a promise that is not too small.
pub fn about(n: f64) -> String {
    if n.is_nan() || n <= 0.0 {
        return "0".to_owned();
    }
    let unit = libm::pow(10.0, (libm::floor(libm::log10(n)) - 1.0).max(0.0));
    // A hair is taken off first: 640.0000001 is 640.
    count(libm::ceil(n / unit - 1e-6) * unit)
}

/// A span with one unit, rounded down: `45s`, `12m`, `24h`, `5d`. Hours go up to 72.
pub fn span(secs: f64) -> String {
    let s = if secs.is_finite() {
        secs.max(0.0)
    } else {
        return "never".to_owned();
    };
    let (n, unit) = match s {
        _ if s < 60.0 => (s, "s"),
        _ if s < 3600.0 => (s / 60.0, "m"),
        _ if s < 72.0 * 3600.0 => (s / 3600.0, "h"),
        _ => (s / 86_400.0, "d"),
    };
    format!("{}{unit}", count(libm::floor(n)))
}

/// A burn rate: `.9x`, `2.4x`, `22x`; past 9,999 it says so.
pub fn times(burn: f64) -> String {
    match burn {
        b if b.is_nan() => "--".to_owned(),
        b if b > 9_999.0 => ">9999x".to_owned(),
        b if b >= 9.95 => format!("{}x", decimal(b, 0)),
        b => {
            let s = decimal(b, 1);
            match s.strip_prefix('0') {
                Some(".0") => "0x".to_owned(),
                Some(rest) => format!("{rest}x"),
                None => format!("{}x", s.strip_suffix(".0").unwrap_or(&s)),
            }
        }
    }
}

/// A time as latency is told: `300ms`, `1.2s`, `45us`.
pub fn seconds(s: f64) -> String {
    match s {
        s if !s.is_finite() => "--".to_owned(),
        s if s >= 1.0 => format!("{}s", figure(s)),
        s if s >= 0.001 => format!("{}ms", figure(libm::round(s * 10_000.0) / 10.0)),
        s => format!("{}us", figure(libm::round(s * 10_000_000.0) / 10.0)),
    }
}

/// `412Mi`, `1.2Gi`: bytes in powers of 1,024, as the field writes them.
pub fn bytes(b: f64) -> String {
    const UNITS: [&str; 5] = ["", "Ki", "Mi", "Gi", "Ti"];
    let (mut x, mut unit) = (b, 0);
    while x.abs() >= 1024.0 && unit + 1 < UNITS.len() {
        (x, unit) = (x / 1024.0, unit + 1);
    }
    format!("{}{}", decimal(x, usize::from(x.abs() < 10.0 && unit > 0)), UNITS[unit])
}

/// The same with its sign: `+12Mi`.
pub fn bytes_signed(b: f64) -> String {
    let s = bytes(b);
    if s.starts_with('-') { s } else { format!("+{s}") }
}

/// Seconds a window is long, as people name it: `5m`, `1h`, `3d`.
pub fn window(secs: u32) -> String {
    match secs {
        s if s % 86_400 == 0 && s > 0 => format!("{}d", s / 86_400),
        s if s % 3600 == 0 && s > 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 && s > 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_get_the_decimals_their_interval_deserves() {
        let d = |d: f64, lo: f64, hi: f64| difference(d, Interval::new(lo, hi));
        assert_eq!(d(0.0004, -0.0022, 0.0036).unwrap(), "+0.04 pp [-0.22, +0.36]");
        assert_eq!(d(0.003, 0.0018, 0.0043).unwrap(), "+0.30 pp [+0.18, +0.43]");
        assert_eq!(d(0.2155, 0.187, 0.246).unwrap(), "+21.6 pp [+18.7, +24.6]");
        assert_eq!(d(0.0000999, 0.00008, 0.00012).unwrap(), "+0.010 pp [+0.008, +0.012]");
        assert_eq!(d(0.1, -0.05, 0.16), None, "wider than 20 points");
        assert_eq!(decimals(0.0996), 0, "9.96 points are 10: two digits");
        assert_eq!(decimals(0.0099), 2);
        assert_eq!(decimals(0.25), 0);
        assert_eq!(decimals(0.0), 3);
    }

    #[test]
    fn a_zero_that_the_interval_excludes_is_never_printed() {
        let sure = |d: f64| short(d, Interval::new(d / 2.0, d * 2.0));
        assert_eq!(sure(0.2155), "+21.6");
        assert_eq!(sure(0.0003), "+0.03");
        assert_eq!(sure(0.000001), "+<0.001");
        assert_eq!(short(-0.000001, Interval::new(-0.01, -0.0000001)), "-<0.001");
        assert_eq!(short(-0.0001, Interval::new(-0.01, 0.01)), "+0.0");
        assert_eq!(short(-0.001, Interval::new(-0.01, 0.01)), "-0.1");
    }

    #[test]
    fn times_and_bytes_are_told_in_their_own_units() {
        assert_eq!(
            [0.3, 0.0125, 1.25, 0.000045, f64::INFINITY].map(seconds),
            ["300ms", "12.5ms", "1.25s", "45us", "--"]
        );
        assert_eq!([512.0, 431_000_000.0, 1_288_490_188.8].map(bytes), ["512", "411Mi", "1.2Gi"]);
        assert_eq!([12_582_912.0, -3.0 * 1_048_576.0].map(bytes_signed), ["+12Mi", "-3.0Mi"]);
    }

    #[test]
    fn counts_spans_rates_and_burns() {
        assert_eq!(count(37_022.4), "37,022");
        assert_eq!(count(999.0), "999");
        assert_eq!(count(1e9), "1,000,000,000");
        assert_eq!(count(f64::NAN), "0");
        assert_eq!(about(7_213.0), "7,300");
        assert_eq!(about(640.0), "640");
        assert_eq!(about(641.0), "650");
        assert_eq!(about(3.2), "4");
        assert_eq!([59.9, 60.0, 7_199.0, 86_400.0, 300_000.0].map(span), ["59s", "1m", "1h", "24h", "3d"]);
        assert_eq!(span(f64::INFINITY), "never");
        assert_eq!(
            [0.2159, 0.0004, 0.00001, 0.0, 1.0, 0.99999].map(percent),
            ["21.6%", "0.04%", "0.001%", "0%", "100%", "99.9%"]
        );
        assert_eq!([0.9, 0.0, 2.0, 2.44, 22.4, 1e6].map(times), [".9x", "0x", "2x", "2.4x", "22x", ">9999x"]);
        assert_eq!([300, 3600, 259_200, 7].map(window), ["5m", "1h", "3d", "7s"]);
    }
}
