//! The target in force for a signal of a service, and who wrote it down. What this console's config says wins; else what
//! a source found written down elsewhere counts.

use super::World;
use super::figures::Signal;
use super::service::Slo;
use crate::core::id::ServiceId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aim {
    pub slo: Slo,
    /// `sloth checkout-availability`; `None`: config (or the drill) says so.
    pub from: Option<Arc<str>>,
}

impl Aim {
    /// `SLO 99.9 from sloth checkout-availability`, `SLO 99.9`.
    pub fn words(&self) -> String {
        let percent = format!("{:.4}", self.slo.objective * 100.0);
        let percent = percent.trim_end_matches('0').trim_end_matches('.');
        match &self.from {
            Some(from) => format!("SLO {percent} from {from}"),
            None => format!("SLO {percent}"),
        }
    }
}

impl World {
    /// The target of this signal; `None`: nobody wrote one down, or what was found is no fraction in (0, 1].
    pub fn aim(&self, service: &ServiceId, signal: Signal) -> Option<Aim> {
        let own = self.services.get(service).and_then(|s| s.target(signal));
        if let Some(slo) = own {
            return Some(Aim { slo, from: None });
        }
        let found = self.telemetry.get(service).and_then(|t| t.objectives.get(&signal))?;
        let (o, days) = (found.slo.objective, found.slo.period_days);
        (o > 0.0 && o <= 1.0 && days > 0).then(|| Aim { slo: found.slo, from: Some(found.from.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::world::service::Service;
    use crate::core::world::telemetry::{Objective, Telemetry, Told};

    #[test]
    fn config_wins_and_what_was_found_elsewhere_says_where() {
        let id = ServiceId::from("checkout");
        let mut w = World::default();
        assert_eq!(w.aim(&id, Signal::Errors), None);
        let mut told = Told::default();
        let objective = |signal, objective| {
            let from = "sloth checkout-availability".into();
            Telemetry::Objective(Objective { service: id.clone(), signal, slo: Slo::rolling(objective, 28), from })
        };
        told.note(objective(Signal::Errors, 0.999));
        told.note(objective(Signal::Latency, 99.0));
        w.telemetry.insert(id.clone(), told);
        let found = w.aim(&id, Signal::Errors).unwrap();
        assert_eq!(found.words(), "SLO 99.9 from sloth checkout-availability");
        assert_eq!(w.aim(&id, Signal::Latency), None, "99 is no fraction");
        let mut own = Service::found(&id);
        own.slo = Some(Slo::rolling(0.9995, 30));
        w.services.insert(id.clone(), own);
        assert_eq!(w.aim(&id, Signal::Errors).unwrap().words(), "SLO 99.95");
    }
}
