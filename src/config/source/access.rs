//! How a source of figures is shown who we are: user and password, certificate, headers, tenant; and which server it is.
//! Reads no secret, and repeats none in a message.

use super::prometheus::token_of_table;
use super::{Token, path, token_of};
use crate::config::problem::Told;
use crate::config::suggest;
use crate::config::table::{Got, Table};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use toml::de::DeValue;

/// Servers of the Prometheus API whose ways differ.
pub const DIALECTS: [&str; 5] = ["cortex", "mimir", "prometheus", "thanos", "victoriametrics"];

/// What is sent besides a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The user, and where the password is read.
    pub basic: Option<(Arc<str>, Token)>,
    /// Certificate and key, PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// By name, in the order of the file.
    pub headers: Vec<(Arc<str>, Header)>,
    pub tenant: Option<Arc<str>>,
    /// One of [`DIALECTS`]. `None`: what the server says.
    pub dialect: Option<Arc<str>>,
}

/// A header's value as written, or where it is read.
#[derive(Clone, PartialEq, Eq)]
pub enum Header {
    Text(Arc<str>),
    From(Token),
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Header::Text(_) => f.write_str("Header(text)"),
            Header::From(token) => write!(f, "Header({token:?})"),
        }
    }
}

/// `None`: one of them cannot be used, and that is told.
pub fn access(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Option<Access> {
    let user = table.text(told, "user");
    let password = token_of(table, "password", told);
    let (cert, key) = (path(table, "cert", told), path(table, "key", told));
    let headers = headers(table, told);
    let tenant = table.text(told, "tenant");
    let dialect = table.text(told, "dialect");
    let mut sound = !(user.is_wrong() || password.is_wrong() || cert.is_wrong() || key.is_wrong());
    sound &= !(headers.is_wrong() || tenant.is_wrong() || dialect.is_wrong());
    let mut both = |one: bool, other: bool, missing: &str| {
        if one && !other {
            sound = false;
            let what = format!("{} has no \"{missing}\"", table.name());
            told.error(&table.span().clone(), what, Some("both or neither".to_owned()));
        }
    };
    let has = |key: &str| table.has(key);
    both(has("user"), has("password"), "password");
    both(has("password"), has("user"), "user");
    both(has("cert"), has("key"), "key");
    both(has("key"), has("cert"), "cert");
    both(has("user") && has("token"), false, "user or token alone");
    if let Got::Is(user, at) = &user
        && user.contains(':')
    {
        sound = false;
        told.error(at, "a user has no colon".to_owned(), None);
    }
    if let Got::Is(tenant, at) = &tenant
        && (tenant.is_empty() || !tenant.chars().all(|c| c.is_ascii_graphic()))
    {
        sound = false;
        told.error(at, "\"tenant\" cannot stand in a header".to_owned(), None);
    }
    if let Got::Is(dialect, at) = &dialect
        && !DIALECTS.contains(dialect)
    {
        sound = false;
        told.error(at, format!("unknown dialect \"{dialect}\""), suggest::hint(dialect, DIALECTS.iter().copied()));
    }
    sound.then(|| Access {
        basic: user.ok().zip(password.ok()).map(|(u, p)| (Arc::from(u), p)),
        identity: cert.ok().zip(key.ok()),
        headers: headers.ok().unwrap_or_default(),
        tenant: tenant.ok().map(Arc::from),
        dialect: dialect.ok().map(Arc::from),
    })
}

/// A value is a text, or a table that says where a secret is read.
fn headers(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Got<Vec<(Arc<str>, Header)>> {
    let (t, at) = match table.table(told, "headers") {
        Got::Absent => return Got::Absent,
        Got::Wrong => return Got::Wrong,
        Got::Is(t, at) => (t, at),
    };
    let (mut all, mut sound) = (Vec::new(), true);
    for row in t.rows() {
        let name: Arc<str> = Arc::from(row.key);
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            sound = false;
            told.error(&row.key_at, format!("\"{name}\" is not the name of a header"), None);
            continue;
        }
        match row.value {
            // What is written out can be read by everybody who reads the file: it must not be a secret.
            DeValue::String(_) if is_secret(&name) => {
                sound = false;
                let hint = format!("write {name} = {{ file = \"/etc/andon/{}\" }}", name.to_lowercase());
                told.error(&row.at, format!("the value of {name} does not stand in a config"), Some(hint));
            }
            DeValue::String(text) if http::HeaderValue::from_str(text).is_err() => {
                sound = false;
                told.error(&row.at, format!("the value of {name} cannot stand in a header"), None);
            }
            DeValue::String(text) => all.push((name, Header::Text(Arc::from(text.as_ref())))),
            DeValue::Table(place) => {
                let own = Table::new(place, format!("{}.{name}]", t.name().trim_end_matches(']')), row.at.clone());
                match token_of_table(own, told) {
                    Got::Is(token, _) => all.push((name, Header::From(token))),
                    Got::Absent | Got::Wrong => sound = false,
                }
            }
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => {
                sound = false;
                told.error(&row.at, format!("the value of {name} must be a text in quotes"), None);
            }
        }
    }
    if sound { Got::Is(all, at) } else { Got::Wrong }
}

/// By what such headers are called.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = ["authorization", "cookie", "token", "secret", "password", "api-key", "apikey", "access-key"];
    words.iter().any(|w| name.contains(w))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::source::{SourceKind, source};
    use crate::config::table::parse;

    /// What a source of these lines is, and what is told of it.
    fn read(lines: &str) -> (SourceKind, Vec<String>) {
        let text = format!("type = \"prometheus\"\nurl = \"https://p\"\n{lines}");
        let mut told = Told::new("c", &text);
        let (table, _) = parse(&mut told);
        let read = source("m", Table::new(&table, "[source.m]", 0..0), &mut told);
        let said = told.into_problems().into_iter().map(|p| format!("{} {:?}", p.what, p.hint)).collect();
        (read.kind, said)
    }

    fn good(lines: &str) -> Access {
        match read(lines) {
            (SourceKind::Prometheus(p), said) => {
                assert!(said.is_empty(), "{said:?}");
                p.access
            }
            (other, said) => panic!("{other:?} {said:?}"),
        }
    }

    #[test]
    fn each_way_to_say_who_we_are_is_read() {
        let a = good(
            "user = \"oncall\"\npassword = { env = \"PROM_PASSWORD\" }\ncert = \"/c.pem\"\nkey = \"/k.pem\"\n\
             tenant = \"shop|search\"\ndialect = \"mimir\"\n\
             headers = { X-Team = \"shop\", X-Api-Key = { file = \"/etc/key\" } }\n",
        );
        assert_eq!(a.basic, Some((Arc::from("oncall"), Token::Env("PROM_PASSWORD".into()))));
        assert_eq!(a.identity, Some(("/c.pem".into(), "/k.pem".into())));
        assert_eq!((a.tenant.as_deref(), a.dialect.as_deref()), (Some("shop|search"), Some("mimir")));
        let headers = [
            (Arc::from("X-Team"), Header::Text("shop".into())),
            (Arc::from("X-Api-Key"), Header::From(Token::File("/etc/key".into()))),
        ];
        assert_eq!(a.headers, headers);
        assert!(!format!("{:?}", a.headers).contains("shop"));
        assert_eq!(good(""), Access::default());
    }

    #[test]
    fn what_cannot_be_used_makes_the_source_red_and_no_secret_is_repeated() {
        for (lines, word) in [
            ("user = \"oncall\"\n", "has no \"password\""),
            ("password = { env = \"P\" }\n", "has no \"user\""),
            ("user = \"u\"\npassword = \"hunter2\"\n", "does not stand in a config"),
            ("cert = \"/c.pem\"\n", "has no \"key\""),
            ("user = \"a:b\"\npassword = { env = \"P\" }\n", "no colon"),
            ("user = \"a\"\npassword = { env = \"P\" }\ntoken = { env = \"P\" }\n", "alone"),
            ("tenant = \"a b\"\n", "tenant"),
            ("dialect = \"mimr\"\n", "mimir"),
            ("headers = { Authorization = \"hunter2\" }\n", "does not stand in a config"),
            ("headers = { X-Auth-Token = \"hunter2\" }\n", "does not stand in a config"),
            ("headers = { \"X Y\" = \"a\" }\n", "not the name of a header"),
            ("headers = { X-Y = 7 }\n", "text in quotes"),
        ] {
            let (kind, said) = read(lines);
            assert!(matches!(kind, SourceKind::Faulty(_)), "{lines}: {kind:?}");
            let said = said.join("\n");
            assert!(said.contains(word), "{lines}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
