//! A chart: its fields, its files and the charts within it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::decode::{self, Lines};
use crate::ignore::without_ignored;
use crate::limit::{Budget, MAX_DEPTH};
use crate::yaml::{self, Value};
use crate::{ChartFile, ChartFolders, Dependency, Error, Lock, Metadata, archive, name, validate};

/// A chart as Helm loads it: the fields of `Chart.yaml`, the lock, the values, the other files, and the charts in `charts/`.
///
/// ```
/// use helm_chart::{Chart, ChartFile};
///
/// let file = |path: &str, text: &str| ChartFile { path: path.into(), bytes: text.into() };
/// let chart = Chart::from_files(vec![
///     file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: 1.10\n"),
///     file("values.yaml", "replicas: 1\n"),
///     file("templates/deployment.yaml", "kind: Deployment\n"),
///     file(".helmignore", "*.md\n"),
///     file("notes.md", "ignored\n"),
/// ])?;
/// assert_eq!(chart.metadata().app_version, "1.1", "without quotation marks it is a number");
///
/// let package = chart.package()?;
/// assert_eq!(package.file_name(), "web-1.2.3.tgz");
/// assert_eq!(package, chart.package()?, "the same bytes, whatever the time");
/// assert_eq!(package.chart()?.files().len(), 2, "templates/deployment.yaml and .helmignore");
/// # Ok::<(), helm_chart::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    metadata: Metadata,
    lock: Option<Lock>,
    values: Option<Vec<u8>>,
    schema: Option<Vec<u8>>,
    files: Vec<ChartFile>,
    charts: Vec<Chart>,
}

/// Whether the folder has a `Chart.yaml`, kept or not.
fn is_chart(folders: &dyn ChartFolders, path: &str) -> bool {
    let path = path.trim_matches('/');
    let (parent, _) = path.rsplit_once('/').unwrap_or_default();
    folders.charts(parent).is_ok_and(|charts| charts.iter().any(|chart| chart == path))
}

impl Chart {
    /// The chart of a folder, from all its files, in any order. What its `.helmignore` names is left out.
    ///
    /// # Errors
    ///
    /// What Helm refuses, and what would be another chart to Helm 3 than to Helm 4: no `Chart.yaml`; fields of another type or that are not
    /// [valid](Metadata::validate), with the line; a `values.yaml` that is not a mapping; a `values.schema.json` that is not JSON; something
    /// in `charts/` that is not a chart; a file above 5 MiB, or 100 MiB in total; names that Helm does not load.
    pub fn from_files(files: Vec<ChartFile>) -> Result<Self, Error> {
        let kept = without_ignored(files)?;
        let mut budget = Budget::new();
        for file in &kept {
            budget.spend(file.bytes.len() as u64).map_err(|error| error.at(&file.path))?;
        }
        Self::load(kept, &mut budget, 0)
    }

    /// The chart in an archive (`.tgz`), whose files are below one folder. A `.helmignore` in it does not count.
    ///
    /// # Errors
    ///
    /// If the bytes are not an archive, it unpacks to more than Helm loads, it has links, devices or names that lead out of the chart; and as
    /// for [`from_files`](Self::from_files).
    pub fn from_archive(archive: &[u8]) -> Result<Self, Error> {
        let mut budget = Budget::new();
        let files = archive::read(archive, &mut budget)?;
        Self::load(files, &mut budget, 0)
    }

    /// The chart of the folder at `path`, relative to the root of `folders`.
    ///
    /// # Errors
    ///
    /// As [`ChartFolders::read`] and [`from_files`](Self::from_files), with the path from the root.
    pub fn read(folders: &dyn ChartFolders, path: &str) -> Result<Self, Error> {
        let files = folders.read_kept(path)?;
        if !files.iter().any(|file| file.path == CHART_YAML) && is_chart(folders, path) {
            return Err(Error::new("`.helmignore` leaves Chart.yaml out, and without it there is no chart")
                .at(".helmignore")
                .below(path)
                .with_hint("remove the line, or write `!Chart.yaml` below it"));
        }
        let mut budget = Budget::new();
        let at = |error: Error| error.below(path);
        for file in &files {
            budget.spend(file.bytes.len() as u64).map_err(|error| at(error.at(&file.path)))?;
        }
        Self::load(files, &mut budget, 0).map_err(at)
    }

