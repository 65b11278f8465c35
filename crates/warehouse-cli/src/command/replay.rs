//! `warehouse replay`: the same discovery again, from a bundle.

use super::exit_of;
use crate::arguments::{Manifest, Replay};
use crate::discovery::{Session, discover};
use crate::exit::Exit;
use crate::input::{Input, read_warehouses};
use crate::message::Messages;
use crate::stopping::{Stopping, unless_stopped};
use crate::{bundle, output};

/// Prints what is discovered in the bundle.
pub(crate) async fn replay(arguments: Replay, messages: &Messages, stopping: Stopping) -> Result<Exit, Exit> {
    let Replay { bundle, filenames, recursive, strict, keep_going, output } = arguments;
    let replay = unless_stopped(&stopping, bundle::open(&bundle, &filenames, messages)).await?;
    let manifest = Manifest { filenames, recursive, strict, keep_going };
    let read = read_warehouses(manifest, Some(&replay), messages);
    let Input { warehouses, left_out } = unless_stopped(&stopping, read).await?;
    let session = Session::replaying(&replay, messages, stopping)?;
    let discovered = discover(warehouses, &session, messages).await;
    messages.results(|out| output::artifacts(&discovered, &left_out, output, out))?;
    let is_complete =
        left_out.is_empty() && discovered.iter().all(|discovered| discovered.report.is_complete());
    Ok(exit_of(is_complete))
}
