use super::check::expectation;
use super::*;
use crate::core::case::runbook::{Asks, Check, Evidence, Expectation, Op, Progress, Want};
use crate::core::id::{ServiceId, SourceId};
use crate::core::intent::Intent;
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
        assert!((book.service.is_some() || !book.failure.is_empty()) && book.steps.len() >= 4);
        assert!(book.owner.is_some() && !book.escalation.is_empty() && !book.contacts.is_empty());
    }
}

#[test]
fn the_checkout_runbook_asks_the_drill_s_telemetry() {
    let all = shipped();
    let book = all.iter().find(|b| &*b.name == "checkout-5xx").expect("shipped");
    let checks = book.steps.iter().filter(|s| matches!(s.kind, StepKind::Check(_))).count();
    assert!(checks >= 5);
    assert_eq!(book.service, Some(ServiceId::from("checkout")));
    assert_eq!(Progress::default().current(book), Some(1));
}

#[test]
fn every_failure_mode_has_a_shipped_runbook_that_lints_clean() {
    let now = crate::core::time::Utc::read("2026-11-21T00:00:00Z").unwrap();
    let all = shipped();
    for mode in ["F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8"] {
        let of: Vec<_> = all.iter().filter(|b| b.is_for(mode)).collect();
        assert!(!of.is_empty(), "{mode} has none");
    }
    let there = |file: &str| std::path::Path::new("runbooks").join(file).exists();
    for book in &all {
        let mut found = lint::lint(book, now, &there);
        // Nobody has played them through yet, and they say so.
        found.retain(|f| f.what != "never rehearsed");
        assert_eq!(found, [], "{}", book.name);
        assert!(book.escalation.iter().any(|r| r.after_ms.is_some()), "{}", book.name);
    }
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
    assert_eq!(problems, []);
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
    let asks = Asks::Query {
        text: "sum(rate(x[5m])) / sum(rate(y[5m]))".into(),
        expect: Expectation { op: Op::AtMost, value: 0.05 },
        source: Some(SourceId::from("metrics")),
    };
    assert_eq!(book.steps[0].kind, StepKind::Check(Check { asks, smoke: false }));
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
    assert!(matches!(&book.steps[1].kind, StepKind::Check(c) if c.words().0 == "up"));
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
            "r.md:3:1   \"rollback\" is no act - did you mean \"roll-back\"?",
        ),
    ] {
        assert_eq!(told(&text), [expected]);
        let (book, _) = runbook("r", "r.md", &text);
        assert!(book.steps.iter().all(|s| s.kind == StepKind::Manual));
    }
    let twice = format!("{step}query: a\nexpect: < 1\n```\n```check\nquery: b\nexpect: < 1\n```\n");
    assert_eq!(
        told(&twice),
        ["r.md:7:1   a step has one block, and this check is the second - make it a step of its own"]
    );
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

fn only(block: &str) -> (Option<StepKind>, Vec<String>) {
    let text = format!("# T\n## 1. a\n{block}\n## 2. b\n");
    let (book, problems) = runbook("r", "r.md", &text);
    let kind = book.steps.first().map(|s| s.kind.clone()).filter(|k| *k != StepKind::Manual);
    (kind, problems.iter().map(|p| p.what.clone()).collect())
}

#[test]
fn every_kind_of_step_is_read() {
    let get = only("```smoke\nget: https://a.example/healthz\nexpect: status 200\nexpect: json .q.d < 5\n```");
    let Some(StepKind::Check(Check { asks: Asks::Get { url, wants }, smoke: true })) = get.0 else { panic!("{get:?}") };
    assert_eq!((&*url, wants.len()), ("https://a.example/healthz", 2));
    let act = only("```act\nact: roll back\n```");
    assert_eq!(act.0, Some(StepKind::Act(Intent::RollBack)));
    assert_eq!(only("```wait\nwait: 10m\n```").0, Some(StepKind::Wait { ms: 600_000 }));
    let run = only(
        "```command\nargv: [\"kubectl\", \"a b\", \"$(id)\"]\ntimeout: 5m\ndir: /srv\nenv: KUBECONFIG\ndanger: true\nexpect: exit 3\n```",
    );
    let Some(StepKind::Command(c)) = run.0 else { panic!("{run:?}") };
    assert_eq!(c.argv, ["kubectl".into(), "a b".into(), "$(id)".into()]);
    assert_eq!((c.timeout_ms, c.dir(), c.danger, c.shell, c.unmarked), (300_000, "/srv", true, false, false));
    assert_eq!((c.env.as_slice(), c.wants.as_slice()), (&["KUBECONFIG".into()][..], &[Want::Exit(3)][..]));
    let sh = only("```command\nsh: set -e\n  kubectl get pods | head\n```");
    let Some(StepKind::Command(c)) = sh.0 else { panic!("{sh:?}") };
    assert_eq!((c.shell, &*c.argv[2]), (true, "set -e\nkubectl get pods | head"));
    let ask = only("```choose\nask: who?\nanswer: a -> 2\n  evidence: 1\n  query: up\n  expect: = 1\nanswer: b\n```");
    let Some(StepKind::Choose(c)) = ask.0 else { panic!("{ask:?}") };
    assert_eq!((c.answers[0].goto, c.answers[1].goto, c.answers[0].evidence.len()), (Some(2), None, 2));
    assert!(matches!(c.answers[0].evidence[1], Evidence::Figure { expect: Some(_), .. }));
}

