//! Which proxy leads to a server, as client-go decides it: the cluster's own `proxy-url` always, else the environment's
//! unless `NO_PROXY` names the server. The library asks `NO_PROXY` about the proxy instead. Pure; shows no password.

use http::Uri;
use std::net::IpAddr;

/// What the environment says of proxies. The upper-case name goes first, as in Go.
#[derive(Clone, Debug, Default)]
pub struct Env {
    pub https: Option<String>,
    pub http: Option<String>,
    pub no: Option<String>,
}

impl Env {
    pub fn of_process() -> Env {
        let get = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let either = |name: &str| get(name).or_else(|| get(&name.to_ascii_lowercase()));
        Env { https: either("HTTPS_PROXY"), http: either("HTTP_PROXY"), no: either("NO_PROXY") }
    }
}

/// `own`: the cluster's `proxy-url`. `None`: straight there.
///
/// # Errors
/// The proxy's address cannot be used; a sentence that does not repeat it, since it may hold a password.
pub fn choose(server: &Uri, own: Option<&str>, env: &Env) -> Result<Option<Uri>, String> {
    if let Some(own) = own.filter(|p| !p.is_empty()) {
        return parsed(own, "proxy-url of the kubeconfig").map(Some);
    }
    let plain = server.scheme_str() == Some("http");
    let (from, name) = if plain { (&env.http, "HTTP_PROXY") } else { (&env.https, "HTTPS_PROXY") };
    let Some(proxy) = from else { return Ok(None) };
    let host = server.host().unwrap_or("").trim_matches(['[', ']']).to_ascii_lowercase();
    let port = server.port_u16().unwrap_or(if plain { 80 } else { 443 });
    if is_exempt(&host, port, env.no.as_deref().unwrap_or("")) {
        return Ok(None);
    }
    parsed(proxy, name).map(Some)
}

fn parsed(text: &str, from: &str) -> Result<Uri, String> {
    let text = match text.split_once("://") {
        // The name is resolved by the proxy in both.
        Some(("socks5h", rest)) => format!("socks5://{rest}"),
        Some(_) => text.to_owned(),
        None => format!("http://{text}"),
    };
    let uri: Uri = text.parse().map_err(|_| format!("the address in {from} cannot be used"))?;
    match uri.scheme_str() {
        Some("http" | "https" | "socks5") if uri.host().is_some_and(|h| !h.is_empty()) => Ok(uri),
        Some(scheme) => Err(format!("{from} is of the kind {scheme}://: http, https and socks5 can be used")),
        None => Err(format!("the address in {from} cannot be used")),
    }
}

/// Go's rules: the machine itself never goes through a proxy; `*` all; addresses, ranges, names with their subdomains
/// (`.name` and `*.name`: only those), each with a port where one stands there.
fn is_exempt(host: &str, port: u16, list: &str) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|a| a.is_loopback()) {
        return true;
    }
    list.split(',').map(|e| e.trim().to_ascii_lowercase()).filter(|e| !e.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let (Some((net, bits)), Some(address)) = (entry.split_once('/'), address) {
            return net.parse().is_ok_and(|net| bits.parse().is_ok_and(|bits| within(address, net, bits)));
        }
        if let Ok(one) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
            return address == Some(one);
        }
        let (name, its) = match entry.rsplit_once(':') {
            Some((name, digits)) => match digits.parse::<u16>() {
                Ok(p) => (name, Some(p)),
                Err(_) => return false,
            },
            None => (entry.as_str(), None),
        };
        if its.is_some_and(|p| p != port) {
            return false;
        }
        if let Ok(one) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
            return address == Some(one);
        }
        let only_below = name.starts_with('.') || name.starts_with("*.");
        let name = name.trim_start_matches('*').trim_start_matches('.');
        let below = host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
        !name.is_empty() && (below || (!only_below && host == name))
    })
}

fn within(address: IpAddr, net: IpAddr, bits: u32) -> bool {
    match (address, net) {
        (IpAddr::V4(a), IpAddr::V4(n)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            u32::from(a) & mask == u32::from(n) & mask
        }
        (IpAddr::V6(a), IpAddr::V6(n)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            u128::from(a) & mask == u128::from(n) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(no: &str) -> Env {
        Env { https: Some("http://proxy.corp:3128".into()), http: None, no: Some(no.into()) }
    }

    fn goes(server: &str, no: &str) -> bool {
        choose(&server.parse().expect("a server"), None, &env(no)).expect("a proxy").is_some()
    }

    #[test]
    fn no_proxy_is_asked_about_the_server() {
        for (server, no, through) in [
            ("https://api.corp:6443", "", true),
            ("https://api.corp:6443", "api.corp", false),
            ("https://api.corp:6443", "a,,api.corp", false),
            ("https://api.corp:6443", "proxy.corp", true),
            ("https://api.corp:6443", "corp", false),
            ("https://corp:6443", ".corp", true),
            ("https://api.corp:6443", "*.corp", false),
            ("https://notcorp:6443", "corp", true),
            ("https://api.corp:6443", "api.corp:443", true),
            ("https://api.corp:6443", "API.corp:6443", false),
            ("https://api.corp", "api.corp:443", false),
            ("https://10.1.2.3:6443", "10.1.0.0/16", false),
            ("https://10.2.2.3:6443", "10.1.0.0/16", true),
            ("https://10.2.2.3:6443", "0.0.0.0/0", false),
            ("https://[fd00::1]:6443", "fd00::/8", false),
            ("https://[fd00::1]:6443", "fd00::1", false),
            ("https://api.corp", "*", false),
            ("https://localhost:6443", "", false),
            ("https://127.0.0.1:6443", "", false),
            // The environment's HTTPS_PROXY is for https alone.
            ("http://api.corp", "", false),
        ] {
            assert_eq!(goes(server, no), through, "{server} with NO_PROXY={no}");
        }
    }

    #[test]
    fn the_clusters_own_proxy_goes_before_everything() {
        let own = |p: &str| choose(&"https://api.corp".parse().expect("uri"), Some(p), &env("*"));
        assert_eq!(own("http://near:1").expect("ok").expect("one").host(), Some("near"));
        assert_eq!(own("socks5h://near:1").expect("ok").expect("one").scheme_str(), Some("socks5"));
        assert_eq!(own("near:3128").expect("ok").expect("one").scheme_str(), Some("http"));
        assert_eq!(own("").expect("ok"), None, "empty is none, and NO_PROXY says no to the other");
        let why = own("ftp://me:s3cret@near").expect_err("no such proxy");
        assert!(why.contains("ftp") && !why.contains("s3cret"), "{why}");
    }
}
