//! One way to the API server under one identity: the library's client, our own token where it rotates or a plugin gives
//! it, and what may stand in the way (a server that asked us to wait, an act's context that leads to another cluster).
//! Sends each request once; only a read is asked again after a 401, with a newer credential.

use super::client::Calls;
use super::exec::{self, Plugin, bearer};
use super::kubeconfig::Place;
use crate::core::world::source::{SourceError, Trouble};
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use kube::config::AuthInfo;
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Read again after this long (client-go: ten seconds).
const TOKEN_KEPT: Duration = Duration::from_secs(10);
const TOKEN_CAP: u64 = 64 * 1024;
/// Before its end a credential is made anew.
pub const EARLY: SignedDuration = SignedDuration::from_secs(60);
/// A plugin that gave what does not work is not asked again at once.
const PLUGIN_REST: Duration = Duration::from_secs(5);
/// No server keeps us away longer than this.
const HOLD_MOST: Duration = Duration::from_secs(600);

fn locked<T>(m: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who we are, as far as it changes while we run.
#[derive(Clone)]
pub enum Credential {
    /// The library's: certificates, a token as it stands, a name and a password.
    Library,
    File(Arc<TokenFile>),
    Plugin(Arc<PluginToken>),
}

/// A projected token: the file is the truth, and what was read last counts when it is gone.
pub struct TokenFile {
    path: PathBuf,
    kept: Mutex<(Instant, Option<HeaderValue>)>,
}

pub struct PluginToken {
    plugin: Plugin,
    now: tokio::sync::Mutex<PluginState>,
}

struct PluginState {
    token: HeaderValue,
    until: Option<Timestamp>,
    ran: Instant,
}

/// Whether something ends before `EARLY` from now.
pub fn is_ending(until: Option<Timestamp>) -> bool {
    until.is_some_and(|u| Timestamp::now() + EARLY >= u)
}

fn read_token(path: &PathBuf) -> Option<HeaderValue> {
    use std::io::Read;
    // A pipe in its place would hold us for ever.
    let file = path.is_file().then(|| std::fs::File::open(path)).and_then(Result::ok)?;
    let mut text = String::new();
    file.take(TOKEN_CAP).read_to_string(&mut text).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| bearer(text)).flatten()
}

impl TokenFile {
    async fn header(&self, anew: bool) -> Option<HeaderValue> {
        let (read, kept) = locked(&self.kept).clone();
        if !anew && kept.is_some() && read.elapsed() < TOKEN_KEPT {
            return kept;
        }
        // It may lie on a network mount that hangs.
        let path = self.path.clone();
        let fresh = tokio::task::spawn_blocking(move || read_token(&path)).await.ok().flatten();
        let now = fresh.or(kept);
        *locked(&self.kept) = (Instant::now(), now.clone());
        now
    }
}

impl PluginToken {
    async fn header(&self) -> Result<HeaderValue, String> {
        let mut now = self.now.lock().await;
        if is_ending(now.until) && now.ran.elapsed() >= PLUGIN_REST {
            self.run(&mut now).await?;
        }
        Ok(now.token.clone())
    }

    async fn run(&self, now: &mut PluginState) -> Result<(), String> {
        let plugin = self.plugin.clone();
        let given = tokio::task::spawn_blocking(move || plugin.run(exec::LIMIT)).await;
        let given = given.map_err(|_| "running the credential plugin failed".to_owned())??;
        let token = given.token.ok_or("the credential plugin gave a token before, and now a certificate")?;
        *now = PluginState { token, until: given.until, ran: Instant::now() };
        Ok(())
    }
}

impl Credential {
    async fn header(&self) -> Result<Option<HeaderValue>, String> {
        match self {
            Credential::Library => Ok(None),
            Credential::File(f) => match f.header(false).await {
                Some(h) => Ok(Some(h)),
                None => Err(format!("the token file {} cannot be read or is empty", f.path.display())),
            },
            Credential::Plugin(p) => p.header().await.map(Some),
        }
    }

    /// After a 401 to a request of this moment: is there another one now?
    async fn again(&self, asked: Instant) -> bool {
        match self {
            Credential::Library => false,
            Credential::File(f) => {
                let before = locked(&f.kept).1.clone();
                let now = f.header(true).await;
                now.is_some() && now != before
            }
            Credential::Plugin(p) => {
                let mut now = p.now.lock().await;
                let before = now.token.clone();
                // Whoever came first has run it already.
                now.ran > asked || (p.run(&mut now).await.is_ok() && now.token != before)
            }
        }
    }
}

