//! The command line: what is asked for, and which file answers. No rules of its own.

mod act;
pub mod config;
pub mod console;
mod diagnostics;
mod doctor;
pub mod drill;
#[cfg(feature = "testkit")]
mod fall;
mod figures;
mod headless;
pub mod identity;
pub mod log;
pub mod out;
pub mod pages;
mod plain;
pub mod replay;
pub mod report;
mod reset;
mod runbook;
pub mod setup;
mod ssh;
mod status;
mod version;
mod wait;

use crate::backends::net::secret;
use crate::core::nav::At;
use crate::journal::export::Which;
use crate::journal::redact;
use clap::{Args, Parser, Subcommand};
use log::choose::{FromArgs, WhichArgs};
use log::export::Form;
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

/// Which environment a command without a screen looks at.
#[derive(Args, Debug, Clone, Default)]
pub struct PlaceArgs {
    /// This environment of the config; default: the only one
    #[arg(long, conflicts_with_all = ["context", "drill"], value_name = "NAME")]
    pub env: Option<String>,
    /// This context of the kubeconfig; needs no config file
    #[arg(long, conflicts_with = "drill")]
    pub context: Option<String>,
    /// A Prometheus beside it
    #[arg(long, requires = "context", value_name = "URL")]
    pub prom: Option<String>,
    /// Only this namespace
    #[arg(long, requires = "context")]
    pub namespace: Option<String>,
    /// A drill's simulated world, from its beginning
    #[arg(long, value_name = "SCENARIO")]
    pub drill: Option<String>,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Play a drill in a simulated world; nothing real is reached
    ///
    /// Without a word: play it on the screen. Exit codes: 0, 1 a file is at fault, 2 wrong words, 5 no such scenario or run.
    Drill(drill::DrillArgs),
    /// One act without a screen: the same plan, guards, gates and records as in the console
    ///
    /// Exit codes: 0 settled, 2 wrong words, 4 login, 5 no such target or version, 6 refused, 7 outcome unknown, 8 stuck,
    /// 9 the log cannot be written, 11 the source does not answer.
    Act(act::ActArgs),
    /// Wait until a target has settled, or until something else is true of it
    ///
    /// Exit codes: 0 settled, 10 the condition of --until is met, 1 the time is up, 5 no such target, 8 it is degraded or
    /// aborted and nothing goes on by itself, 11 the source does not answer.
    Wait(wait::WaitArgs),
    /// What stands now, once: a line a service, or everything as JSON
    ///
    /// Exit codes: 0, or 11 when a source does not answer; what is known is printed all the same.
    Status {
        #[command(flatten)]
        place: PlaceArgs,
        /// Every source, service and target, with ages and verdicts
        #[arg(long)]
        json: bool,
    },
    /// What is missing before an incident: config, sources, rights, and what can be judged of each service
    ///
    /// Each preset is tried on each Prometheus. Exit codes: 0 nothing is missing, 1 more than 3 % of the services lack
    /// something, 3 config, 4 login, 11 a source does not answer.
    Doctor {
        #[command(flatten)]
        place: PlaceArgs,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// The incident log
    #[command(subcommand)]
    Log(LogCommand),
    /// Draft a postmortem from the incident log, as Markdown on stdout
    ///
    /// Of the newest incident; without one, of a drill's whole session, or of a span that is named. Every sentence names
    /// the records it rests on.
    #[command(args_conflicts_with_subcommands = true)]
    Report {
        #[command(flatten)]
        args: ReportArgs,
        #[command(subcommand)]
        what: Option<ReportCommand>,
    },
    /// Runbooks: what there is, one in full, what they lack, a new one
    #[command(subcommand)]
    Runbook(runbook::RunbookCommand),
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
        /// Go on with new ones as they are written, of all sessions
        #[arg(short, long)]
        follow: bool,
        /// A log directory; default: that of the environment
        #[arg(long)]
        dir: Option<PathBuf>,
        /// The environment; default: whichever was written to last
        #[arg(long)]
        env: Option<String>,
    },
    /// Whole records: every member, requests, answers, what was seen
    Show {
        /// One record, 12@7f3a: its number and its session
        #[arg(value_name = "SEQ@SESSION")]
        record: Option<String>,
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        from: FromArgs,
    },
    /// The log for other programs and other people, with the head of every file it rests on
    Export {
        /// Files or directories; default: those of the environment
        paths: Vec<PathBuf>,
        #[arg(long, value_enum)]
        format: Form,
        /// Into this file; default: stdout
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        from: FromArgs,
    },
    /// A log as a timeline on the real screens: nothing is asked, done or written
    Replay {
        /// Files or directories; default: those of the environment
        paths: Vec<PathBuf>,
        /// From the beginning of this incident to its end
        #[arg(long, value_name = "ID")]
        incident: Option<String>,
        /// Log seconds a second, 1 to 60
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
        speed: u32,
        /// What came before is there at once
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// It ends here
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        #[command(flatten)]
        from: FromArgs,
    },
    /// Check the chain of log files, or of all in a directory
    Verify {
        /// Files or directories; default: that of the environment
        paths: Vec<PathBuf>,
        /// A log directory; default: that of the environment
        #[arg(long)]
        dir: Option<PathBuf>,
        /// The environment; default: whichever was written to last
        #[arg(long)]
        env: Option<String>,
    },
}

