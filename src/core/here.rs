//! What can be pressed at this place: which sections of the keymap hold, what a begun chord can go on to, and the help
//! page. One account for the loop, the menu, the hints and help, so that none of them says what the others do not do.

use crate::core::alarm;
use crate::core::intent::{Context, Intent};
use crate::core::key::Key;
use crate::core::keymap::{Found, chord_name, falls_through};
use crate::core::listing::{self, this_runbook};
use crate::core::model::{Model, Place};
use crate::core::nav::{Overlay, Pane, Screen};
use crate::core::update::{figures_here, focus, has_strip, side_by_side};

/// Rows of a screen that are not its body: three above, two below.
pub const FRAME_ROWS: u16 = 5;
/// Columns and rows below which only words are drawn (limits.md section 6).
pub const LEAST: (u16, u16) = (40, 10);
/// Columns of the keys on the help page.
const KEYS_WIDE: usize = 20;

/// The sections that hold on the screen, the nearest first.
pub fn contexts(model: &Model) -> Vec<Context> {
    let screen = match model.nav.screen {
        // The log's lines move by the keys of lists, whatever stands beside it.
        _ if focus(model) == Some(Pane::Log) => [Context::List, Context::Global],
        Screen::Choose => [Context::Choose, Context::Global],
        Screen::Runbook => [Context::Runbook, Context::Global],
        Screen::Waking
        | Screen::Verdict
        | Screen::Board
        | Screen::Sources
        | Screen::Evidence
        | Screen::Incident
        | Screen::Watch
        | Screen::Alerts
        | Screen::Timeline => [Context::List, Context::Global],
    };
    let lines = over_lines(model).then_some(Context::Lines);
    lines.into_iter().chain(model.replay.is_some().then_some(Context::Replay)).chain(screen).collect()
}

/// What these keys mean on the screen, overlays and dialogs apart.
pub fn lookup(model: &Model, keys: &[Key]) -> Found {
    let contexts = contexts(model);
    let mut begun = Found::Nothing;
    for c in contexts.iter().copied() {
        match model.keymap.find(c, keys) {
            Found::Nothing => {}
            Found::Intent(i) if c == Context::Global && !falls_through(contexts[0], i) => {}
            Found::Intent(i) => return Found::Intent(i),
            Found::Prefix if after_in(model, c, keys).next().is_none() => {}
            Found::Prefix => begun = Found::Prefix,
        }
    }
    begun
}

fn after_in<'m>(model: &'m Model, c: Context, keys: &'m [Key]) -> impl Iterator<Item = (&'m [Key], Intent)> {
    let first = contexts(model)[0];
    model.keymap.after(c, keys).filter(move |(_, i)| c == first || falls_through(first, *i))
}

/// What a begun chord can go on to here: the keys that are left, and what they mean.
pub fn after<'m>(model: &'m Model, keys: &'m [Key]) -> Vec<(&'m [Key], Intent)> {
    contexts(model).into_iter().flat_map(|c| after_in(model, c, keys)).collect()
}

/// Do these keys begin an act? Then a menu with consequences stands open.
pub fn begins_act(model: &Model, keys: &[Key]) -> bool {
    !keys.is_empty() && after(model, keys).iter().any(|(_, i)| i.is_act())
}

/// Does it neither act nor write? A log played again takes nothing else.
pub fn looks_only(intent: Intent) -> bool {
    !intent.is_act() && !matches!(intent, Intent::Note | Intent::StepRun | Intent::StepTick | Intent::StepSkip)
}

