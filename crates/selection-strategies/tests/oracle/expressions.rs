//! Expressions: what is one, what it gives, and when it fails (rules 4.6 and 6.2).

use selection_strategies::expression::{Expression, ExpressionError, Value};
use serde_json::json;

use crate::Family;
use crate::environments::environment;
use crate::random::Random;

pub const FAMILY: Family = Family {
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

/// What this crate does otherwise on purpose. The order of the keys of a map is not Go's, which has
/// none; and `findLast` and `a?.method(b)` leave values on expr-lang's stack, which then turn up as
/// operands of whatever comes next. Records are
/// neither written as JSON nor keys, and have no Go type; two times are one key if they are equal; and
/// the bytes of a text are whole numbers, which negation does not wrap around.
fn is_beyond(text: &str) -> bool {
    let any = |names: &[&str]| names.iter().any(|name| text.contains(name));
    let dense = text.replace(' ', "");
    any(&["keys", "values", "toPairs", "now", "semver", "findLast"])
        || any(&["date("]) && any(&["groupBy", "fromPairs"])
        || any(&["From("]) && any(&["toJSON", "groupBy", "fromPairs", "type("])
        || any(&["["]) && any(&["type"])
        || ["-first(", "-last(", "-find(", "-get(", "-#", "last(filter", ")[-1]"]
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

    fn truth(&mut self, depth: usize) -> String {
        match self.random.below(16) {
            0 | 1 => {
                let operator = self.random.pick(&["&&", "||", "and", "or", "==", "!="]);
                let (left, right) = self.pair(Truth, depth);
                format!("{left} {operator} {right}")
            }
            2 => format!("{}({})", self.random.pick(&["!", "not "]), self.expression(Truth, depth)),
            3 => format!("{} {}", self.random.pick(&["!", "not"]), self.expression(Truth, depth)),
            4 | 5 => {
                let sort = self.random.pick(&[Int, Float, Text, Time, Duration]);
                let operator = self.random.pick(&["<", ">", "<=", ">=", "==", "!="]);
                let (left, right) = self.pair(sort, depth);
                format!("{left} {operator} {right}")
            }
            6 => {
                let (left, middle) = self.pair(Int, depth);
                let right = self.expression(Int, depth);
                format!("{left} < {middle} <= {right}")
            }
            7 | 8 => {
                let operator = self.random.pick(&[
                    "contains",
                    "startsWith",
                    "endsWith",
                    "not contains",
                    "not startsWith",
                    "not endsWith",
                ]);
                let (left, right) = self.pair(Text, depth);
                format!("{left} {operator} {right}")
            }
            9 => {
                let pattern = self.random.pick(&[
                    "'^feat'",
                    "'a|b'",
                    "'(?i)FEAT'",
                    "'\\\\d+'",
                    "'[a-z]+:'",
                    "'a{,2}'",
                    "'('",
                    "'.'",
                    "subject",
                    "'x' + 'y'",
                ]);
                let operator = self.random.pick(&["matches", "not matches"]);
                format!("{} {operator} {pattern}", self.expression(Text, depth))
            }
            10 => {
                let (list, element) = self.element_list(depth);
                let operator = self.random.pick(&["in", "not in"]);
                format!("{} {operator} {list}", self.expression(element, depth))
            }
            11 => format!("{} in {}", self.expression(Text, depth), self.expression(Map, depth)),
            12 => {
                let (list, element) = self.element_list(depth);
                let name = self.random.pick(&["all", "any", "none", "one"]);
                format!("{name}({list}, {})", self.predicate(element, Truth, depth))
            }
            13 => {
                let (left, right) = self.pair(Time, depth);
                let method = self.random.pick(&["After", "Before", "Equal"]);
                format!("{left}.{method}({right})")
            }
            14 => {
                let sort = self.sort();
                let (left, right) = self.pair(sort, depth);
                format!("{left} {} {right}", self.random.pick(&["==", "!="]))
            }
            _ => {
                let function = self.random.pick(&["hasPrefix", "hasSuffix"]);
                let (left, right) = self.pair(Text, depth);
                format!("{function}({left}, {right})")
            }
        }
    }

    fn int(&mut self, depth: usize) -> String {
        match self.random.below(12) {
            0..=2 => {
                let operator = self.random.pick(&["+", "-", "*", "%", "+", "-"]);
                let (left, right) = self.pair(Int, depth);
                format!("{left} {operator} {right}")
            }
            3 => format!("-{}", self.expression(Int, depth)),
            4 => {
                let sort = self.random.pick(&[Text, Ints, Texts, Map]);
                format!("len({})", self.expression(sort, depth))
            }
            5 => {
                let method = self.random.pick(&[
                    "Year",
                    "Day",
                    "Hour",
                    "Minute",
                    "Second",
                    "Nanosecond",
                    "YearDay",
                    "Unix",
                    "UnixMilli",
                    "Weekday",
                    "Month",
                    "ISOWeek",
                    "UnixNano",
                    "Bogus",
                    "Date",
                ]);
                format!("{}.{method}()", self.expression(Time, depth))
            }
            6 => format!("int({})", {
                let sort = self.random.pick(&[Int, Float, Text, Duration]);
                self.expression(sort, depth)
            }),
            7 => {
                let name = self.random.pick(&["count", "findIndex"]);
                let (list, element) = self.element_list(depth);
                format!("{name}({list}, {})", self.predicate(element, Truth, depth))
            }
            8 => {
                let name = self
                    .random
                    .pick(&["bitand", "bitor", "bitxor", "bitnand", "bitshl", "bitshr", "bitushr"]);
                let (left, right) = self.pair(Int, depth);
                format!("{name}({left}, {right})")
            }
            9 => {
                let list = self.expression(Ints, depth);
                match self.random.below(5) {
                    0 => format!("sum({list})"),
                    1 => format!("sum({list}, {})", self.predicate(Int, Int, depth)),
                    2 => format!("reduce({list}, # + #acc)"),
                    3 => format!("reduce({list}, #acc * 2 + #, {})", self.expression(Int, depth)),
                    _ => format!("find({list}, {})", self.predicate(Int, Truth, depth)),
                }
            }
            10 => {
                let list = self.expression(Ints, depth);
                match self.random.below(4) {
                    0 => format!("{list}[{}]", self.random.pick(&["1", "2", "-1", "5"])),
                    1 => format!("{}({list})", self.random.pick(&["first", "last", "max", "min"])),
                    2 => format!("get({list}, {})", self.expression(Int, depth)),
                    _ => format!(
                        "{}({}, {})",
                        self.random.pick(&["max", "min"]),
                        self.expression(Int, depth),
                        list
                    ),
                }
            }
            _ => {
                let name = self.random.pick(&["indexOf", "lastIndexOf"]);
                let (left, right) = self.pair(Text, depth);
                format!("{name}({left}, {right})")
            }
        }
    }

    fn float(&mut self, depth: usize) -> String {
        match self.random.below(8) {
            0..=2 => {
                let operator = self.random.pick(&["+", "-", "*", "/", "/"]);
                let (left, right) = (self.expression(Float, depth), self.expression(Int, depth));
                format!("{left} {operator} {right}")
            }
            3 => {
                let (left, right) = self.pair(Int, depth);
                format!(
                    "{left} {} {}",
                    self.random.pick(&["**", "^"]),
                    if right.len() < 3 { right } else { "2".into() }
                )
            }
            4 => {
                let name = self.random.pick(&["ceil", "floor", "round", "abs", "float"]);
                let sort = self.random.pick(&[Int, Float, Float]);
                format!("{name}({})", self.expression(sort, depth))
            }
            5 => {
                let name = self.random.pick(&["mean", "median"]);
                format!("{name}({})", self.expression(Ints, depth))
            }
            6 => {
                let method =
                    self.random.pick(&["Hours", "Minutes", "Seconds", "Milliseconds", "Nanoseconds"]);
                format!("{}.{method}()", self.expression(Duration, depth))
            }
            _ => format!("float({})", self.expression(Text, depth)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        match self.random.below(13) {
            0 | 1 => {
                let (left, right) = self.pair(Text, depth);
                format!("{left} + {right}")
            }
            2 => {
                let name = self.random.pick(&[
                    "upper",
                    "lower",
                    "trim",
                    "trimPrefix",
                    "trimSuffix",
                    "toBase64",
                    "fromBase64",
                    "type",
                ]);
                let value = self.expression(Text, depth);
                if self.random.once_in(3) {
                    format!("{value} | {name}()")
                } else {
                    format!("{name}({value})")
                }
            }
            3 => {
                let name = self.random.pick(&["trim", "trimPrefix", "trimSuffix"]);
                let (left, right) = self.pair(Text, depth);
                format!("{name}({left}, {right})")
            }
            4 => {
                let value = self.expression(Text, depth);
                let range = self.random.pick(&["0:3", ":2", "1:", "-3:", ":-1", "2:100", "3:1", "0:1"]);
                format!("{value}[{range}]")
            }
            5 => {
                let (left, middle) = self.pair(Text, depth);
                let right = self.expression(Text, depth);
                let count = self.random.pick(&["", "", ", 1", ", -1", ", 0"]);
                format!("replace({left}, {middle}, {right}{count})")
            }
            6 => format!(
                "repeat({}, {})",
                self.expression(Text, depth),
                self.random.pick(&["0", "1", "3", "-1"])
            ),
            7 => {
                let list = self.expression(Texts, depth);
                if self.random.once_in(2) {
                    format!("join({list})")
                } else {
                    format!("join({list}, {})", self.expression(Text, depth))
                }
            }
            8 => {
                let sort = self.sort();
                format!("string({})", self.expression(sort, depth))
            }
            9 => {
                let layout = self.random.pick(&[
                    "'2006-01-02'",
                    "'Mon Jan _2 15:04:05.000 MST 2006'",
                    "'2006-01-02T15:04:05.999Z07:00'",
                    "'3:04PM'",
                    "'002 __2'",
                    "'Monday, January 2 06'",
                    "'x'",
                    "'-07 -0700 Z07:00:00'",
                    "'.000000 ,999'",
                ]);
                format!("{}.Format({layout})", self.expression(Time, depth))
            }
            10 => {
                let sort = self.random.pick(&[Time, Duration, Map, Ints, Texts, Text, Float]);
                format!("toJSON({})", self.expression(sort, depth))
            }
            11 if self.env == "freight" => {
                let record = self.leaf(Record);
                let field = self.random.pick(&[
                    "Tag",
                    "ID",
                    "Version",
                    "Name",
                    "Digest",
                    "Annotations['team']",
                    "Annotations.missing",
                    "bogus",
                    "CreatedAt",
                    "CreatedAt.Year()",
                    "CreatedAt.Time",
                ]);
                format!("{record}{}{field}", self.random.pick(&[".", ".", "?."]))
            }
            _ => {
                let sort = self.random.pick(&[Time, Duration]);
                format!("{}.String()", self.expression(sort, depth))
            }
        }
    }

    fn list(&mut self, sort: Sort, depth: usize) -> String {
        let element = if sort == Ints { Int } else { Text };
        match self.random.below(10) {
            0 => {
                let count = self.random.below(4);
                let items: Vec<String> = (0..count).map(|_| self.expression(element, depth)).collect();
                format!("[{}]", items.join(", "))
            }
            1 => {
                let list = self.expression(sort, depth);
                format!("filter({list}, {})", self.predicate(element, Truth, depth))
            }
            2 => {
                let (list, other) = self.element_list(depth);
                format!("map({list}, {})", self.predicate(other, element, depth))
            }
            3 => {
                let name = self.random.pick(&["sort", "reverse", "uniq", "flatten", "concat"]);
                format!("{name}({})", self.expression(sort, depth))
            }
            4 => {
                let (left, right) = self.pair(sort, depth);
                format!("concat({left}, {right})")
            }
            5 => format!(
                "{}[{}]",
                self.expression(sort, depth),
                self.random.pick(&["1:", ":2", "-2:", "0:1", ":"])
            ),
            6 => {
                format!("take({}, {})", self.expression(sort, depth), self.random.pick(&["0", "1", "2", "9"]))
            }
            7 => {
                let list = self.expression(sort, depth);
                let order = self.random.pick(&["", "", ", 'desc'", ", 'asc'", ", 'x'"]);
                format!("sortBy({list}, {}{order})", self.predicate(element, element, depth))
            }
            8 if sort == Texts => {
                let name = self.random.pick(&["split", "splitAfter"]);
                let (left, right) = self.pair(Text, depth);
                format!("{name}({left}, {right}{})", self.random.pick(&["", "", ", 2", ", 0"]))
            }
            _ if sort == Ints => {
                format!("{}..{}", self.random.pick(&["0", "1", "-2"]), self.random.pick(&["0", "2", "4"]))
            }
            _ => self.leaf(sort),
        }
    }

    fn map(&mut self, depth: usize) -> String {
        match self.random.below(5) {
            0 => {
                let sort = self.sort();
                format!("{{'a': {}}}", self.expression(sort, depth))
            }
            1 => {
                let (list, element) = self.element_list(depth);
                format!("groupBy({list}, {})", self.predicate(element, Int, depth))
            }
            2 => {
                let json = self.random.pick(&[
                    "'{\"a\": [1, 2.5, null], \"b\": {\"c\": \"x\"}}'",
                    "'[1]'",
                    "'{'",
                    "'{\"a\": \"\\\\u00e9\"}'",
                    "'1e3'",
                    "'true'",
                    "'{}'",
                ]);
                format!("fromJSON({json})")
            }
            3 => format!("fromPairs([[{}, {}]])", self.expression(Text, depth), self.expression(Int, depth)),
            _ => {
                let map = self.expression(Map, depth);
                let access = self.random.pick(&[".a", "['a']", ".a", "?.a?.b", ".a.b", "[1]"]);
                format!("{map}{access}")
            }
        }
    }

    fn time(&mut self, depth: usize) -> String {
        match self.random.below(7) {
            0 => format!("{} + {}", self.expression(Time, depth), self.expression(Duration, depth)),
            1 => format!("{} - {}", self.expression(Time, depth), self.expression(Duration, depth)),
            2 => format!("{}.Add({})", self.expression(Time, depth), self.expression(Duration, depth)),
            3 => {
                let parts = self.random.pick(&["0, 0, 7", "0, 1, 0", "1, -13, 31", "-4, 0, 0"]);
                format!("{}.AddDate({parts})", self.expression(Time, depth))
            }
            4 => format!("{}.{}()", self.expression(Time, depth), self.random.pick(&["UTC", "Local"])),
            5 => {
                let method = self.random.pick(&["Truncate", "Round"]);
                format!("{}.{method}({})", self.expression(Time, depth), self.expression(Duration, depth))
            }
            _ => format!("date({})", self.expression(Text, depth)),
        }
    }

    fn duration(&mut self, depth: usize) -> String {
        match self.random.below(6) {
            0 => {
                let (left, right) = self.pair(Time, depth);
                format!("({left} - {right})")
            }
            1 => {
                let (left, right) = self.pair(Duration, depth);
                format!("({left} {} {right})", self.random.pick(&["+", "-", "*"]))
            }
            2 => format!("({} * {})", self.expression(Duration, depth), self.expression(Int, depth)),
            3 => {
                let (left, right) = self.pair(Time, depth);
                format!("{left}.Sub({right})")
            }
            4 => {
                let (left, right) = self.pair(Duration, depth);
                format!("{left}.{}({right})", self.random.pick(&["Truncate", "Round"]))
            }
            _ => format!("duration({})", self.expression(Text, depth)),
        }
    }
}
