//! Proof that the ways of `git` do the same work: they find the same commits, and Kargo's pattern sends what Kargo's commands send. Nothing is timed.

use std::path::Path;

use benches::commits::measure::Cost;
use benches::commits::subscription::Work;
use benches::commits::{Monorepo, Way};

/// Requests of a poll of a repository that is new, of the same again, and after ten commits.
type Requests = [u64; 3];

#[test]
fn all_ways_find_the_same_at_the_requests_of_their_commands() {
    let program = Path::new(env!("CARGO_BIN_EXE_commits"));
    let mut monorepo = Monorepo::new(300).unwrap();
    // A listing is two requests of Git, a clone three, and a checkout of a partial clone two more. Ours greets the server once.
    let expected: [(Work, [(Way, Requests); 5]); 2] = [
        (
            Work::Path,
            [
                // 101 commits are not enough.
                (Way::Ours, [5, 1, 3]),
                (Way::Kargo, [5, 2, 5]),
                (Way::KargoBlobless, [7, 2, 7]),
                (Way::Clone, [3, 2, 3]),
                (Way::PartialClone, [3, 2, 3]),
            ],
        ),
        (
            Work::Tags,
            [
                // The new tag is one that is subscribed to.
                (Way::Ours, [3, 1, 2]),
                (Way::Kargo, [7, 2, 7]),
                (Way::KargoBlobless, [9, 2, 9]),
                (Way::Clone, [3, 2, 3]),
                (Way::PartialClone, [3, 2, 3]),
            ],
        ),
    ];
    for (work, ways) in expected {
        let folder = tempfile::tempdir().unwrap();
        let mut counted = ways.map(|(way, _)| (way, [0; 3]));
        for run in 0..3 {
            if run == 2 {
                monorepo.advance(10).unwrap();
            }
            let mut found = None;
            for (at, (way, requests)) in counted.iter_mut().enumerate() {
                let kept = folder.path().join(format!("{at}"));
                let cost = Cost::of(&monorepo, *way, work, &kept, program).unwrap();
                requests[run] = cost.requests;
                assert_eq!(cost.found.len(), 1);
                assert!(!cost.found[0].is_empty(), "{work}: {way:?}");
                let first = found.get_or_insert_with(|| cost.found.clone());
                assert_eq!(*first, cost.found, "{work}, run {run}: {way:?}");
            }
        }
        assert_eq!(counted, ways, "{work}");
    }
}
