//! `andon drill`: play on the real screens, or run, score, list and check scenarios without one. Nothing real is reached.

use super::out::{code, json, tell};
use super::setup::{self, DrillWish};
use super::{ConsoleArgs, console, identity};
use crate::backends::sim::scenario::Best;
use crate::backends::sim::{self, Scenario, Shared};
use crate::config::keymap::default_keymap;
use crate::config::{Service, chord, runbook};
use crate::core::record::Record;
use crate::core::time::{Person, Stamp, World};
use crate::drill::run::{Opening, Run};
use crate::drill::score::{Scored, Truth, score};
use crate::drill::{keys, play, search};
use crate::engine::clock::utc_now;
use crate::journal::append::session_name;
use crate::journal::gather::{Want, gather};
use crate::journal::record::{Actor, Who};
use crate::journal::whole::whole;
use crate::ui::parts::line::wrap;
use serde_json::json as value;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Beside a run's log.
const SCORE: &str = "score.json";
const USAGE: u8 = 2;
const NOT_FOUND: u8 = 5;

#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DrillArgs {
    #[command(subcommand)]
    pub what: Option<What>,
    #[command(flatten)]
    pub play: PlayArgs,
}

#[derive(clap::Args, Debug)]
pub struct PlayArgs {
    /// One of `andon drill list`, or a scenario file
    #[arg(default_value = "f1")]
    pub scenario: String,
    /// World seconds a second, 1 to 60
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub speed: u32,
    /// The same seed plays the same drill
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Play it with the services and runbooks of this environment; their telemetry is simulated
    #[arg(long, value_name = "ENV")]
    pub services_of: Option<String>,
}