/// Logs in: the plugin runs here. Gives what the library is to know of the user, the credential we hold ourselves, and
/// when all of it ends.
///
/// # Errors
/// The plugin's own words.
pub fn log_in(place: &Place) -> Result<(AuthInfo, Credential, Option<Timestamp>), String> {
    let mut user = place.user.clone();
    user.exec = None;
    // As client-go: the file goes before the inline token, which counts where the file cannot be read.
    if let Some(path) = user.token_file.take() {
        let path = PathBuf::from(path);
        let first = read_token(&path);
        if first.is_some() || user.token.is_none() {
            user.token = None;
            let kept = Mutex::new((Instant::now(), first));
            return Ok((user, Credential::File(Arc::new(TokenFile { path, kept })), None));
        }
    }
    let Some(plugin) = place.plugin() else { return Ok((user, Credential::Library, None)) };
    let plugin = plugin?;
    let given = plugin.run(exec::LIMIT)?;
    let mut ends = None;
    if let Some((certificate, key)) = given.certificate {
        let pem: Result<AuthInfo, _> = serde_json::from_value(json!({
            "client-certificate-data": exec::base64(certificate.as_bytes()),
            "client-key-data": exec::base64(key.as_bytes()),
        }));
        let pem = pem.map_err(|_| "the credential plugin gave a certificate that cannot be used")?;
        (user.client_certificate, user.client_key) = (None, None);
        (user.client_certificate_data, user.client_key_data) = (pem.client_certificate_data, pem.client_key_data);
        // A certificate belongs to the connections: only new ones have a new one.
        ends = given.until;
    }
    let Some(token) = given.token else { return Ok((user, Credential::Library, ends)) };
    let now = tokio::sync::Mutex::new(PluginState { token, until: given.until, ran: Instant::now() });
    Ok((user, Credential::Plugin(Arc::new(PluginToken { plugin, now })), ends))
}

/// Said in place of an answer, by us: nothing was sent.
#[derive(Debug)]
struct NotSent(SourceError);

impl std::fmt::Display for NotSent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NotSent {}

/// Why we did not send it at all, where that is so.
pub fn not_sent(e: &kube::Error) -> Option<&SourceError> {
    match e {
        kube::Error::Service(inner) => inner.downcast_ref::<NotSent>().map(|n| &n.0),
        _ => None,
    }
}

