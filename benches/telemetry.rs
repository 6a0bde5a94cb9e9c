//! One telemetry cycle for 1,000 services with latency, percentiles, memory, routes and courses: processor time and
//! allocations of the source's own thread, requests, bytes of answers, and what it keeps (limits.md section 5).
//!
//! The server is in this process but on a thread of its own, and neither its time nor its memory is counted.
//!
//! `cargo bench --bench telemetry`

use andon::backends::Sink;
use andon::backends::net::Budget;
use andon::backends::prometheus::{Prometheus, Queries, Settings};
use andon::core::id::SourceId;
use andon::core::time::Utc;
use andon::core::world::fact::Fact;
use andon::testkit::fake_http::FakeHttp;
use andon::testkit::fake_prometheus::{full, now_secs};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Instant;

/// Counts what this thread asks for, where it was told to.
struct Counting;

thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(false) };
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<i64> = const { Cell::new(0) };
}

fn note(size: usize, sign: i64) {
    // A thread that ends has no counters any more; nothing of it is counted.
    let counts = COUNTS.try_with(Cell::get).unwrap_or(false);
    if !counts {
        return;
    }
    HELD.with(|h| h.set(h.get() + sign * size as i64));
    if sign > 0 {
        CALLS.with(|c| c.set(c.get() + 1));
        BYTES.with(|b| b.set(b.get() + size as u64));
    }
}

// SAFETY: every call is the system allocator's own; beside it only thread-local numbers change.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 1);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note(layout.size(), -1);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn cpu_ms() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    t.tv_sec as f64 * 1e3 + t.tv_nsec as f64 / 1e6
}

/// A server on a thread of its own, and the bytes it answered.
fn serve(services: usize) -> (String, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (bytes, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (of_bytes, of_requests) = (bytes.clone(), requests.clone());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        rt.block_on(async move {
            let script = full(services);
            let server = FakeHttp::start(move |seen| {
                let mut answer = script(seen);
                answer.headers.retain(|(name, _)| name != "date");
                of_bytes.fetch_add(answer.body.len(), Ordering::SeqCst);
                of_requests.fetch_add(1, Ordering::SeqCst);
                answer
            })
            .await;
            tell.send(server.url()).expect("told");
            std::future::pending::<()>().await;
        });
    });
    (told.recv().expect("a server"), bytes, requests)
}

fn main() {
    rustls::crypto::ring::default_provider().install_default().ok();
    println!(
        "services  minute  requests  answer kB  largest round kB  cpu ms  % of a core  allocations  allocated MB  kept MB"
    );
    for services in [20, 1_000] {
        let (url, bytes, requests) = serve(services);
        let at = Arc::new(AtomicI64::new(now_secs() * 1_000));
        let clock = at.clone();
        let settings =
            Settings { queries: Queries::plain_by("version"), ..Settings::of(&SourceId::new("metrics"), &url) };
        let source = Prometheus::new(settings, Budget::new(6_000), Arc::new(move || Utc(clock.load(Ordering::SeqCst))));
        let source = source.expect("settings");
        let facts = Arc::new(AtomicUsize::new(0));
        let counted = facts.clone();
        let out = Sink::new(move |_: Fact| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        COUNTS.set(true);
        let begun = Instant::now();
        for minute in 1..=6 {
            let before = (cpu_ms(), CALLS.get(), BYTES.get());
            let (mut sum, mut largest) = (0, 0);
            for _ in 0..4 {
                rt.block_on(source.one_round(&out)).expect("round");
                let round = bytes.swap(0, Ordering::SeqCst);
                (sum, largest) = (sum + round, largest.max(round));
                at.fetch_add(15_000, Ordering::SeqCst);
            }
            let cpu = cpu_ms() - before.0;
            println!(
                "{services:8}  {minute:6}  {:8}  {:9}  {:16}  {cpu:6.1}  {:11.2}  {:11}  {:12.1}  {:7.1}",
                requests.swap(0, Ordering::SeqCst),
                sum / 1_000,
                largest / 1_000,
                cpu / 600.0,
                CALLS.get() - before.1,
                (BYTES.get() - before.2) as f64 / 1e6,
                HELD.get() as f64 / 1e6,
            );
        }
        COUNTS.set(false);
        println!("          {} facts in {:.1} s", facts.load(Ordering::Relaxed), begun.elapsed().as_secs_f64());
    }
}
