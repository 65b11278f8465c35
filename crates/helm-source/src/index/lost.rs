//! What an index no longer lists.

use std::collections::{BTreeMap, HashSet};

use super::table::Index;

/// The largest number of charts or versions that are named.
const MAX_NAMED: usize = 3;

/// The charts and versions that an index listed before and no longer lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    /// The number of charts that are gone, and the names of the first ones.
    pub(crate) charts: Names,
    /// The charts that are still listed, with fewer versions.
    pub(crate) versions: BTreeMap<Box<str>, Names>,
}

/// A number of names, and the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    count: usize,
    first: Vec<Box<str>>,
}

impl Names {
    fn add(&mut self, name: &str) {
        self.count += 1;
        if self.first.len() < MAX_NAMED {
            self.first.push(name.into());
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The first names, and how many more there are.
    pub(crate) fn text(&self) -> String {
        let named = self.first.join(", ");
        match self.count - self.first.len() {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }
}

impl Index {
    /// What this index no longer lists of what `before` listed; `None` if it lists all of it. How often a version is listed does not
    /// matter.
    pub(crate) fn lost_since(&self, before: &Self) -> Option<Lost> {
        let mut lost = Lost::default();
        for (chart, versions) in before.charts() {
            let Some(now) = self.versions(chart) else {
                // A chart without versions was never more than its name.
                if versions.len() > 0 {
                    lost.charts.add(chart);
                }
                continue;
            };
            let mut listed: HashSet<&str> = now.collect();
            let mut gone = Names::default();
            for version in versions {
                if listed.insert(version) {
                    gone.add(version);
                }
            }
            if gone.count > 0 {
                lost.versions.insert(chart.into(), gone);
            }
        }
        (lost.charts.count > 0 || !lost.versions.is_empty()).then_some(lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(charts: &[(&str, &[&str])]) -> Index {
        let mut index = Index::default();
        for (chart, versions) in charts {
            index.open(chart).unwrap();
            for version in *versions {
                index.push(version, crate::EntryDigest::Missing, Default::default()).unwrap();
            }
        }
        index
    }

    #[test]
    fn charts_and_versions() {
        let before = index(&[("web", &["1", "2", "2", "3"]), ("api", &["1"]), ("db", &["1"]), ("none", &[])]);
        assert_eq!(before.lost_since(&before), None);
        let more =
            index(&[("db", &["1"]), ("web", &["4", "3", "2", "1"]), ("api", &["1", "0"]), ("new", &["1"])]);
        assert_eq!(more.lost_since(&before), None);
        let less = index(&[("web", &["4", "5", "6", "1"]), ("api", &[])]);
        let lost = less.lost_since(&before).unwrap();
        assert_eq!((lost.charts.count, lost.charts.text().as_str()), (1, "db"));
        let versions: Vec<_> = lost.versions.iter().map(|(chart, gone)| (&**chart, gone.text())).collect();
        assert_eq!(versions, [("api", "1".to_owned()), ("web", "2, 3".to_owned())]);
        let many = index(&[("web", &["1", "2", "3", "4", "5"])]);
        let lost = index(&[("web", &[])]).lost_since(&many).unwrap();
        assert_eq!(lost.versions["web"].text(), "1, 2, 3 and 2 more");
    }
}
