//! Watch events of three kinds folded into compact rows; says which targets changed. Pure: no clock, no connection.
//! Rows of the previous list stay until the new one is complete.

use super::around::Around;
use super::dto::{Pod, ReplicaSet, Rollout};
use super::wire::{SetRow, pod_trouble, set_row, target_id, target_state};
use crate::core::id::{SourceId, TargetId};
use crate::core::time::Utc;
use crate::core::world::target::{TargetState, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Namespace and name.
pub type Key = (Arc<str>, Arc<str>);

/// Which list or watch something comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Rollouts,
    Sets,
    Pods,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Rollouts, Kind::Sets, Kind::Pods];

    /// As a person reads it, and as the API's resource is called.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Rollouts => "rollouts",
            Kind::Sets => "replicasets",
            Kind::Pods => "pods",
        }
    }
}

/// One object of one kind, already cut down to its row.
#[derive(Clone, Debug)]
pub enum Row {
    Rollout(Key, Arc<Rollout>),
    Set(Key, SetRow),
    /// `trouble: None` is a pod without trouble: not kept.
    Pod {
        key: Key,
        owner: Arc<str>,
        trouble: Option<Arc<str>>,
    },
}

impl Row {
    pub fn rollout(r: Rollout) -> Option<Row> {
        let key = key(&r.metadata.namespace, &r.metadata.name)?;
        r.metadata.uid.as_ref()?;
        Some(Row::Rollout(key, Arc::new(r)))
    }
    pub fn set(s: &ReplicaSet) -> Option<Row> {
        Some(Row::Set(key(&s.metadata.namespace, &s.metadata.name)?, set_row(s)?))
    }
    pub fn pod(p: &Pod) -> Option<Row> {
        Some(Row::Pod {
            key: key(&p.metadata.namespace, &p.metadata.name)?,
            owner: p.metadata.owner()?.clone(),
            trouble: pod_trouble(p),
        })
    }
}

fn key(namespace: &Option<Arc<str>>, name: &Option<Arc<str>>) -> Option<Key> {
    Some((namespace.clone().unwrap_or_default(), name.clone()?))
}

/// What a watch of one kind in one scope says.
#[derive(Clone, Debug)]
pub enum Change {
    /// A full list begins; what was known stays until `Listed`.
    Start,
    Page(Vec<Row>),
    /// The list is complete: what it did not name is gone.
    Listed,
    Put(Row),
    Gone(Row),
}

#[derive(Debug, Default)]
struct Shelf {
    rollouts: BTreeMap<Key, Arc<Rollout>>,
    sets: BTreeMap<Key, SetRow>,
    /// Only pods in trouble: (ReplicaSet uid, why).
    pods: BTreeMap<Key, (Arc<str>, Arc<str>)>,
}

impl Shelf {
    fn put(&mut self, row: Row) {
        match row {
            Row::Rollout(k, r) => {
                self.rollouts.insert(k, r);
            }
            Row::Set(k, s) => {
                self.sets.insert(k, s);
            }
            Row::Pod { key, owner, trouble: Some(why) } => {
                self.pods.insert(key, (owner, why));
            }
            Row::Pod { key, trouble: None, .. } => {
                self.pods.remove(&key);
            }
        }
    }

    fn remove(&mut self, row: &Row) {
        match row {
            Row::Rollout(k, _) => {
                self.rollouts.remove(k);
            }
            Row::Set(k, _) => {
                self.sets.remove(k);
            }
            Row::Pod { key, .. } => {
                self.pods.remove(key);
            }
        }
    }
}

/// Everything watched of one cluster. A scope is a namespace, or the whole cluster.
#[derive(Debug)]
pub struct Store {
    source: SourceId,
    shelves: BTreeMap<usize, Shelf>,
    staged: BTreeMap<(usize, Kind), Shelf>,
    whole: BTreeSet<(usize, Kind)>,
    /// Rollout uid by ReplicaSet uid, for pods.
    owner_of: BTreeMap<Arc<str>, Arc<str>>,
    /// Rollout uids to look at again; `None`: all of them.
    touched: Option<BTreeSet<Arc<str>>>,
    told: BTreeMap<Key, TargetState>,
}

/// What `Store::take` found.
#[derive(Debug, Default)]
pub struct News {
    pub changed: Vec<TargetState>,
    pub gone: Vec<TargetId>,
}

impl Store {
    pub fn new(source: SourceId) -> Store {
        Store {
            source,
            shelves: BTreeMap::new(),
            staged: BTreeMap::new(),
            whole: BTreeSet::new(),
            owner_of: BTreeMap::new(),
            touched: Some(BTreeSet::new()),
            told: BTreeMap::new(),
        }
    }