/// Would this intent do anything at this place? An act that is refused says why, which is something.
pub fn works(model: &Model, intent: Intent) -> bool {
    use Intent as I;
    let screen = model.nav.screen;
    let early = matches!(screen, Screen::Waking | Screen::Choose);
    let rows = matches!(screen, Screen::Verdict | Screen::Board);
    if model.replay.is_some() && !looks_only(intent) {
        return false;
    }
    match intent {
        I::Help | I::Quit | I::Repaint | I::Suspend | I::Palette => true,
        I::RollBack | I::Hold | I::Resume | I::Promote | I::Arm | I::Disarm | I::Acknowledge => !early,
        I::RollBackTo | I::PromoteFull | I::SkipStep | I::Retry | I::TerminateAnalysis | I::Restart => !early,
        I::Freeze | I::Thaw | I::Login => !early,
        I::ScreenEvidence | I::ScreenWatch => !early,
        I::Emergency | I::Checklists => !early,
        I::FlagOff | I::FlagOn | I::Silence | I::Wake | I::Revoke => !early,
        I::ScreenAlerts | I::ScreenTimeline => !early,
        I::Logs | I::Raw => rows || screen == Screen::Evidence,
        I::OpenIncident | I::CloseIncident | I::TakeLead | I::GiveLead | I::Debts | I::Tell => !early,
        I::ScreenVerdict | I::ScreenBoard | I::ScreenSources | I::ScreenIncident => screen != Screen::Choose,
        I::ScreenRunbook => screen != Screen::Choose && !model.runbooks.is_empty(),
        I::NextRow | I::PreviousRow | I::FirstRow | I::LastRow | I::HalfPageDown | I::HalfPageUp => {
            rows || matches!(screen, Screen::Sources | Screen::Alerts | Screen::Timeline)
                || (screen == Screen::Watch && !crate::core::watch::listed(model).is_empty())
                || (screen == Screen::Evidence && model.looked.instance().is_some())
                || (screen == Screen::Incident && !listing::records(model).is_empty())
        }
        I::ShowRest => rows || matches!(screen, Screen::Evidence | Screen::Alerts | Screen::Timeline),
        I::Filter => !early,
        I::MatchNext | I::MatchPrevious => {
            !early && (listing::filter_here(model).is_some() || !model.nav.searched.is_empty())
        }
        I::Open => {
            rows || matches!(screen, Screen::Alerts | Screen::Timeline)
                || (screen == Screen::Evidence && model.looked.instance().is_some())
                || (screen == Screen::Incident && !listing::records(model).is_empty())
                || (screen == Screen::Runbook && this_runbook(model).is_some())
                || (screen == Screen::Watch && !crate::core::watch::listed(model).is_empty())
        }
        I::Back => {
            model.nav.as_of.is_some()
                || !model.nav.back.is_empty()
                || model.nav.strip
                || listing::filter_here(model).is_some()
        }
        I::Note | I::Decide | I::Copy => !early,
        I::PaneNext | I::PanePrevious => side_by_side(model, model.width, model.height) || has_strip(model),
        I::Zoom => side_by_side(model, model.width, model.height) || figures_here(model),
        I::FigureNext | I::FigurePrevious => figures_here(model),
        I::Alarm => !early && !alarm::alarms(model).is_empty(),
        I::DrillFaster | I::DrillSlower => !early && matches!(model.environment.place, Place::Drill | Place::Replay),
        I::DrillPause | I::DrillStep | I::DrillReset => !early && model.environment.place == Place::Drill,
        I::DrillHint => !early && !model.hints.is_empty(),
        I::ReplayPause | I::ReplayStep | I::ReplayAct => model.replay.is_some(),
        I::BookNext | I::BookPrevious => screen == Screen::Runbook,
        I::StepNext | I::StepPrevious | I::StepRun | I::StepTick | I::StepSkip => {
            screen == Screen::Runbook && this_runbook(model).is_some()
        }
        I::ChooseNext | I::ChoosePrevious | I::ChooseOpen | I::ChooseDrill => screen == Screen::Choose,
        // A dialog, a note and a line say their own keys.
        I::Confirm | I::CopyRequests | I::NoteKeep | I::NoteLeave => false,
        I::FieldTake | I::FieldLeave | I::FieldNext | I::FieldPrevious | I::FieldComplete => false,
        I::SheetNext | I::SheetPrevious | I::SheetEdit | I::SheetCycle => false,
        I::LinesBoth | I::LinesPrevious | I::LinesSince => over_lines(model),
    }
}

/// Log lines lie over the screen, or help lies over them.
fn over_lines(model: &Model) -> bool {
    matches!(model.nav.overlay, Some(Overlay::Lines(_)))
        || matches!(model.nav.under.as_deref(), Some(Overlay::Lines(_)))
}

/// Groups of the help page, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Acts,
    This,
    Moving,
    Screens,
    Everywhere,
}

impl Group {
    const ALL: [Group; 5] = [Group::Acts, Group::This, Group::Moving, Group::Screens, Group::Everywhere];

