//! Reference vectors through the product's own functions: `cargo run --example vectors -- FILE.json ..`
//!
//! Prints each mismatch, what is not built, and at the end `N passed, M failed`. The exit code is 1 if any failed.

use andon::testkit::vectors::{Report, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        eprintln!("usage: cargo run --example vectors -- FILE.json ..");
        return ExitCode::from(2);
    }
    let mut all = Report::default();
    for file in &files {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(why) => {
                eprintln!("{file}: {why}");
                return ExitCode::from(2);
            }
        };
        match run(&text) {
            Ok(report) => {
                for (f, n) in report.passed {
                    *all.passed.entry(f).or_default() += n;
                }
                for (f, n) in report.not_built {
                    *all.not_built.entry(f).or_default() += n;
                }
                all.failed.extend(report.failed);
            }
            Err(why) => {
                eprintln!("{file}: {why}");
                return ExitCode::from(2);
            }
        }
    }
    for line in all.lines() {
        println!("{line}");
    }
    if all.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
