//! `warehouse replay`: the same discovery again, from a bundle.

use crate::arguments::{Manifest, Replay};
use crate::discovery::{Session, discover};
use crate::input::read_warehouses;
use crate::message::{Exit, Messages};
use crate::{bundle, output};

/// Prints what is discovered in the bundle.
pub(crate) async fn replay(arguments: Replay, messages: &Messages) -> Result<Exit, Exit> {
    let replay = bundle::open(&arguments.bundle, messages)?;
    let manifest = Manifest { filenames: arguments.filenames, strict: arguments.strict };
    let warehouses = read_warehouses(manifest, Some(&replay), *messages).await?;
    let session = Session::replaying(&replay, messages)?;
    messages.note(&format!("recorded at {}", replay.bundle().recorded_at()));
    let discovered = discover(warehouses, &session, messages).await;
    messages.printed(output::print(|out| output::artifacts(&discovered, arguments.output, out)))?;
    let is_complete = discovered.iter().all(|discovered| discovered.report.is_complete());
    Ok(if is_complete { Exit::Success } else { Exit::Failure })
}
