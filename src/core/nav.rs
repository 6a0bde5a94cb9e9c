//! Where the person is: screen, selection, what is half typed. By identity, never by row.

mod at;

pub use at::At;

use crate::core::act::pick::Pick;
use crate::core::case::known::Rests;
use crate::core::case::note::Draft;
use crate::core::cell::Cell;
use crate::core::id::{ServiceId, TargetId};
use crate::core::key::Key as Typed;
use crate::core::record::Key;
use crate::core::time::Person;
use crate::core::world::evidence::LogsOf;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Screen {
    #[default]
    Waking,
    /// The first list: contexts, the drill.
    Choose,
    Verdict,
    Board,
    Runbook,
    Sources,
    /// Instances, events, probes of the chosen target.
    Evidence,
    /// The incident: lead, checklist, people, debts, the log.
    Incident,
    /// Promoted changes inside their 72 hours.
    Watch,
    /// What fires, folded.
    Alerts,
    /// What changed beside how it felt.
    Timeline,
}

/// Log lines under a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    pub of: LogsOf,
    /// Lines that are newer than the last one shown; 0 follows.
    pub back: u32,
    /// The instance it was opened on, for the way back from both tracks.
    #[serde(default)]
    pub instance: Option<std::sync::Arc<str>>,
}

/// The log browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Browser {
    /// The chosen record. `None`: the newest, and whatever comes.
    pub chosen: Option<Key>,
    /// Its full text is open, scrolled by this many rows.
    pub open: Option<u16>,
}

impl Screen {
    /// The word by which it is asked for.
    pub fn word(self) -> &'static str {
        match self {
            Screen::Waking => "waking",
            Screen::Choose => "choose",
            Screen::Verdict => "verdict",
            Screen::Board => "board",
            Screen::Runbook => "runbook",
            Screen::Sources => "sources",
            Screen::Evidence => "evidence",
            Screen::Incident => "incident",
            Screen::Watch => "watch",
            Screen::Alerts => "alerts",
            Screen::Timeline => "timeline",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Overlay {
    /// How the verdict was computed; scrolled by this many rows.
    Explain {
        scroll: u16,
    },
    Help {
        scroll: u16,
    },
    Note(Draft),
    /// `:` and what is typed behind it.
    Palette(Field),
    /// The log, record by record.
    Log(Browser),
    /// Log lines of instances; scrolled by this many rows from the newest.
    Lines(Lines),
    /// The object as the server has it.
    Raw {
        target: TargetId,
        scroll: u16,
    },
    /// Which version, or which of two acts, before the act's own dialog.
    Pick(Pick),
    /// Which answer to a runbook's question.
    Answer {
        runbook: std::sync::Arc<str>,
        step: u32,
        /// From 0.
        row: usize,
    },
    /// A reason being typed, for a runbook step that is skipped.
    SkipReason {
        step: usize,
        typed: String,
    },
    /// Who is at this shared account: the name being typed.
    Who {
        typed: String,
        /// Nothing speaks for words that were meant for another window. Else Enter counts only after a second without a key.
        #[serde(default)]
        quiet: bool,
        /// What lay there before; it comes back.
        under: Option<Box<Overlay>>,
    },
}

/// A one-line text field with suggestions under it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub typed: String,
    /// Which suggestion is chosen, 0 is the best.
    pub chosen: usize,
    /// It was chosen with a key of its own (up, down, tab), not by being the best.
    pub by_hand: bool,
    /// No key came for a second before it opened. Else what is typed may be meant for another window.
    pub quiet: bool,
    /// Some of it was pasted.
    pub pasted: bool,
    /// Enter was pressed on something that asks for a second Enter.
    pub again: bool,
    /// What an act would act on: chosen when it opened, so that rows may move.
    pub target: Option<TargetId>,
    /// What lay over the screen before; leaving brings it back.
    pub under: Option<Box<Overlay>>,
}

/// A list that can be filtered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Listing {
    /// Board and Verdict.
    #[default]
    Services,
    Sources,
    /// Of the runbook on screen.
    Steps,
    Help,
    /// The log browser.
    Records,
    /// Folds of alerts.
    Alerts,
}

/// Panes of the wide layout (product.md section 3); focus moves with Tab. Acts act on the Board's selection whichever
/// has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Pane {
    #[default]
    Board,
    Verdict,
    Runbook,
    Log,
}

impl Pane {
    /// The pane that shows what a screen shows.
    pub fn of(screen: Screen) -> Option<Pane> {
        match screen {
            Screen::Board => Some(Pane::Board),
            Screen::Verdict => Some(Pane::Verdict),
            Screen::Runbook => Some(Pane::Runbook),
            Screen::Waking
            | Screen::Choose
            | Screen::Sources
            | Screen::Evidence
            | Screen::Incident
            | Screen::Watch
            | Screen::Alerts
            | Screen::Timeline => None,
        }
    }
}

/// `/`: only rows that hold the words are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    pub words: String,
    /// The line still has the keys.
    pub typing: bool,
    /// What stood before typing began; `Esc` brings it back.
    pub before: String,
    /// Which list it is about, and which the one before was about.
    pub of: Listing,
    pub before_of: Listing,
    /// What was chosen when typing began.
    pub chosen_before: Option<ServiceId>,
    pub row_before: usize,
    #[serde(default)]
    pub record_before: Option<Key>,
    #[serde(default)]
    pub alert_before: Option<std::sync::Arc<str>>,
}

