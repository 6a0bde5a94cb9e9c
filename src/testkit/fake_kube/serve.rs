//! One request of the fake API server: read, gone wrong if it should, carried out, answered or streamed.

use super::{Asked, Fault, Key, World};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

fn status(code: u16, reason: &str, message: &str) -> (u16, String) {
    let v = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                   "message": message, "reason": reason, "details": {}, "code": code});
    (code, v.to_string())
}

/// A path taken apart: plural, namespace, name, subresource.
fn parts(path: &str) -> (String, Option<String>, Option<String>, String) {
    let all: Vec<&str> = path.trim_matches('/').split('/').collect();
    let rest = match all.as_slice() {
        ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
        _ => &[],
    };
    let (ns, rest) = match rest {
        ["namespaces", ns, rest @ ..] => (Some((*ns).to_owned()), rest),
        _ => (None, rest),
    };
    let at = |i: usize| rest.get(i).map(|s| (*s).to_owned());
    (at(0).unwrap_or_default(), ns, at(1), at(2).unwrap_or_default())
}

/// `argoproj.io/v1alpha1` of a path; `None`: the core group.
fn group_of(path: &str) -> Option<String> {
    let mut parts = path.trim_matches('/').split('/');
    let apis = parts.next() == Some("apis");
    let (group, version) = (parts.next()?, parts.next()?);
    apis.then(|| format!("{group}/{version}"))
}

fn query(text: &str, key: &str) -> Option<String> {
    text.split('&').find_map(|p| p.strip_prefix(key)?.strip_prefix('=').map(str::to_owned))
}

pub(super) async fn serve(mut s: TcpStream, world: Arc<Mutex<World>>, bell: watch::Sender<u64>) -> std::io::Result<()> {
    let lock = || world.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(asked) = read_request(&mut s).await? else { return Ok(()) };
    let (path, q) = asked.path.split_once('?').map_or((asked.path.as_str(), ""), |(p, q)| (p, q));
    let fault = {
        let mut w = lock();
        w.asked.push(asked.clone());
        let fits = |(m, part, _, times): &&mut (String, String, Fault, usize)| {
            *times > 0 && *m == asked.method && asked.path.contains(part.as_str())
        };
        w.faults.iter_mut().find(fits).map(|(_, _, f, times)| {
            *times -= 1;
            f.clone()
        })
    };
    let mut cut = usize::MAX;
    let refused = lock().token.as_ref().is_some_and(|t| asked.authorization != format!("Bearer {t}"));
    if refused {
        let (code, body) = status(401, "Unauthorized", "Unauthorized");
        return s.write_all(answer(code, "application/json", &body).as_bytes()).await;
    }
    match fault {
        Some(Fault::Answer(code, kind, body)) => {
            return s.write_all(answer(code, kind, &body).as_bytes()).await;
        }
        Some(Fault::Bomb(code)) => {
            let kind = "Content-Type: application/json\r\nTransfer-Encoding: chunked";
            let head = format!("HTTP/1.1 {code} X\r\n{kind}\r\n\r\n");
            s.write_all(head.as_bytes()).await?;
            let chunk = format!("100000\r\n{}\r\n", " ".repeat(0x10_0000));
            loop {
                s.write_all(chunk.as_bytes()).await?;
            }
        }
        Some(Fault::Stall) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return Ok(());
        }
        Some(Fault::Late(ms)) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(Fault::DropBefore) => return Ok(()),
        Some(Fault::CutAfter(n)) => cut = n,
        None => {}
    }
    if asked.method == "GET" && path.ends_with("/log") {
        return stream_log(&mut s, &world, bell.subscribe(), path, q).await;
    }
    if query(q, "watch").is_some() {
        return stream_watch(&mut s, &world, bell.subscribe(), path, q).await;
    }
    let (code, body) = handle(&mut lock(), &asked, path, q);
    bell.send_modify(|n| *n += 1);
    let text = answer(code, "application/json", &body);
    s.write_all(text.as_bytes().get(..cut).unwrap_or(text.as_bytes())).await
}

fn answer(code: u16, kind: &str, body: &str) -> String {
    let wait = if code == 429 { "Retry-After: 7\r\n" } else { "" };
    format!(
        "HTTP/1.1 {code} X\r\nContent-Type: {kind}\r\nDate: {}\r\n{wait}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        "Sat, 21 Nov 2026 03:14:07 GMT",
        body.len()
    )
}

