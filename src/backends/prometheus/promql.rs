//! Pieces of PromQL text: selectors taken apart and narrowed, counts of a block, labels given our names. Pure; knows no
//! preset and no server.

/// Seconds of one block.
pub const BLOCK: i64 = 15;
/// The label that tells the parts of a joined query apart. Parts with equal labels would swallow each other in `or`.
pub const TAG: &str = "andon_q";
/// The service's name, whatever the metric calls it.
pub const SERVICE: &str = "andon_service";
/// The track's name: a hash, a version, a workload or a role, as [`super::Queries::split`] says. Empty: not told apart.
pub const TRACK: &str = "andon_track";
pub const ROUTE: &str = "andon_route";

/// What a placeholder in a team's own query stands for.
pub const WINDOW: &str = "$window";

/// How a series that was not there a block ago is known to have begun at zero.
#[derive(Clone, Debug)]
pub struct Born<'a> {
    /// Selector of all series of the same counter: another one of the same process was there, so it was scraped.
    pub siblings: &'a str,
    /// The labels of service and track, as the server has them: a sibling has the same besides its process's own.
    pub service: &'a str,
    pub track: &'a str,
}

/// The labels of a process that Prometheus scrapes.
const PROCESS: &str = "instance, job";

/// Counts of the selector `x` in the block that ends at the evaluation; the head of `queries` says why this form.
pub fn block_of(x: &str, scrape_secs: u32, born: Option<&Born<'_>>) -> String {
    let scrape = i64::from(scrape_secs);
    if scrape > BLOCK {
        let range = 2 * scrape + BLOCK;
        return format!("increase({x}[{range}s]) * ({BLOCK} / {range})");
    }
    // `last_over_time` finds the sample of each edge over one missed scrape, but not over an outage as the five
    // minutes of lookback would: the first block after one would get all of its requests.
    let near = 2 * scrape + 1;
    let seen = BLOCK + scrape;
    let last = format!("last_over_time({x}[{near}s])");
    let earlier = format!("last_over_time({x}[{near}s] offset {BLOCK}s)");
    let births = born.map_or_else(String::new, |Born { siblings, service, track }| {
        let new = format!("({last} unless {earlier})");
        let mut shared = vec!["instance", "job", service, track];
        shared.sort_unstable();
        shared.dedup();
        let shared = shared.join(", ");
        // A process that was scraped before its last edge and lost since has a sample in reach of that edge or is older
        // than this: it is never counted from zero twice.
        let young = near + BLOCK;
        format!(
            "or {new} and on ({shared}) group by ({shared}) (last_over_time({siblings}[{near}s] offset {BLOCK}s)) \
             or {new} and on ({PROCESS}) (process_start_time_seconds > time() - {young}) "
        )
    });
    format!(
        "(({last} - {earlier} >= 0 \
         {births}\
         or max_over_time({x}[{seen}s]) - min_over_time({x}[{seen}s])) \
         unless resets({x}[{seen}s]) > 0 \
         or increase({x}[{seen}s]) * ({BLOCK} / {seen}))"
    )
}

pub fn tagged(counts: &str, tag: &str) -> String {
    set(counts, TAG, tag)
}

/// A label with a constant value.
pub fn set(rows: &str, label: &str, value: &str) -> String {
    format!("label_replace({rows}, \"{label}\", \"{}\", \"\", \"\")", quoted(value))
}

pub fn join(parts: &[String]) -> String {
    parts.join("\nor ")
}

/// Name and matchers of a plain selector. Anything else (a function, a range, an offset) cannot be narrowed safely.
pub fn parse(selector: &str) -> Result<(&str, &str), &'static str> {
    let s = selector.trim();
    let end = s.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(s.len());
    let (name, rest) = s.split_at(end);
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("is not the name of a metric");
    }
    let rest = rest.trim_start();
    if rest.is_empty() {
        return if name.is_empty() { Err("is empty") } else { Ok((name, "")) };
    }
    let whole = "must be a counter's name with matchers in braces: http_requests_total{code=~\"5..\"}";
    let inside = rest.strip_prefix('{').ok_or(whole)?;
    match braces(inside) {
        None => Err("has a brace or a quote that is not closed"),
        Some(at) => {
            let after = inside.get(at + 1..).unwrap_or("");
            let matchers = inside.get(..at).unwrap_or("").trim();
            if after.is_empty() { Ok((name, matchers)) } else { Err(whole) }
        }
    }
}

/// Where the brace closes that was opened before `inside`.
fn braces(inside: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(q) if c == '\\' => escaped = q != '`',
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if c == '}' => return Some(at),
            None => {}
        }
    }
    None
}

/// Adds matchers. A selector that does not parse stays as it is; `check` has refused it before.
pub fn with_matcher(selector: &str, matcher: &str) -> String {
    match parse(selector) {
        _ if matcher.is_empty() => selector.trim().to_owned(),
        Ok((name, "")) => format!("{name}{{{matcher}}}"),
        Ok((name, inside)) => format!("{name}{{{},{matcher}}}", inside.trim_end_matches([',', ' '])),
        Err(_) => selector.to_owned(),
    }
}

pub fn quoted(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The text as a regular expression that matches only it.
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

pub fn is_label(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The selectors that stand before `[$window]` in a team's own query, with the byte where each begins.
pub fn selectors(own: &str) -> Vec<(usize, &str)> {
    let place = format!("[{WINDOW}]");
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    for (end, _) in own.match_indices(&place) {
        let before = own.get(..end).unwrap_or("");
        // The shortest tail that is a selector with a name: matchers may hold braces in quotes.
        let starts = before.char_indices().rev().filter(|(at, c)| {
            let first = before.get(..*at).and_then(|b| b.chars().next_back()).is_none_or(|p| !name(p));
            first && (c.is_ascii_alphabetic() || *c == '_' || *c == ':' || *c == '{')
        });
        let whole = |at: usize| before.get(at..).filter(|s| parse(s).is_ok());
        if let Some(at) = starts.map(|(at, _)| at).find(|at| whole(*at).is_some()) {
            found.push((at, before.get(at..).unwrap_or("")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_a_name_with_matchers_and_nothing_else() {
        assert_eq!(parse(" a:b_c "), Ok(("a:b_c", "")));
        assert_eq!(parse("{__name__=~\"a}\"}"), Ok(("", "__name__=~\"a}\"")));
        assert_eq!(parse("m {a='\\'}', }"), Ok(("m", "a='\\'}',")));
        assert_eq!(with_matcher("m{a=\"b\", }", "c=\"d\""), "m{a=\"b\",c=\"d\"}");
        assert_eq!(with_matcher("m{a=\"b\"}", ""), "m{a=\"b\"}");
        for bad in ["", "rate(m[5m])", "m[5m]", "m{a=\"b\"} offset 5m", "m{a=\"b}", "m + n", "9m"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_selectors_of_a_teams_own_query_are_found() {
        let own = "sum by (a) (increase(x_total{p=~\"}[1]\"}[$window])) + increase({__name__=\"y\"}[$window]) / z";
        let found: Vec<&str> = selectors(own).into_iter().map(|(_, s)| s).collect();
        assert_eq!(found, ["x_total{p=~\"}[1]\"}", "{__name__=\"y\"}"]);
        assert_eq!(selectors("sum(x[5m])"), []);
    }

    #[test]
    fn a_literal_matches_only_itself() {
        assert_eq!(literal("a.b+c-d"), "a\\.b\\+c-d");
        assert!(is_label("_a1") && !is_label("1a") && !is_label("a-b") && !is_label(""));
    }
}
