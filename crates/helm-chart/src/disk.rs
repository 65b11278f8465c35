//! The folders of charts on disk.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::limit::{Budget, MAX_FILE};
use crate::{ChartFile, ChartFolders, Error, HelmIgnore};

/// Folders within one another.
const MAX_DEPTH: usize = 128;
/// Files and folders of one chart, those that are ignored included.
const MAX_ENTRIES: usize = 1_000_000;

/// The folders of charts below a folder on disk.
///
/// Links are followed, as in Helm, as long as they stay below the root. A link to a target outside of it is an error, and so is a device, a pipe
/// or a socket, unless `.helmignore` names it.
///
/// ```
/// use helm_chart::{Chart, DiskFolders};
///
/// # let folder = tempfile::tempdir()?;
/// # std::fs::create_dir_all(folder.path().join("charts/web"))?;
/// # std::fs::write(folder.path().join("charts/web/Chart.yaml"), "apiVersion: v2\nname: web\nversion: 1.2.3\n")?;
/// # let root = folder.path();
/// let folders = DiskFolders::new(root)?;
/// let chart = Chart::read(&folders, "charts/web")?;
/// assert_eq!(chart.version(), "1.2.3");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DiskFolders {
    root: PathBuf,
}

impl DiskFolders {
    /// The folders below this one: the root of a repository, so that charts may use files and charts beside them, or the folder of one
    /// chart.
    ///
    /// # Errors
    ///
    /// If there is no such folder.
    pub fn new(root: impl AsRef<Path>) -> Result<Self, Error> {
        let root = root.as_ref();
        let resolved = fs::canonicalize(root).map_err(|cause| no_folder(cause).at(root))?;
        if !resolved.is_dir() {
            return Err(Error::new("this is not a folder").at(root));
        }
        Ok(Self { root: resolved })
    }

    /// The folder at a path, with its links resolved.
    fn folder(&self, path: &str) -> Result<PathBuf, Error> {
        let folder = self.root.join(Path::new(path).strip_prefix("/").unwrap_or(Path::new(path)));
        let resolved = fs::canonicalize(&folder).map_err(|cause| no_folder(cause).at(path))?;
        if !resolved.starts_with(&self.root) {
            return Err(Error::new("the folder is not below the root").at(path));
        }
        if !resolved.is_dir() {
            return Err(Error::new("this is not a folder").at(path));
        }
        Ok(resolved)
    }

    fn walk(&self, path: &str, rules: Option<&HelmIgnore>) -> Result<Vec<ChartFile>, Error> {
        let folder = self.folder(path)?;
        let mut walk = Walk {
            root: &self.root,
            rules,
            within: vec![folder.clone()],
            files: Vec::new(),
            budget: Budget::new(),
            entries_left: MAX_ENTRIES,
        };
        walk.folder(&folder, "").map_err(|error| error.below(path))?;
        Ok(walk.files)
    }
}

impl ChartFolders for DiskFolders {
    fn read(&self, path: &str) -> Result<Vec<ChartFile>, Error> {
        self.walk(path, None)
    }

    fn read_kept(&self, path: &str) -> Result<Vec<ChartFile>, Error> {
        let at = |error: Error| error.at(HelmIgnore::FILE_NAME).below(path);
        let file = self.folder(path)?.join(HelmIgnore::FILE_NAME);
        let rules = match fs::canonicalize(&file) {
            Ok(file) if !file.starts_with(&self.root) => return Err(at(leaves_root())),
            Ok(file) => HelmIgnore::parse(&read_file(&file, &mut Budget::new()).map_err(at)?).map_err(at)?,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => HelmIgnore::default(),
            Err(cause) => return Err(at(unreadable(cause))),
        };
        self.walk(path, Some(&rules))
    }

    fn charts(&self, path: &str) -> Result<Vec<String>, Error> {
        let folder = self.folder(path)?;
        let mut charts = Vec::new();
        for name in names(&folder).map_err(|error| error.below(path))? {
            if folder.join(&name).join("Chart.yaml").is_file() {
                charts.push(match path.trim_matches('/') {
                    "" | "." => name,
                    parent => format!("{parent}/{name}"),
                });
            }
        }
        Ok(charts)
    }
}

