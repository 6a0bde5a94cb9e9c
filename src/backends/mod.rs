pub mod net;
pub mod sim;
pub mod kubernetes;
pub mod prometheus;
