//! Regular expressions: what is one, and where it matches (rule 3.3).

use go_compat::{GoRegex, GoRegexError};
use serde_json::{Value, json};

use crate::oracle::{self, Family, Random};

const FAMILY: Family = Family {
    name: "regex",
    question: |random| {
        let pattern = pattern(random);
        let texts: Vec<String> = (0..8).map(|_| text(random, &pattern)).collect();
        let bytes: Vec<Vec<u8>> = (0..2).map(|_| bytes(random, &pattern)).collect();
        json!({ "pattern": pattern, "texts": texts, "bytes": bytes })
    },
    answer: |question| {
        let regex = match GoRegex::new(question["pattern"].as_str().unwrap()) {
            Ok(regex) => regex,
            Err(GoRegexError::TooLarge { .. } | GoRegexError::TooLong { .. }) => return None,
            Err(_) => return Some(json!({ "error": true })),
        };
        let mut matches: Vec<bool> = Vec::new();
        for text in question["texts"].as_array().unwrap() {
            matches.push(regex.is_match(text.as_str().unwrap()));
        }
        for bytes in question["bytes"].as_array().unwrap() {
            let byte = |byte: &Value| u8::try_from(byte.as_u64().unwrap()).unwrap();
            let bytes: Vec<u8> = bytes.as_array().unwrap().iter().map(byte).collect();
            matches.push(regex.is_match_bytes(&bytes));
        }
        Some(json!({ "matches": matches }))
    },
};

#[test]
fn regexes() {
    oracle::check(&FAMILY);
}

/// Everything that means something to either engine, and letters whose cases are odd.
const SIGNS: &str = "aAbBkKsS019_- .*+?{}[]()|\\^$/&~#!@,:<>=PpQEdDwWzxiImUu\n\t\u{0}éÉſKßẞσςΣǅΩωΩ日٣😀\u{301}\u{2028}\u{fffd}";

fn pattern(random: &mut Random) -> String {
    match random.below(8) {
        0 => random.repeat(0, 12, |random| random.character(SIGNS).into()),
        1 | 2 => {
            let pattern = alternatives(random, 3);
            random.mutate(&pattern, SIGNS)
        }
        3 => {
            let real = random.pick(REAL);
            if random.once_in(2) { real.to_owned() } else { random.mutate(real, SIGNS) }
        }
        _ => alternatives(random, 3),
    }
}

/// What people write into allow and ignore lists.
const REAL: &[&str] = &[
    r"^v?\d+\.\d+\.\d+$",
    r"^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?$",
    r"^sha-[0-9a-f]{7,40}$",
    r"^(main|master)-[a-f0-9]+-\d{10}$",
    r"^20\d\d[01]\d[0-3]\d$",
    r"(?i)-(rc|alpha|beta)",
    r".*-debian-12-r\d+$",
    r"latest",
    r"^nightly-(?P<date>[0-9]{8})$",
    r"^[^-]+$",
];

fn alternatives(random: &mut Random, depth: usize) -> String {
    let mut text = sequence(random, depth);
    while random.once_in(5) {
        text = text + "|" + &sequence(random, depth);
    }
    text
}

fn sequence(random: &mut Random, depth: usize) -> String {
    random.repeat(0, 4, |random| {
        let atom = atom(random, depth);
        if random.once_in(3) { atom + &repetition(random) } else { atom }
    })
}

fn repetition(random: &mut Random) -> String {
    let number = |random: &mut Random| match random.below(12) {
        0 => random.pick(&["", "00", "01", "1000", "1001", "100", "99999999999"]).to_owned(),
        _ => random.below(4).to_string(),
    };
    match random.below(8) {
        0 => format!("{{{}}}", number(random)),
        1 => format!("{{{},}}", number(random)),
        2 => format!("{{{},{}}}", number(random), number(random)),
        3 => random.pick(&["**", "*?", "+?", "??", "*??", "{2}?", "{,2}", "{", "{1", "{1,", "}"]).to_owned(),
        _ => random.pick(&["*", "+", "?"]).to_owned(),
    }
}

fn atom(random: &mut Random, depth: usize) -> String {
    match random.below(14) {
        0 if depth > 0 => {
            let open = random.pick(&[
                "(", "(?:", "(?i:", "(?s:", "(?m:", "(?U:", "(?-i:", "(?i-s:", "(?P<n>", "(?<n>", "(?P<>",
                "(?x:", "(?=",
            ]);
            format!("{open}{})", alternatives(random, depth - 1))
        }
        1 if depth > 0 => format!("({})", alternatives(random, depth - 1)),
        2 => {
            let flags = ["(?i)", "(?s)", "(?m)", "(?U)", "(?-i)", "(?im)", "(?)", "(?i-m)", "(?-)", "(?ii)"];
            random.pick(&flags).to_owned()
        }
        3 => class(random),
        4 | 5 => escape(random),
        6 => random.pick(&["^", "$", ".", r"\b", r"\B", r"\A", r"\z", r"\Z", r"\C"]).to_owned(),
        7 => {
            let quoted = random.repeat(0, 4, |random| random.character(SIGNS).into());
            format!(r"\Q{quoted}{}", random.pick(&[r"\E", r"\E", ""]))
        }
        8 => random.character(SIGNS).into(),
        _ => random.character("aAbBkKs01-.").into(),
    }
}

