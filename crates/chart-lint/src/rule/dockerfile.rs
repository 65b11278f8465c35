//! Rules about Dockerfiles.

use diagnostics::Severity;

use super::definition::{Example, Rule, Subject};

pub(crate) const ALL: &[&Rule] = &[
    &INVALID,
    &LATEST,
    &SLIM,
    &SINGLE_STAGE,
    &USER,
    &CHOWN,
    &PORT,
    &RECOMMENDS,
    &LISTS,
    &YARN,
    &ADD_URL,
    &SECRET,
];

pub(crate) static INVALID: Rule = Rule {
    name: "dockerfile-invalid",
    subject: Subject::Dockerfile,
    severity: Severity::Error,
    summary: "The file is a Dockerfile",
    explanation: "Instructions after the first error are not checked.",
    remedy: "correct the instruction",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!("FROM node:22.11.0-bookworm-slim\n", "USR node\n"),
        after: concat!("FROM node:22.11.0-bookworm-slim\n", "USER node\n", "CMD [\"node\", \"server.js\"]\n"),
    },
};

pub(crate) static LATEST: Rule = Rule {
    name: "base-image-latest",
    subject: Subject::Dockerfile,
    severity: Severity::Warning,
    summary: "A base image has a tag other than `latest`, or a digest",
    explanation: "The same Dockerfile may build different images on two days. Names with variables that have no default are left out.",
    remedy: "write the tag of a version",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!(
            "FROM node AS build\n",
            "RUN npm ci\n",
            "FROM node:22.11.0-bookworm-slim\n",
            "USER node\n"
        ),
        after: concat!(
            "FROM node:22.11.0 AS build\n",
            "RUN npm ci\n",
            "FROM node:22.11.0-bookworm-slim\n",
            "USER node\n"
        ),
    },
};

pub(crate) static SLIM: Rule = Rule {
    name: "base-image-not-slim",
    subject: Subject::Dockerfile,
    severity: Severity::Warning,
    summary: "The last stage is built on a slim image",
    explanation: "A full image brings compilers and libraries that only a build needs, and their vulnerabilities. Official images that have a slim variant are checked: debian, node, perl, python, ruby, rust; an alpine variant is slim, too.",
    remedy: "take the variant with `-slim`",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!("FROM node:22.11.0\n", "USER node\n"),
        after: concat!("FROM node:22.11.0-slim\n", "USER node\n"),
    },
};

pub(crate) static SINGLE_STAGE: Rule = Rule {
    name: "build-in-last-stage",
    subject: Subject::Dockerfile,
    severity: Severity::Warning,
    summary: "The last stage contains no build",
    explanation: "A build in the last stage leaves compilers and sources in the image. The rule reports packages with compilers, and builds by cargo, go, gradle, make, mvn, npm, pnpm or yarn. An instruction that removes its packages again is left out.",
    remedy: "build in an earlier stage and copy the result with `COPY --from`",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!(
            "FROM node:22.11.0-slim\n",
            "WORKDIR /app\n",
            "COPY --chown=node:node . .\n",
            "RUN npm ci && npm run build\n",
            "USER node\n"
        ),
        after: concat!(
            "FROM node:22.11.0 AS build\n",
            "WORKDIR /app\n",
            "COPY . .\n",
            "RUN npm ci && npm run build\n",
            "FROM node:22.11.0-slim\n",
            "COPY --from=build --chown=node:node /app/dist /app\n",
            "USER node\n"
        ),
    },
};

pub(crate) static USER: Rule = Rule {
    name: "user-is-root",
    subject: Subject::Dockerfile,
    severity: Severity::Warning,
    summary: "The last stage ends with an unprivileged user",
    explanation: "A process that runs as root and breaks out of its container is root outside. The rule leaves out bases whose name says that they bring an unprivileged user (`nonroot`, `unprivileged`), bases that are not known, images on `scratch` without a command, and images that change the user themselves (gosu, su-exec, setpriv).",
    remedy: "add `USER 1000`, or the user that the base brings, such as `USER node`",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!("FROM node:22.11.0-slim\n", "CMD [\"node\", \"server.js\"]\n"),
        after: concat!("FROM node:22.11.0-slim\n", "USER node\n", "CMD [\"node\", \"server.js\"]\n"),
    },
};

pub(crate) static CHOWN: Rule = Rule {
    name: "copy-without-chown",
    subject: Subject::Dockerfile,
    severity: Severity::Note,
    summary: "Files copied into the working directory of an unprivileged user belong to that user",
    explanation: "`COPY` makes root the owner, even after `USER`, so the process cannot write there. Waive it if the files are intended to be read-only.",
    remedy: "write `COPY --chown=USER:GROUP`",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!("FROM node:22.11.0-slim\n", "WORKDIR /app\n", "USER node\n", "COPY server.js .\n"),
        after: concat!(
            "FROM node:22.11.0-slim\n",
            "WORKDIR /app\n",
            "USER node\n",
            "COPY --chown=node:node server.js .\n"
        ),
    },
};

