//! From files and flags to an environment that can be opened: its model, clock, sources and log.

use super::log::replay::Replay;
use super::{ConsoleArgs, identity};
use crate::backends::kubernetes::{self, Kubernetes};
use crate::backends::net::{Budget, TokenFrom};
use crate::backends::prometheus::{self, Prometheus, Queries};
use crate::backends::sim::scenario::Scenario;
use crate::backends::{Backend, UtcClock, sim};
use crate::config::runbook::shipped;
use crate::config::source::Token;
use crate::config::{Config, SourceKind};
use crate::core::case::claim::{self, Claim};
use crate::core::case::runbook::Runbook;
use crate::core::id::SourceId;
use crate::core::link::quoted;
use crate::core::model::{Context, Environment, Model, Place};
use crate::core::nav::Screen;
use crate::core::replayed::Replayed;
use crate::core::world::source::{Abilities, Link, Roles, SourceError, SourceState, Trouble};
use crate::engine::clock::{Clock, DrillClock, RealClock, utc_now};
use crate::engine::replay::{Player, ReplayClock};
use crate::journal::append::{MineOnly, log_dir as journal_dir, plain};
use crate::journal::record::NOT_GIVEN;
use crate::journal::thread::Settings;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct DrillWish {
    pub scenario: String,
    pub speed: u32,
    pub seed: u64,
}

/// Everything one engine needs.
pub struct Setup {
    pub model: Model,
    pub clock: Arc<dyn Clock>,
    pub utc: UtcClock,
    pub sources: Vec<(SourceId, Arc<dyn Backend>)>,
    /// Request total timeout.
    pub request: Duration,
    /// `None`: the first list, which acts on nothing and logs nothing.
    pub log: Option<Settings>,
    /// The program and its words that get the log's head; empty: none.
    pub anchor: Vec<String>,
    pub tape_dir: Option<PathBuf>,
    /// A log that is played, in place of sources.
    pub player: Option<Player>,
}

/// `~/.local/state`, or what XDG says; the temporary directory when there is no home.
pub fn state_dir() -> PathBuf {
    directories::BaseDirs::new().and_then(|b| b.state_dir().map(Path::to_path_buf)).unwrap_or_else(std::env::temp_dir)
}

/// The log of an environment: host-wide where that works, else this user's.
pub fn log_dir(env: &str) -> (PathBuf, MineOnly) {
    journal_dir(env, &host_wide(), &state_dir())
}

/// Where the consoles of one host meet, when it is there and can be written.
fn host_wide() -> PathBuf {
    #[cfg(feature = "testkit")]
    if let Some(dir) = std::env::var_os("ANDON_TEST_HOST_LOGS") {
        return dir.into();
    }
    PathBuf::from("/var/lib/andon")
}

/// The log of a named environment; without a name the one written to last, drills included.
pub fn log_of(env: Option<&str>) -> PathBuf {
    if let Some(env) = env {
        return log_dir(env).0;
    }
    let below = |dir: PathBuf| {
        let entries = std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
        entries.map(|e| e.path()).collect::<Vec<PathBuf>>()
    };
    let own = state_dir().join("andon");
    let mut dirs: Vec<PathBuf> =
        below(own.clone()).into_iter().chain(below(own.join("drill"))).map(|d| d.join("log")).collect();
    dirs.extend(below(host_wide()));
    let written = |dir: &PathBuf| {
        below(dir.clone())
            .iter()
            .filter(|f| f.extension().is_some_and(|e| e == "jsonl"))
            .filter_map(|f| f.metadata().ok()?.modified().ok())
            .max()
    };
    let newest = dirs.into_iter().filter_map(|d| Some((written(&d)?, d))).max();
    newest.map_or_else(|| log_dir("prod").0, |(_, d)| d)
}

fn base(environment: Environment, config: &Config, args: &ConsoleArgs, clock: &dyn Clock) -> Model {
    let mut model = Model::new(environment, config.keymap.clone(), clock.now());
    model.limits = config.limits.of_update();
    (model.settings.mouse, model.settings.bell, model.settings.title) = (config.mouse, config.bell, config.title);
    model.settings.theme = config.theme_name.clone();
    model.settings.themes = config.themes.clone();
    model.settings.reduced_motion = config.reduced_motion;
    model.editor = crate::ui::overlays::note::edit;
    model.copier = crate::ui::copied::text;
    model.nav.at.clone_from(&args.at);
    model.claim = claim(config, args);
    // Shipped runbooks ask the drill's telemetry; elsewhere they are there only for who lists them.
    let drill = model.environment.place == Place::Drill;
    let shipped: Vec<Arc<str>> = shipped().into_iter().map(|r| r.name).collect();
    for r in &config.runbooks {
        let listed = config.services.iter().any(|s| s.runbooks.contains(&r.name));
        if drill || listed || !shipped.contains(&r.name) {
            model.runbooks.insert(r.name.clone(), Runbook::clone(r));
        }
    }
    model
}

