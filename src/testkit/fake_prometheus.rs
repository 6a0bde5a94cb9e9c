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

/// Answers as version 2.42 would, holding `services` services that count requests and failures and nothing else.
pub fn healthy(services: usize) -> impl Fn(&Seen) -> Answer + Send + Sync + 'static {
    move |seen| answer(seen, services, false)
}

/// The same with histograms, routes, memory: everything a preset can ask for.
pub fn full(services: usize) -> impl Fn(&Seen) -> Answer + Send + Sync + 'static {
    move |seen| answer(seen, services, true)
}

fn answer(seen: &Seen, services: usize, full: bool) -> Answer {
    let path = seen.path.split('?').next().unwrap_or("");
    let query = seen.field("query").unwrap_or_default();
    let tagged = |tag: &str| query.contains(&format!("\"andon_q\", \"{tag}"));
    match path {
        "/api/v1/status/buildinfo" => {
            Answer::json(r#"{"status":"success","data":{"version":"2.42.0+ds","goVersion":"go1.19.8"}}"#)
        }
        "/api/v1/query_range" => matrix(seen, &query, services, full),
        // Nothing is found by a survey: every preset stays asked.
        "/api/v1/query"
            if query.contains("andon_preset") || query.contains("__name__=~") || query.starts_with("group by") =>
        {
            vector(std::iter::empty())
        }
        "/api/v1/query" if tagged("total:") => windows(&query, services),
        "/api/v1/query" if tagged("bucket") => beside(&query, services, full, &buckets()),
        "/api/v1/query" if tagged("memory") => beside(&query, services, full, &usage()),
        "/api/v1/query" if query.contains("andon_route") => beside(&query, services, full, &routes()),
        "/api/v1/query" if query.contains("timestamp(") => {
            let at = now_secs();
            vector((0..services).map(|n| element(&[("andon_service", &service(n))], &format!("{at}"))))
        }
        "/api/v1/query" => {
            Answer::json(r#"{"status":"success","data":{"resultType":"scalar","result":[1795219983.5,"4.5"]}}"#)
        }
        _ => Answer::status(404, "404 page not found\n"),
    }
    .header("date", "Sat, 21 Nov 2026 03:14:07 GMT")
}

type Row = (Vec<(&'static str, String)>, String);

/// Both tracks in the twelve buckets that client libraries have.
fn buckets() -> Vec<Row> {
    let bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
    let one = |hash: &str, i: usize, le: &str| {
        (
            vec![("andon_q", "bucket".into()), ("andon_track", hash.into()), ("le", le.into())],
            format!("{}.5", 150 * (i + 1)),
        )
    };
    HASHES.iter().flat_map(|h| (0..).zip(bounds).map(|(i, le)| one(h, i, le)).collect::<Vec<_>>()).collect()
}

fn usage() -> Vec<Row> {
    let tags = ["memory", "memory_per_hour", "memory_limit", "cpu"];
    let one = |hash: &str, tag: &str| (vec![("andon_q", tag.into()), ("andon_track", hash.into())], "268435456".into());
    HASHES.iter().flat_map(|h| tags.map(|t| one(h, t))).collect()
}

fn routes() -> Vec<Row> {
    let one = |hash: &str, n: usize| {
        (
            vec![("andon_q", "total".into()), ("andon_route", format!("/route/{n}")), ("andon_track", hash.into())],
            "42".into(),
        )
    };
    HASHES.iter().flat_map(|h| (0..5).map(|n| one(h, n)).collect::<Vec<_>>()).collect()
}

fn beside(query: &str, services: usize, full: bool, rows: &[Row]) -> Answer {
    // Some are named: the others are not answered.
    let all = !query.contains("(?:svc-");
    let asked = |n: &usize| all || query.contains(&service(*n));
    vector((0..if full { services } else { 0 }).filter(asked).flat_map(|n| {
        let name = service(n);
        let one = |(pairs, value): &Row| {
            let mut all: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (*k, v.as_str())).collect();
            all.push(("andon_service", &name));
            element(&all, value)
        };
        rows.iter().map(one).collect::<Vec<_>>()
    }))
}

/// 2026-11-21T03:14:07Z, the second of the `date` header.
pub fn now_secs() -> i64 {
    1_795_230_847
}

fn matrix(seen: &Seen, query: &str, services: usize, full: bool) -> Answer {
    let number = |name: &str| seen.field(name).and_then(|v| v.parse::<i64>().ok());
    let (Some(start), Some(end), Some(step)) = (number("start"), number("end"), number("step")) else {
        return Answer::new(
            400,
            "application/json",
            r#"{"status":"error","errorType":"bad_data","error":"invalid parameter \"start\""}"#,
        );
    };
    let values = |v: &str| {
        let steps = (0..).map(|i| start + i * step).take_while(|t| *t <= end);
        let points: Vec<String> = steps.map(|t| format!("[{t},\"{v}\"]")).collect();
        points.join(",")
    };
    let asked = |n: &usize| !query.contains("service=\"") || query.contains(&format!("service=\"{}\"", service(*n)));
    let (total, failed, slow) = (values(&TOTAL.to_string()), values(&FAILED.to_string()), values("4.5"));
    let course = values("0.0123456789012345");
    let joined = query.contains("andon_signal");
    let mut rows = Vec::new();
    for n in (0..services).filter(asked) {
        let name = service(n);
        let mut put = |pairs: &[(&str, &str)], values: &str| {
            let mut all = vec![("andon_service", name.as_str())];
            all.extend(pairs);
            rows.push(format!("{{\"metric\":{},\"values\":[{values}]}}", labels(&all)));
        };
        if query.starts_with("histogram_quantile") {
            if full {
                put(&[("andon_q", "bucket")], &course);
            }
        } else if query.starts_with("avg by") {
            if full {
                put(&[("andon_q", "memory")], &course);
            }
        } else if query.contains("andon_w") {
            for w in ["60", "300", "3600"] {
                put(&[("andon_q", "total"), ("andon_w", w)], &total);
                put(&[("andon_q", "failed"), ("andon_w", w)], &failed);
            }
        } else {
            let signal = |name| if joined { vec![("andon_signal", name)] } else { Vec::new() };
            let track = |hash, tag| vec![("andon_q", tag), ("andon_track", hash)];
            let errors = [(HASHES[0], "total", &total), (HASHES[1], "total", &total), (HASHES[1], "failed", &failed)];
            for (hash, tag, values) in errors {
                put(&[track(hash, tag), signal("errors")].concat(), values);
            }
            if full && joined {
                for (hash, tag, values) in HASHES.iter().flat_map(|h| [(h, "total", &total), (h, "failed", &slow)]) {
                    put(&[track(hash, tag), signal("latency")].concat(), values);
                }
            }
        }
    }
    data("matrix", &rows)
}

fn windows(query: &str, services: usize) -> Answer {
    let tags: Vec<&str> = query.split('"').filter(|t| t.starts_with("total:") || t.starts_with("failed:")).collect();
    // Each signal has the same windows.
    let tags: std::collections::BTreeSet<&str> = tags.into_iter().collect();
    let signal = if query.contains("andon_signal") { vec![("andon_signal", "errors")] } else { Vec::new() };
    vector((0..services).flat_map(|n| {
        let name = service(n);
        let one = |tag: &&str| {
            element(&[vec![("andon_q", *tag), ("andon_service", &name)], signal.clone()].concat(), "1800.5")
        };
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
