//! The rules of acting, written a second time and on their own: what was pressed, shown and stored before a request left.

use andon::core::act::dialog::{Dialog, DialogKind};
use andon::core::act::flight::Act;
use andon::core::act::many::{Many, Whole};
use andon::core::act::plan::{Direction, Ticket, Verb};
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
    /// Acts begun by one `Y` over several targets.
    pub several: u64,
    /// Of those, holds of the cord and releases.
    pub frozen: u64,
    pub thawed: u64,
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
        self.several += o.several;
        self.frozen += o.frozen;
        self.thawed += o.thawed;
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
    holds: Vec<TargetId>,
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
            holds: model.cord.holds().map(|h| h.target).collect(),
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
        self.several(b, key, m)?;
        let Some(now) = on(&m.dialog) else { return Ok(()) };
        // In the place of a dialog over several: an act that was refused opens none, so nothing may.
        if b.dialog.as_ref().is_some_and(|d| d.many().is_some()) && key.is_none() {
            return Err("a dialog over several targets became one over another".into());
        }
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

    /// A dialog over several targets has those it opened with, in their places; more may only join them.
    fn several(&mut self, b: &Before, key: Option<Key>, m: &Model) -> Result<(), String> {
        let Some(now) = m.dialog.as_ref().and_then(Dialog::many) else { return Ok(()) };
        let targets = |m: &Many| m.lines.iter().map(|l| l.operation.target.clone()).collect::<Vec<_>>();
        if now.lines.iter().any(|l| l.operation.target != l.seen.id) {
            return Err("a line is not on the target it shows".into());
        }
        if let Some(was) = b.dialog.as_ref().and_then(Dialog::many) {
            let (was_on, is_on) = (targets(was), targets(now));
            // After its `Y` only what was dropped is shown again.
            let again = was.sent && !now.sent && is_on.iter().all(|t| was_on.contains(t));
            return match is_on.starts_with(&was_on) || again {
                true => Ok(()),
                false => Err(format!("open lines went from {was_on:?} to {is_on:?}")),
            };
        }
        if key.is_none() {
            return Err("a dialog over several targets opened by itself".into());
        }
        self.count.opened += 1;
        let moving: Vec<TargetId> = m.world.targets.values().filter(|t| t.is_moving()).map(|t| t.id.clone()).collect();
        let fits = match now.whole {
            Whole::Freeze => targets(now) == moving,
            Whole::Thaw => targets(now).iter().all(|t| b.holds.contains(t)),
            Whole::RollBack | Whole::Hold => {
                let of = |t: &TargetId| m.world.targets.get(t).map(|t| t.service.clone());
                let service = self.pinned.as_ref().and_then(of);
                service.is_some()
                    && service == now.service
                    && targets(now) == moving.into_iter().filter(|t| of(t) == service).collect::<Vec<_>>()
            }
        };
        if fits {
            Ok(())
        } else {
            Err(format!("{:?} chosen, {:?} opened on {:?}", self.pinned, now.whole, targets(now)))
        }
    }

    /// An act of a `Y` over several targets is what a ticked line showed.
    fn one_of(&mut self, b: &Before, many: &Many, act: &Act) -> Result<(), String> {
        let line = many.going().find(|l| l.operation.target == *act.target());
        let line = line.ok_or_else(|| format!("{:?} begun, which no ticked line shows", act.target()))?;
        let verb = act.plan.operation.verb;
        let shown = line.plan().is_some_and(|p| p.primitive == act.plan.primitive && p.from == act.plan.from);
        if many.refused.is_some() || line.operation.verb != verb || !shown || act.seen.candidate != line.seen.candidate
        {
            return Err(format!("{:?} {verb:?} begun, not as its line showed", act.target()));
        }
        if many.whole == Whole::Freeze && verb == Verb::Hold && (act.seen.aborted || act.seen.held) {
            return Err(format!("the cord touches {:?}, which goes back or is held", act.target()));
        }
        if many.whole == Whole::Thaw && !b.holds.contains(act.target()) {
            return Err(format!("released {:?}, which the cord does not hold", act.target()));
        }
        if many.whole == Whole::Thaw && many.name.is_none() {
            return Err("a thaw without the environment's name".into());
        }
        self.count.several += 1;
        self.count.frozen += u64::from(many.whole == Whole::Freeze && verb == Verb::Hold);
        self.count.thawed += u64::from(many.whole == Whole::Thaw);
        Ok(())
    }

    fn in_time(&self, b: &Before, at: Stamp, key: Option<Key>) -> Result<(), String> {
        let dialog = b.dialog.as_ref().ok_or("no dialog was open")?;
        let shown = self.shown.get(&dialog.id).ok_or("it was never shown")?;
        if at.person.0 - shown.0 < DELAY {
            return Err(format!("{} ms after it was shown", at.person.0 - shown.0));
        }
        let quiet = self.last_key.map_or(i64::MAX, |k| at.person.0 - k.0);
        let name = dialog.act().map(|d| &d.name).or_else(|| dialog.many().map(|m| &m.name)).and_then(Option::as_ref);
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
        if let Some(many) = b.dialog.as_ref().and_then(Dialog::many).filter(|m| m.sent && m.name.is_some())
            && self.in_time(b, at, key).is_ok()
        {
            self.named.extend(many.lines.iter().filter_map(|l| l.act));
        }
        for (id, act) in m.acts.iter().filter(|(id, _)| b.last_act.is_none_or(|last| **id > last)) {
            self.in_time(b, at, key).map_err(|e| format!("confirmed {e}"))?;
            if let Some(many) = b.dialog.as_ref().and_then(Dialog::many).cloned() {
                self.one_of(b, &many, act)?;
                if act.direction() == Direction::Forward && m.environment.production && !b.armed {
                    return Err("a forward act from LOOK-ONLY".into());
                }
                if many.name.is_some() {
                    self.named.insert(*id);
                }
                self.count.confirmed += 1;
                self.confirmed.insert(*id, act.target().clone());
                continue;
            }
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
                // Once it is known that the disk hangs, nobody waits for it anew (limits.md: "at once if already known").
                let known = waited || self.failed.contains(&ticket) || m.log.trouble().is_some();
                match (self.named.contains(id), known) {
                    (true, true) => Ok(()),
                    (named, _) => Err(format!("backward, not on disk; named {named}, waited or failed {known}")),
                }
            }
        }
    }
}
