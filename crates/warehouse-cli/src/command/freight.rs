//! `warehouse freight`.

use crate::exit::Exit;
use crate::message::Messages;
use crate::{arguments, discovery, manifest, output};

/// Prints the Freight that follows from the newest artifacts.
pub(crate) async fn freight(arguments: arguments::Discovery, messages: &Messages) -> Result<Exit, Exit> {
    let warehouses = manifest::read(arguments.manifest, *messages).await?;
    let discovered = discovery::discover(warehouses, &arguments.network, messages).await?;
    let mut built = Vec::new();
    let mut exit = Exit::Success;
    for discovered in &discovered {
        match discovered.report.freight(&discovered.warehouse) {
            freight::Outcome::Built(freight) => built.push(freight),
            freight::Outcome::NotBuilt(reason) => {
                messages.error(&format!("{}: no Freight: {reason}", discovered.warehouse.name()));
                exit = Exit::Failure;
            }
        }
    }
    if !built.is_empty() {
        output::print(|out| output::freight(&built, arguments.output, out)).map_err(|error| {
            messages.error(&format!("the results could not be written: {error}"));
            Exit::Failure
        })?;
    }
    Ok(exit)
}
