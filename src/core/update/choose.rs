//! Rows that are chosen by their place: contexts of the first list, and the source one looks at first.

use crate::core::effect::{Choice, Effect};
use crate::core::key::{Code, Key};
use crate::core::model::Model;
use crate::core::world::source::{Link, SourceState};

/// `1` to `9` look at a context of the first list at once.
pub(super) fn digit(model: &mut Model, key: Key, out: &mut Vec<Effect>) -> bool {
    let Code::Char(c @ '1'..='9') = key.code else { return false };
    if key.ctrl || key.alt {
        return false;
    }
    let at = c.to_digit(10).unwrap_or(1) as usize - 1;
    let Some(context) = model.contexts.get(at) else { return false };
    out.push(Effect::Choose(Choice::Context(context.name.clone())));
    model.nav.choose_row = at;
    true
}

pub(super) fn row(model: &mut Model, by: i64) {
    let last = model.contexts.len() as i64;
    model.nav.choose_row = (model.nav.choose_row as i64 + by).clamp(0, last) as usize;
}

/// What failed is looked at first, then what is oldest against its limit: that is why one comes here.
pub(super) fn worst_source(model: &Model) -> usize {
    let now = model.utc();
    let strain = |s: &SourceState| {
        let old = s.confirmed.map(|at| now.since(at) > s.old_after_ms);
        match s.link {
            Link::Failed(_) => 2,
            Link::Connecting | Link::Reading { .. } | Link::Watching | Link::Polling => u8::from(old == Some(true)),
        }
    };
    // Of equal ones the first.
    let by_strain = model.world.sources.values().enumerate().max_by_key(|(i, s)| (strain(s), std::cmp::Reverse(*i)));
    by_strain.filter(|(_, s)| strain(s) > 0).map_or(0, |(i, _)| i)
}
