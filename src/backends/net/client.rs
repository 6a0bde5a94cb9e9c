//! One HTTP client per source, with every limit set, and HTTP trouble put into words a person can act on.
//! It must not know any server's paths or answers.

use super::access::{Access, Sent};
use super::body::{self, BodyError};
use super::budget::Budget;
use super::date;
use super::secret;
use crate::backends::{Cx, Lane};
use crate::core::id::SourceId;
use crate::core::time::Utc;
use crate::core::world::source::{SourceError, Trouble};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Method, Url};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// No request is given more, whatever its caller says (limits.md section 4).
const LONGEST: Duration = Duration::from_secs(30);
/// NAT and load balancers drop idle connections without a word.
const IDLE: Duration = Duration::from_secs(60);
const MAX_REDIRECTS: usize = 5;
/// A server that asks for quiet is left alone for no longer than this; the person who tries again by hand is heard.
const QUIET_CAP: Duration = Duration::from_secs(300);

/// Where a source is and how to prove who we are.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub source: SourceId,
    /// With any prefix the server runs under; no user or password in it.
    pub url: String,
    pub access: Access,
    /// PEM file. When given, only its certificates are trusted.
    pub ca: Option<PathBuf>,
    /// Certificate checks off; shown as INSECURE.
    pub insecure: bool,
}

/// A whole answer, whatever its status.
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    /// Decoded, at most [`body::CAP`] bytes.
    pub body: Vec<u8>,
    /// The server's clock.
    pub date: Option<Utc>,
    pub retry_after_ms: Option<u64>,
    pub took: Duration,
    headers: HeaderMap,
}

impl Answer {
    /// A header's text, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }
}

/// Without the headers and the body: cookies and pages are nobody's business.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {:?}, {} bytes)", self.status, self.content_type, self.body.len())
    }
}

/// Shares one pool of connections; never made per request.
pub struct Client {
    base: Url,
    place: String,
    endpoint: Endpoint,
    budget: Budget,
    state: Mutex<State>,
}

/// What changes while it lives.
struct State {
    http: reqwest::Client,
    /// When the files of the certificate in use were written.
    written: Option<(SystemTime, SystemTime)>,
    /// The server asked for no calls before this.
    quiet: Option<Instant>,
    /// Sent with every request besides what the access says.
    also: HeaderMap,
}

impl Client {
    /// # Errors
    /// `Shape` for a bad URL, CA file or missing TLS provider; the sentence says which.
    pub fn new(endpoint: Endpoint, budget: Budget) -> Result<Client, SourceError> {
        let source = &endpoint.source;
        let bad = |why: String| SourceError::new(Trouble::Shape, format!("{source}: {why}"));
        let base = base_url(&endpoint.url).map_err(bad)?;
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // The program installs it first thing; reqwest would panic without it.
            return Err(bad("no TLS provider is installed".to_owned()));
        }
        let http = build(&endpoint, &base).map_err(bad)?;
        let written = endpoint.access.identity.as_ref().and_then(|i| i.written());
        let host = base.host_str().unwrap_or("?");
        let place = match base.port() {
            Some(port) => format!("{source} ({host}:{port})"),
            None => format!("{source} ({host})"),
        };
        let state = Mutex::new(State { http, written, quiet: None, also: HeaderMap::new() });
        Ok(Client { base, place, endpoint, budget, state })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change to it is an assignment: a panic elsewhere leaves it usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a certificate that was written anew since the last look; for the beginning of a connection.
    ///
    /// # Errors
    /// `Auth`: the new one cannot be used.
    pub fn renew(&self) -> Result<(), SourceError> {
        let written = self.endpoint.access.identity.as_ref().and_then(|i| i.written());
        if written == self.state().written {
            return Ok(());
        }
        let http = build(&self.endpoint, &self.base).map_err(|why| self.error(Trouble::Auth, &why))?;
        let mut state = self.state();
        (state.http, state.written) = (http, written);
        Ok(())
    }

    /// From now on these go with every request, in place of those named so before.
    pub fn send_also(&self, headers: HeaderMap) {
        self.state().also = headers;
    }

    /// For sentences: `metrics (prometheus.example.internal:9090)`.
    pub fn place(&self) -> &str {
        &self.place
    }

