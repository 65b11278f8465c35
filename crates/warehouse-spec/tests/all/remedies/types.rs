//! Values of another type than the field's, and documents of another kind: what a message says to write is taken.

use warehouse_spec::{Code, SubscriptionKind};

use super::{HEAD, read};

/// The help of the one message about these lines; with the lines that it says, nothing is told.
#[track_caller]
fn mended(lines: &str, help: &str, remedied: &str) {
    let before = read(&format!("{HEAD}{lines}"));
    let [found] = before.diagnostics.as_slice() else { panic!("{lines}: {:?}", before.diagnostics) };
    assert!(found.is_error(), "{found}");
    assert_eq!(found.help.as_deref(), Some(help), "{found}");
    let after = read(&format!("{HEAD}{remedied}"));
    assert!(after.diagnostics.is_empty(), "{remedied}: {:?}", after.diagnostics);
    assert_eq!(after.warehouses.len(), 1);
}

#[test]
fn repositories_that_stand_alone() {
    let below = |key: &str, url: &str| format!("write `{key}:` and below it, indented, `repoURL: {url}`");
    for (key, url) in
        [("image", "x"), ("image", "ex/backend"), ("git", "https://host/a.git"), ("chart", "oci://h/a")]
    {
        let remedied = format!("  - {key}:\n      repoURL: {url}\n");
        mended(&format!("  - {key}: {url}\n"), &below(key, url), &remedied);
        mended(&format!("  - {key}: [{url}]\n"), &below(key, url), &remedied);
        mended(&format!("  - {key}:\n    - {url}\n"), &below(key, url), &remedied);
    }
    for (key, url) in [
        ("image", "ex/backend"),
        ("image", "nginx"),
        ("git", "https://github.com/a/b"),
        ("git", "https://host/a.git"),
        ("git", "git@host:a/b"),
        ("git", "ssh://git@host/a"),
        ("chart", "oci://h/a"),
    ] {
        mended(&format!("  - {url}\n"), &below(key, url), &format!("  - {key}:\n      repoURL: {url}\n"));
    }
    let classic = format!(
        "{}; for a chart repository write `chart:`, and the `name` of the chart, too",
        below("git", "https://charts.example.com/a")
    );
    let chart = "  - chart:\n      repoURL: https://charts.example.com/a\n      name: web\n";
    mended("  - https://charts.example.com/a\n", &classic, chart);
    let generic = "write `image:`, `git:` or `chart:` and below it, indented, its `repoURL:`";
    for item in ["[a]", "a b", "true"] {
        let item = format!("  - {item}\n");
        if item.contains("true") {
            mended(&item, &below("image", "\"true\""), "  - image:\n      repoURL: \"true\"\n");
        } else {
            mended(&item, generic, "  - image:\n      repoURL: a\n");
        }
    }
}

#[test]
fn charts_that_stand_alone() {
    let whole = "write `chart:` and below it, indented, `repoURL: http://x` and `name: web`, without the `name` beside it";
    let chart = "  - chart:\n      repoURL: http://x\n      name: web\n";
    mended("  - chart: http://x\n    name: web\n", whole, chart);
    mended("  - name: web\n    chart: http://x\n", whole, chart);
    mended(
        "  - chart: http://x\n",
        "write `chart:` and below it, indented, `repoURL: http://x` and its `name`",
        chart,
    );
    mended(
        "  - chart: web\n",
        "write `chart:` and below it, indented, `repoURL:` with the URL of its repository, and `name: web`",
        chart,
    );
    mended(
        "  - image: nginx:1.25\n",
        "write `image:` and below it, indented, `repoURL: nginx`",
        "  - image:\n      repoURL: nginx\n",
    );
}

