//! Where a branch stands at the server.

use artifact_source::{Error, ErrorKind};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::protocol::handshake::Ref;
use selection_strategies::similar_names;

use crate::name;
use crate::remote::Remote;

const BRANCHES: &str = "refs/heads/";

/// What a subscription's branch is at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tip {
    /// A branch that points at this commit, or the remote's HEAD.
    Branch(ObjectId),
    /// No branch, but a tag that leads to this commit (semantics rule 4.8).
    Tag(ObjectId),
    /// Nothing: no branch is named, and the repository has no commit yet.
    None,
}

/// Where a branch stands, or the remote's HEAD where no branch is named.
///
/// # Errors
///
/// `NotFound` if there is no such branch. The hint names the branch that HEAD follows, and branches
/// with a similar name.
pub(crate) fn tip(remote: &mut Remote, branch: Option<&str>) -> Result<Tip, Error> {
    let name = branch.map_or_else(|| "HEAD".to_owned(), |branch| format!("{BRANCHES}{branch}"));
    let listed = remote.list(std::slice::from_ref(&name))?;
    let found = listed.iter().map(Ref::unpack).find(|(full, ..)| *full == name.as_bytes().as_bstr());
    if let Some((_, Some(id), peeled)) = found {
        return Ok(Tip::Branch(peeled.unwrap_or(id).to_owned()));
    }
    missing(remote, branch)
}

/// Tells a tag and an empty repository from a wrong name. Only a discovery that finds no branch pays for this request.
fn missing(remote: &mut Remote, branch: Option<&str>) -> Result<Tip, Error> {
    let mut prefixes = vec!["HEAD".to_owned(), BRANCHES.to_owned()];
    prefixes.extend(branch.map(|branch| format!("refs/tags/{branch}")));
    let mut listed = remote.list(&prefixes)?;
    // What Git forbids is no name to recommend.
    listed.retain(|reference| name::is_allowed(reference.unpack().0));
    if let Some(branch) = branch {
        let tag = format!("refs/tags/{branch}");
        let tag = listed.iter().map(Ref::unpack).find(|(name, ..)| *name == tag.as_bytes().as_bstr());
        if let Some((_, Some(id), peeled)) = tag {
            return Ok(Tip::Tag(peeled.unwrap_or(id).to_owned()));
        }
    }
    let names: Vec<&BStr> =
        listed.iter().map(Ref::unpack).filter(|(_, id, _)| id.is_some()).map(|(name, ..)| name).collect();
    let branches: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_prefix(BRANCHES.as_bytes()))
        .filter_map(|name| name.to_str().ok())
        .collect();
    let head = listed.iter().find_map(|reference| match reference {
        Ref::Symbolic { full_ref_name, target, .. } | Ref::Unborn { full_ref_name, target }
            if full_ref_name == "HEAD" =>
        {
            Some(target.strip_prefix(BRANCHES.as_bytes()).unwrap_or(target).to_str_lossy().into_owned())
        }
        _ => None,
    });

    let Some(branch) = branch else {
        if branches.is_empty() {
            return Ok(Tip::None);
        }
        let message = match head {
            Some(head) => format!("the remote's HEAD follows {head:?}, and there is no such branch"),
            None => "the remote's HEAD follows no branch".to_owned(),
        };
        return Err(Error::new(ErrorKind::NotFound, message)
            .with_hint(format!("name a branch, such as {:?}", branches[0])));
    };
    let error =
        Error::new(ErrorKind::NotFound, format!("there is no branch {branch:?}")).with_field("branch");
    if branches.is_empty() {
        return Err(error.with_hint("the repository has no branch at all yet"));
    }
    let mut hints: Vec<String> =
        head.map(|head| format!("the remote's HEAD is {head:?}")).into_iter().collect();
    let near = similar_names(branch, branches.iter().copied());
    if !near.is_empty() {
        let near: Vec<_> = near.iter().map(|name| format!("{name:?}")).collect();
        hints.push(format!("similar names are {}", near.join(", ")));
    }
    Err(if hints.is_empty() { error } else { error.with_hint(hints.join("; ")) })
}
