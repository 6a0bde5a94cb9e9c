//! What a run is worth, line by line. Read off the run's records and the truth of its world: each line names the record it
//! rests on. Knows no screen and no file.
//!
//! Good deeds count by when they were done: full points within the scenario's time, falling to none at three times of it.
//! Not doing harm counts only where a right act was done as well: who leaves a drill alone earns nothing by it.

use super::deeds::{Deed, deeds, settled};
use crate::backends::sim::Scenario;
use crate::backends::sim::scenario::{Best, Good, Never};
use crate::core::act::plan::Direction;
use crate::core::age;
use crate::core::case::casebook::Casebook;
use crate::core::case::checklist;
use crate::core::case::known::when;
use crate::core::record::Record;
use crate::core::time::Utc;
use serde::Serialize;
use std::sync::Arc;

/// Minutes from the first bad signal to a settled way back that are full points (product.md section 7).
const BACK_MS: i64 = 5 * 60_000;
/// Figures older than this are old whatever their source (limits.md section 3).
const OLD_MS: i64 = 60_000;
/// A run with a deed that must not be done is worth at most this share.
const AFTER_HARM: f64 = 0.5;
/// A top score, of all points.
const TOP: f64 = 0.9;

/// What happened, whatever anybody saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// Percent of their budgets that all services burnt in the run beyond the usual, summed.
    pub burnt: Option<f64>,
    /// Requests that failed or were answered wrongly beyond the usual, until the scenario's time was over.
    pub hurt: Option<f64>,
    /// Whether the effect of each act that the scenario asks for is there at the end, in its order.
    pub holds: Option<Vec<bool>>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// `detection`, `decision`, ...
    pub what: &'static str,
    pub points: f64,
    pub of: f64,
    pub says: String,
    /// The record it rests on, by its number in the session.
    pub record: Option<u64>,
}

impl Line {
    /// About what the scenario is about: the acts that it asks for, and what was seen. A top score has all of it.
    fn is_heart(&self) -> bool {
        matches!(self.what, "decision" | "outcome" | "evidence")
    }

    /// Not all of its points. They are told to a tenth, and a third of 25 is none.
    pub fn is_less(&self) -> bool {
        self.points < self.of - 0.1
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored {
    pub scenario: String,
    pub lines: Vec<Line>,
    /// 0..=100, rounded down.
    pub points: u32,
    /// Nothing more to ask for: each act in time and with its effect, what was seen, no harm, and
    /// nine tenths of the points.
    pub top: bool,
    /// What must not be done, and was.
    pub harm: Vec<String>,
}

struct Marks<'a> {
    scenario: &'a Scenario,
    records: &'a [Record],
    deeds: Vec<Deed>,
    lines: Vec<Line>,
}

/// `name`: of the scenario. `records`: the run's own session in its order.
pub fn score(name: &str, scenario: &Scenario, records: &[Record], truth: &Truth) -> Scored {
    let mut m = Marks { scenario, records, deeds: deeds(records), lines: Vec::new() };
    let right = m.acts(truth);
    m.early(right.first().map(|(_, d)| d.at));
    let harm = m.harm(!right.is_empty());
    m.old_data(!right.is_empty());
    m.budget(truth, !right.is_empty());
    m.evidence();
    m.people();
    m.checklist();
    let of: f64 = m.lines.iter().map(|l| l.of).sum();
    let got: f64 = m.lines.iter().map(|l| l.points).sum();
    let share = if of > 0.0 { got / of } else { 0.0 };
    let share = if harm.is_empty() { share } else { share.min(AFTER_HARM) };
    let points = (share * 100.0) as u32;
    let all_right = right.len() == scenario.good.len() && m.lines.iter().all(|l| !l.is_heart() || !l.is_less());
    Scored { scenario: name.into(), lines: m.lines, points, top: all_right && harm.is_empty() && share >= TOP, harm }
}

/// ` on checkout`; nothing where it is about nothing.
fn on(what: Option<&Arc<str>>) -> String {
    what.map(|o| format!(" on {o}")).unwrap_or_default()
}

/// Full within, none from three times of it on, falling in between.
fn timely(took: i64, within: i64) -> f64 {
    if took <= within {
        return 1.0;
    }
    let over = (took - within) as f64 / (2 * within.max(1)) as f64;
    (1.0 - over).max(0.0)
}

impl Marks<'_> {
    fn start(&self) -> Utc {
        self.scenario.start
    }

