//! One incident, as its records tell it. A record may come before the one that opened the incident: it waits here.

use super::known::{Known, Rests, insert, latest};
use crate::core::entry::Kind;
use crate::core::record::Record;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Acts and decisions kept for the status text; the log has the rest.
const ACTIONS: usize = 60;
/// Decisions, and times stakeholders were told.
const WORDS: usize = 200;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    #[default]
    Open,
    /// Users are no longer hurt; the cause is still there.
    Mitigated,
    Resolved,
}

impl State {
    pub const ALL: [State; 3] = [State::Open, State::Mitigated, State::Resolved];

    pub fn word(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Mitigated => "mitigated",
            State::Resolved => "resolved",
        }
    }

    pub fn read(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// Why an incident was opened and when it began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// `first WORSE`, `3x burn`, `by hand`.
    pub why: String,
    pub service: Option<String>,
    /// The name of the rollout it was opened on.
    #[serde(default)]
    pub target: Option<String>,
    /// `checkout@eu-1` of it.
    #[serde(default)]
    pub at: Option<String>,
    /// The hash of the version that moved there then.
    #[serde(default)]
    pub candidate: Option<String>,
    /// The first bad signal, which may be long before the opening.
    pub first_bad: Option<Utc>,
    pub first_bad_rests: Option<Rests>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Closing {
    /// Lines of the checklist that nothing had ticked.
    pub holes: Vec<String>,
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeadChange {
    #[default]
    Taken,
    Given,
    /// Five minutes without a key.
    Lapsed,
    /// The leading console ended.
    Left,
}

impl LeadChange {
    pub const ALL: [LeadChange; 4] = [LeadChange::Taken, LeadChange::Given, LeadChange::Lapsed, LeadChange::Left];

    pub fn word(self) -> &'static str {
        match self {
            LeadChange::Taken => "taken",
            LeadChange::Given => "given",
            LeadChange::Lapsed => "lapsed",
            LeadChange::Left => "left",
        }
    }
}

/// Who leads from then on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Leading {
    /// `None`: nobody.
    pub lead: Option<String>,
    pub what: LeadChange,
    /// Who led before.
    pub from: Option<String>,
    pub why: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub text: String,
    pub reason: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub audience: String,
    pub text: String,
}

/// Something done while the incident was open, in a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// The record's kind.
    pub kind: String,
    pub text: String,
    pub target: Option<String>,
    /// The act's number in its session.
    pub act: Option<u64>,
    /// The verb of an act.
    pub verb: Option<String>,
}

/// What a record speaks of: its service as the data say it, and the name of its target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Of {
    pub service: Option<String>,
    pub target: Option<String>,
}

impl Of {
    fn read(r: &Record) -> Of {
        let text = |v: &Value| v.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
        Of { service: text(&r.data["service"]), target: r.target.as_ref().and_then(|t| text(&t["name"])) }
    }
}

/// A roll-back that settled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Back {
    /// The act's number in its session.
    pub act: u64,
    pub of: Of,
}

/// A bad signal while it was open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bad {
    pub words: String,
    pub of: Of,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// `i-0412`
    pub id: String,
    /// `None`: only records that belong to it have come so far; not shown.
    pub opened: Option<Known<Opening>>,
    pub titled: Option<Known<String>>,
    /// 1 (worst) to 4.
    pub ranked: Option<Known<u8>>,
    pub stands: Option<Known<State>>,
    /// Who leads, and since when: the claim's age.
    pub led: Option<Known<Leading>>,
    /// Every hand-over, in order.
    pub leads: Vec<Known<Leading>>,
    /// Changes of state, in order.
    pub states: Vec<Known<State>>,
    pub closed: Option<Known<Closing>>,
    pub decisions: Vec<Known<Decision>>,
    /// Stakeholders told; the newest one has the age.
    pub told: Vec<Known<Told>>,
    /// What was done: sent, settled, stuck, undone, decided.
    pub actions: Vec<Known<Action>>,
    /// The first bad signal of each service on record while it was open, whatever the incident is about; in order.
    pub signals: Vec<Known<Bad>>,
    /// The first record that holds what was seen: an intent's figures, or a note with its time.
    pub captured: Option<Known<String>>,
    /// Roll-backs that settled while it was open, whatever they were of.
    pub backs: Vec<Known<Back>>,
    /// Acts that were taken back: session, act.
    pub undone: Vec<(String, u64)>,
    /// Ticked by hand: the item's word and how.
    pub ticked: Vec<Known<(String, String)>>,
    /// Records that belong to it.
    pub records: u64,
}