fn escape(random: &mut Random) -> String {
    const ESCAPES: &[&str] = &[
        r"\d",
        r"\D",
        r"\s",
        r"\S",
        r"\w",
        r"\W",
        r"\n",
        r"\t",
        r"\r",
        r"\f",
        r"\v",
        r"\a",
        r"\e",
        r"\0",
        r"\1",
        r"\8",
        r"\07",
        r"\012",
        r"\101",
        r"\777",
        r"\x",
        r"\x4",
        r"\x41",
        r"\x{41}",
        r"\x{}",
        r"\x{10FFFF}",
        r"\x{110000}",
        r"\x{D800}",
        r"\x{212A}",
        r"\x{ 41}",
        r"\u0041",
        r"\.",
        r"\-",
        r"\_",
        r"\ ",
        r"\é",
        r"\/",
        r"\]",
        r"\h",
        r"\R",
    ];
    const NAMES: &[&str] = &[
        "L",
        "Lu",
        "Ll",
        "Lt",
        "LC",
        "N",
        "Nd",
        "P",
        "S",
        "Z",
        "Zs",
        "Cc",
        "C",
        "Cn",
        "Cs",
        "M",
        "Greek",
        "Latin",
        "Han",
        "Common",
        "Cyrillic",
        "greek",
        "GREEK",
        "Letter",
        "uppercase letter",
        "Uppercase_Letter",
        "punct",
        "digit",
        "cntrl",
        "Any",
        "ASCII",
        "Assigned",
        "Old_Italic",
        "Linear_B",
        "Nothing",
        "",
        "^Lu",
        "^Any",
        "Lu}",
        "Script=Greek",
        "sc",
        "Alphabetic",
        "White_Space",
        "Grek",
        "x",
    ];
    match random.below(4) {
        0 => format!(r"\{}{{{}}}", random.pick(&["p", "P"]), random.pick(NAMES)),
        1 => format!(
            r"\{}{}",
            random.pick(&["p", "P"]),
            random.pick(&["L", "N", "P", "Z", "l", "X", "{", "^", "é", ""])
        ),
        _ => random.pick(ESCAPES).to_owned(),
    }
}

fn class(random: &mut Random) -> String {
    let open = random.pick(&["[", "[", "[", "[^", "[]", "[^]", "[[", "[-", "[&&"]);
    let items = random.repeat(0, 3, |random| match random.below(8) {
        0 => escape(random),
        1 => {
            let name = random.pick(&[
                "alpha", "^alpha", "word", "space", "punct", "digit", "ascii", "lower", "nothing", "",
            ]);
            format!("[:{name}:]")
        }
        2 | 3 => format!("{}-{}", member(random), member(random)),
        4 => random.pick(&["-", "]", "[", "[:", ":]", "^", "&&", "--", "~~", r"\b", r"\Q", " "]).to_owned(),
        _ => member(random),
    });
    format!("{open}{items}{}", random.pick(&["]", "]", "]", "]", "]]", ""]))
}

fn member(random: &mut Random) -> String {
    match random.below(6) {
        0 => escape(random),
        1 => random.character(SIGNS).into(),
        _ => random.character("aAbkKsSzZ019").into(),
    }
}

/// Something the pattern may match: pieces of the pattern itself, of a tag, of odd letters.
fn text(random: &mut Random, pattern: &str) -> String {
    match random.below(6) {
        0 => tag(random),
        1 => {
            let letters: String = pattern.chars().filter(|letter| letter.is_alphanumeric()).collect();
            random.mutate(&letters, SIGNS)
        }
        2 => random.mutate(pattern, SIGNS),
        3 => random.repeat(0, 4, |random| random.character("aAbBkKs01-.\n").into()),
        _ => random.repeat(0, 6, |random| random.character(SIGNS).into()),
    }
}

/// A text with bytes that belong to none.
fn bytes(random: &mut Random, pattern: &str) -> Vec<u8> {
    let mut bytes = text(random, pattern).into_bytes();
    for _ in 0..=random.below(2) {
        let position = random.below(bytes.len() + 1);
        match random.below(3) {
            0 if position < bytes.len() => drop(bytes.remove(position)),
            1 => bytes.truncate(position),
            _ => bytes.insert(position, random.pick(b"\x80\xBF\xC0\xC3\xE6\xED\xF0\xFF")),
        }
    }
    bytes
}

/// A tag as people write them.
fn tag(random: &mut Random) -> String {
    let numbers =
        random.repeat(1, 4, |random| random.pick(&["0.", "1.", "12.", "2.", "v", "01", "9"]).into());
    let rest = random.pick(&["", "-rc.1", "-alpine", "+build", "-20240102", "_a", "-SNAPSHOT"]);
    format!("{}{numbers}{rest}", random.pick(&["", "v", "main-", "sha-", "release/"]))
}
