//! One step out, once: exactly the step's bytes, and what its answer proves. A 4xx was not done; a cut, a time-out or a
//! 5xx may have been. Reads nothing back.

use super::client::{BODY_CAP, Clients, WORDS_CAP, capped, chain, clean, message};
use super::dto::StatusDto;
use super::link::{not_sent, retry_after_ms};
use crate::core::act::plan::{Outcome, Refused, RefusedBy, Step};
use crate::core::world::source::Trouble;
use http::{HeaderMap, Request};
use serde_json::Value;
use std::time::{Duration, Instant};

/// What the server says when a JSON Patch test failed: this text and nothing else.
const TEST_FAILED: &str = "the server rejected our request due to an error in our request";

pub fn refused(kind: RefusedBy, why: impl AsRef<str>) -> Outcome {
    Outcome::Refused(Refused { kind, status: None, why: clean(why.as_ref()).into(), retry_after_ms: None })
}

/// See `Backend::send`.
pub async fn send(c: &Clients, step: &Step, deadline: Duration) -> Outcome {
    let Some(body) = step.request.body.unseal() else {
        return refused(RefusedBy::NotSent, "this step comes from a tape: it has no body");
    };
    let request = Request::builder()
        .method(&*step.request.method)
        .uri(&*step.request.path)
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::CONTENT_TYPE, &*step.request.content_type)
        .body(kube::client::Body::from(body.as_bytes().to_vec()));
    let Ok(request) = request else {
        return refused(RefusedBy::NotSent, "the request cannot be built");
    };
    c.calls.count();
    let began = Instant::now();
    let all = async {
        let answer = match c.acts.send(request).await {
            Ok(a) => a,
            Err(e) => return lost(&e),
        };
        let (parts, body) = answer.into_parts();
        let cap = if parts.status.is_success() { BODY_CAP } else { WORDS_CAP };
        let text = capped(body, cap).await;
        let took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        let code = parts.status.as_u16();
        match text {
            Ok(text) => outcome(code, &parts.headers, &text, step, took_ms),
            // The head alone says no; it does not say yes.
            Err(_) if (400..500).contains(&code) => outcome(code, &parts.headers, b"", step, took_ms),
            Err(e) => Outcome::Unknown { why: format!("the answer was cut: {}", clean(&chain(&*e))).into() },
        }
    };
    match tokio::time::timeout(deadline, all).await {
        Ok(o) => o,
        Err(_) => Outcome::Unknown { why: format!("no answer in {:.1} s", deadline.as_secs_f32()).into() },
    }
}

/// No answer. Surely not sent only where the connection itself was never made.
fn lost(e: &kube::Error) -> Outcome {
    if let Some(own) = not_sent(e) {
        let kind = if own.trouble == Trouble::Auth { RefusedBy::Auth } else { RefusedBy::NotSent };
        return refused(kind, &own.sentence);
    }
    let text = clean(&chain(e));
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(e);
    let mut never_connected = matches!(e, kube::Error::Auth(_));
    while let Some(c) = cause {
        // The HTTP library's word for "no connection was made"; its type cannot be named from here.
        never_connected |= c.to_string().starts_with("client error (Connect)");
        if let Some(io) = c.downcast_ref::<std::io::Error>() {
            never_connected |= io.kind() == std::io::ErrorKind::ConnectionRefused;
        }
        cause = c.source();
    }
    if never_connected {
        let kind = match e {
            kube::Error::Auth(_) => RefusedBy::Auth,
            _ => RefusedBy::NotSent,
        };
        return refused(kind, text);
    }
    Outcome::Unknown { why: format!("the connection was lost: {text}").into() }
}

