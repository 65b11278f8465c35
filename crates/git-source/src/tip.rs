//! Where a branch stands at the server.

use artifact_source::{Error, ErrorKind};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::protocol::handshake::Ref;

use crate::remote::Remote;
use crate::suggest;

const BRANCHES: &str = "refs/heads/";

/// The commit that a branch points at, or the remote's HEAD where no branch is named; `None` if the
/// repository has no commit yet and no branch is named.
///
/// # Errors
///
/// `NotFound` if there is no such branch. The hint names the branch that HEAD follows, and branches
/// with a similar name.
pub(crate) fn tip(remote: &mut Remote, branch: Option<&str>) -> Result<Option<ObjectId>, Error> {
    let name = branch.map_or_else(|| "HEAD".to_owned(), |branch| format!("{BRANCHES}{branch}"));
    let listed = remote.list(std::slice::from_ref(&name))?;
    let found = listed.iter().map(Ref::unpack).find(|(full, ..)| *full == name.as_bytes().as_bstr());
    if let Some((_, Some(id), peeled)) = found {
        return Ok(Some(peeled.unwrap_or(id).to_owned()));
    }
    missing(remote, branch)
}

/// Tells an empty repository from a wrong name. Only a discovery that fails pays for this request.
fn missing(remote: &mut Remote, branch: Option<&str>) -> Result<Option<ObjectId>, Error> {
    let mut prefixes = vec!["HEAD".to_owned(), BRANCHES.to_owned()];
    prefixes.extend(branch.map(|branch| format!("refs/tags/{branch}")));
    let listed = remote.list(&prefixes)?;
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
            return Ok(None);
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
    if names.contains(&format!("refs/tags/{branch}").as_bytes().as_bstr()) {
        return Err(error.with_hint(
            "there is a tag of that name: a tag is found by another strategy than NewestFromBranch",
        ));
    }
    let mut hints: Vec<String> =
        head.map(|head| format!("the remote's HEAD is {head:?}")).into_iter().collect();
    let near = suggest::near(branch, branches.iter().copied());
    if !near.is_empty() {
        let near: Vec<_> = near.iter().map(|name| format!("{name:?}")).collect();
        hints.push(format!("similar names are {}", near.join(", ")));
    }
    Err(if hints.is_empty() { error } else { error.with_hint(hints.join("; ")) })
}
