//! Who is known to a registry, and which repositories are theirs.

use http::HeaderMap;

use crate::credential::Credential;

/// A credential and the repositories it opens.
#[derive(Clone, Debug)]
pub(super) struct User {
    credential: Credential,
    /// All of them if there is no list.
    repositories: Option<Vec<String>>,
}

impl User {
    pub(super) fn of_all(credential: Credential) -> Self {
        Self { credential, repositories: None }
    }

    pub(super) fn of(credential: Credential, repositories: Vec<String>) -> Self {
        Self { credential, repositories: Some(repositories) }
    }

    /// Whether they may use a repository. The registry's base, which has no name, is open to all users.
    pub(super) fn may_use(&self, repository: &str) -> bool {
        let Some(repositories) = &self.repositories else { return true };
        repository.is_empty() || repositories.iter().any(|theirs| theirs == repository)
    }

    /// The user whose HTTP Basic credential a request carries.
    pub(super) fn of_request<'a>(users: &'a [Self], headers: &HeaderMap) -> Option<&'a Self> {
        users.iter().find(|user| user.credential.matches(headers))
    }

    /// The user of a credential.
    pub(super) fn named<'a>(users: &'a [Self], credential: &Credential) -> Option<&'a Self> {
        users.iter().find(|user| user.credential == *credential)
    }
}
