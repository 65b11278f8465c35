//! The `warehouse` command.

mod arguments;
mod command;
mod discovery;
mod exit;
mod manifest;
mod message;
mod output;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;
use crate::message::Messages;

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
    let exit = runtime.block_on(async {
        tokio::select! {
            exit = run(&arguments, &messages) => exit,
            _ = tokio::signal::ctrl_c() => Exit::Interrupted,
        }
    });
    // Blocking work that was cancelled is not waited for: it holds nothing that must be finished.
    runtime.shutdown_background();
    exit.into()
}

async fn run(arguments: &Arguments, messages: &Messages) -> Exit {
    let exit = match &arguments.command {
        Command::Demo(demo) => command::demo(demo, messages).await,
        Command::Discover(discover) => command::discover(discover, messages).await,
        Command::Freight(freight) => command::freight(freight, messages).await,
        Command::Select(rule) => command::select(rule, messages),
    };
    exit.unwrap_or_else(|exit| exit)
}
