//! AnalysisRuns and Experiments as rows. Pure. Source of the fields: kubernetes-rollouts 3.1, 3.4. Knows nothing of
//! the Rollout they belong to: that is `about`.

use super::phase;
use crate::backends::kubernetes::dto::{HASH_LABEL, Meta, dto};
use crate::backends::kubernetes::lenient::{Scalar, flag, int, list, maybe, object, text};
use crate::core::world::detail::{Analysis, Metric, Role};
use serde::Deserialize;
use std::sync::Arc;

/// The server keeps 10 measurements of a metric, more where it is told to.
const VALUES: usize = 10;
/// A row is kept for every run: longer texts are for the raw object.
const LONGEST: usize = 2_000;

dto!(
    /// An AnalysisRun or Experiment as the server sends it; only what is read.
    Run { metadata: Meta = "object", spec: RunSpec = "object", status: RunState = "object" }
);
dto!(RunSpec {
    terminate: bool = "flag",
    metrics: Vec<MetricSpec> = "list",
});
dto!(MetricSpec {
    name: Option<Arc<str>> = "text",
    interval: Scalar = "Scalar::deserialize",
    count: Scalar = "Scalar::deserialize",
    failure_limit: Scalar = "Scalar::deserialize",
    success_condition: Option<Arc<str>> = "text",
    failure_condition: Option<Arc<str>> = "text",
    provider: Provider = "object",
});
dto!(Provider {
    prometheus: Option<Asked> = "maybe",
    datadog: Option<Asked> = "maybe",
    new_relic: Option<Asked> = "maybe",
    wavefront: Option<Asked> = "maybe",
    graphite: Option<Asked> = "maybe",
    influxdb: Option<Asked> = "maybe",
    skywalking: Option<Asked> = "maybe",
    web: Option<Asked> = "maybe",
});
dto!(Asked {
    query: Option<Arc<str>> = "text",
    url: Option<Arc<str>> = "text",
    json_path: Option<Arc<str>> = "text",
});
dto!(RunState {
    phase: Option<Arc<str>> = "text",
    message: Option<Arc<str>> = "text",
    started_at: Option<Arc<str>> = "text",
    metric_results: Vec<MetricResult> = "list",
    template_statuses: Vec<TemplateStatus> = "list",
    analysis_runs: Vec<ExperimentRun> = "list",
});
dto!(MetricResult {
    name: Option<Arc<str>> = "text",
    phase: Option<Arc<str>> = "text",
    message: Option<Arc<str>> = "text",
    dry_run: bool = "flag",
    count: Option<i64> = "int",
    successful: Option<i64> = "int",
    failed: Option<i64> = "int",
    inconclusive: Option<i64> = "int",
    error: Option<i64> = "int",
    measurements: Vec<Measurement> = "list",
});
dto!(Measurement {
    phase: Option<Arc<str>> = "text",
    message: Option<Arc<str>> = "text",
    value: Option<Arc<str>> = "text",
});
dto!(TemplateStatus {
    name: Option<Arc<str>> = "text",
    status: Option<Arc<str>> = "text",
    message: Option<Arc<str>> = "text",
    replicas: Option<i64> = "int",
    available_replicas: Option<i64> = "int",
});
dto!(ExperimentRun {
    name: Option<Arc<str>> = "text",
    phase: Option<Arc<str>> = "text",
    message: Option<Arc<str>> = "text",
});

/// One run as rows keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    pub uid: Arc<str>,
    /// Uid of the Rollout, or of the Experiment that owns it.
    pub owner: Arc<str>,
    /// Template hash it belongs to.
    pub hash: Option<Arc<str>>,
    pub analysis: Analysis,
}

