//! Several sources, one after the other.

use std::sync::Arc;

use artifact_http::{CredentialRequest, CredentialSource, Login};
use artifact_source::Error;
use async_trait::async_trait;

/// Several sources, one after the other. The first that has a credential decides.
///
/// A source that fails ends the search with its error, because the next one may have a credential for another identity. The
/// hints of all sources are joined.
///
/// ```
/// use artifact_credentials::{Chain, KargoSecrets};
/// use artifact_http::{Credential, CredentialRequest, Identity};
/// use artifact_source::SourceKind;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let chain = Chain::new().with(KargoSecrets::default()).with(Credential::password("me", "hunter2"));
/// let request = CredentialRequest::new(&SourceKind::Image, "ghcr.io/example/app");
/// let identity = Identity::resolve(&chain, &request).await?;
/// assert!(identity.credential().is_some());
/// # Ok::<(), artifact_source::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Chain {
    sources: Vec<Arc<dyn CredentialSource>>,
}

impl Chain {
    /// A chain of no sources, which never has a credential.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The chain with another source at its end.
    #[must_use]
    pub fn with(mut self, source: impl CredentialSource + 'static) -> Self {
        self.sources.push(Arc::new(source));
        self
    }

    /// Whether there is no source in it.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }
}

impl<S: CredentialSource + 'static> FromIterator<S> for Chain {
    fn from_iter<I: IntoIterator<Item = S>>(sources: I) -> Self {
        sources.into_iter().fold(Self::new(), Self::with)
    }
}

#[async_trait]
impl CredentialSource for Chain {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        for source in &self.sources {
            if let Some(login) = source.credential(request).await? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }

    fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
        let hints: Vec<_> = self.sources.iter().filter_map(|source| source.hint(request)).collect();
        (!hints.is_empty()).then(|| hints.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use artifact_http::Credential;
    use artifact_source::{ErrorKind, SourceKind};

    /// A source with a fixed answer.
    #[derive(Debug)]
    enum Fixed {
        Has(&'static str),
        HasNone(&'static str),
        Fails,
    }

    #[async_trait]
    impl CredentialSource for Fixed {
        async fn credential(&self, _: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
            match self {
                Self::Has(found_in) => Ok(Some(Login::new(Credential::bearer("SECRET"), *found_in))),
                Self::HasNone(_) => Ok(None),
                Self::Fails => Err(Error::new(ErrorKind::TimedOut, "the helper did not answer")),
            }
        }

        fn hint(&self, _: &CredentialRequest<'_>) -> Option<String> {
            match self {
                Self::HasNone(why) if !why.is_empty() => Some((*why).to_owned()),
                _ => None,
            }
        }
    }

    #[track_caller]
    fn check(
        sources: impl IntoIterator<Item = Fixed>,
        found: Result<Option<&str>, &str>,
        hint: Option<&str>,
    ) {
        let chain: Chain = sources.into_iter().collect();
        let request = CredentialRequest::new(&SourceKind::Image, "ghcr.io/a");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(chain.credential(&request));
        let answer = answer.map(|login| login.map(|login| login.found_in.to_string()));
        let answer = answer.map_err(|error| error.to_string());
        assert_eq!(answer, found.map(|found_in| found_in.map(str::to_owned)).map_err(str::to_owned));
        assert_eq!(chain.hint(&request).as_deref(), hint);
    }

    #[test]
    fn the_first_that_has_one_decides() {
        use Fixed::{Fails, Has, HasNone};
        check([], Ok(None), None);
        check([Has("one"), Has("two")], Ok(Some("one")), None);
        check([HasNone(""), Has("two"), Fails], Ok(Some("two")), None);
        check([HasNone("no Secret"), HasNone("no entry")], Ok(None), Some("no Secret; no entry"));
        check(
            [HasNone("no Secret"), Fails, Has("three")],
            Err("the helper did not answer"),
            Some("no Secret"),
        );
    }
}
