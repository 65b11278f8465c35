//! A classic chart repository: `index.yaml` and archives over plain HTTP.

mod file;
mod index;
mod server;

pub use index::ChartIndex;
pub use server::{ChartServer, ChartServerBuilder};
