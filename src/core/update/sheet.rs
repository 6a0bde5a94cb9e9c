//! Keys of a sheet: rows, a line being typed, choices, and `Y` under the rules of every dialog. Words meant for another
//! window make no record: what is typed into a row restarts the confirm delay, any key that is not the sheet's own closes
//! it, and where no quiet second came before, `Y` is asked for twice.

use super::{bump, confirm, incident, sheets, side, sides};
use crate::core::act::dialog::{Dialog, DialogKind, Press};
use crate::core::act::sheet::{NAME_ROW, Sheet, What};
use crate::core::effect::Effect;
use crate::core::id::DialogId;
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::Found;
use crate::core::model::Model;
use crate::core::time::Person;

/// No key for this long, or what is typed may be meant for another window (as in the palette). Milliseconds.
const QUIET_MS: i64 = 1_000;

/// Open it; what a person set in the same one and did not keep comes back. What nobody touched is as it is now.
pub(super) fn open(model: &mut Model, mut sheet: Sheet) {
    // An offer of another rollout, or of the next candidate, is not the one that was left.
    let of = |s: &Sheet| (s.data["target"].clone(), s.data["candidate"].clone());
    let same = |l: &Sheet| l.what == sheet.what && l.on == sheet.on && of(l) == of(&sheet);
    let left = model.desk.sheet.take().filter(|l| same(l));
    if let Some(left) = left {
        for row in &mut sheet.rows {
            if let Some(old) = left.rows.iter().find(|o| o.key == row.key && o.name == row.name) {
                sheet.touched |= row.take_back(old);
            }
        }
    }
    let [first, before, now] = model.nav.keys_at;
    // The key before the leader, where a leader opened it.
    let (before, begun) = if sheet.what == What::Decide { (before, now) } else { (first, before) };
    sheets::live(&mut sheet);
    sheet.quiet = before.0 == 0 || begun.0 - before.0 >= QUIET_MS;
    let id = model.next_dialog();
    model.dialog = Some(Dialog::new(id, DialogKind::Sheet(Box::new(sheet)), model.now.person));
    bump(model);
}

/// Something that cannot wait takes the place of an open sheet: what was typed, the line under the cursor too, comes
/// back with the same keys.
pub(super) fn put_by(model: &mut Model) {
    let Some(mut sheet) = model.dialog.as_ref().and_then(Dialog::sheet).cloned() else { return };
    sheet.keep();
    if sheet.touched {
        model.desk.sheet = Some(Box::new(sheet));
        model.tell("what you typed is kept; the same keys bring it back");
    }
    model.dialog = None;
}

/// A key while a sheet is open.
pub(super) fn key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let now = model.now.person;
    let is = |i| model.keymap.chord(i).is_some_and(|c| c == &[key]);
    let (confirm, copy) = (is(Intent::Confirm), is(Intent::CopyRequests));
    let field = model.keymap.find(Context::Field, &[key]);
    let found = model.keymap.find(Context::Sheet, &[key]);
    let Some(dialog) = &mut model.dialog else { return };
    let Some(sheet) = dialog.sheet_mut() else { return };
    if sheet.types_name() {
        type_name(model, key, &field, out);
        return;
    }
    if sheet.typing.is_some() {
        typed(sheet, key, &field);
        if sheet.typing.is_none() {
            shown_anew(model, out);
        }
        if let Some(d) = &mut model.dialog {
            d.last_key = now;
        }
        return;
    }
    if confirm {
        yes(model, out);
        return;
    }
    let changed = match found {
        Found::Intent(Intent::SheetNext) => {
            sheet.choose(1);
            false
        }
        Found::Intent(Intent::SheetPrevious) => {
            sheet.choose(-1);
            false
        }
        Found::Intent(Intent::SheetEdit) => {
            if !sheet.edit() {
                sheet.cycle();
            }
            true
        }
        Found::Intent(Intent::SheetCycle) => {
            if !sheet.cycle() {
                sheet.wants = Some("this row is typed: enter begins".into());
                dialog.last_key = now;
                return;
            }
            true
        }
        Found::Intent(_) | Found::Prefix | Found::Nothing if copy => {
            out.push(Effect::Copy(sheet.copied()));
            false
        }
        Found::Intent(_) | Found::Prefix | Found::Nothing => {
            close(model, out);
            return;
        }
    };
    sheet.wants = None;
    dialog.again = false;
    dialog.last_key = now;
    if changed {
        shown_anew(model, out);
    }
}

