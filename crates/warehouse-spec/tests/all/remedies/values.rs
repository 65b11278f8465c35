//! URLs, words, numbers, names and duplicates: what a message says to do is done here, after which nothing is told and the value is
//! the one that was meant.

use warehouse_spec::SubscriptionKind;

use super::{HEAD, read};

/// Lines below `subscriptions`, one of whose messages has a help with this text, and the lines after doing what it says.
#[track_caller]
fn done(lines: &str, help: &str, remedied: &str) {
    let before = read(&format!("{HEAD}{lines}"));
    let helps: Vec<&str> = before.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
    assert!(helps.iter().any(|found| found.contains(help)), "{lines}: {:?}", before.diagnostics);
    let after = read(&format!("{HEAD}{remedied}"));
    assert!(after.diagnostics.is_empty(), "{remedied}: {:?}", after.diagnostics);
    assert_eq!(after.warehouses.len(), 1);
}

/// The same for a `repoURL` of this type; the URL that is meant is the one that is read.
#[track_caller]
fn url(kind: &str, written: &str, help: &str, meant: &str) {
    let rest = match kind == "chart" && !meant.starts_with("oci:") {
        true => "      name: web\n",
        false => "",
    };
    let lines = |url: &str| format!("  - {kind}:\n      repoURL: {url}\n{rest}");
    let quoted = serde_json::to_string(written).unwrap();
    done(&lines(&quoted), help, &lines(meant));
    let after = read(&format!("{HEAD}{}", lines(meant)));
    assert_eq!(after.warehouses[0].spec.subscriptions[0].repo_url(), Some(meant));
}

#[test]
fn urls_of_images() {
    for (written, help, meant) in [
        ("https://ghcr.io/a/b", "write ghcr.io/a/b", "ghcr.io/a/b"),
        ("oci://ghcr.io/a/b", "write ghcr.io/a/b", "ghcr.io/a/b"),
        ("ghcr.io/a/b:1.0", "write ghcr.io/a/b; which tags count", "ghcr.io/a/b"),
        ("ghcr.io/a/b/", "write ghcr.io/a/b", "ghcr.io/a/b"),
        ("ghcr.io/a/b!", "write it like registry.example.com/path/name", "ghcr.io/a/b"),
        ("ghcr.io/a/ b", "delete the white space", "ghcr.io/a/b"),
        ("ghcr.io\\a\\b", "write `/` instead of", "ghcr.io/a/b"),
        ("ghcr.io/a/b\n", "write it on the line of its key", "ghcr.io/a/b"),
        ("ghcr.io/a/\u{200b}b", "delete it", "ghcr.io/a/b"),
        ("ghcr.io/a/../b", "write the intended path, without `..`", "ghcr.io/b"),
        ("2130706433:80/a", "write 127.0.0.1", "127.0.0.1:80/a"),
        ("host:65536/a", "write a port from 1 to 65535", "host:6553/a"),
        ("host:0/a", "write a port from 1 to 65535", "host:1/a"),
        ("host:/a", "delete the `:`", "host/a"),
        ("host:/a", "or write a port after it", "host:5000/a"),
    ] {
        url("image", written, help, meant);
    }
    // A digest: the tag that is followed instead.
    let digest = format!("ghcr.io/a/b@sha256:{}", "0".repeat(64));
    done(
        &format!("  - image:\n      repoURL: {digest}\n"),
        "`imageSelectionStrategy: Digest` with `constraint: TAG`",
        "  - image:\n      repoURL: ghcr.io/a/b\n      imageSelectionStrategy: Digest\n      constraint: TAG\n",
    );
}

