//! Rules about waivers.

use diagnostics::Severity;

use super::definition::{Example, Rule, Subject};

pub(crate) const ALL: &[&Rule] = &[&WITHOUT_REASON, &UNKNOWN_RULE, &UNUSED, &MALFORMED];

const FORM: &str =
    "write `# lint: allow RULE: REASON`, or `# lint: allow-file RULE: REASON` for the whole file";

const WAIVED: &str = "FROM debian:12.8-slim\n# lint: allow privileged-port: the port is part of the protocol\nEXPOSE 80\nUSER 1000\n";

pub(crate) static WITHOUT_REASON: Rule = Rule {
    name: "waiver-without-reason",
    subject: Subject::Waiver,
    severity: Severity::Error,
    summary: "A waiver says why",
    explanation: "The next reader cannot tell a decision from a shortcut.",
    remedy: FORM,
    option: None,
    example: Example {
        file: "Dockerfile",
        before: "FROM debian:12.8-slim\n# lint: allow privileged-port\nEXPOSE 80\nUSER 1000\n",
        after: WAIVED,
    },
};

pub(crate) static UNKNOWN_RULE: Rule = Rule {
    name: "waiver-of-unknown-rule",
    subject: Subject::Waiver,
    severity: Severity::Error,
    summary: "A waiver names a rule that exists",
    explanation: "A misspelt name waives nothing.",
    remedy: "write the name in brackets at the end of the finding",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: "FROM debian:12.8-slim\n# lint: allow privileged-ports: the port is part of the protocol\nEXPOSE 8080\nUSER 1000\n",
        after: WAIVED,
    },
};

pub(crate) static UNUSED: Rule = Rule {
    name: "waiver-unused",
    subject: Subject::Waiver,
    severity: Severity::Warning,
    summary: "A waiver waives a finding",
    explanation: "Its finding is gone, or the comment is in the wrong place. Left in the file, it would hide a later finding.",
    remedy: "remove the comment, or put it directly above the instruction or key that has the finding",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: "FROM debian:12.8-slim\n# lint: allow privileged-port: the port is part of the protocol\nEXPOSE 8080\nUSER 1000\n",
        after: "FROM debian:12.8-slim\nEXPOSE 8080\nUSER 1000\n",
    },
};

pub(crate) static MALFORMED: Rule = Rule {
    name: "waiver-malformed",
    subject: Subject::Waiver,
    severity: Severity::Error,
    summary: "A comment that begins with `lint:` is a waiver",
    explanation: "A waiver in another form waives nothing.",
    remedy: FORM,
    option: None,
    example: Example {
        file: "Dockerfile",
        before: "FROM debian:12.8-slim\n# lint: ignore privileged-port\nEXPOSE 8080\nUSER 1000\n",
        after: "FROM debian:12.8-slim\nEXPOSE 8080\nUSER 1000\n",
    },
};
