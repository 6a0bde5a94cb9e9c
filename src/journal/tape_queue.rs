//! What waits for the tape's thread. The thread is woken for the first line after a quiet time and then fetches once a
//! second, so that a tape costs one wake-up a second however many lines it gets; at once only when much waits, a
//! segment ends, or the session does.
//!
//! Knows no files and no line's meaning. Never blocks whoever puts.

use super::tape_write::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::time::{Duration, Instant};

/// Between two fetches.
const PAUSE: Duration = Duration::from_secs(1);
/// Lines that may wait for the disk; past them, or past [`BYTES`], they are refused.
const LINES: usize = 8192;
/// Bytes that may wait for the disk.
const BYTES: u64 = 16 << 20;
/// With so many bytes the thread need not wait for more.
const PLENTY: u64 = 256 << 10;

/// The newest tape, for [`rescue`].
static NEWEST: Mutex<Option<Weak<Queue>>> = Mutex::new(None);

/// Between the loop and the thread.
#[derive(Default)]
pub struct Queue {
    desk: Mutex<Desk>,
    bell: Condvar,
    /// Bytes put and not yet in the file.
    waiting: AtomicU64,
}

#[derive(Default)]
struct Desk {
    commands: Vec<Command>,
    /// The thread has nothing to do and waits for a first line.
    idle: bool,
    /// Fetch without waiting for more.
    urgent: bool,
    closed: bool,
    /// The thread has ended by an error: nothing is kept any more.
    abandoned: bool,
}

impl Queue {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Whoever panicked while holding it left a list that is whole.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: what has come, together. `None`: the handle is gone and everything was fetched.
    pub fn fetch(&self) -> Option<Vec<Command>> {
        let mut desk = self.desk();
        loop {
            if !desk.commands.is_empty() {
                return Some(self.take(desk));
            }
            if desk.closed {
                return None;
            }
            desk.idle = true;
            desk = self.bell.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn take(&self, mut desk: MutexGuard<'_, Desk>) -> Vec<Command> {
        (desk.idle, desk.urgent) = (false, false);
        std::mem::take(&mut desk.commands)
    }

    /// The thread: so many bytes are in the file. Returns when it is worth fetching again.
    pub fn written(&self, bytes: u64) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        let until = Instant::now() + PAUSE;
        let mut desk = self.desk();
        while !desk.urgent && !desk.closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            desk = self.bell.wait_timeout(desk, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The thread ends by an error: who waits for it shall not wait, and what comes later is refused.
    pub fn abandon(&self) {
        let mut desk = self.desk();
        desk.abandoned = true;
        desk.commands.clear();
        self.waiting.store(0, Ordering::Relaxed);
    }
}

/// The loop's end. Dropping it lets the thread fetch the rest and end.
pub struct Handle(Arc<Queue>);

impl Handle {
    /// The newest one is what a panic rescues.
    pub fn open() -> Handle {
        let queue = Arc::new(Queue::default());
        *NEWEST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(&queue));
        Handle(queue)
    }

    /// For the thread.
    pub fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.0)
    }

    /// False: it does not fit, and is not kept.
    pub fn put(&self, command: Command) -> bool {
        let size = command.size();
        let now = matches!(command, Command::Segment(..));
        let mut desk = self.0.desk();
        let waiting = self.0.waiting.load(Ordering::Relaxed);
        if waiting + size > BYTES || desk.commands.len() >= LINES || desk.abandoned {
            desk.urgent = true;
            self.0.bell.notify_one();
            return false;
        }
        desk.commands.push(command);
        self.0.waiting.fetch_add(size, Ordering::Relaxed);
        desk.urgent |= now || waiting + size >= PLENTY || desk.commands.len() >= LINES / 2;
        if desk.urgent || desk.idle {
            self.0.bell.notify_one();
        }
        true
    }

    /// Bytes put and not yet in the file.
    pub fn waiting(&self) -> u64 {
        self.0.waiting.load(Ordering::Relaxed)
    }

    pub fn is_half_full(&self) -> bool {
        self.waiting() > BYTES / 2
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.desk().closed = true;
        self.0.bell.notify_one();
    }
}

/// Has the newest tape written down what it holds, `at_most` that long: for a panic, whose last message is the one
/// that is wanted. Never panics, never waits for whoever holds a lock.
pub fn rescue(at_most: Duration) {
    let end = Instant::now() + at_most;
    let newest = match NEWEST.try_lock() {
        Ok(q) => q.as_ref().and_then(Weak::upgrade),
        Err(TryLockError::Poisoned(q)) => q.into_inner().as_ref().and_then(Weak::upgrade),
        Err(TryLockError::WouldBlock) => None,
    };
    let Some(queue) = newest else { return };
    while queue.waiting.load(Ordering::Relaxed) > 0 && Instant::now() < end {
        if let Ok(mut desk) = queue.desk.try_lock() {
            desk.urgent = true;
        }
        queue.bell.notify_one();
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn line() -> Command {
        Command::Line(vec![b'x'; 100])
    }

    #[test]
    fn lines_are_fetched_together_and_all_of_them_at_the_end() {
        let handle = Handle::open();
        let queue = handle.queue();
        let (tell, fetched) = channel();
        let thread = std::thread::spawn(move || {
            while let Some(batch) = queue.fetch() {
                let size = batch.iter().map(Command::size).sum();
                tell.send(batch.len()).unwrap();
                queue.written(size);
            }
        });
        assert!(handle.put(line()));
        assert_eq!(fetched.recv(), Ok(1), "the first after a quiet time is not kept waiting");
        for _ in 0..500 {
            assert!(handle.put(line()));
        }
        assert!(fetched.recv_timeout(Duration::from_millis(100)).is_err(), "the rest waits for its second");
        drop(handle);
        assert_eq!(fetched.recv(), Ok(500));
        thread.join().unwrap();
    }

    #[test]
    fn much_is_fetched_at_once_and_too_much_refused() {
        let handle = Handle::open();
        let queue = handle.queue();
        assert!(handle.put(line()));
        assert_eq!(queue.fetch().map(|b| b.len()), Some(1));
        let put = std::iter::repeat_with(|| handle.put(line())).take_while(|fits| *fits).count();
        assert_eq!(put, LINES);
        // Much waits, so there is no pause.
        let began = Instant::now();
        queue.written(100);
        assert!(began.elapsed() < PAUSE / 2);
        assert_eq!(queue.fetch().map(|b| b.len()), Some(LINES));
    }

    #[test]
    fn a_panic_need_not_wait_for_the_second() {
        let handle = Handle::open();
        let queue = handle.queue();
        assert!(handle.put(line()));
        queue.fetch();
        let thread = std::thread::spawn(move || {
            queue.written(100);
            let batch = queue.fetch().map(|b| b.len());
            queue.waiting.store(0, Ordering::Relaxed);
            batch
        });
        assert!(handle.put(line()));
        // Other tests of this process make tapes too: theirs may be the newest.
        let began = Instant::now();
        while !thread.is_finished() && began.elapsed() < PAUSE / 2 {
            *NEWEST.lock().unwrap() = Some(Arc::downgrade(&handle.0));
            rescue(Duration::from_millis(100));
        }
        assert!(thread.is_finished());
        assert_eq!(thread.join().unwrap(), Some(1));
    }
}