    fn since(&self, at: Utc) -> i64 {
        at.since(self.start()).max(0)
    }

    fn line(&mut self, what: &'static str, share: f64, of: f64, says: String, record: Option<u64>) {
        self.lines.push(Line { what, points: (share * of * 10.0).round() / 10.0, of, says, record });
    }

    /// The first deed that does what `good` asks for.
    fn right(&self, good: &Good) -> Option<Deed> {
        let acts = || good.or.iter().chain([&good.act]);
        let from = self.start().0 + good.from * 1000;
        self.deeds.iter().find(|d| d.is(acts(), &good.on) && d.at.0 >= from).cloned()
    }

    /// Decision and way back: each act that the scenario asks for.
    fn acts(&mut self, truth: &Truth) -> Vec<(Good, Deed)> {
        let mut done = Vec::new();
        let all = self.scenario.good.clone();
        let (decide, back) = (25.0 / all.len().max(1) as f64, 20.0 / all.len().max(1) as f64);
        for (n, good) in all.into_iter().enumerate() {
            let on = if good.on.is_empty() { String::new() } else { format!(" on {}", good.on) };
            let Some(deed) = self.right(&good) else {
                self.line("decision", 0.0, decide, format!("{}{on} was not done", good.act), None);
                self.line("outcome", 0.0, back, format!("{}{on}: nothing came of it", good.act), None);
                continue;
            };
            let took = self.since(deed.at);
            let within = good.within * 1000;
            let says = format!("{}{on} after {}, asked for within {}", deed.act, age::span(took), age::span(within));
            self.line("decision", timely(took, within), decide, says, Some(deed.seq));
            let holds = truth.holds.as_ref().and_then(|h| h.get(n).copied());
            self.outcome(&good, &deed, holds, back);
            done.push((good, deed));
        }
        done.sort_by_key(|(_, d)| d.at);
        done
    }

    /// From the first bad signal to settled, for acts on targets; other acts are there with their record.
    fn outcome(&mut self, good: &Good, deed: &Deed, holds: Option<bool>, of: f64) {
        if holds == Some(false) {
            let says = format!("{} did not have its effect, or it did not last", deed.act);
            self.line("outcome", 0.0, of, says, Some(deed.seq));
            return;
        }
        if deed.direction.is_none() && deed.ticket.is_none() {
            self.line("outcome", 1.0, of, format!("{} is on record", deed.act), Some(deed.seq));
            return;
        }
        let Some((at, seq)) = settled(self.records, deed) else {
            self.line("outcome", 0.0, of, format!("{} did not settle", deed.act), Some(deed.seq));
            return;
        };
        let signal = self.start().0 + self.scenario.score.signal.unwrap_or(0) * 1000;
        let took = (at.0 - signal).max(0);
        let within = good.settled.map_or(BACK_MS, |s| self.start().0 + s * 1000 - signal);
        let says = format!(
            "{} settled {} after the first bad signal, target {}",
            deed.act,
            age::span(took),
            age::span(within.max(0))
        );
        self.line("outcome", timely(took, within), of, says, Some(seq));
    }

    /// Detection: the first deed about what is wrong; at the latest the right act itself.
    fn early(&mut self, acted: Option<Utc>) {
        let Some(detect) = self.scenario.score.detect else { return };
        let about = |d: &&Deed| {
            let signal = self.start().0 + self.scenario.score.signal.unwrap_or(0) * 1000;
            let acts = ["open-incident", "take-lead", "note", "decide", "acknowledge", "runbook"];
            d.at.0 >= signal && (acts.contains(&&*d.act) || acted == Some(d.at))
        };
        let first = self.deeds.iter().find(about).map(|d| (d.at, d.seq, d.act.clone()));
        match first {
            Some((at, seq, act)) => {
                let took = self.since(at);
                let says = format!(
                    "first deed: {act} after {}, asked for within {}",
                    age::span(took),
                    age::span(detect * 1000)
                );
                self.line("detection", timely(took, detect * 1000), 10.0, says, Some(seq));
            }
            None => self.line("detection", 0.0, 10.0, "nothing was done about it".into(), None),
        }
    }

