//! Connections: the kubeconfig as kubectl reads it, one client for watching and one for acts and their reads, bounded
//! bodies, and every failure as a `SourceError`. No retries anywhere: the callers decide. Never shows a credential.

use super::Settings;
use crate::backends::net::secret;
use crate::core::redact;
use crate::core::world::source::{SourceError, Trouble};
use futures::{AsyncBufReadExt, AsyncReadExt, TryStreamExt};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Limited};
use kube::config::{Config, ExecInteractiveMode, KubeConfigOptions, Kubeconfig};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Decoded body cap of limits.md section 4.
pub const BODY_CAP: usize = 16 * 1024 * 1024;
/// Our word for an answer that says no in no dialect of the API.
const NOT_A_STATUS: &str = "not a Status";
/// What is read of an answer that says no.
pub const WORDS_CAP: usize = 64 * 1024;

/// One context of the kubeconfig, for the first list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextInfo {
    pub name: String,
    pub cluster: String,
    /// `None`: `default`.
    pub namespace: Option<String>,
    pub current: bool,
}

/// Requests of the last minute.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<Mutex<VecDeque<Instant>>>);

impl Calls {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn count(&self) {
        self.lock().push_back(Instant::now());
    }
    pub fn per_minute(&self) -> u32 {
        let mut all = self.lock();
        while all.front().is_some_and(|t| t.elapsed() > Duration::from_secs(60)) {
            all.pop_front();
        }
        u32::try_from(all.len()).unwrap_or(u32::MAX)
    }
}

/// Two clients to one context. The credential plugin, where there is one, has run.
#[derive(Clone)]
pub struct Clients {
    pub watch: kube::Client,
    /// Acts and the reads made for them: own connections, so that no list stands in their way.
    pub acts: kube::Client,
    /// The context's own namespace.
    pub namespace: String,
    /// Certificate checks are off.
    pub insecure: bool,
    pub context: Arc<str>,
    pub calls: Calls,
}

async fn read_kubeconfig(path: Option<PathBuf>) -> Result<Kubeconfig, SourceError> {
    let read = tokio::task::spawn_blocking(move || {
        let read = match path {
            Some(p) => Kubeconfig::read_from(p),
            None => Kubeconfig::read(),
        };
        read.inspect(learn)
    });
    match read.await {
        Ok(Ok(kc)) => Ok(kc),
        Ok(Err(e)) => {
            Err(SourceError::new(Trouble::NotFound, format!("the kubeconfig cannot be read: {}", clean(&chain(&e)))))
        }
        Err(_) => Err(SourceError::new(Trouble::Panicked, "reading the kubeconfig failed")),
    }
}

/// Every credential that stands in it, or in a file it names, must be found where it must not be. What a plugin prints is
/// the library's alone: that goes by its shape, and what an API server says to a 401 is looked
/// at strictly.
fn learn(kc: &Kubeconfig) {
    use std::io::Read;
    for info in kc.auth_infos.iter().filter_map(|a| a.auth_info.as_ref()) {
        let Ok(v) = serde_json::to_value(info) else { continue };
        let text = |name: &str| v.get(name).and_then(serde_json::Value::as_str);
        ["token", "password", "client-key-data"].iter().filter_map(|name| text(name)).for_each(secret::learn);
        let provider = v.pointer("/auth-provider/config").and_then(serde_json::Value::as_object);
        for (name, value) in provider.into_iter().flatten() {
            if name.ends_with("token") || name.ends_with("secret") {
                value.as_str().into_iter().for_each(secret::learn);
            }
        }
        // A pipe in its place would hold us for ever.
        let file = text("tokenFile").or_else(|| text("token-file")).map(PathBuf::from);
        if let Some(file) = file.filter(|f| f.is_file()).and_then(|f| std::fs::File::open(f).ok()) {
            let mut token = String::new();
            if file.take(64 * 1024).read_to_string(&mut token).is_ok() {
                secret::learn(&token);
            }
        }
    }
}

/// The contexts of the kubeconfig, in its order. Error: no readable kubeconfig.
pub async fn contexts(path: Option<PathBuf>) -> Result<Vec<ContextInfo>, SourceError> {
    let kc = read_kubeconfig(path).await?;
    let current = kc.current_context.clone().unwrap_or_default();
    Ok(kc
        .contexts
        .iter()
        .map(|c| ContextInfo {
            name: c.name.clone(),
            cluster: c.context.as_ref().map(|x| x.cluster.clone()).unwrap_or_default(),
            namespace: c.context.as_ref().and_then(|x| x.namespace.clone()),
            current: c.name == current,
        })
        .collect())
}

