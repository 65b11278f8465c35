//! Why a candidate has no image.

use std::sync::Arc;

use artifact_source::{Error, Rejection};
use oci_registry::Platform;

use crate::PlatformConstraint;

#[derive(Debug)]
pub(crate) enum Miss {
    /// It was read, and does not fit.
    Unfit(Rejection),
    /// It is gone, or nobody could ask for it.
    Gone(Rejection),
    /// The registry answers, and definitely not with this, or its content is beyond all bounds. Whether it is passed over
    /// depends on what becomes of its neighbours.
    Refused(Error),
    /// It could not be read this time, so that nothing can be said.
    Failed(Error),
}

impl Miss {
    /// What became of a read of this manifest or blob (rule 3.8): `place` is how its URL ends.
    ///
    /// What is gone is passed over. A repository that is gone is no tag that is. A refusal is definite where it is the
    /// registry's own, of this one thing, and would be the same again.
    pub(crate) fn of_read(error: Error, place: &str) -> Self {
        if error.is_not_found() && error.code() != Some("NAME_UNKNOWN") {
            return Self::Gone(unreadable(error.to_string()));
        }
        let is_own = error.url().is_some_and(|url| url.ends_with(place));
        let is_definite = error.status().is_some_and(|status| {
            matches!(status, 400..=499) && !matches!(status, 401 | 404 | 407 | 410) && !error.is_transient()
        });
        let may_pass = error.retry_after().is_some()
            || matches!(error.code(), Some("TOOMANYREQUESTS" | "UNAUTHORIZED" | "NAME_UNKNOWN"));
        if is_own && is_definite && !may_pass { Self::Refused(error) } else { Self::Failed(error) }
    }
}

pub(crate) fn unreadable(reason: impl Into<Arc<str>>) -> Rejection {
    Rejection::Unreadable { reason: reason.into() }
}

pub(crate) fn not_an_image(what: &str) -> Miss {
    Miss::Unfit(Rejection::NotAnImage { what: what.into() })
}

pub(crate) fn wrong_platform<'a>(
    wanted: &PlatformConstraint,
    offered: impl IntoIterator<Item = &'a Platform>,
) -> Miss {
    let mut texts: Vec<String> = Vec::new();
    for platform in offered {
        let text = platform.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    Miss::Unfit(Rejection::Platform { platform: wanted.shared_text(), offered: texts })
}
