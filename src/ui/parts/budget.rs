//! The error budget of a service as a line: what is left, how fast it goes, when it is empty. Blank is never zero.

use super::line::Line;
use crate::config::theme::Role;
use crate::core::budget as reading;
use crate::core::cell::Cell;
use crate::core::id::ServiceId;
use crate::core::judge::burn::{self, Burns, Empty};
use crate::core::judge::words;
use crate::core::model::Model;

pub fn burn_role(word: burn::Word) -> Role {
    match word {
        burn::Word::Burning => Role::Bad,
        burn::Word::Rising => Role::Warn,
        burn::Word::NoTraffic | burn::Word::NoData => Role::Blind,
        burn::Word::Calm | burn::Word::Easing => Role::Fine,
    }
}

/// The budget's own line for a service; what a log played again does not hold is not recorded.
pub fn budget_of(model: &Model, service: &ServiceId) -> Line {
    let burn = model.burn(service);
    if let Some(replay) = &model.replay {
        let word = replay.burns.get(service.as_str());
        return match burn {
            None => Line::new().text("not recorded"),
            Some(b) => {
                let one = |secs| b.over_window(secs).map_or_else(|| "--".to_owned(), words::times);
                let line = Line::new().text(format!("burn {}(1h) {}(5m)", one(3600), one(300)));
                match word {
                    Some(at) => {
                        let said = if burn_role(b.word) == Role::Fine {
                            b.word.word().to_owned()
                        } else {
                            b.word.word().to_uppercase()
                        };
                        line.text("  ")
                            .add(burn_role(b.word), said)
                            .add(Role::Muted, format!("  written {}", at.at.hms()))
                    }
                    None => line,
                }
            }
        };
    }
    let mut line = budget(model.burns.get(service), reading::has_target(model, service));
    // What this patch took of it, where it moves; the whole sentence with its range.
    let moving = model.world.targets_of(service).filter(|t| t.is_moving());
    for t in moving.take(1) {
        if let Some(s) = reading::spent(model, t).filter(|s| s.is_sure()) {
            line = line.then(";").figure(Cell::Spent, Role::Text, s.words());
        }
    }
    line
}

/// `[#############----] 74% left  RISING 2x(1h) 22x(5m), at 5m rate 24h`
fn budget(b: Option<&Burns>, has_slo: bool) -> Line {
    let Some(all) = b else {
        let why = if has_slo { "not answered yet" } else { "no SLO is configured for this service" };
        return Line::new().figure(Cell::Left, Role::Text, why);
    };
    let b = all.deciding();
    let mut line = Line::new();
    match b.left {
        Some(left) => {
            let full = (left.clamp(0.0, 1.0) * 17.0 + 0.5) as usize;
            let left_words =
                if left < 0.0 { format!("{} overspent", whole(-left)) } else { format!("{} left", whole(left)) };
            let bar = format!("[{}{}] {left_words}", "#".repeat(full), "-".repeat(17 - full.min(17)));
            line = line.figure(Cell::Left, Role::Text, bar).text("  ");
        }
        None if b.no_budget => line = line.figure(Cell::Left, Role::Text, "100 % target: no budget").text("  "),
        None => line = line.figure(Cell::Left, Role::Text, "budget not known").text("  "),
    }
    let word = if burn_role(b.word) == Role::Fine { b.word.word().to_owned() } else { b.word.word().to_uppercase() };
    line = line.text(all.by().map(|s| format!("{s} ")).unwrap_or_default());
    line = line.figure(Cell::BurnWord, burn_role(b.word), word);
    if let Some(was) = b.was() {
        return line.figure(Cell::BurnWord, Role::Text, format!(" {was}"));
    }
    let one = |secs| b.over_window(secs).map_or_else(|| "--".to_owned(), words::times);
    line = line.text(" ").figure(Cell::Burn(3_600), Role::Text, format!("{}(1h)", one(3_600)));
    line = line.text(" ").figure(Cell::Burn(300), Role::Text, format!("{}(5m)", one(300)));
    if let Some(h) = &b.handful {
        return line.figure(Cell::BurnWord, Role::Text, format!(", only {h}"));
    }
    let doubt = b.doubts().into_iter().find(|_| !b.no_budget);
    line = match b.empty {
        Some(Empty::Already) => line.then(",").figure(Cell::Empty, Role::Text, "nothing is left"),
        Some(Empty::In { secs, window_secs }) => {
            let rate = format!("at {} rate {}", words::window(window_secs), words::span(secs));
            line.then(",").figure(Cell::Empty, Role::Text, rate)
        }
        Some(Empty::NotAtThisRate { .. }) | None => line,
    };
    match doubt {
        Some(d) => line.figure(Cell::BurnWord, Role::Text, format!(", {d}")),
        None => line,
    }
}

fn whole(fraction: f64) -> String {
    format!("{}%", words::decimal(libm::round(fraction * 100.0), 0))
}
