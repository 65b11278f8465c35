//! How many packs of one tenant are resolved at once: each may take the memory of its largest object twice.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use artifact_http::Tenant;
use artifact_source::{Error, lock};

use crate::transport::Interrupt;

/// The packs of one tenant that are resolved at once, in the whole process.
const MOST: usize = 2;
/// How often one that waits looks.
const PAUSE: Duration = Duration::from_millis(5);

static RESOLVED: LazyLock<Mutex<HashMap<Tenant, usize>>> = LazyLock::new(Mutex::default);

/// The right to resolve a pack, until it is dropped.
pub(crate) struct Resolution(Tenant);

impl Resolution {
    /// Waits for the right to resolve a pack of the tenant of this discovery. Blocks.
    ///
    /// # Errors
    ///
    /// That of the interrupt, once the discovery is stopped.
    pub(crate) fn begin(interrupt: &Interrupt) -> Result<Self, Error> {
        let tenant = interrupt.tenant();
        while !interrupt.is_stopped() {
            {
                let mut resolved = lock(&RESOLVED);
                let count = resolved.entry(tenant.clone()).or_default();
                if *count < MOST {
                    *count += 1;
                    return Ok(Self(tenant.clone()));
                }
            }
            std::thread::sleep(PAUSE);
        }
        Err(interrupt.stopped_error())
    }
}

impl Drop for Resolution {
    fn drop(&mut self) {
        let mut resolved = lock(&RESOLVED);
        if let Some(count) = resolved.get_mut(&self.0) {
            *count -= 1;
            if *count == 0 {
                resolved.remove(&self.0);
            }
        }
    }
}
