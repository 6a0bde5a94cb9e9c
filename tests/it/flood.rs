//! More facts than anybody can read: a thousand services, and the engine's inbox between them and the loop. Counts
//! are asserted; times are printed only, for a busy machine is no bug.

use andon::core::effect::{Effect, Question};
use andon::core::id::SourceId;
use andon::core::time::Utc;
use andon::core::world::fact::Fact;
use andon::core::world::target::TargetState;
use andon::engine::inbox::Inbox;
use andon::testkit::{Canary, World, world};
use std::time::{Duration, Instant};

const SERVICES: usize = 1_000;
/// Messages the loop takes at once.
const BITE: usize = 256;

/// A thousand services in two clusters; one in twenty moves.
fn fleet() -> World {
    let mut w = world();
    w.sources();
    for i in 0..SERVICES {
        let name = format!("service-{i:04}");
        w.service(&name, 2, &[120_000]);
        if i % 20 == 0 {
            w.canary(&Canary::new(&name, "eu-1"))
        } else {
            w.canary(&Canary::steady(&name, "us-1"))
        };
    }
    w
}

/// What `update` took, message by message.
#[derive(Default)]
struct Took(Vec<Duration>);

impl Took {
    /// Lets the loop take everything that waits. Returns how many messages that were.
    fn drain(&mut self, w: &mut World, inbox: &Inbox) -> usize {
        let before = self.0.len();
        loop {
            let bite = inbox.take(BITE);
            if bite.is_empty() {
                return self.0.len() - before;
            }
            for msg in bite {
                let began = Instant::now();
                w.send(msg);
                self.0.push(began.elapsed());
            }
        }
    }

    fn tell(mut self, what: &str) {
        self.0.sort();
        let at = |share: usize| self.0.get(self.0.len().saturating_sub(1) * share / 100).copied().unwrap_or_default();
        println!("{what}: {} updates, p50 {:?}, p99 {:?}, most {:?}", self.0.len(), at(50), at(99), at(100));
    }
}

fn targets(w: &World) -> Vec<TargetState> {
    w.model.world.targets.values().cloned().collect()
}

fn put(inbox: &Inbox, t: TargetState) {
    let source: SourceId = t.id.source.clone();
    inbox.fact(&source, Fact::Target(Box::new(t)));
}

#[test]
fn a_burst_costs_one_update_for_each_target_and_the_last_word_wins() {
    let (mut w, inbox, mut took) = (fleet(), Inbox::default(), Took::default());
    let all = targets(&w);
    assert_eq!(all.len(), SERVICES);
    for n in 0..5 {
        for t in &all {
            put(&inbox, TargetState { message: format!("word {n}").into(), ..t.clone() });
        }
    }
    assert_eq!(inbox.waiting(), SERVICES, "5,000 facts about 1,000 targets wait as 1,000");
    assert_eq!(took.drain(&mut w, &inbox), SERVICES);
    assert!(targets(&w).iter().all(|t| &*t.message == "word 4"));
    took.tell("burst of 5,000 target facts");
}

#[test]
fn a_steady_flood_never_piles_up_and_changes_only_what_changed() {
    let (mut w, inbox, mut took) = (fleet(), Inbox::default(), Took::default());
    let effects = w.effects.len();
    for second in 0..5_usize {
        let all = targets(&w);
        for (i, t) in all.iter().enumerate().filter(|(i, _)| i / 220 == second % 4) {
            let changed = i % 11 == 0;
            let message = if changed { format!("second {second}").into() } else { t.message.clone() };
            put(&inbox, TargetState { message, read_at: Utc(t.read_at.0 + 1_000), ..t.clone() });
        }
        assert_eq!((inbox.waiting(), took.drain(&mut w, &inbox)), (220, 220), "second {second}");
        let now = targets(&w);
        let news = all.iter().zip(&now).filter(|(a, b)| a.message != b.message).count();
        assert_eq!(news, 20, "second {second}");
        w.wait(1_000);
    }
    assert_eq!(inbox.waiting(), 0);
    // A repeated word asks for nothing: no read, no record. Ways back are asked about by time alone.
    let by_time = |e: &&Effect| matches!(e, Effect::Ask { question: Question::WayBack(_), .. });
    let asked: Vec<&Effect> = w.effects[effects..].iter().filter(|e| !by_time(e)).collect();
    assert!(asked.is_empty(), "{asked:?}");
    took.tell("220 facts a second, 20 of them news");
}
