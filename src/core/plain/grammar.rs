//! The words of `--plain`, in one table: parsing, help and docs/plain.md rest on it. A word that is not known does nothing.

use crate::core::intent::Intent;
use crate::core::menu;

/// Characters a typed line may have.
pub const LINE_MOST: usize = 1_000;

/// One form of the grammar: its first word, how it is written, what it does.
pub struct Form {
    pub word: &'static str,
    pub form: &'static str,
    pub does: &'static str,
}

macro_rules! forms {
    ($($word:literal, $form:literal, $does:literal;)*) => {
        pub const FORMS: &[Form] = &[$(Form { word: $word, form: $form, does: $does }),*];
    };
}

forms! {
    "status", "status [all]", "what moves and what hurts, worst first, numbered; all: what is fine as well";
    "show", "show [N or SERVICE]", "one service: verdict, errors, budget, reach, and what you can do";
    "why", "why [N or SERVICE]", "how its verdict was computed";
    "at", "at N or SERVICE", "choose it, for words that name none";
    "act", "act", "what can be done to the chosen one";
    "act", "act WHAT [N or SERVICE or SERVICE@SOURCE]", "open the dialog of an act; nothing happens before you confirm it";
    "to", "to N or VERSION", "after act roll-back-to: the version; after act retry, where it asks: which of the two";
    "decide", "decide WHAT because WHY", "open the dialog that records a decision and its reason";
    "set", "set N WORDS", "in a dialog with rows: fill row N, or choose one of its words, also by its place among them";
    "freeze", "freeze", "the cord: a dialog that holds everything that moves in the environment";
    "thaw", "thaw", "a dialog that releases exactly what the cord holds";
    "tick", "tick N", "in a dialog over several targets: drop line N, in freeze roll it back instead";
    "repeat", "repeat", "say the open dialog again";
    "requests", "requests", "say the open dialog's requests again";
    "runbook", "runbook [N or SERVICE]", "its steps and where they stand";
    "step", "step K run", "run the check of step K";
    "step", "step K tick", "tick step K as done";
    "step", "step K skip REASON", "skip step K, with a reason";
    "note", "note TEXT", "write a note into the log";
    "as", "as NAME", "where the account is shared: say who you are; the log carries it from then on";
    "sources", "sources", "each source: state, age, what we may do there";
    "log", "log [N]", "the last lines of the log";
    "incident", "incident", "the incident: lead, checklist, people, debts, the log's state";
    "watch", "watch", "promoted changes inside their 72 hours, and what came after them";
    "alerts", "alerts", "what fires, folded and numbered, worst first, and the silences that hold";
    "alerts", "alerts N", "fold N in full; acts are about it until at or alerts chooses anew";
    "timeline", "timeline [N]", "what changed and what was felt, newest first, and which change is suspected; N: what was known then";
    "because", "because WHY", "in the dialog of an emergency: the reason, before the name";
    "record", "record N", "the N-th newest record in full, with the story of its act";
    "speed", "speed N", "in a drill: N times as fast, 1 to 60";
    "open", "open N or NAME", "on the first list: open this context, look-only";
    "drill", "drill", "on the first list: play the drill";
    "help", "help", "these words";
    "quit", "quit", "leave; say it twice within 3 seconds when armed or an act is in flight";
}

/// What `act` takes.
pub const ACTS: [Intent; 28] = [
    Intent::RollBack,
    Intent::RollBackTo,
    Intent::Hold,
    Intent::Resume,
    Intent::Promote,
    Intent::PromoteFull,
    Intent::Emergency,
    Intent::Checklists,
    Intent::SkipStep,
    Intent::Retry,
    Intent::TerminateAnalysis,
    Intent::Restart,
    Intent::Freeze,
    Intent::Thaw,
    Intent::Arm,
    Intent::Disarm,
    Intent::Acknowledge,
    Intent::OpenIncident,
    Intent::CloseIncident,
    Intent::TakeLead,
    Intent::GiveLead,
    Intent::Debts,
    Intent::Tell,
    Intent::FlagOff,
    Intent::FlagOn,
    Intent::Silence,
    Intent::Wake,
    Intent::Revoke,
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Run,
    Tick,
    Skip(String),
}

