//! Where a name or a count stands: a counter as a selector or as a team's own query, and a name as a label's value or a
//! part of it. Pure text; knows no preset.

use super::promql::{WINDOW, literal, parse, quoted, selectors, set};
use crate::core::id::ServiceId;

/// Characters of hashes and of the tails of pods' names in Kubernetes: no vowels, and nothing that looks like one.
pub const SAFE: &str = "[bcdfghjklmnpqrstvwxz2456789]";
/// A label's whole value.
const WHOLE: &str = "(.*)";

/// A cumulative counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counter {
    /// A selector: `http_requests_total{job="shop"}`.
    Series(String),
    /// A team's own query of a count over `$window`, by the service's and the track's label; `$service` and `$track`
    /// stand in its matchers: `sum by (app, version) (increase(hits_total{app="$service"}[$window]))`.
    Own(String),
}

impl Counter {
    /// Reads what a person wrote: with `$window` it is a whole query, without a selector.
    pub fn of(written: &str) -> Counter {
        let written = written.trim().to_owned();
        if written.contains(WINDOW) { Counter::Own(written) } else { Counter::Series(written) }
    }

    /// # Errors
    /// What is wrong with it, to follow the setting's name.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Counter::Series(s) => parse(s).map(|_| ()).map_err(str::to_owned),
            Counter::Own(q) if selectors(q).is_empty() => {
                Err(format!("must hold a counter with [{WINDOW}]: sum by (app) (increase(hits_total[{WINDOW}]))"))
            }
            Counter::Own(q) => balanced(q),
        }
    }
}

/// A query that closes what it opens cannot leave the place it is put in.
fn balanced(q: &str) -> Result<(), String> {
    let mut open = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    for c in q.chars() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(q), '\\') => escaped = q != '`',
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '#') => return Err("holds a comment".to_owned()),
            (None, '(' | '[' | '{') => open.push(c),
            (None, ')' | ']' | '}') => {
                let due = match c {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(due) {
                    return Err(format!("closes a {c} that is not open"));
                }
            }
            (None, _) => {}
        }
    }
    match (quote, open.pop()) {
        (None, None) => Ok(()),
        (Some(q), _) => Err(format!("does not close a {q}")),
        (None, Some(c)) => Err(format!("does not close a {c}")),
    }
}

/// A regular expression that matches these names and no other.
pub fn alternatives(all: &[ServiceId]) -> String {
    match all {
        [one] => literal(one.as_str()),
        _ => format!("(?:{})", all.iter().map(|s| literal(s.as_str())).collect::<Vec<_>>().join("|")),
    }
}

/// A name read from a label's value, or from a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub label: String,
    /// What part of the value is the name: its first group. RE2, over the whole value.
    pub pattern: String,
    /// The values of a name, `{}` standing for it, as a regular expression. Empty: the value is the name.
    pub back: String,
    /// The name where the pattern does not match. Empty: none.
    pub otherwise: &'static str,
    /// Any value at all has this name. Empty: the pattern's group is the name.
    pub always: &'static str,
}

impl Name {
    /// The label's whole value.
    pub fn label(label: &str) -> Name {
        Name::part(label, WHOLE, "")
    }

    pub fn part(label: &str, pattern: &str, back: &str) -> Name {
        let (label, pattern, back) = (label.to_owned(), pattern.to_owned(), back.to_owned());
        Name { label, pattern, back, otherwise: "", always: "" }
    }

    /// The role in a backend's name, `shop-checkout-canary-80@kubernetescrd`; without one it is stable.
    pub fn role_in(label: &str) -> Name {
        let role = "(?:.*-)?(canary|primary|stable|preview|baseline)(?:[-_][0-9]+)?(?:@.*)?";
        Name { otherwise: "stable", ..Name::part(label, role, "") }
    }

    /// Requests with this label went to the canary, all others to stable.
    pub fn canary_only(label: &str) -> Name {
        Name { otherwise: "stable", always: "canary", ..Name::part(label, ".+", "") }
    }

    /// The template hash in a pod's name: `checkout-5f7b9d6c84-x2x9k`. A name cut to 63 letters may lack it; a pod of a
    /// StatefulSet or DaemonSet has none: its track is empty.
    pub fn hash_in_pod(label: &str) -> Name {
        Name::part(label, &format!(".*-({SAFE}{{1,10}})-{SAFE}{{5}}"), "")
    }

    /// The workload in a pod's name.
    pub fn workload_in_pod(label: &str) -> Name {
        let tail = format!("-{SAFE}{{1,10}}-{SAFE}{{5}}");
        Name::part(label, &format!("(.+?)(?:{tail})?"), &format!("{{}}(?:{tail})?"))
    }

    /// Flagger's workloads `checkout`, `checkout-primary` and Linkerd's `checkout-canary` are one service.
    pub fn service_of_workload(label: &str) -> Name {
        Name::part(label, "(.+?)(?:-primary|-canary)?", "{}(?:-primary|-canary)?")
    }

    /// Matcher of the values that make these names, or any.
    pub fn matcher(&self, only: Option<&[ServiceId]>) -> String {
        let label = &self.label;
        match only {
            None => format!("{label}!=\"\""),
            Some([s]) if self.pattern == WHOLE => format!("{label}=\"{}\"", quoted(s.as_str())),
            Some(all) if self.pattern == WHOLE => format!("{label}=~\"{}\"", quoted(&alternatives(all))),
            // Nobody can tell beforehand which values make this name: rows of others are left out later.
            Some(_) if self.back.is_empty() => format!("{label}!=\"\""),
            Some(all) => format!("{label}=~\"{}\"", quoted(&self.back.replace("{}", &alternatives(all)))),
        }
    }

    /// Rows with this name under `as_label`.
    pub fn put(&self, rows: &str, as_label: &str) -> String {
        let pattern = quoted(&self.pattern.replace("{ns}", ""));
        let name = if self.always.is_empty() { "$1" } else { self.always };
        let rows = if self.otherwise.is_empty() { rows.to_owned() } else { set(rows, as_label, self.otherwise) };
        format!("label_replace({rows}, \"{as_label}\", \"{name}\", \"{}\", \"{pattern}\")", self.label)
    }
}
