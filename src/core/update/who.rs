//! Who is at a shared account (product.md section 9): asked before a forward or side act, after a backward one was sent,
//! never in the way back. One place looks at what every message did, so that no act can forget to ask.
//!
//! Before a forward act: over its dialog, which goes on being made below. Before a side act: its records are held until the
//! answer. After a backward act: a line in the last rows; every key keeps its meaning but Enter and Esc.

use super::{bump, confirm, records};
use crate::core::act::dialog::DialogKind;
use crate::core::act::many::Whole;
use crate::core::act::plan::{Direction, Operation};
use crate::core::act::sheet::What;
use crate::core::case::claim;
use crate::core::case::incident::LeadChange;
use crate::core::casework;
use crate::core::effect::Effect;
use crate::core::entry::{Kind, Origin};
use crate::core::key::{Code, Key};
use crate::core::model::Model;
use crate::core::nav::Overlay;
use crate::core::plain;
use crate::core::time::Person;
use crate::core::world::World;
use serde_json::json;
use std::sync::Arc;

/// No key for this long, or what is typed may be meant for another window (as in the palette and in sheets). Milliseconds.
const QUIET_MS: i64 = 1_000;

/// What a message finds: the act whose dialog is open.
pub(super) struct Before(Option<Operation>, Option<What>);

pub(super) fn before(model: &Model) -> Before {
    Before(open_act(model), open_side(model))
}

/// A dialog that sends a side act, or turns a flag on.
fn open_side(model: &Model) -> Option<What> {
    let sheet = model.dialog.as_ref()?.sheet()?;
    let sends = sheet.sends.as_ref()?;
    (sends.act.direction() != Some(Direction::Backward)).then_some(sheet.what)
}

fn open_act(model: &Model) -> Option<Operation> {
    let dialog = model.dialog.as_ref()?;
    let several = || dialog.many().and_then(|m| m.lines.first()).map(|l| &l.operation);
    let operation = dialog.act().map(|d| &d.operation).or_else(several)?;
    Some(Operation { back_to: None, ..operation.clone() })
}

/// Is the name being typed?
pub(super) fn is_open(model: &Model) -> bool {
    matches!(model.nav.overlay, Some(Overlay::Who { .. }))
}

/// After a message: what it did may ask who did it. `by_hand`: a key, a paste or a line.
pub(super) fn after(model: &mut Model, before: &Before, by_hand: bool, out: &mut Vec<Effect>) {
    if !model.claim.is_open() {
        model.claim.let_go = 0;
        return;
    }
    if model.ending || out.iter().any(|e| matches!(e, Effect::Quit(_) | Effect::Choose(_))) {
        // Nobody answers any more, and nothing that was done may be lost.
        release(model, out);
        return;
    }
    let went_back = out.iter().any(|e| match e {
        Effect::Perform { ticket, .. } => {
            let act = model.tickets.get(ticket).and_then(|id| model.acts.get(id));
            act.is_some_and(|a| a.direction() == Direction::Backward)
        }
        Effect::SidePerform { plan, .. } => plan.act.direction() == Some(Direction::Backward),
        _ => false,
    });
    if went_back {
        model.claim.asks = true;
        bump(model);
        if model.settings.plain && !is_open(model) {
            out.push(Effect::Say(plain::line(&question(model))));
        }
    }
    if !by_hand {
        return;
    }
    let held = hold(model, out);
    let forward = model.dialog.as_ref().is_some_and(|d| match &d.kind {
        DialogKind::Act(a) => a.direction() == Direction::Forward,
        DialogKind::Many(m) => m.whole == Whole::Thaw,
        DialogKind::Arm
        | DialogKind::Disarm
        | DialogKind::Acknowledge(_)
        | DialogKind::Sheet(_)
        | DialogKind::Run(_) => false,
    });
    let [first, second, now] = model.nav.keys_at;
    if held {
        // One key of its own let them go: `Y`, or what keeps a note.
        ask(model, is_quiet(second, now), out);
    } else if (forward && open_act(model) != before.0) || (open_side(model).is_some() && open_side(model) != before.1) {
        // The chord has two; the key before it tells.
        ask(model, is_quiet(first, second), out);
    }
}

/// Records of side acts wait for the answer. False: there are none.
fn hold(model: &mut Model, out: &mut Vec<Effect>) -> bool {
    let mut held = Vec::new();
    let mut let_go = std::mem::take(&mut model.claim.let_go);
    out.retain(|e| match e {
        Effect::Append { entry, ticket: None } if entry.kind.origin() == Origin::Side => {
            if let_go > 0 {
                let_go -= 1;
                return true;
            }
            held.push(entry.clone());
            false
        }
        _ => true,
    });
    let any = !held.is_empty();
    if any {
        model.claim.held.append(&mut held);
        // It is not in the log yet, and must not be said to be.
        model.claim.notice = model.notice.take().map(|(text, _)| text);
    }
    any
}

/// No key for a second before this one.
fn is_quiet(before: Person, begun: Person) -> bool {
    before.0 == 0 || begun.0 - before.0 >= QUIET_MS
}

/// Opens the field. It is already open: then it stays as it is.
fn ask(model: &mut Model, quiet: bool, out: &mut Vec<Effect>) {
    if is_open(model) || !model.claim.is_open() {
        return;
    }
    let under = model.nav.overlay.take().map(Box::new);
    model.nav.overlay = Some(Overlay::Who { typed: String::new(), quiet, under });
    model.claim.asks = false;
    bump(model);
    if model.settings.plain {
        out.push(Effect::Say(plain::line(&question(model))));
    }
}

