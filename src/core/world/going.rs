//! How far a change has gone, in the words of its strategy: `canary 10% 2/5`, `rolling 7 of 12`, `partition 2 of 5`. For
//! the Board's column, for dialogs and for lines that are listened to, so that all of them say the same.

use super::target::{Phase, Strategy, TargetState};

impl TargetState {
    /// What people call the new version's part.
    pub fn track(&self) -> &'static str {
        match self.strategy {
            Strategy::Canary => "canary",
            Strategy::BlueGreen => "preview",
            Strategy::AbTest => "test group",
            Strategy::Rolling | Strategy::Ordered | Strategy::PerNode | Strategy::Reconciled | Strategy::Other(_) => {
                "new version"
            }
        }
    }

    /// Neither the source nor a step says what share the candidate should have or has: that is not 0 %.
    pub fn weight_is_known(&self) -> bool {
        self.weight_real.is_some() || self.weight_wanted > 0 || !self.steps.is_empty()
    }

    /// Pods of the new version that are ready.
    fn updated(&self) -> u32 {
        self.candidate_revision().map_or(0, |r| r.replicas.ready)
    }

    /// What it does, for a column: `canary 10% 2/5`, `held at 10%`, `aborted`, `rolling 7 of 12`, `preview ready`,
    /// `partition 2 of 5`, `gate promotion`.
    pub fn going(&self) -> String {
        if !self.is_moving() {
            if self.detail.restarting {
                return "restarting".into();
            }
            return match &self.phase {
                Phase::Healthy => "steady".into(),
                other => other.word().to_owned(),
            };
        }
        let weight = self.weight_real.unwrap_or(self.weight_wanted);
        let of = self.wanted;
        match &self.strategy {
            Strategy::Canary | Strategy::Other(_) => self.weighted(weight),
            Strategy::BlueGreen => {
                let switched = self.detail.colours.as_ref().is_some_and(|c| c.active == self.candidate);
                match () {
                    () if self.aborted && switched => "aborting, still live".into(),
                    () if self.aborted => "aborted".into(),
                    () if switched => "switched".into(),
                    () if self.held => "held preview".into(),
                    () if self.detail.flagger.is_some() => self.iterations("preview"),
                    () if of > 0 && self.updated() >= of => "preview ready".into(),
                    () => format!("preview {} of {of}", self.updated()),
                }
            }
            Strategy::AbTest => self.iterations("A/B"),
            Strategy::Rolling => {
                format!("{} {} of {of}", if self.held { "held" } else { "rolling" }, self.updated())
            }
            Strategy::Ordered => match self.detail.partition.filter(|p| *p > 0) {
                Some(p) => format!("partition {p} of {of}"),
                None => format!("ordered {} of {of}", self.updated()),
            },
            Strategy::PerNode => format!("nodes {} of {of}", self.updated()),
            Strategy::Reconciled => "reconciling".into(),
        }
    }

    fn weighted(&self, weight: u8) -> String {
        if self.aborted {
            return if weight == 0 { "aborted".into() } else { format!("aborting {weight}%") };
        }
        if let Some(gate) = self.hook() {
            return gate;
        }
        let step = self.step.filter(|_| !self.steps.is_empty()).map(|s| format!(" {}/{}", s, self.steps.len()));
        let word = if self.held { "held" } else { self.track() };
        if !self.weight_is_known() {
            return word.into();
        }
        format!("{word} {weight}%{}", step.unwrap_or_default())
    }

    /// Flagger waits at a webhook: its weight says 0 then, which is not so (kubernetes-rollouts 4.3).
    fn hook(&self) -> Option<String> {
        let f = self.detail.flagger.as_ref().filter(|_| !self.aborted)?;
        match &*f.phase {
            "Waiting" => Some("gate rollout".into()),
            "WaitingPromotion" => Some("gate promotion".into()),
            _ => None,
        }
    }

    fn iterations(&self, word: &str) -> String {
        if self.aborted {
            return "aborted".into();
        }
        if let Some(gate) = self.hook() {
            return gate;
        }
        let word = if self.held { "held" } else { word };
        match self.detail.flagger.as_ref().and_then(|f| f.iteration.zip(f.iterations)) {
            Some((n, of)) => format!("{word} {n} of {of}"),
            None => word.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Utc;
    use crate::core::world::detail::{Colours, Flagger};
    use crate::core::world::target::Replicas;
    use crate::testkit::canary::Canary;

    fn of(strategy: Strategy) -> TargetState {
        let mut t = Canary::new("auth", "eu-1").state(Utc(1_000_000), 1);
        (t.strategy, t.steps, t.step, t.gate) = (strategy, Vec::new(), None, None);
        (t.weight_real, t.weight_wanted, t.wanted) = (None, 0, 12);
        t.revisions[0].replicas = Replicas { wanted: 12, existing: 9, ready: 7, available: 7 };
        t
    }

    #[test]
    fn each_strategy_has_its_own_words() {
        assert_eq!(of(Strategy::Rolling).going(), "rolling 7 of 12");
        assert_eq!(TargetState { held: true, ..of(Strategy::Rolling) }.going(), "held 7 of 12");
        assert_eq!(of(Strategy::Ordered).going(), "ordered 7 of 12");
        assert_eq!(of(Strategy::PerNode).going(), "nodes 7 of 12");
        assert_eq!(of(Strategy::BlueGreen).going(), "preview 7 of 12");
        assert_eq!(of(Strategy::Reconciled).going(), "reconciling");
        let mut t = of(Strategy::Ordered);
        t.detail.partition = Some(2);
        assert_eq!(t.going(), "partition 2 of 12");
        let mut t = of(Strategy::BlueGreen);
        t.revisions[0].replicas.ready = 12;
        assert_eq!(t.going(), "preview ready");
        t.detail.colours = Some(Colours { active: t.candidate.clone(), ..Colours::default() });
        assert_eq!(t.going(), "switched");
        t.aborted = true;
        assert_eq!(t.going(), "aborting, still live", "an abort after the switch has not sent anybody back yet");
        let mut t = of(Strategy::AbTest);
        t.detail.flagger = Some(Flagger { iteration: Some(3), iterations: Some(10), ..Flagger::default() });
        assert_eq!(t.going(), "A/B 3 of 10");
    }

    #[test]
    fn a_flagger_gate_is_never_nought_percent() {
        let mut t = of(Strategy::Canary);
        t.weight_real = Some(0);
        t.detail.flagger = Some(Flagger { phase: "WaitingPromotion".into(), ..Flagger::default() });
        assert_eq!(t.going(), "gate promotion");
        t.aborted = true;
        assert_eq!(t.going(), "aborted");
    }

    #[test]
    fn nothing_moves_in_its_phase() {
        let mut t = Canary::steady("auth", "eu-1").state(Utc(1_000_000), 1);
        assert_eq!(t.going(), "steady");
        t.phase = Phase::Degraded;
        assert_eq!(t.going(), "degraded");
        t.detail.restarting = true;
        assert_eq!(t.going(), "restarting");
    }
}