    fn load(mut files: Vec<ChartFile>, budget: &mut Budget, depth: usize) -> Result<Self, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::new(format!("charts are nested more than {MAX_DEPTH} deep")));
        }
        // Helm walks through a folder in this order. Of two files with one path the later one counts.
        files.sort_by(|one, other| in_order(&one.path, &other.path));
        files.reverse();
        files.dedup_by(|earlier, later| earlier.path == later.path);
        files.reverse();

        let mut metadata = Metadata::default();
        let mut lines = Lines::default();
        let Some(fields) = files.iter().find(|file| file.path == CHART_YAML) else {
            return Err(Error::new("there is no Chart.yaml").with_hint(
                "a folder with a Chart.yaml in it is a chart; the file begins with `apiVersion: v2`",
            ));
        };
        read_fields(fields, &mut metadata, &mut lines)?;
        if metadata.api_version.is_empty() {
            // As charts of Helm 2 were written.
            metadata.api_version = "v1".to_owned();
        }
        let mut chart =
            Self { metadata, lock: None, values: None, schema: None, files: Vec::new(), charts: Vec::new() };
        let mut charts: BTreeMap<String, Vec<ChartFile>> = BTreeMap::new();
        for mut file in files {
            archive::without_mark(&mut file.bytes);
            name::check(&file.path)?;
            let at = |error: Error| error.at(&file.path);
            match file.path.as_str() {
                CHART_YAML => {}
                "Chart.lock" => chart.lock = Some(Lock::parse(&file.bytes).map_err(at)?),
                VALUES => {
                    check_values(&file.bytes).map_err(at)?;
                    chart.values = Some(file.bytes);
                }
                SCHEMA => {
                    check_schema(&file.bytes).map_err(at)?;
                    chart.schema = Some(file.bytes);
                }
                "requirements.yaml" => {
                    read_fields(&file, &mut chart.metadata, &mut lines)?;
                    chart.files.push(file);
                }
                "requirements.lock" => {
                    chart.lock = Some(Lock::parse(&file.bytes).map_err(at)?);
                    chart.files.push(file);
                }
                path => match path.strip_prefix("charts/") {
                    Some(inner) if extension(path) != Some("prov") => {
                        let (folder, inner) = inner.split_once('/').unwrap_or((inner, ""));
                        let inner = ChartFile { path: inner.to_owned(), bytes: file.bytes };
                        charts.entry(folder.to_owned()).or_default().push(inner);
                    }
                    _ => chart.files.push(file),
                },
            }
        }
        // Their content is in Chart.yaml and Chart.lock, unless the chart is of Helm 2. `requirements.yaml` may say which it is.
        if chart.metadata.api_version != "v1" {
            chart
                .files
                .retain(|file| !matches!(file.path.as_str(), "requirements.yaml" | "requirements.lock"));
        }
        validate::validate(&mut chart.metadata, &lines).map_err(|error| error.at(CHART_YAML))?;
        name::check(&chart.metadata.name)?;
        for (folder, files) in charts {
            // Helm leaves these out of the package.
            if folder.starts_with(['_', '.']) {
                continue;
            }
            let path = format!("charts/{folder}");
            let inner = load_inner(&folder, files, budget, depth).map_err(|error| error.below(&path))?;
            chart.insert(inner).map_err(|error| error.below(&path))?;
        }
        Ok(chart)
    }

    /// The fields of `Chart.yaml`.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The name of the chart.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The version of the chart.
    pub fn version(&self) -> &str {
        &self.metadata.version
    }

    /// The lock of the dependencies.
    pub fn lock(&self) -> Option<&Lock> {
        self.lock.as_ref()
    }

    /// The content of `values.yaml`.
    pub fn values(&self) -> Option<&[u8]> {
        self.values.as_deref()
    }

    /// The content of `values.schema.json`.
    pub fn schema(&self) -> Option<&[u8]> {
        self.schema.as_deref()
    }

    /// The other files, templates included: all but `Chart.yaml`, `Chart.lock`, `values.yaml`, `values.schema.json`, and the charts in
    /// `charts/`. Each path is relative to the chart. They are in the order in which Helm reads a folder.
    pub fn files(&self) -> &[ChartFile] {
        &self.files
    }

    /// The charts in `charts/`, unpacked, by name.
    pub fn charts(&self) -> &[Chart] {
        &self.charts
    }

    /// The chart in `charts/` with this name.
    pub fn chart(&self, name: &str) -> Option<&Chart> {
        self.charts.iter().find(|chart| chart.name() == name)
    }

    /// The dependencies that `Chart.yaml` names and `charts/` lacks, as Helm looks for them: by name.
    pub fn missing(&self) -> impl Iterator<Item = &Dependency> {
        self.metadata.dependencies.iter().filter(|dependency| self.chart(&dependency.name).is_none())
    }

    /// The chart with another version.
    ///
    /// # Errors
    ///
    /// If the text is not a semantic version.
    pub fn with_version(mut self, version: &str) -> Result<Self, Error> {
        version.clone_into(&mut self.metadata.version);
        self.metadata.validate()?;
        Ok(self)
    }

    /// The chart with another version of the application.
    #[must_use]
    pub fn with_app_version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.metadata.app_version);
        self
    }

    /// The chart with another lock, or with none.
    #[must_use]
    pub fn with_lock(mut self, lock: Option<Lock>) -> Self {
        self.lock = lock;
        self
    }

    /// The chart with this one in `charts/`, in the place of the one with the same name.
    #[must_use]
    pub fn with_chart(mut self, chart: Chart) -> Self {
        self.charts.retain(|other| other.name() != chart.name());
        self.charts.push(chart);
        self.charts.sort_by(|one, other| one.name().cmp(other.name()));
        self
    }

    fn insert(&mut self, chart: Chart) -> Result<(), Error> {
        match self.chart(chart.name()) {
            Some(other) if *other == chart => Ok(()),
            Some(other) => Err(Error::new(format!(
                "{} {} and {} {} are both in charts/, where a package has one folder for both",
                other.name(),
                other.version(),
                chart.name(),
                chart.version()
            ))
            .with_hint("remove one of them")),
            None => {
                self.charts.push(chart);
                self.charts.sort_by(|one, other| one.name().cmp(other.name()));
                Ok(())
            }
        }
    }
}

