//! Paths of the distribution spec. Repository names contain slashes, so a path is read from its end.

/// What a path under `/v2/` means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Base,
    Tags { repository: &'a str },
    Manifest { repository: &'a str, reference: &'a str },
    Blob { repository: &'a str, digest: &'a str },
    BeginUpload { repository: &'a str },
    Upload { repository: &'a str, id: &'a str },
}

impl<'a> Route<'a> {
    /// The route of a path, or `None` if the spec has no such path.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix("/v2")?;
        if rest.is_empty() || rest == "/" {
            return Some(Self::Base);
        }
        let rest = rest.strip_prefix('/')?;
        let route = if let Some(repository) = rest.strip_suffix("/tags/list") {
            Self::Tags { repository }
        } else if let Some(repository) =
            rest.strip_suffix("/blobs/uploads/").or_else(|| rest.strip_suffix("/blobs/uploads"))
        {
            Self::BeginUpload { repository }
        } else {
            let (front, last) = rest.rsplit_once('/')?;
            if let Some(repository) = front.strip_suffix("/blobs/uploads") {
                Self::Upload { repository, id: last }
            } else if let Some(repository) = front.strip_suffix("/manifests") {
                Self::Manifest { repository, reference: last }
            } else {
                Self::Blob { repository: front.strip_suffix("/blobs")?, digest: last }
            }
        };
        (!route.repository().is_empty()).then_some(route)
    }

    /// The repository the path speaks of; empty for the base.
    pub(super) fn repository(&self) -> &'a str {
        match self {
            Self::Base => "",
            Self::Tags { repository }
            | Self::Manifest { repository, .. }
            | Self::Blob { repository, .. }
            | Self::BeginUpload { repository }
            | Self::Upload { repository, .. } => repository,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[track_caller]
    fn check(path: &str, expected: Option<Route<'_>>) {
        assert_eq!(Route::of(path), expected, "{path}");
    }

    #[test]
    fn paths_are_read_from_their_end() {
        check("/v2/", Some(Route::Base));
        check("/v2", Some(Route::Base));
        check("/v2/app/tags/list", Some(Route::Tags { repository: "app" }));
        check("/v2/a/b/c/tags/list", Some(Route::Tags { repository: "a/b/c" }));
        let manifest = Route::Manifest { repository: "tags/list", reference: "latest" };
        check("/v2/tags/list/manifests/latest", Some(manifest));
        check("/v2/manifests/manifests/1", Some(Route::Manifest { repository: "manifests", reference: "1" }));
        check("/v2/a/blobs/sha256:0", Some(Route::Blob { repository: "a", digest: "sha256:0" }));
        check("/v2/a/blobs/uploads/", Some(Route::BeginUpload { repository: "a" }));
        check("/v2/a/blobs/uploads/7", Some(Route::Upload { repository: "a", id: "7" }));
        check("/v2/_catalog", None);
        check("/v2/a/referrers/sha256:0", None);
        check("/v2//tags/list", None);
        check("/v1/", None);
        check("/", None);
    }
}
