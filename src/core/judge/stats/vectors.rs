//! The reference vectors against our functions. A function that is named in a file and neither built nor listed
//! as left out fails the test, and so does a count of vectors that changes: nothing can be skipped silently.

use super::avsd::{Instance, Sums, alpha_recent, boundary, circuit_breaker, decide};
use super::dispersion::Dispersion;
use super::needed::{Plan, needed};
use super::one_look::{n_required, newcombe_cc, newcombe_cc_phi, verdict_one_look};
use super::{Call, Interval, Pair, burn, call, counters, wilson};
use serde_json::Value;
use std::collections::BTreeMap;

enum Got {
    Num(Option<f64>),
    Nums(Vec<f64>),
    Word(&'static str),
    Flag(bool),
}

type F = fn(&Value) -> Got;

fn n(v: &Value, key: &str) -> f64 {
    v[key].as_f64().unwrap_or_else(|| panic!("no number {key} in {v}"))
}

fn pair(v: &Value) -> Pair {
    Pair::new(n(v, "xc"), n(v, "nc"), n(v, "xb"), n(v, "nb"))
}

fn blocks(v: &Value) -> Vec<Pair> {
    let list = v["blocks"].as_array().expect("blocks");
    let at = |b: &Value, i: usize| b[i].as_f64().expect("a count");
    list.iter().map(|b| Pair::new(at(b, 0), at(b, 1), at(b, 2), at(b, 3))).collect()
}

fn sums(v: &Value) -> Sums {
    let mut s = Sums::default();
    for b in blocks(v) {
        s.add(b);
    }
    s
}

fn both(i: Interval) -> Got {
    Got::Nums(vec![i.lo, i.hi])
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

/// By the searched interval, and by the point tests that the replay uses.
fn verdict(v: &Value) -> Got {
    let (sums, phi, alpha, m) = (sums(v), n(v, "phi"), n(v, "alpha"), n(v, "margin"));
    let searched = call(sums.interval(phi, alpha), None, m);
    assert_eq!(decide(Instance { sums, alpha }, None, m, phi), (searched, false));
    word(searched)
}

fn simpson(v: &Value) -> Got {
    let t =
        blocks(v).iter().fold(Pair::default(), |t, b| Pair::new(t.xc + b.xc, t.nc + b.nc, t.xb + b.xb, t.nb + b.nb));
    Got::Nums(vec![t.xc / t.nc - t.xb / t.nb, sums(v).d().unwrap()])
}

fn dispersion(v: &Value) -> Got {
    let mut d = Dispersion::default();
    blocks(v).into_iter().for_each(|b| d.add(b));
    Got::Num(Some(d.phi_with(n(v, "phi0"), n(v, "nu"))))
}

fn plan(v: &Value) -> Plan {
    let (p0, p1, bound) = (n(v, "p0"), n(v, "p1"), n(v, "bound"));
    Plan { p0, p1, bound, ratio: n(v, "ratio"), phi: n(v, "phi"), z0: 0.0, v0: 0.0 }
}

fn number(v: &Value) -> f64 {
    match v.as_str() {
        Some("NaN") => f64::NAN,
        Some("+Inf") => f64::INFINITY,
        Some("-Inf") => f64::NEG_INFINITY,
        Some(other) => panic!("{other}"),
        None => v.as_f64().expect("a number"),
    }
}

fn close(got: f64, want: f64, tol: &Value) -> bool {
    got == want || (got - want).abs() <= n(tol, "abs") + n(tol, "rel") * want.abs()
}

fn passes(got: &Got, want: &Value, tol: &Value) -> bool {
    match got {
        Got::Num(None) => want.is_null(),
        Got::Num(Some(x)) => !want.is_null() && close(*x, number(want), tol),
        Got::Nums(xs) => {
            let want = want.as_array().expect("a list");
            xs.len() == want.len() && xs.iter().zip(want).all(|(x, w)| close(*x, number(w), tol))
        }
        Got::Word(w) => want == w,
        Got::Flag(f) => want == f,
    }
}

fn run(file: &str, table: &[(&str, usize, F)], left_out: &[&str]) {
    let all: Value = serde_json::from_str(file).unwrap();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for v in all["vectors"].as_array().unwrap() {
        let name = v["fn"].as_str().unwrap();
        if left_out.contains(&name) {
            continue;
        }
        let (_, _, f) = table.iter().find(|t| t.0 == name).unwrap_or_else(|| panic!("{name} is not built"));
        *seen.entry(name).or_default() += 1;
        let got = f(&v["in"]);
        let shown = match &got {
            Got::Num(x) => format!("{x:?}"),
            Got::Nums(x) => format!("{x:?}"),
            Got::Word(w) => (*w).to_owned(),
            Got::Flag(b) => b.to_string(),
        };
        assert!(passes(&got, &v["out"], &v["tol"]), "{}: {shown}, wanted {}", v["id"], v["out"]);
    }
    for (name, count, _) in table {
        assert_eq!(seen.get(name), Some(count), "vectors of {name}");
    }
}

#[test]
fn one_look() {
    run(
        include_str!("../fixtures/one_look.json"),
        &[
            ("wilson", 11, |v| both(wilson::wilson(n(v, "x"), n(v, "n")))),
            ("wilson_cc", 6, |v| both(wilson::wilson_cc(n(v, "x"), n(v, "n")))),
            ("newcombe_cc", 20, |v| both(newcombe_cc(pair(v)))),
            ("newcombe_cc_phi", 2, |v| both(newcombe_cc_phi(pair(v), n(v, "phi")))),
            ("verdict_one_look", 23, |v| word(verdict_one_look(pair(v), n(v, "margin")))),
            ("clean_needed", 3, |v| Got::Num(wilson::clean_needed(n(v, "margin")).map(|n| n as f64))),
            ("n_required", 7, |v| Got::Num(n_required(n(v, "p0"), n(v, "p1"), n(v, "bound"), n(v, "ratio"), 1.0))),
        ],
        // Methods the reference compares with and does not choose.
        &["newcombe", "agresti_caffo", "ref_bayes_worse", "ref_fisher_greater", "ref_miettinen_nurminen"],
    );
}

#[test]
fn live_view() {
    run(
        include_str!("../fixtures/avsd.json"),
        &[
            ("boundary", 9, |v| Got::Num(Some(boundary(n(v, "v"), n(v, "alpha"))))),
            ("alpha_recent", 3, |v| Got::Num(Some(alpha_recent(n(v, "k") as u32)))),
            ("sums", 14, |v| {
                let s = sums(v);
                Got::Nums(vec![s.z, s.w, s.v(0.0), s.v(0.005)])
            }),
            ("interval", 27, |v| both(sums(v).interval(n(v, "phi"), n(v, "alpha")))),
            ("verdict", 27, verdict),
            ("simpson_demo", 1, simpson),
            ("dispersion", 6, dispersion),
            ("needed", 7, |v| Got::Num(needed(plan(v)))),
            ("circuit_breaker", 5, |v| Got::Flag(circuit_breaker(pair(v)))),
        ],
        &[],
    );
}

#[test]
fn burn_rates() {
    run(
        include_str!("../fixtures/burn_rate.json"),
        &[
            ("burn_rate", 10, |v| Got::Num(burn::burn_rate(n(v, "bad"), n(v, "total"), n(v, "slo")))),
            ("mwmb_factor", 6, |v| {
                Got::Num(Some(burn::mwmb_factor(n(v, "budget_fraction"), n(v, "window_s"), n(v, "period_s"))))
            }),
            ("budget_remaining", 5, |v| Got::Num(burn::budget_remaining(n(v, "bad"), n(v, "total"), n(v, "slo")))),
            ("time_to_exhaustion", 5, |v| {
                Got::Num(Some(burn::time_to_exhaustion(n(v, "remaining"), n(v, "burn"), n(v, "period_s"))))
            }),
            ("rolling_time_to_exhaustion", 2, |v| {
                let (left, burn_now, leaving) = (n(v, "remaining"), n(v, "burn"), n(v, "burn_leaving"));
                Got::Num(Some(burn::rolling_time_to_exhaustion(left, burn_now, leaving, n(v, "period_s"))))
            }),
            ("detection_time", 4, |v| {
                Got::Num(Some(burn::detection_time(n(v, "burn"), n(v, "factor"), n(v, "long_s"))))
            }),
            ("burn_interval", 4, |v| both(burn::burn_interval(n(v, "bad"), n(v, "total"), n(v, "slo")).unwrap())),
        ],
        &[],
    );
}

#[test]
fn counter_resets() {
    run(
        include_str!("../fixtures/counters.json"),
        &[("counter_increase", 6, |v| {
            let samples = v["samples"].as_array().unwrap();
            let samples: Vec<f64> = samples.iter().map(|s| s.as_f64().unwrap()).collect();
            Got::Num(counters::counter_increase(&samples))
        })],
        &[],
    );
}