impl Incident {
    pub fn is_open(&self) -> bool {
        self.opened.is_some() && self.closed.is_none()
    }

    pub fn title(&self) -> &str {
        self.titled.as_ref().map_or("no title", |t| &t.value)
    }

    /// 1 (worst) to 4.
    pub fn severity(&self) -> u8 {
        self.ranked.as_ref().map_or(3, |s| s.value)
    }

    pub fn state(&self) -> State {
        self.stands.as_ref().map_or(State::Open, |s| s.value)
    }

    /// `None`: nobody leads.
    pub fn lead(&self) -> Option<&str> {
        self.led.as_ref()?.value.lead.as_deref()
    }

    pub fn service(&self) -> Option<&str> {
        self.opened.as_ref()?.value.service.as_deref()
    }

    pub fn opened_at(&self) -> Utc {
        self.opened.as_ref().map_or(Utc(0), |o| o.at)
    }

    /// The first bad signal, else the opening: the stopwatch runs from here.
    pub fn began(&self) -> Utc {
        self.opened.as_ref().and_then(|o| o.value.first_bad).unwrap_or_else(|| self.opened_at())
    }

    /// Is it about this? All is, where the opening names no service, and so is a record that names nothing. Asked when it
    /// is read and not when a record is taken, for the opening may come after it.
    fn concerns(&self, of: &Of) -> bool {
        let Some(opening) = self.opened.as_ref().map(|o| &o.value) else { return true };
        let Some(service) = &opening.service else { return true };
        match (&of.service, &of.target) {
            (Some(s), _) => s == service,
            // A target is mostly called like its service.
            (None, Some(t)) => t == service || Some(t) == opening.target.as_ref(),
            (None, None) => true,
        }
    }

    /// The first bad signal of its service on record while it was open.
    pub fn signal(&self) -> Option<Known<String>> {
        let first = self.signals.iter().find(|s| self.concerns(&s.value.of))?;
        Some(first.clone().map(|s| s.words))
    }

    /// When users were no longer hurt: the first roll-back of its service that settled and stayed, else the first word that says so.
    pub fn mitigated(&self) -> Option<Known<String>> {
        let back = self.first_back(self, |_| true);
        let said = self.states.iter().find(|s| s.value != State::Open && self.state() != State::Open);
        let said = said.map(|s| s.clone().map(|s| s.word().to_owned()));
        [back, said].into_iter().flatten().min_by(|a, b| a.key().cmp(&b.key()))
    }

    /// It began, and nobody had opened it yet.
    fn is_early(&self, at: Utc) -> bool {
        self.opened.is_some() && self.began() <= at && at < self.opened_at()
    }

    /// Of what was done while no incident was open, what was done about this one.
    pub(super) fn early<'a>(&'a self, outside: &'a Incident) -> impl Iterator<Item = &'a Known<Action>> {
        let name = |a: &Action| a.target.as_ref().and_then(|t| t.split('@').next()).map(str::to_owned);
        let mine = move |a: &&Known<Action>| {
            self.is_early(a.at) && self.concerns(&Of { service: None, target: name(&a.value) })
        };
        outside.actions.iter().filter(mine)
    }

    /// The first roll back of those that settled and stayed.
    pub(super) fn early_back(&self, outside: &Incident) -> Option<Known<String>> {
        self.first_back(outside, |b| self.is_early(b.at))
    }

