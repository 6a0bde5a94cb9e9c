//! What was seen, decided and done: the incident log (one file per session, chained lines, its own thread), reading
//! it back, and the tape for replay. Knows the core's words; must not know backends, screens or the terminal.
//!
//! The format is written down in `docs/log-format.md`.

/// Records of ended sessions' fallback files, taken over.
pub mod adopt;
/// The log's head, handed to a command outside.
pub mod anchor;
/// One file being written: names, modes, one write per record, every error final.
pub mod append;
/// Room kept for a full disk.
pub mod ballast;
/// Is a file the chain that was written?
pub mod chain;
#[cfg(test)]
mod chain_tests;
/// The log for other programs: JSON, CSV, Markdown, HTML.
pub mod export;
/// Records that the log did not take, in a file elsewhere.
pub mod fallback;
/// Faults of the disk, for tests.
pub mod fault;
#[cfg(test)]
mod fault_tests;
/// What other sessions append, as they append it; who is in.
pub mod follow;
/// The records of a directory in reading order, for reports.
pub mod gather;
/// The ends of the other sessions' files.
pub mod heads;
/// The hybrid logical clock.
pub mod hlc;
/// What a month folder's files hold, a line each.
pub mod index;
/// Records in memory until they are on disk; a disk that hangs.
pub mod keeper;
/// Named places to be killed at, for tests.
pub mod kill;
/// Lines of a file, forwards and backwards, bounded.
pub mod lines;
/// What ties a record to its neighbours, read quickly.
pub mod link;
/// Does the session of this file still run?
pub mod live;
/// A lock that ends with us, not with our children.
pub mod lock;
/// Old files move into month folders.
pub mod months;
/// Records before a point, merged: what the browser turns back to.
pub mod page;
/// Where the logs of a directory lie.
pub mod places;
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
/// One pass over a file for what an opening console must know.
pub mod scan;
#[cfg(test)]
pub(crate) mod scratch;
/// Large data beside the log.
pub mod side;
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
/// Files checked on all processors.
pub mod verify;
mod who;
mod worker;

/// A record as one line for a person; the words are the core's, so that screens say the same.
pub use crate::core::words;
/// A whole log at once, of a session that was simulated.
pub mod whole;