/// What would be recorded changed: the delay counts from the frame that shows it.
pub(super) fn shown_anew(model: &mut Model, out: &mut Vec<Effect>) {
    let id = DialogId(model.counters.dialog + 1);
    model.counters.dialog = id.0;
    if let Some(d) = &mut model.dialog {
        d.id = id;
        d.flushed = None;
        d.again = false;
        if let Some(s) = d.sheet_mut() {
            sheets::live(s);
            s.wants = None;
        }
    }
    let said = model.dialog.as_ref().and_then(Dialog::sheet).cloned().map(|mut s| {
        sides::runs_said(model, &mut s);
        s.said
    });
    if let (Some(said), Some(s)) = (said, model.dialog.as_mut().and_then(Dialog::sheet_mut)) {
        s.said = said;
    }
    side::replan(model, out);
    bump(model);
}

/// A key while the name is typed: Enter does nothing until it matches, nor as the end of a burst.
fn type_name(model: &mut Model, key: Key, found: &Found, out: &mut Vec<Effect>) {
    let now = model.now.person;
    let delay = model.limits.confirm_delay;
    let burst = model.nav.is_burst();
    let Some(dialog) = &mut model.dialog else { return };
    let shown = dialog.flushed.is_some_and(|t| now.0 - t.0 >= delay);
    let Some(sheet) = dialog.sheet_mut() else { return };
    let typed_so_far = sheet.typing.as_ref().map(|t| t.text.clone()).unwrap_or_default();
    match (found, key.code) {
        (Found::Intent(Intent::FieldLeave), _) | (_, Code::Esc) => {
            // With nothing else to fill in, leaving the line is leaving the dialog.
            let alone = sheet.rows.len() == 1 || sheet.sends.as_ref().is_some_and(|s| s.flight.is_some());
            if alone {
                close(model, out);
                return;
            }
            sheet.typing = None;
        }
        (Found::Intent(Intent::FieldTake), _) | (_, Code::Enter) => {
            let must = sheet.sends.as_ref().and_then(|s| s.name.as_ref()).map(|n| n.must.clone());
            let ready = sheet.sends.as_ref().is_some_and(|s| s.refused.is_none() && s.ready().is_some());
            if ready && shown && !burst && must.is_some_and(|m| *m == *typed_so_far) {
                sheet.keep();
                dialog.last_key = now;
                submit_named(model, out);
                return;
            }
        }
        (_, Code::Char(_) | Code::Backspace | Code::Delete | Code::Left | Code::Right | Code::Home | Code::End) => {
            typed(sheet, key, found);
        }
        // Any other key is not the dialog's own.
        (_, _) => {
            close(model, out);
            return;
        }
    }
    dialog_key(model, now);
}

fn dialog_key(model: &mut Model, now: Person) {
    if let Some(d) = &mut model.dialog {
        d.last_key = now;
    }
    bump(model);
}

/// The name is there; what else must be said has to be said as well.
fn submit_named(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(sheet) = model.dialog.as_mut().and_then(Dialog::sheet_mut) else { return };
    let wants = sheet.missing().filter(|_| sheet.sends.as_ref().is_none_or(|s| s.flight.is_none()));
    if let Some((row, why)) = wants {
        sheet.at = row;
        sheet.wants = Some(why);
        bump(model);
        return;
    }
    side::begin(model, out);
}

/// The name as one line, as `--plain` types it. False: none is asked for, or it is not this one.
pub(super) fn name_line(model: &mut Model, text: &str, out: &mut Vec<Effect>) -> bool {
    let now = model.now.person;
    let (delay, quiet) = (model.limits.confirm_delay, model.limits.quiet);
    let burst = model.nav.is_burst();
    let Some(dialog) = &mut model.dialog else { return false };
    let press = dialog.press(now, delay, quiet);
    let Some(sheet) = dialog.sheet_mut() else { return false };
    let must =
        sheet.sends.as_ref().filter(|s| s.refused.is_none() && s.ready().is_some()).and_then(|s| s.name.as_ref());
    if must.is_none_or(|n| *n.must != *text) {
        return false;
    }
    if press == Press::Counts && !burst {
        if let Some(row) = sheet.rows.last_mut().filter(|r| *r.key == *NAME_ROW) {
            row.field = crate::core::act::sheet::Field::Text(text.to_owned());
        }
        sheet.typing = None;
        submit_named(model, out);
    } else {
        dialog.again = true;
        dialog.last_key = now;
    }
    true
}

/// A key of the line being typed.
fn typed(sheet: &mut Sheet, key: Key, found: &Found) {
    let Some(line) = &mut sheet.typing else { return };
    match (found, key.code) {
        // Always no, whatever the keymap says.
        (Found::Intent(Intent::FieldLeave), _) | (_, Code::Esc) => sheet.typing = None,
        (Found::Intent(Intent::FieldTake), _) | (_, Code::Enter) => sheet.keep(),
        (_, Code::Backspace) => line.backspace(),
        (_, Code::Delete) => line.delete(),
        (_, Code::Left) => line.move_by(-1),
        (_, Code::Right) => line.move_by(1),
        (_, Code::Home) => line.move_by(i64::MIN / 2),
        (_, Code::End) => line.move_by(i64::MAX / 2),
        (_, Code::Char('u')) if key.ctrl => *line = Default::default(),
        (_, Code::Char(c)) if !key.ctrl && !key.alt => line.insert(c),
        (_, _) => {}
    }
}

