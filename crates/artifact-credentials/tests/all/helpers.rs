//! Real helper processes: what they answer, and what is made of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use artifact_credentials::DockerConfig;
use artifact_http::{CredentialRequest, CredentialSource};
use artifact_source::{ErrorKind, SourceKind};
use tempfile::TempDir;

use crate::setup::{image, in_full};

/// A folder with helpers in it.
pub(crate) struct Helpers {
    folder: TempDir,
}

impl Helpers {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A helper that runs this script. Each start is a line in the file `starts`.
    pub(crate) fn with(self, name: &str, script: &str) -> Self {
        let (starts, folder) = (self.path("starts"), self.folder.path().to_owned());
        let (starts, folder) = (starts.display(), folder.display());
        self.with_file(name, &format!("#!/bin/sh\necho x >> '{starts}'\ncd '{folder}'\n{script}\n"))
    }

    /// A helper that is this file.
    ///
    /// It is written by another process: while this one had it open, a process that a test beside this one forks would
    /// have it open too, and what is open for writing cannot be started.
    fn with_file(self, name: &str, text: &str) -> Self {
        let path = self.path(&format!("docker-credential-{name}"));
        let mut writer = Command::new("sh")
            .args(["-c", "cat > \"$1\" && chmod +x \"$1\"", "sh"])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut writer.stdin.take().unwrap(), text.as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path(name)).ok()
    }

    /// How many helpers were started.
    pub(crate) fn starts(&self) -> usize {
        self.read("starts").unwrap_or_default().lines().count()
    }

    pub(crate) fn config(&self, text: &str) -> DockerConfig {
        let config = DockerConfig::from_slice(text.as_bytes(), "config.json").unwrap();
        config.helper_path([self.folder()]).helper_deadline(Duration::from_secs(60))
    }
}

/// A script that knows this user.
pub(crate) fn knows(username: &str, secret: &str) -> String {
    format!(r#"cat > server; echo '{{"ServerURL": "", "Username": "{username}", "Secret": "{secret}"}}'"#)
}

const KNOWS_NOTHING: &str = "echo 'credentials not found in native keychain'; exit 1";

#[test]
fn a_helper_is_asked_for_its_host() {
    let helpers = Helpers::new().with("one", &knows("one", "p")).with("all", &knows("all", "p"));
    let config = helpers.config(
        r#"{"credHelpers": {"https://ghcr.io/v2/": "one", "none.example": ""}, "credsStore": "all",
            "auths": {"none.example": {"auth": "ZmlsZTpw"}, "ghcr.io": {"auth": "ZmlsZTpw"}}}"#,
    );
    let found = |url: &str, expected: &str, server: Option<&str>| {
        let _ = std::fs::remove_file(helpers.path("server"));
        assert_eq!(image(&config, url).unwrap(), expected);
        assert_eq!(helpers.read("server").as_deref(), server);
    };
    found("ghcr.io/a", "one:p of docker-credential-one for ghcr.io", Some("ghcr.io"));
    found("localhost:5000/a", "all:p of docker-credential-all for localhost:5000", Some("localhost:5000"));
    let hub = "all:p of docker-credential-all for https://index.docker.io/v1/";
    found("nginx", hub, Some("https://index.docker.io/v1/"));
    // Remembered: another repository of the same registry, and the registry by another of its names.
    found("index.docker.io/a/b", hub, None);
    found("none.example/a", "file:p of config.json", None);
    assert_eq!(helpers.starts(), 3);
}

