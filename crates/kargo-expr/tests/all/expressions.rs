//! Expressions against the conformance vectors and against properties that no row can show.

use crate::environments::environment;
use crate::vectors::{Report, rows};
use kargo_expr::{
    CommitVariables, Environment, Expression, ExpressionError, Kind, Signatures, TagVariables, Time, Value,
};
use proptest::prelude::*;

/// `true`, `false`, or the class of the error.
fn answer(name: &str, expression: &str) -> &'static str {
    let (signatures, environment) = environment(name).unwrap();
    match Expression::compile_with(expression, &signatures) {
        Err(_) => "compile",
        Ok(expression) => match expression.decide(&environment) {
            Ok(true) => "true",
            Ok(false) => "false",
            Err(ExpressionError::NotBoolean { .. }) => "not-bool",
            Err(_) => "run",
        },
    }
}

/// Rows of `expressions`: what expr-lang v1.17.8 answers, by way of Kargo's conversion.
#[test]
fn vectors() {
    let mut report = Report::new("expressions");
    for row in rows("expressions") {
        let (name, expression) = (row["env"].as_str().unwrap(), row["expr"].as_str().unwrap());
        let expected = match (row["result"].as_bool(), row["error"].as_str()) {
            (Some(true), _) => "true",
            (Some(false), _) => "false",
            (None, error) => error.unwrap(),
        };
        let found = answer(name, expression);
        report.row((name, expression, expected), found == expected, found);
    }
    report.finish();
}

/// With the kinds of variables, no expression is refused that is true of a commit or a tag, and most that fail are refused.
#[test]
fn kinds_of_variables() {
    let (mut fail, mut found) = (0, 0);
    for row in rows("expressions") {
        let (name, expression) = (row["env"].as_str().unwrap(), row["expr"].as_str().unwrap());
        let variables = match name {
            "commit" => CommitVariables::KINDS,
            "tag" => TagVariables::KINDS,
            _ => continue,
        };
        let kind = Expression::kind_with(expression, &Signatures::none(), variables);
        match answer(name, expression) {
            "true" => assert!(kind.is_ok(), "{expression}: {kind:?}"),
            "run" => {
                fail += 1;
                found += usize::from(kind.is_err());
            }
            _ => {}
        }
    }
    eprintln!("{found} of {fail} that fail are refused by the kinds of their variables");
}

/// What evaluates where nothing is known of a variable, although it would not compile if its kind were known.
#[test]
fn kinds_are_no_stricter_than_evaluation() {
    for expression in [
        "first(subject) == 102",
        "last(subject) == 103",
        "get(subject, 0) == 102",
        "sum(subject) > 0",
        "len(map(subject, #)) > 0",
        "count(subject, # == 97) > 0",
        "subject[0] == 102",
        "any(subject, # == 102)",
        "find(subject, # == 102) == 102",
        "commitDate['Year'] != nil",
        "get(commitDate, 'Year') != nil",
        "commitDate.Date() > 1",
        "int(commitDate.Month()) == 6",
        "string(commitDate) contains '2025'",
        "(subject ?? 'a') contains 'f'",
        "commitDate.Unix() / 2 > 1.5",
    ] {
        case(expression, "true");
        let kind = Expression::kind_with(expression, &Signatures::none(), CommitVariables::KINDS);
        assert_eq!(kind, Ok(Kind::Bool), "{expression}");
    }
    for (expression, class) in [
        ("commitDate > '2024-01-01'", "run"),
        ("commitDate.Year > 2020", "run"),
        ("author || subject contains 'x'", "run"),
        ("subject contains 'zzzz' || author", "not-bool"),
        ("commitDate.After('2024-01-01')", "run"),
        ("commitDate contains '2024'", "run"),
        ("now() - commitDate < '24h'", "run"),
        ("len(reverse(subject)) > 0", "run"),
        ("author == 1", "false"),
        ("commitDate == '2024-01-01'", "false"),
    ] {
        case(expression, class);
        let kind = Expression::kind_with(expression, &Signatures::none(), CommitVariables::KINDS);
        assert!(kind.is_err(), "{expression}: {kind:?}");
    }
}

#[track_caller]
fn case(expression: &str, expected: &str) {
    assert_eq!(answer("commit", expression), expected, "{expression}");
}

#[test]
fn words_that_begin_like_operators_are_names() {
    case("let note = 'a'; note == 'a'", "true");
    case("let infix = 1; let order = 2; infix < order", "true");
    case("not (notable ?? false)", "true");
}

#[test]
fn the_optimizer_decides_what_is_never_evaluated() {
    case("missing && false", "false");
    case("subject && true", "not-bool");
    case("5 % 0 == 1", "compile");
    case("commitDate in ['a']", "run");
    case("commitDate in [missing]", "false");
    case("sum(['a', subject]) == 'afeat: add thing'", "true");
    case("len(map(filter([2], true), missing())) == 1", "true");
    case("len(map([2], missing())) == 1", "run");
}

