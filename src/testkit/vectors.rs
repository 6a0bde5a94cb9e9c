//! The reference vectors against the product's own functions: one runner for the test that keeps a copy of them and for
//! `cargo run --example vectors -- FILE.json`, which takes other files of the same form.
//!
//! Lenient with fields: a number may be a string, a list may stand bare, what has a default may be left out. Strict with
//! results: what is not computed fails, what is not built is counted apart, and nothing is skipped silently.

use crate::core::judge::stats::avsd::{
    ALPHA_WHOLE, Instance, Sums, alpha_recent, boundary_with, circuit_breaker, decide,
};
use crate::core::judge::stats::dispersion::{Dispersion, NU, PHI0};
use crate::core::judge::stats::histogram::{self, Bucket};
use crate::core::judge::stats::needed::{Plan, needed};
use crate::core::judge::stats::one_look::{
    agresti_caffo, n_required, newcombe, newcombe_cc, newcombe_cc_phi, verdict_one_look,
};
use crate::core::judge::stats::{Call, Interval, Pair, burn, call, counters, wilson};
use serde_json::Value;
use std::collections::BTreeMap;

/// What one file came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub passed: BTreeMap<String, usize>,
    /// One line for each vector that differs.
    pub failed: Vec<String>,
    /// Functions of later issues, and those the reference only compares with: how many vectors name them.
    pub not_built: BTreeMap<String, usize>,
}

impl Report {
    pub fn count(&self) -> usize {
        self.passed.values().sum()
    }

    /// Every mismatch, what is not built, and the closing line `N passed, M failed`.
    pub fn lines(&self) -> Vec<String> {
        let not = self.not_built.iter().map(|(f, n)| format!("{f}: not built ({n} vectors)"));
        let end = format!("{} passed, {} failed", self.count(), self.failed.len());
        self.failed.iter().cloned().chain(not).chain([end]).collect()
    }
}

/// Runs every vector of a file.
///
/// # Errors
/// The text is no such file.
pub fn run(text: &str) -> Result<Report, String> {
    let vectors = read(text)?;
    let mut report = Report::default();
    for (i, v) in vectors.iter().enumerate() {
        let name = v["fn"].as_str().or_else(|| v["function"].as_str()).unwrap_or("(no fn)").to_owned();
        let id = v["id"].as_str().map_or_else(|| format!("vector {}", i + 1), str::to_owned);
        let given = v.get("in").or_else(|| v.get("input")).unwrap_or(v);
        let Some(f) = function(&name) else {
            *report.not_built.entry(name).or_default() += 1;
            continue;
        };
        let Some(want) = v.get("out").or_else(|| v.get("expected")) else {
            report.failed.push(format!("{id} {name}: the vector has no \"out\""));
            continue;
        };
        match f(&In(given)) {
            Ok(got) if passes(&got, want, &v["tol"]) => *report.passed.entry(name).or_default() += 1,
            Ok(got) => report.failed.push(format!("{id} {name}: got {}, wanted {want}", got.words())),
            Err(why) => report.failed.push(format!("{id} {name}: {why}, wanted {want}")),
        }
    }
    Ok(report)
}

/// `{"vectors": [..]}`, a bare list, or one vector a line.
fn read(text: &str) -> Result<Vec<Value>, String> {
    let all: Value = match serde_json::from_str(text) {
        Ok(all) => all,
        Err(why) => {
            let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
            return lines.map(|l| serde_json::from_str(l).map_err(|_| format!("no JSON: {why}"))).collect();
        }
    };
    let list = match all {
        Value::Array(list) => Some(list),
        Value::Object(mut o) if o.contains_key("fn") => Some(vec![Value::Object(std::mem::take(&mut o))]),
        Value::Object(mut o) => match o.remove("vectors") {
            Some(Value::Array(list)) => Some(list),
            _ => None,
        },
        _ => None,
    };
    list.ok_or_else(|| "no list of vectors in it".to_owned())
}

/// What a function gave.
enum Got {
    Num(Option<f64>),
    Nums(Vec<f64>),
    /// Nothing, where a list was asked for.
    Nothing,
    Word(&'static str),
    Flag(bool),
}

impl Got {
    fn words(&self) -> String {
        match self {
            Got::Num(Some(x)) => format!("{x}"),
            Got::Num(None) | Got::Nothing => "null".to_owned(),
            Got::Nums(x) => format!("{x:?}"),
            Got::Word(w) => format!("\"{w}\""),
            Got::Flag(b) => b.to_string(),
        }
    }
}

type F = fn(&In<'_>) -> Result<Got, String>;

/// A vector's input.
struct In<'a>(&'a Value);

impl In<'_> {
    fn n(&self, key: &str) -> Result<f64, String> {
        number(&self.0[key]).ok_or_else(|| format!("no number \"{key}\" in it"))
    }

