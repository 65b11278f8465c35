//! Comments that allow findings.

use chart_lint::{Options, lint_chart, lint_dockerfile};

fn dockerfile(text: &str) -> Vec<String> {
    let findings = lint_dockerfile("Dockerfile", text, &Options::default());
    findings.iter().map(|finding| format!("{} {}", finding.location.line, finding.code)).collect()
}

fn values(text: &str) -> Vec<String> {
    let metadata = "apiVersion: v2\nname: web\nversion: 1.4.0\nappVersion: \"2.3.1\"\nicon: https://example.com/web.svg\n";
    let files = [("Chart.yaml", metadata.as_bytes()), ("values.yaml", text.as_bytes())];
    let findings = lint_chart("web", files, &Options::default());
    findings.iter().map(|finding| format!("{} {}", finding.location.line, finding.code)).collect()
}

#[test]
fn a_waiver_covers_its_instruction() {
    let run = "RUN apt-get update \\\n  && apt-get install -y curl\n";
    let cases: &[(&str, &[&str])] = &[
        // Above the instruction, for both of its lines.
        ("# lint: allow apt-lists-kept, apt-installs-recommends: a test image\n{run}", &[]),
        // Two comments, and an empty line.
        (
            "# lint: allow apt-lists-kept: a test image\n# lint: allow apt-installs-recommends: a test image\n\n{run}",
            &[],
        ),
        // For the whole file.
        ("{run}# lint: allow-file apt-lists-kept apt-installs-recommends: a test image\n", &[]),
        // Above another instruction.
        (
            "# lint: allow apt-lists-kept: x\nUSER 1\n{run}",
            &["2 waiver-unused", "4 apt-lists-kept", "5 apt-installs-recommends"],
        ),
        // One of two.
        ("# lint: allow apt-lists-kept: x\n{run}", &["4 apt-installs-recommends"]),
        // A Dockerfile has no comments behind instructions.
        ("{run}USER 1 # lint: allow apt-lists-kept: x\n", &["2 apt-lists-kept", "3 apt-installs-recommends"]),
        // A comment in a here-document is none.
        ("COPY <<EOF /x\n# lint: allow apt-lists-kept: x\nEOF\n", &[]),
        ("# lint: allow user-is-root\n", &["2 waiver-unused", "2 waiver-without-reason"]),
        ("# lint: allow nothing-such: x\n", &["2 waiver-of-unknown-rule"]),
        ("# lint: please\n", &["2 waiver-malformed"]),
        ("# lint:allow user-is-root\t:  \n", &["2 waiver-unused", "2 waiver-without-reason"]),
    ];
    for (text, expected) in cases {
        let text = format!("FROM debian:12.8-slim\n{}USER 1000\n", text.replace("{run}", run));
        assert_eq!(dockerfile(&text), *expected, "{text}");
    }
    // Inside of an instruction, too.
    let text = "FROM debian:12.8-slim\nRUN apt-get update \\\n  # lint: allow apt-lists-kept: x\n  && true\nUSER 1000\n";
    assert_eq!(dockerfile(text), [""; 0]);
}

#[test]
fn a_waiver_covers_its_key_and_what_is_below() {
    let rest = "resources: {}\nsecurityContext:\n  runAsUser: 1\n";
    let cases: &[(&str, &[&str])] = &[
        ("image: # lint: allow image-tag-latest: x\n  repository: a\n  tag: latest\n", &[]),
        ("# lint: allow image-tag-latest: x\nimage:\n  repository: a\n\n  tag: latest\n", &[]),
        ("image:\n  repository: a\n  tag: latest # lint: allow image-tag-latest: x\n", &[]),
        (
            "image:\n  repository: a # lint: allow image-tag-latest: x\n  tag: latest\n",
            &["2 waiver-unused", "3 image-tag-latest"],
        ),
        ("# lint: allow image-tag-latest: x\nworkers:\n- image:\n    repository: a\n    tag: latest\n", &[]),
        (
            "workers:\n# lint: allow image-tag-latest: x\n- image:\n    repository: a\n    tag: latest\n- image:\n    repository: a\n    tag: latest\n",
            &["8 image-tag-latest"],
        ),
        ("note: \"a # lint: allow\"\n", &["1 waiver-malformed"]),
        ("note: \"a#lint: allow x\"\n", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(values(&format!("{text}{rest}")), *expected, "{text}");
    }
}
