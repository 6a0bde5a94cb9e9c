//! Worlds that pictures and tests begin from. Each is told by facts, keys and time.

use super::canary::Canary;
use super::world::{World, world};
use crate::core::model::{Context, Place};
use crate::core::world::source::{Link, Roles};
use crate::core::world::target::GitOwner;
use std::sync::Arc;

const REST: [&str; 13] = [
    "cart", "email", "fraud", "gateway", "images", "pricing", "profile", "reviews", "shipping", "stock", "tax",
    "users", "vouchers",
];

/// Nineteen services on two clusters; six of them are told by the caller, the rest are fine. Still waking.
pub fn fleet(place: Place) -> World {
    let mut w = World::of(place);
    w.service("checkout", 1, &[110_000, 120_000, 130_000, 118_000, 125_000]);
    for name in ["search", "payments", "auth", "ledger", "catalog"] {
        w.service(name, 2, &[240_000]);
    }
    for name in REST {
        w.service(name, 2, &[]);
    }
    for book in crate::config::runbook::shipped() {
        w.model.runbooks.insert(book.name.clone(), book);
    }
    let rollouts = Roles { rollouts: true, telemetry: false, ..Roles::default() };
    let telemetry = Roles { rollouts: false, telemetry: true, ..Roles::default() };
    w.source("eu-1", "kubernetes", Link::Connecting, rollouts);
    w.source("us-1", "kubernetes", Link::Connecting, rollouts);
    w.source("metrics", "prometheus", Link::Connecting, telemetry);
    for (i, name) in REST.iter().enumerate() {
        w.canary(&Canary::steady(name, if i % 3 == 0 { "us-1" } else { "eu-1" }));
        w.burn(name, 0.1, 0.2, 0.3);
    }
    for (name, source) in [("ledger", "us-1"), ("catalog", "eu-1")] {
        w.canary(&Canary::steady(name, source));
        w.burn(name, 0.3, 0.3, 0.2);
    }
    w
}

/// The story of the product page before any source has answered: for what opens with the first answers.
pub fn waking() -> World {
    failing(Place::Prod)
}

/// The sources answer and the console goes on to its first screen.
fn awake(mut w: World, screen: &str) -> World {
    w.sources();
    w.answer_history();
    w.wait(400).keys(screen).keys("g");
    w
}

fn quiet_rest(w: &mut World) {
    // Traffic as the weights split it: anything else would be said.
    for (name, source, weight, stable) in
        [("search", "eu-1", 25, (900.0, 0.3)), ("payments", "us-1", 5, (5_700.0, 1.9))]
    {
        w.canary(&Canary::new(name, source).at(weight, 3).since(900));
        w.figures(name, 900, (300.0, 0.1), stable);
        w.burn(name, 0.3, 0.3, 0.5);
    }
    w.canary(&Canary::steady("auth", "eu-1"));
    w.burn("auth", 0.3, 0.3, 0.4);
}

/// Nothing is wrong; two rollouts move and look as good as stable.
pub fn calm() -> World {
    let mut w = fleet(Place::Prod);
    quiet_rest(&mut w);
    w.canary(&Canary::steady("checkout", "eu-1"));
    w.burn("checkout", 0.2, 0.3, 0.39);
    awake(w, "b")
}

/// A cluster and nothing that measures: everything is healthy by its word, and nobody knows how anything does.
pub fn unmeasured() -> World {
    let mut w = world();
    let rollouts = Roles { rollouts: true, telemetry: false, ..Roles::default() };
    w.source("eu-1", "kubernetes", Link::Watching, rollouts);
    for name in ["checkout", "search", "payments", "auth"] {
        w.canary(&Canary::steady(name, "eu-1"));
    }
    awake(w, "b")
}

/// The story of the product page: checkout's canary fails, others move.
pub fn worse_on(place: Place, screen: &str) -> World {
    awake(failing(place), screen)
}

fn failing(place: Place) -> World {
    let mut w = fleet(place);
    w.canary(&Canary::new("checkout", "eu-1"));
    w.figures("checkout", 300, (216.0, 46.6), (1948.0, 0.8));
    w.burn("checkout", 22.0, 2.1, 0.26);
    w.target_with("checkout", |t| {
        t.git = Some(GitOwner { tool: "argo cd".into(), what: "shop/checkout".into() });
    });
    w.canary(&Canary::new("search", "eu-1").at(25, 3).since(900));
    w.figures("search", 900, (300.0, 0.1), (900.0, 0.3));
    w.burn("search", 0.3, 0.3, 0.5);
    w.canary(&Canary::new("payments", "us-1").at(5, 1).since(240));
    w.figures("payments", 240, (12.0, 0.0), (240.0, 0.1));
    w.burn("payments", 1.1, 0.9, 0.4);
    w.canary(&Canary::new("auth", "eu-1").at(50, 5).since(1_200));
    w.figures("auth", 1_200, (900.0, 0.2), (900.0, 0.2));
    w.burn("auth", 0.2, 0.3, 0.4);
    w
}

pub fn worse() -> World {
    worse_on(Place::Prod, "v")
}

