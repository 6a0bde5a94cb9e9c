//! Which records a command is about: its flags made into conditions, and where the files are.

use crate::cli::setup;
use crate::core::time::Utc;
use crate::journal::export::{TargetWish, Which};
use crate::journal::tail;
use clap::Args;
use std::path::PathBuf;

/// Conditions; all of them must hold.
#[derive(Args, Debug, Clone, Default)]
pub struct WhichArgs {
    /// Only this incident: its own records, and all written while it was open
    #[arg(long, value_name = "ID")]
    pub incident: Option<String>,
    /// Only this session: its name, or its last four letters
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
    /// From this time on: RFC 3339, 2026-11-21, "2026-11-21 03:14", or 03:14 of the last day in the log; UTC
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Up to this time; a day includes all of it
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only records of this kind; may be given several times, or with commas
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub kind: Vec<String>,
    /// Only records about this target
    #[arg(long, value_name = "[NAMESPACE/]NAME[@SOURCE]")]
    pub target: Option<String>,
    /// Only the records of this act, by its number in its session
    #[arg(long, value_name = "N")]
    pub act: Option<u64>,
}

/// Where the files are.
#[derive(Args, Debug, Clone, Default)]
pub struct FromArgs {
    /// A log directory; default: that of the environment
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// The environment; default: whichever was written to last
    #[arg(long)]
    pub env: Option<String>,
}

impl FromArgs {
    /// Files and directories; those named, else the environment's.
    pub fn paths(&self, mut named: Vec<PathBuf>) -> Vec<PathBuf> {
        named.extend(self.dir.clone());
        if named.is_empty() {
            named.push(setup::log_of(self.env.as_deref()));
        }
        named
    }
}

impl WhichArgs {
    /// The conditions; a sentence where one cannot be read.
    pub fn which(&self, paths: &[PathBuf]) -> Result<Which, String> {
        let target = match &self.target {
            Some(t) => Some(TargetWish::read(t).ok_or_else(|| format!("{t:?} is no target: name, or name@source"))?),
            None => None,
        };
        let day = || last_day(paths);
        Ok(Which {
            incident: self.incident.clone(),
            session: self.session.clone(),
            since: self.since.as_deref().map(|t| moment(t, false, day)).transpose()?,
            until: self.until.as_deref().map(|t| moment(t, true, day)).transpose()?,
            kinds: self.kind.iter().map(|k| k.trim().to_owned()).filter(|k| !k.is_empty()).collect(),
            target,
            act: self.act,
            record: None,
        })
    }
}

/// The day of the newest record.
fn last_day(paths: &[PathBuf]) -> Option<String> {
    let newest = |p: &PathBuf| {
        let dir = if p.is_dir() { p.clone() } else { p.parent()?.to_owned() };
        let last = tail::tail(&dir, 1).ok()?.records.pop()?;
        last.when().get(..10).map(str::to_owned)
    };
    paths.iter().filter_map(newest).max()
}

/// A time as a person types it, in UTC. `end`: a day alone means its last moment.
///
/// # Errors
/// A sentence.
pub fn moment(text: &str, end: bool, day: impl Fn() -> Option<String>) -> Result<Utc, String> {
    let text = text.trim();
    if let Some(t) = Utc::read(text) {
        return Ok(t);
    }
    let whole = |clock: &str| match clock.len() {
        5 => format!("{clock}:00Z"),
        _ => format!("{clock}Z"),
    };
    let guess = match (text.len(), text.get(10..11)) {
        (10, _) => Utc::read(&format!("{text}T{}", if end { "23:59:59.999Z" } else { "00:00:00Z" })),
        (16 | 19, Some("T" | " ")) => Utc::read(&format!("{}T{}", &text[..10], whole(&text[11..]))),
        (5 | 8, _) if text.is_ascii() => day().and_then(|d| Utc::read(&format!("{d}T{}", whole(text)))),
        _ => None,
    };
    guess.ok_or_else(|| format!("{text:?} is no time: 2026-11-21T03:14:07Z, 2026-11-21, \"2026-11-21 03:14\" or 03:14"))
}

/// `12@7f3a`: a record by its number and its session.
///
/// # Errors
/// A sentence.
pub fn record(text: &str) -> Result<(u64, String), String> {
    let parts = text.split_once('@').and_then(|(n, s)| Some((n.parse().ok()?, s.to_owned())));
    parts
        .filter(|(_, s)| !s.is_empty())
        .ok_or_else(|| {
            format!(
                "{text:?} is no record: SEQ@SESSION, its number and the last four letters of its session (233@7f3a), as the \
                 log browser names it"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_type_them() {
        let day = || Some("2026-11-21".to_owned());
        let read = |t: &str| moment(t, false, day).map(Utc::rfc3339);
        assert_eq!(read("2026-11-21T03:14:07.5Z").unwrap(), "2026-11-21T03:14:07.500Z");
        assert_eq!(read("2026-11-21T05:14:07+02:00").unwrap(), "2026-11-21T03:14:07.000Z");
        assert_eq!(read("2026-11-21").unwrap(), "2026-11-21T00:00:00.000Z");
        assert_eq!(moment("2026-11-21", true, day).unwrap().rfc3339(), "2026-11-21T23:59:59.999Z");
        assert_eq!(read("2026-11-21 03:14").unwrap(), "2026-11-21T03:14:00.000Z");
        assert_eq!(read("03:14:09").unwrap(), "2026-11-21T03:14:09.000Z");
        assert!(moment("03:14", false, || None).is_err());
        for bad in ["", "yesterday", "25:00", "2026-13-01", "\u{fc}3:14", "2026-11-21x03:14"] {
            assert!(read(bad).unwrap_err().contains("is no time"), "{bad}");
        }
        assert_eq!(record("12@7f3a").unwrap(), (12, "7f3a".into()));
        assert!(record("12").is_err() && record("x@y").is_err() && record("1@").is_err());
    }
}
