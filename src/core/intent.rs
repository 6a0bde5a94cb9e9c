//! Everything a person can want of the console, in one table. Help, footer hints, the act menu, keymap checking and
//! read-only mode all read it; nothing else spells a key or a help sentence.

use serde::{Deserialize, Serialize};

/// Where a binding holds. A key is looked up in its context first, then in `Global` (not from text fields or dialogs).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Context {
    Global,
    /// Board, Verdict, Sources: lists of things.
    List,
    Runbook,
    /// An act's dialog before it is confirmed.
    Dialog,
    /// The first list of contexts.
    Choose,
    /// The multi-line note.
    Note,
    /// The palette's line and the filter's line: one-line text fields.
    Field,
    /// Any screen while a log is played again; nearer than the screen's own.
    Replay,
    /// A dialog with fields: opening an incident, deciding, telling.
    Sheet,
    /// Log lines of instances; the keys of lists and of everywhere hold there as well.
    Lines,
}

impl Context {
    pub const ALL: [Context; 10] = [
        Context::Global,
        Context::List,
        Context::Runbook,
        Context::Dialog,
        Context::Choose,
        Context::Note,
        Context::Field,
        Context::Replay,
        Context::Sheet,
        Context::Lines,
    ];

    /// The section of a keymap file.
    pub fn section(self) -> &'static str {
        match self {
            Context::Global => "global",
            Context::List => "list",
            Context::Runbook => "runbook",
            Context::Dialog => "dialog",
            Context::Choose => "choose",
            Context::Note => "note",
            Context::Field => "field",
            Context::Replay => "replay",
            Context::Sheet => "sheet",
            Context::Lines => "lines",
        }
    }
}

