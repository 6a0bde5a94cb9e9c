//! Numbers of a service that are no shares of requests: sessions waiting for a lock, replica lag, percent of an index,
//! seconds left of a lease, messages in a queue. But for queues in closed form from when their fault held, so that any moment costs the same.

use super::scenario::GaugeSpec;
use super::world::World;

impl World {
    /// A gauge's number now.
    fn gauge(&self, g: &GaugeSpec) -> f64 {
        let Some(fault) = self.scenario.fault_at(&g.fault) else { return g.usual };
        let now = self.now.0;
        let mut moved = 0.0;
        let mut at = self.scenario.start.0;
        let far = (g.most - g.usual).abs();
        for (from, until) in self.live.of(fault).iter().take_while(|(from, _)| *from <= now) {
            let secs = |a: i64, b: i64| (b - a).max(0) as f64 / 1000.0;
            moved = (moved - back(g, secs(at, *from))).max(0.0);
            moved = (moved + g.rises.abs() * secs(*from, now.min(*until))).min(far);
            at = now.min(*until);
        }
        moved = (moved - back(g, (now - at).max(0) as f64 / 1000.0)).max(0.0);
        g.usual + moved * g.rises.signum()
    }

    pub(super) fn gauge_named(&self, i: usize, name: &str) -> Option<f64> {
        let service = &self.scenario.services[i].name;
        let found = self.scenario.gauges.iter().find(|g| g.service == *service && *g.name == *name);
        let queue = self.scenario.services[i].queue.as_ref().filter(|q| *q.name == *name);
        found.map(|g| self.gauge(g)).or_else(|| queue.map(|_| self.traffic[i].waits()))
    }

    /// Each gauge of a service: its name, whether it is a warning, and its sentence.
    pub(super) fn gauges_of(&self, i: usize) -> Vec<(&str, bool, String)> {
        let service = &self.scenario.services[i].name;
        let of = |g: &GaugeSpec| {
            let v = self.gauge(g);
            let number = if g.most.abs() < 10.0 { format!("{v:.1}") } else { format!("{v:.0}") };
            let warns = g.warns.is_some_and(|w| if g.rises < 0.0 { v <= w } else { v >= w });
            (warns, g.says.replace("{}", &number))
        };
        let mine = self.scenario.gauges.iter().filter(|g| g.service == *service);
        let queue = self.scenario.services[i].queue.iter().map(|q| {
            let waits = self.traffic[i].waits();
            (&*q.name, q.warns.is_some_and(|w| waits >= w), q.says.replace("{}", &format!("{waits:.0}")))
        });
        mine.map(|g| (&*g.name, of(g))).map(|(n, (w, s))| (n, w, s)).chain(queue).collect()
    }
}

/// How far it went back in so many seconds without its fault.
fn back(g: &GaugeSpec, secs: f64) -> f64 {
    match () {
        () if g.stays || secs <= 0.0 => 0.0,
        () if g.at_once => f64::INFINITY,
        () => g.rises.abs() * secs,
    }
}
