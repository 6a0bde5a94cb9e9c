//! The command palette (`:`): a line, suggestions under it, and what Enter takes. An act taken here opens the dialog that
//! its keys open, on the target that was chosen when the palette opened; nothing is ever sent from here.

use super::{browse, bump, keys, link, who};
use crate::core::board;
use crate::core::effect::Effect;
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::Found;
use crate::core::model::Model;
use crate::core::nav::{Field, Overlay, Screen};
use crate::core::palette::{self, Enter, FIND, Take};
use crate::core::shown::shown_line;
use crate::core::time::Person;

/// Characters the line may have.
const MOST: usize = 200;
/// No key for this long before `:`, or what is typed may be meant for another window. Milliseconds.
const QUIET_MS: i64 = 1_000;

/// `under`: what lay over the screen and is brought back by leaving.
pub(super) fn open(model: &mut Model, under: Option<Overlay>) {
    let [_, before, now] = model.nav.keys_at;
    let field = Field {
        quiet: before.0 == 0 || now.0 - before.0 >= QUIET_MS,
        target: board::selected_target(model).map(|t| t.id.clone()),
        under: under.map(Box::new),
        ..Field::default()
    };
    model.nav.overlay = Some(Overlay::Palette(field));
    // Opened at the waking screen: what is typed belongs here from now on.
    model.nav.deaf_until = Person(0);
    bump(model);
}

pub(super) fn key(model: &mut Model, mut field: Field, key: Key, out: &mut Vec<Effect>) {
    let asked = std::mem::take(&mut field.again);
    match model.keymap.find(Context::Field, &[key]) {
        Found::Intent(Intent::FieldTake) => return enter(model, Field { again: asked, ..field }, out),
        Found::Intent(Intent::FieldLeave) => return leave(model, field),
        Found::Intent(Intent::FieldNext) => choose(model, &mut field, 1),
        Found::Intent(Intent::FieldPrevious) => choose(model, &mut field, -1),
        Found::Intent(Intent::FieldComplete) => complete(model, &mut field),
        Found::Intent(_) | Found::Prefix | Found::Nothing => match key.code {
            // Always no, whatever the keymap says.
            Code::Esc => return leave(model, field),
            Code::Enter => return enter(model, Field { again: asked, ..field }, out),
            Code::Backspace => {
                field.typed.pop();
                typed(&mut field);
            }
            Code::Char(c) if !key.ctrl && !key.alt && !c.is_control() && field.typed.chars().count() < MOST => {
                field.typed.push(c);
                typed(&mut field);
            }
            _ => {}
        },
    }
    model.nav.overlay = Some(Overlay::Palette(field));
}

/// What fits best is offered first again, and nothing is chosen by hand any more.
fn typed(field: &mut Field) {
    field.chosen = 0;
    field.by_hand = false;
    // An empty line holds nothing that was pasted.
    field.pasted &= !field.typed.is_empty();
}

/// The first line, through the gate. What came this way never acts.
pub(super) fn paste(model: &mut Model, mut field: Field, line: &str) {
    let room = MOST.saturating_sub(field.typed.chars().count());
    field.typed.extend(shown_line(line, MOST).as_str().chars().take(room));
    field.pasted = true;
    field.again = false;
    typed(&mut field);
    model.nav.overlay = Some(Overlay::Palette(field));
}

fn leave(model: &mut Model, field: Field) {
    model.nav.overlay = field.under.map(|u| *u);
}

fn choose(model: &Model, field: &mut Field, by: i64) {
    let last = palette::offer(model, field).entries.len().saturating_sub(1) as i64;
    // The first key takes the best one by hand; the next goes on.
    if field.by_hand {
        field.chosen = (field.chosen as i64).saturating_add(by).clamp(0, last) as usize;
    }
    field.by_hand = true;
}

/// The name of the chosen suggestion stands in the line, and it is chosen by hand.
fn complete(model: &Model, field: &mut Field) {
    let offer = palette::offer(model, field);
    let Some(entry) = offer.entries.get(field.chosen).filter(|_| !field.typed.trim().is_empty() || field.by_hand)
    else {
        return;
    };
    if entry.take == Take::Find {
        field.typed = FIND.into();
        typed(field);
        return;
    }
    // A hit of a search is chosen; its name alone would be another search.
    if palette::words_of(&field.typed).is_none() {
        let named = shown_line(&entry.name, MOST).into_string();
        let there = Field { typed: named.clone(), ..field.clone() };
        if let Some(at) = palette::offer(model, &there).entries.iter().position(|e| e.take == entry.take) {
            field.typed = named;
            field.chosen = at;
        }
    }
    field.by_hand = true;
}

fn enter(model: &mut Model, mut field: Field, out: &mut Vec<Effect>) {
    let offer = palette::offer(model, &field);
    let take = match palette::enter(model, &field, &offer) {
        Enter::Take(entry) => entry.take.clone(),
        Enter::Again(entry) => {
            let again = format!("keys came just before this line: enter again takes {}", entry.name);
            field.again = true;
            model.nav.overlay = Some(Overlay::Palette(field));
            model.tell(again);
            return;
        }
        Enter::No(why) => {
            model.nav.overlay = Some(Overlay::Palette(field));
            model.tell(why);
            return;
        }
    };
    match take {
        // The very same as behind its keys: dialogs, delays and refusals are not this slice's business.
        Take::Intent(i) => keys::intent(model, i, field.target, out),
        Take::Service(s) => link::jump(model, Screen::Verdict, &s),
        Take::Source(s) => link::to_source(model, Some(&s)),
        Take::Step(service, step) => {
            link::jump(model, Screen::Runbook, &service);
            model.nav.step_row = step;
        }
        Take::Line(Some(service)) => link::jump(model, Screen::Verdict, &service),
        Take::Line(None) => model.nav.go(Screen::Board),
        Take::Context(row) => model.nav.choose_row = row,
        Take::Login(source) => super::login::begin(model, Some(source), out),
        Take::Theme(name) => out.push(Effect::Theme(name)),
        Take::Log => browse::open(model, None, out),
        Take::Reload => out.push(Effect::Reload),
        Take::Link => link::copy_link(model, out),
        Take::As(name) => who::said(model, &name, out),
        Take::Find => {
            field.typed = FIND.into();
            typed(&mut field);
            model.nav.overlay = Some(Overlay::Palette(field));
        }
    }
    bump(model);
}
