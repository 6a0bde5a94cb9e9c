//! What network backends share: a client with limits, the call budget, backoff and the poll grid. It knows HTTP and
//! our source errors; it must not know any server's dialect.

pub mod access;
pub mod backoff;
pub mod body;
pub mod budget;
pub mod client;
pub mod date;
pub mod poll;
pub mod secret;

#[cfg(test)]
mod tests;

pub use access::{Access, Basic, HeaderFrom, Identity};
pub use backoff::Backoff;
pub use budget::Budget;
pub use client::{Answer, Client, Endpoint};
pub use secret::TokenFrom;

/// Total time of a request when the caller has no better idea (limits.md section 4).
pub const REQUEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);
