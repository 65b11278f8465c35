//! Subscriptions of no type, of two, or not to be told apart.

use super::{Code, error, warning};

#[test]
fn two_types_in_one_subscription() {
    error(
        "  - image:\n      repoURL: nginx\n    git:\n      repoURL: https://host/a\n",
        Code::OneType,
        (7, 5),
        "spec.subscriptions[0]",
        "a subscription has one type, and this has 2: `image` and `git`",
        "start a new item with `- ` for each",
    );
}

#[test]
fn no_type() {
    error(
        "  - name: one\n",
        Code::OneType,
        (7, 5),
        "spec.subscriptions[0]",
        "a subscription has no type",
        "add `image:`, `git:` or `chart:`",
    );
    error(
        "  -\n",
        Code::OneType,
        (7, 4),
        "spec.subscriptions[0]",
        "a subscription is empty",
        "write `image:`, `git:` or `chart:` under it, or delete the `-`",
    );
}

#[test]
fn an_unknown_type() {
    error(
        "  - dockerImage:\n      repoURL: nginx\n",
        Code::UnknownField,
        (7, 5),
        "spec.subscriptions[0].dockerImage",
        "`dockerImage` is not a type of subscription",
        "did you mean `image`? A subscription of another type needs a `name` beside it",
    );
}

#[test]
fn a_type_without_a_value() {
    error(
        "  - image:\n",
        Code::Missing,
        (7, 5),
        "spec.subscriptions[0].image",
        "`image` has no value, so there is nothing to subscribe to",
        "write its fields under it, indented, or delete it",
    );
}

#[test]
fn subscriptions_that_cannot_be_told_apart() {
    error(
        "  - image:\n      repoURL: nginx\n  - image:\n      repoURL: docker.io/library/nginx\n",
        Code::Duplicate,
        (9, 5),
        "spec.subscriptions[1]",
        "this image repository is subscribed to twice, here and in spec.subscriptions[0] in line 7",
        "delete one of them, or give each a `name` beside `image:`, not in it: `- {name: one, image: {...}}`",
    );
    warning(
        "  - name: a\n    image:\n      repoURL: nginx\n  - name: b\n    image:\n      repoURL: nginx\n",
        Code::KargoRefuses,
        (10, 5),
        "spec.subscriptions[1]",
        "this image repository is subscribed to twice, here and in spec.subscriptions[0] in line 7; the names tell them apart here, and Kargo refuses it all the same",
        "",
    );
    error(
        "  - name: a\n    image:\n      repoURL: nginx\n  - name: a\n    image:\n      repoURL: redis\n",
        Code::Duplicate,
        (10, 5),
        "spec.subscriptions[1]",
        "the name `a` is taken by spec.subscriptions[0] in line 7",
        "give each subscription a name of its own",
    );
    error(
        "  - name: A_b\n    image:\n      repoURL: nginx\n",
        Code::BadValue,
        (7, 11),
        "spec.subscriptions[0].name",
        "`A_b` is not a valid name of a subscription",
        "at most 63 small letters, digits and hyphens; a letter or digit at both ends",
    );
}

#[test]
fn a_name_in_the_wrong_place() {
    warning(
        "  - git:\n      name: app\n      repoURL: https://example.com/a\n",
        Code::Misplaced,
        (8, 7),
        "spec.subscriptions[0].git.name",
        "a git subscription has no field `name`; it is ignored",
        "write it beside `git:`, not in it: `- {name: one, git: {...}}`",
    );
    warning(
        "  - image: {repoURL: nginx, name: app}\n",
        Code::Misplaced,
        (7, 29),
        "spec.subscriptions[0].image.name",
        "an image subscription has no field `name`; it is ignored",
        "write it beside `image:`, not in it: `- {name: one, image: {...}}`",
    );
}
