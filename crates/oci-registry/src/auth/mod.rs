//! Authentication at registries.
//!
//! A [`Session`] authenticates the reads of one repository with one credential. [`ChallengeHints`](challenge::ChallengeHints) carry what one
//! repository of a registry required to the next one. A [`Challenge`](challenge::Challenge) knows which server sent it, and
//! [`Access::credential_for`] is the only function that decides which server gets the credential: the registry itself, and the token
//! service that it names.

mod challenge;
mod session;
mod token;

pub(crate) use challenge::Purpose;
pub(crate) use session::AuthCache;
pub(crate) use token::Access;
