//! The command line: what is asked for, and which file answers. No rules of its own.

pub mod config;
pub mod console;
mod diagnostics;
#[cfg(feature = "testkit")]
mod fall;
pub mod identity;
pub mod log;
pub mod out;
pub mod pages;
mod plain;
pub mod replay;
mod reset;
pub mod setup;
mod ssh;
mod version;

use crate::backends::net::secret;
use crate::core::nav::At;
use crate::journal::redact;
use clap::{Args, Parser, Subcommand};
use out::{code, tell};
use std::path::PathBuf;

/// The terminal incident console: what moves, whether it is worse, and the way back.
///
/// Without arguments: a list of the kubeconfig's contexts, or a drill when there is none.
#[derive(Parser, Debug)]
#[command(name = "andon", version)]
pub struct Cli {
    #[command(flatten)]
    pub console: ConsoleArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Args, Debug, Clone, Default)]
pub struct ConsoleArgs {
    /// Look at this context of the kubeconfig; needs no config file
    #[arg(long)]
    pub context: Option<String>,
    /// A Prometheus beside it
    #[arg(long, requires = "context", value_name = "URL")]
    pub prom: Option<String>,
    /// Only this namespace
    #[arg(long, requires = "context")]
    pub namespace: Option<String>,
    /// Open this environment of the config
    #[arg(long, conflicts_with = "context", value_name = "NAME")]
    pub env: Option<String>,
    /// Open at this place: checkout, checkout@eu-1, checkout@eu-1/board
    #[arg(long, global = true, value_name = "SERVICE[@SOURCE][/SCREEN]")]
    pub at: Option<At>,
    /// No act at all in this session
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Who is at the keys, when the account is shared
    #[arg(long = "as", global = true, value_name = "NAME")]
    pub claimed: Option<String>,
    /// default, vim, emacs, k9s, or a file of yours
    #[arg(long, global = true, value_name = "NAME")]
    pub keymap: Option<String>,
    /// Wheel and select with the mouse; it never acts
    #[arg(long, global = true)]
    pub mouse: bool,
    /// Ring once for new trouble, at most every 10 s
    #[arg(long, global = true)]
    pub bell: bool,
    /// Name the terminal's window: place, arming, how many are worse
    #[arg(long, global = true)]
    pub title: bool,
    /// auto, always, never, 16, 256 or true
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<String>,
    /// A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// What moves by itself moves in steps of five seconds
    #[arg(long, global = true)]
    pub reduced_motion: bool,
    /// Plain ASCII glyphs
    #[arg(long, global = true)]
    pub ascii: bool,
    /// A slow line: at most two frames a second
    #[arg(long, global = true)]
    pub slow: bool,
    /// No screen: one line for each event, acts by typed words (docs/plain.md)
    #[arg(long, global = true)]
    pub plain: bool,
    /// No time of day on screen
    #[arg(long, global = true)]
    pub no_clock: bool,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Play a drill in a simulated world; nothing real is reached
    Drill {
        /// f1 or calm
        #[arg(default_value = "f1")]
        scenario: String,
        /// World seconds a second, 1 to 60
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=60))]
        speed: u32,
        /// The same seed plays the same drill
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// The incident log
    #[command(subcommand)]
    Log(LogCommand),
    /// Play a tape again: the same effects, the same last screen
    Replay {
        /// A `.tape` file
        tape: PathBuf,
    },
    /// The files of this user
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Put this terminal back after a console that was killed
    ResetTerminal,
    /// What this program was built from
    Version {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// A completion script for a shell, on stdout
    Completions { shell: clap_complete::Shell },
    /// A manual page, on stdout: `andon man log tail | man -l -`
    Man {
        /// The command it is about; default: andon as a whole
        command: Vec<String>,
    },
}

#[derive(Subcommand, Debug)]
pub enum LogCommand {
    /// The newest lines
    Tail {
        #[arg(short = 'n', default_value_t = 20)]
        lines: usize,
        /// A log directory; default: that of the environment
        #[arg(long)]
        dir: Option<PathBuf>,
        /// The environment; default: whichever was written to last
        #[arg(long)]
        env: Option<String>,
    },
    /// Check the chain of log files, or of all in a directory
    Verify {
        /// Files or directories; default: that of the environment
        paths: Vec<PathBuf>,
        /// The environment; default: whichever was written to last
        #[arg(long)]
        env: Option<String>,
    },
}

#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Tell every problem of a config at once
    Check {
        /// Default: the files of this user
        file: Option<PathBuf>,
    },
    /// Every setting in force, as the console would take it; never a secret
    Show {
        /// Where each value comes from: flag, variable, file and line, default
        #[arg(long)]
        origin: bool,
        /// As JSON, origins included
        #[arg(long)]
        json: bool,
    },
    /// The JSON schema of the config file
    Schema,
}

/// Run what was asked for; the exit code (limits.md section 6).
pub fn run() -> u8 {
    redact::also(redact::Known { find: secret::find, blot: secret::blot });
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version go to stdout with 0; a wrong word is 2.
            let code = u8::from(e.use_stderr()) * 2;
            let told = if e.use_stderr() { out::tell_lines(&e.render().to_string()) } else { e.print() };
            return if told.is_err() { 141 } else { code };
        }
    };
    let mut out = out::stdout();
    match cli.command {
        None => console::run(&cli.console, None),
        Some(Command::Drill { scenario, speed, seed }) => {
            console::run(&cli.console, Some(setup::DrillWish { scenario, speed, seed }))
        }
        Some(Command::Log(LogCommand::Tail { lines, dir, env })) => {
            let dir = dir.unwrap_or_else(|| setup::log_of(env.as_deref()));
            let done = log::tail(&dir, lines, &mut out);
            code(done, &mut out)
        }
        Some(Command::Log(LogCommand::Verify { paths, env })) => {
            let paths = if paths.is_empty() { vec![setup::log_of(env.as_deref())] } else { paths };
            let done = log::verify(&paths, &mut out);
            code(done, &mut out)
        }
        Some(Command::ResetTerminal) => reset::run(),
        Some(Command::Replay { tape }) => replay::run(&tape, &mut out),
        Some(Command::Config(ConfigCommand::Check { file })) => {
            let done = config::check(file.as_deref(), &mut out);
            code(done, &mut out)
        }
        Some(Command::Config(ConfigCommand::Show { origin, json })) => {
            let done = config::show(&cli.console, origin, json, &mut out);
            code(done, &mut out)
        }
        Some(Command::Config(ConfigCommand::Schema)) => {
            let done = config::schema(&mut out);
            code(done, &mut out)
        }
        Some(Command::Version { json }) => {
            let done = version::version(json, &mut out);
            code(done, &mut out)
        }
        Some(Command::Completions { shell }) => {
            let done = out.own(&pages::completions(shell)).map(|()| 0);
            code(done, &mut out)
        }
        Some(Command::Man { command }) => match pages::one(&command) {
            Ok(page) => {
                let done = out.own(&page).map(|()| 0);
                code(done, &mut out)
            }
            Err(e) => {
                tell(&e.to_string());
                2
            }
        },
    }
}
