//! Everything the console knows, as data. Changed only by `update`; drawn by `ui`; kept in a checkpoint of the tape.

use crate::core::act::cord::{Cord, Hold};
use crate::core::act::dialog::Dialog;
use crate::core::act::flight::Act;
use crate::core::act::many::Together;
use crate::core::act::plan::Ticket;
use crate::core::act::rules::Rules;
use crate::core::act::side::{Left, Side};
use crate::core::act::stuck::Reason;
use crate::core::case::bench::Bench;
use crate::core::case::casebook::Casebook;
use crate::core::case::claim::Claim;
use crate::core::case::desk::Desk;
use crate::core::case::ledger::Ledger;
use crate::core::case::note::Draft;
use crate::core::case::others::Others;
use crate::core::case::people::{Follows, Present, Told};
use crate::core::case::runbook::{Progress, Runbook};
use crate::core::chronicle::Chronicle;
use crate::core::errand::Errand;
use crate::core::id::{ActId, AskId, DialogId};
use crate::core::id::{Hash, ServiceId, SourceId, TargetId};
use crate::core::intent::Intent;
use crate::core::judge::burn::{Burn, Burns, Lines};
use crate::core::judge::judged::Judged;
use crate::core::judge::ripple::Ripple;
use crate::core::keymap::Keymap;
use crate::core::looked::Looked;
use crate::core::nav::Nav;
use crate::core::replayed::Replayed;
use crate::core::said::Said;
use crate::core::time::{Person, Stamp, Utc, World as WorldTime};
use crate::core::world::World;
use crate::core::world::evidence::LogsOf;
use crate::core::world::interest::Interest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The loud word in the first row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    Prod,
    /// An environment with `production = false`.
    Other,
    Drill,
    Replay,
}

/// One console looks at one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    pub name: Arc<str>,
    pub place: Place,
    /// Look-only at the start.
    pub production: bool,
    /// `--read-only`: holds for the whole session.
    pub read_only: bool,
    /// `mira@bastion-2`
    pub who: Arc<str>,
    /// A drill's one-line goal, shown on the waking screen.
    pub goal: Option<Arc<str>>,
}

impl Environment {
    /// This console's person: `mira`. An account may hold an `@` itself, a host's name never does.
    pub fn user(&self) -> &str {
        self.who.rsplit_once('@').map(|(user, _)| user).filter(|u| !u.is_empty()).unwrap_or(&self.who)
    }

    /// `bastion-2`; empty where it is not known.
    pub fn host(&self) -> &str {
        self.who.rsplit_once('@').map_or("", |(_, host)| host)
    }
}

/// limits.md section 4, as far as update decides by it. Milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    pub confirm_delay: i64,
    pub quiet: i64,
    pub arm: i64,
    pub reread: i64,
    pub durable: i64,
    pub same_act: i64,
    /// An act not seen after this long is stuck.
    pub seen: i64,
    pub waking: i64,
    pub quit_again: i64,
    /// Burn rates above which somebody hears of it.
    #[serde(default)]
    pub burn: Lines,
}

impl Limits {
    /// How long a fresh read may take. A release of many waits its turns: nothing is lost by that, and a line that was
    /// not read stays held.
    pub fn reread_of(&self, act: &Act) -> i64 {
        if act.is_release() { 10 * self.reread } else { self.reread }
    }

    /// The deadline for a reaction: the configured one, unless the backend knows that nothing can react so soon.
    pub fn seen_by(&self, planned: i64) -> i64 {
        if planned > Limits::default().seen { planned.max(self.seen) } else { self.seen }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            confirm_delay: 700,
            quiet: 300,
            arm: 10 * 60_000,
            reread: 2_000,
            durable: 500,
            same_act: 5_000,
            seen: 15_000,
            waking: 3_000,
            quit_again: 3_000,
            burn: Lines::default(),
        }
    }
}

/// How the console looks and sounds, as far as the core must know: names, never colours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub theme: Arc<str>,
    /// Themes that can be tried with `:theme`, the shipped ones and the user's own.
    pub themes: Vec<Arc<str>>,
    /// `--plain`: one line for each event, no screen.
    pub plain: bool,
    /// `--reduced-motion`: nothing on screen moves by itself but figures.
    pub reduced_motion: bool,
    pub mouse: bool,
    pub bell: bool,
    pub title: bool,
}

