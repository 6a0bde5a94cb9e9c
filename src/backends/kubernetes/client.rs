//! Connections: a link that looks and one that acts, bounded bodies, and every failure as a `SourceError`. No retries
//! anywhere: the callers decide. Never shows a credential.

use super::Settings;
pub use super::calls::Calls;
use super::failure::plainly;
pub use super::failure::{chain, clean, message};
use super::kubeconfig::{self, Place};
use super::link::{self, Credential, Link};
use crate::backends::Login;
use crate::backends::net::secret;
use crate::core::redact;
use crate::core::world::source::{Cluster, SourceError, Trouble};
use futures::{AsyncBufReadExt, AsyncReadExt, TryStreamExt};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Limited};
use jiff::Timestamp;
use kube::config::AuthInfo;
use std::sync::Arc;
use std::time::Duration;

/// Decoded body cap of limits.md section 4.
pub const BODY_CAP: usize = 16 * 1024 * 1024;
/// Our word for an answer that says no in no dialect of the API.
const NOT_A_STATUS: &str = "not a Status";
/// What is read of an answer that says no.
pub const WORDS_CAP: usize = 64 * 1024;

/// Two links to one cluster. Credential plugins have run.
#[derive(Clone)]
pub struct Clients {
    /// Everything that looks.
    pub watch: Link,
    /// Acts, their dry runs and the reads made for them: own connections, so that no list stands in their way, and the
    /// acting identity where one is configured.
    pub acts: Link,
    /// Acts go out as somebody else than who looks.
    pub acts_apart: bool,
    /// The context's own namespace.
    pub namespace: String,
    /// Certificate checks are off.
    pub insecure: bool,
    pub context: Arc<str>,
    pub calls: Calls,
    /// What the kubeconfig says of the cluster; its `id` is asked for elsewhere.
    pub cluster: Cluster,
    /// When a certificate that a plugin gave ends.
    until: Option<Timestamp>,
}

/// New links; runs the credential plugins. Errors: no kubeconfig, no such context, bad certificate files, the looking
/// identity's plugin failed. An acting identity that cannot be had is an error of the acts alone.
pub async fn connect(settings: &Settings, calls: &Calls) -> Result<Clients, SourceError> {
    let kc = kubeconfig::read(settings.kubeconfig.clone()).await?;
    let looks = calls.place(&kc, settings)?;
    let (user, credential, mut until) = log_in(&looks).await?;
    let watch = Link::looking(client(&looks, user.clone(), false).await?, credential.clone(), calls.clone());
    let other = settings.act_context.as_deref().filter(|c| *c != looks.context);
    let acts = match other.map(|name| kubeconfig::place(&kc, Some(name))) {
        None => {
            let as_whom = impersonating(user, settings);
            Link::acting(client(&looks, as_whom, true).await, credential, None)
        }
        Some(Err(e)) => Link::acting(Err(e), Credential::Library, None),
        Some(Ok(place)) => {
            let through = (!place.is_same_door(&looks)).then(|| (place.context.clone(), watch.clone()));
            match log_in(&place).await {
                Err(e) => Link::acting(Err(e), Credential::Library, None),
                Ok((user, credential, ends)) => {
                    until = until.into_iter().chain(ends).min();
                    Link::acting(client(&place, impersonating(user, settings), true).await, credential, through)
                }
            }
        }
    };
    Ok(Clients {
        watch,
        acts,
        acts_apart: other.is_some() || settings.impersonate.is_some(),
        namespace: looks.namespace.clone(),
        insecure: looks.insecure(),
        context: looks.context.as_str().into(),
        calls: calls.clone(),
        cluster: looks.cluster(),
        until,
    })
}

fn impersonating(mut user: AuthInfo, settings: &Settings) -> AuthInfo {
    if let Some(i) = &settings.impersonate {
        user.impersonate = Some(i.user.clone());
        user.impersonate_groups = Some(i.groups.clone()).filter(|g| !g.is_empty());
        (user.impersonate_uid, user.impersonate_user_extra) = (None, None);
    }
    user
}

/// See `Backend::login`. Reads the kubeconfig.
pub fn logins(settings: &Settings, calls: &Calls) -> Result<Vec<Login>, Arc<str>> {
    if !settings.login.is_empty() {
        return Ok(vec![Login { argv: settings.login.clone(), env: Vec::new(), prints_secrets: false }]);
    }
    let kc = kubeconfig::read_now(settings.kubeconfig.clone()).map_err(|e| e.sentence)?;
    let names = [calls.context(settings), settings.act_context.as_deref()];
    let mut out: Vec<Login> = Vec::new();
    for (i, name) in names.into_iter().enumerate().filter(|(i, name)| *i == 0 || name.is_some()) {
        let place = kubeconfig::place(&kc, name).map_err(|e| e.sentence)?;
        let Some(Ok(plugin)) = place.plugin() else { continue };
        let login = Login { argv: plugin.argv.clone(), env: plugin.variables(true), prints_secrets: true };
        if i == 0 || !out.iter().any(|l| l.argv == login.argv) {
            out.push(login);
        }
    }
    if out.is_empty() {
        return Err("its kubeconfig names no program that logs in; renew it by hand, or write login = [\"program\"] in its config".into());
    }
    Ok(out)
}

