//! The rules of acting, written a second time and on their own: what was pressed, shown and stored before a request left.

use andon::core::act::dialog::{Dialog, DialogKind};
use andon::core::act::plan::{Direction, Ticket};
use andon::core::board;
use andon::core::effect::Effect;
use andon::core::id::{ActId, DialogId, ServiceId, TargetId};
use andon::core::key::{Code, Key};
use andon::core::model::Model;
use andon::core::msg::Msg;
use andon::core::nav::{Overlay, Screen};
use andon::core::time::{Person, Stamp};
use std::collections::{BTreeMap, BTreeSet};

const DELAY: i64 = 700;
const QUIET: i64 = 300;
const DURABLE: i64 = 500;

/// How much was really tried.
#[derive(Clone, Debug, Default)]
pub struct Count {
    pub opened: u64,
    pub confirmed: u64,
    pub backward: u64,
    pub forward: u64,
    pub not_on_disk: u64,
    pub replanned: u64,
    /// Rows changed their order while a dialog was open.
    pub moved_under: u64,
}

impl Count {
    pub fn add(&mut self, o: &Count) {
        self.opened += o.opened;
        self.confirmed += o.confirmed;
        self.backward += o.backward;
        self.forward += o.forward;
        self.not_on_disk += o.not_on_disk;
        self.replanned += o.replanned;
        self.moved_under += o.moved_under;
    }
}

pub struct Before {
    dialog: Option<Dialog>,
    armed: bool,
    pending: bool,
    palette: bool,
    screen: Screen,
    selected: Option<ServiceId>,
    target: Option<TargetId>,
    rows: Vec<ServiceId>,
    last_act: Option<ActId>,
}

fn in_palette(model: &Model) -> bool {
    matches!(model.nav.overlay, Some(Overlay::Palette(_)))
}

#[derive(Default)]
pub struct Watch {
    pub count: Count,
    durable: BTreeSet<Ticket>,
    failed: BTreeSet<Ticket>,
    appended: BTreeMap<Ticket, Person>,
    sent: BTreeSet<Ticket>,
    confirmed: BTreeMap<ActId, TargetId>,
    named: BTreeSet<ActId>,
    /// What the cursor stood on when `a` was pressed.
    pinned: Option<TargetId>,
    shown: BTreeMap<DialogId, Person>,
    last_key: Option<Person>,
}

impl Watch {
    pub fn new(model: &Model) -> Watch {
        Watch { last_key: Some(model.nav.keys_at[2]), ..Watch::default() }
    }

    pub fn before(&self, model: &Model) -> Before {
        Before {
            dialog: model.dialog.clone(),
            armed: model.is_armed(),
            pending: !model.nav.pending.is_empty(),
            palette: in_palette(model),
            screen: model.nav.screen,
            selected: model.nav.selected.clone(),
            target: board::selected_target(model).map(|t| t.id.clone()),
            rows: model.rows.iter().map(|r| r.service.clone()).collect(),
            last_act: model.acts.keys().next_back().copied(),
        }
    }

    /// `Err`: the rule that was broken.
    pub fn after(&mut self, b: &Before, at: Stamp, msg: &Msg, m: &Model, effects: &[Effect]) -> Result<(), String> {
        let key = match msg {
            Msg::Key(k) => Some(*k),
            _ => None,
        };
        match msg {
            Msg::Durable(t) => drop(self.durable.insert(*t)),
            Msg::NotDurable { ticket, .. } => drop(self.failed.insert(*ticket)),
            Msg::Flushed(id) => drop(self.shown.insert(*id, at.person)),
            _ => {}
        }
        let pasted = matches!(msg, Msg::Paste(_));
        if key.is_none()
            && !pasted
            && b.screen != Screen::Waking
            && b.selected.is_some()
            && b.selected != m.nav.selected
        {
            return Err(format!("the cursor moved by itself: {:?} -> {:?}", b.selected, m.nav.selected));
        }
        if key.is_some() && !b.pending && !m.nav.pending.is_empty() {
            self.pinned = b.target.clone();
        }
        if key.is_some() && !b.palette && in_palette(m) {
            self.pinned = b.target.clone();
        }
        let listed = |s: &ServiceId| board::listed(m).any(|r| r.service == *s);
        if let Some(lost) = m.nav.selected.as_ref().filter(|s| m.rows.iter().any(|r| r.service == **s) && !listed(s)) {
            return Err(format!("{lost} is chosen and not listed"));
        }
        self.dialogs(b, key, m)?;
        self.confirms(b, at, key, m)?;
        for e in effects {
            match e {
                Effect::Append { ticket: Some(t), .. } => drop(self.appended.insert(*t, at.person)),
                Effect::Perform { ticket, target, step } => {
                    self.leaves(at, *ticket, target, &step.request.path, m)?;
                }
                _ => {}
            }
        }
        if key.is_some() {
            self.last_key = Some(at.person);
        }
        Ok(())
    }

