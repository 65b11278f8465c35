//! Prints the crates that are published, one a line, each after those that it depends on; with `--others` those that are not.

use std::io::{Result, Write, stdout};

use architecture::Workspace;

fn main() -> Result<()> {
    let workspace = Workspace::read()?;
    let names: Vec<&str> = if std::env::args().any(|argument| argument == "--others") {
        let members = workspace.members();
        members.into_iter().filter(|(_, package)| !package.is_published()).map(|(name, _)| name).collect()
    } else {
        workspace.publish_order()
    };
    names.iter().try_for_each(|name| writeln!(stdout(), "{name}"))
}
