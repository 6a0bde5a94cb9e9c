//! The tape as the loop uses it, with the running digests that a replay must give again.

use crate::core::effect::Effect;
use crate::core::model::Model;
use crate::core::msg::Msg;
use crate::core::seal::sha256_hex;
use crate::core::time::Stamp;
use crate::core::update::update;
use crate::journal::tape::{Due, Mark, Ring, Tape};
use crate::journal::tape_read::{TapeLine, TapeReader};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// What the header of a segment opens with.
#[derive(Serialize, Deserialize)]
pub struct Start {
    pub build: String,
    pub model: Model,
}

pub struct TapeDeck {
    tape: Tape,
    effects: Digest,
}

/// A hash over everything so far.
#[derive(Clone, Debug, Default)]
pub struct Digest(String);

impl Digest {
    pub fn add(&mut self, value: &impl Serialize) {
        // A value that JSON cannot hold would differ from itself on replay; there is none in an effect.
        let text = serde_json::to_string(value).unwrap_or_default();
        self.0 = sha256_hex(format!("{}{text}", self.0).as_bytes());
    }
    pub fn hex(&self) -> &str {
        &self.0
    }
}

/// What people type is in these parts of the model or small beside them; the rest is large and came from sources, which
/// was cleaned where it entered.
const NOT_TYPED: [&str; 9] =
    ["world", "judged", "burns", "acts", "keymap", "runbooks", "interest", "tickets", "environment"];

fn start(model: &Model) -> Value {
    let mut model = json!(model);
    for (name, part) in model.as_object_mut().into_iter().flatten() {
        if !NOT_TYPED.contains(&name.as_str())
            && let Some((clean, _)) = crate::core::redact::value(part, &|_| None)
        {
            *part = clean;
        }
    }
    json!({"build": env!("CARGO_PKG_VERSION"), "model": model})
}

impl TapeDeck {
    pub fn open(dir: &Path, session: &str, model: &Model, at: Stamp) -> std::io::Result<TapeDeck> {
        let tape = Tape::open(dir, session, Ring::default(), start(model), at)?;
        Ok(TapeDeck { tape, effects: Digest::default() })
    }

    pub fn note(&mut self, at: Stamp, msg: &Msg) {
        self.tape.note(at, msg);
    }

    pub fn effects(&mut self, effects: &[Effect]) {
        for e in effects {
            self.effects.add(e);
        }
    }

    /// A new segment when one is due: marked before it ends, opened with a checkpoint of the model.
    pub fn rotate(&mut self, model: &Model, at: Stamp, quiet: bool, screen: impl FnOnce() -> String) {
        let now = match self.tape.due(at) {
            Due::No => false,
            Due::WhenQuiet => quiet,
            Due::Now => true,
        };
        if now {
            self.tape.mark(at, &Mark { effects: self.effects.hex().to_string(), screen: screen() });
            if self.tape.rotate(start(model), at) {
                self.effects = Digest::default();
            }
        }
    }

    pub fn close(self, at: Stamp, screen: String) {
        let mark = Mark { effects: self.effects.hex().to_string(), screen };
        if let Err(why) = self.tape.close(at, &mark, Duration::from_millis(500)) {
            tracing::warn!(why, "tape");
        }
    }
}

/// What a replay found.
pub struct Replayed {
    pub model: Model,
    pub messages: u64,
    pub effects: u64,
    pub marks: u64,
    /// Where it stopped before the end, and why.
    pub stopped: Option<String>,
    pub build: String,
}

/// Replays one segment: no source, journal, clock or terminal is attached. `screen` draws the model's digest, `editor`
/// is the function notes are edited with, `copier` the one that copies. Errors: the first changed byte, a missing header, a different effect or screen.
pub fn replay(
    path: &Path,
    editor: crate::core::case::note::Editor,
    copier: crate::core::model::Copier,
    screen: impl Fn(&Model) -> String,
) -> Result<Replayed, String> {
    let reader = TapeReader::<Msg>::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut state: Option<Replayed> = None;
    let mut digest = Digest::default();
    for line in reader {
        let line = line.map_err(|e| format!("{}:{}: {}", path.display(), e.line, e.why))?;
        match (line, &mut state) {
            (TapeLine::Start { header, at }, None) => {
                let s: Start =
                    serde_json::from_value(header.start).map_err(|e| format!("the checkpoint cannot be read: {e}"))?;
                let mut model = s.model;
                model.editor = editor;
                model.copier = copier;
                model.rows = crate::core::board::rows(&model);
                model.now = at;
                state = Some(Replayed { model, messages: 0, effects: 0, marks: 0, stopped: None, build: s.build });
            }
            (TapeLine::Message { at, message, .. }, Some(r)) => {
                for e in update(&mut r.model, at, message) {
                    digest.add(&e);
                    r.effects += 1;
                }
                r.messages += 1;
            }
            (TapeLine::Mark { at, mark, .. }, Some(r)) => {
                r.model.now = at;
                if mark.effects != digest.hex() {
                    return Err(format!("after {} messages the effects are not those of the tape", r.messages));
                }
                if mark.screen != screen(&r.model) {
                    return Err(format!("after {} messages the screen is not that of the tape", r.messages));
                }
                r.marks += 1;
            }
            (TapeLine::Gap { gap, .. }, Some(r)) => {
                r.stopped = Some(format!("{} messages are not on the tape ({}); replay ends here", gap.lost, gap.why));
                break;
            }
            (TapeLine::End { .. }, Some(_)) => {}
            (TapeLine::Start { .. }, Some(_)) => return Err("a second header".into()),
            (_, None) => return Err("the tape does not begin with a header".into()),
        }
    }
    state.ok_or_else(|| "the tape is empty".into())
}