/// New clients; runs the credential plugin. Errors: no kubeconfig, no such context, bad certificate files, plugin failed.
pub async fn connect(settings: &Settings, calls: &Calls) -> Result<Clients, SourceError> {
    let mut kc = read_kubeconfig(settings.kubeconfig.clone()).await?;
    let context: Arc<str> = settings.context.clone().or_else(|| kc.current_context.clone()).unwrap_or_default().into();
    for a in &mut kc.auth_infos {
        if let Some(e) = a.auth_info.as_mut().and_then(|i| i.exec.as_mut()) {
            // Anything else inherits the terminal, and eats keys.
            e.interactive_mode = Some(ExecInteractiveMode::Never);
        }
    }
    let options = KubeConfigOptions {
        context: Some(context.to_string()).filter(|c| !c.is_empty()),
        ..KubeConfigOptions::default()
    };
    let bad = |e: &dyn std::error::Error| {
        SourceError::new(
            Trouble::NotFound,
            format!("context {context} of the kubeconfig cannot be used: {}", clean(&chain(e))),
        )
    };
    let mut watch = Config::from_custom_kubeconfig(kc, &options).await.map_err(|e| bad(&e))?;
    watch
        .headers
        .push((http::header::USER_AGENT, HeaderValue::from_static(concat!("andon/", env!("CARGO_PKG_VERSION")))));
    // The library would repeat 429, 503 and 504 by itself, writes too.
    watch.default_retry = false;
    watch.connect_timeout = Some(Duration::from_secs(10));
    watch.read_timeout = Some(Duration::from_secs(95));
    let mut acts = watch.clone();
    acts.connect_timeout = Some(Duration::from_secs(5));
    acts.read_timeout = Some(Duration::from_secs(30));
    acts.reset_reader_on_write = true;
    let (namespace, insecure) = (watch.default_namespace.clone(), watch.accept_invalid_certs);
    let made = tokio::task::spawn_blocking(move || {
        Ok::<_, kube::Error>((kube::Client::try_from(watch)?, kube::Client::try_from(acts)?))
    });
    let (watch, acts) = match made.await {
        Ok(Ok(both)) => both,
        Ok(Err(e)) => return Err(auth_failed(&context, &clean(&chain(&e)))),
        Err(_) => {
            return Err(SourceError::new(Trouble::Panicked, "making the Kubernetes client failed"));
        }
    };
    Ok(Clients { watch, acts, namespace, insecure, context, calls: calls.clone() })
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
    /// One request, its whole answer, within `deadline`. `what` is what we want to do, for the error.
    pub async fn call(
        &self,
        client: &kube::Client,
        request: Request<Vec<u8>>,
        deadline: Duration,
        what: &str,
    ) -> Result<Vec<u8>, SourceError> {
        self.calls.count();
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
            Ok(answer) => answer,
            Err(_) => Err(self.slow(deadline, what)),
        }
    }

    /// GET of one JSON document.
    pub async fn get<T: serde::de::DeserializeOwned>(
        &self,
        client: &kube::Client,
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
    client: &kube::Client,
    request: Request<Vec<u8>>,
) -> Result<impl futures::AsyncBufRead + Send + use<>, kube::Error> {
    let answer = client.send(request.map(kube::client::Body::from)).await?;
    let code = answer.status();
    if !code.is_client_error() && !code.is_server_error() {
        let body = answer.into_body().into_data_stream().map_err(std::io::Error::other);
        return Ok(body.into_async_read());
    }
    // The status alone says no: a body that is cut or too long adds no words.
    let text = capped(answer.into_body(), WORDS_CAP).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let status = serde_json::from_str::<kube::core::Status>(&text)
        .unwrap_or_else(|_| kube::core::Status::failure(&redact::strict(&secret::clean(text.trim())), NOT_A_STATUS));
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

/// A server's words on one line: a page is named as one, 200 characters at most, no control characters.
pub fn message(text: &str) -> String {
    if text.trim_start().starts_with('<') {
        return "a web page came instead of JSON (a login page or a proxy?)".into();
    }
    clean(text)
}

/// One line, 200 characters, no control characters, no secrets.
pub fn clean(text: &str) -> String {
    // Before it is cut: half of a secret would not be known again.
    secret::clean(text)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The library's own words before the cause say nothing to a person: `ServiceError: client error (Connect): ...`.
fn plainly(text: &str) -> &str {
    let mut rest = text;
    for noise in ["ServiceError: ", "client error (Connect): ", "client error (SendRequest): ", "tcp connect error: "] {
        rest = rest.strip_prefix(noise).unwrap_or(rest);
    }
    match rest {
        "deadline has elapsed" => "no connection in time",
        "client error (Connect)" => "no connection",
        other => other,
    }
}

/// An error with its causes, without repeating itself.
pub fn chain(e: &dyn std::error::Error) -> String {
    let mut text = e.to_string();
    let mut next = e.source();
    while let Some(e) = next {
        let cause = e.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        next = e.source();
    }
    // A link to a library's manual helps nobody here.
    match text.split_once(": https://docs.rs/") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
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

#[cfg(test)]
mod tests {
    use super::plainly;

    #[test]
    fn a_person_reads_the_cause_and_not_the_librarys_layers() {
        let refused = "ServiceError: client error (Connect): tcp connect error: Connection refused (os error 111)";
        assert_eq!(plainly(refused), "Connection refused (os error 111)");
        assert_eq!(plainly("ServiceError: client error (Connect): deadline has elapsed"), "no connection in time");
        assert_eq!(plainly("invalid peer certificate: UnknownIssuer"), "invalid peer certificate: UnknownIssuer");
    }
}
