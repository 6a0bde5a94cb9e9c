//! From files and flags to an environment that can be opened: its model, clock, sources and log.

use super::log::replay::Replay;
use super::{ConsoleArgs, figures, identity};
use crate::backends::kubernetes::{self, Kubernetes};
use crate::backends::net::{Access, Basic, Budget, HeaderFrom, Identity, TokenFrom};
use crate::backends::prometheus::{self, Dialect, Prometheus};
use crate::backends::{Backend, UtcClock, sim};
use crate::config::source::access::Header;
use crate::config::source::{Source, Token};
use crate::config::{Config, SourceKind};
use crate::core::act::rules::{Rules, Times};
use crate::core::case::claim::{self, Claim};
use crate::core::case::runbook::Runbook;
use crate::core::id::SourceId;
use crate::core::link::quoted;
use crate::core::model::{Context, Environment, Model, Place};
use crate::core::nav::Screen;
use crate::core::replayed::Replayed;
use crate::core::time::Utc;
use crate::core::world::source::{Link, Roles, SourceError, SourceState, Trouble};
use crate::engine::clock::{Clock, DrillClock, RealClock, utc_now};
use crate::engine::command::Hands;
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
    /// Whose services it is played with, in place of its own.
    pub services_of: Option<String>,
}

impl DrillWish {
    pub fn of(scenario: &str) -> DrillWish {
        DrillWish { scenario: scenario.into(), speed: 1, seed: 1, services_of: None }
    }
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
    /// What is told when a drill is over.
    pub drill: Option<super::drill::Ended>,
    /// Who runs programs of runbooks and asks addresses.
    pub hands: Hands,
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
    for r in &config.runbooks {
        let listed = config.services.iter().any(|s| s.runbooks.contains(&r.name));
        // A file of one's own counts, also under the name of a shipped one.
        if drill || listed || r.file.is_some() {
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

fn red(kind: &str, why: &str) -> SourceState {
    let error = SourceError::new(Trouble::NotInThisVersion, why);
    SourceState {
        link: Link::Failed(error.clone()),
        last_error: Some((utc_now(), error)),
        ..SourceState::connecting(kind, Roles::default())
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
        drill: None,
        hands: Hands::Nowhere,
    }
}

/// A drill. Errors: no such scenario, or one that cannot be read.
pub fn drill(config: &Config, args: &ConsoleArgs, wish: &DrillWish) -> Result<Setup, String> {
    let scenario = match &wish.services_of {
        None => super::drill::scenario(&wish.scenario)?,
        Some(env) if config.environment_named(env).is_some() => {
            super::drill::with_services(&wish.scenario, &config.services)?
        }
        Some(env) => return Err(format!("no environment {env:?} in the config to take services from")),
    };
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
    model.hints = scenario.hints.iter().map(|h| h.as_str().into()).collect();
    model.opened_as = format!("andon drill {}", quoted(&wish.scenario)).into();
    for s in &scenario.services {
        let s = s.service();
        model.world.services.insert(s.name.clone(), s);
    }
    let (programs, addresses) = (scenario.clone(), scenario.clone());
    // Nothing runs and nothing is reached: the scenario answers, or nobody does.
    let hands = Hands::Scenario {
        commands: Arc::new(move |words| programs.answer_command(words)),
        addresses: Arc::new(move |url| addresses.answer_address(url)),
    };
    let shared = sim::Shared::new(sim::World::new(scenario, wish.seed), utc.clone());
    drill_clock.tell(shared.poker());
    let names = shared.with(|w| w.sources().map(SourceId::clone));
    let mut sources = Vec::new();
    for (name, backend) in names.into_iter().zip([sim::cluster(&shared), sim::metrics(&shared)]) {
        let rollouts = sources.is_empty();
        let roles = Roles { rollouts, telemetry: !rollouts, ..Roles::default() };
        model.world.sources.insert(name.clone(), SourceState::connecting("simulated", roles));
        sources.push((name, backend));
    }
    if let Some((name, backend)) = shared.with(|w| w.desk_source().cloned()).zip(sim::desk(&shared)) {
        let roles = shared.with(|w| w.abilities(&name)).roles;
        model.world.sources.insert(name.clone(), SourceState::connecting("simulated", roles));
        sources.push((name, backend));
    }
    // Each run has its own log and reads no other.
    let name = super::drill::short(&wish.scenario);
    let dir = super::drill::run_dir(&name);
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
        drill: Some(super::drill::Ended { dir, name, shared }),
        hands,
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
        drill: None,
        hands: Hands::Nowhere,
    })
}

/// The sources of a context without a config: the cluster, and a Prometheus where one is named.
pub fn wanted_of_context(args: &ConsoleArgs, name: &str) -> Vec<Source> {
    let source = SourceId::new(name);
    let mut sources = vec![Source {
        name: source,
        kind: SourceKind::Kubernetes(crate::config::source::Kubernetes {
            kubeconfig: None,
            context: Some(name.into()),
            namespaces: args.namespace.iter().map(|n| n.as_str().into()).collect(),
            ..crate::config::source::Kubernetes::default()
        }),
    }];
    if let Some(url) = &args.prom {
        sources.push(Source {
            name: SourceId::new("metrics"),
            kind: SourceKind::Prometheus(Box::new(crate::config::source::Prometheus {
                url: url.trim_end_matches('/').into(),
                token: None,
                access: crate::config::source::access::Access::default(),
                ca: None,
                insecure: false,
                queries: crate::config::source::Queries::default(),
                figures: crate::config::source::figures::Figures {
                    presets: vec!["auto".into()],
                    ..crate::config::source::figures::Figures::default()
                },
            })),
        });
    }
    sources
}

/// One context of the kubeconfig, perhaps with a Prometheus: no file needed.
pub fn context(config: &Config, args: &ConsoleArgs, name: &str) -> Setup {
    let sources = wanted_of_context(args, name);
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
    let sources = env.sources.iter().filter_map(|id| config.source(id)).cloned().collect();
    let mut setup = real(config, args, &env.name, env.production, env.read_only, sources);
    setup.model.opened_as = format!("andon --env {}", quoted(&env.name)).into();
    setup.model.rules = rules(config, env, setup.model.now.utc);
    setup.anchor = env.anchor.iter().map(|a| a.to_string()).collect();
    setup
}

/// What the environment asks for before something goes forward, its calendar worked out from now on.
pub(super) fn rules(config: &Config, env: &crate::config::Environment, now: Utc) -> Rules {
    let calendar = match env.calendar.as_ref().map(|name| config.calendars.get(name)) {
        None => Times::None,
        Some(Some(Ok(c))) => Times::Is(c.plain(now)),
        Some(Some(Err(why))) => Times::Faulty(why.clone()),
        Some(None) => Times::Faulty("it was not read".into()),
    };
    Rules { require: env.require.clone(), checklists: env.checklists, second_person: env.second_person, calendar }
}

fn real(
    config: &Config,
    args: &ConsoleArgs,
    name: &str,
    production: bool,
    read_only: bool,
    wanted: Vec<Source>,
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
                let settings = kubernetes_settings(&w.name, k);
                sources.push((w.name.clone(), Arc::new(Kubernetes::new(settings, utc.clone()))));
                SourceState::connecting("kubernetes", Roles { rollouts: true, telemetry: false, ..Roles::default() })
            }
            SourceKind::Prometheus(p) => {
                let made = prometheus_settings(&w.name, &p, period_secs)
                    .and_then(|s| Prometheus::new(s, budget.clone(), utc.clone()));
                match made {
                    Ok(backend) => {
                        sources.push((w.name.clone(), Arc::new(backend)));
                        SourceState::connecting(
                            "prometheus",
                            Roles { rollouts: false, telemetry: true, ..Roles::default() },
                        )
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
    Setup {
        model,
        clock,
        utc,
        sources,
        request: request(config),
        log: Some(log),
        anchor,
        tape_dir: tape,
        player: None,
        drill: None,
        hands: Hands::real(),
    }
}

fn texts(all: &[Arc<str>]) -> Vec<String> {
    all.iter().map(|t| t.to_string()).collect()
}

/// What the backend is given of a cluster of the config.
pub fn kubernetes_settings(name: &SourceId, k: crate::config::source::Kubernetes) -> kubernetes::Settings {
    kubernetes::Settings {
        source: name.clone(),
        context: k.context.as_deref().map(str::to_string),
        kubeconfig: k.kubeconfig,
        namespaces: texts(&k.namespaces),
        act_context: k.act_context.as_deref().map(str::to_string),
        impersonate: k
            .impersonate
            .map(|i| kubernetes::Impersonate { user: i.user.to_string(), groups: texts(&i.groups) }),
        kinds: texts(&k.kinds),
        login: texts(&k.login.0),
    }
}

/// What the backend is given of a Prometheus of the config.
///
/// # Errors
/// What does not go together.
pub fn prometheus_settings(
    name: &SourceId,
    p: &crate::config::source::Prometheus,
    period_secs: u32,
) -> Result<prometheus::Settings, SourceError> {
    let from = |t: &Token| match t {
        Token::File(path) => TokenFrom::File(path.clone()),
        Token::Env(name) => TokenFrom::Env(name.to_string()),
        Token::Command(argv) => TokenFrom::Command(argv.iter().map(|a| a.to_string()).collect()),
    };
    let header = |h: &Header| match h {
        Header::Text(text) => HeaderFrom::Text(text.to_string()),
        Header::From(token) => HeaderFrom::Secret(from(token)),
    };
    let a = &p.access;
    let access = Access {
        token: p.token.as_ref().map(from),
        basic: a.basic.as_ref().map(|(user, t)| Basic { user: user.to_string(), password: from(t) }),
        identity: a.identity.clone().map(|(cert, key)| Identity { cert, key }),
        headers: a.headers.iter().map(|(name, h)| (name.to_string(), header(h))).collect(),
    };
    let queries = figures::queries(p).map_err(|why| SourceError::new(Trouble::Shape, format!("{name}: {why}")))?;
    Ok(prometheus::Settings {
        source: name.clone(),
        url: p.url.to_string(),
        access,
        tenant: a.tenant.as_deref().map(str::to_owned),
        dialect: a.dialect.as_deref().and_then(Dialect::of_name),
        queries,
        period_secs,
        ca: p.ca.clone(),
        insecure: p.insecure,
        slo_files: p.figures.slo_files.clone(),
    })
}