    fn or(&self, key: &str, default: f64) -> Result<f64, String> {
        if self.0.get(key).is_none_or(Value::is_null) { Ok(default) } else { self.n(key) }
    }

    fn list(&self, key: &str) -> Result<&Vec<Value>, String> {
        self.0[key].as_array().ok_or_else(|| format!("no list \"{key}\" in it"))
    }

    fn numbers(&self, key: &str) -> Result<Vec<f64>, String> {
        let one = |v: &Value| if v.is_null() { Some(f64::NAN) } else { number(v) };
        self.list(key)?.iter().map(|v| one(v).ok_or_else(|| format!("{v} in \"{key}\" is no number"))).collect()
    }

    fn pair(&self) -> Result<Pair, String> {
        Ok(Pair::new(self.n("xc")?, self.n("nc")?, self.n("xb")?, self.n("nb")?))
    }

    fn blocks(&self) -> Result<Vec<Pair>, String> {
        let one = |v: &Value| match v {
            Value::Array(a) if a.len() >= 4 => {
                let at = |i: usize| number(&a[i]).ok_or_else(|| format!("{v} is no block"));
                Ok(Pair::new(at(0)?, at(1)?, at(2)?, at(3)?))
            }
            other => In(other).pair(),
        };
        self.list("blocks")?.iter().map(one).collect()
    }

    fn sums(&self) -> Result<Sums, String> {
        let mut s = Sums::default();
        for b in self.blocks()? {
            s.add(b);
        }
        Ok(s)
    }

    fn buckets(&self) -> Result<Vec<Bucket>, String> {
        let one = |v: &Value| {
            let (le, count) = match v {
                Value::Array(a) if a.len() >= 2 => (number(&a[0]), number(&a[1])),
                other => (number(&other["le"]), number(&other["count"])),
            };
            le.zip(count).map(|(le, count)| Bucket::new(le, count)).ok_or_else(|| format!("{v} is no bucket"))
        };
        self.list("buckets")?.iter().map(one).collect()
    }
}

fn number(v: &Value) -> Option<f64> {
    match v.as_str() {
        Some(s) => match s.trim_start_matches('+') {
            "Inf" | "inf" | "Infinity" => Some(f64::INFINITY),
            "-Inf" | "-inf" | "-Infinity" => Some(f64::NEG_INFINITY),
            "NaN" | "nan" => Some(f64::NAN),
            other => other.parse().ok(),
        },
        None => v.as_f64(),
    }
}

fn both(i: Interval) -> Got {
    Got::Nums(vec![i.lo, i.hi])
}

fn one(x: f64) -> Got {
    Got::Num(Some(x))
}

fn word(c: Call) -> Got {
    Got::Word(match c {
        Call::MuchWorse => "much_worse",
        Call::Worse => "worse",
        Call::Better => "better",
        Call::NoWorse => "no_worse",
        Call::Inconclusive => "inconclusive",
    })
}

