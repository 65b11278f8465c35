//! The environments that the conformance vectors and the oracle evaluate expressions in.

use kargo_expr::{
    CommitVariables, DiscoveredArtifact, DiscoveredChart, DiscoveredCommit, DiscoveredImage, Environment,
    Failure, Signatures, TagVariables, Time, Value,
};

const ID: &str = "0123456789abcdef0123456789abcdef01234567";
const AUTHOR: &[u8] = b"John Doe <john@example.com>";
const COMMITTER: &[u8] = b"GitHub <noreply@github.com>";
const SUBJECT: &[u8] = b"feat: add thing";

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// The environment of a name; `None` if there is none.
pub fn environment(name: &str) -> Option<(Signatures, Environment<'static>)> {
    let environment = match name {
        "commit" => Environment::for_commit(&CommitVariables {
            id: ID,
            commit_date: time("2025-06-15T10:30:00Z"),
            author: AUTHOR,
            committer: COMMITTER,
            subject: SUBJECT,
        }),
        "tag" => Environment::for_tag(&TagVariables {
            tag: b"v1.2.3",
            id: ID,
            creator_date: time("2024-03-01T08:00:00+02:00"),
            author: AUTHOR,
            committer: COMMITTER,
            subject: SUBJECT,
            tagger: b"T <t@x>",
            annotation: b"release 1.2.3",
        }),
        "freight" => Environment::for_freight()
            .function("imageFrom", |arguments| image(&text(arguments, 0)))
            .function("commitFrom", |arguments| commit(&text(arguments, 0)))
            .function("chartFrom", |arguments| chart(&text(arguments, 0), &text(arguments, 1)))
            .function("artifactFrom", |arguments| artifact(&text(arguments, 0))),
        _ => return None,
    };
    let signatures = if name == "freight" { Signatures::for_freight() } else { Signatures::none() };
    Some((signatures, environment.now(time("2026-01-01T00:00:00Z"))))
}

fn text(arguments: &[Value], index: usize) -> String {
    match arguments.get(index) {
        Some(Value::Text(text)) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    }
}

type Found = Result<Value, Failure>;

/// Enough of Kargo's normalization for the URLs of the vectors.
fn image(url: &str) -> Found {
    let annotations = vec![("org.opencontainers.image.version", "1.2.3"), ("team", "web")];
    Ok(match url {
        "ghcr.io/example/frontend" => Value::from(&DiscoveredImage {
            tag: "v1.2.3",
            digest: "sha256:a",
            annotations,
            created_at: Some(time("2025-06-15T10:30:00Z")),
        }),
        "ghcr.io/example/backend" => Value::from(&DiscoveredImage { tag: "v1.2.3", ..Default::default() }),
        _ => Value::Nil,
    })
}

fn commit(url: &str) -> Found {
    let url = url.to_lowercase();
    let url = url.strip_suffix('/').unwrap_or(&url);
    Ok(match url.strip_suffix(".git").unwrap_or(url) {
        "https://github.com/example/frontend" => Value::from(&DiscoveredCommit {
            id: "0123456789",
            tag: "v1",
            creator_date: Some(time("2024-03-01T08:00:00+02:00")),
            ..Default::default()
        }),
        "https://github.com/example/backend" => {
            Value::from(&DiscoveredCommit { id: "a", tag: "v1", ..Default::default() })
        }
        _ => Value::Nil,
    })
}

fn chart(url: &str, name: &str) -> Found {
    let url = url.to_lowercase();
    Ok(match (url.trim_end_matches('/'), name) {
        (repo_url @ ("oci://example.com/my-chart" | "oci://example.com/my-other-chart"), "") => {
            Value::from(&DiscoveredChart { repo_url, name: "", version: "1.2.3" })
        }
        (repo_url @ "https://charts.example.com", "foo" | "") => {
            Value::from(&DiscoveredChart { repo_url, name: "foo", version: "1.9" })
        }
        _ => Value::Nil,
    })
}

fn artifact(name: &str) -> Found {
    Ok(match name {
        "sub" => Value::from(&DiscoveredArtifact {
            artifact_type: "",
            subscription_name: "sub",
            version: "1.0.0",
            metadata: Value::Nil,
        }),
        _ => Value::Nil,
    })
}
