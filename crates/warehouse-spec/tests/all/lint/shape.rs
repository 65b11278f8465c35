//! Subscriptions in another shape than a list of types: what is wrong within them is told at once, and the edit brings them into their shape.

use warehouse_spec::{Code, Options, Replacement, lint};

const START: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n";

/// What is told of this specification, and the specification after the edits.
#[track_caller]
fn told(spec: &str, expected: &[(Code, &str)]) -> String {
    let text = format!("{START}{spec}");
    let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
    let said: Vec<_> =
        found.iter().map(|found| (found.code, found.help.as_deref().unwrap_or_default())).collect();
    assert_eq!(said, expected, "{found:#?}");
    Replacement::apply_all(&text, found.iter().filter_map(|found| found.replacement.as_ref()))
}

#[track_caller]
fn clean(spec: &str) {
    let found = lint("kargo.yaml", &format!("{START}{spec}"), &Options::default());
    assert_eq!((found.diagnostics.as_slice(), found.warehouses.len()), (&[][..], 1), "{spec}");
}

/// The specification is told once, and its edit makes this of it, which is clean.
#[track_caller]
fn mended(spec: &str, code: Code, help: &str, edited: &str) {
    assert_eq!(told(spec, &[(code, help)]), format!("{START}{edited}"));
    clean(edited);
}

const TAG: (Code, &str) =
    (Code::BadUrl, "write nginx; which tags count is said by `constraint` and `allowTagsRegexes`");
const ITEMS: &str = "write `- ` before each type, as in `- image:`";

#[test]
fn a_list_is_forgotten() {
    mended(
        "  subscriptions:\n    image:\n      repoURL: nginx\n    # why\n    git:\n      repoURL: https://h/a\n      includePaths:\n      - a\n",
        Code::WrongType,
        ITEMS,
        "  subscriptions:\n    - image:\n        repoURL: nginx\n      # why\n    - git:\n        repoURL: https://h/a\n        includePaths:\n        - a\n",
    );
    mended(
        "  subscriptions:\n    name: web\n    image: {repoURL: nginx}\n",
        Code::WrongType,
        ITEMS,
        "  subscriptions:\n    - name: web\n      image: {repoURL: nginx}\n",
    );
    told("  subscriptions:\n    image: {repoURL: 'nginx:1'}\n", &[(Code::WrongType, ITEMS), TAG]);
    told(
        "  subscriptions: {image: {repoURL: 'nginx:1'}, git: {repoURL: 'https://h/a'}}\n",
        &[(Code::WrongType, ITEMS), TAG],
    );
}

#[test]
fn the_key_of_the_list_is_misspelt() {
    let edited = told(
        "  subscription:\n  - image: {repoURL: 'nginx:1'}\n",
        &[(Code::Missing, "did you mean `subscriptions`?"), TAG],
    );
    assert_eq!(edited, format!("{START}  subscriptions:\n  - image: {{repoURL: nginx}}\n"));
    // Beside `spec`, they are checked as well.
    let beside = (Code::Misplaced, "write it under a line `spec:`, indented");
    let under = (Code::Misplaced, "write it under `spec`, indented");
    told("  interval: 5m0s\nsubscriptions:\n- image: {repoURL: 'nginx:1'}\n", &[under, TAG]);
    told("subscriptions:\n- image: {repoURL: 'nginx:1'}\n", &[beside, TAG]);
}

