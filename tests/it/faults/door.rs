//! A TLS door in front of a plain server, in threads: it reads whole requests, hands them on, and breaks the one it is
//! told to break. Kept connections stay open, as with a real API server. Knows nothing of acts.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub const PKI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/faults/pki");

/// What happens to the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Closed after so many bytes of the request; the server never hears of it.
    Request(usize),
    /// Carried out; the answer ends after so many bytes.
    Answer(usize),
    /// Carried out; half of the answer's body comes.
    HalfBody,
    /// Not read at all: reset.
    Reset,
    /// Carried out and never answered.
    Silence,
    /// This status in place of the server; `true`: after it was carried out.
    Status(u16, bool),
    /// Carried out; the answer comes in small pieces.
    Slow,
    /// A certificate nobody trusts, on a new connection.
    WrongCertificate,
    /// Nobody listens.
    Refused,
}

struct Shared {
    next: Mutex<Option<Break>>,
    /// Open connections of an older one end.
    generation: AtomicUsize,
    closed: AtomicBool,
    stop: AtomicBool,
    upstream: u16,
    good: Arc<ServerConfig>,
    wrong: Arc<ServerConfig>,
    /// Bytes of the longest answer so far, head included, and of the longest request.
    longest: (AtomicUsize, AtomicUsize),
    /// Connections that are open now.
    open: AtomicUsize,
}

pub struct Door {
    shared: Arc<Shared>,
    pub port: u16,
    thread: Option<std::thread::JoinHandle<()>>,
}

fn pem(name: &str) -> PathBuf {
    Path::new(PKI).join(name)
}

fn config(name: &str, clients: bool) -> Arc<ServerConfig> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let chain: Vec<_> = CertificateDer::pem_file_iter(pem(&format!("{name}.pem")))
        .expect("a certificate")
        .collect::<Result<_, _>>()
        .expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(pem(&format!("{name}.key"))).expect("a key");
    let builder = ServerConfig::builder();
    let builder = if clients {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_file(pem("good-ca.pem")).expect("an authority");
        roots.add(ca).expect("an authority");
        builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build().expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    Arc::new(builder.with_single_cert(chain, key).expect("they fit"))
}

impl Door {
    pub fn before(upstream: u16) -> Door {
        Door::with(upstream, "server", false)
    }

