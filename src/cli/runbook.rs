//! `andon runbook list | show | lint | new`: the runbooks of this user and the shipped ones, without a console.

use super::out::{code, tell};
use crate::config::runbook::{SHIPPED, lint};
use crate::config::{self, Paths, Problem, Severity};
use crate::core::case::runbook::{Piece, Runbook, StepKind, short};
use crate::engine::clock::utc_now;
use clap::Subcommand;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Subcommand, Debug)]
pub enum RunbookCommand {
    /// Every runbook: its name, whom it is for, its steps
    List {
        /// Only those for this service, alert or failure mode (f1 to f8)
        #[arg(long = "for", value_name = "WHAT")]
        of: Option<String>,
    },
    /// One runbook, every step in full
    ///
    /// By its name, else by a service, an alert or a failure mode.
    Show { name: String },
    /// What runbooks lack: a way back, health checks, links, contacts, mitigation, escalation; and references that lead nowhere
    ///
    /// Exit codes: 0 nothing found, 1 something is, 5 no such file.
    Lint {
        /// Files or names; default: all of this user's, and the shipped ones
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// A new runbook on stdout, to be filled in
    New {
        name: String,
        /// Begin with the shipped one for this failure mode
        #[arg(long, value_name = "MODE")]
        failure: Option<String>,
    },
}

pub fn run(what: &RunbookCommand, out: &mut impl Write) -> u8 {
    let done = match what {
        RunbookCommand::List { of } => list(of.as_deref(), out),
        RunbookCommand::Show { name } => show(name, out),
        RunbookCommand::Lint { files } => lint_all(files, out),
        RunbookCommand::New { name, failure } => new(name, failure.as_deref(), out),
    };
    code(done, out)
}

fn all() -> Vec<Arc<Runbook>> {
    let env: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    let (config, _) = config::load(&Paths::of_this_user(&env), &env);
    config.runbooks
}

/// Its name, its service, one of its alerts or failure modes.
fn is_for(b: &Runbook, what: &str) -> bool {
    *b.name == *what
        || b.service.as_ref().is_some_and(|s| s.as_str() == what)
        || b.alerts.iter().any(|a| **a == *what)
        || b.is_for(what)
}

fn list(of: Option<&str>, out: &mut impl Write) -> std::io::Result<i32> {
    let found: Vec<Arc<Runbook>> = all().into_iter().filter(|b| of.is_none_or(|w| is_for(b, w))).collect();
    if found.is_empty() {
        tell("there is no such runbook");
        return Ok(5);
    }
    for b in found {
        let mut of: Vec<String> = b.service.iter().map(|s| s.as_str().to_owned()).collect();
        of.extend(b.failure.iter().map(|f| f.to_string()));
        of.extend(b.alerts.iter().map(|a| a.to_string()));
        let of = if of.is_empty() { "nobody".into() } else { of.join(", ") };
        let file = b.file.as_deref().unwrap_or("shipped");
        writeln!(out, "{:<24} {:>2} steps  {}  ({of}; {file})", b.name, b.steps.len(), b.title)?;
    }
    Ok(0)
}

fn show(name: &str, out: &mut impl Write) -> std::io::Result<i32> {
    let books = all();
    let exact = books.iter().find(|b| *b.name == *name);
    let Some(b) = exact.or_else(|| books.iter().find(|b| is_for(b, name))) else {
        tell(&format!("there is no runbook {name:?}; andon runbook list names them"));
        return Ok(5);
    };
    writeln!(out, "{}: {}", b.name, b.title)?;
    let rehearsed = b.rehearsed.map(|at| at.rfc3339().chars().take(10).collect::<String>());
    for (word, text) in [
        ("owner", b.owner.as_deref().unwrap_or_default().to_owned()),
        ("contacts", b.contacts.join(", ")),
        ("escalate", b.escalation_words()),
        ("rehearsed", rehearsed.unwrap_or_else(|| "never".into())),
        ("file", b.file.as_deref().unwrap_or("shipped").to_owned()),
        ("sha256", b.hash.to_string()),
    ] {
        if !text.is_empty() {
            writeln!(out, "  {word:<10}{text}")?;
        }
    }
    for s in &b.steps {
        writeln!(out, "\n{}. {}  [{}]", s.number, s.title, s.kind.word())?;
        for p in &s.body {
            match p {
                Piece::Text(t) => t.lines().try_for_each(|l| writeln!(out, "   {l}"))?,
                Piece::Commands(c) => c.lines().try_for_each(|l| writeln!(out, "   for a person: {l}"))?,
            }
        }
        match &s.kind {
            StepKind::Manual => {}
            StepKind::Check(c) => {
                let (asks, expects) = c.words();
                writeln!(out, "   asks     {asks}\n   expects  {expects}")?;
            }
            StepKind::Act(i) => writeln!(out, "   act      {}", i.name())?,
            StepKind::Command(c) => {
                c.lines().iter().try_for_each(|l| writeln!(out, "   runs     {l}"))?;
                writeln!(out, "   limits   {}{}", c.limits(), if c.danger { ", the name is typed" } else { "" })?;
            }
            StepKind::Wait { ms } => writeln!(out, "   waits    {}", short(*ms))?,
            StepKind::Choose(c) => {
                writeln!(out, "   asks     {}", c.ask)?;
                for a in &c.answers {
                    let leads = a.goto.map(|g| format!(" -> {g}")).unwrap_or_default();
                    writeln!(out, "   - {}{leads}", a.words)?;
                }
            }
        }
    }
    Ok(0)
}

fn lint_all(files: &[PathBuf], out: &mut impl Write) -> std::io::Result<i32> {
    let mut found = 0;
    let mut books: Vec<(Arc<Runbook>, Vec<Problem>)> = Vec::new();
    if files.is_empty() {
        books.extend(all().into_iter().map(|b| (b, Vec::new())));
        // Their faults are the parser's, which reads them again.
        for (b, problems) in &mut books {
            if let Some(Ok((_, told))) = b.file.as_deref().map(|f| config::runbook_at(Path::new(f))) {
                *problems = told;
            }
        }
    }
    for path in files {
        if !path.exists() {
            if let Some(b) = all().into_iter().find(|b| *b.name == *path.to_string_lossy()) {
                books.push((b, Vec::new()));
                continue;
            }
            tell(&format!("there is no file and no runbook {}", path.display()));
            return Ok(5);
        }
        match config::runbook_at(path) {
            Ok((b, told)) => books.push((Arc::new(b), told)),
            Err(why) => {
                writeln!(out, "{why}")?;
                found += 1;
            }
        }
    }
    for (b, problems) in &books {
        for p in problems.iter().filter(|p| p.severity != Severity::NotInThisVersion) {
            writeln!(out, "{p}")?;
            found += 1;
        }
        let dir = b.file.as_deref().and_then(|f| Path::new(f).parent());
        // What is shipped has its links in the project's own tree.
        let there = |link: &str| dir.is_none_or(|d| d.join(link).exists());
        for f in lint::lint(b, utc_now(), &there) {
            let name = b.file.as_deref().unwrap_or(&b.name);
            let step = f.step.map(|n| format!(" step {n}")).unwrap_or_default();
            writeln!(out, "{name}{step}   {} - {}", f.what, f.hint)?;
            found += 1;
        }
    }
    let count = books.len();
    writeln!(
        out,
        "{count} runbook{}: {found} finding{}",
        if count == 1 { "" } else { "s" },
        if found == 1 { "" } else { "s" }
    )?;
    Ok(i32::from(found > 0))
}

fn new(name: &str, failure: Option<&str>, out: &mut impl Write) -> std::io::Result<i32> {
    if let Some(mode) = failure {
        let prefix = format!("{}-", mode.to_lowercase());
        let Some((_, text)) = SHIPPED.iter().find(|(n, _)| n.starts_with(&prefix)) else {
            tell(&format!("{mode:?} is none of f1 to f8"));
            return Ok(2);
        };
        // In place of what it is shipped for: the new one is a service's own.
        let own = text.replacen("---\n", &format!("---\nservice: {name}\n"), 1);
        out.write_all(own.as_bytes())?;
        return Ok(0);
    }
    out.write_all(TEMPLATE.replace("NAME", name).as_bytes())?;
    Ok(0)
}

const TEMPLATE: &str = r#"---
service: NAME
alerts: NAMEErrors
owner: who keeps this file
contacts: NAME on call
escalation:
  - NAME lead after 15m
  - platform after 30m
rehearsed:
---
# NAME hurts

One sentence: what users see, and what this runbook finds out. The board: <https://>

## 1. confirm the impact

```check
query: error_ratio{service=$service,track="candidate"}
expect: > 1%
```

## 2. is it the new version?

```choose
ask: Who fails?
answer: only the new version -> 3
  evidence: 1
answer: both -> 4
```

## 3. roll back

```act
act: roll-back
```

## 4. mitigate

What makes it hurt less before it is solved: a flag, a limit, a region.

## 5. it is well again

```smoke
query: error_ratio{service=$service,track="stable"}
expect: < 1%
```

## 6. tell those who wait

```act
act: tell
```
"#;
