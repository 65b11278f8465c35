//! Objects on disk, kept between discoveries. Losing them costs some kilobytes of traffic and nothing else.
//!
//! A store is a folder with `objects` in Git's own layout, the `shallow` file that says where the
//! histories end, and `tips`: the commits whose history is known to be there. They are written in this
//! order, each of them atomically. So a process that is killed at any moment leaves a store that may lack something and
//! claims nothing wrong.
//!
//! Any number of processes read a store at once. What one receives goes into a temporary folder of its own, and moves into the store when it is
//! whole: one process at a time, for the time of some renames, while no server is waited for. Objects that were not asked for do not move.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use artifact_http::cache_folder::make_private;
use artifact_source::{Error, ErrorKind};
use gix::ObjectId;
use gix::hash::Kind as ObjectFormat;
use gix::objs::{CommitRefIter, Kind, TagRefIter, TreeRefIter};
use gix::progress::DynNestedProgress;

use crate::repository::fetch::FetchRequest;
use crate::repository::folder::{
    FileLock, LockMode, TEMPORARY, check_folder, create_below, read_text, remove_file, remove_folder,
    write_atomically,
};
use crate::repository::objects::Objects;
use crate::repository::resolution::Resolution;
use crate::repository::scratch::Scratch;
use crate::transport::{Cause, ExchangeError, Interrupt, has_broken};

/// The largest object of a pack: while it is resolved, it takes twice this memory. Commits, trees and tags are far smaller; a file that a
/// server sends although it was not asked for may not be.
const LARGEST_OBJECT: usize = 64 << 20;

/// Why a pack could not be used: the connection broke, or the pack is not valid.
fn not_received(error: &gix::Error) -> Error {
    let (kind, message) = match has_broken(error) {
        true => (ErrorKind::Unreachable, "the connection broke while the pack was received"),
        false => (ErrorKind::BadAnswer, "the server's pack is not valid"),
    };
    Error::new(kind, message).with_cause(Cause::new(error))
}

/// A store with more packs than this is slow, and is emptied.
const PACKS: usize = 50;

/// The tips that are remembered, the latest ones.
const TIPS: usize = 64;

/// The file whose lock is shared by those who use the store. Its time of modification is the store's last use.
pub(crate) const IN_USE: &str = "lock";

/// The file whose lock is held by the one who writes to the store.
const WRITER: &str = "writer";

const PACK_FOLDER: &str = "objects/pack";

/// Objects on disk, and what was received since the store was opened. It is not removed while it is open.
pub(crate) struct Store {
    folder: PathBuf,
    format: ObjectFormat,
    /// What is received, until it is known to have been asked for.
    scratch: Arc<Scratch>,
    /// Where histories end, as this discovery sees it, and as it was when the store was opened or last written.
    shallow_before: RefCell<BTreeSet<ObjectId>>,
    tips: RefCell<Vec<ObjectId>>,
    /// Whether an answer held objects that were not asked for. From then on nothing moves into the store.
    has_foreign: Cell<bool>,
    has_grown: Cell<bool>,
    _in_use: FileLock,
}

impl Store {
    /// Opens the store for objects of this format in this folder below the root of a cache. What is received goes into the temporary folder first, which is on the same file
    /// system.
    pub(crate) fn open(
        root: &Path,
        relative: &Path,
        format: ObjectFormat,
        scratch: Arc<Scratch>,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let folder = root.join(relative);
        let prepare = || -> Result<FileLock, Error> {
            let lock = loop {
                let taken = create_below(root, relative)
                    .and_then(|()| FileLock::take(&folder.join(IN_USE), LockMode::Shared));
                match taken {
                    Ok(Some(lock)) => break lock,
                    // Another process is just removing it.
                    Ok(None) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound && root.exists() => {}
                    Err(error) => return Err(unusable(&folder, error)),
                }
                pause(interrupt)?;
            };
            let made = create_below(&folder, Path::new(PACK_FOLDER)).and_then(|()| lock.touch());
            made.map_err(|error| unusable(&folder, error))?;
            Ok(lock)
        };
        let lock = prepare()?;
        let store = Self {
            folder,
            format,
            scratch,
            shallow_before: RefCell::default(),
            tips: RefCell::default(),
            has_foreign: Cell::new(false),
            has_grown: Cell::new(false),
            _in_use: lock,
        };
        store.prepare(interrupt)?;
        Ok(store)
    }

