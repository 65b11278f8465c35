//! The rules of a manifest and its fields: how it is written, and what stands where.

use diagnostics::Severity;

use crate::diagnostic::Code;
use crate::lint::Rule;

pub(super) static RULES: &[Rule] = &[
    Rule::new(Code::Syntax, Severity::Error, "The text is YAML or JSON")
        .explained("A document that is not valid YAML is not read. The other documents of the file are. Kargo's API server refuses the same text.")
        .remedied("correct the place that the message shows; quote a value that starts with a special character")
        .with_example(
            warehouse!(r#"
  - image:
      repoURL: nginx
      constraint: "^1.26.0
"#),
            warehouse!(r#"
  - image:
      repoURL: nginx
      constraint: "^1.26.0"
"#),
        ),
    Rule::new(Code::Limit, Severity::Error, "The manifest is within the limits of size and depth")
        .explained("A manifest has at most 4 MiB, 64 levels and 200,000 values, aliases counted as what they stand for, so that no file can exhaust the memory of the reader.")
        .remedied("divide the manifest, and write what an alias repeats only once")
        .with_example(
            warehouse!("
  - name: a
    s3:
      config: &a
        b: *a
"),
            warehouse!("
  - name: a
    s3:
      config:
        b: c
"),
        ),
    Rule::new(Code::DuplicateKey, Severity::Warning, "A key occurs once in a mapping")
        .explained("The last one counts, as in Kubernetes' decoder; newer API servers warn or refuse.")
        .remedied("delete one of them")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      constraint: ^1.26.0
      constraint: ^1.27.0
"),
            warehouse!("
  - image:
      repoURL: nginx
      constraint: ^1.27.0
"),
        ),
    Rule::new(Code::Unquoted, Severity::Error, "A value that starts with a special character is quoted")
        .explained("YAML takes `!=9.0.0` and `!main` for a tag, `*` for an alias, `>9` for the head of a block, `[0-9]+` for a list, `#1` for a comment, and `\\.` in double quotes for an escape. Kargo is sent what is left, which selects something else or nothing.")
        .remedied("put the value into quotation marks, as the message shows it")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      constraint: !=1.27.1
"),
            warehouse!(r#"
  - image:
      repoURL: nginx
      constraint: "!=1.27.1"
"#),
        ),
    Rule::new(Code::WrongType, Severity::Error, "A value has the type of its field")
        .explained("YAML reads an unquoted `1.10` as a number, `on` as a boolean and `~` as nothing, and the API server refuses them for a text. A list of one text, or a text for a list, is refused as well.")
        .remedied("write the value as the message shows it: in quotation marks, in a list, or without them")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      constraint: 1.10
"),
            warehouse!(r#"
  - image:
      repoURL: nginx
      constraint: "1.10"
"#),
        ),
    Rule::new(Code::Missing, Severity::Error, "Required fields are there")
        .explained("A Warehouse needs a name and at least one subscription, a subscription its `repoURL`, a chart in a classic repository its `name`, and the strategy `Digest` its `constraint`.")
        .remedied("add the field")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      imageSelectionStrategy: Digest
"),
            warehouse!("
  - image:
      repoURL: nginx
      imageSelectionStrategy: Digest
      constraint: latest
"),
        ),
    Rule::new(Code::Null, Severity::Warning, "A field that is there has a value")
        .explained("A field without a value counts as absent, mostly because everything below it is commented out.")
        .remedied("give it a value, or delete it")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      constraint:
"),
            warehouse!("
  - image:
      repoURL: nginx
"),
        ),
    Rule::new(Code::UnknownField, Severity::Warning, "Every field is one that Kargo knows")
        .explained("An unknown field is dropped silently, so a misspelt one has no effect: with `semver` for `constraint`, the newest image of all is taken. An error with `discover --strict`.")
        .remedied("write the name that the message shows, or delete the field")
        .since("v1.9")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      constrain: ^1.26.0
"),
            warehouse!("
  - image:
      repoURL: nginx
      constraint: ^1.26.0
"),
        ),
    Rule::new(Code::FieldCase, Severity::Warning, "Fields have their exact capitals")
        .explained("Kargo takes a field of a subscription with other capitals, and no field outside of one; before v1.9 it took none.")
        .remedied("write the field with the capitals that the message shows")
        .since("v1.9")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      Constraint: ^1.26.0
"),
            warehouse!("
  - image:
      repoURL: nginx
      constraint: ^1.26.0
"),
        ),
    Rule::new(Code::Misplaced, Severity::Error, "Fields are where they belong")
        .explained("Beside `image`, `git` or `chart` there may be a `name` and nothing else; Kargo refuses a subscription with a second key. A `name` within an image or Git subscription is dropped.")
        .remedied("move the field to where the message says")
        .since("v1.9")
        .with_example(
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
    discoveryLimit: 5
"),
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
      discoveryLimit: 5
"),
        ),
    Rule::new(Code::OldSpelling, Severity::Warning, "Fields have the spelling of today")
        .explained("Each old spelling was dropped by some release of Kargo: most silently, so that the rule it holds does not apply; `allowTags` and `ignoreTags` let discovery fail from v1.11 on. They are all read here. The page about `warehouse migrate` lists them.")
        .remedied("`warehouse migrate` rewrites them")
        .since("v0.2")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      semverConstraint: ^1.26.0
      ignoreTags:
      - 1.26.3
"),
            warehouse!(r"
  - image:
      repoURL: nginx
      constraint: ^1.26.0
      ignoreTagsRegexes:
      - '^1\.26\.3$'
"),
        ),
    Rule::new(Code::Conflict, Severity::Warning, "Two spellings of one field agree")
        .explained("Where both are there, the newer spelling counts, as in Kargo v1.7 and v1.8.")
        .remedied("delete the old one")
        .since("v1.7")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      constraint: ^1.27.0
      semverConstraint: ^1.26.0
"),
            warehouse!("
  - image:
      repoURL: nginx
      constraint: ^1.27.0
"),
        ),
];
