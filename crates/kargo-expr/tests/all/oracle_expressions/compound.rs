//! Expressions put together from others, a way for each sort of what they give.

use super::Sort::{Duration, Float, Int, Ints, Map, Record, Text, Texts, Time, Truth};
use super::{Sort, Writer};

impl Writer<'_> {
    pub(super) fn truth(&mut self, depth: usize) -> String {
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

    pub(super) fn int(&mut self, depth: usize) -> String {
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

    pub(super) fn float(&mut self, depth: usize) -> String {
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

    pub(super) fn text(&mut self, depth: usize) -> String {
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

    pub(super) fn list(&mut self, sort: Sort, depth: usize) -> String {
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

    pub(super) fn map(&mut self, depth: usize) -> String {
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

    pub(super) fn time(&mut self, depth: usize) -> String {
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

    pub(super) fn duration(&mut self, depth: usize) -> String {
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