pub(crate) static PORT: Rule = Rule {
    name: "privileged-port",
    subject: Subject::Dockerfile,
    severity: Severity::Warning,
    summary: "Ports are from 1024",
    explanation: "On many clusters only root may listen on lower ports.",
    remedy: "listen on a port from 1024, such as 8080; a Service may still offer 80",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!("FROM node:22.11.0-slim\n", "EXPOSE 80\n", "USER node\n"),
        after: concat!("FROM node:22.11.0-slim\n", "EXPOSE 8080\n", "USER node\n"),
    },
};

pub(crate) static RECOMMENDS: Rule = Rule {
    name: "apt-installs-recommends",
    subject: Subject::Dockerfile,
    severity: Severity::Warning,
    summary: "`apt-get install` has `--no-install-recommends`",
    explanation: "Recommended packages are often larger than those that were asked for. Stages that are not in the image are left out.",
    remedy: "add `--no-install-recommends`",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!(
            "FROM debian:12.8-slim\n",
            "RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
            "USER 1000\n"
        ),
        after: concat!(
            "FROM debian:12.8-slim\n",
            "RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n",
            "USER 1000\n"
        ),
    },
};

pub(crate) static LISTS: Rule = Rule {
    name: "apt-lists-kept",
    subject: Subject::Dockerfile,
    severity: Severity::Warning,
    summary: "The lists of `apt-get update` are removed in the same layer",
    explanation: "Files that a later instruction removes stay in the image. A cache mount over `/var/lib/apt` is as good. Stages that are not in the image are left out.",
    remedy: "end the instruction with `&& rm -rf /var/lib/apt/lists/*`",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!(
            "FROM debian:12.8-slim\n",
            "RUN apt-get update && apt-get install -y --no-install-recommends curl\n",
            "USER 1000\n"
        ),
        after: concat!(
            "FROM debian:12.8-slim\n",
            "RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n",
            "USER 1000\n"
        ),
    },
};

pub(crate) static YARN: Rule = Rule {
    name: "yarn-cache-kept",
    subject: Subject::Dockerfile,
    severity: Severity::Warning,
    summary: "The cache of `yarn` is cleaned in the same layer",
    explanation: "The cache holds a second copy of every package. A cache mount is as good. Stages that are not in the image are left out, and so is `yarn install --immutable`, whose packages may be used out of the cache.",
    remedy: "end the instruction with `&& yarn cache clean`",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!("FROM node:22.11.0-slim\n", "RUN yarn install --production\n", "USER node\n"),
        after: concat!(
            "FROM node:22.11.0-slim\n",
            "RUN yarn install --production && yarn cache clean\n",
            "USER node\n"
        ),
    },
};

pub(crate) static ADD_URL: Rule = Rule {
    name: "add-url-without-checksum",
    subject: Subject::Dockerfile,
    severity: Severity::Warning,
    summary: "`ADD` of a URL has a checksum",
    explanation: "The content behind a URL may change between two builds.",
    remedy: "add `--checksum=sha256:...`, or copy a file",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!(
            "FROM debian:12.8-slim\n",
            "ADD https://example.com/tool /usr/local/bin/tool\n",
            "USER 1000\n"
        ),
        after: concat!(
            "FROM debian:12.8-slim\n",
            "ADD --checksum=sha256:0123456789012345678901234567890123456789012345678901234567890123 https://example.com/tool /usr/local/bin/tool\n",
            "USER 1000\n"
        ),
    },
};

pub(crate) static SECRET: Rule = Rule {
    name: "secret-in-image",
    subject: Subject::Dockerfile,
    severity: Severity::Error,
    summary: "No secret is in `ARG` or `ENV`",
    explanation: "Both stay in the image, and everyone who may pull it can read them. Names that end with a word such as `PASSWORD`, `TOKEN` or `API_KEY` count as secrets; the value is never shown. `ENV` with an empty value is not a finding.",
    remedy: "use `RUN --mount=type=secret`, or set it when the container starts",
    option: None,
    example: Example {
        file: "Dockerfile",
        before: concat!("FROM node:22.11.0-slim\n", "ENV NPM_TOKEN=abc\n", "USER node\n"),
        after: concat!("FROM node:22.11.0-slim\n", "RUN --mount=type=secret,id=npm npm ci\n", "USER node\n"),
    },
};
