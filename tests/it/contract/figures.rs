//! Prometheus before its fake server, as a subject of the contract. It only looks.

use andon::backends::net::{Access, Budget, TokenFrom};
use andon::backends::prometheus::{Prometheus, Queries, Settings};
use andon::backends::{Backend, Query};
use andon::core::act::plan::Operation;
use andon::core::id::{SourceId, TargetId};
use andon::core::time::Utc;
use andon::testkit::contract::{Cut, Loss, Part, Provoke, Subject};
use andon::testkit::fake_http::{Answer, FakeHttp, Fault, Seen};
use andon::testkit::fake_prometheus::{healthy, now_secs};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub const TOKEN: &str = "prom-t0ken-3f77a1";

/// Five services, and a server that can fail.
pub struct Figures {
    server: FakeHttp,
    how: Arc<Mutex<Provoke>>,
    /// Answers of rounds still to be cut at the first byte.
    cuts: Arc<AtomicUsize>,
    token: PathBuf,
}

impl Drop for Figures {
    fn drop(&mut self) {
        // The file may be gone already; nothing depends on it.
        let _ = std::fs::remove_file(&self.token);
    }
}

/// A server that fails says what it was sent, as debugging proxies do: the worst there is.
fn wrong(how: Provoke, seen: &Seen) -> Option<Answer> {
    let got = seen.header("authorization").unwrap_or("nothing").to_owned();
    Some(match how {
        Provoke::Nothing => return None,
        Provoke::Unauthorized => Answer::status(401, &format!("cannot accept {got}")),
        Provoke::Forbidden => Answer::status(403, &format!("not with {got}")),
        Provoke::Throttled => Answer::status(429, "slowly").header("retry-after", "7"),
        Provoke::ServerError => Answer::status(500, &format!("failed at {got}")),
        Provoke::LoginPage => Answer::new(200, "text/html", format!("<title>Sign in instead of {got}</title>")),
        Provoke::BodyBomb => Answer::bomb(17),
        Provoke::Stall => Answer::json("").fault(Fault::Stall),
    })
}

/// The next point of the poll's grid after the fake server's time, epoch seconds.
fn edge() -> i64 {
    let lag = Queries::default().lag_secs();
    (now_secs() - lag).div_euclid(15) * 15 + 15 + lag
}

/// The fake server's clock put on that point, so that ours is right.
fn at_our_time(mut answer: Answer) -> Answer {
    // The fake server's time ends in 03:14:07; a point of the grid comes within 15 s.
    let date = format!("Sat, 21 Nov 2026 03:14:{:02} GMT", 7 + edge() - now_secs());
    for (_, value) in answer.headers.iter_mut().filter(|(name, _)| name == "date") {
        value.clone_from(&date);
    }
    answer
}

impl Figures {
    pub async fn new() -> Figures {
        static FILES: AtomicU64 = AtomicU64::new(0);
        rustls::crypto::ring::default_provider().install_default().ok();
        let (how, cuts) = (Arc::new(Mutex::new(Provoke::Nothing)), Arc::new(AtomicUsize::new(0)));
        let (asked, cut, good) = (how.clone(), cuts.clone(), healthy(5));
        let newest = Queries::plain_by("version").newest();
        let server = FakeHttp::start(move |seen| {
            // What only explains a figure may fail, and is still on its way when the first figures are there: what is
            // cut is a question that every round needs.
            let needed = seen.field("query").as_deref() == Some(&*newest);
            if needed && cut.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
                return Answer::json("").fault(Fault::CutAt(0));
            }
            let how = *asked.lock().unwrap_or_else(PoisonError::into_inner);
            wrong(how, seen).unwrap_or_else(|| at_our_time(good(seen)))
        })
        .await;
        let n = FILES.fetch_add(1, Ordering::Relaxed);
        let token = std::env::temp_dir().join(format!("andon-contract-{}-{n}.token", std::process::id()));
        std::fs::write(&token, TOKEN).expect("temporary directory");
        Figures { server, how, cuts, token }
    }

    pub fn settings(&self) -> Settings {
        Settings {
            access: Access { token: Some(TokenFrom::File(self.token.clone())), ..Access::default() },
            queries: Queries::plain_by("version"),
            ..Settings::of(&SourceId::new("metrics"), &self.server.url())
        }
    }

    pub fn prometheus(&self, settings: Settings) -> Prometheus {
        // It stands a tenth of a second before a point of the grid, so that rounds follow each other fast.
        let clock = Arc::new(move || Utc(edge() * 1000 - 100));
        let made = Prometheus::new(settings, Budget::new(6_000), clock);
        made.expect("settings").with_timeout(Duration::from_secs(12))
    }
}

impl Subject for Figures {
    fn name(&self) -> &'static str {
        "prometheus"
    }
    fn cannot(&self) -> Vec<(Part, &'static str)> {
        vec![
            (Part::Targets, "it holds figures and no targets: that it never tells one is checked instead"),
            (Part::Acts, "it only looks: that it plans and sends nothing is checked instead"),
        ]
    }
    fn backend(&self) -> Arc<dyn Backend> {
        Arc::new(self.prometheus(self.settings()))
    }
    fn provoke(&self, how: Provoke) -> bool {
        *self.how.lock().unwrap_or_else(PoisonError::into_inner) = how;
        true
    }
    fn question(&self) -> Query {
        Query::Check("sum(up)".into())
    }
    fn secrets(&self) -> Vec<String> {
        vec![TOKEN.into()]
    }
    fn remove(&self) -> Option<TargetId> {
        None
    }
    fn reconnect(&self) -> Option<Cut> {
        self.cuts.store(1, Ordering::SeqCst);
        Some(Cut::Figures)
    }
    fn operation(&self) -> Option<Operation> {
        None
    }
    fn lose(&self, _: Loss) -> bool {
        false
    }
    fn writes(&self) -> usize {
        self.server.seen().len()
    }
    fn carried_out(&self) -> usize {
        0
    }
}
