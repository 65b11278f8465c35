//! Classic chart repositories (`index.yaml` and archives beside it) on object storage.

mod index;
mod outcome;

use std::sync::Arc;
use std::time::Duration;

use artifact_source::{Clock, ErrorKind, SystemClock};
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use helm_chart::Package;
use url::Url;

use self::index::{Document, Listed, NewEntry};
use crate::store::{Condition, Lock, LockWait, Object, PutOutcome, Random, Store, sha256_hex};
use crate::{Conflict, Error, Overwrite};

pub use outcome::{ArchivePut, IndexMerge, Standing};

/// The name of the index.
const INDEX: &str = "index.yaml";

/// How many archives are sent at once.
const AT_ONCE: usize = 8;

/// How often the index is read again because another writer was faster.
const MERGES: u32 = 64;

/// How often the index is read again because the answer to its put did not come: it may have been written.
const SILENCES: u32 = 2;

/// A classic chart repository on object storage: what `helm repo add` and a Warehouse's `chart` subscription read.
///
/// ```
/// use chart_release::Package;
/// use chart_release::Overwrite;
/// use chart_release::repository::{ArchivePut, ChartRepository, IndexMerge};
/// use chart_release::store::Store;
///
/// # async fn example(folder: &std::path::Path, package: Package) -> Result<(), chart_release::Error> {
/// let store = Store::open(&format!("file://{}", folder.display()))?;
/// let repository = ChartRepository::new(store);
///
/// // Archives first: no reader sees them without an entry in the index.
/// let packages = [package];
/// assert_eq!(repository.put_archives(&packages, &Overwrite::Never).await?, [ArchivePut::Written]);
/// assert_eq!(repository.merge_index(&packages, &Overwrite::Never).await?.added(), 1);
///
/// // Again, after a failure or not: what exists is left alone.
/// assert_eq!(repository.put_archives(&packages, &Overwrite::Never).await?, [ArchivePut::Stands]);
/// assert_eq!(repository.merge_index(&packages, &Overwrite::Never).await?.added(), 0);
/// # Ok(())
/// # }
/// # let folder = tempfile::tempdir().unwrap();
/// # let package = Package::from_archive(warehouse_testkit::Chart::new("web", "1.2.3").archive().to_vec()).unwrap();
/// # tokio::runtime::Runtime::new().unwrap().block_on(example(folder.path(), package)).unwrap();
/// ```
///
/// # What holds
///
/// - A reader never sees an entry whose archive is not there.
/// - A version that exists with other content is never replaced, but for versions that [`Overwrite`] names.
/// - Of two writers at once none loses an entry: the index is written on the condition that it is still the one that was read, or under the
///   store's [lock](crate::store::Lock) where it has no conditions.
/// - An index that could not be read as a whole is an error; only where the store says that there is none is it a new one.
/// - Each step can be done again.
///
/// # What the index is
///
/// That of `helm repo index --merge`, with entries that exist left as they are, byte for byte, and new ones where Helm sorts them. `created`
/// and `generated` are the time of the [clock](Self::with_clock).
#[derive(Clone, Debug)]
pub struct ChartRepository {
    store: Store,
    url: Option<Url>,
    clock: Arc<dyn Clock>,
    seed: Option<u64>,
}

impl ChartRepository {
    /// The repository in this store, with URLs in its index that are relative to the index.
    pub fn new(store: Store) -> Self {
        Self { store, url: None, clock: Arc::new(SystemClock), seed: None }
    }

    /// URLs in new entries begin with this one, as `helm repo index --url` has it. Defaults to relative URLs, which stay true when the
    /// repository moves.
    #[must_use]
    pub fn with_url(mut self, url: impl Into<Option<Url>>) -> Self {
        self.url = url.into();
        self
    }

