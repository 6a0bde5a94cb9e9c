//! Who belongs to whom: rows by the uid of their owner, scalers by what they scale, workloads by what drives them; and
//! which targets a change reaches, so that one pod costs one target. Pure.

use super::apps::dto::{RevisionRow, Work};
use super::argo::runs::RunRow;
use super::around::{Around, ScalerRow};
use super::rows::{Held, Key, Kind, Row};
use super::wire::SetRow;
use crate::core::world::target::Trouble;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Owners of owners: pod, set, workload, custom resource; pod, set, experiment, rollout.
const GENERATIONS: usize = 6;

#[derive(Debug, Default)]
struct Kids {
    sets: Vec<Arc<SetRow>>,
    pods: Vec<Arc<Held>>,
    runs: Vec<Arc<RunRow>>,
    revisions: Vec<Arc<RevisionRow>>,
    works: Vec<Arc<Work>>,
}

impl Kids {
    fn is_empty(&self) -> bool {
        self.sets.is_empty()
            && self.pods.is_empty()
            && self.runs.is_empty()
            && self.revisions.is_empty()
            && self.works.is_empty()
    }
}

fn without<T>(all: &mut Vec<Arc<T>>, one: &Arc<T>) {
    if let Some(i) = all.iter().position(|a| Arc::ptr_eq(a, one)) {
        all.swap_remove(i);
    }
}

#[derive(Debug, Default)]
pub struct Index {
    /// By the owner's uid.
    kids: HashMap<Arc<str>, Kids>,
    /// Uid of a set, workload, run or experiment to that of its owner.
    up: HashMap<Arc<str>, Arc<str>>,
    /// Where the target with a uid stands, and its uid by where it stands.
    places: HashMap<Arc<str>, (Kind, Key)>,
    uids: BTreeMap<(Kind, Key), Arc<str>>,
    /// Uids of the rollouts and canaries that drive a workload.
    drivers: BTreeMap<(Kind, Key), BTreeSet<Arc<str>>>,
    /// By kind and place of what is scaled.
    scalers: BTreeMap<(Arc<str>, Key), Vec<Arc<ScalerRow>>>,
    /// Pods by the instance they say they belong to.
    instances: BTreeMap<Key, Vec<Arc<Held>>>,
    /// One more than the highest custom kind seen.
    customs: u8,
    /// Targets to look at again.
    touched: BTreeSet<Arc<str>>,
}

/// Workloads that `row` drives: the one it points at, and the primary Flagger makes of it.
fn driven(key: &Key, row: &Row) -> Vec<(Kind, Key)> {
    let of = |kind: &Option<Arc<str>>, name: &Option<Arc<str>>| {
        Some((Kind::of_target(kind.as_deref()?)?, (key.0.clone(), name.clone()?)))
    };
    match row {
        Row::Rollout(r) => r.spec.workload_ref.as_ref().and_then(|w| of(&w.kind, &w.name)).into_iter().collect(),
        Row::Canary(c) => {
            let (kind, name) = (&c.spec.target_ref.kind, &c.spec.target_ref.name);
            let kind = &kind.clone().or_else(|| Some("Deployment".into()));
            let primary = name.as_ref().map(|n| Arc::from(format!("{n}-primary")));
            of(kind, name).into_iter().chain(of(kind, &primary)).collect()
        }
        Row::Work(..)
        | Row::Custom(_)
        | Row::Set(_)
        | Row::Pod(_)
        | Row::Run(_)
        | Row::Revision(_)
        | Row::Scaler(_) => Vec::new(),
    }
}

impl Index {
    /// Targets to look at again, once.
    pub fn touched(&mut self) -> BTreeSet<Arc<str>> {
        std::mem::take(&mut self.touched)
    }

    /// Where the target stands.
    pub fn place(&self, uid: &str) -> Option<&(Kind, Key)> {
        self.places.get(uid)
    }

    pub fn is_driven(&self, kind: Kind, key: &Key) -> bool {
        self.drivers.contains_key(&(kind, key.clone()))
    }

    /// Uids of what drives a workload.
    pub fn drivers(&self, kind: Kind, key: &Key) -> impl Iterator<Item = &Arc<str>> {
        self.drivers.get(&(kind, key.clone())).into_iter().flatten()
    }

    /// Workloads that a target drives.
    pub fn driven(key: &Key, row: &Row) -> Vec<(Kind, Key)> {
        driven(key, row)
    }