/// A line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Help,
    Status {
        all: bool,
    },
    Show(Option<String>),
    Why(Option<String>),
    At(String),
    Acts,
    Act(Intent, Option<String>),
    /// A version of the list, or one of two acts, by its number from 1 or its name.
    To(String),
    Repeat,
    Requests,
    Sources,
    Runbook(Option<String>),
    Step(u32, Step),
    As(String),
    Note(String),
    Decide(String, String),
    /// A row by its number from 1, and what goes into it.
    Set(usize, String),
    Log(usize),
    Incident,
    Watch,
    /// All folds, or one by its number from 1.
    Alerts(Option<usize>),
    /// All lines, or what was known at one, by its number from 1.
    Timeline(Option<usize>),
    /// The reason of an emergency; only in its dialog.
    Because,
    /// From 1, the newest.
    Record(usize),
    Speed(u32),
    Open(String),
    Drill,
    Quit,
    /// An answer while nothing is asked.
    Yes,
}

/// Parse one trimmed line. The error is the sentence to say.
///
/// # Errors
/// The line is none of [`FORMS`].
pub fn parse(line: &str) -> Result<Command, String> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let one = || (!rest.is_empty()).then(|| rest.to_owned());
    let none = |c: Command| if rest.is_empty() { Ok(c) } else { Err(form(word)) };
    match word {
        "help" => none(Command::Help),
        "status" if rest == "all" => Ok(Command::Status { all: true }),
        "status" => none(Command::Status { all: false }),
        "show" if rest == "incident" => Ok(Command::Incident),
        "show" if rest == "log" => Ok(Command::Log(10)),
        "show" => Ok(Command::Show(one())),
        "incident" => none(Command::Incident),
        "watch" => none(Command::Watch),
        "alerts" if rest.is_empty() => Ok(Command::Alerts(None)),
        "alerts" => number(rest).map(|n| Command::Alerts(Some(n))).ok_or_else(|| form(word)),
        "timeline" if rest.is_empty() => Ok(Command::Timeline(None)),
        "timeline" => number(rest).map(|n| Command::Timeline(Some(n))).ok_or_else(|| form(word)),
        "because" => Ok(Command::Because),
        "record" => rest.parse().ok().filter(|n| *n > 0).map(Command::Record).ok_or_else(|| form(word)),
        "why" => Ok(Command::Why(one())),
        "at" => one().map(Command::At).ok_or_else(|| form(word)),
        "act" if rest.is_empty() => Ok(Command::Acts),
        "act" => act(rest),
        "freeze" | "thaw" => act(line),
        "to" => one().map(Command::To).ok_or_else(|| form(word)),
        "repeat" => none(Command::Repeat),
        "requests" | "copy" => none(Command::Requests),
        "sources" => none(Command::Sources),
        "runbook" => Ok(Command::Runbook(one())),
        "step" => step(rest).ok_or_else(|| form(word)),
        "as" => one().map(Command::As).ok_or_else(|| form(word)),
        "decide" => Ok(match rest.split_once(" because ") {
            Some((what, why)) => Command::Decide(what.trim().to_owned(), why.trim().to_owned()),
            None => Command::Decide(rest.to_owned(), String::new()),
        }),
        "set" => set(rest).ok_or_else(|| form(word)),
        "note" => one().map(Command::Note).ok_or_else(|| form(word)),
        "log" if rest.is_empty() => Ok(Command::Log(10)),
        "log" => rest.parse().ok().filter(|n| (1..=200).contains(n)).map(Command::Log).ok_or_else(|| form(word)),
        "speed" => rest.parse().ok().filter(|n| (1..=60).contains(n)).map(Command::Speed).ok_or_else(|| form(word)),
        "open" => one().map(Command::Open).ok_or_else(|| form(word)),
        "drill" => none(Command::Drill),
        "quit" => none(Command::Quit),
        "yes" | "tick" => Ok(Command::Yes),
        _ => Err(unknown(word)),
    }
}

fn act(rest: &str) -> Result<Command, String> {
    let (what, target) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let target = target.trim();
    let Some(intent) = ACTS.into_iter().find(|i| i.name() == what) else {
        let names: Vec<&str> = ACTS.iter().map(|i| i.name()).collect();
        let near = nearest(what, names.iter().copied());
        let near = near.map(|n| format!(" Did you mean act {n}?")).unwrap_or_default();
        return Err(format!("There is no such act.{near} Nothing was done. Acts: {}.", names.join(", ")));
    };
    if matches!(intent, Intent::Freeze | Intent::Thaw) && !target.is_empty() {
        return Err(format!("act {} takes no name: it is about the environment. Nothing was done.", intent.name()));
    }
    if matches!(intent, Intent::Arm | Intent::Disarm) && !target.is_empty() {
        return Err(format!("act {} takes no name: it is about this console. Nothing was done.", intent.name()));
    }
    if matches!(intent, Intent::Freeze | Intent::Thaw) && !target.is_empty() {
        return Err(format!("act {} takes no name: it is about the environment. Nothing was done.", intent.name()));
    }
    if menu::is_case(intent) && intent != Intent::OpenIncident && !target.is_empty() {
        return Err(format!("act {} takes no name: its rows follow, set fills them. Nothing was done.", intent.name()));
    }
    Ok(Command::Act(intent, (!target.is_empty()).then(|| target.to_owned())))
}

