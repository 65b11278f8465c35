//! The size of a result. It becomes the status of an object, and etcd refuses an object of 1.5 MB; so an author of commits or of annotations must not be able
//! to make it that large.

use artifact_source::{AnyArtifact, Error, ErrorKind, Warning};

use crate::{Freshness, SubscriptionReport};

/// Cuts the lists of artifacts, so that all together have at most this size. Each subscription keeps its best one, and then they take turns
/// with one more. What is cut is a warning; a subscription whose best one does not fit fails.
pub(crate) fn limit(subscriptions: &mut [SubscriptionReport], most: usize) {
    let sizes: Vec<Vec<usize>> =
        subscriptions.iter().map(|report| report.artifacts.iter().map(size).collect()).collect();
    if sizes.iter().flatten().sum::<usize>() <= most {
        return;
    }
    let mut room = most;
    let mut kept = vec![0_usize; sizes.len()];
    // The smallest of the best ones first, so that one that is large takes no place from many that are small.
    let mut first: Vec<usize> =
        (0..sizes.len()).filter(|&at| sizes.get(at).is_some_and(|of| !of.is_empty())).collect();
    first.sort_by_key(|&at| sizes.get(at).and_then(|of| of.first()).copied());
    let mut open = Vec::new();
    for at in first {
        let size = sizes.get(at).and_then(|of| of.first()).copied().unwrap_or_default();
        if let (Some(rest), Some(kept)) = (room.checked_sub(size), kept.get_mut(at)) {
            (room, *kept) = (rest, 1);
            open.push(at);
        }
    }
    open.sort_unstable();
    while !open.is_empty() {
        open.retain(|&at| {
            let Some(kept) = kept.get_mut(at) else { return false };
            let next = sizes.get(at).and_then(|of| of.get(*kept)).copied();
            match next.and_then(|size| room.checked_sub(size)) {
                Some(rest) => {
                    (room, *kept) = (rest, *kept + 1);
                    true
                }
                None => false,
            }
        });
    }
    for (report, kept) in subscriptions.iter_mut().zip(kept) {
        cut(report, kept, most);
    }
}

fn cut(report: &mut SubscriptionReport, kept: usize, most: usize) {
    let found = report.artifacts.len();
    if kept == found {
        return;
    }
    report.artifacts.truncate(kept);
    // What is not all of the answer is not what the next run may find unchanged.
    report.observation = None;
    let hint = "annotations and the names of authors take most of it: shorten them, or lower `discoveryLimit`; the bound is \
                `DiscovererBuilder::max_result_bytes`";
    if kept == 0 {
        let message = format!("the best artifact is too large for a result, which has at most {most} bytes");
        report.error = Some(Error::new(ErrorKind::TooLarge, message).with_id(&report.id).with_hint(hint));
        report.freshness = Freshness::Stale;
        return;
    }
    let message =
        format!("only the first {kept} of {found} artifacts are kept, as a result has at most {most} bytes");
    report.warnings.push(Warning::new(message).with_hint(hint));
}

/// The size of an artifact in bytes of JSON, about that in a status.
fn size(artifact: &AnyArtifact) -> usize {
    serde_json::to_vec(artifact).map_or(0, |json| json.len())
}

#[cfg(test)]
mod tests {
    use artifact_source::Image;
    use warehouse_spec::{ImageSubscription, Subscription};

    use super::*;

    /// A report of images with this many bytes of annotations each.
    fn report(index: usize, bytes: &[usize]) -> SubscriptionReport {
        let subscription = Subscription::new(ImageSubscription::new("ghcr.io/example/app"));
        let images = bytes.iter().map(|bytes| {
            let mut image = Image::new("1.0.0", "sha256:x");
            image.annotations.insert("a".to_owned(), "x".repeat(*bytes));
            AnyArtifact::from(image)
        });
        SubscriptionReport::new(index, &subscription).with_artifacts(images)
    }

    #[track_caller]
    fn check(bytes: &[&[usize]], most: usize, expected: &[usize]) {
        let mut reports: Vec<_> = bytes.iter().enumerate().map(|(at, bytes)| report(at, bytes)).collect();
        limit(&mut reports, most);
        let kept: Vec<usize> = reports.iter().map(|report| report.artifacts.len()).collect();
        assert_eq!(kept, expected, "{bytes:?}");
        for (report, bytes) in reports.iter().zip(bytes) {
            let is_cut = report.artifacts.len() < bytes.len();
            let fails = is_cut && report.artifacts.is_empty();
            assert_eq!(report.error.as_ref().map(Error::kind), fails.then_some(ErrorKind::TooLarge));
            assert_eq!(report.warnings.len(), usize::from(is_cut && !fails));
        }
        assert!(reports.iter().flat_map(|report| &report.artifacts).map(size).sum::<usize>() <= most);
    }

    #[test]
    fn lists_are_cut_from_their_ends_in_turn() {
        check(&[&[10, 10], &[10]], 1000, &[2, 1]);
        // Each image takes 68 bytes besides.
        check(&[&[100; 9], &[100; 3]], 1000, &[3, 2]);
        check(&[&[100; 9], &[100; 1]], 1000, &[4, 1]);
        check(&[&[2000, 10], &[10, 10]], 1000, &[0, 2]);
        check(&[&[10, 2000, 10], &[10; 3]], 1000, &[1, 3]);
        check(&[&[], &[2000]], 1000, &[0, 0]);
        check(&[&[800, 10], &[10, 10]], 1000, &[1, 1]);
    }
}
