//! Dockerfiles that are odd and good, bad in one place, or no Dockerfiles.

use chart_lint::{Options, lint_dockerfile};
use proptest::prelude::*;

fn found(text: &str) -> Vec<String> {
    let findings = lint_dockerfile("Dockerfile", text, &Options::default());
    findings
        .iter()
        .map(|finding| format!("{}:{} {}", finding.location.line, finding.location.column, finding.code))
        .collect()
}

#[track_caller]
fn check(cases: &[(&str, &str, &[&str])]) {
    let mut wrong = Vec::new();
    for (name, text, expected) in cases {
        let found = found(text);
        if found != *expected {
            wrong.push(format!("{name}: {found:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn odd_and_good_ones_have_no_findings() {
    let cases = [
        (
            "arguments before the first stage",
            "ARG VERSION=22.11.0\nARG BASE=node:${VERSION}-slim\nFROM ${BASE}\nUSER node\n",
        ),
        ("an argument without a default", "ARG BASE\nFROM $BASE\nRUN yarn --version\n"),
        ("a default inside the name", "FROM node:${VERSION:-22.11.0}-slim\nUSER node\n"),
        (
            "a digest for a tag",
            "FROM node@sha256:0123456789012345678901234567890123456789012345678901234567890123\nUSER node\n",
        ),
        ("a registry with a port", "FROM registry.example.com:5000/base:1.2\nUSER 1000\n"),
        ("lower case", "from debian:12.8-slim as base\nuser 1000:1000\n"),
        ("a byte order mark and Windows line breaks", "\u{feff}FROM debian:12.8-slim\r\nUSER 1000\r\n"),
        (
            "the directive of escapes",
            "# escape=`\nFROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN dir `\n  C:\\\nUSER ContainerUser\n",
        ),
        ("the directive of syntax", "# syntax=docker/dockerfile:1\nFROM debian:12.8-slim\nUSER 1000\n"),
        (
            "comments inside an instruction",
            "FROM debian:12.8-slim\nRUN apt-get update \\\n    # what we need\n    && apt-get install -y --no-install-recommends curl \\\n\n    && rm -rf /var/lib/apt/lists/*\nUSER 1000\n",
        ),
        (
            "a here-document as the first word",
            "FROM debian:12.8-slim\nRUN <<EOF\nset -e\napt-get update\napt-get install --no-install-recommends -y curl\nrm -rf /var/lib/apt/lists/*\nEOF\nUSER 1000\n",
        ),
        (
            "a here-document after a command",
            "FROM debian:12.8-slim\nRUN cat <<'EOF' > /etc/motd && chmod 644 /etc/motd\napt-get install curl\nUSER root\nEOF\nUSER 1000\n",
        ),
        (
            "two here-documents",
            "FROM debian:12.8-slim\nCOPY <<ONE <<-TWO /etc/app/\nUSER root\nONE\n\tFROM nothing\n\tTWO\nUSER 1000\n",
        ),
        (
            "no here-document, but `<<` within quotation marks or arithmetic",
            "FROM debian:12.8-slim\nRUN echo \"a <<EOF\" $((1<<2))\nUSER 1000\n",
        ),
        (
            "a builder that is full and runs as root",
            "FROM golang:1.23.4 AS build\nRUN apt-get update && apt-get install -y make && make\nFROM gcr.io/distroless/static-debian12:nonroot\nCOPY --from=build /server /server\nENTRYPOINT [\"/server\"]\n",
        ),
        ("an unprivileged base", "FROM nginxinc/nginx-unprivileged:1.27.3\nEXPOSE 8080\n"),
        (
            "a stage on a stage with a user",
            "FROM node:22.11.0-slim AS base\nUSER node\nFROM base\nCMD [\"node\"]\n",
        ),
        ("two stages of one name", "FROM debian:12.8-slim AS a\nFROM debian:12.8-slim AS a\nUSER 1000\n"),
        (
            "files for export",
            "FROM rust:1.83.0 AS build\nRUN cargo build --release\nFROM scratch\nCOPY --from=build /target/release/tool /\n",
        ),
        ("a user by its own variable", "FROM debian:12.8-slim\nARG UID=1000\nUSER ${UID}\n"),
        ("a user that is not known", "FROM debian:12.8-slim\nARG UID\nUSER ${UID}\n"),
        (
            "a command that drops its rights",
            "FROM debian:12.8-slim\nCOPY entrypoint.sh /\nRUN gosu nobody true\nENTRYPOINT [\"/entrypoint.sh\"]\n",
        ),
        (
            "compilers that are removed again",
            "FROM alpine:3.21.0\nRUN apk add --no-cache --virtual .build gcc musl-dev && pip install x && apk del .build\nUSER 1000\n",
        ),
        (
            "cache mounts",
            "FROM node:22.11.0-slim\nRUN --mount=type=cache,target=/var/lib/apt,sharing=locked --mount=type=cache,target=/var/cache/apt apt-get update && apt-get install -y --no-install-recommends curl\nRUN --mount=type=cache,target=/root/.yarn yarn install\nUSER node\n",
        ),
        (
            "recommended packages off for all",
            "FROM debian:12.8-slim\nRUN echo 'APT::Install-Recommends \"false\";' > /etc/apt/apt.conf.d/00 && apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\nUSER 1000\n",
        ),
        (
            "packages of yarn in its cache",
            "FROM node:22.11.0-slim\nCOPY .yarn /app/.yarn\nRUN yarn install\nUSER node\n",
        ),
        (
            "secrets that are no values",
            "FROM debian:12.8-slim\nENV POSTGRES_PASSWORD_FILE=/run/secrets/p TOKEN_TTL=60 PUBLIC_KEY=x KEYBOARD=y API_TOKEN=\nUSER 1000\n",
        ),
        (
            "ports by a variable and a range",
            "FROM debian:12.8-slim\nARG PORT\nEXPOSE $PORT 8000-8010/udp 8443\nUSER 1000\n",
        ),
        (
            "a copy to a system folder",
            "FROM debian:12.8-slim\nWORKDIR /app\nCOPY tool /usr/local/bin/tool\nUSER 1000\n",
        ),
        (
            "an owner by number and by a later command",
            "FROM debian:12.8-slim\nWORKDIR /app\nCOPY --chown=1000:1000 a .\nCOPY b .\nRUN chown -R 1000 /app\nUSER 1000\n",
        ),
        (
            "a repository of Git",
            "FROM debian:12.8-slim\nADD https://example.com/a.git#v1.0.0 /src\nADD archive.tar.gz /src\nUSER 1000\n",
        ),
        (
            "every other instruction",
            "FROM debian:12.8-slim\nLABEL a=b\nMAINTAINER me\nONBUILD RUN make\nSHELL [\"/bin/sh\", \"-c\"]\nSTOPSIGNAL SIGTERM\nVOLUME /data\nHEALTHCHECK NONE\nUSER 1000\nCMD true\n",
        ),
        (
            "a word of a command that is a package of another",
            "FROM debian:12.8-slim\nRUN echo apt-get install curl; command -v make\nUSER 1000\n",
        ),
    ];
    check(&cases.map(|(name, text)| (name, text, &[] as &[&str])));
}

#[test]
fn findings_stand_where_the_fault_is() {
    check(&[
        (
            "a command deep in an instruction",
            "FROM debian:12.8-slim\nRUN set -e; \\\n  apt-get update && \\\n  DEBIAN_FRONTEND=noninteractive apt-get -qq install curl\nUSER 1000\n",
            &["3:3 apt-lists-kept", "4:3 apt-installs-recommends"],
        ),
        (
            "a here-document that a shell reads",
            "FROM debian:12.8-slim\nRUN bash <<EOF\napt-get update\nrm -rf /var/lib/apt/lists/*\napt-get install -y curl\nEOF\nUSER 1000\n",
            &["5:1 apt-installs-recommends"],
        ),
        (
            "the script of an exec form",
            "FROM debian:12.8-slim\nRUN [\"sh\", \"-c\", \"apt-get install -y curl\"]\nUSER 1000\n",
            &["2:5 apt-installs-recommends"],
        ),
        (
            "lists removed one layer later",
            "FROM debian:12.8-slim\nRUN apt-get update\nRUN rm -rf /var/lib/apt/lists/*\nUSER 1000\n",
            &["2:5 apt-lists-kept"],
        ),
        ("root at the end", "FROM node:22.11.0-slim\nUSER node\nUSER 0:0\n", &["3:1 user-is-root"]),
        (
            "a user of an earlier stage",
            "FROM node:22.11.0-slim AS build\nUSER node\nFROM node:22.11.0-slim\n",
            &["3:6 user-is-root"],
        ),
        ("scratch with a command", "FROM scratch\nCOPY tool /\nCMD [\"/tool\"]\n", &["1:6 user-is-root"]),
        (
            "a full base below the last stage",
            "FROM python:3.13.1 AS base\nFROM base\nUSER 1000\n",
            &["1:6 base-image-not-slim"],
        ),
        (
            "two ports",
            "FROM debian:12.8-slim\nEXPOSE 80/tcp 8080 443\nUSER 1000\n",
            &["2:8 privileged-port", "2:20 privileged-port"],
        ),
        (
            "secrets in every form",
            "ARG NPM_TOKEN\nFROM debian:12.8-slim\nENV DB_PASSWORD secret value\nONBUILD ARG API_KEY=x\nUSER 1000\n",
            &["1:5 secret-in-image", "3:5 secret-in-image", "4:13 secret-in-image"],
        ),
        (
            "latest, in every stage",
            "FROM debian:latest AS a\nFROM a AS b\nFROM docker.io/library/alpine\nUSER 1000\n",
            &["1:6 base-image-latest", "3:6 base-image-latest"],
        ),
        (
            "a compiler in the image",
            "FROM debian:12.8-slim\nRUN apk add --no-cache g++=12.2\nUSER 1000\n",
            &["2:5 build-in-last-stage"],
        ),
        (
            "yarn without a verb",
            "FROM node:22.11.0-slim\nRUN cd app && yarn --frozen-lockfile\nUSER node\n",
            &["2:15 yarn-cache-kept"],
        ),
        (
            "a copy into the working directory",
            "FROM node:22.11.0-slim\nWORKDIR /home/node\nCOPY a app/\nUSER node\n",
            &["3:1 copy-without-chown"],
        ),
    ]);
}

#[test]
fn what_is_no_dockerfile_is_one_finding_with_its_place() {
    check(&[
        ("empty", "", &["1:1 dockerfile-invalid"]),
        ("an instruction before a stage", "RUN true\n", &["1:1 dockerfile-invalid"]),
        ("no instruction", "FROM debian:12.8-slim\nHELLO\n", &["2:1 dockerfile-invalid"]),
        ("another escape", "# escape=x\nFROM debian:12.8-slim\n", &["1:10 dockerfile-invalid"]),
        (
            "an open here-document",
            "FROM debian:12.8-slim\nRUN cat <<EOF\nUSER 1000\n",
            &["2:9 dockerfile-invalid"],
        ),
        ("an instruction without arguments", "FROM debian:12.8-slim\nUSER\n", &["2:1 dockerfile-invalid"]),
    ]);
    let large = format!("FROM debian:12.8-slim\n{}", "# comment\n".repeat(200_000));
    assert_eq!(found(&large), ["1:1 dockerfile-invalid"]);
}

#[test]
fn no_secret_is_shown() {
    let texts = [
        "FROM debian:12.8-slim\nENV TOKEN=s3cr3t\nARG PASSWORD=s3cr3t\nENV A_SECRET s3cr3t\n",
        "FROM debian:12.8-slim\nNPM_TOKEN=s3cr3t\n",
        "FROM debian:12.8-slim\nADD https://user:s3cr3t@example.com/a?token=s3cr3t /\n",
        "TOKEN=s3cr3t",
        "FROM debian:12.8-slim\nHEALTHCHECK s3cr3t\n",
    ];
    for text in texts {
        let findings = lint_dockerfile("Dockerfile", text, &Options::default());
        assert!(!findings.is_empty());
        assert!(!format!("{findings:?}").contains("s3cr3t"), "{findings:?}");
    }
}

proptest! {
    /// No text panics, and places are inside of it.
    #[test]
    fn any_text_is_linted(text in any_dockerfile()) {
        let lines = text.split('\n').count();
        for finding in lint_dockerfile("Dockerfile", &text, &Options::default()) {
            prop_assert!((1..=lines).contains(&finding.location.line) && finding.location.column >= 1, "{finding:?} in {text:?}");
        }
    }
}

/// Instructions of the words that have a meaning, in any order, and any texts.
fn any_dockerfile() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "FROM|RUN|COPY|ADD|ENV|ARG|USER|EXPOSE|ONBUILD|CMD|SHELL|WORKDIR|HEALTHCHECK|VOLUME|LABEL",
        "node:22|scratch|AS|base|\\$\\{A:-b\\}|\\$A|root|80|apt-get|install|yarn|<<EOF|EOF|<<-E|--from=base|--mount=type=cache,target=/x",
        "&&|;|\\\\|`|\"|'|\\[\"a\", \"b\"\\]|\\[|\\]|# escape=`|# lint: allow user-is-root: x|#|=|,",
        "[ \n\r\t]{1,3}",
        any::<String>(),
    ];
    prop::collection::vec((word, " |\n|\\\\\n|"), 0..40)
        .prop_map(|words| words.into_iter().flat_map(|(word, space)| [word, space]).collect())
}

#[test]
fn hostile_files_are_bounded() {
    let doubled = (1..60).fold("FROM debian:12.8-slim\nENV A0=xxxxxxxxxx\n".to_owned(), |text, at| {
        let before = at - 1;
        text + &format!("ENV A{at}=$A{before}$A{before}\n")
    });
    assert_eq!(found(&(doubled + "USER $A59\n")), [""; 0]);
    let many = format!("FROM debian:12.8-slim\n{}", "USER 1\n".repeat(5_001));
    assert_eq!(found(&many), ["1:1 dockerfile-invalid"]);
    let ports = format!("FROM debian:12.8-slim\nEXPOSE{}\nUSER 1\n", " 80".repeat(30_000));
    assert_eq!(found(&ports).len(), 30_000);
    let waivers =
        format!("FROM debian:12.8-slim\n{}USER 1\n", "# lint: allow user-is-root: x\n".repeat(30_000));
    assert_eq!(found(&waivers).len(), 1_001);
}
