//! One turn of the loop: keys before facts, but never only keys; and a dialog that opens drops what was typed before it.

use andon::core::act::dialog::Dialog;
use andon::core::key::Key;
use andon::core::model::Model;
use andon::core::msg::Msg;
use andon::core::time::{Person, Stamp, Utc, World};
use andon::core::world::fact::Fact;
use andon::engine::clock::{Clock, RealClock};
use andon::engine::inbox::{FromTerminal, Inbox};
use andon::engine::{Engine, Front};
use andon::testkit::stories;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Shows nothing, counts frames.
#[derive(Default)]
pub struct Nobody {
    pub frames: usize,
}

impl Front for Nobody {
    fn draw(&mut self, _model: &Model) {
        self.frames += 1;
    }
    fn digest(&self, _model: &Model) -> String {
        String::new()
    }
    fn theme(&mut self, _name: &str) -> Result<(), String> {
        Ok(())
    }
    fn say(&mut self, _line: &str) {}
    fn frame_ms(&self) -> i64 {
        100
    }
    fn ticks(&self) -> bool {
        false
    }
}

fn engine() -> (Engine<Nobody>, Inbox, Person) {
    let inbox = Inbox::default();
    let clock = Arc::new(RealClock);
    let now = clock.now().person;
    (Engine::new(stories::worse().model, Nobody::default(), inbox.clone(), clock), inbox, now)
}

fn press(inbox: &Inbox, key: char, at: Person) {
    inbox.terminal(FromTerminal::Msg(Msg::Key(Key::char(key)), at));
}

#[test]
fn a_flood_of_keys_starves_neither_the_sources_nor_the_screen() {
    let (mut engine, inbox, now) = engine();
    for n in 0..20_000 {
        press(&inbox, if n % 2 == 0 { 'j' } else { 'k' }, now);
    }
    let target = engine.model.world.targets.values().next().expect("a target").clone();
    let source = target.id.source.clone();
    inbox.fact(&source, Fact::Gone(target.id.clone()));
    assert_eq!(inbox.waiting(), 1);
    assert_eq!(engine.turn(), None);
    assert_eq!(inbox.waiting(), 0, "the source was heard in the first turn");
    assert!(!engine.model.world.targets.contains_key(&target.id));
    assert!(inbox.take_terminal().is_some(), "and keys are left for the next");
    assert!(engine.front.frames > 0);
}

#[test]
fn what_was_typed_before_a_dialog_opened_never_reaches_it() {
    let (mut engine, inbox, now) = engine();
    // Typed ahead, at a hand's pace, and read only now: after a stall of the machine.
    for (n, key) in "arYYYxq".chars().enumerate() {
        press(&inbox, key, Person(now.0 + 400 * i64::try_from(n).unwrap()));
    }
    inbox.terminal(FromTerminal::Msg(Msg::Paste("checkout".into()), now));
    assert_eq!(engine.turn(), None, "q is not heard either");
    assert!(engine.model.dialog.as_ref().and_then(Dialog::act).is_some(), "the dialog stands");
    assert!(inbox.take_terminal().is_none(), "and the rest is gone");
    assert!(engine.model.acts.values().all(|a| a.sent.is_some() || a.is_over()), "nothing new was made");
}

/// Stands where it is put.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Stamp {
        let ms = self.0.load(Ordering::Relaxed);
        Stamp { utc: Utc(ms), world: World(ms), person: Person(ms) }
    }
    fn until_world(&self, w: World) -> Option<i64> {
        Some(w.0 - self.now().world.0)
    }
}

#[test]
fn a_frame_drawn_past_a_deadline_does_not_hide_it() {
    let clock = Arc::new(Hand(AtomicI64::new(0)));
    let mut model = stories::worse().model;
    let start = model.now.person.0;
    clock.0.store(start, Ordering::Relaxed);
    model.now = clock.now();
    model.notice = Some(("gone soon".into(), Person(start + 50)));
    let mut engine = Engine::new(model, Nobody::default(), Inbox::default(), clock.clone());
    clock.0.store(start + 200, Ordering::Relaxed);
    assert_eq!(engine.turn(), None);
    assert!(engine.front.frames > 0, "it was drawn at 200");
    assert_eq!(engine.model.notice, None, "and what fell due at 50 was seen in the same turn");
}

#[test]
fn a_picture_that_became_whole_is_drawn_before_its_turn() {
    let clock = Arc::new(Hand(AtomicI64::new(0)));
    let mut model = stories::worse().model;
    let start = model.now.person.0;
    clock.0.store(start, Ordering::Relaxed);
    model.now = clock.now();
    let target = model.world.targets.values().next().expect("a target").clone();
    let source = target.id.source.clone();
    let inbox = Inbox::default();
    let mut engine = Engine::new(model, Nobody::default(), inbox.clone(), clock.clone());
    engine.first_frame();
    let drawn = |engine: &Engine<Nobody>| engine.front.frames;
    clock.0.store(start + 20, Ordering::Relaxed);
    inbox.fact(&source, Fact::Gone(target.id.clone()));
    assert_eq!(engine.turn(), None);
    assert_eq!(drawn(&engine), 1, "what changes waits for its turn");
    inbox.fact(&source, Fact::Whole(vec![]));
    assert_eq!(engine.turn(), None);
    assert_eq!(drawn(&engine), 2, "what is complete does not");
}
