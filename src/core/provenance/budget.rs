//! Figures of the error budget: burn over each window, the word, what is left and when it is empty.

use super::counts::rollout;
use super::{Asked, Cell, Of, Provenance, Taken};
use crate::core::budget;
use crate::core::judge::burn::{Burn, Burns, Empty, Tier};
use crate::core::judge::words;
use crate::core::world::Window;
use crate::core::world::figures::Signal;
use crate::core::world::service::Slo;

pub(super) fn of(of: &Of<'_>, cell: Cell) -> Provenance {
    let slo = of.model.world.aim(of.service, signal(of)).map(|a| a.slo);
    let (Some(b), Some(slo)) = (of.model.burn(of.service), slo) else {
        let (figure, why) = match slo {
            Some(_) => ("not answered yet", "the windows of the burn were not answered"),
            None => ("no SLO", "no SLO is configured or found for this service"),
        };
        return Provenance::new(cell, "error budget", figure, "how fast the budget of the SLO goes")
            .asked(rollout(of))
            .missing(why);
    };
    match cell {
        Cell::Burn(secs) => window(of, b, slo, secs),
        Cell::Left => left(of, b, slo),
        Cell::Empty => empty(of, b, slo),
        Cell::Spent => patch(of, slo),
        Cell::Ripple => risen(of),
        _ => word(of, b, slo),
    }
}

/// The signal whose burn decides.
fn signal(of: &Of<'_>) -> Signal {
    of.model.burns.get(of.service).map_or(Signal::Errors, Burns::signal)
}

fn row<'m>(of: &Of<'m>, secs: u32) -> Option<&'m Window> {
    of.model.world.windows.get(of.service)?.get(&signal(of))?.get(&secs)
}

fn asked(of: &Of<'_>, secs: u32) -> Option<Asked> {
    let sampled = of.model.world.samples.get(of.service);
    let source = sampled.map_or_else(|| "telemetry".to_owned(), |s| s.source.to_string());
    let scrape_secs = sampled.map(|s| s.scrape_secs);
    if let Some(w) = row(of, secs) {
        let sample = w.newest_sample.or(sampled.and_then(|s| s.newest));
        return Some(Asked { source, query: Some(w.query.clone()), taken: Taken::At(w.at), sample, scrape_secs });
    }
    // Recorded by the source itself.
    let told = of.told?.ratios.get(&signal(of))?;
    let (query, taken) = (Some(told.asked.query.clone()), Taken::At(Some(told.asked.at)));
    Some(Asked { source, query, taken, sample: told.asked.sample, scrape_secs })
}

/// Seconds of the window that the budget left is told by.
fn period(b: &Burn, slo: Slo) -> u32 {
    b.rules.and_then(|r| r.period_window()).unwrap_or(slo.period_days.saturating_mul(86_400))
}

fn patch(of: &Of<'_>, slo: Slo) -> Provenance {
    let says = "what the candidate failed beyond what stable would have, as a part of the budget of the period";
    let Some(s) = of.target.and_then(|t| budget::spent(of.model, t)) else {
        return Provenance::new(Cell::Spent, "spent by this patch", "--", says)
            .asked(rollout(of))
            .missing("no difference yet, or the requests of the period are not known");
    };
    let p = Provenance::new(Cell::Spent, "spent by this patch", s.words(), says)
        .step(format!(
            "{} failures more than stable would have had ({} to {}), of {} that the budget allows",
            words::count(s.failures),
            words::count(s.failures_range.lo),
            words::count(s.failures_range.hi),
            words::count(s.budget)
        ))
        .step(target(slo))
        .asked(of.model.burn(of.service).and_then(|b| asked(of, period(b, slo))));
    match of.judged.and_then(|j| super::signal(j, Signal::Errors)) {
        Some((judge, v)) => p.counted("candidate", v.candidate).counted("stable", v.stable).asked(super::asked(
            of.model,
            of.service,
            Signal::Errors,
            judge,
            v,
        )),
        None => p,
    }
}

fn risen(of: &Of<'_>) -> Provenance {
    let ripple = of.target.and_then(|t| budget::ripple(of.model, &t.id));
    let figure = ripple.and_then(crate::core::judge::Ripple::words).unwrap_or_else(|| "nobody".into());
    let says = "services that are not being deployed and whose burn rose since: by time alone, not by who calls whom";
    let mut p = Provenance::new(Cell::Ripple, "ripple", figure, says);
    p.steps.extend(ripple.map(crate::core::judge::Ripple::lines).unwrap_or_default());
    p.asked(asked(of, 300)).asked(rollout(of))
}

fn one(of: &Of<'_>, slo: Slo, secs: u32) -> String {
    let name = words::window(secs);
    let budget = words::figure((1.0 - slo.objective) * 100.0);
    match row(of, secs).map(|w| w.counts) {
        Some(c) if c.total > 0.0 => format!(
            "{name}: {} failed of {} = {}%; / {budget}% = {}",
            words::count(c.failed),
            words::count(c.total),
            words::decimal(c.failed / c.total * 100.0, 3),
            words::times(c.failed / c.total / (1.0 - slo.objective))
        ),
        Some(_) => format!("{name}: no requests"),
        None => format!("{name}: not answered"),
    }
}

