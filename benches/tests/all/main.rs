//! The baseline of `registry` is Kargo's pattern, and a few of the attacks hold.

mod attacks;
mod commits;
mod pattern;