/// Pasted text goes into a row that is being typed, nowhere else. False when none is.
pub(super) fn paste(model: &mut Model, text: &str) -> bool {
    let now = model.now.person;
    let Some(dialog) = &mut model.dialog else { return false };
    dialog.last_key = now;
    if dialog.sheet().is_some_and(Sheet::types_name) {
        // A name is typed by hand: pasted text confirms nothing.
        model.tell("a name is typed, not pasted");
        return true;
    }
    let Some(line) = dialog.sheet_mut().and_then(|s| s.typing.as_mut()) else { return false };
    text.chars().map(|c| if c == '\n' { ' ' } else { c }).for_each(|c| line.insert(c));
    true
}

/// `Y`, or the words that stand for it.
pub(super) fn yes(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now.person;
    let (delay, quiet) = (model.limits.confirm_delay, model.limits.quiet);
    let burst = model.nav.is_burst();
    let trouble = model.log.failed.clone().or_else(|| model.log.hung.clone());
    let failed = model.log.failed.clone();
    let plain = model.settings.plain;
    let Some(dialog) = &mut model.dialog else { return };
    let (press, before) = (dialog.press(now, delay, quiet), dialog.last_key);
    let Some(sheet) = dialog.sheet_mut() else { return };
    // Whoever rested over it for a second reads it; a line typed whole is no stray key. That `Y` was asked for again does
    // not make it meant: a key that is held says it again by itself.
    let meant = sheet.quiet || plain || now.0 - before.0 >= QUIET_MS;
    let mut wants = sheet.missing();
    sheet.wants = None;
    let mut failed = failed;
    if sheet.sends.is_some() {
        failed = trouble.filter(|_| !side::goes_back(sheet));
        match side::may(sheet) {
            // Being made, or on its way: neither confirms nor closes.
            Ok(false) => {
                dialog.again = sheet_is_made(&dialog.kind);
                dialog.last_key = now;
                bump(model);
                return;
            }
            Err(why) => wants = Some((sheet.at, why)),
            Ok(true) if wants.is_none() && !side::named(sheet) => {
                let last = sheet.rows.len().saturating_sub(1);
                wants = Some((last, "the name is typed in the last row: enter there".into()));
            }
            Ok(true) => {}
        }
    }
    match (press, wants, failed) {
        (Press::Early, ..) => dialog.again = true,
        (Press::Counts, Some((row, why)), _) => {
            sheet.at = row;
            sheet.wants = Some(why);
        }
        (Press::Counts, None, Some(why)) => {
            sheet.wants = Some(format!("not kept, the log cannot be written: {why}").into());
        }
        (Press::Counts, None, None) if meant && !burst => {
            if sheet.sends.is_some() {
                side::begin(model, out);
                bump(model);
                return;
            }
            if let Some(Dialog { kind: DialogKind::Sheet(sheet), .. }) = model.dialog.take() {
                incident::confirmed(model, &sheet, out);
            }
            bump(model);
            return;
        }
        (Press::Counts, None, None) => dialog.again = true,
    }
    if let Some(d) = &mut model.dialog {
        d.last_key = Person(d.last_key.0.max(now.0));
    }
    bump(model);
}

fn sheet_is_made(kind: &DialogKind) -> bool {
    matches!(kind, DialogKind::Sheet(s) if s.sends.as_ref().is_some_and(|s| s.flight.is_none()))
}

/// Closed without a record. What was typed comes back with the same keys; an offer that is said no to is put aside.
pub(super) fn close(model: &mut Model, out: &mut Vec<Effect>) {
    let sheet = model.dialog.as_ref().and_then(Dialog::sheet).cloned();
    let mut say = "closed; nothing was recorded";
    if let Some(sheet) = sheet {
        side::give_up(model, &sheet, out);
        if sheet.sends.is_some() {
            say = "closed; nothing was sent";
        }
        if sheet.what == What::OpenIncident {
            incident::put_aside(model, &sheet);
        }
        if sheet.touched {
            say = if sheet.sends.is_some() {
                "closed; nothing was sent. The same keys bring it back as it was"
            } else {
                "closed; nothing was recorded. The same keys bring it back as it was"
            };
            model.desk.sheet = Some(Box::new(sheet));
        }
    }
    confirm::close(model, say, out);
}
