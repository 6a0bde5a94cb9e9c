//! A log played again: a clock that runs on the log's own time and never past the next record, and the thread that brings
//! records to the loop when they are due. Asks nobody, writes nothing.

use super::clock::{Clock, boottime_ms};
use super::inbox::Inbox;
use crate::core::case::known::when;
use crate::core::msg::Msg;
use crate::core::record::Record;
use crate::core::replayed::{Ahead, Play};
use crate::core::time::{Person, Stamp, Utc, World};
use crate::journal::export::Merged;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Records that may wait in the inbox before the player waits for the loop.
const AHEAD: usize = 500;
/// The player looks again after this long at the latest: a clock that was set while it slept.
const NAP: Duration = Duration::from_millis(500);

/// When a record was appended: the order of the log, and its time.
pub fn appended(r: &Record) -> Utc {
    Utc::read(&r.utc).unwrap_or_else(|| when(r))
}

#[derive(Debug)]
struct State {
    /// Log time reached when something last changed, and CLOCK_BOOTTIME at that moment. Milliseconds.
    utc: i64,
    boot: i64,
    speed: i64,
    running: bool,
    /// When the next record is due: time stands there until it was brought. `None`: nothing comes.
    next: Option<i64>,
    jump: Jump,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Jump {
    No,
    One,
    ToAct,
}

impl State {
    fn utc(&self, boot: i64) -> i64 {
        match (self.running, self.next) {
            (true, Some(next)) => {
                let gone = (boot - self.boot).saturating_mul(self.speed);
                self.utc.saturating_add(gone).min(next).max(self.utc)
            }
            (true, None) | (false, _) => self.utc,
        }
    }

    fn settle(&mut self) {
        let boot = boottime_ms();
        self.utc = self.utc(boot);
        self.boot = boot;
    }
}

/// utc and world are the log's; person is real.
pub struct ReplayClock {
    state: Mutex<State>,
    changed: Condvar,
}

impl ReplayClock {
    /// Stands at `begins` until the first record is known.
    pub fn new(begins: Utc, speed: u32) -> Arc<ReplayClock> {
        let state = State {
            utc: begins.0,
            boot: boottime_ms(),
            speed: i64::from(speed.max(1)),
            running: true,
            next: None,
            jump: Jump::No,
        };
        Arc::new(ReplayClock { state: Mutex::new(state), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain numbers; a panic in between leaves them usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until this record is due, and lets time stand at it.
    fn until(&self, due: i64, begins: i64, is_act: bool) {
        let mut s = self.lock();
        s.settle();
        let due = due.max(s.utc);
        s.next = Some(due);
        loop {
            if due <= begins || s.jump != Jump::No {
                if s.jump == Jump::One || is_act {
                    s.jump = Jump::No;
                }
                break;
            }
            let now = s.utc(boottime_ms());
            if now >= due && s.running {
                break;
            }
            let left = u64::try_from((due - now).max(0) / s.speed + 1).unwrap_or(1);
            let nap = if s.running { Duration::from_millis(left).min(NAP) } else { NAP };
            s = self.changed.wait_timeout(s, nap).unwrap_or_else(PoisonError::into_inner).0;
        }
        s.utc = due;
        s.boot = boottime_ms();
    }

    fn ended(&self) {
        let mut s = self.lock();
        s.settle();
        s.next = None;
    }
}

impl Clock for ReplayClock {
    fn now(&self) -> Stamp {
        let boot = boottime_ms();
        let utc = self.lock().utc(boot);
        Stamp { utc: Utc(utc), world: World(utc), person: Person(boot) }
    }

    fn set_speed(&self, speed: u32) {
        let mut s = self.lock();
        s.settle();
        s.speed = i64::from(speed.max(1));
        self.changed.notify_all();
    }

    fn play(&self, how: Play) {
        let mut s = self.lock();
        s.settle();
        match how {
            Play::Pause => s.running = false,
            Play::Go => s.running = true,
            Play::Step => s.jump = Jump::One,
            Play::NextAct => s.jump = Jump::ToAct,
        }
        self.changed.notify_all();
    }

    fn until_world(&self, at: World) -> Option<i64> {
        let s = self.lock();
        let left = at.0 - s.utc(boottime_ms());
        Some((left + s.speed - 1) / s.speed).filter(|ms| *ms > 0)
    }
}

/// Brings the records of a log to the loop.
pub struct Player {
    clock: Arc<ReplayClock>,
    records: Merged,
    begins: Utc,
    ends: Option<Utc>,
    ahead: Ahead,
}

impl Player {
    /// Records before `begins` come at once; those appended after `ends` not at all. `ahead`: how many there are.
    pub fn new(clock: Arc<ReplayClock>, records: Merged, begins: Utc, ends: Option<Utc>, ahead: Ahead) -> Player {
        Player { clock, records, begins, ends, ahead }
    }

    /// # Errors
    /// There is no thread.
    pub fn start(self, inbox: Inbox) -> std::io::Result<()> {
        std::thread::Builder::new().name("andon-replay".into()).spawn(move || self.run(&inbox)).map(drop)
    }

    fn run(mut self, inbox: &Inbox) {
        let mut next = self.read(inbox);
        while let Some(record) = next {
            let is_act = record.kind == "intent";
            self.clock.until(appended(&record).0, self.begins.0, is_act);
            next = self.read(inbox);
            self.ahead.records = self.ahead.records.saturating_sub(1);
            self.ahead.acts = self.ahead.acts.saturating_sub(u64::from(is_act));
            self.ahead.next = next.as_ref().map(appended);
            if next.is_none() {
                // Told before the loop hears of the last one, so that time stands there.
                self.clock.ended();
                self.ahead = Ahead::default();
            }
            while inbox.waiting() > AHEAD {
                std::thread::sleep(Duration::from_millis(2));
            }
            inbox.answer(Msg::Replayed { record: Box::new(record), ahead: self.ahead });
        }
    }

    /// The next record within the time that is played. One that cannot be read ends it, in words.
    fn read(&mut self, inbox: &Inbox) -> Option<Record> {
        let record = match self.records.next()? {
            Ok((record, _)) => record,
            Err(e) => {
                inbox.answer(Msg::LogFailed { why: format!("it cannot be read any further: {e}").into() });
                return None;
            }
        };
        self.ends.is_none_or(|end| appended(&record) <= end).then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_runs_past_a_record_that_was_not_brought() {
        let clock = ReplayClock::new(Utc(1_000), 60);
        assert_eq!(clock.now().utc, Utc(1_000), "nothing is known to come");
        clock.lock().next = Some(1_500);
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(clock.now().utc, Utc(1_500));
        clock.play(Play::Pause);
        clock.lock().next = Some(999_000);
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(clock.now().utc, Utc(1_500), "paused");
        clock.play(Play::Step);
        clock.until(999_000, 0, false);
        assert_eq!(clock.now().utc, Utc(999_000), "a step takes its time at once");
        assert_eq!(clock.lock().jump, Jump::No);
        clock.play(Play::NextAct);
        clock.until(999_500, 0, false);
        assert_eq!(clock.lock().jump, Jump::ToAct, "not an act yet");
        clock.until(999_900, 0, true);
        assert_eq!(clock.lock().jump, Jump::No);
        assert_eq!(clock.now().utc, Utc(999_900));
        // A record that says an earlier time does not turn the clock back.
        clock.play(Play::Step);
        clock.until(5, 0, false);
        assert_eq!(clock.now().utc, Utc(999_900));
    }
}