    /// Wrong targets, and deeds the scenario forbids.
    fn harm(&mut self, right: bool) -> Vec<String> {
        let never: Vec<(String, u64)> = self
            .deeds
            .iter()
            .filter_map(|d| {
                let still = |n: &&Never| n.before.is_none_or(|b| self.since(d.at) < b * 1000);
                let is = |n: &&Never| d.is([&n.act].into_iter(), n.on.as_deref().unwrap_or(""));
                let n = self.scenario.score.never.iter().find(|n| is(n) && still(n))?;
                let on = on(n.on.as_ref().or(d.on.first()));
                Some((format!("{}{on}: {}", d.act, n.why), d.seq))
            })
            .collect();
        let asked = |d: &Deed| self.scenario.good.iter().any(|g| d.is(g.or.iter().chain([&g.act]), &g.on));
        let stray = self.deeds.iter().find(|d| d.direction.is_some() && !asked(d) && !self.on_the_way(d));
        // Holding what nobody asked about is caution; anything else done to it is not.
        let unasked = |d: &Deed| format!("{}{} was not asked for", d.act, on(d.on.first()));
        let touched = stray.filter(|d| &*d.act != "hold").map(unasked);
        let (share, says, seq) = match (never.first(), stray, right) {
            (Some((why, seq)), _, _) => (0.0, why.clone(), Some(*seq)),
            (None, Some(d), _) => (0.0, unasked(d), Some(d.seq)),
            (None, None, true) => (1.0, "no act on a wrong target".into(), None),
            (None, None, false) => (0.0, "no wrong target, and no right one".into(), None),
        };
        self.line("wrong target", share, 15.0, says, seq);
        // What must not be done is said once, with its reason.
        let forbidden: Vec<String> = never.into_iter().map(|(why, _)| why).collect();
        if forbidden.is_empty() { touched.into_iter().collect() } else { forbidden }
    }

    /// Holding what is later acted upon rightly is no harm.
    fn on_the_way(&self, d: &Deed) -> bool {
        &*d.act == "hold" && self.scenario.good.iter().any(|g| d.on.contains(&g.on))
    }

    fn old_data(&mut self, right: bool) {
        let blind = |d: &&Deed| {
            d.direction == Some(Direction::Forward)
                && (d.figures_age_ms.is_some_and(|a| a > OLD_MS)
                    || matches!(d.verdict.as_deref(), Some("NO DATA" | "NO TRAFFIC" | "WORSE")))
        };
        let found = self.deeds.iter().find(blind).map(|d| {
            let verdict = d.verdict.as_deref().unwrap_or("no verdict").to_owned();
            (format!("{} while the verdict said {verdict}", d.act), d.seq)
        });
        match found {
            Some((says, seq)) => self.line("old data", 0.0, 5.0, says, Some(seq)),
            None if right => self.line("old data", 1.0, 5.0, "nothing went forward on old or bad figures".into(), None),
            None => self.line("old data", 0.0, 5.0, "nothing went anywhere".into(), None),
        }
    }

    /// Against the best that playing many has found. That one acts at the first sign, as no person can: its acts a little
    /// later (the scenario's own time to see it, and half a minute for the dialog) are full points, so that whoever is
    /// careful and in time loses none; doing nothing has none; between them it falls evenly. What half a minute costs
    /// then depends on how fast the drill hurts, not on a share of a best that may be next to nothing.
    fn budget(&mut self, truth: &Truth, right: bool) {
        let (Some(best), Some(hurt)) = (self.scenario.score.best, truth.hurt) else { return };
        let (later, alone) = (best.later as f64, best.alone as f64);
        // Counts in the file are rounded.
        let share = if hurt <= later + 1.0 { 1.0 } else { ((alone - hurt) / (alone - later)).clamp(0.0, 1.0) };
        let percent = truth.burnt.map(|b| format!(", {b:.2}% of budgets burnt")).unwrap_or_default();
        let Best { hurt: least, later, alone } = best;
        let says = format!(
            "{hurt:.0} requests hurt{percent}; the best known play {least}, full points to {later}, doing nothing {alone}"
        );
        self.line("budget", if right { share } else { 0.0 }, 10.0, says, None);
    }

