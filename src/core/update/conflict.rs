//! The server found an act's guards broken: the object is not what it was. Its words do not say what changed, so the
//! target is read anew and the difference is said. Nothing is sent from here, and a refusal stays one.

use super::records;
use crate::core::act::compare;
use crate::core::act::flight::State;
use crate::core::act::plan::{Refused, RefusedBy};
use crate::core::effect::{Effect, Question};
use crate::core::entry::Kind;
use crate::core::id::ActId;
use crate::core::model::{Model, Purpose};
use serde_json::json;
use std::sync::Arc;

pub(super) fn ask(model: &mut Model, id: ActId, out: &mut Vec<Effect>) {
    let Some(target) = model.acts.get(&id).map(|a| a.target().clone()) else { return };
    let ask = model.next_ask(Purpose::Differs(id));
    out.push(Effect::Ask { id: ask, source: target.source.clone(), question: Question::Read(target) });
}

/// The target was read anew, or could not be: then the server's own words stand.
pub(super) fn read(model: &mut Model, id: ActId, reached: bool, out: &mut Vec<Effect>) {
    let now = model.now.utc;
    let Some(act) = model.acts.get_mut(&id).filter(|_| reached) else { return };
    let state = model.world.targets.get(act.target());
    let what = compare::under_us(&act.seen, state, act.step > 0);
    let said: Arc<str> = format!("changed under it: {what}").into();
    act.note(now, said.clone());
    let data = json!({"what": said, "verb": act.plan.operation.verb.word()});
    out.push(Effect::Append { entry: records::of(act, Kind::Changed, now, data), ticket: None });
    if let State::Refused(Refused { kind: RefusedBy::Guard, why, .. }) = &mut act.state {
        *why = said.clone();
    }
    let (target, words) =
        (act.target().clone(), format!("{} of {}: {said}", act.plan.operation.verb.word(), act.target().at()));
    // The way back stands open anew: there it is said. Else where notices are.
    let open =
        model.dialog.as_mut().filter(|d| d.act().is_some_and(|d| d.operation.target == target && d.act.is_none()));
    match open {
        Some(dialog) if !dialog.changed.contains(&said) => dialog.changed.push(said),
        Some(_) => {}
        None => model.tell(words),
    }
    super::acts::changed(model);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::act::plan::Outcome;
    use crate::core::id::AskId;
    use crate::core::msg::Msg;
    use crate::core::world::fact::Fact;
    use crate::core::world::source::{SourceError, Trouble};
    use crate::testkit::stories;
    use crate::testkit::world::World;

    fn refuse(w: &mut World) -> AskId {
        let why = "the server rejected our request due to an error in our request";
        let r = Refused { kind: RefusedBy::Guard, status: Some(422), why: why.into(), retry_after_ms: None };
        w.answered(Outcome::Refused(r));
        let asked = w.model.asks.iter().find(|(_, p)| matches!(p, Purpose::Differs(_)));
        *asked.expect("it is read anew").0
    }

    fn answer(w: &mut World, id: AskId) {
        let mut t = w.model.world.targets[&w.target_id("checkout")].clone();
        (t.step, t.held, t.read_at) = (t.step.map(|s| s + 2), true, w.now());
        w.send(Msg::Asked { id, answer: Ok(vec![Fact::Target(Box::new(t))]) });
    }

    fn why(w: &World) -> String {
        match &w.model.acts.values().next_back().expect("an act").state {
            State::Refused(r) => r.why.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_promote_whose_guards_broke_says_what_changed_and_not_the_servers_sentence() {
        let mut w = stories::armed();
        w.wait(500).keys("a p").planned().confirm();
        let id = refuse(&mut w);
        assert!(why(&w).contains("rejected our request"));
        answer(&mut w, id);
        let words = why(&w);
        assert!(
            words.starts_with("changed under it: step 1 is now 3 of") && words.contains("it is held now"),
            "{words}"
        );
        assert!(w.model.notice.as_ref().is_some_and(|n| n.0.contains("step 1 is now 3")), "{:?}", w.model.notice);
        let told = |e: &Effect| matches!(e, Effect::Append { entry, .. } if entry.kind == Kind::Changed);
        assert_eq!(w.effects.iter().filter(|e| told(e)).count(), 1);
    }

    #[test]
    fn a_way_back_whose_guards_broke_says_so_in_the_dialog_that_opens_anew() {
        let mut w = stories::worse();
        w.keys("a r").planned().confirm();
        let id = refuse(&mut w);
        answer(&mut w, id);
        let d = w.model.dialog.as_ref().expect("open anew");
        assert!(d.changed.iter().any(|c| c.contains("changed under it") && c.contains("is now")), "{:?}", d.changed);
    }

    #[test]
    fn where_it_cannot_be_read_the_servers_words_stand() {
        let mut w = stories::armed();
        w.wait(500).keys("a p").planned().confirm();
        let id = refuse(&mut w);
        w.send(Msg::Asked { id, answer: Err(SourceError::new(Trouble::Timeout, "no answer")) });
        assert!(why(&w).contains("rejected our request"), "{}", why(&w));
    }
}