/// The table. A name that is missing here is not built.
fn function(name: &str) -> Option<F> {
    Some(match name {
        "wilson" => |v| Ok(both(wilson::wilson(v.n("x")?, v.n("n")?))),
        "wilson_cc" => |v| Ok(both(wilson::wilson_cc(v.n("x")?, v.n("n")?))),
        "newcombe" => |v| Ok(both(newcombe(v.pair()?))),
        "newcombe_cc" => |v| Ok(both(newcombe_cc(v.pair()?))),
        "newcombe_cc_phi" => |v| Ok(both(newcombe_cc_phi(v.pair()?, v.n("phi")?))),
        "agresti_caffo" => |v| Ok(both(agresti_caffo(v.pair()?))),
        "verdict_one_look" => |v| Ok(word(verdict_one_look(v.pair()?, v.or("margin", 0.005)?))),
        "clean_needed" => |v| Ok(Got::Num(wilson::clean_needed(v.n("margin")?).map(|n| n as f64))),
        "n_required" => |v| {
            let (p0, p1, bound) = (v.n("p0")?, v.n("p1")?, v.n("bound")?);
            Ok(Got::Num(n_required(p0, p1, bound, v.n("ratio")?, v.or("phi", 1.0)?)))
        },
        "boundary" => |v| Ok(one(boundary_with(v.n("v")?, v.or("alpha", ALPHA_WHOLE)?, v.or("rho", 4.0)?))),
        "alpha_recent" => |v| {
            let k = v.n("k")?;
            if !(1.0..=1e9).contains(&k) || k.fract() != 0.0 {
                return Err(format!("{k} is no restart"));
            }
            Ok(one(alpha_recent(k as u32)))
        },
        "sums" => |v| {
            let s = v.sums()?;
            Ok(Got::Nums(vec![s.z, s.w, s.v(0.0), s.v(0.005)]))
        },
        "interval" => |v| Ok(both(v.sums()?.interval(v.or("phi", 1.0)?, v.or("alpha", ALPHA_WHOLE)?))),
        "verdict" => verdict,
        "simpson_demo" => simpson,
        "dispersion" => |v| {
            let mut d = Dispersion::default();
            v.blocks()?.into_iter().for_each(|b| d.add(b));
            Ok(one(d.phi_with(v.or("phi0", PHI0)?, v.or("nu", NU)?)))
        },
        "needed" => |v| {
            let (p0, p1, bound) = (v.n("p0")?, v.n("p1")?, v.n("bound")?);
            let (ratio, phi) = (v.n("ratio")?, v.or("phi", 1.0)?);
            Ok(Got::Num(needed(Plan { p0, p1, bound, ratio, phi, z0: v.or("z0", 0.0)?, v0: v.or("v0", 0.0)? })))
        },
        "circuit_breaker" => |v| Ok(Got::Flag(circuit_breaker(v.pair()?))),
        "burn_rate" => |v| Ok(Got::Num(burn::burn_rate(v.n("bad")?, v.n("total")?, v.n("slo")?))),
        "mwmb_factor" => |v| Ok(one(burn::mwmb_factor(v.n("budget_fraction")?, v.n("window_s")?, v.n("period_s")?))),
        "budget_remaining" => |v| Ok(Got::Num(burn::budget_remaining(v.n("bad")?, v.n("total")?, v.n("slo")?))),
        "time_to_exhaustion" => {
            |v| Ok(one(burn::time_to_exhaustion(v.n("remaining")?, v.n("burn")?, v.n("period_s")?)))
        }
        "rolling_time_to_exhaustion" => |v| {
            let (left, now, leaving) = (v.n("remaining")?, v.n("burn")?, v.n("burn_leaving")?);
            Ok(one(burn::rolling_time_to_exhaustion(left, now, leaving, v.n("period_s")?)))
        },
        "detection_time" => |v| Ok(one(burn::detection_time(v.n("burn")?, v.n("factor")?, v.n("long_s")?))),
        "burn_interval" => {
            |v| Ok(burn::burn_interval(v.n("bad")?, v.n("total")?, v.n("slo")?).map_or(Got::Nothing, both))
        }
        "counter_increase" => |v| Ok(Got::Num(counters::counter_increase(&v.numbers("samples")?))),
        "histogram_quantile" => |v| Ok(one(histogram::histogram_quantile(v.n("q")?, &v.buckets()?))),
        "quantile_interval" => {
            |v| Ok(histogram::quantile_interval(v.n("q")?, &v.buckets()?).map_or(Got::Nothing, both))
        }
        "mann_whitney_buckets" => |v| {
            let ranks = histogram::mann_whitney(&v.numbers("canary_cum")?, &v.numbers("baseline_cum")?);
            Ok(ranks.map_or(Got::Nothing, |r| Got::Nums(vec![r.auc, r.z])))
        },
        "ks_buckets" => |v| Ok(Got::Num(histogram::ks(&v.numbers("canary_cum")?, &v.numbers("baseline_cum")?))),
        "slow_share" => |v| {
            let bound = v.n("boundary_index")? as usize;
            let pair = histogram::slow_pair(&v.numbers("canary_cum")?, &v.numbers("baseline_cum")?, bound);
            Ok(pair.map_or(Got::Nothing, |p| both(newcombe_cc(p))))
        },
        _ => return None,
    })
}

/// By the searched interval, and by the point tests that the replay uses.
fn verdict(v: &In<'_>) -> Result<Got, String> {
    let (sums, m) = (v.sums()?, v.or("margin", 0.005)?);
    let (phi, alpha) = (v.or("phi", 1.0)?, v.or("alpha", ALPHA_WHOLE)?);
    let searched = call(sums.interval(phi, alpha), None, m);
    let points = decide(Instance { sums, alpha }, None, m, phi).0;
    if points != searched {
        return Err(format!("the limits say {searched:?}, the point tests {points:?}"));
    }
    Ok(word(searched))
}

fn simpson(v: &In<'_>) -> Result<Got, String> {
    let all = v.blocks()?;
    let t = all.iter().fold(Pair::default(), |t, b| Pair::new(t.xc + b.xc, t.nc + b.nc, t.xb + b.xb, t.nb + b.nb));
    let d = v.sums()?.d();
    Ok(d.map_or(Got::Nothing, |d| Got::Nums(vec![t.xc / t.nc - t.xb / t.nb, d])))
}

