//! Readings of the budget for one target: what this patch spent, what burns more since it began, whether forward is the
//! way out. The arithmetic is the judge's; here is only where its figures stand in the model.

use crate::core::id::{ServiceId, TargetId};
use crate::core::judge::burn::{Burn, Burns};
use crate::core::judge::{Forward, Ripple, Spent};
use crate::core::model::Model;
use crate::core::world::figures::Signal;
use crate::core::world::target::TargetState;

/// The burn of one signal of a service.
pub fn of<'a>(model: &'a Model, service: &ServiceId, signal: Signal) -> Option<&'a Burn> {
    model.burns.get(service)?.get(signal)
}

/// Budget spent by this patch, on the signal that its verdict is made of. `None` while it does not move, without a
/// target, or where nobody knows how many requests a period has.
pub fn spent(model: &Model, t: &TargetState) -> Option<Spent> {
    let j = model.judged.get(&t.id)?;
    let slo = model.world.aim(&t.service, j.signal)?.slo;
    Spent::of(&j.verdict, &slo, of(model, &t.service, j.signal)?.in_period)
}

/// What burns more since this deploy began; `None` of nothing.
pub fn ripple<'a>(model: &'a Model, target: &TargetId) -> Option<&'a Ripple> {
    model.ripples.get(target).filter(|r| !r.risen.is_empty())
}

/// The deploy after whose start this service began to burn more, the latest.
pub fn followed<'a>(model: &'a Model, service: &ServiceId) -> Option<&'a TargetState> {
    let of = model.ripples.iter().filter(|(_, r)| r.risen.contains_key(service));
    let (id, _) = of.max_by_key(|(_, r)| r.since)?;
    model.world.targets.get(id)
}

/// Roll forward is offered above roll back.
pub fn forward(model: &Model, t: &TargetState) -> Option<Forward> {
    Forward::of(&model.judged.get(&t.id)?.verdict, model.burn(&t.service))
}

/// Over the line on 1 h and 5 m while it moves: hold it, or pull the cord.
pub fn proposes_hold(model: &Model, t: &TargetState) -> bool {
    let signals = |b: &Burns| b.all().any(|(_, b)| b.propose_hold);
    t.is_moving() && !t.held && model.burns.get(&t.service).is_some_and(signals)
}

/// Did anybody write down a target for this service, here or elsewhere?
pub fn has_target(model: &Model, service: &ServiceId) -> bool {
    Signal::ALL.into_iter().any(|s| model.world.aim(service, s).is_some())
}