/// Where `Esc` goes back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    pub screen: Screen,
    /// A jump chose another service: what was chosen before, and what it chose. Undone unless the person chose since.
    pub chose: Option<(Option<ServiceId>, ServiceId)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Nav {
    /// The chosen change on Watch, by the record it rests on. `None`: the first.
    #[serde(default)]
    pub watch: Option<Rests>,
    pub screen: Screen,
    /// Where `Esc` goes back to, newest last.
    pub back: Vec<Spot>,
    /// The chosen service. Moves only by a key, or once at the opening.
    pub selected: Option<ServiceId>,
    /// The person moved the selection; until then `v` and `b` go to what hurts most.
    pub by_hand: bool,
    /// A key left the waking screen before the sources had answered: what is chosen is still the opening's to say.
    pub choice_open: bool,
    /// Fine rows are shown as well.
    pub show_rest: bool,
    pub overlay: Option<Overlay>,
    /// What help was opened over; it comes back when help closes.
    #[serde(default)]
    pub under: Option<Box<Overlay>>,
    pub filter: Option<Filter>,
    /// The words last searched for; `<` and `>` go on with them.
    pub searched: String,
    /// `--at`: where to open, until the waking screen is left.
    pub at: Option<At>,
    /// Services in trouble that are no news: they were so at the opening, or have been looked at since.
    pub known_trouble: std::collections::BTreeSet<ServiceId>,
    /// The Board's detail stays on this service until then: while keys move through rows, only rows are drawn, so that a
    /// slow line answers each of them.
    #[serde(default)]
    pub resting: Option<(ServiceId, Person)>,
    pub pane: Pane,
    /// The focused pane has the whole screen.
    pub zoomed: bool,
    /// The chosen figure of what is chosen: `Enter` explains it alone. `None`: the whole.
    #[serde(default)]
    pub figure: Option<Cell>,
    /// Rows the Verdict pane is scrolled down.
    pub verdict_row: usize,
    /// Lines of the log that are newer than the first one shown.
    pub log_back: usize,
    /// Keys of a chord so far.
    pub pending: Vec<Typed>,
    /// The target the act menu was opened on.
    pub menu_target: Option<TargetId>,
    /// The log strip has the keys (tab, where panes do not stand side by side).
    #[serde(default)]
    pub strip: bool,
    /// The chosen record of the Incident screen. `None`: the newest, and whatever comes.
    #[serde(default)]
    pub record: Option<Key>,
    pub source_row: usize,
    /// The chosen line of Alerts, by its key. `None`: the worst.
    #[serde(default)]
    pub alert: Option<std::sync::Arc<str>>,
    /// It is opened: its alerts one by one.
    #[serde(default)]
    pub alert_open: bool,
    /// The chosen line of Timeline, by its key. `None`: the newest.
    #[serde(default)]
    pub moment: Option<std::sync::Arc<str>>,
    /// Verdict shows what was known then, loudly. No act starts from there.
    #[serde(default)]
    pub as_of: Option<crate::core::time::Utc>,
    pub step_row: usize,
    /// The runbook chosen by hand, where a service has several.
    #[serde(default)]
    pub book: Option<std::sync::Arc<str>>,
    pub choose_row: usize,
    /// When the last three keys came, oldest first.
    pub keys_at: [Person; 3],
    /// Keys do nothing but choose a screen until then (after waking).
    pub deaf_until: Person,
}

impl Nav {
    /// Go to a screen; `Esc` comes back here.
    pub fn go(&mut self, to: Screen) {
        self.pane = Pane::of(to).unwrap_or(self.pane);
        self.figure = None;
        // Whoever goes somewhere goes there as it is now.
        self.as_of = None;
        if self.screen != to {
            self.leave_mark(None);
            self.screen = to;
        }
    }

    /// Go to a screen with this service chosen; `Esc` comes back here and to what was chosen here.
    pub fn jump(&mut self, to: Screen, service: &ServiceId) {
        let chose = (self.selected.as_ref() != Some(service)).then(|| (self.selected.clone(), service.clone()));
        if self.screen != to || chose.is_some() {
            self.leave_mark(chose);
        }
        self.pane = Pane::of(to).unwrap_or(self.pane);
        self.screen = to;
        self.figure = None;
        self.as_of = None;
        self.selected = Some(service.clone());
        self.by_hand = true;
    }

    fn leave_mark(&mut self, chose: Option<(Option<ServiceId>, ServiceId)>) {
        if matches!(self.screen, Screen::Waking | Screen::Choose) {
            return;
        }
        self.back.push(Spot { screen: self.screen, chose });
        // Going round in circles must not grow without end.
        if self.back.len() > 16 {
            self.back.remove(0);
        }
    }

    /// The pane that has the focus where panes stand side by side. All but the log are screens of their own as well.
    pub fn focus(&self) -> Pane {
        match (self.pane, Pane::of(self.screen)) {
            (Pane::Log, Some(_)) => Pane::Log,
            (_, Some(pane)) => pane,
            (pane, None) => pane,
        }
    }

    /// Focus a pane. `Esc` does not come back from a pane: they are all in sight.
    pub fn look_at(&mut self, pane: Pane) {
        self.figure = None;
        self.pane = pane;
        self.screen = match pane {
            Pane::Board => Screen::Board,
            Pane::Verdict => Screen::Verdict,
            Pane::Runbook => Screen::Runbook,
            Pane::Log => self.screen,
        };
    }

    /// A key or a line came. When the one before it did.
    pub fn came(&mut self, now: Person) -> Person {
        let [_, before, last] = self.keys_at;
        self.keys_at = [before, last, now];
        last
    }

    /// The last three keys came within 10 ms: not fingers (terminal-and-safety 2.4).
    pub fn is_burst(&self) -> bool {
        self.keys_at[0].0 > 0 && self.keys_at[2].0 - self.keys_at[0].0 <= 10
    }
}
