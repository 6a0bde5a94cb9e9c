//! The world moved under an open dialog: a difference is shown, a new plan is made, a name is asked for, or nothing goes out.

use super::{bump, confirm, many, records, sheet};
use crate::core::act::compare::{self, Fit};
use crate::core::act::dialog::{ActDialog, Dialog, DialogKind, NameField, PlanState};
use crate::core::act::flight::Act;
use crate::core::act::gate;
use crate::core::act::plan::{Direction, Operation, Verb};
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::id::ActId;
use crate::core::id::TargetId;
use crate::core::model::Model;
use crate::core::{finish, gates, judge::readiness};
use serde_json::json;
use std::sync::Arc;

/// The dialog stays, with the reason why nothing goes out.
pub(super) fn refuse_open(model: &mut Model, act: ActId, why: Arc<str>) {
    if many::owns(model, act) {
        many::dropped(model, act, &why, false);
        return;
    }
    match model.dialog.as_mut().and_then(|d| d.act_mut()).filter(|d| d.act == Some(act)) {
        Some(d) => {
            d.act = None;
            d.name = None;
            d.refused = Some(why);
        }
        None => model.tell(why.to_string()),
    }
    bump(model);
}

/// One name for everything found not as it should be. Asked for in the place of a sheet, never of another dialog.
pub(super) fn ask_name(model: &mut Model, act: ActId, why: Vec<Arc<str>>) {
    if !model.acts.contains_key(&act) {
        return;
    }
    if many::owns(model, act) {
        many::needs_name(model, act, why);
        return;
    }
    sheet::put_by(model);
    let Some(a) = model.acts.get(&act) else { return };
    let field = NameField::new(&confirm::name_due(model, a.target()), why);
    let waiting = model.dialog.as_ref().and_then(|d| d.act()).is_some_and(|d| d.act == Some(act));
    let id = model.next_dialog();
    let now = model.now.person;
    if waiting {
        if let Some(dialog) = &mut model.dialog {
            dialog.id = id;
            dialog.flushed = None;
            dialog.last_key = now;
            if let Some(d) = dialog.act_mut() {
                d.name = Some(field);
            }
        }
    } else if model.dialog.is_none() {
        let Some(a) = model.acts.get(&act) else { return };
        let kind = DialogKind::Act(Box::new(ActDialog {
            operation: a.plan.operation.clone(),
            seen: a.seen.clone(),
            figures: a.figures.clone(),
            plan: PlanState::Ready(Box::new(a.plan.clone())),
            gates: Vec::new(),
            readiness: readiness::Readiness::default(),
            name: Some(field),
            emergency: None,
            refused: None,
            act: Some(act),
            repeated: None,
            going: None,
            tried: None,
        }));
        let mut dialog = Dialog::new(id, kind, now);
        dialog.changed.push(format!("step {} of {}", a.step + 1, a.plan.steps.len()).into());
        model.dialog = Some(dialog);
    }
    bump(model);
}

/// The primitive no longer fits: same target, same candidate, a new plan, one more confirmation.
pub(super) fn replan(model: &mut Model, what: Arc<str>, out: &mut Vec<Effect>) {
    let id = model.next_dialog();
    let now = model.now;
    let Some(dialog) = &mut model.dialog else { return };
    dialog.id = id;
    dialog.flushed = None;
    dialog.again = false;
    dialog.last_key = now.person;
    // What was said about the plan that no longer fits is not said about the new one.
    dialog.changed = vec![what.clone()];
    let Some(d) = dialog.act_mut() else { return };
    d.act = None;
    d.name = None;
    d.tried = None;
    d.plan = PlanState::Reading;
    let operation = d.operation.clone();
    if let Some(fresh) = model.world.targets.get(&operation.target) {
        (*d.seen).clone_from(fresh);
        d.readiness = readiness::of_version(&model.world, fresh, operation.by_hand(), now.utc);
    }
    let data = json!({"what": what, "verb": operation.verb.word()});
    out.push(Effect::Append {
        entry: records::plain(Kind::Changed, now.utc, Some(&operation.target), data),
        ticket: None,
    });
    out.push(Effect::Plan { dialog: id, operation });
    bump(model);
}

