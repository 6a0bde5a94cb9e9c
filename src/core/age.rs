//! Spans and ages in words. Ages move in steps (1 s up to 10 s, 5 s up to a minute, then minutes), so that a quiet screen costs nothing.

/// `0.3s`, `41s`, `1m52`, `14m`, `3h05`, `2d04h`: a finished span, exact. Milliseconds.
pub fn span(ms: i64) -> String {
    let ms = ms.max(0);
    let s = ms / 1000;
    match s {
        0 => format!("{}.{}s", s, ms % 1000 / 100),
        1..=59 => format!("{s}s"),
        60..=599 => format!("{}m{:02}", s / 60, s % 60),
        600..=3599 => format!("{}m", s / 60),
        3600..=86_399 => format!("{}h{:02}", s / 3600, s / 60 % 60),
        _ => format!("{}d{:02}h", s / 86_400, s / 3600 % 24),
    }
}

/// An age that goes on growing, in its steps. Milliseconds.
pub fn age(ms: i64) -> String {
    let s = (ms / 1000).max(0);
    match s {
        0..=10 => format!("{s}s"),
        11..=59 => format!("{}s", s / 5 * 5),
        60..=3599 => format!("{}m", s / 60),
        3600..=86_399 => format!("{}h", s / 3600),
        _ => format!("{}d", s / 86_400),
    }
}

/// The same in steps of 5 s from the start, where many ages stand side by side: eight that move each second would cost
/// more than the whole quiet screen may.
pub fn coarse(ms: i64) -> String {
    let s = (ms / 1000).max(0);
    if s < 60 { format!("{}s", s / 5 * 5) } else { age(ms) }
}

/// A running clock of an act or an incident: `0m41`, `8m34`, `1h02m`.
pub fn stopwatch(ms: i64) -> String {
    let s = (ms / 1000).max(0);
    if s < 3600 { format!("{}m{:02}", s / 60, s % 60) } else { format!("{}h{:02}m", s / 3600, s / 60 % 60) }
}

/// An expected time, roughly: `40s`, `2m`, `11m`, `3h`.
pub fn rough(ms: i64) -> String {
    let s = (ms.max(0) + 500) / 1000;
    match s {
        0 => "now".into(),
        1..=89 => format!("{s}s"),
        90..=5399 => format!("{}m", (s + 30) / 60),
        _ => format!("{}h", (s + 1800) / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_move_in_steps_and_never_say_less_than_nothing() {
        assert_eq!(
            [0, 9_999, 10_000, 14_999, 59_000, 60_000, 119_000, -5].map(age),
            ["0s", "9s", "10s", "10s", "55s", "1m", "1m", "0s"]
        );
        assert_eq!([0, 4_999, 5_000, 59_000, 60_000, 119_000].map(coarse), ["0s", "0s", "5s", "55s", "1m", "1m"]);
        assert_eq!(span(112_000), "1m52");
        assert_eq!(rough(120_000), "2m");
        assert_eq!(stopwatch(514_000), "8m34");
    }
}
