//! What a healthy Prometheus says to our own questions, for any number of services. It looks at paths, ranges and
//! tags only; that real servers understand the queries is proved live.

use super::fake_http::{Answer, Seen};

/// Versions of every service, by template hash: stable and candidate.
pub const HASHES: [&str; 2] = ["5f7b9d6c84", "7c6d5b4a39"];
/// Requests of a version in each block.
pub const TOTAL: u32 = 90;
/// Failures of the candidate in each block; the stable version has no series of failures at all.
pub const FAILED: u32 = 3;

/// The n-th service: `svc-0007`.
pub fn service(n: usize) -> String {
    format!("svc-{n:04}")
}

/// Answers as version 2.42 would, holding `services` services.
pub fn healthy(services: usize) -> impl Fn(&Seen) -> Answer + Send + Sync + 'static {
    move |seen| answer(seen, services)
}

fn answer(seen: &Seen, services: usize) -> Answer {
    let path = seen.path.split('?').next().unwrap_or("");
    let query = seen.field("query").unwrap_or_default();
    match path {
        "/api/v1/status/buildinfo" => {
            Answer::json(r#"{"status":"success","data":{"version":"2.42.0+ds","goVersion":"go1.19.8"}}"#)
        }
        "/api/v1/query_range" => matrix(seen, &query, services),
        "/api/v1/query" if query.starts_with("max by") => {
            let at = now_secs();
            vector((0..services).map(|n| element(&[("service", &service(n))], &format!("{at}"))))
        }
        "/api/v1/query" if query.contains("increase(") => windows(&query, services),
        "/api/v1/query" => {
            Answer::json(r#"{"status":"success","data":{"resultType":"scalar","result":[1795219983.5,"4.5"]}}"#)
        }
        _ => Answer::status(404, "404 page not found\n"),
    }
    .header("date", "Sat, 21 Nov 2026 03:14:07 GMT")
}

/// 2026-11-21T03:14:07Z, the second of the `date` header.
pub fn now_secs() -> i64 {
    1_795_230_847
}

fn matrix(seen: &Seen, query: &str, services: usize) -> Answer {
    let number = |name: &str| seen.field(name).and_then(|v| v.parse::<i64>().ok());
    let (Some(start), Some(end), Some(step)) = (number("start"), number("end"), number("step")) else {
        return Answer::new(
            400,
            "application/json",
            r#"{"status":"error","errorType":"bad_data","error":"invalid parameter \"start\""}"#,
        );
    };
    let values = |v: u32| {
        let steps = (0..).map(|i| start + i * step).take_while(|t| *t <= end);
        let points: Vec<String> = steps.map(|t| format!("[{t},\"{v}\"]")).collect();
        points.join(",")
    };
    let (total, failed) = (values(TOTAL), values(FAILED));
    let asked = |n: &usize| !query.contains("service=\"") || query.contains(&format!("service=\"{}\"", service(*n)));
    let mut rows = Vec::new();
    for n in (0..services).filter(asked) {
        let name = service(n);
        for (hash, tag, values) in
            [(HASHES[0], "total", &total), (HASHES[1], "total", &total), (HASHES[1], "failed", &failed)]
        {
            let labels = labels(&[("andon_q", tag), ("service", &name), ("version", hash)]);
            rows.push(format!("{{\"metric\":{labels},\"values\":[{values}]}}"));
        }
    }
    data("matrix", &rows)
}

fn windows(query: &str, services: usize) -> Answer {
    let tags: Vec<&str> = query.split('"').filter(|t| t.starts_with("total:") || t.starts_with("failed:")).collect();
    vector((0..services).flat_map(|n| {
        let name = service(n);
        let one = |tag: &&str| element(&[("andon_q", tag), ("service", &name)], "1800.5");
        tags.iter().map(one).collect::<Vec<_>>()
    }))
}

fn element(pairs: &[(&str, &str)], value: &str) -> String {
    let at = now_secs();
    format!("{{\"metric\":{},\"value\":[{at}.25,\"{value}\"]}}", labels(pairs))
}

fn vector(rows: impl Iterator<Item = String>) -> Answer {
    data("vector", &rows.collect::<Vec<_>>())
}

fn data(kind: &str, rows: &[String]) -> Answer {
    let rows = rows.join(",");
    Answer::json(format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"{kind}\",\"result\":[{rows}]}}}}"))
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(k, v)| format!("\"{k}\":\"{v}\"")).collect();
    format!("{{{}}}", pairs.join(","))
}
