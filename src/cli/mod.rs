//! One file per subcommand.

pub mod log;
