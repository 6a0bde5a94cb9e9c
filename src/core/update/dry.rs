//! While a dialog that goes forward is open, its first request is tried without being stored, and a no is a line in it.
//! Never between `Y` and the request, never for a way back, and nothing is refused by it: the server judges again.

use crate::core::act::plan::Direction;
use crate::core::effect::{Effect, Question};
use crate::core::id::DialogId;
use crate::core::model::{Model, Purpose};
use crate::core::world::source::{SourceError, Trouble};

/// The open dialog has its plan.
pub(super) fn ask(model: &mut Model, out: &mut Vec<Effect>) {
    // A command line says yes at once: nobody would read it.
    let Some(dialog) = model.dialog.as_ref().filter(|_| model.errand.is_none()) else { return };
    let id = dialog.id;
    let Some(d) = dialog.act().filter(|d| d.direction() == Direction::Forward) else { return };
    if d.act.is_some() || d.refused.is_some() {
        return;
    }
    // Later steps are about what the first one leaves: the server cannot be asked about them yet.
    let Some(step) = d.plan().and_then(|p| p.steps.first()).cloned() else { return };
    let source = d.operation.target.source.clone();
    let ask = model.next_ask(Purpose::DryRun(id));
    out.push(Effect::Ask { id: ask, source, question: Question::DryRun(Box::new(step)) });
}

/// It would not be taken, or could not be tried, which says nothing.
pub(super) fn refused(model: &mut Model, id: DialogId, error: &SourceError) {
    let no = match error.trouble {
        Trouble::Auth | Trouble::Forbidden | Trouble::NotFound | Trouble::Server => true,
        Trouble::Unreachable
        | Trouble::Timeout
        | Trouble::Throttled
        | Trouble::Shape
        | Trouble::TooBig
        | Trouble::NotInThisVersion
        | Trouble::Panicked => false,
    };
    let Some(dialog) = model.dialog.as_mut().filter(|d| no && d.id == id) else { return };
    let Some(d) = dialog.act_mut().filter(|d| d.act.is_none()) else { return };
    d.tried = Some(error.sentence.clone());
    // Worse than what was on the screen: `Y` counts once this was.
    dialog.flushed = None;
    super::bump(model);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::AskId;
    use crate::core::msg::Msg;
    use crate::testkit::stories;
    use crate::testkit::world::World;

    fn tries(w: &World) -> Vec<AskId> {
        let dry = w.model.asks.iter().filter(|(_, p)| matches!(p, Purpose::DryRun(_)));
        dry.map(|(id, _)| *id).collect()
    }

    fn says(w: &mut World, id: AskId, trouble: Trouble) {
        w.send(Msg::Asked { id, answer: Err(SourceError::new(trouble, "denied the request: frozen")) });
    }

    fn tried(w: &World) -> Option<String> {
        w.model.dialog.as_ref().and_then(|d| d.act()).and_then(|d| d.tried.as_ref()).map(ToString::to_string)
    }

    #[test]
    fn a_servers_no_is_a_line_and_the_act_may_go_out_all_the_same() {
        let mut w = stories::armed();
        w.wait(500).keys("a p").planned();
        let id = tries(&w)[0];
        says(&mut w, id, Trouble::Server);
        assert_eq!(tried(&w).as_deref(), Some("denied the request: frozen"));
        let d = w.model.dialog.as_ref().expect("open");
        assert!(d.flushed.is_none(), "the line is shown before Y counts");
        w.confirm();
        assert!(!w.model.acts.is_empty(), "advice only");
    }

    #[test]
    fn what_could_not_be_tried_says_nothing() {
        let mut w = stories::armed();
        w.wait(500).keys("a p").planned();
        let id = tries(&w)[0];
        says(&mut w, id, Trouble::Timeout);
        assert_eq!(tried(&w), None);
    }

    #[test]
    fn a_way_back_is_never_tried_and_nothing_is_between_y_and_its_request() {
        let mut w = stories::worse();
        w.keys("a r").planned();
        assert_eq!(tries(&w).len(), 0);
        let mut w = stories::armed();
        w.wait(500).keys("a p").planned();
        let id = tries(&w)[0];
        w.confirm();
        assert_eq!(tries(&w).len(), 1, "none is begun after Y");
        says(&mut w, id, Trouble::Server);
        assert_eq!(tried(&w), None);
    }
}