    /// Of the roll backs kept in `of` the first one about this incident that settled and that nobody took back.
    fn first_back(&self, of: &Incident, counts: impl Fn(&Known<Back>) -> bool) -> Option<Known<String>> {
        let stayed = |b: &Known<Back>| {
            let it = (b.rests.session.clone(), b.value.act);
            !of.undone.contains(&it) && !self.undone.contains(&it)
        };
        let back = of.backs.iter().find(|b| counts(b) && self.concerns(&b.value.of) && stayed(b))?;
        Some(back.clone().map(|_| "rolled back and settled".to_owned()))
    }

    pub fn last_told(&self) -> Option<&Known<Told>> {
        self.told.last()
    }

    /// A record that belongs to it or speaks of it.
    pub(super) fn take(&mut self, kind: Kind, r: &Record) {
        self.records += 1;
        let d = &r.data;
        let text = |k: &str| d[k].as_str().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
        match kind {
            Kind::IncidentOpened => {
                let opening = Opening {
                    why: text("why").unwrap_or_default(),
                    service: text("service"),
                    target: Of::read(r).target,
                    at: r.target_at(),
                    candidate: text("candidate"),
                    first_bad: text("first_bad").and_then(|t| Utc::read(&t)),
                    first_bad_rests: Rests::read(&d["first_bad_rests"]),
                };
                super::known::earliest(&mut self.opened, Known::by(r, opening));
                self.words(r);
                latest(&mut self.stands, Known::by(r, State::Open));
                if let Some(lead) = text("lead") {
                    self.leads(Known::by(r, Leading { lead: Some(lead), ..Leading::default() }));
                }
            }
            Kind::IncidentChanged => {
                self.words(r);
                self.state_said(r);
            }
            Kind::IncidentClosed => {
                self.state_said(r);
                let holes = d["holes"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
                let closing = Closing { holes: holes.collect(), reason: text("reason") };
                super::known::earliest(&mut self.closed, Known::by(r, closing));
            }
            Kind::Lead => {
                let what = LeadChange::ALL.into_iter().find(|w| Some(w.word()) == d["what"].as_str());
                let what = what.unwrap_or_default();
                let lead = match what {
                    LeadChange::Taken => text("lead").or_else(|| Some(r.who().to_owned())),
                    LeadChange::Given => text("lead"),
                    LeadChange::Lapsed | LeadChange::Left => None,
                };
                self.leads(Known::by(r, Leading { lead, what, from: text("from"), why: text("why") }));
            }
            Kind::Decision => {
                let decision =
                    Decision { text: text("text").unwrap_or_default(), reason: text("reason").unwrap_or_default() };
                self.action(r, format!("decided: {}", decision.text));
                insert(&mut self.decisions, Known::by(r, decision), WORDS);
            }
            Kind::Told => {
                let told =
                    Told { audience: text("audience").unwrap_or_default(), text: text("text").unwrap_or_default() };
                insert(&mut self.told, Known::by(r, told), WORDS);
            }
            Kind::Ticked => {
                if let Some(item) = text("item") {
                    let how = text("how").unwrap_or_default();
                    insert(&mut self.ticked, Known::by(r, (item, how)), WORDS);
                }
            }
            Kind::Intent => {
                if !d["seen"].is_null() {
                    self.captured(r, "figures of an act".into());
                }
            }
            Kind::Note => {
                if text("about").is_some() {
                    self.captured(r, "a note with its time".into());
                }
            }
            Kind::Verdict | Kind::Burn | Kind::Alert => {
                if let Some(words) = super::signal::bad(kind, r) {
                    self.signalled(Known::by(r, Bad { words, of: Of::read(r) }));
                }
            }
            Kind::Sent | Kind::Refused | Kind::Unknown | Kind::Stuck => {
                self.action(r, verb_line(kind, r));
            }
            Kind::Settled => {
                self.action(r, verb_line(kind, r));
                if d["verb"].as_str() == Some("roll back")
                    && let Some(act) = d["act"].as_u64()
                {
                    insert(&mut self.backs, Known::by(r, Back { act, of: Of::read(r) }), WORDS);
                }
            }
            Kind::Undone => {
                self.action(r, verb_line(kind, r));
                if let Some(act) = d["act"].as_u64() {
                    let it = (r.session.clone(), act);
                    if let Err(at) = self.undone.binary_search(&it) {
                        self.undone.insert(at, it);
                    }
                }
            }
            // What they did to whom is said in their own words.
            Kind::Silenced | Kind::Woken | Kind::Flagged | Kind::Revoked => self.action(r, crate::core::words::said(r)),
            Kind::Opened
            | Kind::Closed
            | Kind::Armed
            | Kind::Disarmed
            | Kind::Accepted
            | Kind::Seen
            | Kind::Resolved
            | Kind::Changed
            | Kind::Phase
            | Kind::Source
            | Kind::Runbook
            | Kind::Acknowledged
            | Kind::Figures
            | Kind::FollowUp
            | Kind::Debt
            | Kind::Who
            | Kind::Identity
            | Kind::Anchored
            | Kind::Frozen
            | Kind::Thawed
            | Kind::Loose
            | Kind::Emergency
            | Kind::Checklist
            | Kind::Promoted => {}
        }
    }

    fn words(&mut self, r: &Record) {
        if let Some(title) = r.data["title"].as_str().map(str::trim).filter(|t| !t.is_empty()) {
            latest(&mut self.titled, Known::by(r, title.to_owned()));
        }
        if let Some(n) = r.data["severity"].as_u64().and_then(|n| u8::try_from(n).ok()).filter(|n| (1..=4).contains(n))
        {
            latest(&mut self.ranked, Known::by(r, n));
        }
    }

    fn state_said(&mut self, r: &Record) {
        if let Some(state) = r.data["state"].as_str().and_then(State::read) {
            latest(&mut self.stands, Known::by(r, state));
            insert(&mut self.states, Known::by(r, state), WORDS);
        }
    }

    fn leads(&mut self, k: Known<Leading>) {
        insert(&mut self.leads, k.clone(), WORDS);
        latest(&mut self.led, k);
    }

    /// The first of each; a list of theirs in log order, so that no order of arrival shows.
    fn signalled(&mut self, new: Known<Bad>) {
        match self.signals.iter_mut().find(|s| s.value.of == new.value.of) {
            Some(old) if old.key() > new.key() => *old = new,
            Some(_) => {}
            None => self.signals.push(new),
        }
        self.signals.sort_by(|a, b| a.key().cmp(&b.key()));
    }

    fn captured(&mut self, r: &Record, how: String) {
        super::known::earliest(&mut self.captured, Known::by(r, how));
    }

    fn action(&mut self, r: &Record, text: String) {
        let action = Action {
            kind: r.kind.clone(),
            text,
            target: r.target_at(),
            act: r.data["act"].as_u64(),
            verb: r.data["verb"].as_str().map(str::to_owned),
        };
        insert(&mut self.actions, Known::by(r, action), ACTIONS);
    }
}

/// `roll back checkout@eu-1 to v2.14.0: settled`
fn verb_line(kind: Kind, r: &Record) -> String {
    let d = &r.data;
    let s = |k: &str| d[k].as_str().unwrap_or_default();
    let to = d["to_version"].as_str().map(|v| format!(" to {v}")).unwrap_or_default();
    let did = match kind {
        Kind::Sent => "sent".to_owned(),
        Kind::Refused => format!("REFUSED, {}", s("why")),
        Kind::Unknown => format!("outcome unknown, {}", s("why")),
        Kind::Stuck => format!("STUCK, {}", s("why")),
        Kind::Settled => match d["took_ms"].as_i64() {
            Some(ms) => format!("settled after {}", crate::core::age::span(ms)),
            None => "settled".to_owned(),
        },
        Kind::Undone => format!("UNDONE by {}", s("by")),
        other => other.word().to_owned(),
    };
    format!("{} {}{to}: {did}", s("verb"), r.target_at().unwrap_or_default())
}