    /// The folder of the store.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether objects moved into it since it was opened.
    pub(crate) fn has_grown(&self) -> bool {
        self.has_grown.get()
    }

    /// Removes what a killed process left behind, and reads what the store says about itself.
    fn prepare(&self, interrupt: &Interrupt) -> Result<(), Error> {
        let unusable = |error| unusable(&self.folder, error);
        let packs = self.folder.join(PACK_FOLDER);
        let entries = || -> io::Result<Vec<_>> { fs::read_dir(&packs)?.collect() };
        let entries = entries().map_err(unusable)?;
        let is_pack = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            is_file && name.starts_with("pack-") && (name.ends_with(".pack") || name.ends_with(".idx"))
        };
        let has_others = entries.iter().any(|entry| !is_pack(entry));
        let has_too_many = entries.iter().filter(|entry| is_pack(entry)).count() / 2 > PACKS;
        // A folder that cannot be written is better known before the server is asked.
        tempfile::tempfile_in(&packs).and_then(|_| tempfile::tempfile_in(&self.folder)).map_err(unusable)?;
        let writer = self.writer(interrupt)?;
        if has_too_many {
            self.remove_all().map_err(unusable)?;
        } else if has_others {
            for entry in entries.iter().filter(|entry| !is_pack(entry)) {
                remove_folder(&entry.path()).map_err(unusable)?;
            }
        }
        self.remove_left_behind().map_err(unusable)?;
        drop(writer);
        self.make_files_private().map_err(unusable)?;
        create_below(self.scratch.folder(), Path::new(PACK_FOLDER)).map_err(unusable)?;
        self.read().map_err(unusable)
    }

    /// Files that were not written to their end, and packs without their other half.
    fn remove_left_behind(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY)
                || entry.file_name() == "shallow.lock"
            {
                remove_file(&entry.path())?;
            }
        }
        // Anything here but packs could name other folders with objects.
        for entry in fs::read_dir(self.folder.join("objects"))? {
            let entry = entry?;
            if entry.file_name() != "pack" {
                remove_folder(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Reads `shallow` and `tips`, and begins with a copy of the former.
    fn read(&self) -> io::Result<()> {
        // A file that cannot be read means that no tip is known, which is always safe. It is read first: another process writes it last.
        let tips = read_text(&self.folder.join("tips")).ok().flatten().unwrap_or_default();
        let shallow = read_text(&self.folder.join("shallow"))?.unwrap_or_default();
        let shallow: BTreeSet<ObjectId> = ids(&shallow).collect();
        *self.tips.borrow_mut() = ids(&tips).take(TIPS).collect();
        fs::write(self.shallow_file(true), lines(&shallow))?;
        *self.shallow_before.borrow_mut() = shallow;
        Ok(())
    }

    /// Waits until no other process writes to the store.
    fn writer(&self, interrupt: &Interrupt) -> Result<FileLock, Error> {
        loop {
            let taken = FileLock::take(&self.folder.join(WRITER), LockMode::Exclusive);
            match taken.map_err(|error| unusable(&self.folder, error))? {
                Some(lock) => return Ok(lock),
                None => pause(interrupt)?,
            }
        }
    }

    /// Whether nothing was fetched yet.
    pub(crate) fn is_empty(&self) -> bool {
        let is_empty =
            |folder: &Path| fs::read_dir(folder.join(PACK_FOLDER)).is_ok_and(|mut all| all.next().is_none());
        is_empty(&self.folder) && is_empty(self.scratch.folder())
    }

    /// Removes all objects. Others who read them at the moment fetch again what they miss.
    pub(crate) fn clear(&self, interrupt: &Interrupt) -> Result<(), Error> {
        let _writer = self.writer(interrupt)?;
        let cleared = || {
            self.remove_all()?;
            remove_folder(&self.scratch.folder().join("objects"))?;
            create_below(self.scratch.folder(), Path::new(PACK_FOLDER))?;
            self.read()
        };
        cleared().map_err(|error| unusable(&self.folder, error))
    }

    fn remove_all(&self) -> io::Result<()> {
        remove_contents(&self.folder)?;
        create_below(&self.folder, Path::new(PACK_FOLDER))
    }

    /// gitoxide makes its files readable for everybody.
    fn make_files_private(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.folder.join(PACK_FOLDER))? {
            make_private(&entry?.path())?;
        }
        for file in ["shallow", "tips", IN_USE, WRITER] {
            match make_private(&self.folder.join(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The file that says where the histories of the store end, in Git's own format. What is fetched beside them has a file of its own,
    /// which is forgotten.
    pub(crate) fn shallow_file(&self, is_history: bool) -> PathBuf {
        self.scratch.folder().join(if is_history { "shallow" } else { "shallow-once" })
    }

    /// The objects as they are now. Objects that are received later need a new handle.
    pub(crate) fn objects(&self) -> Result<Objects, Error> {
        let open = || {
            check_folder(&self.folder.join(PACK_FOLDER))?;
            Objects::open(
                &[&self.scratch.folder().join("objects"), &self.folder.join("objects")],
                self.format,
            )
        };
        open().map_err(|error| unusable(&self.folder, error))
    }

    /// Whether the history is known to end at this commit, though the commit has parents.
    pub(crate) fn is_boundary(&self, id: ObjectId) -> Result<bool, Error> {
        Ok(self.shallow().map_err(|error| unusable(&self.folder, error))?.contains(&id))
    }

    fn shallow(&self) -> io::Result<BTreeSet<ObjectId>> {
        Ok(ids(&read_text(&self.shallow_file(true))?.unwrap_or_default()).collect())
    }

    /// Prepares a fetch.
    pub(crate) fn begin(&self, request: &FetchRequest) -> Result<(), Error> {
        if request.is_history {
            return Ok(());
        }
        remove_file(&self.shallow_file(false)).map_err(|error| unusable(&self.folder, error))
    }

    /// Writes a pack as it arrives. When it is whole, its objects are resolved, and it gets its index.
    pub(crate) fn receive(
        &self,
        pack: &mut dyn BufRead,
        progress: &mut dyn DynNestedProgress,
        flag: &AtomicBool,
        interrupt: &Interrupt,
    ) -> Result<(), ExchangeError> {
        let mut arrived = self.spool(pack, interrupt)?;
        let _resolution = Resolution::begin(interrupt)?;
        let limit = LARGEST_OBJECT.min(usize::try_from(interrupt.limits.bytes).unwrap_or(usize::MAX));
        let options = gix::odb::pack::bundle::write::Options {
            // Commits are small, and several discoveries run at once.
            thread_limit: Some(1),
            alloc_limit_bytes: Some(limit),
            ..Default::default()
        };
        let written = gix::odb::pack::Bundle::write_to_directory(
            &mut arrived,
            Some(&self.scratch.folder().join(PACK_FOLDER)),
            progress,
            flag,
            Some(self.objects()?),
            self.format,
            options,
        )
        .map_err(|error| {
            if interrupt.is_stopped() {
                return interrupt.stopped_error().into();
            }
            if error.is_resource_exhausted() {
                let message = format!(
                    "the pack holds an object of more than {} MiB, or more objects than fit in that",
                    limit >> 20
                );
                return Error::new(ErrorKind::TooLarge, message).into();
            }
            // An object of the pack builds on one that is neither in it nor here.
            if error.is_not_found() {
                return ExchangeError::MissingBase(not_received(&error));
            }
            match error.downcast_any_ref::<io::Error>().map(io::Error::kind) {
                Some(
                    io::ErrorKind::StorageFull
                    | io::ErrorKind::PermissionDenied
                    | io::ErrorKind::ReadOnlyFilesystem,
                ) => unusable(&self.folder, Cause::new(&error)).into(),
                _ => not_received(&error).into(),
            }
        })?;
        if let Some(keep) = written.keep_path {
            fs::remove_file(keep).map_err(|error| unusable(&self.folder, error))?;
        }
        Ok(())
    }

    /// The pack in a temporary file.
    fn spool(&self, pack: &mut dyn BufRead, interrupt: &Interrupt) -> Result<BufReader<File>, Error> {
        let unusable = |error| unusable(&self.folder, error);
        let mut file = tempfile::tempfile_in(self.scratch.folder()).map_err(unusable)?;
        loop {
            let piece = pack.fill_buf().map_err(|error| {
                if interrupt.is_stopped() {
                    return interrupt.stopped_error();
                }
                not_received(&gix::Error::from_error(error))
            })?;
            if piece.is_empty() {
                break;
            }
            file.write_all(piece).map_err(unusable)?;
            let length = piece.len();
            pack.consume(length);
        }
        file.rewind().map_err(unusable)?;
        Ok(BufReader::new(file))
    }

    /// Moves into the store what a fetch has received, and remembers its tips. An answer with objects that were not asked for serves this
    /// discovery, and nothing of it is kept.
    pub(crate) fn keep(&self, request: &FetchRequest, interrupt: &Interrupt) -> Result<(), Error> {
        if request.is_history {
            let mut tips = self.tips.borrow_mut();
            tips.retain(|tip| !request.wants.contains(tip));
            tips.splice(0..0, request.wants.iter().copied());
            tips.truncate(TIPS);
        }
        if !self.has_foreign.get() && self.has_others_than(request, interrupt)? {
            self.has_foreign.set(true);
        }
        if self.has_foreign.get() {
            return Ok(());
        }
        let _writer = self.writer(interrupt)?;
        self.move_packs()
            .and_then(|()| if request.is_history { self.write_history() } else { Ok(()) })
            .and_then(|()| self.make_files_private())
            .map_err(|error| unusable(&self.folder, error))
    }

    fn move_packs(&self) -> io::Result<()> {
        let (from, to) = (self.scratch.folder().join(PACK_FOLDER), self.folder.join(PACK_FOLDER));
        check_folder(&to)?;
        let mut names = fs::read_dir(&from)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<Vec<_>>>()?;
        // The index names a pack for all who look for objects, so it comes after it.
        names.sort_by_key(|name| Path::new(name).extension().is_some_and(|extension| extension == "idx"));
        for name in names {
            make_private(&from.join(&name))?;
            fs::rename(from.join(&name), to.join(&name))?;
            self.has_grown.set(true);
        }
        Ok(())
    }

    /// Another process may have written since: what this one has learned is added to that.
    fn write_history(&self) -> io::Result<()> {
        let now = self.shallow()?;
        let mut shallow: BTreeSet<ObjectId> =
            ids(&read_text(&self.folder.join("shallow"))?.unwrap_or_default()).collect();
        let mut before = self.shallow_before.borrow_mut();
        shallow.retain(|id| now.contains(id) || !before.contains(id));
        shallow.extend(now.difference(&before));
        write_atomically(&self.folder, "shallow", &lines(&shallow))?;
        *before = now;
        let mut tips = self.tips.borrow().clone();
        let others = read_text(&self.folder.join("tips")).ok().flatten().unwrap_or_default();
        tips.extend(ids(&others).filter(|other| !self.tips.borrow().contains(other)));
        tips.truncate(TIPS);
        write_atomically(&self.folder, "tips", &lines(&tips))
    }

    /// Whether something was received that the wants of the request do not lead to.
    fn has_others_than(&self, request: &FetchRequest, interrupt: &Interrupt) -> Result<bool, Error> {
        let mut received = HashSet::new();
        let packs = self.scratch.folder().join(PACK_FOLDER);
        for entry in fs::read_dir(&packs).map_err(|error| unusable(&self.folder, error))?.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "idx") {
                let index = gix::odb::pack::index::File::at(&path, self.format)
                    .map_err(|error| unusable(&self.folder, Cause::new(&error)))?;
                received.extend(index.iter().map(|entry| entry.oid));
            }
        }
        let objects = self.objects()?;
        let mut next: Vec<ObjectId> = request.wants.clone();
        let mut buffer = Vec::new();
        // A deeper fetch brings the parents of the commits where the history ended.
        let ends = if request.is_history { self.shallow_before.borrow().clone() } else { BTreeSet::new() };
        for end in ends {
            if let Some(data) = objects.read(end, &mut buffer)?.filter(|data| data.kind == Kind::Commit) {
                next.extend(CommitRefIter::from_bytes(data.data, self.format).parent_ids());
            }
        }
        let mut left = received.len();
        while let Some(id) = next.pop() {
            if !received.remove(&id) {
                continue;
            }
            left -= 1;
            if left.is_multiple_of(1024) && interrupt.is_stopped() {
                return Err(interrupt.stopped_error());
            }
            match objects.header(id)? {
                Some((Kind::Blob, _)) | None => continue,
                Some(_) => {}
            }
            let Some(data) = objects.read(id, &mut buffer)? else { continue };
            match data.kind {
                Kind::Commit => {
                    let commit = CommitRefIter::from_bytes(data.data, self.format);
                    next.extend(commit.clone().tree_id().ok());
                    next.extend(commit.parent_ids());
                }
                Kind::Tree => {
                    let entries = TreeRefIter::from_bytes(data.data, self.format).filter_map(Result::ok);
                    next.extend(entries.map(|entry| entry.oid.to_owned()));
                }
                Kind::Tag => next.extend(TagRefIter::from_bytes(data.data, self.format).target_id().ok()),
                Kind::Blob => {}
            }
        }
        // A pack whose deltas build on objects of the store arrives without them, and gitoxide adds them.
        let stored = Objects::open(&[&self.folder.join("objects")], self.format)
            .map_err(|error| unusable(&self.folder, error))?;
        Ok(received.iter().any(|id| !stored.contains(id)))
    }

    /// The tips whose history is here, the latest first.
    pub(crate) fn tips(&self) -> Vec<ObjectId> {
        self.tips.borrow().clone()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.scratch.remove();
    }
}

/// Removes what a store holds, but not its locks. The tips go first: without them the rest claims nothing.
pub(crate) fn remove_contents(folder: &Path) -> io::Result<()> {
    for file in ["tips", "shallow"] {
        remove_file(&folder.join(file))?;
    }
    remove_folder(&folder.join("objects"))
}

/// Removes a store, unless it is in use. Returns whether it is gone.
pub(crate) fn remove_store(folder: &Path) -> bool {
    let Ok(Some(held)) = FileLock::take(&folder.join(IN_USE), LockMode::Exclusive) else { return false };
    let removed = || -> io::Result<()> {
        remove_contents(folder)?;
        remove_file(&folder.join(WRITER))?;
        // A process that waits for this lock finds its file gone, and makes the store anew.
        remove_file(&folder.join(IN_USE))
    };
    let is_removed = removed().is_ok();
    drop(held);
    // Another process may have made the folder anew. A folder that is not empty stays.
    let _ = fs::remove_dir(folder);
    is_removed
}

fn ids(text: &str) -> impl Iterator<Item = ObjectId> + '_ {
    text.lines().filter_map(|line| ObjectId::from_hex(line.as_bytes()).ok())
}

fn lines<'a>(ids: impl IntoIterator<Item = &'a ObjectId>) -> String {
    ids.into_iter().map(|id| format!("{id}\n")).collect()
}

/// Waits a little for another process.
fn pause(interrupt: &Interrupt) -> Result<(), Error> {
    if interrupt.is_stopped() {
        return Err(interrupt.stopped_error());
    }
    std::thread::sleep(Duration::from_millis(2));
    Ok(())
}

fn unusable(folder: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Cache, format!("the cache folder {} cannot be used", folder.display()))
        .with_hint("name another cache directory, or none")
        .with_cause(error)
}
