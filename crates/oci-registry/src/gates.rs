//! The gates and doors that a client knows.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use artifact_http::{Credential, Origin};

use crate::door::Door;
use crate::gate::Gate;
use crate::place::Place;

/// How many are kept before those that nobody stands at are forgotten.
const MANY: usize = 4096;

/// The gates of all repositories that a client talks to, and the doors of their registries.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    gates: HashMap<(Origin, String, Option<Credential>), Arc<Gate>>,
    doors: HashMap<(Origin, Option<Credential>), Arc<Door>>,
}

impl Gates {
    /// The gate of this repository for whoever holds this credential.
    pub(crate) fn at(&self, place: &Place, credential: Option<Credential>) -> Arc<Gate> {
        let Known { gates, doors } = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forget_idle(gates);
        // After the gates, as each holds its door.
        forget_idle(doors);
        let origin = Origin::of(&place.base);
        let key = (origin.clone(), place.name.repository().to_owned(), credential.clone());
        let gate = gates.entry(key).or_insert_with(|| {
            let door = doors.entry((origin, credential)).or_default();
            Arc::new(Gate::behind(Arc::clone(door)))
        });
        Arc::clone(gate)
    }
}

fn forget_idle<K: Eq + Hash, V>(known: &mut HashMap<K, Arc<V>>) {
    if known.len() >= MANY {
        known.retain(|_, one| Arc::strong_count(one) > 1);
    }
}
