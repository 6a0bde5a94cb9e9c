//! What each act key would do to the target now, how long it takes, whether it is ready. One list for the Verdict
//! screen, the act menu and the words of `--plain`. Generic reasons: a backend's plan has the last word.

use crate::core::act::able;
use crate::core::act::gate::{Gate, GateLine, GateState};
use crate::core::act::many::Group;
use crate::core::act::pick;
use crate::core::act::plan::Verb;
use crate::core::act::right;
use crate::core::age;
use crate::core::aside;
use crate::core::budget;
use crate::core::case::incident::Incident;
use crate::core::casework;
use crate::core::checks;
use crate::core::finish;
use crate::core::frozen;
use crate::core::gates;
use crate::core::intent::Intent;
use crate::core::judge::readiness::{self, CheckState};
use crate::core::judge::verdict::Word;
use crate::core::model::Model;
use crate::core::world::target::TargetState;

#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub intent: Intent,
    /// `roll back the canary to v2.14.0`
    pub label: String,
    /// `2m (median of 14)`, `now`, `--`
    pub takes: String,
    pub ready: Ready,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ready {
    Yes(String),
    /// Possible, with something to know.
    But(String),
    No(String),
}

/// The acts of a target in the order of the screen: back first.
pub fn items(model: &Model, t: &TargetState) -> Vec<Item> {
    let mut out = vec![roll_back(model, t)];
    if t.held {
        out.push(forward(model, t, Verb::Resume));
    } else {
        out.push(hold(model, t));
    }
    let mut promote = forward(model, t, Verb::Promote);
    if budget::forward(model, t).is_some() {
        // The fix must not be looked for below the fire it puts out.
        promote.label = format!("roll forward: {}", promote.label);
        out.insert(0, promote);
    } else {
        out.push(promote);
    }
    out
}

/// Every act there is, in the order of the menu: those of the target first, then the console's own. What cannot work
/// stands here with its reason. Without a target only the console's own.
pub fn all(model: &Model, t: Option<&TargetState>) -> Vec<Item> {
    let mut out = Vec::new();
    let read_only = model.environment.read_only;
    if let Some(t) = t {
        let no = |intent, label: &str, why: &str| Item {
            intent,
            label: label.into(),
            takes: "--".into(),
            ready: Ready::No(why.into()),
        };
        out = items(model, t);
        let back = out.iter().position(|i| i.intent == Intent::RollBack).map_or(0, |i| i + 1);
        out.insert(back, to_a_version(model, t));
        if t.held {
            out.insert(back + 1, no(Intent::Hold, "hold", "held already"));
        } else {
            out.push(no(Intent::Resume, "resume: let it go on", "not held"));
        }
        let again = able::again(t);
        let both = again.len() > 1;
        out.push(forward(model, t, Verb::SkipStep));
        out.extend(again.first().map(|v| forward(model, t, *v)).map(|mut i| {
            if both {
                i.label = "retry, or re-run analysis".into();
            }
            i
        }));
        out.extend([Verb::PromoteFull, Verb::Terminate, Verb::Restart].map(|v| forward(model, t, v)));
        out.push(emergency(model, t));
        let all = checks::of(model, t);
        let (before, ready) = checks::counts(&all);
        let label = format!("checklists: {} of {} known or ticked", before + ready, all.len());
        let ready = if t.candidate.is_some() { Ready::Yes(String::new()) } else { Ready::No("no version".into()) };
        out.push(Item { intent: Intent::Checklists, label, takes: "now".into(), ready });
        let worse = model.judged.get(&t.id).is_some_and(|j| j.verdict.word == Word::Worse);
        let worse = worse && !aside::on_alerts(model);
        let fires = to_ack(model);
        let ready = match (read_only, worse || fires > 0) {
            (true, _) => Ready::No("read-only".into()),
            (false, true) => Ready::Yes(String::new()),
            (false, false) => Ready::No("not worse, none fires".into()),
        };
        let label = match (worse, fires) {
            (true, _) | (false, 0) => "acknowledge: it stands no more".to_owned(),
            (false, n) => format!("acknowledge {n} alert{}", if n == 1 { "" } else { "s" }),
        };
        out.push(Item { intent: Intent::Acknowledge, label, takes: "now".into(), ready });
    }
    out.extend(cord(model));
    out.extend(asides(model));
    out.extend(case(model));
    let minutes = model.limits.arm / 60_000;
    let (label, ready) = match (read_only, model.is_armed()) {
        (true, _) => ("arm this console", Ready::No("read-only".into())),
        (false, true) => ("renew the arming", Ready::Yes(String::new())),
        (false, false) => ("arm for forward acts", Ready::Yes(String::new())),
    };
    out.push(Item { intent: Intent::Arm, label: format!("{label}, {minutes} min"), takes: "now".into(), ready });
    let ready = if model.is_armed() { Ready::Yes(String::new()) } else { Ready::No("not armed".into()) };
    out.push(Item { intent: Intent::Disarm, label: "disarm: LOOK-ONLY".into(), takes: "now".into(), ready });
    out
}

