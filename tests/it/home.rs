//! A home directory of a test's own, gone with the test. The program under test gets this and nothing of the machine's.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::pty::Pty;

/// No account is shared.
pub const ALONE: (&str, &str) = ("ANDON_SHARED_ACCOUNTS", "nobody");

pub struct Home {
    dir: PathBuf,
}

static MADE: AtomicUsize = AtomicUsize::new(0);

/// Where homes are made: in memory where there is plenty of it, so that a shared disk which takes a second for a sync asks
/// for no name in the middle of a test about something else. Tests about slow disks make theirs slow themselves.
pub fn base() -> &'static Path {
    let shm = Path::new("/dev/shm");
    let plenty = rustix::fs::statvfs(shm).is_ok_and(|s| {
        !s.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC) && s.f_bavail.saturating_mul(s.f_frsize) > 1 << 30
    });
    if plenty { shm } else { Path::new(env!("CARGO_TARGET_TMPDIR")) }
}

impl Home {
    pub fn new(name: &str) -> Home {
        let n = MADE.fetch_add(1, Ordering::Relaxed);
        let dir = base().join(format!("andon-home-{}-{n}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Home { dir }
    }

    pub fn path(&self) -> &Path {
        &self.dir
    }

    pub fn str(&self) -> &str {
        self.dir.to_str().unwrap()
    }

    /// Writes a file below it; only the owner may write it, as the program wants.
    pub fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
        path
    }

    /// A user's config.
    pub fn config(&self, text: &str) {
        self.file(".config/andon/config.toml", text);
    }

    /// A kubeconfig with these contexts, each on a port of this machine where nobody listens.
    pub fn kubeconfig(&self, contexts: &[&str]) {
        let list = |item: &dyn Fn(&str) -> String| contexts.iter().map(|c| item(c)).collect::<Vec<_>>().join(",");
        let clusters =
            list(&|c| format!(r#"{{"name": {}, "cluster": {{"server": "http://127.0.0.1:9"}}}}"#, quoted(c)));
        let named = list(&|c| {
            format!(r#"{{"name": {0}, "context": {{"cluster": {0}, "user": "u", "namespace": "shop"}}}}"#, quoted(c))
        });
        let current = quoted(contexts[0]);
        let users = r#"{"name": "u", "user": {}}"#;
        // JSON is YAML.
        let text = format!(
            r#"{{"apiVersion": "v1", "kind": "Config", "current-context": {current}, "clusters": [{clusters}], "contexts": [{named}], "users": [{users}]}}"#
        );
        self.file(".kube/config", &text);
    }

    /// andon in a terminal of the design size.
    pub fn andon(&self, args: &[&str]) -> Pty {
        self.andon_with(args, &[], 80, 23)
    }

    pub fn andon_with(&self, args: &[&str], env: &[(&str, &str)], cols: u16, rows: u16) -> Pty {
        // Tests often run as root, which is shared: who it is, is asked in a test of its own.
        let env = [&[("HOME", self.str()), ALONE], env].concat();
        Pty::spawn(env!("CARGO_BIN_EXE_andon"), args, &env, cols, rows)
    }

    /// andon without a terminal, to its end: exit code and everything it said.
    pub fn run(&self, args: &[&str]) -> (i32, String) {
        let done: Output = Command::new(env!("CARGO_BIN_EXE_andon"))
            .args(args)
            .env_clear()
            .envs([("HOME", self.str()), ALONE])
            .output()
            .unwrap();
        let said = [done.stdout, done.stderr].concat();
        (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
    }

    /// Every file below it, sorted.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut dirs = vec![self.dir.clone()];
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { dirs.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }

    /// The one file with this ending. A disk slower than half a second leaves a second copy of a record beside the log.
    #[track_caller]
    pub fn only(&self, ending: &str) -> PathBuf {
        let fallback = |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("fallback-"));
        let is_one = |p: &PathBuf| p.extension().is_some_and(|e| e == ending) && !fallback(p);
        let all: Vec<PathBuf> = self.files().into_iter().filter(is_one).collect();
        assert_eq!(all.len(), 1, "{ending}: {all:?}");
        all[0].clone()
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
