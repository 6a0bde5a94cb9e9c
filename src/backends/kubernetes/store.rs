//! Watch events of every kind folded into compact rows; says which targets changed. Pure: no clock, no connection.
//! Rows of the previous list stay until the new one is complete, and those that are the same stay for good.

use super::around::Around;
use super::flagger::dto::Canary;
use super::index::{Index, counted, ordered};
use super::rows::{Key, Kind, Row, Scope};
use super::words::Words;
use super::{apps, custom, flagger, wire};
use crate::core::id::{SourceId, TargetId};
use crate::core::time::Utc;
use crate::core::world::target::{TargetState, Trouble};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

/// What a watch of one kind in one scope says.
#[derive(Clone, Debug)]
pub enum Change {
    /// A full list begins; what was known stays until `Listed`.
    Start,
    Page(Vec<(Key, Row)>),
    /// The list is complete: what it did not name is gone.
    Listed,
    Put(Key, Row),
    Gone(Key),
    /// The kind is not served here any more, or may not be read: what was known of it goes.
    Dropped,
}

/// What was last told of a target: enough to know whether it differs now. The state itself is the reader's.
#[derive(Debug)]
struct Told {
    id: TargetId,
    kind: Kind,
    moving: bool,
    /// Of the whole state without `read_at`.
    print: u64,
}