#[derive(clap::Subcommand, Debug)]
pub enum What {
    /// What there is to play
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// What a scenario is about, for who plays it; with --notes for who leads it
    Show {
        scenario: String,
        /// Faults, notes and what good looks like: not for who plays
        #[arg(long)]
        notes: bool,
    },
    /// Play one: on the screen, or headless with keys from a file
    Run {
        #[command(flatten)]
        play: PlayArgs,
        /// Keys and when they are pressed, by both clocks; no screen
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
        /// The outcome as JSON; needs --keys
        #[arg(long, requires = "keys")]
        json: bool,
    },
    /// What a run was worth, line by line
    Score {
        /// The run's directory or log; without it the newest run
        run: Option<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Look for the best possible play of a scenario, or of all, by playing many
        #[arg(long, value_name = "SCENARIO", conflicts_with = "run")]
        search: Option<String>,
    },
    /// Are these scenario files right?
    Check {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Exit codes: 0; 1 a file is at fault or cannot be read; 2 wrong words; 5 no such scenario or run.
pub fn run(args: &DrillArgs, out: &mut impl Write) -> u8 {
    match &args.what {
        // On the screen: see below.
        None | Some(What::Run { keys: None, .. }) => USAGE,
        Some(What::Run { play, keys: Some(file), json }) => headless(play, file, *json, out),
        Some(What::List { json }) => list(*json, out),
        Some(What::Show { scenario, notes }) => show(scenario, *notes, out),
        Some(What::Score { search: Some(name), json, .. }) => best(name, *json, out),
        Some(What::Score { run, json, .. }) => scored(run.as_deref(), *json, out),
        Some(What::Check { files }) => check(files, out),
    }
}

/// Play on the screen.
pub fn on_screen(console: &ConsoleArgs, args: &DrillArgs) -> u8 {
    let play = match &args.what {
        Some(What::Run { play, .. }) => play,
        Some(What::List { .. } | What::Show { .. } | What::Score { .. } | What::Check { .. }) | None => &args.play,
    };
    let PlayArgs { scenario, speed, seed, services_of } = play;
    let wish = DrillWish { scenario: scenario.clone(), speed: *speed, seed: *seed, services_of: services_of.clone() };
    console::run(console, Some(wish))
}

/// A shipped scenario by name, or a file. Errors say what there is, or where the file is wrong.
pub fn scenario(name: &str) -> Result<Scenario, String> {
    if is_file(name) { Scenario::from_file(Path::new(name)) } else { Scenario::embedded(name) }
}

fn is_file(name: &str) -> bool {
    name.ends_with(".toml") || name.contains('/')
}

/// The same, played with these services in place of its own: the first where it matters most. The team's services come
/// in order of tier.
pub fn with_services(name: &str, team: &[Service]) -> Result<Scenario, String> {
    let own = scenario(name)?;
    let mut team: Vec<&Service> = team.iter().collect();
    team.sort_by_key(|s| (s.tier, s.name.clone()));
    let names = own.by_matter().into_iter().zip(team.iter().map(|s| s.name.to_string())).collect();
    let text = if is_file(name) {
        std::fs::read_to_string(name).map_err(|e| format!("{name}: {e}"))?
    } else {
        Scenario::text(name)?.to_owned()
    };
    let mut theirs = Scenario::parse_with(&text, &names).map_err(|e| format!("{name} with your services: {e}"))?;
    for s in &mut theirs.services {
        if let Some(t) = team.iter().find(|t| t.name == s.name) {
            (s.tier, s.runbooks) = (t.tier, t.runbooks.clone());
            s.owner = t.owner.clone().unwrap_or_else(|| s.owner.clone());
            // A target of 100 % leaves nothing to play with.
            if let Some(slo) = t.slo.filter(|slo| slo.objective < 1.0) {
                (s.objective, s.window_days) = (slo.objective * 100.0, slo.period_days);
                // With a stricter target the service fails less while nothing is wrong, or its budget were gone already.
                s.fails = s.fails.min((100.0 - s.objective) * s.spent / 100.0);
            }
        }
    }
    Ok(theirs)
}

/// `f1` of `f1`, and of `drills/f1.toml`.
pub fn short(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |s| s.to_string_lossy().into_owned())
}

fn list(as_json: bool, out: &mut impl Write) -> u8 {
    let all: Vec<(&str, Scenario)> =
        Scenario::names().into_iter().filter_map(|n| Some((n, Scenario::embedded(n).ok()?))).collect();
    let done = if as_json {
        let rows: Vec<_> =
            all.iter().map(|(name, s)| value!({"name": name, "title": s.title, "goal": s.goal})).collect();
        json(out, &rows)
    } else {
        let wide = all.iter().map(|(n, _)| n.len()).max().unwrap_or(0);
        all.iter().try_for_each(|(name, s)| writeln!(out, "{name:wide$}  {}", s.title))
    };
    code(done.map(|()| 0), out)
}

fn show(name: &str, notes: bool, out: &mut impl Write) -> u8 {
    let s = match scenario(name) {
        Ok(s) => s,
        Err(why) => return not_found(&why),
    };
    let write = |out: &mut dyn Write| -> std::io::Result<()> {
        writeln!(out, "{}\n\n{}\n\nbegins {}, {} services", s.title, s.goal, s.start.rfc3339(), s.services.len())?;
        if !s.not_simulated.is_empty() {
            writeln!(out, "\nnot simulated:")?;
            s.not_simulated.iter().try_for_each(|n| writeln!(out, "  - {n}"))?;
        }
        if !notes {
            return Ok(());
        }
        writeln!(out, "\nwhat good looks like:")?;
        for g in &s.good {
            let or: String = g.or.iter().map(|o| format!(" or {o}")).collect();
            let on = if g.on.is_empty() { String::new() } else { format!(" on {}", g.on) };
            writeln!(out, "  {}{or}{on} within {} s", g.act, g.within)?;
        }
        for n in &s.score.never {
            let on = n.on.as_deref().map(|o| format!(" on {o}")).unwrap_or_default();
            writeln!(out, "  never {}{on}: {}", n.act, n.why)?;
        }
        for (title, lines) in [("notes", &s.notes), ("hints, in order", &s.hints)] {
            if !lines.is_empty() {
                writeln!(out, "\n{title}:")?;
                lines.iter().try_for_each(|n| writeln!(out, "  - {n}"))?;
            }
        }
        Ok(())
    };
    code(write(out).map(|()| 0), out)
}

fn check(files: &[PathBuf], out: &mut impl Write) -> u8 {
    let mut bad = 0;
    let done = files.iter().try_for_each(|f| match Scenario::from_file(f) {
        Ok(s) => writeln!(out, "{}: {}", f.display(), s.title),
        Err(why) => {
            bad += 1;
            tell(&why);
            Ok(())
        }
    });
    code(done.map(|()| i32::from(bad > 0)), out)
}

fn headless(args: &PlayArgs, file: &Path, as_json: bool, out: &mut impl Write) -> u8 {
    let scenario = match scenario(&args.scenario) {
        Ok(s) => s,
        Err(why) => return not_found(&why),
    };
    let text = match std::fs::read_to_string(file) {
        Ok(t) => t,
        Err(e) => {
            tell(&format!("{}: {e}", file.display()));
            return 1;
        }
    };
    let key = |name: &str| chord::key(name).map_err(|b| format!("`{}` is no key: {}", b.what, b.hint));
    let pressed = match keys::read(&text, key) {
        Ok(k) => k,
        Err(all) => {
            all.iter().for_each(|why| tell(&format!("{}: {why}", file.display())));
            return USAGE;
        }
    };
    let editor = crate::ui::overlays::note::edit;
    let opening = Opening { editor, ..Opening::new(default_keymap(), runbook::shipped()) };
    let name = short(&args.scenario);
    let run = play::play(scenario, args.seed, opening, &pressed);
    let scored = play::scored(&name, &run);
    let dir = run_dir(&name);
    let kept = match keep(&dir, &name, args.seed, &run, &scored) {
        Ok(path) => path,
        Err(e) => {
            tell(&format!("{}: {e}", dir.display()));
            return 1;
        }
    };
    let done = if as_json {
        json(
            out,
            &value!({"scenario": name, "seed": args.seed, "log": kept, "records": run.records.len(), "score": scored}),
        )
    } else {
        told(&scored)
            .iter()
            .try_for_each(|l| writeln!(out, "{l}"))
            .and_then(|()| writeln!(out, "log {}", kept.display()))
    };
    code(done.map(|()| 0), out)
}

/// Each run has its own directory and reads no other.
pub fn run_dir(name: &str) -> PathBuf {
    let run = format!("{name}-{}-{}", utc_now().secs(), identity::suffix());
    setup::state_dir().join("andon").join("drill").join(run)
}

/// Writes the log and the score of a headless run; the log's path.
fn keep(dir: &Path, name: &str, seed: u64, run: &Run, scored: &Scored) -> std::io::Result<PathBuf> {
    let log = dir.join("log");
    std::fs::create_dir_all(&log)?;
    let (user, host) = (identity::user(), identity::host());
    let start = run.world.scenario().start;
    let begin = Stamp { utc: start, world: World(start.0), person: Person(0) };
    let session = session_name(begin.utc, &user, &host, &identity::suffix());
    let who = Who { session: session.clone(), actor: Actor { user: user.into(), claimed: None }, host };
    let opened = value!({
        "build": env!("CARGO_PKG_VERSION"), "environment": "drill", "drill": format!("{name} seed {seed}"),
        "mine_only": true, "files": 0, "heads": [], "all": crate::core::seal::sha256_hex(b""), "headless": true,
    });
    let entries: Vec<_> = run.records.iter().cloned().zip(run.appended.iter().copied()).collect();
    let end = Stamp { utc: run.world.now(), world: World(run.world.now().0), person: Person(run.person()) };
    let path = log.join(format!("{session}.jsonl"));
    std::fs::write(&path, whole(&who, opened, &entries, end)?)?;
    put_score(dir, scored, &play::truth(&run.world))?;
    Ok(path)
}

fn put_score(dir: &Path, scored: &Scored, truth: &Truth) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(
        &value!({"score": scored, "burnt": truth.burnt, "hurt": truth.hurt, "holds": truth.holds}),
    )?;
    std::fs::write(dir.join(SCORE), text + "\n")
}

