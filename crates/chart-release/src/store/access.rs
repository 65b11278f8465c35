//! The objects of a store, each operation bounded in time and with its place in what it says.

use std::sync::Arc;

use artifact_source::{Clock, Error, ErrorKind, SystemClock};
use bytes::Bytes;

use super::keepers::Keepers;
use super::limits::StoreLimits;

use super::object::{Condition, ListedObject, Object, ObjectStorage, PutOutcome};

#[derive(Clone, Debug)]
pub(super) struct Access {
    name: Arc<str>,
    pub(super) objects: Arc<dyn ObjectStorage>,
    pub(super) limits: StoreLimits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keepers: Keepers,
}

impl Access {
    pub(super) fn new(name: String, objects: Arc<dyn ObjectStorage>, limits: StoreLimits) -> Self {
        Self { name: name.into(), objects, limits, clock: Arc::new(SystemClock), keepers: Keepers::default() }
    }

    pub(super) fn url(&self) -> &str {
        &self.name
    }

    pub(super) async fn get(&self, name: &str, max_bytes: u64) -> Result<Option<Object>, Error> {
        check_name(name)?;
        self.within(name, "read", self.objects.get(name, max_bytes)).await
    }

    /// Writes whether the store keeps conditions or not.
    pub(super) async fn put(
        &self,
        name: &str,
        body: Bytes,
        condition: Condition,
    ) -> Result<PutOutcome, Error> {
        check_name(name)?;
        self.within(name, "written", self.objects.put(name, body, condition)).await
    }

    pub(super) async fn list(&self, folder: &str) -> Result<Vec<ListedObject>, Error> {
        if !folder.is_empty() {
            check_name(folder)?;
        }
        self.within(folder, "listed", self.objects.list(folder)).await
    }

    pub(super) async fn delete(&self, name: &str) -> Result<(), Error> {
        check_name(name)?;
        self.within(name, "deleted", self.objects.delete(name)).await
    }

    /// Bounds an operation in time, and says what it was about.
    async fn within<T>(
        &self,
        name: &str,
        what: &str,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let place = if name.is_empty() { self.name.to_string() } else { format!("{}/{name}", self.name) };
        match tokio::time::timeout(self.limits.operation, operation).await {
            Ok(answer) => answer.map_err(|error| error.with_url(&place)),
            Err(_) => {
                let seconds = self.limits.operation.as_secs_f64();
                Err(Error::new(ErrorKind::TimedOut, format!("the object was not {what} within {seconds} s"))
                    .with_url(&place))
            }
        }
    }
}

/// Refuses names that leave the folder or that some store takes for something else.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let is_part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.chars().all(|letter| letter.is_ascii_graphic() && !r#"\:*?"<>|#%"#.contains(letter))
    };
    if name.len() <= 900 && name.split('/').all(is_part) {
        return Ok(());
    }
    let name: String = artifact_source::printable(name).chars().take(100).collect();
    Err(Error::new(ErrorKind::InvalidInput, format!("`{name}` cannot be the name of an object"))
        .with_hint("use letters, digits, `.`, `-`, `_` and `+`, with `/` between folders"))
}
