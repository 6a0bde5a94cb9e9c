//! The client against a fake server: what it sends and where it follows.

use super::*;
use crate::backends::{Cx, Lane};
use crate::core::id::SourceId;
use crate::core::world::source::Trouble;
use crate::testkit::fake_http::{Answer as Fake, FakeHttp};
use std::time::Duration;

const CX: Cx = Cx { deadline: Duration::from_secs(2), lane: Lane::Refresh };

fn client(url: &str, token: Option<TokenFrom>) -> Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    let endpoint = Endpoint { source: SourceId::new("metrics"), url: url.to_owned(), token, ca: None, insecure: false };
    Client::new(endpoint, Budget::new(3)).unwrap_or_else(|e| panic!("{e}"))
}

#[tokio::test]
async fn a_get_follows_on_its_own_host_only_and_a_post_never() {
    let other = FakeHttp::start(|_| Fake::json("{}")).await;
    let elsewhere = other.url();
    let server = FakeHttp::start(move |seen| match seen.path.as_str() {
        "/old" => Fake::status(302, "").header("location", "/new"),
        "/away" => Fake::status(302, "").header("location", &elsewhere),
        "/loop" => Fake::status(302, "").header("location", "/loop"),
        _ => Fake::json("{}"),
    })
    .await;
    let token = || Some(TokenFrom::Command(vec!["echo".into(), "s3cret".into()]));
    let ask = async |path| client(&server.url(), token()).get(path, &CX).await;
    assert_eq!(ask("old").await.expect("followed").status, 200);
    assert_eq!(ask("away").await.expect("stays").status, 302);
    assert_eq!(ask("loop").await.expect("ends").status, 302);
    assert!(other.seen().is_empty(), "the token went to another host");
    let c = client(&server.url(), None);
    let posted = c.post_form("old", &[("query", "up")], &CX).await;
    assert_eq!(posted.expect("stays").status, 302);
}

#[tokio::test]
async fn a_request_says_who_we_are_and_a_form_arrives_whole() {
    let server = FakeHttp::start(|_| Fake::json("{}")).await;
    let c = client(&format!("{}/prefix", server.url()), None);
    let query = "sum(x{a=~\"5..\"}) + 1 & more\n";
    c.post_form("api/v1/query", &[("query", query)], &CX).await.expect("answer");
    let seen = server.seen();
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("POST", "/prefix/api/v1/query"));
    let agent = format!("andon/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(seen[0].header("user-agent"), Some(agent.as_str()));
    assert_eq!(seen[0].header("accept-encoding"), Some("gzip"));
    assert_eq!(seen[0].field("query").as_deref(), Some(query));
}

#[tokio::test]
async fn a_call_over_the_budget_is_declined_before_it_is_sent_but_an_act_is_not() {
    let server = FakeHttp::start(|_| Fake::json("{}")).await;
    let c = client(&server.url(), None);
    for _ in 0..3 {
        c.get("a", &CX).await.expect("in budget");
    }
    let e = c.get("a", &CX).await.expect_err("over budget");
    assert_eq!(e.trouble, Trouble::Throttled);
    assert_eq!(server.seen().len(), 3);
    let act = Cx { lane: Lane::Act, ..CX };
    c.get("a", &act).await.expect("acts pass");
    assert_eq!(c.calls_per_min(), 4);
}