fn request(config: &Config) -> Duration {
    Duration::from_millis(config.limits.request_timeout_ms)
}

/// Who the person says they are, and whether the account is one that several people use.
fn claim(config: &Config, args: &ConsoleArgs) -> Claim {
    let said = args.claimed.as_deref().or(config.claimed.as_deref());
    let user = identity::user();
    let shared = config.shared_accounts.iter().find(|a| ***a == *user).cloned();
    Claim { shared, name: said.and_then(claim::name), ..Claim::default() }
}

fn who(config: &Config, args: &ConsoleArgs) -> Arc<str> {
    let name = claim(config, args).name.unwrap_or_else(|| identity::user().into());
    format!("{name}@{}", identity::host()).into()
}

fn settings(
    config: &Config,
    args: &ConsoleArgs,
    environment: &str,
    dir: (PathBuf, MineOnly),
    drill: Option<String>,
) -> Settings {
    let claim = claim(config, args);
    Settings {
        dir: dir.0,
        mine_only: dir.1,
        environment: environment.into(),
        user: identity::actor(),
        claimed: claim.name.as_deref().map(str::to_string).or_else(|| claim.shared.map(|_| NOT_GIVEN.into())),
        host: identity::host(),
        build: env!("CARGO_PKG_VERSION").into(),
        suffix: identity::suffix(),
        drill,
    }
}

/// A source that has not said anything yet, so that the waking screen can name it.
fn connecting(kind: &str, roles: Roles) -> SourceState {
    SourceState {
        kind: kind.into(),
        link: Link::Connecting,
        abilities: Abilities { roles, ..Abilities::default() },
        confirmed: None,
        old_after_ms: 90_000,
        latency_ms: None,
        calls_per_min: 0,
        last_error: None,
        holds: "".into(),
    }
}

fn red(kind: &str, why: &str) -> SourceState {
    let error = SourceError::new(Trouble::NotInThisVersion, why);
    SourceState {
        link: Link::Failed(error.clone()),
        last_error: Some((utc_now(), error)),
        ..connecting(kind, Roles::default())
    }
}

/// The first list: contexts of the kubeconfig, and the drill.
pub fn choose(config: &Config, args: &ConsoleArgs, contexts: Vec<Context>) -> Setup {
    let environment = Environment {
        name: "choose".into(),
        place: Place::Other,
        production: true,
        read_only: true,
        who: who(config, args),
        goal: None,
    };
    let clock: Arc<dyn Clock> = Arc::new(RealClock);
    let mut model = base(environment, config, args, &*clock);
    model.nav.screen = Screen::Choose;
    model.nav.choose_row = contexts.iter().position(|c| c.current).unwrap_or(0);
    model.contexts = contexts;
    Setup {
        model,
        clock,
        utc: Arc::new(utc_now),
        sources: Vec::new(),
        request: request(config),
        log: None,
        anchor: Vec::new(),
        tape_dir: None,
        player: None,
    }
}

