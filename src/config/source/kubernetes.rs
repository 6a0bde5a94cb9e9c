//! `[source.x]` of type kubernetes: which cluster, how much of it, and as whom acts go out. Whatever would make andon
//! look at or act on something else than meant turns the source red. Reads no kubeconfig.

use super::{Argv, Impersonate, Kubernetes, SourceKind, faulty, path};
use crate::config::problem::Told;
use crate::config::table::{Got, Table};
use std::sync::Arc;

pub fn kubernetes(mut table: Table<'_, '_>, told: &mut Told<'_>) -> SourceKind {
    let context = table.text(told, "context");
    let namespaces = table.texts(told, "namespaces");
    let kubeconfig = path(&mut table, "kubeconfig", told);
    let act_context = words(&mut table, "act_context", told);
    let impersonate = impersonate(&mut table, told);
    let kinds = table.texts(told, "kinds");
    let login = login(&mut table, told);
    table.later(told, &["drain", "insecure"]);
    table.finish(told);
    // Looking at another cluster or at more namespaces than meant would be worse than not looking; so would acting as
    // somebody else.
    for (wrong, what) in [
        (context.is_wrong(), "context"),
        (namespaces.is_wrong(), "namespaces"),
        (kubeconfig.is_wrong(), "kubeconfig"),
        (act_context.is_wrong(), "act_context"),
        (impersonate.is_wrong(), "impersonate"),
    ] {
        if wrong {
            return faulty(&format!("its {what} cannot be used"));
        }
    }
    let list = |got: Got<Vec<(&str, std::ops::Range<usize>)>>| {
        got.ok().unwrap_or_default().into_iter().map(|(n, _)| Arc::from(n)).collect()
    };
    SourceKind::Kubernetes(Kubernetes {
        kubeconfig: kubeconfig.ok(),
        context: context.ok().map(Arc::from),
        namespaces: list(namespaces),
        act_context: act_context.ok().map(Arc::from),
        impersonate: impersonate.ok(),
        kinds: list(kinds),
        login: Argv(login.ok().unwrap_or_default()),
    })
}

/// A text that says something.
fn words<'a>(table: &mut Table<'a, '_>, key: &'static str, told: &mut Told<'_>) -> Got<&'a str> {
    match table.text(told, key) {
        Got::Is(s, at) if s.trim().is_empty() => {
            told.error(&at, format!("\"{key}\" is empty"), None);
            Got::Wrong
        }
        other => other,
    }
}

fn impersonate(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Got<Impersonate> {
    let (mut t, at) = match table.table(told, "impersonate") {
        Got::Absent => return Got::Absent,
        Got::Wrong => return Got::Wrong,
        Got::Is(t, at) => (t, at),
    };
    let user = words(&mut t, "user", told);
    let groups = t.texts(told, "groups");
    if matches!(user, Got::Absent) {
        let hint = Some("write impersonate = { user = \"...\", groups = [\"...\"] }".to_owned());
        told.error(&at, format!("{} has no \"user\"", t.name()), hint);
    }
    let known = t.finish(told);
    match (user, groups.is_wrong() || !known) {
        (Got::Is(user, _), false) => {
            let groups = groups.ok().unwrap_or_default().into_iter().map(|(g, _)| Arc::from(g)).collect();
            Got::Is(Impersonate { user: Arc::from(user), groups }, at)
        }
        _ => Got::Wrong,
    }
}

fn login(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Got<Vec<Arc<str>>> {
    match table.texts(told, "login") {
        Got::Absent => Got::Absent,
        Got::Wrong => Got::Wrong,
        Got::Is(words, at) if words.first().is_none_or(|(program, _)| program.trim().is_empty()) => {
            told.error(&at, "\"login\" names no program", Some("write login = [\"program\", \"argument\"]".to_owned()));
            Got::Wrong
        }
        Got::Is(words, at) => Got::Is(words.into_iter().map(|(w, _)| Arc::from(w)).collect(), at),
    }
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;
    use crate::config::table::parse;
    use toml::de::DeValue;

    fn read(text: &str) -> (SourceKind, Vec<String>) {
        let mut told = Told::new("c", text);
        let (map, _) = parse(&mut told);
        let DeValue::Table(t) = map.get("s").expect("a table").get_ref() else { panic!("no table") };
        let kind = source("s", Table::new(t, "[source.s]", 0..0), &mut told).kind;
        (kind, told.into_problems().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn who_acts_is_read_and_never_guessed() {
        let (kind, said) = read(
            "[s]\ntype = \"kubernetes\"\nact_context = \"prod-act\"\nkinds = [\"a.b/v1\"]\nlogin = [\"sso\", \"s3cret\"]\n\
             impersonate = { user = \"oncall\", groups = [\"sre\"] }\n",
        );
        assert_eq!(said, Vec::<String>::new());
        let SourceKind::Kubernetes(k) = &kind else { panic!("{kind:?}") };
        assert_eq!(k.act_context.as_deref(), Some("prod-act"));
        assert_eq!(k.impersonate.as_ref().map(|i| (&*i.user, i.groups.len())), Some(("oncall", 1)));
        assert_eq!((k.kinds.len(), k.login.0.len()), (1, 2));
        assert!(!format!("{kind:?}").contains("s3cret"));
    }

    #[test]
    fn a_source_that_would_act_as_somebody_else_is_red() {
        for bad in [
            "act_context = 1",
            "act_context = \"\"",
            "impersonate = \"oncall\"",
            "impersonate = { groups = [\"sre\"] }",
            "impersonate = { user = \"a\", uid = \"1\" }",
            "impersonate = { user = \"a\", groups = \"sre\" }",
        ] {
            let (kind, said) = read(&format!("[s]\ntype = \"kubernetes\"\n{bad}\n"));
            assert!(matches!(kind, SourceKind::Faulty(_)), "{bad}: {kind:?}");
            assert!(!said.is_empty(), "{bad}");
        }
        // One may still look where only the way to log in is wrong.
        let (kind, said) = read("[s]\ntype = \"kubernetes\"\nlogin = []\n");
        assert!(matches!(kind, SourceKind::Kubernetes(_)) && said.len() == 1, "{said:?}");
    }
}
