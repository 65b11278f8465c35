//! How large a chart may be: what Helm 3 and Helm 4 both load.

use crate::Error;

/// The largest file, in bytes. Helm 3 refuses larger ones; Helm 4 has no such limit.
pub(crate) const MAX_FILE: u64 = 5 << 20;
/// The content of all files of a chart is smaller, in bytes.
pub(crate) const MAX_CHART: u64 = 100 << 20;
/// Charts within charts.
pub(crate) const MAX_DEPTH: usize = 16;

/// How many bytes of content may still be read.
#[derive(Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(MAX_CHART)
    }

    /// Takes the size of a file off, before the file is read.
    pub(crate) fn spend(&mut self, size: u64) -> Result<(), Error> {
        if size > MAX_FILE {
            return Err(Error::new(format!(
                "the file has {size} bytes, and Helm 3 loads files of up to 5 MiB"
            ))
            .with_hint("name the file in `.helmignore`, or make it smaller"));
        }
        match self.0.checked_sub(size) {
            Some(left @ 1..) => {
                self.0 = left;
                Ok(())
            }
            _ => Err(Error::new("the chart has 100 MiB or more, and Helm loads less")
                .with_hint("name what the chart does not need in `.helmignore`")),
        }
    }
}
