//! Markers in commit messages.

use chart_release::build_marker::{BuildMarker, old_markers};
use proptest::prelude::*;

fn last(message: &str) -> Option<(String, String)> {
    BuildMarker::last(message).map(|marker| (marker.app, marker.tag))
}

#[test]
fn messages() {
    for (message, expected) in [
        // The forms.
        ("[build gdal]", Some(("gdal", "latest"))),
        ("Update [build gdal 1.2]", Some(("gdal", "1.2"))),
        ("[build gdal v2_x-prod] and more\n\nbody", Some(("gdal", "v2_x-prod"))),
        ("[ build \t gdal  1.2 ]", Some(("gdal", "1.2"))),
        ("Umlaut ä [build gdal] ü", Some(("gdal", "latest"))),
        // The last one counts.
        ("[build web 1]\n\n[build gdal 2]", Some(("gdal", "2"))),
        ("[build web 1] [build gdal 2] [build]", Some(("gdal", "2"))),
        ("[build web 1] [build ../../etc x]", Some(("web", "1"))),
        // What is none.
        ("", None),
        ("build gdal", None),
        ("[build]", None),
        ("[builds gdal]", None),
        ("[Build gdal]", None),
        ("[rebuild gdal]", None),
        ("[build gdal 1.2 x]", None),
        ("[build gdal\n1.2]", None),
        ("[build gdal", None),
        ("build gdal]", None),
        ("[build ../../etc x]", None),
        ("[build a/b]", None),
        ("[build gdal ../x]", None),
        ("[build gdal 1.2;rm]", None),
        ("[build gdal $(id)]", None),
        ("[build gdal `id`]", None),
        ("[build \u{202e}gdal]", None),
        ("[build gdal\u{a0}1]", None),
        ("[build gdal\0]", None),
        // Brackets within brackets.
        ("see [build gdal]foo]", Some(("gdal", "latest"))),
        ("[[build gdal]]", Some(("gdal", "latest"))),
        ("[see [build gdal 1]]", Some(("gdal", "1"))),
        ("[build gdal [1.2]]", None),
        ("[build [gdal]]", None),
        ("]]][build gdal]", Some(("gdal", "latest"))),
        // Code is text.
        ("see `[build gdal]foo]`", None),
        ("see `[build gdal]`", None),
        ("see ``[build `gdal` 1]``", None),
        ("see ``[build gdal]` `` x", None),
        ("`` ` [build gdal] ``", None),
        ("`a` [build gdal] `b`", Some(("gdal", "latest"))),
        ("`a [build gdal]", Some(("gdal", "latest"))),
        ("``a [build gdal]`", Some(("gdal", "latest"))),
        ("`a\n[build gdal]\nb`", None),
        ("`a\n\n[build gdal]\n\nb`", Some(("gdal", "latest"))),
        ("x [build `gdal]` y] z", None),
        ("```\n[build gdal]\n```", None),
        ("```\n[build gdal]\n", None),
        ("```\n[build gdal]\n```\n[build web]", Some(("web", "latest"))),
        ("````\n```\n[build gdal]\n````\n[build web]", Some(("web", "latest"))),
        ("~~~ text\n[build gdal]\n~~~", None),
        ("  ```sh\n[build gdal]\n  ```\nx", None),
        ("x```\n[build gdal]\n", Some(("gdal", "latest"))),
        ("    ```\n[build gdal]\n", Some(("gdal", "latest"))),
        ("```", None),
        ("~[build gdal]~", Some(("gdal", "latest"))),
        // A backslash.
        ("\\[build gdal]", None),
        ("\\\\[build gdal]", Some(("gdal", "latest"))),
    ] {
        let expected = expected.map(|(app, tag)| (app.to_owned(), tag.to_owned()));
        assert_eq!(last(message), expected, "{message:?}");
    }
    assert_eq!(last(&format!("[build gdal {}]", "1".repeat(129))), None);
    // Read once from the beginning to the end, also if it is large.
    for part in ["`a` ", "```a``` ", "~~~ ", "[", "\\", "``` ` "] {
        assert_eq!(last(&part.repeat(500_000)), None);
    }
}

#[test]
fn the_app_must_be_one_of_those_that_there_are() {
    let apps = ["gdal", "web"];
    let error = BuildMarker::find("[build gdal] [build gdla]", &apps).unwrap_err();
    assert_eq!(error.to_string(), "the commit message asks to build \"gdla\", and there is no such app");
    assert_eq!(error.hint(), "did you mean \"gdal\"?");
    let error = BuildMarker::find("[build something]", &apps).unwrap_err();
    assert_eq!(error.hint(), "the apps are: gdal, web");
    let none: [&str; 0] = [];
    assert!(BuildMarker::find("[build gdal]", &none).is_err());
    assert_eq!(BuildMarker::find("no marker", &none).unwrap(), None);
}

#[test]
fn older_markers_build_nothing_and_are_found() {
    let message = "[pack] and [pack web] and `[pack gdal]` and [pack a b] and [package]";
    assert_eq!(last(message), None);
    assert_eq!(old_markers(message), ["pack", "pack web"]);
}

proptest! {
    /// Never a panic, and nothing but the allowed characters, for any message.
    #[test]
    fn any_text(message in "\\PC*|(\\[|\\]|`{1,4}|~{3}|build|pack| |\t|\n|\\\\|a|1\\.2|/|ä|\\.\\.){0,40}") {
        if let Some(marker) = BuildMarker::last(&message) {
            let allowed = |text: &str, more: &str| {
                !text.is_empty() && text.len() <= 128
                    && text.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
            };
            prop_assert!(allowed(&marker.app, ".-_") && allowed(&marker.tag, ".-_"), "{marker:?}");
            prop_assert!(!marker.app.contains("..") && !marker.tag.starts_with(['.', '-']));
            prop_assert!(message.contains(marker.app.as_str()));
            prop_assert_eq!(BuildMarker::find(&message, &[marker.app.as_str()]).unwrap(), Some(marker));
        }
        old_markers(&message);
    }

    /// A marker at the end counts, with any text before it, as long as that leaves no code open.
    #[test]
    fn a_marker_at_the_end(before in "[^`~\\\\]*", app in "[a-z][a-z0-9]{0,9}", tag in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}") {
        let message = format!("{before}[build {app} {tag}]");
        prop_assert_eq!(last(&message), Some((app.clone(), tag.clone())));
        prop_assert_eq!(last(&format!("{before}`[build {app} {tag}]`")), last(&before));
    }
}
