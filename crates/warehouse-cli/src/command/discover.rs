//! `warehouse discover`.

use crate::exit::Exit;
use crate::message::Messages;
use crate::{arguments, discovery, manifest, output};

/// Prints the newest artifacts of every subscription.
pub(crate) async fn discover(arguments: arguments::Discovery, messages: &Messages) -> Result<Exit, Exit> {
    let warehouses = manifest::read(arguments.manifest, *messages).await?;
    let discovered = discovery::discover(warehouses, &arguments.network, messages).await?;
    output::print(|out| output::artifacts(&discovered, arguments.output, out)).map_err(|error| {
        messages.error(&format!("the results could not be written: {error}"));
        Exit::Failure
    })?;
    let complete = discovered.iter().all(|discovered| discovered.report.is_complete());
    Ok(if complete { Exit::Success } else { Exit::Failure })
}