/// Something was found out about the way back: an open dialog says so, and its delay counts on.
pub(super) fn way_back(model: &mut Model, target: &TargetId) {
    let now = model.now.utc;
    if let (Some(d), Some(t)) = (model.dialog.as_mut().and_then(Dialog::act_mut), model.world.targets.get(target))
        && d.operation.target == *target
        && d.act.is_none()
    {
        d.readiness = readiness::of_version(&model.world, t, d.operation.by_hand(), now);
    }
    bump(model);
}

/// The operation of a dialog that opens anew: the backend chooses the version, unless a person did.
pub(super) fn anew(operation: &Operation) -> Operation {
    let back_to = operation.back_to.clone().filter(|_| operation.chosen);
    Operation { back_to, ..operation.clone() }
}

/// A new candidate is a different target: its dialog opens anew.
pub(super) fn reopen(model: &mut Model, what: Arc<str>, out: &mut Vec<Effect>) {
    let Some(d) = model.dialog.as_ref().and_then(|d| d.act()) else { return };
    let operation = anew(&d.operation);
    let data = json!({"what": what, "verb": operation.verb.word()});
    out.push(Effect::Append {
        entry: records::plain(Kind::Changed, model.now.utc, Some(&operation.target), data),
        ticket: None,
    });
    confirm::open(model, operation, Some(what), out);
}

/// The log told that the way back an open dialog would turn round is under way: it opens anew on that.
pub(super) fn told(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(d) = model.dialog.as_ref().and_then(|d| d.act()) else { return };
    let operation = &d.operation;
    if operation.verb != Verb::RollBack || operation.chosen || d.act.is_some() {
        return;
    }
    let back = finish::back_to(model, &operation.target, operation.verb);
    if back.is_some() && back != operation.back_to {
        let operation = anew(operation);
        confirm::open(model, operation, None, out);
    }
}

/// The target of an open dialog said something new.
pub(super) fn target_changed(model: &mut Model, target: &TargetId, out: &mut Vec<Effect>) {
    many::target_changed(model, target, out);
    let Some(dialog) = &model.dialog else { return };
    let Some(d) = dialog.act().filter(|d| d.operation.target == *target && d.act.is_none()) else { return };
    let Some(plan) = d.plan() else { return };
    let now = model.world.targets.get(target);
    match d.direction() {
        Direction::Backward => match compare::fit(plan, &d.seen, now) {
            Fit::Goes(changes) => {
                if let Some(dialog) = &mut model.dialog {
                    // Shown once each; a moved step does not start the delay again.
                    for c in changes {
                        let say: Arc<str> = format!("{c}; it goes out all the same").into();
                        if !dialog.changed.contains(&say) {
                            dialog.changed.push(say);
                        }
                    }
                }
            }
            Fit::Replan(what) => replan(model, what, out),
            Fit::NewCandidate(what) => reopen(model, what, out),
            Fit::OtherTarget(what) | Fit::Done(what) => {
                if let Some(d) = model.dialog.as_mut().and_then(|d| d.act_mut()) {
                    d.refused = Some(what);
                }
            }
        },
        Direction::Forward => {
            let diff = now.map_or_else(|| vec![Arc::from("it is gone")], |n| compare::differences(&d.seen, n));
            if !diff.is_empty()
                && let Some(d) = model.dialog.as_mut().and_then(|d| d.act_mut())
            {
                d.refused = Some(format!("it changed since this was opened: {}", diff.join("; ")).into());
            }
        }
    }
    bump(model);
}

