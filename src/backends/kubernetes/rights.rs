//! What this login may do, who the server says it is, its version and its clock. Advisory: a review never decides an act.

use super::client::{Clients, get_request, parse, post_request};
use crate::backends::UtcClock;
use crate::core::world::source::{Abilities, Right, Roles, SourceError, Trouble};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The rights andon's acts need, as the field writes them: (verb, subresource).
const ACTS: [(&str, &str); 2] = [("patch rollouts", ""), ("patch rollouts/status", "status")];

/// Asks the server. `namespaces` empty: the whole cluster. Errors: the server does not answer or refuses the login.
pub async fn probe(
    c: &Clients,
    namespaces: &[String],
    now: &UtcClock,
    deadline: Duration,
) -> Result<Abilities, SourceError> {
    let (version, skew_ms) = version(c, now, deadline).await?;
    let group = c.get::<Value>(&c.watch, "/apis/argoproj.io/v1alpha1", deadline, "look for Argo Rollouts");
    let whole = [None];
    let some: Vec<Option<&str>> = namespaces.iter().map(|n| Some(n.as_str())).collect();
    let scopes: &[Option<&str>] = if some.is_empty() { &whole } else { &some };
    let reviews = futures::future::join_all(
        scopes.iter().flat_map(|ns| ACTS.iter().map(move |(verb, sub)| review(c, *ns, verb, sub, deadline))),
    );
    let (group, known, rights) = futures::join!(group, identity(c, deadline), reviews);
    let (identity, groups) = known.map_or((None, Vec::new()), |(user, groups)| (Some(user), groups));
    let rollouts = match group {
        Ok(_) => true,
        Err(e) if e.trouble == Trouble::NotFound => false,
        // Some logins may not discover groups; the list will tell.
        Err(e) if e.trouble == Trouble::Forbidden => true,
        Err(e) => return Err(e),
    };
    Ok(Abilities {
        roles: Roles { rollouts, telemetry: false },
        version,
        rights,
        skew_ms,
        identity,
        groups,
        insecure: c.insecure,
        cluster: None,
        kinds: Vec::new(),
        acts_as: None,
        controllers: Vec::new(),
    })
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
    let request = get_request("/version")?.map(kube::client::Body::from);
    let answer = tokio::time::timeout(deadline, c.watch.send(request))
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
async fn identity(c: &Clients, deadline: Duration) -> Option<(Arc<str>, Vec<Arc<str>>)> {
    for version in ["v1", "v1beta1"] {
        let request = post_request(
            &format!("/apis/authentication.k8s.io/{version}/selfsubjectreviews"),
            json!({"apiVersion": format!("authentication.k8s.io/{version}"), "kind": "SelfSubjectReview"}).to_string(),
        )
        .ok()?;
        let what = "ask who we are";
        match c.call(&c.watch, request, deadline, what).await {
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

async fn review(c: &Clients, namespace: Option<&str>, verb: &str, sub: &str, deadline: Duration) -> Right {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "namespace": namespace.unwrap_or(""), "verb": "patch", "group": "argoproj.io",
            "resource": "rollouts", "subresource": sub,
        }},
    });
    let what = "review our rights";
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let allowed = async {
        let request = post_request(path, body.to_string()).ok()?;
        let bytes = c.call(&c.watch, request, deadline, what).await.ok()?;
        let v: Value = parse(&bytes, what).ok()?;
        let yes = v.pointer("/status/allowed")?.as_bool()?;
        // "No" with an evaluation error is not a no.
        (yes || v.pointer("/status/evaluationError").is_none()).then_some(yes)
    };
    Right { namespace: namespace.map(Arc::from), verb: verb.into(), allowed: allowed.await }
}