    /// Where `created`, `generated` and the time in lock objects come from. Defaults to the system's clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self.store = self.store.with_clock(Arc::clone(&self.clock));
        self
    }

    /// The seed of the waits between tries. Defaults to another one in each process.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Refuses a name and a version that would be a file elsewhere. Nothing is sent.
    pub(crate) fn check(name: &str, version: &str) -> Result<(), Error> {
        check_chart(name, version)
    }

    /// What exists of these charts, each a name and a version: the index is read once, and each archive.
    ///
    /// # Errors
    ///
    /// What kept the index or an archive away; an index that is none.
    pub async fn standing(&self, charts: &[(&str, &str)]) -> Result<Vec<Standing>, Error> {
        self.standing_of_each(charts).await?.into_iter().collect()
    }

    /// The same, where the error of an archive is that of its chart alone.
    pub(crate) async fn standing_of_each(
        &self,
        charts: &[(&str, &str)],
    ) -> Result<Vec<Result<Standing, Error>>, Error> {
        let index = self.store.get(INDEX).await?;
        let document = index.as_ref().map(|index| Document::read(&index.bytes)).transpose();
        let document = document.map_err(|error| self.at_index(error))?;
        let archives = charts.iter().map(|(name, version)| self.archive_digest(name, version).boxed());
        let archives: Vec<_> = archives.collect();
        let archives: Vec<_> = stream::iter(archives).buffered(AT_ONCE).collect().await;
        let of_chart = |((name, version), archive): (&(&str, &str), Result<Option<String>, Error>)| {
            let listed = document.as_ref().map_or(Listed::Nothing, |document| document.listed(name, version));
            let (is_listed, entry) = match listed {
                Listed::Nothing => (false, None),
                Listed::Entry(digest) => (true, digest.map(|digest| format!("sha256:{digest}"))),
            };
            Ok(Standing { archive: archive?, is_listed, entry })
        };
        Ok(charts.iter().zip(archives).map(of_chart).collect())
    }

    /// The archive of a version; `None` if there is none.
    ///
    /// # Errors
    ///
    /// What kept it away; an archive that is no chart.
    pub async fn archive(&self, name: &str, version: &str) -> Result<Option<Package>, Error> {
        check_chart(name, version)?;
        let file = format!("{name}-{version}.tgz");
        let Some(object) = self.store.get(&file).await? else { return Ok(None) };
        let url = format!("{}/{file}", self.store.url());
        let package = Package::from_archive(object.bytes.to_vec()).map_err(|error| error.at(&url))?;
        Ok(Some(package))
    }

    async fn archive_digest(&self, name: &str, version: &str) -> Result<Option<String>, Error> {
        check_chart(name, version)?;
        let object = self.store.get(&format!("{name}-{version}.tgz")).await?;
        Ok(object.map(|object| format!("sha256:{}", sha256_hex(&object.bytes))))
    }

    /// Writes the archives that are not there, several at once, and says for each what came of it, in their order.
    ///
    /// No reader finds them until they are in the index: archives reserve their versions.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] for a version that exists with other content and is not to be overwritten. Other archives may be written then;
    /// the same call again finds them.
    pub async fn put_archives(
        &self,
        packages: &[Package],
        overwrite: &Overwrite,
    ) -> Result<Vec<ArchivePut>, Error> {
        self.put_archives_within(packages, overwrite, LockWait::default()).await
    }

    /// The same with a deadline for the wait for the store's lock, and an observer of it.
    ///
    /// # Errors
    ///
    /// As [`put_archives`](Self::put_archives); [`Refused`](ErrorKind::Refused) if another writer holds the lock until then.
    pub async fn put_archives_within(
        &self,
        packages: &[Package],
        overwrite: &Overwrite,
        wait: LockWait<'_>,
    ) -> Result<Vec<ArchivePut>, Error> {
        for package in packages {
            check_chart(package.name(), package.version())?;
        }
        let is_conditional = self.store.conditional_put().await?;
        let lock = match is_conditional {
            true => None,
            false => Some(self.store.lock_within(&mut self.random(), wait).await?),
        };
        let puts = packages.iter().map(|package| self.put_archive(package, overwrite, lock.as_ref()).boxed());
        let puts: Vec<_> = puts.collect();
        let outcome = stream::iter(puts).buffered(AT_ONCE).try_collect().await;
        released(lock, outcome).await
    }

    async fn put_archive(
        &self,
        package: &Package,
        overwrite: &Overwrite,
        lock: Option<&Lock>,
    ) -> Result<ArchivePut, Error> {
        let name = package.file_name();
        let body = Bytes::copy_from_slice(package.archive());
        if lock.is_none() && !overwrite.allows(package.version()) {
            // The usual case is one request: it is not there.
            if self.store.put(&name, body, Condition::Absent).await? == PutOutcome::Written {
                return Ok(ArchivePut::Written);
            }
            return match self.store.get(&name).await? {
                Some(object) if object.bytes == package.archive() => Ok(ArchivePut::Stands),
                Some(object) => Err(self.conflict(package, &sha256_hex(&object.bytes))),
                // Somebody deleted it in between.
                None => Err(artifact_source::Error::new(
                    ErrorKind::BadAnswer,
                    "the archive changed during the read",
                )
                .with_url(format!("{}/{name}", self.store.url()))
                .with_hint("run the same command again")
                .into()),
            };
        }
        let standing = self.store.get(&name).await?;
        match &standing {
            Some(object) if object.bytes == package.archive() => return Ok(ArchivePut::Stands),
            Some(object) if !overwrite.allows(package.version()) => {
                return Err(self.conflict(package, &sha256_hex(&object.bytes)));
            }
            _ => {}
        }
        if let Some(lock) = lock {
            lock.check()?;
        }
        self.store.put(&name, body, Condition::Always).await?;
        Ok(if standing.is_some() { ArchivePut::Replaced } else { ArchivePut::Written })
    }

    /// Brings the packages into the index. Their archives must be there: [`put_archives`](Self::put_archives).
    ///
    /// An entry that exists with the same digest is left as it is; where all do, nothing is written.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] for an entry of the same version with another digest that is not to be overwritten. An index that is none, is
    /// cut or cannot be read: nothing is written then.
    pub async fn merge_index(
        &self,
        packages: &[Package],
        overwrite: &Overwrite,
    ) -> Result<IndexMerge, Error> {
        self.merge_index_within(packages, overwrite, LockWait::default()).await
    }

    /// The same with a deadline for the wait for the store's lock, and an observer of it.
    ///
    /// # Errors
    ///
    /// As [`merge_index`](Self::merge_index); [`Refused`](ErrorKind::Refused) if another writer holds the lock until then.
    pub async fn merge_index_within(
        &self,
        packages: &[Package],
        overwrite: &Overwrite,
        wait: LockWait<'_>,
    ) -> Result<IndexMerge, Error> {
        for package in packages {
            check_chart(package.name(), package.version())?;
        }
        let packages = self.once_each(packages)?;
        if packages.is_empty() {
            return Ok(IndexMerge::default());
        }
        let is_conditional = self.store.conditional_put().await?;
        if is_conditional {
            return self.merge_by_conditions(&packages, overwrite).await;
        }
        let lock = self.store.lock_within(&mut self.random(), wait).await?;
        let outcome = self.merge_under_lock(&packages, overwrite, &lock).await;
        released(Some(lock), outcome).await
    }

    /// [`put_archives`](Self::put_archives), then [`merge_index`](Self::merge_index).
    ///
    /// # Errors
    ///
    /// As theirs.
    pub async fn publish(&self, packages: &[Package], overwrite: &Overwrite) -> Result<IndexMerge, Error> {
        self.put_archives(packages, overwrite).await?;
        self.merge_index(packages, overwrite).await
    }

    async fn merge_by_conditions(
        &self,
        packages: &[&Package],
        overwrite: &Overwrite,
    ) -> Result<IndexMerge, Error> {
        let mut random = self.random();
        let mut silences = 0;
        for tries in 0..MERGES {
            if tries > 0 {
                let pause = random.backoff(tries.min(6), Duration::from_millis(5), Duration::from_secs(2));
                tokio::time::sleep(pause).await;
            }
            let standing = self.store.get(INDEX).await?;
            let (text, merge) = self.merged(standing.as_ref(), packages, overwrite).await?;
            let merge = IndexMerge { tries: tries + 1, ..merge };
            let Some(text) = text else { return Ok(merge) };
            let condition = match standing {
                Some(object) => Condition::Matches(object.version),
                None => Condition::Absent,
            };
            match self.store.put(INDEX, text, condition).await {
                Ok(PutOutcome::Written) => return Ok(merge),
                // Another writer was faster, or an answer of ours got lost: what is there now tells.
                Ok(PutOutcome::ConditionFailed) => {}
                Err(error) if error.is_transient() && silences < SILENCES => silences += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Err(artifact_source::Error::new(
            ErrorKind::Refused,
            format!("the index was changed by other writers {MERGES} times in a row"),
        )
        .with_url(format!("{}/{INDEX}", self.store.url()))
        .with_hint("run the same command again when fewer writers are at work")
        .into())
    }

    async fn merge_under_lock(
        &self,
        packages: &[&Package],
        overwrite: &Overwrite,
        lock: &Lock,
    ) -> Result<IndexMerge, Error> {
        let standing = self.store.get(INDEX).await?;
        let (text, merge) = self.merged(standing.as_ref(), packages, overwrite).await?;
        if let Some(text) = text {
            lock.check()?;
            self.store.put(INDEX, text, Condition::Always).await?;
        }
        Ok(IndexMerge { tries: 1, ..merge })
    }

    /// The new text of the index, `None` if every entry is there; and what is new in it.
    async fn merged(
        &self,
        standing: Option<&Object>,
        packages: &[&Package],
        overwrite: &Overwrite,
    ) -> Result<(Option<String>, IndexMerge), Error> {
        let document = standing.map(|object| Document::read(&object.bytes)).transpose();
        let document = document.map_err(|error| self.at_index(error))?;
        let now = self.clock.now();
        let mut merge = IndexMerge::default();
        let mut entries = Vec::new();
        for package in packages {
            let digest = package.digest().trim_start_matches("sha256:");
            let mut listed =
                document.iter().flat_map(|document| document.digests(package.name(), package.version()));
            let is_listed = document.as_ref().is_some_and(|document| {
                document.listed(package.name(), package.version()) != Listed::Nothing
            });
            let other = listed.find_map(|listed| listed.filter(|listed| !is_digest(listed, digest)));
            match other {
                None if is_listed => continue,
                None => merge.added.push(named(package)),
                Some(_) if overwrite.allows(package.version()) => merge.replaced.push(named(package)),
                Some(other) => return Err(self.conflict(package, other)),
            }
            entries.push(NewEntry::new(package, self.url.as_ref(), now));
        }
        // A version that may be overwritten is described as its archive is now: if another writer has replaced the archive since, the entry
        // is that writer's to write. One that replaces it after this look writes its entry after ours, or ours finds the index changed.
        let looks = packages.iter().filter(|package| overwrite.allows(package.version()));
        let looks: Vec<_> = looks.map(|package| self.superseded(package).boxed()).collect();
        let superseded: Vec<Option<String>> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        merge.superseded = superseded.into_iter().flatten().collect();
        let is_superseded =
            |entry: &NewEntry| merge.superseded.contains(&format!("{}-{}", entry.name, entry.version));
        entries.retain(|entry| !is_superseded(entry));
        let superseded = &merge.superseded;
        merge.added.retain(|name| !superseded.contains(name));
        merge.replaced.retain(|name| !superseded.contains(name));
        if entries.is_empty() {
            return Ok((None, merge));
        }
        let text = match &document {
            Some(document) => document.with(&entries, now)?,
            None => index::new_index(&entries, now)?,
        };
        Ok((Some(text), merge))
    }

    /// The name of a package whose archive another writer has replaced.
    async fn superseded(&self, package: &&Package) -> Result<Option<String>, Error> {
        let name = package.file_name();
        match self.store.get(&name).await? {
            Some(object) if object.bytes == package.archive() => Ok(None),
            Some(_) => Ok(Some(named(package))),
            None => Err(artifact_source::Error::new(ErrorKind::NotFound, "the archive is not in the store")
                .with_url(format!("{}/{name}", self.store.url()))
                .with_hint("write the archives before the index")
                .into()),
        }
    }

    /// The packages without those that are given twice.
    fn once_each<'p>(&self, packages: &'p [Package]) -> Result<Vec<&'p Package>, Error> {
        let mut once: Vec<&Package> = Vec::new();
        for package in packages {
            let is_same =
                |other: &&&Package| other.name() == package.name() && other.version() == package.version();
            match once.iter().find(is_same) {
                None => once.push(package),
                Some(other) if other.digest() == package.digest() => {}
                Some(other) => return Err(self.conflict(package, other.digest())),
            }
        }
        Ok(once)
    }

    fn random(&self) -> Random {
        self.seed.map_or_else(Random::from_system, Random::seeded)
    }

    fn at_index(&self, error: artifact_source::Error) -> Error {
        error.with_url(format!("{}/{INDEX}", self.store.url())).into()
    }

    fn conflict(&self, package: &Package, standing: &str) -> Error {
        conflict(self.store.url(), package, standing)
    }
}