/// Why a question was asked, so that its answer finds its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Purpose {
    Backfill {
        target: TargetId,
        from: i64,
        count: u32,
    },
    /// An unknown outcome is resolved by reading.
    Unknown(ActId),
    /// The same of a side act.
    Side(ActId),
    /// What a side act is about, before it goes out.
    SideAgain(ActId),
    /// The server found an act's guards broken: what changed under it.
    Differs(ActId),
    /// What an open dialog would send, tried without being stored.
    DryRun(DialogId),
    /// The intent of an ended session.
    Unfinished(usize),
    /// Whether going back would work.
    WayBack(TargetId),
    Evidence(TargetId),
    Logs(LogsOf),
    Raw(TargetId),
    Check {
        runbook: Arc<str>,
        step: u32,
        /// As it was asked, its facts filled in.
        query: Arc<str>,
    },
    /// A figure of the runbook on screen; nothing is judged by it.
    Look {
        text: Arc<str>,
    },
}

/// The log as this session sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogState {
    /// The last lines, newest last; for the strip.
    pub lines: VecDeque<LogLine>,
    pub records: u64,
    /// Nothing forward goes out meanwhile.
    pub failed: Option<Arc<str>>,
    /// The disk does not answer. Nothing forward goes out meanwhile.
    #[serde(default)]
    pub hung: Option<Arc<str>>,
    /// Intents whose request went first: kept in memory and in the fallback file until the log takes them.
    #[serde(default)]
    pub late: BTreeSet<Ticket>,
    pub mine_only: bool,
    pub file: Arc<str>,
    /// Our session, once the log is open. Empty before.
    #[serde(default)]
    pub session: Arc<str>,
    /// Log files that could not be read to their end, with the reason.
    #[serde(default)]
    pub unread: Vec<(Arc<str>, Arc<str>)>,
    /// When a record of ours was last found on disk.
    #[serde(default)]
    pub on_disk: Option<Utc>,
    /// How others' records are found.
    #[serde(default)]
    pub follows: Follows,
}

impl LogState {
    /// Why an intent would not get to disk now, as far as is known. A dialog that goes back asks for the name at once.
    pub fn trouble(&self) -> Option<Arc<str>> {
        let why = self.failed.as_ref().or(self.hung.as_ref())?;
        Some(format!("the log does not take it: {why}").into())
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    pub at: Utc,
    pub text: Arc<str>,
    /// The person who did it; empty where it happened by itself, or where the text says who.
    #[serde(default)]
    pub who: Arc<str>,
}

/// An intent of an ended session without an outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loose {
    pub session: Arc<str>,
    pub ticket: u64,
    pub words: Arc<str>,
    pub target: Option<TargetId>,
    pub at: Utc,
    /// What reading back found.
    pub found: Option<Arc<str>>,
    /// When it is read back again.
    pub next: Option<Person>,
    /// Steps that had their effect, and how many there are, where a plan was cut half-way.
    #[serde(default)]
    pub cut: Option<(u64, u64)>,
    /// `roll back`
    #[serde(default)]
    pub verb: Arc<str>,
    /// The version its plan goes to.
    #[serde(default)]
    pub to: Option<Hash>,
    /// Who began it.
    #[serde(default)]
    pub by: Arc<str>,
    /// It is a request of the cord, about this candidate.
    #[serde(default)]
    pub cord: Option<Hold>,
    /// It is a side act, about no target.
    #[serde(default)]
    pub side: Option<Box<Left>>,
    /// Closed by a `resolved` record of ours.
    #[serde(default)]
    pub closed: bool,
}

