//! Failure rates and burn as the records hold them. Counts are cumulative, so a rate is that of the time between two
//! records and nothing else: where records are missing there is a gap, never a line across it.

use super::when;
use crate::core::record::Record;
use crate::core::time::Utc;
use serde_json::Value;
use std::collections::BTreeMap;

/// A gap is longer than so many usual distances between figures, and than [`GAP_MS`]: while nothing is wrong, figures
/// are recorded once a minute, so that a minute and a block without any is no gap.
const TIMES: i64 = 3;
const GAP_MS: i64 = 90_000;

/// Failed and all requests, since the rollout began.
pub type Count = (f64, f64);

/// What one record says.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    pub at: Utc,
    pub candidate: Option<Count>,
    pub stable: Option<Count>,
    /// Burn rates over the long and the short window.
    pub burn: [Option<f64>; 2],
    pub on: &'a Record,
}

/// The time between two points.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    pub from: Utc,
    pub to: Utc,
    /// Failed and all requests in it; `None`: no record tells, or nobody asked for anything.
    pub candidate: Option<Count>,
    pub stable: Option<Count>,
    /// At its end.
    pub burn: [Option<f64>; 2],
    /// The records at both ends.
    pub on: [&'a Record; 2],
    /// Why there is nothing to draw.
    pub gap: Option<&'static str>,
}

/// The figures of one moving target.
#[derive(Clone, Debug)]
pub struct Series<'a> {
    pub service: String,
    pub target: Option<String>,
    /// In order of time.
    pub points: Vec<Point<'a>>,
    /// Made of verdict changes alone: a step may be long, and its rate is the average over it.
    pub sparse: bool,
    /// (from, to or open, the record that began it): nothing was known.
    pub blind: Vec<(Utc, Option<Utc>, &'a Record)>,
}

fn count(v: &Value) -> Option<Count> {
    let (failed, total) = (v[0].as_f64()?, v[1].as_f64()?);
    (failed.is_finite() && total.is_finite() && failed >= 0.0 && total >= failed).then_some((failed, total))
}

fn burn(v: &Value) -> Option<f64> {
    v.as_f64().filter(|b| b.is_finite() && *b >= 0.0)
}

fn point(r: &Record) -> Option<(String, Point<'_>)> {
    let d = &r.data;
    let service = d["service"].as_str().or_else(|| r.target.as_ref()?["name"].as_str())?.to_owned();
    let at = d["at_block"].as_str().and_then(Utc::read).unwrap_or_else(|| when::of(r));
    let (candidate, stable) = (count(&d["candidate"]), count(&d["stable"]));
    let burn = [burn(&d["burn"][0]), burn(&d["burn"][1])];
    let says = candidate.is_some() || stable.is_some() || burn.iter().any(Option::is_some);
    says.then_some((service, Point { at, candidate, stable, burn, on: r }))
}

/// All series in `records`, by service and target.
pub fn series<'a>(records: &[&'a Record]) -> Vec<Series<'a>> {
    let mut all: BTreeMap<(String, Option<String>), [Vec<Point<'a>>; 2]> = BTreeMap::new();
    for &r in records {
        let sparse = match r.kind.as_str() {
            "figures" => 0,
            "verdict" => 1,
            _ => continue,
        };
        if let Some((service, p)) = point(r) {
            all.entry((service, r.target_at())).or_default()[sparse].push(p);
        }
    }
    let mut out = Vec::new();
    for ((service, target), [dense, few]) in all {
        let sparse = dense.len() < 2;
        let points = one_voice(if sparse { few } else { dense });
        let blind = blind(records, target.as_deref());
        out.push(Series { service, target, points, sparse, blind });
    }
    out
}

/// Two consoles tell of the same rollout, each with counts of its own. One is followed; the others only before and after.
fn one_voice(mut points: Vec<Point<'_>>) -> Vec<Point<'_>> {
    points.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.on.order(b.on)));
    let mut said: BTreeMap<&str, usize> = BTreeMap::new();
    for p in &points {
        *said.entry(&p.on.session).or_default() += 1;
    }
    let Some(most) = said.values().max().copied() else { return points };
    let voice = said.iter().find(|(_, n)| **n == most).map(|(s, _)| (*s).to_owned()).unwrap_or_default();
    let own = || points.iter().filter(|p| p.on.session == voice).map(|p| p.at);
    let (Some(first), Some(last)) = (own().min(), own().max()) else { return points };
    points.retain(|p| p.on.session == voice || p.at < first || p.at > last);
    points.dedup_by(|b, a| a.at == b.at);
    points
}