async fn read_request(s: &mut TcpStream) -> std::io::Result<Option<Asked>> {
    let mut buf = Vec::new();
    let end = loop {
        if let Some(i) = buf.windows(4).position(|w| w == b"\r\n\r\n") {
            break i;
        }
        let mut chunk = [0; 8192];
        let n = s.read(&mut chunk).await?;
        if n == 0 {
            return Ok(None);
        }
        buf.extend_from_slice(&chunk[..n]);
    };
    let head = String::from_utf8_lossy(&buf[..end]).into_owned();
    let mut body = buf.split_off(end + 4);
    let header = |name: &str| {
        head.lines().find_map(|l| {
            let (k, v) = l.split_once(':')?;
            k.eq_ignore_ascii_case(name).then(|| v.trim().to_owned())
        })
    };
    let length = header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0_usize);
    while body.len() < length {
        let mut chunk = [0; 8192];
        let n = s.read(&mut chunk).await?;
        if n == 0 {
            return Ok(None);
        }
        body.extend_from_slice(&chunk[..n]);
    }
    let mut first = head.lines().next().unwrap_or("").split(' ');
    Ok(Some(Asked {
        method: first.next().unwrap_or("").to_owned(),
        path: first.next().unwrap_or("").to_owned(),
        content_type: header("content-type").unwrap_or_default(),
        authorization: header("authorization").unwrap_or_default(),
        impersonates: header("impersonate-user"),
        body: String::from_utf8_lossy(&body).into_owned(),
    }))
}

fn handle(w: &mut World, asked: &Asked, path: &str, q: &str) -> (u16, String) {
    match (asked.method.as_str(), path) {
        ("GET", "/version") => return (200, json!({"gitVersion": "v1.36.3"}).to_string()),
        ("GET", "/api/v1/namespaces/kube-system") if w.denies("get", "namespaces") => {
            return status(
                403,
                "Forbidden",
                "namespaces \"kube-system\" is forbidden: User \"me\" cannot get resource",
            );
        }
        ("GET", "/api/v1/namespaces/kube-system") => {
            return (200, json!({"kind": "Namespace", "metadata": {"name": "kube-system", "uid": w.uid}}).to_string());
        }
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews") if w.denies("create", "rulesreviews") => {
            return status(403, "Forbidden", "selfsubjectrulesreviews is forbidden");
        }
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews") => {
            // All that is not denied, one rule each; an authorizer that does not tell everything says so.
            let all = [
                "rollouts",
                "rollouts/status",
                "analysisruns",
                "canaries",
                "canaries/status",
                "services/proxy",
                "deployments",
                "statefulsets",
                "daemonsets",
                "pods",
                "events",
                "pods/log",
            ];
            let verbs = ["get", "list", "patch", "create", "delete"];
            let rules: Vec<Value> = all
                .iter()
                .map(|r| {
                    let granted: Vec<&str> = verbs.into_iter().filter(|v| !w.denies(v, r)).collect();
                    json!({"verbs": granted, "apiGroups": ["*"], "resources": [r]})
                })
                .collect();
            let incomplete = w.denies("tell", "rules");
            let rules = if incomplete { Vec::new() } else { rules };
            return (201, json!({"status": {"resourceRules": rules, "incomplete": incomplete}}).to_string());
        }
        ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews")
            if w.denies("create", "selfsubjectreviews/v1") =>
        {
            return status(404, "NotFound", "the server could not find the requested resource");
        }
        ("POST", p) if p.starts_with("/apis/authentication.k8s.io/") && w.denies("create", "selfsubjectreviews") => {
            return status(403, "Forbidden", "selfsubjectreviews is forbidden");
        }
        (
            "POST",
            "/apis/authentication.k8s.io/v1/selfsubjectreviews"
            | "/apis/authentication.k8s.io/v1beta1/selfsubjectreviews",
        ) => {
            return (
                201,
                json!({"status": {"userInfo": {"username": asked.impersonates.as_deref().unwrap_or("me"), "groups": ["on-call", "system:authenticated"]}}})
                    .to_string(),
            );
        }
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") => {
            let v: Value = serde_json::from_str(&asked.body).unwrap_or_default();
            let a = &v["spec"]["resourceAttributes"];
            let sub = a["subresource"].as_str().filter(|s| !s.is_empty()).map_or(String::new(), |s| format!("/{s}"));
            let resource = format!("{}{sub}", a["resource"].as_str().unwrap_or(""));
            let allowed = !w.denies(a["verb"].as_str().unwrap_or(""), &resource);
            return (201, json!({"status": {"allowed": allowed}}).to_string());
        }
        _ => {}
    }
    let (plural, ns, name, sub) = parts(path);
    let group = group_of(path);
    if let (Some(g), "") = (&group, plural.as_str()) {
        let all: Vec<Value> =
            w.defined.iter().filter(|d| d.0 == *g).map(|d| json!({"name": d.1, "kind": d.2})).collect();
        return match all.is_empty() {
            true => (404, "404 page not found".into()),
            false => (200, json!({"kind": "APIResourceList", "resources": all}).to_string()),
        };
    }
    if !w.serves(group.as_deref(), &plural) {
        return (404, "404 page not found".into());
    }
    let forbidden = |verb: &str, what: &str| {
        status(403, "Forbidden", &format!("{what} is forbidden: User \"me\" cannot {verb} resource \"{what}\""))
    };
    match (asked.method.as_str(), name) {
        ("GET", None) if w.denies("list", &plural) => forbidden("list", &plural),
        ("GET", None) => {
            let all: Vec<&Value> = w
                .objects
                .iter()
                .filter(|((p, n, _), _)| *p == plural && ns.as_ref().is_none_or(|ns| ns == n))
                .map(|(_, v)| v)
                .collect();
            let from = query(q, "continue").and_then(|t| t.parse().ok()).unwrap_or(0_usize);
            let limit = query(q, "limit").and_then(|t| t.parse().ok()).unwrap_or(usize::MAX);
            let page: Vec<&&Value> = all.iter().skip(from).take(limit).collect();
            let left = all.len() - (from + page.len()).min(all.len());
            let mut meta = json!({"resourceVersion": w.version.to_string()});
            if left > 0 {
                meta["continue"] = (from + page.len()).to_string().into();
                meta["remainingItemCount"] = left.into();
            }
            (200, json!({"kind": "List", "metadata": meta, "items": page}).to_string())
        }
        ("GET", Some(_)) if w.denies("get", &plural) => forbidden("get", &plural),
        ("GET", Some(name)) => match w.objects.get(&(plural.clone(), ns.unwrap_or_default(), name.clone())) {
            Some(v) => (200, v.to_string()),
            None => status(404, "NotFound", &format!("{plural} \"{name}\" not found")),
        },
        // As the API server: a name is needed, and one that is taken is refused.
        ("POST", None) if plural == "events" => {
            if w.denies("create", "events") {
                return forbidden("create", "events.events.k8s.io");
            }
            let v: Value = serde_json::from_str(&asked.body).unwrap_or_default();
            let name = v.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let stamp = v.pointer("/eventTime").and_then(Value::as_str).unwrap_or_default();
            if name.is_empty() || stamp.split('.').nth(1).is_none_or(|f| f.len() != 7) {
                return status(400, "BadRequest", "the event is not one");
            }
            w.put("events", v.clone());
            (201, v.to_string())
        }
        ("PATCH", Some(name)) => {
            let resource = if sub.is_empty() { plural.clone() } else { format!("{plural}/{sub}") };
            if w.denies("patch", &resource) {
                return forbidden("patch", &resource);
            }
            patch(w, asked, &plural, &(plural.clone(), ns.unwrap_or_default(), name), &sub)
        }
        _ => (404, "404 page not found".into()),
    }
}

