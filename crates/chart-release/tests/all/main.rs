//! The behaviour that users of the crate rely on.

#[cfg(test)]
mod git;
