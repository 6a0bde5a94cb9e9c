//! Prometheus' JSON, read leniently: every field may be missing, unknown kinds are kept by name, no value is trusted
//! to be a number. Pure. It must not know our facts; `fold` makes those.

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

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

/// One element of a vector (one point) or of a matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// A handful: looked through one by one.
    pub labels: Vec<(Cow<'static, str>, String)>,
    pub points: Vec<Point>,
    /// Of a native histogram in a vector; it has no points.
    pub histogram: Option<Histogram>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// `None`: NaN, an infinity, or not a number at all. It was there, but nothing can be made of it.
    pub value: Option<f64>,
}

/// A native histogram's buckets as they lie, none of them empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    pub count: f64,
    /// (upper bound, observations in this bucket alone).
    pub buckets: Vec<(f64, f64)>,
}

impl Series {
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str())
    }
}

#[derive(Deserialize)]
struct Envelope<T> {
    status: Option<String>,
    data: Option<T>,
    #[serde(rename = "errorType")]
    error_type: Option<String>,
    error: Option<String>,
    warnings: Option<Vec<Value>>,
    /// VictoriaMetrics cluster.
    #[serde(rename = "isPartial")]
    is_partial: Option<bool>,
}

#[derive(Deserialize)]
struct Answered {
    #[serde(rename = "resultType")]
    kind: Option<String>,
    /// `null` is an empty list: Go servers send it.
    result: Option<Results>,
}

/// A list, or what a result type we do not know has in its place.
enum Results {
    List(Vec<Element>),
    Other,
}

/// Reads the answer of `query` or `query_range`.
///
/// # Errors
/// Why it is not one: not JSON, no status, a series without shape.
pub fn query(json: &[u8]) -> Result<Said, String> {
    let envelope: Envelope<Answered> = decode(json)?;
    let partial = partial(&envelope);
    let data = match success(envelope)? {
        Ok(data) => data.ok_or("it names no result type")?,
        Err(said) => return Ok(said),
    };
    let all = match data.result {
        None => Ok(Vec::new()),
        Some(Results::List(all)) => Ok(all),
        Some(Results::Other) => Err("a list is due and something else came"),
    };
    let data = match data.kind.as_deref().ok_or("it names no result type")? {
        "vector" => Data::Vector(series(all?)?),
        "matrix" => Data::Matrix(series(all?)?),
        "scalar" => Data::Scalar(scalar(&all?)?),
        "string" => Data::Text,
        other => Data::Other(other.to_owned()),
    };
    Ok(Said::Data { data, partial })
}

/// A series that has no shape spoils the whole answer: what is left out of a row of failures would count as fine.
fn series(all: Vec<Element>) -> Result<Vec<Series>, String> {
    let one = |e| match e {
        Element::Series(s) => Ok(s),
        Element::Number(_) | Element::Text(_) | Element::Other => Err("a series is not an object".to_owned()),
    };
    all.into_iter().map(one).collect()
}

fn scalar(pair: &[Element]) -> Result<Point, String> {
    let [Element::Number(at), value] = pair else {
        return Err("a point is not a pair".to_owned());
    };
    let value = match value {
        Element::Text(text) => text.parse().ok(),
        Element::Number(n) => Some(*n),
        Element::Series(_) | Element::Other => None,
    };
    point(*at, value).ok_or_else(|| "a point has no time".to_owned())
}

fn point(at: f64, value: Option<f64>) -> Option<Point> {
    let at = Some(at).filter(|s| s.abs() < 1e12)?;
    Some(Point {
        at: (at * 1000.0).round() as i64,
        // `-0` is zero; adding zero loses the sign.
        value: value.filter(|v| v.is_finite()).map(|v| v + 0.0),
    })
}

/// The `data` of `status/buildinfo`.
///
/// # Errors
/// Not JSON, or not a success.
pub fn build(json: &[u8]) -> Result<Value, String> {
    match success(decode::<Value>(json)?)? {
        Ok(data) => Ok(data.unwrap_or(Value::Null)),
        Err(_) => Err("it tells no build".to_owned()),
    }
}