#[test]
fn urls_of_git() {
    for (written, help, meant) in [
        ("git://git.example.com/a/b", "write https://git.example.com/a/b", "https://git.example.com/a/b"),
        ("git.example.com/a/b", "write https://git.example.com/a/b", "https://git.example.com/a/b"),
        ("ftp://git.example.com/a/b", "write it like https://host/path", "https://git.example.com/a/b"),
        (
            "ftp://git.example.com/a/b",
            "ssh://git@host/path or git@host:path",
            "ssh://git@git.example.com/a/b",
        ),
        ("ftp://git.example.com/a/b", "git@host:path", "git@git.example.com:a/b"),
        (
            "https://git.example.com/a/b#main",
            "leave out the `#` and what follows it",
            "https://git.example.com/a/b",
        ),
        ("https://git.example.com/a/b#main", "write %23", "https://git.example.com/a/b%23main"),
        ("https://git.example.com/a b", "write %20 for a blank", "https://git.example.com/a%20b"),
        ("https://git.example.com/a\tb", "delete it", "https://git.example.com/ab"),
        (
            "https://me:pa/ss@git.example.com/a/b",
            "leave out what stands before the `@`",
            "https://git.example.com/a/b",
        ),
        ("https://g\u{131}thub.com/a", "write the host in ASCII", "https://xn--gthub-n4a.com/a"),
        ("https://me%0a@git.example.com/a", "delete it", "https://me@git.example.com/a"),
        ("ssh://-oProxy/a", "delete the hyphen", "ssh://oProxy/a"),
        ("git@host:-a", "write `./` before it", "git@host:./-a"),
        ("https://0x7f.1/a", "write 127.0.0.1", "https://127.0.0.1/a"),
        ("https://1.2.3.4.5/a", "an address of four numbers such as 192.0.2.1", "https://192.0.2.1/a"),
        ("https://git.example.com:/a", "delete the `:`", "https://git.example.com/a"),
        ("https://git.example.com:0/a", "write a port from 1 to 65535", "https://git.example.com:65535/a"),
        ("ssh://git@git.example.com:000/a", "write a port from 1 to 65535", "ssh://git@git.example.com:22/a"),
        ("https://git.example.com/a%5cb", "write `/` instead of it", "https://git.example.com/a/b"),
        ("https://git.example.com/a%00b", "delete it", "https://git.example.com/ab"),
        ("https://git.example.com/a/%2e%2e/b", "without `..`", "https://git.example.com/b"),
    ] {
        url("git", written, help, meant);
    }
}

#[test]
fn urls_of_charts() {
    for (written, help, meant) in [
        ("charts.example.com/a", "https:// for a chart repository", "https://charts.example.com/a"),
        ("charts.example.com/a", "oci:// for a registry", "oci://charts.example.com/a"),
        ("ftp://charts.example.com/a", "write it like https://host/path", "https://charts.example.com/a"),
        ("oci://ghcr.io:/a", "delete the `:`", "oci://ghcr.io/a"),
        ("oci://ghcr.io:0/a", "write a port from 1 to 65535", "oci://ghcr.io:443/a"),
        ("oci://ghcr.io/a/", "write oci://ghcr.io/a", "oci://ghcr.io/a"),
        ("https://charts.example.com/a#x", "leave out the `#`", "https://charts.example.com/a"),
    ] {
        url("chart", written, help, meant);
    }
}

#[test]
fn names_of_charts() {
    let classic = "  - chart:\n      repoURL: https://h/a\n";
    done(classic, "add `name`", &format!("{classic}      name: web\n"));
    done(classic, "write oci://", "  - chart:\n      repoURL: oci://h/a\n");
    let oci = |url: &str, name: &str| format!("  - chart:\n      repoURL: {url}\n{name}");
    done(&oci("oci://h/a", "      name: a\n"), "delete it", &oci("oci://h/a", ""));
    done(&oci("oci://h/a", "      name: b\n"), "the URL is oci://h/a/b", &oci("oci://h/a/b", ""));
    done(&oci("oci://h/a", "      name: b\n"), "delete it; if", &oci("oci://h/a", ""));
    // A query may hold a secret, and no name follows it or a tag.
    for url in ["oci://h/c?x=SECRET", "oci://h/c:1.0", "oci://h/c@v1", "oci://h/c#d"] {
        let found = read(&format!("{HEAD}{}", oci(&format!("{url:?}"), "      name: x\n"))).diagnostics;
        let helps: Vec<&str> = found.iter().filter_map(|found| found.help.as_deref()).collect();
        assert!(!helps.is_empty() && helps.iter().all(|help| !help.contains(url)), "{helps:?}");
    }
}

