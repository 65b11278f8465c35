//! Whether any version satisfies a group of comparisons: few versions have to be tried.

use super::{Comparator, Group};
use crate::version::Version;

/// The most comparisons of a group for which versions are tried, so that the work is bounded.
const MOST_COMPARATORS: usize = 16;

impl Group {
    /// Whether some version satisfies all comparisons. `true` for a group of more than 16, of which that is not found out.
    ///
    /// Each comparison holds for ranges of versions. The least version that is within all of them starts one of these ranges, so that
    /// it is enough to try where ranges start: at a version that is written, right behind it, and at the next patch, minor or major version.
    pub(super) fn is_satisfiable(&self) -> bool {
        if self.comparators.len() > MOST_COMPARATORS {
            return true;
        }
        let mut cores = vec![(0, 0, 0)];
        let mut prereleases = vec![String::new()];
        if self.names_prerelease {
            prereleases.push("-0".to_owned());
        }
        for Comparator { version, .. } in &self.comparators {
            let (major, minor, patch) = (version.major(), version.minor(), version.patch());
            cores.extend([(major, minor, 0), (major, minor, patch)]);
            cores.extend(patch.checked_add(1).map(|patch| (major, minor, patch)));
            cores.extend(minor.checked_add(1).map(|minor| (major, minor, 0)));
            cores.extend(major.checked_add(1).map(|major| (major, 0, 0)));
            let prerelease = version.prerelease();
            if !prerelease.is_empty() {
                // The next one in the order of versions has one more identifier, of the lowest value.
                prereleases.extend([format!("-{prerelease}"), format!("-{prerelease}.0")]);
            }
        }
        cores.sort_unstable();
        cores.dedup();
        prereleases.sort_unstable();
        prereleases.dedup();
        cores.iter().any(|(major, minor, patch)| {
            prereleases.iter().any(|prerelease| {
                let text = format!("{major}.{minor}.{patch}{prerelease}");
                Version::parse(&text).is_ok_and(|version| {
                    self.comparators.iter().all(|comparator| comparator.matches(version.as_version_ref()))
                })
            })
        })
    }
}
