//! `[source.x]` of type prometheus: address, token, queries. Reads no secret and repeats none in a message.

use super::access::access;
use super::figures::figures;
use super::{Prometheus, Queries, SourceKind, Token, faulty, path};
use crate::config::problem::{Severity, Told};
use crate::config::table::{Got, Table};
use std::ops::Range;
use std::sync::Arc;

pub fn prometheus(mut table: Table<'_, '_>, told: &mut Told<'_>) -> SourceKind {
    let address = match table.text(told, "url") {
        Got::Is(u, at) => url(u, &at, told),
        Got::Wrong => None,
        Got::Absent => {
            let what = format!("{} has no \"url\"", table.name());
            let hint = Some("write url = \"https://prometheus.example.com\"".to_owned());
            told.error(&table.span().clone(), what, hint);
            None
        }
    };
    let token = token_of(&mut table, "token", told);
    let access = access(&mut table, told);
    let plain = address.as_deref().is_some_and(|u| u.starts_with("http://") && !is_loopback(u));
    if plain && (token != Got::Absent || table.has("password")) {
        let secret = if table.has("password") { "password" } else { "token" };
        let what = format!("the {secret} of {} goes over plain http", table.name());
        told.add(Severity::Warning, &table.span().clone(), what, None);
    }
    let ca = path(&mut table, "ca", told);
    let insecure = match table.flag(told, "insecure") {
        Got::Is(true, at) => {
            let what = format!("{}: certificate checks are off", table.name());
            told.add(Severity::Warning, &at, what, None);
            true
        }
        Got::Is(false, _) | Got::Absent | Got::Wrong => false,
    };
    let figures = figures(&mut table, told);
    let queries = queries(&mut table, told);
    table.later(told, &["sigv4"]);
    table.finish(told);
    let Some(url) = address else {
        return faulty("its url cannot be used");
    };
    if token.is_wrong() {
        return faulty("its token cannot be used");
    }
    if ca.is_wrong() {
        return faulty("its ca cannot be used");
    }
    let Some(access) = access else {
        return faulty("its login cannot be used");
    };
    let queries = match queries {
        Got::Is(q, _) => q,
        Got::Wrong => return faulty("its queries cannot be used"),
        Got::Absent => Queries::default(),
    };
    let Some(figures) = figures else {
        return faulty("how its figures are found cannot be used");
    };
    SourceKind::Prometheus(Box::new(Prometheus {
        url,
        token: token.ok(),
        access,
        ca: ca.ok(),
        insecure,
        queries,
        figures,
    }))
}