/// Gates are read again while a forward dialog is open; a worse one refuses, a better one does not lift the name.
pub(super) fn regate(model: &mut Model) {
    many::regate(model);
    let Some(d) = model.dialog.as_ref().and_then(|d| d.act()) else { return };
    if d.direction() != Direction::Forward || d.act.is_some() {
        return;
    }
    let Some(t) = model.world.targets.get(&d.operation.target) else { return };
    let fresh = gates::gates(model, t, d.operation.verb);
    let friction = |g: &[gate::GateLine]| (g.iter().any(|l| l.state.blocks()), g.iter().any(|l| l.state.warns()));
    let (was, is) = (friction(&d.gates), friction(&fresh));
    let must = confirm::name_due(model, &d.operation.target);
    let Some(dialog) = &mut model.dialog else { return };
    if let Some(d) = dialog.act_mut() {
        d.gates = fresh;
    }
    // An emergency passes what blocks, so that one more is no worse by count: what stands in any case is looked for.
    let stands = dialog.act().is_some_and(|d| {
        let never = |g: &gate::GateLine| g.state == gate::GateState::Block && g.gate.stands_in_an_emergency();
        d.emergency.is_some() && d.refused.is_none() && d.gates.iter().any(never)
    });
    if is > was || stands {
        dialog.flushed = None;
        confirm::judge_gates(dialog, &must);
        model.revision += 1;
    }
}

/// Why a confirmed forward act must not go out any more: the arming has ended, a gate closed, or one asks for a name
/// that nobody typed. What the target itself looks like is compared by the re-read and guarded in the request.
pub(super) fn no_longer(model: &Model, act: &Act) -> Option<Arc<str>> {
    let verb = act.plan.operation.verb;
    if let Err(why) = confirm::may_open(model, verb) {
        return Some(why.into());
    }
    let Some(t) = model.world.targets.get(act.target()) else { return Some("it is gone".into()) };
    let cord = act.plan.operation.cord;
    let lines = if cord { gates::of_thaw(model, t) } else { gates::gates(model, t, verb) };
    if act.plan.operation.emergency {
        // What blocks was passed by name and reason; what never may is looked at again.
        let stands = lines.iter().find(|g| g.state == gate::GateState::Block && g.gate.stands_in_an_emergency());
        return stands.map(|g| format!("changed before it went out: {}: {}", g.gate.word(), g.words).into());
    }
    let closed = lines.iter().find(|g| g.state.blocks());
    let due = lines.iter().find(|g| g.state.warns() && act.named.is_empty());
    closed.or(due).map(|g| format!("changed before it went out: {}: {}", g.gate.word(), g.words).into())
}

/// The log went wrong under an open dialog: one that goes forward takes no `Y` any more, one that goes back asks for the
/// name before it and not after.
pub(super) fn log_troubled(model: &mut Model) {
    bump(model);
    disarmed(model);
    let Some(why) = model.log.trouble() else { return };
    let Some(d) = model.dialog.as_ref().and_then(|d| d.act()) else { return };
    let open = d.direction() == Direction::Backward && d.act.is_none() && d.refused.is_none();
    if !open || d.plan().is_none() || d.name.as_ref().is_some_and(|n| n.why.contains(&why)) {
        return;
    }
    let must = confirm::name_due(model, &d.operation.target);
    let id = model.next_dialog();
    let now = model.now.person;
    let Some(dialog) = &mut model.dialog else { return };
    dialog.id = id;
    dialog.flushed = None;
    dialog.last_key = now;
    if let Some(d) = dialog.act_mut() {
        match &mut d.name {
            Some(name) => name.why.push(why),
            None => d.name = Some(NameField::new(&must, vec![why])),
        }
    }
}

/// The arming ended: an open forward dialog takes no `Y` any more.
pub(super) fn disarmed(model: &mut Model) {
    many::log_troubled(model);
    let Some(verb) = model.dialog.as_ref().and_then(|d| d.act()).map(|d| d.operation.verb) else { return };
    if let Err(why) = confirm::may_open(model, verb)
        && let Some(d) = model.dialog.as_mut().and_then(|d| d.act_mut()).filter(|d| d.act.is_none())
    {
        d.refused = Some(why.into());
    }
}

#[cfg(test)]
mod tests {
    use crate::core::act::flight::State;
    use crate::core::act::plan::{Outcome, Refused, RefusedBy};
    use crate::core::alarm;
    use crate::core::judge::verdict::Word;
    use crate::core::key::Key;
    use crate::core::msg::Msg;
    use crate::testkit::drill::{Log, Run};
    use crate::testkit::stories;

