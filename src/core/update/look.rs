//! `:theme` and `:reload`: what comes back of them. The core knows names of themes, never colours.

use super::bump;
use crate::core::model::Model;
use crate::core::msg::Reloaded;
use std::sync::Arc;

pub(super) fn themed(model: &mut Model, name: Arc<str>, refused: Option<Arc<str>>) {
    match refused {
        Some(why) => model.tell(why),
        None => {
            model.tell(format!("theme {name}"));
            model.settings.theme = name;
        }
    }
    bump(model);
}

pub(super) fn reloaded(model: &mut Model, r: Reloaded) {
    if let Some(keymap) = r.keymap {
        model.keymap = keymap;
    }
    model.settings.theme = r.theme;
    model.settings.themes = r.themes;
    let said = r.problems.first().or(r.changes.first()).cloned().unwrap_or_else(|| "nothing has changed".into());
    model.tell(said);
    bump(model);
}
