//! A body that only `send` (and a backend's own `plan`) opens. On the tape and in the log stands its SHA-256.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;

/// Bytes that may hold secrets (environment values in templates). No Debug of the content, none on the tape.
#[derive(Clone)]
pub struct Sealed {
    sha256: Arc<str>,
    body: Option<Arc<str>>,
}

impl Sealed {
    pub fn new(body: impl Into<Arc<str>>) -> Sealed {
        let body = body.into();
        Sealed { sha256: sha256_hex(body.as_bytes()).into(), body: Some(body) }
    }

    /// Lower-case hex SHA-256 of the true body.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The true body; `None` when this came from a tape. Backends only (a test holds that).
    pub fn unseal(&self) -> Option<&str> {
        self.body.as_deref()
    }
}

/// Lower-case hex SHA-256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut s, b| {
        // Writing to a String cannot fail.
        let _ = write!(s, "{b:02x}");
        s
    })
}

impl PartialEq for Sealed {
    fn eq(&self, other: &Sealed) -> bool {
        self.sha256 == other.sha256
    }
}
impl Eq for Sealed {}
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sealed({})", self.sha256.get(..12).unwrap_or(&self.sha256))
    }
}
impl Serialize for Sealed {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.sha256)
    }
}
impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Sealed, D::Error> {
        Ok(Sealed { sha256: Arc::<str>::deserialize(d)?, body: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_body_never_shows_itself() {
        let s = Sealed::new("password=hunter2");
        let shown = format!("{s:?} {}", serde_json::to_string(&s).expect("json"));
        assert!(!shown.contains("hunter2"), "{shown}");
        let back: Sealed = serde_json::from_str(&serde_json::to_string(&s).expect("json")).expect("json");
        assert_eq!(back, s);
        assert_eq!(back.unseal(), None);
    }
}
