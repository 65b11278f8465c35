//! What a watch remembers, and the folder in which that outlives the process.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact_http::cache_folder;
use artifact_source::{Error, ErrorKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use warehouse_spec::{Freight, Warehouse};

use crate::Snapshot;

/// The version of the layout of a file of state.
const VERSION: u32 = 1;

/// The largest file of state that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// How many names of handled Freight are kept.
const MOST_HANDLED: usize = 1000;

/// How many pieces of Freight wait for a handler that fails.
const MOST_PENDING: usize = 100;

/// What a watch remembers of one Warehouse between two rounds: plain serde data.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchState {
    version: u32,
    pub(crate) warehouse: String,
    /// What each subscription last found.
    pub(crate) snapshot: Snapshot,
    /// By the key of the snapshot.
    #[serde(default)]
    pub(crate) subscriptions: BTreeMap<String, Seen>,
    /// The name of the last Freight.
    #[serde(default)]
    pub(crate) freight: Option<String>,
    /// The last Freight itself.
    #[serde(default)]
    pub(crate) last_freight: Option<Freight>,
    /// Why there was no Freight, where that was told.
    #[serde(default)]
    pub(crate) no_freight: Option<String>,
    /// Freight that is not handled yet, oldest first.
    #[serde(default)]
    pub(crate) pending: Vec<Pending>,
    /// Freight that is handled, oldest first.
    #[serde(default)]
    pub(crate) handled: Vec<Handled>,
}

/// What is known about the answers of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Seen {
    pub(crate) answered_at: Option<Timestamp>,
    /// The kind of the failure that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<String>,
}

/// Freight that is to be handled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) freight: Freight,
    pub(crate) attempts: u32,
}

/// Freight that was handled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Handled {
    pub(crate) name: String,
    pub(crate) at: Timestamp,
}

impl WatchState {
    /// The state of a Warehouse of which nothing is known.
    pub fn new(warehouse: &Warehouse) -> Self {
        Self {
            version: VERSION,
            warehouse: warehouse.qualified_name(),
            snapshot: Snapshot::default(),
            subscriptions: BTreeMap::new(),
            freight: None,
            last_freight: None,
            no_freight: None,
            pending: Vec::new(),
            handled: Vec::new(),
        }
    }

    /// The name of the last Freight.
    pub fn freight(&self) -> Option<&str> {
        self.freight.as_deref()
    }

    /// The names of the pieces of Freight that wait to be handled, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = &str> {
        self.pending.iter().map(|pending| pending.freight.metadata.name.as_str())
    }

    /// The names of the last thousand pieces of Freight that were handled, oldest first.
    pub fn handled(&self) -> impl Iterator<Item = &str> {
        self.handled.iter().map(|handled| handled.name.as_str())
    }

    /// Adds Freight that is to be handled, unless it is known. Returns what has to go for it.
    pub(crate) fn add_pending(&mut self, freight: Freight) -> Option<Pending> {
        let name = &freight.metadata.name;
        if self.handled().any(|handled| handled == name) || self.pending().any(|pending| pending == name) {
            return None;
        }
        self.pending.push(Pending { freight, attempts: 0 });
        (self.pending.len() > MOST_PENDING).then(|| self.pending.remove(0))
    }

    /// Notes that the Freight of this name is handled.
    pub(crate) fn set_handled(&mut self, name: &str, at: Timestamp) {
        self.pending.retain(|pending| pending.freight.metadata.name != name);
        self.handled.push(Handled { name: name.to_owned(), at });
        let surplus = self.handled.len().saturating_sub(MOST_HANDLED);
        self.handled.drain(..surplus);
    }
}

/// A state folder, one file for each Warehouse, which one process uses at a time.
///
/// A file is written beside its place, flushed to the disk and then put into its place. So whatever moment the process is killed at, the file has the state before or after, never
/// a part of one. Folder and files are accessible by their owner only.
#[derive(Clone, Debug)]
pub struct StateFolder {
    path: PathBuf,
    /// Locked until the last clone is gone, by the operating system if the process is killed.
    _lock: Arc<Lock>,
}

/// A lock of this process.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // A child process that is being started may have the file open for a moment.
        let _ = self.0.unlock();
    }
}

/// The place of one Warehouse's state.
#[derive(Clone, Debug)]
pub struct StateFile {
    folder: StateFolder,
    name: String,
    warehouse: String,
}

