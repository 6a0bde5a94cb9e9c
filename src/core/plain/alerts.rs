//! Alerts and the timeline as lines to be listened to: what fires, folded; what changed beside how it felt; what was known
//! at a moment. Nothing here is a place one is in: a line about the past leaves every act about now.

use super::words;
use crate::core::age;
use crate::core::alerts::{self, Fold, One};
use crate::core::aside;
use crate::core::model::Model;
use crate::core::timeline::{self, Line};
use crate::core::world::alert::Origin;
use std::sync::Arc;

/// Folds and lines said at once; the rest is counted.
const MOST: usize = 30;
/// Alerts of one fold said one by one.
const EACH: usize = 12;

fn one_s(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Everything that fires, numbered, and the key of each number.
pub fn list(model: &Model) -> (Vec<String>, Vec<Arc<str>>) {
    let list = &model.alerts;
    if !model.world.sources.values().any(|s| s.abilities.roles.alerts) {
        return (vec!["No source of alerts is configured: nothing that fires can be seen here.".into()], Vec::new());
    }
    let shown: Vec<&Fold> = list.folds.iter().filter(|f| !f.shown.is_empty()).collect();
    let firing = match list.firing() {
        0 => "nothing fires".to_owned(),
        n => format!("{n} firing in {}", one_s(shown.iter().filter(|f| f.is_firing()).count(), "fold")),
    };
    let pages = match list.open_pages() {
        0 => String::new(),
        n => format!(", {} NOT ACKNOWLEDGED", one_s(n, "page").to_uppercase()),
    };
    let held = match list.held() {
        0 => String::new(),
        n => format!(", {n} held back until they last {} seconds", alerts::FLAP_MS / 1_000),
    };
    let mut out = vec![format!("alerts at {}: {firing}{pages}{held}.", words::clock(model.utc()))];
    let mut keys = Vec::new();
    for (n, f) in shown.iter().take(MOST).enumerate() {
        out.push(format!("{} {}{}.", n + 1, f.words(), state(model, f)));
        keys.push(f.key());
    }
    if shown.len() > MOST {
        out.push(format!("and {} more folds, less urgent.", shown.len() - MOST));
    }
    out.extend(silences(model));
    (out, keys)
}

/// `, since 03:02:45Z, 3m ago, ito has it`
fn state(model: &Model, f: &Fold) -> String {
    let n = f.firing().count();
    if n == 0 {
        return String::new();
    }
    let mut out = format!(", since {}, {} ago", words::clock(f.since()), age::rough(model.utc().since(f.since())));
    match f.acked() {
        (0, _) => {}
        (k, who) => out.push_str(&format!(", {} acknowledged {k} of {n}", who.unwrap_or("somebody"))),
    }
    match f.silenced() {
        0 => {}
        k => out.push_str(&format!(", {k} silenced")),
    }
    out
}

fn silences(model: &Model) -> Vec<String> {
    let one = |(source, s): (&crate::core::id::SourceId, &crate::core::world::alert::Silence)| {
        let hides = alerts::hides(&model.world, source, &s.id);
        let what = alerts::matchers_said(&s.matchers);
        format!("silence {} by {} until {}, hides {hides}: {what}, {}.", s.id, s.by, words::clock(s.until), s.why)
    };
    alerts::silences(&model.world, model.utc()).into_iter().take(MOST).map(one).collect()
}

/// The chosen fold in full, and what can be done about it.
pub fn chosen(model: &Model) -> Vec<String> {
    let Some(f) = aside::chosen(model) else { return vec!["It is told no more.".into()] };
    let mut out = vec![format!("chosen: {}{}.", f.words(), state(model, f))];
    let all: Vec<&One> = f.all().collect();
    out.extend(all.iter().take(EACH).map(|o| each(o)));
    if all.len() > EACH {
        out.push(format!("and {} more of this fold.", all.len() - EACH));
    }
    if let Some(link) = all.first().and_then(|o| o.alert.labels.iter().find(|(n, _)| n.starts_with("runbook"))) {
        out.push(format!("runbook: {}", link.1));
    }
    out.push("you can: act acknowledge, act silence; act wake calls somebody, note keeps what you see.".into());
    out
}

fn each(o: &One) -> String {
    let a = &o.alert;
    let what = if a.origin == Origin::Report { "REPORT, " } else { "" };
    let when = match (a.firing, a.ended) {
        (true, _) => format!("since {}", words::clock(a.since)),
        (false, Some(e)) => format!("from {} to {}", words::clock(a.since), words::clock(e)),
        (false, None) => format!("from {}, ended", words::clock(a.since)),
    };
    let by =
        a.acked.as_ref().map(|(who, at)| format!(", {who} has it since {}", words::clock(*at))).unwrap_or_default();
    let says = if a.says.is_empty() { String::new() } else { format!(": {}", a.says) };
    format!("{what}{}, {}, {when}, told by {}{by}{says}", a.tier.word(), a.name, o.source)
}

/// Suspects of the chosen service, then what changed and what was felt, numbered, and the key of each number.
pub fn timeline(model: &Model) -> (Vec<String>, Vec<Arc<str>>) {
    let mut out = vec![format!("timeline at {}, newest first.", words::clock(model.utc()))];
    if let Some(service) = &model.nav.selected {
        for s in timeline::suspects(model, service).iter().take(3) {
            out.push(format!("suspected for {service}: {}: {}.", s.title, s.why));
        }
    }
    let all = timeline::lines(model);
    let mut keys = Vec::new();
    for (n, l) in all.iter().take(MOST).enumerate() {
        out.push(format!("{} {}", n + 1, said(l)));
        keys.push(l.key.clone());
    }
    match all.len() {
        0 => out.push("Nothing has changed and nothing was felt yet.".into()),
        n if n > MOST => out.push(format!("and {} older lines; the log has all of them.", n - MOST)),
        _ => {}
    }
    (out, keys)
}

fn said(l: &Line) -> String {
    let service = l.service.as_ref().filter(|s| !l.text.contains(s.as_str())).map(|s| format!(", {s}"));
    let once = if l.at_once { ", 100% at once" } else { "" };
    format!("{} {}{}{once}{}.", words::clock(l.at), l.text, service.unwrap_or_default(), fails(l.fails))
}

/// `, candidate failed 1.2%, stable 0.02%`
fn fails(f: Option<(Option<f64>, Option<f64>)>) -> String {
    let share = |v: f64| crate::core::judge::words::percent(v);
    match f {
        None | Some((None, None)) => String::new(),
        Some((Some(c), Some(s))) => format!(", candidate failed {}, stable {}", share(c), share(s)),
        Some((Some(c), None)) => format!(", candidate failed {}", share(c)),
        Some((None, Some(s))) => format!(", failed {}", share(s)),
    }
}

/// What was known at that line's moment of its service, else of the chosen one.
pub fn then(model: &Model, key: &str) -> Vec<String> {
    let Some(l) = timeline::lines(model).into_iter().find(|l| *l.key == *key) else {
        return vec!["That line is listed no more.".into()];
    };
    let at = words::clock(l.at);
    let Some(service) = l.service.clone().or_else(|| model.nav.selected.clone()) else {
        return vec![format!("as of {at}: {}.", l.text)];
    };
    let t = timeline::then(model, &service, l.at);
    let none = || "none recorded before it".to_owned();
    vec![
        format!("as of {at}: {}.", l.text),
        format!("{service} then: verdict {}{}.", t.verdict.unwrap_or_else(none), fails(t.fails)),
        format!("{} of it fired then, of those that are still told.", one_s(t.alerts, "alert")),
        format!("last change before it: {}.", t.changed.unwrap_or_else(none)),
        format!("last act before it: {}.", t.act.unwrap_or_else(none)),
        "That was then. Everything you type is about now.".into(),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testkit::drill::Run;

    /// Lines said since.
    fn answer(run: &mut Run, line: &str) -> Vec<String> {
        let before = run.said().len();
        run.line(line);
        run.wait(1_500);
        run.said().iter().skip(before).map(|l| (*l).to_owned()).collect()
    }

    #[test]
    fn alerts_are_numbered_chosen_and_acknowledged_by_words() {
        let mut run = Run::plain("b2", 1);
        run.wait(240_000);
        let all = answer(&mut run, "alerts");
        assert!(all.iter().any(|l| l.starts_with("alerts at ") && l.contains(" firing in ")), "{all:?}");
        let report = all.iter().find(|l| l.contains("A researcher writes")).expect("it is listed");
        let number = report.split(' ').next().unwrap_or_default().to_owned();
        let one = answer(&mut run, &format!("alerts {number}"));
        assert!(one.iter().any(|l| l.starts_with("chosen: report on profile")), "{one:?}");
        assert!(one.iter().any(|l| l.contains("REPORT") && l.contains("are on the page of everyone")), "{one:?}");
        let asked = answer(&mut run, "act acknowledge");
        assert!(asked.iter().any(|l| l.starts_with("ACKNOWLEDGE")), "{asked:?}");
        assert!(!asked.iter().any(|l| l.contains("..") && !l.contains("...")), "one full stop: {asked:?}");
        let confirm = asked.iter().find_map(|l| l.strip_prefix("type: ")).expect("what to type").to_owned();
        answer(&mut run, &confirm);
        let all = answer(&mut run, "alerts");
        assert!(all.iter().any(|l| l.contains("A researcher writes") && l.contains("acknowledged 1 of 1")), "{all:?}");
        assert!(answer(&mut run, "alerts 99").iter().any(|l| l.contains("no fold 99")));
    }

    #[test]
    fn a_moment_of_the_timeline_is_told_and_is_no_place() {
        let mut run = Run::plain("b2", 1);
        run.wait(240_000);
        let all = answer(&mut run, "timeline");
        assert!(all.iter().any(|l| l.starts_with("suspected for profile: FLAG")), "{all:?}");
        let flag = all.iter().find(|l| l.contains("FLAG") && l.contains("100% at once") && !l.starts_with("suspected"));
        let number = flag.and_then(|l| l.split(' ').next()).expect("a numbered line").to_owned();
        let then = answer(&mut run, &format!("timeline {number}"));
        assert!(then.iter().any(|l| l.starts_with("as of ")), "{then:?}");
        assert_eq!(run.model.nav.as_of, None);
        let asked = answer(&mut run, "act silence");
        assert!(asked.iter().any(|l| l.starts_with("SILENCE")), "{asked:?}");
        let set = answer(&mut run, "set 2 3");
        assert!(set.iter().any(|l| l.starts_with("row 2, for: 2 h")), "{set:?}");
    }
}
