//! Rules about `Chart.yaml`, `Chart.lock` and the files of a chart.

use diagnostics::Severity;

use super::definition::{Example, Rule, Subject};

pub(crate) const ALL: &[&Rule] = &[
    &CHART_YAML,
    &UNKNOWN_FIELD,
    &API_VERSION,
    &NAME,
    &FOLDER,
    &VERSION,
    &VERSION_TYPE,
    &BELOW_ONE,
    &APP_VERSION_MISSING,
    &APP_VERSION_LATEST,
    &TYPE,
    &LIBRARY_MANIFEST,
    &ICON_MISSING,
    &URL,
    &MAINTAINER,
    &DEPENDENCIES_V1,
    &DEPENDENCY_TWICE,
    &DEPENDENCY_DEV,
    &UNLOCKED,
    &LOCK,
];

pub(crate) static CHART_YAML: Rule = Rule {
    name: "chart-yaml-invalid",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "`Chart.yaml` is there and is a map in YAML",
    explanation: "Helm refuses a chart without it. Charts whose `Chart.yaml` cannot be read have no other findings of `Chart.yaml`.",
    remedy: "make the folder a chart: `Chart.yaml` with `apiVersion`, `name` and `version`",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!("apiVersion: v2\n", "name: \"web\n", "version: 1.4.0\n"),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static UNKNOWN_FIELD: Rule = Rule {
    name: "chart-yaml-unknown-field",
    subject: Subject::Chart,
    severity: Severity::Warning,
    summary: "`Chart.yaml` has only fields that Helm knows",
    explanation: "Helm drops other fields silently when it packages, so a misspelt field has no effect. `helm lint` warns as well.",
    remedy: "correct the name, or put the value under `annotations`",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "deps: []\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static API_VERSION: Rule = Rule {
    name: "api-version-invalid",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "`apiVersion` is `v1` or `v2`",
    explanation: "Helm refuses the chart otherwise.",
    remedy: "write `apiVersion: v2`",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v3\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static NAME: Rule = Rule {
    name: "chart-name-invalid",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "The chart has a name that can be part of a path and of an image reference",
    explanation: "Helm refuses a chart without a name and names with slashes; a registry takes only small letters, digits and single `.`, `_`, `-` between them.",
    remedy: "name the chart with small letters, digits and hyphens",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: Web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static FOLDER: Rule = Rule {
    name: "chart-name-not-folder",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "The folder of the chart has the name of the chart",
    explanation: "An archive always holds a folder of the chart's name. Tools that find a chart by its folder, such as those that map changed files to charts, find another name in its tags.",
    remedy: "give the folder and the chart the same name",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: website\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static VERSION: Rule = Rule {
    name: "version-not-semver",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "`version` is there and is a semantic version",
    explanation: "Helm refuses some others and reads the rest with its own repairs (`1.0` as `1.0.0`), so tags and constraints do not match what is written.",
    remedy: "write MAJOR.MINOR.PATCH, as in `1.4.0`",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: v1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static VERSION_TYPE: Rule = Rule {
    name: "version-not-text",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "`version` and `appVersion` are texts",
    explanation: "YAML reads `1.10` as a number and drops its zero, so the version is `1.1`. `helm lint` refuses it.",
    remedy: "put the version between quotation marks",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: 1.10\n",
            "icon: https://example.com/web.svg\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"1.10\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static BELOW_ONE: Rule = Rule {
    name: "version-below-one",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "A chart that is deployed has a version from 1.0.0",
    explanation: "Below 1.0.0 a semantic version promises nothing, and every minor version may break its users. Library charts and dev versions are left out.",
    remedy: "release the chart as 1.0.0",
    option: Some("deployed"),
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 0.9.3\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static APP_VERSION_MISSING: Rule = Rule {
    name: "app-version-missing",
    subject: Subject::Chart,
    severity: Severity::Warning,
    summary: "An application chart names the version of its application",
    explanation: "`appVersion` is the tag of the image: templates fall back to it, and `helm list` shows it. Library charts have none.",
    remedy: "write the tag of the image as `appVersion`",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "icon: https://example.com/web.svg\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static APP_VERSION_LATEST: Rule = Rule {
    name: "app-version-latest",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "`appVersion` is not `latest`",
    explanation: "`latest` changes, so the same chart may install another application.",
    remedy: "write the tag of the image that the chart was tested with",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: latest\n",
            "icon: https://example.com/web.svg\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static TYPE: Rule = Rule {
    name: "chart-type-invalid",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "`type` is `application` or `library`, in a chart with `apiVersion: v2`",
    explanation: "Helm refuses other types, and the field in a chart with `apiVersion: v1`.",
    remedy: "write `type: application` or `type: library`",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "type: app\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static LIBRARY_MANIFEST: Rule = Rule {
    name: "library-with-manifests",
    subject: Subject::Chart,
    severity: Severity::Warning,
    summary: "Templates of a library chart have names that start with `_`",
    explanation: "Helm leaves out all other templates of a library chart silently when it renders.",
    remedy: "rename the template to start with `_`, or make it a named template in one that does",
    option: None,
    example: Example {
        file: "templates/deployment.yaml",
        before: "kind: Deployment\n",
        after: concat!("{{- define \"web.deployment\" }}\n", "kind: Deployment\n", "{{- end }}\n"),
    },
};

pub(crate) static ICON_MISSING: Rule = Rule {
    name: "icon-missing",
    subject: Subject::Chart,
    severity: Severity::Note,
    summary: "The chart has an icon",
    explanation: "`helm lint` recommends one. Library charts need none.",
    remedy: "write the URL of an icon as `icon`",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!("apiVersion: v2\n", "name: web\n", "version: 1.4.0\n", "appVersion: \"2.3.1\"\n"),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static URL: Rule = Rule {
    name: "url-invalid",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "`icon` and `sources` are URLs",
    explanation: "`helm lint` refuses others.",
    remedy: "write a URL with `https://`",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: example.com/web.svg\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n"
        ),
    },
};

pub(crate) static MAINTAINER: Rule = Rule {
    name: "maintainer-invalid",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "Each maintainer has a name, and an address or URL that is one",
    explanation: "`helm lint` refuses others.",
    remedy: "correct the maintainer",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "maintainers:\n",
            "- email: web@example.com\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "maintainers:\n",
            "- name: Web team\n",
            "  email: web@example.com\n"
        ),
    },
};

pub(crate) static DEPENDENCIES_V1: Rule = Rule {
    name: "dependencies-in-v1",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "`dependencies` are in a `Chart.yaml` with `apiVersion: v2`",
    explanation: "With `apiVersion: v1` they are in `requirements.yaml`.",
    remedy: "write `apiVersion: v2`",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v1\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "dependencies:\n",
            "- name: redis\n",
            "  version: 20.1.0\n",
            "  repository: https://charts.example.com\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "dependencies:\n",
            "- name: redis\n",
            "  version: 20.1.0\n",
            "  repository: https://charts.example.com\n"
        ),
    },
};

pub(crate) static DEPENDENCY_TWICE: Rule = Rule {
    name: "dependency-duplicate",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "No two dependencies have the same name or alias",
    explanation: "Helm refuses the chart: both would have the same values.",
    remedy: "give one of the two an `alias`",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "dependencies:\n",
            "- name: redis\n",
            "  version: 20.1.0\n",
            "  repository: https://charts.example.com\n",
            "- name: redis\n",
            "  version: 19.0.0\n",
            "  repository: https://charts.example.com\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "dependencies:\n",
            "- name: redis\n",
            "  version: 20.1.0\n",
            "  repository: https://charts.example.com\n",
            "- name: redis\n",
            "  alias: cache\n",
            "  version: 19.0.0\n",
            "  repository: https://charts.example.com\n"
        ),
    },
};

