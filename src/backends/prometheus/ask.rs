//! What is sent: the parts that `queries` writes, joined so that one request of a kind answers for all services, signals
//! and windows. Pure text.

use super::queries::{Queries, SERVICE_LABEL as SERVICE, TAG};
use super::recipe::Only;
use crate::core::id::ServiceId;
use crate::core::world::figures::Signal;
use std::sync::Arc;

/// The label that tells the signals of a joined answer apart.
pub const SIGNAL: &str = "andon_signal";
/// The label with a course's window in seconds.
pub const WINDOW: &str = "andon_w";
/// Windows of the courses: the rate of now, and burn's short and long one.
pub const COURSES: [u32; 3] = [60, 300, 3_600];
/// Seconds that percentiles are made over.
pub const QUANTILES_OVER: u32 = 300;
/// Seconds that the mix of routes is made over.
pub const MIX_OVER: u32 = 900;

/// One request for several signals.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    pub query: String,
    /// What it asks of each signal, alone: anyone who sends that gets the same rows.
    pub parts: Vec<(Signal, Arc<str>)>,
}

impl Joined {
    /// The signal of rows that do not say one.
    pub fn only(&self) -> Signal {
        self.parts.first().map_or_else(Signal::default, |(s, _)| *s)
    }

    pub fn part(&self, signal: Signal) -> Option<Arc<str>> {
        self.parts.iter().find(|(s, _)| *s == signal).map(|(_, q)| q.clone())
    }
}

/// `None`: none of the signals can be asked.
fn joined(of: impl Fn(Signal) -> Option<String>) -> Option<Joined> {
    let parts: Vec<(Signal, Arc<str>)> = Signal::ALL.into_iter().filter_map(|s| Some((s, Arc::from(of(s)?)))).collect();
    let query = match parts.as_slice() {
        [] => return None,
        [(_, one)] => one.to_string(),
        all => all.iter().map(|(s, q)| set(q, SIGNAL, s.word())).collect::<Vec<_>>().join("\nor "),
    };
    Some(Joined { query, parts })
}

/// Counts of blocks by service and track; of some services, or all.
pub fn blocks(q: &Queries, only: Only<'_>) -> Option<Joined> {
    joined(|s| q.blocks(s, only))
}

/// The same of a large fleet: the first signal of all, the others of those that are judged by them.
pub fn blocks_of_moving(q: &Queries, moving: &[ServiceId]) -> Option<Joined> {
    let first = Signal::ALL.into_iter().find(|s| q.blocks(*s, None).is_some())?;
    joined(|s| match (s == first, moving) {
        (true, _) => q.blocks(s, None),
        (false, []) => None,
        (false, _) => q.blocks(s, Some(moving)),
    })
}

/// Counts over windows by service.
pub fn windows(q: &Queries, windows: &[u32]) -> Option<Joined> {
    joined(|s| q.windows(s, windows))
}

/// Windows in seconds, each with its own part of the query.
type Parts = Vec<(u32, Arc<str>)>;

/// Failed and all requests over each of [`COURSES`], and each of them alone.
pub fn courses(q: &Queries) -> Option<(String, Parts)> {
    let parts: Vec<(u32, Arc<str>)> = COURSES.into_iter().filter_map(|w| Some((w, Arc::from(q.ratios(w)?)))).collect();
    let query: Vec<String> = parts.iter().map(|(w, part)| set(part, WINDOW, &w.to_string())).collect();
    (!parts.is_empty()).then(|| (query.join("\nor "), parts))
}

/// The 99th percentile of each service, all tracks together, computed there: a course of buckets would be too much.
pub fn p99(q: &Queries) -> Option<String> {
    let buckets = q.quantiles(QUANTILES_OVER, None)?;
    Some(format!("histogram_quantile(0.99, sum by ({SERVICE}, {TAG}, le) ({buckets}))"))
}

/// Memory of each service, mean of its tracks.
pub fn memory_of_all(q: &Queries) -> Option<String> {
    Some(format!("avg by ({SERVICE}, {TAG}) ({})", q.memory()?))
}

/// The rows with one more label.
fn set(rows: &str, label: &str, value: &str) -> String {
    format!("label_replace({rows}, \"{label}\", \"{value}\", \"\", \"\")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_joined_under_a_label_and_one_alone_is_sent_as_it_is() {
        let two = joined(|s| (s != Signal::Correctness).then(|| format!("x_{}", s.word()))).expect("two");
        assert_eq!(
            two.query,
            "label_replace(x_errors, \"andon_signal\", \"errors\", \"\", \"\")\nor \
             label_replace(x_latency, \"andon_signal\", \"latency\", \"\", \"\")"
        );
        assert_eq!(two.part(Signal::Latency).as_deref(), Some("x_latency"));
        let one = joined(|s| (s == Signal::Latency).then(|| "x".to_owned())).expect("one");
        assert_eq!((one.query.as_str(), one.only()), ("x", Signal::Latency));
        assert_eq!(joined(|_| None), None);
    }

    #[test]
    fn one_request_has_all_windows_of_the_courses() {
        let (query, parts) = courses(&Queries::default()).expect("courses");
        assert_eq!(parts.iter().map(|(w, _)| *w).collect::<Vec<_>>(), COURSES);
        for w in COURSES {
            assert!(query.contains(&format!("\"andon_w\", \"{w}\"")), "{query}");
        }
    }
}
