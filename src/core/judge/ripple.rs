//! Ripple: services that are not being deployed and whose burn rose after a deploy began. Reckoned by time alone: nothing
//! here knows who calls whom, so it says "since", never "because of".

use super::burn::{Burn, Lines, Word};
use crate::core::id::ServiceId;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Below this burn nothing that rose is worth a name: twice of it is the rate the budget lasts at.
const FLOOR: f64 = 0.5;
/// What this console saw counts as "before the deploy" if it came this soon after its start, milliseconds: the 5 m window
/// has hardly any of the deploy in it then.
pub const SEEN_WITHIN_MS: i64 = 45_000;

/// How it is known what a service burned before the deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// This console was looking when the deploy began.
    Seen,
    /// The course of the 5 m burn reaches back before it.
    Course,
}

impl How {
    pub fn words(self) -> &'static str {
        match self {
            How::Seen => "seen before it began",
            How::Course => "by its course before it began",
        }
    }
}

/// The 5 m burn before the deploy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Before {
    pub burn: f64,
    pub how: How,
}

/// A service whose burn rose since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Risen {
    pub before: Before,
    /// 5 m burn now, and the word.
    pub now: f64,
    pub word: Word,
    /// When it was first found risen.
    pub first: Utc,
}

/// What a deploy is followed by elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ripple {
    pub since: Option<Utc>,
    pub before: BTreeMap<ServiceId, Before>,
    pub risen: BTreeMap<ServiceId, Risen>,
}

impl Ripple {
    pub fn begin(since: Utc) -> Ripple {
        Ripple { since: Some(since), ..Ripple::default() }
    }

    /// What a service burned before, the first that is heard of it.
    pub fn was(&mut self, service: &ServiceId, before: Before) {
        self.before.entry(service.clone()).or_insert(before);
    }

    /// The service's burn now. True when it joins or leaves the risen ones.
    pub fn now(&mut self, service: &ServiceId, burn: &Burn, at: Utc) -> bool {
        let rose = self.before.get(service).filter(|b| rose(**b, burn));
        match (rose.copied(), burn.over_window(super::burn::SHORT)) {
            (Some(before), Some(now)) => {
                let known = self.risen.get(service).map(|r| r.first);
                let risen = Risen { before, now, word: burn.word, first: known.unwrap_or(at) };
                self.risen.insert(service.clone(), risen);
                known.is_none()
            }
            (Some(_) | None, _) => self.risen.remove(service).is_some(),
        }
    }

    /// It is being deployed itself, or is gone: nothing is said of it any more. True when something was.
    pub fn forget(&mut self, service: &ServiceId) -> bool {
        self.before.remove(service);
        self.risen.remove(service).is_some()
    }

    /// `ripple: search, payments burn more since this deploy`; `None` of nobody. Three names, the rest counted.
    pub fn words(&self) -> Option<String> {
        let names: Vec<&str> = self.by_rise().into_iter().map(|(s, _)| s.as_str()).collect();
        let (said, more) = names.split_at(names.len().min(3));
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        let verb = if names.len() == 1 { "burns" } else { "burn" };
        (!names.is_empty()).then(|| format!("ripple: {}{more} {verb} more since this deploy", said.join(", ")))
    }

    /// One line for each: `search .4x -> 6x (5m), rising since 03:04:10, seen before it began`.
    pub fn lines(&self) -> Vec<String> {
        let line = |(s, r): (&ServiceId, &Risen)| {
            let (was, now) = (super::words::times(r.before.burn), super::words::times(r.now));
            format!("{s} {was} -> {now} (5m), {} at {}, {}", r.word.word(), r.first.hms(), r.before.how.words())
        };
        self.by_rise().into_iter().map(line).collect()
    }

    /// The worst first.
    fn by_rise(&self) -> Vec<(&ServiceId, &Risen)> {
        let mut all: Vec<_> = self.risen.iter().collect();
        all.sort_by(|a, b| b.1.now.total_cmp(&a.1.now).then_with(|| a.0.cmp(b.0)));
        all
    }
}

