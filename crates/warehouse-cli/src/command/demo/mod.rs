//! `warehouse demo`: from servers to Freight on one machine.

mod discover;
mod publish;
mod stage;

use crate::exit::Exit;
use crate::message::Messages;
use crate::{arguments, output};
use discover::{Servers, show};
use stage::{Folder, read, stopped};

/// Starts servers on loopback, publishes, discovers, publishes something newer, and discovers again.
///
/// All servers stop with it, and all files are removed except those of `--keep`.
pub(crate) async fn demo(arguments: &arguments::Demo, messages: &Messages) -> Result<Exit, Exit> {
    let failed = |error: &dyn std::fmt::Display| {
        messages.error(&format!("the demo failed: {error}"));
        Exit::Failure
    };
    let folder = Folder::new(arguments.keep.as_deref()).map_err(|error| failed(&error))?;
    if arguments.publish {
        let exit = publish::publish(&folder, messages).await.map_err(|error| failed(&error))?;
        stopped(folder, messages);
        return Ok(exit);
    }
    let servers = Servers::start().map_err(|error| failed(&error))?;
    let manifest = folder.path().join("warehouse.yaml");
    std::fs::write(&manifest, servers.manifest()).map_err(|error| failed(&error))?;
    let warehouse = read(&manifest, messages).await?;
    show(&servers, &warehouse, &servers.manifest()).await.map_err(|error| failed(&error))?;
    if arguments.serve {
        // Without the path, the servers are of no use.
        messages.results(|out| {
            writeln!(out)?;
            let try_it =
                format!("The servers run until Ctrl-C. Try: warehouse explain -f {}", manifest.display());
            output::line(out, &try_it)
        })?;
        std::future::pending::<()>().await;
    }
    drop(servers);
    stopped(folder, messages);
    Ok(Exit::Success)
}
