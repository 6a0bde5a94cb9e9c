//! Every named state of the product, in the order of the picture book.

use super::picture::Picture;
use super::stories::{self, gone_quiet, judged, select, worse};
use super::world::{World, world};
use crate::core::model::Place;
use crate::core::msg::{Msg, Recovered, Unfinished};
use crate::core::time::Utc;
use crate::core::world::source::{Link, Roles, Trouble};
use crate::core::world::target::{Manager, Phase, Trouble as PodTrouble};

const DESIGN: (u16, u16) = (80, 23);

pub(super) fn at(path: &'static str, caption: &'static str, make: fn() -> World) -> Picture {
    Picture { path, caption, size: DESIGN, make }
}

/// All pictures.
pub fn pictures() -> Vec<Picture> {
    let mut all = verdicts();
    all.extend(boards());
    all.extend(super::states_acts::dialogs());
    all.extend(super::states_kinds::dialogs());
    all.extend(super::states_acts::acts());
    all.extend(super::states_many::several_pictures());
    all.extend(super::states_kinds::hindrances());
    all.extend(super::states_kinds::strategies());
    all.extend(super::states_kinds::elsewhere());
    all.extend(super::states_case::case());
    all.extend(others());
    all.extend(super::states_log::log());
    all.extend(super::states_looked::looked());
    all.extend(super::states_finding::finding());
    all.extend(super::states_signals::signals());
    all.extend(super::states_sizes::layouts());
    all
}

fn verdicts() -> Vec<Picture> {
    vec![
        at("verdict/worse", "The canary fails and the budget burns: what hurts, and what each key would do.", worse),
        at("verdict/worse-drill", "The same in a drill: nothing real is reached, and the first row says so.", || {
            stories::worse_on(Place::Drill, "v")
        }),
        at("verdict/worse-last-seen", "Figures stopped after WORSE: it stays, with when it was last seen.", || {
            gone_quiet(worse(), 240_000)
        }),
        at("verdict/same", "The canary is as good as stable; what was not measured is said.", || {
            judged(1_200, (900.0, 0.2), (2_700.0, 0.6))
        }),
        at("verdict/higher", "Surely above stable, not surely over the limit.", || {
            judged(1_800, (3_000.0, 8.0), (9_000.0, 9.0))
        }),
        at("verdict/better", "The canary fails less than stable.", || judged(1_200, (2_000.0, 0.1), (6_000.0, 30.0))),
        at("verdict/unsure", "Too few requests: how many more are needed, and how long that takes.", || {
            judged(240, (20.0, 0.0), (240.0, 0.1))
        }),
        at(
            "verdict/no-data",
            "The metrics source went quiet: no judgement, and the last figures as what they were.",
            || gone_quiet(judged(1_200, (900.0, 0.2), (2_700.0, 0.6)), 240_000),
        ),
        at("verdict/old", "Figures past their limit are drawn old; the judgement still stands.", || {
            gone_quiet(judged(1_200, (900.0, 0.2), (2_700.0, 0.6)), 75_000)
        }),
        at("verdict/no-traffic", "Nobody uses the canary: nothing to judge.", || {
            judged(600, (0.0, 0.0), (2_700.0, 0.6))
        }),
        at("verdict/not-judged", "No telemetry is configured: said as such, never as fine.", not_judged),
        at("verdict/steady", "Nothing moves and nothing hurts.", || {
            let mut w = stories::calm();
            select(&mut w, "checkout");
            w.keys("v");
            w
        }),
        at("verdict/held", "Held by a person: resume stands where hold stood.", || {
            let mut w = judged(1_200, (900.0, 0.2), (2_700.0, 0.6));
            w.target_with("checkout", |t| {
                t.held = true;
                t.held_by = Some(Manager { name: "kubectl-patch".into(), at: None });
            });
            w
        }),
        at("verdict/pods-broken", "Pods of the new version do not start.", || {
            let mut w = judged(240, (20.0, 0.0), (240.0, 0.1));
            w.target_with("checkout", |t| {
                t.phase = Phase::Degraded;
                t.revisions[0].replicas.ready = 0;
                t.revisions[0].trouble = vec![PodTrouble { reason: "ImagePullBackOff".into(), count: 2 }];
            });
            w
        }),
    ]
}

fn not_judged() -> World {
    let mut w = world();
    w.service("checkout", 1, &[]);
    w.source("eu-1", "kubernetes", Link::Watching, Roles { rollouts: true, telemetry: false, ..Roles::default() });
    w.canary(&super::Canary::new("checkout", "eu-1"));
    w.wait(3_100).keys("v");
    w
}

fn boards() -> Vec<Picture> {
    vec![
        at("board/worse", "Worst first, the chosen one in detail, the rest counted.", || {
            stories::worse_on(Place::Prod, "b")
        }),
        at("board/calm", "Calm is short and says so.", stories::calm),
        at("board/unmeasured", "Nothing measures anything: steady, and never called fine.", stories::unmeasured),
        at("board/all", "The fine ones are shown as well.", || {
            let mut w = stories::calm();
            w.keys("+ j j j");
            w
        }),
        at("board/no-source-answers", "No source answers: this is not calm, and it says so.", || {
            let mut w = world();
            w.source(
                "eu-1",
                "kubernetes",
                Link::Connecting,
                Roles { rollouts: true, telemetry: false, ..Roles::default() },
            );
            w.fail(
                "eu-1",
                Trouble::Unreachable,
                "no connection to eu-1.example.internal:6443 after 5 s: is the VPN up?",
            );
            w.wait(3_100).keys("b");
            w
        }),
        at("board/nothing-yet", "The sources are still being read.", || {
            let mut w = world();
            w.source(
                "eu-1",
                "kubernetes",
                Link::Connecting,
                Roles { rollouts: true, telemetry: false, ..Roles::default() },
            );
            w.keys("b").wait(400);
            w
        }),
        at("board/failing-source", "One source failed: its figures grow old, the others go on.", || {
            let mut w = stories::worse_on(Place::Prod, "b");
            w.fail("us-1", Trouble::Auth, "the login at us-1 has ended: run `tool login us-1`, then wait a moment");
            w.wait(120_000);
            w
        }),
    ]
}