    pub fn source(&self) -> &SourceId {
        &self.endpoint.source
    }

    pub fn insecure(&self) -> bool {
        self.endpoint.insecure
    }

    /// Calls of this source in the last minute.
    pub fn calls_per_min(&self) -> u32 {
        self.budget.used(&self.endpoint.source)
    }

    /// GET `path` under the configured URL. Follows redirects to the same scheme, host and port.
    ///
    /// # Errors
    /// No answer, or not a whole one. Any status is an `Ok`; see [`Client::refused`].
    pub async fn get(&self, path: &str, cx: &Cx) -> Result<Answer, SourceError> {
        self.call(Method::GET, path, &[], cx).await
    }

    /// POST of a form, for *reading* calls with long parameters. Redirects are not followed: they lose the form.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post_form(&self, path: &str, form: &[(&str, &str)], cx: &Cx) -> Result<Answer, SourceError> {
        self.call(Method::POST, path, form, cx).await
    }

    async fn call(&self, method: Method, path: &str, form: &[(&str, &str)], cx: &Cx) -> Result<Answer, SourceError> {
        let limit = cx.deadline.min(LONGEST);
        self.heed(cx.lane)?;
        // Waiting for our own budget is not the server's time.
        self.budget.take(self.source(), cx.lane, limit).await?;
        match tokio::time::timeout(limit, self.exchange(method, path, form)).await {
            Ok(answer) => {
                if let Ok(a) = &answer {
                    let took_ms = a.took.as_millis();
                    tracing::debug!(source = %self.source(), path, status = a.status, bytes = a.body.len(), took_ms, "asked");
                }
                if let Ok(Answer { status: 429 | 503, retry_after_ms: Some(ms), .. }) = &answer {
                    self.state().quiet = Some(Instant::now() + Duration::from_millis(*ms).min(QUIET_CAP));
                }
                answer
            }
            Err(_) => Err(self.error(Trouble::Timeout, &format!("did not answer within {} s", limit.as_secs_f32()))),
        }
    }

    /// A server that said when to come again is not asked before; acts do not wait.
    fn heed(&self, lane: Lane) -> Result<(), SourceError> {
        let left = self.state().quiet.map(|until| until.saturating_duration_since(Instant::now()));
        match (lane, left) {
            (Lane::Refresh, Some(left)) if !left.is_zero() => Err(SourceError {
                retry_after_ms: u64::try_from(left.as_millis()).ok(),
                ..self.error(Trouble::Throttled, &format!("asks us to slow down for {} s more", left.as_secs() + 1))
            }),
            (Lane::Refresh | Lane::Act, _) => Ok(()),
        }
    }

    async fn exchange(&self, method: Method, path: &str, form: &[(&str, &str)]) -> Result<Answer, SourceError> {
        let begun = Instant::now();
        let mut url =
            self.base.join(path).map_err(|e| self.error(Trouble::Shape, &format!("has no such path: {e}")))?;
        let mut hops = 0;
        let Sent { mut headers, secrets } =
            self.endpoint.access.read().await.map_err(|why| self.error(Trouble::Auth, &why))?;
        let http = {
            let state = self.state();
            headers.extend(state.also.clone());
            state.http.clone()
        };
        let response = loop {
            let mut request = http.request(method.clone(), url.clone()).header(ACCEPT, "application/json");
            request = request.headers(headers.clone());
            if method == Method::POST {
                request = request.form(form);
            }
            let response = request.send().await.map_err(|e| self.unreachable(&e))?;
            if method != Method::GET || !response.status().is_redirection() {
                break response;
            }
            hops += 1;
            let next = text(response.headers(), &LOCATION)
                .and_then(|to| url.join(to).ok())
                .filter(|to| hops <= MAX_REDIRECTS && may_follow(&url, to));
            match next {
                Some(to) => url = to,
                None => break response,
            }
        };
        let status = response.status().as_u16();
        let headers = response.headers();
        let content_type = text(headers, &CONTENT_TYPE).unwrap_or("").to_owned();
        let date = text(headers, &DATE).and_then(date::http_date);
        let retry_after_ms = text(headers, &RETRY_AFTER).and_then(|v| date::retry_after_ms(v, date));
        let headers = headers.clone();
        let mut body = body::read(response, body::CAP).await.map_err(|e| self.broken(&e))?;
        // An error will quote it, and a page for debugging may say it back in an answer that looks right.
        secrets.iter().for_each(|secret| secret.hide(&mut body));
        Ok(Answer { status, content_type, body, date, retry_after_ms, took: begun.elapsed(), headers })
    }

    /// The JSON text of an answer, its content type checked first: a login page answers 200 too.
    ///
    /// # Errors
    /// `Shape`, with the beginning of what came instead.
    pub fn json<'a>(&self, answer: &'a Answer) -> Result<&'a [u8], SourceError> {
        if body::is_json(&answer.content_type) {
            return Ok(&answer.body);
        }
        let kind = match answer.content_type.split(';').next().unwrap_or("").trim() {
            "" => "no content type".to_owned(),
            t => body::visible(t.as_bytes()),
        };
        let said = body::visible(&answer.body);
        Err(self
            .error(Trouble::Shape, &format!("answered {kind} where JSON was due (a login page or a proxy?): {said}")))
    }

    /// The error of a status outside 2xx; `words` are the server's own, where its dialect has some.
    pub fn refused(&self, answer: &Answer, words: Option<&str>) -> SourceError {
        let said = match words {
            Some(w) => body::visible(w.as_bytes()),
            None => body::visible(&answer.body),
        };
        let (trouble, why) = match answer.status {
            401 => (
                Trouble::Auth,
                match self.endpoint.access.said() {
                    Some(what) => format!("does not accept {what}"),
                    None => "asks for a token or a password and none is configured".to_owned(),
                },
            ),
            403 => (Trouble::Forbidden, "forbids this to us".to_owned()),
            404 => (Trouble::NotFound, "has no such path".to_owned()),
            408 | 504 => (Trouble::Timeout, "timed out on its side".to_owned()),
            429 => (Trouble::Throttled, "asks us to slow down".to_owned()),
            300..=399 => (Trouble::Shape, "sends us elsewhere (a login page?); set the URL it really has".to_owned()),
            400..=499 => (Trouble::Shape, "does not take the request".to_owned()),
            _ => (Trouble::Server, "has trouble of its own".to_owned()),
        };
        let dot = if said.is_empty() { "" } else { ": " };
        SourceError {
            retry_after_ms: answer.retry_after_ms,
            ..self.error(trouble, &format!("{why} ({}){dot}{said}", answer.status))
        }
    }

    /// `<place> <what>`, as a source error.
    pub fn error(&self, trouble: Trouble, what: &str) -> SourceError {
        SourceError::new(trouble, secret::clean(&format!("{} {what}", self.place)))
    }

    fn unreachable(&self, e: &reqwest::Error) -> SourceError {
        if e.is_timeout() {
            return self.error(Trouble::Timeout, "did not answer in time");
        }
        let why = innermost(e);
        // Over TLS 1.3 a certificate is refused in the first answer, and the alert is all there is.
        let asked = why.contains("CertificateRequired") || why.contains("certificate required");
        match &self.endpoint.access.identity {
            None if asked => self.error(Trouble::Auth, "asks for a client certificate; set cert and key"),
            Some(i) if asked || why.contains("fatal alert") => {
                let what = format!("does not accept the certificate {}: {why}", i.cert.display());
                self.error(Trouble::Auth, &what)
            }
            Some(_) | None => self.error(Trouble::Unreachable, &format!("is not reachable: {why}")),
        }
    }

    fn broken(&self, e: &BodyError) -> SourceError {
        let what = match e {
            BodyError::TooBig(cap) => format!("answered more than {} MiB; narrow the query", cap / (1024 * 1024)),
            BodyError::Broken(e) => {
                format!("broke off in the middle of its answer: {}", innermost(e))
            }
        };
        self.error(e.trouble(), &what)
    }
}

