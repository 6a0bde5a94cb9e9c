//! The answer to the question who is at a shared account: it names the acts before it, and the records after it carry it.
//! Knows nothing of when the question is asked.

use super::append::Chain;
use super::record::NOT_GIVEN;
use crate::core::entry::{Entry, Kind};
use crate::core::record::Record;

/// Acts one answer names at most, so that its record keeps within its bound; the rest is counted.
const COVERS: usize = 2_000;

/// For a `who` entry: the chain's name changes to the claimed one, and the entry gets `covers`, the `seq` of every act in
/// this file that had none. `None`: any other entry.
pub fn named(entry: &Entry, nameless: &mut Vec<u64>, chain: &mut Chain) -> Option<Entry> {
    let claimed = entry
        .data
        .get("claimed")
        .and_then(serde_json::Value::as_str)
        .filter(|_| entry.kind == Kind::Who && is_own(&entry.data))?;
    chain.claim(claimed);
    let covers = std::mem::take(nameless);
    let mut named = entry.clone();
    if let Some(data) = named.data.as_object_mut() {
        let more = covers.len().saturating_sub(COVERS);
        data.insert("covers".into(), covers.into_iter().take(COVERS).collect());
        if more > 0 {
            data.insert("covers_more".into(), more.into());
        }
    }
    Some(named)
}

/// Remembers a record that a person caused without having said who they are.
pub fn nameless(kind: Kind, record: &Record, nameless: &mut Vec<u64>) {
    if record.claimed.as_deref() == Some(NOT_GIVEN) && kind.is_persons() && is_own(&record.data) {
        nameless.push(record.seq);
    }
}

/// Not taken over from an ended session, whose person somebody else may have been.
fn is_own(data: &serde_json::Value) -> bool {
    data.get("original").is_none()
}
