//! `warehouse chart`: publishing.

mod archive;
mod changed;
mod dependency;
mod lint;
mod publisher;
mod release;

use crate::arguments::Chart;
use crate::message::{Exit, Messages};

pub(crate) use lint::dockerfile;

/// Runs a command of `warehouse chart`.
pub(crate) async fn chart(command: Chart, messages: &Messages) -> Result<Exit, Exit> {
    match command {
        Chart::Package(arguments) => archive::package(arguments, messages).await,
        Chart::Push(arguments) => archive::push(arguments, messages).await,
        Chart::Backup(arguments) => archive::backup(arguments, messages).await,
        Chart::Plan(arguments) => release::plan(arguments, messages).await,
        Chart::Release(arguments) => release::release(arguments, messages).await,
        Chart::ReleaseDev(arguments) => release::release_dev(arguments, messages).await,
        Chart::Auto(arguments) => release::auto(arguments, messages).await,
        Chart::Changed(arguments) => changed::changed(arguments, messages),
        Chart::BuildMarker(arguments) => changed::build_marker(arguments, messages),
        Chart::Lint(arguments) => lint::charts(&arguments, messages),
        Chart::Dependency(command) => dependency::dependency(command, messages).await,
    }
}
