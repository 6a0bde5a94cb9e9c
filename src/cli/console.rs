//! `andon` and `andon drill`: the terminal is taken once; engines come and go on it.

use super::setup::{self, DrillWish, Setup};
use super::{ConsoleArgs, diagnostics, plain, tell};
use crate::backends::kubernetes;
use crate::config::{self, Config, Paths, Wardrobe};
use crate::core::effect::Choice;
use crate::core::id::SourceId;
use crate::core::model::Context;
use crate::core::msg::Msg;
use crate::core::time::Person;
use crate::engine::drafts::Drafts;
use crate::engine::effects::Ports;
use crate::engine::inbox::{FromTerminal, Inbox};
use crate::engine::logbook::{Elsewhere, Logbook};
use crate::engine::{End, Engine, Front};
use crate::journal::append::plain;
use crate::journal::{redact, tape_queue};
use crate::tty::front::Screen;
use crate::tty::{Decoder, Depth, Device, Guard, Input, Locale, Mouse, Output, Wish, guard, input};
use crate::ui::look::{Colours, Look};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Where to begin.
pub(super) enum Place {
    Choose(Vec<Context>),
    Context(String),
    Environment(String),
    Drill(DrillWish),
    Replay(Box<super::log::replay::Replay>),
}

pub fn run(args: &ConsoleArgs, drill: Option<DrillWish>) -> u8 {
    open(args, drill.map(Place::Drill))
}

/// The console at a place that is given, else at the one that flags, config and machine say.
pub(super) fn open(args: &ConsoleArgs, given: Option<Place>) -> u8 {
    let mut env: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    flags(args, &mut env);
    let paths = Paths::of_this_user(&env);
    let (mut config, problems) = config::load(&paths, &env);
    config.reduced_motion |= args.reduced_motion;
    if let Some(name) = &args.theme {
        match config::looks::theme_named(&paths, name) {
            Ok(theme) => (config.theme, config.theme_name) = (theme, name.as_str().into()),
            Err(why) => {
                tell(&why);
                return 2;
            }
        }
    }
    let wardrobe = Wardrobe::new(paths, env, &config, &problems, args.theme.as_deref().map(Arc::from));
    let place = match place(args, &config, given) {
        Ok(p) => p,
        Err((why, code)) => {
            tell(&why);
            return code;
        }
    };
    if let Place::Drill(wish) = &place
        && let Err(why) = super::drill::scenario(&wish.scenario)
    {
        tell(&why);
        return 2;
    }
    let _diagnostics = diagnostics::start();
    let locale = Locale::read();
    if args.plain {
        guard::install_panic_hook(report);
        return plain::run(&config, args, place, &red(&problems), args.ascii || locale.ascii());
    }
    let wish = match args.color.as_deref().unwrap_or("auto").parse::<Wish>() {
        Ok(w) => w,
        Err(_) => {
            tell("--color is one of auto, always, never, 16, 256, true");
            return 2;
        }
    };
    // A word that is none was told as a problem of the config.
    let wished = config.color.as_deref().and_then(|c| c.parse().ok()).unwrap_or_default();
    let depth = match locale.depth(wish, wished) {
        Ok(d) => d,
        Err(e) => {
            tell(&e.to_string());
            return 2;
        }
    };
    let device = match Device::open() {
        Ok(d) => d,
        Err(e) => {
            tell(&format!("there is no terminal here ({e}); the console needs one"));
            return 2;
        }
    };
    guard::install_panic_hook(report);
    let inbox = Inbox::default();
    let mut screen = match take(
        &device,
        &locale,
        &inbox,
        args,
        guard::Extra { mouse: config.mouse, title: config.title && !locale.term.starts_with("linux") },
        look(config.theme.clone(), colours(depth, &locale.term), &locale.term, !(args.ascii || locale.ascii())),
        wardrobe,
    ) {
        Ok(s) => s,
        Err(e) => {
            tell(&format!("the terminal cannot be set up: {e}"));
            return 2;
        }
    };
    let problems = red(&problems);
    let reader =
        match input::start_with(&device, Decoder::new(locale.ssh()).with_mouse(config.mouse), keys(inbox.clone())) {
            Ok(r) => r,
            Err(e) => {
                screen.guard.restore();
                tell(&format!("the keyboard cannot be read: {e}"));
                return 2;
            }
        };
    let mut at = place;
    let (code, said) = loop {
        let mut setup = match set_up(&config, args, &at) {
            Ok(s) => s,
            Err(why) => break (5, vec![why]),
        };
        let drill = setup.drill.take();
        let size = screen.device.size();
        let (back, end, head) = play(setup, screen, size, &inbox, &problems);
        screen = back;
        match end {
            End::Quit(code) => break (code, last_words(head, drill.as_ref())),
            // Its score is kept beside its log.
            End::Chosen(Choice::Again) => drill.iter().for_each(|d| drop(d.told())),
            End::Chosen(choice) => at = chosen(&config, choice),
        }
    };
    drop(reader);
    screen.guard.restore();
    let line = |text: &String| format!("andon: {}", crate::core::shown::shown_line(text, 400));
    let said: Vec<String> = said.iter().map(line).collect();
    // Not `tell`: a terminal that takes nothing must not keep us.
    guard::last_lines(Some(&device), &said);
    code
}

