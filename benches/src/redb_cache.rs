//! A cache of facts in redb, to compare with: the straightforward way, one file that is open as long as its process lives.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use artifact_source::{Error, ErrorKind};
use async_trait::async_trait;
use image_source::{CacheScope, FactCache, Facts};
use oci_registry::Digest;
use redb::{Database, ReadableDatabase as _, TableDefinition};

const TABLE: TableDefinition<'_, &str, &str> = TableDefinition::new("facts");

/// Facts in redb. What was put is written when the scope is flushed.
#[derive(Debug)]
pub struct RedbCache {
    database: Database,
    waiting: Mutex<Vec<(String, String)>>,
}

impl RedbCache {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    ///
    /// Whatever redb says.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let database = Database::create(path)
            .map_err(|cause| Error::new(ErrorKind::Cache, cause.to_string()).with_cause(cause))?;
        Ok(Self { database, waiting: Mutex::default() })
    }

    fn find(&self, key: &str) -> Option<String> {
        let table = self.database.begin_read().ok()?.open_table(TABLE).ok()?;
        Some(table.get(key).ok()??.value().to_owned())
    }

    fn keep(&self, key: String, value: String) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((key, value));
    }

    fn write(&self) -> Result<(), redb::Error> {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let write = self.database.begin_write()?;
        {
            let mut table = write.open_table(TABLE)?;
            for (key, value) in &waiting {
                table.insert(key.as_str(), value.as_str())?;
            }
        }
        Ok(write.commit()?)
    }
}

fn key(scope: &CacheScope, name: &str) -> String {
    format!("{} {} {name}", scope.repository, scope.scope)
}

#[async_trait]
impl FactCache for RedbCache {
    fn get(&self, scope: &CacheScope, digest: &Digest) -> Option<Facts> {
        serde_json::from_str(&self.find(&key(scope, digest.as_str()))?).ok()
    }

    fn put(&self, scope: &CacheScope, digest: &Digest, facts: Facts) {
        if let Ok(text) = serde_json::to_string(&facts) {
            self.keep(key(scope, digest.as_str()), text);
        }
    }

    fn digest_of(&self, scope: &CacheScope, tag: &str) -> Option<Digest> {
        self.find(&key(scope, tag))?.parse().ok()
    }

    fn put_tag(&self, scope: &CacheScope, tag: &str, digest: &Digest) {
        self.keep(key(scope, tag), digest.to_string());
    }

    async fn flush(&self, _: &CacheScope) {
        // A cache that fails only makes the next look cost more.
        let _ = self.write();
    }
}
