//! Acts: what an operator may do, what must still be true when it goes out, and how it settles.

pub mod able;
pub mod compare;
pub mod cord;
pub mod dialog;
pub mod expect;
pub mod flight;
pub mod gate;
pub mod hand;
pub mod identity;
pub mod many;
pub mod mark;
pub mod pick;
pub mod plan;
pub mod right;
pub mod rules;
pub mod sheet;
pub mod side;
pub mod stuck;
