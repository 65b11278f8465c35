//! The cause where no commit changes a path that is selected.

use artifact_source::Rejection;
use selection_strategies::nearest_name;
use selection_strategies::path::{PathSelector, contains};
use warehouse_spec::GitSubscription;

use super::counts::{Counts, Group, counted};

/// A message, and a hint.
type Said = (String, Option<String>);

/// The cause where no commit changed a path that is selected: where nothing excludes paths, and the whole history was read, the path never existed.
pub(super) fn no_path(git: &GitSubscription, group: &Group, counts: &Counts, noun: &str) -> Said {
    let listed = |paths: &[String]| {
        let paths: Vec<_> = paths.iter().map(|path| format!("{path:?}")).collect();
        paths.join(", ")
    };
    let is_excluded = |path: &String| {
        git.exclude_paths.iter().any(|exclude| !exclude.is_empty() && contains(exclude, path))
    };
    if !git.include_paths.is_empty() && git.include_paths.iter().all(is_excluded) {
        let message = format!(
            "`excludePaths` ({}) contains everything that `includePaths` ({}) selects",
            listed(&git.exclude_paths),
            listed(&git.include_paths)
        );
        return (message, Some("name in `excludePaths` what to leave out of `includePaths`".to_owned()));
    }
    let recent = counts.groups.iter().any(|group| group.why == Rejection::OlderThanSince);
    let since = if recent { " since `since`" } else { "" };
    let changed = match (git.include_paths.is_empty(), git.exclude_paths.is_empty()) {
        (false, true) => format!("a path that `includePaths` ({}) selects", listed(&git.include_paths)),
        (false, false) => format!(
            "a path that `includePaths` ({}) selects and `excludePaths` does not exclude",
            listed(&git.include_paths)
        ),
        (true, _) => "a path that `excludePaths` does not exclude".to_owned(),
    };
    let none = match (group.count, counts.groups.len()) {
        (1, 1) => format!("the only {noun} does not change"),
        (1, _) => format!("the only {noun} that is left{since} does not change"),
        (count, 1) => format!("none of {} changes", counted(count, noun)),
        (count, _) if recent => format!("none of {}{since} changes", counted(count, noun)),
        (count, _) => format!("none of the {} that are left changes", counted(count, noun)),
    };
    let of_form = git.include_paths.iter().find_map(|path| of_form(path));
    let other_case = group.other_case.as_ref().filter(|(selector, path)| is_cause(selector, path, counts));
    if let (None, Some((selector, path))) = (&of_form, other_case) {
        let message = format!(
            "{none} {changed}, but {path:?} is changed, which differs from {selector:?} in the case of its letters"
        );
        let hint = format!("write `{path}`{}: Git compares paths letter by letter", rest_of(selector, path));
        return (message, Some(hint));
    }
    let alone = counts.groups.len() == 1 && noun == "commit" && git.exclude_paths.is_empty() && !recent;
    let never = if alone { ": there never was one on this branch" } else { "" };
    let similar = || {
        let similar = git.include_paths.iter().find_map(|selector| similar(selector, counts))?;
        Some(format!("did you mean `{similar}`?"))
    };
    (format!("{none} {changed}{never}"), of_form.or_else(similar))
}

/// Whether a selector is a plain path.
fn is_path(selector: &str) -> bool {
    PathSelector::new(selector).is_ok_and(|selector| selector.is_path())
}

/// What to write where a selector has the form of another one.
fn of_form(selector: &str) -> Option<String> {
    if selector.starts_with('/') {
        return Some("paths are relative to the repository's root and begin without `/`".to_owned());
    }
    if is_path(selector) && selector.contains('*') {
        return Some(format!("{selector:?} is a plain path; a pattern is written as `glob:{selector}`"));
    }
    // A pattern of a shell stays within a folder.
    (selector.starts_with("glob:") && selector.ends_with("/*")).then(|| {
        format!("`*` stays within a folder; `{selector}*` selects what is in the folders below it, too")
    })
}

/// Whether the case of its letters is what a selector lacks: no commit changed what it names as it is spelt.
fn is_cause(selector: &str, path: &str, counts: &Counts) -> bool {
    let Ok(selector) = PathSelector::new(selector) else { return false };
    let Some(named) = selector.other_case(path).map(|near| near.named) else { return false };
    let is_named = |path: &String| {
        let rest = path.as_bytes().strip_prefix(named);
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
    };
    !counts.changed.iter().any(is_named)
}

/// What to say about the rest of a selector of which a folder alone was seen.
fn rest_of(selector: &str, path: &str) -> &'static str {
    match selector.trim_start_matches("./").trim_end_matches('/').len() > path.len() {
        true => " in its place, and what follows it as `git ls-files` shows it",
        false => "",
    }
}

/// A selector like this one that selects what was changed, or may: with the other ending of YAML files, or with the similar name of a folder or file that was changed.
fn similar(selector: &str, counts: &Counts) -> Option<String> {
    let with_other_ending = [(".yml", ".yaml"), (".yaml", ".yml")].into_iter().find_map(|(one, other)| {
        let similar = selector.contains(one).then(|| selector.replace(one, other))?;
        let compiled = PathSelector::new(&similar).ok()?;
        counts.changed.iter().any(|path| compiled.is_match(path)).then_some(similar)
    });
    with_other_ending.or_else(|| with_similar_name(selector, counts))
}

/// A plain path with the first name that no changed path has replaced by a similar one that a changed path has in its place.
fn with_similar_name(selector: &str, counts: &Counts) -> Option<String> {
    if !is_path(selector) {
        return None;
    }
    let names: Vec<&str> = selector.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    let changed: Vec<Vec<&str>> =
        counts.changed.iter().map(|path| path.trim_end_matches('/').split('/').collect()).collect();
    let is_there = |count: &usize| changed.iter().any(|path| path.get(..*count) == names.get(..*count));
    let there = (0..names.len()).rev().find(is_there)?;
    let in_its_place = changed.iter().filter(|path| path.get(..there) == names.get(..there));
    let name = nearest_name(names.get(there)?, in_its_place.filter_map(|path| path.get(there).copied()))?;
    let similar = names.iter().enumerate().map(|(place, own)| if place == there { name } else { *own });
    Some(similar.collect::<Vec<_>>().join("/")).filter(|similar| *similar != names.join("/"))
}
