//! The servers that speak Prometheus' API, and where each differs: what it calls itself, under which path it answers,
//! which parameters make its answers fresh and whole, which header names a tenant. Pure.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    #[default]
    Prometheus,
    VictoriaMetrics,
    Thanos,
    Mimir,
    Cortex,
}

/// What `status/buildinfo` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    pub application: Option<String>,
    pub version: Option<String>,
    pub go: bool,
}

impl Build {
    /// Of the answer's `data`.
    pub fn of(data: &Value) -> Build {
        let text = |key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned);
        Build { application: text("application"), version: text("version"), go: data.get("goVersion").is_some() }
    }
}

/// Where the API may lie below the configured URL, in the order they are tried. Mimir and Cortex serve it under their
/// own path; whoever configures only the host means the same.
pub const PREFIXES: [&str; 3] = ["", "prometheus/", "api/prom/"];

impl Dialect {
    pub const ALL: [Dialect; 5] =
        [Dialect::Prometheus, Dialect::VictoriaMetrics, Dialect::Thanos, Dialect::Mimir, Dialect::Cortex];

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Prometheus => "Prometheus",
            Dialect::VictoriaMetrics => "VictoriaMetrics",
            Dialect::Thanos => "Thanos",
            Dialect::Mimir => "Mimir",
            Dialect::Cortex => "Cortex",
        }
    }

    /// By the word of the config: `victoriametrics`.
    pub fn of_name(word: &str) -> Option<Dialect> {
        Dialect::ALL.into_iter().find(|d| d.name().eq_ignore_ascii_case(word))
    }

    /// `host`: the answer had the header `x-server-hostname`, which VictoriaMetrics sends. Its build tells nothing but
    /// the version of Prometheus it stands for. Thanos' build looks as Prometheus' does, but it never left version 0.
    pub fn detect(build: &Build, host: bool) -> Dialect {
        let application = build.application.as_deref().unwrap_or("").to_ascii_lowercase();
        let known = Dialect::ALL.into_iter().find(|d| application.contains(&d.name().to_ascii_lowercase()));
        match known {
            Some(dialect) => dialect,
            None if host && !build.go => Dialect::VictoriaMetrics,
            None if build.go && build.version.as_deref().is_some_and(|v| v.starts_with("0.")) => Dialect::Thanos,
            None => Dialect::Prometheus,
        }
    }

    /// For Sources: `2.42.0`, `Thanos 0.34.1`, `VictoriaMetrics`.
    pub fn shown(self, version: Option<&str>) -> Option<String> {
        match (self, version) {
            (Dialect::Prometheus, version) => version.map(str::to_owned),
            // The number it tells is that of another program.
            (Dialect::VictoriaMetrics, _) | (_, None) => Some(self.name().to_owned()),
            (_, Some(version)) => Some(format!("{} {version}", self.name())),
        }
    }

    /// Parameters that go with every query.
    pub fn parameters(self) -> &'static [(&'static str, &'static str)] {
        match self {
            // It keeps back the last 30 s unless told otherwise, and caches what late samples would change.
            Dialect::VictoriaMetrics => &[("latency_offset", "1ms"), ("nocache", "1")],
            // Or each replica of a pair counts its own copy of every request.
            Dialect::Thanos => &[("dedup", "true")],
            Dialect::Prometheus | Dialect::Mimir | Dialect::Cortex => &[],
        }
    }

    /// Headers that name a tenant.
    ///
    /// # Errors
    /// The tenant is not one that this server can have.
    pub fn tenant(self, tenant: &str) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        let mut add = |name: &'static str, value: &str| match HeaderValue::from_str(value) {
            Ok(value) => headers.insert(HeaderName::from_static(name), value).is_none(),
            Err(_) => false,
        };
        let sound = match self {
            Dialect::Prometheus | Dialect::Mimir | Dialect::Cortex => add("x-scope-orgid", tenant),
            Dialect::Thanos => add("thanos-tenant", tenant),
            Dialect::VictoriaMetrics => {
                let (account, project) = tenant.split_once(':').unwrap_or((tenant, "0"));
                if account.parse::<u32>().is_err() || project.parse::<u32>().is_err() {
                    return Err(format!("the tenant `{tenant}` is not ACCOUNT or ACCOUNT:PROJECT in numbers"));
                }
                add("accountid", account) && add("projectid", project)
            }
        };
        if sound { Ok(headers) } else { Err(format!("the tenant `{tenant}` cannot stand in a header")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(json: &str, host: bool) -> (Dialect, Option<String>) {
        let json: Value = serde_json::from_str(json).expect("json");
        let build = Build::of(json.get("data").unwrap_or(&Value::Null));
        let dialect = Dialect::detect(&build, host);
        (dialect, dialect.shown(build.version.as_deref()))
    }

    #[test]
    fn each_server_is_known_by_what_it_says_of_itself() {
        let cases = [
            (include_str!("fixtures/buildinfo_2_42.json"), false, Dialect::Prometheus, Some("2.42.0+ds")),
            (
                include_str!("fixtures/buildinfo_victoriametrics.json"),
                true,
                Dialect::VictoriaMetrics,
                Some("VictoriaMetrics"),
            ),
            // As Debian's 1.79 answers.
            (r#"{"status":"success","data":{}}"#, true, Dialect::VictoriaMetrics, Some("VictoriaMetrics")),
            (r#"{"data":{"version":"0.34.1","goVersion":"go1.21"}}"#, false, Dialect::Thanos, Some("Thanos 0.34.1")),
            (
                r#"{"data":{"application":"Grafana Mimir","version":"2.10.0","goVersion":"go1.21","features":{}}}"#,
                false,
                Dialect::Mimir,
                Some("Mimir 2.10.0"),
            ),
            (r#"{"data":{"application":"Cortex","version":"1.16.0"}}"#, false, Dialect::Cortex, Some("Cortex 1.16.0")),
            (r#"{"data":{}}"#, false, Dialect::Prometheus, None),
        ];
        for (json, host, dialect, shown) in cases {
            assert_eq!(detect(json, host), (dialect, shown.map(str::to_owned)), "{json}");
        }
        assert_eq!(detect(include_str!("fixtures/buildinfo_3_5.json"), false).0, Dialect::Prometheus);
    }

    #[test]
    fn a_tenant_has_the_header_of_its_server() {
        let sent = |d: Dialect, t: &str| {
            let headers = d.tenant(t).unwrap_or_else(|e| panic!("{e}"));
            let text = |v: &HeaderValue| v.to_str().expect("text").to_owned();
            let mut all: Vec<_> = headers.iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect();
            all.sort();
            all
        };
        let own = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        assert_eq!(sent(Dialect::Mimir, "a|b"), [own("x-scope-orgid", "a|b")]);
        assert_eq!(sent(Dialect::Thanos, "a"), [own("thanos-tenant", "a")]);
        assert_eq!(sent(Dialect::VictoriaMetrics, "7:1"), [own("accountid", "7"), own("projectid", "1")]);
        assert_eq!(sent(Dialect::VictoriaMetrics, "7"), [own("accountid", "7"), own("projectid", "0")]);
        assert!(Dialect::VictoriaMetrics.tenant("shop").is_err() && Dialect::Cortex.tenant("a\nb").is_err());
    }

    #[test]
    fn the_words_of_the_config_name_every_dialect() {
        for d in Dialect::ALL {
            assert_eq!(Dialect::of_name(&d.name().to_lowercase()), Some(d));
        }
        assert_eq!(Dialect::of_name("m3"), None);
    }
}
