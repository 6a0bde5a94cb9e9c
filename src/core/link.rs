//! The address of what is on screen: the command that opens it again, on this machine or a colleague's.

use crate::core::id::ServiceId;
use crate::core::model::Model;
use crate::core::nav::{At, Screen};
use crate::core::shown::shown_line;

/// `andon --env prod --at checkout@eu-1` for what is chosen here. `None`: nothing is.
pub fn here(model: &Model) -> Option<String> {
    match model.nav.screen {
        Screen::Waking | Screen::Choose => None,
        Screen::Sources => {
            let source = model.world.sources.keys().nth(model.nav.source_row)?;
            let at = At { service: None, source: Some(source.clone()), screen: Screen::Sources, step: None };
            Some(command(model, &at))
        }
        screen @ (Screen::Incident | Screen::Watch | Screen::Alerts | Screen::Timeline) => {
            Some(command(model, &At { service: None, source: None, screen, step: None }))
        }
        Screen::Runbook => {
            let step = u32::try_from(model.nav.step_row + 1).ok();
            let at = at(model, model.nav.selected.as_ref()?);
            Some(command(model, &At { screen: Screen::Runbook, step, ..at }))
        }
        Screen::Evidence => {
            let at = at(model, model.nav.selected.as_ref()?);
            Some(command(model, &At { screen: Screen::Evidence, ..at }))
        }
        Screen::Verdict | Screen::Board => service(model, model.nav.selected.as_ref()?).into(),
    }
}

/// The link of a service's row.
pub fn service(model: &Model, service: &ServiceId) -> String {
    command(model, &at(model, service))
}

fn at(model: &Model, service: &ServiceId) -> At {
    let row = model.rows.iter().find(|r| r.service == *service);
    let source = row.and_then(|r| r.target.as_ref()).map(|t| t.source.clone());
    At { service: Some(service.clone()), source, screen: Screen::Verdict, step: None }
}

fn command(model: &Model, at: &At) -> String {
    let opened = if model.opened_as.is_empty() { "andon" } else { &model.opened_as };
    format!("{opened} --at {}", quoted(&at.to_string()))
}

/// One word for a shell. Names come from outside: a link that is pasted into a shell must stay one command.
pub fn quoted(word: &str) -> String {
    let word = shown_line(word, 400).into_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_outside_stays_one_word() {
        assert_eq!(quoted("checkout@eu-1"), "checkout@eu-1");
        assert_eq!(quoted("a; rm -rf /"), "'a; rm -rf /'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
        assert!(quoted("a\u{1b}[31m\nb").chars().all(|c| !c.is_control()));
    }
}
