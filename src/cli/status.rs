//! `andon status`: what stands now, once the sources have answered. Asks, writes nothing, acts on nothing.

use super::headless;
use super::{ConsoleArgs, PlaceArgs, tell};
use crate::core::errand::code;
use crate::core::model::Model;
use crate::core::plain::show;
use crate::core::statement;
use std::io::Write;
use std::time::{Duration, Instant};

/// What has not answered by then is told as such.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn run(console: &ConsoleArgs, place: &PlaceArgs, json: bool) -> u8 {
    let began = Instant::now();
    let look = move |model: &Model, out: &mut dyn Write| {
        if !statement::is_whole(model) && began.elapsed() < PATIENCE {
            return None;
        }
        let done = if json {
            serde_json::to_string_pretty(&statement::json(model))
                .map_err(std::io::Error::other)
                .and_then(|text| writeln!(out, "{text}"))
        } else {
            show::status(model, true).0.iter().try_for_each(|l| writeln!(out, "{l}"))
        };
        let silent = statement::silent(model);
        for s in &silent {
            tell(s);
        }
        Some(match done {
            Err(_) => code::ERROR,
            Ok(()) if silent.is_empty() => code::OK,
            Ok(()) => code::UNREACHABLE,
        })
    };
    headless::run(console, place, headless::only_looks, Box::new(look))
}
