//! Which kinds a cluster serves: asked of the API server by group, so that it costs a few small answers. A group that is
//! not there is no failure; one we may not ask about is taken to be there, and its list will tell.

use super::client::Clients;
use super::custom::CustomKind;
use super::dto::dto;
use super::lenient::{list, text};
use super::rows::Kind;
use crate::core::world::source::{SourceError, Trouble};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

dto!(Resources {
    resources: Vec<Resource> = "list",
});
dto!(Resource {
    name: Option<Arc<str>> = "text",
    kind: Option<Arc<str>> = "text",
});

/// What was found out.
#[derive(Debug, Default)]
pub struct Found {
    pub served: BTreeSet<Kind>,
    /// What the objects of a custom kind call themselves.
    pub words: BTreeMap<u8, Arc<str>>,
    /// A group that gave no answer: nothing is known of its kinds.
    pub unknown: Option<SourceError>,
    /// The same of a group without which the source works: it is no reason to wait.
    pub spared: Option<SourceError>,
    /// Kinds of such groups: whether they are served is not known.
    pub silent: BTreeSet<Kind>,
}

/// (path of the group, resource) of a kind.
pub fn place(kind: Kind, customs: &[CustomKind]) -> (Arc<str>, Arc<str>) {
    match kind {
        Kind::Custom(n) => match customs.get(usize::from(n)) {
            Some(c) => (c.path().into(), c.plural.as_str().into()),
            None => ("".into(), "".into()),
        },
        Kind::Rollouts
        | Kind::Deployments
        | Kind::StatefulSets
        | Kind::DaemonSets
        | Kind::Canaries
        | Kind::Sets
        | Kind::Pods
        | Kind::Runs
        | Kind::Experiments
        | Kind::Revisions
        | Kind::Scalers
        | Kind::Keda => (kind.group().into(), kind.word().into()),
    }
}

/// Every kind that has to be asked for.
fn asked_for(customs: &[CustomKind]) -> impl Iterator<Item = Kind> {
    let own = (0..customs.len()).filter_map(|n| u8::try_from(n).ok()).map(Kind::Custom);
    Kind::DEFINED.into_iter().chain(own)
}

/// Asks for every group once. Error: the login does not work.
pub async fn look(c: &Clients, customs: &[CustomKind], deadline: Duration) -> Result<Found, SourceError> {
    let mut groups: BTreeMap<Arc<str>, Vec<(Kind, Arc<str>)>> = BTreeMap::new();
    for kind in asked_for(customs) {
        let (group, plural) = place(kind, customs);
        groups.entry(group).or_default().push((kind, plural));
    }
    let answers = futures::future::join_all(groups.into_iter().map(|(group, kinds)| async move {
        let answer = c.get::<Resources>(&c.watch, &group, deadline, "see which kinds there are").await;
        (kinds, answer)
    }));
    let mut found = Found::default();
    for (kinds, answer) in answers.await {
        match answer {
            Ok(list) => {
                for (kind, plural) in kinds {
                    let Some(r) = list.resources.iter().find(|r| r.name.as_ref() == Some(&plural)) else { continue };
                    found.served.insert(kind);
                    if let (Kind::Custom(n), Some(word)) = (kind, &r.kind) {
                        found.words.insert(n, word.clone());
                    }
                }
            }
            Err(e) if e.trouble == Trouble::NotFound => {}
            Err(e) if e.trouble == Trouble::Forbidden => found.served.extend(kinds.iter().map(|(k, _)| *k)),
            Err(e) if e.trouble == Trouble::Auth => return Err(e),
            Err(e) if kinds.iter().any(|(k, _)| k.is_needed()) => found.unknown = Some(e),
            Err(e) => {
                found.silent.extend(kinds.iter().map(|(k, _)| *k));
                found.spared = Some(e);
            }
        }
    }
    Ok(found)
}