impl Loose {
    /// A plan that was cut half-way and is not finished.
    pub fn is_cut(&self) -> bool {
        self.cut.is_some() && !self.closed
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    pub dialog: u64,
    pub act: u64,
    pub ticket: u64,
    pub ask: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Model {
    pub environment: Environment,
    pub limits: Limits,
    pub settings: Settings,
    /// What `--plain` has said already; empty on a screen.
    #[serde(default)]
    pub said: Said,
    pub keymap: Keymap,
    pub now: Stamp,
    pub started: Stamp,
    pub width: u16,
    pub height: u16,
    /// Raised by every change that could show.
    pub revision: u64,
    /// Rows worst first; rebuilt from the rest.
    #[serde(skip)]
    pub rows: Vec<crate::core::row::Row>,
    /// A tape that begins here must know it as well.
    #[serde(default)]
    pub rows_dirty: bool,
    /// The second of person time in which figures were last looked at for their age.
    pub aged_at: i64,
    pub world: World,
    #[serde(with = "crate::core::pairs")]
    pub judged: BTreeMap<TargetId, Judged>,
    /// Verdicts somebody acknowledged, as (candidate, look): a target that is judged anew, or was not seen yet when the
    /// record was read, knows them.
    #[serde(default, with = "crate::core::pairs")]
    pub acked: BTreeMap<TargetId, Vec<(Hash, Utc)>>,
    pub burns: BTreeMap<ServiceId, Burns>,
    /// What burns more since each moving deploy began.
    #[serde(default, with = "crate::core::pairs")]
    pub ripples: BTreeMap<TargetId, Ripple>,
    pub nav: Nav,
    pub dialog: Option<Dialog>,
    #[serde(with = "crate::core::pairs")]
    pub acts: BTreeMap<ActId, Act>,
    #[serde(with = "crate::core::pairs")]
    pub tickets: BTreeMap<Ticket, ActId>,
    /// Side acts that sent a request, the newest.
    #[serde(default, with = "crate::core::pairs")]
    pub sides: BTreeMap<ActId, Side>,
    /// The alerts of all sources, folded. Made anew only when one tells or time changes it.
    #[serde(skip)]
    pub alerts: crate::core::alerts::List,
    /// What the log last said of each fold of alerts: those that fire, and how many are held back.
    #[serde(default)]
    pub folds_said: BTreeMap<Arc<str>, Folded>,
    /// Sources whose alerts have been told once: what they said then is no news.
    #[serde(default)]
    pub alerts_from: BTreeSet<SourceId>,
    /// Armed until then; `None`: LOOK-ONLY.
    pub armed_until: Option<Person>,
    #[serde(with = "crate::core::pairs")]
    pub asks: BTreeMap<AskId, Purpose>,
    pub log: LogState,
    pub loose: Vec<Loose>,
    /// What the records say of incidents.
    #[serde(default)]
    pub casebook: Casebook,
    /// What the records say of changes: ticks, emergencies, watches, smoke checks.
    #[serde(default)]
    pub ledger: Ledger,
    /// What the environment asks for before something goes forward.
    #[serde(default)]
    pub rules: Rules,
    /// The newest records of all sessions.
    #[serde(default)]
    pub chronicle: Chronicle,
    /// A log that is played again: nothing here is asked of a source, written or sent.
    #[serde(default)]
    pub replay: Option<Box<Replayed>>,
    /// What this console remembers of the case beside the records.
    #[serde(default)]
    pub desk: Desk,
    /// The other consoles on this log.
    #[serde(default)]
    pub people: Vec<Present>,
    /// Acts that are under way from other consoles.
    #[serde(default)]
    pub others: Others,
    /// What our live file was last told.
    #[serde(default)]
    pub told: Told,
    /// Who the person at a shared account is.
    #[serde(default)]
    pub claim: Claim,
    /// Which cluster answers under each source's name.
    #[serde(default)]
    pub pinned: crate::core::act::identity::Pinned,
    /// Whom each source takes us for, as last recorded: user and groups.
    #[serde(default)]
    pub known_as: BTreeMap<SourceId, (Arc<str>, Vec<Arc<str>>)>,
    pub runbooks: BTreeMap<Arc<str>, Runbook>,
    /// Where their steps stand: read off the bench, kept because screens ask often.
    pub progress: BTreeMap<Arc<str>, Progress>,
    /// What the records say of runbooks, and what of them is under way here.
    #[serde(default)]
    pub bench: Bench,
    /// A note that was left and is offered again.
    pub draft: Option<Draft>,
    /// World seconds a second, in a drill; 0: its time stands.
    pub speed: u32,
    /// What the drill's scenario says to who asks, and how much of it was asked for.
    #[serde(default)]
    pub hints: Vec<Arc<str>>,
    #[serde(default)]
    pub hints_given: usize,
    /// One line of notice, with when it goes.
    pub notice: Option<(Arc<str>, Person)>,
    pub counters: Counters,
    /// What the log last said of each source.
    pub source_said: BTreeMap<SourceId, Arc<str>>,
    /// What interest was last told to the engine.
    pub interest: Interest,
    /// What hinders acts that are stuck, as last recorded.
    #[serde(default)]
    pub hindered: BTreeMap<ActId, Reason>,
    /// Sources that took no trace of an act, and said so.
    #[serde(default)]
    pub unmarked: BTreeSet<SourceId>,
    /// The act a command line asked for.
    #[serde(default)]
    pub errand: Option<Box<Errand>>,
    /// What the records say of the cord.
    #[serde(default)]
    pub cord: Cord,
    /// The acts of the last `Y` over several targets, until what came of them has been told.
    #[serde(default)]
    pub batch: Option<Together>,
    /// What is looked at on Evidence.
    #[serde(default)]
    pub looked: Looked,
    /// The person pressed `q` once at this moment.
    pub quit_asked: Option<Person>,
    /// TERM, INT, HUP, or the terminal went: no more acts.
    pub ending: bool,
    /// Sources whose configuration is at fault or not built; shown red.
    pub problems: Vec<Arc<str>>,
    /// What the bell last listened to.
    #[serde(default)]
    pub heard: Heard,
    /// The command that opened this console, for links: `andon --env prod`.
    pub opened_as: Arc<str>,
    /// Contexts of the first list, when there is one.
    pub contexts: Vec<Context>,
    /// How a note is edited; handed in, so that the core needs no widget library.
    #[serde(skip, default = "crate::core::case::note::no_editor")]
    pub editor: crate::core::case::note::Editor,
    /// What is chosen, as text for the clipboard. Handed in like the editor: the words are the screens' own. Must be pure.
    #[serde(skip, default = "nothing_to_copy")]
    pub copier: Copier,
}

/// The chosen thing in several lines, or nothing.
pub type Copier = fn(&Model) -> String;

/// Used where there are no screens.
pub fn nothing_to_copy() -> Copier {
    |_| String::new()
}

/// A fold of alerts as the log last told it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    pub firing: BTreeSet<(SourceId, Arc<str>)>,
    pub held: usize,
    /// Its title and service, for when it ends.
    pub title: Arc<str>,
    pub service: Option<ServiceId>,
}

/// The worst trouble when the bell last listened, and when it rang.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Revision of the model then.
    pub revision: u64,
    /// Rank of the alarm row's first line and how many have it; `None`: nothing is wrong.
    pub worst: Option<(u8, usize)>,
    pub rang: Option<Person>,
}

