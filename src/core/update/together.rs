//! The other consoles on this log: who is in and on what.

use crate::core::case::people::Present;
use crate::core::model::Model;

pub(super) fn people(model: &mut Model, people: Vec<Present>) {
    if model.people != people {
        model.people = people;
        super::bump(model);
    }
}
