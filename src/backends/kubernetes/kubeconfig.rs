//! The kubeconfig as kubectl reads it: `$KUBECONFIG`'s files merged (the first that says something wins, missing ones are
//! passed over), paths relative to their file, one context picked. Runs nothing and connects to nothing.

use super::client::{chain, clean};
use super::exec::Plugin;
use super::proxy;
use crate::backends::net::secret;
use crate::core::world::source::{Cluster, SourceError, Trouble};
use http::Uri;
use kube::config::{AuthInfo, Cluster as Entry, Config, ExecAuthCluster, Kubeconfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// One context of the kubeconfig, for the first list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextInfo {
    pub name: String,
    pub cluster: String,
    /// `None`: `default`.
    pub namespace: Option<String>,
    pub current: bool,
}

/// A context with its cluster and its user.
#[derive(Clone)]
pub struct Place {
    pub context: String,
    pub namespace: String,
    pub server: Uri,
    pub entry: Entry,
    pub user: AuthInfo,
    /// DER, as the kubeconfig names them.
    roots: Option<Vec<Vec<u8>>>,
}

/// The files kubectl would read, in its order.
fn files() -> Vec<PathBuf> {
    let listed: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
        .map(|all| std::env::split_paths(&all).filter(|p| !p.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    if !listed.is_empty() {
        return listed;
    }
    directories::BaseDirs::new().map(|d| d.home_dir().join(".kube").join("config")).into_iter().collect()
}

/// `only`: this file and no other, and it must be there. Errors: none is there, or one cannot be read.
pub async fn read(only: Option<PathBuf>) -> Result<Kubeconfig, SourceError> {
    let read = tokio::task::spawn_blocking(move || match only {
        Some(file) => merged(&[file], true),
        None => merged(&files(), false),
    });
    match read.await {
        Ok(Ok(kc)) => {
            learn(&kc);
            Ok(kc)
        }
        Ok(Err(why)) => {
            Err(SourceError::new(Trouble::NotFound, format!("the kubeconfig cannot be read: {}", clean(&why))))
        }
        Err(_) => Err(SourceError::new(Trouble::Panicked, "reading the kubeconfig failed")),
    }
}

fn merged(files: &[PathBuf], must: bool) -> Result<Kubeconfig, String> {
    let mut all = Kubeconfig::default();
    let mut missing: Vec<&Path> = Vec::new();
    for file in files {
        if !must && !file.exists() {
            missing.push(file);
            continue;
        }
        let mut one = Kubeconfig::read_from(file).map_err(|e| chain(&e))?;
        // Said, but empty: the next file may say it.
        one.current_context = one.current_context.filter(|c| !c.is_empty());
        all = all.merge(one).map_err(|e| chain(&e))?;
    }
    if missing.len() == files.len() {
        let names: Vec<String> = missing.iter().map(|p| p.display().to_string()).collect();
        return Err(format!("there is no {}", names.join(", ")));
    }
    Ok(all)
}

/// Every credential that stands in it, or in a file it names, must be found where it must not be. What a plugin prints is
/// learnt where it is run.
fn learn(kc: &Kubeconfig) {
    use std::io::Read;
    for info in kc.auth_infos.iter().filter_map(|a| a.auth_info.as_ref()) {
        let Ok(v) = serde_json::to_value(info) else { continue };
        let text = |name: &str| v.get(name).and_then(serde_json::Value::as_str);
        ["token", "password", "client-key-data"].iter().filter_map(|name| text(name)).for_each(secret::learn);
        let provider = v.pointer("/auth-provider/config").and_then(serde_json::Value::as_object);
        for (name, value) in provider.into_iter().flatten() {
            if name.ends_with("token") || name.ends_with("secret") {
                value.as_str().into_iter().for_each(secret::learn);
            }
        }
        // A pipe in its place would hold us for ever.
        let file = text("tokenFile").map(PathBuf::from);
        if let Some(file) = file.filter(|f| f.is_file()).and_then(|f| std::fs::File::open(f).ok()) {
            let mut token = String::new();
            if file.take(64 * 1024).read_to_string(&mut token).is_ok() {
                secret::learn(&token);
            }
        }
    }
}

/// The contexts of the kubeconfig, in its order. Error: no readable kubeconfig.
pub async fn contexts(path: Option<PathBuf>) -> Result<Vec<ContextInfo>, SourceError> {
    let kc = read(path).await?;
    let current = kc.current_context.clone().unwrap_or_default();
    Ok(kc
        .contexts
        .iter()
        .map(|c| ContextInfo {
            name: c.name.clone(),
            cluster: c.context.as_ref().map(|x| x.cluster.clone()).unwrap_or_default(),
            namespace: c.context.as_ref().and_then(|x| x.namespace.clone()),
            current: c.name == current,
        })
        .collect())
}

/// `name` empty: the current one. Errors: no such context, cluster or address; a CA file that cannot be read.
pub fn place(kc: &Kubeconfig, name: Option<&str>) -> Result<Place, SourceError> {
    let name = name.filter(|n| !n.is_empty()).or(kc.current_context.as_deref()).unwrap_or("");
    let bad = |why: &str| {
        let whose = if name.is_empty() {
            "the kubeconfig names no current context".to_owned()
        } else {
            format!("context {name} of the kubeconfig cannot be used: {}", clean(why))
        };
        SourceError::new(Trouble::NotFound, whose)
    };
    let context = kc.contexts.iter().find(|c| c.name == name).and_then(|c| c.context.clone());
    let context = context.ok_or_else(|| bad("there is no such context"))?;
    let entry = kc.clusters.iter().find(|c| c.name == context.cluster).and_then(|c| c.cluster.clone());
    let entry = entry.ok_or_else(|| bad(&format!("there is no cluster {}", context.cluster)))?;
    let user = context.user.as_ref().and_then(|u| kc.auth_infos.iter().find(|a| a.name == *u));
    // A user that is not there is nobody, as for kubectl.
    let user = user.and_then(|u| u.auth_info.clone()).unwrap_or_default();
    let server: Uri = entry
        .server
        .as_deref()
        .filter(|s| !s.is_empty())
        .ok_or_else(|| bad("its cluster has no server"))?
        .parse()
        .map_err(|_| bad("the address of its cluster is none"))?;
    let pem = ExecAuthCluster::try_from(&entry).map_err(|e| bad(&chain(&e)))?.certificate_authority_data;
    let roots = match pem {
        Some(pem) => {
            let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let all = all.map_err(|_| bad("its certificate authority is not PEM"))?;
            Some(all.into_iter().map(|c| c.as_ref().to_vec()).collect())
        }
        None => None,
    };
    let namespace = context.namespace.filter(|n| !n.is_empty()).unwrap_or_else(|| "default".into());
    Ok(Place { context: name.to_owned(), namespace, server, entry, user, roots })
}

impl Place {
    /// Its credential plugin, unless something the kubeconfig names before it counts.
    pub fn plugin(&self) -> Option<Result<Plugin, String>> {
        let before = self.user.auth_provider.is_some()
            || (self.user.username.is_some() && self.user.password.is_some())
            || self.user.token.is_some()
            || self.user.token_file.is_some();
        let exec = self.user.exec.as_ref().filter(|_| !before)?;
        Some(Plugin::of(exec, &self.entry))
    }

    pub fn insecure(&self) -> bool {
        self.entry.insecure_skip_tls_verify.unwrap_or(false)
    }

    /// The same door, whoever goes through it.
    pub fn is_same_door(&self, other: &Place) -> bool {
        self.server == other.server && self.roots == other.roots
    }

    /// What can be known of the cluster without asking it; `id` empty.
    pub fn cluster(&self) -> Cluster {
        let scheme = self.server.scheme_str().unwrap_or("http");
        let host = self.server.host().unwrap_or("");
        let port = self.server.port_u16().map(|p| format!(":{p}")).unwrap_or_default();
        let authority = match &self.roots {
            None => String::new(),
            Some(roots) => {
                let mut hash = Sha256::new();
                roots.iter().for_each(|r| hash.update(r));
                hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
            }
        };
        Cluster { id: "".into(), server: format!("{scheme}://{host}{port}").into(), authority: authority.into() }
    }

    /// For the library, without a plugin: that one has run. Errors: the proxy cannot be used.
    pub fn config(&self) -> Result<Config, String> {
        let mut c = Config::new(self.server.clone());
        c.default_namespace.clone_from(&self.namespace);
        c.root_cert.clone_from(&self.roots);
        c.accept_invalid_certs = self.insecure();
        c.disable_compression = self.entry.disable_compression.unwrap_or(false);
        c.tls_server_name = self.entry.tls_server_name.clone().filter(|n| !n.is_empty());
        c.proxy_url = proxy::choose(&self.server, self.entry.proxy_url.as_deref(), &proxy::Env::of_process())?;
        c.auth_info = self.user.clone();
        c.auth_info.exec = None;
        Ok(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("andon-kc-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("temporary directory");
        dir
    }

    #[test]
    fn several_files_are_one_and_the_first_word_counts() {
        let d = dir("merge");
        let (a, b) = (d.join("a"), d.join("sub/b"));
        std::fs::create_dir_all(d.join("sub")).expect("made");
        std::fs::write(&a, "current-context: ''\nclusters:\n- name: c\n  cluster: {server: 'https://first'}\ncontexts:\n- name: x\n  context: {cluster: c, user: u}\n").expect("written");
        std::fs::write(&b, "current-context: y\nclusters:\n- name: c\n  cluster: {server: 'https://second'}\nusers:\n- name: u\n  user: {tokenFile: tok}\n- name: p\n  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/login}}\ncontexts:\n- name: x\n  context: {cluster: none, user: u}\n- name: y\n  context: {cluster: c, user: p, namespace: shop}\n").expect("written");
        let kc = merged(&[d.join("not-there"), a.clone(), b.clone()], false).expect("read");
        let x = place(&kc, Some("x")).expect("x");
        assert_eq!((x.server.host(), x.namespace.as_str()), (Some("first"), "default"));
        assert_eq!(x.user.token_file.as_deref(), d.join("sub/tok").to_str(), "relative to its own file");
        let y = place(&kc, None).expect("the second file's current context");
        assert_eq!((y.context.as_str(), y.namespace.as_str()), ("y", "shop"));
        let plugin = y.plugin().expect("one").expect("usable");
        assert_eq!(Some(plugin.program()), d.join("sub/./bin/login").to_str());
        assert!(x.plugin().is_none());
        assert!(merged(&[d.join("not-there")], false).expect_err("none").contains("there is no"));
        assert!(merged(&[d.join("not-there")], true).is_err());
        let _ = std::fs::remove_dir_all(d);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let kc: Kubeconfig = serde_json::from_value(serde_json::json!({
            "clusters": [{"name": "c", "cluster": {"server": "https://c:1/x", "certificate-authority": "/no/such.pem"}},
                         {"name": "d", "cluster": {}}],
            "contexts": [{"name": "a", "context": {"cluster": "c"}}, {"name": "b", "context": {"cluster": "d"}},
                         {"name": "e", "context": {"cluster": "f"}}],
        }))
        .expect("a kubeconfig");
        for (name, said) in [
            ("zz", "no such context"),
            ("a", "/no/such.pem"),
            ("b", "no server"),
            ("e", "no cluster f"),
            ("", "names no current context"),
        ] {
            let why = place(&kc, Some(name)).err().expect("refused").sentence;
            assert!(why.contains(said), "{name}: {why}");
        }
    }
}
