//! andon, the terminal incident console. One sentence per module; who may import whom is held by `tests/it/layering.rs`.

/// The world turned into facts and plans turned into requests; one folder per backend, and the simulated world.
pub mod backends;
/// One file per subcommand.
pub mod cli;
/// Files people edit, turned into typed values, with every problem collected.
pub mod config;
/// Pure: the world as facts, the judgement, the acts, the screens' state. No clock, file, network or terminal.
pub mod core;
/// Drills played without a terminal: keys from a file, the score, operators to compare with.
pub mod drill;
/// The loop: clock, mailbox, effects performed, sources supervised. No terminal.
pub mod engine;
/// What was seen, decided and done: an entry's bytes, the chain, the writing thread, reading back, the tape.
pub mod journal;
/// World builders and key scripts for tests and benches.
#[cfg(feature = "testkit")]
pub mod testkit;
/// The terminal: keys in, frames out, everything put back at the end.
pub mod tty;
/// The model turned into cells. No clock, no I/O.
pub mod ui;
