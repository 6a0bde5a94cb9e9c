//! What a config says about a source, by its type. A source with a fault stays in the list, red, with the reason.
//! Connects to nothing and reads no secret: a token is only where it comes from.

pub mod access;
pub mod figures;
mod kubernetes;
mod prometheus;

use crate::config::problem::{Severity, Told};
use crate::config::suggest;
use crate::config::table::{Got, Table};
use crate::core::id::SourceId;
use kubernetes::kubernetes;
use prometheus::{prometheus, token_of, url};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub name: SourceId,
    pub kind: SourceKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum SourceKind {
    Kubernetes(Kubernetes),
    Prometheus(Box<Prometheus>),
    /// A type the documentation knows and this version has not: `alertmanager`. Red.
    NotInThisVersion(Arc<str>),
    /// What is wrong with it, one sentence. Red.
    Faulty(Arc<str>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kubernetes {
    /// `None`: where kubectl looks.
    pub kubeconfig: Option<PathBuf>,
    /// `None`: the kubeconfig's current one when the source is first opened.
    pub context: Option<Arc<str>>,
    /// Empty: all one may see.
    pub namespaces: Vec<Arc<str>>,
    /// The context acts go through. `None`: the one that looks.
    pub act_context: Option<Arc<str>>,
    /// Whom acts are sent as.
    pub impersonate: Option<Impersonate>,
    /// Custom kinds, as written.
    pub kinds: Vec<Arc<str>>,
    /// Program and arguments that log in; Debug tells the program only.
    pub login: Argv,
}

/// `impersonate = { user = "..", groups = [".."] }`: for acts only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonate {
    pub user: Arc<str>,
    pub groups: Vec<Arc<str>>,
}

/// A program and its words, which may hold a secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Argv(pub Vec<Arc<str>>);

impl fmt::Debug for Argv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_first() {
            None => f.write_str("none"),
            Some((program, words)) => write!(f, "{program} and {} words", words.len()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prometheus {
    /// http or https, without userinfo, query or fragment, without a slash at the end.
    pub url: Arc<str>,
    pub token: Option<Token>,
    pub access: access::Access,
    /// A private authority, PEM.
    pub ca: Option<PathBuf>,
    /// Certificate checks are off: shown as INSECURE.
    pub insecure: bool,
    pub queries: Queries,
    pub figures: figures::Figures,
}

/// How requests, failures and tracks are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queries {
    /// Cumulative counters of all requests, a selector: `http_requests_total`.
    pub requests: Arc<str>,
    /// Cumulative counters of the failed ones: `http_requests_total{code=~"5.."}`.
    pub failures: Arc<str>,
    /// The label with the service's name.
    pub service: Arc<str>,
    /// The label with the version's template hash.
    pub version: Arc<str>,
    /// Seconds between two scrapes, 1 to 300.
    pub scrape_secs: u32,
}

impl Default for Queries {
    /// The preset `plain`.
    fn default() -> Self {
        Queries {
            requests: Arc::from("http_requests_total"),
            failures: Arc::from("http_requests_total{code=~\"5..\"}"),
            service: Arc::from("service"),
            version: Arc::from("rollouts_pod_template_hash"),
            scrape_secs: 15,
        }
    }
}

/// Where a token comes from. Never the token; Debug tells the kind only, since a command's words may hold one.
#[derive(Clone, PartialEq, Eq)]
pub enum Token {
    /// Read again for every request: projected tokens rotate.
    File(PathBuf),
    /// The name of a variable.
    Env(Arc<str>),
    /// Program and arguments, no shell.
    Command(Vec<Arc<str>>),
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Token::File(_) => "Token(file)",
            Token::Env(_) => "Token(env)",
            Token::Command(_) => "Token(command)",
        })
    }
}

const BUILT: [&str; 2] = ["kubernetes", "prometheus"];

/// Types the documentation names and this version has not.
const LATER: [&str; 38] = [
    "alertmanager",
    "argocd",
    "aws-codedeploy",
    "aws-ecs",
    "aws-lambda",
    "buildkite",
    "command",
    "cortex",
    "flagd",
    "github",
    "gitlab",
    "grafana",
    "grafana-oncall",
    "http",
    "incident-io",
    "jaeger",
    "jenkins",
    "jsm",
    "launchdarkly",
    "loki",
    "mattermost",
    "mimir",
    "nomad",
    "opa",
    "opsgenie",
    "osv",
    "pagerduty",
    "postgresql",
    "registry",
    "slack",
    "spinnaker",
    "teams",
    "tempo",
    "thanos",
    "trivy",
    "unleash",
    "vault",
    "victoriametrics",
];

/// Reads one `[source.x]`.
pub fn source(name: &str, mut table: Table<'_, '_>, told: &mut Told<'_>) -> Source {
    let span = table.span().clone();
    let kind = match table.text(told, "type") {
        Got::Is("kubernetes", _) => kubernetes(table, told),
        Got::Is("prometheus", _) => prometheus(table, told),
        Got::Is(kind, at) if LATER.contains(&kind) => {
            told.add(Severity::NotInThisVersion, &at, format!("source type \"{kind}\""), None);
            // Its other keys are another version's, but a secret in its address is refused all the same.
            match table.text(told, "url") {
                Got::Is(u, at) => match url(u, &at, told) {
                    Some(_) => SourceKind::NotInThisVersion(Arc::from(kind)),
                    None => faulty("its url cannot be used"),
                },
                Got::Absent | Got::Wrong => SourceKind::NotInThisVersion(Arc::from(kind)),
            }
        }
        Got::Is(kind, at) => {
            let names = BUILT.iter().chain(&LATER).copied();
            let what = format!("unknown source type \"{kind}\"");
            told.error(&at, what.clone(), suggest::hint(kind, names));
            faulty(&what)
        }
        Got::Wrong => faulty("its type cannot be used"),
        Got::Absent => {
            let hint = Some("write type = \"kubernetes\" or \"prometheus\"".to_owned());
            let what = format!("{} has no \"type\"", table.name());
            told.error(&span, what, hint);
            faulty("it has no type")
        }
    };
    Source { name: SourceId::from(name), kind }
}

fn faulty(why: &str) -> SourceKind {
    SourceKind::Faulty(Arc::from(why))
}

fn path(table: &mut Table<'_, '_>, key: &'static str, told: &mut Told<'_>) -> Got<PathBuf> {
    match table.text(told, key) {
        Got::Absent => Got::Absent,
        Got::Wrong => Got::Wrong,
        Got::Is(p, at) if p.starts_with('/') => Got::Is(PathBuf::from(p), at),
        Got::Is(p, at) => {
            let hint = Some("write the full path, from /".to_owned());
            told.error(&at, format!("\"{key}\" cannot be \"{p}\""), hint);
            Got::Wrong
        }
    }
}
