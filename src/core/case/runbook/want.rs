//! What an answer is compared with: a number, a status, an exit code, a text, a number inside JSON. No answer, no number,
//! an error: never a pass.

use crate::core::judge::words::figure;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    pub op: Op,
    /// Finite.
    pub value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    NotEqual,
}

impl Op {
    pub const ALL: [Op; 6] = [Op::AtMost, Op::AtLeast, Op::NotEqual, Op::Less, Op::More, Op::Equal];

    pub fn sign(self) -> &'static str {
        match self {
            Op::Less => "<",
            Op::AtMost => "<=",
            Op::More => ">",
            Op::AtLeast => ">=",
            Op::Equal => "=",
            Op::NotEqual => "!=",
        }
    }
}

impl Expectation {
    pub fn holds(self, found: f64) -> bool {
        match self.op {
            Op::Less => found < self.value,
            Op::AtMost => found <= self.value,
            Op::More => found > self.value,
            Op::AtLeast => found >= self.value,
            Op::Equal => found == self.value,
            // Total: NaN never comes here (see `judge`).
            Op::NotEqual => found != self.value,
        }
    }
}

/// `< 0.01`
impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.op.sign(), self.value)
    }
}

/// One thing an answer of HTTP or of a program must have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Want {
    /// HTTP status.
    Status(u16),
    /// Exit code.
    Exit(i32),
    Contains(Arc<str>),
    Lacks(Arc<str>),
    /// A number in JSON: `.queue.depth`, `.items[0].age`.
    Path(Arc<str>, Expectation),
    /// The whole answer is one number.
    Number(Expectation),
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Want::Status(s) => write!(f, "status {s}"),
            Want::Exit(code) => write!(f, "exit {code}"),
            Want::Contains(text) => write!(f, "contains {text:?}"),
            Want::Lacks(text) => write!(f, "lacks {text:?}"),
            Want::Path(path, e) => write!(f, "json {path} {e}"),
            Want::Number(e) => write!(f, "{e}"),
        }
    }
}

pub fn words(wants: &[Want]) -> String {
    wants.iter().map(Want::to_string).collect::<Vec<_>>().join(", ")
}

/// What became of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    pub pass: bool,
    pub found: Option<f64>,
    /// Why not, or what was found.
    pub words: Arc<str>,
}

impl Judged {
    pub fn no(why: impl Into<Arc<str>>) -> Judged {
        Judged { pass: false, found: None, words: why.into() }
    }
}

/// Compares the answer of a query with what is expected.
pub fn judge(expect: Expectation, found: Result<Option<f64>, &str>) -> Judged {
    match found {
        Ok(Some(found)) if found.is_finite() && expect.holds(found) => {
            Judged { pass: true, found: Some(found), words: format!("found {}", figure(found)).into() }
        }
        Ok(Some(found)) if found.is_finite() => Judged {
            pass: false,
            found: Some(found),
            words: format!("found {}, expected {expect}", figure(found)).into(),
        },
        Ok(Some(_)) => Judged::no("the query answered with no number"),
        Ok(None) => Judged::no("the query answered nothing"),
        Err(why) => Judged::no(why),
    }
}

/// An answer of HTTP or of a program. `code`: the status or the exit code. Without a wish for the code, 200 to 299 (HTTP)
/// or 0 (a program) is wished for.
pub fn judge_text(code: i32, http: bool, text: &str, wants: &[Want]) -> Judged {
    let coded = wants.iter().any(|w| matches!(w, Want::Status(_) | Want::Exit(_)));
    let word = if http { "status" } else { "exit" };
    let fine = if http { (200..300).contains(&code) } else { code == 0 };
    if !coded && !fine {
        return Judged::no(format!("{word} {code}"));
    }
    let mut found = None;
    for want in wants {
        let (ok, why) = match want {
            Want::Status(s) => (i32::from(*s) == code, format!("{word} {code}, expected {s}")),
            Want::Exit(e) => (*e == code, format!("{word} {code}, expected {e}")),
            Want::Contains(t) => (text.contains(&**t), format!("the answer does not contain {t:?}")),
            Want::Lacks(t) => (!text.contains(&**t), format!("the answer contains {t:?}")),
            Want::Number(e) | Want::Path(_, e) => {
                let (value, place) = match want {
                    Want::Path(p, _) => (number_at(text, p), format!("json {p}")),
                    _ => (text.trim().parse::<f64>().ok(), "the answer".to_owned()),
                };
                let Some(value) = value.filter(|v| v.is_finite()) else {
                    return Judged::no(format!("{place} is no number"));
                };
                found = Some(value);
                (e.holds(value), format!("{place} is {}, expected {e}", figure(value)))
            }
        };
        if !ok {
            return Judged { pass: false, found, words: why.into() };
        }
    }
    let words = found.map_or_else(|| format!("{word} {code}"), |f| format!("{word} {code}, found {}", figure(f)));
    Judged { pass: true, found, words: words.into() }
}

