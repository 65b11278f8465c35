//! Objects of a store and of the packs that were just received. Every object is checked against its id: a damaged file never becomes an answer.

use std::path::Path;

use artifact_source::{Error, ErrorKind};
use gix::ObjectId;
use gix::hash::{Kind as ObjectFormat, oid};
use gix::objs::{Data, Exists as _, Find, Kind};
use gix::odb::pack::cache::object::MemoryCappedHashmap;
use gix::odb::{Handle, Header as _};

use crate::transport::corrupt;

/// The bytes of objects that are kept in memory while a history is walked: 16 MiB.
const OBJECT_CACHE: usize = 16 << 20;

/// The objects in some folders, as they are when it is made. What is received later needs a new one.
pub(crate) struct Objects(Vec<Handle>);

impl Objects {
    /// The objects of this format in these folders, each in Git's own layout.
    pub(crate) fn open(folders: &[&Path], format: ObjectFormat) -> std::io::Result<Self> {
        let open = |folder: &&Path| {
            let mut objects = gix::odb::at(*folder, format)?;
            // Or else each object that is not here costs a look at the files: a partial clone lacks most of them.
            objects.refresh_never();
            // Most trees of a commit are the next commit's, too.
            objects.set_object_cache(|| Box::new(MemoryCappedHashmap::new(OBJECT_CACHE)));
            Ok(objects)
        };
        folders.iter().map(open).collect::<std::io::Result<_>>().map(Self)
    }

    /// What kind of object this is, and its size in bytes; `None` if it is not here.
    pub(crate) fn header(&self, id: ObjectId) -> Result<Option<(Kind, u64)>, Error> {
        for objects in &self.0 {
            if let Some(header) = objects.try_header(&id).map_err(corrupt(id))? {
                return Ok(Some((header.kind(), header.size())));
            }
        }
        Ok(None)
    }

    /// Reads an object into the buffer; `None` if it is not here.
    ///
    /// # Errors
    ///
    /// `Cache` for an object that is damaged, or is another one than its id says.
    pub(crate) fn read<'a>(&self, id: ObjectId, buffer: &'a mut Vec<u8>) -> Result<Option<Data<'a>>, Error> {
        for objects in &self.0 {
            let Some(kind) = objects.try_find(&id, buffer).map_err(corrupt(id))?.map(|data| data.kind) else {
                continue;
            };
            let data = Data::new(buffer, kind, id.kind());
            data.verify_checksum(&id).map_err(|error| {
                Error::new(ErrorKind::Cache, format!("object {id} of the cache is damaged"))
                    .with_cause(error.to_string())
            })?;
            return Ok(Some(data));
        }
        Ok(None)
    }

    /// Whether the object is here.
    pub(crate) fn contains(&self, id: &oid) -> bool {
        self.0.iter().any(|objects| objects.exists(id))
    }
}

/// As the bases of the deltas of a pack.
impl Find for Objects {
    fn try_find<'a>(&self, id: &oid, buffer: &'a mut Vec<u8>) -> gix::Result<Option<Data<'a>>> {
        for objects in &self.0 {
            let found = objects.try_find(id, buffer)?.map(|data| data.kind);
            if let Some(kind) = found {
                return Ok(Some(Data::new(buffer, kind, id.kind())));
            }
        }
        Ok(None)
    }
}
