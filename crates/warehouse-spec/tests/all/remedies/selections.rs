//! Remedies that change what is selected: after doing what the message says, what was meant is selected.

use go_compat::GoRegex;
use selection_strategies::path::{PathSelector, PathSelectors};
use warehouse_spec::{Code, SubscriptionKind};

use super::{HEAD, read};

fn with_path(selector: &str) -> String {
    let selector = selector.replace('\'', "''");
    format!("{HEAD}  - git:\n      repoURL: https://host/a\n      includePaths: ['{selector}']\n")
}

/// What a selector of paths that matches nothing becomes, and that this selects the one path and not the other.
#[track_caller]
fn path(selector: &str, expected: &str, selects: &str, not: &str) {
    let manifest = read(&with_path(selector));
    let [found] = manifest.diagnostics.as_slice() else { panic!("{selector:?}: {:?}", manifest.diagnostics) };
    assert_eq!(found.code, Code::BadSelector, "{found}");
    let help = found.help.clone().unwrap_or_default();
    let forms = help.strip_prefix("write ").unwrap_or_else(|| panic!("{found}: {help}"));
    let form = forms.split_once("; or ").map_or(forms, |(form, _)| form);
    // As it is in the message, in a list of lines and in brackets.
    for list in [format!("\n      - {form}"), format!(" [{form}]")] {
        let text = format!("{HEAD}  - git:\n      repoURL: https://host/a\n      includePaths:{list}\n");
        let remedied = read(&text);
        assert!(remedied.diagnostics.is_empty(), "{selector:?} written {form}: {:?}", remedied.diagnostics);
        let SubscriptionKind::Git(git) = &remedied.warehouses[0].spec.subscriptions[0].kind else { panic!() };
        assert_eq!(git.include_paths, [expected], "{selector:?}");
        let selector = PathSelector::new(&git.include_paths[0]).unwrap();
        assert!(selector.is_match(selects) && !selector.is_match(not), "{selector:?}");
    }
    if let Ok(before) = PathSelector::new(selector) {
        assert!(!before.is_match(selects) || before.is_match(not), "{selector:?} was right");
    }
}

#[test]
fn patterns_without_a_prefix() {
    path("apps/**", "glob:apps/**", "apps/web/a", "docs/a");
    path("apps/*.yaml", "glob:apps/*.yaml", "apps/a.yaml", "apps/web/a.yaml");
    path("apps/w?b", "glob:apps/w?b/**", "apps/web/a", "apps/wb/a");
    path("apps/{web,b}", "glob:apps/{web,b}/**", "apps/b/a", "apps/c/a");
    path("apps/{web,api}/x", "glob:apps/{web,api}/x/**", "apps/api/x/a", "apps/db/x");
    path("/apps/**", "glob:apps/**", "apps/a", "x/apps/a");
    path("./apps/**", "glob:apps/**", "apps/a", "x/apps/a");
    path("apps/*/", "glob:apps/*/**", "apps/web/a", "apps");
    path("apps/web/.*", "regex:^apps/web/.*", "apps/web/a", "other/apps/web/a");
    path("^apps/", "regex:^apps/", "apps/a", "x/apps/a");
    path("^/apps/", "regex:^apps/", "apps/a", "x/apps/a");
    path("/apps/web/.*", "regex:^apps/web/.*", "apps/web/a", "x/apps/web/a");
    path(r".*\.yaml$", r"regex:.*\.yaml$", "a/b.yaml", "a/b.json");
    path("(apps|docs)/", "regex:(apps|docs)/", "docs/a", "src/a");
    path(r"apps/\d+", r"regex:^apps/\d+", "apps/12", "apps/x");
}

