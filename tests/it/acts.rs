//! The rarer acts, their friction, what follows of them and what did not begin here.

use andon::core::act::flight::State;
use andon::core::act::plan::{Expect, RefusedBy, Verb};
use andon::core::alarm;
use andon::core::effect::Effect;
use andon::core::entry::{Entry, Kind};
use andon::core::msg::Msg;
use andon::core::nav::Overlay;
use andon::core::world::detail::Written;
use andon::core::world::target::Manager;
use andon::testkit::{World, kinds, stories};
use andon::ui::Look;

fn performed(w: &World) -> usize {
    w.effects.iter().filter(|e| matches!(e, Effect::Perform { .. })).count()
}

fn records(w: &World, kind: Kind) -> Vec<&Entry> {
    let entry = |e: &'_ Effect| matches!(e, Effect::Append { entry, .. } if entry.kind == kind);
    w.effects
        .iter()
        .filter(|e| entry(e))
        .filter_map(|e| if let Effect::Append { entry, .. } = e { Some(entry) } else { None })
        .collect()
}

fn last(w: &World) -> State {
    w.model.acts.values().next_back().expect("an act").state.clone()
}

fn must(w: &World) -> Option<String> {
    let d = w.model.dialog.as_ref().and_then(|d| d.act()).expect("a dialog");
    d.name.as_ref().map(|n| n.must.to_string())
}

fn verb(w: &World) -> Verb {
    w.model.dialog.as_ref().and_then(|d| d.act()).expect("a dialog").operation.verb
}

#[test]
fn a_chosen_version_is_gone_back_to_by_its_name_and_never_by_y() {
    let mut w = stories::worse();
    w.keys("a b j");
    assert!(matches!(w.model.nav.overlay, Some(Overlay::Pick(_))));
    w.keys("enter").planned();
    assert_eq!(w.model.nav.overlay, None);
    let op = w.model.dialog.as_ref().and_then(|d| d.act()).expect("a dialog").operation.clone();
    assert!(op.chosen);
    let id = w.target_id("checkout");
    assert_eq!(op.back_to, Some(w.model.world.targets[&id].revisions[2].hash.clone()));
    assert_eq!(must(&w).as_deref(), Some("checkout"));
    w.flush().wait(1_100).keys("Y");
    assert_eq!(performed(&w), 0);
    w.keys("backspace").type_text("checkout").keys("enter").durable().wait(30).reread();
    assert_eq!(performed(&w), 1, "{:?}", w.model.dialog);
    let intent = &records(&w, Kind::Intent)[0].data;
    assert_eq!(intent["name_typed"], true);
}

#[test]
fn the_list_of_versions_takes_only_its_own_keys() {
    for key in ["x", "esc", "Y", "a", "q"] {
        let mut w = stories::worse();
        w.keys("a b").keys(key).wait(1_000).keys("Y");
        assert!(w.model.nav.overlay.is_none() && w.model.dialog.is_none(), "{key}");
        assert_eq!(performed(&w), 0, "{key}");
    }
    // What it asks for now cannot be gone back to: it says so, and the list stays.
    let mut w = stories::worse();
    w.keys("a b g enter");
    assert!(w.model.dialog.is_none() && matches!(w.model.nav.overlay, Some(Overlay::Pick(_))));
    assert!(w.model.notice.as_ref().is_some_and(|n| n.0.contains("asks for now")), "{:?}", w.model.notice);
}

#[test]
fn f_in_a_promote_opens_promote_full_anew_and_asks_for_the_name_although_every_gate_is_ok() {
    let mut w = stories::armed();
    w.wait(500).keys("a p").planned().flush().wait(1_100);
    assert_eq!((verb(&w), must(&w)), (Verb::Promote, None));
    w.keys("f");
    assert_eq!(verb(&w), Verb::PromoteFull);
    w.planned().flush();
    assert_eq!(must(&w).as_deref(), Some("checkout"));
    // Its delay begins anew: a name typed too soon does not count either.
    w.keys("Y").wait(2_000);
    assert_eq!(performed(&w), 0);
    // Not where it would be a letter of a name, nor in any other dialog.
    let mut w = stories::armed();
    w.wait(500).keys("a h").planned().flush().keys("f");
    assert!(w.model.dialog.is_none());
}