/// `kind`: `AnalysisRun` or `Experiment`. `None`: no name, no uid or no owner.
pub fn run_row(kind: &str, run: &Run) -> Option<RunRow> {
    let m = &run.metadata;
    let phase: Arc<str> = run.status.phase.clone().filter(|p| !p.is_empty()).unwrap_or_else(|| "Pending".into());
    let over = matches!(&*phase, "Successful" | "Failed" | "Error" | "Inconclusive");
    let message = cut(run.status.message.clone().unwrap_or_default());
    // A run that failed by itself says why; only one that did not counts as ended by hand.
    let terminated = over && (&*message == "Run Terminated" || (run.spec.terminate && &*phase == "Successful"));
    let uid = m.uid.clone()?;
    let experiment = kind == "Experiment";
    let metrics = if experiment {
        parts(&run.status)
    } else {
        measured(&run.spec, &run.status, terminated || ended_badly(&phase))
    };
    Some(RunRow {
        owner: m.owner()?.clone(),
        hash: m.labels.get(HASH_LABEL).cloned(),
        analysis: Analysis {
            kind: kind.into(),
            name: m.name.clone()?,
            uid: uid.clone(),
            role: match m.labels.get("rollout-type").map(|t| &**t) {
                _ if experiment => Role::Experiment,
                Some("Step") => Role::Step,
                Some("Background") => Role::Background,
                Some("PrePromotion") => Role::PrePromotion,
                Some("PostPromotion") => Role::PostPromotion,
                Some(_) | None => Role::Other,
            },
            phase,
            message,
            started: phase::utc(run.status.started_at.as_ref()).or_else(|| phase::utc(m.creation_timestamp.as_ref())),
            terminated,
            metrics,
        },
        uid,
    })
}

fn ended_badly(phase: &str) -> bool {
    matches!(phase, "Failed" | "Error" | "Inconclusive")
}

fn cut(text: Arc<str>) -> Arc<str> {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]).into(),
        None => text,
    }
}

fn count(n: Option<i64>) -> u32 {
    u32::try_from(n.unwrap_or(0).max(0)).unwrap_or(u32::MAX)
}

/// A whole number; limits are written as numbers or as digits.
fn whole(s: &Scalar) -> Option<i64> {
    match s {
        Scalar::Int(n) => Some(*n),
        Scalar::Text(t) => t.parse().ok(),
        Scalar::Nothing | Scalar::Flag(_) | Scalar::Float(_) => None,
    }
}

/// Every metric asked for, those without a result too. `cut_short`: the run did not end by its metrics being done.
fn measured(spec: &RunSpec, state: &RunState, cut_short: bool) -> Vec<Metric> {
    let none = MetricResult::default();
    let mut all: Vec<Metric> = spec
        .metrics
        .iter()
        .map(|m| {
            let result = state.metric_results.iter().find(|r| r.name == m.name && m.name.is_some()).unwrap_or(&none);
            Metric {
                failure_limit: whole(&m.failure_limit),
                condition: condition(m),
                query: asked(&m.provider).map(cut),
                stopped: stopped(m, result, cut_short),
                ..metric(m.name.as_ref(), result)
            }
        })
        .collect();
    // A result without its metric: shown all the same.
    let known = |r: &&MetricResult| r.name.is_none() || spec.metrics.iter().all(|m| m.name != r.name);
    all.extend(state.metric_results.iter().filter(known).map(|r| metric(r.name.as_ref(), r)));
    all
}

fn metric(name: Option<&Arc<str>>, r: &MetricResult) -> Metric {
    let last = r.measurements.len().saturating_sub(VALUES);
    Metric {
        name: name.cloned().unwrap_or_else(|| "?".into()),
        phase: r.phase.clone().unwrap_or_else(|| "Pending".into()),
        message: cut(r
            .message
            .clone()
            .filter(|m| !m.is_empty())
            // A provider's error stands only at its measurement.
            .or_else(|| r.measurements.last().and_then(|m| m.message.clone()))
            .unwrap_or_default()),
        dry_run: r.dry_run,
        successful: count(r.successful),
        failed: count(r.failed),
        inconclusive: count(r.inconclusive),
        error: count(r.error),
        values: r.measurements[last..]
            .iter()
            .map(|m| cut(m.value.clone().or_else(|| m.phase.clone()).unwrap_or_default()))
            .collect(),
        ..Metric::default()
    }
}