/// For a person: the sum first, then each line with what it rests on.
pub fn told(s: &Scored) -> Vec<String> {
    // The top begins below 100: what is open then stands in its line.
    let word = match (s.top, s.lines.iter().all(|l| l.points >= l.of)) {
        (true, true) => ", nothing left to ask for",
        (true, false) => ", a top score",
        (false, _) => "",
    };
    let mut all = vec![format!("drill {}: {} of 100{word}", s.scenario, s.points)];
    let wide = s.lines.iter().map(|l| l.what.len()).max().unwrap_or(0);
    for l in &s.lines {
        let rests = l.record.map(|n| format!(" (record {n})")).unwrap_or_default();
        let next = if l.points < l.of { next_time(l.what) } else { "" };
        let says = format!("{}{rests}{}{next}", l.says, if next.is_empty() { "" } else { ". " });
        let head = format!("  {:>4} of {:>4}  {:wide$}  ", round(l.points), round(l.of), l.what);
        let indent = head.len();
        for (i, part) in wrap(&says, COLUMNS.saturating_sub(indent)).into_iter().enumerate() {
            all.push(if i == 0 { format!("{head}{part}") } else { format!("{:indent$}{part}", "") });
        }
    }
    all.extend(s.harm.iter().map(|h| format!("  must not be done, halves the score: {h}")));
    all
}

