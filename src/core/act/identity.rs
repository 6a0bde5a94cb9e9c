//! Which cluster answers under a source's name. The first answer counts for the session: another cluster under the same
//! name is another target, and no act goes out to it. Knows nothing of addresses but that they differ.

use crate::core::id::SourceId;
use crate::core::world::source::Cluster;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What each source was taken for at first, and what it says now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned(BTreeMap<SourceId, Pin>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pin {
    first: Cluster,
    now: Cluster,
}

/// How a source stands to what it was pinned as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The same, or nobody said yet.
    Same,
    /// The same cluster by its identity, as far as that is known, behind another address or authority: a backward act
    /// asks for the name (limits.md section 1).
    Moved(Arc<str>),
    /// Another cluster: every act refuses.
    Other(Arc<str>),
}

impl Pinned {
    /// A source says which cluster it is. An identity that is not known takes nothing back.
    pub fn answered(&mut self, source: &SourceId, cluster: &Cluster) {
        let pin = self.0.entry(source.clone()).or_insert_with(|| Pin { first: cluster.clone(), now: cluster.clone() });
        let known = if cluster.id.is_empty() { pin.now.id.clone() } else { cluster.id.clone() };
        if pin.first.id.is_empty() {
            pin.first.id = known.clone();
        }
        pin.now = Cluster { id: known, ..cluster.clone() };
    }

    pub fn standing(&self, source: &SourceId) -> Standing {
        let Some(Pin { first, now }) = self.0.get(source) else { return Standing::Same };
        if first.id != now.id {
            let why = format!(
                "another cluster answers as {source}: its kube-system was {}, now it is {}; no act goes out there",
                first.id, now.id
            );
            return Standing::Other(why.into());
        }
        if first.server != now.server {
            let why = format!("{source} is reached at another address: {}, at first {}", now.server, first.server);
            return Standing::Moved(why.into());
        }
        if first.authority != now.authority {
            let why = format!("the certificate authority of {source} is another one than at first");
            return Standing::Moved(why.into());
        }
        Standing::Same
    }

    /// Why no act may go out there.
    pub fn refuses(&self, source: &SourceId) -> Option<Arc<str>> {
        match self.standing(source) {
            Standing::Other(why) => Some(why),
            Standing::Same | Standing::Moved(_) => None,
        }
    }

    /// What a person is to know before an act goes out there.
    pub fn asks(&self, source: &SourceId) -> Option<Arc<str>> {
        match self.standing(source) {
            Standing::Moved(why) => Some(why),
            Standing::Same | Standing::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(id: &str, server: &str, authority: &str) -> Cluster {
        Cluster { id: id.into(), server: server.into(), authority: authority.into() }
    }

    #[test]
    fn the_first_answer_counts_and_what_is_not_known_takes_nothing_back() {
        let eu: SourceId = "eu-1".into();
        let mut p = Pinned::default();
        assert_eq!(p.standing(&eu), Standing::Same);
        p.answered(&eu, &cluster("", "https://a", "ca1"));
        p.answered(&eu, &cluster("u1", "https://a", "ca1"));
        p.answered(&eu, &cluster("", "https://a", "ca1"));
        assert_eq!(p.standing(&eu), Standing::Same);
        p.answered(&eu, &cluster("u1", "https://b", "ca1"));
        assert!(p.asks(&eu).is_some_and(|w| w.contains("https://b, at first https://a")) && p.refuses(&eu).is_none());
        p.answered(&eu, &cluster("u1", "https://a", "ca2"));
        assert!(p.asks(&eu).is_some_and(|w| w.contains("authority")));
        p.answered(&eu, &cluster("u2", "https://a", "ca1"));
        assert!(p.refuses(&eu).is_some_and(|w| w.starts_with("another cluster answers as eu-1")));
        // It may not say any more who it is: it is not the first again by that.
        p.answered(&eu, &cluster("", "https://a", "ca1"));
        assert!(p.refuses(&eu).is_some());
        p.answered(&eu, &cluster("u1", "https://a", "ca1"));
        assert_eq!(p.standing(&eu), Standing::Same);
    }
}
