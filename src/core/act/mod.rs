//! Acts: what an operator may do, what must still be true when it goes out, and how it settles.

pub mod plan;