/// `Successful` only because another metric decided, or because the run was ended (AR issues 1329, 2158, 4479).
fn stopped(m: &MetricSpec, r: &MetricResult, cut_short: bool) -> bool {
    let says = |t: &Option<Arc<str>>| t.as_deref() == Some("Metric Terminated");
    if says(&r.message) || r.measurements.last().is_some_and(|l| says(&l.message)) {
        return true;
    }
    let wanted = match (whole(&m.count), &m.interval) {
        (Some(n), _) => Some(n),
        // Neither count nor interval: exactly one measurement.
        (None, Scalar::Nothing) => Some(1),
        // No end of its own.
        (None, _) => None,
    };
    let done = wanted.is_some_and(|n| r.count.unwrap_or(0) >= n);
    cut_short && r.phase.as_deref() == Some("Successful") && !done
}

fn condition(m: &MetricSpec) -> Arc<str> {
    match (&m.success_condition, &m.failure_condition) {
        (Some(s), None) => s.clone(),
        (None, Some(f)) => format!("fails if {f}").into(),
        (Some(s), Some(f)) => format!("{s}; fails if {f}").into(),
        (None, None) => "".into(),
    }
}

/// The query as it is asked; of an address neither user nor query part, which may hold a secret.
fn asked(p: &Provider) -> Option<Arc<str>> {
    let all = [&p.prometheus, &p.datadog, &p.new_relic, &p.wavefront, &p.graphite, &p.influxdb, &p.skywalking];
    if let Some(q) = all.into_iter().flatten().find_map(|a| a.query.clone()) {
        return Some(q);
    }
    let web = p.web.as_ref()?;
    let url = web.url.as_deref()?;
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or(host);
    let at = if scheme.is_empty() { format!("{host}/{path}") } else { format!("{scheme}://{host}/{path}") };
    Some(match &web.json_path {
        Some(j) => format!("{at} {j}").into(),
        None => at.into(),
    })
}

