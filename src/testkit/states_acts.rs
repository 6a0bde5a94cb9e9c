//! The named states of dialogs and of acts under way.

use super::picture::Picture;
use super::states::at;
use super::stories::{self, rolled_back, rolling_back, worse};
use crate::core::act::plan::Outcome;
use crate::core::world::target::{Manager, Phase, Replicas, Trouble as PodTrouble};

pub(super) fn dialogs() -> Vec<Picture> {
    vec![
        at("dialog/menu", "After `a`: what each second key would do, the screen still in sight.", || {
            let mut w = worse();
            w.keys("a");
            w
        }),
        at("dialog/roll-back-planning", "The target is read and the plan is made.", || {
            let mut w = worse();
            w.keys("a r");
            w
        }),
        at("dialog/roll-back-just-shown", "The plan is there; `Y` does not count yet.", || {
            let mut w = worse();
            w.keys("a r").planned().flush();
            w
        }),
        at(
            "dialog/roll-back-ready",
            "Everything that will be sent, what is not undone, what is not ok; `Y` counts.",
            || {
                let mut w = worse();
                w.keys("a r").planned().flush().wait(1_100);
                w
            },
        ),
        at("dialog/roll-back-again", "An early `Y` did nothing but say so.", || {
            let mut w = worse();
            w.keys("a r").planned().flush().keys("Y");
            w
        }),
        at("dialog/roll-back-name-due", "The review says no: the name is typed, and it may be tried.", || {
            let mut w = worse();
            w.source_with("eu-1", |s| s.abilities.rights.iter_mut().for_each(|r| r.allowed = Some(false)));
            w.keys("a r").planned().flush().wait(1_100).type_text("chec");
            w
        }),
        at(
            "dialog/roll-back-changed",
            "The step moved under the open dialog: shown, and it goes out all the same.",
            || {
                let mut w = worse();
                w.keys("a r").planned().flush().wait(1_100);
                w.target_with("checkout", |t| {
                    t.step = Some(2);
                    t.weight_wanted = 25;
                });
                w
            },
        ),
        at(
            "dialog/roll-back-new-plan",
            "It was fully promoted under the open dialog: a new plan, one more `Y`.",
            || {
                let mut w = worse();
                w.keys("a r").planned().flush().wait(1_100);
                w.target_with("checkout", |t| t.stable = t.candidate.clone());
                w.planned().flush().wait(1_100);
                w
            },
        ),
        at(
            "dialog/roll-back-promoted",
            "Going back after full promotion: one plan of two requests with a wait between.",
            promoted,
        ),
        at("dialog/roll-back-sending", "Confirmed: the intent goes to disk and the target is read again.", || {
            let mut w = worse();
            w.keys("a r").planned().flush().wait(1_100).keys("Y");
            w
        }),
        at("dialog/hold", "Hold from LOOK-ONLY, in three keys.", || {
            let mut w = worse();
            w.keys("a h").planned().flush().wait(1_100);
            w
        }),
        at("dialog/promote", "Armed, gates ok: on to the next step.", || {
            let mut w = stories::armed();
            w.wait(500).keys("a p").planned().flush().wait(1_100);
            w
        }),
        at("dialog/promote-refused", "The step moved under an open promote dialog: it does not go out.", || {
            let mut w = stories::armed();
            w.wait(500).keys("a p").planned().flush().wait(1_100);
            w.target_with("checkout", |t| t.step = Some(2));
            w
        }),
        at("dialog/promote-blocked", "A gate blocks: the reason, and nothing to confirm.", || {
            let mut w = worse();
            w.keys("a a").flush().wait(1_100).keys("Y").wait(500).keys("a p").planned().flush();
            w
        }),
        at("dialog/promote-name-due", "A gate warns: the name is typed.", || {
            let mut w = stories::armed();
            w.source_with("eu-1", |s| s.abilities.rights.iter_mut().for_each(|r| r.allowed = None));
            w.wait(500).keys("a p").planned().flush().wait(1_100);
            w
        }),
        at("dialog/resume", "A held rollout goes on.", || {
            let mut w = stories::armed();
            w.target_with("checkout", |t| t.held = true);
            w.wait(500).keys("a u").planned().flush().wait(1_100);
            w
        }),
        at("dialog/arm", "Arming names the environment, and the sources with their state.", || {
            let mut w = worse();
            w.keys("a a").flush().wait(1_100);
            w
        }),
        at("dialog/disarm", "Back to LOOK-ONLY.", || {
            let mut w = stories::armed();
            w.wait(500).keys("a x").flush().wait(1_100);
            w
        }),
        at("dialog/acknowledge", "Acknowledging a WORSE verdict says what that means.", || {
            let mut w = worse();
            w.keys("a k").flush().wait(1_100);
            w
        }),
    ]
}

pub(super) fn acts() -> Vec<Picture> {
    vec![
        at("act/rolling-back", "A roll back under way, in place of what can be done.", rolling_back),
        at(
            "act/rolled-back",
            "It settled: what runs now, and how long it took from the first bad signal.",
            rolled_back,
        ),
        at("act/stuck", "It did not settle: why, and the next lever.", || {
            let mut w = rolling_back();
            w.target_with("checkout", |t| {
                t.revisions[1].trouble = vec![PodTrouble { reason: "ImagePullBackOff".into(), count: 2 }];
            });
            w.wait(400_000);
            w
        }),
        at("act/unknown", "The answer was lost: it may have happened, and it is read back, never sent again.", || {
            let mut w = worse();
            w.keys("a r").planned().confirm();
            w.wait(5_000).answered(Outcome::Unknown { why: "no answer within 5 s".into() });
            w.wait(2_000);
            w
        }),
        at("act/undone", "It had settled, and somebody took it back.", || {
            let mut w = rolled_back();
            w.wait(60_000).target_with("checkout", |t| {
                t.aborted = false;
                t.aborted_by = Some(Manager { name: "argocd-controller".into(), at: None });
                t.weight_wanted = 10;
                t.weight_real = Some(10);
            });
            w
        }),
        at("act/refused", "The server said no, in its own words.", || {
            let mut w = worse();
            w.keys("a h").planned().confirm();
            w.wait(120).refused("rollouts.argoproj.io \"checkout\" is forbidden: User \"mira\" cannot patch rollouts");
            w
        }),
        at("act/held", "The hold has settled.", || {
            let mut w = worse();
            w.keys("a h").planned().confirm();
            w.wait(120).accepted();
            w.wait(300).target_with("checkout", |t| t.held = true);
            w
        }),
    ]
}

/// Everyone has the new version; undo takes two requests.
fn promoted() -> super::World {
    let mut w = worse();
    w.target_with("checkout", |t| {
        t.stable = t.candidate.clone();
        t.phase = Phase::Healthy;
        t.gate = None;
        t.git = None;
        (t.weight_wanted, t.weight_real) = (100, Some(100));
        for (r, n) in t.revisions.iter_mut().zip([20, 0, 0]) {
            r.replicas = Replicas { wanted: n, existing: n, ready: n, available: n };
        }
    });
    w.keys("a r").planned_with(|p| {
        let mut second = p.steps[0].clone();
        p.steps[0].title = "undo to v2.14.0".into();
        p.steps[0].done_words = "the controller has taken up v2.14.0".into();
        second.title = "promote full".into();
        second.request.path = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/checkout/status".into();
        second.request.shown = "[\n  {\"op\":\"add\",\"path\":\"/status/promoteFull\",\"value\":true}\n]".into();
        p.steps.push(second);
    });
    w.flush().wait(1_100);
    w
}
