//! Names that somebody may have meant.

/// Up to three of these names that are close to the wanted one, the closest first.
pub(crate) fn near<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    const MOST: usize = 3;
    let wanted: Vec<char> = wanted.to_lowercase().chars().take(256).collect();
    let enough = (wanted.len() / 3).max(1);
    let mut near: Vec<_> = names
        .into_iter()
        .filter_map(|name| {
            let lower: Vec<char> = name.to_lowercase().chars().take(256).collect();
            let distance = if ends_with_part(&lower, &wanted) || ends_with_part(&wanted, &lower) {
                1
            } else if lower.len().abs_diff(wanted.len()) > enough {
                return None;
            } else {
                distance(&wanted, &lower)
            };
            (distance <= enough).then_some((distance, name))
        })
        .collect();
    near.sort_unstable();
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// Whether a path such as `feature/login` ends with the part `login`.
fn ends_with_part(path: &[char], part: &[char]) -> bool {
    !part.is_empty() && path.strip_suffix(part).is_some_and(|before| before.last() == Some(&'/'))
}

/// Letters to add, drop, replace or swap with their neighbour to get from one to the other.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before_last = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != other);
            let mut least = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && from[row - 1] == *other && to[column - 1] == *letter {
                least = least.min(before_last[column - 1] + 1);
            }
            current.push(least);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn are(wanted: &str, near_ones: &[&str]) {
        let names = ["main", "master", "develop", "release/1.0", "release/1.1", "feature/login"];
        assert_eq!(near(wanted, names), near_ones, "{wanted}");
    }

    #[test]
    fn names_that_were_meant() {
        are("mian", &["main"]);
        are("Main", &["main"]);
        are("login", &["feature/login"]);
        are("refs/heads/main", &["main"]);
        are("release/1.2", &["release/1.0", "release/1.1"]);
        are("devel", &[]);
        are("developp", &["develop"]);
        are("x", &[]);
        are("", &[]);
    }

    proptest::proptest! {
        #[test]
        fn a_distance_is_symmetric_and_zero_only_for_equals(a in "[ab/]{0,6}", b in "[ab/]{0,6}") {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            proptest::prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            proptest::prop_assert_eq!(distance(&a, &b) == 0, a == b);
        }
    }
}