fn refuse(e: SourceError) -> kube::Error {
    kube::Error::Service(Box::new(NotSent(e)))
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Link(Arc<Inner>);

struct Inner {
    /// `Err`: this identity cannot be used, and why.
    client: Result<kube::Client, SourceError>,
    credential: Credential,
    /// Refresh calls wait when the server asks for it; acts never.
    holds: Option<Calls>,
    /// Acts through another door: it must lead to the same cluster.
    same: Option<Same>,
}

struct Same {
    looking: Link,
    context: String,
    /// Once it is known for certain.
    found: Mutex<Option<Result<(), SourceError>>>,
}

impl Link {
    pub fn looking(client: kube::Client, credential: Credential, calls: Calls) -> Link {
        Link(Arc::new(Inner { client: Ok(client), credential, holds: Some(calls), same: None }))
    }

    /// `through`: the act context's name and the link that looks, where the doors are not the same.
    pub fn acting(
        client: Result<kube::Client, SourceError>,
        credential: Credential,
        through: Option<(String, Link)>,
    ) -> Link {
        // A context that is not there is no target that is gone.
        let client = client.map_err(|e| match e.trouble {
            Trouble::NotFound => SourceError { trouble: Trouble::Shape, ..e },
            _ => e,
        });
        let same = through.map(|(context, looking)| Same { looking, context, found: Mutex::new(None) });
        Link(Arc::new(Inner { client, credential, holds: None, same }))
    }

    /// Once. The answer's head is in when this returns.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Body>, kube::Error> {
        if let Some(same) = &self.0.same {
            self.compare(same).await.map_err(refuse)?;
        }
        self.raw(request).await
    }

    async fn raw(&self, mut request: Request<Body>) -> Result<Response<Body>, kube::Error> {
        let client = self.0.client.as_ref().map_err(|e| refuse(e.clone()))?;
        if let Some(left) = self.0.holds.as_ref().and_then(Calls::held) {
            let mut e = SourceError::new(
                Trouble::Throttled,
                format!("the API server asked to wait; asked again in {} s", left.as_secs() + 1),
            );
            e.retry_after_ms = u64::try_from(left.as_millis()).ok();
            return Err(refuse(e));
        }
        let token = self.0.credential.header().await;
        if let Some(token) = token.map_err(|why| refuse(SourceError::new(Trouble::Auth, why)))? {
            request.headers_mut().insert(AUTHORIZATION, token);
        }
        let answer = client.send(request).await?;
        if let (Some(calls), 429 | 503) = (&self.0.holds, answer.status().as_u16())
            && let Some(ms) = retry_after_ms(answer.headers())
        {
            calls.hold(Duration::from_millis(ms).min(HOLD_MOST));
        }
        Ok(answer)
    }

    /// A read: where it is refused for its credential and there is a newer one, it is asked once more.
    pub async fn ask(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, kube::Error> {
        let (again, began) = (request.clone(), Instant::now());
        let answer = self.send(request.map(Body::from)).await?;
        if answer.status().as_u16() == 401 && self.0.credential.again(began).await {
            return self.send(again.map(Body::from)).await;
        }
        Ok(answer)
    }

    /// Another cluster behind the act context refuses every act. Where one of the two may not be asked for its uid, the
    /// guards of each request (the object's own uid) must do.
    async fn compare(&self, same: &Same) -> Result<(), SourceError> {
        if let Some(found) = locked(&same.found).clone() {
            return found;
        }
        let (mine, theirs) = futures::join!(self.uid(), same.looking.uid());
        let found = match (mine?, theirs?) {
            (Some(a), Some(b)) if a != b => Err(SourceError::new(
                // Not "not found": that would say its target is gone.
                Trouble::Shape,
                format!(
                    "act_context {} leads to another cluster than the one looked at (kube-system {a} and {b}): no act goes out",
                    same.context
                ),
            )),
            _ => Ok(()),
        };
        *locked(&same.found) = Some(found.clone());
        found
    }

    /// Uid of the namespace kube-system. `None`: it does not say.
    async fn uid(&self) -> Result<Option<String>, SourceError> {
        let request = Request::get(KUBE_SYSTEM).header(http::header::ACCEPT, "application/json").body(Body::empty());
        let Ok(request) = request else { return Ok(None) };
        let cannot = |why: String| {
            SourceError::new(
                Trouble::Unreachable,
                format!("whether the act context leads to the same cluster cannot be told: {why}"),
            )
        };
        let answer = match self.raw(request).await {
            Ok(a) => a,
            Err(e) => {
                return Err(not_sent(&e)
                    .cloned()
                    .unwrap_or_else(|| cannot(super::client::clean(&super::client::chain(&e)))));
            }
        };
        match answer.status().as_u16() {
            200 => {
                let body = super::client::capped(answer.into_body(), super::client::WORDS_CAP).await;
                let body = body.map_err(|e| cannot(super::client::clean(&super::client::chain(&*e))))?;
                Ok(uid_of(&body))
            }
            // An act will say so itself, in words.
            401 | 403 | 404 => Ok(None),
            code => Err(cannot(format!("answer {code}"))),
        }
    }
}

/// The namespace every cluster has, made once with the cluster.
pub const KUBE_SYSTEM: &str = "/api/v1/namespaces/kube-system";

pub fn uid_of(body: &[u8]) -> Option<String> {
    let v: serde_json::Value = serde_json::from_slice(body).ok()?;
    v.pointer("/metadata/uid").and_then(serde_json::Value::as_str).filter(|u| !u.is_empty()).map(str::to_owned)
}

/// `Retry-After` in milliseconds: seconds, or a date of HTTP. `None`: there is none, or it lies behind us.
pub fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(secs) = text.parse::<u64>() {
        return Some(secs.saturating_mul(1000)).filter(|ms| *ms > 0);
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let left = at.as_millisecond().saturating_sub(Timestamp::now().as_millisecond());
    u64::try_from(left).ok().filter(|ms| *ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(text: &str) -> Option<u64> {
        let mut h = HeaderMap::new();
        h.insert(RETRY_AFTER, HeaderValue::from_str(text).expect("a header"));
        retry_after_ms(&h)
    }

    #[test]
    fn how_long_to_wait_is_seconds_or_a_date() {
        assert_eq!((wait("7"), wait("0"), wait("soon"), wait("-3")), (Some(7_000), None, None, None));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), None, "over");
        let later = (Timestamp::now() + SignedDuration::from_secs(90)).to_zoned(jiff::tz::TimeZone::UTC);
        let ms = wait(&later.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).expect("a time");
        assert!((80_000..=90_000).contains(&ms), "{ms}");
    }

    #[tokio::test]
    async fn a_token_file_is_the_truth_while_it_is_there() {
        let path = std::env::temp_dir().join(format!("andon-token-{}", std::process::id()));
        std::fs::write(&path, " first-5ecret\n").expect("written");
        let f = TokenFile { path: path.clone(), kept: Mutex::new((Instant::now(), None)) };
        let shown = async |anew| f.header(anew).await.map(|h| h.to_str().expect("text").to_owned());
        assert_eq!(shown(false).await.as_deref(), Some("Bearer first-5ecret"));
        std::fs::write(&path, "second-5ecret").expect("written");
        assert_eq!(shown(false).await.as_deref(), Some("Bearer first-5ecret"), "kept a moment");
        assert_eq!(shown(true).await.as_deref(), Some("Bearer second-5ecret"));
        std::fs::remove_file(&path).expect("gone");
        assert_eq!(shown(true).await.as_deref(), Some("Bearer second-5ecret"), "what was read last counts");
        let gone = Credential::File(Arc::new(TokenFile { path, kept: Mutex::new((Instant::now(), None)) }));
        assert!(gone.header().await.expect_err("none").contains("cannot be read or is empty"));
    }
}
