//! Side acts that send a request, and the flag: acknowledge, silence, wake, tell, revoke, flag off and on. One request
//! each, made by the backend alone and shown as it will be sent; then an intent, an answer, and the fact that shows it.
//! Plain data; what is confirmed and sent is update's matter.

use super::dialog::NameField;
use super::flight::{Line, OnDisk, ReadBack, State};
use super::plan::{Direction, Request, Ticket};
use crate::core::entry::Kind;
use crate::core::id::{ActId, ServiceId, SourceId};
use crate::core::time::{Person, Stamp, Utc};
use crate::core::words::on_word;
use crate::core::world::World;
use crate::core::world::alert::Matcher;
use crate::core::world::beside::Flag;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Milliseconds a silence lasts, at most (limits.md section 1).
pub const SILENCE_MOST_MS: i64 = 24 * 3_600_000;

/// What is asked of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SideAct {
    /// Alerts and pages, by their ids.
    Ack {
        alerts: Vec<Arc<str>>,
    },
    Silence {
        matchers: Vec<Matcher>,
        until: Utc,
        why: Arc<str>,
    },
    EndSilence {
        id: Arc<str>,
    },
    FlagOff {
        key: Arc<str>,
    },
    FlagOn {
        key: Arc<str>,
    },
    Wake {
        team: Arc<str>,
        person: Arc<str>,
        why: Arc<str>,
    },
    Tell {
        audience: Arc<str>,
        text: Arc<str>,
    },
    Revoke {
        service: ServiceId,
        version: Arc<str>,
        digest: Option<Arc<str>>,
        why: Arc<str>,
    },
}

/// What became of a flag since it was shown, where that is more than nothing. A change that left no trace in the words is
/// told by its time.
pub fn flag_differs(seen: &Flag, now: &Flag) -> Vec<String> {
    let mut all = Vec::new();
    if seen.on != now.on {
        all.push(format!("it was {} and is {}", on_word(seen.on), on_word(now.on)));
    }
    let share = |s: Option<f64>| s.map_or_else(|| "not told".to_owned(), |s| format!("{:.0}%", s * 100.0));
    if share(seen.share) != share(now.share) {
        all.push(format!("its share was {} and is {}", share(seen.share), share(now.share)));
    }
    if all.is_empty() && seen.changed != now.changed {
        let by = now.by.as_deref().unwrap_or("nobody it names");
        let at = now.changed.map(|t| format!(" at {}Z", t.hms())).unwrap_or_default();
        all.push(format!("{by} changed it{at}"));
    }
    all
}

impl SideAct {
    /// As a person says it, and as records do.
    pub fn word(&self) -> &'static str {
        match self {
            SideAct::Ack { .. } => "acknowledge",
            SideAct::Silence { .. } => "silence",
            SideAct::EndSilence { .. } => "end silence",
            SideAct::FlagOff { .. } => "flag off",
            SideAct::FlagOn { .. } => "flag on",
            SideAct::Wake { .. } => "wake",
            SideAct::Tell { .. } => "tell",
            SideAct::Revoke { .. } => "revoke",
        }
    }

    /// `None`: it goes neither way (product.md section 5).
    pub fn direction(&self) -> Option<Direction> {
        match self {
            SideAct::FlagOff { .. } => Some(Direction::Backward),
            SideAct::FlagOn { .. } => Some(Direction::Forward),
            SideAct::Ack { .. }
            | SideAct::Silence { .. }
            | SideAct::EndSilence { .. }
            | SideAct::Wake { .. }
            | SideAct::Tell { .. }
            | SideAct::Revoke { .. } => None,
        }
    }

    /// The console must be armed where the environment is production (limits.md section 1).
    pub fn is_armed(&self) -> bool {
        matches!(self, SideAct::FlagOn { .. } | SideAct::Revoke { .. })
    }

    /// The flag it turns. What it is about is read again before it goes out, as the target of an act is.
    pub fn flag(&self) -> Option<&Arc<str>> {
        match self {
            SideAct::FlagOff { key } | SideAct::FlagOn { key } => Some(key),
            SideAct::Ack { .. }
            | SideAct::Silence { .. }
            | SideAct::EndSilence { .. }
            | SideAct::Wake { .. }
            | SideAct::Tell { .. }
            | SideAct::Revoke { .. } => None,
        }
    }

    /// What it is about, in a word or two.
    pub fn subject(&self) -> String {
        match self {
            SideAct::Ack { alerts } => match alerts.as_slice() {
                [one] => one.to_string(),
                all => format!("{} alerts", all.len()),
            },
            SideAct::Silence { matchers, .. } => crate::core::alerts::matchers_said(matchers),
            SideAct::EndSilence { id } => id.to_string(),
            SideAct::FlagOff { key } | SideAct::FlagOn { key } => key.to_string(),
            SideAct::Wake { person, team, .. } => format!("{person} of {team}"),
            SideAct::Tell { audience, .. } => audience.to_string(),
            SideAct::Revoke { service, version, .. } => format!("{service} {version}"),
        }
    }

    /// The record that says that it was done.
    pub fn kind(&self) -> Kind {
        match self {
            SideAct::Ack { .. } => Kind::Acknowledged,
            SideAct::Silence { .. } | SideAct::EndSilence { .. } => Kind::Silenced,
            SideAct::FlagOff { .. } | SideAct::FlagOn { .. } => Kind::Flagged,
            SideAct::Wake { .. } => Kind::Woken,
            SideAct::Tell { .. } => Kind::Told,
            SideAct::Revoke { .. } => Kind::Revoked,
        }
    }

    /// Does what the source tells show it? `None`: no fact could. `sent`: a call before it was another one.
    pub fn shows(&self, world: &World, source: &SourceId, sent: Utc) -> Option<bool> {
        let alerts = || world.alerts.get(source);
        Some(match self {
            SideAct::Ack { alerts: ids } => {
                let all = &alerts()?.all;
                // One that is told no more has ended.
                ids.iter().all(|id| all.iter().find(|a| a.id == *id).is_none_or(|a| a.acked.is_some() || !a.firing))
            }
            SideAct::Silence { matchers, until, .. } => {
                alerts()?.silences.iter().any(|s| s.matchers == *matchers && s.until == *until)
            }
            SideAct::EndSilence { id } => !alerts()?.silences.iter().any(|s| s.id == *id && s.until > sent),
            SideAct::FlagOff { key } => world.flags.get(source)?.iter().any(|f| f.key == *key && !f.on),
            SideAct::FlagOn { key } => world.flags.get(source)?.iter().any(|f| f.key == *key && f.on),
            SideAct::Wake { team, person, .. } => {
                let calls = &world.on_call.get(source)?.1;
                // Clocks of two machines: a second is not another call.
                calls.iter().any(|c| c.team == *team && c.person == *person && c.at.0 + 1_000 >= sent.0)
            }
            SideAct::Tell { .. } => return None,
            SideAct::Revoke { service, version, .. } => {
                let all = world.artifacts.get(source)?;
                all.iter().any(|a| a.service == *service && a.version == *version && a.revoked.is_some())
            }
        })
    }
}

