//! How often the verdict is wrong and how long it takes to be right, through the whole pipeline of
//! `testkit::pipeline`: limits.md section 5, rows "identical tracks" and "detection", and what it says after ten minutes
//! at each size of effect, beside two other rules on the same blocks.
//!
//! `cargo bench --bench judge -- [ROLLOUTS] [identical] [detection] [ten]`: 2,000 and all three by default; about two
//! minutes.

use andon::core::judge::verdict::Word;
use andon::testkit::pipeline::{Run, many};
use andon::testkit::trials::{Outcome, Trial, median, part};

/// Seconds between scrapes: what Prometheus does unless told otherwise.
const SCRAPE: i64 = 15;
const TEN_MINUTES: i64 = 600;

fn main() {
    let n: u32 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(2_000);
    println!("{n} rollouts each, 200 req/s, 5 % of them on the candidate (10 req/s), stable fails 1 %, limit 0.5 pp\n");
    let named: Vec<String> =
        std::env::args().skip(1).filter(|a| ["identical", "detection", "ten"].contains(&a.as_str())).collect();
    let wanted = |part: &str| named.is_empty() || named.iter().any(|n| n == part);
    if wanted("identical") {
        identical(n);
    }
    if wanted("detection") {
        detection(n);
    }
    if wanted("ten") {
        after_ten_minutes(n);
    }
}

fn outcomes(trial: &Trial, n: u32, scrape: i64) -> Vec<Outcome> {
    many(trial, n, scrape).iter().map(Run::outcome).collect()
}

fn percent(x: f64) -> String {
    format!("{:.1} %", x * 100.0)
}

fn identical(n: u32) {
    println!("identical tracks, 30 minutes, looked at with every block");
    println!("| tracks | WORSE | WORSE or HIGHER | limit |\n| --- | --- | --- | --- |");
    for (what, trial, limit) in [
        ("independent, 1 %", Trial::usual(), "2.5 %"),
        ("independent, 0.1 %", Trial { p: 0.001, ..Trial::usual() }, "2.5 %"),
        ("shared spike x5", Trial { spike: true, ..Trial::usual() }, "2.5 %"),
        ("shared drift x3, share 5 to 50 %", Trial { ramp: true, ..Trial::usual() }, "2.5 %"),
        ("clusters of 2", Trial { cluster: 2.0, ..Trial::usual() }, "8 %"),
    ] {
        let all = outcomes(&trial, n, SCRAPE);
        let (w, h) = (part(&all, |o| o.worse.is_some()), part(&all, |o| o.worse_or_higher.is_some()));
        println!("| {what} | {} | {} | {limit} |", percent(w), percent(h));
    }
}

fn detection(n: u32) {
    println!("\ndetection, median seconds from the first bad request to the word (found in)");
    println!("| effect | scrape | HIGHER or WORSE | WORSE | limit |\n| --- | --- | --- | --- | --- |");
    for (what, d, from, limit) in
        [("+5 pp", 0.05, 0, 40), ("+1 pp", 0.01, 0, 200), ("+1 pp from 17.5 min on", 0.01, 1050, 400)]
    {
        for scrape in [5, SCRAPE] {
            let trial = Trial { d, worse_from: from, secs: 2700, ..Trial::usual() };
            let all: Vec<Outcome> = outcomes(&trial, n, scrape)
                .into_iter()
                // What was said before there was anything to find is a false alarm, not a detection.
                .filter(|o| o.worse_or_higher.is_none_or(|t| t > from))
                .collect();
            let secs = |f: fn(&Outcome) -> Option<i64>| {
                let found = percent(part(&all, |o| f(o).is_some()));
                median(&all, f).map_or_else(|| format!("- ({found})"), |s| format!("{} s ({found})", s - from))
            };
            let (h, w) = (secs(|o| o.worse_or_higher), secs(|o| o.worse));
            println!("| {what} | {scrape} s | {h} | {w} | {limit} s |");
        }
    }
    let all = outcomes(&Trial { d: 0.005, ..Trial::usual() }, n, SCRAPE);
    println!(
        "\nfalse SAME at +0.5 pp, at any look of 30 minutes: {} (limit 2.5 %)",
        percent(part(&all, |o| o.same.is_some()))
    );
}

fn after_ten_minutes(n: u32) {
    println!("\nafter ten minutes");
    println!("| true effect | WORSE | HIGHER | SAME | UNSURE | threshold has alarmed | rank test has alarmed |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for d in [0.0, 0.0025, 0.005, 0.01, 0.02, 0.05] {
        let runs = many(&Trial { d, secs: TEN_MINUTES, ..Trial::usual() }, n, SCRAPE);
        let said = |f: &dyn Fn(&Word) -> bool| {
            let hits = runs.iter().filter(|r| r.at(TEN_MINUTES).is_some_and(|w| f(&w))).count();
            percent(hits as f64 / f64::from(n))
        };
        let alarmed = |f: &dyn Fn(&Run) -> bool| percent(runs.iter().filter(|r| f(r)).count() as f64 / f64::from(n));
        println!(
            "| +{} pp | {} | {} | {} | {} | {} | {} |",
            d * 100.0,
            said(&|w| *w == Word::Worse),
            said(&|w| *w == Word::Higher),
            said(&|w| matches!(w, Word::Same | Word::Better)),
            said(&|w| matches!(w, Word::Unsure(_))),
            alarmed(&|r| r.threshold(TEN_MINUTES).is_some()),
            alarmed(&|r| r.rank_test(TEN_MINUTES).is_some()),
        );
    }
}
