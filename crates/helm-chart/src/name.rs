//! Which paths of files Helm loads from an archive.

use crate::Error;

/// The longest path, in bytes.
const MAX_LENGTH: usize = 4096;

/// Checks the path of a file within a chart, with `/` and without `.` and `..`: Helm refuses an archive with other ones, or reads another
/// path out of it.
pub(crate) fn check(path: &str) -> Result<(), Error> {
    let drive = matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
    let what = if path.is_empty() || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        "is not a path within the chart"
    } else if path.starts_with("..") {
        "begins with `..`, which Helm takes for the folder above"
    } else if path.contains('\\') {
        "has a `\\`, which Helm takes for a separator"
    } else if drive {
        "begins like a drive of Windows"
    } else if path.contains('\0') {
        "has a NUL"
    } else if path.len() > MAX_LENGTH {
        "is longer than 4096 bytes"
    } else {
        return Ok(());
    };
    Err(Error::new(format!("the name of the file {what}; Helm does not load the package"))
        .at(path)
        .with_hint("rename the file, or name it in `.helmignore`"))
}