impl StateFolder {
    /// Opens this folder, and makes it if it is missing.
    ///
    /// # Errors
    ///
    /// [`Cache`](ErrorKind::Cache) if another process uses it, if it is a link or no folder, and what the operating system says.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let unusable = |cause| failed("the state folder cannot be used", &path, cause);
        cache_folder::create(&path).map_err(unusable)?;
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        let lock = cache_folder::open_file(&path.join("lock"), &mut options).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: Arc::new(Lock(lock)) }),
            Err(std::fs::TryLockError::WouldBlock) => {
                let message = format!("another process uses the state folder {}", path.display());
                Err(Error::new(ErrorKind::Cache, message).with_hint("stop it, or use another folder"))
            }
            Err(std::fs::TryLockError::Error(cause)) => {
                Err(failed("the state folder cannot be locked", &path, cause))
            }
        }
    }

    /// The place of this Warehouse's state: `NAMESPACE_NAME.json`, or `NAME.json` for a Warehouse without a namespace.
    pub fn file(&self, warehouse: &Warehouse) -> StateFile {
        let is_plain = |part: &str| {
            let is_letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
            !part.is_empty() && part.len() <= 100 && !part.starts_with('.') && part.bytes().all(is_letter)
        };
        let parts = || warehouse.namespace().into_iter().chain([warehouse.name()]);
        let name = if parts().all(is_plain) {
            parts().collect::<Vec<_>>().join("_")
        } else {
            // No API server takes such a name; a file system may take it for a path.
            format!("_{:x}", Sha256::digest(warehouse.qualified_name()))
        };
        StateFile { folder: self.clone(), name: name + ".json", warehouse: warehouse.qualified_name() }
    }
}

impl StateFile {
    /// The path of the file.
    pub fn path(&self) -> PathBuf {
        self.folder.path.join(&self.name)
    }

    /// The state, if there is one.
    ///
    /// # Errors
    ///
    /// [`Cache`](ErrorKind::Cache) if the file cannot be read, is larger than 64 MiB, is not the state of this Warehouse, or was written by a version with another layout.
    pub fn load(&self) -> Result<Option<WatchState>, Error> {
        let path = self.path();
        let hint = "move the file away to start over: the present Freight is then handled once more";
        let unusable = |cause: Box<dyn std::error::Error + Send + Sync>| {
            let message = format!("the state in {} cannot be used", path.display());
            Error::new(ErrorKind::Cache, message).with_cause(cause).with_hint(hint)
        };
        let about = cache_folder::regular_file(&path).map_err(|cause| unusable(cause.into()))?;
        if about.is_none() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let file = cache_folder::open_file(&path, File::options().read(true));
        let read = file.and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
        read.map_err(|cause| unusable(cause.into()))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(unusable(format!("it is larger than {MAX_BYTES} bytes").into()));
        }
        let damaged = |error: serde_json::Error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            unusable(format!("it is damaged at {place}, or no state of `warehouse watch`").into())
        };
        let header: Header = serde_json::from_slice(&bytes).map_err(damaged)?;
        if header.version != VERSION {
            let versions = format!("it has layout {}, and this program knows {VERSION}", header.version);
            return Err(unusable(versions.into()));
        }
        let state: WatchState = serde_json::from_slice(&bytes).map_err(damaged)?;
        if state.warehouse != self.warehouse {
            return Err(unusable(format!("it is that of the Warehouse {}", state.warehouse).into()));
        }
        Ok(Some(state))
    }

    /// Replaces the state, at once.
    ///
    /// # Errors
    ///
    /// [`Cache`](ErrorKind::Cache) if the file cannot be written. The state before is then still there.
    pub fn save(&self, state: &WatchState) -> Result<(), Error> {
        let path = self.path();
        let failed = |cause| failed("the state could not be written", &path, cause);
        let json = serde_json::to_vec(state).map_err(|cause| failed(cause.into()))?;
        let unfinished = self.folder.path.join(format!("{}.new", self.name));
        write(&unfinished, &json).and_then(|()| std::fs::rename(&unfinished, &path)).map_err(failed)?;
        flush_folder(&self.folder.path).map_err(failed)
    }
}

/// What every layout has.
#[derive(Deserialize)]
struct Header {
    version: u32,
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    let mut file = cache_folder::open_file(path, options.create(true).truncate(true).write(true))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a rename in the folder outlive a loss of power.
fn flush_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

fn failed(what: &str, path: &Path, cause: io::Error) -> Error {
    Error::new(ErrorKind::Cache, format!("{what} ({})", path.display())).with_cause(cause)
}

#[cfg(test)]
mod tests {
    use warehouse_spec::{ImageSubscription, Subscription};