/// An experiment's templates and its analysis, one line each.
fn parts(state: &RunState) -> Vec<Metric> {
    let templates = state.template_statuses.iter().map(|t| Metric {
        name: t.name.clone().unwrap_or_else(|| "?".into()),
        phase: t.status.clone().unwrap_or_else(|| "Pending".into()),
        message: match t.message.clone().filter(|m| !m.is_empty()) {
            Some(m) => cut(m),
            None => format!("{} of {} available", count(t.available_replicas), count(t.replicas)).into(),
        },
        ..Metric::default()
    });
    let runs = state.analysis_runs.iter().map(|a| Metric {
        name: a.name.clone().unwrap_or_else(|| "?".into()),
        phase: a.phase.clone().unwrap_or_else(|| "Pending".into()),
        message: cut(a.message.clone().unwrap_or_default()),
        ..Metric::default()
    });
    templates.chain(runs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::kubernetes::fixture;

    fn row(name: &str) -> RunRow {
        run_row("AnalysisRun", &fixture(name)).expect("named and owned")
    }

    #[test]
    fn a_metric_tells_its_counts_limit_condition_query_and_values() {
        let r = row("argo-analysisrun-running-one-failing-metric");
        assert_eq!(
            (r.analysis.role, &*r.analysis.phase, r.hash.as_deref()),
            (Role::Background, "Running", Some("5f7b9d6c84"))
        );
        let m = &r.analysis.metrics;
        assert_eq!(m.len(), 3);
        assert_eq!((m[0].successful, m[0].failed, m[0].failure_limit), (3, 2, Some(3)));
        assert_eq!(&*m[0].condition, "result[0] >= 0.99");
        assert!(m[0].query.as_deref().is_some_and(|q| q.starts_with("sum(rate(http_requests_total")));
        assert_eq!(m[0].values.last().map(|v| &**v), Some("[0.9604]"));
        assert_eq!(&*m[1].condition, "result[0] < 0.4; fails if result[0] > 0.8");
        assert_eq!(m[1].values.iter().map(|v| &**v).collect::<Vec<_>>()[3], "Error", "a measurement without a value");
        assert!(m[2].dry_run && !m[2].stopped && &*m[2].phase == "Failed");
    }

    #[test]
    fn a_run_that_failed_says_why_and_a_terminated_one_did_not_pass() {
        let r = row("live-argo-analysisrun-failed");
        assert!(r.analysis.message.contains("failed (2) > failureLimit (1)"));
        assert!(!r.analysis.terminated && r.analysis.is_over());
        assert_eq!(
            r.analysis.metrics[0].query.as_deref(),
            Some("http://127.0.0.1:53069/metric/a7/api/v1/query {$.data.result[0].value[1]}")
        );
        let mut run: Run = fixture("live-argo-analysisrun-failed");
        run.spec.terminate = true;
        assert!(!run_row("AnalysisRun", &run).expect("row").analysis.terminated, "it had failed before");
        run.status.phase = Some("Successful".into());
        run.status.message = Some("Run Terminated".into());
        run.status.metric_results[0].phase = Some("Successful".into());
        let r = run_row("AnalysisRun", &run).expect("row");
        assert!(r.analysis.terminated && r.analysis.metrics[0].stopped, "3 of 40 measurements are no pass");
    }

    #[test]
    fn a_metric_ended_because_another_decided_is_stopped_and_one_that_was_done_is_not() {
        let mut run: Run = fixture("live-argo-analysisrun-failed");
        run.spec.metrics.push(MetricSpec {
            name: Some("other".into()),
            count: Scalar::Text("2".into()),
            ..MetricSpec::default()
        });
        let done = MetricResult {
            name: Some("other".into()),
            phase: Some("Successful".into()),
            count: Some(2),
            ..MetricResult::default()
        };
        run.status.metric_results.push(done.clone());
        assert!(!run_row("AnalysisRun", &run).expect("row").analysis.metrics[1].stopped);
        run.status.metric_results[1].count = Some(1);
        assert!(run_row("AnalysisRun", &run).expect("row").analysis.metrics[1].stopped);
        run.status.metric_results[1] = MetricResult { message: Some("Metric Terminated".into()), ..done };
        assert!(run_row("AnalysisRun", &run).expect("row").analysis.metrics[1].stopped);
    }

    #[test]
    fn an_address_is_told_without_user_and_query() {
        let ask = |url: &str| {
            let web = Some(Asked { url: Some(url.into()), ..Asked::default() });
            asked(&Provider { web, ..Provider::default() }).expect("told").to_string()
        };
        assert_eq!(ask("https://u:pw@h:1/a/b?token=x#y"), "https://h:1/a/b");
        assert_eq!(ask("h/a?x=1"), "h/a");
    }

    #[test]
    fn an_experiment_tells_its_templates_and_its_analysis() {
        let run: Run = serde_json::from_str(
            r#"{"metadata":{"name":"e","uid":"u","ownerReferences":[{"uid":"r","controller":true}]},
                "status":{"phase":"Running","templateStatuses":[{"name":"canary","status":"Running","replicas":2,
                "availableReplicas":1}],"analysisRuns":[{"name":"smoke","phase":"Failed","message":"no"}]}}"#,
        )
        .expect("json");
        let r = run_row("Experiment", &run).expect("row");
        assert_eq!(r.analysis.role, Role::Experiment);
        let lines: Vec<_> =
            r.analysis.metrics.iter().map(|m| format!("{} {} {}", m.name, m.phase, m.message)).collect();
        assert_eq!(lines, ["canary Running 1 of 2 available", "smoke Failed no"]);
    }
}
