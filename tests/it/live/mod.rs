//! Tests against real servers. They are ignored unless asked for (`cargo test --test it live:: -- --ignored`) and fail
//! without the lab: `eval "$(tests/lab/up)"; tests/lab/seed`.

mod kube;
