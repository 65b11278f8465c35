//! Expressions: what is one, what it gives, and when it fails (rules 4.6 and 6.2).

mod compound;

use kargo_expr::{Expression, ExpressionError, Value};
use serde_json::json;

use crate::environments::environment;
use crate::oracle::{self, Family, Random};

const FAMILY: Family = Family {
    name: "expression",
    question: |random| {
        let env = random.pick(&["commit", "commit", "tag", "freight"]);
        let mut writer = Writer { random, env, pointers: Vec::new(), variables: 0 };
        let depth = 1 + writer.random.below(4);
        let sort = writer.sort();
        let mut expression = writer.expression(sort, depth);
        if random.once_in(10) {
            expression = random.mutate(&expression, SIGNS);
        }
        json!({ "env": env, "expression": expression })
    },
    answer: |question| {
        let Some((signatures, environment)) = environment(question["env"].as_str().unwrap()) else {
            return Some(json!({ "error": true }));
        };
        let text = question["expression"].as_str().unwrap();
        if is_beyond(text) {
            return None;
        }
        let Ok(expression) = Expression::compile_with(text, &signatures) else {
            return Some(json!({ "class": "compile" }));
        };
        Some(match expression.decide(&environment) {
            Ok(truth) => json!({ "class": truth.to_string() }),
            Err(ExpressionError::NotBoolean { .. }) => {
                let value = expression.evaluate(&environment).unwrap();
                let written = if printable(&value) { value.to_string() } else { String::new() };
                if written.is_empty() {
                    json!({ "class": "not-bool" })
                } else {
                    json!({ "class": "not-bool", "value": written })
                }
            }
            Err(_) => json!({ "class": "run" }),
        })
    },
};

#[test]
fn expressions() {
    oracle::check(&FAMILY);
}

/// What this crate does otherwise on purpose. The order of the keys of a map is not Go's, which has
/// none; and `findLast` and `a?.method(b)` leave values on expr-lang's stack, which then turn up as
/// operands of what comes next. Equal keys of long lists are not sorted alike, and powers of fractions have another last digit. Records are
/// neither written as JSON nor keys, and have no Go type; two times are one key if they are equal; and
/// the bytes of a text are whole numbers, which negation does not wrap around.
fn is_beyond(text: &str) -> bool {
    let any = |names: &[&str]| names.iter().any(|name| text.contains(name));
    let dense = text.replace(' ', "");
    any(&["keys", "values", "toPairs", "now", "semver", "findLast"])
        || any(&["date("]) && any(&["groupBy", "fromPairs"])
        || any(&["From("]) && any(&["toJSON", "groupBy", "fromPairs", "type("])
        || any(&["["]) && any(&["type"])
        || any(&["sortBy"]) && any(&["bitand", "bitor", "bitshr", "%"])
        || any(&["^", "**"])
            && dense.as_bytes().windows(2).any(|pair| pair[0] == b'.' && pair[1].is_ascii_digit())
        || ["-first(", "-last(", "-find(", "-get(", "-#", "last(filter", "last((filter", ")[-1]"]
            .iter()
            .any(|part| dense.contains(part))
        || dense.contains('-') && dense.contains("[0]")
        || dense.contains("?:")
        || text.split_once("?.").is_some_and(|(_, rest)| rest.contains('('))
}

/// Whether Go prints the value and not an address.
fn printable(value: &Value) -> bool {
    match value {
        Value::List(list) => list.items().iter().all(printable),
        Value::Map(map) => {
            let texts = map.keys().all(|key| matches!(key, Value::Text(_)));
            (texts || map.keys().count() < 2) && map.values().all(printable)
        }
        Value::Function | Value::Record(_) | Value::Version(_) | Value::Timestamp(_) | Value::Location(_) => {
            false
        }
        _ => true,
    }
}

const SIGNS: &str = "()[]{}.,:;?!=<>+-*/%^|&#'\"`0123456789abenxX_$ \n@é";

/// What an expression is meant to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Truth,
    Int,
    Float,
    Text,
    Ints,
    Texts,
    Map,
    Time,
    Duration,
    Record,
}

use Sort::{Duration, Float, Int, Ints, Map, Record, Text, Texts, Time, Truth};

const SORTS: &[Sort] =
    &[Truth, Truth, Truth, Truth, Int, Float, Text, Text, Ints, Texts, Map, Time, Duration, Record];

struct Writer<'r> {
    random: &'r mut Random,
    env: &'static str,
    /// What `#` gives in the predicates around.
    pointers: Vec<Sort>,
    variables: usize,
}

