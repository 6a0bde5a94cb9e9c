//! Where each setting in force comes from. Values are those of the loaded [`Config`], so that what is shown is what is
//! used; files are looked at again only for the place. Never a secret: of a token only where it is read from.

use crate::config::duration::time_name;
use crate::config::file::Config;
use crate::config::limits::{BURN_KEYS, burn_values};
use crate::config::problem::{Told, place};
use crate::config::schema;
use crate::config::service::Slo;
use crate::config::service::{Judging, LIMITS};
use crate::config::source::{SourceKind, Token};
use crate::config::table::parse;
use crate::core::act::gate::Gate;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt;
use toml::de::{DeTable, DeValue};

/// Who said it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// File and line, from 1.
    System(String, u32),
    User(String, u32),
    /// `ANDON_READ_ONLY`
    Variable(&'static str),
    /// `--read-only`
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::System(file, line) => write!(f, "system {file}:{line}"),
            Origin::User(file, line) => write!(f, "user {file}:{line}"),
            Origin::Variable(name) => write!(f, "variable {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One setting in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// `limits.confirm_delay`, `source.eu-1.context`
    pub key: String,
    pub value: Json,
    pub origin: Origin,
}

impl Value {
    /// For `config show --json`.
    pub fn json(&self) -> Json {
        let mut v = json!({ "key": self.key, "value": self.value });
        let (level, more): (&str, Vec<(&str, Json)>) = match &self.origin {
            Origin::Default => ("default", Vec::new()),
            Origin::System(file, line) => ("system", vec![("file", json!(file)), ("line", json!(line))]),
            Origin::User(file, line) => ("user", vec![("file", json!(file)), ("line", json!(line))]),
            Origin::Variable(name) => ("variable", vec![("name", json!(name))]),
            Origin::Flag(name) => ("flag", vec![("name", json!(name))]),
        };
        v["origin"] = level.into();
        for (name, value) in more {
            v[name] = value;
        }
        v
    }
}

/// Who said what, by key: of the layers laid over each other, the last that speaks. Kept with each is the text itself for
/// those few settings of which the config keeps only what was made of them (a keymap's name).
#[derive(Clone, Debug, Default)]
pub struct Origins {
    said: BTreeMap<String, (Origin, Option<Json>)>,
}

impl Origins {
    /// Lays a file over what is there. `at` makes an origin of a line. An environment, source or service of the same
    /// name is replaced as a whole.
    pub fn file(&mut self, text: &str, at: impl Fn(u32) -> Origin) {
        let mut told = Told::new("", text);
        let (table, _) = parse(&mut told);
        for (top, values) in table.iter() {
            if let (true, DeValue::Table(named)) = (schema::NAMED.contains(&&**top.get_ref()), values.get_ref()) {
                for name in named.keys() {
                    let own = format!("{}.{}.", top.get_ref(), name.get_ref());
                    self.said.retain(|k, _| !k.starts_with(&own));
                }
            }
        }
        self.walk(text, &table, "", &at);
    }

    fn walk(&mut self, text: &str, table: &DeTable<'_>, above: &str, at: &impl Fn(u32) -> Origin) {
        for (key, value) in table.iter() {
            let path = format!("{above}{}", key.get_ref());
            let line = place(text, key.span().start).0;
            match value.get_ref() {
                DeValue::Table(t) => {
                    self.said.insert(path.clone(), (at(line), None));
                    self.walk(text, t, &format!("{path}."), at);
                }
                DeValue::String(s) => {
                    self.said.insert(path, (at(line), Some(Json::from(s.as_ref()))));
                }
                DeValue::Boolean(b) => {
                    self.said.insert(path, (at(line), Some(Json::from(*b))));
                }
                DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) => {
                    self.said.insert(path, (at(line), None));
                }
            }
        }
    }

    /// A variable says `key`.
    pub fn variable(&mut self, key: &str, name: &'static str, value: &str) {
        self.said.insert(key.to_owned(), (Origin::Variable(name), Some(Json::from(value))));
    }

    fn of(&self, key: &str) -> Origin {
        self.said.get(key).map_or(Origin::Default, |(o, _)| o.clone())
    }

    fn text(&self, key: &str) -> Option<Json> {
        self.said.get(key)?.1.clone()
    }
}

fn target(own: &str, slo: &Slo, add: &mut impl FnMut(String, Json)) {
    // As the file writes it: percent, without the tail of a binary fraction.
    let percent = (slo.objective * 100.0 * 1e6).round() / 1e6;
    add(format!("{own}.objective"), percent.into());
    add(format!("{own}.window"), format!("{}d", slo.period_days).into());
    if let Some(calendar) = slo.calendar {
        add(format!("{own}.calendar"), json!(calendar));
    }
    if slo.probes {
        add(format!("{own}.probes"), true.into());
    }
}