/// The first second: one source reads, one has not answered.
pub fn first_second() -> World {
    let mut w = world();
    w.source("eu-1", "kubernetes", Link::Connecting, Roles { rollouts: true, telemetry: false, ..Roles::default() });
    w.source("metrics", "prometheus", Link::Connecting, Roles { rollouts: false, telemetry: true, ..Roles::default() });
    w.source_with("eu-1", |s| {
        s.link = Link::Reading { what: "pods".into(), done: 500, of: Some(1_200) };
    });
    w.wait(900);
    w
}

/// The failing canary under a long name, on a cluster with a long name, between versions of forty characters that
/// differ in their middle.
pub fn long_names(screen: &str) -> World {
    let mut w = fleet(Place::Prod);
    let rollouts = Roles { rollouts: true, telemetry: false, ..Roles::default() };
    w.source("gke-europe-west4-production-a", "kubernetes", Link::Watching, rollouts);
    let name = "checkout-payment-authorization-gateway";
    w.service(name, 1, &[110_000, 120_000]);
    let mut c = Canary::new(name, "gke-europe-west4-production-a");
    (c.from, c.to) =
        ("release-2026-11-20.117-main-linux-x86_64".into(), "release-2026-11-21.118-main-linux-x86_64".into());
    w.canary(&c);
    w.figures(name, 300, (216.0, 46.6), (1_948.0, 0.8));
    w.burn(name, 22.0, 2.1, 0.26);
    quiet_rest(&mut w);
    w.canary(&Canary::steady("checkout", "eu-1"));
    w.burn("checkout", 0.2, 0.3, 0.39);
    awake(w, screen)
}

/// A large fleet of which every twentieth moves.
pub fn many(n: usize) -> World {
    let mut w = world();
    for i in 0..n {
        w.service(&format!("service-{i:04}"), 2, &[120_000]);
    }
    w.sources();
    for i in 0..n {
        let name = format!("service-{i:04}");
        let moving = i % 20 == 0;
        w.canary(&if moving { Canary::new(&name, "eu-1") } else { Canary::steady(&name, "us-1") });
        w.burn(&name, 0.2, 0.3, 0.4);
    }
    w.wait(3_100);
    w
}

/// One service alone with these figures per block, told on Verdict.
pub fn judged(since: i64, candidate: (f64, f64), stable: (f64, f64)) -> World {
    let mut w = fleet(Place::Prod);
    quiet_rest(&mut w);
    w.canary(&Canary::new("checkout", "eu-1").since(since));
    w.figures("checkout", since, candidate, stable);
    w.burn("checkout", 0.4, 0.4, 0.3);
    let mut w = awake(w, "b");
    select(&mut w, "checkout");
    w.keys("v");
    w
}

/// Go down the list until this service is chosen, as a hand would.
pub fn select(w: &mut World, name: &str) {
    if !crate::core::board::listed(&w.model).any(|r| r.service.as_str() == name) {
        w.keys("+");
    }
    w.keys("g");
    for _ in 0..40 {
        if w.model.nav.selected.as_ref().is_some_and(|s| s.as_str() == name) {
            return;
        }
        w.keys("j");
    }
}

/// Figures stop; this long passes.
pub fn gone_quiet(mut w: World, ms: i64) -> World {
    w.silence("metrics");
    let mut left = ms;
    while left > 0 {
        w.wait(left.min(15_000));
        left -= 15_000;
    }
    w
}

/// Roll back confirmed and accepted.
pub fn rolling_back() -> World {
    let mut w = worse();
    w.keys("a r").planned().confirm();
    w.wait(171).accepted();
    w.wait(219).target_with("checkout", |t| {
        t.aborted = true;
        t.weight_wanted = 0;
    });
    w.wait(30_000);
    w
}

/// The pods of the candidate are gone.
pub fn drained(w: &mut World) {
    w.target_with("checkout", |t| {
        t.weight_real = Some(0);
        for r in &mut t.revisions {
            let n = if Some(&r.hash) == t.stable.as_ref() { 20 } else { 0 };
            r.replicas.existing = n;
            r.replicas.ready = n;
        }
    });
}

pub fn rolled_back() -> World {
    let mut w = rolling_back();
    w.wait(60_000);
    drained(&mut w);
    w.wait(1_000);
    w
}

/// Armed, with a healthy canary chosen.
pub fn armed() -> World {
    let mut w = judged(1_200, (900.0, 0.2), (8_100.0, 1.8));
    w.keys("a a").flush().wait(1_100).keys("Y");
    w
}

pub fn choosing() -> World {
    let context = |name: &str, cluster: &str, current| Context {
        name: name.into(),
        cluster: cluster.into(),
        namespace: Some(Arc::from("shop")),
        current,
    };
    let mut w = world().given(|m| {
        m.nav.screen = crate::core::nav::Screen::Choose;
        m.environment.name = "choose".into();
        m.contexts = vec![
            context("prod-eu-1", "eu-1.example.internal", true),
            context("prod-us-1", "us-1.example.internal", false),
            context("staging", "staging.example.internal", false),
        ];
    });
    w.wait(10);
    w
}