impl Writer<'_> {
    fn sort(&mut self) -> Sort {
        self.random.pick(SORTS)
    }

    fn expression(&mut self, sort: Sort, depth: usize) -> String {
        // Now and then the wrong sort, so that both sides have something to refuse.
        let sort = if self.random.once_in(25) { self.sort() } else { sort };
        if self.random.once_in(40) {
            return self
                .random
                .pick(&[
                    "nil",
                    "missing",
                    "$env",
                    "#",
                    "#index",
                    "#acc",
                    "missing.a",
                    "missing?.a",
                    "missing?.a.b",
                    "[]",
                    "{}",
                ])
                .into();
        }
        if let Some(&pointer) = self.pointers.last()
            && pointer == sort
            && self.random.once_in(3)
        {
            return "#".into();
        }
        if depth == 0 {
            return self.leaf(sort);
        }
        let depth = depth - 1;
        match self.random.below(14) {
            0 => {
                let (condition, then, otherwise) = (
                    self.expression(Truth, depth),
                    self.expression(sort, depth),
                    self.expression(sort, depth),
                );
                match self.random.below(3) {
                    0 => format!("if {condition} {{ {then} }} else {{ {otherwise} }}"),
                    _ => format!("({condition} ? {then} : {otherwise})"),
                }
            }
            1 => {
                let (left, right) = (self.expression(sort, depth), self.expression(sort, depth));
                format!("({left} ?? {right})")
            }
            2 => {
                self.variables += 1;
                let name = format!("v{}", self.variables);
                let other = self.sort();
                let value = self.expression(other, depth);
                let body = self.expression(sort, depth);
                format!("(let {name} = {value}; {body})")
            }
            3 => {
                let value = self.expression(sort, depth);
                format!("({value})")
            }
            _ => self.compound(sort, depth),
        }
    }

    fn leaf(&mut self, sort: Sort) -> String {
        let list: &[&str] = match (sort, self.env) {
            (Truth, _) => &["true", "false"],
            (Int, _) => {
                &["0", "1", "2", "3", "7", "10", "-1", "1_000", "0x1F", "0b11", "0o17", "9223372036854775807"]
            }
            (Float, _) => {
                &["0.0", "0.5", "1.5", "2.0", ".25", "1e3", "1e21", "123456789.5", "1e-7", "2.", "-0.5"]
            }
            (Text, "commit") => &["subject", "author", "committer", "id"],
            (Text, "tag") => &["tag", "tagger", "annotation", "subject"],
            (Text, _) => &["'a'"],
            (Ints, _) => &["[1, 2, 3]", "1..4", "[3, 1, 2]", "[]", "3..1", "[1, 2.5]"],
            (Texts, _) => &["['a', 'b']", "split('a,b,c', ',')", "['b', 'a', 'b']", "[]", "['feat', '']"],
            (Map, _) => &["{'a': 1}", "{a: 'x', b: 2}", "{}", "{'a': {'b': [1]}}", "{1: true}"],
            (Time, "commit") => &["commitDate"],
            (Time, "tag") => &["creatorDate"],
            (Time, _) => &["date('2024-01-31')"],
            (Duration, _) => &[
                "duration('1h')",
                "duration('90m')",
                "duration('1.5s')",
                "duration('-3h2m')",
                "duration('0')",
            ],
            (Record, "freight") => &[
                "imageFrom('ghcr.io/example/frontend')",
                "imageFrom('ghcr.io/example/backend')",
                "imageFrom('missing')",
                "commitFrom('https://github.com/example/frontend.git')",
                "chartFrom('https://charts.example.com', 'foo')",
                "artifactFrom('sub')",
            ],
            (Record, _) => &["$env", "missing", "{'a': nil}"],
        };
        if self.random.once_in(2) {
            let more: &[&str] = match sort {
                Text => &[
                    "'a'",
                    "''",
                    "'feat'",
                    "\"it's\"",
                    "`raw\\d`",
                    "'é日'",
                    "'A b'",
                    "'\\u00e9\\n'",
                    "'x,y,z'",
                    "'12'",
                    "'1.5'",
                    "' s '",
                    "'true'",
                    "'2024-02-29'",
                    "'1h30m'",
                    "b'ab'",
                ],
                Time => &[
                    "date('2025-01-01')",
                    "date('2024-02-29T23:59:59.123456789Z')",
                    "date('2023-12-31 10:00:00')",
                    "date('2024-03-01T08:00:00+02:00')",
                    "date('Mon, 02 Jan 2006 15:04:05 MST')",
                    "date('15:04:05')",
                    "date('03/04/2024', '01/02/2006')",
                    "date('1 Feb 99 3pm', '2 Jan 06 3pm')",
                    "date('2024-060', '2006-002')",
                ],
                _ => list,
            };
            return self.random.pick(more).into();
        }
        self.random.pick(list).into()
    }

    fn compound(&mut self, sort: Sort, depth: usize) -> String {
        match sort {
            Truth => self.truth(depth),
            Int => self.int(depth),
            Float => self.float(depth),
            Text => self.text(depth),
            Ints | Texts => self.list(sort, depth),
            Map => self.map(depth),
            Time => self.time(depth),
            Duration => self.duration(depth),
            Record => self.leaf(Record),
        }
    }

    fn pair(&mut self, sort: Sort, depth: usize) -> (String, String) {
        (self.expression(sort, depth), self.expression(sort, depth))
    }

    /// A predicate about elements of a sort.
    fn predicate(&mut self, element: Sort, sort: Sort, depth: usize) -> String {
        self.pointers.push(element);
        let body = self.expression(sort, depth);
        self.pointers.pop();
        if self.random.once_in(4) { format!("{{ {body} }}") } else { body }
    }

    fn element_list(&mut self, depth: usize) -> (String, Sort) {
        let (list, element) = self.random.pick(&[(Ints, Int), (Texts, Text)]);
        (self.expression(list, depth), element)
    }
}