/// Columns of the score on a terminal of 80: the program's name stands before each line.
const COLUMNS: usize = 72;

/// What would have earned the rest of a line, in the shipped keys.
fn next_time(what: &str) -> &'static str {
    match what {
        "detection" => "A note (n), an incident (a i) or the act itself counts",
        "evidence" => "n writes a note: name the service or its version, and what you saw",
        "incident" => "a i opens one",
        "lead" => "a l takes it",
        "stakeholders told" => "a n drafts the text, once an incident is open (a i)",
        "checklist" => "i shows its five lines",
        _ => "",
    }
}

fn round(points: f64) -> String {
    if points.fract() == 0.0 { format!("{points:.0}") } else { format!("{points:.1}") }
}

/// A drill that was played on the screen and is over.
pub struct Ended {
    pub dir: PathBuf,
    pub name: String,
    pub shared: Shared,
}

impl Ended {
    /// Reads its log, keeps the score beside it, and tells it. A log that cannot be read is said in place of a score.
    pub fn told(&self) -> Vec<String> {
        let (records, scenario, truth) = match read(&self.dir.join("log")) {
            Ok(r) => self.shared.with(|w| (r, w.scenario().clone(), play::truth(w))),
            Err(why) => return vec![format!("no score: {why}")],
        };
        let scored = score(&self.name, &scenario, &records, &truth);
        let mut all = told(&scored);
        match put_score(&self.dir, &scored, &truth) {
            Ok(()) => {
                all.push(format!("what good looks like: andon drill show {} --notes", self.name));
                all.push(format!("kept in {}", self.dir.display()));
            }
            Err(e) => all.push(format!("the score could not be kept: {e}")),
        }
        all
    }
}

fn read(dir: &Path) -> Result<Vec<Record>, String> {
    let gathered = gather(dir, &Want::Since(crate::core::time::Utc(0)), &mut |_, _| {});
    gathered.map(|g| g.records).map_err(|e| format!("{}: {e}", dir.display()))
}

