//! `warehouse watch`: discovery at an interval, a line per change, a command for new Freight.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use artifact_source::{lock, printable};
use async_trait::async_trait;
use child_process::{BoundedCommand, RunError};
use futures::future::join_all;
use tokio::process::Command;
use tokio::sync::Notify;
use warehouse_discovery::Discoverer;
use warehouse_discovery::watch::{
    Change, Event, FreightHandler, HandlerError, NewFreight, Round, Schedule, StateFolder, Watcher,
};
use warehouse_spec::{Located, Warehouse, qualified_name};

use super::{exit_of, read_input};
use crate::arguments::{Exec, Rounds, Watch, WatchFormat};
use crate::discovery::{Session, Tallies};
use crate::exit::Exit;
use crate::input::Input;
use crate::message::Messages;
use crate::output::{self, Printed};
use crate::stopping::Stopping;

/// How much of a command's output is shown, in bytes.
const MAX_SHOWN: usize = 64 << 10;

/// Watches the Warehouses until the command is stopped, or for one round.
pub(crate) async fn watch(
    arguments: Watch,
    messages: &Messages,
    mut stopping: Stopping,
) -> Result<Exit, Exit> {
    let timeout = arguments.network.network.timeout;
    if arguments.exec.exec.first().is_some_and(|program| program.is_empty()) {
        messages.error_with_help(
            "the `--exec` program is empty",
            Some("write the program after --exec, or leave --exec out; a variable of the shell may be empty"),
        );
        return Err(Exit::Usage);
    }
    let Input { warehouses, left_out } =
        read_input(arguments.manifest.into(), &arguments.network, None, messages, &stopping).await?;
    let session = Session::open(&arguments.network, None, messages, stopping.clone()).await?;
    let rounds = &arguments.rounds;
    let handler = Program::new(&arguments.exec, messages);
    let mut watchers = watchers(warehouses, &session.discoverer, rounds, timeout, handler, messages)?;
    let lines = Lines::new(arguments.output, rounds, messages);
    let warnings = Warnings::default();
    let finished = |round: &Round| {
        warnings.print(round, messages);
        for warning in session.discoverer.take_warnings() {
            messages.warning(&warning, None);
        }
        let report = &round.report;
        let warehouse = qualified_name(report.namespace.as_deref(), &report.warehouse);
        let next = if rounds.once {
            String::new()
        } else {
            format!("; the next round is in {} s", round.wait.as_secs())
        };
        messages.detail(&format!("{warehouse}: {}{next}", report.cost));
    };
    let work = async {
        if rounds.once {
            let all = join_all(watchers.iter_mut().map(|watcher| round(watcher, &lines))).await;
            all.iter().for_each(finished);
            return exit_of(left_out.is_empty() && all.iter().all(|round| round.is_complete));
        }
        join_all(watchers.iter_mut().map(async |watcher| {
            loop {
                let round = round(watcher, &lines).await;
                finished(&round);
                tokio::time::sleep(round.wait).await;
            }
        }))
        .await;
        Exit::Success
    };
    tokio::select! {
        exit = work => lines.result.into_inner().ok().and_then(Result::err).map_or(Ok(exit), Err),
        // A reader that has gone, as `head` does, needs no more.
        () = reader_gone() => Ok(Exit::Success),
        () = lines.closed.notified() => lock(&lines.result).map(|()| Exit::Success),
        _ = stopping.changed() => Ok(Exit::Success),
    }
}

/// A round. Where nothing fits any more, it says why, after the event.
async fn round(watcher: &mut Watcher, lines: &Lines) -> Round {
    let tallies = Tallies::of(watcher.warehouse());
    let tell = |event: &Event| {
        lines.print(event);
        if let Change::Artifact { subscription, source, to: None, .. } = &event.change
            && let Some(cause) = tallies.cause(*subscription)
        {
            let message = format!("{}: {source}: nothing fits: {cause}", event.qualified_name());
            lines.messages.warning(&message, cause.hint.as_deref());
        }
    };
    watcher.round_with(&tallies, tell).await
}

/// Waits until the reader of standard output is gone, where that can be known: of a pipe or a socket.
async fn reader_gone() {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;

        use tokio::io::Interest;
        use tokio::net::unix::pipe::Sender;

        // It is not written to, so it need not be a pipe, and blocks as before.
        let out = io::stdout().as_fd().try_clone_to_owned().and_then(Sender::from_owned_fd_unchecked);
        if let Ok(out) = out
            && out.ready(Interest::ERROR).await.is_ok()
        {
            return;
        }
    }
    std::future::pending().await
}

fn watchers(
    warehouses: Vec<Located<Warehouse>>,
    discoverer: &Discoverer,
    rounds: &Rounds,
    timeout: Duration,
    handler: Option<Program>,
    messages: &Messages,
) -> Result<Vec<Watcher>, Exit> {
    let failed = |error: artifact_source::Error| {
        messages.explained(&error);
        Exit::Usage
    };
    let folder = rounds.state_dir.as_ref().map(StateFolder::open).transpose().map_err(failed)?;
    let mut names = BTreeSet::new();
    let mut watchers = Vec::new();
    for warehouse in warehouses {
        let name = warehouse.qualified_name();
        if folder.is_some() && !names.insert(name.clone()) {
            messages.error(&format!("there are two Warehouses {name}, whose state would be one file"));
            return Err(Exit::Usage);
        }
        let file = folder.as_ref().map(|folder| folder.file(&warehouse));
        let mut builder = Watcher::builder(discoverer, Warehouse::clone(&warehouse)).timeout(timeout);
        if let Some(interval) = rounds.interval {
            builder = builder.schedule(Schedule::new(interval));
        }
        if let Some(file) = file {
            builder = builder.state(file);
        }
        if let Some(handler) = handler.clone() {
            builder = builder.handler(handler);
        }
        let builder =
            builder.stale_for(rounds.stale_for).paths_since_last_freight(rounds.paths_since_last_freight);
        watchers.push(builder.build().map_err(failed)?);
    }
    Ok(watchers)
}

