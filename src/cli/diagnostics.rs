//! Diagnostics: our own lines to a file of this user, never to the screen. Libraries may say errors only: below that
//! they print bodies and headers whole, and those hold what nobody may read later.

use super::out::Gated;
use super::setup;
use crate::journal::redact;
use std::io::{self, Write};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

/// Starts them if `ANDON_LOG` sets a level. Until the guard is dropped, lines are written.
pub fn start() -> Option<WorkerGuard> {
    let level = std::env::var("ANDON_LOG").ok()?.parse().unwrap_or(Level::INFO);
    let dir = setup::state_dir().join("andon");
    std::fs::create_dir_all(&dir).ok()?;
    let (writer, guard) =
        tracing_appender::non_blocking(Clean(Gated::new(tracing_appender::rolling::never(dir, "diagnostics.log"))));
    // A second subscriber is refused; then the first one stands.
    let _ = tracing::subscriber::set_global_default(subscriber(level, writer));
    Some(guard)
}

/// Takes secrets out of each event. One event is one write.
struct Clean<W: Write>(W);

impl<W: Write> Write for Clean<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(redact::text(&text).as_bytes())?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Our lines up to `level`, errors of everybody else, as text to `writer`.
fn subscriber<W>(level: Level, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
    let wanted = filter_fn(move |line| is_wanted(line, level)).with_max_level_hint(LevelFilter::from_level(level));
    tracing_subscriber::registry().with(lines.with_filter(wanted))
}

fn is_wanted(line: &Metadata<'_>, level: Level) -> bool {
    let ours = line.target().split("::").next() == Some("andon");
    *line.level() <= if ours { level } else { Level::ERROR }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fake_kube::{FakeKube, Fault, TOKEN};
    use std::sync::{Arc, Mutex, PoisonError};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Page {
        fn text(&self) -> String {
            String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
        }
        fn writer(&self) -> impl for<'w> MakeWriter<'w, Writer = Page> + Send + Sync + use<> {
            let page = self.clone();
            move || page.clone()
        }
    }

    const BODY: &str = "b0dy-canary-51c2";

    /// The library gets bodies it cannot read, with a success and with a refusal.
    fn ask_a_server_that_talks_nonsense() {
        let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        rt.block_on(async {
            let fake = FakeKube::start().await;
            let kc = kube::config::Kubeconfig::read_from(&fake.kubeconfig).expect("kubeconfig");
            let config = kube::Config::from_custom_kubeconfig(kc, &Default::default()).await.expect("config");
            let client = kube::Client::try_from(config).expect("client");
            for code in [200, 403, 500] {
                fake.heal();
                fake.fault("GET", "/version", Fault::Answer(code, "application/json", format!("[\"{BODY}\"]")));
                assert!(client.apiserver_version().await.is_err());
            }
        });
        tracing::warn!("a line of ours");
        tracing::trace!("a fine line of ours");
    }

    /// One test, not two: the library's lines are switched on once for the whole process.
    #[test]
    fn a_body_never_reaches_the_file_but_our_lines_do() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let all = Page::default();
        let unfiltered =
            tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false).with_writer(all.writer()).finish();
        tracing::subscriber::with_default(unfiltered, ask_a_server_that_talks_nonsense);
        assert!(all.text().contains(BODY), "the library shows no bodies: this test proves nothing: {}", all.text());

        let page = Page::default();
        tracing::subscriber::with_default(subscriber(Level::TRACE, page.writer()), ask_a_server_that_talks_nonsense);
        let text = page.text();
        assert!(text.contains("a fine line of ours") && !text.contains(BODY) && !text.contains(TOKEN), "{text}");

        let page = Page::default();
        tracing::subscriber::with_default(subscriber(Level::INFO, page.writer()), ask_a_server_that_talks_nonsense);
        let text = page.text();
        assert!(text.contains("a line of ours") && !text.contains("fine") && !text.contains(BODY), "{text}");
    }
}
