//! One file of a chart.

/// One file of a chart's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartFile {
    /// The path relative to the chart's folder, with `/`.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}
