//! Side acts on the drill's desk: the request of each, made here alone, and what it changes. As a real source would it
//! checks again when the request comes: the world may have moved since the dialog was made. When somebody who was called
//! answers is the scenario's matter.

use super::World;
use super::object::refused;
use crate::core::act::plan::{CannotBecause, Outcome, RefusedBy, Request};
use crate::core::act::side::{SILENCE_MOST_MS, SideAct, SidePlan};
use crate::core::alerts;
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use crate::core::words::on_word;
use crate::core::world::alert::{Alert, Alerts, Matcher, Silence};
use crate::core::world::beside::Call;
use crate::core::world::fact::Fact;
use serde_json::{Value, json};
use std::sync::Arc;

/// Milliseconds a request takes there.
const TOOK_MS: u32 = 35;

/// Of patterns only the alternatives that people write: `a|b`, `.*`, `.+`.
fn condition(a: &Alert, m: &Matcher) -> bool {
    alerts::matches(a, std::slice::from_ref(m)).unwrap_or_else(|| {
        let value = alerts::label(a, &m.label).unwrap_or_default();
        let fits = m.value.split('|').any(|v| v == value || v == ".*" || (v == ".+" && !value.is_empty()));
        fits == m.equal
    })
}

fn matchers(all: &[Matcher]) -> Value {
    let one = |m: &Matcher| json!({"name": m.label, "value": m.value, "isRegex": m.regex, "isEqual": m.equal});
    all.iter().map(one).collect()
}

impl World {
    /// Everything on the desk as it is now.
    pub fn beside_now(&self) -> Vec<Fact> {
        if self.desk_name.is_some() { self.desk.facts() } else { Vec::new() }
    }

    /// The request of a side act.
    ///
    /// # Errors
    /// There is no desk, or what the act is about is not there.
    pub fn side_plan(&self, act: &SideAct) -> Result<SidePlan, CannotBecause> {
        let Some(source) = self.desk_name.clone() else { return Err(CannotBecause::ReadOnly) };
        let by = &self.scenario().user;
        let mut not_undone: Vec<Arc<str>> = Vec::new();
        let mut cautions: Vec<Arc<str>> = Vec::new();
        let (path, body, sentence, done) = match act {
            SideAct::Ack { alerts } => {
                if alerts.is_empty() {
                    return Err(CannotBecause::NotNow("nothing here waits to be acknowledged".into()));
                }
                if !alerts.iter().all(|id| self.desk.alerts.all.iter().any(|a| a.id == *id)) {
                    return Err(CannotBecause::Gone);
                }
                not_undone.push("They go on firing until what they watch is well again.".into());
                let n = alerts.len();
                let sentence =
                    format!("The pager stops calling for {}.", if n == 1 { "it".into() } else { format!("these {n}") });
                (
                    "/alerts/ack".to_owned(),
                    json!({"ids": alerts, "by": by}),
                    sentence,
                    "each has a name beside it".to_owned(),
                )
            }
            SideAct::Silence { matchers: m, until, why } => {
                self.may_silence(m, *until)?;
                let n = self.desk.alerts.all.iter().filter(|a| a.firing && alerts::matches(a, m) == Some(true)).count();
                not_undone.push("What they watch goes on as it is; nobody is called for it meanwhile.".into());
                let body = json!({"matchers": matchers(m), "startsAt": self.now().rfc3339(), "endsAt": until.rfc3339(),
                    "createdBy": by, "comment": why});
                let sentence = match n {
                    1 => format!(
                        "Nobody hears of the 1 that fires now, nor of new ones like it, until {}Z.",
                        until.hms()
                    ),
                    _ => {
                        format!("Nobody hears of {n} that fire now, nor of new ones like them, until {}Z.", until.hms())
                    }
                };
                ("/silences".to_owned(), body, sentence, "the silence is listed with its end".to_owned())
            }
            SideAct::EndSilence { id } => {
                if !self.desk.alerts.silences.iter().any(|s| s.id == *id && s.until > self.now()) {
                    return Err(CannotBecause::NotNow("that silence has ended already".into()));
                }
                let sentence = "What it hides is heard again at once.".to_owned();
                (format!("/silence/{id}"), json!({"by": by}), sentence, "the silence is listed no more".to_owned())
            }
            SideAct::FlagOff { key } | SideAct::FlagOn { key } => {
                let on = matches!(act, SideAct::FlagOn { .. });
                let Some(flag) = self.desk.flags.iter().find(|f| f.key == *key) else {
                    return Err(CannotBecause::Gone);
                };
                if flag.on == on {
                    return Err(CannotBecause::NotNow(format!("it is {} already", on_word(on)).into()));
                }
                let share = flag.share.map(|s| format!(" (now {:.0}%)", s * 100.0)).unwrap_or_default();
                let sentence = if on {
                    "Its users get the new behaviour from their next request on.".to_owned()
                } else {
                    format!("Nobody gets it any more from the next request on{share}.")
                };
                if !on {
                    not_undone.push("What was written while it was on stays as it is.".into());
                }
                (
                    format!("/flags/{key}"),
                    json!({"on": on, "by": by}),
                    sentence,
                    format!("the flag reads {}", on_word(on)),
                )
            }
            SideAct::Wake { team, person, why } => {
                let Some(on_call) = self.desk.teams.iter().find(|t| t.team == *team) else {
                    return Err(CannotBecause::Gone);
                };
                let Some(level) = on_call.levels.iter().position(|l| l.person == *person) else {
                    return Err(CannotBecause::Gone);
                };
                if self.desk.calls.iter().any(|c| c.team == *team && c.person == *person && c.answered.is_none()) {
                    cautions.push(format!("{person} is being called already and has not answered").into());
                }
                let sentence = format!("{person} is called now, as level {} of {}.", level + 1, on_call.levels.len());
                not_undone.push("A call cannot be taken back.".into());
                let body = json!({"team": team, "person": person, "why": why, "by": by});
                ("/calls".to_owned(), body, sentence, "the call is listed; then, that it was answered".to_owned())
            }
            SideAct::Tell { audience, text } => {
                not_undone.push("What was sent cannot be taken back.".into());
                let sentence = format!("{audience} get this text.");
                ("/status".to_owned(), json!({"to": audience, "text": text, "by": by}), sentence, String::new())
            }
            SideAct::Revoke { service, version, digest, why } => {
                let found = self.desk.artifacts.iter().find(|a| a.service == *service && a.version == *version);
                let Some(artifact) = found else { return Err(CannotBecause::Gone) };
                if let Some(by) = &artifact.revoked {
                    return Err(CannotBecause::NotNow(format!("it is revoked already: {by}").into()));
                }
                if artifact.digest != *digest {
                    return Err(CannotBecause::Different("another image has this version by now".into()));
                }
                not_undone.push("Pods that run it go on running: roll back or restart them.".into());
                let body = json!({"service": service, "version": version, "digest": digest, "reason": why, "by": by});
                let sentence = "No new pod starts with it, anywhere.".to_owned();
                ("/artifacts/revoked".to_owned(), body, sentence, "the artifact reads revoked".to_owned())
            }
        };
        let method = if matches!(act, SideAct::EndSilence { .. }) { "DELETE" } else { "POST" };
        let text: Arc<str> = body.to_string().into();
        let request = Request {
            method: method.into(),
            path: path.into(),
            content_type: "application/json".into(),
            shown: text.clone(),
            body: Sealed::new(text),
        };
        let (sentence, done_words) = (sentence.into(), done.into());
        Ok(SidePlan { act: act.clone(), source, sentence, request, not_undone, cautions, done_words })
    }