async fn log_in(place: &Place) -> Result<(AuthInfo, Credential, Option<Timestamp>), SourceError> {
    let at = place.clone();
    match tokio::task::spawn_blocking(move || link::log_in(&at)).await {
        Ok(done) => done.map_err(|why| auth_failed(&place.context, &clean(&why))),
        Err(_) => Err(SourceError::new(Trouble::Panicked, "logging in failed")),
    }
}

async fn client(place: &Place, user: AuthInfo, acts: bool) -> Result<kube::Client, SourceError> {
    let context = &place.context;
    let mut c = place.config().map_err(|why| {
        SourceError::new(Trouble::NotFound, format!("context {context} of the kubeconfig cannot be used: {why}"))
    })?;
    c.auth_info = user;
    c.headers.push((http::header::USER_AGENT, HeaderValue::from_static(concat!("andon/", env!("CARGO_PKG_VERSION")))));
    // The library would repeat 429, 503 and 504 by itself, writes too.
    c.default_retry = false;
    c.connect_timeout = Some(Duration::from_secs(if acts { 5 } else { 10 }));
    c.read_timeout = Some(Duration::from_secs(if acts { 30 } else { 95 }));
    c.reset_reader_on_write = acts;
    // Roots of the system and certificates are read from files.
    match tokio::task::spawn_blocking(move || kube::Client::try_from(c)).await {
        Ok(Ok(made)) => Ok(made),
        Ok(Err(e)) => Err(auth_failed(context, &clean(&chain(&e)))),
        Err(_) => Err(SourceError::new(Trouble::Panicked, "making the Kubernetes client failed")),
    }
}

fn auth_failed(context: &str, why: &str) -> SourceError {
    SourceError::new(
        Trouble::Auth,
        format!(
            "the credentials of context {context} do not work ({why}). Log in again; `kubectl --context {context} get ns` shows whether it helped"
        ),
    )
}

impl Clients {
    /// A certificate of ours ends within a minute: new links are due.
    pub fn is_ending(&self) -> bool {
        link::is_ending(self.until)
    }

    /// The same, with acts and their reads as who looks: to see a target that the acting identity may not read.
    pub fn looking(&self) -> Clients {
        Clients { acts: self.watch.clone(), ..self.clone() }
    }

    /// One request, its whole answer, within `deadline`. `what` is what we want to do, for the error.
    pub async fn call(
        &self,
        client: &Link,
        request: Request<Vec<u8>>,
        deadline: Duration,
        what: &str,
    ) -> Result<Vec<u8>, SourceError> {
        self.calls.count();
        let (path, began) = (request.uri().path().to_owned(), std::time::Instant::now());
        let all = async {
            let body = stream(client, request).await.map_err(|e| self.failed(&e, what))?;
            let mut body = std::pin::pin!(body);
            let mut out = Vec::new();
            loop {
                let chunk = body.fill_buf().await.map_err(|e| self.cut(&e, what))?;
                if chunk.is_empty() {
                    return Ok(out);
                }
                if out.len() + chunk.len() > BODY_CAP {
                    return Err(SourceError::new(
                        Trouble::TooBig,
                        format!("to {what}: the answer is larger than 16 MiB"),
                    ));
                }
                out.extend_from_slice(chunk);
                let n = chunk.len();
                body.as_mut().consume_unpin(n);
            }
        };
        match tokio::time::timeout(deadline, all).await {
            Ok(answer) => {
                let (bytes, took_ms) = (answer.as_ref().map_or(0, Vec::len), began.elapsed().as_millis());
                tracing::debug!(context = %self.context, path, bytes, took_ms, "asked");
                answer
            }
            Err(_) => Err(self.slow(deadline, what)),
        }
    }

    /// GET of one JSON document.
    pub async fn get<T: serde::de::DeserializeOwned>(
        &self,
        client: &Link,
        path: &str,
        deadline: Duration,
        what: &str,
    ) -> Result<T, SourceError> {
        let request = get_request(path)?;
        let bytes = self.call(client, request, deadline, what).await?;
        parse(&bytes, what)
    }

    pub fn slow(&self, deadline: Duration, what: &str) -> SourceError {
        SourceError::new(
            Trouble::Timeout,
            format!("to {what}: no answer from {} in {} s", self.context, deadline.as_secs()),
        )
    }

    pub fn cut(&self, e: &std::io::Error, what: &str) -> SourceError {
        SourceError::new(Trouble::Unreachable, format!("to {what}: the answer was cut: {}", clean(&chain(e))))
    }