/// An index with the entries of these packages, without a store: what [`ChartRepository::merge_index`] writes.
///
/// `index` is the text of `index.yaml`, YAML or JSON, or `None` to begin one; `url` as in [`ChartRepository::with_url`]; `now` is `created` of
/// the new entries and `generated` of the index. Returns `None` if every package has its entry already.
///
/// ```
/// use chart_release::repository::extend_index;
///
/// # fn example(package: chart_release::Package) -> Result<(), chart_release::Error> {
/// let now = "2026-11-29T12:00:00Z".parse().unwrap_or_default();
/// let index = "apiVersion: v1\nentries:\n  web:\n  - version: 2.0.0 # ours\ngenerated: \"\"\n";
/// let extended = extend_index(Some(index.as_bytes()), &[package], None, now)?.unwrap_or_default();
/// assert!(extended.starts_with("apiVersion: v1\nentries:\n  web:\n  - version: 2.0.0 # ours\n  - apiVersion: v2\n"));
/// # Ok(())
/// # }
/// # let archive = warehouse_testkit::Chart::new("web", "1.2.3").archive();
/// # example(chart_release::Package::from_archive(archive).unwrap()).unwrap();
/// ```
///
/// # Errors
///
/// A text that is not an index as a whole; [`Error::Conflict`] for an entry of the same version with another digest.
pub fn extend_index(
    index: Option<&[u8]>,
    packages: &[Package],
    url: Option<&Url>,
    now: jiff::Timestamp,
) -> Result<Option<String>, Error> {
    let document = index.map(Document::read).transpose()?;
    let mut entries: Vec<NewEntry> = Vec::new();
    for package in packages {
        let digest = package.digest().trim_start_matches("sha256:");
        let is_same = |entry: &&NewEntry| entry.name == package.name() && entry.version == package.version();
        let given = entries.iter().find(is_same).map(|entry| entry.digest.as_str());
        let digests =
            document.iter().flat_map(|document| document.digests(package.name(), package.version()));
        let mut standing: Vec<Option<&str>> = digests.collect();
        standing.extend(given.map(Some));
        if let Some(other) = standing.iter().flatten().find(|listed| !is_digest(listed, digest)) {
            return Err(conflict("the index", package, other));
        }
        if standing.is_empty() {
            entries.push(NewEntry::new(package, url, now));
        }
    }
    match document {
        _ if entries.is_empty() => Ok(None),
        Some(document) => document.with(&entries, now).map(Some),
        None => index::new_index(&entries, now).map(Some),
    }
}

