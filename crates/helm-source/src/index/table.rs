//! The contents of an index, and the error of a file that is not one.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;

use super::created::Created;
use super::digest::EntryDigest;

/// The largest size of an [`Index`] in memory, in bytes: some 700,000 versions. The largest public repositories have 40,000.
pub(super) const MAX_TABLE: usize = 32 << 20;
/// The bytes that a chart takes beside its name, about.
const PER_CHART: usize = 96;
/// The bytes that a version takes beside its text.
const PER_VERSION: usize = size_of::<u32>() + size_of::<EntryDigest>() + size_of::<Created>();

/// The charts of a repository and their versions, as `index.yaml` lists them.
///
/// Versions are unchecked text in the order of the file, one per entry. A version that is listed twice is here twice, and an entry
/// without a version is the empty text. The memory is one buffer of text, and an offset, a digest and a time per version: at most 32 MiB.
///
/// ```
/// use helm_source::Index;
///
/// let index = Index::from_slice(b"entries:\n  web:\n  - version: 1.10.0\n  - version: 1.9.0\n")?;
/// assert_eq!(index.versions("web").unwrap().collect::<Vec<_>>(), ["1.10.0", "1.9.0"]);
/// assert!(index.versions("api").is_none());
/// # Ok::<(), helm_source::IndexError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The number of each chart, in the order of the file from 0.
    charts: BTreeMap<Box<str>, usize>,
    /// For each chart by its number: how many versions come before its first one.
    starts: Vec<usize>,
    /// For each version: its end in `text`. It starts at the end of the version before it.
    ends: Vec<u32>,
    /// For each version: the digest of its entry.
    digests: Vec<EntryDigest>,
    /// For each version: the time of its entry.
    times: Vec<Created>,
    text: String,
    /// The size in memory, about, in bytes.
    size: usize,
}

/// Why something was not added to an [`Index`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotAdded {
    /// There is a chart of this name.
    Duplicate,
    /// The index would be larger than [`MAX_TABLE`].
    Full,
}

impl Index {
    /// The number of charts.
    pub fn chart_count(&self) -> usize {
        self.starts.len()
    }

    /// The number of versions of all charts together.
    pub fn version_count(&self) -> usize {
        self.ends.len()
    }

    /// The versions of a chart in the order of the file; `None` for a chart that is not listed.
    pub fn versions(&self, chart: &str) -> Option<impl ExactSizeIterator<Item = &str>> {
        self.charts.get(chart).map(|&number| self.versions_of(number))
    }

    /// The entries of a chart in the order of the file, each as its version and its digest; `None` for a chart that is not listed.
    pub fn entries(&self, chart: &str) -> Option<impl ExactSizeIterator<Item = (&str, EntryDigest)>> {
        let number = *self.charts.get(chart)?;
        let digests = self.digests.get(self.range_of(number)).unwrap_or_default();
        Some(self.versions_of(number).zip(digests.iter().copied()))
    }

    /// When the entries of a chart were created, in the order of the file and to the second: each `created` that is a time in RFC 3339 from
    /// 1970 to 2105, and `None` for any other; `None` for a chart that is not listed.
    ///
    /// ```
    /// use helm_source::Index;
    ///
    /// let index = Index::from_slice(
    ///     b"entries:\n  web:\n  - version: 1.1.0\n    created: \"2024-05-01T12:00:00.5+02:00\"\n  - version: 1.0.0\n    created: once\n",
    /// )?;
    /// let times: Vec<_> = index.times("web").unwrap().map(|time| time.map(|time| time.to_string())).collect();
    /// assert_eq!(times, [Some("2024-05-01T10:00:00Z".to_owned()), None]);
    /// # Ok::<(), helm_source::IndexError>(())
    /// ```
    pub fn times(&self, chart: &str) -> Option<impl ExactSizeIterator<Item = Option<Timestamp>>> {
        let number = *self.charts.get(chart)?;
        let times = self.times.get(self.range_of(number)).unwrap_or_default();
        Some(times.iter().map(|time| time.timestamp()))
    }

    /// The time of the entry of a chart at this position of its list.
    pub(crate) fn time(&self, chart: &str, position: usize) -> Option<Timestamp> {
        let at = self.range_of(*self.charts.get(chart)?).nth(position)?;
        self.times.get(at)?.timestamp()
    }

    /// The entry of a chart at this position of its list, as its version and its digest.
    pub(crate) fn entry(&self, chart: &str, position: usize) -> Option<(&str, EntryDigest)> {
        let at = self.range_of(*self.charts.get(chart)?).nth(position)?;
        let end = *self.ends.get(at)? as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        Some((self.text.get(start..end)?, *self.digests.get(at)?))
    }

    /// All charts with their versions, sorted by name.
    pub fn charts(&self) -> impl Iterator<Item = (&str, impl ExactSizeIterator<Item = &str>)> {
        self.charts.iter().map(|(name, &number)| (&**name, self.versions_of(number)))
    }

