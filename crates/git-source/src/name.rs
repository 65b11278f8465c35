//! Names of references that Git forbids (git-check-ref-format), which only a broken or hostile server lists.

use gix::bstr::BStr;

/// Whether Git allows a reference of this full name. A name in which a part begins with a dash is not among those that Git makes
/// either: a program would take it for an option.
pub(crate) fn is_allowed(full: &BStr) -> bool {
    let short = ["refs/heads/", "refs/tags/"].iter().find_map(|prefix| full.strip_prefix(prefix.as_bytes()));
    gix::validate::reference::name(full).is_ok() && !short.is_some_and(|short| short.starts_with(b"-"))
}