/// Every setting in force, by key.
pub fn values(config: &Config, origins: &Origins) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    let mut add = |key: String, value: Json| {
        let origin = origins.of(&key);
        all.push(Value { key, value, origin });
    };
    add("read_only".into(), config.read_only.into());
    add("tape".into(), config.tape.into());
    add("default_environment".into(), json!(config.environment));
    add("as".into(), json!(config.claimed));
    add("shared_accounts".into(), json!(config.shared_accounts));
    add("theme".into(), json!(config.theme_name));
    add("reduced_motion".into(), config.reduced_motion.into());
    add("color".into(), config.color.as_deref().unwrap_or("auto").into());
    let limits = &config.limits;
    add("limits.confirm_delay".into(), time_name(limits.confirm_delay_ms).into());
    add("limits.arm_minutes".into(), limits.arm_minutes.into());
    add("limits.same_act".into(), time_name(limits.same_act_ms).into());
    add("limits.request_timeout".into(), time_name(limits.request_timeout_ms).into());
    add("limits.seen_deadline".into(), time_name(limits.seen_ms).into());
    for (key, factor) in BURN_KEYS.iter().zip(burn_values(&limits.burn)) {
        add(format!("limits.burn.{key}"), factor.into());
    }
    for e in &config.environments {
        let own = format!("environment.{}", e.name);
        add(format!("{own}.production"), e.production.into());
        add(format!("{own}.read_only"), e.read_only.into());
        add(format!("{own}.sources"), e.sources.iter().map(|s| s.as_str()).collect());
        let required = Gate::TOLD.iter().filter(|(_, g)| e.require.contains(g)).map(|(w, _)| *w);
        add(format!("{own}.require"), required.collect());
        add(format!("{own}.checklists"), e.checklists.into());
        add(format!("{own}.second_person"), e.second_person.into());
        add(format!("{own}.calendar"), json!(e.calendar));
        // Its words may hold a secret; the program alone does not.
        let anchor = e.anchor.split_first().map(|(p, words)| format!("{p} and {} words, not shown", words.len()));
        add(format!("{own}.anchor"), json!(anchor));
    }
    for s in &config.sources {
        for (key, value) in source(&s.kind) {
            add(format!("source.{}.{key}", s.name), value);
        }
    }
    for s in &config.services {
        let own = format!("service.{}", s.name);
        add(format!("{own}.owner"), json!(s.owner));
        add(format!("{own}.tier"), s.tier.into());
        add(format!("{own}.runbooks"), s.runbooks.iter().map(|r| r.to_string()).collect());
        if let Some(slo) = &s.slo {
            target(&format!("{own}.slo"), slo, &mut add);
        }
        for (signal, slo) in &s.more {
            target(&format!("{own}.slo.{}", signal.word()), slo, &mut add);
        }
        if s.judging != Judging::default() {
            let signals = s.judging.signals.iter().map(|s| s.word()).collect();
            add(format!("{own}.verdict.signals"), signals);
            add(format!("{own}.verdict.split"), s.judging.split.into());
            for (key, signal) in LIMITS {
                if let Some(limit) = s.judging.limits.get(&signal) {
                    add(format!("{own}.verdict.{key}"), ((limit * 100.0 * 1e6).round() / 1e6).into());
                }
            }
            add(format!("{own}.verdict.warm_up"), format!("{}s", s.judging.warm_up_secs).into());
        }
    }
    // Of these the config keeps what was made of them; known keys only, because nobody knows what another one holds.
    for key in schema::top_keys() {
        if all.iter().all(|v| v.key != key) {
            let value = origins.text(key).or_else(|| schema::default_of(key)).unwrap_or(Json::Null);
            all.push(Value { key: key.to_owned(), value, origin: origins.of(key) });
        }
    }
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
}

