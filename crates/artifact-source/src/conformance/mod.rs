//! The suite that every [`ArtifactSource`](crate::ArtifactSource) passes.
//!
//! Describe how to set your source up with a [`Fixture`] and run [`all`] inside a test. It checks the
//! [contract](crate::ArtifactSource#contract) over the transport that your source really uses:
//!
//! ```
//! use artifact_source::conformance::{self, Fixture};
//! use artifact_source::memory::MemorySource;
//!
//! struct InMemory {
//!     source: MemorySource,
//!     published: u32,
//! }
//!
//! #[async_trait::async_trait]
//! impl Fixture for InMemory {
//!     type Source = MemorySource;
//!
//!     async fn source(&self) -> MemorySource {
//!         self.source.clone()
//!     }
//!
//!     async fn listed(&self) -> Vec<String> {
//!         let published = (1..=self.published).map(|number| format!("9.{number}"));
//!         ["1", "2", "3"].map(str::to_owned).into_iter().chain(published).collect()
//!     }
//!
//!     async fn publish(&mut self) {
//!         self.published += 1;
//!         self.source.publish(format!("9.{}", self.published));
//!     }
//! }
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let source = MemorySource::new("demo", ["1", "2", "3"]).with_limit(2);
//! let conformance = conformance::all(&mut InMemory { source, published: 0 }).await.unwrap();
//! // A source in memory has no server that lists, counts or fails, and this fixture does not empty it.
//! let not_checked = conformance.not_checked();
//! assert!(not_checked.contains(&("empty_is_a_success", "the server cannot be emptied")));
//! assert!(not_checked.contains(&("no_secret_is_shown", "the source was given no secret")));
//! assert!(conformance.to_string().starts_with("order_is_stable: kept\n"));
//! # });
//! ```
//!
//! # What is checked
//!
//! Each clause of the contract, the check that holds a source to it, and what the fixture provides for that check. Without it the check is
//! reported as not checked, with the reason; a clause that the fixture cannot show is never reported as kept.
//!
//! | clause of the contract | check | needs |
//! |---|---|---|
//! | `Unchanged` is a proof | [`unchanged_is_sound`] | [`Fixture::publish`] |
//! | an observation that does not fit means a full discovery, never an error | [`observations_may_be_anything`] | |
//! | the best candidate comes first | [`the_best_comes_first`] | [`Fixture::publish`], and two artifacts or more |
//! | the order never depends on the order of the server's answer | [`order_ignores_the_listing`] | [`Fixture::shuffle`], and two candidates or more |
//! | the order never depends on timing or concurrency | [`order_is_stable`], as far as seven discoveries show it | |
//! | nothing found is a success | [`empty_is_a_success`] | [`Fixture::clear`] |
//! | every candidate is traced exactly once, and the accepted ones are those in the answer | [`trace_is_complete`] | [`Fixture::publish`] |
//! | dropping the future cancels the work; blocking work stops | [`nothing_is_left_running`] | [`Fixture::traffic`] |
//! | dropping the future leaves nothing behind that could change a later answer | [`drop_is_clean`] | |
//! | the meter counts every request and byte | [`the_meter_counts_everything`] | [`Fixture::traffic`] |
//! | the same for requests that fail | [`the_meter_counts_failures`] | [`Fixture::traffic`], [`Disturbance::Unavailable`] |
//! | the cost in the answer is what the meter counted | [`cost_is_what_was_counted`] | |
//! | a deadline ends the discovery | [`the_deadline_ends_it`] | [`Disturbance::Silent`] |
//! | retries end at the deadline | [`retries_end_at_the_deadline`] | [`Disturbance::Busy`] or [`Disturbance::Unavailable`], and a source that would try longer |
//! | a transient failure is an error, never an older artifact | [`a_failure_is_an_error`] | [`Disturbance::Unavailable`] |
//! | no credential in a trace, observation, `Debug` or `Display`, in any encoding | [`no_secret_is_shown`] | [`Fixture::secrets`] |
//! | no credential in an error | [`no_secret_is_in_an_error`] | [`Fixture::secrets`], every [`Disturbance`] |
//! | no globals, no environment, no hidden clock | not checkable from outside: review it | |
//!
//! Each of these checks fails for a source that was written to break its clause and no other: `tests/all/liars.rs` of this crate.

mod answer;
mod fixture;
mod report;
mod secret;
mod service;
mod wait;

pub use answer::{
    empty_is_a_success, observations_may_be_anything, order_ignores_the_listing, order_is_stable,
    the_best_comes_first, trace_is_complete, unchanged_is_sound,
};
pub use fixture::{Disturbance, Fixture, Traffic};
pub use report::{Checked, Conformance, Violation};
pub use secret::{no_secret_is_in_an_error, no_secret_is_shown};
pub use service::{
    a_failure_is_an_error, cost_is_what_was_counted, drop_is_clean, nothing_is_left_running,
    retries_end_at_the_deadline, the_deadline_ends_it, the_meter_counts_everything,
    the_meter_counts_failures,
};

/// Runs every check. The result names each of them, and says of those that were not made why.
///
/// # Errors
///
/// The first clause of the contract that the source broke.
pub async fn all<F: Fixture>(fixture: &mut F) -> Result<Conformance, Violation> {
    let mut conformance = Conformance::default();
    macro_rules! run {
        ($($check:ident),+ $(,)?) => {
            $(conformance.note(stringify!($check), $check(fixture).await?);)+
        };
    }
    run!(
        order_is_stable,
        order_ignores_the_listing,
        cost_is_what_was_counted,
        the_meter_counts_everything,
        drop_is_clean,
        nothing_is_left_running,
        observations_may_be_anything,
        the_best_comes_first,
        trace_is_complete,
        unchanged_is_sound,
        the_deadline_ends_it,
        retries_end_at_the_deadline,
        // Without a deadline, hence after the check of retries.
        a_failure_is_an_error,
        the_meter_counts_failures,
        no_secret_is_shown,
        no_secret_is_in_an_error,
        // The last one, since it empties the server.
        empty_is_a_success,
    );
    Ok(conformance)
}
