//! `warehouse chart dependency`.

use artifact_http::Call;

use super::publisher::{Publisher, folders};
use crate::arguments::{Dependency, DependencyArguments};
use crate::exit::Exit;
use crate::message::Messages;
use crate::output::Table;

pub(super) async fn dependency(command: Dependency, messages: &Messages) -> Result<Exit, Exit> {
    match command {
        Dependency::Lock(arguments) => lock(arguments, messages).await,
        Dependency::Verify(arguments) => verify(arguments, messages).await,
    }
}

async fn lock(arguments: DependencyArguments, messages: &Messages) -> Result<Exit, Exit> {
    let failed = |error: chart_release::Error| {
        messages.chart_error(&error);
        Exit::Failure
    };
    let publisher = Publisher::open(&arguments.network, messages).await?;
    let (folders, path) = folders(&arguments.folder, arguments.root.as_ref(), messages)?;
    let call = Call::new().with_deadline(publisher.deadline);
    let locked = publisher.resolver(folders).lock(&path, &call).await.map_err(failed)?;
    let Some(lock) = &locked.lock else {
        messages.note("the chart has no dependencies");
        return Ok(Exit::Success);
    };
    let file = arguments.folder.join(locked.file_name);
    if locked.changed {
        let text = lock.to_yaml().map_err(|error| failed(error.into()))?;
        std::fs::write(&file, text).map_err(|error| {
            messages.error(&format!("{} could not be written: {error}", file.display()));
            Exit::Usage
        })?;
        messages.note(&format!("{} is written", file.display()));
    } else {
        messages.note(&format!("{} is up to date", file.display()));
    }
    messages.results(|out| {
        let mut table = Table::new(&["DEPENDENCY", "VERSION", "REPOSITORY"]);
        for dependency in lock.dependencies() {
            let repository = artifact_source::redact_url(&dependency.repository);
            table.row([dependency.name.clone(), dependency.version.clone(), repository]);
        }
        table.write(out)
    })?;
    Ok(Exit::Success)
}

async fn verify(arguments: DependencyArguments, messages: &Messages) -> Result<Exit, Exit> {
    let publisher = Publisher::open(&arguments.network, messages).await?;
    let (folders, path) = folders(&arguments.folder, arguments.root.as_ref(), messages)?;
    match publisher.resolver(folders).verify(&path) {
        Ok(()) => {
            messages.note("the lock fits Chart.yaml");
            Ok(Exit::Success)
        }
        Err(error) => {
            messages.chart_error(&error);
            Ok(Exit::Failure)
        }
    }
}
