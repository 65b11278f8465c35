//! The forms of `auths`.

use artifact_credentials::{DockerConfig, StandardPaths};
use artifact_http::{CredentialRequest, CredentialSource, Identity};
use artifact_source::{ErrorKind, SourceKind};

use crate::setup::{image, in_full, look_up, wait};

#[track_caller]
fn check(text: &str, url: &str, expected: &str) {
    let config = DockerConfig::from_slice(text.as_bytes(), "config.json").unwrap();
    let found = image(&config, url).unwrap_or_else(|error| in_full(&error));
    assert_eq!(found, expected, "{url} in {text}");
}

#[test]
fn an_entry_holds_a_credential_in_one_of_many_forms() {
    let entry = |fields: &str| format!(r#"{{"auths": {{"ghcr.io": {fields}}}}}"#);
    let found = |fields: &str, expected: &str| check(&entry(fields), "ghcr.io/a", expected);
    // me:hunter2, with and without padding, with the zero bytes of old, with a line break
    found(r#"{"auth": "bWU6aHVudGVyMg=="}"#, "me:hunter2 of config.json");
    found(r#"{"auth": "bWU6aHVudGVyMg"}"#, "me:hunter2 of config.json");
    found(r#"{"auth": "bWU6aHVudGVyMgAA"}"#, "me:hunter2 of config.json");
    found(r#"{"auth": "bWU6aHVudGVyMg==\n"}"#, "me:hunter2 of config.json");
    // In lines, as `base64` writes them, and as copied from elsewhere.
    found(r#"{"auth": "bWU6aHVu\ndGVyMg==\n"}"#, "me:hunter2 of config.json");
    found(r#"{"auth": " bWU6\r\n aHVu\tdGVyMg"}"#, "me:hunter2 of config.json");
    // me:~~~??? in both alphabets
    found(r#"{"auth": "bWU6fn5+Pz8/"}"#, "me:~~~??? of config.json");
    found(r#"{"auth": "bWU6fn5-Pz8_"}"#, "me:~~~??? of config.json");
    // A password may hold a colon: me:a:b
    found(r#"{"auth": "bWU6YTpi"}"#, "me:a:b of config.json");
    found(r#"{"username": "me", "password": "hunter2"}"#, "me:hunter2 of config.json");
    found(
        r#"{"auth": "bWU6aHVudGVyMg==", "username": "you", "password": "other"}"#,
        "me:hunter2 of config.json",
    );
    // Azure: a user name of zeroes without a password, and the token beside it.
    found(r#"{"auth": "MDAwMDo=", "identitytoken": "token"}"#, "identity token of config.json");
    found(r#"{"identitytoken": "identity", "registrytoken": "token"}"#, "bearer token of config.json");
    found(r#"{"auth": "", "identitytoken": null, "email": "a@b"}"#, "nothing");
    found(r#"{"auth": "Og=="}"#, "nothing");
    found("{}", "nothing");
    found("null", "nothing");
}

#[test]
fn a_line_break_at_the_end_is_told_where_the_password_is_refused() {
    // `echo me:hunter2 | base64`
    for entry in [r#"{"auth": "bWU6aHVudGVyMgo="}"#, r#"{"username": "me", "password": "hunter2\n"}"#] {
        let text = format!(r#"{{"auths": {{"ghcr.io": {entry}}}}}"#);
        let said = "config.json (its password ends in a line break: `echo -n` writes none)";
        check(&text, "ghcr.io/a", &format!("me:hunter2\n of {said}"));
        let config = DockerConfig::from_slice(text.as_bytes(), "config.json").unwrap();
        let identity =
            wait(Identity::resolve(&config, &CredentialRequest::new(&SourceKind::Image, "ghcr.io/a")))
                .unwrap();
        let hint = identity.hint(ErrorKind::Unauthorized, "ghcr.io/a").unwrap();
        assert!(hint.starts_with(&format!("the credential of {said} was not accepted")), "{hint}");
    }
    check(
        r#"{"auths": {"ghcr.io": {"username": "me", "password": "a\nb"}}}"#,
        "ghcr.io/a",
        "me:a\nb of config.json",
    );
}

#[test]
fn the_most_specific_key_is_used() {
    let auths = r#"{"auths": {
        "ghcr.io": {"auth": "aG9zdDpw"},
        "ghcr.io/team": {"auth": "dGVhbTpw"},
        "ghcr.io/team/app": {"auth": "YXBwOnA="},
        "ghcr.io/empty": {},
        "https://quay.io/v2/": {"auth": "cXVheTpw"},
        "localhost:5000": {"auth": "cG9ydDpw"},
        "*.azurecr.io": {"auth": "YW55OnA="},
        "*.azurecr.io/team": {"auth": "YW55dGVhbTpw"},
        "own.azurecr.io": {"auth": "b3duOnA="}
    }}"#;
    check(auths, "ghcr.io/other", "host:p of config.json");
    check(auths, "ghcr.io/team/web", "team:p of config.json");
    check(auths, "ghcr.io/team/app", "app:p of config.json");
    check(auths, "ghcr.io/team/app/more", "app:p of config.json");
    check(auths, "ghcr.io/team/application", "team:p of config.json");
    check(auths, "ghcr.io/teams/app", "host:p of config.json");
    check(auths, "ghcr.io/empty/app", "host:p of config.json");
    check(auths, "GHCR.IO/Team/app", "host:p of config.json");
    check(auths, "quay.io/a/b", "quay:p of config.json");
    check(auths, "localhost:5000/a", "port:p of config.json");
    check(auths, "localhost:5001/a", "nothing");
    check(auths, "some.azurecr.io/a", "any:p of config.json");
    check(auths, "some.azurecr.io/team/a", "anyteam:p of config.json");
    check(auths, "own.azurecr.io/team/a", "own:p of config.json");
    check(auths, "a.b.azurecr.io/team/a", "nothing");
    check(auths, "localhost/a", "nothing");
    check(auths, "nginx", "nothing");
    check(auths, "evil-ghcr.io/a", "nothing");
    check(auths, "ghcr.io.evil.example/a", "nothing");
}

#[test]
fn docker_hub_has_many_names() {
    for key in [
        "https://index.docker.io/v1/",
        "docker.io",
        "index.docker.io",
        "registry-1.docker.io",
        "http://docker.io",
    ] {
        let text = format!(r#"{{"auths": {{"{key}": {{"auth": "aHViOnA="}}}}}}"#);
        for url in
            ["nginx", "bitnami/nginx", "docker.io/nginx", "index.docker.io/a/b", "registry-1.docker.io/a/b"]
        {
            check(&text, url, "hub:p of config.json");
        }
        check(&text, "ghcr.io/nginx", "nothing");
    }
    // Docker's own name counts before others, and a name before the URLs that Docker Desktop keeps tokens under.
    let text = r#"{"auths": {
        "docker.io": {"auth": "bmFtZTpw"},
        "https://index.docker.io/v1/": {"auth": "aHViOnA="},
        "https://index.docker.io/v1/access-token": {"auth": "dG9rZW46cA=="}
    }}"#;
    check(text, "nginx", "hub:p of config.json");
    let text = text.replace("https://index.docker.io/v1/\"", "elsewhere.example\"");
    check(&text, "nginx", "name:p of config.json");
    // An empty entry is not in the way of one that says something.
    check(
        r#"{"auths": {"https://index.docker.io/v1/": {}, "docker.io": {"auth": "bmFtZTpw"}}}"#,
        "nginx",
        "name:p of config.json",
    );
}

#[test]
fn a_damaged_entry_does_not_affect_others() {
    let text = r#"{"auths": {
        "base64.example": {"auth": "?"},
        "text.example": {"auth": "/w=="},
        "colon.example": {"auth": "aGVsbG8="},
        "type.example": {"auth": 5},
        "object.example": "me:hunter2",
        "good.example": {"auth": "bWU6aHVudGVyMg=="}
    }}"#;
    let wrong = |host: &str, what: &str| {
        let error =
            format!("the entry \"{host}\" of config.json cannot be used: {what} | log in to {host} again");
        check(text, &format!("{host}/a"), &error);
    };
    wrong("base64.example", "its `auth` is not valid base64");
    wrong("text.example", "its `auth` is not text in base64");
    wrong("colon.example", "its `auth` is not `user:password` in base64");
    wrong("type.example", "its `auth` is not text");
    wrong("object.example", "it is not an object");
    check(text, "good.example/a", "me:hunter2 of config.json");
    check(text, "other.example/a", "nothing");
}

#[test]
fn an_invalid_config_is_an_error() {
    let refuse = |text: &str, message: &str| {
        let error = DockerConfig::from_slice(text.as_bytes(), "config.json").unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidInput, message), "{text}");
    };
    refuse("{\n  \"auths\": {,", "config.json is not valid JSON (line 2, column 13)");
    refuse("[]", "config.json is not a JSON object");
    refuse(r#"{"auths": []}"#, "config.json has a `auths` that is not an object");
    refuse(r#"{"credHelpers": "pass"}"#, "config.json has a `credHelpers` that is not an object");
    refuse(
        r#"{"credHelpers": {"ghcr.io": 1}}"#,
        "config.json names no helper for \"ghcr.io\" in `credHelpers`",
    );
    refuse(r#"{"credsStore": {}}"#, "config.json has a `credsStore` that is not a name");
    let bomb = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(DockerConfig::from_slice(bomb.as_bytes(), "config.json").is_err());
    let large = vec![b' '; (4 << 20) + 1];
    let error = DockerConfig::from_slice(&large, "config.json").unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::TooLarge, "config.json is larger than 4194304 bytes")
    );
    for empty in ["", "\n", "{}", "{\"auths\": null, \"credsStore\": \"\"}", "\u{feff}{}"] {
        check(empty, "ghcr.io/a", "nothing");
    }
}

/// As editors and shells of Windows save it.
#[test]
fn a_file_in_utf_16_is_read() {
    let text = r#"{"auths": {"ghcr.io": {"auth": "bWU6aHVudGVyMg=="}}}"#;
    let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
    let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
    for bytes in [little, big] {
        let config = DockerConfig::from_slice(&bytes, "config.json").unwrap();
        let login = wait(look_up(&config, &SourceKind::Image, "ghcr.io/a")).unwrap();
        assert_eq!(login, "me:hunter2 of config.json");
    }
    DockerConfig::from_slice(&[0xff, 0xfe, 0x7b], "config.json").unwrap_err();
}

#[test]
fn it_is_for_registries_only() {
    let text = br#"{"auths": {"ghcr.io": {"auth": "bWU6aHVudGVyMg=="}}}"#;
    let config = DockerConfig::from_slice(text, "config.json").unwrap();
    let found = |kind, url| wait(look_up(&config, &kind, url)).unwrap();
    let login = "me:hunter2 of config.json";
    assert_eq!(found(SourceKind::Chart, "oci://ghcr.io/charts/web"), login);
    assert_eq!(found(SourceKind::Chart, "ghcr.io/charts/web"), login);
    assert_eq!(found(SourceKind::Other("wasm".into()), "oci://ghcr.io/a"), login);
    for (kind, url) in [
        (SourceKind::Chart, "https://ghcr.io/charts"),
        (SourceKind::Git, "https://ghcr.io/a.git"),
        (SourceKind::Git, "git@ghcr.io:a.git"),
        (SourceKind::Other("wasm".into()), "ghcr.io/a"),
    ] {
        assert_eq!(found(kind.clone(), url), "nothing", "{url}");
        assert_eq!(config.hint(&CredentialRequest::new(&kind, url)), None);
    }
}

#[test]
fn the_hint_says_what_there_is() {
    let hint = |text: &str| {
        let config = DockerConfig::from_slice(text.as_bytes(), "config.json").unwrap();
        config.hint(&CredentialRequest::new(&SourceKind::Image, "ghcr.io/a")).unwrap()
    };
    assert_eq!(hint("{}"), "config.json has no credentials");
    let entry = |hosts: &[&str]| {
        let entries: Vec<_> =
            hosts.iter().map(|host| format!(r#""{host}": {{"auth": "bWU6cA=="}}"#)).collect();
        format!(r#"{{"auths": {{{}}}}}"#, entries.join(","))
    };
    assert_eq!(
        hint(&entry(&["https://quay.io/v1/"])),
        "config.json has nothing for ghcr.io, only for quay.io"
    );
    assert_eq!(
        hint(&entry(&["a.b", "c.d", "e.f", "g.h", "i.j"])),
        "config.json has nothing for ghcr.io, only for a.b, c.d, e.f and 2 others"
    );
    assert_eq!(hint(&entry(&[r"a\u001b[31m"])), r"config.json has nothing for ghcr.io, only for a\u{1b}[31m");
}

#[test]
fn files_are_found_in_their_standard_paths() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, user: &str| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(
            &path,
            format!(r#"{{"auths": {{"ghcr.io": {{"username": "{user}", "password": "p"}}}}}}"#),
        )
        .unwrap();
        path
    };
    let paths = StandardPaths { home: Some(home.path().into()), ..StandardPaths::default() };
    let read = |paths: &StandardPaths| -> Vec<String> {
        let configs = DockerConfig::from_standard_paths(paths).unwrap();
        configs.iter().map(|config| image(config, "ghcr.io/a").unwrap()).collect()
    };
    assert!(read(&paths).is_empty());
    write(".config/containers/auth.json", "podman");
    write(".docker/config.json", "docker");
    assert_eq!(
        read(&paths),
        ["docker:p of ~/.docker/config.json", "podman:p of ~/.config/containers/auth.json"]
    );

    let path = write("ci/config.json", "ci");
    let ci = StandardPaths { docker_config: Some(home.path().join("ci")), ..StandardPaths::default() };
    assert_eq!(read(&ci), [format!("ci:p of {}", path.display())]);

    std::fs::write(&path, "{").unwrap();
    let error = DockerConfig::from_standard_paths(&ci).unwrap_err();
    assert_eq!(error.to_string(), format!("{} is not valid JSON (line 1, column 1)", path.display()));
    let error = DockerConfig::from_file(home.path().join("gone.json")).unwrap_err();
    assert!(error.to_string().ends_with("gone.json could not be read"), "{error}");
}
