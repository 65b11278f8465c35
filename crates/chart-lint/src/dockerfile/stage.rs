//! The stages of a Dockerfile, with the facts about instructions that rules use.

use std::collections::HashMap;

use parse_dockerfile::{Command as ParsedCommand, Flag, Instruction, Source, UnescapedString};

use super::heredoc::HereDoc;
use super::image::Image;
use super::shell::{self, Command};
use super::variable::{Assignment, Variables, of_arg, of_env};

/// What a stage is built on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Scratch,
    /// An earlier stage, by its index.
    Stage(usize),
    Image(Image),
    /// A name with a variable that is not known.
    Unknown,
}

pub(super) struct Stage {
    pub(super) base: Base,
    /// Where the name of the base is.
    pub(super) base_at: usize,
    pub(super) steps: Vec<Step>,
}

/// One instruction.
pub(super) struct Step {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Run {
        commands: Vec<Command>,
        /// Where the mounts are that leave nothing in the image.
        mounts: Vec<String>,
    },
    Copy {
        sources: Vec<String>,
        /// Absolute, if the working directory is known.
        destination: Option<String>,
        workdir: String,
        /// The names of the options.
        options: Vec<String>,
    },
    Add {
        sources: Vec<(usize, String)>,
        options: Vec<String>,
    },
    /// Nothing if a variable in it is not known.
    User(Option<String>),
    Expose(Vec<(usize, Option<String>)>),
    Variables {
        at: usize,
        is_env: bool,
        assignments: Vec<Assignment>,
    },
    /// `CMD` or `ENTRYPOINT`.
    Start(Vec<Command>),
    Other,
}

