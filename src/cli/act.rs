//! `andon act`: what is asked for, handed to the core as an errand. No rule of acting is in here.

use super::headless::{self, arc};
use super::{ConsoleArgs, PlaceArgs};
use crate::core::act::plan::Verb;
use crate::core::errand::{Errand, Selector, Stage, Until, verb_of};
use clap::{Args, ValueEnum};

#[derive(Args, Debug, Clone)]
pub struct ActArgs {
    /// roll-back, hold, resume, promote, promote-full, skip-step, retry, re-run-analysis, terminate-analysis, restart
    #[arg(value_parser = verb)]
    pub verb: Verb,
    /// As many parts as it takes to be one: checkout, shop/checkout@eu-1, deployment/shop/cart@eu-1
    #[arg(value_name = "[[KIND/]NAMESPACE/]NAME[@SOURCE]")]
    pub target: Selector,
    /// The candidate you saw, version or hash; another one is another target
    #[arg(long, value_name = "CANDIDATE", required_unless_present = "dry_run")]
    pub expect: Option<String>,
    /// Roll back to this version or hash, not to the one before
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// The name, where one is due
    #[arg(long)]
    pub name: Option<String>,
    /// Why; kept as a note
    #[arg(long, value_name = "SENTENCE")]
    pub reason: Option<String>,
    /// Confirms: without it nothing is sent
    #[arg(long, required_unless_present = "dry_run")]
    pub yes: bool,
    /// Arms this one command, for an act that goes forward
    #[arg(long)]
    pub armed: bool,
    /// Promote past gates that block: needs --reason and --name, and owes four debts
    #[arg(long, requires = "reason")]
    pub emergency: bool,
    /// Print the plan, its requests, gates and readiness; send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// End well once it is so far
    #[arg(long, value_enum, default_value_t = Far::Settled)]
    pub until: Far,
    #[command(flatten)]
    pub place: PlaceArgs,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Far {
    Accepted,
    Seen,
    Settled,
}

fn verb(word: &str) -> Result<Verb, String> {
    verb_of(word).ok_or_else(|| {
        let all: Vec<String> = Verb::ALL.iter().map(|v| v.word().replace(' ', "-")).collect();
        format!("one of {}", all.join(", "))
    })
}

pub fn run(console: &ConsoleArgs, args: &ActArgs) -> u8 {
    let errand = Errand {
        verb: args.verb,
        target: args.target.clone(),
        back_to: arc(&args.to),
        expect: arc(&args.expect),
        name: arc(&args.name),
        reason: arc(&args.reason),
        armed: args.armed,
        emergency: args.emergency,
        dry_run: args.dry_run,
        until: match args.until {
            Far::Accepted => Until::Accepted,
            Far::Seen => Until::Seen,
            Far::Settled => Until::Settled,
        },
        stage: Stage::Looking,
        said: 0,
    };
    let dry = args.dry_run;
    headless::run(
        console,
        &args.place,
        |setup| {
            if dry {
                headless::only_looks(setup);
            }
            setup.model.errand = Some(Box::new(errand));
        },
        headless::nothing(),
    )
}
