//! Which cluster is meant, and as whom. What is said of it anywhere holds none of the words that log in.

use crate::core::id::SourceId;
use std::path::PathBuf;

/// Which cluster, and how much of it.
#[derive(Clone)]
pub struct Settings {
    pub source: SourceId,
    /// `None`: the kubeconfig's current one, as it stands when the first connection is made; every later one is of the
    /// same context, whatever another shell's `kubectl config use-context` has written since.
    pub context: Option<String>,
    /// `None`: as kubectl finds it (`$KUBECONFIG`, `~/.kube/config`).
    pub kubeconfig: Option<PathBuf>,
    /// Empty: the whole cluster, else the context's own namespace where the cluster may not be read.
    pub namespaces: Vec<String>,
    /// Acts, their dry runs and the reads before them go as this context's user. `None`: as who looks.
    pub act_context: Option<String>,
    /// Acts, their dry runs and the reads before them go as this user, by impersonation. Looking never does.
    pub impersonate: Option<Impersonate>,
    /// Kinds an operator manages, as `custom` reads them: `databases.example.org/v1`.
    pub kinds: Vec<String>,
    /// Program and arguments that log in, with the terminal. Empty: the kubeconfig's own credential plugin.
    pub login: Vec<String>,
}

/// Whom acts are sent as, with the right `impersonate` of the one who sends them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonate {
    pub user: String,
    pub groups: Vec<String>,
}

impl Settings {
    /// The current context of kubectl's own kubeconfig, one identity for everything.
    pub fn of(source: impl Into<SourceId>) -> Settings {
        Settings {
            source: source.into(),
            context: None,
            kubeconfig: None,
            namespaces: Vec::new(),
            act_context: None,
            impersonate: None,
            kinds: Vec::new(),
            login: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // An argument may be a password: the program, and how many there are.
        let login = self.login.split_first().map(|(program, more)| format!("{program} and {} words", more.len()));
        f.debug_struct("Settings")
            .field("source", &self.source)
            .field("context", &self.context)
            .field("kubeconfig", &self.kubeconfig)
            .field("namespaces", &self.namespaces)
            .field("act_context", &self.act_context)
            .field("impersonate", &self.impersonate)
            .field("kinds", &self.kinds)
            .field("login", &login)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::kubernetes::Kubernetes;
    use crate::core::time::Utc;
    use std::sync::Arc;

    #[test]
    fn nothing_that_logs_in_is_told_but_the_program() {
        let login = ["sso", "--user", "mira", "--password", "hunter2"].map(String::from).to_vec();
        let s = Settings { login, ..Settings::of("eu-1") };
        let k = Kubernetes::new(s.clone(), Arc::new(|| Utc(0)));
        for told in [format!("{s:?}"), format!("{s:#?}"), format!("{k:?}")] {
            assert!(told.contains("sso and 4 words") && !told.contains("hunter2") && !told.contains("mira"), "{told}");
        }
    }
}