#[test]
fn every_rare_verb_is_forward_armed_and_named() {
    for (keys, change) in [
        ("a t", (|t| t.aborted = true) as fn(&mut andon::core::world::target::TargetState)),
        ("a t", kinds::inconclusive),
        ("a s", |t| t.gate = None),
    ] {
        let mut w = kinds::judged(change);
        w.keys(keys);
        assert!(w.model.dialog.is_none(), "{keys}: LOOK-ONLY opens nothing");
        w.keys("a a").flush().wait(1_100).keys("Y").wait(500).keys(keys).planned().flush();
        assert_eq!(must(&w).as_deref(), Some("checkout"), "{keys}");
    }
    let mut w = kinds::judged(kinds::inconclusive);
    w.keys("a a").flush().wait(1_100).keys("Y").wait(500).keys("a t").planned();
    assert_eq!(verb(&w), Verb::Rerun, "the dialog names the one that applies");
    w.keys("esc").target_with("checkout", |t| t.aborted = true);
    w.keys("a t");
    assert!(matches!(w.model.nav.overlay, Some(Overlay::Pick(_))), "both apply: it asks");
    w.keys("j enter").planned();
    assert_eq!(verb(&w), Verb::Rerun);
}

#[test]
fn an_accepted_act_leaves_one_mark_and_a_refused_mark_is_said_once() {
    let mut w = stories::rolled_back();
    let marks: Vec<_> = w.effects.iter().filter_map(|e| if let Effect::Mark(m) = e { Some(m) } else { None }).collect();
    let [mark] = marks.as_slice() else { panic!("{} marks", marks.len()) };
    assert_eq!((&*mark.action, &*mark.who), ("roll back: abort", "mira@bastion-2"));
    assert!(mark.note.contains("v2.14.1 -> v2.14.0") && mark.note.contains("WORSE"), "{}", mark.note);
    let target = w.target_id("checkout");
    let before = records(&w, Kind::Changed).len();
    for _ in 0..3 {
        w.send(Msg::Marked { target: target.clone(), refused: Some("forbidden".into()) });
    }
    assert_eq!(records(&w, Kind::Changed).len() - before, 1);
    w.send(Msg::Marked { target, refused: None });
    assert_eq!(last(&w), State::Settled, "a mark stops nothing");
}

#[test]
fn a_pause_set_elsewhere_is_recorded_once_with_who_and_our_own_is_not() {
    let by = |name: &str| Written { what: "spec.paused".into(), by: Manager { name: name.into(), at: None } };
    let mut w = stories::worse();
    w.wait(20_000).target_with("checkout", |t| {
        t.held = true;
        t.detail.writers = vec![by("kubectl-patch")];
    });
    w.wait(1_000).target_with("checkout", |t| t.message = "manually paused".into());
    let found = records(&w, Kind::Changed);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0].data["what"], &found[0].data["by"]),
        (&"held by kubectl-patch".into(), &"kubectl-patch".into())
    );
    let mut w = stories::worse();
    w.keys("a h").planned().confirm();
    w.wait(120).target_with("checkout", |t| {
        t.held = true;
        t.detail.writers = vec![by("andon")];
    });
    w.accepted();
    assert_eq!(last(&w), State::Settled);
    assert_eq!(records(&w, Kind::Changed).len(), 0);
    // A minute later somebody lifts it: undone, and by whom.
    w.wait(60_000).target_with("checkout", |t| {
        t.held = false;
        t.detail.writers = vec![by("argocd-controller")];
    });
    assert_eq!(last(&w), State::Undone("Git (argocd-controller)".into()));
    assert_eq!(records(&w, Kind::Changed).len(), 1);
}

