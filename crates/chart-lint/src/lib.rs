//! **Best practices for Helm charts and Dockerfiles**, as named rules: each finding has a file, a line, a reason and a remedy.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
