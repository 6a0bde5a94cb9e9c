pub mod kubernetes;
pub mod net;
pub mod prometheus;
pub mod sim;