    pub fn fold(&mut self, scope: usize, kind: Kind, change: Change) {
        match change {
            Change::Start => {
                self.whole.remove(&(scope, kind));
                self.staged.insert((scope, kind), Shelf::default());
            }
            Change::Page(rows) => {
                let shelf = self.staged.entry((scope, kind)).or_default();
                rows.into_iter().for_each(|r| shelf.put(r));
            }
            Change::Listed => {
                let new = self.staged.remove(&(scope, kind)).unwrap_or_default();
                let shelf = self.shelves.entry(scope).or_default();
                match kind {
                    Kind::Rollouts => shelf.rollouts = new.rollouts,
                    Kind::Sets => shelf.sets = new.sets,
                    Kind::Pods => shelf.pods = new.pods,
                }
                if kind == Kind::Sets {
                    self.owner_of = self
                        .shelves
                        .values()
                        .flat_map(|s| s.sets.values())
                        .map(|s| (s.uid.clone(), s.owner.clone()))
                        .collect();
                }
                self.whole.insert((scope, kind));
                self.touched = None;
            }
            Change::Put(row) => {
                self.touch(&row);
                if let Row::Set(_, s) = &row {
                    self.owner_of.insert(s.uid.clone(), s.owner.clone());
                }
                self.shelves.entry(scope).or_default().put(row);
            }
            Change::Gone(row) => {
                self.touch(&row);
                if let Row::Set(_, s) = &row {
                    self.owner_of.remove(&s.uid);
                }
                self.shelves.entry(scope).or_default().remove(&row);
            }
        }
    }

    fn touch(&mut self, row: &Row) {
        let Some(touched) = &mut self.touched else {
            return;
        };
        let uid = match row {
            Row::Rollout(_, r) => r.metadata.uid.clone(),
            Row::Set(_, s) => Some(s.owner.clone()),
            Row::Pod { owner, .. } => self.owner_of.get(owner).cloned(),
        };
        touched.extend(uid);
    }

    /// Every list of `scopes` scopes is complete (without the kinds in `without`, which we may not read).
    pub fn is_whole(&self, scopes: usize, without: &BTreeSet<Kind>) -> bool {
        (0..scopes).all(|s| Kind::ALL.iter().filter(|k| !without.contains(k)).all(|k| self.whole.contains(&(s, *k))))
    }

    /// Rows read so far by lists that are not complete.
    pub fn staged(&self) -> usize {
        self.staged.values().map(|s| s.rollouts.len() + s.sets.len()).sum()
    }

    /// States that differ from what was told before, and targets that are gone. Compared without `read_at`.
    pub fn take(&mut self, now: Utc) -> News {
        let mut news = News::default();
        let touched = self.touched.replace(BTreeSet::new());
        if touched.as_ref().is_some_and(BTreeSet::is_empty) {
            return news;
        }
        let wanted = |uid: Option<&Arc<str>>| match (&touched, uid) {
            (None, _) => true,
            (Some(t), Some(uid)) => t.contains(uid),
            (Some(_), None) => false,
        };
        let troubles = self.troubles();
        let mut sets: BTreeMap<&str, Vec<&SetRow>> = BTreeMap::new();
        for s in self.shelves.values().flat_map(|s| s.sets.values()) {
            if wanted(Some(&s.owner)) {
                sets.entry(&s.owner).or_default().push(s);
            }
        }
        let mut alive = BTreeSet::new();
        for (key, r) in self.shelves.values().flat_map(|s| s.rollouts.iter()) {
            alive.insert(key);
            let uid = r.metadata.uid.as_ref();
            if !wanted(uid) {
                continue;
            }
            let own = uid.and_then(|u| sets.remove(&**u)).unwrap_or_default();
            let around = Around { sets: own, troubles: troubles.clone(), ..Around::default() };
            let Some(state) = target_state(&self.source, r, &around, now) else {
                continue;
            };
            let same = self.told.get(key).is_some_and(|old| {
                let mut old = old.clone();
                old.read_at = state.read_at;
                old == state
            });
            if !same {
                if let Some(old) = self.told.insert(key.clone(), state.clone())
                    && old.id != state.id
                {
                    news.gone.push(old.id);
                }
                news.changed.push(state);
            }
        }
        let lost: Vec<Key> = self.told.keys().filter(|k| !alive.contains(k)).cloned().collect();
        for k in lost {
            news.gone.extend(self.told.remove(&k).map(|t| t.id));
        }
        news
    }

    /// Why pods are not ready, by ReplicaSet uid.
    pub fn troubles(&self) -> BTreeMap<Arc<str>, Vec<Trouble>> {
        let mut all: BTreeMap<Arc<str>, BTreeMap<Arc<str>, u32>> = BTreeMap::new();
        for (owner, why) in self.shelves.values().flat_map(|s| s.pods.values()) {
            *all.entry(owner.clone()).or_default().entry(why.clone()).or_default() += 1;
        }
        all.into_iter()
            .map(|(uid, reasons)| {
                let mut list: Vec<Trouble> =
                    reasons.into_iter().map(|(reason, count)| Trouble { reason, count }).collect();
                list.sort_by(|a, b| (b.count, &a.reason).cmp(&(a.count, &b.reason)));
                (uid, list)
            })
            .collect()
    }

