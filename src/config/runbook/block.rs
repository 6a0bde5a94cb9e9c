//! The blocks of a step: check, smoke, act, command, wait, choose. One line is `key: value`; a line that begins with a
//! space goes on with it.

use super::check::{expectation, place_of, want};
use super::front::{span, unquoted};
use crate::config::problem::Told;
use crate::config::suggest;
use crate::core::case::runbook::order::{TIMEOUT_MOST_MS, TIMEOUT_MS};
use crate::core::case::runbook::{Answer, Asks, Check, Choose, Command, Evidence, StepKind, Want};
use crate::core::id::SourceId;
use crate::core::intent::Intent;
use std::ops::Range;
use std::sync::Arc;

/// First words of blocks that are ours.
pub(super) const WORDS: [&str; 6] = ["check", "smoke", "act", "command", "wait", "choose"];

const CHECK: [&str; 9] = ["query", "get", "argv", "sh", "expect", "source", "timeout", "dir", "env"];
const COMMAND: [&str; 7] = ["argv", "sh", "timeout", "dir", "env", "danger", "expect"];
const CHOOSE: [&str; 6] = ["ask", "answer", "evidence", "query", "expect", "source"];

/// A line with its key.
struct Line {
    key: String,
    value: String,
    at: Range<usize>,
}

/// The step of a block; `None`: its faults were told.
pub(super) fn block(word: &str, text: &str, at: &Range<usize>, told: &mut Told<'_>) -> Option<StepKind> {
    match word {
        "check" | "smoke" => check(text, at, word == "smoke", told).map(StepKind::Check),
        "command" => command(&lines(text, at, &COMMAND, "command", told)?, at, told).map(StepKind::Command),
        "choose" => choose(&lines(text, at, &CHOOSE, "choose", told)?, at, told).map(StepKind::Choose),
        "wait" => wait(bare(text, "wait"), at, told),
        _ => act(bare(text, "act"), at, told),
    }
}

/// `wait: 10m`, or `10m` alone.
fn bare<'t>(text: &'t str, key: &str) -> &'t str {
    let line = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
    line.strip_prefix(key).and_then(|l| l.trim_start().strip_prefix(':')).unwrap_or(line).trim()
}

fn wait(value: &str, at: &Range<usize>, told: &mut Told<'_>) -> Option<StepKind> {
    let ms = span(value).filter(|ms| *ms <= 7 * 24 * 3_600_000);
    if ms.is_none() {
        told.error(at, format!("\"{value}\" is no time to wait"), Some("write wait: 10m".to_owned()));
    }
    ms.map(|ms| StepKind::Wait { ms })
}

fn act(value: &str, at: &Range<usize>, told: &mut Told<'_>) -> Option<StepKind> {
    let name = value.replace(' ', "-");
    let may = |i: &Intent| i.is_act() || matches!(i, Intent::Decide | Intent::Note);
    let found = Intent::from_name(&name).filter(may);
    if found.is_none() {
        let acts = Intent::ALL.iter().filter(|i| may(i)).map(|i| i.name());
        let hint = suggest::nearest(&name, acts).map(|n| format!("did you mean \"{n}\"?"));
        told.error(at, format!("\"{value}\" is no act"), hint.or_else(|| Some("write act: roll-back".to_owned())));
    }
    found.map(StepKind::Act)
}

/// Lines joined with what goes on below them. `None`: a line has no key that this block knows.
fn lines(text: &str, block: &Range<usize>, keys: &[&str], what: &str, told: &mut Told<'_>) -> Option<Vec<Line>> {
    let mut all: Vec<Line> = Vec::new();
    let mut sound = true;
    for (n, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let at = place_of(told.text(), block, n);
        let indented = line.starts_with([' ', '\t']);
        let pair = line.trim().split_once(':').map(|(k, v)| (k.trim(), v.trim()));
        let known = pair.filter(|(k, _)| keys.contains(k));
        // A question's answers have their evidence below them, indented.
        let joins = indented && (what != "choose" || known.is_none());
        match (joins, all.last_mut(), known) {
            (true, Some(last), _) => {
                last.value.push(if last.key == "sh" { '\n' } else { ' ' });
                last.value.push_str(line.trim());
            }
            (_, _, Some((key, value))) => all.push(Line { key: key.to_owned(), value: value.to_owned(), at }),
            (_, _, None) => {
                sound = false;
                let key = pair.map_or(line.trim(), |(k, _)| k);
                told.error(&at, format!("unknown key \"{key}\" in a {what}"), suggest::hint(key, keys.iter().copied()));
            }
        }
    }
    sound.then_some(all)
}

