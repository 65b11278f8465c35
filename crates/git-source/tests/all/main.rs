//! What users of the crate rely on, against the real `git http-backend` with the real `git` as oracle.

#[cfg(test)]
mod access;
#[cfg(test)]
mod branch;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod cancel;
#[cfg(test)]
mod conform;
#[cfg(test)]
mod filter;
#[cfg(test)]
mod metadata;
#[cfg(test)]
mod missing;
#[cfg(test)]
mod odd;
#[cfg(test)]
mod poll;
#[cfg(test)]
mod random;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod server;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod transport;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod walk;
#[cfg(test)]
mod words;
