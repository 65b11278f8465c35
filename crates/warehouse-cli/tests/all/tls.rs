//! Certificates, as the command is told about them.

use std::fs;

use crate::support::{Ran, warehouse};
use warehouse_testkit::{Authority, Registry};

/// A registry over TLS under a certificate for these names, and what `discover` says of two subscriptions to it, of which
/// the second one asks for no check.
struct World {
    registry: Registry,
    authority: Authority,
    folder: tempfile::TempDir,
}

impl World {
    fn start(name: &str) -> Self {
        let authority = Authority::new().unwrap();
        let registry = Registry::builder().tls(authority.certificate([name]).unwrap()).start().unwrap();
        registry.image("shop/checked").tag("1.0.0").push();
        registry.image("shop/unchecked").tag("1.0.0").push();
        Self { registry, authority, folder: tempfile::tempdir().unwrap() }
    }

    fn discover(&self, with_authority: bool) -> Ran {
        let host = self.registry.host();
        let manifest = format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec:\n  subscriptions:\n  \
             - image: {{repoURL: {host}/shop/checked}}\n  - image: {{repoURL: {host}/shop/unchecked, insecureSkipTLSVerify: true}}\n"
        );
        let file = self.folder.path().join("authority.pem");
        fs::write(&file, self.authority.pem()).unwrap();
        let mut arguments = vec!["discover", "--no-cache", "-o", "name", "--https", &host, "-f", "-"];
        if with_authority {
            arguments.extend(["--ca-file", file.to_str().unwrap()]);
        }
        let mut ran = warehouse(&arguments, &manifest);
        ran.out = ran.out.lines().map(|line| format!("{}\n", line.split('@').next().unwrap())).collect();
        ran.out = ran.out.replace(&host, "HOST");
        ran
    }
}

#[test]
fn an_authority_from_a_file_is_trusted() {
    let ran = World::start("127.0.0.1").discover(true);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "HOST/shop/checked:1.0.0\nHOST/shop/unchecked:1.0.0\n"),
        "{}",
        ran.err
    );
}

#[test]
fn only_the_subscription_that_sets_it_skips_the_check() {
    let ran = World::start("127.0.0.1").discover(false);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "HOST/shop/unchecked:1.0.0\n"), "{}", ran.err);
    assert!(ran.err.contains("was issued by an authority that is not trusted"), "{}", ran.err);
}

#[test]
fn a_certificate_for_another_name_is_told_apart() {
    let ran = World::start("registry.example.com").discover(true);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "HOST/shop/unchecked:1.0.0\n"), "{}", ran.err);
    assert!(ran.err.contains("registry.example.com"), "{}", ran.err);
}

#[test]
fn a_file_without_a_certificate_is_wrong_usage() {
    let world = World::start("127.0.0.1");
    let file = world.folder.path().join("none.pem");
    fs::write(&file, "-----BEGIN CERTIFICATE-----\nSECRET\n-----END CERTIFICATE-----\n").unwrap();
    let file = file.to_str().unwrap();
    for (file, words) in [
        (file, "none.pem: a root certificate cannot be used"),
        ("/dev/null", "/dev/null holds no certificate in PEM form"),
        ("/nowhere/at-all.pem", "could not be read"),
    ] {
        let ran = warehouse(
            &["discover", "--no-cache", "--ca-file", file, "-f", "-"],
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: a}\nspec: {subscriptions: [{image: {repoURL: nginx}}]}\n",
        );
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
        assert!(ran.err.contains(words) && !ran.err.contains("SECRET"), "{}", ran.err);
    }
}

#[test]
fn facts_read_without_a_check_are_not_used_with_one() {
    let world = World::start("127.0.0.1");
    let host = world.registry.host();
    let authority = world.folder.path().join("authority.pem");
    fs::write(&authority, world.authority.pem()).unwrap();
    let cache = world.folder.path().join("cache");
    let arguments =
        ["discover", "-q", "--https", &host, "--ca-file", authority.to_str().unwrap(), "--cache-dir"];
    let run = |skip: bool| {
        let manifest = format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec:\n  subscriptions:\n  \
             - image: {{repoURL: {host}/shop/checked, cacheByTag: true, insecureSkipTLSVerify: {skip}}}\n"
        );
        world.registry.log().clear();
        let ran = warehouse(&[&arguments[..], &[cache.to_str().unwrap(), "-f", "-"]].concat(), &manifest);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        world.registry.log().counters().requests
    };
    assert_eq!([run(true), run(true)], [2, 1]);
    assert_eq!([run(false), run(false)], [2, 1], "as if nothing had been read before");
}