/// A drill. Errors: no such scenario, or one that cannot be read.
pub fn drill(config: &Config, args: &ConsoleArgs, wish: &DrillWish) -> Result<Setup, String> {
    let scenario = Scenario::embedded(&wish.scenario)?;
    let environment = Environment {
        name: "drill".into(),
        place: Place::Drill,
        // Look-only at the start, so that the keys learned are the keys used.
        production: true,
        read_only: args.read_only,
        who: who(config, args),
        goal: Some(format!("{}. {}", scenario.title, scenario.goal).into()),
    };
    let drill_clock = DrillClock::new(scenario.start, wish.speed);
    let clock: Arc<dyn Clock> = drill_clock.clone();
    let ticking = drill_clock.clone();
    let utc: UtcClock = Arc::new(move || ticking.utc());
    let mut model = base(environment, config, args, &*clock);
    model.speed = wish.speed;
    model.opened_as = format!("andon drill {}", quoted(&wish.scenario)).into();
    for s in &scenario.services {
        let s = s.service();
        model.world.services.insert(s.name.clone(), s);
    }
    let shared = sim::Shared::new(sim::World::new(scenario, wish.seed), utc.clone());
    drill_clock.tell(shared.poker());
    let names = shared.with(|w| w.sources().map(SourceId::clone));
    let mut sources = Vec::new();
    for (name, backend) in names.into_iter().zip([sim::cluster(&shared), sim::metrics(&shared)]) {
        let rollouts = sources.is_empty();
        let roles = Roles { rollouts, telemetry: !rollouts };
        model.world.sources.insert(name.clone(), connecting("simulated", roles));
        sources.push((name, backend));
    }
    // Each run has its own log and reads no other.
    let run = format!("{}-{}-{}", wish.scenario, utc_now().secs(), identity::suffix());
    let dir = state_dir().join("andon").join("drill").join(run);
    let log = settings(
        config,
        args,
        "drill",
        (dir.join("log"), MineOnly(true)),
        Some(format!("{} seed {}", wish.scenario, wish.seed)),
    );
    Ok(Setup {
        model,
        clock,
        utc,
        sources,
        request: request(config),
        log: Some(log),
        anchor: Vec::new(),
        tape_dir: config.tape.then(|| dir.join("tape")),
        player: None,
    })
}

/// A log that is played again: no source, no log, no tape, and no act.
pub fn replay(config: &Config, args: &ConsoleArgs, log: &Replay) -> Result<Setup, String> {
    let environment = Environment {
        name: log.environment.as_str().into(),
        place: Place::Replay,
        production: true,
        read_only: true,
        who: "".into(),
        goal: None,
    };
    let replay_clock = ReplayClock::new(log.begins, log.speed);
    let clock: Arc<dyn Clock> = replay_clock.clone();
    let ticking = replay_clock.clone();
    let mut model = base(environment, config, args, &*clock);
    model.speed = log.speed;
    model.opened_as = format!("andon log replay {}", quoted(&log.paths[0].to_string_lossy())).into();
    model.log.file = log.paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ").into();
    // What is open in the runbooks of today is nothing of the log's.
    model.runbooks.clear();
    model.nav.screen = Screen::Verdict;
    model.replay = Some(Box::new(Replayed::new(log.ahead())));
    let records = log.given.merged().map_err(|e| format!("the log cannot be read: {e}"))?;
    Ok(Setup {
        model,
        clock,
        utc: Arc::new(move || ticking.now().utc),
        sources: Vec::new(),
        request: request(config),
        log: None,
        anchor: Vec::new(),
        tape_dir: None,
        player: Some(Player::new(replay_clock, records, log.begins, log.ends, log.ahead())),
    })
}

/// One context of the kubeconfig, perhaps with a Prometheus: no file needed.
pub fn context(config: &Config, args: &ConsoleArgs, name: &str) -> Setup {
    let source = SourceId::new(name);
    let mut sources = vec![Wanted {
        name: source,
        kind: SourceKind::Kubernetes(crate::config::source::Kubernetes {
            kubeconfig: None,
            context: Some(name.into()),
            namespaces: args.namespace.iter().map(|n| n.as_str().into()).collect(),
            ..crate::config::source::Kubernetes::default()
        }),
    }];
    if let Some(url) = &args.prom {
        sources.push(Wanted {
            name: SourceId::new("metrics"),
            kind: SourceKind::Prometheus(Box::new(crate::config::source::Prometheus {
                url: url.trim_end_matches('/').into(),
                token: None,
                ca: None,
                insecure: false,
                queries: crate::config::source::Queries::default(),
            })),
        });
    }
    let mut setup = real(config, args, name, true, false, sources);
    setup.model.opened_as = opened_context(args, name).into();
    setup
}

/// The command that opens this context again. An address with a secret in it is nothing to pass on.
fn opened_context(args: &ConsoleArgs, name: &str) -> String {
    let mut out = format!("andon --context {}", quoted(name));
    if let Some(url) = args.prom.as_deref().filter(|u| !u.contains(['?', '@', '#'])) {
        out.push_str(&format!(" --prom {}", quoted(url)));
    }
    if let Some(namespace) = &args.namespace {
        out.push_str(&format!(" --namespace {}", quoted(namespace)));
    }
    out
}

