//! A small HTTP/1.1 server for tests, on loopback, that answers as scripted and fails as scripted. It must not know
//! any backend; a test gives it a function from request to [`Answer`].

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A request as it came in.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, v)| v.as_str())
    }

    /// A field of a form body (or of the query of a GET), decoded.
    pub fn field(&self, name: &str) -> Option<String> {
        let query = self.path.split_once('?').map_or("", |(_, q)| q);
        let text = if self.body.is_empty() { query } else { &self.body };
        let mut pairs = text.split('&').filter_map(|p| p.split_once('='));
        pairs.find(|(n, _)| *n == name).map(|(_, v)| decode(v))
    }
}

/// What goes wrong with the bytes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Nothing is ever answered.
    Stall,
    /// The connection ends after so many bytes of the answer, head included. 0: at once.
    CutAt(usize),
    /// One byte at a time.
    Drip(Duration),
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub fault: Fault,
}

impl Answer {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        Answer {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
            fault: Fault::None,
        }
    }
    pub fn json(body: impl Into<Vec<u8>>) -> Answer {
        Answer::new(200, "application/json", body)
    }
    /// As proxies and Go servers say no: `text/plain`.
    pub fn status(status: u16, text: &str) -> Answer {
        Answer::new(status, "text/plain; charset=utf-8", text)
    }
    /// A single sign-on page, with status 200.
    pub fn login_page() -> Answer {
        let page = "<!doctype html><title>Sign in\u{1b}[31m</title><form action=/login></form>";
        Answer::new(200, "text/html; charset=utf-8", page)
    }
    /// Gzip that decodes to `mib` MiB of one character, about a 160th of that on the wire.
    pub fn bomb(mib: usize) -> Answer {
        Answer::json(gzip_of_ones(mib * 1024 * 1024)).header("content-encoding", "gzip")
    }
    /// `{"data":[[[[…]]]]}`
    pub fn nested(depth: usize) -> Answer {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        Answer::json(format!("{{\"data\":{open}{close}}}"))
    }
    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
    pub fn fault(mut self, fault: Fault) -> Answer {
        self.fault = fault;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Said\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

type Script = dyn Fn(&Seen) -> Answer + Send + Sync;

/// Listens until it is dropped.
pub struct FakeHttp {
    addr: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: AbortHandle,
}

impl FakeHttp {
    /// Needs a tokio runtime. Panics when no loopback port can be had.
    pub async fn start(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> FakeHttp {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.unwrap_or_else(|e| panic!("no loopback port: {e}"));
        let addr = listener.local_addr();
        let addr = addr.unwrap_or_else(|e| panic!("no address: {e}"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Script> = Arc::new(script);
        let log = seen.clone();
        let task = tokio::spawn(async move {
            // A set ends its tasks when it is dropped, so that no connection outlives the server.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, script.clone(), log.clone()));
            }
        })
        .abort_handle();
        FakeHttp { addr, seen, task }
    }

    /// `http://127.0.0.1:port`
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        let seen = self.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for FakeHttp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers the requests of one connection; any trouble with it ends it, which is what a client should see.
async fn serve(mut stream: TcpStream, script: Arc<Script>, log: Arc<Mutex<Vec<Seen>>>) -> Option<()> {
    let mut rest = Vec::new();
    loop {
        let request = read_request(&mut stream, &mut rest).await?;
        log.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        let answer = script(&request);
        let bytes = answer.bytes();
        match answer.fault {
            Fault::None => stream.write_all(&bytes).await.ok()?,
            Fault::Stall => std::future::pending().await,
            Fault::CutAt(n) => {
                stream.write_all(bytes.get(..n).unwrap_or(&bytes)).await.ok()?;
                return None;
            }
            Fault::Drip(every) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await.ok()?;
                    tokio::time::sleep(every).await;
                }
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream, rest: &mut Vec<u8>) -> Option<Seen> {
    let end = loop {
        if let Some(at) = rest.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(rest).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(rest.get(..end)?).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let mut seen = Seen { method: first.next()?.to_owned(), path: first.next()?.to_owned(), ..Seen::default() };
    for (name, value) in lines.filter_map(|l| l.split_once(':')) {
        seen.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length: usize = seen.header("content-length").map_or(Some(0), |v| v.parse().ok())?;
    rest.drain(..end + 4);
    while rest.len() < length {
        if stream.read_buf(rest).await.ok()? == 0 {
            return None;
        }
    }
    let body: Vec<u8> = rest.drain(..length).collect();
    seen.body = String::from_utf8_lossy(&body).into_owned();
    Some(seen)
}

/// `application/x-www-form-urlencoded` of one value.
fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        match b {
            b'+' => out.push(b' '),
            b'%' => {
                let hex = [bytes.next(), bytes.next()].map(|h| h.map_or('?', char::from));
                let digit = |c: char| c.to_digit(16).unwrap_or(0);
                // Two hex digits: at most 255.
                out.push((digit(hex[0]) * 16 + digit(hex[1])) as u8);
            }
            b => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A gzip stream of `n` times `1` without its trailer: one literal, then copies of 258 bytes from one byte back, in
/// fixed Huffman codes (RFC 1951 section 3.2.6). Nobody who decodes all of it may still be calm.
fn gzip_of_ones(n: usize) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let (mut hold, mut held) = (0u32, 0u32);
    let mut put = |bits: u32, len: u32| {
        hold |= bits << held;
        held += len;
        while held >= 8 {
            out.push((hold & 0xff) as u8);
            hold >>= 8;
            held -= 8;
        }
    };
    let code = |value: u32, len: u32| value.reverse_bits() >> (32 - len);
    put(0b011, 3); // Last block, fixed codes.
    put(code(0x30 + u32::from(b'1'), 8), 8);
    for _ in 0..n / 258 {
        put(code(0b1100_0101, 8), 8); // Length 258.
        put(0, 5); // Distance 1.
    }
    put(0, 7 + 7); // End of block, and out with what is held.
    out
}
