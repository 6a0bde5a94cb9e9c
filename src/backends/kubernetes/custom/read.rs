//! One custom resource as it is now, past every cache.

use super::{Custom, CustomKind, target_state};
use crate::backends::kubernetes::around::Around;
use crate::backends::kubernetes::client::Clients;
use crate::backends::kubernetes::hands::without_hands;
use crate::backends::kubernetes::store::Store;
use crate::core::id::TargetId;
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::source::{SourceError, Trouble};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One `Fact::Target` with `raw`, or `Fact::Gone` when the name is free or belongs to another uid. Its pods are the
/// watched ones.
pub async fn read(
    c: &Clients,
    kind: &CustomKind,
    id: &TargetId,
    store: &Mutex<Store>,
    now: Utc,
    deadline: Duration,
) -> Result<Fact, SourceError> {
    let what = format!("read {}", id.name);
    // A cluster's own objects have no namespace.
    let within = if id.namespace.is_empty() { String::new() } else { format!("/namespaces/{}", id.namespace) };
    let path = format!("{}{within}/{}/{}", kind.path(), kind.plural, id.name);
    let object: Value = match c.get(&c.acts, &path, deadline, &what).await {
        Ok(v) => v,
        Err(e) if e.trouble == Trouble::NotFound => return Ok(Fact::Gone(id.clone())),
        Err(e) => return Err(e),
    };
    let dto = Custom::deserialize(&object).unwrap_or_default();
    let shape = || SourceError::new(Trouble::Shape, format!("to {what}: the answer is not a {}", id.kind));
    if dto.metadata.uid.as_ref().ok_or_else(shape)? != &id.uid {
        return Ok(Fact::Gone(id.clone()));
    }
    let state = {
        let store = store.lock().unwrap_or_else(PoisonError::into_inner);
        store
            .with_around(&id.uid, |around| target_state(&id.source, &dto, around, now))
            .unwrap_or_else(|| target_state(&id.source, &dto, &Around::default(), now))
    };
    let mut state = state.ok_or_else(shape)?;
    state.raw = Some(Sealed::new(json!({"object": without_hands(object)}).to_string()));
    Ok(Fact::Target(Box::new(state)))
}