    pub fn put(&mut self, kind: Kind, key: &Key, row: &Row) {
        if let Some(uid) = row.meta().and_then(|m| m.uid.as_ref()) {
            self.places.insert(uid.clone(), (kind, key.clone()));
            self.uids.insert((kind, key.clone()), uid.clone());
            for of in driven(key, row) {
                self.drivers.entry(of.clone()).or_default().insert(uid.clone());
                self.touch_at(&of);
            }
        }
        match row {
            Row::Rollout(_) | Row::Canary(_) => {}
            Row::Custom(_) => {
                if let Kind::Custom(n) = kind {
                    self.customs = self.customs.max(n.saturating_add(1));
                }
            }
            Row::Work(_, w) => {
                if let (Some(uid), Some(owner)) = (&w.metadata.uid, w.metadata.owner()) {
                    self.up.insert(uid.clone(), owner.clone());
                    self.kids.entry(owner.clone()).or_default().works.push(w.clone());
                }
            }
            Row::Set(s) => {
                self.up.insert(s.uid.clone(), s.owner.clone());
                self.kids.entry(s.owner.clone()).or_default().sets.push(s.clone());
            }
            Row::Run(r) => {
                self.up.insert(r.uid.clone(), r.owner.clone());
                self.kids.entry(r.owner.clone()).or_default().runs.push(r.clone());
            }
            Row::Pod(p) => {
                self.kids.entry(p.row.owner.clone()).or_default().pods.push(p.clone());
                if let Some(i) = &p.instance {
                    self.instances.entry((key.0.clone(), i.clone())).or_default().push(p.clone());
                }
            }
            Row::Revision(r) => self.kids.entry(r.owner.clone()).or_default().revisions.push(r.clone()),
            Row::Scaler(s) => {
                let of = (s.kind.clone(), (key.0.clone(), s.target.clone()));
                self.scalers.entry(of).or_default().push(s.clone());
            }
        }
        self.touch_row(key, row);
    }

    pub fn remove(&mut self, kind: Kind, key: &Key, row: &Row) {
        self.touch_row(key, row);
        if let Some(uid) = row.meta().and_then(|m| m.uid.as_ref()) {
            self.touched.insert(uid.clone());
            self.places.remove(uid);
            self.uids.remove(&(kind, key.clone()));
            for of in driven(key, row) {
                if let Some(all) = self.drivers.get_mut(&of) {
                    all.remove(uid);
                    if all.is_empty() {
                        self.drivers.remove(&of);
                    }
                }
                self.touch_at(&of);
            }
        }
        match row {
            Row::Rollout(_) | Row::Canary(_) | Row::Custom(_) => {}
            Row::Work(_, w) => {
                if let (Some(uid), Some(owner)) = (&w.metadata.uid, w.metadata.owner()) {
                    self.up.remove(uid);
                    self.leave(owner, |k| without(&mut k.works, w));
                }
            }
            Row::Set(s) => {
                self.up.remove(&s.uid);
                self.leave(&s.owner, |k| without(&mut k.sets, s));
            }
            Row::Run(r) => {
                self.up.remove(&r.uid);
                self.leave(&r.owner, |k| without(&mut k.runs, r));
            }
            Row::Pod(p) => {
                self.leave(&p.row.owner, |k| without(&mut k.pods, p));
                let at = p.instance.as_ref().map(|i| (key.0.clone(), i.clone()));
                if let Some(at) = at
                    && let Some(all) = self.instances.get_mut(&at)
                {
                    without(all, p);
                    if all.is_empty() {
                        self.instances.remove(&at);
                    }
                }
            }
            Row::Revision(r) => self.leave(&r.owner, |k| without(&mut k.revisions, r)),
            Row::Scaler(s) => {
                let of = (s.kind.clone(), (key.0.clone(), s.target.clone()));
                if let Some(all) = self.scalers.get_mut(&of) {
                    without(all, s);
                    if all.is_empty() {
                        self.scalers.remove(&of);
                    }
                }
            }
        }
    }

    fn leave(&mut self, owner: &Arc<str>, out: impl FnOnce(&mut Kids)) {
        if let Some(kids) = self.kids.get_mut(owner) {
            out(kids);
            if kids.is_empty() {
                self.kids.remove(owner);
            }
        }
    }

    fn touch_row(&mut self, key: &Key, row: &Row) {
        match row {
            Row::Rollout(_) | Row::Work(..) | Row::Canary(_) | Row::Custom(_) => {
                if let Some(uid) = row.meta().and_then(|m| m.uid.clone()) {
                    self.touch(&uid);
                }
            }
            Row::Set(s) => self.touch(&s.owner),
            Row::Pod(p) => {
                self.touch(&p.row.owner);
                if let Some(i) = &p.instance {
                    let name = (key.0.clone(), i.clone());
                    let all: Vec<_> = (0..self.customs)
                        .filter_map(|n| self.uids.get(&(Kind::Custom(n), name.clone())).cloned())
                        .collect();
                    self.touched.extend(all);
                }
            }
            Row::Run(r) => self.touch(&r.owner),
            Row::Revision(r) => self.touch(&r.owner),
            Row::Scaler(s) => {
                if let Some(kind) = Kind::of_target(&s.kind) {
                    self.touch_at(&(kind, (key.0.clone(), s.target.clone())));
                }
            }
        }
    }

    fn touch_at(&mut self, of: &(Kind, Key)) {
        if let Some(uid) = self.uids.get(of).cloned() {
            self.touch(&uid);
        } else if let Some(drivers) = self.drivers.get(of) {
            self.touched.extend(drivers.iter().cloned());
        }
    }

