//! Where the credentials of artifact discovery come from: docker's `config.json`, credential helpers, and Kargo's Secrets.

mod chain;
mod docker;
mod kargo;

pub use chain::Chain;
pub use docker::{DockerConfig, StandardPlaces};
pub use kargo::{KargoSecret, KargoSecrets, Problem};
