//! Indexes on disk, one file each.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use artifact_http::cache_folder;
use artifact_source::lock;
use oci_registry::Digest;
use serde::{Deserialize, Serialize};

use crate::fetch::{CachedIndex, IndexRequest};
use crate::index::Index;
use crate::observation::Validators;

const DEFAULT_LIMIT: u64 = 256 << 20;
/// The first bytes of a file: what it is, and the version of its format.
const MAGIC: &[u8] = b"chart index 2\n";
const EXTENSION: &str = "index";
/// The extension of a file that is being written.
const UNFINISHED: &str = "tmp";
/// The age from which on the modification time of a used file is updated.
const TOUCH_AFTER: Duration = Duration::from_secs(60 * 60);
/// The age of an unfinished file whose writer is gone for sure.
const ABANDONED_AFTER: Duration = Duration::from_secs(60 * 60);

/// Indexes in a folder that outlives the process and may be used by several processes at once, for an
/// [`IndexCache`](crate::IndexCache).
///
/// ```
/// use artifact_http::HttpClient;
/// use helm_source::{DiskIndexCache, IndexCache};
///
/// # fn main() -> Result<(), artifact_source::Error> {
/// # let folder = std::env::temp_dir().join("helm-source-example");
/// let disk = DiskIndexCache::new(folder).with_limit(64 << 20);
/// let cache = IndexCache::new(HttpClient::builder().build()?).with_disk(disk.clone());
/// // ... HelmSource::builder("https://charts.example.com").chart("web").cache(cache.clone()) ...
/// if let Some(problem) = disk.take_problem() {
///     eprintln!("warning: {problem}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// Of each index it holds the charts with their versions, digests and times, and the `ETag` and `Last-Modified` of the response: a fortieth of
/// `index.yaml`. It holds no credential. Nothing in it is believed without asking: the server answers every discovery, without a body if
/// it recognizes the index.
///
/// # Format
///
/// - **A file per index**, credential, kind of TLS verification and limit of size. Its name is a digest of these.
/// - **Each file has a digest** of its content and of what it is for. A file that is damaged, cut off, a copy of another one or in another
///   format is not used, and the next response replaces it.
/// - **A file is replaced as a whole**, by one that was written beside it: a reader finds the old one or the new one, also after
///   `kill -9`. No process waits for another one.
/// - **The size is bounded**: the files that were not used for longest are removed when all together exceed the limit.
/// - **Only the user may read it**, on Unix: the folder has mode 0700 and files have 0600. A link in the place of the folder or of a file
///   is not followed.
/// - **Errors are not fatal**: a discovery reads the index from the server, and [`take_problem`](Self::take_problem) returns the error.
#[derive(Clone, Debug)]
pub struct DiskIndexCache {
    inner: Arc<Inner>,
    skips_tls_verify: bool,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    limit: u64,
    problem: Mutex<Option<String>>,
}

/// What stands in a file before the table.
#[derive(Serialize, Deserialize)]
struct Header {
    validators: Option<Validators>,
    #[serde(default)]
    is_distrusted: bool,
}

impl DiskIndexCache {
    /// A cache in this folder, which is created at the first write. It must hold no other files.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self::with(folder.into(), DEFAULT_LIMIT, false)
    }

    /// The largest size in bytes. Defaults to 256 MiB.
    #[must_use]
    pub fn with_limit(self, bytes: u64) -> Self {
        Self::with(self.inner.folder.clone(), bytes, self.skips_tls_verify)
    }

    /// The same folder for a client that [skips the verification of certificates](artifact_http::HttpClientBuilder::skip_tls_verify). An
    /// index from a server whose certificate was not verified is kept separately.
    #[must_use]
    pub fn for_unverified_tls(mut self) -> Self {
        self.skips_tls_verify = true;
        self
    }

    fn with(folder: PathBuf, limit: u64, skips_tls_verify: bool) -> Self {
        let inner = Inner { folder, limit, problem: Mutex::default() };
        Self { inner: Arc::new(inner), skips_tls_verify }
    }

    /// The last error of reading or writing, for a warning; each error is returned once. Discoveries do not fail because of it, but read
    /// the index again.
    pub fn take_problem(&self) -> Option<String> {
        lock(&self.inner.problem).take()
    }

    /// The index that was stored for this request.
    pub(super) async fn read(&self, request: &IndexRequest) -> Option<CachedIndex> {
        let key = self.key(request);
        self.in_background(move |inner| inner.read(&key)).await.flatten()
    }

    /// Stores the index for this request.
    pub(super) async fn store(&self, request: &IndexRequest, index: &Arc<CachedIndex>) {
        let (key, index) = (self.key(request), Arc::clone(index));
        self.in_background(move |inner| inner.store(&key, &index)).await;
    }

    /// Runs work on a thread that may block. Its errors are remembered.
    async fn in_background<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> io::Result<T> + Send + 'static,
    ) -> Option<T> {
        let inner = Arc::clone(&self.inner);
        let problem = match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => format!("the cache of chart indexes cannot be used: {error}"),
            Err(error) => format!("the cache of chart indexes did not finish its work: {error}"),
        };
        *lock(&self.inner.problem) = Some(problem);
        None
    }

    fn key(&self, request: &IndexRequest) -> Key {
        let mut url = request.url.clone();
        // These fail only for a URL without a host, which has no user.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        // As JSON, so that no two keys have the same text. The URL may hold a secret, so only its digest is used.
        let key = serde_json::json!([
            Digest::of(url.as_str().as_bytes()).as_str(),
            request.identity.scope(),
            self.skips_tls_verify,
            request.max_bytes
        ]);
        Key(key.to_string())
    }
}

