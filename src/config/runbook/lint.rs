//! What a runbook lacks: a way back, a health check, links, contacts, mitigation, escalation, and what its references
//! point at. Opens no file; whoever asks says what is there.

use crate::core::case::runbook::{Asks, Check, Evidence, Piece, RunStep, Runbook, StepKind};
use crate::core::intent::Intent;
use crate::core::time::Utc;

/// Played through longer ago than this, it is no longer known to work. Milliseconds.
const REHEARSED_MS: i64 = 180 * 24 * 3_600_000;

/// One line of the linter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `None`: the runbook as a whole.
    pub step: Option<u32>,
    pub what: String,
    pub hint: &'static str,
}

/// Everything that is missing or leads nowhere. `there`: does this relative link lead to a file?
pub fn lint(book: &Runbook, now: Utc, there: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut lacks = |what: &str, hint: &'static str| out.push(Finding { step: None, what: what.to_owned(), hint });
    let text = all_text(book);
    let says = |words: &[&str]| words.iter().any(|w| text.contains(w));
    let acts = |which: &[Intent]| book.steps.iter().any(|s| matches!(&s.kind, StepKind::Act(i) if which.contains(i)));
    if book.service.is_none() && book.alerts.is_empty() && book.failure.is_empty() {
        lacks("nobody finds it", "write service, alerts or failure in its head");
    }
    let back = [Intent::RollBack, Intent::RollBackTo];
    if !acts(&back) && !says(&["roll back", "rollback", "rolled back", "revert", "undo "]) {
        lacks("no rollback step", "a step with act: roll-back, or why there is no way back");
    }
    let checks = |s: &RunStep| matches!(s.kind, StepKind::Check(_));
    if !book.steps.iter().any(checks) {
        lacks("no health check", "a step with a check or smoke block");
    }
    let mitigates = acts(&[Intent::Hold, Intent::Freeze, Intent::RollBack, Intent::RollBackTo]);
    if !mitigates && !says(&["mitigat", "hold", "rate limit", "switch off", "flag off", "scale", "divert", "degrade"]) {
        lacks("no mitigation", "what makes it hurt less before it is solved: act: hold, a flag, a limit");
    }
    if links(book).next().is_none() {
        lacks("no link", "a board, a log search, the service's page");
    }
    if book.contacts.is_empty() {
        lacks("no contacts", "write contacts: payments on call, web on call");
    }
    if book.escalation.is_empty() {
        lacks("no escalation", "write escalation: payments lead after 15m");
    } else if book.escalation.iter().all(|r| r.after_ms.is_none()) {
        lacks("the escalation has no time", "write escalation: payments lead after 15m");
    }
    if book.owner.is_none() {
        lacks("no owner", "write owner: payments");
    }
    match book.rehearsed {
        None => lacks("never rehearsed", "play it in a drill, then write rehearsed: 2026-11-21"),
        Some(at) if now.since(at) > REHEARSED_MS => {
            lacks("rehearsed more than 180 days ago", "play it in a drill, then write the day");
        }
        Some(_) => {}
    }
    for step in &book.steps {
        of_step(book, step, there, &mut out);
    }
    out
}

fn of_step(book: &Runbook, step: &RunStep, there: &dyn Fn(&str) -> bool, out: &mut Vec<Finding>) {
    let mut found = |what: String, hint| out.push(Finding { step: Some(step.number), what, hint });
    if let StepKind::Choose(c) = &step.kind {
        for a in &c.answers {
            if let Some(to) = a.goto.filter(|n| book.step(*n).is_none()) {
                found(
                    format!("the answer \"{}\" leads to step {to}, which is not there", a.words),
                    "name a step that is",
                );
            }
            for e in &a.evidence {
                let Evidence::Step(n) = e else { continue };
                let asked = book.step(*n).map(|s| matches!(s.kind, StepKind::Check(_)));
                match asked {
                    None => found(format!("its evidence is step {n}, which is not there"), "name a check"),
                    Some(false) => found(format!("its evidence is step {n}, which finds nothing"), "name a check"),
                    Some(true) => {}
                }
            }
        }
    }
    if let Some(c) = step.kind.command() {
        if !c.shell && c.argv.iter().any(|w| w.contains("$ANDON_") || w.contains("${")) {
            found("a variable in an argv is not filled in".into(), "use sh:, or let the program read its environment");
        }
        if c.unmarked {
            found("a shell block of a file not written for andon".into(), "make it a command block with its argv");
        }
    }
    if let StepKind::Check(Check { asks: Asks::Command(_), .. }) = &step.kind {
        found("a check that starts a program is never asked by itself".into(), "a query or get answers live");
    }
    for link in step_links(step) {
        let outside = link.contains("://") || link.starts_with("mailto:") || link.starts_with('#');
        let file = link.split('#').next().unwrap_or_default();
        if !outside && !there(file) {
            found(format!("the link {link} leads nowhere"), "mend it");
        }
    }
}

