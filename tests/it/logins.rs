//! Logging in as kubectl does, and as whom: certificates, plugins, token files, proxies, an identity of its own for acts,
//! a cluster that is not the one it was.

mod screen;
mod ways;
mod whom;