    fn of(i: Intent) -> Group {
        use Intent as I;
        match i {
            I::RollBack | I::Hold | I::Resume | I::Promote | I::Arm | I::Disarm | I::Acknowledge => Group::Acts,
            I::RollBackTo | I::PromoteFull | I::SkipStep | I::Retry | I::TerminateAnalysis | I::Restart => Group::Acts,
            I::Freeze | I::Thaw | I::Emergency | I::Checklists => Group::Acts,
            I::FlagOff | I::FlagOn | I::Silence | I::Wake | I::Revoke => Group::Acts,
            I::OpenIncident | I::CloseIncident | I::TakeLead | I::GiveLead | I::Debts | I::Tell => Group::Acts,
            I::ScreenVerdict | I::ScreenBoard | I::ScreenEvidence => Group::Screens,
            I::ScreenRunbook | I::ScreenSources | I::ScreenIncident | I::ScreenWatch => Group::Screens,
            I::ScreenAlerts | I::ScreenTimeline => Group::Screens,
            I::Logs | I::Raw => Group::This,
            I::Login => Group::Everywhere,
            I::NextRow | I::PreviousRow | I::FirstRow | I::LastRow | I::HalfPageDown | I::HalfPageUp => Group::Moving,
            I::StepNext | I::StepPrevious | I::BookNext | I::BookPrevious | I::ChooseNext | I::ChoosePrevious => {
                Group::Moving
            }
            I::PaneNext | I::PanePrevious | I::Back | I::FigureNext | I::FigurePrevious => Group::Moving,
            I::Open | I::ShowRest | I::Filter | I::MatchNext | I::MatchPrevious | I::Zoom => Group::This,
            I::StepRun | I::StepTick | I::StepSkip | I::ChooseOpen | I::ChooseDrill => Group::This,
            I::Note | I::Decide | I::Palette | I::Copy | I::Alarm | I::Help | I::Repaint | I::Suspend | I::Quit => {
                Group::Everywhere
            }
            I::DrillFaster | I::DrillSlower | I::DrillPause | I::DrillStep | I::DrillReset | I::DrillHint => {
                Group::Everywhere
            }
            I::ReplayPause | I::ReplayStep | I::ReplayAct => Group::This,
            // They say themselves where they are open.
            I::Confirm | I::CopyRequests | I::NoteKeep | I::NoteLeave => Group::Everywhere,
            I::FieldTake | I::FieldLeave | I::FieldNext | I::FieldPrevious | I::FieldComplete => Group::Everywhere,
            I::SheetNext | I::SheetPrevious | I::SheetEdit | I::SheetCycle => Group::Everywhere,
            I::LinesBoth | I::LinesPrevious | I::LinesSince => Group::Moving,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Group::Acts => "ACTS  each opens a dialog, nothing is sent by these keys alone",
            Group::This => "HERE",
            Group::Moving => "MOVING",
            Group::Screens => "SCREENS",
            Group::Everywhere => "EVERYWHERE",
        }
    }
}

/// One line of the help page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpLine {
    Title(String),
    /// Keys as they are typed, `j, down`, and what they do.
    Keys(String, String),
    Text(String),
}

/// What the page is about, in a word.
fn place(model: &Model) -> &'static str {
    if matches!(model.nav.under.as_deref(), Some(Overlay::Explain { .. })) {
        return "the page that explains";
    }
    if matches!(model.nav.under.as_deref(), Some(Overlay::Log(_))) {
        return "the log";
    }
    if matches!(model.nav.under.as_deref(), Some(Overlay::Lines(_))) {
        return "the log lines";
    }
    if matches!(model.nav.under.as_deref(), Some(Overlay::Raw { .. })) {
        return "the raw object";
    }
    match model.nav.screen {
        Screen::Waking => "Waking",
        Screen::Choose => "the first list",
        Screen::Verdict => "Verdict",
        Screen::Board => "Board",
        Screen::Runbook => "Runbook",
        Screen::Sources => "Sources",
        Screen::Evidence => "Evidence",
        Screen::Incident => "Incident",
        Screen::Watch => "Watch",
        Screen::Alerts => "Alerts",
        Screen::Timeline => "Timeline",
    }
}