/// Flags that are settings as well are read as such, over variables and files and with the same checks.
pub(super) fn flags(args: &ConsoleArgs, env: &mut BTreeMap<String, String>) {
    // No variable of the environment stands in for a flag.
    env.retain(|name, _| !name.starts_with("--"));
    if let Some(name) = &args.keymap {
        env.insert("--keymap".into(), name.clone());
    }
    for (name, on) in [("--mouse", args.mouse), ("--bell", args.bell), ("--title", args.title)] {
        if on {
            env.insert(name.into(), "true".into());
        }
    }
}

/// What is told when the console is left: the log's head, and of a drill its score.
pub(super) fn last_words(head: Option<String>, drill: Option<&super::drill::Ended>) -> Vec<String> {
    let head = head.map(|h| format!("log head {h}"));
    head.into_iter().chain(drill.into_iter().flat_map(super::drill::Ended::told)).collect()
}

/// What was chosen on the first list.
pub(super) fn chosen(config: &Config, choice: Choice) -> Place {
    match choice {
        // Again is the loop's own matter; nobody else has a drill to begin anew.
        Choice::Drill | Choice::Again => Place::Drill(DrillWish::of("f1")),
        Choice::Context(name) if config.environment_named(&name).is_some() => Place::Environment(name.to_string()),
        Choice::Context(name) => Place::Context(name.to_string()),
    }
}

/// Faults of the config that are shown red.
pub(super) fn red(problems: &[config::Problem]) -> Vec<Arc<str>> {
    problems.iter().filter(|p| p.severity == config::Severity::Error).map(|p| Arc::from(p.to_string())).collect()
}

/// Flag, then config, then what the machine offers; never a guess between several environments.
pub(super) fn place(args: &ConsoleArgs, config: &Config, given: Option<Place>) -> Result<Place, (String, u8)> {
    if let Some(place) = given {
        return Ok(place);
    }
    if let Some(c) = &args.context {
        return Ok(Place::Context(c.clone()));
    }
    if let Some(name) = args.env.as_deref().or(config.environment.as_deref()) {
        return match config.environment_named(name) {
            Some(e) => Ok(Place::Environment(e.name.to_string())),
            None => {
                let known: Vec<&str> = config.environments.iter().map(|e| &*e.name).collect();
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                Err((format!("no environment {name:?} in the config; there are: {known}"), 3))
            }
        };
    }
    if let [only] = config.environments.as_slice() {
        return Ok(Place::Environment(only.name.to_string()));
    }
    if config.environments.len() > 1 {
        // Several and none named: the list, never a guess.
        let line = |e: &config::Environment| Context {
            name: e.name.clone(),
            cluster: e.sources.iter().map(SourceId::as_str).collect::<Vec<_>>().join(", ").into(),
            namespace: None,
            current: false,
        };
        return Ok(Place::Choose(config.environments.iter().map(line).collect()));
    }
    let contexts = contexts();
    if contexts.is_empty() {
        return Ok(Place::Drill(DrillWish::of("f1")));
    }
    Ok(Place::Choose(contexts))
}

/// Contexts of the kubeconfig; one that cannot be read is as good as none here, and told when it is asked for by name.
fn contexts() -> Vec<Context> {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return Vec::new() };
    let found = runtime.block_on(kubernetes::contexts(None)).unwrap_or_default();
    let context = |c: kubernetes::ContextInfo| Context {
        name: c.name.into(),
        cluster: c.cluster.into(),
        namespace: c.namespace.map(Into::into),
        current: c.current,
    };
    found.into_iter().map(context).collect()
}

pub(super) fn set_up(config: &Config, args: &ConsoleArgs, at: &Place) -> Result<Setup, String> {
    match at {
        Place::Choose(contexts) => Ok(setup::choose(config, args, contexts.clone())),
        Place::Context(name) => Ok(setup::context(config, args, name)),
        Place::Environment(name) => match config.environment_named(name) {
            Some(e) => Ok(setup::environment(config, args, e)),
            None => Err(format!("no environment {name:?}")),
        },
        Place::Drill(wish) => setup::drill(config, args, wish),
        Place::Replay(log) => setup::replay(config, args, log),
    }
}