/// Did it rise beyond what chance explains? Either it is rising or burning now and was under the line, or it surely more
/// than doubled; in both cases the lower limit of the 5 m burn speaks, where counts are known.
fn rose(before: Before, now: &Burn) -> bool {
    let Some(burn) = now.over_window(super::burn::SHORT) else { return false };
    let doubled = 2.0 * before.burn.max(FLOOR);
    let (surely, more) = match now.range_5m {
        Some(r) => (r.lo, r.lo > before.burn),
        // Without counts there is no interval: only twice as much counts.
        None => (burn, burn > doubled),
    };
    let line = now.rules.map_or(Lines::default().line, |r| r.lines.line);
    match now.word {
        Word::Rising | Word::Burning => (before.burn <= line && more) || surely > doubled,
        Word::Calm | Word::Easing => surely > doubled,
        Word::NoTraffic | Word::NoData => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::burn::{Rules, SHORT};
    use super::super::freshness::Age;
    use super::*;
    use crate::core::world::figures::Counts;

    /// A service with so many requests in five minutes of which this part of the budget's rate fails.
    fn burn(requests: f64, times: f64) -> Burn {
        let of = |secs: u32| {
            let total = requests * f64::from(secs) / 300.0;
            (secs, Counts { total, failed: total * 0.001 * times })
        };
        Burn::judge(&[of(SHORT), of(3_600)], &Rules::new(0.999), false, Age::Fresh)
    }

    fn ripple(before: f64) -> (Ripple, ServiceId) {
        let (mut r, id) = (Ripple::begin(Utc(0)), ServiceId::from("search"));
        r.was(&id, Before { burn: before, how: How::Seen });
        (r, id)
    }

    fn joins(before: f64, now: &Burn) -> bool {
        let (mut r, id) = ripple(before);
        r.now(&id, now, Utc(60_000))
    }

    #[test]
    fn only_what_surely_rose_is_named() {
        assert!(joins(0.4, &burn(60_000.0, 6.0)));
        assert!(!joins(0.4, &burn(60_000.0, 0.5)));
        // Eight instead of four of 100,000: more, and not a rise.
        assert!(!joins(0.04, &burn(100_000.0, 0.08)), "far below what the budget lasts at");
        assert!(!joins(2.0, &burn(300.0, 6.0)), "two failures of 300 may as well be twice the budget's rate");
        // It burned before the deploy as it burns now.
        assert!(!joins(6.0, &burn(60_000.0, 6.0)));
        assert!(joins(6.0, &burn(600_000.0, 14.0)), "and more than twice as fast counts again");
        let gone = Burn::judge(&[(SHORT, Counts::default())], &Rules::new(0.999), false, Age::Withdrawn);
        assert!(!joins(0.4, &gone), "no data is no rise");
    }

    #[test]
    fn the_first_thing_heard_is_what_was_before_and_who_calms_down_leaves() {
        let (mut r, id) = ripple(0.4);
        r.was(&id, Before { burn: 9.0, how: How::Course });
        assert!(r.now(&id, &burn(60_000.0, 6.0), Utc(60_000)));
        assert!(!r.now(&id, &burn(60_000.0, 7.0), Utc(90_000)), "it is in already");
        assert_eq!(r.words().unwrap(), "ripple: search burns more since this deploy");
        assert_eq!(r.lines(), ["search .4x -> 7x (5m), burning at 00:01:00, seen before it began"]);
        assert!(r.now(&id, &burn(60_000.0, 0.3), Utc(120_000)), "it leaves");
        assert_eq!(r.words(), None);
        let other = ServiceId::from("cart");
        assert!(!r.now(&other, &burn(60_000.0, 60.0), Utc(120_000)), "nobody knows how it burned before");
    }

    #[test]
    fn many_are_counted_and_the_worst_come_first() {
        let mut r = Ripple::begin(Utc(0));
        for (i, name) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
            let id = ServiceId::from(name);
            r.was(&id, Before { burn: 0.1, how: How::Course });
            r.now(&id, &burn(60_000.0, 5.0 + i as f64), Utc(60_000));
        }
        assert_eq!(r.words().unwrap(), "ripple: e, d, c and 2 more burn more since this deploy");
        assert!(r.forget(&ServiceId::from("e")));
        assert_eq!(r.lines().len(), 4);
    }
}
