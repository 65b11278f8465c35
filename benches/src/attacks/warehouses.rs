//! Warehouses whose author is hostile.

use super::stage::{Stage, warehouse};
use super::{Attack, Expected};

const INVALID: Expected = Expected::Error(&["invalid manifest", "invalid input"]);

pub(super) fn attacks() -> Vec<Attack> {
    let url = |url: &str| format!("git: {{repoURL: \"{url}\", branch: main}}");
    let image = |url: &str| format!("image: {{repoURL: \"{url}\"}}");
    let expression =
        |text: &str| format!("git: {{repoURL: \"https://127.0.0.1:1/a.git\", expressionFilter: \"{text}\"}}");
    vec![
        of_text("an alias bomb", INVALID, {
            let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
            for level in 1..12 {
                let below = format!("*a{},", level - 1).repeat(9);
                bomb.push_str(&format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(',')));
            }
            format!(
                "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\n{bomb}spec: {{subscriptions: [*a11]}}\n"
            )
        }),
        of_text("200,000 levels", INVALID, format!("{}x", "[".repeat(200_000))),
        of_text(
            "a text of 20 MB",
            INVALID,
            warehouse([format!("image: {{repoURL: {}}}", "x".repeat(20_000_000))]),
        ),
        of_text("a program as the host of ssh", INVALID, warehouse([url("ssh://-oProxyCommand=id/x")])),
        of_text("a shell in the host of ssh", INVALID, warehouse([url("ssh://git@h$(id)/x")])),
        of_text(
            "a line break in a repoURL",
            INVALID,
            warehouse([url(r"https://127.0.0.1:1/a\r\nX-Injected: b")]),
        ),
        of_text(
            "a backslash before the host",
            INVALID,
            warehouse([url(r"https://127.0.0.1:1\\@github.com/a")]),
        ),
        of_text("an image with a path up", INVALID, warehouse([image("127.0.0.1:1/../../etc/passwd")])),
        of_text("a program of another transport", INVALID, warehouse([url("ext::sh -c id")])),
        of_text("an expression of a megabyte", INVALID, warehouse([expression(&"1+".repeat(500_000))])),
        of_text("an expression of 100,000 levels", INVALID, warehouse([expression(&"(".repeat(100_000))])),
        of_text(
            "an expression of 100,000 calls",
            INVALID,
            warehouse([expression(&"contains(".repeat(100_000))]),
        ),
        of_text(
            "a pattern that is too large",
            INVALID,
            warehouse([format!(
                "image: {{repoURL: 127.0.0.1:1/a, allowTagsRegexes: ['{}']}}",
                "(a{1000}){1000}".repeat(10)
            )]),
        ),
    ]
}

fn of_text(what: &str, expected: Expected, text: String) -> Attack {
    Attack::new(format!("warehouses/{what}"), expected, move || Ok(Stage::of(text.clone()).deadline(10)))
        .within_seconds(60)
        .within_mib(256)
}