fn queries(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Got<Queries> {
    let plain = Queries::default();
    let (mut t, at) = match table.table(told, "queries") {
        Got::Absent => return Got::Absent,
        Got::Wrong => return Got::Wrong,
        Got::Is(t, at) => (t, at),
    };
    let mut sound = true;
    let mut one = |key: &'static str, default: &Arc<str>, told: &mut Told<'_>| match t.text(told, key) {
        Got::Absent => default.clone(),
        Got::Is(s, at) if s.trim().is_empty() => {
            sound = false;
            told.error(&at, format!("\"{key}\" is empty"), None);
            default.clone()
        }
        Got::Is(s, _) => Arc::from(s.trim()),
        Got::Wrong => {
            sound = false;
            default.clone()
        }
    };
    let requests = one("requests", &plain.requests, told);
    let failures = one("failures", &plain.failures, told);
    let service = one("service", &plain.service, told);
    let version = one("version", &plain.version, told);
    for (key, label) in [("service", &service), ("version", &version)] {
        if !is_label(label) {
            sound = false;
            let hint = Some("a label has letters, digits and _, and no digit in front".to_owned());
            told.error(&t.place(key), format!("\"{key}\" is not a label's name"), hint);
        }
    }
    let scrape = t.time(told, "scrape", 1_000..=300_000);
    let (has_requests, has_failures) = (t.has("requests"), t.has("failures"));
    if has_requests != has_failures {
        // One of the two from elsewhere would make a ratio of unrelated things.
        sound = false;
        let missing = if has_requests { "failures" } else { "requests" };
        let what = format!("{} has no \"{missing}\"", t.name());
        told.error(&at, what, Some("both or neither".to_owned()));
    }
    t.finish(told);
    if !sound || scrape.is_wrong() {
        return Got::Wrong;
    }
    let secs = scrape.ok().map_or(plain.scrape_secs, |ms| u32::try_from(ms / 1_000).unwrap_or(plain.scrape_secs));
    let queries = Queries { requests, failures, service, version, scrape_secs: secs };
    Got::Is(queries, at)
}

fn is_label(s: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !s.starts_with(|c: char| c.is_ascii_digit()) && !s.is_empty() && s.chars().all(part)
}

const TOKEN_HINT: &str =
    "{ file = \"/etc/andon/prom.secret\" }, { env = \"NAME\" } or { command = [\"pass\", \"prom\"] }";

/// Where the secret under `key` is read. One written out is never repeated in a message.
pub fn token_of(table: &mut Table<'_, '_>, key: &'static str, told: &mut Told<'_>) -> Got<Token> {
    if let Some(at) = table.place_of_text(key) {
        told.error(&at, format!("a {key} does not stand in a config"), Some(format!("write {key} = {TOKEN_HINT}")));
        return Got::Wrong;
    }
    match table.table(told, key) {
        Got::Absent => Got::Absent,
        Got::Wrong => Got::Wrong,
        Got::Is(t, _) => token_of_table(t, told),
    }
}

/// The one origin that a table of `file`, `env` and `command` names.
pub fn token_of_table(mut t: Table<'_, '_>, told: &mut Told<'_>) -> Got<Token> {
    let at = t.span().clone();
    let name = t.name().trim_end_matches(']').rsplit('.').next().unwrap_or("token").to_owned();
    let file = path(&mut t, "file", told);
    let env = t.text(told, "env");
    let command = t.texts(told, "command");
    let wrong = file.is_wrong() || env.is_wrong() || command.is_wrong();
    let mut found: Vec<Token> = Vec::new();
    found.extend(file.ok().map(Token::File));
    found.extend(env.ok().filter(|e| !e.is_empty()).map(|e| Token::Env(Arc::from(e))));
    found.extend(
        command
            .ok()
            .filter(|c| !c.is_empty())
            .map(|words| Token::Command(words.into_iter().map(|(w, _)| Arc::from(w)).collect())),
    );
    // An unknown key is the fault, then; what it leaves is not told as well.
    let wrong = !t.finish(told) || wrong;
    match (wrong, found.pop()) {
        (false, Some(token)) if found.is_empty() => Got::Is(token, at),
        (true, _) => Got::Wrong,
        (false, _) => {
            told.error(&at, format!("a {name} has one origin"), Some(format!("write {name} = {TOKEN_HINT}")));
            Got::Wrong
        }
    }
}

/// Checks an address and takes the slash off its end. Messages never hold the address: it may hold a secret.
pub fn url(given: &str, at: &Range<usize>, told: &mut Told<'_>) -> Option<Arc<str>> {
    let rest = given.strip_prefix("https://").or_else(|| given.strip_prefix("http://"));
    let host = rest.map(|r| r.split(['/', '?', '#']).next().unwrap_or(r));
    let (what, hint) = match host {
        None => ("the url does not begin with http:// or https://", None),
        Some(h) if h.contains('@') => {
            ("the url holds a user or a password", Some("use token = { file = \"...\" }, or user and password"))
        }
        Some("") => ("the url has no host", None),
        Some(_) if given.contains(['?', '#']) => ("the url has a query", Some("only scheme, host, port and path")),
        Some(_) if given.parse::<http::Uri>().is_err() => ("the url cannot be read", None),
        Some(_) => return Some(Arc::from(given.trim_end_matches('/'))),
    };
    told.error(at, what, hint.map(str::to_owned));
    None
}

fn is_loopback(url: &str) -> bool {
    let host = url.trim_start_matches("http://");
    ["127.", "localhost", "[::1]"].iter().any(|l| host.starts_with(l))
}
