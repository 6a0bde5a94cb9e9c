//! The few fields of a Canary that are read, all optional.

use crate::backends::kubernetes::dto::Meta;
use serde::Deserialize;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Canary {
    pub metadata: Meta,
}
