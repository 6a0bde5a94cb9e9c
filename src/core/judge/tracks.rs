//! Which names in a source's figures are the candidate, and which are stable.
//!
//! Sources tell versions apart by different labels ([`Split`]). Whatever is not named here is neither track: pods of an
//! Experiment, of an older version that still drains, of a neighbour. Leaving them out is the point, so nothing is ever
//! counted as "the other one". Knows nothing of queries.

use crate::core::id::Hash;
use crate::core::world::detail::Role;
use crate::core::world::figures::{Counts, Split, VersionBlock};
use crate::core::world::target::TargetState;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const CANDIDATE_WORDS: [&str; 2] = ["canary", "preview"];
const STABLE_WORDS: [&str; 3] = ["stable", "primary", "active"];
/// Stable as well, unless an Experiment runs: its templates are called so.
const BASELINE_WORD: &str = "baseline";

/// Names of both tracks under one split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracks {
    pub candidate: Vec<Hash>,
    pub stable: Vec<Hash>,
    /// Both versions have this one name: they cannot be told apart, and so both lists are empty.
    pub same: Option<Arc<str>>,
}

/// The names of a target's tracks as a source that splits by `split` writes them.
///
/// - hash: the pod template hashes;
/// - version: the image's tag, with and without a leading `v`;
/// - workload: Flagger's `x` (candidate) and `x-primary` (stable); of other kinds the ReplicaSets `x-<hash>`;
/// - role: the words canary and preview; stable, primary, active, baseline.
pub fn tracks(t: &TargetState, split: Split) -> Tracks {
    let (candidate, stable) = named(t, split);
    if let Some(same) = candidate.iter().find(|c| stable.contains(c)) {
        return Tracks { same: Some(same.0.clone()), ..Tracks::default() };
    }
    Tracks { candidate, stable, same: None }
}

/// The rows of a target's tracks in a list of rows by name. While nothing moves there is no candidate, and stable's row is
/// that of its own name.
pub fn rows<'a, T>(t: &TargetState, split: Split, all: &'a [(Hash, T)]) -> (Option<&'a T>, Option<&'a T>) {
    if t.is_moving() {
        return tracks(t, split).rows(all);
    }
    let (_, stable) = named(t, split);
    Tracks { stable, ..Tracks::default() }.rows(all)
}

/// Names of the candidate and of stable, which may be the same.
fn named(t: &TargetState, split: Split) -> (Vec<Hash>, Vec<Hash>) {
    let names = |f: &dyn Fn(&Hash) -> Vec<Hash>, h: &Option<Hash>| h.as_ref().map(f).unwrap_or_default();
    let words = |w: &[&str]| w.iter().map(Hash::new).collect::<Vec<Hash>>();
    let both = |f: &dyn Fn(&Hash) -> Vec<Hash>| (names(f, &t.candidate), names(f, &t.stable));
    let (candidate, stable) = match split {
        Split::Hash => both(&|h| vec![h.clone()]),
        Split::Version => both(&|h| versions(&t.version_of(h))),
        Split::Workload => match (&t.detail.flagger, &t.detail.workload) {
            (Some(_), Some(w)) => (vec![Hash::new(&w.name)], vec![Hash::new(format!("{}-primary", w.name))]),
            (Some(_), None) => (vec![Hash::new(&t.id.name)], vec![Hash::new(format!("{}-primary", t.id.name))]),
            (None, _) => both(&|h| vec![Hash::new(format!("{}-{}", t.id.name, h.0))]),
        },
        Split::Role => {
            let mut stable = words(&STABLE_WORDS);
            if !t.detail.checks.iter().any(|c| c.role == Role::Experiment) {
                stable.push(Hash::new(BASELINE_WORD));
            }
            (words(&CANDIDATE_WORDS), stable)
        }
    };
    (candidate, if t.stable.is_some() { stable } else { Vec::new() })
}

impl Tracks {
    /// Sums of the candidate's and of stable's names. `None`: no series of that name, hence no data.
    pub fn of(&self, all: &VersionBlock) -> (Option<Counts>, Option<Counts>) {
        let sum = |names: &[Hash]| {
            let mine = all.by_hash.iter().filter(|(n, _)| is_one(n, names));
            mine.map(|(_, c)| *c).reduce(|x, y| Counts { total: x.total + y.total, failed: x.failed + y.failed })
        };
        (sum(&self.candidate), sum(&self.stable))
    }

    /// The first row of the candidate and of stable in a list of rows by name.
    pub fn rows<'a, T>(&self, all: &'a [(Hash, T)]) -> (Option<&'a T>, Option<&'a T>) {
        let row = |names: &[Hash]| all.iter().find(|(n, _)| is_one(n, names)).map(|(_, row)| row);
        (row(&self.candidate), row(&self.stable))
    }
}

fn is_one(name: &Hash, names: &[Hash]) -> bool {
    names.iter().any(|n| n.0.eq_ignore_ascii_case(&name.0))
}

/// A version as people write it, and as labels do.
fn versions(tag: &str) -> Vec<Hash> {
    let bare = tag.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(tag);
    let mut all = vec![Hash::new(bare)];
    if bare.starts_with(|c: char| c.is_ascii_digit()) {
        all.push(Hash::new(format!("v{bare}")));
    }
    all
}
