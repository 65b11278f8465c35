//! The version of the command, with the commit that it is built from.

use std::path::Path;
use std::process::Command;

fn main() {
    let version = env!("CARGO_PKG_VERSION");
    let text = match commit() {
        Some(commit) => format!("{version} ({commit})"),
        None => version.to_owned(),
    };
    println!("cargo:rustc-env=WAREHOUSE_VERSION={text}");
    println!("cargo:rerun-if-changed=build.rs");
}

/// The commit of the checkout, or the one that Cargo noted when it packed the crate.
fn commit() -> Option<String> {
    let packed = Path::new(".cargo_vcs_info.json");
    if packed.exists() {
        println!("cargo:rerun-if-changed=.cargo_vcs_info.json");
        let text = std::fs::read_to_string(packed).ok()?;
        let (_, rest) = text.split_once("\"sha1\"")?;
        return shortened(rest.split('"').nth(1)?);
    }
    // In the repository of another project, this file is not at this place, or not known.
    let place = git(&["ls-files", "--full-name", "build.rs"])?;
    if place != "crates/warehouse-cli/build.rs" {
        return None;
    }
    for name in ["HEAD", "logs/HEAD"] {
        println!("cargo:rerun-if-changed={}", git(&["rev-parse", "--git-path", name])?);
    }
    shortened(&git(&["rev-parse", "HEAD"])?)
}

fn shortened(id: &str) -> Option<String> {
    let id = id.get(..12)?;
    id.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| id.to_owned())
}

/// What `git` prints; none where there is no `git`, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
