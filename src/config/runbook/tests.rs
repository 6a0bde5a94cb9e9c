use super::check::expectation;
use super::*;
use crate::core::case::runbook::{Expectation, Op, Progress};
use crate::core::id::SourceId;
use proptest::prelude::*;

fn told(text: &str) -> Vec<String> {
    let (_, problems) = runbook("r", "r.md", text);
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn the_shipped_runbooks_have_no_fault() {
    for (name, text) in SHIPPED {
        let (book, problems) = runbook(name, name, text);
        assert_eq!(problems, [], "{name}");
        assert!(book.service.is_some() && book.steps.len() >= 4);
        assert!(book.owner.is_some() && book.escalation.is_some() && !book.contacts.is_empty());
    }
}

#[test]
fn the_checkout_runbook_asks_the_drill_s_telemetry() {
    let book = &shipped()[0];
    let checks: Vec<String> = book
        .steps
        .iter()
        .filter_map(|s| match &s.kind {
            StepKind::Check(c) => Some(format!("{} {} {}", s.number, c.query, c.expect)),
            StepKind::Manual => None,
        })
        .collect();
    assert_eq!(
        checks,
        [
            "1 error_ratio{service=\"checkout\",track=\"candidate\"} > 0.01",
            "2 error_ratio{service=\"checkout\",track=\"stable\"} < 0.01",
            "3 burn{service=\"checkout\",window=\"1h\"} > 3",
            "5 pods{service=\"checkout\",track=\"candidate\"} = 0",
            "6 error_ratio{service=\"checkout\",track=\"stable\"} < 0.01",
        ]
    );
    assert_eq!(Progress::default().current(book), Some(1));
}

const BOOK: &str = "---
service: search
alerts: [SearchSlow, \"SearchDown\"]
contacts: mira, ito
---
# Search is slow

Words before the first step belong to no step.

## 1. look at the load

Read *this* first, see [the board](https://x.example/d/1).

- one
- two

```check
query: sum(rate(x[5m]))
  / sum(rate(y[5m]))
expect: <= 5%
source: metrics
```

## 2) restart by hand

```sh
kubectl -n search get pods
```

## Background

Not a step.
";

#[test]
fn numbered_headings_are_steps() {
    let (book, problems) = runbook("search", "search.md", BOOK);
    let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(told, ["search.md:26:1   not in this version: commands are shown, not run"]);
    assert_eq!(&*book.title, "Search is slow");
    assert_eq!(book.service, Some(ServiceId::from("search")));
    assert_eq!(book.alerts, ["SearchSlow".into(), "SearchDown".into()]);
    assert_eq!(book.contacts, ["mira".into(), "ito".into()]);
    let titles: Vec<&str> = book.steps.iter().map(|s| &*s.title).collect();
    assert_eq!(titles, ["look at the load", "restart by hand"]);
    assert_eq!(
        book.steps[0].body,
        [
            Piece::Text("Read this first, see <https://x.example/d/1> the board.".into()),
            Piece::Text("- one".into()),
            Piece::Text("- two".into()),
        ]
    );
    let expected = Check {
        query: "sum(rate(x[5m])) / sum(rate(y[5m]))".into(),
        expect: Expectation { op: Op::AtMost, value: 0.05 },
        source: Some(SourceId::from("metrics")),
    };
    assert_eq!(book.steps[0].kind, StepKind::Check(expected));
    assert_eq!(book.steps[1].kind, StepKind::Manual);
    assert_eq!(book.steps[1].body, [Piece::Commands("kubectl -n search get pods".into())]);
}

#[test]
fn a_numbered_list_will_do() {
    let text = "# T\n\n1. call ito\n2. look\n\n   ```check\n   query: up\n   expect: = 1\n   ```\n3. write it down\n   - on paper\n";
    let (book, problems) = runbook("r", "r.md", text);
    assert_eq!(problems, []);
    let titles: Vec<&str> = book.steps.iter().map(|s| &*s.title).collect();
    assert_eq!(titles, ["call ito", "look", "write it down"]);
    assert!(matches!(&book.steps[1].kind, StepKind::Check(c) if &*c.query == "up"));
    assert_eq!(book.steps[2].body, [Piece::Text("- on paper".into())]);
}

#[test]
fn faults_name_their_line_and_the_step_stays_a_manual_one() {
    let step = "# T\n## 1. a\n```check\n";
    for (text, expected) in [
        (
            "".to_owned(),
            "r.md:1:1   the runbook has no steps - a step is a heading such as \"## 1. look at the errors\"",
        ),
        (
            "---\nservise: x\n---\n## 1. a\n".to_owned(),
            "r.md:2:1   unknown key \"servise\" - did you mean \"service\"?",
        ),
        ("---\nservice\n---\n## 1. a\n".to_owned(), "r.md:2:1   \"service\" is not a setting - write key: value"),
        (
            format!("{step}query: up\nexpect: small\n```\n"),
            "r.md:5:1   \"small\" is not an expectation - write a sign and a number: < 0.01, >= 3, < 1%",
        ),
        (
            format!("{step}query: up\nexpects: < 1\n```\n"),
            "r.md:5:1   unknown key \"expects\" in a check - did you mean \"expect\"?",
        ),
        (format!("{step}expect: < 1\n```\n"), "r.md:3:1   the check has no \"query\""),
        (format!("{step}query: up\n```\n"), "r.md:3:1   the check has no \"expect\" - write expect: < 0.01"),
        ("# T\n## 1. a\n```chekc\nx\n```\n".to_owned(), "r.md:3:1   unknown block \"chekc\" - did you mean \"check\"?"),
        (
            "# T\n## 1. a\n```act\nrollback\n```\n".to_owned(),
            "r.md:3:1   not in this version: a step of kind \"act\"; it is shown as text",
        ),
    ] {
        assert_eq!(told(&text), [expected]);
        let (book, _) = runbook("r", "r.md", &text);
        assert!(book.steps.iter().all(|s| s.kind == StepKind::Manual));
    }
    let twice = format!("{step}query: a\nexpect: < 1\n```\n```check\nquery: b\nexpect: < 1\n```\n");
    assert_eq!(told(&twice), ["r.md:7:1   a step has one check - make it a step of its own"]);
    assert_eq!(told("---\nservice: x\n").len(), 2, "open front matter, no steps");
}

#[test]
fn expectations_are_a_sign_and_a_number() {
    for (text, shown) in [
        ("< 0.01", "< 0.01"),
        ("<=5%", "<= 0.05"),
        ("> 3", "> 3"),
        (">= 3", ">= 3"),
        ("= 0", "= 0"),
        ("== 0", "= 0"),
        ("!= 0", "!= 0"),
        ("< -1", "< -1"),
    ] {
        assert_eq!(expectation(text).map(|e| e.to_string()).as_deref(), Some(shown));
    }
    for bad in ["", "0.01", "<", "< a", "< NaN", "< inf", "~ 3"] {
        assert_eq!(expectation(bad), None, "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_is_too_strange(s in "(---\n)?([#`0-9a-z.): \n<-]|check|é){0,80}") {
        let (book, _) = runbook("r", "r.md", &s);
        for (n, step) in book.steps.iter().enumerate() {
            prop_assert_eq!(step.number as usize, n + 1);
        }
    }
}