    /// A dialog is on the target that was chosen when `a` was pressed, and stays on it.
    fn dialogs(&mut self, b: &Before, key: Option<Key>, m: &Model) -> Result<(), String> {
        let on = |d: &Option<Dialog>| Some(d.as_ref()?.act()?.operation.target.clone());
        let rows_moved = m.rows.iter().map(|r| &r.service).ne(b.rows.iter());
        self.count.moved_under += u64::from(rows_moved && on(&b.dialog).is_some());
        let Some(now) = on(&m.dialog) else { return Ok(()) };
        let same = b.dialog.as_ref().map(|d| d.id) == m.dialog.as_ref().map(|d| d.id);
        match (on(&b.dialog), key) {
            (Some(was), _) if was == now => {
                self.count.replanned += u64::from(!same);
                Ok(())
            }
            (Some(was), _) => Err(format!("an open dialog went from {was:?} to {now:?}")),
            (None, Some(_)) => {
                self.count.opened += 1;
                if self.pinned.as_ref() == Some(&now) {
                    Ok(())
                } else {
                    Err(format!("{:?} chosen, {now:?} opened", self.pinned))
                }
            }
            // An act under way asks for something: it is on a target that was confirmed.
            (None, None) if self.confirmed.values().any(|t| *t == now) => Ok(()),
            (None, None) => Err(format!("a dialog on {now:?} opened by itself")),
        }
    }

    fn in_time(&self, b: &Before, at: Stamp, key: Option<Key>) -> Result<(), String> {
        let dialog = b.dialog.as_ref().ok_or("no dialog was open")?;
        let shown = self.shown.get(&dialog.id).ok_or("it was never shown")?;
        if at.person.0 - shown.0 < DELAY {
            return Err(format!("{} ms after it was shown", at.person.0 - shown.0));
        }
        let quiet = self.last_key.map_or(i64::MAX, |k| at.person.0 - k.0);
        let name = dialog.act().and_then(|d| d.name.as_ref());
        match (key, name) {
            (Some(k), Some(n)) if k == Key::plain(Code::Enter) && *n.must == *n.typed => Ok(()),
            (Some(k), None) if k == Key::char('Y') && quiet >= QUIET => Ok(()),
            _ => Err(format!("by {key:?}, {quiet} ms after another key, name {name:?}")),
        }
    }

    fn confirms(&mut self, b: &Before, at: Stamp, key: Option<Key>, m: &Model) -> Result<(), String> {
        if !b.armed && m.is_armed() {
            self.in_time(b, at, key).map_err(|e| format!("armed {e}"))?;
            if !b.dialog.as_ref().is_some_and(|d| matches!(d.kind, DialogKind::Arm)) {
                return Err("armed from another dialog".into());
            }
        }
        let waiting = b.dialog.as_ref().and_then(|d| d.act()).and_then(|d| d.act);
        if let (Some(id), Ok(())) = (waiting, self.in_time(b, at, key)) {
            self.named.insert(id);
        }
        for (id, act) in m.acts.iter().filter(|(id, _)| b.last_act.is_none_or(|last| **id > last)) {
            self.in_time(b, at, key).map_err(|e| format!("confirmed {e}"))?;
            let dialog = b.dialog.as_ref().and_then(|d| d.act()).ok_or("confirmed from no act's dialog")?;
            if dialog.refused.is_some() || dialog.operation.target != *act.target() {
                return Err(format!(
                    "{:?} shown, {:?} begun, refused {:?}",
                    dialog.operation.target,
                    act.target(),
                    dialog.refused
                ));
            }
            if act.direction() == Direction::Forward && m.environment.production && !b.armed {
                return Err("a forward act from LOOK-ONLY".into());
            }
            if dialog.name.is_some() {
                self.named.insert(*id);
            }
            self.count.confirmed += 1;
            self.confirmed.insert(*id, act.target().clone());
        }
        Ok(())
    }

    fn leaves(&mut self, at: Stamp, ticket: Ticket, target: &TargetId, path: &str, m: &Model) -> Result<(), String> {
        let id = m.tickets.get(&ticket).ok_or("a request of no act")?;
        let act = m.acts.get(id).ok_or("a request of a forgotten act")?;
        if self.confirmed.get(id) != Some(target) || act.target() != target || !path.contains(&*target.name) {
            return Err(format!("confirmed {:?}, sent to {target:?} {path}", self.confirmed.get(id)));
        }
        if !self.sent.insert(ticket) {
            return Err("sent twice".into());
        }
        let on_disk = self.durable.contains(&ticket);
        match act.direction() {
            Direction::Forward => {
                self.count.forward += 1;
                if on_disk { Ok(()) } else { Err("forward, and its intent is not on disk".into()) }
            }
            Direction::Backward => {
                self.count.backward += 1;
                if on_disk {
                    return Ok(());
                }
                self.count.not_on_disk += 1;
                let waited = self.appended.get(&ticket).is_none_or(|t| at.person.0 - t.0 >= DURABLE);
                let known = waited || self.failed.contains(&ticket) || m.log.failed.is_some();
                match (self.named.contains(id), known) {
                    (true, true) => Ok(()),
                    (named, _) => Err(format!("backward, not on disk; named {named}, waited or failed {known}")),
                }
            }
        }
    }
}