/// Builds stages of instructions.
pub(super) struct Builder<'a> {
    escape: char,
    documents: &'a [HereDoc],
    globals: Variables,
    /// The last stage of each name.
    names: HashMap<String, usize>,
    /// The variables and working directory at the end of each stage before the last.
    ends: Vec<(Variables, String)>,
    variables: Variables,
    workdir: String,
    pub(super) stages: Vec<Stage>,
    /// `ARG` before the first stage.
    pub(super) global_steps: Vec<Step>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(escape: char, documents: &'a [HereDoc]) -> Self {
        Self {
            escape,
            documents,
            globals: Variables::default(),
            names: HashMap::new(),
            ends: Vec::new(),
            variables: Variables::default(),
            workdir: "/".to_owned(),
            stages: Vec::new(),
            global_steps: Vec::new(),
        }
    }

    /// Adds an instruction; `end` is where the next one begins.
    pub(super) fn add(&mut self, instruction: &Instruction<'_>, end: usize) {
        let (at, kind) = match instruction {
            Instruction::From(from) => {
                let base = self.base(&from.image.value);
                if !self.stages.is_empty() {
                    self.ends.push((std::mem::take(&mut self.variables), std::mem::take(&mut self.workdir)));
                }
                (self.variables, self.workdir) = match base {
                    Base::Stage(index) => self.ends.get(index).cloned().unwrap_or_default(),
                    _ => (Variables::default(), "/".to_owned()),
                };
                if let Some((_, name)) = &from.as_ {
                    self.names.insert(name.value.to_lowercase(), self.stages.len());
                }
                self.stages.push(Stage { base, base_at: from.image.span.start, steps: Vec::new() });
                return;
            }
            instruction => self.step(instruction, end),
        };
        match self.stages.last_mut() {
            Some(stage) => stage.steps.push(Step { at, kind }),
            None => self.global_steps.push(Step { at, kind }),
        }
    }

    fn base(&self, name: &str) -> Base {
        let stage = |name: &str| self.names.get(&name.to_lowercase()).copied().map(Base::Stage);
        let resolved = self.globals.resolve(name);
        match resolved {
            Some(name) if name == "scratch" => Base::Scratch,
            Some(name) if !name.is_empty() => {
                stage(&name).unwrap_or_else(|| Base::Image(Image::parse(&name)))
            }
            _ => Base::Unknown,
        }
    }

    fn step(&mut self, instruction: &Instruction<'_>, end: usize) -> (usize, Kind) {
        match instruction {
            Instruction::Arg(arg) => {
                let assignments = of_arg(&arg.arguments.value);
                self.assign(&assignments, false);
                let at = arg.arguments.span.start;
                (arg.arg.span.start, Kind::Variables { at, is_env: false, assignments })
            }
            Instruction::Env(env) => {
                let assignments = of_env(&env.arguments.value);
                self.assign(&assignments, true);
                let at = env.arguments.span.start;
                (env.env.span.start, Kind::Variables { at, is_env: true, assignments })
            }
            Instruction::Run(run) => {
                let mut commands = self.commands(&run.arguments);
                let from = self.documents.partition_point(|document| document.at < run.run.span.start);
                let documents = self.documents.iter().skip(from);
                for document in documents.take_while(|document| document.at < end) {
                    // A document that a command other than a shell reads is not a script.
                    let reader = commands.iter().rfind(|command| command.at <= document.at);
                    if reader.is_none_or(|command| matches!(command.name(), "sh" | "bash" | "ash" | "dash")) {
                        commands.extend(shell::commands(&document.body, document.body_at, '\\'));
                    }
                }
                let mounts = run.options.iter().filter_map(mount).collect();
                (run.run.span.start, Kind::Run { commands, mounts })
            }
            Instruction::Copy(copy) => {
                let kind = Kind::Copy {
                    sources: copy
                        .src
                        .iter()
                        .filter_map(source)
                        .map(|source| source.value.to_string())
                        .collect(),
                    destination: self.path(&copy.dest.value),
                    workdir: self.workdir.clone(),
                    options: names(&copy.options),
                };
                (copy.copy.span.start, kind)
            }
            Instruction::Add(add) => {
                let sources = add.src.iter().filter_map(source);
                let sources = sources.map(|source| (source.span.start, source.value.to_string())).collect();
                (add.add.span.start, Kind::Add { sources, options: names(&add.options) })
            }
            Instruction::User(user) => {
                (user.user.span.start, Kind::User(self.variables.resolve(&user.arguments.value)))
            }
            Instruction::Expose(expose) => {
                let port =
                    |port: &UnescapedString<'_>| (port.span.start, self.variables.resolve(&port.value));
                (expose.expose.span.start, Kind::Expose(expose.arguments.iter().map(port).collect()))
            }
            Instruction::Workdir(workdir) => {
                // A directory that is not known is none of those that anything is told apart by.
                self.workdir = self.path(&workdir.arguments.value).unwrap_or_default();
                (workdir.workdir.span.start, Kind::Other)
            }
            Instruction::Cmd(cmd) => (cmd.cmd.span.start, Kind::Start(self.commands(&cmd.arguments))),
            Instruction::Entrypoint(start) => {
                (start.entrypoint.span.start, Kind::Start(self.commands(&start.arguments)))
            }
            Instruction::Onbuild(onbuild) => {
                // It is for the images that are built on this one. A secret stays in this one, too.
                let before = (self.variables.clone(), self.workdir.clone());
                let (_, kind) = self.step(&onbuild.instruction, end);
                (self.variables, self.workdir) = before;
                let kind = if matches!(kind, Kind::Variables { .. }) { kind } else { Kind::Other };
                (onbuild.onbuild.span.start, kind)
            }
            _ => (end, Kind::Other),
        }
    }

    fn assign(&mut self, assignments: &[Assignment], is_env: bool) {
        let is_global = self.stages.is_empty();
        for Assignment { name, value } in assignments {
            let value = match value {
                Some(value) if is_global => self.globals.resolve(value),
                Some(value) => self.variables.resolve(value),
                None => self.globals.get(name).map(str::to_owned),
            };
            match (is_global, is_env) {
                (true, false) => self.globals.set(name, value),
                _ => self.variables.set(name, value),
            }
        }
    }

    /// A path below the working directory, absolute.
    fn path(&self, path: &str) -> Option<String> {
        let path = self.variables.resolve(path)?;
        match (path.starts_with('/'), self.workdir.as_str()) {
            (true, _) => Some(path),
            (false, "") => None,
            (false, workdir) => {
                let path = path.strip_prefix("./").unwrap_or(&path);
                let path = if path == "." { "" } else { path };
                Some(format!("{}/{path}", workdir.trim_end_matches('/')))
            }
        }
    }

    fn commands(&self, command: &ParsedCommand<'_>) -> Vec<Command> {
        let commands = match command {
            ParsedCommand::Shell(script) => shell::commands(script.value, script.span.start, self.escape),
            ParsedCommand::Exec(words) => {
                let texts = words.value.iter().map(|word| word.value.to_string()).collect();
                vec![Command::of_words(words.span.start, texts)]
            }
            _ => Vec::new(),
        };
        // The script of a shell has no places of its own.
        let inner = |command: &Command| {
            let script = command.script().unwrap_or_default();
            let at = command.at;
            shell::commands(script, 0, '\\').into_iter().map(move |inner| inner.moved(at)).collect::<Vec<_>>()
        };
        let inner = commands.iter().flat_map(inner).collect::<Vec<_>>();
        commands.into_iter().chain(inner).collect()
    }
}

fn source<'i, 'a>(source: &'i Source<'a>) -> Option<&'i UnescapedString<'a>> {
    match source {
        Source::Path(path) => Some(path),
        _ => None,
    }
}

fn names(options: &[Flag<'_>]) -> Vec<String> {
    options.iter().map(|option| option.name.value.to_lowercase()).collect()
}

/// Where `--mount=type=cache,target=PATH` is, and the same for `tmpfs`.
fn mount(option: &Flag<'_>) -> Option<String> {
    let value = option.value.as_ref().filter(|_| option.name.value == "mount")?;
    let field = |names: &[&str]| {
        let mut fields = value.value.split(',').filter_map(|field| field.split_once('='));
        fields.find(|(name, _)| names.contains(name)).map(|(_, value)| value)
    };
    field(&["type"]).filter(|kind| matches!(*kind, "cache" | "tmpfs"))?;
    field(&["target", "dst", "destination"]).map(str::to_owned)
}