/// As Masterminds has it, which Kargo uses: white space at the ends of a constraint, tabs and line breaks too, means nothing.
#[test]
fn blanks_around_a_constraint() {
    for constraint in [r#""1\t""#, r#""\t1""#, r#""1\n""#, r#"" 1 ""#] {
        for kind in ["image", "git"] {
            let (url, strategy) = match kind {
                "image" => ("ghcr.io/a/b", ""),
                _ => ("https://h/a", "      commitSelectionStrategy: SemVer\n"),
            };
            let lines = format!(
                "  - {kind}:\n      repoURL: {url}\n{strategy}      semverConstraint: {constraint}\n"
            );
            let read = read(&format!("{HEAD}{lines}"));
            let errors: Vec<_> = read.diagnostics.iter().filter(|found| found.is_error()).collect();
            assert!(errors.is_empty(), "{constraint}: {errors:?}");
        }
    }
}

#[test]
fn words_and_numbers() {
    for (kind, written, help, remedied) in [
        ("image: {repoURL: a, ", "discoveryLimit: 0", "delete it", ""),
        ("image: {repoURL: a, ", "discoveryLimit: 0", "a number from 1 to 100", "discoveryLimit: 100"),
        (
            "image: {repoURL: a, ",
            "discoveryLimit: 101",
            "write a number from 1 to 100",
            "discoveryLimit: 100",
        ),
        ("image: {repoURL: a, ", "discoveryLimit: -1", "write a number from 1 to 100", "discoveryLimit: 1"),
        (
            "image: {repoURL: a, ",
            "imageSelectionStrategy: semver",
            "did you mean `SemVer`?",
            "imageSelectionStrategy: SemVer",
        ),
        (
            "image: {repoURL: a, ",
            "imageSelectionStrategy: Zzzz",
            "write one of",
            "imageSelectionStrategy: Lexical",
        ),
        (
            "git: {repoURL: 'https://h/a', ",
            "commitSelectionStrategy: newestTag",
            "did you mean `NewestTag`?",
            "commitSelectionStrategy: NewestTag",
        ),
        (
            "git: {repoURL: 'https://h/a', ",
            "since: 2025-01-31",
            "write 2025-01-31T00:00:00Z",
            "since: 2025-01-31T00:00:00Z",
        ),
        (
            "git: {repoURL: 'https://h/a', ",
            "includePaths: [{glob: a/*}]",
            "leave the space out: glob:a/*",
            "includePaths: [glob:a/*]",
        ),
    ] {
        done(&format!("  - {kind}{written}}}\n"), help, &format!("  - {kind}{remedied}}}\n"));
    }
}

#[test]
fn words_that_are_listed_are_all_taken() {
    for (kind, key) in [
        ("image: {repoURL: a, constraint: b, ", "imageSelectionStrategy"),
        ("git: {repoURL: 'https://h/a', ", "commitSelectionStrategy"),
    ] {
        let text = |word: &str| {
            format!("{HEAD}  - {kind}{key}: {word}}}\n")
                .replace("constraint: b, ", if word == "Digest" { "constraint: b, " } else { "" })
        };
        let before = read(&text("Zzzz"));
        let help = before.errors().find_map(|found| found.help.clone()).unwrap();
        let words = help.strip_prefix("write one of ").unwrap();
        assert!(words.split(", ").count() > 3, "{help}");
        for word in words.split(", ") {
            let after = read(&text(word));
            assert!(after.is_valid(), "{word}: {:?}", after.diagnostics);
        }
    }
}

#[test]
fn duplicates() {
    let image = "  - image:\n      repoURL: nginx\n";
    let twice = format!("{image}{image}");
    done(&twice, "delete one of them", image);
    // Names tell them apart: what was an error is a remark about Kargo.
    let named = "  - {name: one, image: {repoURL: nginx}}\n  - {name: two, image: {repoURL: nginx}}\n";
    let after = read(&format!("{HEAD}{named}"));
    assert!(after.is_valid() && after.warehouses[0].spec.subscriptions.len() == 2, "{:?}", after.diagnostics);
    done(
        "  - {name: one, image: {repoURL: a}}\n  - {name: one, image: {repoURL: b}}\n",
        "give each subscription a name of its own",
        "  - {name: one, image: {repoURL: a}}\n  - {name: two, image: {repoURL: b}}\n",
    );
}

