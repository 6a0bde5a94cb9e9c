//! The client against a fake server: what it sends and where it follows.

use super::*;
use crate::backends::{Cx, Lane};
use crate::core::id::SourceId;
use crate::core::world::source::Trouble;
use crate::testkit::fake_http::{Answer as Fake, FakeHttp};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

const CX: Cx = Cx { deadline: Duration::from_secs(20), lane: Lane::Refresh };

/// One answer over TLS, by a certificate of a CA that no system trusts, for 127.0.0.1 and no other name. The key is
/// good for nothing but this test.
fn tls_server(clients: bool) -> u16 {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    rustls::crypto::ring::default_provider().install_default().ok();
    let cert = CertificateDer::from_pem_slice(include_bytes!("fixtures/test-server.pem")).expect("certificate");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/test-server.key")).expect("key");
    let config = rustls::ServerConfig::builder();
    let config = if clients {
        let mut roots = rustls::RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(include_bytes!("fixtures/test-client-ca.pem")).expect("certificate");
        roots.add(ca).expect("an authority");
        let verifier = rustls::server::WebPkiClientVerifier::builder(Arc::new(roots)).build().expect("verifier");
        config.with_client_cert_verifier(verifier)
    } else {
        config.with_no_client_auth()
    };
    let config = config.with_single_cert(vec![cert], key);
    let config = Arc::new(config.expect("config"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("address").port();
    std::thread::spawn(move || {
        // A client that does not trust us leaves in the handshake: that is what the test is about.
        let (mut tcp, _) = listener.accept().expect("a client");
        let mut tls = rustls::ServerConnection::new(config).expect("session");
        let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        match stream.read(&mut [0; 4096]) {
            Ok(asked) => {
                assert!(asked > 0, "a request");
                stream.write_all(answer).expect("answered");
            }
            // The alert that says why leaves, if the client still listens; and it must not be lost to a reset.
            Err(_) => {
                let _ = tls_alert(&mut tls, &mut tcp);
            }
        }
    });
    port
}

fn tls_alert(tls: &mut rustls::ServerConnection, tcp: &mut std::net::TcpStream) -> std::io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(tcp)?;
    }
    tcp.shutdown(std::net::Shutdown::Write)?;
    std::io::copy(tcp, &mut std::io::sink()).map(|_| ())
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_its_absence_or_refusal_is_told_as_such() {
    let at = |name: &str| format!("{}/src/backends/net/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let identity = |cert: &str, key: &str| Some(Identity { cert: at(cert).into(), key: at(key).into() });
    let cases = [
        (identity("test-client.pem", "test-client.key"), None),
        (None, Some("set cert and key")),
        // Of an authority that this server does not know.
        (identity("test-server.pem", "test-server.key"), Some("does not accept the certificate")),
    ];
    for (identity, cause) in cases {
        let url = format!("https://127.0.0.1:{}", tls_server(true));
        let access = Access { identity, ..Access::default() };
        let ca = Some(at("test-ca.pem").into());
        let c = Client::new(
            Endpoint { source: SourceId::new("metrics"), url, access, ca, insecure: false },
            Budget::new(9),
        );
        let got = c.expect("client").get("a", &CX).await;
        match (got, cause) {
            (Ok(answer), None) => assert_eq!(answer.body, b"{}"),
            (Err(e), Some(cause)) => {
                assert!(e.sentence.contains(cause), "{e}");
                assert_eq!(e.trouble, Trouble::Auth);
            }
            (got, cause) => panic!("{got:?}, not {cause:?}"),
        }
    }
}

#[tokio::test]
async fn a_certificate_written_anew_is_taken_at_the_next_connection() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let at = |name: &str| format!("{}/src/backends/net/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let dir = std::env::temp_dir().join(format!("andon-identity-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("folder");
    let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
    let put = |name: &str| {
        std::fs::copy(at(&format!("{name}.pem")), &cert).expect("copy");
        std::fs::copy(at(&format!("{name}.key")), &key).expect("copy");
        // File systems may keep whole seconds only.
        let later = std::time::SystemTime::now() + Duration::from_secs(if name == "test-client" { 5 } else { 0 });
        std::fs::File::options().write(true).open(&cert).and_then(|f| f.set_modified(later)).expect("time");
    };
    put("test-server");
    let url = format!("https://127.0.0.1:{}", tls_server(true));
    let access = Access { identity: Some(Identity { cert: cert.clone(), key: key.clone() }), ..Access::default() };
    let ca = Some(at("test-ca.pem").into());
    let c =
        Client::new(Endpoint { source: SourceId::new("metrics"), url, access, ca, insecure: false }, Budget::new(9));
    let c = c.expect("client");
    put("test-client");
    c.renew().expect("a good certificate");
    assert_eq!(c.get("a", &CX).await.expect("accepted").status, 200);
    std::fs::remove_dir_all(&dir).expect("folder");
}

#[tokio::test]
async fn who_asks_for_quiet_is_not_asked_before_that_except_by_acts() {
    let server = FakeHttp::start(|_| Fake::status(429, "").header("retry-after", "40")).await;
    let c = client(&server.url(), None);
    assert_eq!(c.get("a", &CX).await.expect("answered").status, 429);
    let e = c.get("a", &CX).await.expect_err("quiet");
    assert_eq!(e.trouble, Trouble::Throttled);
    assert!(e.retry_after_ms.is_some_and(|ms| ms > 30_000), "{e:?}");
    assert_eq!(server.seen().len(), 1, "nothing was sent");
    assert_eq!(c.calls_per_min(), 1, "and nothing counted");
    assert_eq!(c.get("a", &Cx { lane: Lane::Act, ..CX }).await.expect("acts pass").status, 429);
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
        let url = format!("https://{host}:{}", tls_server(false));
        let ca = ca.map(Into::into);
        let c = Client::new(
            Endpoint { source: SourceId::new("metrics"), url, access: Access::default(), ca, insecure },
            Budget::new(9),
        );
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
    let access = Access { token, ..Access::default() };
    let endpoint =
        Endpoint { source: SourceId::new("metrics"), url: url.to_owned(), access, ca: None, insecure: false };
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
