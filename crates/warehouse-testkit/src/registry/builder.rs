//! How a registry behaves.

use std::sync::Arc;
use std::time::Duration;

use super::Registry;
use super::access::{Access, Bearer, Mode};
use super::service::RegistryService;
use super::store::Store;
use super::user::User;
use crate::certificate::ServerCertificate;
use crate::credential::Credential;
use crate::error::Error;
use crate::loopback::{Listener, Loopback};

/// Settings of a [`Registry`]; without any it is open to anybody.
#[derive(Clone, Debug, Default)]
pub struct RegistryBuilder {
    tls: Option<ServerCertificate>,
    basic: Vec<User>,
    bearer: Option<Bearer>,
    denied: Vec<String>,
    expired_is_forbidden: bool,
    habits: Habits,
}

/// Habits that have nothing to do with authentication.
#[derive(Clone, Debug, Default)]
pub(super) struct Habits {
    pub(super) page_size: Option<usize>,
    pub(super) refuse_larger_pages: bool,
    pub(super) ignore_paging: bool,
    pub(super) absolute_links: bool,
    pub(super) link_after_full_page: bool,
    pub(super) redirect_blobs: bool,
    pub(super) reverse_tags: bool,
    pub(super) no_digest_header: bool,
}

impl RegistryBuilder {
    /// Speaks TLS under this certificate, and nothing else.
    #[must_use]
    pub fn tls(mut self, certificate: ServerCertificate) -> Self {
        self.tls = Some(certificate);
        self
    }

    /// Everything needs a user name and a password as HTTP Basic; these are good for every repository. May be said for
    /// several users. A bearer setting takes precedence.
    #[must_use]
    pub fn basic(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.basic.push(User::of_all(Credential::new(username, password)));
        self
    }

    /// The same for a user of these repositories only; others are answered with 403 `DENIED`.
    #[must_use]
    pub fn basic_for<T: Into<String>>(
        mut self,
        username: impl Into<String>,
        password: impl Into<String>,
        repositories: impl IntoIterator<Item = T>,
    ) -> Self {
        let repositories = repositories.into_iter().map(Into::into).collect();
        self.basic.push(User::of(Credential::new(username, password), repositories));
        self
    }

    /// Everything needs a token of this registry's `/token`, which gives one for this user name and password. May be said for
    /// several users.
    #[must_use]
    pub fn bearer(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        let user = User::of_all(Credential::new(username, password));
        self.bearer.get_or_insert_default().users.push(user);
        self
    }

    /// The same for a user of these repositories only: `/token` gives out a token that covers none of the others, as real
    /// token services do.
    #[must_use]
    pub fn bearer_for<T: Into<String>>(
        mut self,
        username: impl Into<String>,
        password: impl Into<String>,
        repositories: impl IntoIterator<Item = T>,
    ) -> Self {
        let repositories = repositories.into_iter().map(Into::into).collect();
        let user = User::of(Credential::new(username, password), repositories);
        self.bearer.get_or_insert_default().users.push(user);
        self
    }

    /// Everything needs a token that this other registry gives out: challenges name its `/token`, as those of Docker Hub name
    /// another host. Users and lifetimes are those of the other one.
    #[must_use]
    pub fn tokens_of(mut self, other: &Registry) -> Self {
        self.bearer.get_or_insert_default().token_server = Some(other.token_server());
        self
    }

    /// Everything needs a token of `/token`, which gives one that may pull to anybody, as Docker Hub does. With
    /// [`bearer`](Self::bearer) besides, tokens that may push are given for the credential.
    #[must_use]
    pub fn anonymous_bearer(mut self) -> Self {
        self.bearer.get_or_insert_default().anonymous = true;
        self
    }

    /// `/token` also takes `POST grant_type=refresh_token` with this refresh token (an "identity token"), as Azure's registry does.
    #[must_use]
    pub fn refresh_token(mut self, token: impl Into<String>) -> Self {
        self.bearer.get_or_insert_default().refresh_token = Some(token.into());
        self
    }

    /// How long a token is good, 5 minutes if not said. It travels as `expires_in`, in whole seconds.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.bearer.get_or_insert_default().lifetime = lifetime;
        self
    }

    /// Answers that a token has expired with 403 and no challenge, as Amazon's registry does, instead of 401.
    #[must_use]
    pub fn expired_is_forbidden(mut self) -> Self {
        self.expired_is_forbidden = true;
        self
    }

    /// Nobody may use this repository: no token covers it, and Basic is answered with 403 `DENIED`.
    #[must_use]
    pub fn deny(mut self, repository: impl Into<String>) -> Self {
        self.denied.push(repository.into());
        self
    }

    /// No page of tags is longer than this, whether `n` is larger or absent.
    #[must_use]
    pub fn page_size(mut self, tags: usize) -> Self {
        self.habits.page_size = Some(tags.max(1));
        self
    }

    /// A request with `n` above the page size is refused with 413, as Quay does, instead of being given a smaller page.
    #[must_use]
    pub fn refuse_larger_pages(mut self) -> Self {
        self.habits.refuse_larger_pages = true;
        self
    }

    /// `n` and `last` are ignored, and every answer lists every tag: docker-registry 2.8.
    #[must_use]
    pub fn ignore_paging(mut self) -> Self {
        self.habits.ignore_paging = true;
        self
    }

    /// `Link` names the next page with scheme and host instead of the path alone.
    #[must_use]
    pub fn absolute_links(mut self) -> Self {
        self.habits.absolute_links = true;
        self
    }

    /// A page of exactly `n` tags has a `Link` even if nothing follows, so that the next page is empty: the reference
    /// registry does so.
    #[must_use]
    pub fn link_after_full_page(mut self) -> Self {
        self.habits.link_after_full_page = true;
        self
    }

    /// A blob is answered with a redirect (307) to `/storage/...` on the same host, which wants no credential.
    #[must_use]
    pub fn redirect_blobs(mut self) -> Self {
        self.habits.redirect_blobs = true;
        self
    }

    /// Each page lists its tags backwards: nobody may rely on their order.
    #[must_use]
    pub fn reverse_tags(mut self) -> Self {
        self.habits.reverse_tags = true;
        self
    }

    /// Manifests and blobs come without `Docker-Content-Digest`, which the distribution spec allows.
    #[must_use]
    pub fn without_digest_header(mut self) -> Self {
        self.habits.no_digest_header = true;
        self
    }

    /// Starts the registry.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if nothing can listen on 127.0.0.1; [`Error::Invalid`] if its certificate and key cannot be used.
    pub fn start(self) -> Result<Registry, Error> {
        let tls = self.tls.as_ref().map(ServerCertificate::acceptor).transpose()?;
        let listener = Listener::bind("registry")?.over(tls);
        let url = listener.url();
        let mode = match self.bearer {
            Some(bearer) => Mode::Bearer(bearer),
            None if !self.basic.is_empty() => Mode::Basic(self.basic),
            None => Mode::Open,
        };
        let access = Access::new(mode, self.denied, self.expired_is_forbidden, &url);
        let service = Arc::new(RegistryService { store: Store::default(), access, habits: self.habits, url });
        let loopback = Loopback::serve(listener, Arc::clone(&service) as _)?;
        Ok(Registry { loopback, service })
    }
}
