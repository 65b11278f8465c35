//! Messages as programs and servers write them.

mod message;
mod real_git;