/// A misspelled field of every type: the field that is named holds what was meant.
#[test]
fn unknown_fields() {
    for (kind, known, value) in [
        ("image: {repoURL: a, ", "discoveryLimit", "5"),
        ("image: {repoURL: a, ", "platform", "linux/amd64"),
        ("image: {repoURL: a, ", "constraint", "^1"),
        ("git: {repoURL: 'https://h/a', ", "discoveryLimit", "5"),
        ("git: {repoURL: 'https://h/a', ", "includePaths", "[a]"),
        ("git: {repoURL: 'https://h/a', ", "branch", "main"),
        ("chart: {repoURL: 'https://h/a', name: b, ", "semverConstraint", "^1"),
        ("chart: {repoURL: 'https://h/a', name: b, ", "discoveryLimit", "5"),
    ] {
        let misspelled = format!("{known}s");
        let lines = |name: &str| format!("  - {kind}{name}: {value}}}\n");
        done(&lines(&misspelled), &format!("did you mean `{known}`?"), &lines(known));
    }
    let limits = |limit: &str| {
        let manifest = read(&format!("{HEAD}  - image: {{repoURL: a, {limit}: 5}}\n"));
        match &manifest.warehouses[0].spec.subscriptions[0].kind {
            SubscriptionKind::Image(image) => image.discovery_limit,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((limits("discoveryLimits"), limits("discoveryLimit")), (20, 5));
}

/// Fields of other tools, and fields in the wrong place.
#[test]
fn fields_that_are_called_otherwise() {
    let image = |field: &str| format!("  - image: {{repoURL: a, {field}}}\n");
    let git = |field: &str| format!("  - git: {{repoURL: 'https://h/a', {field}}}\n");
    let chart = |field: &str| format!("  - chart: {{repoURL: 'https://h/a', name: b, {field}}}\n");
    done(&image("name: one"), "write it beside `image:`", "  - {name: one, image: {repoURL: a}}\n");
    done(&git("name: one"), "write it beside `git:`", "  - {name: one, git: {repoURL: 'https://h/a'}}\n");
    for strategy in ["Lexical", "NewestBuild", "SemVer"] {
        let field = format!("imageSelectionStrategy: {strategy}");
        done(
            &image(&format!("strategy: {strategy}")),
            "the field is `imageSelectionStrategy`",
            &image(&field),
        );
    }
    for name in ["semver", "version"] {
        done(&image(&format!("{name}: ^1")), "did you mean `constraint`?", &image("constraint: ^1"));
    }
    done(&image("insecure: true"), "`insecureSkipTLSVerify`", &image("insecureSkipTLSVerify: true"));
    for name in ["pullSecret", "secret", "credentials"] {
        let help = "by the labels of Secrets in the Project";
        done(&image(&format!("{name}: x")), help, &image(""));
        done(&git(&format!("{name}: x")), help, &git(""));
        done(&chart(&format!("{name}: x")), help, &chart(""));
    }
    for name in ["revision", "ref", "targetRevision"] {
        done(&git(&format!("{name}: main")), "did you mean `branch`?", &git("branch: main"));
    }
    for name in ["paths", "path", "directory"] {
        done(&git(&format!("{name}: apps")), "`includePaths`, a list?", &git("includePaths: [apps]"));
    }
    for name in ["commitExpressionFilter", "tagExpressionFilter"] {
        let filter = git("expressionFilter: \"author != ''\"");
        done(&git(&format!("{name}: \"author != ''\"")), "did you mean `expressionFilter`?", &filter);
    }
    for name in ["constraint", "version"] {
        done(
            &chart(&format!("{name}: ^1")),
            "did you mean `semverConstraint`?",
            &chart("semverConstraint: ^1"),
        );
    }
    for name in ["repo", "repository", "url"] {
        for (kind, url, rest) in
            [("image", "a", ""), ("git", "'https://h/a'", ""), ("chart", "'https://h/a'", ", name: b")]
        {
            let lines = |name: &str| format!("  - {kind}: {{{name}: {url}{rest}}}\n");
            done(&lines(name), "did you mean `repoURL`?", &lines("repoURL"));
        }
    }
    let named = |name: &str| format!("  - chart: {{repoURL: 'https://h/a', {name}: b}}\n");
    done(&named("chart"), "did you mean `name`?", &named("name"));
}

#[test]
fn a_host_without_a_repository() {
    url("image", "localhost:5000", "write the repository behind it", "localhost:5000/path/name");
    url("image", "nginx:5000", "write nginx; which tags count", "nginx");
}