/// What the server says against us, from an error answer's JSON.
pub fn complaint(json: &[u8]) -> Option<(String, String)> {
    match success(decode::<IgnoredAny>(json).ok()?).ok()? {
        Err(Said::Error { kind, words }) => Some((kind, words)),
        Ok(_) | Err(Said::Data { .. }) => None,
    }
}

fn decode<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<Envelope<T>, String> {
    // serde_json stops at a nesting of 128: a deep answer is an error and not a full stack.
    serde_json::from_slice(json).map_err(|e| e.to_string())
}

fn success<T>(e: Envelope<T>) -> Result<Result<Option<T>, Said>, String> {
    match e.status.as_deref() {
        Some("success") => Ok(Ok(e.data)),
        Some("error") => {
            Ok(Err(Said::Error { kind: e.error_type.unwrap_or_default(), words: e.error.unwrap_or_default() }))
        }
        Some(other) => Err(format!("its status is `{other}`")),
        None => Err("it has no status".to_owned()),
    }
}

fn partial<T>(e: &Envelope<T>) -> Option<String> {
    // Before 2.54 notes stood among the warnings: "PromQL info: metric might not be a counter". The answer is whole.
    let is_note = |w: &&Value| w.as_str().is_some_and(|w| w.starts_with("PromQL info:"));
    let first = e.warnings.as_deref().unwrap_or_default().iter().find(|w| !is_note(w));
    match first {
        Some(w) => Some(w.as_str().unwrap_or("a warning").to_owned()),
        None if e.is_partial == Some(true) => Some("a part of the storage did not answer".to_owned()),
        None => None,
    }
}

// ---- read without a tree in between: a poll has tens of thousands of rows ----

impl<'de> Deserialize<'de> for Results {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Results, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Results;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of series")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Results, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                Ok(Results::List(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Results, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Results::Other)
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Results, E> {
                Ok(Results::Other)
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Results, E> {
                Ok(Results::Other)
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<Results, E> {
                Ok(Results::Other)
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Results, E> {
                Ok(Results::Other)
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Results, E> {
                Ok(Results::Other)
            }
        }
        from.deserialize_any(Any)
    }
}

/// An item of `result`.
enum Element {
    Series(Series),
    Number(f64),
    Text(String),
    Other,
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Element, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Element;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a series or a value")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Element, A::Error> {
                let mut s = Series::default();
                while let Some(key) = map.next_key::<Name>()? {
                    match key.0.as_ref() {
                        "metric" => s.labels = map.next_value::<Option<Labels>>()?.unwrap_or_default().0,
                        "value" => s.points.extend(map.next_value::<Option<Pair>>()?.map(|p| p.0)),
                        "values" => {
                            let all = map.next_value::<Option<Vec<Pair>>>()?.unwrap_or_default();
                            s.points.extend(all.into_iter().map(|p| p.0));
                        }
                        "histogram" => s.histogram = map.next_value::<Option<Native>>()?.map(|n| n.0),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Element::Series(s))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Element, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Element::Other)
            }
            fn visit_f64<E: Error>(self, v: f64) -> Result<Element, E> {
                Ok(Element::Number(v))
            }
            fn visit_u64<E: Error>(self, v: u64) -> Result<Element, E> {
                Ok(Element::Number(v as f64))
            }
            fn visit_i64<E: Error>(self, v: i64) -> Result<Element, E> {
                Ok(Element::Number(v as f64))
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<Element, E> {
                Ok(Element::Text(v.to_owned()))
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Element, E> {
                Ok(Element::Other)
            }
            fn visit_unit<E: Error>(self) -> Result<Element, E> {
                Ok(Element::Other)
            }
        }
        from.deserialize_any(Any)
    }
}

/// Labels; a value that is no text is left out.
#[derive(Default)]
struct Labels(Vec<(Cow<'static, str>, String)>);

/// A key. Those that come with every row are not copied each time.
struct Name(Cow<'static, str>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Name, D::Error> {
        const KNOWN: [&str; 12] = [
            "metric",
            "value",
            "values",
            "histogram",
            "andon_service",
            "andon_track",
            "andon_q",
            "andon_signal",
            "andon_route",
            "andon_split",
            "andon_w",
            "le",
        ];
        struct One;
        impl Visitor<'_> for One {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<Name, E> {
                let known = KNOWN.iter().find(|k| **k == v);
                Ok(Name(known.map_or_else(|| Cow::Owned(v.to_owned()), |k| Cow::Borrowed(*k))))
            }
        }
        from.deserialize_str(One)
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Labels, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Labels;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("labels")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
                let mut all = Vec::with_capacity(4);
                while let Some(key) = map.next_key::<Name>()? {
                    if let Element::Text(value) = map.next_value::<Element>()? {
                        all.push((key.0, value));
                    }
                }
                Ok(Labels(all))
            }
        }
        from.deserialize_map(All)
    }
}