/// One engine, from its first frame to its end.
pub(super) fn play<F: Front>(
    setup: Setup,
    front: F,
    size: (u16, u16),
    inbox: &Inbox,
    problems: &[Arc<str>],
) -> (F, End, Option<String>) {
    let Setup { mut model, clock, utc, sources, request, log, anchor, tape_dir, player, drill: _, hands } = setup;
    (model.width, model.height) = size;
    model.problems = problems.to_vec();
    #[cfg(feature = "testkit")]
    super::fall::engine(&mut model);
    let mut engine = Engine::new(model, front, inbox.clone(), clock.clone());
    engine.with_hands(hands);
    // The first frame waits for nothing: not for the log, not for a thread.
    engine.first_frame();
    if let Some(settings) = log {
        let drafts = setup::state_dir().join("andon").join(plain(&settings.environment));
        match Drafts::open(&drafts, inbox.clone()) {
            Ok(d) => engine.with_drafts(d),
            Err(e) => tracing::warn!(error = %e, "no thread for drafts"),
        }
        let elsewhere = Elsewhere { state: setup::state_dir(), anchor };
        engine.with_log(Logbook::open(settings, elsewhere, tape_dir.clone(), clock.now(), inbox.clone()));
        if let Some(dir) = tape_dir {
            engine.with_tape(dir);
        }
    }
    if let Some(player) = player
        && let Err(e) = player.start(inbox.clone())
    {
        engine.apply(Msg::LogFailed { why: format!("no thread to play the log: {e}").into() }, None);
    }
    if !sources.is_empty() {
        match Ports::new(inbox.clone(), utc, request) {
            Ok(mut ports) => {
                for (id, backend) in sources {
                    ports.add(id, backend);
                }
                engine.with_ports(ports);
            }
            Err(e) => engine.apply(Msg::LogFailed { why: format!("no threads for the sources: {e}").into() }, None),
        }
    }
    let end = engine.run();
    let (front, head) = engine.close();
    (front, end, head)
}

/// The fonts of the Linux console hold no braille, with colours or without.
fn look(theme: crate::config::theme::Theme, colours: Colours, term: &str, utf8: bool) -> Look {
    let look = Look::new(theme, colours, utf8);
    if term.starts_with("linux") { look.with_glyphs(crate::ui::Glyphs::Ascii) } else { look }
}

fn colours(depth: Depth, term: &str) -> Colours {
    match depth {
        Depth::None => Colours::None,
        Depth::Sixteen if term.starts_with("linux") => Colours::Console,
        Depth::Sixteen => Colours::Sixteen,
        Depth::TwoFiftySix => Colours::TwoFiftySix,
        Depth::True => Colours::True,
    }
}

fn take(
    device: &Arc<Device>,
    locale: &Locale,
    inbox: &Inbox,
    args: &ConsoleArgs,
    extra: guard::Extra,
    look: Look,
    wardrobe: Wardrobe,
) -> std::io::Result<Screen> {
    let guard = Guard::enter_with(device, extra)?;
    let slow = Arc::new(AtomicBool::new(args.slow));
    let (always, measured, to) = (args.slow, slow.clone(), inbox.clone());
    let output = Output::start(device, locale.sync(), move |f| {
        #[cfg(feature = "testkit")]
        super::fall::here("draw");
        measured.store(always || f.took_ms > 100, Ordering::Relaxed);
        tracing::trace!(f.bytes, f.took_ms, "frame");
        // The loop is only woken for what it waits for.
        if let Some(dialog) = f.tag {
            to.terminal(FromTerminal::Flushed(dialog, f.bytes as u64));
        }
    })?;
    Ok(Screen {
        guard,
        output,
        device: device.clone(),
        look,
        wardrobe,
        state: setup::state_dir(),
        slow,
        slow_line: args.slow,
        clock: !args.no_clock,
        handed: None,
        hits: Vec::new(),
        titled: extra.title.then(String::new),
    })
}

fn keys(inbox: Inbox) -> impl FnMut(Input) + Send + 'static {
    move |i| {
        #[cfg(feature = "testkit")]
        super::fall::key(&i);
        inbox.terminal(match i {
            Input::Key { key, at } => FromTerminal::Msg(Msg::Key(key), Person(at)),
            Input::Mouse { what: Mouse::Wheel(by), at } => FromTerminal::Msg(Msg::Wheel(by), Person(at)),
            Input::Mouse { what: Mouse::Press { x, y }, at } => FromTerminal::Click(x, y, Person(at)),
            // Before a message exists: the tape holds every one whole.
            Input::Paste { text, at } => FromTerminal::Msg(Msg::Paste(redact::text(&text).into_owned()), Person(at)),
            Input::Resize { cols, rows, at } => {
                FromTerminal::Msg(Msg::Resize { width: cols, height: rows }, Person(at))
            }
            Input::Gone { .. } => FromTerminal::End(129),
            Input::End(e) => FromTerminal::End(e.exit_code()),
            Input::Stop => FromTerminal::Stop,
            Input::Continued => FromTerminal::Continued,
        });
    }
}

/// The report of a panic: where it was, in a file of this user.
fn report(what: &str) -> Option<String> {
    // The message that did it is on the tape, if the tape is on the disk.
    tape_queue::rescue(Duration::from_millis(100));
    let dir = setup::state_dir().join("andon");
    std::fs::create_dir_all(&dir).ok()?;
    let path = dir.join(format!("panic-{}.txt", std::process::id()));
    std::fs::write(&path, &*redact::text(what)).ok()?;
    Some(path.display().to_string())
}
