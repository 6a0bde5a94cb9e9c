//! `:theme` and `:reload`: what comes back of them. The core knows names of themes, never colours.

use super::{bump, confirm};
use crate::core::effect::Effect;
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

pub(super) fn reloaded(model: &mut Model, r: Reloaded, out: &mut Vec<Effect>) {
    bump(model);
    if r.theme.is_empty() {
        model.tell("no keymap or theme file is in use here");
        return;
    }
    let mut closed = String::new();
    if let Some(keymap) = r.keymap {
        // A key that is half typed, or a dialog that names its keys, was meant with the old ones: no key may come to
        // mean something else under the fingers.
        if model.dialog.is_some() {
            // What had gone out by then is said by the closing itself.
            confirm::close(model, "nothing was started", out);
            let said = model.notice.as_ref().map(|n| n.0.to_string()).unwrap_or_default();
            closed = format!("; the dialog is closed, {said}");
        } else if !model.nav.pending.is_empty() {
            closed = "; the menu is closed".into();
        }
        model.nav.pending.clear();
        model.nav.menu_target = None;
        model.keymap = keymap;
    }
    model.settings.theme = r.theme;
    model.settings.themes = r.themes;
    model.problems = r.problems;
    let changes = r.changes.join(", ");
    let said = match (r.fault, changes.is_empty()) {
        (Some(fault), true) => format!("{fault}; what was in force stays"),
        (Some(fault), false) => format!("{fault}; but {changes}"),
        (None, true) => "nothing has changed".into(),
        (None, false) => changes,
    };
    model.tell(said + &closed);
}