    /// Everything it holds, as ids.
    pub fn ids(&self) -> Vec<TargetId> {
        self.shelves
            .values()
            .flat_map(|s| s.rollouts.values())
            .filter_map(|r| target_id(&self.source, &r.metadata))
            .collect()
    }

    pub fn namespaces(&self) -> BTreeSet<Arc<str>> {
        self.told.keys().map(|(ns, _)| ns.clone()).collect()
    }

    /// `41 rollouts, 5 moving`.
    pub fn holds(&self) -> String {
        let moving = self.told.values().filter(|t| t.is_moving()).count();
        match self.told.len() {
            1 => format!("1 rollout, {moving} moving"),
            n => format!("{n} rollouts, {moving} moving"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::kubernetes::fixture;

    fn store() -> Store {
        let mut s = Store::new("eu-1".into());
        for k in Kind::ALL {
            s.fold(0, k, Change::Start);
        }
        s
    }

    fn rollout() -> Row {
        Row::rollout(fixture("live-argo-rollout-canary-paused-step1-weight20")).expect("row")
    }

    fn sets() -> Vec<Row> {
        let list: crate::backends::kubernetes::dto::Listed<ReplicaSet> =
            fixture("live-argo-replicasets-of-canary-rollout");
        list.items.iter().filter_map(Row::set).collect()
    }

    #[test]
    fn nothing_is_told_of_a_list_before_it_ends_and_the_old_rows_stay_until_then() {
        let mut s = store();
        s.fold(0, Kind::Rollouts, Change::Page(vec![rollout()]));
        s.fold(0, Kind::Sets, Change::Page(sets()));
        assert!(s.take(Utc(1)).changed.is_empty());
        for k in Kind::ALL {
            s.fold(0, k, Change::Listed);
        }
        assert!(s.is_whole(1, &BTreeSet::new()) && !s.is_whole(2, &BTreeSet::new()));
        let news = s.take(Utc(2));
        assert_eq!(news.changed.len(), 1);
        assert_eq!(news.changed[0].revisions.len(), 2);
        assert!(s.take(Utc(3)).changed.is_empty(), "no change, no news");
        s.fold(0, Kind::Rollouts, Change::Start);
        assert!(!s.is_whole(1, &BTreeSet::new()));
        assert_eq!(s.ids().len(), 1, "kept until the new list ends");
        s.fold(0, Kind::Rollouts, Change::Listed);
        assert_eq!(s.take(Utc(4)).gone.len(), 1);
        assert!(s.ids().is_empty());
    }

    #[test]
    fn a_pod_or_replica_set_touches_only_its_own_rollout_and_reasons_are_counted() {
        let mut s = store();
        s.fold(0, Kind::Rollouts, Change::Page(vec![rollout()]));
        s.fold(0, Kind::Sets, Change::Page(sets()));
        for k in Kind::ALL {
            s.fold(0, k, Change::Listed);
        }
        s.take(Utc(1));
        let pod = |name: &str, why: Option<&str>| Row::Pod {
            key: ("shop".into(), name.into()),
            owner: "3a800546-da92-488b-a4a7-25609ad0411e".into(),
            trouble: why.map(Arc::from),
        };
        s.fold(0, Kind::Pods, Change::Put(pod("a", Some("ImagePullBackOff"))));
        s.fold(0, Kind::Pods, Change::Put(pod("b", Some("ImagePullBackOff"))));
        let news = s.take(Utc(2));
        let t = &news.changed[0].candidate_revision().expect("kept").trouble;
        assert_eq!((&*t[0].reason, t[0].count), ("ImagePullBackOff", 2));
        s.fold(0, Kind::Pods, Change::Put(pod("a", None)));
        s.fold(0, Kind::Pods, Change::Gone(pod("b", None)));
        let news = s.take(Utc(3));
        assert!(news.changed[0].candidate_revision().expect("kept").trouble.is_empty());
    }

    #[test]
    fn the_same_name_with_another_uid_is_another_target() {
        let mut s = store();
        s.fold(0, Kind::Rollouts, Change::Page(vec![rollout()]));
        for k in Kind::ALL {
            s.fold(0, k, Change::Listed);
        }
        let old = s.take(Utc(1)).changed[0].id.clone();
        let mut r: Rollout = fixture("live-argo-rollout-canary-paused-step1-weight20");
        r.metadata.uid = Some("other".into());
        s.fold(0, Kind::Rollouts, Change::Put(Row::rollout(r).expect("row")));
        let news = s.take(Utc(2));
        assert_eq!(news.gone, vec![old]);
        assert_eq!(&*news.changed[0].id.uid, "other");
    }
}
