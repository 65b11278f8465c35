//! Where a credential could slip into a name.

use repository_url::names_secret;

/// Whether a remote of rclone is a connection string (`:s3,secret_access_key=...:bucket`) with a credential in it. Arguments of a process
/// can be read by every user of the machine.
pub(super) fn in_connection_string(remote: &str) -> bool {
    let parameters = remote.strip_prefix(':').unwrap_or(remote);
    let is_secret = |parameter: &str| {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let key = key.trim().to_ascii_lowercase();
        !value.is_empty()
            && (names_secret(&key)
                || ["pass", "key", "token", "secret", "credential", "auth", "sas"]
                    .iter()
                    .any(|part| key.contains(part)))
    };
    parameters.split(',').skip(1).any(is_secret)
        || parameters.split_once("://").is_some_and(|(_, rest)| rest.contains('@'))
}