fn patch(w: &mut World, asked: &Asked, plural: &str, key: &Key, sub: &str) -> (u16, String) {
    let Some(old) = w.objects.get(key).cloned() else {
        return status(404, "NotFound", "not found");
    };
    if asked.content_type != "application/json-patch+json" {
        return status(415, "UnsupportedMediaType", "only JSON Patch here");
    }
    let Ok(ops) = serde_json::from_str::<Vec<Value>>(&asked.body) else {
        return status(400, "BadRequest", "not a JSON Patch");
    };
    let mut new = old.clone();
    for op in ops {
        // This server takes a missing key for null in tests, where the parent is there.
        let path = op["path"].as_str().unwrap_or("");
        let parent = path.rsplit_once('/').map_or("", |(p, _)| p);
        if op["op"] == "test" && op["value"].is_null() && new.pointer(parent).is_some() && new.pointer(path).is_none() {
            continue;
        }
        let done = serde_json::from_value::<json_patch::Patch>(json!([op]))
            .ok()
            .and_then(|p| json_patch::patch(&mut new, &p).ok());
        if done.is_none() {
            let text = "the server rejected our request due to an error in our request";
            return status(422, "Invalid", text);
        }
    }
    let mut stored = old.clone();
    if sub == "status" {
        stored["status"] = new["status"].take();
    } else {
        stored["spec"] = new["spec"].take();
        if stored["spec"] != old["spec"] {
            stored["metadata"]["generation"] = (old["metadata"]["generation"].as_i64().unwrap_or(0) + 1).into();
        }
    }
    if query(asked.path.split_once('?').map_or("", |(_, q)| q), "dryRun").is_some() {
        return (200, stored.to_string());
    }
    w.put(plural, stored);
    w.patched += 1;
    (200, w.objects[key].to_string())
}

