//! Real servers, recorded and gone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod edited;
mod faithful;
mod hostile;
mod secrets;
mod world;
