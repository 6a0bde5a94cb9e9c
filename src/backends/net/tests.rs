//! The client against a fake server: what it sends and where it follows.

use super::*;
use crate::backends::{Cx, Lane};
use crate::core::id::SourceId;
use crate::core::world::source::Trouble;
use crate::testkit::fake_http::{Answer as Fake, FakeHttp};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

const CX: Cx = Cx { deadline: Duration::from_secs(2), lane: Lane::Refresh };

/// One answer over TLS, by a certificate of a CA that no system trusts, for 127.0.0.1 and no other name. The key is
/// good for nothing but this test.
fn tls_server() -> u16 {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    rustls::crypto::ring::default_provider().install_default().ok();
    let cert = CertificateDer::from_pem_slice(include_bytes!("fixtures/test-server.pem")).expect("certificate");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/test-server.key")).expect("key");
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert], key);
    let config = Arc::new(config.expect("config"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("address").port();
    std::thread::spawn(move || {
        // A client that does not trust us leaves in the handshake: that is what the test is about.
        let (mut tcp, _) = listener.accept().expect("a client");
        let mut tls = rustls::ServerConnection::new(config).expect("session");
        let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        if stream.read(&mut [0; 4096]).is_ok() {
            stream.write_all(answer).expect("answered");
        }
    });
    port
}

#[tokio::test]
async fn a_certificate_is_checked_against_the_given_ca_and_the_cause_is_named() {
    let ca = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/src/backends/net/fixtures/test-ca.pem"));
    let cases = [
        ("127.0.0.1", ca, false, None),
        ("127.0.0.1", None, false, Some("UnknownIssuer")),
        ("localhost", ca, false, Some("not valid for name")),
        ("localhost", None, true, None),
    ];
    for (host, ca, insecure, cause) in cases {
        let url = format!("https://{host}:{}", tls_server());
        let ca = ca.map(Into::into);
        let c =
            Client::new(Endpoint { source: SourceId::new("metrics"), url, token: None, ca, insecure }, Budget::new(9));
        let got = c.expect("client").get("a", &CX).await;
        match (got, cause) {
            (Ok(answer), None) => assert_eq!(answer.body, b"{}"),
            (Err(e), Some(cause)) => {
                assert_eq!(e.trouble, Trouble::Unreachable);
                assert!(e.sentence.contains(cause), "{e}");
            }
            (got, cause) => panic!("{host}: {got:?}, not {cause:?}"),
        }
    }
}

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