/// What an answer proves. Pure.
pub fn outcome(code: u16, headers: &HeaderMap, body: &[u8], step: &Step, took_ms: u32) -> Outcome {
    // A hook behind the API server's proxy answers for itself, with no object.
    let proxied = step.request.path.contains("/proxy/");
    if proxied && (200..300).contains(&code) {
        return Outcome::Accepted { generation: None, version: None, took_ms };
    }
    if (200..300).contains(&code) {
        // A deletion answers with the object, or with a Status; its generation is not the target's.
        if &*step.request.method == "DELETE" && serde_json::from_slice::<Value>(body).is_ok_and(|v| v.is_object()) {
            return Outcome::Accepted { generation: None, version: None, took_ms };
        }
        let Ok(v) = serde_json::from_slice::<Value>(body) else {
            return Outcome::Unknown {
                why: format!("answer {code}, but not of the API server: {}", said(body)).into(),
            };
        };
        // A status patch does not raise the generation: nothing could be told from it.
        let main = !step.request.path.split('?').next().unwrap_or("").ends_with("/status");
        let field = |p: &str| v.pointer(p);
        return match field("/metadata/uid") {
            Some(_) => Outcome::Accepted {
                generation: field("/metadata/generation").and_then(Value::as_i64).filter(|_| main),
                version: field("/metadata/resourceVersion").and_then(Value::as_str).map(Into::into),
                took_ms,
            },
            None => Outcome::Unknown { why: format!("answer {code}, but not the object").into() },
        };
    }
    let status: Option<StatusDto> = serde_json::from_slice(body).ok();
    let why = status.as_ref().and_then(|s| s.message.as_deref()).map_or_else(|| said(body), clean);
    if status.as_ref().is_some_and(|s| is_gone_already(code, s, step)) {
        return Outcome::Accepted { generation: None, version: None, took_ms };
    }
    let kind = match code {
        401 => RefusedBy::Auth,
        403 if why.contains("denied") => RefusedBy::Policy,
        403 => RefusedBy::Forbidden,
        // The service is missing, not the target.
        404 if proxied => RefusedBy::Other,
        // Nobody was there to hear it: surely not done.
        503 if proxied && why.starts_with("no endpoints available") => RefusedBy::Other,
        404 | 410 => RefusedBy::Gone,
        409 => RefusedBy::Guard,
        422 if why == TEST_FAILED => RefusedBy::Guard,
        422 if why.contains("ValidatingAdmissionPolicy") || why.contains("denied the request") => RefusedBy::Policy,
        429 => RefusedBy::Throttled,
        400..=499 => RefusedBy::Other,
        // Redirects too: nobody followed one, but a proxy may have passed the request on before.
        _ => {
            return Outcome::Unknown { why: format!("answer {code}: {why}").into() };
        }
    };
    let detail = status.and_then(|s| s.details.retry_after_seconds).and_then(|n| u64::try_from(n).ok());
    let detail = detail.map(|s| s.saturating_mul(1000)).filter(|ms| *ms > 0);
    Outcome::Refused(Refused {
        kind,
        status: Some(code),
        why: if why.is_empty() { format!("answer {code}").into() } else { why.into() },
        retry_after_ms: retry_after_ms(headers).or(detail),
    })
}

/// A pod that was to go has gone by itself, or another one has its name by now: what the deletion was for is so. Only the
/// API server's own word counts, not a proxy's page.
fn is_gone_already(code: u16, status: &StatusDto, step: &Step) -> bool {
    let path = step.request.path.split('?').next().unwrap_or("");
    if &*step.request.method != "DELETE" || !path.contains("/pods/") || path.contains("/proxy/") {
        return false;
    }
    match code {
        404 => status.reason.as_deref() == Some("NotFound"),
        // Two wordings: "the UID in the precondition (a) does not match the UID in record (b)" where the object was
        // exchanged, "Precondition failed: UID in precondition: a, UID in object meta: b" where it was on its way.
        409 => status
            .message
            .as_deref()
            .is_some_and(|m| m.contains("UID in the precondition") || m.contains("UID in precondition")),
        _ => false,
    }
}

