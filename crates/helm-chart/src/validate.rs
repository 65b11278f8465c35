//! What Helm requires of the fields of `Chart.yaml`.

use std::collections::HashSet;

use repository_url::is_printable;
use selection_strategies::Version;

use crate::decode::Lines;
use crate::{Error, Metadata};

impl Metadata {
    /// Checks the fields and normalizes texts, as Helm does where it loads a chart: in the name, the description and other texts, each
    /// white space becomes a space, and characters that cannot be printed are removed.
    ///
    /// # Errors
    ///
    /// If the name, the version or `apiVersion` is missing; the name holds a `/`; the version is not a
    /// [semantic version](https://semver.org) (`1.2` and `v1.2.3` are taken); the type is neither `application` nor `library`; `apiVersion`
    /// is neither `v1` nor `v2`; an alias has other characters than letters, digits, `_` and `-`; two dependencies have one name or alias.
    pub fn validate(&mut self) -> Result<(), Error> {
        validate(self, &Lines::default())
    }
}

pub(crate) fn validate(metadata: &mut Metadata, lines: &Lines) -> Result<(), Error> {
    normalize_texts(metadata);
    let Metadata { name, version, api_version, kind, .. } = &*metadata;
    let on = |field: &str, message: String| Err(Error::new(message).on_line(lines.of(field)));
    match api_version.as_str() {
        "v1" | "v2" => {}
        "" => return on("apiVersion", "the chart has no `apiVersion`".to_owned()),
        other => {
            return on("apiVersion", format!("the apiVersion {other:?} is not known"))
                .map_err(|error| error.with_hint("write `apiVersion: v2`"));
        }
    }
    if name.is_empty() {
        return on("name", "the chart has no `name`".to_owned());
    }
    if matches!(name.as_str(), "." | "..") || name.contains('/') {
        return on("name", format!("{name:?} is not the name of a chart"))
            .map_err(|error| error.with_hint("a name is made of lower case letters, digits and `-`"));
    }
    if version.is_empty() {
        return on("version", "the chart has no `version`".to_owned());
    }
    if Version::parse(version).is_err() {
        return on("version", format!("the version {version:?} is not a semantic version"))
            .map_err(|error| error.with_hint("write a version such as `1.2.3` or `1.2.3-rc.1`"));
    }
    if !matches!(kind.as_str(), "" | "application" | "library") {
        return on("type", format!("the type {kind:?} is neither `application` nor `library`"));
    }
    let mut names = HashSet::new();
    for (at, dependency) in metadata.dependencies.iter().enumerate() {
        let line = |field: &str| lines.of(&format!("dependencies[{at}].{field}"));
        let is_valid = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        if !dependency.alias.chars().all(is_valid) {
            let message = format!("the alias {:?} of {:?} is not valid", dependency.alias, dependency.name);
            return Err(Error::new(message)
                .on_line(line("alias"))
                .with_hint("an alias is made of letters, digits, `_` and `-`"));
        }
        let (field, name) = match dependency.alias.as_str() {
            "" => ("name", dependency.name.as_str()),
            alias => ("alias", alias),
        };
        if !names.insert(name) {
            return Err(Error::new(format!("two dependencies have the name or alias {name:?}"))
                .on_line(line(field))
                .with_hint("give one of them an `alias` of its own"));
        }
    }
    Ok(())
}

fn normalize_texts(metadata: &mut Metadata) {
    let fields = [
        &mut metadata.name,
        &mut metadata.description,
        &mut metadata.home,
        &mut metadata.icon,
        &mut metadata.condition,
        &mut metadata.tags,
        &mut metadata.app_version,
        &mut metadata.kube_version,
    ];
    let lists = metadata.sources.iter_mut().chain(&mut metadata.keywords);
    let maintainers =
        metadata.maintainers.iter_mut().flat_map(|it| [&mut it.name, &mut it.email, &mut it.url]);
    let dependencies = metadata.dependencies.iter_mut().flat_map(|it| {
        let fields = [&mut it.name, &mut it.version, &mut it.repository, &mut it.condition];
        fields.into_iter().chain(&mut it.tags)
    });
    for text in fields.into_iter().chain(lists).chain(maintainers).chain(dependencies) {
        normalize(text);
    }
}

fn normalize(text: &mut String) {
    if text.chars().all(is_printable) {
        return;
    }
    *text = text
        .chars()
        .filter_map(|letter| match letter {
            letter if letter.is_whitespace() => Some(' '),
            letter => is_printable(letter).then_some(letter),
        })
        .collect();
}
