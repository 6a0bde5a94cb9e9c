//! Acts through a door that breaks: TLS ends at a proxy in front of the fake API server, and what the records say of each
//! act is compared with what the server carried out.

mod console;
mod cuts;
pub mod door;
mod random;
