//! `andon config schema`, checked with a small reader of the keywords it uses: it accepts what is shipped, refuses what
//! the loader refuses, and knows the same keys as the loader.

use crate::home::Home;
use andon::config::{Paths, load};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const NAME: &str = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,29}$";
const TIME: &str = "^[0-9]+(ms|s|m|h|d)$";

/// The few patterns of the schema, each by hand: a pattern nobody knows here is a fault of the test.
fn fits(pattern: &str, s: &str) -> bool {
    match pattern {
        NAME => {
            let first = s.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
            first && s.len() <= 30 && s.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        }
        TIME => {
            let unit = s.trim_start_matches(|c: char| c.is_ascii_digit());
            unit.len() < s.len() && ["ms", "s", "m", "h", "d"].contains(&unit)
        }
        "^/" => s.starts_with('/'),
        "^https?://" => s.starts_with("http://") || s.starts_with("https://"),
        other => panic!("the pattern {other} is not known to this test"),
    }
}

/// What is wrong with `v`, by path. Every keyword that is not known here fails.
fn faults(schema: &Value, v: &Value, at: &str, out: &mut Vec<String>) {
    let object = match schema {
        Value::Bool(true) => return,
        Value::Bool(false) => return out.push(format!("{at}: not allowed")),
        other => other.as_object().unwrap_or_else(|| panic!("{at}: no schema: {other}")),
    };
    let number = v.as_f64();
    for (word, says) in object {
        let bound = says.as_f64();
        let bad = match word.as_str() {
            "$schema" | "$id" | "title" | "description" | "default" => false,
            "type" => match says.as_str() {
                Some("object") => !v.is_object(),
                Some("string") => !v.is_string(),
                Some("boolean") => !v.is_boolean(),
                Some("array") => !v.is_array(),
                Some("integer") => !v.is_i64(),
                Some("number") => !v.is_number(),
                other => panic!("type {other:?}"),
            },
            "enum" => !says.as_array().expect("a list").contains(v),
            "minimum" => number.zip(bound).is_some_and(|(n, b)| n < b),
            "maximum" => number.zip(bound).is_some_and(|(n, b)| n > b),
            "exclusiveMinimum" => number.zip(bound).is_some_and(|(n, b)| n <= b),
            "exclusiveMaximum" => number.zip(bound).is_some_and(|(n, b)| n >= b),
            "minProperties" => v.as_object().zip(bound).is_some_and(|(o, b)| (o.len() as f64) < b),
            "maxProperties" => v.as_object().zip(bound).is_some_and(|(o, b)| (o.len() as f64) > b),
            "pattern" => v.as_str().zip(says.as_str()).is_some_and(|(s, p)| !fits(p, s)),
            "required" => {
                let names = says.as_array().expect("a list").iter().filter_map(Value::as_str);
                v.as_object().is_some_and(|o| names.into_iter().any(|n| !o.contains_key(n)))
            }
            "items" => {
                for (i, one) in v.as_array().into_iter().flatten().enumerate() {
                    faults(says, one, &format!("{at}[{i}]"), out);
                }
                false
            }
            "anyOf" => !says.as_array().expect("a list").iter().any(|one| {
                let mut own = Vec::new();
                faults(one, v, at, &mut own);
                own.is_empty()
            }),
            "properties" | "patternProperties" | "additionalProperties" => false,
            other => panic!("the keyword {other} is not known to this test"),
        };
        if bad {
            out.push(format!("{at}: {word} {says}"));
        }
    }
    let empty = serde_json::Map::new();
    let named = |word: &str| object.get(word).and_then(Value::as_object).unwrap_or(&empty).clone();
    let (exact, patterns) = (named("properties"), named("patternProperties"));
    for (key, one) in v.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        let by_pattern = patterns.iter().find(|(p, _)| fits(p, key)).map(|(_, s)| s);
        if let Some(s) = exact.get(key).or(by_pattern).or(object.get("additionalProperties")) {
            faults(s, one, &at, out);
        }
    }
}