    fn may_silence(&self, m: &[Matcher], until: Utc) -> Result<(), CannotBecause> {
        let lasts = until.since(self.now());
        if m.is_empty() || lasts <= 0 || lasts > SILENCE_MOST_MS + 60_000 {
            return Err(CannotBecause::NotNow("a silence needs a condition and an end within 24 hours".into()));
        }
        Ok(())
    }

    /// Carries one out.
    pub fn side(&mut self, plan: &SidePlan) -> Outcome {
        let now = self.now();
        let by: Arc<str> = Arc::from(&*self.scenario().user);
        if plan.request.body.unseal().is_none() {
            return Outcome::Refused(refused(
                RefusedBy::NotSent,
                0,
                "this plan was read from a tape and cannot be sent",
            ));
        }
        // What cannot be planned any more cannot be done either.
        if let Err(why) = self.side_plan(&plan.act) {
            return Outcome::Refused(refused(RefusedBy::Guard, 409, &why.to_string()));
        }
        let desk = &mut self.desk;
        match &plan.act {
            SideAct::Ack { alerts } => {
                for a in desk.alerts.all.iter_mut().filter(|a| alerts.contains(&a.id) && a.acked.is_none()) {
                    a.acked = Some((by.clone(), now));
                }
            }
            SideAct::Silence { matchers, until, why } => {
                let id: Arc<str> = format!("sil-{}", desk.alerts.silences.len() + 1).into();
                let (matchers, why) = (matchers.clone(), why.clone());
                desk.alerts.silences.push(Silence { id, matchers, from: now, until: *until, by, why });
            }
            SideAct::EndSilence { id } => {
                desk.alerts.silences.retain(|s| s.id != *id);
            }
            SideAct::FlagOff { key } | SideAct::FlagOn { key } => {
                let on = matches!(plan.act, SideAct::FlagOn { .. });
                for f in desk.flags.iter_mut().filter(|f| f.key == *key) {
                    (f.on, f.changed, f.by) = (on, Some(now), Some(by.clone()));
                }
            }
            SideAct::Wake { team, person, why } => {
                let (team, person, why) = (team.clone(), person.clone(), why.clone());
                desk.calls.push(Call { team, person, at: now, answered: None, why });
            }
            SideAct::Tell { text, .. } => desk.told.push((now, text.clone())),
            SideAct::Revoke { service, version, why, .. } => {
                let said: Arc<str> = if why.is_empty() { by } else { format!("{by}: {why}").into() };
                for a in desk.artifacts.iter_mut().filter(|a| a.service == *service && a.version == *version) {
                    a.revoked = Some(said.clone());
                }
            }
        }
        self.tell_desk();
        Outcome::Accepted { generation: None, version: None, took_ms: TOOK_MS }
    }

    /// What each silence hides as of now: those that ended hide nothing any more, new alerts are hidden by those that hold.
    /// True: something changed.
    pub(super) fn hush(&mut self) -> bool {
        let now = self.now();
        let Alerts { all, silences } = &mut self.desk.alerts;
        let mut any = false;
        for a in all {
            let hides = |s: &&Silence| {
                alerts::holds(s, now) && !s.matchers.is_empty() && s.matchers.iter().all(|m| condition(a, m))
            };
            let hidden: Vec<Arc<str>> = silences.iter().filter(hides).map(|s| s.id.clone()).collect();
            any |= hidden != a.silenced;
            a.silenced = hidden;
        }
        any
    }

    /// Puts something on the desk, as a scenario would, and tells it.
    pub fn set_desk(&mut self, put: impl FnOnce(&mut super::desk::Desk)) {
        put(&mut self.desk);
        self.tell_desk();
    }
}