    fn evidence(&mut self) {
        let words = &self.scenario.score.evidence;
        if words.is_empty() {
            return;
        }
        let has = |d: &&Deed| {
            let text = d.text.to_lowercase();
            words.iter().any(|w| text.contains(&w.to_lowercase()))
        };
        match self.deeds.iter().find(has).map(|d| (d.seq, d.act.clone())) {
            Some((seq, act)) => self.line("evidence", 1.0, 5.0, format!("the {act} says what was seen"), Some(seq)),
            None => {
                let any: Vec<&str> = words.iter().map(|w| &**w).collect();
                self.line("evidence", 0.0, 5.0, format!("no note or decision names {}", any.join(" or ")), None);
            }
        }
    }

    /// Incident, lead, stakeholders: who took part, in time.
    fn people(&mut self) {
        let s = &self.scenario.score;
        for (what, act, within) in [
            ("incident", "open-incident", s.incident),
            ("lead", "take-lead", s.lead),
            ("stakeholders told", "tell", s.told),
        ] {
            let Some(within) = within else { continue };
            let with_lead =
                |r: &&Record| act == "take-lead" && r.kind == "incident-opened" && r.data["lead"].is_string();
            let of_record = self.records.iter().find(with_lead).map(|r| (when(r), r.seq));
            let deed = self.deeds.iter().find(|d| &*d.act == act).map(|d| (d.at, d.seq)).or(of_record);
            match deed {
                Some((at, seq)) => {
                    let took = self.since(at);
                    let says = format!("after {}, asked for within {}", age::span(took), age::span(within * 1000));
                    self.line(what, timely(took, within * 1000), 5.0, says, Some(seq));
                }
                None => self.line(what, 0.0, 5.0, "not done".into(), None),
            }
        }
    }

    fn checklist(&mut self) {
        if self.scenario.score.incident.is_none() {
            return;
        }
        let mut book = Casebook::default();
        self.records.iter().for_each(|r| book.take(r));
        let Some(i) = book.incidents.values().find(|i| i.opened.is_some()) else {
            self.line("checklist", 0.0, 5.0, "no incident, no checklist".into(), None);
            return;
        };
        let all = checklist::checklist(&book, i);
        let done = all.iter().filter(|l| l.tick.is_some()).count();
        let holes: Vec<&str> = all.iter().filter(|l| l.tick.is_none()).map(|l| l.item.text()).collect();
        let says = if holes.is_empty() { "complete".into() } else { format!("open: {}", holes.join(", ")) };
        self.line("checklist", done as f64 / all.len().max(1) as f64, 5.0, says, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::sim::scenario::Score;
    use crate::core::record::Hlc;
    use serde_json::{Value, json};

    fn scenario() -> Scenario {
        let mut s = Scenario::embedded("f1").expect("f1");
        s.score = Score {
            signal: Some(75),
            detect: Some(150),
            incident: Some(240),
            told: Some(300),
            evidence: vec!["v2.14.1".into()],
            never: vec![Never { act: "promote".into(), on: None, before: None, why: "it spreads the fault".into() }],
            best: Some(Best { hurt: 60, later: 300, alone: 1300 }),
            ..Score::default()
        };
        s
    }

    /// Records at these seconds after the start.
    fn records(all: &[(i64, &str, &str, Value)]) -> Vec<Record> {
        let start = scenario().start;
        let one = |(seq, (at, kind, target, data)): (u64, &(i64, &str, &str, Value))| {
            let utc = Utc(start.0 + at * 1000);
            Record {
                session: "s".into(),
                seq,
                hlc: Hlc(utc.0, 0),
                utc: utc.rfc3339(),
                kind: (*kind).into(),
                target: (!target.is_empty()).then(|| json!({"name": target})),
                data: data.clone(),
                ..Record::default()
            }
        };
        (1..).zip(all).map(one).collect()
    }

    fn of(all: &[(i64, &str, &str, Value)], hurt: f64) -> Scored {
        score("f1", &scenario(), &records(all), &Truth { burnt: Some(0.1), hurt: Some(hurt), holds: None })
    }

    fn line<'a>(s: &'a Scored, what: &str) -> &'a Line {
        s.lines.iter().find(|l| l.what == what).expect(what)
    }

