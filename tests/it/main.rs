//! One integration binary.
mod live;
