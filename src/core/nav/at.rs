//! `--at SERVICE[@SOURCE][/SCREEN]`: a place as a person writes it into a chat. Knows no model: whether there is such a
//! place is found out when it is opened.

use super::Screen;
use crate::core::id::{ServiceId, SourceId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// `None`: a source alone, `@eu-1/sources`.
    pub service: Option<ServiceId>,
    pub source: Option<SourceId>,
    pub screen: Screen,
    /// The chosen step of the runbook, from 1.
    pub step: Option<u32>,
}

const SCREENS: [(&str, Screen); 9] = [
    ("verdict", Screen::Verdict),
    ("board", Screen::Board),
    ("runbook", Screen::Runbook),
    ("sources", Screen::Sources),
    ("evidence", Screen::Evidence),
    ("incident", Screen::Incident),
    ("watch", Screen::Watch),
    ("alerts", Screen::Alerts),
    ("timeline", Screen::Timeline),
];

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<At, String> {
        let mut words = text.trim().split('/');
        let place = words.next().unwrap_or_default();
        let (service, source) = match place.rsplit_once('@') {
            Some((service, source)) => (service, Some(source)),
            None => (place, None),
        };
        if source.is_some_and(str::is_empty) {
            return Err("after @ stands the name of a source".into());
        }
        let screen = match words.next() {
            None => None,
            Some(word) => match SCREENS.iter().find(|(name, _)| *name == word) {
                Some((_, screen)) => Some(*screen),
                None => {
                    return Err(format!(
                        "no screen {word:?}; there are verdict, board, timeline, evidence, alerts, runbook, incident, sources, watch"
                    ));
                }
            },
        };
        let step = match (screen, words.next()) {
            (_, None) => None,
            (Some(Screen::Runbook), Some(n)) => match n.parse() {
                Ok(n) if n > 0 => Some(n),
                Ok(_) | Err(_) => return Err("after /runbook/ stands the number of a step".into()),
            },
            (_, Some(_)) => return Err("nothing stands behind the screen".into()),
        };
        if words.next().is_some() {
            return Err("nothing stands behind the step".into());
        }
        if service.is_empty() {
            return match (source, screen) {
                (Some(source), None | Some(Screen::Sources)) => {
                    Ok(At { service: None, source: Some(SourceId::new(source)), screen: Screen::Sources, step: None })
                }
                (None, Some(screen @ (Screen::Incident | Screen::Watch | Screen::Alerts | Screen::Timeline))) => {
                    Ok(At { service: None, source: None, screen, step: None })
                }
                _ => Err("a service is missing: SERVICE[@SOURCE][/SCREEN]".into()),
            };
        }
        Ok(At {
            service: Some(ServiceId::new(service)),
            source: source.map(SourceId::new),
            screen: screen.unwrap_or(Screen::Verdict),
            step,
        })
    }
}

/// As it is written: the Verdict screen is not named.
impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(service) = &self.service {
            write!(f, "{service}")?;
        }
        if let Some(source) = &self.source {
            write!(f, "@{source}")?;
        }
        if self.screen != Screen::Verdict
            && let Some((word, _)) = SCREENS.iter().find(|(_, s)| *s == self.screen)
        {
            write!(f, "/{word}")?;
        }
        match self.step {
            Some(n) => write!(f, "/{n}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in
            ["checkout", "checkout@eu-1", "checkout@eu-1/board", "checkout/runbook/3", "@eu-1/sources", "/incident"]
        {
            assert_eq!(text.parse::<At>().map(|a| a.to_string()), Ok(text.into()));
        }
        assert_eq!("checkout@eu-1/verdict".parse::<At>().map(|a| a.to_string()), Ok("checkout@eu-1".into()));
        assert_eq!("@eu-1".parse::<At>().map(|a| a.screen), Ok(Screen::Sources));
    }

    #[test]
    fn what_names_no_place_says_what_is_allowed() {
        for (text, said) in [
            ("", "service is missing"),
            ("@", "name of a source"),
            ("checkout@", "name of a source"),
            ("@eu-1/board", "service is missing"),
            ("checkout/scorecard", "no screen"),
            ("checkout/runbook/0", "number of a step"),
            ("checkout/board/3", "behind the screen"),
            ("checkout/runbook/3/4", "behind the step"),
        ] {
            assert!(text.parse::<At>().is_err_and(|e| e.contains(said)), "{text}");
        }
    }
}
