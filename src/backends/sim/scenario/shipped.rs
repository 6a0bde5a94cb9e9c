//! The scenarios inside the program. A new one is a file in `scenarios/` and a line here.

/// By name, in the order in which they are told.
pub const EMBEDDED: [(&str, &str); 24] = [
    ("f1", include_str!("../../../../scenarios/f1.toml")),
    ("calm", include_str!("../../../../scenarios/calm.toml")),
    ("f2", include_str!("../../../../scenarios/f2.toml")),
    ("f3", include_str!("../../../../scenarios/f3.toml")),
    ("f4", include_str!("../../../../scenarios/f4.toml")),
    ("f5", include_str!("../../../../scenarios/f5.toml")),
    ("f6", include_str!("../../../../scenarios/f6.toml")),
    ("f7", include_str!("../../../../scenarios/f7.toml")),
    ("f8", include_str!("../../../../scenarios/f8.toml")),
    ("s1", include_str!("../../../../scenarios/s1.toml")),
    ("s2", include_str!("../../../../scenarios/s2.toml")),
    ("s3", include_str!("../../../../scenarios/s3.toml")),
    ("s4", include_str!("../../../../scenarios/s4.toml")),
    ("b1", include_str!("../../../../scenarios/b1.toml")),
    ("b2", include_str!("../../../../scenarios/b2.toml")),
    ("b3", include_str!("../../../../scenarios/b3.toml")),
    ("b4", include_str!("../../../../scenarios/b4.toml")),
    ("b5", include_str!("../../../../scenarios/b5.toml")),
    ("story-library", include_str!("../../../../scenarios/story-library.toml")),
    ("story-login", include_str!("../../../../scenarios/story-login.toml")),
    ("edge-peak", include_str!("../../../../scenarios/edge-peak.toml")),
    ("edge-half", include_str!("../../../../scenarios/edge-half.toml")),
    ("edge-stateful", include_str!("../../../../scenarios/edge-stateful.toml")),
    ("edge-registry", include_str!("../../../../scenarios/edge-registry.toml")),
];