/// Alerts of what is chosen that fire and nobody has taken.
fn to_ack(model: &Model) -> usize {
    aside::chosen(model).and_then(aside::to_ack).map_or(0, |(_, all)| all.len())
}

/// Flags, silences, people, artifacts. Where no source has them they stand with that reason.
fn asides(model: &Model) -> Vec<Item> {
    let service = aside::service(model);
    let flag = aside::flags(model, service.as_ref(), true).first().map(|(_, f)| format!("flag off: {}", f.key));
    let next = aside::callable(model, service.as_ref()).first().map(|c| format!("wake {}", c.person));
    let all = [
        (Intent::FlagOff, flag.unwrap_or_else(|| "flag off".into())),
        (Intent::Silence, "silence what fires".to_owned()),
        (Intent::Wake, next.unwrap_or_else(|| "wake somebody".into())),
        (Intent::Revoke, "revoke an artifact".to_owned()),
    ];
    let item = |(intent, label): (Intent, String)| {
        let armed = intent == Intent::Revoke && model.environment.production && !model.is_armed();
        let ready = match aside::cannot(model, intent) {
            Some(why) => Ready::No(why.into()),
            None if armed => Ready::No(format!("{} arms first", model.how(Intent::Arm))),
            None => Ready::Yes(String::new()),
        };
        Item { intent, label, takes: "now".into(), ready }
    };
    all.into_iter().map(item).collect()
}

/// The cord and its release: acts on the environment.
fn cord(model: &Model) -> [Item; 2] {
    let read_only = model.environment.read_only;
    let place = frozen::place(model);
    let moving: Vec<Group> = frozen::moving(model).map(|t| frozen::list_of(model, t).0).collect();
    let of = |g: Group| moving.iter().filter(|m| **m == g).count();
    let label = match (of(Group::Will), of(Group::WorseHere)) {
        (n, 0) => format!("freeze what moves in {place} ({n})"),
        (n, worse) => format!("freeze what moves in {place} ({n}, {worse} better undone)"),
    };
    let ready = match (read_only, moving.len()) {
        (true, _) => Ready::No("read-only".into()),
        (false, 0) => Ready::No("nothing moves".into()),
        (false, _) => Ready::Yes(String::new()),
    };
    let freeze = Item { intent: Intent::Freeze, label, takes: "now".into(), ready };
    let held = frozen::holds(model).iter().filter(|(_, t)| t.is_some_and(|t| t.held)).count();
    let ready = match (read_only, held > 0 || model.cord.is_pulled(), model.is_armed()) {
        (true, ..) => Ready::No("read-only".into()),
        (_, false, _) => Ready::No("not pulled".into()),
        (_, true, false) if model.environment.production => Ready::No("arm first".into()),
        (_, true, _) => Ready::Yes(String::new()),
    };
    let label = format!("thaw: release what the cord holds ({held})");
    [freeze, Item { intent: Intent::Thaw, label, takes: "now".into(), ready }]
}