pub(crate) static DEPENDENCY_DEV: Rule = Rule {
    name: "dependency-on-dev-version",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "A released chart does not depend on a dev version",
    explanation: "A version such as `0.0.0-dev` is overwritten, so the content of the release changes after the release. A version counts as dev if one of the words of its pre-release is `dev`. `Chart.lock`, the charts in `charts/` and those that `file://` leads to are checked, too.",
    remedy: "release the dependency, and depend on that version",
    option: Some("release"),
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "dependencies:\n",
            "- name: redis\n",
            "  version: 0.0.0-dev\n",
            "  repository: https://charts.example.com\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "dependencies:\n",
            "- name: redis\n",
            "  version: 20.1.0\n",
            "  repository: https://charts.example.com\n"
        ),
    },
};

pub(crate) static UNLOCKED: Rule = Rule {
    name: "dependency-not-locked",
    subject: Subject::Chart,
    severity: Severity::Warning,
    summary: "A dependency with a range of versions has a `Chart.lock`",
    explanation: "Without one, the same commit may be packaged with different versions on two days. Dependencies on folders (`file://`) are of the same commit and need none.",
    remedy: "run `helm dependency update` and commit `Chart.lock`, or write an exact version",
    option: None,
    example: Example {
        file: "Chart.yaml",
        before: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "dependencies:\n",
            "- name: redis\n",
            "  version: ^20.1.0\n",
            "  repository: https://charts.example.com\n"
        ),
        after: concat!(
            "apiVersion: v2\n",
            "name: web\n",
            "version: 1.4.0\n",
            "appVersion: \"2.3.1\"\n",
            "icon: https://example.com/web.svg\n",
            "dependencies:\n",
            "- name: redis\n",
            "  version: 20.1.0\n",
            "  repository: https://charts.example.com\n"
        ),
    },
};

pub(crate) static LOCK: Rule = Rule {
    name: "lock-out-of-step",
    subject: Subject::Chart,
    severity: Severity::Error,
    summary: "`Chart.lock` has the dependencies of `Chart.yaml`",
    explanation: "Helm refuses to build the dependencies of a chart whose lock names others.",
    remedy: "run `helm dependency update` and commit `Chart.lock`",
    option: None,
    example: Example {
        file: "Chart.lock",
        before: concat!(
            "dependencies:\n",
            "- name: redis\n",
            "  repository: https://charts.example.com\n",
            "  version: 20.1.0\n",
            "digest: sha256:0123456789012345678901234567890123456789012345678901234567890123\n",
            "generated: \"2026-01-01T00:00:00Z\"\n"
        ),
        after: concat!(
            "dependencies: []\n",
            "digest: sha256:0123456789012345678901234567890123456789012345678901234567890123\n",
            "generated: \"2026-01-01T00:00:00Z\"\n"
        ),
    },
};
