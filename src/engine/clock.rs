//! Where time comes from. The only place that reads clocks, besides the terminal's key stamps.

use crate::core::replayed::Play;
use crate::core::time::{Person, Stamp, Utc, World};
use rustix::time::{ClockId, clock_gettime};
use std::sync::{Arc, Mutex, OnceLock};

pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Stamp;
    /// World seconds a second, 0 stands; only a drill's clock listens.
    fn set_speed(&self, _speed: u32) {}
    /// Only a replay's clock listens.
    fn play(&self, _how: Play) {}
    /// Real milliseconds until the world's clock reads `at`; `None`: it has.
    fn until_world(&self, at: World) -> Option<i64>;
}

/// Milliseconds of CLOCK_BOOTTIME: goes on during suspend, unlike `Instant`.
pub fn boottime_ms() -> i64 {
    let t = clock_gettime(ClockId::Boottime);
    t.tv_sec * 1000 + t.tv_nsec / 1_000_000
}

/// The system's UTC.
pub fn utc_now() -> Utc {
    let t = clock_gettime(ClockId::Realtime);
    Utc(t.tv_sec * 1000 + t.tv_nsec / 1_000_000)
}

/// Outside drills: utc from the system, world and person from CLOCK_BOOTTIME, so that a clock step moves no deadline.
pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Stamp {
        let boot = boottime_ms();
        Stamp { utc: utc_now(), world: World(boot), person: Person(boot) }
    }
    fn until_world(&self, at: World) -> Option<i64> {
        Some(at.0 - boottime_ms()).filter(|ms| *ms > 0)
    }
}

/// One step of a drill whose time stands: a block of its telemetry. Milliseconds.
const STEP: i64 = 15_000;

/// A drill: utc and world are simulated from the scenario's fixed start, person is real.
pub struct DrillClock {
    running: Mutex<Running>,
    /// Told after every change of speed, once set.
    told: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

struct Running {
    /// World time reached when the speed was last set.
    world_ms: i64,
    /// CLOCK_BOOTTIME at that moment.
    boot_ms: i64,
    speed: u32,
}

impl DrillClock {
    pub fn new(start: Utc, speed: u32) -> Arc<DrillClock> {
        let running = Mutex::new(Running { world_ms: start.0, boot_ms: boottime_ms(), speed });
        Arc::new(DrillClock { running, told: OnceLock::new() })
    }

    /// Who sleeps until something is due must hear of another speed. Only the first one is told.
    pub fn tell(&self, told: impl Fn() + Send + Sync + 'static) {
        let _ = self.told.set(Box::new(told));
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        // Three integers; a panic in between leaves them usable.
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn utc(&self) -> Utc {
        let r = self.running();
        Utc(r.world_ms + (boottime_ms() - r.boot_ms) * i64::from(r.speed))
    }
}

impl Clock for DrillClock {
    fn now(&self) -> Stamp {
        let utc = self.utc();
        Stamp { utc, world: World(utc.0), person: Person(boottime_ms()) }
    }
    fn set_speed(&self, speed: u32) {
        let mut r = self.running();
        let boot = boottime_ms();
        r.world_ms += (boot - r.boot_ms) * i64::from(r.speed);
        r.boot_ms = boot;
        r.speed = speed;
        drop(r);
        if let Some(tell) = self.told.get() {
            tell();
        }
    }
    fn play(&self, how: Play) {
        // A drill knows one step; its other wishes are speeds.
        if how != Play::Step {
            return;
        }
        let mut r = self.running();
        let boot = boottime_ms();
        r.world_ms += (boot - r.boot_ms) * i64::from(r.speed) + STEP;
        r.boot_ms = boot;
        drop(r);
        if let Some(tell) = self.told.get() {
            tell();
        }
    }
    fn until_world(&self, at: World) -> Option<i64> {
        let left = at.0 - self.utc().0;
        let speed = i64::from(self.running().speed);
        if speed == 0 {
            // It stands; whoever lets it go on says so.
            return (left > 0).then_some(i64::from(i32::MAX));
        }
        Some((left + speed - 1) / speed).filter(|ms| *ms > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drills_clock_stands_and_takes_steps_while_the_persons_goes_on() {
        let clock = DrillClock::new(Utc(1_000_000), 1);
        clock.set_speed(0);
        let at = clock.utc();
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert_eq!(clock.utc(), at);
        assert!(clock.until_world(World(at.0 + 10)).is_some_and(|ms| ms > 1_000_000), "nothing is due while it stands");
        clock.play(Play::Step);
        assert_eq!(clock.utc(), Utc(at.0 + STEP));
        assert_eq!(clock.until_world(World(at.0 + STEP)), None);
        clock.play(Play::Go);
        assert_eq!(clock.utc(), Utc(at.0 + STEP), "its other wishes are speeds");
    }
}
