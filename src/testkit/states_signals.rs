//! The named states of the judgement: several signals, pictures, pages of single figures.

use super::picture::Picture;
use super::states::at;
use super::stories::{self, judged, worse};
use super::world::World;
use crate::core::world::figures::Signal;
use crate::core::world::telemetry::TrendOf;

pub(super) fn signals() -> Vec<Picture> {
    let mut all = vec![
        at("verdict/three-signals", "Errors, latency and correctness are measured, and all say the same.", three),
        at("verdict/latency-worse", "Errors say nothing; latency is worse: both are said.", latency_worse),
        at(
            "verdict/not-alike",
            "The canary looks as good, and gets other requests than stable: SAME says less.",
            not_alike,
        ),
        at("verdict/figure-chosen", "A figure is chosen with left and right; enter explains it alone.", || {
            let mut w = worse();
            w.keys("right right right right");
            w
        }),
        at("board/figure-chosen", "On the Board the figures of the chosen row.", || {
            let mut w = stories::worse_on(crate::core::model::Place::Prod, "b");
            w.keys("right right");
            w
        }),
        at(
            "explain/figure",
            "One figure: what it says, the sum, the counts, the query, the source, its picture.",
            || {
                let mut w = pictured();
                w.keys("right right right right enter");
                w
            },
        ),
        at("explain/figure-missing", "A figure that is missing says why.", || {
            let mut w = judged(600, (0.0, 0.0), (2_700.0, 0.6));
            w.keys("right right right enter");
            w
        }),
        at("explain/readiness", "A figure without telemetry names its source and when it was read.", || {
            let mut w = worse();
            w.keys("left left enter");
            w
        }),
        at("explain/three-signals", "How a verdict on three signals was computed.", || {
            let mut w = three();
            w.keys("enter");
            w
        }),
        at("explain/pictures", "z: the pictures of what is chosen, one below the other.", || {
            let mut w = pictured();
            w.keys("z");
            w
        }),
        at("explain/pictures-ascii", "The same where the terminal has no more than ASCII.", || {
            let mut w = pictured();
            w.keys("z");
            w
        }),
        at("explain/pictures-blocks", "The same in blocks.", || {
            let mut w = pictured();
            w.keys("z ctrl-d");
            w
        }),
    ];
    let wide = |path, caption, size, make| Picture { path, caption, size, make };
    all.extend([
        wide("layout/pictures-160x40", "Side by side, with what has room of the pictures.", (160, 40), pictured),
        wide("layout/pictures-200x50", "Failures with their band, and burn with its line.", (200, 50), pictured),
        wide("layout/pictures-200x50-blocks", "The same in blocks.", (200, 50), pictured),
        wide("layout/pictures-200x50-ascii", "The same in ASCII.", (200, 50), pictured),
    ]);
    all
}

fn three() -> World {
    let mut w = judged(1_200, (900.0, 0.2), (2_700.0, 0.6));
    w.signal("checkout", Signal::Latency, (900.0, 9.0), (2_700.0, 27.0));
    w.signal("checkout", Signal::Correctness, (300.0, 0.0), (900.0, 0.0));
    w.quantiles("checkout", [0.04, 0.12, 0.29], [0.04, 0.12, 0.28]);
    w.memory("checkout", (412.0, 2.0), (409.0, 1.0));
    w
}

fn latency_worse() -> World {
    let mut w = judged(1_200, (900.0, 0.2), (2_700.0, 0.6));
    w.signal("checkout", Signal::Latency, (900.0, 279.0), (2_700.0, 108.0));
    w.quantiles("checkout", [0.12, 0.61, 1.3], [0.04, 0.12, 0.28]);
    w
}

fn not_alike() -> World {
    let mut w = judged(1_200, (900.0, 0.2), (2_700.0, 0.6));
    w.routes("checkout", &[("/", 3_800.0), ("/pay", 40.0)], &[("/", 6_000.0), ("/pay", 3_000.0)]);
    w.figures("checkout", 1_200, (900.0, 0.2), (2_700.0, 0.6));
    w
}

/// The failing canary with everything a source can tell, and a gap in the courses.
pub fn pictured() -> World {
    let mut w = worse();
    let rising = |n: usize, from: usize, to: f64| -> Vec<f64> {
        (0..n)
            .map(|i| if i < from { 0.0004 } else { 0.0004 + (to - 0.0004) * (i - from) as f64 / (n - from) as f64 })
            .collect()
    };
    let mut short = rising(60, 54, 0.022);
    short[30..36].fill(f64::NAN);
    w.trend("checkout", TrendOf::ErrorsShort, &short);
    w.trend("checkout", TrendOf::ErrorsLong, &rising(60, 54, 0.0021));
    let mut failing = rising(60, 54, 0.022);
    failing[20..24].fill(f64::NAN);
    w.trend("checkout", TrendOf::FailureRate, &failing);
    w.trend("search", TrendOf::FailureRate, &rising(60, 60, 0.0));
    w.trend("payments", TrendOf::FailureRate, &[0.002; 60]);
    w.trend("checkout", TrendOf::P99, &rising(60, 50, 1.3).iter().map(|v| v + 0.28).collect::<Vec<_>>());
    let memory: Vec<f64> = (0..60).map(|i| (400.0 + f64::from(i)) * 1_048_576.0).collect();
    w.trend("checkout", TrendOf::Memory, &memory);
    w.quantiles("checkout", [0.12, 0.61, 1.3], [0.04, 0.12, 0.28]);
    w.memory("checkout", (460.0, 60.0), (409.0, 1.0));
    w.signal("checkout", Signal::Latency, (216.0, 67.0), (1_948.0, 78.0));
    w
}
