//! Rules about `values.yaml`.

use diagnostics::Severity;

use super::definition::{Example, Rule, Subject};

pub(crate) const ALL: &[&Rule] =
    &[&VALUES_YAML, &TAG_LATEST, &TAG_DIFFERS, &RESOURCES, &SECURITY, &SECURITY_EMPTY, &SECURITY_UNSAFE];

pub(crate) static VALUES_YAML: Rule = Rule {
    name: "values-yaml-invalid",
    subject: Subject::Values,
    severity: Severity::Error,
    summary: "`values.yaml` is a map in YAML",
    explanation: "Helm refuses the chart otherwise. A chart without values may leave the file out.",
    remedy: "correct the file",
    option: None,
    example: Example {
        file: "values.yaml",
        before: "- image\n",
        after: concat!(
            "image:\n",
            "  repository: example/web\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n",
            "securityContext:\n",
            "  runAsNonRoot: true\n"
        ),
    },
};

pub(crate) static TAG_LATEST: Rule = Rule {
    name: "image-tag-latest",
    subject: Subject::Values,
    severity: Severity::Error,
    summary: "No tag of an image in the values is `latest`",
    explanation: "`latest` changes, so the same chart may install another application.",
    remedy: "leave the tag empty, so that templates fall back to `appVersion`, or write an exact one",
    option: None,
    example: Example {
        file: "values.yaml",
        before: concat!(
            "image:\n",
            "  repository: example/web\n",
            "  tag: latest\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n",
            "securityContext:\n",
            "  runAsNonRoot: true\n"
        ),
        after: concat!(
            "image:\n",
            "  repository: example/web\n",
            "  tag: \"\"\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n",
            "securityContext:\n",
            "  runAsNonRoot: true\n"
        ),
    },
};

pub(crate) static TAG_DIFFERS: Rule = Rule {
    name: "image-tag-not-app-version",
    subject: Subject::Values,
    severity: Severity::Warning,
    summary: "The tag of the chart's own image is `appVersion`",
    explanation: "Two places for one version drift apart, and `helm list` then shows the wrong one. Only `image.tag` at the top of the values is checked; images of other components have versions of their own.",
    remedy: "leave the tag empty and let templates fall back to `.Chart.AppVersion`",
    option: None,
    example: Example {
        file: "values.yaml",
        before: concat!(
            "image:\n",
            "  repository: example/web\n",
            "  tag: 2.2.0\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n",
            "securityContext:\n",
            "  runAsNonRoot: true\n"
        ),
        after: concat!(
            "image:\n",
            "  repository: example/web\n",
            "  tag: 2.3.1\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n",
            "securityContext:\n",
            "  runAsNonRoot: true\n"
        ),
    },
};

pub(crate) static RESOURCES: Rule = Rule {
    name: "resources-not-configurable",
    subject: Subject::Values,
    severity: Severity::Warning,
    summary: "Each component with an image has `resources` in the values",
    explanation: "The user who installs the chart has to set requests and limits for the cluster. A component is a map with a key `image`; `resources` may be in it or in a map around it. The values of dependencies and `global` are left out, and so are library charts.",
    remedy: "add `resources: {}` beside the image, and use it in the template",
    option: None,
    example: Example {
        file: "values.yaml",
        before: concat!(
            "image:\n",
            "  repository: example/web\n",
            "securityContext:\n",
            "  runAsNonRoot: true\n"
        ),
        after: concat!(
            "image:\n",
            "  repository: example/web\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n",
            "securityContext:\n",
            "  runAsNonRoot: true\n"
        ),
    },
};

pub(crate) static SECURITY: Rule = Rule {
    name: "security-context-not-configurable",
    subject: Subject::Values,
    severity: Severity::Warning,
    summary: "Each component with an image has a security context in the values",
    explanation: "The user who installs the chart has to fit it to the policies of the cluster. `securityContext`, `podSecurityContext` or `containerSecurityContext` may be beside the image or in a map around it.",
    remedy: "add `securityContext` beside the image, and use it in the template",
    option: None,
    example: Example {
        file: "values.yaml",
        before: concat!(
            "image:\n",
            "  repository: example/web\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n"
        ),
        after: concat!(
            "image:\n",
            "  repository: example/web\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n",
            "securityContext:\n",
            "  runAsNonRoot: true\n"
        ),
    },
};

pub(crate) static SECURITY_EMPTY: Rule = Rule {
    name: "security-context-without-defaults",
    subject: Subject::Values,
    severity: Severity::Warning,
    summary: "A security context in the values has defaults",
    explanation: "An empty one leaves the container as root with all that its image allows. One of several contexts of a component is enough.",
    remedy: "write `runAsNonRoot: true`, `allowPrivilegeEscalation: false` and `capabilities: {drop: [ALL]}`, as far as the image works with them",
    option: None,
    example: Example {
        file: "values.yaml",
        before: concat!(
            "image:\n",
            "  repository: example/web\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n",
            "securityContext: {}\n"
        ),
        after: concat!(
            "image:\n",
            "  repository: example/web\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n",
            "securityContext:\n",
            "  runAsNonRoot: true\n"
        ),
    },
};

pub(crate) static SECURITY_UNSAFE: Rule = Rule {
    name: "security-context-unsafe",
    subject: Subject::Values,
    severity: Severity::Warning,
    summary: "The defaults of a security context grant no extra rights",
    explanation: "`privileged: true`, `allowPrivilegeEscalation: true`, `runAsNonRoot: false` and `runAsUser: 0` are a choice of the user who installs the chart.",
    remedy: "remove the line, or write the opposite value",
    option: None,
    example: Example {
        file: "values.yaml",
        before: concat!(
            "image:\n",
            "  repository: example/web\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n",
            "securityContext:\n",
            "  privileged: true\n"
        ),
        after: concat!(
            "image:\n",
            "  repository: example/web\n",
            "resources:\n",
            "  requests:\n",
            "    memory: 64Mi\n",
            "securityContext:\n",
            "  privileged: false\n"
        ),
    },
};
