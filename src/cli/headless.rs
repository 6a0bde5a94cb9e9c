//! The engine without a terminal: lines out, nothing in but what the command line said. What `act`, `wait` and `status`
//! run on. No rule of acting is in here.

use super::console::{self, Place};
use super::out::{self, Gated};
use super::setup::{DrillWish, Setup};
use super::{ConsoleArgs, PlaceArgs, tell};
use crate::config::{self, Paths};
use crate::core::errand::code;
use crate::core::model::Model;
use crate::engine::inbox::{FromTerminal, Inbox};
use crate::engine::{End, Front};
use crate::ui;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

/// What a replay's screen is drawn at; nothing is shown of it.
const SIZE: (u16, u16) = (80, 23);

/// Looks at the model after every change and each second; `Some` ends the session with that code.
pub type Look = Box<dyn FnMut(&Model, &mut dyn Write) -> Option<u8>>;

/// Lines in place of frames, and a look in place of a person.
pub struct Headless {
    look: Look,
    out: Gated<File>,
    inbox: Inbox,
    /// A reader that went away is told nothing more.
    broken: bool,
    ended: bool,
}

/// Runs to the end; the exit code. `tune` changes what was set up: the errand, whether a log is kept.
pub fn run(args: &ConsoleArgs, place: &PlaceArgs, tune: impl FnOnce(&mut Setup), look: Look) -> u8 {
    let args = ConsoleArgs {
        env: place.env.clone(),
        context: place.context.clone(),
        prom: place.prom.clone(),
        namespace: place.namespace.clone(),
        ..args.clone()
    };
    let mut env: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    console::flags(&args, &mut env);
    let (config, problems) = config::load(&Paths::of_this_user(&env), &env);
    let drill = place.drill.as_ref();
    let given = drill.map(|s| Place::Drill(DrillWish::of(s)));
    let place = match console::place(&args, &config, given) {
        // A list to choose from needs somebody who chooses; a drill is never a guess for a command.
        Ok(Place::Choose(several)) => {
            let names: Vec<&str> = several.iter().map(|c| &*c.name).collect();
            tell(&format!("which one? --env or --context names it; there are: {}", names.join(", ")));
            return code::USAGE;
        }
        Ok(Place::Drill(_)) if drill.is_none() => {
            tell("nothing is configured and there is no kubeconfig: --env, --context or --drill says where");
            return code::USAGE;
        }
        Ok(p) => p,
        Err((why, code)) => {
            tell(&why);
            return code;
        }
    };
    let mut setup = match console::set_up(&config, &args, &place) {
        Ok(s) => s,
        Err(why) => {
            tell(&why);
            return code::NOT_FOUND;
        }
    };
    let out = match out::own_stdout() {
        Ok(out) => out,
        Err(e) => {
            tell(&format!("standard output cannot be written: {e}"));
            return code::ERROR;
        }
    };
    let _diagnostics = super::diagnostics::start();
    tune(&mut setup);
    let inbox = Inbox::default();
    let front = Headless { look, out, inbox: inbox.clone(), broken: false, ended: false };
    let (front, end, _) = console::play(setup, front, SIZE, &inbox, &console::red(&problems));
    match end {
        _ if front.broken => 141,
        End::Quit(code) => code,
        End::Chosen(_) => code::ERROR,
    }
}

impl Headless {
    fn write(&mut self, text: &[u8]) {
        self.broken = self.broken || self.out.write_all(text).and_then(|()| self.out.flush()).is_err();
    }
}

impl Front for Headless {
    fn draw(&mut self, model: &Model) {
        if self.ended {
            return;
        }
        let mut text = Vec::new();
        let over = (self.look)(model, &mut text);
        if !text.is_empty() {
            self.write(&text);
        }
        if let Some(code) = over {
            self.ended = true;
            self.inbox.terminal(FromTerminal::End(code));
        }
    }

    fn digest(&self, model: &Model) -> String {
        ui::digest(model)
    }

    fn say(&mut self, line: &str) {
        self.write(format!("{line}\n").as_bytes());
    }

    fn frame_ms(&self) -> i64 {
        50
    }

    /// What depends on time alone is looked at once a second.
    fn ticks(&self) -> bool {
        true
    }
}

/// No log, no tape: a command that only looks leaves nothing.
pub fn only_looks(setup: &mut Setup) {
    setup.log = None;
    setup.tape_dir = None;
    setup.anchor = Vec::new();
    setup.model.environment.read_only = true;
}

/// Nothing to look at: the core ends the session.
pub fn nothing() -> Look {
    Box::new(|_, _| None)
}

/// What the person wrote, for the model.
pub fn arc(s: &Option<String>) -> Option<Arc<str>> {
    s.as_deref().map(Arc::from)
}
