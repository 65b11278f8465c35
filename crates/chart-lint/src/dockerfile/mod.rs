//! Dockerfiles.

mod content;
mod heredoc;
mod image;
mod package;
mod shell;
mod stage;
mod user;
mod variable;

use parse_dockerfile::{Instruction, parse_iter};

use self::stage::{Base, Builder, Stage, Step};
use crate::finding::{Finding, Report, START, finding, sort};
use crate::options::Options;
use crate::rule::dockerfile as rules;
use crate::waiver::Waivers;

/// The largest Dockerfile that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// How many instructions a Dockerfile may have.
const MAX_INSTRUCTIONS: usize = 5_000;

/// The findings of a Dockerfile, by their places.
///
/// `name` is the path of the file, as findings show it. Bad input is a finding: what cannot be parsed, up to where, a file
/// larger than 1 MiB, and one of more than 5,000 instructions.
///
/// Rules about the image look at the last stage and the stages it is built on. Variables are known by their defaults; what depends on
/// others is not judged. Here-documents count as scripts where a shell reads them.
///
/// ```
/// use chart_lint::{Options, lint_dockerfile};
///
/// let text = "ARG VERSION=latest\nFROM debian:${VERSION}\nUSER 1000\n";
/// let findings = lint_dockerfile("images/web/Dockerfile", text, &Options::default());
/// assert_eq!(
///     format!("{:#}", findings[0]),
///     "images/web/Dockerfile:2:6: warning: the base image `debian` has no tag of a version [base-image-latest]"
/// );
/// ```
pub fn lint_dockerfile(name: &str, text: &str, _options: &Options) -> Vec<Finding> {
    if text.len() > MAX_BYTES {
        let reason = format!("the file is larger than {} MiB", MAX_BYTES >> 20);
        return vec![finding(&rules::INVALID, name, START, reason)];
    }
    // A byte order mark is not part of the text, and does not count in columns.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut report = Report::new(name, text);
    let escape = heredoc::escape(text);
    let (instructions_text, documents) = match heredoc::take_out(text, escape) {
        Ok(parts) => parts,
        Err(open) => {
            let reason = format!("the here-document has no last line `{}`", open.delimiter);
            report.add(&rules::INVALID, open.at, reason);
            return report.findings;
        }
    };
    let mut instructions = Vec::new();
    match parse_iter(&instructions_text) {
        Ok(parsed) => {
            for instruction in parsed {
                if instructions.len() == MAX_INSTRUCTIONS {
                    let reason = format!("the file has more than {MAX_INSTRUCTIONS} instructions");
                    report.add(&rules::INVALID, 0, reason);
                    break;
                }
                match instruction {
                    Ok(instruction) => instructions.push(instruction),
                    Err(error) => invalid(&instructions_text, &error, &mut report),
                }
            }
        }
        Err(error) => invalid(&instructions_text, &error, &mut report),
    }
    let starts = instructions.iter().map(start).collect::<Vec<_>>();
    let mut builder = Builder::new(escape, &documents);
    for (index, instruction) in instructions.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(text.len());
        builder.add(instruction, end);
    }
    // Rules about the end of a file make no sense for one that ends early.
    let is_whole = report.findings.is_empty();
    check(&builder.global_steps, &builder.stages, is_whole, &mut report);

    let lines = starts.iter().map(|start| report.place(*start).0).collect::<Vec<_>>();
    let covers = |_: &[&str], line: usize| {
        let next = lines.partition_point(|start| *start <= line);
        let first = next.checked_sub(1).and_then(|index| lines.get(index)).copied().unwrap_or(line);
        let last = lines.get(next).map_or(usize::MAX, |next| next.saturating_sub(1));
        first..=last
    };
    let findings = std::mem::take(&mut report.findings);
    let mut findings = Waivers::read(name, &instructions_text, false, covers).apply(name, findings);
    sort(&mut findings);
    findings
}

/// An error of the parser, whose columns are bytes, without any text of the file but a word of letters: another may be a secret.
fn invalid(text: &str, error: &parse_dockerfile::Error, report: &mut Report<'_>) {
    let before = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let at = (before + error.column().saturating_sub(1)).min(text.len());
    let message = format!("{error:#}");
    let reason = if message.starts_with("unknown instruction") {
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(rest.len());
        format!("there is no instruction `{}`", rest.get(..end.min(20)).unwrap_or_default())
    } else {
        message.chars().take(120).collect()
    };
    report.add(&rules::INVALID, at, reason);
}

fn check(globals: &[Step], stages: &[Stage], is_whole: bool, report: &mut Report<'_>) {
    for step in globals.iter().chain(stages.iter().flat_map(|stage| &stage.steps)) {
        content::check(step, report);
    }
    for stage in stages {
        if let Base::Image(image) = &stage.base
            && image.is_latest()
        {
            let reason = format!("the base image `{}` has no tag of a version", image.name);
            report.add(&rules::LATEST, stage.base_at, reason);
        }
    }
    let (Some(last), true) = (stages.last(), is_whole) else { return };
    let chain = chain(stages);
    let bottom = chain.first().copied().unwrap_or(last);
    if let Base::Image(image) = &bottom.base
        && image.has_slim_variant()
    {
        let reason = format!("the image is built on `{}`, of which there is a slim variant", image.name);
        report.add(&rules::SLIM, bottom.base_at, reason);
    }
    let steps = chain.iter().flat_map(|stage| &stage.steps).collect::<Vec<_>>();
    package::check(&steps, report);
    user::check(&bottom.base, last.base_at, &steps, report);
}

/// The last stage and the stages that it is built on, from the lowest.
fn chain(stages: &[Stage]) -> Vec<&Stage> {
    let mut chain = Vec::new();
    let mut next = stages.len().checked_sub(1);
    while let Some(stage) = next.and_then(|index| stages.get(index)) {
        chain.push(stage);
        // A base is an earlier stage, so this ends.
        next = match stage.base {
            Base::Stage(index) => Some(index),
            _ => None,
        };
    }
    chain.reverse();
    chain
}

/// Where an instruction begins.
fn start(instruction: &Instruction<'_>) -> usize {
    let keyword = match instruction {
        Instruction::Add(it) => &it.add,
        Instruction::Arg(it) => &it.arg,
        Instruction::Cmd(it) => &it.cmd,
        Instruction::Copy(it) => &it.copy,
        Instruction::Entrypoint(it) => &it.entrypoint,
        Instruction::Env(it) => &it.env,
        Instruction::Expose(it) => &it.expose,
        Instruction::From(it) => &it.from,
        Instruction::Healthcheck(it) => &it.healthcheck,
        Instruction::Label(it) => &it.label,
        Instruction::Maintainer(it) => &it.maintainer,
        Instruction::Onbuild(it) => &it.onbuild,
        Instruction::Run(it) => &it.run,
        Instruction::Shell(it) => &it.shell,
        Instruction::Stopsignal(it) => &it.stopsignal,
        Instruction::User(it) => &it.user,
        Instruction::Volume(it) => &it.volume,
        Instruction::Workdir(it) => &it.workdir,
        _ => return 0,
    };
    keyword.span.start
}
