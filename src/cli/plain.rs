//! `andon --plain`: the console by lines, for screen readers, dumb terminals and serial consoles. The engine's front
//! without a screen: lines out through one writer, lines in from standard input. No rule of acting is in here.

mod read;
mod write;

use super::console::{self, Place};
use super::{ConsoleArgs, out, tell};
use crate::config::Config;
use crate::core::act::dialog::Dialog;
use crate::core::effect::Choice;
use crate::core::model::Model;
use crate::core::nav::Overlay;
use crate::engine::inbox::{FromTerminal, Inbox};
use crate::engine::{End, Front};
use crate::ui;
use std::sync::Arc;
use std::time::Duration;
use write::Writer;

/// What a replay's screen is drawn at; nothing is shown of it.
const SIZE: (u16, u16) = (80, 23);

/// How long the last lines may take before the process stops.
const BEFORE_STOP: Duration = Duration::from_millis(200);

/// Lines in place of frames.
struct Lines {
    out: Writer,
    inbox: Inbox,
    /// Only ASCII may be written.
    ascii: bool,
    /// `--slow`: the line takes 960 bytes a second.
    slow: bool,
}

/// Run to the end; the exit code. `ascii`: the locale or `--ascii` asks for it.
pub(super) fn run(config: &Config, args: &ConsoleArgs, place: Place, problems: &[Arc<str>], ascii: bool) -> u8 {
    let inbox = Inbox::default();
    // A descriptor of its own: whoever holds the lock of `stdout` must not hold the lines.
    let out = out::own_stdout();
    let out = match out.and_then(|out| Writer::start(out, inbox.clone())) {
        Ok(w) => w,
        Err(e) => {
            tell(&format!("standard output cannot be written: {e}"));
            return 1;
        }
    };
    if let Err(e) = read::start(&inbox) {
        tell(&format!("standard input cannot be read: {e}"));
        return 1;
    }
    let mut front = Lines { out, inbox: inbox.clone(), ascii, slow: args.slow };
    let mut at = place;
    let (code, said) = loop {
        let mut setup = match console::set_up(config, args, &at) {
            Ok(s) => s,
            Err(why) => break (5, vec![why]),
        };
        let drill = setup.drill.take();
        setup.model.settings.plain = true;
        let (back, end, head) = console::play(setup, front, SIZE, &inbox, problems);
        front = back;
        match end {
            End::Quit(code) => break (code, console::last_words(head, drill.as_ref())),
            End::Chosen(Choice::Again) => drill.iter().for_each(|d| drop(d.told())),
            End::Chosen(choice) => at = console::chosen(config, choice),
        }
    };
    // A reader that went away is told nothing more: 141 is said by the code alone.
    let read = front.out.close();
    if read {
        said.iter().for_each(|text| tell(text));
    }
    code
}

/// A dialog is shown when its plan is: what stands before it asks for nothing.
fn waits_to_be_shown(d: &Dialog) -> bool {
    d.flushed.is_none() && d.act().is_none_or(|a| a.plan().is_some())
}

impl Front for Lines {
    fn draw(&mut self, model: &Model) {
        let covered = matches!(model.nav.overlay, Some(Overlay::Who { .. }));
        if let Some(d) = model.dialog.as_ref().filter(|d| !covered && waits_to_be_shown(d)) {
            self.out.mark(d.id.0);
        }
    }

    fn digest(&self, model: &Model) -> String {
        ui::digest(model)
    }

    fn suspend(&mut self) {
        self.out.drain(BEFORE_STOP);
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
        self.inbox.terminal(FromTerminal::Continued);
    }

    fn say(&mut self, line: &str) {
        self.out.line(if self.ascii { ascii(line) } else { line.to_owned() });
    }

    fn frame_ms(&self) -> i64 {
        0
    }

    fn slow(&self) -> bool {
        self.slow
    }

    fn ticks(&self) -> bool {
        false
    }
}

/// What is not ASCII by its number, as the gate writes what it does not let through.
fn ascii(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.push_str(&format!("<U+{:04X}>", u32::from(c)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ascii_locale_gets_ascii_and_loses_nothing() {
        assert_eq!(ascii("caf\u{e9} ok"), "caf<U+00E9> ok");
        assert_eq!(ascii("\u{1f600}"), "<U+1F600>");
    }
}