#[test]
fn a_wish_the_controller_takes_back_is_refused_loudly_and_an_old_fact_does_not_say_so() {
    let begin = || {
        let mut w = stories::worse();
        let dropped = Expect::AbortedIs(false);
        w.keys("a r").planned_with(|p| p.steps[0].refused_when = Some(dropped)).confirm();
        w.wait(100).accepted();
        w
    };
    // The source has fallen silent: what it said before the request proves nothing.
    let mut w = begin();
    w.wait(9_000);
    assert_eq!(last(&w), State::Accepted);
    let mut w = begin();
    w.wait(300).target_with("checkout", |t| t.aborted = true);
    w.wait(300).target_with("checkout", |t| (t.aborted, t.promoting_full) = (false, true));
    assert_eq!(last(&w), State::Seen, "a second has to pass");
    w.wait(1_000);
    let State::Refused(r) = last(&w) else { panic!("{:?}", last(&w)) };
    assert_eq!(r.kind, RefusedBy::Controller);
    assert_eq!(&*r.why, "the controller refused: a full promotion is under way and overrides the abort");
    assert_eq!(records(&w, Kind::Refused)[0].data["by"], "controller");
    assert!(alarm::alarms(&w.model).iter().any(|a| a.text.contains("the controller refused")));
    // The way back stays open.
    w.keys("a r").planned();
    assert_eq!(verb(&w), Verb::RollBack);
}

#[test]
fn the_record_of_a_stuck_act_carries_its_kind_and_follows_when_it_changes() {
    let mut w = kinds::stuck_pods("ImagePullBackOff");
    let reasons = |w: &World| records(w, Kind::Stuck).iter().map(|r| r.data["reason"].to_string()).collect::<Vec<_>>();
    assert_eq!(reasons(&w), ["\"image-pull\""]);
    w.target_with("checkout", |t| t.revisions[1].trouble[0].count = 5);
    assert_eq!(reasons(&w).len(), 1, "the same with other figures is no news");
    assert!(matches!(last(&w), State::Stuck(why) if why.contains("5 pods")));
    w.target_with("checkout", |t| t.revisions[1].trouble[0].reason = "CrashLoopBackOff".into());
    assert_eq!(reasons(&w), ["\"image-pull\"", "\"crash-loop\""]);
    // Its lever, pressed.
    w.keys("a b");
    assert!(matches!(w.model.nav.overlay, Some(Overlay::Pick(_))));
}

#[test]
fn an_act_under_way_shows_on_every_screen_and_its_end_for_a_minute() {
    let rows = |w: &World, size: (u16, u16)| {
        let (buf, _) = w.drawn(size.0, size.1, &Look::shipped());
        let row = |y: u16| (0..size.0).map(|x| buf[(x, y)].symbol()).collect::<String>();
        (0..size.1).map(row).collect::<Vec<_>>().join("\n")
    };
    for key in ["v", "b", "r", "o", "i", "w", "e", "f", "t"] {
        for size in [(80, 23), (60, 15), (200, 50)] {
            let mut w = stories::rolling_back();
            w.resize(size.0, size.1).keys(key);
            let text = rows(&w, size);
            // As a sentence, or in the row of the Board.
            assert!(text.to_lowercase().contains("rolling back"), "{key} {size:?}\n{text}");
            if ["v", "b"].contains(&key) || size.0 == 200 {
                continue;
            }
            assert!(text.contains("ROLLING BACK checkout@eu-1 to v2.14.0"), "{key} {size:?}\n{text}");
            w.wait(60_000);
            stories::drained(&mut w);
            w.wait(1_000);
            let text = rows(&w, size);
            assert!(text.contains("ROLLED BACK checkout@eu-1 runs v2.14.0"), "{key} {size:?}\n{text}");
            w.wait(61_000);
            let text = rows(&w, size);
            assert!(!text.contains("ROLLED BACK checkout@eu-1 runs"), "{key} {size:?}\n{text}");
        }
    }
}