/// When the verdict said that nothing can be known.
fn blind<'a>(records: &[&'a Record], target: Option<&str>) -> Vec<(Utc, Option<Utc>, &'a Record)> {
    let mut out: Vec<(Utc, Option<Utc>, &'a Record)> = Vec::new();
    let mine = |r: &&&Record| r.kind == "verdict" && target.is_some() && r.target_at().as_deref() == target;
    for &r in records.iter().filter(mine) {
        let t = when::of(r);
        if let Some((_, to @ None, _)) = out.last_mut() {
            *to = Some(t);
        }
        if r.data["word"] == "NO DATA" {
            out.push((t, None, r));
        }
    }
    out
}

impl<'a> Series<'a> {
    /// The usual distance of two points, milliseconds.
    fn usual(&self) -> i64 {
        let mut all: Vec<i64> = self.points.windows(2).map(|w| w[1].at.since(w[0].at)).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or(0)
    }

    /// Between each two points that follow each other.
    pub fn steps(&self) -> Vec<Step<'a>> {
        let longest = if self.sparse { i64::MAX } else { (self.usual() * TIMES).max(GAP_MS) };
        self.points
            .windows(2)
            .map(|w| {
                let (a, b) = (&w[0], &w[1]);
                let blind =
                    |(from, to, _): &(Utc, Option<Utc>, _)| *from < b.at && to.is_none_or(|to| to > a.at && to > *from);
                let gap = if b.at.since(a.at) > longest {
                    Some("no figures were recorded")
                } else if self.blind.iter().any(blind) {
                    Some("NO DATA: telemetry did not answer")
                } else {
                    None
                };
                let between = |a: Option<Count>, b: Option<Count>| -> Option<Count> {
                    let ((f0, n0), (f1, n1)) = (a?, b?);
                    // Counts that fall are another rollout's, or were corrected: the time between tells nothing.
                    (gap.is_none() && n1 > n0 && f1 >= f0).then_some((f1 - f0, n1 - n0))
                };
                Step {
                    from: a.at,
                    to: b.at,
                    candidate: between(a.candidate, b.candidate),
                    stable: between(a.stable, b.stable),
                    burn: if gap.is_some() { [None, None] } else { b.burn },
                    on: [a.on, b.on],
                    gap,
                }
            })
            .collect()
    }

    /// The same with at most `most` rows: neighbours are put together, gaps stay.
    pub fn rows(&self, most: usize) -> Vec<Step<'a>> {
        let steps = self.steps();
        let each = steps.len().div_ceil(most.max(1)).max(1);
        let mut out: Vec<(Step<'a>, usize)> = Vec::new();
        for s in steps {
            match out.last_mut() {
                Some((last, n)) if last.gap.is_some() && last.gap == s.gap => {
                    (last.to, last.on[1]) = (s.to, s.on[1]);
                    *n += 1;
                }
                Some((last, n)) if last.gap.is_none() && s.gap.is_none() && *n < each => {
                    let sum = |a: Option<Count>, b: Option<Count>| match (a, b) {
                        (Some((f, t)), Some((g, u))) => Some((f + g, t + u)),
                        (a, b) => a.or(b),
                    };
                    last.candidate = sum(last.candidate, s.candidate);
                    last.stable = sum(last.stable, s.stable);
                    last.burn = s.burn;
                    (last.to, last.on[1]) = (s.to, s.on[1]);
                    *n += 1;
                }
                _ => out.push((s, 1)),
            }
        }
        out.into_iter().map(|(s, _)| s).collect()
    }

    /// What was counted by the last record of each rollout, with that record. Several where the counts began anew.
    pub fn totals(&self, which: impl Fn(&Point<'a>) -> Option<Count>) -> Vec<(Count, &'a Record)> {
        let mut out: Vec<(Count, &'a Record)> = Vec::new();
        for p in &self.points {
            let Some(c) = which(p) else { continue };
            match out.last_mut() {
                // A correction takes a little away; a new rollout begins near nothing.
                Some((last, on)) if c.1 * 2.0 >= last.1 => (*last, *on) = (c, p.on),
                Some(_) | None => out.push((c, p.on)),
            }
        }
        out.retain(|(c, _)| c.1 > 0.0);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn r(session: &str, seq: u64, s: i64, candidate: Value) -> Record {
        let t = Utc(1_795_219_200_000 + s * 1000).rfc3339();
        let data = json!({"service": "checkout", "at_block": t, "candidate": candidate, "stable": [1, 1000 + s], "burn": [1.5, 22]});
        Record { session: session.into(), seq, utc: t, kind: "figures".into(), data, ..Record::default() }
    }

    fn one(log: &[Record]) -> Series<'_> {
        series(&log.iter().collect::<Vec<_>>()).pop().expect("a series")
    }

    #[test]
    fn a_rate_is_that_of_the_time_between_two_records() {
        let log = [r("a", 1, 0, json!([0, 100])), r("a", 2, 15, json!([20, 200])), r("a", 3, 30, json!([20, 200]))];
        let steps = one(&log).steps();
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].candidate, Some((20.0, 100.0)));
        // Nobody asked for anything: no rate, and not zero.
        assert_eq!((steps[1].candidate, steps[1].gap), (None, None));
    }

    #[test]
    fn missing_records_are_a_gap_and_never_a_line() {
        let mut log: Vec<Record> = (0..6).map(|i| r("a", i as u64, i * 15, json!([i, 100 * (i + 1)]))).collect();
        log.push(r("a", 9, 400, json!([90, 4000])));
        let steps = one(&log).steps();
        let last = steps.last().expect("steps");
        assert!(last.gap.is_some() && last.candidate.is_none() && last.burn == [None, None], "{last:?}");
        assert!(steps[..5].iter().all(|s| s.gap.is_none()));
        let rows = one(&log).rows(2);
        assert_eq!(rows.len(), 3, "the gap is a row of its own");
        assert_eq!(rows[0].candidate, Some((3.0, 300.0)));
    }

    #[test]
    fn while_the_verdict_was_blind_nothing_is_drawn() {
        let target = json!({"source": "eu-1", "name": "checkout"});
        let mut log: Vec<Record> = (0..5).map(|i| r("a", i as u64, i * 15, json!([i, 100 * (i + 1)]))).collect();
        let mut v = r("a", 7, 20, Value::Null);
        v.kind = "verdict".into();
        v.data = json!({"word": "NO DATA"});
        log.push(v);
        for r in &mut log {
            r.target = Some(target.clone());
        }
        let gaps: Vec<bool> = one(&log).steps().iter().map(|s| s.gap.is_some()).collect();
        assert_eq!(gaps, [false, true, true, true]);
    }

    #[test]
    fn two_consoles_do_not_make_the_counts_jump() {
        let mut log: Vec<Record> = (0..5).map(|i| r("a", i as u64, i * 15, json!([i, 100 * (i + 1)]))).collect();
        log.push(r("b", 1, 20, json!([0, 5])));
        log.push(r("b", 2, 75, json!([6, 700])));
        let s = one(&log);
        assert_eq!(s.points.len(), 6);
        assert_eq!(s.totals(|p| p.candidate).len(), 1);
        assert_eq!(s.totals(|p| p.candidate)[0].0, (6.0, 700.0));
    }

    #[test]
    fn counts_that_begin_anew_are_another_rollout() {
        let log = [
            r("a", 1, 0, json!([0, 100])),
            r("a", 2, 15, json!([50, 1000])),
            r("a", 3, 30, json!([49, 990])),
            r("a", 4, 45, json!([0, 20])),
            r("a", 5, 60, json!([1, 80])),
        ];
        let s = one(&log);
        let totals: Vec<Count> = s.totals(|p| p.candidate).into_iter().map(|(c, _)| c).collect();
        assert_eq!(totals, [(49.0, 990.0), (1.0, 80.0)]);
        assert!(s.steps()[1..3].iter().all(|s| s.candidate.is_none()));
    }

    #[test]
    fn what_is_no_count_is_left_out() {
        for bad in [json!("x"), json!([5, 1]), json!([-1, 4]), json!([1]), Value::Null] {
            assert_eq!(count(&bad), None, "{bad}");
        }
    }
}