#[test]
fn docker_hub_has_one_helper_under_all_names() {
    for key in ["docker.io", "index.docker.io", "https://index.docker.io/v1/"] {
        let helpers = Helpers::new().with("hub", &knows("hub", "p"));
        let config = helpers.config(&format!(r#"{{"credHelpers": {{"{key}": "hub"}}}}"#));
        assert!(image(&config, "nginx").unwrap().starts_with("hub:p"), "{key}");
        assert_eq!(image(&config, "ghcr.io/a").unwrap(), "nothing");
    }
}

#[track_caller]
fn check(script: &str, expected: &str) {
    let helpers = Helpers::new().with("it", script);
    let config = helpers.config(r#"{"credHelpers": {"ghcr.io": "it"}}"#);
    let found = image(&config, "ghcr.io/a").unwrap_or_else(|error| in_full(&error));
    assert_eq!(found, expected, "{script}");
    assert_eq!(helpers.starts(), 1);
}

#[test]
fn answers_of_all_kinds() {
    check(&knows("me", "hunter2"), "me:hunter2 of docker-credential-it for ghcr.io");
    check(&knows("<token>", "refresh"), "identity refresh of docker-credential-it for ghcr.io");
    check(r#"echo '{"Username": "me", "Secret": "p"}'"#, "me:p of docker-credential-it for ghcr.io");
    check(r#"echo '{"Username": "me", "Secret": ""}'"#, "nothing");
    check("echo '{}'", "nothing");
    check(KNOWS_NOTHING, "nothing");
    // One that closes its input at once.
    check(
        r#"exec <&-; echo '{"Username": "me", "Secret": "p"}'"#,
        "me:p of docker-credential-it for ghcr.io",
    );
    // One that complains and succeeds, at length.
    let warns = r#"i=0; while [ $i -lt 3000 ]; do echo "a warning of some forty letters or more" >&2; i=$((i+1)); done"#;
    check(&format!("{warns}; {}", knows("me", "p")), "me:p of docker-credential-it for ghcr.io");
}

#[test]
fn failures_name_the_helper_and_say_what_to_do() {
    let hint = "see what `echo ghcr.io | docker-credential-it get` prints";
    let fails =
        |script: &str, message: &str| check(script, &format!("docker-credential-it {message} | {hint}"));
    let wordless = "and wrote nothing";
    let unshown = "what it wrote is not shown";
    fails("exit 3", &format!("failed for ghcr.io (exit status: 3), {wordless}"));
    fails("echo; echo ' ' >&2; exit 3", &format!("failed for ghcr.io (exit status: 3), {wordless}"));
    fails("kill -9 $$", &format!("failed for ghcr.io (signal: 9 (SIGKILL)), {wordless}"));
    // Whatever it says may be a secret, or have one in it.
    let failed = format!("failed for ghcr.io (exit status: 1); {unshown}");
    fails("echo 'no such profile: ci'; exit 1", &failed);
    fails("echo 'is the keychain locked?' >&2; exit 1", &failed);
    fails("echo hello", "gave an answer for ghcr.io that is not a credential");
    fails("echo '[]'", "gave an answer for ghcr.io that is not a credential");
    fails(r#"echo '{"Username": 1, "Secret": "p"}'"#, "gave an answer for ghcr.io that is not a credential");
    fails("exit 0", "gave an answer for ghcr.io that is not a credential");
    fails("exec yes", "answered more than 65536 bytes");
}

#[test]
fn only_the_whole_known_phrase_means_that_it_has_none() {
    for says_so in [
        "credentials not found in native keychain",
        " Credentials not found in native keychain ",
        "credentials not found in native keychain\\n\\n",
    ] {
        check(&format!("printf '{says_so}'; exit 1"), "nothing");
    }
    let hint = "see what `echo ghcr.io | docker-credential-it get` prints";
    let failed = "docker-credential-it failed for ghcr.io (exit status: 1); what it wrote is not shown";
    for other in [
        "cred",
        "credentials",
        "credentials not found",
        "credentials not found in native keychain: it is locked",
        "error: credentials not found in native keychain",
        "no credentials server URL",
    ] {
        check(&format!("echo '{other}'; exit 1"), &format!("{failed} | {hint}"));
    }
    // By the protocol, errors are on standard output.
    check("echo 'credentials not found in native keychain' >&2; exit 1", &format!("{failed} | {hint}"));
}

/// The first line names what is not there.
const NO_INTERPRETER: &str = "#!/nowhere/interpreter\n";
const LACKS_INTERPRETER: &str = "docker-credential-broken could not be started: it is there, but not the program that runs it | \
    see which interpreter its first line names, `head -n 1 \"$(command -v docker-credential-broken)\"`, or whether it was built for \
    another system";

#[test]
fn a_helper_without_its_interpreter() {
    let helpers = Helpers::new().with_file("broken", NO_INTERPRETER);
    for text in [r#"{"credsStore": "broken"}"#, r#"{"credHelpers": {"ghcr.io": "broken"}}"#] {
        let error = image(&helpers.config(text), "ghcr.io/a").unwrap_err();
        assert_eq!(in_full(&error), LACKS_INTERPRETER);
    }
}

#[test]
#[ignore = "a part of the next test, in a process with another PATH"]
fn in_the_path() {
    for name in ["it", "broken", "absent"] {
        let text = format!(r#"{{"credHelpers": {{"ghcr.io": "{name}"}}}}"#);
        let config = DockerConfig::from_slice(text.as_bytes(), "config.json").unwrap();
        let found = image(&config, "ghcr.io/a").unwrap_or_else(|error| in_full(&error));
        println!("\nFOUND {found}");
    }
}

#[test]
fn helpers_are_found_in_the_path() {
    let helpers = Helpers::new().with("it", &knows("me", "p")).with_file("broken", NO_INTERPRETER);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(helpers.folder().into()).chain(std::env::split_paths(&path)));
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "helpers::in_the_path", "--ignored", "--nocapture"]).env("PATH", path.unwrap());
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let found: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("FOUND ")).collect();
    let absent = "docker-credential-absent, which config.json names in `credHelpers`, was not found | \
        install docker-credential-absent, or remove it from config.json";
    assert_eq!(found, ["me:p of docker-credential-it for ghcr.io", LACKS_INTERPRETER, absent], "{said}");
}

#[test]
fn a_helper_that_is_not_there() {
    let helpers = Helpers::new();
    let look_up = |text: &str, expected: &str, hint: Option<&str>| {
        let config = helpers.config(text);
        let found = image(&config, "ghcr.io/a").unwrap_or_else(|error| in_full(&error));
        assert_eq!(found, expected, "{text}");
        if let Some(hint) = hint {
            assert_eq!(
                config.hint(&CredentialRequest::new(&SourceKind::Image, "ghcr.io/a")).as_deref(),
                Some(hint)
            );
        }
    };
    let lacks = |named: &str| {
        format!(
            "docker-credential-it, which config.json names in `{named}`, was not found | \
             install docker-credential-it, or remove it from config.json"
        )
    };
    look_up(r#"{"credHelpers": {"ghcr.io": "it"}}"#, &lacks("credHelpers"), None);
    // Docker's marker says that the credential is there.
    look_up(r#"{"credsStore": "it", "auths": {"ghcr.io": {}}}"#, &lacks("credsStore"), None);
    // Nobody says so: the repository may well be public.
    let hint = "docker-credential-it, which config.json names in `credsStore`, was not found";
    look_up(r#"{"credsStore": "it", "auths": {"quay.io": {}}}"#, "nothing", Some(hint));
    let text = r#"{"credsStore": "it", "auths": {"ghcr.io": {"auth": "bWU6cA=="}}}"#;
    look_up(text, "me:p of config.json", None);
}

#[test]
fn a_helper_that_cannot_be_started() {
    let helpers = Helpers::new();
    std::fs::write(helpers.path("docker-credential-it"), "#!/bin/sh\n").unwrap();
    let config = helpers.config(r#"{"credsStore": "it"}"#);
    let error = image(&config, "ghcr.io/a").unwrap_err();
    assert!(
        error.to_string().starts_with("docker-credential-it could not be started: Permission denied"),
        "{error}"
    );
}

#[test]
fn a_helper_that_has_nothing_leaves_it_to_the_file() {
    let helpers = Helpers::new().with("it", KNOWS_NOTHING);
    let config = helpers.config(r#"{"credsStore": "it", "auths": {"ghcr.io": {"auth": "bWU6cA=="}}}"#);
    assert_eq!(image(&config, "ghcr.io/a").unwrap(), "me:p of config.json");
    assert_eq!(image(&config, "quay.io/a").unwrap(), "nothing");
    let hint = config.hint(&CredentialRequest::new(&SourceKind::Image, "quay.io/a"));
    assert_eq!(hint.as_deref(), Some("docker-credential-it has nothing for quay.io"));
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    let outside = Helpers::new().with("it", &knows("me", "p"));
    let helpers = Helpers::new();
    let traversal = format!("../{}/docker-credential-it", outside.folder().file_name().unwrap().display());
    for name in [
        &*traversal,
        "..",
        "../it",
        "a/b",
        "/bin/sh",
        "it ",
        "it;true",
        "a\\b",
        "x\u{0}y",
        ".hidden",
        &"x".repeat(200),
    ] {
        let text = serde_json::json!({"credHelpers": {"ghcr.io": name}, "credsStore": name}).to_string();
        let config = helpers.config(&text);
        for url in ["ghcr.io/a", "quay.io/a"] {
            let error = image(&config, url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let message = format!("config.json names a credential helper that is not a plain name: {name:?}");
            assert_eq!(error.to_string(), message);
        }
    }
    assert_eq!(outside.starts() + helpers.starts(), 0);
}

#[test]
fn the_search_path_is_the_systems_unless_another_is_named() {
    // Nothing of this name is installed, and the folder of the test is in nobody's PATH.
    let helpers = Helpers::new().with("artifact-credentials-test", &knows("me", "p"));
    let text = r#"{"credHelpers": {"ghcr.io": "artifact-credentials-test"}}"#;
    let elsewhere = DockerConfig::from_slice(text.as_bytes(), "config.json").unwrap();
    assert!(image(&elsewhere, "ghcr.io/a").unwrap_err().to_string().contains("was not found"));
    assert!(image(&helpers.config(text), "ghcr.io/a").is_ok());
    assert!(image(&helpers.config(text).helper_path(Vec::<PathBuf>::new()), "ghcr.io/a").is_err());
}