fn question(model: &Model) -> String {
    let account = model.claim.shared.as_deref().unwrap_or_default();
    format!(
        "WHO ARE YOU? The account {account} is shared. Type: as NAME. Or: no, and the log says that it was not given."
    )
}

/// A key while the name is typed. True: it was for us.
pub(super) fn key(model: &mut Model, key: Key, out: &mut Vec<Effect>) -> bool {
    if model.asks_who() {
        match key.code {
            Code::Enter => {
                let [_, before, now] = model.nav.keys_at;
                ask(model, is_quiet(before, now), out);
            }
            Code::Esc => {
                model.claim.asks = false;
                model.tell("not given; it is asked again at the next act");
            }
            _ => return false,
        }
        return true;
    }
    let burst = model.nav.is_burst();
    let [_, before, now] = model.nav.keys_at;
    let since = now.0 - before.0;
    let hasty = since < model.limits.quiet;
    let Some(Overlay::Who { typed, quiet, .. }) = &mut model.nav.overlay else { return false };
    match key.code {
        Code::Esc => leave(model, out),
        // Esc and a letter that a multiplexer sent together: it was no.
        Code::Char(_) if key.alt => leave(model, out),
        Code::Backspace => {
            typed.pop();
        }
        Code::Char(c) if !key.ctrl && typed.chars().count() < claim::NAME_MOST => {
            // Nobody reads a question as fast as that: it opened under words that go on.
            *quiet &= !(typed.is_empty() && hasty);
            typed.push(c);
        }
        // The end of a burst is a paste from a terminal that does not bracket it, not an answer.
        Code::Enter if !burst => {
            let meant = *quiet || since >= QUIET_MS;
            match claim::name(typed) {
                // Typed for the dialog below, which asks for its target's name.
                Some(name) if is_ours(&model.world, &name) => {
                    typed.clear();
                    model.tell(format!("{name} is what is acted on; this asks who you are"));
                }
                Some(name) if meant => answer(model, name, out),
                Some(name) => model.tell(format!("are you {name}? Then wait a second and press enter again")),
                None => {}
            }
        }
        _ => {}
    }
    true
}

/// A service or a target is called so: no person, though `:as NAME` takes it.
fn is_ours(world: &World, name: &str) -> bool {
    let same = |n: &str| n.eq_ignore_ascii_case(name);
    world.services.keys().any(|s| same(s.as_str())) || world.targets.keys().any(|t| same(&t.name))
}

/// A line of `--plain` while the question is open. False: it was no answer, the question is put off, and the line means
/// what it means.
pub(super) fn line(model: &mut Model, typed: &str, out: &mut Vec<Effect>) -> bool {
    if !is_open(model) {
        return false;
    }
    match typed.split_once(char::is_whitespace) {
        Some(("as", said)) => match claim::name(said) {
            Some(name) => answer(model, name, out),
            None => out.push(Effect::Say(plain::line(&question(model)))),
        },
        None if typed == "no" => leave(model, out),
        Some(_) | None => {
            leave(model, out);
            if model.dialog.is_none() {
                return false;
            }
            confirm::close(model, "closed; nothing was started", out);
        }
    }
    true
}

/// `as NAME` when nothing is asked: given ahead, or corrected.
pub(super) fn said(model: &mut Model, said: &str, out: &mut Vec<Effect>) {
    if model.claim.shared.is_none() {
        model.tell("this account is one person's: the log has its name");
    } else if let Some(name) = claim::name(said) {
        answer(model, name, out);
    } else {
        model.tell("that is no name; nothing was done");
    }
}

fn answer(model: &mut Model, name: Arc<str>, out: &mut Vec<Effect>) {
    lead_as(model, &name);
    let host = model.environment.host();
    model.environment.who = format!("{name}@{host}").into();
    model.claim.name = Some(name.clone());
    model.claim.asks = false;
    // The journal adds the acts it covers: only it knows which records are without a name.
    let entry = records::plain(Kind::Who, model.now.utc, None, json!({"claimed": name}));
    out.push(Effect::Append { entry, ticket: None });
    let colon = if model.settings.plain { "" } else { ":" };
    let said = format!("from now on the log says {name}; {colon}as NAME corrects it");
    close(model, Some(&said), out);
}

/// What waits and says that this person leads: under the name that was given, not the account's.
fn lead_as(model: &mut Model, name: &str) {
    let me = casework::me(model);
    for e in &mut model.claim.held {
        let leads =
            e.kind == Kind::IncidentOpened || (e.kind == Kind::Lead && e.data["what"] == LeadChange::Taken.word());
        if leads && e.data["lead"] == me.as_str() {
            e.data["lead"] = name.into();
        }
    }
}

/// No answer: what waited goes on without one.
fn leave(model: &mut Model, out: &mut Vec<Effect>) {
    close(model, None, out);
    if model.notice.is_none() {
        model.tell("not given; it is asked again at the next act");
    }
}

fn close(model: &mut Model, say: Option<&str>, out: &mut Vec<Effect>) {
    if let Some(Overlay::Who { under, .. }) = model.nav.overlay.take_if(|o| matches!(o, Overlay::Who { .. })) {
        model.nav.overlay = under.map(|u| *u);
    }
    let notice = model.claim.notice.take();
    release(model, out);
    if let Some(text) = say.map(Arc::from).or(notice) {
        model.tell(text);
    }
    // The dialog below was covered: its delay begins when it is seen.
    if let Some(d) = &mut model.dialog {
        d.flushed = None;
        d.last_key = model.now.person;
    }
    bump(model);
}

fn release(model: &mut Model, out: &mut Vec<Effect>) {
    model.claim.let_go = model.claim.held.len();
    for entry in std::mem::take(&mut model.claim.held) {
        out.push(Effect::Append { entry, ticket: None });
    }
}