fn close(got: f64, want: f64, tol: &Value) -> bool {
    if got.is_nan() || want.is_nan() {
        return got.is_nan() && want.is_nan();
    }
    if !got.is_finite() || !want.is_finite() {
        return got == want;
    }
    let of = |key: &str| number(&tol[key]).unwrap_or(1e-9);
    (got - want).abs() <= of("abs") + of("rel") * want.abs()
}

fn passes(got: &Got, want: &Value, tol: &Value) -> bool {
    match got {
        Got::Num(None) | Got::Nothing => want.is_null(),
        Got::Num(Some(x)) => number(want).is_some_and(|w| close(*x, w, tol)),
        Got::Nums(xs) => want.as_array().is_some_and(|want| {
            let same = |(x, w): (&f64, &Value)| number(w).is_some_and(|w| close(*x, w, tol));
            xs.len() == want.len() && xs.iter().zip(want).all(same)
        }),
        Got::Word(w) => want == w,
        Got::Flag(f) => want == f,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every vector passes, the functions are these with these counts, and those left out are these.
    fn all_of(text: &str, passed: &[(&str, usize)], not_built: &[(&str, usize)]) {
        let report = run(text).unwrap();
        assert_eq!(report.failed, Vec::<String>::new());
        let own = |list: &[(&str, usize)]| list.iter().map(|(f, n)| ((*f).to_owned(), *n)).collect::<BTreeMap<_, _>>();
        assert_eq!(report.passed, own(passed));
        assert_eq!(report.not_built, own(not_built));
    }

    #[test]
    fn one_look() {
        all_of(
            include_str!("../core/judge/fixtures/one_look.json"),
            &[
                ("wilson", 11),
                ("wilson_cc", 6),
                ("newcombe", 18),
                ("newcombe_cc", 20),
                ("newcombe_cc_phi", 2),
                ("agresti_caffo", 6),
                ("verdict_one_look", 23),
                ("clean_needed", 3),
                ("n_required", 7),
            ],
            // What the reference compares with and says not to build.
            &[("ref_bayes_worse", 6), ("ref_fisher_greater", 3), ("ref_miettinen_nurminen", 2)],
        );
    }

    #[test]
    fn live_view() {
        all_of(
            include_str!("../core/judge/fixtures/avsd.json"),
            &[
                ("boundary", 9),
                ("alpha_recent", 3),
                ("sums", 14),
                ("interval", 27),
                ("verdict", 27),
                ("simpson_demo", 1),
                ("dispersion", 6),
                ("needed", 7),
                ("circuit_breaker", 5),
            ],
            &[],
        );
    }

    #[test]
    fn burn_rates_and_counters() {
        all_of(
            include_str!("../core/judge/fixtures/burn_rate.json"),
            &[
                ("burn_rate", 10),
                ("mwmb_factor", 6),
                ("budget_remaining", 5),
                ("time_to_exhaustion", 5),
                ("rolling_time_to_exhaustion", 2),
                ("detection_time", 4),
                ("burn_interval", 4),
            ],
            &[],
        );
        all_of(include_str!("../core/judge/fixtures/counters.json"), &[("counter_increase", 6)], &[]);
    }

    #[test]
    fn histograms() {
        all_of(
            include_str!("../core/judge/fixtures/histogram.json"),
            &[
                ("histogram_quantile", 20),
                ("quantile_interval", 2),
                ("mann_whitney_buckets", 4),
                ("ks_buckets", 4),
                ("slow_share", 2),
            ],
            &[],
        );
    }

    #[test]
    fn lenient_with_fields_and_strict_with_results() {
        let text = r#"[
            {"fn":"wilson","in":{"x":"0","n":10},"out":[0,0.2775327998628893],"tol":{"abs":1e-9}},
            {"fn":"burn_rate","in":{"bad":1,"total":10,"slo":1.0},"out":"+Inf"},
            {"fn":"burn_rate","in":{"bad":0,"total":0,"slo":0.9},"out":0},
            {"fn":"histogram_quantile","in":{"q":0.5,"buckets":[{"le":"+Inf","count":3}]},"out":"NaN"},
            {"id":"x-1","fn":"wilson","in":{"x":1},"out":[0,1]},
            {"fn":"wilson","in":{"x":0,"n":10}},
            {"fn":"hold_down","in":{},"out":[]}
        ]"#;
        let report = run(text).unwrap();
        assert_eq!(
            report.lines(),
            [
                "vector 3 burn_rate: got null, wanted 0",
                "x-1 wilson: no number \"n\" in it, wanted [0,1]",
                "vector 6 wilson: the vector has no \"out\"",
                "hold_down: not built (1 vectors)",
                "3 passed, 3 failed",
            ]
        );
        assert!(run("{}").is_err() && run("nonsense").is_err());
        assert_eq!(run("{\"fn\":\"noise\"}\n{\"fn\":\"noise\"}\n").unwrap().not_built["noise"], 2);
    }
}