fn of_toml(text: &str) -> Vec<String> {
    let v: Value = toml::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let mut out = Vec::new();
    faults(&andon::config::schema::schema(), &v, "", &mut out);
    out
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_schema_accepts_every_shipped_example() {
    let mut seen = 0;
    for file in std::fs::read_dir(project().join("examples")).expect("examples").flatten().map(|f| f.path()) {
        if file.extension().is_some_and(|e| e == "toml") {
            let text = std::fs::read_to_string(&file).expect("UTF-8");
            assert_eq!(of_toml(&text), Vec::<String>::new(), "{}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 0);
    // The page about the file: blocks about keymaps and themes are other files.
    let page = std::fs::read_to_string(project().join("docs/config.md")).expect("the page");
    let blocks = page.split("```toml\n").skip(1).filter_map(|b| b.split("```").next());
    let mut seen = 0;
    for block in blocks.filter(|b| ["[source", "[environment", "[service", "[limits"].iter().any(|t| b.starts_with(t)))
    {
        let whole = format!("[source.metrics]\ntype = \"prometheus\"\n{block}");
        assert_eq!(of_toml(&whole), Vec::<String>::new(), "{block}");
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn the_schema_refuses_what_the_loader_refuses() {
    for bad in [
        "nonsense = 1",
        "read_only = \"yes\"",
        "tape = 1",
        "color = \"purple\"",
        "[environment.prod]\nproduction = true",
        "[environment.\"a b\"]\nsources = []",
        "[environment.prod]\nsources = \"eu-1\"",
        "[source.a]\ncontext = \"x\"",
        "[source.a]\ntype = 1",
        "[source.a]\ntype = \"prometheus\"\nurl = \"ftp://x\"",
        "[source.a]\ntype = \"prometheus\"\ntoken = \"secret\"",
        "[source.a]\ntype = \"prometheus\"\ntoken = { file = \"/a\", env = \"B\" }",
        "[source.a]\ntype = \"prometheus\"\nurl = \"http://a\"\npreset = \"isto\"",
        "[source.a]\ntype = \"prometheus\"\nurl = \"http://a\"\npreset = [\"plain\", 3]",
        "[source.a]\ntype = \"prometheus\"\nurl = \"http://a\"\nsplit = \"colour\"",
        "[source.a]\ntype = \"prometheus\"\nurl = \"http://a\"\nlatency = { threshold = 3 }",
        "[source.a]\ntype = \"prometheus\"\nurl = \"http://a\"\nslo_files = [\"a.yaml\"]",
        "[source.a]\ntype = \"kubernetes\"\nkubeconfig = \"relative\"",
        "[source.a]\ntype = \"kubernetes\"\nnamespace = \"x\"",
        "[source.a]\ntype = \"kubernetes\"\nimpersonate = \"x\"",
        "[source.a]\ntype = \"kubernetes\"\nimpersonate = { groups = [] }",
        "[source.a]\ntype = \"kubernetes\"\nlogin = \"sso\"",
        "[service.a]\ntier = 5",
        "[service.a]\nslo = { objective = 100 }",
        "[service.a]\nslo = { window = \"30d\" }",
        "[service.a]\nslo = { objective = 99.9, window = \"a month\" }",
        "[limits]\narm_minutes = 61",
        "[limits]\nconfirm_delay = 700",
        "[limits]\nconfirm_delays = \"1s\"",
    ] {
        assert!(!of_toml(bad).is_empty(), "the schema takes: {bad}");
        assert!(problems(bad).iter().any(|p| p.severity == andon::config::Severity::Error), "the loader takes: {bad}");
    }
}

fn problems(text: &str) -> Vec<andon::config::Problem> {
    let home = Home::new("schema");
    let file = home.file("c.toml", text);
    load::check(&Paths::of_file(&file), &BTreeMap::new()).0
}

/// Each table: how it begins in a file, and its keys in the schema.
fn tables() -> Vec<(Vec<&'static str>, BTreeSet<String>)> {
    let schema = andon::config::schema::schema();
    let keys = |pointer: &str| {
        let found = schema.pointer(pointer).and_then(Value::as_object).unwrap_or_else(|| panic!("{pointer}"));
        found.keys().cloned().collect::<BTreeSet<String>>()
    };
    let one = |name: &str| format!("/properties/{name}/patternProperties/{}/properties", NAME.replace('/', "~1"));
    let prometheus = "[source.a]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n";
    vec![
        (vec![""], keys("/properties")),
        (vec!["[environment.a]\n"], keys(&one("environment"))),
        (vec!["[source.a]\ntype = \"kubernetes\"\n", prometheus], keys(&one("source"))),
        (
            vec!["[source.a]\ntype = \"prometheus\"\n[source.a.queries]\n"],
            keys(&format!("{}/queries/properties", one("source"))),
        ),
        (
            vec!["[source.a]\ntype = \"prometheus\"\n[source.a.token]\n"],
            keys(&format!("{}/token/properties", one("source"))),
        ),
        (
            vec!["[source.a]\ntype = \"prometheus\"\n[source.a.latency]\n"],
            keys(&format!("{}/latency/properties", one("source"))),
        ),
        (
            vec!["[source.a]\ntype = \"prometheus\"\n[source.a.correctness]\n"],
            keys(&format!("{}/correctness/properties", one("source"))),
        ),
        (
            vec!["[source.a]\ntype = \"kubernetes\"\n[source.a.impersonate]\n"],
            keys(&format!("{}/impersonate/properties", one("source"))),
        ),
        (vec!["[service.a]\n"], keys("/properties/service/additionalProperties/properties")),
        (vec!["[service.a.slo]\n"], keys("/properties/service/additionalProperties/properties/slo/properties")),
        (vec!["[limits]\n"], keys("/properties/limits/properties")),
    ]
}

#[test]
fn schema_and_loader_know_the_same_keys() {
    for (heads, keys) in tables() {
        for key in &keys {
            let unknown = |head: &&str| {
                // The head may have it already.
                let text =
                    if head.contains(&format!("\n{key} = ")) { head.to_string() } else { format!("{head}{key} = 0\n") };
                problems(&text).iter().any(|p| p.what.starts_with("unknown key"))
            };
            assert!(!heads.iter().all(unknown), "the schema has {key} in {heads:?}, the loader has not");
        }
        for head in &heads {
            let told = problems(&format!("{head}zzzzzzzzzzzz = 0\n"));
            let hint = told.iter().find(|p| p.what.contains("zzzzzzzzzzzz")).and_then(|p| p.hint.clone());
            let hint = hint.unwrap_or_else(|| panic!("{head}: {told:?}"));
            let listed = hint.strip_prefix("allowed: ").unwrap_or_else(|| panic!("{hint}"));
            for key in listed.split(", ") {
                assert!(keys.contains(key), "the loader has {key} in {head:?}, the schema has not");
            }
        }
    }
}

#[test]
fn the_command_prints_the_schema() {
    let home = Home::new("schema-out");
    let ran = super::run(&home, &["config", "schema"], &[]);
    let printed: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert!(ran.out.is_ascii());
    assert_eq!(printed, andon::config::schema::schema());
    assert_eq!(printed["$id"], json!("andon.config/1"));
}
