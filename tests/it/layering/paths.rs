//! Which paths a Rust source names: every `use`, and every `a::b` in the code. A small reader, not a compiler.
//!
//! Comments, strings and characters are skipped; `{}` in a `use` is unfolded; `super` and `self` are resolved, inline
//! modules included; code under `#[cfg(test)]` is marked. Knows nothing of who may import whom.

/// One path as the source names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub line: usize,
    /// Within this crate: from its root, without `crate`. Else as written.
    pub path: Vec<String>,
    pub ours: bool,
    /// Under `#[cfg(test)]`.
    pub test: bool,
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Mark(char),
}

/// All paths in `source`, the text of the module at `module` (from the crate's root).
pub fn named(source: &str, module: &[String]) -> Vec<Found> {
    let mut reader = Reader {
        tokens: tokens(source),
        at: 0,
        module: module.to_vec(),
        blocks: Vec::new(),
        depth: 0,
        test_next: false,
        found: Vec::new(),
    };
    reader.read();
    reader.found
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    at: usize,
    module: Vec<String>,
    /// Open blocks that matter: depth, whether it is a module (its name is the last of `module`), whether it is a test.
    blocks: Vec<(usize, bool, bool)>,
    depth: usize,
    test_next: bool,
    found: Vec<Found>,
}

impl Reader {
    fn word(&self, at: usize) -> Option<&str> {
        match &self.tokens.get(at)?.1 {
            Token::Word(w) => Some(w),
            Token::Mark(_) => None,
        }
    }

    fn mark(&self, at: usize) -> Option<char> {
        match self.tokens.get(at)?.1 {
            Token::Word(_) => None,
            Token::Mark(c) => Some(c),
        }
    }

    fn colons(&self, at: usize) -> bool {
        self.mark(at) == Some(':') && self.mark(at + 1) == Some(':')
    }

    fn read(&mut self) {
        while self.at < self.tokens.len() {
            match self.mark(self.at) {
                Some('#') => self.attribute(),
                Some('{') => self.open(false),
                Some('}') => self.close(),
                Some(c) => {
                    self.test_next &= c != ';';
                    self.at += 1;
                }
                None => self.item_or_path(),
            }
        }
    }

    fn attribute(&mut self) {
        self.at += 1;
        let whole_file = self.mark(self.at) == Some('!');
        self.at += usize::from(whole_file);
        if self.mark(self.at) != Some('[') || self.word(self.at + 1) != Some("cfg") {
            return;
        }
        let end = (self.at..self.tokens.len()).find(|&i| self.mark(i) == Some(']'));
        let end = end.unwrap_or(self.tokens.len());
        let says = |word: &str| (self.at..end).any(|i| self.word(i) == Some(word));
        if says("test") && !says("not") {
            if whole_file {
                self.blocks.push((usize::MAX, false, true));
            } else {
                self.test_next = true;
            }
        }
        self.at = end;
    }

    fn open(&mut self, is_module: bool) {
        if is_module || self.test_next {
            self.blocks.push((self.depth, is_module, self.test_next));
            self.test_next = false;
        }
        self.depth += 1;
        self.at += 1;
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if let Some(&(depth, is_module, _)) = self.blocks.last()
            && depth == self.depth
        {
            self.blocks.pop();
            if is_module {
                self.module.pop();
            }
        }
        self.at += 1;
    }

    fn item_or_path(&mut self) {
        let word = self.word(self.at).unwrap_or_default().to_owned();
        if word == "mod" && self.mark(self.at + 2) == Some('{') {
            let name = self.word(self.at + 1).unwrap_or_default().to_owned();
            self.module.push(name);
            self.at += 2;
            self.open(true);
        } else if word == "use" && self.mark(self.at + 1) != Some('<') {
            self.at += 1;
            self.tree(&[]);
        } else if self.colons(self.at + 1) {
            let line = self.tokens[self.at].0;
            let mut path = vec![word];
            while self.colons(self.at + 1) && self.word(self.at + 3).is_some() {
                path.extend(self.word(self.at + 3).map(str::to_owned));
                self.at += 3;
            }
            self.at += 1;
            self.put(line, path);
        } else {
            self.at += 1;
        }
    }

    /// The tree of a `use`, from the current token to before its `,`, `}` or `;`.
    fn tree(&mut self, before: &[String]) {
        let line = self.tokens.get(self.at).map_or(0, |t| t.0);
        let mut path = before.to_vec();
        loop {
            if self.colons(self.at) {
                self.at += 2;
            } else if self.mark(self.at) == Some('{') {
                self.at += 1;
                while self.at < self.tokens.len() && self.mark(self.at) != Some('}') {
                    self.tree(&path);
                    self.at += usize::from(self.mark(self.at) == Some(','));
                }
                self.at += 1;
                return;
            } else if self.word(self.at) == Some("as") {
                self.at += 2;
            } else if let Some(word) = self.word(self.at) {
                path.push(word.to_owned());
                self.at += 1;
            } else if self.mark(self.at) == Some('*') {
                self.at += 1;
            } else {
                break;
            }
        }
        // A stray mark must not hold the caller's loop.
        if !matches!(self.mark(self.at), Some(',' | '}' | ';') | None) {
            self.at += 1;
        }
        if path.len() > before.len() {
            self.put(line, path);
        }
    }