#[test]
fn types_that_cannot_fit_do_not_compile() {
    for expression in [
        "'1' == 1",
        "1 + 'a'",
        "!1",
        "len(1)",
        "nil.a",
        "'a'.b",
        "[1].a",
        "{'a': 1}[1]",
        "date('2025-01-01').Bogus()",
        "date('2025-01-01').Year(1)",
        "date('2025-01-01').Weekday() == 0",
        "filter([1], 'x')",
        "filter(1, true)",
        "let len = 1; len",
        "let a = 1; let a = 2; a",
        "map([1], #acc)",
        "upper(1)",
        "#",
        "1 ?? 2 + 3",
        "one([''], #endsWith '')",
        "'a' in (tag ? [4] : take(tag, 2))",
        "'a' in (tag ? [4] : abs(nothing))",
    ] {
        case(expression, "compile");
    }
}

#[test]
fn truth_values_are_parsed_as_in_go() {
    for expression in ["1", "'t'", "'TRUE'", "'True'", "1.0", "true"] {
        case(expression, "true");
    }
    for expression in ["0", "'f'", "'FALSE'", "'False'", "0.0", "false"] {
        case(expression, "false");
    }
    for expression in ["2", "'tRUE'", "' true'", "''", "nil", "[true]", "{}", "commitDate"] {
        case(expression, "not-bool");
    }
}

/// expr-lang v1.17.8 says false: `findLast` leaves a value on its stack, which then is compared.
#[test]
fn find_last_can_stand_anywhere() {
    case("2 == findLast([1, 2, 3], # < 3)", "true");
    case("[findLastIndex([1, 2], # > 0)] == [1]", "true");
}

#[test]
fn what_is_missing_is_an_error_when_it_is_needed() {
    let expression = Expression::compile("now() > commitDate").unwrap();
    let environment = Environment::new().variable("commitDate", Time::from_unix(0, 0, 0));
    let error = expression.decide(&environment).unwrap_err();
    assert_eq!(error.to_string(), "the expression cannot be evaluated: now() is not known here (at byte 0)");
    case("timezone('Europe/Nowhere') != nil", "run");
    case("timezone('Europe/Berlin') != nil", if cfg!(feature = "time-zones") { "true" } else { "run" });
    case("commitDate.In(timezone('UTC')) == commitDate", "true");
}

#[test]
fn texts_are_bytes() {
    let environment = Environment::new().variable("subject", Value::text(b"caf\xe9 [skip]"));
    for expression in
        ["subject contains '[skip]'", "subject matches '^caf.'", "len(subject) == 11", "subject[3:4] != 'e'"]
    {
        assert!(Expression::compile(expression).unwrap().decide(&environment).unwrap(), "{expression}");
    }
}

#[test]
fn semver_functions() {
    let freight = |expression: &str, expected: &str| {
        assert_eq!(answer("freight", expression), expected, "{expression}")
    };
    freight("semverDiff('1.2.3', 'v2') == 'Major' && semverDiff('1.2', '1.3.0') == 'Minor'", "true");
    freight(
        "semverDiff('1.2.3', '1.2.4-rc.1') == 'Patch' && semverDiff('1.2.3+a', '1.2.3') == 'Metadata'",
        "true",
    );
    freight("semverDiff('1.2.3-a', '1.2.3') == 'None' && semverDiff('x', '1') == 'Incomparable'", "true");
    freight(
        "semverParse('v1.2.3-rc.1').Minor() == 2 && semverParse('1.2').LessThan(semverParse('1.3'))",
        "true",
    );
    freight("semverParse('x').Major() == 1", "run");
    freight("semverParse('1.2').Bogus()", "compile");
    freight("variable == nil", "run");
}

#[test]
fn deep_nesting_ends_in_an_error() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{a: ", "1", "}"),
        ("!", "true", ""),
        ("-", "1", ""),
        ("not ", "true", ""),
        ("1 + (", "1", ")"),
        ("f(", "1", ")"),
        ("len([", "1", "])"),
        ("map([1], ", "#", ")"),
        ("true ? ", "1", " : 2"),
        ("let a = ", "1", "; 2"),
        ("if true { ", "1", " } else { 2 }"),
        ("2 ** ", "2", ""),
        ("a?.[", "1", "]"),
        ("true ? 1 : ", "2", ""),
        ("if true { 1 } else ", "{ 2 }", ""),
    ] {
        for depth in [10, 100, 1_000, 10_000] {
            let expression = open.repeat(depth) + middle + &close.repeat(depth);
            let _ = answer("commit", &expression);
        }
        assert_eq!(
            answer("commit", &(open.repeat(10_000) + middle + &close.repeat(10_000))),
            "compile",
            "{open}"
        );
    }
}

#[test]
fn long_chains_are_no_nesting() {
    case(&vec!["subject contains 'x'"; 2_000].join(" || "), "false");
    case(&(vec!["1"; 4_000].join(" + ") + " == 4000"), "true");
    case(&vec!["true"; 20_000].join(" && "), "compile");
    case(&format!("'{}' == ''", "a".repeat(70_000)), "compile");
}