/// Acts of the incident: records, no requests.
pub fn case(model: &Model) -> Vec<Item> {
    let open = model.casebook.current();
    let id = open.map(|i| i.id.clone()).unwrap_or_default();
    let incident = if open.is_some() { format!("change {id}: title, state") } else { "open an incident".to_owned() };
    let lead = match open.map(Incident::lead) {
        Some(Some(lead)) => format!("take the lead from {lead}"),
        Some(None) | None => "take the lead".to_owned(),
    };
    let owed = model.casebook.debts.open().len() + model.casebook.follow_ups.open().len();
    let told = match open.and_then(Incident::last_told) {
        Some(t) => format!("tell stakeholders, last {} ago", age::rough(model.utc().since(t.at))),
        None => "tell stakeholders: the status text".to_owned(),
    };
    let all = [
        (Intent::OpenIncident, incident),
        (Intent::TakeLead, lead),
        (Intent::GiveLead, "give the lead".to_owned()),
        (Intent::Tell, told),
        (Intent::Debts, format!("debts and follow-ups, {owed} open")),
        (Intent::CloseIncident, format!("close {}", if id.is_empty() { "the incident" } else { &id })),
    ];
    let item = |(intent, label): (Intent, String)| {
        let ready = match casework::cannot(model, intent) {
            Some(why) => Ready::No(why.into()),
            None => Ready::Yes(String::new()),
        };
        Item { intent, label, takes: "now".into(), ready }
    };
    all.into_iter().map(item).collect()
}

/// An act of the incident, as against one on a target or on this console.
pub fn is_case(i: Intent) -> bool {
    matches!(
        i,
        Intent::OpenIncident
            | Intent::CloseIncident
            | Intent::TakeLead
            | Intent::GiveLead
            | Intent::Tell
            | Intent::Debts
    )
}

fn roll_back(model: &Model, t: &TargetState) -> Item {
    let r = readiness::of(&model.world, t, model.utc());
    let to = if t.is_moving() { t.stable_revision() } else { t.previous() };
    let rest = finish::back_to(model, &t.id, Verb::RollBack).map(|h| t.called(&h));
    let label = match to {
        _ if rest.is_some() && finish::cut(model, &t.id, Verb::RollBack).is_some() => {
            format!("finish the roll back to {}", rest.unwrap_or_default())
        }
        _ if rest.is_some() => format!("already going back to {}", rest.unwrap_or_default()),
        Some(to) if t.aborted => format!("undo to {} in the spec", t.called(&to.hash)),
        Some(to) if t.is_moving() => format!("roll back the {} to {}", t.track(), t.called(&to.hash)),
        Some(to) => format!("roll back to {}", t.called(&to.hash)),
        None => "roll back".into(),
    };
    let (ok, of) = r.count();
    let ready = match r.worst() {
        _ if model.environment.read_only => Ready::No("read-only".into()),
        _ if to.is_none() => Ready::No("no older version is kept".into()),
        None => Ready::Yes(format!("{ok}/{of}")),
        Some(c) if c.state == CheckState::Blocked => Ready::No(c.how.to_string()),
        Some(_) => Ready::But(format!("{ok}/{of} (!)")),
    };
    let takes = match r.expected {
        Some((ms, n)) => format!("{} (median of {n})", age::rough(ms)),
        None => "no history".into(),
    };
    Item { intent: Intent::RollBack, label, takes, ready }
}

fn to_a_version(model: &Model, t: &TargetState) -> Item {
    let n = pick::revisions(t).filter(|r| !pick::is_asked_for(t, &r.hash)).count();
    let ready = match n {
        _ if model.environment.read_only => Ready::No("read-only".into()),
        0 => Ready::No("none is kept".into()),
        n => Ready::Yes(format!("{n} kept")),
    };
    Item { intent: Intent::RollBackTo, label: "roll back to a chosen version".into(), takes: "--".into(), ready }
}

fn hold(model: &Model, t: &TargetState) -> Item {
    let source = model.world.sources.get(&t.id.source);
    let at = t.weight_real.map_or_else(String::new, |w| format!(" at {w}%"));
    let ready = match able::why_not(t, Verb::Hold) {
        _ if model.environment.read_only => Ready::No("read-only".into()),
        Some(why) => Ready::No(why.into()),
        None => match readiness::allowed(source, &t.id.namespace, right::right_to(t, Verb::Hold)) {
            Some(false) => Ready::But("no right".into()),
            // Over the line while it moves: what the console would do.
            Some(true) | None if budget::proposes_hold(model, t) => Ready::Yes("proposed: it burns".into()),
            Some(true) | None => Ready::Yes(String::new()),
        },
    };
    Item { intent: Intent::Hold, label: format!("hold{at} and keep watching"), takes: "now".into(), ready }
}

