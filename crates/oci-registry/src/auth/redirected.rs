//! Servers that a registry redirects to, and that ask for a token of their own.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use artifact_http::{Authorization, Origin, Request, Response};
use artifact_source::Error;

use super::challenge::{Challenge, Scheme};
use super::session::deadline_passed;
use super::token::{self, Token};
use super::{Access, Session};

/// How many servers behind a registry are remembered, and are answered within one request.
const MOST: usize = 8;

/// The tokens that servers behind a registry gave us as they give them to anyone.
///
/// A host in front of a public registry, such as a vanity domain, redirects each read to that registry, which asks for a token that
/// needs no credential. The token is used at the origin that asked for it, and nowhere else.
#[derive(Debug, Default)]
pub(super) struct AnonymousTokens {
    tokens: Mutex<HashMap<Origin, Token>>,
    /// Held while a token is fetched, so that one is fetched for all who need it.
    fetching: tokio::sync::Mutex<()>,
}

impl AnonymousTokens {
    /// All tokens that are still good.
    fn usable(&self) -> Vec<(Origin, Authorization)> {
        let now = Instant::now();
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = tokens.iter().filter(|(_, token)| token.until > now);
        usable.map(|(origin, token)| (origin.clone(), token.authorization.clone())).collect()
    }

    /// Gets a token for this challenge, unless another caller has replaced the one that was `refused` already.
    async fn renew(
        &self,
        challenge: &Challenge,
        refused: Option<&Authorization>,
        access: Access<'_>,
    ) -> Result<(), Error> {
        let Scheme::Bearer(service) = &challenge.scheme else { return Ok(()) };
        let _fetching = match access.call.deadline {
            None => self.fetching.lock().await,
            Some(deadline) => tokio::time::timeout_at(deadline.into(), self.fetching.lock())
                .await
                .map_err(|_| deadline_passed(access))?,
        };
        if find(&self.usable(), &challenge.origin) != refused {
            return Ok(());
        }
        let token = token::fetch(challenge, service, access).await?;
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MOST {
            tokens.clear();
        }
        tokens.insert(challenge.origin.clone(), token);
        Ok(())
    }
}

fn find<'a>(tokens: &'a [(Origin, Authorization)], origin: &Origin) -> Option<&'a Authorization> {
    tokens.iter().find(|(other, _)| other == origin).map(|(_, authorization)| authorization)
}

impl Session {
    /// Sends the request with our authorization for the registry, and answers what other servers that it redirects to ask for, without
    /// a credential of ours. Each of them is answered once; the response to that is the response.
    pub(super) async fn send(
        &self,
        access: Access<'_>,
        request: Request,
        own: Option<Authorization>,
    ) -> Result<Response, Error> {
        let registry = access.endpoint.origin();
        let request = request.authorization_for(&registry, own);
        let mut answered: Vec<Origin> = Vec::new();
        loop {
            let tokens = self.anonymous.usable();
            let attach = |request: Request, (origin, token): &(Origin, Authorization)| {
                request.anonymous_authorization(origin, token.clone())
            };
            let response =
                access.http.fetch(tokens.iter().fold(request.clone(), attach), access.call).await?;
            let origin = response.origin();
            if response.status.as_u16() != 401
                || origin == registry
                || answered.contains(&origin)
                || answered.len() == MOST
            {
                return Ok(response);
            }
            let Some(challenge) = Challenge::of(response.instructions(), &access.endpoint.name) else {
                return Ok(response);
            };
            if challenge.scheme == Scheme::Basic {
                return Ok(response);
            }
            match self.anonymous.renew(&challenge, find(&tokens, &origin), access).await {
                Err(error) if error.is_auth() => return Ok(response),
                renewed => renewed?,
            }
            answered.push(origin);
        }
    }
}
