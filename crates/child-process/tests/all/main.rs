//! Programs of a shell that hang, write without end, and leave processes behind.

#![cfg(unix)]

mod bounded;
mod piped;
mod script;
mod start;