fn source(kind: &SourceKind) -> Vec<(&'static str, Json)> {
    match kind {
        SourceKind::Kubernetes(k) => vec![
            ("type", "kubernetes".into()),
            ("context", json!(k.context)),
            ("kubeconfig", json!(k.kubeconfig)),
            ("namespaces", k.namespaces.iter().map(|n| n.to_string()).collect()),
            ("act_context", json!(k.act_context)),
            ("impersonate.user", json!(k.impersonate.as_ref().map(|i| &i.user))),
            ("impersonate.groups", json!(k.impersonate.as_ref().map_or(&[][..], |i| &i.groups))),
            ("kinds", json!(k.kinds)),
            // Its words may hold a secret; the program alone does not.
            (
                "login",
                json!(k.login.0.split_first().map(|(p, words)| format!("{p} and {} words, not shown", words.len()))),
            ),
        ],
        SourceKind::Prometheus(p) => {
            let (q, f) = (&p.queries, &p.figures);
            let own = *q != crate::config::source::Queries::default();
            let mut all = vec![
                ("type", "prometheus".into()),
                ("url", json!(p.url)),
                ("ca", json!(p.ca)),
                ("insecure", p.insecure.into()),
                ("preset", json!(if f.presets.is_empty() && !own { vec!["plain".into()] } else { f.presets.clone() })),
                ("split", json!(f.split.as_ref().map(|s| format!("{s:?}").to_lowercase()))),
                ("latency.histogram", json!(f.latency.as_ref().and_then(|l| l.histogram.clone()))),
                ("latency.threshold", json!(f.latency.as_ref().map(|l| time_name(l.threshold_ms)))),
                ("correctness.requests", json!(f.correctness.as_ref().map(|(all, _)| all))),
                ("correctness.failures", json!(f.correctness.as_ref().map(|(_, bad)| bad))),
                ("namespaces", json!(f.namespaces)),
                ("match", json!(f.matching)),
                ("slo_files", json!(f.slo_files)),
                ("queries.requests", json!(q.requests)),
                ("queries.failures", json!(q.failures)),
                ("queries.service", json!(q.service)),
                ("queries.version", json!(q.version)),
                ("queries.scrape", format!("{}s", q.scrape_secs).into()),
            ];
            all.extend(secret("token", ["token.file", "token.env", "token.command"], p.token.as_ref()));
            let a = &p.access;
            let password = a.basic.as_ref().map(|(_, from)| from);
            all.push(("user", json!(a.basic.as_ref().map(|(user, _)| user))));
            all.extend(secret("password", ["password.file", "password.env", "password.command"], password));
            all.push(("cert", json!(a.identity.as_ref().map(|(cert, _)| cert))));
            all.push(("key", json!(a.identity.as_ref().map(|(_, key)| key))));
            // Values may say more than a name should; where they stand is known.
            all.push(("headers", a.headers.iter().map(|(name, _)| name.to_string()).collect()));
            all.push(("tenant", json!(a.tenant)));
            all.push(("dialect", json!(a.dialect)));
            all
        }
        SourceKind::NotInThisVersion(what) => vec![("type", format!("{what}: not in this version").into())],
        SourceKind::Faulty(why) => vec![("type", format!("not used: {why}").into())],
    }
}

/// Where a secret is read, under the key of its kind.
fn secret(
    key: &'static str,
    [file, env, command]: [&'static str; 3],
    from: Option<&Token>,
) -> Option<(&'static str, Json)> {
    Some(match from {
        None => (key, Json::Null),
        Some(Token::File(path)) => (file, json!(path)),
        Some(Token::Env(name)) => (env, json!(name)),
        // Its words may hold a secret; the program alone does not.
        Some(Token::Command(argv)) => {
            let program = argv.first().map_or("", |a| a);
            (command, format!("{program} and {} words, not shown", argv.len().saturating_sub(1)).into())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(origins: &Origins, key: &str) -> String {
        origins.of(key).to_string()
    }

    #[test]
    fn the_last_that_speaks_is_the_origin_and_a_source_is_replaced_as_a_whole() {
        let mut o = Origins::default();
        let system = |l| Origin::System("/etc/c".into(), l);
        let user = |l| Origin::User("c".into(), l);
        o.file("tape = false\nread_only = true\n[source.a]\ntype = \"kubernetes\"\ncontext = \"x\"\n", system);
        o.file("\n\ntape = true\n[source.a]\ntype = \"kubernetes\"\n[limits]\narm_minutes = 5\n", user);
        o.variable("limits.arm_minutes", "ANDON_ARM_MINUTES", "3");
        assert_eq!(of(&o, "tape"), "user c:3");
        assert_eq!(of(&o, "read_only"), "system /etc/c:2");
        assert_eq!(of(&o, "source.a.type"), "user c:5");
        assert_eq!(of(&o, "source.a.context"), "default", "the user's source has none");
        assert_eq!(of(&o, "limits.arm_minutes"), "variable ANDON_ARM_MINUTES");
        assert_eq!(of(&o, "limits.same_act"), "default");
    }
}