/// Fields beside a type that has no value are read as if they were below it, and one edit puts them there.
#[test]
fn fields_beside_an_empty_type() {
    let below = |of_type: &str| format!("indent them, so that they are below `{of_type}:`");
    mended(
        "  subscriptions:\n  - image:\n    repoURL: nginx\n",
        Code::Misplaced,
        &below("image"),
        "  subscriptions:\n  - image:\n      repoURL: nginx\n",
    );
    mended(
        "  subscriptions:\n  - name: app # ours\n    git: # why\n    repoURL: https://h/a\n    # paths\n    includePaths:\n    - a\n\n    - b\n",
        Code::Misplaced,
        &below("git"),
        "  subscriptions:\n  - name: app # ours\n    git: # why\n      repoURL: https://h/a\n      # paths\n      includePaths:\n      - a\n\n      - b\n",
    );
    mended(
        "  subscriptions:\n  - chart:\n    repoURL: https://h/c\n    name: web\n",
        Code::Misplaced,
        &below("chart"),
        "  subscriptions:\n  - chart:\n      repoURL: https://h/c\n      name: web\n",
    );
    mended(
        "  subscriptions:\n  - image:\n    repoURL: nginx\n    name: web\n",
        Code::Misplaced,
        &below("image"),
        "  subscriptions:\n  - image:\n      repoURL: nginx\n    name: web\n",
    );
    told(
        "  subscriptions:\n  - image:\n    repoURL: nginx:1\n    discoveryLimit: 500\n",
        &[(Code::Misplaced, &below("image")), TAG, (Code::BadValue, "write a number from 1 to 100")],
    );
    // What stands apart has no edit, and no edit of a field takes anything else away.
    for spec in [
        "  subscriptions:\n  - repoURL: nginx\n    image:\n    strictSemvers: false\n    imageSelectionStrategy: Lexical\n",
        "  subscriptions:\n  - {image: , repoURL: nginx, strictSemvers: false, imageSelectionStrategy: Lexical}\n",
        "  subscriptions:\n  - strictSemvers: false\n    image:\n    imageSelectionStrategy: Lexical\n    repoURL: nginx\n",
    ] {
        let text = format!("{START}{spec}");
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        let codes: Vec<Code> = found.iter().map(|found| found.code).collect();
        assert_eq!(codes.len(), 2, "{found:#?}");
        assert!(codes.contains(&Code::Misplaced) && codes.contains(&Code::NoEffect), "{found:#?}");
        assert!(found.iter().all(|found| found.replacement.is_none()), "{found:#?}");
    }
}

/// A field beside a type with a value is moved into it, and its value is checked.
#[test]
fn a_field_beside_a_type() {
    mended(
        "  subscriptions:\n  - image:\n      repoURL: nginx\n    discoveryLimit: 5 # few\n",
        Code::Misplaced,
        "move `discoveryLimit` into `image`",
        "  subscriptions:\n  - image:\n      repoURL: nginx\n      discoveryLimit: 5 # few\n",
    );
    mended(
        "  subscriptions: [{image: {repoURL: nginx}, discoveryLimit: 5}]\n",
        Code::Misplaced,
        "move `discoveryLimit` into `image`",
        "  subscriptions: [{image: {repoURL: nginx, discoveryLimit: 5}}]\n",
    );
    told(
        "  subscriptions:\n  - git:\n      repoURL: https://h/a\n      branch: main\n    branch: x\n    since: never\n",
        &[
            (Code::Misplaced, "delete `branch`, which is in `git` already"),
            (Code::Misplaced, "move `since` into `git`"),
            (Code::BadValue, "write it like 2025-01-31T00:00:00Z"),
        ],
    );
}

#[test]
fn a_type_as_a_field() {
    let fields = |of_type: &str| format!("write `- {of_type}:`, and below it, indented, the other fields");
    mended(
        "  subscriptions:\n  - type: image\n    repoURL: nginx\n    allowTagsRegexes:\n    - ^v1\n",
        Code::OneType,
        &fields("image"),
        "  subscriptions:\n  - image:\n        repoURL: nginx\n        allowTagsRegexes:\n        - ^v1\n",
    );
    mended(
        "  subscriptions:\n  - {kind: git, repoURL: 'https://h/a', branch: main}\n",
        Code::OneType,
        &fields("git"),
        "  subscriptions:\n  - {git: {repoURL: 'https://h/a', branch: main}}\n",
    );
    mended(
        "  subscriptions:\n  - type: helm\n    repoURL: https://h/a\n    name: web\n",
        Code::OneType,
        &fields("chart"),
        "  subscriptions:\n  - chart:\n        repoURL: https://h/a\n        name: web\n",
    );
    told(
        "  subscriptions:\n  - kind: image\n    repoURL: nginx:1\n",
        &[(Code::OneType, &fields("image")), TAG],
    );
    told("  subscriptions:\n  - type: image\n", &[(Code::OneType, &fields("image"))]);
    let named = format!("{}, except `name`", fields("git"));
    told(
        "  subscriptions:\n  - kind: git\n    name: web\n    repoURL: https://h/a\n",
        &[(Code::OneType, &named)],
    );
    clean("  subscriptions:\n  - git:\n      repoURL: https://h/a\n    name: web\n");
}

