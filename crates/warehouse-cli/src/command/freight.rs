//! `warehouse freight`.

use crate::exit::Exit;
use crate::message::{Messages, with_causes};
use crate::{arguments, discovery, manifest, output};

/// Prints the Freight that follows from the newest artifacts.
pub(crate) async fn freight(arguments: arguments::Discovery, messages: &Messages) -> Result<Exit, Exit> {
    let warehouses = manifest::read(arguments.manifest, *messages).await?;
    let discovered = discovery::discover(warehouses, &arguments.network, messages).await?;
    let mut built = Vec::new();
    let mut exit = Exit::Success;
    for discovered in &discovered {
        match discovered.report.freight(&discovered.warehouse) {
            Ok(freight) => built.push(freight),
            Err(reason) => {
                messages.error(&format!(
                    "{}: no Freight: {}",
                    discovered.warehouse.qualified_name(),
                    why(&reason)
                ));
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

/// Why there is no Freight. Why a subscription failed has been said, with its place and what to do.
fn why(reason: &freight::NoFreight) -> String {
    let freight::NoFreight::Missing(missing) = reason else { return with_causes(reason) };
    let missing = missing.iter().map(|missing| match missing.cause {
        freight::MissingCause::Failed(_) => {
            format!("subscription {} ({}) failed, see above", missing.index, missing.subscription)
        }
        _ => missing.to_string(),
    });
    missing.collect::<Vec<_>>().join("; ")
}
