//! Discovering images over a real registry on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cache_by_tag;
mod conformance;
mod cost;
mod cost_newest;
mod cost_refill;
mod discovery;
mod disk_bounds;
mod disk_damage;
mod disk_kill;
mod disk_processes;
mod faults;
mod head;
mod indexes;
mod judgements;
mod kinds;
mod nested;
mod order;
mod refused;
mod scope;
mod support;
mod time_of_best;
mod unreadable;