/// Help of this place for a page `wide` columns wide: only what works here, from the loaded keymap.
pub fn help(model: &Model, wide: usize) -> Vec<HelpLine> {
    let mut out = vec![HelpLine::Title(format!("HELP  keys of {}   keymap {}", place(model), model.keymap.name))];
    let reading = model.nav.under.is_some();
    let here = contexts(model);
    let mut groups: Vec<(Group, Vec<(String, &str)>)> = Vec::new();
    for group in Group::ALL {
        // Over a page there is nothing to open, to tick or to filter.
        if reading && group == Group::This {
            continue;
        }
        let all = Intent::ALL.iter().copied();
        let here = all.filter(|i| Group::of(*i) == group && here.contains(&i.context()) && works(model, *i));
        let mut lines: Vec<(String, &str)> = here.map(|i| (keys_of(model, i), i.help())).collect();
        lines.retain(|(keys, _)| !keys.is_empty());
        if group == Group::Acts && !lines.is_empty() {
            let keys = keys_of(model, Intent::Confirm);
            lines.push((keys, "In the dialog: do it. Any other key closes it, nothing is sent"));
        }
        if !lines.is_empty() {
            groups.push((group, lines));
        }
    }
    let widest = groups.iter().flat_map(|g| &g.1).map(|(keys, _)| keys.chars().count()).max().unwrap_or(0);
    let column = widest.min(KEYS_WIDE).min(wide / 3).max(8);
    for (group, lines) in groups {
        out.push(HelpLine::Title(group.title().to_owned()));
        lines.iter().for_each(|(keys, text)| explained(&mut out, keys, text, column, wide));
    }
    signs(model, &mut out, wide);
    yours(model, &mut out, wide);
    out
}

/// All keys of an intent, its first one first.
fn keys_of(model: &Model, intent: Intent) -> String {
    let all = model.keymap.bindings.iter().filter(|b| b.intent == intent);
    all.map(|b| chord_name(&b.chord)).collect::<Vec<_>>().join(", ")
}

/// Keys and text side by side; both go on below where they are too wide.
fn explained(out: &mut Vec<HelpLine>, keys: &str, text: &str, column: usize, wide: usize) {
    let keys = wrap(keys, column);
    let text = wrap(text, wide.saturating_sub(column + 3).max(8));
    for n in 0..keys.len().max(text.len()) {
        let part = |all: &[String]| all.get(n).cloned().unwrap_or_default();
        out.push(HelpLine::Keys(part(&keys), part(&text)));
    }
}

fn signs(model: &Model, out: &mut Vec<HelpLine>, wide: usize) {
    if model.nav.screen == Screen::Choose {
        return;
    }
    out.push(HelpLine::Title("SIGNS".to_owned()));
    for text in [
        "! worse or degraded   ? blind or unsure   ~ moving   = fine",
        "(^) a text is not shown as it came: ^[ and <U+202E> stand for what is not printed",
        "an age with ! is past its limit; (!) something to know; -- not known",
        "POINTS are percentage points of failing requests, new version minus stable",
        "BURN 3x: at this rate the error budget lasts a third of its time",
        "BACK 2/3 2m: two of three checks for going back are ok, it takes about 2m",
    ] {
        out.extend(wrap(text, wide.saturating_sub(2)).into_iter().map(HelpLine::Text));
    }
}

/// Where keys are changed.
fn yours(model: &Model, out: &mut Vec<HelpLine>, wide: usize) {
    out.push(HelpLine::Title("KEYS OF YOUR OWN".to_owned()));
    let map = &model.keymap;
    let file = if map.own.is_empty() { "there is no place for a file of your own" } else { &*map.own };
    let text =
        format!("keymap {}, of: default, vim, emacs, k9s (--keymap NAME). What differs for you goes into:", map.name);
    out.extend(wrap(&text, wide.saturating_sub(2)).into_iter().map(HelpLine::Text));
    out.extend(wrap(file, wide.saturating_sub(2)).into_iter().map(HelpLine::Text));
}

/// Words over lines of at most `max` characters; a longer word is broken.
fn wrap(text: &str, max: usize) -> Vec<String> {
    let max = max.max(1);
    let mut out: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut long = 0;
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if long > 0 && long + 1 + word.len() <= max {
            line.push(' ');
            long += 1;
        } else if long > 0 {
            out.push(std::mem::take(&mut line));
            long = 0;
        }
        while word.len() > max {
            out.push(word.drain(..max).collect());
        }
        long += word.len();
        line.extend(word);
    }
    out.push(line);
    out
}

/// How far the help page can be scrolled.
pub fn help_most(model: &Model) -> u16 {
    let small = model.width < LEAST.0 || model.height < LEAST.1;
    let room = if small { model.height } else { model.height - FRAME_ROWS };
    let lines = help(model, usize::from(model.width)).len();
    if lines <= usize::from(room) {
        return 0;
    }
    // The last row counts what is not in sight.
    let shown = usize::from(room).saturating_sub(1).max(1);
    u16::try_from(lines.saturating_sub(shown)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_break_where_they_must() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("/a/very/long/path", 6), ["/a/ver", "y/long", "/path"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