fn check(text: &str, block: &Range<usize>, smoke: bool, told: &mut Told<'_>) -> Option<Check> {
    let lines = lines(text, block, &CHECK, "check", told)?;
    let value = |key: &str| lines.iter().find(|l| l.key == key).map(|l| l.value.as_str()).filter(|v| !v.is_empty());
    let asked = [value("query"), value("get"), value("argv"), value("sh")];
    match asked.iter().flatten().count() {
        0 => {
            told.error(block, "the check has no \"query\"", None);
            return None;
        }
        1 => {}
        _ => {
            told.error(block, "a check asks one thing: query, get, argv or sh", None);
            return None;
        }
    }
    let asks = match asked {
        [Some(query), ..] => {
            let line = lines.iter().find(|l| l.key == "expect");
            let Some(line) = line else {
                told.error(block, "the check has no \"expect\"", Some("write expect: < 0.01".to_owned()));
                return None;
            };
            let Some(expect) = expectation(&line.value) else {
                let hint = "write a sign and a number: < 0.01, >= 3, < 1%".to_owned();
                told.error(&line.at, format!("\"{}\" is not an expectation", line.value), Some(hint));
                return None;
            };
            Asks::Query { text: Arc::from(query), expect, source: value("source").map(SourceId::from) }
        }
        [_, Some(url), ..] => {
            if !may_ask(url) {
                let hint = Some("write https://..., or http:// to this machine, without a user in it".to_owned());
                told.error(block, format!("\"{url}\" is not asked"), hint);
                return None;
            }
            Asks::Get { url: Arc::from(url), wants: wants(&lines, told)? }
        }
        _ => Asks::Command(command(&lines, block, told)?),
    };
    Some(Check { asks, smoke })
}

fn wants(lines: &[Line], told: &mut Told<'_>) -> Option<Vec<Want>> {
    let mut all = Vec::new();
    let mut sound = true;
    for line in lines.iter().filter(|l| l.key == "expect") {
        match want(&line.value) {
            Some(w) => all.push(w),
            None => {
                sound = false;
                let hint =
                    "write status 200, exit 0, contains \"ok\", lacks \"error\", json .a.b < 5, or < 5".to_owned();
                told.error(&line.at, format!("\"{}\" is not an expectation", line.value), Some(hint));
            }
        }
    }
    sound.then_some(all)
}

/// https, or http to this machine; nobody's name or password in it.
fn may_ask(url: &str) -> bool {
    let (rest, near) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (rest, true),
        (None, Some(rest)) => {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = if host.starts_with('[') { host.split_inclusive(']').next() } else { host.split(':').next() };
            (rest, matches!(host, Some("localhost" | "127.0.0.1" | "[::1]")))
        }
        (None, None) => return false,
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    near && !host.is_empty() && !host.contains('@') && !url.contains(|c: char| c.is_control() || c == ' ')
}

fn command(lines: &[Line], block: &Range<usize>, told: &mut Told<'_>) -> Option<Command> {
    let line = |key: &str| lines.iter().find(|l| l.key == key);
    let mut sound = true;
    let mut c = match (line("argv"), line("sh")) {
        (Some(l), None) => match argv(&l.value) {
            Some(argv) => Command::of(argv, false),
            None => {
                let hint = Some("write argv: [\"kubectl\", \"get\", \"pods\"]".to_owned());
                told.error(&l.at, "the argv is not a list of words", hint);
                return None;
            }
        },
        (None, Some(l)) if !l.value.trim().is_empty() => Command::of_shell(l.value.trim()),
        (Some(_), Some(_)) => {
            told.error(block, "a command has argv or sh, not both", None);
            return None;
        }
        (None, _) => {
            let hint = Some("write argv: [\"program\", \"word\"], or sh: text".to_owned());
            told.error(block, "the command names no program", hint);
            return None;
        }
    };
    if let Some(l) = line("timeout") {
        match span(&l.value).filter(|ms| *ms <= TIMEOUT_MOST_MS) {
            Some(ms) => c.timeout_ms = ms,
            None => {
                sound = false;
                told.error(&l.at, format!("\"{}\" is no time limit", l.value), Some("1s to 30m".to_owned()));
            }
        }
    }
    debug_assert!(c.timeout_ms <= TIMEOUT_MOST_MS && TIMEOUT_MS <= TIMEOUT_MOST_MS);
    if let Some(l) = line("dir") {
        if l.value.starts_with('/') {
            c.dir = Some(Arc::from(unquoted(&l.value)));
        } else {
            sound = false;
            told.error(&l.at, format!("\"{}\" is no full path", l.value), Some("begin it with /".to_owned()));
        }
    }
    if let Some(l) = line("env") {
        let inner = l.value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).unwrap_or(&l.value);
        let names = inner.split(',').map(|n| unquoted(n.trim())).filter(|n| !n.is_empty());
        for name in names {
            let good = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            // What decides which code a program loads is not let through.
            if good && !name.starts_with("ANDON_") && !name.starts_with("LD_") {
                c.env.push(Arc::from(name));
            } else {
                sound = false;
                told.error(&l.at, format!("\"{name}\" cannot be passed on"), Some("names of variables".to_owned()));
            }
        }
    }
    if let Some(l) = line("danger") {
        match l.value.as_str() {
            "true" | "yes" => c.danger = true,
            "false" | "no" => {}
            other => {
                sound = false;
                told.error(&l.at, format!("\"{other}\" is neither true nor false"), None);
            }
        }
    }
    c.wants = wants(lines, told)?;
    sound.then_some(c)
}