/// # Errors
/// What is wrong with a file of the endpoint.
fn build(endpoint: &Endpoint, base: &Url) -> Result<reqwest::Client, String> {
    let mut b = reqwest::Client::builder()
        .user_agent(concat!("andon/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(LONGEST)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .gzip(true);
    if let Some(path) = &endpoint.ca {
        let shown = path.display();
        let pem = std::fs::read(path).map_err(|e| format!("CA file {shown} cannot be read: {}", e.kind()))?;
        let roots = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
        if roots.is_empty() {
            return Err(format!("CA file {shown} holds no PEM certificate"));
        }
        b = b.tls_certs_only(roots);
    } else if base.scheme() == "http" {
        // Plain stays plain (see `may_follow`), so the system's roots, 10 to 80 ms of reading, are not needed.
        b = b.tls_certs_only([]);
    }
    if endpoint.insecure {
        b = b.tls_danger_accept_invalid_certs(true);
    }
    if is_loopback(base) {
        b = b.no_proxy();
    }
    if let Some(identity) = &endpoint.access.identity {
        b = b.identity(identity.read()?);
    }
    b.build().map_err(|e| innermost(&e))
}

/// http or https, a host, no credentials; ends in `/` so that paths are joined under the prefix.
fn base_url(text: &str) -> Result<Url, String> {
    // The text is not echoed: it may hold a password.
    let mut url = Url::parse(text).map_err(|e| format!("the URL does not parse: {e}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("the URL must begin with http:// or https:// and a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL holds a user or password; use `token`, or `user` and `password`".to_owned());
    }
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// The same scheme, host and port. A server that sends http to https has another URL than the configured one: asking
/// it over http again and again would show the token to everybody in between.
fn may_follow(from: &Url, to: &Url) -> bool {
    from.origin() == to.origin()
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("");
    let ip = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || ip.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn text<'a>(headers: &'a HeaderMap, name: &reqwest::header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

/// The last cause of an error: "Connection refused (os error 111)", "invalid peer certificate: UnknownIssuer".
/// The outer ones say "error sending request" and the URL, which may hold a secret.
fn innermost(e: &reqwest::Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(e);
    let mut said = None;
    while let Some(c) = cause {
        said = Some(c.to_string());
        cause = c.source();
    }
    body::visible(said.unwrap_or_else(|| "no reason given".to_owned()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Endpoint {
        Endpoint {
            source: SourceId::new("metrics"),
            url: url.to_owned(),
            access: Access::default(),
            ca: None,
            insecure: false,
        }
    }

    fn client(e: Endpoint) -> Result<Client, SourceError> {
        rustls::crypto::ring::default_provider().install_default().ok();
        Client::new(e, Budget::new(120))
    }

    #[test]
    fn a_bad_url_or_ca_file_is_told_without_echoing_a_password() {
        for url in ["", "prometheus:9090", "ftp://h/", "http://u:hunter2@h/", "https://"] {
            let e = client(endpoint(url)).err().expect(url);
            assert_eq!(e.trouble, Trouble::Shape, "{url}");
            assert!(!e.sentence.contains("hunter2"), "{e}");
        }
        let mut e = endpoint("https://h/");
        e.ca = Some("/nowhere/ca.pem".into());
        let said = client(e).err().expect("no file").sentence;
        assert!(said.contains("/nowhere/ca.pem"), "{said}");
    }

    #[test]
    fn the_configured_prefix_stays_in_front_of_every_path() {
        let base = base_url("https://h.example/prom?x=1").expect("url");
        let url = base.join("api/v1/query").expect("path");
        assert_eq!(url.as_str(), "https://h.example/prom/api/v1/query");
    }

    #[test]
    fn redirects_stay_on_the_host_and_never_lose_tls() {
        let u = |s: &str| Url::parse(s).expect("url");
        assert!(may_follow(&u("http://h/a"), &u("http://h/b")));
        assert!(may_follow(&u("https://h/a"), &u("https://h:443/b")));
        assert!(!may_follow(&u("http://h/a"), &u("https://h/a")));
        assert!(!may_follow(&u("https://h/a"), &u("http://h/a")));
        assert!(!may_follow(&u("http://h/a"), &u("http://h:8080/a")));
        assert!(!may_follow(&u("http://h/a"), &u("http://evil/a")));
    }

    #[test]
    fn loopback_bypasses_proxies() {
        assert!(is_loopback(&Url::parse("http://[::1]:9090/").expect("url")));
        assert!(is_loopback(&Url::parse("http://127.0.0.1/").expect("url")));
        assert!(!is_loopback(&Url::parse("http://10.0.0.1/").expect("url")));
    }
}
