//! The rules of best practices, which `lint` alone reports.

use diagnostics::Severity;

use crate::diagnostic::Code;
use crate::lint::Rule;

pub(super) static RULES: &[Rule] = &[
    Rule::new(Code::BadName, Severity::Error, "Names are those that an API server takes")
        .explained("The name of a Warehouse, its namespace, and the keys and values of labels have the forms of Kubernetes. Discovery works with any name.")
        .remedied("write small letters, digits and hyphens")
        .with_example(
            warehouse!("My_App", "
  - image:
      repoURL: nginx
"),
            warehouse!("my-app", "
  - image:
      repoURL: nginx
"),
        ),
    Rule::new(Code::Placeholder, Severity::Error, "Placeholders are filled in")
        .explained("`<your-org>`, `${ORG}`, `$ORG` and `{{ .Values.org }}` are not replaced in a Warehouse. In a URL they would be requested, in a pattern no tag has them.")
        .remedied("fill the value in, or render the template first")
        .with_example(
            warehouse!("
  - git:
      repoURL: https://github.com/<your-org>/app
"),
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
"),
        ),
    Rule::new(Code::Credential, Severity::Warning, "A URL holds no credential")
        .explained("Everyone who reads the manifest, or the status of the Warehouse, reads a password or a token. Kargo finds credentials by the labels of Secrets. The name of a user alone is not used, here or by Kargo, which compares URLs without it (a note).")
        .remedied("leave it out, and write it into a Secret with the label `kargo.akuity.io/cred-type`")
        .with_example(
            warehouse!("
  - git:
      repoURL: https://me:token@github.com/example/app
"),
            warehouse!("
  - git:
      repoURL: https://github.com/example/app
"),
        ),
    Rule::new(Code::Insecure, Severity::Warning, "Repositories are read over TLS, and certificates are verified")
        .explained("With `http://` or `insecureSkipTLSVerify`, anyone on the way decides what is deployed, and reads the credential. Loopback is left out.")
        .remedied("write `https://`, and let the certificate authority be trusted")
        .with_example(
            warehouse!("
  - chart:
      repoURL: http://charts.example.com
      name: app
"),
            warehouse!("
  - chart:
      repoURL: https://charts.example.com
      name: app
"),
        ),
    Rule::new(Code::Unanchored, Severity::Note, "A pattern that is one tag matches that tag alone")
        .explained("Patterns are not anchored, so `1.0` also matches `21.0-rc`; its point matches any character.")
        .remedied("write `^`, the tag with `\\.` for each point, and `$`")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      ignoreTagsRegexes: [1.27.1]
"),
            warehouse!(r"
  - image:
      repoURL: nginx
      ignoreTagsRegexes: ['^1\.27\.1$']
"),
        ),
    Rule::new(Code::Unlimited, Severity::Note, "`NewestBuild` has a list of tags")
        .explained("It needs the time of each image, so that the metadata of every tag of the repository is read.")
        .remedied("name the tags with `allowTagsRegexes`")
        .with_example(
            warehouse!("
  - image:
      repoURL: nginx
      imageSelectionStrategy: NewestBuild
"),
            warehouse!("
  - image:
      repoURL: nginx
      imageSelectionStrategy: NewestBuild
      allowTagsRegexes: [-alpine$]
"),
        ),
    Rule::new(Code::DuplicateObject, Severity::Warning, "A file holds an object once")
        .explained("Two documents of one kind, namespace and name are one object in a cluster, which keeps the last one.")
        .remedied("delete one of them, or give it another name")
        .with_example(
            concat!(warehouse!("
  - image:
      repoURL: nginx
---
"), warehouse!("
  - image:
      repoURL: redis
")),
            concat!(warehouse!("
  - image:
      repoURL: nginx
---
"), warehouse!("other", "
  - image:
      repoURL: redis
")),
        ),
];
