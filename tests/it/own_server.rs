//! A metrics server of a test's own: a real one, on loopback, on a free port, with its data in a folder of its own. It and
//! its data end with the test, whatever the test does.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Which program; both are looked for in PATH.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Prometheus,
    Victoria,
}

pub struct Server {
    child: Child,
    dir: PathBuf,
    pub url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone: then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Kind {
    fn command(self, config: &Path, data: &Path, address: &str) -> Command {
        let (program, flags) = match self {
            Kind::Prometheus => ("prometheus", ["--config.file", "--storage.tsdb.path", "--web.listen-address"]),
            Kind::Victoria => ("victoria-metrics", ["-promscrape.config", "-storageDataPath", "-httpListenAddr"]),
        };
        let values = [config.display().to_string(), data.display().to_string(), address.to_owned()];
        let mut command = Command::new(program);
        command.args(flags.iter().zip(values).map(|(flag, value)| format!("{flag}={value}")));
        command
    }
}

impl Server {
    /// `config`: its scrape configuration; `beside`: files that the configuration names. It need not answer yet.
    pub fn start(kind: Kind, config: &str, beside: &[(&str, &str)]) -> Server {
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let dir = std::env::temp_dir().join(format!("andon-live-{kind:?}-{port}"));
        std::fs::create_dir_all(&dir).expect("a folder");
        let file = dir.join("scrape.yml");
        for (name, text) in beside.iter().chain([&("scrape.yml", config)]) {
            std::fs::write(dir.join(name), text).expect("a file of its own");
        }
        let mut command = kind.command(&file, &dir.join("data"), &format!("127.0.0.1:{port}"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|e| panic!("{kind:?} is not in PATH: {e}"));
        Server { child, dir, url: format!("http://127.0.0.1:{port}") }
    }
}
