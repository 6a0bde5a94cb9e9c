//! One fault in a file a person edits: where, what, and what to write instead. Knows no file format.

use crate::core::shown::{LINE_MAX, shown_line};
use std::fmt;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `config check` ends with 3. The console starts with the rest.
    Error,
    Warning,
    /// Valid, known to the documentation, not built yet.
    NotInThisVersion,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The path as it was given, `runbooks/x.md`, or the name of an environment variable.
    pub file: String,
    /// From 1; 0: the file as a whole.
    pub line: u32,
    /// From 1, in characters; 0: the file as a whole.
    pub col: u32,
    pub what: String,
    /// What to do: `did you mean "roll-back"?`
    pub hint: Option<String>,
    pub severity: Severity,
}

impl Problem {
    /// A problem of the file as a whole.
    pub fn whole(file: &str, severity: Severity, what: impl Into<String>) -> Problem {
        Problem { file: file.to_owned(), line: 0, col: 0, what: what.into(), hint: None, severity }
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }
}

/// `keymaps/mine.toml:3:9   unknown intent "rolback" - did you mean "roll-back"?`, on one line and safe for a terminal.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown_line(&self.file, LINE_MAX))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.col)?;
        }
        f.write_str("   ")?;
        match self.severity {
            Severity::Error => {}
            Severity::Warning => f.write_str("warning: ")?,
            Severity::NotInThisVersion => f.write_str("not in this version: ")?,
        }
        write!(f, "{}", shown_line(&self.what, LINE_MAX))?;
        match &self.hint {
            Some(hint) => write!(f, " - {}", shown_line(hint, LINE_MAX)),
            None => Ok(()),
        }
    }
}

/// Collects the problems of one text, turning byte offsets into lines and columns.
#[derive(Debug)]
pub struct Told<'t> {
    file: &'t str,
    text: &'t str,
    problems: Vec<Problem>,
}

impl<'t> Told<'t> {
    pub fn new(file: &'t str, text: &'t str) -> Told<'t> {
        Told { file, text, problems: Vec::new() }
    }

    pub fn file(&self) -> &'t str {
        self.file
    }

    pub fn text(&self) -> &'t str {
        self.text
    }

    pub fn add(&mut self, severity: Severity, span: &Range<usize>, what: impl Into<String>, hint: Option<String>) {
        let (line, col) = place(self.text, span.start);
        self.problems.push(Problem { file: self.file.to_owned(), line, col, what: what.into(), hint, severity });
    }

    pub fn error(&mut self, span: &Range<usize>, what: impl Into<String>, hint: Option<String>) {
        self.add(Severity::Error, span, what, hint);
    }

    /// In the order of the text.
    pub fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|p| (p.line, p.col));
        self.problems.dedup();
        self.problems
    }
}

/// Line and column, both from 1, the column in characters; an offset past the end is the end.
pub fn place(text: &str, at: usize) -> (u32, u32) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |n| n + 1);
    let line = before.matches('\n').count() + 1;
    let col = before[start..].chars().count() + 1;
    let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (small(line), small(col))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_one_line() {
        let text = "[global]\n\n\"a r\" = \"rolback\"";
        let mut told = Told::new("keymaps/mine.toml", text);
        let hint = Some("did you mean \"roll-back\"?".to_owned());
        told.error(&(18..27), "unknown intent \"rolback\"", hint);
        assert_eq!(
            told.into_problems()[0].to_string(),
            "keymaps/mine.toml:3:9   unknown intent \"rolback\" - did you mean \"roll-back\"?"
        );
    }

    #[test]
    fn words_of_a_file_cannot_reach_the_terminal_raw() {
        let p = Problem::whole("a\u{1b}[2J.toml", Severity::Warning, "unknown \u{202e}\nkey");
        assert_eq!(p.to_string(), "a^[[2J.toml   warning: unknown <U+202E> / key");
    }

    #[test]
    fn columns_are_characters() {
        assert_eq!(place("é = 1\nüx", 10), (2, 3));
        assert_eq!(place("ab", 99), (1, 3));
    }
}