fn label(t: &TargetState, verb: Verb) -> String {
    match verb {
        Verb::Resume => "resume: let it go on".into(),
        Verb::Promote => promote_label(t),
        Verb::PromoteFull => "promote full: past every step left".into(),
        Verb::SkipStep => match t.step.and_then(|i| t.steps.get(i as usize)).filter(|s| s.pause.is_none()) {
            Some(s) => format!("skip step {}", s.label),
            None => "skip step".into(),
        },
        Verb::Retry => "retry: begin anew".into(),
        Verb::Rerun => "re-run analysis".into(),
        Verb::Terminate => "terminate analysis: its step passes".into(),
        Verb::Restart => "restart: new pods, same version".into(),
        Verb::Hold | Verb::RollBack => verb.word().into(),
    }
}

fn forward(model: &Model, t: &TargetState, verb: Verb) -> Item {
    let ready = if let Some(why) = t.invalid.as_ref() {
        Ready::No(format!("refused by the controller: {why}"))
    } else if let Some(why) = able::why_not(t, verb) {
        Ready::No(why.into())
    } else if model.environment.read_only {
        Ready::No("read-only".into())
    } else {
        let lines = gates::gates(model, t, verb);
        match lines.iter().find(|g| g.state.blocks()).or_else(|| lines.iter().find(|g| g.state.warns())) {
            Some(g) if g.state.blocks() => Ready::No(short(g)),
            // Said before a key is pressed in vain.
            _ if model.environment.production && !model.is_armed() => {
                let keys = model.how(Intent::Arm);
                Ready::No(format!("{keys} arms first"))
            }
            Some(g) => Ready::But(short(g)),
            None => {
                let not = lines.iter().filter(|g| g.state == GateState::NotConfigured).count();
                Ready::Yes(if not > 0 { format!("{not} not configured") } else { String::new() })
            }
        }
    };
    Item { intent: finish::intent(verb), label: label(t, verb), takes: "--".into(), ready }
}

/// Past what blocks, for a reason and four debts.
fn emergency(model: &Model, t: &TargetState) -> Item {
    let stands = || {
        let lines = gates::gates(model, t, Verb::Promote);
        lines.into_iter().find(|g| g.state == GateState::Block && g.gate.stands_in_an_emergency())
    };
    let ready = match able::why_not(t, Verb::Promote) {
        Some(why) => Ready::No(why.into()),
        None if model.environment.read_only => Ready::No("read-only".into()),
        None => match stands() {
            Some(g) => Ready::No(short(&g)),
            None if model.environment.production && !model.is_armed() => {
                Ready::No(format!("{} arms first", model.how(Intent::Arm)))
            }
            None => Ready::But("owes 4 debts".into()),
        },
    };
    let label = "emergency path: past what blocks".into();
    Item { intent: Intent::Emergency, label, takes: "--".into(), ready }
}

/// A gate in a column; its whole sentence stands in the dialog.
fn short(g: &GateLine) -> String {
    let said = g.words.split([',', ':']).next().unwrap_or_default();
    match g.gate {
        Gate::Verdict if said == "WORSE" => "worse".into(),
        Gate::Verdict | Gate::Permission => said.into(),
        Gate::Freshness => "figures old".into(),
        Gate::Cord => "frozen".into(),
        Gate::Soak => "not soaked yet".into(),
        Gate::Debts => "open debts".into(),
        Gate::Lead => "nobody leads".into(),
        Gate::Checklist => "not all ticked".into(),
        Gate::Second => "nobody else looked".into(),
        Gate::Burn
        | Gate::Observability
        | Gate::Signature
        | Gate::Build
        | Gate::Scan
        | Gate::Window
        | Gate::Shift
        | Gate::Smoke => g.gate.word().into(),
    }
}

/// `promote to 25%`: the next weight the steps ask for.
fn promote_label(t: &TargetState) -> String {
    let from = t.step.unwrap_or(0) as usize;
    let next = t.steps.iter().skip(from).filter_map(|s| s.weight).find(|w| *w != t.weight_wanted);
    match next {
        Some(w) => format!("promote to {w}%"),
        None if t.steps.is_empty() => "promote".into(),
        None => "promote to everyone".into(),
    }
}
