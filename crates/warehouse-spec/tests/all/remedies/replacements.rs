//! Every replacement makes the diagnostic that offers it go away, and adds no error.

use warehouse_spec::{Diagnostic, Manifest, Options, Replacement, parse};

/// Makes every edit that a manifest's diagnostics offer, each on its own, and gives their number.
#[track_caller]
pub(crate) fn each_works(text: &str, manifest: &Manifest) -> usize {
    let offered = manifest.diagnostics.iter().filter_map(|found| Some((found, found.replacement.as_ref()?)));
    offered.map(|(found, replacement)| works(text, manifest, found, replacement)).count()
}

#[track_caller]
fn works(text: &str, manifest: &Manifest, found: &Diagnostic, replacement: &Replacement) {
    let edited = Replacement::apply_all(text, [replacement]);
    let after = parse("kargo.yaml", &edited, &Options::default());
    let same = |other: &&Diagnostic| {
        (other.code, &other.path, &other.message) == (found.code, &found.path, &found.message)
    };
    let times = |manifest: &Manifest| manifest.diagnostics.iter().filter(same).count();
    assert!(times(&after) < times(manifest), "{found}: {replacement:?}\n{edited}");
    let (errors_before, errors_after) = (manifest.errors().count(), after.errors().count());
    assert!(errors_after <= errors_before, "{found}: {replacement:?}\n{edited}\n{:?}", after.diagnostics);
}
