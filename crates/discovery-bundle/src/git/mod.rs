//! Git repositories, recorded by their objects: replayed, a repository answers other questions than those that were asked, as far as its objects reach.

mod object;
mod pack;
mod packet;
mod record;
mod serve;

pub(crate) use object::{Kind, Object, ObjectId};
pub(crate) use record::{GitRepository, name_of};
pub(crate) use serve::Served;

/// The end of the URL of the first request.
const DISCOVERY: &str = "/info/refs";
/// The end of the URL of the others.
const UPLOAD_PACK: &str = "/git-upload-pack";

/// A request to a Git server over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GitRequest {
    /// `GET info/refs?service=git-upload-pack`
    Discovery,
    /// `POST git-upload-pack`
    UploadPack,
}

impl GitRequest {
    /// The request, and the URL of the repository; `None` for a request to something else.
    pub(crate) fn of<'u>(method: &str, url: &'u str) -> Option<(Self, &'u str)> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        match method {
            "GET" if query.split('&').any(|pair| pair == "service=git-upload-pack") => {
                Some((Self::Discovery, path.strip_suffix(DISCOVERY)?))
            }
            "POST" => Some((Self::UploadPack, path.strip_suffix(UPLOAD_PACK)?)),
            _ => None,
        }
    }

    /// The media type of the answer.
    pub(crate) fn answer_type(self) -> &'static str {
        match self {
            Self::Discovery => "application/x-git-upload-pack-advertisement",
            Self::UploadPack => "application/x-git-upload-pack-result",
        }
    }
}