fn target(slo: Slo) -> String {
    format!(
        "target {}% over {}d: {}% may fail",
        words::figure(slo.objective * 100.0),
        slo.period_days,
        words::figure((1.0 - slo.objective) * 100.0)
    )
}

fn window(of: &Of<'_>, b: &Burn, slo: Slo, secs: u32) -> Provenance {
    let figure = b.over_window(secs).map_or_else(|| "--".into(), words::times);
    let says = format!("at this rate the budget of {}d is gone in {}d divided by it", slo.period_days, slo.period_days);
    let p = Provenance::new(Cell::Burn(secs), format!("burn over {}", words::window(secs)), figure, says)
        .step(target(slo))
        .step(one(of, slo, secs));
    let p = row(of, secs).map_or(p.clone(), |w| p.counted(words::window(secs), w.counts));
    let p = match b.range_1h.filter(|_| secs == 3_600) {
        Some(r) => p.step(format!("surely within {} to {}", words::times(r.lo), words::times(r.hi))),
        None => p,
    };
    let missing = match row(of, secs) {
        None => Some("this window was not answered"),
        Some(w) if w.counts.total <= 0.0 => Some("no requests in this window: that is not 0x"),
        Some(_) => None,
    };
    let p = p.asked(asked(of, secs));
    match missing {
        Some(why) => p.missing(why),
        None => p,
    }
}

/// `page`, `ticket`: what a pair raises now.
fn raises(p: &crate::core::judge::burn::Pair) -> &'static str {
    match (p.over, p.held_back, p.tier) {
        (false, _, _) => "",
        (true, true, _) => "; over, too few failures to page",
        (true, false, Tier::Page) => "; OVER: page",
        (true, false, Tier::Ticket) => "; OVER: ticket",
        (true, false, Tier::Nothing) => "; over",
    }
}

fn word(of: &Of<'_>, b: &Burn, slo: Slo) -> Provenance {
    let f = |x: Option<f64>| x.map_or_else(|| "--".to_owned(), words::times);
    let mut p = Provenance::new(Cell::BurnWord, "burn", b.word.word(), "over both windows of a pair raises it")
        .step(target(slo));
    for x in &b.pairs {
        let (l, s) = (words::window(x.long_secs), words::window(x.short_secs));
        let line =
            format!("{l} {} and {s} {}, limit {}x{}", f(x.long), f(x.short), words::decimal(x.factor, 1), raises(x));
        p = p.step(line);
    }
    p.steps.extend(b.hour().into_iter().chain(b.was()).chain(b.doubts()));
    p.steps.extend(of.model.burns.get(of.service).map(Burns::beside).unwrap_or_default());
    for secs in [3_600, 300] {
        p = row(of, secs).map_or(p.clone(), |w| p.counted(words::window(secs), w.counts));
    }
    p.asked(asked(of, 3_600)).asked(asked(of, 300))
}

fn left(of: &Of<'_>, b: &Burn, slo: Slo) -> Provenance {
    let whole = |l: f64| words::decimal(libm::round(l * 100.0), 0);
    let figure = match b.left {
        Some(l) if l < 0.0 => format!("{}% overspent", whole(-l)),
        Some(l) => format!("{}% left", whole(l)),
        None => "budget not known".into(),
    };
    let secs = period(b, slo);
    let mut p =
        Provenance::new(Cell::Left, "error budget", figure, format!("of what may fail within {}d", slo.period_days))
            .step(target(slo));
    if let Some(w) = row(of, secs) {
        let may = w.counts.total * (1.0 - slo.objective);
        p = p
            .step(format!(
                "{} requests in {}d: {} may fail, {} did",
                words::count(w.counts.total),
                slo.period_days,
                words::count(may),
                words::count(w.counts.failed)
            ))
            .counted(words::window(secs), w.counts);
    }
    let p = p.asked(asked(of, secs));
    if b.left.is_none() { p.missing("the whole period was not answered, or the target is 100 %") } else { p }
}

fn empty(of: &Of<'_>, b: &Burn, slo: Slo) -> Provenance {
    let says = "when nothing of the budget is left, if the burn of that window goes on";
    let new = |figure: String| Provenance::new(Cell::Empty, "time to empty", figure, says);
    let (p, secs) = match b.empty {
        Some(Empty::In { secs, window_secs }) => {
            let left = b.left.map_or_else(|| "--".into(), |l| words::decimal(l * 100.0, 1));
            let burn = b.over_window(window_secs).map_or_else(|| "--".into(), words::times);
            let p = new(format!("at {} rate {}", words::window(window_secs), words::span(secs)));
            (p.step(format!("{left}% of {}d / {burn} = {}", slo.period_days, words::span(secs))), window_secs)
        }
        Some(Empty::Already) => (new("nothing is left".into()), period(b, slo)),
        Some(Empty::NotAtThisRate { window_secs }) => (
            new("not at this rate".into()).step(format!("nothing burns over {}", words::window(window_secs))),
            window_secs,
        ),
        None => (new("not known".into()).missing("what is left is not known, or the burn is not"), 3_600),
    };
    p.step(one(of, slo, secs)).asked(asked(of, secs))
}
