//! What users of the crate rely on, against the real `git http-backend` with the real `git` as oracle.

mod access;
mod branch;
mod poll;
#[cfg(test)]
mod support;
