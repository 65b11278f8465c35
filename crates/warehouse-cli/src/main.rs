//! The `warehouse` command.

mod arguments;
mod bundle;
mod command;
mod credentials;
mod discovery;
mod exit;
mod files;
mod input;
mod message;
mod network;
mod output;
mod progress;
mod remedy;
mod stopping;
mod subscription_name;
mod told;
mod usage;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::watch;

use arguments::{Arguments, Command, MessageArguments};
use exit::Exit;
use message::{Messages, Style};
use stopping::Stopping;

/// How long an interrupted command may take to remove its temporary files, and to give locks back.
const CLEANUP_TIMEOUT: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments = usage::arguments();
    let MessageArguments { quiet, verbose, color, log_format } = arguments.messages;
    let style = Style { quiet, verbosity: verbose, format: log_format, color };
    let messages = Messages::new(style, arguments.command.document());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            messages.error(&format!("the asynchronous runtime could not start: {error}"));
            return messages.complete(Exit::Failure).into();
        }
    };
    let exit = messages.complete(runtime.block_on(run_until_interrupted(arguments, messages.clone())));
    // Blocking work that was cancelled is not waited for. It has nothing to finish.
    runtime.shutdown_background();
    exit.into()
}

/// Runs the command on another thread, so that an interrupt is handled while the command is busy.
async fn run_until_interrupted(arguments: Arguments, messages: Messages) -> Exit {
    let mut interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            messages.error(&format!("signals cannot be handled: {error}"));
            return Exit::Failure;
        }
    };
    let (stop, stopping) = watch::channel(false);
    let is_service = matches!(arguments.command, Command::Watch(_));
    let told = messages.clone();
    let mut command = tokio::spawn(async move { run(arguments, &told, stopping).await });
    let signal = tokio::select! {
        exit = &mut command => return exit.unwrap_or_else(|_| {
            messages.error("this is a bug in warehouse; please report it with the lines above");
            Exit::Failure
        }),
        signal = interrupt.wait() => signal,
    };
    // An error means that no signal will come, so there is nothing to wait for.
    if stop.send(true).is_ok() {
        tokio::select! {
            ended = &mut command => {
                // A supervisor that stops a service expects success.
                let is_stopped = is_service && signal == Signal::Terminate && matches!(ended, Ok(Exit::Success));
                return if is_stopped { Exit::Success } else { Exit::Interrupted };
            }
            () = tokio::time::sleep(CLEANUP_TIMEOUT) => {}
            _ = interrupt.wait() => {}
        }
    }
    command.abort();
    let _ = tokio::time::timeout(CLEANUP_TIMEOUT, command).await;
    Exit::Interrupted
}

async fn run(arguments: Arguments, messages: &Messages, stopping: Stopping) -> Exit {
    let exit = match arguments.command {
        Command::Chart(chart) => command::chart(chart, messages, stopping).await,
        Command::Discover(discover) => command::discover(discover, messages, stopping).await,
        Command::Freight(freight) => command::freight(freight, messages, stopping).await,
        Command::Explain(explain) => command::explain(explain, messages, stopping).await,
        Command::Watch(watch) => command::watch(watch, messages, stopping).await,
        Command::Record(record) => command::record(record, messages, stopping).await,
        Command::Replay(replay) => command::replay(replay, messages, stopping).await,
        other => {
            drop(stopping);
            run_at_once(other, messages).await
        }
    };
    exit.unwrap_or_else(|exit| exit)
}

/// Runs a command that has nothing to put in order when it is interrupted.
async fn run_at_once(command: Command, messages: &Messages) -> Result<Exit, Exit> {
    match command {
        #[cfg(feature = "demo")]
        Command::Demo(demo) => command::demo(&demo, messages).await,
        Command::Lint(lint) => command::lint(lint, messages).await,
        Command::Migrate(migrate) => command::migrate(migrate, messages).await,
        Command::Lsp => command::lsp(messages).await,
        Command::Schema(schema) => command::schema(&schema, messages),
        Command::Select(rule) => command::select(rule, messages).await,
        Command::Dockerfile(dockerfile) => command::dockerfile(&dockerfile, messages),
        Command::Cache(cache) => command::cache(&cache, messages),
        Command::Completions(completions) => command::completions(&completions, messages),
        Command::Man(man) => command::man(&man, messages),
        Command::Chart(_)
        | Command::Discover(_)
        | Command::Freight(_)
        | Command::Explain(_)
        | Command::Watch(_)
        | Command::Record(_)
        | Command::Replay(_) => Err(Exit::Usage),
    }
}

/// Why a command is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// A supervisor stops the process.
    #[cfg_attr(not(unix), allow(dead_code, reason = "only Unix has it"))]
    Terminate,
    /// The terminal was closed.
    #[cfg_attr(not(unix), allow(dead_code, reason = "only Unix has it"))]
    Hangup,
}

/// Waits for Ctrl-C, and on Unix for the signals of a supervisor and of a terminal that closes.
///
/// Signals are handled from its creation on, before it is awaited.
#[derive(Debug)]
pub(crate) struct Interrupt {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 3],
}

impl Interrupt {
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self { signals: [interrupt?, terminate?, hangup?] })
    }

    #[cfg(unix)]
    pub(crate) async fn wait(&mut self) -> Signal {
        let [interrupt, terminate, hangup] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::Terminate,
            _ = hangup.recv() => Signal::Hangup,
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    pub(crate) async fn wait(&mut self) -> Signal {
        // Without a handler for Ctrl-C there is nothing to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}