fn others() -> Vec<Picture> {
    vec![
        at("waking/first", "The first second: who was asked, who has answered.", stories::first_second),
        at("waking/drill", "A drill says its goal before it begins.", || {
            let mut w = World::of(Place::Drill).given(|m| {
                m.environment.goal =
                    Some("checkout's canary goes bad within two minutes: find it and take it back".into());
            });
            w.source(
                "sim",
                "simulated",
                Link::Connecting,
                Roles { rollouts: true, telemetry: true, ..Roles::default() },
            );
            w.wait(300);
            w
        }),
        at("choose/contexts", "No configuration: the contexts of the kubeconfig, and the drill.", stories::choosing),
        at("explain/worse", "How the verdict was computed, to check by hand.", || {
            let mut w = worse();
            w.keys("enter");
            w
        }),
        at("explain/scrolled", "Further down: burn, queries, what was not measured.", || {
            let mut w = worse();
            w.keys("enter ctrl-d");
            w
        }),
        at("explain/unsure", "Why it is not sure yet.", || {
            let mut w = judged(240, (20.0, 0.0), (240.0, 0.1));
            w.keys("enter");
            w
        }),
        at("help/verdict", "Help of this place, from the loaded keys.", || {
            let mut w = worse();
            w.keys("?");
            w
        }),
        at("note/writing", "A note for the log.", || {
            let mut w = worse();
            w.keys("n").type_text("logins go to other people's accounts");
            w.keys("enter").type_text("told web and support");
            w
        }),
        at("runbook/open", "The runbook: steps, and the chosen one in full.", || {
            let mut w = worse();
            w.keys("r");
            w
        }),
        at("runbook/progress", "A check passed, one failed, a step was skipped with its reason.", runbook_progress),
        at("runbook/skip-reason", "Skipping asks why.", || {
            let mut w = worse();
            w.keys("r -").type_text("done by web already");
            w
        }),
        at("runbook/none", "There is no runbook for this service.", || {
            let mut w = stories::worse_on(Place::Prod, "b");
            select(&mut w, "payments");
            w.keys("r");
            w
        }),
        at("sources/all", "Sources: state, age against limit, what we may do there, where the log is.", || {
            let mut w = worse();
            w.send(Msg::Recovered(Box::new(Recovered {
                mine_only: true,
                file: "/home/mira/.local/state/andon/prod/20261121T031407Z-mira-bastion2-7f3a.jsonl".into(),
                ..Recovered::default()
            })));
            w.keys("o");
            w
        }),
        at("sources/failing", "The last error in full.", || {
            let mut w = worse();
            w.fail(
                "metrics",
                Trouble::Timeout,
                "prometheus did not answer within 5 s, GET /api/v1/query; next try 03:14:20",
            );
            w.wait(90_000).keys("o");
            w
        }),
        at("alarm/log-not-writable", "The log cannot be written: nothing forward goes out.", || {
            let mut w = worse();
            w.send(Msg::LogFailed { why: "No space left on device".into() });
            w
        }),
        at("alarm/ended-session", "An earlier session left an act without an outcome.", || {
            let mut w = worse();
            let unfinished = Unfinished {
                session: "20261121T021407Z-ito-bastion2-11aa".into(),
                ticket: 3,
                at: Utc(super::world::NOW - 3_600_000),
                target: Some(w.target_id("checkout")),
                words: "roll back checkout@eu-1".into(),
                ..Unfinished::default()
            };
            w.send(Msg::Recovered(Box::new(Recovered { unfinished: vec![unfinished], ..Recovered::default() })));
            w
        }),
        at("alarm/clock-skew", "A cluster's clock is off.", || {
            let mut w = worse();
            w.source_with("eu-1", |s| s.abilities.skew_ms = Some(-42_000));
            w
        }),
        at("alarm/insecure", "Certificate checks are off.", || {
            let mut w = worse();
            w.source_with("us-1", |s| s.abilities.insecure = true);
            w
        }),
        at("alarm/trouble-elsewhere", "Looking at one service while another one fails.", || {
            let mut w = stories::worse_on(Place::Prod, "b");
            select(&mut w, "auth");
            w.keys("v");
            w
        }),
        at("alarm/read-only", "A read-only session says why no act opens.", || {
            let mut w = worse().given(|m| m.environment.read_only = true);
            w.keys("a r");
            w
        }),
    ]
}

fn runbook_progress() -> World {
    use crate::core::effect::{Effect, Question};
    use crate::core::world::fact::Fact;
    use crate::core::world::figures::Checked;
    let mut w = worse();
    w.keys("r");
    for value in [Some(0.216), Some(0.12)] {
        w.keys("x");
        let asked = w.effects.iter().rev().find_map(|e| match e {
            // Not what is asked only because somebody looks.
            Effect::Ask { id, question: Question::Check(q), .. }
                if matches!(w.model.asks.get(id), Some(crate::core::model::Purpose::Check { .. })) =>
            {
                Some((*id, q.clone()))
            }
            _ => None,
        });
        if let Some((id, query)) = asked {
            let sample = Some(w.now());
            w.send(Msg::Asked { id, answer: Ok(vec![Fact::Checked(Checked { query, value, sample })]) });
        }
        w.keys("j");
    }
    w.keys("-").type_text("the drain took care of it");
    w.keys("enter k k");
    w
}
