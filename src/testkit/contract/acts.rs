//! The clauses about planning and sending.

use super::{LONG, Loss, Part, Subject, applies, cx};
use crate::backends::{Backend, Query};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Outcome, Plan, RefusedBy, Request, Step, Ticket, Verb};
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::target::TargetState;
use crate::testkit::Canary;
use std::time::Duration;

pub(super) async fn read(b: &dyn Backend, op: &Operation) -> Result<TargetState, String> {
    let facts = b.ask(&Query::Read(op.target.clone()), &cx(LONG)).await.map_err(|e| format!("{e:?}"))?;
    match facts.into_iter().next() {
        Some(Fact::Target(t)) if t.raw.is_some() => Ok(*t),
        other => Err(format!("a read answered {other:?}")),
    }
}

/// The same read gives the same plan, from any instance; look-only sources say so.
pub(super) async fn plan(s: &dyn Subject) -> Result<(), String> {
    let (a, b) = (s.backend(), s.backend());
    let op = s.operation();
    if !applies(s, Part::Acts, op.is_some())? {
        let seen = Canary::new("checkout", "eu-1").state(Utc(0), 1);
        for verb in [Verb::RollBack, Verb::Promote, Verb::Hold, Verb::Resume] {
            let got = a.plan(&Operation::new(verb, seen.id.clone()), &seen);
            if got != Err(CannotBecause::ReadOnly) {
                return Err(format!("it only looks, and plans: {got:?}"));
            }
        }
        return Ok(());
    }
    let Some(op) = op else { return Ok(()) };
    let seen = read(&*a, &op).await?;
    let one: Plan = a.plan(&op, &seen).map_err(|e| e.to_string())?;
    for again in [a.plan(&op, &seen), b.plan(&op, &seen)] {
        if again.as_ref() != Ok(&one) {
            return Err(format!("another plan from the same read: {again:?}"));
        }
    }
    if one.steps.is_empty() {
        return Err("a plan without a step".into());
    }
    let mut other = seen.clone();
    other.id.uid = "another".into();
    if a.plan(&op, &other).is_ok() {
        return Err("planned for a target with another uid".into());
    }
    Ok(())
}

/// A write is sent once, whatever becomes of its answer, and the outcome never says more than is known. Sent again by
/// a person's mistake, its own guards refuse it.
pub(super) async fn once(s: &dyn Subject) -> Result<(), String> {
    let op = s.operation();
    if !applies(s, Part::Acts, op.is_some())? {
        let b = s.backend();
        let before = s.writes();
        let outcome = b.send(&a_step(), Ticket(1), &cx(500)).await;
        let refused = matches!(&outcome, Outcome::Refused(r) if r.kind == RefusedBy::NotSent);
        return match (refused, s.writes() - before) {
            (true, 0) => Ok(()),
            (_, n) => Err(format!("it only looks, and {n} requests went out: {outcome:?}")),
        };
    }
    let Some(op) = op else { return Ok(()) };
    replayed(s, &op).await?;
    let mut ways = vec![Loss::Before];
    ways.extend([0, 1, 12, 17, 60, 150, 400].map(Loss::After));
    // Last: what is given up may still be read by the far side a moment later.
    ways.push(Loss::Silence);
    for how in ways {
        s.provoke(super::Provoke::Nothing);
        let b = s.backend();
        let seen = read(&*b, &op).await?;
        let p = b.plan(&op, &seen).map_err(|e| e.to_string())?;
        let (before, done) = (s.writes(), s.carried_out());
        if !applies(s, Part::Loss, s.lose(how))? {
            return Ok(());
        }
        let outcome = b.send(&p.steps[0], Ticket(1), &cx(if how == Loss::Silence { 300 } else { LONG })).await;
        // A second try would come soon after.
        tokio::time::sleep(Duration::from_millis(60)).await;
        let (sent, did) = (s.writes() - before, s.carried_out() - done);
        if sent > 1 {
            return Err(format!("{how:?}: sent {sent} times"));
        }
        let honest = match &outcome {
            Outcome::Unknown { .. } => true,
            Outcome::Accepted { .. } => did == 1,
            Outcome::Refused(r) => did == 0 && (r.kind != RefusedBy::NotSent || sent == 0),
        };
        if !honest {
            return Err(format!("{how:?}: carried out {did}, but {outcome:?}"));
        }
    }
    s.provoke(super::Provoke::Nothing);
    Ok(())
}

/// The step that releases a gate, sent twice: the second finds that its guard no longer holds.
async fn replayed(s: &dyn Subject, op: &Operation) -> Result<(), String> {
    let op = Operation { verb: Verb::Promote, ..op.clone() };
    let b = s.backend();
    let seen = read(&*b, &op).await?;
    let p = b.plan(&op, &seen).map_err(|e| e.to_string())?;
    let (before, done) = (s.writes(), s.carried_out());
    let first = b.send(&p.steps[0], Ticket(1), &cx(LONG)).await;
    if !matches!(first, Outcome::Accepted { .. }) || s.carried_out() - done != 1 || s.writes() - before != 1 {
        return Err(format!("a healthy server, and {first:?}"));
    }
    let second = b.send(&p.steps[0], Ticket(2), &cx(LONG)).await;
    if !matches!(&second, Outcome::Refused(r) if r.kind == RefusedBy::Guard) || s.carried_out() - done != 1 {
        return Err(format!("the same step again: {second:?}"));
    }
    Ok(())
}

/// Some step, for backends that must not send any.
fn a_step() -> Step {
    let body = r#"[{"op":"add","path":"/status/abort","value":true}]"#;
    Step {
        title: "abort".into(),
        request: Request {
            method: "PATCH".into(),
            path: "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/checkout/status?fieldManager=andon".into(),
            content_type: "application/json-patch+json".into(),
            shown: body.into(),
            body: Sealed::new(body),
        },
        guards: Vec::new(),
        wait_first: None,
        seen_when: Expect::AbortedIs(true),
        done_when: Expect::AbortedIs(true),
        refused_when: None,
        done_words: "it is aborted".into(),
        seen_by: 1_000,
        closes: false,
        settled_by: 1_000,
    }
}