/// What other tools read in a selector, and what people write who expect them.
#[test]
fn forms_of_other_tools() {
    path("$HOME/apps", "apps", "apps/a", "x/apps");
    path("${WORKSPACE}/apps/**", "glob:apps/**", "apps/a/b", "x/apps");
    path("apps$", "apps", "apps/web/a", "x/apps");
    path("^apps/web$", "apps/web", "apps/web/a", "x/apps/web");
    path("values.yaml$", "regex:values.yaml$", "a/values.yaml", "a/values.json");
    path("(?i)apps", "regex:(?i)apps", "APPS/a", "docs/a");
    path("glob:apps/web$", "apps/web", "apps/web/a", "x/apps/web");
    path("glob:apps/*.yaml$", "glob:apps/*.yaml", "apps/a.yaml", "apps/a.json");
    path("glob:^apps/**", "glob:apps/**", "apps/a/b", "x/apps/a");
    path("glob:^apps/", "glob:apps/**", "apps/a/b", "x/apps/a");
    path("/^apps/", "regex:^apps", "apps/a", "x/apps/a");
    path("/\\.ya?ml$/", "regex:\\.ya?ml$", "a/b.yml", "a/b.json");
    for word in ["path", "prefix", "exact", "file", "dir", "Path"] {
        path(&format!("{word}:apps"), "apps", "apps/a", "x/apps");
        path(&format!("{word}:apps/**"), "glob:apps/**", "apps/a", "x/apps");
    }
    path("apps/w+", "regex:^apps/w+", "apps/www/a", "apps/x");
    path("apps,docs", "glob:{apps,docs}/**", "docs/a", "x/docs/a");
    path("a.yaml,b/c.yaml", "glob:{a.yaml,b/c.yaml}", "b/c.yaml", "b/c.yaml/d");
    path("http://x/apps", "apps", "apps/a", "x/apps");
    path("https://github.com/o/r/tree/main/apps/web", "apps/web", "apps/web/a", "apps/b");
    // Where the path is not known, no form is shown.
    let found = read(&with_path("https://github.com/o/r/apps")).diagnostics;
    let helps: Vec<_> = found.iter().filter_map(|found| found.help.as_deref()).collect();
    assert_eq!(helps, ["write the path as `git ls-files` shows it, or `glob:` and a pattern"]);
    // Names of folders.
    for right in ["c++", "src/c++/x", "a$b", "notes/a, b"] {
        let found = read(&with_path(right)).diagnostics;
        assert!(right == "a$b" || found.is_empty(), "{right}: {found:?}");
    }
}

/// `apps/*` is read as a folder with all that is below it; the message shows the form for its files alone, too, and that is taken.
#[test]
fn all_of_a_folder() {
    for (selector, all, files, folder) in [
        ("apps/*", "glob:apps/**", "glob:apps/*", "apps/"),
        ("/apps/*", "glob:apps/**", "glob:apps/*", "apps/"),
        ("./apps/*/web/*", "glob:apps/*/web/**", "glob:apps/*/web/*", "apps/x/web/"),
    ] {
        path(selector, all, &format!("{folder}a"), "docs");
        path(selector, all, &format!("{folder}a/b/c"), "docs");
        let help = read(&with_path(selector)).diagnostics[0].help.clone().unwrap_or_default();
        assert_eq!(help.split_once("; or ").unwrap().1, format!("{files} for the files of the folder alone"));
        let after = read(&with_path(files));
        assert!(after.diagnostics.is_empty(), "{files}: {:?}", after.diagnostics);
        let matcher = PathSelector::new(files).unwrap();
        assert!(matcher.is_match(format!("{folder}a")) && !matcher.is_match(format!("{folder}a/b/c")));
    }
    // Each of these forms selects every file of a folder.
    for (selector, form) in [("*", "glob:**"), ("*/*", "glob:*/**")] {
        let help = read(&with_path(selector)).diagnostics[0].help.clone().unwrap_or_default();
        assert_eq!(help.split("; or ").next(), Some(format!("write {form}").as_str()));
        assert!(read(&with_path(form)).diagnostics.is_empty());
        assert!(PathSelector::new(form).unwrap().is_match("apps/a/b"));
    }
}

/// Brackets of a pattern without its prefix. Folders that have brackets in their names are among `selectors_that_are_right`.
#[test]
fn classes_without_a_prefix() {
    for (selector, expected, selects, not) in [
        ("apps/[wb]eb", "glob:apps/[wb]eb/**", "apps/beb/a", "apps/xeb/a"),
        ("apps/v[0-9]", "glob:apps/v[0-9]/**", "apps/v1/a", "apps/vx/a"),
        ("apps/v1.[0-9]", "glob:apps/v1.[0-9]/**", "apps/v1.2", "apps/v1.x"),
        ("apps/[a-z]/x.md", "glob:apps/[a-z]/x.md", "apps/b/x.md", "apps/B/x.md"),
        ("apps/[a-zA-Z_]b", "glob:apps/[a-zA-Z_]b/**", "apps/_b/a", "apps/-b"),
        ("apps/[!a]b", "glob:apps/[!a]b/**", "apps/bb/a", "apps/ab"),
        ("apps/web-[12]", "glob:apps/web-[12]/**", "apps/web-2/a", "apps/web-3"),
        ("web-[ab]/x", "glob:web-[ab]/x/**", "web-b/x/a", "web-c/x"),
        ("[Mm]akefile", "glob:[Mm]akefile", "makefile", "akefile"),
        ("./apps/[wb]eb/", "glob:apps/[wb]eb/**", "apps/web/a", "apps/xeb"),
    ] {
        path(selector, expected, selects, not);
    }
}

