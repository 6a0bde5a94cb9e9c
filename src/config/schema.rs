//! The JSON schema of the config file, for editors and for `andon config schema`. Knows keys, types and bounds; the
//! loader's own checks decide. A test holds that both know the same keys.

use crate::config::file::Config;
use crate::config::limits::{BURN_KEYS, burn_values};
use crate::config::source::access::DIALECTS;
use crate::config::source::figures::PRESETS;
use crate::core::act::gate::Gate;
use crate::core::case::claim::SHARED_ACCOUNTS;
use serde_json::{Map, Value, json};

/// Tables whose keys are names of a person's own.
pub const NAMED: [&str; 3] = ["environment", "source", "service"];

/// Version 1; grows only by addition.
pub fn schema() -> Value {
    let name = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,29}$";
    let named = |one: Value| json!({"type": "object", "patternProperties": {name: one}, "additionalProperties": false});
    let mut properties = top();
    properties.insert("environment".into(), named(environment()));
    properties.insert("source".into(), named(source()));
    let service = json!({"type": "object", "additionalProperties": service()});
    properties.insert("service".into(), service);
    properties.insert("limits".into(), limits());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "andon.config/1",
        "title": "andon config.toml",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// The settings of the file's top: each a text, a flag or a list.
fn top() -> Map<String, Value> {
    let flag = |default: bool, says: &str| json!({"type": "boolean", "default": default, "description": says});
    let text = |says: &str| json!({"type": "string", "description": says});
    let chosen = |says: &str| json!({"type": "string", "default": "default", "description": says});
    let all = [
        ("read_only", flag(false, "no act at all, in no environment")),
        ("tape", flag(true, "keep the tape")),
        ("default_environment", text("which environment to open")),
        ("as", text("who you are, for shared accounts")),
        ("keymap", chosen("a name, or a full path")),
        ("theme", chosen("a name, or a full path")),
        (
            "color",
            json!({"type": "string", "enum": ["auto", "always", "never", "16", "256", "true"], "default": "auto"}),
        ),
        ("reduced_motion", flag(false, "what moves by itself moves in steps of five seconds")),
        (
            "shared_accounts",
            json!({"type": "array", "items": {"type": "string"}, "default": SHARED_ACCOUNTS,
                   "description": "unix accounts that several people use"}),
        ),
        ("mouse", flag(false, "wheel and select")),
        ("bell", flag(false, "ring for new trouble")),
        ("title", flag(false, "set the window's title")),
        // Known, and told as not in this version.
        ("include", json!({"type": "array", "items": {"type": "string"}})),
    ];
    all.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

/// Settings of the top that this version follows.
pub fn top_keys() -> impl Iterator<Item = &'static str> {
    ["read_only", "tape", "default_environment", "as", "keymap", "theme", "color", "reduced_motion"].into_iter()
}

/// What holds of a setting of the top when nobody speaks.
pub fn default_of(key: &str) -> Option<Value> {
    top().get(key)?.get("default").cloned()
}

fn environment() -> Value {
    object(
        json!({
            "production": {"type": "boolean", "default": true, "description": "production starts look-only"},
            "read_only": {"type": "boolean", "default": false},
            "sources": texts(),
            "anchor": {"type": "array", "items": {"type": "string"},
                "description": "a program and its words; gets the log's head at exit, at an incident's close and hourly"},
            "require": {"type": "array", "items": {"type": "string", "enum": Gate::TOLD.map(|(w, _)| w)},
                "description": "gates that somebody must tell: what is not configured is unknown here"},
            "checklists": {"type": "boolean", "default": false,
                "description": "lines of the two checklists that are not ticked warn"},
            "second_person": {"type": "boolean", "default": false,
                "description": "somebody else must have looked at a change before it goes forward"},
            "calendar": {"type": "string",
                "description": "change windows, freezes and shifts: a file beside the config, or a full path"},
            "change_windows": {}, "arm_minutes": {}, "confirm_delay": {},
        }),
        &["sources"],
    )
}

fn texts() -> Value {
    json!({"type": "array", "items": {"type": "string"}})
}

fn path() -> Value {
    json!({"type": "string", "pattern": "^/"})
}

