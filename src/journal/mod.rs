//! What was seen, decided and done: the incident log (one file per session, chained lines, its own thread), reading
//! it back, and the tape for replay. Knows the core's words; must not know backends, screens or the terminal.
//!
//! The format is written down in `docs/log-format.md`.

/// One file being written: names, modes, one write per record, every error final.
pub mod append;
/// Is a file the chain that was written?
pub mod chain;
#[cfg(test)]
mod chain_tests;
/// A backward act that could not wait for the log.
pub mod fallback;
/// The ends of the other sessions' files.
pub mod heads;
/// The hybrid logical clock.
pub mod hlc;
/// Lines of a file, forwards and backwards, bounded.
pub mod lines;
/// Does the session of this file still run?
pub mod live;
#[cfg(test)]
mod read_tests;
/// A record's bytes.
pub mod record;
/// What ended sessions left undone.
pub mod recovery;
/// Secrets out of what is kept.
pub mod redact;
#[cfg(test)]
mod rough_tests;
#[cfg(test)]
pub(crate) mod scratch;
/// The newest records of a directory, merged.
pub mod tail;
/// Every message with its stamp, for replay.
pub mod tape;
/// What waits for the tape's thread.
pub mod tape_queue;
/// Reading a tape back.
pub mod tape_read;
#[cfg(test)]
mod tape_tests;
mod tape_write;
/// The writing thread.
pub mod thread;
#[cfg(test)]
mod thread_tests;
mod who;
/// A record as one line for a person.
pub mod words;
mod worker;
