//! The order of versions and of charts in an index.

use std::cmp::Ordering;

use helm_chart::go_yaml;
use selection_strategies::Version;
use serde_json::{Map, Value};

/// Compares versions as Helm sorts them, the greatest last: what is no version comes before every version. Where two are equal for Helm
/// (build metadata), the texts decide, so that the order never depends on who came first.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    match (Version::parse(a), Version::parse(b)) {
        (Ok(a_version), Ok(b_version)) => a_version.compare_precedence(&b_version).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => Ordering::Greater,
        (Err(_), Ok(_)) => Ordering::Less,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

/// For each new name: before which of the standing names it goes, the first one that is greater; `None` for the end.
///
/// # Errors
///
/// A name that no key of YAML can be.
pub(super) fn places<'new>(
    standing: &[&str],
    new: impl IntoIterator<Item = &'new str>,
) -> Result<Vec<(Option<usize>, &'new str)>, crate::Error> {
    let mut new: Vec<&str> = new.into_iter().collect();
    let all = standing.iter().copied().chain(new.iter().copied());
    // Each name with its number: the library's own output tells its order of keys.
    let numbered: Map<String, Value> =
        all.enumerate().map(|(at, name)| (name.to_owned(), at.into())).collect();
    let written = go_yaml::to_string(&numbered)?;
    let mut ranks = vec![usize::MAX; numbered.len()];
    for (rank, line) in written.lines().enumerate() {
        let number = line.rsplit_once(": ").and_then(|(_, number)| number.parse::<usize>().ok());
        if let Some(of_number) = number.and_then(|number| ranks.get_mut(number)) {
            *of_number = rank;
        }
    }
    let rank_of = |name: &str| {
        let number =
            numbered.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
        number.and_then(|number| ranks.get(number)).copied().unwrap_or(usize::MAX)
    };
    new.sort_by_key(|name| rank_of(name));
    let standing: Vec<usize> = standing.iter().map(|name| rank_of(name)).collect();
    let place = |name: &'new str| (standing.iter().position(|other| *other > rank_of(name)), name);
    Ok(new.into_iter().map(place).collect())
}
