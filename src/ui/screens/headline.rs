//! The one sentence of the Verdict screen: what hurts and how badly, in words a tired stranger understands.

use super::super::parts::{act as parts_act, figures};
use crate::core::act::flight::Trouble;
use crate::core::age;
use crate::core::budget;
use crate::core::failure;
use crate::core::judge::burn;
use crate::core::judge::judged::Judged;
use crate::core::judge::verdict::{Track, Unsure, Word};
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::target::{Phase, TargetState};

/// Sentence in capitals, and since when it holds.
pub struct Headline {
    pub text: String,
    pub since: Option<Utc>,
}

fn said(text: impl Into<String>, since: Option<Utc>) -> Headline {
    let text: String = text.into();
    // Versions stand between backticks: they keep their case. So do figures: `4M` is not four minutes.
    let parts = text.split('`').enumerate();
    let text = parts.map(|(i, p)| if i % 2 == 1 { p.to_owned() } else { capitals(p) }).collect();
    Headline { text, since }
}

fn capitals(text: &str) -> String {
    let word = |w: &str| if w.starts_with(|c: char| c.is_ascii_digit()) { w.to_owned() } else { w.to_uppercase() };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

pub fn headline(model: &Model, t: Option<&TargetState>) -> Headline {
    let Some(t) = t else { return without_target(model) };
    let name = &t.id.name;
    if let Some(act) = parts_act::current(model, &t.id).filter(|a| !a.is_over()) {
        return match act.trouble() {
            Some(Trouble::Stuck(_)) => said(format!("{} {name} is stuck.", act.doing()), None),
            Some(Trouble::Unknown(_)) => {
                said(format!("not known yet if {name} was {}; it is being read back.", act.done_word()), None)
            }
            Some(Trouble::Undone(_) | Trouble::TakenBack(_)) | None => {
                let to = act.plan.to.as_ref().filter(|_| act.plan.from != act.plan.to);
                let to = to.map(|h| format!(" to `{}`", act.seen.called(h))).unwrap_or_default();
                said(format!("{} {name}{to}.", act.doing()), Some(act.begun.utc))
            }
        };
    }
    // Figures say nothing of who made it. Where users are off it already, that is said instead.
    if let Some(how) = failure::must_not_run(model, t).filter(|_| !t.aborted || t.weight_real != Some(0)) {
        let runs = t.candidate.as_ref().or(t.stable.as_ref()).map_or_else(|| "what runs".into(), |h| t.called(h));
        let back = if t.is_moving() { "; roll it back" } else { "" };
        return said(format!("{name}: `{runs}` is {how}{back}."), None);
    }
    if !t.is_moving() {
        return steady(model, t);
    }
    let told = model.replay.as_ref().is_none_or(|r| r.verdicts.contains_key(&t.id));
    if !told && !t.aborted {
        return said(format!("{name} moves; no verdict of it is recorded yet."), t.since);
    }
    let failing = |w| matches!(w, burn::Word::Burning | burn::Word::Rising);
    let burning = model.burn(&t.service).is_some_and(|b| failing(b.word));
    let Some(j) = model.judged.get(&t.id) else {
        return said(format!("{name} moves and nothing judges it"), t.since);
    };
    if t.aborted && !matches!(j.verdict.word, Word::Worse if t.weight_real != Some(0)) {
        let back = t.stable.as_ref().map_or_else(|| "stable".into(), |h| t.called(h));
        let asked = t.candidate.as_ref().map_or_else(|| "another".into(), |h| t.called(h));
        if t.weight_real.is_some_and(|w| w > 0) {
            return said(format!("{name} goes back to `{back}`; its {} is being taken away.", t.track()), t.aborted_at);
        }
        return said(format!("{name} is back on `{back}`; its spec still asks for `{asked}`."), t.aborted_at);
    }
    if budget::forward(model, t).is_some() {
        let since = j.verdict.since;
        return said(
            format!("{name} burns its budget and its {} fails less than stable: roll forward.", t.track()),
            since,
        );
    }
    // The verdict has no answer, the budget has: it says what to do.
    let open = matches!(j.verdict.word, Word::Same | Word::Unsure(_) | Word::NoBaseline | Word::NotJudged);
    if open && budget::proposes_hold(model, t) {
        return said(format!("{name} burns its error budget while its {} moves; hold it.", t.track()), None);
    }
    moving(name, t.track(), j, burning, model.utc())
}

fn moving(name: &str, track: &str, j: &Judged, burning: bool, now: Utc) -> Headline {
    let v = &j.verdict;
    let since = v.since;
    let held = t_points(j, now);
    // Where the figures do not blame the candidate, that users are hurt comes first all the same.
    let hurt = if burning { " burns its error budget;" } else { ":" };
    match &v.word {
        Word::Worse => {
            let by = held.map(|p| format!(" by {p}")).unwrap_or_default();
            let text = match (v.last_seen(now), burning) {
                (Some(seen), _) => format!("{name}: its {track} was worse on errors{by}, {seen}."),
                (None, true) => format!("{name} is failing; its {track} is worse on errors{by}."),
                (None, false) => format!("{name}: its {track} is worse on errors{by}."),
            };
            said(text, since)
        }
        Word::Higher => {
            let by = held.map(|p| format!(" by {p}")).unwrap_or_default();
            said(format!("{name}: its {track} fails more than stable{by}; hold it."), since)
        }
        Word::Same => {
            let m = j.measured();
            let list = |all: &mut dyn Iterator<Item = &'static str>| all.collect::<Vec<_>>().join(", ");
            let worse = list(&mut m.differ.iter().filter(|(_, w)| *w == Word::Worse).map(|(s, _)| s.word()));
            let on = list(&mut m.agree.iter().map(|s| s.word()));
            let on = if on.is_empty() { j.signal.word().to_owned() } else { on };
            // The word that decides is good, and users are hurt all the same.
            let worse = if worse.is_empty() { String::new() } else { format!("worse on {worse}, ") };
            said(format!("{name}{hurt} its {track} is {worse}as good as stable on {on}."), since)
        }
        Word::Better => said(format!("{name}: its {track} fails less than stable."), since),
        Word::Unsure(u) => said(format!("{name}{hurt} not sure yet if its {track} is worse{}.", why(u)), since),
        Word::NoData => {
            let ago = since.map(|s| format!("; its figures stopped {} ago", age::age(now.since(s))));
            let ago = ago.unwrap_or_else(|| "; no figure has come yet".into());
            said(format!("nothing is known about {name}{ago}."), None)
        }
        Word::NoTraffic(Track::Candidate) => {
            said(format!("{name}: nobody uses its {track}, so there is nothing to judge."), since)
        }
        Word::NoTraffic(Track::Stable) => {
            said(format!("{name}: stable gets no traffic, so there is nothing to compare with."), since)
        }
        Word::NoBaseline => said(format!("{name}: a first deploy, there is no older version to compare with."), since),
        Word::NotJudged => said(format!("{name} moves and nothing measures it."), since),
    }
}

fn why(u: &Unsure) -> String {
    match u {
        Unsure::TooFew { needed: Some(n) } => format!("; {} more requests needed", words::about(*n)),
        Unsure::TooFew { needed: None } => "; too few requests".into(),
        Unsure::LeaningWorse => ", but it leans that way".into(),
        Unsure::AtTheLimit => "; it lies at the limit".into(),
        Unsure::Bursty => "; failures come in bursts".into(),
        Unsure::Gaps => "; figures are missing".into(),
    }
}

/// `3.1 points`, `3.1 points in the last 4m`: the difference that the word rests on.
fn t_points(j: &Judged, now: Utc) -> Option<String> {
    if let Some(r) = j.verdict.lately() {
        return Some(format!("{} points {}", figures::points(r.difference), r.minutes(now)));
    }
    let d = j.verdict.difference?;
    (d.range.lo > 0.0 && d.d > 0.0).then(|| format!("{} points", figures::points(d)))
}

fn steady(model: &Model, t: &TargetState) -> Headline {
    let name = &t.id.name;
    let v = t.stable.as_ref().map_or_else(|| "one version".into(), |h| t.called(h));
    match &t.phase {
        Phase::Degraded => return said(format!("{name} is degraded and nothing moves: {}", t.message), t.since),
        Phase::Other(w) => return said(format!("{name} is in a state this version does not know: {w}"), t.since),
        Phase::Healthy | Phase::Progressing | Phase::Paused => {}
    }
    let burn = model.burn(&t.service).map(|b| b.word);
    match burn {
        Some(burn::Word::Burning) => said(format!("{name} burns its error budget and no deploy moves."), None),
        Some(burn::Word::Rising) => said(format!("{name} fails more than it may of late; no deploy moves."), None),
        Some(burn::Word::NoData) => said(format!("nothing is known about {name}'s errors; no deploy moves."), None),
        Some(burn::Word::NoTraffic) => said(format!("nobody uses {name}; no deploy moves."), None),
        Some(burn::Word::Calm | burn::Word::Easing) => said(format!("{name} is fine on `{v}`; nothing moves."), None),
        None if model.replay.is_some() => said(format!("{name} runs `{v}`; nothing moves."), t.since),
        None => said(format!("{name} runs `{v}`; nothing moves, and its errors are not measured."), None),
    }
}

fn without_target(model: &Model) -> Headline {
    if let Some(s) = &model.nav.selected {
        if model.replay.is_some() {
            return said(format!("{s}: no rollout of it is recorded yet."), None);
        }
        return said(format!("{s} is known by its figures only: no rollout of it is seen."), None);
    }
    if model.replay.is_some() {
        return said("the log has named no service yet.", None);
    }
    if model.world.sources.is_empty() {
        return said("no source is configured; nothing can be seen.", None);
    }
    said("no service is known yet; the sources have not named one.", None)
}