/// A sample's value, a text: `NaN`, `+Inf`, `-0`, `1e-09`. A bare number is not seen in the wild, but can mean only one
/// thing.
struct Number(Option<f64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Number, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number in quotes")
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<Number, E> {
                Ok(Number(v.parse().ok()))
            }
            fn visit_f64<E: Error>(self, v: f64) -> Result<Number, E> {
                Ok(Number(Some(v)))
            }
            fn visit_u64<E: Error>(self, v: u64) -> Result<Number, E> {
                Ok(Number(Some(v as f64)))
            }
            fn visit_i64<E: Error>(self, v: i64) -> Result<Number, E> {
                Ok(Number(Some(v as f64)))
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Number, E> {
                Ok(Number(None))
            }
            fn visit_unit<E: Error>(self) -> Result<Number, E> {
                Ok(Number(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Number, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Number(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Number, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Number(None))
            }
        }
        from.deserialize_any(One)
    }
}

/// `[1795219676.614, "39"]`
struct Pair(Point);

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Pair, D::Error> {
        let (at, Number(value)) = two::<D, Number>(from)?;
        point(at, value).map(Pair).ok_or_else(|| D::Error::custom("a point has no time"))
    }
}

/// `[1795219676.614, {"count": "11", "sum": "0.0027", "buckets": [[0, "left", "right", "count"]]}]`; an empty one has no
/// buckets.
struct Native(Histogram);

impl<'de> Deserialize<'de> for Native {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Native, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            count: Option<Number>,
            buckets: Option<Vec<(IgnoredAny, IgnoredAny, Number, Number)>>,
        }
        let (_, h) = two::<D, Wire>(from)?;
        let number = |n: Option<Number>| n.and_then(|n| n.0).unwrap_or(f64::NAN);
        let bucket =
            |(_, _, right, n): (IgnoredAny, IgnoredAny, Number, Number)| (number(Some(right)), number(Some(n)));
        let buckets = h.buckets.unwrap_or_default().into_iter().map(bucket).collect();
        Ok(Native(Histogram { count: number(h.count), buckets }))
    }
}

/// A time and one thing more, and nothing else.
fn two<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<(f64, T), D::Error> {
    <(f64, T)>::deserialize(from).map_err(|e| de::Error::custom(format!("a point is not a pair: {e}")))
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
        let native = rows.iter().find_map(|r| r.histogram.as_ref()).expect("a histogram");
        let sum: f64 = native.buckets.iter().map(|b| b.1).sum();
        assert!(native.count > 0.0 && (sum - native.count).abs() < 1e-6, "{native:?}");
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
        // As 2.48 to 2.53 send it: a note among the warnings takes nothing away, and a warning behind it still counts.
        let old = |more: &str| {
            format!(
                r#"{{"status":"success","data":{{"resultType":"vector","result":[]}},"warnings":["PromQL info: metric might not be a counter"{more}]}}"#
            )
        };
        assert_eq!(partial(old("").as_bytes()), None);
        assert_eq!(partial(old(",\"store gone\"").as_bytes()).as_deref(), Some("store gone"));
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
        let v = |json: &[u8]| {
            let data = build(json).expect("success");
            data.get("version").and_then(Value::as_str).map(str::to_owned)
        };
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