fn said(body: &[u8]) -> String {
    message(&String::from_utf8_lossy(body.get(..2048).unwrap_or(body)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::act::plan::{Expect, Request};
    use crate::core::seal::Sealed;

    fn step(method: &str, path: &str) -> Step {
        Step {
            title: "t".into(),
            request: Request {
                method: method.into(),
                path: path.into(),
                content_type: "application/json".into(),
                shown: "{}".into(),
                body: Sealed::new("{}"),
            },
            guards: Vec::new(),
            wait_first: None,
            seen_when: Expect::All(Vec::new()),
            done_when: Expect::All(Vec::new()),
            done_words: "".into(),
            refused_when: None,
            seen_by: 0,
            closes: false,
            settled_by: 0,
        }
    }

    fn says(code: u16, body: &str, step: &Step) -> String {
        match outcome(code, &HeaderMap::new(), body.as_bytes(), step, 1) {
            Outcome::Accepted { .. } => "accepted".into(),
            Outcome::Refused(r) => format!("{:?}", r.kind),
            Outcome::Unknown { .. } => "unknown".into(),
        }
    }

    #[test]
    fn what_answers_without_an_object_is_believed_by_its_status() {
        let gate = step("POST", "/api/v1/namespaces/flagger/services/loadtester:80/proxy/gate/halt");
        let pod = step("DELETE", "/api/v1/namespaces/shop/pods/web-1");
        let event = step("POST", "/apis/events.k8s.io/v1/namespaces/shop/events");
        let object = r#"{"metadata":{"uid":"u","resourceVersion":"7"}}"#;
        for (code, body, step, said) in [
            (202, "", &gate, "accepted"),
            (200, "halted", &gate, "accepted"),
            (404, "no such gate", &gate, "Other"),
            (
                403,
                r#"{"message":"services "x" is forbidden: User "look" cannot create resource "services/proxy""}"#,
                &gate,
                "Forbidden",
            ),
            (503, r#"{"message":"no endpoints available"}"#, &gate, "Other"),
            (504, "", &gate, "unknown"),
            (200, r#"{"kind":"Status","status":"Success"}"#, &pod, "accepted"),
            (200, object, &pod, "accepted"),
            (200, "<html>sign in</html>", &pod, "unknown"),
            (404, "{}", &pod, "Gone"),
            (404, "<html>no such site</html>", &pod, "Gone"),
            (500, "{}", &pod, "unknown"),
            (201, object, &event, "accepted"),
            (201, "{}", &event, "unknown"),
        ] {
            assert_eq!(says(code, body, step), said, "{code} {body} {}", step.request.path);
        }
    }

    #[test]
    fn a_pod_that_is_gone_already_was_deleted_and_nothing_else_is() {
        let pod = step("DELETE", "/api/v1/namespaces/shop/pods/web-1");
        let patch = step("PATCH", "/api/v1/namespaces/shop/pods/web-1");
        let run = step("DELETE", "/apis/argoproj.io/v1alpha1/namespaces/shop/analysisruns/web-1");
        let none = r#"{"kind":"Status","reason":"NotFound","message":"pods \"web-1\" not found","code":404}"#;
        let other = r#"{"reason":"Conflict","message":"Operation cannot be fulfilled on pods \"web-1\": the UID in the precondition (a) does not match the UID in record (b). The object might have been deleted and then recreated"}"#;
        let going = r#"{"reason":"Conflict","message":"Operation cannot be fulfilled on Pod \"web-1\": StorageError: invalid object, Code: 4, Key: /registry/pods/shop/web-1, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: a, UID in object meta: b"}"#;
        let busy = r#"{"reason":"Conflict","message":"Operation cannot be fulfilled on pods \"web-1\": the object has been modified"}"#;
        for (code, body, step, said) in [
            (404, none, &pod, "accepted"),
            (409, other, &pod, "accepted"),
            (409, going, &pod, "accepted"),
            (409, busy, &pod, "Guard"),
            (403, none, &pod, "Forbidden"),
            (410, none, &pod, "Gone"),
            (404, none, &patch, "Gone"),
            (409, other, &patch, "Guard"),
            (404, none, &run, "Gone"),
            (409, other, &run, "Guard"),
        ] {
            assert_eq!(says(code, body, step), said, "{code} {body} {}", step.request.path);
        }
    }

    #[test]
    fn how_long_it_wants_us_to_wait_is_told() {
        let s = step("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web");
        let wait = |header: Option<&'static str>, body: &str| {
            let mut h = HeaderMap::new();
            header.into_iter().for_each(|v| {
                h.insert(http::header::RETRY_AFTER, http::HeaderValue::from_static(v));
            });
            match outcome(429, &h, body.as_bytes(), &s, 1) {
                Outcome::Refused(r) => r.retry_after_ms,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(wait(Some("3"), "busy"), Some(3_000));
        assert_eq!(wait(None, r#"{"details":{"retryAfterSeconds":2}}"#), Some(2_000));
        assert_eq!(wait(Some("0"), "busy"), None);
    }
}
