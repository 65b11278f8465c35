//! `warehouse demo`: the whole way from servers to Freight, on one machine.

mod story;
mod world;

use std::path::{Path, PathBuf};

use warehouse_spec::{Located, Warehouse};

use crate::arguments;
use crate::exit::Exit;
use crate::message::Messages;
use world::World;

/// Starts servers on loopback, publishes, discovers, publishes something newer, and discovers again.
///
/// Everything it starts ends with it, and everything it writes is removed, unless it was asked to keep it.
pub(crate) async fn demo(arguments: &arguments::Demo, messages: &Messages) -> Result<Exit, Exit> {
    let failed = |error: &dyn std::fmt::Display| {
        messages.error(&format!("the demo could not go on: {error}"));
        Exit::Failure
    };
    let folder = Folder::new(arguments.keep.as_deref()).map_err(|error| failed(&error))?;
    let world = World::start().map_err(|error| failed(&error))?;
    let manifest = folder.path().join("warehouse.yaml");
    std::fs::write(&manifest, world.manifest()).map_err(|error| failed(&error))?;
    let warehouse = read(&manifest, messages).await?;
    story::tell(&world, &warehouse, &world.manifest()).await.map_err(|error| failed(&error))?;
    drop(world);
    if let Folder::Kept(folder) = &folder {
        messages.note(&format!("The servers are stopped; the manifest is in {}.", folder.display()));
    } else {
        drop(folder);
        messages.note("The servers are stopped and their files removed.");
    }
    Ok(Exit::Success)
}

/// The one Warehouse of the demo's manifest, read as `discover -f` would read it.
async fn read(file: &Path, messages: &Messages) -> Result<Located<Warehouse>, Exit> {
    let manifest = arguments::Manifest { filenames: vec![file.to_owned()], strict: true };
    crate::manifest::read(manifest, *messages).await?.into_iter().next().ok_or(Exit::Failure)
}

/// Where the manifest is written.
enum Folder {
    Temporary(tempfile::TempDir),
    Kept(PathBuf),
}

impl Folder {
    fn new(keep: Option<&Path>) -> std::io::Result<Self> {
        match keep {
            None => tempfile::tempdir().map(Self::Temporary),
            Some(folder) => {
                // A folder that is there already holds something of somebody's.
                std::fs::create_dir(folder).map_err(|error| {
                    std::io::Error::new(error.kind(), format!("{}: {error}", folder.display()))
                })?;
                Ok(Self::Kept(folder.to_owned()))
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }
}