macro_rules! intents {
    ($($variant:ident, $name:literal, $context:ident, $act:literal, $help:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Intent { $($variant),* }

        impl Intent {
            pub const ALL: &'static [Intent] = &[$(Intent::$variant),*];
            /// The word in keymap files.
            pub fn name(self) -> &'static str { match self { $(Intent::$variant => $name),* } }
            /// The section of a keymap file it is bound in.
            pub fn context(self) -> Context { match self { $(Intent::$variant => Context::$context),* } }
            /// Reached only behind the act leader, never on one key.
            pub fn is_act(self) -> bool { match self { $(Intent::$variant => $act),* } }
            /// One line for help.
            pub fn help(self) -> &'static str { match self { $(Intent::$variant => $help),* } }
        }
    };
}

intents! {
    // variant        name               context   act    one line
    RollBack,         "roll-back",       Global,   true,  "Send the selected service back to its last good version";
    Hold,             "hold",            Global,   true,  "Stop the selected rollout where it is";
    Resume,           "resume",          Global,   true,  "Let a held rollout go on";
    Promote,          "promote",         Global,   true,  "Release the gate: on to the next step";
    RollBackTo,       "roll-back-to",    Global,   true,  "Roll back to a version chosen from the list";
    PromoteFull,      "promote-full",    Global,   true,  "Promote past every step that is left; also f in the promote dialog";
    SkipStep,         "skip-step",       Global,   true,  "Skip the running step, which is not a gate";
    Retry,            "retry",           Global,   true,  "Begin an aborted change anew, or re-run its analysis";
    TerminateAnalysis,"terminate-analysis", Global, true, "End the running analysis: its step passes";
    Restart,          "restart",         Global,   true,  "New pods of the same version";
    Freeze,           "freeze",          Global,   true,  "The cord: hold every moving rollout of the environment";
    Thaw,             "thaw",            Global,   true,  "Release what the cord holds";
    Emergency,        "emergency",       Global,   true,  "Emergency path: promote past gates that block, with a reason and a debt";
    Checklists,       "checklists",      Global,   true,  "The two checklists of a change: what is known, what a person ticks";
    Arm,              "arm",             Global,   true,  "Arm this console for forward acts, or renew";
    Disarm,           "disarm",          Global,   true,  "Back to LOOK-ONLY";
    Acknowledge,      "acknowledge",     Global,   true,  "Acknowledge the chosen alerts, or a WORSE verdict: it stands no more by itself";
    OpenIncident,     "open-incident",   Global,   true,  "Open an incident, or change the open one: title, severity, state";
    CloseIncident,    "close-incident",  Global,   true,  "Close the incident; holes in its checklist ask for a reason";
    TakeLead,         "take-lead",       Global,   true,  "Take the lead of the incident";
    GiveLead,         "give-lead",       Global,   true,  "Give the lead of the incident to somebody";
    Debts,            "debts",           Global,   true,  "Debts and follow-ups: see, add, pay";
    Tell,             "tell",            Global,   true,  "The status text for stakeholders, drafted from the log";
    FlagOff,          "flag-off",        Global,   true,  "Turn a flag of the chosen service off";
    FlagOn,           "flag-on",         Global,   true,  "Turn a flag of the chosen service on";
    Silence,          "silence",         Global,   true,  "Silence what is chosen for a while, or end a silence";
    Wake,             "wake",            Global,   true,  "Wake somebody: call who is on call, or the next one";
    Revoke,           "revoke",          Global,   true,  "Revoke an artifact: it must not run anywhere";
    ScreenVerdict,    "verdict",         Global,   false, "Verdict: what hurts, how badly, what each key would do";
    ScreenBoard,      "board",           Global,   false, "Board: every moving rollout, worst first";
    ScreenRunbook,    "runbook",         Global,   false, "Runbook of the selected service";
    ScreenSources,    "sources",         Global,   false, "Sources: health, age, what we may do there";
    ScreenIncident,   "incident",        Global,   false, "Incident: lead, checklist, people, debts, the log";
    ScreenWatch,      "watch",           Global,   false, "Watch: promoted changes inside their 72 hours";
    ScreenEvidence,   "evidence",        Global,   false, "Evidence: instances worst first, events, probes";
    ScreenAlerts,     "alerts",          Global,   false, "Alerts: what fires, folded; silences and what they hide";
    ScreenTimeline,   "timeline",        Global,   false, "Timeline: what changed beside how it felt; suspects";
    Logs,             "logs",            Global,   false, "Logs of an instance, or of candidate and stable side by side";
    Raw,              "raw",             Global,   false, "The object as the server has it";
    Login,            "login",           Global,   false, "Log in to a source again: leaves the screen and comes back";
    NextRow,          "next-row",        List,     false, "Down";
    PreviousRow,      "previous-row",    List,     false, "Up";
    FirstRow,         "first-row",       List,     false, "First";
    LastRow,          "last-row",        List,     false, "Last";
    HalfPageDown,     "half-page-down",  List,     false, "Half a page down";
    HalfPageUp,       "half-page-up",    List,     false, "Half a page up";
    ShowRest,         "show-rest",       List,     false, "Show what is fine as well, or fold it again";
    Open,             "open",            Global,   false, "Why: how this was computed";
    Back,             "back",            Global,   false, "Back, close, no";
    Note,             "note",            Global,   false, "Write a note into the log";
    Decide,           "decide",          Global,   false, "Write down a decision and its reason";
    Palette,          "palette",         Global,   false, "Command palette: every intent, service, screen and theme";
    Filter,           "filter",          Global,   false, "Filter this list";
    MatchNext,        "match-next",      Global,   false, "Next match";
    MatchPrevious,    "match-previous",  Global,   false, "Previous match";
    FigureNext,       "figure-next",     List,     false, "Next figure of what is chosen; enter explains it alone";
    FigurePrevious,   "figure-previous", List,     false, "Previous figure";
    PaneNext,         "pane-next",       Global,   false, "Next pane";
    PanePrevious,     "pane-previous",   Global,   false, "Previous pane";
    Zoom,             "zoom",            Global,   false, "The focused pane alone; in one pane the pictures of what is chosen";
    Alarm,            "alarm",           Global,   false, "Go to what the alarm row says";
    Copy,             "copy",            Global,   false, "Copy what is selected, with its link";
    Help,             "help",            Global,   false, "Help of this place";
    Repaint,          "repaint",         Global,   false, "Draw everything again";
    Suspend,          "suspend",         Global,   false, "Suspend to the shell (disarms)";
    Quit,             "quit",            Global,   false, "Leave (twice when armed or something is in flight)";
    DrillFaster,      "drill-faster",    Global,   false, "Drill, replay: time runs faster";
    DrillSlower,      "drill-slower",    Global,   false, "Drill, replay: time runs slower";
    DrillPause,       "drill-pause",     Global,   false, "Drill: let time stand, or go on";
    DrillStep,        "drill-step",      Global,   false, "Drill: 15 seconds on, then stand";
    DrillReset,       "drill-reset",     Global,   false, "Drill: the same one from its beginning, with a new log";
    DrillHint,        "drill-hint",      Global,   false, "Drill: the next hint";
    StepNext,         "step-next",       Runbook,  false, "Next step";
    StepPrevious,     "step-previous",   Runbook,  false, "Previous step";
    BookNext,         "book-next",       Runbook,  false, "The next runbook for this service";
    BookPrevious,     "book-previous",   Runbook,  false, "The runbook before";
    StepRun,          "step-run",        Runbook,  false, "Do the chosen step: ask, answer, open its dialog";
    StepTick,         "step-tick",       Runbook,  false, "Tick a manual step as done";
    StepSkip,         "step-skip",       Runbook,  false, "Skip the step, with a reason";
    Confirm,          "confirm",         Dialog,   false, "Do it";
    CopyRequests,     "copy-requests",   Dialog,   false, "Copy the requests";
    ChooseNext,       "choose-next",     Choose,   false, "Down";
    ChoosePrevious,   "choose-previous", Choose,   false, "Up";
    ChooseOpen,       "choose-open",     Choose,   false, "Look at this one, look-only";
    ChooseDrill,      "choose-drill",    Choose,   false, "Play the drill";
    NoteKeep,         "note-keep",       Note,     false, "Keep the note";
    NoteLeave,        "note-leave",      Note,     false, "Leave a draft";
    FieldTake,        "field-take",      Field,    false, "Take it";
    FieldLeave,       "field-leave",     Field,    false, "Leave it, nothing changes";
    FieldNext,        "field-next",      Field,    false, "Next suggestion";
    FieldPrevious,    "field-previous",  Field,    false, "Previous suggestion";
    FieldComplete,    "field-complete",  Field,    false, "Complete to the chosen suggestion";
    ReplayPause,      "replay-pause",    Replay,   false, "Replay: let time stand, or go on";
    ReplayStep,       "replay-step",     Replay,   false, "Replay: the next record";
    ReplayAct,        "replay-act",      Replay,   false, "Replay: on to the next act";
    SheetNext,        "sheet-next",      Sheet,    false, "Next row";
    SheetPrevious,    "sheet-previous",  Sheet,    false, "Previous row";
    SheetEdit,        "sheet-edit",      Sheet,    false, "Type the chosen row";
    SheetCycle,       "sheet-cycle",     Sheet,    false, "The next choice of the chosen row";
    LinesBoth,        "lines-both",      Lines,    false, "Logs: candidate and stable, or the chosen instance alone";
    LinesPrevious,    "lines-previous",  Lines,    false, "Logs: of the container before its last restart, or of the one that runs";
    LinesSince,       "lines-since",     Lines,    false, "Logs: all since the change began, or the last lines";
}

impl Intent {
    /// Asked for by its name in the palette only: rare, and no key may mean it by accident. A keymap of one's own may
    /// still bind it.
    pub fn is_by_name_only(self) -> bool {
        matches!(
            self,
            Intent::PromoteFull
                | Intent::TerminateAnalysis
                | Intent::Restart
                | Intent::Login
                | Intent::DrillPause
                | Intent::DrillStep
                | Intent::DrillReset
                | Intent::DrillHint
                | Intent::FlagOn
        )
    }

    pub fn from_name(name: &str) -> Option<Intent> {
        Intent::ALL.iter().copied().find(|i| i.name() == name)
    }
}
