//! Chart indexes read in several ways, each in a process of its own that says how much memory it needed.

pub mod input;
pub mod process;
pub mod reader;

/// Why a measurement was not possible.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
