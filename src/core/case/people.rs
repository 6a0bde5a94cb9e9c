//! The people whose consoles share this log: read from their live files, which are not part of the log.

use crate::core::age;
use crate::core::id::{DialogId, ServiceId, TargetId};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Clocks further apart than this are told. Milliseconds (product.md section 9).
pub const SKEW_TOLD: i64 = 2_000;

/// What a console says of itself in its live file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Here {
    /// The screen's word, `verdict`. Empty: not a console.
    pub screen: Arc<str>,
    /// What is chosen there, `checkout@eu-1`.
    pub on: Option<Arc<str>>,
    pub dialog: Option<OpenDialog>,
    pub armed: bool,
    /// The last key, own UTC; in steps of a minute, so that typing costs no writes.
    pub last_key: Option<Utc>,
    /// The name the person gave, where it was given since the opening.
    pub claimed: Option<Arc<str>>,
}

/// Whose dialog is open on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDialog {
    /// `roll back`
    pub verb: Arc<str>,
    pub targets: Vec<TargetId>,
}

/// Another console that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Present {
    pub session: Arc<str>,
    pub user: Arc<str>,
    pub claimed: Option<Arc<str>>,
    pub host: Arc<str>,
    /// When it was opened, its own UTC.
    pub since: Option<Utc>,
    /// How far its clock is ahead of ours, milliseconds; negative: behind. Told from [`SKEW_TOLD`] on.
    pub skew_ms: i64,
    pub here: Here,
}

/// How others' records are found, and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Follows {
    /// The log is followed at all; a drill reads no other's.
    pub on: bool,
    /// Why files are looked at each second instead of waiting to be told of changes. `None`: told.
    pub polled: Option<Arc<str>>,
    /// Observations of others that were not shown, because too many came at once. They are in the log.
    pub skipped: u64,
}

/// What our live file was last told, to see what changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub screen: Arc<str>,
    pub selected: Option<ServiceId>,
    pub dialog: Option<DialogId>,
    pub armed: bool,
    /// Minutes of UTC.
    pub minute: i64,
    #[serde(default)]
    pub claimed: Option<Arc<str>>,
    pub once: bool,
}

impl Present {
    /// The claimed name, else the unix user.
    pub fn name(&self) -> &str {
        match self.claimed.as_deref() {
            Some(name) if name != "not given" && !name.is_empty() => name,
            _ => &self.user,
        }
    }

    /// The name for a person who is `who` (`mira@bastion-2`): a console of one's own is called so.
    pub fn called(&self, who: &str) -> String {
        let mine = who.strip_prefix(self.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('@'));
        if mine { format!("{} (another console)", self.name()) } else { self.name().to_owned() }
    }

    /// It reads back what ended sessions left; what only writes (`andon act`) does not.
    pub fn is_console(&self) -> bool {
        !self.here.screen.is_empty()
    }

    /// `on verdict, checkout@eu-1, armed, roll back dialog open on checkout@eu-1`
    pub fn doing(&self) -> String {
        let h = &self.here;
        let mut out = if h.screen.is_empty() { String::new() } else { format!("on {}", h.screen) };
        let mut add = |what: String| {
            if !out.is_empty() {
                out.push_str(", ");
            }
            out.push_str(&what);
        };
        if let Some(on) = &h.on {
            add(on.to_string());
        }
        if h.armed {
            add("armed".into());
        }
        if let Some(d) = &h.dialog {
            add(format!("{} dialog open on {}", d.verb, d.on()));
        }
        if let Some(words) = skew_words(self.skew_ms) {
            add(format!("clock {words}"));
        }
        out
    }
}

impl OpenDialog {
    /// `checkout@eu-1 and 2 more`
    fn on(&self) -> String {
        match self.targets.as_slice() {
            [] => "nothing".into(),
            [one] => one.at(),
            [first, rest @ ..] => format!("{} and {} more", first.at(), rest.len()),
        }
    }
}

/// `3.2 s ahead`; `None`: too little to tell.
pub fn skew_words(ms: i64) -> Option<String> {
    if ms.abs() <= SKEW_TOLD {
        return None;
    }
    let most = ms.unsigned_abs();
    let long = if most < 60_000 {
        format!("{}.{} s", most / 1_000, most % 1_000 / 100)
    } else {
        age::span(i64::try_from(most).unwrap_or(i64::MAX))
    };
    Some(format!("{long} {}", if ms > 0 { "ahead" } else { "behind" }))
}

/// Whose dialogs are open on this target.
pub fn dialogs_on<'a>(people: &'a [Present], target: &TargetId) -> impl Iterator<Item = (&'a Present, &'a OpenDialog)> {
    people.iter().filter_map(move |p| {
        let d = p.here.dialog.as_ref()?;
        d.targets.contains(target).then_some((p, d))
    })
}

/// How many consoles come before session `own` in the order by which ended sessions' acts are read back: the first does it.
pub fn consoles_before(people: &[Present], own: &str) -> usize {
    people.iter().filter(|p| p.is_console() && *p.session < *own).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(session: &str, user: &str) -> Present {
        Present { session: session.into(), user: user.into(), ..Present::default() }
    }

    #[test]
    fn what_somebody_does_is_said_in_words() {
        let mut p = present("s", "ito");
        assert_eq!((p.doing().as_str(), p.is_console()), ("", false));
        let t = TargetId {
            source: "eu-1".into(),
            namespace: "shop".into(),
            kind: "Rollout".into(),
            name: "checkout".into(),
            uid: "1".into(),
        };
        p.here = Here {
            screen: "verdict".into(),
            on: Some("checkout@eu-1".into()),
            armed: true,
            dialog: Some(OpenDialog { verb: "roll back".into(), targets: vec![t.clone(), t.clone()] }),
            ..Here::default()
        };
        p.skew_ms = 3_250;
        assert_eq!(
            p.doing(),
            "on verdict, checkout@eu-1, armed, roll back dialog open on checkout@eu-1 and 1 more, clock 3.2 s ahead"
        );
        assert_eq!(dialogs_on(&[p], &t).count(), 1);
        assert_eq!(skew_words(-125_000).as_deref(), Some("2m05 behind"));
        assert_eq!(skew_words(2_000), None);
    }

    #[test]
    fn a_second_console_of_ones_own_is_called_so() {
        let mut p = present("s", "root");
        assert_eq!(p.called("root@bastion"), "root (another console)");
        p.claimed = Some("ito".into());
        assert_eq!(p.called("root@bastion"), "ito");
        assert_eq!(p.called("itoh@bastion"), "ito");
    }

    #[test]
    fn only_consoles_read_back_and_the_first_goes_first() {
        let mut a = present("a", "ito");
        let people = [a.clone(), present("c", "u")];
        assert_eq!(consoles_before(&people, "b"), 0);
        a.here.screen = "board".into();
        assert_eq!(consoles_before(&[a.clone()], "b"), 1);
        assert_eq!(consoles_before(&[a], "a"), 0);
    }
}