    /// A held canary that is WORSE, an incident open: going back is abort, then the unpause.
    fn held() -> Run {
        let mut run = Run::new("f1", 1);
        run.choose("checkout");
        for _ in 0..40 {
            let id = run.target("checkout").id.clone();
            if run.model.judged.get(&id).is_some_and(|j| j.verdict.word == Word::Worse) {
                break;
            }
            run.wait(5_000);
        }
        run.wait(1_500);
        run.act("a i");
        run.wait(1_000);
        run.act("a h");
        run.wait(5_000);
        run
    }

    fn state(run: &Run) -> State {
        run.model.acts.values().next_back().expect("an act").state.clone()
    }

    fn alarmed(run: &Run, what: &str) -> bool {
        alarm::alarms(&run.model).iter().any(|a| a.text.contains(what))
    }

    /// What stands in the open sheet, as text.
    fn sheet(run: &Run) -> Option<String> {
        run.model.dialog.as_ref().and_then(|d| d.sheet()).map(|s| s.copied())
    }

    #[test]
    fn a_later_step_asks_for_its_name_in_the_place_of_a_sheet_and_what_was_typed_comes_back() {
        let mut run = held();
        run.act("a r");
        // The first step is on its way; the disk hangs, and somebody begins to write.
        run.log = Log::Hangs;
        run.keys("a n enter users");
        assert!(sheet(&run).is_some(), "{:?}", run.model.dialog);
        run.wait(6_000);
        assert_eq!(state(&run), State::NeedsName);
        let d = run.model.dialog.as_ref().and_then(|d| d.act()).expect("the name is asked for");
        assert!(d.name.is_some());
        assert!(!alarmed(&run, "waits: not everything"), "its dialog says so");
        run.keys("esc");
        assert!(alarmed(&run, "waits: not everything"));
        run.keys("a n");
        assert!(sheet(&run).is_some_and(|s| s.contains("users")), "{:?}", sheet(&run));
        assert!(alarmed(&run, "waits: not everything"), "a sheet over it does not hide that it waits");
    }

    #[test]
    fn a_refused_way_back_opens_anew_and_the_sheet_in_its_place_is_not_lost() {
        let mut w = stories::worse();
        w.keys("a r").planned().confirm();
        w.keys("d enter");
        for c in "because".chars() {
            w.send(Msg::Key(Key::char(c)));
        }
        assert!(w.model.dialog.as_ref().is_some_and(|d| d.sheet().is_some()), "{:?}", w.model.dialog);
        let why = Refused { kind: RefusedBy::Guard, status: Some(422), why: "it moved".into(), retry_after_ms: None };
        w.answered(Outcome::Refused(why));
        assert!(w.model.dialog.as_ref().is_some_and(|d| d.act().is_some()), "{:?}", w.model.dialog);
        w.keys("esc").wait(2_000).keys("d");
        let kept = w.model.dialog.as_ref().and_then(|d| d.sheet()).map(|s| s.copied()).unwrap_or_default();
        assert!(kept.contains("because"), "{kept}");
    }

    #[test]
    fn intents_that_come_late_are_all_on_disk_once_they_are() {
        let mut run = held();
        let before = run.sent.len();
        run.log = Log::Hangs;
        run.act("a r");
        // The name is typed once, for the log; the second step knows.
        for _ in 0..20 {
            run.wait(1_000);
            if state(&run) == State::NeedsName {
                run.keys("checkout");
                run.wait(1_000);
                run.keys("enter");
            }
        }
        let tickets = run.sent[before..].to_vec();
        assert_eq!(tickets.len(), 2, "{:?}", run.model.acts.values().next_back().map(|a| &a.timeline));
        assert!(alarmed(&run, "2 records are not on disk yet"), "{:?}", run.model.log.late);
        run.log = Log::Works;
        run.apply(Msg::LogWorks);
        for t in tickets {
            run.apply(Msg::Durable(t));
        }
        assert!(!alarmed(&run, "not on disk yet"), "{:?}", run.model.log.late);
    }
}
