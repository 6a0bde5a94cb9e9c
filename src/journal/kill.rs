//! Named places in the writing side where a test kills the program with `kill -9`. Does nothing in a release: behind
//! `testkit`, and only when `ANDON_KILL_AT=name` or `name:n` (the n-th time, from 1) is set. `name:n@/a/file`: counted once that file exists.

/// Every name, in the order an act meets them.
pub const POINTS: [&str; 18] = [
    // The live file is made, the log is not.
    "after-live-before-log",
    // A record's bytes are made, nothing is written.
    "before-write",
    // Written, not synced.
    "between-write-and-sync",
    // On disk, and nobody was told.
    "after-sync-before-report",
    // The intent is on disk, the request has not left.
    "between-durable-and-send",
    // The server has answered, and nobody was told.
    "after-send-before-answer",
    // The loop knows the answer, its record is not given to the log.
    "between-answer-and-record",
    // A record for the fallback file, before and after it is there.
    "before-fallback",
    "after-fallback",
    // A left-over fallback file is in the finder's log and still has its name.
    "before-taken",
    // Large data are on disk under a name of passage.
    "before-side-rename",
    // The same, under their own name; the record that names them is not written.
    "after-side-rename",
    // The disk is full and the ballast is gone.
    "after-ballast",
    // The last record.
    "before-closed",
    "after-closed",
    // The file is closed and its live file is still there.
    "before-live-end",
    // A file moves into its month; and has moved, the index does not know.
    "month-move",
    "after-month-move",
];

/// Dies here if it was told to.
#[inline]
pub fn point(name: &'static str) {
    #[cfg(feature = "testkit")]
    told::here(name);
    #[cfg(not(feature = "testkit"))]
    let _ = name;
}

#[cfg(feature = "testkit")]
mod told {
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WHERE: OnceLock<Option<Told>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);

    struct Told {
        name: String,
        n: u32,
        once: Option<PathBuf>,
    }

    pub fn here(name: &'static str) {
        debug_assert!(super::POINTS.contains(&name), "{name} is not in the list");
        let told = WHERE.get_or_init(|| {
            let said = std::env::var("ANDON_KILL_AT").ok()?;
            let (what, once) = said.split_once('@').map_or((said.as_str(), None), |(w, file)| (w, Some(file)));
            let (name, n) = what.split_once(':').unwrap_or((what, "1"));
            Some(Told { name: name.to_owned(), n: n.parse().unwrap_or(1), once: once.map(PathBuf::from) })
        });
        let Some(told) = told.as_ref().filter(|t| t.name == name) else { return };
        if told.once.as_ref().is_none_or(|file| file.exists()) && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == told.n {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            // The signal is on its way; nothing more is done meanwhile.
            loop {
                std::thread::park();
            }
        }
    }
}
