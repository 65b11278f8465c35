//! Events of GitHub.

use chart_release::changed::{BaseErrorKind, Event};
use serde_json::{Value, json};

fn parse(value: &Value) -> Result<Event, chart_release::changed::BaseError> {
    Event::from_json(value.to_string().as_bytes())
}

#[test]
fn events() {
    let (one, two, zero) = ("1".repeat(40), "2".repeat(40), "0".repeat(40));
    let push = |value: Value| match parse(&value) {
        Ok(Event::Push(push)) => push,
        other => panic!("{other:?}"),
    };
    let found = push(
        json!({"ref": "refs/heads/main", "before": one, "after": two, "forced": false, "commits": [{"id": 5}]}),
    );
    assert_eq!((found.before, found.after), (Some(one.parse().unwrap()), Some(two.parse().unwrap())));
    let found = push(json!({"before": zero, "after": two, "created": true}));
    assert_eq!((found.before, found.created), (None, true));
    let found = push(json!({"before": one, "after": zero, "deleted": true}));
    assert_eq!((found.after, found.deleted), (None, true));
    assert!(push(json!({"before": one, "after": two, "forced": true})).forced);

    let value = json!({"action": "synchronize", "before": two, "after": one,
        "pull_request": {"base": {"sha": one, "ref": "main"}, "head": {"sha": two}}});
    let Ok(Event::PullRequest(found)) = parse(&value) else { panic!() };
    assert_eq!((found.base.to_string(), found.head.to_string()), (one.clone(), two.clone()));

    for value in [
        json!({"inputs": {}}),
        json!({"schedule": "0 5 * * *"}),
        json!([]),
        json!(null),
        json!({"before": "HEAD", "after": two}),
        json!({"before": "--upload-pack=x", "after": two}),
        json!({"before": one[1..], "after": two}),
        json!({"before": one, "after": two, "forced": "yes"}),
        json!({"pull_request": {"base": {"sha": zero}, "head": {"sha": two}}}),
        json!({"pull_request": {"base": {}}}),
    ] {
        let error = parse(&value).unwrap_err();
        assert_eq!(error.kind(), BaseErrorKind::InvalidEvent, "{value}");
    }
    assert!(Event::from_json(b"\xff").is_err());
    let error = parse(&json!({"inputs": {}})).unwrap_err();
    assert!(error.hint().unwrap().contains("--since"));
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("event.json");
    assert_eq!(Event::read(&path).unwrap_err().kind(), BaseErrorKind::InvalidEvent);
    std::fs::write(&path, json!({"before": "1".repeat(40), "after": "2".repeat(40)}).to_string()).unwrap();
    assert!(Event::read(&path).is_ok());
    std::fs::File::create(&path).unwrap().set_len((32 << 20) + 1).unwrap();
    assert!(Event::read(&path).unwrap_err().to_string().ends_with("it has more than 32 MiB"));
}