/// Which log, and where the report goes.
#[derive(Args, Debug, Clone, Default)]
pub struct ReportFrom {
    /// A log directory; default: that of the environment
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// The environment; default: whichever was written to last
    #[arg(long)]
    pub env: Option<String>,
    /// Into this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Args, Debug, Clone, Default)]
pub struct ReportArgs {
    #[command(flatten)]
    pub from: ReportFrom,
    /// Of this incident
    #[arg(long, value_name = "ID")]
    pub incident: Option<String>,
    /// From then on: 2h, 03:00, 2026-11-21T03:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Until then
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// One HTML file with pictures; needs no network
    #[arg(long, conflicts_with = "json")]
    pub html: bool,
    /// As JSON: sentences and the records they rest on
    #[arg(long)]
    pub json: bool,
}

#[derive(Subcommand, Debug)]
pub enum ReportCommand {
    /// What the next shift has to know, on one screen
    Handover {
        #[command(flatten)]
        from: ReportFrom,
        /// The shift began then: 12h, 03:00, 2026-11-21T03:00Z
        #[arg(long, value_name = "WHEN", default_value = "12h")]
        since: String,
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
        Some(Command::Drill(args)) => {
            if matches!(args.what, None | Some(drill::What::Run { keys: None, .. })) {
                drop(out);
                drill::on_screen(&cli.console, &args)
            } else {
                drill::run(&args, &mut out)
            }
        }
        Some(Command::Act(args)) => {
            drop(out);
            act::run(&cli.console, &args)
        }
        Some(Command::Wait(args)) => {
            drop(out);
            wait::run(&cli.console, &args)
        }
        Some(Command::Status { place, json }) => {
            drop(out);
            status::run(&cli.console, &place, json)
        }
        Some(Command::Doctor { place, json }) => doctor::run(&cli.console, &place, json, &mut out),
        Some(Command::Log(LogCommand::Tail { lines, follow, dir, env })) => {
            let dir = dir.unwrap_or_else(|| setup::log_of(env.as_deref()));
            let done = if follow { log::follow::tail(&dir, lines, &mut out) } else { log::tail(&dir, lines, &mut out) };
            code(done, &mut out)
        }
        Some(Command::Log(LogCommand::Show { record, which, from })) => {
            let paths = from.paths(Vec::new());
            let record = record.as_deref().map(log::choose::record).transpose();
            match record.and_then(|record| Ok(Which { record, ..which.which(&paths)? })) {
                Ok(which) => {
                    let done = log::show(&paths, &which, &mut out);
                    code(done, &mut out)
                }
                Err(why) => {
                    tell(&why);
                    2
                }
            }
        }
        Some(Command::Log(LogCommand::Export { paths, format, output, which, from })) => {
            // It writes through a gate of its own.
            drop(out);
            let paths = from.paths(paths);
            match which.which(&paths) {
                Ok(which) => log::export::run(&paths, &which, format, output.as_deref()),
                Err(why) => {
                    tell(&why);
                    2
                }
            }
        }
        Some(Command::Log(LogCommand::Replay { paths, incident, speed, since, until, from })) => {
            drop(out);
            let paths = from.paths(paths);
            let times = WhichArgs { since, until, ..WhichArgs::default() };
            match times.which(&paths) {
                Ok(which) => log::replay::run(&cli.console, paths, incident, speed, &which),
                Err(why) => {
                    tell(&why);
                    2
                }
            }
        }
        Some(Command::Log(LogCommand::Verify { mut paths, dir, env })) => {
            paths.extend(dir);
            if paths.is_empty() {
                paths.push(setup::log_of(env.as_deref()));
            }
            let done = log::verify(&paths, &mut out);
            code(done, &mut out)
        }
        Some(Command::Report { args, what }) => match what {
            None => report::draft(&args, &mut out),
            Some(ReportCommand::Handover { from, since }) => report::handover(&from, &since, &mut out),
        },
        Some(Command::Runbook(what)) => runbook::run(&what, &mut out),
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
