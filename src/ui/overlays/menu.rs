//! The act menu: what each second key would do, how long it takes, whether it is ready. Lower half; the rest stays.

use crate::config::theme::Role;
use crate::core::act::plan::Verb;
use crate::core::intent::Intent;
use crate::core::judge::verdict::Word;
use crate::core::keymap::key_name;
use crate::core::menu::{self, Ready};
use crate::core::model::Model;
use crate::ui::parts::line::{Line, Rows};
use crate::ui::screens::{board, verdict};

/// The keys typed so far begin an act.
pub fn is_open(model: &Model) -> bool {
    let pending = &model.nav.pending;
    !pending.is_empty()
        && model
            .keymap
            .bindings
            .iter()
            .any(|b| b.intent.is_act() && b.chord.len() > pending.len() && b.chord.starts_with(pending))
}

/// What is left to type of an intent's chord.
fn rest(model: &Model, intent: Intent) -> Option<String> {
    let pending = &model.nav.pending;
    let b = model.keymap.bindings.iter().find(|b| b.intent == intent && b.chord.starts_with(pending))?;
    Some(b.chord.iter().skip(pending.len()).map(key_name).collect::<Vec<_>>().join(" "))
}

pub fn rows(model: &Model, wide: usize) -> Rows {
    let mut rows = Rows::new();
    let target = model.nav.menu_target.as_ref().and_then(|t| model.world.targets.get(t));
    let head = Line::of(Role::Title, "ACT ON  ");
    let head = match target {
        Some(t) => head.append(board::heading(model, t, wide)).text(format!("  {}", t.id.source)),
        None => head.text("nothing is chosen: only the console itself"),
    };
    rows.keep(head.end(Role::Key, "esc").end(Role::Text, " nothing"));
    let c = verdict::Columns::of(wide);
    let ready_at = c.ready_at;
    if let Some(t) = target {
        let mut items = menu::items(model, t);
        let listed: Vec<Intent> = items.iter().map(|i| i.intent).collect();
        // Every verb stands here, the ones that do not fit with their reason.
        for verb in Verb::ALL {
            let intent = match verb {
                Verb::RollBack => Intent::RollBack,
                Verb::Hold => Intent::Hold,
                Verb::Resume => Intent::Resume,
                Verb::Promote => Intent::Promote,
            };
            if !listed.contains(&intent) {
                let why = if verb == Verb::Resume { "not held" } else { "held already" };
                items.push(menu::Item {
                    intent,
                    label: verb.word().into(),
                    takes: "--".into(),
                    ready: Ready::No(why.into()),
                });
            }
        }
        for item in &items {
            let Some(key) = rest(model, item.intent) else { continue };
            let dead = matches!(item.ready, Ready::No(_));
            let line = Line::new().text(" ").left(if dead { Role::Text } else { Role::Key }, key, 3);
            let label = c.label(item, line.width());
            let line = line.text(label).to(c.takes_at).right(Role::Text, c.time(&item.takes), c.takes);
            let line = line.to(ready_at);
            rows.may(if dead { 5 } else { 1 }, line.append(verdict::ready(&item.ready)));
        }
        let worse = model.judged.get(&t.id).is_some_and(|j| j.verdict.word == Word::Worse);
        let why = if model.environment.read_only {
            Ready::No("read-only".into())
        } else if worse {
            Ready::Yes(String::new())
        } else {
            Ready::No("no WORSE verdict".into())
        };
        side(model, &mut rows, Intent::Acknowledge, "acknowledge the verdict: it no longer stands", why, ready_at);
    }
    let arm =
        if model.environment.read_only { Ready::No("read-only session".into()) } else { Ready::Yes(String::new()) };
    let minutes = model.limits.arm / 60_000;
    let label = if model.is_armed() { "renew the arming" } else { "arm this console for forward acts" };
    side(model, &mut rows, Intent::Arm, &format!("{label}, {minutes} min"), arm, ready_at);
    if model.is_armed() {
        side(model, &mut rows, Intent::Disarm, "back to LOOK-ONLY", Ready::Yes(String::new()), ready_at);
    }
    rows
}

fn side(model: &Model, rows: &mut Rows, intent: Intent, label: &str, ready: Ready, ready_at: usize) {
    let Some(key) = rest(model, intent) else { return };
    let dead = matches!(ready, Ready::No(_));
    let line = Line::new().text(" ").left(if dead { Role::Text } else { Role::Key }, key, 3).text(label);
    rows.may(if dead { 7 } else { 6 }, line.to(ready_at).append(verdict::ready(&ready)));
}