/// A pattern that ends with the name of a folder selects no file below it; a path does.
#[test]
fn globs_of_folders() {
    for (selector, expected, below, not) in [
        ("glob:apps", "apps", "apps/a", "x/apps"),
        ("glob:apps/web", "apps/web", "apps/web/a/b", "apps/b"),
        ("glob:.github", ".github", ".github/workflows/a.yaml", "github"),
        ("glob:v1.2", "v1.2", "v1.2/a", "v1.3"),
        ("glob:**/web", "glob:**/web/**", "a/b/web/c", "web2"),
        ("glob:apps/w?b", "glob:apps/w?b/**", "apps/web/a", "apps/wb"),
        ("glob:apps/{web,api}", "glob:apps/{web,api}/**", "apps/api/a", "apps/x"),
        ("glob:[a-z]/x", "glob:[a-z]/x/**", "a/x/y", "A/x"),
        ("glob:a/.*/b", "glob:a/.*/b/**", "a/.c/b/d", "a/c/b"),
    ] {
        path(selector, expected, below, not);
        // What was selected before still is.
        let (before, after) = (PathSelector::new(selector).unwrap(), PathSelector::new(expected).unwrap());
        for file in ["apps", "apps/web", "apps/api", ".github", "v1.2", "x/web", "web", "a/x", "a/.c/b"] {
            assert!(!before.is_match(file) || after.is_match(file), "{selector}: {file}");
        }
    }
}

/// `!` leaves nothing out: what is meant belongs in `excludePaths`.
#[test]
fn negations() {
    for (selector, expected, excluded, kept) in [
        ("!docs", "docs", "docs/a", "apps/a"),
        ("! docs", "docs", "docs/a", "apps/a"),
        ("\"!docs\"", "docs", "docs/a", "apps/a"),
        ("!/docs/", "docs/", "docs/a", "apps/a"),
        ("!docs/**", "glob:docs/**", "docs/a/b", "apps/a"),
        ("!*.md", "glob:*.md", "a.md", "a.txt"),
        ("!**/*.md", "glob:**/*.md", "a/b.md", "a.txt"),
        ("!docs/*", "glob:docs/**", "docs/a/b", "apps"),
        ("glob:!docs/**", "glob:docs/**", "docs/a", "apps/a"),
        ("!glob:docs/**", "glob:docs/**", "docs/a", "apps/a"),
        ("glob:!docs", "docs", "docs/a", "apps/a"),
        ("regex:!^docs/", "regex:^docs/", "docs/a", "apps/docs/a"),
        ("!regex:^docs/", "regex:^docs/", "docs/a", "apps/docs/a"),
        ("!(docs)/**", "glob:docs/**", "docs/a", "apps/a"),
        ("glob:!(docs|img)/**", "glob:{docs,img}/**", "img/a", "apps/a"),
        ("!(docs|img)", "glob:{docs,img}/**", "img/a", "apps/a"),
    ] {
        let manifest = read(&with_path(selector));
        let [found] = manifest.diagnostics.as_slice() else {
            panic!("{selector:?}: {:?}", manifest.diagnostics)
        };
        assert_eq!(found.code, Code::BadSelector, "{found}");
        let help = found.help.clone().unwrap_or_default();
        let form = help
            .strip_prefix("write ")
            .and_then(|help| help.strip_suffix(" in `excludePaths` instead of it"));
        let form = form.unwrap_or_else(|| panic!("{found}: {help}"));
        let after = read(&format!(
            "{HEAD}  - git:\n      repoURL: https://host/a\n      excludePaths:\n      - {form}\n"
        ));
        assert!(after.diagnostics.is_empty(), "{selector:?} written {form}: {:?}", after.diagnostics);
        let SubscriptionKind::Git(git) = &after.warehouses[0].spec.subscriptions[0].kind else { panic!() };
        assert_eq!(git.exclude_paths, [expected], "{selector:?}");
        let paths = PathSelectors::new(&git.include_paths, &git.exclude_paths).unwrap();
        assert!(!paths.judge(excluded).is_included() && paths.judge(kept).is_included(), "{selector:?}");
    }
    // Without quotation marks it is a tag of YAML, and the help is the same.
    let tag = read(&with_path("x").replace("'x'", "!docs"));
    let helps: Vec<_> = tag.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
    assert_eq!(helps, ["write docs in `excludePaths` instead of it"]);
    // Nothing is excepted from what is excluded.
    let excluding =
        |list: &str| format!("{HEAD}  - git:\n      repoURL: https://host/a\n      excludePaths: {list}\n");
    let before = read(&excluding("[docs, '!docs/a.md']"));
    let [found] = before.diagnostics.as_slice() else { panic!("{:?}", before.diagnostics) };
    assert!(found.help.as_deref().unwrap_or_default().starts_with("delete it: "), "{found}");
    assert!(read(&excluding("[docs]")).diagnostics.is_empty());
    assert!(read(&excluding("[docs/b, docs/c.md]")).diagnostics.is_empty());
}

