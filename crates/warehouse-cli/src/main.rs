//! The `warehouse` command.

mod arguments;
mod command;
mod credentials;
mod discovery;
mod exit;
mod file;
mod interrupt;
mod manifest;
mod message;
mod network;
mod output;
mod registry;
mod tally;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::message::Messages;

/// How long an interrupted command may take to put away what it made.
const TIDYING: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let messages = Messages::new(arguments.quiet, arguments.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            messages.error(&format!("the asynchronous runtime could not start: {error}"));
            return Exit::Failure.into();
        }
    };
    let exit = runtime.block_on(attend(arguments, messages));
    // Blocking work that was cancelled is not waited for: it holds nothing that must be finished.
    runtime.shutdown_background();
    exit.into()
}

/// Runs the command on another thread, so that an interruption is heard whatever the command is doing.
async fn attend(arguments: Arguments, messages: Messages) -> Exit {
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            messages.error(&format!("signals cannot be listened for: {error}"));
            return Exit::Failure;
        }
    };
    let mut command = tokio::spawn(async move { run(arguments, &messages).await });
    tokio::select! {
        exit = &mut command => exit.unwrap_or_else(|_| {
            messages.error("this is a bug in warehouse; please report it with the lines above");
            Exit::Failure
        }),
        () = interrupt.wait() => {
            command.abort();
            let _ = tokio::time::timeout(TIDYING, command).await;
            Exit::Interrupted
        }
    }
}

async fn run(arguments: Arguments, messages: &Messages) -> Exit {
    let exit = match arguments.command {
        Command::Demo(demo) => command::demo(&demo, messages).await,
        Command::Discover(discover) => command::discover(discover, messages).await,
        Command::Freight(freight) => command::freight(freight, messages).await,
        Command::Explain(explain) => command::explain(explain, messages).await,
        Command::Select(rule) => command::select(rule, messages).await,
    };
    exit.unwrap_or_else(|exit| exit)
}
