//! The fields of a commit (rule 4.5), compared with `git log`.

use git_source::GitSource;
use warehouse_testkit::{Commit, GitServer};

use crate::support::find;

#[tokio::test]
async fn subjects_and_people() {
    let server = GitServer::start().unwrap();
    let repository = server.create("people.git").unwrap();
    let mut history = repository.history().unwrap();
    for message in [
        "Plain",
        "",
        "\n\n  After blank lines, indented\n\nBody\n",
        "Two lines\nof a subject\n\nBody",
        "Trailing blanks   \t\nand more  \n",
        "Windows line ends\r\nsecond\r\n\r\nbody",
        "Ümläute und 日本語",
        "Exactly eighty bytes: 345678901234567890123456789012345678901234567890123456789",
        "More than eighty bytes: 56789012345678901234567890123456789012345678901234567890",
    ] {
        history.commit("main", Commit::new(message).author("Zoë Q. <zoe@example.com>"));
    }
    history.commit("main", Commit::new("No name").by("<nobody@example.com>"));
    history.commit("main", Commit::new("Old").at(0));
    history.commit("main", Commit::new("Far").at(4_102_444_800));
    history.write().unwrap();

    let found = find(&GitSource::builder(repository.url()).build().unwrap()).await;
    let format = "--format=%H%x00%s%x00%an <%ae>%x00%cn <%ce>%x00%ct%x01";
    let printed = repository.git(["log", "--first-parent", format, "main"]).unwrap();
    let printed: Vec<Vec<&str>> = printed
        .split('\u{1}')
        .map(|line| line.trim_start_matches('\n').split('\0').collect())
        .filter(|fields: &Vec<&str>| fields.len() == 5)
        .collect();
    assert_eq!(printed.len(), found.artifacts.len());
    for (commit, printed) in found.artifacts.iter().zip(printed) {
        let subject =
            if printed[1].len() > 80 { format!("{}...", &printed[1][..77]) } else { printed[1].to_owned() };
        assert_eq!(commit.id, printed[0]);
        assert_eq!(commit.subject, subject);
        assert_eq!(
            (commit.author.as_str(), commit.committer.as_str()),
            (printed[2], printed[3]),
            "{subject}"
        );
        assert_eq!(commit.creator_date.unwrap().as_second().to_string(), printed[4], "{subject}");
        assert_eq!(commit.tag, None);
    }
}

#[tokio::test]
async fn a_subject_is_cut_at_the_boundary_of_a_character() {
    let server = GitServer::start().unwrap();
    let repository = server.create("cut.git").unwrap();
    let long = "ü".repeat(60);
    repository.commit("main", Commit::new(long.clone())).unwrap();
    let found = find(&GitSource::builder(repository.url()).build().unwrap()).await;
    assert_eq!(found.artifacts[0].subject, format!("{}...", "ü".repeat(38)));
}

#[tokio::test]
async fn a_message_in_another_encoding() {
    let server = GitServer::start().unwrap();
    let repository = server.create("encoding.git").unwrap();
    repository.commit("main", Commit::new("Root")).unwrap();
    let head = repository.resolve("main").unwrap();
    let tree = repository.resolve("main^{tree}").unwrap();
    for (encoding, message, subject) in [
        ("encoding ISO-8859-1\n", &b"Gr\xfc\xdfe"[..], "Grüße"),
        ("encoding latin1\n", b"\xe9t\xe9", "été"),
        ("", b"broken \xff byte", "broken \u{fffd} byte"),
    ] {
        let mut object = format!(
            "tree {tree}\nparent {head}\nauthor A <a@b.c> 1 +0000\ncommitter A <a@b.c> 2 +0000\n{encoding}\n"
        )
        .into_bytes();
        object.extend_from_slice(message);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("commit");
        std::fs::write(&file, object).unwrap();
        let id = repository.git(["hash-object", "-t", "commit", "-w", file.to_str().unwrap()]).unwrap();
        repository.set_reference("refs/heads/main", &id).unwrap();
        let found = find(&GitSource::builder(repository.url()).build().unwrap()).await;
        assert_eq!(
            (found.artifacts[0].id.as_str(), found.artifacts[0].subject.as_str()),
            (id.as_str(), subject)
        );
    }
}