    fn back(at: i64, settled: i64) -> [(i64, &'static str, &'static str, Value); 2] {
        let intent = json!({"verb": "roll back", "service": "checkout", "ticket": 1,
            "seen": {"verdict": {"word": "WORSE"}, "figures_age_ms": 9000}});
        [(at, "intent", "checkout", intent), (settled, "settled", "checkout", json!({"ticket": 1}))]
    }

    #[test]
    fn a_play_in_time_gets_all_of_it_and_each_line_names_its_record() {
        let [intent, settled] = back(110, 200);
        let all = [
            intent,
            (130, "incident-opened", "", json!({"id": "i-1", "title": "checkout", "lead": "mira"})),
            (150, "note", "", json!({"text": "only V2.14.1 fails"})),
            settled,
            (260, "told", "", json!({"text": "rolled back"})),
        ];
        let s = of(&all, 290.0);
        assert_eq!((s.harm.len(), line(&s, "decision").points), (0, 25.0));
        assert_eq!((line(&s, "decision").record, line(&s, "outcome").record), (Some(1), Some(4)));
        assert_eq!(line(&s, "evidence").points, 5.0);
        assert_eq!(line(&s, "budget").points, 10.0);
        // Of the checklist three lines are open.
        assert!(line(&s, "checklist").points < 5.0 && s.points > 90, "{s:#?}");
    }

    #[test]
    fn late_is_less_and_very_late_is_nothing() {
        let points = |at, settled| {
            let [a, b] = back(at, settled);
            let s = of(&[a, b], 500.0);
            (line(&s, "decision").points, line(&s, "outcome").points)
        };
        assert_eq!(points(300, 375), (25.0, 20.0));
        let top = |at, settled| {
            let [a, b] = back(at, settled);
            let opened = (130, "incident-opened", "", json!({"id": "i-1", "title": "v2.14.1", "lead": "mira"}));
            of(&[opened, a, b, (260, "told", "", json!({"text": "rolled back"}))], 0.1).top
        };
        // Late by little costs little, and is no top score: something was missing, or somebody did what nobody asked for.
        assert!(top(290, 365) && !top(336, 400));
        assert_eq!(points(600, 675), (12.5, 10.0));
        assert_eq!(points(900, 975), (0.0, 0.0));
        let budget = |hurt| {
            let [a, b] = back(110, 200);
            line(&of(&[a, b], hurt), "budget").points
        };
        // Five times what a machine hurts is no sin in a person; what doing nothing hurts is worth nothing.
        assert_eq!((budget(300.0), budget(800.0), budget(1300.0), budget(2000.0)), (10.0, 5.0, 0.0, 0.0));
    }

    #[test]
    fn who_does_nothing_earns_nothing_and_harm_halves() {
        assert_eq!(of(&[], 0.0).points, 0);
        let [a, b] = back(110, 200);
        let promoted = json!({"verb": "promote", "service": "search", "ticket": 2,
            "seen": {"verdict": {"word": "NO DATA"}, "figures_age_ms": null}});
        let s = of(&[a, b, (220, "intent", "search", promoted)], 0.1);
        assert!(s.points <= 50 && !s.top, "{s:#?}");
        assert_eq!(s.harm, ["promote on search: it spreads the fault"]);
        assert_eq!((line(&s, "wrong target").points, line(&s, "old data").points), (0.0, 0.0));
        // Another rollout than the one asked for.
        let [a, b] = back(110, 200);
        let stray = json!({"verb": "roll back", "service": "auth", "ticket": 3});
        let s = of(&[a, b, (230, "intent", "auth", stray)], 0.1);
        assert_eq!(line(&s, "wrong target").points, 0.0);
        assert!(s.points <= 50 && s.harm == ["roll-back on auth was not asked for"], "{s:#?}");
        // A hold is caution: it costs the line, no more.
        let [a, b] = back(110, 200);
        let held = json!({"verb": "hold", "service": "auth", "ticket": 3});
        let s = of(&[a, b, (230, "intent", "auth", held)], 0.1);
        assert!(line(&s, "wrong target").points == 0.0 && s.harm.is_empty());
    }

    #[test]
    fn a_hold_before_the_roll_back_is_no_wrong_target() {
        let [a, b] = back(140, 200);
        let held = json!({"verb": "hold", "service": "checkout", "ticket": 9});
        let s = of(&[(100, "intent", "checkout", held), a, b], 0.1);
        assert_eq!(line(&s, "wrong target").points, 15.0);
    }
}
