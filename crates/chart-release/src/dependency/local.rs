//! Paths of `file://`.

use helm_chart::Error;

/// The folder that `file://PATH` names from the folder of a chart, both relative to the root.
pub(super) fn folder(chart: &str, repository: &str) -> Result<String, Error> {
    let path = repository.strip_prefix("file://").unwrap_or(repository);
    if path.starts_with('/') {
        return Err(Error::new(format!("the repository {repository:?} is an absolute path"))
            .with_hint("write the path from the folder of the chart, such as `file://../common`"));
    }
    let mut parts: Vec<&str> = parts(chart).collect();
    for part in self::parts(path) {
        match part {
            ".." => {
                parts.pop().ok_or_else(|| {
                    Error::new(format!("the repository {repository:?} leads out of the folder of all charts"))
                        .with_hint("take a folder as the root in which both charts are, such as that of the Git repository: --root DIR")
                })?;
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// The parts of a path that name something.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !matches!(*part, "" | "."))
}

#[cfg(test)]
mod tests {
    use super::folder;

    #[test]
    fn folders() {
        for (chart, repository, expected) in [
            ("charts/web", "file://../common", Some("charts/common")),
            ("charts/web/", "file://../common/", Some("charts/common")),
            ("./charts/web", "file://./../../common", Some("common")),
            ("charts/web", "file://charts/inner", Some("charts/web/charts/inner")),
            ("", "file://common", Some("common")),
            (".", "file://.", Some("")),
            ("charts/web", "file://../../../common", None),
            ("", "file://../common", None),
            ("charts/web", "file:///common", None),
        ] {
            assert_eq!(folder(chart, repository).ok().as_deref(), expected, "{chart:?} {repository:?}");
        }
    }
}
