//! The known name that an unknown one was probably meant to be.

/// The most similar of these names, if any is similar enough to be worth mentioning.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // Longer texts are no misspelt names, and would take time.
    if name.len() > 64 {
        return None;
    }
    let lower = name.to_lowercase();
    known
        .iter()
        .map(|&candidate| (distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be added, removed, changed or swapped with their neighbour.
fn distance(first: &str, second: &str) -> usize {
    let first: Vec<char> = first.chars().collect();
    let second: Vec<char> = second.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=second.len()).collect();
    for (row, &letter) in first.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &other) in second.iter().enumerate() {
            let changed = last[column] + usize::from(letter != other);
            let mut best = changed.min(last[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0 && column > 0 && letter == second[column - 1] && first[row - 1] == other;
            if swapped {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let known = ["repoURL", "branch", "semverConstraint", "strictSemvers"];
        assert_eq!(nearest("repoUrl", &known), Some("repoURL"));
        assert_eq!(nearest("barnch", &known), Some("branch"));
        assert_eq!(nearest("strictSemver", &known), Some("strictSemvers"));
        assert_eq!(nearest("colour", &known), None);
    }
}