/// A JSON list of words. None of them may be empty of a program, and none may hold what no argument can.
fn argv(value: &str) -> Option<Vec<Arc<str>>> {
    let words: Vec<String> = serde_json::from_str(value).ok()?;
    let good = words.first().is_some_and(|w| !w.trim().is_empty()) && !words.iter().any(|w| w.contains('\0'));
    good.then(|| words.into_iter().map(Arc::from).collect())
}

/// `ask: who fails?`, then `answer: only the new version -> 4` with `evidence: 1, 2`, or `query:` and `expect:`, below.
fn choose(lines: &[Line], block: &Range<usize>, told: &mut Told<'_>) -> Option<Choose> {
    let mut c = Choose { ask: "".into(), answers: Vec::new() };
    let mut sound = true;
    for l in lines {
        match l.key.as_str() {
            "ask" => c.ask = Arc::from(l.value.as_str()),
            "answer" => {
                let (words, goto) = match l.value.rsplit_once("->") {
                    Some((words, to)) => (words.trim(), Some(to.trim().trim_start_matches("step").trim())),
                    None => (l.value.as_str(), None),
                };
                let number = goto.and_then(|g| g.parse::<u32>().ok()).filter(|n| *n > 0);
                if goto.is_some() && number.is_none() {
                    sound = false;
                    told.error(&l.at, "the answer leads to no step", Some("write -> 4".to_owned()));
                }
                c.answers.push(Answer { words: Arc::from(words), goto: number, evidence: Vec::new() });
            }
            key => {
                let Some(answer) = c.answers.last_mut() else {
                    sound = false;
                    told.error(&l.at, "this stands before the first answer", None);
                    continue;
                };
                sound &= evidence(answer, key, l, told);
            }
        }
    }
    if c.answers.is_empty() {
        told.error(block, "the question has no answer", Some("write answer: words -> 4".to_owned()));
        return None;
    }
    if c.ask.is_empty() {
        c.ask = "which one is it?".into();
    }
    sound.then_some(c)
}

fn evidence(answer: &mut Answer, key: &str, l: &Line, told: &mut Told<'_>) -> bool {
    let last = answer.evidence.last_mut();
    match (key, last) {
        ("evidence", _) => {
            for n in l.value.split([',', ' ']).filter(|n| !n.is_empty()) {
                match n.parse::<u32>() {
                    Ok(n) => answer.evidence.push(Evidence::Step(n)),
                    Err(_) => {
                        told.error(&l.at, format!("\"{n}\" is not the number of a step"), None);
                        return false;
                    }
                }
            }
            true
        }
        ("query", _) => {
            answer.evidence.push(Evidence::Figure { text: Arc::from(l.value.as_str()), source: None, expect: None });
            true
        }
        ("expect", Some(Evidence::Figure { expect, .. })) => {
            *expect = expectation(&l.value);
            if expect.is_none() {
                told.error(&l.at, format!("\"{}\" is not an expectation", l.value), None);
            }
            expect.is_some()
        }
        ("source", Some(Evidence::Figure { source, .. })) => {
            *source = Some(SourceId::from(l.value.as_str()));
            true
        }
        (_, _) => {
            told.error(&l.at, format!("\"{key}\" belongs below a query"), None);
            false
        }
    }
}