/// Prints events on standard output, each at once.
struct Lines {
    format: WatchFormat,
    /// What tries again where the command of `--exec` has failed.
    again: Option<&'static str>,
    messages: Messages,
    /// Told once standard output takes no more.
    closed: Notify,
    result: Mutex<Result<(), Exit>>,
}

impl Lines {
    fn new(format: WatchFormat, rounds: &Rounds, messages: &Messages) -> Self {
        let again = match (rounds.once, &rounds.state_dir) {
            (false, _) => Some("the next round tries again"),
            (true, Some(_)) => Some("the next run tries again"),
            (true, None) => None,
        };
        Self { format, again, messages: messages.clone(), closed: Notify::new(), result: Mutex::new(Ok(())) }
    }

    fn print(&self, event: &Event) {
        let printed = output::print(|out| match self.format {
            WatchFormat::Json => output::write_json_line(event, out),
            WatchFormat::Text => {
                let time = output::seconds(event.time);
                // Errors have lines.
                let mut text = event.to_string().replace('\n', "; ");
                if let (Change::HandlerFailed { .. }, Some(again)) = (&event.change, self.again) {
                    text = format!("{text}; {again}");
                }
                output::line(out, &format!("{time} {text}; {}", event.cost))
            }
        });
        match printed {
            Ok(Printed::Whole) => return,
            Ok(Printed::Closed) => {}
            Err(error) => {
                let mut result = lock(&self.result);
                // The events of a round follow one another, and none of them can be printed.
                if result.is_ok() {
                    *result = Err(self.messages.unwritable(&error));
                }
            }
        }
        self.closed.notify_one();
    }
}

/// Warnings of subscriptions, each printed once.
#[derive(Default)]
struct Warnings(Mutex<BTreeSet<String>>);

impl Warnings {
    /// How many different ones are remembered.
    const MOST: usize = 1000;

    fn print(&self, round: &Round, messages: &Messages) {
        let mut known = lock(&self.0);
        for subscription in &round.report.subscriptions {
            for warning in &subscription.warnings {
                let message = format!("{}: {}: {warning}", round.report.warehouse, subscription.id);
                if known.len() < Self::MOST && known.insert(message.clone()) {
                    messages.warning(&message, warning.hint.as_deref());
                }
            }
        }
    }
}

/// The command of `--exec`.
#[derive(Clone)]
struct Program {
    program: OsString,
    arguments: Vec<OsString>,
    timeout: Duration,
    messages: Messages,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Arguments may be credentials.
        f.debug_struct("Program").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Program {
    fn new(exec: &Exec, messages: &Messages) -> Option<Self> {
        let (program, arguments) = exec.exec.split_first()?;
        Some(Self {
            program: program.clone(),
            arguments: arguments.to_vec(),
            timeout: exec.exec_timeout,
            messages: messages.clone(),
        })
    }
}

impl Program {
    /// What to do where a program and its arguments were given as one.
    fn separate_arguments(&self) -> String {
        let program = self.program.to_string_lossy();
        let words: Vec<_> = program.split_whitespace().collect();
        match words.len() > 1 && self.arguments.is_empty() {
            true => format!(
                "; no shell reads it: a program and its arguments are separate, as in --exec {}",
                words.join(" ")
            ),
            false => String::new(),
        }
    }
}

#[async_trait]
impl FreightHandler for Program {
    async fn handle(&self, new: NewFreight<'_>) -> Result<(), HandlerError> {
        let name = self.program.to_string_lossy();
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env("WAREHOUSE_NAME", new.warehouse.name())
            .env("WAREHOUSE_NAMESPACE", new.warehouse.namespace().unwrap_or_default())
            .env("WAREHOUSE_FREIGHT", &new.freight.metadata.name)
            .env("WAREHOUSE_ATTEMPT", new.attempt.to_string());
        let mut json = serde_json::to_vec(new.freight)?;
        json.push(b'\n');
        let command = BoundedCommand::new(command, self.timeout).stdin(json);
        let output = command.truncate_stdout(MAX_SHOWN).stderr_tail(MAX_SHOWN).output().await;
        let output = output.map_err(|error| match error {
            // It has the name.
            RunError::Start(error) => io::Error::other(format!("{error}{}", self.separate_arguments())),
            error => io::Error::other(format!("{name}: {error}")),
        })?;
        for stream in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(stream);
            text.lines().for_each(|line| self.messages.note(&format!("{name}: {line}")));
        }
        match output.status.success() {
            true => Ok(()),
            false => Err(format!("{}: {}", printable(&name), output.status).into()),
        }
    }
}