/// All types in one: an editor then helps before the type is written.
fn source() -> Value {
    let text = || json!({"type": "string"});
    let token = json!({"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
        "description": "where the token is read from; never the token",
        "properties": {"file": path(), "env": text(), "command": texts()}});
    let mut password = token.clone();
    password["description"] = "where the user's password is read from; never the password".into();
    let headers = json!({"type": "object", "additionalProperties": {"anyOf": [text(), token.clone()]},
        "description": "headers of one's own; a secret one says where it is read from"});
    let impersonate = object(json!({"user": text(), "groups": texts()}), &["user"]);
    let name = || json!({"type": "string", "enum": PRESETS});
    let preset = json!({"anyOf": [name(), {"type": "array", "items": name()}], "default": "plain",
        "description": "how requests, errors, latency and tracks are found; auto: by those that answer"});
    let latency = object(
        json!({"histogram": text(), "threshold": time(), "unit": {"type": "string", "enum": ["s", "ms"], "default": "s"},
               "native": {"type": "boolean", "default": false}}),
        &[],
    );
    let correctness = object(json!({"requests": text(), "failures": text()}), &["requests", "failures"]);
    let kinds = json!({"type": "string", "enum": ["hash", "version", "workload", "role"], "default": "hash"});
    let split = json!({"anyOf": [
        {"type": "string", "enum": ["pod", "workload", "version"]},
        object(json!({"label": text(), "is": kinds}), &["label"]),
    ]});
    let queries = object(
        json!({"requests": text(), "failures": text(), "service": text(), "version": text(), "scrape": time()}),
        &[],
    );
    object(
        json!({
            "type": {"type": "string", "description": "kubernetes or prometheus; others are not in this version"},
            "context": text(), "namespaces": texts(), "kubeconfig": path(), "drain": {},
            "act_context": {"type": "string", "description": "acts go through this context; looking never does"},
            "impersonate": impersonate,
            "kinds": {"type": "array", "items": {"type": "string"}, "description": "kinds an operator manages"},
            "login": {"type": "array", "items": {"type": "string"}, "description": "a program and its words, for :login"},
            "url": {"type": "string", "pattern": "^https?://"}, "token": token, "ca": path(),
            "insecure": {"type": "boolean", "default": false, "description": "no certificate checks, shown loudly"},
            "preset": preset, "queries": queries, "latency": latency, "correctness": correctness, "split": split,
            "match": {"type": "string", "description": "matchers laid on everything: cluster=\"eu-1\""},
            "slo_files": {"type": "array", "items": path(), "description": "Sloth, Pyrra, OpenSLO: files, directories, or one *"},
            "user": text(), "password": password, "cert": path(), "key": path(), "headers": headers,
            "tenant": {"type": "string", "description": "X-Scope-OrgID of Mimir and Cortex, and what stands for it elsewhere"},
            "dialect": {"type": "string", "enum": DIALECTS, "description": "which server it is, if it does not tell"},
            "sigv4": {},
        }),
        &["type"],
    )
}

fn service() -> Value {
    let target = || {
        json!({
            "objective": {"type": "number", "exclusiveMinimum": 50, "exclusiveMaximum": 100, "description": "percent"},
            "window": {"type": "string", "default": "30d", "pattern": "^[0-9]+(ms|s|m|h|d)$"},
            "calendar": {"enum": ["week", "month", "quarter", "year"],
                "description": "the budget is for this period of the calendar, in UTC, and not for a rolling window"},
            "probes": {"type": "boolean", "default": false,
                "description": "requests are probes: a single failure may page"},
        })
    };
    let mut own = target();
    own["latency"] = object(target(), &["objective"]);
    own["correctness"] = object(target(), &["objective"]);
    let slo = object(own, &["objective"]);
    let points = json!({"type": "number", "exclusiveMinimum": 0, "maximum": 50, "description": "percentage points"});
    let verdict = object(
        json!({
            "signals": {"type": "array", "items": {"enum": ["errors", "latency", "correctness"]}},
            "split": {"type": "boolean", "default": false},
            "limit": points, "latency_limit": points, "correctness_limit": points,
            "warm_up": {"type": "string", "default": "0s", "pattern": "^[0-9]+(ms|s|m|h|d)$"},
        }),
        &[],
    );
    object(
        json!({
            "owner": {"type": "string"},
            "tier": {"type": "integer", "minimum": 1, "maximum": 4, "default": 2},
            "slo": slo,
            "verdict": verdict,
            "runbooks": texts(),
            "resources": {}, "change_windows": {}, "flags": {},
        }),
        &[],
    )
}

fn time() -> Value {
    json!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"})
}

/// The line on 1 h and 5 m, and the factors of the window pairs for a period of 30 days.
fn burn(config: &Config) -> Value {
    let all = BURN_KEYS.iter().zip(burn_values(&config.limits.burn));
    let factor = |n: f64| json!({"type": "number", "minimum": 0.1, "maximum": 1000, "default": n});
    object(all.map(|(k, n)| ((*k).to_owned(), factor(n))).collect::<Map<String, Value>>().into(), &[])
}

fn limits() -> Value {
    let config = Config::default();
    let span = |ms: u64| {
        let mut t = time();
        t["default"] = crate::config::duration::time_name(ms).into();
        t
    };
    object(
        json!({
            "confirm_delay": span(config.limits.confirm_delay_ms),
            "arm_minutes": {"type": "integer", "minimum": 1, "maximum": 60, "default": config.limits.arm_minutes},
            "same_act": span(config.limits.same_act_ms),
            "request_timeout": span(config.limits.request_timeout_ms),
            "seen_deadline": span(config.limits.seen_ms),
            "burn": burn(&config),
        }),
        &[],
    )
}