    /// `name`: whose certificate; `clients`: one of theirs is asked for.
    pub fn with(upstream: u16, name: &str, clients: bool) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let shared = Arc::new(Shared {
            next: Mutex::new(None),
            generation: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            upstream,
            good: config(name, clients),
            wrong: config("wrong", false),
            longest: (AtomicUsize::new(0), AtomicUsize::new(0)),
            open: AtomicUsize::new(0),
        });
        let own = shared.clone();
        let thread = std::thread::spawn(move || listen(&own, Some(listener), port));
        Door { shared, port, thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The next request breaks in this way.
    pub fn breaks(&self, how: Break) {
        if matches!(how, Break::WrongCertificate | Break::Refused) {
            self.shared.closed.store(how == Break::Refused, Ordering::SeqCst);
            self.shared.generation.fetch_add(1, Ordering::SeqCst);
        }
        *self.next() = Some(how);
        // Kept connections must be gone, and its listener be away, before anybody knocks.
        let began = Instant::now();
        let fresh = matches!(how, Break::WrongCertificate | Break::Refused);
        while fresh && self.shared.open.load(Ordering::SeqCst) > 0 {
            assert!(began.elapsed() < Duration::from_secs(60), "connections stay open");
            std::thread::sleep(Duration::from_millis(1));
        }
        while how == Break::Refused && TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            assert!(began.elapsed() < Duration::from_secs(60), "the port stays open");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whole again.
    pub fn heals(&self) {
        *self.next() = None;
        if self.shared.closed.swap(false, Ordering::SeqCst) {
            let began = Instant::now();
            while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
                assert!(began.elapsed() < Duration::from_secs(60), "the port stays closed");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn next(&self) -> std::sync::MutexGuard<'_, Option<Break>> {
        self.shared.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of the longest request and of the longest answer so far.
    pub fn longest(&self) -> (usize, usize) {
        (self.shared.longest.0.load(Ordering::SeqCst), self.shared.longest.1.load(Ordering::SeqCst))
    }

    pub fn forget_lengths(&self) {
        self.shared.longest.0.store(0, Ordering::SeqCst);
        self.shared.longest.1.store(0, Ordering::SeqCst);
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(t) = self.thread.take() {
            let _ = t.join();
        }
    }
}

fn listen(shared: &Arc<Shared>, mut listener: Option<TcpListener>, port: u16) {
    while !shared.stop.load(Ordering::SeqCst) {
        if shared.closed.load(Ordering::SeqCst) {
            listener = None;
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        if listener.is_none() {
            listener = TcpListener::bind(("127.0.0.1", port)).ok();
        }
        let Some(l) = &listener else { continue };
        l.set_nonblocking(true).expect("a listener");
        match l.accept() {
            Ok((tcp, _)) => {
                let own = shared.clone();
                own.open.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    // A client that goes away is no failure of the door.
                    let _ = serve(&own, tcp);
                    own.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

fn serve(shared: &Shared, tcp: TcpStream) -> std::io::Result<()> {
    let generation = shared.generation.load(Ordering::SeqCst);
    tcp.set_nonblocking(false)?;
    tcp.set_nodelay(true)?;
    let peek = tcp.try_clone()?;
    // A reset needs bytes that nobody read: not even the handshake is done by one who knocks first.
    if !waits_for_bytes(shared, &peek, generation)? {
        return Ok(());
    }
    let next = *shared.next.lock().unwrap_or_else(PoisonError::into_inner);
    let config = if next == Some(Break::WrongCertificate) { &shared.wrong } else { &shared.good };
    tcp.set_read_timeout(Some(Duration::from_secs(5)))?;
    let session = ServerConnection::new(config.clone()).map_err(std::io::Error::other)?;
    let mut tls = StreamOwned::new(session, tcp);
    while tls.conn.is_handshaking() {
        tls.conn.complete_io(&mut tls.sock)?;
    }
    loop {
        // The first request may have come with the last words of the handshake, and is out of the socket already.
        let here = tls.conn.process_new_packets().map_err(std::io::Error::other)?.plaintext_bytes_to_read() > 0;
        if !here && !waits_for_bytes(shared, &peek, generation)? {
            return Ok(());
        }
        tls.sock.set_read_timeout(Some(Duration::from_secs(5)))?;
        let how = shared.next.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Break::Reset | Break::WrongCertificate | Break::Refused) = how {
            // Closing with unread bytes resets.
            return Ok(());
        }
        let cut = if let Some(Break::Request(n)) = how { n } else { usize::MAX };
        let Some(request) = read_request(&mut tls, cut)? else { return Ok(()) };
        shared.longest.0.fetch_max(request.len(), Ordering::SeqCst);
        match how {
            Some(Break::Status(code, false)) => {
                let reason = format!("{{\"kind\":\"Status\",\"message\":\"broken on the way\",\"code\":{code}}}");
                tls.write_all(answer(code, &reason).as_bytes())?;
                continue;
            }
            Some(Break::Request(_)) => return Ok(()),
            _ => {}
        }
        let (mut whole, body_at) = hand_on(shared, &request)?;
        shared.longest.1.fetch_max(whole.len(), Ordering::SeqCst);
        match how {
            None => tls.write_all(&whole)?,
            Some(Break::Answer(n)) => {
                whole.truncate(n);
                tls.write_all(&whole)?;
                return Ok(());
            }
            Some(Break::HalfBody) => {
                whole.truncate(body_at + (whole.len() - body_at) / 2);
                tls.write_all(&whole)?;
                return Ok(());
            }
            Some(Break::Silence) => {
                std::thread::sleep(Duration::from_millis(1_500));
                return Ok(());
            }
            Some(Break::Status(code, _)) => {
                tls.write_all(answer(code, "{\"message\":\"broken behind it\"}").as_bytes())?
            }
            Some(Break::Slow) => {
                for part in whole.chunks(whole.len().div_ceil(8)) {
                    tls.write_all(part)?;
                    tls.flush()?;
                    std::thread::sleep(Duration::from_millis(4));
                }
            }
            Some(Break::Request(_) | Break::Reset | Break::WrongCertificate | Break::Refused) => return Ok(()),
        }
        tls.flush()?;
    }
}

fn answer(code: u16, body: &str) -> String {
    format!("HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// `false`: the other side left, or this connection is of the past.
fn waits_for_bytes(shared: &Shared, tcp: &TcpStream, generation: usize) -> std::io::Result<bool> {
    tcp.set_read_timeout(Some(Duration::from_millis(3)))?;
    loop {
        if shared.stop.load(Ordering::SeqCst) || shared.generation.load(Ordering::SeqCst) != generation {
            return Ok(false);
        }
        match tcp.peek(&mut [0]) {
            Ok(n) => return Ok(n > 0),
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(e) => return Err(e),
        }
    }
}

/// Head and body; `None`: it ended, or `cut` bytes of it are enough.
fn read_request(tls: &mut impl Read, cut: usize) -> std::io::Result<Option<Vec<u8>>> {
    let mut all = Vec::new();
    let mut one = [0; 1];
    let mut due = usize::MAX;
    while all.len() < due {
        if all.len() >= cut {
            return Ok(None);
        }
        if tls.read(&mut one)? == 0 {
            return Ok(None);
        }
        all.push(one[0]);
        if due == usize::MAX && all.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&all).to_ascii_lowercase();
            let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            due = all.len() + length.unwrap_or(0);
        }
    }
    Ok(Some(all))
}

/// The server's answer as a kept connection would carry it, and where its body begins.
fn hand_on(shared: &Shared, request: &[u8]) -> std::io::Result<(Vec<u8>, usize)> {
    let mut plain = TcpStream::connect(("127.0.0.1", shared.upstream))?;
    plain.write_all(request)?;
    let mut whole = Vec::new();
    plain.read_to_end(&mut whole)?;
    let at = whole.windows(4).position(|w| w == b"\r\n\r\n").map_or(whole.len(), |i| i + 4);
    let head = String::from_utf8_lossy(&whole[..at]).replace("Connection: close\r\n", "");
    let body_at = head.len();
    let mut out = head.into_bytes();
    out.extend_from_slice(&whole[at..]);
    Ok((out, body_at))
}