    fn put(&mut self, line: usize, path: Vec<String>) {
        let (mut base, mut rest) = (self.module.clone(), path.as_slice());
        let mut ours = true;
        match rest.first().map(String::as_str) {
            Some("crate") => (base, rest) = (Vec::new(), &rest[1..]),
            Some("self") => rest = &rest[1..],
            Some("super") => {
                while rest.first().is_some_and(|w| w == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            Some(_) | None => (base, ours) = (Vec::new(), false),
        }
        base.extend(rest.iter().filter(|w| *w != "self").cloned());
        let test = self.test_next || self.blocks.iter().any(|b| b.2);
        self.found.push(Found { line, path: base, ours, test });
    }
}

fn tokens(source: &str) -> Vec<(usize, Token)> {
    let text: Vec<char> = source.chars().collect();
    let (mut out, mut i, mut line) = (Vec::new(), 0, 1);
    let is = |i: usize, c: char| text.get(i) == Some(&c);
    while let Some(&c) = text.get(i) {
        let start = i;
        if c == '/' && is(i + 1, '/') {
            while i < text.len() && !is(i, '\n') {
                i += 1;
            }
        } else if c == '/' && is(i + 1, '*') {
            let mut deep = 0;
            loop {
                if is(i, '/') && is(i + 1, '*') {
                    (deep, i) = (deep + 1, i + 2);
                } else if is(i, '*') && is(i + 1, '/') {
                    (deep, i) = (deep - 1, i + 2);
                } else {
                    i += 1;
                }
                if deep == 0 || i >= text.len() {
                    break;
                }
            }
        } else if c == '"' {
            i = after_string(&text, i);
        } else if c == '\'' {
            // 'a' and '\n' are characters, 'a without a closing mark is a lifetime.
            i += 1;
            if is(i, '\\') {
                i += 2;
                while i < text.len() && !is(i, '\'') {
                    i += 1;
                }
                i += 1;
            } else if is(i + 1, '\'') {
                i += 2;
            }
        } else if c.is_alphanumeric() || c == '_' {
            while text.get(i).is_some_and(|c| c.is_alphanumeric() || *c == '_') {
                i += 1;
            }
            let word: String = text[start..i].iter().collect();
            let hashes = text[i..].iter().take_while(|c| **c == '#').count();
            if word.ends_with('r') && word.len() <= 2 && is(i + hashes, '"') {
                let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                i += hashes + 1;
                while i < text.len() && !text[i..].starts_with(&end) {
                    i += 1;
                }
                i += end.len();
            } else {
                out.push((line, Token::Word(word)));
            }
        } else {
            if !c.is_whitespace() {
                out.push((line, Token::Mark(c)));
            }
            i += 1;
        }
        line += text[start..i.min(text.len())].iter().filter(|c| **c == '\n').count();
    }
    out
}

/// The index after the string that opens at `at`.
fn after_string(text: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while let Some(c) = text.get(i) {
        match c {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    i
}

#[test]
fn a_path_is_found_wherever_code_names_it_and_nowhere_else() {
    let source = r##"
//! use crate::no::comment;
#![allow(x)]
use crate::{a::{b, c as d}, self, e::*};
use super::up;
/* crate::no /* crate::nested */ crate::no */
const S: &str = "crate::no::string \" crate::no"; const R: &str = r#"crate::no " "#; const C: char = '"'; const Q: u8 = b'\'';
fn f<'a>(x: &'a crate::inline::T) -> impl Iterator + use<'a> { std::fs::read(x); self::own::g::<u8>() }
mod inner { use super::sibling; mod deep { fn h() { super::super::two() } } }
#[cfg(test)]
mod tests { use super::*; fn t() { crate::testkit::world() } }
#[cfg(not(test))] fn n() { crate::not_test::x() }
"##;
    let module = ["m".to_owned(), "n".to_owned()];
    let found: Vec<String> = named(source, &module)
        .into_iter()
        .map(|f| {
            let tag = if f.test { " test" } else { "" };
            let ours = if f.ours { "crate::" } else { "" };
            format!("{} {ours}{}{tag}", f.line, f.path.join("::"))
        })
        .collect();
    assert_eq!(
        found,
        [
            "4 crate::a::b",
            "4 crate::a::c",
            "4 crate::",
            "4 crate::e",
            "5 crate::m::up",
            "8 crate::inline::T",
            "8 std::fs::read",
            "8 crate::m::n::own::g",
            "9 crate::m::n::sibling",
            "9 crate::m::n::two",
            "11 crate::m::n test",
            "11 crate::testkit::world test",
            "12 crate::not_test::x",
        ]
    );
}