    /// A failure of a read, for a person.
    pub fn failed(&self, e: &kube::Error, what: &str) -> SourceError {
        if let Some(own) = link::not_sent(e) {
            return match own.trouble {
                Trouble::Auth => auth_failed(&self.context, &own.sentence),
                _ => own.clone(),
            };
        }
        let kube::Error::Api(status) = e else {
            let text = clean(&chain(e));
            let trouble = match e {
                kube::Error::Auth(_) => return auth_failed(&self.context, &text),
                kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => Trouble::Shape,
                _ if text.contains("timed out") || text.contains("deadline") => Trouble::Timeout,
                _ => Trouble::Unreachable,
            };
            let why = plainly(&text);
            return SourceError::new(trouble, format!("to {what}: {} is not reached: {why}", self.context));
        };
        let words = message(&status.message);
        let words = if status.code == 401 || status.reason == NOT_A_STATUS { redact::strict(&words) } else { words };
        let mut error = match status.code {
            401 => auth_failed(&self.context, &words),
            403 => SourceError::new(Trouble::Forbidden, format!("to {what}: {words}")),
            404 => SourceError::new(Trouble::NotFound, format!("to {what}: {words}")),
            410 => SourceError::new(Trouble::NotFound, format!("to {what}: expired: {words}")),
            429 => SourceError::new(Trouble::Throttled, format!("to {what}: the API server asks to wait: {words}")),
            300..=399 => SourceError::new(Trouble::Shape, format!("to {what}: redirected ({words})")),
            code @ 500..=599 => {
                SourceError::new(Trouble::Server, format!("to {what}: the API server answered {code}: {words}"))
            }
            code => SourceError::new(Trouble::Shape, format!("to {what}: answer {code}: {words}")),
        };
        error.retry_after_ms =
            status.details.as_ref().map(|d| u64::from(d.retry_after_seconds) * 1000).filter(|ms| *ms > 0);
        error
    }
}

/// Sends and streams the answer's body. An answer that says no is an `Error::Api` with at most [`WORDS_CAP`] of its
/// body; the library's own way reads such a body without end, and writes it to its log.
pub async fn stream(
    client: &Link,
    request: Request<Vec<u8>>,
) -> Result<impl futures::AsyncBufRead + Send + use<>, kube::Error> {
    let answer = client.ask(request).await?;
    let code = answer.status();
    if !code.is_client_error() && !code.is_server_error() {
        let body = answer.into_body().into_data_stream().map_err(std::io::Error::other);
        return Ok(body.into_async_read());
    }
    let wait = link::retry_after_ms(answer.headers()).and_then(|ms| u32::try_from(ms.div_ceil(1000)).ok());
    // The status alone says no: a body that is cut or too long adds no words.
    let text = capped(answer.into_body(), WORDS_CAP).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut status = serde_json::from_str::<kube::core::Status>(&text)
        .unwrap_or_else(|_| kube::core::Status::failure(&redact::strict(&secret::clean(text.trim())), NOT_A_STATUS));
    if let Some(secs) = wait {
        match &mut status.details {
            Some(details) => details.retry_after_seconds = secs,
            none => *none = serde_json::from_value(serde_json::json!({"retryAfterSeconds": secs})).ok(),
        }
    }
    Err(kube::Error::Api(status.with_code(code.as_u16()).boxed()))
}

/// A whole body of at most `cap` bytes. Errors: it was cut, or is longer.
pub async fn capped(body: kube::client::Body, cap: usize) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Limited::new(body, cap).collect().await?.to_bytes().to_vec())
}

/// Lets `consume` be called through a pin without naming the stream's type.
trait ConsumeUnpin {
    fn consume_unpin(self, n: usize);
}
impl<R: futures::AsyncBufRead> ConsumeUnpin for std::pin::Pin<&mut R> {
    fn consume_unpin(self, n: usize) {
        futures::AsyncBufRead::consume(self, n);
    }
}

pub fn get_request(path: &str) -> Result<Request<Vec<u8>>, SourceError> {
    Request::get(path)
        .header(http::header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| SourceError::new(Trouble::Shape, "a name cannot stand in a path"))
}

pub fn post_request(path: &str, body: String) -> Result<Request<Vec<u8>>, SourceError> {
    Request::post(path)
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(body.into_bytes())
        .map_err(|_| SourceError::new(Trouble::Shape, "a name cannot stand in a path"))
}

/// JSON, or the words for what came instead. The text itself is never shown: it may hold anything.
pub fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, SourceError> {
    serde_json::from_slice(bytes).map_err(|e| {
        let page = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<');
        let words = if page {
            "a web page came instead of JSON (a login page or a proxy?)".to_owned()
        } else {
            format!("the answer is not the JSON it should be (line {}, column {})", e.line(), e.column())
        };
        SourceError::new(Trouble::Shape, format!("to {what}: {words}"))
    })
}

/// Reads lines of at most `BODY_CAP` bytes.
pub struct Lines<R>(pub R);

impl<R: futures::AsyncBufRead + Unpin> Lines<R> {
    /// `None`: the stream ended.
    pub async fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let cap = u64::try_from(BODY_CAP).unwrap_or(u64::MAX);
        let n = (&mut self.0).take(cap).read_until(b'\n', &mut line).await?;
        if n >= BODY_CAP {
            return Err(std::io::Error::other("a line larger than 16 MiB"));
        }
        Ok((n > 0).then_some(line))
    }
}
