//! Which authorization is for which origin.

use std::fmt;

use http::HeaderValue;

use crate::{Authorization, Origin};

/// Authorizations, each with the one origin that it is sent to.
#[derive(Clone, Default)]
pub(crate) struct Authorizations {
    own: Option<(Origin, Authorization)>,
    anonymous: Vec<(Origin, Authorization)>,
}

/// What is sent to one origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sent<'a> {
    pub(crate) value: &'a HeaderValue,
    /// Whether it stands for a credential of ours, and is no token that anyone gets.
    pub(crate) is_own: bool,
}

impl Authorizations {
    pub(crate) fn put_own(&mut self, origin: Origin, authorization: Authorization) {
        self.own = Some((origin, authorization));
    }

    pub(crate) fn put_anonymous(&mut self, origin: Origin, authorization: Authorization) {
        self.anonymous.retain(|(other, _)| *other != origin);
        self.anonymous.push((origin, authorization));
    }

    /// Our own authorization for this origin.
    pub(crate) fn own(&self, origin: &Origin) -> Option<&Authorization> {
        self.own.as_ref().filter(|(own, _)| own == origin).map(|(_, authorization)| authorization)
    }

    /// What is sent to this origin. `is_first` tells that no redirect has led to another origin yet.
    pub(crate) fn sent_to(&self, origin: &Origin, is_first: bool) -> Option<Sent<'_>> {
        let own = self.own(origin).filter(|_| is_first).map(|authorization| (authorization, true));
        let anonymous = || {
            let (_, authorization) = self.anonymous.iter().find(|(other, _)| other == origin)?;
            Some((authorization, false))
        };
        let (authorization, is_own) = own.or_else(anonymous)?;
        Some(Sent { value: authorization.header_value()?, is_own })
    }

    /// Whether a header can carry all of them.
    pub(crate) fn can_be_sent(&self) -> bool {
        self.own
            .iter()
            .chain(&self.anonymous)
            .all(|(_, authorization)| authorization.header_value().is_some())
    }
}

impl fmt::Debug for Authorizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.own.iter().chain(&self.anonymous).map(|(origin, sent)| (origin, sent)))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Url;

    #[test]
    fn each_goes_to_its_origin_alone() {
        let origin = |url: &str| Origin::of(&Url::parse(url).unwrap());
        let (front, back) = (origin("https://front.test"), origin("https://back.test"));
        let mut all = Authorizations::default();
        all.put_own(front.clone(), Authorization::bearer("OURS"));
        all.put_anonymous(back.clone(), Authorization::bearer("old"));
        all.put_anonymous(back.clone(), Authorization::bearer("anyones"));
        let sent = |origin: &Origin, is_first| {
            all.sent_to(origin, is_first).map(|sent| (sent.value.to_str().unwrap(), sent.is_own))
        };
        assert_eq!(sent(&front, true), Some(("Bearer OURS", true)));
        assert_eq!(sent(&front, false), None, "it does not come back");
        assert_eq!(sent(&back, false), Some(("Bearer anyones", false)));
        for other in ["https://front.test:444", "http://front.test", "https://front.test.example.com"] {
            assert_eq!(sent(&origin(other), true), None, "{other}");
        }
        assert!(!format!("{all:?}").contains("OURS"));
    }
}
