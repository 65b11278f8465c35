//! Any text as an expression about a commit. What compiles gives a value or an error, within its
//! bounds and twice the same.

#![no_main]

use kargo_expr::{CommitVariables, Environment, Expression, Signatures, Time};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let time = Time::from_unix(1_750_000_000, 0, 7200);
    let environment = Environment::for_commit(&CommitVariables {
        id: "0123456789abcdef0123456789abcdef01234567",
        commit_date: time.clone(),
        author: b"Jane Doe <jane@example.com>",
        committer: b"\xff <x@example.com>",
        subject: b"feat: add thing",
    })
    .now(time);
    if let Ok(expression) = Expression::compile_with(text, &Signatures::for_freight()) {
        assert_eq!(expression.decide(&environment), expression.decide(&environment));
    }
});
