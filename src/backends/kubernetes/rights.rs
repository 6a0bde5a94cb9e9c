//! Who the server says we are, which cluster it is, its version and its clock; with `review`, what we may do there.

use super::client::{Clients, get_request, parse, post_request};
use super::link::{KUBE_SYSTEM, Link};
use super::review;
use crate::backends::UtcClock;
use crate::core::world::source::{Abilities, Cluster, Roles, SourceError, Trouble};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Asks the server. `namespaces` empty: the whole cluster. Errors: the server does not answer or refuses the login.
pub async fn probe(
    c: &Clients,
    namespaces: &[String],
    now: &UtcClock,
    deadline: Duration,
) -> Result<Abilities, SourceError> {
    let (version, skew_ms) = version(c, now, deadline).await?;
    let has = |path: &'static str, what: &'static str| async move {
        match c.get::<Value>(&c.watch, path, deadline, what).await {
            Ok(_) => Ok(true),
            Err(e) if e.trouble == Trouble::NotFound => Ok(false),
            // Some logins may not discover groups; the list will tell.
            Err(e) if e.trouble == Trouble::Forbidden => Ok(true),
            Err(e) => Err(e),
        }
    };
    let (argo, flagger, known, acting, cluster) = futures::join!(
        has("/apis/argoproj.io/v1alpha1", "look for Argo Rollouts"),
        has("/apis/flagger.app/v1beta1", "look for Flagger"),
        identity(c, &c.watch, deadline),
        acting(c, deadline),
        cluster(c, deadline),
    );
    let (identity, groups) = known.map_or((None, Vec::new()), |(user, groups)| (Some(user), groups));
    let rollouts = argo?;
    let rights = review::rights(c, namespaces, rollouts, flagger.unwrap_or(false), deadline).await;
    Ok(Abilities {
        roles: Roles { rollouts, telemetry: false, ..Roles::default() },
        version,
        rights,
        skew_ms,
        identity,
        groups,
        insecure: c.insecure,
        cluster: Some(cluster?),
        kinds: Vec::new(),
        acts_as: acting,
        controllers: Vec::new(),
    })
}

/// Whom acts are sent as, where that is somebody else; else the reason why that is not known.
async fn acting(c: &Clients, deadline: Duration) -> Option<Arc<str>> {
    if !c.acts_apart {
        return None;
    }
    if let Some((user, _)) = identity(c, &c.acts, deadline).await {
        return Some(user);
    }
    // The same path once more, for the words.
    let why = c.get::<Value>(&c.acts, "/version", deadline, "reach it as who acts").await.err();
    Some(why.map_or_else(|| "somebody it does not name".into(), |e| format!("nobody: {e}").into()))
}

/// Which cluster it is. Its uid stays empty where we may not read the namespace.
async fn cluster(c: &Clients, deadline: Duration) -> Result<Cluster, SourceError> {
    let id = match c.get::<Value>(&c.watch, KUBE_SYSTEM, deadline, "ask which cluster it is").await {
        Ok(v) => v.pointer("/metadata/uid").and_then(Value::as_str).map(Arc::from).unwrap_or_default(),
        Err(e) if matches!(e.trouble, Trouble::Forbidden | Trouble::NotFound) => "".into(),
        Err(e) => return Err(e),
    };
    Ok(Cluster { id, ..c.cluster.clone() })
}

/// Server version, and the server's clock minus ours in milliseconds by its `Date` header (whole seconds, so ± 0.5 s).
async fn version(
    c: &Clients,
    now: &UtcClock,
    deadline: Duration,
) -> Result<(Option<Arc<str>>, Option<i64>), SourceError> {
    let what = "ask for the server's version";
    c.calls.count();
    let before = now();
    let answer = tokio::time::timeout(deadline, c.watch.ask(get_request("/version")?))
        .await
        .map_err(|_| c.slow(deadline, what))?
        .map_err(|e| c.failed(&e, what))?;
    let after = now();
    if !answer.status().is_success() {
        // The same request once more through the path that turns an answer into words.
        let bytes = c.call(&c.watch, get_request("/version")?, deadline, what).await?;
        let v: Value = parse(&bytes, what)?;
        return Ok((git_version(&v), None));
    }
    let skew = answer
        .headers()
        .get(http::header::DATE)
        .and_then(|d| d.to_str().ok())
        .and_then(|d| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(d).ok())
        .map(|t| {
            let middle = before.0 + (after.0 - before.0) / 2;
            t.as_millisecond() + 500 - middle
        });
    let small = answer
        .headers()
        .get(http::header::CONTENT_LENGTH)
        .and_then(|l| l.to_str().ok()?.parse::<u64>().ok())
        .is_some_and(|n| n <= 65_536);
    if !small {
        return Ok((None, skew));
    }
    let body = tokio::time::timeout(deadline, answer.into_body().collect_bytes())
        .await
        .map_err(|_| c.slow(deadline, what))?
        .map_err(|e| c.failed(&e, what))?;
    let v: Value = parse(&body, what)?;
    Ok((git_version(&v), skew))
}

fn git_version(v: &Value) -> Option<Arc<str>> {
    v.get("gitVersion").and_then(Value::as_str).map(Arc::from)
}

/// Groups kept of one answer, and characters of one name: an identity provider can send thousands.
const GROUPS: usize = 50;
const NAME: usize = 256;

/// The user and groups the server takes us for (SelfSubjectReview, `authentication.k8s.io`: v1 since 1.28, v1beta1 before).
/// `None`: it does not say. Nobody may act less for that.
async fn identity(c: &Clients, link: &Link, deadline: Duration) -> Option<(Arc<str>, Vec<Arc<str>>)> {
    for version in ["v1", "v1beta1"] {
        let request = post_request(
            &format!("/apis/authentication.k8s.io/{version}/selfsubjectreviews"),
            json!({"apiVersion": format!("authentication.k8s.io/{version}"), "kind": "SelfSubjectReview"}).to_string(),
        )
        .ok()?;
        let what = "ask who we are";
        match c.call(link, request, deadline, what).await {
            Ok(bytes) => return known(&parse(&bytes, what).ok()?),
            // This server does not have it in this version.
            Err(e) if e.trouble == Trouble::NotFound => {}
            Err(_) => return None,
        }
    }
    None
}

fn known(v: &Value) -> Option<(Arc<str>, Vec<Arc<str>>)> {
    let name = |v: &Value| Some(Arc::from(v.as_str()?.chars().take(NAME).collect::<String>()));
    let user = v.pointer("/status/userInfo/username").and_then(name)?;
    let groups = v.pointer("/status/userInfo/groups").and_then(Value::as_array);
    Some((user, groups.into_iter().flatten().filter_map(name).take(GROUPS).collect()))
}
