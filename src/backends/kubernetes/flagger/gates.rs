//! Webhooks of a Canary that let it go on or back: which of them a load tester in this cluster answers, and the requests
//! that open and close it through the API server's own proxy. Pure. Never asks for `/`: there commands are run.

use super::dto::{Canary, Webhook};
use crate::core::world::detail::HookGate;
use std::sync::Arc;

/// The load tester behind a hook, as its URL names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tester {
    pub service: String,
    pub namespace: String,
    pub port: u16,
    pub https: bool,
    /// `gate` or `rollback`: which of its two switches.
    pub switch: &'static str,
}

impl Tester {
    /// The request path that opens or closes the switch.
    pub fn path(&self, open: bool) -> String {
        let scheme = if self.https { "https:" } else { "" };
        let word = if open { "open" } else { "close" };
        format!(
            "/api/v1/namespaces/{}/services/{scheme}{}:{}/proxy/{}/{word}",
            self.namespace, self.service, self.port, self.switch
        )
    }
}

/// A DNS label: nothing else may stand in a path we build.
fn label(s: &str) -> bool {
    (1..=63).contains(&s.len())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !s.starts_with('-')
        && !s.ends_with('-')
}

/// `None`: not a load tester of this cluster (`/gate/halt`, another host, another path). A host of one label alone is not
/// taken: which namespace it means depends on where Flagger runs.
pub fn tester(url: &str) -> Option<Tester> {
    let (https, rest) = match url.split_once("://")? {
        ("http", rest) => (false, rest),
        ("https", rest) => (true, rest),
        _ => return None,
    };
    let (authority, path) = rest.split_once('/')?;
    let switch = match path {
        "gate/check" => "gate",
        "rollback/check" => "rollback",
        _ => return None,
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, if https { 443 } else { 80 }),
    };
    let mut parts = host.strip_suffix('.').unwrap_or(host).split('.');
    let (service, namespace) = (parts.next()?, parts.next()?);
    let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    // `svc.ns`, or `svc.ns.svc` with whatever the cluster calls itself.
    if parts.next().is_some_and(|third| third != "svc") || !label(service) || !label(namespace) || numeric(service) {
        return None;
    }
    Some(Tester { service: service.into(), namespace: namespace.into(), port, https, switch })
}

/// The body of both: only these two fields, so that nothing else can be meant.
pub fn body(name: &str, namespace: &str) -> String {
    serde_json::json!({"name": name, "namespace": namespace}).to_string()
}

/// Without user and query: either may hold a secret.
fn shown(url: &str) -> Arc<str> {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let host = rest.get(..end).and_then(|a| a.rsplit_once('@')).map_or(rest.get(..end), |(_, h)| Some(h));
            format!("{scheme}://{}{}", host.unwrap_or(""), rest.get(end..).unwrap_or("")).into()
        }
        None => url.into(),
    }
}

fn gate(w: &Webhook) -> Option<HookGate> {
    let kind = w.r#type.as_deref()?;
    if !matches!(kind, "confirm-rollout" | "confirm-promotion" | "confirm-traffic-increase" | "rollback") {
        return None;
    }
    let url = w.url.as_deref().unwrap_or("");
    Some(HookGate {
        kind: kind.into(),
        name: w.name.clone().unwrap_or_else(|| kind.into()),
        url: shown(url),
        ours: tester(url).is_some(),
    })
}

/// Every gate of a Canary, in its order.
pub fn gates(c: &Canary) -> Vec<HookGate> {
    c.webhooks().iter().filter_map(gate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_of_the_cluster_is_told_from_a_stranger() {
        let t = tester("http://flagger-loadtester.test/gate/check").expect("ours");
        assert_eq!(t.path(true), "/api/v1/namespaces/test/services/flagger-loadtester:80/proxy/gate/open");
        assert_eq!(t.path(false), "/api/v1/namespaces/test/services/flagger-loadtester:80/proxy/gate/close");
        let t = tester("https://lt.ops.svc.cluster.local:8443/rollback/check").expect("ours");
        assert_eq!(t.path(true), "/api/v1/namespaces/ops/services/https:lt:8443/proxy/rollback/open");
        assert!(tester("http://lt.ops.svc.my.zone./gate/check").is_some());
        for other in [
            "http://flagger-loadtester.test/gate/halt",
            "http://flagger-loadtester.test/gate/approve",
            "http://flagger-loadtester.test/",
            "http://flagger-loadtester.test",
            "http://flagger-loadtester.test/gate/check/",
            "http://flagger-loadtester.test/gate/check?x=1",
            "http://flagger-loadtester/gate/check",
            "http://127.0.0.1:53069/gate/check",
            "http://gate.example.org/gate/check",
            "http://user:pw@lt.test/gate/check",
            "http://a_b.test/gate/check",
            "http://../gate/check",
            "http://lt.test:99999/gate/check",
            "ftp://lt.test/gate/check",
            "",
        ] {
            assert_eq!(tester(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_shown_of_a_url_holds_no_secret() {
        assert_eq!(&*shown("https://u:hunter2@gate.example.org/go?token=hunter2#x"), "https://gate.example.org/go");
        assert_eq!(&*shown("https://gate.example.org"), "https://gate.example.org");
        assert_eq!(&*shown("gate?x"), "gate");
    }
}