/// `.a.b[0].c` of a JSON text, where a number stands there.
fn number_at(text: &str, path: &str) -> Option<f64> {
    let root: Value = serde_json::from_str(text).ok()?;
    let mut at = &root;
    for part in path.split(['.', '[']).filter(|p| !p.is_empty()) {
        at = match part.strip_suffix(']') {
            Some(index) => at.get(index.parse::<usize>().ok()?)?,
            None => at.get(part)?,
        };
    }
    at.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_compare_as_they_are_written() {
        for (op, below, same, above) in [
            (Op::Less, true, false, false),
            (Op::AtMost, true, true, false),
            (Op::More, false, false, true),
            (Op::AtLeast, false, true, true),
            (Op::Equal, false, true, false),
            (Op::NotEqual, true, false, true),
        ] {
            let e = Expectation { op, value: 1.0 };
            assert_eq!((e.holds(0.5), e.holds(1.0), e.holds(1.5)), (below, same, above));
        }
    }

    #[test]
    fn no_answer_is_never_a_pass() {
        let at_least_nothing = Expectation { op: Op::NotEqual, value: 0.0 };
        for found in [Ok(None), Ok(Some(f64::NAN)), Ok(Some(f64::INFINITY)), Err("401")] {
            assert!(!judge(at_least_nothing, found).pass);
        }
        let below = Expectation { op: Op::Less, value: 0.01 };
        assert_eq!(&*judge(below, Ok(Some(0.2))).words, "found 0.2, expected < 0.01");
    }

    #[test]
    fn an_answer_of_http_or_of_a_program_needs_its_code_and_every_wish() {
        let less = Expectation { op: Op::Less, value: 5.0 };
        let json = r#"{"queue":{"depth":3},"items":[{"age":9}],"nan":"x"}"#;
        let of = |code, text: &str, wants: &[Want]| judge_text(code, true, text, wants);
        assert!(of(204, "", &[]).pass && !of(500, "", &[]).pass && !of(302, "ok", &[]).pass);
        assert!(of(404, "", &[Want::Status(404)]).pass);
        assert!(!of(200, "", &[Want::Status(404)]).pass);
        let depth = Want::Path(".queue.depth".into(), less);
        assert_eq!(
            (of(200, json, std::slice::from_ref(&depth)).pass, of(200, json, &[depth]).found),
            (true, Some(3.0))
        );
        assert!(!of(200, json, &[Want::Path(".items[0].age".into(), less)]).pass);
        for none in [".nan", ".nothing", ".items[7].age", ".items[x]"] {
            let said = of(200, json, &[Want::Path(none.into(), less)]);
            assert!(!said.pass && said.words.ends_with("is no number"), "{none}: {}", said.words);
        }
        assert!(!of(200, "<html>", &[Want::Path(".a".into(), less)]).pass);
        assert!(of(200, "all ok", &[Want::Contains("ok".into()), Want::Lacks("error".into())]).pass);
        assert!(!of(200, "error ok", &[Want::Contains("ok".into()), Want::Lacks("error".into())]).pass);
        assert!(judge_text(0, false, " 3\n", &[Want::Number(less)]).pass);
        assert!(!judge_text(0, false, "inf", &[Want::Number(Expectation { op: Op::More, value: 1.0 })]).pass);
        assert!(!judge_text(1, false, "3", &[Want::Number(less)]).pass, "a failed program passes nothing");
        assert!(judge_text(3, false, "", &[Want::Exit(3)]).pass);
    }
}