/// What the dialog shows and exactly what is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SidePlan {
    pub act: SideAct,
    pub source: SourceId,
    /// One sentence: what will happen to whom.
    pub sentence: Arc<str>,
    pub request: Request,
    pub not_undone: Vec<Arc<str>>,
    pub cautions: Vec<Arc<str>>,
    /// What shows that it was done, in words; empty where nothing will.
    pub done_words: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Made {
    Reading,
    Ready(Box<SidePlan>),
    Cannot(Arc<str>),
}

/// What a dialog with fields sends, where it sends anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sends {
    pub act: SideAct,
    pub source: SourceId,
    pub plan: Made,
    /// Set when a typed name is due.
    pub name: Option<NameField>,
    pub refused: Option<Arc<str>>,
    /// Confirmed: it waits for its intent.
    pub flight: Option<ActId>,
}

impl Sends {
    pub fn new(act: SideAct, source: SourceId) -> Sends {
        Sends { act, source, plan: Made::Reading, name: None, refused: None, flight: None }
    }

    pub fn ready(&self) -> Option<&SidePlan> {
        match &self.plan {
            Made::Ready(p) => Some(p),
            Made::Reading | Made::Cannot(_) => None,
        }
    }
}

fn fine() -> ReadBack {
    ReadBack::Fine
}

/// One of a session that has ended, as its intent tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    pub source: SourceId,
    /// `flag off`
    pub verb: Arc<str>,
    pub subject: Arc<str>,
    /// `None`: a record of before; it says what it was about and nothing can be asked for.
    pub act: Option<SideAct>,
}

impl Left {
    /// From the data of an intent; `None`: it is not a side act's.
    pub fn read(data: &Value) -> Option<Left> {
        let text = |k: &str| data[k].as_str().filter(|t| !t.is_empty());
        Some(Left {
            source: SourceId::new(text("source")?),
            verb: text("verb").unwrap_or("an act").into(),
            subject: text("subject")?.into(),
            act: serde_json::from_value(data["asks"].clone()).ok(),
        })
    }

    /// `flag off new-pricing at flags`
    pub fn words(&self) -> String {
        format!("{} {} at {}", self.verb, self.subject, self.source)
    }
}

/// One that was confirmed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    pub id: ActId,
    pub plan: SidePlan,
    pub ticket: Ticket,
    pub state: State,
    pub on_disk: OnDisk,
    pub begun: Stamp,
    /// What the actor saw.
    pub seen: Value,
    /// The flag as the dialog showed it.
    #[serde(default)]
    pub flag: Option<Flag>,
    /// Where it is read again before it goes out: how far that is.
    #[serde(default = "fine")]
    pub read_back: ReadBack,
    /// The name was typed for these reasons.
    pub named: Vec<Arc<str>>,
    pub look_only: bool,
    pub sent: Option<Stamp>,
    pub answered: Option<Stamp>,
    pub timeline: Vec<Line>,
    pub next_read: Option<Person>,
    /// Answers that were asked for after the request left.
    pub reads: u32,
}

impl Side {
    pub fn is_over(&self) -> bool {
        self.state.is_over()
    }

    pub fn is_backward(&self) -> bool {
        self.plan.act.direction() == Some(Direction::Backward)
    }

    pub fn note(&mut self, at: Utc, text: impl Into<Arc<str>>) {
        self.timeline.push(Line { at, text: text.into() });
    }

    /// `silence service="checkout"`
    pub fn words(&self) -> String {
        format!("{} {}", self.plan.act.word(), self.plan.act.subject())
    }
}
