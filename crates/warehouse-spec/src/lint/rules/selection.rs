//! The rules of what selects: the values of fields, and fields beside each other.

use diagnostics::Severity;

use crate::diagnostic::Code;
use crate::lint::Rule;

pub(super) static RULES: &[Rule] = &[
    Rule::new(Code::BadValue, Severity::Error, "A value is one that its field takes")
        .explained("The API server refuses a strategy, policy, platform, branch, duration, date or limit of another form. A whole reference such as `refs/heads/main` has the form of a branch, and no branch has that name (a warning).")
        .remedied("write a value that the message names")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      imageSelectionStrategy: Semver
"),
            warehouse!("
  - image:
      repoURL: nginx
      imageSelectionStrategy: SemVer
"),
        ),
    Rule::new(Code::BadUrl, Severity::Error, "A `repoURL` has the form that its kind of repository takes")
        .explained("An image has neither a scheme nor a tag, a chart `https://` or `oci://`, a Git repository `https://`, `ssh://` or the form `git@host:path`. A URL that names another host than it seems to is refused, so that no credential goes there. The URL of a page about a repository (`/tree/main`, `/-/tree/main`, `/src/main`), of an `index.yaml` or of a `.tgz` is that of no repository (a warning).")
        .remedied("write the URL as the message shows it")
        .with_example(
            warehouse!("
  - image:
      repoURL: docker.io/library/nginx:1.27
"),
            warehouse!("
  - image:
      repoURL: docker.io/library/nginx
"),
        ),
    Rule::new(Code::BadConstraint, Severity::Error, "A version constraint parses, and a version can satisfy it")
        .explained("Constraints are those of the Go library Masterminds/semver. Comparisons side by side must all hold, so that no version satisfies `^1 ^2`, `1.0.0 - 0.9.0` or `>1 <2` (a warning); alternatives are separated by `||`. Under `Digest`, `constraint` is the name of one tag.")
        .remedied("write it like `^1.2.0`, `~1.2`, or `>=1.2 <2`")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      constraint: '>=1.26<2'
"),
            warehouse!("
  - image:
      repoURL: nginx
      constraint: '>=1.26 <2'
"),
        ),
    Rule::new(Code::BadRegex, Severity::Error, "A regular expression parses, and is not a pattern of another tool")
        .explained("The syntax is Go's, which has no look-around and no possessive repeats. `regexp:^v1`, `/^v1/`, `!^v1`, `v1*` and `^\\\\d` in single quotation marks parse, and match no tag or every one (a warning).")
        .remedied("write it in the syntax of https://pkg.go.dev/regexp/syntax; what must not match goes into `ignoreTagsRegexes`")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      allowTagsRegexes: ['*-alpine']
"),
            warehouse!("
  - image:
      repoURL: nginx
      allowTagsRegexes: [-alpine$]
"),
        ),
    Rule::new(Code::BadSelector, Severity::Error, "A path selector can match a path")
        .explained("A selector without `glob:` or `regex:` is a path, letter by letter, from the root of the repository: `apps/**`, `/apps`, `!docs` and `apps\\web` match nothing. A pattern with a blank after its prefix, or with a leading `/`, matches nothing either. What `excludePaths` contains as a whole is not included.")
        .remedied("write the path as `git ls-files` shows it, or `glob:` and a pattern, or `regex:` and an expression")
        .with_example(
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
      includePaths:
      - /apps/**
"),
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
      includePaths:
      - glob:apps/**
"),
        ),
    Rule::new(Code::BadExpression, Severity::Error, "An expression compiles")
        .explained("The language is that of expr-lang. An operator of another language, or a function that is not called, lets discovery fail.")
        .remedied("write the operator that the message shows")
        .since("v1.6")
        .with_example(
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
      expressionFilter: subject contains 'fix' AND author != 'Bot <bot@example.com>'
"),
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
      expressionFilter: subject contains 'fix' and author != 'Bot <bot@example.com>'
"),
        ),
    Rule::new(Code::UnknownName, Severity::Warning, "An expression reads names that are there")
        .explained("An unknown name is nil, and a comparison with it is never what was meant: `message contains 'x'` fails or lets everything through. The names of commits are `id`, `commitDate`, `author`, `committer`, `subject`; those of tags `tag`, `id`, `creatorDate`, `author`, `committer`, `subject`, `tagger`, `annotation`.")
        .remedied("write the name that the message shows")
        .since("v1.6")
        .with_example(
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
      expressionFilter: message contains 'fix'
"),
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
      expressionFilter: subject contains 'fix'
"),
        ),
    Rule::new(Code::OneType, Severity::Error, "A subscription has one type")
        .explained("Each item of `subscriptions` is one of `image`, `git`, `chart`, or a type of its own with a `name` beside it.")
        .remedied("start a new item with `- ` for each type")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
    chart:
      repoURL: oci://ghcr.io/example/chart
"),
            warehouse!("
  - image:
      repoURL: nginx
  - chart:
      repoURL: oci://ghcr.io/example/chart
"),
        ),
    Rule::new(Code::Duplicate, Severity::Error, "Subscriptions can be distinguished")
        .explained("Results and Freight name a repository, so that a second subscription to it needs a `name` of its own; a `name` occurs once.")
        .remedied("delete one of them, or give each a name")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
  - image:
      repoURL: docker.io/library/nginx
"),
            warehouse!("
  - image:
      repoURL: nginx
"),
        ),
    Rule::new(Code::NoEffect, Severity::Warning, "Every field has an effect")
        .explained("The strategy decides which fields are read: `allowTags` without a strategy of tags filters nothing, and a constraint under `NewestBuild` limits nothing. Kargo says nothing about it.")
        .remedied("choose the strategy that reads the field, or delete the field")
        .with_example(
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
      allowTagsRegexes: [^v1]
"),
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
      commitSelectionStrategy: SemVer
      allowTagsRegexes: [^v1]
"),
        ),
    Rule::new(Code::KargoRefuses, Severity::Warning, "Kargo takes the manifest as well")
        .explained("It works here, and Kargo refuses it: a second subscription to one repository, also with names, and a `/` at the end of an `oci://` URL.")
        .remedied("write it as the message shows, if Kargo reads the manifest, too")
        .with_example(
            warehouse!("
  - chart:
      repoURL: oci://ghcr.io/example/chart/
"),
            warehouse!("
  - chart:
      repoURL: oci://ghcr.io/example/chart
"),
        ),
];
