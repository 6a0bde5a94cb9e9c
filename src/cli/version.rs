//! `andon version`: what this binary was built from.

use super::out::json;
use serde::Serialize;
use std::io::{self, Write};

/// Grows only by addition.
#[derive(Serialize)]
struct Version {
    schema: &'static str,
    version: &'static str,
    /// Twelve letters of the commit; `unknown` in a development build.
    git: &'static str,
    target: &'static str,
    features: Vec<&'static str>,
}

fn this() -> Version {
    let features = if cfg!(feature = "testkit") { vec!["testkit"] } else { Vec::new() };
    Version {
        schema: "andon.version/1",
        version: env!("CARGO_PKG_VERSION"),
        git: env!("ANDON_GIT_HASH"),
        target: env!("ANDON_TARGET"),
        features,
    }
}

/// One line for a person, or JSON.
pub fn version(as_json: bool, out: &mut impl Write) -> io::Result<i32> {
    let v = this();
    if as_json {
        json(out, &v)?;
    } else {
        let with = if v.features.is_empty() { "no features".to_owned() } else { v.features.join(", ") };
        writeln!(out, "andon {} (git {}, {}, {with})", v.version, v.git, v.target)?;
    }
    Ok(0)
}
