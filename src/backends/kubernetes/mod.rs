//! Argo Rollouts through the Kubernetes API.

mod dto;
mod lenient;
mod phase;
mod store;
mod wire;
#[cfg(test)]
mod wire_tests;

/// A recorded file, parsed.
#[cfg(test)]
fn fixture<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = format!(
        "{}/src/backends/kubernetes/fixtures/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).expect(&path);
    serde_json::from_str(&text).expect(&path)
}