#[test]
fn numbers_switches_and_texts() {
    let image = |field: &str| format!("  - image:\n      repoURL: a\n      {field}\n");
    let limit = |text: &str| image(&format!("discoveryLimit: {text}"));
    mended(&limit("5.0"), "write 5", &limit("5"));
    mended(&limit("5."), "write 5", &limit("5"));
    mended(&limit("10.00"), "write 10", &limit("10"));
    for bad in ["5.5", "x", "true", "[5]", "99999999999999999999"] {
        mended(&limit(bad), "write a number from 1 to 100", &limit("100"));
    }
    let strict = |text: &str| image(&format!("strictSemvers: {text}"));
    for (bad, good) in
        [("0", "false"), ("1", "true"), ("'False'", "false"), ("'yes'", "true"), ("0.0", "false")]
    {
        mended(&strict(bad), &format!("write {good}"), &strict(good));
    }
    for bad in ["2", "maybe", "[true]"] {
        mended(&strict(bad), "write true or false", &strict("true"));
    }
    let git = |field: &str| format!("  - git:\n      repoURL: https://host/a\n      {field}\n");
    mended(&image("platform: [linux/amd64]"), "write linux/amd64", &image("platform: linux/amd64"));
    mended(
        &image("imageSelectionStrategy: [Lexical]"),
        "write Lexical",
        &image("imageSelectionStrategy: Lexical"),
    );
    mended(
        &image("imageSelectionStrategy: !SemVer"),
        "did you mean `SemVer`?",
        &image("imageSelectionStrategy: SemVer"),
    );
    mended(
        &image("imageSelectionStrategy: yes"),
        "write one of Digest, Lexical, NewestBuild, SemVer",
        &image("imageSelectionStrategy: NewestBuild"),
    );
    mended(&image("allowTagsRegexes: [*]"), "write .*", &image("allowTagsRegexes: [.*]"));
    mended(&image("allowTagsRegexes: [[a]]"), "quote it: \"[a]\"", &image("allowTagsRegexes: [\"[a]\"]"));
    mended("  - image: {repoURL: *a}\n", "write the repository's URL", "  - image: {repoURL: a}\n");
    mended("  - image: {repoURL: [a]}\n", "write a", "  - image: {repoURL: a}\n");
    let chart = |name: &str| format!("  - chart: {{repoURL: 'https://h/a', name: {name}}}\n");
    mended(&chart("[web]"), "write web", &chart("web"));
    mended(&chart("5"), "quote it: \"5\"", &chart("\"5\""));
    mended(&git("branch: [main]"), "write main", &git("branch: main"));
    mended(
        &git("branch: {a: b}"),
        "write the name of a branch: letters, digits, `.`, `_`, `-` and `/`; a letter or digit first, no `.` or `/` last",
        &git("branch: a"),
    );
    mended(
        &git("includePaths: {a: b}"),
        "write each on a line of its own below it, after `- `",
        &git("includePaths:\n      - a"),
    );
    mended(
        &git("includePaths: 5"),
        "write each on a line of its own below it, after `- `",
        &git("includePaths:\n      - \"5\""),
    );
    mended(
        "  - image: [{repoURL: a}]\n",
        "write its fields without a list around them",
        "  - image: {repoURL: a}\n",
    );
    mended(
        "  - image: [a, b]\n",
        "write its fields below it, indented, each as `name: value`",
        "  - image:\n      repoURL: a\n",
    );
}

#[test]
fn constraints_that_quotation_marks_do_not_mend() {
    let image = |rest: &str| format!("  - image:\n      repoURL: a\n{rest}");
    for bad in ["yes", "on", ".inf", "~", "|1", "|", "!x", "*x", "&x", "@x", "[a]"] {
        let before = read(&format!("{HEAD}{}", image(&format!("      constraint: {bad}\n"))));
        let help = before.diagnostics[0].help.clone().unwrap_or_default();
        let help = help.strip_suffix(", or delete the line").unwrap_or(&help);
        assert_eq!(help, "write it like ^1.2.0, ~1.2, or '>=1.2 <2'", "{bad}");
    }
    for good in ["^1.2.0", "~1.2", "'>=1.2 <2'"] {
        let after = read(&format!("{HEAD}{}", image(&format!("      constraint: {good}\n"))));
        assert!(after.diagnostics.is_empty(), "{good}: {:?}", after.diagnostics);
    }
    // At the end of the text and before another line, in a list in brackets and outside.
    for bad in [">1", ">1.0", ">=1.2", ">1 <3", ">"] {
        for rest in ["", "\n", "\n      discoveryLimit: 5\n", "\n  - image:\n      repoURL: b\n"] {
            let text = |value: &str| format!("{HEAD}{}", image(&format!("      constraint: {value}{rest}")));
            let before = read(&text(bad));
            let error = before.errors().next().unwrap_or_else(|| panic!("{bad} is taken"));
            let help = error.help.clone().unwrap_or_default();
            if bad == ">" {
                assert!(help.starts_with("write it like"), "{help}");
                continue;
            }
            assert_eq!(help, format!("quote it: \"{bad}\""), "{error}");
            assert_eq!((error.location.line, error.location.column), (9, 19), "{bad}{rest}");
            let after = read(&text(&format!("\"{bad}\"")));
            assert!(after.diagnostics.is_empty(), "{:?}", after.diagnostics);
            let SubscriptionKind::Image(image) = &after.warehouses[0].spec.subscriptions[0].kind else {
                panic!()
            };
            assert_eq!(image.constraint.as_deref(), Some(bad));
        }
    }
    // A tag that `Digest` follows may be any word.
    let digest =
        |tag: &str| image(&format!("      imageSelectionStrategy: Digest\n      constraint: {tag}\n"));
    mended(&digest("yes"), "quote it: \"yes\"", &digest("\"yes\""));
    mended(&digest("1.10"), "quote it: \"1.10\"", &digest("\"1.10\""));
    mended(&digest("*x"), "name a tag, for example `latest`", &digest("latest"));
}

