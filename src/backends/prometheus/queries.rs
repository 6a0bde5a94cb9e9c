//! The PromQL we send: one query for all services per kind of figure, and always counts, never ratios. Pure text.
//!
//! **What a block counts.** With a scrape at most as long as the block, a series' count over (t-15, t] is its last
//! sample before t minus its last sample before t-15. Such counts add up to the counter exactly, for any scrape that
//! runs regularly, also where 15 is no multiple of it; `increase(x[15s+scrape])` would be exact for divisors of 15
//! only (at 2 s it is off by up to a fifteenth). What is left of error:
//! - a count is the traffic between two scrapes, so a block is shifted towards the past by up to one scrape;
//! - what a series counted before its first sample is not seen;
//! - a series born or gone inside the block counts from its first to its last sample there;
//! - a series that was reset inside the block (a process restarted) counts by `increase(x[15s+scrape])`, scaled: exact
//!   where the scrape divides 15, else off by up to a fifteenth; what came between the last scrape and the restart is
//!   not seen.
//!
//! With a scrape longer than the block only an estimate is possible: the mean over two scrapes and a block, scaled.

use crate::core::id::ServiceId;

/// Seconds of one block.
pub const BLOCK: i64 = 15;
/// The label that tells the parts of a joined query apart. Parts with equal labels would swallow each other in `or`.
pub const TAG: &str = "andon_q";
pub const TOTAL: &str = "total";
pub const FAILED: &str = "failed";

/// How requests are found, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queries {
    /// Selector of a counter of all requests: `http_requests_total{job="shop"}`.
    pub requests: String,
    /// Selector of the failed ones among them: `http_requests_total{job="shop",code=~"5.."}`.
    pub failures: String,
    /// Label that names the service.
    pub service: String,
    /// Label that holds the template hash.
    pub version: String,
    /// Seconds between scrapes, at least 1.
    pub scrape_secs: u32,
}

impl Default for Queries {
    /// The preset `plain`: what common client libraries count, with the pods' hash label copied by relabelling.
    fn default() -> Queries {
        Queries {
            requests: "http_requests_total".to_owned(),
            failures: "http_requests_total{code=~\"5..\"}".to_owned(),
            service: "service".to_owned(),
            version: "rollouts_pod_template_hash".to_owned(),
            scrape_secs: 15,
        }
    }
}

impl Queries {
    /// Says what is wrong with them before anything is sent.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn check(&self) -> Result<(), String> {
        for (what, selector) in [("requests", &self.requests), ("failures", &self.failures)] {
            parse(selector).map_err(|why| format!("queries.{what} {why}"))?;
        }
        for (what, label) in [("service", &self.service), ("version", &self.version)] {
            if !is_label(label) {
                return Err(format!("queries.{what} is not a label name"));
            }
        }
        if self.scrape_secs == 0 {
            return Err("queries.scrape_secs must be at least 1".to_owned());
        }
        Ok(())
    }

    /// Counts by service and version for `query_range` at block edges with a step of a block; of one service, or all.
    pub fn blocks(&self, only: Option<&ServiceId>) -> String {
        let by = format!("{}, {}", self.service, self.version);
        let of = |selector: &str| self.block_of(&self.narrowed(selector, only));
        join(&[tagged(&by, &of(&self.requests), TOTAL), tagged(&by, &of(&self.failures), FAILED)])
    }

    /// Counts by service over windows (seconds) that end now. Tags are `total:300` and `failed:300`.
    pub fn windows(&self, windows: &[u32]) -> String {
        let mut parts = Vec::new();
        for w in windows {
            for (selector, kind) in [(&self.requests, TOTAL), (&self.failures, FAILED)] {
                let selector = self.narrowed(selector, None);
                let counts = format!("increase({selector}[{w}s])");
                parts.push(tagged(&self.service, &counts, &format!("{kind}:{w}")));
            }
        }
        join(&parts)
    }

    /// Time of the newest sample of each service, in epoch seconds.
    pub fn newest(&self) -> String {
        let selector = self.narrowed(&self.requests, None);
        format!("max by ({}) (timestamp({selector}))", self.service)
    }

    /// Seconds after a block's end until its samples can be expected: a scrape is stamped when it begins and stored
    /// when it ends. Late ones are repaired by asking the last edges again.
    pub fn lag_secs(&self) -> i64 {
        i64::from(self.scrape_secs / 3).max(5)
    }

    fn block_of(&self, x: &str) -> String {
        let scrape = i64::from(self.scrape_secs);
        if scrape > BLOCK {
            let range = 2 * scrape + BLOCK;
            return format!("increase({x}[{range}s]) * ({BLOCK} / {range})");
        }
        // `last_over_time` finds the sample of each edge over one missed scrape, but not over an outage as the five
        // minutes of lookback would: the first block after one would get all of its requests.
        let near = 2 * scrape + 1;
        let seen = BLOCK + scrape;
        format!(
            "((last_over_time({x}[{near}s]) - last_over_time({x}[{near}s] offset {BLOCK}s) >= 0 \
             or max_over_time({x}[{seen}s]) - min_over_time({x}[{seen}s])) \
             unless resets({x}[{seen}s]) > 0 \
             or increase({x}[{seen}s]) * ({BLOCK} / {seen}))"
        )
    }

    fn narrowed(&self, selector: &str, only: Option<&ServiceId>) -> String {
        match only {
            Some(s) => with_matcher(selector, &format!("{}=\"{}\"", self.service, quoted(s.as_str()))),
            None => with_matcher(selector, &format!("{}!=\"\"", self.service)),
        }
    }
}