/// One line of the first list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    pub name: Arc<str>,
    pub cluster: Arc<str>,
    pub namespace: Option<Arc<str>>,
    pub current: bool,
}

impl Model {
    /// The burn that decides for a service: its worst.
    pub fn burn(&self, service: &ServiceId) -> Option<&Burn> {
        self.burns.get(service).map(Burns::deciding)
    }

    pub fn new(environment: Environment, keymap: Keymap, now: Stamp) -> Model {
        Model {
            environment,
            limits: Limits::default(),
            settings: Settings::default(),
            said: Said::default(),
            keymap,
            now,
            started: now,
            width: 80,
            height: 23,
            revision: 0,
            rows: Vec::new(),
            rows_dirty: true,
            aged_at: -1,
            world: World::default(),
            judged: BTreeMap::new(),
            acked: BTreeMap::new(),
            burns: BTreeMap::new(),
            ripples: BTreeMap::new(),
            nav: Nav::default(),
            dialog: None,
            acts: BTreeMap::new(),
            tickets: BTreeMap::new(),
            sides: BTreeMap::new(),
            alerts: crate::core::alerts::List::default(),
            folds_said: BTreeMap::new(),
            alerts_from: BTreeSet::new(),
            armed_until: None,
            asks: BTreeMap::new(),
            log: LogState::default(),
            loose: Vec::new(),
            casebook: Casebook::default(),
            ledger: Ledger::default(),
            rules: Rules::default(),
            chronicle: Chronicle::default(),
            replay: None,
            desk: Desk::default(),
            people: Vec::new(),
            others: Others::default(),
            told: Told::default(),
            claim: Claim::default(),
            pinned: crate::core::act::identity::Pinned::default(),
            known_as: BTreeMap::new(),
            runbooks: BTreeMap::new(),
            progress: BTreeMap::new(),
            bench: Bench::default(),
            draft: None,
            speed: 1,
            hints: Vec::new(),
            hints_given: 0,
            notice: None,
            counters: Counters { dialog: 0, act: 0, ticket: 0, ask: 0 },
            source_said: BTreeMap::new(),
            interest: Interest::default(),
            errand: None,
            cord: Cord::default(),
            batch: None,
            hindered: BTreeMap::new(),
            unmarked: BTreeSet::new(),
            looked: Looked::default(),
            quit_asked: None,
            ending: false,
            problems: Vec::new(),
            heard: Heard::default(),
            opened_as: "andon".into(),
            contexts: Vec::new(),
            editor: crate::core::case::note::no_editor(),
            copier: nothing_to_copy(),
        }
    }