#[test]
fn moments() {
    let git = |since: &str| format!("  - git:\n      repoURL: https://host/a\n      since: {since}\n");
    for bad in [
        "1704067200",
        "'1704067200'",
        "1704067200000",
        "2024",
        "20240101",
        "2024-01-01",
        "2024-01-01 00:00:00",
        "2024-01-01T02:00:00+0200",
        "[2024-01-01]",
    ] {
        let good = "2024-01-01T00:00:00Z";
        if bad != "[2024-01-01]" {
            mended(&git(bad), &format!("write {good}"), &git(good));
        }
    }
    for bad in ["yesterday", "30d", "5", "true"] {
        mended(&git(bad), "write it like 2025-01-31T00:00:00Z", &git("2025-01-31T00:00:00Z"));
    }
}

/// A manifest with these lines in its specification.
fn spec(lines: &str) -> String {
    format!("{HEAD}  - image:\n      repoURL: a\n").replace("spec:\n", &format!("spec:\n{lines}"))
}

#[test]
fn intervals() {
    let of = |text: &str| read(&spec(&format!("  interval: {text}\n")));
    for (bad, forms) in [
        ("5", &["5m0s", "5s"][..]),
        ("'5'", &["5m0s", "5s"]),
        ("300", &["5h0m0s", "5m0s"]),
        ("5 min", &["5m0s"]),
        ("5M", &["5m0s"]),
        ("1d", &["24h0m0s"]),
        ("2 weeks", &["336h0m0s"]),
        ("1h 30m", &["1h30m0s"]),
        ("PT5M", &["5m0s"]),
        ("500ms", &["0.5s"]),
        ("five", &["5m0s", "1h30m"]),
        ("0.5", &["5m0s", "1h30m"]),
        ("-5m", &["5m0s", "1h30m"]),
        ("true", &["5m0s", "1h30m"]),
        ("|5", &["5m0s", "1h30m"]),
        ("!x", &["5m0s", "1h30m"]),
    ] {
        let before = of(bad);
        let [found] = before.diagnostics.as_slice() else { panic!("{bad}: {:?}", before.diagnostics) };
        let help = found.help.clone().unwrap_or_default();
        let words = help.split([' ', ',']).filter(|word| forms.contains(word)).count();
        assert_eq!(words, forms.len(), "{bad}: {help}");
        for form in forms {
            let after = of(form);
            assert!(after.diagnostics.is_empty(), "{bad} written {form}: {:?}", after.diagnostics);
        }
    }
}

#[test]
fn criteria_of_freight_that_nobody_creates() {
    let criteria = "  freightCreationCriteria:\n    expression: imageFrom('a').Tag != ''\n";
    let before = read(&spec(&format!("  freightCreationPolicy: Manual\n{criteria}")));
    let [found] = before.diagnostics.as_slice() else { panic!("{:?}", before.diagnostics) };
    assert_eq!((found.code, found.is_error()), (Code::NoEffect, false));
    assert_eq!(found.help.as_deref(), Some("write `freightCreationPolicy: Automatic`, or delete it"));
    for lines in [
        format!("  freightCreationPolicy: Automatic\n{criteria}"),
        criteria.to_owned(),
        "  freightCreationPolicy: Manual\n".to_owned(),
        "  freightCreationPolicy: Manual\n  freightCreationCriteria: {expression: ''}\n".to_owned(),
    ] {
        let after = read(&spec(&lines));
        assert!(after.diagnostics.is_empty(), "{lines}: {:?}", after.diagnostics);
    }
}

/// The fields of a subscription without its type above them.
#[test]
fn fields_without_their_type_get_one() {
    for (field, of_type) in [("imageSelectionStrategy: SemVer", "image"), ("branch: main", "git")] {
        let head = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: w}\nspec:\n  subscriptions:\n";
        let bad = format!("{head}  - repoURL: https://e.x/a\n    {field}\n")
            .replace("https://e.x", if of_type == "git" { "https://e.x" } else { "e.x" });
        let manifest = warehouse_spec::parse("w.yaml", &bad, &warehouse_spec::Options::default());
        let help = manifest.diagnostics[0].help.clone().unwrap();
        assert!(help.starts_with(&format!("write `{of_type}:` above them")), "{help}");
        let good = bad
            .replace("  - repoURL", &format!("  - {of_type}:\n      repoURL"))
            .replace(&format!("    {field}"), &format!("      {field}"));
        let manifest = warehouse_spec::parse("w.yaml", &good, &warehouse_spec::Options::default());
        assert!(manifest.is_valid(), "{good}\n{:?}", manifest.diagnostics);
    }
}
