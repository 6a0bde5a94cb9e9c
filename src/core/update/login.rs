//! `:login`: which source, leaving the screen for it, and what is said afterwards. Runs nothing itself.

use super::{bump, keys};
use crate::core::effect::Effect;
use crate::core::id::SourceId;
use crate::core::model::Model;
use crate::core::nav::Screen;
use crate::core::world::source::{Link, Trouble};
use std::sync::Arc;

/// The source that `:login` without a name means: the chosen one on Sources, else the only one whose login has ended,
/// else the only one there is.
fn meant(model: &Model) -> Result<SourceId, String> {
    let sources = &model.world.sources;
    if model.nav.screen == Screen::Sources
        && let Some(id) = sources.keys().nth(model.nav.source_row)
    {
        return Ok(id.clone());
    }
    let ended = |l: &Link| matches!(l, Link::Failed(e) if e.trouble == Trouble::Auth);
    let failed: Vec<&SourceId> = sources.iter().filter(|(_, s)| ended(&s.link)).map(|(id, _)| id).collect();
    let all: Vec<&SourceId> = sources.keys().collect();
    match (failed.as_slice(), all.as_slice()) {
        ([one], _) | ([], [one]) => Ok((*one).clone()),
        ([], []) => Err("there is no source to log in to".into()),
        (some, all) => {
            let some = if some.is_empty() { all } else { some };
            let names: Vec<&str> = some.iter().map(|id| id.as_str()).collect();
            Err(format!("which one? login {}", names.join(", login ")))
        }
    }
}

/// Looking again is no act: a read-only session may log in. The screen is left as by Ctrl-Z, so the arming ends.
pub(super) fn begin(model: &mut Model, source: Option<SourceId>, out: &mut Vec<Effect>) {
    let source = match source.map_or_else(|| meant(model), Ok) {
        Ok(s) => s,
        Err(why) => return model.tell(why),
    };
    keys::disarm(model, "left the screen to log in", out);
    model.tell(format!("logging in to {source}"));
    out.push(Effect::Login(source));
    bump(model);
}

/// The screen is back, or was never left.
pub(super) fn ended(model: &mut Model, source: &SourceId, failed: Option<Arc<str>>) {
    // What was typed for the login may come here: nobody has seen the dialog since.
    let now = model.now.person;
    if let Some(d) = &mut model.dialog {
        d.flushed = None;
        d.last_key = now;
    }
    match failed {
        None => model.tell(format!("logged in to {source}; it is connected again")),
        Some(why) => model.tell(format!("{source}: {why}")),
    }
    bump(model);
}