    pub fn is_armed(&self) -> bool {
        !self.environment.read_only && self.armed_until.is_some_and(|t| t > self.now.person)
    }

    pub fn utc(&self) -> Utc {
        self.now.utc
    }

    pub fn world_time(&self) -> WorldTime {
        self.now.world
    }

    pub fn next_dialog(&mut self) -> DialogId {
        self.counters.dialog += 1;
        DialogId(self.counters.dialog)
    }

    pub fn next_act(&mut self) -> ActId {
        self.counters.act += 1;
        ActId(self.counters.act)
    }

    pub fn next_ticket(&mut self) -> Ticket {
        self.counters.ticket += 1;
        Ticket(self.counters.ticket)
    }

    pub fn next_ask(&mut self, why: Purpose) -> AskId {
        self.counters.ask += 1;
        let id = AskId(self.counters.ask);
        self.asks.insert(id, why);
        id
    }

    /// Say something for a few seconds: in one line, or in a few where it does not fit. What is long stays longer.
    pub fn tell(&mut self, text: impl Into<Arc<str>>) {
        let text = text.into();
        let more = i64::try_from(text.chars().count().saturating_sub(80)).unwrap_or(i64::MAX).min(300) * 60;
        self.notice = Some((text, Person(self.now.person.0 + 5_000 + more)));
    }

    /// The question who is at this shared account stands in the last rows, and Enter and Esc are its keys: nothing else is
    /// open or being said there.
    pub fn asks_who(&self) -> bool {
        self.claim.asks
            && self.claim.is_open()
            && self.dialog.is_none()
            && self.nav.overlay.is_none()
            && self.nav.pending.is_empty()
            && self.notice.is_none()
            && !self.nav.filter.as_ref().is_some_and(|f| f.typing)
            && !matches!(self.nav.screen, crate::core::nav::Screen::Waking | crate::core::nav::Screen::Choose)
    }

    /// How this is asked for here: its keys, or its words in `--plain`.
    pub fn how(&self, i: Intent) -> String {
        match (self.settings.plain, i.is_act()) {
            (true, true) => format!("act {}", i.name()),
            (true, false) => i.name().into(),
            (false, _) => self.keymap.shown(i).unwrap_or_default(),
        }
    }

    /// Acts that have not come to an end, newest first.
    pub fn acts_in_flight(&self) -> impl Iterator<Item = &Act> {
        self.acts.values().rev().filter(|a| !a.is_over())
    }

    /// The newest act on a target, over or not.
    pub fn last_act(&self, target: &TargetId) -> Option<&Act> {
        self.acts.values().rev().find(|a| a.target() == target)
    }
}
