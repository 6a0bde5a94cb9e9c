//! A session of the log, as a console would open it.

use andon::journal::append::MineOnly;
use andon::journal::thread::Settings;
use std::path::Path;

/// A console of mira's whose log is in `dir`.
pub fn settings(dir: &Path, suffix: &str) -> Settings {
    Settings {
        dir: dir.to_owned(),
        mine_only: MineOnly(true),
        environment: "prod".into(),
        user: "mira".into(),
        claimed: None,
        host: "h".into(),
        build: "0".into(),
        suffix: suffix.into(),
        drill: None,
    }
}