/// What an index is stored by.
struct Key(String);

impl Key {
    /// The path of the file.
    fn path(&self, folder: &Path) -> PathBuf {
        let digest = Digest::of(self.0.as_bytes());
        let hex = digest.as_str().rsplit(':').next().unwrap_or_default();
        folder.join(hex.get(..32).unwrap_or(hex)).with_extension(EXTENSION)
    }

    /// The digest of the content of a file for this key.
    fn digest(&self, content: &[u8]) -> String {
        let mut text = format!("{}\n", self.0).into_bytes();
        text.extend_from_slice(content);
        format!("{}\n", Digest::of(&text))
    }
}

impl Inner {
    fn read(&self, key: &Key) -> io::Result<Option<CachedIndex>> {
        let path = key.path(&self.folder);
        let in_place = || -> io::Result<Option<Vec<u8>>> {
            let is_folder = cache_folder::exists(&self.folder)?;
            let Some(metadata) = cache_folder::regular_file(&path)?.filter(|_| is_folder) else {
                return Ok(None);
            };
            let file = match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                opened => opened?,
            };
            let mut bytes = Vec::new();
            file.take(self.limit).read_to_end(&mut bytes)?;
            touch(&path, &metadata);
            Ok(Some(bytes))
        };
        let bytes = in_place().map_err(|error| at(&path, &error))?;
        Ok(bytes.and_then(|bytes| decode(key, &bytes)))
    }

    fn store(&self, key: &Key, index: &CachedIndex) -> io::Result<()> {
        let bytes = encode(key, index)?;
        if bytes.len() as u64 > self.limit {
            return Ok(());
        }
        let path = key.path(&self.folder);
        cache_folder::create(&self.folder)
            .and_then(|()| cache_folder::make_private(&self.folder))
            .map_err(|error| at(&self.folder, &error))?;
        replace(&path, &bytes).map_err(|error| at(&path, &error))?;
        self.evict(&path).map_err(|error| at(&self.folder, &error))
    }

    /// Removes the files that were not used for longest, until the rest is within the limit, and what killed writers left. `kept` is not
    /// removed.
    fn evict(&self, kept: &Path) -> io::Result<()> {
        let mut files = Vec::new();
        let mut sum = 0;
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let has_extension = |name| path.extension().is_some_and(|extension| extension == name);
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            if !metadata.is_file() {
                continue;
            }
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if has_extension(EXTENSION) {
                sum += metadata.len();
                files.push((used, metadata.len(), path));
            } else if has_extension(UNFINISHED) && used.elapsed().is_ok_and(|age| age > ABANDONED_AFTER) {
                remove(&path)?;
            }
        }
        files.sort();
        for (_, length, path) in files {
            if sum <= self.limit {
                break;
            }
            if path != kept {
                remove(&path)?;
                sum -= length;
            }
        }
        Ok(())
    }
}

fn encode(key: &Key, index: &CachedIndex) -> io::Result<Vec<u8>> {
    let header = Header { validators: index.validators.clone(), is_distrusted: index.is_distrusted };
    let mut content = serde_json::to_vec(&header)?;
    content.push(b'\n');
    content.extend_from_slice(&index.index.to_bytes());
    Ok([MAGIC, key.digest(&content).as_bytes(), &content].concat())
}

/// The index in a file; `None` if the file is damaged, or for something else.
fn decode(key: &Key, bytes: &[u8]) -> Option<CachedIndex> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (digest, content) = rest.split_at_checked(memchr::memchr(b'\n', rest)? + 1)?;
    if key.digest(content).as_bytes() != digest {
        return None;
    }
    let (header, table) = content.split_at_checked(memchr::memchr(b'\n', content)? + 1)?;
    let Header { validators, is_distrusted } = serde_json::from_slice(header).ok()?;
    Some(CachedIndex { index: Index::from_bytes(table)?, validators, is_distrusted })
}

/// Writes a file beside this one, and moves it there.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let name = format!("{}-{number}-{:x}.{UNFINISHED}", std::process::id(), now.as_nanos());
    let unfinished = path.with_file_name(name);
    // A new file: a link that stands there is an error.
    let mut file = cache_folder::open_file(&unfinished, File::options().create_new(true).write(true))?;
    let written = file.write_all(bytes).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Removes a file that another process may have removed.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Notes that a file is used. It is only about which one is removed first, so errors do not matter.
fn touch(path: &Path, metadata: &Metadata) {
    let age = metadata.modified().ok().and_then(|time| time.elapsed().ok());
    if age.is_some_and(|age| age > TOUCH_AFTER)
        && let Ok(file) = File::options().append(true).open(path)
    {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// The error with its path.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