fn number(text: &str) -> Option<usize> {
    text.parse().ok().filter(|n| *n > 0)
}

fn set(rest: &str) -> Option<Command> {
    let (number, words) = rest.split_once(char::is_whitespace)?;
    let number = number.parse().ok().filter(|n| *n > 0)?;
    Some(Command::Set(number, words.trim().to_owned()))
}

fn step(rest: &str) -> Option<Command> {
    let mut parts = rest.splitn(3, char::is_whitespace);
    let number = parts.next()?.parse().ok().filter(|n| *n > 0)?;
    let what = match (parts.next()?, parts.next().map(str::trim).filter(|r| !r.is_empty())) {
        ("run", None) => Step::Run,
        ("tick", None) => Step::Tick,
        ("skip", Some(reason)) => Step::Skip(reason.to_owned()),
        _ => return None,
    };
    Some(Command::Step(number, what))
}

/// The right way to say a known word.
fn form(word: &str) -> String {
    let forms: Vec<&str> = FORMS.iter().filter(|f| f.word == word).map(|f| f.form).collect();
    if forms.is_empty() {
        return unknown(word);
    }
    format!("Nothing was done. The form is: {}.", forms.join(", or: "))
}

fn unknown(word: &str) -> String {
    // What was typed is not said back in full: it may be a password that went to the wrong window.
    let near = nearest(word, FORMS.iter().map(|f| f.word));
    match near {
        Some(near) => format!("Unknown word, nothing was done. Did you mean {near}?"),
        None => "Unknown word, nothing was done. Type help for the words.".into(),
    }
}

/// The nearest of `names`, when it is near enough to be meant.
pub fn nearest<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (typed.chars().count() / 3).clamp(1, 3);
    names.into_iter().map(|n| (distance(typed, n), n)).filter(|&(d, _)| d <= limit).min().map(|(_, n)| n)
}

/// Insertions, deletions and replacements that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().take(64).flat_map(char::to_lowercase).collect();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(x != y);
            row.push((above[j + 1] + 1).min(row[j] + 1).min(replaced));
        }
        above = row;
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_table_is_understood() {
        for f in FORMS {
            let typed = f
                .form
                .replace("WHAT", "hold")
                .replace(" or NAME", "")
                .replace(" or VERSION", "")
                .replace(" or SERVICE@SOURCE", "")
                .replace(" or SERVICE", "")
                .replace(['[', ']'], "")
                .replace(" K ", " 2 ")
                .replace(" N", " 3")
                .replace("REASON", "not needed")
                .replace("NAME", "Mira")
                .replace("TEXT", "it hurts");
            assert!(parse(&typed).is_ok(), "{}: {typed}: {:?}", f.form, parse(&typed));
            assert!(typed.starts_with(f.word), "{}", f.form);
        }
    }

    #[test]
    fn a_line_that_is_not_understood_names_the_nearest_word_and_never_says_it_back() {
        assert!(parse("statsu").unwrap_err().contains("mean status?"));
        assert!(parse("act rol-back 1").unwrap_err().contains("act roll-back"));
        assert!(parse("act arm checkout").is_err());
        assert!(parse("step 0 run").is_err() && parse("step 1 skip").is_err() && parse("step 1 run fast").is_err());
        assert!(parse("speed 61").is_err() && parse("speed 0").is_err() && parse("log 0").is_err());
        assert!(parse("help me").is_err());
        assert_eq!(parse("act roll-back  2"), Ok(Command::Act(Intent::RollBack, Some("2".into()))));
        for secret in ["hunter2-hunter2", "S3cr3tPassw0rd!"] {
            assert!(!parse(secret).unwrap_err().contains(secret));
        }
        // Case matters: a habit from elsewhere is not a word here.
        assert!(parse("Y").is_err() && parse("y").is_err() && parse("STATUS").is_err());
    }
}
