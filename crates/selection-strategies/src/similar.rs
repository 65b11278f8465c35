//! Known names that are similar to a misspelt one.

/// Longer names are cut, since comparing takes time.
const LONGEST: usize = 256;

/// How many similar names are returned.
const MOST: usize = 3;

/// The shortest name that counts as a part of another.
const SHORTEST_PART: usize = 3;

/// The most similar of the `known` names, if one is similar enough to be the intended one: at most a third of the letters
/// differ. Case counts only between equally similar names. Of equal ones, the first.
///
/// ```
/// use selection_strategies::nearest_name;
///
/// let fields = ["repoURL", "branch", "semverConstraint"];
/// assert_eq!(nearest_name("barnch", fields), Some("branch"));
/// assert_eq!(nearest_name("colour", fields), None);
/// ```
#[must_use]
pub fn nearest_name<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Longer texts are not misspelt names.
    if name.len() > 64 {
        return None;
    }
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()) / 3)
        .min_by_key(|(distance, candidate)| (*distance, strsim::osa_distance(name, candidate)))
        .map(|(_, candidate)| candidate)
}

/// Up to three of `names` that are similar to `name`, the most similar first: those that differ in few letters, and those of
/// which one is a part of the other. Only letters and digits count, and not their case.
///
/// ```
/// use selection_strategies::similar_names;
///
/// let branches = ["main", "feature/login", "release/1.0", "release/1.1"];
/// assert_eq!(similar_names("refs/heads/mian", branches), [""; 0]);
/// assert_eq!(similar_names("mian", branches), ["main"]);
/// assert_eq!(similar_names("login", branches), ["feature/login"]);
/// assert_eq!(similar_names("release/1.2", branches), ["release/1.0", "release/1.1"]);
/// ```
#[must_use]
pub fn similar_names<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let name = plain(name);
    let mut similar: Vec<_> = names
        .into_iter()
        .filter_map(|candidate| Some((distance(&name, &plain(candidate))?, candidate)))
        .collect();
    similar.sort_unstable();
    similar.truncate(MOST);
    similar.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Letters and digits alone, in lower case.
fn plain(name: &str) -> Vec<char> {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(LONGEST)
        .collect()
}

/// How many letters differ; for a part of the other, more than any number of differing letters that counts as similar. `None`
/// for names that are not similar.
fn distance(name: &[char], other: &[char]) -> Option<usize> {
    if name == other {
        return (!name.is_empty()).then_some(0);
    }
    let (short, long) = if name.len() < other.len() { (name, other) } else { (other, name) };
    let most = (name.len() / 3).clamp(1, 3);
    if long.len() - short.len() <= most {
        let distance = osa_distance(name, other);
        if distance <= most && distance < short.len() {
            return Some(distance);
        }
    }
    let is_part = short.len() >= SHORTEST_PART && long.windows(short.len()).any(|part| part == short);
    is_part.then_some(most + 1)
}

fn osa_distance(name: &[char], other: &[char]) -> usize {
    let text = |letters: &[char]| letters.iter().collect::<String>();
    strsim::osa_distance(&text(name), &text(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn branches(name: &str, expected: &[&str]) {
        let names = ["main", "master", "develop", "release/1.0", "release/1.1", "feature/login"];
        assert_eq!(similar_names(name, names), expected, "{name}");
    }

    #[test]
    fn branches_that_were_meant() {
        branches("mian", &["main"]);
        branches("Main", &["main"]);
        branches("login", &["feature/login"]);
        branches("refs/heads/main", &["main"]);
        branches("release/1.2", &["release/1.0", "release/1.1"]);
        branches("devel", &["develop"]);
        branches("developp", &["develop"]);
        branches("x", &[]);
        branches("", &[]);
    }

    #[track_caller]
    fn charts(name: &str, names: &[&str], expected: &[&str]) {
        assert_eq!(similar_names(name, names.iter().copied()), expected, "{name}");
    }

    #[test]
    fn charts_that_were_meant() {
        charts("Demo", &["demo", "other"], &["demo"]);
        charts("ingress_nginx", &["ingress-nginx", "nginx"], &["ingress-nginx", "nginx"]);
        charts("promethues", &["prometheus", "grafana"], &["prometheus"]);
        charts("prometheus", &["kube-prometheus-stack", "loki"], &["kube-prometheus-stack"]);
        charts("web", &["api", "db"], &[]);
        charts("web", &["web1", "web2", "web3", "web4"], &["web1", "web2", "web3"]);
        charts("", &["", "a"], &[]);
        charts("\u{fc}ber", &["uber"], &["uber"]);
    }

    #[test]
    fn fields_that_were_meant() {
        let known = ["repoURL", "branch", "semverConstraint", "strictSemvers"];
        assert_eq!(nearest_name("repoUrl", known), Some("repoURL"));
        assert_eq!(nearest_name("barnch", known), Some("branch"));
        assert_eq!(nearest_name("strictSemver", known), Some("strictSemvers"));
        assert_eq!(nearest_name("colour", known), None);
        assert_eq!(nearest_name("app", ["Apps", "apps"]), Some("apps"));
        assert_eq!(nearest_name(&"branch".repeat(20), known), None);
    }
}
