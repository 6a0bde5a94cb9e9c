//! The incident log as readers meet it: attacked, of earlier versions, and as docs/log-format.md says it.

mod attack;
mod kept;
mod page;
