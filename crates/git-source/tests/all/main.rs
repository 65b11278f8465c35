//! The behaviour that users of the crate rely on, against the real `git http-backend` with the real `git` as oracle.

#[cfg(test)]
mod access;
#[cfg(test)]
mod branch;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod cache_safety;
#[cfg(test)]
mod cancel;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod edge_cases;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod egress;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod filter;
#[cfg(test)]
mod greeting;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod metadata;
#[cfg(test)]
mod missing;
#[cfg(test)]
mod observation;
#[cfg(test)]
mod poll;
#[cfg(test)]
mod random;
#[cfg(test)]
mod refusal_text;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod server;
#[cfg(test)]
mod sha256;
#[cfg(test)]
mod sharing;
#[cfg(test)]
mod ssh;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod transport;
#[cfg(test)]
mod walk;