    use super::*;

    fn warehouse(name: &str, namespace: Option<&str>) -> Warehouse {
        let app = Subscription::new(ImageSubscription::new("ghcr.io/example/app"));
        let mut warehouse = Warehouse::new(name, vec![app]);
        warehouse.metadata.namespace = namespace.map(str::to_owned);
        warehouse
    }

    fn freight(name: &str) -> Freight {
        let mut freight = Freight::default();
        freight.metadata.name = name.to_owned();
        freight
    }

    #[test]
    fn names_of_files() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = StateFolder::open(temporary.path().join("states")).unwrap();
        for (name, namespace, expected) in [
            ("app", None, "app.json"),
            ("app", Some("team"), "team_app.json"),
            ("a.b", Some("team"), "team_a.b.json"),
        ] {
            assert_eq!(folder.file(&warehouse(name, namespace)).name, expected);
        }
        for (name, namespace) in
            [("../../x", None), ("x", Some("..")), ("A", None), ("", None), (".x", None), ("a_b", None)]
        {
            let file = folder.file(&warehouse(name, namespace));
            assert!(file.name.starts_with('_') && file.name.len() == 70, "{name}: {}", file.name);
            assert_eq!(file.path().parent(), Some(temporary.path().join("states").as_path()));
        }
    }

    #[test]
    fn a_state_is_read_back_and_a_folder_has_one_user() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("a/states");
        let folder = StateFolder::open(&path).unwrap();
        let file = folder.file(&warehouse("app", None));
        assert!(file.load().unwrap().is_none());
        let mut state = WatchState::new(&warehouse("app", None));
        assert!(state.add_pending(freight("f1")).is_none());
        file.save(&state).unwrap();
        assert_eq!(file.load().unwrap().unwrap().pending().collect::<Vec<_>>(), ["f1"]);
        let error = StateFolder::open(&path).unwrap_err();
        assert!(error.to_string().contains("another process uses"), "{error}");
        drop((file, folder));
        let file = StateFolder::open(&path).unwrap().file(&warehouse("app", None));
        state.set_handled("f1", Timestamp::UNIX_EPOCH);
        file.save(&state).unwrap();
        let read = file.load().unwrap().unwrap();
        assert_eq!((read.pending().count(), read.handled().collect::<Vec<_>>()), (0, vec!["f1"]));
    }

    #[test]
    fn what_is_no_state_is_an_error_with_a_remedy() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = StateFolder::open(temporary.path()).unwrap();
        let file = folder.file(&warehouse("app", None));
        let other = serde_json::to_string(&WatchState::new(&warehouse("other", None))).unwrap();
        for (text, words) in [
            ("", "it is damaged at line 1"),
            ("{}", "it is damaged at line 1"),
            (r#"{"version":99}"#, "layout 99"),
            (r#"{"version":1,"warehouse":"app"}"#, "it is damaged at line 1"),
            (other.as_str(), "the Warehouse other"),
        ] {
            std::fs::write(file.path(), text).unwrap();
            let error = file.load().unwrap_err();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.contains(words), "{text}: {cause}");
            assert!(error.hint().unwrap().contains("move the file away"));
        }
        // And the remedy works.
        std::fs::remove_file(file.path()).unwrap();
        assert!(file.load().unwrap().is_none());
    }

    #[test]
    fn freight_is_added_once_and_the_lists_are_bounded() {
        let mut state = WatchState::new(&warehouse("app", None));
        assert!(state.add_pending(freight("f")).is_none() && state.add_pending(freight("f")).is_none());
        assert_eq!(state.pending().count(), 1);
        state.set_handled("f", Timestamp::UNIX_EPOCH);
        assert!(state.add_pending(freight("f")).is_none());
        assert_eq!(state.pending().count(), 0);
        for number in 0..MOST_PENDING {
            assert!(state.add_pending(freight(&format!("p{number}"))).is_none());
        }
        let dropped = state.add_pending(freight("one more")).unwrap();
        assert_eq!((dropped.freight.metadata.name.as_str(), state.pending().count()), ("p0", MOST_PENDING));
        for number in 0..MOST_HANDLED + 5 {
            state.set_handled(&format!("h{number}"), Timestamp::UNIX_EPOCH);
        }
        assert_eq!((state.handled().count(), state.handled().next()), (MOST_HANDLED, Some("h5")));
    }
}
