//! `andon wait`: looks at one target until something is true of it. Asks, writes nothing, acts on nothing.

use super::headless;
use super::{ConsoleArgs, PlaceArgs};
use crate::config::duration::millis;
use crate::core::errand::{Selector, code};
use crate::core::model::Model;
use crate::core::plain;
use crate::core::statement::{self, Condition};
use crate::core::world::target::{Phase, TargetState};
use clap::Args;
use std::io::Write;
use std::time::Instant;

#[derive(Args, Debug, Clone)]
pub struct WaitArgs {
    /// As many parts as it takes to be one: checkout, shop/checkout@eu-1
    #[arg(value_name = "[[KIND/]NAMESPACE/]NAME[@SOURCE]")]
    pub target: Selector,
    /// settled, moving, held, gate, aborted, degraded, worse, higher, same, better, runs=VERSION; default: settled
    #[arg(long, value_name = "CONDITION")]
    pub until: Option<Condition>,
    /// Give up after this: 90s, 10m, 2h
    #[arg(long, default_value = "10m", value_parser = span)]
    pub timeout: i64,
    #[command(flatten)]
    pub place: PlaceArgs,
}

fn span(text: &str) -> Result<i64, String> {
    millis(text).and_then(|ms| i64::try_from(ms).ok()).ok_or_else(|| format!("{text:?} is no span like 90s, 10m, 2h"))
}

pub fn run(console: &ConsoleArgs, args: &WaitArgs) -> u8 {
    let (args, began, mut said) = (args.clone(), Instant::now(), String::new());
    let place = args.place.clone();
    let look = move |model: &Model, out: &mut dyn Write| {
        let late = began.elapsed().as_millis() >= u128::try_from(args.timeout).unwrap_or(0);
        let mut tell = |text: String| {
            if text != said {
                let _ = writeln!(out, "{}", plain::line(&text));
                said = text;
            }
        };
        let found: Vec<&TargetState> = model.world.targets.values().filter(|t| args.target.fits(t)).collect();
        let one = match found.as_slice() {
            [one] => *one,
            [] => {
                return missing(model, &args.target, late).map(|(code, why)| {
                    tell(why);
                    code
                });
            }
            several => {
                let names: Vec<String> = several.iter().map(|t| Selector::exact(t)).collect();
                tell(format!("{} is more than one target: {}", args.target, names.join(", ")));
                return Some(code::USAGE);
            }
        };
        let old = statement::is_old(model, one);
        tell(statement::line(model, one));
        // What is old may have been true: it ends nothing.
        match (&args.until, old) {
            (_, true) => {}
            (Some(c), false) if c.holds(model, one) => return Some(code::CONDITION_MET),
            (None, false) if Condition::Settled.holds(model, one) => return Some(code::OK),
            (None, false) if one.observed && (one.aborted || one.phase == Phase::Degraded) => {
                tell(format!("it does not go on by itself: {}", one.message));
                return Some(code::STUCK);
            }
            (Some(_) | None, false) => {}
        }
        late.then(|| {
            tell("the time is up".to_owned());
            if old { code::UNREACHABLE } else { code::ERROR }
        })
    };
    headless::run(console, &place, headless::only_looks, Box::new(look))
}

/// No target fits: not yet, not at all, or nobody could say.
fn missing(model: &Model, target: &Selector, late: bool) -> Option<(u8, String)> {
    let silent = statement::silent(model);
    // What is still being judged would not bring it either.
    if silent.is_empty() {
        return Some((code::NOT_FOUND, format!("there is no {target} in {}", model.environment.name)));
    }
    late.then(|| (code::UNREACHABLE, silent.join("; ")))
}
