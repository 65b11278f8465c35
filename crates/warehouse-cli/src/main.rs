//! The warehouse command: discover artifacts and build Freight from a manifest
fn main() {}
