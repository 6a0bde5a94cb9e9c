//! Named states of an incident's dialogs.

use super::picture::Picture;
use super::states::at;
use super::stories::{self, worse};
use super::world::World;
use crate::core::effect::Effect;
use crate::core::model::Place;
use crate::core::msg::Msg;
use crate::core::record::{Hlc, Record};

/// What was appended becomes records, as the journal would tell.
fn recorded(w: &mut World) {
    let mut seq = w.model.casebook.taken;
    let now = w.now();
    let appended: Vec<Effect> = w.effects.drain(..).collect();
    for e in appended {
        match e {
            Effect::Append { entry, .. } => {
                seq += 1;
                let record = Record { user: "mira".into(), ..Record::of(&entry, "s", seq, Hlc(now.0, 0), now) };
                w.send(Msg::Records(vec![record]));
            }
            other => w.effects.push(other),
        }
    }
}

/// Opened from the offer.
fn opened() -> World {
    let mut w = worse();
    w.wait(1_500);
    recorded(&mut w);
    w.keys("a i").flush().wait(1_100).keys("Y");
    recorded(&mut w);
    w.wait(60_000);
    w
}

fn with(keys: &str) -> World {
    let mut w = opened();
    w.keys(keys).flush().wait(1_100);
    w
}

pub(super) fn case() -> Vec<Picture> {
    vec![
        at("incident/offered", "The first WORSE offers to open an incident; nothing opens by itself.", || {
            let mut w = worse();
            w.wait(1_500);
            w
        }),
        at("incident/sheet", "Opening it: filled in from what is known.", || {
            let mut w = worse();
            w.wait(1_500);
            recorded(&mut w);
            w.keys("a i").flush().wait(1_100);
            w
        }),
        at("incident/open-typing", "A row being typed.", || {
            let mut w = worse();
            w.wait(1_500);
            recorded(&mut w);
            w.keys("a i enter").type_text(": logins of others").flush().wait(1_100);
            w
        }),
        at("incident/open-by-hand", "Nothing hurts on record: the title is asked for.", || {
            let mut w = stories::worse_on(Place::Prod, "b");
            stories::select(&mut w, "payments");
            w.wait(1_500).keys("esc esc").wait(1_500).keys("a i").flush().wait(1_100).keys("Y");
            w
        }),
        at("incident/change", "Changing it, and ticking what no record shows.", || with("a i j j j space")),
        at("incident/close", "Closing with holes asks for a reason.", || {
            let mut w = with("a c");
            w.keys("Y");
            w
        }),
        at("incident/take-lead", "Taking the lead from somebody.", || {
            let mut w = opened();
            w.keys("a g enter").type_text("ito").keys("enter").flush().wait(1_100).keys("Y");
            recorded(&mut w);
            w.wait(60_000).keys("a l").flush().wait(1_100);
            w
        }),
        at("incident/give-lead", "Giving the lead.", || with("a g")),
        at("incident/debts", "Debts and follow-ups: see, add, pay.", || with("a d")),
        at("incident/tell", "The status text, drafted from the log; andon sends it nowhere.", || with("a n")),
        at("incident/decide", "A decision asks for its reason.", || with("d")),
        at("incident/menu", "The act menu while an incident is open.", || with("a")),
    ]
}
