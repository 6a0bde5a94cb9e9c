//! Turns of the cord's requests to one cluster: so many are under way at a time, the others wait. What waits when the way back
//! of its target leaves is withdrawn. Sends nothing itself.

use crate::core::id::TargetId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Requests of the cord under way at a time (product.md section 5 names every moving rollout; a server throttles who asks
/// for all of them at once). Other acts do not wait for them, nor do other clusters.
pub const CORD: usize = 16;

/// How a request leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// It is one of many, and waits for its turn among them.
    InTurn,
    AtOnce,
    /// At once, and what waits for its turn to the same target never goes out: it was overtaken.
    First,
}

/// Those that wait, in no order: the semaphore keeps it.
#[derive(Default)]
struct Waiting {
    next: u64,
    by: BTreeMap<u64, (TargetId, oneshot::Sender<()>)>,
}

/// The turns of one cluster.
#[derive(Clone)]
pub struct Turns {
    free: Arc<Semaphore>,
    waiting: Arc<Mutex<Waiting>>,
}

impl Default for Turns {
    fn default() -> Turns {
        Turns { free: Arc::new(Semaphore::new(CORD)), waiting: Arc::default() }
    }
}

/// A place among those that wait.
pub struct Place {
    turns: Turns,
    number: u64,
    withdrawn: oneshot::Receiver<()>,
}

impl Turns {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it can be withdrawn.
    pub fn queue(&self, target: &TargetId) -> Place {
        let (tell, withdrawn) = oneshot::channel();
        let mut all = self.waiting();
        let number = all.next;
        all.next += 1;
        all.by.insert(number, (target.clone(), tell));
        drop(all);
        Place { turns: self.clone(), number, withdrawn }
    }

    /// What waits for this target never gets a turn.
    pub fn withdraw(&self, target: &TargetId) {
        let mut all = self.waiting();
        let of: Vec<u64> = all.by.iter().filter(|(_, (t, _))| t == target).map(|(n, _)| *n).collect();
        for n in of {
            if let Some((_, tell)) = all.by.remove(&n) {
                // Nobody listens any more: it has been told, or its task is gone.
                let _ = tell.send(());
            }
        }
    }

    /// A turn of something that nobody withdraws.
    pub async fn one(&self) -> Option<OwnedSemaphorePermit> {
        // Never closed: an error would mean no turns are kept, and it goes on without.
        self.free.clone().acquire_owned().await.ok()
    }
}

impl Place {
    /// Waits for the turn. `Err`: withdrawn, it must not go out.
    pub async fn turn(mut self) -> Result<Option<OwnedSemaphorePermit>, ()> {
        let turn = tokio::select! {
            biased;
            _ = &mut self.withdrawn => return Err(()),
            turn = self.turns.one() => turn,
        };
        // Both in one moment: whoever took it off the list first is right.
        self.turns.waiting().by.remove(&self.number).map(|_| turn).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> TargetId {
        TargetId {
            source: "eu-1".into(),
            namespace: "shop".into(),
            kind: "Rollout".into(),
            name: name.into(),
            uid: name.into(),
        }
    }

    #[tokio::test]
    async fn what_was_withdrawn_goes_out_neither_before_nor_after_its_turn_came() {
        let t = Turns::default();
        let early = t.queue(&target("a"));
        t.withdraw(&target("a"));
        assert!(early.turn().await.is_err(), "turns are free, and still");
        let mut kept = Vec::new();
        for n in 0..CORD {
            kept.push(t.queue(&target(&n.to_string())).turn().await.expect("free"));
        }
        let (a, b) = (t.queue(&target("a")), t.queue(&target("b")));
        let late = tokio::spawn(a.turn());
        t.withdraw(&target("a"));
        assert!(late.await.expect("ends").is_err());
        kept.pop();
        assert!(b.turn().await.is_ok(), "the other one has its turn");
        assert!(t.waiting().by.is_empty());
    }
}