/// A folder is selected with all that is below it, as a path selects it; a file of that name is selected, too.
#[test]
fn patterns_of_folders() {
    for (selector, expected, file, below) in [
        ("apps/w?b", "glob:apps/w?b/**", "apps/web", "apps/web/a/b"),
        ("./apps/w?b", "glob:apps/w?b/**", "apps/web", "apps/web/a"),
        ("apps/{web,b}", "glob:apps/{web,b}/**", "apps/web", "apps/b/a"),
        ("apps/web-*", "glob:apps/web-*/**", "apps/web-1", "apps/web-1/a"),
        ("*/web", "glob:*/web/**", "apps/web", "apps/web/a"),
        ("apps/v1.?", "glob:apps/v1.?/**", "apps/v1.2", "apps/v1.2/a"),
        ("apps/.c?/x", "glob:apps/.c?/x/**", "apps/.ci/x", "apps/.ci/x/a"),
        ("{a,b}-web", "glob:{a,b}-web/**", "a-web", "b-web/a"),
        ("glob:./apps", "apps", "apps", "apps/a"),
        ("glob:/apps", "apps", "apps", "apps/a/b"),
        ("glob:./apps/web", "apps/web", "apps/web", "apps/web/a"),
        ("glob:/apps/w?b", "glob:apps/w?b/**", "apps/web", "apps/web/a"),
        ("glob:./Makefile", "Makefile", "Makefile", "Makefile/a"),
        ("glob:/a/b.yaml", "a/b.yaml", "a/b.yaml", "a/b.yaml/x"),
        ("Glob:apps", "apps", "apps", "apps/a"),
        (r"glob:apps\\web", "apps/web", "apps/web", "apps/web/a"),
    ] {
        path(selector, expected, below, "docs/a");
        path(selector, expected, file, "docs");
    }
    // What names files by their ends, or says what it selects of a folder, is left as it is.
    for (selector, expected, file) in [
        ("*/Dockerfile", "glob:*/Dockerfile", "web/Dockerfile"),
        ("*/{LICENSE,.gitignore}", "glob:*/{LICENSE,.gitignore}", "web/LICENSE"),
        ("*.yaml", "glob:*.yaml", "a.yaml"),
        ("a/*.{yaml,yml}", "glob:a/*.{yaml,yml}", "a/b.yml"),
        ("a/{b.yaml,c.json}", "glob:a/{b.yaml,c.json}", "a/c.json"),
        ("{a,b}.yaml", "glob:{a,b}.yaml", "b.yaml"),
        ("a/*.y?ml", "glob:a/*.y?ml", "a/b.yaml"),
        ("*.*", "glob:*.*", "a.b"),
        ("apps/*.*", "glob:apps/*.*", "apps/a.b"),
    ] {
        path(selector, expected, file, &format!("{file}/x"));
    }
}

#[test]
fn texts_in_two_pairs_of_quotation_marks() {
    path("\"apps\"", "apps", "apps/a", "\"apps\"");
    path("\"apps/**\"", "glob:apps/**", "apps/a", "docs/a");
    path("glob:\"apps/**\"", "glob:apps/**", "apps/a", "docs/a");
    path("regex:'^apps'", "regex:^apps", "apps/a", "docs/a");
}

