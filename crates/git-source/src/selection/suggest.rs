//! Similar names.

/// Up to three of these names that are similar to this one, the most similar first.
pub(crate) fn similar<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    const MOST: usize = 3;
    let letters = |name: &str| name.to_lowercase().chars().take(256).collect::<Vec<char>>();
    let name = letters(name);
    let furthest = (name.len() / 3).max(1);
    let mut similar: Vec<_> = names
        .into_iter()
        .filter_map(|other| {
            let lower = letters(other);
            let distance = if ends_with_part(&lower, &name) || ends_with_part(&name, &lower) {
                1
            } else if lower.len().abs_diff(name.len()) > furthest {
                return None;
            } else {
                distance(&name, &lower)
            };
            (distance <= furthest).then_some((distance, other))
        })
        .collect();
    similar.sort_unstable();
    similar.into_iter().take(MOST).map(|(_, other)| other).collect()
}

/// Whether a path such as `feature/login` ends with the part `login`.
fn ends_with_part(path: &[char], part: &[char]) -> bool {
    !part.is_empty() && path.strip_suffix(part).is_some_and(|before| before.last() == Some(&'/'))
}

/// The number of letters to add, remove, replace or swap with their neighbour to get from one to the other.
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
    fn are(name: &str, expected: &[&str]) {
        let names = ["main", "master", "develop", "release/1.0", "release/1.1", "feature/login"];
        assert_eq!(similar(name, names), expected, "{name}");
    }

    #[test]
    fn similar_names() {
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
