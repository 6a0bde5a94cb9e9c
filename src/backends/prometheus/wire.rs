//! Prometheus' JSON, read leniently: every field may be missing, unknown kinds are kept by name, no value is trusted
//! to be a number. Pure. It must not know our facts; `fold` makes those.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A successful answer's data, or what the server said against it.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Data {
        data: Data,
        /// The server says that the answer is not whole (truncated, a store missing). Notes (`infos`) are not kept:
        /// they are about style.
        partial: Option<String>,
    },
    /// `errorType` and `error`.
    Error { kind: String, words: String },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    Vector(Vec<Series>),
    Matrix(Vec<Series>),
    Scalar(Point),
    Text,
    /// A result type we do not know, by its name.
    Other(String),
}

/// One element of a vector (one point) or of a matrix. Native histograms have no points here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    pub labels: BTreeMap<String, String>,
    pub points: Vec<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// `None`: NaN, an infinity, or not a number at all. It was there, but nothing can be made of it.
    pub value: Option<f64>,
}

impl Series {
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

#[derive(Deserialize)]
struct Envelope {
    status: Option<String>,
    data: Option<Value>,
    #[serde(rename = "errorType")]
    error_type: Option<String>,
    error: Option<String>,
    warnings: Option<Vec<Value>>,
    /// VictoriaMetrics cluster.
    #[serde(rename = "isPartial")]
    is_partial: Option<bool>,
}

/// Reads the answer of `query` or `query_range`.
///
/// # Errors
/// Why it is not one: not JSON, no status, a series without shape.
pub fn query(json: &[u8]) -> Result<Said, String> {
    let envelope: Envelope = decode(json)?;
    let partial = partial(&envelope);
    let data = match success(envelope)? {
        Ok(data) => data,
        Err(said) => return Ok(said),
    };
    let kind = data.get("resultType").and_then(Value::as_str);
    let result = data.get("result").unwrap_or(&Value::Null);
    let data = match kind.ok_or("it names no result type")? {
        "vector" => Data::Vector(all(result, |e| series(e, "value"))?),
        "matrix" => Data::Matrix(all(result, |e| series(e, "values"))?),
        "scalar" => Data::Scalar(point(result)?),
        "string" => Data::Text,
        other => Data::Other(other.to_owned()),
    };
    Ok(Said::Data { data, partial })
}

/// The server's version from `status/buildinfo`; `None` when it does not tell.
///
/// # Errors
/// Not JSON, or not a success.
pub fn version(json: &[u8]) -> Result<Option<String>, String> {
    match success(decode(json)?)? {
        Ok(data) => Ok(data.get("version").and_then(Value::as_str).map(str::to_owned)),
        Err(_) => Err("it tells no build".to_owned()),
    }
}

/// What the server says against us, from an error answer's JSON.
pub fn complaint(json: &[u8]) -> Option<(String, String)> {
    match success(decode(json).ok()?).ok()? {
        Err(Said::Error { kind, words }) => Some((kind, words)),
        Ok(_) | Err(Said::Data { .. }) => None,
    }
}

fn decode(json: &[u8]) -> Result<Envelope, String> {
    // serde_json stops at a nesting of 128: a deep answer is an error and not a full stack.
    serde_json::from_slice(json).map_err(|e| e.to_string())
}

fn success(e: Envelope) -> Result<Result<Value, Said>, String> {
    match e.status.as_deref() {
        Some("success") => Ok(Ok(e.data.unwrap_or(Value::Null))),
        Some("error") => {
            Ok(Err(Said::Error { kind: e.error_type.unwrap_or_default(), words: e.error.unwrap_or_default() }))
        }
        Some(other) => Err(format!("its status is `{other}`")),
        None => Err("it has no status".to_owned()),
    }
}

fn partial(e: &Envelope) -> Option<String> {
    let first = e.warnings.as_deref().unwrap_or_default().first();
    match first {
        Some(w) => Some(w.as_str().unwrap_or("a warning").to_owned()),
        None if e.is_partial == Some(true) => Some("a part of the storage did not answer".to_owned()),
        None => None,
    }
}

/// `null` is an empty list: Go servers send it.
fn all<T>(list: &Value, one: impl Fn(&Value) -> Result<T, String>) -> Result<Vec<T>, String> {
    match list {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(one).collect(),
        _ => Err("a list is due and something else came".to_owned()),
    }
}

/// A series that has no shape spoils the whole answer: what is left out of a row of failures would count as fine.
fn series(e: &Value, values: &str) -> Result<Series, String> {
    let e = e.as_object().ok_or("a series is not an object")?;
    let labels = match e.get("metric") {
        None | Some(Value::Null) => BTreeMap::new(),
        Some(Value::Object(m)) => m.iter().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect(),
        Some(_) => return Err("the labels of a series are not an object".to_owned()),
    };
    let points = match e.get(values) {
        None | Some(Value::Null) => Vec::new(),
        Some(v) if values == "value" => vec![point(v)?],
        Some(v) => all(v, point)?,
    };
    Ok(Series { labels, points })
}

/// `[1795219676.614, "39"]`; the value is a string: `NaN`, `+Inf`, `-0`, `1e-09`.
fn point(v: &Value) -> Result<Point, String> {
    let Some([at, value]) = v.as_array().map(Vec::as_slice) else {
        return Err("a point is not a pair".to_owned());
    };
    let at = at.as_f64().filter(|s| s.abs() < 1e12);
    let at = at.ok_or("a point has no time")?;
    let value = match value {
        Value::String(s) => s.parse::<f64>().ok(),
        // Not seen in the wild, but it can mean only one thing.
        Value::Number(n) => n.as_f64(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    Ok(Point {
        at: (at * 1000.0).round() as i64,
        // `-0` is zero; adding zero loses the sign.
        value: value.filter(|v| v.is_finite()).map(|v| v + 0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("fixtures/", $name, ".json"))
        };
    }

    fn data(json: &[u8]) -> Data {
        match query(json) {
            Ok(Said::Data { data, .. }) => data,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn special_floats_are_there_but_are_no_numbers() {
        let Data::Vector(rows) = data(fixture!("query_vector_special_floats")) else { panic!("vector") };
        let value = |kind: &str| {
            let row = rows.iter().find(|r| r.label("kind") == kind);
            row.unwrap_or_else(|| panic!("{kind}")).points[0].value
        };
        assert_eq!((value("nan"), value("pinf"), value("ninf")), (None, None, None));
        assert_eq!(value("tiny"), Some(1e-9));
        assert_eq!(value("negzero").map(f64::to_bits), Some(0.0_f64.to_bits()));
        assert_eq!(value("huge"), Some(1.234e21));
    }

    #[test]
    fn every_shape_of_answer_is_told_apart() {
        assert_eq!(data(fixture!("query_vector_empty")), Data::Vector(vec![]));
        assert_eq!(data(fixture!("query_range_empty")), Data::Matrix(vec![]));
        assert_eq!(data(fixture!("query_string")), Data::Text);
        let inf = Point { at: 1_795_219_983_507, value: None };
        assert_eq!(data(fixture!("query_scalar_inf")), Data::Scalar(inf));
        let other = br#"{"status":"success","data":{"resultType":"cube","result":7}}"#;
        assert_eq!(data(other), Data::Other("cube".to_owned()));
        let Data::Vector(vm) = data(fixture!("query_vector_victoriametrics")) else { panic!("vector") };
        assert_eq!(vm.len(), 4);
    }

    #[test]
    fn a_gap_stays_a_hole_and_a_histogram_has_no_points() {
        let Data::Matrix(rows) = data(fixture!("query_range_matrix_gap")) else { panic!("matrix") };
        let at: Vec<i64> = rows[0].points.iter().map(|p| p.at / 1000 - 1_795_219_640).collect();
        assert_eq!(at, [0, 15, 285, 300, 315, 330]);
        let Data::Matrix(rows) = data(fixture!("query_range_matrix_native_histogram")) else { panic!("matrix") };
        assert_eq!(rows[0].points, []);
        let Data::Vector(rows) = data(fixture!("query_vector_native_histogram")) else { panic!("vector") };
        assert_eq!(rows[0].points, []);
    }

    #[test]
    fn a_warning_makes_an_answer_partial_and_a_note_does_not() {
        let partial = |json: &[u8]| match query(json) {
            Ok(Said::Data { partial, .. }) => partial,
            other => panic!("{other:?}"),
        };
        let said = partial(fixture!("query_vector_with_warnings_truncated"));
        assert_eq!(said.as_deref(), Some("results truncated due to limit"));
        assert_eq!(partial(fixture!("query_vector_with_infos")), None);
        let vm = br#"{"status":"success","isPartial":true,"data":{"resultType":"vector","result":null},"infos":null,"warnings":null}"#;
        assert!(partial(vm).is_some());
    }

    #[test]
    fn the_servers_complaint_is_kept_with_its_kind() {
        let said = complaint(fixture!("query_error_400_parse")).expect("complaint");
        assert_eq!(said.0, "bad_data");
        assert!(said.1.contains("parse error"), "{}", said.1);
        let said = complaint(fixture!("query_error_503_timeout")).expect("complaint");
        assert_eq!(said.0, "timeout");
        assert_eq!(complaint(b"Service Unavailable"), None);
        assert_eq!(complaint(fixture!("query_vector_empty")), None);
    }

    #[test]
    fn the_version_is_read_from_every_dialect() {
        let v = |json: &[u8]| version(json).expect("success");
        assert_eq!(v(fixture!("buildinfo_2_42")).as_deref(), Some("2.42.0+ds"));
        assert!(v(fixture!("buildinfo_3_5")).is_some_and(|v| v.starts_with("3.5")));
        assert_eq!(v(fixture!("buildinfo_victoriametrics")).as_deref(), Some("2.24.0"));
        assert_eq!(v(br#"{"status":"success"}"#), None);
    }

    #[test]
    fn what_has_no_shape_is_an_error_and_never_less_data() {
        let bad: [&[u8]; 10] = [
            b"",
            b"<html>",
            b"null",
            b"{}",
            br#"{"status":"so-so"}"#,
            br#"{"status":"success","data":null}"#,
            br#"{"status":"success","data":{"resultType":"vector","result":{}}}"#,
            br#"{"status":"success","data":{"resultType":"vector","result":[7]}}"#,
            br#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1]}]}}"#,
            br#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[["x","1"]]}]}}"#,
        ];
        for json in bad {
            assert!(query(json).is_err(), "{}", String::from_utf8_lossy(json));
        }
        let deep = "[".repeat(10_000);
        let deep = format!(r#"{{"status":"success","data":{deep}"#);
        assert!(query(deep.as_bytes()).is_err());
    }
}
