//! Attacks over the wire: what a hostile server, or the author of a hostile Warehouse, makes of a program that discovers.
//!
//! Each [`Attack`] sets up servers on loopback, and runs the discovery of one or more Warehouses in a process of its own, so that its peak
//! memory can be measured. It states the outcome that is right, and the bounds of time, memory and the size of the result.
//!
//! A group of attacks is a file here with a function that returns them, and a line in [`all`].

mod charts;
mod client;
mod crowds;
mod egress;
mod git;
mod lists;
mod manifests;
mod network;
mod raw;
mod run;
mod stage;
mod tenants;
mod warehouses;
mod work;

use stage::Stage;

pub use client::client;
pub use run::{Measured, run};
pub use stage::Outcome;

/// An error of the harness itself.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One attack.
pub struct Attack {
    /// The name by which the command selects it: the group, and what is sent.
    pub name: String,
    /// The outcome that is right.
    pub expected: Expected,
    /// The largest peak memory of the whole process, in MiB. Defaults to 512.
    pub most_mib: u64,
    /// The longest time of the whole process, in seconds. Defaults to 120.
    pub most_seconds: u64,
    prepare: Box<dyn Fn() -> Result<Stage, Failure>>,
}

/// The outcome of each subscription.
#[derive(Clone, Debug)]
pub enum Expected {
    /// An error of one of these kinds.
    Error(&'static [&'static str]),
    /// These artifacts, the best one first.
    Found(&'static [&'static str]),
    /// Anything within the bounds. The attack checks more by itself.
    Bounded,
}

/// The size that a result may have, in bytes: what etcd takes is 1.5 MB, with everything else in the object.
pub const MOST_RESULT_BYTES: usize = 1_000_000;

impl Attack {
    /// An attack of this name with what `prepare` sets up.
    fn new(
        name: impl Into<String>,
        expected: Expected,
        prepare: impl Fn() -> Result<Stage, Failure> + 'static,
    ) -> Self {
        Self { name: name.into(), expected, most_mib: 512, most_seconds: 120, prepare: Box::new(prepare) }
    }

    /// The same with another bound of memory.
    fn within_mib(self, most_mib: u64) -> Self {
        Self { most_mib, ..self }
    }

    /// The same with another bound of time.
    fn within_seconds(self, most_seconds: u64) -> Self {
        Self { most_seconds, ..self }
    }
}

/// All attacks, group by group.
pub fn all() -> Vec<Attack> {
    [
        lists::attacks(),
        manifests::attacks(),
        charts::attacks(),
        git::attacks(),
        network::attacks(),
        warehouses::attacks(),
        egress::attacks(),
        tenants::attacks(),
        work::attacks(),
        crowds::attacks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