#[test]
fn what_is_not_sound_stays_a_step_for_a_person() {
    for (block, why) in [
        ("```check\nget: http://a.example/x\n```", "is not asked"),
        ("```check\nget: https://u:p@a.example/x\n```", "is not asked"),
        ("```check\nget: http://localhost.evil.example/x\n```", "is not asked"),
        ("```check\nget: file:///etc/passwd\n```", "is not asked"),
        ("```check\nquery: up\nget: https://a.example\nexpect: = 1\n```", "asks one thing"),
        ("```command\nargv: kubectl get pods\n```", "not a list of words"),
        ("```command\nargv: []\n```", "not a list of words"),
        ("```command\nargv: [\"a\\u0000b\"]\n```", "not a list of words"),
        ("```command\nargv: [\"a\"]\nsh: b\n```", "not both"),
        ("```command\nargv: [\"a\"]\ntimeout: 31m\n```", "no time limit"),
        ("```command\nargv: [\"a\"]\ndir: ../x\n```", "no full path"),
        ("```command\nargv: [\"a\"]\nenv: LD_PRELOAD\n```", "cannot be passed on"),
        ("```command\nargv: [\"a\"]\ndanger: maybe\n```", "neither true nor false"),
        ("```wait\nsoon\n```", "no time to wait"),
        ("```choose\nask: x\n```", "has no answer"),
        ("```choose\nask: x\nanswer: a -> there\n```", "leads to no step"),
    ] {
        let (kind, told) = only(block);
        assert!(kind.is_none() && told.iter().any(|t| t.contains(why)), "{block}: {kind:?} {told:?}");
    }
    for fine in ["http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:9/x", "https://a.example"] {
        assert!(only(&format!("```check\nget: {fine}\n```")).0.is_some(), "{fine}");
    }
}

#[test]
fn the_head_names_who_is_called_and_when() {
    let head = "---\nservice: a\nfailure: f1\nrehearsed: 2026-11-01\nescalation:\n  - payments lead after 15m\n  - platform after 1 hour\n---\n## 1. a\n";
    let (book, problems) = runbook("r", "r.md", head);
    assert_eq!(problems, []);
    assert_eq!(book.escalation_words(), "payments lead after 15m, platform after 1h");
    assert!(book.is_for("F1") && book.is_for("f1") && !book.is_for("F2") && book.rehearsed.is_some() && book.marked);
    let one = "---\nescalation: payments lead after 15m, platform after 30m\n---\n## 1. a\n";
    assert_eq!(runbook("r", "r.md", one).0.escalation_words(), "payments lead after 15m, platform after 30m");
    let old = "---\nescalation: payments lead, after 15 minutes without progress\n---\n## 1. a\n";
    assert_eq!(runbook("r", "r.md", old).0.escalation_words(), "payments lead after 15m");
    assert_eq!(told("---\nrehearsed: soon\n---\n## 1. a\n"), ["r.md:2:1   \"soon\" is not a day - write 2026-11-21"]);
    assert_eq!(told("---\ntags: x\nlayout: page\n---\n# T\n- a\n").len(), 2, "warnings, another program's keys");
}

#[test]
fn a_file_that_knows_nothing_of_us_opens_and_its_shell_blocks_are_told_as_such() {
    let text =
        "# Search down\n\nRead this.\n\n## Look\n\n* one\n    * two\n\n```bash\nkubectl get pods\n```\n\nThen wait.\n";
    let (book, problems) = runbook("r", "r.md", text);
    assert_eq!((problems.len(), book.marked, &*book.title), (0, false, "Search down"));
    let steps: Vec<(&str, &str)> = book.steps.iter().map(|s| (&*s.title, s.kind.word())).collect();
    assert_eq!(steps, [("Look", "manual"), ("one", "manual"), ("run: kubectl get pods", "command")]);
    assert_eq!(book.steps[0].body, [Piece::Text("Read this.".into())]);
    assert_eq!(book.steps[1].body, [Piece::Text("- two".into())]);
    assert_eq!(book.steps[2].body, [Piece::Text("Then wait.".into())]);
    let c = book.steps[2].kind.command().expect("a command");
    assert!(c.unmarked && c.shell && !c.danger);
    let console = "# T\n```console\n$ kubectl get pods\nNAME READY\n$ rm -rf x\n```\n";
    let (book, _) = runbook("r", "r.md", console);
    assert_eq!(&*book.steps[0].kind.command().expect("a command").argv[2], "kubectl get pods\nrm -rf x");
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