/// Scores a run again, by its log and what was kept of its truth.
fn scored(run: Option<&Path>, as_json: bool, out: &mut impl Write) -> u8 {
    let Some(dir) = run.map_or_else(newest, |p| Some(dir_of(p))) else {
        return not_found("no drill has been run yet");
    };
    let records = match read(&dir.join("log")) {
        Ok(r) if !r.is_empty() => r,
        Ok(_) => return not_found(&format!("{}: no records", dir.display())),
        Err(why) => return not_found(&why),
    };
    let wish = records.iter().find_map(|r| r.data["drill"].as_str()).unwrap_or_default();
    let name = wish.split(' ').next().unwrap_or_default();
    let scenario = match scenario(name) {
        Ok(s) => s,
        Err(why) => return not_found(&format!("{}: {why}", dir.display())),
    };
    let kept = std::fs::read_to_string(dir.join(SCORE)).ok();
    let kept: Option<serde_json::Value> = kept.and_then(|t| serde_json::from_str(&t).ok());
    let truth = kept.map_or_else(Truth::default, |k| Truth {
        burnt: k["burnt"].as_f64(),
        hurt: k["hurt"].as_f64(),
        holds: serde_json::from_value(k["holds"].clone()).ok(),
    });
    let s = score(name, &scenario, &records, &truth);
    let done = if as_json { json(out, &s) } else { told(&s).iter().try_for_each(|l| writeln!(out, "{l}")) };
    code(done.map(|()| 0), out)
}

/// The run's directory, whether it, its `log` or a file in it was named.
fn dir_of(path: &Path) -> PathBuf {
    let dir = if path.is_file() { path.parent().unwrap_or(path) } else { path };
    if dir.ends_with("log") { dir.parent().unwrap_or(dir).to_owned() } else { dir.to_owned() }
}

fn newest() -> Option<PathBuf> {
    let all = std::fs::read_dir(setup::state_dir().join("andon").join("drill")).ok()?;
    let dirs = all.flatten().filter(|e| e.path().join("log").is_dir());
    dirs.max_by_key(|e| e.metadata().and_then(|m| m.modified()).ok()).map(|e| e.path())
}

/// Looks for the best possible play of one scenario, or of each that is shipped.
fn best(name: &str, as_json: bool, out: &mut impl Write) -> u8 {
    let names = if name == "all" { Scenario::names() } else { vec![name] };
    let mut rows = Vec::new();
    for name in names {
        let scenario = match scenario(name) {
            Ok(s) => s,
            Err(why) => return not_found(&why),
        };
        let found = search::best(&scenario, 1);
        let world = sim::World::new(scenario.clone(), 1);
        let acts: Vec<String> = found.acts.iter().map(|m| m.words(&world)).collect();
        if as_json {
            rows.push(
                value!({"scenario": short(name), "plays": found.plays, "acts": acts, "later_by_secs": found.late,
                "hurt": found.best.hurt, "later": found.best.later, "alone": found.best.alone, "tells": found.tells(),
                "in_file": scenario.score.best.map(|b| [b.hurt, b.later, b.alone])}),
            );
        } else if let Err(e) = found_in_words(&short(name), &scenario, &found, &acts, out) {
            return code(Err(e), out);
        }
    }
    let done = if as_json { json(out, &rows) } else { Ok(()) };
    code(done.map(|()| 0), out)
}

fn found_in_words(
    name: &str,
    scenario: &Scenario,
    found: &search::Found,
    acts: &[String],
    out: &mut impl Write,
) -> std::io::Result<()> {
    let Best { hurt, later, alone } = found.best;
    let acts = if acts.is_empty() { "doing nothing".into() } else { acts.join(", then ") };
    writeln!(out, "{name}: the best of {} plays hurts {hurt} requests: {acts}", found.plays)?;
    writeln!(out, "  {} s later {later}, doing nothing {alone}", found.late)?;
    match (scenario.score.best, found.tells()) {
        (Some(b), true) if b == found.best => writeln!(out, "  so says its file"),
        (_, true) => {
            writeln!(out, "  its file should say: best = {{ hurt = {hurt}, later = {later}, alone = {alone} }}")
        }
        (Some(_), false) => writeln!(out, "  its file says otherwise, and should say nothing: no act saves enough"),
        (None, false) => writeln!(out, "  no act saves enough to be measured by; its file says nothing of it"),
    }
}

fn not_found(why: &str) -> u8 {
    tell(why);
    NOT_FOUND
}