/// An environment of the config.
pub fn environment(config: &Config, args: &ConsoleArgs, env: &crate::config::Environment) -> Setup {
    let sources = env
        .sources
        .iter()
        .filter_map(|id| config.source(id))
        .map(|s| Wanted { name: s.name.clone(), kind: s.kind.clone() })
        .collect();
    let mut setup = real(config, args, &env.name, env.production, env.read_only, sources);
    setup.model.opened_as = format!("andon --env {}", quoted(&env.name)).into();
    setup.anchor = env.anchor.iter().map(|a| a.to_string()).collect();
    setup
}

struct Wanted {
    name: SourceId,
    kind: SourceKind,
}

fn real(
    config: &Config,
    args: &ConsoleArgs,
    name: &str,
    production: bool,
    read_only: bool,
    wanted: Vec<Wanted>,
) -> Setup {
    let clock: Arc<dyn Clock> = Arc::new(RealClock);
    let utc: UtcClock = Arc::new(utc_now);
    let environment = Environment {
        name: name.into(),
        place: if production { Place::Prod } else { Place::Other },
        production,
        read_only: args.read_only || config.read_only || read_only,
        who: who(config, args),
        goal: None,
    };
    let mut model = base(environment, config, args, &*clock);
    for s in &config.services {
        model.world.services.insert(s.name.clone(), s.clone());
    }
    let budget = Budget::new(120);
    // One period is asked for: the longest any service counts its budget over.
    let period_secs = config.services.iter().filter_map(|s| s.slo).map(|s| s.period_days).max().unwrap_or(30) * 86_400;
    let mut sources: Vec<(SourceId, Arc<dyn Backend>)> = Vec::new();
    for w in wanted {
        let state = match w.kind {
            SourceKind::Kubernetes(k) => {
                let settings = kubernetes::Settings {
                    source: w.name.clone(),
                    context: k.context.as_deref().map(str::to_string),
                    kubeconfig: k.kubeconfig,
                    namespaces: texts(&k.namespaces),
                    act_context: k.act_context.as_deref().map(str::to_string),
                    impersonate: k
                        .impersonate
                        .map(|i| kubernetes::Impersonate { user: i.user.to_string(), groups: texts(&i.groups) }),
                    kinds: texts(&k.kinds),
                    login: texts(&k.login.0),
                };
                sources.push((w.name.clone(), Arc::new(Kubernetes::new(settings, utc.clone()))));
                connecting("kubernetes", Roles { rollouts: true, telemetry: false })
            }
            SourceKind::Prometheus(p) => {
                let made = Prometheus::new(prometheus_settings(&w.name, &p, period_secs), budget.clone(), utc.clone());
                match made {
                    Ok(backend) => {
                        sources.push((w.name.clone(), Arc::new(backend)));
                        connecting("prometheus", Roles { rollouts: false, telemetry: true })
                    }
                    Err(e) => red("prometheus", &e.sentence),
                }
            }
            SourceKind::NotInThisVersion(what) => red(&what, &format!("{what}: not in this version")),
            SourceKind::Faulty(why) => red("config", &format!("{why}; see andon config check")),
        };
        model.world.sources.insert(w.name, state);
    }
    let dir = log_dir(name);
    model.log.mine_only = dir.1.0;
    let tape = config.tape.then(|| state_dir().join("andon").join(plain(name)).join("tape"));
    let log = settings(config, args, name, dir, None);
    let anchor = Vec::new();
    Setup { model, clock, utc, sources, request: request(config), log: Some(log), anchor, tape_dir: tape, player: None }
}

fn texts(all: &[Arc<str>]) -> Vec<String> {
    all.iter().map(|t| t.to_string()).collect()
}

fn prometheus_settings(
    name: &SourceId,
    p: &crate::config::source::Prometheus,
    period_secs: u32,
) -> prometheus::Settings {
    let token = p.token.as_ref().map(|t| match t {
        Token::File(path) => TokenFrom::File(path.clone()),
        Token::Env(name) => TokenFrom::Env(name.to_string()),
        Token::Command(argv) => TokenFrom::Command(argv.iter().map(|a| a.to_string()).collect()),
    });
    let q = &p.queries;
    prometheus::Settings {
        source: name.clone(),
        url: p.url.to_string(),
        token,
        queries: Queries {
            requests: q.requests.to_string(),
            failures: q.failures.to_string(),
            service: q.service.to_string(),
            version: q.version.to_string(),
            scrape_secs: q.scrape_secs,
        },
        period_secs,
        ca: p.ca.clone(),
        insecure: p.insecure,
    }
}