    /// The target with this uid, whatever it belongs to, and whatever drives those.
    fn touch(&mut self, uid: &Arc<str>) {
        let mut next = Some(uid);
        for _ in 0..GENERATIONS {
            let Some(uid) = next else { return };
            if let Some(place) = self.places.get(uid) {
                self.touched.insert(uid.clone());
                self.touched.extend(self.drivers.get(place).into_iter().flatten().cloned());
            }
            next = self.up.get(uid);
        }
    }

    /// Adds what the object with this uid owns: its sets and their pods, its runs and theirs, its workloads and all of
    /// theirs.
    pub fn own<'a>(&'a self, uid: &str, around: &mut Around<'a>) {
        self.own_from(uid, GENERATIONS, around);
    }

    fn own_from<'a>(&'a self, uid: &str, left: usize, around: &mut Around<'a>) {
        let Some(kids) = self.kids.get(uid).filter(|_| left > 0) else { return };
        around.sets.extend(kids.sets.iter().map(|s| &**s));
        let of_sets = kids.sets.iter().filter_map(|s| self.kids.get(&s.uid)).flat_map(|k| &k.pods);
        around.pods.extend(kids.pods.iter().chain(of_sets).map(|p| &p.row));
        // What an experiment measures, but not the sets it makes: those are no version of the target.
        let of_runs = kids.runs.iter().filter_map(|r| self.kids.get(&r.uid)).flat_map(|k| &k.runs);
        around.runs.extend(kids.runs.iter().chain(of_runs).map(|r| &**r));
        around.revisions.extend(kids.revisions.iter().map(|r| &**r));
        for w in &kids.works {
            around.works.push(w);
            if let Some(uid) = &w.metadata.uid {
                self.own_from(uid, left - 1, around);
            }
        }
    }

    /// Adds pods that say they belong to the instance.
    pub fn instance<'a>(&'a self, key: &Key, around: &mut Around<'a>) {
        around.pods.extend(self.instances.get(key).into_iter().flatten().map(|p| &p.row));
    }

    /// Adds what scales the object.
    pub fn scale<'a>(&'a self, kind: &str, key: &Key, around: &mut Around<'a>) {
        let all = self.scalers.get(&(Arc::from(kind), key.clone()));
        around.scalers.extend(all.into_iter().flatten().map(|s| &**s));
    }
}

/// In an order that does not tell which event came first, each row once; troubles counted.
pub fn ordered<'a>(mut a: Around<'a>) -> Around<'a> {
    a.sets.sort_by(|a, b| a.uid.cmp(&b.uid));
    a.sets.dedup_by(|a, b| a.uid == b.uid);
    a.pods.sort_by(|a, b| (&a.name, &a.owner).cmp(&(&b.name, &b.owner)));
    a.pods.dedup_by(|a, b| a.name == b.name && a.owner == b.owner);
    a.runs.sort_by(|a, b| a.uid.cmp(&b.uid));
    a.runs.dedup_by(|a, b| a.uid == b.uid);
    a.revisions.sort_by(|a, b| (a.number, &a.uid).cmp(&(b.number, &b.uid)));
    a.revisions.dedup_by(|a, b| a.uid == b.uid);
    a.works.sort_by(|a, b| (&a.metadata.name, &a.metadata.uid).cmp(&(&b.metadata.name, &b.metadata.uid)));
    a.works.dedup_by(|a, b| a.metadata.uid == b.metadata.uid);
    a.canaries.sort_by(|a, b| a.metadata.uid.cmp(&b.metadata.uid));
    a.canaries.dedup_by(|a, b| a.metadata.uid == b.metadata.uid);
    // Of two words about one scaler the one that says what it wants.
    a.scalers.sort_by(|a, b| {
        let order = |s: &ScalerRow| (s.scaler.tool.clone(), s.scaler.name.clone(), s.scaler.wants.is_none());
        order(a).cmp(&order(b))
    });
    a.scalers.dedup_by(|b, a| a.scaler.tool == b.scaler.tool && a.scaler.name == b.scaler.name && a.kind == b.kind);
    let mut all: BTreeMap<Arc<str>, BTreeMap<Arc<str>, u32>> = BTreeMap::new();
    for p in &a.pods {
        if let Some(why) = &p.trouble {
            *all.entry(p.owner.clone()).or_default().entry(why.clone()).or_default() += 1;
        }
    }
    a.troubles = all.into_iter().map(|(uid, reasons)| (uid, counted(reasons))).collect();
    a
}

/// The most frequent reason first.
pub fn counted(reasons: BTreeMap<Arc<str>, u32>) -> Vec<Trouble> {
    let mut list: Vec<Trouble> = reasons.into_iter().map(|(reason, count)| Trouble { reason, count }).collect();
    list.sort_by(|a, b| (b.count, &a.reason).cmp(&(a.count, &b.reason)));
    list
}
