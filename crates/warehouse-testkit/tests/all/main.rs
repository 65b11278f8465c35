//! The servers as clients see them, over TCP.

mod access;
mod charts;
mod client;
mod faults;
mod git;
mod hostile;
mod peers;
mod registry;