fn conflict(place: &str, package: &Package, standing: &str) -> Error {
    let standing = standing.strip_prefix("sha256:").unwrap_or(standing);
    let standing = artifact_source::printable(standing).chars().take(64).collect::<String>();
    Conflict::new(package, place, format!("sha256:{standing}")).into()
}

fn named(package: &Package) -> String {
    format!("{}-{}", package.name(), package.version())
}

fn is_digest(listed: &str, digest: &str) -> bool {
    listed.trim().strip_prefix("sha256:").unwrap_or(listed.trim()).eq_ignore_ascii_case(digest)
}

/// Gives the lock back, after success and failure. The error of the work is told before that of the lock.
async fn released<T>(lock: Option<Lock>, outcome: Result<T, Error>) -> Result<T, Error> {
    let Some(lock) = lock else { return outcome };
    let given_back = lock.release().await;
    let outcome = outcome?;
    given_back?;
    Ok(outcome)
}

/// Refuses what would be a file elsewhere.
fn check_chart(name: &str, version: &str) -> Result<(), Error> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    let is_version = |letter: char| letter.is_ascii_alphanumeric() || "-.+".contains(letter);
    let fits = !name.is_empty() && name.chars().all(is_name) && !name.starts_with('.');
    if fits && !version.is_empty() && version.chars().all(is_version) && name.len() + version.len() < 500 {
        return Ok(());
    }
    let (name, version) = (artifact_source::printable(name), artifact_source::printable(version));
    Err(helm_chart::Error::new(format!("`{name}` at `{version}` cannot be the name and version of a chart"))
        .with_hint("names have letters, digits, `-`, `_` and `.`; versions are semantic versions")
        .into())
}
