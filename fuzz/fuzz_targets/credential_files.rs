//! A file of credentials: whatever it is made of, it is read or refused, and every repository has an answer that
//! shows none of them.

#![no_main]

use artifact_credentials::{DockerConfig, KargoSecrets};
use artifact_http::{CredentialRequest, CredentialSource, Tenant};
use artifact_source::SourceKind;
use libfuzzer_sys::fuzz_target;

const REPOSITORIES: [(SourceKind, &str); 4] = [
    (SourceKind::Image, "ghcr.io/a/b"),
    (SourceKind::Image, "nginx"),
    (SourceKind::Chart, "oci://ghcr.io/a/b"),
    (SourceKind::Git, "https://github.com/a/b.git"),
];

fuzz_target!(|bytes: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let ask = |source: &dyn CredentialSource| {
        for (kind, url) in &REPOSITORIES {
            let tenant = Tenant::new("team");
            let request = CredentialRequest::new(kind, url).for_tenant(&tenant);
            let found = runtime.block_on(source.credential(&request));
            let _ = format!("{source:?} {found:?} {:?}", source.hint(&request));
        }
    };
    // A file may name helpers, and none is to be started.
    let nowhere: [&str; 0] = [];
    if let Ok(config) = DockerConfig::from_slice(bytes, "config.json") {
        ask(&config.helper_path(nowhere));
    }
    if let Ok(secrets) = KargoSecrets::from_yaml(&String::from_utf8_lossy(bytes), "secrets.yaml") {
        let _ = secrets.problems();
        ask(&secrets);
    }
});