pub(crate) const CHART_YAML: &str = "Chart.yaml";
pub(crate) const VALUES: &str = "values.yaml";
pub(crate) const SCHEMA: &str = "values.schema.json";

/// The chart in the folder or archive `charts/NAME`.
fn load_inner(
    name: &str,
    mut files: Vec<ChartFile>,
    budget: &mut Budget,
    depth: usize,
) -> Result<Chart, Error> {
    if extension(name) == Some("tgz") {
        return match files.pop() {
            Some(archive) if files.is_empty() && archive.path.is_empty() => {
                let files = archive::read(&archive.bytes, budget)?;
                Chart::load(files, budget, depth + 1)
            }
            _ => Err(Error::new("a folder has the name of an archive")),
        };
    }
    // A file in charts/ itself is a folder without files to Helm.
    files.retain(|file| !file.path.is_empty());
    if files.is_empty() {
        return Err(Error::new("charts/ has a file that is not a chart")
            .with_hint("move the file away, name it in `.helmignore`, or let its name begin with `_`"));
    }
    Chart::load(files, budget, depth + 1)
}

fn read_fields(file: &ChartFile, metadata: &mut Metadata, lines: &mut Lines) -> Result<(), Error> {
    yaml::read(&file.bytes)
        .and_then(|node| decode::metadata(node, metadata, lines))
        .map_err(|error| error.at(&file.path))
}

/// Helm 4 merges the documents of the file, Helm 3 reads the first one.
fn check_values(bytes: &[u8]) -> Result<(), Error> {
    for node in yaml::read_all(bytes)? {
        if !matches!(node.value, Value::Mapping(_) | Value::Null) {
            return Err(Error::new(format!("the values are {}, where a mapping is wanted", node.kind()))
                .on_line(node.line));
        }
        node.check_finite()?;
    }
    Ok(())
}

fn check_schema(bytes: &[u8]) -> Result<(), Error> {
    match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        Ok(_) => Ok(()),
        Err(cause) => {
            Err(Error::new("the schema of the values is not JSON").on_line(cause.line()).with_cause(cause))
        }
    }
}

fn extension(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// The order in which folders are walked: names are compared one by one, by bytes.
fn in_order(one: &str, other: &str) -> Ordering {
    one.split('/').cmp(other.split('/'))
}