/// A walk through a folder, which reads what is kept.
struct Walk<'a> {
    root: &'a Path,
    rules: Option<&'a HelmIgnore>,
    /// The folders that are being read, with their links resolved.
    within: Vec<PathBuf>,
    files: Vec<ChartFile>,
    budget: Budget,
    entries_left: usize,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, path: &str) -> Result<(), Error> {
        for name in names(folder).map_err(|error| error.below(path))? {
            let inner = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            self.entries_left = self
                .entries_left
                .checked_sub(1)
                .ok_or_else(|| Error::new(format!("the folder has more than {MAX_ENTRIES} files")))?;
            self.entry(&folder.join(&name), &inner)?;
        }
        Ok(())
    }

    fn entry(&mut self, file: &Path, path: &str) -> Result<(), Error> {
        let at = |error: Error| error.at(path);
        let mut kind = fs::symlink_metadata(file).map_err(|cause| at(unreadable(cause)))?.file_type();
        let mut target = file.to_owned();
        if kind.is_symlink() {
            // Rules for files and for folders differ, so a link that cannot be resolved is ignored as a file is.
            target = match fs::canonicalize(file) {
                Ok(target) => target,
                Err(_) if self.is_ignored(path, false) => return Ok(()),
                Err(cause) => {
                    return Err(at(Error::new("the link cannot be resolved").with_cause(cause)))
                        .map_err(|error| error.with_hint("remove the link, or name it in `.helmignore`"));
                }
            };
            kind = fs::symlink_metadata(&target).map_err(|cause| at(unreadable(cause)))?.file_type();
        }
        if self.is_ignored(path, kind.is_dir()) {
            return Ok(());
        }
        if !target.starts_with(self.root) {
            return Err(at(leaves_root()));
        }
        if kind.is_dir() {
            if self.within.contains(&target) {
                return Err(at(Error::new("the link points to one of its parent folders"))
                    .with_hint("remove the link, or name it in `.helmignore`"));
            }
            if self.within.len() >= MAX_DEPTH {
                return Err(at(Error::new(format!("folders are nested more than {MAX_DEPTH} deep"))));
            }
            self.within.push(target.clone());
            self.folder(&target, path)?;
            self.within.pop();
            return Ok(());
        }
        if !kind.is_file() {
            return Err(at(Error::new("this is a device, a pipe or a socket, which a chart cannot have"))
                .with_hint("remove it, or name it in `.helmignore`"));
        }
        let bytes = read_file(&target, &mut self.budget).map_err(at)?;
        self.files.push(ChartFile { path: path.to_owned(), bytes });
        Ok(())
    }

    fn is_ignored(&self, path: &str, is_directory: bool) -> bool {
        self.rules.is_some_and(|rules| rules.ignores(path, is_directory))
    }
}

/// The names in a folder, sorted by bytes.
fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        names.push(name.into_string().map_err(|name| {
            Error::new("the name of the file is not text in UTF-8")
                .at(Path::new(&name))
                .with_hint("rename the file")
        })?);
    }
    names.sort();
    Ok(names)
}

/// Reads a file whose size is looked at first. One that grows meanwhile is cut off at the limit, which is an error.
fn read_file(file: &Path, budget: &mut Budget) -> Result<Vec<u8>, Error> {
    let metadata = fs::metadata(file).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Error::new("this is not a file"));
    }
    if metadata.len() > MAX_FILE {
        budget.spend(metadata.len())?;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    File::open(file).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    budget.spend(bytes.len() as u64)?;
    Ok(bytes)
}

fn unreadable(cause: std::io::Error) -> Error {
    Error::new(format!("this cannot be read: {cause}"))
}

fn no_folder(cause: std::io::Error) -> Error {
    match cause.kind() {
        std::io::ErrorKind::NotFound => Error::new("there is no such folder"),
        _ => unreadable(cause),
    }
}

fn leaves_root() -> Error {
    Error::new("the link points outside the folder of charts")
        .with_hint("put a copy in the place of the link, or name it in `.helmignore`")
}
