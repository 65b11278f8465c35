//! Hints that were given.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::wanted::CredType;

/// How many hints are kept.
const MANY: usize = 1024;

/// Hints that were given: a repository without a credential is asked about before every request, and a hint looks at every
/// Secret.
#[derive(Default)]
pub(super) struct Remembered {
    hints: Mutex<HashMap<(CredType, String), Option<String>>>,
}

impl Remembered {
    pub(super) fn hint(
        &self,
        cred_type: CredType,
        url: &str,
        think: impl FnOnce() -> Option<String>,
    ) -> Option<String> {
        let key = (cred_type, url.to_owned());
        let known = self.hints.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(hint) = known {
            return hint;
        }
        let hint = think();
        let mut hints = self.hints.lock().unwrap_or_else(PoisonError::into_inner);
        if hints.len() >= MANY {
            hints.clear();
        }
        hints.insert(key, hint.clone());
        hint
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remembered")
    }
}