fn all_text(book: &Runbook) -> String {
    let mut out = String::new();
    for s in &book.steps {
        out.push_str(&s.title);
        out.push('\n');
        for p in &s.body {
            let (Piece::Text(t) | Piece::Commands(t)) = p;
            out.push_str(t);
            out.push('\n');
        }
    }
    out.to_lowercase()
}

fn links(book: &Runbook) -> impl Iterator<Item = &str> {
    book.steps.iter().flat_map(step_links)
}

/// Addresses as the parser puts them in front of a link's words: `<https://..> the board`.
fn step_links(step: &RunStep) -> impl Iterator<Item = &str> {
    let texts = step.body.iter().map(|p| match p {
        Piece::Text(t) | Piece::Commands(t) => &**t,
    });
    texts.chain(std::iter::once(&*step.title)).flat_map(|t| {
        t.split('<').skip(1).filter_map(|part| {
            let link = part.split_once('>')?.0;
            (!link.is_empty() && !link.contains(char::is_whitespace)).then_some(link)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::runbook;
    use super::*;
    use crate::core::case::runbook::short;

    const GOOD: &str =
        "---\nservice: a\nowner: b\ncontacts: c\nescalation: lead after 15m\nrehearsed: 2026-11-01\n---\n# T\n
## 1. look\n\nSee [the board](https://x.example/d).\n\n```check\nquery: up\nexpect: = 1\n```\n
## 2. back\n\n```act\nroll-back\n```\n";

    fn found(text: &str) -> Vec<String> {
        let now = Utc::read("2026-11-21T00:00:00Z").unwrap();
        let (book, _) = runbook("r", "r.md", text);
        lint(&book, now, &|file| file == "there.md").into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn a_whole_runbook_has_no_finding_and_each_part_taken_away_is_named() {
        assert_eq!(found(GOOD), Vec::<String>::new());
        assert_eq!(short(900_000), "15m");
        for (line, by, what) in [
            ("service: a\n", "", "nobody finds it"),
            ("owner: b\n", "", "no owner"),
            ("contacts: c\n", "", "no contacts"),
            ("escalation: lead after 15m\n", "", "no escalation"),
            ("escalation: lead after 15m\n", "escalation: lead\n", "the escalation has no time"),
            ("rehearsed: 2026-11-01\n", "", "never rehearsed"),
            ("2026-11-01", "2026-01-01", "rehearsed more than 180 days ago"),
            ("[the board](https://x.example/d)", "the board", "no link"),
            ("```check\nquery: up\nexpect: = 1\n```\n", "", "no health check"),
        ] {
            assert_eq!(found(&GOOD.replacen(line, by, 1)), [what], "{line}");
        }
        let none = GOOD.replace("roll-back", "tell").replace("## 2. back", "## 2. say it");
        assert_eq!(found(&none), ["no rollback step", "no mitigation"]);
    }

    #[test]
    fn references_that_lead_nowhere_are_named() {
        let more = |block: &str| found(&format!("{GOOD}\n## 3. more\n{block}"));
        assert_eq!(more("[a](there.md) [b](#x) [c](mailto:x@y.example)\n"), Vec::<String>::new());
        assert_eq!(more("[a](gone.md)\n"), ["the link gone.md leads nowhere"]);
        assert_eq!(
            more("```choose\nask: q\nanswer: a -> 9\n  evidence: 1, 2, 8\n```\n"),
            [
                "the answer \"a\" leads to step 9, which is not there",
                "its evidence is step 2, which finds nothing",
                "its evidence is step 8, which is not there"
            ]
        );
        assert_eq!(
            more("```command\nargv: [\"x\", \"$ANDON_SERVICE\"]\n```\n"),
            ["a variable in an argv is not filled in"]
        );
    }
}
