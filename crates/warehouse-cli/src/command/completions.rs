//! `warehouse completions` and `warehouse man`: what a package installs beside the command.

use clap::CommandFactory as _;

use crate::arguments::{Arguments, Completions, Man};
use crate::exit::Exit;
use crate::message::Messages;

/// Prints the script that completes commands in a shell.
pub(crate) fn completions(arguments: &Completions, messages: &Messages) -> Result<Exit, Exit> {
    // The generator panics where it cannot write, as to a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "warehouse", &mut script);
    messages.results(|out| out.write_all(&script))?;
    Ok(Exit::Success)
}

/// Writes a man page for each command.
pub(crate) fn man(arguments: &Man, messages: &Messages) -> Result<Exit, Exit> {
    let made = std::fs::create_dir_all(&arguments.folder);
    let written = made.and_then(|()| clap_mangen::generate_to(Arguments::command(), &arguments.folder));
    written.map_err(|error| {
        let folder = arguments.folder.display();
        messages.error(&format!("the man pages could not be written to {folder}: {error}"));
        Exit::Usage
    })?;
    Ok(Exit::Success)
}
