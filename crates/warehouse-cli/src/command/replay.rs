//! `warehouse replay`: the same discovery again, from a bundle.

use crate::arguments::{Manifest, Replay};
use crate::discovery::{Session, discover};
use crate::input::{Input, read_warehouses};
use crate::message::{Exit, Messages};
use crate::stopping::{Stopping, unless_stopped};
use crate::{bundle, output};

/// Prints what is discovered in the bundle.
pub(crate) async fn replay(arguments: Replay, messages: &Messages, stopping: Stopping) -> Result<Exit, Exit> {
    let replay = bundle::open(&arguments.bundle, messages)?;
    let Replay { filenames, recursive, strict, keep_going, output, .. } = arguments;
    let manifest = Manifest { filenames, recursive, strict, keep_going };
    let Input { warehouses, is_complete } =
        unless_stopped(&stopping, read_warehouses(manifest, Some(&replay), *messages)).await?;
    let session = Session::replaying(&replay, messages, stopping)?;
    messages.note(&format!("recorded at {}", replay.bundle().recorded_at()));
    let discovered = discover(warehouses, &session, messages).await;
    messages.printed(output::print(|out| output::artifacts(&discovered, output, out)))?;
    let is_complete = is_complete && discovered.iter().all(|discovered| discovered.report.is_complete());
    Ok(if is_complete { Exit::Success } else { Exit::Failure })
}
