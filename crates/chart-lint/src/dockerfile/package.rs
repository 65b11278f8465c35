//! Packages: apt, yarn, and what builds.

use super::shell::Command;
use super::stage::{Kind, Step};
use crate::finding::Report;
use crate::rule::dockerfile as rules;

/// Checks the instructions of the image: those of the last stage and of the stages that it is built on.
pub(super) fn check(steps: &[&Step], report: &mut Report<'_>) {
    let runs = || {
        steps.iter().filter_map(|step| match &step.kind {
            Kind::Run { commands, mounts } => Some((step, commands.as_slice(), mounts.as_slice())),
            _ => None,
        })
    };
    let speaks_of = |word: &str| runs().any(|(_, commands, _)| commands.iter().any(|it| mentions(it, word)));
    let recommends_off = speaks_of("Install-Recommends");
    let is_berry = copies(steps, ".yarn") || copies(steps, ".yarnrc.yml") || speaks_of("--immutable");
    for (step, commands, mounts) in runs() {
        check_apt(step, commands, mounts, recommends_off, report);
        if !is_berry {
            check_yarn(commands, mounts, report);
        }
        check_build(commands, report);
    }
}

fn mentions(command: &Command, text: &str) -> bool {
    command.name().contains(text) || command.arguments().any(|word| word.contains(text))
}

fn copies(steps: &[&Step], name: &str) -> bool {
    steps.iter().any(|step| {
        matches!(&step.kind, Kind::Copy { sources, .. } if sources.iter().any(|source| {
            source.trim_end_matches('/').rsplit('/').next() == Some(name)
        }))
    })
}

fn is_apt(command: &Command, verb: &str) -> bool {
    matches!(command.name(), "apt-get" | "apt") && command.arguments().any(|word| word == verb)
}

fn check_apt(
    step: &Step,
    commands: &[Command],
    mounts: &[String],
    recommends_off: bool,
    report: &mut Report<'_>,
) {
    for command in commands.iter().filter(|command| is_apt(command, "install")) {
        let says_so = command.arguments().any(|word| word == "--no-install-recommends");
        if !says_so && !recommends_off {
            let reason = format!("`{} install` brings recommended packages", command.name());
            report.add(&rules::RECOMMENDS, command.at, reason);
        }
    }
    let Some(update) = commands.iter().find(|command| is_apt(command, "update")) else { return };
    let removes = |command: &Command| {
        let cleans = is_apt(command, "dist-clean") || is_apt(command, "distclean");
        cleans || matches!(command.name(), "rm" | "find") && mentions(command, "/var/lib/apt")
    };
    let outside = mounts.iter().any(|target| "/var/lib/apt/lists".starts_with(target.trim_end_matches('/')));
    if !outside && !commands.iter().any(removes) {
        let at = update.at.max(step.at);
        report.add(&rules::LISTS, at, "the lists of packages stay in the image");
    }
}

fn check_yarn(commands: &[Command], mounts: &[String], report: &mut Report<'_>) {
    let is_yarn = |command: &Command| matches!(command.name(), "yarn" | "yarnpkg");
    let installs = |command: &&Command| {
        let asks = command.arguments().any(|word| matches!(word, "--version" | "-v" | "--help" | "-h"));
        is_yarn(command) && matches!(command.verb(), "" | "install" | "add" | "global") && !asks
    };
    let cleans = |command: &Command| {
        let removes = command.name() == "rm" && (mentions(command, "cache") || mentions(command, ".yarn"));
        removes || is_yarn(command) && command.verb() == "cache" && mentions(command, "clean")
    };
    let Some(install) = commands.iter().find(installs) else { return };
    if mounts.is_empty() && !commands.iter().any(cleans) {
        report.add(&rules::YARN, install.at, "the cache of `yarn` stays in the image");
    }
}

/// Packages that bring a compiler.
const COMPILERS: [&str; 9] =
    ["build-essential", "build-base", "gcc", "g++", "clang", "make", "cmake", "golang", "cargo"];

fn check_build(commands: &[Command], report: &mut Report<'_>) {
    let removes = |command: &Command| {
        let verbs = ["purge", "remove", "autoremove", "del"];
        matches!(command.name(), "apt-get" | "apt" | "apk")
            && command.arguments().any(|word| verbs.contains(&word))
    };
    if commands.iter().any(removes) {
        return;
    }
    for command in commands {
        let words = || command.arguments();
        let reason = match command.name() {
            "apt-get" | "apt" | "apk" if words().any(|word| matches!(word, "install" | "add")) => {
                let package = |word: &&str| {
                    let name = word.split(['=', '~', '<', '>']).next().unwrap_or_default();
                    COMPILERS.contains(&name)
                };
                words().find(package).map(|package| format!("the package `{package}` is for builds"))
            }
            "cargo" | "go" if matches!(command.verb(), "build" | "install") => {
                Some(format!("`{} {}` builds in the last stage", command.name(), command.verb()))
            }
            "npm" | "pnpm" | "yarn"
                if words().filter(|word| !word.starts_with('-')).take(2).any(is_build) =>
            {
                Some(format!("`{}` builds in the last stage", command.name()))
            }
            "make" | "mvn" | "mvnw" | "gradle" | "gradlew" => {
                Some(format!("`{}` builds in the last stage", command.name()))
            }
            _ => None,
        };
        if let Some(reason) = reason {
            // One finding for each instruction.
            return report.add(&rules::SINGLE_STAGE, command.at, reason);
        }
    }
}

/// `build`, and scripts such as `build:prod`.
fn is_build(word: &str) -> bool {
    word == "build" || word.starts_with("build:")
}