#[test]
fn a_field_above_its_subscription() {
    let list = "  subscriptions:\n  - image:\n      repoURL: nginx\n";
    let under = |of_type: &str| format!("indent it: it belongs in a subscription, under {of_type}");
    told(&format!("{list}  constraint: ^1.0.0\n"), &[(Code::UnknownField, &under("`image:`"))]);
    told(&format!("{list}branch: main\n"), &[(Code::UnknownField, &under("`git:`"))]);
    told(
        &format!("{list}  discoveryLimit: 5\n"),
        &[(Code::UnknownField, &under("`image:` or `git:` or `chart:`"))],
    );
    told(&format!("{list}  colour: red\n"), &[(Code::UnknownField, "delete it")]);
    clean(&format!("{list}      constraint: ^1.0.0\n"));
}

/// Without the blank after its colon, a field is a part of a text: what is wrong behind it is told as well.
#[test]
fn a_blank_is_forgotten() {
    let blank = |entry: &str| format!("write a blank after the colon: `{entry}`");
    let web = "  subscriptions:\n  - image:\n      repoURL: ghcr.io/acme/web\n";
    mended(
        "  subscriptions:\n  - image:\n      repoURL:ghcr.io/acme/web\n",
        Code::Unquoted,
        &blank("repoURL: ghcr.io/acme/web"),
        web,
    );
    mended(
        "  subscriptions:\n  - image: {repoURL:nginx}\n",
        Code::Unquoted,
        &blank("repoURL: nginx"),
        "  subscriptions:\n  - image: {repoURL: nginx}\n",
    );
    mended(
        &format!("{web}      constraint:^1.0.0\n"),
        Code::Unquoted,
        &blank("constraint: ^1.0.0"),
        &format!("{web}      constraint: ^1.0.0\n"),
    );
    let (interval, url, constraint) =
        (blank("interval: 5m0s"), blank("repoURL: ghcr.io/acme/web"), blank("constraint: ^1.0.0"));
    let edited = told(
        "  interval:5m0s\n  subscriptions:\n  - image:\n      repoURL:ghcr.io/acme/web\n      constraint:^1.0.0\n",
        &[(Code::Unquoted, &interval), (Code::Unquoted, &url), (Code::Unquoted, &constraint)],
    );
    assert_eq!(edited, format!("{START}  interval: 5m0s\n{web}      constraint: ^1.0.0\n"));
    let tag = blank("repoURL: nginx:1");
    told(
        "  subscriptions:\n  - image:\n      repoURL:nginx:1\n      platform: linux/amd64\n",
        &[(Code::Unquoted, &tag), TAG],
    );
}

/// An item beside keys, and a key that is aligned with nothing, need no quotation marks.
#[test]
fn what_stands_in_no_column_of_others() {
    for (spec, help) in [
        (
            "  interval: 5m0s\n  - image:\n      repoURL: nginx\n",
            "write the key of the list on a line before it, such as `subscriptions:`",
        ),
        (
            "  subscriptions:\n  - image:\n      repoURL: nginx\n     constraint: ^1.0.0\n",
            "start it in the column of the fields that it belongs to",
        ),
    ] {
        told(spec, &[(Code::Syntax, help)]);
    }
    clean("  interval: 5m0s\n  subscriptions:\n  - image:\n      repoURL: nginx\n");
    clean("  subscriptions:\n  - image:\n      repoURL: nginx\n      constraint: ^1.0.0\n");
}
