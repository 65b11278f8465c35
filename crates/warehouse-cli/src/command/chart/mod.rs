//! `warehouse chart`: publishing.

mod archive;
mod changed;
mod dependency;
mod lint;
mod publisher;
mod release;
mod unlock;

use crate::arguments::Chart;
use crate::exit::Exit;
use crate::message::Messages;
use crate::stopping::Stopping;

pub(crate) use lint::dockerfile;

/// Runs a command of `warehouse chart`.
pub(crate) async fn chart(command: Chart, messages: &Messages, stopping: Stopping) -> Result<Exit, Exit> {
    match command {
        Chart::Package(arguments) => {
            drop(stopping);
            archive::package(arguments, messages).await
        }
        Chart::Push(arguments) => {
            drop(stopping);
            archive::push(arguments, messages).await
        }
        Chart::Backup(arguments) => archive::backup(arguments, messages, stopping).await,
        Chart::Plan(arguments) => {
            drop(stopping);
            release::plan(arguments, messages).await
        }
        Chart::Release(arguments) => release::release(arguments, messages, stopping).await,
        Chart::ReleaseDev(arguments) => release::release_dev(arguments, messages, stopping).await,
        Chart::Auto(arguments) => release::auto(arguments, messages, stopping).await,
        Chart::Unlock(arguments) => {
            drop(stopping);
            unlock::unlock(arguments, messages).await
        }
        Chart::Changed(arguments) => changed::changed(arguments, messages),
        Chart::BuildMarker(arguments) => changed::build_marker(arguments, messages),
        Chart::Lint(arguments) => lint::charts(&arguments, messages),
        Chart::Dependency(command) => {
            drop(stopping);
            dependency::dependency(command, messages).await
        }
    }
}