async fn stream_watch(
    s: &mut TcpStream,
    world: &Mutex<World>,
    mut bell: watch::Receiver<u64>,
    path: &str,
    q: &str,
) -> std::io::Result<()> {
    let lock = || world.lock().unwrap_or_else(PoisonError::into_inner);
    let (plural, ns, ..) = parts(path);
    if !lock().serves(group_of(path).as_deref(), &plural) {
        return s.write_all(answer(404, "text/plain", "404 page not found").as_bytes()).await;
    }
    let mut at: u64 = query(q, "resourceVersion").and_then(|v| v.parse().ok()).unwrap_or(0);
    let (expired, http, generation, every) = {
        let w = lock();
        (at < w.oldest, w.http_410, w.generation, w.bookmark_ms)
    };
    if expired && http {
        let (code, body) = status(410, "Expired", "too old resource version");
        return s.write_all(answer(code, "application/json", &body).as_bytes()).await;
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    s.write_all(head.as_bytes()).await?;
    if expired {
        let v =
            json!({"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}});
        send_line(s, &v).await?;
        return s.write_all(b"0\r\n\r\n").await;
    }
    let secs = query(q, "timeoutSeconds").and_then(|v| v.parse().ok()).unwrap_or(60);
    let ends = tokio::time::Instant::now() + Duration::from_secs(secs);
    loop {
        let (news, now, over) = {
            let w = lock();
            let fits = |k: &Key| k.0 == plural && ns.as_ref().is_none_or(|n| *n == k.1);
            let news: Vec<Value> = w
                .history
                .iter()
                .filter(|(v, k, ..)| *v > at && fits(k))
                .map(|(_, _, kind, o)| json!({"type": kind, "object": o}))
                .collect();
            (news, w.version, w.generation != generation)
        };
        at = now;
        for v in news {
            send_line(s, &v).await?;
        }
        if over {
            return s.write_all(b"0\r\n\r\n").await;
        }
        tokio::select! {
            _ = bell.changed() => {}
            () = tokio::time::sleep(Duration::from_millis(every)) => {
                let v = json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": at.to_string()}}});
                send_line(s, &v).await?;
            }
            () = tokio::time::sleep_until(ends) => return s.write_all(b"0\r\n\r\n").await,
        }
    }
}

/// Lines of a pod as a kubelet sends them: the last ones, or those since a whole second; and on as they come.
async fn stream_log(
    s: &mut TcpStream,
    world: &Mutex<World>,
    mut bell: watch::Receiver<u64>,
    path: &str,
    q: &str,
) -> std::io::Result<()> {
    let lock = || world.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, _, name, _) = parts(path);
    let key = (name.unwrap_or_default(), query(q, "previous").is_some());
    let (denied, there, generation) = {
        let w = lock();
        (w.denies("get", "pods/log"), w.logs.contains_key(&key), w.generation)
    };
    if denied || !there {
        let (code, body) = if denied {
            status(403, "Forbidden", "pods \"x\" is forbidden: User \"me\" cannot get resource \"pods/log\"")
        } else {
            status(400, "BadRequest", &format!("container \"main\" in pod \"{}\" is waiting to start", key.0))
        };
        return s.write_all(answer(code, "application/json", &body).as_bytes()).await;
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
    s.write_all(head.as_bytes()).await?;
    let since = query(q, "sinceTime").map(|t| t.replace("%3A", ":").chars().take(19).collect::<String>());
    let tail = query(q, "tailLines").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let follows = query(q, "follow").is_some();
    let mut at = 0;
    loop {
        let (lines, over) = {
            let w = lock();
            let all = &w.logs[&key];
            let new: Vec<String> = all[at..]
                .iter()
                .filter(|l| at > 0 || since.as_ref().is_none_or(|s| l[..19] >= s[..]))
                .cloned()
                .collect();
            let skip = if at == 0 { new.len().saturating_sub(tail) } else { 0 };
            at = all.len();
            (new[skip..].to_vec(), w.generation != generation)
        };
        for l in lines {
            s.write_all(format!("{:x}\r\n{l}\n\r\n", l.len() + 1).as_bytes()).await?;
        }
        if over || !follows {
            return s.write_all(b"0\r\n\r\n").await;
        }
        if bell.changed().await.is_err() {
            return Ok(());
        }
    }
}

async fn send_line(s: &mut TcpStream, v: &Value) -> std::io::Result<()> {
    let line = format!("{v}\n");
    s.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).await
}