/// Everything watched of one cluster.
#[derive(Debug)]
pub struct Store {
    source: SourceId,
    shelves: BTreeMap<Kind, BTreeMap<Key, Row>>,
    staged: BTreeMap<(Scope, Kind), Vec<(Key, Row)>>,
    whole: BTreeSet<(Scope, Kind)>,
    index: Index,
    words: Words,
    /// By uid.
    told: HashMap<Arc<str>, Told>,
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
            index: Index::default(),
            words: Words::default(),
            told: HashMap::new(),
        }
    }

    pub fn fold(&mut self, scope: &Scope, kind: Kind, change: Change) {
        let at = (scope.clone(), kind);
        match change {
            Change::Start => {
                self.whole.remove(&at);
                self.staged.insert(at, Vec::new());
            }
            Change::Page(mut rows) => {
                rows.iter_mut().for_each(|(k, r)| intern(&mut self.words, k, r));
                self.staged.entry(at).or_default().append(&mut rows);
            }
            Change::Listed => {
                let new: BTreeMap<Key, Row> = self.staged.remove(&at).unwrap_or_default().into_iter().collect();
                let gone: Vec<Key> = self.keys(scope, kind).filter(|k| !new.contains_key(k)).cloned().collect();
                gone.iter().for_each(|k| self.remove(kind, k));
                new.into_iter().for_each(|(k, r)| self.put(kind, k, r));
                self.whole.insert(at);
            }
            Change::Put(mut key, mut row) => {
                intern(&mut self.words, &mut key, &mut row);
                self.put(kind, key, row);
            }
            Change::Gone(key) => self.remove(kind, &key),
            Change::Dropped => {
                self.whole.remove(&at);
                self.staged.remove(&at);
                let gone: Vec<Key> = self.keys(scope, kind).cloned().collect();
                gone.iter().for_each(|k| self.remove(kind, k));
            }
        }
    }

    fn put(&mut self, kind: Kind, key: Key, row: Row) {
        let shelf = self.shelves.entry(kind).or_default();
        let old = match shelf.get(&key) {
            Some(old) if old.same(&row) => return,
            Some(_) => shelf.insert(key.clone(), row.clone()),
            None => {
                shelf.insert(key.clone(), row.clone());
                None
            }
        };
        if let Some(old) = old {
            self.index.remove(kind, &key, &old);
        }
        self.index.put(kind, &key, &row);
    }

    fn remove(&mut self, kind: Kind, key: &Key) {
        if let Some(old) = self.shelves.get_mut(&kind).and_then(|s| s.remove(key)) {
            self.index.remove(kind, key, &old);
        }
    }

    fn keys(&self, scope: &Scope, kind: Kind) -> impl Iterator<Item = &Key> {
        let from: Key = (scope.clone().unwrap_or_default(), "".into());
        let shelf = self.shelves.get(&kind).into_iter().flat_map(move |s| s.range(from.clone()..));
        let scope = scope.clone();
        shelf.map(|(k, _)| k).take_while(move |k| scope.as_ref().is_none_or(|s| *s == k.0))
    }

    /// Every list of `wanted` is complete.
    pub fn is_whole(&self, wanted: &BTreeSet<(Scope, Kind)>) -> bool {
        wanted.is_subset(&self.whole)
    }

    /// States that differ from what was told before, and targets that are gone. Compared without `read_at`. Costs as
    /// much as there are targets that something happened to.
    pub fn take(&mut self, now: Utc) -> News {
        let mut news = News::default();
        for uid in self.index.touched() {
            let Some((kind, mut state)) = self.state(&uid, now) else {
                news.gone.extend(self.told.remove(&uid).map(|t| t.id));
                continue;
            };
            let told = Told { id: state.id.clone(), kind, moving: state.is_moving(), print: print(&mut state) };
            if self.told.get(&uid).is_some_and(|old| old.print == told.print) {
                continue;
            }
            if let Some(old) = self.told.insert(uid, told)
                && old.id != state.id
            {
                news.gone.push(old.id);
            }
            news.changed.push(state);
        }
        news
    }

    /// `None`: there is no such target, or another one drives it.
    fn state(&self, uid: &str, now: Utc) -> Option<(Kind, TargetState)> {
        let (kind, key) = self.index.place(uid)?;
        let row = self.shelves.get(kind)?.get(key)?;
        let around = || self.around(*kind, key, row, uid);
        let state = match row {
            Row::Rollout(r) => wire::target_state(&self.source, r, &around(), now),
            Row::Work(..) if self.index.is_driven(*kind, key) => None,
            Row::Work(word, w) => apps::wire::target_state(&self.source, *word, w, &around(), now),
            Row::Canary(c) => flagger::wire::target_state(&self.source, c, &around(), now),
            Row::Custom(c) => custom::target_state(&self.source, c, &around(), now),
            Row::Set(_) | Row::Pod(_) | Row::Run(_) | Row::Revision(_) | Row::Scaler(_) => None,
        };
        Some((*kind, state?))
    }

    fn around<'a>(&'a self, kind: Kind, key: &Key, row: &'a Row, uid: &str) -> Around<'a> {
        let mut a = Around::default();
        self.index.own(uid, &mut a);
        if let Some(word) = kind.target() {
            self.index.scale(word, key, &mut a);
        }
        if let Row::Custom(_) = row {
            self.index.instance(key, &mut a);
        }
        for (kind, key) in Index::driven(key, row) {
            if let Row::Canary(_) = row {
                a.canaries.extend(self.index.drivers(kind, &key).filter_map(|uid| self.canary(uid)));
            }
            let Some(Row::Work(_, w)) = self.shelves.get(&kind).and_then(|s| s.get(&key)) else { continue };
            a.works.push(w);
            self.index.scale(kind.target().unwrap_or_default(), &key, &mut a);
            // A Rollout has sets of its own; a Canary's are those of its workload and primary.
            if let (Row::Canary(_), Some(uid)) = (row, &w.metadata.uid) {
                self.index.own(uid, &mut a);
            }
        }
        ordered(a)
    }

    fn canary(&self, uid: &str) -> Option<&Canary> {
        let (kind, key) = self.index.place(uid)?;
        match self.shelves.get(kind)?.get(key)? {
            Row::Canary(c) => Some(c),
            _ => None,
        }
    }

    /// What stands around a target, for a read of it. `None`: no such target is watched.
    pub fn with_around<T>(&self, uid: &str, read: impl FnOnce(&Around<'_>) -> T) -> Option<T> {
        let (kind, key) = self.index.place(uid)?;
        let row = self.shelves.get(kind)?.get(key)?;
        Some(read(&self.around(*kind, key, row, uid)))
    }

    /// Why pods are not ready, by the uid of their owner: of every pod.
    pub fn troubles(&self) -> BTreeMap<Arc<str>, Vec<Trouble>> {
        let mut all: BTreeMap<Arc<str>, BTreeMap<Arc<str>, u32>> = BTreeMap::new();
        for row in self.shelves.get(&Kind::Pods).into_iter().flat_map(BTreeMap::values) {
            if let Row::Pod(p) = row
                && let Some(why) = &p.row.trouble
            {
                *all.entry(p.row.owner.clone()).or_default().entry(why.clone()).or_default() += 1;
            }
        }
        all.into_iter().map(|(uid, reasons)| (uid, counted(reasons))).collect()
    }

    /// Every target told of, as ids.
    pub fn ids(&self) -> Vec<TargetId> {
        let mut all: Vec<TargetId> = self.told.values().map(|t| t.id.clone()).collect();
        all.sort();
        all
    }

    pub fn namespaces(&self) -> BTreeSet<Arc<str>> {
        self.told.values().map(|t| t.id.namespace.clone()).collect()
    }

    /// `12 rollouts, 30 deployments, 2 canaries, 5 moving`: the kinds that are there.
    pub fn holds(&self) -> String {
        let mut counts: BTreeMap<(Kind, &str), usize> = BTreeMap::new();
        for t in self.told.values() {
            *counts.entry((t.kind, &t.id.kind)).or_default() += 1;
        }
        if counts.is_empty() {
            return "no targets".into();
        }
        let mut words: Vec<String> = counts.into_iter().map(|((kind, word), n)| counted_word(kind, word, n)).collect();
        words.push(format!("{} moving", self.told.values().filter(|t| t.moving).count()));
        words.join(", ")
    }
}

fn counted_word(kind: Kind, word: &str, n: usize) -> String {
    let many = match kind.target() {
        Some(_) => kind.word().to_owned(),
        None => format!("{}s", word.to_lowercase()),
    };
    match n {
        1 => format!("1 {}", word.to_lowercase()),
        n => format!("{n} {many}"),
    }
}

fn intern(words: &mut Words, key: &mut Key, row: &mut Row) {
    words.one(&mut key.0);
    row.intern(words);
}

/// Two states with the same print are the same but for `read_at`.
fn print(state: &mut TargetState) -> u64 {
    struct Into(DefaultHasher);
    impl std::io::Write for Into {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.write(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let at = std::mem::replace(&mut state.read_at, Utc(0));
    let mut into = Into(DefaultHasher::new());
    // Writing into a hasher cannot fail, and a state is plain data.
    let written = serde_json::to_writer(&mut into, &*state);
    debug_assert!(written.is_ok());
    state.read_at = at;
    into.0.finish()
}