/// A message that says that a selector matches no file is true: no path of these matches, however odd its name is.
#[test]
fn what_matches_no_file_matches_none() {
    let mut selectors: Vec<String> = Vec::new();
    for prefix in
        ["", "glob:", "regex:", "Glob:", "glob:glob:", "regex:glob:", "glob: ", "regex:^", "regex:^/", "re:"]
    {
        for body in [
            "apps",
            "/apps",
            "./apps",
            "../apps",
            "apps/",
            "a//b",
            r"bs\dir",
            r"bs\\dir",
            "a\"b",
            "\"apps\"",
            "\"a*b\"",
            " apps",
            "apps ",
            "apps/w?b",
            "apps/*",
            "apps/{a,b}",
            "^apps",
            "apps$",
            "a|b",
            "apps/$",
            " ^apps",
            ".*",
            "..",
            "/",
            r"\",
        ] {
            selectors.push(format!("{prefix}{body}"));
        }
    }
    let mut none = 0;
    for selector in &selectors {
        let Ok(matcher) = PathSelector::new(selector) else { continue };
        let manifest = read(&with_path(selector));
        let messages: Vec<&str> = manifest.diagnostics.iter().map(|found| found.message.as_str()).collect();
        if !messages.iter().any(|message| message.contains("matches no file")) {
            continue;
        }
        none += 1;
        let bodies = selectors.iter().flat_map(|text| {
            let body = text.split_once(':').map_or(text.as_str(), |(_, body)| body);
            [
                text.clone(),
                body.to_owned(),
                body.replace(r"\\", r"\"),
                body.replace('\\', ""),
                format!("{text}/x"),
            ]
        });
        // Paths as Git has them: no part is empty, `.` or `..`.
        for path in bodies.filter(|path| !path.split('/').any(|part| matches!(part, "" | "." | ".."))) {
            assert!(!matcher.is_match(&path), "{selector:?} matches {path:?}: {messages:?}");
        }
    }
    assert!(none > 20, "{none} selectors");
    for (selector, reason) in [
        (r"bs\dir", "matches only paths that contain a backslash"),
        (r"glob:bs\\dir", "asks for a backslash in the path"),
        ("a\"*", "matches only a path with exactly these characters"),
        ("\"apps\"", "has quotation marks within it"),
    ] {
        let manifest = read(&with_path(selector));
        assert!(manifest.diagnostics[0].message.contains(reason), "{}", manifest.diagnostics[0]);
    }
}

#[test]
fn paths_that_are_none() {
    path("/apps/web", "apps/web", "apps/web/a", "web/a");
    path("//apps", "apps", "apps/a", "a");
    path("../apps", "apps", "apps/a", "a");
    path(r"apps\web", "apps/web", "apps/web/a", r"apps\web");
    path(r"\apps\web", "apps/web", "apps/web/a", "web");
    path(" apps", "apps", "apps/a", "a");
    path("apps ", "apps", "apps/a", "a");
    path(
        "/helm/portall/prod/values.yaml",
        "helm/portall/prod/values.yaml",
        "helm/portall/prod/values.yaml",
        "helm",
    );
}

#[test]
fn prefixes_that_are_none() {
    path("Glob:apps/**", "glob:apps/**", "apps/a", "docs/a");
    path("GLOB: apps/**", "glob:apps/**", "apps/a", "docs/a");
    path("glob :apps/**", "glob:apps/**", "apps/a", "docs/a");
    path("globs:apps/**", "glob:apps/**", "apps/a", "docs/a");
    path("glob=apps/**", "glob:apps/**", "apps/a", "docs/a");
    path("Regex:^apps", "regex:^apps", "apps/a", "docs/a");
    path("REGEXP:^apps", "regexp:^apps", "apps/a", "docs/a");
    path("re:^/apps", "regex:^apps", "apps/a", "docs/a");
    path("glob:Glob:apps/**", "glob:apps/**", "apps/a", "docs/a");
    path("glob:regex:^apps", "regex:^apps", "apps/a", "docs/a");
    path("regex:glob:apps/**", "glob:apps/**", "apps/a", "docs/a");
    path(" glob:apps/**", "glob:apps/**", "apps/a", "docs/a");
}

#[test]
fn globs_that_match_nothing() {
    path("glob:/apps/**", "glob:apps/**", "apps/a", "docs/a");
    path("glob:./apps/**", "glob:apps/**", "apps/a", "docs/a");
    path("glob: apps/**", "glob:apps/**", "apps/a", "docs/a");
    path("glob:apps/** ", "glob:apps/**", "apps/a", "docs/a");
    path("glob:apps//**", "glob:apps/**", "apps/a", "docs/a");
    path("glob:apps/", "glob:apps/**", "apps/a", "docs/a");
    path("glob:apps/./x/../web/*", "glob:apps/web/*", "apps/web/a", "apps/x/a");
    path("glob:../apps/*", "glob:apps/*", "apps/a", "docs/a");
    path(r"glob:apps\web\*", r"glob:apps/web/*", "apps/web/a", "docs/a");
    path("glob:apps/web/.*", "regex:^apps/web/.*", "apps/web/a", "docs/a");
    path("glob:^apps/.*$", "regex:^apps/.*$", "apps/a", "docs/a");
}

#[test]
fn expressions_that_match_nothing() {
    path("regex:^/apps", "regex:^apps", "apps/a", "docs/a");
    path(r"regex:^\/apps", "regex:^apps", "apps/a", "docs/a");
    path(r"regex:^\./apps", "regex:^apps", "apps/a", "docs/a");
    path("regexp:^/apps/$", "regex:^apps/", "apps/a", "docs/a");
    path("regex: ^apps", "regex:^apps", "apps/a", "docs/a");
    path("regex:^ apps", "regex:^apps", "apps/a", "docs/a");
    path(r"regex:.*\\.yaml$", r"regex:.*\.yaml$", "a.yaml", "a.json");
    path(r"regex:apps\\web", "regex:apps/web", "apps/web/a", "apps");
    path("regex:apps/$", "regex:apps/", "apps/a", "docs/a");
}

/// What may match something is left alone.
#[test]
fn selectors_that_are_right() {
    for selector in [
        ".",
        "apps",
        "apps/",
        "./apps",
        "apps//web",
        "a/../b",
        "...",
        ".github/workflows",
        "pages/[id]",
        "app/(group)/page.tsx",
        "c++/x",
        "a b",
        "@scope/x",
        "v1.2.3",
        "k8s:x/y",
        "glob:**",
        "glob:*",
        "glob:.*",
        "glob:.github/**",
        "glob:a/.*/b.yaml",
        r"glob:a\*b",
        "glob:**/*.y?ml",
        "glob:apps/{a,b}/**",
        "glob:[a-z]/x.md",
        "glob:apps/*",
        "glob:apps/web-*",
        "glob:Makefile",
        "glob:**/Dockerfile",
        "glob:{Dockerfile,Makefile}",
        "glob:apps/{LICENSE,a.md}",
        "glob:**/.gitignore",
        "glob:a/README.md",
        "glob:a/*.{yaml,yml}",
        "glob:gradlew",
        "app/[...slug]",
        "app/[[...slug]]/page.tsx",
        "pages/[id].tsx",
        "src/[post-id]/x",
        "src/[page-size]",
        "users-[group]/[id].vue",
        "routes/[[lang]]/[slug=word]",
        "a!b",
        "regex:.*",
        "regex:^./apps/",
        "regex:^./apps/",
        "regex:/apps/",
        "regex:(^|/)apps/",
        "regex:^/?apps",
        r"regex:^\.github/",
        "regex:^apps|^/x",
        r"regex:\.ya?ml$",
        "regexp:^a b",
        "regex:^a$",
    ] {
        let manifest = read(&with_path(selector));
        assert!(manifest.diagnostics.is_empty(), "{selector:?}: {:?}", manifest.diagnostics);
    }
}

#[test]
fn empty_selectors_are_told() {
    for selector in ["", "glob:", "regex:", "/", "//", ".."] {
        let manifest = read(&with_path(selector));
        let codes: Vec<Code> = manifest.diagnostics.iter().map(|found| found.code).collect();
        assert_eq!(codes, [Code::BadSelector], "{selector:?}");
    }
}

/// The list of patterns that a message says to write ignores these tags and no others.
#[track_caller]
fn tags(lines: &str, name: &str, matching: &[&str], others: &[&str]) {
    let head = format!("{HEAD}  - image:\n      repoURL: nginx\n");
    let manifest = read(&format!("{head}{lines}"));
    let found: Vec<_> = manifest.diagnostics.iter().filter(|found| found.code == Code::OldSpelling).collect();
    let [found] = found.as_slice() else { panic!("{:?}", manifest.diagnostics) };
    let help = found.help.clone().unwrap_or_default();
    let written = help
        .strip_prefix("write `")
        .and_then(|rest| rest.strip_suffix('`'))
        .unwrap_or_else(|| panic!("{help}"));
    let remedied = read(&format!("{head}      {written}\n"));
    assert!(remedied.diagnostics.is_empty(), "{written}: {:?}", remedied.diagnostics);
    let SubscriptionKind::Image(image) = &remedied.warehouses[0].spec.subscriptions[0].kind else { panic!() };
    let patterns = match name {
        "ignore" => &image.ignore_tags_regexes,
        _ => &image.allow_tags_regexes,
    };
    let matches = |tag: &str| patterns.iter().any(|pattern| GoRegex::new(pattern).unwrap().is_match(tag));
    for tag in matching {
        assert!(matches(tag), "{written}: {tag}");
    }
    for tag in others {
        assert!(!matches(tag), "{written}: {tag}");
    }
}

#[test]
fn old_lists_of_tags() {
    tags("      ignoreTags: [v1.1]\n", "ignore", &["v1.1"], &["v1.10.0", "v1.1.0", "v1x1", "xv1.1"]);
    tags(
        "      ignoreTags:\n      - latest\n      - 1.0.0-b\n",
        "ignore",
        &["latest", "1.0.0-b"],
        &["latest-dev", "1x0.0-b"],
    );
    tags("      ignoreTags: [v1]\n      ignoreTagsRegexes: ['-rc']\n", "ignore", &["v1", "v2-rc1"], &["v2"]);
    tags("      allowTags: ^v\\d+$\n", "allow", &["v12"], &["v1.2", "xv1"]);
    tags("      allowTags: b\n      allowTagsRegexes: [a]\n", "allow", &["a", "b"], &["c"]);
}

/// Doing what the message about an old spelling says changes the words and not what they mean.
#[track_caller]
fn same(lines: &str, remedied: &str, help: &str) {
    let head = format!("{HEAD}  - image:\n      repoURL: nginx\n");
    let before = read(&format!("{head}{lines}"));
    let helps: Vec<&str> = before.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
    assert!(helps.contains(&help), "{helps:?}");
    let after = read(&format!("{head}{remedied}"));
    assert!(after.diagnostics.is_empty(), "{:?}", after.diagnostics);
    let value = |manifest: &warehouse_spec::Manifest| manifest.warehouses[0].spec.clone();
    assert_eq!(value(&before), value(&after));
}

#[test]
fn old_names_and_their_values() {
    same(
        "      updateStrategy: Latest\n",
        "      imageSelectionStrategy: NewestBuild\n",
        "write `imageSelectionStrategy: NewestBuild`",
    );
    same(
        "      updateStrategy: Name\n",
        "      imageSelectionStrategy: Lexical\n",
        "write `imageSelectionStrategy: Lexical`",
    );
    same(
        "      tagSelectionStrategy: SemVer\n",
        "      imageSelectionStrategy: SemVer\n",
        "write `imageSelectionStrategy: SemVer`",
    );
    same(
        "      imageSelectionStrategy: Lexical\n      updateStrategy: Latest\n",
        "      imageSelectionStrategy: Lexical\n",
        "delete `updateStrategy`",
    );
    same("      semverConstraint: ^1\n", "      constraint: ^1\n", "write `constraint`");
    same(
        "      constraint: ^1\n      semverConstraint: ^2\n",
        "      constraint: ^1\n",
        "delete `semverConstraint`: `constraint` is there, too",
    );
}

#[test]
fn expressions_in_the_syntax_of_promotions() {
    let text = |expression: &str| {
        format!("{HEAD}  - image:\n      repoURL: nginx\n")
            .replace("spec:", &format!("spec:\n  freightCreationCriteria:\n    expression: {expression}"))
    };
    let manifest = read(&text("\"${{ imageFrom('nginx').Tag != '' }}\""));
    let [found] = manifest.diagnostics.as_slice() else { panic!("{:?}", manifest.diagnostics) };
    let help = found.help.clone().unwrap_or_default();
    assert!(help.starts_with("leave `${{` and `}}` out"), "{help}");
    assert!(read(&text("imageFrom('nginx').Tag != ''")).diagnostics.is_empty());
}
