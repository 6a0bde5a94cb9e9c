//! What the server has for each service: metric M8. One question at the start and every ten minutes, the same whatever
//! the fleet; it narrows the queries to the presets that answer and finds the histogram's bounds. It judges nothing.

use super::queries::{PRESET, SERVICE_LABEL, TAG};
use super::wire::Series;
use super::{Data, Prometheus};
use crate::backends::{Cx, Sink};
use crate::core::id::ServiceId;
use crate::core::world::fact::Fact;
use crate::core::world::source::SourceError;
use crate::core::world::telemetry::{Coverage, Telemetry};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds between two surveys.
pub const EVERY: i64 = 600;

/// What one survey found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    pub coverage: Vec<Coverage>,
    /// Services that each preset answers for, by its name.
    pub presets: BTreeMap<String, usize>,
}

/// What is there, by recipe and service.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Things a service has: `requests`, `errors`, ...
    has: BTreeMap<(usize, ServiceId), BTreeSet<String>>,
    les: BTreeMap<(usize, ServiceId), BTreeSet<String>>,
    names: BTreeMap<usize, String>,
}

impl Seen {
    fn read(rows: &[Series]) -> Seen {
        let mut seen = Seen::default();
        for row in rows {
            let Some((name, Ok(i))) = row.label(PRESET).rsplit_once(':').map(|(n, i)| (n, i.parse::<usize>())) else {
                continue;
            };
            if row.label(SERVICE_LABEL).is_empty() {
                continue;
            }
            let key = (i, ServiceId::new(row.label(SERVICE_LABEL)));
            seen.names.insert(i, name.to_owned());
            if row.label(TAG) == "bound" {
                seen.les.entry(key).or_default().insert(row.label("le").to_owned());
            } else {
                seen.has.entry(key).or_default().insert(row.label(TAG).to_owned());
            }
        }
        seen
    }

    pub(super) fn services(&self) -> usize {
        self.has.keys().map(|(_, s)| s).collect::<BTreeSet<_>>().len()
    }

    fn is(&self, i: usize, service: &ServiceId, what: &str) -> bool {
        self.has.get(&(i, service.clone())).is_some_and(|h| h.contains(what))
    }

    /// Recipes with at least one service that can be judged by them.
    fn alive(&self) -> Vec<usize> {
        let judged: BTreeSet<usize> =
            self.has.iter().filter(|(_, h)| h.contains("errors")).map(|((i, _), _)| *i).collect();
        judged.into_iter().collect()
    }

    /// How many services have each bound, by recipe.
    fn bounds(&self) -> BTreeMap<usize, BTreeMap<String, usize>> {
        let mut all: BTreeMap<usize, BTreeMap<String, usize>> = BTreeMap::new();
        for ((i, _), les) in &self.les {
            for le in les {
                *all.entry(*i).or_default().entry(le.clone()).or_default() += 1;
            }
        }
        all
    }

    /// The recipe that tells of a service: the first that can judge it, else the first that sees it.
    fn teller(&self, service: &ServiceId) -> Option<usize> {
        let with = |what: &str| {
            self.has.iter().filter(|((_, s), h)| s == service && h.contains(what)).map(|((i, _), _)| *i).min()
        };
        with("errors").or_else(|| with("requests"))
    }
}

impl Prometheus {
    /// Asks what is there, narrows the queries to it, and says what each service has and lacks.
    ///
    /// # Errors
    /// As every question to the server.
    pub async fn survey(&self, cx: &Cx) -> Result<Survey, SourceError> {
        let seen = self.glance(cx).await?;
        Ok(self.whole(&seen, cx).await)
    }

    /// Asks what is there and narrows the queries to it.
    pub(super) async fn glance(&self, cx: &Cx) -> Result<Seen, SourceError> {
        let rows = self.rows(&self.queries.survey(), cx).await?;
        let seen = Seen::read(&rows);
        self.queries.note(&seen.alive(), &seen.bounds());
        Ok(seen)
    }

    /// With what is asked apart: another exporter's figures. That they fail must not hide what is there.
    async fn whole(&self, seen: &Seen, cx: &Cx) -> Survey {
        let resources = match self.queries.resources() {
            Some(query) => self.rows(&query, cx).await.ok(),
            None => None,
        };
        self.told(seen, resources.as_deref())
    }

    async fn rows(&self, query: &str, cx: &Cx) -> Result<Vec<Series>, SourceError> {
        match self.instant(query, None, cx).await? {
            (Data::Vector(rows), _) => Ok(rows),
            (other, _) => Err(self.unexpected(&other, "a vector")),
        }
    }

    fn told(&self, seen: &Seen, resources: Option<&[Series]>) -> Survey {
        let services: BTreeSet<&ServiceId> = seen.has.keys().map(|(_, s)| s).collect();
        let mut survey = Survey::default();
        for service in services {
            let Some(i) = seen.teller(service) else {
                continue;
            };
            let preset = seen.names.get(&i).map_or("", String::as_str);
            *survey.presets.entry(preset.to_owned()).or_default() += 1;
            let spelled = self.queries.spelled(i);
            let les = seen.les.get(&(i, service.clone()));
            let latency = match &spelled {
                Some(bounds) => les.is_some_and(|l| bounds.iter().any(|b| l.contains(b))),
                None => self.queries.is_native(i) && seen.is(i, service, "latency"),
            };
            survey.coverage.push(Coverage {
                service: service.clone(),
                preset: preset.into(),
                requests: Some(true),
                errors: Some(seen.is(i, service, "errors")),
                latency: Some(latency),
                correctness: Some(seen.is(i, service, "correctness")),
                split: Some(seen.is(i, service, "split")),
                deploy: Some(seen.is(i, service, "deploy")),
                resources: resources.map(|rows| rows.iter().any(|r| r.label(SERVICE_LABEL) == service.as_str())),
            });
        }
        survey
    }

    /// A survey's coverage as facts.
    pub(super) async fn tell_coverage(&self, seen: &Seen, cx: &Cx, out: &Sink) {
        for coverage in self.whole(seen, cx).await.coverage {
            out.put(Fact::Telemetry(Box::new(Telemetry::Coverage(coverage))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(preset: &str, service: &str, what: &str, le: &str) -> Series {
        let labels = [(PRESET, preset), (SERVICE_LABEL, service), (TAG, what), ("le", le)];
        let labels = labels.into_iter().filter(|(_, v)| !v.is_empty());
        Series { labels: labels.map(|(k, v)| (k.into(), v.to_owned())).collect(), ..Series::default() }
    }

    #[test]
    fn the_first_preset_that_can_judge_a_service_tells_of_it() {
        let rows = [
            row("plain:1", "shop", "requests", ""),
            row("plain:1", "shop", "errors", ""),
            row("istio:0", "shop", "requests", ""),
            row("plain:1", "lost", "requests", ""),
            row("plain:1", "", "errors", ""),
            row("junk", "shop", "errors", ""),
            row("plain:1", "shop", "bound", "0.5"),
            row("plain:1", "lost", "bound", "0.5"),
        ];
        let seen = Seen::read(&rows);
        assert_eq!(seen.teller(&ServiceId::new("shop")), Some(1), "istio sees it, and nobody classified what it sees");
        assert_eq!(seen.teller(&ServiceId::new("lost")), Some(1));
        assert_eq!(seen.alive(), [1]);
        assert_eq!(seen.bounds()[&1]["0.5"], 2);
    }
}