/// The last block edge (epoch seconds) that is settled at `now_secs` of the server's clock.
pub fn settled_edge(now_secs: i64, lag_secs: i64) -> i64 {
    now_secs.saturating_sub(lag_secs).div_euclid(BLOCK) * BLOCK
}

fn tagged(by: &str, counts: &str, tag: &str) -> String {
    format!("label_replace(sum by ({by}) ({counts}), \"{TAG}\", \"{tag}\", \"\", \"\")")
}

fn join(parts: &[String]) -> String {
    parts.join("\nor ")
}

/// Name and matchers of a plain selector. Anything else (a function, a range, an offset) cannot be narrowed safely.
fn parse(selector: &str) -> Result<(&str, &str), &'static str> {
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
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(q) if c == '\\' => escaped = q != '`',
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if c == '}' => {
                let after = inside.get(at + 1..).unwrap_or("");
                let matchers = inside.get(..at).unwrap_or("").trim();
                return if after.is_empty() { Ok((name, matchers)) } else { Err(whole) };
            }
            None => {}
        }
    }
    Err("has a brace or a quote that is not closed")
}

/// Adds a matcher. A selector that does not parse stays as it is; `check` has refused it before.
fn with_matcher(selector: &str, matcher: &str) -> String {
    match parse(selector) {
        Ok((name, "")) => format!("{name}{{{matcher}}}"),
        Ok((name, inside)) => format!("{name}{{{},{matcher}}}", inside.trim_end_matches([',', ' '])),
        Err(_) => selector.to_owned(),
    }
}

fn quoted(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn is_label(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queries() -> Queries {
        Queries { version: "hash".to_owned(), ..Queries::default() }
    }

    #[test]
    fn one_query_asks_totals_and_failures_of_all_services() {
        let q = queries().blocks(None);
        assert_eq!(q.matches("sum by (service, hash)").count(), 2);
        assert!(q.contains("\"andon_q\", \"total\""), "{q}");
        assert!(q.contains("or label_replace("), "{q}");
        assert!(q.contains("http_requests_total{code=~\"5..\",service!=\"\"}[31s]"), "{q}");
        let w = queries().windows(&[300, 3600]);
        assert_eq!(w.matches("sum by (service)").count(), 4);
        assert!(w.contains("\"failed:3600\""), "{w}");
    }

    #[test]
    fn a_service_name_cannot_leave_its_quotes() {
        let q = queries().blocks(Some(&ServiceId::new("a\"} or vector(1) #\\")));
        assert!(q.contains("service=\"a\\\"} or vector(1) #\\\\\""), "{q}");
    }

    #[test]
    fn a_selector_is_a_name_with_matchers_and_nothing_else() {
        assert_eq!(parse(" a:b_c "), Ok(("a:b_c", "")));
        assert_eq!(parse("{__name__=~\"a}\"}"), Ok(("", "__name__=~\"a}\"")));
        assert_eq!(parse("m {a='\\'}', }"), Ok(("m", "a='\\'}',")));
        assert_eq!(with_matcher("m{a=\"b\", }", "c=\"d\""), "m{a=\"b\",c=\"d\"}");
        for bad in ["", "rate(m[5m])", "m[5m]", "m{a=\"b\"} offset 5m", "m{a=\"b}", "m + n", "9m"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let mut q = queries();
        assert_eq!(q.check(), Ok(()));
        q.version = "pod-hash".to_owned();
        assert!(q.check().is_err_and(|e| e.contains("queries.version")));
        q = queries();
        q.failures = "rate(x[5m])".to_owned();
        assert!(q.check().is_err_and(|e| e.contains("queries.failures")));
        q = queries();
        q.scrape_secs = 0;
        assert!(q.check().is_err_and(|e| e.contains("scrape_secs")));
    }

    #[test]
    fn a_block_is_asked_for_only_when_its_scrapes_are_in() {
        assert_eq!(settled_edge(1_000_004, 5), 999_990);
        assert_eq!(settled_edge(1_000_010, 5), 1_000_005);
        let mut q = queries();
        assert_eq!(q.lag_secs(), 5);
        q.scrape_secs = 60;
        assert_eq!(q.lag_secs(), 20);
        assert!(q.blocks(None).contains("[135s]) * (15 / 135)"));
    }
}