#[test]
fn evaluation_is_bounded() {
    for expression in [
        "1..1000000000 == []",
        "len(map(1..900000, map(1..900000, #))) > 0",
        "all(1..100000, all(1..100000, true))",
        "reduce(1..1000, #acc + #acc, 'aaaaaaaaaa') == ''",
        "len(reduce(1..10000, [#acc], 0)) == 1",
        "string(reduce(1..90, [#acc, #acc], 0)) == ''",
        "let a = reduce(1..90, [#acc, #acc], 0); let b = reduce(1..90, [#acc, #acc], 0); a == b",
        "repeat('a', 1000000) == ''",
        "fromJSON(repeat('[', 100000)) == nil",
        "count(1..100000, 'b' matches '(a{1,50}|' + string(#) + ')') == 1",
    ] {
        case(expression, "run");
    }
}

/// Pieces that make most of the language, in any order.
fn piece() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        ";",
        ".",
        "?.",
        "??",
        "?",
        "|",
        "+",
        "-",
        "*",
        "/",
        "%",
        "**",
        "..",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "!",
        " not ",
        " in ",
        " and ",
        " matches ",
        " contains ",
        " startsWith ",
        "let a = ",
        "if ",
        " else ",
        "#",
        "#acc",
        "#index",
        ".a",
        "1",
        "0",
        "2.5",
        "'a'",
        "'^a'",
        "nil",
        "true",
        "false",
        "subject",
        "commitDate",
        "missing",
        "$env",
        "a",
        "filter(",
        "map(",
        "reduce(",
        "sortBy(",
        "groupBy(",
        "len(",
        "date('2025-01-01')",
        "duration('1h')",
        ".Year()",
        ".Format('Jan')",
        ".AddDate(0, 0, 1)",
        "string(",
        "toJSON(",
        "fromJSON('[1]')",
        "split(subject, ':')",
        "take(",
        "replace(",
        "sort(",
        "1..3",
        "flatten(",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn never_panics(pieces in proptest::collection::vec(piece(), 0..14)) {
        let _ = answer("commit", &pieces.concat());
    }

    #[test]
    fn never_panics_on_any_text(text in ".{0,40}") {
        let _ = answer("freight", &text);
    }

    #[test]
    fn texts_mean_themselves(text in "[^'\\\\\r\n]{0,20}") {
        let environment = Environment::new().variable("subject", text.as_str());
        let expression = Expression::compile(&format!("subject == '{text}' && subject contains '{text}'")).unwrap();
        prop_assert!(expression.decide(&environment).unwrap());
    }

    #[test]
    fn arithmetic_is_that_of_whole_numbers(a in any::<i32>(), b in any::<i32>()) {
        let environment = Environment::new().variable("a", i64::from(a)).variable("b", i64::from(b));
        let (a, b) = (i64::from(a), i64::from(b));
        for (text, expected) in [("a + b", a + b), ("a - b", a - b), ("a * b", a * b)] {
            let value = Expression::compile(text).unwrap().evaluate(&environment).unwrap();
            prop_assert_eq!(value.to_string(), expected.to_string());
        }
    }

    #[test]
    fn times_survive_being_written_and_read(seconds in -30_000_000_000_i64..200_000_000_000, offset in -50_000..50_000) {
        let time = Time::from_unix(seconds, 123, offset / 60 * 60);
        prop_assert_eq!(time.to_string().parse::<Time>().unwrap(), time);
    }
}

/// A pattern is linear in the text, but with a factor as large as what it compiles into: that is paid for, too.
#[test]
fn large_patterns_use_up_the_steps() {
    for text in [
        "let x = repeat('a', 1000); any(1..200, x matches '(.{1,30}){1,30}b')",
        "any(1..100000, repeat('a', 1000) matches '(.{1,30}){1,30}b')",
        "any(1..100000, subject matches ('\\\\pL{1,90}' + string(#)))",
        "any(1..100000, subject matches ('(?i)[\\\\pL\\\\pN]{1,60}' + string(#)))",
    ] {
        let expression = Expression::compile(text).unwrap();
        let error = expression.decide(&Environment::new().variable("subject", "feat: x")).unwrap_err();
        assert!(error.to_string().contains("too many steps"), "{text}: {error}");
    }
    let many =
        (0..200).map(|n| format!("subject matches '\\\\pL{{1,90}}{n}'")).collect::<Vec<_>>().join(" || ");
    assert!(Expression::compile(&many).unwrap_err().to_string().contains("too large together"));
    // What people write stays cheap.
    let usual = "all(1..20000, subject matches '^(feat|fix)(\\\\(\\\\w+\\\\))?!?: ')";
    assert!(
        Expression::compile(usual)
            .unwrap()
            .decide(&Environment::new().variable("subject", "feat: x"))
            .unwrap()
    );
}
