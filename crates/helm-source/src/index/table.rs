//! What an index lists, in as little memory as it takes.

use std::collections::BTreeMap;

/// The charts of a repository and their versions, as `index.yaml` lists them.
///
/// Nothing is judged here: versions stand as they are written and in the order of the file, one per
/// entry. One that is listed twice is there twice, and an entry without a version counts as the empty
/// text, which is no version.
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
    /// Each chart's place in the file, counted from 0.
    charts: BTreeMap<Box<str>, usize>,
    /// For each chart by its place: how many versions stand before its first one.
    starts: Vec<usize>,
    /// For each version: where it ends in `text`. It starts where the one before it ends.
    ends: Vec<usize>,
    text: String,
}

impl Index {
    /// How many charts are listed.
    pub fn chart_count(&self) -> usize {
        self.starts.len()
    }

    /// How many versions are listed, all charts together.
    pub fn version_count(&self) -> usize {
        self.ends.len()
    }

    /// The versions of a chart in the order of the file; `None` where the chart is not listed.
    pub fn versions(&self, chart: &str) -> Option<impl ExactSizeIterator<Item = &str>> {
        self.charts.get(chart).map(|&place| self.versions_at(place))
    }

    /// All charts with their versions, ordered by name.
    pub fn charts(&self) -> impl Iterator<Item = (&str, impl ExactSizeIterator<Item = &str>)> {
        self.charts.iter().map(|(name, &place)| (&**name, self.versions_at(place)))
    }

    fn versions_at(&self, place: usize) -> impl ExactSizeIterator<Item = &str> {
        let first = self.starts[place];
        let after = self.starts.get(place + 1).copied().unwrap_or(self.ends.len());
        (first..after).map(|at| {
            let start = if at == 0 { 0 } else { self.ends[at - 1] };
            &self.text[start..self.ends[at]]
        })
    }

    pub(super) fn contains(&self, chart: &str) -> bool {
        self.charts.contains_key(chart)
    }

    /// Starts the list of a chart; `false` if there is one of that name already.
    pub(super) fn open(&mut self, chart: &str) -> bool {
        if self.contains(chart) {
            return false;
        }
        self.charts.insert(chart.into(), self.starts.len());
        self.starts.push(self.ends.len());
        true
    }

    /// Adds a version to the chart that was opened last.
    pub(super) fn push(&mut self, version: &str) {
        debug_assert!(!self.starts.is_empty());
        self.text.push_str(version);
        self.ends.push(self.text.len());
    }
}
