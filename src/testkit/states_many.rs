//! The named states of dialogs over several targets: the cord, its release, a service in several clusters.

use super::canary::Canary;
use super::picture::Picture;
use super::states::at;
use super::stories::{self, select, worse};
use super::world::World;
use crate::core::act::plan::{CannotBecause, Outcome, Refused, RefusedBy};
use crate::core::world::detail::Flagger;
use crate::core::world::target::{Manager, Strategy, TargetState};

/// Six rollouts move: one aborts, one is Flagger's and fails, one cannot be paused.
fn fleet() -> World {
    let mut w = worse();
    w.canary(&Canary::new("profile", "us-1").at(10, 1).since(300));
    w.target_with("profile", |t| {
        t.strategy = Strategy::Canary;
        t.detail.flagger = Some(Flagger { failed_checks: 2, threshold: 5, interval: 60, ..Flagger::default() });
    });
    w.canary(&Canary::new("stock", "us-1").at(50, 5).since(200));
    w.target_with("stock", |t| t.strategy = Strategy::Ordered);
    w.target_with("checkout", |t| {
        t.aborted = true;
        t.aborted_by = Some(Manager { name: "argo-rollouts".into(), at: None });
    });
    w
}

fn no_pause(t: &TargetState) -> Option<CannotBecause> {
    (t.strategy == Strategy::Ordered).then(|| CannotBecause::NotNow("a StatefulSet has no pause".into()))
}

fn frozen_dialog() -> World {
    let mut w = fleet();
    w.keys("a f").planned_all(no_pause).flush().wait(1_100);
    w
}

fn accepted() -> Outcome {
    Outcome::Accepted { generation: None, version: Some("88124".into()), took_ms: 47 }
}

fn refused(why: &str) -> Outcome {
    Outcome::Refused(Refused { kind: RefusedBy::Forbidden, status: Some(403), why: why.into(), retry_after_ms: None })
}

/// The cord is pulled and has been answered; the records come back as they do from the log.
fn frozen() -> World {
    let mut w = stories::calm();
    w.canary(&Canary::new("auth", "eu-1").at(50, 5).since(1_200));
    w.keys("a f").planned_all(|_| None).flush().wait(1_100).keys("Y").left_all(|_| true).answered_all(|_| accepted());
    for name in ["search", "payments", "auth"] {
        w.target_with(name, |t| t.held = true);
    }
    w.wait(1_000);
    w
}

/// Checkout moves in two clusters, and in a third namespace.
fn several() -> World {
    let mut w = worse();
    w.canary(&Canary::new("checkout", "us-1").at(25, 3).since(300));
    select(&mut w, "checkout");
    w.keys("v");
    w
}

pub(super) fn several_pictures() -> Vec<Picture> {
    vec![
        at("several/freeze", "The cord: what will be held, what is left alone and why.", frozen_dialog),
        at("several/freeze-reading", "The plans are being made.", || {
            let mut w = fleet();
            w.keys("a f");
            w
        }),
        at("several/freeze-ticked", "One that hold would harm is ticked: the same key rolls it back.", || {
            let mut w = frozen_dialog();
            w.keys("G space").planned_all(no_pause).flush().wait(1_100);
            w
        }),
        at("several/freeze-name-due", "A review says no for two of them: the environment's name is typed.", || {
            let mut w = fleet();
            w.source_with("us-1", |s| s.abilities.rights.iter_mut().for_each(|r| r.allowed = Some(false)));
            w.keys("a f").planned_all(no_pause).flush().wait(1_100).type_text("pr");
            w
        }),
        at(
            "several/freeze-name-after",
            "After the key one could not be read back: one name for all that was found.",
            || {
                let mut w = frozen_dialog();
                w.keys("Y").left_all(|t| &*t.id.name != "payments").flush();
                w
            },
        ),
        at("several/freeze-partly", "Two are held, one was refused: said in one line.", || {
            let mut w = frozen_dialog();
            w.keys("Y").left_all(|_| true);
            w.answered_all(|t| if &*t.name == "auth" { refused("denied by policy no-pause") } else { accepted() });
            for name in ["search", "payments"] {
                w.target_with(name, |t| t.held = true);
            }
            w.wait(300);
            w
        }),
        at("several/frozen", "The cord is pulled: who, since when, how many; nothing forward goes out.", || {
            let mut w = frozen();
            w.keys("b").wait(6_000);
            w
        }),
        at("several/loose", "A rollout started while the cord is pulled.", || {
            let mut w = frozen();
            w.canary(&Canary::new("ledger", "us-1").at(5, 1).since(0));
            w.keys("b").wait(6_000);
            w
        }),
        at("several/thaw", "What the cord holds, and what stays held because a gate blocks.", || {
            let mut w = frozen();
            w.source_with("us-1", |s| s.abilities.rights.iter_mut().for_each(|r| r.allowed = Some(false)));
            w.wait(500).keys("a a").flush().wait(1_100).keys("Y").wait(500);
            w.keys("a z").planned_all(|_| None).flush().wait(1_100).type_text("pro");
            w
        }),
        at("several/roll-back", "A service that moves in two clusters: each on its own, one key for both.", || {
            let mut w = several();
            w.keys("a r").planned_all(|_| None).flush().wait(1_100);
            w
        }),
        at("several/roll-back-dropped", "One of them is dropped.", || {
            let mut w = several();
            w.keys("a r").planned_all(|_| None).flush().wait(1_100).keys("j space").flush().wait(1_100);
            w
        }),
        small("several/freeze-60x15", (60, 15)),
        small("several/freeze-200x50", (200, 50)),
        Picture {
            path: "several/freeze-fifty",
            caption: "Fifty rollouts: the chosen one in sight, the rest counted.",
            size: (80, 23),
            make: || {
                let mut w = stories::many(1_000);
                w.keys("a f").planned_all(|_| None).flush().wait(1_100).keys("j j j j j j j j j j j j");
                w
            },
        },
    ]
}

fn small(path: &'static str, size: (u16, u16)) -> Picture {
    Picture { path, caption: "The cord in another size.", size, make: frozen_dialog }
}
