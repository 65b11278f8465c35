//! Who runs the process: users, owners, ports.

use super::stage::{Base, Kind, Step};
use crate::finding::Report;
use crate::rule::dockerfile as rules;

/// What the last `USER` of an image says.
enum User {
    Nobody,
    Root(usize),
    Unprivileged,
    Unknown,
}

/// Checks the instructions of the image, whose base is not a stage, and whose last `FROM` is at `from`.
pub(super) fn check(base: &Base, from: usize, steps: &[&Step], report: &mut Report<'_>) {
    let user = steps.iter().rev().find_map(|step| match &step.kind {
        Kind::User(Some(user)) if is_root(user) => Some(User::Root(step.at)),
        Kind::User(Some(_)) => Some(User::Unprivileged),
        Kind::User(None) => Some(User::Unknown),
        _ => None,
    });
    match user.unwrap_or(User::Nobody) {
        User::Root(at) if !changes_user(steps) => {
            report.add(&rules::USER, at, "the last `USER` is root");
        }
        User::Nobody if !is_left_out(base, steps) => {
            let remedy = match base {
                Base::Image(image) if image.name == "node" => {
                    "add `USER node` after the last instruction that needs root"
                }
                _ => rules::USER.remedy,
            };
            report.add_with_remedy(&rules::USER, from, "no `USER` is set, so the process is root", remedy);
        }
        User::Unprivileged => check_owners(steps, report),
        _ => {}
    }
    check_ports(steps, report);
}

fn is_root(user: &str) -> bool {
    matches!(user.split(':').next().map(str::trim), Some("root" | "0" | ""))
}

fn is_left_out(base: &Base, steps: &[&Step]) -> bool {
    let is_known = match base {
        Base::Unknown => false,
        Base::Image(image) => !image.has_unprivileged_user(),
        // What has no command is a folder of files, for another build or for export.
        Base::Scratch => steps.iter().any(|step| matches!(step.kind, Kind::Start(_))),
        Base::Stage(_) => true,
    };
    !is_known || changes_user(steps)
}

/// Whether a command starts the process as another user.
fn changes_user(steps: &[&Step]) -> bool {
    let tools = ["gosu", "su-exec", "setpriv", "runuser", "chpst", "s6-setuidgid"];
    steps.iter().any(|step| match &step.kind {
        Kind::Run { commands, .. } | Kind::Start(commands) => commands.iter().any(|command| {
            let is_tool = |word: &str| tools.iter().any(|tool| word.rsplit('/').next() == Some(*tool));
            is_tool(command.name()) || command.arguments().any(is_tool)
        }),
        Kind::Copy { sources, .. } => {
            sources.iter().any(|source| tools.iter().any(|tool| source.rsplit('/').next() == Some(*tool)))
        }
        _ => false,
    })
}

fn check_owners(steps: &[&Step], report: &mut Report<'_>) {
    let gives_away = |step: &&Step| {
        matches!(&step.kind, Kind::Run { commands, .. } if commands.iter().any(|command| {
            matches!(command.name(), "chown" | "chmod" | "chgrp" | "install")
        }))
    };
    let last_owner = steps.iter().rposition(gives_away);
    for (index, step) in steps.iter().enumerate() {
        let Kind::Copy { destination: Some(destination), workdir, options, .. } = &step.kind else {
            continue;
        };
        let has_owner = options.iter().any(|option| matches!(option.as_str(), "chown" | "chmod"));
        let is_below = |folder: &str| {
            let folder = folder.trim_end_matches('/');
            let rest = destination.strip_prefix(folder);
            !folder.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let is_working =
            is_below(workdir) && !["/usr", "/etc", "/bin", "/sbin", "/lib"].contains(&workdir.as_str());
        let is_owned_later = last_owner.is_some_and(|last| last > index);
        if !has_owner && is_working && !is_owned_later {
            report.add(&rules::CHOWN, step.at, "the copied files belong to root");
        }
    }
}

fn check_ports(steps: &[&Step], report: &mut Report<'_>) {
    for step in steps {
        let Kind::Expose(ports) = &step.kind else { continue };
        for (at, port) in ports {
            let number = port.as_deref().and_then(|port| port.split(['/', '-']).next()?.parse::<u16>().ok());
            if let Some(number @ ..1024) = number {
                report.add(&rules::PORT, *at, format!("the port {number} is below 1024"));
            }
        }
    }
}
