//! Which charts have a name like one that is not there.

/// How many are named.
const MOST: usize = 3;

/// The names that are most like `wanted`: of other case or punctuation, with it as a part, or with few letters that differ.
pub(crate) fn similar<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let wanted = plain(wanted);
    let mut near: Vec<_> = names.filter_map(|name| Some((likeness(&wanted, &plain(name))?, name))).collect();
    near.sort_unstable();
    near.into_iter().take(MOST).map(|(_, name)| name.to_owned()).collect()
}

/// Letters and digits alone, in lower case.
fn plain(name: &str) -> Vec<char> {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).take(64).collect()
}

/// How far one is from the other; nothing for what is not alike.
fn likeness(wanted: &[char], name: &[char]) -> Option<usize> {
    if wanted == name {
        return Some(0);
    }
    let (short, long) = if wanted.len() < name.len() { (wanted, name) } else { (name, wanted) };
    let is_part = short.len() >= 3 && long.windows(short.len()).any(|part| part == short);
    let most = wanted.len().div_ceil(4).min(3);
    if long.len() - short.len() > most {
        return is_part.then_some(4);
    }
    let distance = distance(wanted, name);
    if distance <= most && distance < short.len() { Some(distance) } else { is_part.then_some(4) }
}

/// How many letters it takes to make one of the other.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, against) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != against);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &str, names: &[&str], expected: &[&str]) {
        assert_eq!(similar(wanted, names.iter().copied()), expected, "{wanted}");
    }

    #[test]
    fn names_that_are_alike() {
        check("Demo", &["demo", "other"], &["demo"]);
        check("ingress_nginx", &["ingress-nginx", "nginx"], &["ingress-nginx", "nginx"]);
        check("promethues", &["prometheus", "grafana"], &["prometheus"]);
        check("prometheus", &["kube-prometheus-stack", "loki"], &["kube-prometheus-stack"]);
        check("web", &["api", "db"], &[]);
        check("web", &["web1", "web2", "web3", "web4"], &["web1", "web2", "web3"]);
        check("", &["", "a"], &[""]);
        check("\u{fc}ber", &["uber"], &["uber"]);
    }
}