    fn versions_of(&self, number: usize) -> impl ExactSizeIterator<Item = &str> {
        self.range_of(number).map(|at| {
            let end = |at: usize| self.ends[at] as usize;
            let start = if at == 0 { 0 } else { end(at - 1) };
            &self.text[start..end(at)]
        })
    }

    /// The positions of a chart's entries among those of all charts.
    fn range_of(&self, number: usize) -> Range<usize> {
        self.starts[number]..self.starts.get(number + 1).copied().unwrap_or(self.ends.len())
    }

    pub(super) fn contains(&self, chart: &str) -> bool {
        self.charts.contains_key(chart)
    }

    /// Starts the list of a chart.
    pub(super) fn open(&mut self, chart: &str) -> Result<(), NotAdded> {
        if self.contains(chart) {
            return Err(NotAdded::Duplicate);
        }
        self.grow(chart.len() + PER_CHART)?;
        self.charts.insert(chart.into(), self.starts.len());
        self.starts.push(self.ends.len());
        Ok(())
    }

    /// Adds an entry to the chart that was opened last.
    pub(super) fn push(
        &mut self,
        version: &str,
        digest: EntryDigest,
        created: Created,
    ) -> Result<(), NotAdded> {
        debug_assert!(!self.starts.is_empty());
        let end = u32::try_from(self.text.len() + version.len()).map_err(|_| NotAdded::Full)?;
        self.grow(version.len() + PER_VERSION)?;
        self.text.push_str(version);
        self.ends.push(end);
        self.digests.push(digest);
        self.times.push(created);
        Ok(())
    }

    fn grow(&mut self, by: usize) -> Result<(), NotAdded> {
        if self.size + by > MAX_TABLE {
            return Err(NotAdded::Full);
        }
        self.size += by;
        Ok(())
    }

    /// The size in memory, about, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The times of the entries of all charts, in the order of the file.
    pub(super) fn all_times(&self) -> &[Created] {
        &self.times
    }

    pub(super) fn all_times_mut(&mut self) -> &mut [Created] {
        &mut self.times
    }

    /// The names of the charts in the order of the file.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = vec![""; self.starts.len()];
        for (name, &number) in &self.charts {
            names[number] = name;
        }
        names
    }
}

/// Why a file is not the index of a chart repository.
///
/// Lines and columns count from 1. No message quotes a value of the file: an index may hold URLs with a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The file is empty or white space. A repository without charts has `entries: {}`.
    #[error("the index is empty")]
    Empty,
    /// The file starts like a page for a browser: a login page or an error page.
    #[error("the index is {what}")]
    Page {
        /// What the file looks like: `"an HTML page"`, `"an XML or HTML document"`.
        what: &'static str,
    },
    /// The file is a mapping with neither `entries` nor `apiVersion`, such as an error message in JSON. An index may lack
    /// one of them.
    #[error("this is not a chart index: it has neither `entries` nor `apiVersion`")]
    NotAnIndex,
    /// The file is compressed: in a format that is not decompressed, or a second time.
    #[error("the index is {what} data, where text is expected")]
    Compressed {
        /// The compression or archive: `"zstd"`, `"zip"`, or `"gzip"` for one that is left when gzip was unpacked.
        what: &'static str,
    },
    /// The file is text in an encoding other than UTF-8, or not text.
    #[error("the index is not valid: line {line}, column {column}: the byte 0x{byte:02x} is not UTF-8")]
    NotUtf8 {
        /// The line, from 1.
        line: u64,
        /// The column, from 1, in characters.
        column: u64,
        /// The first byte that is not UTF-8.
        byte: u8,
    },
    /// The file is not valid YAML or JSON, or does not have the shape of an index.
    #[error("the index is not valid: {}{what}", location(*line, *column))]
    Invalid {
        /// The line, from 1; 0 if it is unknown.
        line: u64,
        /// The column, from 1; 0 if it is unknown.
        column: u64,
        /// What is wrong there.
        what: String,
    },
    /// The file is larger than is read: in all, or in one of its parts.
    #[error("the index is too large: {}{what}", location(*line, 0))]
    TooLarge {
        /// The line that it is too large at, from 1; 0 if it is unknown.
        line: u64,
        /// What is too large, and the limit.
        what: &'static str,
    },
    /// The reader failed before the end of the file.
    #[error("the index could not be read to its end")]
    Interrupted,
}

impl IndexError {
    /// The line of the fault, from 1; `None` if it is unknown.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Invalid { line, .. } | Self::NotUtf8 { line, .. } | Self::TooLarge { line, .. }
                if *line > 0 =>
            {
                Some(*line)
            }
            _ => None,
        }
    }
}

/// The beginning of a message about this location; empty if it is unknown.
fn location(line: u64, column: u64) -> String {
    match (line, column) {
        (0, _) => String::new(),
        (line, 0) => format!("line {line}: "),
        (line, column) => format!("line {line}, column {column}: "),
    }
}
