//! The behaviour that users of the crate rely on.

#[cfg(test)]
mod build_marker;
#[cfg(test)]
mod changed;
#[cfg(test)]
mod git;
